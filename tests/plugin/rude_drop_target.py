"""A window that speaks XDND as badly as is allowed, and worse. Usage: rude_drop_target MANNER X Y WIDTH HEIGHT

    refuses   says at each position that it takes nothing
    silent    never says whether it takes anything
    vanishes  is destroyed while something is over it
    drops     is destroyed at the drop
    early     asks for the file as soon as something is over it, and takes the drop by what it was told then
    late      asks for it three seconds after the drop
    forgets   fetches what was dropped, and never says that it has finished

Each line printed is one JSON object: {"ready": true}, and {"uris": "…"} for what was fetched.
"""

import json
import sys
import time

from Xlib import X, display
from Xlib.protocol.event import ClientMessage
from Xlib.xobject.drawable import Window

LATE_S = 3.0


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


class Target:
    def __init__(self, manner: str, x: int, y: int, width: int, height: int) -> None:
        self.manner = manner
        self.server = display.Display()
        screen = self.server.screen()
        self.window = screen.root.create_window(x, y, width, height, 0, screen.root_depth)
        self.window.change_attributes(background_pixel=screen.white_pixel, event_mask=X.StructureNotifyMask)
        self.window.change_property(self.atom("XdndAware"), self.atom("ATOM"), 32, [5])
        self.window.map()
        self.fetched = False

    def atom(self, name: str) -> int:
        return int(self.server.intern_atom(name))

    def run(self) -> None:
        while True:
            event = self.server.next_event()
            if event.type == X.MapNotify:
                say(ready=True)
            elif event.type == X.SelectionNotify:
                self.notified(event)
            elif event.type == X.ClientMessage:
                name = self.server.get_atom_name(event.client_type)
                data = event.data[1]
                getattr(self, f"on_{name}", lambda *_: None)(data)

    def on_XdndEnter(self, data: list[int]) -> None:
        if self.manner == "early":
            self.ask()

    def on_XdndPosition(self, data: list[int]) -> None:
        if self.manner == "vanishes":
            self.vanish()
        elif self.manner != "silent":
            takes = 0 if self.manner == "refuses" else 1
            self.tell(data[0], "XdndStatus", [takes, 0, 0, self.atom("XdndActionCopy") if takes else 0])

    def on_XdndDrop(self, data: list[int]) -> None:
        if self.manner == "drops":
            self.vanish()
        if self.manner == "late":
            time.sleep(LATE_S)
        self.source = data[0]
        if self.manner == "early":
            self.finish()
        else:
            self.ask()

    def ask(self) -> None:
        uris, selection = self.atom("text/uri-list"), self.atom("XdndSelection")
        self.window.convert_selection(selection, uris, self.atom("DROPPED"), X.CurrentTime)
        self.server.flush()

    def notified(self, event: object) -> None:
        got = self.window.get_full_property(self.atom("DROPPED"), X.AnyPropertyType)
        say(uris=got.value.decode() if got else None)
        self.fetched = True
        if self.manner not in ("early", "forgets"):
            self.finish()

    def finish(self) -> None:
        self.tell(self.source, "XdndFinished", [1, self.atom("XdndActionCopy"), 0, 0])

    def tell(self, source: int, name: str, words: list[int]) -> None:
        to: Window = self.server.create_resource_object("window", source)
        message = ClientMessage(window=to, client_type=self.atom(name), data=(32, [self.window.id, *words]))
        to.send_event(message)
        self.server.flush()

    def vanish(self) -> None:
        self.window.destroy()
        self.server.sync()
        say(gone=True)
        sys.exit()


if __name__ == "__main__":
    Target(sys.argv[1], *map(int, sys.argv[2:6])).run()
