"""Saved plans: what `plan --out` wrote. The file may come from anywhere: nothing in it is believed unseen."""

from __future__ import annotations

import os
import stat
from pathlib import Path as FilePath
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from presetctl.domain.change import (
    ABSENT,
    Absent,
    Action,
    Cause,
    Change,
    FieldChange,
    Head,
    Live,
    Plan,
    Rename,
    Target,
)
from presetctl.domain.errors import InputError, StaleError, UsageError
from presetctl.domain.problem import Location
from presetctl.domain.strict_json import JsonError, parse_json
from presetctl.domain.values import Json, Path, read_path
from presetctl.plan import FORMAT_VERSION, fingerprint

MAX_PLAN_BYTES = 32 * 1024 * 1024
MAX_PLAN_VALUES = 500_000
_HINT = "`presetctl plan --out FILE` makes one"

_Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
_Number = Annotated[int, Field(ge=1)]


def _major(version: str) -> str:
    if version.split(".")[0] != FORMAT_VERSION.split(".")[0]:
        raise ValueError("another format")
    return version


def _path(value: Any) -> Path:
    if not isinstance(value, str):
        raise ValueError("not a path")
    return read_path(value)


Format = Annotated[str, AfterValidator(_major)]
_FieldPath = Annotated[tuple[str | int, ...], BeforeValidator(_path)]


class Strict(BaseModel):
    """Values of the right type only; what newer minor versions add is left aside."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)


class FieldEntry(Strict):
    path: _FieldPath
    cause: Annotated[Cause | None, Field(strict=False)]
    before: Any = ABSENT
    after: Any = ABSENT

    def made(self) -> FieldChange:
        before: Json | Absent = self.before
        after: Json | Absent = self.after
        return FieldChange(self.path, before, after, self.cause)


class _Source(Strict):
    file: str
    line: _Number


class _Live(Strict):
    version: int | None
    version_id: str
    digest: _Digest


class _After(Strict):
    digest: _Digest


class _Rename(Strict):
    slug: str
    similarity: int


class _Change(Strict):
    slug: str
    kind: str
    action: Annotated[Action, Field(strict=False)]
    source: _Source
    before: _Live | None
    after: _After | None
    fields: list[FieldEntry]
    warnings: list[str]
    already_live: list[_FieldPath]
    renamed_from: _Rename | None = None

    def made(self) -> Change:
        live = None if self.before is None else Live(**dict(self.before))
        return Change(
            slug=self.slug,
            kind=self.kind,
            action=self.action,
            source=Location(self.source.file, self.source.line),
            before=live,
            after=None if self.after is None else self.after.digest,
            fields=tuple(field.made() for field in self.fields),
            warnings=tuple(self.warnings),
            already_live=tuple(FieldChange(path, ABSENT, ABSENT) for path in self.already_live),
            renamed_from=None if self.renamed_from is None else Rename(**dict(self.renamed_from)),
        )


class _Target(Strict):
    name: str
    provider: str
    url: str
    workspace_id: str | None


class _Selection(Strict):
    slugs: list[str] = []
    exclude: list[str] = []


class _Head(Strict):
    commit: str | None
    dirty: bool


class _Plan(Strict):
    format_version: Format
    workspace: _Target
    base: str | None
    offline: bool
    selection: _Selection = _Selection()
    head: _Head
    changes: list[_Change]
    unmanaged: list[str]
    orphaned: list[str]
    objections: list[str] = []
    summary: dict[str, int]
    fingerprint: _Digest

    def made(self) -> Plan:
        return Plan(
            workspace=Target(**dict(self.workspace)),
            head=Head(**dict(self.head)),
            changes=tuple(change.made() for change in self.changes),
            unmanaged=tuple(self.unmanaged),
            fingerprint=self.fingerprint,
            base=self.base,
            orphaned=tuple(self.orphaned),
            offline=self.offline,
            chosen=tuple(self.selection.slugs),
            excluded=tuple(self.selection.exclude),
            objections=tuple(self.objections),
        )


class _Plans(Strict):
    format_version: Format
    plans: Annotated[list[_Plan], Field(min_length=1)]


_Model = TypeVar("_Model", bound=Strict)


def load_plan(path: FilePath) -> Plan:
    """The plan in a file that is to be applied.

    InputError where it isn't a plan, or doesn't agree with itself; StaleError where another format of plans made it;
    UsageError where it can't be applied, because it is of several workspaces or of none.
    """
    document = read_document(path)
    version = document.get("format_version") if isinstance(document, dict) else None
    if isinstance(version, str) and version.split(".")[0] != FORMAT_VERSION.split(".")[0]:
        raise StaleError(
            f"{path} has the plan format {version[:20]}, this presetctl writes {FORMAT_VERSION}; nothing was written",
            hint="make a new plan",
        )
    plans = _plans(document, path)
    if len(plans) > 1 or plans[0].offline:
        what = "no workspace" if plans[0].offline else "several workspaces"
        raise UsageError(f"{path} was made of {what}, and can't be applied", hint=_HINT)
    return plans[0]


def load_plans(path: FilePath) -> tuple[list[Plan], Json]:
    """The plan in a file, or the plans of several workspaces, and the JSON document that it holds.

    Of what each change is about, ``wipes`` and the values of what is already live are not in a file. InputError where
    it isn't a plan, or doesn't agree with itself.
    """
    document = read_document(path)
    return _plans(document, path), document


def _plans(document: Any, path: FilePath) -> list[Plan]:
    if isinstance(document, dict) and "plans" in document:
        plans = [plan.made() for plan in validated(_Plans, document, path).plans]
        summaries = [plan["summary"] for plan in document["plans"]]
    else:
        plans = [validated(_Plan, document, path).made()]
        summaries = [document["summary"]]
    for plan, summary in zip(plans, summaries, strict=True):
        if fingerprint(plan.workspace, plan.changes) != plan.fingerprint or plan.summary != summary:
            message = f"{path} is not as presetctl wrote it: its changes don't fit its fingerprint or its summary"
            raise InputError(message, hint="make a new plan")
    return plans


def validated(model: type[_Model], document: Any, path: FilePath, what: str = "a plan", hint: str = _HINT) -> _Model:
    """The document as ``model``. InputError where it's none; ``what`` is then what it isn't."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        place = error.errors(include_input=False, include_url=False, include_context=False)[0]["loc"]
        shown = ".".join(map(str, place))[:200] or "the document"
        raise InputError(
            f"{path} is not {what} of format {FORMAT_VERSION.split('.')[0]}: `{shown}` is missing or has another form",
            hint=hint,
        ) from None


def read_document(path: FilePath, what: str = "a plan", hint: str = _HINT) -> Any:
    """The JSON value in a file. InputError where it can't be read, is too large, or isn't strict JSON."""
    name = f"the {what.split()[-1]}"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_PLAN_BYTES:
                raise InputError(f"{path} is not {what}: not a regular file of at most 32 MiB")
            return parse_json(stream.read(MAX_PLAN_BYTES), what=name, max_values=MAX_PLAN_VALUES)
    except OSError as error:
        raise InputError(f"{name} {path} can't be read: {error.strerror}") from error
    except ValueError as error:
        reason = str(error) if isinstance(error, JsonError) else "its path is not one"
        raise InputError(f"{path} is not {what}: {reason}", hint=hint) from None
