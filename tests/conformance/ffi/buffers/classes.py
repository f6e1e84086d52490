#% functions know how many arguments they take
import js
[js.Uint8Array.length, js.ArrayBuffer.length, js.DataView.length, js.SharedArrayBuffer.length, js.TextDecoder.length, js.TextEncoder.length]
#% methods know how many arguments they take
import js
P = js.Uint8Array.prototype
[(n, js.Reflect.get(P, n).length) for n in "at copyWithin every fill filter find findIndex findLast forEach includes indexOf join lastIndexOf map reduce reduceRight reverse set slice some sort subarray toReversed toSorted with values keys entries".split()]
#% methods of other classes know it, too
import js
D, B = js.DataView.new(js.ArrayBuffer.new(1)), js.ArrayBuffer.new(1)
[D.getInt8.length, D.setInt8.length, D.getFloat64.length, D.setBigInt64.length, B.slice.length, B.resize.length, B.transfer.length]
#% tags
import js
G = js.Reflect.get
T = js.Symbol.toStringTag
b = js.ArrayBuffer.new(8)
[G(x, T) for x in (js.Uint8Array.new(1), js.BigInt64Array.new(1), js.DataView.new(b), b, js.SharedArrayBuffer.new(1), js.TextEncoder.new(), js.TextDecoder.new(), js.crypto, js.crypto.subtle, js.performance, js.Atomics)]
#% typed arrays share a prototype
import js
G = js.Object.getPrototypeOf
p = G(js.Uint8Array.prototype)
[p == G(js.Float64Array.prototype), p.constructor.name, G(p) == js.Object.prototype, js.Uint8Array.prototype == js.Int8Array.prototype]
#% own names of a constructor
import js
sorted(js.Object.getOwnPropertyNames(js.Uint8Array))
#% functions have names
import js
[f.name for f in (js.atob, js.btoa, js.escape, js.unescape, js.structuredClone, js.Atomics.add, js.ArrayBuffer.isView, js.Uint8Array.of, js.Uint8Array.prototype.fill, js.crypto.getRandomValues, js.performance.now)]
#% what is enumerable of the globals
import js
[list(js.Object.keys(x)) for x in (js.crypto, js.Atomics, js.ArrayBuffer.new(1), js.DataView.new(js.ArrayBuffer.new(1)), js.TextEncoder.new())]
#% a buffer has no properties but takes some
import js
b = js.ArrayBuffer.new(1)
b.extra = 5
u = js.Uint8Array.new(2)
u.extra = "x"
[b.extra, list(js.Object.keys(b)), u.extra, list(js.Object.keys(u))]
#% read-only members stay
import js
u = js.Uint8Array.new(2)
def t(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
[t(lambda: setattr(u, "length", 5)), t(lambda: setattr(u.buffer, "byteLength", 5)), t(lambda: setattr(js.crypto, "subtle", 5)), u.length]
