"""Prints what GTK 3 would paste as text, as JSON. For the system's own Python."""

import json

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402

print(json.dumps({"text": Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD).wait_for_text()}))
