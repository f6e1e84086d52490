"""A publisher or its store fails at every single operation of a publish: nothing acknowledged is lost, nothing
half-written is seen, and what is left behind is in nobody's way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from artifactd.client.history import ChannelHistory, Verification
from artifactd.client.publish import rotate_channel_keys, rotate_root
from artifactd.client.trust import verify
from schemas.errors import StorageError
from schemas.tuf_metadata import SignedMetadata
from tests.support.buckets import Fault, FaultyBucket, MemoryBucket, ProcessDied
from tests.support.publisher import Publisher, new_signer, publisher_with, role_keys

Change = Callable[[Publisher], list[SignedMetadata]]


def move(publisher: Publisher) -> list[SignedMetadata]:
    return [publisher.signed_move("stable", publisher.releases.add("second"))]


def everything(publisher: Publisher) -> list[SignedMetadata]:
    """New root, new targets and a channel with new keys: only together do they verify."""
    now, targets_signer, channel_signer = publisher.clock.now, new_signer(), new_signer()
    root = rotate_root(publisher.root, signers=publisher.root_signers, now=now, targets=role_keys(targets_signer))
    targets = rotate_channel_keys(
        publisher.session().targets,
        channel="stable",
        keys=role_keys(channel_signer),
        signers=[targets_signer],
        now=now,
    )
    return [root, targets, publisher.signed_move("stable", publisher.releases.add("second"), signer=channel_signer)]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What became of a publish: acknowledged, reported as failed, or neither because the process died."""

    acknowledged: bool
    reported: bool
    bucket: FaultyBucket


def attempt(publisher: Publisher, metadata: list[SignedMetadata], at: int | None, fault: Fault) -> Attempt:
    bucket = FaultyBucket(publisher.bucket, at=at, fault=fault)
    version = publisher.session().timestamp_version
    try:
        publisher.repository_on(bucket).publish(metadata, timestamp_version=version)
    except ProcessDied:
        return Attempt(acknowledged=False, reported=False, bucket=bucket)
    except StorageError:
        return Attempt(acknowledged=False, reported=True, bucket=bucket)
    return Attempt(acknowledged=True, reported=False, bucket=bucket)


def operations_of(change: Change) -> list[str]:
    publisher = publisher_with("stable", "beta")
    return attempt(publisher, change(publisher), None, Fault.BEFORE).bucket.operations


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("change", [move, everything])
def test_a_failure_at_any_operation(change: Change, fault: Fault) -> None:
    operations = operations_of(change)
    assert len(operations) > 10
    for at, operation in enumerate(operations):
        publisher = publisher_with("stable", "beta")
        before = publisher.session("stable")
        metadata = change(publisher)
        outcome = attempt(publisher, metadata, at, fault)
        where = f"{fault.name} at {at}: {operation}"

        # Every reader, also one who was there before, sees the old state or the new one, whole.
        seen = publisher.session("stable", before.state).resolve()
        assert seen == publisher.resolve("stable"), where
        assert seen.release_id in ("stable-1", "second"), where
        if outcome.acknowledged:
            assert seen.release_id == "second", f"{where}: an acknowledged publish is lost"
        if outcome.reported:
            assert seen.release_id == "stable-1", f"{where}: a failed publish is visible"

        # The same publisher may ask again, and gets what it asked for.
        publisher.repository.publish(metadata, timestamp_version=before.timestamp_version)
        assert publisher.resolve("stable").release_id == "second", where
        check_tidy(publisher, where)


@pytest.mark.parametrize("fault", [Fault.BEFORE, Fault.AFTER])
def test_another_publisher_follows_a_dead_one(fault: Fault) -> None:
    """The next publisher signs other bytes of the very versions that the dead one may have left behind."""
    for at, operation in enumerate(operations_of(move)):
        publisher = publisher_with("stable", "beta")
        metadata = move(publisher)
        attempt(publisher, metadata, at, fault)
        committed = publisher.resolve("stable").channel_version
        publisher.move("stable", publisher.releases.add("another"))
        target = publisher.resolve("stable")
        assert (target.release_id, target.channel_version) == ("another", committed + 1), f"{at}: {operation}"
        check_tidy(publisher, f"{fault.name} at {at}: {operation}")


@pytest.mark.parametrize("fault", list(Fault))
def test_a_failure_while_timestamp_and_snapshot_are_renewed(fault: Fault) -> None:
    for at in range(12):
        publisher = publisher_with("stable", "beta")
        publisher.clock.advance(days=5)
        bucket = FaultyBucket(publisher.bucket, at=at, fault=fault)
        try:
            publisher.repository_on(bucket).refresh_if_due()
        except (ProcessDied, StorageError):
            publisher.repository.refresh_if_due()
        assert publisher.resolve("stable").release_id == "stable-1"
        publisher.move("stable", publisher.releases.add("second"))
        check_tidy(publisher, f"{fault.name} at {at}")


@pytest.mark.parametrize("fault", [Fault.BEFORE, Fault.AFTER])
def test_a_first_publish_that_dies_leaves_the_repository_free(fault: Fault) -> None:
    """Until it is committed, somebody with other keys can still be the first."""
    for at in range(30):
        first, second = Publisher(), Publisher()
        second.bucket, second.online_keys, second.clock = first.bucket, first.online_keys, first.clock
        second.repository = second.repository_on(second.bucket)
        bucket = FaultyBucket(first.bucket, at=at, fault=fault)
        died = False
        try:
            first.repository_on(bucket).publish(first.initial(), timestamp_version=0)
        except ProcessDied:
            died = True
        if not died:
            assert at >= 10, "every operation was tried"
            return
        assert isinstance(first.bucket, MemoryBucket)
        winner = first if "tuf/timestamp.json" in first.bucket.objects else second
        if winner is second:
            second.repository.publish(second.initial(), timestamp_version=0)
        winner.add_channel("stable")
        winner.move("stable", winner.releases.add("stable-1"))
        assert winner.resolve("stable").release_id == "stable-1"
        check_tidy(winner, f"{fault.name} at {at}")
    raise AssertionError("a first publish takes more operations than were tried")


def check_tidy(publisher: Publisher, where: str) -> None:
    """Nothing is left staged, and every earlier version of the channel is there."""
    assert isinstance(publisher.bucket, MemoryBucket)
    assert not [key for key in publisher.bucket.objects if key.startswith("tuf/staged/")], where
    session = publisher.session("stable")
    history = ChannelHistory(session)
    verify(history, publisher.fetch)
    versions = [entry.version for entry in history.entries()]
    assert versions == list(range(session.channel_version("stable"), 0, -1)), where
    assert history.entries()[0].verification is Verification.COMMITTED
