#% the text of a function is its source only where there is a source
from fixtures import add
str(add)

#% built-in functions and prototypes cannot be changed
import js
js.Array.extra = 1
out = js.Array.extra
del js.Array.extra
out

#% prototypes of built-in classes cannot be changed
import js
js.Object.prototype.extra = 1
out = js.Array.new().extra
del js.Object.prototype.extra
out

#% where in JavaScript an error was made
import js
lines = js.Error.new("made here").stack.splitlines()
[lines[0], len(lines) > 1]
