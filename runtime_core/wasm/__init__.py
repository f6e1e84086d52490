"""WebAssembly binaries: reading, and rewriting Pyodide's main module into images this runtime loads.

Pure functions from bytes to values: no I/O, and only FormatError whatever the bytes are.
"""
