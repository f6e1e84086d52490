// Run by node: load Pyodide from its npm package, make a memory snapshot, restore it; prints one JSON object of
// milliseconds. Usage: node peer_node.mjs PACKAGE_DIR REPEAT
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [directory, repeat] = [process.argv[2], Number(process.argv[3])];
const { loadPyodide } = await import(pathToFileURL(join(directory, "pyodide.mjs")).href);
const indexURL = directory + "/";
const cold = [];
const restore = [];

let start = performance.now();
const maker = await loadPyodide({ indexURL, _makeSnapshot: true });
maker.runPython("import json, re, asyncio");
const snapshot = maker.makeMemorySnapshot();
for (let index = 0; index < Math.max(1, repeat / 2); index++) {
  start = performance.now();
  const guest = await loadPyodide({ indexURL });
  guest.runPython("1 + 1");
  cold.push(performance.now() - start);
}
for (let index = 0; index < repeat; index++) {
  start = performance.now();
  const guest = await loadPyodide({ indexURL, _loadSnapshot: snapshot });
  guest.runPython("1 + 1");
  restore.push(performance.now() - start);
}
console.log(JSON.stringify({ cold, restore }));
