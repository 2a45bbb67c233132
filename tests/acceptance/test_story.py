"""The first hour of a new user, and the mistakes that are made in it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from presetctl import __version__
from presetctl.emulator.access import KeyGrant, workspace_id
from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.faults import Fault
from presetctl.emulator.server import serve
from presetctl.emulator.switches import Switches
from tests.acceptance.cli import Shell

EXAMPLE = "presets/example.yaml"


def test_an_empty_folder_init_validate_plan_apply_edit(shell: Shell) -> None:
    started = shell("init")
    assert "written  presetctl.yaml" in started.out
    assert "presetctl plan" in started.out
    assert "1 file checked, all valid." in shell("validate").out

    planned = shell("plan")
    assert "+ create example" in planned.out
    assert "Plan: 1 to create, 0 unchanged." in planned.out
    assert not (shell.folder / ".presetctl").exists(), "a plan writes nothing"

    applied = shell("apply", "--yes")
    assert "applied  example version 1" in applied.out
    assert "No changes: 1 preset as declared." in shell("plan").out
    assert "No changes" in shell("apply", "--yes").out

    shell.replace(EXAMPLE, "temperature: 0.7", "temperature: 0.2")
    shell.replace(EXAMPLE, "Answer briefly", "Answer in one sentence")
    changed = shell("plan")
    assert "~ update example  version 1 → 2" in changed.out
    assert "~ config.temperature: 0.7 → 0.2" in changed.out
    assert "Answer [-briefly-]" in changed.out
    assert "{+in one sentence+}" in changed.out
    assert "applied  example version 2" in shell("apply", "--yes").out
    assert "No changes" in shell("plan").out


def test_init_overwrites_nothing(shell: Shell) -> None:
    shell.write("presetctl.yaml", "mine")
    shell.write(".gitignore", "mine")
    ran = shell("init")
    assert "kept     presetctl.yaml" in ran.out
    assert "see that it has the line `.presetctl/`" in ran.out
    assert (shell.folder / "presetctl.yaml").read_text() == "mine"
    again = shell("init")
    assert "written" not in again.out
    assert "written  schemas/preset.schema.json" in shell("init", "other").out


def test_the_second_apply_writes_nothing(shell: Shell) -> None:
    with create_app() as app, serve(app) as url:
        project(shell, url)
        shell("apply", "--yes")
        app.requests.clear()
        shell("apply", "--yes")
        shell("plan")
        assert {method for method, _ in app.requests} == {"GET"}


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OPENROUTER_API_KEY", "canary-key-0123456789")
    return "canary-key-0123456789"


@pytest.fixture(autouse=True)
def _with_key(key: str) -> None:
    """Every test has one; what it opens depends on the emulator."""


def project(shell: Shell, url: str, more: str = "") -> None:
    settings = f"  live: {{provider: openrouter, url: '{url}'{more}}}\n"
    shell.write("presetctl.yaml", f"version: 1\nworkspaces:\n{settings}")
    shell.write(EXAMPLE, "system_prompt: P\nconfig: {model: m, temperature: 0.7, seed: 3}\n")


@pytest.mark.parametrize("switches", [Switches(), Switches(server_defaults=True), Switches(json_form="normalized"),
                                      Switches(identical_post="unchanged"), Switches(nulls="drop")])  # fmt: skip
def test_plan_after_apply_is_empty_whatever_the_server_adds(shell: Shell, switches: Switches) -> None:
    with create_app(switches=switches) as app, serve(app) as url:
        project(shell, url)
        shell("apply", "--yes")
        assert "No changes" in shell("plan").out


def test_a_field_that_the_server_does_not_keep(shell: Shell) -> None:
    with create_app(switches=Switches(unknown_fields="drop")) as app, serve(app) as url:
        project(shell, url)
        ran = shell("apply", "--yes", code=6)
        assert "not persisted  example version 1: not kept as sent: config.seed" in ran.out
        assert "add `not_kept: [seed]`" in ran.out
        project(shell, url, ", not_kept: [seed]")
        assert "No changes" in shell("plan").out


def test_saved_plans(shell: Shell) -> None:
    with create_app() as app, serve(app) as url:
        project(shell, url)
        shell("plan", "--out", "plan.json")
        document = (shell.folder / "plan.json").read_text()
        assert shell("plan", "--format", "json").out == document, "the same inputs give the same bytes"
        shell.replace(EXAMPLE, "temperature: 0.7", "temperature: 0.8")
        for words in (["plan.json"], ["--compare", "plan.json"]):
            assert "example is declared otherwise by now" in shell("apply", *words, "--yes", code=5).err
        shell.replace(EXAMPLE, "temperature: 0.8", "temperature: 0.7")
        assert "applied" in shell("apply", "plan.json", "--yes").out
        assert "planned against nothing, and version 1 is live" in shell("apply", "plan.json", "--yes", code=5).err
        assert [method for method, path in app.requests if method != "GET"] == ["POST"]
        assert "is for live" in shell("apply", "plan.json", "--yes", "-w", "other", code=64).err
        assert "don't go together" in shell("apply", "plan.json", "--compare", "plan.json", "--yes", code=64).err


def test_a_plan_is_compared_without_applying_it(shell: Shell) -> None:
    with create_app() as app, serve(app) as url:
        project(shell, url)
        shell("plan", "--out", "plan.json")
        assert "+ create example" in shell("plan", "--compare", "plan.json").out
        shell.replace(EXAMPLE, "temperature: 0.7", "temperature: 0.8")
        moved = shell("plan", "--compare", "plan.json", "--out", "now.json", "--report", "human=now.txt", code=5)
        assert "example is declared otherwise by now" in moved.err
        assert "+ create example" in moved.out, "what would be done now is shown all the same"
        assert (shell.folder / "now.json").exists()
        assert (shell.folder / "now.txt").read_text() == moved.out
        failed = shell("plan", "--compare", "plan.json", "--format", "json", code=5)
        assert failed.json["error"]["code"] == 5, "one document: the error"
        assert "the saved plan has its own" in shell("plan", "example", "--compare", "plan.json", code=64).err
        shell("plan", "example", "--out", "one.json")
        shell.write("presets/new.yaml", "config: {model: m}\n")
        assert "1 to create" in shell("plan", "--compare", "one.json").out, "a plan for some presets stays one"
        settings = f"version: 1\nworkspaces:\n  other: {{provider: openrouter, url: '{url}'}}\n"
        shell.write("presetctl.yaml", settings)
        assert "is for live" in shell("plan", "--compare", "plan.json", code=64).err
        assert [method for method, _ in app.requests if method != "GET"] == []


def test_a_plan_that_was_approved_elsewhere_is_compared(shell: Shell) -> None:
    """What nothing is to be done about may differ; what is to be done may not."""
    with create_app() as app, serve(app) as url:
        project(shell, url)
        shell.write("presets/quiet.yaml", "config: {model: m}\n")
        shell("apply", "--yes")
        shell.replace(EXAMPLE, "temperature: 0.7", "temperature: 0.8")
        shell("plan", "--out", "plan.json")
        app.dashboard_save("default", "quiet", {"model": "m"})
        assert "quiet was planned against version 1, and version 2 is live" in (
            shell("apply", "plan.json", "--yes", code=5).err
        )
        assert "1 applied" in shell("apply", "--compare", "plan.json", "--yes").out
        shell.write("presets/new.yaml", "config: {model: m}\n")
        shell("plan", "example", "--out", "one.json")
        assert "No changes" in shell("apply", "one.json", "--yes").out, "a plan for some presets stays one"


def test_exit_codes_of_a_plan_with_changes(shell: Shell) -> None:
    with create_app() as app, serve(app) as url:
        project(shell, url)
        shell("plan", "--detailed-exitcode", code=2)
        shell("apply", "--yes")
        shell("plan", "--detailed-exitcode", code=0)


def test_a_key_of_another_workspace_is_refused(shell: Shell, key: str) -> None:
    grants = [KeyGrant(key, "staging", "normal")]
    with create_app(keys=grants) as app, serve(app) as url:
        project(shell, url, f", workspace_id: {workspace_id('production')}")
        ran = shell("apply", "--yes", code=7)
        assert workspace_id("staging") in ran.err
        assert [path for _, path in app.requests] == ["/api/v1/key"]
        project(shell, url, f", workspace_id: {workspace_id('staging')}")
        shell("apply", "--yes")


@pytest.mark.parametrize(
    ("keys", "variable", "code", "text"),
    [
        ([], None, 7, "the variable OPENROUTER_API_KEY is not set"),
        ([KeyGrant("another", "w", "normal")], "wrong-key", 7, "the key was not accepted (401)"),
        ([KeyGrant("reader", "w", "read")], "reader", 7, "the key lacks the permission for this (403)"),
    ],
)
def test_keys(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, keys: list[KeyGrant], variable: str | None, code: int, text: str
) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY")
    if variable is not None:
        monkeypatch.setenv("OPENROUTER_API_KEY", variable)
    with create_app(keys=keys) as app, serve(app) as url:
        project(shell, url)
        ran = shell("apply", "--yes", code=code)
        assert text in ran.out + ran.err
        assert variable is None or variable not in ran.out + ran.err


def fault(app: Emulator, status: int, **more: object) -> None:
    app.faults.add(Fault(status, "told to", **more))  # type: ignore[arg-type]


def test_a_write_whose_reply_is_lost_makes_one_version(shell: Shell) -> None:
    with create_app() as app, serve(app) as url:
        project(shell, url)
        fault(app, 502, method="POST", written=True)
        assert "applied  example version 1" in shell("apply", "--yes").out
        assert "No changes" in shell("plan").out
        assert [method for method, _ in app.requests].count("POST") == 1


def test_a_write_that_fails_before_it_is_stored_is_sent_again(shell: Shell) -> None:
    with create_app() as app, serve(app) as url:
        project(shell, url)
        fault(app, 503, method="POST")
        assert "applied  example version 1" in shell("apply", "--yes").out
        assert [method for method, _ in app.requests].count("POST") == 2


@pytest.mark.parametrize(
    ("status", "code", "sent"), [(404, 8, 1), (409, 5, 2), (429, 8, 3), (400, 8, 1), (401, 7, 1), (403, 7, 1)]
)
def test_what_the_server_says_no_to(shell: Shell, status: int, code: int, sent: int) -> None:
    with create_app() as app, serve(app) as url:
        project(shell, url)
        fault(app, status, method="POST", times=9)
        ran = shell("apply", "--yes", code=code)
        assert f"({status})" in ran.out
        assert "The next `presetctl plan` shows exactly what remains." in ran.out
        assert [method for method, _ in app.requests].count("POST") == sent


def test_a_remote_that_is_down(shell: Shell) -> None:
    project(shell, "http://127.0.0.1:1/api/v1")
    shell.replace("presetctl.yaml", "}", ", timeout: 1}")
    assert "can't be reached" in shell("plan", code=8).err


def test_a_url_that_is_not_the_api(shell: Shell) -> None:
    with create_app() as app, serve(app) as url:
        project(shell, url.removesuffix("/api/v1"))
        ran = shell("plan", code=8)
        assert "not found (404)" in ran.err
        assert "such as /api/v1" in ran.err


def test_what_only_the_dashboard_sets_needs_consent(shell: Shell) -> None:
    with create_app() as app, serve(app) as url:
        project(shell, url)
        app.dashboard_save("default", "example", {"model": "m", "cache_enabled": True}, "P")
        planned = shell("plan")
        assert "a write removes `cache_enabled`" in planned.out
        ran = shell("apply", "--yes", code=4)
        assert "--allow-wipe example" in ran.err
        assert {method for method, _ in app.requests} == {"GET"}
        assert "applied  example version 2" in shell("apply", "--yes", "--allow-wipe", "example").out


def test_an_archived_preset_that_the_list_hides_is_a_conflict(shell: Shell) -> None:
    with create_app() as app, serve(app) as url:
        project(shell, url)
        shell("apply", "--yes")
        app.dashboard_set_status("default", "example", "archived")
        ran = shell("apply", "--yes", code=5)
        assert "conflict (409)" in ran.out


def test_json_is_one_document_also_on_failure(shell: Shell) -> None:
    shell("init")
    assert shell("plan", "--format", "json").json["summary"]["create"] == 1
    assert shell("apply", "--yes", "--format", "json").json["summary"]["applied"] == 1
    assert shell("validate", "--format", "json").json["problems"] == []
    shell.replace(EXAMPLE, "temperature", "temprature")
    assert shell("plan", "--format", "json", code=3).json["error"]["problems"][0]["rule"] == "unknown-field"
    assert shell("validate", "--format", "json", code=3).json["summary"] == {"files": 1, "errors": 1, "warnings": 0}
    assert shell("plan", "--format", "json", "--nonsense", code=64).json["error"]["code"] == 64
    assert shell("plan", "--format=json", "nothing", code=3).json["error"]["name"] == "invalid_input"


def test_wrong_usage(shell: Shell) -> None:
    assert "presetctl init" in shell("plan", code=3).err
    shell("init")
    assert "no file declares a preset exampel" in shell("plan", "exampel", code=64).err
    assert "did you mean example?" in shell("plan", "exampel", code=64).err
    assert "no workspace is named x" in shell("plan", "-w", "x", code=64).err
    assert "add --yes" in shell("apply", code=64).err
    assert "No such command 'pln'. Did you mean 'plan'?" in shell("pln", code=64).err
    assert shell("xyzzy", code=64).err.endswith("No such command 'xyzzy'.\n")
    assert "Usage:" in shell(code=64).err
    assert "is not a folder" in shell("-C", "nowhere", "plan", code=64).err
    assert "not inside the project" in shell("validate", "/", code=64).err


def test_validate_paths(shell: Shell) -> None:
    shell("init")
    shell.write("presets/sub/other.yaml", "config: {x: 1}")
    assert "2 files checked: 1 error." in shell("validate", code=3).out
    assert "1 file checked, all valid." in shell("validate", EXAMPLE, "presetctl.yaml").out
    assert "1 file checked: 1 error." in shell("validate", "presets/sub", code=3).out
    assert "presets/none.yaml" in shell("validate", "presets/none.yaml", code=3).out
    github = shell("validate", "--format", "github", code=3).out
    assert "::error file=presets/sub/other.yaml,line=1,col=10,title=unknown-field::" in github
    assert "all valid" in shell("-C", "presets", "validate", "example.yaml").out


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "init", "serve", "schema", "completion"])
def test_help_has_examples(shell: Shell, command: str) -> None:
    assert "Examples:" in shell(command, "--help").out


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion(shell: Shell, name: str) -> None:
    if name == "bash":
        pytest.importorskip("click.shell_completion")
    assert "presetctl" in shell("completion", name).out


def run_module(*words: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "presetctl", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def test_version_and_module() -> None:
    assert run_module("--version").stdout == f"presetctl {__version__}\n"


def test_completion_completes() -> None:
    ran = run_module(_PRESETCTL_COMPLETE="bash_complete", COMP_WORDS="presetctl va", COMP_CWORD="1")
    assert "validate" in ran.stdout


def test_start_imports_nothing_heavy() -> None:
    code = "import sys, presetctl.cli.main as m; m.run(['--version']); print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"httpx", "jsonschema", "deepdiff", "pydantic", "yaml", "werkzeug", "sqlite3", "jinja2"}


def test_a_narrow_locale_does_not_crash(tmp_path: Path) -> None:
    run_module("init", cwd=tmp_path)
    ran = run_module("plan", cwd=tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert ran.returncode == 0, ran.stderr
    assert "Plan: 1 to create" in ran.stdout


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({"FORCE_COLOR": "1"}, True), ({}, False), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colours(tmp_path: Path, environment: dict[str, str], coloured: bool) -> None:
    run_module("init", cwd=tmp_path)
    assert ("\x1b[" in run_module("plan", cwd=tmp_path, **environment).stdout) is coloured


def test_no_default_workspace(shell: Shell) -> None:
    shell.write("presetctl.yaml", "version: 1\nworkspaces: {a: {provider: openrouter}, b: {provider: openrouter}}\n")
    assert "name one with -w" in shell("plan", code=64).err


@pytest.mark.parametrize("version", ["true", "1.0", "2", "'1'"])
def test_another_version_of_the_project_file(shell: Shell, version: str) -> None:
    shell.write("presetctl.yaml", f"version: {version}\nworkspaces: {{a: {{provider: openrouter}}}}\n")
    assert "presetctl.yaml:1:10: error: `version` must be 1" in shell("validate", code=3).err


def test_files_are_named_from_githubs_checkout(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell("init", "project")
    shell.replace(f"project/{EXAMPLE}", "temperature", "temprature")
    for workspace, prefix in [(shell.folder, "project/"), (shell.folder / "project", ""), (shell.folder / "else", "")]:
        monkeypatch.setenv("GITHUB_WORKSPACE", str(workspace))
        ran = shell("-C", "project", "validate", "--format", "github", code=3)
        assert f"::error file={prefix}{EXAMPLE},line=7" in ran.out


def test_a_folder_that_can_not_be_made(shell: Shell) -> None:
    shell.write("presets", "a file")
    assert "can't be made" in shell("init", code=1).err
    shell.write("other/presetctl.yaml", "version: 1\nworkspaces: {a: {provider: openrouter, url: embedded}}\n")
    shell.write("other/.presetctl", "a file")
    assert "can't be made" in shell("-C", "other", "apply", "--yes", code=1).err


def test_an_unexpected_error_tells_nothing_but_its_place(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell("init")

    def fail(*_: object) -> None:
        raise RuntimeError("canary-secret")

    monkeypatch.setattr("presetctl.cli.session.find_project", fail)
    ran = shell("plan", code=1)
    assert "unexpected RuntimeError in test_story.py, line" in ran.err
    assert "canary-secret" not in ran.err
    assert shell("plan", "--format", "json", code=1).json["error"]["code"] == 1
    monkeypatch.setenv("PRESETCTL_DEBUG", "1")
    with pytest.raises(RuntimeError):
        shell("plan")


def test_an_answer_on_a_terminal(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell("init")

    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    ran = shell("apply")
    assert "Apply to local? [y/N]" in ran.err
    assert "Nothing was written." in ran.err
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert "applied  example version 1" in shell("apply").out
    monkeypatch.setattr("sys.stdin", Terminal(""))
    shell.replace(EXAMPLE, "0.7", "0.8")
    assert "Interrupted." in shell("apply", code=130).err


class Terminal(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


def test_a_protected_preset_needs_its_name(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell("init")
    shell.replace(EXAMPLE, "config:", "protected: true\nconfig:")
    assert "Apply to local would stop: example is protected (--allow-protected example agrees)." in shell("plan").err
    ran = shell("apply", "--yes", code=4)
    assert "nothing was written: example is protected" in ran.err
    assert "+ create example" in ran.out, "the plan is shown all the same"
    monkeypatch.setattr("sys.stdin", Terminal("exampel\n"))
    assert "example is protected" in shell("apply", code=4).err
    monkeypatch.setattr("sys.stdin", Terminal("example\ny\n"))
    assert "applied  example version 1" in shell("apply").out
    shell.replace(EXAMPLE, "0.7", "0.8")
    assert "version 2" in shell("apply", "--yes", "--allow-protected", "example").out


def test_a_protected_workspace_needs_its_name(shell: Shell) -> None:
    shell("init")
    shell.replace("presetctl.yaml", "url: embedded", "url: embedded\n    protected: true")
    assert "local is protected" in shell("apply", "--yes", code=4).err
    shell("apply", "--yes", "--allow-protected", "local")
    shell("apply", "--yes")


def test_too_many_updates_need_their_number(shell: Shell) -> None:
    shell("init")
    for number in range(11):
        shell.write(f"presets/p{number}.yaml", "config: {model: a}\n")
    shell("apply", "--yes")
    for number in range(6):
        shell.write(f"presets/p{number}.yaml", "config: {model: b}\n")
    ran = shell("apply", "--yes", code=4)
    assert "6 of 12 live presets would be overwritten, and the limit is 30%" in ran.err
    assert "--allow-updates 6" in ran.err
    assert "6 applied" in shell("apply", "--yes", "--allow-updates", "6").out
    shell.replace("presetctl.yaml", "url: embedded", "url: embedded\n    limits: {updates: a lot}")
    assert "presetctl.yaml:8:23: error: `updates` must be a number of presets" in shell("validate", code=3).err


def test_several_workspaces_side_by_side(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY")
    shell("init")
    shell.replace("presetctl.yaml", "workspaces:", "workspaces:\n  staging: {provider: openrouter, url: embedded}")
    shell.replace(EXAMPLE, "config:", "overrides: {staging: {config: {temperature: 0.1}}}\nconfig:")
    shell("apply", "--yes", "-w", "staging")
    ran = shell("plan", "--all-workspaces")
    assert "Workspace staging (openrouter, embedded)\n\nNo changes: 1 preset as declared." in ran.out
    assert "+ create example" in ran.out
    assert ran.out.endswith("staging  No changes: 1 preset as declared.\nlocal    Plan: 1 to create, 0 unchanged.\n")
    document = shell("plan", "-w", "local", "-w", "staging", "--format", "json").json
    assert [plan["workspace"]["name"] for plan in document["plans"]] == ["local", "staging"]
    assert [plan["summary"]["create"] for plan in document["plans"]] == [1, 0]
    shell("plan", "--all-workspaces", "--detailed-exitcode", code=2)
    assert "don't go together" in shell("plan", "--all-workspaces", "-w", "local", code=64).err
    assert "one file holds one plan" in shell("plan", "--all-workspaces", "--out", "x.json", code=64).err
    shell("plan", "-w", "local", "-w", "local", "--out", "x.json")


def test_an_embedded_workspace_that_is_damaged(shell: Shell) -> None:
    shell("init")
    shell.write(".presetctl/local.sqlite3", "not a database" * 100)
    ran = shell("plan", code=3)
    assert "the embedded workspace can't be opened" in ran.err
    assert "move" in ran.err


def test_no_files_and_no_project(shell: Shell) -> None:
    shell("init")
    (shell.folder / EXAMPLE).unlink()
    assert shell("validate").out == "No preset files found.\n"
    shell.write("presetctl.yaml", "version: [")
    ran = shell("validate", code=3)
    assert "presetctl.yaml:1:11: error: " in ran.err
    assert ran.err.count("is not valid") == 1
