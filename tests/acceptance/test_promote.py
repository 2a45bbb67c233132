"""Promotion from one environment to the next: what differs, what stays, and the edit of the files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from presetctl.domain.change import ABSENT
from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from presetctl.load.edits import Edit, edited
from presetctl.load.edits import same as same_values
from presetctl.load.strict_yaml import parse
from presetctl.load.tree import WorkTree
from presetctl.promoter import Promoter
from presetctl.promotion import Verdict
from presetctl.repository import load
from presetctl.specs.schemas import SchemaLibrary
from tests.acceptance.cli import Shell

ROOT = Path(__file__).parents[2]
MAIL = "presets/mail.yaml"
PROJECT = """\
version: 1
default_workspace: local
workspaces:
  local: {provider: openrouter, url: embedded}
  staging: {provider: openrouter, url: embedded}
  production: {provider: openrouter, url: embedded}
"""
PRESET = """\
# what it is for
description: Mail   # for people

system_prompt: |
  Be brief.
config:
    model:   'a/b'   # quoted on purpose
    temperature: 0.70 # warm
overrides:
  # tried out
  staging:
    config: {model: c/small, temperature: 0.30,   provider: {sort: price}}
    system_prompt_file: prompts/new.md # a new one

  production:
    config:
      model: "c/large"  # on purpose
