"""The guards on random sources while a top level runs: what they refuse, what they let through, what they leave."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime_core.guest import Guest
from runtime_core.isolate import Isolate
from runtime_core.worker.entropy import EntropyGuards, Reseeding
from schemas.errors import CaptureError, EntropyDeniedError, FatalIsolateError, PythonError
from tests.support import releases

pytestmark = pytest.mark.boot

NO_ENTROPY = "Cannot get entropy outside of request context"
GLOBAL_SCOPE = "Disallowed operation called within global scope"


@pytest.fixture(name="isolate")
def booted_isolate() -> Iterator[Isolate]:
    with Isolate(releases.runtime()) as isolate:
        yield isolate


def guest_of(isolate: Isolate) -> Guest:
    guest = isolate._guest
    assert guest is not None
    return guest


def run_top_level(isolate: Isolate, source: str) -> Reseeding:
    with EntropyGuards.install(guest_of(isolate)) as guards:
        isolate.run(source)
        return guards.remove()


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("import random\nrandom.random()", "RuntimeError", "Cannot use random.random() outside of request context"),
        ("from random import choice\nchoice('ab')", "RuntimeError", "Cannot use random.choice() outside"),
        ("import random\nrandom.seed(1)", "RuntimeError", "Cannot use random.seed() outside of request context"),
        ("import random\nrandom.randbytes(2)", "RuntimeError", "Cannot use random.randbytes() outside"),
        ("import random\nrandom.Random()", "OSError", f"[Errno 29] {NO_ENTROPY}"),
        ("import random\nrandom.Random(1).seed()", "OSError", NO_ENTROPY),
        ("import random\nrandom.SystemRandom().random()", "OSError", NO_ENTROPY),
        ("import os\nos.urandom(8)", "OSError", NO_ENTROPY),
        ("from os import urandom\nurandom(8)", "OSError", NO_ENTROPY),
        ("import posix\nposix.urandom(8)", "OSError", NO_ENTROPY),
        ("import secrets\nsecrets.token_hex()", "OSError", NO_ENTROPY),
        ("import uuid\nuuid.uuid4()", "OSError", NO_ENTROPY),
        ("import uuid\nuuid.uuid1()", "RuntimeError", "Cannot use random.getrandbits() outside"),
        ("import uuid\nuuid.uuid7()", "OSError", NO_ENTROPY),
        ("import uuid\nuuid.getnode()", "RuntimeError", "Cannot use uuid.getnode() outside"),
        ("import uuid\nuuid.uuid1(clock_seq=0)", "RuntimeError", "Cannot use uuid.getnode() outside"),
        ("import ssl\nssl.RAND_bytes(8)", "OSError", NO_ENTROPY),
        ("open('/dev/urandom', 'rb').read(1)", "OSError", "[Errno 29]"),
        ("import js\njs.Math.random()", "JsException", GLOBAL_SCOPE),
        ("import js\njs.crypto.randomUUID()", "JsException", GLOBAL_SCOPE),
        ("import js\njs.crypto.getRandomValues(js.Uint8Array.new(4))", "JsException", GLOBAL_SCOPE),
    ],
)
def test_what_is_refused(isolate: Isolate, source: str, error: str, message: str) -> None:
    with EntropyGuards.install(guest_of(isolate)) as guards:
        with pytest.raises(PythonError) as raised:
            isolate.run(source)
        guards.remove()
    assert raised.value.type_name.endswith(error)
    assert message in str(raised.value)
    isolate.run(source)  # afterwards everything works


def test_native_code_that_draws_ends_the_build(isolate: Isolate) -> None:
    with pytest.raises(EntropyDeniedError, match=GLOBAL_SCOPE) as raised, EntropyGuards.install(guest_of(isolate)):
        isolate.run("import _random\n_random.Random()")
    trap = raised.value.__cause__
    assert isinstance(trap, FatalIsolateError)
    assert trap.__cause__ is not raised.value, "no error is its own cause's cause"


def test_numbers_drawn_all_the_same_are_noticed(isolate: Isolate) -> None:
    with pytest.raises(CaptureError, match="random seed in bad state"):
        run_top_level(isolate, "import random\nrandom._inst.random()")


def test_generators_with_a_seed_of_the_worker_keep_it(isolate: Isolate) -> None:
    reseeding = run_top_level(
        isolate,
        "import random\nseeded = random.Random(42)\nseeded.random()\nsubclass = type('R', (random.Random,), {})('x')",
    )
    known = run_top_level(isolate, "")
    assert reseeding == known
    assert len(reseeding.generators.twisters) == 1  # the module's own
    expected = isolate.evaluate("other = random.Random(42); other.random(); other.random()")
    reseeding.apply(guest_of(isolate))
    assert isolate.evaluate("seeded.random()") == expected


def test_generators_are_given_new_state(isolate: Isolate) -> None:
    reseeding = run_top_level(isolate, "import random")
    drawn = set()
    for _ in range(3):
        reseeding.apply(guest_of(isolate))
        drawn.add(isolate.evaluate("random.random()"))
    assert len(drawn) == 3


def test_a_module_imported_again_is_guarded_and_found(isolate: Isolate) -> None:
    reseeding = run_top_level(
        isolate,
        "import sys\nold = sys.modules.pop('random')\nimport random\n"
        "try:\n    random.random()\nexcept RuntimeError as error:\n    message = str(error)",
    )
    assert "random.random()" in isolate.evaluate("message")
    assert len(reseeding.generators.twisters) == 2


def test_nothing_of_the_guards_is_left_in_modules(isolate: Isolate) -> None:
    run_top_level(
        isolate, "import random, os, tempfile\nfrom random import choice\nfrom os import urandom\nimport colorsys"
    )
    found = isolate.evaluate(
        "import posix, sys, _random\n"
        "[urandom is posix.urandom, type(posix.urandom).__name__, type(choice).__name__,\n"
        " type(random.random).__name__, type(_random.Random.__dict__['seed']).__name__,\n"
        " random._urandom is urandom, tempfile._RandomNameSequence.__module__,\n"
        " any('Patch' in type(finder).__name__ for finder in sys.meta_path), type(colorsys.__loader__).__name__]"
    )
    assert found == [
        True,
        "builtin_function_or_method",
        "method",
        "builtin_function_or_method",
        "method_descriptor",
        True,
        "tempfile",
        False,
        "zipimporter",
    ]


def test_functions_that_stayed_behind_work_afterwards(isolate: Isolate) -> None:
    run_top_level(isolate, "import random\nkept = {'draw': random.random, 'pick': [random.choice]}")
    assert isolate.evaluate("0 <= kept['draw']() < 1 and kept['pick'][0]('a') == 'a'")


def test_file_names_are_counted(isolate: Isolate) -> None:
    run_top_level(
        isolate,
        "import os, tempfile\n"
        "names = [os.path.basename(tempfile.mkdtemp(prefix='')) for _ in range(40)]\n"
        "with tempfile.NamedTemporaryFile() as file: pass",
    )
    names = isolate.evaluate("names")
    assert names[:2] == ["baaaaaaa", "caaaaaaa"]
    assert names[35:38] == ["_aaaaaaa", "abaaaaaa", "bbaaaaaa"]
    assert isolate.evaluate("len({tempfile.mktemp() for _ in range(20)} | {tempfile.mktemp()})") == 21


def test_modules_that_need_a_little_may_be_imported(isolate: Isolate) -> None:
    run_top_level(isolate, "import multiprocessing.process, uuid, secrets, ssl, http.client, numbers, statistics")
    assert isolate.evaluate("import multiprocessing\nlen(multiprocessing.process.current_process().authkey)") == 32


CONTRACT = """
from _cloudflare.allow_entropy import allow_bad_entropy_calls, raise_unless_entropy_allowed
from _cloudflare.import_patch_manager import (
    block_calls, register_after_snapshot, register_before_first_request, register_create_patch, register_exec_patch)
