"""What a client must refuse, one attack each: whoever serves the metadata is not to be believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from tuf.api.metadata import Metadata, Root, Targets

from artifactd.client.publish import RoleKeys, move_channel, rotate_channel_keys, rotate_root
from artifactd.client.trust import MAX_ROOT_STEPS, TrustSession
from artifactd.client.trust_state import TrustedState
from schemas.errors import (
    ChannelNotFoundError,
    DigestMismatchError,
    ExpiredMetadataError,
    FormatError,
    PlatformError,
    RollbackError,
    SignatureError,
    SizeMismatchError,
)
from schemas.tuf_metadata import parse, sign
from schemas.tuf_names import TIMESTAMP_FILE, channel_role, file_name
from schemas.tuf_roles import ReleaseTarget
from tests.support.forger import Forger, with_byte_flipped
from tests.support.publisher import Publisher, new_signer, publisher_with, role_keys, run_on_files

STABLE = channel_role("stable")


@dataclass(kw_only=True)
class Attack:
    """The scene: an honest history, what the client remembers of it, and the files it will be served."""

    publisher: Publisher
    forger: Forger
    previous: TrustedState | None = None
    channel: str | None = "stable"

    @property
    def files(self) -> dict[str, bytes]:
        return self.forger.files

    def remember(self) -> None:
        """The client has seen the present state."""
        self.previous = self.publisher.session("stable").state

    def move(self) -> None:
        """An honest move, after which the attacker serves the newest files."""
        self.publisher.move("stable", self.publisher.releases.add("newer"))
        self.forger.files = self.publisher.files()

    def new_root(self, version: int = 2, **changes: object) -> Metadata[Root]:
        """The next root, not signed yet."""
        metadata: Metadata[Root] = Metadata.from_bytes(self.publisher.root)
        metadata.signed.version = version
        metadata.signatures.clear()
        for name, value in changes.items():
            setattr(metadata.signed, name, value)
        return metadata


@pytest.fixture
def attack() -> Attack:
    publisher = publisher_with("stable", "beta")
    return Attack(publisher=publisher, forger=Forger(publisher))


def replayed_timestamp(attack: Attack) -> None:
    old = attack.files[TIMESTAMP_FILE]
    attack.move()
    attack.remember()
    attack.files[TIMESTAMP_FILE] = old


def replayed_snapshot(attack: Attack) -> None:
    attack.move()
    attack.remember()
    attack.forger.resign(snapshot_version=attack.forger.snapshot().version - 1)


def replayed_channel(attack: Attack) -> None:
    _, old = attack.forger.current(STABLE)
    attack.move()
    attack.remember()
    attack.forger.resign({STABLE: (1, old)})


def replayed_targets(attack: Attack) -> None:
    attack.remember()
    attack.forger.resign({"targets": (1, attack.files["1.targets.json"])})


def channel_left_out(attack: Attack) -> None:
    attack.remember()
    attack.forger.resign(drop=(STABLE,))


def timestamp_lost(attack: Attack) -> None:
    attack.remember()
    del attack.files[TIMESTAMP_FILE]


def tampered_channel(attack: Attack) -> None:
    name, data = attack.forger.current(STABLE)
    attack.files[name] = with_byte_flipped(data)


def tampered_channel_listed_as_such(attack: Attack) -> None:
    _, data = attack.forger.current(STABLE)
    digest = attack.publisher.resolve("stable").release_digest.hex
    other = attack.publisher.resolve("beta").release_digest.hex
    attack.forger.resign({STABLE: (1, data.replace(digest.encode(), other.encode()))})


def tampered_snapshot(attack: Attack) -> None:
    name = file_name("snapshot", attack.forger.snapshot().version)
    attack.files[name] = with_byte_flipped(attack.files[name])


def tampered_timestamp(attack: Attack) -> None:
    data = attack.files[TIMESTAMP_FILE]
    version = attack.forger.timestamp().version
    attack.files[TIMESTAMP_FILE] = data.replace(f'"version":{version}'.encode(), f'"version":{version + 1}'.encode())


def timestamp_by_a_stranger(attack: Attack) -> None:
    attack.forger.resign(signers={"snapshot": new_signer(), "timestamp": new_signer()})


def snapshot_by_a_stranger(attack: Attack) -> None:
    signers = attack.publisher.online_keys.signers_for("timestamp", parse("root", Root, attack.publisher.root).signed)
    attack.forger.resign(signers={"snapshot": new_signer(), "timestamp": signers[0]})


def expired_timestamp(attack: Attack) -> None:
    attack.publisher.clock.advance(days=1)


def expired_timestamp_after_a_newer_one_was_seen(attack: Attack) -> None:
    attack.remember()
    attack.publisher.clock.advance(days=2)


def expired_snapshot(attack: Attack) -> None:
    attack.forger.resign(snapshot_lifetime=timedelta(0))


def expired_channel(attack: Attack) -> None:
    attack.publisher.clock.advance(days=91)
    attack.forger.resign()


def expired_targets(attack: Attack) -> None:
    attack.publisher.clock.advance(days=366)
    new = rotate_root(attack.publisher.root, signers=attack.publisher.root_signers, now=attack.publisher.clock.now)
    attack.files["2.root.json"] = new.data
    attack.forger.resign()


def expired_root(attack: Attack) -> None:
    attack.publisher.clock.advance(days=366)
    attack.forger.resign()


def revoked_channel_key(attack: Attack) -> None:
    publisher = attack.publisher
    targets = rotate_channel_keys(
        publisher.session().targets,
        channel="stable",
        keys=role_keys(new_signer()),
        signers=[publisher.targets_signer],
        now=publisher.clock.now,
    )
    attack.forger.resign({"targets": (4, targets.data)})


def root_with_one_of_two_signatures(attack: Attack) -> None:
    metadata = attack.new_root()
    metadata.sign(attack.publisher.root_signers[0])
    attack.files["2.root.json"] = metadata.to_bytes()


def root_by_the_new_keys_only(attack: Attack) -> None:
    new = [new_signer(), new_signer()]
    metadata = attack.new_root()
    for signer in new:
        metadata.signed.add_key(signer.public_key, "root")
        metadata.sign(signer, append=True)
    attack.files["2.root.json"] = metadata.to_bytes()


def root_by_the_old_keys_only(attack: Attack) -> None:
    metadata = attack.new_root()
    new = [new_signer(), new_signer()]
    for key_id in list(metadata.signed.roles["root"].keyids):
        metadata.signed.revoke_key(key_id, "root")
    for signer in new:
        metadata.signed.add_key(signer.public_key, "root")
    for signer in attack.publisher.root_signers:
        metadata.sign(signer, append=True)
    attack.files["2.root.json"] = metadata.to_bytes()


def root_signed_twice_by_one_key(attack: Attack) -> None:
    metadata = attack.new_root()
    metadata.sign(attack.publisher.root_signers[0])
    value = json.loads(metadata.to_bytes())
    value["signatures"] *= 2
    attack.files["2.root.json"] = json.dumps(value).encode()


def root_of_a_future_version(attack: Attack) -> None:
    metadata = attack.new_root(version=3)
    for signer in attack.publisher.root_signers:
        metadata.sign(signer, append=True)
    attack.files["2.root.json"] = metadata.to_bytes()


def root_without_consistent_snapshots(attack: Attack) -> None:
    metadata = attack.new_root(consistent_snapshot=False)
    for signer in attack.publisher.root_signers:
        metadata.sign(signer, append=True)
    attack.files["2.root.json"] = metadata.to_bytes()


def endless_roots(attack: Attack) -> None:
    root, signers = attack.publisher.root, attack.publisher.root_signers[:2]
    for version in range(2, MAX_ROOT_STEPS + 3):
        root = rotate_root(root, signers=signers, now=attack.publisher.clock.now).data
        attack.files[f"{version}.root.json"] = root


def older_file_under_a_newer_version(attack: Attack) -> None:
    _, data = attack.forger.current(STABLE)
    attack.forger.resign({STABLE: (2, data)})


def another_channels_file(attack: Attack) -> None:
    _, data = attack.forger.current(channel_role("beta"))
    attack.forger.resign({STABLE: (1, data)})


def targets_in_place_of_the_channel(attack: Attack) -> None:
    attack.forger.resign({STABLE: (3, attack.files["3.targets.json"])})


def snapshot_in_place_of_the_timestamp(attack: Attack) -> None:
    attack.files[TIMESTAMP_FILE] = attack.forger.snapshot().data


def endless_timestamp(attack: Attack) -> None:
    attack.files[TIMESTAMP_FILE] += b" " * (1 << 20)


def endless_root(attack: Attack) -> None:
    attack.files["2.root.json"] = b" " * (1 << 20)


def endless_channel(attack: Attack) -> None:
    name, data = attack.forger.current(STABLE)
    attack.files[name] = data + b" "


def truncated_channel(attack: Attack) -> None:
    name, data = attack.forger.current(STABLE)
    attack.files[name] = data[:-1]


def missing_channel_file(attack: Attack) -> None:
    name, _ = attack.forger.current(STABLE)
    del attack.files[name]


def missing_snapshot(attack: Attack) -> None:
    del attack.files[file_name("snapshot", attack.forger.snapshot().version)]


def snapshot_without_targets(attack: Attack) -> None:
    attack.forger.resign(drop=("targets",))


def unknown_channel(attack: Attack) -> None:
    attack.channel = "nightly"


def channel_that_points_nowhere(attack: Attack) -> None:
    attack.publisher.add_channel("nightly")
    attack.forger.files = attack.publisher.files()
    attack.channel = "nightly"


def empty_service(attack: Attack) -> None:
    attack.files.clear()


def _channel_with(attack: Attack, release: ReleaseTarget, change: Callable[[Targets], None]) -> None:
    signer = attack.publisher.channel_signers["stable"]
    honest = move_channel(
        channel="stable", current_version=1, release=release, signers=[signer], now=attack.publisher.clock.now
    )
    targets = parse(STABLE, Targets, honest.data).signed
    change(targets)
    attack.forger.resign({STABLE: (2, sign(STABLE, targets, [signer]).data)})


def huge_manifest(attack: Attack) -> None:
    def change(targets: Targets) -> None:
        targets.targets["channels/stable/current"].length = (1 << 20) + 1

    _channel_with(attack, attack.publisher.releases.add("huge").target, change)


def target_of_another_channel(attack: Attack) -> None:
    def change(targets: Targets) -> None:
        targets.targets["channels/beta/current"] = targets.targets.pop("channels/stable/current")

    _channel_with(attack, attack.publisher.releases.add("other").target, change)


def channel_without_release_id(attack: Attack) -> None:
    def change(targets: Targets) -> None:
        targets.targets["channels/stable/current"].unrecognized_fields.clear()

    _channel_with(attack, attack.publisher.releases.add("other").target, change)


def delegation_of_every_path(attack: Attack) -> None:
    targets = parse("targets", Targets, attack.publisher.session().targets).signed
    assert targets.delegations is not None
    assert targets.delegations.roles is not None
    targets.delegations.roles[STABLE].paths = ["channels/*/current"]
    targets.version += 1
    data = sign("targets", targets, [attack.publisher.targets_signer]).data
    attack.forger.resign({"targets": (targets.version, data)})


REJECTED: list[tuple[Callable[[Attack], None], type[PlatformError], str]] = [
    (replayed_timestamp, RollbackError, "an old timestamp is served to a client that saw a newer one"),
    (replayed_snapshot, RollbackError, "a new timestamp names an older snapshot"),
    (replayed_channel, RollbackError, "a new snapshot lists an older channel version"),
    (replayed_targets, RollbackError, "a new snapshot lists older targets, with delegations since revoked"),
    (channel_left_out, RollbackError, "a new snapshot hides a channel"),
    (timestamp_lost, RollbackError, "the service pretends to be empty"),
    (tampered_channel, DigestMismatchError, "one bit of the channel's file differs"),
    (tampered_channel_listed_as_such, SignatureError, "the daemon's keys cannot make a channel point elsewhere"),
    (tampered_snapshot, DigestMismatchError, "one bit of the snapshot differs"),
    (tampered_timestamp, SignatureError, "the timestamp was edited"),
    (timestamp_by_a_stranger, SignatureError, "the timestamp is signed by keys that root does not name"),
    (snapshot_by_a_stranger, SignatureError, "the snapshot is signed by a key that root does not name"),
    (expired_timestamp, ExpiredMetadataError, "the timestamp has reached its expiry: a freeze"),
    (expired_timestamp_after_a_newer_one_was_seen, ExpiredMetadataError, "remembered metadata expires, too"),
    (expired_snapshot, ExpiredMetadataError, "the snapshot has expired"),
    (expired_channel, ExpiredMetadataError, "the channel has expired"),
    (expired_targets, ExpiredMetadataError, "the targets have expired"),
    (expired_root, ExpiredMetadataError, "the root has expired and there is no newer one"),
    (revoked_channel_key, SignatureError, "the channel is signed by a key that targets revoked"),
    (root_with_one_of_two_signatures, SignatureError, "the threshold of root is two"),
    (root_by_the_new_keys_only, SignatureError, "the old root must vouch for the new one"),
    (root_by_the_old_keys_only, SignatureError, "the new keys must prove that they can sign"),
    (root_signed_twice_by_one_key, FormatError, "one key counts once"),
    (root_of_a_future_version, SignatureError, "a root version is skipped"),
    (root_without_consistent_snapshots, FormatError, "the root is not of this kind of repository"),
    (endless_roots, SignatureError, "a chain of roots without end"),
    (older_file_under_a_newer_version, SignatureError, "the file says another version than the snapshot"),
    (another_channels_file, SignatureError, "mix and match: beta's file as stable's"),
    (targets_in_place_of_the_channel, SignatureError, "mix and match: the targets as a channel"),
    (snapshot_in_place_of_the_timestamp, FormatError, "mix and match: the snapshot as timestamp"),
    (endless_timestamp, SizeMismatchError, "endless data where no signed length is known"),
    (endless_root, SizeMismatchError, "endless data as the next root"),
    (endless_channel, SizeMismatchError, "more data than was signed"),
    (truncated_channel, SizeMismatchError, "less data than was signed"),
    (missing_channel_file, SignatureError, "a file that the snapshot names is withheld"),
    (missing_snapshot, SignatureError, "the snapshot that the timestamp names is withheld"),
    (snapshot_without_targets, SignatureError, "the snapshot does not list the targets"),
    (unknown_channel, ChannelNotFoundError, "targets do not delegate to the channel"),
    (channel_that_points_nowhere, ChannelNotFoundError, "the channel was created but never moved"),
    (empty_service, ChannelNotFoundError, "nothing was ever published"),
    (huge_manifest, FormatError, "the manifest is longer than any manifest may be"),
    (target_of_another_channel, FormatError, "a channel's key signs another channel's target"),
    (channel_without_release_id, FormatError, "the channel does not name its release"),
    (delegation_of_every_path, FormatError, "a delegation covers more than its channel"),
]


@pytest.mark.parametrize(("prepare", "error", "reason"), REJECTED, ids=[case[0].__name__ for case in REJECTED])
def test_rejected(attack: Attack, prepare: Callable[[Attack], None], error: type[PlatformError], reason: str) -> None:
    prepare(attack)
    session = TrustSession(
        root=attack.publisher.root, now=attack.publisher.clock.now, channel=attack.channel, previous=attack.previous
    )
    with pytest.raises(PlatformError) as caught:
        run_on_files(session, attack.files)
    assert type(caught.value) is error, f"{reason}: {caught.value}"
    with pytest.raises(RuntimeError):
        session.next_request()
    with pytest.raises(RuntimeError):
        session.resolve()


WITHOUT_KEYS = [
    replayed_timestamp,
    timestamp_lost,
    tampered_channel,
    tampered_snapshot,
    tampered_timestamp,
    timestamp_by_a_stranger,
    root_with_one_of_two_signatures,
    root_by_the_new_keys_only,
    root_of_a_future_version,
    snapshot_in_place_of_the_timestamp,
    endless_timestamp,
    endless_root,
    endless_channel,
    truncated_channel,
    missing_channel_file,
    missing_snapshot,
    empty_service,
]


@pytest.mark.parametrize("prepare", WITHOUT_KEYS)
def test_an_attack_on_the_way_does_no_lasting_harm(attack: Attack, prepare: Callable[[Attack], None]) -> None:
    """What is remembered after a refusal serves the next session, which is honest and sees a newer state."""
    prepare(attack)
    publisher = attack.publisher
    session = TrustSession(root=publisher.root, now=publisher.clock.now, channel="stable", previous=attack.previous)
    with pytest.raises(PlatformError):
        run_on_files(session, attack.files)
    publisher.move("stable", publisher.releases.add("after-the-attack"))
    remembered = TrustedState.from_bytes(session.state.to_bytes())
    honest = publisher.session("stable", remembered)
    assert honest.resolve().release_id == "after-the-attack"
    assert honest.discarded == ()


@pytest.mark.parametrize(
    ("data", "error", "reason"),
    [
        (b"", FormatError, "empty"),
        (b"{}", FormatError, "no signed part"),
        (b"[" * 100_000, FormatError, "nested without end"),
        (b'{"signed":{"_type":"root","version":1.0}}', FormatError, "a float"),
    ],
)
def test_a_configured_root_that_is_none(data: bytes, error: type[PlatformError], reason: str) -> None:
    with pytest.raises(error):
        TrustSession(root=data, now=Publisher().clock.now, channel="stable")


def test_a_configured_root_that_does_not_verify_by_itself() -> None:
    publisher = Publisher()
    publisher.initial()
    metadata: Metadata[Root] = Metadata.from_bytes(publisher.root)
    metadata.signatures.popitem()
    with pytest.raises(SignatureError):
        TrustSession(root=metadata.to_bytes(), now=publisher.clock.now, channel="stable")


@pytest.mark.parametrize("name", ["", "Stable", "a/b", "../x", "a.b", "-a", "a*", "x" * 65, "stable\n"])
def test_a_channel_name_that_is_none(name: str) -> None:
    publisher = Publisher()
    publisher.initial()
    with pytest.raises(FormatError):
        TrustSession(root=publisher.root, now=publisher.clock.now, channel=name)


def test_role_keys_that_cannot_reach_their_threshold() -> None:
    with pytest.raises(PlatformError):
        RoleKeys(keys=(new_signer().public_key,), threshold=2)
