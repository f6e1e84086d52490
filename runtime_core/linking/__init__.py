"""Dynamic linking of side modules: which symbol satisfies which import, and where a library's memory and slots lie."""
