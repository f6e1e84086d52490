"""A hostile guest that calls the host's functions itself, with whatever references, pointers and lengths.

A module beside the guest's own imports every function that the host offers and exports a caller for each; references
travel as i32 numbers, which the caller makes into i31 references, so that any bits can be passed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Final

import pytest

from runtime_core.emscripten.host import HostServices
from runtime_core.engine.capi import wat_to_wasm
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.errors import GuestUnwind
from runtime_core.engine.limits import Limits
from runtime_core.engine.module import ModuleImport
from runtime_core.engine.sidemodule import Item, StoreLinker
from runtime_core.engine.valuetypes import FunctionType, ValueType
from runtime_core.guest import Guest
from runtime_core.js.control import JsThrow
from runtime_core.runtime import process_engine
from schemas.errors import FatalIsolateError, GuestExitError, GuestFault, HostError, LimitError
from tests.support import releases

pytestmark = pytest.mark.boot

_WAT_TYPES: Final = {
    ValueType.I32: "i32",
    ValueType.I64: "i64",
    ValueType.F32: "f32",
    ValueType.F64: "f64",
    ValueType.EXTERNREF: "i32",
}
_ALLOWED: Final = (GuestFault, LimitError, FatalIsolateError, JsThrow, GuestUnwind, type(None))
"""What may kill a guest; a throw leaves by a function that is not made to throw, as it would in JavaScript."""
_CALLS: Final = 1500
_SLOWEST_SECONDS: Final = 10.0
_HELPERS: Final = """
  (func $in (param i32) (result externref)
    (if (result externref) (i32.eq (local.get 0) (i32.const -1))
      (then (ref.null extern))
      (else (extern.convert_any (ref.i31 (local.get 0))))))
  (func $out (param externref) (result i32)
    (if (result i32) (ref.is_null (local.get 0))
      (then (i32.const -1))
      (else (i31.get_s (ref.cast (ref i31) (any.convert_extern (local.get 0)))))))
"""


def caller_module(imports: list[ModuleImport]) -> bytes:
    """A module that exports ``c0``, ``c1`` ... to call each import."""
    declared, callers = [], []
    for index, item in enumerate(imports):
        signature = item.signature
        assert signature is not None
        real = " ".join(kind.name.lower() for kind in signature.parameters)
        results = " ".join(kind.name.lower() for kind in signature.results)
        declared.append(f'(import "{item.module}" "{item.name}" (func $i{index} (param {real}) (result {results})))')
        given = " ".join(_WAT_TYPES[kind] for kind in signature.parameters)
        answer = " ".join(_WAT_TYPES[kind] for kind in signature.results)
        arguments = " ".join(
            f"(call $in (local.get {place}))" if kind is ValueType.EXTERNREF else f"(local.get {place})"
            for place, kind in enumerate(signature.parameters)
        )
        call = f"(call $i{index} {arguments})"
        if signature.results == (ValueType.EXTERNREF,):
            call = f"(call $out {call})"
        callers.append(f'(func (export "c{index}") (param {given}) (result {answer}) {call})')
    return wat_to_wasm(f"(module {' '.join(declared)} {_HELPERS} {' '.join(callers)})")


class Hostile:
    """A restored guest with a module of callers beside it."""

    def __init__(self, imports: list[ModuleImport], wasm: bytes, cache: CodeCache) -> None:
        limits = Limits(memory_bytes=128 << 20, cpu_seconds=20.0, wait_seconds=0.5)
        booted = releases.runtime().boot(services=HostServices(), limits=limits)
        self.guest: Guest = booted[0]
        instance = self.guest.instance
        store = StoreLinker(instance, instance.program)
        items: list[Item] = []
        for item in imports:
            found = store.host_function(item.module, item.name)
            assert found is not None
            items.append(found)
        side = store.instantiate(process_engine().load(wasm, cache), items)
        self.calls = []
        for index in range(len(imports)):
            export = side.export(f"c{index}")
            assert export is not None
            self.calls.append(store.callable(export, f"c{index}"))

    def close(self) -> None:
        self.guest.close()


class Arguments:
    """Random arguments, plausible ones among them: references that the guest holds, addresses of its memory."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.references = [-1, 0, 1, 2, 3, 4, 7]
        self.addresses = [0, 1, 8, 1024, 0x7FFFFFFF, -1, -8, 31 << 20, (31 << 20) - 1]

    def of(self, signature: FunctionType) -> list[int | float]:
        return [self._value(kind) for kind in signature.parameters]

    def learn(self, signature: FunctionType, result: object) -> None:
        if isinstance(result, int) and signature.results == (ValueType.EXTERNREF,) and len(self.references) < 200:
            self.references.append(result)

    def _value(self, kind: ValueType) -> int | float:
        if kind is ValueType.EXTERNREF:
            if self.random.random() < 0.8:
                return self.random.choice(self.references)
            return self.random.randrange(-(1 << 30), 1 << 30)
        if kind in (ValueType.F32, ValueType.F64):
            return self.random.choice([0.0, -1.5, 1e300, float("nan"), float("inf"), 2.0**53])
        choose = self.random.random()
        if choose < 0.4:
            return self.random.choice(self.addresses)
        if choose < 0.8:
            return self.random.randrange(-2, 40)
        bits = 64 if kind is ValueType.I64 else 32
        return self.random.getrandbits(bits) - (1 << (bits - 1))


@pytest.fixture(name="functions", scope="module")
def all_functions() -> list[ModuleImport]:
    with releases.runtime().boot(services=HostServices(), limits=Limits())[0].instance as instance:
        wanted = dict.fromkeys(item for item in instance.program.module.imports if item.signature is not None)
    return list(wanted)


@pytest.fixture(name="cache", scope="module")
def code_cache(tmp_path_factory: pytest.TempPathFactory) -> CodeCache:
    return CodeCache(tmp_path_factory.mktemp("callers"))


def attempts(functions: list[ModuleImport], seed: int) -> Iterator[int]:
    order = random.Random(seed)
    for _ in range(_CALLS):
        yield order.randrange(len(functions))


@pytest.mark.parametrize("seed", range(4))
def test_calls_with_any_arguments(functions: list[ModuleImport], cache: CodeCache, seed: int) -> None:
    wasm = caller_module(functions)
    arguments = Arguments(seed)
    hostile = Hostile(functions, wasm, cache)
    unexpected: dict[str, str] = {}
    slow: dict[str, float] = {}
    for index in attempts(functions, seed):
        function = functions[index]
        assert function.signature is not None
        given = arguments.of(function.signature)
        start = time.perf_counter()
        try:
            arguments.learn(function.signature, hostile.calls[index](*given))
        except FatalIsolateError as error:
            if not isinstance(error.__cause__, _ALLOWED):
                unexpected[f"{function.name}({given})"] = repr(error.__cause__)
        except (LimitError, GuestExitError, HostError):
            pass
        except GuestUnwind:
            pass
        except Exception as error:
            unexpected[f"{function.name}({given})"] = repr(error)
        if time.perf_counter() - start > _SLOWEST_SECONDS:
            slow[f"{function.name}({given})"] = time.perf_counter() - start
        if hostile.guest.instance.poisoned:
            hostile.close()
            hostile = Hostile(functions, wasm, cache)
            arguments = Arguments(seed + index)
    hostile.close()
    assert unexpected == {}
    assert slow == {}
