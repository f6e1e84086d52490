"""Says which variable holds a JavaScript value, for errors of captures."""

import contextlib
import sys
import types

_DEPTH = 4
_LONGEST = 200


def locate(value, main):
    """The variable that holds ``value`` and its module, as two texts; None where none is found.

    The worker's module is looked at first, then the others, those that were imported last first.
    """
    if not hasattr(value, "js_id"):
        return None
    search = _Search(value.js_id)
    names = [name for name in reversed(sys.modules) if name not in ("js", "pyodide_js")]
    for name in sorted(names, key=lambda name: name != main):
        module = sys.modules[name]
        if isinstance(module, types.ModuleType):
            for variable, held in list(vars(module).items()):
                path = search.walk(held, str(variable), _DEPTH)
                if path is not None:
                    return [path[:_LONGEST], str(name)[:_LONGEST]]
    return None


class _Search:
    def __init__(self, wanted):
        self.wanted = wanted
        self.seen = {}

    def walk(self, held, path, depth):
        """The path to the value below an object, in the way it would be written; None where it is not there."""
        if type(held) in (str, bytes, int, float, bool, type(None)) or isinstance(held, types.ModuleType):
            return None
        if type(held).__module__ == "pyodide.ffi" or hasattr(type(held), "js_id"):
            return path if getattr(held, "js_id", None) == self.wanted else None
        if depth == 0 or self.seen.get(id(held), 0) >= depth:
            return None
        self.seen[id(held)] = depth
        for inner, part in _parts(held):
            found = self.walk(inner, path + part, depth - 1)
            if found is not None:
                return found
        return None


def _parts(held):
    """What an object holds, each with how it is reached."""
    if isinstance(held, dict):
        for key, inner in list(held.items()):
            yield inner, f"[{repr(key)[:40]}]"
    elif isinstance(held, list | tuple):
        for index, inner in enumerate(list(held)):
            yield inner, f"[{index}]"
    elif isinstance(held, set | frozenset):
        for inner in list(held):
            yield inner, "{...}"
    elif isinstance(held, types.FunctionType):
        for name, cell in zip(held.__code__.co_freevars, held.__closure__ or (), strict=False):
            with contextlib.suppress(ValueError):
                yield cell.cell_contents, f".<{name}>"
        for inner in held.__defaults__ or ():
            yield inner, ".<default>"
    else:
        try:
            members = list(vars(held).items())
        except TypeError:
            return
        for name, inner in members:
            yield inner, f".{name}"
