"""A real guest with host modules, for tests of the interface between Python and JavaScript."""

from __future__ import annotations

from collections.abc import Mapping

from runtime_core.emscripten.host import HostServices, StandardStreams
from runtime_core.engine.limits import Limits
from runtime_core.guest import Guest
from runtime_core.js.host import JsHost
from tests.support import releases


class FfiGuest:
    """A restored guest; ``js`` is its JavaScript side. Close it."""

    def __init__(self, modules: Mapping[str, Mapping[str, object]] | None = None) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        streams = StandardStreams(write_stdout=self.stdout.extend, write_stderr=self.stderr.extend, are_terminals=False)
        booted = releases.runtime().boot(services=HostServices(streams=streams), limits=Limits())
        self.guest: Guest = booted[0] if isinstance(booted, tuple) else booted
        self.js: JsHost = self.guest.js
        for name, members in (modules or {}).items():
            self.js.add_module(name, members)

    def run(self, source: str) -> object:
        """Run source code; the value of a last expression."""
        return self.js.run(source)

    def settle(self) -> None:
        """Collect garbage on both sides until nothing more goes."""
        self.run("import gc, sys; sys.last_exc = None; gc.collect()")
        self.js.collect()
        self.run("gc.collect()")
        self.js.collect()

    def references(self) -> int:
        """How many counted references to JavaScript values the guest holds."""
        return int(self.js.guest.hiwire_num_refs())

    def close(self) -> None:
        """Drop the guest."""
        self.guest.close()
