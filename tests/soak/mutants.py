"""Files spoilt in every way that a hand, an editor, an instrument or a disk can spoil them."""

import random
import re
from collections.abc import Callable

NUMBERS = (
    *("nan", "inf", "-inf", "", "1e400", "-1e-400", "9.9e37", "-0", "0", "1,5", "1_000", "0x10", "1e", "--1", "٣"),
    *("9" * 400, "true", "null", "~", "[]", "{}", "2024-13-45", "!!int x", "*a", "&a 1", '"', "'", "\\", "\t"),
)
LINES = ("", "#", "---", "...", "- a", "a: b: c", "&a [*a]", "<<: {a: 1}", "? [a]", "%YAML 9", "\0", "x" * 200_000)
CODINGS = ("utf-16", "utf-32", "latin-1", "cp037", "utf-8-sig")


def mutated(content: bytes, seed: str) -> bytes:
    """`content` spoilt in one to three ways that `seed` chooses."""
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        content = chance.choice(WAYS)(content, chance)
    return content


def _bytes(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content or b"\0")
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _without_a_part(content: bytes, chance: random.Random) -> bytes:
    first, last = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    return content[:first] + content[last:]


def _twice_a_part(content: bytes, chance: random.Random) -> bytes:
    first, last = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    return content[:last] + content[first:]


def _number(content: bytes, chance: random.Random) -> bytes:
    found = list(re.finditer(rb"[-+]?\d+\.?\d*(e[-+]?\d+)?", content[:50_000]))
    if not found:
        return content
    at = chance.choice(found)
    return content[: at.start()] + chance.choice(NUMBERS).encode() + content[at.end() :]


def _word(content: bytes, chance: random.Random) -> bytes:
    found = list(re.finditer(rb"[A-Za-z_]{3,}", content[:50_000]))
    if len(found) < 2:
        return content
    at, other = chance.choice(found), chance.choice(found)
    return content[: at.start()] + other[0] + content[at.end() :]


def _lines(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    how = chance.randrange(4)
    if how == 0:
        lines[one], lines[other] = lines[other], lines[one]
    elif how == 1:
        lines.insert(one, lines[other])
    elif how == 2:
        del lines[one]
    else:
        lines.insert(one, chance.choice(LINES).encode())
    return b"\n".join(lines)


def _coding(content: bytes, chance: random.Random) -> bytes:
    return content.decode("utf-8", "replace").encode(chance.choice(CODINGS), "replace")


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_bytes, _cut, _without_a_part, _twice_a_part, _number, _number, _number, _word, _word, _lines, _lines, _coding),
)
