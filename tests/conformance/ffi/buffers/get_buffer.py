#% a description of the buffer
from pyodide.ffi import create_proxy
import js
v = create_proxy(bytearray(b"abc")).getBuffer()
[str(v), v.constructor.name, v.offset, v.readonly, v.format, v.itemsize, v.ndim, v.nbytes, v.shape, v.strides, v.c_contiguous, v.f_contiguous, v.data, list(js.Object.keys(v))]
#% read-only buffers say so
from pyodide.ffi import create_proxy
v = create_proxy(b"abc").getBuffer()
[v.readonly, v.data.to_bytes()]
#% the typed array shares Python's memory
from pyodide.ffi import create_proxy
b = bytearray(b"abcd")
v = create_proxy(b).getBuffer()
d = v.data
seen = [d.to_bytes()]
b[0] = 120
seen.append(d.to_bytes())
d[1] = 64
seen.append(bytes(b))
s = d.subarray(1, 3)
s.fill(33)
seen += [bytes(b), d.slice(2).to_bytes(), s.length]
v.release()
seen
#% typed arrays by format
from pyodide.ffi import create_proxy
from array import array
out = []
for c in "bBhHiIlLqQfd":
    v = create_proxy(array(c, [1, 2])).getBuffer()
    out.append((c, v.format, v.itemsize, v.nbytes, list(v.shape), list(v.strides), v.data))
    v.release()
out
#% typed arrays by request
from pyodide.ffi import create_proxy
b = bytearray(range(8))
out = []
for t in "i8 u8 u8clamped i16 u16 i32 u32 f32 dataview".split():
    v = create_proxy(memoryview(b)).getBuffer(t)
    out.append((t, v.data.constructor.name, v.data.byteLength, v.data.to_bytes(), list(v.strides)))
    v.release()
out
#% writing through another type
from pyodide.ffi import create_proxy
from array import array
a = array("I", [0, 0])
v = create_proxy(a).getBuffer("u8")
v.data[5] = 1
w = create_proxy(a).getBuffer("dataview")
w.data.setUint16(0, 0x0102)
[a.tolist(), list(v.strides), list(v.shape)]
#% an unknown type is refused
from pyodide.ffi import create_proxy
create_proxy(b"abc").getBuffer("u9")
#% a wrong alignment is refused
from pyodide.ffi import create_proxy
create_proxy(bytearray(b"abc")).getBuffer("u16")
#% a two-dimensional buffer
from pyodide.ffi import create_proxy
m = memoryview(bytearray(range(12))).cast("B", (3, 4))
v = create_proxy(m).getBuffer()
[v.ndim, list(v.shape), list(v.strides), v.offset, v.nbytes, v.c_contiguous, v.f_contiguous, v.data.to_bytes()]
#% a strided buffer
from pyodide.ffi import create_proxy
from array import array
m = memoryview(array("i", range(10)))[2:8:3]
v = create_proxy(m).getBuffer()
[list(v.shape), list(v.strides), v.offset, v.nbytes, v.c_contiguous, v.data.length, list(v.data)]
#% a reversed buffer
from pyodide.ffi import create_proxy
from array import array
m = memoryview(array("h", range(5)))[::-1]
v = create_proxy(m).getBuffer()
[list(v.shape), list(v.strides), v.offset, v.nbytes, v.data.length, list(v.data), v.data[v.offset]]
#% a buffer without dimensions
from pyodide.ffi import create_proxy
m = memoryview(bytearray(b"\x05\x00")).cast("H", ())
v = create_proxy(m).getBuffer()
[v.ndim, list(v.shape), list(v.strides), v.nbytes, list(v.data), v.c_contiguous, v.f_contiguous]
#% an empty buffer
from pyodide.ffi import create_proxy
v = create_proxy(b"").getBuffer()
[v.nbytes, v.data, list(v.shape), v.offset]
#% big-endian buffers need an explicit type
from pyodide.ffi import create_proxy
import ctypes
create_proxy((ctypes.c_uint16.__ctype_be__ * 2)(1, 2)).getBuffer()
#% big-endian buffers as a DataView
from pyodide.ffi import create_proxy
import ctypes
v = create_proxy((ctypes.c_uint16.__ctype_be__ * 2)(1, 0x1234)).getBuffer("dataview")
[v.format, v.data.getUint16(2), v.data.byteLength]
#% half floats need an explicit type
from pyodide.ffi import create_proxy
create_proxy(memoryview(bytearray(2)).cast("e")).getBuffer()
#% structures need an explicit type
from pyodide.ffi import create_proxy
import ctypes
class P(ctypes.Structure):
    _fields_ = [("a", ctypes.c_uint8), ("b", ctypes.c_uint8)]
