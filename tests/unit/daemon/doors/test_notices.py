"""What the windows of plugins are told of what was recovered, and that it is taken back."""

from types import SimpleNamespace
from typing import Any, cast

from daemon.doors.plugin.notices import RecoveryNotices
from daemon.events import Bus, HistoryChanged, StatusChanged
from plugin_protocol.messages import Notice

FIRST, SECOND = "Recovered: 3:12 from REAPER.", "Recovered: 12 s from Bitwig."


class Plugins:
    """Those in an open session, and what each was told."""

    def __init__(self, *names: bytes) -> None:
        self.told: dict[bytes, list[str]] = {name: [] for name in names}

    def peers(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(instance=name) for name in self.told]

    def say(self, peer: SimpleNamespace, notice: Notice) -> bool:
        assert notice.kind == "recovered"
        self.told[peer.instance].append(notice.message)
        return True


def test_what_is_no_news_any_more_goes_at_once_in_every_window_that_was_told_of_it() -> None:
    plugins, bus = Plugins(b"keys", b"bass"), Bus()
    RecoveryNotices(cast(Any, plugins), bus)
    bus.tell(HistoryChanged(news=(FIRST, SECOND), trouble=""))
    bus.tell(StatusChanged())
    bus.tell(HistoryChanged(news=(SECOND,), trouble=""))
    plugins.told[b"late"] = []
    bus.tell(StatusChanged())
    assert plugins.told == {b"keys": [FIRST, SECOND], b"bass": [FIRST, SECOND], b"late": [SECOND]}
    bus.tell(HistoryChanged(news=(), trouble=""))
    plugins.told[b"later"] = []
    bus.tell(StatusChanged())
    assert {told[-1] for name, told in plugins.told.items() if name != b"later"} == {""}
    assert plugins.told[b"later"] == [], "who was told nothing has nothing to take back"
    assert all(told.count("") == 1 for name, told in plugins.told.items() if name != b"later")
