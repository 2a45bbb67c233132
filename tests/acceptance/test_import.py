"""Adoption: what exists only in a workspace becomes files, and remote edits come into the files that there are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from tests.acceptance.cli import Shell
from tests.gits import Git, needs_git

SCHEMA_LINE = "# yaml-language-server: $schema=../schemas/preset.schema.json\n"


@pytest.fixture
def app(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An empty project with two names for one workspace."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "key")
    with create_app() as app, serve(app) as url:
        settings = "".join(f"  {name}: {{provider: openrouter, url: '{url}'}}\n" for name in ("live", "other"))
        shell.write("presetctl.yaml", f"version: 1\ndefault_workspace: live\nworkspaces:\n{settings}")
        yield app


def save(app: Emulator, slug: str, prompt: str | None = None, **config: Any) -> None:
    app.dashboard_save("default", slug, config, prompt)


def content(shell: Shell, name: str) -> str:
    return (shell.folder / name).read_text(encoding="utf-8")


def test_a_preset_becomes_a_file_without_what_servers_add(shell: Shell, app: Emulator) -> None:
    provider = {"sort": None, "order": [], "allow_fallbacks": True, "require_parameters": False, "only": ["a"]}
    save(app, "mail", "Be brief.\n", model="x/y", stop=None, provider=provider, cache_enabled=True)
    assert shell("import", "mail").out == "written  presets/mail.yaml\n"
    assert content(shell, "presets/mail.yaml") == (
        f"{SCHEMA_LINE}system_prompt: |\n  Be brief.\nconfig:\n  model: x/y\n  provider:\n    only:\n      - a\n"
    )
    assert "No changes" in shell("plan").out
    assert "Nothing to import." in shell("import", "--all").out


def test_the_kind_that_fits(shell: Shell, app: Emulator) -> None:
    save(app, "a", model="x", max_output_tokens=5)
    save(app, "b", model="x", thinking={"type": "disabled"})
    save(app, "c", model="x", max_completion_tokens=5)
    shell("import", "--all")
    kinds = {slug: content(shell, f"presets/{slug}.yaml").splitlines()[1] for slug in "abc"}
    assert kinds == {"a": "kind: openrouter/responses", "b": "kind: openrouter/messages", "c": "config:"}
    assert "No changes" in shell("plan").out


@pytest.mark.parametrize("prompt", ["long " * 200, "# Title\n\n- long\n" * 60, "ends\n\n\n" + "x" * 700 + "\n"])
def test_a_long_prompt_gets_a_file_of_its_own(shell: Shell, app: Emulator, prompt: str) -> None:
    save(app, "mail", prompt, model="x")
    shell("import", "mail")
    assert content(shell, "presets/prompts/mail.md") == f"{prompt}\n"
    assert "system_prompt_file: prompts/mail.md" in content(shell, "presets/mail.yaml")
    assert "No changes" in shell("plan").out


@pytest.mark.parametrize("prompt", ["line\r\n" * 200, "\ufeff" + "x" * 700])
def test_a_long_prompt_that_a_file_can_not_hold_stays_in_the_preset(shell: Shell, app: Emulator, prompt: str) -> None:
    save(app, "mail", prompt, model="x")
    shell("import", "mail")
    assert "system_prompt: " in content(shell, "presets/mail.yaml")
    assert "No changes" in shell("plan").out


def test_defaults_are_not_inherited_where_the_workspace_has_nothing(shell: Shell, app: Emulator) -> None:
    project = content(shell, "presetctl.yaml")
    shell.write("presetctl.yaml", f"{project}defaults: {{config: {{seed: 1, provider: {{zdr: true, sort: price}}}}}}\n")
    save(app, "mail", model="x", provider={"sort": "latency"})
    shell("import", "mail")
    assert "seed: null" in content(shell, "presets/mail.yaml")
    assert "No changes" in shell("plan").out


def test_what_can_not_be_said_is_refused_and_the_rest_goes_on(shell: Shell, app: Emulator) -> None:
    save(app, "Odd_Slug", model="x")
    save(app, "odd-field", model="x", brand_new=1)
    save(app, "fine", model="x")
    ran = shell("import", "--all", code=6)
    assert ran.out == "written  presets/fine.yaml\n"
    assert "refused  Odd_Slug: its slug is not one that files may have" in ran.err
    assert "refused  odd-field: its config fits no kind" in ran.err
    assert "`brand_new` is not a field of openrouter/chat-completions" in ran.err
    assert "serves nothing of nowhere" in shell("import", "nowhere", code=3).err


def test_nothing_is_overwritten(shell: Shell, app: Emulator) -> None:
    save(app, "mail", model="x")
    shell.write("presets/mail.yaml", "slug: another\nconfig: {model: y}\n")
    assert "presets/mail.yaml exists already" in shell("import", "mail", code=3).err
    assert "another is declared in presets/mail.yaml" in shell("import", "another", code=64).err


@pytest.mark.parametrize("words", [(), ("mail", "--all"), ("--all", "--update"), ("--update",)])
def test_wrong_words(shell: Shell, app: Emulator, words: tuple[str, ...]) -> None:
    assert "name the presets, or say --all" in shell("import", *words, code=64).err


PRESET = """\
# what it is for
description: Mail   # for people

