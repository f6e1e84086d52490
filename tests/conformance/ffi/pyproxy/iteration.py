#% for of over a list, a tuple, a set, a range, a str and bytes
import fixtures
from pyodide.ffi import create_proxy
[fixtures.spread(create_proxy(x)) for x in ([1, 2], (3,), {4}, range(2), b"ab")]
#% an iterable class
import fixtures
from pyodide.ffi import create_proxy
class A:
    def __iter__(self):
        yield 1
        yield "two"
fixtures.spread(create_proxy(A()))
#% an old-style iterable
import fixtures
from pyodide.ffi import create_proxy
class A:
    def __getitem__(self, i):
        if i > 2: raise IndexError
        return i * 10
fixtures.spread(create_proxy(A()))
#% an iterator that raises
import fixtures
from pyodide.ffi import create_proxy
def gen():
    yield 1
    raise ValueError("in the middle")
fixtures.spread(create_proxy(gen()))
#% an iterable that raises in the middle
import fixtures
from pyodide.ffi import create_proxy
class A:
    def __iter__(self):
        yield 1
        raise ValueError("in the middle")
fixtures.spread(create_proxy(A()))
#% __iter__ that raises
import fixtures
from pyodide.ffi import create_proxy
class A:
    def __iter__(self): raise ValueError("cannot iterate")
fixtures.spread(create_proxy(A()))
#% __iter__ that gives no iterator
import fixtures
from pyodide.ffi import create_proxy
class A:
    def __iter__(self): return 5
fixtures.spread(create_proxy(A()))
#% next of an iterator
from pyodide.ffi import create_proxy
p = create_proxy(iter([1, "a"]))
[(r.done, r.value) for r in (p.next(), p.next(), p.next(), p.next())]
#% next sends into a generator
from pyodide.ffi import create_proxy
def gen():
    got = yield 1
    got = yield ("got", got)
    return ("end", got)
p = create_proxy(gen())
[(r.done, r.value) for r in (p.next(), p.next("x"), p.next(3), p.next())]
#% next with a value before the start
from pyodide.ffi import create_proxy
def gen():
    yield 1
create_proxy(gen()).next("early")
#% throw into a generator
import js
from pyodide.ffi import create_proxy
def gen():
    try:
        yield 1
    except Exception as error:
        yield ("caught", type(error).__name__, str(error))
p = create_proxy(gen())
p.next()
r = p.throw(js.Error.new("boo"))
r.done, r.value
#% throw a Python exception into a generator
import js
from pyodide.ffi import create_proxy
def gen():
    try:
        yield 1
    except KeyError as error:
        return repr(error)
p = create_proxy(gen())
p.next()
r = p.throw(KeyError("k"))
r.done, r.value
#% throw something that is no exception
from pyodide.ffi import create_proxy
def gen():
    yield 1
p = create_proxy(gen())
p.next()
p.throw(5)
#% throw that nobody catches
import js
from pyodide.ffi import create_proxy
def gen():
    yield 1
p = create_proxy(gen())
p.next()
p.throw(ValueError("uncaught"))
#% return from a generator
import fixtures
from pyodide.ffi import create_proxy
def gen():
    yield 1
    yield 2
p = create_proxy(gen())
p.next()
r, after = fixtures.call_method(p, "return", 7), p.next()
(r.done, r.value), (after.done, after.value)
#% return from a generator that goes on
import fixtures
from pyodide.ffi import create_proxy
def gen():
    try:
        yield 1
    except GeneratorExit:
        yield "still here"
        return "finally"
p = create_proxy(gen())
p.next()
r, after = fixtures.call_method(p, "return", 7), p.next()
(r.done, r.value), (after.done, after.value)
#% return from a generator that returns something
import fixtures
from pyodide.ffi import create_proxy
def gen():
    try:
        yield 1
    except GeneratorExit:
        return "mine"
p = create_proxy(gen())
p.next()
r = fixtures.call_method(p, "return", 7)
r.done, r.value
#% leaving a loop early
import fixtures
from pyodide.ffi import create_proxy
log = []
def gen():
    try:
        yield from range(5)
    finally:
        log.append("closed")
