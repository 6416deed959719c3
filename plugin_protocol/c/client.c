#include "client.h"

#include "layout_gen.h"
#include "platform.h"
#include "text.h"
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate_default(void *context, size_t bytes)
{
    (void)context;
    return malloc(bytes);
}

static void release_default(void *context, void *memory)
{
    (void)context;
    free(memory);
}

#define PAGE_BYTES 4096u
_Static_assert(offsetof(sc_client, events.slots) <= PAGE_BYTES, "one page for what each Block needs");

/* Zeroed, and on a page of its own. */
static void *allocate(const sc_allocator *allocator, size_t bytes)
{
    void *memory = allocator->allocate(allocator->context, bytes + PAGE_BYTES + sizeof memory);
    if (!memory) return NULL;
    memset(memory, 0, bytes + PAGE_BYTES + sizeof memory);
    uint8_t *first = (uint8_t *)memory + sizeof memory; /* what was given is noted before what is handed out */
    first += (PAGE_BYTES - (uintptr_t)first % PAGE_BYTES) % PAGE_BYTES;
    memcpy(first - sizeof memory, &memory, sizeof memory);
    return first;
}

static void release(const sc_allocator *allocator, void *memory)
{
    void *given;
    memcpy(&given, (uint8_t *)memory - sizeof given, sizeof given);
    allocator->release(allocator->context, given);
}

void *sc_client_allocate(sc_client *client, size_t bytes)
{
    return allocate(&client->allocator, bytes);
}

void sc_client_release(sc_client *client, void *memory)
{
    release(&client->allocator, memory);
}

static bool forked(const sc_client *client)
{
    return client->forked;
}

const char *sc_result_text(sc_result result)
{
    switch (result) {
    case SC_OK: return "All is well.";
    case SC_ERROR_ARGUMENT: return "An argument is outside its range; sidechain.h has the ranges.";
    case SC_ERROR_MEMORY: return "There is no memory left.";
    case SC_ERROR_LIMIT: return "There are as many as the limits allow; wait for one to end.";
    case SC_ERROR_RUN_DIR: return "The run directory cannot be used; sc_client_info says why.";
    case SC_ERROR_RING: return "The Ring cannot be made; sc_client_info says why.";
    case SC_ERROR_INACTIVE: return "Nothing has been recorded that could be kept.";
    case SC_ERROR_FORKED: return "This process is a child of the one that made the client.";
    }
    return "An unknown result.";
}

/* Create and destroy ------------------------------------------------------------------------------------------ */

#define COPY_TEXT(field, characters, text) \
    sc_utf8_copy(client->hello.field, sizeof client->hello.field, (text) ? (text) : "", SIZE_MAX, characters)

static bool take_settings(sc_client *client, const sc_config *config)
{
    uint64_t history = SC_MIN_CAPACITY_FRAMES;
    const uint64_t wanted = config->history_frames ? config->history_frames : SC_DEFAULT_CAPACITY_FRAMES;
    if (wanted > SC_MAX_CAPACITY_FRAMES) return false;
    while (history < wanted) history *= 2;
    client->history_frames = history;
    if (config->record_only) {
        client->session.next_attempt_us = UINT64_MAX;
        snprintf(client->session.reason, sizeof client->session.reason, "Talking to the daemon is switched off.");
    }
    COPY_TEXT(plugin_version, SC_SHORT_CHARACTERS, config->plugin_version ? config->plugin_version : SC_CLIENT_VERSION);
    COPY_TEXT(plugin_path, SC_PATH_CHARACTERS, config->plugin_path);
    COPY_TEXT(host_name, SC_LINE_CHARACTERS, config->host_name);
    COPY_TEXT(track_name, SC_LINE_CHARACTERS, config->track_name);
    client->hello.proto_min = SC_PROTOCOL_MIN;
    client->hello.proto_max = SC_PROTOCOL_MAX;
    client->hello.pid = sc_process_id();
    return sc_run_dir_path(config->run_dir, client->run_dir);
}

sc_result sc_client_create(const sc_config *given, sc_client **client_out)
{
    sc_config config = {0};
    *client_out = NULL;
    if (!given || given->size < sizeof given->size) return SC_ERROR_ARGUMENT;
    memcpy(&config, given, given->size < sizeof config ? given->size : sizeof config);
    const sc_allocator allocator =
        config.allocator ? *config.allocator : (sc_allocator){allocate_default, release_default, NULL};
    sc_client *client = allocate(&allocator, sizeof *client);
    if (!client) return SC_ERROR_MEMORY;
    client->allocator = allocator;
    atomic_init(&client->next_keep_id, 1);
    atomic_init(&client->next_play_id, 1);
    sc_client_set_preview_gain(client, 0.0);
    sc_result result = take_settings(client, &config) ? SC_OK : SC_ERROR_ARGUMENT;
    if (result == SC_OK && !(sc_random_bytes(client->hello.instance, sizeof client->hello.instance) &&
                             sc_random_bytes(&client->session.jitter, sizeof client->session.jitter)))
        result = SC_ERROR_RING;
    client->session.jitter |= 1; /* the generator stands still at 0 */
    if (result == SC_OK) result = sc_worker_join(client);
    if (result != SC_OK) release(&allocator, client);
    else *client_out = client;
    return result;
}

