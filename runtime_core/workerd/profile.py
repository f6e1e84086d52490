"""What workerd's Python runtime fixes about a boot, as data: one profile for each release of it.

workerd's snapshots hold linear memory and little else, so a file can only be exchanged between hosts that give the
guest the same answers in the same order while it starts. What is said here was observed with workerd 1.20260822.1 and
Pyodide 314.0.5; docs/adr/0020-byte-identity-with-workerd.md says how it was found and is held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from schemas.digest import Digest

METADATA_DIRECTORY: Final = "/session/metadata"
"""Where the files of a worker are mounted."""

DYNAMIC_LIBRARY_DIRECTORY: Final = "/usr/lib"

VENDORED_LIBRARY_DIRECTORY: Final = "/session/metadata/python_modules/lib/"
"""Spelled as workerd adds it to LD_LIBRARY_PATH."""
ADD_LIBRARY_PATH: Final = f'import os; os.environ["LD_LIBRARY_PATH"] += ":{VENDORED_LIBRARY_DIRECTORY}"; del os'


@dataclass(frozen=True, kw_only=True, slots=True)
class SupportFile:
    """A Python file of workerd's, named by its path below its directory. It is not part of this project: it is found
    by size and digest in workerd's own program. No digest: the file is empty. ``unless`` is a compatibility flag that
    leaves it out."""

    name: str
    size: int
    digest: Digest | None = None
    unless: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BaselineIdentity:
    """The published baseline of a release: digests of the heap image and of the whole file, and the heap's size."""

    heap: Digest
    heap_size: int
    file: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerdProfile:
    """One release of workerd's Python runtime.

    ``environment`` is in the order in which the guest sees it, ``support_files`` and ``sdk_files`` are in that in which
    they are written. ``entropy_byte`` is what rationed randomness consists of.
    """

    pyodide: str
    python_version: tuple[int, int]
    runtime_name: str
    environment: Mapping[str, str]
    entropy_byte: int
    support_files: tuple[SupportFile, ...]
    sdk_files: tuple[SupportFile, ...]
    baseline: BaselineIdentity

    @property
    def site_packages(self) -> str:
        """The writable directory with workerd's own package and the SDK."""
        major, minor = self.python_version
        return f"/lib/python{major}.{minor}/site-packages"

    @property
    def session_site_packages(self) -> str:
        """The read-only directory of the standard library's packages."""
        return f"/session{self.site_packages}"

    @property
    def stdlib_path(self) -> str:
        """Where the zip file of the standard library is."""
        major, minor = self.python_version
        return f"/lib/python{major}{minor}.zip"


def _environment(site_packages: str) -> Mapping[str, str]:
    libraries = f"{DYNAMIC_LIBRARY_DIRECTORY}:{site_packages}:{VENDORED_LIBRARY_DIRECTORY}"
    return MappingProxyType(
        {
            "USER": "web_user",
            "LOGNAME": "web_user",
            "PATH": "/",
            "PWD": "/",
            "HOME": "/session",
            "LANG": "en.UTF-8",
            "_": "./this.program",
            "LD_LIBRARY_PATH": libraries,
            "PYTHONHASHSEED": "111",
        }
    )


WORKERD_314_0_5: Final = WorkerdProfile(
    pyodide="314.0.5",
    python_version=(3, 14),
    runtime_name="Cloudflare-Workers",
    environment=_environment("/lib/python3.14/site-packages"),
    entropy_byte=0x2B,
    support_files=(
        SupportFile(name="__init__.py", size=0),
        SupportFile(
            name="entropy_patches.py",
            size=2550,
            digest=Digest("ecfed6b69060b0c801d292aba22cad3de749a72b52187cf99fd950c57281c275"),
        ),
        SupportFile(
            name="entropy_import_context.py",
            size=4467,
            digest=Digest("362570564ac4fee92ee8e532a04f12d3d32e2aab7978853ed5a5b06708499f7c"),
        ),
        SupportFile(
            name="import_patch_manager.py",
            size=8998,
            digest=Digest("ab8c7223f0ed735313d1bc699df223450e84f1f28181090a219f9d19ee577ad8"),
        ),
        SupportFile(
            name="allow_entropy.py",
            size=1756,
            digest=Digest("44793cf9f379df4cfcee8038acdc7a5db4878a67655923c2aaa03cc516feacd9"),
        ),
        SupportFile(
            name="entropy_import_context_packages.py",
            size=5498,
            digest=Digest("99c7f7f6727ae401591175688ac7532a5a18cbbb9593fdef2b2e85e0741f815f"),
            unless="python_process_pth_files",
        ),
    ),
    sdk_files=(
        SupportFile(
            name="workers/__init__.py",
            size=1436,
            digest=Digest("de88115ccfcda08694b33fd01ea4d36c88a70f1bc85c034991926d05bb71a1e6"),
        ),
        SupportFile(
            name="workers/_workers.py",
            size=44702,
            digest=Digest("49c4f7c0eae18df70ff84aa1b7e71ca9c9f0591810a2feb09c95c06d84703383"),
        ),
        SupportFile(
            name="workers/workflows.py",
            size=270,
            digest=Digest("9379fdf416da56d2400369165a51b72da83f724aea893ac785285631d09803bf"),
        ),
        SupportFile(
            name="asgi.py",
            size=9612,
            digest=Digest("da171340aa361f733d99d4a1e09c7fe440dd6c79fbca83e4f11d7c42f7622549"),
        ),
    ),
    baseline=BaselineIdentity(
        heap=Digest("7fc70113970f1304c8b5ed12835ec1a2d9ec55656f5e730db6d2ed2f27ee7920"),
        heap_size=31_457_280,
        file=Digest("a980fc6e96fdb6c9d460be67f8039c2dd28858f31ceab5512422527ccfda1c5b"),
    ),
)
"""The release for the flag ``python_workers_20260817``. The support files are those of the package
``_cloudflare``."""
