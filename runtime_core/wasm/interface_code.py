"""The part of the interface between Python and JavaScript that runs inside WebAssembly, as WebAssembly text.

Pyodide's C code asks the host about 25 things to make one call of a host function. Most have answers that follow from
the bits of a reference alone (docs/adr/0009-i31-handles.md); the functions below answer those, and gather the arguments
of a call so that one import carries them. See docs/adr/0014-interface-inside-webassembly.md.

**Payloads.** The 31 bits of an i31 reference: three bits of kind, 28 of content. ``0`` is integer 0, ``1`` undefined,
``2`` true, ``3`` false, ``4`` no value, ``7`` the error sentinel; kinds 1, 5 and 6 with content are handles of
a primitive, an object, and a PyProxy or promise. Null is no i31 reference; its payload is taken to be -1 here.

**Arrays of the guest.** ``JsvArray_New`` gives out handles above ``1 << 27`` without asking the host, which makes the
array when it first meets the handle. Up to four values pushed to the newest such array stay here (``pending``) until
the host could look: before each import that takes a reference, and before a function returns one to the host.
An array that was only filled to be the argument list of a call is never made.

Names of exports say where a function goes: ``import:X`` takes the calls of import X, ``function:X`` those of the
exported function X, ``export:X`` is exported as X instead, ``runtime:X`` is exported as X.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SETTLE: Final = "runtime_settle"
"""(restart): deliver what is pending; with ``restart`` number arrays from the start again (none may be in use).
Returns how many were given out."""

HOST_MODULE: Final = "runtime"

HOST_FUNCTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "call": ("JsvError_Check", "(param externref externref i32 i32 i32 i32 i32) (result externref)"),
    "push": ("JsvNoValue_Check", "(param externref i32 i32 i32 i32 i32)"),
    "classify": ("Jsv_GetError_import", "(param externref) (result i32)"),
    "to_js": ("JsvGenerator_Check", "(param i32 externref) (result externref)"),
    "primitive": ("JsvAsyncGenerator_Check", "(param externref i32 i32) (result i32)"),
}
"""What these functions import from the host: name, the import of Pyodide whose place it takes, type.

The replaced imports are those that nothing calls any more, so that no function index moves."""

ORIGINALS: Final[Mapping[str, str]] = {
    "JsvArray_New": "(result externref)",
    "JsvArray_Push": "(param externref externref) (result i32)",
    "JsvArray_Check": "(param externref) (result i32)",
    "JsvFunction_Check": "(param externref) (result i32)",
    "JsvFunction_CallBound": "(param externref externref externref) (result externref)",
    "JsvNum_fromInt": "(param i32) (result externref)",
    "JsvNum_toInt": "(param externref) (result i32)",
    "Jsv_to_bool": "(param externref) (result i32)",
    "destroy_proxies": "(param externref i32)",
    "js2python_js": "(param externref) (result i32)",
    "js2python_immutable_js": "(param externref) (result i32)",
    "pyproxy_Check": "(param externref) (result i32)",
}
"""Imports of Pyodide that are answered here where possible, and else by the host."""

GUEST_FUNCTIONS: Final[Mapping[str, str]] = {
    "_js2python_none": "(result i32)",
    "_js2python_null": "(result i32)",
    "_js2python_true": "(result i32)",
    "_js2python_false": "(result i32)",
    "PyLong_FromLong": "(param i32) (result i32)",
    "PyLong_FromDouble": "(param f64) (result i32)",
    "PyFloat_FromDouble": "(param f64) (result i32)",
    "PyUnicode_FromKindAndData": "(param i32 i32 i32) (result i32)",
    "python2js_custom": "(param i32 i32 externref externref externref externref) (result externref)",
}
"""Exported functions that are called from here."""

CODE: Final = r"""
(global $serial (mut i32) (i32.const 0))        ;; arrays given out so far
(global $newest (mut i32) (i32.const -2))       ;; payload of the newest array while nothing was done with it, else -2
(global $second (mut i32) (i32.const -2))       ;; the same of the one before it
(global $pending (mut i32) (i32.const -2))      ;; payload of the array that has pending values, or -2
(global $count (mut i32) (i32.const 0))         ;; how many it has
(global $value0 (mut i32) (i32.const 0))        ;; their raw bits
(global $value1 (mut i32) (i32.const 0))
(global $value2 (mut i32) (i32.const 0))
(global $value3 (mut i32) (i32.const 0))
(global $classified (mut i32) (i32.const -2))   ;; payload that the host classified last, or -2
(global $class (mut i32) (i32.const 0))         ;; 1 promise, 2 generator, 4 async generator

(func $payload (param $value externref) (result i32)
  (if (ref.is_null (local.get $value)) (then (return (i32.const -1))))
  (i31.get_u (ref.cast (ref i31) (any.convert_extern (local.get $value)))))

