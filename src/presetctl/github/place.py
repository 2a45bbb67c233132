"""Where on GitHub a command runs, as the variables of a workflow run say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from presetctl.domain.errors import UsageError
from presetctl.domain.project import EMBEDDED
from presetctl.load.project_model import Url

GITHUB_API, GITHUB_SERVER = "https://api.github.com", "https://github.com"
_REPOSITORY = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.-]{1,100}/(?!\.{1,2}\Z)[A-Za-z0-9_.-]{1,100}")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_URL: TypeAdapter[str] = TypeAdapter(Url)


@dataclass(frozen=True, slots=True)
class Place:
    """A repository, the base address of the API, that of the website, and the number of the workflow run."""

    repository: str
    api: str = GITHUB_API
    server: str = GITHUB_SERVER
    run: int | None = None

    @property
    def path(self) -> str:
        """Where the API has the repository."""
        return f"/repos/{self.repository}"

    def run_url(self, run: int) -> str:
        """Where people see a workflow run."""
        return f"{self.server}/{self.repository}/actions/runs/{run}"


def find_place(environment: Mapping[str, str]) -> Place:
    """The place that the variables tell of. UsageError where they name none, or none that can be."""
    repository = environment.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError(
            "GITHUB_REPOSITORY does not name a repository", hint="on GitHub Actions it is set; else OWNER/NAME"
        )
    run = environment.get("GITHUB_RUN_ID", "")
    return Place(
        repository,
        _address(environment, "GITHUB_API_URL", GITHUB_API),
        _address(environment, "GITHUB_SERVER_URL", GITHUB_SERVER),
        int(run) if _NUMBER.fullmatch(run) else None,
    )


def is_commit(text: str) -> bool:
    """Whether it is the whole id of a commit."""
    return _COMMIT.fullmatch(text) is not None


def commit_id(text: str) -> str:
    """``text``, where it is the whole id of a commit. UsageError where it's something else."""
    if not is_commit(text):
        raise UsageError("that is not the id of a commit", hint="all 40 digits of it, as `git rev-parse` prints them")
    return text


def _address(environment: Mapping[str, str], variable: str, usual: str) -> str:
    try:
        url = _URL.validate_python(environment.get(variable) or usual)
    except ValidationError as error:
        reason = str(error.errors(include_input=False, include_url=False)[0]["msg"]).removeprefix("Value error, ")
        raise UsageError(f"{variable} {reason}") from None
    if url == EMBEDDED:
        raise UsageError(f"{variable} must be a whole address")
    return url
