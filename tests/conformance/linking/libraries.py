"""Small libraries whose behaviour under ``dlopen`` is compared, and what is done with them, in this order."""

# ruff: noqa: E501 - a case is a line
from __future__ import annotations

from typing import Final

from tests.support.side_modules import side_module

DIRECTORY: Final = "/libs"
LONG: Final = "d" * 240

_DATA = """(module
  (import "env" "memory" (memory 1))
  (import "env" "__memory_base" (global $base i32))
  (global (export "number") i32 (i32.const 8))
  (data (global.get $base) "\\00\\00\\00\\00\\00\\00\\00\\00\\07")
  (func (export "__wasm_call_ctors")
    (i32.store (global.get $base) (i32.add (i32.load (global.get $base)) (i32.const 1))))
  (func (export "made") (result i32) (i32.load (global.get $base)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "read") (result i32) (i32.load offset=8 (global.get $base))))"""


def _constant(symbol: str, value: int, **needs: object) -> bytes:
    return side_module(f'(module (func (export "{symbol}") (result i32) (i32.const {value})))', **needs)


def _caller(symbol: str, name: str = "run", **needs: object) -> bytes:
    return side_module(
        f'(module (import "env" "{symbol}" (func $f (result i32))) (func (export "{name}") (result i32) (call $f)))',
        **needs,
    )


def _pointer(symbol: str, module: str, **needs: object) -> bytes:
    """A library that gives the address that a name stands for."""
    return side_module(
        f'(module (import "{module}" "{symbol}" (global $g (mut i32)))'
        ' (func (export "pointer") (result i32) (global.get $g)))',
        **needs,
    )


def _counter(first: int) -> bytes:
    """A library with a function of a common name, which it also calls itself."""
    return side_module(
        '(module (import "env" "common" (func $c (result i32)))'
        f' (func (export "common") (result i32) (i32.const {first}))'
        ' (func (export "call_common") (result i32) (call $c)))'
    )


def _optional(symbol: str, *, weak: bool = True, padding: str = "") -> bytes:
    """A library that calls and takes the address of what may be nowhere: a function and a datum."""
    names = [f"{symbol}_function", f"{symbol}_datum"]
    return side_module(
        f'(module (import "env" "{names[0]}" (func $f (result i32)))'
        f' (import "GOT.func" "{names[0]}" (global $p (mut i32))) (import "GOT.mem" "{names[1]}" (global $d (mut i32)))'
        ' (func (export "call") (result i32) (call $f)) (func (export "pointer") (result i32) (global.get $p))'
        f' (func (export "datum") (result i32) (global.get $d))){padding}',
        weak=names if weak else [],
    )


def _optional_definition(symbol: str, value: int) -> bytes:
    """A library with the function and the datum."""
    return side_module(
        '(module (import "env" "__memory_base" (global $base i32))'
        f' (global (export "{symbol}_datum") i32 (i32.const 8))'
        f' (func (export "{symbol}_function") (result i32) (i32.const {value})))',
        memory=16,
    )


_POINTERS = """(module
  (import "env" "__indirect_function_table" (table 0 funcref))
  (import "env" "__table_base" (global $base i32))
  (import "env" "PyObject_Malloc" (func $malloc (param i32) (result i32)))
  (import "GOT.func" "PyObject_Free" (global $free (mut i32)))
  (import "GOT.func" "pointers_plain" (global $plain (mut i32)))
  (import "GOT.func" "pointers_listed" (global $listed (mut i32)))
  (import "GOT.func" "emscripten_get_now" (global $now (mut i32)))
  (elem (global.get $base) $listed)
  (func (export "pointers_plain") (result i32) (i32.const 1))
  (func $listed (export "pointers_listed") (result i32) (i32.const 2))
  (export "passed_on" (func $malloc))
  (func (export "plain") (result i32) (global.get $plain))
  (func (export "listed") (result i32) (global.get $listed))
  (func (export "in_table") (result i32) (global.get $base))
  (func (export "free") (result i32) (global.get $free))
  (func (export "now") (result f64) (call_indirect (result f64) (global.get $now))))"""
"""A library that takes addresses of functions: its own, the main module's and the host's."""


