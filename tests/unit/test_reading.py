"""Files read through the cache declare what they do without it, and are not parsed when they are known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from presetctl import reading
from presetctl.domain.errors import InputError
from presetctl.domain.preset import Preset, RememberedContent
from presetctl.load import project
from presetctl.load.tree import WorkTree
from presetctl.persistence import kept
from presetctl.repository import Repository, load
from presetctl.specs.schemas import SchemaLibrary
from tests.keys import drawn

SCHEMAS = SchemaLibrary.packaged()
PROJECT = """\
version: 1
default_workspace: one
defaults: {config: {temperature: 1.0}}
workspaces:
  one: {provider: openrouter, url: embedded, not_kept: [seed]}
  two: {provider: openrouter, url: embedded}
  chat: {provider: librechat, url: embedded}
"""
FILES = {
    "presetctl.yaml": PROJECT,
    "presets/a.yaml": "# a\nconfig: {model: m, seed: 3, temperature: 1}\nsystem_prompt_file: prompts/p.md\n",
    "presets/b.yaml": "description: ü\nprotected: true\nconfig: {model: m}\noverrides: {two: {config: {model: n}}}\n",
    "presets/sub/c.yaml": "kind: librechat/openAI\nconfig: {model: gpt}\nmodel_spec: {group: C}\n",
    "presets/d.yaml": "slug: delta\nkind: openrouter/responses\nconfig: {model: m, max_output_tokens: 16}\n",
    "presets/prompts/p.md": "Be kind.\n",
}


class Memory:
    """A cache in a dictionary: what files declare (and how often it was found), and projects."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.projects: dict[str, bytes] = {}
        self.found = 0

    def get(self, space: str, keys: Iterable[str]) -> dict[str, bytes]:
        place = self._place(space)
        found = {key: place[key] for key in keys if key in place}
        self.found += len(found) if place is self.held else 0
        return found

    def put(self, space: str, entries: Mapping[str, bytes]) -> None:
        assert entries
        self._place(space).update(entries)

    def _place(self, space: str) -> dict[str, bytes]:
        return {reading.SPACE: self.held, project.SPACE: self.projects}[space]


