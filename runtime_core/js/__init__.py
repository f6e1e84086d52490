"""The JavaScript side of Pyodide's foreign function interface, in Python: values, references, proxies, event loop."""
