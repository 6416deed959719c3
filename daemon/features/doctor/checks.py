"""What `sidechain doctor` looks at on this machine: folders, lock, credentials, disk, sound. One function per check.

A check finds, mends what is safe to mend, and says so. It never raises for what it finds. Not here: the network
(checks_relay.py), what a running daemon is asked (daemon.cli.doctor).
"""

import asyncio
import hashlib
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import msgspec

from bridge.control import InstanceInfo
from bridge.errors import BridgeError
from bridge.lock import RunLock
from bridge.paths import check_run_dir, prepare_run_dir
from bridge.shm import SEGMENT, RingFile
from bridge.system import close_to_others, other_owner
from daemon.config import Config
from daemon.core import outbox
from daemon.core.checks import Check, note, ok, problem, repaired
from daemon.core.counts import so_many
from daemon.core.ring_room import no_room
from daemon.errors import SidechainError, why_of
from daemon.identity.credentials import FileSecret, KeyringSecret, SecretStore
from daemon.library.files import TAKE_FLAC, TAKE_JSON, TAKE_WAV
from daemon.library.rebuild import open_library, own_data, take_in
from daemon.library.rows import TakeRow
from daemon.system.files import sweep
from daemon.system.reading import open_shared
from plugin_protocol.errors import RemoteProtocolError
from sandbox.process import Part

HASH_CHUNK_BYTES = 1 << 20
LOG_TAIL_BYTES = 512 * 1024
PROBE_BYTES = 32
SANDBOX_LIMIT_S = 20.0


def tail(log: Path) -> str:
    """The end of the log, from the start of a line; "" when there is none."""
    try:
        with open_shared(log) as file:
            skipped = max(0, log.stat().st_size - LOG_TAIL_BYTES)
            file.seek(skipped)
            text = file.read().decode(errors="replace").replace("\r\n", "\n")  # as Windows ends lines
    except OSError:
        return ""
    return text.partition("\n")[2] if skipped else text


def check_version(version: str) -> Check:
    return ok("version", f"Sidechain {version}, Python {platform.python_version()}, {platform.platform()}.")


def check_folders(config: Config) -> Iterator[Check]:
    """Ours, and closed to others; what is open to others is closed."""
    if not config.data.exists():
        yield note("data folder", f"{config.data} is not there yet; the daemon makes it.")
    else:
        yield _closed("data folder", config.data)
    try:
        if config.run.exists():
            check_run_dir(config.run)
            yield ok("run folder", f"{config.run} is ours alone.")
            if full := no_room(str(config.run), shutil.disk_usage(config.run).free):
                yield problem("run folder", full, "Close some plugins, or remove what else fills it.")
        else:
            yield note("run folder", f"{config.run} is not there yet; the daemon makes it.")
    except BridgeError as error:
        yield problem("run folder", str(error), "Move it away, or set run_dir.")


def _closed(name: str, data: Path) -> Check:
    try:
        opened = []
        for path in (data, *(p for p in data.iterdir() if not p.is_symlink())):
            if (owner := other_owner(path)) is not None:
                return problem(name, f"{path} belongs to user {owner}.", "Give it back to yourself (chown).")
            if path.name != "daemon.log" and close_to_others(path):
                opened.append(path.name)
    except OSError as error:
        return problem(
            name, f"{data} cannot be used: {error.strerror}.", "Mend its permissions, or set data_dir."
        )
    if opened:
        return repaired(name, f"{', '.join(opened)} could be read by other users, and cannot any more.")
    return ok(name, f"{data} is ours alone.")


def check_disk(config: Config) -> Check:
    place = next(p for p in (config.data, *config.data.parents) if p.exists())
    free_bytes = shutil.disk_usage(place).free
    if free_bytes < config.min_free_bytes:
        return problem(
            "disk",
            f"Only {free_bytes // 1_000_000} MB are free in {place}: nothing new is kept.",
            "Free some space.",
        )
    return ok("disk", f"{free_bytes // 1_000_000_000} GB are free for takes.")


