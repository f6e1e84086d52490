"""Runs a release build in a child process: artifactd and its tools never import the runtime."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from artifactd.client.error_codes import error_class
from schemas.errors import (
    ArtifactError,
    ConfigError,
    FormatError,
    HostError,
    IntegrityError,
    MissingToolError,
    PlatformError,
)

_MODULE: Final = "runtime_core.build"
# Where the extra `build` shows: the engine that boots Pyodide for the snapshot. Looked up, not imported.
_NEEDED: Final = ("runtime_core", "wasmtime")
_HINT: Final = "pip install 'artifactd[build]'"


class BuildError(HostError):
    """The build ran and failed; its own message is above or inside."""

    code: ClassVar[str] = "build-failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildOptions:
    """What a release is made of; the fields are the options of ``artifactctl release build``."""

    output: Path
    pyodide: str | None = None
    work: Path | None = None
    source: Path | None = None
    on: Path | None = None
    release_id: str | None = None
    packages: Path | None = None
    archives: Path | None = None
    names: Sequence[str] = ()
    imports: Sequence[str] = ()
    link: bool = True
    worker: Path | None = None
    main: str | None = None
    modules: Sequence[str] = ()
    delta_bases: Sequence[Path] = ()
    quiet: bool = False

    def arguments(self) -> list[str]:
        """What the child is called with."""
        named = {
            "--pyodide": self.pyodide,
            "--output": self.output,
            "--work": self.work,
            "--from": self.source,
            "--on": self.on,
            "--release-id": self.release_id,
            "--packages": self.packages,
            "--archives": self.archives,
            "--worker": self.worker,
            "--main": self.main,
        }
        repeated = [part for name in self.imports for part in ("--import", name)]
        repeated += [part for name in self.names for part in ("--package", name)]
        repeated += [part for name in self.modules for part in ("--host-module", name)]
        repeated += [part for path in self.delta_bases for part in ("--delta-base", str(path))]
        return [*_arguments(named), *repeated, *([] if self.link else ["--no-link"])]


def build_release(options: BuildOptions) -> dict[str, Any]:
    """Build a release; the child shows its progress on stderr. Returns what it says it built.

    Raises:
        MissingToolError: what a build needs is not installed.
        PlatformError: the build failed; the class is the one that the build named, else BuildError.
    """
    return _run([*_command(), *_output(options.quiet), *options.arguments()])


def lock_packages(
    requirements: Sequence[str],
    *,
    files: Sequence[Path],
    pyodide: str | None,
    output: Path,
    work: Path | None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Resolve requirements into the lock ``output``. Returns its packages, by name, with their versions.

    Raises:
        As for :func:`build_release`.
    """
    options = {"--pyodide": pyodide, "--output": output, "--work": work}
    given = [part for file in files for part in ("-r", str(file))]
    return _run([*_command(), "lock", *_output(quiet), *_arguments(options), *given, "--", *requirements])


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageOptions:
    """What a package set is made of; the fields are the options of ``artifactctl packages build``."""

    lock: Path
    output: Path
    tar: Path | None = None
    archives: Path | None = None
    names: Sequence[str] = ()
    pyodide: str | None = None
    work: Path | None = None
    quiet: bool = False


def build_packages(options: PackageOptions) -> dict[str, Any]:
    """Build a package set; the child shows its progress on stderr. Returns what it says it built.

    Raises:
        As for :func:`build_release`.
    """
    named = {
        "--output": options.output,
        "--tar": options.tar,
        "--archives": options.archives,
        "--pyodide": options.pyodide,
        "--work": options.work,
    }
    names = [part for name in options.names for part in ("--package", name)]
    return _run([*_command(), "packages", *_output(options.quiet), *_arguments(named), *names, "--", str(options.lock)])


def rebuild_release(directory: Path, *, work: Path | None, quiet: bool = False) -> dict[str, Any]:
    """Build the release in ``directory`` again; returns the report of where it differs.

    Raises:
        As for :func:`build_release`.
    """
    return _run([*_command(), "rebuild", *_output(quiet), *_arguments({"--work": work}), str(directory)])


def _command() -> list[str]:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingToolError("building a release needs more than is installed", found=f"no {missing[0]}", hint=_HINT)
    return [sys.executable, "-m", _MODULE]


def _output(quiet: bool) -> list[str]:
    return ["--json", "--quiet"] if quiet else ["--json"]


def _arguments(options: Mapping[str, object]) -> list[str]:
    return [part for name, value in options.items() if value is not None for part in (name, str(value))]


def _run(command: Sequence[str]) -> dict[str, Any]:
    child = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    try:
        answer = json.loads(child.stdout)
        if not isinstance(answer, dict):
            raise ValueError("not an object")
    except ValueError as error:
        raise BuildError("the build gave no result", found=f"exit status {child.returncode}", hint=_HINT) from error
    failure = answer.get("error")
    if child.returncode and not (failure is None and answer.get("ok") is False):
        raise _build_error(failure if isinstance(failure, dict) else {}, child.returncode)
    return answer


def _build_error(failure: Mapping[str, Any], status: int) -> PlatformError:
    """The error that the child named, so that a missing node or a wrong digest is that here, too."""
    message = str(failure.get("message") or f"see above (exit status {status})")
    kind = error_class(str(failure.get("code")), HostError, FormatError, IntegrityError, ConfigError, ArtifactError)
    details = {name: failure.get(name) for name in ("expected", "found", "hint")}
    texts = {name: value if isinstance(value, str) else None for name, value in details.items()}
    return (kind or BuildError)(message if kind is not None else f"the build failed: {message}", **texts)
