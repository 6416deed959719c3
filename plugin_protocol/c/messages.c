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

size_t sc_encode_heartbeat(uint8_t *data, size_t capacity, uint64_t process_count, bool playing,
                           const char *track_name)
{
    sc_pack pack = begin(data, capacity, 3, "heartbeat");
    put_unsigned(&pack, "process_count", process_count);
    put_bool(&pack, "playing", playing);
    sc_pack_string(&pack, "track_name");
    if (track_name) sc_pack_string(&pack, track_name);
    else sc_pack_nil(&pack);
    return finish(&pack);
}

size_t sc_encode_keep(uint8_t *data, size_t capacity, const sc_keep *keep)
{
    sc_pack pack = begin(data, capacity, 7, "keep");
    put_unsigned(&pack, "id", keep->id);
    put_unsigned(&pack, "generation", keep->generation);
    put_unsigned(&pack, "at_frame", keep->at_frame);
    sc_pack_string(&pack, "bars");
    if (keep->bars) sc_pack_unsigned(&pack, keep->bars);
    else sc_pack_nil(&pack);
    sc_pack_string(&pack, "seconds");
    if (keep->bars) sc_pack_nil(&pack);
    else sc_pack_float(&pack, keep->seconds);
    put_bool(&pack, "post", keep->post);
    put_text(&pack, "title", keep->title);
    return finish(&pack);
}

size_t sc_encode_goodbye(uint8_t *data, size_t capacity)
{
    sc_pack pack = begin(data, capacity, 0, "goodbye");
    return finish(&pack);
}

/* How each field of a message becomes a field of the event. */
typedef enum field_kind { TEXT, U32, U63, BOOL, CHECKED } field_kind;

typedef struct field {
    const char *key;
    field_kind kind;
    bool optional; /* may be missing or nil: the event's field stays zero */
    size_t offset;
    size_t bytes;
} field;

#define INTO(kind, key, optional, member) \
    {key, kind, optional, offsetof(sc_event, member), sizeof(((sc_event *)0)->member)}

static const struct {
    const char *tag;
    sc_event_kind kind;
    field fields[7];
} MESSAGES[] = {
    {"welcome", SC_EVENT_CONNECTED,
     {{"proto", CHECKED, false, 0, 0}, INTO(TEXT, "daemon_version", false, text),
      INTO(TEXT, "daemon_path", false, path)}},
    {"refused", SC_EVENT_REFUSED,
     {INTO(TEXT, "code", false, code), INTO(TEXT, "message", false, text), INTO(TEXT, "update_path", false, path)}},
    {"ring_attached", SC_EVENT_ATTACHED, {INTO(U63, "generation", false, generation)}},
    {"alive", SC_EVENT_LINK,
     {INTO(TEXT, "relay_state", false, relay_state), INTO(TEXT, "account", true, account),
      INTO(U32, "friends_producing", true, friends_producing)}},
    {"kept", SC_EVENT_KEPT,
     {INTO(U63, "id", false, id), INTO(TEXT, "take_id", false, take_id), INTO(U63, "frames", false, frames),
      INTO(U32, "bars", false, bars), INTO(BOOL, "anchored", false, anchored), INTO(TEXT, "note", true, text)}},
    {"keep_failed", SC_EVENT_KEEP_FAILED,
     {INTO(U63, "id", false, id), INTO(TEXT, "code", false, code), INTO(TEXT, "message", false, text)}},
    {"notice", SC_EVENT_NOTICE, {INTO(TEXT, "kind", false, code), INTO(TEXT, "message", false, text)}},
};

static bool fill(const field *wanted, const sc_value *value, sc_event *event)
{
    char *to = (char *)event + wanted->offset;
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
