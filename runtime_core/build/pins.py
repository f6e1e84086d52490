"""What release builds take from outside, pinned by digest. Data only.

The sha512 values are the ``integrity`` fields that the npm registry publishes for the packages; the sha256 values
name the same bytes in this project's own form. To support another Pyodide version, add an entry here and an ABI
profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from schemas.digest import Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class FilePin:
    """One file: its digest and its size in bytes."""

    digest: Digest
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PackagePin:
    """An npm package of one version, and the members of it that are used.

    ``integrity`` is the subresource-integrity form ``sha512-<base64>`` of the tarball, ``digest`` its sha256.
    ``members`` maps the path below the tarball's ``package/`` directory to what that file must be.
    """

    name: str
    version: str
    integrity: str
    digest: Digest
    members: Mapping[str, FilePin]

    @property
    def spec(self) -> str:
        """The package as npm names it, ``name@version``."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class UpstreamPin:
    """A supported Pyodide version: its npm package and what the exception translation must make of its module."""

    package: PackagePin
    translated: FilePin


MAIN_MODULE: Final = "pyodide.asm.wasm"
STDLIB: Final = "python_stdlib.zip"
LOCK_FILE: Final = "pyodide-lock.json"


def _pin(sha256: str, size: int) -> FilePin:
    return FilePin(digest=Digest(sha256), size=size)


DEFAULT_VERSION: Final = "314.0.5"

UPSTREAMS: Final[Mapping[str, UpstreamPin]] = MappingProxyType(
    {
        "314.0.5": UpstreamPin(
            package=PackagePin(
                name="pyodide",
                version="314.0.5",
                integrity="sha512-Dl5rvbSMQP0hC3Yp61F+lr4o1vwrWZpapmJajt4KTlGWTeso7WLAp6HOIMC+26NeXjCCEF8dXw7FJ0nfQRTyPg==",
                digest=Digest("8f8c8aef26dd7ac07658415fcefbc11c12a689196e7815d72e3775c1c764be4b"),
                members=MappingProxyType(
                    {
                        MAIN_MODULE: _pin(
                            "85f66436c802db3dd0caf437134f98af5c69d199c6ffba116ee2bac8be8acf09", 9_597_831
                        ),
                        STDLIB: _pin("3e7b7affd80aaf35fcff786613eebd0ce885a964dbda56714ccecb7573f57a70", 2_545_564),
                        LOCK_FILE: _pin("3fdaef09e9e365c85e002737720f8d0ab8f278c1c244a2dde6a37663cf488ad4", 114_440),
                    }
                ),
            ),
            translated=_pin("08a77f6239abfab1ea87270abfea63ffff18760fcacf12a9319af3eb17540acd", 9_611_053),
        ),
    }
)

BINARYEN: Final = PackagePin(
    name="binaryen",
    version="132.0.0",
    integrity="sha512-4Usg7yEvwO3FMso3Oov6qkOOHSod1IEv+boKkh77kTljM+eNBouqCTbqWswGzbG+vDNO/b/v2C4gfEh1WgB9Lg==",
    digest=Digest("6543555fb29bb92548f325c7dc18e9ab7dbb1215edda25993d1e3f71d85b8618"),
    members=MappingProxyType(
        {
            "bin/wasm-opt": _pin("608c021fa3f2c68cdc26f06a1454341089a0e689abb71cbe5a23ef7300e7f3e3", 11_279_933),
            # Says that the tools are CommonJS scripts; without it node guesses from the outer package.
            "bin/package.json": _pin("58b55392b5778941e1e96892a70edc12e2d7bb8541289b237fbddc9926ed51bd", 28),
        }
    ),
)
