"""Making many Python objects in one call of the guest, as WebAssembly text.

The host (:mod:`runtime_core.js.columns`) lays out one block of the guest's memory: inputs as arrays of numbers, room
for the objects that are made, and a list of steps. Each step makes or moves ``count`` objects. Offsets count from the
block's first byte. A step is eight words of 32 bits: kind, count, input, output, up to three more, the last unused:

====  ==========  ===============================================================================================
kind  makes       from
====  ==========  ===============================================================================================
0     ints        numbers of 32 bits; *first*: how far apart they are
1     numbers     64-bit floats; whole ones that JavaScript counts exactly become ints
2     texts       their lengths; *first*: the characters of all, *second*: bytes of a character; where these are 0,
                  the characters are single bytes, and the bytes of each text end with a zero
3     constants   bytes: 0 None, 1 jsnull, 2 True, 3 False
4     lists       their lengths; *first*: the objects of all, which the lists take over
5     records     offsets of columns of objects, which the dicts take over; *first*: keys, *second*: how many of them
6     dicts       their lengths; *first*: values of all, taken over, *second*: numbers of keys of all, *third*: keys
7     (moves)     objects from *first* to the places that the input's numbers say
8     (shares)    new references to those of *first* that the input's numbers say
====  ==========  ===============================================================================================

A place whose object was taken over is zero. Moves fill the places of constants, which are immortal. The result of the
last step stays; whatever else is left, all of it after an error, is released.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BUILD: Final = "runtime_build"
"""(block, steps, count) -> i32: run ``count`` steps; 0 with an exception set where one failed, else 1."""

BUILDER_FUNCTIONS: Final[Mapping[str, str]] = {
    "PyList_New": "(param i32) (result i32)",
    "PyDict_New": "(result i32)",
    "PyDict_SetItem": "(param i32 i32 i32) (result i32)",
    "Py_IncRef": "(param i32)",
    "Py_DecRef": "(param i32)",
}
"""Exported functions that this code calls, beside those of interface_code.py."""

BUILDER_CODE: Final = r"""
;; The word at a place of an array of words.
(func $word (param $array i32) (param $place i32) (result i32)
  (i32.load (i32.add (local.get $array) (i32.shl (local.get $place) (i32.const 2)))))

;; The object at a place, which is left empty.
(func $take (param $array i32) (param $place i32) (result i32)
  (local $object i32)
  (local.set $array (i32.add (local.get $array) (i32.shl (local.get $place) (i32.const 2))))
  (local.set $object (i32.load (local.get $array)))
  (i32.store (local.get $array) (i32.const 0))
  (local.get $object))

