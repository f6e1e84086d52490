#% now advances
import js
a = js.performance.now()
b = js.performance.now()
[type(a).__name__ in ("float", "int"), 0 <= a <= b, b - a < 5000]
#% timeOrigin and now give the time
import js, time
abs((js.performance.timeOrigin + js.performance.now()) / 1000 - time.time()) < 60
#% its names
import js
p = js.performance
[str(p), p.constructor.name, js.Performance.name, js.PerformanceEntry.name, js.PerformanceMark.name, js.PerformanceMeasure.name]
#% marks
import js
p = js.performance
m = p.mark("a", js.JSON.parse('{"startTime": 5, "detail": {"k": 1}}'))
n = p.mark("b")
r = [m.name, m.entryType, m.startTime, m.duration, js.JSON.stringify(m.detail), m.constructor.name, str(m), n.detail, n.startTime >= 0, p.getEntriesByName("a").length, p.getEntriesByType("mark").length]
p.clearMarks()
r + [p.getEntriesByType("mark").length]
#% measures
import js
p = js.performance
p.mark("s", js.JSON.parse('{"startTime": 5}'))
p.mark("e", js.JSON.parse('{"startTime": 12}'))
m = p.measure("m", "s", "e")
n = p.measure("n", js.JSON.parse('{"start": 1, "end": 4, "detail": "d"}'))
o = p.measure("o", js.JSON.parse('{"start": 1, "duration": 2}'))
r = [m.name, m.entryType, m.startTime, m.duration, m.detail, n.startTime, n.duration, n.detail, o.duration, m.constructor.name, [x.name for x in p.getEntries() if x.entryType in ("mark", "measure")], js.JSON.stringify(n)]
p.clearMarks("s")
p.clearMeasures()
r += [p.getEntriesByType("measure").length, [x.name for x in p.getEntriesByType("mark")]]
p.clearMarks()
r
#% a measure of an unknown mark is refused
import js
js.performance.measure("m", "nosuch")
#% a mark needs a name
import js
js.performance.mark()
#% a mark before the start is refused
import js
js.performance.mark("x", js.JSON.parse('{"startTime": -1}'))
#% Performance cannot be constructed
import js
js.Performance.new()
#% toJSON of performance
import js
o = js.performance.toJSON()
sorted(k for k in js.Object.keys(o) if k in ("timeOrigin",))
#% what node adds
import js
[hasattr(js.performance, n) for n in ("nodeTiming", "eventLoopUtilization", "timerify")] + [hasattr(js, "PerformanceObserver")]
