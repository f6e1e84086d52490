"""Write the vectors anew, after a deliberate change of a format: `python -m tests.vectors.artifactd.regenerate`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.vectors.artifactd.trust_scene import FILES, scene


def main() -> None:
    FILES.mkdir(exist_ok=True)
    for path in FILES.iterdir():
        path.unlink()
    with tempfile.TemporaryDirectory() as directory:
        publisher = scene(Path(directory))
    for name, data in publisher.files().items():
        (FILES / name).write_bytes(data)
    (FILES / "state.json").write_bytes(publisher.session("stable").state.to_bytes())


if __name__ == "__main__":
    main()
