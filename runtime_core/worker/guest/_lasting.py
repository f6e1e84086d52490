"""Which of the guest's objects may live for ever. Run before a capture, as a module that nobody keeps.

None of the worker's own code runs here: no attribute is asked for that a class or a module may answer itself.
"""

import gc
import re
import sys
import types
import weakref

ATOMS = frozenset(
    (
        str,
        bytes,
        int,
        float,
        complex,
        types.CodeType,
        types.BuiltinFunctionType,
        types.MethodDescriptorType,
        types.WrapperDescriptorType,
        types.MethodWrapperType,
        types.GetSetDescriptorType,
        types.MemberDescriptorType,
        types.ClassMethodDescriptorType,
        types.ModuleType,
        property,
        staticmethod,
        classmethod,
        re.Pattern,
    )
)

candidates = []

HOLDERS = frozenset((types.FunctionType, types.ModuleType))
HOLDINGS = frozenset((dict, tuple, types.CellType, weakref.ref))


def is_class(value):
    return issubclass(type(value), type)  # isinstance() would ask objects that pretend


def is_lasting(value):
    """Whether nothing tells when an object dies: it holds nothing that could be missed."""
    kind = type(value)
    if kind in ATOMS or is_class(value):
        return True
    if kind is types.FunctionType:
        return value.__closure__ is None or all(map(is_plain_cell, value.__closure__))
    return kind is tuple and not gc.is_tracked(value)  # of atoms only


def is_plain_cell(cell):
    try:
        value = cell.cell_contents
    except ValueError:
        return False
    return is_class(value) or (type(value) is types.FunctionType and value.__closure__ is None)


def parts_of_code(code):
    """A code object's parts: the garbage collector does not know them."""
    yield from (code.co_consts, code.co_names, code.co_filename, code.co_name, code.co_qualname)
    yield from (code.co_linetable, code.co_exceptiontable)
    yield from code.co_names
    for constant in code.co_consts:
        yield constant
        if type(constant) is types.CodeType:
            yield from parts_of_code(constant)


def parts_of_holder(holder):
    """What goes with a class, a function or a module: where each keeps what it has."""
    for referent in gc.get_referents(holder):
        if type(referent) in HOLDINGS:
            yield referent
    if type(holder) is types.ModuleType:
        yield holder.__dict__.get("__spec__")


def note(value, found):
    """Put a value's address and those of its parts behind the others, if it is lasting."""
    if not is_lasting(value):
        return
    add(value, found)
    if type(value) is types.CodeType:
        parts = filter(is_lasting, parts_of_code(value))
    elif type(value) in HOLDERS or is_class(value):
        parts = parts_of_holder(value)
    else:
        return
    for part in parts:
        add(part, found)


def add(value, found):
    found.extend(id(value).to_bytes(4, "big"))


def lasting(first, count):
    """The addresses of lasting objects among some of the collector's objects and what they refer to, in hexadecimal;
    None behind the last. What a snapshot below this one made immortal was looked at then.
    """
    if first == 0:
        gc.collect()  # what is garbage by now must not live for ever
        candidates.extend(item for item in gc.get_objects() if not sys._is_immortal(item))
    batch = candidates[first : first + count]
    if not batch:
        candidates.clear()
        return None
    found = bytearray()

    for candidate in batch:
        note(candidate, found)
        for referent in gc.get_referents(candidate):
            if not sys._is_immortal(referent) and not gc.is_tracked(referent):
                note(referent, found)
        if type(candidate) is dict:
            for key in candidate:
                if not sys._is_immortal(key) and not gc.is_tracked(key):
                    note(key, found)
    return found.hex()
