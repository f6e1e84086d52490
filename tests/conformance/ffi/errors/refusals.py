#% JavaScript errors of built-in functions
import js
from pyodide.ffi import JsException
seen = []
for action in (lambda: js.Array.new(-1), lambda: js.Array.of(1).reduce("x"), lambda: js.Uint8Array.new(-1)):
    try:
        action()
    except JsException as e:
        seen.append(e.name)
seen

#% a missing attribute is an AttributeError
import js
js.Array.new().nosuch

#% a missing global is an ImportError
from js import surely_no_such_name

#% a missing global as attribute
import js
js.surely_no_such_name

#% run_js wants a string
from pyodide.code import run_js
run_js(3)

#% eval returns what is no string
import js
[js.eval(3), js.eval(True), js.eval(2.5)]

#% eval of source
import js
js.eval("1 + 1")

#% run_js of source
from pyodide.code import run_js
run_js("({a: 1})")

#% ConversionError is a class of its own
from pyodide.ffi import ConversionError
[ConversionError.__name__, ConversionError.__module__, [c.__name__ for c in ConversionError.__mro__]]

#% to_js without proxies refuses an object
from pyodide.ffi import ConversionError, to_js
try:
    to_js([1, [object()]], create_pyproxies=False)
except ConversionError as e:
    result = [str(e), e.__cause__]
result

#% keys that cannot be keys of a Map
from pyodide.ffi import ConversionError, to_js
seen = []
for value in ({(1, 2): 3}, {"a": {1j: 2}}, {frozenset(): 1}):
    try:
        to_js(value)
    except ConversionError as e:
        seen.append(str(e))
seen

#% members of a Set that cannot be
from pyodide.ffi import ConversionError, to_js
seen = []
for value in ({(1, 2)}, {1j}, {frozenset()}):
    try:
        to_js(value)
    except ConversionError as e:
        seen.append(str(e))
seen

#% keys that would collide
from pyodide.ffi import to_js
seen = []
for value in ({1: 2, "1": 3}, {True: 1, "true": 2}):
    try:
        seen.append(len(to_js(value)))
    except Exception as e:
        seen.append([type(e).__name__, str(e)])
seen

#% members of pyodide.ffi
import pyodide.ffi
[n for n in pyodide.ffi.__all__ if not hasattr(pyodide.ffi, n)], sorted(pyodide.ffi.__all__)

#% jsnull
from pyodide.ffi import JsNull, jsnull
import js
value = js.JSON.parse("null")
[repr(jsnull), bool(jsnull), value is jsnull, isinstance(jsnull, JsNull), jsnull == None, type(jsnull).__name__]

#% jsnull has one instance
from pyodide.ffi import JsNull, jsnull
import copy, pickle
[copy.copy(jsnull) is jsnull, copy.deepcopy(jsnull) is jsnull]

#% jsnull cannot be subclassed or called
from pyodide.ffi import jsnull
seen = []
for action in (lambda: jsnull(), lambda: jsnull.x, lambda: len(jsnull)):
    try:
        action()
    except Exception as e:
        seen.append([type(e).__name__, str(e)])
seen

#% undefined is None
import js
[js.undefined, js.Object.new() is None]

#% calling what is no function
import js
js.Object.new()()

#% wrong number of arguments to create_proxy
from pyodide.ffi import create_proxy
create_proxy()

#% destroy twice
from pyodide.ffi import create_proxy
p = create_proxy([])
p.destroy()
p.destroy()

#% use after destroy
from pyodide.ffi import create_proxy
p = create_proxy([1])
p.destroy()
p.length

#% a once callable is called twice
import js
from pyodide.ffi import create_once_callable
f = create_once_callable(lambda *args: 1)
[js.Array.of(1).map(f).length, js.Array.of(1).map(f)]

#% a borrowed proxy is gone after the call
import js
kept = js.Array.new()
kept.push(lambda: 1)
kept[0]()

#% an awaited promise that is rejected twice shows the first reason
import js
from pyodide.ffi import create_proxy
def executor(resolve, reject):
    reject(js.Error.new("first"))
    reject(js.Error.new("second"))
await js.Promise.new(executor)

#% an executor that raises
import js
def executor(resolve, reject):
    raise ValueError("in the executor")
try:
    await js.Promise.new(executor)
except ValueError as e:
    result = str(e)
result

#% unhandled exceptions of a callback do not end the code
import js, asyncio
from pyodide.ffi import create_once_callable
js.setTimeout(create_once_callable(lambda: None), 0)
await asyncio.sleep(0.01)
"went on"
