"""``Proxy``: objects whose operations a handler answers, and ``Proxy.revocable``."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from runtime_core.js.arrays import JsArray
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction, NativeFunction
from runtime_core.js.iteration import iterate
from runtime_core.js.operators import to_boolean, to_display
from runtime_core.js.values import ABSENT, UNDEFINED, Accessor, JsObject, JsSymbol, JsValue, PropertyKey


def _invariants() -> ModuleType:
    from runtime_core.js import proxy_invariants

    return proxy_invariants


class JsProxyObject(JsObject):
    """A Proxy of something that cannot be called. A revoked one has no handler."""

    __slots__ = ("handler", "target")

    def __init__(self, target: JsObject, handler: JsObject) -> None:
        super().__init__()
        self.target = target
        self.handler: JsObject | None = handler

    # ---- traps

    def _trap(self, name: str) -> JsFunction | None:
        if self.handler is None:
            throw_type_error(f"Cannot perform '{name}' on a proxy that has been revoked")
        trap = self.handler.get(name)
        if trap is UNDEFINED or trap is None:
            return None
        if not isinstance(trap, JsFunction):
            given = trap.describe() if isinstance(trap, JsObject) else to_display(trap)
            shown = f"'{given}' returned for property '{name}' of object '{self.handler.describe()}'"
            throw_type_error(f"{shown} is not a function")
        return trap

    def _call_trap(self, trap: JsFunction, *args: JsValue) -> JsValue:
        return trap.call(self.handler, (self.target, *args))

    @staticmethod
    def _refused(trap: str, key: PropertyKey) -> str:
        shown = key if isinstance(key, str) else repr(key)
        return f"'{trap}' on proxy: trap returned falsish for property '{shown}'"

    # ---- properties

    def get(self, key: PropertyKey) -> JsValue:
        """``this[key]``."""
        return self.read(key, self)

    def read(self, key: PropertyKey, receiver: JsValue) -> JsValue:
        """``this[key]`` on behalf of an object that inherits from this one."""
        trap = self._trap("get")
        if trap is not None:
            value = self._call_trap(trap, key, receiver)
            _invariants().check_get(self.target, key, value)
            return value
        found = self.target.property(key)
        if isinstance(found, Accessor):
            return found.read(receiver)
        return self.target.get(key) if found is ABSENT or isinstance(self.target, JsProxyObject) else found

    def lookup(self, key: PropertyKey) -> JsValue:
        """The property, own or inherited, or ABSENT."""
        value = self.get(key)
        return ABSENT if value is UNDEFINED and not self.has(key) else value

    def property(self, key: PropertyKey) -> JsValue:
        """The property as objects that inherit from this one find it, or ABSENT."""
        if not self.has(key):
            return ABSENT
        return Accessor(lambda receiver: self.read(key, receiver), lambda receiver, value: self.set(key, value))

    def has(self, key: PropertyKey) -> bool:
        """``key in this``."""
        trap = self._trap("has")
        if trap is None:
            return self.target.has(key)
        found = to_boolean(self._call_trap(trap, key))
        if not found:
            _invariants().check_absent(self.target, key)
        return found

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        if self._trap("getOwnPropertyDescriptor") is None:
            return self.target.get_own(key)
        found = self.own_descriptor(key)
        if not isinstance(found, JsObject):
            return ABSENT
        getter = found.get("get")
        return getter.call(self, ()) if isinstance(getter, JsFunction) else found.get("value")

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        trap = self._trap("set")
        if trap is None:
            self.target.set(key, value)
        elif not to_boolean(self._call_trap(trap, key, value, self)):
            throw_type_error(self._refused("set", key))
        else:
            _invariants().check_set(self.target, key, value)

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        trap = self._trap("deleteProperty")
        if trap is None:
            self.target.delete(key)
        elif not to_boolean(self._call_trap(trap, key)):
            throw_type_error(self._refused("deleteProperty", key))
        else:
            _invariants().check_deleted(self.target, key)

    def own_property_keys(self) -> list[PropertyKey]:
        """``Reflect.ownKeys``."""
        trap = self._trap("ownKeys")
        if trap is None:
            return self.target.own_property_keys()
        keys = self._call_trap(trap)
        if not isinstance(keys, JsObject):
            throw_type_error("CreateListFromArrayLike called on non-object")
        found: list[PropertyKey] = []
        for key in iterate(keys):
            if not isinstance(key, str | JsSymbol):
                throw_type_error(f"{to_display(key)} is not a valid property name")
            found.append(key)
        if len(set(found)) != len(found):
            throw_type_error("'ownKeys' on proxy: trap returned duplicate entries")
        _invariants().check_keys(self.target, found)
        return found

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        names = self.own_names()
        found = ((name, self.own_descriptor(name)) for name in names)
        return [name for name, one in found if isinstance(one, JsObject) and to_boolean(one.get("enumerable"))]

    def own_names(self) -> list[str]:
        """All own names."""
        return [key for key in self.own_property_keys() if isinstance(key, str)]

    def own_descriptor(self, key: PropertyKey) -> JsValue:
        """``Object.getOwnPropertyDescriptor``: an object or undefined."""
        from runtime_core.js.descriptors import from_descriptor, own_descriptor

        trap = self._trap("getOwnPropertyDescriptor")
        if trap is None:
            found = own_descriptor(self.target, key)
            return UNDEFINED if found is None else from_descriptor(found)
        result = self._call_trap(trap, key)
        if result is not UNDEFINED and not isinstance(result, JsObject):
            shown = key if isinstance(key, str) else repr(key)
            throw_type_error(
                "'getOwnPropertyDescriptor' on proxy: trap returned neither object nor undefined for property "
                f"'{shown}'"
            )
        _invariants().check_descriptor(self.target, key, result)
        return result

    def define_descriptor(self, key: PropertyKey, descriptor: JsValue) -> None:
        """``Object.defineProperty``."""
        from runtime_core.js.descriptors import define_from_descriptor

        trap = self._trap("defineProperty")
        if trap is None:
            define_from_descriptor(self.target, key, descriptor)
        elif not to_boolean(self._call_trap(trap, key, descriptor)):
            throw_type_error(self._refused("defineProperty", key))
        else:
            _invariants().check_defined(self.target, key, descriptor)

    def define(self, key: PropertyKey, value: JsValue) -> None:
        """Give the object an own property."""
        self.target.define(key, value)

    # ---- the object itself

    def get_prototype(self) -> JsObject | None:
        """``Object.getPrototypeOf(this)``."""
        trap = self._trap("getPrototypeOf")
        if trap is None:
            return self.target.get_prototype()
        found = self._call_trap(trap)
        if found is not None and not isinstance(found, JsObject):
            throw_type_error("'getPrototypeOf' on proxy: trap returned neither object nor null")
        _invariants().check_prototype(self.target, found)
        return found

    def set_prototype(self, value: JsValue) -> None:
        """``Object.setPrototypeOf(this, value)``."""
        trap = self._trap("setPrototypeOf")
        if trap is None:
            self.target.set_prototype(value)
        elif not to_boolean(self._call_trap(trap, value)):
            throw_type_error("'setPrototypeOf' on proxy: trap returned falsish for property 'undefined'")
        else:
            _invariants().check_prototype_set(self.target, value)

    def is_extensible(self) -> bool:
        """``Object.isExtensible(this)``."""
        from runtime_core.js.object_statics import extensible

        trap = self._trap("isExtensible")
        if trap is None:
            return extensible(self.target)
        found = to_boolean(self._call_trap(trap))
        _invariants().check_extensible(self.target, found)
        return found

    def limit(self, level: str) -> None:
        """``Object.preventExtensions(this)``, ``seal`` or ``freeze`` by level."""
        from runtime_core.js.properties import prevent_extensions

        trap = self._trap("preventExtensions")
        if trap is not None and not to_boolean(self._call_trap(trap)):
            throw_type_error("'preventExtensions' on proxy: trap returned falsish")
        if trap is not None:
            _invariants().check_limited(self.target)
        if isinstance(self.target, JsProxyObject):
            self.target.limit(level)
        elif trap is None:
            prevent_extensions(self.target, level)

    def constructor(self) -> JsValue:
        """The constructor that the class of this object gives it."""
        return self.target.constructor()

    def constructor_name(self) -> str:
        """The name of the constructor that this object reports."""
        return self.target.constructor_name()

    def describe(self) -> str:
        """A short form for messages; asks the handler for nothing."""
        return self.target.describe()

    def to_string(self) -> str:
        """``String(this)``."""
        return self.target.to_string()


class JsProxyFunction(JsProxyObject, JsFunction):
    """A Proxy of a function."""

    __slots__ = ()

    def call(self, this: JsValue, args: Sequence[JsValue]) -> JsValue:
        """``this_function.apply(this, args)``."""
        trap = self._trap("apply")
        if trap is not None:
            return self._call_trap(trap, this, JsArray(args))
        return self._function().call(this, args)

    def construct(self, args: Sequence[JsValue]) -> JsValue:
        """``new this_function(...args)``."""
        trap = self._trap("construct")
        if trap is None:
            return self._function().construct(args)
        if isinstance(self.target, BuiltinFunction) and not self.target.constructs:
            throw_type_error(f"{self.target.to_string()} is not a constructor")
        result = self._call_trap(trap, JsArray(args), self)
        if not isinstance(result, JsObject):
            throw_type_error(f"'construct' on proxy: trap returned non-object ('{to_display(result)}')")
        return result

    def _function(self) -> JsFunction:
        if not isinstance(self.target, JsFunction):
            throw_type_error("proxy target is not a function")
        return self.target

    def function_name(self) -> str:
        """The ``name`` property."""
        name = self.get("name")
        return name if isinstance(name, str) else ""


def new_proxy_object(target: JsValue, handler: JsValue) -> JsProxyObject:
    """``new Proxy(target, handler)``."""
    if not isinstance(target, JsObject) or not isinstance(handler, JsObject):
        throw_type_error("Cannot create proxy with a non-object as target or handler")
    return (JsProxyFunction if isinstance(target, JsFunction) else JsProxyObject)(target, handler)


def revocable(target: JsValue, handler: JsValue) -> JsValue:
    """``Proxy.revocable``."""
    proxy = new_proxy_object(target, handler)

    def revoke() -> JsValue:
        proxy.handler = None
        return UNDEFINED

    return JsObject({"proxy": proxy, "revoke": NativeFunction(revoke)})
