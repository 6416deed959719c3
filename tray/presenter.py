"""From what the daemon says to what the tray shows. Pure: a View in, a MenuModel out; it asks and does nothing.

The lines themselves are made in tray.menu; here stand their order, the icon and the sentence.
"""

from collections.abc import Iterator

from bridge.control import CONTROL_API, Status
from tray.menu.account import account, notifications
from tray.menu.feed import feed, friends
from tray.menu.keeping import keeps, recovered
from tray.menu.switches import diagnostics, pausing, playing, switches
from tray.menu.takes import STUCK_ENTRIES, recent, restore, take_state, undo, uploads
from tray.menu.words import one_line, take_name
from tray.model import Icon, Item, LookAgain, MenuModel, QuitTray, StartDaemon, StopDaemon
from tray.view import Link, View

MAX_PROBLEMS = 10
MAX_RECOVERED = 5

ICON_OF_STATE: dict[str, Icon] = {
    "starting": Icon.STARTING,
    "no_relay": Icon.UNCLAIMED,
    "unclaimed": Icon.UNCLAIMED,
    "claiming": Icon.UNCLAIMED,
    "connecting": Icon.STARTING,
    "connected": Icon.CONNECTED,
    "uploading": Icon.UPLOADING,
    "paused": Icon.PAUSED,
    "offline": Icon.OFFLINE,
    "needs_reclaim": Icon.UNCLAIMED,
    "waiting_for_keyring": Icon.PROBLEM,
    "problem": Icon.PROBLEM,
    "safe_mode": Icon.PROBLEM,
    "captive_portal": Icon.PROBLEM,
    "proxy_or_tls_problem": Icon.PROBLEM,
    "update_required": Icon.PROBLEM,
    "stopping": Icon.STARTING,
}
"""States of Status.state (daemon.core.health). Any other, of a newer daemon, is neither good nor bad: see _face."""

_LINK_FACES = {
    Link.CONNECTING: (Icon.STARTING, "Looking for Sidechain…"),
    Link.NOT_RUNNING: (Icon.NOT_RUNNING, "Sidechain is not running."),
    Link.SILENT: (Icon.PROBLEM, "Sidechain does not answer. Stop it, and start it again."),
}


def present(view: View) -> MenuModel:
    """The menu for this View."""
    icon, sentence = _face(view)
    items = [Item(id="status", label=one_line(sentence), enabled=False)]
    if view.status is not None:
        items += _when_running(view, view.status)
    items += _ending(view)
    return MenuModel(icon=icon, tooltip=one_line(sentence), items=tuple(items), opened=LookAgain())


def _face(view: View) -> tuple[Icon, str]:
    """Picture and sentence."""
    status = view.status
    if status is None:
        return _LINK_FACES.get(view.link, _LINK_FACES[Link.CONNECTING])
    if status.api != CONTROL_API:
        sentence = f"This tray does not fit Sidechain {status.version}. Quit it, and start it again."
        return Icon.PROBLEM, sentence
    return ICON_OF_STATE.get(status.state, Icon.STARTING), status.sentence


def _when_running(view: View, status: Status) -> Iterator[Item]:
    yield from account(status, view.claim)
    yield from friends(status)
    yield from notifications(status)
    yield Item(id="separator-keep")
    yield from keeps(status.instances)
    yield from undo(status)
    yield from playing(view)
    yield Item(id="separator-takes")
    yield recent(view, status)
    yield from restore(view)
    yield from uploads(status, view.progress)
    if status.recovered:
        lines = tuple(recovered(one) for one in status.recovered[:MAX_RECOVERED])
        yield Item(id="recovered", label="Recovered after a crash", submenu=lines)
    yield from feed(view, status)
    if problems := tuple(_problems(status)):
        shown = problems[:MAX_PROBLEMS]
        yield Item(id="problems", label=f"Problems ({len(problems)})", submenu=shown)
    yield Item(id="separator-switches")
    yield from pausing(status)
    yield from switches(view, status)


def _problems(status: Status) -> Iterator[Item]:
    """What needs a person, each in one line: first the daemon's own, then Takes, then what the list left out."""
    if ICON_OF_STATE.get(status.state) is Icon.PROBLEM:
        yield Item(id="problem:daemon", label=one_line(status.sentence), enabled=False)
    listed = 0
    for take in status.recent:
        stuck = take.entry_state in STUCK_ENTRIES
        listed += stuck
        if stuck or take.state == "failed":
            words = take.error or take_state(take, None)
            label = one_line(f"{take_name(take)}: {words}")
            yield Item(id=f"problem:{take.take_id}", label=label, enabled=False)
    more = sum(status.outbox.get(state, 0) for state in STUCK_ENTRIES) - listed
    if more > 0:
        label = f"{more} more in the outbox: see `sidechain takes`"
        yield Item(id="problem:more", label=label, enabled=False)


def _ending(view: View) -> Iterator[Item]:
    if view.link in (Link.UP, Link.SILENT):
        yield diagnostics()
    yield Item(id="separator-end")
    match view.link:
        case Link.NOT_RUNNING:
            yield Item(id="start", label="Start Sidechain", action=StartDaemon())
            yield Item(id="quit", label="Quit tray", action=QuitTray())
        case Link.CONNECTING:
            yield Item(id="quit", label="Quit tray", action=QuitTray())
        case Link.UP | Link.SILENT:
            yield Item(id="quit", label="Quit tray (Sidechain keeps running)", action=QuitTray())
            yield Item(id="stop", label="Stop Sidechain", action=StopDaemon())
