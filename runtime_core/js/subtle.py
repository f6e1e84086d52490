"""Keys and the algorithms of SubtleCrypto that the standard library has: SHA-1, SHA-2, HMAC, PBKDF2 and HKDF."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from runtime_core.js.coded_errors import throw_dom
from runtime_core.js.coerce import to_numeric
from runtime_core.js.crypto_keys import JsCryptoKey, algorithm_name, byte_parameter, member, throw_required
from runtime_core.js.values import UNDEFINED, JsObject, JsValue

HASHES: Final[Mapping[str, str]] = {"SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_AES: Final = ("AES-GCM", "AES-CBC", "AES-CTR")
_DERIVING: Final = ("PBKDF2", "HKDF")
KEY_ALGORITHMS: Final = ("HMAC", *_AES, *_DERIVING)
ALGORITHMS: Final[Mapping[str, tuple[str, ...]]] = {
    # what a key is used for -> the algorithms that do that
    "sign": ("HMAC",),
    "verify": ("HMAC",),
    "encrypt": _AES,
    "decrypt": _AES,
    "deriveBits": _DERIVING,
    "deriveKey": _DERIVING,
    "wrapKey": _AES,
    "unwrapKey": _AES,
}
_USAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "HMAC": ("sign", "verify"),
    **dict.fromkeys(_AES, ("encrypt", "decrypt", "wrapKey", "unwrapKey")),
    **dict.fromkeys(_DERIVING, ("deriveKey", "deriveBits")),
}
_FAILED: Final = "The operation failed for an operation-specific reason"
MAX_ITERATIONS: Final = 4_000_000  # of PBKDF2 over all blocks of one call: some seconds
MAX_DERIVED_BYTES: Final = 1 << 16


def digest(name: str, data: bytes) -> bytes:
    """The hash of some bytes."""
    return hashlib.new(HASHES[name], data, usedforsecurity=False).digest()


# ---- keys


def _hash_of(options: JsValue, kind: str) -> str:
    given = member(options, "hash")
    if given is UNDEFINED:
        throw_required("hash", kind)
    return algorithm_name(given, HASHES)


def _integer(value: JsValue, *, least: int, most: int, name: str) -> int:
    number = to_numeric(value)
    if number != number or not least <= number <= most:
        throw_dom(f"algorithm.{name} must be between {least} and {most}", "OperationError")
    return int(number)


def key_bytes(name: str, options: JsValue) -> int:
    """The length of a key to generate.

    Raises:
        JsThrow: NotSupportedError for algorithms without keys of their own, OperationError for a bad length.
    """
    if name in _DERIVING:
        throw_dom("Unrecognized algorithm name", "NotSupportedError")
    length = member(options, "length")
    if name == "HMAC":
        block = hashlib.new(HASHES[_hash_of(options, "HmacKeyGenParams")], usedforsecurity=False).block_size
        if length is UNDEFINED:
            return block
        return (_integer(length, least=1, most=MAX_DERIVED_BYTES * 8, name="length") + 7) // 8
    if length not in (128, 192, 256):
        throw_dom("Invalid key length", "OperationError")
    return int(to_numeric(length)) // 8


def make_key(
    name: str, options: JsValue, data: bytes, *, extractable: bool, usages: tuple[str, ...], is_new: bool = False
) -> JsCryptoKey:
    """A secret key.

    Raises:
        JsThrow: SyntaxError for usages that do not fit, DataError for a bad length.
    """
    hash_name = _hash_of(options, "HmacKeyGenParams" if is_new else "HmacImportParams") if name == "HMAC" else ""
    wrong = next((usage for usage in usages if usage not in _USAGES[name]), None)
    if wrong is not None:
        throw_dom(f"Unsupported key usage for {'an ' if name in _AES else ''}{name} key", "SyntaxError")
    if name in _DERIVING and extractable:
        throw_dom(f"{name} keys are not extractable", "SyntaxError")
    if name in _AES and len(data) not in (16, 24, 32):
        throw_dom("Invalid key length", "DataError")
    if name == "HMAC" and not data:
        throw_dom("Zero-length key is not supported", "DataError")
    if not usages:
        verb = "creating" if is_new else "importing"
        throw_dom(f"Usages cannot be empty when {verb} a secret key.", "SyntaxError")
    algorithm = JsObject({"name": name})
    if name not in _DERIVING:
        algorithm.set("length", len(data) * 8)
    if hash_name:
        algorithm.set("hash", JsObject({"name": hash_name}))
    return JsCryptoKey(name, data, algorithm, extractable=extractable, usages=usages, hash_name=hash_name)


# ---- HMAC


def hmac_sign(key: JsCryptoKey, data: bytes) -> bytes:
    """The signature of some bytes."""
    return hmac.digest(key.data, data, HASHES[key.hash_name])


def hmac_verify(key: JsCryptoKey, signature: bytes, data: bytes) -> bool:
    """Whether a signature belongs to some bytes."""
    return hmac.compare_digest(hmac_sign(key, data), signature)


# ---- derivation


def derive_bits(options: JsValue, key: JsCryptoKey, length: JsValue) -> bytes:
    """Key material from a password (PBKDF2) or from other key material (HKDF).

    Raises:
        JsThrow: OperationError for a length that is no whole number of bytes or parameters beyond the limits.
    """
    bits = to_numeric(length) if length is not None and length is not UNDEFINED else 0
    if bits != bits or bits % 8 or not 0 <= bits <= MAX_DERIVED_BYTES * 8:
        throw_dom("length must be a multiple of 8", "OperationError")
    size = int(bits) // 8
    name = HASHES[_hash_of(options, "Pbkdf2Params" if key.name == "PBKDF2" else "HkdfParams")]
    salt = byte_parameter(options, "salt")
    if key.name == "HKDF":
        return _hkdf(name, key.data, salt, byte_parameter(options, "info"), size)
    blocks = max(1, -(-size // hashlib.new(name, usedforsecurity=False).digest_size))
    most = MAX_ITERATIONS // blocks
    if member(options, "iterations") == 0:
        throw_dom("iterations cannot be zero", "OperationError")
    iterations = _integer(member(options, "iterations"), least=1, most=most, name="iterations")
    return hashlib.pbkdf2_hmac(name, key.data, salt, iterations, size) if size else b""


def _hkdf(name: str, data: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    extracted = hmac.digest(salt or bytes(hashlib.new(name, usedforsecurity=False).digest_size), data, name)
    if size > 255 * len(extracted):
        throw_dom(_FAILED, "OperationError")
    result, block = b"", b""
    for index in range(1, -(-size // len(extracted)) + 1):
        block = hmac.digest(extracted, block + info + bytes([index]), name)
        result += block
    return result[:size]
