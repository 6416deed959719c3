/* test_vectors plugin|daemon|return FILE.bin: what this side makes of one golden vector, as lines "key=value" for the driver to compare.
   "plugin": read as a plugin's message, field by field, and encoded again, which must give the same bytes. "daemon":
   decoded as the daemon's message to its event. What is neither prints "refused". Compares nothing with the JSON itself. */
#include "check.h"
#include "layout_gen.h"
#include "messages.h"
#include "msgpack.h"
#include "return_ring.h"

#include <inttypes.h>
#include <string.h>

static const sc_value *need(const sc_map *map, const char *key)
{
    const sc_value *value = sc_map_find(map, key);
    CHECK(value);
    return value;
}

static void text(const sc_map *map, const char *key, char *to)
{
    const sc_value *value = need(map, key);
    CHECK(value->kind == SC_STRING);
    memcpy(to, value->bytes, value->count);
    to[value->count] = '\0';
    printf("%s=%s\n", key, to);
}

static uint64_t whole(const sc_map *map, const char *key)
{
    CHECK(need(map, key)->kind == SC_UNSIGNED);
    printf("%s=%" PRIu64 "\n", key, need(map, key)->number);
    return need(map, key)->number;
}

static bool truth(const sc_map *map, const char *key)
{
    CHECK(need(map, key)->kind == SC_BOOL);
    printf("%s=%s\n", key, need(map, key)->truth ? "True" : "False");
    return need(map, key)->truth;
}

static double real(const sc_map *map, const char *key)
{
    CHECK(need(map, key)->kind == SC_FLOAT);
    printf("%s=%.17g\n", key, need(map, key)->real);
    return need(map, key)->real;
}

static size_t again_hello(const sc_map *map, uint8_t *data, size_t capacity)
{
    static sc_hello hello;
    hello.proto_min = (uint32_t)whole(map, "proto_min");
    hello.proto_max = (uint32_t)whole(map, "proto_max");
    CHECK(whole(map, "abi_major") == SC_ABI_MAJOR && whole(map, "header_bytes") == SC_HEADER_BYTES);
    CHECK(whole(map, "record_bytes") == SC_RECORD_BYTES);
    CHECK(need(map, "instance")->count == sizeof hello.instance);
    memcpy(hello.instance, need(map, "instance")->bytes, sizeof hello.instance);
    text(map, "plugin_version", hello.plugin_version);
    text(map, "plugin_path", hello.plugin_path);
    text(map, "host_name", hello.host_name);
    text(map, "track_name", hello.track_name);
    hello.pid = (uint32_t)whole(map, "pid");
    return sc_encode_hello(data, capacity, &hello);
}

static size_t again_ring_opened(const sc_map *map, uint8_t *data, size_t capacity)
{
    char segment[64];
    text(map, "segment", segment);
    const sc_ring_opened opened = {
        .segment = segment,
        .generation = whole(map, "generation"),
        .sample_rate_hz = real(map, "sample_rate_hz"),
        .channels = (uint32_t)whole(map, "channels"),
        .capacity_frames = whole(map, "capacity_frames"),
    };
    return sc_encode_ring_opened(data, capacity, &opened);
}

static size_t again_keep(const sc_map *map, uint8_t *data, size_t capacity)
{
    sc_keep keep = {.id = whole(map, "id"), .generation = whole(map, "generation"), .at_frame = whole(map, "at_frame")};
    if (need(map, "bars")->kind != SC_NIL) keep.bars = (uint32_t)whole(map, "bars");
    else if (need(map, "seconds")->kind != SC_NIL) keep.seconds = real(map, "seconds");
    else keep.first_frame = whole(map, "first_frame");
    keep.snap = truth(map, "snap");
    keep.post = truth(map, "post");
    text(map, "title", keep.title);
    return sc_encode_keep(data, capacity, &keep);
}

