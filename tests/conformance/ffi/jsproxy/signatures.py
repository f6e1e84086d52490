#% a bound signature converts the results
from typing import Annotated
from fixtures import arguments_of
from _pyodide.jsbind import Deep, Json
def f(*args) -> Annotated[list, Deep]: ...
g = arguments_of.bind_sig(f)
[g(1, "two"), type(g(1)).__name__, type(arguments_of(1)).__name__]

#% json results
from fixtures import nested, plain
from _pyodide.jsbind import Json
from typing import Annotated
def f() -> Annotated[dict, Json]: ...
r = plain.bind_sig(f)()
[r["a"], r["e"][1], list(r)]

#% checking arguments
from fixtures import arguments_of
out = []
def check(sig, *args, **kwargs):
    namespace = {}
    exec(f"def func({sig}): ...", namespace)
    try:
        result = arguments_of.bind_sig(namespace["func"])(*args, **kwargs)
        out.append(result.to_py())
    except Exception as error:
        out.append([type(error).__name__, str(error)])
for sig in ("", "a, /", "a, b=7, /", "a, b=7, /, *, c", "a, /, *, c=2", "a, /, **kw", "*args", "*args, **kw", "a, /, *, c=None, **kw"):
    check(sig)
    check(sig, 1)
    check(sig, 1, 2)
    check(sig, 1, 2, 3)
    check(sig, 1, c=5)
    check(sig, 1, x=5)
out

#% a positional or keyword parameter is refused
from fixtures import arguments_of
def f(a): ...
arguments_of.bind_sig(f)(1)

#% too many keyword parameters
from fixtures import arguments_of
namespace = {}
exec("def f(*, " + ", ".join(f"a{i}" for i in range(65)) + "): ...", namespace)
arguments_of.bind_sig(namespace["f"])()

#% the text of a signature
from _pyodide.jsbind import func_to_sig_inner
def f(a: dict[str, int], /, *rest: int, k: str = "x") -> list[int]: ...
repr(func_to_sig_inner(f, None))

#% converting arguments
from typing import Annotated
from fixtures import inspect
from _pyodide.jsbind import Deep, Json
def deep(x: Annotated[object, Deep], /): ...
def json(x: Annotated[object, Json], /): ...
[inspect.bind_sig(deep)({"a": [1, {"b": 2}]}), inspect({"a": 1}), inspect.bind_sig(deep)([1, (2, 3)]), type(inspect.bind_sig(json)).__name__]

#% classes
from _pyodide.jsbind import BindClass
from typing import Annotated
from _pyodide.jsbind import Deep
from fixtures import Point
class PointSig(BindClass):
    pair: Annotated[list, Deep]
    def __init__(self, x: int, y: int, /): ...
    def scale(self, factor: int, /) -> "PointSig": ...
globals()["PointSig"] = PointSig
PointSig.__init__.__globals__["PointSig"] = PointSig
P = Point.bind_class(PointSig)
p = P(1, 2)
q = p.scale(3)
[p.pair, q.pair, p.x, q._sig is PointSig, p._sig is PointSig, type(p.pair).__name__]

#% a bound class still checks its arguments
from _pyodide.jsbind import BindClass
from fixtures import Point
class PointSig(BindClass):
    def __init__(self, x: int, y: int, /): ...
Point.bind_class(PointSig)(1)

#% attributes of a bound object
from _pyodide.jsbind import BindClass, Deep
from typing import Annotated
from fixtures import plain
class Inner(BindClass):
    pass
class Sig(BindClass):
    e: Annotated[list, Deep]
    a: int
o = plain().bind_sig(Sig)
[o.e, o.a, o.b, o._sig is Sig, plain()._sig]

#% binding keeps the identity
from fixtures import plain, add
from _pyodide.jsbind import BindClass
class Sig(BindClass): ...
o = plain()
b = o.bind_sig(Sig)
[b == o, b is o, b.js_id == o.js_id, hash(b) == hash(o), b._sig is Sig, b.bind_sig(None)._sig]

#% awaitable results
from fixtures import async_add
async def f(a: int, b: int, /) -> int: ...
g = async_add.bind_sig(f)
r = g(1, 2)
[type(r).__name__, await r]

#% a signature on a method
from fixtures import plain, arguments_of
from _pyodide.jsbind import BindClass, Deep
from typing import Annotated
class Sig(BindClass):
    def f(self, *args) -> Annotated[list, Deep]: ...
o = plain()
o.f = arguments_of
[o.bind_sig(Sig).f(1, 2), type(o.f(1)).__name__]

#% a signature by __getattr__
from fixtures import nested
from _pyodide.jsbind import BindClass, Deep
class Sig(BindClass):
    def __getattr__(self, name) -> "Sig": ...
Sig.__getattr__.__globals__["Sig"] = Sig
o = nested().bind_sig(Sig)
[o.last._sig is Sig, o.last.x._sig is Sig, o.last.x.y]

#% pre- and post-conversion
from fixtures import arguments_of, identity, plain
from _pyodide.jsbind import Js2PyConverterMeta, Py2JsConverterMeta, Deep
from typing import Annotated
class Shout(metaclass=Js2PyConverterMeta):
    @staticmethod
    def post_convert(value):
        return f"{value}!"
class Double(metaclass=Py2JsConverterMeta):
    @staticmethod
    def pre_convert(value):
        return value * 2
def f(x: Annotated[int, Double], /) -> Annotated[str, Shout]: ...
identity.bind_sig(f)(21)