create_proxy((P * 2)()).getBuffer()
#% bool buffers are bytes
from pyodide.ffi import create_proxy
v = create_proxy(memoryview(bytearray(b"\0\1")).cast("?")).getBuffer()
[v.format, v.data]
#% while it is held, the buffer cannot be resized
from pyodide.ffi import create_proxy
b = bytearray(b"abc")
v = create_proxy(b).getBuffer()
try:
    b.append(1)
    r = "appended"
except BufferError as e:
    r = str(e)
v.release()
b.append(1)
[r, b]
#% releasing takes the data away
from pyodide.ffi import create_proxy
v = create_proxy(b"abc").getBuffer()
v.release()
v.data
#% releasing twice does nothing
from pyodide.ffi import create_proxy
b = bytearray(b"abc")
v = create_proxy(b).getBuffer()
[v.release(), v.release(), v._released, b.append(1)]
#% a view is a context manager
from pyodide.ffi import create_proxy
b = bytearray(b"abc")
with create_proxy(b).getBuffer() as v:
    n = v.nbytes
b.clear()
[n, v._released]
#% only buffers have getBuffer
from pyodide.ffi import create_proxy
[hasattr(create_proxy(x), "getBuffer") for x in (b"a", bytearray(), memoryview(b"a"), [1], "text", {})]
#% a released memoryview is refused
from pyodide.ffi import create_proxy
m = memoryview(b"abc")
p = create_proxy(m)
m.release()
p.getBuffer()
#% a view outlives the proxy
from pyodide.ffi import create_proxy
p = create_proxy(bytearray(b"abc"))
v = p.getBuffer()
p.destroy()
r = v.data.to_bytes()
v.release()
r
#% copies within the shared memory
from pyodide.ffi import create_proxy
b, c = bytearray(b"abcdef"), bytearray(6)
v, w = create_proxy(b).getBuffer(), create_proxy(c).getBuffer()
w.data.set(v.data)
v.data.copyWithin(0, 3)
v.data.reverse()
r = [b, c, v.data.buffer == w.data.buffer]
v.release()
w.release()
r
#% assign to the shared memory
from pyodide.ffi import create_proxy
b = bytearray(b"abcdef")
v = create_proxy(b).getBuffer()
v.data.assign(b"ABCDEF")
t = bytearray(6)
v.data.assign_to(t)
[b, t, v.data.to_string()]
#% the memory itself is not transferred
import js
from pyodide.ffi import create_proxy
v = create_proxy(bytearray(b"abc")).getBuffer()
v.data.buffer.transfer()
#% JavaScript code sees the view
bytearray(b"abcd")
#%js
const view = value.getBuffer("u16");
view.data[0] = 0x4141;
const seen = [view.data.length, view.shape, view.strides, view.format, view.readonly, view.data[1], view.data.constructor.name];
view.release();
value.destroy();
return seen;
#%host
view = value.get("getBuffer").call(value, ("u16",))
view.get("data").set("0", 0x4141)
data = view.get("data")
seen = [data.get("length"), js.from_guest(view.get("shape")), js.from_guest(view.get("strides")), view.get("format"), view.get("readonly"), data.get("1"), data.get("constructor").get("name")]
view.get("release").call(view, ())
value.destroy()
result = seen
