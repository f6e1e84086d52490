// Run by node: load Pyodide from its npm package, write libraries into its file system, run the cases in order. Reads
// one JSON document from stdin: package (the directory), directory, libraries (path -> base64), prelude, cases
// ([name, source]). Prints one JSON document: name -> value.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const request = JSON.parse(readFileSync(0, "utf-8"));
const { loadPyodide } = await import(pathToFileURL(join(request.package, "pyodide.mjs")).href);
const silent = () => {};
const pyodide = await loadPyodide({ indexURL: request.package + "/", stdout: silent, stderr: silent });
for (const [path, data] of Object.entries(request.libraries)) {
  const whole = `${request.directory}/${path}`;
  pyodide.FS.mkdirTree(dirname(whole));
  pyodide.FS.writeFile(whole, Buffer.from(data, "base64"));
}
const run = pyodide.runPython(request.prelude);
const results = {};
for (const [name, source] of request.cases) {
  try {
    results[name] = JSON.parse(run(source));
  } catch (error) {
    results[name] = { failure: `${error?.name}: ${error?.message}`.slice(0, 300) };
  }
}
process.stdout.write(JSON.stringify(results) + "\n", () => process.exit(0));
