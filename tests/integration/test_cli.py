"""artifactctl against the real daemon: the whole path of a publisher and a user, and what can go wrong on it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from artifactd.cli.__main__ import main
from artifactd.client import BlobClient, Connection, ReleaseClient
from schemas.exit_codes import ExitCode
from schemas.release import Role
from tests.support.daemon import REPOSITORY, Daemon, clean_environment, running_daemon
from tests.support.synthetic_release import synthetic_bytes, write_release

COMMAND = [sys.executable, "-m", "artifactd.cli"]


class Cli:
    """Runs artifactctl in this process, with an environment of its own."""

    def __init__(self, daemon: Daemon, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.daemon = daemon
        self.directory = directory
        self.environment = {
            "ARTIFACTD_ADDRESS": daemon.address,
            "ARTIFACTD_KEYS": str(directory / "keys"),
            "ARTIFACTD_STATE": str(directory / "state"),
            "ARTIFACTD_CACHE": str(directory / "cache"),
        }
        self._capsys = capsys

    def __call__(self, *arguments: object, exit_code: int = 0) -> Any:
        """The JSON that the command printed."""
        code = main([*map(str, arguments), "--json"])
        out, err = self._capsys.readouterr()
        assert code == exit_code, out + err
        return json.loads(out)

    def error(self, *arguments: object, exit_code: int) -> str:
        """The code of the error that the command reported."""
        return str(self(*arguments, exit_code=exit_code)["error"]["code"])

    def text(self, *arguments: object) -> str:
        """What the command printed for people."""
        assert main([*map(str, arguments)]) == 0
        return self._capsys.readouterr().out

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """The command in a process of its own."""
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=clean_environment() | self.environment,
        )


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    with running_daemon(tmp_path / "daemon") as daemon:
        made = Cli(daemon, tmp_path, capsys)
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def test_publishing_promoting_and_rolling_back(cli: Cli, tmp_path: Path) -> None:
    first = write_release(tmp_path / "first", compressed=b"packed " * 100_000)
    second = write_release(tmp_path / "second", release_id="synthetic-2", seed=10)
    assert cli("init", "--channel", "stable", "--channel", "canary")["created_channels"] == ["stable", "canary"]
    again = cli("init", "--channel", "stable", "--channel", "canary")
    assert (again["initialised"], again["created_keys"], again["created_channels"]) == (False, [], [])

    published = cli("release", "publish", first.path, "--channel", "stable")
    assert (published["created"], published["channel"]["version"]) == (True, 1)
    assert published["pin"] == str(first.pin)
    assert cli("release", "publish", first.path)["uploaded"] == []
    cli("release", "publish", second.path, "--channel", "canary")
    promoted = cli("channel", "promote", "stable", "--from", "canary")
    assert (promoted["pin"], promoted["version"]) == (str(second.pin), 2)
    assert cli("channel", "rollback", "stable")["pin"] == str(first.pin)
    assert cli("channel", "rollback", "stable", "--to", second.pin)["pin"] == str(second.pin)
    assert cli("channel", "promote", "stable", first.pin)["version"] == 5

    assert cli("channel", "show", "stable")["pin"] == str(first.pin)
    history = cli("channel", "history", "stable")["entries"]
    assert [entry["release_id"] for entry in history] == [
        "synthetic-1", "synthetic-2", "synthetic-1", "synthetic-2", "synthetic-1",
    ]  # fmt: skip
    assert {channel["name"] for channel in cli("channel", "list")["channels"]} == {"stable", "canary"}
    assert [item["pin"] for item in cli("release", "list")["releases"]] == [str(first.pin), str(second.pin)]
    assert cli("release", "show", second.pin)["abi"]["pyodide_version"] == "314.0.5"
    verified = cli("release", "verify", "synthetic-1")
    assert (verified["ok"], verified["signed_by"], len(verified["artifacts"])) == (True, ["stable"], 3)
    assert cli("release", "verify", "--channel", "canary")["release_id"] == "synthetic-2"


def test_renewing(cli: Cli, tmp_path: Path) -> None:
    release = write_release(tmp_path / "release")
    cli("init")
    cli("release", "publish", release.path, "--channel", "stable")
    everything = ["root", "targets", "channel-stable"]
    assert cli("renew") == {"renewed": [], "elsewhere": [], "current": everything}
    cli.daemon.terminate()
    next(cli.daemon.directory.rglob("online*")).unlink()
    cli.daemon.start()
    assert cli.error("channel", "promote", "stable", release.pin, exit_code=3) == "config"
    assert cli("renew", "--replace-online-keys")["renewed"] == ["root"]
    assert cli("channel", "promote", "stable", release.pin)["version"] == 2
    assert "root: valid for long enough" in cli.text("renew")
    assert len(cli("channel", "rotate-key", "stable")["key_id"]) == 64
    assert cli("channel", "promote", "stable", release.pin)["version"] == 4


def test_pushing_and_pulling(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    release = write_release(tmp_path / "release")
    cli("release", "publish", release.path, "--channel", "stable")
    for name in ("synthetic-1", str(release.pin), "--channel=stable"):
        output = tmp_path / "out" / name[:5]
        assert cli("pull", name, "-o", output)["digest"] == str(release.pin.digest)
        assert (output / "manifest.capnp.bin").read_bytes() == release.manifest_bytes
        cli("pull", name, "-o", output)  # what is there is kept
        assert cli("release", "publish", output)["uploaded"] == []
    snapshot = release.manifest.artifact(Role.SNAPSHOT)
    cli("pull", snapshot.digest, "-o", tmp_path / "snapshot")
    assert (tmp_path / "snapshot").stat().st_size == snapshot.size

    file = tmp_path / "file"
    file.write_bytes(b"contents")
    pushed = cli("push", file, file)["blobs"]
    assert [blob["uploaded"] for blob in pushed] == [True, True]
    assert not cli("push", file)["blobs"][0]["uploaded"]
    cli("pull", pushed[0]["name"], "-o", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"contents"
    assert (
        cli.error("pull", pushed[0]["digest"], "-o", tmp_path / "x", exit_code=ExitCode.NOT_FOUND) == "blob-not-found"
    )
    wrong_size = f"{pushed[0]['digest']}/9"
    assert cli.error("pull", wrong_size, "-o", tmp_path / "x", exit_code=ExitCode.INTEGRITY) == "size-mismatch"
    assert not (tmp_path / "x").exists()


def test_what_people_read(cli: Cli, tmp_path: Path) -> None:
    assert "give this file to users" in cli.text("init")
    release = write_release(tmp_path / "release")
    assert str(release.pin) in cli.text("release", "publish", release.path, "--channel", "stable")
    assert "signatures checked" in cli.text("channel", "show", "stable")
    assert "current keys, verified" in cli.text("channel", "history", "stable")
    assert cli.text("release", "verify", "--channel", "stable").endswith("ok\n")
    assert "codeImage" in cli.text("release", "show", "synthetic-1")
    assert "synthetic-1" in cli.text("release", "list")
    assert "stable" in cli.text("channel", "list")


def test_a_tampered_artifact_is_found_by_verify(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    release = write_release(tmp_path / "release")
    cli("release", "publish", release.path, "--channel", "stable")
    digest = release.manifest.artifact(Role.SNAPSHOT).digest
    (stored,) = (path for path in cli.daemon.store.rglob(f"*{digest.hex[8:]}*") if path.is_file())
    data = bytearray(stored.read_bytes())
    data[1_000_000] ^= 1
    stored.chmod(0o644)
    stored.write_bytes(data)
    result = cli("release", "verify", "--channel", "stable", exit_code=ExitCode.INTEGRITY)
    assert {artifact["role"]: artifact["ok"] for artifact in result["artifacts"]} == {
        "codeImage": True,
        "snapshot": False,
    }
    output = tmp_path / "out"
    assert cli("pull", "synthetic-1", "-o", output, exit_code=ExitCode.INTEGRITY)["error"]
    assert not (output / "manifest.capnp.bin").exists()


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code", "reason"),
    [
        (["release", "publish", "{release}", "--channel", "unknown"], 6, "channel-not-found", "no such channel"),
        (["channel", "promote", "stable", "unknown"], 6, "release-not-found", "no such release"),
        (["channel", "promote", "stable", "synthetic-1@sha256:" + "0" * 64], 5, "pin-mismatch", "not the pinned one"),
        (["channel", "promote", "unknown", "synthetic-1"], 6, "channel-not-found", "no such channel"),
        (["channel", "promote", "stable", "synthetic-1", "--keys", "{other}", "--root", "{keys}/root.json"],
         3, "key-not-found", "no key for the channel"),
        (["channel", "create", "stable"], 3, "config", "the channel exists"),
        (["channel", "create", "Not A Name"], 4, "format", "not a channel name"),
        (["channel", "rollback", "stable"], 6, "release-not-found", "nothing to go back to"),
        (["channel", "rollback", "empty"], 6, "channel-not-found", "points nowhere yet"),
        (["channel", "show", "empty"], 6, "channel-not-found", "points nowhere yet"),
        (["channel", "show", "stable", "--root", "{other}/keys/root.json"], 5, "signature", "another publisher"),
        (["release", "show", "sha256:" + "0" * 64], 6, "release-not-found", "no such digest"),
        (["pull", "sha256:" + "0" * 64 + "/5", "-o", "{out}"], 6, "blob-not-found", "no such blob"),
        (["pull", "synthetic-1", "-o", "/proc/nowhere"], 9, "storage", "a place that cannot be written"),
        (["release", "publish", "{broken}"], 5, "digest-mismatch", "a file that is not the artifact"),
        (["release", "publish", "{cut}"], 5, "size-mismatch", "a file that is cut off"),
        (["release", "publish", "{lacking}"], 3, "config", "a file that is missing"),
        (["release", "publish", "{same}"], 7, "release-exists", "the id of another release"),
    ],
)  # fmt: skip
def test_bad_input_is_a_clear_error(shared: Cli, arguments: list[str], exit_code: int, code: str, reason: str) -> None:
    before = shared("release", "list"), shared("channel", "list")
    names = {
        "release": shared.directory / "release",
        "broken": shared.directory / "broken",
        "cut": shared.directory / "cut",
        "lacking": shared.directory / "lacking",
        "same": shared.directory / "same",
        "other": shared.directory / "other",
        "out": shared.directory / "out",
        "keys": shared.directory / "keys",
    }
    error = shared(*(argument.format_map(names) for argument in arguments), exit_code=exit_code)["error"]
    assert error["code"] == code, reason
    assert (shared("release", "list"), shared("channel", "list")) == before, "nothing was stored"
    assert not (shared.directory / "out").exists()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Daemon, Path]]:
    """One daemon for all bad input: a release in ``stable``, an empty channel, and broken release directories."""
    directory = tmp_path_factory.mktemp("bad-input")
    releases = {name: write_release(directory / name, seed=1) for name in ("release", "broken", "cut", "lacking")}
    first = {
        name: release.path / "artifacts" / release.manifest.artifacts[0].digest.hex
        for name, release in releases.items()
    }
    data = first["broken"].read_bytes()
    first["broken"].write_bytes(bytes([data[0] ^ 1]) + data[1:])
    first["cut"].write_bytes(data[:-1])
    first["lacking"].unlink()
    write_release(directory / "same", seed=99)
    with running_daemon(directory / "daemon") as daemon, running_daemon(directory / "other-daemon") as other:
        environment = clean_environment() | {"ARTIFACTD_STATE": str(directory / "state")}
        for address, keys, commands in (
            (other.address, directory / "other" / "keys", [["init"]]),
            (
                daemon.address,
                directory / "keys",
                [
                    ["init", "--channel", "stable", "--channel", "empty"],
                    ["release", "publish", str(directory / "release"), "--channel", "stable"],
                ],
            ),
        ):
            for command in commands:
                subprocess.run(
                    [*COMMAND, *command, "--address", address, "--keys", str(keys)],
                    env=environment,
                    cwd=REPOSITORY,
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
        yield daemon, directory


@pytest.fixture
def shared(prepared: tuple[Daemon, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    cli = Cli(*prepared, capsys)
    for name, value in cli.environment.items():
        monkeypatch.setenv(name, value)
    return cli


def test_encrypted_keys_need_their_password(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARTIFACTD_KEY_PASSWORD", "correct horse")
    cli("init", "--encrypt")
    release = write_release(tmp_path / "release")
    cli("release", "publish", release.path, "--channel", "stable")
    monkeypatch.setenv("ARTIFACTD_KEY_PASSWORD", "wrong")
    assert cli.error("channel", "promote", "stable", "synthetic-1", exit_code=ExitCode.CONFIG) == "key-password"
    monkeypatch.delenv("ARTIFACTD_KEY_PASSWORD")
    assert cli.error("channel", "promote", "stable", "synthetic-1", exit_code=ExitCode.CONFIG) == "key-password"
    assert cli("channel", "show", "stable")["version"] == 1, "looking needs no key"


def test_init_goes_on_after_it_was_interrupted(cli: Cli) -> None:
    address = cli.daemon.address
    cli.daemon.kill()
    assert cli.error("init", exit_code=ExitCode.UNAVAILABLE) == "service-unavailable"
    assert (cli.directory / "keys" / "root.pem").exists()
    cli.daemon.start()
    assert cli.daemon.address == address
    assert cli("init")["initialised"]
    root = cli.directory / "keys" / "root.json"
    before = root.read_bytes()
    root.unlink()
    cli("init")
    assert root.read_bytes() == before, "the service's root, signed by our keys, is found again"
    shutil.rmtree(cli.directory / "keys")
    assert cli.error("init", exit_code=ExitCode.CONFIG) == "config", "other keys cannot take over"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "interrupt"])
def test_a_killed_publish_leaves_nothing_visible_and_is_repeated(cli: Cli, tmp_path: Path, number: int) -> None:
    cli("init")
    release = write_release(
        tmp_path / "release",
        contents={Role.CODE_IMAGE: synthetic_bytes(1_000_000), Role.SNAPSHOT: synthetic_bytes(160 << 20, seed=3)},
    )
    publisher = cli.start("release", "publish", release.path, "--channel", "stable")
    deadline = time.monotonic() + 60
    while not staged_bytes(cli.daemon) > 8 << 20:
        assert publisher.poll() is None, publisher.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(publisher.pid, number)
    publisher.communicate(timeout=60)
    assert publisher.returncode in (-signal.SIGKILL, ExitCode.INTERRUPTED)

    assert cli("release", "list")["releases"] == []
    assert cli.error("channel", "show", "stable", exit_code=ExitCode.NOT_FOUND) == "channel-not-found"
    snapshot = release.sources()[1]
    with Connection(cli.daemon.address) as connection:
        assert BlobClient(connection).find_missing([snapshot.ref]) == [snapshot.ref]
        assert list(ReleaseClient(connection).list()) == []
    assert cli("release", "publish", release.path, "--channel", "stable")["created"]
    assert cli("release", "verify", "--channel", "stable")["ok"]


def staged_bytes(daemon: Daemon) -> int:
    """Bytes of uploads under way, wherever the daemon keeps them."""
    total = 0
    for path in daemon.directory.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def test_a_publish_that_loses_the_service_says_so_and_is_repeated(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    release = write_release(tmp_path / "release")
    cli.daemon.kill()
    assert cli.error("release", "publish", release.path, exit_code=ExitCode.UNAVAILABLE) == "service-unavailable"
    cli.daemon.start()
    assert cli("release", "publish", release.path, "--channel", "stable")["created"]


def test_output_that_nobody_reads_ends_quietly(cli: Cli) -> None:
    cli("init")
    process = cli.start("channel", "list")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    assert process.wait(timeout=60) == ExitCode.BROKEN_PIPE
