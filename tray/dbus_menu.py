"""The menu as com.canonical.dbusmenu: MenuModel in, numbers and property maps out; what changed, and nothing else.

`MenuTree` is pure. `MenuInterface` exports it on a bus. A number stays with its Item's id for as long as the Item is
shown and is never used again, so that a click that crosses an update cannot hit another line.
Source: the interface file of libdbusmenu, com.canonical.dbusmenu version 3.
"""

from collections.abc import Callable, Iterable
from typing import Annotated

from dbus_fast import DBusError, PropertyAccess, Variant
from dbus_fast.annotations import DBusBool, DBusInt32, DBusSignature, DBusStr, DBusUInt32, DBusVariant
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal
from msgspec import Struct

from tray.model import Action, Item, MenuModel

MENU_PATH = "/MenuBar"
INTERFACE = "com.canonical.dbusmenu"
ROOT = 0
MAX_DEPTH = 8

Properties = dict[str, Variant]
Layout = list[object]  # (ia{sv}av)

_SEPARATOR: Properties = {"type": Variant("s", "separator")}


class Change(Struct, frozen=True):
    """What hosts must be told after an update."""

    layout: bool
    properties: list[tuple[int, Properties]]  # only those that changed, complete
    removed: list[tuple[int, list[str]]]  # names that went back to their default


class MenuTree:
    """The Items shown now, by number. [loop]"""

    def __init__(self) -> None:
        self.revision = 1
        self._numbers: dict[str, int] = {}
        self._items: dict[int, Item] = {}
        self._children: dict[int, list[int]] = {ROOT: []}
        self._properties: dict[int, Properties] = {ROOT: {"children-display": Variant("s", "submenu")}}
        self._next = 1
        self._opened: Action | None = None

    def update(self, model: MenuModel) -> Change:
        """Take over `model`; the revision rises only when lines came, went or moved."""
        numbers: dict[str, int] = {}
        for item in model.walk():
            if item.id not in self._numbers:
                self._numbers[item.id] = self._next
                self._next += 1
            numbers[item.id] = self._numbers[item.id]
        before_children, before_properties = self._children, self._properties
        self._numbers = numbers
        self._opened = model.opened
        self._items = {numbers[item.id]: item for item in model.walk()}
        self._children = {ROOT: [numbers[item.id] for item in model.items]}
        self._properties = {ROOT: before_properties[ROOT]}
        for number, item in self._items.items():
            self._children[number] = [numbers[child.id] for child in item.submenu]
            self._properties[number] = _properties(item)
        return self._change(before_children, before_properties)

    def _change(self, children: dict[int, list[int]], properties: dict[int, Properties]) -> Change:
        layout = children != self._children
        self.revision += layout
        changed, removed = [], []
        for number, now in self._properties.items():
            was = properties.get(number)
            if was is not None and was != now:
                changed.append((number, now))
                if gone := sorted(was.keys() - now.keys()):
                    removed.append((number, gone))
        return Change(layout, changed, removed)

    def action(self, number: int) -> Action | None:
        """What a click on this line means now; None for lines that cannot be clicked or are gone."""
        item = self._items.get(number)
        return item.action if item is not None and item.enabled else None

    def opened(self, number: int) -> Action | None:
        """What it means that the menu below this line is opened."""
        item = self._items.get(number)
        return self._opened if number == ROOT else item.opened if item is not None else None

    def properties(self, number: int, names: Iterable[str] = ()) -> Properties | None:
        """Property map of one line, only `names` unless empty; None if there is no such line."""
        found = self._properties.get(number)
        wanted = set(names)
        if found is None or not wanted:
            return found
        return {name: value for name, value in found.items() if name in wanted}

    def numbers(self) -> list[int]:
        """Every line, the root first."""
        return list(self._properties)

    def layout(self, number: int, depth: int, names: list[str]) -> Layout | None:
        """The line and what is below it, `depth` levels (-1: all); None if there is no such line."""
        properties = self.properties(number, names)
        if properties is None:
            return None
        below = [] if depth == 0 else self._children[number]
        below_depth = depth - 1 if depth > 0 else -1
        layouts = [Variant("(ia{sv}av)", self.layout(child, below_depth, names)) for child in below]
        return [number, properties, layouts]


def _properties(item: Item) -> Properties:
    """Only what differs from the interface's defaults, as it asks for."""
    if item.separator:
        return _SEPARATOR
    found = {"label": Variant("s", item.label.replace("_", "__"))}  # one underscore would mark an access key
    if not item.enabled:
        found["enabled"] = Variant("b", False)
    if item.checked is not None:
        found["toggle-type"] = Variant("s", "checkmark")
        found["toggle-state"] = Variant("i", int(item.checked))
    if item.submenu:
        found["children-display"] = Variant("s", "submenu")
    return found


# the interface on the bus -------------------------------------------------------------------------------------

