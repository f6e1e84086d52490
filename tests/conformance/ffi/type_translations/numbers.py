#% small integers are ints
[0, 1, -1]

#% what JavaScript makes of integers
import fixtures
[fixtures.inspect(x) for x in (0, 1, -1, 2**31 - 1, 2**31, -2**31, 2**53 - 1, 2**53, -2**53, 2**64)]

#% a value as the embedder sees it
{"a": 1}
#%js
return value.get("a");
#%host
result = value.get_item("a")
