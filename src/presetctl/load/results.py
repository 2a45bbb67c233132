"""What commands with `--format json` printed: drift, an apply, or why they failed. Nothing in it is believed unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from presetctl.domain.change import FieldChange, Plan
from presetctl.domain.errors import InputError
from presetctl.domain.outcome import Result
from presetctl.domain.preset import Content
from presetctl.domain.state import Version
from presetctl.drift import Drift, DriftReport
from presetctl.load.plans import FieldEntry, Format, Strict, load_plans, read_document, validated
from presetctl.load.project_model import WorkspaceName

_DRIFT, _DRIFT_HINT = "a report of drift", "`presetctl drift --format json` prints one"
_APPLY, _APPLY_HINT = "a report of an apply", "`presetctl apply --format json` prints one"


class _Version(Strict):
    version: int | None
    version_id: str = ""
    created_at: str = ""
    creator: str | None = None

    def made(self) -> Version:
        return Version(self.version_id, self.version, Content(None, {}), self.created_at, self.creator)


class _Drift(Strict):
    slug: str
    kind: str
    file: str
    version: int | None
    fields: list[FieldEntry]
    archived: bool
    versions: list[_Version]

    def made(self) -> Drift:
        history = tuple(version.made() for version in self.versions)
        return Drift(self.slug, self.kind, self.file, self._live(history), self._fields(), self.archived, history)

    def _live(self, history: Sequence[Version]) -> Version | None:
        if self.version is None:  # nothing is live, or no versions are counted
            return next((version for version in history if version.number is None), None)
        bare = Version("", self.version, Content(None, {}))
        return next((version for version in reversed(history) if version.number == self.version), bare)

    def _fields(self) -> tuple[FieldChange, ...]:
        return tuple(field.made() for field in self.fields)


class _Summary(Strict):
    presets: int


class _Report(Strict):
    format_version: Format
    workspace: WorkspaceName
    commit: str
    drifts: list[_Drift]
    limits: list[str]
    summary: _Summary

    def made(self) -> DriftReport:
        found = tuple(drift.made() for drift in self.drifts)
        return DriftReport(self.workspace, self.commit, self.summary.presets, found, tuple(self.limits))


class _Error(Strict):
    code: int
    message: str
    hint: str = ""


class _Failed(Strict):
    format_version: Format
    error: _Error


class _Outcome(Strict):
    slug: str
    result: str
    message: str = ""


class _Applied(Strict):
    format_version: Format
    outcomes: list[_Outcome]


def load_drift(path: Path) -> DriftReport:
    """What `presetctl drift --format json` printed. InputError where it's something else, or says why drift failed."""
    document = read_document(path, _DRIFT, _DRIFT_HINT)
    failed = _failure(document, path)
    if failed is not None:
        raise InputError(f"{path} holds no drift, but an error: {failed[1]}", hint="look at the log of that step")
    return validated(_Report, document, path, _DRIFT, _DRIFT_HINT).made()


def load_plans_or_failure(path: Path) -> tuple[list[Plan], tuple[int, str]]:
    """Plans, or the exit code and the message of a command that made none. InputError where it's neither."""
    failed = _failure(read_document(path), path)
    return (load_plans(path)[0], (0, "")) if failed is None else ([], failed)


def load_failure(path: Path) -> tuple[int, str]:
    """Why an apply failed: exit code and message; 0 and nothing where it did not. InputError where it's no apply."""
    document = read_document(path, _APPLY, _APPLY_HINT)
    failed = _failure(document, path)
    if failed is not None:
        return failed
    outcomes = validated(_Applied, document, path, _APPLY, _APPLY_HINT).outcomes
    bad = [outcome for outcome in outcomes if outcome.result not in {Result.APPLIED, Result.UNCHANGED}]
    if not bad:
        return 0, ""
    first = next((outcome for outcome in bad if outcome.message), bad[0])
    written = any(outcome.result in {Result.APPLIED, Result.NOT_PERSISTED} for outcome in outcomes)
    code = 6 if written else 5 if bad[0].result == Result.CONFLICT else 1
    return code, f"{first.slug}: {first.result.replace('_', ' ')}: {first.message}".rstrip(": ")


def _failure(document: Any, path: Path) -> tuple[int, str] | None:
    """The code and message of the document of a failed command; None where it's another document."""
    if not isinstance(document, Mapping) or "error" not in document:
        return None
    error = validated(_Failed, document, path).error
    return error.code, error.message
