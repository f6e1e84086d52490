"""``crypto``: randomness from the isolate's entropy source, and SubtleCrypto for symmetric algorithms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn

from runtime_core.js import json_text, subtle
from runtime_core.js.array_buffer import JsArrayBuffer
from runtime_core.js.buffers import ArrayView, TypedArray, bytes_view, is_buffer
from runtime_core.js.coded_errors import throw_argument, throw_coded, throw_dom
from runtime_core.js.coerce import to_text
from runtime_core.js.control import JsThrow
from runtime_core.js.crypto_keys import USAGES, JsCryptoKey, algorithm_name
from runtime_core.js.entropy import random_bytes
from runtime_core.js.errors import JsError
from runtime_core.js.functions import BuiltinFunction
from runtime_core.js.iteration import collect
from runtime_core.js.key_formats import is_json, key_from_json, key_to_json, read_format
from runtime_core.js.operators import to_boolean
from runtime_core.js.promises import JsPromise, rejected_promise, resolved_promise
from runtime_core.js.values import SYMBOL_TO_STRING_TAG, UNDEFINED, JsObject, JsValue, PropertyKey

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

MAX_RANDOM_BYTES: Final = 65536
_NOT_INTEGERS: Final = "The data argument must be an integer-type TypedArray"


def _illegal() -> NoReturn:
    throw_coded("TypeError", "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor")


def _constructor(name: str, cls: type[JsObject]) -> Callable[[], BuiltinFunction]:
    return lambda: BuiltinFunction(_illegal, name, constructor=_illegal, instances=cls)


def _require(method: str, owner: str, needed: int, args: Sequence[JsValue]) -> None:
    if len(args) < needed:
        plural = "argument" if needed == 1 else "arguments"
        error = JsError(
            "TypeError",
            f"Failed to execute '{method}' on '{owner}': {needed} {plural} required, but only {len(args)} present.",
        )
        error.set("code", "ERR_MISSING_ARGS")
        raise JsThrow(error)


class JsCrypto(JsObject):
    """``crypto`` of one isolate."""

    __slots__ = ("_host", "_subtle")

    class_name: ClassVar[str] = "Crypto"
    type_tag: ClassVar[str] = "Crypto"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "Crypto"}
    LASTING: ClassVar[tuple[str, ...]] = ("subtle",)

    def __init__(self, host: JsHost) -> None:
        super().__init__()
        self._host = host
        self._subtle: JsSubtleCrypto | None = None

    @property
    def subtle(self) -> JsSubtleCrypto:
        """The SubtleCrypto of the isolate."""
        if self._subtle is None:
            self._subtle = JsSubtleCrypto(self._host)
        return self._subtle

    def _random(self, count: int) -> bytes:
        return random_bytes(self._host.emscripten.entropy, count)

    def get_random_values(self, *args: JsValue) -> JsValue:
        """``getRandomValues(array)``: fill an array of integers."""
        _require("getRandomValues", "Crypto", 1, args)
        array = args[0]
        if not isinstance(array, TypedArray) or array.element.is_float:
            throw_dom(_NOT_INTEGERS, "TypeMismatchError")
        view = array.bytes_view()
        if len(view) > MAX_RANDOM_BYTES:
            throw_dom("The requested length exceeds 65,536 bytes", "QuotaExceededError")
        if view:
            view[:] = self._random(len(view))
        return array

    def random_uuid(self, options: JsValue = UNDEFINED) -> JsValue:
        """``randomUUID()``: a UUID of version 4."""
        if options is not UNDEFINED and not isinstance(options, JsObject):
            throw_argument("options", "of type object", options)
        data = bytearray(self._random(16))
        data[6] = data[6] & 0x0F | 0x40
        data[8] = data[8] & 0x3F | 0x80
        text = data.hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    ANY_RECEIVER: ClassVar[bool] = False
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "subtle": lambda this: this.subtle,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "getRandomValues": lambda this, *args: this.get_random_values(*args),
        "randomUUID": lambda this, options=UNDEFINED: this.random_uuid(options),
    }


def _ordinal(position: int) -> str:
    return f"{position}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(position, 'th') }".replace(" ", "")


def read_source(value: JsValue, method: str, position: int) -> bytes:
    """The bytes of a BufferSource argument, copied at once.

    Raises:
        JsThrow: TypeError for anything else.
    """
    if not is_buffer(value) and not isinstance(value, ArrayView):
        error = JsError(
            "TypeError",
            f"Failed to execute '{method}' on 'SubtleCrypto': {_ordinal(position)} argument is not instance of "
            "ArrayBuffer, Buffer, TypedArray, or DataView.",
        )
        error.set("code", "ERR_INVALID_ARG_TYPE")
        raise JsThrow(error)
    return bytes(bytes_view(value))


def _key(value: JsValue, method: str, position: int) -> JsCryptoKey:
    if not isinstance(value, JsCryptoKey):
        error = JsError(
            "TypeError",
            f"Failed to execute '{method}' on 'SubtleCrypto': {_ordinal(position)} argument is not of type CryptoKey.",
        )
        error.set("code", "ERR_INVALID_ARG_TYPE")
        raise JsThrow(error)
    return value


_VERBS: Final = {"deriveBits": "derive bits", "deriveKey": "derive a key", "wrapKey": "wrap", "unwrapKey": "unwrap"}


def _usages(value: JsValue, method: str, position: int) -> tuple[str, ...]:
    given = [to_text(usage) for usage in collect(value)]
    for index, usage in enumerate(given):
        if usage not in USAGES:
            message = (
                f"Failed to execute '{method}' on 'SubtleCrypto': {_ordinal(position)} argument[{index}] '{usage}' is "
                "not a valid enum value of type KeyUsage."
            )
            raise JsThrow(JsError("TypeError", message))
    return tuple(usage for usage in USAGES if usage in given)


def _buffer(data: bytes) -> JsArrayBuffer:
    return JsArrayBuffer(bytearray(data))


class JsSubtleCrypto(JsObject):
    """``crypto.subtle``: every method returns a promise and reports each error by rejecting it."""

    __slots__ = ("host",)

    class_name: ClassVar[str] = "SubtleCrypto"
    type_tag: ClassVar[str] = "SubtleCrypto"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "SubtleCrypto"}

    def __init__(self, host: JsHost) -> None:
        super().__init__()
        self.host = host

    def run(self, method: str, needed: int, args: tuple[JsValue, ...]) -> JsPromise:
        """The promise of a method's result."""
        padded = (*args, *(UNDEFINED,) * (_MAX_ARGUMENTS - len(args)))
        try:
            _require(method, "SubtleCrypto", needed, args)
            return resolved_promise(self.host.loop, _OPERATIONS[method][1](self, padded))
        except JsThrow as thrown:
            return rejected_promise(self.host.loop, thrown.value)

    def digest(self, args: Sequence[JsValue]) -> JsValue:
        """``digest(algorithm, data)``."""
        data = read_source(args[1], "digest", 2)
        return _buffer(subtle.digest(algorithm_name(args[0], subtle.HASHES), data))

    def sign(self, args: Sequence[JsValue]) -> JsValue:
        """``sign(algorithm, key, data)``."""
        key = self._usable(args[0], args[1], "sign")
        return _buffer(subtle.hmac_sign(key, read_source(args[2], "sign", 3)))

    def verify(self, args: Sequence[JsValue]) -> JsValue:
        """``verify(algorithm, key, signature, data)``."""
        key = self._usable(args[0], args[1], "verify")
        return subtle.hmac_verify(key, read_source(args[2], "verify", 3), read_source(args[3], "verify", 4))

    def encrypt(self, args: Sequence[JsValue]) -> JsValue:
        """``encrypt(algorithm, key, data)``."""
        from runtime_core.js import ciphers

        key = self._usable(args[0], args[1], "encrypt")
        return _buffer(ciphers.encrypt(args[0], key, read_source(args[2], "encrypt", 3)))

    def decrypt(self, args: Sequence[JsValue]) -> JsValue:
        """``decrypt(algorithm, key, data)``."""
        from runtime_core.js import ciphers

        key = self._usable(args[0], args[1], "decrypt")
        return _buffer(ciphers.decrypt(args[0], key, read_source(args[2], "decrypt", 3)))

    def derive_bits(self, args: Sequence[JsValue]) -> JsValue:
        """``deriveBits(algorithm, key, length)``."""
        key = self._usable(args[0], args[1], "deriveBits")
        return _buffer(subtle.derive_bits(args[0], key, args[2]))

    def _usable(self, algorithm: JsValue, value: JsValue, usage: str, *, position: int = 2) -> JsCryptoKey:
        name = algorithm_name(algorithm, subtle.ALGORITHMS[usage])
        key = _key(value, usage, position)
        if key.name != name:
            throw_dom("Key algorithm mismatch", "InvalidAccessError")
        if usage not in key.usages:
            verb = _VERBS.get(usage, usage)
            throw_dom(f"Unable to use this key to {verb}", "InvalidAccessError")
        return key

    def derive_key(self, args: Sequence[JsValue]) -> JsValue:
        """``deriveKey(algorithm, key, derivedKeyAlgorithm, extractable, usages)``."""
        key = self._usable(args[0], args[1], "deriveKey")
        name = algorithm_name(args[2], subtle.KEY_ALGORITHMS)
        usages = _usages(args[4], "deriveKey", 5)
        data = subtle.derive_bits(args[0], key, 8 * subtle.key_bytes(name, args[2]))
        return subtle.make_key(name, args[2], data, extractable=to_boolean(args[3]), usages=usages)

    def import_key(self, args: Sequence[JsValue]) -> JsValue:
        """``importKey(format, data, algorithm, extractable, usages)``."""
        encoding = read_format(to_text(args[0]), "importKey")
        usages = _usages(args[4], "importKey", 5)
        name = algorithm_name(args[2], subtle.KEY_ALGORITHMS)
        data = key_from_json(args[1]) if is_json(encoding, name, "import") else read_source(args[1], "importKey", 2)
        return subtle.make_key(name, args[2], data, extractable=to_boolean(args[3]), usages=usages)

    def export_key(self, args: Sequence[JsValue]) -> JsValue:
        """``exportKey(format, key)``."""
        encoding, key = read_format(to_text(args[0]), "exportKey"), _key(args[1], "exportKey", 2)
        if not key.extractable:
            throw_dom("key is not extractable", "InvalidAccessError")
        return key_to_json(key) if is_json(encoding, key.name, "export") else _buffer(key.data)

    def generate_key(self, args: Sequence[JsValue]) -> JsValue:
        """``generateKey(algorithm, extractable, usages)``."""
        name = algorithm_name(args[0], subtle.KEY_ALGORITHMS)
        usages = _usages(args[2], "generateKey", 3)
        size = subtle.key_bytes(name, args[0])
        data = random_bytes(self.host.emscripten.entropy, size)
        return subtle.make_key(name, args[0], data, extractable=to_boolean(args[1]), usages=usages, is_new=True)

    def wrap_key(self, args: Sequence[JsValue]) -> JsValue:
        """``wrapKey(format, key, wrappingKey, algorithm)``."""
        from runtime_core.js import ciphers

        wrapping = self._usable(args[3], args[2], "wrapKey", position=3)
        exported = self.export_key(args)
        is_text = not isinstance(exported, JsArrayBuffer)
        data = (
            to_text(json_text.stringify(exported, UNDEFINED, UNDEFINED)).encode()
            if is_text
            else bytes(bytes_view(exported))
        )
        return _buffer(ciphers.encrypt(args[3], wrapping, data))

    def unwrap_key(self, args: Sequence[JsValue]) -> JsValue:
        """``unwrapKey(format, wrapped, unwrappingKey, algorithm, keyAlgorithm, extractable, usages)``."""
        from runtime_core.js import ciphers

        wrapping = self._usable(args[3], args[2], "unwrapKey", position=3)
        data = ciphers.decrypt(args[3], wrapping, read_source(args[1], "unwrapKey", 2))
        is_text = to_text(args[0]) == "jwk"
        key = json_text.parse(data.decode("utf-8", "replace")) if is_text else _buffer(data)
        return self.import_key((args[0], key, args[4], args[5], args[6]))

    def refuse(self, method: str) -> NoReturn:
        """What is not offered."""
        throw_dom(f"SubtleCrypto.{method} is not available in this runtime", "NotSupportedError")

    ANY_RECEIVER: ClassVar[bool] = False
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {}  # below


