"""`sidechain setup`: the five questions of a first run, and what follows from the answers.

Relay, account, where the device's key lies, start at login, History. It may be run again at any time: the answers of before are
offered. By flags, or with --yes, nothing is asked.
"""

import socket
import sys
import time
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
import typer

import bridge.control as c
from daemon.cli.output import Json, ask, loaded, note, show
from daemon.cli.restart import start_anew
from daemon.cli.service_commands import login
from daemon.config import Config
from daemon.core.at_login import Start
from daemon.core.checks import Outcome
from daemon.errors import BadConfig, Offline, SidechainError, UsageError
from daemon.settings.fitting import LOOPBACK_HOSTS, checked
from daemon.settings.writing import write_beside, write_settings
from daemon.system.at_login import AtLogin
from daemon.uplink.certificates import unproved

NO_RELAY_WORDS = ("none", "no", "-")
OFF_WORDS = ("off", "no", "0")
OWN_RELAY_S, OWN_RELAY_LOOK_S = 10.0, 0.2  # to come up in, and between two looks
Value = object


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What holds now. account: None when this device belongs to nobody. history_minutes: 0 when it is off.

    key_trouble: why the device's key cannot lie where the settings say; "": it can.
    """

    relay_url: str
    account: str | None
    credential_store: str
    key_trouble: str
    start_at_login: Start
    history_minutes: float
    file: str


class Asker:
    """Asks a person, or takes what is offered where nobody is to be asked."""

    def __init__(self, interactive: bool) -> None:
        self.interactive = interactive

    def word(self, question: str, offered: str, fits: Callable[[str], Value]) -> Value:
        """Until it fits. Raises BadConfig for an offer that does not and nobody can be asked about."""
        while True:
            said = typer.prompt(question, default=offered, err=True) if self.interactive else offered
            try:
                return fits(str(said).strip())
            except BadConfig as error:
                if not self.interactive:
                    raise
                note(f"  {error.message}")

    def yes(self, question: str, offered: bool) -> bool:
        return typer.confirm(question, default=offered, err=True) if self.interactive else offered


def setup(
    relay: Annotated[str | None, typer.Option(help="Address of the relay, or none.")] = None,
    fingerprint: Annotated[
        str | None,
        typer.Option(
            help="SHA-256 of the relay's certificate, as its operator told it, where no authority vouches for it."
        ),
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="How this device is joined to your account: browser, code, or later.")
    ] = None,
    dev_user: Annotated[
        str | None,
        typer.Option("--dev-user", help="Account name at a relay started with --dev on this machine."),
    ] = None,
    credential_store: Annotated[
        str | None,
        typer.Option(help="Where the device's key lies: keyring, or file on machines without one."),
    ] = None,
    at_login: Annotated[
        bool | None, typer.Option("--at-login/--no-at-login", help="Whether login starts the daemon.")
    ] = None,
    history: Annotated[
        str | None,
        typer.Option(help="Minutes of each plugin that stay in reach; off: only what its Ring holds."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: take what is offered where no flag says more.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Answer five questions, and Sidechain runs: relay, account, keyring or file, start at login, History.

    Examples:  sidechain setup   ·   sidechain setup --relay https://relay.example --yes   ·
    sidechain setup --relay none --at-login --yes
    """
    if account not in (None, "browser", "code", "later"):
        raise UsageError(f"{account!r} is no way to join an account.", "Say browser, code or later.")
    asker = Asker(_somebody_is_there(yes))
    now = loaded().config
    values = (
        _relay(asker, now, relay, fingerprint)
        | _store(asker, now, credential_store)
        | _history(asker, now, history)
    )
    wanted = _login_wanted(asker, at_login)
    write_settings(loaded().file, values)
    way = login()
    state = _set_login(way, wanted)
    start_anew(way, state)
    config = loaded().config
    whose = _account(asker, config, account, dev_user) if config.relay_url else None
    done = Done(
        relay_url=config.relay_url,
        account=whose,
        credential_store=config.credential_store,
        key_trouble="" if config.credential_store == "file" else _why_no_keyring(config) or "",
        start_at_login=state,
        history_minutes=config.history_minutes if config.journal else 0.0,
        file=str(loaded().file),
    )
    show(done, as_json, lambda: in_words(done))


def _somebody_is_there(yes: bool) -> bool:
    if yes:
        return False
    if not sys.stdin.isatty():
        raise UsageError("There is nobody here to ask.", "Add --yes, and flags for what should be otherwise.")
    return True


# the questions ----------------------------------------------------------------------------------------------------------


def _relay(asker: Asker, now: Config, said: str | None, fingerprint: str | None) -> dict[str, Value]:
    def fits(text: str) -> Value:
        return checked("relay_url", "" if text.lower() in NO_RELAY_WORDS else text) or None

    if said is not None:
        url = fits(said)
    else:
        question = "1/5  Relay to post to (its address; none: takes stay on this computer)"
        url = asker.word(question, now.relay_url or "none", fits)
    if not isinstance(url, str):
        return {"relay_url": None, "relay_certificate": None}
    known = now.relay_certificate if url == now.relay_url else ""
    certificate = _certificate(asker, url, known, fingerprint)
    _try_relay(url, certificate)
    return {"relay_url": url, "relay_certificate": certificate or None}


