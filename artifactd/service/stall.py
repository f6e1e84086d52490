"""Ends streams whose peer stopped sending or reading: each holds a worker, and there is a fixed number of them."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Iterator
from typing import Final, TypeVar

import grpc

from artifactd.logs import fields

_LOG: Final = logging.getLogger("artifactd.stall")
_Message = TypeVar("_Message")


class Beat:
    """Since when one stream has waited for its peer; infinity while the service itself is at work."""

    def __init__(self, context: grpc.ServicerContext) -> None:
        self.context = context
        self.waiting_since = math.inf

    def received(self, messages: Iterator[_Message]) -> Iterator[_Message]:
        """The peer's messages; waiting for the next one counts."""
        while True:
            self.waiting_since = time.monotonic()
            message = next(messages, None)
            self.waiting_since = math.inf
            if message is None:
                return
            yield message

    def sent(self, messages: Iterator[_Message]) -> Iterator[_Message]:
        """Messages for the peer; waiting until one is taken counts."""
        for message in messages:
            self.waiting_since = time.monotonic()
            yield message
            self.waiting_since = math.inf


class StallGuard:
    """Cancels streams whose peer keeps them waiting for ``seconds``, checked by one thread for all of them."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._beats: set[Beat] = set()
        self._mutex = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stall-guard", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more. Idempotent."""
        self._stopped.set()

    @contextlib.contextmanager
    def watch(self, context: grpc.ServicerContext) -> Iterator[Beat]:
        """Watch a stream for the time of a block; its messages have to pass through the beat."""
        beat = Beat(context)
        with self._mutex:
            self._beats.add(beat)
        try:
            yield beat
        finally:
            with self._mutex:
                self._beats.discard(beat)

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds / 4):
            oldest = time.monotonic() - self._seconds
            with self._mutex:
                stalled = [beat for beat in self._beats if beat.waiting_since < oldest]
            for beat in stalled:
                _LOG.warning("stalled", extra=fields(peer=beat.context.peer(), seconds=self._seconds))
                beat.context.cancel()  # type: ignore[no-untyped-call]  # without types in the stubs
