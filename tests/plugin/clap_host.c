/* A CLAP host for tests: does what its standard input says, one line for each command, and answers each with one.

     open RATE LONGEST          creates, initializes and activates; "latency N" (0 without the extension)
     play IN OUT SPEED FILE     blocks as FILE lists them, of the frames in IN (raw float32, interleaved); what came out
                                goes to OUT; at most SPEED times real time; "played FRAMES calls N longest US": N calls
                                that a real-time thread must not make, counted in process() when built with TRAP;
                                US microseconds that the longest process() took
     idle                       a block of silence without transport, at real time
     set ID VALUE               with the next block
     get ID                     "text ..."
     save FILE / restore FILE   the state extension
     render 0|1                 1: offline
     reactivate RATE LONGEST
     track NAME                 the track is called so from now on (track-info); before the first, the host has no name
     window WIDTH HEIGHT SCALE  opens the plugin's window (built with WINDOW only)
     look MS                    runs the window's timer for that long
     resize WIDTH HEIGHT        as the plugin allows; "size W H"
     close-window
     click, move, scroll, key, type: frame.h
     close

   A line of the blocks' FILE:
     block FRAMES               and before it, for the transport at a frame of that block:
     at FRAME FLAGS BPM NUMERATOR DENOMINATOR PPQ BAR_START LOOP_START LOOP_END
   What it is not: it decides no positions; the test does, and knows the truth. */
#define _GNU_SOURCE
#include "clap/entry.h"
#include "clap/ext/audio-ports.h"
#include "clap/ext/latency.h"
#include "clap/ext/params.h"
#include "clap/ext/state.h"
#include "clap/plugin-factory.h"

#ifdef WINDOW
#  include "clap/ext/gui.h"
#  include "clap/ext/timer-support.h"
#  include "frame.h"
#endif

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef TRAP
#  include "trap.h"
#else
static void trap_arm(void) {}
static long trap_disarm(void) { return 0; }
#endif

#define MAX_EVENTS 32

typedef struct { bool (*has)(const clap_plugin_t *); bool (*set)(const clap_plugin_t *, int32_t); } render_extension;
typedef struct { uint64_t flags; char name[CLAP_NAME_SIZE]; uint8_t color[4]; int32_t channels; const char *port_type; } track_info;
typedef struct { bool (*get)(const clap_host_t *, track_info *); } host_track_info;
typedef struct { void (*changed)(const clap_plugin_t *); } plugin_track_info;
typedef union { clap_event_header_t header; clap_event_transport_t transport; clap_event_param_value_t value; } event;

static int channels;
static double rate_hz;
static uint32_t longest;
static const clap_plugin_t *plugin;
static event events[MAX_EVENTS];
static uint32_t event_count;

static void fail(const char *what)
{
    fprintf(stderr, "clap_host: %s\n", what);
    exit(1);
}

/* The host's side ---------------------------------------------------------------------------------------------- */

#ifdef WINDOW
static clap_id timer;
static bool register_timer(const clap_host_t *host, uint32_t period_ms, clap_id *id)
{
    (void)host; (void)period_ms;
    *id = ++timer;
    return true;
}
static bool unregister_timer(const clap_host_t *host, clap_id id) { (void)host; (void)id; timer = 0; return true; }
static void hints_changed(const clap_host_t *host) { (void)host; }
static bool resize(const clap_host_t *host, uint32_t width, uint32_t height) { (void)host; (void)width; (void)height; return true; }
static bool show_or_hide(const clap_host_t *host) { (void)host; return true; }
static void window_closed(const clap_host_t *host, bool destroyed) { (void)host; (void)destroyed; }
static const clap_host_gui_t host_gui = {hints_changed, resize, show_or_hide, show_or_hide, window_closed};
static const clap_host_timer_support_t timers = {register_timer, unregister_timer};
#endif

static char track[CLAP_NAME_SIZE];
static bool get_track(const clap_host_t *host, track_info *info)
{
    (void)host;
    *info = (track_info){.flags = track[0] ? 1 : 0};
    memcpy(info->name, track, sizeof track);
    return true;
}
static const host_track_info tracks = {get_track};

