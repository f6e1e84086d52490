#% eval_code gives the last expression
from pyodide.code import eval_code
[eval_code("1 + 2"), eval_code("x = 5"), eval_code("x = 5; x"), eval_code(""), eval_code("3;")]

#% eval_code with globals and locals
from pyodide.code import eval_code
g, l = {"a": 1}, {"b": 2}
[eval_code("c = a + b; c", g, l), sorted(k for k in g if not k.startswith("__")), sorted(l)]

#% return modes
from pyodide.code import eval_code
ns = {}
[eval_code("y = 3", ns, return_mode="last_expr"), eval_code("y = 4", ns, return_mode="last_expr_or_assign"), eval_code("y", ns, return_mode="none"), eval_code("y += 1", ns, return_mode="last_expr_or_assign")]

#% an unknown return mode
from pyodide.code import eval_code
eval_code("1", return_mode="whatever")

#% quiet semicolons
from pyodide.code import eval_code
[eval_code("1;", quiet_trailing_semicolon=True), eval_code("1;", quiet_trailing_semicolon=False)]

#% eval_code wants text
from pyodide.code import eval_code
eval_code(5)

#% await needs the other function
from pyodide.code import eval_code
eval_code("await x")

#% eval_code_async
from pyodide.code import eval_code_async
[await eval_code_async("import asyncio; await asyncio.sleep(0); 7"), await eval_code_async("8")]

#% find_imports
from pyodide.code import find_imports
[find_imports("import numpy as np\nfrom scipy.x import y\nimport a.b, c"), find_imports("def f():\n  import inner\ntry:\n  import t\nexcept: pass"), find_imports("from . import x\nfrom .y import z"), find_imports("not python at")]

#% should_quiet
from pyodide.code import should_quiet
[should_quiet(s) for s in ("1", "1;", "1; # c", "a = ';'", "1;;", "'''x;'''", "f(';')  ;  ")]

#% CodeRunner
from pyodide.code import CodeRunner
r = CodeRunner("1 + z")
[r.compile() is r, r.run({"z": 2}), r.run({"z": 3}), type(r.code).__name__, type(r.ast).__name__]

#% CodeRunner compiles once
from pyodide.code import CodeRunner
r = CodeRunner("1")
r.compile()
r.compile()

#% CodeRunner runs what is compiled
from pyodide.code import CodeRunner
CodeRunner("1").run()

#% CodeRunner changes the tree
import ast
from pyodide.code import CodeRunner
r = CodeRunner("1 + 1/2")
r.ast.body[0].value.op = ast.Mult()
r.compile().run({})

#% CodeRunner with a file name
import traceback
from pyodide.code import CodeRunner
try:
    CodeRunner("1\n1/0", filename="file.py").compile().run({})
except ZeroDivisionError as e:
    f = traceback.extract_tb(e.__traceback__)[-1]
    result = [f.filename, f.lineno]
result

#% lines of code that was run are in tracebacks
import traceback
from pyodide.code import eval_code
try:
    eval_code("def f():\n    raise ValueError('here')\nf()", {}, filename="<mine>")
except ValueError as e:
    result = [line for line in traceback.format_exception(e) if "mine" in line]
result

#% CodeRunner asynchronously
from pyodide.code import CodeRunner
import ast
r = CodeRunner("await f()", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT).compile()
async def f():
    return "awaited"
await r.run_async({"f": f})

#% CodeRunner modes
from pyodide.code import CodeRunner
[CodeRunner("1 + 1", mode="eval").compile().run({}), CodeRunner("x = 1", mode="exec").compile().run({})]

#% CodeRunner with unknown options
from pyodide.code import CodeRunner
CodeRunner("1", mode="other")

#% relaxed_call drops surplus arguments
from pyodide.code import relaxed_call
[relaxed_call(int, "7"), relaxed_call(lambda x: x, 1, 2, 3), relaxed_call(lambda *a: a, 1, 2), relaxed_call(lambda x, y=5: (x, y), 1, z=3), relaxed_call(lambda **k: k, 1, a=2)]

#% relaxed_call misses arguments
from pyodide.code import relaxed_call
def needs(a, b):
    pass
relaxed_call(needs, 1)

#% relaxed_wrap
from pyodide.code import relaxed_wrap
@relaxed_wrap
def f(a, b=2, *, c=3):
    return a, b, c
[f(1, 5, 9, 9, d=4), f(1, c=8, e=1), f.__name__]

#% relaxed_wrap of what has no signature
from pyodide.code import relaxed_wrap
relaxed_wrap(5)

#% names of pyodide.code
import pyodide.code
[n for n in ("CodeRunner", "eval_code", "eval_code_async", "find_imports", "relaxed_call", "relaxed_wrap", "run_js", "should_quiet") if not hasattr(pyodide.code, n)]

#% a console runs code
from pyodide.console import Console
c = Console()
result = []
for line in ("x = 1", "x + 1", "def f():", "    return 5", "", "f()"):
    fut = c.push(line)
    result.append([fut.syntax_check, (await fut) if fut.syntax_check == "complete" else None])
result

#% a console shows errors
from pyodide.console import Console
c = Console()
fut = c.push("1 / 0")
try:
    await fut
except ZeroDivisionError as e:
    result = fut.formatted_error
result

#% a console shows errors of syntax
from pyodide.console import Console
c = Console()
fut = c.push("1 +* 2")
try:
    await fut
except SyntaxError as e:
    pass
[fut.syntax_check, fut.formatted_error]

#% a console takes what is printed
from pyodide.console import Console
out, err = [], []
c = Console(stdout_callback=out.append, stderr_callback=err.append)
await c.push("print('hello'); import sys; print('oh', file=sys.stderr)")
[out, err]

#% a console completes names
from pyodide.console import Console
c = Console({"alpha_one": 1, "alpha_two": 2})
[c.complete("alpha_"), c.complete("str.ind"), c.complete("nothing_like")]

#% a console awaits
from pyodide.console import Console
c = Console()
[await c.push("import asyncio"), await c.push("await asyncio.sleep(0, 9)")]

#% a PyodideConsole
from pyodide.console import PyodideConsole
c = PyodideConsole()
await c.push("6 * 7")

#% repr_shorten
from pyodide.console import repr_shorten
[repr_shorten("x" * 2000, 20), repr_shorten([1, 2]), repr_shorten("abcdef" * 10, 12, 3, "~")]

#% the banner of a console
import pyodide.console
pyodide.console.BANNER.splitlines()[-1]

#% buffering of a console
from pyodide.console import Console
c = Console()
c.push("def f():")
result = list(c.buffer)
c.reset_buffer() if hasattr(c, "reset_buffer") else None
result
