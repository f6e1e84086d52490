#% copy what
from pyodide.ffi import create_proxy
import fixtures
target=[1]
c = create_proxy(target)
r = c.copy()
[type(c).__name__, type(r).__name__, r is target, type(c.copy).__name__, str(type(c).__mro__)]
#% copy dict
from pyodide.ffi import create_proxy
import fixtures
c = create_proxy({})
r = c.copy()
[type(c).__name__, type(r).__name__,  type(c.copy).__name__, str(type(c).__mro__)]