(func $reference (param $payload i32) (result externref)
  (extern.convert_any (ref.i31 (local.get $payload))))

;; The raw bits of a reference, as the host knows them.
(func $raw (param $value externref) (result i32)
  (local $payload i32)
  (local.set $payload (call $payload (local.get $value)))
  (if (i32.eq (local.get $payload) (i32.const -1)) (then (return (i32.const 0))))
  (i32.or (i32.shl (local.get $payload) (i32.const 1)) (i32.const 1)))

(func $is_integer (param $payload i32) (result i32)
  (i32.and (i32.ne (local.get $payload) (i32.const -1))
           (i32.eqz (i32.and (local.get $payload) (i32.const 7)))))

;; 28 signed bits above the kind.
(func $integer (param $payload i32) (result i32)
  (i32.shr_s (i32.shl (local.get $payload) (i32.const 1)) (i32.const 4)))

;; Whether a payload is the handle of an object: kind 5 or 6.
(func $is_object (param $payload i32) (result i32)
  (local $kind i32)
  (local.set $kind (i32.and (local.get $payload) (i32.const 7)))
  (i32.and (i32.ne (local.get $payload) (i32.const -1))
           (i32.or (i32.eq (local.get $kind) (i32.const 5)) (i32.eq (local.get $kind) (i32.const 6)))))

;; Note that the host gets to see a value: an array is then no longer known to be empty.
(func $touch (param $value externref)
  (local $payload i32)
  (local.set $payload (call $payload (local.get $value)))
  (if (i32.eq (local.get $payload) (global.get $newest)) (then (global.set $newest (i32.const -2))))
  (if (i32.eq (local.get $payload) (global.get $second)) (then (global.set $second (i32.const -2)))))

(func $flush
  (local $array i32)
  (local.set $array (global.get $pending))
  (global.set $classified (i32.const -2))
  (if (i32.ne (local.get $array) (i32.const -2))
    (then
      (global.set $pending (i32.const -2))
      (call $host.push (call $reference (local.get $array)) (global.get $count)
        (global.get $value0) (global.get $value1) (global.get $value2) (global.get $value3)))))

(func (export "runtime:runtime_settle") (param $restart i32) (result i32)
  (call $flush)
  (global.set $newest (i32.const -2))
  (global.set $second (i32.const -2))
  (if (local.get $restart) (then (global.set $serial (i32.const 0))))
  (global.get $serial))

;; ---- constants and checks

(func (export "import:Jsv_GetError_import") (result externref)
  (call $reference (i32.const 7)))

(func (export "import:JsvError_Check") (param $value externref) (result i32)
  (i32.eq (call $payload (local.get $value)) (i32.const 7)))

(func (export "import:JsvNoValue_Check") (param $value externref) (result i32)
  (i32.eq (call $payload (local.get $value)) (i32.const 4)))

(func (export "import:is_comlink_proxy") (param $value externref) (result i32)
  (i32.const 0))

(func (export "import:pyproxy_Check") (param $value externref) (result i32)
  (local $payload i32)
  (local.set $payload (call $payload (local.get $value)))
  (if (i32.eqz (call $is_object (local.get $payload))) (then (return (i32.const 0))))
  (if (i32.eq (i32.and (local.get $payload) (i32.const 7)) (i32.const 5)) (then (return (i32.const 0))))
  (call $import.pyproxy_Check (local.get $value)))

(func (export "import:JsvFunction_Check") (param $value externref) (result i32)
  (if (i32.eqz (call $is_object (call $payload (local.get $value)))) (then (return (i32.const 0))))
  (call $import.JsvFunction_Check (local.get $value)))

(func (export "import:JsvArray_Check") (param $value externref) (result i32)
  (local $payload i32)
  (local.set $payload (call $payload (local.get $value)))
  (if (i32.eqz (call $is_object (local.get $payload))) (then (return (i32.const 0))))
  (call $import.JsvArray_Check (local.get $value)))

;; The three checks that follow each call share one import.
(func $classify (param $value externref) (result i32)
  (local $payload i32)
  (local.set $payload (call $payload (local.get $value)))
  (if (i32.eqz (call $is_object (local.get $payload))) (then (return (i32.const 0))))
  (call $flush)
  (global.set $class (call $host.classify (local.get $value)))
  (global.set $classified (local.get $payload))
  (global.get $class))

(func $known_class (param $value externref) (result i32)
  (if (i32.eq (call $payload (local.get $value)) (global.get $classified)) (then (return (global.get $class))))
  (call $classify (local.get $value)))

(func (export "import:JsvPromise_Check") (param $value externref) (result i32)
  (i32.and (call $classify (local.get $value)) (i32.const 1)))

