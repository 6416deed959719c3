"""The settings that the running daemon goes by, as tray and command line ask for them."""

import msgspec

import bridge.control as c
from daemon.config import Loaded
from daemon.doors.control.answers import Answers
from daemon.features.preferences.preferences import Preferences


class SettingAnswers:
    """[loop]"""

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences
        self.answers: Answers = {c.GetSettings: self._tell, c.ChangeSetting: self._change}

    async def _tell(self, request: c.GetSettings) -> c.Reply:
        return told_settings(self._preferences.held)

    async def _change(self, request: c.ChangeSetting) -> c.Reply:
        await self._preferences.change(request.name, request.value)
        return told_settings(self._preferences.held)


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
