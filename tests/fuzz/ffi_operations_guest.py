"""Runs in the guest: random operations on JavaScript values. Every Python exception is an answer; a crash is not."""

import gc
import random

import js
from pyodide import ffi

TEXTS = [
    "",
    "a",
    "length",
    "0",
    "-1",
    "\ud800",
    "é😀",
    "constructor",
    "then",
    "x" * 300,
    "2020-01-01T00:00:00Z",
    "(a|b)*",
]
NUMBERS = [0, 1, -1, 2, 3, 7, 255, 256, 2**31, -(2**31), 2**32, 2**53, -(2**53), 2**64, 10**400]
FLOATS = [0.5, -0.0, 1e308, -1e-320, float("inf"), float("-inf"), float("nan"), 1e21]
SKIP = {"setInterval", "setTimeout", "setImmediate", "fetch", "queueMicrotask"}

# Upstream dies where the argument is not iterable, or the target is a JsException.
DEADLY = {"extend", "__add__", "__iadd__", "bind_class", "bind_sig"}


class Fuzzer:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = sorted(name for name in dir(js) if not name.startswith("_") and name not in SKIP)
        self.pool = [js.Object.new(), js.Array.new(), js.Map.new(), js.globalThis, js.Object, js.Array]
        self.log = []

    def value(self, depth=0):
        choose = self.random.random()
        if choose < 0.35 and self.pool:
            return self.random.choice(self.pool)
        if choose < 0.5:
            return self.random.choice(NUMBERS)
        if choose < 0.55:
            return self.random.choice(FLOATS)
        if choose < 0.7:
            return self.random.choice(TEXTS)
        if choose < 0.75:
            return self.random.choice([None, True, False, js.undefined, ffi.jsnull])
        if choose < 0.8:
            return self.random.choice([b"", b"abc", bytearray(b"xyz"), memoryview(b"0123456789abcdef")])
        if choose < 0.85:
            return ffi.create_proxy(self.callback if self.random.random() < 0.5 else {"a": 1})
        if choose < 0.9:
            return self.callback
        if depth < 3:
            count = self.random.randrange(4)
            items = [self.value(depth + 1) for _ in range(count)]
            return self.random.choice([items, tuple(items), {str(i): item for i, item in enumerate(items)}])
        return object()

    def callback(self, *args):
        choose = self.random.random()
        if choose < 0.2:
            raise ValueError("from a callback")
        if choose < 0.4 and args:
            return args[0]
        return self.value(2)

    def name_of(self, target):
        names = dir(target) if self.random.random() < 0.9 else TEXTS
        names = [name for name in names if name not in DEADLY]
        return self.random.choice(names) if names else "x"

    def step(self):
        target = self.random.choice(self.pool)
        action = self.random.randrange(14)
        if action == 0:
            return getattr(js, self.random.choice(self.names))
        if action == 1:
            return getattr(target, self.name_of(target))
        if action in (2, 3, 4):
            name = self.name_of(target)
            self.log.append((action, name))
            arguments = [self.value() for _ in range(self.random.randrange(4))]
            return getattr(target, name)(*arguments)
        if action == 5:
            return target.new(*[self.value() for _ in range(self.random.randrange(4))])
        if action == 6:
            maker = getattr(js, self.random.choice(self.names))
            return maker.new(*[self.value() for _ in range(self.random.randrange(4))])
        if action == 7:
            # Upstream dies where the depth ends without create_pyproxies.
            depth = self.random.choice([-1, 0, 1, 2])
            return ffi.to_js(self.value(), depth=depth, create_pyproxies=depth >= 0 or self.random.random() < 0.5)
        if action == 8:
            return target.to_py(depth=self.random.choice([-1, 0, 1, 2]))
        if action == 9:
            setattr(target, self.random.choice(TEXTS[1:]), self.value())
        elif action == 10:
            target[self.random.choice([0, 1, -1, "a", slice(None), slice(1, None, 2), 10**9])] = self.value()
        elif action == 11:
            return target[self.random.choice([0, 1, -1, "a", slice(None), slice(3, 0, -1), 10**9])]
        elif action == 12:
            return self.random.choice([repr, str, bool, len, iter, dir, hash, list])(target)
        else:
            delattr(target, self.name_of(target))
        return None

    def run(self, steps):
        answers = 0
        for _ in range(steps):
            try:
                result = self.step()
            except (Exception, RecursionError):
                answers += 1
                continue
            if isinstance(result, ffi.JsProxy):
                if len(self.pool) >= 40:
                    self.pool[self.random.randrange(len(self.pool))] = result
                else:
                    self.pool.append(result)
        self.pool.clear()
        gc.collect()
        return answers


def fuzz(seed, steps):
    return Fuzzer(seed).run(steps)
