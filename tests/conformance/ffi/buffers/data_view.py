#% numbers are written and read in both byte orders
import js
d = js.DataView.new(js.ArrayBuffer.new(8))
out = []
for n, v in [("Int8", -2), ("Uint8", 254), ("Int16", -300), ("Uint16", 65000), ("Int32", -70000), ("Uint32", 4000000000), ("Float32", 1.5), ("Float64", -2.25)]:
    getattr(d, "set" + n)(0, v)
    big = d.to_bytes()
    getattr(d, "set" + n)(0, v, True)
    out.append((n, big, d.to_bytes(), getattr(d, "get" + n)(0, True), getattr(d, "get" + n)(0)))
out
#% bigints are written and read
import js
d = js.DataView.new(js.ArrayBuffer.new(8))
d.setBigInt64(0, js.BigInt(-2))
a = d.to_bytes()
d.setBigUint64(0, js.BigInt("18446744073709551615"), True)
[a, d.to_bytes(), int(d.getBigInt64(0)), int(d.getBigUint64(0))]
#% half floats
import js
d = js.DataView.new(js.ArrayBuffer.new(2))
out = []
for v in (1.5, 65504, 65520, 1e-8, 0.1, -2):
    d.setFloat16(0, v)
    out.append((d.to_bytes(), d.getFloat16(0)))
out
#% values wrap around
import js
d = js.DataView.new(js.ArrayBuffer.new(4))
d.setInt8(0, 200)
d.setUint8(1, -1)
d.setUint16(2, 65537.9)
[d.getInt8(0), d.getUint8(1), d.getUint16(2), d.setInt8(0), d.getInt8(0)]
#% reading beyond the end is refused
import js
js.DataView.new(js.ArrayBuffer.new(8)).getInt8(8)
#% reading before the start is refused
import js
js.DataView.new(js.ArrayBuffer.new(8)).getInt8(-1)
#% a number must fit as a whole
import js
js.DataView.new(js.ArrayBuffer.new(8)).getFloat64(1)
#% writing beyond the end is refused
import js
js.DataView.new(js.ArrayBuffer.new(8)).setFloat64(1, 0)
#% setBigInt64 refuses numbers
import js
js.DataView.new(js.ArrayBuffer.new(8)).setBigInt64(0, 1)
#% a view of part of a buffer
import js
b = js.ArrayBuffer.new(8)
d = js.DataView.new(b, 2, 3)
d.setUint8(0, 7)
[d.byteOffset, d.byteLength, d.buffer == b, js.Uint8Array.new(b).to_bytes(), js.DataView.new(b, 8).byteLength, str(d), d]
#% the buffer must be one
import js
js.DataView.new(8)
#% the offset must be inside
import js
js.DataView.new(js.ArrayBuffer.new(8), 9)
#% the offset must not be negative
import js
js.DataView.new(js.ArrayBuffer.new(8), -2)
#% the length must fit
import js
js.DataView.new(js.ArrayBuffer.new(8), 2, 7)
#% DataView needs new
import js
js.DataView(js.ArrayBuffer.new(1))
#% it has no elements of its own
import js
len(js.DataView.new(js.ArrayBuffer.new(1)))
#% it has no subscripts
import js
js.DataView.new(js.ArrayBuffer.new(1))[0]
#% it follows a resizable buffer
import js
def t(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
b = js.ArrayBuffer.new(4, js.Object.fromEntries([["maxByteLength", 8]]))
d, e = js.DataView.new(b), js.DataView.new(b, 1, 3)
b.resize(8)
seen = [d.byteLength, e.byteLength]
b.resize(2)
seen + [d.byteLength, t(lambda: e.byteLength), t(lambda: e.byteOffset), t(lambda: e.getInt8(0)), d.getInt8(0)]
#% a method refuses other receivers
import js
js.DataView.prototype.getInt8.call(js.Array.new(), 1)
