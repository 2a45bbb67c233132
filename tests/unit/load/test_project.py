"""presetctl.yaml: where it is looked for, what it may say, and every problem at its place."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from presetctl.domain.errors import InputError
from presetctl.domain.project import OPENROUTER_URL, OpenRouterWorkspace
from presetctl.load import project as project_module
from presetctl.load.project import find_project, load_project
from tests.keys import drawn
from tests.unit.trees import MemoryTree

ONE = "workspaces: {one: {provider: openrouter}}\n"


def problems(text: str) -> list[tuple[str, str, str, str]]:
    """Place in the file, path, rule and message of each."""
    with pytest.raises(InputError, match=r"presetctl\.yaml is not valid") as raised:
        load_project(MemoryTree({"presetctl.yaml": text}))
    found = raised.value.problems
    return [(f"{p.location.line}:{p.location.column}", p.path, p.rule, p.message) for p in found]


def test_the_nearest_project_upwards_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "a/b/c"
    inner.mkdir(parents=True)
    (tmp_path / "presetctl.yaml").touch()
    assert find_project(inner) == tmp_path
    (tmp_path / "a/presetctl.yaml").touch()
    assert find_project(inner) == tmp_path / "a"
    assert find_project(tmp_path) == tmp_path


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="or any folder above it") as raised:
        find_project(tmp_path)
    assert "presetctl init" in raised.value.hint


def test_the_least_that_a_project_says() -> None:
    loaded = load_project(MemoryTree({"presetctl.yaml": f"version: 1\n{ONE}"}))
    assert loaded.project.default_name() == "one"
    assert loaded.project.presets == "presets"
    assert loaded.project.defaults.kind == "openrouter/chat-completions"
    settings = loaded.project.workspaces["one"]
    assert isinstance(settings, OpenRouterWorkspace)
    assert (settings.url, settings.api_key_env) == (OPENROUTER_URL, "OPENROUTER_API_KEY")
    assert (settings.workspace_id, settings.not_kept, settings.trust_env) == (None, (), False)
    assert loaded.document.file == "presetctl.yaml"


def test_everything_that_a_project_can_say() -> None:
    text = """\
version: 1
default_workspace: two
presets: configs
defaults: {kind: k, description: d, system_prompt_file: p.md, config: {model: m}}
workspaces:
  one: {provider: openrouter, url: embedded}
  two:
    {provider: openrouter, url: "http://[::1]:80/api/v1/", api_key_env: KEY, workspace_id: w, not_kept: [seed],
     timeout: 5, trust_env: true}