void sc_generation_retire(sc_generation *generation, uint64_t now_us)
{
    if (generation->retired_us) return;
    sc_ring_set_state(generation->segment.base, SC_STATE_RETIRED);
    generation->retired_us = now_us;
    generation->idle_us = 0;
}

void sc_generation_remove(sc_client *client, sc_generation **place)
{
    sc_generation *gone = *place;
    sc_generation_retire(gone, 1);
    uint64_t cut_from = gone->identity.generation;
    atomic_compare_exchange_strong(&client->keep_generation, &cut_from, 0);
    *place = gone->older;
    sc_segment_remove(&gone->segment);
    release(&client->allocator, gone);
}

void sc_client_set_track_name(sc_client *client, const char *name)
{
    char before[sizeof client->hello.track_name];
    if (forked(client)) return;
    sc_worker_lock();
    memcpy(before, client->hello.track_name, sizeof before);
    COPY_TEXT(track_name, SC_LINE_CHARACTERS, name);
    if (strcmp(before, client->hello.track_name) != 0) client->session.renamed = true;
    sc_worker_unlock();
}

void sc_client_destroy(sc_client *client)
{
    if (!client || forked(client)) return;
    sc_client_deactivate(client);
    sc_worker_leave(client);
    sc_window_close(client);
    while (client->generations) sc_generation_remove(client, &client->generations);
    const sc_allocator allocator = client->allocator;
    release(&allocator, client);
}

/* Activate and deactivate ------------------------------------------------------------------------------------- */

static void identify(const sc_client *client, sc_ring_identity *identity)
{
    memcpy(identity->instance_id, client->hello.instance, sizeof identity->instance_id);
    identity->writer_pid = sc_process_id();
    identity->writer_uid = sc_user_id();
    identity->writer_start = sc_process_start();
    identity->timeline_capacity = SC_DEFAULT_TIMELINE_RECORDS;
    identity->capacity_frames = client->history_frames;
    /* A reader keeps away from the overwritten edge by up to an eighth; leave it something beside one block. */
    while (identity->capacity_frames < 8ull * identity->max_block_frames) identity->capacity_frames *= 2;
}

/* Names, makes and formats the Ring of a new generation, up to state READY. */
static sc_result build(sc_generation *made, const char *run_dir, char *reason)
{
    char name[32];
    const uint8_t *id = made->identity.instance_id;
    do {
        if (!sc_random_bytes(&made->identity.generation, sizeof made->identity.generation)) return SC_ERROR_RING;
        made->identity.generation &= INT64_MAX;
    } while (made->identity.generation == 0);
    snprintf(name, sizeof name, "sdc.%02x%02x%02x%02x%02x%02x.%08x", id[0], id[1], id[2], id[3], id[4], id[5],
             (unsigned)(made->identity.generation & 0xFFFFFFFFu));
    const sc_result result = sc_segment_create(run_dir, name, sc_ring_bytes(&made->identity), &made->segment, reason,
                                               SC_REASON_BYTES);
    if (result != SC_OK) return result;
    sc_ring_format(made->segment.base, &made->identity);
    sc_ring_set_state(made->segment.base, SC_STATE_READY);
    return SC_OK;
}

static sc_result refuse(sc_client *client, sc_result result, const char *reason)
{
    sc_worker_lock();
    snprintf(client->reason, sizeof client->reason, "%s", reason);
    sc_worker_unlock();
    return result;
}

/* Goes on in the Ring that an earlier activation left, if it fits; else that one is ended. */
static bool take_up(sc_client *client, double rate_hz, uint32_t channels, uint32_t max_block_frames)
{
    sc_ring *ring = &client->audio.ring;
    sc_worker_lock();
    sc_generation *newest = client->generations;
    const sc_ring_identity *was = newest ? &newest->identity : NULL;
    const bool fits = newest && !newest->retired_us && !(was->sample_rate_hz < rate_hz) && !(was->sample_rate_hz > rate_hz) &&
                      was->channels == channels && max_block_frames <= was->max_block_frames;
    if (fits) {
        newest->idle_us = 0;
        client->reason[0] = '\0';
    } else if (newest) {
        sc_generation_retire(newest, sc_now_ns() / 1000);
        if (!sc_worker_runs()) sc_generation_remove(client, &client->generations); /* nobody else would */
    }
    sc_worker_unlock();
    if (!fits) return false;
    sc_ring_interrupt(ring);
    atomic_store_explicit(&client->audio.live, true, memory_order_release);
    return true;
}

