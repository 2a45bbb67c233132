"""One document + project + schemas → what it declares for every workspace, and every problem on the way."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from presetctl.diff import value_at
from presetctl.domain.change import ABSENT
from presetctl.domain.document import Document
from presetctl.domain.kind import DEFAULT_PRESET, KEYS, ORDER, PRESET_ID, TITLE, Kind, provider_of
from presetctl.domain.preset import MODEL_SPEC, SLUG, Content, Preset
from presetctl.domain.problem import Fix, Location, Problem, Severity
from presetctl.domain.project import Project
from presetctl.domain.provider import LIBRECHAT
from presetctl.domain.values import Json, JsonObject, Path, show_path
from presetctl.finding import Finding, Remedy
from presetctl.kinds import Kinds

MAX_SLUG = 100


@dataclass(frozen=True)
class _Layer:
    """One level of a preset: the project's defaults, the file itself, or an override."""

    document: Document
    base: Path
    value: JsonObject

    def has(self, path: Path) -> bool:
        found: Json = self.value
        for step in path:
            if isinstance(found, Mapping) and step in found:
                found = found[str(step)]
            elif (
                isinstance(found, Sequence)
                and not isinstance(found, str)
                and isinstance(step, int)
                and step < len(found)
            ):
                found = found[step]
            else:
                return False
        return True

    def locate(self, path: Path, key: bool = False) -> Location:
        return self.document.locate((*self.base, *path), key)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What one file declares: a preset for each workspace that can hold it (None: for none), and what is wrong.

    The presets mean something only where nothing is wrong but warnings.
    """

    file: str
    slug: str
    slug_place: Location
    kind: str
    """Its name, empty where it isn't known to be one."""
    presets: Mapping[str | None, Preset]
    problems: tuple[Problem, ...] = ()
    prompts: Mapping[str, str | Problem] = field(default_factory=dict)
    """The texts of the prompt files by the names that the file has for them, or what is wrong with them."""


def declaration(document: Document, project: Project, project_file: Document, kinds: Kinds) -> Declaration:
    """Checks one document and builds its preset for every workspace."""
    reader = _PresetReader(document, project, project_file, kinds)
    presets = reader.read()
    problems, prompts = tuple(reader.problems), document.prompts
    return Declaration(document.file, reader.slug, reader.slug_place, reader.kind, presets, problems, prompts)


def is_error(problem: Problem) -> bool:
    """Whether a problem makes its file invalid."""
    return problem.severity is Severity.ERROR


