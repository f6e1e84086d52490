"""One gRPC connection to artifactd: its address, limits and deadlines, and the translation of its errors.

Everything a call can raise, also while a stream is being iterated, is an error of :mod:`schemas.errors`: no
``grpc.RpcError`` leaves this module. The service names the error class in the trailing metadata
``artifactd-error-code``; for other servers of the Remote Execution API the status code decides.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, Protocol, Self, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from artifactd.client.error_codes import error_class
from artifactd.client.memory import keep_freed_memory
from artifactd.client.retry import RetryPolicy
from schemas.errors import (
    AccessDeniedError,
    ArtifactError,
    BlobNotFoundError,
    ChannelConflictError,
    ConfigError,
    FormatError,
    IntegrityError,
    PlatformError,
    ServiceUnavailableError,
    StorageError,
)

ADDRESS_ENV: Final = "ARTIFACTD_ADDRESS"
TOKEN_ENV: Final = "ARTIFACTD_TOKEN"  # noqa: S105 - the name of a variable
CA_ENV: Final = "ARTIFACTD_CA"
ERROR_CODE_KEY: Final = "artifactd-error-code"

# Blobs travel in 1 MiB messages and batches of at most 4 MiB (the gRPC default); nothing larger is asked for.
_MAX_MESSAGE: Final = 8 * 1024 * 1024
_MAX_DETAILS: Final = 2000
_BUSY: Final = "Concurrent RPC limit exceeded"
"""How grpcio refuses calls beyond those that may wait, with the status that otherwise means a full disk."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _MAX_MESSAGE),
    ("grpc.max_send_message_length", _MAX_MESSAGE),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.primary_user_agent", "artifactd-client"),
    # Connections are shared by address inside a process otherwise, and a closed one would affect its namesakes.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)

_Response = TypeVar("_Response", bound=Message)
_Item = TypeVar("_Item")
_Item_co = TypeVar("_Item_co", covariant=True)


