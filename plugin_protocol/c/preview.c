#include "preview.h"

#include "layout_gen.h"
#include "platform.h"

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

static bool say(sc_client *client, const uint8_t *data, size_t bytes)
{
    return client->session.state == SC_LINK_OPEN && bytes > 0 && sc_wire_send(client->session.wire, data, bytes);
}

static void tell_failed(sc_client *client, uint64_t id, const char *code, const char *message)
{
    sc_event event = {.kind = SC_EVENT_PREVIEW_FAILED, .id = id};
    snprintf(event.failed.code, sizeof event.failed.code, "%s", code);
    snprintf(event.failed.message, sizeof event.failed.message, "%s", message);
    sc_client_tell(client, &event);
}

static void tell_ended(sc_client *client, const char *code, const char *message)
{
    const sc_event *about = &client->preview.about;
    sc_event event = {.kind = SC_EVENT_PREVIEW_ENDED, .id = about->id};
    memcpy(event.ended.target, about->opened.target, sizeof event.ended.target);
    snprintf(event.ended.code, sizeof event.ended.code, "%s", code);
    snprintf(event.ended.message, sizeof event.ended.message, "%s", message);
    sc_client_tell(client, &event);
}

/* The state of the newest preview. Until the audio thread has come to it, it waits. */
static sc_preview_state state_of(const sc_client *client, uint64_t *heard_frames)
{
    sc_preview_state state;
    const uint32_t serial = sc_player_shown(&client->player, &state, heard_frames);
    if (serial == client->preview.serial) return state;
    *heard_frames = 0;
    return SC_PREVIEW_WAITING;
}

/* For the audio thread, which looks for commands only while its bell rings. */
static bool command(sc_client *client, const sc_command *said)
{
    const bool taken = sc_player_tell(&client->player, said);
    atomic_store_explicit(&client->audio.previewing, true, memory_order_release);
    return taken;
}

static bool say_heard(sc_client *client, const sc_preview_heard *heard)
{
    uint8_t data[160];
    return say(client, data, sc_encode_preview_heard(data, sizeof data, heard));
}

static sc_preview_heard heard_now(const sc_client *client, sc_preview_state state, uint64_t heard_frames)
{
    return (sc_preview_heard){.generation = client->preview.ring.generation,
                              .copied_frames = client->preview.copied_frames,
                              .heard_frames = heard_frames,
                              .state = state_name(state)};
}

/* Lets go of the Return Ring. What the audio thread still has of it, it fades out; the daemon hears of it in the next
   step, for this may be the main thread, and the socket is the worker's. */
static void close_preview(sc_client *client, const char *code, const char *text)
{
    sc_preview_link *link = &client->preview;
    uint64_t heard_frames;
    if (!link->open) return;
    state_of(client, &heard_frames);
    const sc_command stop = {.kind = SC_COMMAND_STOP, .serial = link->serial};
    (void)command(client, &stop); /* no room: the host stands, and frames run out by themselves */
    link->farewell = heard_now(client, SC_PREVIEW_NONE, heard_frames);
    link->farewell_due = true;
    sc_segment_close(link->fd);
    link->open = false;
    tell_ended(client, code, text);
}

static void forget_asked(sc_client *client)
{
    client->preview.asked_id = 0;
    atomic_store_explicit(&client->audio.preview_loading, false, memory_order_relaxed);
}

static void fail_asked(sc_client *client, const char *code, const char *text)
{
    const uint64_t id = client->preview.asked_id;
    forget_asked(client);
    if (id) tell_failed(client, id, code, text);
}

void sc_preview_end(sc_client *client, const char *code, const char *text)
{
    fail_asked(client, code, text);
    close_preview(client, code, text);
}

/* Opening ----------------------------------------------------------------------------------------------------- */

