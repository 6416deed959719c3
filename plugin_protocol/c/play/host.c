#define _GNU_SOURCE
#include "host.h"

#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RANDOM_BLOCK_FRAMES 2048u
#define WAIT_NS 1000000L

sc_result sp_host_activate(sp_host *host, double rate_hz)
{
    for (uint32_t i = 0; i < host->options->instances; i++) {
        sc_info info;
        const sc_result result =
            sc_client_activate(host->clients[i], rate_hz, host->wav->channels, host->max_block_frames);
        sc_client_info(host->clients[i], &info);
        if (result != SC_OK) {
            fprintf(stderr, "%s\n", info.reason);
            return result;
        }
        sp_say_ready(host->options->json, i, &info);
        if (i == 0) host->transport.generation = info.generation;
    }
    return SC_OK;
}

/* Pacing ------------------------------------------------------------------------------------------------------ */

typedef struct pace {
    struct timespec from;
    uint64_t from_frame;
    double ns_per_frame; /* 0: do not wait */
} pace;

static void pace_from(pace *pace, uint64_t frame, double rate_hz, double speed)
{
    clock_gettime(CLOCK_MONOTONIC, &pace->from);
    pace->from_frame = frame;
    pace->ns_per_frame = speed > 0.0 ? 1e9 / (rate_hz * speed) : 0.0;
}

/* Sleeps until `frame` is due on the absolute clock, so that no error adds up. */
static void pace_until(const pace *pace, uint64_t frame)
{
    if (pace->ns_per_frame <= 0.0) return;
    const double due = (double)(frame - pace->from_frame) * pace->ns_per_frame + (double)pace->from.tv_nsec;
    const struct timespec at = {
        .tv_sec = pace->from.tv_sec + (time_t)(due / 1e9),
        .tv_nsec = (long)(due - 1e9 * (double)(time_t)(due / 1e9)),
    };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) continue;
}

/* The audio thread -------------------------------------------------------------------------------------------- */

static void wait_for_main(sp_host *host)
{
    const struct timespec pause = {.tv_nsec = WAIT_NS};
    atomic_store(&host->wants_rate, true);
    while (atomic_load(&host->wants_rate) && !atomic_load(&host->quit)) nanosleep(&pause, NULL);
}

static void keep(sp_host *host, const sp_event *event)
{
    const bool bars = event->kind == SP_KEEP_BARS;
    const sc_result result = sc_client_keep(host->clients[0], bars ? (uint32_t)event->a : 0,
                                            bars ? 0.0 : event->a, event->post, event->title, NULL);
    if (result == SC_OK) atomic_fetch_add(&host->keeps_asked, 1);
    else fprintf(stderr, "keep: %s\n", sc_result_text(result));
}

static void preview(sp_host *host, const sp_event *event)
{
    if (event->kind == SP_PREVIEW_STOP) sc_client_stop_preview(host->clients[0]);
    if (event->kind != SP_PREVIEW) return;
    const sc_play_kind kind = event->a > 0.0 ? SC_PLAY_TAKE : SC_PLAY_ITEM;
    const sc_result result = sc_client_play(host->clients[0], kind, event->title, event->b > 0.0, NULL);
    if (result != SC_OK) fprintf(stderr, "preview: %s\n", sc_result_text(result));
}

/* Everything that happens at the present frame, before the block that begins with it. */
static void happen(sp_host *host, pace *pace)
{
    sp_transport *transport = &host->transport;
    const int command = atomic_exchange(&host->command, 0);
    if (command) sp_transport_apply(transport, &(sp_event){.kind = (sp_event_kind)(command - 1)});
    while (transport->next_event < host->script->count) {
        const sp_event *event = &host->script->events[transport->next_event];
        if (event->frame > transport->frame) return;
        transport->next_event++;
        if (event->kind == SP_KEEP_BARS || event->kind == SP_KEEP_SECONDS) keep(host, event);
        preview(host, event);
        sp_transport_apply(transport, event);
        if (event->kind != SP_RATE) continue;
        wait_for_main(host);
        pace_from(pace, transport->frame, transport->rate_hz, host->options->speed);
    }
}

static bool must_cut(const sp_script *script, sp_event_kind kind)
{
    return script->split || kind == SP_RATE || kind == SP_OFFLINE || kind == SP_RECORD || kind == SP_KEEP_BARS || kind == SP_KEEP_SECONDS;
}

