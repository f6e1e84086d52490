"""What a package lock or a package set has, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable
from email.parser import BytesHeaderParser
from typing import Final

from artifactd.cli.output import CommandResult, size_text, table
from schemas.digest import Digest
from schemas.package_lock import PackageLockFile
from schemas.python_packages import PackageFile, decode_packages

_METADATA: Final = ".dist-info/METADATA"
_LIBRARY: Final = ".so"


def describe_lock(lock: PackageLockFile) -> CommandResult:
    """The packages of a lock, in its order."""
    packages = [
        {
            "name": package.name,
            "version": package.version,
            "file_name": package.file_name,
            "sha256": package.digest.hex,
            "install_dir": package.install_dir.value,
            "depends": list(package.depends),
        }
        for package in lock.packages
    ]
    rows = [
        (package.name, package.version, package.install_dir.value, package.digest.short, package.file_name)
        for package in lock.packages
    ]
    value = {"kind": "lock", "python": lock.python, "abi": lock.abi, "platform": lock.platform, "packages": packages}
    head = f"{len(packages)} packages for Python {lock.python}, ABI {lock.abi}, {lock.platform}"
    return CommandResult(
        value=value, lines=[head, *table(rows, header=("package", "version", "tree", "sha256", "file"))]
    )


def describe_set(data: bytes, *, with_files: bool) -> CommandResult:
    """The packages of a set, by their own metadata, its native libraries, and its files if they are asked for.

    Raises:
        FormatError: the data are no package set.
    """
    files = decode_packages(data)
    packages = _packages(files)
    libraries = [file.path for file in files if file.path.endswith(_LIBRARY)]
    digest = Digest.of(data)
    size = sum(len(file.contents) for file in files)
    value: dict[str, object] = {
        "kind": "set",
        "digest": str(digest),
        "size": len(data),
        "packages": packages,
        "libraries": libraries,
        "file_count": len(files),
        "unpacked_size": size,
    }
    lines = [
        f"{digest}  {size_text(len(data))}, {len(files)} files of {size_text(size)}",
        *(f"{name}=={version}" for name, version in packages.items()),
        *(f"native library {path}" for path in libraries),
    ]
    if with_files:
        value["files"] = [
            {"path": file.path, "install_dir": file.install_dir.value, "size": len(file.contents)} for file in files
        ]
        rows = [(file.install_dir.value, size_text(len(file.contents)), file.path) for file in files]
        lines += table(rows, header=("tree", "size", "path"))
    return CommandResult(value=value, lines=lines)


def _packages(files: Iterable[PackageFile]) -> dict[str, str]:
    found = {}
    for file in files:
        if file.path.endswith(_METADATA) and file.path.count("/") == 1:
            headers = BytesHeaderParser().parsebytes(bytes(file.contents))
            found[str(headers.get("Name", ""))[:200]] = str(headers.get("Version", ""))[:100]
    return found
