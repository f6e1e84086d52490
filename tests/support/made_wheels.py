"""Wheels made in memory: right ones, and ones that are wrong in one way."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping


def recorded(data: bytes) -> str:
    """A hash as RECORD has it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def make_wheel(
    files: Mapping[str, bytes],
    *,
    project: str = "demo",
    version: str = "1.0",
    wheel_version: str = "1.0",
    record: Mapping[str, str] | None = None,
    modes: Mapping[str, int] | None = None,
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A wheel with these files; ``record`` replaces lines of its RECORD by name, None leaves one out."""
    directory = f"{project}-{version}.dist-info"
    everything = {
        **files,
        f"{directory}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode(),
        f"{directory}/WHEEL": f"Wheel-Version: {wheel_version}\nRoot-Is-Purelib: true\n".encode(),
    }
    lines = {name: f"{recorded(data)},{len(data)}" for name, data in everything.items()}
    lines |= {f"{directory}/RECORD": ","} | dict(record or {})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        text = "".join(f'"{name}",{line}\n' for name, line in lines.items() if line)
        for name, data in {**everything, f"{directory}/RECORD": text.encode()}.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            info.external_attr = (modes or {}).get(name, 0o100644) << 16
            archive.writestr(info, data)
    return buffer.getvalue()
