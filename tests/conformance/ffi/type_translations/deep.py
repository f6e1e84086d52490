#% an Array nested very deep
import js
from pyodide.ffi import to_js
x = js.Array.new()
for _ in range(20000):
    x = js.Array.of(x)
def attempt(function):
    try:
        function()
        return "done"
    except Exception as error:
        return type(error).__name__, str(error)
[attempt(lambda: str(x)), attempt(lambda: js.JSON.stringify(x)), attempt(lambda: x.to_py())]

#% containers of 200 levels
import js
from pyodide.ffi import to_js
x = js.Array.new()
y = []
for _ in range(200):
    x = js.Array.of(x)
    y = [y]
text = js.JSON.stringify(x)
[x.to_py() == y, js.JSON.stringify(to_js(y)) == text, js.JSON.stringify(js.JSON.parse(text)) == text, str(x)]

#% to_py of 1000 levels
import js
x = js.Array.new()
for _ in range(1000):
    x = js.Array.of(x)
len(x.to_py())

#% a chain of 2000 bound functions
import fixtures
f = fixtures.add
for _ in range(2000):
    f = f.bind(None)
f(1, 2)

#% a long chain of promises
import js
p = js.Promise.resolve(1)
for _ in range(2000):
    p = p.then(lambda x: x + 1)
await p
