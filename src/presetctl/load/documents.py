"""Preset files → documents: values with positions, and the text of every prompt file that they name."""

from __future__ import annotations

import posixpath
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from presetctl.domain.document import MAX_BYTES, Document, Locate
from presetctl.domain.errors import InputError
from presetctl.domain.problem import Location, Problem
from presetctl.domain.values import Json, Path
from presetctl.ports import FileTree, Track, untracked

PRESET_SUFFIXES = (".yaml", ".yml")
MAX_PROMPT_BYTES = 1024 * 1024


def preset_files(tree: FileTree, folder: str) -> list[str]:
    """The preset files below ``folder``, sorted by path."""
    return [path for path in tree.files(folder) if path.endswith(PRESET_SUFFIXES)]


def load_documents(
    tree: FileTree, files: Sequence[str], track: Track = untracked
) -> tuple[list[Document], list[Problem]]:
    """Reads and parses every file. A file that can't be read or parsed becomes problems, not an exception."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for file in track(files, "Reading files", len(files)):
        try:
            documents.append(load_document(tree, file))
        except InputError as error:
            problems.extend(unreadable(file, error))
    return documents, problems


def unreadable(file: str, error: InputError) -> Sequence[Problem]:
    """The problems of a file that can't be read or parsed."""
    return error.problems or [Problem(Location(file), "", "unreadable", error.message, error.hint)]


def load_document(tree: FileTree, file: str) -> Document:
    """One file. InputError with its problem where it can't be read or isn't strict YAML."""
    return parse_document(tree, file, read_preset(tree, file))


def read_preset(tree: FileTree, file: str) -> bytes:
    """The bytes of a preset file. InputError where it can't be read."""
    return tree.read(file, MAX_BYTES)


def parse_document(tree: FileTree, file: str, data: bytes) -> Document:
    """A file that was read already. InputError with its problem where it isn't strict YAML."""
    from presetctl.load.strict_yaml import parse_with_start  # and PyYAML: not for those who have it in the cache

    value, start = parse_with_start(data, file)
    locate = locator(data, file, start)
    prompts = {name: read_prompt(tree, file, name, partial(locate, path, False)) for path, name in prompt_files(value)}
    return Document(file, value, locate, prompts, _secrets(file, data, prompts))


def _secrets(file: str, data: bytes, prompts: Mapping[str, str | Problem]) -> tuple[Problem, ...]:
    """What looks like a key in a file, or in the prompts that it names."""
    from presetctl.secrets import secret_problems

    texts = {prompt_path(file, name): text for name, text in prompts.items() if isinstance(text, str)}
    texts[file] = data.removeprefix(BOM_UTF8).decode()
    return tuple(problem for path, text in texts.items() for problem in secret_problems(text, path))


def locator(data: bytes, file: str, start: Location | None = None) -> Locate:
    """Positions are looked up only when there is something to report: finding them is a second pass.

    ``start`` is that of the whole, where it is known.
    """
    found: list[Mapping[Path, tuple[Location, Location]]] = []

    def marks() -> Mapping[Path, tuple[Location, Location]]:
        if not found:
            from presetctl.load.strict_yaml import positions

            found.append({path: (mark.key or mark.value, mark.value) for path, mark in positions(data, file).items()})
        return found[0]

    def locate(path: Path, key: bool) -> Location:
        if not path and start is not None:
            return start
        known = marks()  # of () at least
        length = next(n for n in range(len(path), -1, -1) if path[:n] in known)
        return known[path[:length]][0 if key or length < len(path) else 1]

    return locate


def prompt_files(value: Json) -> Iterator[tuple[Path, str]]:
    """Where a preset file, or the project's defaults, names prompt files: at its top and in each override."""
    if not isinstance(value, Mapping):
        return
    places: list[tuple[Path, Json]] = [((), value), (("defaults",), value.get("defaults"))]
    overrides = value.get("overrides")
    if isinstance(overrides, Mapping):
        places += [(("overrides", name), override) for name, override in overrides.items()]
    for path, place in places:
        name = place.get("system_prompt_file") if isinstance(place, Mapping) else None
        if isinstance(name, str) and name:
            yield (*path, "system_prompt_file"), name


def prompt_path(file: str, name: str) -> str:
    """The path of the prompt file ``name``, which is looked for from the folder of ``file``."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), name))


def read_prompt(tree: FileTree, file: str, name: str, named_at: Callable[[], Location]) -> str | Problem:
    """The text of the prompt file ``name``."""
    path = prompt_path(file, name)
    if path == file:
        hint = "write the prompt into a file of its own"
        return Problem(named_at(), "system_prompt_file", "prompt-file", f"{path} names itself as its prompt", hint)
    try:
        data = prompt_bytes(tree, file, name)
        text = prompt_text(data)
    except InputError as error:
        return Problem(named_at(), "system_prompt_file", "prompt-file", error.message, error.hint)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Problem(Location(path, line), "", "prompt-encoding", "this prompt is not UTF-8", "save it as UTF-8")
    if not text:
        return Problem(named_at(), "system_prompt_file", "prompt-empty", f"{path} is empty", "write the prompt into it")
    return text


def prompt_bytes(tree: FileTree, file: str, name: str) -> bytes:
    """The bytes of the prompt file ``name``, which is looked for from the folder of ``file``. InputError as read()."""
    return tree.read(prompt_path(file, name), MAX_PROMPT_BYTES)


def prompt_text(data: bytes) -> str:
    """The prompt that a file holds. UnicodeDecodeError where it isn't UTF-8.

    As in YAML, a byte order mark and the last line end are not part of the text, and every line ends in LF.
    """
    return data.decode("utf-8-sig").replace("\r\n", "\n").removesuffix("\n")