static const void *host_extension(const clap_host_t *host, const char *id)
{
    (void)host;
    if (strcmp(id, "clap.track-info/1") == 0) return &tracks;
#ifdef WINDOW
    if (strcmp(id, CLAP_EXT_TIMER_SUPPORT) == 0) return &timers;
    if (strcmp(id, CLAP_EXT_GUI) == 0) return &host_gui;
#endif
    return NULL;
}
static void host_request(const clap_host_t *host) { (void)host; }
static const clap_host_t host = {
    .clap_version = CLAP_VERSION_INIT, .name = "clap_host", .vendor = "Sidechain", .url = "", .version = "1",
    .get_extension = host_extension, .request_restart = host_request, .request_process = host_request,
    .request_callback = host_request,
};

static uint32_t events_size(const clap_input_events_t *list) { (void)list; return event_count; }
static const clap_event_header_t *events_get(const clap_input_events_t *list, uint32_t index)
{
    (void)list;
    return &events[index].header;
}
static bool push(const clap_output_events_t *list, const clap_event_header_t *given)
{
    (void)list; (void)given;
    return true;
}
static const clap_input_events_t in_events = {NULL, events_size, events_get};
static const clap_output_events_t out_events = {NULL, push};

static event *add_event(uint16_t type, uint32_t size, uint32_t time)
{
    if (event_count == MAX_EVENTS) fail("too many events for one block");
    event *added = &events[event_count++];
    memset(added, 0, sizeof *added);
    added->header = (clap_event_header_t){.size = size, .time = time, .space_id = CLAP_CORE_EVENT_SPACE_ID, .type = type};
    return added;
}

/* Blocks -------------------------------------------------------------------------------------------------------- */

static clap_beattime beats(double quarters) { return (clap_beattime)llround(quarters * (double)CLAP_BEATTIME_FACTOR); }

static double longest_us;

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static long run_block(float **in, float **out, uint32_t frames, const clap_event_transport_t *transport)
{
    clap_audio_buffer_t inputs = {.data32 = in, .channel_count = (uint32_t)channels};
    clap_audio_buffer_t outputs = {.data32 = out, .channel_count = (uint32_t)channels};
    const clap_process_t process = {
        .steady_time = -1, .frames_count = frames, .transport = transport, .audio_inputs = &inputs,
        .audio_outputs = &outputs, .audio_inputs_count = 1, .audio_outputs_count = 1, .in_events = &in_events,
        .out_events = &out_events,
    };
    const double begin_us = now_us();
    trap_arm();
    const clap_process_status status = plugin->process(plugin, &process);
    const long calls = trap_disarm();
    longest_us = fmax(longest_us, now_us() - begin_us);
    if (status == CLAP_PROCESS_ERROR) fail("process() failed");
    event_count = 0;
    return calls;
}

static void pace(const struct timespec *begin, double seconds)
{
    struct timespec until = *begin;
    until.tv_sec += (time_t)seconds;
    until.tv_nsec += (long)((seconds - floor(seconds)) * 1e9);
    if (until.tv_nsec >= 1000000000L) until.tv_sec++, until.tv_nsec -= 1000000000L;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static float *channel_buffers[4];

static void make_buffers(void)
{
    for (int i = 0; i < 2 * channels; i++) {
        free(channel_buffers[i]);
        channel_buffers[i] = calloc(longest + 1, sizeof(float));
    }
}

static void play(const char *in_path, const char *out_path, double speed, const char *blocks_path)
{
    FILE *in = fopen(in_path, "rb"), *out = fopen(out_path, "wb"), *blocks = fopen(blocks_path, "r");
    if (!in || !out || !blocks) fail("cannot open the files to play");
    float *frames_of_block = calloc((size_t)longest * (size_t)channels, sizeof(float));
    struct timespec begin;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    char line[512];
    long calls = 0;
    size_t played = 0;
    clap_event_transport_t at_start;
    bool told = false;
    longest_us = 0.0;
    while (fgets(line, sizeof line, blocks)) {
        unsigned at, flags, numerator, denominator, count;
        double bpm, ppq, bar_start, loop_start, loop_end;
        if (sscanf(line, "at %u %u %lf %u %u %lf %lf %lf %lf", &at, &flags, &bpm, &numerator, &denominator, &ppq,
                   &bar_start, &loop_start, &loop_end) == 9) {
            clap_event_transport_t *said = &at_start;
            if (at > 0) said = &add_event(CLAP_EVENT_TRANSPORT, sizeof *said, at)->transport;
            else {
                told = true;
                memset(said, 0, sizeof *said);
                said->header = (clap_event_header_t){sizeof *said, 0, CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_TRANSPORT, 0};
            }
            said->flags = flags;
            said->tempo = bpm;
            said->tsig_num = (uint16_t)numerator;
            said->tsig_denom = (uint16_t)denominator;
            said->song_pos_beats = beats(ppq);
            said->bar_start = beats(bar_start);
            said->loop_start_beats = beats(loop_start);
            said->loop_end_beats = beats(loop_end);
        } else if (sscanf(line, "block %u", &count) == 1) {
            if (count > longest || fread(frames_of_block, sizeof(float) * (size_t)channels, count, in) != count)
                fail("a block is too long, or there are not enough frames");
            for (unsigned i = 0; i < count; i++)
                for (int c = 0; c < channels; c++) channel_buffers[c][i] = frames_of_block[i * (unsigned)channels + (unsigned)c];
            calls += run_block(channel_buffers, channel_buffers + channels, count, told ? &at_start : NULL);
            for (unsigned i = 0; i < count; i++)
                for (int c = 0; c < channels; c++) frames_of_block[i * (unsigned)channels + (unsigned)c] = channel_buffers[channels + c][i];
            fwrite(frames_of_block, sizeof(float) * (size_t)channels, count, out);
            told = false;
            played += count;
            pace(&begin, (double)played / rate_hz / speed);
        } else fail(line);
    }
    free(frames_of_block);
    fclose(in);
    fclose(out);
    fclose(blocks);
    printf("played %zu calls %ld longest %.0f\n", played, calls, longest_us);
}

static void idle(void)
{
    struct timespec begin;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < channels; i++) memset(channel_buffers[i], 0, sizeof(float) * longest);
    run_block(channel_buffers, channel_buffers + channels, longest, NULL);
    pace(&begin, longest / rate_hz);
    puts("ok");
}

