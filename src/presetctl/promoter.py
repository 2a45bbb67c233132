"""The edit of preset files that makes one workspace's presets like another's. Nothing is written here.

Every edit goes into the target's override. It is first tried out: with it, the target must differ from the source in
what is kept and in nothing else, and no other workspace may change.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from presetctl.declaration import lay_over
from presetctl.desired import render
from presetctl.diff import wiped
from presetctl.domain.change import ABSENT, FieldChange
from presetctl.domain.document import Document
from presetctl.domain.errors import InputError
from presetctl.domain.kind import TITLE, Kind
from presetctl.domain.preset import Content, Preset
from presetctl.domain.state import ActualState
from presetctl.domain.values import Json, JsonObject
from presetctl.load.documents import load_document, prompt_text
from presetctl.load.edit_yaml import Edit, edit
from presetctl.load.overlay import OverlaidTree
from presetctl.load.strict_yaml import MAX_BYTES
from presetctl.persistence import held_content, kept, requested_config
from presetctl.ports import FileTree
from presetctl.promotion import (
    PROMPT,
    PROMPT_KEYS,
    Difference,
    Overrides,
    Promotion,
    Promotions,
    Verdict,
    differences,
    names,
    promoted_override,
)
from presetctl.repository import Repository

PROMPT_CHARACTERS = 600
"""A longer prompt that no file holds goes into a file of its own."""


@dataclass(frozen=True)
class Promoter:
    """Promotes presets of one repository from ``source`` to ``target``, both names of workspaces.

    With ``live`` from what the source serves, without from what it is declared to be. ``include`` names fields that
    are promoted though the target's override names them.
    """

    tree: FileTree
    repository: Repository
    source: str
    target: str
    include: Collection[str] = ()
    live: ActualState | None = None

    def promote(self, slugs: Iterable[str]) -> Promotions:
        """What the promotion of some declared presets does; nothing where the two are the same."""
        made, missing = list[Promotion](), list[str]()
        for slug in slugs:
            content = self._source_content(slug)
            if content is None:
                missing.append(slug)
            else:
                made.append(self._promote(slug, content))
        return Promotions(self.source, self.target, self.live is not None, tuple(made), tuple(missing))

    def _source_content(self, slug: str) -> Content | None:
        """What the source has of a preset, as a workspace keeps it; None where it serves nothing."""
        if self.live is None:
            theirs = self._preset(self.source, slug)
            return kept(self.repository.kinds.kind(theirs.kind), theirs.content)
        found = self.live.presets.get(slug)
        return self._live_content(slug, found.version.content) if found and found.version else None

    def _live_content(self, slug: str, live: Content) -> Content:
        """What the source serves, less what is the user's own there because no file declares it."""
        theirs = self._preset(self.source, slug)
        own = self.repository.kinds.kind(theirs.kind).left_alone - theirs.content.config.keys()
        return held_content(live, [*self._not_kept, *own])

    @property
    def _not_kept(self) -> Collection[str]:
        """What can't be compared, because the source doesn't keep it: only where its live content is looked at."""
        return () if self.live is None else self.repository.settings(self.source).not_kept

    def _preset(self, workspace: str, slug: str) -> Preset:
        return self.repository.rendered.workspaces[workspace][slug]

    def _promote(self, slug: str, source: Content) -> Promotion:
        preset = self._preset(self.target, slug)
        document = load_document(self.tree, preset.source.file)
        one = _One(self, preset, document, source)
        dashboard = wiped(source, one.kind)
        notes = [f"only the dashboard can set {', '.join(dashboard)}, so it is not promoted"] if dashboard else []
        try:
            files, refused = one.files(), None
        except InputError as error:
            problems = "".join(f"; {problem.message}" for problem in error.problems)
            files, refused = {}, f"{error.message}{problems}"
        return Promotion(slug, preset.kind, document.file, one.found, files, tuple(notes), refused)


