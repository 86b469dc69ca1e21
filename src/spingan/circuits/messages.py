"""What ngspice says about a netlist, as one sentence and the line it is about."""

import re
from collections.abc import Iterator

from spingan.errors import UserError

SHOWN = 120  # characters of an offending line


class NoSolution(UserError):
    """ngspice did not converge: a circuit's numbers, and not its text, are at fault."""


def logical_lines(netlist: str) -> Iterator[tuple[int, str]]:
    """Each line that is not empty, with `+` lines joined to the one before, and the number of its first line."""
    number, text = 0, ""
    for at, line in enumerate(netlist.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("+") and text:
            text = f"{text} {stripped[1:].strip()}"
        elif stripped:
            if text:
                yield number, text
            number, text = at, stripped
    if text:
        yield number, text


def one_line(text: str) -> str:
    """A user's text, such as a name, as a part of a netlist's comment: what ends or hides a line becomes a space."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def refusal(netlist: str, output: str, errors: str) -> UserError:
    """Why ngspice ended without a result: the reason in its words, and the netlist's line."""
    found = _no_convergence(netlist, output, errors) or _refused_line(netlist, errors)
    if found is not None:
        return found
    said = [line.strip() for line in errors.splitlines() if line.strip()]
    telling = [line for line in said if re.match(r"(?:fatal )?error", line, re.IGNORECASE)] or said[-1:]
    return UserError(f"ngspice gave up: {telling[0] if telling else 'it said nothing'}", "Look at the netlist")


def replaced_model(netlist: str, errors: str) -> UserError | None:
    """The error for a model that ngspice took for another: it makes a level above 99 a level 1, and goes on."""
    if "Setting Level to 1" not in errors:
        return None
    high = re.compile(r"level *= *[1-9]\d\d", re.IGNORECASE)
    where = next(
        (f"line {at} of the netlist, {line[:SHOWN]!r}" for at, line in logical_lines(netlist) if high.search(line)),
        ".model",
    )
    return UserError(
        f"ngspice knows no level such as that of {where}, and would take the simplest model instead",
        "Give the level that ngspice has: 8 or 49 for BSIM3, 14 or 54 for BSIM4",
    )


def ignored_parameters(errors: str) -> UserError | None:
    """The error for a model with parameters that ngspice does not know: it goes on, by its own defaults."""
    found = re.findall(r"Model issue on line \d+ *: *\n\s*(.+)\n((?:.*unrecognized parameter.*\n?)+)", errors)
    if not found:
        return None
    card, said = found[0]
    names = re.findall(r"unrecognized parameter \((.*?)\)", said)
    name = " ".join(card.split()[:3])
    return UserError(
        f"ngspice ignores {', '.join(names[:5])}{' and more' if len(names) > 5 else ''} of {name[:SHOWN]!r}: "
        "its model has no such parameter",
        "Give the level that the parameters are of, correct their names, or take out those that do not matter",
    )


def warnings(output: str, errors: str) -> tuple[str, ...]:
    """ngspice's warnings, each once, without its notes on how it found an operating point."""
    found: dict[str, None] = {}
    for line in (*output.splitlines(), *errors.splitlines()):
        text = line.strip()
        about_stepping = "gmin" in text or "stepping" in text or "source step" in text
        if ("warning" in text.lower() or "unrecognized parameter" in text) and not about_stepping:
            found[text] = None
    return tuple(found)


def _no_convergence(netlist: str, output: str, errors: str) -> UserError | None:
    found = re.search(r"doAnalyses: *(.*(?:imestep too small|iterations|iteration limit|singular|converge).*)", errors)
    if found is None:
        return None
    named = re.search(r'trouble with (?:node|[\w:.-]+) "([^"]+)"', found[1]) or re.search(
        r"singular matrix: +check nodes? (\S+)", errors
    )
    # ngspice marks with a star what still changed when it gave up.
    starred = re.search(r"^(\S+) +\S+ +\S+ \*$", output, re.MULTILINE)
    node = named[1] if named else starred[1] if starred else None
    what = re.sub(r"\s+", " ", re.sub(r": trouble with.*", "", found[1])).strip()
    if node is None:
        return NoSolution(f"ngspice found no solution: {what}", "Look for a source whose value jumps, or a loose node")
    return NoSolution(
        f"ngspice found no solution: {what}, at node {node}{_connected(netlist, node)}",
        "Look for a value that jumps there, a node without a path to ground, or a loop of voltage sources",
    )


def _connected(netlist: str, node: str) -> str:
    """The first line of the netlist that names a node, or the element of a branch current, ready to be appended."""
    wanted = node.lower().removesuffix("#branch")
    for number, line in list(logical_lines(netlist))[1:]:
        words = line.lower().split()
        if words[0][0].isalpha() and wanted in words[:5]:
            return f" (line {number}: {line[:SHOWN]})"
    return ""


def _refused_line(netlist: str, errors: str) -> UserError | None:
    """The error that names a line: by its text, or by its number alone."""
    numbered = re.search(r"Netlist line no\. (\d+):\n\s*(.+)", errors)
    if numbered is not None:
        text = dict(logical_lines(netlist)).get(int(numbered[1]), "")
        return _line_error(netlist, text or f"line {numbered[1]}", numbered[2])
    quoted = re.search(r"Error on line(?: \d+ or its substitute)?:\n\s*(.+)\n\s*(.*)", errors)
    if quoted is not None:
        before = re.findall(r"^(?:warning, |Error: |(?=Only MOS ))(.+)$", errors[: quoted.start()], re.MULTILINE)
        reasons = [reason.removesuffix(" from line").strip() for reason in (*before, quoted[2])]
        return _line_error(netlist, quoted[1], "; ".join(dict.fromkeys(reason for reason in reasons if reason)))
    subcircuit = re.search(r"unknown subckt: *(.+)", errors)
    if subcircuit is not None:
        return _line_error(netlist, subcircuit[1], "there is no .subckt of that name")
    return None


def _line_error(netlist: str, text: str, reason: str) -> UserError:
    """The error for a line as ngspice quotes it, in small letters and with its expressions rewritten."""
    lines = list(logical_lines(netlist))
    bare = "".join(text.split()).lower()
    same = [at for at, line in enumerate(lines) if "".join(line[1].split()).lower() == bare]
    name = text.split()[0].lower().rsplit(".", 1)[-1]  # m1 of the expanded subcircuit's m.x1.m1
    named = [at for at, line in enumerate(lines) if at and line[1].split()[0].lower() == name]
    where = f"{text.strip()[:SHOWN]!r}"
    if same or named:
        number, written = lines[(same or named)[0]]
        where = f"line {number} of the netlist, {written[:SHOWN]!r}"
    return UserError(f"ngspice refuses {where}: {reason.strip()}", "Correct that line")
