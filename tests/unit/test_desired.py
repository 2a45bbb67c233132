"""From files to the desired state: layers, prompts, slugs, and every problem at its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from presetctl.declaration import lay_over
from presetctl.desired import Rendered, render
from presetctl.domain.preset import Content
from presetctl.domain.problem import Fix
from presetctl.domain.project import LibreChatWorkspace
from presetctl.domain.values import Path
from presetctl.kinds import Kinds
from presetctl.load.documents import load_documents
from presetctl.load.project import load_project
from presetctl.specs.schemas import SchemaLibrary
from tests.keys import LETTERS, drawn
from tests.unit.trees import PROJECT, MemoryTree, SmallSchemas, repository

KEY = f"sk-or-v1-{drawn(LETTERS, 64)}"


def problems(files: dict[str, str], project: str = PROJECT) -> list[tuple[str, str, str]]:
    found = repository(files, project)
    return [(str(p.location).removeprefix("presets/"), p.path, p.rule) for p in found.problems]


def content(files: dict[str, str], workspace: str = "one", project: str = PROJECT) -> Content:
    found = repository(files, project)
    assert found.problems == ()
    return found.rendered.workspaces[workspace]["a"].content


def test_a_preset() -> None:
    found = repository({"a": "description: D\nsystem_prompt: P\nconfig: {model: m}\n"})
    assert found.valid
    preset = found.rendered.workspaces["one"]["a"]
    assert (preset.slug, preset.kind, preset.description) == ("a", "openrouter/chat-completions", "D")
    assert preset.content == Content("P", {"model": "m"})
    assert str(preset.source) == "presets/a.yaml:1:1"
    assert preset is found.rendered.workspaces["two"]["a"]


OVERRIDDEN = """\
system_prompt: P
config: {model: m, temperature: 1, provider: {sort: price}}
overrides:
  two:
    description: Other
    system_prompt: Q
    config: {model: n, temperature: null, provider: {sort: null}}
