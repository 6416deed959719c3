"""`sidechain doctor`: what is wrong, what was mended, what only you can mend. Works with and without a daemon."""

import itertools
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
import typer

import bridge.control as c
from daemon.cli.output import Json, ask, loaded, say, show, sidechain_version
from daemon.config import Config
from daemon.core.checks import Check, Outcome, note, ok, problem
from daemon.errors import NotRunning, SidechainError
from daemon.settings.folders import home_folder
from daemon.settings.reading import Loaded
from daemon.settings.table import SETTINGS

ASK_LIMIT_S = 5.0
MARKS = {"ok": "ok      ", "note": "note    ", "repaired": "repaired", "problem": "PROBLEM "}
HEALTHY = {"connected", "uploading", "no_relay"}
EXIT_REPAIRED, EXIT_PROBLEM = 1, 2


def doctor(
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", help="Also write what was found, without secrets, to this .zip."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check everything, mend what can be mended safely. Exit code: 0 all well, 1 something was repaired,
    2 something needs you.

    Example:  sidechain doctor --bundle sidechain-report.zip
    """
    from daemon.features.doctor.bundle import write_bundle

    held = loaded()
    config = _running_config() or held.config
    found: list[Check] = []
    names: set[str] = set()
    misfits = [problem("settings", trouble, "Mend it, then restart the daemon.") for trouble in held.troubles]
    for check in itertools.chain([_settings(held)], misfits, _checks(config, names)):
        found.append(check)
        if not as_json:
            say(f"{MARKS[check.outcome]}  {check.name}: {check.sentence} {check.next_step}".rstrip())
    outcomes = {check.outcome for check in found}
    code = (
        EXIT_PROBLEM if Outcome.PROBLEM in outcomes else EXIT_REPAIRED if Outcome.REPAIRED in outcomes else 0
    )
    if bundle:
        try:
            write_bundle(bundle, config, found, names)
        except OSError as error:
            raise SidechainError(f"{bundle} cannot be written: {error.strerror}.") from error
    show(
        {"exit_code": code, "checks": found, "bundle": str(bundle) if bundle else None},
        as_json,
        lambda: f"Wrote {bundle}; look into it before you send it." if bundle else "",
    )
    raise typer.Exit(code)


def _settings(held: Loaded) -> Check:
    """Which are set, and where; values stay out of what may be sent to others."""
    given = [f"{name} ({held.origins[name]})" for name in SETTINGS if name in held.origins]
    if given:
        return ok("settings", f"Set here: {', '.join(given)}.")
    return note("settings", "None is set here; every default holds.", "`sidechain setup` asks what matters.")


def _running_config() -> Config | None:
    """What the running daemon goes by: this terminal's environment may be another than its own. None: none runs."""
    try:
        told = ask(c.GetSettings(), c.Settings, timeout_s=ASK_LIMIT_S)
        values = {each.name: msgspec.json.decode(each.value) for each in told.settings}
        return msgspec.convert(values, Config)
    except (SidechainError, msgspec.ValidationError):  # doctor says below what is the matter with it
        return None


def _checks(config: Config, names: set[str]) -> Iterator[Check]:
    """All, in the order in which one thing needs the other. Adds to `names` what a bundle must not tell."""
    from daemon.features.doctor import checks, checks_desktop
    from daemon.features.doctor.checks_relay import check_relay
    from daemon.features.history.checks import check_journal

    yield checks.check_version(sidechain_version())
    yield from checks.check_folders(config)
    yield checks.check_disk(config)
    yield checks.check_credentials(config)
    if session := checks_desktop.check_session(config):
        yield session
    yield from checks_desktop.check_proxy(config.relay_url, config.relay_certificate)
    yield from check_relay(config.relay_url, config.relay_certificate)
    try:
        status = ask(c.GetStatus(), c.Status, timeout_s=ASK_LIMIT_S)
    except NotRunning as error:
        yield from _without_daemon(config, error)
    except SidechainError as error:
        yield problem("daemon", str(error), "Restart it: `sidechain down`, `sidechain up --detach`.")
    else:
        names |= {status.account or ""}
        yield from _with_daemon(config, status)
    yield from check_journal(config)
    yield from checks.damaged_files(config)
    yield checks.check_rings(config)
    yield checks.check_portaudio()
    yield checks.check_sandbox()
    yield from _models(config)
    yield from checks_desktop.check_desktop(os.environ)
    yield checks_desktop.check_start(home_folder())
    yield checks_desktop.check_log(config)


def _models(config: Config) -> Iterator[Check]:
    """By what sound is taken apart and notes are heard here, and by what they could be; each file's hash looked at."""
    from audio.models.shelf import ABSENT, READY
    from audio.models.table import needs_model
    from audio.notes.shapes import SAYS
    from audio.separate.parts import PARTS
    from audio.tags.shapes import MODEL as TAGS
    from daemon.cli.models import asked, shelf

    try:
        found = asked(lambda: shelf(config).infos(checked=True))
    except SidechainError as error:
        yield note("models", str(error))
        return
    ready = {each.name for each in found if each.state == READY}
    kinds = (
        ("Sound is taken apart by", PARTS),
        ("Notes are heard by", SAYS),
        ("Instruments and styles are named by", (TAGS,)),
    )
    for does, engines in kinds:
        here = [name for name in engines if not needs_model(name) or name in ready]
        lacking = [name for name in engines if name not in here]
        yield ok(
            "models",
            f"{does} {', '.join(here) or 'nothing'}"
            + (f"; not here: {', '.join(lacking)}." if lacking else "."),
        )
    for each in found:
        if each.state not in (READY, ABSENT):
            yield note("models", f"{each.name}: {each.says}", "`sidechain models list` tells more.")


def _with_daemon(config: Config, status: c.Status) -> Iterator[Check]:
    from daemon.features.doctor import checks

    yield ok("daemon", f"It runs (pid {status.pid}) and answers.")
    for notice in status.notices:
        yield note("daemon", notice)
    if status.state in HEALTHY:
        yield ok("link", status.sentence)
    else:
        yield problem("link", f"{status.sentence} ({status.state})", status.next_step)
    yield from checks.check_instances(status.instances)
    entries = ask(c.ListOutbox(limit=c.MAX_LIST), c.EntryList).entries
    yield checks.check_outbox([(e.state, e.created_us) for e in entries])
    yield from checks.check_sound(config, _render_again, status.takes)


def _render_again(take_id: str) -> None:
    ask(c.RenderTake(take_id=take_id), c.Done)


def _without_daemon(config: Config, silent: NotRunning) -> Iterator[Check]:
    from bridge.errors import AlreadyRunning, BridgeError
    from daemon.features.doctor import checks

    if not config.library.exists() and not config.takes.exists():
        yield note("daemon", "It does not run, and never did here.", "`sidechain up --detach` starts it.")
        return
    try:
        stopped = checks.Stopped(config)
    except AlreadyRunning:
        yield problem("daemon", silent.message, "It holds its lock but does not answer: end it and start it.")
        return
    except (BridgeError, SidechainError, OSError) as error:
        yield problem("library", str(error), "Mend that first.")
        return
    with closing(stopped):
        yield note("daemon", "It does not run.", "`sidechain up --detach` starts it.")
        yield from stopped.checks()
        yield from checks.check_sound(config, stopped.render_again)


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(doctor)
