"""A private session bus with the desktop's side of a tray: watcher, host and notification service.

`session_bus` starts a dbus-daemon that knows no services, so that nothing of the machine answers. `TrayHost` is the
panel: it accepts items, reads their menu as a panel does and clicks in it. `NotificationService` collects what is
said. Waiting is for signals and calls, with a deadline; nothing polls.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from dbus_fast import Message, MessageType, PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusDict, DBusInt32, DBusSignature, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal
from msgspec import Struct

from tests.support.deadlines import HANG_S

DEADLINE_S = HANG_S
ITEM = "org.kde.StatusNotifierItem"
WATCHER = "org.kde.StatusNotifierWatcher"
MENU = "com.canonical.dbusmenu"

_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@asynccontextmanager
async def session_bus(folder: Path) -> AsyncIterator[str]:
    """The address of a bus that lives as long as the block. `folder` must be empty and have a short path."""
    config = folder / "bus.conf"
    config.write_text(_CONFIG.format(socket=folder / "bus"))
    process = await asyncio.create_subprocess_exec(
        "dbus-daemon",
        f"--config-file={config}",
        "--nofork",
        "--nopidfile",
        "--print-address=1",
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            address = (await process.stdout.readline()).decode().strip()
        assert address, "dbus-daemon did not start"
        yield address
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def connect(address: str) -> MessageBus:
    """A connection of one's own."""
    return await MessageBus(bus_address=address).connect()


class Line(Struct, frozen=True):
    """One line of a menu as a host sees it; the labels of `below` are unique."""

    number: int
    label: str
    enabled: bool
    below: tuple["Line", ...]

    def __getitem__(self, label: str) -> "Line":
        """The line below this one whose label starts with `label`."""
        return next(line for line in self.below if line.label.startswith(label))

    def __contains__(self, label: str) -> bool:
        return any(line.label.startswith(label) for line in self.below)


class TrayHost(ServiceInterface):
    """StatusNotifierWatcher and host in one. Open it with `tray_host`."""

    def __init__(self, bus: MessageBus) -> None:
        super().__init__(WATCHER)
        self._bus = bus
        self._registered: list[str] = []
        self._changed = asyncio.Event()
        self.signals: list[str] = []

    @dbus_method(name="RegisterStatusNotifierItem")
    def _register_item(self, service: DBusStr) -> None:
        self._registered.append(service)
        self._changed.set()

    @dbus_method(name="RegisterStatusNotifierHost")
    def _register_host(self, service: DBusStr) -> None:
        """We are our own host."""

    @dbus_property(access=PropertyAccess.READ, name="RegisteredStatusNotifierItems")
    def _items(self) -> Annotated[list[str], DBusSignature("as")]:
        return self._registered

    @dbus_property(access=PropertyAccess.READ, name="IsStatusNotifierHostRegistered")
    def _has_host(self) -> DBusBool:
        return True

    @dbus_property(access=PropertyAccess.READ, name="ProtocolVersion")
    def _protocol_version(self) -> DBusInt32:
        return 0

    @dbus_signal(name="StatusNotifierHostRegistered")
    def _host_registered(self) -> None:
        """Sent once, on opening."""

    def heard(self, message: Message) -> None:
        """Message handler: note the item's signals."""
        if message.message_type is MessageType.SIGNAL and message.interface in (ITEM, MENU):
            self.signals.append(message.member or "")
            self._changed.set()

    async def call(
        self, path: str, interface: str, member: str, signature: str, *body: object
    ) -> list[object]:
        """Call the registered item. Raises AssertionError with the error's name."""
        answer = await self._bus.call(
            Message(
                destination=await self.item(),
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=list(body),
            )
        )
        assert answer is not None and answer.message_type is MessageType.METHOD_RETURN, answer.error_name
        return answer.body

    async def item(self) -> str:
        """The name of the item that registered last; waits for the first."""
        await self._until(lambda: bool(self._registered))
        return self._registered[-1]

    async def property(self, name: str) -> object:
        """A property of the item."""
        (value,) = await self.call(
            "/StatusNotifierItem", "org.freedesktop.DBus.Properties", "Get", "ss", ITEM, name
        )
        assert isinstance(value, Variant)
        return value.value

    async def menu(self) -> Line:
        """The whole menu, under a root line without a label."""
        path = str(await self.property("Menu"))
        _revision, layout = await self.call(path, MENU, "GetLayout", "iias", 0, -1, [])
        return _line(layout)

    async def open(self, line: Line) -> None:
        """Open the submenu of it, as hosts tell."""
        await self.event(line.number, "opened")

    async def click(self, line: Line) -> None:
        """Press it."""
        await self.event(line.number, "clicked")

    async def event(self, number: int, name: str) -> None:
        """Send any event of the interface."""
        path = str(await self.property("Menu"))
        await self.call(path, MENU, "Event", "isvu", number, name, Variant("i", 0), 0)

    async def menu_when(self, holds: Callable[[Line], bool]) -> Line:
        """Read the menu, again after every signal, until `holds` of it; fails with the last menu read."""
        menu = await self.menu()
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not holds(menu):
                    await self._changed.wait()
                    self._changed.clear()
                    menu = await self.menu()
        except TimeoutError:
            raise AssertionError(f"never shown; last was {[line.label for line in menu.below]}") from None
        return menu

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                await self._changed.wait()
                self._changed.clear()


