"""A small runner for our own workflows: their YAML and shell as they are, with stand-ins for the actions of others.

It knows what GitHub documents: expressions, matrices, needs, conditions, outputs, artifacts, composite actions,
environments with secrets. Shell runs as GitHub runs ``shell: bash``, with the real presetctl.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from tests.gits import IDENTITY
from tests.workflows.expressions import filled_in, holds

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
Yaml = dict[str, Any]
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


def read_yaml(path: Path) -> Yaml:
    """A workflow or action; every scalar is text, as its expressions see it."""
    loaded: Yaml = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    return loaded


def workflows() -> list[Path]:
    return sorted((GITHUB / "workflows").glob("*.yml"))


def actions() -> list[Path]:
    return sorted((GITHUB / "actions").glob("*/action.yml"))


@dataclass(frozen=True)
class Step:
    """What one step did."""

    name: str
    log: str
    failed: bool
    outputs: dict[str, str]


@dataclass
class Run:
    """What a workflow did: of each job (with the workspace, in a matrix) the result and the steps."""

    id: int
    results: dict[str, str] = field(default_factory=dict)
    steps: dict[str, list[Step]] = field(default_factory=dict)
    summaries: dict[str, str] = field(default_factory=dict)
    environments: list[str] = field(default_factory=list)

    @property
    def log(self) -> str:
        return "".join(step.log for steps in self.steps.values() for step in steps)

    @property
    def failed(self) -> bool:
        return "failure" in self.results.values()


@dataclass
class Runner:
    """GitHub's side: where the repository is, the artifacts, and the secrets of each environment."""

    presetctl: Path
    """The folder with the command."""
    scratch: Path
    origin: Path
    variables: Mapping[str, str]
    token: str
    repository: str
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    artifacts: dict[tuple[int, str], Path] = field(default_factory=dict)
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)
    """What somebody does right before a job begins, by the job's name."""
    numbers: Iterator[int] = field(default_factory=lambda: count(100))

    def __call__(self, name: str, event: Event, **inputs: Any) -> Run:
        """Runs a reusable workflow as called for an event."""
        workflow = read_yaml(GITHUB / "workflows" / name)
        declared = workflow["on"]["workflow_call"]["inputs"]
        assert set(inputs) <= set(declared), (name, inputs)
        missing = {key for key, of in declared.items() if of.get("required") == "true"} - set(inputs)
        assert not missing, (name, missing)
        given = {key: inputs.get(key, of.get("default", "")) for key, of in declared.items()}
        run = Run(next(self.numbers))
        needs: dict[str, Yaml] = {}
        for job, spec in workflow["jobs"].items():
            wanted = [spec["needs"]] if isinstance(spec.get("needs"), str) else spec.get("needs", [])
            contexts = {"inputs": given, "github": self._github(event, run), "needs": {n: needs[n] for n in wanted}}
            self.meanwhile.pop(job, lambda: None)()
            needs[job] = self._job(job, spec, contexts, event, run)
        return run

    def caller(self, name: str, event: Event) -> Run:
        """Runs a workflow whose one job calls a reusable one."""
        (job,) = read_yaml(GITHUB / "workflows" / name)["jobs"].values()
        return self(Path(job["uses"]).name, event, **filled_in(job["with"], {"inputs": {}}))

    def _github(self, event: Event, run: Run) -> Yaml:
        return {
            "event_name": event.name, "event": event.payload, "ref": event.ref, "sha": event.sha,
            "ref_name": event.ref.removeprefix("refs/heads/"), "repository": self.repository, "token": self.token,
            "run_id": str(run.id),
        }  # fmt: skip

    def _job(self, name: str, spec: Yaml, contexts: Yaml, event: Event, run: Run) -> Yaml:
        results = {need["result"] for need in contexts["needs"].values()}

        def status(asked: str) -> bool:
            return {"always": True, "success": results <= {"success"}, "failure": "failure" in results}.get(
                asked, False
            )

        if not holds(spec.get("if"), {**contexts, "status": status}):
            run.results[name] = "skipped"
            return {"result": "skipped", "outputs": {}}
        rows: list[Yaml] = [{}]
        if "strategy" in spec:
            values = filled_in(spec["strategy"]["matrix"]["workspace"], contexts)
            rows = [{"workspace": value} for value in values]
        done = [self._one(name, spec, {**contexts, "matrix": row}, event, run) for row in rows]
        result = "failure" if any(one["result"] == "failure" for one in done) else "success"
        return {"result": result, "outputs": done[-1]["outputs"] if done else {}}

    def _one(self, name: str, spec: Yaml, contexts: Yaml, event: Event, run: Run) -> Yaml:
        label = f"{name} {contexts['matrix']['workspace']}" if contexts["matrix"] else name
        environment = filled_in(spec.get("environment", {}).get("name", ""), contexts)
        if environment:
            run.environments.append(environment)
        place = self.scratch / f"{run.id}-{label.replace(' ', '-')}"
        contexts |= {
            "secrets": self.secrets.get(environment, {}),
            "runner": {"temp": str(place / "temp"), "os": "Linux", "arch": "X64"},
        }
        job = Job(self, place, event, run, contexts)
        job.steps(spec["steps"], contexts)
        result = "failure" if job.failed else "success"
        run.results[label], run.steps[label] = result, job.done
        run.summaries[label] = (place / "summary").read_text(encoding="utf-8")
        return {"result": result, "outputs": filled_in(spec.get("outputs", {}), job.contexts)}


