"""What `sidechain doctor` looks at around the daemon: proxy, session, start at login, tray and notifications, the log.

Nothing here stops takes from being kept, so most of it is a note. It only looks.
"""

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from daemon.config import Config
from daemon.core.at_login import DESKTOP_ENTRY, UNIT
from daemon.core.checks import Check, note, ok, problem
from daemon.errors import Offline
from daemon.features.doctor.checks import tail
from daemon.uplink.route import route_to, trusted

BUS_LIMIT_S = 3.0
TRAY_HOST = "org.kde.StatusNotifierWatcher"
NOTIFICATIONS = "org.freedesktop.Notifications"
TRAY_ENTRY, ENTRY = "sidechain-tray.desktop", f"autostart/{DESKTOP_ENTRY}"
LAST_CRASHES = 3
_CRASH = re.compile(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n)*(\S.*)", re.MULTILINE)


def check_proxy(relay_url: str, certificate: str = "") -> Iterator[Check]:
    """Which proxy the way to the relay takes, and whether it and the certificates that are set can be used."""
    if not relay_url:
        return
    try:
        route = route_to(relay_url)
        trusted(certificate)
    except Offline as error:
        yield problem("proxy" if "proxy" in error.message else "certificates", error.message, error.next_step)
        return
    if route.proxy:
        yield note("proxy", f"The relay is reached through {route.shown}.")


def check_session(config: Config) -> Check | None:
    """How long ago the relay last renewed this device's session; None without one."""
    try:
        age_s = time.time() - (config.data / "session.sealed").stat().st_mtime
    except OSError:
        return None
    for size_s, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if (number := int(age_s // size_s)) >= 1:
            return ok("session", f"It was renewed {number} {word}{'s' if number > 1 else ''} ago.")
    return ok("session", "It was renewed less than a minute ago.")


def check_start(home: Path | None, system: Path = Path("/etc/xdg")) -> Check:
    """Whether login starts the daemon and the tray."""
    own = [home / ".config"] if home else []
    daemon = any(
        found for place in own for found in (*place.glob(f"systemd/user/*.wants/{UNIT}"), *place.glob(ENTRY))
    )
    tray = any((place / "autostart" / TRAY_ENTRY).exists() for place in (*own, system))
    if daemon:
        return ok("start at login", f"The daemon starts at login, the tray {'too' if tray else 'does not'}.")
    return note(
        "start at login",
        "Nothing starts the daemon at login.",
        "`sidechain service install` makes login start it.",
    )


def check_desktop(env: Mapping[str, str]) -> Iterator[Check]:
    """Whether there is somebody to show a tray icon and notifications."""
    if not env.get("DBUS_SESSION_BUS_ADDRESS"):
        yield note("desktop", "There is no session bus here, so no tray and no notifications.")
        return
    try:
        names = asyncio.run(asyncio.wait_for(_bus_names(), BUS_LIMIT_S))
    except Exception:  # whatever a bus that is half there makes of it
        yield note("desktop", "The session bus does not answer, so there is no tray and no notifications.")
        return
    if TRAY_HOST in names:
        yield ok("tray", "There is a place for tray icons.")
    else:
        yield note("tray", "Nothing here shows tray icons.", "`sidechain status` tells the same.")
    if NOTIFICATIONS in names:
        yield ok("notifications", "There is somebody to show them.")
    else:
        yield note("notifications", "Nothing here shows notifications.")


async def _bus_names() -> set[str]:
    """Those on the bus, and those that would come when called."""
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

    bus = await MessageBus().connect()
    try:
        names: set[str] = set()
        for member in ("ListNames", "ListActivatableNames"):
            reply = await bus.call(
                Message(
                    destination="org.freedesktop.DBus",
                    path="/org/freedesktop/DBus",
                    interface="org.freedesktop.DBus",
                    member=member,
                )
            )
            names |= set(reply.body[0]) if reply and reply.body else set()
        return names
    finally:
        bus.disconnect()


def check_log(config: Config) -> Check:
    """The last errors of ours in the log: what ended a part of the daemon, or all of it."""
    found = _CRASH.findall(tail(config.data / "daemon.log"))
    if not found:
        return ok("log", "No crash is in the log.")
    last = "; ".join(line[:160] for line in found[-LAST_CRASHES:])
    return note(
        "log",
        f"The log holds {len(found)} crash{'es' if len(found) > 1 else ''}, the last: {last}.",
        "Tell us, with the file that `sidechain doctor --bundle FILE.zip` writes.",
    )
