"""The settings that the running daemon goes by, as tray and command line ask for them."""

from typing import TYPE_CHECKING

import msgspec

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.doors.sentences import MAX_CHARACTERS
from daemon.settings.reading import Loaded

if TYPE_CHECKING:  # the command line reads this file for told_settings alone
    from daemon.features.preferences.preferences import Preferences


class SettingAnswers:
    """[loop]"""

    def __init__(self, preferences: "Preferences") -> None:
        self._preferences = preferences
        self.answers: Answers = {
            c.GetSettings: self._tell,
            c.ChangeSetting: self._change,
            c.ReloadSettings: self._reload,
        }

    async def _tell(self, request: c.GetSettings) -> c.Reply:
        return told_settings(self._preferences.held)

    async def _change(self, request: c.ChangeSetting) -> c.Reply:
        await self._preferences.change(request.name, request.value)
        return told_settings(self._preferences.held)

    async def _reload(self, request: c.ReloadSettings) -> c.Reply:
        done = await self._preferences.reload()
        return c.SettingsReloaded(
            at_once=[*done.at_once],
            waiting=[*done.waiting],
            troubles=[trouble[:MAX_CHARACTERS] for trouble in done.troubles],
        )


def told_settings(held: Loaded) -> c.Settings:
    """Settings as the command line sees them. [any]"""
    values = msgspec.to_builtins(held.config)
    return c.Settings(
        file=str(held.file),
        settings=[
            c.SettingInfo(
                name=name, value=msgspec.json.encode(value).decode(), origin=held.origins.get(name, "default")
            )
            for name, value in values.items()
        ],
    )
