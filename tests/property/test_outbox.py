"""The outbox against a relay that loses replies, a daemon that dies at any point and a person with second thoughts.

Each Take is one Post in the end, but for those that were undone while they were held: of these nothing ever leaves.
"""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from daemon.core import outbox
from daemon.core.outbox import Entry, State, apply, pick

WORST_WAIT_US = outbox.RETRY_AFTER_CEILING_US


def rendered(entry: Entry) -> Entry:
    return apply(entry, outbox.Rendered(sha256="ab" * 32), 0, 0.0)


class Outbox(RuleBasedStateMachine):
    """`stored` is the disk; `running` is what the living process thinks it does; the relay dedupes by entry id."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[str, Entry] = {}
        self.running: str | None = None
        self.posts: dict[str, str] = {}  # entry id -> post id
        self.begun: dict[str, int] = {}
        self.undone: set[str] = set()
        self.now_us = 1_000_000

    def store(self, entry: Entry) -> None:
        before = self.stored.get(entry.entry_id)
        assert before is None or before.state is not State.ACCEPTED or before.post_id == entry.post_id
        self.stored[entry.entry_id] = entry

    @initialize(holds_us=st.lists(st.integers(0, outbox.MAX_HOLD_US), min_size=1, max_size=4))
    def keep(self, holds_us: list[int]) -> None:
        for n, hold_us in enumerate(holds_us):
            made = Entry(entry_id=f"e{n}", take_id=f"t{n}", account=None, created_us=n)
            if hold_us:
                made = replace(made, state=State.HELD, held_until_us=self.now_us + hold_us)
            self.store(made)

    @rule()
    def let_go(self) -> None:
        """What is over is over, however long nobody looked."""
        for entry in list(self.stored.values()):
            if outbox.held_left_us(entry, self.now_us) == 0:
                released = apply(entry, outbox.Released(), self.now_us, 0.0)
                self.store(rendered(released) if released.sha256 else released)

    @rule(n=st.integers(0, 3))
    def undo(self, n: int) -> None:
        entry = self.stored.get(f"e{n}")
        if entry and entry.state is State.HELD:
            self.store(apply(entry, outbox.Discarded(), self.now_us, 0.0))
            self.undone.add(entry.entry_id)

    @rule(n=st.integers(0, 3), hold_us=st.integers(1, outbox.MAX_HOLD_US))
    def post_after_all(self, n: int, hold_us: int) -> None:
        entry = self.stored.get(f"e{n}")
        if entry and entry.state is State.DISCARDED:
            self.store(apply(entry, outbox.Held(until_us=self.now_us + hold_us), self.now_us, 0.0))
            self.undone.discard(entry.entry_id)

    @rule(n=st.integers(0, 3))
    def render(self, n: int) -> None:
        entry = self.stored.get(f"e{n}")
        if entry:
            self.store(rendered(entry))

    @precondition(lambda self: self.running is None)
    @rule()
    def begin(self) -> None:
        entry = pick(self.stored.values(), self.now_us)
        if entry:
            assert outbox.held_left_us(entry, self.now_us) is None
            self.store(apply(entry, outbox.Picked(account="ana"), self.now_us, 0.0))
            self.begun[entry.entry_id] = self.begun.get(entry.entry_id, 0) + 1
            self.running = entry.entry_id

    @precondition(lambda self: self.running is not None)
    @rule(sent=st.integers(0, 9), url=st.sampled_from(["w", "x"]))
    def move(self, sent: int, url: str) -> None:
        """The relay tells where the upload stands; it may also have lost it and begun anew."""
        assert self.running is not None
        before = self.stored[self.running]
        after = apply(before, outbox.Moved(upload_url=url, size_bytes=9, sent_bytes=sent), self.now_us, 0.0)
        if sent > (before.sent_bytes if url == before.upload_url else 0):
            self.begun[self.running] = 1
        self.store(after)

    @precondition(lambda self: self.running is not None)
    @rule(
        reached=st.booleans(),
        answered=st.booleans(),
        jitter=st.floats(0, 1),
        after=st.none() | st.integers(0, 10**11),
    )
    def end(self, reached: bool, answered: bool, jitter: float, after: int | None) -> None:
        """The upload reached the relay or not, and its answer us or not."""
        assert self.running is not None
        entry, self.running = self.stored[self.running], None
        if reached:
            self.posts.setdefault(entry.entry_id, f"post {len(self.posts)}")
        event: outbox.Event = outbox.FailedTransient(reason="No answer.", retry_after_us=after)
        if reached and answered:
            event = outbox.Accepted(post_id=self.posts[entry.entry_id], post_url="u")
        self.store(apply(entry, event, self.now_us, jitter))

    @rule(reached=st.booleans())
    def die_and_start_again(self, reached: bool) -> None:
        """SIGKILL at any point: what was not stored is forgotten."""
        if self.running and reached:
            self.posts.setdefault(self.running, f"post {len(self.posts)}")
        self.running = None
        for entry in list(self.stored.values()):
            if entry.state is State.UPLOADING:
                self.store(apply(entry, outbox.LeaseExpired(), self.now_us, 0.0))

    @rule(wait_us=st.integers(0, WORST_WAIT_US))
    def wait(self, wait_us: int) -> None:
        self.now_us += wait_us

    @invariant()
    def at_most_one_upload_and_it_is_counted(self) -> None:
        uploading = [e.entry_id for e in self.stored.values() if e.state is State.UPLOADING]
        assert uploading == ([self.running] if self.running else [])
        assert all(e.attempts == self.begun.get(e.entry_id, 0) for e in self.stored.values())

    @invariant()
    def the_checks_of_the_table_hold(self) -> None:
        for e in self.stored.values():
            assert (e.state is State.UPLOADING) == (e.lease_until_us is not None)
            assert (e.state is State.ACCEPTED) == (e.post_id is not None)
            assert (e.state is State.HELD) == (e.held_until_us is not None)
            assert e.state in (State.HELD, State.WAITING, State.DISCARDED) or e.sha256 is not None
            assert (e.upload_url is None) == (e.size_bytes is None)
            assert 0 <= e.sent_bytes <= (e.size_bytes or 0)
            assert e.upload_url is None or e.state in (State.QUEUED, State.UPLOADING)

    @invariant()
    def nothing_of_what_was_undone_has_left(self) -> None:
        assert not self.undone & (self.posts.keys() | self.begun.keys())

    @invariant()
    def what_is_accepted_is_the_one_post_of_that_entry(self) -> None:
        assert len(set(self.posts.values())) == len(self.posts)
        assert all(
            self.posts[e.entry_id] == e.post_id for e in self.stored.values() if e.state is State.ACCEPTED
        )

    def teardown(self) -> None:
        """Left in peace, every Entry that was not undone is accepted, none under a second id."""
        self.die_and_start_again(False)
        self.wait(outbox.MAX_HOLD_US)
        self.let_go()
        for n in range(4):
            self.render(n)
        for _ in self.stored:
            self.wait(WORST_WAIT_US)
            self.begin()
            if self.running:
                self.end(True, True, 0.0, None)
        ended = {e.entry_id: e.state for e in self.stored.values()}
        assert ended == {
            one: State.DISCARDED if one in self.undone else State.ACCEPTED for one in self.stored
        }
        assert set(self.posts) == set(self.stored) - self.undone


Outbox.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestOutbox = Outbox.TestCase
