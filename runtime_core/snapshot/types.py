"""Snapshot types: which of them a load accepts, and what a file must say of itself."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.errors import AbiMismatchError
from schemas.snapshot_metadata import SnapshotType


@dataclass(frozen=True, kw_only=True, slots=True)
class TypeRules:
    """What decides which types of snapshot a load accepts; the rules are workerd's.

    ``dedicated`` is whether the worker asks for dedicated snapshots (the flag ``python_dedicated_snapshot``).
    ``creating``: a snapshot is made on top, so every type will do. ``dynamic``: so it will for workers that are loaded
    at run time. ``validating``: a worker is being uploaded, before it has a snapshot of its own; ``bundled``: the
    snapshot came with it, which is the second phase of that.
    """

    dedicated: bool = False
    creating: bool = False
    dynamic: bool = False
    validating: bool = False
    bundled: bool = False

    def check(self, found: SnapshotType) -> None:
        """Refuse a type that does not fit.

        Raises:
            AbiMismatchError: with the type that was expected.
        """
        if self.creating or self.dynamic:
            return
        if not self.validating and (found is SnapshotType.DEDICATED) is not self.dedicated:
            if self.dedicated:
                raise AbiMismatchError(
                    "a snapshot that is not dedicated, for a worker that asks for dedicated ones",
                    expected=SnapshotType.DEDICATED.value,
                    found=found.value,
                    hint="build one: artifactctl release build --on RELEASE --worker DIR",
                )
            raise AbiMismatchError(
                "a dedicated snapshot, for a worker that does not ask for one",
                expected=f"{SnapshotType.BASELINE.value} or {SnapshotType.PACKAGE.value}",
                found=found.value,
                hint="load the release that it was built on",
            )
        if self.validating and self.bundled and found is not SnapshotType.DEDICATED:
            raise AbiMismatchError(
                "the second phase of a validation takes a dedicated snapshot",
                expected=SnapshotType.DEDICATED.value,
                found=found.value,
            )


def check_order(base: SnapshotType, made: SnapshotType) -> None:
    """Refuse to build a type of snapshot on one that already holds as much.

    Raises:
        AbiMismatchError: with the types that the base may have.
    """
    allowed = {
        SnapshotType.BASELINE: (),
        SnapshotType.PACKAGE: (SnapshotType.BASELINE, SnapshotType.PACKAGE),
        SnapshotType.DEDICATED: (SnapshotType.BASELINE, SnapshotType.PACKAGE),
    }[made]
    if base not in allowed:
        raise AbiMismatchError(
            f"a {made.value} snapshot cannot be built on this one",
            expected=" or ".join(item.value for item in allowed) or "no base",
            found=base.value,
        )
