"""Plans as Markdown, read back with a parser of GitHub's dialect."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presetctl.domain.change import Action, Cause, Head, Plan
from presetctl.report.gfm import code, fence, row
from presetctl.report.markdown import COMMENT_LIMIT, length, outcomes_markdown, plans_markdown
from tests.gfm import cells, fenced, foreign, tokens
from tests.hostile import EVERY, UNREADABLE, acting, commands
from tests.unit.report.examples import (
    MARKDOWN,
    TARGET,
    change,
    field,
    hostile_file,
    hostile_plan,
    ordinary_plan,
    outcomes_of,
    plan,
    said_everywhere,
)

HOSTILE = [*EVERY, *UNREADABLE, *MARKDOWN]


def test_a_plan() -> None:
    fields = (
        field(("config", "temperature"), 0.7, 0.5, cause=Cause.DECLARED),
        field(("config", "stop"), None, ["a|b", "`"], cause=Cause.DECLARED),
        field(("system_prompt",), "Be brief.\nx", "Be very brief.\nx", cause=Cause.DECLARED),
        field(("config", "model"), "a/b", "a/c", cause=Cause.DRIFT),
        field(("config", "top_p"), 1, cause=Cause.BOTH),
    )
    created = change("b", Action.CREATE, (field(("system_prompt",), None, "One.\n\nTwo.\n"),), version=None)
    warned = change("c", Action.NO_OP, warnings=("disabled in the workspace",))
    live = replace(change("d", Action.NO_OP), already_live=(field(("config", "model")),))
    changes = (change("a", fields=fields), created, warned, live, change("e", Action.NO_OP))
    made = replace(
        plan(*changes, unmanaged=("x", "y"), head=Head("c" * 40, dirty=True)), base="b" * 40, orphaned=("old",)
    )
    assert (
        plans_markdown([made])
        == """\
### Plan for `production`

Applying this creates 1 preset and updates 1 preset in `production`; 3 stay as they are, and drift in 1 preset is \
overwritten.

| preset | action | version | fields |
|---|---|---|---|
| `a` | update | 3 → 4 | `config.temperature`, `config.stop`, `system_prompt`; both changed `config.top_p`; \
**drift** `config.model` |
| `b` | create | 1 | `system_prompt` |
| `c` | unchanged | 3 |  |
| `d` | unchanged | 3 |  |

Orphaned, declared by no file any more, and left alone: `old`.

2 unmanaged presets in the workspace left alone.

files at `cccccccccccc` with uncommitted changes · base `bbbbbbbbbbbb` · fingerprint `000000000000`

<details>
<summary><code>a</code> · update · version 3 → 4 · overwrites drift</summary>

`presets/a.yaml:1` · `openrouter/messages`

**Declared by the files**

| field | before | after |
|---|---|---|
| `config.temperature` | `0.7` | `0.5` |
| `config.stop` | not set | ``["a\\|b", "`"]`` |

`system_prompt`, changed:

```diff
- Be brief.
+ Be{+ very+} brief.
  x
```

**Changed in the files, and in the workspace too: applying overwrites the latter**

| field | before | after |
|---|---|---|
| `config.top_p` | `1` | not set |

**Drift, changed in the workspace alone: applying overwrites it**

| field | before | after |
|---|---|---|
| `config.model` | `"a/b"` | `"a/c"` |

</details>

<details>
<summary><code>b</code> · create · version 1</summary>

`presets/b.yaml:1` · `openrouter/messages`

`system_prompt`, new:

```diff
+ One.
+
+ Two.
```

</details>

<details>
<summary><code>c</code> · unchanged · version 3 · 1 warning</summary>

`presets/c.yaml:1` · `openrouter/messages`

- warning: `disabled in the workspace`

</details>

<details>
<summary><code>d</code> · unchanged · version 3</summary>

`presets/d.yaml:1` · `openrouter/messages`

- already live as declared: `config.model`

