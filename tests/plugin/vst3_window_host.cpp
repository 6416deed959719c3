/* A VST3 host for the plugin's window: noise runs through it under a rolling transport, and its window stands in a frame of
   ours. What a pointer does in the window comes from the X server, as from a hand. One line for each command, and one
   answer for each:

     play FILE FRAMES           interleaved stereo float32, at 16 times real time, 4/4 at 120 BPM from the project's start;
                                answers "exact 1" when the output was the input to the bit
     window WIDTH HEIGHT SCALE  opens the window
     look MS                    silence and the window's timer, for that long
     edited                     "edited ID VALUE": the parameter that the window changed last, normalized
     calls                      "calls N": of what a real-time thread must not call, in all process() so far (tests/native/trap.c)
     close                      the window; it may be opened again
   Usage: vst3_window_host BINARY */
#include "travesty/audio_processor.h"
#include "travesty/component.h"
#include "travesty/edit_controller.h"
#include "travesty/factory.h"
#include "travesty/host.h"
#include "travesty/message.h"
#include "travesty/view.h"

extern "C" {
#include "frame.h"
#include "trap.h"
}

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr double kRateHz = 48000.0, kQuarterFrames = 24000.0, kSpeed = 16.0;
constexpr uint32_t kBlock = 512;

[[noreturn]] void fail(const char *what)
{
    std::fprintf(stderr, "vst3_window_host: %s\n", what);
    std::exit(1);
}

/* What the plugin asks of its host ------------------------------------------------------------------------------ */

/* An interface as VST3 lays it out: a table of functions, then ours. Nothing here is ever freed by a count. */
template <class Table> struct Object : Table {
    Object()
    {
        this->query_interface = [](void *, const v3_tuid, void **found) -> v3_result { return *found = nullptr, V3_NO_INTERFACE; };
        this->ref = this->unref = [](void *) -> uint32_t { return 1; };
    }
    template <class To> static To &of(void *self) { return **static_cast<To **>(self); }
};

struct Attributes : Object<v3_attribute_list_cpp> {
    std::map<std::string, int64_t> whole;
    std::map<std::string, double> real;
    Attributes()
    {
        attrlist = {};
        attrlist.set_int = [](void *self, const char *id, int64_t value) -> v3_result { return of<Attributes>(self).whole[id] = value, V3_OK; };
        attrlist.set_float = [](void *self, const char *id, double value) -> v3_result { return of<Attributes>(self).real[id] = value, V3_OK; };
        attrlist.get_int = [](void *self, const char *id, int64_t *value) -> v3_result {
            auto &known = of<Attributes>(self).whole;
            return known.count(id) ? (*value = known[id], V3_OK) : V3_INVALID_ARG;
        };
        attrlist.get_float = [](void *self, const char *id, double *value) -> v3_result {
            auto &known = of<Attributes>(self).real;
            return known.count(id) ? (*value = known[id], V3_OK) : V3_INVALID_ARG;
        };
    }
};

struct Message : Object<v3_message_cpp> {
    std::string id;
    Attributes attributes, *list = &attributes;
    Message *self = this;
    Message()
    {
        msg.get_message_id = [](void *self) { return of<Message>(self).id.c_str(); };
        msg.set_message_id = [](void *self, const char *id) { of<Message>(self).id = id; };
        msg.get_attributes = [](void *self) { return reinterpret_cast<v3_attribute_list **>(&of<Message>(self).list); };
        unref = [](void *self) -> uint32_t { return delete &of<Message>(self), 0; };
    }
};

struct Application : Object<v3_host_application_cpp> {
    Application()
    {
        query_interface = [](void *self, const v3_tuid iid, void **found) -> v3_result {
            *found = v3_tuid_match(iid, v3_host_application_iid) ? self : nullptr;
            return *found ? V3_OK : V3_NO_INTERFACE;
        };
        app.get_name = [](void *, v3_str_128 name) -> v3_result {
            for (int i = 0; i < 7; i++) name[i] = "window"[i];
            return V3_OK;
        };
        app.create_instance = [](void *, v3_tuid, v3_tuid, void **made) -> v3_result { return *made = &(new Message)->self, V3_OK; };
    }
} application, *application_pointer = &application;

struct HandlerTable : v3_funknown {
    v3_component_handler handler;
};

struct Handler : Object<HandlerTable> {
    v3_param_id id = 0;
    double value = -1.0;
    Handler()
    {
        handler.begin_edit = handler.end_edit = [](void *, v3_param_id) -> v3_result { return V3_OK; };
        handler.perform_edit = [](void *self, v3_param_id id, double value) -> v3_result {
            of<Handler>(self).id = id;
            of<Handler>(self).value = value;
            return V3_OK;
        };
        handler.restart_component = [](void *, int32_t) -> v3_result { return V3_OK; };
    }
} handler, *handler_pointer = &handler;

