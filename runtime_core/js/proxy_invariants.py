"""What a Proxy's traps may not say: facts about the target that cannot change (ECMAScript, section 10.5).

Each function raises the TypeError of V8 where a trap contradicts the target.
"""

from __future__ import annotations

from typing import NoReturn

from runtime_core.js.control import JsThrow
from runtime_core.js.descriptors import (
    Descriptor,
    Request,
    check_change,
    completed,
    from_descriptor,
    own_descriptor,
    read_request,
)
from runtime_core.js.errors import JsError
from runtime_core.js.object_statics import extensible
from runtime_core.js.operators import same_value_zero_key, to_display
from runtime_core.js.properties import Attribute, shown_key
from runtime_core.js.values import UNDEFINED, Accessor, JsObject, JsValue, PropertyKey


class InvariantViolation(JsThrow):
    """A trap said what cannot be: thrown even where a refusal would only be reported."""


def _violated(message: str) -> NoReturn:
    raise InvariantViolation(JsError("TypeError", message))


def _fixed(target: JsObject, key: PropertyKey) -> Descriptor | None:
    """The own property if it is not configurable."""
    found = own_descriptor(target, key)
    return None if found is None or found.attributes & Attribute.CONFIGURABLE else found


def _same(left: JsValue, right: JsValue) -> bool:
    return left is right or same_value_zero_key(left) == same_value_zero_key(right)


def check_get(target: JsObject, key: PropertyKey, value: JsValue) -> None:
    """What ``get`` gave."""
    found = _fixed(target, key)
    if found is None:
        return
    if isinstance(found.value, Accessor):
        if from_descriptor(found).get("get") is UNDEFINED and value is not UNDEFINED:
            _violated(
                f"'get' on proxy: property '{shown_key(key)}' is a non-configurable accessor property on the proxy "
                "target and does not have a getter function, but the trap did not return 'undefined' "
                f"(got '{to_display(value)}')"
            )
    elif not found.attributes & Attribute.WRITABLE and not _same(found.value, value):
        _violated(
            f"'get' on proxy: property '{shown_key(key)}' is a read-only and non-configurable data property on the "
            "proxy target but the proxy did not return its actual value "
            f"(expected '{to_display(found.value)}' but got '{to_display(value)}')"
        )


def check_absent(target: JsObject, key: PropertyKey) -> None:
    """That ``has`` denied a property."""
    start = f"'has' on proxy: trap returned falsish for property '{shown_key(key)}'"
    if _fixed(target, key) is not None:
        _violated(f"{start} which exists in the proxy target as non-configurable")
    if own_descriptor(target, key) is not None and not extensible(target):
        _violated(f"{start} but the proxy target is not extensible")


def check_set(target: JsObject, key: PropertyKey, value: JsValue) -> None:
    """That ``set`` claimed to have set a property."""
    found = _fixed(target, key)
    if found is None:
        return
    start = f"'set' on proxy: trap returned truish for property '{shown_key(key)}' which exists in the proxy target as "
    if isinstance(found.value, Accessor):
        if from_descriptor(found).get("set") is UNDEFINED:
            _violated(f"{start}a non-configurable and non-writable accessor property without a setter")
    elif not found.attributes & Attribute.WRITABLE and not _same(found.value, value):
        _violated(f"{start}a non-configurable and non-writable data property with a different value")


def check_deleted(target: JsObject, key: PropertyKey) -> None:
    """That ``deleteProperty`` claimed to have deleted a property."""
    start = f"'deleteProperty' on proxy: trap returned truish for property '{shown_key(key)}'"
    if _fixed(target, key) is not None:
        _violated(f"{start} which is non-configurable in the proxy target")
    if own_descriptor(target, key) is not None and not extensible(target):
        _violated(f"{start} but the proxy target is non-extensible")


