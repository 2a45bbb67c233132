"""The one layout of preset files."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presetctl.domain.errors import InputError
from presetctl.load.edits import same
from presetctl.load.format_yaml import format_document
from presetctl.load.strict_yaml import parse
from presetctl.load.yaml_nodes import read_comments
from tests.unit.load.messy_yaml import Messy, random_value

PRESETS = Path(__file__).parents[3] / "presets"

WHOLE = """\


# yaml-language-server: $schema=../schemas/preset.schema.json
# what it is for
description:   "Sorts mail"   # short


config:
    model: 'openai/gpt-5.4'
    stop:
    - "END"
    # the second
    -   a: 1
        b:   "no"
    # below

    # provider: x
    provider: { sort: price,
                order: [a,   b] }
# not for staging
overrides: {}\t
system_prompt: |
        You sort mail.

          - be brief\t

x-mine:
- - 1
  - 2
kind: openrouter/chat-completions
# the end

"""

LAID_OUT = """\
# yaml-language-server: $schema=../schemas/preset.schema.json
kind: openrouter/chat-completions
# what it is for
description: Sorts mail   # short
system_prompt: |
  You sort mail.

    - be brief\t

config:
  model: openai/gpt-5.4
  stop:
    - END
    # the second
    - a: 1
      b: "no"
  # below

  # provider: x
  provider: { sort: price,
              order: [a,   b] }
# not for staging
overrides: {}

x-mine:
  - - 1
    - 2
# the end
"""

CASES = [
    ("", ""),
    ("# c", "# c\n"),
    ("\n\n# c\n\n\n# d\n\n", "# c\n\n# d\n"),
    ("a: 1", "a: 1\n"),
    ("\ufeffa: 1\r\nb:\r\n  - x\r\n", "a: 1\nb:\n  - x\n"),
    ("a: 1\rb: 2\r", "a: 1\nb: 2\n"),
    ("a: |\n  x", "a: |-\n  x\n"),
    ("a: |+   # c\n x\n\n", "a: |+   # c\n  x\n\n"),
    ("a: >2-\n   x\n\n\n  y\n", "a: >2-\n   x\n\n\n  y\n"),
    ("a: |\nb: |", "a: |\nb: |\n"),
    ("a:\n - |\n  x\n     \n  y\n", "a:\n  - |\n    x\n       \n    y\n"),
    ("x: 1\n\nkind: |+\n  a\n\nslug: s\n", "kind: |+\n  a\n\nslug: s\nx: 1\n"),
    ("slug: 1\n\nx: 2\n\nkind: |+\n  a\n\n", "kind: |+\n  a\n\nslug: 1\n\nx: 2\n"),
    ("x: |+\n  a\n\nkind: 1\n\nslug: 2\n", "kind: 1\n\nslug: 2\nx: |+\n  a\n\n"),
    ("slug: 1\n\n# s\nkind: |+\n  a\n\n# f\n", "# s\nkind: |+\n  a\n\nslug: 1\n# f\n"),
    ("slug: 1\n# k\n\n# s\nkind: 1\n", "# k\n\n# s\nkind: 1\nslug: 1\n"),
    ("# top\n\n# s\nslug: 1\nkind: 1\n", "# top\n\nkind: 1\n# s\nslug: 1\n"),
    (
        "a:\n    b: 1\n  # in\n      # in too\n# out\n  # still out\nc: 2\n",
        "a:\n  b: 1\n  # in\n  # in too\n# out\n# still out\nc: 2\n",
    ),
    ("config:\n    b:\n        c: 1\n    # in config\nslug: 1\n", "slug: 1\nconfig:\n  b:\n    c: 1\n  # in config\n"),
    ("a:\n  b: 1\n # odd\n  c: 2\n", "a:\n  b: 1\n  # odd\n  c: 2\n"),
    ("a: # c\n    |\n   text\n", "a: # c\n  |\n  text\n"),
    ("a:\n  # c\n\n\n  'x' # d\n", "a:\n  # c\n\n  x # d\n"),
    ("- # c\n  a: 1\n-\n\n  b: 1\n-\n    x\n-\n", "- # c\n  a: 1\n- b: 1\n- x\n-\n"),
    ('"a b": "c"\n\'no\': "x\n  y"\n', "a b: c\n'no': \"x\n  y\"\n"),
    ("? a\n: 1\n? b\n: - 1\n", "a: 1\nb:\n  - 1\n"),
    (f"? {'k' * 501}\n: 1\n", f"? {'k' * 501}\n: 1\n"),
    ("? a\n", "a:\n"),
    ("a: one\n   two \n\n   three\n", "a: one\n   two\n\n   three\n"),
    ("l:\n-   one\n    two\n", "l:\n  - one\n      two\n"),
    ('a: "x\\ \n  y"\n', 'a: "x\\ \n  y"\n'),
    ("%YAML 1.2\n--- # x\na: 1\n...\n# y\n", "%YAML 1.2\n--- # x\na: 1\n...\n# y\n"),
    ("---\n- 1\n- 2\n", "---\n- 1\n- 2\n"),
    ("--- {a: 1}  \n", "--- {a: 1}\n"),
    ("---\n\n'x' # c\n", "---\n\nx # c\n"),
    ("--- |\n x\n", "--- |\n  x\n"),
    ("  {a: 1,\n  b: 2}", "{a: 1,\n  b: 2}\n"),
]


def test_a_whole_preset() -> None:
    assert format_document(WHOLE.encode(), "f").decode() == LAID_OUT
    assert (
        LAID_OUT.index("kind:") < LAID_OUT.index("description:") < LAID_OUT.index("config:") < LAID_OUT.index("x-mine:")
    )


@pytest.mark.parametrize(("text", "laid_out"), CASES)
def test_the_layout(text: str, laid_out: str) -> None:
    result = format_document(text.encode(), "f")
    assert result.decode() == laid_out
    assert format_document(result, "f") == result


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: &x 1\n", "anchor"), ("a: [\n", "a value is missing"), ("? a # c\n: 1\n", "can't be laid out without")],
)
def test_refusals(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        format_document(text.encode(), "f")


@pytest.mark.parametrize("preset", sorted(PRESETS.rglob("*.yaml")), ids=lambda it: it.stem)
def test_the_presets_of_this_repository_are_laid_out(preset: Path) -> None:
    assert format_document(preset.read_bytes(), "f") == preset.read_bytes()


@settings(max_examples=600)
@given(st.integers(0, 2**64))
def test_twice_is_once_and_nothing_is_lost(seed: int) -> None:
    random = Random(seed)
    messy = Messy(random)
    newline = random.choice(["\n", "\n", "\r\n"])
    text = newline.join(line.text for line in messy.document(random_value(random, 4)))
    data = (text + newline if random.random() < 0.8 else text).encode()
    once = format_document(data, "f")
    assert format_document(once, "f") == once
    assert same(parse(once, "f"), parse(data, "f"))
    found = read_comments(once.decode())
    assert len(found) == messy.comments
    assert sorted(found) == sorted(read_comments(data.decode()))
    assert b"\r" not in once
    assert not once or once.endswith(b"\n")
