"""The workflows that ``init --github`` writes: a few lines each, which call those of presetctl's own repository."""

from __future__ import annotations

import importlib.metadata
import json
import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from presetctl.domain.errors import InputError, UsageError
from presetctl.domain.project import EMBEDDED, OpenRouterWorkspace, Project
from presetctl.load.git import GitRepository
from presetctl.load.project import PROJECT_FILE, load_project
from presetctl.load.tree import WorkTree

PLACEHOLDER = "OWNER/presetctl@COMMIT"
_SOURCE = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+@[0-9a-f]{40}")
_ON_GITHUB = re.compile(r"(?:https://|ssh://git@)github\.com/([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+?)(?:\.git)?/?")
_KEY = "OPENROUTER_API_KEY"
_MANAGEMENT_KEY = "OPENROUTER_MANAGEMENT_KEY"
_VARIABLES = "PRESETCTL_VARIABLES"
"""The secret with a line for each variable that workspaces without a key name."""
_ABSENT = "production"

_PULL_REQUEST = """\
# What a pull request would change: checked, planned, and shown in a comment.
name: presets
on:
  pull_request:
  merge_group:
permissions: {}
concurrency:
  group: presets-${{ github.ref }}
  cancel-in-progress: true
jobs:
  presets:
    permissions:
      actions: read
      contents: read
      pull-requests: write
    uses: %(uses)s
    with:
%(inputs)s
    secrets:
%(secrets)s
"""
_MAIN = """\
# Applies what was merged, once the reviewers of the environment agree.
name: presets-main
on:
  push:
    branches: [main]
  workflow_dispatch:
    inputs:
      arguments:
        description: More words for `presetctl apply`, for example --allow-updates 40
        default: ""
permissions: {}
concurrency:
  group: presets-main-${{ github.run_id }} # each run to its end; presets-apply.yml takes one workspace at a time
  cancel-in-progress: false
jobs:
  apply:
    permissions:
      actions: read
      contents: read
      pull-requests: write
    uses: %(uses)s
    with:
%(inputs)s
    secrets:
%(secrets)s
"""
_WATCH = """\
# Looks every day for what was changed outside git, and keeps an issue about it.
name: presets-watch
on:
  schedule:
    - cron: "17 5 * * *"
  workflow_dispatch:
permissions: {}
concurrency:
  group: presets-watch
  cancel-in-progress: false
jobs:
  drift:
    permissions:
      contents: read
      issues: write
    uses: %(uses)s
    with:
%(inputs)s
    secrets:
%(secrets)s
"""
_COMMENT = """\
# The comment on a fork's pull request, which the fork's own run may not write.
name: presets-comment
on:
  workflow_run: # zizmor: ignore[dangerous-triggers] nothing is checked out, and what the other run left is only read
    workflows: [presets]
    types: [completed]
permissions: {}
concurrency:
  group: presets-comment-${{ github.event.workflow_run.id }}
  cancel-in-progress: false
jobs:
  comment:
    permissions:
      actions: read
      pull-requests: write
    uses: %(uses)s
    with:
%(inputs)s
"""
_FILES = {
    "presets.yml": (_PULL_REQUEST, "presets-pr.yml"),
    "presets-main.yml": (_MAIN, "presets-apply.yml"),
    "presets-watch.yml": (_WATCH, "presets-drift.yml"),
    "presets-comment.yml": (_COMMENT, "presets-fork.yml"),
}


