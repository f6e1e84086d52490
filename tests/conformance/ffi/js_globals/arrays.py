#% constructor
import js

[js.Array.new(3).length, js.Array.new("3").to_py(), js.Array.new(1, 2).to_py(), js.Array.of(7).to_py(), js.Array(2).length, js.Array.isArray(js.Array.new()), js.Array.isArray("x")]

#% an invalid length
import js

js.Array.new(-1)

#% a length that is a fraction
import js

a = js.Array.of(1, 2, 3)
a.length = 1.5

#% setting the length
import js

a = js.Array.of(1, 2, 3)
a.length = 1
first = a.to_py()
a.length = 3
[first, a.join("-"), js.Object.keys(a).to_py()]

#% Array.from
import js
from pyodide.ffi import to_js

[js.Array.from_("abc").to_py(), js.Array["from"](js.Set.new([1, 2, 1])).to_py(), js.Array.from_(to_js({"length": 2, "0": "x"}, dict_converter=js.Object.fromEntries)).to_py(), js.Array.from_([1, 2, 3], lambda x, i: x * 10 + i).to_py(), js.Array.from_(5).to_py()]

#% Array.from of undefined
import js

js.Array.from_(js.undefined)

#% Array.from with a bad function
import js

js.Array.from_("ab", 5)

#% fromAsync
import js

a = await js.Array.fromAsync([js.Promise.resolve(1), 2], lambda x, i: js.Promise.resolve(x + 10))
a.to_py()

#% sort
import js
from pyodide.ffi import to_js

[to_js([3, 1, 10, 2]).sort().to_py(), to_js([3, 1, 10, 2]).sort(lambda a, b, *_: a - b).to_py(), to_js(["b", None, "a", js.undefined]).sort().join("|"), to_js([5, 1, 4]).toSorted(lambda a, b: b - a).to_py(), to_js([True, "a", 1]).sort().to_py()]

#% sort is stable
import js
from pyodide.ffi import to_js

to_js(["b2", "a1", "b1", "a2", "a0"]).sort(lambda a, b: (a[0] > b[0]) - (a[0] < b[0])).to_py()

#% sort with something else than a function
import js

js.Array.of(2, 1).sort(5)

#% sort with a comparator that raises
import js

def compare(a, b):
    raise ValueError("no order")

js.Array.of(2, 1).sort(compare)

#% splice
import js

def spliced(*args):
    a = js.Array.of(1, 2, 3, 4, 5)
    removed = a.splice(*args)
    return removed.to_py(), a.to_py()

[spliced(), spliced(1), spliced(-2), spliced(1, 2), spliced(1, 0, "x", "y"), spliced(1, 1, "x"), spliced(10, 1, "z"), spliced(0, -1), spliced(js.undefined, 1)]

#% toSpliced, with and toReversed
import js

a = js.Array.of(1, 2, 3)
[a.toSpliced(1, 1, "x", "y").to_py(), a.with_(-1, 9).to_py(), a.toReversed().to_py(), a.to_py()]

#% with an index out of range
import js

js.Array.of(1, 2, 3).with_(5, 0)

#% flat and flatMap
import js
from pyodide.ffi import to_js

a = to_js([1, [2, [3, [4]]], []])
[str(a.flat()), js.JSON.stringify(a.flat()), js.JSON.stringify(a.flat(2)), js.JSON.stringify(a.flat(js.Infinity)), js.JSON.stringify(a.flat(0)), to_js([1, 2]).flatMap(lambda x, *_: to_js([x, [x]])).flat().to_py()]

#% finding
import js

a = js.Array.of(5, 12, 8, 130, 44)
big = lambda x, *_: x > 10
[a.find(big), a.findIndex(big), a.findLast(big), a.findLastIndex(big), a.find(lambda x, *_: x > 1000), a.findIndex(lambda x, *_: x > 1000), a.indexOf(8), a.lastIndexOf(8), a.includes(44), a.includes(44, 5), a.indexOf("8"), js.Array.of(float("nan")).includes(float("nan")), js.Array.of(float("nan")).indexOf(float("nan"))]

#% reducing
import js

a = js.Array.of("a", "b", "c")
[a.reduce(lambda x, y, *_: x + y), a.reduceRight(lambda x, y, *_: x + y), a.reduce(lambda x, y, i, arr: x + y + str(i), "-"), js.Array.new().reduce(lambda x, y: 0, 7)]

#% reducing nothing
import js

js.Array.new().reduce(lambda x, y: x)

#% a callback that is no function
import js

js.Array.of(1).map(5)

#% a callback that is text
import js

js.Array.of(1).forEach("abc")

#% a callback that is an object
import js

js.Array.of(1).filter(js.Object.new())

#% callback arguments
import js

