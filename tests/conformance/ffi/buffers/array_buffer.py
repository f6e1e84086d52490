#% an ArrayBuffer has a length and no elements of its own
import js
b = js.ArrayBuffer.new(8)
[b, b.byteLength, b.maxByteLength, b.resizable, b.detached, bool(b), bool(js.ArrayBuffer.new(0)), str(b)]
#% lengths are converted to integers
import js
[js.ArrayBuffer.new(x).byteLength for x in (2.7, "7", None, True, "x")] + [js.ArrayBuffer.new().byteLength]
#% a negative length is refused
import js
js.ArrayBuffer.new(-1)
#% a length beyond all integers is refused
import js
js.ArrayBuffer.new(1e30)
#% a length that is a bigint is refused
import js
js.ArrayBuffer.new(2**53)
#% a length that no machine has is refused
import js
js.ArrayBuffer.new(2**53 - 1)
#% ArrayBuffer needs new
import js
js.ArrayBuffer(8)
#% slices copy
import js
b = js.ArrayBuffer.new(8)
u = js.Uint8Array.new(b)
for i in range(8):
    u[i] = i
c = b.slice(2, 5)
u[3] = 99
[c.to_bytes(), b.slice(-3).to_bytes(), b.slice(-3, -1).to_bytes(), b.slice(5, 2).to_bytes(), b.slice(-100, 100).to_bytes(), b.slice("1", 2.9).to_bytes()]
#% a resizable buffer is resized
import js
b = js.ArrayBuffer.new(4, js.Object.fromEntries([["maxByteLength", 8]]))
u = js.Uint8Array.new(b)
f = js.Uint8Array.new(b, 1, 2)
u.fill(7)
seen = [b.resizable, b.maxByteLength, u.length, f.length]
b.resize(8)
seen += [u.to_bytes(), u.length, f.length, b.byteLength]
b.resize(2)
seen += [u.length, f.length, f.byteOffset, f.byteLength, b.byteLength]
b.resize(4)
seen += [u.to_bytes() if u.length == 2 else u.length, f.length, f.byteOffset]
seen
#% resizing beyond the maximum is refused
import js
b = js.ArrayBuffer.new(4, js.Object.fromEntries([["maxByteLength", 8]]))
b.resize(9)
#% resizing to a negative length is refused
import js
js.ArrayBuffer.new(4, js.Object.fromEntries([["maxByteLength", 8]])).resize(-1)
#% a buffer of fixed length is not resized
import js
js.ArrayBuffer.new(4).resize(2)
#% a length beyond the maximum is refused
import js
js.ArrayBuffer.new(9, js.Object.fromEntries([["maxByteLength", 8]]))
#% transfer moves the bytes and detaches
import js
b = js.ArrayBuffer.new(4)
u = js.Uint8Array.new(b)
u.fill(5)
c = b.transfer(6)
[b.detached, b.byteLength, b.maxByteLength, u.length, u.byteOffset, u.byteLength, js.Uint8Array.new(c).to_bytes(), c.detached]
#% transfer keeps the maximum, transferToFixedLength does not
import js
opt = js.Object.fromEntries([["maxByteLength", 8]])
a = js.ArrayBuffer.new(4, opt)
b = a.transfer()
c = b.transferToFixedLength()
[a.detached, b.detached, c.resizable, c.maxByteLength, c.byteLength]
#% a detached buffer refuses slice
import js
b = js.ArrayBuffer.new(4)
b.transfer()
b.slice(1)
#% a detached buffer refuses transfer
import js
b = js.ArrayBuffer.new(4)
b.transfer()
b.transfer()
#% a detached buffer refuses views
import js
b = js.ArrayBuffer.new(4)
b.transfer()
js.Uint8Array.new(b)
#% a detached buffer refuses DataViews
import js
b = js.ArrayBuffer.new(4)
b.transfer()
js.DataView.new(b)
#% methods of views of a detached buffer
import js
def t(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
b = js.ArrayBuffer.new(4)
u = js.Uint8Array.new(b)
b.transfer()
[t(lambda: u.fill(1)), t(lambda: u.slice(1)), t(lambda: u.subarray(1)), t(lambda: u.at(0)), t(lambda: u.set([1])), t(lambda: u.set([])),
 t(lambda: u.indexOf(0)), t(lambda: u.includes(0)), t(lambda: str(u)), t(lambda: u.sort()), t(lambda: u.reverse()), t(lambda: list(u)), t(lambda: u[0]), t(lambda: len(u)), u.length, t(lambda: u.values())]
#% a DataView of a detached buffer
import js
def t(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
b = js.ArrayBuffer.new(4)
d = js.DataView.new(b)
b.transfer()
[t(lambda: d.getInt8(0)), t(lambda: d.setFloat32(0, 1)), t(lambda: d.byteLength), t(lambda: d.byteOffset), t(lambda: d.buffer.byteLength)]
#% isView tells views from buffers
import js
v = js.ArrayBuffer.isView
b = js.ArrayBuffer.new(8)
[v(b), v(js.Uint8Array.new(b)), v(js.DataView.new(b)), v(js.Float64Array.new(b)), v(3), v(None), v()]
#% a SharedArrayBuffer has the length but is no buffer of Python's
import js
s = js.SharedArrayBuffer.new(4)
u = js.Uint8Array.new(s)
u[1] = 9
[s, s.byteLength, s.growable, s.maxByteLength, hasattr(s, "to_bytes"), u.to_bytes(), js.Uint8Array.new(s.slice(1, 3)).to_bytes(), hasattr(s, "transfer")]
#% a growable SharedArrayBuffer grows only
import js
def t(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
s = js.SharedArrayBuffer.new(4, js.Object.fromEntries([["maxByteLength", 8]]))
u = js.Uint8Array.new(s)
[t(lambda: s.grow(6)), u.length, t(lambda: s.grow(5)), t(lambda: s.grow(9)), t(lambda: js.SharedArrayBuffer.new(4).grow(4))]
#% Atomics work on integers
import js
a = js.Int32Array.new(js.SharedArrayBuffer.new(16))
A = js.Atomics
[A.store(a, 0, 5), A.add(a, 0, 3), A.sub(a, 0, 1), A.load(a, 0), A.exchange(a, 1, 9), A.compareExchange(a, 1, 9, 4), A.compareExchange(a, 1, 9, 5), a[1],
 getattr(A, "or")(a, 2, 6), getattr(A, "and")(a, 2, 3), A.xor(a, 2, 1), a[2], A.isLockFree(4), A.isLockFree(3), A.notify(a, 0, 1), str(A)]
#% Atomics refuse what they cannot hold
import js
def t(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
A = js.Atomics
[t(lambda: A.load(js.Float64Array.new(2), 0)), t(lambda: A.load(js.Int8Array.new(2), 2)), t(lambda: A.load(js.Int8Array.new(2), -1)), t(lambda: A.load(3, 0)),
 t(lambda: A.store(js.BigInt64Array.new(1), 0, 1)), t(lambda: A.store(js.Int8Array.new(1), 0, 300)), t(lambda: A.load(js.Uint8ClampedArray.new(1), 0)), t(lambda: A.add(js.Int8Array.new(1), 0, 1.9))]
#% Atomics.wait is for shared memory
import js
js.Atomics.wait(js.Int32Array.new(4), 0, 0)
#% a wait that ends at once
import js
a = js.Int32Array.new(js.SharedArrayBuffer.new(8))
[js.Atomics.wait(a, 0, 1), js.Atomics.wait(a, 0, 0, 0), js.Atomics.wait(a, 0, 0, 1), js.Atomics.waitAsync(a, 0, 1).value, js.Atomics.waitAsync(a, 0, 0, 0).value, js.Reflect.get(js.Atomics.waitAsync(a, 0, 1), "async")]
#% a wait that nobody ends
import js
str(js.Atomics.waitAsync(js.Int32Array.new(js.SharedArrayBuffer.new(8)), 0, 0))
#% a buffer of more than a gibibyte
import js
js.ArrayBuffer.new(3 << 29).byteLength
