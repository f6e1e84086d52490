"""The JavaScript modules that Cloudflare's SDK for Python workers imports.

The SDK itself (``workers-runtime-sdk`` on the package index) comes like any other package, in a package set or in the
worker's ``python_modules``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runtime_core.js.host import JsHost
from runtime_core.js.values import JsValue
from runtime_core.js.workerd import COMPATIBILITY_FLAGS, ENTRYPOINT_HELPER
from schemas.errors import HostError

CURRENT_FLAGS: Final[Mapping[str, bool]] = {
    "python_workers": True,
    "python_dedicated_snapshot": True,
    "python_no_global_handlers": True,
    "python_process_pth_files": True,
    "python_request_headers_preserve_commas": True,
    "python_workflows": True,
    "python_workflows_implicit_dependencies": True,
    "python_workers_force_new_vendor_path": True,
    "enable_python_external_sdk": True,
}
"""Compatibility flags of workerd's that concern Python, as a worker of a current date has them (workerd's
compatibility-date.capnp)."""


def offer_sdk_modules(js: JsHost) -> None:
    """Register the objects as modules that Python imports; once more does no harm."""
    for name in (ENTRYPOINT_HELPER, COMPATIBILITY_FLAGS):
        register_module(js, name, js.workerd.get(name))


def register_module(js: JsHost, name: str, module: JsValue) -> None:
    """Offer a JavaScript object as a module of Python's."""
    hook = js.import_hook
    if hook is None:
        raise HostError("the guest has not been bootstrapped")
    js.require_callable(hook.get_attribute("register_js_module")).call_python((name, module))