seen = []
js.Array.of("x", "y").forEach(lambda *args: seen.append((args[0], args[1], args[2].to_py(), len(args))))
seen

#% every, some, filter and map
import js

a = js.Array.of(1, 2, 3, 4)
[a.every(lambda x, *_: x < 5), a.some(lambda x, *_: x > 4), a.filter(lambda x, *_: x % 2).to_py(), a.map(lambda x, *_: x * x).to_py(), js.Array.new().every(lambda *_: False), js.Array.new().some(lambda *_: True)]

#% holes
import js

a = js.Array.new(3)
a[1] = "x"
seen = []
a.forEach(lambda v, i, *_: seen.append((v, i)))
[seen, js.Object.keys(a).to_py(), a.map(lambda v, *_: v).length, a.indexOf(js.undefined), a.includes(js.undefined), a.join(), a.findIndex(lambda v, *_: v is js.undefined or v is None), a.flat().to_py(), js.JSON.stringify(a), js.Reflect.has(a, "0"), a.filter(lambda *_: True).to_py()]

#% copyWithin and fill
import js

[js.Array.of(1, 2, 3, 4, 5).copyWithin(0, 3).to_py(), js.Array.of(1, 2, 3, 4, 5).copyWithin(1, 0, 3).to_py(), js.Array.of(1, 2, 3).fill(0, 1).to_py(), js.Array.of(1, 2, 3).fill(9, -2, -1).to_py(), js.Array.new(2).fill("x").to_py()]

#% push, pop, shift, unshift
import js

a = js.Array.of(1)
[a.push(2, 3), a.pop(), a.unshift(0), a.shift(), a.to_py(), js.Array.new().pop(), js.Array.new().shift(), a.push()]

#% concat
import js
from pyodide.ffi import to_js

a = js.Array.of(1)
[a.concat(2, js.Array.of(3, js.Array.of(4))).length, a.concat().to_py(), a.concat("ab").to_py(), a.concat(js.Set.new([1])).length]

#% concat spreads what asks for it
import js
from pyodide.ffi import to_js

o = to_js({"length": 2, "0": "x", "1": "y"}, dict_converter=js.Object.fromEntries)
js.Reflect.set(o, js.Symbol.isConcatSpreadable, True)
js.Array.of(1).concat(o).to_py()

#% joining
import js
from pyodide.ffi import to_js

a = to_js([1, [2, [3]], None, "x"])
cyclic = js.Array.of(1)
cyclic.push(cyclic)
[a.join(), a.join("-"), a.toString(), str(cyclic), js.Array.new(3).join("x"), js.Array.of(1234.5, js.Date.new(0)).toLocaleString()]

#% iterators
import js

a = js.Array.of("x", "y")
[list(a.keys()), [e.to_py() for e in a.entries()], list(a.values()), str(a.entries()), a.keys().next().value]

#% methods on array-likes
import js
from pyodide.ffi import to_js

def like():
    return to_js({"length": 2, "0": "a", "1": "b"}, dict_converter=js.Object.fromEntries)

class P:
    def __getattr__(self, name):
        return js.Reflect.get(js.Array.prototype, name)

P = P()
o = like()
P.push.call(o, "c")
q = like()
P.shift.call(q)
[js.JSON.stringify(o), js.JSON.stringify(q), P.map.call(like(), lambda x, *_: x * 2).to_py(), P.join.call(like(), "+"), P.slice.call("hello", 1, 3).to_py(), P.indexOf.call("hello", "l"), js.JSON.stringify(P.reverse.call(like()))]

#% methods on null
import js

js.Array.prototype.map.call(None, len)

#% frozen and sealed arrays
import js

def attempt(f):
    try:
        return f()
    except Exception as e:
        return str(e)

def frozen():
    return js.Object.freeze(js.Array.of(1, 2))

def sealed():
    return js.Object.seal(js.Array.of(1, 2))

[attempt(lambda: frozen().push(3)), attempt(lambda: frozen().pop()), attempt(lambda: frozen().sort()), attempt(lambda: frozen().__setitem__(0, 5)), attempt(lambda: sealed().push(3)), attempt(lambda: sealed().pop()), attempt(lambda: sealed().__setitem__(0, 5)), js.Object.isFrozen(frozen()), js.Object.isSealed(frozen()), js.Object.isFrozen(sealed()), frozen().map(lambda x, *_: x + 1).to_py()]

#% array properties by name
import js

a = js.Array.of(1, 2)
js.Reflect.set(a, "extra", 5)
[js.Object.keys(a).to_py(), js.Object.getOwnPropertyNames(a).to_py(), js.Reflect.get(a, "1"), js.Reflect.has(a, "2"), js.Reflect.deleteProperty(a, "0"), a.length, js.JSON.stringify(a)]