class _One:
    """The promotion of one preset."""

    def __init__(self, promoter: Promoter, preset: Preset, document: Document, source: Content) -> None:
        self._promoter = promoter
        self._preset = preset
        self._document = document
        self._source = source
        kind = promoter.repository.kinds.kind(preset.kind)
        self.kind: Kind = replace(kind, left_alone=frozenset())  # both sides say all that is to be compared
        self._value: JsonObject = document.value if isinstance(document.value, Mapping) else {}
        both = ((name, self._override(name)) for name in (promoter.source, promoter.target))
        self._overrides = Overrides(*both)
        self.found = self._differences(preset, promoter.include)

    def _override(self, workspace: str) -> JsonObject:
        overrides = self._value.get("overrides")
        override = overrides.get(workspace) if isinstance(overrides, Mapping) else None
        return override if isinstance(override, Mapping) else {}

    def _differences(self, target: Preset, include: Collection[str] = ()) -> tuple[Difference, ...]:
        content = kept(self.kind, target.content, self._promoter._not_kept)
        return differences(self._source, content, self.kind, self._overrides, include)

    def files(self) -> dict[str, tuple[bytes, bytes]]:
        """The files to write, before and after. InputError where they can't say the promotion."""
        if all(difference.verdict is Verdict.KEPT for difference in self.found):
            return {}
        file, tree = self._document.file, self._promoter.tree
        prompt, made = self._prompt()
        requested = Content(self._source.system_prompt, requested_config(self.kind, self._source.config))
        below: JsonObject = {**self._keys_below(), "config": self._config_below()}
        override = promoted_override(self._overrides.own, requested, below, self.found, prompt, self.kind)
        data = tree.read(file, MAX_BYTES)
        files = {file: edit(data, file, [self._edit(override)]), **made}
        self._check(OverlaidTree(tree, files))
        return {path: (data if path == file else b"", after) for path, after in files.items()}

    def _edit(self, override: JsonObject) -> Edit:
        """The edit that puts the target's override into the file; one that became empty goes."""
        target = self._promoter.target
        if override:
            return Edit(("overrides", target), override)
        overrides = self._value.get("overrides")
        alone = isinstance(overrides, Mapping) and set(overrides) == {target}
        return Edit(("overrides",) if alone else ("overrides", target), ABSENT)

    def _keys_below(self) -> JsonObject:
        """What the keys beside config would be without the target's override."""
        said = {key: self._value[key] for key in self.kind.keys.values() if key in self._value}
        return {TITLE: self._preset.slug, **said} if self.kind.has_title else said

    def _config_below(self) -> JsonObject:
        """What the target's config would be without its override."""
        defaults = self._promoter.repository.project.project.defaults.config_of(self.kind.name)
        own = self._value.get("config")
        config = lay_over({}, defaults, remove_all_nulls=False)
        return lay_over(config, own, remove_all_nulls=False) if isinstance(own, Mapping) else config

    def _prompt_below(self) -> str | None:
        """What the target's prompt would be without its override."""
        project = self._promoter.repository.project.document
        defaults = project.value.get("defaults") if isinstance(project.value, Mapping) else None
        for document, layer in ((self._document, self._value), (project, defaults)):
            if isinstance(layer, Mapping) and names(layer, PROMPT):
                text, file = (layer.get(key) for key in PROMPT_KEYS)
                read = document.prompts.get(file) if isinstance(file, str) else text
                return read if isinstance(read, str) else None
        return None

    def _prompt(self) -> tuple[dict[str, Json], dict[str, bytes]]:
        """The keys of an override that say the source's prompt, and the prompt file to write, if it takes one."""
        wanted, (name, theirs) = self._source.system_prompt or None, self._overrides.source
        if wanted == self._prompt_below():
            return {}, {}
        if wanted == self._promoter._preset(name, self._preset.slug).content.system_prompt and names(theirs, PROMPT):
            return {key: theirs[key] for key in PROMPT_KEYS if key in theirs}, {}
        if wanted is None:
            return {"system_prompt": None}, {}
        short, folder = (
            f"prompts/{self._preset.slug}.{self._promoter.target}.md",
            posixpath.dirname(self._document.file),
        )
        path, data = posixpath.join(folder, short), f"{wanted}\n".encode()
        taken = path in self._promoter.tree.files(posixpath.join(folder, "prompts"))
        if len(wanted) <= PROMPT_CHARACTERS or taken or prompt_text(data) != wanted:
            return {"system_prompt": wanted}, {}
        return {"system_prompt_file": short}, {path: data}

    def _check(self, tree: FileTree) -> None:
        """Renders the edited file for every workspace. InputError unless just what is promoted changed."""
        project, slug = self._promoter.repository.project, self._preset.slug
        document = load_document(tree, self._document.file)
        tried = render([document], project.project, project.document, self._promoter.repository.kinds)
        if tried.errors:
            raise InputError("the files would not be valid", problems=tried.errors)
        for name, presets in tried.workspaces.items():
            if slug in presets and not _same(
                presets[slug], self._promoter._preset(name, slug), contents=name != self._promoter.target
            ):
                raise InputError(f"the edit would also change the preset in {name}")
        kept_changes = _changes(it for it in self.found if it.verdict is Verdict.KEPT)
        left = _changes(self._differences(tried.workspaces[self._promoter.target][slug]))
        odd = sorted({change.name for change in left ^ kept_changes})
        if odd:
            raise InputError(f"what {self._promoter.source} has of {', '.join(odd)} can't be said in an override")


def _changes(found: Iterable[Difference]) -> set[FieldChange]:
    return {change for difference in found for change in difference.changes}


def _same(left: Preset, right: Preset, *, contents: bool) -> bool:
    """Whether two presets say the same; without ``contents`` only beside what a workspace keeps."""
    beside = all(
        getattr(left, name) == getattr(right, name)
        for name in ("kind", "description", "protected", "model_spec", "adopts")
    )
    return beside and (not contents or left.content.digest == right.content.digest)
