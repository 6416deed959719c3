"""FastAPI with SQLAlchemy's ORM on the relay's own tables: `python -m benchmarks.peers.orm URL`. As its documents show it.

The same pages of the same posts, with whose likes and reactions they are. Who asks is believed by a header. States are written
out and not bound, or SQLite would use none of the indexes that are made for them: no peer is slow for our choice of indexes.
"""

import sys
from typing import Any

from fastapi import FastAPI, Header
from pydantic import BaseModel
from sqlalchemy import (
    BigInteger,
    ColumnClause,
    ForeignKey,
    and_,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

from benchmarks.peers.bare import serve


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "account"
    id: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str]


class Creation(Base):
    __tablename__ = "creation"
    id: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    state: Mapped[str]
    visibility: Mapped[str]
    owner_state: Mapped[str]
    title: Mapped[str]
    bpm: Mapped[float | None]
    key: Mapped[str | None]
    daw: Mapped[str | None]
    play_count: Mapped[int]
    like_count: Mapped[int]
    published_us: Mapped[int] = mapped_column(BigInteger)
    tags: Mapped[str]
    reactions: Mapped[str]
    card: Mapped[str]
    owner: Mapped[Account] = relationship()


class Follow(Base):
    __tablename__ = "follow"
    follower_id: Mapped[str] = mapped_column(primary_key=True)
    followee_id: Mapped[str] = mapped_column(primary_key=True)


class Like(Base):
    __tablename__ = "creation_like"
    account_id: Mapped[str] = mapped_column(primary_key=True)
    creation_id: Mapped[str] = mapped_column(primary_key=True)


class Reaction(Base):
    __tablename__ = "reaction"
    account_id: Mapped[str] = mapped_column(primary_key=True)
    creation_id: Mapped[str] = mapped_column(primary_key=True)
    emoji: Mapped[str] = mapped_column(primary_key=True)


class Post(BaseModel):
    id: str
    user_id: str
    username: str
    title: str
    bpm: float | None
    key: str | None
    daw: str | None
    genre: list[str]
    play_count: int
    like_count: int
    liked: bool
    reactions: dict[str, int]
    reacted: list[str]
    published_us: int
    outline: str
    duration_ms: int
    duration_bars: int | None
    lufs: float | None
    dbtp: float | None


class Page(BaseModel):
    posts: list[Post]


def written(word: str) -> ColumnClause[str]:
    """A word of ours as part of the statement."""
    return literal_column(f"'{word}'")


def build(url: str) -> FastAPI:
    import json

    engine = create_async_engine(url, pool_size=8)
    session = async_sessionmaker(engine, expire_on_commit=False)
    app = FastAPI()

    async def page(where: list[Any], viewer: str) -> Page:
        async with session() as db:
            found = await db.scalars(
                select(Creation)
                .options(joinedload(Creation.owner))
                .where(Creation.kind == "post", Creation.state == written("ready"), *where)
                .order_by(Creation.published_us.desc(), Creation.id.desc())
                .limit(20)
            )
            posts = found.all()
            ids = [post.id for post in posts]
            likes = await db.scalars(
                select(Like.creation_id).where(Like.account_id == viewer, Like.creation_id.in_(ids))
            )
            liked = set(likes)
            reacted: dict[str, list[str]] = {}
            for each in await db.scalars(
                select(Reaction).where(Reaction.account_id == viewer, Reaction.creation_id.in_(ids))
            ):
                reacted.setdefault(each.creation_id, []).append(each.emoji)
        return Page(
            posts=[
                _post(post, json.loads(post.card), post.id in liked, reacted.get(post.id, []))
                for post in posts
            ]
        )

    @app.get("/feed/global")
    async def global_feed(at_us: int = 1 << 62, id: str = "g", viewer: str = Header("")) -> Page:
        older = tuple_(Creation.published_us, Creation.id) < tuple_(literal(at_us, BigInteger), literal(id))
        return await page(
            [Creation.visibility == written("public"), Creation.owner_state == written("open"), older], viewer
        )

    @app.get("/feed/timeline")
    async def timeline(at_us: int = 1 << 62, id: str = "g", viewer: str = Header("")) -> Page:
        followed = select(Follow.followee_id).where(Follow.follower_id == viewer)
        mine = Creation.owner_id == viewer
        seen = and_(Creation.owner_id.in_(followed), Creation.visibility.in_(("public", "followers")))
        older = tuple_(Creation.published_us, Creation.id) < tuple_(literal(at_us, BigInteger), literal(id))
        return await page([or_(mine, seen), older], viewer)

    def _post(post: Creation, card: dict[str, Any], liked: bool, reacted: list[str]) -> Post:
        return Post(
            id=post.id,
            user_id=post.owner_id,
            username=post.owner.username,
            title=post.title,
            bpm=post.bpm,
            key=post.key,
            daw=post.daw,
            genre=json.loads(post.tags),
            play_count=post.play_count,
            like_count=post.like_count,
            liked=liked,
            reactions=json.loads(post.reactions),
            reacted=reacted,
            published_us=post.published_us,
            outline=card["outline"],
            duration_ms=card["duration_ms"],
            duration_bars=card.get("duration_bars"),
            lufs=card.get("lufs"),
            dbtp=card.get("dbtp"),
        )

    return app


if __name__ == "__main__":
    serve(build(sys.argv[1]))
