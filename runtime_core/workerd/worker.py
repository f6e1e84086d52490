"""A worker's place in a guest of workerd's: its files, the search path, and what it is told of its snapshot.

The steps are those of workerd between its baseline and the import of the main module (design: section 2.1, C7 to E).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from runtime_core.js.workerd import SNAPSHOT_INFO
from runtime_core.worker.sdk import register_module
from runtime_core.worker.search_path import METADATA_PATH, SearchPathOptions, add_vendored_packages

if TYPE_CHECKING:
    from runtime_core.emscripten.mounts import Mount
    from runtime_core.guest import Guest
    from runtime_core.js.host import JsHost
    from runtime_core.workerd.source import SourceRunner

FORCE_NEW_VENDOR_PATH_FLAG: Final = "python_workers_force_new_vendor_path"
PROCESS_PTH_FLAG: Final = "python_process_pth_files"
_INVALIDATE_CACHES: Final = "from importlib import invalidate_caches as f; f(); del f"


def invalidate_caches(runner: SourceRunner) -> None:
    """Let the guest look anew at directories that may have changed under it."""
    runner.run(_INVALIDATE_CACHES)


def mount_worker(guest: Guest, runner: SourceRunner, files: Mount) -> None:
    """Mount a worker's files where workerd mounts them."""
    fs = guest.emscripten.fs
    fs.make_directories(METADATA_PATH)
    fs.mount(METADATA_PATH, files)
    invalidate_caches(runner)


def set_up_search_path(guest: Guest, flags: Mapping[str, bool], *, has_files: bool) -> None:
    """Find vendored packages as the compatibility flags say.

    Raises:
        HostError: the guest refused; the message holds its traceback.
    """
    options = SearchPathOptions(
        legacy_vendor=not flags.get(FORCE_NEW_VENDOR_PATH_FLAG, False),
        process_pth=flags.get(PROCESS_PTH_FLAG, False) and has_files,
    )
    add_vendored_packages(guest, options)


def offer_snapshot_info(js: JsHost, *, baseline: bool) -> None:
    """Tell the guest that it comes from a snapshot, and whether that is a baseline."""
    js.workerd.from_baseline = baseline
    register_module(js, SNAPSHOT_INFO, js.workerd.get(SNAPSHOT_INFO))
