"""``python -m runtime_core`` and the ``runtime-core`` command."""

from __future__ import annotations

import sys

from runtime_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
