"""Preset files → what they declare. What is known of a file already is taken from the cache, and the file not parsed.

Only files without any problem are remembered, so that whoever has something to say has parsed the file. Of a config
and a prompt nothing is remembered but digests: they decide whether two are equal, and where somebody looks into one,
the file is read again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from presetctl import __version__
from presetctl.declaration import Declaration, declaration
from presetctl.domain.errors import InputError
from presetctl.domain.kind import Kind
from presetctl.domain.preset import SAME, Content, Preset, RememberedContent
from presetctl.domain.problem import Location, Problem
from presetctl.kinds import Kinds
from presetctl.load.documents import parse_document, prompt_bytes, prompt_text, read_preset, unreadable
from presetctl.load.project import LoadedProject
from presetctl.packaged import digest_of
from presetctl.persistence import kept, kept_name
from presetctl.ports import NO_CACHE, Cache, FileTree

SPACE: Final = "declarations"
_DECODER: Final = json.JSONDecoder()
_AT_ONCE: Final = 500
"""Files that are in memory at the same time, and asked for in one go."""
_OWN: Final = ("slug", "kind", "content", "source")
_COPIED: Final = {
    field.name: field.default if field.default is not MISSING else {}
    for field in fields(Preset)
    if field.name not in _OWN
}
"""What else a preset has, which is JSON, and what that is for most presets, which needn't be kept."""
_DECIDING: Final = (
    "answers.py", "declaration.py", "explain.py", "kinds.py", "model_specs.py", "persistence.py", "publishing.py",
    "reading.py", "secrets.py", "validate.py", "domain/document.py", "domain/kind.py", "domain/preset.py",
    "domain/project.py", "domain/provider.py", "domain/values.py", "load/documents.py", "load/strict_yaml.py",
    "load/yaml_complaints.py", "load/yaml_scalars.py",
)  # fmt: skip
"""The modules that decide what a file declares."""


