"""Secret keys as bytes and as JSON Web Keys (RFC 7517, RFC 7518 section 6.4)."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Final

from runtime_core.js.arrays import JsArray
from runtime_core.js.coded_errors import throw_dom
from runtime_core.js.control import JsThrow
from runtime_core.js.crypto_keys import JsCryptoKey
from runtime_core.js.errors import JsError
from runtime_core.js.values import JsObject, JsValue

_FORMATS: Final = ("raw", "raw-secret", "raw-public", "raw-seed", "pkcs8", "spki", "jwk")
_RAW: Final = ("raw", "raw-secret")
_HMAC_NAMES: Final[Mapping[str, str]] = {"SHA-1": "HS1", "SHA-256": "HS256", "SHA-384": "HS384", "SHA-512": "HS512"}


def read_format(text: str, method: str) -> str:
    """The name of a key format.

    Raises:
        JsThrow: TypeError for an unknown one.
    """
    if text not in _FORMATS:
        message = (
            f"Failed to execute '{method}' on 'SubtleCrypto': 1st argument '{text}' is not a valid enum value of type "
            "KeyFormat."
        )
        raise JsThrow(JsError("TypeError", message))
    return text


def is_json(encoding: str, name: str, verb: str) -> bool:
    """Whether a format is that of JSON Web Keys, rather than raw bytes.

    Raises:
        JsThrow: NotSupportedError for a format that secret keys do not have.
    """
    if encoding != "jwk" and encoding not in _RAW:
        throw_dom(f"Unable to {verb} {name} using {encoding} format", "NotSupportedError")
    return encoding == "jwk"


def key_from_json(value: JsValue) -> bytes:
    """The bytes of a JSON Web Key.

    Raises:
        JsThrow: DataError where it is none of a secret key.
    """
    text = value.get("k") if isinstance(value, JsObject) else None
    if not isinstance(value, JsObject) or value.get("kty") != "oct" or not isinstance(text, str):
        throw_dom("Invalid keyData", "DataError")
    try:
        return binascii.a2b_base64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))
    except ValueError:
        throw_dom("Invalid keyData", "DataError")


def key_to_json(key: JsCryptoKey) -> JsObject:
    """The JSON Web Key of a secret key."""
    text = binascii.b2a_base64(key.data, newline=False).decode("ascii")
    name = _HMAC_NAMES[key.hash_name] if key.hash_name else f"A{len(key.data) * 8}{key.name.removeprefix('AES-')}"
    return JsObject(
        {
            "key_ops": JsArray(key.usages),
            "ext": key.extractable,
            "alg": name,
            "kty": "oct",
            "k": text.rstrip("=").replace("+", "-").replace("/", "_"),
        }
    )
