#% log of primitive values
import js
js.console.log("text", 1, 2.5, True, None, -0.0, float("inf"), 10**20)

#% nothing to log
import js
js.console.log()

#% all the functions that write
import js
js.console.log("log"); js.console.info("info"); js.console.debug("debug")

#% format strings
import js
js.console.log("%s is %d years and %i days, %f%%", "Ann", 42.9, 3.7, 1.5)
js.console.log("%s", 1, "rest", 2)
js.console.log("%j %o" if False else "%c styled", "color: red")
js.console.log("100%", "done")
js.console.log("%x", 1)

#% arrays
import js
from pyodide.ffi import to_js
js.console.log(to_js([1, "two", [3, [4, [5]]], None, True]))
js.console.log(to_js([]))
js.console.log(to_js(list(range(30))))
js.console.log(to_js(["a" * 30, "b" * 30, "c" * 30]))

#% objects
import js
from pyodide.ffi import to_js
def o(d): return to_js(d, dict_converter=js.Object.fromEntries)
js.console.log(o({"a": 1, "b": "x", "c": {"d": {"e": {"f": 1}}}}))
js.console.log(o({}))
js.console.log(o({"with space": 1, "ok_name": 2, "3": 3}))
js.console.log(o({"long" + str(i): "value" * 4 for i in range(6)}))

#% maps and sets
import js
from pyodide.ffi import to_js
js.console.log(to_js({"a": 1, "b": [2]}))
js.console.log(to_js({1, }))
js.console.log(js.Map.new(), js.Set.new())

#% typed arrays
import js
from pyodide.ffi import to_js
js.console.log(to_js(b"abc"))
js.console.log(js.Float64Array.new(2))

#% functions and classes
import js
js.console.log(js.parseInt if hasattr(js, "parseInt") else js.eval)

#% strings with quotes inside containers
import js
from pyodide.ffi import to_js
js.console.log(to_js(["it's", 'say "hi"', "a\nb", "both ' and \""]))

#% assert
import js
js.console.assert_(True, "not shown")

#% count
import js
js.console.count(); js.console.count(); js.console.count("label"); js.console.countReset(); js.console.count()

#% groups
import js
js.console.group("outer")
js.console.log("inside")
js.console.group()
js.console.log("two\nlines")
js.console.groupEnd()
js.console.groupEnd()
js.console.log("outside")

#% dir
import js
from pyodide.ffi import to_js
js.console.dir(to_js([1, 2]))

#% table
import js
from pyodide.ffi import to_js
def o(d): return to_js(d, dict_converter=js.Object.fromEntries)
js.console.table(o([{"a": 1, "b": "x"}, {"a": 2, "c": True}]))
js.console.table(to_js([1, 2]))
js.console.table("no table")

#% errors
import js
js.console.log(js.String.new("x") if False else str(js.Error.new("shown")))

#% standard output and console.log keep their order
import js
print("first")
js.console.log("second")
print("third")

#% promises and symbols
import js
js.console.log([js.Promise.resolve(1)][0] if False else "p", js.Symbol.iterator)
