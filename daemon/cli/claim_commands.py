"""Commands about whose device this is: claim, unclaim, whoami."""

import os
import sys
from typing import Annotated

import typer

import bridge.control as c
from bridge.errors import DaemonNotRunning
from daemon.cli.output import Json, ask, note, settings, show
from daemon.core.claim import without_a_browser
from daemon.errors import NotRunning, RelayRefused, UsageError


def claim(
    device_code: Annotated[
        bool, typer.Option("--device-code", help="Show a code to type in a browser on any machine.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address instead of opening it.")
    ] = False,
    dev_user: Annotated[
        str | None,
        typer.Option("--dev-user", help="Account name at a relay started with --dev on this machine."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Join this device to your account: your browser opens, and you say yes there.

    Examples:  sidechain claim   ·   sidechain claim --device-code   ·   sidechain claim --dev-user nightowl
    """
    if dev_user is not None:
        if device_code or no_browser:
            raise UsageError("--dev-user asks nobody, so there is no code and no browser.")
        claimed = ask(c.ClaimDevice(username=dev_user), c.Claimed)
    else:
        claimed = claim_by_browser(device_code, no_browser)
    show(claimed, as_json, lambda: f"This device now belongs to {claimed.account}.")


def claim_by_browser(device_code: bool, no_browser: bool) -> c.Claimed:
    """Begin, say what the person is to do, and wait for the end of it. Raises RelayRefused, NotRunning."""
    import asyncio

    why_not = None if device_code or no_browser else without_a_browser(os.environ, sys.platform)
    state = ask(c.BeginClaim(by_code=device_code or why_not is not None), c.ClaimState)
    if why_not:
        note(why_not)
    if state.authorize_url and not no_browser:
        note(f"Say yes in your browser. If none has opened, open this yourself:\n  {state.authorize_url}")
        if not _open(state.authorize_url):
            # It may have opened all the same: some starters end before one can look. So both ways stay open.
            ask(c.WantCode(), c.Done)
    elif state.authorize_url:
        note(f"Open this in a browser on this machine:\n  {state.authorize_url}")
    try:
        ended = asyncio.run(_follow())
    except KeyboardInterrupt:
        ask(c.CancelClaim(), c.Done)
        raise
    if ended.account is None or ended.device_id is None:
        raise RelayRefused(
            ended.message or "The claim was ended by another one.",
            ended.next_step,
            status=0,
            code=ended.code or "claim_replaced",
        )
    return c.Claimed(account=ended.account, device_id=ended.device_id)


async def _follow() -> c.ClaimState:
    """Until the claim has ended; says the code when there is one."""
    from bridge.async_client import AsyncControlClient

    said = None
    try:
        async with AsyncControlClient(settings().run) as client:
            await client.request(c.Subscribe())
            events = client.events()
            while True:
                state = await client.request(c.GetClaim())
                assert isinstance(state, c.ClaimState)
                if state.user_code and state.user_code != said:
                    said = state.user_code
                    note(f"Open {state.verification_uri} in any browser, and type:  {said}")
                if state.state != "waiting":
                    return state
                while not isinstance(await anext(events), c.StateChanged):
                    pass
    except DaemonNotRunning as error:
        raise NotRunning("The daemon ended meanwhile.", "Start it, then claim again.") from error


def _open(url: str) -> bool:
    import webbrowser

    if original := os.environ.get("LD_LIBRARY_PATH_ORIG"):
        os.environ["LD_LIBRARY_PATH"] = original  # a one-folder build's own libraries are not the browser's
    elif getattr(sys, "frozen", False):
        os.environ.pop("LD_LIBRARY_PATH", None)
    try:
        return webbrowser.open(url)
    except (webbrowser.Error, OSError):
        return False


def unclaim(as_json: Json = False) -> None:
    """Give this device up. Takes stay, and what waits to be posted waits for the account it is meant for."""
    done = ask(c.UnclaimDevice(), c.Unclaimed)

    def text() -> str:
        whose = f"This device no longer belongs to {done.account or 'anybody'}."
        return (
            whose
            if done.relay_told
            else f"{whose} The relay cannot be reached; it is told as soon as it can."
        )

    show(done, as_json, text)


def whoami(as_json: Json = False) -> None:
    """Whose device this is, and how the relay knows it."""
    me = ask(c.WhoAmI(), c.Whoami)

    def text() -> str:
        where = "in the keyring" if me.credential_store == "keyring" else "in a FILE, not encrypted"
        lines = [
            f"account   {me.account or '–'}    relay  {me.relay_url or '–'}",
            f"device    {me.device_name}    id  {me.device_id or '–'}",
            f"key       {where if me.account or me.device_id else f'made when you claim this device, then {where}'}",
        ]
        return "\n".join([*lines, *([f"problem   {me.problem}"] if me.problem else [])])

    show(me, as_json, text)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (claim, unclaim, whoami):
        app.command()(command)