class _PresetReader:
    """Reads one document for every workspace, and collects what is wrong with it."""

    def __init__(self, document: Document, project: Project, project_file: Document, kinds: Kinds) -> None:
        self._document = document
        self._project = project
        self._project_file = project_file
        self._kinds = kinds
        self._value: JsonObject = document.value if isinstance(document.value, Mapping) else {}
        self.problems: list[Problem] = list(document.secrets)
        self.slug, self.slug_place = self._slug()
        self.kind = ""
        """The name of its kind, once it is known to be one."""

    def read(self) -> dict[str | None, Preset]:
        """The preset by workspace, None where none can hold it; meaningful only where no error was found."""
        if not isinstance(self._document.value, Mapping):
            self._report(Finding((), "wrong-type", "a preset file is a mapping of `config:` and other keys"))
            return {}
        for finding in self._kinds.envelope.findings(self._value):
            if finding.path[:1] not in {("slug",), ("kind",)}:
                self._report(finding)
        self._check_slug()
        kind_name = self._value.get("kind", self._project.defaults.kind)
        if kind_name not in self._kinds:
            self._report_unknown_kind(kind_name)
            return {}
        self.kind = str(kind_name)
        overrides = self._value.get("overrides")
        overrides = overrides if isinstance(overrides, Mapping) else {}
        kind = self._kinds.kind(str(kind_name))
        self._check_names(overrides, kind)
        workspaces = self._workspaces(kind)
        if not workspaces:
            self._report_no_workspace(kind)
            return {None: self._preset(kind, self._layers(kind))}
        plain: Preset | None = None
        presets: dict[str | None, Preset] = {}
        for name in workspaces:
            override = overrides.get(name)
            if isinstance(override, Mapping):
                presets[name] = self._preset(
                    kind, [*self._layers(kind), _Layer(self._document, ("overrides", name), override)]
                )
            else:
                plain = plain or self._preset(kind, self._layers(kind))
                presets[name] = plain
        return presets if any(map(is_error, self.problems)) else self._published(presets)

    def _published(self, presets: Mapping[str | None, Preset]) -> dict[str | None, Preset]:
        """The presets as workspaces hold them that publish model specs; one without an entry isn't held there."""
        found = dict(presets)
        for name in [name for name in found if name is not None and self._project.workspaces[name].publishes]:
            from presetctl.publishing import published  # few projects have such a workspace

            made, problems = published({self.slug: found.pop(name)}, self._kinds.kind, self._kinds.model_specs_schema())
            self.problems += problems
            if made:
                found[name] = made[self.slug]
        return found

    def _workspaces(self, kind: Kind) -> list[str]:
        """The workspaces that can hold a preset of that kind: those of its provider."""
        return [name for name, settings in self._project.workspaces.items() if settings.provider == kind.provider]

    def _layers(self, kind: Kind) -> list[_Layer]:
        settings = self._project_file.value
        defaults = settings.get("defaults") if isinstance(settings, Mapping) else None
        below: JsonObject = defaults if isinstance(defaults, Mapping) else {}
        if kind.provider != provider_of(self._project.defaults.kind):
            below = {key: value for key, value in below.items() if key != "config"}  # another provider's fields
        return [_Layer(self._project_file, ("defaults",), below), _Layer(self._document, (), self._value)]

    def _preset(self, kind: Kind, layers: list[_Layer]) -> Preset:
        config: JsonObject = {}
        for index, layer in enumerate(layers):
            patch = layer.value.get("config")
            if patch is None and "config" in layer.value:
                config = {}
            elif isinstance(patch, Mapping):
                config = lay_over(config, patch, remove_all_nulls=index == 2)
        for finding in self._kinds.checker(kind.name).findings(config):
            self._report(finding, layers, ("config",))
        own = self._own_keys(kind, layers)
        prompt = self._prompt(layers)
        if not config and prompt is None and not self.problems:
            message = "the preset is empty: it has neither a config field nor a system prompt"
            self._report(Finding((), "empty-preset", message, "give `config:` a `model`, for example"))
        description = _topmost(layers, "description", str)
        protected = _topmost(layers, "protected", bool)
        source = self._document.locate((), False)
        model_spec = self._model_spec(kind, layers)
        content = Content(prompt, {**config, **own})
        adopts = _topmost(layers, PRESET_ID, str) if kind.has_title else None
        default = kind.exclusive in own
        return Preset(self.slug, kind.name, content, source, description, bool(protected), model_spec, adopts, default)

    def _own_keys(self, kind: Kind, layers: list[_Layer]) -> dict[str, Json]:
        """What a workspace stores of the keys beside config, under its names; the title is the slug without one."""
        if not kind.has_title:
            for key in (*KEYS.values(), PRESET_ID):
                message = f"`{key}` is kept by LibreChat's workspaces only, not by those of {kind.provider}"
                hint = "remove it; `description:` is for people" if key == TITLE else "remove it"
                self._report_where_said(key, message, hint, layers)
            return {}
        said = {key: value for key in KEYS.values() if (value := _said(layers, key)) is not None}
        if DEFAULT_PRESET in said and ORDER in said:
            message = f"`{ORDER}` has no effect beside `{DEFAULT_PRESET}`: the default preset is always the first"
            self._report(Finding((ORDER,), "no-effect", message, "remove one of the two", at_key=True), layers)
        stored: dict[str, Json] = {name: said[key] for name, key in KEYS.items() if key in said}
        return {**stored, TITLE: said.get(TITLE) or self.slug}

    def _model_spec(self, kind: Kind, layers: list[_Layer]) -> JsonObject | None:
        """What an entry in modelSpecs says beside the preset; None where the files want none."""
        if not kind.has_title:
            message = f"`{MODEL_SPEC}` is for LibreChat, and says nothing to {kind.provider}"
            self._report_where_said(MODEL_SPEC, message, "remove it", layers)
            return {}
        own: JsonObject | None = {}
        for index, layer in enumerate(layers):
            patch = layer.value.get(MODEL_SPEC)
            if isinstance(patch, Mapping):
                own = lay_over(own or {}, patch, remove_all_nulls=index == 2)
            elif MODEL_SPEC in layer.value:
                own = None if patch is False else {}
        for finding in self._kinds.model_spec.findings(own or {}):
            self._report(finding, layers, (MODEL_SPEC,))
        return own

    def _report_where_said(self, key: str, message: str, hint: str, layers: list[_Layer]) -> None:
        for layer in layers:
            if key in layer.value:
                self._report(Finding((key,), "unknown-field", message, hint, at_key=True), [layer])

    def _prompt(self, layers: list[_Layer]) -> str | None:
        """The prompt of the topmost layer that says something of it."""
        for layer in reversed(layers):
            text, file = layer.value.get("system_prompt"), layer.value.get("system_prompt_file")
            if text is not None and file is not None:
                message = "has both system_prompt and system_prompt_file"
                self._report(Finding(("system_prompt_file",), "two-prompts", message, "keep one of the two"), [layer])
            if isinstance(text, str):
                return text
            if isinstance(file, str):
                read = layer.document.prompts.get(file)
                if isinstance(read, Problem):
                    self.problems.append(read)
                return read if isinstance(read, str) else None
            if "system_prompt" in layer.value or "system_prompt_file" in layer.value:
                return None
        return None

    def _slug(self) -> tuple[str, Location]:
        declared = self._value.get("slug")
        if isinstance(declared, str):
            return declared, self._document.locate(("slug",), False)
        return posixpath.splitext(posixpath.basename(self._document.file))[0], Location(self._document.file)

    def _check_slug(self) -> None:
        declared = self._value.get("slug", "")
        if not isinstance(declared, str):
            self._report(Finding(("slug",), "wrong-type", "`slug` must be a text"))
        elif SLUG.fullmatch(self.slug) is None or len(self.slug) > MAX_SLUG:
            source = "the slug" if declared else "the file's name is the slug, and"
            message = (
                f"{source} `{self.slug[:MAX_SLUG]}` must be small letters and digits in groups joined by one hyphen, "
                f"{MAX_SLUG} characters at most; OpenRouter documents only “URL-safe”, and this is safe everywhere"
            )
            near = "-".join(SLUG.findall(self.slug.lower().replace("_", "-")))[:MAX_SLUG].strip("-")
            hint = f"write `slug: {near}`" if near else "give it a `slug:`"
            self.problems.append(Problem(self.slug_place, "slug", "slug", message, hint))

    def _check_names(self, overrides: JsonObject, kind: Kind) -> None:
        for name in overrides:
            settings = self._project.workspaces.get(name)
            if settings is not None and settings.provider != kind.provider:
                message = f"{name} is a workspace of {settings.provider}, which can't hold a preset of {kind.name}"
                self._report(Finding(("overrides", name), "unknown-workspace", message, "remove it", at_key=True))
            elif settings is None:
                message = f"`{name}` is not a workspace of this project"
                hint = f"presetctl.yaml has {', '.join(sorted(self._project.workspaces))}"
                self._report(Finding(("overrides", name), "unknown-workspace", message, hint, at_key=True))

    def _report_no_workspace(self, kind: Kind) -> None:
        message = f"this project has no workspace of the provider {kind.provider}, so this preset is planned nowhere"
        name, address = ("chat", ", url: https://…") if kind.provider == LIBRECHAT else ("production", "")
        hint = f"presetctl.yaml takes one under `workspaces:`, such as `{name}: {{provider: {kind.provider}{address}}}`"
        self._report(Finding(("kind",), "no-workspace", message, hint, Severity.WARNING))

    def _report_unknown_kind(self, name: Json) -> None:
        finding = self._kinds.unknown(name)
        if "kind" in self._value:
            self._report(finding)
        else:
            place = self._project_file.locate(("defaults", "kind"), False)
            self.problems.append(Problem(place, "defaults.kind", finding.rule, finding.message, finding.suggestion))

    def _report(self, finding: Finding, layers: Sequence[_Layer] = (), inside: Path = ()) -> None:
        """Turns a finding into a problem at the place that it comes from: the topmost layer that has its path."""
        path = (*inside, *finding.path)
        own = _Layer(self._document, (), self._value)
        layer = next((layer for layer in reversed(layers) if layer.has(path)), own)
        where = layer.locate(path, finding.at_key)
        shown = show_path((*layer.base, *path))
        fix = _fix(layer, path, finding.remedy) if finding.remedy else None
        self.problems.append(
            Problem(where, shown, finding.rule, finding.message, finding.suggestion, finding.severity, fix)
        )


