"""``presetctl render --modelspecs``: the section of librechat.yaml that every user gets."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from presetctl.specs.schemas import SchemaLibrary
from tests.acceptance.cli import Shell
from tests.unit.specs.support import errors

SCHEMA = SchemaLibrary.packaged().model_specs_schema()
MAIL = """\
kind: librechat/openAI
title: Mail
description: Writes mails
model_spec: {group: Office, order: 2, default: true}
system_prompt: |
  You write mails.
  Briefly.
config: {temperature: 0.5, model: gpt-5}
"""
CODE = "kind: librechat/custom\nmodel_spec: {order: 1}\nconfig: {endpoint: Mistral, model: m}\n"
WHOLE = """\
# Our server
version: 1.3.5   # of the file
endpoints:
  custom:
    - name: Mistral
      baseURL: '${MISTRAL_URL}'
modelSpecs:
  enforce: false     # users may choose
  # The list is written by presetctl.
  list:
    - name: code
      label: code
      preset: {endpoint: Mistral, endpointType: custom, model: m}
    - name: old
      label: Old
      preset: {endpoint: openAI}
interface: {presets: true}
"""


@pytest.fixture
def project(shell: Shell) -> Shell:
    shell("init")
    shell.write("presets/mail.yaml", MAIL)
    shell.write("presets/code.yaml", CODE)
    return shell


def section(text: str) -> list[dict[str, Any]]:
    found = yaml.safe_load(text)["modelSpecs"]
    assert errors(SCHEMA, found) == []
    entries: list[dict[str, Any]] = found["list"]
    return entries


def test_the_section(project: Shell) -> None:
    ran = project("render", "--modelspecs")
    assert (
        ran.out
        == """\
modelSpecs:
  list:
    - name: code
      label: code
      order: 1
      preset:
        endpoint: Mistral
        endpointType: custom
        model: m
    - name: mail
      label: Mail
      description: Writes mails
      group: Office
      order: 2
      default: true
      preset:
        endpoint: openAI
        model: gpt-5
        temperature: 0.5
        promptPrefix: |
          You write mails.
          Briefly.