/* Parameters and state ------------------------------------------------------------------------------------------ */

static const void *extension(const char *id)
{
    const void *found = plugin->get_extension(plugin, id);
    if (!found) fail(id);
    return found;
}

static void get(clap_id id)
{
    const clap_plugin_params_t *params = extension(CLAP_EXT_PARAMS);
    double value;
    char text[256];
    if (!params->get_value(plugin, id, &value) || !params->value_to_text(plugin, id, value, text, sizeof text))
        fail("no such parameter");
    printf("text %s\n", text);
}

static int64_t stream_write(const clap_ostream_t *stream, const void *bytes, uint64_t count)
{
    return (int64_t)fwrite(bytes, 1, count, stream->ctx);
}

static int64_t stream_read(const clap_istream_t *stream, void *bytes, uint64_t count)
{
    return (int64_t)fread(bytes, 1, count, stream->ctx);
}

static void state(bool save, const char *path)
{
    const clap_plugin_state_t *states = extension(CLAP_EXT_STATE);
    FILE *file = fopen(path, save ? "wb" : "rb");
    if (!file) fail(path);
    const clap_ostream_t out = {file, stream_write};
    const clap_istream_t in = {file, stream_read};
    if (!(save ? states->save(plugin, &out) : states->load(plugin, &in))) fail("the state extension failed");
    fclose(file);
    puts("ok");
}

/* The window ---------------------------------------------------------------------------------------------------- */

#ifdef WINDOW
static void open_window(unsigned width, unsigned height, double scale)
{
    const clap_plugin_gui_t *gui = extension(CLAP_EXT_GUI);
    if (!gui->create(plugin, FRAME_API, false)) fail("the plugin makes no window");
    gui->set_scale(plugin, scale);
    const uintptr_t frame = frame_open(width, height);
    const clap_window_t parent = {.api = FRAME_API, .ptr = (void *)frame};
    if (!gui->set_parent(plugin, &parent) || !gui->set_size(plugin, width, height)) fail("the window does not fit");
    gui->show(plugin);
    puts("ok");
}

static void look(long ms)
{
    const clap_plugin_timer_support_t *plugin_timer = plugin->get_extension(plugin, CLAP_EXT_TIMER_SUPPORT); /* or the system's timers */
    for (long passed = 0; passed < ms; passed += 16) {
        struct timespec tick = {0, 16000000};
        if (plugin_timer) plugin_timer->on_timer(plugin, timer);
        frame_look();
        nanosleep(&tick, NULL);
    }
    puts("ok");
}

static void resize_window(unsigned width, unsigned height)
{
    const clap_plugin_gui_t *gui = extension(CLAP_EXT_GUI);
    uint32_t w = width, h = height;
    if (!gui->adjust_size(plugin, &w, &h) || !gui->set_size(plugin, w, h)) fail("the window cannot be resized");
    frame_resize(w, h);
    printf("size %u %u\n", w, h);
}

