#% keys are properties
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy({"a": 1, "b": [2]})
fixtures.get_property(p, "a"), fixtures.get_property(p, "b"), fixtures.inspect(fixtures.get_property(p, "c"))
#% attributes and members win over keys
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy({"get": 1, "keys": 2, "type": 3, "own": 4})
[fixtures.type_of(fixtures.get_property(p, name)) for name in ("get", "keys", "type", "own")], p.get("keys")
#% keys that are numbers
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy({1: "int", "2": "str"})
fixtures.get_property(p, "1"), fixtures.get_property(p, 1), fixtures.get_property(p, "2"), fixtures.inspect(fixtures.get_property(p, "3"))
#% setting properties sets keys
import fixtures
from pyodide.ffi import create_proxy
d = {1: "a"}
p = create_proxy(d)
fixtures.set_property(p, "x", 1)
fixtures.set_property(p, "1", "b")
fixtures.set_property(p, "5", "five")
d
#% setting a member of the mixins
import fixtures
from pyodide.ffi import create_proxy
d = {}
p = create_proxy(d)
fixtures.set_property(p, "get", 1)
d, fixtures.get_property(p, "get")
#% setting a method of dict
import fixtures
from pyodide.ffi import create_proxy
fixtures.set_property(create_proxy({}), "keys", 1)
#% a subclass of dict is no PyDict
import fixtures
from pyodide.ffi import create_proxy
class D(dict): pass
p = create_proxy(D(a=1))
fixtures.inspect(fixtures.get_property(p, "a")), p.get("a")
#% asJsJson of a dict hides members
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy({"a": 1, "type": 2, "get": 3}).asJsJson()
[fixtures.inspect(fixtures.get_property(p, k)) for k in ("a", "type", "get", "missing")]
#% asJsJson keeps a few members
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy({"copy": 1, "destroy": 2, "toString": 3}).asJsJson()
[fixtures.type_of(fixtures.get_property(p, k)) for k in ("copy", "destroy", "toString", "constructor", "$$flags")]
#% asJsJson converts what is inside
import fixtures, js
from pyodide.ffi import create_proxy
p = create_proxy({"a": {"b": [{"c": 5}]}}).asJsJson()
inner = fixtures.get_property(fixtures.get_property(fixtures.get_property(fixtures.get_property(p, "a"), "b"), 0), "c")
inner
#% asJsJson and JSON.stringify
import js
from pyodide.ffi import create_proxy
js.JSON.stringify(create_proxy({"a": [1, {"get": 2, "keys": [3]}]}).asJsJson())
#% asJsJson of a list
import js
from pyodide.ffi import create_proxy
p = create_proxy([1, {"a": 2}]).asJsJson()
p.length, js.JSON.stringify(p), js.Object.keys(p.at(1)) if not isinstance(p.at(1), dict) else "dict"
#% asJsJson shares the lifetime
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy({"a": 1})
fixtures.keep(p.asJsJson())
p.destroy()
fixtures.get_property(fixtures.kept(), "a")
#% asJsJson Object.keys
import js
from pyodide.ffi import create_proxy
js.Object.keys(create_proxy({"a": 1, 2: 3, None: 4}).asJsJson()), js.Object.entries(create_proxy({"a": 1}).asJsJson())
#% asJsJson identity of nested values
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy({"a": {}}).asJsJson()
fixtures.same(fixtures.get_property(p, "a"), fixtures.get_property(p, "a"))
#% asJsJson of an object without items
from pyodide.ffi import create_proxy
create_proxy(object()).asJsJson()
#% asJsJson of a mapping class
import js, collections
from pyodide.ffi import create_proxy
js.JSON.stringify(create_proxy(collections.OrderedDict(a=1, b={"c": 2})).asJsJson())
#% Object.entries of a mapping that is no dict
import js, collections
from pyodide.ffi import create_proxy
js.Object.entries(create_proxy(collections.OrderedDict(a=1)))
#% items, keys and values of a dict through the proxy
from pyodide.ffi import create_proxy
p = create_proxy({"a": 1})
p.items(), list(p.keys()), list(p.values())
#% iterating over a dict gives keys
import fixtures
from pyodide.ffi import create_proxy
fixtures.spread(create_proxy({"a": 1, "b": 2}))
#% Object.fromEntries of items
import js
from pyodide.ffi import create_proxy
js.Object.fromEntries(create_proxy({"a": 1, "b": 2}.items())).to_py()
#% new Map of a dict's items
import js
from pyodide.ffi import create_proxy
dict(js.Map.new(create_proxy({"a": 1}.items())).to_py())
#% deleting keys
import js
from pyodide.ffi import create_proxy
d = {"a": 1, 2: 3}
p = create_proxy(d)
js.Reflect.deleteProperty(p, "a"), js.Reflect.deleteProperty(p, "2"), js.Reflect.deleteProperty(p, "missing"), d
#% in
import js
from pyodide.ffi import create_proxy
p = create_proxy({"a": 1, 2: 3})
[js.Reflect.has(p, k) for k in ("a", "2", "b", "keys", "get")]
#% JSON.stringify of a dict
import js
from pyodide.ffi import create_proxy
js.JSON.stringify(create_proxy({"a": 1, "b": [1, {"c": None}], 2: "two", (1, 2): 3, "get": 4}))
#% JSON.stringify of a class of one's own
import js
from pyodide.ffi import create_proxy
class A:
    x = 1
js.JSON.stringify(create_proxy(A())), js.JSON.stringify(create_proxy(len))
#% asJsJson set and delete
import fixtures, js
from pyodide.ffi import create_proxy
d = {"a": 1, 3: 4}
p = create_proxy(d).asJsJson()
fixtures.set_property(p, "get", 5)
fixtures.set_property(p, "3", 6)
js.Reflect.deleteProperty(p, "a"), js.Reflect.deleteProperty(p, "zz"), d