struct RunLoop : Object<v3_run_loop_cpp> {
    v3_timer_handler **timer = nullptr;
    RunLoop()
    {
        loop.register_event_handler = [](void *, v3_event_handler **, int) -> v3_result { return V3_OK; };
        loop.unregister_event_handler = [](void *, v3_event_handler **) -> v3_result { return V3_OK; };
        loop.register_timer = [](void *self, v3_timer_handler **timer, uint64_t) -> v3_result { return of<RunLoop>(self).timer = timer, V3_OK; };
        loop.unregister_timer = [](void *self, v3_timer_handler **) -> v3_result { return of<RunLoop>(self).timer = nullptr, V3_OK; };
    }
} run_loop, *run_loop_pointer = &run_loop;

struct Frame : Object<v3_plugin_frame_cpp> {
    Frame()
    {
        query_interface = [](void *, const v3_tuid iid, void **found) -> v3_result {
            *found = v3_tuid_match(iid, v3_run_loop_iid) ? &run_loop_pointer : nullptr;
            return *found ? V3_OK : V3_NO_INTERFACE;
        };
        frame.resize_view = [](void *, v3_plugin_view **, v3_view_rect *) -> v3_result { return V3_OK; };
    }
} frame, *frame_pointer = &frame;

/* The plugin ---------------------------------------------------------------------------------------------------- */

v3_component **component;
v3_audio_processor **processor;
v3_edit_controller **controller;
v3_plugin_view **view;

template <class To> v3_funknown **unknown(To **object) { return reinterpret_cast<v3_funknown **>(object); }

void open_plugin(void *library)
{
    const auto enter = reinterpret_cast<bool (*)(void *)>(dlsym(library, "ModuleEntry"));
    const auto get = reinterpret_cast<v3_plugin_factory **(*)()>(dlsym(library, "GetPluginFactory"));
    v3_class_info info;
    if (!enter || !get || !enter(library)) fail("no VST3 binary");
    v3_plugin_factory **factory = get();
    if (v3_cpp_obj(factory)->get_class_info(factory, 0, &info) != V3_OK ||
        v3_cpp_obj(factory)->create_instance(factory, info.class_id, v3_component_iid, reinterpret_cast<void **>(&component)) != V3_OK ||
        v3_cpp_obj_initialize(component, unknown(&application_pointer)) != V3_OK ||
        v3_cpp_obj_query_interface(component, v3_audio_processor_iid, &processor) != V3_OK ||
        v3_cpp_obj_query_interface(component, v3_edit_controller_iid, &controller) != V3_OK ||
        v3_cpp_obj_initialize(controller, unknown(&application_pointer)) != V3_OK)
        fail("no VST3 plugin");
    v3_cpp_obj(controller)->set_component_handler(controller, reinterpret_cast<v3_component_handler **>(&handler_pointer));
    v3_process_setup setup = {V3_REALTIME, V3_SAMPLE_32, kBlock, kRateHz};
    for (int direction : {V3_INPUT, V3_OUTPUT}) v3_cpp_obj(component)->activate_bus(component, V3_AUDIO, direction, 0, true);
    if (v3_cpp_obj(processor)->setup_processing(processor, &setup) != V3_OK || v3_cpp_obj(component)->set_active(component, true) != V3_OK)
        fail("no activation");
    v3_cpp_obj(processor)->set_processing(processor, true);
}

long calls;

void process(float **in, float **out, uint32_t frames, int64_t at, bool playing)
{
    v3_audio_bus_buffers inputs = {}, outputs = {};
    inputs.num_channels = outputs.num_channels = 2;
    inputs.channel_buffers_32 = in;
    outputs.channel_buffers_32 = out;
    v3_process_context context = {};
    context.state = V3_PROCESS_CTX_PROJECT_TIME_VALID | V3_PROCESS_CTX_TEMPO_VALID | V3_PROCESS_CTX_BAR_POSITION_VALID |
                    V3_PROCESS_CTX_TIME_SIG_VALID | (playing ? uint32_t{V3_PROCESS_CTX_PLAYING} : 0u);
    context.sample_rate = kRateHz;
    context.project_time_in_samples = at;
    context.project_time_quarters = static_cast<double>(at) / kQuarterFrames;
    context.bar_position_quarters = static_cast<double>(at / static_cast<int64_t>(4 * kQuarterFrames)) * 4.0;
    context.bpm = 120.0;
    context.time_sig_numerator = context.time_sig_denom = 4;
    v3_process_data block = {};
    block.process_mode = V3_REALTIME;
    block.nframes = static_cast<int32_t>(frames);
    block.num_input_buses = block.num_output_buses = 1;
    block.inputs = &inputs;
    block.outputs = &outputs;
    block.ctx = &context;
    trap_arm();
    const v3_result done = v3_cpp_obj(processor)->process(processor, &block);
    calls += trap_disarm();
    if (done != V3_OK) fail("process() failed");
}

