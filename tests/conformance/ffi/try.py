"""Try cases by hand: ``python -m tests.conformance.ffi.try [--node] <file, directory or part of an id>...``

Prints what node says and what this runtime says; with --node, node only. Exits with 1 where they differ.
"""

from __future__ import annotations

import sys

from tests.conformance.ffi.cases import Case, read_differences, render, select
from tests.conformance.ffi.node_side import run_in_node


def _show(case: Case, node: dict[str, object], *, only_node: bool) -> bool:
    expected = render(node)
    print(f"== {case.id}\nnode  {expected.replace(chr(10), chr(10) + '      ')}", flush=True)
    if node.get("stderr"):
        print(f"      (stderr) {node['stderr']}")
    if only_node:
        return True
    from tests.conformance.ffi.our_side import run_here

    record = run_here(case)
    found = render(record)
    if found == expected:
        print("here  the same", flush=True)
        return True
    print(f"here  {found.replace(chr(10), chr(10) + '      ')}")
    if record.get("stderr"):
        print(f"      (stderr) {record['stderr']}")
    known = read_differences().get(case.id)
    verdict = "DIFFERENT" if known is None else "known difference" if known.here == found else "NOT AS differences.toml"
    print(f"      {verdict}", flush=True)
    return verdict == "known difference"


def main(arguments: list[str]) -> int:
    only_node = "--node" in arguments
    cases = select(word for word in arguments if word != "--node")
    if not cases:
        print(__doc__)
        return 2
    records = run_in_node(cases)
    different = [case.id for case in cases if not _show(case, records[case.id], only_node=only_node)]
    print(f"\n{len(cases)} cases, {len(different)} different" + "".join(f"\n  {case_id}" for case_id in different))
    return bool(different)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
