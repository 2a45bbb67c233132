"""From a workspace into files: presets that no file declares yet, and remote edits of presets that one does.

Nothing is written here. Every file is first tried out: with it, the plan must be empty.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from presetctl.answers import answer
from presetctl.diff import field_changes, value_at, without_inert
from presetctl.domain.change import ABSENT, Absent, FieldChange
from presetctl.domain.errors import InputError
from presetctl.domain.kind import DEFAULT_PRESET, ORDER, PRESET_ID, TITLE, Kind, provider_of
from presetctl.domain.preset import BESIDE, DEFAULT_KIND, SLUG, Content, Preset
from presetctl.domain.problem import Severity
from presetctl.domain.project import declared_name
from presetctl.domain.state import ActualPreset, ActualState, Status
from presetctl.domain.values import Json, JsonObject, Path
from presetctl.kinds import Schemas
from presetctl.load.documents import prompt_text
from presetctl.load.dump_yaml import dump
from presetctl.load.edit_yaml import Edit, edit
from presetctl.load.overlay import OverlaidTree
from presetctl.load.strict_yaml import MAX_BYTES, parse
from presetctl.persistence import held_content, kept, requested_config, requested_path
from presetctl.ports import FileTree
from presetctl.repository import Repository, load

PROMPT_CHARACTERS = 600
"""A longer prompt goes into a file of its own."""
PROMPT_KEYS = frozenset({"system_prompt", "system_prompt_file"})


@dataclass(frozen=True)
class Adopted:
    """Files to write, by path, and for each preset that can't be adopted the reason."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    touched: tuple[str, ...] = ()
    """Other workspaces in which the same edit changes the preset."""
    others: tuple[str, ...] = ()
    """Other presets that the same edit changes: they have the same prompt file."""
    notes: tuple[str, ...] = ()
    """What is stored and left out of the files, because it has no effect."""


