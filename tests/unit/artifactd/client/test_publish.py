"""Signing: what every function of the publisher writes, and what it refuses to sign."""

from __future__ import annotations

from datetime import timedelta

import pytest
from securesystemslib.signer import Signer
from tuf.api.metadata import Root, Targets

from artifactd.client.publish import (
    OnlineKey,
    RoleKeys,
    add_channel,
    initial_root,
    initial_targets,
    move_channel,
    remove_channel,
    renew_targets,
    rotate_channel_keys,
    rotate_root,
)
from schemas.digest import Digest
from schemas.errors import ChannelNotFoundError, ConfigError, FormatError, PlatformError
from schemas.tuf_metadata import parse
from schemas.tuf_roles import ReleaseTarget, delegated_channels, delegated_roles, read_channel
from tests.support.publisher import START, new_signer, role_keys

ROOT, OTHER_ROOT, TARGETS, CHANNEL = (new_signer() for _ in range(4))
ONLINE = (
    OnlineKey(role="snapshot", key=new_signer().public_key),
    OnlineKey(role="timestamp", key=new_signer().public_key),
)
RELEASE = ReleaseTarget(digest=Digest.of(b"manifest"), length=8, release_id="r1")


def a_root() -> bytes:
    return initial_root(root=role_keys(ROOT), targets=role_keys(TARGETS), online=ONLINE, signers=[ROOT], now=START).data


def some_targets(*channels: str) -> bytes:
    data = initial_targets(signers=[TARGETS], now=START).data
    for channel in channels:
        data = add_channel(data, channel=channel, keys=role_keys(CHANNEL), signers=[TARGETS], now=START).data
    return data


def test_a_root_names_who_may_sign_what() -> None:
    root = parse("root", Root, a_root()).signed
    assert (root.version, root.expires, root.consistent_snapshot) == (1, START + timedelta(days=365), True)
    named = {role: set(entry.keyids) for role, entry in root.roles.items()}
    assert named == {
        "root": {ROOT.public_key.keyid},
        "targets": {TARGETS.public_key.keyid},
        "snapshot": {ONLINE[0].key.keyid},
        "timestamp": {ONLINE[1].key.keyid},
    }


def test_a_rotated_root_keeps_what_is_not_changed() -> None:
    rotated = rotate_root(a_root(), signers=[ROOT, OTHER_ROOT], now=START, root=role_keys(OTHER_ROOT))
    root = parse("root", Root, rotated.data).signed
    assert root.version == 2
    assert root.roles["root"].keyids == [OTHER_ROOT.public_key.keyid]
    assert root.roles["targets"].keyids == [TARGETS.public_key.keyid]
    assert ROOT.public_key.keyid not in root.keys, "keys that no role uses are dropped"


def test_a_new_lifetime() -> None:
    rotated = rotate_root(a_root(), signers=[ROOT], now=START, lifetime=timedelta(days=10))
    assert parse("root", Root, rotated.data).signed.expires == START + timedelta(days=10)


@pytest.mark.parametrize(
    ("signers", "reason"),
    [([ROOT], "the new key is missing"), ([OTHER_ROOT], "the old key is missing"), ([], "no key at all")],
)
def test_a_rotated_root_needs_old_and_new_keys(signers: list[Signer], reason: str) -> None:
    with pytest.raises(ConfigError, match="too few keys"):
        rotate_root(a_root(), signers=signers, now=START, root=role_keys(OTHER_ROOT))


def test_a_first_root_needs_its_threshold() -> None:
    with pytest.raises(ConfigError, match="too few keys"):
        initial_root(
            root=role_keys(ROOT, OTHER_ROOT, threshold=2),
            targets=role_keys(TARGETS),
            online=ONLINE,
            signers=[ROOT],
            now=START,
        )


def test_channels_come_and_go() -> None:
    data = some_targets("beta", "stable")
    targets = parse("targets", Targets, data).signed
    assert (targets.version, delegated_channels(targets)) == (3, ("beta", "stable"))
    role = delegated_roles(targets)["channel-stable"]
    assert (role.paths, role.terminating, role.threshold) == (["channels/stable/current"], True, 1)
    left = parse("targets", Targets, remove_channel(data, channel="beta", signers=[TARGETS], now=START).data).signed
    assert (left.version, delegated_channels(left)) == (4, ("stable",))
    assert left.delegations is not None
    assert set(left.delegations.keys) == {CHANNEL.public_key.keyid}, "stable still uses the key"


def test_rotated_channel_keys_replace_the_old_ones() -> None:
    key = new_signer()
    data = rotate_channel_keys(
        some_targets("stable"), channel="stable", keys=role_keys(key), signers=[TARGETS], now=START
    ).data
    targets = parse("targets", Targets, data).signed
    assert targets.delegations is not None
    assert set(targets.delegations.keys) == {key.public_key.keyid}


def test_renewed_targets_differ_in_version_and_expiry_only() -> None:
    old = parse("targets", Targets, some_targets("stable")).signed
    data = renew_targets(some_targets("stable"), signers=[TARGETS], now=START + timedelta(days=9)).data
    new = parse("targets", Targets, data).signed
    assert new.version == old.version + 1
    assert new.expires == old.expires + timedelta(days=9)
    assert new.delegations == old.delegations


def test_a_move_says_where_and_when() -> None:
    moved = move_channel(channel="stable", current_version=4, release=RELEASE, signers=[CHANNEL], now=START)
    document = parse("channel-stable", Targets, moved.data)
    assert moved.role == "channel-stable"
    assert document.version == 5
    move = read_channel(document, "stable")
    assert (move.target, move.moved_at) == (RELEASE, START)


def test_signing_is_deterministic() -> None:
    first, second = (
        move_channel(channel="stable", current_version=4, release=RELEASE, signers=[CHANNEL], now=START)
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("channel", "error", "reason"),
    [("stable", ConfigError, "exists"), ("Stable", FormatError, "no name"), ("a*", FormatError, "a pattern")],
)
def test_channels_that_cannot_be_added(channel: str, error: type[PlatformError], reason: str) -> None:
    with pytest.raises(error):
        add_channel(some_targets("stable"), channel=channel, keys=role_keys(CHANNEL), signers=[TARGETS], now=START)


def test_channels_that_do_not_exist() -> None:
    with pytest.raises(ChannelNotFoundError):
        remove_channel(some_targets(), channel="stable", signers=[TARGETS], now=START)
    with pytest.raises(ChannelNotFoundError):
        rotate_channel_keys(some_targets(), channel="x", keys=role_keys(CHANNEL), signers=[TARGETS], now=START)


@pytest.mark.parametrize("threshold", [0, 2, -1])
def test_thresholds_that_cannot_be_reached(threshold: int) -> None:
    with pytest.raises(ConfigError):
        RoleKeys(keys=(ROOT.public_key,), threshold=threshold)
