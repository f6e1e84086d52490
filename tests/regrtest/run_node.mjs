// Run modules of CPython's tests in Pyodide under node. Usage: node run_node.mjs PACKAGE SUITE GUEST ORDERS
// ORDERS is JSON: a list of {name, needs, crashed}. Prints, for each, "module: <name>", what the guest prints, then
// "report: <JSON>".
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [directory, suite, guest, orders] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(directory, "pyodide.mjs")).href);
const pyodide = await loadPyodide({ indexURL: directory + "/", env: { HOME: "/home/pyodide" } });
pyodide.runPython(readFileSync(guest, "utf8"));
for (const { name, needs, crashed } of JSON.parse(orders)) {
  console.log("module: " + name);
  pyodide.globals.get("install")(new Uint8Array(readFileSync(suite)), needs);
  pyodide.globals.set("order", pyodide.toPy([name, crashed]));
  console.log("report: " + pyodide.runPython("import json; json.dumps(run(*order))"));
  pyodide.runPython("forget()");
}
process.exit(0);
