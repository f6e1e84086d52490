"""Signed metadata: bytes to checked values, verification of signatures, and signing.

This is the only place that hands foreign bytes to python-tuf. Its parser is lenient where the specification leaves
room (floats and booleans as versions, repeated JSON keys, any key type, key ids that do not belong to their key), so
the bytes are read strictly first, and the values it makes are checked again. Nothing here does I/O or reads a clock.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar, cast

from securesystemslib.exceptions import Error as SecuresystemslibError
from securesystemslib.signer import Key, Signature, Signer, SSlibKey
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Role, Root, Signed, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError, SerializationError

from schemas import strict_json
from schemas.digest import Digest
from schemas.errors import DigestMismatchError, ExpiredMetadataError, FormatError, SignatureError, SizeMismatchError
from schemas.tuf_names import MAX_VERSION, max_size

T = TypeVar("T", Root, Targets, Snapshot, Timestamp)

MAX_KEYS_PER_ROLE: Final = 32
_MAX_DEPTH: Final = 16
_MAX_SIGNATURES: Final = 64
_HEX_256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HEX_512: Final = re.compile(r"[0-9a-f]{128}", re.ASCII)
_ED25519: Final = "ed25519"
_SHA256: Final = "sha256"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedMetadata:
    """One metadata file on its way between publisher and service: ``data`` are the exact bytes that are stored."""

    role: str
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Document(Generic[T]):
    """A well-formed metadata file. Being well formed says nothing about trust: see :func:`verify_signatures`.

    ``signed`` must not be modified; ``payload`` is the canonical form that the signatures cover.
    """

    role: str
    data: bytes
    signed: T
    payload: bytes
    signatures: Mapping[str, Signature]

    @property
    def version(self) -> int:
        """The version number of the metadata."""
        return self.signed.version

    @property
    def digest(self) -> Digest:
        """The digest of the stored bytes."""
        return Digest.of(self.data)


def parse(role: str, kind: type[T], data: bytes) -> Document[T]:
    """Read metadata of a role.

    Raises:
        SizeMismatchError: more bytes than the role may have.
        FormatError: the bytes are not metadata of this kind.
    """
    cap = max_size(role)
    if len(data) > cap:
        raise SizeMismatchError(f"metadata of {role} is too large", expected=f"<= {cap} bytes", found=len(data))
    _check_json(role, data)
    try:
        metadata: Metadata[T] = Metadata.from_bytes(data)
        # The same canonical JSON that python-tuf signs and verifies.
        payload = metadata.signed_bytes
    except (DeserializationError, SerializationError) as error:
        cause = error.__cause__
        raise FormatError(f"metadata of {role} is malformed: {cause!r:.200}") from error
    if not isinstance(metadata.signed, kind):
        raise FormatError(f"not metadata of {role}", expected=kind.type, found=repr(metadata.signed.type)[:40])
    _check_common(role, metadata.signed, metadata.signatures)
    return Document(role=role, data=data, signed=metadata.signed, payload=payload, signatures=metadata.signatures)


def verify_signatures(document: Document[T], delegator: Root | Targets, *, by: str) -> None:
    """Check that a document carries the threshold of signatures its delegator asks for.

    ``by`` names the delegator for people ("root v3").

    Raises:
        SignatureError: the threshold is not reached, or the delegator does not know the role.
    """
    try:
        result = delegator.get_verification_result(document.role, document.payload, dict(document.signatures))
    except (ValueError, RepositoryError, SecuresystemslibError) as error:
        raise SignatureError(f"{by} does not delegate to {document.role}") from error
    if not result:
        raise SignatureError(
            f"{document.role} v{document.version} is not signed as {by} requires",
            expected=f"{result.threshold} valid signature(s) of its {len(result.signed) + len(result.unsigned)} keys",
            found=len(result.signed),
        )


def check_not_expired(document: Document[T], now: datetime, *, hint: str) -> None:
    """Refuse metadata past its expiry.

    Raises:
        ExpiredMetadataError: ``now`` is at or after the expiry.
    """
    if document.signed.is_expired(now):
        raise ExpiredMetadataError(
            f"{document.role} v{document.version} has expired",
            expected=f"valid at {format_time(now)}",
            found=f"expiry {format_time(document.signed.expires)}",
            hint=hint,
        )


def check_meta(meta: MetaFile, name: str, data: bytes) -> None:
    """Check bytes against the length and sha256 under which a snapshot or timestamp lists them.

    Raises:
        SizeMismatchError, DigestMismatchError: they are other bytes.
    """
    if meta.length is not None and meta.length != len(data):
        raise SizeMismatchError(f"{name} has another length than was signed", expected=meta.length, found=len(data))
    expected = (meta.hashes or {}).get(_SHA256)
    found = hashlib.sha256(data).hexdigest()
    if expected is not None and expected != found:
        raise DigestMismatchError(f"{name} is not the file that was signed", expected=expected, found=found)


def meta_of(
    document: Document[Root] | Document[Targets] | Document[Snapshot] | Document[Timestamp],
) -> MetaFile:
    """The entry under which a snapshot or timestamp lists a document: version, length and sha256."""
    return MetaFile(document.version, len(document.data), {_SHA256: document.digest.hex})


def sign(role: str, signed: T, signers: Iterable[Signer]) -> Document[T]:
    """Serialise and sign metadata, and read the result back with the rules that every reader applies.

    Raises:
        FormatError: the values do not make valid metadata.
    """
    metadata = Metadata(signed)
    for signer in signers:
        metadata.sign(signer, append=True)
    return parse(role, type(signed), metadata.to_bytes())


def public_key_json(key: Key) -> str:
    """A public key as the TUF key object, in JSON."""
    return json.dumps(key.to_dict(), sort_keys=True)


def parse_public_key(key_id: str, text: str) -> SSlibKey:
    """Read a TUF key object; only ed25519 keys are in use.

    Raises:
        FormatError: it is not such a key.
    """
    if len(text) > 4096:
        raise FormatError("a public key is too large", expected="<= 4096 characters", found=len(text))
    value = _check_json("a public key", text.encode("utf-8", "surrogatepass"))
    try:
        key = Key.from_dict(key_id, value)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"not a TUF key object: {error!r:.200}") from error
    _check_keys("a public key", {key_id: key})
    return cast("SSlibKey", key)


def check_role_keys(where: str, role: Role, keys: Mapping[str, Key]) -> None:
    """Check that a role's key ids and threshold make sense, so that one key never counts twice.

    Raises:
        FormatError: they do not.
    """
    ids = role.keyids
    if not isinstance(ids, list) or not all(isinstance(i, str) and i in keys for i in ids):
        raise FormatError(f"{where} names keys it does not define")
    if len(ids) > MAX_KEYS_PER_ROLE:
        raise FormatError(f"{where} names too many keys", expected=f"<= {MAX_KEYS_PER_ROLE}", found=len(ids))
    if type(role.threshold) is not int or not 1 <= role.threshold <= len(ids):
        raise FormatError(
            f"{where} has an impossible threshold", expected=f"1 to {len(ids)}", found=repr(role.threshold)[:40]
        )


def format_time(moment: datetime) -> str:
    """A UTC time as TUF writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _check_common(role: str, signed: Signed, signatures: Mapping[str, Signature]) -> None:
    if type(signed.version) is not int or not 1 <= signed.version <= MAX_VERSION:
        raise FormatError(f"{role} has no usable version", found=repr(signed.version)[:40])
    if len(signatures) > _MAX_SIGNATURES:
        raise FormatError(f"{role} has too many signatures", expected=f"<= {_MAX_SIGNATURES}", found=len(signatures))
    for key_id, signature in signatures.items():
        if not _is_hex(_HEX_256, key_id) or not _is_hex(_HEX_512, signature.signature):
            raise FormatError(f"{role} has a malformed signature", expected="an ed25519 signature in hex")
    if isinstance(signed, Root):
        _check_keys(role, signed.keys)
        for name, delegated in signed.roles.items():
            check_role_keys(f"{role}, role {name},", delegated, signed.keys)
    elif isinstance(signed, Targets):
        _check_targets(role, signed)
    elif isinstance(signed, Snapshot):
        _check_meta_files(role, signed.meta)
    elif isinstance(signed, Timestamp):
        _check_meta_files(role, {"snapshot.json": signed.snapshot_meta})