sc_result sc_client_activate(sc_client *client, double rate_hz, uint32_t channels, uint32_t max_block_frames)
{
    char reason[SC_REASON_BYTES] = "The system has no random numbers.";
    if (forked(client)) return SC_ERROR_FORKED;
    sc_client_deactivate(client);
    if (!(rate_hz >= SC_MIN_RATE_HZ && rate_hz <= SC_MAX_RATE_HZ) || channels - 1u >= SC_MAX_CHANNELS ||
        max_block_frames - 1u >= SC_MAX_BLOCK_FRAMES)
        return refuse(client, SC_ERROR_ARGUMENT, sc_result_text(SC_ERROR_ARGUMENT));
    if (!sc_client_open_player(client, rate_hz, channels)) return refuse(client, SC_ERROR_MEMORY, sc_result_text(SC_ERROR_MEMORY));
    if (take_up(client, rate_hz, channels, max_block_frames)) return SC_OK;
    sc_generation *made = allocate(&client->allocator, sizeof *made);
    if (!made) {
        sc_client_close_player(client);
        return refuse(client, SC_ERROR_MEMORY, sc_result_text(SC_ERROR_MEMORY));
    }
    made->identity = (sc_ring_identity){
        .sample_rate_hz = rate_hz, .channels = channels, .max_block_frames = max_block_frames};
    identify(client, &made->identity);
    const sc_result result = build(made, client->run_dir, reason);
    if (result != SC_OK) {
        release(&client->allocator, made);
        sc_client_close_player(client);
        return refuse(client, result, reason);
    }
    sc_worker_lock();
    made->older = client->generations;
    client->generations = made;
    client->reason[0] = '\0';
    sc_worker_unlock();
    /* A keep between these two stores finds nothing recorded, never the old index in the new Ring. */
    atomic_store(&client->audio.committed, 0);
    atomic_store(&client->keep_generation, made->identity.generation);
    sc_ring_bind(&client->audio.ring, made->segment.base, &made->identity);
    atomic_store_explicit(&client->audio.live, true, memory_order_release);
    return SC_OK;
}

void sc_client_deactivate(sc_client *client)
{
    if (forked(client) || !atomic_load_explicit(&client->audio.live, memory_order_relaxed)) return;
    atomic_store_explicit(&client->audio.live, false, memory_order_release);
    atomic_store_explicit(&client->audio.playing, false, memory_order_relaxed);
    sc_client_close_player(client);
    sc_worker_lock();
    client->generations->idle_us = sc_now_ns() / 1000;
    sc_worker_unlock();
}

/* Process and keep -------------------------------------------------------------------------------------------- */

SC_INLINE uint32_t process(sc_client *client, sc_samples samples, uint32_t frames, const sc_transport *transport)
{
    for (size_t at = 0; at < offsetof(sc_client, audio.ring.timeline_slots); at += 64) SC_FETCH((const char *)&client->audio + at);
    if (SC_RARE(!atomic_load_explicit(&client->audio.live, memory_order_acquire))) return 0;
    if (SC_RARE(atomic_load_explicit(&client->audio.suspended, memory_order_relaxed))) {
        atomic_store_explicit(&client->audio.suspended, false, memory_order_relaxed);
        sc_ring_resume(&client->audio.ring);
    }
    const uint32_t done = sc_ring_write(&client->audio.ring, samples, frames, transport);
    atomic_store_explicit(&client->audio.committed, client->audio.ring.commit, memory_order_release);
    atomic_store_explicit(&client->audio.playing, transport && (transport->flags & SC_TRANSPORT_PLAYING),
                          memory_order_relaxed);
    return done;
}

SC_AUDIO uint32_t sc_client_process(sc_client *client, const float *const *channels, uint32_t frames,
                           const sc_transport *transport) SC_REALTIME
{
    return process(client, (sc_samples){.planar = channels}, frames, transport);
}

SC_AUDIO uint32_t sc_client_process_interleaved(sc_client *client, const float *samples, uint32_t frames,
                                       const sc_transport *transport) SC_REALTIME
{
    return process(client, (sc_samples){.interleaved = samples}, frames, transport);
}

/* Generation and commit index that belong together. False when there is nothing, or a new Ring opens right now. */
static bool cut_here(sc_client *client, sc_keep *keep)
{
    keep->generation = atomic_load(&client->keep_generation);
    keep->at_frame = atomic_load(&client->audio.committed);
    return keep->generation != 0 && keep->at_frame != 0 && keep->generation == atomic_load(&client->keep_generation);
}

