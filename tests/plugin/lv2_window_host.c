/* An LV2 host for the plugin's window alone: silence runs through it, and its window stands in a frame of ours. Does what
   its standard input says, one line for each command, and answers each with one.

     window WIDTH HEIGHT SCALE  opens the window
     look MS                    audio and the window's idle calls, for that long
     resize WIDTH HEIGHT
     port INDEX                 "port VALUE" of a control, as the window or the plugin set it
     close                      the window; it may be opened again
     click, move, scroll, key, type: frame.h
   It gives a window what Ardour and jalv give one: instance and data access, options, a parent.
   Usage: lv2_window_host BUNDLE/NAME.so BUNDLE/ */
#define _GNU_SOURCE
#include "lv2/atom.h"
#include "lv2/buf-size.h"
#include "lv2/data-access.h"
#include "lv2/instance-access.h"
#include "lv2/lv2.h"
#include "lv2/options.h"
#include "lv2/parameters.h"
#include "lv2/ui.h"
#include "lv2/urid.h"

#include "frame.h"
#include "trap.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RATE_HZ 48000
#define BLOCK 512
#define PORTS 32
#define AUDIO_PORTS 4 /* two in, two out; then the events, then controls */

static float controls[PORTS], audio[AUDIO_PORTS][BLOCK];
static struct {
    LV2_Atom_Sequence sequence;
} events;
static const LV2_Descriptor *plugin;
static LV2_Handle handle;
static const LV2UI_Descriptor *ui;
static LV2UI_Handle window;
static const LV2UI_Idle_Interface *idler;

static void fail(const char *what)
{
    fprintf(stderr, "lv2_window_host: %s\n", what);
    exit(1);
}

static LV2_URID map(LV2_URID_Map_Handle ignored, const char *uri)
{
    static char *known[256];
    static LV2_URID count;
    (void)ignored;
    for (LV2_URID i = 0; i < count; i++)
        if (strcmp(known[i], uri) == 0) return i + 1;
    if (count == 256) fail("too many URIs");
    known[count++] = strdup(uri);
    return count;
}

static LV2_URID_Map urids = {NULL, map};
static const int32_t longest = BLOCK;
static const float rate = RATE_HZ;
static float scale = 1.0f;

static const LV2_Options_Option *options(void)
{
    static LV2_Options_Option list[4];
    list[0] = (LV2_Options_Option){LV2_OPTIONS_INSTANCE, 0, map(NULL, LV2_BUF_SIZE__maxBlockLength), sizeof longest,
                                   map(NULL, LV2_ATOM__Int), &longest};
    list[1] = (LV2_Options_Option){LV2_OPTIONS_INSTANCE, 0, map(NULL, LV2_PARAMETERS__sampleRate), sizeof rate,
                                   map(NULL, LV2_ATOM__Float), &rate};
    list[2] = (LV2_Options_Option){LV2_OPTIONS_INSTANCE, 0, map(NULL, LV2_UI__scaleFactor), sizeof scale,
                                   map(NULL, LV2_ATOM__Float), &scale};
    return list;
}

static void open_plugin(void *library, const char *bundle)
{
    const LV2_Feature map_feature = {LV2_URID__map, &urids}, option_feature = {LV2_OPTIONS__options, (void *)options()};
    const LV2_Feature *const features[] = {&map_feature, &option_feature, NULL};
    const LV2_Descriptor *(*find)(uint32_t) = (const LV2_Descriptor *(*)(uint32_t))dlsym(library, "lv2_descriptor");
    if (!find || !(plugin = find(0))) fail("no plugin");
    if (!(handle = plugin->instantiate(plugin, RATE_HZ, bundle, features))) fail("cannot make the plugin");
    controls[AUDIO_PORTS + 2] = 8.0f; /* bars */
    for (uint32_t i = 0; i < PORTS; i++)
        plugin->connect_port(handle, i, i < AUDIO_PORTS ? (void *)audio[i] : i == AUDIO_PORTS ? (void *)&events : &controls[i]);
    events.sequence.atom = (LV2_Atom){sizeof(LV2_Atom_Sequence_Body), map(NULL, LV2_ATOM__Sequence)};
    plugin->activate(handle);
}

static void written(LV2UI_Controller controller, uint32_t port, uint32_t bytes, uint32_t protocol, const void *value)
{
    (void)controller;
    if (protocol == 0 && bytes == sizeof(float) && port < PORTS) memcpy(&controls[port], value, sizeof(float));
}

static int resized(LV2UI_Feature_Handle ignored, int width, int height)
{
    (void)ignored; (void)width; (void)height;
    return 0;
}

static void open_window(void *library, const char *bundle, unsigned width, unsigned height)
{
    const unsigned long frame = frame_open(width, height);
    LV2_Extension_Data_Feature data = {plugin->extension_data};
    LV2UI_Resize resize = {NULL, resized};
    const LV2_Feature all[] = {{LV2_URID__map, &urids}, {LV2_OPTIONS__options, (void *)options()}, {LV2_UI__parent, (void *)frame},
                               {LV2_INSTANCE_ACCESS_URI, handle}, {LV2_DATA_ACCESS_URI, &data}, {LV2_UI__resize, &resize}};
    const LV2_Feature *const features[] = {&all[0], &all[1], &all[2], &all[3], &all[4], &all[5], NULL};
    const LV2UI_Descriptor *(*find)(uint32_t) = (const LV2UI_Descriptor *(*)(uint32_t))dlsym(library, "lv2ui_descriptor");
    LV2UI_Widget widget;
    if (!find || !(ui = find(0))) fail("no window");
    window = ui->instantiate(ui, plugin->URI, bundle, written, NULL, &widget, features);
    if (!window) fail("cannot make the window");
    idler = ui->extension_data(LV2_UI__idleInterface);
    if (!idler) fail("the window wants no idle calls");
    for (uint32_t i = AUDIO_PORTS + 1; i < PORTS; i++) ui->port_event(window, i, sizeof(float), 0, &controls[i]);
    frame_resize(width, height);
}

static long calls;

static void look(long ms)
{
    for (long passed = 0; passed < ms; passed += 11) {
        struct timespec tick = {0, 11000000};
        trap_arm();
        plugin->run(handle, BLOCK);
        calls += trap_disarm();
        if (window) idler->idle(window);
        nanosleep(&tick, NULL);
    }
}

static void close_window(void)
{
    if (!window) return;
    ui->cleanup(window);
    window = NULL;
    frame_close();
}

int main(int count, char **arguments)
{
    char line[4096];
    unsigned one, two;
    if (count != 3) fail("usage: lv2_window_host BUNDLE/NAME.so BUNDLE/");
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) fail(dlerror());
    open_plugin(library, arguments[2]);
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "window %u %u %f", &one, &two, &scale) == 3) open_window(library, arguments[2], one, two), puts("ok");
        else if (sscanf(line, "look %u", &one) == 1) look(one), puts("ok");
        else if (sscanf(line, "resize %u %u", &one, &two) == 2) frame_resize(one, two), puts("ok");
        else if (sscanf(line, "port %u", &one) == 1 && one < PORTS) printf("port %g\n", (double)controls[one]);
        else if (strncmp(line, "calls", 5) == 0) printf("calls %ld\n", calls);
        else if (strncmp(line, "close", 5) == 0) close_window(), puts("ok");
        else if (!frame_obey(line)) fail(line);
        fflush(stdout);
    }
    close_window();
    plugin->deactivate(handle);
    plugin->cleanup(handle);
    dlclose(library);
    return 0;
}