"""
    loaded = load_project(MemoryTree({"presetctl.yaml": text, "p.md": "P"}))
    two = loaded.project.workspaces["two"]
    assert isinstance(two, OpenRouterWorkspace)
    assert (two.url, two.api_key_env, two.workspace_id) == ("http://[::1]:80/api/v1", "KEY", "w")
    assert (two.not_kept, two.timeout, two.trust_env) == (("seed",), 5, True)
    assert loaded.project.default_name() == "two"
    assert loaded.document.prompts == {"p.md": "P"}


def test_an_empty_file_lacks_everything() -> None:
    assert problems("") == [
        ("1:1", "version", "required", "`version` is missing"),
        ("1:1", "workspaces", "required", "`workspaces` is missing"),
    ]


@pytest.mark.parametrize(
    ("text", "place", "path", "rule", "message"),
    [
        ("[]", "1:1", "", "wrong-type", "`presetctl.yaml` must be a mapping"),
        (f"version: 2\n{ONE}", "1:10", "version", "invalid-value", "`version` must be 1"),
        (f"version: '1'\n{ONE}", "1:10", "version", "invalid-value", "`version` must be 1"),
        ("version: 1\nworkspaces: {}", "2:13", "workspaces", "invalid-value", "`workspaces` must not be empty"),
        ("version: 1\nworkspaces: []", "2:13", "workspaces", "wrong-type", "`workspaces` must be a mapping"),
        ("version: 1\nworkspaces: {one: 5}", "2:19", "workspaces.one", "wrong-type", "`one` must be a mapping"),
        (
            "version: 1\nworkspaces: {'o ne': {provider: openrouter}}",
            "2:14", 'workspaces["o ne"]', "invalid-value",
            "`o ne` is not a valid name: at most 64 letters, digits, `-` and `_`, the first a letter or digit",
        ),
        (
            "version: 1\nworkspaces: {one: {provider: openruter}}",
            "2:30", "workspaces.one.provider", "invalid-value", "`provider` must be 'openrouter' or 'librechat'",
        ),
        ("version: 1\nworkspaces: {one: {}}", "2:14", "workspaces.one.provider", "required", "`provider` is missing"),
        (f"version: 1\npresets: ''\n{ONE}", "2:10", "presets", "invalid-value", "`presets` must not be empty"),
        (f"version: 1\npresets: 5\n{ONE}", "2:10", "presets", "wrong-type", "`presets` must be a text"),
        (
            f"version: 1\ndefault_workspace: two\n{ONE}",
            "1:1", "", "invalid-value", "default_workspace is two, but no workspace has that name",
        ),
        (
            f"version: 1\ndefaults: {{system_prompt: a, system_prompt_file: p.md}}\n{ONE}",
            "2:11", "defaults", "invalid-value", "`defaults` has both system_prompt and system_prompt_file: keep one",
        ),
        (
            f"version: 1\ndefaults: {{config: 5}}\n{ONE}",
            "2:20", "defaults.config", "wrong-type", "`config` must be a mapping",
        ),
    ],
)  # fmt: skip
def test_one_problem(text: str, place: str, path: str, rule: str, message: str) -> None:
    if "p.md" in text:
        tree = MemoryTree({"presetctl.yaml": text, "p.md": "P"})
        with pytest.raises(InputError) as raised:
            load_project(tree)
        (problem,) = raised.value.problems
        assert (str(problem.location), problem.message) == (f"presetctl.yaml:{place}", message)
    else:
        assert problems(text) == [(place, path, rule, message)]


@pytest.mark.parametrize(
    ("setting", "rule", "message"),
    [
        ("timeout: 0", "invalid-value", "`timeout`: should be greater than 0"),
        ("timeout: 4000", "invalid-value", "`timeout`: should be less than or equal to 3600"),
        ("timeout: hot", "wrong-type", "`timeout` must be a number"),
        ("not_kept: 5", "wrong-type", "`not_kept` must be a list"),
        ("not_kept: [5]", "wrong-type", "`not_kept[0]` must be a text"),
        ("trust_env: 'yes'", "wrong-type", "`trust_env` must be true or false"),
        ("workspace_id: ''", "invalid-value", "`workspace_id` must not be empty"),
        ("workspace_id: 5", "wrong-type", "`workspace_id` must be a text"),
        (
            "api_key_env: sk-or-v1",
            "invalid-value",
            "`api_key_env` must be the name of an environment variable, never what it holds: letters, digits and `_`",
        ),
        ("url: 5", "wrong-type", "`url` must be a text"),
        ("url: http://x/", "invalid-value", "`url` must be https: over http the key could be read on the way"),
    ],
)
def test_settings_of_a_workspace(setting: str, rule: str, message: str) -> None:
    ((_, path, found_rule, found_message),) = problems(
        f"version: 1\nworkspaces: {{one: {{provider: openrouter, {setting}}}}}"
    )
    assert path.startswith(f"workspaces.one.{setting.partition(':')[0]}")
    assert (found_rule, found_message) == (rule, message)


@pytest.mark.parametrize(
    ("text", "place", "path", "suggestion"),
    [
        (f"version: 1\npreset: x\n{ONE}", "2:1", "preset", "did you mean `presets`?"),
        (f"version: 1\nzzz: x\n{ONE}", "2:1", "zzz", ""),
        (f"version: 1\ndefaults: {{kid: x}}\n{ONE}", "2:12", "defaults.kid", "did you mean `kind`?"),
        (
            "version: 1\nworkspaces: {one: {provider: openrouter, urll: x}}",
            "2:42", "workspaces.one.urll", "did you mean `url`?",
        ),
    ],
)  # fmt: skip
def test_unknown_settings(text: str, place: str, path: str, suggestion: str) -> None:
    with pytest.raises(InputError) as raised:
        load_project(MemoryTree({"presetctl.yaml": text}))
    (problem,) = raised.value.problems
    assert (str(problem.location), problem.path) == (f"presetctl.yaml:{place}", path)
    assert (problem.rule, problem.suggestion) == ("unknown-field", suggestion)


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    text = "preset: x\nversion: 2\ndefaults: {system_prompt_file: gone.md}\nworkspaces: {one: {}}\n"
    assert [(place, rule) for place, _, rule, _ in problems(text)] == [
        ("1:1", "unknown-field"),
        ("2:10", "invalid-value"),
        ("3:32", "prompt-file"),
        ("4:14", "required"),
    ]


def test_a_key_in_the_file_is_told_whatever_else_is_wrong() -> None:
    key = "sk-or-v1-" + drawn("0123456789abcdef", 64)
    found = problems(f"version: 1\nworkspaces: {{one: {{provider: openrouter, api_key: {key}}}}}")
    assert {rule for _, _, rule, _ in found} == {"unknown-field", "secret"}
    assert key not in str(found)


def test_a_secret_in_the_file_is_not_repeated() -> None:
    settings = "provider: openrouter, url: 'https://user:sk-secret@x', api_key_env: sk-or-secret"
    text = f"version: 1\nworkspaces: {{one: {{{settings}}}}}"
    assert "secret" not in str(problems(text))


def test_no_yaml_and_no_file() -> None:
    with pytest.raises(InputError) as raised:
        load_project(MemoryTree({"presetctl.yaml": "a: 1\na: 2\n"}))
    assert [problem.rule for problem in raised.value.problems] == ["yaml-duplicate-key"]
    with pytest.raises(InputError, match="doesn't exist"):
        load_project(MemoryTree({}))


class Memory:
    """A cache in a dictionary."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def get(self, space: str, keys: Iterable[str]) -> dict[str, bytes]:
        return {key: self.held[key] for key in keys if key in self.held}

    def put(self, space: str, entries: Mapping[str, bytes]) -> None:
        self.held.update(entries)


