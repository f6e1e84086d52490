"""The daemon's command line: ``artifactd serve`` and ``artifactd check-config``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from artifactd.config import SETTINGS, ConfigProblemsError, load_settings
from artifactd.logs import configure_logging, fields
from artifactd.settings import ServerSettings
from artifactd.transport import tune_transport
from schemas.errors import PlatformError, StorageError

if TYPE_CHECKING:
    from artifactd.server import ArtifactServer

_LOG: Final = logging.getLogger("artifactd")
_EXAMPLES: Final = """\
examples:
  artifactd serve                                     keep everything in ./artifactd-data, listen on 127.0.0.1:7420
  artifactd serve --store file:/srv/artifacts --port 0 --port-file port.txt
  artifactd serve --store s3:artifacts --s3-endpoint http://127.0.0.1:8333 --s3-access-key-file key.txt
  artifactd check-config --config artifactd.capnp     say what is wrong, start nothing

exit codes: 0 done, 1 internal error, 2 wrong usage, 3 configuration, 4 store, 5 address cannot be listened on"""


class ExitCode(IntEnum):
    """What the process ends with; documented in docs/reference/config.md."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    CONFIG = 3
    STORE = 4
    BIND = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings(
            file=options.config,
            flags={s.name: value for s in SETTINGS if (value := getattr(options, _attribute(s.name))) is not None},
            environment=os.environ,
            directory=Path.cwd(),
        )
        if options.command == "check-config":
            return _report_config(settings, as_json=options.json)
        return _serve(settings, options)
    except PlatformError as error:
        _report_error(error, as_json=options.json)
        return _exit_code(error)


def _serve(settings: ServerSettings, options: argparse.Namespace) -> int:
    configure_logging(settings.log_level)
    for warning in settings.warnings:
        _LOG.warning("configuration", extra=fields(problem=warning))
    tune_transport()
    # gRPC takes half a second to import, which check-config and --help need not wait for.
    from artifactd.server import ArtifactServer

    server = ArtifactServer(settings)
    stop = _stop_on_signals(server)
    server.start()
    _announce(server.address, settings, options)
    stop.wait()
    _LOG.info("draining", extra=fields(seconds=settings.drain_seconds))
    server.drain()
    _LOG.info("stopped")
    return ExitCode.OK


def _stop_on_signals(server: ArtifactServer) -> threading.Event:
    """Set by the first SIGTERM or SIGINT; a second one does not wait for calls in flight."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            server.kill()
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return stop


def _announce(address: str, settings: ServerSettings, options: argparse.Namespace) -> None:
    port_file: Path | None = options.port_file
    if port_file is not None:
        # Readers wait for the file to appear, so it appears whole.
        temporary = port_file.with_name(f"{port_file.name}.{os.getpid()}")
        temporary.write_text(address.rpartition(":")[2] + "\n")
        temporary.replace(port_file)
    if options.json:
        ready = {"event": "ready", "address": address, "store": str(settings.store), "pid": os.getpid()}
        print(json.dumps(ready), flush=True)
    else:
        print(f"artifactd is ready at {address} (store {settings.store}, pid {os.getpid()})", flush=True)


def _report_config(settings: ServerSettings, *, as_json: bool) -> int:
    summary = {
        "listen": f"{settings.listen_address}:{settings.port}",
        "store": str(settings.store),
        "staging": str(settings.staging_directory),
        "onlineKeys": str(settings.online_key_file),
        "tls": settings.tls is not None,
        "token": bool(settings.token),
        "warnings": list(settings.warnings),
    }
    if as_json:
        print(json.dumps({"ok": True, **summary}))
        return ExitCode.OK
    for warning in settings.warnings:
        print(f"warning: {warning}")
    print("the configuration is valid")
    for name in ("listen", "store", "staging", "onlineKeys"):
        print(f"  {name}: {summary[name]}")
    return ExitCode.OK


def _report_error(error: PlatformError, *, as_json: bool) -> None:
    problems = list(error.problems) if isinstance(error, ConfigProblemsError) else [str(error)]
    if as_json:
        print(json.dumps({"ok": False, "error": error.code, "problems": problems}))
        return
    for problem in problems:
        print(f"artifactd: {problem}", file=sys.stderr)


def _exit_code(error: PlatformError) -> ExitCode:
    if error.code == "bind":
        return ExitCode.BIND
    return ExitCode.STORE if isinstance(error, StorageError) else ExitCode.CONFIG


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="artifactd",
        description="Serve Pyodide runtimes, snapshots and signed releases by digest over gRPC.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="start the daemon; SIGTERM drains and ends it",
        description="Start the daemon. The first line on standard output says where it listens.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.add_argument("--port-file", type=Path, metavar="FILE", help="write the bound port to this file when ready")
    check = commands.add_parser(
        "check-config",
        help="say everything that is wrong with the configuration",
        description="Read file, environment and flags as serve does, and say everything that is wrong.",
    )
    for command in (serve, check):
        command.add_argument("--config", type=Path, metavar="FILE", help=".capnp file (or ARTIFACTD_CONFIG)")
        command.add_argument("--json", action="store_true", help="print JSON on standard output")
        group = command.add_argument_group(
            "settings", "each may also stand in the file or, as ARTIFACTD_<NAME>, in the environment; flags win"
        )
        for setting in SETTINGS:
            group.add_argument(
                setting.flag, dest=_attribute(setting.name), metavar=setting.kind.upper(), help=setting.help
            )
    return parser


def _attribute(name: str) -> str:
    return "setting_" + name.replace(".", "__")


if __name__ == "__main__":
    sys.exit(main())
