"""What is remembered of files counts only as long as the code is the same that found it out.

So the lists of modules that decide must be whole: whatever the modules that remember can reach is in the list, or here,
with the reason why nothing that is remembered depends on it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import presetctl
from presetctl import reading
from presetctl.load import project

PACKAGE = Path(presetctl.__file__).parent

_FORMS = "the form of what goes from module to module"
_SAYS = "what is said of something wrong; and of such a file nothing is remembered"
_WHERE = "where bytes come from; they are in the key themselves"
EVERYWHERE = {
    "bounded.py": _WHERE,
    "domain/change.py": _FORMS,
    "domain/errors.py": _FORMS,
    "domain/problem.py": _FORMS,
    "finding.py": _SAYS,
    "nearest.py": _SAYS,
    "packaged.py": _WHERE,
    "ports.py": _FORMS,
}
OF_PROJECT = EVERYWHERE | {
    "domain/kind.py": "only the targets of a project need it, which are found when they are asked for",
    "domain/values.py": _SAYS,
    "explain.py": _SAYS,
}
_IN_KEY = "it makes the settings, of which the key has every one that decides"
OF_FILES = EVERYWHERE | {
    "diff.py": "only fixes need it",
    "domain/state.py": _FORMS,
    "load/project.py": _IN_KEY,
    "load/project_check.py": _IN_KEY,
    "load/project_model.py": _IN_KEY,
    "load/project_rules.py": _IN_KEY,
    "load/project_settings.py": _IN_KEY,
}


class _Imports(ast.NodeVisitor):
    """The names that a module imports when it runs, wherever that is done."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_If(self, node: ast.If) -> None:
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.names |= {alias.name for alias in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}


def imported(module: str) -> Iterator[str]:
    """The modules of presetctl that one imports, as paths in the package; packages hold nothing themselves."""
    found = _Imports()
    found.visit(ast.parse((PACKAGE / module).read_text()))
    for name in found.names:
        top, _, rest = name.partition(".")
        path = rest.replace(".", "/") + ".py"
        if top == "presetctl" and (PACKAGE / path).is_file():
            yield path


def reached(module: str) -> set[str]:
    """A module and all that it imports, directly or not."""
    found, waiting = set[str](), [module]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += imported(each)
    return found


@pytest.mark.parametrize("folder", ["domain", "load"])
def test_a_package_holds_nothing_itself(folder: str) -> None:
    assert [type(node) for node in ast.parse((PACKAGE / folder / "__init__.py").read_text()).body] == [ast.Expr]


@pytest.mark.parametrize(
    ("module", "folder", "deciding", "others"),
    [
        ("load/project.py", "load", project._DECIDING, OF_PROJECT),
        ("reading.py", ".", reading._DECIDING, OF_FILES),
    ],
)
def test_every_module_that_decides_is_listed(
    module: str, folder: str, deciding: tuple[str, ...], others: Mapping[str, str]
) -> None:
    listed = {(PACKAGE / folder / name).resolve().relative_to(PACKAGE.resolve()).as_posix() for name in deciding}
    assert len(listed) == len(deciding)
    assert not listed & others.keys()
    assert sorted(reached(module)) == sorted(listed | others.keys())
