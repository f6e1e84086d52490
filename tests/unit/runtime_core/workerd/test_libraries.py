"""Where a file says its libraries lie."""

from __future__ import annotations

import pytest

from runtime_core.linking.linker import MAX_LIBRARIES
from runtime_core.linking.place import Place
from runtime_core.workerd.libraries import library_path, library_places, link_state
from schemas.errors import RestoreError
from schemas.snapshot_metadata import SnapshotMetadata

SITE = "/session/lib/python3.14/site-packages"
VENDORED = "/session/metadata/python_modules/a/b.so"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (VENDORED, VENDORED),
        ("a/b.so", f"{SITE}/a/b.so"),
        ("./a/../c.so", f"{SITE}/c.so"),
        ("/usr/lib//d.so", "/usr/lib/d.so"),
        ("/session/metadata/../../etc/e.so", "/etc/e.so"),
    ],
)
def test_paths(name: str, path: str) -> None:
    """Absolute ones stay, others lie in the packages' directory; what leads out of the mounts is found nowhere."""
    assert library_path(name, SITE) == path


def test_bases_are_filed_by_path_or_by_base_name() -> None:
    metadata = SnapshotMetadata(
        load_order=("/usr/lib/a.so", "/usr/lib/b.so"),
        so_memory_bases={"/usr/lib/a.so": 1000, "a.so": 2000, "b.so": 3000},
        so_table_bases={"b.so": 14_200, "/usr/lib/a.so": 0},
    )
    assert library_places(metadata, SITE) == {
        "/usr/lib/a.so": Place(memory=1000, table=None),
        "/usr/lib/b.so": Place(memory=3000, table=14_200),
    }


def test_old_files_have_no_table_bases() -> None:
    metadata = SnapshotMetadata(load_order=("/a.so",), so_memory_bases={"a.so": 8}, so_table_bases=None)
    assert library_places(metadata, SITE) == {"/a.so": Place(memory=8, table=None)}


@pytest.mark.parametrize("bases", [{}, {"/a.so": 0}, {"b.so": 8}])
def test_a_library_without_a_base_is_refused(bases: dict[str, int]) -> None:
    with pytest.raises(RestoreError, match="no place in memory"):
        library_places(SnapshotMetadata(load_order=("/a.so",), so_memory_bases=bases), SITE)


def test_too_many_libraries_are_refused() -> None:
    names = tuple(f"/{index}.so" for index in range(MAX_LIBRARIES + 1))
    with pytest.raises(RestoreError, match="too many libraries"):
        library_places(SnapshotMetadata(load_order=names, so_memory_bases=dict.fromkeys(names, 8)), SITE)


def test_the_code_image_must_have_the_libraries() -> None:
    metadata = SnapshotMetadata(load_order=("/a.so",), so_memory_bases={"/a.so": 8})
    with pytest.raises(RestoreError, match="lacks libraries"):
        link_state(metadata, (), site_packages=SITE)


def test_handles_of_libraries_that_are_not_loaded_are_refused() -> None:
    with pytest.raises(RestoreError, match="does not load"):
        link_state(SnapshotMetadata(dso_handles={"/a.so": (64,)}), (), site_packages=SITE)
