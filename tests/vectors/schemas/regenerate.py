"""Write the vectors of this directory again: ``python -m tests.vectors.schemas.regenerate``.

Only after a deliberate change of a format, which is a new format version. ``snapshot_old_shape.hex`` is made by hand,
because nothing writes that shape any more.
"""

from __future__ import annotations

from pathlib import Path

from schemas.release import encode_manifest
from schemas.snapshot_codec import SnapshotMetadata, SnapshotSettings, encode_snapshot_head
from tests.support.schema_samples import sample_manifest, sample_metadata, snapshot_file

HERE = Path(__file__).parent
OLD_SHAPE = b'{"/lib/libssl.so":{"handles":[5308416]},"settings":{"baselineSnapshot":true}}'


def main() -> None:
    minimal = SnapshotMetadata(settings=SnapshotSettings(baseline_snapshot=True), so_table_bases={})
    old_offset = (16 + 2 * len(OLD_SHAPE) + 7) // 8 * 8
    vectors = {
        "snapshot_minimal.hex": encode_snapshot_head(minimal),
        "snapshot_full.hex": encode_snapshot_head(sample_metadata()),
        "snapshot_old_shape.hex": snapshot_file(OLD_SHAPE, version=1, heap_offset=old_offset, heap=b""),
        "manifest.hex": encode_manifest(sample_manifest()),
    }
    for name, data in vectors.items():
        lines = [data[at : at + 32].hex(" ", 4) for at in range(0, len(data), 32)]
        (HERE / name).write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
