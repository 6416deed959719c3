"""What rings on after the last bar of a Cut: the sound of a transport that has stopped, to be folded under the first.

Only that. While the transport goes on, what follows is the next bar's music and no tail.
"""

from daemon.core.capture import Cut, History
from plugin_protocol.layout import Flag

MAX_TAIL_SECONDS = 4.0
STOP_SLACK_SECONDS = 0.1  # so much later than the bar line the transport may stop: a hand, or a host's block

_PLAYING, _GAP, _LOOP_RANGE = int(Flag.PLAYING), int(Flag.GAP), int(Flag.LOOP_RANGE)


def tail_frames(history: History, cut: Cut) -> int:
    """How many frames right after the Cut are its ring-out: up to MAX_TAIL_SECONDS, 0 when there is none. [any]"""
    end_frame = cut.first_frame + cut.frames
    slack_frame = end_frame + STOP_SLACK_SECONDS * history.sample_rate_hz
    if not cut.anchored:
        return 0
    stopped = False
    last_frame = min(history.commit_frame, end_frame + round(MAX_TAIL_SECONDS * history.sample_rate_hz))
    for record in history.records:
        flags, frame = int(record.flags), record.ring_frame
        if flags & _LOOP_RANGE and not flags & _GAP:
            continue
        if frame <= end_frame:
            stopped = not flags & _PLAYING
        elif stopped and flags & (_PLAYING | _GAP):
            last_frame = min(last_frame, frame)
            break
        elif not stopped:
            stopped = frame <= slack_frame and not flags & (_PLAYING | _GAP)
            if not stopped and frame > slack_frame:
                break
    return max(0, last_frame - end_frame) if stopped else 0