_Operation = Callable[[JsSubtleCrypto, Sequence[JsValue]], JsValue]
_MAX_ARGUMENTS: Final = 7


def _refused(method: str) -> _Operation:
    return lambda this, args: this.refuse(method)


_OPERATIONS: Final[Mapping[str, tuple[int, _Operation]]] = {
    # method -> how many arguments it needs, implementation
    "encrypt": (3, JsSubtleCrypto.encrypt),
    "decrypt": (3, JsSubtleCrypto.decrypt),
    "sign": (3, JsSubtleCrypto.sign),
    "verify": (4, JsSubtleCrypto.verify),
    "digest": (2, JsSubtleCrypto.digest),
    "generateKey": (3, JsSubtleCrypto.generate_key),
    "deriveKey": (5, JsSubtleCrypto.derive_key),
    "deriveBits": (2, JsSubtleCrypto.derive_bits),
    "importKey": (5, JsSubtleCrypto.import_key),
    "exportKey": (2, JsSubtleCrypto.export_key),
    "wrapKey": (4, JsSubtleCrypto.wrap_key),
    "unwrapKey": (7, JsSubtleCrypto.unwrap_key),
    "encapsulateBits": (2, _refused("encapsulateBits")),
    "encapsulateKey": (5, _refused("encapsulateKey")),
    "decapsulateBits": (3, _refused("decapsulateBits")),
    "decapsulateKey": (6, _refused("decapsulateKey")),
    "getPublicKey": (2, _refused("getPublicKey")),
}


def _method(name: str, needed: int) -> Callable[..., JsValue]:
    return lambda this, *args: this.run(name, needed, args)


JsSubtleCrypto.METHODS = {name: _method(name, needed) for name, (needed, _) in _OPERATIONS.items()}


CRYPTO_CONSTRUCTORS: Final[Mapping[str, Callable[[], BuiltinFunction]]] = {
    "Crypto": _constructor("Crypto", JsCrypto),
    "CryptoKey": _constructor("CryptoKey", JsCryptoKey),
    "SubtleCrypto": _constructor("SubtleCrypto", JsSubtleCrypto),
}
