/* Bytes of the daemon to events. */
#include "messages.h"

#include "layout_gen.h"
#include "msgpack.h"
#include "text.h"

#include <string.h>

/* How each field of a message becomes a field of the event. */
typedef enum field_kind {
    TEXT, U32, U63, BOOL, REAL, SHARE, COUNTS, OUTLINE, PEAKS, HOLES, MARKS,
    NUMBER, /* is one */
    CHECKED /* the version that both speak */
} field_kind;

typedef struct field {
    const char *key;
    field_kind kind;
    bool optional; /* may be missing or nil: the field stays zero */
    size_t offset;
    size_t bytes;
} field;

#define FIELD(kind, key, member) {key, kind, false, offsetof(sc_event, member), sizeof(((sc_event *)0)->member)}
#define MAYBE(kind, key, member) {key, kind, true, offsetof(sc_event, member), sizeof(((sc_event *)0)->member)}
#define NOT_KEPT(kind, key) {key, kind, false, 0, 0}
#define FAILED {FIELD(U63, "id", id), FIELD(TEXT, "code", failed.code), FIELD(TEXT, "message", failed.message)}

static const struct {
    const char *tag;
    sc_event_kind kind;
    field fields[17];
} MESSAGES[] = {
    {"welcome", SC_EVENT_CONNECTED,
     {NOT_KEPT(CHECKED, "proto"), FIELD(TEXT, "daemon_version", connected.daemon_version),
      FIELD(TEXT, "daemon_path", connected.daemon_path)}},
    {"refused", SC_EVENT_REFUSED,
     {FIELD(TEXT, "code", refused.code), FIELD(TEXT, "message", refused.message),
      FIELD(TEXT, "update_path", refused.update_path)}},
    {"ring_attached", SC_EVENT_ATTACHED, {FIELD(U63, "generation", attached.generation)}},
    {"alive", SC_EVENT_LINK,
     {FIELD(TEXT, "relay_state", link.relay_state), MAYBE(TEXT, "account", link.account),
      MAYBE(U32, "friends_producing", link.friends_producing), MAYBE(TEXT, "trouble", link.trouble),
      MAYBE(TEXT, "relay_url", link.relay_url), MAYBE(TEXT, "friends", link.friends), MAYBE(U63, "reach_ms", link.reach_ms)}},
    {"kept", SC_EVENT_KEPT,
     {FIELD(U63, "id", id), FIELD(TEXT, "take_id", kept.take_id), FIELD(U63, "frames", kept.frames),
      FIELD(U32, "bars", kept.bars), FIELD(BOOL, "anchored", kept.anchored), MAYBE(TEXT, "note", kept.note),
      MAYBE(TEXT, "name", kept.name), MAYBE(U32, "held_ms", kept.held_ms)}},
    {"keep_failed", SC_EVENT_KEEP_FAILED, FAILED},
    {"preview_loading", SC_EVENT_PREVIEW_LOADING,
     {FIELD(U63, "id", id), FIELD(TEXT, "stage", loading.stage), FIELD(SHARE, "fraction", loading.fraction)}},
    {"preview_opened", SC_EVENT_PREVIEW_OPENED,
     {FIELD(U63, "id", id), FIELD(TEXT, "kind", opened.kind), FIELD(TEXT, "target", opened.target),
      FIELD(TEXT, "segment", opened.segment), FIELD(U63, "generation", opened.generation),
      NOT_KEPT(NUMBER, "sample_rate_hz"), NOT_KEPT(NUMBER, "channels"), NOT_KEPT(NUMBER, "capacity_frames"),
      MAYBE(U63, "frames", opened.frames), MAYBE(BOOL, "in_sync", opened.in_sync), MAYBE(BOOL, "at_bar", opened.at_bar),
      MAYBE(TEXT, "title", opened.title), MAYBE(TEXT, "note", opened.note)}},
    {"play_failed", SC_EVENT_PREVIEW_FAILED, FAILED},
    {"preview_closed", SC_EVENT_PREVIEW_ENDED,
     {FIELD(U63, "generation", ended.generation), FIELD(TEXT, "code", ended.code),
      MAYBE(TEXT, "message", ended.message)}},
    {"notice", SC_EVENT_NOTICE, {FIELD(TEXT, "kind", notice.kind), FIELD(TEXT, "message", notice.message)}},
    {"item", SC_EVENT_ITEM,
     {FIELD(TEXT, "post_id", item.post_id), FIELD(TEXT, "author", item.author), FIELD(TEXT, "title", item.title),
      FIELD(TEXT, "page_url", item.page_url), FIELD(U63, "created_us", item.created_us),
      FIELD(U63, "duration_ms", item.duration_ms), MAYBE(U32, "bars", item.bars), MAYBE(REAL, "bpm", item.bpm),
      MAYBE(TEXT, "key", item.key), FIELD(BOOL, "mine", item.mine), FIELD(BOOL, "liked", item.liked),
      FIELD(U32, "like_count", item.like_count), FIELD(COUNTS, "reaction_counts", item.reaction_counts),
      FIELD(U32, "reacted", item.reacted), FIELD(OUTLINE, "outline", item.outline), MAYBE(TEXT, "shown_by", item.shown_by)}},
    {"item_gone", SC_EVENT_ITEM_GONE, {FIELD(TEXT, "post_id", item.post_id)}},
    {"feed_page", SC_EVENT_FEED_PAGE,
     {FIELD(U63, "id", id), FIELD(TEXT, "next", feed_page.next), MAYBE(TEXT, "note", feed_page.note)}},
    {"peaks", SC_EVENT_PEAKS,
     {FIELD(U63, "id", id), FIELD(U63, "generation", peaks.generation), FIELD(U63, "first_frame", peaks.first_frame),
      FIELD(U63, "end_frame", peaks.end_frame), FIELD(U63, "oldest_frame", peaks.oldest_frame),
      FIELD(U63, "newest_frame", peaks.newest_frame), FIELD(BOOL, "coarse", peaks.coarse),
      FIELD(PEAKS, "peaks", peaks.peaks), FIELD(HOLES, "holes", peaks.holes)}},
    {"marks", SC_EVENT_MARKS,
     {FIELD(U63, "id", id), FIELD(U63, "generation", marks.generation), FIELD(U63, "first_frame", marks.first_frame),
      FIELD(U63, "end_frame", marks.end_frame), FIELD(MARKS, "marks", marks.marks)}},
    {"earlier_ring", SC_EVENT_EARLIER_RING,
     {FIELD(U63, "id", id), FIELD(U63, "generation", earlier.generation), FIELD(TEXT, "host_name", earlier.host_name),
      FIELD(TEXT, "track_name", earlier.track_name), FIELD(REAL, "sample_rate_hz", earlier.sample_rate_hz),
      FIELD(U63, "first_frame", earlier.first_frame), FIELD(U63, "end_frame", earlier.end_frame),
      FIELD(U63, "sounded_us", earlier.sounded_us)}},
    {"posting", SC_EVENT_POSTING,
     {FIELD(TEXT, "take_id", posting.take_id), FIELD(TEXT, "state", posting.state),
      FIELD(SHARE, "fraction", posting.fraction), FIELD(TEXT, "message", posting.message),
      MAYBE(TEXT, "page_url", posting.page_url), MAYBE(U32, "held_ms", posting.held_ms)}},
    {"kept_all", SC_EVENT_KEPT_ALL,
     {FIELD(U63, "id", id), FIELD(TEXT, "set_id", kept_all.set_id), FIELD(U32, "takes", kept_all.takes),
      FIELD(TEXT, "name", kept_all.name), MAYBE(TEXT, "note", kept_all.note)}},
    {"exported", SC_EVENT_EXPORTED,
     {FIELD(U63, "id", id), FIELD(TEXT, "path", exported.path), FIELD(TEXT, "name", exported.name),
      MAYBE(TEXT, "note", exported.note)}},
    {"take", SC_EVENT_TAKE,
     {FIELD(U63, "id", id), FIELD(TEXT, "take_id", take.take_id), FIELD(TEXT, "name", take.name), FIELD(BOOL, "titled", take.titled),
      MAYBE(TEXT, "tags", take.tags), FIELD(U63, "created_us", take.created_us), FIELD(U63, "duration_ms", take.duration_ms),
      MAYBE(U32, "bars", take.bars), MAYBE(REAL, "bpm", take.bpm), MAYBE(TEXT, "key", take.key), FIELD(TEXT, "state", take.state),
      MAYBE(TEXT, "page_url", take.page_url), MAYBE(TEXT, "repair", take.repair), FIELD(OUTLINE, "outline", take.outline)}},
    {"takes_page", SC_EVENT_TAKES_PAGE, {FIELD(U63, "id", id), FIELD(TEXT, "next", takes_page.next)}},
    {"take_gone", SC_EVENT_TAKE_GONE, {FIELD(TEXT, "take_id", take_gone.take_id)}},
    {"asked", SC_EVENT_ASKED, {FIELD(U63, "id", id)}},
    {"ask_failed", SC_EVENT_ASK_FAILED, FAILED},
};

