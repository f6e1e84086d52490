#% Map
import js
from pyodide.ffi import to_js

m = js.Map.new(to_js([["a", 1], ["b", 2]]))
m.set(float("nan"), "n").set(-0.0, "z")
[m.size, m.get("a"), m.has("b"), m.get(float("nan")), m.get(0), m.get("x"), js.Reflect.get(m, "delete").call(m, "a"), js.Reflect.get(m, "delete").call(m, "a"), list(m.keys())[0], m.clear(), m.size]

#% Map of what is no entry
import js

js.Map.new(js.Array.of(1))

#% Map without new
import js

js.Map()

#% forEach
import js
from pyodide.ffi import to_js

seen = []
js.Map.new(to_js([["a", 1]])).forEach(lambda v, k, m: seen.append((v, k, m.size)))
js.Set.new(to_js(["x"])).forEach(lambda v, k, s: seen.append((v, k, s.size)))
seen

#% operations on sets
import js
from pyodide.ffi import to_js

a, b = js.Set.new(to_js([1, 2, 3])), js.Set.new(to_js([3, 4]))
[list(a.union(b)), list(a.intersection(b)), list(a.difference(b)), list(a.symmetricDifference(b)), a.isSubsetOf(b), a.isSupersetOf(js.Set.new(to_js([1]))), a.isDisjointFrom(js.Set.new(to_js([9]))), list(a.union(js.Map.new(to_js([[7, 8]])))), js.Set.new().isSubsetOf(a)]

#% operations with something else than a set
import js

js.Set.new().union(js.Array.of(1))

#% operations with no object
import js

js.Set.new().union(5)

#% WeakMap
import js

k, s = js.Object.new(), js.Symbol("s")
w = js.WeakMap.new()
w.set(k, 1)
w.set(s, 2)
[w.get(k), w.has(k), w.get(s), w.get(js.Object.new()), w.has(5), js.Reflect.get(w, "delete").call(w, k), w.has(k), str(w), w.constructor.name, js.WeakMap.new([[k, "v"]]).get(k)]

#% WeakMap with a key that is no object
import js

js.WeakMap.new().set("a", 1)

#% WeakSet
import js

k = js.Object.new()
w = js.WeakSet.new([k])
[w.has(k), w.has(1), w.add(k) == w, js.Reflect.get(w, "delete").call(w, k), w.has(k), str(w)]

#% WeakSet of a registered symbol
import js

js.WeakSet.new().add(js.Symbol.for_("x"))

#% WeakRef
import js

o = js.Object.new()
r = js.WeakRef.new(o)
[r.deref() == o, str(r), r.constructor.name]

#% WeakRef of a number
import js

js.WeakRef.new(5)

#% FinalizationRegistry
import js
from pyodide.ffi import create_proxy

f = create_proxy(lambda held: None)
r = js.FinalizationRegistry.new(f)
o, t = js.Object.new(), js.Object.new()
found = [r.register(o, 1, t), r.unregister(t), r.unregister(t), str(r)]
f.destroy()
found

#% FinalizationRegistry of its own value
import js
from pyodide.ffi import create_proxy

f = create_proxy(lambda held: None)
o = js.Object.new()
try:
    js.FinalizationRegistry.new(f).register(o, o)
finally:
    f.destroy()

#% symbols
import js

s = js.Symbol("d")
[str(s), s.toString(), s.description, s.typeof if hasattr(s, "typeof") else None, js.Symbol().description, js.Symbol.for_("k") == js.Symbol.for_("k"), js.Symbol("d") == s, js.Symbol.keyFor(js.Symbol.for_("k")), js.Symbol.keyFor(s), js.Symbol.iterator.toString(), js.Symbol.keyFor(js.Symbol.iterator)]

#% a symbol with new
import js

js.Symbol.new("x")

#% the key of no symbol
import js

js.Symbol.keyFor("x")

#% a symbol as text
import js

js.Array.of(js.Symbol("x")).join()

#% iterator helpers
import js
from pyodide.ffi import to_js

def it():
    return to_js([1, 2, 3, 4]).values()

[it().map(lambda x, *_: x * 2).toArray().to_py(), it().filter(lambda x, *_: x % 2).toArray().to_py(), it().take(2).toArray().to_py(), it().drop(3).toArray().to_py(), it().flatMap(lambda x, *_: to_js([x, x])).toArray().to_py(), it().reduce(lambda a, b, *_: a + b), it().some(lambda x, *_: x > 3), it().every(lambda x, *_: x > 3), it().find(lambda x, *_: x > 2), js.Iterator.from_(to_js([5])).next().value, str(it().map(lambda x: x)), str(js.Iterator.from_("ab")), list(it().map(lambda x, *_: x).take(1))]

#% a negative limit
import js

js.Array.of(1).values().take(-1)

#% Iterator is abstract
import js

js.Iterator.new()

#% iterators as objects
import js

i = js.Array.of(1, 2).values()
n = i.next()
[n.value, n.done, i.next().value, i.next().done, js.Object.prototype.toString.call(i), js.Object.prototype.toString.call(js.String.new("a").matchAll("a"))]

#% changing a map while it is visited
import js
from pyodide.ffi import to_js

m = js.Map.new(to_js([["a", 1], ["b", 2]]))
seen = []
for k in m.keys():
    seen.append(k)
    if k == "a":
        js.Reflect.get(m, "delete").call(m, "b")
        m.set("c", 3)
seen

#% a set without methods
import js

js.Set.new().union(js.Object.fromEntries([["size", 1]]))

#% a set of negative size
import js

js.Set.new().union(js.Object.fromEntries([["size", -1]]))
