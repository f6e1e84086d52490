"""The program that makes the other tests' files is the real one: it writes Cloudflare's published baseline."""

from __future__ import annotations

import dataclasses

import pytest

from schemas.digest import Digest
from schemas.snapshot_codec import decode_snapshot
from tests.support.workerd.files import DEDICATED_WORKER, baseline, dedicated, dedicated_native, native_worker
from tests.support.workerd.program import workerd

PUBLISHED_FILE = "a980fc6e96fdb6c9d460be67f8039c2dd28858f31ceab5512422527ccfda1c5b"
PUBLISHED_HEAP = "7fc70113970f1304c8b5ed12835ec1a2d9ec55656f5e730db6d2ed2f27ee7920"


def test_program_writes_published_baseline() -> None:
    """The bundle made for the tests leads to the bytes that Cloudflare's own bundle leads to."""
    assert Digest.of(bytes(decode_snapshot(baseline()).heap)).hex == PUBLISHED_HEAP
    assert Digest.of(baseline()).hex == PUBLISHED_FILE


@pytest.mark.parametrize("kind", ["dedicated", "native"])
def test_program_serves_its_dedicated_snapshots(kind: str) -> None:
    """The workers' own tests pass in the program when it starts from the files that the other tests restore here."""
    worker, snapshot = (DEDICATED_WORKER, dedicated()) if kind == "dedicated" else (native_worker(), dedicated_native())
    workerd().test(dataclasses.replace(worker, flags=(*worker.flags, "python_dedicated_snapshot")), snapshot)
