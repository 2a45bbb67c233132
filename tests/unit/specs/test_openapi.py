from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from presetctl.domain.errors import InputError
from presetctl.specs.openapi import operations, read_document, reduce, request_schema, strip
from presetctl.specs.reading import dump_json
from tests.unit.specs.support import EDITIONS, copied, document, small_document


def test_reads_yaml_and_json() -> None:
    assert read_document(b"openapi: 3.1.0\npaths: {}", "f") == {"openapi": "3.1.0", "paths": {}}
    assert read_document(b'{"openapi": "3.1.1", "paths": {}}', "f") == {"openapi": "3.1.1", "paths": {}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"swagger: '2.0'\npaths: {}", "f is not an OpenAPI 3.1 document: it has no `openapi` key"),
        (b"openapi: 3.0.3\npaths: {}", "f is not an OpenAPI 3.1 document: it has `openapi: 3.0.3`"),
        (b"openapi: 3.1\npaths: {}", "f is not an OpenAPI 3.1 document: it has `openapi: 3.1`"),
        (b"openapi: 3.1.0", "f has no `paths`"),
        (b"openapi: 3.1.0\npaths: []", "f has no `paths`"),
    ],
)
def test_what_is_no_document(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_document(data, "f")
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_reduced_document_is_still_openapi(edition: str) -> None:
    OpenAPIV31SpecValidator(document(edition)).validate()


@pytest.mark.parametrize("edition", EDITIONS)
def test_reducing_again_changes_nothing(edition: str) -> None:
    assert dump_json(reduce(document(edition))) == EDITIONS[edition].read_bytes()


PROSE = {"description": "d", "title": "t", "example": 1, "examples": [1], "externalDocs": {"url": "u"}, "x-y": 1}


def test_prose_goes_and_names_and_values_stay() -> None:
    schema = {
        **PROSE,
        "type": "object",
        "properties": {"title": {"type": "string", **PROSE}, "x-y": True, "description": {"enum": ["title"]}},
        "default": {"description": "kept"},
        "const": {"title": "kept"},
        "items": {**PROSE, "enum": [{"example": "kept"}]},
        "additionalProperties": False,
        "anyOf": [{**PROSE, "$ref": "#/components/schemas/A"}],
        "discriminator": {"propertyName": "title", "mapping": {"a": "#/components/schemas/A"}},
    }
    assert strip(schema) == {
        "type": "object",
        "properties": {"title": {"type": "string"}, "x-y": {}, "description": {"enum": ["title"]}},
        "default": {"description": "kept"},
        "const": {"title": "kept"},
        "items": {"enum": [{"example": "kept"}]},
        "additionalProperties": False,
        "anyOf": [{"$ref": "#/components/schemas/A"}],
        "discriminator": {"propertyName": "title"},
    }


def whole_document() -> dict[str, Any]:
    """A document with everything around a schema that a document can have."""
    text = {"type": "string", **PROSE}
    return {
        "openapi": "3.1.0",
        "info": {**PROSE, "title": "T", "version": "2", "contact": {}},
        "servers": [{"url": "https://example.com"}],
        "tags": [{"name": "t"}],
        "x-retry": {},
        "paths": {
            "/presetsx": {"get": {"responses": {}}},
            "/models": {"get": {"responses": {}, "requestBody": {"$ref": "#/components/requestBodies/Lost"}}},
            "/presets": {
                "summary": "s",
                "parameters": [{"in": "query", "name": "n", "description": "d", "schema": text}],
                "get": {
                    "operationId": "list",
                    "tags": ["t"],
                    "security": [{"key": []}],
                    "parameters": [
                        {"$ref": "#/components/parameters/Limit"},
                        {"in": "query", "name": "q", "content": {"text/plain": {"schema": text}}},
                    ],
                    "responses": {
                        "404": {"$ref": "#/components/responses/Gone"},
                        "200": {"description": "d", "headers": {}, "content": {"application/json": {"schema": text}}},
                    },
                },
                "post": {"requestBody": {"$ref": "#/components/requestBodies/Body"}, "responses": {}},
                "put": {"requestBody": {"required": True, "content": {"application/json": {}}}, "responses": {}},
            },
        },
        "components": {
            "parameters": {"Limit": {"in": "query", "name": "limit", "required": False, **PROSE, "schema": text}},
            "responses": {"Gone": {"description": "d"}, "Lost": {"description": "d"}},
            "requestBodies": {
                "Body": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A~1b"}}}}
            },
            "schemas": {
                "A/b": {
                    "properties": {"default": {"$ref": "#/components/schemas/Deep"}},
                    "default": {"$ref": "#/none"},
                },
                "Deep": {"properties": {"again": {"$ref": "#/components/schemas/A~1b"}, "$ref": {"type": "string"}}},
                "Lost": {},
            },
        },
    }


def test_what_is_kept_of_a_document() -> None:
    reduced = reduce(whole_document())
    text = {"type": "string"}
    assert reduced == {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "2"},
        "paths": {
            "/presets": {
                "get": {
                    "operationId": "list",
                    "parameters": [
                        {"$ref": "#/components/parameters/Limit"},
                        {"in": "query", "name": "q", "content": {"text/plain": {"schema": text}}},
                    ],
                    "responses": {
                        "200": {"content": {"application/json": {"schema": text}}, "description": ""},
                        "404": {"$ref": "#/components/responses/Gone"},
                    },
                },
                "parameters": [{"in": "query", "name": "n", "schema": text}],
                "post": {"requestBody": {"$ref": "#/components/requestBodies/Body"}, "responses": {}},
                "put": {
                    "requestBody": {"content": {"application/json": {"schema": {}}}, "required": True},
                    "responses": {},
                },
            }
        },
        "components": {
            "parameters": {"Limit": {"in": "query", "name": "limit", "required": False, "schema": text}},
            "requestBodies": {
                "Body": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A~1b"}}}}
            },
            "responses": {"Gone": {"description": ""}},
            "schemas": {
                "A/b": {
                    "properties": {"default": {"$ref": "#/components/schemas/Deep"}},
                    "default": {"$ref": "#/none"},
                },
                "Deep": {"properties": {"again": {"$ref": "#/components/schemas/A~1b"}, "$ref": {"type": "string"}}},
            },
        },
    }
    assert [(method, path) for method, path, _ in operations(reduced)] == [
        ("GET", "/presets"),
        ("PUT", "/presets"),
        ("POST", "/presets"),
    ]
    get, put, post = (operation for _, _, operation in operations(reduced))
    assert request_schema(reduced, get) is None
    assert request_schema(reduced, put) == {}
    assert request_schema(reduced, post) == {"$ref": "#/components/schemas/A~1b"}


