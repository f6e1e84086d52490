#% how node's errors name a value of a wrong type
import js
names = []
values = [
    2**64, True, None, "short", "it's", "a" * 28, "a" * 29, "'" + "a" * 30,
    js.Symbol("tag"), js.Array.new(), js.Map.new(), js.Map, js.Symbol,
]
for value in values:
    try:
        js.AbortSignal.timeout(value)
    except Exception as error:
        names.append(str(error))
names

#% options of a clone that are no object
import js
texts = []
for options in (5, "text", True, js.Symbol("tag"), None, js.Map):
    try:
        texts.append(js.structuredClone(1, options))
    except Exception as error:
        texts.append([str(error), error.code])
texts

#% which error a missing argument gives
import js
texts = []
for call in (
    lambda: js.Event.new(),
    lambda: js.EventTarget.new().addEventListener("click"),
    lambda: js.EventTarget.new().removeEventListener(),
    lambda: js.EventTarget.new().dispatchEvent(),
    lambda: js.structuredClone(),
    lambda: js.performance.mark(),
    lambda: js.btoa(),
):
    try:
        call()
        texts.append(None)
    except Exception as error:
        texts.append([str(error), error.code])
texts

#% a listener that is no function, and a signal that is none
import js
texts = []
for options in ({}, {"signal": 5}):
    try:
        js.EventTarget.new().addEventListener("click", 7, js.Object.fromEntries(js.Object.entries(options)))
    except Exception as error:
        texts.append(str(error))
texts

#% a timeout that is no whole number or too long
import js
texts = []
for delay in (0.5, float("nan"), float("inf"), -1, 2**32):
    try:
        js.AbortSignal.timeout(delay)
        texts.append(None)
    except Exception as error:
        texts.append([str(error), error.name, error.code])
texts

#% the text of an error with a code whose name was changed
import js
try:
    js.Event.new()
except Exception as error:
    caught = error
before = str(caught)
caught.name = "Other"
[before, str(caught), js.Object.prototype.toString.call(caught)]

#% a bigint of thousands of digits in a message
import js
out = []
for value in (10**60, -(10**5000)):
    try: await js.Promise.resolve(value).then(js.setTimeout)
    except Exception as error: out.append([len(str(error)), str(error)[:150], error.code])
out
