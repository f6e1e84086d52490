"""Loading a worker's main module, and what a snapshot records of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runtime_core.guest import Guest
from runtime_core.worker.support import Support
from schemas.errors import RestoreError

_MAX_MODULES = 1024


def load_worker(guest: Guest, support: Support, module: str) -> str:
    """Import the worker's main module by its own name, which runs its top level; returns the name.

    Raises:
        PythonError: it raised.
    """
    guest.js.call(support.load, (module, True))
    return module


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerState:
    """What a snapshot says of the worker in it: its main module, and the host modules that must be there again."""

    main: str | None = None
    modules: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> WorkerState:
        """Read it from the worker part of a snapshot's state.

        Raises:
            RestoreError: it is not what :meth:`to_json` makes.
        """
        main, modules = document.get("main"), document.get("modules", [])
        # As a bundle has it: an import by name takes more than identifiers.
        if main is not None and not (isinstance(main, str) and main and not set(main) & set("./\0")):
            raise RestoreError("the snapshot's main module", expected="the name of a module", found=repr(main)[:80])
        if not isinstance(modules, list) or len(modules) > _MAX_MODULES:
            raise RestoreError("the snapshot's host modules", expected="a list of names", found=repr(modules)[:80])
        names = tuple(name for name in modules if isinstance(name, str))
        if len(names) != len(modules):
            raise RestoreError("the snapshot's host modules", expected="a list of names", found=repr(modules)[:80])
        return cls(main=main, modules=names)

    def to_json(self) -> dict[str, object]:
        """For the worker part of a snapshot's state; leaves out what there is not."""
        document: dict[str, object] = {}
        if self.main is not None:
            document["main"] = self.main
        if self.modules:
            document["modules"] = list(self.modules)
        return document

    def check_modules(self, offered: Mapping[str, object]) -> None:
        """Refuse a boot without the host modules that the snapshot refers to.

        Raises:
            RestoreError: with the missing names.
        """
        missing = [name for name in self.modules if name not in offered]
        if missing:
            raise RestoreError(
                "the snapshot refers to host modules that are not offered",
                expected=", ".join(self.modules),
                found=f"no {', '.join(missing)}",
                hint="name them in IsolateOptions.modules",
            )
