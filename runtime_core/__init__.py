"""The runtime: boots Python isolates from verified releases on wasmtime."""