/* The Return Ring that the daemon named, or false with a sentence. */
static bool attach(sc_client *client, const sc_opened *opened, char *reason, size_t reason_bytes)
{
    uint8_t header[SC_RETURN_HEADER_BYTES];
    sc_preview_link *link = &client->preview;
    const sc_generation *newest = client->generations;
    char name[32];
    snprintf(reason, reason_bytes, "The preview is not for what this plugin plays now. Play it again.");
    if (!newest || newest->retired_us || !client->player.frames) return false;
    const uint8_t *id = client->hello.instance;
    snprintf(name, sizeof name, "sdr.%02x%02x%02x%02x%02x%02x.%08x", id[0], id[1], id[2], id[3], id[4], id[5],
             (unsigned)(opened->generation & 0xFFFFFFFFu));
    if (strcmp(name, opened->segment) != 0) return false; /* no other path is ever opened */
    const int fd = sc_segment_open(client->run_dir, name, reason, reason_bytes);
    if (fd < 0) return false;
    const sc_return_wanted wanted = {.instance_id = client->hello.instance,
                                     .generation = opened->generation,
                                     .sample_rate_hz = newest->identity.sample_rate_hz,
                                     .channels = newest->identity.channels};
    if (sc_segment_read(fd, 0, header, sizeof header) &&
        sc_return_check(header, sc_segment_bytes(fd), &wanted, &link->ring)) {
        link->fd = fd;
        return true;
    }
    snprintf(reason, reason_bytes, "The preview does not fit this plugin's rate or channels. Play it again.");
    sc_segment_close(fd);
    return false;
}

static void opened(sc_client *client, const sc_event *event)
{
    char reason[SC_REASON_BYTES];
    sc_preview_link *link = &client->preview;
    if (event->id != 0 && event->id != link->asked_id) return; /* stopped, or replaced by a later play */
    close_preview(client, "replaced", "");
    link->farewell_due = false; /* the daemon knows: it made the new one in its place */
    link->about = *event;
    if (!attach(client, &event->opened, reason, sizeof reason)) {
        uint8_t data[64];
        say(client, data, sc_encode_stop_preview(data, sizeof data));
        forget_asked(client);
        tell_failed(client, event->id, "unfit", reason);
        return;
    }
    forget_asked(client);
    link->serial++;
    link->open = true;
    link->begun = link->end_told = false;
    link->copied_frames = link->told_copied = 0;
    link->told_state = SC_PREVIEW_LOADING;
    link->begin = atomic_load_explicit(&client->player.written, memory_order_relaxed);
    sc_client_tell(client, &link->about);
}

