"""The control socket's door: finds who answers a request, and turns errors into sentences. A translation only."""

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.doors.sentences import sentence_of


class ControlDoor:
    """[loop]"""

    def __init__(self, *tables: Answers) -> None:
        """Each request type stands in exactly one of the tables."""
        self._answers: Answers = {}
        for table in tables:
            assert not self._answers.keys() & table.keys(), "a deed exists once"
            self._answers |= table

    @property
    def answered(self) -> frozenset[type]:
        """The request types that are answered here."""
        return frozenset(self._answers)

    async def handle(self, request: c.Request) -> c.Reply:
        """One request, one reply."""
        try:
            return await self._answers[type(request)](request)
        except Exception as error:
            told = sentence_of(error, type(request).__name__)
            return c.Failed(code=told.code, message=told.message, next_step=told.next_step)
