"""The worker of the demo: ordinary Python, with an event loop, regular expressions and JSON."""

import asyncio
import json
import re

WORD = re.compile(r"\w+")


async def count(text: str) -> int:
    await asyncio.sleep(0)
    return len(WORD.findall(text))


async def handle(request: str) -> str:
    """Count the words of each line of a JSON request, all at once."""
    lines = json.loads(request)["lines"]
    counts = await asyncio.gather(*(count(line) for line in lines))
    return json.dumps({"words": sum(counts), "per_line": counts})