def try_credentials(config: Config) -> bool:
    """Write, read and forget a probe where the device key lies; whether it came back as it was. Raises KeyringUnavailable, OSError."""
    store: SecretStore = (
        KeyringSecret(f"{config.data} doctor")
        if config.credential_store == "keyring"
        else FileSecret(config.data / ".tmp-doctor-probe")
    )

    async def round_trip() -> bool:
        probe = secrets.token_bytes(PROBE_BYTES)
        await store.peek()  # where it is locked, that is said, and no window comes for a question of ours
        await store.write(probe)
        same = await store.read() == probe
        await store.delete()
        return same

    return asyncio.run(round_trip())


def check_credentials(config: Config) -> Check:
    """Whether the device key's place stores, gives back and forgets."""
    if not config.data.exists():
        return note("credential store", "Not tried before the first start.")
    try:
        same = try_credentials(config)
    except (SidechainError, OSError) as error:
        if not config.relay_url:
            return note("credential store", f"{error} It is needed only to claim this device.")
        return problem("credential store", str(error), "Takes are kept meanwhile; nothing can be posted.")
    if not same:
        where = config.credential_store
        return problem("credential store", f"The {where} gave back something else.", "Look after it.")
    if config.credential_store == "file":
        return note(
            "credential store", "The device key lies in a file (0600, not encrypted), as was asked for."
        )
    return ok("credential store", "The keyring stores, gives back and forgets.")


def check_rings(config: Config) -> Check:
    """The Rings in the run folder: how many have a writer."""
    names = [p.name for p in config.run.iterdir() if SEGMENT.fullmatch(p.name)] if config.run.exists() else []
    alive = 0
    for name in names:
        try:
            ring = RingFile.open(config.run, name)
        except (BridgeError, RemoteProtocolError, OSError):
            continue
        alive += ring.writer_alive()
        ring.close()
    left = len(names) - alive
    more = f", and {left} left by a host that ended; the daemon removes them" if left else ""
    return ok("plugins", f"{so_many(alive, 'plugin')} in shared memory{more}.")


def check_instances(instances: Sequence[InstanceInfo]) -> Iterator[Check]:
    """Each plugin that records nothing, or whose Ring cannot be read: why, and what to do, by its own word."""
    for one in instances:
        if one.reason:
            name = one.track_name or one.host_name
            yield problem(
                "plugin", f"{name} ({one.instance[:8]}): {one.reason}", "`sidechain instances` lists them."
            )


def check_portaudio() -> Check:
    try:
        import sounddevice

        devices = len(sounddevice.query_devices())
    except (ImportError, OSError) as error:
        return note("audio output", f"PortAudio is missing ({error}); only `sidechain takes play` needs it.")
    except Exception as error:  # PortAudioError, which cannot be imported without PortAudio
        return note("audio output", f"PortAudio cannot list devices ({error}).")
    if not devices:
        return note(
            "audio output",
            "There is no sound device here; only `sidechain takes play` and `record` need one.",
        )
    return ok("audio output", f"PortAudio knows {devices} devices.")


