"""Keeps what trust sessions remember between runs: one file per trusted root, below a user's state directory.

The memory is what refuses a replay of older metadata, so it must not go backwards: a session holds the lock of its
file from reading to writing, and a file is replaced whole, by rename.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import platformdirs

from artifactd.client.trust_state import MAX_STATE_SIZE, TrustedState
from schemas.digest import Digest
from schemas.errors import ConfigError, FormatError, StorageError

STATE_ENV: Final = "ARTIFACTD_STATE"


def default_directory(environ: Mapping[str, str] | None = None) -> Path:
    """The state directory: ARTIFACTD_STATE, else the platform's place for a user's state."""
    configured = (os.environ if environ is None else environ).get(STATE_ENV)
    return Path(configured) if configured else platformdirs.user_state_path("artifactd")


class StateSlot:
    """The memory of one trusted root, while its lock is held."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stored: bytes | None = None

    def load(self) -> TrustedState | None:
        """What was remembered; None at first.

        Raises:
            ConfigError: the file is damaged. It is not skipped silently: that would let old metadata pass.
        """
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_STATE_SIZE + 1)
        except FileNotFoundError:
            return None
        try:
            state = TrustedState.from_bytes(data)
        except FormatError as error:
            raise ConfigError(
                f"the trust state {self._path} is damaged: {error.message}",
                hint="delete it to start afresh from the root; until then replays are not noticed",
            ) from error
        self._stored = data
        return state

    def store(self, state: TrustedState) -> None:
        """Replace what is remembered, atomically; nothing is written if nothing changed."""
        data = state.to_bytes()
        if data == self._stored:
            return
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".new-")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        self._stored = data


class StateStore:
    """The memories in one directory. Safe for threads and processes."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory if directory is not None else default_directory()

    @contextmanager
    def slot(self, anchor: Digest) -> Iterator[StateSlot]:
        """Lock and open the memory of the root with this digest.

        Raises:
            StorageError: the directory cannot be used.
        """
        trust = self.directory / "trust"
        try:
            trust.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(trust / f"{anchor.hex}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield StateSlot(trust / f"{anchor.hex}.json")
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StorageError(
                f"the state directory {self.directory} cannot be used: {error.strerror or error}",
                hint=f"check its permissions and free space, or set {STATE_ENV} to another directory",
            ) from error