static size_t again_ask(const sc_map *map, const char *tag, uint8_t *data, size_t capacity)
{
    sc_ask ask = {.id = whole(map, "id")};
    if (strcmp(tag, "get_feed") == 0) {
        text(map, "cursor", ask.subject);
        ask.number = (uint32_t)whole(map, "limit");
    } else if (strcmp(tag, "get_peaks") == 0 || strcmp(tag, "get_marks") == 0) {
        ask.kind = strcmp(tag, "get_peaks") == 0 ? SC_ASK_PEAKS : SC_ASK_MARKS;
        ask.generation = whole(map, "generation");
        ask.first_frame = whole(map, "first_frame");
        ask.at_frame = whole(map, "end_frame");
        if (ask.kind == SC_ASK_PEAKS) ask.number = (uint32_t)whole(map, "columns");
    } else if (strcmp(tag, "post_take") == 0) {
        ask.kind = SC_ASK_POST;
        text(map, "take_id", ask.subject);
        text(map, "title", ask.title);
    } else if (strcmp(tag, "undo_post") == 0) {
        ask.kind = SC_ASK_UNDO;
        text(map, "take_id", ask.subject);
    } else if (strcmp(tag, "keep_all") == 0) {
        ask.kind = SC_ASK_KEEP_ALL;
        ask.generation = whole(map, "generation");
        ask.at_frame = whole(map, "at_frame");
        ask.number = (uint32_t)whole(map, "bars");
        text(map, "title", ask.title);
    } else if (strcmp(tag, "like_post") == 0) {
        ask.kind = SC_ASK_LIKE;
        text(map, "post_id", ask.subject);
        ask.on = truth(map, "like");
    } else if (strcmp(tag, "react_post") == 0) {
        ask.kind = SC_ASK_REACT;
        text(map, "post_id", ask.subject);
        ask.number = (uint32_t)whole(map, "reaction");
        ask.on = truth(map, "react");
    } else if (strcmp(tag, "export") == 0) {
        char kind[32];
        text(map, "kind", kind);
        ask.kind = SC_ASK_EXPORT;
        ask.number = strcmp(kind, "item") == 0 ? SC_EXPORT_ITEM : strcmp(kind, "take") == 0 ? SC_EXPORT_TAKE : SC_EXPORT_HISTORY;
        text(map, "target", ask.subject);
        ask.generation = whole(map, "generation");
        ask.first_frame = whole(map, "first_frame");
        ask.at_frame = whole(map, "end_frame");
        ask.on = truth(map, "show");
    } else if (strcmp(tag, "get_takes") == 0) {
        ask.kind = SC_ASK_TAKES;
        text(map, "cursor", ask.subject);
        text(map, "search", ask.title);
        ask.number = (uint32_t)whole(map, "limit");
    } else if (strcmp(tag, "rename_take") == 0) {
        ask.kind = SC_ASK_RENAME;
        text(map, "take_id", ask.subject);
        text(map, "title", ask.title);
    } else if (strcmp(tag, "tag_take") == 0) {
        ask.kind = SC_ASK_TAG;
        text(map, "take_id", ask.subject);
        text(map, "add", ask.title);
        text(map, "remove", ask.remove);
    } else if (strcmp(tag, "discard_take") == 0) {
        ask.kind = SC_ASK_DISCARD;
        text(map, "take_id", ask.subject);
        ask.on = truth(map, "discard");
    } else if (strcmp(tag, "repair_take") == 0) {
        ask.kind = SC_ASK_REPAIR;
        text(map, "take_id", ask.subject);
        ask.on = truth(map, "repair");
    } else if (strcmp(tag, "follow_person") == 0) {
        ask.kind = SC_ASK_FOLLOW;
        text(map, "username", ask.subject);
        ask.on = truth(map, "follow");
    } else if (strcmp(tag, "open_page") == 0) {
        char kind[32];
        text(map, "kind", kind);
        ask.kind = SC_ASK_OPEN_PAGE;
        ask.number = strcmp(kind, "take") == 0 ? SC_PAGE_TAKE : SC_PAGE_ITEM;
        text(map, "target", ask.subject);
    } else if (strcmp(tag, "claim_device") == 0) {
        ask.kind = SC_ASK_CLAIM;
    } else if (strcmp(tag, "get_earlier") == 0) {
        ask.kind = SC_ASK_EARLIER;
    } else {
        return 0;
    }
    return sc_encode_ask(data, capacity, &ask);
}

