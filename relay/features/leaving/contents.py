"""What of each table is somebody's: what an archive has of it, and what goes when an account does. A test holds that no table
that speaks of an account is missing.
"""

SHOWN: dict[str, str] = {
    "posts": "SELECT id, kind, parent_id, visibility, state, title, bpm, key, daw, tags, licence, play_count, like_count,"
    " repost_count, comment_count, created_us, published_us FROM creation WHERE owner_id = :me AND state <> 'deleted'",
    "scores": "SELECT v.creation_id, c.kind, v.n, v.note, v.created_us, v.score FROM creation_version AS v"
    " JOIN creation AS c ON c.id = v.creation_id WHERE c.owner_id = :me AND v.score IS NOT NULL",
    "comments": "SELECT id, creation_id, parent_id, words, position_ms, created_us, edited_us FROM comment"
    " WHERE author_id = :me AND state = 'ready'",
    "likes": "SELECT creation_id, emoji, created_us FROM creation_like WHERE account_id = :me",
    "reactions": "SELECT creation_id, emoji, type, custom_data, created_us FROM reaction WHERE account_id = :me",
    "reposts": "SELECT creation_id, text, created_us FROM repost WHERE account_id = :me",
    "said_of_recommended": "SELECT creation_id, said, at_us FROM feedback WHERE account_id = :me",
    "saved": "SELECT creation_id, created_us FROM saved WHERE account_id = :me",
    "following": "SELECT a.username, f.created_us FROM follow AS f JOIN account AS a ON a.id = f.followee_id"
    " WHERE f.follower_id = :me",
    "followers": "SELECT a.username, f.created_us FROM follow AS f JOIN account AS a ON a.id = f.follower_id"
    " WHERE f.followee_id = :me",
    "follow_requests": "SELECT a.username, r.created_us FROM follow_request AS r JOIN account AS a"
    " ON a.id = r.followee_id WHERE r.follower_id = :me",
    "blocked": "SELECT a.username, b.created_us FROM block AS b JOIN account AS a ON a.id = b.blocked_id"
    " WHERE b.blocker_id = :me",
    "muted": "SELECT a.username, m.created_us FROM mute AS m JOIN account AS a ON a.id = m.muted_id"
    " WHERE m.muter_id = :me",
    "notification_preferences": "SELECT kind, is_told FROM notification_preference WHERE account_id = :me",
    "notification_ways": "SELECT kind, mail, push, webhook, priority FROM delivery_choice WHERE account_id = :me",
    "notification_times": "SELECT letters, time_zone, quiet_from_min, quiet_to_min FROM delivery_schedule WHERE account_id = :me",
    "push_browsers": "SELECT id, endpoint, agent, created_us FROM push_subscription WHERE account_id = :me",
    "webhooks": "SELECT id, url, failures, off_us, off_why, created_us FROM webhook WHERE account_id = :me",
    "deliveries": "SELECT id, channel, target_id, priority, state, attempts, error, created_us, ended_us FROM delivery"
    " WHERE account_id = :me",
    "studio_preferences": "SELECT body FROM studio_preference WHERE account_id = :me",
    "notifications": "SELECT kind, about_id, detail, at_us, seen_us, read_us FROM notification WHERE account_id = :me",
    "devices": "SELECT id, name, platform, version, network, created_us, claimed_us FROM device WHERE account_id = :me",
    "browsers": "SELECT agent, created_us, expires_us FROM session WHERE account_id = :me",
    "sign_ins_elsewhere": "SELECT issuer, subject, created_us FROM identity WHERE account_id = :me",
    "mail_address": "SELECT address, confirmed_us FROM mail_address WHERE account_id = :me",
    "mail_address_to_confirm": "SELECT address, expires_us FROM mail_confirmation WHERE account_id = :me",
    "not_counted": "SELECT since_us FROM analytics_opt_out WHERE account_id = :me",
    "counted": "SELECT n.about, n.metric, n.day, n.slot, n.n FROM analytics_count AS n"
    " WHERE n.metric IN ('listeners', 'audience', 'stops') AND n.n >= 3"
    " AND (n.about = :me OR n.about IN (SELECT id FROM creation WHERE owner_id = :me))",
    "listened_to": "SELECT id, kind, creation_id, asked, result, created_us FROM listening WHERE account_id = :me",
    "reports": "SELECT kind, object_id, reason, text, created_us, closed_us FROM report WHERE reporter_id = :me",
    "appeals": "SELECT kind, object_id, text, answer, created_us FROM appeal WHERE account_id = :me",
    "uploads": "SELECT id, size_bytes, offset_bytes, state, touched_us FROM upload WHERE account_id = :me",
}
"""Of each list in an archive, the statement that makes it. :me is the account's id."""

