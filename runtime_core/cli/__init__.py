"""The ``runtime-core`` command: run Python files in isolates of a verified release, measure what isolates cost, and
exchange snapshot files with workerd.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from runtime_core.cli.snapshot import add_snapshot_commands
from runtime_core.cli.steps import Step, Steps
from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.measure import Spread, measure
from runtime_core.release import LocalRelease, ReleaseFiles
from runtime_core.runtime import Runtime
from runtime_core.web import Request
from schemas.digest import Digest
from schemas.error_text import error_lines
from schemas.errors import ConfigError, GuestExitError, PlatformError, PythonError
from schemas.exit_codes import ExitCode, exit_code_of
from schemas.release import Artifact, Role

_EXAMPLES: Final = """\
examples:
  runtime-core run --release build/release hello.py
  runtime-core run --address 127.0.0.1:7420 --root root.json --channel stable worker.py --call handle --arg '"text"'
  runtime-core run --address 127.0.0.1:7420 --pin 314.0.5-0123456789ab@sha256:... worker.py
  runtime-core request --release build/worker http://localhost/items --data '{"name": "x"}'
  runtime-core measure --release build/release --isolates 50
  runtime-core snapshot export --workerd node_modules/.bin/workerd --worker src --output snapshot.bin
  runtime-core snapshot import snapshot.bin --release build/release --worker src --output build/worker