"""


def test_overrides_are_merge_patches_of_one_workspace() -> None:
    assert content({"a": OVERRIDDEN}) == Content("P", {"model": "m", "temperature": 1, "provider": {"sort": "price"}})
    assert content({"a": OVERRIDDEN}, "two") == Content("Q", {"model": "n", "provider": {}})


def test_an_override_may_take_the_prompt_away() -> None:
    files = {"a": "system_prompt: P\nconfig: {model: m}\noverrides: {two: {system_prompt: null}}\n"}
    assert content(files, "two") == Content(None, {"model": "m"})


DEFAULTS = PROJECT + "defaults: {kind: openrouter/b, description: D, system_prompt: S, config: {model: d, only_b: 1}}\n"


def test_defaults_lie_under_every_preset() -> None:
    found = repository({"a": "config: {model: m}\n"}, DEFAULTS)
    preset = found.rendered.workspaces["one"]["a"]
    assert (preset.kind, preset.description) == ("openrouter/b", "D")
    assert preset.content == Content("S", {"model": "m", "only_b": 1})


def test_null_takes_a_default_away_and_is_a_value_where_there_is_none() -> None:
    assert content({"a": "config: {only_b: null}\n"}, project=DEFAULTS) == Content("S", {"model": "d"})
    assert content({"a": "config: {temperature: null}\n"}) == Content(None, {"temperature": None})


@pytest.mark.parametrize("text", ["Hello\nyou\n", "Hello\nyou", "Hello\r\nyou\r\n", "\ufeffHello\nyou\n"])
def test_a_prompt_from_a_file(text: str) -> None:
    files = {"a": "system_prompt_file: prompts/p.md\n", "presets/prompts/p.md": text}
    assert content(files) == Content("Hello\nyou", {})


def test_a_prompt_file_is_looked_for_from_the_presets_folder() -> None:
    files = {"deep/a": "system_prompt_file: ../p.md\n", "presets/p.md": "x"}
    assert content(files).system_prompt == "x"


def test_prompt_files_of_defaults_and_overrides() -> None:
    project = PROJECT + "defaults: {system_prompt_file: d.md}\n"
    files = {
        "a": "config: {model: m}\noverrides: {two: {system_prompt_file: o.md}}\n",
        "d.md": "default",
        "presets/o.md": "override",
    }
    assert content(files, "one", project).system_prompt == "default"
    assert content(files, "two", project).system_prompt == "override"


_REQUEST_FIELD = ("a.yaml:2:10", "config.messages", "per-request-field")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("config: {temprature: 1}", [("a.yaml:1:10", "config.temprature", "unknown-field")]),
        ("config: {temperature: 3}", [("a.yaml:1:23", "config.temperature", "maximum")]),
        ("config:\n  tools:\n    - {}\n", [("a.yaml:3:7", "config.tools[0].type", "required")]),
        ("config: {messages: []}", [("a.yaml:1:10", "config.messages", "per-request-field")]),
        ("config: {system: x}", [("a.yaml:1:10", "config.system", "system-prompt")]),
        ("kind: openrouter/b\nconfig: {messages: 1}", [("a.yaml:2:1", "config.model", "required"), _REQUEST_FIELD]),
        ("config: {instructions: x}", [("a.yaml:1:10", "config.instructions", "system-prompt")]),
        ("config: {stream: true}", [("a.yaml:1:10", "config.stream", "per-request-field")]),
        ("config: {cache_enabled: true}", [("a.yaml:1:10", "config.cache_enabled", "dashboard-only-field")]),
        ("config: {only_b: 1}", [("a.yaml:1:10", "config.only_b", "unknown-field")]),
        ("config: {provider: {srt: x}}", [("a.yaml:1:21", "config.provider.srt", "unknown-field")]),
        ("config: {model: m}\ntemperature: 1", [("a.yaml:2:1", "temperature", "unknown-field")]),
        ("config: {model: m}\nsystem-prompt: x", [("a.yaml:2:1", "system-prompt", "unknown-field")]),
        ("config: []", [("a.yaml:1:9", "config", "wrong-type")]),
        ("{}", [("a.yaml:1:1", "", "empty-preset")]),
        ("", [("a.yaml:1:1", "", "wrong-type")]),
        ("[]", [("a.yaml:1:1", "", "wrong-type")]),
        ("kind: nope\nconfig: {x: 1}", [("a.yaml:1:7", "kind", "not-allowed")]),
        ("config: {model: m}\noverrides: {tow: {}}", [("a.yaml:2:13", "overrides.tow", "unknown-workspace")]),
        ("config: {model: m}\noverrides: {two: {x: 1}}", [("a.yaml:2:19", "overrides.two.x", "unknown-field")]),
        ("config: {model: m}\noverrides: {two: 5}", [("a.yaml:2:18", "overrides.two", "wrong-type")]),
        ("config: {model: m}\noverrides: []", [("a.yaml:2:12", "overrides", "wrong-type")]),
        (
            "config: {model: m}\noverrides: {two: {config: {temperature: 9}}}",
            [("a.yaml:2:41", "overrides.two.config.temperature", "maximum")],
        ),
        (
            "config: {temperature: 9}\noverrides: {two: {config: {temperature: 1}}}",
            [("a.yaml:1:23", "config.temperature", "maximum")],
        ),
        (
            "kind: openrouter/b\nconfig: {model: m}\noverrides: {two: {config: {model: null}}}",
            [("a.yaml:3:35", "overrides.two.config.model", "required")],
        ),
        (
            "system_prompt: x\nsystem_prompt_file: y\nconfig: {model: m}",
            [("a.yaml:2:21", "system_prompt_file", "two-prompts")],
        ),
        ("system_prompt_file: no.md", [("a.yaml:1:21", "system_prompt_file", "prompt-file")]),
        ("slug: A_b\nconfig: {model: m}", [("a.yaml:1:7", "slug", "slug")]),
        ('slug: "a\\n"\nconfig: {model: m}', [("a.yaml:1:7", "slug", "slug")]),
        (f"slug: {'a' * 101}\nconfig: {{model: m}}", [("a.yaml:1:7", "slug", "slug")]),
        ("slug: 5\nconfig: {model: m}", [("a.yaml:1:7", "slug", "wrong-type")]),
        ("slug: '??'\nconfig: {model: m}", [("a.yaml:1:7", "slug", "slug")]),
        ("config: {model: m", [("a.yaml:1:9", "", "yaml-syntax")]),
        (
            "config: {temprature: 1, temperature: hot}\nx: 1",
            [
                ("a.yaml:1:10", "config.temprature", "unknown-field"),
                ("a.yaml:1:38", "config.temperature", "wrong-type"),
                ("a.yaml:2:1", "x", "unknown-field"),
            ],
        ),
    ],
)  # fmt: skip
def test_problems_stand_where_they_are(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = problems({"a": text})
    assert [(place if rule != "yaml-syntax" else "a.yaml:1:9", path, rule) for place, path, rule in found] == expected


def test_a_file_name_that_is_no_slug() -> None:
    (problem,) = repository({"My Preset": "config: {model: m}"}).problems
    assert problem.rule == "slug"
    assert "URL-safe" in problem.message
    assert problem.suggestion == "write `slug: my-preset`"


def test_two_files_with_one_slug_name_both() -> None:
    found = repository({"a": "config: {model: m}", "sub/a": "config: {model: m}", "c": "slug: a\nconfig: {model: m}"})
    assert [(str(p.location), p.rule, p.message) for p in found.problems] == [
        ("presets/c.yaml:1:7", "duplicate-slug", "the slug `a` is taken by presets/a.yaml"),
        ("presets/sub/a.yaml:1:1", "duplicate-slug", "the slug `a` is taken by presets/a.yaml"),
    ]
    assert list(found.rendered.workspaces["one"]) == ["a"]


def test_what_is_wrong_with_defaults_stands_in_the_project_file() -> None:
    project = PROJECT + "defaults: {config: {temprature: 1}}\n"
    assert problems({"a": "config: {model: m}", "b": "config: {model: m}"}, project) == [
        ("presetctl.yaml:6:21", "defaults.config.temprature", "unknown-field")
    ]


def test_an_unknown_default_kind() -> None:
    assert problems({"a": "config: {model: m}"}, PROJECT + "defaults: {kind: nope}\n") == [
        ("presetctl.yaml:6:18", "defaults.kind", "not-allowed")
    ]


@pytest.mark.parametrize(
    ("kind", "rule", "message", "hint"),
    [
        ("librechat/smull", "not-allowed", "`librechat/smull` is not a kind of librechat",
         "did you mean `librechat/small`?"),
        ("openrouter/chat", "not-allowed", "`openrouter/chat` is not a kind of openrouter",
         "did you mean `openrouter/chat-completions`?"),
        ("librechat/x", "not-allowed", "`librechat/x` is not a kind of librechat", "there are librechat/small"),
        ("openruter/b", "not-allowed", "`openruter/b` is not a kind; kinds begin with librechat/ or openrouter/",
         "did you mean `openrouter/b`?"),
        ("zzz", "not-allowed", "`zzz` is not a kind; kinds begin with librechat/ or openrouter/",
         "such as openrouter/chat-completions"),
        ("5", "wrong-type", "`kind` must be a text", "such as openrouter/chat-completions"),
    ],
)  # fmt: skip
def test_a_kind_that_there_isnt(kind: str, rule: str, message: str, hint: str) -> None:
    (found,) = repository({"a": f"kind: {kind}\nconfig: {{model: m}}"}).problems
    assert (str(found.location), found.path) == ("presets/a.yaml:1:7", "kind")
    assert (found.rule, found.message, found.suggestion) == (rule, message, hint)


def test_a_preset_with_problems_is_in_no_state_and_the_others_are() -> None:
    found = repository({"a": "config: {x: 1}", "b": "config: {model: m}"})
    assert not found.valid
    assert list(found.rendered.workspaces["one"]) == ["b"]


# --- Kinds of more than one provider ---

SMALL = "kind: librechat/small\n"


def two_providers(files: dict[str, str], defaults: str = "") -> Rendered:
    """The presets rendered for `one`, of OpenRouter, and `two`, which is made one of LibreChat here."""
    tree = MemoryTree(
        {f"presets/{name}.yaml": text for name, text in files.items()} | {"presetctl.yaml": PROJECT + defaults}
    )
    loaded = load_project(tree)
    two = LibreChatWorkspace(provider="librechat", url="embedded")
    workspaces = {"one": loaded.project.workspaces["one"], "two": two}
    documents, _ = load_documents(tree, sorted(f"presets/{name}.yaml" for name in files))
    project = replace(loaded.project, workspaces=workspaces)
    return render(documents, project, loaded.document, Kinds(SmallSchemas()))


def test_a_preset_is_for_the_workspaces_of_its_provider() -> None:
    found = two_providers({"a": "config: {model: m}", "b": SMALL + "config: {model: m}"})
    assert found.problems == ()
    assert {name: list(state) for name, state in found.workspaces.items()} == {"one": ["a"], "two": ["b"]}
    assert found.kinds == {"a": "openrouter/chat-completions", "b": "librechat/small"}


def test_a_preset_that_no_workspace_can_hold_is_checked_and_told() -> None:
    found = repository({"a": "config: {model: m}", "b": SMALL + "title: T\nconfig: {model: m}"})
    assert found.valid
    assert [list(state) for state in found.rendered.workspaces.values()] == [["a"], ["a"]]
    (problem,) = found.problems
    assert (str(problem.location), problem.path, problem.rule) == ("presets/b.yaml:1:7", "kind", "no-workspace")
    assert (
        problem.message == "this project has no workspace of the provider librechat, so this preset is planned nowhere"
    )
    assert problems({"b": SMALL + "config: {model: 5}"}) == [
        ("b.yaml:1:7", "kind", "no-workspace"), ("b.yaml:2:17", "config.model", "wrong-type"),
    ]  # fmt: skip


def test_the_title_is_the_declared_one_or_the_slug() -> None:
    files = {"a": SMALL + "config: {model: m}", "b": SMALL + "title: T\nconfig: {model: m}"}
    files["c"] = SMALL + "title: T\nconfig: {model: m}\noverrides: {two: {title: U}}"
    state = two_providers(files).workspaces["two"]
    assert [preset.content.config["title"] for preset in state.values()] == ["a", "T", "U"]


@pytest.mark.parametrize("text", ["title: T\n", "overrides: {two: {title: T}}\n"])
def test_a_title_where_no_workspace_keeps_one(text: str) -> None:
    found = repository({"a": "config: {model: m}\n" + text})
    assert {problem.message for problem in found.problems} == {
        "`title` is kept by LibreChat's workspaces only, not by those of openrouter"
    }


@pytest.mark.parametrize(
    ("said", "override", "expected"),
    [
        ("", "", {}),
        ("model_spec: {group: g, order: 1}", "", {"group": "g", "order": 1}),
        ("model_spec: {}", "", {}),
        ("model_spec: true", "", {}),
        ("model_spec: false", "", None),
        ("model_spec: {group: g, order: 1}", "{order: null, default: true}", {"group": "g", "default": True}),
        ("model_spec: {group: g}", "false", None),
        ("model_spec: {group: g}", "null", {}),
        ("model_spec: false", "{group: g}", {"group": "g"}),
        ("model_spec: false", "true", {}),
    ],
)
def test_what_its_entry_in_model_specs_says_beside_it(said: str, override: str, expected: Any) -> None:
    text = f"{SMALL}config: {{model: m}}\n{said}\n"
    found = two_providers({"a": text + (f"overrides: {{two: {{model_spec: {override}}}}}" if override else "")})
    assert found.problems == ()
    preset = found.workspaces["two"]["a"]
    assert preset.model_spec == expected
    assert preset.content.config == {"model": "m", "title": "a"}


@pytest.mark.parametrize(
    ("text", "path", "message", "hint"),
    [
        ("model_spec: {ordr: 1}", "model_spec.ordr", "`ordr` is not a field of model_spec", "did you mean `order`?"),
        ("model_spec: {order: null}", "model_spec.order", "`order` must be a number, not null", ""),
        ("model_spec: {label: L}", "model_spec.label",
         "`label` of a model spec comes from `title:`, beside `model_spec:`", "remove it, or move it there"),
        ("model_spec: {subagents: {name: a}}", "model_spec.subagents.name",
         "`name` is not a field of `subagents`", ""),
        ("model_spec: 3", "model_spec", "`model_spec` must be a mapping, true or false, not 3", ""),
        ("group: g", "group", "`group` stands beside model_spec instead of in it", "move it under `model_spec:`"),
        ("overrides: {two: {model_spec: {x: 1}}}", "overrides.two.model_spec.x",
         "`x` is not a field of model_spec", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it(text: str, path: str, message: str, hint: str) -> None:
    found = two_providers({"a": f"{SMALL}config: {{model: m}}\n{text}\n"})
    assert [(it.path, it.message, it.suggestion) for it in found.problems] == [(path, message, hint)]


@pytest.mark.parametrize("text", ["model_spec: false\n", "overrides: {two: {model_spec: {group: g}}}\n"])
def test_a_model_spec_of_a_preset_for_another_provider(text: str) -> None:
    found = repository({"a": "config: {model: m}\n" + text})
    assert [(it.rule, it.message) for it in found.problems] == [
        ("unknown-field", "`model_spec` is for LibreChat, and says nothing to openrouter")
    ]


PUBLISHING = """\
version: 1
workspaces:
  own: {provider: librechat, url: embedded}
  all: {provider: librechat, url: embedded, publish: modelSpecs}