(func (export "import:JsvGenerator_Check") (param $value externref) (result i32)
  (i32.ne (i32.and (call $known_class (local.get $value)) (i32.const 2)) (i32.const 0)))

(func (export "import:JsvAsyncGenerator_Check") (param $value externref) (result i32)
  (local $found i32)
  (local.set $found (i32.ne (i32.and (call $known_class (local.get $value)) (i32.const 4)) (i32.const 0)))
  (global.set $classified (i32.const -2))
  (local.get $found))

;; ---- numbers

(func (export "import:JsvNum_fromInt") (param $number i32) (result externref)
  (if (i32.eq (i32.shr_s (i32.shl (local.get $number) (i32.const 4)) (i32.const 4)) (local.get $number))
    (then (return (call $reference (i32.shl (local.get $number) (i32.const 3))))))
  (call $import.JsvNum_fromInt (local.get $number)))

(func (export "import:JsvNum_toInt") (param $value externref) (result i32)
  (local $payload i32)
  (local.set $payload (call $payload (local.get $value)))
  (if (call $is_integer (local.get $payload)) (then (return (call $integer (local.get $payload)))))
  (call $import.JsvNum_toInt (local.get $value)))

(func (export "import:Jsv_to_bool") (param $value externref) (result i32)
  (local $payload i32)
  (local.set $payload (call $payload (local.get $value)))
  (if (i32.le_u (i32.add (local.get $payload) (i32.const 1)) (i32.const 4))  ;; null, 0, undefined, true, false
    (then (return (i32.eq (local.get $payload) (i32.const 2)))))
  (if (call $is_integer (local.get $payload)) (then (return (i32.const 1))))
  (call $import.Jsv_to_bool (local.get $value)))

;; ---- JavaScript to Python

;; A new reference, or 0 for what is no constant and no primitive that the host hands over; then *other* is asked.
(func $to_python (param $value externref) (result i32)
  (local $payload i32)
  (local $address i32)
  (local $size i32)
  (local $object i32)
  (local.set $payload (call $payload (local.get $value)))
  (if (call $is_integer (local.get $payload))
    (then (return (call $PyLong_FromLong (call $integer (local.get $payload))))))
  (if (i32.eq (local.get $payload) (i32.const -1)) (then (return (call $_js2python_null))))
  (if (i32.eq (local.get $payload) (i32.const 1)) (then (return (call $_js2python_none))))
  (if (i32.eq (local.get $payload) (i32.const 2)) (then (return (call $_js2python_true))))
  (if (i32.eq (local.get $payload) (i32.const 3)) (then (return (call $_js2python_false))))
  (if (i32.ne (i32.and (local.get $payload) (i32.const 7)) (i32.const 1)) (then (return (i32.const 0))))
  ;; A primitive: the host writes it to the guest's stack. The result says what it is: -1 nothing, -2 a fraction,
  ;; -3 a whole number, else a text: its length above two bits of width (1, 2, or 0 for 4 bytes).
  (local.set $address (i32.sub (global.get $__stack_pointer) (i32.const 1040)))
  (global.set $__stack_pointer (local.get $address))
  (local.set $size (call $host.primitive (local.get $value) (local.get $address) (i32.const 1024)))
  (if (i32.ge_s (local.get $size) (i32.const 0))
    (then
      (local.set $object
        (call $PyUnicode_FromKindAndData
          (if (result i32) (i32.and (local.get $size) (i32.const 3))
            (then (i32.and (local.get $size) (i32.const 3))) (else (i32.const 4)))
          (local.get $address)
          (i32.shr_u (local.get $size) (i32.const 2)))))
    (else
      (if (i32.eq (local.get $size) (i32.const -2))
        (then (local.set $object (call $PyFloat_FromDouble (f64.load (local.get $address))))))
      (if (i32.eq (local.get $size) (i32.const -3))
        (then (local.set $object (call $PyLong_FromDouble (f64.load (local.get $address))))))))
  (global.set $__stack_pointer (i32.add (local.get $address) (i32.const 1040)))
  (local.get $object))

(func (export "import:js2python_js") (param $value externref) (result i32)
  (local $object i32)
  (local.set $object (call $to_python (local.get $value)))
  (if (local.get $object) (then (return (local.get $object))))
  (call $flush)
  (call $touch (local.get $value))
  (call $import.js2python_js (local.get $value)))

(func (export "import:js2python_immutable_js") (param $value externref) (result i32)
  (local $object i32)
  (local.set $object (call $to_python (local.get $value)))
  (if (local.get $object) (then (return (local.get $object))))
  (call $flush)
  (call $touch (local.get $value))
  (call $import.js2python_immutable_js (local.get $value)))

;; ---- Python to JavaScript

