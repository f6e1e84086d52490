"""Package tarballs made in memory, and the pins that fit them."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from runtime_core.build.pins import FilePin, PackagePin
from schemas.digest import Digest

Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, data: bytes = b"", *, type_: bytes = tarfile.REGTYPE, link: str = "") -> Member:
    """One member of a tarball, of any type."""
    info = tarfile.TarInfo(name)
    info.type = type_
    info.linkname = link
    info.size = len(data)
    return info, data


def tarball(members: Sequence[Member]) -> bytes:
    """A .tgz with these members in this order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def file_pin(data: bytes) -> FilePin:
    """The pin of some bytes."""
    return FilePin(digest=Digest.of(data), size=len(data))


def package_pin(name: str, files: Mapping[str, bytes], tgz: bytes) -> PackagePin:
    """The pin of a package with these files, made of this tarball."""
    return PackagePin(
        name=name,
        version="1.0.0",
        integrity="sha512-" + base64.b64encode(hashlib.sha512(tgz).digest()).decode(),
        digest=Digest.of(tgz),
        members={path: file_pin(data) for path, data in files.items()},
    )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FakePackage:
    """A pinned package that exists only for a test."""

    pin: PackagePin
    files: Mapping[str, bytes]
    tgz: bytes

    @classmethod
    def make(cls, name: str, files: Mapping[str, bytes]) -> FakePackage:
        """A package with these files, and one more that nobody asks for."""
        extra = [member("package/README.md", b"read me")]
        tgz = tarball([*(member(f"package/{path}", data) for path, data in files.items()), *extra])
        return cls(pin=package_pin(name, files, tgz), files=files, tgz=tgz)

    def write(self, directory: Path) -> Path:
        """Put the tarball into a directory."""
        path = directory / f"{self.pin.name}-{self.pin.version}.tgz"
        path.write_bytes(self.tgz)
        return path

    def unpack(self, directory: Path) -> Path:
        """Put the files into a directory, as unpacking by hand does."""
        directory.mkdir(parents=True)
        for path, data in self.files.items():
            (directory / path).write_bytes(data)
        return directory