sc_result sc_client_keep(sc_client *client, uint32_t bars, double seconds, bool post, const char *title,
                         uint64_t *id) SC_REALTIME
{
    const bool by_bars = bars >= 1 && bars <= SC_MAX_BARS && !(seconds < 0.0) && !(seconds > 0.0);
    const bool by_seconds = bars == 0 && seconds > 0.0 && seconds <= SC_MAX_SECONDS;
    if (forked(client)) return SC_ERROR_FORKED;
    if (!(by_bars || by_seconds)) return SC_ERROR_ARGUMENT;
    for (int i = 0; i < SC_MAX_KEEPS; i++) {
        sc_keep_slot *slot = &client->keeps[i];
        unsigned expected = SC_SLOT_FREE;
        if (!atomic_compare_exchange_strong_explicit(&slot->state, &expected, SC_SLOT_FILLING, memory_order_acquire,
                                                     memory_order_relaxed))
            continue;
        const bool something = cut_here(client, &slot->keep);
        slot->keep.id = atomic_fetch_add_explicit(&client->next_keep_id, 1, memory_order_relaxed);
        slot->keep.bars = bars;
        slot->keep.seconds = seconds;
        slot->keep.post = post;
        slot->since_us = 0;
        sc_utf8_copy(slot->keep.title, sizeof slot->keep.title, title ? title : "", SIZE_MAX, SC_TITLE_CHARACTERS);
        if (id) *id = slot->keep.id;
        atomic_store_explicit(&slot->state, something ? SC_SLOT_FULL : SC_SLOT_FREE, memory_order_release);
        return something ? SC_OK : SC_ERROR_INACTIVE;
    }
    return SC_ERROR_LIMIT;
}

/* Events and info --------------------------------------------------------------------------------------------- */

void sc_client_tell(sc_client *client, const sc_event *event)
{
    const unsigned head = atomic_load_explicit(&client->events.head, memory_order_relaxed);
    sc_window_tell(client, event);
    if (head - atomic_load_explicit(&client->events.tail, memory_order_acquire) == SC_EVENTS) {
        atomic_fetch_add_explicit(&client->events.dropped, 1, memory_order_relaxed);
        return;
    }
    client->events.slots[head % SC_EVENTS] = *event;
    atomic_store_explicit(&client->events.head, head + 1, memory_order_release);
    atomic_store_explicit(&client->audio.told, true, memory_order_release);
}

/* As the bell of previews: what was put before it rang last is seen behind the exchange. */
SC_AUDIO static bool some_wait(sc_client *client, unsigned tail)
{
    if (tail != atomic_load_explicit(&client->events.head, memory_order_acquire)) return true;
    atomic_exchange_explicit(&client->audio.told, false, memory_order_acq_rel);
    if (tail == atomic_load_explicit(&client->events.head, memory_order_acquire)) return false;
    atomic_store_explicit(&client->audio.told, true, memory_order_relaxed);
    return true;
}

SC_AUDIO bool sc_client_poll_event(sc_client *client, sc_event *event) SC_REALTIME
{
    if (!atomic_load_explicit(&client->audio.told, memory_order_relaxed) || forked(client)) return false;
    const unsigned tail = atomic_load_explicit(&client->events.tail, memory_order_relaxed);
    if (!some_wait(client, tail)) return false;
    *event = client->events.slots[tail % SC_EVENTS];
    atomic_store_explicit(&client->events.tail, tail + 1, memory_order_release);
    return true;
}

void sc_client_info(sc_client *client, sc_info *info)
{
    memset(info, 0, sizeof *info);
    if (forked(client)) return;
    sc_worker_lock();
    const sc_generation *newest = client->generations;
    memcpy(info->instance_id, client->hello.instance, sizeof info->instance_id);
    info->connected = client->session.state == SC_LINK_OPEN;
    info->events_dropped =
        atomic_load_explicit(&client->events.dropped, memory_order_relaxed) + client->window.dropped;
    sc_utf8_copy(info->track_name, sizeof info->track_name, client->hello.track_name, SIZE_MAX, SC_LINE_CHARACTERS);
    snprintf(info->run_dir, sizeof info->run_dir, "%s", client->run_dir);
    snprintf(info->reason, sizeof info->reason, "%s", client->reason);
    if (!info->connected) snprintf(info->link_reason, sizeof info->link_reason, "%s", client->session.reason);
    if (newest) {
        info->recording = !newest->idle_us && sc_ring_state(newest->segment.base) == SC_STATE_READY;
        info->attached = newest->attached && info->connected && newest->told_in == client->session.number;
        info->generation = newest->identity.generation;
        info->sample_rate_hz = newest->identity.sample_rate_hz;
        info->channels = newest->identity.channels;
        info->capacity_frames = newest->identity.capacity_frames;
        info->committed_frames = sc_ring_word(newest->segment.base, SC_COMMIT_OFFSET);
        snprintf(info->segment, sizeof info->segment, "%s", newest->segment.name);
    }
    sc_worker_unlock();
}
