#% arguments
from fixtures import argument_count, arguments_of
[[argument_count(*range(n)) for n in range(10)], arguments_of(1, "two", None, True, 2.5).to_py()]

#% keyword arguments become one object
from fixtures import inspect, arguments_of
[inspect(arguments_of(1, a=2, b="three")), inspect(arguments_of(x=1)), inspect(arguments_of(class_=1, **{"with space": 2}))]

#% keyword arguments after containers
from fixtures import inspect, arguments_of
inspect(arguments_of([1], {"k": 2}, key=[3], other={"x": 1}))

#% missing arguments are undefined, surplus ones dropped
from fixtures import identity, add
[identity(), identity(1, 2, 3), str(add(1)), add(1, 2, 3)]

#% new
from fixtures import Point, Point3
p = Point.new(1, 2)
q = Point3.new(1, 2, 3)
[p.x, p.y, p.sum, q.z, q.sum, str(p)]

#% new with missing arguments and keywords
from fixtures import Point
p, q = Point.new(), Point.new(1, y=2)
[p.x, p.y, q.x, q.y.y]

#% new of something that constructs nothing
from js import setTimeout
from fixtures import with_accessor
queue = __import__("js").Map.prototype.forEach
queue.new(1, 2)

#% new is only there for functions
from fixtures import plain
plain().new()

#% a class called without new
from fixtures import Point
Point(1, 2)

#% calling what is no function
from fixtures import plain
plain()()

#% calling an attribute that is no function
from fixtures import plain
plain().a()

#% calling an object by attribute
from fixtures import plain
plain().e()

#% methods, accessors, static members
from fixtures import Point, Point3
p = Point.new(1, 2)
p.pair = [5, 6]
origin = Point.origin()
q = Point3.new(1, 2, 3).scale(2)
[p.x, p.y, list(p.pair), origin.sum, Point3.made, Point3.origin().constructor.name, [q.x, q.y, q.z], q.constructor.name]

#% this of a method call and of a plain call
from fixtures import plain, this_of
o = plain()
o.me = this_of
f = o.me
[o.me() == o, f() == o, o.me.call(3), str(this_of())]

#% call, apply and bind
from fixtures import add, arguments_of, this_of
from pyodide.ffi import to_js
b = arguments_of.bind(None, 1, 2)
[add.call(None, 1, 2), add.apply(None, to_js([3, 4])), b(3).to_py(), b.name, this_of.bind(5)(), b.length]

#% exceptions of JavaScript
from fixtures import throw_error
throw_error("went wrong")

#% throwing what is no error
from fixtures import throw_value, plain
out = []
for value in (1, "text", None, plain(), True):
    try:
        throw_value(value)
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% a Python callback
from fixtures import call_with
[call_with(lambda *a: a, 1, "b"), call_with(lambda a, b=5: [a, b], 1), call_with(len, "four"), call_with(str.upper, "x")]

#% a Python callback that raises
from fixtures import call_with
def fail():
    raise KeyError("k")
call_with(fail)

#% arguments are lent for the call only
from fixtures import keep, kept
l = [1, 2]
keep(l)
str(kept())

#% a container passed through comes back as itself
from fixtures import identity
l, d, f = [1], {"a": 1}, lambda: 5
[identity(l) is l, identity(d) is d, identity(f) is f, identity(l)]

#% results are converted
from fixtures import identity, undefined_value, null_value, nan, infinity, minus_zero, bigint, beyond_safe, integer, number
import math
[identity(True), identity(2**53), identity(1.0), identity("s"), undefined_value, null_value, nan, infinity, math.copysign(1, minus_zero), bigint, beyond_safe, integer, number]

#% an argument that cannot be converted
from fixtures import identity
identity("\ud800")

#% recursion through JavaScript
from fixtures import call_with
depth = 0
def down(n):
    return 0 if n == 0 else 1 + call_with(down, n - 1)
down(30)

#% functools and operator with JavaScript functions
import functools, operator
from fixtures import add, Point, plain
[functools.reduce(add, range(5)), functools.partial(add, 10)(5), list(map(add, [1, 2], [3, 4])), operator.attrgetter("x")(Point.new(7, 8)), operator.methodcaller("scale", 2)(Point.new(1, 2)).x, sorted([3, 1, 2], key=functools.cmp_to_key(lambda a, b: add(a, -b)))]

#% callable and inspect
import inspect
from js import Object
from fixtures import add, plain, Point
out = [callable(add), callable(Point), callable(plain())]
try:
    out.append(str(inspect.signature(Object)))
except Exception as error:
    out.append([type(error).__name__, str(error)])
out

#% class methods and properties through inheritance
from fixtures import Point, Point3
P3 = Point3.new(1, 2, 3)
P3.pair = [9, 8]
[P3.sum, P3.pair.to_py(), hasattr(P3, "scale"), hasattr(Point3, "origin"), P3.hasOwnProperty("scale"), P3.hasOwnProperty("x"), Point.prototype.isPrototypeOf(P3)]