def _check_keys(where: str, keys: Mapping[str, Key]) -> None:
    publics = set()
    for key_id, key in keys.items():
        public = key.keyval.get("public") if isinstance(key.keyval, dict) else None
        if not _is_hex(_HEX_256, key_id) or (key.keytype, key.scheme) != (_ED25519, _ED25519):
            raise FormatError(
                f"{where} has a key of a kind that is not in use",
                expected="ed25519, key id of 64 hex digits",
                found=f"{key.keytype}/{key.scheme}"[:80],
            )
        if not _is_hex(_HEX_256, public) or public in publics:
            raise FormatError(f"{where} has a malformed or repeated public key", found=repr(public)[:80])
        publics.add(public)


def _check_targets(role: str, targets: Targets) -> None:
    if targets.delegations is not None:
        if targets.delegations.roles is None:
            raise FormatError(f"{role} uses hash-bin delegations", expected="one delegation per channel")
        _check_keys(role, targets.delegations.keys)
        for name, delegated in targets.delegations.roles.items():
            if not isinstance(name, str) or type(delegated.terminating) is not bool:
                raise FormatError(f"{role} has a malformed delegation", found=repr(name)[:80])
            check_role_keys(f"{role}, role {name[:80]},", delegated, targets.delegations.keys)
    for path, target in targets.targets.items():
        _check_length_and_hashes(f"{role}, target {path[:80]},", target.length, target.hashes)