</details>"""
    )


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (plan(change(action=Action.NO_OP)), "Nothing would change in `production`: 1 preset as declared."),
        (plan(), "Nothing would change in `production`: 0 presets as declared."),
        (
            replace(plan(), base="a" * 40, offline=True),
            (
                "The files change nothing in `production` since commit `aaaaaaaaaaaa`, as far as files tell: "
                "0 presets as declared."
            ),
        ),
        (
            replace(plan(change(version=None), change("b", Action.NO_OP)), base="a" * 40, offline=True),
            (
                "Applying this updates 1 preset in `production` since commit `aaaaaaaaaaaa`, as far as files tell;"
                " 1 stays as it is."
            ),
        ),
        (
            plan(*(change(action.value, action) for action in Action)),
            (
                "Applying this creates 1 preset, updates 1 preset, replaces 1 preset, archives 1 preset,"
                " deletes 1 preset and restores 1 preset in `production`; 1 stays as it is."
            ),
        ),
    ],
)
def test_the_sentence(made: Plan, said: str) -> None:
    assert plans_markdown([made]).split("\n")[2] == said


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_gets_out_of_its_code(text: str) -> None:
    made = said_everywhere(text)
    for limit in (10**9, COMMENT_LIMIT, 6_000, 3_000):
        shown = plans_markdown([made, made], limit)
        assert foreign(shown) == []
        assert (acting(shown), commands(shown)) == ([], [])
        assert length(shown) <= limit


@given(st.text(st.sampled_from("`|\\ \n~<>!-[](){}*_#@:/&;a1$\t\u00a0\u2003") | st.characters(), max_size=40))
def test_no_drawn_text_gets_out_of_its_code(text: str) -> None:
    assert foreign(plans_markdown([said_everywhere(text)], 10**9)) == []


@pytest.mark.parametrize("made", [hostile_plan(), hostile_file()])
def test_hostile_plans(made: Plan) -> None:
    shown = plans_markdown([made])
    assert (foreign(shown), acting(shown), commands(shown)) == ([], [], [])


@given(st.text("`| \\a\u00a0", max_size=12))
def test_code_is_the_text_itself(text: str) -> None:
    (_, found) = cells(f"{row(['a', 'b'])}\n|---|---|\n{row(['x', code(text)])}")
    assert len(found) == 2
    for shown in (found[1], code(text)):
        (inline,) = [token for token in tokens(shown) if token.type == "inline"]
        if text:
            assert [(child.type, child.content) for child in inline.children or []] == [("code_inline", text)]
        else:
            assert shown == "(empty)"


@given(st.lists(st.text("`~ \\a", max_size=12)))
def test_a_fence_holds_its_lines(lines: list[str]) -> None:
    assert fenced(f"before\n\n{fence(lines, 'diff')}\n\nafter") == ["\n".join(lines) + "\n"]


def test_a_fence_is_longer_than_any_run_in_it() -> None:
    text = fence(["`" * 7, "a ```` b"])
    assert text.split("\n")[0] == text.split("\n")[-1] == "`" * 8


def long_plan(presets: int, letters: int) -> Plan:
    prompt = "word \U0001f600 " * (letters // 7)
    return plan(
        *(change(f"p{n:05}", fields=(field(("system_prompt",), "old", f"{prompt}\n{prompt}"),)) for n in range(presets))
    )


def test_what_is_too_long_is_shortened_in_steps() -> None:
    made = long_plan(40, 2_000)
    texts = [plans_markdown([made], limit, "Look there.") for limit in (10**7, COMMENT_LIMIT, 15_000, 2_000)]
    assert all(length(after) < length(before) for before, after in pairwise(texts))
    assert [len(fenced(text)) for text in texts] == [40, 40, 0, 0]
    assert [text.count("| update |") for text in texts[:3]] == [40] * 3
    assert "shortened" not in texts[0]
    assert texts[1].endswith("Long texts are shortened here. Look there.")
    assert texts[2].endswith("Only the tables fit in here. Look there.")
    rest = re.findall(r"(\d+) more presets did not fit in here\.", texts[3])
    assert 0 < texts[3].count("| update |") == 40 - int(rest[0])
    assert [foreign(text) for text in texts] == [[]] * 4


@pytest.mark.parametrize(("presets", "letters"), [(1, 200_000), (300, 200_000), (300, 50), (10_000, 10)])
def test_it_always_fits_into_a_comment(presets: int, letters: int) -> None:
    shown = plans_markdown([long_plan(presets, letters)], rest="Look there.")
    assert length(shown) <= COMMENT_LIMIT
    assert length(shown) > COMMENT_LIMIT * 0.9 or presets < 10_000
    assert foreign(shown) == []


def test_a_prompt_of_backticks_is_shortened() -> None:
    shown = plans_markdown([plan(change(fields=(field(("system_prompt",), "a", "`" * 200_000),)))])
    assert len(fenced(shown)) == 1
    assert length(shown) < 2_000


def test_several_workspaces_share_the_room() -> None:
    plans = [replace(long_plan(300, 10), workspace=replace(TARGET, name=f"w{n}")) for n in range(20)]
    shown = plans_markdown(plans, rest="Look there.")
    assert length(shown) <= COMMENT_LIMIT
    assert [f"### Plan for `w{n}`" in shown for n in range(20)] == [True] * 20
    assert shown.count("more presets did not fit in here.") == 20
    many = plans_markdown([replace(long_plan(1, 10), workspace=replace(TARGET, name=f"w{n}")) for n in range(2_000)])
    assert length(many) <= COMMENT_LIMIT
    assert re.search(r"\n\d+ more workspaces did not fit in here\.\n", many)
    assert foreign(many) == []


def test_long_lines_are_folded_and_long_sameness_is_left_out() -> None:
    same = "same words all along " * 40
    (shown,) = fenced(plans_markdown([plan(change(fields=(field(("system_prompt",), f"{same}old", f"{same}new"),)))]))
    ends = f"{same[:60]} … {same[-60:]}"
    assert re.sub(r"\n[+-]↪", "", shown) == f"- {ends}[-old-]\n+ {ends}{{+new+}}\n"
    (whole,) = fenced(plans_markdown([plan(change(fields=(field(("system_prompt",), None, same),)))]))
    assert whole.startswith("+ same words")
    assert re.sub(r"\n\+↪", "", whole)[2:-1] == same
    assert max(map(len, whole.split("\n"))) <= 122


def test_what_became_of_a_plan() -> None:
    made = ordinary_plan()
    shown = outcomes_markdown(made, outcomes_of(made)).split("\n\n<details>")[0]
    assert (
        shown
        == """\
