"""Says which variable holds a JavaScript value, for errors of captures.

Values are looked at by what they are, not by what they say: no class is asked for attributes that it answers itself.
"""

import contextlib
import contextvars
import gc
import sys
import types
from collections import deque

_LONGEST = 200
_MOST = 1 << 19
"""How many objects are looked at."""
_ATOMS = frozenset((str, bytes, int, float, bool, type(None), type(...), types.ModuleType, types.CodeType))
_OWN = frozenset(("js", "pyodide_js", __name__))


def locate(is_wanted, main):
    """The variable that holds a value and its module, as two texts; None where none is found.

    ``is_wanted`` tells of a JavaScript value whether it is the one. The worker's module is looked at first, then the
    others, those that were imported last first.
    """
    names = [name for name in reversed(sys.modules) if name not in _OWN]
    modules = [(name, sys.modules[name]) for name in sorted(names, key=lambda name: name != main)]
    modules = [(name, vars(module)) for name, module in modules if issubclass(type(module), types.ModuleType)]
    # What is found by way of another module's variables is that module's.
    seen = {id(namespace) for _, namespace in modules}
    seen.update((id(sys.modules), id(seen), id(modules), id(names)))
    for name, namespace in modules:
        held = [(value, str(variable)) for variable, value in list(namespace.items())]
        path = _search(is_wanted, held, seen)
        if path is not None:
            return [path[:_LONGEST], str(name)[:_LONGEST]]
    return None


def _search(is_wanted, held, seen):
    """The shortest path to the value from some variables, in the way it would be written."""
    queue = deque(held)
    while queue and len(seen) < _MOST:
        value, path = queue.popleft()
        if type(value) in _ATOMS or id(value) in seen:
            continue
        seen.add(id(value))
        if _is_javascript(type(value)) and is_wanted(value):
            return path
        if len(path) < 2 * _LONGEST:
            queue.extend((inner, path + part) for inner, part in _parts(value))
    return None


def _is_javascript(kind):
    try:
        return type.__getattribute__(kind, "js_id") is not None
    except AttributeError:
        return False


def _parts(held):
    """What an object holds, each with how it is reached: first what has a name, then all the rest."""
    kind = type(held)
    if issubclass(kind, dict):
        for key, inner in list(dict.items(held)):
            yield inner, f"[{key!r:.40}]" if type(key) in _ATOMS else f"[<{_name(type(key))}>]"
    elif issubclass(kind, list | tuple):
        for index, inner in enumerate(list((list if issubclass(kind, list) else tuple).__iter__(held))):
            yield inner, f"[{index}]"
    elif kind in _PARTS:
        yield from _PARTS[kind](held)
    else:
        for name, inner in _attributes(held, kind):
            yield inner, f".{name}"
    for inner in gc.get_referents(held):
        if not issubclass(type(inner), type) or kind not in (type, inner):
            yield inner, f".<{_name(type(inner))}>"


def _name(kind):
    return type.__getattribute__(kind, "__name__")


def _parts_of_function(function):
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        with contextlib.suppress(ValueError):
            yield cell.cell_contents, f".<{name}>"
    for inner in function.__defaults__ or ():
        yield inner, ".<default>"


def _parts_of_frame(frame):
    for name, inner in list(frame.f_locals.items()) if frame is not None else ():
        yield inner, f".<{name}>"


def _parts_of_variable(variable):
    with contextlib.suppress(LookupError):
        yield variable.get(), ".<value>"


_PARTS = {
    types.FunctionType: _parts_of_function,
    types.FrameType: _parts_of_frame,
    types.GeneratorType: lambda it: _parts_of_frame(it.gi_frame),
    types.CoroutineType: lambda it: _parts_of_frame(it.cr_frame),
    types.AsyncGeneratorType: lambda it: _parts_of_frame(it.ag_frame),
    contextvars.ContextVar: _parts_of_variable,
}


def _attributes(held, kind):
    """Attributes of an object or a class, those in slots too."""
    names = {}
    with contextlib.suppress(Exception):
        if issubclass(kind, type):
            return list(type.__dict__["__dict__"].__get__(held).items())
        names.update(object.__getattribute__(held, "__dict__"))
    for owner in type.__dict__["__mro__"].__get__(kind):
        for name, member in type.__dict__["__dict__"].__get__(owner).items():
            if type(member) is types.MemberDescriptorType and owner is not object:
                with contextlib.suppress(Exception):
                    names.setdefault(name, member.__get__(held))
    return list(names.items())