/* The bytes that our encoder makes of the fields; 0 when it is no message of a plugin. */
static size_t again(const sc_map *map, uint8_t *data, size_t capacity)
{
    char tag[32] = "";
    const sc_value *found = sc_map_find(map, "t");
    if (!found || found->kind != SC_STRING || found->count >= sizeof tag) return 0;
    memcpy(tag, found->bytes, found->count);
    if (strcmp(tag, "hello") == 0) return again_hello(map, data, capacity);
    if (strcmp(tag, "ring_opened") == 0) return again_ring_opened(map, data, capacity);
    if (strcmp(tag, "ring_closed") == 0) return sc_encode_ring_closed(data, capacity, whole(map, "generation"));
    if (strcmp(tag, "keep") == 0) return again_keep(map, data, capacity);
    if (strcmp(tag, "window_shown") == 0) return sc_encode_window_shown(data, capacity, truth(map, "open"));
    if (strcmp(tag, "goodbye") == 0) return sc_encode_goodbye(data, capacity);
    if (strcmp(tag, "stop_preview") == 0) return sc_encode_stop_preview(data, capacity);
    if (strcmp(tag, "play") == 0) {
        sc_play play = {.id = whole(map, "id"), .generation = whole(map, "generation"), .in_sync = truth(map, "in_sync")};
        char kind[16];
        text(map, "kind", kind);
        text(map, "target", play.target);
        play.kind = strcmp(kind, "take") == 0 ? SC_PLAY_TAKE : strcmp(kind, "history") == 0 ? SC_PLAY_HISTORY : SC_PLAY_ITEM;
        play.snap = truth(map, "snap");
        if (play.kind == SC_PLAY_HISTORY) play.first_frame = whole(map, "first_frame"), play.end_frame = whole(map, "end_frame");
        play.span_generation = whole(map, "span_generation");
        return sc_encode_play(data, capacity, &play);
    }
    if (sc_map_find(map, "id")) return again_ask(map, tag, data, capacity);
    if (strcmp(tag, "preview_heard") == 0) {
        char state[16];
        text(map, "state", state);
        const sc_preview_heard heard = {.generation = whole(map, "generation"),
                                        .copied_frames = whole(map, "copied_frames"),
                                        .heard_frames = whole(map, "heard_frames"),
                                        .state = state};
        return sc_encode_preview_heard(data, capacity, &heard);
    }
    if (strcmp(tag, "heartbeat") == 0) {
        char track_name[SC_TEXT_BYTES(512)], trouble[SC_TEXT_BYTES(512)];
        const bool named = need(map, "track_name")->kind != SC_NIL;
        if (named) text(map, "track_name", track_name);
        text(map, "trouble", trouble);
        const sc_heartbeat heartbeat = {.process_count = whole(map, "process_count"),
                                        .playing = truth(map, "playing"),
                                        .track_name = named ? track_name : NULL,
                                        .trouble = trouble};
        return sc_encode_heartbeat(data, capacity, &heartbeat);
    }
    return 0;
}

static void tell_bytes(const char *key, const void *from, size_t count)
{
    printf("%s=", key);
    for (size_t i = 0; i < count; i++) printf("%02x", ((const uint8_t *)from)[i]);
    putchar('\n');
}

