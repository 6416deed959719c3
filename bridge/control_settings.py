"""Messages of the control socket (bridge.control) about settings."""

from typing import ClassVar

from msgspec import Struct

from bridge.control_base import ControlMessage
from plugin_protocol.message_base import Path, Short


class SettingInfo(Struct, frozen=True, kw_only=True):
    """A setting of the running daemon. value: as JSON. origin: "flag", "environment", "file", "default"."""

    name: Short
    value: Path
    origin: Short


class Settings(ControlMessage, frozen=True, kw_only=True, tag="settings_are"):
    """What the running daemon goes by. file: where settings can be set for the next one."""

    settings: list[SettingInfo]
    file: Path


class GetSettings(ControlMessage, frozen=True, kw_only=True, tag="settings"):
    Reply: ClassVar = Settings
