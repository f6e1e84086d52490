#% typed arrays of a length hold zeros
import js
names = "Int8 Uint8 Uint8Clamped Int16 Uint16 Int32 Uint32 Float32 Float64 BigInt64 BigUint64".split()
[(n, getattr(js, n + "Array").new(3)) for n in names]
#% their elements have sizes
import js
names = "Int8 Uint8 Uint8Clamped Int16 Uint16 Int32 Uint32 Float16 Float32 Float64 BigInt64 BigUint64".split()
[(n, getattr(js, n + "Array").BYTES_PER_ELEMENT, getattr(js, n + "Array").name) for n in names]
#% numbers wrap around
import js
v = [-1, 255, 256, 257, 1.9, -1.9, 2**31, -(2**31) - 1, 2**33 + 5, 1e300, float("nan"), float("inf"), "12", True, None]
[list(getattr(js, n + "Array").new(v)) for n in "Int8 Uint8 Int16 Uint16 Int32 Uint32".split()]
#% clamped numbers saturate and round to even
import js
list(js.Uint8ClampedArray.new([-1, 256, 0.5, 1.5, 2.5, 254.5, 1e9, float("nan"), float("inf"), float("-inf"), "7", -0.3]))
#% floats are rounded to their width
import js
v = [0.1, 1e39, -1e39, 1e-50, 16777217, float("nan"), float("-inf")]
[[repr(x) for x in getattr(js, n + "Array").new(v)] for n in ("Float32", "Float64")]
#% bigints wrap around
import js
B = js.BigInt
v = [B("-1"), B("9223372036854775808"), B("18446744073709551616"), B("18446744073709551615"), "5", True]
[[int(x) for x in getattr(js, n + "Array").new(v)] for n in ("BigInt64", "BigUint64")]
#% bigint arrays refuse numbers
import js
js.BigInt64Array.new([1])
#% bigint arrays refuse undefined
import js
js.BigInt64Array.new([None])
#% bigint arrays refuse text that is no integer
import js
js.BigInt64Array.new(["1.5"])
#% number arrays refuse bigints
import js
js.Uint8Array.new([js.BigInt(1)])
#% bigints and numbers do not mix
import js
js.Uint8Array.new(js.BigInt64Array.new(2))
#% typed arrays need new
import js
js.Uint8Array(3)
#% a negative length is refused
import js
js.Uint8Array.new(-1)
#% a huge length is refused
import js
js.Uint8Array.new(1e20)
#% lengths are converted
import js
[js.Uint8Array.new(x).length for x in (1.5, "3", "a", None, True)] + [js.Uint8Array.new().length]
#% a view of part of a buffer
import js
b = js.ArrayBuffer.new(8)
u = js.Uint8Array.new(b)
w = js.Uint16Array.new(b, 2, 2)
w[0] = 0x1234
w[1] = 0xABCD
[u.to_bytes(), w.length, w.byteLength, w.byteOffset, w.buffer == b, w.BYTES_PER_ELEMENT, js.Uint16Array.new(b, 2).length]
#% an offset must be aligned
import js
js.Uint16Array.new(js.ArrayBuffer.new(8), 1)
#% a length must be a multiple
import js
js.Uint16Array.new(js.ArrayBuffer.new(7))
#% an offset must be inside
import js
js.Uint8Array.new(js.ArrayBuffer.new(8), 9)
#% an offset must not be negative
import js
js.Uint8Array.new(js.ArrayBuffer.new(8), -1)
#% the range must be inside
import js
js.Uint8Array.new(js.ArrayBuffer.new(8), 2, 7)
#% a typed array of another one is a converted copy
import js
f = js.Float64Array.new([1.5, -1, 300])
u = js.Uint8Array.new(f)
i = js.Int16Array.new(f)
f[0] = 7
[list(u), list(i), js.Uint8Array.new(js.Uint8Array.new([1, 2])).to_bytes()]
#% typed arrays of iterables and array-likes
import js
from pyodide.ffi import to_js
o = js.Object.fromEntries([["length", 2], ["0", 5], ["1", 6]])
[list(js.Uint8Array.new(x)) for x in ([1, 2], (3, 4), to_js([5, 6]), o, js.Set.new([7, 8, 7]), js.Map.new(), js.Object.new())]
#% of and from
import js
U = js.Uint8Array
[list(U.of(1, 2, 300, -1)), list(U.of()), list(getattr(U, "from")([1, "2"])), list(U.from_("123")), list(U.from_([1, 2, 3], lambda x, i: x * 10 + i))]
#% from nothing is refused
import js
js.Uint8Array.from_(None)
#% from with a mapper that is no function
import js
js.Uint8Array.from_([1], 5)
#% elements are read and written by index
import js
u = js.Uint8Array.new([1, 2, 3])
u[0] = 9
u[-1] = 8
[u[0], u[-1], u[-3], len(u), u.length, 9 in u, 2 in u, 7 in u, list(u), list(reversed(u)), u.index(2), u.count(8)]
#% an index beyond the end is an IndexError
import js
js.Uint8Array.new(3)[3]
#% assigning beyond the end is an IndexError
import js
js.Uint8Array.new(3)[3] = 1
#% elements cannot be deleted
import js
del js.Uint8Array.new(3)[0]
#% slices in subscripts are not implemented
import js
js.Uint8Array.new(3)[0:2]
#% slices are not assigned
import js
js.Uint8Array.new(3)[0:2] = [1, 2]
#% elements are converted when they are assigned
import js
def t(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
u = js.Uint8Array.new(4)
b = js.BigInt64Array.new(1)
u[0], u[1], u[2] = 300, "5", None
[list(u), t(lambda: b.__setitem__(0, 5)), t(lambda: u.__setitem__(0, js.BigInt(5))), t(lambda: u.__setitem__(0, js.Symbol.iterator))]
#% names that read like numbers are never properties
import js
R = js.Reflect
u = js.Uint8Array.new(2)
for k in ("-0", "1.5", "-1", "NaN", "Infinity", "2", "01", "x"):
    R.set(u, k, 7)
[[k, R.get(u, k), R.has(u, k)] for k in ("0", "-0", "1.5", "-1", "NaN", "Infinity", "2", "01", "x")] + [list(js.Object.keys(u))]
#% set copies arrays
import js
u = js.Uint8Array.new(6)
u.set([1, 2])
u.set(js.Float32Array.new([3.7, 300]), 2)
u.set(u.subarray(0, 3), 3)
u.set(js.Uint8Array.new(0), 6)
u.set(5)
list(u)
#% set between overlapping ranges
import js
u = js.Uint8Array.new([1, 2, 3, 4, 5])
u.set(u.subarray(0, 4), 1)
w = js.Uint16Array.new(u.buffer.slice(0, 4))
v = js.Uint8Array.new(w.buffer)
v.set(w)
[list(u), list(v)]
#% set refuses what does not fit
import js
js.Uint8Array.new(3).set([1, 2, 3], 1)
#% set refuses a negative offset
import js
js.Uint8Array.new(3).set([1], -1)
#% set does not mix bigints
import js
js.BigInt64Array.new(3).set(js.Uint8Array.new(1))
#% set refuses undefined
import js
js.Uint8Array.new(3).set(None)
#% subarrays share, slices copy
import js
u = js.Uint8Array.new([1, 2, 3, 4])
s, c = u.subarray(1, 3), u.slice(1, 3)
u[1] = 9
e = u.subarray(3, 1)
[list(s), list(c), s.byteOffset, list(u.subarray(-2)), list(e), list(u.slice(-3, -1)), list(u.subarray()), s.buffer == u.buffer]
#% fill and copyWithin
import js
u = js.Uint8Array.new(6)
u.fill(7, 1, 3)
u.fill(260, -1)
v = js.Uint8Array.new([1, 2, 3, 4, 5]).copyWithin(1, 0, 3)
w = js.Uint16Array.new([1, 2, 3, 4, 5]).copyWithin(-2, 1)
[list(u), list(v), list(w), list(js.Float32Array.new(2).fill(0.5)), [int(x) for x in js.BigInt64Array.new(2).fill(js.BigInt(-3))]]
#% fill converts its value
import js
js.Uint8Array.new(3).fill(js.BigInt(3))
#% callbacks get element, index and array
import js
u = js.Uint8Array.new([1, 2, 3])
seen = []
u.forEach(lambda x, i, a: seen.append((x, i, a.length)))
[seen, list(u.map(lambda x, i, a: x * 100)), list(u.filter(lambda x, i, a: x != 2)), u.every(lambda x, *_: x > 0), u.some(lambda x, *_: x > 2), u.find(lambda x, *_: x > 1), u.findIndex(lambda x, *_: x > 1),
 u.findLast(lambda x, *_: x < 3), u.findLastIndex(lambda x, *_: x < 3), u.find(lambda *_: False), u.findIndex(lambda *_: False)]
#% reduce and reduceRight
import js
u = js.Uint8Array.new([1, 2, 3])
[u.reduce(lambda a, x, i, arr: a * 10 + x), u.reduceRight(lambda a, x, i, arr: a * 10 + x), u.reduce(lambda a, x, *_: f"{a}{x}", "s"), u.reduceRight(lambda a, x, *_: f"{a}{x}", "s")]
#% reduce of nothing is refused
import js
js.Uint8Array.new(0).reduce(lambda a, b: a)
#% a callback must be a function
import js
js.Uint8Array.new(3).map(None)
#% an exception in a callback passes through
import js
def f(x, i, a):
    raise ValueError("no")
js.Uint8Array.new(3).map(f)
#% searching
import js
u = js.Uint8Array.new([1, 2, 3, 2])
f = js.Float64Array.new([float("nan"), -0.0, 1])
b = js.BigInt64Array.new(2)
[u.indexOf(2), u.indexOf(2, 2), u.indexOf(2, -1), u.lastIndexOf(2), u.lastIndexOf(2, 2), u.lastIndexOf(2, -4), u.indexOf("2"), u.includes(3), u.includes(9), u.includes(1, 1),
 f.indexOf(float("nan")), f.includes(float("nan")), f.indexOf(0), b.indexOf(0), b.indexOf(js.BigInt(0)), u.indexOf(True)]
#% sorting by value
import js
inf = float("inf")
f = js.Float64Array.new([3, -0.0, 0.0, float("nan"), -inf, 10, 2, inf])
[list(js.Int8Array.new([10, 9, 1, -5]).sort()), repr(list(f.sort())), [int(x) for x in js.BigInt64Array.new([js.BigInt(3), js.BigInt(-1)]).sort()]]
#% sorting by a comparator
import js
u = js.Uint8Array.new([1, 3, 2, 10])
s = u.toSorted(lambda a, b: b - a)
[list(s), list(u), list(u.sort(lambda a, b: (a % 2) - (b % 2)))]
#% a comparator must be a function
import js
js.Uint8Array.new(3).sort(3)
#% toReversed, toSorted, with
import js
u = js.Uint16Array.new([3, 1, 2])
r = [list(u.toReversed()), list(u.toSorted()), list(u.with_(0, 9)), list(getattr(u, "with")(-1, 65537)), list(u)]
u.reverse()
r + [list(u), list(js.BigInt64Array.new(2).toReversed()) == [0, 0]]
#% with refuses an index outside
import js
js.Uint8Array.new(3).with_(3, 1)
#% at counts from the end
import js
u = js.Uint8Array.new([1, 2, 3])
[u.at(0), u.at(-1), u.at(3), u.at(-4), u.at(1.9), u.at("1"), u.at(None)]
#% join and toString
import js
[js.Uint8Array.new([1, 2]).join("-"), js.Uint8Array.new([1, 2]).join(), str(js.Float64Array.new([1, 0.5, 1e21, 1e-7, float("nan"), -0.0])), js.Uint8Array.new(0).join("x"), str(js.BigInt64Array.new(2)), js.Uint16Array.new([1234, 5]).toLocaleString()]
#% iterators
import js
u = js.Uint8Array.new([5, 6])
[list(u.values()), [list(x) for x in u.entries()], str(u.entries()), list(js.Object.keys(u)), [list(x) for x in js.Object.entries(u)], list(js.Object.values(u)), js.JSON.stringify(u), list(js.Array.from_(u)), list(js.Array.of(*u))]
#% dir of a typed array
import js
[n for n in dir(js.Uint8Array.new(1)) if not n.startswith("_")]
#% dir of a DataView and of an ArrayBuffer
import js
[[n for n in dir(x) if not n.startswith("_")] for x in (js.DataView.new(js.ArrayBuffer.new(1)), js.ArrayBuffer.new(1), js.SharedArrayBuffer.new(1))]
#% dir of Atomics
import js
[n for n in dir(js.Atomics) if not n.startswith("_")]
#% a Float16Array exists but has no proxy
import js
js.Float16Array.new(3)
#% a Float16Array rounds to half precision
import js
js.Reflect.get(js.Reflect, "construct")(js.Array, [1]).length, js.Array.from_(js.Array.of(1)).length, js.DataView.new(js.ArrayBuffer.new(2)).getFloat16(0)
#% truth is having elements
import js
[bool(js.Uint8Array.new(0)), bool(js.Uint8Array.new(1)), bool(js.DataView.new(js.ArrayBuffer.new(0))), bool(js.DataView.new(js.ArrayBuffer.new(1)))]
#% typeof and constructor
import js
u = js.Uint8Array.new(1)
[u.typeof, u.constructor.name, js.Object.prototype.toString.call(u), u.constructor == js.Uint8Array, js.Array.isArray(u)]
#% a typed array equals only itself
import js
b = js.ArrayBuffer.new(4)
u = js.Uint8Array.new(b)
[u == js.Uint8Array.new(b), u == u, u.buffer == b, u.subarray(0).buffer == u.buffer]
#% a method refuses other receivers
import js
js.Uint8Array.prototype.fill.call(js.Array.new(), 1)
