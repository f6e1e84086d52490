"""The syntax of JavaScript's regular expressions: a pattern becomes a tree, or a SyntaxError with V8's words.

Without the flags u and v a pattern is a sequence of UTF-16 units and the grammar is the permissive one of the web.
"""

from __future__ import annotations

from typing import Final, NoReturn

from runtime_core.js.coerce import from_units, to_units
from runtime_core.js.errors import throw
from runtime_core.js.regexp_nodes import (
    DIGIT,
    LAST_CODE_POINT,
    SPACE,
    WORD,
    Any,
    Assertion,
    Char,
    CharSet,
    Choice,
    Group,
    Interval,
    Node,
    Pattern,
    Repeat,
    Sequence,
    inverted,
)

MAX_PATTERN: Final = 1 << 16  # UTF-16 units
MAX_DEPTH: Final = 200  # groups inside groups
MAX_GROUPS: Final = 1000
_CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_SYNTAX: Final = "^$\\.*+?()[]{}|/"


class Parser:
    """Parses one pattern."""

    def __init__(self, source: str, flags: str) -> None:
        self.unicode = "u" in flags or "v" in flags
        self._source = source
        self._flags = flags
        self._text = source if self.unicode else to_units(source)
        self._at = 0
        self._groups = 0
        self._depth = 0
        self._names: dict[str, list[int]] = {}
        self._path: list[int] = []  # which alternative of each choice is being read
        self._paths: dict[int, tuple[int, ...]] = {}
        self._count, self._has_names = self._survey()

    def fail(self, message: str) -> NoReturn:
        """Throw the SyntaxError."""
        throw("SyntaxError", f"Invalid regular expression: /{self._source}/{self._flags}: {message}")

    def unsupported(self, what: str) -> NoReturn:
        """Throw for what the engine of this runtime cannot match in linear time."""
        self.fail(f"{what} not supported by this runtime, which matches in linear time")

    def parse(self) -> Pattern:
        """The whole pattern."""
        if len(self._text) > MAX_PATTERN:
            self.fail("Regular expression too large")
        node = self._choice()
        if self._at < len(self._text):
            self.fail("Unmatched ')'")
        return Pattern(node, self._groups, self._names)

    def _survey(self) -> tuple[int, bool]:
        """How many groups capture and whether any has a name, before the pattern is read."""
        count, named, in_class, at = 0, False, False, 0
        text = self._text
        while at < len(text):
            char = text[at]
            if char == "\\":
                at += 1
            elif char == "[":
                in_class = True
            elif char == "]":
                in_class = False
            elif char == "(" and not in_class:
                if text[at + 1 : at + 2] != "?":
                    count += 1
                elif text[at + 2 : at + 3] == "<" and text[at + 3 : at + 4] not in ("=", "!"):
                    count, named = count + 1, True
            at += 1
        return count, named

    # ---- characters of the pattern

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _eat(self, wanted: str) -> bool:
        if self._text.startswith(wanted, self._at):
            self._at += len(wanted)
            return True
        return False

    def _digits(self) -> str:
        start = self._at
        while self._peek() and self._peek() in "0123456789":
            self._at += 1
        return self._text[start : self._at]

    def _hex(self, count: int) -> int | None:
        digits = self._text[self._at : self._at + count]
        if len(digits) < count or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
            return None
        self._at += count
        return int(digits, 16)

    # ---- structure

    def _choice(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.fail("Regular expression too large")
        self._path.append(0)
        nodes = [self._sequence()]
        while self._eat("|"):
            self._path[-1] += 1
            nodes.append(self._sequence())
        self._path.pop()
        self._depth -= 1
        return nodes[0] if len(nodes) == 1 else Choice(tuple(nodes))

    def _sequence(self) -> Node:
        nodes: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            node = self._term()
            nodes.append(self._quantified(node))
        return nodes[0] if len(nodes) == 1 else Sequence(tuple(nodes))

    def _term(self) -> Node:
        char = self._peek()
        self._at += 1
        if char in "^$":
            return Assertion(char)
        if char == "(":
            return self._group()
        if char == ".":
            return Any()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        if char in "*+?":
            self.fail("Nothing to repeat")
        if char == "{":
            if self.unicode:
                self.fail("Lone quantifier brackets")
            start = self._at
            self._at -= 1
            if self._bounds() is not None:
                self.fail("Nothing to repeat")
            self._at = start
        if char in "}]" and self.unicode:
            self.fail("Lone quantifier brackets")
        return Char(ord(char))

    def _bounds(self) -> tuple[int, int | None] | None:
        """``{n}``, ``{n,}`` or ``{n,m}``; None where it is something else, and nothing is read then."""
        start = self._at
        self._at += 1
        low = self._digits()
        high: str | None = low
        if low and self._eat(","):
            high = self._digits() or None
        if not low or not self._eat("}"):
            self._at = start
            return None
        least, most = int(low[:12]), None if high is None else int(high[:12])
        if most is not None and most < least:
            self.fail("numbers out of order in {} quantifier")
        return least, most

    def _quantified(self, node: Node) -> Node:
        char = self._peek()
        if char == "{":
            bounds = self._bounds()
            if bounds is None:
                if self.unicode:
                    self.fail("Incomplete quantifier")
                return node
        elif char and char in "*+?":
            self._at += 1
            bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        else:
            return node
        if isinstance(node, Assertion):
            self.fail("Nothing to repeat")
        return Repeat(node, *bounds, greedy=not self._eat("?"))

    def _group(self) -> Node:
        index, on, off = 0, "", ""
        if self._eat("?"):
            if self._eat("<"):
                if self._peek() in ("=", "!"):
                    self.unsupported("look-behind assertions are")
                index = self._new_group(self._name("Invalid capture group name"))
            elif self._peek() in ("=", "!"):
                self.unsupported("look-ahead assertions are")
            else:
                on, off = self._modifiers()
        else:
            index = self._new_group(None)
        node = self._choice()
        if not self._eat(")"):
            self.fail("Unterminated group")
        return Group(node, index, on, off)

    def _new_group(self, name: str | None) -> int:
        self._groups += 1
        if self._groups > MAX_GROUPS:
            self.fail("Too many captures")
        if name is not None:
            path = tuple(self._path)
            for other in self._names.get(name, ()):
                if not _are_alternatives(path, self._paths[other]):
                    self.fail("Duplicate capture group name")
            self._names.setdefault(name, []).append(self._groups)
            self._paths[self._groups] = path
        return self._groups

    def _modifiers(self) -> tuple[str, str]:
        flags = ["", ""]
        side = 0
        while True:
            char = self._peek()
            self._at += 1
            if char == ":":
                break
            if char == "-" and side == 0:
                side = 1
            elif char and char in "ims" and char not in flags[0] + flags[1]:
                flags[side] += char
            elif char and char in "ims":
                self.fail("Repeated flag in modifier")  # V8's words differ by place
            else:
                self.fail("Invalid group")
        if side and not flags[0] + flags[1]:
            self.fail("Invalid flag group")
        return flags[0], flags[1]

    def _name(self, message: str) -> str:
        chars = []
        while True:
            char = self._peek()
            self._at += 1
            if char == ">":
                break
            if char == "\\":
                code = self._unicode_escape(always_braces=True) if self._eat("u") else None
                if code is None:
                    self.fail("Invalid Unicode escape")
                char = chr(code)
            if not char:
                self.fail(message)
            chars.append(char)
        name = from_units("".join(chars))
        if not name.replace("$", "a").isidentifier():
            self.fail(message)
        return name

    # ---- escapes

    def _escape(self) -> Node:
        char = self._peek()
        if not char:
            self.fail("\\ at end of pattern")
        if char in "bB":
            self._at += 1
            return Assertion(char)
        if char in "123456789":
            self._refuse_reference()
        if char == "k" and (self.unicode or self._has_names):
            self._at += 1
            self._refuse_named_reference()
        found = self._class_escape()
        return found if isinstance(found, CharSet) else Char(found)

    def _refuse_reference(self) -> None:
        """A number of a group is a back reference; another one is an octal escape of old."""
        start = self._at
        number = int(self._digits()[:6])
        self._at = start
        if number <= self._count:
            self.unsupported("back references are")
        if self.unicode:
            self.fail("Invalid escape")

    def _refuse_named_reference(self) -> NoReturn:
        if not self._eat("<"):
            self.fail("Invalid named reference")
        name = self._name("Invalid named reference")
        if f"(?<{name}>" not in self._source:
            self.fail("Invalid named capture referenced")
        self.unsupported("back references are")

    def _class_escape(self) -> int | CharSet:
        """What follows a backslash where no assertion or reference can be: a character or a class."""
        char = self._peek()
        self._at += 1
        simple = {"d": DIGIT, "w": WORD, "s": SPACE}.get(char.lower())
        if simple is not None:
            return CharSet(simple if char.islower() else inverted(simple))
        if char and char in "pP" and self.unicode:
            return self._property(negated=char == "P")
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char == "c":
            return self._control()
        if char == "x":
            code = self._hex(2)
            if code is None and self.unicode:
                self.fail("Invalid escape")
            return ord("x") if code is None else code
        if char == "u":
            return self._unicode()
        if char and char in "01234567":
            return self._octal(char)
        if self.unicode and not (char in _SYNTAX or (char == "-" and self._in_class)):
            self.fail("Invalid escape")
        return ord(char)

    _in_class = False

    def _control(self) -> int:
        letter = self._peek()
        if letter.isascii() and letter.isalpha():
            self._at += 1
            return ord(letter) % 32
        if self._in_class and not self.unicode and letter and (letter in "_" or letter in "0123456789"):
            self._at += 1
            return ord(letter) % 32
        if self.unicode:
            self.fail("Invalid Unicode escape")
        self._at -= 1
        return ord("\\")

    def _octal(self, first: str) -> int:
        if self.unicode:
            if first == "0" and self._peek() not in tuple("0123456789"):
                return 0
            self.fail("Invalid class escape" if self._in_class else "Invalid decimal escape")
        digits = first
        while self._peek() and self._peek() in "01234567" and int(digits + self._peek(), 8) <= 0o377:
            digits += self._peek()
            self._at += 1
        return int(digits, 8)

    def _unicode(self) -> int:
        code = self._unicode_escape(always_braces=False)
        if code is None:
            if self.unicode:
                self.fail("Invalid Unicode escape")
            return ord("u")
        return code

    def _unicode_escape(self, *, always_braces: bool) -> int | None:
        if (self.unicode or always_braces) and self._eat("{"):
            start = self._at
            end = self._text.find("}", start)
            digits = self._text[start:end] if end >= 0 else ""
            is_hex = digits and all(digit in "0123456789abcdefABCDEF" for digit in digits)
            if not is_hex or int(digits, 16) > LAST_CODE_POINT:
                self.fail("Invalid Unicode escape")
            self._at = end + 1
            return int(digits, 16)
        code = self._hex(4)
        if code is not None and 0xD800 <= code < 0xDC00 and (self.unicode or always_braces):
            start = self._at
            low = self._hex(4) if self._eat("\\u") else None
            if low is not None and 0xDC00 <= low < 0xE000:
                return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
            self._at = start
        return code

    def _property(self, *, negated: bool) -> CharSet:
        from runtime_core.js.regexp_properties import property_set

        if not self._eat("{"):
            self.fail("Invalid property name")
        end = self._text.find("}", self._at)
        name = self._text[self._at : end] if end >= 0 else ""
        self._at = end + 1
        found = property_set(name)
        if found is None:
            self.fail("Invalid property name")
        intervals, prefix = found
        if prefix:
            return CharSet((), ((prefix.replace("\\p", "\\P") if negated else prefix),))
        return CharSet(inverted(intervals) if negated else intervals)

    # ---- classes

    def _class(self) -> Node:
        negated = self._eat("^")
        intervals: list[Interval] = []
        properties: list[str] = []
        self._in_class = True
        while not self._eat("]"):
            if not self._peek():
                self.fail("Unterminated character class")
            if "v" in self._flags and self._is_set_operation():
                self.unsupported("set operations and nested classes are")
            low = self._class_atom()
            if self._text.startswith("-", self._at) and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._class_atom()
                self._add_range(low, high, intervals, properties)
            else:
                self._add(low, intervals, properties)
        self._in_class = False
        return CharSet(tuple(intervals), tuple(properties), negated)

    def _is_set_operation(self) -> bool:
        pair = self._text[self._at : self._at + 2]
        return pair[:1] == "[" or (len(pair) == 2 and pair[0] == pair[1] and pair[0] in "&-") or pair == "\\q"

    def _class_atom(self) -> int | CharSet:
        char = self._peek()
        if not char:
            self.fail("Unterminated character class")
        self._at += 1
        if char != "\\":
            return ord(char)
        following = self._peek()
        if not following:
            self.fail("\\ at end of pattern")
        if following == "b":
            self._at += 1
            return 8
        if self.unicode and (following == "B" or following in "123456789"):
            self.fail("Invalid class escape" if following != "B" else "Invalid escape")
        return self._class_escape()

    @staticmethod
    def _add(atom: int | CharSet, intervals: list[Interval], properties: list[str]) -> None:
        if isinstance(atom, CharSet):
            intervals += atom.intervals
            properties += atom.properties
        else:
            intervals.append((atom, atom))

    def _add_range(
        self, low: int | CharSet, high: int | CharSet, intervals: list[Interval], properties: list[str]
    ) -> None:
        if isinstance(low, CharSet) or isinstance(high, CharSet):
            if self.unicode:
                self.fail("Invalid character class")
            for atom in (low, ord("-"), high):
                self._add(atom, intervals, properties)
        elif low > high:
            self.fail("Range out of order in character class")
        else:
            intervals.append((low, high))


def _are_alternatives(path: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two groups are in different alternatives of one choice, so that only one of them can match."""
    return any(mine != theirs for mine, theirs in zip(path, other, strict=False))