def check_sandbox(command: Sequence[str] = (sys.executable, "-m", "sandbox.process")) -> Check:
    """Whether other people's sound is decoded where it can reach nothing. command: enters the sandbox, prints its parts."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = os.pathsep.join(each for each in sys.path if each)
            ran = subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                timeout=SANDBOX_LIMIT_S,
                cwd=folder,
                env=dict(os.environ) | {"PYTHONPATH": path},
            )
    except (OSError, subprocess.SubprocessError) as error:
        return note("sandbox", f"It could not be tried: {why_of(error)}.")
    missing = [part for part in Part if part not in ran.stdout.split()]
    if missing:
        return note(
            "sandbox",
            f"Previews are decoded without these parts of it: {', '.join(missing)}.",
            "A newer kernel has them; play only posts of people you trust until then.",
        )
    return ok("sandbox", "Previews are decoded where nothing else can be reached.")


def check_sound(config: Config, render_again: Callable[[str], None], known_takes: int = 0) -> Iterator[Check]:
    """Hash every lossless copy again and look at every sound's length; a copy that is not what it was is made anew.

    known_takes: how many the library has.
    """
    takes = bad_copies = 0
    for folder in sorted(config.takes.iterdir()) if config.takes.exists() else []:
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        takes += 1
        try:
            take = msgspec.json.decode((folder / TAKE_JSON).read_bytes(), type=TakeRow)
            sound_bytes = (folder / TAKE_WAV).stat().st_size
        except (OSError, msgspec.DecodeError) as error:
            yield problem(
                "sound", f"Take {folder.name[:13]} cannot be read: {why_of(error)}.", "Look into its folder."
            )
            continue
        if sound_bytes < take.frames * take.channels * 4:
            yield problem(
                "sound", f"The sound of take {folder.name[:13]} is cut short.", "Its FLAC may be whole."
            )
        elif take.flac_sha256 and _sha256(folder / TAKE_FLAC) != take.flac_sha256:
            bad_copies += 1
            render_again(take.take_id)
    if takes < known_takes:
        yield problem(
            "sound",
            f"Of {so_many(known_takes, 'take')}, {known_takes - takes} are not in {config.takes}.",
            "Put their folders back; `sidechain takes delete --for-good` forgets what is gone for good.",
        )
    if bad_copies:
        yield repaired("sound", f"{bad_copies} lossless copies were not what they were, and are made anew.")
    else:
        yield ok("sound", f"{so_many(takes, 'take')}; each lossless copy is what it was.")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with open_shared(path) as file:
            while chunk := file.read(HASH_CHUNK_BYTES):
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()


def damaged_files(config: Config) -> Iterator[Check]:
    """Libraries that were moved aside: kept until the person removes them."""
    for path in sorted(config.data.glob("library.damaged-*.sqlite3")) if config.data.exists() else []:
        yield note("library", f"A damaged library lies in {path}.", "Remove it when all takes are there.")


class Stopped:
    """The library of a daemon that does not run: locked, opened and mended while this is used."""

    def __init__(self, config: Config) -> None:
        """Raises bridge.errors.AlreadyRunning (the daemon has it), BridgeError, SidechainError."""
        self._config = config
        with ExitStack() as locks:
            locks.enter_context(RunLock.acquire(prepare_run_dir(config.run)))
            locks.enter_context(own_data(config))
            self.store, self._sentence = open_library(config.library, config.takes)
            self._locks = locks.pop_all()

    def checks(self) -> Iterator[Check]:
        """Sweep, rebuild and take in, as the daemon would at its start; then the outbox."""
        swept = [*sweep(self._config.data), *sweep(self._config.takes)]
        if swept:
            yield repaired("library", f"{len(swept)} half-written files of a crash were removed.")
        rebuilt = take_in(self.store, self._config.takes)
        if self._sentence:
            yield repaired("library", f"{self._sentence} Back: {so_many(rebuilt.takes, 'take')}.")
        elif rebuilt.takes or rebuilt.entries:
            yield repaired(
                "library",
                f"Taken in again: {so_many(rebuilt.takes, 'take')}, {so_many(rebuilt.entries, 'post')}.",
            )
        else:
            yield ok("library", f"{so_many(self.store.count_takes(), 'take')}; every page and row is sound.")
        yield check_outbox([(e.state, e.created_us) for e in self.store.entries()])

    def render_again(self, take_id: str) -> None:
        self.store.retry_take(take_id)

    def close(self) -> None:
        self.store.close()
        self._locks.close()


def check_outbox(entries: list[tuple[str, int]]) -> Check:
    """entries: (state, created_us)."""
    halted = [s for s, _ in entries if s in (outbox.State.QUARANTINED, outbox.State.NEEDS_ATTENTION)]
    waiting = [at for s, at in entries if s in outbox.UNDER_WAY]
    if halted:
        return problem(
            "outbox",
            f"{so_many(len(halted), 'take')} could not be posted.",
            "`sidechain outbox` says why; retry or discard them.",
        )
    if waiting:
        oldest = _when(min(waiting))
        return ok("outbox", f"{so_many(len(waiting), 'take')} to post, the oldest since {oldest}.")
    return ok("outbox", "Nothing waits to be posted.")


def _when(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6).strftime("%Y-%m-%d %H:%M")
