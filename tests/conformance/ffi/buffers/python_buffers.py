#% to_js of bytes is a Uint8Array
from pyodide.ffi import to_js
[to_js(b"abc"), to_js(b""), to_js(bytearray(b"xy")), to_js(memoryview(b"z"))]
#% the typed array is a copy
from pyodide.ffi import to_js
b = bytearray(b"abc")
u = to_js(b)
b[0] = 0
u[1] = 0
[b, u.to_bytes(), u.byteOffset, u.buffer.byteLength]
#% to_js of arrays keeps the element type
from array import array
from pyodide.ffi import to_js
[to_js(array(c, [1, 2, 3])) for c in "bBhHiIlLqQfd"]
#% to_js of an array of characters
from array import array
from pyodide.ffi import to_js
to_js(array("w", "abc"))
#% negative and extreme elements
from array import array
from pyodide.ffi import to_js
[list(to_js(array("b", [-128, 127]))), list(to_js(array("Q", [2**64 - 1]))), list(to_js(array("q", [-2**63]))), list(to_js(array("d", [0.1, -1e300])))]
#% bool buffers become arrays of booleans
from pyodide.ffi import to_js
a = to_js(memoryview(b"\x00\x01\x02").cast("?"))
[a, list(a)]
#% character buffers become bytes
from pyodide.ffi import to_js
to_js(memoryview(b"ab").cast("c"))
#% two-dimensional buffers become nested arrays
from pyodide.ffi import to_js
m = memoryview(bytes(range(12))).cast("B", (3, 4))
j = to_js(m)
[j, list(j)]
#% three-dimensional buffers
from pyodide.ffi import to_js
import js
m = memoryview(bytes(range(16))).cast("B").cast("H", (2, 2, 2))
js.JSON.stringify(to_js(m))
#% a buffer without dimensions
from pyodide.ffi import to_js
to_js(memoryview(b"\x05\x00").cast("H", ()))
#% strided buffers are gathered
from pyodide.ffi import to_js
from array import array
m = memoryview(array("i", range(10)))
[list(to_js(m[::3])), list(to_js(m[::-1])), list(to_js(m[8:2:-2])), list(to_js(m[2:2])), list(to_js(m[5:6]))]
#% big-endian ctypes arrays are swapped
from pyodide.ffi import to_js
import ctypes
a = (ctypes.c_uint16.__ctype_be__ * 2)(1, 0x1234)
b = (ctypes.c_double.__ctype_be__ * 2)(1.5, -2)
c = (ctypes.c_int32.__ctype_be__ * 1)(-5)
[memoryview(a).format, to_js(a), to_js(b), to_js(c)]
#% a big-endian buffer of bytes has an unexpected size
from pyodide.ffi import to_js
import ctypes
class S(ctypes.BigEndianStructure):
    _fields_ = [("a", ctypes.c_uint8)]
to_js((S * 2)())
#% structures have no typed array
from pyodide.ffi import to_js
import ctypes
class P(ctypes.Structure):
    _fields_ = [("a", ctypes.c_uint8), ("b", ctypes.c_uint8)]
