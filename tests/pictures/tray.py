"""Pictures of the tray for the documentation: its icon and its open menu in xfce4-panel, on an X server without a screen.

    python -m tests.pictures.tray FOLDER

writes tray.png (the menu under a dark panel) and tray-icons.png: each state in 16, 22, 32 and 64 pixels, on light and dark.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
from PIL import Image
from Xlib import XK
from Xlib import display as display_module

from bridge import control
from daemon.cli.stage import end
from tests.support.dbus import session_bus
from tests.support.deadlines import HANG_S
from tests.support.hosts import program
from tests.support.screen import WARM, Pixels, Screen, count, x_server
from tests.support.scripted_daemon import scripted_daemon
from tests.support.tray_values import RELAY, instance, take
from tests.support.whole import short_folder
from tray.icons import rgba
from tray.model import Icon

WIDTH, HEIGHT, PANEL_PX = 860, 640, 30
DOWN_TO_TAKES = 9  # lines that can be chosen, to “Recent takes”
LIMIT_S = HANG_S
LOOK_S = 0.2
ICON_SIZES_PX = (16, 22, 32, 64)
DESK_LIGHT, DESK_DARK = (0xDC, 0xD6, 0xCB), (0x20, 0x24, 0x2B)
GROUNDS = ((0xF5, 0xF2, 0xEC), (0x10, 0x12, 0x15))
XFCONFD = "/usr/lib/x86_64-linux-gnu/xfce4/xfconf/xfconfd"

_PANEL = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="{dark}"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="{size}"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray"/>
    <property name="plugin-3" type="string" value="clock"/>
  </property>
</channel>
"""

SHOWN = {
    "sentence": "Connected to the relay.",
    "account": "nightowl",
    "friends_producing": 2,
    "friends": ["mira.k", "tobi"],
    "unread": 3,
    "tells_presence": True,
    "do_not_disturb": False,
    "instances": [
        instance("a1", track_name="Bass", host_name="Ardour"),
        instance("b2", track_name="Keys", host_name="Ardour"),
    ],
    "recent": [
        take("t1", title="Night bus", bpm=128.0, entry_state="uploading"),
        take("t2", title="Verse, first try", bars=4, bpm=92.5, key="D minor"),
        take("t3", title="Copper", bpm=140.0, entry_state="accepted", post_url=f"{RELAY}/p/3"),
    ],
}
FEED = [
    control.ItemInfo(
        post_id=f"p{number}",
        author=author,
        title=title,
        bpm=bpm,
        key=key,
        duration_ms=15_000,
        created_at="2026-11-30T00:00:00Z",
        url=f"{RELAY}/p/{number}",
    )
    for number, (author, title, bpm, key) in enumerate(
        [
            ("mira.k", "Last train", 128.0, "F#m"),
            ("tobi", "Rain on tin", 92.5, "Dm"),
            ("lena", "Half past four", 140.0, "Am"),
        ]
    )
]


@contextlib.asynccontextmanager
async def process(*command: str, env: dict[str, str]) -> AsyncIterator[None]:
    """A program that is there for the block."""
    started = await asyncio.create_subprocess_exec(
        *command, env=env, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        await end(started)


@contextlib.asynccontextmanager
async def panel(home: Path, screen: Screen, bus: str, *, dark: bool) -> AsyncIterator[dict[str, str]]:
    """xfce4-panel with nothing in it but its tray and a clock; the environment of programs beside it."""
    settings = home / "config/xfce4/xfconf/xfce-perchannel-xml"
    settings.mkdir(parents=True)
    (settings / "xfce4-panel.xml").write_text(_PANEL.format(dark=str(dark).lower(), size=PANEL_PX))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "SIDECHAIN_"))}
    env |= {
        "HOME": str(home),
        "DISPLAY": screen.display,
        "DBUS_SESSION_BUS_ADDRESS": bus,
        "NO_AT_BRIDGE": "1",
        "GTK_THEME": "Adwaita:dark" if dark else "Adwaita",
    }
    env |= {f"XDG_{kind.upper()}_HOME": str(home / kind) for kind in ("config", "cache", "data")}
    async with (
        process(XFCONFD, env=env),
        process(program("xfce4-panel", "xfce4-panel"), "--disable-wm-check", env=env),
    ):
        yield env


def spots(pixels: Pixels) -> tuple[int, int] | None:
    """The middle of what has the brand's colour in the panel; None: nothing has."""
    warm = np.argwhere(np.abs(pixels[:PANEL_PX].astype(int) - WARM).max(axis=-1) < 24)
    if len(warm) < 12:
        return None
    y, x = warm.mean(axis=0)
    return int(x), int(y)