def test_a_document_without_info_or_components() -> None:
    reduced = reduce({"openapi": "3.1.0", "info": None, "paths": {"/presets": {"get": {}}}})
    assert reduced["info"] == {"title": "", "version": ""}
    assert reduced["components"] == {}


def test_the_order_of_the_document_says_nothing() -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(each) for key, each in reversed(value.items())}
        return [turned(each) for each in value] if isinstance(value, list) else value

    assert dump_json(reduce(turned(whole_document()))) == dump_json(reduce(whole_document()))


def test_the_document_stays_as_it_was() -> None:
    before = whole_document()
    after = copied(before)
    reduce(after)
    assert after == before


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("#/components/schemas/None", "the document has no #/components/schemas/None"),
        ("other.yaml#/A", "the reference other.yaml#/A leads out of the document"),
        ("#/paths/~1presets", "the reference #/paths/~1presets leads out of the document"),
        ("#/components/headers/A", "the reference #/components/headers/A leads out of the document"),
    ],
)
def test_broken_references(reference: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        reduce(small_document({"$ref": reference}))
    assert caught.value.message.startswith(message)


def test_a_document_of_something_else() -> None:
    with pytest.raises(InputError, match="no operation under /presets"):
        reduce({"openapi": "3.1.0", "paths": {"/pets": {}}})
