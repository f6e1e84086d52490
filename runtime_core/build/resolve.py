"""Resolve requirements for the guest's platform, with pip's resolver, into a package lock.

pip chooses the versions; what it downloads from where stays pip's configuration and is not recorded: a lock has names
and hashes. Requirements are names of the package index only, and only wheels are taken.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from runtime_core.build.tools import run_tool
from runtime_core.wasm.abi import CodeProfile
from schemas.digest import Digest
from schemas.errors import ArtifactError, ConfigError, DigestMismatchError, HostError, MissingToolError
from schemas.package_lock import LockedPackage, PackageLockFile

_SECONDS: Final = 600.0
PLATFORM_SUFFIX: Final = "_wasm32"

_HASH_MISMATCH: Final = "DO NOT MATCH THE HASHES"  # pip says so, in any version that checks hashes

_CONFLICT: Final = " depends on "
_CONFLICTS_SHOWN: Final = 3

# pip evaluates markers for the interpreter it runs on, whatever --platform says, and its "install" holds what projects
# require against that one's version, whatever --python-version says; these are the guest's.
_WRAPPER: Final = """
import json, runpy, sys
from pip._internal.resolution.resolvelib.candidates import RequiresPythonCandidate
from pip._vendor.packaging import markers
values = json.loads(sys.argv.pop(1))
original = markers.default_environment
markers.default_environment = lambda: {**original(), **values}
version = tuple(int(part) for part in values["python_full_version"].split("."))
initialise = RequiresPythonCandidate.__init__
RequiresPythonCandidate.__init__ = lambda self, _: initialise(self, version)
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def platform_arguments(profile: CodeProfile, *, python: str | None = None) -> list[str]:
    """pip's options that select wheels for a guest; ``python`` is its full version, for what a project requires."""
    tag = "cp" + profile.python_version.replace(".", "")
    options = ["--only-binary", ":all:", "--platform", profile.abi + PLATFORM_SUFFIX, "--implementation", "cp"]
    options += ["--python-version", python or profile.python_version, "--abi", tag, "--abi", "abi3", "--abi", "none"]
    return options


def run_pip(arguments: Sequence[str], *, profile: CodeProfile, what: str, work: Path, python: str | None = None) -> str:
    """Run pip as on the guest's platform; returns what it printed. ``python`` is the guest's full version.

    Raises:
        MissingToolError: there is no pip.
        DigestMismatchError: a file has another hash than was required.
        ArtifactError: pip failed; the message holds its last words.
    """
    if importlib.util.find_spec("pip") is None:
        raise MissingToolError(
            f"could not {what}: this Python has no pip", found=sys.executable, hint="run: python -m ensurepip"
        )
    major_minor = profile.python_version
    full = python or f"{major_minor}.0"
    environment = {
        "implementation_name": "cpython",
        "implementation_version": full,
        "os_name": "posix",
        "platform_machine": "wasm32",
        "platform_python_implementation": "CPython",
        "platform_system": "Emscripten",
        "python_full_version": full,
        "python_version": major_minor,
        "sys_platform": "emscripten",
    }
    log = work / "pip.log"
    command = [sys.executable, "-c", _WRAPPER, json.dumps(environment), *arguments]
    command += ["--no-input", "--disable-pip-version-check", "--log", str(log)]
    try:
        return run_tool(command, what=what, timeout=_SECONDS, cwd=work)
    except MissingToolError:
        raise
    except HostError as error:
        if _HASH_MISMATCH in error.message:
            raise DigestMismatchError(
                f"the package index has another file than is locked: {error.message}",
                hint="files of a pyodide-lock.json are Pyodide's own: put them into a directory for --archives",
            ) from error
        raise ArtifactError(
            error.message + _conflicts(log), hint="is the name right, and has the package wheels for Pyodide?"
        ) from error


def _conflicts(log: Path) -> str:
    """Which dependencies pip could not satisfy: it says so in its log, but not among its errors."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    found = [line.partition(" ")[2].strip() for line in lines if _CONFLICT in line]
    return "".join(f"; {text}" for text in list(dict.fromkeys(found))[:_CONFLICTS_SHOWN])


def check_requirements(requirements: Sequence[str]) -> list[str]:
    """Requirements as pip takes them.

    Raises:
        ConfigError: none, or one that is not a name with an optional version.
    """
    if not requirements:
        raise ConfigError("no requirements were given", hint="name at least one package")
    checked = []
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise ConfigError(f"not a requirement: {error}", found=text) from error
        if requirement.url is not None:
            raise ConfigError(
                "requirements are names of the package index, not addresses", found=text, hint="write name==version"
            )
        checked.append(str(requirement))
    return checked


def resolve(
    requirements: Sequence[str], *, profile: CodeProfile, platform: str, python: str, work: Path
) -> PackageLockFile:
    """Resolve requirements. ``platform`` and ``python`` are those of Pyodide's own lock.

    Raises:
        ConfigError: a requirement is not a plain one.
        ArtifactError: pip found no solution; its reasons are in the message.
    """
    report = work / "report.json"
    arguments = ["install", "--dry-run", "--ignore-installed", "--quiet", "--report", str(report)]
    arguments += ["--target", str(work / "target"), *platform_arguments(profile, python=python)]
    arguments += check_requirements(requirements)
    run_pip(arguments, profile=profile, what="resolve the requirements", work=work, python=python)
    return PackageLockFile(
        python=python,
        abi=profile.abi.partition("_")[2],
        platform=platform,
        packages=read_report(json.loads(report.read_text())),
    )


def read_report(report: Any) -> tuple[LockedPackage, ...]:
    """The packages of pip's installation report, sorted by name.

    Raises:
        ArtifactError: a package has no hash or is not a wheel of an index.
    """
    packages = []
    for item in report["install"]:
        metadata, download = item["metadata"], item["download_info"]
        name = canonicalize_name(metadata["name"])
        digest = download.get("archive_info", {}).get("hashes", {}).get("sha256")
        file_name = unquote(urlsplit(download["url"]).path.rpartition("/")[2])
        if digest is None or not file_name.endswith(".whl"):
            raise ArtifactError(f"pip chose something else than a hashed wheel for {name}", found=file_name)
        packages.append(
            LockedPackage(
                name=name,
                version=metadata["version"],
                file_name=file_name,
                digest=Digest(digest),
                depends=_depends(metadata.get("requires_dist", ()), report),
            )
        )
    return tuple(sorted(packages, key=lambda package: package.name))


def _depends(requires: Sequence[str], report: Any) -> tuple[str, ...]:
    chosen = {canonicalize_name(item["metadata"]["name"]) for item in report["install"]}
    names = {canonicalize_name(Requirement(text).name) for text in requires}
    return tuple(sorted(names & chosen))
