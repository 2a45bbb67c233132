"""One declared preset as text and as JSON, and the request that stores it."""

from __future__ import annotations

import shlex

from presetctl.domain.kind import KEYS, PRESET_ID
from presetctl.domain.preset import BESIDE, Preset
from presetctl.domain.values import Json
from presetctl.report.json import as_text, header
from presetctl.report.safe import inert, one_line, visible
from presetctl.report.text import Style


def preset_text(preset: Preset, workspace: str, body: str, style: Style) -> str:
    """What it is and where it comes from, then ``body``: its content as YAML."""
    file = style(one_line(preset.source.file), dim=True)
    head = f"{style(preset.slug, bold=True)}  {style(one_line(preset.kind), dim=True)}  {file}"
    return inert(f"{head}\nWorkspace {workspace}\n\n{visible(body).rstrip()}")


def preset_fields(preset: Preset) -> dict[str, Json]:
    """What the files say of a preset, for a person to read: without the keys that it doesn't have."""
    content = preset.content
    config: Json = {key: value for key, value in content.config.items() if key not in {*KEYS, *BESIDE}} or None
    fields: dict[str, Json] = {
        **{key: content.config.get(name) for name, key in KEYS.items()},
        PRESET_ID: preset.adopts,
        "description": preset.description,
        "model_spec": False if preset.model_spec is None else dict(preset.model_spec) or None,
        "system_prompt": content.system_prompt,
        "config": config,
    }
    return {key: value for key, value in fields.items() if value is not None}


def preset_file(preset: Preset) -> dict[str, Json]:
    """A preset file that declares by itself what a preset is for a workspace."""
    protected = {"protected": True} if preset.protected else {}
    return {"kind": preset.kind, "slug": preset.slug, **preset_fields(preset), **protected}


def is_harmless(text: str) -> bool:
    """Whether a text can be shown as it is: nothing in it hides, moves the cursor, or is a command to a runner."""
    return inert(visible(text)) == text


def preset_document(preset: Preset, workspace: str, digest: str) -> dict[str, Json]:
    """A preset as the files declare it for a workspace. ``digest`` is that of what the workspace would keep."""
    return {
        **header(),
        "workspace": workspace,
        "slug": preset.slug,
        "kind": preset.kind,
        "source": {"file": preset.source.file, "line": preset.source.line},
        "description": preset.description,
        "system_prompt": preset.content.system_prompt,
        "config": preset.content.config,
        "digest": digest,
    }


def curl_text(url: str, variable: str, body: Json) -> str:
    """The request as a command for a POSIX shell. The key is only named, as a variable."""
    return " \\\n  ".join(
        [
            f"curl --fail-with-body -X POST {shlex.quote(url)}",
            f'-H "Authorization: Bearer ${variable}"',
            "-H 'Content-Type: application/json'",
            f"--data-raw {shlex.quote(as_text(body))}",
        ]
    )
