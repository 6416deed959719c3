"""Sentences that a person should see besides the one state."""

import time

from daemon.config import Config
from daemon.events import (
    Bus,
    DeedRefused,
    DiskTroubled,
    HistoryChanged,
    LinkedFolderTroubled,
    NewerVersion,
    PluginsShutOut,
    RunFolderTroubled,
    SettingsChanged,
)
from daemon.identity.account import Account

TROUBLE_SHOWN_S = 60.0
SHUT_OUT = "No more plugins are let in: open files are used up. Close some plugins, or raise the daemon's limit of them."
NEWER = "Sidechain {} is out. It is not fetched by itself: install it as you did this one."
BARE_KEY = "The device key lies in a file that is not encrypted, as credential_store asks for."


class Notices:
    """What was found at the start stays; a trouble is shown for TROUBLE_SHOWN_S. [loop]"""

    def __init__(self, config: Config, account: Account, bus: Bus) -> None:
        self._config = config
        self._account = account
        self._found: list[str] = []
        self._trouble_s, self._trouble = 0.0, ""
        self._history = HistoryChanged(news=(), trouble="")
        self._settings: tuple[str, ...] = ()
        self._newer = ""
        self._run_folder = ""
        self._linked_folder = ""
        bus.on(NewerVersion, self._newer_version)
        bus.on(SettingsChanged, self._settings_changed)
        bus.on(DiskTroubled, self._disk_troubled)
        bus.on(HistoryChanged, self._history_changed)
        bus.on(PluginsShutOut, self._plugins_shut_out)
        bus.on(RunFolderTroubled, self._run_folder_troubled)
        bus.on(LinkedFolderTroubled, self._linked_folder_troubled)
        bus.on(DeedRefused, self._deed_refused)

    def add(self, sentence: str) -> None:
        """Found at the start."""
        self._found.append(sentence)

    def _newer_version(self, event: NewerVersion) -> None:
        self._newer = event.version

    def _settings_changed(self, event: SettingsChanged) -> None:
        self._config, self._settings = event.config, event.sentences

    def _disk_troubled(self, event: DiskTroubled) -> None:
        self._trouble_s, self._trouble = time.monotonic(), event.sentence

    def _plugins_shut_out(self, event: PluginsShutOut) -> None:
        self._trouble_s, self._trouble = time.monotonic(), SHUT_OUT

    def _deed_refused(self, event: DeedRefused) -> None:
        self._trouble_s, self._trouble = time.monotonic(), event.sentence

    def _run_folder_troubled(self, event: RunFolderTroubled) -> None:
        self._run_folder = event.sentence

    def _linked_folder_troubled(self, event: LinkedFolderTroubled) -> None:
        self._linked_folder = event.sentence

    def _history_changed(self, event: HistoryChanged) -> None:
        self._history = event

    def lines(self) -> list[str]:
        """All of now."""
        recent = self._trouble and time.monotonic() - self._trouble_s < TROUBLE_SHOWN_S
        bare_key = self._account.name is not None and self._config.credential_store == "file"
        return [
            *self._found,
            *self._settings,
            *([NEWER.format(self._newer)] if self._newer else []),
            *([BARE_KEY] if bare_key else []),
            *(f"{found} `sidechain recover` keeps it." for found in self._history.news),
            *([self._history.trouble] if self._history.trouble else []),
            *([self._run_folder] if self._run_folder else []),
            *([self._linked_folder] if self._linked_folder else []),
            *([self._trouble] if recent else []),
        ]