@dataclass(frozen=True)
class Calls:
    """What the workflows of a repository are about.

    ``root`` is the repository's folder, ``folder`` the way from there to the project, ``key`` the variable that the
    workspaces name for their key (empty where none has a key), ``variables`` all those that the others name, and
    ``source`` the repository and commit with presetctl's workflows.
    """

    root: Path
    folder: str
    workspaces: tuple[str, ...]
    key: str
    variables: tuple[str, ...]
    source: str

    def files(self) -> dict[str, bytes]:
        """The files by name, below ``root``."""
        return {f".github/workflows/{name}": self._text(*of).encode() for name, of in _FILES.items()}

    def _text(self, template: str, called: str) -> str:
        repository, _, commit = self.source.partition("@")
        inputs = {"workspaces": f"'{json.dumps(self.workspaces)}'"}
        if called != "presets-fork.yml":
            inputs |= {"folder": json.dumps(self.folder)} if self.folder else {}
            inputs |= {"api-key-env": self.key} if self.key not in {"", _KEY} else {}
        if called == "presets-apply.yml":
            inputs["arguments"] = "${{ inputs.arguments }}"
        return template % {
            "uses": f"{repository}/.github/workflows/{called}@{commit}",
            "inputs": "\n".join(f"      {name}: {value}" for name, value in inputs.items()),
            "secrets": "\n".join(f"      {name}: ${{{{ secrets.{name} }}}}" for name in self._secrets(called)),
        }

    def _secrets(self, called: str) -> list[str]:
        keys = [_KEY, *([_MANAGEMENT_KEY] * (called == "presets-apply.yml"))]
        return [*(keys if self.key else []), *([_VARIABLES] * bool(self.variables))]

    def next_steps(self) -> str:
        """What is left to do by hand, for people."""
        plan, apply = (", ".join(f"`{name}{end}`" for name in self.workspaces) for end in ("-plan", ""))
        lines = [
            *(
                [f"  in these files: put presetctl's repository and commit for {PLACEHOLDER}"]
                * (self.source == PLACEHOLDER)
            ),
            *(
                [f"  {PROJECT_FILE}: a workspace {', '.join(self.workspaces)} whose key is in {self.key}"]
                * bool(self.key)
            ),
            f"  Settings, Environments: {plan} with {self._wanted('plans')}",
            f"  Settings, Environments: {apply} with {self._wanted('writes')},",
            "      required reviewers, and main as the only branch",
            "  Settings, Rules: for main, require the check `presets / summary`",
        ]
        return "\n".join(["\nNext, on GitHub:", *lines])

    def _wanted(self, deed: str) -> str:
        """The secrets of an environment, for people."""
        key = [f"the secret {_KEY}, a key that {deed}"] * bool(self.key)
        lines = f"the secret {_VARIABLES}, with a line `NAME=…` for each of {', '.join(self.variables)}"
        return "; ".join([*key, *([lines] * bool(self.variables))])


def calls(project: Path, source: str | None) -> Calls:
    """What the workflows for the project in ``project`` call. UsageError where ``source`` is none."""
    if source is not None and not _SOURCE.fullmatch(source):
        raise UsageError(f"--uses takes OWNER/NAME@COMMIT, and not {source}", hint="all 40 digits of the commit")
    root, folder = _repository(project)
    names, key, variables = _workspaces(project)
    return Calls(root, folder, names, key, variables, source or installed_from() or PLACEHOLDER)


def _repository(project: Path) -> tuple[Path, str]:
    """The folder of the git repository and the way from there; the project's own folder where there is none."""
    folder = next(folder for folder in (project, *project.parents) if folder.is_dir())
    try:
        prefix = GitRepository.around(folder).prefix.strip("/")
    except InputError:
        return project, ""
    root = folder.parents[prefix.count("/")] if prefix else folder
    way = project.relative_to(root).as_posix()
    return root, "" if way == "." else way


def _workspaces(project: Path) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """The workspaces that somebody has to open, the variable that the first with a key names for it, and all others."""
    known: Project | None = None
    if (project / PROJECT_FILE).exists():
        known = load_project(WorkTree(project)).project
    remote = {} if known is None else {n: w for n, w in known.workspaces.items() if w.url != EMBEDDED}
    if not remote:
        return (_ABSENT,), _KEY, ()
    keys = [settings.variables[0] for settings in remote.values() if isinstance(settings, OpenRouterWorkspace)]
    others = (settings.variables for settings in remote.values() if not isinstance(settings, OpenRouterWorkspace))
    return tuple(remote), keys[0] if keys else "", tuple(dict.fromkeys(chain(*others)))


def installed_from(distribution: str = "presetctl") -> str | None:
    """OWNER/NAME@COMMIT on GitHub that presetctl was installed from, where pip noted it; else None."""
    try:
        noted = importlib.metadata.distribution(distribution).read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return None
    return source_in(noted or "{}")


def source_in(noted: str) -> str | None:
    """The same from the text of ``direct_url.json`` (PEP 610)."""
    try:
        document = json.loads(noted)
        repository = _ON_GITHUB.fullmatch(document["url"])
        found = f"{repository[1]}@{document['vcs_info']['commit_id']}" if repository else ""
    except (ValueError, KeyError, TypeError):
        return None
    return found if _SOURCE.fullmatch(found) else None
