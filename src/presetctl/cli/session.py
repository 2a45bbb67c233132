"""What the commands share: options, the repository that they work on, and the open workspace."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from presetctl.cache import FileCache, cache_folder
from presetctl.cli.console import say
from presetctl.cli.progress import Progress
from presetctl.domain.errors import InputError, PresetctlError, UsageError
from presetctl.domain.project import declared_name
from presetctl.domain.provider import LIBRECHAT, capabilities
from presetctl.domain.state import BaseState
from presetctl.load.documents import preset_files
from presetctl.load.project import PROJECT_FILE, find_project
from presetctl.load.tree import WorkTree
from presetctl.ports import NO_CACHE, READERS, Cache
from presetctl.providers.librechat.pace import Pace
from presetctl.report.safe import one_line
from presetctl.repository import Repository, load, load_base
from presetctl.specs.schemas import SchemaLibrary

if TYPE_CHECKING:
    from presetctl.providers.registry import Connection

EMBEDDED_FOLDER = ".presetctl"

_Command = TypeVar("_Command", bound=Callable[..., Any])


def workspace_option(command: _Command) -> _Command:
    """``-w``."""
    return click.option("-w", "--workspace", metavar="NAME", help="The workspace; the project's default one without.")(
        command
    )


@dataclass(frozen=True)
class Session:
    """A project folder with its schemas."""

    root: Path
    start: Path
    schemas: SchemaLibrary
    progress: Progress
    cache: Cache
    pace: Pace = field(default_factory=Pace)
    """How the logins of this command follow each other."""

    @classmethod
    def open(cls, ctx: click.Context) -> Session:
        """The project around the folder that the command runs in. InputError where there is none."""
        start = Path(ctx.find_root().obj)
        if not start.is_dir():
            raise UsageError(f"-C: {start} is not a folder")
        root = find_project(start.resolve())
        return cls(root, start.resolve(), SchemaLibrary.for_project(root), Progress(), _cache(ctx))

    def repository(self, files: Sequence[str] | None = None) -> Repository:
        """The repository as read: every preset file, or just ``files``."""
        return load(WorkTree(self.root), self.schemas, files, track=self.progress.track, cache=self.cache)

    def required_base(self, ref: str, workspace: str) -> BaseState:
        """The files at ``ref``. InputError where git can't be asked or knows no such commit."""
        from presetctl.load.git import Base, GitRepository
        from presetctl.load.gittree import GitTree

        around = GitRepository.around(self.root)
        found = Base(around.commit(ref), "named base")
        return load_base(GitTree(around, found.commit), self.schemas, workspace, found, self.cache)

    def base(self, ref: str | None, workspace: str) -> BaseState | None:
        """The files at ``ref``, or at the base that git or GitHub tells of; None where nothing tells.

        What wasn't named is said: which base was found, or why none was that could be expected.
        """
        if ref is not None:
            return self.required_base(ref, workspace)
        from presetctl.load.base import NoBase, find_base
        from presetctl.load.git import GitRepository

        try:
            around = GitRepository.around(self.root)
        except InputError:
            return None
        found = find_base(around, os.environ)
        if isinstance(found, NoBase):
            if found.why:
                say(f"There is no base to compare with: {one_line(found.why)}. --base names one.")
            return None
        say(f"Compared with commit {found.commit[:12]}, the {one_line(found.reason)}.")
        from presetctl.load.gittree import GitTree

        return load_base(GitTree(around, found.commit), self.schemas, workspace, found, self.cache)

    def files(self, paths: Sequence[str]) -> list[str]:
        """The named files, and the preset files in the named folders, as paths from the project's folder."""
        tree = WorkTree(self.root)
        found: list[str] = []
        for path in paths:
            absolute = self.start / path
            try:
                inside = Path(absolute.parent.resolve(), absolute.name).relative_to(self.root).as_posix()
            except ValueError:
                raise UsageError(f"{path} is not inside the project {self.root}") from None
            if absolute.is_dir():
                found += preset_files(tree, absolute.resolve().relative_to(self.root).as_posix())
            elif inside != PROJECT_FILE:
                found.append(inside)
        return list(dict.fromkeys(found))

    def workspace(self, repository: Repository, name: str | None) -> str:
        """The workspace that is meant. UsageError where none is named and none is the default, or it has users."""
        targets = self.targets(repository, name)
        if len(targets) > 1:
            raise UsageError(
                f"{declared_name(targets[0])} has several users, and this is for one of them",
                hint=f"name one with -w: {', '.join(targets)}",
            )
        return targets[0]

    def targets(self, repository: Repository, name: str | None) -> list[str]:
        """The workspaces that are meant: one, or one for each of its users. UsageError as for ``workspace``."""
        chosen = name or repository.project.project.default_name()
        if chosen is None:
            raise UsageError("which workspace?", hint=f"name one with -w, or set default_workspace in {PROJECT_FILE}")
        repository.settings(chosen)
        return repository.project.project.targets_of(chosen)

    @contextmanager
    def connection(
        self, repository: Repository, workspace: str, *, writes: bool = False, readers: int = READERS
    ) -> Iterator[Connection]:
        """The open workspace. The embedded one is a file that only a command that writes makes.

        ``readers`` presets are read at the same time.
        """
        from presetctl.providers.registry import connect  # and with it all of HTTP

        settings = repository.settings(workspace)
        database = self.root / EMBEDDED_FOLDER / f"{workspace.replace('/', '@')}.sqlite3"
        declared = repository.rendered.workspaces[workspace]
        with _embedded(database, settings.provider, writes) as embedded:
            connection = connect(
                workspace,
                settings,
                repository.kinds.kind,
                os.environ,
                embedded,
                declared={slug: preset.adopts for slug, preset in declared.items()},
                readers=readers,
                track=self.progress.track,
                tell=say,
                pace=self.pace,
                cache=self.cache,
            )
            try:
                yield connection
            finally:
                connection.close()


