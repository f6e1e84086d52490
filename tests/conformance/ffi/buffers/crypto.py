#% getRandomValues fills an integer array
import js
u = js.Uint8Array.new(64)
r = js.crypto.getRandomValues(u)
w = js.Uint32Array.new(16)
js.crypto.getRandomValues(w.subarray(8))
[r == u, any(u), any(list(w)[:8]), any(list(w)[8:]), js.crypto.getRandomValues(js.Int8Array.new(0)).length]
#% every integer type can be filled
import js
[js.crypto.getRandomValues(getattr(js, n + "Array").new(4)).constructor.name for n in "Int8 Uint8 Uint8Clamped Int16 Uint16 Int32 Uint32 BigInt64 BigUint64".split()]
#% floats are refused
import js
js.crypto.getRandomValues(js.Float32Array.new(1))
#% a DataView is refused
import js
js.crypto.getRandomValues(js.DataView.new(js.ArrayBuffer.new(1)))
#% a number is refused
import js
js.crypto.getRandomValues(5)
#% a quota is kept
import js
js.crypto.getRandomValues(js.Uint8Array.new(65537))
#% the quota counts bytes
import js
js.crypto.getRandomValues(js.Uint32Array.new(16384)).length
#% an argument is needed
import js
js.crypto.getRandomValues()
#% errors of crypto are DOMExceptions
import js
out = []
for a in (js.Float64Array.new(1), js.Uint8Array.new(70000)):
    try:
        js.crypto.getRandomValues(a)
    except Exception as e:
        out.append((e.name, e.code, e.constructor.name))