static void tell_item(const sc_item *i)
{
    printf("t=item\npost_id=%s\nauthor=%s\ntitle=%s\npage_url=%s\nkey=%s\n", i->post_id, i->author, i->title, i->page_url,
           i->key);
    printf("created_us=%" PRIu64 "\nduration_ms=%" PRIu64 "\n", i->created_us, i->duration_ms);
    if (i->bars) printf("bars=%u\n", i->bars);
    if (i->bpm > 0.0) printf("bpm=%.17g\n", i->bpm);
    printf("mine=%s\nliked=%s\n", i->mine ? "True" : "False", i->liked ? "True" : "False");
    printf("like_count=%u\nreacted=%u\n", i->like_count, i->reacted);
    tell_bytes("reaction_counts", i->reaction_counts, sizeof i->reaction_counts); /* on little-endian machines */
    tell_bytes("outline", i->outline, i->outline_columns);
    printf("shown_by=%s\n", i->shown_by);
}

static const char *truth_of(bool value)
{
    return value ? "True" : "False";
}

static void tell_take(uint64_t id, const sc_take *t)
{
    printf("t=take\nid=%" PRIu64 "\ntake_id=%s\nname=%s\ntitled=%s\ntags=%s\nkey=%s\nstate=%s\npage_url=%s\nrepair=%s\n", id,
           t->take_id, t->name, truth_of(t->titled), t->tags, t->key, t->state, t->page_url, t->repair);
    printf("created_us=%" PRIu64 "\nduration_ms=%" PRIu64 "\n", t->created_us, t->duration_ms);
    if (t->bars) printf("bars=%u\n", t->bars);
    if (t->bpm > 0.0) printf("bpm=%.17g\n", t->bpm);
    tell_bytes("outline", t->outline, t->outline_columns);
}

static void tell_failed(const char *tag, const sc_event *e)
{
    printf("t=%s\nid=%" PRIu64 "\ncode=%s\nmessage=%s\n", tag, e->id, e->failed.code, e->failed.message);
}

static void tell_opened(const sc_event *e)
{
    const sc_opened *o = &e->opened;
    printf("t=preview_opened\nid=%" PRIu64 "\nkind=%s\ntarget=%s\nsegment=%s\n", e->id, o->kind, o->target, o->segment);
    printf("generation=%" PRIu64 "\nframes=%" PRIu64 "\nin_sync=%s\nat_bar=%s\n", o->generation, o->frames,
           truth_of(o->in_sync), truth_of(o->at_bar));
    printf("title=%s\nnote=%s\n", o->title, o->note);
}

static void tell_peaks(const sc_peaks *p)
{
    uint8_t bytes[sizeof p->peaks];
    for (uint32_t i = 0; i < p->columns; i++) memcpy(bytes + 4 * i, &p->peaks[i], 4); /* on little-endian machines */
    printf("t=peaks\ngeneration=%" PRIu64 "\nfirst_frame=%" PRIu64 "\nend_frame=%" PRIu64 "\n", p->generation, p->first_frame,
           p->end_frame);
    printf("oldest_frame=%" PRIu64 "\nnewest_frame=%" PRIu64 "\ncoarse=%s\n", p->oldest_frame, p->newest_frame,
           truth_of(p->coarse));
    tell_bytes("peaks", bytes, 4 * p->columns);
    tell_bytes("holes", p->holes, (p->columns + 7) / 8);
}

static void tell_marks(const sc_marks *m)
{
    printf("t=marks\ngeneration=%" PRIu64 "\nfirst_frame=%" PRIu64 "\nend_frame=%" PRIu64 "\nmarks=", m->generation,
           m->first_frame, m->end_frame);
    for (uint32_t i = 0; i < m->count; i++) {
        const sc_mark *mark = &m->marks[i];
        uint8_t bytes[SC_MARK_BYTES];
        memcpy(bytes, &mark->frame, 8), memcpy(bytes + 8, &mark->bpm, 8), memcpy(bytes + 16, &mark->bar, 4);
        bytes[20] = mark->numerator, bytes[21] = mark->denominator;
        memcpy(bytes + 22, &mark->flags, 2);
        for (size_t k = 0; k < sizeof bytes; k++) printf("%02x", bytes[k]);
    }
    putchar('\n');
}

