"""One preset, and the request that stores it."""

from __future__ import annotations

import json
import subprocess

import pytest

from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.domain.values import Json
from presetctl.load.dump_yaml import dump
from presetctl.report.preset import curl_text, preset_document, preset_fields, preset_text
from presetctl.report.text import Style
from tests.unit.report.examples import DIGEST, HOSTILE
from tests.unit.report.test_json import validator

MAIL = Preset("mail", "openrouter/b", Content("P\nQ", {"model": "m"}), Location("presets/mail.yaml"), "Our voice")


def test_for_people() -> None:
    assert (
        preset_text(MAIL, "one", dump(preset_fields(MAIL)), Style())
        == """\
mail  openrouter/b  presets/mail.yaml
Workspace one

description: Our voice
system_prompt: |-
  P
  Q
config:
  model: m"""
    )


def test_a_title_has_a_key_of_its_own() -> None:
    titled = Preset("a", "librechat/x", Content(None, {"title": "T"}), Location("f"))
    assert preset_fields(titled) == {"title": "T"}


@pytest.mark.parametrize(("model_spec", "shown"), [({"group": "g"}, {"group": "g"}), (None, False)])
def test_what_its_model_spec_says(model_spec: dict[str, Json] | None, shown: Json) -> None:
    listed = Preset("a", "librechat/x", Content(None, {"title": "T"}), Location("f"), model_spec=model_spec)
    assert preset_fields(listed) == {"title": "T", "model_spec": shown}


def test_what_it_does_not_have_is_left_out() -> None:
    assert preset_fields(Preset("a", "k", Content(None, {}), Location("f"))) == {}


@pytest.mark.parametrize("preset", [MAIL, Preset("a", HOSTILE, Content(None, {HOSTILE: HOSTILE}), Location(HOSTILE))])
def test_documents_keep_to_their_schema(preset: Preset) -> None:
    validator("show").validate(preset_document(preset, "one", DIGEST))


def test_hostile_text_is_harmless() -> None:
    bad = Preset("a", HOSTILE, Content(HOSTILE, {}), Location(HOSTILE), HOSTILE)
    text = preset_text(bad, "one", f"{HOSTILE}\n{dump(preset_fields(bad))}", Style())
    assert not [character for character in text if ord(character) < 32 and character != "\n"]
    assert "##[" not in text
    assert not any(line.lstrip().startswith("::") for line in text.split("\n"))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"a": 'it\'s "quoted" $HOME `date` \\ \\n ! %s @file'},
        {"messages": [{"role": "system", "content": f"'\n{HOSTILE}\n'\\''"}], "é": 1.5},
    ],
)
def test_a_shell_hands_curl_the_exact_body(body: Json) -> None:
    text = curl_text("https://example.com/a b'c", "SOME_KEY", body)
    script = f"curl() {{ for word; do printf '%s\\0' \"$word\"; done; }}\n{text}\n"
    ran = subprocess.run(["sh", "-c", script], env={"SOME_KEY": "k $x"}, capture_output=True, check=True)
    words = ran.stdout.decode().split("\0")[:-1]
    assert words[:4] == ["--fail-with-body", "-X", "POST", "https://example.com/a b'c"]
    assert "Authorization: Bearer k $x" in words
    assert json.loads(words[-1]) == body
    assert text.isascii()