@dataclass(frozen=True)
class Adopter:
    """Turns what one workspace holds into files of one repository."""

    tree: FileTree
    schemas: Schemas
    repository: Repository
    workspace: str

    def adopt(self, slugs: Iterable[str], actual: ActualState) -> Adopted:
        """New files for presets that no file declares."""
        files: dict[str, bytes] = {}
        refused: dict[str, str] = {}
        notes: list[str] = []
        taken = {*actual.listed, *self.repository.rendered.kinds}
        for name in slugs:
            try:
                content = live_content(name, actual)
                slug = self._slug(actual.presets[name], taken)
                made = self._new_files(slug, actual.presets[name], content)
                _, said = self._check(made, slug, content)
            except InputError as error:
                problems = "".join(f"; {problem.message}" for problem in error.problems)
                refused[name] = f"{error.message}{problems}"
            else:
                taken.add(slug)
                files.update(made)
                notes += [f"{slug}: {word}" for word in said]
        return Adopted(files, refused, notes=tuple(notes))

    def update(self, slug: str, content: Content) -> Adopted:
        """The files of a declared preset with another content, a stored one. InputError where they can't say it."""
        preset = self.repository.rendered.workspaces[self.workspace][slug]
        kind, settings = self._stored_kind(preset, content.config), self.repository.settings(self.workspace)
        held = held_content(content, settings.not_kept)
        fields = field_changes(held, kept(kind, preset.content, settings.not_kept), kind)
        meant, edits = [field for field in fields if _moot(field, kind) is None], list[Edit]()
        if kind.name != preset.kind:
            edits.append(Edit(("kind",), kind.name))
        files = self._edited(preset.source.file, meant, kind, edits)
        if not files:
            return Adopted(notes=tuple(f"{slug}: {word}" for field in fields if (word := _moot(field, kind))))
        tried, said = self._check(files, slug, content)
        mine = tried.rendered.workspaces[self.workspace]
        others = tuple(other for other in mine if other != slug and self._changes(self.workspace, mine[other]))
        notes = tuple(f"{slug}: {word}" for word in said)
        return Adopted(files, touched=self._touched(tried, slug), others=others, notes=notes)

    def _slug(self, held: ActualPreset, taken: Collection[str]) -> str:
        """What a preset is to be called in the files; one that the workspace knows by another name has none yet.

        Such a name is made of the title and of the id. The title alone is enough where nothing else has that slug.
        """
        if held.managed:
            return held.slug
        title, _, id_ = held.slug.partition("@")
        file = f"{self.repository.project.project.presets}/{title}.yaml"
        return f"{title}-{id_}" if title in taken or file in self.repository.files else title

    def _new_files(self, slug: str, held: ActualPreset, content: Content) -> dict[str, bytes]:
        if SLUG.fullmatch(slug) is None:
            raise InputError("its slug is not one that files may have: small letters and digits, joined by hyphens")
        folder = self.repository.project.project.presets
        file, prompt_file = f"{folder}/{slug}.yaml", f"prompts/{slug}.md"
        if file in self.repository.files:
            raise InputError(f"{file} exists already")
        kind, config, own = self._fitting(content.config)
        prompt, id_ = content.system_prompt, {} if held.managed else {PRESET_ID: held.id}
        document: dict[str, Json] = {} if kind == self.repository.project.project.defaults.kind else {"kind": kind}
        document |= {key: value for key, value in own.items() if (key, value) != (TITLE, slug)}
        alone = self._is_alone
        document |= id_ if alone else {}
        files: dict[str, bytes] = {}
        if prompt is not None and len(prompt) > PROMPT_CHARACTERS and prompt_text(f"{prompt}\n".encode()) == prompt:
            document["system_prompt_file"] = prompt_file
            files[f"{folder}/{prompt_file}"] = f"{prompt}\n".encode()
        elif prompt is not None:
            document["system_prompt"] = prompt
        document["config"] = _against_defaults(self.repository.project.project.defaults.config_of(kind), config)
        document |= {} if alone or not id_ else {"overrides": {self._name: id_}}
        way = "../" * (folder.count("/") + 1)
        head = f"# yaml-language-server: $schema={way}schemas/preset.schema.json\n"
        return {file: (head + dump(document)).encode(), **files}

    @property
    def _is_alone(self) -> bool:
        """Whether no other workspace of the project, and no other user, can hold what this one does."""
        mine, targets = self.repository.settings(self.workspace).provider, self.repository.project.project.targets
        return sum(settings.provider == mine for settings in targets.values()) == 1

    @property
    def _name(self) -> str:
        """The workspace as files name it."""
        return declared_name(self.workspace)

    def _fitting(self, config: JsonObject) -> tuple[str, JsonObject, JsonObject]:
        """The first kind that the config is valid in, the default one before the others.

        With what the config says in that kind, and what the keys beside it say. It is one of the workspace's provider:
        others may know all the fields, and mean other requests. Where a stored preset says its kind, it's that one.
        """
        default = self.repository.project.project.defaults.kind
        said = [name for name in self._kinds if self._says(name, config)]
        names = sorted(said or self._kinds, key=lambda name: (name != default, name != DEFAULT_KIND, name))
        reasons: list[str] = []
        for name in names:
            kind = self.repository.kinds.kind(name)
            stored = without_inert(requested_config(kind, config), kind)
            declared = {key: value for key, value in stored.items() if key not in {*kind.ignored, *kind.keys, *BESIDE}}
            findings = self.repository.kinds.checker(name).findings(declared)
            errors = [finding for finding in findings if finding.severity is Severity.ERROR]
            if not errors:
                return name, declared, self._own_keys(stored, kind)
            reasons.append(f"{name}: {errors[0].message}")
        raise InputError(f"its config fits no kind ({'; '.join(reasons)})")

    @property
    def _kinds(self) -> list[str]:
        """The names of the kinds that the workspace can hold."""
        provider = self.repository.settings(self.workspace).provider
        return [name for name in self.schemas.kinds() if provider_of(name) == provider]

    def _says(self, name: str, config: JsonObject) -> bool:
        """Whether a stored config says by itself that it is of a kind."""
        body = self.repository.kinds.kind(name).body
        return bool(body) and all(config.get(key) == value for key, value in body.items())

    def _own_keys(self, stored: JsonObject, kind: Kind) -> dict[str, Json]:
        """What the keys beside config are to say. A default preset is the only one, and its order is the server's."""
        said = {key: stored.get(name) for name, key in [*kind.keys.items(), *zip(BESIDE, BESIDE, strict=True)]}
        own: dict[str, Json] = {}
        own |= {key: value for key, value in said.items() if value is not None and value != "" and value is not False}
        declared = self.repository.rendered.workspaces[self.workspace].values()
        if own.get(DEFAULT_PRESET) is True:
            own.pop(ORDER, None)
        if any(preset.default for preset in declared):
            own.pop(DEFAULT_PRESET, None)
        return own

    def _stored_kind(self, preset: Preset, config: JsonObject) -> Kind:
        """The kind that a stored config says it is of; the declared one where it says that, or nothing sure."""
        declared = self.repository.kinds.kind(preset.kind)
        if not declared.body or self._says(preset.kind, config):
            return declared
        said = [name for name in self._kinds if self._says(name, config)]
        return self.repository.kinds.kind(said[0]) if len(said) == 1 else declared

    def _edited(self, file: str, fields: Sequence[FieldChange], kind: Kind, edits: Sequence[Edit]) -> dict[str, bytes]:
        """The preset's file, and its prompt's, with the values that the workspace holds (the ``before`` of each).

        ``edits`` are made as well.
        """
        data = self.tree.read(file, MAX_BYTES)
        document = parse(data, file)
        value: JsonObject = document if isinstance(document, Mapping) else {}
        edits = [*edits]
        files: dict[str, bytes] = {}
        said = [(("config", name), value) for name, value in kind.body.items()]
        for change in fields:
            if change.path == ("system_prompt",):
                found, files = self._prompt_edits(file, value, change.before)
                edits += found
            elif (change.path, change.before) in said:
                edits += [Edit(path, ABSENT) for path in (change.path, ("overrides", self._name, *change.path))]
            else:
                edits.append(self._config_edit(value, change, kind))
        edited = edit(data, file, edits)
        return files if edited == data else {file: edited, **files}

    def _prompt_edits(self, file: str, value: JsonObject, prompt: Json | Absent) -> tuple[list[Edit], dict[str, bytes]]:
        """The edits of the preset's file, and the prompt file to write, that give it the prompt of the workspace.

        A prompt from the project's defaults is left alone: the preset gets one of its own over it.
        """
        override = ("overrides", self._name)
        own = value_at(value, override)
        layer: Path = override if isinstance(own, Mapping) and own.keys() & PROMPT_KEYS else ()
        name = value_at(value, (*layer, "system_prompt_file"))
        if isinstance(prompt, str):
            data = f"{prompt}\n".encode()
            if isinstance(name, str) and prompt_text(data) == prompt:
                return [], {posixpath.normpath(posixpath.join(posixpath.dirname(file), name)): data}
            return [Edit((*layer, "system_prompt_file"), ABSENT), Edit((*layer, "system_prompt"), prompt)], {}
        if not layer and not self._default_prompt:
            return [Edit((key,), ABSENT) for key in sorted(PROMPT_KEYS)], {}
        return [Edit((*override, "system_prompt_file"), ABSENT), Edit((*override, "system_prompt"), None)], {}

    @property
    def _default_prompt(self) -> bool:
        defaults = self.repository.project.project.defaults
        return defaults.system_prompt is not None or defaults.system_prompt_file is not None

    def _config_edit(self, value: JsonObject, change: FieldChange, kind: Kind) -> Edit:
        path = requested_path(kind, change.path)
        held = change.before
        if isinstance(held, Mapping):
            held = without_inert(held, kind, change.path[1:])
        overridden = ("overrides", self._name, *path)
        if value_at(value, overridden) is not ABSENT:
            return Edit(overridden, None if held is ABSENT else held)
        below = value_at({"config": self.repository.project.project.defaults.config_of(kind.name)}, path)
        return Edit(path, None if held is ABSENT and below is not ABSENT else held)

    def _check(self, files: Mapping[str, bytes], slug: str, content: Content) -> tuple[Repository, list[str]]:
        """Tries the files out: the repository with them, and a word on what they don't say since it has no effect.

        InputError unless they say just ``content`` but for that.
        """
        tried = load(OverlaidTree(self.tree, files), self.schemas)
        declared = tried.rendered.workspaces[self.workspace].get(slug)
        if declared is None:
            mine = [problem for problem in tried.problems if problem.location.file in files]
            raise InputError("the files would not be valid", problems=mine)
        kind, not_kept = tried.kinds.kind(declared.kind), tried.settings(self.workspace).not_kept
        held = held_content(content, not_kept)
        words = {it.name: _moot(it, kind) for it in field_changes(held, kept(kind, declared.content, not_kept), kind)}
        left = ", ".join(name for name, word in words.items() if word is None)
        if left:
            raise InputError(f"what is stored of {left} can't be said in the files", hint="edit them by hand")
        return tried, [word for word in words.values() if word is not None]

    def _touched(self, tried: Repository, slug: str) -> tuple[str, ...]:
        others = self.repository.project.project.targets.keys() - {self.workspace}
        states = {name: state for name, state in tried.rendered.workspaces.items() if name in others}
        return tuple(name for name, state in states.items() if slug in state and self._changes(name, state[slug]))

    def _changes(self, workspace: str, after: Preset) -> bool:
        """Whether a preset was another one before the edit."""
        before = self.repository.rendered.workspaces[workspace].get(after.slug)
        return before is not None and before.content.digest != after.content.digest


