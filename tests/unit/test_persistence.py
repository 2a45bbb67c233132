"""Request body ↔ persisted config."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from presetctl.domain.kind import Evidence, Kept, Kind
from presetctl.domain.preset import Content, RememberedContent
from presetctl.domain.values import Json, Path
from presetctl.persistence import (
    evidence,
    held_content,
    kept,
    kept_name,
    kind_of,
    request_body,
    requested_config,
    requested_path,
    stored_content,
)

NOTES: dict[str, Any] = {
    "kind": "openrouter/x",
    "operation": "POST /presets/{slug}/x",
    "system_prompt": "system",
    "per_request": {"stream": "documented"},
    "config": {
        "model": {"as": "model", "evidence": "documented"},
        "stop_sequences": {"as": "stop", "evidence": "unknown"},
    },
    "defaults": {"/provider/allow_fallbacks": True},
    "opaque": ["/a~1b/c~0d"],
    "dashboard_only": ["cache_enabled"],
}


def kind(**changed: Any) -> Kind:
    return kind_of({"x-presetctl": {**NOTES, **changed}})


def test_rules_are_read_from_the_annotation_of_a_schema() -> None:
    assert kind() == Kind(
        name="openrouter/x",
        operation="POST /presets/{slug}/x",
        system_prompt="system",
        config={"model": Kept("model", Evidence.DOCUMENTED), "stop_sequences": Kept("stop", Evidence.UNKNOWN)},
        per_request=frozenset({"stream"}),
        defaults={("provider", "allow_fallbacks"): True},
        opaque=frozenset({("a/b", "c~d")}),
        dashboard_only=frozenset({"cache_enabled"}),
    )


def test_rules_that_only_some_kinds_have() -> None:
    texts: dict[str, Any] = {
        "system_prompt_of_models": {"anthropic": "system"},
        "body": {"endpoint": "bedrock"},
        "instead": {"top_k": "topK"},
        "switches": {"web_search": "web_search"},
    }
    texts["exclusive"] = "defaultPreset"
    names = {"ignored": ["a"], "not_kept": ["b"], "managed": ["c"], "not_null": ["d"], "left_alone": ["e"]}
    sets = {name: frozenset(value) for name, value in names.items()}
    assert kind(**texts, **names) == replace(kind(), **texts, **sets)  # type: ignore[arg-type]
    assert (kind().body, kind().ignored, kind().system_prompt_of_models) == ({}, frozenset(), {})


def test_fields_are_kept_under_their_stored_names() -> None:
    assert kept(kind(), Content("", {"model": "m", "stop_sequences": ["x"], "new": 1})) == Content(
        None, {"model": "m", "stop": ["x"], "new": 1}
    )


@pytest.mark.parametrize(
    ("dotted", "config"),
    [
        ("seed", {"provider": {"zdr": True, "only": ["x"]}}),
        ("provider.zdr", {"seed": 1, "provider": {"only": ["x"]}}),
        ("provider", {"seed": 1}),
        ("seed.deeper", {"seed": 1, "provider": {"zdr": True, "only": ["x"]}}),
        ("none", {"seed": 1, "provider": {"zdr": True, "only": ["x"]}}),
    ],
)
def test_fields_known_not_to_be_kept_are_left_out(dotted: str, config: dict[str, Any]) -> None:
    content = Content("p", {"seed": 1, "provider": {"zdr": True, "only": ["x"]}})
    assert held_content(content, [dotted]) == Content("p", config)
    assert content.config == {"seed": 1, "provider": {"zdr": True, "only": ["x"]}}


def test_what_is_known_by_its_digest_is_not_read_where_all_of_it_is_compared() -> None:
    content = RememberedContent("sha256:0", lambda: pytest.fail("read"))
    assert held_content(content) is content


def test_an_empty_prompt_is_kept_as_none() -> None:
    assert kept(kind(), Content("", {"model": "m"})) == Content(None, {"model": "m"})


def test_what_is_kept_is_known_by_the_fields_that_are_left_out() -> None:
    derived = {kept_name("openrouter/x"): "sha256:1", kept_name("openrouter/x", ["seed"]): "sha256:2"}
    content = RememberedContent("sha256:0", lambda: pytest.fail("read"), derived)
    assert kept(kind(), content).digest == "sha256:1"
    assert kept(kind(), content, ["seed"]).digest == "sha256:2"


def test_evidence_is_that_of_the_stored_field() -> None:
    assert evidence(kind(), ("config", "model")) is Evidence.DOCUMENTED
    assert evidence(kind(), ("config", "model", "deeper")) is Evidence.DOCUMENTED
    assert evidence(kind(), ("config", "stop", 0)) is Evidence.UNKNOWN
    assert evidence(kind(), ("config", "new")) is Evidence.UNKNOWN
    assert evidence(kind(), ("system_prompt",)) is Evidence.DOCUMENTED


@pytest.mark.parametrize(
    ("field", "prompt", "extra"),
    [
        ("messages", "S", {"messages": [{"role": "system", "content": "S"}]}),
        ("messages", None, {"messages": [{"role": "user", "content": "preset"}]}),
        ("system", "S", {"messages": [{"role": "user", "content": "preset"}], "system": "S"}),
        ("system", "", {"messages": [{"role": "user", "content": "preset"}]}),
        ("instructions", "S", {"instructions": "S"}),
        ("instructions", None, {}),
    ],
)
def test_each_kind_of_request_carries_the_prompt_in_its_own_field(
    field: str, prompt: str | None, extra: dict[str, Any]
) -> None:
    body = request_body(kind(system_prompt=field), Content(prompt, {"model": "m", "temperature": 1.0}))
    assert body == {"model": "m", "temperature": 1.0, **extra}


@pytest.mark.parametrize(
    ("stored", "requested"),
    [
        (("config", "stop", 0), ("config", "stop_sequences", 0)),
        (("config", "model"), ("config", "model")),
        (("config", "unheard_of", "stop"), ("config", "unheard_of", "stop")),
        (("config",), ("config",)),
        (("system_prompt",), ("system_prompt",)),
    ],
)
def test_a_stored_field_has_the_name_that_the_files_know(stored: tuple[Any, ...], requested: tuple[Any, ...]) -> None:
    assert requested_path(kind(), stored) == requested


def test_a_stored_config_in_the_words_of_the_files() -> None:
    assert requested_config(kind(), {"stop": [], "new": 1}) == {"stop_sequences": [], "new": 1}


# --- A kind that is stored as it is sent ---

STORED = kind(
    system_prompt="promptPrefix",
    system_prompt_of_models={"anthropic": "system"},
    body={"endpoint": "bedrock"},
    config={"model": {"as": "model", "evidence": "unknown"}},
    managed=["endpoint", "title"],
)
CLAUDE: dict[str, Json] = {"model": "us.Anthropic.claude-x", "title": "T"}


@pytest.mark.parametrize(
    ("content", "prompt"),
    [
        (Content("P", {"model": "meta.llama", "title": "T"}), {"promptPrefix": "P"}),
        (Content("P", CLAUDE), {"system": "P"}),
        (Content("P", {"title": "T"}), {"promptPrefix": "P"}),
        (Content("", CLAUDE), {}),
        (Content(None, {"model": None}), {}),
    ],
)
def test_the_prompt_is_in_the_field_that_counts_for_the_model(content: Content, prompt: dict[str, str]) -> None:
    body = request_body(STORED, content)
    assert body == {"endpoint": "bedrock", **content.config, **prompt}
    assert stored_content(STORED, body) == kept(STORED, content)


def test_what_the_kind_says_is_kept_and_no_field_of_files() -> None:
    config = kept(STORED, Content(None, CLAUDE)).config
    assert config == {"endpoint": "bedrock", **CLAUDE}
    assert requested_config(STORED, config) == CLAUDE
    assert requested_config(STORED, {"endpoint": "openAI"}) == {"endpoint": "openAI"}


def test_a_title_has_a_key_of_its_own_in_files() -> None:
    assert requested_path(STORED, ("config", "title")) == ("title",)
    assert requested_path(STORED, ("config", "model")) == ("config", "model")
    assert requested_path(kind(), ("config", "title")) == ("config", "title")


@pytest.mark.parametrize(
    ("path", "known"),
    [
        (("system_prompt",), Evidence.OBSERVED),
        (("config", "endpoint"), Evidence.OBSERVED),
        (("config", "title"), Evidence.OBSERVED),
        (("config", "model"), Evidence.UNKNOWN),
        (("config",), Evidence.UNKNOWN),
    ],
)
def test_evidence_of_what_stands_beside_config(path: Path, known: Evidence) -> None:
    assert evidence(STORED, path) is known


def test_a_stored_prompt_that_is_no_text_is_none() -> None:
    assert stored_content(STORED, {"promptPrefix": None}) == Content(None, {})
    assert stored_content(STORED, {"promptPrefix": 5}) == Content(None, {})
