"""The file system that workerd gives to Python: which nodes there are, and in which order they come to be.

Guests see inode numbers, and times from a clock that advances with each reading; so the order is part of what must be
the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.mounts import Mount
from runtime_core.workerd.profile import DYNAMIC_LIBRARY_DIRECTORY, WorkerdProfile

if TYPE_CHECKING:
    from runtime_core.emscripten.fs import FileSystem
    from runtime_core.emscripten.host import EmscriptenHost
    from runtime_core.emscripten.mounts import MountTree

PACKAGES_MOUNT: Final = "workerd-packages"
LIBRARIES_MOUNT: Final = "workerd-libraries"

_FIRST_DIRECTORIES: Final = ("/tmp", "/home", "/home/web_user", "/dev")  # noqa: S108 - paths of the guest
_LATER_DIRECTORIES: Final = ("/dev/shm", "/dev/shm/tmp", "/proc", "/proc/self", "/proc/self/fd")  # noqa: S108
_DEVICES: Final = (
    # name, number, permissions
    ("null", 1 << 8 | 3, 0o666),
    ("tty", 5 << 8, 0o666),
    ("tty1", 6 << 8, 0o666),
    ("random", 64 << 8, 0o555),
    ("urandom", 65 << 8, 0o555),
)
CAPTURE_DEVICE: Final = "capture_stderr"
FIRST_CAPTURE_NUMBER: Final = 66
"""The major number of the first device that captures the standard error stream; each is given the next."""

_STREAMS: Final = (("stdin", "tty", c.O_RDONLY), ("stdout", "tty", c.O_WRONLY), ("stderr", "tty1", c.O_WRONLY))


def make_tree(host: EmscriptenHost, profile: WorkerdProfile, stdlib: bytes) -> None:
    """What is there when Emscripten has run the hooks of its start-up: devices, the standard library, the home."""
    fs = host.fs
    for path in _FIRST_DIRECTORIES:
        fs.make_directories(path)
    for name, number, mode in _DEVICES:
        fs.make_device(fs.entry(f"/dev/{name}"), device=name, number=number, mode=mode)
    for path in _LATER_DIRECTORIES:
        fs.make_directories(path)
    fs.skip_node()  # what is mounted at /proc/self/fd
    fs.make_directories(profile.site_packages)
    _create_file(fs, profile.stdlib_path, stdlib)
    fs.make_directories(profile.environment["HOME"])


def add_support_files(host: EmscriptenHost, profile: WorkerdProfile, files: Mapping[str, bytes]) -> None:
    """Write workerd's ``_cloudflare`` package, in the given order."""
    directory = f"{profile.site_packages}/_cloudflare"
    host.fs.make_directories(directory)
    for name, data in files.items():
        _create_file(host.fs, f"{directory}/{name}", data)


def add_sdk(host: EmscriptenHost, profile: WorkerdProfile, files: Mapping[str, bytes]) -> None:
    """Write workerd's SDK, in the given order."""
    for name, data in files.items():
        path = f"{profile.site_packages}/{name}"
        host.fs.make_directories(path.rpartition("/")[0])
        _create_file(host.fs, path, data)


def mount_packages(
    host: EmscriptenHost,
    profile: WorkerdProfile,
    *,
    packages: MountTree | None = None,
    libraries: MountTree | None = None,
) -> None:
    """Mount the read-only trees of packages and of shared libraries, which may be empty."""
    fs = host.fs
    for name, path, tree in (
        (PACKAGES_MOUNT, profile.session_site_packages, packages or {}),
        (LIBRARIES_MOUNT, DYNAMIC_LIBRARY_DIRECTORY, libraries or {}),
    ):
        fs.make_directories(path)
        fs.mount(path, Mount(name=name, source=tree, file_mode=0o755, directory_mode=0o777))


def open_streams(host: EmscriptenHost) -> None:
    """Make the standard streams and open them as descriptors 0 to 2."""
    fs = host.fs
    for name, target, _ in _STREAMS:
        fs.make_link(fs.entry(f"/dev/{name}"), f"/dev/{target}")
    for name, _, flags in _STREAMS:
        host.files.open(f"/dev/{name}", flags)
    for _ in ("sockets", "pipes"):  # file systems of their own in Emscripten
        fs.skip_node()


def _create_file(fs: FileSystem, path: str, data: bytes) -> None:
    """What Emscripten's ``FS.writeFile`` does: open, set the permissions, write."""
    node = fs.make_file(fs.entry(path), 0o666)
    fs.change_mode(node, node.mode)
    fs.write_at(node, 0, data)
