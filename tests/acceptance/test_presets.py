"""Looking at presets: list, show and render on the command line, against the emulator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from tests.acceptance.cli import Shell

ROOT = Path(__file__).parents[2]
PROMPT = 'Don\'t shout.\n"Quotes", `ticks`, $HOME and \\n stay.'


@pytest.fixture
def app() -> Iterator[Emulator]:
    with create_app() as made:
        yield made


@pytest.fixture(autouse=True)
def project(shell: Shell, app: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Three presets in two workspaces, of which one has a port; gives its address."""
    monkeypatch.setenv("SOME_KEY", "a-key")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with serve(app) as url:
        shell.write(
            "presetctl.yaml",
            f"version: 1\ndefault_workspace: main\ndefaults: {{config: {{temperature: 0.5}}}}\nworkspaces:\n"
            f"  main: {{provider: openrouter, url: '{url}', api_key_env: SOME_KEY}}\n"
            "  inside: {provider: openrouter, url: embedded}\n",
        )
        shell.write(
            "presets/mail.yaml",
            "description: Our voice\nsystem_prompt_file: prompts/mail.md\nconfig: {model: a/b}\n"
            "overrides: {inside: {config: {model: c/d}}}\n",
        )
        shell.write("presets/prompts/mail.md", PROMPT)
        shell.write("presets/two.yaml", "kind: openrouter/messages\nconfig: {model: a/b, top_k: 5}\n")
        shell.write("presets/three.yaml", "kind: openrouter/responses\nsystem_prompt: P\nconfig: {model: a/b}\n")
        yield url


def check(name: str, document: object) -> None:
    Draft202012Validator(json.loads((ROOT / f"schemas/{name}.schema.json").read_text())).validate(document)


def states(shell: Shell) -> dict[str, str]:
    document = shell("list", "--format", "json").json
    check("list", document)
    return {row["slug"]: row["state"] for row in document["presets"]}


def test_the_list_of_a_workspace_from_nothing_to_everything(shell: Shell, app: Emulator) -> None:
    assert states(shell) == {"mail": "pending", "three": "pending", "two": "pending"}
    shell("apply", "--yes")
    assert states(shell) == {"mail": "in_sync", "three": "in_sync", "two": "in_sync"}
    app.dashboard_save("default", "theirs", {"model": "x/y"})
    app.dashboard_save("default", "two", {"model": "x/y"})
    app.dashboard_set_status("default", "two", "disabled")
    app.dashboard_set_status("default", "three", "archived")
    listed = states(shell)
    assert (listed["theirs"], listed["two"]) == ("unmanaged", "pending")
    out = shell("list").out
    assert "pending (config.model, config.temperature, config.top_k), disabled" in out
    assert out.startswith("Workspace main\n\nSLUG")
    assert {method for method, _ in app.requests[-6:]} == {"GET"}


def test_a_list_tells_version_and_time_of_what_was_read(shell: Shell, app: Emulator) -> None:
    shell("apply", "--yes")
    app.dashboard_save("default", "theirs", {"model": "x/y"})
    rows = {row["slug"]: row for row in shell("list", "--format", "json").json["presets"]}
    assert (rows["mail"]["version"], rows["mail"]["kind"]) == (1, "openrouter/chat-completions")
    assert rows["mail"]["since"].startswith("20")
    assert (rows["theirs"]["version"], rows["theirs"]["since"], rows["theirs"]["kind"]) == (None, None, None)
    assert states(shell)["theirs"] == "unmanaged"


def test_a_list_with_files_that_are_not_valid(shell: Shell) -> None:
    shell.write("presets/bad.yaml", "config: {modle: x}")
    assert "modle" in shell("list", code=3).err
    assert shell("list", "--format", "json", code=3).json["error"]["problems"]


def test_a_preset_is_shown_as_each_workspace_gets_it(shell: Shell) -> None:
    assert (
        shell("show", "mail").out
        == """\
mail  openrouter/chat-completions  presets/mail.yaml
Workspace main

description: Our voice
system_prompt: |-
  Don't shout.
  "Quotes", `ticks`, $HOME and \\n stay.
config:
  temperature: 0.5
  model: a/b
"""
    )
    assert "model: c/d" in shell("show", "mail", "-w", "inside").out
    document = shell("show", "mail", "--format", "json").json
    check("show", document)
    assert (document["description"], document["system_prompt"]) == ("Our voice", PROMPT)
    changes = shell("plan", "mail", "--format", "json").json["changes"]
    assert document["digest"] == changes[0]["after"]["digest"]


