// Run one module of CPython's tests in Pyodide under node. Usage: node run_node.mjs PACKAGE SUITE GUEST ORDER
// ORDER is JSON: {name, crashed}. Prints what the guest prints, then one line "report: <JSON>".
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [directory, suite, guest, order] = process.argv.slice(2);
const { name, needs, crashed } = JSON.parse(order);
const { loadPyodide } = await import(pathToFileURL(join(directory, "pyodide.mjs")).href);
const pyodide = await loadPyodide({ indexURL: directory + "/", env: { HOME: "/home/pyodide" } });
pyodide.runPython(readFileSync(guest, "utf8"));
pyodide.globals.get("install")(new Uint8Array(readFileSync(suite)), needs);
pyodide.globals.set("order", pyodide.toPy([name, crashed]));
console.log("report: " + pyodide.runPython("import json; json.dumps(run(*order))"));
process.exit(0);
