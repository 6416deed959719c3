"""Messages by which a window has a sound written as a file of its own, to be dragged into a host or shown."""

from typing import Annotated, ClassVar

from msgspec import Meta

from plugin_protocol.message_base import U63, AskFailed, Line, Path, PluginMessage, Title

ExportKind = Annotated[str, Meta(max_length=8, pattern=r"^(item|take|history)$")]


class Exported(PluginMessage, frozen=True, kw_only=True, tag="exported"):
    """daemon -> plugin: the file is whole, and stays for a day at least. `path`: at most 1,024 bytes of UTF-8."""

    id: U63
    path: Path
    name: Title  # what the sound is called
    note: Line = ""  # why it is not at the host's tempo although that is set; empty when all is as set


class Export(PluginMessage, frozen=True, kw_only=True, tag="export"):
    """plugin -> daemon: write a sound as a WAV file of its own, to be dragged into a host or shown.

    `kind`: "item" and "take" are named by `target`; "history" is [first_frame, end_frame) of this plugin's History, of
    `generation`. `show`: also show the file in the system's file manager.
    """

    Reply: ClassVar = Exported | AskFailed

    id: U63
    kind: ExportKind
    target: Annotated[str, Meta(max_length=64)] = ""
    generation: U63 = 0
    first_frame: U63 = 0
    end_frame: U63 = 0
    show: bool = False
