"""Interoperation with workerd: its boot, its snapshot files, and the import of them."""
