"""What every call passes: the token check, the watch over its streams, translation of errors, one line in the log."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

import grpc

from artifactd.service.stall import StallGuard
from artifactd.service.status import status_of
from schemas.errors import AccessDeniedError

_LOG: Final = logging.getLogger("artifactd.requests")
_LEVELS: Final = {
    grpc.StatusCode.INTERNAL: logging.ERROR,
    grpc.StatusCode.NOT_FOUND: logging.INFO,  # an answer: each check of a channel asks for the next root
}
"""Of refused calls; all others are warnings."""
_HEALTH_PREFIX: Final = "/grpc.health.v1."
_HEALTH_WATCH: Final = "/grpc.health.v1.Health/Watch"
_WRITING_METHODS: Final = frozenset(
    {
        "/google.bytestream.ByteStream/Write",
        "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs",
        "/artifactd.v1.Releases/PutRelease",
        "/artifactd.v1.Channels/Publish",
    }
)
Handler = Callable[[Any, grpc.ServicerContext], Any]


class EdgeInterceptor(grpc.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs only
    """Wraps every handler, so that servicers raise domain errors and know nothing of status codes.

    ``token``: what writers must present as ``authorization: Bearer <token>``; empty lets everyone write. Reading is
    open, because every artifact is verified by digest and signature at its reader. ``guard`` ends streams, of any
    service, whose peer neither sends nor takes a message.
    """

    def __init__(self, *, guard: StallGuard, token: str = "") -> None:
        self._guard = guard
        self._token = token

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wrap the handler of one call; None, an unknown method, passes."""
        handler = continuation(handler_call_details)
        if handler is None or handler_call_details.method == _HEALTH_WATCH:
            # Watching lasts for ever and says little. Unwrapped, gRPC serves it without a worker of its own.
            return handler
        call = _Call(handler_call_details.method, self._allowed(handler_call_details), self._guard)
        make, behaviour = _shape_of(handler)
        if handler.request_streaming or handler.response_streaming:
            behaviour = call.watched(behaviour, handler)
        run = call.streamed(behaviour) if handler.response_streaming else call.single(behaviour)
        wrapped: grpc.RpcMethodHandler[Any, Any] = make(
            run, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )
        return wrapped

    def _allowed(self, details: grpc.HandlerCallDetails) -> bool:
        if not self._token or details.method not in _WRITING_METHODS:
            return True
        expected = f"Bearer {self._token}".encode()
        return any(
            key == "authorization" and hmac.compare_digest(_as_bytes(value), expected)
            for key, value in details.invocation_metadata or ()
        )


class _Call:
    """One call: its method, whether the caller may make it, and how it is reported."""

    def __init__(self, method: str, allowed: bool, guard: StallGuard) -> None:
        self._method = method
        self._allowed = allowed
        self._guard = guard

    def watched(self, behaviour: Handler, handler: grpc.RpcMethodHandler[Any, Any]) -> Handler:
        """The behaviour under the guard: messages in both directions pass through its beat."""

        def single(request: Any, context: grpc.ServicerContext) -> Any:
            with self._guard.watch(context) as beat:
                return behaviour(beat.received(request), context)

        def streamed(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with self._guard.watch(context) as beat:
                given = beat.received(request) if handler.request_streaming else request
                yield from beat.sent(behaviour(given, context))

        return streamed if handler.response_streaming else single

    def single(self, behaviour: Handler) -> Handler:
        def run(request: Any, context: grpc.ServicerContext) -> Any:
            started = time.perf_counter()
            try:
                self._require_allowed()
                response = behaviour(request, context)
            except Exception as error:  # noqa: BLE001 - the edge: every error becomes a status
                self._abort(context, error, started)
            self._log(context, "OK", started)
            return response

        return run

    def streamed(self, behaviour: Handler) -> Handler:
        def run(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            started = time.perf_counter()
            outcome = "CANCELLED"
            try:
                self._require_allowed()
                yield from behaviour(request, context)
                outcome = "OK"
            except Exception as error:  # noqa: BLE001 - the edge: every error becomes a status
                outcome = ""
                self._abort(context, error, started)
            finally:
                if outcome:
                    self._log(context, outcome, started)

        return run

    def _require_allowed(self) -> None:
        if not self._allowed:
            raise AccessDeniedError(
                "this call needs the service's token", hint="send it as metadata: authorization: Bearer <token>"
            )

    def _abort(self, context: grpc.ServicerContext, error: Exception, started: float) -> None:
        if not context.is_active():
            # The client went away; nothing can be told to it any more, and reading its stream failed because of that.
            self._log(context, "CANCELLED", started)
            context.abort(grpc.StatusCode.CANCELLED, "the client went away")
        edge = status_of(error)
        self._log(context, edge.status.name, started, level=_LEVELS.get(edge.status, logging.WARNING), error=error)
        context.set_trailing_metadata(edge.trailing_metadata)
        context.abort(edge.status, edge.details)

    def _log(
        self,
        context: grpc.ServicerContext,
        status: str,
        started: float,
        *,
        level: int = logging.INFO,
        error: Exception | None = None,
    ) -> None:
        if self._method.startswith(_HEALTH_PREFIX) and level < logging.WARNING:
            level = logging.DEBUG
        fields: dict[str, object] = {
            "method": self._method,
            "peer": context.peer(),
            "status": status,
            "ms": round((time.perf_counter() - started) * 1000, 2),
        }
        if error is not None:
            fields["error"] = str(error)
            fields["cause"] = repr(error.__cause__) if error.__cause__ is not None else None
        _LOG.log(level, "call", extra={"fields": fields}, exc_info=error if level >= logging.ERROR else None)


def _shape_of(handler: grpc.RpcMethodHandler[Any, Any]) -> tuple[Callable[..., Any], Handler]:
    """How to make a handler of this kind, and its behaviour."""
    make: Callable[..., Any]
    match handler.request_streaming, handler.response_streaming:
        case False, False:
            make, behaviour = grpc.unary_unary_rpc_method_handler, handler.unary_unary
        case True, False:
            make, behaviour = grpc.stream_unary_rpc_method_handler, handler.stream_unary
        case False, True:
            make, behaviour = grpc.unary_stream_rpc_method_handler, handler.unary_stream
        case _:
            make, behaviour = grpc.stream_stream_rpc_method_handler, handler.stream_stream
    return make, cast("Handler", behaviour)


def _as_bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
