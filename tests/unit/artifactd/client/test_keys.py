"""The publisher's key directory."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from artifactd.client.keys import (
    KeyDirectory,
    KeyExistsError,
    KeyNotFoundError,
    KeyPasswordError,
    role_of_key,
)
from schemas.errors import ConfigError, FormatError, PlatformError


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_is_created_private_and_signs(tmp_path: Path) -> None:
    keys = KeyDirectory(tmp_path / "deep" / "keys")
    public = keys.create("root")
    assert mode_of(keys.path) == 0o700
    assert mode_of(keys.path / "root.pem") == 0o600
    signer = keys.signer("root")
    assert signer.public_key == public.key == keys.public_key("root").key
    public.key.verify_signature(signer.sign(b"data"), b"data")
    assert public.key_id == signer.public_key.keyid
    assert not keys.is_encrypted("root")


def test_an_encrypted_key_needs_its_password(tmp_path: Path) -> None:
    keys = KeyDirectory(tmp_path / "keys")
    public = keys.create("channel-stable", password=b"correct horse")
    assert keys.is_encrypted("channel-stable")
    assert keys.public_key("channel-stable") == public, "the public half needs no password"
    assert keys.signer("channel-stable", password=b"correct horse").public_key == public.key
    for password, reason in ((None, "none given"), (b"", "empty"), (b"wrong", "another one")):
        with pytest.raises(KeyPasswordError):
            keys.signer("channel-stable", password=password)
        assert reason


def test_a_password_for_a_plain_key_is_ignored(tmp_path: Path) -> None:
    keys = KeyDirectory(tmp_path / "keys")
    keys.create("targets")
    assert keys.signer("targets", password=b"unneeded").public_key == keys.public_key("targets").key


@pytest.mark.parametrize("leftover", ["root.pem", "root.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, leftover: str) -> None:
    keys = KeyDirectory(tmp_path / "keys")
    keys.path.mkdir(mode=0o700)
    (keys.path / leftover).write_bytes(b"precious")
    with pytest.raises(KeyExistsError):
        keys.create("root")
    assert [path.name for path in keys.path.iterdir()] == [leftover]
    assert (keys.path / leftover).read_bytes() == b"precious"


def test_a_public_half_that_was_lost_is_made_again(tmp_path: Path) -> None:
    keys = KeyDirectory(tmp_path / "keys")
    public = keys.create("root")
    (keys.path / "root.pub").unlink()
    assert keys.public_key("root") == public
    keys.create("targets", password=b"secret")
    (keys.path / "targets.pub").unlink()
    with pytest.raises(KeyNotFoundError, match="encrypted"):
        keys.public_key("targets")


def test_names_by_role(tmp_path: Path) -> None:
    keys = KeyDirectory(tmp_path / "keys")
    assert keys.names() == ()
    for _ in range(11):
        keys.create(keys.next_name("root"))
    keys.create("channel-a")
    keys.create("channel-a-2")
    assert keys.names_for("root") == ("root", *(f"root.{n}" for n in range(2, 12)))
    assert keys.names_for("channel-a") == ("channel-a",)
    assert keys.next_name("channel-b") == "channel-b"
    assert role_of_key("channel-a.3") == "channel-a"


@pytest.mark.parametrize(
    "name", ["", "snapshot", "timestamp", "../root", "root.1", "root.100", "root.pem", "channel-", "channel-A", "a/b"]
)
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    keys = KeyDirectory(tmp_path / "keys")
    for use in (keys.create, keys.signer, keys.public_key, keys.is_encrypted):
        with pytest.raises(FormatError):
            use(name)
    assert not keys.path.exists()


def test_a_missing_key(tmp_path: Path) -> None:
    keys = KeyDirectory(tmp_path / "keys")
    for use in (keys.signer, keys.public_key, keys.is_encrypted):
        with pytest.raises(KeyNotFoundError, match="artifactctl init"):
            use("root")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no key inside"),
        (b"x" * (1 << 16), "too large"),
    ],
)
def test_a_damaged_key(tmp_path: Path, data: bytes, reason: str) -> None:
    keys = KeyDirectory(tmp_path / "keys")
    keys.create("root")
    (keys.path / "root.pem").write_bytes(data)
    (keys.path / "root.pub").write_bytes(data)
    with pytest.raises(ConfigError):
        keys.signer("root")
    with pytest.raises(ConfigError):
        keys.public_key("root")


@pytest.mark.parametrize(("file", "mode"), [("root.pem", 0o640), ("root.pem", 0o604)])
def test_keys_open_to_others_are_not_used(tmp_path: Path, file: str, mode: int) -> None:
    keys = KeyDirectory(tmp_path / "keys")
    keys.create("root")
    (keys.path / file).chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        keys.signer("root")


def test_a_directory_open_to_others_gets_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.mkdir()
    path.chmod(0o755)
    with pytest.raises(ConfigError, match="chmod 700"):
        KeyDirectory(path).create("root")
    assert list(path.iterdir()) == []


def test_a_path_that_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(b"")
    with pytest.raises(PlatformError):
        KeyDirectory(path).create("root")