def test_a_preset_as_yaml_is_a_file_that_declares_the_same(shell: Shell) -> None:
    assert (
        shell("show", "mail", "-w", "inside", "--format", "yaml").out
        == """\
kind: openrouter/chat-completions
slug: mail
description: Our voice
system_prompt: |-
  Don't shout.
  "Quotes", `ticks`, $HOME and \\n stay.
config:
  temperature: 0.5
  model: c/d
"""
    )
    digests = {}
    for slug in ("mail", "two", "three"):
        digests[slug] = shell("show", slug, "--format", "json").json["digest"]
        shell.write(f"alone/{slug}.yaml", "")
        shell("show", slug, "--report", f"yaml=alone/{slug}.yaml")
    project = (shell.folder / "presetctl.yaml").read_text()
    shell.write("presetctl.yaml", f"{project}presets: alone\n")
    assert {slug: shell("show", slug, "--format", "json").json["digest"] for slug in digests} == digests


def test_hostile_yaml_is_escaped_and_says_the_same(shell: Shell) -> None:
    shell.write(
        "presets/odd.yaml", 'protected: true\nsystem_prompt: "a\\n::error::😀\\u202e\\e[2J"\nconfig: {model: "##[x]"}\n'
    )
    out = shell("show", "odd", "--format", "yaml").out
    assert out.isascii()
    assert "##[" not in out
    assert not any(line.lstrip().startswith("::") for line in out.splitlines())
    assert yaml.safe_load(out) == {
        "kind": "openrouter/chat-completions",
        "slug": "odd",
        "system_prompt": "a\n::error::😀\u202e\x1b[2J",
        "config": {"temperature": 0.5, "model": "##[x]"},
        "protected": True,
    }


def test_a_plan_is_no_preset(shell: Shell) -> None:
    shell("plan", "--out", "plan.json")
    for words in (["--format", "yaml"], ["--report", "yaml=a.yaml"]):
        ran = shell("show", "plan.json", *words, code=64)
        assert "a plan has no format yaml" in ran.err
        assert "human, json, markdown" in ran.err


def test_one_preset_is_shown_though_another_file_is_broken(shell: Shell) -> None:
    shell.write("presets/bad.yaml", "config: {modle: x}")
    assert shell("show", "mail").out.startswith("mail")
    assert "modle" in shell("show", "bad", code=3).err
    (shell.folder / "presets/bad.yaml").unlink()
    assert "did you mean mail?" in shell("show", "mial", code=64).err


def test_the_rendered_body_is_what_apply_sends(shell: Shell) -> None:
    assert shell("render", "mail").json == {
        "temperature": 0.5,
        "model": "a/b",
        "messages": [{"role": "system", "content": PROMPT}],
    }
    assert shell("render", "two").json["messages"]
    assert shell("render", "three").json["instructions"] == "P"


def test_a_body_in_another_format(shell: Shell) -> None:
    rendered = shell("render", "mail", "--as", "responses").json
    assert rendered == {"temperature": 0.5, "model": "a/b", "instructions": PROMPT}
    assert shell("render", "mail", "--as", "messages").json["system"] == PROMPT
    assert shell("render", "mail", "--as", "chat-completions").out == shell("render", "mail").out


@pytest.mark.parametrize(
    ("config", "request_format", "said"),
    [
        ("{model: a/b, seed: 1, min_p: 0.5}", "responses", "has no min_p, seed"),
        ("{temperature: 0.5}", "messages", "model` is missing"),
        ("{model: a/b, tools: [{type: function, function: {name: f}}]}", "responses", "tools"),
    ],
)
def test_a_body_that_another_format_does_not_take(shell: Shell, config: str, request_format: str, said: str) -> None:
    shell.write("presets/odd.yaml", f"config: {config}\n")
    assert said in shell("render", "odd", "--as", request_format, code=3).err