_LayoutReply = Annotated[tuple[int, Layout], DBusSignature("u(ia{sv}av)")]
_PropertyList = Annotated[list[list[object]], DBusSignature("a(ia{sv})")]
_Numbers = Annotated[list[int], DBusSignature("ai")]
_Names = Annotated[list[str], DBusSignature("as")]
_Events = Annotated[list[tuple[int, str, Variant, int]], DBusSignature("a(isvu)")]
_TwoNumberLists = Annotated[tuple[list[int], list[int]], DBusSignature("aiai")]
_LayoutSignal = Annotated[tuple[int, int], DBusSignature("ui")]
_PropertiesSignal = Annotated[tuple[list[list[object]], list[list[object]]], DBusSignature("a(ia{sv})a(ias)")]


class MenuInterface(ServiceInterface):
    """com.canonical.dbusmenu at MENU_PATH. `clicked` gets the action of each line that was clicked or opened. [loop]"""

    def __init__(self, clicked: Callable[[Action], None]) -> None:
        super().__init__(INTERFACE)
        self._tree = MenuTree()
        self._clicked = clicked

    def update(self, model: MenuModel) -> None:
        """Show `model`, and tell hosts of what differs from before; nothing, if nothing does."""
        change = self._tree.update(model)
        if change.properties:
            self._items_properties_updated(change)
        if change.layout:
            self._layout_updated()

    def _known(self, number: int) -> None:
        if self._tree.properties(number) is None:
            raise DBusError("com.canonical.dbusmenu.UnknownId", f"There is no menu line {number} any more.")

    @dbus_method(name="GetLayout")
    def _get_layout(self, parent: DBusInt32, depth: DBusInt32, names: _Names) -> _LayoutReply:
        self._known(parent)
        layout = self._tree.layout(parent, min(depth, MAX_DEPTH), names)
        assert layout is not None
        return self._tree.revision, layout

    @dbus_method(name="GetGroupProperties")
    def _get_group_properties(self, ids: _Numbers, names: _Names) -> _PropertyList:
        found = ((number, self._tree.properties(number, names)) for number in ids or self._tree.numbers())
        return [[number, properties] for number, properties in found if properties is not None]

    @dbus_method(name="GetProperty")
    def _get_property(self, number: DBusInt32, name: DBusStr) -> DBusVariant:
        self._known(number)
        value = (self._tree.properties(number) or {}).get(name)
        if value is None:
            raise DBusError("com.canonical.dbusmenu.UnknownProperty", f"Menu line {number} has no {name!r}.")
        return value

    @dbus_method(name="Event")
    def _event(self, number: DBusInt32, event: DBusStr, data: DBusVariant, timestamp: DBusUInt32) -> None:
        self._known(number)
        self._on_event(number, event)

    @dbus_method(name="EventGroup")
    def _event_group(self, events: _Events) -> _Numbers:
        unknown = [event[0] for event in events if self._tree.properties(event[0]) is None]
        if events and len(unknown) == len(events):
            raise DBusError("com.canonical.dbusmenu.UnknownId", "None of these menu lines exists any more.")
        for number, event, _data, _timestamp in events:
            self._on_event(number, event)
        return unknown

    def _on_event(self, number: int, event: str) -> None:
        actions = {"clicked": self._tree.action, "opened": self._tree.opened}
        action = actions[event](number) if event in actions else None
        if action is not None:
            self._clicked(action)

    @dbus_method(name="AboutToShow")
    def _about_to_show(self, number: DBusInt32) -> DBusBool:
        self._known(number)
        return False  # the menu is always complete: nothing is built on opening

    @dbus_method(name="AboutToShowGroup")
    def _about_to_show_group(self, ids: _Numbers) -> _TwoNumberLists:
        return [], [number for number in ids if self._tree.properties(number) is None]

    @dbus_property(access=PropertyAccess.READ, name="Version")
    def _version(self) -> DBusUInt32:
        return 3

    @dbus_property(access=PropertyAccess.READ, name="TextDirection")
    def _text_direction(self) -> DBusStr:
        return "ltr"

    @dbus_property(access=PropertyAccess.READ, name="Status")
    def _status(self) -> DBusStr:
        return "normal"

    @dbus_property(access=PropertyAccess.READ, name="IconThemePath")
    def _icon_theme_path(self) -> _Names:
        return []

    @dbus_signal(name="LayoutUpdated")
    def _layout_updated(self) -> _LayoutSignal:
        return self._tree.revision, ROOT

    @dbus_signal(name="ItemsPropertiesUpdated")
    def _items_properties_updated(self, change: Change) -> _PropertiesSignal:
        return [[number, found] for number, found in change.properties], [
            [number, names] for number, names in change.removed
        ]

    @dbus_signal(name="ItemActivationRequested")
    def _item_activation_requested(self, number: int, timestamp: int) -> _LayoutSignal:
        return number, timestamp
