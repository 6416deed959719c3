"""An X server without a screen, and the pictures of it, kept as PNG beside the build to be looked at."""

import asyncio
import contextlib
import os
import struct
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from Xlib import XK, X
from Xlib import display as display_module
from Xlib.error import BadDrawable, BadWindow
from Xlib.ext import xtest

from daemon.cli.stage import end
from tests.support.hosts import BUILD, program

PICTURES = BUILD.with_name("screenshots")
WARM, GREEN, RED = (0xFF, 0x9F, 0x5A), (0x6F, 0xDC, 0xB0), (0xFF, 0x6E, 0x64)
INK, GROUND, PANEL = (0xEC, 0xE8, 0xE1), (0x10, 0x12, 0x15), (0x17, 0x1A, 0x1F)

Pixels = NDArray[np.uint8]


class Screen:
    """An X server's name for DISPLAY, and what it shows, read from its own frame buffer: no host has to help."""

    def __init__(self, display: str, buffer: Path) -> None:
        self.display, self._buffer = display, buffer
        self._connection: display_module.Display | None = (
            None  # for the pointer and the keyboard, from its first use on
        )

    def pixels(self, width: int, height: int) -> Pixels:
        """The upper left corner, (height, width, 3). The file is an X window dump (XWDFile.h), 32 bits a pixel."""
        dump = self._buffer.read_bytes()
        head = struct.unpack(">25I", dump[:100])
        header_bytes, line_bytes, colours, lines = head[0], head[12], head[19], head[5]
        raw = np.frombuffer(dump, np.uint8, offset=header_bytes + 12 * colours)
        shown = raw[: lines * line_bytes].reshape(lines, line_bytes // 4, 4)
        return np.ascontiguousarray(shown[:height, :width, 2::-1])

    def find(self, width: int, height: int) -> tuple[int, int]:
        """Where the upper left corner of the innermost window of that size is. Raises AssertionError when there is none."""
        root = self._server().screen().root
        found, look = None, [root]
        while look:
            window = look.pop()
            with contextlib.suppress(BadWindow, BadDrawable):  # it has gone since its parent was asked
                look += window.query_tree().children
                geometry = window.get_geometry()
                if (geometry.width, geometry.height) == (width, height):
                    found = window.translate_coords(root, 0, 0)
        assert found, f"no window is {width} x {height}"
        return -found.x, -found.y

    def click(self, x: int, y: int) -> None:
        """Move the pointer there and press its first button, as a hand does: whatever window is there gets it."""
        self.point(x, y)
        for down in (True, False):
            self.button(down)

    def drag(self, *places: tuple[int, int], holding: str = "") -> None:
        """Press the first button at the first place, and let go at the last; `holding`: a key's name."""
        with self._held(holding):
            self.point(*places[0])
            self.button(True)
            for place in places[1:]:
                self.point(*place)
            self.button(False)

    def wheel(self, x: int, y: int, steps: int, holding: str = "") -> None:
        """Turn the wheel there, away from the hand: more than 0."""
        self.point(x, y)
        with self._held(holding):
            for _ in range(abs(steps)):
                for down in (True, False):
                    self.button(down, 4 if steps > 0 else 5)

    def point(self, x: int, y: int) -> None:
        """Move the pointer there."""
        self._fake(X.MotionNotify, x=x, y=y)

    def button(self, down: bool, number: int = 1) -> None:
        """Press its first button, or let it go."""
        self._fake(X.ButtonPress if down else X.ButtonRelease, number)

    def key(self, keysym: int) -> None:
        """Press a key of the keyboard, for whoever has the focus or has grabbed it."""
        for what in (X.KeyPress, X.KeyRelease):
            self._fake(what, self._code(keysym))

    @contextlib.contextmanager
    def _held(self, key: str) -> Iterator[None]:
        """A key by its name; none for ""."""
        code = self._code(XK.string_to_keysym(key)) if key else 0
        if code:
            self._fake(X.KeyPress, code)
        yield
        if code:
            self._fake(X.KeyRelease, code)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _code(self, keysym: int) -> int:
        return int(self._server().keysym_to_keycode(keysym))

    def _fake(self, what: int, *detail: int, **place: int) -> None:
        xtest.fake_input(self._server(), what, *detail, **place)
        self._server().sync()

    def _server(self) -> "display_module.Display":
        if not self._connection:
            self._connection = display_module.Display(self.display)
        return self._connection


@contextlib.asynccontextmanager
async def x_server(folder: Path, width: int = 1600, height: int = 1300) -> AsyncIterator[Screen]:
    """An X server of its own; its frame buffer lies in `folder`."""
    xvfb = program("Xvfb", "xvfb")
    read, write = os.pipe()
    process = await asyncio.create_subprocess_exec(
        xvfb,
        "-displayfd",
        str(write),
        "-screen",
        "0",
        f"{width}x{height}x24",
        "-nolisten",
        "tcp",
        "-fbdir",
        folder,
        pass_fds=(write,),
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as number:
            display = f":{(await asyncio.to_thread(number.readline)).strip()}"
        with contextlib.closing(Screen(display, folder / "Xvfb_screen0")) as screen:
            yield screen
    finally:
        await end(process)


def keep_png(pixels: Pixels, name: str) -> Path:
    """Written among the PICTURES."""
    return write_png(pixels, PICTURES / f"{name}.png")


def write_png(pixels: Pixels, path: Path) -> Path:
    """8 bits of red, green and blue (W3C PNG, third edition)."""
    height, width, _ = pixels.shape
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    ]
    coded = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(coded))
    return path


def count(pixels: Pixels, colour: tuple[int, int, int], slack: int = 8) -> int:
    """Pixels of that colour."""
    return int((np.abs(pixels.astype(int) - colour).max(axis=-1) < slack).sum())
