from __future__ import annotations

import json
from pathlib import Path

import pytest

from presetctl.domain.errors import InputError
from presetctl.packaged import packaged_schemas
from presetctl.specs.schemas import SchemaLibrary
from tests.unit.specs.support import CHAT, MESSAGES, PROVIDERS, RESPONSES, SCHEMAS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "openrouter").mkdir()
    (tmp_path / "openrouter" / "small.schema.json").write_text('{"title": "small"}')
    (tmp_path / "openrouter" / "openapi.json").write_text("{}")
    (tmp_path / "preset.schema.json").write_text('{"title": "preset"}')
    (tmp_path / "project.schema.json").write_text("{}")
    (tmp_path / "plan.schema.json").write_text("{}")
    return tmp_path


def test_the_schemas_of_this_checkout() -> None:
    library = SchemaLibrary.packaged()
    assert library.folder == SCHEMAS
    assert [kind for kind in library.kinds() if kind.startswith("openrouter/")] == [CHAT, MESSAGES, RESPONSES]
    assert len(library.kinds()) == 12
    assert library.config_schema(CHAT)["x-presetctl"]["kind"] == CHAT
    assert library.config_schema(CHAT) is library.config_schema(CHAT)
    assert library.preset_schema()["title"] == "presetctl preset"


def test_the_schemas_inside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "src" / "presetctl"
    assert packaged_schemas(package) == tmp_path / "schemas"
    (package / "schemas").mkdir(parents=True)
    assert packaged_schemas(package) == package / "schemas"


def test_what_editors_need(folder: Path) -> None:
    assert SchemaLibrary.at(folder).files({"openrouter"}) == {
        "openrouter/small.schema.json": b'{"title": "small"}',
        "preset.schema.json": b'{"title": "preset"}',
        "project.schema.json": b"{}",
    }


def test_everything_that_ships_is_there() -> None:
    files = SchemaLibrary.packaged().files(PROVIDERS)
    assert {f"{kind}.schema.json" for kind in (CHAT, MESSAGES, RESPONSES)} < set(files)
    assert all(json.loads(data) for data in files.values())


def test_only_what_some_providers_need() -> None:
    library = SchemaLibrary.packaged()
    every = library.files(PROVIDERS)
    assert every["preset.schema.json"] == (SCHEMAS / "preset.schema.json").read_bytes()
    files = library.files({"openrouter"})
    assert files.keys() == {name for name in every if not name.startswith("librechat/")}
    text = files["preset.schema.json"].decode()
    assert json.loads(text)["properties"]["kind"]["enum"] == [CHAT, MESSAGES, RESPONSES]
    assert "librechat/" not in text


def test_a_project_with_a_spec_of_its_own(tmp_path: Path, folder: Path) -> None:
    assert SchemaLibrary.for_project(tmp_path / "other").folder == SCHEMAS
    project = tmp_path / "project"
    project.mkdir()
    folder.joinpath("openrouter").rename(project / "openrouter")
    (project / "schemas").mkdir()
    assert SchemaLibrary.for_project(project).folder == SCHEMAS
    (project / "openrouter").rename(project / "schemas" / "openrouter")
    assert SchemaLibrary.for_project(project).folder == project / "schemas"
    assert SchemaLibrary.for_project(project).kinds() == ("openrouter/small",)


def test_an_unknown_kind(folder: Path) -> None:
    with pytest.raises(InputError, match="there is no kind openrouter/big") as caught:
        SchemaLibrary.at(folder).config_schema("openrouter/big")
    assert caught.value.hint == "kinds with a schema: openrouter/small"
    with pytest.raises(InputError) as caught:
        SchemaLibrary.at(folder / "none").config_schema("../secret")
    assert caught.value.hint.startswith("there are no schemas in ")


@pytest.mark.parametrize("content", [b"{", b"[]", b'"\xff"', b"[" * 100_000])
def test_damaged_files(folder: Path, content: bytes) -> None:
    path = folder / "preset.schema.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        SchemaLibrary.at(folder).preset_schema()
    assert caught.value.message.startswith(f"the schema {path} is damaged: ")


def test_missing_files(folder: Path) -> None:
    (folder / "project.schema.json").unlink()
    with pytest.raises(InputError, match=r"project.schema.json is damaged: No such file"):
        SchemaLibrary.at(folder).files({"openrouter"})
