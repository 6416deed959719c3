#include "preview.h"

#include "segment.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_LIMIT_US 120000000u /* a download over a slow line may take as long */
#define CHUNK_FRAMES 2048u

static const char *state_name(sc_preview_state state)
{
    switch (state) {
    case SC_PREVIEW_NONE: return "ended";
    case SC_PREVIEW_LOADING:
    case SC_PREVIEW_WAITING: return "waiting";
    case SC_PREVIEW_PLAYING: return "playing";
    case SC_PREVIEW_MUTED: return "muted";
    }
    return "ended";
}

static void tell_failed(const sc_preview_link *link, uint64_t id, const char *code, const char *message)
{
    sc_tell_failed(link->port, SC_EVENT_PREVIEW_FAILED, id, code, message);
}

static void tell_ended(sc_preview_link *link, const char *code, const char *message)
{
    const sc_event *about = &link->about;
    sc_event event = {.kind = SC_EVENT_PREVIEW_ENDED, .id = about->id};
    memcpy(event.ended.target, about->opened.target, sizeof event.ended.target);
    snprintf(event.ended.code, sizeof event.ended.code, "%s", code);
    snprintf(event.ended.message, sizeof event.ended.message, "%s", message);
    sc_tell(link->port, &event);
}

/* The state of the newest preview. Until the audio thread has come to it, it waits. */
static sc_preview_state state_of(const sc_preview_link *link, uint64_t *heard_frames)
{
    sc_preview_state state;
    const uint32_t serial = sc_player_shown(link->player, &state, heard_frames);
    if (serial == link->serial) return state;
    *heard_frames = 0;
    return SC_PREVIEW_WAITING;
}

/* For the audio thread, which looks for commands only while its bell rings. */
static bool command(sc_preview_link *link, const sc_command *said)
{
    const bool taken = sc_player_tell(link->player, said);
    atomic_store_explicit(link->playing, true, memory_order_release);
    return taken;
}

static bool say_heard(sc_preview_link *link, const sc_preview_heard *heard)
{
    uint8_t data[160];
    return sc_say(link->port, data, sc_encode_preview_heard(data, sizeof data, heard));
}

static sc_preview_heard heard_now(const sc_preview_link *link, sc_preview_state state, uint64_t heard_frames)
{
    return (sc_preview_heard){.generation = link->ring.generation,
                              .copied_frames = link->copied_frames,
                              .heard_frames = heard_frames,
                              .state = state_name(state)};
}

/* Lets go of the Return Ring. What the audio thread still has of it, it fades out; the daemon hears of it in the next
   step, for this may be the main thread, and the socket is the worker's. */
static void close_preview(sc_preview_link *link, const char *code, const char *text)
{
    uint64_t heard_frames;
    if (!link->open) return;
    state_of(link, &heard_frames);
    const sc_command stop = {.kind = SC_COMMAND_STOP, .serial = link->serial};
    (void)command(link, &stop); /* no room: the host stands, and frames run out by themselves */
    link->farewell = heard_now(link, SC_PREVIEW_NONE, heard_frames);
    link->farewell_due = true;
    sc_segment_close(link->file);
    link->open = false;
    tell_ended(link, code, text);
}

static void forget_asked(sc_preview_link *link)
{
    link->asked_id = 0;
    atomic_store_explicit(link->loading, false, memory_order_relaxed);
}

static void fail_asked(sc_preview_link *link, const char *code, const char *text)
{
    const uint64_t id = link->asked_id;
    forget_asked(link);
    if (id) tell_failed(link, id, code, text);
}

void sc_preview_end(sc_preview_link *link, const char *code, const char *text)
{
    fail_asked(link, code, text);
    close_preview(link, code, text);
}

/* Asking ------------------------------------------------------------------------------------------------------- */