def _check_meta_files(role: str, files: Mapping[str, MetaFile]) -> None:
    for name, meta in files.items():
        if type(meta.version) is not int or not 1 <= meta.version <= MAX_VERSION:
            raise FormatError(f"{role} lists {name[:80]} without a usable version", found=repr(meta.version)[:40])
        _check_length_and_hashes(f"{role}, file {name[:80]},", meta.length, meta.hashes)


def _check_length_and_hashes(where: str, length: object, hashes: object) -> None:
    if type(length) is not int or not 0 <= length <= MAX_VERSION:
        raise FormatError(f"{where} has no usable length", found=repr(length)[:40])
    if not isinstance(hashes, dict) or set(hashes) != {_SHA256} or not _is_hex(_HEX_256, hashes[_SHA256]):
        raise FormatError(f"{where} has no usable hash", expected="exactly one sha256", found=repr(hashes)[:80])


def _is_hex(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _check_json(where: str, data: bytes) -> dict[str, object]:
    """Read JSON without what canonical JSON cannot carry or what two readers could read differently."""
    value = strict_json.loads(data, what=where)
    _check_value(where, value, 0)
    if not isinstance(value, dict):
        raise FormatError(f"{where} is not a JSON object")
    return value


def _check_value(where: str, value: object, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise FormatError(f"{where} is nested too deeply", expected=f"<= {_MAX_DEPTH} levels")
    if isinstance(value, dict):
        for key, item in value.items():
            _check_value(where, key, depth + 1)
            _check_value(where, item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_value(where, item, depth + 1)
    elif isinstance(value, str):
        if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
            raise FormatError(f"{where} has a string that is not Unicode text")
    elif isinstance(value, float) or (isinstance(value, int) and abs(value) > MAX_VERSION):
        raise FormatError(f"{where} has a number out of range", expected=f"an integer <= {MAX_VERSION}")
