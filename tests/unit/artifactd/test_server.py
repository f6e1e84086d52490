"""What the server does beside answering calls."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from artifactd.channels import ChannelRepository
from artifactd.config import load_settings
from artifactd.server import ArtifactServer
from schemas.errors import ConfigError, PlatformError, StorageError


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StorageError("the disk is gone"), "the store failed"),
        (ConfigError("other keys"), "another daemon's keys"),
        (RuntimeError("nobody thought of this"), "a bug, here or in a library"),
    ],
)
def test_timestamps_are_renewed_after_any_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, reason: str
) -> None:
    attempts = 0
    again = threading.Event()

    def refresh(repository: ChannelRepository) -> bool:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise error
        again.set()
        return False

    monkeypatch.setattr("artifactd.server._REFRESH_SECONDS", 0.01)
    monkeypatch.setattr(ChannelRepository, "refresh_if_due", refresh)
    flags = {"store": "file:store", "port": "0", "drain_seconds": "0"}
    server = ArtifactServer(load_settings(file=None, flags=flags, environment={}, directory=tmp_path))
    with caplog.at_level(logging.WARNING, logger="artifactd.server"):
        server.start()
        try:
            assert again.wait(10), reason
        finally:
            server.drain()
    (record,) = (record for record in caplog.records if record.getMessage().startswith("timestamp not renewed"))
    assert (record.exc_info is None) == isinstance(error, PlatformError), "only the unexpected needs a traceback"
