"""Everything that a project's preset files ever were, as git's history knows it."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

from presetctl.domain.errors import InputError
from presetctl.domain.preset import SLUG
from presetctl.domain.values import Json
from presetctl.load.documents import PRESET_SUFFIXES, prompt_files
from presetctl.load.git import GitRepository
from presetctl.load.gitlog import Log, Logged, read_log
from presetctl.load.gittree import read_blobs
from presetctl.load.project import PROJECT_FILE
from presetctl.load.strict_yaml import parse

_DEFAULT_FOLDER = "presets"
_LINKS_FOLLOWED = 8
"""How many links may lead to one another, as elsewhere."""


class Past:
    """The preset files of HEAD's history, or of all branches. Git is asked when something is first needed."""

    def __init__(self, repository: GitRepository, *, everywhere: bool = False) -> None:
        self._repository = repository
        self._everywhere = everywhere
        self._declaring: dict[str, list[tuple[str, Json]]] = {}
        self._paths: dict[str, set[str]] = {}

    @property
    def cut(self) -> int | None:
        """How many commits were looked at, where there are more than that; else None."""
        return len(self._presets.commits) if self._presets.cut or self._projects.cut else None

    @property
    def removed(self) -> frozenset[str]:
        """The files among the presets that some commit removed; they may be back since."""
        return self._presets.removed

    def files(self, slug: str) -> list[tuple[str, Json]]:
        """Every file that ever declared a slug, as it was then."""
        if slug not in self._declaring:
            self._declaring[slug] = list(self._find_files(slug)) if SLUG.fullmatch(slug) else []
        return self._declaring[slug]

    def _find_files(self, slug: str) -> Iterator[tuple[str, Json]]:
        named = slug.encode()
        candidates = ((path, data) for path, data in self._contents if _stem(path) == slug or named in data)
        parsed = ((path, _parsed(data, path)) for path, data in candidates)
        yield from ((path, value) for path, value in parsed if _slug(path, value) == slug)

    def commits(self, slug: str) -> Sequence[Logged]:
        """The commits that may have changed what is declared under a slug, newest first."""
        if not self.files(slug):
            return ()
        paths = self.paths(slug)
        everything = all(_below_any(path, self._folders) for path in paths - {PROJECT_FILE})
        log = self._presets if everything else self._read_log(paths)
        return [logged for logged in log.commits if not paths.isdisjoint(logged.paths)]

    def paths(self, slug: str) -> set[str]:
        """Every file that ever had a part in a preset: its own, its prompts, the project's, and what links led to."""
        if slug not in self._paths:
            self._paths[slug] = self._find_paths(slug)
        return self._paths[slug]

    def _find_paths(self, slug: str) -> set[str]:
        files = self.files(slug)
        prompts = {
            posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            for path, value in [*files, *self._project_values]
            for _, name in prompt_files(value)
        }
        own = {PROJECT_FILE, *(path for path, _ in files), *filter(_inside, prompts)}
        outside = {path for path in own - {PROJECT_FILE} if not _below_any(path, self._folders)}
        _, elsewhere = self._follow(self._read_log(outside).links) if outside else ((), {})
        return own | {target for path in own for led in (self._linked[1], elsewhere) for target in led.get(path, ())}

    def _read_log(self, paths: Collection[str]) -> Log:
        return read_log(self._repository, paths, everywhere=self._everywhere)

    @cached_property
    def _projects(self) -> Log:
        return self._read_log([PROJECT_FILE])

    @cached_property
    def _project_values(self) -> list[tuple[str, Json]]:
        """Everything that presetctl.yaml ever said."""
        contents = dict(read_blobs(self._repository, sorted({blob for _, blob in self._projects.blobs})))
        values = (_parsed(data, PROJECT_FILE) for data in contents.values())
        return [(PROJECT_FILE, value) for value in values if isinstance(value, Mapping)]

    @cached_property
    def _folders(self) -> set[str]:
        """Every folder that ever held presets."""
        folders = {
            posixpath.normpath(name)
            for _, value in self._project_values
            if isinstance(value, Mapping) and isinstance(name := value.get("presets", _DEFAULT_FOLDER), str) and name
        }
        return folders or {_DEFAULT_FOLDER}

    @cached_property
    def _presets(self) -> Log:
        """The history of all presets, and of what lies in their folders."""
        return self._read_log({PROJECT_FILE, *self._folders})

    @cached_property
    def _linked(self) -> tuple[set[tuple[str, str]], dict[str, set[str]]]:
        """What the links among the presets ever led to."""
        return self._follow(self._presets.links)

    def _follow(self, links: Collection[tuple[str, str]]) -> tuple[set[tuple[str, str]], dict[str, set[str]]]:
        """What the targets of links ever were, path and blob; and by link all that it led to, by way of others too."""
        blobs: set[tuple[str, str]] = set()
        led: dict[str, set[str]] = {}
        for _ in range(_LINKS_FOLLOWED if links else 0):
            texts = dict(read_blobs(self._repository, sorted({blob for _, blob in links})))
            leads = [(path, _target(path, texts[blob])) for path, blob in links]
            new = {(path, target) for path, target in leads if _inside(target) and target not in led.get(path, ())}
            if not new:
                break
            log = self._read_log({target for _, target in new})
            for path, target in new:
                for holder in [path, *(it for it, targets in led.items() if path in targets)]:
                    led.setdefault(holder, set()).add(target)
            blobs |= log.blobs
            links = log.links
        return blobs, led

    @cached_property
    def _contents(self) -> list[tuple[str, bytes]]:
        """Every preset file as it ever was: path and content. A link has the content of what it leads to."""
        blobs, led = self._linked
        mine = {path for path, _ in self._presets.links}
        linked = {(path, blob) for path in mine for target, blob in blobs if target in led.get(path, ())}
        found = sorted((path, blob) for path, blob in self._presets.blobs | linked if _may_be_preset(path))
        contents = dict(read_blobs(self._repository, sorted({blob for _, blob in found})))
        return [(path, contents[blob]) for path, blob in found]


def below(path: str, folder: str) -> bool:
    """Whether a path leads into a folder."""
    normal = posixpath.normpath(folder)
    return normal == "." or path.startswith(f"{normal}/")


def _below_any(path: str, folders: Collection[str]) -> bool:
    return any(below(path, folder) for folder in folders)


def _target(path: str, text: bytes) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), text.decode("utf-8", "surrogateescape")))


def _inside(path: str) -> bool:
    return not path.startswith(("../", "/")) and path not in {".", ".."} and "\0" not in path


def _may_be_preset(path: str) -> bool:
    hidden = any(part.startswith(".") for part in path.split("/"))
    return path.endswith(PRESET_SUFFIXES) and path != PROJECT_FILE and not hidden


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def _parsed(data: bytes, path: str) -> Json:
    try:
        return parse(data, path)
    except InputError:
        return None


def _slug(path: str, value: Json) -> Json:
    return value.get("slug", _stem(path)) if isinstance(value, Mapping) else None
