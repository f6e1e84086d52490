#% items of a map
from fixtures import map
m = map([["a", 1], [2, "b"]])
m["c"] = 3
m[2] = "changed"
del m["a"]
[m["c"], m[2], len(m), "a" in m, "c" in m, 2 in m, "2" in m, dict(m)]

#% a missing key
from fixtures import map
map()["nothing"]

#% deleting a missing key
from fixtures import map
del map()["nothing"]

#% keys of every kind
from fixtures import map
m = map([])
for key in (1, 1.5, "1", True, None, float("nan"), 2**60):
    m[key] = str(key)
[m[1], m[1.0], m["1"], m[True], m[None], m[float("nan")], m[2**60], len(m), list(m)]

#% zero and minus zero are one key
from fixtures import map
m = map([])
m[0.0] = "zero"
[m[-0.0], m[0], len(m)]

#% containers of Python as keys
from fixtures import map
m = map([])
m[(1, 2)] = "tuple"

#% an undefined value is there
from fixtures import map
m = map([])
m["u"] = None
[m["u"], "u" in m, m.get("u", "default"), m.get("v", "default")]

#% get, pop, setdefault
from fixtures import map
m = map([["a", 1], ["b", 2]])
out = [m.get("a"), m.get("x"), m.get("x", 5), m.pop("a"), m.pop("a", "gone"), m.setdefault("b", 9), m.setdefault("c", 9), m.setdefault("d")]
try:
    m.pop("a")
except KeyError as error:
    out.append(["KeyError", str(error)])
out + [dict(m)]

#% popitem and clear
from fixtures import map
m = map([["a", 1], ["b", 2]])
out = [m.popitem(), len(m), m.popitem()]
try:
    m.popitem()
except KeyError as error:
    out.append(str(error))
m["x"] = 1
out.append(m.clear())
out.append(len(m))
out

#% update
from fixtures import map, plain
m = map([["a", 1]])
m.update({"b": 2})
m.update([("c", 3), ["d", 4]])
m.update(e=5)
m.update({"f": 6}, g=7, a="changed")
m.update(map([["h", 8]]))
m.update()
dict(m)

#% update with something that is no mapping
from fixtures import map
map().update(5)

#% update with more than one argument
from fixtures import map
map().update({}, {})

#% views
from fixtures import map
m = map([["a", 1], ["b", 2]])
k, v, i = m.keys(), m.values(), m.items()
m["c"] = 3
[list(k), list(v), list(i), len(k), len(v), len(i), "a" in k, "x" in k, 2 in v, 9 in v, ("a", 1) in i, ("a", 2) in i, k | {"z"} == {"a", "b", "c", "z"}, k & {"a"}, k - {"a", "b"}, i & {("a", 1)}, type(k).__name__, type(v).__name__, type(i).__name__]

#% text of the views
from fixtures import map
m = map()
[repr(m.keys()), repr(m.items())]

#% dict made of a map
from fixtures import map
m = map([["a", 1], ["b", 2]])
[dict(m), {**m}, (lambda **kw: kw)(**m), sorted(m), [*m], dict(m.items())]

#% the union operators
from fixtures import map
map([["a", 1]]) | {"b": 2}

#% the union operator of a dict and a map
from fixtures import map
{"b": 2} | map([["a", 1]])

#% in place union on a dict
from fixtures import map
d = {"a": 0}
d |= map([["a", 1], ["b", 2]])
d

#% equality of a map and a dict
from fixtures import map
[map([["a", 1]]) == {"a": 1}, {"a": 1} == map([["a", 1]]), map([["a", 1]]).to_py() == {"a": 1}]

#% the order of entries
from fixtures import map
m = map([["b", 1], ["a", 2]])
m["b"] = 3
del m["a"]
m["a"] = 4
list(m.items())

#% entries by their JavaScript names
from fixtures import map
m = map([["a", 1]])
seen = []
m.set("b", 2)
m.forEach(lambda value, key, whole: seen.append([value, key, len(whole)]))
[m.has("b"), m.delete("b"), m.delete("b"), m.size, [list(e) for e in m.entries()], seen]

#% an object with get and size that is not iterable
from fixtures import getter_object
o = getter_object()
out = [o["key"], len(o)]
for act in (lambda: o.__setitem__("a", 1), lambda: "a" in o, lambda: list(o)):
    try:
        out.append(act())
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% sets
from fixtures import set as make_set
s = make_set([1, "a", 1])
s.add(2)
[len(s), 1 in s, "1" in s, list(s), s.has("a"), s.delete("a"), set(s) == {1, 2}, sorted(s)]

#% what sets do not offer
from fixtures import set as make_set
out = []
for act in (lambda: make_set()[0], lambda: make_set() | {1}, lambda: make_set() == {1, "a"}, lambda: make_set().discard(1)):
    try:
        out.append(act())
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% mapping classes
from collections.abc import Mapping, MutableMapping, Set, Iterable, Sized
from fixtures import map, set as make_set, plain
[[issubclass(type(x), c) for c in (Mapping, MutableMapping, Set, Iterable, Sized)] for x in (map(), make_set(), plain(), plain().as_object_map(), plain().as_py_json())]

#% plain objects cannot be subscripted
from fixtures import plain
plain()["a"]

