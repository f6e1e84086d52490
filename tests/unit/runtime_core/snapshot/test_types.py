"""Which types of snapshot are accepted, and built on which."""

from __future__ import annotations

import pytest

from runtime_core.snapshot.types import TypeRules, check_order
from schemas.errors import AbiMismatchError
from schemas.snapshot_metadata import SnapshotType

_B, _P, _D = SnapshotType.BASELINE, SnapshotType.PACKAGE, SnapshotType.DEDICATED


@pytest.mark.parametrize(
    ("rules", "accepted"),
    [
        (TypeRules(), {_B, _P}),
        (TypeRules(dedicated=True), {_D}),
        (TypeRules(creating=True), {_B, _P, _D}),
        (TypeRules(dedicated=True, creating=True), {_B, _P, _D}),
        (TypeRules(dynamic=True), {_B, _P, _D}),
        (TypeRules(validating=True), {_B, _P, _D}),
        (TypeRules(validating=True, dedicated=True), {_B, _P, _D}),
        (TypeRules(validating=True, bundled=True), {_D}),
        (TypeRules(bundled=True), {_B, _P}),
    ],
)
def test_rules(rules: TypeRules, accepted: set[SnapshotType]) -> None:
    for found in SnapshotType:
        if found in accepted:
            rules.check(found)
        else:
            with pytest.raises(AbiMismatchError, match=f"found {found.value}"):
                rules.check(found)


@pytest.mark.parametrize(
    ("base", "made", "allowed"),
    [(base, made, base is not _D and made is not _B) for base in SnapshotType for made in SnapshotType],
)
def test_order(base: SnapshotType, made: SnapshotType, allowed: bool) -> None:
    if allowed:
        check_order(base, made)
    else:
        with pytest.raises(AbiMismatchError, match=f"found {base.value}"):
            check_order(base, made)