to_js((P * 2)())
#% half floats have no typed array
from pyodide.ffi import to_js
to_js(memoryview(b"\0\0").cast("B").cast("e"))
#% ctypes arrays of little-endian numbers
from pyodide.ffi import to_js
import ctypes
[memoryview((ctypes.c_int32 * 2)()).format, to_js((ctypes.c_int32 * 2)(1, -2)), to_js((ctypes.c_float * 1)(0.5)), to_js(((ctypes.c_uint8 * 2) * 2)((1, 2), (3, 4)))]
#% buffers within containers
from pyodide.ffi import to_js
r = to_js([b"a", {"k": bytearray(b"b")}, (memoryview(b"cd")[::-1],)])
[r[0], r[1].get("k"), r[2][0]]
#% bytes as an argument stay a proxy
import js
f = js.Object.is_
[f(b"a", b"a"), js.Array.of(b"abc")[0], js.Array.isArray(b"a")]
#% to_py of typed arrays is a memoryview
import js
names = "Int8 Uint8 Uint8Clamped Int16 Uint16 Int32 Uint32 Float32 Float64".split()
[getattr(js, n + "Array").new([1, 2, 3]).to_py() for n in names]
#% to_py of bigint arrays
import js
B = js.BigInt
[js.BigInt64Array.new([B("-1")]).to_py(), js.BigUint64Array.new([B("18446744073709551615")]).to_py()]
#% to_py of ArrayBuffers and DataViews
import js
b = js.ArrayBuffer.new(3)
js.Uint8Array.new(b).set([7, 8, 9])
[b.to_py(), js.DataView.new(b, 1).to_py()]
#% the memoryview is a writable copy
import js
u = js.Uint8Array.new([1, 2, 3])
m = u.to_py()
m[0] = 9
[m.readonly, m.tolist(), list(u), m.contiguous, m.obj is None, m.nbytes, m.c_contiguous]
#% to_py of empty arrays
import js
[js.Uint8Array.new(0).to_py(), js.Float64Array.new(0).to_py(), js.ArrayBuffer.new(0).to_bytes()]
#% to_py of a subarray
import js
js.Uint16Array.new([1, 2, 3, 4]).subarray(1, 3).to_py()
#% to_py of arrays with typed arrays
import js
from pyodide.ffi import to_js
js.Array.of(js.Uint8Array.new([1]), js.Map.new([["k", js.Int16Array.new([2])]])).to_py()
#% to_memoryview and to_bytes
import js
f = js.Float32Array.new([1.5, -2])
[f.to_memoryview(), f.to_bytes(), js.ArrayBuffer.new(2).to_memoryview(), js.ArrayBuffer.new(2).to_bytes(), js.DataView.new(js.ArrayBuffer.new(4), 1, 2).to_bytes()]
#% assign copies from a Python buffer
import js
u = js.Uint8Array.new(3)
u.assign(b"abc")
b = js.ArrayBuffer.new(4)
b.assign(memoryview(b"\1\0\2\0").cast("H"))
d = js.DataView.new(b, 1, 2)
d.assign(b"xy")
[u.to_bytes(), b.to_bytes(), u.assign(bytearray(b"xyz"))]
#% assign_to copies to a Python buffer
import js
u = js.Uint8Array.new([1, 2, 3])
t = bytearray(3)
u.assign_to(t)
b = js.ArrayBuffer.new(4)
m = memoryview(bytearray(b"....")).cast("I")
b.assign_to(m)
[t, m.tolist(), u.assign_to(t)]
#% assign checks the length
import js
js.Uint8Array.new(3).assign(b"abcd")
#% assign_to checks the length
import js
js.Uint8Array.new(3).assign_to(bytearray(4))
#% assign_to needs a writable buffer
import js
js.Uint8Array.new(3).assign_to(b"abc")
#% assign needs a buffer
import js
js.Uint8Array.new(3).assign("abc")
#% assign needs a contiguous buffer
import js
js.Uint8Array.new(2).assign(memoryview(b"abcd")[::2])
#% assign compares formats
import js
from array import array
def t(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
[t(lambda: js.Int16Array.new(2).assign(array("h", [1, 2]))), t(lambda: js.Int16Array.new(2).assign(array("H", [1, 2]))), t(lambda: js.Int16Array.new(2).assign(b"abcd")),
 t(lambda: js.Int16Array.new(2).assign(array("f", [1]))), t(lambda: js.Uint8Array.new(4).assign(array("h", [1, 2]))), t(lambda: js.Int16Array.new(2).assign_to(array("h", [1, 2]))), t(lambda: js.Int16Array.new(2).assign_to(bytearray(4)))]
#% to_string decodes
import js
from js import Uint8Array
def s(data, *args):
    u = Uint8Array.new(data)
    try:
        return u.to_string(*args)
    except Exception as e:
        return f"{type(e).__name__}: {e}"
[s("héllo €".encode()), s(b""), s(b"\xef\xbb\xbfbom"), s(b"\xff"), s(b"\xe9", "latin1"), s(b"\x80", "windows-1252"), s(b"h\0i\0", "utf-16le"), s(b"\0h", "utf-16be"), s(b"\x82\xa0", "shift_jis"), s(b"a", "UTF8"), s(b"\xff\xfe", "utf-8")]
#% to_string refuses unknown encodings
import js
js.Uint8Array.new(1).to_string("nonsense")
#% to_string takes a keyword
import js
js.Uint8Array.new([65]).to_string(encoding="ascii")
#% to_string of a view of 16-bit elements
import js
[js.Uint16Array.new([0x4241]).to_string(), js.DataView.new(js.ArrayBuffer.new(2)).to_string(), js.ArrayBuffer.new(1).to_string()]
#% to_file and from_file
import js
u = js.Uint8Array.new([104, 105])
with open("/tmp/buffers_to_file", "wb") as f:
    r1 = u.to_file(f)
v = js.Uint8Array.new(4)
with open("/tmp/buffers_to_file", "rb") as f:
    r2 = v.from_file(f)
w = js.Uint8Array.new(1)
with open("/tmp/buffers_to_file", "rb") as f:
    w.from_file(f)
    rest = f.read()
[r1, r2, open("/tmp/buffers_to_file", "rb").read(), v.to_bytes(), w.to_bytes(), rest]
#% _into_file gives the buffer away
import js
u = js.Uint8Array.new([104, 105, 106])
with open("/tmp/buffers_into_file", "wb") as f:
    u._into_file(f)
open("/tmp/buffers_into_file", "rb").read()
#% to_file of wider elements writes their bytes
import js
with open("/tmp/buffers_wide", "w+b") as f:
    js.Uint16Array.new([0x0102, 3]).to_file(f)
    js.ArrayBuffer.new(2).to_file(f)
    f.seek(0)
    data = f.read()
data
#% to_file needs a file
import js
js.Uint8Array.new(1).to_file(5.5)
#% to_file to a file open for reading
import js
open("/tmp/buffers_ro", "wb").close()
with open("/tmp/buffers_ro", "rb") as f:
    js.Uint8Array.new(1).to_file(f)
#% from_file from a file open for writing
import js
with open("/tmp/buffers_wo", "wb") as f:
    js.Uint8Array.new(1).from_file(f)
#% a detached buffer gives no bytes
import js
def t(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
b = js.ArrayBuffer.new(4)
u = js.Uint8Array.new(b)
b.transfer()
[t(lambda: u.to_bytes()), t(lambda: b.to_bytes()), t(lambda: u.assign(b"abcd")), t(lambda: u.to_py()), t(lambda: b.to_memoryview())]
#% a proxy of a detached buffer made afterwards
import js
b = js.ArrayBuffer.new(4)
a = js.Array.of(js.Uint8Array.new(b))
b.transfer()
u = a[0]
def t(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
[u.length, bool(u), t(lambda: u.to_bytes()), t(lambda: u.to_string())]
#% JsBuffer is the class of typed arrays and buffers
import js
from pyodide.ffi import JsBuffer, JsTypedArray, JsArray
x = [js.Uint8Array.new(1), js.ArrayBuffer.new(1), js.DataView.new(js.ArrayBuffer.new(1)), js.Array.new(), js.SharedArrayBuffer.new(1)]
[[isinstance(v, c) for c in (JsBuffer, JsTypedArray, JsArray)] for v in x]
#% bytes of host-made buffers
import fixtures
[fixtures.array_buffer([1, 2]).to_bytes(), fixtures.typed("Float64Array", [0.5]).to_py()]
#% read-only buffers convert as others
from pyodide.ffi import to_js
m = memoryview(bytearray(b"abc")).toreadonly()
[m.readonly, to_js(m)]
#% a released memoryview is refused
from pyodide.ffi import to_js
m = memoryview(b"abc")
m.release()
to_js(m)
