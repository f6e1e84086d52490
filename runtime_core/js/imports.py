"""All imports of this layer, for the engine to link."""

from __future__ import annotations

from runtime_core.engine.hostcall import HostImport
from runtime_core.js.buffer_imports import BUFFER_IMPORTS
from runtime_core.js.core_imports import CORE_IMPORTS
from runtime_core.js.interface_imports import INTERFACE_IMPORTS
from runtime_core.js.js2python import JS2PYTHON_IMPORTS
from runtime_core.js.jsproxy_imports import JSPROXY_IMPORTS
from runtime_core.js.jsv_imports import JSV_IMPORTS
from runtime_core.js.pyproxy_imports import PYPROXY_IMPORTS
from runtime_core.js.python2js import PYTHON2JS_IMPORTS


def js_imports() -> list[HostImport]:
    """The functions of component ``js``."""
    tables = (
        CORE_IMPORTS,
        JSV_IMPORTS,
        JSPROXY_IMPORTS,
        BUFFER_IMPORTS,
        JS2PYTHON_IMPORTS,
        PYTHON2JS_IMPORTS,
        PYPROXY_IMPORTS,
        INTERFACE_IMPORTS,
    )
    return [item for table in tables for item in table.host_imports()]
