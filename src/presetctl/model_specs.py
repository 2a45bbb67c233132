"""Presets → the entries of LibreChat's modelSpecs, which every user gets, and what is wrong with them there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from presetctl.domain.kind import TITLE, Kind
from presetctl.domain.preset import BESIDE, Preset
from presetctl.domain.problem import Problem, Severity
from presetctl.domain.values import Json, JsonObject, Path, canonical_json, show_path
from presetctl.finding import Finding, Schema
from presetctl.persistence import request_body
from presetctl.validate import SchemaChecker

SECTION: Final = "modelSpecs"
LIST: Final = "list"
WHOLE: Final = (SECTION, LIST)
"""Where the list stands in a whole librechat.yaml."""
_FIRST: Final = ("name", "label", "description", "group", "order", "default")
_FIRST_OF_PRESET: Final = ("endpoint", "endpointType", "model")
_LAST_OF_PRESET: Final = ("promptPrefix", "system", "instructions")
_NO_ENDPOINT: Final = "custom"
"""What says that an endpoint has a name of its own, and is none."""


@dataclass(frozen=True)
class ModelSpecs:
    """The entries, by `order` and then by slug, and all that is to be told of them."""

    entries: tuple[JsonObject, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What LibreChat would refuse or leave out."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    def section(self) -> dict[str, Json]:
        """The section as it stands in librechat.yaml."""
        return {SECTION: {LIST: list(self.entries)}}


def model_specs(presets: Iterable[Preset], kind_of: Callable[[str], Kind], schema: Schema) -> ModelSpecs:
    """The entries of those presets that are to have one. ``schema`` is that of the section.

    A field that LibreChat strips from an entry is left out, with a warning.
    """
    item = schema["properties"][LIST]["items"]
    checker = SchemaChecker(item, "a model spec")
    kept = item["properties"]["preset"]["properties"]
    entries: list[JsonObject] = []
    problems: list[Problem] = []
    defaults: list[str] = []
    listed = [(each, *_entry(each, kind_of(each.kind), kept)) for each in presets if each.model_spec is not None]
    for preset, made, stripped in sorted(listed, key=lambda found: entry_place(found[1])):
        entries.append(made)
        findings = [*checker.findings(made), *_on_endpoint(made), *_on_stripped(stripped), *_on_default(made, defaults)]
        problems += [_problem(preset, finding) for finding in findings]
    return ModelSpecs(tuple(entries), tuple(problems))


def in_order(entry: JsonObject) -> dict[str, Json]:
    """An entry with its keys in the one order in which they are written; texts that may be long come last."""
    ordered = _ordered(entry, _FIRST, ("preset",))
    preset = entry.get("preset")
    if isinstance(preset, Mapping):
        ordered["preset"] = _ordered(preset, _FIRST_OF_PRESET, _LAST_OF_PRESET)
    return ordered


def in_list(document: Json) -> Path | None:
    """Where in a whole librechat.yaml, or in just the section, its list stands or belongs; None if it is neither."""
    if not isinstance(document, Mapping):
        return WHOLE if document is None else None
    held = document.get(SECTION)
    if SECTION not in document and LIST in document:
        return (LIST,)
    return WHOLE if held is None or isinstance(held, Mapping) else None


def same_entries(left: Json, right: Json) -> bool:
    """Whether two lists say the same; numbers count by value, and the order of keys doesn't."""
    return canonical_json(left) == canonical_json(right)


def without_endpoint(entries: Sequence[JsonObject], document: JsonObject) -> list[str]:
    """The entries whose endpoint is one of librechat.yaml's own that a whole ``document`` doesn't have: by name."""
    endpoints = document.get("endpoints")
    custom = endpoints.get(_NO_ENDPOINT) if isinstance(endpoints, Mapping) else None
    listed = custom if isinstance(custom, Sequence) and not isinstance(custom, str) else ()
    known = {_plain(each.get("name")) for each in listed if isinstance(each, Mapping)}
    return [str(each["name"]) for each in entries if (name := _own_endpoint(each)) and _plain(name) not in known]


def _own_endpoint(entry: JsonObject) -> Json:
    preset = entry["preset"]
    is_own = isinstance(preset, Mapping) and preset.get("endpointType") == _NO_ENDPOINT
    return preset.get("endpoint") if is_own and isinstance(preset, Mapping) else None


def _plain(name: Json) -> Json:
    """LibreChat spells one name in small letters, whatever the file says."""
    return name.lower() if isinstance(name, str) and name.lower() == "ollama" else name


def entry_place(entry: JsonObject) -> tuple[float, str]:
    """What entries are sorted by: their order, those without one last; then their name."""
    order = entry.get("order")
    return (float(order) if isinstance(order, int | float) else float("inf"), str(entry.get("name")))


def _entry(preset: Preset, kind: Kind, kept: Collection[str]) -> tuple[dict[str, Json], list[str]]:
    """The entry, and the fields that it can't have."""
    body = request_body(kind, preset.content)
    label = body.pop(TITLE)
    for beside in BESIDE:  # where it was made what a workspace publishes already
        body.pop(beside, None)
    described = {"description": preset.description} if preset.description else {}
    stripped = sorted(body.keys() - set(kept) - kind.left_alone)  # those are a matter of each user's own list
    held = {key: value for key, value in body.items() if key in kept}
    made = {"name": preset.slug, "label": label, **described, **(preset.model_spec or {}), "preset": held}
    return in_order(made), stripped


def _ordered(value: JsonObject, first: Sequence[str], last: Sequence[str]) -> dict[str, Json]:
    between = sorted(value.keys() - {*first, *last})
    return {key: value[key] for key in (*first, *between, *last) if key in value}


def _on_endpoint(made: JsonObject) -> list[Finding]:
    if _own_endpoint(made) != _NO_ENDPOINT:
        return []
    message = f"LibreChat leaves out a model spec whose endpoint is `{_NO_ENDPOINT}`"
    return [Finding(("preset", "endpoint"), "model-spec", message, "write the name that the endpoint has there")]


def _on_stripped(names: Sequence[str]) -> list[Finding]:
    return [
        Finding(
            ("preset", name),
            "model-spec",
            f"LibreChat strips `{name}` from the preset of a model spec, so it is left out there",
            severity=Severity.WARNING,
        )
        for name in names
    ]


def _on_default(made: JsonObject, defaults: list[str]) -> list[Finding]:
    if made.get("default") is not True:
        return []
    defaults.append(str(made["name"]))
    if len(defaults) == 1:
        return []
    message = f"{defaults[0]} is the default already, and only one can be"
    return [Finding(("default",), "model-spec", message, "take one away", Severity.WARNING)]


def _problem(preset: Preset, finding: Finding) -> Problem:
    """A finding at the start of the preset's file, with the path that the file has for it."""
    return Problem(
        preset.source,
        show_path(_in_file(finding.path)),
        finding.rule,
        finding.message,
        finding.suggestion,
        finding.severity,
    )


def _in_file(path: Path) -> Path:
    match path:
        case ("label",):
            return (TITLE,)
        case ("preset", "promptPrefix" | "system" | "instructions"):
            return ("system_prompt",)
        case ("preset", *rest):
            return ("config", *rest)
        case _:
            return ("model_spec", *path)
