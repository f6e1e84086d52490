"""A cold boot with the answers that workerd gives, in the order in which workerd gives them.

The sequence is that of workerd's own start: what may seem superfluous here (a node, a reading of the clock, a call)
leaves its trace in the guest's memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.arguments import U32
from runtime_core.emscripten.boot import announce_trampoline, run_main
from runtime_core.emscripten.clock import SteppingClock
from runtime_core.emscripten.host import EmscriptenHost, HostServices
from runtime_core.guest import Guest
from runtime_core.worker.baseline import baseline_sources
from runtime_core.workerd.bootstrap import Bootstrap
from runtime_core.workerd.entropy import RationedFixedEntropy
from runtime_core.workerd.filesystem import add_support_files, make_tree, mount_packages, open_streams
from runtime_core.workerd.profile import ADD_LIBRARY_PATH, METADATA_DIRECTORY, WorkerdProfile
from runtime_core.workerd.source import SourceRunner
from schemas.errors import HostError

if TYPE_CHECKING:
    from runtime_core.engine.instance import GuestInstance

_FIND_ENTROPY_FLAG: Final = (
    "from _cloudflare.entropy_import_context import get_bad_entropy_flag;"
    "get_bad_entropy_flag();"
    "del get_bad_entropy_flag"
)
_BEFORE_TOP_LEVEL: Final = """
from _cloudflare.entropy_patches import before_top_level
before_top_level()
del before_top_level
"""
_DIGITS: Final = len(str(U32))
_EXTEND_SYS_PATH: Final = 'import sys; sys.path.append("{}"); sys.path.append("{}"); del sys'


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerdFiles:
    """What workerd contributes to a boot: the zip file of the standard library, and by name and in the order in which
    they are written the files of its ``_cloudflare`` package and of its SDK."""

    stdlib: bytes
    support: Mapping[str, bytes]
    sdk: Mapping[str, bytes]


class WorkerdGuest:
    """A guest that was started as workerd starts its own."""

    def __init__(self, instance: GuestInstance, profile: WorkerdProfile) -> None:
        self.profile = profile
        self.entropy = RationedFixedEntropy(profile.entropy_byte)
        services = HostServices(clock=SteppingClock(), entropy=self.entropy)
        emscripten = EmscriptenHost(services=services, environment=profile.environment)
        emscripten.runtime_name = profile.runtime_name
        self.guest = Guest(instance, emscripten)
        self.runner = SourceRunner(instance, emscripten)
        self.bootstrap = Bootstrap(self.guest.js, self.runner)

    def prepare(self, files: WorkerdFiles, *, trampoline_slot: int) -> None:
        """All that happens before the interpreter starts."""
        host = self.guest.emscripten
        make_tree(host, self.profile, files.stdlib)
        add_support_files(host, self.profile, files.support)
        mount_packages(host, self.profile)
        open_streams(host)
        announce_trampoline(self.guest.instance, trampoline_slot)

    def find_entropy_counter(self) -> None:
        """Ask the guest where the counter of rationed randomness is.

        Raises:
            HostError: it does not say.
        """
        text = self.runner.run(_FIND_ENTROPY_FLAG)
        if not text.isdecimal() or len(text) > _DIGITS or int(text) > U32:
            raise HostError(
                "the guest did not say where its entropy counter is", expected="an address", found=ascii(text)[:80]
            )
        self.entropy.bind(self.guest.instance.memory, int(text))

    def import_baseline(self) -> None:
        """Import what every baseline has imported."""
        for source in baseline_sources():
            self.runner.run(source)


def boot_workerd(
    instance: GuestInstance, profile: WorkerdProfile, files: WorkerdFiles, *, trampoline_slot: int
) -> WorkerdGuest:
    """Boot up to the point where workerd takes its baseline.

    Raises:
        HostError: the interpreter did not start, or guest code failed.
        FatalIsolateError: the guest trapped.
    """
    started = WorkerdGuest(instance, profile)
    started.prepare(files, trampoline_slot=trampoline_slot)
    instance.call("__wasm_call_ctors")
    status = run_main(instance)
    if status != 0:
        raise HostError("the interpreter did not start", expected=0, found=status)
    started.find_entropy_counter()
    started.runner.run(_BEFORE_TOP_LEVEL)
    started.runner.run(_EXTEND_SYS_PATH.format(METADATA_DIRECTORY, profile.session_site_packages))
    started.bootstrap.run(Bootstrap.register)
    started.runner.run(ADD_LIBRARY_PATH)
    started.import_baseline()
    return started