REMOVED: tuple[str, ...] = (
    "DELETE FROM follow_request WHERE follower_id = :me OR followee_id = :me",
    "DELETE FROM mute WHERE muter_id = :me OR muted_id = :me",
    "DELETE FROM block WHERE blocker_id = :me OR blocked_id = :me",
    "DELETE FROM saved WHERE account_id = :me",
    "DELETE FROM engagement WHERE account_id = :me",
    "DELETE FROM feedback WHERE account_id = :me",
    "DELETE FROM comment_mention WHERE account_id = :me",
    "DELETE FROM notification WHERE account_id = :me OR actor_id = :me",
    "DELETE FROM notification_preference WHERE account_id = :me",
    "DELETE FROM delivery_choice WHERE account_id = :me",
    "DELETE FROM delivery_schedule WHERE account_id = :me",
    "DELETE FROM push_subscription WHERE account_id = :me",
    "DELETE FROM webhook WHERE account_id = :me",
    "DELETE FROM delivery_note WHERE delivery_id IN (SELECT id FROM delivery WHERE account_id = :me)",
    "DELETE FROM delivery WHERE account_id = :me",
    "DELETE FROM studio_preference WHERE account_id = :me",
    "DELETE FROM analytics_opt_out WHERE account_id = :me",
    "DELETE FROM analytics_count WHERE about = :me",
    "DELETE FROM told WHERE actor_id = :me",
    "DELETE FROM event WHERE topic = 'inbox:' || :me OR (actor_id = :me AND topic <> 'author:' || :me)",
    "DELETE FROM report WHERE reporter_id = :me",
    "DELETE FROM appeal WHERE account_id = :me",
    "DELETE FROM ws_ticket WHERE account_id = :me",
    "DELETE FROM guest WHERE taken_by = :me OR (account_id = :me AND taken_by IS NULL)",
    "DELETE FROM session WHERE account_id = :me",
    "DELETE FROM password_reset WHERE account_id = :me",
    "DELETE FROM password WHERE account_id = :me",
    "DELETE FROM second_factor WHERE account_id = :me",
    "DELETE FROM mail_confirmation WHERE account_id = :me",
    "DELETE FROM mail_address WHERE account_id = :me",
    "DELETE FROM pending_sign_in WHERE link_to = :me",
    "DELETE FROM identity WHERE account_id = :me",
    "DELETE FROM claim_code WHERE account_id = :me",
    "DELETE FROM device_grant WHERE account_id = :me",
    "DELETE FROM refresh_token WHERE family_id IN (SELECT id FROM family WHERE account_id = :me)",
    "DELETE FROM family WHERE account_id = :me",
    "UPDATE device SET account_id = NULL, claimed_us = NULL WHERE account_id = :me",
    "DELETE FROM creation_key WHERE account_id = :me",
    "DELETE FROM local_id WHERE account_id = :me",
    "DELETE FROM publication WHERE account_id = :me",
    "DELETE FROM upload_part WHERE upload_id IN (SELECT id FROM upload WHERE account_id = :me)",
    "DELETE FROM upload WHERE account_id = :me",
    "DELETE FROM job_turn WHERE account_id = :me",
    "DELETE FROM job WHERE account_id = :me AND state NOT IN ('ready', 'running')",
)
"""What goes in one transaction once posts, comments, likes and follows, whose counters are others', are gone."""

APART = frozenset(
    {
        "creation",
        "comment",
        "creation_like",
        "reaction",
        "repost",
        "follow",
        "avatar",
        "account_export",
        "listening",
        "listening_file",
        "audit",
    }
)
"""Tables whose rows go before that, with what they are counted in; and the audit log, which stays."""