out
#% randomUUID is a version 4 UUID
import js, uuid
u = js.crypto.randomUUID()
x = uuid.UUID(u)
[len(u), x.version, x.variant, str(x) == u, u != js.crypto.randomUUID()]
#% the objects have names
import js
[str(js.crypto), js.crypto.constructor.name, str(js.crypto.subtle), js.crypto.subtle.constructor.name, js.crypto.subtle == js.crypto.subtle, js.Crypto.name, js.CryptoKey.name, js.SubtleCrypto.name]
#% they cannot be constructed
import js
def t(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
[t(lambda: js.Crypto.new()), t(lambda: js.SubtleCrypto.new()), t(lambda: js.CryptoKey.new())]
#% digest by algorithm
import js
out = []
for n in ("SHA-1", "SHA-256", "SHA-384", "SHA-512", "sha-256"):
    d = await js.crypto.subtle.digest(n, js.Uint8Array.new([97, 98, 99]))
    out.append((n, d.constructor.name, d.to_bytes().hex()))
out
#% digest of other buffers
import js
f = js.crypto.subtle.digest
b = js.Uint8Array.new([97, 98, 99]).buffer
[(await f("SHA-1", x)).to_bytes().hex() for x in (b, js.DataView.new(b, 1), js.Uint16Array.new(2), js.ArrayBuffer.new(0))]
#% the algorithm may be an object
import js
(await js.crypto.subtle.digest(js.Object.fromEntries([["name", "SHA-256"]]), js.ArrayBuffer.new(0))).to_bytes().hex()
#% digest takes a copy at once
import js
u = js.Uint8Array.new([97])
p = js.crypto.subtle.digest("SHA-1", u)
u[0] = 98
(await p).to_bytes().hex()
#% digest returns a promise
import js
p = js.crypto.subtle.digest("SHA-1", js.ArrayBuffer.new(0))
[hasattr(p, "then"), (await p).byteLength]
#% an unknown digest is refused
import js
await js.crypto.subtle.digest("MD5", js.ArrayBuffer.new(0))
#% digest needs a buffer
import js
await js.crypto.subtle.digest("SHA-1", "abc")
#% digest needs two arguments
import js
await js.crypto.subtle.digest("SHA-1")
#% HMAC signs and verifies
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
s = js.crypto.subtle
k = await s.importKey("raw", js.Uint8Array.new([1, 2, 3]), to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=O), False, to_js(["sign", "verify"]))
m = js.Uint8Array.new([97, 98])
sig = await s.sign("HMAC", k, m)
[sig.to_bytes().hex(), await s.verify("HMAC", k, sig, m), await s.verify("HMAC", k, sig, js.Uint8Array.new([97])), await s.verify("HMAC", k, js.Uint8Array.new(3), m)]
#% a key describes itself
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
k = await js.crypto.subtle.importKey("raw", js.Uint8Array.new([1, 2, 3]), to_js({"name": "hmac", "hash": {"name": "sha-1"}}, dict_converter=O), True, to_js(["verify", "sign", "sign"]))
[k.constructor.name, str(k), k.type, k.extractable, js.JSON.stringify(k.algorithm), list(k.usages)]
#% a key is used for what it is meant for
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
k = await js.crypto.subtle.importKey("raw", js.Uint8Array.new([1]), to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=O), False, to_js(["verify"]))
await js.crypto.subtle.sign("HMAC", k, js.Uint8Array.new(1))
#% a key without usages is refused
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
await js.crypto.subtle.importKey("raw", js.Uint8Array.new([1]), to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=O), False, to_js([]))
#% a wrong usage is refused
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
await js.crypto.subtle.importKey("raw", js.Uint8Array.new([1]), to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=O), False, to_js(["encrypt"]))
#% exportKey gives the raw key back
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
k = await js.crypto.subtle.importKey("raw", js.Uint8Array.new([1, 2]), to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=O), True, to_js(["sign"]))
(await js.crypto.subtle.exportKey("raw", k)).to_bytes()
#% a key that is not extractable is not exported
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
k = await js.crypto.subtle.importKey("raw", js.Uint8Array.new([1, 2]), to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=O), False, to_js(["sign"]))
await js.crypto.subtle.exportKey("raw", k)
#% AES-GCM encrypts and decrypts
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
s = js.crypto.subtle
k = await s.importKey("raw", js.Uint8Array.new(range(16)), "AES-GCM", False, to_js(["encrypt", "decrypt"]))
a = to_js({"name": "AES-GCM", "iv": bytes(range(12))}, dict_converter=O)
b = to_js({"name": "AES-GCM", "iv": bytes(range(12)), "additionalData": b"extra", "tagLength": 96}, dict_converter=O)
m = js.Uint8Array.new([1, 2, 3])
c, d = await s.encrypt(a, k, m), await s.encrypt(b, k, m)
[c.to_bytes().hex(), d.to_bytes().hex(), (await s.decrypt(a, k, c)).to_bytes(), (await s.decrypt(b, k, d)).to_bytes(), js.JSON.stringify(k.algorithm)]
#% a damaged message is refused
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
s = js.crypto.subtle
k = await s.importKey("raw", js.Uint8Array.new(range(16)), "AES-GCM", False, to_js(["encrypt", "decrypt"]))
a = to_js({"name": "AES-GCM", "iv": bytes(12)}, dict_converter=O)
c = js.Uint8Array.new(await s.encrypt(a, k, js.Uint8Array.new(3)))
c[0] = c[0] ^ 1
await s.decrypt(a, k, c)
#% a key of a wrong length is refused
import js
from pyodide.ffi import to_js
await js.crypto.subtle.importKey("raw", js.Uint8Array.new(5), "AES-GCM", False, to_js(["encrypt"]))
#% generateKey makes keys
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
s = js.crypto.subtle
k = await s.generateKey(to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=O), True, to_js(["sign"]))
g = await s.generateKey(to_js({"name": "AES-GCM", "length": 256}, dict_converter=O), True, to_js(["encrypt"]))
[(await s.exportKey("raw", k)).byteLength, js.JSON.stringify(k.algorithm), (await s.exportKey("raw", g)).byteLength, js.JSON.stringify(g.algorithm)]
#% PBKDF2 derives bits
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
s = js.crypto.subtle
k = await s.importKey("raw", js.Uint8Array.new([112, 119]), "PBKDF2", False, to_js(["deriveBits"]))
(await s.deriveBits(to_js({"name": "PBKDF2", "hash": "SHA-256", "salt": b"salt", "iterations": 3}, dict_converter=O), k, 128)).to_bytes().hex()
#% an unknown algorithm is refused
import js
from pyodide.ffi import to_js
await js.crypto.subtle.importKey("raw", js.Uint8Array.new(5), "NONSENSE", False, to_js(["encrypt"]))
#% dir of crypto and subtle
import js
[[n for n in dir(x) if not n.startswith("_")] for x in (js.crypto, js.crypto.subtle)]
#% keys of two parts
import js
from pyodide.ffi import to_js
k = await js.crypto.subtle.generateKey(to_js({"name": "ECDSA", "namedCurve": "P-256"}, dict_converter=js.Object.fromEntries), True, to_js(["sign", "verify"]))
sorted(js.Object.keys(k))
#% AES-CBC and AES-CTR
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
s = js.crypto.subtle
out = []
for n, p in (("AES-CBC", {"iv": bytes(16)}), ("AES-CTR", {"counter": bytes(16), "length": 128})):
    k = await s.importKey("raw", js.Uint8Array.new(range(32)), n, False, to_js(["encrypt", "decrypt"]))
    a = to_js({"name": n, **p}, dict_converter=O)
    c = await s.encrypt(a, k, js.Uint8Array.new([1, 2, 3]))
    out.append((c.to_bytes().hex(), (await s.decrypt(a, k, c)).to_bytes()))