static void tell_earlier(uint64_t id, const sc_earlier *r)
{
    printf("t=earlier_ring\nid=%" PRIu64 "\ngeneration=%" PRIu64 "\nhost_name=%s\ntrack_name=%s\nsample_rate_hz=%.17g\n", id,
           r->generation, r->host_name, r->track_name, r->sample_rate_hz);
    printf("first_frame=%" PRIu64 "\nend_frame=%" PRIu64 "\nsounded_us=%" PRIu64 "\n", r->first_frame, r->end_frame, r->sounded_us);
}

/* The message's tag and fields by their own names. */
static void tell(const sc_event *e)
{
    switch (e->kind) {
    case SC_EVENT_CONNECTED:
        printf("t=welcome\ndaemon_version=%s\ndaemon_path=%s\n", e->connected.daemon_version, e->connected.daemon_path);
        break;
    case SC_EVENT_ATTACHED: printf("t=ring_attached\ngeneration=%" PRIu64 "\n", e->attached.generation); break;
    case SC_EVENT_REFUSED:
        printf("t=refused\ncode=%s\nmessage=%s\nupdate_path=%s\n", e->refused.code, e->refused.message,
               e->refused.update_path);
        break;
    case SC_EVENT_LINK:
        printf("t=alive\nrelay_state=%s\naccount=%s\nfriends_producing=%u\ntrouble=%s\nrelay_url=%s\nfriends=%s\nreach_ms=%" PRIu64 "\n",
               e->link.relay_state, e->link.account, e->link.friends_producing, e->link.trouble, e->link.relay_url, e->link.friends,
               e->link.reach_ms);
        break;
    case SC_EVENT_KEPT:
        printf("t=kept\nid=%" PRIu64 "\ntake_id=%s\nframes=%" PRIu64 "\nbars=%u\nanchored=%s\nnote=%s\nname=%s\nheld_ms=%u\n", e->id,
               e->kept.take_id, e->kept.frames, e->kept.bars, truth_of(e->kept.anchored), e->kept.note, e->kept.name,
               e->kept.held_ms);
        break;
    case SC_EVENT_NOTICE: printf("t=notice\nkind=%s\nmessage=%s\n", e->notice.kind, e->notice.message); break;
    case SC_EVENT_PREVIEW_LOADING:
        printf("t=preview_loading\nid=%" PRIu64 "\nstage=%s\nfraction=%.17g\n", e->id, e->loading.stage, e->loading.fraction);
        break;
    case SC_EVENT_PREVIEW_OPENED: tell_opened(e); break;
    case SC_EVENT_PREVIEW_ENDED:
        printf("t=preview_closed\ngeneration=%" PRIu64 "\ncode=%s\nmessage=%s\n", e->ended.generation, e->ended.code,
               e->ended.message);
        break;
    case SC_EVENT_FEED_PAGE:
        printf("t=feed_page\nid=%" PRIu64 "\nnext=%s\nnote=%s\n", e->id, e->feed_page.next, e->feed_page.note);
        break;
    case SC_EVENT_PEAKS:
        printf("id=%" PRIu64 "\n", e->id);
        tell_peaks(&e->peaks);
        break;
    case SC_EVENT_MARKS:
        printf("id=%" PRIu64 "\n", e->id);
        tell_marks(&e->marks);
        break;
    case SC_EVENT_EARLIER_RING: tell_earlier(e->id, &e->earlier); break;
    case SC_EVENT_POSTING:
        printf("t=posting\ntake_id=%s\nstate=%s\nfraction=%.17g\nmessage=%s\npage_url=%s\nheld_ms=%u\n", e->posting.take_id,
               e->posting.state, e->posting.fraction, e->posting.message, e->posting.page_url, e->posting.held_ms);
        break;
    case SC_EVENT_KEPT_ALL:
        printf("t=kept_all\nid=%" PRIu64 "\nset_id=%s\ntakes=%u\nname=%s\nnote=%s\n", e->id, e->kept_all.set_id,
               e->kept_all.takes, e->kept_all.name, e->kept_all.note);
        break;
    case SC_EVENT_EXPORTED:
        printf("t=exported\nid=%" PRIu64 "\npath=%s\nname=%s\nnote=%s\n", e->id, e->exported.path, e->exported.name,
               e->exported.note);
        break;
    case SC_EVENT_TAKE: tell_take(e->id, &e->take); break;
    case SC_EVENT_TAKES_PAGE: printf("t=takes_page\nid=%" PRIu64 "\nnext=%s\n", e->id, e->takes_page.next); break;
    case SC_EVENT_TAKE_GONE: printf("t=take_gone\ntake_id=%s\n", e->take_gone.take_id); break;
    case SC_EVENT_ASKED: printf("t=asked\nid=%" PRIu64 "\n", e->id); break;
    case SC_EVENT_KEEP_FAILED: tell_failed("keep_failed", e); break;
    case SC_EVENT_PREVIEW_FAILED: tell_failed("play_failed", e); break;
    case SC_EVENT_ASK_FAILED: tell_failed("ask_failed", e); break;
    case SC_EVENT_ITEM: tell_item(&e->item); break;
    case SC_EVENT_ITEM_GONE: printf("t=item_gone\npost_id=%s\n", e->item.post_id); break;
    case SC_EVENT_RECORDING:
    case SC_EVENT_DISCONNECTED: break; /* the client's own word */
    }
}

