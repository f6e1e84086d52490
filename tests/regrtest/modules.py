"""Which modules of CPython's test package fit the guest: no processes, no threads, no sockets, no extension builds.

Left out because Pyodide's standard library has not got what they import: test_ast (a directory of sources),
test_decimal (_pydecimal), test_pickle and test_shelve (dbm), test_zoneinfo (zoneinfo._zoneinfo).
test_asyncio.test_events polls file descriptors, and node dies of nearly each of its tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NAMES: Final = """
    test_json test_re test_dict test_struct test_zlib test_sqlite3 test_asyncio.test_futures
    test_asyncio.test_futures2 test_asyncio.test_locks test_asyncio.test_queues test_asyncio.test_tasks
    test_asyncio.test_taskgroups test_asyncio.test_timeouts test_asyncio.test_runners test_asyncio.test_protocols
    test_asyncio.test_transports test_asyncio.test_waitfor test_array test_base64 test_binascii test_bisect
    test_bool test_builtin test_bytes test_bz2 test_cmath test_codecs test_collections test_complex
    test_configparser test_contextlib test_contextlib_async test_context test_copy test_coroutines test_csv
    test_ctypes test_dataclasses test_datetime test_deque test_defaultdict test_descr test_difflib test_dynamic
    test_enum test_exceptions test_exception_group test_float test_fnmatch test_format test_fractions test_frozen
    test_fstring test_functools test_gc test_generators test_genericalias test_glob test_graphlib test_gzip
    test_hash test_hashlib test_heapq test_hmac test_html test_index test_inspect test_int test_io test_isinstance
    test_iter test_itertools test_keyword test_list test_logging test_long test_lzma test_marshal test_math
    test_memoryio test_memoryview test_numeric_tower test_operator test_ordered_dict test_patma test_pathlib
    test_posixpath test_pprint test_property test_queue test_random test_range test_reprlib test_scope test_set
    test_shlex test_slice test_sort test_statistics test_str test_string test_strftime test_strptime test_strtod
    test_super test_tarfile test_tempfile test_textwrap test_time test_timeit test_tokenize test_tomllib
    test_traceback test_tuple test_types test_typing test_unicodedata test_unpack test_urllib test_urlparse
    test_userdict test_userlist test_userstring test_uuid test_weakref test_with test_xml_etree test_zipfile
    test_zipimport
"""
MODULES: Final = tuple(_NAMES.split())

_ALSO: Final[Mapping[str, str]] = {
    # test modules that others import
    "test_cmath": "test_math test_iter",
    "test_math": "test_iter",
    "test_contextlib_async": "test_contextlib",
    "test_posixpath": "test_genericpath",
    "test_dataclasses": "test_typing",
    "test_datetime": "datetimetester",
    "test_defaultdict": "test_dict",
    "test_ordered_dict": "test_dict test_collections",
    "test_pathlib": "test_ntpath test_posixpath test_genericpath",
    "test_int": "test_grammar",
    "test_float": "test_grammar",
    "test_complex": "test_grammar",
    "test_fstring": "test_grammar",
    "test_zipimport": "test_importlib",
    "test_asyncio": "test_unittest",
    "test_inspect": "test_import",
    "test_sort": "test_list",
    "test_memoryio": "test_io",
}

BY_CHANCE: Final = frozenset(
    {
        # gh-142831
        "test.test_json.test_speedups.TestEncode.test_mutate_dict_items_during_encode",
        # gh-143635
        "test.test_genericalias.BaseTest.test_evil_repr1",
        "test.test_genericalias.BaseTest.test_evil_repr2",
    }
)
"""Tests of fixes after 3.14.2 for memory that is used after it was freed: what lies in it decides how they end."""


def needs_of(name: str) -> str:
    """The test modules and packages that a module needs unpacked, itself included; separated by blanks."""
    own = name.partition(".")[0]
    return f"{own} {_ALSO.get(own, '')}".strip()
