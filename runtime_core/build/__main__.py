"""Build a release into a directory: ``python -m runtime_core.build --output DIR``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.pins import DEFAULT_VERSION, UPSTREAMS
from runtime_core.build.progress import Timeline
from schemas.errors import PlatformError
from schemas.exit_codes import exit_code_of


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status is one of :class:`schemas.exit_codes.ExitCode`."""
    parser = argparse.ArgumentParser(
        prog="python -m runtime_core.build",
        description="Build a release of Pyodide: code image, baseline snapshot and manifest.",
        epilog="Next: artifactctl release publish DIR --channel stable",
    )
    parser.add_argument("--pyodide", default=DEFAULT_VERSION, help=f"one of {', '.join(sorted(UPSTREAMS))}")
    parser.add_argument("--output", type=Path, required=True, help="directory for the manifest and the artifacts")
    parser.add_argument("--work", type=Path, help="build cache (default: RUNTIME_CORE_BUILD_CACHE or the user's cache)")
    parser.add_argument("--from", dest="source", type=Path, help="local npm tarball or unpacked package")
    parser.add_argument("--release-id", help="write-once name (default: version and snapshot digest)")
    parser.add_argument("--json", action="store_true", help="print what was built as JSON on stdout")
    options = parser.parse_args(arguments)
    timeline = Timeline()
    try:
        # Here, because it imports the engine: a machine without the extra gets a message instead of a traceback.
        from runtime_core.build.release import build_release

        built = build_release(
            options.pyodide,
            options.output,
            cache=BuildCache(options.work or default_cache_root()),
            timeline=timeline,
            release_id=options.release_id,
            source=options.source,
        )
    except PlatformError as error:
        if options.json:
            print(json.dumps({"error": error.to_json()}))
        else:
            print(f"error [{error.code}]: {error}", file=sys.stderr)
        return int(exit_code_of(error))
    if options.json:
        result = {
            "release_id": built.manifest.release_id,
            "digest": str(built.manifest_digest),
            "directory": str(built.directory),
            "timeline": timeline.as_json(),
        }
        print(json.dumps(result))
    else:
        print(f"{built.manifest.release_id} {built.manifest_digest} in {built.directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
