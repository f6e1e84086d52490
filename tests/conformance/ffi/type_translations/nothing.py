#% None is undefined and jsnull is null
import fixtures
from pyodide.ffi import jsnull
[fixtures.inspect(None), fixtures.inspect(jsnull), fixtures.type_of(None), fixtures.type_of(jsnull)]

#% undefined and null from JavaScript
import fixtures
from pyodide.ffi import jsnull
[fixtures.undefined_value, fixtures.null_value, fixtures.null_value is jsnull, fixtures.identity(None), fixtures.identity(jsnull) is jsnull]

#% jsnull as a value
from pyodide.ffi import jsnull, JsNull
import json, copy, pickle
[repr(jsnull), str(jsnull), bool(jsnull), jsnull == None, jsnull == jsnull, hash(jsnull) == hash(jsnull), type(jsnull), JsNull() is jsnull, copy.copy(jsnull) is jsnull, isinstance(jsnull, JsNull)]

#% JSON of jsnull
from pyodide.ffi import jsnull
import json
[json.dumps(jsnull), json.dumps([jsnull, {"a": jsnull}, {jsnull: 1}])]

#% parsing null
import js
[js.JSON.parse("null"), js.JSON.parse("[null]")[0], js.JSON.stringify(None), js.JSON.stringify([1])]

#% to_js leaves None and jsnull alone
from pyodide.ffi import jsnull, to_js
import fixtures
[to_js(None), to_js(jsnull), fixtures.inspect(to_js([None, jsnull, [None]]))]

#% to_py tells them apart
import fixtures
fixtures.plain().to_py()

#% None in a dict
from pyodide.ffi import jsnull, to_js
import fixtures
fixtures.inspect(to_js({"a": None, "b": jsnull}))

#% None and jsnull as keys
from pyodide.ffi import jsnull, to_js
import fixtures
fixtures.inspect(to_js({None: 1, jsnull: 2, True: 3, 1.5: 4, 7: 5}))

#% attributes of jsnull
from pyodide.ffi import jsnull
jsnull.nothing

#% calling jsnull
from pyodide.ffi import jsnull
jsnull()

#% an attribute of undefined
import fixtures
fixtures.get_property(None, "x")

#% an attribute of null
import fixtures
from pyodide.ffi import jsnull
fixtures.get_property(jsnull, "x")

#% a missing argument and undefined are the same
import fixtures
[fixtures.type_of(), fixtures.type_of(None), fixtures.argument_count(), fixtures.argument_count(None)]

#% a function without a result
import fixtures
[fixtures.keep(1), fixtures.call_with(lambda: None)]

#% undefined keys and values of a Map
import fixtures
m = fixtures.map([[None, 1], ["x", None]])
[m.to_py(), m.get(None), m["x"], None in m]
