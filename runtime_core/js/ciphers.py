"""AES for SubtleCrypto, over the library ``cryptography``; imported when it is first used."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from runtime_core.js.buffers import bytes_view
from runtime_core.js.coded_errors import throw_dom
from runtime_core.js.coerce import to_numeric
from runtime_core.js.crypto_keys import JsCryptoKey, byte_parameter, member
from runtime_core.js.values import UNDEFINED, JsValue

MAX_CIPHER_BYTES: Final = 1 << 28
_TAG_BITS: Final = (32, 64, 96, 104, 112, 120, 128)
_FAILED: Final = "The operation failed for an operation-specific reason"
_BLOCK_BITS: Final = 128


def encrypt(options: JsValue, key: JsCryptoKey, data: bytes) -> bytes:
    """The encrypted bytes, with the tag at the end for AES-GCM.

    Raises:
        JsThrow: OperationError for parameters that do not fit.
    """
    _check_size(data)
    if key.name == "AES-GCM":
        size = _tag_bytes(options)
        gcm = Cipher(algorithms.AES(key.data), modes.GCM(_vector(options))).encryptor()
        gcm.authenticate_additional_data(_additional(options))
        return gcm.update(data) + gcm.finalize() + gcm.tag[:size]
    encryptor = Cipher(algorithms.AES(key.data), _mode(options, key.name)).encryptor()
    if key.name == "AES-CBC":
        padder = padding.PKCS7(_BLOCK_BITS).padder()
        data = padder.update(data) + padder.finalize()
    return encryptor.update(data) + encryptor.finalize()


def decrypt(options: JsValue, key: JsCryptoKey, data: bytes) -> bytes:
    """The decrypted bytes.

    Raises:
        JsThrow: OperationError for bytes that were not made with this key and these parameters.
    """
    _check_size(data)
    try:
        if key.name == "AES-GCM":
            return _decrypt_gcm(options, key, data)
        decryptor = Cipher(algorithms.AES(key.data), _mode(options, key.name)).decryptor()
        result = decryptor.update(data) + decryptor.finalize()
        if key.name == "AES-CBC":
            unpadder = padding.PKCS7(_BLOCK_BITS).unpadder()
            result = unpadder.update(result) + unpadder.finalize()
    except (InvalidTag, ValueError):
        throw_dom(_FAILED, "OperationError")
    return result


def _decrypt_gcm(options: JsValue, key: JsCryptoKey, data: bytes) -> bytes:
    end = len(data) - _tag_bytes(options)
    if end < 0:
        throw_dom("The provided data is too small.", "OperationError")
    mode = modes.GCM(_vector(options), data[end:], min_tag_length=len(data) - end)
    gcm = Cipher(algorithms.AES(key.data), mode).decryptor()
    gcm.authenticate_additional_data(_additional(options))
    return gcm.update(data[:end]) + gcm.finalize()


def _check_size(data: bytes) -> None:
    if len(data) > MAX_CIPHER_BYTES:
        throw_dom(_FAILED, "OperationError")


def _vector(options: JsValue) -> bytes:
    vector = byte_parameter(options, "iv")
    if not 8 <= len(vector) <= 128:  # what the library takes
        throw_dom(_FAILED, "OperationError")
    return vector


def _tag_bytes(options: JsValue) -> int:
    bits = member(options, "tagLength")
    if bits is UNDEFINED:
        return 16
    number = to_numeric(bits)
    if number not in _TAG_BITS:
        throw_dom(f"{number:g} is not a valid AES-GCM tag length", "OperationError")
    return int(number) // 8


def _additional(options: JsValue) -> bytes:
    value = member(options, "additionalData")
    return b"" if value is UNDEFINED else bytes(bytes_view(value))


def _mode(options: JsValue, name: str) -> modes.CBC | modes.CTR:
    parameter = "iv" if name == "AES-CBC" else "counter"
    vector = byte_parameter(options, parameter)
    if len(vector) != 16:
        throw_dom(f"algorithm.{parameter} must contain exactly 16 bytes", "OperationError")
    if name == "AES-CBC":
        return modes.CBC(vector)
    if member(options, "length") != _BLOCK_BITS:
        throw_dom(f"AES-CTR counters have {_BLOCK_BITS} bits in this runtime", "NotSupportedError")
    return modes.CTR(vector)
