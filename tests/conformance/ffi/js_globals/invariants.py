#% the name of an error made for another constructor
import js
error = js.Reflect.construct(js.Error, ["m"], js.TypeError)
[error.name, error.message, str(error), error.constructor.name, js.TypeError.prototype.isPrototypeOf(error)]

#% an error made for a function without a prototype of errors
import js
from pyodide.ffi import to_js
error = js.Reflect.construct(js.Error, ["m"], js.Array)
[js.Array.prototype.isPrototypeOf(error), js.Object.prototype.toString.call(error)]

#% the tag of an object that inherits from Map
import js
made = js.Object.create(js.Map.prototype)
[js.Object.prototype.toString.call(made), made.constructor.name]

#% the tags of objects that inherit from built-in classes
import js
[
    js.Object.prototype.toString.call(js.Object.create(getattr(js, name).prototype))
    for name in ["Map", "Set", "WeakMap", "Date", "RegExp", "Error", "Array", "Boolean", "Number"]
]

#% methods of Map on what only inherits from it
import js
made = js.Object.create(js.Map.prototype)
made.get(1)

#% size of what only inherits from Map
import js
js.Object.create(js.Map.prototype).size

#% a get trap that changes a fixed property
import js
from pyodide.ffi import to_js, create_proxy
target = js.Object.new()
js.Object.defineProperty(target, "x", to_js({"value": 1}, dict_converter=js.Object.fromEntries))
handler = js.Object.new()
handler.get = js.String.bind(None, "other")  # a trap in Python would be asked about the receiver that it gets
js.Reflect.get(js.Proxy.new(target, handler), "x")

#% a get trap that gives a value for an accessor that has no getter
import js
from pyodide.ffi import to_js, create_proxy
holder = js.Object.new()
js.Object.defineProperty(holder, "x", js.Object.fromEntries(to_js([["set", create_proxy(lambda value: None)]])))
handler = js.Object.new()
handler.get = js.String.bind(None, "other")
js.Reflect.get(js.Proxy.new(holder, handler), "x")

#% a has trap that hides a fixed property
import js
from pyodide.ffi import to_js, create_proxy
target = js.Object.new()
js.Object.defineProperty(target, "x", to_js({"value": 1}, dict_converter=js.Object.fromEntries))
handler = js.Object.new()
trap = create_proxy(lambda *args: False)
handler.has = trap
js.Reflect.has(js.Proxy.new(target, handler), "x")

#% a has trap that hides a property of a sealed object
import js
from pyodide.ffi import to_js, create_proxy
target = js.Object.preventExtensions(to_js({"x": 1}, dict_converter=js.Object.fromEntries))
handler = js.Object.new()
trap = create_proxy(lambda *args: False)
handler.has = trap
js.Reflect.has(js.Proxy.new(target, handler), "x")

#% a set trap that pretends to change a fixed property
import js
from pyodide.ffi import to_js, create_proxy
target = js.Object.new()
js.Object.defineProperty(target, "x", to_js({"value": 1}, dict_converter=js.Object.fromEntries))
handler = js.Object.new()
trap = create_proxy(lambda *args: True)
handler.set = trap
js.Reflect.set(js.Proxy.new(target, handler), "x", 5)

#% a deleteProperty trap that pretends to delete a fixed property
import js
from pyodide.ffi import to_js, create_proxy
target = js.Object.new()
js.Object.defineProperty(target, "x", to_js({"value": 1}, dict_converter=js.Object.fromEntries))
handler = js.Object.new()
trap = create_proxy(lambda *args: True)
handler.deleteProperty = trap
js.Reflect.deleteProperty(js.Proxy.new(target, handler), "x")

#% an ownKeys trap that leaves out a fixed property
import js
from pyodide.ffi import to_js, create_proxy
target = js.Object.new()
js.Object.defineProperty(target, "x", to_js({"value": 1}, dict_converter=js.Object.fromEntries))
handler = js.Object.new()
trap = create_proxy(lambda *args: to_js(["y"]))
handler.ownKeys = trap
js.Reflect.ownKeys(js.Proxy.new(target, handler))

#% an ownKeys trap that adds to an object that cannot be extended
import js
from pyodide.ffi import to_js, create_proxy
target = js.Object.preventExtensions(to_js({"x": 1}, dict_converter=js.Object.fromEntries))
handler = js.Object.new()
trap = create_proxy(lambda *args: to_js(["x", "y"]))
handler.ownKeys = trap
js.Reflect.ownKeys(js.Proxy.new(target, handler))

#% an ownKeys trap that gives a name twice
import js
from pyodide.ffi import to_js, create_proxy
handler = js.Object.new()
trap = create_proxy(lambda *args: to_js(["x", "x"]))
handler.ownKeys = trap
js.Reflect.ownKeys(js.Proxy.new(js.Object.new(), handler))

#% an ownKeys trap that gives a number
import js
from pyodide.ffi import to_js, create_proxy
handler = js.Object.new()
trap = create_proxy(lambda *args: to_js(["x", 1]))
handler.ownKeys = trap
js.Reflect.ownKeys(js.Proxy.new(js.Object.new(), handler))

