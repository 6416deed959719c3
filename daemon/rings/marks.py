"""Where bars begin in the History of a loaded plugin: memory and disk, a bounded part at a time."""

from daemon.core.marks import marks_of
from daemon.rings.instances import Instance
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import reach_of
from plugin_protocol.history_messages import Mark

MAX_LOOK_S = 600.0  # of one answer: a bar line that is further is told by the next
CONTEXT_S = 16.0  # before it: what a bar began as


def find_marks(
    journal: JournalFolder, instance: Instance, generation: int, first_frame: int, end_frame: int
) -> tuple[list[Mark], int]:
    """The marks in `[first_frame, end_frame)`, and up to which frame they are told. Raises NothingKept. [worker]"""
    reach = reach_of(journal, instance, generation)
    reach.look()
    oldest_frame = min(reach.oldest_frame, reach.memory_span().first_frame)
    first_frame = max(first_frame, oldest_frame)
    end_frame = min(end_frame, first_frame + int(MAX_LOOK_S * reach.sample_rate_hz))
    context_frames = int(CONTEXT_S * reach.sample_rate_hz)
    seconds = (end_frame - first_frame + context_frames) / reach.sample_rate_hz
    return marks_of(reach.back(end_frame, seconds), first_frame, end_frame)
