"""workerd's release table entries (``pyodide_extra.capnp``): typed values <-> Cap'n Proto, and names made of them."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas import _capnp, _checks
from schemas.digest import Digest
from schemas.errors import FormatError

MAX_LOCK_BYTES: Final = 16 * 1024 * 1024
DEVELOPMENT: Final = "dev"
"""The version workerd gives to the Pyodide it develops against; its bundle name has no revision."""
_FILE: Final = "pyodide_extra.capnp"
_MAX_NAME: Final = 64
_NAME: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9.+_-]{{0,{_MAX_NAME - 1}}}", re.ASCII)
_HEX: Final = re.compile(r"(?:[0-9a-f]{64})?", re.ASCII)
_INTEGRITY: Final = re.compile(r"(?:sha256-[A-Za-z0-9+/]{43}=)?", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonSnapshotRelease:
    """What workerd knows about one of its Python releases; construction checks the form.

    Empty text stands for a field that is not set, as in the message.
    """

    pyodide: str
    """Pyodide version, or "dev"."""
    pyodide_revision: str = ""
    """Date of the integration revision."""
    packages: str = ""
    """Tag of the package lock; empty where the release has none."""
    backport: int = 0
    """Counts rebuilds of the same revision."""
    baseline_snapshot_hash: str = ""
    """sha256 of the baseline snapshot, 64 hex digits."""
    field_name: str = ""
    """Never set by workerd."""
    flag_name: str = ""
    """Field of workerd's compatibility flags that selects the release."""
    real_pyodide_version: str = ""
    """For "dev" the version it follows; otherwise equal to ``pyodide``."""
    integrity: str = ""
    """``sha256-<base64>`` of workerd's bundle file; see :func:`integrity`."""

    def __post_init__(self) -> None:
        where = "PythonSnapshotRelease"
        _checks.matches(f"{where}.pyodide", self.pyodide, _NAME, "a version such as 314.0.5")
        for name in ("pyodide_revision", "packages", "field_name", "flag_name", "real_pyodide_version"):
            value = getattr(self, name)
            if value != "":
                _checks.matches(f"{where}.{name}", value, _NAME, f"at most {_MAX_NAME} of A-Z a-z 0-9 . + _ -")
        _checks.in_range(f"{where}.backport", self.backport, -(2**63), 2**63 - 1)
        _checks.matches(
            f"{where}.baseline_snapshot_hash", self.baseline_snapshot_hash, _HEX, "64 lower-case hex digits"
        )
        _checks.matches(f"{where}.integrity", self.integrity, _INTEGRITY, "sha256-<padded base64>")

    @property
    def version(self) -> str:
        """The Pyodide version this release really holds."""
        return self.real_pyodide_version or self.pyodide

    @property
    def bundle_name(self) -> str:
        """``<pyodide>_<revision>_<backport>``, or "dev"; workerd's caches use it as the key."""
        if self.pyodide == DEVELOPMENT:
            return DEVELOPMENT
        return f"{self.pyodide}_{self.pyodide_revision}_{self.backport}"

    @property
    def bundle_file_name(self) -> str:
        """The file (and bucket key) under which workerd looks for the bundle."""
        return f"pyodide_{self.bundle_name}.capnp.bin"

    @property
    def baseline_snapshot_key(self) -> str:
        """The bucket key of the baseline snapshot.

        Raises:
            FormatError: the release does not name one.
        """
        if not self.baseline_snapshot_hash:
            raise FormatError(f"release {self.bundle_name} names no baseline snapshot")
        return f"baseline-snapshot/{self.baseline_snapshot_hash}"


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageLock:
    """One package set of workerd: a tag and the whole lock file."""

    package_date: str
    lock: str


def integrity(digest: Digest) -> str:
    """A digest as subresource integrity writes it: ``sha256-`` and padded base64."""
    return "sha256-" + base64.b64encode(bytes.fromhex(digest.hex)).decode("ascii")


def encode_package_lock(lock: PackageLock) -> bytes:
    """The message of a package lock.

    Raises:
        FormatError: the text cannot be UTF-8 or is longer than 16 MiB.
    """
    values = {"packageDate": lock.package_date, "lock": lock.lock}
    return _capnp.encode(_FILE, "PackageLock", values, max_bytes=MAX_LOCK_BYTES)


def decode_package_lock(data: bytes) -> PackageLock:
    """Read a package lock; the lock text itself is not interpreted.

    Raises:
        FormatError: not a PackageLock message.
    """
    with _capnp.decode(_FILE, "PackageLock", data, max_bytes=MAX_LOCK_BYTES) as root:
        return PackageLock(
            package_date=root.text("packageDate", max_length=_MAX_NAME),
            lock=root.text("lock", max_length=MAX_LOCK_BYTES),
        )


def release_values(release: PythonSnapshotRelease) -> Mapping[str, object]:
    """The fields to write, in schema order; what is not set is left out."""
    values: dict[str, object] = {
        "pyodide": release.pyodide,
        "pyodideRevision": release.pyodide_revision,
        "packages": release.packages,
        "backport": release.backport,
        "baselineSnapshotHash": release.baseline_snapshot_hash,
        "fieldName": release.field_name,
        "flagName": release.flag_name,
        "realPyodideVersion": release.real_pyodide_version,
        "integrity": release.integrity,
    }
    return {name: value for name, value in values.items() if value != ""}


def read_release(reader: _capnp.Reader) -> PythonSnapshotRelease:
    """The struct inside another message.

    Raises:
        FormatError: a field is missing or has the wrong form.
    """

    def text(field: str) -> str:
        return reader.text(field, max_length=_checks.MAX_TEXT)

    return PythonSnapshotRelease(
        pyodide=text("pyodide"),
        pyodide_revision=text("pyodideRevision"),
        packages=text("packages"),
        backport=reader.integer("backport"),
        baseline_snapshot_hash=text("baselineSnapshotHash"),
        field_name=text("fieldName"),
        flag_name=text("flagName"),
        real_pyodide_version=text("realPyodideVersion"),
        integrity=text("integrity"),
    )
