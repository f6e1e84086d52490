"""Requests to the worker, inside the guest: ASGI applications, and workers that define ``fetch``."""

import asyncio
import inspect
import sys

_ASGI = {"version": "3.0", "spec_version": "2.4"}
_SMALL_BODY = 1 << 16
_lifespans = {}


def prepare(name):
    """After the top level of the module ``name`` ran: make now what its applications would make at the first request.

    Only what the libraries compute of the application itself; nothing of the worker is called.
    """
    _run_threads_inline()
    for application in list(vars(sys.modules[name]).values()):
        prepare_application(application)


def prepare_application(application):
    """See :func:`prepare`; does nothing with what is no application of Starlette or FastAPI."""
    build = getattr(type(application), "build_middleware_stack", None)
    if build is None or getattr(application, "middleware_stack", application) is not None:
        return
    application.middleware_stack = build(application)
    context = getattr(sys.modules.get("fastapi.routing"), "_extract_endpoint_context", None)
    if context is not None:
        for route in getattr(application, "routes", ()):
            if hasattr(route, "endpoint"):
                context(route.endpoint)


def _run_threads_inline():
    """There are no threads: what applications hand to anyio's runs at once."""
    to_thread = sys.modules.get("anyio.to_thread")
    if to_thread is not None and to_thread.run_sync is not _run_sync:
        to_thread.run_sync = _run_sync


async def _run_sync(func, *args, abandon_on_cancel=False, cancellable=None, limiter=None):
    del abandon_on_cancel, cancellable, limiter
    return func(*args)


def _find(module, name):
    target = sys.modules[module]
    for part in name.split("."):
        target = getattr(target, part)
    return target


def asgi(module, name, request, env=None):
    """Send one request to an ASGI application; returns status, headers and body, or an awaitable of them.

    ``request`` is method, scheme, path, raw path, query, headers as pairs of text, body, server and client. ``env``
    stands in the scope, as Cloudflare's SDK puts it there.
    """
    return run_eagerly(serve(_find(module, name), request, env))


def run_eagerly(coroutine):
    """Run a coroutine as a task, at once: if it never waits, there is its result and no turn of the event loop."""
    task = asyncio.Task(coroutine, loop=asyncio.get_running_loop(), eager_start=True)
    return task.result() if task.done() else task


