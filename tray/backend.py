"""What the tray needs of a desktop, whichever it is: show a menu, say one sentence, report clicks."""

from collections.abc import Callable
from typing import Protocol

from tray.model import Action, MenuModel


class AlreadyShown(Exception):
    """Another tray of this session shows the icon."""

    def __str__(self) -> str:
        return "Sidechain's tray icon is already shown in this session."


class NoDesktop(Exception):
    """There is nothing to show an icon on."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"The tray cannot be shown: {self.reason}. Start it inside a desktop session; "
            "`sidechain status` shows the same without one."
        )


class Backend(Protocol):
    """One icon with a menu. All methods: [loop]; `clicked` is called there too, also with what an opening means."""

    async def open(self, clicked: Callable[[Action], None]) -> None:
        """Show the icon. Raises AlreadyShown, NoDesktop."""

    def show(self, model: MenuModel) -> None:
        """Replace what is shown."""

    def notify(self, sentence: str) -> None:
        """Say it once. Never fails: where nobody shows notifications, it is lost."""

    async def wait_closed(self) -> None:
        """Until the desktop session has gone away."""

    async def close(self) -> None:
        """Remove the icon."""
