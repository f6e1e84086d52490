#% an Error made in Python is an exception
import js
e = js.Error.new("something broke")
[isinstance(e, Exception), type(e).__name__, type(e).__module__, e.name, e.message, str(e), repr(e)]

#% a raised Error is caught as JsException
import js
from pyodide.ffi import JsException
try:
    raise js.TypeError.new("not that type")
except JsException as e:
    result = [e.name, e.message, str(e)]
result

#% every Error class raises with its own name
import js
from pyodide.ffi import JsException
result = []
for name in ["Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"]:
    cls = getattr(js, name)
    try:
        raise cls.new("m")
    except JsException as e:
        result.append([e.name, e.message, e.constructor.name, str(e)])
result

#% an uncaught Error ends the code
import js
raise js.RangeError.new("out of range")

#% Error called without new makes an Error
import js
e = js.Error("plain call")
[e.name, e.message, str(e)]

#% an Error without a message
import js
e = js.Error.new()
[e.message, str(e), repr(e)]

#% an Error whose message is not a string
import js
[js.Error.new(12).message, js.Error.new(None).message, js.Error.new(True).message, js.Error.new(2.5).message]

#% the cause option
import js
from pyodide.ffi import to_js
inner = js.Error.new("inner")
outer = js.Error.new("outer", to_js({"cause": inner}, dict_converter=js.Object.fromEntries))
[outer.cause.message, outer.message, hasattr(inner, "cause")]

#% a cause may be anything
import js
from pyodide.ffi import to_js
def with_cause(value):
    return js.Error.new("m", to_js({"cause": value}, dict_converter=js.Object.fromEntries)).cause
[with_cause(1), with_cause("text"), with_cause(None), with_cause(True)]

#% AggregateError keeps its errors
import js
from pyodide.ffi import to_js
e = js.AggregateError.new(to_js([js.Error.new("first"), js.TypeError.new("second"), 3]), "several")
[e.name, e.message, e.errors.length, e.errors[0].message, e.errors[1].name, e.errors[2], str(e)]

#% AggregateError without a message
import js
from pyodide.ffi import to_js
e = js.AggregateError.new(to_js([]))
[e.message, str(e), e.errors.length]

#% Promise.any rejects with an AggregateError
import js
from pyodide.ffi import JsException, to_js
try:
    await js.Promise.any(to_js([js.Promise.reject(js.Error.new("a")), js.Promise.reject(js.Error.new("b"))]))
except JsException as e:
    result = [e.name, e.message, [x.message for x in e.errors]]
result

#% DOMException has a name, a message and a code
import js
e = js.DOMException.new("hello", "AbortError")
[e.name, e.message, e.code, str(e), e.constructor.name]

#% DOMException codes by name
import js
[js.DOMException.new("", n).code for n in ("NotFoundError", "SyntaxError", "TimeoutError", "DataCloneError", "Whatever")]

#% DOMException without a name
import js
e = js.DOMException.new("text")
[e.name, e.message, e.code, str(e)]

#% DOMException with nothing
import js
e = js.DOMException.new()
[e.name, e.message, e.code, str(e)]

#% DOMException constants
import js
[js.DOMException.ABORT_ERR, js.DOMException.DATA_CLONE_ERR, js.DOMException.new().TIMEOUT_ERR]

#% DOMException is an exception in Python
import js
from pyodide.ffi import JsException
try:
    raise js.DOMException.new("aborted by the user", "AbortError")
except JsException as e:
    result = [e.name, e.message, isinstance(e, Exception)]
result

#% DOMException called without new
import js
js.DOMException("x")

#% attributes can be set on an Error
import js
e = js.Error.new("m")
e.code = "E_CUSTOM"
e.name = "CustomError"
[e.code, e.name, str(e), repr(e)]

#% the message can be changed
import js
e = js.Error.new("before")
e.message = "after"
[e.message, str(e), e.args]

#% the stack starts with the name and the message
import js
[js.TypeError.new("shown").stack.split("\n")[0], js.Error.new().stack.split("\n")[0]]

#% own keys of an Error
import js
from pyodide.ffi import to_js
e = js.Error.new("m", to_js({"cause": 1}, dict_converter=js.Object.fromEntries))
e.extra = 1
[list(js.Object.keys(e)), sorted(js.Object.getOwnPropertyNames(e))]

#% JsException is a class of its own
from pyodide.ffi import JsException, JsProxy
import js
e = js.Error.new("x")
[JsException.__name__, JsException.__module__, [c.__name__ for c in JsException.__mro__], isinstance(e, JsProxy)]

#% a JsException made in Python
from pyodide.ffi import JsException
e = JsException("NameOfIt", "the message")
[e.name, e.message, str(e), repr(e)]

#% a JsException made in Python with a stack
from pyodide.ffi import JsException
e = JsException("TypeError", "the message", "the stack")
[e.name, e.message, e.stack, e.constructor.name]

#% a JsException made of something wrong
from pyodide.ffi import JsException
JsException(1, 2)

#% equal errors are the same object
import js
e = js.Error.new("m")
holder = js.Object.new()
holder.e = e
[holder.e == e, js.Error.new("m") == js.Error.new("m")]

#% args of a JsException
import js
e = js.Error.new("m")
[len(e.args), type(e.args).__name__]

#% notes can be added
import js
e = js.Error.new("m")
e.add_note("a remark")
e.__notes__

#% a JsException can be pickled
import js, pickle
e = js.TypeError.new("keep me")
back = pickle.loads(pickle.dumps(e))
[type(back).__name__, back.name, back.message]

#% a pickled error of an unknown class keeps its name
import js, pickle
e = js.Error.new("m")
e.name = "Special"
back = pickle.loads(pickle.dumps(e))
[back.name, back.message, back.constructor.name]

#% a JsException can be copied
import js, copy
e = js.RangeError.new("copied")
[copy.copy(e).message, copy.deepcopy(e).name]