@dataclass(frozen=True)
class DeclarationReader:
    """Reads the preset files of one tree. ``past``: what looks like a key is no problem any more."""

    tree: FileTree
    project: LoadedProject
    kinds: Kinds
    cache: Cache
    past: bool = False

    def read(self, files: Iterable[str], problems: list[Problem]) -> Iterator[Declaration]:
        """What every file declares, in order. A file that can't be read or parsed adds to ``problems`` instead."""
        memory, remaining = _Memory(self), iter(files)
        while some := list(islice(remaining, _AT_ONCE)):
            contents = self._contents(some, problems)
            keys = {file: memory.key(file, data) for file, data in contents.items()}
            known, fresh = memory.known(keys), dict[str, Declaration]()
            for file, data in contents.items():
                declared = known.get(file)
                if declared is None:
                    try:
                        declared, is_clean = self.parsed(file, data)
                    except InputError as error:
                        problems.extend(unreadable(file, error))
                        continue
                    if is_clean:
                        fresh[keys[file]] = declared
                yield declared
            memory.remember(fresh)

    def _contents(self, files: Iterable[str], problems: list[Problem]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for file in files:
            try:
                found[file] = read_preset(self.tree, file)
            except InputError as error:
                problems.extend(unreadable(file, error))
        return found

    def parsed(self, file: str, data: bytes) -> tuple[Declaration, bool]:
        """What a file declares, from its bytes, and whether nothing at all is wrong with it, now or in the past.

        InputError where it isn't strict YAML.
        """
        document = parse_document(self.tree, file, data)
        read = replace(document, secrets=()) if self.past else document
        declared = declaration(read, self.project.project, self.project.document, self.kinds)
        return declared, not document.secrets and not declared.problems


class _Memory:
    """Declarations in the cache, and under which keys."""

    def __init__(self, reader: DeclarationReader) -> None:
        self._reader = reader
        self._cache = reader.cache
        self._derived: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
        self._base = hashlib.sha256(_of_all(reader.project, reader.kinds))
        self._not_kept = {
            name: tuple(settings.not_kept) for name, settings in reader.project.project.workspaces.items()
        }

    def key(self, file: str, data: bytes) -> str:
        """Under which key is remembered what a file declares that has these bytes."""
        made = self._base.copy()
        made.update(b"%d %b %b" % (len(file), file.encode("utf-8", "surrogateescape"), data))
        return made.hexdigest()

    def known(self, keys: Mapping[str, str]) -> dict[str, Declaration]:
        """What is remembered of files, by file; ``keys`` has the key of each."""
        entries = self._cache.get(SPACE, keys.values())
        declared = ((file, self._declaration(file, entries[key])) for file, key in keys.items() if key in entries)
        return {file: known for file, known in declared if known is not None}

    def remember(self, declared: Mapping[str, Declaration]) -> None:
        """Remembers what files declare that have no problem, by key."""
        if declared and self._cache is not NO_CACHE:
            self._cache.put(SPACE, {key: json.dumps(self._entry(each)).encode() for key, each in declared.items()})

    def _entry(self, each: Declaration) -> list[Any]:
        """As short as can be, without names: there are ten thousand to read."""
        slug, prompts = each.slug_place, {name: _digest(text) for name, text in each.prompts.items()}
        presets = [self._preset(preset, each) for preset in _distinct(each)]
        return [each.slug, slug.line, slug.column, each.kind, self._schema(each.kind), prompts, presets]

    def _preset(self, preset: Preset, each: Declaration) -> list[Any]:
        kind, source = self._reader.kinds.kind(preset.kind), preset.source
        names = [name for name, it in each.presets.items() if it is preset]
        ways = {self._not_kept[name] for name in names if name is not None}
        derived = {kept_name(kind.name, way): self._kept(kind, preset.content, way) for way in sorted(ways)}
        more = {name: value for name, usual in _COPIED.items() if (value := getattr(preset, name)) != usual}
        return [names, preset.kind, preset.content.digest, derived, source.line, source.column, more]

    def _schema(self, kind: str) -> str:
        return self._reader.kinds.digest(kind)[-16:]

    def _kept(self, kind: Kind, content: Content, way: tuple[str, ...]) -> str:
        digest = kept(kind, content, way).digest
        return SAME if digest == content.digest else digest

    def _declaration(self, file: str, value: bytes) -> Declaration | None:
        """The declaration of an entry; None where it isn't what is wanted any more."""
        try:
            slug, line, column, kind, schema, named, presets = _DECODER.decode(value.decode())
            prompts = {name: self._prompt(file, name) for name in named}
            if schema != self._schema(kind) or {name: _digest(text) for name, text in prompts.items()} != named:
                return None
            found: dict[str | None, Preset] = {}
            for index, (names, its_kind, digest, derived, *source, more) in enumerate(presets):
                content = self._content(file, index, digest, derived)
                found |= dict.fromkeys(names, Preset(slug, its_kind, content, Location(file, *source), **more))
            return Declaration(file, slug, Location(file, line, column), kind, found, prompts=prompts)
        except (ValueError, TypeError, KeyError, AttributeError, InputError):  # of another presetctl
            return None

    def _content(self, file: str, index: int, digest: str, derived: Mapping[str, str]) -> Content:
        # Ten thousand of these are in memory at the same time, and most are derived alike: such share one mapping.
        shared = self._derived.setdefault(tuple(derived.items()), derived)
        return RememberedContent(digest, partial(self._read_again, file, index, digest), shared)

    def _prompt(self, file: str, name: str) -> str:
        """The text of a prompt file as it is now; empty, which none is, where it can't be read."""
        try:
            return prompt_text(prompt_bytes(self._reader.tree, file, name))
        except (InputError, UnicodeDecodeError):
            return ""

    def _read_again(self, file: str, index: int, digest: str) -> Content:
        """A content whose file was not parsed so far."""
        presets = _distinct(self._reader.parsed(file, read_preset(self._reader.tree, file))[0])
        if len(presets) > index and presets[index].content.digest == digest:
            return presets[index].content
        raise InputError(f"{file} was changed while it was read", hint="run the command again")


def _distinct(declared: Declaration) -> list[Preset]:
    """Its presets, each once: workspaces without an override share one."""
    return list({id(preset): preset for preset in declared.presets.values()}.values())


def _digest(text: str | Problem) -> str:
    return hashlib.sha256(str(text).encode("utf-8", "surrogatepass")).hexdigest()


def _of_all(project: LoadedProject, kinds: Kinds) -> bytes:
    """Everything beside its own bytes that decides what a file declares, but for the schema of its kind."""
    settings = project.document.value
    workspaces = project.project.workspaces.items()
    publishing = any(each.publishes for _, each in workspaces)
    return json.dumps(
        [
            __version__,
            digest_of(Path(__file__).parent / name for name in _DECIDING),
            kinds.envelope_digest,
            settings.get("defaults") if isinstance(settings, Mapping) else None,
            {name: text for name, text in project.document.prompts.items() if isinstance(text, str)},
            [[name, each.provider, list(each.not_kept), each.publishes] for name, each in workspaces],
            kinds.model_specs_schema() if publishing else None,
        ]
    ).encode()