#% an ownKeys trap that gives no object
import js
from pyodide.ffi import to_js, create_proxy
handler = js.Object.new()
trap = create_proxy(lambda *args: 5)
handler.ownKeys = trap
js.Reflect.ownKeys(js.Proxy.new(js.Object.new(), handler))

#% a getPrototypeOf trap that lies about an object that cannot be extended
import js
from pyodide.ffi import to_js, create_proxy
target = js.Object.preventExtensions(js.Object.new())
handler = js.Object.new()
other = js.Object.new()
trap = create_proxy(lambda *args: other)
handler.getPrototypeOf = trap
js.Object.getPrototypeOf(js.Proxy.new(target, handler))

#% a getPrototypeOf trap that gives no object
import js
from pyodide.ffi import create_proxy
handler = js.Object.new()
trap = create_proxy(lambda *args: 5)
handler.getPrototypeOf = trap
js.Object.getPrototypeOf(js.Proxy.new(js.Object.new(), handler))

#% an isExtensible trap that lies
import js
from pyodide.ffi import create_proxy
handler = js.Object.new()
trap = create_proxy(lambda *args: False)
handler.isExtensible = trap
js.Object.isExtensible(js.Proxy.new(js.Object.new(), handler))

#% a preventExtensions trap that does nothing
import js
from pyodide.ffi import create_proxy
handler = js.Object.new()
trap = create_proxy(lambda *args: True)
handler.preventExtensions = trap
js.Object.preventExtensions(js.Proxy.new(js.Object.new(), handler))

#% a getOwnPropertyDescriptor trap that hides a fixed property
import js
from pyodide.ffi import to_js, create_proxy
target = js.Object.new()
js.Object.defineProperty(target, "x", to_js({"value": 1}, dict_converter=js.Object.fromEntries))
handler = js.Object.new()
trap = create_proxy(lambda *args: None)
handler.getOwnPropertyDescriptor = trap
js.Object.getOwnPropertyDescriptor(js.Proxy.new(target, handler), "x")

#% a getOwnPropertyDescriptor trap that invents a fixed property
import js
from pyodide.ffi import to_js, create_proxy
handler = js.Object.new()
trap = create_proxy(lambda *args: to_js({"value": 1, "configurable": False}, dict_converter=js.Object.fromEntries))
handler.getOwnPropertyDescriptor = trap
js.Object.getOwnPropertyDescriptor(js.Proxy.new(js.Object.new(), handler), "x")

#% a defineProperty trap that pretends to fix a property
import js
from pyodide.ffi import to_js, create_proxy
handler = js.Object.new()
trap = create_proxy(lambda *args: True)
handler.defineProperty = trap
p = js.Proxy.new(js.Object.new(), handler)
js.Object.defineProperty(p, "x", to_js({"value": 1, "configurable": False}, dict_converter=js.Object.fromEntries))

#% a defineProperty trap that adds to an object that cannot be extended
import js
from pyodide.ffi import to_js, create_proxy
handler = js.Object.new()
trap = create_proxy(lambda *args: True)
handler.defineProperty = trap
p = js.Proxy.new(js.Object.preventExtensions(js.Object.new()), handler)
js.Object.defineProperty(p, "x", to_js({"value": 1, "configurable": True}, dict_converter=js.Object.fromEntries))

#% a setPrototypeOf trap that lies
import js
from pyodide.ffi import to_js, create_proxy
handler = js.Object.new()
trap = create_proxy(lambda *args: True)
handler.setPrototypeOf = trap
p = js.Proxy.new(js.Object.preventExtensions(js.Object.new()), handler)
js.Object.setPrototypeOf(p, js.Object.new())

#% a construct trap that gives no object
import js
from pyodide.ffi import create_proxy
handler = js.Object.new()
trap = create_proxy(lambda *args: 5)
handler.construct = trap
js.Proxy.new(js.Array, handler).new()

#% a trap that is no function
import js
handler = js.Object.new()
handler.has = 5
js.Reflect.has(js.Proxy.new(js.Object.new(), handler), "x")

#% register and unregister with a FinalizationRegistry
import js
from pyodide.ffi import create_proxy
seen = []
callback = create_proxy(lambda held: seen.append(held))
registry = js.FinalizationRegistry.new(callback)
token = js.Object.new()
kept = js.Object.new()
[registry.register(kept, "a", token), registry.unregister(token), registry.unregister(token), seen]

#% a FinalizationRegistry without a function
import js
js.FinalizationRegistry.new(1)

#% a FinalizationRegistry refuses to hold its target
import js
from pyodide.ffi import create_proxy
callback = create_proxy(lambda held: None)
registry = js.FinalizationRegistry.new(callback)
kept = js.Object.new()
registry.register(kept, kept)

#% localeCompare with numeric order
import js
a = js.Array.of("a10", "a2")
[js.String.new("a10").localeCompare("a2", "en", js.JSON.parse('{"numeric": true}')), js.String.new("a10").localeCompare("a2")]