int64_t played; /* frames since the project's start */

void play(const char *path, uint32_t frames)
{
    std::ifstream file(path, std::ios::binary);
    float mixed[kBlock * 2], memory[4][kBlock], *in[2] = {memory[0], memory[1]}, *out[2] = {memory[2], memory[3]};
    bool exact = true;
    const auto began = std::chrono::steady_clock::now();
    for (uint32_t done = 0; done < frames;) {
        const uint32_t count = frames - done < kBlock ? frames - done : kBlock;
        if (!file.read(reinterpret_cast<char *>(mixed), sizeof(float) * 2 * count)) fail("too little to play");
        for (uint32_t i = 0; i < count; i++) memory[0][i] = mixed[2 * i], memory[1][i] = mixed[2 * i + 1];
        process(in, out, count, played, true);
        for (int side : {0, 1}) exact = exact && std::memcmp(in[side], out[side], sizeof(float) * count) == 0;
        done += count;
        played += count;
        std::this_thread::sleep_until(began + std::chrono::duration<double>(done / kRateHz / kSpeed));
    }
    std::printf("exact %d\n", exact);
}

void open_window(unsigned width, unsigned height, float scale)
{
    v3_plugin_view_content_scale **scaling = nullptr;
    v3_view_rect size = {0, 0, static_cast<int32_t>(width), static_cast<int32_t>(height)};
    const unsigned long parent = frame_open(width, height);
    if (!(view = v3_cpp_obj(controller)->create_view(controller, "editor"))) fail("the plugin makes no window");
    v3_cpp_obj(view)->set_frame(view, reinterpret_cast<v3_plugin_frame **>(&frame_pointer));
    if (v3_cpp_obj_query_interface(view, v3_plugin_view_content_scale_iid, &scaling) == V3_OK)
        v3_cpp_obj(scaling)->set_content_scale_factor(scaling, scale);
    if (v3_cpp_obj(view)->attached(view, reinterpret_cast<void *>(parent), V3_VIEW_PLATFORM_TYPE_X11) != V3_OK || !run_loop.timer)
        fail("the window does not fit");
    v3_cpp_obj(view)->on_size(view, &size);
    frame_resize(width, height);
}

void look(unsigned ms)
{
    float memory[4][kBlock] = {}, *in[2] = {memory[0], memory[1]}, *out[2] = {memory[2], memory[3]};
    for (unsigned passed = 0; passed < ms; passed += 11) {
        process(in, out, kBlock, played, false);
        const bool draws = passed % 33 == 0; /* some thirty times a second: all that plays is drawn, and in software */
        if (draws && run_loop.timer) v3_cpp_obj(run_loop.timer)->on_timer(run_loop.timer);
        std::this_thread::sleep_for(std::chrono::milliseconds(11));
    }
}

void close_window()
{
    if (!view) return;
    v3_cpp_obj(view)->removed(view);
    v3_cpp_obj_unref(view);
    view = nullptr;
    frame_close();
}

void close_plugin()
{
    v3_cpp_obj(processor)->set_processing(processor, false);
    v3_cpp_obj(component)->set_active(component, false);
    v3_cpp_obj_terminate(controller);
    v3_cpp_obj_unref(controller);
    v3_cpp_obj_unref(processor);
    v3_cpp_obj_terminate(component);
    v3_cpp_obj_unref(component);
}

} // namespace

int main(int count, char **arguments)
{
    char path[2048];
    float scale;
    unsigned one, two;
    if (count != 2) fail("usage: vst3_window_host BINARY");
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) fail(dlerror());
    open_plugin(library);
    for (char line[4096]; std::fgets(line, sizeof line, stdin); std::fflush(stdout)) {
        if (std::sscanf(line, "play %2047s %u", path, &one) == 2) play(path, one);
        else if (std::sscanf(line, "window %u %u %f", &one, &two, &scale) == 3) open_window(one, two, scale), std::puts("ok");
        else if (std::sscanf(line, "look %u", &one) == 1) look(one), std::puts("ok");
        else if (std::strncmp(line, "edited", 6) == 0) std::printf("edited %u %g\n", handler.id, handler.value);
        else if (std::strncmp(line, "calls", 5) == 0) std::printf("calls %ld\n", calls);
        else if (std::strncmp(line, "close", 5) == 0) close_window(), std::puts("ok");
        else if (!frame_obey(line)) fail(line);
    }
    close_window();
    close_plugin();
    return 0;
}
