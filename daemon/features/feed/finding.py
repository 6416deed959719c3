"""Which post is meant: by its id, the start of one in the feed here, its address, or its title."""

import msgspec

from daemon.errors import UsageError
from daemon.library.store import Store
from relay.wire.ids import Id


async def find_post(store: Store, post: str) -> str:
    """Its id. Raises UsageError for what is no post that is known here. [loop]"""
    given = last_part(post)
    if is_one(given, Id):
        return given
    found = await store.run(Store.item, given) if given else []
    found = found or await store.run(Store.items_called, post)
    if len(found) != 1:
        many = "Several posts of your feed have" if found else "No post of your feed has"
        raise UsageError(
            f"{many} an id that starts with “{given}”, or that title.", "`sidechain feed` lists them."
        )
    return found[0].id


def last_part(address: str) -> str:
    """Of an address, what stands behind its last slash; of all else, itself. [any]"""
    return address.rstrip("/").rpartition("/")[2].lower()


def is_one(text: str, kind: object) -> bool:
    """Whether the relay takes it for one of these. [any]"""
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True
