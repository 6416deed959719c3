"""What other features may ask of accounts."""

from relay.features.accounts.store import (
    SESSION_US,
    BrowserSession,
    Opened,
    SessionEnded,
    close_session,
    count_follow,
    count_posts,
    end_session,
    ensure_account,
    find,
    open_session,
    profile,
    profiles,
    renew_session,
    session_lives,
    sessions_of,
    set_newest_post,
    store_bytes,
    stored_bytes,
)

__all__ = [
    "SESSION_US", "BrowserSession", "Opened", "SessionEnded", "close_session", "count_follow", "count_posts", "end_session",
    "ensure_account", "find", "open_session", "profile", "profiles", "renew_session", "session_lives", "sessions_of", "set_newest_post",
    "store_bytes", "stored_bytes",
]  # fmt: skip
