/* sidechain-play: see options.c for what it does. This file makes the clients, starts the host and passes on what
   standard input, the daemon and signals say. */
#define _GNU_SOURCE
#include "host.h"
#include "output.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUND_MS 5
#define ANSWERS_MS 12000 /* the client answers every keep within 10 s */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One performance, as the main thread sees it. */
typedef struct session {
    const sp_options *options;
    sp_host host;
    sc_client *clients[SC_MAX_INSTANCES];
    bool attached[SC_MAX_INSTANCES];
    unsigned keeps_asked; /* on standard input */
    unsigned answers;
    bool input_open;
    bool quit;
    char line[512];
    size_t line_bytes;
} session;

static bool make_clients(session *s)
{
    const sc_config config = {
        .size = sizeof config,
        .history_frames = s->options->history_frames,
        .run_dir = s->options->run_dir,
        .record_only = s->options->record_only,
        .plugin_path = "sidechain-play",
        .host_name = s->options->host_name,
    };
    for (uint32_t i = 0; i < s->options->instances; i++) {
        const sc_result result = sc_client_create(&config, &s->clients[i]);
        if (result != SC_OK) {
            fprintf(stderr, "%s\n", sc_result_text(result));
            return false;
        }
        sc_client_set_preview_gain(s->clients[i], s->options->preview_gain_db);
    }
    return true;
}

static void obey(session *s, const char *line)
{
    sp_event event;
    if (strcmp(line, "quit") == 0) s->quit = true;
    else if (strcmp(line, "stop") == 0) atomic_store(&s->host.command, 1 + SP_STOP);
    else if (strcmp(line, "play") == 0) atomic_store(&s->host.command, 1 + SP_PLAY);
    else if (strncmp(line, "track ", 6) == 0)
        for (uint32_t i = 0; i < s->options->instances; i++) sc_client_set_track_name(s->clients[i], line + 6);
    else if (sp_parse_keep(line, &event)) {
        const bool bars = event.kind == SP_KEEP_BARS;
        const sc_result result = sc_client_keep(s->clients[0], bars ? (uint32_t)event.a : 0, bars ? 0.0 : event.a,
                                                event.post, event.title, NULL);
        if (result == SC_OK) s->keeps_asked++;
        else fprintf(stderr, "keep: %s\n", sc_result_text(result));
    } else if (sp_parse_preview(line, &event)) {
        if (event.kind == SP_PREVIEW_STOP) sc_client_stop_preview(s->clients[0]);
        else sc_client_play(s->clients[0], event.a > 0.0 ? SC_PLAY_TAKE : SC_PLAY_ITEM, event.title, event.b > 0.0, NULL);
    } else if (*line) {
        fprintf(stderr, "\"%.80s\" is not understood; --help lists the commands.\n", line);
    }
}

/* Of a line that is longer than any command the beginning is taken, which is none. */
static void take_input(session *s)
{
    char more[256];
    const ssize_t got = read(STDIN_FILENO, more, sizeof more);
    s->input_open = got > 0;
    for (ssize_t i = 0; i < got; i++) {
        if (more[i] != '\n') {
            if (s->line_bytes < sizeof s->line - 1) s->line[s->line_bytes++] = more[i];
            continue;
        }
        s->line[s->line_bytes] = '\0';
        s->line_bytes = 0;
        if (s->options->read_stdin) obey(s, s->line);
    }
}

/* One look at everything that may have happened, waiting for at most ROUND_MS. */
static void look_around(session *s)
{
    sc_event event;
    struct pollfd input = {.fd = s->input_open ? STDIN_FILENO : -1, .events = POLLIN};
    if (poll(&input, 1, ROUND_MS) > 0 && input.revents) take_input(s);
    for (uint32_t i = 0; i < s->options->instances; i++) {
        while (sc_client_poll_event(s->clients[i], &event)) {
            if (event.kind == SC_EVENT_ATTACHED) s->attached[i] = true;
            if (event.kind == SC_EVENT_KEPT || event.kind == SC_EVENT_KEEP_FAILED) s->answers++;
            sp_say_event(s->options->json, i, &event);
        }
    }
}

