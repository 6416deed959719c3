#include "messages.h"

#include "layout_gen.h"
#include "msgpack.h"
#include "text.h"

#include <string.h>

static size_t finish(const sc_pack *pack)
{
    return pack->failed ? 0 : pack->used;
}

static sc_pack begin(uint8_t *data, size_t capacity, uint32_t fields, const char *tag)
{
    sc_pack pack = {.data = data, .capacity = capacity};
    sc_pack_map(&pack, 1 + fields);
    sc_pack_string(&pack, "t");
    sc_pack_string(&pack, tag);
    return pack;
}

static void put_unsigned(sc_pack *pack, const char *key, uint64_t value)
{
    sc_pack_string(pack, key);
    sc_pack_unsigned(pack, value);
}

static void put_text(sc_pack *pack, const char *key, const char *value)
{
    sc_pack_string(pack, key);
    sc_pack_string(pack, value);
}

static void put_bool(sc_pack *pack, const char *key, bool value)
{
    sc_pack_string(pack, key);
    sc_pack_bool(pack, value);
}

static void put_frame(sc_pack *pack, const char *key, const uint64_t *frame)
{
    sc_pack_string(pack, key);
    if (frame) sc_pack_unsigned(pack, *frame);
    else sc_pack_nil(pack);
}

const char *sc_play_kind_name(sc_play_kind kind)
{
    return kind == SC_PLAY_TAKE ? "take" : kind == SC_PLAY_HISTORY ? "history" : "item";
}

size_t sc_encode_hello(uint8_t *data, size_t capacity, const sc_hello *hello)
{
    sc_pack pack = begin(data, capacity, 11, "hello");
    put_unsigned(&pack, "proto_min", hello->proto_min);
    put_unsigned(&pack, "proto_max", hello->proto_max);
    put_unsigned(&pack, "abi_major", SC_ABI_MAJOR);
    put_unsigned(&pack, "header_bytes", SC_HEADER_BYTES);
    put_unsigned(&pack, "record_bytes", SC_RECORD_BYTES);
    sc_pack_string(&pack, "instance");
    sc_pack_binary(&pack, hello->instance, sizeof hello->instance);
    put_text(&pack, "plugin_version", hello->plugin_version);
    put_text(&pack, "plugin_path", hello->plugin_path);
    put_text(&pack, "host_name", hello->host_name);
    put_text(&pack, "track_name", hello->track_name);
    put_unsigned(&pack, "pid", hello->pid);
    return finish(&pack);
}

size_t sc_encode_ring_opened(uint8_t *data, size_t capacity, const sc_ring_opened *opened)
{
    sc_pack pack = begin(data, capacity, 5, "ring_opened");
    put_text(&pack, "segment", opened->segment);
    put_unsigned(&pack, "generation", opened->generation);
    sc_pack_string(&pack, "sample_rate_hz");
    sc_pack_float(&pack, opened->sample_rate_hz);
    put_unsigned(&pack, "channels", opened->channels);
    put_unsigned(&pack, "capacity_frames", opened->capacity_frames);
    return finish(&pack);
}

size_t sc_encode_ring_closed(uint8_t *data, size_t capacity, uint64_t generation)
{
    sc_pack pack = begin(data, capacity, 1, "ring_closed");
    put_unsigned(&pack, "generation", generation);
    return finish(&pack);
}

size_t sc_encode_heartbeat(uint8_t *data, size_t capacity, const sc_heartbeat *heartbeat)
{
    sc_pack pack = begin(data, capacity, 4, "heartbeat");
    put_unsigned(&pack, "process_count", heartbeat->process_count);
    put_bool(&pack, "playing", heartbeat->playing);
    sc_pack_string(&pack, "track_name");
    if (heartbeat->track_name) sc_pack_string(&pack, heartbeat->track_name);
    else sc_pack_nil(&pack);
    put_text(&pack, "trouble", heartbeat->trouble);
    return finish(&pack);
}

size_t sc_encode_keep(uint8_t *data, size_t capacity, const sc_keep *keep)
{
    const bool span = keep->bars == 0 && !(keep->seconds > 0.0);
    sc_pack pack = begin(data, capacity, 9, "keep");
    put_unsigned(&pack, "id", keep->id);
    put_unsigned(&pack, "generation", keep->generation);
    put_unsigned(&pack, "at_frame", keep->at_frame);
    sc_pack_string(&pack, "bars");
    if (keep->bars) sc_pack_unsigned(&pack, keep->bars);
    else sc_pack_nil(&pack);
    sc_pack_string(&pack, "seconds");
    if (keep->bars || span) sc_pack_nil(&pack);
    else sc_pack_float(&pack, keep->seconds);
    put_frame(&pack, "first_frame", span ? &keep->first_frame : NULL);
    put_bool(&pack, "snap", keep->snap);
    put_bool(&pack, "post", keep->post);
    put_text(&pack, "title", keep->title);
    return finish(&pack);
}

size_t sc_encode_window_shown(uint8_t *data, size_t capacity, bool open)
{
    sc_pack pack = begin(data, capacity, 1, "window_shown");
    put_bool(&pack, "open", open);
    return finish(&pack);
}