"""
    )
    assert len(section(ran.out)) == 2
    assert ran.err == ""


def test_the_same_presets_make_the_same_bytes(project: Shell) -> None:
    before = project("render", "--modelspecs").out
    reordered = "\n".join(reversed(MAIL.split("system_prompt")[0].splitlines()))
    project.write("presets/a-folder/mail.yaml", f"{reordered}\nsystem_prompt: \"You write mails.\\nBriefly.\\n\"\n"
                  "config: {model: gpt-5, temperature: 0.5}\n")  # fmt: skip
    (project.folder / "presets/mail.yaml").unlink()
    assert project("render", "--modelspecs").out == before


def test_a_preset_may_have_none(project: Shell) -> None:
    project.replace("presets/mail.yaml", "model_spec: {group: Office, order: 2, default: true}", "model_spec: false")
    assert [each["name"] for each in section(project("render", "--modelspecs").out)] == ["code"]


def test_no_presets_of_librechat(shell: Shell) -> None:
    shell("init")
    assert section(shell("render", "--modelspecs").out) == []


def test_text_that_could_do_harm_is_escaped(project: Shell) -> None:
    project.replace("presets/mail.yaml", "  Briefly.", "  ::error::x ##[y] \u202e")
    ran = project("render", "--modelspecs")
    assert ran.out.isascii()
    assert "\n::" not in ran.out
    assert "##[" not in ran.out
    assert section(ran.out)[1]["preset"]["promptPrefix"] == "You write mails.\n::error::x ##[y] \u202e\n"


def test_checking_a_whole_file(project: Shell) -> None:
    project.write("librechat.yaml", WHOLE)
    ran = project("render", "--modelspecs", "--check", "librechat.yaml", code=3)
    assert "+++ b/librechat.yaml" in ran.out
    assert "-- name: old" in ran.out
    assert "+- name: mail" in ran.out
    assert "+  order: 1" in ran.out
    last = ran.out.rstrip().splitlines()[-1]
    assert last == (
        "librechat.yaml differs from the presets: 1 model spec missing, 1 model spec different, "
        "1 model spec that no preset declares."
    )
    assert (project.folder / "librechat.yaml").read_text(encoding="utf-8") == WHOLE


def test_writing_into_a_whole_file_leaves_the_rest_as_it_is(project: Shell) -> None:
    project.write("librechat.yaml", WHOLE)
    ran = project("render", "--modelspecs", "--write", "librechat.yaml")
    assert ran.out == "removed  old, which no preset declares\nwritten  librechat.yaml\n"
    text = (project.folder / "librechat.yaml").read_text(encoding="utf-8")
    head, tail = WHOLE.split("    - name: code")[0], "interface: {presets: true}\n"
    assert text.startswith(head)
    assert text.endswith(tail)
    assert section(text) == section(project("render", "--modelspecs").out)
    checked = project("render", "--modelspecs", "--check", "librechat.yaml")
    assert (checked.out, checked.err) == ("librechat.yaml has the model specs of the presets.\n", "")
    assert project("render", "--modelspecs", "--write", "librechat.yaml").out == "up to date  librechat.yaml\n"
    assert (project.folder / "librechat.yaml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("before", ["version: 1.3.5\n", "", "modelSpecs:\n", "modelSpecs: {enforce: true}\n",
                                    "list: []\n", "# just the section\nmodelSpecs:\n  list: []\n"])  # fmt: skip
def test_files_without_a_list_yet(project: Shell, before: str) -> None:
    project.write("specs.yaml", before)
    ran = project("render", "--modelspecs", "--check", "specs.yaml", code=3)
    assert ran.out.endswith("specs.yaml differs from the presets: 2 model specs missing.\n")
    project("render", "--modelspecs", "--write", "specs.yaml")
    project("render", "--modelspecs", "--check", "specs.yaml")
    found = yaml.safe_load((project.folder / "specs.yaml").read_text(encoding="utf-8"))
    assert ("list" in found) == before.startswith("list")
    assert found.get("version") == ("1.3.5" if before.startswith("version") else None)


def test_the_section_alone_is_what_was_rendered(project: Shell) -> None:
    project.write("specs.yaml", project("render", "--modelspecs").out)
    project("render", "--modelspecs", "--check", "specs.yaml")


def test_the_order_alone_can_differ(project: Shell) -> None:
    made = yaml.safe_load(project("render", "--modelspecs").out)
    made["modelSpecs"]["list"].reverse()
    project.write("specs.yaml", yaml.safe_dump(made))
    ran = project("render", "--modelspecs", "--check", "specs.yaml", code=3)
    assert ran.out.endswith("specs.yaml differs from the presets: the order of the model specs.\n")


@pytest.mark.parametrize("odd", ["modelSpecs: {list: [3, {}]}\n", "modelSpecs: {list: text}\n"])
def test_a_list_that_is_none(project: Shell, odd: str) -> None:
    project.write("specs.yaml", odd)
    assert "2 model specs missing" in project("render", "--modelspecs", "--check", "specs.yaml", code=3).out
    project("render", "--modelspecs", "--write", "specs.yaml")
    project("render", "--modelspecs", "--check", "specs.yaml")


def test_an_endpoint_that_the_file_lacks_is_told(project: Shell) -> None:
    project.write("librechat.yaml", WHOLE.replace("name: Mistral", "name: Other"))
    ran = project("render", "--modelspecs", "--write", "librechat.yaml")
    assert ran.err == "LibreChat leaves code out: its endpoint is not among endpoints.custom there.\n"


def test_what_librechat_would_leave_out_is_an_error(project: Shell) -> None:
    project.replace("presets/code.yaml", "Mistral", "custom")
    ran = project("render", "--modelspecs", code=3)
    assert "LibreChat leaves out a model spec whose endpoint is `custom` [model-spec at config.endpoint]" in ran.err
    assert ran.out == ""


def test_what_it_strips_is_a_warning(project: Shell) -> None:
    project.replace("presets/code.yaml", "model: m}", "model: m, spec: s}")
    ran = project("render", "--modelspecs")
    assert "warning: LibreChat strips `spec`" in ran.err
    assert "spec" not in section(ran.out)[0]["preset"]


def test_an_invalid_file_is_never_left_out_silently(project: Shell) -> None:
    project.replace("presets/code.yaml", "model: m", "modle: m")
    assert "did you mean `model`?" in project("render", "--modelspecs", code=3).err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["render"], 64, "render takes a preset's SLUG, or --modelspecs"),
        (["render", "mail", "--modelspecs"], 64, "render takes a preset's SLUG, or --modelspecs"),
        (["render", "--modelspecs", "--curl"], 64, "render takes a preset's SLUG, or --modelspecs"),
        (["render", "mail", "--check", "a.yaml"], 64, "render takes a preset's SLUG, or --modelspecs"),
        (["render", "--modelspecs", "--check", "a", "--write", "b"], 64, "one of the two"),
        (
            ["render", "--modelspecs", "-w", "local"],
            64,
            "local is a workspace of openrouter; modelSpecs are LibreChat's",
        ),
        (["render", "--modelspecs", "-w", "no"], 64, "no workspace is named no"),
        (["render", "--modelspecs", "--check", "missing.yaml"], 3, "missing.yaml can't be read: No such file"),
        (["render", "--modelspecs", "--check", "presets"], 3, "presets can't be read"),
        (["render", "--modelspecs", "--check", "odd.yaml"], 3, "odd.yaml has no place for modelSpecs"),
        (["render", "--modelspecs", "--write", "twice.yaml"], 3, "twice"),
    ],
)
def test_words_and_files_that_do_not_fit(project: Shell, words: list[str], code: int, said: str) -> None:
    project.write("odd.yaml", "modelSpecs: [1]\n")
    project.write("twice.yaml", "a: 1\na: 2\n")
    assert said in project(*words, code=code).err