class _Streaming(Protocol[_Item_co]):
    """What a server-streaming gRPC call offers, as far as it is used here."""

    def __iter__(self) -> Iterator[_Item_co]: ...

    def cancel(self) -> object: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where the service is and how to talk to it.

    ``address`` is ``host:port``, ``grpc://host:port``, ``grpcs://host:port`` (TLS) or ``unix:/path``. ``ca_file``
    (PEM) replaces the system's certificate authorities and implies TLS. ``token`` is sent as a bearer token, over
    TLS or loopback only. ``timeout`` is the deadline of an ordinary call in seconds; streams get more by size.
    """

    address: str
    ca_file: Path | None = None
    token: str | None = field(default=None, repr=False)
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if not self.target:
            raise ConfigError("no service address", hint=f"give --address HOST:PORT or set {ADDRESS_ENV}")
        if not self.target.startswith("unix:") and not re.fullmatch(r"\S+:\d{1,5}", self.target):
            raise ConfigError("not a service address", expected="HOST:PORT", found=repr(self.address)[:200])
        if self.token is not None and not (self.uses_tls or self.is_loopback):
            raise ConfigError(
                f"a token would travel unencrypted to {self.target}",
                hint="use grpcs://HOST:PORT or give a CA file",
            )

    @classmethod
    def from_environment(cls, address: str | None = None, *, environ: Mapping[str, str] | None = None) -> Endpoint:
        """The endpoint of the environment variables ARTIFACTD_ADDRESS, ARTIFACTD_CA and ARTIFACTD_TOKEN.

        Raises:
            ConfigError: no address is given, or it has another form.
        """
        variables = os.environ if environ is None else environ
        ca_file = variables.get(CA_ENV)
        return cls(
            address=address or variables.get(ADDRESS_ENV, ""),
            ca_file=Path(ca_file) if ca_file else None,
            token=variables.get(TOKEN_ENV) or None,
        )

    @property
    def target(self) -> str:
        """The address as gRPC takes it."""
        return self.address.removeprefix("grpc://").removeprefix("grpcs://").rstrip("/")

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.ca_file is not None or self.address.startswith("grpcs://")

    @property
    def is_loopback(self) -> bool:
        """Whether the bytes stay on this machine."""
        if self.target.startswith("unix:"):
            return True
        host = self.target.rpartition(":")[0].strip("[]")
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


class Connection:
    """A connection that is made on the first call. Safe for threads; a context manager; ``close()`` may be repeated."""

    def __init__(self, endpoint: Endpoint | str, *, retry: RetryPolicy | None = None) -> None:
        self.endpoint = Endpoint(address=endpoint) if isinstance(endpoint, str) else endpoint
        self._retry = retry if retry is not None else RetryPolicy()
        self._answered = False
        keep_freed_memory()
        self._channel = _open_channel(self.endpoint)
        token = self.endpoint.token
        self._metadata = (("authorization", f"Bearer {token}"),) if token else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; calls under way fail with ServiceUnavailableError."""
        self._channel.close()

    def pause_or_raise(self, error: ServiceUnavailableError, failures: int) -> None:
        """Wait before another attempt after ``failures`` in a row, or raise the error if they were enough."""
        if self._retry.gives_up(failures, answered=self._answered):
            raise error
        self._retry.wait(failures)

    def call(self, method: str, request: Message, response: type[_Response]) -> _Response:
        """Call ``method`` (``/package.Service/Method``), again while the service cannot be reached.

        Raises:
            PlatformError: the class that the service named, ServiceUnavailableError if it cannot be reached.
        """
        failures = 0
        while True:
            try:
                return self._unary(method, request, response)
            except ServiceUnavailableError as error:
                failures += 1
                self.pause_or_raise(error, failures)

    def _unary(self, method: str, request: Message, response: type[_Response]) -> _Response:
        call = self._channel.unary_unary(
            method, request_serializer=_serialize, response_deserializer=_decoder(response)
        )
        try:
            answer: _Response = call(request, timeout=self.endpoint.timeout, metadata=self._metadata)
        except (grpc.RpcError, ValueError) as error:
            raise self.translate(error) from error
        self._answered = True
        return answer

    def server_stream(
        self, method: str, request: Message, decode: Callable[[bytes], _Item], *, timeout: float
    ) -> Iterator[_Item]:
        """Call ``method`` and yield its responses; abandoning the iterator cancels the call.

        ``decode`` raises FormatError for bytes that are not a response.

        Raises:
            PlatformError: as for :meth:`call`, also in the middle of the stream.
        """
        failures: list[FormatError] = []

        def checked(data: bytes) -> _Item:
            # gRPC turns whatever a deserializer raises into a status without its message; keep the error itself.
            try:
                return decode(data)
            except FormatError as error:
                failures.append(error)
                raise

        stream = self._channel.unary_stream(method, request_serializer=_serialize, response_deserializer=checked)
        try:
            call: _Streaming[_Item] = stream(request, timeout=timeout, metadata=self._metadata)
        except (grpc.RpcError, ValueError) as error:
            raise self.translate(error) from error
        try:
            for item in call:
                self._answered = True
                yield item
        except grpc.RpcError as error:
            raise (failures[0] if failures else self.translate(error)) from error
        finally:
            call.cancel()

    def client_stream(
        self, method: str, requests: Iterator[bytes], response: type[_Response], *, timeout: float
    ) -> _Response:
        """Send already encoded ``requests`` and return the response, which may come before all were sent.

        An error that ``requests`` raises is raised here as it is.

        Raises:
            PlatformError: as for :meth:`call`.
        """
        failures: list[Exception] = []

        def guarded() -> Iterator[bytes]:
            # gRPC logs an exception of the request iterator and answers with a bare status; keep the exception.
            try:
                yield from requests
            except Exception as error:
                failures.append(error)
                raise

        call = self._channel.stream_unary(
            method, request_serializer=_identity, response_deserializer=_decoder(response)
        )
        try:
            answer: _Response = call(guarded(), timeout=timeout, metadata=self._metadata)
        except (grpc.RpcError, ValueError) as error:
            if failures:
                raise failures[0] from error
            raise self.translate(error) from error
        return answer

    def translate(self, error: grpc.RpcError | ValueError) -> PlatformError:
        """The project's error for what gRPC raised."""
        if not isinstance(error, grpc.Call):  # a ValueError: the channel is closed
            return ServiceUnavailableError(f"the connection to {self.endpoint.target} is closed", hint="connect again")
        code = error.code()
        details = printable(error.details() or "")
        named = _named_class(error)
        if named is not None:
            return named(details)
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED and details.startswith(_BUSY):
            self._answered = True
            return ServiceUnavailableError(f"artifactd at {self.endpoint.target} is busy: {details}", hint="try again")
        return error_for_status(code.value[0], details, address=self.endpoint.target)


