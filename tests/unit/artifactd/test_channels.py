"""The channel repository: what it commits, what it refuses, and what it serves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from artifactd.channels import ChannelInfo, OnlineLifetimes
from artifactd.client.publish import (
    add_channel,
    initial_targets,
    move_channel,
    parse_online_keys,
    remove_channel,
    rotate_root,
)
from artifactd.online_keys import OnlineKeys
from schemas.digest import Digest
from schemas.errors import (
    ChannelConflictError,
    ConfigError,
    ExpiredMetadataError,
    FormatError,
    MetadataNotFoundError,
    MissingArtifactError,
    PlatformError,
    SignatureError,
    SizeMismatchError,
    StorageError,
)
from schemas.tuf_metadata import SignedMetadata, parse, sign
from schemas.tuf_roles import ReleaseTarget
from tests.support.buckets import MemoryBucket
from tests.support.publisher import START, Publisher, Release, new_signer, publisher_with, role_keys

TIMESTAMP_KEY = "tuf/timestamp.json"


@pytest.fixture
def publisher() -> Publisher:
    return publisher_with("stable", "beta")


def bucket_of(publisher: Publisher) -> MemoryBucket:
    assert isinstance(publisher.bucket, MemoryBucket)
    return publisher.bucket


def signed_targets(publisher: Publisher, change: Callable[[Targets], None]) -> SignedMetadata:
    targets = parse("targets", Targets, publisher.session().targets).signed
    targets.version += 1
    change(targets)
    return SignedMetadata(role="targets", data=sign("targets", targets, [publisher.targets_signer]).data)


def signed_root(publisher: Publisher, change: Callable[[Root], None], signers: int = 3) -> SignedMetadata:
    metadata: Metadata[Root] = Metadata.from_bytes(publisher.root)
    metadata.signatures.clear()
    metadata.signed.version += 1
    change(metadata.signed)
    for signer in publisher.root_signers[:signers]:
        metadata.sign(signer, append=True)
    return SignedMetadata(role="root", data=metadata.to_bytes())


# -- refused


def channel_of_a_stranger(p: Publisher) -> list[SignedMetadata]:
    return [p.signed_move("stable", p.releases.add("x"), signer=new_signer())]


def channel_by_another_channels_key(p: Publisher) -> list[SignedMetadata]:
    return [p.signed_move("stable", p.releases.add("x"), signer=p.channel_signers["beta"])]


def channel_of_the_same_version(p: Publisher) -> list[SignedMetadata]:
    return [p.signed_move("stable", p.releases.add("x"), current_version=0)]


def channel_that_skips_a_version(p: Publisher) -> list[SignedMetadata]:
    return [p.signed_move("stable", p.releases.add("x"), current_version=2)]


def expired_channel(p: Publisher) -> list[SignedMetadata]:
    return [p.signed_move("stable", p.releases.add("x"), lifetime=timedelta(0))]


def channel_without_delegation(p: Publisher) -> list[SignedMetadata]:
    return [p.signed_move("nightly", p.releases.add("x"), signer=new_signer())]


def unknown_release(p: Publisher) -> list[SignedMetadata]:
    return [p.signed_move("stable", Release(release_id="x", manifest=b"never published"))]


def release_of_another_length(p: Publisher) -> list[SignedMetadata]:
    release = p.releases.add("x")
    p.releases.by_digest[release.target.digest] = Release(release_id="x", manifest=release.manifest + b"!")
    return [p.signed_move("stable", release)]


def release_of_another_id(p: Publisher) -> list[SignedMetadata]:
    release = p.releases.add("x")
    p.releases.by_digest[release.target.digest] = Release(release_id="y", manifest=release.manifest)
    return [p.signed_move("stable", release)]


def tampered_channel(p: Publisher) -> list[SignedMetadata]:
    move = p.signed_move("stable", p.releases.add("x"))
    return [SignedMetadata(role=move.role, data=move.data.replace(b'"version":2', b'"version":3'))]


def channel_as_targets(p: Publisher) -> list[SignedMetadata]:
    move = p.signed_move("stable", p.releases.add("x"))
    return [SignedMetadata(role="targets", data=move.data)]


def endless_channel(p: Publisher) -> list[SignedMetadata]:
    move = p.signed_move("stable", p.releases.add("x"))
    return [SignedMetadata(role=move.role, data=move.data + b" " * (1 << 16))]


def one_bad_among_good(p: Publisher) -> list[SignedMetadata]:
    return [p.signed_move("beta", p.releases.add("x")), *channel_of_a_stranger(p)]


def nothing(p: Publisher) -> list[SignedMetadata]:
    return []


def too_much(p: Publisher) -> list[SignedMetadata]:
    return [SignedMetadata(role=f"channel-{n}", data=b"") for n in range(65)]


def one_role_twice(p: Publisher) -> list[SignedMetadata]:
    return [p.signed_move("stable", p.releases.add("x"))] * 2


def the_daemons_own_role(p: Publisher) -> list[SignedMetadata]:
    return [SignedMetadata(role="snapshot", data=p.files()["5.snapshot.json"])]


def a_role_of_no_channel(p: Publisher) -> list[SignedMetadata]:
    return [SignedMetadata(role="channel-../x", data=b"{}")]


def targets_of_a_stranger(p: Publisher) -> list[SignedMetadata]:
    targets = p.session().targets
    return [add_channel(targets, channel="x", keys=role_keys(new_signer()), signers=[new_signer()], now=p.clock.now)]


def targets_by_a_channel_key(p: Publisher) -> list[SignedMetadata]:
    key = p.channel_signers["stable"]
    return [add_channel(p.session().targets, channel="x", keys=role_keys(key), signers=[key], now=p.clock.now)]


def targets_with_a_target(p: Publisher) -> list[SignedMetadata]:
    def change(targets: Targets) -> None:
        channel = parse("channel-stable", Targets, p.files()["1.channel-stable.json"]).signed
        targets.targets = dict(channel.targets)

    return [signed_targets(p, change)]


def targets_with_another_role(p: Publisher) -> list[SignedMetadata]:
    def change(targets: Targets) -> None:
        assert targets.delegations is not None
        assert targets.delegations.roles is not None
        role = targets.delegations.roles.pop("channel-beta")
        role.name = "beta"
        targets.delegations.roles["beta"] = role

    return [signed_targets(p, change)]


def targets_that_revoke_a_used_key(p: Publisher) -> list[SignedMetadata]:
    def change(targets: Targets) -> None:
        key = new_signer().public_key
        assert targets.delegations is not None
        assert targets.delegations.roles is not None
        targets.delegations.keys[key.keyid] = key
        targets.delegations.roles["channel-beta"].keyids = [key.keyid]

    return [signed_targets(p, change)]


def root_of_one_signature(p: Publisher) -> list[SignedMetadata]:
    return [signed_root(p, lambda root: None, signers=1)]


def root_that_skips_a_version(p: Publisher) -> list[SignedMetadata]:
    def change(root: Root) -> None:
        root.version = 3

    return [signed_root(p, change)]


def root_with_other_online_keys(p: Publisher) -> list[SignedMetadata]:
    online = parse_online_keys((k.role, k.key_id, k.json) for k in OnlineKeys.generate().public_keys())
    return [rotate_root(p.root, signers=p.root_signers, now=p.clock.now, online=online)]


def root_that_gives_targets_to_the_daemon(p: Publisher) -> list[SignedMetadata]:
    def change(root: Root) -> None:
        root.roles["targets"].keyids = list(root.roles["timestamp"].keyids)

    return [signed_root(p, change)]


def root_that_disowns_targets(p: Publisher) -> list[SignedMetadata]:
    return [rotate_root(p.root, signers=p.root_signers, now=p.clock.now, targets=role_keys(new_signer()))]


def expired_root(p: Publisher) -> list[SignedMetadata]:
    return [rotate_root(p.root, signers=p.root_signers, now=p.clock.now, lifetime=timedelta(0))]


REFUSED: list[tuple[Callable[[Publisher], list[SignedMetadata]], type[PlatformError], str]] = [
    (channel_of_a_stranger, SignatureError, "a key that targets do not name"),
    (channel_by_another_channels_key, SignatureError, "one channel's key cannot move another"),
    (channel_of_the_same_version, SignatureError, "replay, or a publisher that did not read first"),
    (channel_that_skips_a_version, SignatureError, "versions grow by one"),
    (expired_channel, ExpiredMetadataError, "clients would refuse it at once"),
    (channel_without_delegation, SignatureError, "no such channel"),
    (unknown_release, MissingArtifactError, "the release was not published"),
    (release_of_another_length, MissingArtifactError, "clients would download another length"),
    (release_of_another_id, MissingArtifactError, "the id is the one the manifest gives itself"),
    (tampered_channel, SignatureError, "edited after signing"),
    (channel_as_targets, SignatureError, "a channel's key cannot sign targets"),
    (endless_channel, SizeMismatchError, "more bytes than the role may have"),
    (one_bad_among_good, SignatureError, "all or nothing"),
    (nothing, FormatError, "an empty request"),
    (too_much, FormatError, "more files than a request may have"),
    (one_role_twice, FormatError, "two versions of one role at once"),
    (the_daemons_own_role, FormatError, "publishers do not sign snapshots"),
    (a_role_of_no_channel, FormatError, "not a name"),
    (targets_of_a_stranger, SignatureError, "a key that root does not name"),
    (targets_by_a_channel_key, SignatureError, "a channel's key cannot add channels"),
    (targets_with_a_target, FormatError, "targets only delegate"),
    (targets_with_another_role, FormatError, "a delegation that is no channel"),
    (targets_that_revoke_a_used_key, SignatureError, "beta would no longer verify"),
    (root_of_one_signature, SignatureError, "root is two of three"),
    (root_that_skips_a_version, SignatureError, "clients could not follow"),
    (root_with_other_online_keys, SignatureError, "this daemon could not sign any more"),
    (root_that_gives_targets_to_the_daemon, SignatureError, "the daemon must not be able to sign targets"),
    (root_that_disowns_targets, SignatureError, "the committed targets would no longer verify"),
    (expired_root, ExpiredMetadataError, "clients would refuse it at once"),
]


@pytest.mark.parametrize(("make", "error", "reason"), REFUSED, ids=[case[0].__name__ for case in REFUSED])
def test_refused(
    publisher: Publisher,
    make: Callable[[Publisher], list[SignedMetadata]],
    error: type[PlatformError],
    reason: str,
) -> None:
    metadata = make(publisher)
    before = dict(bucket_of(publisher).objects)
    with pytest.raises(PlatformError) as caught:
        publisher.repository.publish(metadata, timestamp_version=publisher.session().timestamp_version)
    assert type(caught.value) is error, f"{reason}: {caught.value}"
    assert bucket_of(publisher).objects == before, "a refused publish stores nothing"


@pytest.mark.parametrize(
    ("select", "reason"),
    [([0], "root alone"), ([1], "targets alone")],
)
def test_the_first_publish_needs_root_and_targets(select: list[int], reason: str) -> None:
    publisher = Publisher()
    both = publisher.initial()
    with pytest.raises(FormatError, match="first publish"):
        publisher.repository.publish([both[i] for i in select], timestamp_version=0)
    assert bucket_of(publisher).objects == {}, reason


def test_a_repository_is_initialised_once() -> None:
    publisher = Publisher()
    publisher.initialise()
    with pytest.raises(ChannelConflictError):
        publisher.repository.publish(Publisher().initial(), timestamp_version=0)


# -- accepted


def test_publishing_the_same_bytes_again_is_no_error(publisher: Publisher) -> None:
    move = publisher.signed_move("stable", publisher.releases.add("second"))
    version = publisher.session().timestamp_version
    first = publisher.repository.publish([move], timestamp_version=version)
    before = dict(bucket_of(publisher).objects)
    assert publisher.repository.publish([move], timestamp_version=version) == first
    assert bucket_of(publisher).objects == before


def test_a_publisher_that_saw_an_older_state_is_told(publisher: Publisher) -> None:
    version = publisher.session().timestamp_version
    move = publisher.signed_move("stable", publisher.releases.add("second"))
    publisher.move("beta", publisher.releases.add("beta-2"))
    with pytest.raises(ChannelConflictError, match="read it again"):
        publisher.repository.publish([move], timestamp_version=version)
    assert publisher.publish(move).timestamp_version == version + 2


def test_committed_files_have_names_and_nothing_is_left_staged(publisher: Publisher) -> None:
    keys = set(bucket_of(publisher).objects)
    assert not {key for key in keys if key.startswith("tuf/staged/")}
    assert {"tuf/metadata/1.root.json", "tuf/metadata/3.targets.json", "tuf/metadata/1.channel-beta.json"} <= keys


def test_channels_are_listed_by_name(publisher: Publisher) -> None:
    publisher.add_channel("alpha")
    publisher.move("stable", publisher.releases.add("second"))
    digest = publisher.resolve("beta").release_digest
    assert publisher.repository.list_channels() == (
        ChannelInfo(name="alpha", version=0, release_digest=None, release_id=""),
        ChannelInfo(name="beta", version=1, release_digest=digest, release_id="beta-1"),
        ChannelInfo(name="stable", version=2, release_digest=Digest.of(b"manifest of second"), release_id="second"),
    )


def test_a_removed_channel_is_not_listed(publisher: Publisher) -> None:
    publisher.publish(
        remove_channel(
            publisher.session().targets,
            channel="beta",
            signers=[publisher.targets_signer],
            now=publisher.clock.now,
        )
    )
    assert [channel.name for channel in publisher.repository.list_channels()] == ["stable"]


def test_an_empty_repository_has_nothing() -> None:
    publisher = Publisher()
    assert publisher.repository.list_channels() == ()
    assert publisher.repository.refresh_if_due() is False
    with pytest.raises(MetadataNotFoundError):
        publisher.repository.get_metadata("timestamp.json")
    with pytest.raises(MetadataNotFoundError):
        publisher.repository.get_metadata("1.root.json")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "root.json",
        "timestamp",
        "1.timestamp.json",
        "0.root.json",
        "01.root.json",
        "-1.root.json",
        "1.root.json/../../timestamp.json",
        "../timestamp.json",
        "1.channel-.json",
        "1.channel-A.json",
        "1.mirrors.json",
        "99999999999999999999.root.json",
        "1.root.json\n",
        "١.root.json",
    ],
)
def test_names_that_are_none(publisher: Publisher, name: str) -> None:
    with pytest.raises(FormatError):
        publisher.repository.get_metadata(name)


def test_files_that_do_not_exist(publisher: Publisher) -> None:
    for name in ("2.root.json", "99.snapshot.json", "1.channel-nightly.json"):
        with pytest.raises(MetadataNotFoundError):
            publisher.repository.get_metadata(name)


# -- the daemon's own signatures


def test_timestamp_and_snapshot_are_renewed_at_half_of_their_lifetime(publisher: Publisher) -> None:
    repository, clock = publisher.repository, publisher.clock
    assert repository.refresh_if_due() is False
    clock.advance(hours=11)
    assert repository.refresh_if_due() is False
    clock.advance(hours=1)
    assert repository.refresh_if_due() is True
    assert repository.refresh_if_due() is False
    session = publisher.session("stable")
    assert session.timestamp_version == 6
    assert timestamp_of(publisher).snapshot_meta.version == 5, "the snapshot is not due yet"
    clock.advance(days=3)
    assert repository.refresh_if_due() is True
    assert timestamp_of(publisher).snapshot_meta.version == 6
    snapshot = parse("snapshot", Snapshot, repository.get_metadata("6.snapshot.json")).signed
    assert snapshot.expires == clock.now + OnlineLifetimes().snapshot
    assert publisher.session("stable", session.state).resolve() == session.resolve()


def timestamp_of(publisher: Publisher) -> Timestamp:
    return parse("timestamp", Timestamp, publisher.repository.get_metadata("timestamp.json")).signed


def test_an_expired_timestamp_is_renewed(publisher: Publisher) -> None:
    publisher.clock.advance(days=30)
    with pytest.raises(ExpiredMetadataError):
        publisher.session("stable")
    assert publisher.repository.refresh_if_due() is True
    assert publisher.resolve("stable").release_id == "stable-1"


def test_a_daemon_with_other_keys_signs_nothing(publisher: Publisher) -> None:
    move = publisher.signed_move("stable", publisher.releases.add("second"))
    version = publisher.session().timestamp_version
    publisher.online_keys = OnlineKeys.generate()
    stranger = publisher.repository_on(publisher.bucket)
    publisher.clock.advance(days=2)
    with pytest.raises(ConfigError, match="other online keys"):
        stranger.publish([move], timestamp_version=version)
    with pytest.raises(ConfigError, match="other online keys"):
        stranger.refresh_if_due()
    assert stranger.list_channels()[1].version == 1, "reading is no signing"


def test_targets_may_get_other_keys_together_with_new_targets(publisher: Publisher) -> None:
    key = new_signer()
    root = rotate_root(publisher.root, signers=publisher.root_signers, now=publisher.clock.now, targets=role_keys(key))
    publisher.targets_signer = key
    publisher.publish(root, signed_targets(publisher, lambda targets: None))
    publisher.add_channel("nightly")
    assert publisher.resolve("stable").release_id == "stable-1"


# -- a store that was written to by somebody else


@pytest.mark.parametrize(
    "key",
    ["tuf/metadata/5.snapshot.json", "tuf/metadata/1.root.json", "tuf/metadata/3.targets.json", TIMESTAMP_KEY],
)
def test_a_damaged_store_is_noticed(publisher: Publisher, key: str) -> None:
    move = publisher.signed_move("stable", publisher.releases.add("second"))
    objects = bucket_of(publisher).objects
    objects[key] = objects[key][:-30] + b"x" + objects[key][-29:]
    fresh = publisher.repository_on(publisher.bucket)
    with pytest.raises(StorageError):
        fresh.publish([move], timestamp_version=5)
    with pytest.raises(StorageError):
        fresh.list_channels()


def test_a_lost_file_is_noticed(publisher: Publisher) -> None:
    del bucket_of(publisher).objects["tuf/metadata/1.channel-stable.json"]
    with pytest.raises(StorageError, match="lost channel-stable v1"):
        publisher.repository_on(publisher.bucket).list_channels()


def test_a_name_taken_by_somebody_else_does_not_undo_a_commit(publisher: Publisher) -> None:
    bucket_of(publisher).objects["tuf/metadata/2.channel-stable.json"] = b"squatter"
    result = publisher.move("stable", publisher.releases.add("second"))
    assert result.timestamp_version == 6
    with pytest.raises(StorageError, match="other bytes"):
        publisher.move("beta", publisher.releases.add("beta-2"))


def test_a_first_publish_with_targets_of_a_stranger() -> None:
    publisher = Publisher()
    root, _ = publisher.initial()
    targets = initial_targets(signers=[new_signer()], now=publisher.clock.now)
    with pytest.raises(SignatureError):
        publisher.repository.publish([root, targets], timestamp_version=0)


@pytest.mark.parametrize(
    ("length", "release_id", "reason"),
    [
        ((1 << 20) + 1, "x", "longer than any manifest"),
        (10, "", "no id"),
        (10, "a/b", "an id that is none"),
    ],
)
def test_a_move_needs_a_release_a_channel_can_point_at(length: int, release_id: str, reason: str) -> None:
    with pytest.raises(FormatError):
        move_channel(
            channel="stable",
            current_version=1,
            release=ReleaseTarget(digest=Digest.of(b""), length=length, release_id=release_id),
            signers=[new_signer()],
            now=START,
        )
