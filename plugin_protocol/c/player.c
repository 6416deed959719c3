#include "player.h"

#include "layout_gen.h"
#include "platform.h"

#include <string.h>

#define FADE_IN_S 0.001  /* takes the edge off a first sample that is not zero, and leaves the attack of a drum */
#define FADE_OUT_S 0.008 /* of a stop, of the end, and before frames run out */
#define GAIN_SLEW_S 0.02 /* from silence to full scale, at the fastest */

void sc_player_open(sc_player *player, float *frames, uint64_t mask, uint32_t channels, double rate_hz)
{
    const unsigned gain = atomic_load_explicit(&player->gain_bits, memory_order_relaxed);
    /* Serials go on, so that what an older activation played is never taken for something new. */
    const uint64_t shown = atomic_load_explicit(&player->shown, memory_order_relaxed) & ~UINT64_C(0xFF);
    memset(player, 0, sizeof *player);
    atomic_init(&player->gain_bits, gain);
    atomic_init(&player->shown, shown | SC_PREVIEW_NONE);
    player->frames = frames;
    player->mask = mask;
    player->channels = channels;
    player->rate_hz = rate_hz;
}

bool sc_player_tell(sc_player *player, const sc_command *command)
{
    const unsigned head = atomic_load_explicit(&player->command_head, memory_order_relaxed);
    if (head - atomic_load_explicit(&player->command_tail, memory_order_acquire) == SC_COMMANDS) return false;
    player->commands[head % SC_COMMANDS] = *command;
    atomic_store_explicit(&player->command_head, head + 1, memory_order_release);
    return true;
}

uint32_t sc_player_shown(const sc_player *player, sc_preview_state *state, uint64_t *heard_frames)
{
    const uint64_t shown = atomic_load_explicit(&player->shown, memory_order_acquire);
    *state = (sc_preview_state)(shown & 0xFF);
    *heard_frames = atomic_load_explicit(&player->heard, memory_order_relaxed);
    return (uint32_t)(shown >> 8);
}

/* Commands ---------------------------------------------------------------------------------------------------- */

SC_AUDIO static void obey(sc_player *player, const sc_command *command)
{
    const bool is_current = command->serial == player->current.serial;
    switch (command->kind) {
    case SC_COMMAND_PLAY: /* at once when nothing plays, else after a short fade: next_up() */
        player->next = *command;
        player->next_end = UINT64_MAX;
        player->stopping = player->current.serial != 0;
        break;
    case SC_COMMAND_END:
        if (is_current) player->current_end = command->at;
        else if (command->serial == player->next.serial) player->next_end = command->at;
        break;
    case SC_COMMAND_STOP:
        if (is_current) player->stopping = true;
        else if (command->serial == player->next.serial) player->next.serial = 0;
        break;
    }
}

SC_AUDIO static void obey_all(sc_player *player)
{
    const unsigned head = atomic_load_explicit(&player->command_head, memory_order_acquire);
    unsigned tail = atomic_load_explicit(&player->command_tail, memory_order_relaxed);
    if (tail == head) return;
    while (tail != head) obey(player, &player->commands[tail++ % SC_COMMANDS]);
    atomic_store_explicit(&player->command_tail, tail, memory_order_release);
}

/* Time -------------------------------------------------------------------------------------------------------- */

/* No call of libm: it would be bound, and its page found, at the first bar. Magnitudes here fit 64 bits. */
SC_AUDIO static double down(double value)
{
    const double whole = (double)(int64_t)value;
    return whole > value ? whole - 1.0 : whole;
}

/* Frames until the next bar line, 0 when one is here; -1 when the host does not say, or stands. Without the bar's
   start, bars are counted from the project's. */
SC_AUDIO static int64_t frames_to_bar(const sc_transport *t, double rate_hz)
{
    const uint32_t needed =
        SC_TRANSPORT_PLAYING | SC_TRANSPORT_VALID_PPQ | SC_TRANSPORT_VALID_BPM | SC_TRANSPORT_VALID_METER;
    if (!t || (t->flags & needed) != needed || t->numerator == 0 || t->denominator == 0) return -1;
    if (!(t->bpm >= SC_MIN_BPM && t->bpm <= SC_MAX_BPM && t->ppq >= -SC_MAX_PPQ && t->ppq <= SC_MAX_PPQ)) return -1;
    const double bar = 4.0 * t->numerator / t->denominator, frames_per_quarter = 60.0 * rate_hz / t->bpm;
    const bool told = (t->flags & SC_TRANSPORT_VALID_BAR_START) && t->bar_start_ppq >= -SC_MAX_PPQ &&
                      t->bar_start_ppq <= SC_MAX_PPQ;
    const double from = t->ppq - (told ? t->bar_start_ppq : 0.0), into = from - down(from / bar) * bar;
    if (into * frames_per_quarter < 0.5) return 0;
    return (int64_t)((bar - into) * frames_per_quarter + 0.5);
}

/* Sound ------------------------------------------------------------------------------------------------------- */

SC_AUDIO static float lesser(float a, float b)
{
    return a < b ? a : b;
}

SC_AUDIO static float toward(float from, float to, float most)
{
    if (from < to) return lesser(to, from + most);
    return to > from - most ? to : from - most;
}

