"""From a channel to the release it points at: drives a trust session over the network, or over what is remembered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from artifactd.client.channels import ChannelClient
from artifactd.client.history import DEFAULT_LIMIT, ChannelHistory, HistoryEntry
from artifactd.client.state_store import StateSlot, StateStore
from artifactd.client.trust import ExpiryPolicy, MetadataRequest, TrustedTarget, TrustSession, verify
from schemas.digest import Digest
from schemas.errors import ConfigError, ServiceUnavailableError, SizeMismatchError
from schemas.tuf_names import ROOT, TIMESTAMP_FILE, max_size

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time, aware of its zone."""
    return datetime.now(UTC)


def read_root(root: bytes | Path) -> bytes:
    """The trusted root's bytes, from the file if it is one.

    Raises:
        ConfigError: the file cannot be read.
        SizeMismatchError: it is too large for root metadata.
    """
    if isinstance(root, Path):
        path = root
        try:
            with path.open("rb") as file:
                root = file.read(max_size(ROOT) + 1)
        except OSError as error:
            raise ConfigError(
                f"cannot read the trusted root {path}: {error.strerror or error}",
                hint="give the root.json that the publisher distributes (artifactctl init wrote it)",
            ) from error
    if len(root) > max_size(ROOT):
        raise SizeMismatchError("the trusted root is too large", expected=f"<= {max_size(ROOT)}", found=len(root))
    return root


def open_session(
    client: ChannelClient,
    *,
    root: bytes,
    channel: str | None,
    store: StateStore,
    clock: Clock = utc_now,
    expiry: ExpiryPolicy = ExpiryPolicy.REFUSE,
) -> TrustSession:
    """Verify up to a channel (None: the top-level targets) and remember what was verified, also after a failure.

    Raises:
        ExpiredMetadataError, RollbackError, SignatureError: the metadata is not to be trusted.
        ChannelNotFoundError: there is no such channel.
        ServiceUnavailableError: the service cannot be reached.
    """
    with store.slot(Digest.of(root)) as slot:
        return _run(slot, root=root, channel=channel, clock=clock, fetch=_from_service(client), expiry=expiry)


def resolve_channel(
    client: ChannelClient,
    *,
    root: bytes,
    channel: str,
    store: StateStore,
    offline: bool = False,
    clock: Clock = utc_now,
) -> TrustedTarget:
    """Where a channel points now. With ``offline``, where it pointed last if the service cannot be reached and the
    remembered metadata has not expired.

    Raises:
        As :func:`open_session`.
    """
    with store.slot(Digest.of(root)) as slot:
        try:
            return _run(slot, root=root, channel=channel, clock=clock, fetch=_from_service(client)).resolve()
        except ServiceUnavailableError:
            state = slot.load() if offline else None
            if state is None or state.timestamp is None:
                raise
            timestamp = state.timestamp

        def remembered(request: MetadataRequest) -> bytes | None:
            return timestamp if request.name == TIMESTAMP_FILE else None

        return _run(slot, root=root, channel=channel, clock=clock, fetch=remembered).resolve()


def read_history(
    client: ChannelClient,
    *,
    root: bytes,
    channel: str,
    store: StateStore,
    limit: int = DEFAULT_LIMIT,
    clock: Clock = utc_now,
) -> tuple[HistoryEntry, ...]:
    """Where a channel points and pointed, newest first, also after its metadata has expired.

    Raises:
        As :func:`open_session`, and FormatError, SizeMismatchError for an earlier version that is no metadata.
    """
    session = open_session(
        client, root=root, channel=channel, store=store, clock=clock, expiry=ExpiryPolicy.TOLERATE_PUBLISHERS
    )
    history = ChannelHistory(session, limit=limit)
    while (request := history.next_request()) is not None:
        history.feed(client.metadata(request.name, max_length=request.max_length))
    return history.entries()


def _run(
    slot: StateSlot,
    *,
    root: bytes,
    channel: str | None,
    clock: Clock,
    fetch: Callable[[MetadataRequest], bytes | None],
    expiry: ExpiryPolicy = ExpiryPolicy.REFUSE,
) -> TrustSession:
    session = TrustSession(root=root, now=clock(), channel=channel, previous=slot.load(), expiry=expiry)
    try:
        verify(session, fetch)
    finally:
        slot.store(session.state)
    return session


def _from_service(client: ChannelClient) -> Callable[[MetadataRequest], bytes | None]:
    return lambda request: client.metadata(request.name, max_length=request.max_length)
