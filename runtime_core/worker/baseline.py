"""What a baseline snapshot has imported.

The list is that of workerd's baseline (src/pyodide in cloudflare/workerd), so that both runtimes' baselines hold the
same modules.
"""

from __future__ import annotations

from typing import Final

BASELINE_IMPORTS: Final = (
    "_pyodide",
    "_pyodide.docstring",
    "_pyodide._core_docs",
    "traceback",
    "collections.abc",
    "asyncio",
    "inspect",
    "tarfile",
    "importlib",
    "importlib.metadata",
    "re",
    "shutil",
    "sysconfig",
    "importlib.machinery",
    "pathlib",
    "site",
    "tempfile",
    "typing",
    "zipfile",
)


def baseline_sources() -> tuple[str, ...]:
    """The statements to run in ``__main__``, in order: import, warm the configuration, leave no name behind."""
    names = dict.fromkeys(name.split(".")[0] for name in BASELINE_IMPORTS)
    return (
        "import " + ",".join(BASELINE_IMPORTS),
        "sysconfig.get_config_vars()",
        "del " + ",".join(names),
    )
