#% a subclass of a built-in class
import js
from fixtures import is_instance, custom_error, CustomError
e = CustomError.new("bad", 7)
[e.name, e.code, str(e), e.constructor == CustomError, is_instance(e, js.Error), isinstance(e, Exception), js.Object.prototype.toString.call(e)]

#% deep chains of prototypes
import js
o = js.Object.new()
o.found = "at the bottom"
for _ in range(100):
    o = js.Object.create(o)
[o.found, hasattr(o, "missing"), "found" in dir(o), list(o.object_keys())]

#% a cyclic object as text and JSON
from fixtures import cyclic
import js
c = cyclic()
out = [str(c), str(c.list)]
try:
    js.JSON.stringify(c)
except Exception as error:
    out.append(str(error).splitlines()[0])
out

#% an array that contains itself
from pyodide.ffi import to_js
a = to_js([1])
a.push(a)
[str(a), len(a), a[1] == a, a.to_py()[1][0]]

#% comparing with is and ==, in containers
from fixtures import plain
o = plain()
l = [o.e, o.e, plain().e]
[l[0] == l[1], l[0] != l[2], l.index(o.e), l.count(o.e), o.e in l, plain().e in l]

#% js_id as the key of a dict
from fixtures import plain
from pyodide.ffi import to_js
a, b = to_js([1]), to_js([1])
seen = {a.js_id: "a", b.js_id: "b"}
[seen[a.js_id], seen[b.js_id], len(seen)]

#% weakref and id of proxies
import weakref
from fixtures import plain
o = plain()
try:
    r = weakref.ref(o)
    out = r() is o
except Exception as error:
    out = [type(error).__name__, str(error)]
out

#% proxies in dataclasses and enums
import dataclasses, enum
from pyodide.ffi import to_js
from fixtures import plain
@dataclasses.dataclass
class D:
    x: object
o = plain()
[D(o) == D(o), D(o) == D(plain()), repr(D(to_js([1, 2]))).replace("D(", "", 1).rsplit(".", 1)[-1]]

#% math and number functions of proxies
from pyodide.ffi import to_js
from fixtures import plain
out = []
for act in (lambda: int(plain()), lambda: float(to_js([1])), lambda: abs(plain()), lambda: plain() + 1, lambda: -plain(), lambda: round(plain()), lambda: range(plain()), lambda: "x" * plain()):
    try:
        out.append(act())
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% json.dumps of a proxy
import json
from fixtures import plain
json.dumps(plain())

#% star arguments from proxies
from pyodide.ffi import to_js
from fixtures import map, plain, argument_count
def f(*args, **kwargs):
    return [list(args), kwargs]
[f(*to_js([1, 2])), f(**map([["a", 1]])), f(**plain().as_py_json())["a" if False else 1]["b"], argument_count(*to_js([1, 2, 3]))]

#% star arguments from a plain object
from fixtures import plain
def f(**kwargs):
    return kwargs
f(**plain())

#% sorting proxies
from pyodide.ffi import to_js
[[str(x) for x in sorted([to_js([3]), to_js([1]), to_js([2])])], str(max(to_js([1]), to_js([2]))), str(min(to_js(["b"]), to_js(["a"])))]

#% bytes of things
from fixtures import typed, array_buffer, plain
out = [bytes(typed("Uint8Array", [1, 2])), typed("Int16Array", [1, -1]).to_bytes(), array_buffer([3]).to_bytes(), bytes(array_buffer([5]).to_memoryview())]
for act in (lambda: bytes(plain()), lambda: memoryview(plain()), lambda: bytearray(array_buffer([1]))):
    try:
        out.append(act())
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% callbacks that take this
from fixtures import plain, inspect
from pyodide.ffi import create_proxy
o = plain()
seen = []
p = create_proxy(lambda this, x: seen.append([this == o, x]), capture_this=True)
o.method = p
o.e.forEach(create_proxy(lambda v, *rest: seen.append(v)))
from fixtures import call_method
call_method(o, "method", 7)
seen

#% roundtrip proxies
from fixtures import identity, keep, kept
from pyodide.ffi import create_proxy, JsDoubleProxy
l = [1]
a, b = create_proxy(l, roundtrip=True), create_proxy(l, roundtrip=False)
[isinstance(identity(a), JsDoubleProxy), identity(b) is l, isinstance(kept() if keep(a) else kept(), JsDoubleProxy)]

#% a proxy of a proxy
from pyodide.ffi import create_proxy
from fixtures import plain, identity
o = plain()
p = create_proxy(o)
[type(p).__name__, p.typeof, identity(p).typeof, p == o]

#% results of methods of Map that are functions
from fixtures import map, add
m = map([])
m["f"] = add
[m["f"](1, 2), m.get("f")(3, 4), m["f"] == add, [v(1, 1) for v in m.values()]]

#% methods assigned to attributes of arrays
from pyodide.ffi import to_js, create_proxy
a = to_js([1, 2])
p = create_proxy(lambda: "called")
a.my = p
[a.my(), a.length, list(a.object_keys())]

#% an attribute set to None and to jsnull
from pyodide.ffi import jsnull
from fixtures import plain, inspect
o = plain()
o.a, o.b = None, jsnull
[o.a, o.b is jsnull, inspect(o), o.c is jsnull, o.d]

#% long and odd attribute names
from fixtures import plain
o = plain()
name = "n" * 5000
setattr(o, name, 1)
setattr(o, "a.b", 2)
setattr(o, "0", 3)
setattr(o, "tab\tnewline\n", 4)
[getattr(o, name), getattr(o, "a.b"), getattr(o, "0"), getattr(o, "tab\tnewline\n"), list(o.object_keys())[0]]

#% an attribute name with a null character
from fixtures import plain
o = plain()
setattr(o, "a\0b", 9)
[o.a, list(o.object_keys())]

#% an attribute name that is no string
from fixtures import plain
getattr(plain(), 5)

#% del and global of proxies free them
import gc
from fixtures import plain
def use():
    for _ in range(50):
        o = plain()
        o.e.push(o)
use()
gc.collect() >= 0

#% generator objects and flags of the wrapped generator
from fixtures import count_to, async_count_to
g, a = count_to(1), async_count_to(1)
[str(g), g.typeof, hasattr(g, "return"), hasattr(g, "throw"), hasattr(g, "close"), hasattr(g, "send"), hasattr(a, "asend"), hasattr(a, "aclose"), hasattr(a, "athrow"), list(g.object_keys())]

#% awaiting in several tasks
import asyncio
from fixtures import later
results = await asyncio.gather(later(3, "c"), later(1, "a"), later(2, "b"))
results

#% await a promise that is an attribute
from fixtures import plain, set_property, resolved
from js import Promise
o = plain()
o.p = Promise.new(lambda resolve, reject: resolve("by attribute"))
[await o.p, type(o.p).__name__]
