"""The daemon's own signing keys: for snapshot and timestamp, and for nothing else.

They can make clients see an older or newer combination of what publishers signed, but not one byte that publishers did
not sign. The file holds private keys; every daemon on one bucket needs a copy of it. To replace a key, add the new one
to the file of every daemon, publish a root that names it, then remove the old one. If the file is lost, let the daemon
create another and publish a root that names the new keys.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Root, Timestamp

from schemas.errors import ConfigError
from schemas.tuf_metadata import Document, public_key_json
from schemas.tuf_names import SNAPSHOT, TIMESTAMP

ONLINE_ROLES: Final = (SNAPSHOT, TIMESTAMP)
_FORMAT: Final = "artifactd-online-keys-1"
_MAX_FILE_SIZE: Final = 64 << 10
_SEED_SIZE: Final = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class OnlinePublicKey:
    """The public half of an online key; ``json`` is the TUF key object."""

    role: str
    key_id: str
    json: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    role: str
    private: Ed25519PrivateKey
    signer: CryptoSigner

    @classmethod
    def of(cls, role: str, private: Ed25519PrivateKey) -> Self:
        return cls(role=role, private=private, signer=CryptoSigner(private))


class OnlineKeys:
    """The keys the daemon holds, at least one for each of its two roles."""

    def __init__(self, entries: Sequence[_Entry]) -> None:
        self._entries = tuple(entries)

    @classmethod
    def generate(cls) -> Self:
        """New keys, in memory only."""
        return cls([_Entry.of(role, Ed25519PrivateKey.generate()) for role in ONLINE_ROLES])

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """Read the key file; create it, with mode 0600, where there is none.

        Of several daemons that start at once on one file system one creates the file and all use it.

        Raises:
            ConfigError: the file cannot be read or created, other users can read it, or it is damaged.
        """
        try:
            if not path.exists():
                _create(path, cls.generate()._encode())
            with path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                data = file.read(_MAX_FILE_SIZE + 1)
        except OSError as error:
            raise ConfigError(f"cannot use the online key file {path}: {error.strerror}") from error
        if mode & 0o077:
            raise ConfigError(
                f"the online key file {path} is open to other users",
                expected="600",
                found=f"{mode:o}",
                hint=f"chmod 600 {path}",
            )
        if len(data) > _MAX_FILE_SIZE:
            raise ConfigError(f"the online key file {path} is too large", expected=f"<= {_MAX_FILE_SIZE} bytes")
        try:
            return cls(_decode(data))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            # The cause may quote the file, so it is not shown.
            raise ConfigError(
                f"the online key file {path} is damaged",
                hint="restore it from a backup; with new keys the publisher has to sign a new root",
            ) from error

    def public_keys(self) -> tuple[OnlinePublicKey, ...]:
        """What the publisher has to name in root metadata."""
        return tuple(
            OnlinePublicKey(
                role=entry.role, key_id=entry.signer.public_key.keyid, json=public_key_json(entry.signer.public_key)
            )
            for entry in self._entries
        )

    def signers_for(self, role: str, root: Root) -> tuple[CryptoSigner, ...]:
        """The signers of a role that a root names, if they reach its threshold.

        Raises:
            ConfigError: the root asks for keys that this daemon does not hold.
        """
        wanted = root.roles[role]
        signers = tuple(
            entry.signer
            for entry in self._entries
            if entry.role == role and _same_key(root, entry.signer.public_key, wanted.keyids)
        )
        if len(signers) < wanted.threshold:
            raise ConfigError(
                f"root v{root.version} asks for {role} keys that this daemon does not hold",
                expected=", ".join(key_id[:12] for key_id in wanted.keyids),
                found=", ".join(e.signer.public_key.keyid[:12] for e in self._entries if e.role == role),
                hint="use one online key file on every daemon of a bucket, or artifactctl renew --replace-online-keys",
            )
        return signers

    def have_signed(self, timestamp: Document[Timestamp]) -> bool:
        """Whether one of the daemon's own keys made a valid signature of this timestamp."""
        for entry in self._entries:
            signature = timestamp.signatures.get(entry.signer.public_key.keyid)
            if entry.role != TIMESTAMP or signature is None:
                continue
            try:
                entry.signer.public_key.verify_signature(signature, timestamp.payload)
            except UnverifiedSignatureError:
                continue
            return True
        return False

    def _encode(self) -> bytes:
        keys = [
            # The seed is the whole private key (RFC 8032, section 5.1.5).
            {"role": entry.role, "seed": entry.private.private_bytes_raw().hex()}
            for entry in self._entries
        ]
        return json.dumps({"format": _FORMAT, "keys": keys}, indent=1).encode("ascii")


def _same_key(root: Root, key: SSlibKey, key_ids: Sequence[str]) -> bool:
    if key.keyid not in key_ids:
        return False
    return bool(root.keys[key.keyid].keyval == key.keyval)


def _decode(data: bytes) -> list[_Entry]:
    value = json.loads(data)
    if value["format"] != _FORMAT:
        raise ValueError("another format")
    entries = []
    for item in value["keys"]:
        seed = bytes.fromhex(item["seed"])
        if len(seed) != _SEED_SIZE or item["role"] not in ONLINE_ROLES:
            raise ValueError("not an online key")
        entries.append(_Entry.of(item["role"], Ed25519PrivateKey.from_private_bytes(seed)))
    if {entry.role for entry in entries} != set(ONLINE_ROLES):
        raise ValueError("a role has no key")
    return entries


def _create(path: Path, data: bytes) -> None:
    """Create a file with its contents at once: a link appears whole or not at all, and never replaces another."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        temporary.unlink()
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
