"""The tray icon on Linux: a StatusNotifierItem on the session bus. No toolkit, no display, no drawing.

The panel draws; we answer its questions. An item must register with `org.kde.StatusNotifierWatcher`, which comes
and goes with the panel, so the watcher's name is followed and every new owner is told. Without one we wait.
Source: the StatusNotifierItem specification of freedesktop.org (draft 0.1), and the D-Bus specification.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Annotated

from dbus_fast import DBusError, Message, MessageType, NameFlag, PropertyAccess, RequestNameReply
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusInt32, DBusObjectPath, DBusSignature, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from tray.backend import AlreadyShown, NoDesktop
from tray.dbus_menu import MENU_PATH, MenuInterface
from tray.icons import SIZES_PX, argb
from tray.model import Action, Icon, MenuModel

INTERFACE = "org.kde.StatusNotifierItem"
ITEM_PATH = "/StatusNotifierItem"
WATCHER = "org.kde.StatusNotifierWatcher"
WATCHER_PATH = "/StatusNotifierWatcher"
TRAY_NAME = "app.sidechain.Tray"  # owned by the one tray of a session
CALL_TIMEOUT_S = 5.0
NOTIFICATION_MS = 6000
HOST_PATIENCE_S = 30.0  # a panel that starts at login, too, has come by then
NO_HOST = (
    "This desktop shows no tray icons. Sidechain works all the same: `sidechain status`, the plugin's window, and "
    "“Sidechain” among your programs."
)

_BUS = "org.freedesktop.DBus"
_WATCHER_RULE = (
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
    f"member='NameOwnerChanged',arg0='{WATCHER}'"
)
_log = logging.getLogger(__name__)

_Pixmaps = Annotated[list[list[object]], DBusSignature("a(iiay)")]
_ToolTip = Annotated[list[object], DBusSignature("(sa(iiay)ss)")]


class ItemInterface(ServiceInterface):
    """org.kde.StatusNotifierItem: icon, tooltip and where the menu is. [loop]"""

    def __init__(self) -> None:
        super().__init__(INTERFACE)
        self._icon = Icon.STARTING
        self._tooltip = ""

    def update(self, model: MenuModel) -> None:
        """Show icon and tooltip of `model`; hosts are told of what changed."""
        icon, tooltip = self._icon, self._tooltip
        self._icon, self._tooltip = model.icon, model.tooltip
        if tooltip != model.tooltip:
            self._new_tooltip()
        if icon is not model.icon:
            self._new_icon()
            if Icon.PROBLEM in (icon, model.icon):
                self._new_status()

    @dbus_method(name="Activate")
    def _activate(self, x: DBusInt32, y: DBusInt32) -> None:
        """Hosts open the menu themselves: ItemIsMenu."""

    @dbus_method(name="SecondaryActivate")
    def _secondary_activate(self, x: DBusInt32, y: DBusInt32) -> None:
        """Nothing: a middle click must not keep a Take by accident."""

    @dbus_method(name="ContextMenu")
    def _context_menu(self, x: DBusInt32, y: DBusInt32) -> None:
        """Hosts open the menu themselves: ItemIsMenu."""

    @dbus_method(name="Scroll")
    def _scroll(self, delta: DBusInt32, orientation: DBusStr) -> None:
        """Nothing."""

    @dbus_property(access=PropertyAccess.READ, name="Category")
    def _category(self) -> DBusStr:
        return "ApplicationStatus"

    @dbus_property(access=PropertyAccess.READ, name="Id")
    def _id(self) -> DBusStr:
        return "sidechain"

    @dbus_property(access=PropertyAccess.READ, name="Title")
    def _title(self) -> DBusStr:
        return "Sidechain"

    @dbus_property(access=PropertyAccess.READ, name="Status")
    def _status(self) -> DBusStr:
        return self._status_word()

    def _status_word(self) -> str:
        return "NeedsAttention" if self._icon is Icon.PROBLEM else "Active"

    @dbus_property(access=PropertyAccess.READ, name="WindowId")
    def _window_id(self) -> DBusInt32:
        return 0

    @dbus_property(access=PropertyAccess.READ, name="ItemIsMenu")
    def _item_is_menu(self) -> DBusBool:
        return True

    @dbus_property(access=PropertyAccess.READ, name="Menu")
    def _menu(self) -> DBusObjectPath:
        return MENU_PATH

    @dbus_property(access=PropertyAccess.READ, name="IconName")
    def _icon_name(self) -> DBusStr:
        return ""  # a name would win over the pixels, and no theme is sure to have it

    @dbus_property(access=PropertyAccess.READ, name="IconPixmap")
    def _icon_pixmap(self) -> _Pixmaps:
        return self._pixmaps()

    @dbus_property(access=PropertyAccess.READ, name="AttentionIconName")
    def _attention_icon_name(self) -> DBusStr:
        return ""

    @dbus_property(access=PropertyAccess.READ, name="AttentionIconPixmap")
    def _attention_icon_pixmap(self) -> _Pixmaps:
        return self._pixmaps()

    @dbus_property(access=PropertyAccess.READ, name="OverlayIconName")
    def _overlay_icon_name(self) -> DBusStr:
        return ""

    @dbus_property(access=PropertyAccess.READ, name="OverlayIconPixmap")
    def _overlay_icon_pixmap(self) -> _Pixmaps:
        return []

    @dbus_property(access=PropertyAccess.READ, name="ToolTip")
    def _tool_tip(self) -> _ToolTip:
        return ["", [], "Sidechain", self._tooltip]

    def _pixmaps(self) -> list[list[object]]:
        return [[size_px, size_px, argb(self._icon, size_px)] for size_px in SIZES_PX]

    @dbus_signal(name="NewIcon")
    def _new_icon(self) -> None:
        """The icon must be asked for again."""

    @dbus_signal(name="NewToolTip")
    def _new_tooltip(self) -> None:
        """The tooltip must be asked for again."""

    @dbus_signal(name="NewStatus")
    def _new_status(self) -> DBusStr:
        return self._status_word()


def _to_bus(member: str, argument: str) -> Message:
    """A question to the bus itself."""
    return Message(
        destination=_BUS,
        path="/org/freedesktop/DBus",
        interface=_BUS,
        member=member,
        signature="s",
        body=[argument],
    )


class SniBackend:
    """A tray.backend.Backend for desktops with D-Bus. [loop]"""

    def __init__(self, bus_address: str | None = None, host_patience_s: float = HOST_PATIENCE_S) -> None:
        """`bus_address`: None for the session's own. host_patience_s: without a host so long, what to do instead is said."""
        self._host_patience_s = host_patience_s
        self._no_host: asyncio.TimerHandle | None = None
        self._address = bus_address
        self._bus: MessageBus | None = None
        self._item = ItemInterface()
        self._menu = MenuInterface(self._on_click)
        self._clicked: Callable[[Action], None] = lambda _action: None
        self._name = f"{INTERFACE}-{os.getpid()}-1"
        self._tasks: set[asyncio.Task[None]] = set()

    def _on_click(self, action: Action) -> None:
        self._clicked(action)

    async def open(self, clicked: Callable[[Action], None]) -> None:
        """See Backend."""
        self._clicked = clicked
        try:
            bus = await MessageBus(bus_address=self._address, auth_timeout=CALL_TIMEOUT_S).connect()
        except Exception as error:  # dbus-fast raises a dozen kinds for "there is no usable bus here"
            why = f"{error.args[0]} is not set" if isinstance(error, KeyError) else error
            raise NoDesktop(f"there is no session bus ({why})") from error
        self._bus = bus
        if await bus.request_name(TRAY_NAME, NameFlag.DO_NOT_QUEUE) is not RequestNameReply.PRIMARY_OWNER:
            bus.disconnect()
            raise AlreadyShown
        bus.export(ITEM_PATH, self._item)
        bus.export(MENU_PATH, self._menu)
        await bus.request_name(self._name)
        bus.add_message_handler(self._on_message)
        # First the subscription, then the question: a watcher that comes in between is told twice, never missed.
        await bus.call(_to_bus("AddMatch", _WATCHER_RULE))
        answer = await bus.call(_to_bus("NameHasOwner", WATCHER))
        if answer.body == [True]:
            self._spawn_register()
        else:
            _log.info("this desktop shows no tray icons yet; waiting for %s", WATCHER)
            loop = asyncio.get_running_loop()
            self._no_host = loop.call_later(self._host_patience_s, self.notify, NO_HOST)

    def _on_message(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL or message.sender != _BUS:
            return
        if message.member == "NameOwnerChanged" and message.body[0] == WATCHER and message.body[2]:
            self._spawn_register()

    def _spawn_register(self) -> None:
        if self._no_host is not None:
            self._no_host.cancel()
        self._spawn(
            Message(
                destination=WATCHER,
                path=WATCHER_PATH,
                interface=WATCHER,
                member="RegisterStatusNotifierItem",
                signature="s",
                body=[self._name],
            )
        )

    def show(self, model: MenuModel) -> None:
        """See Backend."""
        if self._bus is not None and self._bus.connected:
            self._menu.update(model)
            self._item.update(model)

    def notify(self, sentence: str) -> None:
        """See Backend. The sentence is the summary, which unlike the body is never read as markup."""
        self._spawn(
            Message(
                destination="org.freedesktop.Notifications",
                path="/org/freedesktop/Notifications",
                interface="org.freedesktop.Notifications",
                member="Notify",
                signature="susssasa{sv}i",
                body=["Sidechain", 0, "sidechain", sentence, "", [], {}, NOTIFICATION_MS],
            )
        )

    def _spawn(self, message: Message) -> None:
        task = asyncio.get_running_loop().create_task(self._call(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _call(self, message: Message) -> None:
        """Ask somebody who may be missing, slow or broken: the icon must not depend on it."""
        bus = self._bus
        if bus is None or not bus.connected:
            return
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                answer = await bus.call(message)
        except (TimeoutError, OSError, EOFError, DBusError) as error:
            _log.info("%s.%s: %r", message.interface, message.member, error)
        else:
            if answer.message_type is MessageType.ERROR:
                _log.info("%s.%s: %s", message.interface, message.member, answer.error_name)

    async def wait_closed(self) -> None:
        """See Backend."""
        assert self._bus is not None
        try:
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        except Exception as error:  # whatever ended the connection: the session is over for us
            _log.info("the session bus went away: %r", error)

    async def close(self) -> None:
        """See Backend."""
        if self._no_host is not None:
            self._no_host.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        if self._bus is not None and self._bus.connected:
            self._bus.disconnect()
