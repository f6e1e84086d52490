"""The product's main job, end to end, on real input: build, publish, verify, boot, and refuse what was tampered with.

Run by ``make demo``. Everything is real: the daemon is a process of its own, the consumer is another one that is told
the address, the trusted root and a channel name only. What is built is cached by digest below ``.cache``; the daemon's
store and the keys are made anew in ``build/demo`` each time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from runtime_core.build.cache import BuildCache
from runtime_core.build.manifest import BuiltRelease
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import build_release
from runtime_core.release import ARTIFACTS_NAME, MANIFEST_NAME
from schemas.digest import Digest
from schemas.errors import PlatformError
from schemas.release import Role, encode_manifest

ROOT: Final = Path(__file__).resolve().parents[2]
WORK: Final = ROOT / "build" / "demo"
CACHE: Final = ROOT / ".cache"
WORKER: Final = Path(__file__).with_name("worker.py")
REQUEST: Final = json.dumps(json.dumps({"lines": ["Ship Python", "like container images are shipped"]}))
OTHER_VERSION: Final = "314.0.99"
ISOLATES: Final = 50
_READY_SECONDS: Final = 30.0


class DemoError(PlatformError):
    """A step of the demo did not do what it shows."""

    code = "demo"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Service:
    """The running daemon. ``store`` is its embedded file store."""

    address: str
    store: Path


@contextlib.contextmanager
def daemon(work: Path, timeline: Timeline) -> Iterator[Service]:
    """Run artifactd as a process of its own on a free loopback port, with the embedded file store."""
    store, port_file, log = work / "store", work / "port", work / "artifactd.log"
    command = [sys.executable, "-m", "artifactd", "serve", "--port", "0", "--port-file", str(port_file)]
    command += ["--store", f"file:{store}", "--online-key-file", str(work / "online.key")]
    with timeline.step("start artifactd, file store") as step, log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + _READY_SECONDS
        while not port_file.exists() or not port_file.read_text().strip():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise DemoError("artifactd did not start", found=log.read_text()[-2000:], hint=f"see {log}")
            time.sleep(0.02)
        service = Service(address=f"127.0.0.1:{port_file.read_text().strip()}", store=store)
        step.note(detail=f"process {process.pid} at {service.address}")
    try:
        yield service
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def run(*arguments: str | Path, expect: int = 0) -> dict[str, Any]:
    """Run a command of this project in a process of its own; its JSON answer.

    Raises:
        DemoError: another exit status than ``expect``, or no JSON.
    """
    command = [sys.executable, "-m", *map(str, arguments), "--json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ARTIFACTD_")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != expect:
        raise DemoError(
            f"`{' '.join(command[2:5])} ...` ended with another status than the demo shows",
            expected=expect,
            found=f"{done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}",
        )
    answer = json.loads(done.stdout)
    if not isinstance(answer, dict):
        raise DemoError("not a JSON object", found=done.stdout[-200:])
    return answer


def publish(timeline: Timeline, service: Service, built: BuiltRelease) -> Path:
    """Make keys, upload every artifact, publish the manifest, move the channel; returns the trusted root."""
    keys, root = WORK / "keys", WORK / "root.json"
    common = ("--address", service.address, "--keys", keys)
    with timeline.step("artifactctl init: keys, signed root, channel stable") as step:
        run("artifactd.cli", "init", *common, "--root", root, "--channel", "stable")
        step.note(size=root.stat().st_size, digest=Digest.of(root.read_bytes()), detail="the trusted root")
    with timeline.step("artifactctl release publish: upload, publish, sign") as step:
        run("artifactd.cli", "release", "publish", built.directory, "--channel", "stable", *common, "--root", root)
        step.note(size=sum(artifact.size for artifact in built.manifest.artifacts), digest=built.manifest_digest)
    for artifact in built.manifest.artifacts:
        print(f"    {artifact.role.value:<16} {artifact.size / 1e6:7.1f} MB  {artifact.digest}")
    return root


def consumer(service: Service, root: Path, channel: str, node: Path, *arguments: str | Path) -> tuple[str | Path, ...]:
    """The command line of a consumer: it is told the address, the trusted root and a channel name, nothing else."""
    command, *rest = arguments
    where = ("--cache", node / "artifacts", "--state", node / "state")
    return ("runtime_core", command, *rest, "--address", service.address, "--root", root, "--channel", channel, *where)


def boot(timeline: Timeline, service: Service, root: Path, node: Path) -> None:
    """Verify, fetch, compile once, restore, run the worker, call it; then what isolates cost."""
    with timeline.step("runtime-core run, in a process that shares nothing") as step:
        answer = run(*consumer(service, root, "stable", node, "run", WORKER, "--call", "handle", "--arg", REQUEST))
        result = json.loads(answer["result"])
        if result != {"words": 7, "per_line": [2, 5]}:
            raise DemoError("the worker answered wrongly", found=result)
        step.note(digest=Digest.parse(answer["digest"]), detail=f"the worker answered {answer['result']}")
    for record in answer["steps"]:
        print(f"    {record['name']:<44} {record['ms']:10.2f} ms")


def flip_a_byte(store: Path, digest: Digest) -> Path:
    """Change one byte in the middle of a stored blob, behind the daemon's back."""
    found = [path for path in store.rglob("*") if path.is_file() and digest.hex in path.name]
    if len(found) != 1:
        raise DemoError("the stored snapshot", expected="one file named by its digest", found=found)
    found[0].chmod(0o600)
    with found[0].open("r+b") as file:
        file.seek(found[0].stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    return found[0]


def refuse(timeline: Timeline, service: Service, root: Path, built: BuiltRelease) -> None:
    """Show that tampering is noticed before anything is executed."""
    snapshot = built.manifest.artifact(Role.SNAPSHOT)
    # A node falls back from a damaged compressed form to the plain blob, so both are damaged.
    stored = [snapshot.digest, *(variant.digest for variant in snapshot.variants)]
    with timeline.step("one flipped byte in the stored snapshot, plain and compressed") as step:
        for digest in stored:
            flip_a_byte(service.store, digest)
        error = _refused(service, root, "stable")
        for digest in stored:
            flip_a_byte(service.store, digest)
        step.note(detail=_expect(error, "digest-mismatch"))
    with timeline.step(f"a signed manifest for Pyodide {OTHER_VERSION}") as step:
        other = _other_version(built)
        common = ("--address", service.address, "--keys", WORK / "keys", "--root", root)
        run("artifactd.cli", "channel", "create", "candidate", *common)
        run("artifactd.cli", "release", "publish", other, "--channel", "candidate", *common)
        error = _refused(service, root, "candidate")
        step.note(detail=_expect(error, "unsupported-version"))


def _refused(service: Service, root: Path, channel: str) -> dict[str, Any]:
    node = WORK / "empty-node"
    shutil.rmtree(node, ignore_errors=True)
    statuses = {"stable": 5, "candidate": 4}
    arguments = consumer(service, root, channel, node, "run", WORKER)
    answer = run(*arguments, expect=statuses[channel])
    if (node / "state" / "runtime").exists():
        raise DemoError("something of a refused release was made ready to run")
    error = answer["error"]
    if not isinstance(error, dict):
        raise DemoError("no error object", found=answer)
    return error


def _expect(error: dict[str, Any], code: str) -> str:
    if error["code"] != code:
        raise DemoError("refused for another reason", expected=code, found=error)
    return f"refused, not booted: [{error['code']}] {error['message']}"


def _other_version(built: BuiltRelease) -> Path:
    directory = WORK / "other"
    manifest = dataclasses.replace(
        built.manifest,
        release_id=f"{OTHER_VERSION}-demo",
        release=dataclasses.replace(built.manifest.release, pyodide=OTHER_VERSION, real_pyodide_version=OTHER_VERSION),
        abi=dataclasses.replace(built.manifest.abi, pyodide_version=OTHER_VERSION),
    )
    directory.mkdir(parents=True)
    (directory / MANIFEST_NAME).write_bytes(encode_manifest(manifest))
    (directory / ARTIFACTS_NAME).symlink_to(built.directory / ARTIFACTS_NAME)
    return directory


def cost(timeline: Timeline, service: Service, root: Path, node: Path) -> None:
    """Boot isolates and show the distribution of boot times and of private memory."""
    with timeline.step(f"runtime-core measure: {ISOLATES} isolates") as step:
        answer = run(*consumer(service, root, "stable", node, "measure"), "--isolates", str(ISOLATES))
        step.note(detail="boot = restore and run a first line; memory after a first call")
    for name, key, unit in (("boot", "boot_ms", "ms"), ("private memory", "private_mb", "MB")):
        spread = answer[key]
        print(f"    {name:<16} median {spread['median']:.3f} {unit}, {spread['min']:.3f} to {spread['max']:.3f}")
        _histogram(spread["samples"], unit)


def _histogram(samples: list[float], unit: str, *, rows: int = 8, width: int = 50) -> None:
    ordered = sorted(samples)
    low, high = ordered[0], ordered[max(0, int(len(ordered) * 0.95) - 1)]
    step = (high - low) / rows or 1e-3
    for row in range(rows):
        start = low + row * step
        last = row == rows - 1
        count = sum(1 for sample in ordered if start <= sample and (last or sample < start + step))
        label = f">= {start:7.3f}" if last else f"   {start:7.3f}"
        print(f"      {label} {unit} {'#' * round(width * count / len(ordered)):<{width}} {count}")


def main() -> int:
    """Run the demo; 0 if everything it shows held."""
    timeline = Timeline(stream=sys.stdout)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    node = CACHE / "demo-node"
    started = time.perf_counter()
    try:
        timeline.heading("1. the service")
        with daemon(WORK, timeline) as service:
            timeline.heading("2. build a release")
            built = build_release(
                DEFAULT_VERSION, WORK / "release", cache=BuildCache(CACHE / "build"), timeline=timeline
            )
            timeline.heading("3. publish it")
            root = publish(timeline, service, built)
            timeline.heading("4. verify, fetch, boot, call")
            boot(timeline, service, root, node)
            timeline.heading("5. tampering is refused")
            refuse(timeline, service, root, built)
            timeline.heading("6. what isolates cost")
            cost(timeline, service, root, node)
    except PlatformError as error:
        print(f"demo failed: {error}", file=sys.stderr)
        return 1
    print(f"done in {time.perf_counter() - started:.1f} s; the release is in {built.directory.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
