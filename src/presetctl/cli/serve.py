"""``presetctl serve``: the emulator on a port."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import click

from presetctl.domain.errors import InputError, PresetctlError, UsageError
from presetctl.emulator.switches import Switches

if TYPE_CHECKING:
    from types import FrameType

    from presetctl.emulator.access import KeyGrant
    from presetctl.emulator.app import Emulator

_SWITCH_HELP = {
    "unknown_fields": "Config-like request fields whose persistence is undocumented.",
    "server_defaults": "Add nulls, empty lists and default booleans to what is stored.",
    "identical_post": "What sending again what is live makes: a version, or nothing.",
    "archive": "Whether presets can be archived and restored; missing answers 404.",
    "archived_rows": "Whether the list leaves archived presets out, or shows them with their status.",
    "post_to_archived": "Writing to an archived slug: refuse with 409, or bring it back.",
    "nulls": "Nulls at the top level of a request.",
    "json_form": "Key order and number form: as sent, or keys sorted and 1.0 as 1.",
}


def _with_switches(function: Any) -> Any:
    """Adds one option for every switch of the emulator."""
    hints = get_type_hints(Switches)
    for switch in reversed(fields(Switches)):
        flag, text = f"--{switch.name.replace('_', '-')}", _SWITCH_HELP[switch.name]
        if hints[switch.name] is bool:
            option = click.option(flag, is_flag=True, default=False, help=text)
        else:
            choices = click.Choice(get_args(hints[switch.name]))
            option = click.option(flag, type=choices, default=switch.default, show_default=True, help=text)
        function = option(function)
    return function


def _parse_keys(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> tuple[KeyGrant, ...]:
    from presetctl.emulator.access import KeyGrant

    try:
        return tuple(KeyGrant.parse(text) for text in texts)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8377, show_default=True, help="0 picks a free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--allow-remote", is_flag=True, default=False, help="Let --host be reachable from other machines.")
@click.option("--db", type=click.Path(dir_okay=False), help="The SQLite file to keep presets in; default: in memory.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY=WORKSPACE[:management|:read]",
    callback=_parse_keys,
    help="A key and the workspace that it opens; repeat for more keys.",
)
@_with_switches
def command(
    port: int, host: str, allow_remote: bool, db: str | None, keys: tuple[KeyGrant, ...], **switches: Any
) -> None:
    """Serve an emulated OpenRouter workspace over HTTP.

    The presets operations of OpenRouter's API on a local database: for trying things out and for tests, without an
    account. Nothing is ever forwarded to OpenRouter.

    Without --key, any bearer key opens the workspace "default" and may do everything, archive and restore included.
    With --key there are only those keys: a plain one reads and writes, :read only reads, and :management may also
    archive and restore, in any workspace.

    The last options choose between readings of what OpenRouter documents nowhere.

    \b
    Examples:
      presetctl serve
      presetctl serve --port 0 --db presets.db
      presetctl serve --key dev-1=staging --key dev-2=production:management
      presetctl serve --unknown-fields drop --server-defaults
    """
    _check_host(host, allow_remote)
    with _open(db, keys, Switches(**switches)) as app:
        _run(app, host, port)


def _check_host(host: str, allow_remote: bool) -> None:
    try:
        is_loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        raise UsageError(f"--host {host} is not an IP address") from None
    if not (is_loopback or allow_remote):
        raise UsageError(
            f"--host {host} can be reached from other machines",
            hint="Add --allow-remote if that is wanted; without --key, anybody may then read and write.",
        )


def _open(db: str | None, keys: tuple[KeyGrant, ...], switches: Switches) -> Emulator:
    from presetctl.emulator.app import UnusableDatabaseError, create_app

    try:
        return create_app(db or ":memory:", keys=keys, switches=switches)
    except UnusableDatabaseError as error:
        raise InputError(str(error), hint="Name another file with --db; this one was left as it is.") from None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--key") from None


def _run(app: Emulator, host: str, port: int) -> None:
    from presetctl.emulator.server import serve

    for name, workspace_id in app.workspaces.items():
        click.echo(f"Workspace {name}: {workspace_id}", err=True)
    try:
        with _stop_signal() as stop, serve(app, host, port) as url:
            click.echo(f"Serving OpenRouter presets at {url}")
            stop.wait()
    except OSError as error:
        raise _cannot_listen(error, host, port) from None


def _cannot_listen(error: OSError, host: str, port: int) -> PresetctlError:
    if error.errno == errno.EADDRINUSE:
        hint = "Choose another one with --port, or --port 0 for any that is free."
        return PresetctlError(f"port {port} on {host} is in use by another program", hint=hint)
    return PresetctlError(f"can't listen on {host} port {port}: {error.strerror}")


@contextmanager
def _stop_signal() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set while the block runs."""
    stop = threading.Event()

    def set_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, set_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
