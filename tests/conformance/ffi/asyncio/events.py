#% an event target calls its listeners in order
from js import Event, EventTarget
from pyodide.ffi import create_proxy
log = []
target = EventTarget.new()
a, b = create_proxy(lambda e: log.append(("a", e.type))), create_proxy(lambda e: log.append(("b", e.type)))
target.addEventListener("x", a)
target.addEventListener("x", b)
target.addEventListener("x", a)
target.addEventListener("y", b)
log.append(target.dispatchEvent(Event.new("x")))
target.removeEventListener("x", a)
target.removeEventListener("z", a)
target.dispatchEvent(Event.new("x"))
target.dispatchEvent(Event.new("y"))
a.destroy()
b.destroy()
log

#% once, and an object with handleEvent
from js import Event, EventTarget, Object
from pyodide.ffi import create_proxy, to_js
log = []
target = EventTarget.new()
f = create_proxy(lambda e: log.append("once"))
g = create_proxy(lambda e: log.append("handleEvent"))
options = Object.new()
options.once = True
listener = Object.new()
listener.handleEvent = g
target.addEventListener("x", f, options)
target.addEventListener("x", listener)
target.dispatchEvent(Event.new("x"))
target.dispatchEvent(Event.new("x"))
f.destroy()
g.destroy()
log

#% capture makes another listener
from js import Event, EventTarget, Object
from pyodide.ffi import create_proxy
log = []
target = EventTarget.new()
f = create_proxy(lambda e: log.append(e.type))
capture = Object.new()
capture.capture = True
target.addEventListener("x", f)
target.addEventListener("x", f, True)
target.addEventListener("x", f, capture)
target.dispatchEvent(Event.new("x"))
log.append("one removed")
target.removeEventListener("x", f, capture)
target.dispatchEvent(Event.new("x"))
target.removeEventListener("x", f)
target.dispatchEvent(Event.new("x"))
f.destroy()
log

#% every listener sees the target
from js import Event, EventTarget
from pyodide.ffi import create_proxy
log = []
target = EventTarget.new()
listeners = [create_proxy(lambda e, n=n: log.append([n, e.eventPhase, str(e.currentTarget)])) for n in range(2)]
for f in listeners:
    target.addEventListener("x", f)
target.dispatchEvent(Event.new("x"))
for f in listeners:
    f.destroy()
log

#% the properties of an event
from js import Event, Object
options = Object.new()
options.bubbles = 1
options.cancelable = "yes"
e, f = Event.new("name"), Event.new("other", options)
[[v.type, v.bubbles, v.cancelable, v.composed, v.defaultPrevented, v.eventPhase, v.isTrusted, str(v.target), str(v.currentTarget), str(v.srcElement), v.returnValue, v.cancelBubble, len(v.composedPath()), v.timeStamp > 0] for v in (e, f)]

#% what an event is
from js import CustomEvent, Event, EventTarget, Object
e = CustomEvent.new("x")
[str(e), e.constructor.name, str(Event.new("y")), str(EventTarget.new()), Event.length, CustomEvent.length, EventTarget.length, Event.name, Event.AT_TARGET, Event.NONE, Event.CAPTURING_PHASE, Event.BUBBLING_PHASE]

#% an event while it is dispatched
from fixtures import same
from js import Event, EventTarget
from pyodide.ffi import create_proxy
log = []
target = EventTarget.new()
def listener(e):
    log.append([same(e.target, target), same(e.currentTarget, target), e.eventPhase, len(e.composedPath())])
f = create_proxy(listener)
target.addEventListener("x", f)
event = Event.new("x")
target.dispatchEvent(event)
log.append([same(event.target, target), str(event.currentTarget), event.eventPhase, len(event.composedPath())])
f.destroy()
log

#% preventDefault counts for cancelable events only
from js import Event, EventTarget, Object
from pyodide.ffi import create_proxy
target = EventTarget.new()
f = create_proxy(lambda e: e.preventDefault())
target.addEventListener("x", f)
cancelable = Object.new()
cancelable.cancelable = True
a, b = Event.new("x"), Event.new("x", cancelable)
result = [target.dispatchEvent(a), a.defaultPrevented, target.dispatchEvent(b), b.defaultPrevented, b.returnValue]
f.destroy()
result

#% stopImmediatePropagation ends the dispatch
from js import Event, EventTarget
from pyodide.ffi import create_proxy
log = []
target = EventTarget.new()
def first(e):
    log.append("first")
    e.stopPropagation()
def second(e):
    log.append(["second", e.cancelBubble])
    e.stopImmediatePropagation()
proxies = [create_proxy(f) for f in (first, second, lambda e: log.append("third"))]
for p in proxies:
    target.addEventListener("x", p)
target.dispatchEvent(Event.new("x"))
for p in proxies:
    p.destroy()
log

#% listeners added and removed during the dispatch
from js import Event, EventTarget
from pyodide.ffi import create_proxy
log = []
target = EventTarget.new()
third = create_proxy(lambda e: log.append("third"))
fourth = create_proxy(lambda e: log.append("fourth"))
def first(e):
    log.append("first")
    target.removeEventListener("x", third)
    target.addEventListener("x", fourth)
f = create_proxy(first)
target.addEventListener("x", f)
target.addEventListener("x", third)
target.dispatchEvent(Event.new("x"))
log.append("again")
target.dispatchEvent(Event.new("x"))
for p in (f, third, fourth):
    p.destroy()