uint64_t sc_preview_ask(sc_preview_link *link, const sc_play *play, const char *target) SC_REALTIME
{
    for (int i = 0; i < SC_MAX_PLAYS; i++) {
        sc_play_slot *slot = &link->plays[i];
        if (!sc_slot_claim(&slot->state)) continue;
        const uint64_t id = atomic_fetch_add_explicit(&link->next_play_id, 1, memory_order_relaxed);
        slot->play = *play;
        slot->play.id = id;
        sc_utf8_copy(slot->play.target, sizeof slot->play.target, target, SIZE_MAX, SC_SHORT_CHARACTERS);
        atomic_store_explicit(link->loading, true, memory_order_relaxed);
        sc_slot_fill(&slot->state);
        return id;
    }
    return 0;
}

void sc_preview_ask_stop(sc_preview_link *link) SC_REALTIME
{
    atomic_store_explicit(&link->plays_stopped, atomic_load_explicit(&link->next_play_id, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&link->stop_asked, true, memory_order_release);
}

/* Opening ----------------------------------------------------------------------------------------------------- */

/* The Return Ring that the daemon named, or false with a sentence. */
static bool attach(sc_preview_link *link, const sc_opened *opened, char *reason, size_t reason_bytes)
{
    uint8_t header[SC_RETURN_HEADER_BYTES];
    char name[32];
    snprintf(reason, reason_bytes, "The preview is not for what this plugin plays now. Play it again.");
    if (!link->player->frames) return false;
    const uint8_t *id = link->instance_id;
    snprintf(name, sizeof name, "sdr.%02x%02x%02x%02x%02x%02x.%08x", id[0], id[1], id[2], id[3], id[4], id[5],
             (unsigned)(opened->generation & 0xFFFFFFFFu));
    if (strcmp(name, opened->segment) != 0) return false; /* no other path is ever opened */
    const intptr_t file = sc_segment_open(link->run_dir, name, reason, reason_bytes);
    if (file < 0) return false;
    const sc_return_wanted wanted = {.instance_id = link->instance_id,
                                     .generation = opened->generation,
                                     .sample_rate_hz = link->player->rate_hz,
                                     .channels = link->player->channels};
    if (sc_segment_read(file, 0, header, sizeof header) &&
        sc_return_check(header, sc_segment_bytes(file), &wanted, &link->ring)) {
        link->file = file;
        return true;
    }
    snprintf(reason, reason_bytes, "The preview does not fit this plugin's rate or channels. Play it again.");
    sc_segment_close(file);
    return false;
}

static void opened(sc_preview_link *link, const sc_event *event)
{
    char reason[SC_REASON_BYTES];
    if (event->id != 0 && event->id != link->asked_id) return; /* stopped, or replaced by a later play */
    close_preview(link, "replaced", "");
    link->farewell_due = false; /* the daemon knows: it made the new one in its place */
    link->about = *event;
    if (!attach(link, &event->opened, reason, sizeof reason)) {
        uint8_t data[64];
        sc_say(link->port, data, sc_encode_stop_preview(data, sizeof data));
        forget_asked(link);
        tell_failed(link, event->id, "unfit", reason);
        return;
    }
    forget_asked(link);
    link->serial++;
    link->open = true;
    link->begun = link->end_told = false;
    link->copied_frames = link->told_copied = 0;
    link->told_state = SC_PREVIEW_LOADING;
    link->begin = atomic_load_explicit(&link->player->written, memory_order_relaxed);
    sc_tell(link->port, &link->about);
}

void sc_preview_hear(sc_preview_link *link, const sc_event *event)
{
    switch (event->kind) {
    case SC_EVENT_PREVIEW_LOADING:
        if (event->id == link->asked_id) sc_tell(link->port, event);
        break;
    case SC_EVENT_PREVIEW_OPENED: opened(link, event); break;
    case SC_EVENT_PREVIEW_FAILED:
        if (event->id == link->asked_id) fail_asked(link, event->failed.code, event->failed.message);
        break;
    case SC_EVENT_PREVIEW_ENDED:
        if (link->open && event->ended.generation == link->ring.generation)
            close_preview(link, event->ended.code, event->ended.message);
        break;
    default: break; /* of something else */
    }
}

/* Copying ----------------------------------------------------------------------------------------------------- */

static uint64_t word(const uint8_t *words, uint32_t offset)
{
    uint64_t value;
    memcpy(&value, words + offset, sizeof value);
    return value;
}

/* Each word twice, keeping the harmless one: POSIX does not promise that pread copies eight bytes whole. */
static bool read_words(const sc_preview_link *link, sc_return_words *words)
{
    uint8_t early[SC_RETURN_END_OFFSET + 8], late[sizeof early];
    if (!sc_segment_read(link->file, 0, early, sizeof early) || !sc_segment_read(link->file, 0, late, sizeof late))
        return false;
#define SMALLER(OFFSET) (word(early, OFFSET) < word(late, OFFSET) ? word(early, OFFSET) : word(late, OFFSET))
    words->commit = SMALLER(SC_RETURN_COMMIT_OFFSET);
    words->reserve = word(late, SC_RETURN_RESERVE_OFFSET) > word(early, SC_RETURN_RESERVE_OFFSET)
                         ? word(late, SC_RETURN_RESERVE_OFFSET)
                         : word(early, SC_RETURN_RESERVE_OFFSET);
    words->end = word(early, SC_RETURN_END_OFFSET) == word(late, SC_RETURN_END_OFFSET)
                     ? word(late, SC_RETURN_END_OFFSET)
                     : UINT64_MAX;
#undef SMALLER
    atomic_thread_fence(memory_order_acquire); /* what `commit` announces is read after it */
    return sc_return_words_hold(words, link->copied_frames, link->ring.capacity_frames);
}

/* Whatever the daemon left there, what goes to people's monitors is finite and bounded. */
static void copy_safe(float *to, const float *from, size_t samples)
{
    for (size_t i = 0; i < samples; i++) {
        const float most = (float)SC_RETURN_MAX_PEAK;
        to[i] = isnan(from[i]) ? 0.0f : fmaxf(-most, fminf(most, from[i]));
    }
}

/* `count` frames, which neither here nor there wrap. */
static bool copy_span(sc_preview_link *link, uint64_t written, uint32_t count)
{
    static float chunk[CHUNK_FRAMES * SC_MAX_CHANNELS]; /* there is one worker thread */
    sc_player *player = link->player;
    const uint64_t place = link->copied_frames & (link->ring.capacity_frames - 1);
    const size_t frame_bytes = player->channels * sizeof(float);
    if (!sc_segment_read(link->file, SC_RETURN_HEADER_BYTES + place * frame_bytes, chunk, count * frame_bytes))
        return false;
    copy_safe(player->frames + (written & player->mask) * player->channels, chunk, (size_t)count * player->channels);
    link->copied_frames += count;
    return true;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Fills half of the player's memory: the other half is room for the preview that may replace this one. False when the
   Return Ring is not what it should be. */
static bool copy_ahead(sc_preview_link *link, sc_return_words *words)
{
    sc_player *player = link->player;
    const uint64_t size = player->mask + 1, overwritten_below = link->copied_frames + link->ring.capacity_frames;
    uint64_t written = atomic_load_explicit(&player->written, memory_order_relaxed);
    const uint64_t taken = atomic_load_explicit(&player->taken, memory_order_acquire);
    const uint64_t own = written - (taken > link->begin ? taken : link->begin);
    sc_return_words after;
    if (!read_words(link, words)) return false;
    uint64_t room = least(own < size / 2 ? size / 2 - own : 0, size - (written - taken));
    room = least(room, words->commit - link->copied_frames);
    if (room == 0) return true;
    while (room > 0) {
        const uint64_t unbroken = least(size - (written & player->mask),
                                        link->ring.capacity_frames -
                                            (link->copied_frames & (link->ring.capacity_frames - 1)));
        const uint32_t count = (uint32_t)least(least(room, unbroken), CHUNK_FRAMES);
        if (!copy_span(link, written, count)) return false;
        written += count;
        room -= count;
    }
    if (!read_words(link, &after) || after.reserve > overwritten_below) return false;
    atomic_store_explicit(&player->written, written, memory_order_release);
    return true;
}

/* Copies, and tells the audio thread of the beginning and the end once they are there. */
static void feed(sc_preview_link *link)
{
    sc_return_words words;
    if (!copy_ahead(link, &words)) {
        close_preview(link, "broken", "The preview's memory was not what it should be. Play it again.");
        return;
    }
    if (!link->begun && (link->copied_frames > 0 || words.end == 0)) {
        const sc_command begin = {
            .kind = SC_COMMAND_PLAY, .serial = link->serial, .at = link->begin, .at_bar = link->about.opened.at_bar};
        link->begun = command(link, &begin);
    }
    if (link->begun && !link->end_told && words.end == link->copied_frames) {
        const sc_command end = {
            .kind = SC_COMMAND_END, .serial = link->serial, .at = link->begin + link->copied_frames};
        link->end_told = command(link, &end);
    }
}

/* What is due -------------------------------------------------------------------------------------------------- */

static void send_play(sc_preview_link *link, const sc_play *play, uint64_t now_us)
{
    uint8_t data[sizeof(sc_play) + 128];
    if (link->asked_id) tell_failed(link, link->asked_id, "replaced", "");
    link->asked_id = play->id;
    link->asked_us = now_us;
    if (sc_say(link->port, data, sc_encode_play(data, sizeof data, play))) return;
    fail_asked(link, "no_daemon", "No daemon is there to play it. Start the Sidechain daemon.");
}

/* Only the last of several is worth anything. */
static void take_plays(sc_preview_link *link, uint64_t now_us)
{
    sc_play newest = {0};
    for (int i = 0; i < SC_MAX_PLAYS; i++) {
        sc_play_slot *slot = &link->plays[i];
        if (!sc_slot_is_full(&slot->state)) continue;
        const sc_play play = slot->play;
        sc_slot_empty(&slot->state);
        const sc_play *older = play.id > newest.id ? &newest : &play;
        if (older->id) tell_failed(link, older->id, "replaced", "");
        if (play.id > newest.id) newest = play;
    }
    if (newest.id == 0) return;
    if (newest.id >= atomic_load_explicit(&link->plays_stopped, memory_order_acquire))
        send_play(link, &newest, now_us);
    else tell_failed(link, newest.id, "stopped", "");
    if (link->asked_id == 0) forget_asked(link);
}

static void take_stop(sc_preview_link *link)
{
    uint8_t data[64];
    if (!atomic_exchange_explicit(&link->stop_asked, false, memory_order_acquire)) return;
    if (link->asked_id) sc_say(link->port, data, sc_encode_stop_preview(data, sizeof data));
    sc_preview_end(link, "stopped", "");
}

/* A preview lives no longer than the session in which it was asked for. */
static void follow_session(sc_preview_link *link)
{
    const uint32_t session = sc_session_of(link->port);
    if (session == link->session) return;
    if (link->session) sc_preview_end(link, "lost", "The connection to the daemon was lost.");
    link->session = session;
}

void sc_preview_step(sc_preview_link *link, uint64_t now_us)
{
    follow_session(link);
    take_stop(link);
    take_plays(link, now_us);
    if (link->farewell_due && say_heard(link, &link->farewell)) link->farewell_due = false;
    if (link->asked_id && now_us - link->asked_us > ANSWER_LIMIT_US)
        fail_asked(link, "no_answer", "The daemon did not answer. Play it again.");
    if (link->open) feed(link);
    if (!link->open) return;
    uint64_t heard_frames;
    const sc_preview_state state = state_of(link, &heard_frames);
    if (state == SC_PREVIEW_NONE) {
        /* A bounce ends it before its end. */
        const bool whole = link->end_told && heard_frames >= link->copied_frames;
        close_preview(link, whole ? "ended" : "offline",
                      whole ? "" : "The host rendered offline: previews are never part of a bounce.");
        return;
    }
    const bool moved = link->copied_frames != link->told_copied || state == SC_PREVIEW_MUTED;
    if (state == link->told_state && !(moved && now_us - link->told_us >= SC_HEARD_INTERVAL_US)) return;
    const sc_preview_heard heard = heard_now(link, state, heard_frames);
    if (!say_heard(link, &heard)) return;
    link->told_us = now_us;
    link->told_copied = link->copied_frames;
    link->told_state = state;
}