config:
    model: 'x/y'      # quoted on purpose

    temperature: 0.70 # warm
    stop: [a,   b]
    provider: {sort: price,   zdr: true}   # cheap
# the prompt
system_prompt: "Be brief."
"""


def test_a_remote_edit_changes_only_the_bytes_that_it_must(shell: Shell, app: Emulator) -> None:
    shell.write("presets/mail.yaml", PRESET)
    shell("apply", "--yes")
    save(app, "mail", "Be kind.", model="x/y", temperature=0.3, stop=["a", "c"], provider={"zdr": True}, seed=4)
    assert shell("import", "--update", "mail").out == "written  presets/mail.yaml\n"
    after = content(shell, "presets/mail.yaml")
    assert "No changes" in shell("plan").out
    before = PRESET.splitlines()
    kept = [line for line in after.splitlines() if line in before]
    assert kept == [before[n] for n in (0, 1, 2, 3, 4, 5, 9)]
    assert "    temperature: 0.3 # warm" in after
    assert 'system_prompt: "Be kind."' in after
    assert "    seed: 4" in after
    assert shell("import", "--update", "mail").out == "Nothing to import.\n"
    assert content(shell, "presets/mail.yaml") == after


def test_an_edit_of_a_prompt_in_its_own_file(shell: Shell, app: Emulator) -> None:
    shell.write("presets/mail.yaml", "system_prompt_file: p/mail.md\nconfig: {model: x}\n")
    shell.write("presets/p/mail.md", "Be brief.\n")
    shell("apply", "--yes")
    save(app, "mail", "Be kind.\nAlways.", model="x")
    assert shell("import", "--update", "mail").out == "written  presets/p/mail.md\n"
    assert content(shell, "presets/p/mail.md") == "Be kind.\nAlways.\n"
    assert "No changes" in shell("plan").out


def test_an_edit_of_what_is_overridden_goes_into_the_override(shell: Shell, app: Emulator) -> None:
    shell.write(
        "presets/mail.yaml",
        "system_prompt: P\nconfig: {model: x, seed: 1}\n"
        "overrides: {live: {system_prompt: Q, config: {model: y, seed: 2}}}\n",
    )
    shell("apply", "--yes")
    save(app, "mail", "R", model="z")
    ran = shell("import", "--update", "mail")
    assert content(shell, "presets/mail.yaml") == (
        "system_prompt: P\nconfig: {model: x, seed: 1}\n"
        "overrides: {live: {system_prompt: R, config: {model: z, seed: null}}}\n"
    )
    assert ran.err == ""
    assert "No changes" in shell("plan").out


def test_an_edit_that_reaches_other_workspaces_says_so(shell: Shell, app: Emulator) -> None:
    shell.write("presets/mail.yaml", "config: {model: x}\n")
    shell("apply", "--yes")
    save(app, "mail", model="y")
    assert (
        "This also changes the preset in other: see `presetctl plan -w other`."
        in shell("import", "--update", "mail").err
    )


def test_an_edit_of_a_prompt_that_others_have_too_says_so(shell: Shell, app: Emulator) -> None:
    for slug in ("mail", "letter", "other"):
        shell.write(
            f"presets/{slug}.yaml", f"system_prompt_file: {'o' if slug == 'other' else 'p'}.md\nconfig: {{model: x}}\n"
        )
    shell.write("presets/p.md", "Be brief.\n")
    shell.write("presets/o.md", "Be brief.\n")
    shell("apply", "--yes")
    save(app, "mail", "Be kind.", model="x")
    ran = shell("import", "--update", "mail", "-w", "live")
    assert ran.out == "written  presets/p.md\n"
    assert ran.err == (
        "This also changes letter, which has the same prompt file: see `presetctl plan letter`.\n"
        "This also changes the preset in other: see `presetctl plan -w other`.\n"
    )
    actions = {it["slug"]: it["action"] for it in shell("plan", "--format", "json").json["changes"]}
    assert actions == {"letter": "update", "mail": "no_op", "other": "no_op"}


def test_taking_a_default_away(shell: Shell, app: Emulator) -> None:
    project = content(shell, "presetctl.yaml")
    shell.write("presetctl.yaml", f"{project}defaults: {{config: {{seed: 1}}}}\n")
    shell.write("presets/mail.yaml", "config: {model: x}\n")
    shell("apply", "--yes")
    save(app, "mail", model="x")
    shell("import", "--update", "mail")
    assert content(shell, "presets/mail.yaml") == "config: {model: x, seed: null}\n"


@pytest.mark.parametrize(
    ("defaults", "own", "stored", "expected"),
    [
        ("system_prompt: D", "", "R", "system_prompt: R\n"),
        ("system_prompt_file: d.md", "", "R", "system_prompt: R\n"),
        ("system_prompt: D", "", None, "overrides:\n  live:\n    system_prompt: null\n"),
        ("system_prompt_file: d.md", "", None, "overrides:\n  live:\n    system_prompt: null\n"),
        (
            "system_prompt: D",
            "system_prompt_file: p.md\n",
            None,
            "system_prompt_file: p.md\noverrides:\n  live:\n    system_prompt: null\n",
        ),
        (
            "system_prompt: D",
            "overrides: {live: {system_prompt_file: p.md}}\n",
            None,
            "overrides: {live: {system_prompt: null}}\n",
        ),
        (
            "system_prompt_file: d.md",
            "overrides: {live: {system_prompt_file: null}}\n",
            "R",
            "overrides: {live: {system_prompt: R}}\n",
        ),
        ("description: none", "system_prompt_file: p.md\n", None, ""),
        ("description: none", "system_prompt_file: p.md\n", "a\r\nb", 'system_prompt: "a\\r\\nb"\n'),
    ],
)
def test_an_edit_of_a_prompt_over_the_projects_default(
    shell: Shell, app: Emulator, defaults: str, own: str, stored: str | None, expected: str
) -> None:
    project = content(shell, "presetctl.yaml")
    shell.write("presetctl.yaml", f"{project}defaults: {{{defaults}}}\n")
    shell.write("d.md", "Default.\n")
    shell.write("presets/p.md", "Own.\n")
    shell.write("presets/mail.yaml", f"config: {{model: x}}\n{own}")
    shell("apply", "--yes")
    save(app, "mail", stored, model="x")
    shell("import", "--update", "mail")
    assert content(shell, "presets/mail.yaml") == f"config: {{model: x}}\n{expected}"
    assert content(shell, "d.md") == "Default.\n"
    assert content(shell, "presets/p.md") == "Own.\n"
    assert "No changes" in shell("plan").out


def test_an_edit_that_the_files_can_not_say_is_refused(shell: Shell, app: Emulator) -> None:
    shell.write("presets/mail.yaml", "config: {model: x}\n")
    shell("apply", "--yes")
    save(app, "mail", model="x", brand_new=1)
    assert "the files would not be valid" in shell("import", "--update", "mail", code=3).err
    assert content(shell, "presets/mail.yaml") == "config: {model: x}\n"


def test_two_hundred_presets_and_an_empty_plan(shell: Shell, app: Emulator) -> None:
    choose = random.Random(7)
    words = [
        "no",
        "1e3",
        "12:30",
        "# x",
        "- y",
        "é😀",
        "a: b",
        "line\nbreak",
        " lead",
        "trail ",
        "'",
        '"',
        "{{x}}",
        "\t",
        "",
    ]
    for number in range(200):
        fields: dict[str, Any] = {
            "temperature": choose.choice([0, 0.5, 1, 1.0]),
            "stop": choose.sample(["a", "no", "1e3", "- x"], choose.randrange(4)),
            "seed": choose.choice([None, 0, 7]),
            "provider": {
                "order": choose.sample(["x", "no", "1"], 2),
                "sort": None,
                "allow_fallbacks": choose.random() < 0.5,
            },
            "max_tokens": choose.randrange(1, 9999),
        }
        chosen = {key: fields[key] for key in choose.sample(sorted(fields), choose.randrange(len(fields)))}
        prompt = choose.choice(["", "\n", " "]).join(choose.choices(words, k=choose.randrange(1, 150)))
        save(app, f"p-{number}", prompt or None, model="x/y", **chosen)
    assert shell("import", "--all").out.count("written  presets/p-") == 200
    assert "No changes: 200 presets as declared." in shell("plan").out


def versions(shell: Shell, *temperatures: float) -> None:
    for temperature in temperatures:
        shell.write("presets/mail.yaml", f"# ours\nconfig: {{model: x, temperature: {temperature}}}  # now\n")
        shell("apply", "--yes")


def test_going_back_to_a_version_is_an_edit(shell: Shell, app: Emulator) -> None:
    versions(shell, 0.1, 0.2, 0.3)
    ran = shell("rollback", "mail", "--to", "v1")
    assert content(shell, "presets/mail.yaml") == "# ours\nconfig: {model: x, temperature: 0.1}  # now\n"
    assert "~ update mail  version 3 → 4" in ran.out
    assert "~ config.temperature: 0.3 → 0.1" in ran.out
    assert "Nothing was applied." in ran.err
    assert len(app.requests) == len([r for r in app.requests if r[0] == "GET"]) + 3


def test_going_back_and_applying(shell: Shell, app: Emulator) -> None:
    versions(shell, 0.1, 0.2)
    assert "add --yes" in shell("rollback", "mail", "--to", "1", "--apply", code=64).err
    assert "0.2" in content(shell, "presets/mail.yaml")
    assert "applied  mail version 3" in shell("rollback", "mail", "--to", "1", "--apply", "--yes").out
    assert "No changes" in shell("plan").out


@needs_git
def test_going_back_to_a_commit(shell: Shell, app: Emulator) -> None:
    git = Git.init(shell.folder)
    versions(shell, 0.1)
    git.commit("one")
    versions(shell, 0.2)
    git.commit("two", time=1)
    shell("rollback", "mail", "--to", "HEAD~1")
    assert "temperature: 0.1" in content(shell, "presets/mail.yaml")
    git.write("presets/new.yaml", "config: {model: x}\n")
    assert "commit HEAD declares no preset new" in shell("rollback", "new", "--to", "HEAD", code=64).err


def test_going_back_to_nothing(shell: Shell, app: Emulator) -> None:
    versions(shell, 0.1)
    ran = shell("rollback", "mail", "--to", "7", code=64)
    assert "live has no version 7 of mail" in ran.err
    assert "it has 1" in ran.err
    assert "no file declares a preset other" in shell("rollback", "other", "--to", "1", code=64).err
