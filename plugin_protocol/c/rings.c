#include "rings.h"

#include "messages.h"

#include <stdio.h>
#include <string.h>

#define RETIRED_LIMIT_US 30000000u
#define IDLE_LIMIT_US 600000000u /* an inactive plugin gives its memory back after that; until then it can be kept from */
#define LOOK_INTERVAL_US 2000000u
#define RETRY_INTERVAL_US 2000000u
#define ANNOUNCE_AGAIN_US 2000000u
#define MAKE_PAUSE_US 20000u /* between two Rings that the worker makes: with 256 Instances nobody waits for its lock for seconds */

/* Making ------------------------------------------------------------------------------------------------------ */

static void identify(const sc_rings *rings, sc_ring_identity *identity)
{
    memcpy(identity->instance_id, rings->instance_id, sizeof identity->instance_id);
    identity->writer_pid = sc_process_id();
    identity->writer_uid = sc_user_id();
    identity->writer_start = sc_process_start();
    identity->timeline_capacity = SC_DEFAULT_TIMELINE_RECORDS;
    identity->capacity_frames = rings->history_frames;
    /* A reader keeps away from the overwritten edge by up to an eighth; leave it something beside one block. */
    while (identity->capacity_frames < 8ull * identity->max_block_frames) identity->capacity_frames *= 2;
}

/* Names, makes and formats the file, up to state READY. */
static sc_result build(sc_generation *made, const char *run_dir, char *reason, size_t reason_bytes)
{
    char name[32];
    const uint8_t *id = made->identity.instance_id;
    snprintf(reason, reason_bytes, "The system has no random numbers.");
    do {
        if (!sc_random_bytes(&made->identity.generation, sizeof made->identity.generation)) return SC_ERROR_RING;
        made->identity.generation &= INT64_MAX;
    } while (made->identity.generation == 0);
    snprintf(name, sizeof name, "sdc.%02x%02x%02x%02x%02x%02x.%08x", id[0], id[1], id[2], id[3], id[4], id[5],
             (unsigned)(made->identity.generation & 0xFFFFFFFFu));
    const sc_result result = sc_segment_create(run_dir, name, sc_ring_bytes(&made->identity), &made->segment, reason,
                                               reason_bytes);
    if (result != SC_OK) return result;
    sc_ring_format(made->segment.base, &made->identity);
    sc_ring_set_state(made->segment.base, SC_STATE_READY);
    return SC_OK;
}

sc_result sc_rings_make(const sc_rings *rings, const sc_ring_identity *wanted, sc_generation **made_out, char *reason,
                        size_t reason_bytes)
{
    sc_generation *made = rings->allocator->allocate(rings->allocator->context, sizeof *made);
    snprintf(reason, reason_bytes, "%s", sc_result_text(SC_ERROR_MEMORY));
    if (!made) return SC_ERROR_MEMORY;
    *made = (sc_generation){.identity = *wanted};
    identify(rings, &made->identity);
    const sc_result result = build(made, rings->run_dir, reason, reason_bytes);
    if (result == SC_OK) *made_out = made;
    else rings->allocator->release(rings->allocator->context, made);
    return result;
}

void sc_rings_put(sc_rings *rings, sc_generation *made)
{
    made->older = rings->newest;
    rings->newest = made;
    rings->reason[0] = '\0';
    rings->wanted = (sc_ring_identity){0};
    rings->look_us = 0;
}

bool sc_rings_fits(const sc_rings *rings, const sc_ring_identity *wanted)
{
    const sc_generation *newest = rings->newest;
    const sc_ring_identity *was = newest ? &newest->identity : NULL;
    return newest && !newest->retired_us && !(was->sample_rate_hz < wanted->sample_rate_hz) &&
           !(was->sample_rate_hz > wanted->sample_rate_hz) && was->channels == wanted->channels &&
           wanted->max_block_frames <= was->max_block_frames;
}

/* Ending ------------------------------------------------------------------------------------------------------ */

static void release(sc_rings *rings, sc_generation *gone)
{
    sc_ring_set_state(gone->segment.base, SC_STATE_RETIRED);
    sc_segment_remove(&gone->segment);
    rings->allocator->release(rings->allocator->context, gone);
}

