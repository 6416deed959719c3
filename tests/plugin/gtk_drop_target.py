"""A window of GTK 3 that takes files dropped on it, for the system's own Python. Usage: gtk_drop_target X Y WIDTH HEIGHT

Each line printed is one JSON object: {"ready": true}, {"over": true} when something has come over it, then for each drop
{"uris": […], "bytes": of the first file}.
"""

import json
import sys
import urllib.parse

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402

is_over: list[bool] = []


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def received(widget, context, x, y, data, info, time):
    uris = data.get_uris()
    first = urllib.parse.unquote(urllib.parse.urlsplit(uris[0]).path) if uris else ""
    with open(first, "rb") as file:
        size_bytes = len(file.read())
    context.finish(True, False, time)
    say(uris=uris, bytes=size_bytes, text=data.get_data_type().name())


def main(x: int, y: int, width: int, height: int) -> None:
    window = Gtk.Window()
    window.set_default_size(width, height)
    window.move(x, y)
    window.drag_dest_set(Gtk.DestDefaults.MOTION | Gtk.DestDefaults.HIGHLIGHT, [], Gdk.DragAction.COPY)
    window.drag_dest_add_uri_targets()
    window.connect("drag-motion", moved)
    window.connect("drag-drop", dropped)
    window.connect("drag-data-received", received)
    window.connect("map-event", lambda *_: say(ready=True))
    window.show()
    Gtk.main()


def moved(widget, context, x, y, time):
    if not is_over:
        is_over.append(True)
        say(over=True)
    return False  # GTK's own answer stands


def dropped(widget, context, x, y, time):
    target = widget.drag_dest_find_target(context, None)
    widget.drag_get_data(context, target, time)
    return True


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]))
