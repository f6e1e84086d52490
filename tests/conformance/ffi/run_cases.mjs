// Run by node: load Pyodide from its npm package and run cases in it. Reads one JSON document from stdin: package (the
// directory), describe (Python source), timeout (seconds per case), http (a local server's URL), cases ({id, python, javascript}). Prints one line of
// JSON per case. Exits with status 75 where the cases that are left need a fresh process: one hung or broke Pyodide.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { makeFixtures } from "./fixtures.mjs";

const NEEDS_FRESH_PROCESS = 75;
const AsyncFunction = (async () => {}).constructor;
const request = JSON.parse(readFileSync(0, "utf-8"));
const { loadPyodide } = await import(pathToFileURL(join(request.package, "pyodide.mjs")).href);

const report = process.stdout.write.bind(process.stdout);
const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
let printed = { stdout: "", stderr: "" };
for (const stream of ["stdout", "stderr"]) {
  process[stream].write = (data) => {
    printed[stream] += typeof data === "string" ? data : decoders[stream].decode(data, { stream: true });
    return true;
  };
}
const unhandled = (error) => (printed.stderr += `unhandled: ${error?.stack ?? String(error)}\n`);
process.on("unhandledRejection", unhandled);
process.on("uncaughtException", unhandled);

// The hash seed of every snapshot of ours, so that sets of texts have one order on both sides.
const env = { HOME: "/home/web_user", PYTHONHASHSEED: "111" };
const pyodide = await loadPyodide({ indexURL: request.package + "/", env });
for (const stream of ["stdout", "stderr"]) {
  const write = (data) => (process[stream].write(data), data.length);
  pyodide[stream === "stdout" ? "setStdout" : "setStderr"]({ write, isatty: false });
}
pyodide.runPython(request.describe);
const caseFunction = pyodide.globals.get("run_case");
const runCase = "Suspending" in WebAssembly ? (source) => caseFunction.callPromising(source) : caseFunction;
const takeValue = pyodide.globals.get("take_value");
const globals = Object.getOwnPropertyDescriptors(globalThis);

function restoreGlobals() {
  for (const [key, now] of Object.entries(Object.getOwnPropertyDescriptors(globalThis))) {
    const before = globals[key];
    if (!before) {
      delete globalThis[key];
    } else if (before.value !== now.value && before.configurable && "value" in before) {
      Object.defineProperty(globalThis, key, before);
    }
  }
}

function failure(error) {
  if (error?.constructor?.name === "PythonError") {
    return { error: error.type, message: error.message.trimEnd().split("\n").at(-1) };
  }
  return { error: error?.name ?? typeof error, message: error?.message ?? String(error) };
}

async function outside(source) {
  try {
    const value = takeValue();
    return (await new AsyncFunction("pyodide", "value", "fixtures", source)(pyodide, value, fixtures)) ?? null;
  } catch (error) {
    return failure(error);
  }
}

let fixtures;
async function run(one) {
  fixtures = makeFixtures(request.http);
  pyodide.registerJsModule("fixtures", fixtures);
  const record = JSON.parse(await runCase(one.python));
  if (one.javascript) {
    record.outside = await outside(one.javascript);
  }
  return record;
}

function expired(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000, { failure: "no result in time" }));
}

for (const one of request.cases) {
  printed = { stdout: "", stderr: "" };
  let record;
  try {
    record = await Promise.race([run(one), expired(request.timeout)]);
  } catch (error) {
    record = { failure: `${error?.constructor?.name}: ${error?.message}` };
  }
  report(JSON.stringify({ id: one.id, ...record, ...printed }) + "\n");
  if (record.failure) {
    process.exit(NEEDS_FRESH_PROCESS);
  }
  restoreGlobals();
}
process.exit(0);
