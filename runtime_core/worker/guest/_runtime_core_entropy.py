"""Guards on the random sources while a snapshot is made. Part of every snapshot; active only during a capture.

Whatever is drawn before the capture would be the same in every isolate that is restored from it. So the host denies
randomness to the top level of workers and packages, except for a ration that known imports need, and this module sees
to it that Python code meets an exception first: a denial in native code would end the build.
"""

import functools
import gc
import sys
import types
from array import array
from contextlib import contextmanager, nullcontext

EIO = 29
NO_ENTROPY = "Cannot get entropy outside of request context"

ration = array("b", [0])
"""How many calls of getentropy the host still lets through. The host finds this byte and counts it down."""


class State:
    """What changes. Kept in one place because a snapshot may be taken of it and built upon."""

    guarding = False
    finder = None
    seeded_by_system = None
    """ids of the generators whose state came from entropy; the others' states are the worker's own choice."""


def ration_address():
    """Where the host finds the ration."""
    return ration.buffer_info()[0]


# What may be drawn


def in_request_context():
    return not State.guarding


def is_bad_entropy_enabled():
    return ration[0] > 0


def should_allow_entropy_call():
    return not State.guarding or ration[0] > 0


def raise_unless_entropy_allowed():
    if not should_allow_entropy_call():
        raise OSError(EIO, NO_ENTROPY)


@contextmanager
def allow_up_to(count):
    """Let through ``count`` calls at most: for imports whose need depends on their version and on what came before."""
    before = ration[0]
    ration[0] = count
    try:
        yield
    finally:
        ration[0] = before


@contextmanager
def allow_bad_entropy_calls(count):
    """Let through ``count`` calls, all of which must be made."""
    with allow_up_to(count):
        yield
        if State.guarding and ration[0] > 0:
            raise RuntimeError(f"{ration[0]} unexpected leftover getentropy calls ")


# Stand-ins for functions, put into modules in place of the originals and taken out again before the capture. Some may
# stay behind where the worker stored them: they call the original when nothing is guarded.

_originals = {}
_blocks = {}


def stand_in(original, refuse):
    """A function that calls ``refuse`` first as long as the guards are on."""

    @functools.wraps(original)
    def guarded(*args, **kwargs):
        if State.guarding:
            refuse(*args, **kwargs)
        return original(*args, **kwargs)

    _originals[id(guarded)] = (guarded, original)
    return guarded


def _block(module, allowlist):
    for name, value in list(vars(module).items()):
        skip = name.startswith("_") or name in allowlist or id(value) in _originals
        if skip or not callable(value) or isinstance(value, type):
            continue  # classes are harmless: with a seed they draw nothing, without one they meet another guard
        setattr(module, name, stand_in(value, functools.partial(refuse_call, module.__name__, name)))


def refuse_call(module, name, *args, **kwargs):
    """What a guarded function of a module does."""
    raise RuntimeError(f"Cannot use {module}.{name}() outside of request context")


def block_calls(module, *, allowlist=()):
    """Refuse calls of the module's functions, except those listed, until the guards are taken off."""
    _blocks[module.__name__] = tuple(allowlist)
    if State.guarding:
        _block(module, allowlist)


def _replace_everywhere(choose):
    """Exchange values of all modules' variables: ``choose`` gives the new one, or None."""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if type(names) is dict:
            for name, value in list(names.items()):
                other = choose(value)
                if other is not None:
                    names[name] = other


def _original_of(value):
    entry = _originals.get(id(value))
    return entry[1] if entry is not None and entry[0] is value else None


# Imports


class Patch:
    """What surrounds the import of one module, and what follows.

    ``guard`` is called with the module when it has been imported and whenever guards are put on again later,
    ``release`` when they are taken off.
    """

    def __init__(self, create=None, execute=None, guard=None, release=None):
        self.create = create or nullcontext
        self.execute = execute or nullcontext
        self.guard = guard
        self.release = release
        self.after_snapshot = None
        self.before_first_request = None


patches = {}
_after_snapshot = []
_before_first_request = []


def _register(what, name, value):
    if value is None:
        return functools.partial(_register, what, name)
    setattr(patches.setdefault(name, Patch()), what, value)
    return value


def register_create_patch(name, context_manager=None):
    """Surround the creation of a module with a context manager, which is called with its spec."""
    return _register("create", name, context_manager)


def register_exec_patch(name, context_manager=None):
    """Surround the execution of a module with a context manager, which is called with it."""
    if context_manager is not None and name in patches:
        patches[name].guard = patches[name].release = None  # whoever replaces one part replaces all
    return _register("execute", name, context_manager)


def register_after_snapshot(name, handler=None):
    """Have a function called with the module when the top level has run: it raises if the state is not fit."""
    return _register("after_snapshot", name, handler)


def register_before_first_request(name, handler=None):
    """Have a function called with the module in every restored isolate before anything else runs there."""
    return _register("before_first_request", name, handler)


