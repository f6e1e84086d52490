#% primitives are themselves
import js
from pyodide.ffi import jsnull
c = js.structuredClone
[c(1), c("a"), c(None), c(True), c(1.5), c(jsnull), c(2**70), c(js.BigInt(5)), c(float("inf"))]
#% arrays and objects are copied deeply
import js
a = js.JSON.parse('{"a": [1, {"b": 2}], "c": null}')
b = js.structuredClone(a)
a.a[1].b = 3
[js.JSON.stringify(b), b == a, b.a == a.a]
#% holes and length of arrays
import js
a = js.Array.new(3)
a[1] = 5
a.extra = "x"
b = js.structuredClone(a)
[b.length, b[1], b.extra, list(js.Object.keys(b))]
#% maps and sets
import js
from pyodide.ffi import to_js
m = js.Map.new([["a", js.Set.new([1, 2])], [to_js([1]), "x"]])
n = js.structuredClone(m)
[n, list(n.get("a")), n.size, n.get("a") == m.get("a")]
#% cycles and shared objects
import js
o = js.Object.new()
o.self = o
o.list = js.Array.of(o, js.Array.new())
o.again = o.list
c = js.structuredClone(o)
[c.self == c, c.list[0] == c, c.again == c.list, c == o, c.list == o.list]
#% cyclic maps
import js
m = js.Map.new()
m.set("m", m)
c = js.structuredClone(m)
[c.get("m") == c, c == m]
#% dates
import js
d = js.Date.new(86400000)
e = js.structuredClone(d)
[e.getTime(), e == d, e.constructor.name]
#% regular expressions
import js
r = js.RegExp.new("a+", "gi")
r.lastIndex = 3
s = js.structuredClone(r)
[s.source, s.flags, s.lastIndex, s == r]
#% errors keep name, message and cause
import js
e = js.TypeError.new("no", js.Object.fromEntries([["cause", 5]]))
f = js.structuredClone(e)
g = js.structuredClone(js.Error.new())
[f.name, f.message, f.constructor.name, f.cause, g.message, f == e]
#% errors with other names become Errors
import js
e = js.Error.new("m")
e.name = "Custom"
e.extra = 1
f = js.structuredClone(e)
[f.name, f.message, f.constructor.name, hasattr(f, "extra")]
#% buffers and views are copied
import js
u = js.Uint16Array.new([1, 2, 3])
v = js.structuredClone(u)
s = js.structuredClone(u.subarray(1))
d = js.structuredClone(js.DataView.new(u.buffer, 2, 2))
b = js.structuredClone(u.buffer)
[v, v.buffer == u.buffer, s.byteOffset, s.buffer.byteLength, d.byteOffset, d.byteLength, b.byteLength, b]
#% views of one buffer stay so
import js
b = js.ArrayBuffer.new(4)
a = js.Array.of(js.Uint8Array.new(b), js.Uint16Array.new(b), b)
c = js.structuredClone(a)
c[0][0] = 7
[c[1][0], c[0].buffer == c[1].buffer, c[2] == c[0].buffer, js.Uint8Array.new(b)[0]]
#% resizable buffers stay resizable
import js
b = js.ArrayBuffer.new(4, js.Object.fromEntries([["maxByteLength", 8]]))
c = js.structuredClone(b)
u = js.structuredClone(js.Uint8Array.new(b))
u.buffer.resize(8)
[c.resizable, c.maxByteLength, u.length]
#% SharedArrayBuffers are shared
import js
s = js.SharedArrayBuffer.new(2)
c = js.structuredClone(s)
js.Uint8Array.new(c)[0] = 9
[js.Uint8Array.new(s)[0], c == s]
#% wrapped primitives
import js
o = js.Object
r = [js.structuredClone(o(x)) for x in ("text", 5, True)]
[[x.constructor.name, x.valueOf(), x.typeof] for x in r]
#% functions are refused
import js
js.structuredClone(js.parseInt)
#% functions within objects are refused
import js
o = js.Object.new()
o.f = js.Math.max
js.structuredClone(o)
#% symbols are refused
import js
js.structuredClone(js.Symbol.iterator)
#% WeakMaps are refused
import js
js.structuredClone(js.WeakMap.new())
#% promises are refused
import js
js.structuredClone(js.Promise.resolve(1))
#% generators are refused
import js
js.structuredClone(js.Array.of(1).values())
#% the error is a DOMException
import js
try:
    js.structuredClone(js.Symbol.iterator)
except Exception as e:
    r = [e.name, e.code, e.constructor.name, type(e).__name__]
r
#% instances of classes become plain objects
import fixtures, js
p = fixtures.Point.new(1, 2)
q = js.structuredClone(p)
[js.JSON.stringify(q), q.constructor.name]
#% getters are read
import js
o = js.Object.new()
js.Object.defineProperty(o, "x", js.JSON.parse('{"value": 5}'))
o.y = 1
list(js.Object.keys(js.structuredClone(o)))
#% symbol keys are left out
import js
o = js.Object.new()
js.Reflect.set(o, js.Symbol.iterator, 1)
o.a = 1
c = js.structuredClone(o)
[js.Reflect.has(c, js.Symbol.iterator), c.a]
#% a Python object is refused
import js
js.structuredClone({"a": 1})
#% it needs an argument
import js
js.structuredClone()
#% transfer detaches
import js
from pyodide.ffi import to_js
u = js.Uint8Array.new([1, 2, 3])
b = u.buffer
o = js.Object.fromEntries([["transfer", js.Array.of(b)]])
c = js.structuredClone(u, o)
[c.to_bytes(), b.detached, u.length, c.buffer.byteLength]
#% transferring twice is refused
import js
b = js.ArrayBuffer.new(4)
js.structuredClone(b, js.Object.fromEntries([["transfer", js.Array.of(b, b)]]))
#% transferring a detached buffer is refused
import js
b = js.ArrayBuffer.new(4)
b.transfer()
js.structuredClone(1, js.Object.fromEntries([["transfer", js.Array.of(b)]]))
#% transferring what cannot be is refused
import js
js.structuredClone(1, js.Object.fromEntries([["transfer", js.Array.of(js.Object.new())]]))
#% a detached buffer is refused
import js
b = js.ArrayBuffer.new(4)
b.transfer()
js.structuredClone(b)
#% a failed clone transfers nothing
import js
b = js.ArrayBuffer.new(4)
try:
    js.structuredClone(js.Array.of(b, js.parseInt), js.Object.fromEntries([["transfer", js.Array.of(b)]]))
except Exception as e:
    r = e.name
[r, b.detached, b.byteLength]
#% deep nesting is cloned
import js
a = js.Array.new()
for _ in range(300):
    a = js.Array.of(a)
c = js.structuredClone(a)
n = 0
while c.length:
    c = c[0]
    n += 1
n
