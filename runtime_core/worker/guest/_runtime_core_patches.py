"""Modules that draw entropy when they are imported, or hand out what was drawn then. Imported by the host, once."""

import functools
import importlib.abc
import sys
from contextlib import contextmanager

from _runtime_core_entropy import (
    Patch,
    State,
    allow_bad_entropy_calls,
    allow_up_to,
    block_calls,
    patches,
    raise_unless_entropy_allowed,
    refuse_call,
    stand_in,
)

# The standard library


class _Kept:
    """Things of the guarded modules, from when the guards were put on."""

    random_state = None
    numpy_state = None
    seed = None
    names = None


def _import_random(module):
    return allow_bad_entropy_calls(10)  # one Mersenne Twister, 256 bytes at a time


def _guard_random(module):
    _Kept.random_state = module._inst.getstate()
    block_calls(module, allowlist=("Random", "SystemRandom"))


def _release_random(module):
    if module._inst.getstate() != _Kept.random_state:
        raise RuntimeError("random seed in bad state")


def _guard_seed(module):
    """Refuse to seed without a seed, and remember who was seeded how."""
    original = _Kept.seed = module.Random.seed

    @functools.wraps(original)
    def seed(self, a=None):
        if a is None:
            raise_unless_entropy_allowed()
            State.seeded_by_system.add(id(self))
        else:
            State.seeded_by_system.discard(id(self))
        return original(self, a)

    module.Random.seed = seed


def _release_seed(module):
    module.Random.seed = _Kept.seed


class _Names:
    """File names that need no entropy: eight characters, which count in base 37 from 1, the lowest digit first."""

    characters = "abcdefghijklmnopqrstuvwxyz0123456789_"

    def __init__(self):
        self.index = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.index = rest = self.index + 1
        name = ""
        for _ in range(8):
            rest, digit = divmod(rest, len(self.characters))
            name += self.characters[digit]
        return name


def _guard_tempfile(module):
    _Kept.names = module._RandomNameSequence
    module._RandomNameSequence = _Names
    module._name_sequence = None


def _release_tempfile(module):
    module._RandomNameSequence = _Kept.names
    module._name_sequence = None


def _guard_uuid(module):
    """Refuse to make up a hardware address: ``getnode`` takes every exception of what it asks for a missing answer."""
    module.getnode = stand_in(module.getnode, functools.partial(refuse_call, "uuid", "getnode"))


# Packages


def _calls(count):
    """A context for an import that needs up to so many calls: hash seeds, keys that only have to differ from others."""
    return lambda module: allow_up_to(count)


@contextmanager
def _import_pydantic_core(module):
    with allow_up_to(1):
        yield
    # Its hash maps take their seed when the first is made: make one now.
    with allow_up_to(1):
        module.SchemaValidator({"type": "any"})


def _numpy_state(module):
    state = module._rand.get_state(legacy=False)
    inner = state["state"]
    return inner["key"].tobytes(), int(inner["pos"]), state["has_gauss"], state["gauss"]


def _guard_numpy_mtrand(module):
    _Kept.numpy_state = _numpy_state(module)
    block_calls(module, allowlist=("RandomState",))


def _release_numpy_mtrand(module):
    if _numpy_state(module) != _Kept.numpy_state:
        raise RuntimeError("random seed in bad state")


def _guard_numpy_random(module):
    block_calls(module, allowlist=("default_rng", "RandomState"))


class _NoSsl(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "ssl":
            raise ModuleNotFoundError("No module named 'ssl'", name=name)
        return


@contextmanager
def _without_ssl(module):
    """Some packages make an SSL context when imported, which seeds OpenSSL; without ssl they do without."""
    finder = _NoSsl()
    sys.meta_path.insert(0, finder)
    ssl = sys.modules.pop("ssl", None)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if ssl is not None:
            sys.modules["ssl"] = ssl


_ONE_CALL = (
    "cryptography.exceptions",
    "fastapi.telemetry",
    "jiter",
    "langchain_openai.chat_models.base",
    "langsmith._internal._constants",
    "litestar.constants",
    "litestar.openapi.controller",
    "multiprocessing.process",
    "opentelemetry.baggage",
    "opentelemetry.trace.propagation",
    "rpds",
    "uuid_utils._uuid_utils",
)

patches.update(
    {
        "_random": Patch(guard=_guard_seed, release=_release_seed),
        "random": Patch(execute=_import_random, guard=_guard_random, release=_release_random),
        "tempfile": Patch(guard=_guard_tempfile, release=_release_tempfile),
        "uuid": Patch(guard=_guard_uuid),
        "tiktoken._tiktoken": Patch(create=_calls(1)),
        "opentelemetry.context": Patch(execute=_calls(3)),
        "numpy.random": Patch(guard=_guard_numpy_random),
        "numpy.random.mtrand": Patch(execute=_calls(1), guard=_guard_numpy_mtrand, release=_release_numpy_mtrand),
        "pydantic_core": Patch(execute=_import_pydantic_core),
        # A generator of its own, which counts as seeded by the system: every isolate gives it new state.
        "aiohttp.http_websocket": Patch(execute=_calls(10)),
        "aiohttp._websocket.writer": Patch(execute=_calls(10)),
        "aiohttp.connector": Patch(execute=_without_ssl),
        "requests.adapters": Patch(execute=_without_ssl),
        "urllib3.util.ssl_": Patch(execute=_without_ssl),
    }
)
patches.update({name: Patch(execute=_calls(1)) for name in _ONE_CALL})
