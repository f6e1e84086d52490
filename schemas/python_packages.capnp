# The files of a package set, in the shape that workerd reads from a Pyodide bundle (python_packages.capnp): same ids of
# fields, same types, same meaning.
@0xc3f6a2b1e4d50789;

struct PythonPackageFile {
  installDir @0 :Text;           # "site", "stdlib" or "dynlib": which tree the file belongs to
  path @1 :Text;                 # below the tree's root, without a leading ./
  contents @2 :Data;
}

struct PythonPackages {
  files @0 :List(PythonPackageFile);
}