"""


def publishing(files: dict[str, str]) -> Rendered:
    tree = MemoryTree({f"presets/{name}.yaml": text for name, text in files.items()} | {"presetctl.yaml": PUBLISHING})
    loaded = load_project(tree)
    documents, _ = load_documents(tree, sorted(f"presets/{name}.yaml" for name in files))
    return render(documents, loaded.project, loaded.document, Kinds(SchemaLibrary.packaged()))


OPENAI = "kind: librechat/openAI\ndescription: D\n"


def test_a_workspace_that_publishes_holds_what_entries_hold() -> None:
    more = "model_spec: {group: g}\norder: 3\npreset_id: x\nconfig: {model: m}"
    found = publishing({"a": OPENAI + more, "b": OPENAI + "model_spec: false\nconfig: {model: m}"})
    assert found.problems == ()
    assert {name: list(state) for name, state in found.workspaces.items()} == {"own": ["a", "b"], "all": ["a"]}
    own, everyones = (found.workspaces[name]["a"] for name in ("own", "all"))
    assert own.content.config == {"model": "m", "title": "a", "order": 3}
    assert everyones.content.config == {"model": "m", "title": "a", "description": "D", "model_spec": {"group": "g"}}
    assert (own.adopts, everyones.adopts) == ("x", None)


def test_what_no_entry_can_hold_is_wrong_where_it_is_published() -> None:
    found = publishing({"a": "kind: librechat/custom\nconfig: {endpoint: custom}\n"})
    assert [(it.path, it.rule) for it in found.problems] == [("config.endpoint", "model-spec")]


def test_what_is_wrong_anyway_is_told_once() -> None:
    found = publishing({"a": OPENAI + "config: {greeting: null}\n"})
    assert [(it.path, it.rule) for it in found.problems] == [("config.greeting", "wrong-type")]


def test_only_one_published_preset_can_be_the_default() -> None:
    first = OPENAI + "model_spec: {default: true}\nconfig: {model: m}\n"
    only_here = first.replace("model_spec: {default: true}", "overrides: {all: {model_spec: {default: true}}}")
    assert publishing({"a": first}).problems == ()
    found = publishing({"a": first, "b": only_here, "c": OPENAI + "config: {model: m}\n"})
    assert [(str(it.location), it.path, it.rule) for it in found.problems] == [
        ("presets/b.yaml:1:1", "model_spec.default", "taken")
    ]


def test_presets_that_no_workspace_can_hold_are_there_without_overrides() -> None:
    found = repository({"a": "config: {model: m}", "b": SMALL + "title: T\nconfig: {model: m}"}).rendered
    assert {slug: preset.content.config for slug, preset in found.unplaced.items()} == {
        "b": {"model": "m", "title": "T"}
    }


def test_an_override_for_a_workspace_of_another_provider() -> None:
    found = two_providers({"b": SMALL + "config: {model: m}\noverrides: {one: {title: T}}"})
    assert [(p.path, p.rule, p.message) for p in found.problems] == [
        ("overrides.one", "unknown-workspace",
         "one is a workspace of openrouter, which can't hold a preset of librechat/small"),
    ]  # fmt: skip


def test_the_config_of_the_defaults_is_in_the_words_of_their_kind() -> None:
    defaults = "defaults: {system_prompt: S, config: {temperature: 1}}\n"
    found = two_providers({"a": "config: {model: m}", "b": SMALL + "config: {model: m}"}, defaults)
    assert found.problems == ()
    assert found.workspaces["one"]["a"].content == Content("S", {"temperature": 1, "model": "m"})
    assert found.workspaces["two"]["b"].content == Content("S", {"model": "m", "title": "b"})


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("config: {temperature: '1'}", Fix(("config", "temperature"), ("config", "temperature"), 1)),
        ("config: {temperature: '0.5'}", None),
        ("config: {temprature: 1}", None),
        ("config: {model: 5}", Fix(("config", "model"), ("config", "model"), "5")),
        ("temperature: 1", Fix(("temperature",), ("config", "temperature"), 1)),
        ("temperature: 1\nconfig: {temperature: 2}", None),
        ("config: {system: x}", Fix(("config", "system"), ("system_prompt",), "x")),
        ("config: {system: ''}", Fix(("config", "system"), None)),
        ("config: {system: [x]}", None),
        ("config: {system: x}\nsystem_prompt: y", None),
        ("config: {system: x}\nsystem_prompt_file: y.md", None),
        (SMALL + "config: {web_search: 'yes'}", Fix(("config", "web_search"), ("config", "web_search"), True)),
        (SMALL + "config: {safetySettings: []}", Fix(("config", "safetySettings"), None)),
        (SMALL + "config: {top_k: 4}", Fix(("config", "top_k"), ("config", "topK"), 4)),
        (SMALL + "config: {title: T}", Fix(("config", "title"), ("title",), "T")),
        (SMALL + "title: U\nconfig: {title: T}", None),
    ],
)
def test_what_is_sure_comes_with_a_fix(text: str, fix: Fix | None) -> None:
    (found,) = (
        problem for problem in repository({"a": text}).problems if problem.rule not in {"no-workspace", "prompt-file"}
    )
    assert found.fix == fix


@pytest.mark.parametrize(
    ("defaults", "text", "file", "path", "to"),
    [
        ("", "overrides: {two: {config: {system: x}}}", "presets/a.yaml", ("overrides", "two", "config", "system"),
         ("overrides", "two", "system_prompt")),
        ("defaults: {config: {system: x}}\n", "{}", "presetctl.yaml", ("defaults", "config", "system"),
         ("defaults", "system_prompt")),
    ],
)  # fmt: skip
def test_a_fix_stays_in_the_layer_that_it_is_about(defaults: str, text: str, file: str, path: Path, to: Path) -> None:
    found = repository(
        {"a": "config: {model: m}\n" + text if text != "{}" else "config: {model: m}"}, PROJECT + defaults
    )
    assert [(p.location.file, p.fix) for p in found.problems] == [(file, Fix(path, to, "x"))]


@pytest.mark.parametrize(
    ("below", "above", "patch", "kept"),
    [
        ({"a": 1}, {"a": None}, {}, {}),
        ({}, {"a": None}, {}, {"a": None}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}, {"a": {"c": 2}}),
        ({"a": 1}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}, {"a": {"b": None, "c": 1}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": 5}, {"a": 5}, {"a": 5}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
    ],
)
def test_laying_over(below: Any, above: Any, patch: Any, kept: Any) -> None:
    assert lay_over(below, above, remove_all_nulls=True) == patch
    assert lay_over(below, above, remove_all_nulls=False) == kept


def test_protection_is_of_the_topmost_layer() -> None:
    text = "config: {model: m}\nprotected: true\noverrides: {two: {protected: false}}\n"
    states = repository({"a": text, "b": "config: {model: m}\n"}).rendered.workspaces
    assert [(states[name]["a"].protected, states[name]["b"].protected) for name in ("one", "two")] == [
        (True, False),
        (False, False),
    ]


def test_a_preset_with_something_like_a_key_is_not_declared() -> None:
    prompts = {"presets/p.md": f"One\n{KEY}\n"}
    files = {"a": f"config:\n  model: m\n  # {KEY}\n", "b": "system_prompt_file: p.md", "c": "config: {model: m}"}
    files |= {"d": "system_prompt_file: p.md\nconfig: {modle: m}"}
    assert problems({**files, **prompts}) == [
        ("a.yaml:3:5", "", "secret"),
        ("d.yaml:2:10", "config.modle", "unknown-field"),
        ("p.md:2:1", "", "secret"),
    ]
    found = repository({**files, **prompts})
    assert not found.valid
    assert sorted(found.rendered.workspaces["one"]) == ["c"]


def test_a_waiver_lets_it_through() -> None:
    waived = f"<!-- presetctl: allow-secret -->\n{KEY}"
    files = {"a": f"system_prompt_file: p.md\n# presetctl: allow-secret\nconfig: {{model: '{KEY}'}}"}
    assert content({**files, "presets/p.md": waived}) == Content(waived, {"model": KEY})


@pytest.mark.parametrize(
    ("names", "same"),
    [
        (["one/a", "One/a"], ("one/a.yaml", "One/a.yaml")),
        (["straße/x", "STRASSE/x"], ("straße/x.yaml", "STRASSE/x.yaml")),
        (["e\u0301/x", "é/x"], ("é/x.yaml", "e\u0301/x.yaml")),
        (["one/a", "two/A"], None),
    ],
)
def test_paths_that_only_some_file_systems_can_tell_apart(names: list[str], same: tuple[str, str] | None) -> None:
    found = repository({name: f"slug: s{number}\nconfig: {{model: m}}" for number, name in enumerate(names)})
    assert [(problem.rule, problem.location.file) for problem in found.problems] == (
        [] if same is None else [("case-collision", f"presets/{same[0]}")]
    )
    if same is not None:
        assert found.problems[0].message.startswith(f"presets/{same[0]} and presets/{same[1]} are the same name")
    assert len(found.rendered.workspaces["one"]) == 2


def test_prompts_collide_too() -> None:
    files = {"a": "system_prompt_file: p.md", "b": "system_prompt_file: P.md", "c": "system_prompt_file: ./p.md"}
    found = problems({**files, "presets/p.md": "P", "presets/P.md": "P"})
    assert found == [("p.md:1:1", "", "case-collision")]


def test_a_prompt_that_names_itself() -> None:
    found = repository({"a": "system_prompt_file: ./a.yaml"})
    assert [(str(p.location), p.rule, p.message) for p in found.problems] == [
        ("presets/a.yaml:1:21", "prompt-file", "presets/a.yaml names itself as its prompt")
    ]


def test_null_takes_away_what_lies_below() -> None:
    text = "description: null\nsystem_prompt: null\nconfig: {model: m, only_b: null}\n"
    preset = repository({"a": text}, DEFAULTS).rendered.workspaces["one"]["a"]
    assert (preset.description, preset.content) == (None, Content(None, {"model": "m"}))


def test_null_in_an_override_takes_away_for_its_workspace() -> None:
    text = (
        "system_prompt: P\nprotected: true\nconfig: {model: m}\n"
        "overrides: {two: {config: null, protected: null, description: null}}\n"
    )
    found = repository({"a": text}).rendered.workspaces
    assert (found["one"]["a"].content, found["one"]["a"].protected) == (Content("P", {"model": "m"}), True)
    assert (found["two"]["a"].content, found["two"]["a"].protected) == (Content("P", {}), False)


# --- The keys beside config that LibreChat has ---

CHATS = """\
version: 1
workspaces:
  live: {provider: openrouter, url: embedded}
  own: {provider: librechat, url: embedded}
  two: {provider: librechat, url: embedded}