### Apply to `production`

Applied 1 of 6 changes to `production`; 1 unchanged, 1 conflict, 1 not persisted, 1 failed, 1 unknown.

| preset | action | version | result |
|---|---|---|---|
| `email-copywriter` | update | 4 | applied; `the workspace refused it` |
| `a-preset-whose-slug-is-so-long-that-it-has-to-wrap-on-a-phone` | update | 3 | unchanged; `the workspace refused it` |
| `support-triage` | create |  | conflict; `the workspace refused it` |
| `replaced` | replace | 3 | not persisted; not kept as sent: `the workspace refused it`; `the workspace refused it` |
| `restored` | restore | 7 | failed; `the workspace refused it` |
| `done` | unchanged | 3 |  |
| `old-summarizer` | archive | 12 | unknown; `the workspace refused it` |

Orphaned, declared by no file any more, and left alone: `ancient`.

2 unmanaged presets in the workspace left alone.

files at `cccccccccccc` with uncommitted changes · base `bbbbbbbbbbbb` · fingerprint `000000000000`"""
    )
    assert "\n\nNothing was written to `production`: 6 changes not applied.\n" in outcomes_markdown(made, [])


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_of_an_outcome_gets_out_of_its_code(text: str) -> None:
    made = ordinary_plan()
    for limit in (10**9, 3_000):
        shown = outcomes_markdown(made, outcomes_of(made, text), limit)
        assert (foreign(shown), acting(shown), commands(shown)) == ([], [], [])
        assert length(shown) <= limit


def test_what_stands_against_applying_is_said_first() -> None:
    against = (f"writing `mail` removes {'x' * 400}", "more than 30 % (--allow-updates 4 agrees)", *("more",) * 8)
    text = plans_markdown([replace(plan(change()), objections=against)])
    assert text.index("**Apply would stop:**") < text.index("| preset |")
    assert f"- ``writing `mail` removes {'x' * 276}…``" in text
    assert "- `more than 30 % (--allow-updates 4 agrees)`\n" in text
    assert "- and 5 more\n" in text
    assert foreign(text) == []
    done = outcomes_markdown(replace(plan(change()), objections=against), [])
    assert "would stop" not in done, "somebody agreed"