out
#% HKDF derives bits
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
s = js.crypto.subtle
k = await s.importKey("raw", js.Uint8Array.new([112, 119]), "HKDF", False, to_js(["deriveBits"]))
[(await s.deriveBits(to_js({"name": "HKDF", "hash": "SHA-512", "salt": b"salt", "info": b"i"}, dict_converter=O), k, n)).to_bytes().hex() for n in (128, 1024)]
#% keys as JSON Web Keys
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
s = js.crypto.subtle
k = await s.importKey("jwk", to_js({"kty": "oct", "k": "AQIDBA", "alg": "HS256"}, dict_converter=O), to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=O), True, to_js(["sign"]))
g = await s.importKey("raw", js.Uint8Array.new(16), "AES-GCM", True, to_js(["encrypt"]))
[(await s.exportKey("raw", k)).to_bytes(), js.JSON.stringify(await s.exportKey("jwk", k)), js.JSON.stringify(await s.exportKey("jwk", g))]
#% deriveKey
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
s = js.crypto.subtle
k = await s.importKey("raw", js.Uint8Array.new([112, 119]), "PBKDF2", False, to_js(["deriveKey"]))
a = to_js({"name": "PBKDF2", "hash": "SHA-256", "salt": b"salt", "iterations": 3}, dict_converter=O)
d = await s.deriveKey(a, k, to_js({"name": "AES-GCM", "length": 128}, dict_converter=O), True, to_js(["encrypt"]))
h = await s.deriveKey(a, k, to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=O), True, to_js(["sign"]))
[(await s.exportKey("raw", d)).to_bytes().hex(), (await s.exportKey("raw", h)).byteLength]
#% wrapKey and unwrapKey
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
s = js.crypto.subtle
w = await s.importKey("raw", js.Uint8Array.new(16), "AES-GCM", False, to_js(["wrapKey", "unwrapKey"]))
k = await s.importKey("raw", js.Uint8Array.new([1, 2]), to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=O), True, to_js(["sign"]))
a = to_js({"name": "AES-GCM", "iv": bytes(12)}, dict_converter=O)
c = await s.wrapKey("raw", k, w, a)
u = await s.unwrapKey("raw", c, w, a, to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=O), True, to_js(["sign"]))
[c.to_bytes().hex(), (await s.exportKey("raw", u)).to_bytes()]
#% deriveBits needs a multiple of eight
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
s = js.crypto.subtle
k = await s.importKey("raw", js.Uint8Array.new([1]), "PBKDF2", False, to_js(["deriveBits"]))
await s.deriveBits(to_js({"name": "PBKDF2", "hash": "SHA-256", "salt": b"s", "iterations": 1}, dict_converter=O), k, 12)
#% an iteration count of zero is refused
import js
from pyodide.ffi import to_js
O = js.Object.fromEntries
s = js.crypto.subtle
k = await s.importKey("raw", js.Uint8Array.new([1]), "PBKDF2", False, to_js(["deriveBits"]))
await s.deriveBits(to_js({"name": "PBKDF2", "hash": "SHA-256", "salt": b"s", "iterations": 0}, dict_converter=O), k, 128)
#% sign with a value that is no key
import js
await js.crypto.subtle.sign("HMAC", 5, js.Uint8Array.new(1))
#% a key of another algorithm is refused
import js
from pyodide.ffi import to_js
k = await js.crypto.subtle.importKey("raw", js.Uint8Array.new(16), "AES-GCM", False, to_js(["encrypt"]))
await js.crypto.subtle.encrypt(to_js({"name": "AES-CBC", "iv": bytes(16)}, dict_converter=js.Object.fromEntries), k, js.Uint8Array.new(1))
#% an unknown usage is refused
import js
from pyodide.ffi import to_js
await js.crypto.subtle.importKey("raw", js.Uint8Array.new(16), "AES-GCM", False, to_js(["fly"]))
#% an unknown key format is refused
import js
from pyodide.ffi import to_js
await js.crypto.subtle.importKey("rare", js.Uint8Array.new(16), "AES-GCM", False, to_js(["encrypt"]))
#% HMAC needs a hash
import js
from pyodide.ffi import to_js
await js.crypto.subtle.importKey("raw", js.Uint8Array.new(16), "HMAC", False, to_js(["sign"]))
#% an algorithm needs a name
import js
await js.crypto.subtle.digest(js.Object.new(), js.ArrayBuffer.new(0))
