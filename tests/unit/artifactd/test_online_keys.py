"""The daemon's key file."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tuf.api.metadata import Root, Timestamp

from artifactd.client.publish import parse_online_keys
from artifactd.online_keys import OnlineKeys
from schemas.errors import ConfigError, FormatError
from schemas.tuf_metadata import parse
from tests.support.publisher import publisher_with


def test_the_file_is_created_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "online.json"
    first = OnlineKeys.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert OnlineKeys.load_or_create(path).public_keys() == first.public_keys()
    assert [child.name for child in path.parent.iterdir()] == ["online.json"], "no temporary file is left"


def test_daemons_that_start_at_once_agree(tmp_path: Path) -> None:
    path = tmp_path / "online.json"
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: OnlineKeys.load_or_create(path).public_keys(), range(8)))
    assert len(set(keys)) == 1
    assert [child.name for child in tmp_path.iterdir()] == ["online.json"]


def test_only_public_halves_are_given_out() -> None:
    keys = OnlineKeys.generate()
    parsed = parse_online_keys((key.role, key.key_id, key.json) for key in keys.public_keys())
    assert [key.role for key in parsed] == ["snapshot", "timestamp"]
    assert all(set(key.key.to_dict()["keyval"]) == {"public"} for key in parsed)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"[]", "no object"),
        (b'{"format":"artifactd-online-keys-2","keys":[]}', "another format"),
        (b'{"format":"artifactd-online-keys-1","keys":[]}', "no keys"),
        (b'{"format":"artifactd-online-keys-1","keys":[{"role":"snapshot","seed":"00"}]}', "a short seed"),
        (b'{"format":"artifactd-online-keys-1","keys":[{"role":"root","seed":"%s"}]}' % (b"00" * 32), "another role"),
        (b'{"format":"artifactd-online-keys-1","keys":[{"role":"snapshot","seed":"%s"}]}' % (b"00" * 32), "one role"),
        (b"[" * 60_000, "nested without end"),
        (b" " * (1 << 17), "too large"),
    ],
)
def test_a_damaged_file(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "online.json"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(ConfigError):
        OnlineKeys.load_or_create(path)
    assert path.read_bytes() == data, "a damaged file is not replaced"


def test_a_file_open_to_others_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "online.json"
    OnlineKeys.load_or_create(path)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        OnlineKeys.load_or_create(path)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="cannot use"):
        OnlineKeys.load_or_create(tmp_path / "file" / "online.json")


def test_a_root_that_asks_for_other_keys() -> None:
    publisher = publisher_with("stable")
    root = parse("root", Root, publisher.root).signed
    assert len(publisher.online_keys.signers_for("timestamp", root)) == 1
    with pytest.raises(ConfigError, match="does not hold"):
        OnlineKeys.generate().signers_for("timestamp", root)


def test_whose_timestamp_it_is() -> None:
    publisher = publisher_with("stable")
    timestamp = parse("timestamp", Timestamp, publisher.files()["timestamp.json"])
    assert publisher.online_keys.have_signed(timestamp)
    assert not OnlineKeys.generate().have_signed(timestamp)
    edited = publisher.files()["timestamp.json"].replace(b'"version":3}', b'"version":4}')
    assert not publisher.online_keys.have_signed(parse("timestamp", Timestamp, edited))


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ([], "no keys"),
        ([("snapshot", "0" * 64, "{}")], "no key object"),
        ([("snapshot", "0" * 64, "x" * 5000)], "endless"),
        ([("root", "0" * 64, "{}")], "another role"),
        (
            [("snapshot", "0" * 64, '{"keytype":"rsa","scheme":"rsassa-pss-sha256","keyval":{"public":"x"}}')],
            "a kind of key that is not in use",
        ),
        (
            [("snapshot", "zz", '{"keytype":"ed25519","scheme":"ed25519","keyval":{"public":"%s"}}' % ("0" * 64))],
            "a key id that is none",
        ),
        ([("snapshot", "0" * 64, "\ud800")], "no text"),
    ],
)
def test_keys_of_a_lying_service(keys: list[tuple[str, str, str]], reason: str) -> None:
    with pytest.raises(FormatError):
        parse_online_keys(keys)