/* The copy that was not taken. */
static void drop_copy(sc_rings *rings)
{
    if (rings->copy) release(rings, rings->copy);
    rings->copy = NULL;
    rings->move.commit = rings->move.records = 0;
    atomic_store_explicit(&rings->move.state, SC_MOVE_NONE, memory_order_relaxed);
}

static void retire(sc_generation *generation, uint64_t now_us)
{
    if (generation->retired_us) return;
    sc_ring_set_state(generation->segment.base, SC_STATE_RETIRED);
    generation->retired_us = now_us;
    generation->idle_us = 0;
}

static void tell_removed(sc_rings *rings, const char *what_now)
{
    sc_event event = {.kind = SC_EVENT_NOTICE};
    snprintf(event.notice.kind, sizeof event.notice.kind, "ring");
    snprintf(event.notice.message, sizeof event.notice.message,
             "The file in which this plugin remembers what you play was removed. %s", what_now);
    sc_tell(rings->port, &event);
}

/* The audio thread is in the copy: that is the newest one now. */
static void end_move(sc_rings *rings, uint64_t now_us)
{
    sc_generation *copy = rings->copy, *left = rings->newest;
    copy->idle_us = left->idle_us;
    copy->calls = left->calls;
    copy->called_us = left->called_us;
    rings->copy = NULL;
    drop_copy(rings);
    retire(left, now_us);
    sc_rings_put(rings, copy);
    tell_removed(rings, "It is made again, and nothing is lost.");
}

void sc_rings_retire(sc_rings *rings, uint64_t now_us)
{
    if (atomic_load_explicit(&rings->move.state, memory_order_acquire) == SC_MOVE_TAKEN) end_move(rings, now_us);
    drop_copy(rings);
    if (rings->newest) retire(rings->newest, now_us);
}

static void remove_at(sc_rings *rings, sc_generation **place)
{
    sc_generation *gone = *place;
    *place = gone->older;
    release(rings, gone);
}

void sc_rings_clear(sc_rings *rings)
{
    drop_copy(rings);
    while (rings->newest) remove_at(rings, &rings->newest);
}

/* Old generations go once the daemon reads a newer one, or after 30 s. */
static void drop_retired(sc_rings *rings, uint64_t now_us)
{
    bool newer_attached = false;
    const uint32_t session = sc_session_of(rings->port);
    sc_generation **place = &rings->newest;
    if (*place && (*place)->idle_us && now_us - (*place)->idle_us >= IDLE_LIMIT_US) sc_rings_retire(rings, now_us);
    while (*place) {
        sc_generation *each = *place;
        const bool over = each->retired_us && (newer_attached || now_us - each->retired_us >= RETIRED_LIMIT_US);
        newer_attached = newer_attached || (each->attached && each->told_in == session);
        if (!over) {
            place = &each->older;
            continue;
        }
        uint8_t data[64];
        if (each->told_in == session)
            sc_say(rings->port, data, sc_encode_ring_closed(data, sizeof data, each->identity.generation));
        remove_at(rings, place);
    }
}

/* What the audio thread does in it ------------------------------------------------------------------------------ */

uint64_t sc_rings_calls(const sc_rings *rings)
{
    return rings->newest ? sc_ring_word(rings->newest->segment.base, SC_PROCESS_COUNT_OFFSET) : 0;
}

bool sc_rings_stamp(sc_rings *rings, uint64_t now_us)
{
    sc_generation *newest = rings->newest;
    const uint64_t calls = sc_rings_calls(rings);
    if (!newest) return false;
    if (calls == newest->calls) {
        const double longest_block_us = 1e6 * newest->identity.max_block_frames / newest->identity.sample_rate_hz;
        const uint64_t limit_us = SC_SUSPENDED_US + (uint64_t)longest_block_us;
        if (newest->called_us == 0 || newest->idle_us || now_us - newest->called_us < limit_us) return false;
        newest->called_us = 0; /* once for each time */
        return true;
    }
    newest->calls = calls;
    newest->called_us = now_us;
    sc_ring_stamp(newest->segment.base, now_us * 1000);
    return false;
}

/* Mending ------------------------------------------------------------------------------------------------------- */

static bool may_make(uint64_t now_us)
{
    static uint64_t made_us; /* there is one worker thread */
    if (now_us - made_us < MAKE_PAUSE_US) return false;
    made_us = now_us;
    return true;
}

