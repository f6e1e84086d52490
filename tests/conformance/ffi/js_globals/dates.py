#% forms of the constructor
import js

[js.Date.new(0).toISOString(), js.Date.new(2020, 1, 29).toISOString(), js.Date.new(2020, 0).toISOString(), js.Date.new(99, 0, 1).toISOString(), js.Date.new("2020-02-29").getTime(), js.Date.new(js.Date.new(5)).getTime(), js.Date.new(2020, 12, 32, 25, 61, 61, 1001).toISOString(), js.Date.new(None).getTime(), js.Date.new(True).getTime()]

#% texts
import js

d = js.Date.new(1582979696789)
[str(d), d.toString(), d.toDateString(), d.toTimeString(), d.toISOString(), d.toUTCString(), d.toGMTString(), d.toJSON(), d.toLocaleString(), d.toLocaleDateString(), d.toLocaleTimeString()]

#% parts
import js

d = js.Date.new(1582979696789)
[getattr(d, f"get{z}{n}")() for z in ("", "UTC") for n in ("FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds")] + [d.getTime(), d.valueOf(), d.getTimezoneOffset(), d.getYear()]

#% invalid dates
import js

d = js.Date.new("nonsense")
[str(d), d.getTime(), d.getFullYear(), d.toJSON(), d.toDateString(), d.toUTCString(), d.toLocaleString(), d.setMonth(1), d.setFullYear(2020), d.toISOString(), js.Date.new(8.64e15 + 1).getTime(), js.Date.new(8.64e15).toISOString(), js.Date.new(js.undefined).getTime()]

#% the ISO text of an invalid date
import js

js.Date.new(float("nan")).toISOString()

#% setting parts
import js

def at(name, *args):
    d = js.Date.new(Date)
    return getattr(d, name)(*args), d.toISOString()

Date = 1582979696789
[at("setFullYear", 2021), at("setFullYear", 2021, 0, 5), at("setMonth", 0), at("setMonth", 13, 1), at("setDate", 0), at("setDate", 32), at("setHours", 25), at("setHours", 1, 2, 3, 4), at("setMinutes", -1), at("setSeconds", 61, 7), at("setMilliseconds", 1500), at("setUTCDate", 1), at("setTime", 12.9), at("setYear", 95)]

#% setting nothing
import js

d = js.Date.new(0)
[d.setHours(), str(d)]

#% Date.UTC
import js

[js.Date.UTC(2020), js.Date.UTC(2020, 1), js.Date.UTC(99, 0), js.Date.UTC(2020, 1, 30, 24), js.Date.UTC(), js.Date.UTC(275760, 8, 13), js.Date.UTC(275760, 8, 14), js.Date.UTC("2020", "5")]

#% parsing the ISO format
import js

[js.Date.parse(t) for t in ("2020", "2020-06", "2020-06-15", "2020-06-15T10:20", "2020-06-15T10:20:30", "2020-06-15T10:20:30.5Z", "2020-06-15T10:20:30.123456Z", "2020-06-15T10:20+02:00", "+012020-01-01", "-000001-01-01", "2020-13-01", "2020-02-30", "2020-06-15T24:00:00Z", "2020-06-15T24:00:01Z", "2020-06-15T25:00", "20200615", "2020-6-5", "2020-06-15T10:20:30-0500")]

#% parsing other texts
import js

texts = """Tue Mar 01 2022 00:00:00 GMT+0100 (CET)|Thu, 01 Jan 1970 00:00:00 GMT|Jan 5, 2020|5 January 2020|1/2/2020|2020/3/4|1/2/99
Jan 2020|12:30|Jan 1 2020 10:00 PM|Jan 1 2020 13:00 PM|Jan 1 2020 12:00 am|2020-01-02 10:20:30|Sat Feb 29 2020|Feb 30 2020|Foo 12 2020|1 2
Jan 1 2020 10:00 EST|Jan 1 2020 10:00:00.250|(comment) Jan 1 2020|Jan 1 2020 10:00 GMT-8|Jan 1 2020 10:00 Z|1-2-2020|december 17, 1995 03:24:00|hello|13/1/2020|2020 Jan 1 UTC"""
[(t, js.Date.parse(t)) for t in texts.replace("\n", "|").split("|")]

#% what Date is
import js

d = js.Date.new(0)
[js.Date.name, js.Date.length, d.constructor.name, js.Object.prototype.toString.call(d), d.typeof, isinstance(js.Date(), str), abs(js.Date.now() - js.Date.new().getTime()) < 10000, js.Object.keys(d).to_py()]

#% dates as primitives
import js

d = js.Date.new(1000)
f = js.Reflect.get(d, js.Symbol.toPrimitive)
[f.call(d, "number"), f.call(d, "string"), f.call(d, "default"), js.Math.max(d, 5), js.Number(d), js.JSON.stringify(d), js.String(d)]

#% a wrong hint
import js

js.Reflect.get(js.Date.prototype, js.Symbol.toPrimitive).call(js.Date.new(0), "bigint")

#% methods on something else
import js

js.Date.prototype.getTime.call(js.Object.new())

#% years of few and many digits
import js

[js.Date.new(js.Date.UTC(y, 0, 1) if y > 99 else -62198755200000 + y).toString() for y in (1, 275000)] + [js.Date.new(-62198755200000).toISOString(), js.Date.new(-1e14).toUTCString(), js.Date.new(8e15).toDateString()]

#% local texts with options
import js
from pyodide.ffi import to_js

def text(**options):
    return js.Date.new(1582979696789).toLocaleString("en-US", to_js(options, dict_converter=js.Object.fromEntries))

[text(year="numeric", month="long", day="numeric"), text(weekday="short"), text(month="2-digit", day="2-digit"), text(hour="2-digit", minute="2-digit"), text(dateStyle="medium"), text(timeStyle="short"), text(hour12=False, hour="numeric", minute="2-digit"), text(timeZone="UTC"), text(dateStyle="short", timeStyle="medium"), text(year="numeric", month="short"), text(timeZoneName="short")]

#% another language
import js

js.Date.new(0).toLocaleDateString("de-DE")

#% another time zone
import js
from pyodide.ffi import to_js

js.Date.new(0).toLocaleString("en-US", to_js({"timeZone": "Europe/Berlin"}, dict_converter=js.Object.fromEntries))
