#% using a destroyed proxy
from pyodide.ffi import create_proxy
p = create_proxy([1])
p.destroy()
p.length
#% calling a destroyed proxy
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy(len)
fixtures.keep(p)
p.destroy()
fixtures.call_with(fixtures.kept(), 1)
#% destroying twice
from pyodide.ffi import create_proxy
p = create_proxy([1])
p.destroy(), p.destroy()
#% destroy with a message
from pyodide.ffi import create_proxy, to_js
import js
p = create_proxy([1])
p.destroy(js.Object.fromEntries(to_js([["message", "Gone fishing."]])))
p.get(0)
#% attributes of a destroyed proxy
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy([1])
fixtures.keep(p)
p.destroy()
fixtures.get_property(fixtures.kept(), "whatever")
#% converting a destroyed proxy to Python
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy([1])
fixtures.keep(p)
p.destroy()
fixtures.kept()
#% the type of a destroyed proxy
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy([1])
fixtures.keep(p)
p.destroy()
fixtures.inspect(fixtures.kept())
#% what is left on a destroyed proxy
from pyodide.ffi import create_proxy
p = create_proxy([1])
p.destroy()
str(type(p).__name__), p.typeof
#% toJs, copy and toString of a destroyed proxy
from pyodide.ffi import create_proxy
p = create_proxy({})
p.destroy()
results = []
for act in (p.toJs, p.copy, p.toString, lambda: p.type, lambda: p.asJsJson(), lambda: p.get("a"), lambda: p.set("a", 1), lambda: p.has("a"), lambda: p.delete("a")):
    try:
        results.append(act())
    except Exception as error:
        results.append(str(error).splitlines()[0])
results
#% an argument is destroyed after the call
import fixtures
fixtures.keep([1, 2])
fixtures.get_property(fixtures.kept(), "length")
#% a function passed as an argument is destroyed after the call
import fixtures
fixtures.keep(lambda: 1)
fixtures.call_with(fixtures.kept())
#% an argument that was copied survives
import fixtures
from pyodide.ffi import create_proxy
target = [1, 2]
fixtures.keep(create_proxy(target).copy())
p = fixtures.kept()
p is target, p
#% a proxy made with create_proxy survives the call
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy([1, 2])
fixtures.keep(p)
fixtures.call_method(fixtures.kept(), "get", 1)
#% an argument returned by the function
import fixtures
target = [1]
fixtures.identity(target) is target
#% keyword arguments are destroyed, too
import fixtures
kept = fixtures.with_keywords
fixtures.keep
fixtures.identity([1])
#% a copy lives on
from pyodide.ffi import create_proxy
p = create_proxy([1, 2])
q = p.copy()
p.destroy()
q.length, q.unwrap()
#% a copy of a bound function
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy(lambda *args: args).bind(None, 1, 2)
q = p.copy()
p.destroy()
fixtures.call_with(q, 3)
#% an alias dies with its origin
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy(lambda *args: args)
q = fixtures.call_method(p, "bind", None, 1)
fixtures.keep(q)
p.destroy()
fixtures.call_with(fixtures.kept())
#% attribute proxies die with their owner
import fixtures
from pyodide.ffi import create_proxy
class A:
    x = [1]
p = create_proxy(A())
x = p.x
fixtures.keep(fixtures.get_property(p, "x"))
p.destroy()
fixtures.get_property(fixtures.kept(), "length")
#% setDebug says more
import pyodide_js
from pyodide.ffi import create_proxy
before = pyodide_js.setDebug(True)
try:
    p = create_proxy([1, 2])
    p.destroy()
    try:
        p.length
    except Exception as error:
        said = str(error)
finally:
    after = pyodide_js.setDebug(before)
before, after, said
#% setDebug with a repr that raises
import pyodide_js
from pyodide.ffi import create_proxy
class Bad:
    def __str__(self): raise ValueError("no")
pyodide_js.setDebug(True)
try:
    p = create_proxy(Bad())
    p.destroy()
    p.type
finally:
    pyodide_js.setDebug(False)
#% a generator that ends destroys what it gave
import fixtures
from pyodide.ffi import create_proxy
items = [[1], [2]]
spread = fixtures.spread(create_proxy(items))
fixtures.keep(spread)
fixtures.inspect(spread)
#% items of an exhausted iteration are gone
import js
from pyodide.ffi import create_proxy
collected = js.Array["from"](create_proxy([[1], [2]])) if False else js.Array.of()
for item in ():
    pass
