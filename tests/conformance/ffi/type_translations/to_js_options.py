#% depth
from pyodide.ffi import to_js
import fixtures
x = [1, [2, [3, [4]]]]
[fixtures.inspect(to_js(x, depth=n)) for n in (-1, 0, 1, 2, 3, 4, 5)]

#% depth of dicts and sets
from pyodide.ffi import to_js
import fixtures
x = {"a": {"b": {"c": 1}}, "s": {1}}
[fixtures.inspect(to_js(x, depth=n)) for n in (1, 2, 3)]

#% depth zero
from pyodide.ffi import to_js
x = [1]
p = to_js(x, depth=0)
[type(p), p.unwrap() is x]

#% depth must be a number
from pyodide.ffi import to_js
to_js([], depth="1")

#% only the object is positional
from pyodide.ffi import to_js
to_js([], 1)

#% an unknown option
from pyodide.ffi import to_js
to_js([], deep=True)

#% no object at all
from pyodide.ffi import to_js
to_js()

#% pyproxies collects what was proxied
from pyodide.ffi import to_js, destroy_proxies
import js, fixtures
class T:
    pass
found = js.Array.new()
r = to_js([T(), [T(), {"t": T()}], 1], pyproxies=found)
count = len(found)
destroy_proxies(found)
[count, r[2], r.length]

#% a destroyed proxy cannot be used
from pyodide.ffi import to_js, destroy_proxies
import js
class T:
    x = 1
found = js.Array.new()
r = to_js([T()], pyproxies=found)
destroy_proxies(found)
r[0].x

#% pyproxies must be an Array
from pyodide.ffi import to_js
to_js([], pyproxies=[])

#% pyproxies must not be an Object
from pyodide.ffi import to_js
import js
to_js([], pyproxies=js.Object.new())

#% create_pyproxies refused
from pyodide.ffi import to_js
class T:
    pass
to_js([T()], create_pyproxies=False)

#% create_pyproxies refused, and not needed
from pyodide.ffi import to_js
import fixtures
fixtures.inspect(to_js([1, {"a": [2]}], create_pyproxies=False))

#% destroy_proxies of no Array
from pyodide.ffi import destroy_proxies
destroy_proxies([])

#% destroy_proxies of an Object
from pyodide.ffi import destroy_proxies
import js
destroy_proxies(js.Object.new())

#% dict_converter Object.fromEntries
from pyodide.ffi import to_js
import js, fixtures
fixtures.inspect(to_js({"a": {"b": 1}, "toString": 2}, dict_converter=js.Object.fromEntries))

#% dict_converter Map.new
from pyodide.ffi import to_js
import js, fixtures
fixtures.inspect(to_js({"a": {"b": 1}, 2: [{}]}, dict_converter=js.Map.new))

#% dict_converter Array.from
from pyodide.ffi import to_js
import js, fixtures
fixtures.inspect(to_js({"a": 1, 2: {}}, dict_converter=js.Array.from_))

#% dict_converter in Python
from pyodide.ffi import to_js
import fixtures
def convert(entries):
    return "+".join(f"{key}={value}" for key, value in entries)
fixtures.inspect(to_js([{"a": 1, "b": 2}, {}], dict_converter=convert))

#% dict_converter that raises
from pyodide.ffi import to_js
def convert(entries):
    raise ValueError("no dicts")
to_js({"a": 1}, dict_converter=convert)

#% dict_converter that throws
from pyodide.ffi import to_js
import fixtures
to_js({"a": 1}, dict_converter=fixtures.throw_value)

#% dict_converter and a cycle
from pyodide.ffi import to_js
import js, fixtures
x = {"a": 1}
x["list"] = [x]
r = to_js(x, dict_converter=js.Object.fromEntries)
fixtures.inspect(r)

#% dict_converter and a dict in itself
from pyodide.ffi import to_js
import js, fixtures
x = {"a": 1}
x["x"] = x
fixtures.inspect(to_js(x, dict_converter=js.Object.fromEntries))

