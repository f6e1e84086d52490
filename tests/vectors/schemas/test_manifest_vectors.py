"""Bytes of a release manifest that must never change: their digest is the identity of published releases."""

from __future__ import annotations

from pathlib import Path

from schemas.release import decode_manifest, encode_manifest, manifest_digest
from tests.support.schema_samples import sample_manifest

VECTOR = bytes.fromhex((Path(__file__).parent / "manifest.hex").read_text(encoding="ascii"))


def test_decode() -> None:
    assert decode_manifest(VECTOR) == sample_manifest()


def test_encode() -> None:
    assert encode_manifest(sample_manifest()) == VECTOR
    assert manifest_digest(VECTOR).hex == "4674fc75188a7b4a6f90646629ead7fd20acb509648c5f34e079602a687dbaa4"
