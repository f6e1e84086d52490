"""CryptoKey, and how SubtleCrypto reads algorithms and usages."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import ClassVar, Final, NoReturn

from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import bytes_view
from runtime_core.js.coded_errors import throw_dom
from runtime_core.js.coerce import to_text
from runtime_core.js.errors import throw_type_error
from runtime_core.js.values import SYMBOL_TO_STRING_TAG, UNDEFINED, JsObject, JsValue, PropertyKey

USAGES: Final = ("encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey")


class JsCryptoKey(JsObject):
    """A secret key; ``algorithm`` describes it to scripts, ``hash_name`` is the hash of an HMAC key."""

    __slots__ = ("algorithm", "data", "extractable", "hash_name", "name", "shown_usages", "usages")

    class_name: ClassVar[str] = "CryptoKey"
    type_tag: ClassVar[str] = "CryptoKey"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "CryptoKey"}

    def __init__(
        self, name: str, data: bytes, algorithm: JsObject, *, extractable: bool, usages: tuple[str, ...], hash_name: str
    ) -> None:
        super().__init__()
        self.name = name
        self.data = data
        self.algorithm = algorithm
        self.extractable = extractable
        self.usages = usages
        self.hash_name = hash_name
        self.shown_usages = JsArray(usages)

    ANY_RECEIVER: ClassVar[bool] = False
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "type": lambda this: "secret",
        "extractable": lambda this: this.extractable,
        "algorithm": lambda this: this.algorithm,
        "usages": lambda this: this.shown_usages,
    }


def member(options: JsValue, name: str) -> JsValue:
    """A member of an algorithm's parameters; undefined where there are none."""
    return options.get(name) if isinstance(options, JsObject) else UNDEFINED


def byte_parameter(options: JsValue, name: str) -> bytes:
    """A member of an algorithm's parameters that holds bytes.

    Raises:
        JsThrow: TypeError where there is none.
    """
    value = member(options, name)
    if value is UNDEFINED:
        throw_required(name, "Algorithm")
    return bytes(bytes_view(value))


def throw_required(name: str, kind: str) -> NoReturn:
    """Throw the TypeError for a member that an algorithm's parameters lack."""
    throw_type_error(
        f"Failed to normalize algorithm: passed algorithm cannot be converted to '{kind}' because '{name}' is required "
        f"in '{kind}'."
    )


def algorithm_name(value: JsValue, known: Container[str]) -> str:
    """The name of an algorithm, which is given as text or as an object with a name, in its usual letters.

    Raises:
        JsThrow: NotSupportedError for one that is not known here.
    """
    if isinstance(value, JsObject):
        name = value.get("name")
        if name is UNDEFINED:
            throw_required("name", "Algorithm")
    else:
        name = value
    text = to_text(name).upper()
    if text not in known:
        throw_dom("Unrecognized algorithm name", "NotSupportedError")
    return text
