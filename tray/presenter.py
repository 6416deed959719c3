"""From what the daemon says to what the tray shows. Pure: a View in, a MenuModel out; it asks and does nothing."""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from msgspec import Struct

from bridge.control import CONTROL_API, ClaimState, InstanceInfo, Progress, Status, StretchInfo, TakeInfo
from tray.links import may_open
from tray.model import (
    MAX_LABEL_CHARS,
    BeginClaim,
    CancelClaim,
    Icon,
    Item,
    KeepAll,
    KeepBars,
    KeepRecovered,
    MenuModel,
    OpenUrl,
    PostTake,
    QuitTray,
    StartDaemon,
    StopDaemon,
    UndoPost,
    WantCode,
)

DEFAULT_BARS = 8
BARS_CHOICES = (4, 8, 16, 32)
MAX_RECENT = 5
TAKE_ID_CHARS = 12  # as the command line shows it: its milliseconds
INSTANCE_ID_CHARS = 4
MAX_INSTANCES = 16  # more lines than this are no menu; `sidechain keep --instance` reaches the rest
MAX_PROBLEMS = 10
MAX_RECOVERED = 5


class Link(Enum):
    """How the tray stands with the daemon."""

    CONNECTING = "connecting"
    NOT_RUNNING = "not running"
    SILENT = "silent"  # it holds its socket, but does not answer
    UP = "up"


class View(Struct, frozen=True, kw_only=True):
    """All that the menu is made of. `status` is None unless `link` is UP; `progress` is by take_id."""

    link: Link = Link.CONNECTING
    status: Status | None = None
    progress: dict[str, Progress] = {}
    claim: ClaimState | None = None  # the attempt that this tray has begun, while it waits


ICON_OF_STATE: dict[str, Icon] = {
    "starting": Icon.STARTING,
    "no_relay": Icon.UNCLAIMED,
    "unclaimed": Icon.UNCLAIMED,
    "connecting": Icon.STARTING,
    "connected": Icon.CONNECTED,
    "uploading": Icon.UPLOADING,
    "offline": Icon.OFFLINE,
    "needs_reclaim": Icon.UNCLAIMED,
    "waiting_for_keyring": Icon.PROBLEM,
    "problem": Icon.PROBLEM,
    "stopping": Icon.STARTING,
}
"""States of Status.state (daemon.core.health). Any other, of a newer daemon, is neither good nor bad: see _face."""

TAKE_WORDS = {"kept": "kept", "processing": "processing", "ready": "ready", "failed": "failed"}
ENTRY_WORDS = {
    "held": "to be posted",
    "waiting": "to be posted",
    "queued": "to be posted",
    "uploading": "uploading",
    "accepted": "posted",
    "quarantined": "set aside",
    "needs_attention": "needs attention",
    "discarded": "not posted",
}
STUCK_ENTRIES = ("quarantined", "needs_attention")

_LINK_FACES = {
    Link.CONNECTING: (Icon.STARTING, "Looking for Sidechain…"),
    Link.NOT_RUNNING: (Icon.NOT_RUNNING, "Sidechain is not running."),
    Link.SILENT: (Icon.PROBLEM, "Sidechain does not answer. Stop it, and start it again."),
}


def present(view: View) -> MenuModel:
    """The menu for this View."""
    icon, sentence = _face(view)
    items = [Item(id="status", label=_line(sentence), enabled=False)]
    if view.status is not None:
        items += _when_running(view.status, view.progress, view.claim)
    items += _ending(view)
    return MenuModel(icon=icon, tooltip=_line(sentence), items=tuple(items))


def _face(view: View) -> tuple[Icon, str]:
    """Picture and sentence."""
    status = view.status
    if status is None:
        return _LINK_FACES.get(view.link, _LINK_FACES[Link.CONNECTING])
    if status.api != CONTROL_API:
        sentence = f"This tray does not fit Sidechain {status.version}. Quit it, and start it again."
        return Icon.PROBLEM, sentence
    return ICON_OF_STATE.get(status.state, Icon.STARTING), status.sentence


def _when_running(status: Status, progress: dict[str, Progress], claim: ClaimState | None) -> Iterator[Item]:
    yield from _account(status, claim)
    if status.friends_producing:
        many = status.friends_producing != 1
        text = f"{status.friends_producing} {'friends are' if many else 'friend is'} producing"
        yield Item(id="friends", label=text, enabled=False)
    if status.unread and status.relay_url is not None:
        text = "1 unread notification" if status.unread == 1 else f"{status.unread} unread notifications"
        page = f"{status.relay_url.rstrip('/')}/notifications"
        yield Item(id="notifications", label=text, action=OpenUrl(page))
    yield Item(id="separator-keep")
    yield from _keeps(status.instances)
    yield from _undo(status)
    yield Item(id="separator-takes")
    yield _recent(status, progress)
    if status.recovered:
        lines = tuple(_recovered(one) for one in status.recovered[:MAX_RECOVERED])
        yield Item(id="recovered", label="Recovered after a crash", submenu=lines)
    if problems := tuple(_problems(status)):
        shown = problems[:MAX_PROBLEMS]
        yield Item(id="problems", label=f"Problems ({len(problems)})", submenu=shown)