@pytest.mark.skipif(shutil.which("curl") is None and not os.environ.get("CI"), reason="curl is not installed")
@pytest.mark.parametrize("slug", ["mail", "two", "three"])
def test_curl_stores_what_apply_would_store(shell: Shell, slug: str) -> None:
    command = shell("render", slug, "--curl").out
    assert "a-key" not in command
    environment = {"PATH": os.environ["PATH"], "SOME_KEY": "a-key"}
    ran = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran
    assert json.loads(ran.stdout)["data"]["slug"] == slug
    assert states(shell)[slug] == "in_sync"


def test_curl_to_a_workspace_without_an_address(shell: Shell) -> None:
    assert "embedded" in shell("render", "mail", "-w", "inside", "--curl", code=64).err


@pytest.mark.parametrize("command", ["list", "show", "render"])
def test_help_has_examples(shell: Shell, command: str) -> None:
    assert "Examples:" in shell(command, "--help").out


def test_a_saved_plan_is_shown_from_its_file_alone(
    shell: Shell, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = shell("plan", "--out", "plan.json").out
    both = shell("plan", "--all-workspaces").out
    shell.write("both.json", shell("plan", "--all-workspaces", "--format", "json").out)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in ("plan.json", "both.json"):
        (elsewhere / name).write_bytes((shell.folder / name).read_bytes())
    monkeypatch.delenv("SOME_KEY")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(elsewhere.parent))
    alone = Shell(elsewhere, shell.capture)
    assert alone("show", "plan.json").out == planned
    assert alone("show", "both.json").out == both
    assert alone("show", "both.json", "--format", "json").out == (elsewhere / "both.json").read_text()
    assert alone("-C", str(shell.folder), "show", "./plan.json").out == planned
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in alone("show", str(elsewhere / "plan.json")).out


def test_what_is_a_slug_and_what_a_file(shell: Shell) -> None:
    planned = shell("plan", "--out", "mail").out
    assert shell("show", "mail").out.startswith("mail  openrouter/chat-completions")
    assert shell("show", "./mail").out == planned
    shell("plan", "--out", "saved")
    assert "the plan in that file is written ./saved" in shell("show", "saved", code=64).err
    assert "leave -w away" in shell("show", "./mail", "-w", "main", code=64).err
    assert "can't be read: No such file" in shell("show", "gone.json", code=3).err
    assert (
        "presets/mail.yaml is not a plan: the plan is not valid JSON" in shell("show", "presets/mail.yaml", code=3).err
    )
    shell.write("old.json", '{"format_version": "2.0"}')
    assert "is not a plan of format 1: `format_version`" in shell("show", "old.json", code=3).err
    assert shell("show", "old.json", "--format", "json", code=3).json["error"]["name"] == "invalid_input"


def test_a_plan_file_that_was_edited_is_not_believed(shell: Shell) -> None:
    shell("plan", "--out", "plan.json")
    shell.replace("plan.json", '"action": "create"', '"action": "no_op"')
    assert "is not as presetctl wrote it" in shell("show", "plan.json", code=3).err


def test_hostile_text_in_a_plan_file_is_made_harmless(shell: Shell) -> None:
    shell("plan", "--out", "plan.json")
    document = json.loads((shell.folder / "plan.json").read_text())
    hostile = "\x1b[2J\u202e\n::error::x ##[x]"
    document["workspace"]["name"] = document["base"] = hostile
    document["changes"][0]["warnings"] = document["unmanaged"] = document["orphaned"] = [hostile]
    document["changes"][0]["fields"] = [{"path": "config", "cause": None, "before": hostile, "after": {hostile: 1}}]
    document["changes"][0]["source"]["file"] = hostile
    document["summary"] |= {"unmanaged": 1, "orphaned": 1}
    shell.write("hostile.json", json.dumps(document))
    shell.write("several.json", json.dumps({"format_version": "1.0", "plans": [document, document]}))
    for words in (["hostile.json"], ["several.json"], ["hostile.json", "--format", "json"]):
        ran = shell("show", *words, code=None)
        assert ran.code == 0, ran
        assert not {"\x1b", "\u202e"} & set(ran.out)
        assert "##[" not in ran.out
        assert not any(line.lstrip().startswith("::") for line in ran.out.split("\n"))
