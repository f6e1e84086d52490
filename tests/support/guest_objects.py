"""A guest with objects of many kinds, for tests of what the host does with them."""

from __future__ import annotations

from collections.abc import Mapping

from runtime_core.isolate import Isolate, IsolateOptions
from tests.support import releases

SETUP = """
import asyncio, array, sys

class Thing:
    kind = "thing"
    def __init__(self): self.items = [1, [2], {"k": 3.0}]
    def __repr__(self): return "<a thing>"
    def __str__(self): return "thing!"
    def method(self, *args, **kwargs): return (args, kwargs)
    def __eq__(self, other): return True
    __hash__ = None

thing = Thing()
mapping = {"a": 1, (1, 2): [3], 4: None}
numbers = {1, 2, 3}
shared = ["shared"]

async def later(value, seconds=0.0):
    await asyncio.sleep(seconds)
    return value

async def fail_later():
    await asyncio.sleep(0)
    raise ValueError("later")

async def steps(count):
    for number in range(count):
        await asyncio.sleep(0)
        yield [number]

async def broken_steps():
    yield 1
    raise KeyError("step")

def generate(count):
    for number in range(count):
        yield [number]

def fail(): raise ValueError("failed")
def count(value): return sys.getrefcount(value)
"""


def boot(modules: Mapping[str, Mapping[str, object]] | None = None) -> Isolate:
    """An isolate that has them."""
    options = IsolateOptions(stdout=bytearray().extend, stderr=bytearray().extend, modules=modules or {})
    isolate = Isolate(releases.runtime(), options)
    isolate.run(SETUP)
    return isolate
