"""Runs in the guest: what the standard library makes of the Emscripten host. Each function returns plain facts."""

# The functions of os are what is tested here, one call at a time.
# ruff: noqa: PTH103, PTH105, PTH109, PTH114, PTH115, PTH116, PTH123, PTH211, SIM105, PERF401

import errno
import os
import sys
import time


def outcome(action, *arguments):
    """What an action returns, or the class and errno of what it raises."""
    try:
        return action(*arguments)
    except OSError as error:
        return [type(error).__name__, errno.errorcode.get(error.errno, error.errno)]
    except Exception as error:
        return [type(error).__name__, str(error)]


def files():
    import pathlib
    import shutil
    import tempfile
    import zipfile

    top = pathlib.Path(tempfile.mkdtemp())
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "b" / "text").write_text("h\u00e9llo\n")
    with zipfile.ZipFile(top / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(top / "a" / "b" / "text", "inner")
    shutil.copytree(top / "a", top / "copy")
    os.symlink("copy", top / "link")
    os.replace(top / "copy" / "b" / "text", top / "moved")
    facts = {
        "tree": sorted(str(path.relative_to(top)) for path in top.rglob("*")),
        "zip": zipfile.ZipFile(top / "z.zip").read("inner").decode(),
        "link": [
            os.readlink(top / "link"),
            (top / "link").is_dir(),
            os.path.realpath(top / "link") == str(top / "copy"),
        ],
        "sizes": [(top / "moved").stat().st_size, top.stat().st_size],
        "modes": [oct(top.stat().st_mode), oct((top / "moved").stat().st_mode)],
    }
    shutil.rmtree(top)
    facts["gone"] = not top.exists()
    with tempfile.TemporaryFile() as file:
        file.write(b"unlinked")
        file.seek(2)
        facts["unlinked"] = file.read(3).decode()
    return facts


def errors():
    os.makedirs("/tmp/e/full/x", exist_ok=True)
    open("/tmp/e/file", "w").close()
    if not os.path.islink("/tmp/e/loop"):
        os.symlink("loop", "/tmp/e/loop")
    return {
        "missing": outcome(open, "/nope"),
        "directory": outcome(open, "/tmp"),
        "not a directory": outcome(os.listdir, "/tmp/e/file"),
        "loop": outcome(os.stat, "/tmp/e/loop"),
        "not empty": outcome(os.rmdir, "/tmp/e/full"),
        "exists": outcome(os.mkdir, "/tmp/e"),
        "below itself": outcome(os.rename, "/tmp/e", "/tmp/e/full/y"),
        "long": outcome(open, "/tmp/" + "x" * 300),
        "stdlib write": outcome(open, "/lib/python314.zip", "r+b"),
        "stdlib remove": outcome(os.remove, "/lib/python314.zip"),
        "sparse": outcome(os.truncate, "/tmp/e/file", 1 << 50),
        "bad descriptor": outcome(os.read, 999, 1),
        "device": outcome(os.mknod, "/tmp/e/dev", 0o020666, 259)
        if hasattr(os, "mknod")
        else ["PermissionError", "EPERM"],
        "too many files": outcome(lambda: [os.open("/dev/null", 0) for _ in range(5000)] and None),
    }


def descriptors():
    import fcntl
    import mmap
    import select

    for fd in range(3, 4096):
        try:
            os.close(fd)
        except OSError:
            pass
    reading, writing = os.pipe()
    before = select.select([reading], [writing], [], 0)
    os.write(writing, b"through the pipe")
    after = select.select([reading], [writing], [], 0)
    piped = os.read(reading, 99).decode()
    os.close(writing)
    ended = os.read(reading, 99).decode()
    os.close(reading)
    with open("/tmp/mapped", "wb") as file:
        file.write(b"x" * 100)
    with open("/tmp/mapped", "r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        mapping = mmap.mmap(file.fileno(), 0)
        mapping[0:3] = b"map"
        mapping.flush()
        mapping.close()
    with open("/tmp/mapped", "rb") as file:
        head = os.pread(file.fileno(), 4, 0).decode()
    poller = select.poll()
    poller.register(1)
    poller.register(777)
    return {
        "select": [[bool(part) for part in before], [bool(part) for part in after]],
        "pipe": [piped, ended],
        "mmap": head,
        "poll": sorted(event for _, event in poller.poll(0)),
        "scatter": [
            os.writev(os.open("/tmp/v", os.O_CREAT | os.O_WRONLY), [b"ab", b"", b"c"]),
            os.stat("/tmp/v").st_size,
        ],
        "terminal": [os.isatty(1), outcome(os.get_terminal_size)],
    }


def clocks():
    import datetime

    first, second = time.monotonic(), time.monotonic()
    return {
        "epoch": list(time.gmtime(0))[:6],
        "leap": time.mktime((2024, 2, 30, 0, 0, 0, 0, 0, -1)) == 1709251200.0,
        "zone": [time.timezone, time.daylight],
        "now": time.time(),
        "today": datetime.datetime.now(datetime.UTC).year >= 2024,
        "monotonic": 0 <= second - first < 10,
        "strftime": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(951827696)),
    }


def signals():
    import signal

    seen = []
    previous = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
    signal.raise_signal(signal.SIGUSR1)
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, previous)
    return [int(number) for number in seen]