js.Array.from_(create_proxy([[1], [2]]))[0]
#% once callable runs once
import fixtures
from pyodide.ffi import create_once_callable
p = create_once_callable(lambda x: x + 1)
first = fixtures.call_with(p, 1)
first, fixtures.call_with(p, 2)
#% once callable that raises is used up, too
import fixtures
from pyodide.ffi import create_once_callable
def fail(): raise ValueError("once")
p = create_once_callable(fail)
try:
    fixtures.call_with(p)
except ValueError as error:
    first = repr(error)
first, fixtures.call_with(p)
#% once callable destroyed before use
import fixtures
from pyodide.ffi import create_once_callable
p = create_once_callable(lambda: 1)
p.destroy()
fixtures.call_with(p)
#% once callable destroyed twice
from pyodide.ffi import create_once_callable
p = create_once_callable(lambda: 1)
p.destroy(), p.destroy()
#% once callable as a value
import fixtures
from pyodide.ffi import create_once_callable
p = create_once_callable(lambda: 1)
type(p).__name__, p.typeof, fixtures.call_with(p)
#% destroy_proxies
import js
from pyodide.ffi import create_proxy, destroy_proxies, to_js
class A: pass
proxies = to_js([])
to_js([A(), A()], pyproxies=proxies)
n = len(proxies)
destroy_proxies(proxies)
n, proxies[0].type
#% destroy_proxies of something else
from pyodide.ffi import destroy_proxies, to_js
destroy_proxies(to_js([1]))
#% destroy_proxies of a non-array
from pyodide.ffi import destroy_proxies
destroy_proxies([1])
#% unwrap
from pyodide.ffi import create_proxy
target = object()
p = create_proxy(target)
p.unwrap() is target
#% unwrap of a destroyed proxy
from pyodide.ffi import create_proxy
p = create_proxy([])
p.destroy()
p.unwrap()
#% double proxies are what they are
from pyodide.ffi import JsDoubleProxy, JsProxy, create_proxy
p, q = create_proxy([]), create_proxy(len)
[type(x).__name__ for x in (p, q)], isinstance(p, JsDoubleProxy), isinstance(p, JsProxy), callable(q)
#% a roundtrip proxy comes back as the proxy
import fixtures
from pyodide.ffi import create_proxy
target = [1]
p = create_proxy(target, roundtrip=True)
back = fixtures.identity(p)
type(back).__name__, back.unwrap() is target
#% a roundtrip proxy is not destroyed by calls
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy([1], roundtrip=True)
for _ in range(3):
    fixtures.identity(p)
p.length
#% a proxy without roundtrip comes back as the object
import fixtures
from pyodide.ffi import create_proxy
target = [1]
fixtures.identity(create_proxy(target)) is target
#% destroyRoundtrip false keeps a roundtrip proxy
import js
from pyodide.ffi import create_proxy, to_js
p = create_proxy([1], roundtrip=True)
p.destroy(js.Object.fromEntries(to_js([["destroyRoundtrip", False]])))
p.length
#% create_proxy with capture_this
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy(lambda this, *args: (this.x, args), capture_this=True)
o = fixtures.plain()
o.x = 4
o.m = p
o.m(1, 2)
#% with statement on a double proxy
from pyodide.ffi import create_proxy
with create_proxy([1]) as p:
    n = p.length
n
#% references are given back
import sys
from pyodide.ffi import create_proxy
target = object()
before = sys.getrefcount(target)
p = create_proxy(target)
during = sys.getrefcount(target) - before
p.destroy()
during, sys.getrefcount(target) - before
#% references of arguments are given back
import sys, fixtures
target = [1]
before = sys.getrefcount(target)
for _ in range(5):
    fixtures.argument_count(target, target)
sys.getrefcount(target) - before
#% borrowed attribute proxies survive with a copy of the owner
import fixtures
from pyodide.ffi import create_proxy
class A:
    def m(self): return 5
p = create_proxy(A())
q = p.copy()
fixtures.keep(create_proxy(fixtures.get_property))
m = js_method = None
import js
js.globalThis.borrowed = js.Reflect.get(p, "m")
p.destroy()
js.globalThis.borrowed(), q.destroy()
#% the message of a borrowed attribute
import js
from pyodide.ffi import create_proxy
class A:
    def m(self): return 5
p = create_proxy(A())
box = js.Object.new()
js.Object.assign(box, js.Object.new())
js.Reflect.apply(js.Reflect.get(p, "m"), None, js.Array.new())
#% dispose
import js
from pyodide.ffi import create_proxy
p = create_proxy([1])
js.Reflect.apply(js.Reflect.get(p, js.Symbol.dispose), p, js.Array.new())
p.length