/* What plays has ended. Frames of it that are still queued are passed over. */
SC_AUDIO static void finish(sc_player *player)
{
    const uint64_t end =
        player->next.serial ? player->next.at : atomic_load_explicit(&player->written, memory_order_acquire);
    atomic_store_explicit(&player->taken, end, memory_order_release);
    player->state = SC_PREVIEW_NONE;
    player->current.at_bar = player->stopping = false;
    player->level = 0.0f;
}

/* Begins what waits, if nothing plays. */
SC_AUDIO static bool next_up(sc_player *player)
{
    if (player->state != SC_PREVIEW_NONE) return true;
    if (player->next.serial == 0) return false;
    player->current = player->next;
    player->current_end = player->next_end;
    player->next.serial = 0;
    player->heard_frames = 0;
    player->stopping = false;
    player->level = 0.0f;
    player->gain = -1.0f; /* taken over at once: nothing sounds yet */
    player->state = player->current.at_bar ? SC_PREVIEW_WAITING : SC_PREVIEW_PLAYING;
    atomic_store_explicit(&player->taken, player->current.at, memory_order_release);
    return true;
}

/* Adds up to `frames` frames from `at` of the block on. Returns how many passed; all of them when frames ran out. */
SC_AUDIO static uint32_t play(sc_player *player, float *const *channels, uint32_t at, uint32_t frames, bool muted)
{
    const uint64_t from = atomic_load_explicit(&player->taken, memory_order_relaxed);
    const uint64_t there = atomic_load_explicit(&player->written, memory_order_acquire);
    const uint64_t stop = there < player->current_end ? there : player->current_end;
    const uint64_t left = stop > from ? stop - from : 0;
    const uint32_t count = left < frames ? (uint32_t)left : frames;
    const unsigned gain_bits = atomic_load_explicit(&player->gain_bits, memory_order_relaxed);
    const float fade_in = (float)(1.0 / (FADE_IN_S * player->rate_hz)), slew = (float)(1.0 / (GAIN_SLEW_S * player->rate_hz));
    const float fade_out = (float)(1.0 / (FADE_OUT_S * player->rate_hz));
    const float target = player->stopping ? 0.0f : 1.0f;
    float wanted_gain;
    memcpy(&wanted_gain, &gain_bits, sizeof wanted_gain);
    if (player->gain < 0.0f) player->gain = wanted_gain;
    if (muted) player->level = 0.0f;
    uint32_t done = 0;
    if (muted && !player->stopping) done = count; /* not one frame may land in a recording: no fade */
    for (; done < count && !(player->stopping && player->level <= 0.0f); done++) {
        player->level = toward(player->level, target, player->stopping ? fade_out : fade_in);
        player->gain = toward(player->gain, wanted_gain, slew);
        const float ending = (float)(left - done) * fade_out; /* also when more is to come, but is not there yet */
        const float amount = player->gain * lesser(player->level, lesser(ending, 1.0f));
        const float *frame = player->frames + ((from + done) & player->mask) * player->channels;
        for (uint32_t c = 0; c < player->channels; c++) channels[c][at + done] += amount * frame[c];
    }
    player->heard_frames += done;
    atomic_store_explicit(&player->taken, from + done, memory_order_release);
    if (from + done == player->current_end || (player->stopping && player->level <= 0.0f)) {
        finish(player);
        return done;
    }
    if (done < frames) player->level = 0.0f; /* starved: it comes back with a fade */
    return frames;
}

SC_AUDIO static void show(sc_player *player)
{
    const uint64_t shown = (uint64_t)player->current.serial << 8 | player->state;
    atomic_store_explicit(&player->heard, player->heard_frames, memory_order_relaxed);
    atomic_store_explicit(&player->shown, shown, memory_order_release);
}

SC_AUDIO bool sc_player_is_idle(const sc_player *player) SC_REALTIME
{
    return player->state == SC_PREVIEW_NONE && player->next.serial == 0 &&
           atomic_load_explicit(&player->command_head, memory_order_acquire) ==
               atomic_load_explicit(&player->command_tail, memory_order_relaxed);
}

SC_AUDIO uint32_t sc_player_mix(sc_player *player, float *const *channels, uint32_t frames,
                                const sc_transport *transport) SC_REALTIME
{
    const uint32_t flags = transport ? transport->flags : 0;
    const bool muted = flags & SC_TRANSPORT_RECORDING;
    obey_all(player);
    if (!player->frames || (player->state == SC_PREVIEW_NONE && player->next.serial == 0)) return 0;
    if (flags & SC_TRANSPORT_OFFLINE) { /* a bounce: whatever would play is over, to the frame */
        if (player->next.serial) player->current = player->next;
        player->next.serial = 0;
        finish(player);
        show(player);
        return 0;
    }
    uint32_t added = 0;
    for (uint32_t at = 0; at < frames && next_up(player);) {
        if (player->state == SC_PREVIEW_WAITING) {
            if (player->stopping) {
                finish(player);
                continue;
            }
            const int64_t bar = frames_to_bar(transport, player->rate_hz);
            if (bar >= (int64_t)frames || (bar >= 0 && bar < (int64_t)at)) break; /* or it has just gone by */
            if (bar >= 0) at = (uint32_t)bar;
        }
        player->state = muted ? SC_PREVIEW_MUTED : SC_PREVIEW_PLAYING;
        const uint64_t before = player->heard_frames;
        at += play(player, channels, at, frames - at, muted);
        added += muted ? 0 : (uint32_t)(player->heard_frames - before);
    }
    show(player);
    return added;
}
