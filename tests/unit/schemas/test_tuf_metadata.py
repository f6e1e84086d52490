"""Metadata is read more strictly than python-tuf does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from schemas.errors import ExpiredMetadataError, FormatError, SignatureError, SizeMismatchError
from schemas.tuf_metadata import check_not_expired, parse, verify_signatures
from schemas.tuf_names import channel_role, channel_target, check_channel_name, max_size, parse_file_name
from tests.support.publisher import START, publisher_with

KINDS: dict[str, tuple[type[Any], str]] = {
    "root": (Root, "1.root.json"),
    "timestamp": (Timestamp, "timestamp.json"),
    "snapshot": (Snapshot, "3.snapshot.json"),
    "targets": (Targets, "2.targets.json"),
    "channel-stable": (Targets, "1.channel-stable.json"),
}


def read(role: str, change: Callable[[Any], None]) -> Any:
    kind, name = KINDS[role]
    value = json.loads(publisher_with("stable").files()[name])
    change(value)
    return parse(role, kind, json.dumps(value).encode())


def put(*path: str | int, value: object) -> Callable[[Any], None]:
    """Set what is at a path of keys, ``*`` being the first of an object."""

    def change(node: Any) -> None:
        *parents, last = path
        for key in parents:
            node = node[next(iter(node)) if key == "*" else key]
        node[next(iter(node)) if last == "*" else last] = value

    return change


def repeated_public_key(root: Any) -> None:
    keys = root["signed"]["keys"]
    first = next(iter(keys.values()))
    for key in keys.values():
        key["keyval"] = first["keyval"]


REFUSED: list[tuple[str, Callable[[Any], None], str]] = [
    ("root", put("signed", "version", value=1.0), "a float as version"),
    ("root", put("signed", "version", value=True), "a truth value as version"),
    ("root", put("signed", "version", value="1"), "a string as version"),
    ("root", put("signed", "version", value=0), "version zero"),
    ("root", put("signed", "version", value=2**53), "a version beyond what JSON readers agree on"),
    ("root", put("signed", "_type", value="targets"), "another type"),
    ("root", put("signed", "_type", value=["root"]), "a list as type"),
    ("root", put("signed", "spec_version", value="2.0.0"), "another specification"),
    ("root", put("signed", "expires", value="tomorrow"), "no time"),
    ("root", put("signed", "expires", value="2026-03-01T12:00:00+01:00"), "another time zone"),
    ("root", put("signed", "extra", value="\ud800"), "no Unicode text"),
    ("root", put("signed", "extra", value=1e400), "infinity"),
    ("root", put("signed", "roles", "root", "threshold", value=0), "a threshold of zero"),
    ("root", put("signed", "roles", "root", "threshold", value=True), "a truth value as threshold"),
    ("root", put("signed", "roles", "root", "threshold", value=1.5), "a float as threshold"),
    ("root", put("signed", "roles", "root", "threshold", value=4), "a threshold beyond the keys"),
    ("root", put("signed", "roles", "root", "keyids", value="ab"), "a string as key ids"),
    ("root", put("signed", "roles", "root", "keyids", value=["0" * 64]), "a key id without key"),
    ("root", put("signed", "roles", "root", "keyids", 0, value={}), "an object as key id"),
    ("root", put("signed", "keys", "*", "keytype", value="rsa"), "another kind of key"),
    ("root", put("signed", "keys", "*", "scheme", value="ecdsa"), "another scheme"),
    ("root", put("signed", "keys", "*", "keyval", value={}), "no public key"),
    ("root", put("signed", "keys", "*", "keyval", "public", value="00"), "a short public key"),
    ("root", repeated_public_key, "one key under several ids, which would count several times"),
    ("root", put("signatures", value={"keyid": "x"}), "signatures that are no list"),
    ("root", put("signatures", 0, "sig", value="zz"), "a signature that is not hex"),
    ("root", put("signatures", 0, "sig", value=5), "a number as signature"),
    ("root", put("signatures", 0, "keyid", value=[]), "a list as key id"),
    ("root", lambda v: v["signatures"].append(v["signatures"][0]), "a signature twice"),
    (
        "root",
        lambda v: v["signatures"].extend({"keyid": f"{n:064x}", "sig": "0" * 128} for n in range(64)),
        "too many signatures",
    ),
    ("timestamp", put("signed", "meta", value={}), "no snapshot"),
    ("timestamp", put("signed", "meta", "snapshot.json", "version", value=1.0), "a float as version"),
    ("timestamp", put("signed", "meta", "snapshot.json", "length", value=None), "no length"),
    ("snapshot", put("signed", "meta", "targets.json", value={"version": 1}), "no hash"),
    ("snapshot", put("signed", "meta", "targets.json", "hashes", value={"md5": "0" * 32}), "another hash"),
    ("snapshot", put("signed", "meta", "targets.json", "hashes", "sha512", value="0" * 128), "a second hash"),
    ("snapshot", put("signed", "meta", "targets.json", "length", value=-1), "a negative length"),
    ("snapshot", put("signed", "meta", value=[]), "a list of files"),
    ("targets", put("signed", "delegations", "roles", 0, "terminating", value=1), "a number as truth value"),
    ("targets", put("signed", "delegations", "roles", 0, "paths", value=[1]), "a number as path"),
    ("targets", put("signed", "delegations", "roles", 0, "name", value=5), "a number as name"),
    ("targets", put("signed", "delegations", value={"keys": {}, "succinct_roles": {}}), "hash bins"),
    ("channel-stable", put("signed", "targets", "*", "length", value=True), "a truth value as length"),
    ("channel-stable", put("signed", "targets", "*", "hashes", "sha256", value="AB" * 32), "upper case hex"),
    ("channel-stable", put("signed", "targets", value=[]), "a list of targets"),
]


@pytest.mark.parametrize(("role", "change", "reason"), REFUSED, ids=[f"{c[0]}: {c[2]}" for c in REFUSED])
def test_metadata_that_is_none(role: str, change: Callable[[Any], None], reason: str) -> None:
    with pytest.raises(FormatError):
        read(role, change)


@pytest.mark.parametrize("role", list(KINDS))
def test_metadata_of_every_role_is_read(role: str) -> None:
    document = read(role, lambda value: None)
    assert document.role == role
    assert document.version >= 1


def test_repeated_keys_are_refused() -> None:
    data = publisher_with("stable").files()["timestamp.json"]
    with pytest.raises(FormatError, match="duplicate key"):
        parse("timestamp", Timestamp, data.replace(b'"version":', b'"version":9,"version":', 1))


def test_unknown_fields_are_signed_and_kept() -> None:
    """The specification lets publishers add fields; they are covered by the signature."""
    publisher = publisher_with("stable")
    data = publisher.files()["1.root.json"]
    root = parse("root", Root, data).signed
    added = json.loads(data)
    added["signed"]["note"] = "hello"
    with pytest.raises(SignatureError):
        verify_signatures(parse("root", Root, json.dumps(added).encode()), root, by="root")


def test_an_expiry_is_exclusive() -> None:
    document = parse("timestamp", Timestamp, publisher_with("stable").files()["timestamp.json"])
    check_not_expired(document, START + timedelta(days=1, seconds=-1), hint="")
    with pytest.raises(ExpiredMetadataError, match="2026-03-02T12:00:00Z"):
        check_not_expired(document, START + timedelta(days=1), hint="")


@pytest.mark.parametrize("role", list(KINDS))
def test_every_role_has_a_cap(role: str) -> None:
    with pytest.raises(SizeMismatchError):
        parse(role, KINDS[role][0], b" " * (max_size(role) + 1))


def test_names() -> None:
    assert channel_role("a-b_1") == "channel-a-b_1"
    assert channel_target("stable") == "channels/stable/current"
    assert str(parse_file_name("7.channel-a-b_1.json")) == "7.channel-a-b_1.json"
    assert check_channel_name("x" * 64) == "x" * 64
    for name in ("mirrors", "channel-", "channel-A", ""):
        with pytest.raises(FormatError):
            max_size(name)
