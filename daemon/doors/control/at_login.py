"""Whether login starts this daemon, as the tray asks for it and switches it."""

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.features.preferences.login import Login


class AtLoginAnswers:
    """All methods are [loop]."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self.answers: Answers = {c.GetAtLogin: self._look, c.SetAtLogin: self._switch}

    async def _look(self, request: c.GetAtLogin) -> c.Reply:
        found = await self._login.look()
        return c.AtLoginIs(state=found.state, kind=found.kind)

    async def _switch(self, request: c.SetAtLogin) -> c.Reply:
        found = await self._login.switch(on=request.on)
        return c.AtLoginIs(state=found.state, kind=found.kind)