void sc_rings_want(sc_rings *rings, const sc_ring_identity *wanted, uint64_t now_us)
{
    rings->wanted = *wanted;
    rings->retry_us = now_us + RETRY_INTERVAL_US;
}

sc_generation *sc_rings_retry(sc_rings *rings, uint64_t now_us)
{
    sc_generation *made = NULL;
    if (!(rings->wanted.sample_rate_hz > 0.0) || now_us < rings->retry_us || !may_make(now_us)) return NULL;
    rings->retry_us = now_us + RETRY_INTERVAL_US;
    sc_rings_make(rings, &rings->wanted, &made, rings->reason, sizeof rings->reason);
    return made;
}

static void begin_move(sc_rings *rings)
{
    char reason[SC_REASON_BYTES]; /* ends with what to do */
    if (sc_rings_make(rings, &rings->newest->identity, &rings->copy, reason, sizeof reason) == SC_OK) {
        rings->loss_told = false;
        return;
    }
    if (!rings->loss_told) tell_removed(rings, reason);
    rings->loss_told = true;
}

/* Whether the newest one's file is gone, looked at now and then, and another may be made. */
static bool is_lost(sc_rings *rings, uint64_t now_us)
{
    const sc_generation *newest = rings->newest;
    if (!newest || newest->retired_us || now_us < rings->look_us) return false;
    const bool lost = rings->look_us != 0 && !sc_segment_stands(&newest->segment);
    if (lost && !may_make(now_us)) return false;
    rings->look_us = now_us + LOOK_INTERVAL_US;
    return lost;
}

bool sc_rings_mend(sc_rings *rings, uint64_t now_us)
{
    switch ((sc_move_state)atomic_load_explicit(&rings->move.state, memory_order_acquire)) {
    case SC_MOVE_OFFERED: return true;
    case SC_MOVE_TAKEN: end_move(rings, now_us); return false;
    case SC_MOVE_MISSED: break;
    case SC_MOVE_NONE:
        if (!is_lost(rings, now_us)) return false;
        begin_move(rings);
        break;
    }
    if (rings->copy && sc_move_offer(&rings->move, &rings->newest->segment, &rings->copy->segment, &rings->copy->identity))
        return true;
    drop_copy(rings);
    return false;
}

/* What is said to the daemon, and what it says -------------------------------------------------------------------- */

static void announce(sc_rings *rings, uint64_t now_us)
{
    uint8_t data[256];
    sc_generation *newest = rings->newest;
    const uint32_t session = sc_session_of(rings->port);
    if (!newest || newest->told_in == session || now_us < newest->announce_us) return;
    const sc_ring_opened opened = {
        .segment = newest->segment.name,
        .generation = newest->identity.generation,
        .sample_rate_hz = newest->identity.sample_rate_hz,
        .channels = newest->identity.channels,
        .capacity_frames = newest->identity.capacity_frames,
    };
    if (!sc_say(rings->port, data, sc_encode_ring_opened(data, sizeof data, &opened))) return;
    newest->told_in = session;
    newest->attached = false;
}

void sc_rings_step(sc_rings *rings, uint64_t now_us)
{
    announce(rings, now_us);
    drop_retired(rings, now_us);
}

void sc_rings_attached(sc_rings *rings, const sc_event *event)
{
    for (sc_generation *each = rings->newest; each; each = each->older) {
        if (each->identity.generation != event->attached.generation || each->told_in != sc_session_of(rings->port)) continue;
        if (!each->attached) sc_tell(rings->port, event);
        each->attached = true;
        each->refused = false;
    }
}

/* What stood in the daemon's way may pass: a file that was removed is made again, descriptors become free. */
void sc_rings_refused(sc_rings *rings, const sc_event *event, uint64_t now_us)
{
    sc_generation *newest = rings->newest;
    if (!newest || newest->attached) {
        sc_tell(rings->port, event);
        return;
    }
    if (!newest->refused) sc_tell(rings->port, event);
    newest->refused = true;
    newest->told_in = 0;
    newest->announce_us = now_us + ANNOUNCE_AGAIN_US;
    if (rings->look_us > now_us) rings->look_us = now_us;
}

bool sc_rings_are_attached(const sc_rings *rings)
{
    const sc_generation *newest = rings->newest;
    return newest && newest->attached && newest->told_in == sc_session_of(rings->port);
}
