"""Runs in the guest's __main__ to put a worker's vendored packages into the search path; leaves no name behind."""


def _set_up(vendored, legacy, process_pth):
    import importlib
    import pathlib
    import site
    import sys

    added = [vendored] if legacy is None else [vendored, legacy]
    for path in added:
        if path in sys.path:
            sys.path.remove(path)
    places = [index for index, path in enumerate(sys.path) if isinstance(path, str) and "site-packages" in path]
    if not places:
        raise ValueError("No site-packages found in sys.path")
    sys.path[places[0] : places[0]] = added
    importlib.invalidate_caches()
    if process_pth and pathlib.Path(vendored).is_dir():
        site.addsitedir(vendored)