# the end
"""
EDITED = PRESET.replace(
    "on purpose\n# the end",
    "on purpose\n      provider:\n        sort: price\n      temperature: 0.3\n"
    "    system_prompt_file: prompts/new.md\n# the end",
)


@pytest.fixture
def project(shell: Shell) -> Shell:
    shell.write("presetctl.yaml", PROJECT)
    shell.write(MAIL, PRESET)
    shell.write("presets/prompts/new.md", "Be kind.\n")
    shell.write("presets/same.yaml", "config: {model: a/b}\n")
    return shell


@pytest.fixture
def app(project: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A staging workspace behind an address, so that somebody can use its dashboard."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "key")
    with create_app() as app, serve(app) as url:
        project.replace(
            "presetctl.yaml",
            "staging: {provider: openrouter, url: embedded",
            f"staging: {{provider: openrouter, url: '{url}'",
        )
        yield app


def content(shell: Shell, name: str = MAIL) -> str:
    return (shell.folder / name).read_text(encoding="utf-8")


def shown(shell: Shell, workspace: str, slug: str = "mail") -> dict[str, Any]:
    document = shell("show", slug, "-w", workspace, "--format", "json").json
    return {key: document[key] for key in ("system_prompt", "config")}


def checked(shell: Shell, *words: str, code: int = 0) -> Any:
    document = shell("promote", *words, "--format", "json", code=code).json
    Draft202012Validator(json.loads((ROOT / "schemas/promote.schema.json").read_text())).validate(document)
    return document


def test_what_differs_what_stays_and_the_edit(project: Shell) -> None:
    ran = project("promote", "staging", "production")
    assert ran.out == (
        "staging → production\n\n"
        "~ mail  openrouter/chat-completions  presets/mail.yaml\n"
        '    + config.provider.sort: "price"\n'
        "    ~ config.temperature: 0.7 → 0.3\n"
        "    ~ system_prompt:\n"
        "        - Be [-brief-].\n        - \n        + Be {+kind+}.\n"
        "    meant to differ, and kept (--include FIELD promotes one):\n"
        '    = config.model: "c/large" in production, "c/small" in staging  (overrides.production, overrides.staging)\n'
        "\n"
        "--- a/presets/mail.yaml\n+++ b/presets/mail.yaml\n@@ -15,4 +15,8 @@\n"
        '   production:\n     config:\n       model: "c/large"  # on purpose\n'
        "+      provider:\n+        sort: price\n+      temperature: 0.3\n+    system_prompt_file: prompts/new.md\n"
        " # the end\n\n"
        "Promote: 3 fields of 1 preset. 1 field kept as meant to differ.\n"
    )
    assert ran.err == "Nothing was written: --write makes this edit, --apply also applies it.\n"
    assert content(project) == PRESET


def test_the_edit_changes_only_its_own_lines_and_only_the_target(project: Shell) -> None:
    before = {name: shown(project, name) for name in ("local", "staging", "production")}
    ran = project("promote", "staging", "production", "--write")
    assert ran.err.startswith("written  presets/mail.yaml\n")
    assert "`presetctl plan -w production`" in ran.err
    assert content(project) == EDITED
    after = {name: shown(project, name) for name in ("local", "staging", "production")}
    assert (after["local"], after["staging"]) == (before["local"], before["staging"])
    staging = before["staging"]
    assert after["production"] == {**staging, "config": {**staging["config"], "model": "c/large"}}
    again = project("promote", "staging", "production", "--write")
    assert again.out.endswith("Nothing to promote: 2 presets compared. 1 field kept as meant to differ.\n")
    assert again.err == ""
    assert content(project) == EDITED


def test_a_kept_field_by_name(project: Shell) -> None:
    ran = project(
        "promote", "staging", "production", "--include", "config.model", "--include", "config.modle", "--write"
    )
    assert "--include config.modle: nothing that differs has this name." in ran.err
    assert 'model: "c/small"  # on purpose' in content(project)
    assert shown(project, "production") == shown(project, "staging")
    project("promote", "local", "production", "--include", "config", "--write")
    assert shown(project, "production") == shown(project, "staging"), "config would be all of it"


def test_what_lies_below_is_named_no_longer(project: Shell) -> None:
    words = ("config.model", "config.temperature", "config.provider", "system_prompt")
    project("promote", "local", "staging", *(word for name in words for word in ("--include", name)), "--write")
    assert shown(project, "staging") == shown(project, "local")
    assert "staging" not in content(project)
    assert "# the end" in content(project)


def test_the_other_way_round_and_to_a_workspace_without_an_override(project: Shell) -> None:
    project("promote", "production", "local", "--write")
    assert shown(project, "local") == shown(project, "production")
    assert "  local:\n    config:\n      model: c/large\n" in content(project)
    project.write(MAIL, "system_prompt: P\nconfig: {model: a, seed: 1}\noverrides: {staging: {config: {seed: null}}}\n")
    project("promote", "staging", "production", "--write")
    assert "overrides: {staging: {config: {seed: null}}, production: {config: {seed: null}}}" in content(project)


def test_a_prompt_that_is_taken_away_or_comes_from_the_defaults(project: Shell) -> None:
    project.write("presetctl.yaml", f"{PROJECT}defaults: {{system_prompt_file: d.md}}\n")
    project.write("d.md", "Default.\n")
    project.write(
        MAIL, "config: {model: a}\noverrides: {staging: {system_prompt: null}, production: {system_prompt: Q}}\n"
    )
    assert "system_prompt: as it is in production" in project("promote", "staging", "production").out
    project("promote", "staging", "production", "--include", "system_prompt", "--write")
    assert "production: {system_prompt: null}" in content(project)
    project("promote", "local", "production", "--include", "system_prompt", "--write")
    assert shown(project, "production")["system_prompt"] == "Default."
    assert content(project) == "config: {model: a}\noverrides: {staging: {system_prompt: null}}\n"


def test_as_json(project: Shell) -> None:
    found = checked(project, "staging", "production")
    fields = {field["path"]: field for field in found["presets"][0]["fields"]}
    assert fields["config.model"] == {
        "path": "config.model",
        "part_of": "config.model",
        "verdict": "kept",
        "named_in": ["overrides.production", "overrides.staging"],
        "from": "c/small",
        "to": "c/large",
    }
    assert "to" not in fields["config.provider.sort"]
    assert (found["written"], found["summary"]["promoted"]) == (False, 3)
    assert found["files"][0]["diff"].startswith("--- a/presets/mail.yaml\n")
    assert checked(project, "staging", "production", "--write")["written"] is True
    assert checked(project, "staging", "production", "--write")["written"] is False


def test_applying(project: Shell) -> None:
    for name in ("staging", "production"):
        project("apply", "-w", name, "--yes")
    assert "add --yes" in project("promote", "staging", "production", "--apply", code=64).err
    assert content(project) == PRESET
    ran = project("promote", "staging", "production", "--apply", "--yes")
    assert "applied  mail version 2" in ran.out
    assert "The files stay edited" in ran.err
    assert "No changes" in project("plan", "-w", "production").out
    assert "No changes" in project("plan", "-w", "staging").out
    document = project("promote", "local", "production", "--apply", "--yes", "--format", "json").json
    assert document["presets"] == checked(project, "local", "production")["presets"], "nothing to apply"


def test_applying_as_json_and_stopping_for_safety(project: Shell) -> None:
    project.replace("presetctl.yaml", "production: {", "production: {protected: true, ")
    project("apply", "-w", "production", "--yes", "--allow-protected", "production")
    words = ("promote", "staging", "production", "--apply", "--yes", "--format", "json")
    assert project(*words, code=4).json["error"]["name"] == "stopped"
    assert content(project) == EDITED
    project.write(MAIL, PRESET)
    ran = project(*words, "--allow-protected", "production")
    assert [(it["slug"], it["result"]) for it in ran.json["outcomes"]] == [("mail", "applied")]
    assert "staging → production" in ran.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("staging", "staging"), "staging can't be promoted to itself"),
        (("stagin", "production"), "no workspace is named stagin"),
        (("staging", "nowhere"), "no workspace is named nowhere"),
        (("staging", "production", "mial"), "no file declares a preset mial"),
        (("staging",), "Missing argument"),
    ],
)
def test_wrong_words(project: Shell, words: tuple[str, ...], message: str) -> None:
    assert message in project("promote", *words, code=64).err
    assert json.loads(project("promote", *words, "--format", "json", code=64).out)["error"]["code"] == 64


def test_files_that_are_not_valid(project: Shell) -> None:
    project.write("presets/bad.yaml", "config: {modle: x}\n")
    assert "not every file is valid" in project("promote", "staging", "production", code=3).err


def test_live(project: Shell, app: Emulator) -> None:
    assert "staging serves nothing of mail, same" in project("promote", "staging", "production", "--live").out
    ran = project("promote", "staging", "production", "mail", "--live", code=3)
    assert "staging serves nothing of mail" in ran.err
    project("apply", "-w", "staging", "--yes")
    assert (
        checked(project, "staging", "production", "--live")["files"]
        == checked(project, "staging", "production")["files"]
    )
    provider = {"sort": None, "order": [], "allow_fallbacks": True, "require_parameters": False, "only": ["x"]}
    app.dashboard_save(
        "default", "mail", {"model": "z/z", "seed": 4, "provider": provider, "cache_enabled": True}, "Be calm."
    )
    ran = project("promote", "staging", "production", "--live", "--write")
    assert ran.out.startswith("staging (live) → production\n")
    assert "! only the dashboard can set cache_enabled, so it is not promoted" in ran.out
    assert '= config.model: "c/large" in production, "z/z" in staging' in ran.out
    assert shown(project, "production") == {
        "system_prompt": "Be calm.",
        "config": {"model": "c/large", "seed": 4, "provider": {"only": ["x"]}},
    }
    assert shown(project, "staging")["config"]["temperature"] == 0.3, "its own declaration is not touched"


def test_a_long_live_prompt_gets_a_file_unless_its_name_is_taken(project: Shell, app: Emulator) -> None:
    project.write("presets/sub/long.yaml", "config: {model: a/b}\n")
    app.dashboard_save("default", "long", {"model": "a/b"}, "word " * 300)
    found = checked(project, "staging", "production", "long", "--live", "--write")
    assert [(it["path"], it["new"]) for it in found["files"]] == [
        ("presets/sub/long.yaml", False),
        ("presets/sub/prompts/long.production.md", True),
    ]
    assert "system_prompt_file: prompts/long.production.md" in content(project, "presets/sub/long.yaml")
    project.write("presets/sub/long.yaml", "config: {model: a/b}\n")
    app.dashboard_save("default", "long", {"model": "a/b"}, "words " * 300)
    project("promote", "staging", "production", "long", "--live", "--write")
    assert 'system_prompt: "words words' in content(project, "presets/sub/long.yaml")
    assert content(project, "presets/sub/prompts/long.production.md") == "word " * 300 + "\n"


def test_what_the_source_does_not_keep_is_not_compared(project: Shell, app: Emulator) -> None:
    project.replace("presetctl.yaml", "staging: {", "staging: {not_kept: [seed], ")
    project.write("presets/same.yaml", "config: {model: a/b, seed: 1}\n")
    app.dashboard_save("default", "same", {"model": "a/b"})
    assert "Nothing to promote" in project("promote", "staging", "production", "same", "--live").out


def test_what_the_files_can_not_say_is_refused_and_the_rest_goes_on(project: Shell, app: Emulator) -> None:
    project("apply", "-w", "staging", "--yes")
    app.dashboard_save("default", "same", {"model": "a/b", "brand_new": 1})
    ran = project("promote", "staging", "production", "--live", "--write", code=6)
    assert "! refused: the files would not be valid; `brand_new` is not a field of" in ran.out
    assert ran.out.endswith("Refused: same.\n")
    assert content(project) == EDITED
    assert content(project, "presets/same.yaml") == "config: {model: a/b}\n"
    assert checked(project, "staging", "production", "same", "--live", code=3)["summary"]["refused"] == 1
    app.dashboard_save("default", "same", {"model": "a/b", "logit_bias": {"1": None}})
    odd = project("promote", "staging", "production", "same", "--live", code=3)
    assert "! refused: " in odd.out


def test_hostile_text_is_harmless(project: Shell, app: Emulator) -> None:
    evil = "::error::x\n\x1b[31mred\u202e ##[command]"
    app.dashboard_save("default", "same", {"model": "a\x1b[2J##[x]"}, evil)
    for words in ((), ("--format", "json"), ("--write",)):
        ran = project("promote", "staging", "production", "same", "--live", *words)
        for text in (ran.out, ran.err):
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert "##[" not in text
            assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert shown(project, "production", "same")["system_prompt"] == evil


def test_a_file_that_lacks_its_last_line_end(project: Shell) -> None:
    project.write(MAIL, "config: {model: a}\noverrides: {staging: {config: {seed: 1}}}")
    out = project("promote", "staging", "production").out
    assert out.count("\\ No newline at end of file") == 2


def test_help_has_examples(shell: Shell) -> None:
    assert "Examples:" in shell("promote", "--help").out


FIELDS: dict[str, list[Any]] = {
    "model": ["a/b", "c/d"],
    "temperature": [0, 0.5, 1.0, None],
    "stop": [["x"], ["x", "y"], None],
    "provider": [None, {"sort": "price"}, {"sort": None, "zdr": True}, {"zdr": False}, {"only": ["a"], "zdr": None}],
}


def layers(names: int) -> Any:
    """Layers with at least so many fields in their config; in an override, null takes away what lies below."""
    chosen = st.lists(st.sampled_from(sorted(FIELDS)), min_size=names, unique=True)
    configs = chosen.flatmap(lambda keys: st.fixed_dictionaries({key: st.sampled_from(FIELDS[key]) for key in keys}))
    return st.fixed_dictionaries(
        {"config": configs}, optional={"system_prompt": st.sampled_from(["P", "Q\n", "long " * 9])}
    )


@settings(max_examples=200)
@given(own=layers(2), staging=layers(1), production=layers(0), seed=st.integers(0, 2**32))
def test_whatever_the_layers_the_target_becomes_like_the_source_but_for_what_it_names(
    tmp_path_factory: pytest.TempPathFactory, own: Any, staging: Any, production: Any, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("project")
    value = {**own, "config": {"model": "m", **own.get("config", {})}}
    text = _written(value, {"staging": staging, "production": production}, Random(seed))
    (folder / "presets").mkdir()
    (folder / "presetctl.yaml").write_text(PROJECT)
    (folder / MAIL).write_text(text)
    repository = load(WorkTree(folder), SchemaLibrary.for_project(ROOT))
    assert repository.valid
    made = Promoter(WorkTree(folder), repository, "staging", "production").promote(["mail"])
    (only,) = made.presets
    assert only.refused is None
    for before, after in only.files.values():
        _check_bytes(before, after)
        (folder / MAIL).write_bytes(after)
    tried = load(WorkTree(folder), SchemaLibrary.for_project(ROOT))
    assert tried.valid
    (left,) = Promoter(WorkTree(folder), tried, "staging", "production").promote(["mail"]).presets
    assert [it.changes for it in left.differences] == [it.changes for it in only.having(Verdict.KEPT)]

    staged, old = (_leaves(repository.rendered.workspaces[name]["mail"].content.as_json()) for name in WAY)
    new = _leaves(tried.rendered.workspaces["production"]["mail"].content.as_json())
    for path in staged.keys() | old.keys() | new.keys():
        wanted = old if _says_something_of(production, path) else staged
        assert new.get(path) == wanted.get(path), path


WAY = ("staging", "production")


def _leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if isinstance(value, dict):
        return {at: leaf for key, item in value.items() for at, leaf in _leaves(item, (*path, key)).items()}
    return {} if value is None else {path: value}


def _says_something_of(override: Any, path: tuple[str, ...]) -> bool:
    for step in path:
        if not isinstance(override, dict):
            return True
        if step not in override:
            return False
        override = override[step]
    return True


def _written(value: Any, overrides: Any, random: Random) -> str:
    """The preset as a person may have written it: comments everywhere, brackets and blocks mixed."""
    lines = ["# head", *_entries(value, "", random), "# before overrides", "overrides:   # by workspace"]
    for name, override in overrides.items():
        if override and random.random() < 0.7:
            lines += [f"  # {name}", f"  {name}:  # its own", *_entries(override, "    ", random)]
        else:
            lines.append(f"  {name}:   {json.dumps(override)}   # in brackets")
    return "\n".join([*lines, "# tail", ""])


def _entries(value: Any, indent: str, random: Random) -> list[str]:
    lines: list[str] = []
    for key, item in value.items():
        if isinstance(item, dict) and item and random.random() < 0.6:
            lines += [f"{indent}{key}: # {key}", *_entries(item, indent + "  ", random)]
        else:
            lines.append(f"{indent}{key}:  {json.dumps(item)}  # {key} is so")
    return lines


def _check_bytes(before: bytes, after: bytes) -> None:
    """Everything outside of the target's override is as it was, byte for byte; so are comments in and around it."""
    cut = before.index(b"  production:")
    head = before[:cut].removesuffix(b"  # production\n")
    assert after.startswith(head)
    assert after.endswith(b"# tail\n")
    removed = set(before.splitlines()) - set(after.splitlines())
    assert all(line.startswith((b"  production:", b"    ")) for line in removed)
    value = parse(before, MAIL)
    wanted = edited(value, [Edit(("overrides", "production"), ABSENT)], MAIL)
    got = edited(parse(after, MAIL), [Edit(("overrides", "production"), ABSENT)], MAIL)
    assert same_values(wanted, got)