def live_content(slug: str, actual: ActualState) -> Content:
    """What the workspace serves of a preset. InputError where it serves nothing, or doesn't tell what."""
    found = actual.presets.get(slug)
    if found is not None and found.status is Status.UNREADABLE:
        raise InputError(f"{slug} can't be read: the server's content filter hides what it says")
    if found is None or found.version is None:
        raise InputError(f"the workspace serves nothing of {slug}")
    return found.version.content


def _moot(change: FieldChange, kind: Kind) -> str | None:
    """A word on a stored field (from live to declared) that no file can say and that has no effect; None for others."""
    if change.path[:1] != ("config",) or len(change.path) < 2:
        return None
    name, held = str(change.path[1]), change.before
    if held is ABSENT:
        sets = f"it has no `{name}`; the next apply sets it to {kind.body[name]}" if name in kind.body else None
        return sets if len(change.path) == 2 else None
    if name in kind.ignored and (finding := answer(kind, name, {name: held})) is not None:
        return f"{finding.message}; it is left out, and the next apply takes it away"
    if held is None and name in kind.not_null:
        return f"`{name}` is null, which makes the whole preset empty in use; the next apply takes it away"
    return None


def _against_defaults(defaults: JsonObject, config: JsonObject) -> JsonObject:
    """``config`` with a null for every default that it must not inherit."""
    result = dict(config)
    for key, value in defaults.items():
        own = config.get(key)
        if key not in config:
            result[key] = None
        elif isinstance(value, Mapping) and isinstance(own, Mapping):
            result[key] = _against_defaults(value, own)
    return result
