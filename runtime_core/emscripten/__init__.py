"""The Emscripten host: file system, system calls, clock, processes and heap of a guest."""