/* How long the next block is: no further than the end, and in split mode no further than the next event or wrap. */
static uint32_t next_block(sp_host *host, uint64_t end_frame)
{
    const sp_transport *transport = &host->transport;
    uint64_t frames = host->script->block_frames;
    if (host->options->random_seed) {
        host->random ^= host->random << 13; /* Marsaglia's xorshift */
        host->random ^= host->random >> 17;
        host->random ^= host->random << 5;
        frames = host->random % (RANDOM_BLOCK_FRAMES + 1);
    }
    if (frames > end_frame - transport->frame) frames = end_frame - transport->frame;
    for (size_t i = transport->next_event; i < host->script->count; i++) {
        const sp_event *event = &host->script->events[i];
        if (event->frame >= transport->frame + frames) break;
        if (must_cut(host->script, event->kind)) frames = event->frame - transport->frame;
    }
    const uint64_t wrap = sp_transport_next_wrap(transport);
    if (host->script->split && wrap - transport->frame < frames) frames = wrap - transport->frame;
    return (uint32_t)frames;
}

/* The file from `frame` on, over its end from its beginning again. */
static void fill(sp_host *host, uint64_t frame, uint32_t frames)
{
    const sp_wav *wav = host->wav;
    uint64_t at = frame % wav->frames;
    for (uint32_t i = 0; i < frames; i++) {
        for (uint32_t channel = 0; channel < wav->channels; channel++)
            host->scratch[channel * host->max_block_frames + i] = wav->samples[at * wav->channels + channel];
        if (++at == wav->frames) at = 0;
    }
}

static void process(sp_host *host, uint32_t frames)
{
    float *out[2] = {host->scratch, host->scratch + host->max_block_frames};
    const float *const in[2] = {out[0], out[1]};
    sc_transport report;
    sp_transport_report(&host->transport, &report);
    const sc_transport *told = host->options->no_transport ? NULL : &report;
    for (uint32_t i = 0; i < host->options->instances; i++)
        if (host->transport.frame >= (uint64_t)i * host->options->stagger_frames)
            sc_client_process(host->clients[i], in, frames, told);
    sc_client_mix(host->clients[0], out, frames, told);
    for (uint32_t i = 0; host->output && i < frames; i++)
        for (uint32_t channel = 0; channel < host->wav->channels; channel++)
            fwrite(&out[channel][i], sizeof(float), 1, host->output);
}

static void play(sp_host *host, pace *pace, uint64_t end_frame, bool silent)
{
    while (host->transport.frame < end_frame && !atomic_load(&host->quit)) {
        happen(host, pace);
        const uint32_t frames = next_block(host, end_frame);
        if (silent) memset(host->scratch, 0, 2 * (size_t)host->max_block_frames * sizeof(float));
        else fill(host, host->transport.frame, frames);
        process(host, frames);
        sp_transport_play(&host->transport, host->script, host->transport.frame + frames);
        if (!silent) atomic_store(&host->played, host->transport.frame);
        pace_until(pace, host->transport.frame);
    }
}

static void *run(void *argument)
{
    sp_host *host = argument;
    pace pace;
    pace_from(&pace, 0, host->transport.rate_hz, host->options->speed);
    play(host, &pace, host->end_frame, false);
    if (host->transport.playing) sp_transport_apply(&host->transport, &(sp_event){.kind = SP_STOP});
    atomic_store(&host->finished, true);
    pace_from(&pace, host->transport.frame, host->transport.rate_hz, 1.0);
    if (host->options->hold) play(host, &pace, UINT64_MAX, true);
    return NULL;
}

bool sp_host_start(sp_host *host)
{
    host->end_frame = host->script->end_frame           ? host->script->end_frame
                      : host->options->repeat           ? host->wav->frames * host->options->repeat
                                                        : UINT64_MAX;
    host->random = host->options->random_seed;
    host->scratch = calloc(2 * (size_t)host->max_block_frames, sizeof(float));
    return host->scratch && pthread_create(&host->thread, NULL, run, host) == 0;
}

sc_result sp_host_serve(sp_host *host)
{
    if (!atomic_load(&host->wants_rate)) return SC_OK;
    const sc_result result = sp_host_activate(host, host->transport.rate_hz);
    atomic_store(&host->wants_rate, false);
    return result;
}

void sp_host_stop(sp_host *host)
{
    atomic_store(&host->quit, true);
    pthread_join(host->thread, NULL);
    free(host->scratch);
}