log

#% an event cannot be dispatched while it is
from js import Event, EventTarget
from pyodide.ffi import create_proxy
log = []
target = EventTarget.new()
def again(e):
    try:
        target.dispatchEvent(e)
    except Exception as error:
        log.append([str(error), error.name, error.code])
f = create_proxy(again)
target.addEventListener("x", f)
target.dispatchEvent(Event.new("x"))
f.destroy()
log

#% an event can be dispatched again
from js import Event, EventTarget
from pyodide.ffi import create_proxy
log = []
target = EventTarget.new()
f = create_proxy(lambda e: log.append(e.type))
target.addEventListener("x", f)
event = Event.new("x")
target.dispatchEvent(event)
target.dispatchEvent(event)
f.destroy()
log

#% CustomEvent carries a detail
from js import CustomEvent, Object
from pyodide.ffi import to_js
options = Object.new()
options.detail = to_js([1, 2])
[CustomEvent.new("x", options).detail.to_py(), CustomEvent.new("x").detail, CustomEvent.new("y", options).type]

#% wrong arguments
import js
result = []
target = js.EventTarget.new()
event = js.Event.new("x")
for call in (
    lambda: js.Event.new(),
    lambda: js.CustomEvent.new(),
    lambda: js.Event("x"),
    lambda: js.EventTarget(),
    lambda: js.CustomEvent("x"),
    lambda: js.Event.new("x", 5),
    lambda: target.dispatchEvent(5),
    lambda: target.dispatchEvent(js.Object.new()),
    lambda: target.dispatchEvent(),
    lambda: target.addEventListener("x"),
    lambda: target.addEventListener(),
    lambda: target.addEventListener("x", 5),
    lambda: target.addEventListener("x", "f"),
    lambda: target.removeEventListener("x"),
):
    try:
        result.append(call())
    except Exception as error:
        result.append([str(error), error.name])
result

#% a listener that is missing is ignored
from js import Event, EventTarget, Object
target = EventTarget.new()
[target.addEventListener("x", None), target.addEventListener("x", Object.new()), target.dispatchEvent(Event.new("x"))]

#% an event's type is text
from js import Event, EventTarget
from pyodide.ffi import create_proxy
log = []
target = EventTarget.new()
f = create_proxy(lambda e: log.append(e.type))
target.addEventListener(5, f)
target.dispatchEvent(Event.new("5"))
target.dispatchEvent(Event.new(5))
f.destroy()
log

#% a signal removes a listener
from js import AbortController, Event, EventTarget, Object
from pyodide.ffi import create_proxy
log = []
target = EventTarget.new()
f = create_proxy(lambda e: log.append(e.type))
controller = AbortController.new()
options = Object.new()
options.signal = controller.signal
target.addEventListener("x", f, options)
target.dispatchEvent(Event.new("x"))
controller.abort()
target.dispatchEvent(Event.new("x"))
target.addEventListener("x", f, options)
target.dispatchEvent(Event.new("x"))
f.destroy()
log

#% the signal of a listener must be one
from js import EventTarget, Object
from pyodide.ffi import create_proxy
options = Object.new()
options.signal = 5
f = create_proxy(lambda e: None)
try:
    EventTarget.new().addEventListener("x", f, options)
except Exception as error:
    result = str(error)
f.destroy()
result

#% this is the target
from js import Event, EventTarget
from fixtures import same
from pyodide.ffi import create_proxy
log = []
target = EventTarget.new()
f = create_proxy(lambda this, e: log.append([same(this, target), e.type]), capture_this=True)
target.addEventListener("x", f)
target.dispatchEvent(Event.new("x"))
f.destroy()
log

#% wrappers: add_event_listener and remove_event_listener
from js import Event, EventTarget
from pyodide.ffi.wrappers import EVENT_LISTENERS, add_event_listener, remove_event_listener
log = []
target = EventTarget.new()
def listener(e):
    log.append(e.type)
before = len(EVENT_LISTENERS)
add_event_listener(target, "x", listener)
log.append(len(EVENT_LISTENERS) - before)
target.dispatchEvent(Event.new("x"))
remove_event_listener(target, "x", listener)
target.dispatchEvent(Event.new("x"))
log.append(len(EVENT_LISTENERS) - before)
log

#% wrappers: removing what is not there
from js import EventTarget
from pyodide.ffi.wrappers import remove_event_listener
try:
    remove_event_listener(EventTarget.new(), "x", print)
except Exception as error:
    result = type(error).__name__
result

#% names of an event and of an event target
from js import Event, EventTarget
public = lambda o: [n for n in dir(o) if not n.startswith("_") and n not in ("js_id",)]
[public(Event.new("x")), public(EventTarget.new())]

#% initEvent changes an event
from js import Event
e = Event.new("x")
e.initEvent("y", True, True)
[e.type, e.bubbles, e.cancelable]

#% setting read-only properties of an event
from js import Event
e = Event.new("x")
result = []
for name in ("type", "bubbles", "target", "detail"):
    try:
        setattr(e, name, 1)
        result.append(str(getattr(e, name)))
    except Exception as error:
        result.append(str(error))
e.cancelBubble = True
result.append(e.cancelBubble)
result
