"""The complaints of the YAML parser in the user's terms."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from yaml import MarkedYAMLError, YAMLError


class Complaint(NamedTuple):
    """What is wrong, where (line and column from 1), and what to do about it."""

    line: int
    column: int
    rule: str
    message: str
    suggestion: str = ""


UNUSUAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What has no place in a file as itself: libyaml refuses it, or takes it for a line break, or nobody can see it."""
_TAG_DIRECTIVE: Final = re.compile(r"(?:\A|[\r\n])%TAG")
_LINE_BREAK: Final = re.compile("\r\n|\r|\n")
_BREAKS_TO_SOME: Final = "\x85\u2028\u2029"

_STRAY_COLON: Final = (
    "a `: ` is not allowed here",
    "put text that holds a colon in quotes, or check the indentation of this line and the one above",
)
_INDENTATION: Final = (
    "this line does not fit the block that it stands in",
    "check its indentation: entries of one block start in the same column; text after a closing quote is not allowed",
)
_KEY_WITHOUT_COLON: Final = (
    "this line is neither `key: value` nor `- item`",
    "write a space after the colon or the dash, or indent the line if it continues the text above",
)

_BRACKETS: Final = {"did not find expected ',' or ']'": ("[", "]"), "did not find expected ',' or '}'": ("{", "}")}
_PROPERTIES: Final = {"while scanning an anchor": "anchor", "while scanning an alias": "alias"}
_BLAME_THE_START: Final = {*_BRACKETS, "found unexpected end of stream", "could not find expected ':'"}
"""Where the parser gives up is far away from what is wrong: what it was reading began there."""

# By the problem that libyaml names; the texts are stable, they come from its scanner.c and parser.c.
_PLAIN_WORDS: Final[dict[str, tuple[str, str]]] = {
    "found unexpected end of stream": (
        "this quote is never closed",
        "close it; in double quotes, a quote that is part of the text needs a backslash",
    ),
    "mapping values are not allowed in this context": _STRAY_COLON,
    "could not find expected ':'": _KEY_WITHOUT_COLON,
    "did not find expected key": _INDENTATION,
    "did not find expected '-' indicator": _INDENTATION,
    "block sequence entries are not allowed in this context": (
        "a list item is not allowed here",
        "start the list on a line of its own, or quote the text",
    ),
    "did not find expected node content": ("a value is missing here", "write one, or check the commas and brackets"),
    "found unexpected document indicator": (
        "`---` or `...` at the start of a line ends the document, but a quote is still open",
        "close the quote, or indent the line",
    ),
    "found a tab character where an indentation space is expected": (
        "a tab is used for indentation",
        "indent with spaces",
    ),
    "found unknown escape character": (
        "there is no such escape",
        "write a backslash as `\\\\`, or use single quotes, where it means itself",
    ),
    "found invalid Unicode character escape code": (
        "this escape is not a character",
        "write the character itself, or `\\U` and eight digits: halves of a pair can't stand alone",
    ),
    "did not find expected hexdecimal number": (
        "this escape lacks digits",
        "`\\x` takes two hexadecimal digits, `\\u` four and `\\U` eight",
    ),
    "did not find expected comment or line break": (
        "something stands where the line should end",
        "text after `|` or `>` starts on the next line; comments start with ` #`",
    ),
    "found an indentation indicator equal to 0": ("an indentation of 0 is not possible", "write `|` or `>` alone"),
    "did not find expected <document start>": (
        "the document has ended before this",
        "a file holds one value: check the indentation and the quotes; `%YAML` needs a line `---` after it",
    ),
    "found undefined tag handle": ("this tag is not defined", "remove the tag; text that starts with `!` needs quotes"),
}


def explain(error: YAMLError, text: str) -> Complaint:
    """The complaint behind ``error``, which the parser raised over ``text``."""
    if not isinstance(error, MarkedYAMLError):  # the reader's errors have a byte position and no mark
        return unusual_character(text) or Complaint(1, 1, "yaml-encoding", "this file is not readable as YAML")
    context, problem = error.context or "", error.problem or ""
    line, column = _at(error.problem_mark, text)
    if problem in _BLAME_THE_START:
        line, column = _at(error.context_mark, text)
    if problem in _BRACKETS:
        opened, closing = _BRACKETS[problem]
        message = f"the `{opened}` opened here is not closed, or a comma is missing"
        return Complaint(line, column, "yaml-syntax", message, f"write the missing `{closing}` or `,`")
    if "directive" in context or "YAML" in problem:
        return Complaint(line, column, "yaml-directive", f"this directive is not understood ({problem})", "remove it")
    if context in _PROPERTIES:
        name = _PROPERTIES[context]
        hint = "put text that starts with `&` or `*` in quotes"
        return Complaint(line, column, f"yaml-{name}", f"this is not a valid {name}, and none are allowed", hint)
    if problem == "found character that cannot start any token":
        return _bad_start(line, column, text)
    message, suggestion = _PLAIN_WORDS.get(problem, (f"this is not valid YAML ({problem})", ""))
    return Complaint(line, column, "yaml-syntax", message, suggestion)


def not_utf8(data: bytes, start: int) -> Complaint:
    """The complaint about bytes that are not UTF-8 from ``start`` on."""
    line, column = _position(data[:start].decode("utf-8"))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Complaint(1, 1, "yaml-encoding", "this file is UTF-16", "save it as UTF-8")
    return Complaint(line, column, "yaml-encoding", "this is not UTF-8", "save the file as UTF-8")


def tag_directive(text: str) -> Complaint | None:
    """The first %TAG directive, or None. libyaml compares each with all before it: sixty thousand take ten seconds."""
    found = _TAG_DIRECTIVE.search(text) if "%TAG" in text else None
    if found is None:
        return None
    line, _ = _position(text[: found.end()])
    hint = "remove it; text that starts with `%` needs quotes or indentation"
    return Complaint(line, 1, "yaml-directive", "the directive `%TAG` is not allowed", hint)


def unusual_character(text: str) -> Complaint | None:
    """The first character that strict YAML refuses to see unescaped, or None.

    NEL, LS and PS end a line to YAML 1.1 (and to libyaml), and are text to YAML 1.2, so that nobody
    could say what they mean.
    """
    found = UNUSUAL.search(text)
    if found is None:
        return None
    line, column = _position(text[: found.start()])
    code = ord(found[0])
    what = "line separator" if found[0] in _BREAKS_TO_SOME else "control or invisible character"
    escape = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    hint = f"remove it, or write it as {escape} in double quotes"
    return Complaint(line, column, "yaml-character", f"the {what} U+{code:04X} is not allowed", hint)


def _bad_start(line: int, column: int, text: str) -> Complaint:
    character = _LINE_BREAK.split(text)[line - 1][column - 1]
    if character == "\t":
        return Complaint(line, column, "yaml-syntax", "a tab is used for indentation", "indent with spaces")
    return Complaint(line, column, "yaml-syntax", f"text can't start with `{character}`", "put the text in quotes")


def _at(mark: Any, text: str) -> tuple[int, int]:
    """Line and column of a mark of the parser, which may point behind the last line."""
    if mark is not None and mark.index < len(text):
        return mark.line + 1, mark.column + 1
    return _position(text)


def _position(before: str) -> tuple[int, int]:
    lines = _LINE_BREAK.split(before)
    return len(lines), len(lines[-1]) + 1