def refusals():
    import socket
    import subprocess
    import threading

    with open("/tmp/native.so", "wb") as file:
        file.write(b"\0asm")
    sys.path.insert(0, "/tmp")
    try:
        return {
            "process": outcome(subprocess.run, ["ls"])[0],
            "fork": outcome(os.fork),
            "shell": os.system("ls") != 0,
            "connect": outcome(socket.create_connection, ("127.0.0.1", 80), 1),
            "name": outcome(socket.gethostbyname, "example.com"),  # Emscripten's own address for it, not a look-up
            "thread": outcome(threading.Thread(target=print).start)[0],
            "library": outcome(__import__, "native")[0],
        }
    finally:
        sys.path.remove("/tmp")


def random_bytes():
    import secrets
    import uuid

    return [secrets.token_hex(16), str(uuid.uuid4()), os.urandom(8).hex(), open("/dev/urandom", "rb").read(4).hex()]


def databases():
    import sqlite3

    with sqlite3.connect("/tmp/base.sqlite") as base:
        base.execute("create table if not exists t (n integer)")
        base.executemany("insert into t values (?)", [(n,) for n in range(100)])
        return base.execute("select sum(n) from t").fetchone()[0]


def foreign_functions():
    import ctypes

    library = ctypes.CDLL(None)
    values = (ctypes.c_int * 5)(5, 3, 1, 4, 2)
    order = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    library.qsort(values, 5, 4, order(lambda a, b: a[0] - b[0]))
    text = ctypes.create_string_buffer(64)
    library.snprintf.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
    library.snprintf(
        text, 64, b"%d %s %.2f %lld", ctypes.c_int(-3), b"hey", ctypes.c_double(1.5), ctypes.c_longlong(1 << 40)
    )

    class Division(ctypes.Structure):
        _fields_ = [("quotient", ctypes.c_int), ("remainder", ctypes.c_int)]

    class Point(ctypes.Structure):
        _fields_ = [("x", ctypes.c_double), ("y", ctypes.c_int)]

    library.div.restype = Division
    division = library.div(17, 5)
    by_value = ctypes.CFUNCTYPE(ctypes.c_double, Point, ctypes.c_float, ctypes.c_longlong, ctypes.c_byte)
    callback = by_value(lambda point, a, b, c: point.x + point.y + a + b + c)
    return {
        "sorted": list(values),
        "varargs": text.value.decode(),
        "structure": [division.quotient, division.remainder],
        "closure": callback(Point(0.5, 2), 0.25, 1 << 33, -3) - (1 << 33),
        "narrow": ctypes.CFUNCTYPE(ctypes.c_byte, ctypes.c_ubyte)(lambda n: -n)(41),
        "datum": ctypes.c_int.in_dll(ctypes.pythonapi, "Py_EMSCRIPTEN_SIGNAL_HANDLING").value,
        "unknown": outcome(getattr, ctypes.pythonapi, "no_such_symbol")[0],
    }


def closures_without_end():
    import ctypes

    made = []
    try:
        for _ in range(10_000):
            made.append(ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1))
    except MemoryError:
        return [len(made) > 1000, made[0]()]
    return "closures are not bounded"


def too_much_memory():
    return outcome(lambda: len(b"x" * (1 << 30)))[0]


def environment():
    return dict(os.environ), os.getcwd(), sys.platform, os.getuid()