static bool all_attached(const session *s)
{
    for (uint32_t i = 0; i < s->options->instances; i++)
        if (!s->attached[i]) return false;
    return true;
}

static bool wait_attached(session *s)
{
    const int64_t until_ms = now_ms() + (int64_t)(s->options->wait_attached_s * 1000.0);
    while (!all_attached(s) && now_ms() < until_ms && !interrupted && !s->quit) look_around(s);
    return all_attached(s) || s->options->wait_attached_s <= 0.0;
}

static int play(session *s)
{
    sc_result result = SC_OK;
    bool said = false;
    if (!sp_host_start(&s->host)) {
        fputs("The audio thread cannot be started.\n", stderr);
        return SP_NO_RING;
    }
    for (;;) {
        look_around(s);
        if (result == SC_OK) result = sp_host_serve(&s->host);
        const bool finished = atomic_load(&s->host.finished);
        if (finished && !said) sp_say_played(s->options->json, atomic_load(&s->host.played));
        said = finished;
        if (s->quit || interrupted || result != SC_OK) break;
        if (finished && !(s->options->hold && s->input_open)) break;
    }
    sp_host_stop(&s->host);
    const int64_t until_ms = now_ms() + ANSWERS_MS;
    while (s->answers < s->keeps_asked + atomic_load(&s->host.keeps_asked) && now_ms() < until_ms && !interrupted)
        look_around(s);
    if (!said) sp_say_played(s->options->json, atomic_load(&s->host.played));
    return result == SC_OK ? SP_DONE : SP_NO_RING;
}

static int perform(session *s, const sp_script *script, const sp_wav *wav)
{
    s->host = (sp_host){
        .options = s->options,
        .script = script,
        .wav = wav,
        .clients = s->clients,
        .max_block_frames = s->options->random_seed && script->block_frames < 2048 ? 2048 : script->block_frames,
    };
    if (s->options->truth_path && !(s->host.truth.file = fopen(s->options->truth_path, "w"))) {
        fprintf(stderr, "%s cannot be written.\n", s->options->truth_path);
        return SP_BAD_FILE;
    }
    if (s->options->output_path && !(s->host.output = fopen(s->options->output_path, "wb"))) {
        fprintf(stderr, "%s cannot be written.\n", s->options->output_path);
        return SP_BAD_FILE;
    }
    sp_transport_start(&s->host.transport, script, wav->rate_hz, &s->host.truth);
    s->input_open = s->options->read_stdin || s->options->hold;
    int code = SP_NO_RING;
    if (make_clients(s) && sp_host_activate(&s->host, wav->rate_hz) == SC_OK) {
        code = SP_NOT_ATTACHED;
        if (wait_attached(s)) code = play(s);
        else fprintf(stderr, "The daemon did not attach the Ring within %g s.\n", s->options->wait_attached_s);
    }
    for (uint32_t i = 0; i < s->options->instances; i++) sc_client_destroy(s->clients[i]);
    if (s->host.truth.file) fclose(s->host.truth.file);
    if (s->host.output) fclose(s->host.output);
    return code;
}

int main(int argc, char **argv)
{
    static session s;
    sp_options options;
    sp_script script;
    sp_wav wav;
    char wrong[256];
    int code = sp_options_read(argc, argv, &options);
    if (code >= 0) return code;
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    const char *bad_wav = sp_wav_read(options.wav_path, &wav);
    if (bad_wav) {
        fprintf(stderr, "%s cannot be played. %s\n", options.wav_path, bad_wav);
        return SP_BAD_FILE;
    }
    sp_script_default(&script);
    if (options.script_path && !sp_script_read(options.script_path, wav.rate_hz, &script, wrong, sizeof wrong)) {
        fprintf(stderr, "%s\n", wrong);
        code = SP_BAD_USAGE;
    } else {
        sp_options_apply(&options, &script);
        s.options = &options;
        code = perform(&s, &script, &wav);
    }
    sp_script_free(&script);
    sp_wav_free(&wav);
    return code;
}
