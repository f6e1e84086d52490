# A release manifest: what a release is, as one immutable Cap'n Proto message in the standard unpacked stream framing.
# The identity of a release is the sha256 of the stored bytes of this message; it is never re-encoded.
@0xe1b3a5c47d2f9086;

using PyodideExtra = import "pyodide_extra.capnp";

struct ReleaseManifest {
  formatVersion @0 :UInt32;      # 1
  releaseId @1 :Text;            # write-once name, [A-Za-z0-9][A-Za-z0-9._-]{0,127}
  release @2 :PyodideExtra.PythonSnapshotRelease;
  artifacts @3 :List(Artifact);
  abi @4 :AbiProfile;
  provenance @5 :Provenance;
}

struct Artifact {
  role @0 :Role;
  digest @1 :Text;               # sha256:<hex> of the stored bytes
  size @2 :UInt64;               # of the stored bytes
  mediaType @3 :Text;
  compression @4 :Compression;
  name @5 :Text;                 # what the publisher called it, for people
  contentDigest @6 :Text;        # sha256:<hex> after decompression; equal to digest where there is none
  contentSize @7 :UInt64;
  deltaBases @8 :List(Text);     # never written, not read: variants name their bases
  variants @9 :List(Variant);    # cheaper ways to the same content

  # A zstd frame (RFC 8878) that unpacks to contentDigest: on its own, or with a base before it as in `zstd --patch-from`.
  struct Variant {
    digest @0 :Text;             # sha256:<hex> of the frame
    size @1 :UInt64;             # of the frame
    baseDigest @2 :Text;         # what must be there to unpack it; empty: nothing
    baseSize @3 :UInt64;
  }

  enum Role {
    upstreamWasm @0;             # pyodide.asm.wasm, byte for byte
    upstreamStdlib @1;           # python_stdlib.zip, byte for byte
    upstreamLock @2;             # pyodide-lock.json, byte for byte
    codeImage @3;                # translated and linked wasm; compiled on the node that runs it
    snapshot @4;                 # linear memory and metadata, workerd's wire format
    packages @5;                 # PythonPackages message
    worker @6;                   # the worker's own files, of a dedicated release: PythonPackages message
  }
  enum Compression { none @0; zstd @1; }
}

# What the runtime must provide to run the code image, and what it asserts before a byte of it is executed.
struct AbiProfile {
  name @0 :Text;                 # e.g. pyemscripten_2026_0
  pyodideVersion @1 :Text;       # e.g. 314.0.5
  pythonVersion @2 :Text;        # e.g. 3.14
  snapshotType @3 :Text;         # baseline, package or dedicated
  codeImage @4 :Text;            # digest of the code image the snapshot was captured with
  tableSize @5 :UInt32;          # function table entries once booted
  trampolineSlot @6 :UInt32;     # slot of the call trampoline
  memoryPages @7 :UInt32;        # 64 KiB pages of the snapshot
  stackPointer @8 :UInt32;       # __stack_pointer at capture
  runtimeState @9 :UInt32;       # version of this runtime's extra snapshot state
}

struct Provenance {
  inputs @0 :List(Input);        # what the release was made from
  tools @1 :List(Tool);
  created @2 :Text;              # RFC 3339; fixed for reproducible builds
  flags @3 :List(Text);

  struct Input { name @0 :Text; digest @1 :Text; }
  struct Tool { name @0 :Text; version @1 :Text; flags @2 :List(Text); }
}
