"""What every workflow and action of ours keeps to, so that a hostile pull request has nothing to hold on to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cli import Shell
from tests.workflows.runner import GITHUB, ROOT, Yaml, actions, read_yaml, workflows

FILES = [*workflows(), *actions()]
PINNED = re.compile(r"[\w.-]+/[\w.-]+(?:/[\w./-]+)?@[0-9a-f]{40}")
COMMIT = "a" * 40


def name(path: Path) -> str:
    return str(path.relative_to(GITHUB))


def jobs(path: Path) -> dict[str, Yaml]:
    found: dict[str, Yaml] = read_yaml(path).get("jobs", {})
    return found


def steps(path: Path) -> Iterator[Yaml]:
    if "runs" in read_yaml(path):
        yield from read_yaml(path)["runs"]["steps"]
    for job in jobs(path).values():
        yield from job.get("steps", [])


def used(path: Path) -> list[str]:
    return [of["uses"] for of in [*steps(path), *jobs(path).values()] if "uses" in of]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_expression_becomes_shell(path: Path) -> None:
    for step in steps(path):
        assert "${{" not in step.get("run", "")
        assert "run" not in step or step.get("shell") == "bash" or path.name == "ci.yml"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_what_others_wrote_is_named_by_its_commit(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for uses in used(path):
        if uses.startswith("$/"):
            assert (ROOT / uses[2:]).exists(), uses
        else:
            assert PINNED.fullmatch(uses), uses
            assert re.search(rf"uses: {re.escape(uses)} # v\d+\.\d+\.\d+$", text, re.MULTILINE), "its version is told"


def test_each_action_of_others_is_used_in_one_version() -> None:
    pins = {uses for path in FILES for uses in used(path) if "@" in uses}
    assert len(pins) == len({pin.partition("@")[0] for pin in pins}), sorted(pins)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_token_stays_in_the_checkout(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize("path", workflows(), ids=name)
def test_each_job_has_just_its_permissions_and_an_end(path: Path) -> None:
    assert read_yaml(path)["permissions"] == {}
    for job in jobs(path).values():
        assert "permissions" in job
        assert "uses" in job or "timeout-minutes" in job


@pytest.mark.parametrize("path", workflows(), ids=name)
def test_a_caller_allows_what_the_called_workflow_asks_for(path: Path) -> None:
    """GitHub starts nothing where a job asks for more than its caller has."""
    for caller in jobs(path).values():
        if "uses" in caller:
            asked = [of for job in jobs(ROOT / caller["uses"][2:]).values() for of in job["permissions"].items()]
            assert caller["permissions"] == dict(sorted(asked, key=lambda of: of[1])), "`write` comes after `read`"


@pytest.mark.parametrize("path", workflows(), ids=name)
def test_no_pull_request_runs_with_more_than_it_brings(path: Path) -> None:
    events = read_yaml(path)["on"]
    assert "pull_request_target" not in events
    if "workflow_run" in events:
        called = [ROOT / job["uses"][2:] for job in jobs(path).values()]
        assert called == [GITHUB / "workflows" / "presets-fork.yml"]


def test_what_runs_after_a_fork_checks_nothing_out_and_has_no_secret() -> None:
    path = GITHUB / "workflows" / "presets-fork.yml"
    assert [uses.partition("@")[0] for uses in used(path)] == ["$/.github/actions/setup", "actions/download-artifact"]
    assert "secrets" not in path.read_text(encoding="utf-8")


def test_the_job_for_forks_has_no_key() -> None:
    job: Any = jobs(GITHUB / "workflows" / "presets-pr.yml")["validate"]
    assert job["permissions"] == {"contents": "read"}
    assert "secrets." not in str(job)
    assert "token" not in str(job)


def test_outputs_are_told_with_names_that_exist() -> None:
    """An output that a step doesn't have is empty without a word."""
    known = {path.parent.name: set(read_yaml(path).get("outputs", {})) for path in actions()}
    for path in workflows():
        for job in jobs(path).values():
            of = {s["id"]: s["uses"].split("/")[-1] for s in job.get("steps", []) if "id" in s and "uses" in s}
            for step, output in re.findall(r"steps\.([\w-]+)\.outputs\.([\w-]+)", str(job)):
                assert step not in of or output in known[of[step]], (path, step, output)


