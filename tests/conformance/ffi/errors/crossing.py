#% a Python exception through JavaScript comes back as the same object
import js
from pyodide.ffi import create_proxy
class MyError(Exception):
    pass
err = MyError("hello")
def fail(*args):
    raise err
try:
    js.Array.of(1).map(create_proxy(fail))
except MyError as e:
    result = [e is err, str(e)]
result

#% an exception in a callback of a promise comes back as the same object
import js
from pyodide.ffi import create_once_callable
err = ValueError("in then")
def fail(value):
    raise err
try:
    await js.Promise.resolve(1).then(create_once_callable(fail))
except ValueError as e:
    result = [e is err, str(e)]
result

#% what JavaScript sees of a Python exception
import js
from pyodide.ffi import create_once_callable, create_proxy
def fail(value):
    raise ValueError("in then")
seen = []
def look(e):
    seen.append([type(e).__name__, e.name, e.type, e.constructor.name, sorted(k for k in js.Object.keys(e) if not k.startswith("__"))])
await js.Promise.resolve(1).then(create_once_callable(fail)).catch(create_proxy(look))
seen

#% the message of a PythonError is the formatted traceback
import js
from pyodide.ffi import create_once_callable, create_proxy
def fail(value):
    raise ValueError("in then")
seen = []
def look(e):
    lines = e.message.rstrip("\n").split("\n")
    seen.extend([lines[0], lines[-1], e.message.endswith("\n"), any("in fail" in line for line in lines)])
await js.Promise.resolve(1).then(create_once_callable(fail)).catch(create_proxy(look))
seen

#% the type of a PythonError is the qualified class name
import js
from pyodide.ffi import create_once_callable, create_proxy
class Outer:
    class Inner(Exception):
        pass
def fail(value):
    raise Outer.Inner("x")
seen = []
await js.Promise.resolve(1).then(create_once_callable(fail)).catch(create_proxy(lambda e: seen.append(e.type)))
seen

#% sys.last_exc is the exception that went to JavaScript
import js, sys
from pyodide.ffi import create_proxy
err = ValueError("q")
def fail(*args):
    raise err
try:
    js.Array.of(1).map(create_proxy(fail))
except ValueError:
    pass
[sys.last_exc is err, sys.last_type.__name__, sys.last_value is err]

#% a PythonError whose exception is gone stays a JsException
import js, sys
from pyodide.ffi import create_once_callable, create_proxy
def fail(value):
    raise ValueError("lost")
kept = []
def keep(e):
    sys.last_exc = None
    kept.append(e)
await js.Promise.resolve(1).then(create_once_callable(fail)).catch(create_proxy(keep))
try:
    raise kept[0]
except Exception as e:
    result = [type(e).__name__, e.name, e.type, str(e).splitlines()[-1]]
result

#% raising a PythonError in Python is not the original exception
import js
from pyodide.ffi import JsException, create_once_callable, create_proxy
def fail(value):
    raise KeyError("k")
kept = []
await js.Promise.resolve(1).then(create_once_callable(fail)).catch(create_proxy(kept.append))
isinstance(kept[0], JsException)

#% SystemExit through JavaScript
import js
from pyodide.ffi import create_proxy
def leave(*args):
    raise SystemExit(3)
try:
    js.Array.of(1).map(create_proxy(leave))
except SystemExit as e:
    result = e.code
result

#% KeyboardInterrupt through JavaScript
import js
from pyodide.ffi import create_proxy
def stop(*args):
    raise KeyboardInterrupt
try:
    js.Array.of(1).map(create_proxy(stop))
except KeyboardInterrupt as e:
    result = repr(e)
result

#% StopIteration through JavaScript
import js
from pyodide.ffi import create_proxy
def stop(*args):
    raise StopIteration(4)
try:
    js.Array.of(1).map(create_proxy(stop))
except StopIteration as e:
    result = e.value
result

#% an exception group through JavaScript
import js
from pyodide.ffi import create_proxy
seen = []
def fail(*args):
    raise ExceptionGroup("both", [ValueError(1), TypeError(2)])
try:
    js.Array.of(1).map(create_proxy(fail))
except* ValueError as e:
    seen.append(repr(e))
except* TypeError as e:
    seen.append(repr(e))
seen

#% Python frames of a traceback across JavaScript
import js, traceback
from pyodide.ffi import create_proxy
def inner(*args):
    raise ValueError("deep")
