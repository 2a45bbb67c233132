"""The words that name one side of a comparison, and what they lead to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from presetctl import reconcile
from presetctl.cli.console import say
from presetctl.cli.declared import check_valid
from presetctl.cli.session import Session, no_such_version
from presetctl.comparison import Held, Origin, Place
from presetctl.domain.errors import InputError, UsageError
from presetctl.domain.preset import Preset
from presetctl.domain.state import BaseState, DesiredState, Status, numbered
from presetctl.load.documents import PRESET_SUFFIXES
from presetctl.ports import PresetReader
from presetctl.repository import Repository

FORMS = "write v3, HEAD~2 or another commit, WORKSPACE:, WORKSPACE:SLUG, WORKSPACE:SLUG@v3, a preset file, or `.`"
_VERSION = re.compile(r"v([1-9][0-9]{0,8})", re.ASCII)
_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_WORKSPACE = re.compile(rf"({_NAME}(?:/{_NAME})?):(.*)", re.ASCII | re.DOTALL)
_UNMANAGED = r"(?:@[0-9a-f]{8}(?:[0-9a-f]{56})?)?"  # how LibreChat's presets are listed that no file manages
_IN_WORKSPACE = re.compile(rf"([^@:\s]+{_UNMANAGED})(?:@v([1-9][0-9]{{0,8}}))?", re.ASCII)
_FOLDERS = ("./", "../", "/")


@dataclass(frozen=True, slots=True)
class OfVersion:
    """``v3``: a version of whichever preset is meant."""

    number: int


@dataclass(frozen=True, slots=True)
class AtCommit:
    """``HEAD~2``: the files of a commit."""

    ref: str


@dataclass(frozen=True, slots=True)
class InWorkspace:
    """``staging:``, ``staging:slug`` or ``staging:slug@v4``: what a workspace holds."""

    name: str
    slug: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class InFiles:
    """``.`` or the path of a preset file: the work tree."""

    path: str | None = None


Side: TypeAlias = "OfVersion | AtCommit | InWorkspace | InFiles"


def parse_side(word: str) -> Side:
    """What a word names. UsageError where it has no meaning; whether the thing exists is asked later."""
    if word == ".":
        return InFiles()
    if word.startswith(_FOLDERS):
        return InFiles(word)
    place = _WORKSPACE.fullmatch(word)
    if place is not None:
        return _in_workspace(word, place[1], place[2])
    if word.endswith(PRESET_SUFFIXES):
        return InFiles(word)
    version = _VERSION.fullmatch(word)
    if version is not None:
        return OfVersion(int(version[1]))
    if not word.strip():
        raise UsageError("an empty word names nothing to compare", hint=FORMS)
    return AtCommit(word)


def _in_workspace(word: str, name: str, rest: str) -> Side:
    if not rest:
        return InWorkspace(name)
    found = _IN_WORKSPACE.fullmatch(rest)
    if found is None:
        raise UsageError(f"{word} names nothing to compare", hint=FORMS)
    return InWorkspace(name, found[1], int(found[2]) if found[2] else None)


@dataclass(frozen=True)
class SideReader:
    """Reads sides. ``workspace`` is the one that versions are of, and that files are rendered for."""

    session: Session
    repository: Repository
    workspace: str

    def slug(self, side: Side) -> str | None:
        """The preset that a side is about by itself. InputError or UsageError where a file declares none."""
        match side:
            case InWorkspace():
                return side.slug
            case InFiles(str() as path):
                return self._declared_in(path).slug
            case _:
                return None

    def read(self, side: Side, slugs: Sequence[str] | None) -> tuple[Place, Mapping[str, Held]]:
        """The named presets of a side, or all where ``slugs`` is None; those that it doesn't have are left out."""
        match side:
            case InFiles():
                return Place(Origin.FILES, self.workspace), self._declared(self._files(slugs), slugs)
            case AtCommit(ref):
                base = self._base(ref)
                if not base.presets:
                    say(f"Commit {base.commit[:12]} declares no presets for {self.workspace}.")
                return Place(Origin.COMMIT, self.workspace, base.commit), self._declared(base.presets, slugs)
            case OfVersion(number):
                return self._versions(self.workspace, number, slugs or ())
            case InWorkspace(name, str(), int() as number):
                return self._versions(name, number, slugs or ())
            case InWorkspace(name):
                with self.session.connection(self.repository, name) as connection:
                    return Place(Origin.LIVE, name), self._live(name, connection.reader, slugs)

    def _base(self, ref: str) -> BaseState:
        try:
            return self.session.required_base(ref, self.workspace)
        except InputError as error:
            if ref in self.repository.project.project.workspaces:
                raise UsageError(error.message, hint=f"the workspace is written {ref}: with a colon") from error
            raise

    def _files(self, slugs: Sequence[str] | None) -> DesiredState:
        declared = self.repository.rendered.workspaces[self.workspace]
        if slugs is None or any(slug not in declared for slug in slugs):
            check_valid(self.repository)
        return declared

    def _declared_in(self, path: str) -> Preset:
        files = self.session.files([path])
        declared = self.repository.rendered.workspaces[self.workspace].values()
        found = [preset for preset in declared if [preset.source.file] == files]
        if found:
            return found[0]
        if len(files) == 1 and files[0] in self.repository.files:
            check_valid(self.repository)
        raise UsageError(f"{path} is no preset file of this project", hint="`.` stands for all preset files")

    def _declared(self, presets: DesiredState, slugs: Sequence[str] | None) -> dict[str, Held]:
        chosen = presets.keys() if slugs is None else [slug for slug in slugs if slug in presets]
        kinds = self.repository.kinds
        return {slug: Held(presets[slug].content, kinds.kind(presets[slug].kind)) for slug in chosen}

    def _live(self, name: str, reader: PresetReader, slugs: Sequence[str] | None) -> dict[str, Held]:
        if slugs is None:
            rows = reconcile.gather(self.repository, name, reader, ()).listed.values()
            slugs = [row.slug for row in rows if row.status is not Status.ARCHIVED]
        found = reconcile.gather(self.repository, name, reader, slugs).presets
        for slug in (slug for slug, preset in found.items() if preset.status is Status.UNREADABLE):
            say(f"{slug} in {name} can't be read: the server's content filter hides what it says.")
        not_kept = self.repository.settings(name).not_kept
        return {
            slug: Held(preset.version.content, version=preset.version.number, not_kept=not_kept)
            for slug, preset in found.items()
            if preset.version is not None
        }

    def _versions(self, name: str, number: int, slugs: Sequence[str]) -> tuple[Place, dict[str, Held]]:
        held = {}
        with self.session.connection(self.repository, name) as connection:
            reconcile.gather(self.repository, name, connection.reader, ())  # stops where the key is another workspace's
            for slug in slugs:
                held[slug] = self._version(name, number, slug, connection.reader)
        return Place(Origin.VERSION, name, version=number), held

    def _version(self, name: str, number: int, slug: str, reader: PresetReader) -> Held:
        versions = numbered(reader.list_versions(slug))
        if number not in versions:
            raise no_such_version(name, self.repository.settings(name).provider, slug, number, versions)
        return Held(versions[number].content, version=number, not_kept=self.repository.settings(name).not_kept)