def check_keys(target: JsObject, keys: list[PropertyKey]) -> None:
    """What ``ownKeys`` gave."""
    is_extensible = extensible(target)
    present = target.own_property_keys()
    given = set(keys)
    for key in present:
        if key not in given and (not is_extensible or _fixed(target, key) is not None):
            _violated(f"'ownKeys' on proxy: trap result did not include '{shown_key(key)}'")
    if not is_extensible and len(given) > len(present):
        _violated("'ownKeys' on proxy: trap returned extra keys but proxy target is non-extensible")


def check_descriptor(target: JsObject, key: PropertyKey, result: JsValue) -> None:
    """What ``getOwnPropertyDescriptor`` gave."""
    start = "'getOwnPropertyDescriptor' on proxy: trap "
    present = own_descriptor(target, key)
    if result is UNDEFINED:
        if present is None:
            return
        if not present.attributes & Attribute.CONFIGURABLE:
            _violated(
                f"{start}returned undefined for property '{shown_key(key)}' which is non-configurable in the proxy "
                "target"
            )
        if not extensible(target):
            _violated(
                f"{start}returned undefined for property '{shown_key(key)}' which exists in the non-extensible proxy "
                "target"
            )
        return
    request = read_request(result)
    if not _compatible(target, key, _whole(request), present):
        _violated(
            f"{start}returned descriptor for property '{shown_key(key)}' that is incompatible with the existing "
            "property in the proxy target"
        )
    if not request.attributes & Attribute.CONFIGURABLE and (
        present is None or present.attributes & Attribute.CONFIGURABLE
    ):
        _violated(
            f"{start}reported non-configurability for property '{shown_key(key)}' which is either non-existent or "
            "configurable in the proxy target"
        )


def check_defined(target: JsObject, key: PropertyKey, descriptor: JsValue) -> None:
    """That ``defineProperty`` claimed to have defined a property."""
    start = "'defineProperty' on proxy: trap returned truish for "
    request = read_request(descriptor)
    present = own_descriptor(target, key)
    fixes = bool(request.mentioned & ~request.attributes & Attribute.CONFIGURABLE)
    if present is None and not extensible(target):
        _violated(f"{start}adding property '{shown_key(key)}'  to the non-extensible proxy target")
    if fixes and (present is None or present.attributes & Attribute.CONFIGURABLE):
        _violated(
            f"{start}defining non-configurable property '{shown_key(key)}' which is either non-existent or "
            "configurable in the proxy target"
        )
    if not _compatible(target, key, request, present):
        _violated(
            f"{start}adding property '{shown_key(key)}'  that is incompatible with the existing property in the proxy "
            "target"
        )


def _whole(request: Request) -> Request:
    """A descriptor that says everything."""
    return read_request(from_descriptor(completed(request)))


def _compatible(target: JsObject, key: PropertyKey, request: Request, present: Descriptor | None) -> bool:
    if present is None:
        return extensible(target)
    if present.attributes & Attribute.CONFIGURABLE:
        return True
    try:
        check_change(present, request, key)
    except JsThrow:
        return False
    return True


def check_prototype(target: JsObject, found: JsObject | None) -> None:
    """What ``getPrototypeOf`` gave."""
    if not extensible(target) and target.get_prototype() is not found:
        _violated(
            "'getPrototypeOf' on proxy: proxy target is non-extensible but the trap did not return its actual prototype"
        )


def check_prototype_set(target: JsObject, value: JsValue) -> None:
    """That ``setPrototypeOf`` claimed to have set the prototype."""
    if not extensible(target) and target.get_prototype() is not value:
        _violated(
            "'setPrototypeOf' on proxy: trap returned truish for setting a new prototype on the non-extensible proxy "
            "target"
        )


def check_extensible(target: JsObject, found: bool) -> None:
    """What ``isExtensible`` gave."""
    if extensible(target) is not found:
        shown = "false" if found else "true"
        _violated(
            f"'isExtensible' on proxy: trap result does not reflect extensibility of proxy target (which is '{shown}')"
        )


def check_limited(target: JsObject) -> None:
    """That ``preventExtensions`` claimed to have done it."""
    if extensible(target):
        _violated("'preventExtensions' on proxy: trap returned truish but the proxy target is extensible")