def _certificate(asker: Asker, url: str, known: str, said: str | None) -> str:
    """The file of the one that proves the relay; "" where authorities do. Raises Offline when nobody has said that it is right."""
    shown = unproved(url, known)
    if shown is None:
        return known
    note(
        f"     No authority vouches for {url}. Its certificate's fingerprint (SHA-256) is\n     {shown.fingerprint}"
    )
    right = shown.begins_with(said) if said else asker.yes("     Is that what its operator told you?", False)
    if not right:
        raise Offline(
            f"The certificate of {url} is not trusted: its fingerprint is another, or nobody has said that it is right.",
            "Ask who runs the relay for its fingerprint; `--fingerprint` takes it.",
        )
    file = loaded().file.with_name("relay.pem")
    write_beside(file, shown.pem)
    return str(file)


def await_own_relay(
    url: str, answers: Callable[[str, int], bool] | None = None, pause: Callable[[float], None] = time.sleep
) -> None:
    """A relay of this machine may have been started by the line before: it has a moment to come up; no other is waited for."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or {"http": 80}.get(parts.scheme, 443)
    looks = round(OWN_RELAY_S / OWN_RELAY_LOOK_S) if host in LOOPBACK_HOSTS else 0
    for _ in range(looks):
        if (answers or _answers)(host, port):
            return
        pause(OWN_RELAY_LOOK_S)


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=OWN_RELAY_LOOK_S).close()
    except OSError:
        return False
    return True


def _try_relay(url: str, certificate: str) -> None:
    """Say what is amiss on the way there; it may be away only now, so nothing is refused for that."""
    from daemon.features.doctor.checks_desktop import check_proxy
    from daemon.features.doctor.checks_relay import check_relay

    await_own_relay(url)
    for check in (*check_proxy(url, certificate), *check_relay(url, certificate)):
        if check.outcome is Outcome.PROBLEM:
            note(f"  Note: {check.sentence} {check.next_step}")


def _store(asker: Asker, now: Config, said: str | None) -> dict[str, Value]:
    if said is not None:
        return {"credential_store": checked("credential_store", said)}
    if now.credential_store == "file":
        keep = asker.yes("2/5  The device's key lies in a file (0600, not encrypted). Leave it there?", True)
        return {"credential_store": "file" if keep else "keyring"}
    why = _why_no_keyring(now)
    if why is None:
        note("2/5  The device's key goes into this computer's keyring, which works.")
        return {}
    note(f"2/5  {why}")
    if asker.interactive and asker.yes(
        "     Keep the device's key in a file instead (0600, not encrypted)?", True
    ):
        return {"credential_store": "file"}
    return {}


def _why_no_keyring(now: Config) -> str | None:
    """None: it stores, gives back and forgets."""
    from daemon.features.doctor.checks import try_credentials

    try:
        return None if try_credentials(now) else "The keyring gives back something else than was stored."
    except (SidechainError, OSError) as error:
        return str(error)


def _history(asker: Asker, now: Config, said: str | None) -> dict[str, Value]:
    def fits(text: str) -> Value:
        return 0.0 if text.lower() in OFF_WORDS else checked("history_minutes", text)

    offered = f"{now.history_minutes:g}" if now.journal else "off"
    question = (
        "3/5  Minutes of what each plugin played that stay in reach, on this disk (off: its memory only)"
    )
    minutes = fits(said) if said is not None else asker.word(question, offered, fits)
    if minutes == 0.0:
        return {"journal": False}
    return {"journal": None, "history_minutes": minutes}


def _login_wanted(asker: Asker, said: bool | None) -> bool | None:
    """None: as it is."""
    if said is not None:
        return said
    if not asker.interactive:
        return None
    return asker.yes("4/5  Start Sidechain at login?", True)


def _set_login(way: AtLogin, wanted: bool | None) -> Start:
    """The state after it; a system that refuses is told, and stands in the way of nothing else."""
    try:
        if wanted is not None:
            way.enable() if wanted else way.disable()
        return way.state()
    except SidechainError as error:
        note(f"  Note: {error}")
        return Start.OFF


def _account(asker: Asker, config: Config, how: str | None, dev_user: str | None) -> str | None:
    me = ask(c.WhoAmI(), c.Whoami)
    if me.account:
        note(f"5/5  This device belongs to {me.account} at {config.relay_url}.")
        return me.account
    if dev_user:
        return ask(c.ClaimDevice(username=dev_user), c.Claimed).account
    if how is None:
        join = asker.interactive and asker.yes(
            "5/5  Join this device to your account now, in the browser?", True
        )
        how = "browser" if join else "later"
    if how == "later":
        return None
    from daemon.cli.claim_commands import claim_by_browser

    return claim_by_browser(device_code=how == "code", no_browser=False).account


# what follows -----------------------------------------------------------------------------------------------------------


def in_words(done: Done) -> str:
    kept = (
        f"the last {done.history_minutes:g} minutes"
        if done.history_minutes
        else "what each plugin's memory holds"
    )
    lines = [
        "Sidechain runs.",
        f"relay     {done.relay_url or 'none: takes stay on this computer'}",
        f"account   {done.account or ('none yet: `sidechain claim`' if done.relay_url else '–')}",
        f"key       {_key_in_words(done)}",
        f"login     {'starts it' if done.start_at_login is Start.ON else 'does not start it'}",
        f"in reach  {kept}",
        "Next: load the plugin in your DAW, play, and `sidechain keep`. `sidechain doctor` says what is amiss.",
    ]
    return "\n".join(lines)


def _key_in_words(done: Done) -> str:
    """Where the device's key lies, or will: it is made by the first claim."""
    if done.key_trouble and done.account:
        return "in the keyring, which cannot be read now"
    if done.key_trouble:
        return "nowhere yet, for no keyring works here: `sidechain setup --credential-store file`"
    where = "in the keyring" if done.credential_store == "keyring" else "in a FILE, not encrypted"
    return where if done.account else f"made when you claim this device, then {where}"


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(setup)
