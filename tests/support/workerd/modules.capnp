@0xc8cbb234694939d5;
# The layout of workerd's bundles of modules, as far as the tests write them (design: section 4.1).

struct Bundle {
  modules @0 :List(Module);
}

struct Module {
  name @0 :Text;
  union {
    src @1 :Data;   # an ES module
    wasm @4 :Data;
    data @5 :Data;
    json @6 :Text;
  }
  type @2 :Kind;
  tsDeclaration @3 :Text;
  compileCache @7 :Data;
}

enum Kind {
  bundle @0;
  builtin @1;
  internal @2;
}