def outer():
    js.Array.of(1).map(create_proxy(inner))
try:
    outer()
except ValueError as e:
    result = [f.name for f in traceback.extract_tb(e.__traceback__) if f.name in ("<module>", "outer", "inner")]
result

#% a chained cause
import js
from pyodide.ffi import JsException
try:
    try:
        raise js.Error.new("first")
    except JsException as e:
        raise ValueError("second") from e
except ValueError as e:
    result = [e.__cause__.message, e.__suppress_context__, e.__context__ is e.__cause__]
result

#% a JavaScript error raised while handling another exception
import js
from pyodide.ffi import JsException
try:
    try:
        1 / 0
    except ZeroDivisionError:
        js.Array.of(1).reduce("x")
except JsException as e:
    result = [type(e.__context__).__name__, e.name, e.__cause__]
result

#% raise a JavaScript error from a Python exception
import js
from pyodide.ffi import JsException
try:
    raise js.Error.new("translated") from KeyError("original")
except JsException as e:
    result = [e.message, repr(e.__cause__)]
result

#% the cause survives the way through JavaScript
import js
from pyodide.ffi import create_proxy
def fail(*args):
    try:
        raise KeyError("low")
    except KeyError as e:
        raise ValueError("high") from e
try:
    js.Array.of(1).map(create_proxy(fail))
except ValueError as e:
    result = [str(e), repr(e.__cause__)]
result

#% a nested way through JavaScript twice
import js
from pyodide.ffi import create_proxy
err = LookupError("far")
def inner(*args):
    raise err
def outer(*args):
    js.Array.of(1).forEach(create_proxy(inner))
try:
    js.Array.of(1).map(create_proxy(outer))
except LookupError as e:
    result = e is err
result

#% handled inside the callback
import js
from pyodide.ffi import JsException, create_proxy
def careful(*args):
    try:
        js.JSON.parse("")
    except JsException as e:
        return e.name
js.Array.of(1).map(create_proxy(careful)).to_py()

#% a JavaScript error raised by Python through JavaScript
import js
from pyodide.ffi import JsException, create_proxy
err = js.TypeError.new("made here")
def fail(*args):
    raise err
try:
    js.Array.of(1).map(create_proxy(fail))
except JsException as e:
    result = [e.name, e.message, e is err]
result

#% an exception in an iterator that JavaScript runs
import js
def numbers():
    yield 1
    raise KeyError("in the generator")
try:
    js.Array.from_(numbers())
except KeyError as e:
    result = repr(e)
result

#% an exception in __len__ or __getitem__ is an exception in JavaScript
import js
from pyodide.ffi import create_proxy
class Bad:
    def __len__(self):
        raise OverflowError("no length")
try:
    result = js.Reflect.get(create_proxy(Bad()), "length")
except OverflowError as e:
    result = str(e)
result

#% rejecting with a JavaScript error
import js
from pyodide.ffi import JsException
try:
    await js.Promise.reject(js.RangeError.new("far out"))
except JsException as e:
    result = [e.name, e.message]
result

#% catch gets the JavaScript error itself
import js
from pyodide.ffi import create_proxy
err = js.Error.new("rejected")
seen = []
await js.Promise.reject(err).catch(create_proxy(lambda e: seen.append(e == err)))
seen

#% an async function that fails, seen from a promise
import js
from pyodide.ffi import create_proxy
err = ValueError("async")
async def fail(value):
    raise err
try:
    await js.Promise.resolve(1).then(create_proxy(fail))
except ValueError as e:
    result = [e is err, str(e)]
result

#% plain Python recursion
def deeper():
    deeper()
try:
    deeper()
except RecursionError as e:
    result = str(e)
result

#% a TypeError of a call with too many arguments
import js
from pyodide.ffi import create_proxy
def two(a, b):
    return a
try:
    js.Array.of(1).forEach(create_proxy(two))
except TypeError as e:
    result = str(e)
result

#% format_exception of a JsException
import js, traceback
try:
    raise js.Error.new("shown")
except Exception as e:
    lines = traceback.format_exception(e)
[lines[0], lines[-1]]

#% format_exception_only of a JsException
import js, traceback
traceback.format_exception_only(js.TypeError.new("shown"))

#% JsException in an except clause by base class
import js
try:
    raise js.Error.new("as Exception")
except Exception as e:
    result = type(e).__name__
result

#% js_error is the exception itself
import js
e = js.Error.new("x")
e.js_error is e
