"""The WebAssembly engine: the only package that knows wasmtime.

Guest code is compiled once, kept on disk, mapped, and instantiated over a copy-on-write memory. Everything above this
package talks to :class:`~runtime_core.engine.engine.Engine`, :class:`~runtime_core.engine.instance.GuestInstance` and
:class:`~runtime_core.engine.memory.GuestMemory`.
"""