(func $make_integers (param $count i32) (param $input i32) (param $output i32) (param $stride i32) (result i32)
  (local $object i32)
  (block $failed
    (loop $next
      (if (i32.eqz (local.get $count)) (then (return (i32.const 1))))
      (local.set $object (call $PyLong_FromLong (i32.load (local.get $input))))
      (br_if $failed (i32.eqz (local.get $object)))
      (i32.store (local.get $output) (local.get $object))
      (local.set $input (i32.add (local.get $input) (local.get $stride)))
      (local.set $output (i32.add (local.get $output) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
  (i32.const 0))

(func $make_number (param $number f64) (result i32)
  (if (i32.and (f64.eq (f64.trunc (local.get $number)) (local.get $number))
               (f64.le (f64.abs (local.get $number)) (f64.const 9007199254740991)))
    (then (return (call $PyLong_FromDouble (local.get $number)))))
  (call $PyFloat_FromDouble (local.get $number)))

(func $make_numbers (param $count i32) (param $input i32) (param $output i32) (result i32)
  (local $object i32)
  (block $failed
    (loop $next
      (if (i32.eqz (local.get $count)) (then (return (i32.const 1))))
      (local.set $object (call $make_number (f64.load (local.get $input))))
      (br_if $failed (i32.eqz (local.get $object)))
      (i32.store (local.get $output) (local.get $object))
      (local.set $input (i32.add (local.get $input) (i32.const 8)))
      (local.set $output (i32.add (local.get $output) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
  (i32.const 0))

(func $make_texts
    (param $count i32) (param $lengths i32) (param $output i32) (param $data i32) (param $width i32) (result i32)
  (local $object i32)
  (block $failed
    (loop $next
      (if (i32.eqz (local.get $count)) (then (return (i32.const 1))))
      (local.set $object
        (call $PyUnicode_FromKindAndData (local.get $width) (local.get $data) (i32.load (local.get $lengths))))
      (br_if $failed (i32.eqz (local.get $object)))
      (i32.store (local.get $output) (local.get $object))
      (local.set $data
        (i32.add (local.get $data) (i32.mul (local.get $width) (i32.load (local.get $lengths)))))
      (local.set $lengths (i32.add (local.get $lengths) (i32.const 4)))
      (local.set $output (i32.add (local.get $output) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
  (i32.const 0))

;; How many bytes there are before the next zero.
(func $length (param $text i32) (result i32)
  (local $end i32)
  (local.set $end (local.get $text))
  (loop $next
    (if (i32.load8_u (local.get $end))
      (then
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next))))
  (i32.sub (local.get $end) (local.get $text)))

(func $make_short_texts (param $count i32) (param $output i32) (param $data i32) (result i32)
  (local $object i32)
  (local $length i32)
  (block $failed
    (loop $next
      (if (i32.eqz (local.get $count)) (then (return (i32.const 1))))
      (local.set $length (call $length (local.get $data)))
      (local.set $object
        (call $PyUnicode_FromKindAndData (i32.const 1) (local.get $data) (local.get $length)))
      (br_if $failed (i32.eqz (local.get $object)))
      (i32.store (local.get $output) (local.get $object))
      (local.set $data (i32.add (local.get $data) (i32.add (local.get $length) (i32.const 1))))
      (local.set $output (i32.add (local.get $output) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
  (i32.const 0))

(func $make_constant (param $which i32) (result i32)
  (if (i32.eqz (local.get $which)) (then (return (call $_js2python_none))))
  (if (i32.eq (local.get $which) (i32.const 1)) (then (return (call $_js2python_null))))
  (if (i32.eq (local.get $which) (i32.const 2)) (then (return (call $_js2python_true))))
  (call $_js2python_false))

(func $make_constants (param $count i32) (param $input i32) (param $output i32) (result i32)
  (loop $next
    (if (i32.eqz (local.get $count)) (then (return (i32.const 1))))
    (i32.store (local.get $output) (call $make_constant (i32.load8_u (local.get $input))))
    (local.set $input (i32.add (local.get $input) (i32.const 1)))
    (local.set $output (i32.add (local.get $output) (i32.const 4)))
    (local.set $count (i32.sub (local.get $count) (i32.const 1)))
    (br $next))
  (unreachable))

;; A new list's elements are null: they are stored behind its size (8) and the pointer to them (12).
(func $fill_list (param $list i32) (param $items i32) (param $length i32) (result i32)
  (local $elements i32)
  (if (i32.ne (i32.load offset=8 (local.get $list)) (local.get $length)) (then (return (i32.const 0))))
  (local.set $elements (i32.load offset=12 (local.get $list)))
  (loop $next
    (if (i32.eqz (local.get $length)) (then (return (i32.const 1))))
    (i32.store (local.get $elements) (i32.load (local.get $items)))
    (i32.store (local.get $items) (i32.const 0))
    (local.set $elements (i32.add (local.get $elements) (i32.const 4)))
    (local.set $items (i32.add (local.get $items) (i32.const 4)))
    (local.set $length (i32.sub (local.get $length) (i32.const 1)))
    (br $next))
  (unreachable))

(func $make_lists (param $count i32) (param $lengths i32) (param $output i32) (param $items i32) (result i32)
  (local $list i32)
  (local $length i32)
  (block $failed
    (loop $next
      (if (i32.eqz (local.get $count)) (then (return (i32.const 1))))
      (local.set $length (i32.load (local.get $lengths)))
      (local.set $list (call $PyList_New (local.get $length)))
      (br_if $failed (i32.eqz (local.get $list)))
      (i32.store (local.get $output) (local.get $list))
      (br_if $failed (i32.eqz (call $fill_list (local.get $list) (local.get $items) (local.get $length))))
      (local.set $items (i32.add (local.get $items) (i32.shl (local.get $length) (i32.const 2))))
      (local.set $lengths (i32.add (local.get $lengths) (i32.const 4)))
      (local.set $output (i32.add (local.get $output) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
  (i32.const 0))

;; dict[key] = value; the value's reference is used up.
(func $put (param $dict i32) (param $key i32) (param $value i32) (result i32)
  (local $status i32)
  (local.set $status (call $PyDict_SetItem (local.get $dict) (local.get $key) (local.get $value)))
  (call $Py_DecRef (local.get $value))
  (i32.eqz (local.get $status)))

(func $make_records
    (param $block i32) (param $count i32) (param $columns i32) (param $output i32) (param $keys i32) (param $width i32)
    (result i32)
  (local $dict i32)
  (local $place i32)
  (local $key i32)
  (block $failed
    (loop $next
      (if (i32.eq (local.get $place) (local.get $count)) (then (return (i32.const 1))))
      (local.set $dict (call $PyDict_New))
      (br_if $failed (i32.eqz (local.get $dict)))
      (i32.store (i32.add (local.get $output) (i32.shl (local.get $place) (i32.const 2))) (local.get $dict))
      (local.set $key (i32.const 0))
      (block $full
        (loop $more
          (br_if $full (i32.eq (local.get $key) (local.get $width)))
          (br_if $failed (i32.eqz (call $put (local.get $dict)
            (call $word (local.get $keys) (local.get $key))
            (call $take
              (i32.add (local.get $block) (call $word (local.get $columns) (local.get $key)))
              (local.get $place)))))
          (local.set $key (i32.add (local.get $key) (i32.const 1)))
          (br $more)))
      (local.set $place (i32.add (local.get $place) (i32.const 1)))
      (br $next)))
  (i32.const 0))

(func $make_dicts
    (param $count i32) (param $lengths i32) (param $output i32) (param $values i32) (param $numbers i32)
    (param $keys i32) (result i32)
  (local $dict i32)
  (local $left i32)
  (block $failed
    (loop $next
      (if (i32.eqz (local.get $count)) (then (return (i32.const 1))))
      (local.set $dict (call $PyDict_New))
      (br_if $failed (i32.eqz (local.get $dict)))
      (i32.store (local.get $output) (local.get $dict))
      (local.set $left (i32.load (local.get $lengths)))
      (block $full
        (loop $more
          (br_if $full (i32.eqz (local.get $left)))
          (br_if $failed (i32.eqz (call $put (local.get $dict)
            (call $word (local.get $keys) (i32.load (local.get $numbers)))
            (call $take (local.get $values) (i32.const 0)))))
          (local.set $values (i32.add (local.get $values) (i32.const 4)))
          (local.set $numbers (i32.add (local.get $numbers) (i32.const 4)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $more)))
      (local.set $lengths (i32.add (local.get $lengths) (i32.const 4)))
      (local.set $output (i32.add (local.get $output) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
  (i32.const 0))

(func $move (param $count i32) (param $places i32) (param $output i32) (param $objects i32) (result i32)
  (local $place i32)
  (loop $next
    (if (i32.eq (local.get $place) (local.get $count)) (then (return (i32.const 1))))
    (i32.store
      (i32.add (local.get $output) (i32.shl (call $word (local.get $places) (local.get $place)) (i32.const 2)))
      (call $take (local.get $objects) (local.get $place)))
    (local.set $place (i32.add (local.get $place) (i32.const 1)))
    (br $next))
  (unreachable))

(func $share (param $count i32) (param $places i32) (param $output i32) (param $objects i32) (result i32)
  (local $place i32)
  (local $object i32)
  (loop $next
    (if (i32.eq (local.get $place) (local.get $count)) (then (return (i32.const 1))))
    (local.set $object (call $word (local.get $objects) (call $word (local.get $places) (local.get $place))))
    (call $Py_IncRef (local.get $object))
    (i32.store (i32.add (local.get $output) (i32.shl (local.get $place) (i32.const 2))) (local.get $object))
    (local.set $place (i32.add (local.get $place) (i32.const 1)))
    (br $next))
  (unreachable))

(func $step (param $block i32) (param $step i32) (result i32)
  (local $kind i32)
  (local $count i32)
  (local $input i32)
  (local $output i32)
  (local $first i32)
  (local $second i32)
  (local.set $kind (i32.load (local.get $step)))
  (local.set $count (i32.load offset=4 (local.get $step)))
  (local.set $input (i32.add (local.get $block) (i32.load offset=8 (local.get $step))))
  (local.set $output (i32.add (local.get $block) (i32.load offset=12 (local.get $step))))
  (local.set $first (i32.add (local.get $block) (i32.load offset=16 (local.get $step))))
  (local.set $second (i32.load offset=20 (local.get $step)))
  (if (i32.eq (local.get $kind) (i32.const 0))
    (then (return (call $make_integers (local.get $count) (local.get $input) (local.get $output)
      (i32.load offset=16 (local.get $step))))))
  (if (i32.eq (local.get $kind) (i32.const 1))
    (then (return (call $make_numbers (local.get $count) (local.get $input) (local.get $output)))))
  (if (i32.and (i32.eq (local.get $kind) (i32.const 2)) (i32.eqz (local.get $second)))
    (then (return (call $make_short_texts (local.get $count) (local.get $output) (local.get $first)))))
  (if (i32.eq (local.get $kind) (i32.const 2))
    (then (return (call $make_texts (local.get $count) (local.get $input) (local.get $output)
      (local.get $first) (local.get $second)))))
  (if (i32.eq (local.get $kind) (i32.const 3))
    (then (return (call $make_constants (local.get $count) (local.get $input) (local.get $output)))))
  (if (i32.eq (local.get $kind) (i32.const 4))
    (then (return (call $make_lists (local.get $count) (local.get $input) (local.get $output) (local.get $first)))))
  (if (i32.eq (local.get $kind) (i32.const 5))
    (then (return (call $make_records (local.get $block) (local.get $count) (local.get $input) (local.get $output)
      (local.get $first) (local.get $second)))))
  (if (i32.eq (local.get $kind) (i32.const 6))
    (then (return (call $make_dicts (local.get $count) (local.get $input) (local.get $output) (local.get $first)
      (i32.add (local.get $block) (local.get $second))
      (i32.add (local.get $block) (i32.load offset=24 (local.get $step)))))))
  (if (i32.eq (local.get $kind) (i32.const 7))
    (then (return (call $move (local.get $count) (local.get $input) (local.get $output) (local.get $first)))))
  (call $share (local.get $count) (local.get $input) (local.get $output) (local.get $first)))

(func $release (param $objects i32) (param $count i32)
  (local $object i32)
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (local.set $object (call $take (local.get $objects) (local.get $count)))
      (if (local.get $object) (then (call $Py_DecRef (local.get $object))))
      (br $next))))

(func (export "runtime:runtime_build") (param $block i32) (param $steps i32) (param $count i32) (result i32)
  (local $place i32)
  (local $step i32)
  (local $good i32)
  (local.set $good (i32.const 1))
  (local.set $step (local.get $steps))
  (block $done
    (loop $next
      (br_if $done (i32.eq (local.get $place) (local.get $count)))
      (local.set $good (call $step (local.get $block) (local.get $step)))
      (br_if $done (i32.eqz (local.get $good)))
      (local.set $place (i32.add (local.get $place) (i32.const 1)))
      (local.set $step (i32.add (local.get $step) (i32.const 32)))
      (br $next)))
  ;; What nobody took over, the last step's objects aside.
  (if (local.get $good) (then (local.set $count (i32.sub (local.get $count) (i32.const 1)))))
  (local.set $place (i32.const 0))
  (local.set $step (local.get $steps))
  (block $released
    (loop $next
      (br_if $released (i32.eq (local.get $place) (local.get $count)))
      (if (i32.ne (i32.load (local.get $step)) (i32.const 7))  ;; its places are those of another step
        (then
          (call $release (i32.add (local.get $block) (i32.load offset=12 (local.get $step)))
            (i32.load offset=4 (local.get $step)))))
      (local.set $place (i32.add (local.get $place) (i32.const 1)))
      (local.set $step (i32.add (local.get $step) (i32.const 32)))
      (br $next)))
  (local.get $good))
"""