async def until_seen(screen: Screen, holds: object, what: str) -> Pixels:
    """What the screen shows, once `holds` of it. Raises AssertionError."""
    assert callable(holds)
    async with asyncio.timeout(LIMIT_S):
        while not holds(pixels := screen.pixels(WIDTH, HEIGHT)):
            await asyncio.sleep(LOOK_S)
    assert pixels.size, what
    return pixels


async def settled(screen: Screen) -> Pixels:
    """What the screen shows once nothing in it moves any more."""
    before = screen.pixels(WIDTH, HEIGHT)
    while True:
        await asyncio.sleep(5 * LOOK_S)
        now = screen.pixels(WIDTH, HEIGHT)
        if np.array_equal(before, now):
            return now
        before = now


async def menu_picture(path: Path, *, dark: bool) -> Path:
    """The icon is clicked, one submenu opened, and that is the picture."""
    ground = DESK_DARK if dark else DESK_LIGHT
    with short_folder() as place:
        async with (
            x_server(place, WIDTH, HEIGHT) as screen,
            session_bus(place) as bus,
            scripted_daemon(place / "run", **SHOWN) as daemon,
            panel(place / "home", screen, bus, dark=dark) as env,
            process(sys.executable, "-m", "tray", "--run-dir", str(place / "run"), env=env),
        ):
            daemon.feed, daemon.at_login = FEED, "on"
            await until_seen(screen, lambda pixels: spots(pixels) is not None, "the icon in the panel")
            daemon.publish(control.ItemArrived(item=FEED[0]))
            daemon.publish(control.Progress(take_id="t1", stage="upload", fraction=0.62))
            icon = spots(await settled(screen))
            assert icon is not None
            paint_root(screen, ground)
            empty = count(screen.pixels(WIDTH, HEIGHT)[PANEL_PX:], ground)
            screen.click(*icon)
            await until_seen(
                screen, lambda pixels: count(pixels[PANEL_PX:], ground) < 0.9 * empty, "the menu"
            )
            for _ in range(DOWN_TO_TAKES):
                screen.key(XK.XK_Down)
            screen.key(XK.XK_Right)
            return write_png(trimmed(await settled(screen), ground), path)


def paint_root(screen: Screen, rgb: tuple[int, int, int]) -> None:
    """Behind all windows."""
    server = display_module.Display(screen.display)
    root = server.screen().root
    root.change_attributes(background_pixel=rgb[0] << 16 | rgb[1] << 8 | rgb[2])
    root.clear_area(0, 0, 0, 0)
    server.sync()
    server.close()


def trimmed(pixels: Pixels, ground: tuple[int, int, int]) -> Pixels:
    """Without most of the empty root window around panel and menu."""
    drawn = np.argwhere((pixels[PANEL_PX:] != ground).any(axis=-1))
    bottom = PANEL_PX + int(drawn[:, 0].max()) + 16
    left = max(int(drawn[:, 1].min()) - 40, 0)
    return np.ascontiguousarray(pixels[:bottom, left:])


def write_png(pixels: Pixels, path: Path) -> Path:
    Image.fromarray(pixels).save(path, optimize=True)
    return path


def icon_sheet() -> Pixels:
    """Each state in each size, on light and on dark."""
    cell = max(ICON_SIZES_PX) + 16
    row = sum(ICON_SIZES_PX) + 16 * (len(ICON_SIZES_PX) + 1)
    sheet = np.zeros((cell * len(Icon), row * len(GROUNDS), 3), np.uint8)
    for column, ground in enumerate(GROUNDS):
        sheet[:, column * row : (column + 1) * row] = ground
        for line, icon in enumerate(Icon):
            x = column * row + 16
            for size in ICON_SIZES_PX:
                y = line * cell + (cell - size) // 2
                drawn = np.frombuffer(rgba(icon, size), np.uint8).reshape(size, size, 4)
                alpha = drawn[..., 3:] / 255
                below = sheet[y : y + size, x : x + size]
                below[:] = np.round(drawn[..., :3] * alpha + below * (1 - alpha)).astype(np.uint8)
                x += size + 16
    return sheet


async def drawn(folder: Path) -> list[Path]:
    """The files, written."""
    return [
        write_png(icon_sheet(), folder / "tray-icons.png"),
        await menu_picture(folder / "tray.png", dark=True),
    ]


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for path in asyncio.run(drawn(folder)):
        print(path)


if __name__ == "__main__":
    main()
