// Run by node: measure the interface of Pyodide there with the guest script that is used here, too; prints one JSON
// object of samples by name. Usage: node peer_node_ffi.mjs PACKAGE_DIR GUEST_SCRIPT
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [directory, script] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(directory, "pyodide.mjs")).href);
const pyodide = await loadPyodide({ indexURL: directory + "/" });
const numbers = Array.from({ length: 10_000 }, (_, index) => index);
pyodide.registerJsModule("bench_host", {
  add: (left, right) => left + right,
  thing: { x: 1 },
  ints: numbers,
  floats: numbers.map((number) => number + 0.5),
  strings: numbers.map((number) => `item ${number}`),
  records: numbers.map((number) => ({ id: number, name: `n${number}`, score: number / 2 + 0.25 })),
});
pyodide.runPython(readFileSync(script, "utf8"));
const samples = JSON.parse(pyodide.globals.get("measure")());
const increment = pyodide.globals.get("increment");
const calls = 2000;
samples.guest_call_us = [];
for (let round = 0; round < 6; round++) {
  const start = performance.now();
  for (let index = 0; index < calls; index++) increment(1);
  if (round) samples.guest_call_us.push(((performance.now() - start) / calls) * 1e3);
}
console.log(JSON.stringify(samples));
