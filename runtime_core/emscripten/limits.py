"""How much of the host's memory a guest may take through its file system."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSystemLimits:
    """Upper bounds; what exceeds one fails in the guest with the errno named here.

    Files are held in host memory, so without these a hostile guest could exhaust it (a seek far out and one write).
    """

    total_bytes: int = 256 * MIB
    """Content of all writable files together (ENOSPC)."""
    file_bytes: int = 256 * MIB
    """Content of one file (EFBIG)."""
    nodes: int = 65_536
    """Files, directories, links and devices (ENOSPC)."""
    open_files: int = 4_096
    """Descriptors (EMFILE); 4096 is Emscripten's own bound."""
    pipe_bytes: int = 1 * MIB
    """Unread content of one pipe (EAGAIN)."""
    pipes: int = 64
    """Pipes open at the same time (EMFILE)."""