"""
CHAT = "kind: librechat/openAI\nconfig: {model: m}\n"


def chats(files: dict[str, str]) -> Rendered:
    tree = MemoryTree({f"presets/{name}.yaml": text for name, text in files.items()} | {"presetctl.yaml": CHATS})
    loaded = load_project(tree)
    documents, _ = load_documents(tree, sorted(f"presets/{name}.yaml" for name in files))
    return render(documents, loaded.project, loaded.document, Kinds(SchemaLibrary.packaged()))


def test_keys_of_their_own_are_stored_beside_config() -> None:
    overrides = "overrides:\n  two: {default_preset: true, order: null, preset_id: other, title: null}\n"
    found = chats({"a": f"{CHAT}title: T\norder: 2\npreset_id: mine\n{overrides}"})
    assert found.problems == ()
    own, two = (found.workspaces[name]["a"] for name in ("own", "two"))
    assert own.content.config == {"model": "m", "title": "T", "order": 2}
    assert two.content.config == {"model": "m", "title": "a", "defaultPreset": True}
    assert [(it.adopts, it.default) for it in (own, two)] == [("mine", False), ("other", True)]


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("title: T", "remove it; `description:` is for people"),
        ("default_preset: true", "remove it"),
        ("order: 1", "remove it"),
        ("preset_id: x", "remove it"),
    ],
)
def test_keys_that_only_librechat_has(key: str, hint: str) -> None:
    name = key.split(":")[0]
    for text in (f"{key}\n", f"overrides: {{live: {{{key}}}}}\n"):
        (problem,) = chats({"a": f"config: {{model: m}}\n{text}"}).problems
        assert (problem.rule, problem.suggestion) == ("unknown-field", hint)
        assert problem.message == f"`{name}` is kept by LibreChat's workspaces only, not by those of openrouter"


def test_what_only_one_preset_of_a_workspace_can_have() -> None:
    found = chats(
        {"a": f"{CHAT}default_preset: true\npreset_id: x\n", "b": f"{CHAT}default_preset: true\npreset_id: x\n"}
    )
    assert [(str(it.location), it.path, it.rule) for it in found.problems] == [
        ("presets/b.yaml:1:1", "default_preset", "taken"), ("presets/b.yaml:1:1", "preset_id", "taken"),
    ]  # fmt: skip
    assert list(found.workspaces["own"]) == ["a"]
    apart = {
        name: f"{CHAT}overrides: {{{where}: {{default_preset: true}}}}\n"
        for name, where in (("a", "own"), ("b", "two"))
    }
    assert chats(apart).problems == ()


@pytest.mark.parametrize(
    ("text", "path", "rule"),
    [
        ("default_preset: false\n", "default_preset", "not-allowed"),
        ("default_preset: true\norder: 1\n", "order", "no-effect"),
        ("order: first\n", "order", "wrong-type"),
        ("preset_id: ''\n", "preset_id", "minLength"),
        ("title: ''\n", "title", "minLength"),
    ],
)
def test_keys_that_say_nothing_or_something_else(text: str, path: str, rule: str) -> None:
    (problem,) = chats({"a": CHAT + text}).problems
    assert (problem.path, problem.rule) == (path, rule)


def test_a_key_of_its_own_that_stands_in_config() -> None:
    found = chats({"a": "kind: librechat/openAI\nconfig: {model: m, title: T, defaultPreset: true, order: 1}\n"})
    assert [(it.path, it.rule, it.fix and it.fix.to) for it in found.problems] == [
        ("config.title", "own-key", ("title",)),
        ("config.defaultPreset", "own-key", ("default_preset",)),
        ("config.order", "own-key", ("order",)),
    ]
    (problem,) = chats({"a": "kind: librechat/openAI\nconfig: {model: m, defaultPreset: false}\n"}).problems
    assert problem.fix == Fix(("config", "defaultPreset"), None)


def test_a_preset_that_no_workspace_holds_says_how_to_make_one() -> None:
    (problem,) = repository({"b": SMALL + "config: {model: m}"}).problems
    assert problem.suggestion.endswith("such as `chat: {provider: librechat, url: https://…}`")
