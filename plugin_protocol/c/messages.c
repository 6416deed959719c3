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

size_t sc_encode_play(uint8_t *data, size_t capacity, const sc_play *play)
{
    const bool span = play->kind == SC_PLAY_HISTORY;
    sc_pack pack = begin(data, capacity, 9, "play");
    put_unsigned(&pack, "id", play->id);
    put_unsigned(&pack, "generation", play->generation);
    put_text(&pack, "kind", sc_play_kind_name(play->kind));
    put_text(&pack, "target", play->target);
    put_bool(&pack, "in_sync", play->in_sync);
    put_frame(&pack, "first_frame", span ? &play->first_frame : NULL);
    put_frame(&pack, "end_frame", span ? &play->end_frame : NULL);
    put_unsigned(&pack, "span_generation", play->span_generation);
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
