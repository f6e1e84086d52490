"""What a client must accept, and what it asks for and remembers while it does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tuf.api.metadata import Root, Timestamp

from artifactd.client.history import ChannelHistory, Verification
from artifactd.client.publish import (
    move_channel,
    parse_online_keys,
    remove_channel,
    renew_targets,
    rotate_channel_keys,
    rotate_root,
)
from artifactd.client.trust import ExpiryPolicy, TrustSession, verify
from artifactd.client.trust_state import TrustedState
from artifactd.online_keys import OnlineKeys
from schemas.errors import ChannelNotFoundError, ExpiredMetadataError, FormatError, SignatureError, SizeMismatchError
from schemas.tuf_metadata import parse
from tests.support.publisher import Publisher, fetch_from, new_signer, publisher_with, role_keys, run_on_files


@pytest.fixture
def publisher() -> Publisher:
    return publisher_with("stable", "beta")


def test_the_release_a_channel_points_at(publisher: Publisher) -> None:
    release = publisher.releases.add("314.0.5-2")
    publisher.move("stable", release)
    target = publisher.resolve("stable")
    assert (target.release_digest, target.length) == (release.target.digest, len(release.manifest))
    assert (target.release_id, target.channel_version) == ("314.0.5-2", 2)
    assert target.moved_at == publisher.clock.now
    assert target.expires == publisher.clock.now + timedelta(days=90)


def test_what_a_cold_and_a_warm_session_ask_for(publisher: Publisher) -> None:
    cold = TrustSession(root=publisher.root, now=publisher.clock.now, channel="stable")
    assert run_on_files(cold, publisher.files()) == [
        "2.root.json",
        "timestamp.json",
        "5.snapshot.json",
        "3.targets.json",
        "1.channel-stable.json",
    ]
    warm = TrustSession(root=publisher.root, now=publisher.clock.now, channel="stable", previous=cold.state)
    assert run_on_files(warm, publisher.files()) == ["2.root.json", "timestamp.json"]
    assert warm.resolve() == cold.resolve()
    publisher.move("beta", publisher.releases.add("beta-2"))
    other = TrustSession(root=publisher.root, now=publisher.clock.now, channel="stable", previous=warm.state)
    assert run_on_files(other, publisher.files()) == ["2.root.json", "timestamp.json", "6.snapshot.json"]


def test_one_state_serves_several_channels(publisher: Publisher) -> None:
    stable = publisher.session("stable")
    beta = publisher.session("beta", stable.state)
    assert set(beta.state.channels) == {"stable", "beta"}
    session = TrustSession(root=publisher.root, now=publisher.clock.now, channel="stable", previous=beta.state)
    assert len(run_on_files(session, publisher.files())) == 2


def test_a_deliberate_rollback_is_a_higher_version(publisher: Publisher) -> None:
    first = publisher.resolve("stable")
    old = publisher.releases.by_digest[first.release_digest]
    publisher.move("stable", publisher.releases.add("broken"))
    state = publisher.session("stable").state
    publisher.move("stable", old)
    target = publisher.session("stable", state).resolve()
    assert target.release_digest == first.release_digest
    assert target.channel_version == 3


def test_a_rotated_channel_key(publisher: Publisher) -> None:
    state = publisher.session("stable").state
    session, key = publisher.session(), new_signer()
    targets = rotate_channel_keys(
        session.targets,
        channel="stable",
        keys=role_keys(key),
        signers=[publisher.targets_signer],
        now=publisher.clock.now,
    )
    move = publisher.signed_move("stable", publisher.releases.add("by-the-new-key"), signer=key)
    publisher.publish(targets, move)
    assert publisher.session("stable", state).resolve().release_id == "by-the-new-key"


def test_new_roots_are_followed_to_the_last(publisher: Publisher) -> None:
    state = publisher.session("stable").state
    signers = publisher.root_signers
    root = publisher.root
    for _ in range(3):
        fresh = [new_signer(), new_signer()]
        rotated = rotate_root(
            root,
            signers=[*signers[:2], *fresh],
            now=publisher.clock.now,
            root=role_keys(*fresh, threshold=2),
        )
        publisher.publish(rotated)
        root, signers = rotated.data, fresh
    session = publisher.session("stable", state)
    assert parse("root", Root, session.root).version == 4
    assert session.resolve().release_id == "stable-1"
    # The next session starts where this one ended, although the configured root is still the first.
    again = TrustSession(root=publisher.root, now=publisher.clock.now, channel="stable", previous=session.state)
    assert run_on_files(again, publisher.files()) == ["5.root.json", "timestamp.json"]


def test_a_newer_configured_root_continues_the_same_repository(publisher: Publisher) -> None:
    state = publisher.session("stable").state
    rotated = rotate_root(publisher.root, signers=publisher.root_signers, now=publisher.clock.now)
    publisher.publish(rotated)
    publisher.root = rotated.data
    session = publisher.session("stable", state)
    assert session.discarded == ()
    assert session.resolve().release_id == "stable-1"


def test_a_change_of_online_keys_discards_what_they_signed(publisher: Publisher) -> None:
    state = publisher.session("stable").state
    publisher.online_keys = OnlineKeys.generate()
    publisher.repository = publisher.repository_on(publisher.bucket)
    online = parse_online_keys((k.role, k.key_id, k.json) for k in publisher.online_keys.public_keys())
    rotated = rotate_root(publisher.root, signers=publisher.root_signers, now=publisher.clock.now, online=online)
    publisher.repository.publish([rotated], timestamp_version=parse_version(state))
    session = publisher.session("stable", state)
    assert session.discarded == ("timestamp", "snapshot")
    assert session.resolve().release_id == "stable-1"


def parse_version(state: TrustedState) -> int:
    assert state.timestamp is not None
    return parse("timestamp", Timestamp, state.timestamp).version


def test_another_repository_forgets_the_first(publisher: Publisher) -> None:
    state = publisher.session("stable").state
    other = Publisher()
    other.initialise("stable")
    session = other.session("stable", state)
    assert session.discarded == ("timestamp", "snapshot")
    assert session.resolve().release_id == "stable-1"


def test_expired_metadata_can_be_read_in_order_to_renew_it(publisher: Publisher) -> None:
    publisher.clock.advance(days=366)
    publisher.repository.refresh_if_due()
    with pytest.raises(ExpiredMetadataError):
        publisher.session()
    session = TrustSession(
        root=publisher.root,
        now=publisher.clock.now,
        channel="stable",
        expiry=ExpiryPolicy.TOLERATE_PUBLISHERS,
    )
    verify(session, publisher.fetch)
    now = publisher.clock.now
    root = rotate_root(session.root, signers=publisher.root_signers, now=now)
    targets = renew_targets(session.targets, signers=[publisher.targets_signer], now=now)
    release = publisher.releases.by_digest[session.resolve().release_digest]
    move = move_channel(
        channel="stable",
        current_version=session.channel_version("stable"),
        release=release.target,
        signers=[publisher.channel_signers["stable"]],
        now=now,
    )
    publisher.repository.publish([root, targets, move], timestamp_version=session.timestamp_version)
    assert publisher.resolve("stable").channel_version == 2


def test_a_removed_channel_comes_back_with_a_higher_version(publisher: Publisher) -> None:
    state = publisher.session("stable").state
    session = publisher.session()
    publisher.publish(
        remove_channel(session.targets, channel="stable", signers=[publisher.targets_signer], now=publisher.clock.now)
    )
    with pytest.raises(ChannelNotFoundError, match="expected beta"):
        publisher.session("stable", state)
    publisher.channel_signers["stable"] = new_signer()
    move = publisher.signed_move("stable", publisher.releases.add("again"))
    targets = publisher.session().targets_document
    assert targets.version == 4
    with pytest.raises(SignatureError):
        publisher.publish(move)
    # With a key other than before the old file no longer verifies, so both have to come together.
    with pytest.raises(SignatureError, match="would not verify"):
        publisher.add_channel("stable")


def test_history_newest_first(publisher: Publisher) -> None:
    for number in range(2, 6):
        publisher.clock.advance(hours=1)
        publisher.move("stable", publisher.releases.add(f"stable-{number}"))
    history = ChannelHistory(publisher.session("stable"))
    verify(history, publisher.fetch)
    assert [entry.version for entry in history.entries()] == [5, 4, 3, 2, 1]
    assert [entry.release_id for entry in history.entries()] == [f"stable-{n}" for n in (5, 4, 3, 2, 1)]
    kinds = [entry.verification for entry in history.entries()]
    assert kinds == [Verification.COMMITTED, *[Verification.CURRENT_KEYS] * 4]
    limited = ChannelHistory(publisher.session("stable"), limit=2)
    verify(limited, publisher.fetch)
    assert [entry.version for entry in limited.entries()] == [5, 4]


def test_history_says_what_a_revoked_key_signed(publisher: Publisher) -> None:
    key = new_signer()
    targets = rotate_channel_keys(
        publisher.session().targets,
        channel="stable",
        keys=role_keys(key),
        signers=[publisher.targets_signer],
        now=publisher.clock.now,
    )
    publisher.publish(targets, publisher.signed_move("stable", publisher.releases.add("second"), signer=key))
    history = ChannelHistory(publisher.session("stable"))
    verify(history, publisher.fetch)
    assert [entry.verification for entry in history.entries()] == [Verification.COMMITTED, Verification.OTHER_KEYS]


def test_history_refuses_other_files(publisher: Publisher) -> None:
    publisher.move("stable", publisher.releases.add("second"))
    session = publisher.session("stable")
    cases = [
        (publisher.files()["2.channel-stable.json"], SignatureError, "another version"),
        (publisher.files()["1.channel-beta.json"], FormatError, "another channel"),
        (b" " * (1 << 20), SizeMismatchError, "endless data"),
        (b"{}", FormatError, "not metadata"),
    ]
    for data, error, reason in cases:
        history = ChannelHistory(session)
        with pytest.raises(error):
            history.feed(data)
        assert len(history.entries()) == 1, reason
    missing = ChannelHistory(session)
    missing.feed(None)
    assert missing.next_request() is None


def test_two_daemons_on_one_bucket_give_the_same_answers(publisher: Publisher) -> None:
    other = publisher.repository_on(publisher.bucket)
    publisher.move("stable", publisher.releases.add("second"))
    session = TrustSession(root=publisher.root, now=publisher.clock.now, channel="stable")
    verify(session, lambda request: fetch_from(other, request))
    assert session.resolve().release_id == "second"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"null", "no object"),
        (b'{"format":"artifactd-trust-2"}', "another format"),
        (b'{"format":"artifactd-trust-1","channels":{}}', "no anchor"),
        (b'{"format":"artifactd-trust-1","anchor":"sha256:00","channels":{},"root":""}', "no digest"),
        (b'{"format":["x"],"channels":{}}', "a list as format"),
        (b"[" * 100_000, "nested without end"),
        (b" " * ((16 << 20) + 1), "too large"),
    ],
)
def test_a_state_file_that_is_none(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError):
        TrustedState.from_bytes(data)


def test_a_state_survives_its_file(publisher: Publisher) -> None:
    state = publisher.session("stable").state
    assert TrustedState.from_bytes(state.to_bytes()) == state


def test_a_damaged_state_is_left_out(publisher: Publisher) -> None:
    state = publisher.session("stable").state
    damaged = TrustedState(
        anchor=state.anchor, root=b"{}", timestamp=b"x", snapshot=b"y", targets=b"z", channels={"stable": b"w"}
    )
    session = publisher.session("stable", damaged)
    assert session.discarded == ("root", "timestamp", "snapshot")
    assert session.state == state