LIBRARIES: Final[dict[str, bytes]] = {
    "data.so": side_module(_DATA, memory=16, alignment=2),
    "again.so": side_module(_DATA, memory=16, alignment=2),
    "libbase.so": _constant("base_function", 11),
    "libx.so.1": _constant("versioned", 12),
    "needs.so": _caller("base_function", needed=["libbase.so"]),
    "needs_version.so": _caller("versioned", needed=["libx.so.1"]),
    "needs_path.so": _caller("deep", needed=["libdeep.so"], paths=["$ORIGIN/sub"]),
    "sub/libdeep.so": _constant("deep", 13),
    "needs_missing.so": _caller("gone", needed=["libgone.so"]),
    "offer.so": _constant("offered", 14),
    "offer2.so": _constant("offered2", 15),
    "wants.so": _caller("offered"),
    "wants2.so": _caller("offered2"),
    "undefined.so": _caller("nobody_has_this"),
    "undefined_data.so": _pointer("nobody_has_that", "GOT.mem"),
    "weak.so": _pointer("nobody_has_this", "GOT.func", weak=["nobody_has_this"]),
    "optional.so": _optional("optional"),
    "optional_definition.so": _optional_definition("optional", 20),
    "optional_again.so": _optional("optional", padding=" "),
    "unseen.so": _optional("unseen"),
    "unseen_definition.so": _optional_definition("unseen", 21),
    "in_group.so": _optional("group"),
    "group.so": side_module(
        '(module (import "env" "call" (func $c (result i32))) (func (export "run") (result i32) (call $c))'
        ' (func (export "group_function") (result i32) (i32.const 22)))',
        needed=["in_group.so"],
    ),
    "pointers.so": side_module(_POINTERS, slots=1),
    "first.so": _counter(1),
    "second.so": _counter(2),
    "not_wasm.so": b"\x7fELF" + bytes(60),
    "short.so": b"\0asm\1\0",
    "no_dylink.so": b"\0asm\1\0\0\0",
    f"{LONG}.so": _constant("long_name", 16),
    f"{LONG}/{LONG[:20]}.so": _constant("longer_name", 17),
    "circle_a.so": _constant("circle_a", 18, needed=["circle_b.so"]),
    "circle_b.so": _constant("circle_b", 19, needed=["circle_a.so"]),
}
"""By the path below the directory; read-only where this runtime runs them."""

PRELUDE: Final = f"""
import ctypes, os, _ctypes
D = {DIRECTORY!r}
LONG = {LONG!r}
def load(name, mode=ctypes.DEFAULT_MODE):
    return ctypes.CDLL(f"{{D}}/{{name}}", mode)
def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return [type(error).__name__]
main = ctypes.CDLL(None)
def address(symbol, library=main):
    return _ctypes.dlsym(library._handle, symbol)
def slot_of_type(position):
    # object's type points to that function
    return ctypes.c_uint32.from_address(id(object) + 4 * position).value
def handle_works(name, symbol):
    handle = _ctypes.dlopen(f"{{D}}/{{name}}", 2)
    value = ctypes.CFUNCTYPE(ctypes.c_int)(_ctypes.dlsym(handle, symbol))()
    return value, _ctypes.dlclose(handle)
"""

