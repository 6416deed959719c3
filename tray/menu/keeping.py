"""Lines that keep: what played last, each Instance or all of them, and what a crash has left."""

from collections.abc import Callable, Iterator, Sequence

from bridge.control import InstanceInfo, StretchInfo
from tray.menu.words import one_line, short_id
from tray.model import Action, Item, KeepAll, KeepBars, KeepRecovered

DEFAULT_BARS = 8
BARS_CHOICES = (4, 8, 16, 32)
INSTANCE_ID_CHARS = 4
MAX_INSTANCES = 16  # more lines than this are no menu; `sidechain keep --instance` reaches the rest


def keeps(instances: list[InstanceInfo]) -> Iterator[Item]:
    """One click for what played last, others for other lengths; with several Instances, for each and for all of them."""
    only = instances[0].instance if len(instances) == 1 else None
    heard = any(_can_keep(instance) for instance in instances)
    label = f"Keep last {DEFAULT_BARS} bars"
    if not instances:
        label += " (no plugin is loaded)"
    elif not heard:
        label += " (nothing was heard yet)"
    yield Item(id="keep", label=label, enabled=heard, action=KeepBars(only, DEFAULT_BARS))
    if heard:
        yield Item(
            id="keep-lengths",
            label="Keep another length",
            submenu=_lengths("keep-lengths", lambda bars: KeepBars(only, bars)),
        )
    if len(instances) > 1:
        label = f"Keep last {DEFAULT_BARS} bars of all tracks"
        yield Item(id="keep-all", label=label, enabled=heard, action=KeepAll(DEFAULT_BARS))
        yield Item(
            id="keep-all-lengths",
            label="Keep another length of all tracks",
            enabled=heard,
            submenu=_lengths("keep-all-lengths", KeepAll, heard),
        )
        yield from (_keep_from(instance, instances) for instance in instances[:MAX_INSTANCES])


def _keep_from(instance: InstanceInfo, among: Sequence[InstanceInfo]) -> Item:
    can_keep, item_id = _can_keep(instance), f"keep:{instance.instance}"
    return Item(
        id=item_id,
        label=one_line(f"Keep from {_instance_name(instance, among)}"),
        enabled=can_keep,
        submenu=_lengths(item_id, lambda bars: KeepBars(instance.instance, bars), can_keep),
    )


def _lengths(item_id: str, action: Callable[[int], Action], enabled: bool = True) -> tuple[Item, ...]:
    return tuple(
        Item(id=f"{item_id}:{bars}", label=f"Last {bars} bars", enabled=enabled, action=action(bars))
        for bars in BARS_CHOICES
    )


def _can_keep(instance: InstanceInfo) -> bool:
    return instance.heard_frames > 0 and instance.state != "attaching"


def _instance_name(instance: InstanceInfo, among: Sequence[InstanceInfo]) -> str:
    """Its track and host; and of its id as much as is needed, where these are unknown or another's as well."""
    host = instance.host_name or "a plugin"
    alike = [(one.track_name, one.host_name) for one in among].count(
        (instance.track_name, instance.host_name)
    )
    name = f"{instance.track_name} ({host})" if instance.track_name else host
    if instance.track_name and alike < 2:
        return name
    return f"{name} [{short_id(instance.instance, [one.instance for one in among], INSTANCE_ID_CHARS)}]"


def recovered(one: StretchInfo) -> Item:
    """Discarding is not offered: it cannot be undone, and a menu cannot ask."""
    everything = Item(
        id=f"recovered:{one.stretch_id}:all",
        label="Keep all of it",
        action=KeepRecovered(one.stretch_id, None),
    )
    bars = tuple(
        Item(
            id=f"recovered:{one.stretch_id}:{bars}",
            label=f"Keep its last {bars} bars",
            action=KeepRecovered(one.stretch_id, bars),
        )
        for bars in BARS_CHOICES
        if one.bars and bars <= one.bars
    )
    label = one_line(one.sentence.removeprefix("Recovered: "))
    return Item(id=f"recovered:{one.stretch_id}", label=label, submenu=(*bars, everything))