/* A number that may be written as an integer. */
static bool real(const sc_value *value, double *to)
{
    if (value->kind == SC_UNSIGNED) *to = (double)value->number;
    else if (value->kind == SC_FLOAT) *to = value->real;
    else return false;
    return true;
}

/* Little-endian words of 32 bits, as many as are said. */
static bool counts(const sc_value *value, uint8_t *to, size_t most)
{
    if (value->kind != SC_BINARY || value->count > most || value->count % 4 != 0) return false;
    for (uint32_t at = 0; at < value->count; at += 4) {
        const uint8_t *from = value->bytes + at;
        const uint32_t word = from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
        memcpy(to + at, &word, sizeof word);
    }
    return true;
}

static uint64_t little_endian(const uint8_t *from, int bytes)
{
    uint64_t word = 0;
    for (int i = 0; i < bytes; i++) word |= (uint64_t)from[i] << 8 * i;
    return word;
}

/* Lowest and highest sample of each column. */
static bool peaks(const sc_value *value, sc_peaks *to)
{
    if (value->kind != SC_BINARY || value->count % 4 != 0 || value->count > 4 * SC_MAX_PEAK_COLUMNS) return false;
    to->columns = value->count / 4;
    for (uint32_t i = 0; i < to->columns; i++) {
        to->peaks[i].low = (int16_t)little_endian(value->bytes + 4 * i, 2);
        to->peaks[i].high = (int16_t)little_endian(value->bytes + 4 * i + 2, 2);
    }
    return true;
}