#% localeCompare with sensitivities
import js
[
    [js.String.new(left).localeCompare(right, "en", js.JSON.parse('{"sensitivity": "%s"}' % kind)) for left, right in [("a", "A"), ("a", "á"), ("a", "b"), ("A", "á")]]
    for kind in ["base", "accent", "case", "variant"]
]

#% localeCompare with capitals first
import js
[js.String.new("a").localeCompare("A", "en", js.JSON.parse('{"caseFirst": "%s"}' % kind)) for kind in ["upper", "lower", "false"]]

#% localeCompare without punctuation
import js
[js.String.new("a-b").localeCompare("ab", "en", js.JSON.parse('{"ignorePunctuation": %s}' % kind)) for kind in ["true", "false"]]

#% localeCompare with an unknown sensitivity
import js
js.String.new("a").localeCompare("b", "en", js.JSON.parse('{"sensitivity": "odd"}'))

#% localeCompare with a malformed language
import js
js.String.new("a").localeCompare("b", "not a language")

#% localeCompare with an unknown case order
import js
js.String.new("a").localeCompare("b", "en", js.JSON.parse('{"caseFirst": "odd"}'))

#% an element of an array that cannot be written
import js
from pyodide.ffi import to_js
made = js.Array.of(1, 2, 3)
js.Object.defineProperty(made, "1", js.JSON.parse('{"value": 7, "writable": false, "enumerable": true, "configurable": true}'))
try:
    js.Reflect.set(made, "1", 8)
finally:
    print(made[1], js.Reflect.set(made, "1", 8), js.JSON.stringify(js.Object.getOwnPropertyDescriptor(made, "1")))
js.JSON.stringify(made)

#% an element of an array that is not enumerable
import js
made = js.Array.of(1, 2, 3)
js.Object.defineProperty(made, "1", js.JSON.parse('{"value": 7, "enumerable": false}'))
[js.Object.keys(made), js.JSON.stringify(made), js.JSON.stringify(js.Object.getOwnPropertyDescriptor(made, "1"))]

#% an element of an array with a getter
import js
from pyodide.ffi import create_proxy
made = js.Array.of(1, 2, 3)
descriptor = js.Object.new()
getter = create_proxy(lambda: 42)
descriptor.get = getter
js.Object.defineProperty(made, "1", descriptor)
[made[1], js.JSON.stringify(made), made.indexOf(42), made.length]

#% a new element of an array that is fixed
import js
made = js.Array.of(1)
js.Object.defineProperty(made, "3", js.JSON.parse('{"value": 7}'))
[made.length, js.Reflect.deleteProperty(made, "3"), js.Reflect.set(made, "length", 1), made.length]

#% the length of an array that cannot be written
import js
made = js.Array.of(1, 2)
js.Object.defineProperty(made, "length", js.JSON.parse('{"writable": false}'))
[js.Reflect.set(made, "2", 3), js.Reflect.set(made, "0", 9), made.length, js.JSON.stringify(made), js.JSON.stringify(js.Object.getOwnPropertyDescriptor(made, "length"))]

#% push to an array whose length cannot be written
import js
made = js.Array.of(1, 2)
js.Object.defineProperty(made, "length", js.JSON.parse('{"writable": false}'))
made.push(3)

#% Error.captureStackTrace gives an object a stack
import js
made = js.Object.new()
made.name = "N"
made.message = "m"
result = js.Error.captureStackTrace(made)
[result, made.stack.split("\n")[0], js.Object.keys(made), js.typeof if hasattr(js, "typeof") else None]

#% Error.captureStackTrace of a plain object
import js
made = js.Object.new()
js.Error.captureStackTrace(made)
[str(made.stack).split("\n")[0], js.Object.getOwnPropertyNames(made)]

#% Error.captureStackTrace of something that is no object
import js
js.Error.captureStackTrace(5)

#% Error.captureStackTrace of an error
import js
made = js.TypeError.new("m")
js.Error.captureStackTrace(made)
made.stack.split("\n")[0]

#% Error.stackTraceLimit
import js
[js.Error.stackTraceLimit, js.Error.captureStackTrace.name, js.Error.captureStackTrace.length]

#% the public names of pyodide_js
import pyodide_js
sorted(name for name in dir(pyodide_js) if not name.startswith("_"))

#% a get trap that is no function
import js
for_number, for_object = js.Object.new(), js.Object.new()
for_number.get = 1
for_object.get = js.Object.new()
proxies = [js.Proxy.new(js.Object.new(), handler) for handler in (for_number, for_object)]
messages = []
for proxy in proxies:
    for use in (lambda: proxy.a, lambda: str(proxy), lambda: dir(proxy)):
        try:
            use()
        except Exception as error:
            messages.append(f"{type(error).__name__}: {error}")
messages

#% a has trap that is no function
import js
handler = js.Object.new()
handler.has = js.Object.new()
proxy = js.Proxy.new(js.Object.new(), handler)
try:
    proxy.a
except Exception as error:
    found = f"{type(error).__name__}: {error}"
[found, str(proxy)]
