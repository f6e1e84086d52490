#% a generator
from fixtures import count_to
g = count_to(2)
out = [next(g), g.send("ignored")]
try:
    g.send(None)
except StopIteration as stop:
    out.append(stop.value)
try:
    next(g)
except StopIteration as stop:
    out.append(stop.value)
out

#% sending to a generator
from fixtures import echo
g = echo()
[next(g), g.send("one"), g.send(2), g.send(None), g.send([1])]

#% sending to a generator that has not started
from fixtures import echo
g = echo()
[g.send("ignored"), g.send("seen")]

#% throwing into a generator
from fixtures import echo
g = echo()
next(g)
[g.throw(TypeError, "oops"), g.throw(ValueError("again")), g.throw(KeyError), next(g)]

#% throwing into a generator that does not catch
from fixtures import count_to
g = count_to(3)
next(g)
out = []
try:
    g.throw(ValueError("mine"))
except Exception as error:
    out.append([type(error).__name__, str(error)])
out + [next(g, "ended")]

#% throwing a JavaScript error into a generator
from fixtures import echo, error
g = echo()
next(g)
g.throw(error("RangeError", "theirs"))

#% throwing what is no exception
from fixtures import echo
g = echo()
next(g)
g.throw(5)

#% throw with wrong arguments
from fixtures import echo
out = []
for args in ((), (TypeError("x"), "value"), (TypeError, "x", 5), (TypeError, TypeError("given")), (TypeError, ("two", "args"))):
    g = echo()
    next(g)
    try:
        out.append(g.throw(*args))
    except TypeError as error:
        out.append(str(error))
out

#% a generator that throws
from fixtures import fail_after
g = fail_after(1)
out = [next(g)]
try:
    next(g)
except Exception as error:
    out.append([type(error).__name__, str(error)])
out + [list(g)]

#% closing a generator
from fixtures import tidy
from pyodide.ffi import to_js
log = to_js([])
g = tidy(log)
[next(g), g.close(), log.to_py(), g.close(), log.to_py(), next(g, "ended")]

#% closing a generator that has not started
from fixtures import tidy
from pyodide.ffi import to_js
log = to_js([])
g = tidy(log)
[g.close(), log.to_py(), list(g)]

#% closing a generator that goes on
from fixtures import stubborn
g = stubborn()
next(g)
g.close()

#% throwing GeneratorExit
from fixtures import tidy, stubborn
from pyodide.ffi import to_js
log = to_js([])
g = tidy(log)
out = [next(g)]
try:
    out.append(g.throw(GeneratorExit))
except BaseException as error:
    out.append([type(error).__name__, str(error)])
s = stubborn()
next(s)
try:
    out.append(s.throw(GeneratorExit))
except BaseException as error:
    out.append([type(error).__name__, str(error)])
out + [log.to_py()]

#% yield from a JavaScript generator
from fixtures import echo, count_to
def delegate():
    result = yield from count_to(2)
    yield ["result", result]
    other = yield from echo()
    yield ["other", other]
g = delegate()
[next(g), next(g), next(g), next(g), g.send("sent"), g.throw(ValueError("v")), g.send("stop")]

#% containers sent to a generator live as long as it does
from fixtures import gather
g = gather()
next(g)
g.send({1})
g.send({2})
try:
    g.send({3})
except StopIteration as stop:
    result = stop.value
result.to_py()

#% a Python generator in JavaScript
from fixtures import call_method, inspect
def source():
    got = yield 1
    try:
        yield ["got", got]
    except Exception as error:
        yield type(error).__name__
    return "end"
g = source()
out = [inspect(call_method(g, "next")), inspect(call_method(g, "next", 5))]
out.append(inspect(call_method(g, "next")))
out.append(inspect(call_method(g, "next")))
out
