"""How a release was built, as its manifest's provenance says it: enough to build it again from its own artifacts.

The flags are those of the build commands, layer by layer: the baseline's first, then ``--on TYPE`` before what each
further snapshot added to the one below. ``--packages`` and ``--worker`` stand without a value: the package set and the
worker's files are artifacts of the release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from schemas.errors import FormatError

_ON: Final = "--on"
_PACKAGES: Final = "--packages"
_NO_LINK: Final = "--no-link"
_WORKER: Final = "--worker"
_IMPORT: Final = "--import"
_MODULE: Final = "--host-module"
IMPORTED: Final = "--workerd-snapshot"
"""With the digest of a file of another runtime that the snapshot was made of; the file is no part of the release."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """What one capture added. ``on`` is the type of the snapshot below; empty for the baseline, which has none.

    A baseline's ``worker`` is one whose native libraries are linked into the code image; its files are not there yet.
    """

    on: str = ""
    packages: bool = False
    link: bool = True
    imports: tuple[str, ...] = ()
    worker: bool = False
    modules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def flags(self) -> tuple[str, ...]:
        """The layer in a manifest's provenance."""
        return (
            *((f"{_ON} {self.on}",) if self.on else ()),
            *((_PACKAGES,) if self.packages else ()),
            *(() if self.link else (_NO_LINK,)),
            *(f"{_IMPORT} {name}" for name in self.imports),
            *((_WORKER,) if self.worker else ()),
            *(f"{_MODULE} {name}:{','.join(members)}" for name, members in self.modules.items()),
        )


def read_layers(flags: Sequence[str]) -> tuple[Layer, ...]:
    """The layers of a release, the baseline first.

    Raises:
        FormatError: a flag is none that :meth:`Layer.flags` gives.
    """
    groups: list[list[str]] = [[]]
    for flag in flags:
        if flag.startswith(f"{_ON} "):
            groups.append([])
        groups[-1].append(flag)
    return tuple(_layer(group) for group in groups)


def _layer(flags: Sequence[str]) -> Layer:
    on = ""
    switches: set[str] = set()
    imports: list[str] = []
    modules: dict[str, tuple[str, ...]] = {}
    for flag in flags:
        name, _, value = flag.partition(" ")
        if name in {_PACKAGES, _NO_LINK, _WORKER} and not value:
            switches.add(name)
        elif name == _ON and value:
            on = value
        elif name == _IMPORT and value:
            imports.append(value)
        elif name == _MODULE and ":" in value:
            module, _, members = value.partition(":")
            modules[module] = tuple(member for member in members.split(",") if member)
        elif name == IMPORTED:
            raise FormatError(
                "the release was made of a snapshot file of workerd's, which is no part of it",
                found=value[:80],
                hint="import that file again and compare the digests",
            )
        else:
            raise FormatError(
                "the manifest's provenance has an unknown flag",
                found=repr(flag)[:80],
                hint="use the version of this program that built the release",
            )
    return Layer(
        on=on,
        packages=_PACKAGES in switches,
        link=_NO_LINK not in switches,
        imports=tuple(imports),
        worker=_WORKER in switches,
        modules=modules,
    )