def _account(status: Status, claim: ClaimState | None) -> Iterator[Item]:
    if status.account is not None:
        yield Item(id="account", label=_line(f"Posting as {status.account}"), enabled=False)
    elif claim is not None:
        yield Item(id="account", label="Joining an account…", submenu=tuple(_claim(claim, status.relay_url)))
    elif status.relay_url is not None:
        yield Item(id="account", label="Join this device to an account…", action=BeginClaim())
    else:
        yield Item(id="setup", label="To post: type sidechain setup in a terminal", enabled=False)
    if status.relay_url is not None:
        yield Item(
            id="page", label="Open the relay's page", action=OpenUrl(f"{status.relay_url.rstrip('/')}/")
        )


def _claim(claim: ClaimState, relay_url: str | None) -> Iterator[Item]:
    """The two ways that are open, and the way out. Pages of the relay are offered, and no others."""
    if (url := claim.authorize_url) and may_open(url, relay_url):
        yield Item(id="claim:browser", label="Open the browser again", action=OpenUrl(url))
    if claim.user_code and (url := claim.verification_uri) and may_open(url, relay_url):
        yield Item(id="claim:code", label=_line(f"Type {claim.user_code} on the page"), action=OpenUrl(url))
    elif not claim.user_code:
        yield Item(id="claim:want", label="No browser has opened: show a code", action=WantCode())
    yield Item(id="claim:cancel", label="Cancel", action=CancelClaim())


# keeping ------------------------------------------------------------------------------------------------------


def _keeps(instances: list[InstanceInfo]) -> Iterator[Item]:
    """One click for what played last; with several Instances, also each of them in four lengths."""
    only = instances[0].instance if len(instances) == 1 else None
    heard = any(_can_keep(instance) for instance in instances)
    label = f"Keep last {DEFAULT_BARS} bars"
    if not instances:
        label += " (no plugin is loaded)"
    elif not heard:
        label += " (nothing was heard yet)"
    yield Item(id="keep", label=label, enabled=heard, action=KeepBars(only, DEFAULT_BARS))
    if len(instances) > 1:
        label = f"Keep last {DEFAULT_BARS} bars of all tracks"
        yield Item(id="keep-all", label=label, enabled=heard, action=KeepAll(DEFAULT_BARS))
        yield from (_keep_from(instance, instances) for instance in instances[:MAX_INSTANCES])


def _keep_from(instance: InstanceInfo, among: Sequence[InstanceInfo]) -> Item:
    can_keep = _can_keep(instance)
    return Item(
        id=f"keep:{instance.instance}",
        label=_line(f"Keep from {_instance_name(instance, among)}"),
        enabled=can_keep,
        submenu=tuple(
            Item(
                id=f"keep:{instance.instance}:{bars}",
                label=f"Last {bars} bars",
                enabled=can_keep,
                action=KeepBars(instance.instance, bars),
            )
            for bars in BARS_CHOICES
        ),
    )


def _can_keep(instance: InstanceInfo) -> bool:
    return instance.heard_frames > 0 and instance.state != "attaching"


def _instance_name(instance: InstanceInfo, among: Sequence[InstanceInfo]) -> str:
    """Its track and host; and of its id as much as is needed, where these are unknown or another's as well."""
    host = instance.host_name or "a plugin"
    alike = [(one.track_name, one.host_name) for one in among].count(
        (instance.track_name, instance.host_name)
    )
    name = f"{instance.track_name} ({host})" if instance.track_name else host
    if instance.track_name and alike < 2:
        return name
    return f"{name} [{short_id(instance.instance, [one.instance for one in among], INSTANCE_ID_CHARS)}]"


# takes --------------------------------------------------------------------------------------------------------


def _undo(status: Status) -> Iterator[Item]:
    """What can still be undone, the newest first: where a hand finds it in the few seconds that there are."""
    for take in status.recent:
        if take.held_s is not None:
            label = _line(f"Undo: do not post {take_name(take)} ({take.held_s:.0f} s left)")
            yield Item(id=f"undo:{take.take_id}", label=label, action=UndoPost(take.take_id))