EVERYTHING = """\
version: 1
default_workspace: one
presets: here
defaults: {kind: openrouter/responses, system_prompt: ü, config: {top_p: 1.0, stop: [a], seed: 9999999999999999999}}
workspaces:
  one: {provider: openrouter, url: embedded, not_kept: [seed, provider.zdr], limits: {updates: 10%}, timeout: 1.5}
  chat:
    provider: librechat
    url: https://chat.example.com
    users: {ann: {email_env: A, password_env: B}, bob: {token_env: C}}
"""


def test_a_project_that_is_known_is_not_checked_and_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, tree = Memory(), MemoryTree({"presetctl.yaml": EVERYTHING})
    first = load_project(tree, memory).project
    assert first == load_project(tree).project
    monkeypatch.setitem(sys.modules, "presetctl.load.project_settings", None)
    again = load_project(tree, memory).project
    assert again == first
    assert repr(again) == repr(first)
    assert again.targets["chat/bob"].variables == ("C",)
    with pytest.raises(ImportError):
        load_project(MemoryTree({"presetctl.yaml": EVERYTHING.replace("1.5", "2")}), memory)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"{}", b'{"workspaces": {"one": 5}}', b"\xff"])
def test_what_is_remembered_of_a_project_in_another_form_counts_for_nothing(data: bytes) -> None:
    memory, tree = Memory(), MemoryTree({"presetctl.yaml": EVERYTHING})
    first = load_project(tree, memory).project
    memory.held = dict.fromkeys(memory.held, data)
    assert load_project(tree, memory).project == first


def test_a_project_with_problems_or_keys_is_not_remembered() -> None:
    memory, key = Memory(), "sk-or-v1-" + drawn("0123456789abcdef", 64)
    assert load_project(MemoryTree({"presetctl.yaml": f"# {key}\n{EVERYTHING}"}), memory).document.secrets
    for text in (EVERYTHING.replace("version: 1", "version: 2"), EVERYTHING.replace("ü", "{}")):
        with pytest.raises(InputError):
            load_project(MemoryTree({"presetctl.yaml": text}), memory)
    assert not memory.held


def test_an_installation_without_sources_remembers_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    memory, tree = Memory(), MemoryTree({"presetctl.yaml": EVERYTHING})
    monkeypatch.setattr(project_module, "__file__", str(tmp_path / "project.py"))
    assert load_project(tree, memory).project == load_project(tree, memory).project
    assert len(memory.held) == 1