CASES: Final[dict[str, str]] = {
    "functions": "lib = load('data.so'); [lib.add(2, 3), lib.read(), lib.made()]",
    "data": "[ctypes.c_int.in_dll(load('data.so'), 'number').value, ctypes.c_int.in_dll(load('again.so'), 'number').value]",
    "data is written": "lib = load('data.so'); n = ctypes.c_int.in_dll(lib, 'number'); n.value = 70; [lib.read(), load('again.so').read()]",
    "same handle": "[load('data.so')._handle == load('data.so')._handle, load('data.so')._handle == load('again.so')._handle]",
    "constructors run once": "[load('data.so').made() for _ in range(3)]",
    "slots": "[_ctypes.dlsym(load('data.so')._handle, 'add') == _ctypes.dlsym(load('data.so')._handle, 'add')]",
    "no such function": "outcome(lambda: load('data.so').absent)",
    "no such datum": "outcome(lambda: ctypes.c_int.in_dll(load('data.so'), 'absent'))",
    "dlsym of nothing": "outcome(_ctypes.dlsym, load('data.so')._handle, 'absent')",
    "internal symbols": "[outcome(lambda: bool(_ctypes.dlsym(load('data.so')._handle, name))) for name in ('__wasm_call_ctors', 'memory')]",
    "missing": "outcome(load, 'missing.so')",
    "not wasm": "[outcome(load, name) for name in ('not_wasm.so', 'short.so', 'no_dylink.so')]",
    "after a failure": "outcome(load, 'missing.so'); load('data.so').add(1, 1)",
    "main module": "main = ctypes.CDLL(None); [main.strlen(b'four'), bool(main.Py_IsInitialized())]",
    "datum of the main module": "ctypes.c_int.in_dll(ctypes.CDLL(None), 'Py_Version').value == ctypes.c_int.in_dll(ctypes.pythonapi, 'Py_Version').value",
    "main module lacks it": "outcome(lambda: ctypes.CDLL(None).nobody_has_this)",
    "pythonapi": "ctypes.pythonapi.PyLong_AsLong(ctypes.py_object(41)) + 1",
    "local is not seen": "load('offer.so'); outcome(lambda: bool(load('wants.so')))",
    "local is not in the main module": "outcome(lambda: ctypes.CDLL(None).offered)",
    "global is seen": "load('offer2.so', ctypes.RTLD_GLOBAL); load('wants2.so').run()",
    "global is in the main module": "outcome(lambda: ctypes.CDLL(None).offered2())",
    "needed by search path": "os.environ['LD_LIBRARY_PATH'] = D; load('needs.so').run()",
    "needed version": "load('needs_version.so').run()",
    "needed by runtime path": "del os.environ['LD_LIBRARY_PATH']; load('needs_path.so').run()",
    "needed is missing": "outcome(lambda: bool(load('needs_missing.so')))",
    "versions": "load('libx.so.1').versioned()",
    "bare name": "outcome(lambda: bool(ctypes.CDLL('libbase.so')))",
    "bare name in the search path": "os.environ['LD_LIBRARY_PATH'] = D; outcome(lambda: ctypes.CDLL('libbase.so').base_function())",
    "relative search path": "os.chdir('/'); os.environ['LD_LIBRARY_PATH'] = D[1:]; outcome(lambda: ctypes.CDLL('libbase.so').base_function())",
    "relative path": "os.chdir(D); outcome(lambda: ctypes.CDLL('./libbase.so').base_function())",
    "relative name": "outcome(lambda: ctypes.CDLL('libbase.so').base_function())",
    "dots": "outcome(lambda: ctypes.CDLL(f'{D}/sub/../libbase.so').base_function())",
    "undefined function": "outcome(lambda: bool(load('undefined.so')))",
    "weak": "load('weak.so').pointer()",
    "optional": "optional = load('optional.so'); [optional.pointer(), optional.datum()]",
    "optional, defined locally": "unseen = load('unseen.so'); load('unseen_definition.so'); [unseen.pointer(), unseen.datum()]",
    "optional, defined globally": "load('optional_definition.so', ctypes.RTLD_GLOBAL); [optional.pointer(), optional.datum(), optional.call(), optional.call()]",
    "optional, defined before": "again = load('optional_again.so'); [again.call(), bool(again.pointer()), bool(again.datum())]",
    "optional, defined by what needs it": "os.environ['LD_LIBRARY_PATH'] = D; load('group.so').run()",
    "pointers to the main module's functions": "[address('PyObject_Free') == slot_of_type(40), address('PyObject_GenericGetAttr') == slot_of_type(18), address('PyObject_Free', ctypes.pythonapi) == slot_of_type(40)]",
    "pointers to a library's functions": "pointers = load('pointers.so'); [pointers.plain() == address('pointers_plain', pointers), pointers.listed() == pointers.in_table() == address('pointers_listed', pointers), pointers.free() == address('PyObject_Free')]",
    "pointers that ctypes sees": "[ctypes.cast(pointers.pointers_plain, ctypes.c_void_p).value == pointers.plain(), ctypes.cast(ctypes.pythonapi.PyObject_Free, ctypes.c_void_p).value == slot_of_type(40)]",
    "a function that is passed on": "address('passed_on', pointers) == address('PyObject_Malloc')",
    "a pointer to a function of the host": "now = pointers.now; now.restype = ctypes.c_double; now() > 0",
    "functions of the host": "outcome(lambda: bool(address('emscripten_get_now')))",
    "own definitions": "a, b = load('first.so'), load('second.so'); [a.common(), b.common(), a.call_common(), b.call_common()]",
    "close": "handle_works('data.so', 'made')",
    "close and open": "[handle_works('again.so', 'made'), load('again.so').made()]",
    "close twice": "outcome(_ctypes.dlclose, 12345)",
    "long name": "outcome(lambda: load(f'{LONG}.so').long_name())",
    "longer name": "outcome(lambda: load(f'{LONG}/{LONG[:20]}.so').longer_name())",
    "circle": "os.environ['LD_LIBRARY_PATH'] = D; outcome(lambda: [load('circle_a.so').circle_a(), load('circle_b.so').circle_b()])",
    "callbacks": "t = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int); t(lambda a, b: a * b)(6, 7)",
    "pointer to a function": "t = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int); t(ctypes.cast(load('data.so').add, ctypes.c_void_p).value)(20, 22)",
    "a directory": "outcome(lambda: bool(load('sub')))",
    "an empty name": "outcome(lambda: bool(ctypes.CDLL('')))",
    "a name with a percent sign": "outcome(lambda: bool(load('%s%n.so')))",
    "undefined datum": "outcome(lambda: bool(load('undefined_data.so')))",
}
"""Expressions by name; each is run behind the ones before it."""
