"""What ``Isolate.evaluate`` gives is what Pyodide's ``eval_code`` gives, by a shorter way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime_core.isolate import Isolate
from schemas.errors import PythonError
from tests.support import releases

pytestmark = pytest.mark.boot

SOURCES = (
    "",
    "\n\n",
    "1",
    "1;",
    "1; 2",
    "1 # one;",
    "x = 1",
    "x = 1\nx",
    "x = 1\nx\n\n# the end\n",
    "x = 1\nx;",
    "x = 1; x",
    "max(\n    1,\n    2,\n)",
    "x = [\n1,\n2\n]\nsum(\nx\n)",
    "'''\ntext\n'''",
    "x = '''\ntext\n'''",
    "x = '''\n1\n'''\nx",
    "x = 1 + \\\n2",
    "x = 3\\\n\n-x",
    "if True:\n    x = 5\nx",
    "if True:\n    x = 5\nelse:\n    x = 6",
    "def f():\n    return 7\nf()",
    "def f():\n    return 7\n\n    f()",
    "@str\ndef f(): pass\nf[:9]",
    "for x in range(3): pass\nx",
    "(y := 4)",
    "lambda: 0\nnot 1",
    "import sys\nsys._getframe().f_lineno",
    "import sys\n\n# here\n[sys._getframe().f_lineno,\n sys._getframe().f_lineno]",
    "import sys\nsys._getframe().f_code.co_filename",
    "from __future__ import annotations\ndef f(a: Absent): pass\nf.__annotations__",
    "'docstring'\n__doc__",
    "x = 8\r\nx\r\n",
    "x = 8\rx",
    "\x0c1",
    " 1",
    "π = 3\nπ",
    "globals() is locals()",
    "[__name__, list(n for n in ('x',) if n in dir())]",
)
ERRORS = (
    "1 +",
    "\ufeff1",
    "x = (",
    "if True:\n1",
    "x = 1\n  x",
    "await f()",
    "yield 1",
    "return 1",
    "1/0",
    "x = 1\n\nx.absent",
    "x = absent\n1",
    "raise SystemError('on purpose')",
    "'\\ud800'.encode()\n1",
    "x = 1\0",
)


@pytest.fixture(name="isolate")
def make_isolate() -> Iterator[Isolate]:
    with Isolate(releases.runtime()) as isolate:
        yield isolate


def _upstream(isolate: Isolate, source: str) -> object:
    guest = isolate._guest
    assert guest is not None
    return guest.js.run(source, filename="<worker>")


@pytest.mark.parametrize("source", SOURCES)
def test_values(isolate: Isolate, source: str) -> None:
    with Isolate(isolate.runtime) as other:
        assert isolate.evaluate(source) == _upstream(other, source)


@pytest.mark.parametrize("source", ERRORS)
def test_errors(isolate: Isolate, source: str) -> None:
    with Isolate(isolate.runtime) as other:
        with pytest.raises(PythonError) as expected:
            _upstream(other, source)
        with pytest.raises(PythonError) as found:
            isolate.evaluate(source)
    assert found.value.type_name == expected.value.type_name
    assert found.value.message == expected.value.message
    line = [text for text in expected.value.traceback.splitlines() if '"<worker>"' in text]
    assert [text for text in found.value.traceback.splitlines() if '"<worker>"' in text] == line


def test_nothing_runs_of_what_does_not_compile(isolate: Isolate) -> None:
    isolate.run("ran = []")
    with pytest.raises(PythonError, match="SyntaxError"):
        isolate.evaluate("ran.append(1)\n1 +")
    assert isolate.evaluate("ran") == []
