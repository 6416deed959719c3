"""Who sees what of posts, slowly: the rule of `relay.core.visibility` and plain lists, looked through each time."""

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from relay.core.visibility import (
    Audience,
    OwnerState,
    Shown,
    State,
    Viewer,
    Visibility,
    audience,
    may_find,
    may_know_gone,
    may_read,
)

HEARD = (Audience.EVERYBODY, Audience.FOLLOWERS)
Told = tuple[str, str]  # a kind, and the id of the post or of who followed or liked
Now = Callable[[str], Told | None]  # what an event says to somebody whom it reaches, as things are


@dataclass
class Post:
    owner: str
    shown: Shown
    at: int
    parent: str | None = None  # what it was made from
    title: str = ""
    was_heard_of: bool = False


@dataclass
class Talk:
    """A comment. root: the one that its thread begins with, maybe itself."""

    post_id: str
    author: str
    root: str
    ready: bool = True


@dataclass
class Oracle:
    """What has happened, and what follows from it. Everything is looked through each time."""

    at: int = 0
    posts: dict[str, Post] = field(default_factory=dict)
    follows: dict[tuple[str, str], int] = field(default_factory=dict)
    blocks: set[tuple[str, str]] = field(default_factory=set)
    mutes: set[tuple[str, str]] = field(default_factory=set)
    private: set[str] = field(default_factory=set)
    suspended: set[str] = field(default_factory=set)  # and those who left
    gone: set[str] = field(default_factory=set)
    connected: set[str] = field(default_factory=set)
    asked: dict[tuple[str, str], None] = field(default_factory=dict)  # who asks to follow whom, in that order
    likes: set[tuple[str, str]] = field(default_factory=set)
    reposts: dict[tuple[str, str], None] = field(default_factory=dict)  # who shows which post, in that order
    comments: dict[str, Talk] = field(default_factory=dict)
    acts: set[tuple[str, ...]] = field(default_factory=set)  # that were told once
    inbox: list[tuple[int, str, Told, tuple[str, ...]]] = field(
        default_factory=list
    )  # when, to whom, what, as which act
    live: dict[str, list[Told]] = field(
        default_factory=dict
    )  # what each has heard, while connected all the time
    live_all: list[Told] = field(default_factory=list)  # and who asked for everybody's
    log: list[tuple[int, str, Now]] = field(default_factory=list)  # when, to who hears of whom, what

    def viewer(self, who: str | None, owner: str) -> Viewer:
        if who is None:
            return Viewer()
        blocked = (who, owner) in self.blocks or (owner, who) in self.blocks
        return Viewer(user_id=who, follows=(who, owner) in self.follows, blocked=blocked)

    def may_read(self, who: str | None, post_id: str) -> bool:
        post = self.posts[post_id]
        return may_read(post.shown, self.viewer(who, post.owner))

    def may_find(self, who: str | None, post_id: str) -> bool:
        post = self.posts[post_id]
        return may_find(post.shown, self.viewer(who, post.owner))

    def sees_comment(self, who: str | None, comment_id: str) -> bool:
        """Of a tombstone, whose it was does not matter."""
        comment = self.comments[comment_id]
        around = [each for each in (comment, self.comments[comment.root]) if each.ready]
        return self.may_read(who, comment.post_id) and all(self.is_there(who, each.author) for each in around)

    def is_there(self, who: str | None, other: str) -> bool:
        """Whether somebody sees what another does and says."""
        return other not in self.suspended and not self.viewer(who, other).blocked

    def finds_comment(self, who: str | None, comment_id: str) -> bool:
        """By its words."""
        comment = self.comments[comment_id]
        wanted = self.wants(who, comment.post_id) and (who, comment.author) not in self.mutes
        return comment.ready and wanted and self.sees_comment(who, comment_id)

    def comment(self, comment_id: str, who: str, post_id: str, root: str) -> None:
        owner, asked = self.posts[post_id].owner, self.comments[root].author if root != comment_id else who
        self.comments[comment_id] = Talk(post_id, who, root)
        for to in dict.fromkeys((asked, owner)):
            if to != who:
                self.act(to, ("comment", comment_id), ("comment", to, comment_id))

    def uncomment(self, comment_id: str) -> None:
        gone = self.comments[comment_id]
        gone.ready = False
        thread = [id_ for id_, each in self.comments.items() if each.root == gone.root and id_ != gone.root]
        for id_ in [id_ for id_ in thread if not self.comments[id_].ready]:
            del self.comments[id_]
            thread.remove(id_)
        if not thread and not self.comments[gone.root].ready:
            del self.comments[gone.root]

    def wants(self, who: str | None, post_id: str) -> bool:
        """Whether it stands on lists of many people's posts that somebody looks at."""
        return self.may_find(who, post_id) and (who, self.posts[post_id].owner) not in self.mutes

    def refusal(self, who: str | None, post_id: str) -> str | None:
        """The code with which who asks for it is refused."""
        if self.may_read(who, post_id):
            return None
        post = self.posts[post_id]
        return "gone" if may_know_gone(post.shown, self.viewer(who, post.owner)) else "not_found"

    def hears(self, who: str, owner: str) -> bool:
        return who == owner or (who, owner) in self.follows

    def is_heard(self, who: str, post_id: str, *, gone: bool = False) -> bool:
        """Whether somebody whom an event of it reaches is told: of what is not ready, nobody is."""
        post = self.posts[post_id]
        shown = replace(post.shown, state=State.READY) if gone else post.shown
        return audience(shown) is not Audience.NOBODY and may_find(shown, self.viewer(who, post.owner))

    def told_now(self, what: str, post_id: str, who: str) -> Told | None:
        """What an event that reaches somebody says to them, as things are now."""
        post = self.posts[post_id]
        if self.is_hidden(who, post.owner):
            return None
        gone = post.shown.state is State.DELETED
        match what:
            case "withdrawn":
                others = audience(post.shown) not in HEARD and who != post.owner
                return ("removed", post_id) if others else None
            case "changed" if gone:
                return ("removed", post_id) if self.is_heard(who, post_id, gone=True) else None
            case _:
                return (what, post_id) if not gone and self.is_heard(who, post_id) else None

    def is_hidden(self, who: str, other: str) -> bool:
        """Whether somebody hears nothing of another."""
        return self.viewer(who, other).blocked or (who, other) in self.mutes

    def happened(self, what: str, post_id: str) -> None:
        """To who hears of its owner; and, of what is for everybody, to who asked for everybody's."""
        post = self.posts[post_id]
        to_all = (
            audience(replace(post.shown, state=State.READY)) is Audience.EVERYBODY and what != "withdrawn"
        )
        self.tell(post.owner, lambda who: self.told_now(what, post_id, who), to_all=to_all)

    def tell(self, author: str, now: Now, *, to_all: bool = False) -> None:
        """To who hears of somebody, as long as they are connected, and whenever they come back."""
        self.log.append((self.at, author, now))
        for who in self.connected:
            if self.hears(who, author) and (told := now(who)):
                self.live[who].append(told)
        listener = list(self.live)[-1]
        if (
            listener in self.connected
            and (to_all or self.hears(listener, author))
            and (told := now(listener))
        ):
            self.live_all.append(told)

    def shown_now(self, by: str, post_id: str, who: str) -> Told | None:
        """What an event that somebody shows a post, or does no longer, says to who hears of them."""
        owner = self.posts[post_id].owner
        if self.is_hidden(who, by):
            return None
        if (by, post_id) not in self.reposts or by in self.suspended or not self.is_for_all(post_id):
            return ("unshown", by + post_id)
        return None if self.hears(who, owner) or self.is_hidden(who, owner) else ("shown", by + post_id)

    def is_for_all(self, post_id: str) -> bool:
        return audience(self.posts[post_id].shown) is Audience.EVERYBODY

    def tell_shown(self, by: str, post_id: str) -> None:
        self.tell(by, lambda who: self.shown_now(by, post_id, who))

    def tell_reposts(self, of: Callable[[str], bool]) -> None:
        """Of the posts that are such, to who hears of those who show them, the newest repost first."""
        for by, post_id in [each for each in self.reposts if of(each[1])][::-1]:
            self.tell_shown(by, post_id)

    def part(self, who: str, other: str) -> None:
        """Somebody's own devices forget the posts of another."""
        self.tell(
            who, lambda to: ("parted", other) if to == who and (who, other) not in self.follows else None
        )

    def post(self, post_id: str, owner: str, visibility: Visibility, parent: str | None = None) -> None:
        shown = Shown(
            owner_id=owner, visibility=visibility, state=State.READY, owner_state=self.owner_state(owner)
        )
        self.posts[post_id] = Post(owner, shown, self.at, parent, was_heard_of=audience(shown) in HEARD)
        self.tell_remix(post_id)
        self.happened("post", post_id)

    def tell_remix(self, post_id: str) -> None:
        """To whose post it was made from, as soon as they may find it."""
        post = self.posts[post_id]
        if post.parent is None or (to := self.posts[post.parent].owner) == post.owner:
            return
        if self.is_made_from(to, post_id):
            self.act(to, ("remix", post.owner + post_id), ("remix", post.owner, post_id, to))

    def is_made_from(self, to: str, post_id: str) -> bool:
        """Whether somebody may find it, and has still what it was made from."""
        parent = self.posts[post_id].parent
        assert parent is not None and self.posts[parent].owner == to
        return self.posts[parent].shown.state is not State.DELETED and self.may_find(to, post_id)

    def edit(self, post_id: str, visibility: Visibility, title: str, archived: bool | None = None) -> None:
        post = self.posts[post_id]
        shown = replace(post.shown, visibility=visibility)
        if archived is not None and post.shown.state in (State.READY, State.ARCHIVED):
            shown = replace(shown, state=State.ARCHIVED if archived else State.READY)
        before, after = (
            each.state is not State.ARCHIVED
            and audience(Shown(owner_id="", visibility=each.visibility, state=State.READY)) in HEARD
            for each in (post.shown, shown)
        )
        is_other = (post.shown, post.title) != (shown, title)
        post.shown, post.title = shown, title
        self.tell_remix(post_id)
        if not is_other:
            return
        self.happened("post" if after and not post.was_heard_of else "changed", post_id)
        post.was_heard_of |= after
        if before and not after:
            self.happened("withdrawn", post_id)
        self.tell_reposts(lambda each: each == post_id)

    def delete(self, post_id: str) -> None:
        post = self.posts[post_id]
        post.shown, post.title = replace(post.shown, state=State.DELETED), ""
        self.comments = {id_: each for id_, each in self.comments.items() if each.post_id != post_id}
        self.likes = {pair for pair in self.likes if pair[1] != post_id}
        shown_by = [by for by, which in self.reposts if which == post_id]
        self.reposts = {pair: None for pair in self.reposts if pair[1] != post_id}
        for by in shown_by[::-1]:
            self.tell_shown(by, post_id)
        self.happened("changed", post_id)

    def owner_state(self, owner: str) -> OwnerState:
        if owner in self.suspended:
            return OwnerState.SUSPENDED
        return OwnerState.PRIVATE if owner in self.private else OwnerState.OPEN

    def set_private(self, who: str, private: bool) -> None:
        is_new = (who in self.private) is not private
        (self.private.add if private else self.private.discard)(who)
        if is_new:
            self.note_owner(who)
        if not private:
            for asking, asked in list(self.asked):
                if asked == who:
                    self.accept(who, asking)

    def note_owner(self, who: str) -> None:
        for post in self.posts.values():
            if post.owner == who:
                post.shown = replace(post.shown, owner_state=self.owner_state(who))
        self.tell_reposts(lambda each: self.posts[each].owner == who)

    def suspend(self, who: str) -> None:
        self.suspended.add(who)
        self.note_owner(who)
        self.tell(
            who,
            lambda to: (
                ("parted", who)
                if to != who and who in self.suspended and not self.is_hidden(to, who)
                else None
            ),
        )

    def unsuspend(self, who: str) -> None:
        self.suspended.discard(who)
        self.note_owner(who)

    def leave(self, who: str) -> None:
        """For good; nothing that they made or did stays."""
        self.gone.add(who)
        if who not in self.suspended:
            self.suspend(who)
        for post_id in sorted(self.posts):
            if self.posts[post_id].owner == who and self.posts[post_id].shown.state is not State.DELETED:
                self.delete(post_id)
        for comment_id in list(self.comments):
            if (said := self.comments.get(comment_id)) and said.author == who and said.ready:
                self.uncomment(comment_id)
        self.likes = {pair for pair in self.likes if pair[0] != who}
        self.reposts = {pair: None for pair in self.reposts if pair[0] != who}
        for pair in [each for each in self.follows if who in each]:
            del self.follows[pair]
            if pair[1] == who:
                self.part(*pair)
        self.asked = {pair: None for pair in self.asked if who not in pair}
        self.blocks = {pair for pair in self.blocks if who not in pair}
        self.mutes = {pair for pair in self.mutes if who not in pair}
        self.inbox = [each for each in self.inbox if who != each[1] and not each[2][1].startswith(who)]

    def follow(self, who: str, other: str) -> bool:
        """Whether it is allowed."""
        if self.viewer(who, other).blocked:
            return False
        if (who, other) in self.follows:
            return True
        if other in self.private:
            self.asked.setdefault((who, other), None)
            self.act(other, ("request", who), ("request", who, other))
        else:
            self.begin_follow(who, other)
        return True

    def begin_follow(self, who: str, other: str) -> None:
        if (who, other) not in self.follows:
            self.follows[who, other] = self.at
            self.act(other, ("follow", who), ("follow", who, other))

    def end_follow(self, who: str, other: str) -> None:
        if self.follows.pop((who, other), None) is not None:
            self.part(who, other)

    def accept(self, who: str, asking: str) -> bool:
        """Whether there was such a request."""
        if (asking, who) not in self.asked:
            return False
        del self.asked[asking, who]
        self.begin_follow(asking, who)
        self.act(asking, ("accepted", who), ("accepted", who, asking))
        return True

    def unrepost(self, who: str, post_id: str) -> None:
        """Also of what one may no longer see."""
        if (who, post_id) in self.reposts:
            del self.reposts[who, post_id]
            self.tell_shown(who, post_id)

    def block(self, who: str, other: str) -> None:
        if (who, other) in self.blocks:
            return
        self.blocks.add((who, other))
        for pair in ((who, other), (other, who)):
            self.follows.pop(pair, None)
            self.asked.pop(pair, None)
        self.part(who, other)
        self.part(other, who)

    def like(self, who: str, post_id: str) -> None:
        if (who, post_id) not in self.likes:
            self.likes.add((who, post_id))
            if self.posts[post_id].owner != who:
                self.act(self.posts[post_id].owner, ("like", who + post_id), ("like", who, post_id))

    def repost(self, who: str, post_id: str) -> None:
        if (who, post_id) not in self.reposts:
            self.reposts[who, post_id] = None
            self.tell_shown(who, post_id)
            self.act(self.posts[post_id].owner, ("repost", who + post_id), ("repost", who, post_id))

    def shown_on(self, who: str) -> list[str]:
        """What others and oneself show of others, on somebody's timeline, the newest first."""
        found: list[str] = []
        for by, post_id in self.reposts:  # whoever did first
            owner, is_heard = self.posts[post_id].owner, by == who or (who, by) in self.follows
            if (
                by in self.suspended
                or not is_heard
                or (who, by) in self.mutes
                or self.hears(who, owner)
                or post_id in found
            ):
                continue
            if self.wants(who, post_id) and self.is_for_all(post_id):
                found.append(post_id)
        return found[::-1]

    def signs(self, post_id: str) -> set[str]:
        """Who likes it, shows it to others, or has a comment on it, but its owner."""
        said = {each.author for each in self.comments.values() if each.post_id == post_id and each.ready}
        gave = {who for who, about in (*self.likes, *self.reposts) if about == post_id}
        return (said | gave) - {self.posts[post_id].owner}

    def act(self, to: str, told: Told, once: tuple[str, ...]) -> None:
        """Once, whatever is taken back between; but what was nothing when it was to be told is told when it is done again."""
        if once in self.acts:
            return
        listener = list(self.live)[-1]
        self.inbox = [each for each in self.inbox if each[3] != once]
        self.inbox.append((self.at, to, told, once))
        if told[0] == "comment" or told[1][:32] not in self.suspended or not self.connected & {to, listener}:
            self.acts.add(once)
        if self.stands(to, told) and to in self.connected:
            self.live[to].append(told)
            if to == listener:
                self.live_all.append(told)

    def stands(self, to: str, told: Told) -> bool:
        """Whether what somebody did to somebody is still to be seen."""
        kind, what = told
        if kind == "comment":
            said = self.comments.get(what)
            if said is None or not said.ready or self.is_hidden(to, said.author):
                return False
            return self.sees_comment(to, what)
        actor, post_id = what[:32], what[32:]
        if self.is_hidden(to, actor) or actor in self.suspended:
            return False
        if kind == "follow":
            return (actor, to) in self.follows
        if kind == "request":
            return (actor, to) in self.asked
        if kind == "accepted":
            return (to, actor) in self.follows
        if kind == "remix":
            return self.is_made_from(to, post_id)
        held = self.likes if kind == "like" else self.reposts
        return (actor, post_id) in held and self.posts[post_id].shown.state is State.READY

    def is_noted(self, to: str, told: Told) -> bool:
        """Whether it stands among somebody's notifications: for as long as it is there, and they may read what it is on."""
        kind, what = told
        actor, post_id = what[:32], what[32:]
        if kind not in ("like", "repost"):
            return self.stands(to, told)
        seen = self.may_read(to, post_id) and not self.is_hidden(to, actor) and actor not in self.suspended
        return seen and (actor, post_id) in (self.likes if kind == "like" else self.reposts)

    def replay(self, who: str) -> list[Told]:
        """Of everything, since it was followed; as it is now."""
        found = [(at, told) for at, to, told, _ in self.inbox if to == who and self.stands(to, told)]
        for at, author, now in self.log:
            since = -1 if who == author else self.follows.get((who, author))
            if since is not None and at > since and (told := now(who)):
                found.append((at, told))
        return [told for _, told in sorted(found, key=lambda each: each[0])]
