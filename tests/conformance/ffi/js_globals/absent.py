#% globals of node and of browsers that there are not
import js
names = (
    "Buffer BroadcastChannel CloseEvent CompressionStream MessageChannel URLPattern WebAssembly WebSocket "
    "global navigator process"
)
[name for name in names.split() if hasattr(js, name)]

#% classes for disposing of several things
import js
[name for name in ("AsyncDisposableStack", "DisposableStack", "SuppressedError") if hasattr(js, name)]

#% JSON of deeply nested arrays
import js
nested = js.Array.new()
for _ in range(1000):
    nested = js.Array.of(nested)
len(js.JSON.stringify(nested))

#% a clone of deeply nested arrays
import js
nested = js.Array.new()
for _ in range(1000):
    nested = js.Array.of(nested)
js.structuredClone(nested).length
