from __future__ import annotations

import pytest

from presetctl.domain.errors import InputError
from presetctl.domain.kind import Evidence
from presetctl.specs.accounting import Entry, Fate, read_accounting
from presetctl.specs.derive import KINDS, config_schemas, unaccounted
from presetctl.specs.overlay import apply_overlay
from tests.unit.specs.support import (
    CHAT,
    EDITIONS,
    MESSAGES,
    NOTHING,
    RESPONSES,
    accounting,
    configs,
    document,
    overlay,
    requests,
    small_document,
)


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_request_field_is_accounted_for(edition: str) -> None:
    changed, _ = apply_overlay(document(edition), overlay())
    assert unaccounted(document(edition), accounting()) == []
    assert unaccounted(changed, accounting()) == []


def test_no_field_is_accounted_for_that_no_edition_has() -> None:
    assert set(accounting().kinds) == set(KINDS.values())
    for kind, fields in accounting().kinds.items():
        assert set(fields) == set(requests("published")[kind]["properties"])


def test_what_is_known_of_storage() -> None:
    chat = accounting().kinds[CHAT]
    assert chat["model"] == Entry(Fate.CONFIG, Evidence.DOCUMENTED, "model")
    assert chat["reasoning"] == Entry(Fate.CONFIG, Evidence.OBSERVED, "reasoning")
    assert chat["stream"] == Entry(Fate.PER_REQUEST, Evidence.DOCUMENTED)
    assert [accounting().system_prompt(kind) for kind in (CHAT, MESSAGES, RESPONSES)] == [
        "messages",
        "system",
        "instructions",
    ]
    assert dict(accounting().dashboard_only) == {
        "cache_enabled": Evidence.DOCUMENTED,
        "cache_ttl_seconds": Evidence.DOCUMENTED,
    }


def test_the_notes_of_a_config_schema() -> None:
    notes = configs("published")[MESSAGES]["x-presetctl"]
    assert notes["kind"] == MESSAGES
    assert notes["operation"] == "POST /presets/{slug}/messages"
    assert notes["system_prompt"] == "system"
    assert notes["per_request"]["messages"] == "documented"
    assert notes["per_request"]["trace"] == "unknown"
    assert notes["config"]["max_tokens"] == {"as": "max_tokens", "evidence": "documented"}
    assert set(notes["config"]) == set(configs("published")[MESSAGES]["properties"])
    assert notes["defaults"] == {"/provider/allow_fallbacks": True, "/provider/require_parameters": False}
    assert notes["opaque"] == ["/output_config/format/schema", "/provider/options"]
    assert notes["dashboard_only"] == ["cache_enabled", "cache_ttl_seconds"]
    assert configs("published")[RESPONSES]["x-presetctl"]["defaults"]["/service_tier"] == "auto"
    for edition in EDITIONS:
        assert configs(edition)[CHAT]["x-presetctl"]["opaque"] == [
            "/image_config",
            "/logit_bias",
            "/provider/options",
            "/response_format/json_schema/schema",
        ]


def test_a_new_field_must_be_accounted_for() -> None:
    whole = small_document({"type": "object", "properties": {"model": {}, "brand_new": {}}})
    assert unaccounted(whole, accounting()) == [(CHAT, "brand_new")]
    with pytest.raises(InputError, match=r"doesn't say what becomes of brand_new \(openrouter/chat-completions\)"):
        config_schemas(whole, NOTHING, accounting())
    with pytest.raises(InputError, match=r"doesn't say what becomes of brand_new .*, model "):
        config_schemas(whole, NOTHING, read_accounting(b"kinds: {}"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1", "persistence.yaml: kinds is not a mapping"),
        ("kinds: {k: []}", "persistence.yaml: kinds.k is not a mapping"),
        ("kinds: {k: {f: config}}", "persistence.yaml: kinds.k.f is not a mapping"),
        ("kinds: {k: {f: {evidence: unknown}}}", "`becomes` must be one of config, system_prompt, per_request"),
        ("kinds: {k: {f: {becomes: [], evidence: unknown}}}", "`becomes` must be one of"),
        ("kinds: {k: {f: {becomes: config, evidence: unknown}}}", "says `as` which name it is stored"),
        ("kinds: {k: {f: {becomes: config, as: 5, evidence: unknown}}}", "says `as` which name it is stored"),
        ("kinds: {k: {f: {becomes: per_request, as: f, evidence: unknown}}}", "says `as` which name it is stored"),
        ("kinds: {k: {f: {becomes: per_request, evidense: unknown}}}", "says `as` which name it is stored"),
        ("kinds: {k: {f: {becomes: per_request}}}", "`evidence` must be one of documented, observed, unknown"),
        ("kinds: {}\ndashboard_only: {x: maybe}", "dashboard_only.x: `evidence` must be one of"),
    ],
)
def test_a_table_that_is_not_right(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_accounting(text.encode())
    assert message in caught.value.message


@pytest.mark.parametrize(
    "fields", ["{}", "{a: {becomes: system_prompt, evidence: unknown}, b: {becomes: system_prompt, evidence: unknown}}"]
)
def test_one_field_becomes_the_system_prompt(fields: str) -> None:
    with pytest.raises(InputError, match="must name one field of k that becomes the system prompt"):
        read_accounting(f"kinds: {{k: {fields}}}".encode()).system_prompt("k")
