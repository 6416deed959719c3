"""Comments as the control socket tells them."""

from bridge import control as c
from daemon.doors.control.comments import thread_info
from plugin_protocol.codec import CONTROL_LIMITS, encode
from relay.wire.comments import Comment


def test_what_a_relay_nests_in_answers_is_not_passed_on() -> None:
    comment = Comment(
        id="0" * 32, post_id="1" * 32, root_id="0" * 32, created_at="2026-11-30T12:00:00Z", text="a"
    )
    for _ in range(20):
        comment = Comment(
            id="0" * 32,
            post_id="1" * 32,
            root_id="0" * 32,
            created_at="2026-11-30T12:00:00Z",
            text="b",
            reply_count=1,
            replies=[comment],
        )
    told = thread_info(comment)
    assert (told.answers, [each.text for each in told.replies]) == (1, ["b"])
    assert encode(c.OneComment(id=1, comment=told), CONTROL_LIMITS)
