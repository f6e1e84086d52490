// The module `pyodideRuntime-internal:emscriptenSetup` that workerd expects in the bundle of a Pyodide release: it starts
// Pyodide's glue inside workerd and hands it over as soon as the file system is ready. bundle.py appends the glue, with
// the calls that workerd does not allow renamed to the functions of the first part.

import { default as unsafeEval } from "internal:unsafe-eval";

// ---- what the glue finds in place of the platform's functions

// Relative addresses have no base here, and nothing listens for events.
const location = undefined;
const addEventListener = () => {};

if (typeof FinalizationRegistry === "undefined") {
  globalThis.FinalizationRegistry = class {
    register() {}
    unregister() {}
  };
}

const newWasmModule = (bytes) => unsafeEval.newWasmModule(bytes);

function wasmInstantiate(source, imports) {
  const module = source instanceof WebAssembly.Module ? source : newWasmModule(source);
  return Promise.resolve({ module, instance: new WebAssembly.Instance(module, imports) });
}

let millisecond = NaN;
let readings = 0;
// The clock stands still while a worker starts, but a directory that changes must get a new time.
function steppingNow() {
  const now = Date["now"]();
  readings = now === millisecond ? readings + 1 : 0;
  millisecond = now;
  return now + readings;
}

let randomSource;
const fillRandom = (module, array) => randomSource(module, array);

// Side modules come from read-only file systems only; a bare name is searched for as the dynamic linker does.
const readLibrary = (module, name, rpath) =>
  module.compileModuleFromReadOnlyFS(module, name.startsWith("/") ? name : module.findLibraryFS(name, rpath));

// ---- Pyodide's error value: an instance of a type that only this module knows

const ERROR_VALUE_MODULE = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  // types: a struct without fields, () -> externref, (externref) -> i32
  0x01, 12, 3, 0x5f, 0, 0x60, 0, 1, 0x6f, 0x60, 1, 0x6f, 1, 0x7f,
  0x03, 3, 2, 1, 2,
  // exports "make" and "test"
  0x07, 15, 2, 4, 0x6d, 0x61, 0x6b, 0x65, 0, 0, 4, 0x74, 0x65, 0x73, 0x74, 0, 1,
  // make: struct.new 0, extern.convert_any; test: any.convert_extern of the argument, ref.test (ref 0)
  0x0a, 19, 2, 7, 0, 0xfb, 0, 0, 0xfb, 0x1b, 0x0b, 9, 0, 0x20, 0, 0xfb, 0x1a, 0xfb, 0x14, 0, 0x0b,
]);

function errorValueFunctions() {
  return new WebAssembly.Instance(newWasmModule(ERROR_VALUE_MODULE), {}).exports;
}

// ---- starting the glue

function pythonVersion(module) {
  const packed = module.HEAPU32[module._Py_Version >>> 2];
  return module._py_version_major
    ? [module._py_version_major(), module._py_version_minor(), module._py_version_micro()]
    : [packed >>> 24, (packed >>> 16) & 255, (packed >>> 8) & 255];
}

function fillFileSystem(module, stdlib) {
  module.API.pyVersionTuple = pythonVersion(module);
  const [major, minor] = module.API.pyVersionTuple;
  const sitePackages = `/lib/python${major}.${minor}/site-packages`;
  module.FS.sitePackages = sitePackages;
  module.FS.sessionSitePackages = "/session" + sitePackages;
  module.LD_LIBRARY_PATH = `/usr/lib:${sitePackages}:/session/metadata/python_modules/lib/`;
  module.ENV.LD_LIBRARY_PATH = module.LD_LIBRARY_PATH;
  module.FS.mkdirTree(sitePackages);
  module.FS.writeFile(`/lib/python${major}${minor}.zip`, new Uint8Array(stdlib), { canOwn: true });
  module.FS.mkdirTree(module.API.config.env.HOME);
}

function instantiator(wasm) {
  const { make, test } = errorValueFunctions();
  return (imports, done) => {
    imports.sentinel = { create_sentinel: make, is_sentinel: test };
    Object.assign(imports.env, { Jsv_GetError_import: make, JsvError_Check: test });
    Promise.resolve().then(() => done(new WebAssembly.Instance(wasm, imports), wasm));
    return {};
  };
}

// The glue must take this for a browser's main thread while it looks where it runs.
function asBrowser(action) {
  const fakes = { window: { sessionStorage: {} }, document: { createElement() {} }, sessionStorage: {}, importScripts: 1 };
  const process = Object.getOwnPropertyDescriptor(globalThis, "process");
  Object.assign(globalThis, fakes, { WorkerGlobalScope: undefined, process: undefined });
  try {
    return action();
  } finally {
    for (const name of Object.keys(fakes)) delete globalThis[name];
    delete globalThis.process;
    if (process) Object.defineProperty(globalThis, "process", process);
  }
}

export async function instantiateEmscriptenModule(stdlib, wasm) {
  const config = {
    jsglobals: globalThis,
    env: { HOME: "/session", PYTHONHASHSEED: "111" },
    lockFileURL: "",
    enableRunUntilComplete: true,
  };
  const runtimeEnv = { IN_WORKERD: true, IN_BROWSER: true, IN_BROWSER_MAIN_THREAD: true };
  const module = await new Promise((resolve, reject) => {
    const settings = {
      API: { config, runtimeEnv },
      instantiateWasm: instantiator(wasm),
      preRun: [
        (module) => fillFileSystem(module, stdlib),
        (module) => Object.assign(module.ENV, module.API.config.env),
        (module) => {
          module.addRunDependency("dynlibs"); // held until workerd has loaded the libraries of a snapshot
          resolve(module);
        },
      ],
    };
    // What the factory promises comes only after that; here only its failure counts.
    asBrowser(() => _createPyodideModule(settings)).catch(reject);
  });
  module.setGetRandomValues = (source) => {
    randomSource = source;
  };
  module.setSetTimeout = (setTimeout, clearTimeout, setInterval, clearInterval) =>
    Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval });
  return module;
}

// ---- Pyodide's glue follows