static void close_window(void)
{
    if (!frame_is_open()) return;
    const clap_plugin_gui_t *gui = extension(CLAP_EXT_GUI);
    gui->destroy(plugin);
    frame_close();
}
#else
static void close_window(void) {}
#endif

/* The plugin's life --------------------------------------------------------------------------------------------- */

static void start(void)
{
    make_buffers();
    if (!plugin->activate(plugin, rate_hz, 1, longest) || !plugin->start_processing(plugin)) fail("cannot activate");
}

static void stop(void)
{
    plugin->stop_processing(plugin);
    plugin->deactivate(plugin);
}

static void open_plugin(const clap_plugin_entry_t *entry)
{
    const clap_plugin_factory_t *factory = entry->get_factory(CLAP_PLUGIN_FACTORY_ID);
    const clap_plugin_descriptor_t *descriptor = factory->get_plugin_descriptor(factory, 0);
    plugin = factory->create_plugin(factory, &host, descriptor->id);
    if (!plugin || !plugin->init(plugin)) fail("cannot create the plugin");
    const clap_plugin_audio_ports_t *ports = extension(CLAP_EXT_AUDIO_PORTS);
    clap_audio_port_info_t info;
    if (ports->count(plugin, true) != 1 || !ports->get(plugin, 0, true, &info)) fail("not one input port");
    channels = (int)info.channel_count;
    start();
    const clap_plugin_latency_t *latency = plugin->get_extension(plugin, CLAP_EXT_LATENCY);
    printf("latency %u\n", latency ? latency->get(plugin) : 0);
}

static void close_plugin(void)
{
    if (!plugin) return;
    close_window();
    stop();
    plugin->destroy(plugin);
    plugin = NULL;
}

int main(int count, char **arguments)
{
    if (count != 2) fail("usage: clap_host PLUGIN.clap");
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) fail(dlerror());
    const clap_plugin_entry_t *entry = dlsym(library, "clap_entry");
    if (!entry || !entry->init(arguments[1])) fail("no CLAP entry");
    char line[4096], one[1024], two[1024], three[1024];
    double number;
    unsigned id, other = 0;
    (void)other;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "open %lf %u", &rate_hz, &longest) == 2) open_plugin(entry);
        else if (sscanf(line, "reactivate %lf %u", &rate_hz, &longest) == 2) stop(), start(), puts("ok");
        else if (sscanf(line, "play %1023s %1023s %lf %1023s", one, two, &number, three) == 4) play(one, two, number, three);
        else if (sscanf(line, "set %u %lf", &id, &number) == 2) {
            event *added = add_event(CLAP_EVENT_PARAM_VALUE, sizeof(clap_event_param_value_t), 0);
            added->value.param_id = id;
            added->value.value = number;
            added->value.note_id = added->value.port_index = added->value.channel = added->value.key = -1;
            puts("ok");
        } else if (strncmp(line, "track ", 6) == 0) {
            snprintf(track, sizeof track, "%.*s", (int)strcspn(line + 6, "\n"), line + 6);
            if (plugin) ((const plugin_track_info *)extension("clap.track-info/1"))->changed(plugin);
            puts("ok");
        } else if (sscanf(line, "get %u", &id) == 1) get(id);
        else if (sscanf(line, "save %1023s", one) == 1) state(true, one);
        else if (sscanf(line, "restore %1023s", one) == 1) state(false, one);
        else if (sscanf(line, "render %u", &id) == 1) {
            const render_extension *render = extension("clap.render");
            puts(render->set(plugin, (int32_t)id) ? "ok" : "refused");
        }
        else if (strncmp(line, "idle", 4) == 0) idle();
#ifdef WINDOW
        else if (sscanf(line, "window %u %u %lf", &id, &other, &number) == 3) open_window(id, other, number);
        else if (sscanf(line, "look %u", &id) == 1) look(id);
        else if (sscanf(line, "resize %u %u", &id, &other) == 2) resize_window(id, other);
        else if (strncmp(line, "close-window", 12) == 0) close_window(), puts("ok");
        else if (frame_obey(line)) {}
#endif
        else if (strncmp(line, "close", 5) == 0) close_plugin(), puts("ok");
        else fail(line);
        fflush(stdout);
    }
    close_plugin();
    entry->deinit();
    dlclose(library);
    for (int i = 0; i < 4; i++) free(channel_buffers[i]);
    return 0;
}
