"""The complaints of the YAML parser in the user's terms."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from yaml import MarkedYAMLError, YAMLError


class Complaint(NamedTuple):
    """What is wrong, where (line and column from 1), and what to do about it."""

    line: int
    column: int
    rule: str
    message: str
    suggestion: str = ""


_UNUSUAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_LINE_BREAK: Final = re.compile("\r\n|\r|\n")
_BREAKS_TO_SOME: Final = "\x85\u2028\u2029"

_UNCLOSED_QUOTE: Final = ("this quote is never closed", "close it; a quote inside a text in quotes needs a backslash")
_UNCLOSED: Final = "the `{0}` opened in line {1} is not closed, or a comma is missing"
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

# By the problem that libyaml names; the texts are stable, they come from its scanner.c and parser.c.
_PLAIN_WORDS: Final[dict[str, tuple[str, str]]] = {
    "mapping values are not allowed in this context": _STRAY_COLON,
    "could not find expected ':'": _KEY_WITHOUT_COLON,
    "did not find expected key": _INDENTATION,
    "did not find expected '-' indicator": _INDENTATION,
    "block sequence entries are not allowed in this context": (
        "a list item is not allowed here",
        "start the list on a line of its own, or quote the text",
    ),
    "did not find expected node content": ("a value is missing here", "write one, or remove the comma or bracket"),
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
        "the document has ended before this line",
        "a file holds one value: check the indentation and the quotes",
    ),
    "found undefined tag handle": ("this tag is not defined", "remove the tag; text that starts with `!` needs quotes"),
}


def explain(error: YAMLError, text: str) -> Complaint:
    """The complaint behind ``error``, which the parser raised over ``text``."""
    if not isinstance(error, MarkedYAMLError):  # the reader's errors have a byte position and no mark
        return unusual_character(text) or Complaint(1, 1, "yaml-encoding", "this file is not readable as YAML")
    context, problem, mark = error.context or "", error.problem or "", error.problem_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if error.context_mark and problem in ("found unexpected end of stream", "did not find expected ',' or ']'",
                                          "did not find expected ',' or '}'"):
        return _unclosed(problem, error.context_mark.line + 1, error.context_mark.column + 1)
    if "directive" in context or "YAML" in problem:
        return Complaint(line, column, "yaml-directive", f"this directive is not understood ({problem})", "remove it")
    if "anchor" in context or "alias" in context:
        name = "anchor" if "anchor" in context else "alias"
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


def unusual_character(text: str) -> Complaint | None:
    """The first character that strict YAML refuses to see unescaped, or None.

    NEL, LS and PS end a line to YAML 1.1 (and to libyaml), and are text to YAML 1.2, so that nobody could say what they mean.
    """
    found = _UNUSUAL.search(text)
    if found is None:
        return None
    line, column = _position(text[: found.start()])
    code = ord(found[0])
    what = "line separator" if found[0] in _BREAKS_TO_SOME else "control or invisible character"
    escape = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    hint = f"remove it, or write it as {escape} in double quotes"
    return Complaint(line, column, "yaml-character", f"the {what} U+{code:04X} is not allowed", hint)


def _unclosed(problem: str, line: int, column: int) -> Complaint:
    if problem == "found unexpected end of stream":
        return Complaint(line, column, "yaml-syntax", *_UNCLOSED_QUOTE)
    bracket = "[" if problem.endswith("']'") else "{"
    closing = "]" if bracket == "[" else "}"
    message = _UNCLOSED.format(bracket, line)
    return Complaint(line, column, "yaml-syntax", message, f"write the missing `{closing}` or `,`")


def _bad_start(line: int, column: int, text: str) -> Complaint:
    character = _LINE_BREAK.split(text)[line - 1][column - 1]
    if character == "\t":
        return Complaint(line, column, "yaml-syntax", "a tab is used for indentation", "indent with spaces")
    return Complaint(line, column, "yaml-syntax", f"text can't start with `{character}`", "put the text in quotes")


def _position(before: str) -> tuple[int, int]:
    lines = _LINE_BREAK.split(before)
    return len(lines), len(lines[-1]) + 1