def error_for_status(status: int, details: str, *, address: str) -> PlatformError:
    """The project's error for a gRPC status number; ``details`` is the server's message."""
    if status == grpc.StatusCode.UNAVAILABLE.value[0]:
        return ServiceUnavailableError(
            f"cannot reach artifactd at {address}: {details}",
            hint=f"check that it runs (artifactd serve) and that the address is right (--address or {ADDRESS_ENV})",
        )
    if status == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]:
        return ServiceUnavailableError(f"artifactd at {address} did not answer in time", hint="try again")
    if status == grpc.StatusCode.CANCELLED.value[0]:
        return ServiceUnavailableError(f"the call to {address} was cancelled: {details}", hint="try again")
    if status == grpc.StatusCode.UNIMPLEMENTED.value[0]:
        return ArtifactError(f"the server at {address} does not offer this: {details}", hint="is it an artifactd?")
    return _BY_STATUS.get(status, ArtifactError)(details or f"the service answered with status {status}")


def printable(text: str) -> str:
    """A peer's text made safe for a terminal: no control characters, bounded length."""
    return _CONTROL.sub("?", text[:_MAX_DETAILS])


_BY_STATUS: Final[Mapping[int, type[PlatformError]]] = MappingProxyType(
    {
        grpc.StatusCode.NOT_FOUND.value[0]: BlobNotFoundError,
        grpc.StatusCode.ABORTED.value[0]: ChannelConflictError,
        grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]: StorageError,
        grpc.StatusCode.DATA_LOSS.value[0]: IntegrityError,
        grpc.StatusCode.PERMISSION_DENIED.value[0]: AccessDeniedError,
        grpc.StatusCode.UNAUTHENTICATED.value[0]: AccessDeniedError,
    }
)


def _open_channel(endpoint: Endpoint) -> grpc.Channel:
    if not endpoint.uses_tls:
        return grpc.insecure_channel(endpoint.target, options=_OPTIONS)
    roots: bytes | None = None
    if endpoint.ca_file is not None:
        try:
            roots = endpoint.ca_file.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"cannot read the CA file {endpoint.ca_file}: {error.strerror}", hint=f"set {CA_ENV} to a PEM file"
            ) from error
    return grpc.secure_channel(endpoint.target, grpc.ssl_channel_credentials(roots), options=_OPTIONS)


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


def _identity(data: bytes) -> bytes:
    return data


def _decoder(response: type[_Response]) -> Callable[[bytes], _Response]:
    def decode(data: bytes) -> _Response:
        try:
            return response.FromString(data)
        except DecodeError as error:
            raise FormatError(f"the service's answer is not a {response.DESCRIPTOR.name}") from error

    return decode


def _named_class(error: grpc.Call) -> type[PlatformError] | None:
    """The class named in the trailing metadata; only families that a service can be the cause of."""
    metadata: Any = error.trailing_metadata() or ()
    for key, value in metadata:
        if key == ERROR_CODE_KEY:
            return error_class(value, ArtifactError, IntegrityError, FormatError, ConfigError)
    return None