size_t sc_encode_ask(uint8_t *data, size_t capacity, const sc_ask *ask)
{
    sc_pack pack = {.failed = true};
    switch (ask->kind) {
    case SC_ASK_FEED:
        pack = begin(data, capacity, 3, "get_feed");
        put_unsigned(&pack, "id", ask->id);
        put_text(&pack, "cursor", ask->subject);
        put_unsigned(&pack, "limit", ask->number);
        break;
    case SC_ASK_PEAKS:
    case SC_ASK_MARKS:
        pack = begin(data, capacity, ask->kind == SC_ASK_PEAKS ? 5 : 4, ask->kind == SC_ASK_PEAKS ? "get_peaks" : "get_marks");
        put_unsigned(&pack, "id", ask->id);
        put_unsigned(&pack, "generation", ask->generation);
        put_unsigned(&pack, "first_frame", ask->first_frame);
        put_unsigned(&pack, "end_frame", ask->at_frame);
        if (ask->kind == SC_ASK_PEAKS) put_unsigned(&pack, "columns", ask->number);
        break;
    case SC_ASK_POST:
        pack = begin(data, capacity, 3, "post_take");
        put_unsigned(&pack, "id", ask->id);
        put_text(&pack, "take_id", ask->subject);
        put_text(&pack, "title", ask->title);
        break;
    case SC_ASK_UNDO:
        pack = begin(data, capacity, 2, "undo_post");
        put_unsigned(&pack, "id", ask->id);
        put_text(&pack, "take_id", ask->subject);
        break;
    case SC_ASK_KEEP_ALL:
        pack = begin(data, capacity, 5, "keep_all");
        put_unsigned(&pack, "id", ask->id);
        put_unsigned(&pack, "generation", ask->generation);
        put_unsigned(&pack, "at_frame", ask->at_frame);
        put_unsigned(&pack, "bars", ask->number);
        put_text(&pack, "title", ask->title);
        break;
    case SC_ASK_LIKE:
        pack = begin(data, capacity, 3, "like_post");
        put_unsigned(&pack, "id", ask->id);
        put_text(&pack, "post_id", ask->subject);
        put_bool(&pack, "like", ask->on);
        break;
    case SC_ASK_REACT:
        pack = begin(data, capacity, 4, "react_post");
        put_unsigned(&pack, "id", ask->id);
        put_text(&pack, "post_id", ask->subject);
        put_unsigned(&pack, "reaction", ask->number);
        put_bool(&pack, "react", ask->on);
        break;
    case SC_ASK_EXPORT:
        pack = begin(data, capacity, 7, "export");
        put_unsigned(&pack, "id", ask->id);
        put_text(&pack, "kind", ask->number == SC_EXPORT_ITEM ? "item" : ask->number == SC_EXPORT_TAKE ? "take" : "history");
        put_text(&pack, "target", ask->subject);
        put_unsigned(&pack, "generation", ask->generation);
        put_unsigned(&pack, "first_frame", ask->first_frame);
        put_unsigned(&pack, "end_frame", ask->at_frame);
        put_bool(&pack, "show", ask->on);
        break;
    }
    return finish(&pack);
}

size_t sc_encode_play(uint8_t *data, size_t capacity, const sc_play *play)
{
    const bool span = play->kind == SC_PLAY_HISTORY;
    sc_pack pack = begin(data, capacity, 8, "play");
    put_unsigned(&pack, "id", play->id);
    put_unsigned(&pack, "generation", play->generation);
    put_text(&pack, "kind", sc_play_kind_name(play->kind));
    put_text(&pack, "target", play->target);
    put_bool(&pack, "in_sync", play->in_sync);
    put_frame(&pack, "first_frame", span ? &play->first_frame : NULL);
    put_frame(&pack, "end_frame", span ? &play->end_frame : NULL);
    put_bool(&pack, "snap", play->snap);
    return finish(&pack);
}

size_t sc_encode_stop_preview(uint8_t *data, size_t capacity)
{
    sc_pack pack = begin(data, capacity, 0, "stop_preview");
    return finish(&pack);
}

size_t sc_encode_preview_heard(uint8_t *data, size_t capacity, const sc_preview_heard *heard)
{
    sc_pack pack = begin(data, capacity, 4, "preview_heard");
    put_unsigned(&pack, "generation", heard->generation);
    put_unsigned(&pack, "copied_frames", heard->copied_frames);
    put_unsigned(&pack, "heard_frames", heard->heard_frames);
    put_text(&pack, "state", heard->state);
    return finish(&pack);
}

size_t sc_encode_goodbye(uint8_t *data, size_t capacity)
{
    sc_pack pack = begin(data, capacity, 0, "goodbye");
    return finish(&pack);
}

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
    field fields[16];
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
      MAYBE(TEXT, "relay_url", link.relay_url)}},
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
      FIELD(U32, "reacted", item.reacted), FIELD(OUTLINE, "outline", item.outline)}},
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
        event->item.outline_columns = value->count;
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
