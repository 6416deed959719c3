"""The daemon's settings: one frozen Struct. Each field says what it means, its bounds and its default; daemon/settings makes of
them the table that the documents, `sidechain config`, the doctor and a test share, and reads and writes them.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from relay.wire.rest import ShownTo

ENV_PREFIX = "SIDECHAIN_"
FOLDERS = ("data_dir", "run_dir", "linked_folder", "relay_certificate")
# As settings were called before, and are still understood in files and environments.
OLD_NAMES = {"journal_minutes": "history_minutes", "journal_budget_bytes": "history_bytes"}


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. at_once: a daemon that runs goes by it when it changes; the others from its next start on."""

    data_dir: Annotated[
        str,
        Meta(
            description="Folder of takes, library and outbox.",
            extra={"default": "the platform's data folder for `sidechain`"},
        ),
    ] = ""
    run_dir: Annotated[
        str,
        Meta(
            description="Folder of sockets and Rings; plugins must see the same one.",
            extra={"default": "$XDG_RUNTIME_DIR/sidechain"},
        ),
    ] = ""
    relay_url: Annotated[
        str,
        Meta(
            max_length=512,
            description="Address of the relay: https, or http for a relay on this machine. Nothing is posted without one.",
            extra={"default": "none"},
        ),
    ] = ""
    relay_certificate: Annotated[
        str,
        Meta(
            description="File (PEM) of the one certificate that proves the relay, where no authority vouches for it; `sidechain setup` asks and writes it.",
            extra={"default": "none"},
        ),
    ] = ""
    credential_store: Annotated[
        Literal["keyring", "file"],
        Meta(
            description="Where the device key lies: keyring, or file, for machines without one: 0600, not encrypted, shown in status."
        ),
    ] = "keyring"
    default_bars: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Bars that `keep` takes when it is not told: the length that loops are thought in.",
            extra={"at_once": True},
        ),
    ] = 8
    fallback_seconds: Annotated[
        float,
        Meta(
            ge=1.0,
            le=900.0,
            description="Seconds that `keep` takes when the host tells no transport: 8 bars at 120 BPM, but nothing claims that.",
            extra={"at_once": True},
        ),
    ] = 16.0
    undo_seconds: Annotated[
        float,
        Meta(
            ge=0.0,
            le=600.0,
            description="Seconds in which a post can be undone (`sidechain undo`, tray, window): nothing of it leaves this machine before; 0: it goes at once.",
            extra={"at_once": True},
        ),
    ] = 10.0
    post_visibility: Annotated[
        ShownTo | Literal["account"],
        Meta(
            description="Who sees what is posted without a word on that (`sidechain post --visibility`): public, followers, unlisted (a secret link) or private; account: as your account says (`sidechain profile --posts`).",
            extra={"at_once": True},
        ),
    ] = "account"
    linked_folder: Annotated[
        str,
        Meta(
            description="Folder, for a DAW's browser, that holds a link to each take under its name and is kept up to date. Nothing else in it is touched.",
            extra={"default": "none"},
        ),
    ] = ""
    restore_days: Annotated[
        float,
        Meta(
            ge=0.0,
            le=3650.0,
            description="Days in which a discarded take can be restored (`sidechain takes restore`); after that its sound is gone. 0: it is gone at once.",
            extra={"at_once": True},
        ),
    ] = 7.0
    export_wav: Annotated[
        Literal["float32", "pcm24"],
        Meta(
            description="How WAV is written when it is exported or dragged out of the window: float32 is the sound as played, to the bit; pcm24 for what reads no float.",
            extra={"at_once": True},
        ),
    ] = "float32"
    drag_tempo: Annotated[
        Literal["own", "project"],
        Meta(
            description="Tempo of what is dragged out of the window: its own, or stretched to the project's, as far as both are known.",
            extra={"at_once": True},
        ),
    ] = "own"
    drag_files: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="How many files that were dragged out stay (`exports` in data_dir): the newest, and all of the last day, for a host may read them where they lie.",
            extra={"at_once": True},
        ),
    ] = 200
    device_name: Annotated[
        str,
        Meta(
            max_length=64,
            description="Name shown when the device is claimed.",
            extra={"at_once": True, "default": "the host name"},
        ),
    ] = ""
    presence: Annotated[
        bool,
        Meta(
            description="Tell followers what you do: recording, producing, idle or away (nothing for 15 minutes), the DAW and the tempo, nothing else.",
            extra={"at_once": True},
        ),
    ] = True
    do_not_disturb: Annotated[
        bool,
        Meta(
            description="No notification on the desktop; what happened still stands in tray and status.",
            extra={"at_once": True},
        ),
    ] = False
    journal: Annotated[
        bool,
        Meta(
            description="Keep the last minutes of each plugin on this disk: so they stay in reach, and a crash of the DAW or the machine costs a second."
        ),
    ] = True
    history_minutes: Annotated[
        float,
        Meta(
            ge=1.0,
            le=24 * 60.0,
            description="Minutes of sound of each plugin that stay in reach: longer than the time in which one notices that something was good. Silence does not count.",
            extra={"at_once": True},
        ),
    ] = 10.0
    history_bytes: Annotated[
        int,
        Meta(
            ge=64 * 1024 * 1024,
            description="Disk that the History may take in all: 10 minutes of nine stereo plugins at 48 kHz, or more where it is compressed. The oldest goes first.",
            extra={"at_once": True},
        ),
    ] = 2 * 1024 * 1024 * 1024
    history_keep_hours: Annotated[
        float,
        Meta(
            ge=0.0,
            le=7 * 24.0,
            description="Hours that what a plugin has played stays after it was closed; 0: it goes at once.",
            extra={"at_once": True},
        ),
    ] = 24.0
    min_free_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Free disk below which nothing new is kept: the library must never be the one that fills the disk.",
            extra={"at_once": True},
        ),
    ] = 64 * 1024 * 1024
    cache_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Room for what was made before (`cache` in data_dir), so that the same sound is not made twice; 0: nothing is remembered.",
        ),
    ] = 256 * 1024 * 1024
    preview_cache_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Room for sounds of the feed, fetched and ready to be played (`previews` in data_dir).",
        ),
    ] = 256 * 1024 * 1024
    prefetch_items: Annotated[
        int,
        Meta(
            ge=0,
            le=100,
            description="How many of the newest Items are made ready before anybody asks, while a plugin is there; 0: none.",
        ),
    ] = 12
    update_check: Annotated[
        str,
        Meta(
            max_length=512,
            description='Address (https) that answers {"version": "1.2.3"}, asked once a day whether there is a newer Sidechain; nothing is downloaded.',
            extra={"at_once": True, "default": "none: nobody is asked"},
        ),
    ] = ""
    safe_mode: Annotated[
        bool,
        Meta(
            description="After three deaths within ten minutes, start without posting, link and rendering until it has gone well for a while; false: always start whole."
        ),
    ] = True
    safe_mode_minutes: Annotated[
        float,
        Meta(
            gt=0.0,
            le=24 * 60.0,
            description="Minutes for which it must go well in safe mode before everything is tried again.",
        ),
    ] = 10.0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="How much the log says: debug, info, warning or error.", extra={"at_once": True}),
    ] = "info"

    @property
    def hold_us(self) -> int:
        """How long an Entry is held so that it can be undone."""
        return round(self.undo_seconds * 1e6)

    @property
    def shown_to(self) -> ShownTo | None:
        """Who is to see what is posted without a word on that; None: as the account says."""
        return None if self.post_visibility == "account" else self.post_visibility

    @property
    def data(self) -> Path:
        """Folder of takes, library and outbox."""
        return Path(self.data_dir)

    @property
    def takes(self) -> Path:
        """Folder of the takes, one folder each."""
        return self.data / "takes"

    @property
    def instruments(self) -> Path:
        """Recordings of the relay's own instruments."""
        return self.data / "instruments"

    @property
    def cache(self) -> Path:
        """Folder of what was made before; it can be removed at any time."""
        return self.data / "cache"

    @property
    def models(self) -> Path:
        """Folder of models that somebody put here."""
        return self.data / "models"

    @property
    def creations(self) -> Path:
        """Folder of what is written down instead of recorded, a file each."""
        return self.data / "creations"

    @property
    def previews(self) -> Path:
        """Folder of sounds of the feed; it can be removed at any time."""
        return self.data / "previews"

    @property
    def exports(self) -> Path:
        """Folder of files for hosts and file managers."""
        return self.data / "exports"

    @property
    def library(self) -> Path:
        """The library's database."""
        return self.data / "library.sqlite3"

    @property
    def run(self) -> Path:
        """Folder of sockets and Rings."""
        return Path(self.run_dir)