;; Copies of whole containers: the host tries first; "no value" means that it leaves the object to Pyodide's code.
(func (export "function:python2js_custom")
    (param $object i32) (param $depth i32) (param $proxies externref)
    (param $dicts externref) (param $default externref) (param $eager externref) (result externref)
  (local $result externref)
  (if (i32.and (i32.lt_s (local.get $depth) (i32.const 0))
        (i32.and (i32.eq (call $payload (local.get $default)) (i32.const 7))
                 (i32.eq (call $payload (local.get $eager)) (i32.const 7))))
    (then
      (call $flush)
      (local.set $result (call $host.to_js (local.get $object) (local.get $dicts)))
      (if (i32.ne (call $payload (local.get $result)) (i32.const 4)) (then (return (local.get $result))))))
  (call $touch (local.get $proxies))
  (call $touch (local.get $dicts))
  (call $touch (local.get $default))
  (call $touch (local.get $eager))
  (call $python2js_custom (local.get $object) (local.get $depth) (local.get $proxies)
    (local.get $dicts) (local.get $default) (local.get $eager)))

;; ---- arrays and calls

(func (export "import:JsvArray_New") (result externref)
  (local $payload i32)
  (if (i32.ge_u (global.get $serial) (i32.const 0x7FFFFFF)) (then (return (call $import.JsvArray_New))))
  (global.set $serial (i32.add (global.get $serial) (i32.const 1)))
  (local.set $payload (i32.or (i32.const 0x40000005) (i32.shl (global.get $serial) (i32.const 3))))
  (global.set $second (global.get $newest))
  (global.set $newest (local.get $payload))
  (call $reference (local.get $payload)))

(func $keep (param $value externref)
  (local $raw i32)
  (call $touch (local.get $value))
  (local.set $raw (call $raw (local.get $value)))
  (if (i32.eqz (global.get $count)) (then (global.set $value0 (local.get $raw))))
  (if (i32.eq (global.get $count) (i32.const 1)) (then (global.set $value1 (local.get $raw))))
  (if (i32.eq (global.get $count) (i32.const 2)) (then (global.set $value2 (local.get $raw))))
  (if (i32.eq (global.get $count) (i32.const 3)) (then (global.set $value3 (local.get $raw))))
  (global.set $count (i32.add (global.get $count) (i32.const 1))))

(func (export "import:JsvArray_Push") (param $array externref) (param $value externref) (result i32)
  (local $payload i32)
  (local.set $payload (call $payload (local.get $array)))
  (if (i32.eq (local.get $payload) (global.get $newest))
    (then
      (call $flush)
      (global.set $newest (i32.const -2))
      (global.set $pending (local.get $payload))
      (global.set $count (i32.const 0))
      (call $keep (local.get $value))
      (return (i32.const 1))))
  (if (i32.and (i32.eq (local.get $payload) (global.get $pending)) (i32.lt_u (global.get $count) (i32.const 4)))
    (then
      (call $keep (local.get $value))
      (return (global.get $count))))
  (call $flush)
  (call $touch (local.get $array))
  (call $touch (local.get $value))
  (call $import.JsvArray_Push (local.get $array) (local.get $value)))

(func (export "import:JsvFunction_CallBound")
    (param $function externref) (param $this externref) (param $arguments externref) (result externref)
  (local $payload i32)
  (local $count i32)
  (local.set $payload (call $payload (local.get $arguments)))
  (call $touch (local.get $function))
  (call $touch (local.get $this))
  (if (i32.or (i32.eq (local.get $payload) (global.get $pending)) (i32.eq (local.get $payload) (global.get $newest)))
    (then
      (if (i32.eq (local.get $payload) (global.get $pending))
        (then
          (local.set $count (global.get $count))
          (global.set $pending (i32.const -2)))
        (else (call $flush)))
      (call $touch (local.get $arguments))
      (global.set $classified (i32.const -2))
      (return (call $host.call (local.get $function) (local.get $this) (local.get $count)
        (global.get $value0) (global.get $value1) (global.get $value2) (global.get $value3)))))
  (call $flush)
  (call $touch (local.get $arguments))
  (call $import.JsvFunction_CallBound (local.get $function) (local.get $this) (local.get $arguments)))

;; Nothing was added to most lists of proxies that a call made; they are never made either.
(func (export "import:destroy_proxies") (param $proxies externref) (param $message i32)
  (local $payload i32)
  (local.set $payload (call $payload (local.get $proxies)))
  (if (i32.eq (local.get $payload) (global.get $newest)) (then (return)))
  (if (i32.eq (local.get $payload) (global.get $second)) (then (return)))
  (call $flush)
  (call $import.destroy_proxies (local.get $proxies) (local.get $message)))
"""
