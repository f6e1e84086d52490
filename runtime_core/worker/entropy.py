"""No randomness in snapshots: guards while one is made, and new random state for each isolate restored from it.

While packages and the top level of a worker run in a build, the host denies entropy except for a ration
(:class:`~runtime_core.emscripten.entropy.RationedEntropy`), and modules in the guest (``_runtime_core_entropy`` and
``_runtime_core_patches``) raise exceptions before it comes to that. They are taken off before the capture.
What random state is left is recorded, so that a restore can replace it: the host writes it, or, for what packages
registered themselves, the guest runs their handlers.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from runtime_core.emscripten.boot import run_simple_string
from runtime_core.emscripten.entropy import EntropySource, RationedEntropy
from runtime_core.guest import Guest
from runtime_core.js.pyproxy import PyProxy, restored_proxy
from runtime_core.worker.randomness import Generators
from schemas.errors import CaptureError, EntropyDeniedError, FatalIsolateError, HostError, PythonError, RestoreError

ENTROPY_MODULES: Final = ("_runtime_core_entropy", "_runtime_core_patches")
_FUNCTIONS: Final = ("begin", "end", "before_first_request", "ration_address")
_U32_END: Final = 1 << 32


class EntropyGuards:
    """Guards on a guest that is about to run the top level of a worker or to import packages. Use with ``with``.

    >>> with EntropyGuards.install(guest) as guards:
    ...     run_the_top_level()
    ...     reseeding = guards.remove()
    """

    def __init__(self, guest: Guest, functions: Mapping[str, PyProxy], source: EntropySource) -> None:
        self._guest = guest
        self._functions = functions
        self._source = source

    @classmethod
    def install(cls, guest: Guest) -> EntropyGuards:
        """Put the guards on. The guest has the support modules already.

        Raises:
            HostError: they do not work; the message holds the guest's traceback.
        """
        functions = _find_functions(guest)
        emscripten = guest.emscripten
        source = emscripten.entropy
        address = guest.js.call(functions["ration_address"])
        if not isinstance(address, int):
            raise HostError("the entropy guards are not as expected", expected="an address", found=repr(address))
        guest.js.call(functions["begin"])
        emscripten.use_entropy(RationedEntropy(source, guest.instance.memory, address))
        return cls(guest, functions, source)

    def remove(self) -> Reseeding:
        """Take the guards off; returns what each isolate must do.

        Raises:
            CaptureError: random numbers were drawn all the same, or a generator is not laid out as expected.
        """
        guest, functions = self._guest, self._functions
        guest.emscripten.use_entropy(self._source)
        try:
            found = guest.js.call(functions["end"])
        except PythonError as error:
            raise CaptureError(
                f"the random state is not fit for a snapshot: {error.message}", hint=_DRAWN_HINT
            ) from error
        if not isinstance(found, list) or len(found) != 3:
            raise CaptureError("the guest's random generators", expected="three lists", found=repr(found)[:80])
        python, numpy, handlers = found
        generators = Generators.check(guest.instance.memory, python, numpy)
        handler = functions["before_first_request"]
        taken = (handler.pointer, handler.shared.flags) if handlers else None
        for name, function in functions.items():
            if taken is None or name != "before_first_request":
                function.destroy()
        return Reseeding(generators=generators, handler=taken)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, FatalIsolateError) and isinstance(error.__cause__, EntropyDeniedError):
            raise copy.copy(error.__cause__) from error  # a copy, or it would be its own cause's cause


_DRAWN_HINT: Final = "draw random numbers in functions that requests call, not at the top level"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reseeding:
    """What a restore does about random state.

    ``handler`` is the guest's function that runs what packages registered, as pointer and flags of a reference that the
    snapshot holds; None if nothing was registered.
    """

    generators: Generators
    handler: tuple[int, int] | None = None

    def to_json(self) -> dict[str, object]:
        """For the snapshot's state."""
        return {
            "generators": self.generators.to_json(),
            "handler": None if self.handler is None else list(self.handler),
        }

    @classmethod
    def from_json(cls, document: object) -> Reseeding:
        """Read what a snapshot records.

        Raises:
            RestoreError: not such a document.
        """
        if not isinstance(document, Mapping):
            raise RestoreError("the snapshot's entropy", expected="an object", found=repr(document)[:80])
        generators = Generators.from_json(document.get("generators"))
        handler = document.get("handler")
        if handler is None:
            return cls(generators=generators)
        if isinstance(handler, list) and len(handler) == 2 and all(map(_is_u32, handler)) and handler[0]:
            return cls(generators=generators, handler=(handler[0], handler[1]))
        raise RestoreError("the snapshot's entropy handler", expected="[pointer, flags]", found=repr(handler)[:80])

    def apply(self, guest: Guest) -> None:
        """Give a restored guest random state of its own, before anything else runs in it.

        Raises:
            RestoreError: an address is outside of memory.
            PythonError: a package's handler raised.
        """
        self.generators.reseed(guest.instance.memory, guest.emscripten.entropy)
        if self.handler is not None:
            pointer, flags = self.handler
            function = restored_proxy(guest.js, pointer, flags, what="the entropy handler")
            guest.js.call(function)
            function.destroy()


def _is_u32(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _U32_END


def _find_functions(guest: Guest) -> dict[str, PyProxy]:
    aliases = {name: f"_entropy_{name}" for name in _FUNCTIONS}
    module, patches = ENTROPY_MODULES
    imported = ", ".join(f"{name} as {alias}" for name, alias in aliases.items())
    source = f"import {patches}\nfrom {module} import {imported}\ndel {patches}"
    run_simple_string(guest.instance, guest.emscripten, source)
    found: dict[str, PyProxy] = {}
    for name, alias in aliases.items():
        function = guest.js.get_global(alias)
        if not isinstance(function, PyProxy):
            raise HostError("the entropy guards are not as expected", expected="a function", found=repr(function))
        found[name] = function
    run_simple_string(guest.instance, guest.emscripten, f"del {', '.join(aliases.values())}")
    return found
