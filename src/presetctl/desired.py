"""Documents + project + schemas → the desired state of every workspace, and every problem on the way."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from presetctl.declaration import Declaration, declaration, is_error
from presetctl.domain.document import Document
from presetctl.domain.kind import DEFAULT_PRESET, PRESET_ID
from presetctl.domain.preset import Preset
from presetctl.domain.problem import Location, Problem, Severity
from presetctl.domain.project import Project, declared_name
from presetctl.domain.state import DesiredState
from presetctl.domain.values import Json
from presetctl.kinds import Kinds


@dataclass(frozen=True)
class Rendered:
    """What the files say: presets by workspace and slug, and all problems, sorted by place."""

    workspaces: Mapping[str, DesiredState]
    problems: tuple[Problem, ...]
    kinds: Mapping[str, str] = field(default_factory=dict)
    """The kind of every preset that is valid, by slug; also of those that no workspace can hold."""
    unplaced: DesiredState = field(default_factory=dict)
    """The presets that no workspace can hold, without overrides."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that make the files invalid."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)


def render(documents: Sequence[Document], project: Project, project_file: Document, kinds: Kinds) -> Rendered:
    """Checks every document and builds the presets of every workspace, as gathered() has it."""
    return gathered((declaration(document, project, project_file, kinds) for document in documents), project)


def gathered(declarations: Iterable[Declaration], project: Project) -> Rendered:
    """The presets of all files, by workspace.

    A file with errors is left out of the states; all problems of all files are found in one go.
    """
    problems: list[Problem] = []
    states: dict[str, dict[str, Preset]] = {name: {} for name in project.workspaces}
    owners: dict[str, Location] = {}
    kinds_by_slug: dict[str, str] = {}
    unplaced: dict[str, Preset] = {}
    taken: dict[tuple[str, str, Json], str] = {}
    publishes = {name: settings.publishes for name, settings in project.workspaces.items()}
    paths: set[str] = set()
    for declared in declarations:
        slug, found = declared.slug, [*declared.problems]
        if slug and slug in owners:
            message, hint = (
                f"the slug `{slug}` is taken by {owners[slug].file}",
                "rename one, or give one a `slug:` of its own",
            )
            found.append(Problem(declared.slug_place, "slug", "duplicate-slug", message, hint))
        found += _taken(declared, taken, publishes)
        owners.setdefault(slug, declared.slug_place)
        paths |= _paths(declared)
        problems += found
        if not any(map(is_error, found)):
            kinds_by_slug[slug] = declared.kind
            for name, preset in declared.presets.items():
                (unplaced if name is None else states[name])[slug] = preset
    states |= {target: states[declared_name(target)] for target in project.targets}
    problems += collisions(paths)
    return Rendered(
        states,
        tuple(sorted(set(problems), key=lambda problem: (problem.location, problem.path, problem.rule))),
        kinds_by_slug,
        unplaced,
    )


def _taken(
    declared: Declaration, taken: dict[tuple[str, str, Json], str], publishes: Mapping[str, bool]
) -> Iterator[Problem]:
    """A problem for each key whose value another preset of the workspace has; notes in ``taken`` what this one has.

    ``taken`` has the file by workspace, key and value; ``publishes`` says which workspaces publish model specs.
    """
    for name, preset in declared.presets.items():
        first = name is not None and publishes[name] and (preset.model_spec or {}).get("default") is True
        keys = ((DEFAULT_PRESET, preset.default), (PRESET_ID, preset.adopts), ("model_spec.default", first))
        for key, value in keys:
            file = taken.setdefault((name or "", key, value), declared.file) if value else declared.file
            if file != declared.file:
                message = f"`{key}` has the same value in {file}, and only one preset of a workspace can have it"
                yield Problem(preset.source, key, "taken", message, "remove it in one of the two")


def _paths(declared: Declaration) -> set[str]:
    """The file and the prompt files that it names."""
    if not declared.prompts:
        return {declared.file}
    folder = posixpath.dirname(declared.file)
    return {declared.file, *(posixpath.normpath(posixpath.join(folder, name)) for name in declared.prompts)}


def collisions(paths: Iterable[str]) -> list[Problem]:
    """A problem for every file whose path differs from another's in nothing but case, or the form of its accents.

    Only some file systems can hold both, so that others can't check the repository out, or lose one of them.
    """
    first: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted(paths):
        other = first.setdefault(_folded(path), path)
        if other != path:
            message = f"{path} and {other} are the same name to some file systems, which can't hold both"
            problems.append(Problem(Location(path), "", "case-collision", message, "rename one of them"))
    return problems


def _folded(path: str) -> str:
    """What all paths have in common that some file systems take for one."""
    if path.isascii():
        return path.lower()
    import unicodedata  # few need it

    return unicodedata.normalize("NFC", path).casefold()
