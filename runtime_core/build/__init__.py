"""Release building: upstream Pyodide in, artifacts out. Needs the ``build`` extra; never used to serve."""
