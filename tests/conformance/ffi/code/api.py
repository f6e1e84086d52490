#% version
import pyodide, pyodide_js
[pyodide_js.version, pyodide.__version__, pyodide_js.version == pyodide.__version__]

#% members of the public API
import pyodide_js
[n for n in ("FS", "PATH", "ERRNO_CODES", "canvas", "checkInterrupt", "ffi", "globals", "loadPackage", "loadPackagesFromImports", "loadedPackages", "lockfile", "mountNativeFS", "mountNodeFS", "pyimport", "pyodide_py", "registerComlink", "registerJsModule", "runPython", "runPythonAsync", "setDebug", "setInterruptBuffer", "setStderr", "setStdin", "setStdout", "toPy", "unpackArchive", "unregisterJsModule", "version") if not hasattr(pyodide_js, n)]

#% runPython
import pyodide_js
pyodide_js.runPython("1 + 2")

#% runPython with globals
import pyodide_js
from pyodide.ffi import to_js
import js
g = {"x": 20}
[pyodide_js.runPython("x + 1", globals=g), pyodide_js.runPython("y = x * 2", globals=g), g["y"]]

#% runPython that raises
import pyodide_js
pyodide_js.runPython("1 / 0")

#% runPython with a file name
import pyodide_js, traceback
try:
    pyodide_js.runPython("raise ValueError('x')", filename="mine.py")
except ValueError as e:
    result = traceback.extract_tb(e.__traceback__)[-1].filename
result

#% runPython of a syntax error
import pyodide_js
pyodide_js.runPython("1 +")

#% runPythonAsync
import pyodide_js
await pyodide_js.runPythonAsync("import asyncio; await asyncio.sleep(0); 3 * 4")

#% runPythonAsync that raises
import pyodide_js
await pyodide_js.runPythonAsync("await nothing")

#% globals are the globals of the main module
import __main__, pyodide_js
[type(pyodide_js.globals).__name__, pyodide_js.globals is __main__.__dict__]

#% registering a module
import js, pyodide_js
o = js.Object.new()
o.answer = 42
pyodide_js.registerJsModule("t5_registered", o)
import t5_registered
from t5_registered import answer
result = [answer, t5_registered.answer]
pyodide_js.unregisterJsModule("t5_registered")
result

#% an unregistered module is gone
import js, pyodide_js
pyodide_js.registerJsModule("t5_gone", js.Object.new())
pyodide_js.unregisterJsModule("t5_gone")
import t5_gone

#% unregistering what is not registered
import pyodide_js
pyodide_js.unregisterJsModule("t5_never")

#% registering under a bad name
import js, pyodide_js
pyodide_js.registerJsModule(7, js.Object.new())

#% register_js_module in Python
from pyodide.ffi import register_js_module, unregister_js_module
import js
o = js.Object.new()
o.f = js.Math.max
register_js_module("t5_python_side", o)
from t5_python_side import f
result = f(1, 5, 3)
unregister_js_module("t5_python_side")
result

#% submodules of registered modules
from pyodide.ffi import register_js_module, unregister_js_module
import js
inner = js.Object.new()
inner.value = 5
outer = js.Object.new()
outer.inner = inner
register_js_module("t5_outer", outer)
import t5_outer.inner
result = t5_outer.inner.value
unregister_js_module("t5_outer")
result

#% toPy
import js, pyodide_js
value = js.JSON.parse('{"a": [1, {"b": 2}]}')
[pyodide_js.toPy(value), pyodide_js.toPy(5), pyodide_js.toPy("x")]

#% toPy with a depth
import js, pyodide_js
value = js.JSON.parse('[1, [2, [3]]]')
r = pyodide_js.toPy(value, depth=1)
[r[0], type(r[1]).__name__]

#% pyimport
import pyodide_js
[pyodide_js.pyimport("math").factorial(5), pyodide_js.pyimport("math.comb")(4, 2)]

#% pyimport of nothing
import pyodide_js
pyodide_js.pyimport("t5_no_such_module")

#% pyodide_py
import pyodide, pyodide_js
pyodide_js.pyodide_py is pyodide

#% setDebug
import pyodide_js
[pyodide_js.setDebug(True), pyodide_js.setDebug(False), pyodide_js.setDebug(False)]

#% checkInterrupt without an interrupt
import pyodide_js
pyodide_js.checkInterrupt()

#% setInterruptBuffer takes undefined
import pyodide_js
pyodide_js.setInterruptBuffer(None)

#% loadedPackages
import pyodide_js
[type(pyodide_js.loadedPackages).__name__, str(pyodide_js.loadedPackages)]

#% the lock file says what it is for
import pyodide_js
info = pyodide_js.lockfile.info
[info.arch, info.platform, info.python]

#% mountNodeFS of a directory of the host
import pyodide_js
pyodide_js.mountNodeFS("/t5_mounted", "/no/such/directory")

#% members of pyodide_js.ffi
import pyodide_js
[n for n in ("PyAsyncGenerator", "PyAsyncIterable", "PyAsyncIterator", "PyAwaitable", "PyBuffer", "PyBufferView", "PyCallable", "PyDict", "PyGenerator", "PyIterable", "PyIterator", "PyMutableSequence", "PyProxy", "PyProxyWithGet", "PyProxyWithHas", "PyProxyWithLength", "PyProxyWithSet", "PySequence", "PythonError") if not hasattr(pyodide_js.ffi, n)]

#% error numbers
import pyodide_js
c = pyodide_js.ERRNO_CODES
[c.ENOENT, c.EEXIST, c.EACCES, c.ENOSYS, c.EINVAL, len(c.object_keys())]

#% paths
import pyodide_js
p = pyodide_js.PATH
[p.basename("/a/b.txt"), p.dirname("/a/b.txt"), p.join("/a", "../b", "c"), p.normalize("/a/./b/../c/"), p.isAbs("/x"), p.isAbs("x"), p.join2("a", "b"), p.dirname("x"), p.basename("/")]

#% unpackArchive
import io, os, zipfile, pyodide_js
from pyodide.ffi import to_js
data = io.BytesIO()
with zipfile.ZipFile(data, "w") as z:
    z.writestr("t5_inner.txt", "unpacked")
pyodide_js.unpackArchive(to_js(data.getvalue()), "zip", extractDir="/tmp/t5_api")
open("/tmp/t5_api/t5_inner.txt").read()

#% unpackArchive of something else
import pyodide_js
pyodide_js.unpackArchive("text", "zip")

#% members for Pyodide itself
import pyodide_js
[hasattr(pyodide_js, "_module"), hasattr(pyodide_js._api, "sitePackages")]