def _recent(status: Status, progress: dict[str, Progress]) -> Item:
    takes = status.recent[:MAX_RECENT]
    if not takes:
        return Item(id="recent", label="Recent takes (none yet)", enabled=False)
    ids = [take.take_id for take in takes]
    lines = tuple(_take(take, ids, progress.get(take.take_id), status.relay_url) for take in takes)
    return Item(id="recent", label="Recent takes", submenu=lines)


def _take(take: TakeInfo, ids: list[str], progress: Progress | None, relay_url: str | None) -> Item:
    """Title · bars · BPM · key · state; what is unknown is left out, what was only heard is about right."""
    parts = [take_name(take, ids)]
    if take.bars is not None:
        parts.append("1 bar" if take.bars == 1 else f"{take.bars} bars")
    if take.bpm is not None:
        about = "" if take.bpm_source in (None, "transport") else "≈ "
        parts.append(f"{about}{round(take.bpm, 1):g} BPM")
    if take.key is not None:
        parts.append(take.key)
    parts.append(_take_state(take, progress))
    take_id, url = take.take_id, take.post_url
    stuck = take.state == "failed" or take.entry_state in STUCK_ENTRIES
    can_post = stuck or take.entry_state in (None, "discarded")
    can_open = url is not None and may_open(url, relay_url)
    post = Item(
        id=f"take:{take_id}:post",
        label="Try again to post" if stuck else "Post",  # asked again by a person, the daemon starts anew
        enabled=can_post,
        action=PostTake(take_id),
    )
    page = Item(
        id=f"take:{take_id}:open", label="Open the post's page", enabled=can_open, action=OpenUrl(url or "")
    )
    return Item(id=f"take:{take_id}", label=_line(" · ".join(parts)), submenu=(post, page))


def _take_state(take: TakeInfo, progress: Progress | None) -> str:
    if take.entry_state is not None:
        words = ENTRY_WORDS.get(take.entry_state, take.entry_state)
        moving = take.entry_state == "uploading" and progress is not None and progress.stage == "upload"
    else:
        words = TAKE_WORDS.get(take.state, take.state)
        moving = take.state in ("kept", "processing") and progress is not None
    return f"{words} {progress.fraction:.0%}" if moving and progress is not None else words


def take_name(take: TakeInfo, among: Iterable[str] = ()) -> str:
    """What a person calls the Take. among: ids of those that it is shown with."""
    return take.name or take.title or f"Take {short_id(take.take_id, among, TAKE_ID_CHARS)}"


def short_id(whole: str, among: Iterable[str], least: int) -> str:
    """As much of an id as tells it apart from `among`, which may hold it too: `least` characters, or more."""
    others = [other for other in among if other != whole]
    length = least
    while length < len(whole) and any(other.startswith(whole[:length]) for other in others):
        length += 1
    return whole[:length]


def _recovered(one: StretchInfo) -> Item:
    """Discarding is not offered: it cannot be undone, and a menu cannot ask."""
    everything = Item(
        id=f"recovered:{one.stretch_id}:all",
        label="Keep all of it",
        action=KeepRecovered(one.stretch_id, None),
    )
    bars = tuple(
        Item(
            id=f"recovered:{one.stretch_id}:{bars}",
            label=f"Keep its last {bars} bars",
            action=KeepRecovered(one.stretch_id, bars),
        )
        for bars in BARS_CHOICES
        if one.bars and bars <= one.bars
    )
    label = _line(one.sentence.removeprefix("Recovered: "))
    return Item(id=f"recovered:{one.stretch_id}", label=label, submenu=(*bars, everything))


# problems and ends --------------------------------------------------------------------------------------------


def _problems(status: Status) -> Iterator[Item]:
    """What needs a person, each in one line: first the daemon's own, then Takes, then what the list left out."""
    if ICON_OF_STATE.get(status.state) is Icon.PROBLEM:
        yield Item(id="problem:daemon", label=_line(status.sentence), enabled=False)
    listed = 0
    for take in status.recent:
        stuck = take.entry_state in STUCK_ENTRIES
        listed += stuck
        if stuck or take.state == "failed":
            words = take.error or _take_state(take, None)
            label = _line(f"{take_name(take)}: {words}")
            yield Item(id=f"problem:{take.take_id}", label=label, enabled=False)
    more = sum(status.outbox.get(state, 0) for state in STUCK_ENTRIES) - listed
    if more > 0:
        label = f"{more} more in the outbox: see `sidechain takes`"
        yield Item(id="problem:more", label=label, enabled=False)


def _ending(view: View) -> Iterator[Item]:
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


def _line(text: str) -> str:
    """One printable line of bounded length: titles and track names are other people's text."""
    clean = "".join(char if char.isprintable() else " " for char in text).strip() or "–"
    return clean if len(clean) <= MAX_LABEL_CHARS else clean[: MAX_LABEL_CHARS - 1] + "…"
