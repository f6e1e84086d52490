// Run modules of CPython's tests in Pyodide under node. Usage: node run_node.mjs PACKAGE SUITE GUEST
// Standard input is JSON: a list of {name, needs, leftOut}. Prints for each a line "module", then what the guest prints.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// As in browsers, and here: what nobody handles is no reason to die.
process.on("unhandledRejection", () => {});

const [directory, suite, guest] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(directory, "pyodide.mjs")).href);
const pyodide = await loadPyodide({ indexURL: directory + "/", env: { HOME: "/home/pyodide" } });
pyodide.runPython(readFileSync(guest, "utf8"));
const [install, run, forget] = ["install", "run", "forget"].map((name) => pyodide.globals.get(name));
for (const { name, needs, leftOut } of JSON.parse(readFileSync(0, "utf8"))) {
  console.log("\nmodule");
  install(new Uint8Array(readFileSync(suite)), needs);
  await run.callPromising(name, pyodide.toPy(leftOut));
  forget();
}
process.exit(0);
