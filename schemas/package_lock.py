"""Package locks: which files make up a package set, by name and hash. JSON in the shape of Pyodide's own lock file.

``{"info": {"abi_version", "arch", "platform", "python"}, "packages": {name: {"depends", "file_name", "install_dir",
"name", "sha256", "version"}}}``. Keys of pyodide-lock.json that say nothing about the files are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from schemas import strict_json
from schemas.digest import Digest
from schemas.errors import FormatError
from schemas.python_packages import InstallDir

MAX_BYTES: Final = 16 << 20
MAX_PACKAGES: Final = 10_000
_WHAT: Final = "package lock"
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?", re.ASCII)
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!-]{0,254}", re.ASCII)
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,99}", re.ASCII)
_SHORT: Final = re.compile(r"[A-Za-z0-9._-]{0,100}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedPackage:
    """One package: ``file_name`` is a wheel or a tar archive whose bytes have ``digest``."""

    name: str
    version: str
    file_name: str
    digest: Digest
    install_dir: InstallDir = InstallDir.SITE
    depends: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _match("a package's name", self.name, _NAME)
        _match(f"the version of {self.name}", self.version, _VERSION)
        _match(f"the file name of {self.name}", self.file_name, _FILE_NAME)
        for name in self.depends:
            _match(f"a dependency of {self.name}", name, _NAME)
        if self.install_dir is InstallDir.METADATA:
            raise FormatError(f"package {self.name} has an unknown install_dir", expected="site, stdlib or dynlib")


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageLockFile:
    """A package set. ``python`` is the version of CPython it is for, ``abi`` the tag of its native wheels' platform
    (``2026_0``) and ``platform`` Emscripten's (``emscripten_5_0_3``). Packages are in the order of the file.
    """

    python: str
    abi: str
    platform: str
    packages: tuple[LockedPackage, ...]
    arch: str = "wasm32"

    def __post_init__(self) -> None:
        for what, text in (
            ("python", self.python),
            ("abi", self.abi),
            ("platform", self.platform),
            ("arch", self.arch),
        ):
            _match(what, text, _SHORT)
        names = [package.name for package in self.packages]
        if len(names) != len(set(names)):
            raise FormatError(f"the {_WHAT} names a package twice")


def encode_lock(lock: PackageLockFile) -> bytes:
    """The file: indented, keys sorted within each package; packages in their order."""
    value = {
        "info": {"abi_version": lock.abi, "arch": lock.arch, "platform": lock.platform, "python": lock.python},
        "packages": {
            package.name: {
                "depends": list(package.depends),
                "file_name": package.file_name,
                "install_dir": package.install_dir.value,
                "name": package.name,
                "sha256": package.digest.hex,
                "version": package.version,
            }
            for package in lock.packages
        },
    }
    return (json.dumps(value, indent=1) + "\n").encode()


def decode_lock(data: bytes) -> PackageLockFile:
    """Read a lock of ours or a pyodide-lock.json.

    Raises:
        FormatError: not such a file; the message names the field.
    """
    if len(data) > MAX_BYTES:
        raise FormatError(f"the {_WHAT} is too long", expected=f"<= {MAX_BYTES} bytes", found=len(data))
    root = _object(strict_json.loads(data, what=_WHAT), "the file")
    info = _object(root.get("info"), "info")
    packages = _object(root.get("packages"), "packages")
    if len(packages) > MAX_PACKAGES:
        raise FormatError(f"the {_WHAT} has too many packages", expected=f"<= {MAX_PACKAGES}", found=len(packages))
    return PackageLockFile(
        python=_text(info, "python", "info"),
        abi=_text(info, "abi_version", "info"),
        platform=_text(info, "platform", "info"),
        arch=_text(info, "arch", "info"),
        packages=tuple(_package(name, _object(value, name)) for name, value in packages.items()),
    )


def _package(name: str, value: Mapping[str, Any]) -> LockedPackage:
    where = f"package {name[:80]}"
    try:
        install_dir = InstallDir(_text(value, "install_dir", where))
    except ValueError:
        raise FormatError(f"{where} has an unknown install_dir", expected="site, stdlib or dynlib") from None
    depends = value.get("depends", [])
    if not isinstance(depends, list) or not all(isinstance(item, str) for item in depends):
        raise FormatError(f"{where}: depends is not a list of names")
    return LockedPackage(
        name=_text(value, "name", where),
        version=_text(value, "version", where),
        file_name=_text(value, "file_name", where),
        digest=Digest(_text(value, "sha256", where)),
        install_dir=install_dir,
        depends=tuple(depends),
    )


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise FormatError(f"the {_WHAT}: {where} is not an object", found=type(value).__name__)
    return cast("Mapping[str, Any]", value)


def _text(value: Mapping[str, Any], key: str, where: str) -> str:
    found = value.get(key)
    if not isinstance(found, str):
        raise FormatError(f"the {_WHAT}: {key} of {where} is not a text", found=type(found).__name__)
    return found


def _match(what: str, text: str, pattern: re.Pattern[str]) -> None:
    if pattern.fullmatch(text) is None:
        raise FormatError(f"the {_WHAT} has an unusable value for {what}", found=repr(text)[:120])
