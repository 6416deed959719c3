"""The menu as numbered lines: numbers stay, changes are told exactly, depth and names are obeyed."""

from hypothesis import given
from hypothesis import strategies as st

from tray.dbus_menu import ROOT, MenuTree
from tray.model import Icon, Item, KeepBars, MenuModel


def menu(*items: Item) -> MenuModel:
    return MenuModel(icon=Icon.CONNECTED, tooltip="", items=items)


KEEP = Item(id="keep", label="Keep", action=KeepBars(None, 8))
STATUS = Item(id="status", label="Connected", enabled=False)
MORE = Item(id="more", label="More", submenu=(Item(id="more:a", label="A"), Item(id="more:b", label="B")))


def numbered(tree: MenuTree) -> dict[str, int]:
    """label -> number, as a host would read it."""
    return {tree.properties(n)["label"].value: n for n in tree.numbers() if "label" in tree.properties(n)}


def test_a_line_keeps_its_number_while_others_come_and_go() -> None:
    tree = MenuTree()
    tree.update(menu(STATUS, KEEP))
    before = numbered(tree)
    tree.update(menu(MORE, KEEP))
    assert numbered(tree)["Keep"] == before["Keep"]
    assert before["Connected"] not in numbered(tree).values()


def test_the_number_of_a_line_that_left_is_never_used_again() -> None:
    tree = MenuTree()
    tree.update(menu(KEEP))
    gone = numbered(tree)["Keep"]
    tree.update(menu())
    assert tree.action(gone) is None and tree.properties(gone) is None and tree.layout(gone, -1, []) is None
    tree.update(menu(STATUS, KEEP))
    assert gone not in tree.numbers()


def test_an_equal_menu_changes_nothing() -> None:
    tree = MenuTree()
    assert tree.update(menu(STATUS, MORE)).layout
    revision = tree.revision
    change = tree.update(menu(STATUS, MORE))
    assert (change.layout, change.properties, change.removed, tree.revision) == (False, [], [], revision)


def test_a_changed_label_is_a_property_change_and_no_new_layout() -> None:
    tree = MenuTree()
    tree.update(menu(STATUS, KEEP))
    revision, number = tree.revision, numbered(tree)["Connected"]
    change = tree.update(menu(Item(id="status", label="Offline"), KEEP))
    assert not change.layout and tree.revision == revision
    assert [(n, properties["label"].value) for n, properties in change.properties] == [(number, "Offline")]
    assert change.removed == [(number, ["enabled"])]  # back to its default


def test_a_moved_line_is_a_new_layout() -> None:
    tree = MenuTree()
    tree.update(menu(STATUS, KEEP))
    revision = tree.revision
    assert tree.update(menu(KEEP, STATUS)).layout
    assert tree.revision == revision + 1


def test_layout_obeys_depth_and_names() -> None:
    tree = MenuTree()
    tree.update(menu(MORE, KEEP))
    number, properties, children = tree.layout(ROOT, 1, ["label"])
    assert (number, properties) == (ROOT, {})
    assert [child.value[1]["label"].value for child in children] == ["More", "Keep"]
    assert [child.value[2] for child in children] == [[], []]
    assert tree.layout(ROOT, 0, [])[2] == []
    whole = tree.layout(ROOT, -1, [])[2][0].value
    assert [child.value[1]["label"].value for child in whole[2]] == ["A", "B"]


def test_a_disabled_line_cannot_be_clicked() -> None:
    tree = MenuTree()
    tree.update(menu(KEEP, Item(id="grey", label="Grey", enabled=False, action=KeepBars(None, 8))))
    assert tree.action(numbered(tree)["Keep"]) == KeepBars(None, 8)
    assert tree.action(numbered(tree)["Grey"]) is None


def test_underscores_are_text_and_ticks_are_shown() -> None:
    tree = MenuTree()
    tree.update(menu(Item(id="a", label="my_loop", checked=True), Item(id="b")))
    first, second = (tree.properties(number) for number in tree.numbers()[1:])
    assert first["label"].value == "my__loop"
    assert (first["toggle-type"].value, first["toggle-state"].value) == ("checkmark", 1)
    assert second["type"].value == "separator"


_ids = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)


@given(st.lists(_ids, max_size=12))
def test_a_host_that_follows_every_change_always_has_the_right_menu(menus: list[list[str]]) -> None:
    tree, seen, revision, known = MenuTree(), {}, 0, []
    for ids in menus:
        change = tree.update(menu(*(Item(id=name, label=f"{name}{len(ids)}") for name in ids)))
        if change.layout:
            assert tree.revision > revision
            revision = tree.revision
            known = [child.value[0] for child in tree.layout(ROOT, -1, [])[2]]
            seen = {number: tree.properties(number) for number in known}
        seen |= dict(change.properties)
        assert [seen[number]["label"].value for number in known] == [f"{name}{len(ids)}" for name in ids]