class Project:
    """A project on disk, read with and without a cache."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.memory = Memory()
        self.write(FILES)

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)

    def plain(self, past: bool = False) -> Repository:
        return load(WorkTree(self.root), SCHEMAS, past=past)

    def cached(self, past: bool = False) -> Repository:
        return load(WorkTree(self.root), SCHEMAS, past=past, cache=self.memory)


@pytest.fixture
def files(tmp_path: Path) -> Project:
    return Project(tmp_path)


def seen(repository: Repository) -> dict[str, Any]:
    """All that a repository says, contents included."""
    rendered = repository.rendered

    def told(preset: Preset) -> tuple[Any, ...]:
        kind, name = repository.kinds.kind(preset.kind), preset.slug
        ways = [kept(kind, preset.content, way).digest for way in ((), ("seed",), ("temperature", "seed"))]
        held = kept(kind, preset.content, ("seed",)).as_json()
        return (name, preset.content.digest, ways, held, preset.content.as_json(), preset)

    return {
        "problems": repository.problems,
        "files": repository.files,
        "kinds": rendered.kinds,
        "presets": {name: [told(preset) for preset in state.values()] for name, state in rendered.workspaces.items()},
        "unplaced": [told(preset) for preset in rendered.unplaced.values()],
    }


def test_what_is_known_is_not_parsed_and_says_the_same(files: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(files.cached()) == seen(files.plain())
    assert len(files.memory.held) == 4
    with monkeypatch.context() as patch:
        patch.setattr(reading, "parse_document", lambda *_: pytest.fail("parsed"))
        known = files.cached()
        assert [each.content.digest for each in known.rendered.workspaces["one"].values()]
    assert files.memory.found == 4
    assert isinstance(known.rendered.workspaces["two"]["a"].content, RememberedContent)
    assert known.rendered.workspaces["one"]["a"] is known.rendered.workspaces["two"]["a"]
    assert known.rendered.workspaces["one"]["b"] is not known.rendered.workspaces["two"]["b"]
    assert seen(known) == seen(files.plain())


def test_no_prompt_and_no_config_is_kept(files: Project) -> None:
    files.cached()
    held = b"".join(files.memory.held.values())
    assert b"kind." not in held
    assert b"temperature" not in held


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("presets/a.yaml", lambda text: text.replace("seed: 3", "seed: 4")),
        ("presets/a.yaml", lambda text: text.replace("# a\n", "# a\n\n")),
        ("presets/prompts/p.md", lambda text: "Be brief.\n"),
        ("presetctl.yaml", lambda text: text.replace("temperature: 1.0", "temperature: 0.5")),
        ("presetctl.yaml", lambda text: text.replace("[seed]", "[temperature]")),
        ("presetctl.yaml", lambda text: text.replace("  two:", "  three:")),
        ("presets/e.yaml", lambda text: "slug: delta\nconfig: {model: m}\n"),
        ("presets/a.yaml", lambda text: "config: {modle: m}\n"),
        ("presets/a.yaml", lambda text: "config: [\n"),
        ("presets/A.yaml", lambda text: "slug: other\nconfig: {model: m}\n"),
        ("presets/prompts/P.md", lambda text: "Not named.\n"),
        ("presets/prompts/p.md", lambda text: ""),
    ],
)
def test_any_edit_is_noticed(files: Project, name: str, edit: Callable[[str], str]) -> None:
    files.cached()
    files.write({name: edit(FILES.get(name, ""))})
    for _ in range(2):
        assert seen(files.cached()) == seen(files.plain())


def test_a_prompt_that_is_gone_is_noticed(files: Project) -> None:
    files.cached()
    (files.root / "presets/prompts/p.md").unlink()
    assert seen(files.cached()) == seen(files.plain())
    (files.root / "presets/prompts/p.md").write_bytes(b"\xff")
    assert seen(files.cached()) == seen(files.plain())


def test_another_schema_is_noticed(files: Project, tmp_path: Path) -> None:
    files.cached()
    folder = tmp_path / "other"
    for path in {*SCHEMAS.folder.rglob("*.schema.json")} - {SCHEMAS.folder / "model-specs.schema.json"}:
        (folder / path.relative_to(SCHEMAS.folder)).parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text()
        if path.name == "chat-completions.schema.json":
            text = text.replace('"maximum": 2,', '"maximum": 0.5,')
        (folder / path.relative_to(SCHEMAS.folder)).write_text(text)
    other = SchemaLibrary.at(folder)
    with_it = load(WorkTree(files.root), other, cache=files.memory)
    assert with_it.problems
    assert with_it.problems == load(WorkTree(files.root), other).problems


def test_files_with_problems_are_not_remembered_nor_are_keys_of_the_past(files: Project) -> None:
    files.memory.held.clear()
    files.write({"presets/a.yaml": f"config: {{model: m}}\nsystem_prompt: sk-or-v1-{drawn('0123456789abcdef', 64)}\n"})
    files.write({"presets/b.yaml": "config: {modle: m}\n"})
    for _ in range(2):
        assert not files.cached(past=True).rendered.problems[1:]
        found = files.cached()
        assert found.problems == files.plain().problems
        assert {problem.rule for problem in found.problems} == {"secret", "unknown-field"}
    assert len(files.memory.held) == 2


@pytest.mark.parametrize(
    "value",
    [b"", b"{", b"[]", b"5", b"{}", b"\xff", b'[1, 2, 3, 4, 5, 6, 7]', b'["a", 1, 1, "openrouter/nothing", "", {}, []]',
     b'["a", 1, 1, "openrouter/responses", "x", {}, []]', b'["a", 1, 1, "openrouter/responses", "x", {}]'],
)  # fmt: skip
def test_an_entry_of_another_form_counts_for_nothing(files: Project, value: bytes) -> None:
    files.cached()
    for key in files.memory.held:
        files.memory.held[key] = value
    assert seen(files.cached()) == seen(files.plain())


def test_what_is_of_another_form_inside_counts_for_nothing(files: Project) -> None:
    files.cached()
    held = dict(files.memory.held)
    for place in (0, 3, 6):  # names of workspaces, what is derived, and what is unusual
        for key, value in held.items():
            entry = json.loads(value)
            entry[6][0][place] = 5
            files.memory.held[key] = json.dumps(entry).encode()
        assert seen(files.cached()) == seen(files.plain())


def test_a_file_that_changes_under_the_reading_is_told(files: Project) -> None:
    files.cached()
    known = files.cached()
    files.write({"presets/a.yaml": "config: {model: x}\n"})
    with pytest.raises(InputError, match=r"presets/a\.yaml was changed while it was read"):
        _ = known.rendered.workspaces["one"]["a"].content.config
    assert known.rendered.workspaces["one"]["b"].content.config == {"model": "m", "temperature": 1.0}


def test_more_files_than_are_read_at_once(files: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_AT_ONCE", 2)
    (files.root / "presets/gone.yaml").symlink_to("nowhere")
    for _ in range(2):
        found = files.cached()
        assert seen(found) == seen(files.plain())
        assert [problem.rule for problem in found.problems] == ["unreadable"]
        assert list(found.rendered.workspaces["one"]) == ["a", "b", "delta"]


def test_an_installation_without_sources_has_its_version(files: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_DECIDING", ("nothing.py",))
    assert seen(files.cached()) == seen(files.cached())
    assert files.memory.found == 4


def test_published_presets_are_remembered_as_their_workspace_holds_them(files: Project) -> None:
    publishing = PROJECT.replace("librechat, url: embedded}", "librechat, url: embedded, publish: modelSpecs}")
    assert publishing != PROJECT
    files.cached()
    files.write({"presetctl.yaml": publishing})
    for _ in range(2):
        assert seen(files.cached()) == seen(files.plain())
    files.write({"presetctl.yaml": PROJECT})
    assert seen(files.cached()) == seen(files.plain())
