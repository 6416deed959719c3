#include "client.h"

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

_Static_assert(SC_MAX_INSTANCES == 256, "as the sentence says");

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
    case SC_ERROR_INSTANCES:
        return "256 Sidechain plugins are loaded in this program, the most that it can have. Remove one from another track: "
               "this one records then.";
    }
    return "An unknown result.";
}

/* Which Ring is recorded to -------------------------------------------------------------------------------- */

SC_AUDIO void sc_client_move(sc_client *client)
{
    const uint64_t generation = sc_move_take(&client->rings.move, &client->audio.ring);
    if (generation) atomic_store(&client->keep_generation, generation);
}

void sc_client_record_to(sc_client *client, sc_generation *made)
{
    sc_rings_put(&client->rings, made);
    /* A keep between these two stores finds nothing recorded, never the old index in the new Ring. */
    atomic_store(&client->audio.committed, 0);
    atomic_store(&client->keep_generation, made->identity.generation);
    sc_ring_bind(&client->audio.ring, made->segment.base, &made->identity);
    atomic_store_explicit(&client->audio.due, 0, memory_order_relaxed);
    atomic_store_explicit(&client->audio.live, true, memory_order_release);
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
    client->rings.history_frames = history;
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

/* Each part gets what it needs of the whole. */
static void put_together(sc_client *client)
{
    sc_client_serve(client);
    client->keeps.port = client->rings.port = client->session.port = client->window.port = client->preview.port = &client->port;
    client->rings.allocator = client->session.allocator = &client->allocator;
    client->rings.run_dir = client->session.run_dir = client->preview.run_dir = client->run_dir;
    client->rings.instance_id = client->preview.instance_id = client->hello.instance;
    client->session.hello = &client->hello;
    client->preview.player = &client->player;
    client->preview.playing = &client->audio.previewing;
    client->preview.loading = &client->audio.preview_loading;
    atomic_init(&client->keeps.next_id, 1);
    atomic_init(&client->preview.next_play_id, 1);
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
    put_together(client);
    sc_client_set_preview_gain(client, 0.0);
    sc_result result = take_settings(client, &config) ? SC_OK : SC_ERROR_ARGUMENT;
    if (result == SC_OK && !(sc_random_bytes(client->hello.instance, sizeof client->hello.instance) &&
                             sc_random_bytes(&client->session.jitter, sizeof client->session.jitter)))
        result = SC_ERROR_RING;
    client->session.jitter |= 1; /* the generator stands still at 0 */
    if (result != SC_OK) {
        release(&allocator, client);
        return result;
    }
    sc_worker_join(&client->served);
    sc_worker_lock();
    if (!sc_worker_runs())
        snprintf(client->session.reason, sizeof client->session.reason, "No thread could be started. Recording goes on.");
    sc_worker_unlock();
    *client_out = client;
    return SC_OK;
}

void sc_client_set_track_name(sc_client *client, const char *name)
{
    char before[sizeof client->hello.track_name];
    if (client->forked) return;
    sc_worker_lock();
    memcpy(before, client->hello.track_name, sizeof before);
    COPY_TEXT(track_name, SC_LINE_CHARACTERS, name);
    if (strcmp(before, client->hello.track_name) != 0) client->session.renamed = true;
    sc_worker_unlock();
}

void sc_client_destroy(sc_client *client)
{
    if (!client || client->forked) return;
    sc_client_deactivate(client);
    sc_worker_leave(&client->served);
    sc_window_close(client);
    sc_rings_clear(&client->rings);
    const sc_allocator allocator = client->allocator;
    release(&allocator, client);
}

/* Activate and deactivate ------------------------------------------------------------------------------------- */

/* Why nothing is recorded. What may pass is tried again by the worker, until it is `wanted` no longer. */
static sc_result refuse(sc_client *client, sc_result result, const char *reason, const sc_ring_identity *wanted)
{
    sc_worker_lock();
    snprintf(client->rings.reason, sizeof client->rings.reason, "%s", reason);
    if (wanted) sc_rings_want(&client->rings, wanted, sc_now_ns() / 1000);
    sc_worker_unlock();
    return result;
}

/* Whether as many are served as may be. */
static bool waits(sc_client *client)
{
    sc_worker_lock();
    const bool is_waiting = client->served.waits;
    sc_worker_unlock();
    return is_waiting;
}

/* Goes on in the Ring that an earlier activation left, if it fits; else that one is ended. */
static bool take_up(sc_client *client, const sc_ring_identity *wanted)
{
    sc_rings *rings = &client->rings;
    sc_worker_lock();
    const bool fits = sc_rings_fits(rings, wanted);
    if (fits) {
        rings->newest->idle_us = 0;
        rings->reason[0] = '\0';
        sc_ring_interrupt(&client->audio.ring);
        atomic_store_explicit(&client->audio.live, true, memory_order_release);
    } else {
        sc_rings_retire(rings, sc_now_ns() / 1000);
        if (!sc_worker_runs()) sc_rings_clear(rings); /* nobody else would */
    }
    sc_worker_unlock();
    return fits;
}

sc_result sc_client_activate(sc_client *client, double rate_hz, uint32_t channels, uint32_t max_block_frames)
{
    char reason[SC_REASON_BYTES];
    const sc_ring_identity wanted = {
        .sample_rate_hz = rate_hz, .channels = channels, .max_block_frames = max_block_frames};
    sc_generation *made;
    if (client->forked) return SC_ERROR_FORKED;
    sc_client_deactivate(client);
    if (!(rate_hz >= SC_MIN_RATE_HZ && rate_hz <= SC_MAX_RATE_HZ) || channels - 1u >= SC_MAX_CHANNELS ||
        max_block_frames - 1u >= SC_MAX_BLOCK_FRAMES)
        return refuse(client, SC_ERROR_ARGUMENT, sc_result_text(SC_ERROR_ARGUMENT), NULL);
    if (!sc_client_open_player(client, rate_hz, channels))
        return refuse(client, SC_ERROR_MEMORY, sc_result_text(SC_ERROR_MEMORY), NULL);
    if (waits(client)) return refuse(client, SC_ERROR_INSTANCES, sc_result_text(SC_ERROR_INSTANCES), &wanted);
    if (take_up(client, &wanted)) return SC_OK;
    sc_result result = sc_rings_make(&client->rings, &wanted, &made, reason, sizeof reason);
    sc_worker_lock();
    /* Recording goes before the link: the last open file may have been the worker's, for as long as it looked for a daemon. */
    if (result == SC_ERROR_RING || result == SC_ERROR_RUN_DIR)
        result = sc_rings_make(&client->rings, &wanted, &made, reason, sizeof reason);
    if (result == SC_OK) sc_client_record_to(client, made);
    sc_worker_unlock();
    return result == SC_OK ? SC_OK : refuse(client, result, reason, &wanted);
}

void sc_client_deactivate(sc_client *client)
{
    if (client->forked) return;
    sc_worker_lock();
    const bool was_live = atomic_load_explicit(&client->audio.live, memory_order_relaxed);
    atomic_store_explicit(&client->audio.live, false, memory_order_release);
    atomic_store_explicit(&client->audio.playing, false, memory_order_relaxed);
    client->rings.wanted = (sc_ring_identity){0};
    if (was_live) client->rings.newest->idle_us = sc_now_ns() / 1000;
    sc_worker_unlock();
    sc_client_close_player(client);
}

/* Process and keep -------------------------------------------------------------------------------------------- */

/* What the worker has rung for. */
SC_AUDIO static void attend(sc_client *client)
{
    const unsigned due = atomic_exchange_explicit(&client->audio.due, 0, memory_order_acq_rel);
    if (due & SC_DUE_RESUME) sc_ring_resume(&client->audio.ring);
    if (due & SC_DUE_MOVE) sc_client_move(client);
}

SC_INLINE uint32_t process(sc_client *client, sc_samples samples, uint32_t frames, const sc_transport *transport)
{
    for (size_t at = 0; at < offsetof(sc_client, audio.ring.timeline_slots); at += 64) SC_FETCH((const char *)&client->audio + at);
    if (SC_RARE(!atomic_load_explicit(&client->audio.live, memory_order_acquire))) return 0;
    if (SC_RARE(atomic_load_explicit(&client->audio.due, memory_order_relaxed))) attend(client);
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

bool sc_client_cut_here(sc_client *client, uint64_t *generation, uint64_t *at_frame) SC_REALTIME
{
    *generation = atomic_load(&client->keep_generation);
    *at_frame = atomic_load(&client->audio.committed);
    return *generation != 0 && *at_frame != 0 && *generation == atomic_load(&client->keep_generation);
}

sc_result sc_client_keep(sc_client *client, uint32_t bars, double seconds, bool post, const char *title,
                         uint64_t *id) SC_REALTIME
{
    const bool by_bars = bars >= 1 && bars <= SC_MAX_BARS && !(seconds < 0.0) && !(seconds > 0.0);
    const bool by_seconds = bars == 0 && seconds > 0.0 && seconds <= SC_MAX_SECONDS;
    if (client->forked) return SC_ERROR_FORKED;
    if (!(by_bars || by_seconds)) return SC_ERROR_ARGUMENT;
    sc_keep keep = {.bars = bars, .seconds = seconds, .post = post};
    if (!sc_client_cut_here(client, &keep.generation, &keep.at_frame)) return SC_ERROR_INACTIVE;
    const uint64_t asked = sc_keeps_put(&client->keeps, &keep, title);
    if (id && asked) *id = asked;
    return asked ? SC_OK : SC_ERROR_LIMIT;
}

/* Events and info --------------------------------------------------------------------------------------------- */

SC_AUDIO bool sc_client_poll_event(sc_client *client, sc_event *event) SC_REALTIME
{
    if (!atomic_load_explicit(&client->audio.told, memory_order_relaxed) || client->forked) return false;
    return sc_events_take(&client->events, &client->audio.told, event);
}

void sc_client_info(sc_client *client, sc_info *info)
{
    memset(info, 0, sizeof *info);
    if (client->forked) return;
    sc_worker_lock();
    const sc_generation *newest = client->rings.newest;
    memcpy(info->instance_id, client->hello.instance, sizeof info->instance_id);
    info->connected = client->session.state == SC_SESSION_OPEN;
    info->reach_ms = client->session.reach_ms;
    info->events_dropped =
        atomic_load_explicit(&client->events.dropped, memory_order_relaxed) + client->window.dropped;
    sc_utf8_copy(info->track_name, sizeof info->track_name, client->hello.track_name, SIZE_MAX, SC_LINE_CHARACTERS);
    snprintf(info->run_dir, sizeof info->run_dir, "%s", client->run_dir);
    snprintf(info->reason, sizeof info->reason, "%s", client->rings.reason);
    if (!info->connected) snprintf(info->link_reason, sizeof info->link_reason, "%s", client->session.reason);
    if (newest) {
        info->recording = !newest->idle_us && sc_ring_state(newest->segment.base) == SC_STATE_READY;
        info->attached = sc_rings_are_attached(&client->rings);
        info->generation = newest->identity.generation;
        info->sample_rate_hz = newest->identity.sample_rate_hz;
        info->channels = newest->identity.channels;
        info->capacity_frames = newest->identity.capacity_frames;
        info->committed_frames = sc_ring_word(newest->segment.base, SC_COMMIT_OFFSET);
        snprintf(info->segment, sizeof info->segment, "%s", newest->segment.name);
    }
    sc_worker_unlock();
}
