"""``presetctl ci summary`` and ``outputs``: what GitHub's runner reads from files that it names."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from presetctl.cli.console import say
from presetctl.domain.errors import UsageError
from presetctl.load.appending import append_text
from presetctl.load.plans import load_plans
from presetctl.load.results import load_failure, load_plans_or_failure
from presetctl.report.markdown import plans_markdown
from presetctl.report.outputs import Failure, outputs_text, plan_outputs

SUMMARY_BYTES = 1024 * 1024
"""What GitHub takes as the summary of one step."""


def path_of(ctx: click.Context, file: str) -> Path:
    """Where a file is that was named in the folder that the command runs in."""
    return Path(ctx.find_root().obj) / file


@click.command("summary")
@click.argument("planfiles", nargs=-1, required=True, metavar="PLANFILE...")
@click.pass_context
def summary(ctx: click.Context, planfiles: tuple[str, ...]) -> None:
    """Add plans to the summary of the job: to the file that GITHUB_STEP_SUMMARY names, as Markdown.

    At most 1 MiB, which is what GitHub takes: long texts are shortened first, then only tables stay.

    \b
    Examples:
      presetctl ci summary plan.json
      presetctl ci summary plans/*.json
    """
    target = _named_file("GITHUB_STEP_SUMMARY")
    plans = [plan for file in planfiles for plan in load_plans(path_of(ctx, file))[0]]
    left = SUMMARY_BYTES - (target.stat().st_size if target.exists() else 0) - len("\n\n")
    text = plans_markdown(plans, max(left, 0), "`presetctl show PLANFILE` shows all of it.", _bytes)
    if not text:
        say("The summary of this step is full; nothing was added to it.")
        return
    append_text(target, f"{text}\n\n")


def _bytes(text: str) -> int:
    return len(text.encode())


@click.command("outputs")
@click.argument("planfile")
@click.option("--apply", "applyfile", metavar="APPLYFILE", help="What `presetctl apply --format json` printed.")
@click.pass_context
def outputs(ctx: click.Context, planfile: str, applyfile: str | None) -> None:
    """Set outputs for later steps: in the file that GITHUB_OUTPUT names.

    PLANFILE is a saved plan, or what `presetctl plan --format json` printed, also where it failed.

    \b
      changed         true where something would be written
      blocked         true where a limit or a protection would stop apply, or did (exit code 4)
      stale           true where the plan or the workspace moved (exit code 5)
      counts          how many changes of each kind, as JSON
      fingerprint     of the plan; empty with several
      plan-path       where PLANFILE is
      changed-slugs   the presets that would be written, as JSON
      failure-reason  why it failed, on one line; empty where it did not

    \b
    Examples:
      presetctl ci outputs plan.json
      presetctl ci outputs plan.json --apply apply.json
    """
    target = _named_file("GITHUB_OUTPUT")
    plans, failed = load_plans_or_failure(path_of(ctx, planfile))
    if not failed[0] and applyfile is not None:
        failed = load_failure(path_of(ctx, applyfile))
    values = plan_outputs(plans, str(path_of(ctx, planfile).resolve()), Failure(*failed))
    append_text(target, outputs_text(values, f"presetctl-{secrets.token_hex(16)}"))


def _named_file(variable: str) -> Path:
    name = os.environ.get(variable, "")
    if not name:
        raise UsageError(f"{variable} is not set", hint="GitHub Actions sets it for every step")
    return Path(name)