from contextlib import contextmanager
events = []

@register_create_patch("colorsys")
@contextmanager
def creating(spec):
    events.append(("create", spec.name))
    yield

@register_exec_patch("colorsys")
@contextmanager
def running(module):
    import os
    with allow_bad_entropy_calls(1):
        yield
        os.urandom(1)
    block_calls(module, allowlist=("rgb_to_hsv",))

@register_after_snapshot("colorsys")
def after(module):
    events.append(("after", module.__name__))

register_before_first_request("colorsys", lambda module: events.append(("request", module.__name__)))
import colorsys
colorsys.rgb_to_hsv(0, 0, 0)
try:
    colorsys.hsv_to_rgb(0, 0, 0)
except RuntimeError as error:
    events.append(str(error))
"""


def test_packages_can_register_patches(isolate: Isolate) -> None:
    reseeding = run_top_level(isolate, CONTRACT)
    assert isolate.evaluate("events") == [
        ["create", "colorsys"],
        "Cannot use colorsys.hsv_to_rgb() outside of request context",
        ["after", "colorsys"],
    ]
    assert reseeding.handler is not None
    again = run_top_level(isolate, "")  # a snapshot on top of a snapshot
    assert again.handler is not None
    again.apply(guest_of(isolate))
    assert isolate.evaluate("colorsys.hsv_to_rgb(0, 0, 0); events[-1]") == ["request", "colorsys"]
    assert Reseeding.from_json(again.to_json()) == again


@pytest.mark.parametrize("calls", [1, 3])
def test_a_ration_must_be_used_up(isolate: Isolate, calls: int) -> None:
    source = (
        "import os\nfrom _cloudflare.allow_entropy import allow_bad_entropy_calls\n"
        f"with allow_bad_entropy_calls({calls}):\n    os.urandom(1)\n    os.urandom(1)"
    )
    with EntropyGuards.install(guest_of(isolate)) as guards:
        with pytest.raises(PythonError) as raised:
            isolate.run(source)
        guards.remove()
    assert ("1 unexpected leftover getentropy calls" if calls == 3 else NO_ENTROPY) in str(raised.value)


def test_an_import_that_fails_gives_its_ration_back(isolate: Isolate) -> None:
    source = (
        "import os, sys\nfrom _cloudflare.import_patch_manager import register_exec_patch\n"
        "from _cloudflare.allow_entropy import allow_bad_entropy_calls\n"
        "register_exec_patch('colorsys', lambda module: allow_bad_entropy_calls(5))\n"
        "open('/tmp/colorsys.py', 'w').write('1 / 0')\nsys.path.insert(0, '/tmp')\nsys.path_importer_cache.clear()\n"
        "try:\n    import colorsys\nexcept ZeroDivisionError:\n    pass\nos.urandom(1)"
    )
    with EntropyGuards.install(guest_of(isolate)), pytest.raises(PythonError, match=NO_ENTROPY):
        isolate.run(source)


NUMPY = """
import ctypes, sys, types
new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.restype = ctypes.py_object
new_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)

