"""The command ``python -m runtime_core.build rebuild DIR``."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.progress import timeline_of


def rebuild_parser() -> argparse.ArgumentParser:
    """Its options, besides those of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m runtime_core.build rebuild",
        description="Build a release again from its own artifacts and compare the results, byte by byte.",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="a release, as a build writes it")
    return parser


def run_rebuild(options: argparse.Namespace) -> Mapping[str, Any]:
    """Build and compare; returns the report.

    Raises:
        PlatformError: there is no release, or a step failed.
    """
    # Here, because it imports the engine: a machine without the extra gets a message instead of a traceback.
    from runtime_core.build.rebuild import rebuild_release
    from runtime_core.release import LocalRelease

    timeline = timeline_of(options)
    cache = BuildCache(options.work or default_cache_root())
    release = LocalRelease.open(options.directory)
    with tempfile.TemporaryDirectory(prefix="rebuild-") as work:
        report = rebuild_release(release, cache=cache, work=Path(work), timeline=timeline)
    return {**report.to_json(), "timeline": timeline.as_json()}


def rebuild_text(result: Mapping[str, Any], _options: argparse.Namespace) -> str:
    """The report for people."""
    lines = [
        f"{item['role']}: expected {item['expected']}, rebuilt {item['found']}\n  {item['difference']}"
        for item in result["artifacts"]
        if not item["ok"]
    ]
    if not result["manifest"]["ok"]:
        lines.append(f"manifest: {result['manifest']['difference']}")
    return "\n".join([*lines, "the rebuild gave the same release" if result["ok"] else "the rebuild differs"])