/* A Return Ring's header, for the reader that the golden one is meant for. */
static int look_at_return_ring(const char *path)
{
    static uint8_t header[SC_RETURN_HEADER_BYTES];
    uint8_t instance[16];
    sc_return_identity identity;
    for (int i = 0; i < 16; i++) instance[i] = (uint8_t)(0x10 + i);
    const sc_return_wanted wanted = {
        .instance_id = instance, .generation = 0x0102030405060708, .sample_rate_hz = 44100.0, .channels = 2};
    FILE *file = fopen(path, "rb");
    CHECK(file && fread(header, 1, sizeof header, file) == sizeof header);
    fclose(file);
    const uint64_t whole_bytes = SC_RETURN_HEADER_BYTES + 4096 * 2 * 4;
    CHECK(!sc_return_check(header, whole_bytes - 1, &wanted, &identity));
    if (!sc_return_check(header, whole_bytes, &wanted, &identity)) return puts("refused") < 0;
    printf("generation=%" PRIu64 "\ncapacity_frames=%" PRIu64 "\nchannels=%u\n", identity.generation,
           identity.capacity_frames, identity.channels);
    return 0;
}

int main(int argc, char **argv)
{
    static uint8_t data[SC_MAX_MESSAGE_BYTES + 1], made[SC_MAX_MESSAGE_BYTES];
    sc_map map;
    static sc_event event;
    CHECK(argc == 3);
    if (strcmp(argv[1], "return") == 0) return look_at_return_ring(argv[2]);
    const bool of_plugin = strcmp(argv[1], "plugin") == 0;
    FILE *file = fopen(argv[2], "rb");
    CHECK(file);
    const size_t bytes = fread(data, 1, sizeof data, file);
    fclose(file);
    uint8_t *exact = malloc(bytes ? bytes : 1);
    memcpy(exact, data, bytes);
    if (!of_plugin && sc_decode(exact, bytes, &event)) {
        tell(&event);
    } else if (of_plugin && sc_unpack_map(exact, bytes, &map)) {
        const size_t size = again(&map, made, sizeof made);
        if (size) puts(size == bytes && memcmp(made, exact, bytes) == 0 ? "same bytes" : "other bytes");
        else puts("refused");
    } else {
        puts("refused");
    }
    free(exact);
    return 0;
}