import js
p = create_proxy(gen())
first = p.next().value
first, log
#% async iteration of an async generator
import fixtures
from pyodide.ffi import create_proxy
async def agen():
    yield 1
    yield "b"
await fixtures.collect(create_proxy(agen()))
#% async iteration of an async iterable
import fixtures
from pyodide.ffi import create_proxy
class A:
    def __aiter__(self):
        async def agen():
            for i in range(3): yield i
        return agen()
await fixtures.collect(create_proxy(A()))
#% async iteration of a class with __anext__
import fixtures
from pyodide.ffi import create_proxy
class A:
    def __init__(self): self.n = 0
    def __aiter__(self): return self
    async def __anext__(self):
        self.n += 1
        if self.n > 3: raise StopAsyncIteration
        return self.n
await fixtures.collect(create_proxy(A()))
#% an async generator that raises
import fixtures
from pyodide.ffi import create_proxy
async def agen():
    yield 1
    raise ValueError("async middle")
await fixtures.collect(create_proxy(agen()))
#% an async iterable that raises
import fixtures
from pyodide.ffi import create_proxy
class A:
    def __aiter__(self):
        async def agen():
            yield 1
            raise ValueError("async middle")
        return agen()
await fixtures.collect(create_proxy(A()))
#% next of an async generator
from pyodide.ffi import create_proxy
async def agen():
    got = yield 1
    yield ("got", got)
p = create_proxy(agen())
results = [await p.next(), await p.next("x"), await p.next()]
[(r.done, r.value) for r in results]
#% throw into an async generator
from pyodide.ffi import create_proxy
async def agen():
    try:
        yield 1
    except KeyError as error:
        yield repr(error)
p = create_proxy(agen())
await p.next()
r = await p.throw(KeyError("k"))
after = await p.next()
(r.done, r.value), (after.done, after.value)
#% throw into an async generator that does not catch
from pyodide.ffi import create_proxy
async def agen():
    yield 1
p = create_proxy(agen())
await p.next()
await p.throw(KeyError("k"))
#% throw no exception into an async generator
from pyodide.ffi import create_proxy
async def agen():
    yield 1
p = create_proxy(agen())
await p.next()
await p.throw(5)
#% return from an async generator
import fixtures
from pyodide.ffi import create_proxy
async def agen():
    yield 1
    yield 2
p = create_proxy(agen())
await p.next()
r = await fixtures.call_method(p, "return", "bye")
after = await p.next()
(r.done, r.value), (after.done, after.value)
#% members of async things
from pyodide.ffi import create_proxy
class Iterable:
    def __aiter__(self): return self
class Iterator(Iterable):
    async def __anext__(self): return 1
async def agen(): yield
[[n for n in ("next", "throw", "return") if hasattr(create_proxy(x), n)] for x in (Iterable(), Iterator(), agen())]
#% async iteration gives containers
import fixtures
from pyodide.ffi import create_proxy
inner = [1]
async def agen():
    yield inner
r = await fixtures.collect(create_proxy(agen()))
r
#% yield of containers in a sync iteration
import fixtures
from pyodide.ffi import create_proxy
fixtures.inspect(fixtures.spread(create_proxy([1, None, "a", 2.5, True, 2**60])))
#% the iterator of a list
import fixtures
from pyodide.ffi import create_proxy
import js
it = js.Reflect.apply(js.Reflect.get(create_proxy([1, 2]), js.Symbol.iterator), create_proxy([1, 2]), js.Array.new())
fixtures.tag_of(it), fixtures.constructor_name(it)
#% a dict changed while it is iterated
from pyodide.ffi import create_proxy
d = {"a": 1}
p = create_proxy(d)
import js
it = js.Reflect.apply(js.Reflect.get(p, js.Symbol.iterator), p, js.Array.new())
first = it.next().value
d["b"] = 2
first, it.next()
#% the iterator's return
import js
from pyodide.ffi import create_proxy
p = create_proxy([1, 2, 3])
it = js.Reflect.apply(js.Reflect.get(p, js.Symbol.iterator), p, js.Array.new())
a = it.next().value
b = js.Reflect.apply(js.Reflect.get(it, "return"), it, js.Array.of(9))
c = it.next()
a, (b.done, b.value), c.done
