"""``presetctl serve``: the emulator on a port."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import click
from click.core import ParameterSource

from presetctl.domain.errors import InputError, PresetctlError, UsageError
from presetctl.emulator.switches import Switches

if TYPE_CHECKING:
    from types import FrameType

    from presetctl.emulator.access import KeyGrant
    from presetctl.emulator.application import Application
    from presetctl.emulator.librechat.settings import Account

OPENROUTER, LIBRECHAT = "openrouter", "librechat"

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


def _parse_users(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> tuple[Account, ...]:
    from presetctl.emulator.librechat.settings import Account

    try:
        return tuple(Account.parse(text) for text in texts)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("serve")
@click.option(
    "--provider",
    type=click.Choice([OPENROUTER, LIBRECHAT]),
    default=OPENROUTER,
    show_default=True,
    help="Whose presets API to emulate.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8377, show_default=True, help="0 picks a free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--allow-remote", is_flag=True, default=False, help="Let --host be reachable from other machines.")
@click.option("--db", type=click.Path(dir_okay=False), help="The SQLite file to keep presets in; default: in memory.")
@click.option(
    "--latency",
    type=click.IntRange(0, 60_000),
    default=0,
    show_default=True,
    metavar="MS",
    help="Hold every answer back for so many milliseconds, as a network would.",
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY=WORKSPACE[:management|:read]",
    callback=_parse_keys,
    help="A key and the workspace that it opens; repeat for more keys.",
)
@click.option(
    "--user",
    "users",
    multiple=True,
    metavar="EMAIL=PASSWORD[:2fa|:unverified|:admin]",
    callback=_parse_users,
    help="librechat: a user who can log in; repeat for more.",
)
@click.option(
    "--login-max",
    type=click.IntRange(min=0),
    default=7,
    show_default=True,
    help="librechat: logins from one address in five minutes; 0 for any number.",
)
@click.option(
    "--filter",
    "filtered",
    multiple=True,
    metavar="TEXT",
    help="librechat: a text that the content filter blocks; repeat for more.",
)
@_with_switches
@click.pass_context
def command(
    context: click.Context,
    /,
    provider: str,
    port: int,
    host: str,
    allow_remote: bool,
    db: str | None,
    latency: int,
    keys: tuple[KeyGrant, ...],
    users: tuple[Account, ...],
    login_max: int,
    filtered: tuple[str, ...],
    **switches: Any,
) -> None:
    """Serve an emulated OpenRouter workspace, or LibreChat server, over HTTP.

    The presets operations of the provider's API on a local database: for trying things out and for tests, without an
    account. Nothing is ever forwarded to the provider.

    Without --key, any bearer key opens the workspace "default" and may do everything, archive and restore included.
    With --key there are only those keys: a plain one reads and writes, :read only reads, and :management may also
    archive and restore, in any workspace.

    The last options choose between readings of what OpenRouter documents nowhere.

    With --provider librechat there are the routes for presets and for logging in, with what is odd about them: failure
    that answers 201, fields that can't be taken away, a delete without an id that deletes all. Those for an admin's
    configuration are there, too. Without --user, there is user@example.com with the password "password"; others can
    register. The first user is an admin, and so is one with :admin.

    \b
    Examples:
      presetctl serve
      presetctl serve --port 0 --db presets.db
      presetctl serve --latency 80
      presetctl serve --key dev-1=staging --key dev-2=production:management
      presetctl serve --unknown-fields drop --server-defaults
      presetctl serve --provider librechat --user ann@example.com=secret-123 --login-max 0
    """
    _check_host(host, allow_remote)
    _refuse_foreign(context, provider)
    with _usable():
        if provider == LIBRECHAT:
            served = _librechat(db or ":memory:", users, login_max, filtered)
        else:
            served = _openrouter(db or ":memory:", keys, Switches(**switches))
    served.app.latency = latency / 1000
    with served.app:
        _run(served, host, port)


def _refuse_foreign(context: click.Context, provider: str) -> None:
    """UsageError for an option that says something about the other provider."""
    librechat = {"users", "login_max", "filtered"}
    openrouter = {"keys", *(switch.name for switch in fields(Switches))}
    for option in context.command.params:
        name = option.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name in (openrouter if provider == LIBRECHAT else librechat):
            raise UsageError(
                f"{option.opts[0]} means nothing with --provider {provider}", hint="Leave one of them out."
            )


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


@dataclass(frozen=True)
class _Served:
    """An emulator, whose it is, the path that its URL ends with, and what to say of it."""

    app: Application
    name: str
    base: str
    notes: tuple[str, ...]


@contextmanager
def _usable() -> Iterator[None]:
    from presetctl.emulator.errors import UnusableDatabaseError

    try:
        yield
    except UnusableDatabaseError as error:
        raise InputError(str(error), hint="Name another file with --db; this one was left as it is.") from None


def _openrouter(db: str, keys: tuple[KeyGrant, ...], switches: Switches) -> _Served:
    from presetctl.emulator.app import create_app
    from presetctl.emulator.operations import BASE

    try:
        app = create_app(db, keys=keys, switches=switches)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--key") from None
    notes = (f"Workspace {name}: {workspace_id}" for name, workspace_id in app.workspaces.items())
    return _Served(app, "OpenRouter", BASE, tuple(notes))


def _librechat(db: str, users: tuple[Account, ...], login_max: int, filtered: tuple[str, ...]) -> _Served:
    from presetctl.emulator.librechat.app import create_app
    from presetctl.emulator.librechat.settings import DEFAULT_ACCOUNT, Settings

    accounts = users or (DEFAULT_ACCOUNT,)
    app = create_app(db, accounts=accounts, settings=Settings(login_max=login_max, filtered=filtered))
    return _Served(app, "LibreChat", "", tuple(f"User {account.email}" for account in accounts))


def _run(served: _Served, host: str, port: int) -> None:
    from presetctl.emulator.server import serve

    for note in served.notes:
        click.echo(note, err=True)
    try:
        with _stop_signal() as stop, serve(served.app, host, port, base=served.base) as url:
            click.echo(f"Serving {served.name} presets at {url}")
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