static bool marks(const sc_value *value, sc_marks *to)
{
    if (value->kind != SC_BINARY || value->count % SC_MARK_BYTES != 0 || value->count > SC_MARK_BYTES * SC_MAX_MARKS) return false;
    to->count = value->count / SC_MARK_BYTES;
    for (uint32_t i = 0; i < to->count; i++) {
        const uint8_t *from = value->bytes + i * SC_MARK_BYTES;
        const uint64_t bpm_bits = little_endian(from + 8, 8);
        sc_mark *mark = &to->marks[i];
        mark->frame = little_endian(from, 8);
        memcpy(&mark->bpm, &bpm_bits, sizeof mark->bpm);
        mark->bar = (int32_t)little_endian(from + 16, 4);
        mark->numerator = from[20];
        mark->denominator = from[21];
        mark->flags = (uint16_t)little_endian(from + 22, 2);
        if (!(mark->bpm >= 0.0 && mark->bpm <= SC_MAX_BPM) || mark->frame > INT64_MAX || (i > 0 && mark->frame <= mark[-1].frame)) return false;
    }
    return true;
}

static bool fill(const field *wanted, const sc_value *value, sc_event *event)
{
    char *to = (char *)event + wanted->offset;
    double number;
    if (!value || (wanted->optional && value->kind == SC_NIL)) return wanted->optional;
    switch (wanted->kind) {
    case TEXT:
        if (value->kind != SC_STRING) return false;
        sc_utf8_copy(to, wanted->bytes, (const char *)value->bytes, value->count, value->count);
        return true;
    case U32:
        if (value->kind != SC_UNSIGNED || value->number > UINT32_MAX) return false;
        memcpy(to, &(uint32_t){(uint32_t)value->number}, sizeof(uint32_t));
        return true;
    case U63:
        if (value->kind != SC_UNSIGNED || value->number > INT64_MAX) return false;
        memcpy(to, &value->number, sizeof value->number);
        return true;
    case BOOL:
        if (value->kind != SC_BOOL) return false;
        memcpy(to, &value->truth, sizeof value->truth);
        return true;
    case REAL:
    case SHARE:
        if (!real(value, &number) || !(number >= 0.0) || (wanted->kind == SHARE && number > 1.0)) return false;
        memcpy(to, &number, sizeof number);
        return true;
    case COUNTS: return counts(value, (uint8_t *)to, wanted->bytes);
    case OUTLINE:
        if (value->kind != SC_BINARY || value->count > wanted->bytes) return false;
        if (value->count) memcpy(to, value->bytes, value->count);
        *(event->kind == SC_EVENT_TAKE ? &event->take.outline_columns : &event->item.outline_columns) = value->count;
        return true;
    case PEAKS: return peaks(value, &event->peaks);
    case HOLES:
        if (value->kind != SC_BINARY || value->count > wanted->bytes) return false;
        if (value->count) memcpy(to, value->bytes, value->count);
        return true;
    case MARKS: return marks(value, &event->marks);
    case NUMBER: return real(value, &number);
    default: /* the version that both speak: we offered one range, so it has to lie in it */
        return value->kind == SC_UNSIGNED && value->number - SC_PROTOCOL_MIN <= SC_PROTOCOL_MAX - SC_PROTOCOL_MIN;
    }
}

bool sc_decode(const uint8_t *data, size_t bytes, sc_event *event)
{
    sc_map map;
    if (bytes > SC_MAX_MESSAGE_BYTES || !sc_unpack_map(data, bytes, &map)) return false;
    const sc_value *tag = sc_map_find(&map, "t");
    if (!tag || tag->kind != SC_STRING) return false;
    for (size_t i = 0; i < sizeof MESSAGES / sizeof MESSAGES[0]; i++) {
        if (strlen(MESSAGES[i].tag) != tag->count || memcmp(MESSAGES[i].tag, tag->bytes, tag->count) != 0) continue;
        memset(event, 0, sizeof *event);
        event->kind = MESSAGES[i].kind;
        for (const field *wanted = MESSAGES[i].fields; wanted->key; wanted++)
            if (!fill(wanted, sc_map_find(&map, wanted->key), event)) return false;
        return true;
    }
    return false;
}
