"""The publisher against a repository in memory: renewing what expires, lost online keys, and losing races."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from artifactd.channels import ChannelRepository
from artifactd.client.channels import ChannelClient
from artifactd.client.keys import KeyDirectory, KeyNotFoundError
from artifactd.client.publish import OnlineKey, parse_online_keys
from artifactd.client.publisher import Publisher
from artifactd.client.releases import ReleaseRecord
from artifactd.client.resolve import resolve_channel
from artifactd.client.retry import RetryPolicy
from artifactd.client.state_store import StateStore
from artifactd.client.trust import TrustedTarget
from artifactd.online_keys import OnlineKeys
from schemas.errors import (
    ChannelConflictError,
    ChannelNotFoundError,
    ExpiredMetadataError,
    IntegrityError,
    MetadataNotFoundError,
    PlatformError,
    SignatureError,
)
from schemas.tuf_metadata import SignedMetadata
from tests.support.buckets import MemoryBucket
from tests.support.publisher import Clock, Release, Releases
from tests.support.synthetic_release import write_release

ROLES = ("root", "targets", "channel-stable")


@dataclass
class Service:
    """The calls of ChannelClient, on a repository in memory."""

    clock: Clock = field(default_factory=Clock)
    releases: Releases = field(default_factory=Releases)
    bucket: MemoryBucket = field(default_factory=MemoryBucket)
    conflicts: int = 0
    published: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start(OnlineKeys.generate())

    def start(self, keys: OnlineKeys) -> None:
        """A daemon with these keys takes over."""
        self.repository = ChannelRepository(self.bucket, self.releases, keys, clock=self.clock)

    def online_keys(self) -> tuple[OnlineKey, ...]:
        return parse_online_keys((key.role, key.key_id, key.json) for key in self.repository.public_keys())

    def metadata(self, name: str, *, max_length: int) -> bytes | None:
        try:
            return self.repository.get_metadata(name)
        except MetadataNotFoundError:
            return None

    def publish(self, metadata: Sequence[SignedMetadata], *, timestamp_version: int) -> int:
        if self.conflicts:
            self.conflicts -= 1
            raise ChannelConflictError("somebody was faster")
        self.published.append([item.role for item in metadata])
        return self.repository.publish(metadata, timestamp_version=timestamp_version).timestamp_version


class Scene:
    """A publisher whose channel ``stable`` points at a release, and what its users see."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.service = Service()
        self.publisher = self.publisher_with(directory / "keys")
        self.publisher.create_keys()
        self.root = self.publisher.sign_root()
        self.publisher.initialise(self.root)
        self.publisher.create_channel(self.root, "stable")
        release = Release(release_id="r1", manifest=write_release(directory / "r1", release_id="r1").manifest_bytes)
        self.service.releases.by_digest[release.target.digest] = release
        record = ReleaseRecord(release_id="r1", digest=release.target.digest, manifest=release.manifest)
        self.publisher.move_channel(self.root, "stable", record)
        self.record = record
        self.service.published.clear()

    def publisher_with(self, keys: Path) -> Publisher:
        return Publisher(
            cast("ChannelClient", self.service),
            KeyDirectory(keys),
            store=StateStore(self.directory / "publisher-state"),
            clock=self.service.clock,
            retry=RetryPolicy(attempts=3, pause=0.001),
        )

    def later(self, **delta: float) -> None:
        """Time passes for a daemon that does what it has to."""
        self.service.clock.advance(**delta)
        self.service.repository.refresh_if_due()

    def resolve(self) -> TrustedTarget:
        return resolve_channel(
            cast("ChannelClient", self.service),
            root=self.root,
            channel="stable",
            store=StateStore(self.directory / "user-state"),
            clock=self.service.clock,
        )


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_what_is_valid_for_long_is_left_alone(scene: Scene) -> None:
    renewed = scene.publisher.renew(scene.root)
    assert (renewed.roles, renewed.elsewhere, renewed.current) == ((), (), ROLES)
    assert scene.service.published == []


@pytest.mark.parametrize(
    ("days", "roles", "reason"),
    [
        (50, ROLES[2:], "half of the channel's 90 days"),
        (100, ROLES[2:], "the channel has expired"),
        (190, ROLES, "half of the year of root and targets"),
        (400, ROLES, "all has expired"),
    ],
)
def test_what_expires_is_renewed_and_nothing_else(scene: Scene, days: int, roles: tuple[str, ...], reason: str) -> None:
    scene.later(days=days)
    renewed = scene.publisher.renew(scene.root)
    assert (renewed.roles, renewed.elsewhere) == (roles, ()), reason
    assert scene.service.published == [list(roles)], "in one step"
    target = scene.resolve()
    assert (target.release_digest, target.channel_version) == (scene.record.digest, 2)
    assert target.expires == scene.service.clock.now + timedelta(days=90)
    scene.later(days=40)
    assert scene.publisher.renew(scene.root).roles == ()