#% default_converter for what has no conversion
from pyodide.ffi import to_js
import fixtures
class Pair:
    def __init__(self, first, second):
        self.first, self.second = first, second
seen = []
def convert(value, convert, cache):
    seen.append(type(value).__name__)
    return f"pair {value.first}"
[fixtures.inspect(to_js([Pair(1, 2), 3, {"p": Pair(4, 5)}], default_converter=convert)), seen]

#% default_converter that converts parts
from pyodide.ffi import to_js
import js, fixtures
class Pair:
    def __init__(self, first, second):
        self.first, self.second = first, second
def convert(value, convert, cache):
    if not isinstance(value, Pair):
        return value
    result = js.Array.new()
    cache(value, result)
    result.push(convert(value.first))
    result.push(convert(value.second))
    return result
p = Pair(1, 2)
q = Pair([p], {"p": p})
p.first = q
fixtures.inspect(to_js(p, default_converter=convert))

#% default_converter that gives None
from pyodide.ffi import to_js
import fixtures
class T:
    pass
fixtures.inspect(to_js([T()], default_converter=lambda value, convert, cache: None))

#% default_converter that gives the object back
from pyodide.ffi import to_js
import fixtures
class T:
    pass
t = T()
r = to_js([t], default_converter=lambda value, convert, cache: value)
[fixtures.inspect(r), r[0] is t]

#% default_converter that raises
from pyodide.ffi import to_js
class T:
    pass
def convert(value, convert, cache):
    raise KeyError("T")
to_js([T()], default_converter=convert)

#% default_converter called with a wrong first argument of cache
from pyodide.ffi import to_js
class T:
    pass
def convert(value, convert, cache):
    cache(1, 2)
to_js([T()], default_converter=convert)

#% default_converter for exceptions and types
from pyodide.ffi import to_js
import fixtures
fixtures.inspect(to_js([ValueError("v"), int, range(2)], default_converter=lambda value, convert, cache: str(value)))

#% eager_converter sees everything first
from pyodide.ffi import to_js
import fixtures
seen = []
def eager(value, convert, cache):
    seen.append(repr(value))
    return convert(value)
[fixtures.inspect(to_js([1, [2, "x"], {"a": (3,)}], eager_converter=eager)), seen]

#% eager_converter may replace containers
from pyodide.ffi import to_js
import fixtures
def eager(value, convert, cache):
    if isinstance(value, tuple):
        return f"tuple of {len(value)}"
    return convert(value)
fixtures.inspect(to_js([(1, 2), [3, (4,)]], eager_converter=eager))

#% eager_converter from the documentation
from pyodide.ffi import to_js
import js, fixtures
def eager(value, convert, cache):
    if isinstance(value, dict):
        result = js.Map.new()
        cache(value, result)
        for key, item in value.items():
            result.set(key, convert(item))
        return result
    return convert(value)
x = {"a": 1, "b": {"c": 2}}
fixtures.inspect(to_js(x, eager_converter=eager))

#% both converters
from pyodide.ffi import to_js
import fixtures
class T:
    pass
def eager(value, convert, cache):
    return convert(value)
def default(value, convert, cache):
    return "default"
fixtures.inspect(to_js([T(), [T()]], eager_converter=eager, default_converter=default))

#% both kinds of conversion with a dict_converter
from pyodide.ffi import to_js
import js, fixtures
class T:
    pass
fixtures.inspect(to_js({"t": T(), "d": {}}, dict_converter=js.Map.new, default_converter=lambda value, convert, cache: "T"))

#% a converter that cannot be called
from pyodide.ffi import to_js
to_js({"a": 1}, dict_converter=5)

#% proxies that the conversion made are double proxies
from pyodide.ffi import to_js
class T:
    def __repr__(self):
        return "T"
r = to_js([T(), {"t": T()}])
r
