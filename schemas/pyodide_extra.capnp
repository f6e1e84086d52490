# What workerd's build embeds about its Python releases, and this project puts into every release manifest. File id,
# struct id, field numbers, types and meaning follow workerd's src/pyodide/pyodide_extra.capnp, so that messages of
# either program can be read by the other.
@0x96c290dbf479ac0c;

struct PackageLock {
  packageDate @0 :Text;          # tag of the package set, e.g. 20250808
  lock @1 :Text;                 # the whole lock file, JSON
}

struct PythonSnapshotRelease @0x89c66fb883cb6975 {
  pyodide @0 :Text;              # Pyodide version, or "dev"
  pyodideRevision @1 :Text;      # date of the integration revision, e.g. 2026-08-17
  packages @2 :Text;             # packageDate of the lock in use; empty where the release has none (314 and later)
  backport @3 :Int64;            # counts rebuilds of the same revision
  baselineSnapshotHash @4 :Text; # sha256 of the baseline snapshot, hex without prefix
  fieldName @5 :Text;            # never set by workerd; kept for its number
  flagName @6 :Text;             # field of workerd's compatibility flags that selects the release
  realPyodideVersion @7 :Text;   # for "dev": the version it follows; otherwise equal to pyodide
  integrity @8 :Text;            # "sha256-" and the padded base64 of the sha256 of workerd's bundle file
}
