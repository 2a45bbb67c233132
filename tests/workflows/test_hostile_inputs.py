"""Every shell step of ours, with hostile text in every input, output and field of the event.

The shell is run as GitHub runs it, with the real presetctl, git, bash and jq. Whatever stands in a value: nothing of it
is carried out, becomes an option, an output, a command to the runner, or a file elsewhere.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.github.standin import REPOSITORY, StandIn, standing_in
from tests.gits import IDENTITY, Git, shared
from tests.workflows.runner import BASH, GITHUB, Yaml, actions, carried_out, read_outputs, read_yaml, workflows

_MISSING = next((program for program in ("git", "bash", "jq") if shutil.which(program) is None), "")
pytestmark = pytest.mark.skipif(bool(_MISSING) and not os.environ.get("CI"), reason=f"{_MISSING} is not installed")

CANARY = "CANARY"
"""Stands for a path; whatever is carried out makes a file of that name."""
HOSTILE = {
    "shell": f"x$(touch {CANARY})`touch {CANARY}`\"; touch {CANARY}; '; touch {CANARY}; # ${{IFS}} $((1+1)) * [a-z] ~",
    "lines": f"x\nevil=1\nevil<<E\n1\nE\n::set-output name=evil::1\n::add-path::/evil\n##[error]evil\ntouch {CANARY}\r",
    "option": "--help",
    "path": "../../../../../evil\u202e\x1b]0;evil\x07",
    "names": json.dumps([f"$(touch {CANARY})", "a\nevil=1", "--help", "../evil", "x::error::evil"]),
}
PROJECT = "version: 1\nworkspaces:\n  local: {provider: openrouter, url: embedded}\n"
FINDINGS = ("stop-commands", "error", "warning", "notice", "group", "endgroup")


@dataclass(frozen=True)
class Shell:
    """A step with a script."""

    path: Path
    step: Yaml

    @property
    def name(self) -> str:
        kind = self.path.parent.name if self.path.name == "action.yml" else self.path.stem
        return f"{kind}: {self.step.get('name', self.step['run'].splitlines()[0][:40])}"

    @property
    def given(self) -> dict[str, str]:
        """The variables whose values come from elsewhere."""
        return {name: value for name, value in self.step.get("env", {}).items() if "${{" in value}


def shells() -> Iterator[Shell]:
    for path in [*workflows(), *actions()]:
        spec = read_yaml(path)
        groups = [job.get("steps", []) for job in spec.get("jobs", {}).values()]
        for steps in [*groups, spec.get("runs", {}).get("steps", [])]:
            yield from (Shell(path, step) for step in steps if "run" in step and path.name != "ci.yml")


SHELLS = list(shells())
RUNNING = next(shell for shell in SHELLS if shell.path.parent.name == "presetctl")


@dataclass
class Machine:
    """A runner with a checkout, on which one step runs."""

    folder: Path
    git: Git
    hub: StandIn
    presetctl: Path

    def run(self, shell: Shell, values: dict[str, str]) -> tuple[str, dict[str, str]]:
        """Runs a step with values for its variables; gives its log and outputs, once they are looked through."""
        files = {name: self.folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_ENV")}
        for file in [*files.values(), self.folder / "summary"]:
            file.write_bytes(b"")
        temp = self.folder / "temp"
        temp.mkdir(exist_ok=True)
        script = self.folder / "script.sh"
        script.write_text(shell.step["run"], encoding="utf-8")
        environment = {
            **IDENTITY, **{name: str(path) for name, path in files.items()}, "HOME": str(self.folder),
            "PATH": f"{self.presetctl}:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.hub.url, "GITHUB_SERVER_URL": "https://github.example", "RUNNER_TEMP": str(temp),
            "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"), "GITHUB_ACTION_PATH": str(shell.path.parent),
            "GITHUB_RUN_ID": "77", **values,
        }  # fmt: skip
        before = set(self.folder.parent.rglob("*"))
        ran = subprocess.run(
            [*BASH, str(script)], cwd=self.git.folder, env=environment, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.STDOUT, errors="replace", stdin=subprocess.DEVNULL, timeout=300,
        )  # fmt: skip
        outputs = read_outputs(files["GITHUB_OUTPUT"])
        made = {path.name for path in set(self.folder.parent.rglob("*")) - before}
        assert not (self.folder / CANARY).exists(), ran.stdout
        assert not any("evil" in name or name == "pwned" for name in made), made
        assert "evil" not in outputs
        assert "evil" not in files["GITHUB_PATH"].read_text()
        assert files["GITHUB_ENV"].read_text() == ""
        told = [line for line in carried_out(ran.stdout) if not line.startswith("::add-mask::")]
        commands = [line for line in told if not line.startswith(tuple(f"::{f}" for f in FINDINGS))]
        assert commands == []
        assert not any("evil" in line for line in told), ran.stdout
        assert "\x1b]0;" not in ran.stdout
        assert "Show this message and exit" not in ran.stdout, "a value became an option"
        return ran.stdout, outputs

    def event(self, text: str) -> None:
        """An event in which everything that others can choose is ``text``."""
        repo = {"full_name": text, "owner": {"login": text}}
        pull = {"number": 1, "title": text, "body": text, "user": {"login": text}}
        head = {"ref": text, "label": text, "sha": text, "repo": repo}
        run = {"id": 5, "head_branch": text, "head_sha": text, "head_repository": repo, "display_title": text}
        event = {"pull_request": {**pull, "head": head}, "workflow_run": run, "head_commit": {"message": text}}
        (self.folder / "event.json").write_text(json.dumps(event), encoding="utf-8")


@pytest.fixture
def machine(tmp_path: Path, presetctl: Path) -> Iterator[Machine]:
    folder = tmp_path / "machine"
    folder.mkdir()
    (git,) = shared(folder, "work")
    git.write("presetctl.yaml", PROJECT)
    git.write("presets/a.yaml", "config: {model: m}\n")
    git.commit("Presets")
    git.write("presets/a.yaml", "config: {model: n}\n")
    with standing_in() as hub:
        hub.open_pull("a" * 40)
        yield Machine(folder, git, hub, presetctl)


def filled(machine: Machine, text: str) -> str:
    return text.replace(CANARY, str(machine.folder / CANARY))


def test_there_is_something_to_try() -> None:
    assert len(SHELLS) > 15
    assert sum(len(shell.given) for shell in SHELLS) > 35


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell.name)
def test_hostile_values_stay_values(shell: Shell, machine: Machine) -> None:
    for text in HOSTILE.values():
        value = filled(machine, text)
        machine.event(value)
        machine.run(shell, dict.fromkeys(shell.given, value.replace("\0", "")))


GOOD = {
    "WORKSPACE": "local", "FOLDER": ".", "BASE": "", "OFFLINE": "false", "COMPARE": "", "ARGUMENTS": "",
    "API_KEY": "canary-key-1", "API_KEY_ENV": "OPENROUTER_API_KEY", "MANAGEMENT_KEY": "", "VARIABLES": "",
    "MANAGEMENT_KEY_ENV": "OPENROUTER_MANAGEMENT_KEY",
}  # fmt: skip


@pytest.mark.parametrize("command", ["plan", "apply", "drift", "import"])
def test_one_hostile_value_among_good_ones(command: str, machine: Machine) -> None:
    good = {**GOOD, "COMMAND": command}
    log, outputs = machine.run(RUNNING, {**good, "COMMAND": "plan"})
    assert outputs["changed"] == "true", log
    if command == "apply":
        good["COMPARE"] = outputs["plan-path"]
    assert set(RUNNING.given) == set(good)
    for name in good:
        for text in (HOSTILE["shell"], HOSTILE["lines"], HOSTILE["option"]):
            if (name, text) != ("ARGUMENTS", HOSTILE["option"]):  # these are options, by whoever calls the action
                machine.run(RUNNING, {**good, name: filled(machine, text)})


@pytest.mark.parametrize(
    "name", ["PATH", "BASH_ENV", "LD_PRELOAD", "GITHUB_TOKEN", "PYTHONPATH", "IFS", "x", "A=B", ""]
)
def test_a_key_is_handed_on_under_no_name_that_means_something(name: str, machine: Machine) -> None:
    log, outputs = machine.run(RUNNING, {**GOOD, "COMMAND": "plan", "API_KEY_ENV": name, "API_KEY": "/evil-key"})
    assert "evil-key" not in log
    assert ("plan-path" in outputs) is (name == ""), "without a name it's the usual one"


def test_variables_are_handed_on_and_hidden_one_by_one(machine: Machine) -> None:
    machine.git.write(
        "presetctl.yaml", PROJECT.replace("url: embedded", "url: http://127.0.0.1:1, api_key_env: OUR_KEY")
    )
    lines = "OUR_KEY=canary 100%\r\n\nLIBRECHAT_PASSWORD=a=b\nEMPTY=\n"
    log, _ = machine.run(RUNNING, {**GOOD, "COMMAND": "plan", "API_KEY": "", "VARIABLES": lines})
    assert [line for line in log.splitlines() if "add-mask" in line] == ["::add-mask::canary 100%25", "::add-mask::a=b"]
    assert "OUR_KEY" not in log.partition("::stop-commands::")[0]
    assert "characters that no key has" in log, "the space in it was looked at"
    for wrong in ("PATH=/evil", "no assignment", "x=1"):
        log, outputs = machine.run(RUNNING, {**GOOD, "COMMAND": "plan", "VARIABLES": wrong})
        assert "plan-path" not in outputs
        assert "must be" in log


def test_the_right_outputs(machine: Machine) -> None:
    _, outputs = machine.run(RUNNING, {**GOOD, "COMMAND": "plan"})
    assert outputs["changed"] == "true"
    assert outputs["changed-slugs"] == '["a"]'
    assert json.loads(outputs["counts"])["create"] == 1
    assert outputs["blocked"] == outputs["stale"] == "false"
    assert outputs["failure-reason"] == ""
    assert outputs["fingerprint"].startswith("sha256:")
    folder = Path(outputs["folder"])
    assert {path.name for path in folder.iterdir()} == {"plan.json", "plan.md", "plan.html", "plan.txt", "result.json"}
    _, applied = machine.run(RUNNING, {**GOOD, "COMMAND": "apply", "COMPARE": outputs["plan-path"]})
    assert applied["failure-reason"] == ""
    log, moved = machine.run(RUNNING, {**GOOD, "COMMAND": "plan", "COMPARE": outputs["plan-path"]})
    assert (moved["stale"], moved["changed"]) == ("true", "false"), log
    machine.git.commit("Applied")
    _, drift = machine.run(RUNNING, {**GOOD, "COMMAND": "drift"})
    assert drift["drifted"] == "false"
    machine.git.write("presets/a.yaml", "confg: {}\n")
    log, failed = machine.run(RUNNING, {**GOOD, "COMMAND": "plan"})
    assert "presets/a.yaml" in log
    assert failed["failure-reason"], log
    assert failed["plan-path"] == ""


def test_no_action_asks_for_a_file_that_is_not_there() -> None:
    for path in (GITHUB / "actions").glob("*/*.sh"):
        assert f'bash "$GITHUB_ACTION_PATH/{path.name}"' in (path.parent / "action.yml").read_text(encoding="utf-8")
