"""What `sidechain doctor` says of the journal."""

import shutil
from collections.abc import Iterator

from daemon.config import Config
from daemon.core.checks import Check, note, ok
from daemon.core.counts import so_many
from daemon.features.history.holdings import HEADROOM_BYTES
from daemon.rings.journal_files import CLOSED, read_mark, read_ring


def check_journal(config: Config) -> Iterator[Check]:
    """What the journal takes, what it offers, and what of it cannot be read."""
    folder = config.data / "journal"
    rings = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.exists() else []
    used_mb = sum(p.stat().st_size for p in folder.rglob("*")) // 1_000_000 if rings else 0
    limit_mb = config.history_bytes // 1_000_000
    bad = [ring.name for ring in rings if not read_ring(ring, verify=False) and any(ring.iterdir())]
    if bad:
        yield note(
            "journal", f"{', '.join(bad)} in {folder} cannot be read.", "Remove it when it is not wanted."
        )
    if not config.journal:
        yield note("journal", "It is off: a crash of the DAW costs what was not kept.", "Set journal = true.")
    elif (
        config.data.exists() and shutil.disk_usage(config.data).free < config.min_free_bytes + HEADROOM_BYTES
    ):
        yield note("journal", "It pauses: the disk is nearly full.", "Free some space.")
    else:
        yield ok("journal", f"{so_many(len(rings), 'plugin')}, {used_mb} of {limit_mb} MB.")
    if waiting := [ring for ring in rings if (mark := read_mark(ring)) and mark.why != CLOSED]:
        yield note(
            "journal",
            f"Sound of {so_many(len(waiting), 'plugin')} is left behind.",
            "`sidechain recover` lists it.",
        )