def _line(layout: object) -> Line:
    assert isinstance(layout, list | tuple)
    number, properties, below = layout
    label = properties["label"].value if "label" in properties else ""
    enabled = properties["enabled"].value if "enabled" in properties else True
    return Line(number, label, enabled, tuple(_line(child.value) for child in below))


@asynccontextmanager
async def tray_host(address: str) -> AsyncIterator[TrayHost]:
    """A panel that is there for the block, and gone from the bus after it."""
    bus = await connect(address)
    host = TrayHost(bus)
    bus.export("/StatusNotifierWatcher", host)
    bus.add_message_handler(host.heard)
    for interface in (ITEM, MENU):
        await bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="AddMatch",
                signature="s",
                body=[f"type='signal',interface='{interface}'"],
            )
        )
    await bus.request_name(WATCHER)
    try:
        yield host
    finally:
        bus.disconnect()


class NotificationService(ServiceInterface):
    """org.freedesktop.Notifications that shows nothing and forgets nothing; `crash`: what it does at a sentence."""

    def __init__(self, crash: Callable[[], None] | None = None) -> None:
        super().__init__("org.freedesktop.Notifications")
        self._crash = crash
        self._sentences: asyncio.Queue[str] = asyncio.Queue()

    @dbus_method(name="Notify")
    def _notify(
        self,
        app: DBusStr,
        replaces: DBusUInt32,
        icon: DBusStr,
        summary: DBusStr,
        body: DBusStr,
        actions: Annotated[list[str], DBusSignature("as")],
        hints: DBusDict,
        expire_ms: DBusInt32,
    ) -> DBusUInt32:
        self._sentences.put_nowait(f"{summary} {body}".strip())
        if self._crash is not None:
            self._crash()
        return 1

    @dbus_method(name="GetCapabilities")
    def _capabilities(self) -> Annotated[list[str], DBusSignature("as")]:
        return ["actions", "body"]

    @dbus_method(name="GetServerInformation")
    def _information(self) -> Annotated[list[str], DBusSignature("ssss")]:
        return ["desktop of a test", "nobody", "1", "1.2"]

    @dbus_method(name="CloseNotification")
    def _close(self, number: DBusUInt32) -> None:
        """What was shown is shown no more."""

    @dbus_signal(name="ActionInvoked")
    def press(self, number: int, action: str) -> Annotated[list[int | str], DBusSignature("us")]:
        """As if somebody had clicked on what was said last, whose number is 1; action: default, for all of it."""
        return [number, action]

    async def next(self) -> str:
        """The next sentence said."""
        async with asyncio.timeout(DEADLINE_S):
            return await self._sentences.get()

    def unread(self) -> int:
        """Sentences said and not asked for."""
        return self._sentences.qsize()


@asynccontextmanager
async def notification_service(address: str, *, crashes: bool = False) -> AsyncIterator[NotificationService]:
    """A notification service that is there for the block, or until it is asked for the first time."""
    bus = await connect(address)
    service = NotificationService(bus.disconnect if crashes else None)
    bus.export("/org/freedesktop/Notifications", service)
    await bus.request_name("org.freedesktop.Notifications")
    try:
        yield service
    finally:
        bus.disconnect()
