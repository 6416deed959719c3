"""`sidechain account …`: where you are signed in, your devices, all that the relay keeps of you, and deleting the account."""

from pathlib import Path
from typing import Annotated

import typer

import bridge.control as c
from daemon.cli.help import Group
from daemon.cli.output import Json, ask, show
from daemon.cli.tables import table
from daemon.errors import UsageError

app = typer.Typer(
    cls=Group, help="Your account at the relay: sign-ins, devices, export, delete.", no_args_is_help=True
)
EXPORT_LIMIT_S = 1800.0


@app.command("sign-ins")
def sign_ins(
    end: Annotated[bool, typer.Option("--end", help="Sign out everywhere but here.")] = False,
    as_json: Json = False,
) -> None:
    """List where you are signed in, browsers and devices; or sign out everywhere but here.

    Examples:  sidechain account sign-ins   ·   sidechain account sign-ins --end
    """
    if end:
        done = ask(c.EndSignIns(), c.SignInsEnded)
        show(done, as_json, lambda: f"Signed out in {done.ended} other places.")
        return
    found = ask(c.ListSignIns(), c.SignInsAre)
    rows = [
        [each.kind, each.name, each.since[:16].replace("T", " "), "this one" if each.current else ""]
        for each in found.sign_ins
    ]
    show(found, as_json, lambda: table(["what", "name", "since", ""], rows))


@app.command()
def devices(
    revoke: Annotated[
        str | None, typer.Option(help="Take one away, by its name or the start of its id.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List your devices, or take one away: what it held open is closed within seconds.

    Examples:  sidechain account devices   ·   sidechain account devices --revoke 0192f3c4
    """
    found = ask(c.ListDevices() if revoke is None else c.RevokeDevice(device=revoke), c.DevicesAre)
    rows = [
        [each.device_id[:13], each.name, each.platform, each.place, each.claimed_at[:16].replace("T", " ")]
        for each in found.devices
    ]
    taken = "Taken away:\n" if revoke is not None else ""
    show(found, as_json, lambda: taken + table(["device", "name", "system", "place", "since"], rows))


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where the archive is stored; it must not be there yet.")],
    as_json: Json = False,
) -> None:
    """Store all that the relay keeps of you: lists as JSON, your sound as FLAC, in a ZIP.

    Example:  sidechain account export ~/sidechain.zip
    """
    made = ask(c.ExportAccount(path=str(file.expanduser().absolute())), c.ExportIs, timeout_s=EXPORT_LIMIT_S)
    show(made, as_json, lambda: f"{made.path}: {made.size_bytes / 1e6:.1f} MB")


@app.command()
def delete(
    username: Annotated[str, typer.Argument(help="Your own name, so that nothing is deleted by mistake.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete your account at the relay and all that is yours there, for good. The takes here stay.

    Example:  sidechain account delete ana
    """
    name = username.removeprefix("@")
    if not yes and not typer.confirm(f"Delete {name} and everything it posted, for good?"):
        raise UsageError("Nothing was deleted.", "Say --yes to delete it.")
    done = ask(c.DeleteAccount(username=name), c.Done)
    show(done, as_json, lambda: f"{name} is gone from the relay. Your takes are where they were.")
