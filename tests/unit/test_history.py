"""Versions and commits: what is rendered where, and which commit a content comes from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from presetctl.domain.history import Commit
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.domain.state import Status, Version
from presetctl.domain.values import Json
from presetctl.drift import Drift
from presetctl.history import version_records, with_history, with_origin
from presetctl.inventory import Row, Standing
from presetctl.load.git import GitRepository
from presetctl.load.gitlog import Log, read_log
from presetctl.renders import Renders
from tests.gits import Git, needs_git
from tests.unit.memory import KIND
from tests.unit.trees import PROJECT, SmallSchemas

pytestmark = needs_git


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    git = Git.init(tmp_path)
    git.write("presetctl.yaml", PROJECT)
    return git


def renders(git: Git, workspace: str = "one", not_kept: tuple[str, ...] = ()) -> Renders:
    return Renders(GitRepository.around(git.folder), SmallSchemas(), workspace, not_kept)


def model(name: Json, **more: Json) -> Content:
    return Content(None, {"model": name, **more})


def put(git: Git, config: str, time: int = 0, file: str = "presets/a.yaml", message: str = "change") -> str:
    git.write(file, f"config: {config}\n")
    return git.commit(message, time)


def matched(found: Renders, content: Content, slug: str = "a") -> str | None:
    commit = found.match(slug, content)
    return None if commit is None else commit.id


def traced(found: Renders, *contents: Content) -> list[str | None]:
    versions = [Version(f"v{number}", number, content) for number, content in enumerate(contents, 1)]
    return [None if commit is None else commit.id for commit in found.trace("a", versions)]


def test_the_oldest_commit_of_the_run_that_was_declared_last(git: Git) -> None:
    first = put(git, "{model: m}", 1)
    second = put(git, "{model: n}", 2)
    third = put(git, "{model: m}", 3)
    put(git, "{model: m} # the same", 4)
    found = renders(git)
    assert matched(found, model("m")) == third
    assert matched(found, model("n")) == second
    assert matched(found, model("o")) is None
    assert traced(found, model("m"), model("n"), model("m")) == [first, second, third]


@pytest.mark.parametrize(
    ("letters", "commits"),
    [
        ("AB", [0, 1]),
        ("ABA", [0, 1, 2]),
        ("AAB", [0, 0, 1]),
        ("BA", [1, 2]),
        ("BAB", [1, 2, 1]),
        ("ABAB", [0, 1, 2, 1]),
        ("AXBA", [0, None, 1, 2]),
        ("X", [None]),
        ("", []),
    ],
)
def test_versions_are_traced_in_order(git: Git, letters: str, commits: list[int | None]) -> None:
    made = [put(git, f"{{model: {letter}}}", number) for number, letter in enumerate("ABA")]
    assert traced(renders(git), *map(model, letters)) == [None if it is None else made[it] for it in commits]


def test_what_means_the_same_matches(git: Git) -> None:
    commit = put(git, "{model: m, temperature: 1.0}")
    found = renders(git)
    assert matched(found, model("m", temperature=1, tools=[], provider=None)) == commit
    assert matched(found, model("m", temperature=1, cache_enabled=True)) == commit
    assert matched(found, model("m", temperature=1, seed=5)) is None
    assert matched(renders(git, not_kept=("seed",)), model("m", temperature=1, seed=5)) == commit


def test_each_workspace_has_its_own_renders(git: Git) -> None:
    git.write("presets/a.yaml", "config: {model: m}\noverrides: {two: {config: {model: n}}}\n")
    commit = git.commit()
    assert matched(renders(git, "two"), model("n")) == commit
    assert matched(renders(git, "one"), model("n")) is None
    assert matched(renders(git, "three"), model("m")) is None


def test_the_kind_is_that_of_the_commit(git: Git) -> None:
    git.write("presets/a.yaml", "kind: openrouter/b\nconfig: {model: m, only_b: 1}\n")
    first = git.commit("b", 1)
    second = put(git, "{model: m}", 2)
    assert traced(renders(git), model("m", only_b=1), model("m")) == [first, second]


def test_defaults_and_prompts_count_with_their_commits(git: Git) -> None:
    first = put(git, "{model: m}", 1)
    git.write("presetctl.yaml", PROJECT + "defaults: {system_prompt_file: texts/all.md}\n")
    git.write("texts/all.md", "One")
    second = git.commit("default", 2)
    git.write("texts/all.md", "Two")
    third = git.commit("prompt", 3)
    git.write("elsewhere.md", "not read")
    git.commit("nothing", 4)
    contents = [model("m"), Content("One", {"model": "m"}), Content("Two", {"model": "m"})]
    assert traced(renders(git), *contents) == [first, second, third]


def test_commits_that_declare_nothing(git: Git) -> None:
    put(git, "{modle: m}", 1)
    git.write("presetctl.yaml", "version: 2\n")
    put(git, "{model: m}", 2)
    (git.folder / "presetctl.yaml").unlink()
    put(git, "{model: m} #", 3)
    git.write("presetctl.yaml", PROJECT)
    git.write("presets/a.yaml", "[")
    git.commit("broken", 4)
    git("rm", "-q", "presets/a.yaml")
    git.commit("gone", 5)
    found = renders(git)
    assert found.declares("a")
    assert matched(found, model("m")) is None


def test_a_preset_that_went_and_came_back(git: Git) -> None:
    first = put(git, "{model: m}", 1)
    git("rm", "-q", "presets/a.yaml")
    git.commit("gone", 2)
    again = put(git, "{model: m}", 3)
    assert matched(renders(git), model("m")) == again
    assert traced(renders(git), model("m")) == [first]


@pytest.mark.parametrize(
    ("file", "text", "slug", "known"),
    [
        ("presets/a.yaml", "config: {}", "a", True),
        ("presets/deep/er/a.yml", "config: {}", "a", True),
        ("presets/a.yaml", "slug: b", "b", True),
        ("presets/a.yaml", "slug: b", "a", False),
        ("presets/a.txt", "slug: b", "b", False),
        ("presets/.hidden/a.yaml", "slug: b", "b", False),
        ("other/a.yaml", "slug: b", "b", False),
        ("presets/a.yaml", "- slug: b", "b", False),
        ("presets/a.yaml", "slug: [b]", "b", False),
        ("presets/a.yaml", "slug: 'b", "b", False),
        ("presets/A.yaml", "config: {}", "A", False),
    ],
)
def test_slugs_that_were_ever_declared(git: Git, file: str, text: str, slug: str, known: bool) -> None:
    git.write(file, text)
    git.commit("one", 1)
    git("rm", "-q", file)
    git.commit("two", 2)
    assert renders(git).declares(slug) is known


@pytest.mark.parametrize("project", ["presets: [x]", "presets: ''", "[", "- x"])
def test_a_project_file_that_names_no_folder(git: Git, project: str) -> None:
    git.write("presetctl.yaml", project)
    put(git, "{model: m}")
    assert renders(git).declares("a")


def test_folders_of_other_times(git: Git) -> None:
    git.write("presetctl.yaml", f"presets: old/\n{PROJECT}")
    first = put(git, "{model: m}", 1, "old/a.yaml")
    git.write("presetctl.yaml", f"presets: .\n{PROJECT}")
    git("rm", "-q", "old/a.yaml")
    second = put(git, "{model: n}", 2, "a.yaml")
    git.write("presetctl.yaml", PROJECT)
    git.commit("a.yaml is no preset now", 3)
    assert traced(renders(git), model("m"), model("n")) == [first, second]
    third = put(git, "{model: n}", 4)
    assert matched(renders(git), model("n")) == third


@pytest.mark.parametrize("name", ["../../outside.md", "/etc/hostname", '"a\\0b"', "gone.md"])
def test_prompt_files_that_lead_nowhere(git: Git, name: str) -> None:
    commit = put(git, "{model: m}", 1)
    git.write("presets/a.yaml", f"system_prompt_file: {name}\n")
    git.commit("bad", 2)
    assert matched(renders(git), model("m")) == commit


def test_a_merge_whose_first_parent_did_not_declare_it(git: Git) -> None:
    git.commit("start", 1)
    git("checkout", "-q", "-b", "topic")
    commit = put(git, "{model: m}", 2)
    git("checkout", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", "Merge pull request #3 from x", "topic", time=3)
    found = renders(git).match("a", model("m"))
    assert (found and found.id, found and found.pull_request) == (commit, 3)


def test_a_merge_that_brought_something_else(git: Git) -> None:
    commit = put(git, "{model: m}", 1)
    git("checkout", "-q", "-b", "topic")
    put(git, "{model: n}", 2)
    put(git, "{model: m}", 3)
    git("checkout", "-q", "main")
    put(git, "{model: m} # note", 4)
    git("merge", "-q", "-s", "ours", "-m", "Merge pull request #3 from x", "topic", time=5)
    found = renders(git).trace("a", [Version("v", 1, model("m"))])
    assert found == [Commit(commit, "2026-04-20T10:01:00Z", "Test", "change")]


def test_what_was_applied_from_another_branch(git: Git) -> None:
    first = put(git, "{model: m}", 1)
    git("checkout", "-q", "-b", "topic")
    git.write("presets/moved.yaml", "slug: a\nconfig: {model: n}\n")
    git("rm", "-q", "presets/a.yaml")
    second = git.commit("Move", 2)
    git("checkout", "-q", "main")
    found = renders(git)
    assert found.match("a", model("n")) == Commit(second, "2026-04-20T10:02:00Z", "Test", "Move", None, True)
    assert traced(found, model("m"), model("n"), model("x")) == [first, second, None]
    put(git, "{model: m, temperature: 1}", 3)
    assert with_history(row(Standing.PENDING, live=model("n")), renders(git)).standing is Standing.PENDING


def test_a_preset_of_another_branch_is_not_orphaned(git: Git) -> None:
    git.commit("start", 1)
    git("checkout", "-q", "-b", "topic")
    put(git, "{model: m}", 2)
    git("checkout", "-q", "main")
    assert not renders(git).declares("a")


def test_limits(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    put(git, "{model: m}")
    assert renders(git).limits == ()

    def cut(repository: GitRepository, paths: list[str], *, everywhere: bool) -> Log:
        log = read_log(repository, paths, everywhere=everywhere)
        return Log(log.commits, log.blobs, True)

    monkeypatch.setattr("presetctl.load.past.read_log", cut)
    assert renders(git).limits == ("only the newest 1 commits were looked at",)


def test_records() -> None:
    commit = Commit("c" * 40, "", "", "")
    contents = [model("m"), model("n"), model("n", cache_enabled=True), model("n")]
    versions = [Version(f"v{number}", number, content) for number, content in enumerate(contents, 1)]
    records = version_records(versions, [commit, None, None, None], "v2", KIND)
    assert [record.live for record in records] == [False, True, False, False]
    assert [record.commit for record in records] == [commit, None, None, None]
    names = [[field.name for field in record.fields] for record in records]
    assert names == [[], ["config.model"], ["config.cache_enabled"], ["config.cache_enabled"]]


def row(standing: Standing, slug: str = "a", live: Content | None = None) -> Row:
    preset = Preset(slug, "openrouter/chat-completions", model("n"), Location("f"))
    version = None if live is None else Version("v", 1, live)
    return Row(slug, standing, Status.ACTIVE, preset, version)


def test_rows_with_history(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = put(git, "{model: m}")
    found = renders(git)
    pending = with_history(row(Standing.PENDING, live=model("m")), found)
    assert (pending.standing, pending.commit and pending.commit.id) == (Standing.PENDING, commit)
    drifted = row(Standing.PENDING, live=model("x"))
    assert with_history(drifted, found).standing is Standing.DRIFTED
    assert with_history(row(Standing.UNMANAGED), found).standing is Standing.ORPHANED
    same = [row(Standing.UNMANAGED, "b"), row(Standing.PENDING), row(Standing.IN_SYNC, live=model("x"))]
    same.append(row(Standing.PENDING, "b", model("x")))
    assert [with_history(it, found) for it in same] == same
    monkeypatch.setitem(found.__dict__, "limits", ("shallow",))
    assert with_history(drifted, found) == drifted


@pytest.mark.parametrize(
    ("files", "versions", "expected"),
    [
        ("AB", "A", 0),  # B was not applied yet
        ("AB", "X", None),  # edited
        ("AB", "AXA", 0),  # edited, and brought back
        ("AB", "ABA", None),  # B was applied, and undone by hand
        ("AB", "BA", None),
        ("AB", "B", None),
        ("ABA", "AB", 1),  # the revert was not applied yet
        ("ABA", "ABAB", None),  # it was, and was undone by hand
        ("ABA", "BAB", None),
        ("ABA", "AXB", 1),
        ("ABC", "ABA", 0),  # nobody applied C
        ("AB", "", None),
    ],
)
def test_what_is_live_comes_from_a_commit(git: Git, files: str, versions: str, expected: int | None) -> None:
    made = [put(git, f"{{model: {letter}}}", number) for number, letter in enumerate(files)]
    stored = tuple(Version(f"v{number}", number, model(letter)) for number, letter in enumerate(versions, 1))
    since = max((v.number or 0 for v in stored if v.content == model(files[-1])), default=0)
    drift = Drift("a", "k", "presets/a.yaml", stored[-1] if stored else None, (), history=stored, since=since)
    found = with_origin(drift, renders(git)).commit
    assert (found and found.id) == (None if expected is None else made[expected])
