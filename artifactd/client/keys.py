"""The publisher's private keys: a directory that never leaves the publisher's machine.

``<name>.pem`` is an ed25519 private key (PKCS#8, encrypted when a password was given, mode 0600) and ``<name>.pub``
its public half as a TUF key object, so that metadata which only names a key needs no password. Key names are role
names, ``root``, ``targets`` or ``channel-<name>``; further keys of a role are ``root.2``, ``root.3`` and so on. A key
that was replaced is kept as ``<name>.<key id>.retired`` and signs nothing any more.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, Key, SSlibKey

from schemas.errors import ConfigError, FormatError
from schemas.tuf_metadata import parse_public_key, public_key_json
from schemas.tuf_names import ROOT, TARGETS, channel_of_role

_NAME: Final = re.compile(r"([a-z0-9_-]+)(?:\.([2-9]|[1-9][0-9]))?", re.ASCII)
_MAX_FILE_SIZE: Final = 16 << 10
_ENCRYPTED_MARK: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


class KeyExistsError(ConfigError):
    """A key of this name exists; keys are never overwritten."""

    code: ClassVar[str] = "key-exists"


class KeyNotFoundError(ConfigError):
    """The key directory has no key of this name."""

    code: ClassVar[str] = "key-not-found"


class KeyPasswordError(ConfigError):
    """The private key is encrypted and the password is missing or wrong."""

    code: ClassVar[str] = "key-password"


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicKey:
    """The public half of a key. ``key`` is the TUF key object."""

    name: str
    key: Key

    @property
    def key_id(self) -> str:
        """The TUF key id, 64 hex digits."""
        return self.key.keyid


class KeyDirectory:
    """The keys of one publisher, one file pair per key."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, name: str, *, password: bytes | None = None) -> PublicKey:
        """Create a key pair; the directory, too, with mode 0700.

        Raises:
            KeyExistsError: there is a key of this name.
            ConfigError: the directory cannot be written, or others can write or read it.
        """
        role_of_key(name)
        private = Ed25519PrivateKey.generate()
        public = SSlibKey.from_crypto(private.public_key())
        encryption: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_private(self.path)
            if self._private_path(name).exists() or self._public_path(name).exists():
                raise self._exists(name)
            # The private half is the one that decides who created the key; the public half follows from it.
            _write_new(self._private_path(name), pem, 0o600)
            _write_new(self._public_path(name), _public_file(public), 0o644)
        except FileExistsError as error:
            raise self._exists(name) from error
        except OSError as error:
            raise ConfigError(f"cannot create key {name} in {self.path}: {error.strerror}") from error
        return PublicKey(name=name, key=public)

    def signer(self, name: str, *, password: bytes | None = None) -> CryptoSigner:
        """The private key, ready to sign.

        Raises:
            KeyNotFoundError: there is no such key.
            KeyPasswordError: the key is encrypted and the password is missing or wrong.
            ConfigError: the file is damaged, or others can read it.
        """
        path = self._private_path(name)
        self._check_private(path)
        pem = self._read(name, path)
        encrypted = pem.startswith(_ENCRYPTED_MARK)
        if encrypted and not password:
            raise KeyPasswordError(f"key {name} is encrypted", hint="give its password")
        try:
            private = load_pem_private_key(pem, password if encrypted else None)
        except ValueError as error:
            if encrypted:
                raise KeyPasswordError(f"key {name} cannot be decrypted", hint="check the password") from error
            raise ConfigError(f"{path} is not a private key", expected="PKCS#8 PEM") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise ConfigError(f"{path} is a key of another kind", expected="ed25519")
        return CryptoSigner(private)

    def public_key(self, name: str) -> PublicKey:
        """The public half; needs no password.

        Raises:
            KeyNotFoundError: there is no such key.
            ConfigError: the file is damaged.
        """
        path = self._public_path(name)
        if not path.exists() and self._private_path(name).exists():
            # A creation that was interrupted, or a backup of the private half alone.
            if self.is_encrypted(name):
                hint = "restore the .pub file, or remove the .pem file and create another key"
                raise KeyNotFoundError(f"the public half of the encrypted key {name} is missing", hint=hint)
            return PublicKey(name=name, key=self.signer(name).public_key)
        text = self._read(name, path)
        try:
            key_id, _, body = text.decode("ascii").partition("\n")
            return PublicKey(name=name, key=parse_public_key(key_id, body))
        except (FormatError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not a public key file", hint="restore it from a backup") from error

    def is_encrypted(self, name: str) -> bool:
        """Whether the private key needs a password."""
        return self._read(name, self._private_path(name)).startswith(_ENCRYPTED_MARK)

    def names(self) -> tuple[str, ...]:
        """The names of all keys, sorted."""
        if not self.path.is_dir():
            return ()
        return tuple(sorted(p.stem for p in self.path.glob("*.pem") if _NAME.fullmatch(p.stem)))

    def names_for(self, role: str) -> tuple[str, ...]:
        """The names of the keys of one role: ``role``, ``role.2`` and so on."""
        return tuple(sorted((n for n in self.names() if n.partition(".")[0] == role), key=_key_number))

    def next_name(self, role: str) -> str:
        """A name for one more key of a role: the role itself for the first, then ``role.2`` and so on."""
        taken = self.names_for(role)
        return role if not taken else f"{role}.{max(_key_number(name) for name in taken) + 1}"

    def retire(self, name: str) -> None:
        """Take a key out of use; its private half stays, under another name.

        Raises:
            KeyNotFoundError: there is no such key.
            ConfigError: the directory cannot be written.
        """
        key_id = self.public_key(name).key_id
        try:
            self._private_path(name).rename(self.path / f"{name}.{key_id[:16]}.retired")
            self._public_path(name).unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot retire key {name} in {self.path}: {error.strerror}") from error

    def _private_path(self, name: str) -> Path:
        role_of_key(name)
        return self.path / f"{name}.pem"

    def _public_path(self, name: str) -> Path:
        role_of_key(name)
        return self.path / f"{name}.pub"

    def _exists(self, name: str) -> KeyExistsError:
        hint = "keys are never overwritten: choose another directory or another name"
        return KeyExistsError(f"{self.path} has a key named {name}", hint=hint)

    def _read(self, name: str, path: Path) -> bytes:
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_FILE_SIZE + 1)
        except FileNotFoundError as error:
            hint = (
                "give the publisher's keys (--keys or ARTIFACTD_KEYS); a new publisher starts with `artifactctl init`"
            )
            raise KeyNotFoundError(f"{self.path} has no key named {name}", hint=hint) from error
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}") from error
        if len(data) > _MAX_FILE_SIZE:
            raise ConfigError(f"{path} is too large for a key", expected=f"<= {_MAX_FILE_SIZE} bytes")
        return data

    def _check_private(self, path: Path) -> None:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            return  # the read that follows tells what is wrong
        if mode & 0o077:
            wanted = "700" if path.is_dir() else "600"
            raise ConfigError(
                f"{path} is open to other users", expected=wanted, found=f"{mode:o}", hint=f"chmod {wanted} {path}"
            )


def role_of_key(name: str) -> str:
    """The role a key name belongs to.

    Raises:
        FormatError: it is not a key name.
    """
    match = _NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None or (match[1] not in (ROOT, TARGETS) and channel_of_role(match[1]) is None):
        raise FormatError(
            "not a key name", expected="root, targets or channel-<name>, then perhaps .2", found=repr(name)[:80]
        )
    return match[1]


def _key_number(name: str) -> int:
    return int(name.partition(".")[2] or 1)


def _public_file(key: Key) -> bytes:
    return f"{key.keyid}\n{public_key_json(key)}\n".encode("ascii")


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Create a file that did not exist, durably and with its final mode from the first moment."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