void sc_preview_hear(sc_client *client, const sc_event *event)
{
    sc_preview_link *link = &client->preview;
    switch (event->kind) {
    case SC_EVENT_PREVIEW_LOADING:
        if (event->id == link->asked_id) sc_client_tell(client, event);
        break;
    case SC_EVENT_PREVIEW_OPENED: opened(client, event); break;
    case SC_EVENT_PREVIEW_FAILED:
        if (event->id == link->asked_id) fail_asked(client, event->failed.code, event->failed.message);
        break;
    case SC_EVENT_PREVIEW_ENDED:
        if (link->open && event->ended.generation == link->ring.generation)
            close_preview(client, event->ended.code, event->ended.message);
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
    if (!sc_segment_read(link->fd, 0, early, sizeof early) || !sc_segment_read(link->fd, 0, late, sizeof late))
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
static bool copy_span(sc_client *client, uint64_t written, uint32_t count)
{
    static float chunk[CHUNK_FRAMES * SC_MAX_CHANNELS]; /* there is one worker thread */
    sc_preview_link *link = &client->preview;
    sc_player *player = &client->player;
    const uint64_t place = link->copied_frames & (link->ring.capacity_frames - 1);
    const size_t frame_bytes = player->channels * sizeof(float);
    if (!sc_segment_read(link->fd, SC_RETURN_HEADER_BYTES + place * frame_bytes, chunk, count * frame_bytes))
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
static bool copy_ahead(sc_client *client, sc_return_words *words)
{
    sc_preview_link *link = &client->preview;
    sc_player *player = &client->player;
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
        if (!copy_span(client, written, count)) return false;
        written += count;
        room -= count;
    }
    if (!read_words(link, &after) || after.reserve > overwritten_below) return false;
    atomic_store_explicit(&player->written, written, memory_order_release);
    return true;
}

/* Copies, and tells the audio thread of the beginning and the end once they are there. */
static void feed(sc_client *client)
{
    sc_preview_link *link = &client->preview;
    sc_return_words words;
    if (!copy_ahead(client, &words)) {
        close_preview(client, "broken", "The preview's memory was not what it should be. Play it again.");
        return;
    }
    if (!link->begun && (link->copied_frames > 0 || words.end == 0)) {
        const sc_command begin = {
            .kind = SC_COMMAND_PLAY, .serial = link->serial, .at = link->begin, .at_bar = link->about.opened.at_bar};
        link->begun = command(client, &begin);
    }
    if (link->begun && !link->end_told && words.end == link->copied_frames) {
        const sc_command end = {
            .kind = SC_COMMAND_END, .serial = link->serial, .at = link->begin + link->copied_frames};
        link->end_told = command(client, &end);
    }
}

/* What is due -------------------------------------------------------------------------------------------------- */

static void send_play(sc_client *client, const sc_play *play, uint64_t now_us)
{
    uint8_t data[sizeof(sc_play) + 128];
    sc_preview_link *link = &client->preview;
    if (link->asked_id) tell_failed(client, link->asked_id, "replaced", "");
    link->asked_id = play->id;
    link->asked_us = now_us;
    if (say(client, data, sc_encode_play(data, sizeof data, play))) return;
    fail_asked(client, "no_daemon", "No daemon is there to play it. Start the Sidechain daemon.");
}

/* Only the last of several is worth anything. */
static void take_plays(sc_client *client, uint64_t now_us)
{
    sc_play newest = {0};
    for (int i = 0; i < SC_MAX_PLAYS; i++) {
        sc_play_slot *slot = &client->plays[i];
        if (atomic_load_explicit(&slot->state, memory_order_acquire) != SC_SLOT_FULL) continue;
        const sc_play play = slot->play;
        atomic_store_explicit(&slot->state, SC_SLOT_FREE, memory_order_release);
        const sc_play *older = play.id > newest.id ? &newest : &play;
        if (older->id) tell_failed(client, older->id, "replaced", "");
        if (play.id > newest.id) newest = play;
    }
    if (newest.id == 0) return;
    if (newest.id >= atomic_load_explicit(&client->plays_stopped, memory_order_acquire))
        send_play(client, &newest, now_us);
    else tell_failed(client, newest.id, "stopped", "");
    if (client->preview.asked_id == 0) forget_asked(client);
}

static void take_stop(sc_client *client)
{
    uint8_t data[64];
    if (!atomic_exchange_explicit(&client->stop_asked, false, memory_order_acquire)) return;
    if (client->preview.asked_id) say(client, data, sc_encode_stop_preview(data, sizeof data));
    sc_preview_end(client, "stopped", "");
}

void sc_preview_step(sc_client *client, uint64_t now_us)
{
    sc_preview_link *link = &client->preview;
    take_stop(client);
    take_plays(client, now_us);
    if (link->farewell_due && say_heard(client, &link->farewell)) link->farewell_due = false;
    if (link->asked_id && now_us - link->asked_us > ANSWER_LIMIT_US)
        fail_asked(client, "no_answer", "The daemon did not answer. Play it again.");
    if (link->open) feed(client);
    if (!link->open) return;
    uint64_t heard_frames;
    const sc_preview_state state = state_of(client, &heard_frames);
    if (state == SC_PREVIEW_NONE) {
        /* A bounce ends it before its end. */
        const bool whole = link->end_told && heard_frames >= link->copied_frames;
        close_preview(client, whole ? "ended" : "offline",
                      whole ? "" : "The host rendered offline: previews are never part of a bounce.");
        return;
    }
    const bool moved = link->copied_frames != link->told_copied || state == SC_PREVIEW_MUTED;
    if (state == link->told_state && !(moved && now_us - link->told_us >= SC_HEARD_INTERVAL_US)) return;
    const sc_preview_heard heard = heard_now(client, state, heard_frames);
    if (!say_heard(client, &heard)) return;
    link->told_us = now_us;
    link->told_copied = link->copied_frames;
    link->told_state = state;
}