async def serve(application, request, env=None):
    """See :func:`asgi`."""
    lifespan = _lifespans.get(id(application))
    if lifespan is None:
        _run_threads_inline()
        lifespan = _Lifespan(application)
        await lifespan.start()
        _lifespans[id(application)] = lifespan
    method, scheme, path, raw_path, query, headers, body, server, client = request
    exchange = _Exchange(body)
    scope = {
        "type": "http",
        "asgi": _ASGI,
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": path,
        "raw_path": raw_path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [(key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in headers],
        "server": server and tuple(server),
        "client": client and tuple(client),
        "state": lifespan.state.copy(),
    }
    if env is not None:
        scope["env"] = env
    await application(scope, exchange.receive, exchange.send)
    return exchange.result()


class _Exchange:
    """One request and its response, as an application receives and sends them."""

    __slots__ = ("body", "chunks", "done", "headers", "status", "waiting")

    def __init__(self, body):
        self.body = body
        self.chunks = []
        self.done = False
        self.status = None
        self.headers = ()
        self.waiting = None

    async def receive(self):
        body, self.body = self.body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        if not self.done:
            if self.waiting is None:
                self.waiting = asyncio.get_running_loop().create_future()
            await asyncio.shield(self.waiting)
        return {"type": "http.disconnect"}

    async def send(self, message):
        kind = message["type"]
        if kind == "http.response.start":
            if self.status is not None:
                raise RuntimeError("the ASGI application started its response twice")
            self.status = message["status"]
            self.headers = message.get("headers", ())
        elif kind == "http.response.body":
            if self.status is None or self.done:
                raise RuntimeError("the ASGI application sent a body outside of a response")
            self.chunks.append(message.get("body", b""))
            if not message.get("more_body", False):
                self.done = True
                if self.waiting is not None and not self.waiting.done():
                    self.waiting.set_result(None)
        else:
            raise RuntimeError(f"the ASGI application sent {kind!r}, which is no part of a response")

    def result(self):
        if not self.done:
            raise RuntimeError("the ASGI application returned without a complete response")
        headers = [[bytes(key).decode("latin-1"), bytes(value).decode("latin-1")] for key, value in self.headers]
        body = b"".join(self.chunks)
        # Texts go to the host in one piece with all the rest, bytes one by one.
        return [self.status, headers, body.decode("latin-1") if len(body) <= _SMALL_BODY else body]


class _Lifespan:
    """The start and the end of an application. One that does not take part in that is served all the same."""

    def __init__(self, application):
        self.application = application
        self.state = {}
        self.started = False

    async def start(self):
        loop = asyncio.get_running_loop()
        self.ready = loop.create_future()
        self.ending = loop.create_future()
        self.task = asyncio.Task(self.run(), loop=loop, eager_start=True)
        if not self.ready.done():
            await self.ready
        self.ready.result()

    async def run(self):
        try:
            await self.application({"type": "lifespan", "asgi": _ASGI, "state": self.state}, self.receive, self.send)
        except Exception:
            # ASGI: an application that raises before it answers does not support lifespans, and is served without.
            if self.started:
                raise
        finally:
            if not self.ready.done():
                self.ready.set_result(None)

    async def receive(self):
        if not self.started and not self.ready.done():
            return {"type": "lifespan.startup"}
        await self.ending
        return {"type": "lifespan.shutdown"}

    async def send(self, message):
        kind = message["type"]
        if kind == "lifespan.startup.complete":
            self.started = True
            self.ready.set_result(None)
        elif kind == "lifespan.startup.failed":
            self.ready.set_exception(RuntimeError(message.get("message") or "the ASGI application failed to start"))
        elif kind == "lifespan.shutdown.failed":
            raise RuntimeError(message.get("message") or "the ASGI application failed to shut down")

    async def stop(self):
        if self.started:
            self.ending.set_result(None)
            await self.task


async def forget(application):
    """Let go of an application that was exercised only."""
    lifespan = _lifespans.pop(id(application), None)
    if lifespan is not None:
        await lifespan.stop()


async def shut_down():
    """Let the applications that were started end."""
    lifespans = list(_lifespans.values())
    _lifespans.clear()
    for lifespan in lifespans:
        await lifespan.stop()


async def plain(scope, receive, send):
    """An application of this module's own: what every request goes through is exercised with it in the build."""
    if scope["type"] == "http":
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-plain", b"1")]})
        await send({"type": "http.response.body", "body": body})
        return
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


def fetch(module, request, env, context):
    """Send one request to the worker: to ``fetch`` of its class ``Default``, or to its function ``on_fetch``.

    Returns status, headers and body, or None where it has neither; or an awaitable of that.
    """
    return run_eagerly(_fetch(module, request, env, context))


async def _fetch(module, request, env, context):
    worker = sys.modules[module]
    default = getattr(worker, "Default", None)
    owner, name = (worker, "on_fetch") if default is None else (default(context, env), "fetch")
    handler = getattr(owner, name, None)
    if handler is None:
        return None
    import js
    from pyodide.ffi import to_js

    method, url, headers, body = request
    options = {"method": method, "headers": to_js(headers)}
    if body and method not in ("GET", "HEAD"):
        options["body"] = to_js(body)
    received = js.Request.new(url, **options)
    # With the SDK a worker gets the SDK's request, as workerd gives it (design: section 7.4).
    convert = getattr(sys.modules.get("workers"), "python_from_rpc", None)
    if convert is not None:
        received = convert(received)
    result = handler(*_accepted(handler, [received, env, context]))
    if inspect.isawaitable(result):
        result = await result
    response = getattr(result, "js_response", result)
    content = (await response.arrayBuffer()).to_bytes()
    return [response.status, [list(pair) for pair in response.headers], content]


def _accepted(handler, arguments):
    """The arguments that a function takes: surplus ones are dropped."""
    taken = 0
    for parameter in inspect.signature(handler).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            return arguments
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            taken += 1
    return arguments[:taken]
