#% toJs of containers
import fixtures
from pyodide.ffi import create_proxy
[fixtures.inspect(create_proxy(v).toJs()) for v in ([1, [2]], (1, (2,)), {"a": {"b": 1}}, {1, 2}, {"a": [1]}, [], {})]
#% toJs with depth
import fixtures, js
from pyodide.ffi import create_proxy, to_js
o = lambda **kw: js.Object.fromEntries(to_js(list(kw.items())))
p = create_proxy([1, [2, [3]]])
[fixtures.inspect(p.toJs(o(depth=d))) for d in (0, 1, 2, -1)]
#% toJs of an object gives the proxy
import fixtures
from pyodide.ffi import create_proxy
class A: pass
p = create_proxy(A())
fixtures.inspect(p.toJs())
#% toJs collects proxies
import fixtures, js
from pyodide.ffi import create_proxy, to_js
class A: pass
proxies = js.Array.new()
options = js.Object.new()
options.pyproxies = proxies
r = create_proxy([A(), 1, {"a": A()}]).toJs(options)
proxies.length, fixtures.inspect(r)
#% toJs without creating proxies
import js
from pyodide.ffi import create_proxy, to_js
class A: pass
create_proxy([A()]).toJs(js.Object.fromEntries(to_js([["create_pyproxies", False]])))
#% toJs with dict_converter
import fixtures, js
from pyodide.ffi import create_proxy
options = js.Object.new()
options.dict_converter = js.Object.fromEntries
fixtures.inspect(create_proxy({"a": {"b": 1}}).toJs(options))
#% toJs with default_converter
import fixtures, js
from pyodide.ffi import create_proxy
class A:
    def __init__(self, x): self.x = x
options = js.Object.new()
options.default_converter = create_proxy(lambda obj, convert, cache: f"<{obj.x}>")
fixtures.inspect(create_proxy([A(1), {"k": A("two")}]).toJs(options))
#% toJs with eager_converter
import fixtures, js
from pyodide.ffi import create_proxy
options = js.Object.new()
options.eager_converter = create_proxy(lambda obj, convert, cache: "list!" if isinstance(obj, list) else convert(obj))
fixtures.inspect(create_proxy((1, [2])).toJs(options))
#% toJs with a converter that raises
import js
from pyodide.ffi import create_proxy
def fail(*args): raise ValueError("cannot convert")
options = js.Object.new()
options.default_converter = create_proxy(fail)
create_proxy([object()]).toJs(options)
#% toJs with null
from pyodide.ffi import create_proxy, jsnull
create_proxy([1]).toJs(jsnull)
#% toJs with a number
import fixtures
from pyodide.ffi import create_proxy
fixtures.inspect(create_proxy([1]).toJs(5))
#% toJs of a cycle
from pyodide.ffi import create_proxy
target = [1]
target.append(target)
r = create_proxy(target).toJs()
r.length, r[1].length
#% toJs of a buffer
import fixtures
from pyodide.ffi import create_proxy
fixtures.inspect(create_proxy(b"ab").toJs()), fixtures.inspect(create_proxy(memoryview(b"abcd")).toJs())
#% to_js with pyproxies
import js
from pyodide.ffi import destroy_proxies, to_js
class A: pass
proxies = to_js([])
r = to_js([A(), [A()]], pyproxies=proxies)
n = proxies.length
destroy_proxies(proxies)
n, r[0].typeof
#% to_js pyproxies in the result are destroyed
import fixtures
from pyodide.ffi import destroy_proxies, to_js
class A: pass
proxies = to_js([])
r = to_js([A()], pyproxies=proxies)
destroy_proxies(proxies)
fixtures.inspect(r)
#% to_js with create_pyproxies false
from pyodide.ffi import to_js
class A: pass
to_js([1, A()], create_pyproxies=False)
#% an object that holds itself through a proxy
import fixtures
from pyodide.ffi import create_proxy
class A: pass
a = A()
a.me = create_proxy(a)
a.me.me.unwrap() is a, a.me.unwrap() is a
