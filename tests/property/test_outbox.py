"""The outbox against a relay that loses replies and a daemon that dies at any point: each Take one Post, in the end."""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from daemon.core import outbox
from daemon.core.outbox import Entry, State, apply, pick

WORST_WAIT_US = outbox.RETRY_AFTER_CEILING_US


class Outbox(RuleBasedStateMachine):
    """`stored` is the disk; `running` is what the living process thinks it does; the relay dedupes by entry id."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[str, Entry] = {}
        self.running: str | None = None
        self.posts: dict[str, str] = {}  # entry id -> post id
        self.begun: dict[str, int] = {}
        self.now_us = 1_000_000

    def store(self, entry: Entry) -> None:
        before = self.stored.get(entry.entry_id)
        assert before is None or before.state is not State.ACCEPTED or before.post_id == entry.post_id
        self.stored[entry.entry_id] = entry

    @initialize(count=st.integers(1, 4))
    def keep(self, count: int) -> None:
        for n in range(count):
            self.store(Entry(entry_id=f"e{n}", take_id=f"t{n}", account=None, created_us=n))

    @rule(n=st.integers(0, 3))
    def render(self, n: int) -> None:
        entry = self.stored.get(f"e{n}")
        if entry:
            self.store(apply(entry, outbox.Rendered(sha256="ab" * 32), self.now_us, 0.0))

    @precondition(lambda self: self.running is None)
    @rule()
    def begin(self) -> None:
        entry = pick(self.stored.values(), self.now_us)
        if entry:
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
            assert e.state is State.WAITING or e.sha256 is not None
            assert (e.upload_url is None) == (e.size_bytes is None)
            assert 0 <= e.sent_bytes <= (e.size_bytes or 0)
            assert e.upload_url is None or e.state in (State.QUEUED, State.UPLOADING)

    @invariant()
    def what_is_accepted_is_the_one_post_of_that_entry(self) -> None:
        assert len(set(self.posts.values())) == len(self.posts)
        assert all(
            self.posts[e.entry_id] == e.post_id for e in self.stored.values() if e.state is State.ACCEPTED
        )

    def teardown(self) -> None:
        """Left in peace, every Entry is accepted, none under a second id."""
        self.die_and_start_again(False)
        for n in range(4):
            self.render(n)
        for _ in self.stored:
            self.wait(WORST_WAIT_US)
            self.begin()
            if self.running:
                self.end(True, True, 0.0, None)
        assert {e.state for e in self.stored.values()} <= {State.ACCEPTED}
        assert set(self.posts) == set(self.stored)


Outbox.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestOutbox = Outbox.TestCase