def _cache(ctx: click.Context) -> Cache:
    """The cache of the user, open until the command ends."""
    folder = cache_folder(os.environ)
    if folder is None:
        return NO_CACHE
    cache = FileCache(folder, say)
    ctx.call_on_close(cache.close)
    return cache


def no_such_version(workspace: str, provider: str, slug: str, number: int, versions: Collection[int]) -> UsageError:
    """What to say of a version that a workspace doesn't have."""
    if not capabilities(provider).versions:
        message = f"{workspace} keeps no versions, as every workspace of {provider}: there is no version {number}"
        return UsageError(message, hint=f"name a commit instead: `presetctl history {slug}` lists them")
    known = f"it has {', '.join(map(str, sorted(versions)[-10:]))}" if versions else "it has none"
    return UsageError(f"{workspace} has no version {number} of {slug}", hint=known)


@contextmanager
def _embedded(database: Path, provider: str, writes: bool) -> Iterator[Callable[[], Any]]:
    opened: list[Any] = []

    def transport() -> Any:
        import httpx

        from presetctl.emulator.errors import UnusableDatabaseError

        if not opened:
            if writes:
                _make_folder(database.parent)
            try:
                opened.append(_emulator(provider, database if writes or database.exists() else ":memory:"))
            except UnusableDatabaseError as error:
                hint = f"move {database} away; the next apply makes a new one"
                raise InputError(f"the embedded workspace can't be opened: {error}", hint=hint) from error
        return httpx.WSGITransport(opened[0])

    try:
        yield transport
    finally:
        for app in opened:
            app.close()


def _emulator(provider: str, database: Path | str) -> Any:
    """The emulator of a provider's workspace; LibreChat's lets in whom ``connect`` logs in as, as often as it likes."""
    if provider == LIBRECHAT:
        from presetctl.emulator.librechat import app as librechat
        from presetctl.providers.registry import EMBEDDED_EMAIL, EMBEDDED_PASSWORD

        account = librechat.Account(EMBEDDED_EMAIL, EMBEDDED_PASSWORD)
        return librechat.create_app(database, accounts=[account], settings=librechat.Settings(login_max=0))
    from presetctl.emulator.app import create_app

    return create_app(database)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise PresetctlError(
            f"the folder {folder} of the embedded workspace can't be made: {error.strerror}"
        ) from error