@dataclass(frozen=True)
class Event:
    """What started a run. ``sha`` is what is checked out, unless a step says otherwise."""

    name: str
    sha: str = ""
    ref: str = "refs/heads/main"
    payload: Yaml = field(default_factory=dict)
    base_ref: str = ""


class Job:
    """One job on a machine of its own."""

    def __init__(self, runner: Runner, place: Path, event: Event, run: Run, contexts: Yaml) -> None:
        self.runner, self.place, self.event, self.run, self.contexts = runner, place, event, run, contexts
        self.failed = False
        self.done: list[Step] = []
        self.path = ["/usr/local/bin", "/usr/bin", "/bin"]
        for folder in ("work", "temp", "files", "home"):
            (place / folder).mkdir(parents=True)
        (place / "summary").touch()
        (place / "event.json").write_text(json.dumps(event.payload), encoding="utf-8")

    def _status(self, asked: str) -> bool:
        return {"always": True, "success": not self.failed, "failure": self.failed}.get(asked, False)

    def steps(self, steps: list[Yaml], contexts: Yaml, action: Path | None = None) -> Yaml:
        """Runs the steps of a job or a composite action; gives the ``steps`` context."""
        known: Yaml = {}
        contexts = {**contexts, "steps": known, "status": self._status}
        self.contexts = contexts if action is None else self.contexts
        for step in steps:
            if holds(step.get("if"), contexts):
                outputs, failed = self._step(step, contexts, action)
                self.failed = self.failed or failed
                if "id" in step:
                    known[step["id"]] = {"outputs": outputs}
        return known

    def _step(self, step: Yaml, contexts: Yaml, action: Path | None) -> tuple[Yaml, bool]:
        if "run" in step:
            environment = {
                name: str(value if value is not None else "")
                for name, value in filled_in(step.get("env", {}), contexts).items()
            }
            return self._shell(step, environment, action)
        with_ = {
            name: value if value is not None else ""
            for name, value in filled_in(step.get("with", {}), contexts).items()
        }
        if step["uses"].startswith("$/"):
            return self._action(ROOT / step["uses"][2:], with_, contexts)
        name = step["uses"].partition("@")[0]
        return {
            "actions/checkout": self._checkout,
            "actions/upload-artifact": self._upload,
            "actions/download-artifact": self._download,
        }[name](with_)

    def _action(self, folder: Path, given: Yaml, contexts: Yaml) -> tuple[Yaml, bool]:
        if folder.name == "setup":
            return self._setup()
        spec = read_yaml(folder / "action.yml")
        assert set(given) <= set(spec["inputs"]), (folder, given)
        inputs = {name: given.get(name, of.get("default", "")) for name, of in spec["inputs"].items()}
        before, self.failed = self.failed, False
        inner = {"inputs": inputs, "github": contexts["github"], "runner": contexts["runner"]}
        known = self.steps(spec["runs"]["steps"], inner, folder)
        failed, self.failed = self.failed, before
        values = {name: of["value"] for name, of in spec.get("outputs", {}).items()}
        return filled_in(values, {**inner, "steps": known}), failed

    def _setup(self) -> tuple[Yaml, bool]:
        """presetctl of this checkout on the PATH, where the action would install it."""
        folder = str(self.runner.presetctl)
        self.path = [folder, *(other for other in self.path if other != folder)]
        return {}, False

    def _shell(self, step: Yaml, environment: dict[str, str], action: Path | None) -> tuple[Yaml, bool]:
        assert step["shell"] == "bash", step
        number = len(self.done)
        script, outputs = self.place / "files" / f"{number}.sh", self.place / "files" / f"{number}.out"
        script.write_text(step["run"], encoding="utf-8")
        outputs.touch()
        own = {"GITHUB_OUTPUT": str(outputs), "GITHUB_ACTION_PATH": str(action or "")}
        ran = subprocess.run(
            [*BASH, str(script)],
            cwd=self.place / "work",
            env=self._environment() | environment | own,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        told = read_outputs(outputs)
        self.done.append(Step(str(step.get("name") or step.get("id", "")), ran.stdout, ran.returncode != 0, told))
        return told, ran.returncode != 0

    def _environment(self) -> dict[str, str]:
        event, place = self.event, self.place
        return {
            **IDENTITY, **self.runner.variables,
            "PATH": os.pathsep.join(self.path), "HOME": str(place / "home"), "LC_ALL": "C.UTF-8",
            "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(place / "work"), "RUNNER_TEMP": str(place / "temp"),
            "GITHUB_RUN_ID": str(self.run.id), "GITHUB_STEP_SUMMARY": str(place / "summary"),
            "GITHUB_EVENT_NAME": event.name, "GITHUB_EVENT_PATH": str(place / "event.json"), "GITHUB_REF": event.ref,
            "GITHUB_SHA": event.sha, "GITHUB_BASE_REF": event.base_ref,
            "GITHUB_REPOSITORY": self.runner.repository,
        }  # fmt: skip

    def _checkout(self, given: Yaml) -> tuple[Yaml, bool]:
        assert given["persist-credentials"] == "false"
        work = self.place / "work"
        shutil.rmtree(work)
        git = ["git", "-c", "advice.detachedHead=false"]
        environment = {**os.environ, **IDENTITY}
        subprocess.run([*git, "clone", "-q", str(self.runner.origin), str(work)], check=True, env=environment)
        ref = given.get("ref") or self.event.sha
        subprocess.run([*git, "fetch", "-q", "origin", ref], cwd=work, check=True, env=environment)
        subprocess.run([*git, "checkout", "-q", "--detach", "FETCH_HEAD"], cwd=work, check=True, env=environment)
        return {}, False

    def _upload(self, given: Yaml) -> tuple[Yaml, bool]:
        kept = self.runner.scratch / "artifacts" / str(self.run.id) / given["name"]
        shutil.copytree(given["path"], kept)
        self.runner.artifacts[self.run.id, given["name"]] = kept
        return {}, False

    def _download(self, given: Yaml) -> tuple[Yaml, bool]:
        run = int(given.get("run-id") or self.run.id)
        target = Path(given["path"])
        if "pattern" in given:
            pattern = re.compile(re.escape(given["pattern"]).replace(r"\*", ".*"))
            for (of, name), kept in self.runner.artifacts.items():
                if of == run and pattern.fullmatch(name):
                    shutil.copytree(kept, target / name)
            return {}, False
        found = self.runner.artifacts.get((run, given["name"]))
        if found is None:
            self.done.append(Step("download", f"Unable to find an artifact with the name: {given['name']}\n", True, {}))
            return {}, True
        shutil.copytree(found, target, dirs_exist_ok=True, symlinks=True)
        return {}, False


def read_outputs(path: Path) -> dict[str, str]:
    """The outputs in a file, as the runner reads it: NAME=VALUE, or NAME<<WORD with lines up to WORD."""
    found: dict[str, str] = {}
    lines = iter(path.read_text(encoding="utf-8").splitlines())
    for line in lines:
        name, sign, value = re.split(r"(=|<<)", line, maxsplit=1) if re.search("=|<<", line) else (line, "", "")
        assert sign, f"no output: {line!r}"
        if sign == "<<":
            held = []
            for inner in lines:
                if inner == value:
                    break
                held.append(inner)
            else:
                raise AssertionError(f"{name} does not end")
            value = "\n".join(held)
        found[name] = value
    return found


def carried_out(log: str) -> list[str]:
    """The lines of a log that the runner would take for its commands."""
    stopped, found = "", []
    for line in log.splitlines():
        text = line.lstrip()
        if stopped:
            stopped = "" if text == f"::{stopped}::" else stopped
        elif text.startswith("::stop-commands::"):
            stopped = text.removeprefix("::stop-commands::")
        elif text.startswith("::") or "##[" in text:
            found.append(text)
    return found