class _Loader:
    """Loads a module inside its patch, then leaves no trace of itself."""

    def __init__(self, loader, patch):
        self._loader = loader
        self._patch = patch

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        create = getattr(self._loader, "create_module", None)
        with self._patch.create(spec):
            return None if create is None else create(spec)

    def exec_module(self, module):
        patch = self._patch
        module.__spec__.loader = module.__loader__ = self._loader
        with patch.execute(module):
            self._loader.exec_module(module)
        if patch.guard is not None:
            patch.guard(module)
        if patch.after_snapshot is not None:
            _after_snapshot.append(functools.partial(patch.after_snapshot, module))
        if patch.before_first_request is not None:
            _before_first_request.append(functools.partial(patch.before_first_request, module))


class PatchFinder:
    """First on ``sys.meta_path``: finds what the others find, for the modules that have a patch."""

    def find_spec(self, name, path=None, target=None):
        patch = patches.get(name)
        if patch is None:
            return None
        for finder in sys.meta_path:
            find = None if isinstance(finder, PatchFinder) else getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, patch)
                return spec
        return None


# What the host calls


def begin():
    """Put the guards on."""
    import _random
    import posix

    if State.guarding:
        raise RuntimeError("the guards on entropy are on")
    if State.seeded_by_system is None:
        State.seeded_by_system = {id(it) for it in gc.get_objects() if issubclass(type(it), _random.Random)}
    State.guarding = True
    State.finder = PatchFinder()
    sys.meta_path.insert(0, State.finder)
    urandom = posix.urandom
    guarded = stand_in(urandom, lambda *args: raise_unless_entropy_allowed())
    _replace_everywhere(lambda value: guarded if value is urandom else None)
    for name, patch in patches.items():
        module = sys.modules.get(name)
        if module is not None and patch.guard is not None:
            patch.guard(module)
    for name, allowlist in _blocks.items():
        if name in sys.modules:
            _block(sys.modules[name], allowlist)


def end():
    """Take the guards off; returns what of random state there is for each isolate to replace.

    Raises RuntimeError if something was drawn all the same.
    """
    gc.collect()  # finalizers run now, guarded, and not when the host makes the heap ready for the capture
    State.guarding = False
    if State.finder in sys.meta_path:
        sys.meta_path.remove(State.finder)
    State.finder = None
    ration[0] = 0
    _replace_everywhere(_original_of)
    handlers, _after_snapshot[:] = _after_snapshot[:], []
    for name, patch in patches.items():
        module = sys.modules.get(name)
        if module is not None and patch.release is not None:
            patch.release(module)
    for handler in handlers:
        handler()
    _originals.clear()
    return [_python_generators(), _numpy_generators(), len(_before_first_request)]


def before_first_request():
    """Run what packages registered for this, in a restored isolate."""
    handlers, _before_first_request[:] = _before_first_request[:], []
    for handler in handlers:
        handler()


def _python_generators():
    """Mersenne Twisters seeded by entropy, as ``[address, 624 state words and the index]``."""
    import _random

    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        # The name sequence has a generator of its own; a new one is made, and seeded, at the next use.
        tempfile._name_sequence = None
    found = []
    gc.unfreeze()  # what an earlier capture froze is not listed
    for candidate in gc.get_objects():
        # By its type: objects that stand for others, and load them when they are asked for their class, are left alone.
        if issubclass(type(candidate), _random.Random) and id(candidate) in State.seeded_by_system:
            if getattr(candidate, "gauss_next", None) is not None:
                candidate.gauss_next = None
            found.append([id(candidate), list(_random.Random.getstate(candidate))])
    State.seeded_by_system = {address for address, _ in found}
    return found


def _numpy_generators():
    """numpy's global generator, as ``[address of its capsule, 624 state words and the index]``."""
    module = sys.modules.get("numpy.random.mtrand")
    generator = getattr(module, "_rand", None)
    if generator is None:
        return []
    generator.seed(0)  # forgets the seed sequence, whose children would be the same everywhere
    state = generator.get_state(legacy=False)["state"]
    return [[id(generator._bit_generator.capsule), [*state["key"].tolist(), int(state["pos"])]]]


def _publish():
    """Give packages the names that workerd's runtime has for this; workers-runtime-sdk registers patches with them."""
    package = types.ModuleType("_cloudflare", "The runtime's interface for packages that draw entropy when imported.")
    package.__path__ = []
    offered = {
        "allow_entropy": (
            allow_bad_entropy_calls,
            in_request_context,
            is_bad_entropy_enabled,
            raise_unless_entropy_allowed,
            should_allow_entropy_call,
        ),
        "import_patch_manager": (
            block_calls,
            register_after_snapshot,
            register_before_first_request,
            register_create_patch,
            register_exec_patch,
            PatchFinder,
        ),
    }
    sys.modules["_cloudflare"] = package
    for name, functions in offered.items():
        module = types.ModuleType(f"_cloudflare.{name}")
        for function in functions:
            setattr(module, function.__name__, function)
        setattr(package, name, module)
        sys.modules[module.__name__] = module


_publish()