def test_without_renewal_users_are_told_what_has_to_be_done(scene: Scene) -> None:
    scene.later(days=91)
    with pytest.raises(ExpiredMetadataError, match="artifactctl renew"):
        scene.resolve()
    scene.later(days=300)
    with pytest.raises(ExpiredMetadataError, match="artifactctl renew"):
        scene.publisher.create_channel(scene.root, "canary")


def test_keys_in_two_places_renew_what_is_theirs(scene: Scene) -> None:
    online, offline = scene.directory / "keys", scene.directory / "offline"
    offline.mkdir(mode=0o700)
    for name in ("root.pem", "root.pub"):
        (online / name).rename(offline / name)
    scene.later(days=200)
    renewed = scene.publisher.renew(scene.root)
    assert (renewed.roles, renewed.elsewhere) == (ROLES[1:], ROLES[:1])
    elsewhere = scene.publisher_with(offline)
    assert (elsewhere.renew(scene.root).roles, elsewhere.renew(scene.root).current) == (ROLES[:1], ROLES)
    assert scene.resolve().release_id == "r1"


@pytest.mark.parametrize("days", [0, 30, 500])
def test_a_service_that_lost_its_keys_gets_new_ones(scene: Scene, days: int) -> None:
    scene.resolve()
    scene.service.start(OnlineKeys.generate())
    scene.service.clock.advance(days=days)  # nobody can sign the timestamp meanwhile
    with pytest.raises(PlatformError):
        scene.publisher.move_channel(scene.root, "stable", scene.record)
    assert "root" in scene.publisher.renew(scene.root, replace_online_keys=True).roles
    assert scene.resolve().release_id == "r1"
    assert scene.publisher.move_channel(scene.root, "stable", scene.record).channel_version >= 2


def test_only_the_holder_of_root_names_online_keys(scene: Scene) -> None:
    with pytest.raises(KeyNotFoundError, match="root"):
        scene.publisher_with(scene.directory / "none").renew(scene.root, replace_online_keys=True)


def test_a_lost_race_is_run_again_after_a_pause(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("artifactd.client.retry.time.sleep", pauses.append)
    scene.service.conflicts = 2
    assert scene.publisher.move_channel(scene.root, "stable", scene.record).channel_version == 2
    assert len(pauses) == 2
    assert pauses[1] > 0
    scene.service.conflicts = 3
    with pytest.raises(ChannelConflictError):
        scene.publisher.move_channel(scene.root, "stable", scene.record)


def test_a_rotated_channel_key_signs_and_the_old_one_does_not(scene: Scene) -> None:
    stolen = scene.directory / "stolen"
    shutil.copytree(scene.directory / "keys", stolen)
    key_id = scene.publisher.rotate_channel_keys(scene.root, "stable")
    keys = KeyDirectory(scene.directory / "keys")
    assert [keys.public_key(name).key_id for name in keys.names_for("channel-stable")] == [key_id]
    assert len([*keys.path.glob("channel-stable.*.retired")]) == 1
    assert scene.resolve().channel_version == 2
    assert scene.publisher.move_channel(scene.root, "stable", scene.record).channel_version == 3
    with pytest.raises(SignatureError, match="is not signed as"):
        scene.publisher_with(stolen).move_channel(scene.root, "stable", scene.record)
    scene.publisher.rotate_channel_keys(scene.root, "stable")
    assert scene.publisher.move_channel(scene.root, "stable", scene.record).channel_version == 5


def test_an_interrupted_rotation_goes_on_with_the_key_it_made(scene: Scene) -> None:
    scene.service.conflicts = 3
    with pytest.raises(ChannelConflictError):
        scene.publisher.rotate_channel_keys(scene.root, "stable")
    keys = KeyDirectory(scene.directory / "keys")
    assert keys.names_for("channel-stable") == ("channel-stable", "channel-stable.2")
    assert scene.publisher.move_channel(scene.root, "stable", scene.record).channel_version == 2
    key_id = scene.publisher.rotate_channel_keys(scene.root, "stable")
    assert keys.public_key("channel-stable.2").key_id == key_id
    assert keys.names_for("channel-stable") == ("channel-stable.2",)


def test_keys_of_no_channel_are_not_rotated(scene: Scene) -> None:
    with pytest.raises(ChannelNotFoundError, match="artifactctl channel create other"):
        scene.publisher.rotate_channel_keys(scene.root, "other")
    assert KeyDirectory(scene.directory / "keys").names_for("channel-other") == ()


def test_a_channel_that_points_nowhere_gets_a_new_key(scene: Scene) -> None:
    scene.publisher.create_channel(scene.root, "canary")
    scene.publisher.rotate_channel_keys(scene.root, "canary")
    assert scene.publisher.move_channel(scene.root, "canary", scene.record).channel_version == 1


def test_a_release_under_another_id_than_its_manifest_says_is_not_signed(scene: Scene) -> None:
    lied = replace(scene.record, release_id="r2")
    with pytest.raises(IntegrityError, match="another release"):
        scene.publisher.move_channel(scene.root, "stable", lied)
    assert scene.service.published == []
