"""Remote edits of many presets in files full of comments: every line that says nothing of an edited value stays."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from presetctl.domain.change import ABSENT
from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from presetctl.load.edits import Edit
from presetctl.load.strict_yaml import parse
from tests.acceptance.cli import Shell
from tests.unit.load.messy_yaml import TEXTS, Line, Messy, random_value
from tests.unit.load.test_edit_yaml_properties import is_kept, may_change

AT_ONCE = 10
PROMPTS = [text for text in TEXTS if text.strip() and "\x07" not in text]


@pytest.fixture
def app(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    monkeypatch.setenv("OPENROUTER_API_KEY", "key")
    with create_app() as app, serve(app) as url:
        shell.write("presetctl.yaml", f"version: 1\nworkspaces: {{live: {{provider: openrouter, url: '{url}'}}}}\n")
        yield app


def some_config(random: Random) -> dict[str, Any]:
    """A config with something of everything: numbers, lists, mappings, lists of mappings, and any JSON at all."""
    parameters = {"type": "object", "x": random_value(random, 2), "y": random_value(random, 1)}
    fields: dict[str, Any] = {
        "temperature": random.choice([0, 0.7, 1, 1.0]),
        "stop": random.sample(["no", "1e3", "a, b", "it's", "###"], random.randint(1, 4)),
        "provider": {"sort": random.choice(["price", "latency"]), "order": ["a", "b"], "zdr": True},
        "tools": [
            {"type": "function", "function": {"name": name, "parameters": parameters}}
            for name in random.sample(["f", "g", "h"], random.randint(1, 3))
        ],
        "max_tokens": random.randint(1, 9999),
    }
    names = random.sample(sorted(fields), random.randint(1, len(fields)))
    return {"model": "x/y", **{name: fields[name] for name in names}}


def some_preset(random: Random) -> dict[str, Any]:
    value = {"description": "What it is for", "system_prompt": random.choice(PROMPTS), "config": some_config(random)}
    names = [name for name in random.sample(sorted(value), 3) if name == "config" or random.random() < 0.8]
    return {name: value[name] for name in names}


def remote_edits(random: Random, before: dict[str, Any]) -> list[Edit]:
    """What somebody did in a dashboard, as edits of the file that would say the same."""
    config = before["config"]
    possible = [
        Edit(("config", "temperature"), random.choice([0.25, 2])),
        Edit(("config", "seed"), random.randint(1, 99)),
        Edit(("config", "stop"), random.sample(["no", "1e3", "new: x"], random.randint(1, 3))),
        Edit(("system_prompt",), random.choice(PROMPTS)),
    ]
    gone = [name for name in ("stop", "max_tokens", "provider") if name in config]
    possible += [Edit(("config", name), ABSENT) for name in random.sample(gone, min(1, len(gone)))]
    possible += [Edit(("config", "provider", "sort"), "throughput")] if "provider" in config else []
    if "tools" in config:
        path = ("config", "tools", 0, "function", "parameters", "x")
        possible.append(Edit(path, random_value(random, 2)))
    random.shuffle(possible)
    edits: list[Edit] = []
    for edit in possible[: random.randint(1, 4)]:
        if not any(edit.path[: len(it.path)] == it.path or it.path[: len(edit.path)] == edit.path for it in edits):
            edits.append(edit)
    return edits


def edited(before: dict[str, Any], edits: list[Edit]) -> dict[str, Any]:
    after = deepcopy(before)
    for edit in edits:
        place: Any = after
        for step in edit.path[:-1]:
            place = place[step]
        if edit.value is ABSENT:
            del place[edit.path[-1]]
        else:
            place[edit.path[-1]] = edit.value
    return after


def update_many(shell: Shell, app: Emulator, random: Random) -> None:
    """One round: files, an apply, edits in the dashboard, and what comes back into the files."""
    written: dict[str, tuple[list[Line], list[Edit], dict[str, Any]]] = {}
    names = [f"p-{number}" for number in range(AT_ONCE)]
    for name in names:
        lines = Messy(random).document(some_preset(random))
        text = "\n".join(line.text for line in lines) + "\n"
        before: Any = parse(text.encode(), name)
        written[name] = (lines, remote_edits(random, before), before)
        shell.write(f"presets/{name}.yaml", text)
    shell("apply", "--yes", "--allow-updates", str(AT_ONCE))
    for name, (_, edits, before) in written.items():
        after = edited(before, edits)
        app.dashboard_save("default", name, after["config"], after.get("system_prompt"))
    shell("import", "--update", *names)
    assert f"No changes: {AT_ONCE} presets as declared." in shell("plan").out
    for name, (lines, edits, before) in written.items():
        result = (shell.folder / f"presets/{name}.yaml").read_text(encoding="utf-8")
        kept = [line.text for line in lines if not may_change(line, edits, lines, before)]
        assert is_kept(kept, result.split("\n")), (lines, edits, result)
        assert parse(result.encode(), name) == edited(before, edits)


@pytest.mark.parametrize("seed", range(4))
def test_an_untouched_line_keeps_every_byte(shell: Shell, app: Emulator, seed: int) -> None:
    update_many(shell, app, Random(seed))


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(4, 54))
def test_an_untouched_line_keeps_every_byte_in_five_hundred_files(shell: Shell, app: Emulator, seed: int) -> None:
    update_many(shell, app, Random(seed))