class Bits:
    def __init__(self):
        self.state = (ctypes.c_uint32 * 625)(*range(624), 624)
        self.interface = (ctypes.c_uint32 * 8)(ctypes.addressof(self.state))
        self.capsule = new_capsule(ctypes.addressof(self.interface), b"BitGenerator", None)

class Key(list):
    tolist = lambda self: list(self)
    tobytes = lambda self: bytes(str(self), "ascii")

class State:
    def __init__(self):
        self._bit_generator = Bits()
    def seed(self, value):
        self._bit_generator.state[:] = [value] * 624 + [624]
    def get_state(self, legacy):
        words = list(self._bit_generator.state)
        return {"state": {"key": Key(words[:624]), "pos": words[624]}, "has_gauss": 0, "gauss": 0.0}

module = types.ModuleType("numpy.random.mtrand")
module._rand = State()
module.rand = lambda: module._rand._bit_generator.state[0]
sys.modules[module.__name__] = module
"""


def test_numpys_global_generator_is_given_new_state(isolate: Isolate) -> None:
    """With a stand-in of numpy's layout: there is no wheel of numpy for the platform yet."""
    isolate.run(NUMPY)
    refused = "try:\n    module.rand()\nexcept RuntimeError as error:\n    message = str(error)"
    reseeding = run_top_level(isolate, refused)
    assert isolate.evaluate("message") == "Cannot use numpy.random.mtrand.rand() outside of request context"
    assert len(reseeding.generators.twisters) == 2
    assert isolate.evaluate("module.rand()") == 0
    drawn = set()
    for _ in range(3):
        reseeding.apply(guest_of(isolate))
        drawn.add(tuple(isolate.evaluate("[module.rand(), module._rand._bit_generator.state[624]]")))
    assert len(drawn) == 3
    assert {index for _, index in drawn} == {624}


def test_numpys_generator_must_not_have_been_drawn_from(isolate: Isolate) -> None:
    isolate.run(NUMPY)
    with pytest.raises(CaptureError, match="random seed in bad state"):
        run_top_level(isolate, "module._rand.seed(3)")