#% object_entries, object_keys and object_values
from fixtures import plain, inheriting, null_prototype, Point, with_symbols, sparse, map, with_accessor
from pyodide.ffi import to_js
[[list(x.object_keys()), x.object_values().to_py(), x.object_entries().to_py()] for x in (inheriting(), null_prototype(), Point.new(1, 2), with_symbols(), sparse(), map(), to_js([5, 6]), with_accessor())]

#% integer-like keys come first
from js import Object
from pyodide.ffi import to_js
list(to_js({"b": 1, "2": 2, "a": 3, "10": 4, "01": 5, "-1": 6, "1": 7}, dict_converter=Object.fromEntries).object_keys())

#% object_values where a getter throws
from fixtures import throwing_getter
throwing_getter().object_values()

#% as_object_map
from fixtures import plain
o = plain()
m = o.as_object_map()
m["new"] = 5
del m["a"]
[len(m), list(m), "b" in m, "constructor" in m, m["b"], m["d"], m.get("x", 1), o.new, hasattr(o, "a"), m.typeof, str(m), m == o]

#% as_object_map with a key that is no string
from fixtures import plain
plain().as_object_map()[1] = 2

#% as_object_map with missing keys
from fixtures import plain
m = plain().as_object_map()
out = [1 in m, "x" in m]
for act in (lambda: m["x"], lambda: m[1], lambda: m.__delitem__("x"), lambda: m.__delitem__(1), lambda: m["toString"]):
    try:
        out.append(act())
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% as_object_map, the methods of mappings
from fixtures import plain
m = plain().as_object_map()
out = [list(m.keys()), list(m.items())[:2], list(m.values())[:2], m.pop("a"), m.pop("a", "default"), m.setdefault("z", 26), m.get("z")]
m.update({"u": 1}, w=2)
out.append(list(m))
out.append(m.popitem())
m.clear()
out.append(len(m))
out

#% as_object_map, hereditary or not
from fixtures import nested
o = nested()
deep, shallow = o.as_object_map(hereditary=True), o.as_object_map()
out = [deep["last"]["x"]["y"], deep["list"][0], type(deep["last"]).__name__]
try:
    shallow["last"]["x"]
except TypeError as error:
    out.append(str(error))
out.append([list(v) for v in deep["last"].values()])
out.append([list(v) for k, v in deep["last"].items()])
out.append(deep.pop("last")["x"]["y"])
out

#% as_object_map takes one keyword
from fixtures import plain
plain().as_object_map(True)

#% as_object_map of a map has the properties, not the entries
from fixtures import map
m = map().as_object_map()
m["p"] = 1
[len(m), list(m), "a" in m]

#% where as_object_map and as_py_json are
from fixtures import plain, map, typed, array_buffer, error, add, count_to, iterator, array_like, set as make_set, disposable
from pyodide.ffi import to_js, create_proxy
from js import Promise
[[hasattr(x, "as_object_map"), hasattr(x, "as_py_json")] for x in (plain(), to_js([]), map(), make_set(), typed("Int8Array", []), array_buffer([]), error("Error", ""), add, count_to(1), iterator([]), array_like(), disposable(), Promise.new(lambda a, b: None))]

#% as_py_json
import json
from js import JSON
o = JSON.parse('{"a": [1, {"b": [true, null, "x"]}], "c": {"d": 1.5}}').as_py_json()
[o["a"][1]["b"][2], len(o["a"]), o["c"]["d"], [type(x).__name__ for x in o["a"]], o["a"][1]["b"][1], list(o), [list(x) for x in o["a"][1:]], str(o["a"][1:])]

#% as_py_json and the json module
import json
from js import JSON
from pyodide.ffi import JsProxy, JsArray, JsMap
def default(obj):
    if isinstance(obj, JsArray):
        return list(obj)
    if isinstance(obj, JsMap):
        return dict(obj)
    raise TypeError
text = '{"a":[1,{"b":[true,"x"]}],"c":{"d":1.5}}'
o = JSON.parse(text).as_py_json()
[json.dumps(o, default=default), JSON.stringify(o), o.to_py() == json.loads(text)]

#% as_py_json is kept by iteration, values, pop and slices
from js import JSON
o = JSON.parse('[[{"k": 1}], [{"k": 2}], [{"k": 3}]]').as_py_json()
[[x[0]["k"] for x in o], [x[0]["k"] for x in o[1:]], o.pop()[0]["k"], [x[0]["k"] for x in reversed(o)], next(iter(o))[0]["k"], (o + o)[3][0]["k"] if False else None]

#% as_py_json, values and items
from js import JSON
o = JSON.parse('{"x": {"k": 1}, "y": {"k": 2}}').as_py_json()
[[v["k"] for v in o.values()], [(k, v["k"]) for k, v in o.items()], o.get("x")["k"], o.pop("x")["k"], o.setdefault("y")["k"], o.popitem()[1]["k"], len(o)]

#% as_py_json, assignment
from js import JSON
from fixtures import inspect
o = JSON.parse('{"x": [1]}').as_py_json()
o["y"] = 2
o["x"][0] = "changed"
o["x"].append(5)
o.update(z=3)
[inspect(o), "x" in o, o.y, dict(o.items())["z"]]