def gate(*words: str) -> None:
    """Runs a checker that the development environment has; skipped where it lacks it."""
    program = shutil.which(words[0], path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None and not os.environ.get("CI"):
        pytest.skip(f"{words[0]} is not installed")
    ran = subprocess.run([program or words[0], *words[1:]], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_what_init_writes_passes_the_same_gates(shell: Shell) -> None:
    shell("init", "--github", "--uses", f"octo-org/presetctl@{COMMIT}")
    written = sorted((shell.folder / ".github/workflows").glob("*.yml"))
    assert len(written) == 4
    gate("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, written))
    gate("zizmor", "--offline", "--quiet", str(shell.folder / ".github"))


def test_what_init_writes_fits_to_what_is_called(shell: Shell) -> None:
    """The same jobs, permissions and triggers as the callers of this repository, with inputs that exist."""
    shell.write("presetctl.yaml", "version: 1\nworkspaces:\n  a: {provider: openrouter, api_key_env: KEY_OF_OURS}\n")
    shell("init", "--github", "--uses", f"octo-org/presetctl@{COMMIT}")
    for path in (shell.folder / ".github/workflows").glob("*.yml"):
        mine, ours = read_yaml(path), read_yaml(GITHUB / "workflows" / path.name)
        assert (mine["name"], mine["on"]) == (ours["name"], ours["on"])
        for job, call in mine["jobs"].items():
            called = call["uses"].removeprefix("octo-org/presetctl/.github/workflows/").removesuffix(f"@{COMMIT}")
            declared = read_yaml(GITHUB / "workflows" / called)["on"]["workflow_call"]
            assert ours["jobs"][job]["uses"] == f"$/.github/workflows/{called}"
            assert call["permissions"] == ours["jobs"][job]["permissions"]
            assert set(call["with"]) <= set(declared["inputs"])
            assert set(call.get("secrets", {})) == set(declared.get("secrets", {})) - {"PRESETCTL_VARIABLES"}
            assert call["with"]["workspaces"] == '["a"]'


def readme_yaml(start: str) -> str:
    """The first YAML block of the README below a line that starts so."""
    below = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"\n{start}")[2]
    return below.partition("```yaml\n")[2].partition("```")[0]


def test_what_the_readme_says_for_gitlab_is_valid(tmp_path: Path) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text(readme_yaml("## GitLab"), encoding="utf-8")
    assert set(read_yaml(tmp_path / ".gitlab-ci.yml")) == {"default", "variables", "check", "plan", "apply", "drift"}
    gate("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(tmp_path / ".gitlab-ci.yml"))


def test_the_job_that_the_readme_adds_allows_just_what_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "job.yml").write_text(readme_yaml("To be offered what somebody changed"), encoding="utf-8")
    job = read_yaml(tmp_path / "job.yml")["accept"]
    (called,) = jobs(GITHUB / "workflows" / "presets-import.yml").values()
    assert job["permissions"] == called["permissions"]
    assert job["uses"] == "OWNER/presetctl/.github/workflows/presets-import.yml@COMMIT"


def test_the_hooks_check_and_lay_out_a_project(shell: Shell) -> None:
    hooks: Any = {hook["id"]: hook for hook in read_yaml(ROOT / ".pre-commit-hooks.yaml")}  # type: ignore[index]
    shell("init")
    shell.write("presets/example.yaml", "config: {model:   m}\nsystem_prompt: P\n")
    for identity, hook in hooks.items():
        assert hook["entry"] == "presetctl"
        assert hook["pass_filenames"] == "false"
        assert re.search(hook["files"], "presets/example.yaml"), identity
        shell(*hook["args"])
    assert (shell.folder / "presets/example.yaml").read_text().startswith("system_prompt: P\n")
    shell.write("presets/example.yaml", "confg: {}\n")
    shell(*hooks["presetctl-validate"]["args"], code=3)
