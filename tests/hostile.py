"""Text that wants to do something to whoever reads it, and what of it may be seen in the end."""

from __future__ import annotations

import re
import unicodedata

ESCAPES = [
    "\x1b[2J\x1b[H",
    "\x1b[5;41mred",
    "\x1b]0;title\x07",
    "\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;ZWNobyBvd25lZA==\x07",
    "\x1bP$q\x1b\\",
    "\x1b_Gf=100;AAAA\x1b\\",
    "\x1bc\x1b(0",
    "\x9b2J\x9d0;title\x9c\x90q\x9c",
    "\u00c2\u009b31m",
    "good\rbad",
    "good\x08\x08\x08\x08bad\x7f",
    "bell\x07 vertical\x0b form\x0c shift\x0e\x0f",
]
HIDDEN = [
    "admin\u202egpj.exe\u202c",
    "a\u2066b\u2067c\u2068d\u2069e",
    "\u200e\u200f\u061cmarks",
    "zero\u200bwidth\u200cnon\u200djoiner\u2060word\ufeffmark",
    "soft\u00adhyphen\u034fjoiner",
    "\u115f\u1160\u3164\uffa0fillers",
    "\u17b4\u17b5\u180b\u180eselectors",
    "tags\U000e0041\U000e0042\U000e007f",
    "smuggled\U0001f600\U000e0101\U000e0152\ufe01\ufe0f\ufe0f",
    "notes\U0001d173\U0001d17a shorthand\U0001bca0",
    "lines\u2028and\u2029paragraphs\x85",
]
COMMANDS = [
    "::error file=a.py,line=1::owned",
    "\n::stop-commands::token\n",
    "\n  ::add-mask::e\n\u3000::set-output name=a::b",
    "\n::add-path::/tmp\r\n::debug::x",
    "##[error]owned ##[group]x ####[command]y",
    "%0A::error::owned %25 %0D",
    "\n##vso[task.setvariable variable=a]b",
]
MARKUP = [
    "</details><img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<!-- presetctl: allow-secret -->",
    "[click](javascript:alert(1)) ![x](https://example.com/x.png)",
    "`` ` ``` ~~~ # *_|\\| a | b |",
    "@everyone closes #1",
    "=cmd|' /C calc'!A0",
    "[red]markup[/red] [/x]",
    "{{7*7}} ${7*7} $(id) `id` %s %n {0} {}",
]
ODD = [
    "null",
    "../../../../etc/passwd",
    "'; DROP TABLE presets;--",
    '"quoted\\" \\u001b \\x1b \\',
    "NaN Infinity -0 1e999 0x1F 1_000",
    "İıſK ß ﬁ ǅ",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    "❤️ 👩‍👩‍👧 🇩🇪",
    "ثم نفس سقطت وبالتحديد",
    "x" * 10_000,
]
EVERY = [*ESCAPES, *HIDDEN, *COMMANDS, *MARKUP, *ODD]
UNREADABLE = ["\x00nul", "\ud83d lone", "\udc80\udcff"]
"""What no file of text can hold, but a reply in JSON, a file's name or an argument may."""

OWN_COLOURS = re.compile(r"\x1b\[(?:[0-27]|3[0-7])(?:;(?:[0-27]|3[0-7]))*m")
_SEEN_ALTHOUGH_FORMAT = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
_INVISIBLE = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164, *range(0xFE00, 0xFE0F), 0xFFA0}
_INVISIBLE |= set(range(0xE0000, 0xE1000))
_COMMAND = re.compile(r"^\s*::|##\[|##vso\[", re.MULTILINE)


def acting(text: str) -> list[str]:
    """The characters of ``text`` that act on a terminal or can't be seen. Tabs and line feeds are none of them."""
    found = {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} or ord(c) in _INVISIBLE}
    found = {c for c in found if ord(c) not in _SEEN_ALTHOUGH_FORMAT and c not in "\t\n"}
    return sorted(f"U+{ord(c):04X}" for c in found | ({"\ufe0f"} if "\ufe0f\ufe0f" in text else set()))


def commands(text: str) -> list[str]:
    """What the runners of GitHub Actions or Azure would take for a command in their log."""
    return _COMMAND.findall(text)


def executed(log: str) -> list[str]:
    """The commands that a runner of GitHub Actions would carry out, but for those that stop it and let it go on."""
    found: list[str] = []
    token: str | None = None
    for line in log.split("\n"):
        command = line.strip()
        if token is not None:
            token = None if command == f"::{token}::" else token
        elif command.startswith("::stop-commands::"):
            token = command.removeprefix("::stop-commands::")
        elif commands(line):
            found.append(command)
    assert token is None, "the runner was never let go on"
    return found
