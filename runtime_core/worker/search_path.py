"""Where a guest looks for modules and libraries.

The order is workerd's: standard library, the worker's vendored packages, the runtime's own site-packages, the worker's
files, the packages of the release, and at the end what ``.pth`` files of the vendored packages add.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from runtime_core.emscripten.boot import run_simple_string
from runtime_core.guest import Guest

METADATA_PATH: Final = "/session/metadata"
MODULES_PATH: Final = f"{METADATA_PATH}/python_modules"
LEGACY_VENDOR_PATH: Final = f"{METADATA_PATH}/vendor"
DYNLIB_PATH: Final = "/usr/lib"
_LIBRARY_VARIABLE: Final = "LD_LIBRARY_PATH"


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchPathOptions:
    """``legacy_vendor``: ``vendor`` beside ``python_modules`` is searched, too, behind it. ``process_pth``: the
    ``.pth`` files of ``python_modules`` count.
    """

    legacy_vendor: bool = False
    process_pth: bool = True


def site_path(python_version: str) -> str:
    """Where the packages of a release are: workerd's place for them."""
    return f"/session/lib/python{python_version}/site-packages"


def library_paths(python_version: str) -> tuple[str, ...]:
    """Where guests look for libraries that libraries need."""
    return (
        DYNLIB_PATH,
        f"/lib/python{python_version}/site-packages",
        site_path(python_version),
        f"{MODULES_PATH}/lib/",
    )


def add_standard_places(guest: Guest, python_version: str) -> None:
    """Once, in a guest that was booted cold: the places of worker and packages, whether or not there are any yet.

    Raises:
        HostError: the guest refused.
    """
    libraries = ":".join(library_paths(python_version))
    guest.emscripten.environment[_LIBRARY_VARIABLE] = libraries
    source = (
        f"import os, sys\nsys.path += {[METADATA_PATH, site_path(python_version)]!r}\n"
        f"os.environ[{_LIBRARY_VARIABLE!r}] = {libraries!r}\ndel os, sys"
    )
    run_simple_string(guest.instance, guest.emscripten, source)


def add_vendored_packages(guest: Guest, options: SearchPathOptions) -> None:
    """Put a mounted worker's vendored packages into the search path; may be repeated.

    Raises:
        HostError: there is no site-packages in ``sys.path``; the message holds the guest's traceback.
    """
    function = files(__package__).joinpath("guest", "_search_path.py").read_text(encoding="utf-8")
    legacy = LEGACY_VENDOR_PATH if options.legacy_vendor else None
    call = f"_set_up({MODULES_PATH!r}, {legacy!r}, {options.process_pth!r})\ndel _set_up"
    run_simple_string(guest.instance, guest.emscripten, f"{function}\n{call}")
