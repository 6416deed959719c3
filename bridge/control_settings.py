"""Messages of the control socket (bridge.control) about settings, and about starting at login."""

from typing import ClassVar

from msgspec import Struct

from bridge.control_base import ControlMessage
from plugin_protocol.message_base import Line, Path, Short


class SettingInfo(Struct, frozen=True, kw_only=True):
    """A setting of the running daemon. value: as JSON. origin: "flag", "environment", "file", "default"."""

    name: Short
    value: Path
    origin: Short


class Settings(ControlMessage, frozen=True, kw_only=True, tag="settings_are"):
    """What the running daemon goes by. file: where settings can be set for the next one."""

    settings: list[SettingInfo]
    file: Path


class SettingsReloaded(ControlMessage, frozen=True, kw_only=True, tag="settings_reloaded"):
    """Names. at_once: hold from now on. waiting: from the daemon's next start on. troubles: what does not fit, sentences."""

    at_once: list[Short]
    waiting: list[Short]
    troubles: list[Line]


class ReloadSettings(ControlMessage, frozen=True, kw_only=True, tag="reload_settings"):
    """Read the settings file again, now."""

    Reply: ClassVar = SettingsReloaded


class GetSettings(ControlMessage, frozen=True, kw_only=True, tag="settings"):
    Reply: ClassVar = Settings


class ChangeSetting(ControlMessage, frozen=True, kw_only=True, tag="change_setting"):
    """Set it in the settings file, and in the running daemon where that is possible: the reply has what holds. value: as JSON."""

    Reply: ClassVar = Settings

    name: Short
    value: Path


class AtLoginIs(ControlMessage, frozen=True, kw_only=True, tag="at_login_is"):
    """Whether login starts this daemon: "on", "off", "other" (another program of our name). kind: by what, in words."""

    state: Short
    kind: Line


class GetAtLogin(ControlMessage, frozen=True, kw_only=True, tag="at_login"):
    Reply: ClassVar = AtLoginIs


class SetAtLogin(ControlMessage, frozen=True, kw_only=True, tag="set_at_login"):
    """From now on, or not any more; what runs goes on."""

    Reply: ClassVar = AtLoginIs

    on: bool