"""
_INTERRUPTIBLE_SECONDS: Final = 1e9
"""No limit to speak of: guest code looks for Ctrl-C when it looks at its CPU budget, so it needs one."""
_BOOT_ROLES: Final = (Role.CODE_IMAGE, Role.SNAPSHOT, Role.UPSTREAM_STDLIB, Role.PACKAGES, Role.WORKER)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is one of :class:`schemas.exit_codes.ExitCode`."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except GuestExitError as error:
        return error.status & 0xFF
    except PlatformError as error:
        if isinstance(error, PythonError) and error.type_name == "SystemExit":
            return _system_exit(error)
        return _report(error, as_json=options.json)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)


def _system_exit(error: PythonError) -> int:
    """What CPython does at its top level: a number is the status, nothing is 0, anything else is shown and 1."""
    _, _, value = error.traceback.rstrip().rpartition("SystemExit")
    value = value.removeprefix(":").strip()
    if not value or value == "None":
        return 0
    if value.lstrip("-").isdecimal():
        return int(value) & 0xFF
    print(value, file=sys.stderr)
    return 1


def _report(error: PlatformError, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"error": error.to_json()}))
    elif isinstance(error, PythonError):
        print(error.traceback.rstrip(), file=sys.stderr)
    else:
        print(*error_lines(error), sep="\n", file=sys.stderr)
    return int(exit_code_of(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="runtime-core",
        description="Boot Python isolates from verified releases, on wasmtime, without a JavaScript engine.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="run a Python file in an isolate",
        description="Run a file in a fresh isolate. With --call, call one of its functions and print the result.",
        epilog="exit status: 0, or as documented in docs/reference/cli.md; the guest's own status if it exits",
    )
    _add_release_options(run)
    run.add_argument("file", type=Path, help="Python source to run in __main__")
    run.add_argument("--call", metavar="NAME", help="then call this function (a coroutine is awaited)")
    run.add_argument(
        "--arg", action="append", default=[], metavar="JSON", help="an argument of the call; may be repeated"
    )
    run.add_argument("--memory-mb", type=int, help="limit of linear memory, in MB of 2^20 bytes")
    run.add_argument("--cpu-seconds", type=float, help="limit of CPU time; the isolate is killed beyond it")
    run.add_argument("--wait-seconds", type=float, help="limit of the time its event loop waits for timers")
    run.set_defaults(command=_run)
    cost = commands.add_parser(
        "measure",
        help="what isolates of a release cost on this machine",
        description="Boot isolates and report the time to a first line of Python and the private memory of each.",
    )
    _add_release_options(cost)
    cost.add_argument("--isolates", type=int, default=50, help="how many (default 50)")
    cost.set_defaults(command=_measure)
    request = commands.add_parser(
        "request",
        help="send an HTTP request to a worker",
        description="Send a request to the worker of a dedicated release, in a fresh isolate; print the answer's body.",
        epilog="exit status: 0 for any answer, or as documented in docs/reference/cli.md",
    )
    _add_release_options(request)
    request.add_argument("url", help="http(s)://HOST/PATH")
    request.add_argument("--app", default="app", metavar="NAME", help="ASGI application of the main module (app)")
    request.add_argument("--fetch", action="store_true", help="call Default.fetch or on_fetch, no application")
    request.add_argument("--method", help="default: GET, or POST where there is a body")
    request.add_argument("--header", action="append", default=[], metavar="NAME:VALUE", help="may be repeated")
    request.add_argument("--data", default="", metavar="TEXT", help="the body")
    request.add_argument(
        "--env", action="append", default=[], metavar="NAME=VALUE", help="member of the worker's env; may be repeated"
    )
    request.set_defaults(command=_request)
    add_snapshot_commands(commands)
    return parser


def _add_release_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which release")
    group.add_argument("--release", type=Path, metavar="DIR", help="a directory that `artifactctl release build` made")
    group.add_argument("--address", help="the service, host:port")
    group.add_argument("--root", type=Path, help="the publisher's trusted root.json")
    group.add_argument("--channel", help="verify this channel and take the release it points to")
    group.add_argument("--pin", help="exactly this release, ID@sha256:HEX, whatever channels say")
    group.add_argument("--offline", action="store_true", help="accept the cache alone if the service is down")
    places = parser.add_argument_group("where things are kept")
    places.add_argument("--cache", type=Path, metavar="DIR", help="verified artifacts (default: the user's cache)")
    places.add_argument("--state", type=Path, metavar="DIR", help="trusted metadata and compiled code, private")
    parser.add_argument("--timeline", action="store_true", help="show each step and its duration on stderr")
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")


@contextlib.contextmanager
def _release(options: argparse.Namespace, steps: Steps) -> Iterator[ReleaseFiles]:
    if options.release is not None:
        with steps.step("open the release"):
            release = LocalRelease.open(options.release)
        yield release
        return
    if options.address is None:
        raise ConfigError("no release is named", hint="give --release DIR, or --address with --channel or --pin")
    # Here, because gRPC and the verification take half a second to import, which a local release does not need.
    from artifactd.client import ArtifactCache, StateStore, fetch_release
    from artifactd.client.transfer import summary

    cache = ArtifactCache(options.cache) if options.cache else ArtifactCache()
    state = StateStore(options.state / "trust") if options.state else StateStore()
    with steps.step("verify the channel and fetch the release") as step:
        fetched = fetch_release(
            options.address,
            root=options.root,
            channel=options.channel,
            pin=options.pin,
            cache=cache,
            state=state,
            roles=_BOOT_ROLES,
            offline=options.offline,
            progress=_total_progress(step),
        )
        step.note(summary(fetched.transfers))
    with fetched:
        yield fetched


def _runtime(release: ReleaseFiles, options: argparse.Namespace, steps: Steps) -> Runtime:
    directory = options.state / "runtime" if options.state else None
    with steps.step("check, compile or map code and snapshot") as step:
        return Runtime.load(release, state_directory=directory, progress=step.say)


def _total_progress(step: Step) -> Callable[[Artifact, int], None]:
    """Adds up what is known of each artifact; downloads run side by side."""
    done: dict[Digest, tuple[int, int]] = {}
    lock = threading.Lock()

    def progress(artifact: Artifact, received: int) -> None:
        with lock:
            done[artifact.digest] = (received, artifact.size)
            totals = [sum(column) for column in zip(*done.values(), strict=True)]
        step.advance(totals[0], totals[1])

    return progress


def _run(options: argparse.Namespace) -> int:
    steps = Steps(show=options.timeline)
    try:
        source = options.file.read_text(encoding="utf-8")
        arguments = [json.loads(text) for text in options.arg]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {options.file}: {error}") from error
    except ValueError as error:
        raise ConfigError(f"--arg is not JSON: {error}", hint="quote text twice: '\"text\"'") from error
    limits = Limits(
        memory_bytes=None if options.memory_mb is None else options.memory_mb << 20,
        cpu_seconds=_INTERRUPTIBLE_SECONDS if options.cpu_seconds is None else options.cpu_seconds,
        wait_seconds=options.wait_seconds,
    )
    output: list[bytes] = []
    isolate_options = (
        IsolateOptions(limits=limits, stdout=output.append) if options.json else IsolateOptions(limits=limits)
    )
    with _release(options, steps) as release:
        runtime = _runtime(release, options, steps)
        with steps.step("restore copy-on-write"):
            isolate = Isolate(runtime, isolate_options)
        with isolate:
            with steps.step(f"run {options.file.name}"):
                isolate.run(source, filename=options.file.name)
            result: object = None
            if options.call:
                with steps.step(f"call {options.call}"):
                    result = isolate.call(options.call, *arguments)
    if options.json:
        document = {
            "release_id": runtime.manifest.release_id,
            "digest": str(runtime.digest),
            "result": result,
            "stdout": b"".join(output).decode("utf-8", "replace"),
            "steps": steps.records,
        }
        print(json.dumps(document, default=repr))
    elif options.call:
        print(json.dumps(result, default=repr, ensure_ascii=False))
    return int(ExitCode.OK)


def _request(options: argparse.Namespace) -> int:
    steps = Steps(show=options.timeline)
    headers = tuple(_header(text) for text in options.header)
    body = options.data.encode()
    request = Request(url=options.url, method=options.method or ("POST" if body else "GET"), headers=headers, body=body)
    # What the worker prints goes to stderr: stdout has the answer.
    write = sys.stderr.buffer.write
    isolate_options = IsolateOptions(stdout=write, stderr=write, env=dict(_variable(text) for text in options.env))
    with _release(options, steps) as release:
        runtime = _runtime(release, options, steps)
        with steps.step("restore copy-on-write"):
            isolate = Isolate(runtime, isolate_options)
        with isolate, steps.step(f"{request.method} {request.url}") as step:
            answer = isolate.fetch(request) if options.fetch else isolate.asgi(request, app=options.app)
            step.note(f"status {answer.status}")
    if options.json:
        document = {
            "release_id": runtime.manifest.release_id,
            "digest": str(runtime.digest),
            "status": answer.status,
            "headers": [list(pair) for pair in answer.headers],
            "body": answer.body.decode("utf-8", "replace"),
            "steps": steps.records,
        }
        print(json.dumps(document))
    else:
        sys.stdout.buffer.write(answer.body)
        sys.stdout.buffer.flush()
    return int(ExitCode.OK)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise ConfigError("not a header", expected="NAME:VALUE", found=text[:80])
    return name, value.strip()


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ConfigError("not a variable of a worker", expected="NAME=VALUE", found=text[:80])
    return name, value


def _measure(options: argparse.Namespace) -> int:
    if options.isolates < 1:
        raise ConfigError("the number of isolates", expected=">= 1", found=options.isolates)
    steps = Steps(show=options.timeline)
    with _release(options, steps) as release:
        runtime = _runtime(release, options, steps)
        measured = measure(runtime, options.isolates)
    boot, private = Spread.of(measured.boot_ms), Spread.of(measured.private_mb)
    if options.json:
        document = {
            "release_id": runtime.manifest.release_id,
            "boot_ms": {**boot.to_json(), "samples": [round(sample, 3) for sample in measured.boot_ms]},
            "private_mb": {**private.to_json(), "samples": [round(sample, 3) for sample in measured.private_mb]},
            "steps": steps.records,
        }
        print(json.dumps(document))
    else:
        for name, spread, unit in (("boot to the first line", boot, "ms"), ("private memory", private, "MB")):
            print(
                f"{name:<24} median {spread.median:8.3f} {unit}   min {spread.minimum:8.3f}   max {spread.maximum:8.3f}"
                f"   n {spread.n}"
            )
    return int(ExitCode.OK)
