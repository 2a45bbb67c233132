"""What the core needs from the outside. The read side and the write side are apart: a plan gets only a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from presetctl.domain.change import Rename
    from presetctl.domain.history import LastDeclared
    from presetctl.domain.preset import Content, Preset
    from presetctl.domain.state import ActualPreset, BaseState, ListedPreset, Listing, Version, WorkspaceIdentity

_Item = TypeVar("_Item")

READERS = 16
"""How many presets are read at the same time, unless somebody says otherwise. More gain nothing: the GIL is one."""


class Track(Protocol):
    """Shows people how far some work is."""

    def __call__(self, items: Iterable[_Item], what: str, total: int) -> Iterable[_Item]:
        """The same items; how many of ``total`` have been asked for may be shown, with a word on ``what`` it is."""


def untracked(items: Iterable[_Item], what: str, total: int) -> Iterable[_Item]:  # noqa: ARG001 - a Track
    """Shows nothing."""
    return items


class Cache(Protocol):
    """Remembers what can be found out again; see presetctl.cache, which keeps it in a file.

    A space is a table of its own by name, such as ``versions``. Keys say everything that their value depends on
    (``{workspace id}/{version id}``): entries are never changed, only forgotten, at any time. What comes back is what
    was put in under that key, proven by a digest; that it has the wanted form is for the caller to check, since an
    earlier presetctl may have written it. Neither call raises, and neither changes what a command prints.
    """

    def get(self, space: str, keys: Iterable[str]) -> Mapping[str, bytes]:
        """The values of those ``keys`` that are known, by key. Ask for many at once."""

    def put(self, space: str, entries: Mapping[str, bytes]) -> None:
        """Remembers ``entries``, by key. Give it many at once: every call is a transaction of its own."""


class NoCache:
    """Remembers nothing."""

    def get(self, space: str, keys: Iterable[str]) -> Mapping[str, bytes]:
        """Nothing."""
        return {}

    def put(self, space: str, entries: Mapping[str, bytes]) -> None:
        """Forgets them."""


NO_CACHE: Cache = NoCache()


class FileTree(Protocol):
    """The files of a repository at one moment: the work tree, or a commit.

    Paths are relative to the project's folder, with ``/`` between the parts.
    """

    def files(self, folder: str) -> Iterable[str]:
        """Every regular file below ``folder``, sorted. A folder that doesn't exist has none."""

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of one file. InputError if it's missing, not a regular file, outside, or above ``limit`` bytes."""


class DeclaredPast(Protocol):
    """What is known of what the files of one workspace declared earlier: from git, and from the files themselves."""

    @property
    def has_history(self) -> bool:
        """Whether git could be asked at all."""

    @property
    def gaps(self) -> Sequence[str]:
        """Why declarations may be missing here; empty where all of history could be asked."""

    def declares(self, slug: str) -> bool:
        """Whether any file ever declared the slug, as far as is known."""

    def last(self, slug: str) -> LastDeclared | None:
        """A preset as it was declared last for the workspace; None where no commit declares it in a way valid today."""

    def was_removed(self, slug: str) -> bool:
        """Whether some commit removed a file that had declared the slug, as far as is known."""

    def before_head(self) -> BaseState | None:
        """What the commit before HEAD declares; None where there is none, or git can't be asked."""

    def renames(self, removed: Sequence[Preset], new: Sequence[Preset]) -> Mapping[str, Rename]:
        """Which removed preset a new one looks like, by the new one's slug, as far as git finds them similar."""

    def since(self, preset: Preset) -> float | None:
        """When the files here got what they declare of a preset, in seconds since 1970; None where nothing tells."""

    def may_come_from_files(self, slug: str, content: Content) -> bool:
        """Whether a stored content is what some commit declares; also where history has gaps."""


AskPast: TypeAlias = "Callable[[], DeclaredPast | None]"
"""Gives what is known of earlier declarations; called only where it's needed: reading git's history takes time."""


def no_past() -> None:
    """Nothing is known of earlier declarations."""


class PresetReader(Protocol):
    """The read side of a workspace. Errors: AccessError, RemoteError."""

    def identity(self) -> WorkspaceIdentity:
        """Which workspace the key opens."""

    def list_presets(self) -> Listing:
        """Every row of the workspace's list, each preset once."""

    def read_presets(self, slugs: Sequence[str]) -> Sequence[ActualPreset | None]:
        """The presets with their designated versions, in the order asked for; None where there is none."""

    def read_listed(self, rows: Sequence[ListedPreset]) -> Sequence[ActualPreset | None]:
        """As ``read_presets``, for rows that were listed just now.

        A version that was read once need not be read again: never use it for what is read right before a write, or
        to see what became of one.
        """

    def list_versions(self, slug: str) -> Sequence[Version]:
        """Every version of a preset, oldest first; empty where there is no such preset."""


class PresetWriter(Protocol):
    """The write side of a workspace."""

    def write(self, preset: Preset) -> ActualPreset:
        """Sends one preset once and gives what the remote says that it stored.

        AmbiguousError when nobody knows whether it took effect; any other error means that it did not. BusyError and
        ConflictError are those after which it may be sent again. ``retry_after`` says how long the remote asks to wait.
        """

    def prepare_archiving(self) -> None:
        """Makes sure that there is a key to remove and restore with; called before anything is written.

        AccessError where there is none, or it isn't accepted.
        """

    def remove(self, slug: str) -> None:
        """Takes a preset away; asked once. It's hidden with all its versions, or where a provider can't, deleted.

        Removing a hidden one changes nothing. NotFoundError where the workspace can't, or doesn't know the preset; else
        errors as for ``write``.
        """

    def restore(self, slug: str) -> ActualPreset:
        """Brings an archived preset back without a new version. Errors as for ``remove``."""
