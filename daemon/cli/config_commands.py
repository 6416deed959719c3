"""`sidechain config …`: what the running daemon goes by, and the settings file of the next one."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

import bridge.control as c
from daemon.cli.help import Group
from daemon.cli.output import Json, ask, loaded, note, say, show
from daemon.cli.tables import table
from daemon.doors.control.settings import told_settings
from daemon.errors import NotRunning
from daemon.settings.fitting import checked
from daemon.settings.table import proper_name, setting
from daemon.settings.writing import write_settings

NOT_RUNNING = "No daemon runs; these would hold for one that is started here."
HOLDS = {
    "now": "It holds now.",
    "next_start": "It holds from the daemon's next start: `sidechain restart`.",
    "overridden": "The running daemon was given another by a flag or its environment, and goes by that.",
}

app = typer.Typer(cls=Group, help="Settings: get, set, unset, path, explain.", no_args_is_help=False)
Name = Annotated[str, typer.Argument(help="A setting's name.", callback=proper_name)]


@app.callback(invoke_without_command=True)
def _show_by_default(ctx: typer.Context, as_json: Json = False) -> None:
    """Settings: those that the running daemon goes by, and where each comes from.

    Examples:  sidechain config   ·   sidechain config set relay_url https://relay.example
    """
    if ctx.invoked_subcommand is not None:
        return
    told, amiss = _told()
    _note(amiss)
    values = {each.name: msgspec.json.decode(each.value) for each in told.settings}
    rows = [[each.name, _plain(each), each.origin] for each in told.settings]
    show(values, as_json, lambda: table(["setting", "value", "from"], rows))


@app.command()
def get(name: Name, as_json: Json = False) -> None:
    """Show one setting. Example:  sidechain config get default_bars"""
    told, amiss = _told()
    found = _one(told, name)
    _note(amiss)
    show({name: msgspec.json.decode(found.value)}, as_json, lambda: _plain(found))


@app.command("set", context_settings={"ignore_unknown_options": True})  # -1 is a value
def set_(
    name: Name, value: Annotated[str, typer.Argument(help="Its new value.")], as_json: Json = False
) -> None:
    """Set a setting in the file. Example:  sidechain config set default_bars 4"""
    fits = checked(name, value)
    file = loaded().file
    write_settings(file, {name: fits})
    _told_change(name, fits, f"Set in {file}.", as_json)


@app.command()
def unset(name: Name, as_json: Json = False) -> None:
    """Take a setting out of the file: its default holds. Example:  sidechain config unset default_bars"""
    setting(name)
    file = loaded().file
    write_settings(file, {name: None})
    _told_change(name, None, f"Taken out of {file}.", as_json)


def _told_change(name: str, value: object, what: str, as_json: bool) -> None:
    holds = _when_it_holds(name)
    answer = {name: value, "file": str(loaded().file), "holds": holds}
    show(answer, as_json, lambda: f"{what} {HOLDS[holds]}")


def _when_it_holds(name: str) -> str:
    """The daemon reads the file at once, and says so."""
    try:
        reloaded = ask(c.ReloadSettings(), c.SettingsReloaded)
        told = ask(c.GetSettings(), c.Settings)
    except NotRunning:
        return "next_start"
    if name in reloaded.waiting:
        return "next_start"
    return "overridden" if _one(told, name).origin in ("environment", "flag") else "now"


@app.command()
def path() -> None:
    """Where the settings file is, or would be."""
    say(str(loaded().file))


@app.command()
def explain(name: Name, as_json: Json = False) -> None:
    """What a setting is for. Example:  sidechain config explain fallback_seconds"""
    row = setting(name)
    told, amiss = _told()
    found = _one(told, name)
    _note(amiss)
    value = {"setting": name, "meaning": row.meaning, "value": msgspec.json.decode(found.value)}
    value |= {
        "default": row.default,
        "at_once": row.at_once,
        "variable": row.variable,
        "from": found.origin,
        "file": told.file,
    }
    now = f"Now {_plain(found) or '–'} (from {found.origin}); default: {row.default}."
    when = "It holds at once." if row.at_once else "It holds from the daemon's next start."
    set_by = f"Set it by `sidechain config set {name}`, or by ${row.variable}."
    show(value, as_json, lambda: f"{name}: {row.meaning}\n{now} {when}\n{set_by}")


def _told() -> tuple[c.Settings, Sequence[str]]:
    """Of the running daemon, or of one that would be started here; and what is to be said beside it."""
    held = loaded()
    try:
        return ask(c.GetSettings(), c.Settings), ()
    except NotRunning:
        return told_settings(held), (NOT_RUNNING, *held.troubles)


def _note(amiss: Sequence[str]) -> None:
    for each in amiss:
        note(f"Note: {each}")


def _one(told: c.Settings, name: str) -> c.SettingInfo:
    setting(name)
    return next(each for each in told.settings if each.name == name)


def _plain(setting: c.SettingInfo) -> str:
    value = msgspec.json.decode(setting.value)
    return value if isinstance(value, str) else setting.value
