"""The settings that the running daemon goes by, as the command line asks for them."""

import msgspec

import bridge.control as c
from daemon.config import Loaded
from daemon.doors.control.answers import Answers


class SettingAnswers:
    """[loop]"""

    def __init__(self, held: Loaded) -> None:
        self._held = held
        self.answers: Answers = {c.GetSettings: self._tell}

    async def _tell(self, request: c.GetSettings) -> c.Reply:
        return told_settings(self._held)


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
