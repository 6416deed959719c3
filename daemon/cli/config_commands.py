"""`sidechain config …`: what the running daemon goes by, and the settings file of the next one."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

import bridge.control as c
from daemon.cli.help import Group
from daemon.cli.output import Json, ask, loaded, note, say, show, table
from daemon.doors.control.settings import told_settings
from daemon.errors import NotRunning
from daemon.settings import LIVE, checked, proper_name, setting, write_settings

NOT_RUNNING = "No daemon runs; these would hold for one that is started here."
NOW = "It holds now."
RESTART = "It holds from the daemon's next start: `sidechain down`, `sidechain up --detach`."

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
    when = NOW if _told_at_once(name, fits) else RESTART
    show({name: fits, "file": str(file)}, as_json, lambda: f"Set in {file}. {when}")


@app.command()
def unset(name: Name, as_json: Json = False) -> None:
    """Take a setting out of the file: its default holds. Example:  sidechain config unset default_bars"""
    setting(name)
    file = loaded().file
    write_settings(file, {name: None})
    show({name: None, "file": str(file)}, as_json, lambda: f"Its default holds. {RESTART}")


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
    value |= {"default": row.default, "variable": row.variable, "from": found.origin, "file": told.file}
    now = f"Now {_plain(found) or '–'} (from {found.origin}); default: {row.default}."
    set_by = f"Set it by `sidechain config set {name}`, or by ${row.variable}."
    show(value, as_json, lambda: f"{name}: {row.meaning}\n{now}\n{set_by}")


def _told_at_once(name: str, value: object) -> bool:
    """Whether a running daemon goes by it now."""
    if name not in LIVE:
        return False
    try:
        ask(c.ChangeSetting(name=name, value=msgspec.json.encode(value).decode()), c.Settings)
    except NotRunning:
        return False
    return True


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
