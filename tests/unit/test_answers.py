"""What is said of keys that people write into a config, and what is offered instead."""

from __future__ import annotations

from functools import cache

import pytest

from presetctl.answers import answer, answer_in_model_spec
from presetctl.domain.kind import Kind
from presetctl.domain.values import Json
from presetctl.finding import Remedy
from presetctl.persistence import kind_of
from presetctl.specs.schemas import SchemaLibrary

TO_PROMPT = Remedy(("system_prompt",))
GONE = Remedy(None)
_SWITCH = "is stored but ignored in librechat/google: `web_search: true` is what counts"
_PROMPT = "is stored but ignored in librechat/anthropic: use `system_prompt`"


@cache
def kind(name: str) -> Kind:
    return kind_of(SchemaLibrary.packaged().config_schema(f"librechat/{name}"))


@pytest.mark.parametrize(
    ("name", "key", "value", "said", "remedy"),
    [
        ("openAI", "instructions", "x", "is stored but ignored in librechat/openAI: use `system_prompt`", TO_PROMPT),
        ("openAI", "instructions", "", "is stored but ignored in librechat/openAI: use `system_prompt`", GONE),
        ("openAI", "instructions", None, "is stored but ignored in librechat/openAI: use `system_prompt`", None),
        ("anthropic", "instructions", "x", _PROMPT, TO_PROMPT),
        ("anthropic", "max_tokens", 5, "is stored but ignored in librechat/anthropic: it is `maxOutputTokens` here",
         Remedy(("config", "maxOutputTokens"))),
        ("bedrock", "max_tokens", 5, "is stored but ignored in librechat/bedrock: it is `maxTokens` here",
         Remedy(("config", "maxTokens"))),
        ("custom", "maxOutputTokens", 5, "is stored but ignored in librechat/custom: it is `max_tokens` here",
         Remedy(("config", "max_tokens"))),
        ("anthropic", "top_k", 5, "is dropped when the preset is saved: it is `topK` here", Remedy(("config", "topK"))),
        ("google", "top_p", 1, "is stored but ignored in librechat/google: it is `topP` here",
         Remedy(("config", "topP"))),
        ("anthropic", "stop_sequences", ["x"], "is dropped when the preset is saved: it is `stop` here",
         Remedy(("config", "stop"))),
        ("google", "safetySettings", {}, "is dropped when the preset is saved", GONE),
        ("openAI", "artifacts", "x", "is dropped when the preset is saved", GONE),
        ("openAI", "topK", 5, "is stored but ignored in librechat/openAI", GONE),
        ("google", "tools", ["web_search"], _SWITCH,
         Remedy(("config", "web_search"), True)),
        ("google", "tools", "web_search", _SWITCH,
         Remedy(("config", "web_search"), True)),
        ("anthropic", "tools", ["code_interpreter", {}], "is stored but ignored in librechat/anthropic", GONE),
        ("bedrock", "tools", ["web_search"], "is stored but ignored in librechat/bedrock", GONE),
        ("openAI", "title", "T", "has a key of its own, beside `config:`", Remedy(("title",))),
        ("openAI", "endpoint", "openAI", "is not for files to say: librechat/openAI says it", GONE),
        ("openAI", "endpoint", "google", "is not for files to say: librechat/openAI says it", None),
        ("openAI", "presetId", "preset_abc", "is not for files to say; it is set for you", None),
    ],
)  # fmt: skip
def test_answers(name: str, key: str, value: Json, said: str, remedy: Remedy | None) -> None:
    found = answer(kind(name), key, {key: value})
    assert found is not None
    assert (found.path, found.at_key, found.message) == ((key,), True, f"`{key}` {said}")
    assert (found.remedy, bool(found.suggestion)) == (remedy, True)


def test_what_would_be_there_twice_is_left_to_people() -> None:
    found = answer(kind("anthropic"), "top_k", {"top_k": 5, "topK": 6})
    assert found is not None
    assert (found.suggestion, found.remedy) == ("remove it; `topK` is there, too", None)


@pytest.mark.parametrize(("name", "key"), [("openAI", "temprature"), ("openAI", "promptPrefix"), ("bedrock", "system")])
def test_nothing_is_known_of_other_keys(name: str, key: str) -> None:
    assert answer(kind(name), key, {key: 1}) is None


@pytest.mark.parametrize(
    ("key", "source", "remedy"),
    [
        ("name", "the slug", None),
        ("label", "`title:`, beside `model_spec:`", Remedy(("title",))),
        ("description", "`description:`, beside `model_spec:`", Remedy(("description",))),
        ("preset", "`config:` and the system prompt", None),
    ],
)
def test_what_a_model_spec_has_from_the_rest_of_the_file(key: str, source: str, remedy: Remedy | None) -> None:
    found = answer_in_model_spec((key,), {key: "x"})
    assert found is not None
    assert (found.message, found.remedy) == (f"`{key}` of a model spec comes from {source}", remedy)


def test_other_keys_of_a_model_spec_are_not_known() -> None:
    assert answer_in_model_spec(("lable",), {}) is None
    assert answer_in_model_spec(("subagents", "name"), {}) is None
