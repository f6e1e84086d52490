#% members of the namespaces
import js

{name: sorted(js.Object.getOwnPropertyNames(getattr(js, name))) for name in ["Math", "JSON", "Reflect"]}

#% static members of the constructors of primitives
import js

{name: sorted(js.Object.getOwnPropertyNames(getattr(js, name))) for name in ["Number", "String", "Boolean", "BigInt", "Symbol"]}

#% static members of the constructors of objects
import js

names = ["Object", "Array", "Function", "Date", "Map", "Set", "Proxy", "Iterator"]
{name: sorted(js.Object.getOwnPropertyNames(getattr(js, name))) for name in names}

#% static members of the constructors of weak collections
import js

names = ["WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry"]
{name: sorted(js.Object.getOwnPropertyNames(getattr(js, name))) for name in names}

#% methods of primitives
import js

names = ["Number", "String", "Boolean", "BigInt", "Symbol"]
{name: sorted(js.Object.getOwnPropertyNames(getattr(js, name).prototype)) for name in names}

#% methods of Object, Array and Function
import js

{name: sorted(js.Object.getOwnPropertyNames(getattr(js, name).prototype)) for name in ["Object", "Array", "Function"]}

#% methods of Date and RegExp
import js

{name: sorted(js.Object.getOwnPropertyNames(getattr(js, name).prototype)) for name in ["Date", "RegExp"]}

#% methods of collections
import js

names = ["Map", "Set", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry", "Iterator"]
{name: sorted(js.Object.getOwnPropertyNames(getattr(js, name).prototype)) for name in names}

#% members of URL and URLSearchParams
import js

{name: sorted(js.Object.getOwnPropertyNames(getattr(js, name).prototype)) for name in ["URL", "URLSearchParams"]}

#% functions of the global object
import js

names = "decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval isFinite isNaN parseFloat parseInt unescape"
[(name, getattr(js, name).name, getattr(js, name).length) for name in names.split()]

#% lengths of methods of String
import js

found = js.String.prototype
{
    name: js.Reflect.get(found, name).length
    for name in sorted(js.Object.getOwnPropertyNames(found))
    if name not in ("length", "constructor")
}

#% lengths of methods of Array
import js

found = js.Array.prototype
{
    name: js.Reflect.get(found, name).length
    for name in sorted(js.Object.getOwnPropertyNames(found))
    if name not in ("length", "constructor")
}

#% lengths of static functions
import js

{
    (owner, name): js.Reflect.get(getattr(js, owner), name).length
    for owner in ["Object", "Math", "Reflect", "JSON", "Number", "String", "Date", "BigInt", "Symbol", "Array"]
    for name in sorted(js.Object.getOwnPropertyNames(getattr(js, owner)))
    if js.Function.prototype.isPrototypeOf(js.Reflect.get(getattr(js, owner), name))
}

#% lengths of methods of Date, Number and collections
import js

{
    (owner, name): js.Reflect.get(getattr(js, owner).prototype, name).length
    for owner in ["Date", "Number", "Map", "Set", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry"]
    for name in sorted(js.Object.getOwnPropertyNames(getattr(js, owner).prototype))
    if name not in ("size", "constructor")
}

#% lengths and names of constructors
import js

names = """Object Function Array Number Boolean String Symbol Date Promise RegExp Error Map Set WeakMap WeakSet WeakRef
FinalizationRegistry Proxy BigInt URL URLSearchParams Iterator"""
[(name, getattr(js, name).name, getattr(js, name).length) for name in names.split()]