def _fix(layer: _Layer, path: Path, remedy: Remedy) -> Fix | None:
    """A remedy as an edit of the layer's file; None where something stands already at the place to write to."""
    source, to = (*layer.base, *path), path if remedy.to == () else remedy.to
    if to is None:
        return Fix(source, None)
    value = value_at(layer.value, path) if remedy.value is ABSENT else remedy.value
    if to != path and any(layer.has(place) for place in _same_thing(to)):
        return None
    return None if value is ABSENT else Fix(source, (*layer.base, *to), value)


def _same_thing(to: Path) -> tuple[Path, ...]:
    """The places of which only one may be taken."""
    return (to, ("system_prompt_file",)) if to == ("system_prompt",) else (to,)


def _said(layers: Sequence[_Layer], key: str) -> Json:
    """The value of the topmost layer that says something of a key; None where none does."""
    return next((layer.value[key] for layer in reversed(layers) if key in layer.value), None)


_Plain = TypeVar("_Plain", str, bool)


def _topmost(layers: Sequence[_Layer], key: str, form: type[_Plain]) -> _Plain | None:
    """The value of the topmost layer that says something of it, where that is one of the right type; null is none."""
    found = _said(layers, key)
    return found if isinstance(found, form) else None


def lay_over(below: JsonObject, above: JsonObject, *, remove_all_nulls: bool) -> JsonObject:
    """``above`` over ``below``, mapping by mapping; everything else is replaced whole.

    With ``remove_all_nulls`` it's a JSON Merge Patch (RFC 7396): null removes. Without, null removes what lies below,
    and where nothing does, it's a value like any other.
    """
    result = dict(below)
    for key, value in above.items():
        if value is None and (remove_all_nulls or key in below):
            result.pop(key, None)
        elif isinstance(value, Mapping):
            lower = result.get(key)
            result[key] = lay_over(
                lower if isinstance(lower, Mapping) else {}, value, remove_all_nulls=remove_all_nulls
            )
        else:
            result[key] = value
    return result
