#include "formats.hpp"

#include "clap/entry.h"
#include "clap/plugin-factory.h"

#include "lv2/atom.h"
#include "lv2/buf-size.h"
#include "lv2/lv2.h"
#include "lv2/options.h"
#include "lv2/time.h"
#include "lv2/urid.h"

#include "travesty/audio_processor.h"
#include "travesty/component.h"
#include "travesty/factory.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <vector>

namespace {

uint32_t channels = 2; /* of the plugin that was loaded */

[[noreturn]] void fail(const char *what)
{
    std::fprintf(stderr, "formats: %s\n", what);
    std::exit(1);
}

/* CLAP ---------------------------------------------------------------------------------------------------------- */

const void *no_extension(const clap_host_t *, const char *) { return nullptr; }
void nothing(const clap_host_t *) {}
const clap_host_t kHost = {CLAP_VERSION_INIT, nullptr, "formats", "Sidechain", "", "1", no_extension, nothing, nothing, nothing};
uint32_t no_events(const clap_input_events_t *) { return 0; }
const clap_event_header_t *no_event(const clap_input_events_t *, uint32_t) { return nullptr; }
bool swallow(const clap_output_events_t *, const clap_event_header_t *) { return true; }

struct RenderExtension {
    bool (*has_hard_realtime_requirement)(const clap_plugin_t *);
    bool (*set)(const clap_plugin_t *, int32_t);
};

class Clap final : public Plugin {
public:
    explicit Clap(const clap_plugin_factory_t *factory)
        : plugin_(factory->create_plugin(factory, &kHost, factory->get_plugin_descriptor(factory, 0)->id))
    {
        if (!plugin_ || !plugin_->init(plugin_)) fail("no CLAP plugin");
        render_ = static_cast<const RenderExtension *>(plugin_->get_extension(plugin_, "clap.render"));
    }
    ~Clap() override { plugin_->destroy(plugin_); }
    void activate(double rate_hz, uint32_t longest) override
    {
        if (!plugin_->activate(plugin_, rate_hz, 1, longest) || !plugin_->start_processing(plugin_)) fail("CLAP: no activation");
    }
    void deactivate() override
    {
        plugin_->stop_processing(plugin_);
        plugin_->deactivate(plugin_);
    }
    void process(float **in, float **out, uint32_t frames, const Spot &spot) override
    {
        if (spot.offline != offline_) render_->set(plugin_, offline_ = spot.offline);
        clap_audio_buffer_t inputs = {in, nullptr, channels, 0, 0}, outputs = {out, nullptr, channels, 0, 0};
        clap_event_transport_t transport = {};
        transport.header = {sizeof transport, 0, CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_TRANSPORT, 0};
        transport.flags = CLAP_TRANSPORT_HAS_TEMPO | CLAP_TRANSPORT_HAS_BEATS_TIMELINE | CLAP_TRANSPORT_HAS_TIME_SIGNATURE |
                          (spot.playing ? uint32_t{CLAP_TRANSPORT_IS_PLAYING} : 0u);
        transport.tempo = spot.bpm;
        transport.song_pos_beats = static_cast<clap_beattime>(spot.ppq * static_cast<double>(CLAP_BEATTIME_FACTOR));
        transport.bar_start = static_cast<clap_beattime>(spot.bar_start_ppq * static_cast<double>(CLAP_BEATTIME_FACTOR));
        transport.tsig_num = static_cast<uint16_t>(spot.numerator);
        transport.tsig_denom = static_cast<uint16_t>(spot.denominator);
        const clap_input_events_t none = {nullptr, no_events, no_event};
        const clap_output_events_t away = {nullptr, swallow};
        const clap_process_t block = {-1, frames, &transport, &inputs, &outputs, 1, 1, &none, &away};
        if (plugin_->process(plugin_, &block) == CLAP_PROCESS_ERROR) fail("CLAP: process() failed");
    }

private:
    const clap_plugin_t *plugin_;
    const RenderExtension *render_;
    bool offline_ = false;
};

/* VST3 ---------------------------------------------------------------------------------------------------------- */

class Vst3 final : public Plugin {
public:
    explicit Vst3(v3_plugin_factory **factory)
    {
        v3_class_info info;
        if (v3_cpp_obj(factory)->get_class_info(factory, 0, &info) != V3_OK ||
            v3_cpp_obj(factory)->create_instance(factory, info.class_id, v3_component_iid, reinterpret_cast<void **>(&component_)) != V3_OK ||
            v3_cpp_obj_initialize(component_, nullptr) != V3_OK ||
            v3_cpp_obj_query_interface(component_, v3_audio_processor_iid, &processor_) != V3_OK)
            fail("no VST3 plugin");
    }
    ~Vst3() override
    {
        v3_cpp_obj_unref(processor_);
        v3_cpp_obj_terminate(component_);
        v3_cpp_obj_unref(component_);
    }
    void activate(double rate_hz, uint32_t longest) override
    {
        v3_process_setup setup = {V3_REALTIME, V3_SAMPLE_32, static_cast<int32_t>(longest), rate_hz};
        rate_hz_ = rate_hz;
        for (int direction : {V3_INPUT, V3_OUTPUT}) v3_cpp_obj(component_)->activate_bus(component_, V3_AUDIO, direction, 0, true);
        if (v3_cpp_obj(processor_)->setup_processing(processor_, &setup) != V3_OK ||
            v3_cpp_obj(component_)->set_active(component_, true) != V3_OK)
            fail("VST3: no activation");
        v3_cpp_obj(processor_)->set_processing(processor_, true);
    }
    void deactivate() override
    {
        v3_cpp_obj(processor_)->set_processing(processor_, false);
        v3_cpp_obj(component_)->set_active(component_, false);
    }
    void process(float **in, float **out, uint32_t frames, const Spot &spot) override
    {
        v3_audio_bus_buffers inputs = {}, outputs = {};
        inputs.num_channels = outputs.num_channels = channels;
        inputs.channel_buffers_32 = in;
        outputs.channel_buffers_32 = out;
        v3_process_context context = {};
        context.state = V3_PROCESS_CTX_PROJECT_TIME_VALID | V3_PROCESS_CTX_TEMPO_VALID | V3_PROCESS_CTX_BAR_POSITION_VALID |
                        V3_PROCESS_CTX_TIME_SIG_VALID | (spot.playing ? uint32_t{V3_PROCESS_CTX_PLAYING} : 0u);
        context.sample_rate = rate_hz_;
        context.project_time_in_samples = spot.frame;
        context.project_time_quarters = spot.ppq;
        context.bar_position_quarters = spot.bar_start_ppq;
        context.bpm = spot.bpm;
        context.time_sig_numerator = spot.numerator;
        context.time_sig_denom = spot.denominator;
        v3_process_data block = {};
        block.process_mode = spot.offline ? V3_OFFLINE : V3_REALTIME;
        block.nframes = static_cast<int32_t>(frames);
        block.num_input_buses = block.num_output_buses = 1;
        block.inputs = &inputs;
        block.outputs = &outputs;
        block.ctx = &context;
        if (v3_cpp_obj(processor_)->process(processor_, &block) != V3_OK) fail("VST3: process() failed");
    }

private:
    v3_component **component_ = nullptr;
    v3_audio_processor **processor_ = nullptr;
    double rate_hz_ = 0.0;
};

/* LV2 ----------------------------------------------------------------------------------------------------------- */

std::vector<std::string> uris;

LV2_URID urid(LV2_URID_Map_Handle, const char *uri)
{
    for (size_t i = 0; i < uris.size(); i++)
        if (uris[i] == uri) return static_cast<LV2_URID>(i + 1);
    uris.push_back(uri);
    return static_cast<LV2_URID>(uris.size());
}

class Lv2 final : public Plugin {
public:
    Lv2(const LV2_Descriptor *descriptor, const std::string &bundle) : descriptor_(descriptor), bundle_(bundle + "/")
    {
        std::ifstream turtle(bundle_ + (channels == 1 ? "sidechain-mono.ttl" : "sidechain.ttl"));
        for (std::string line; std::getline(turtle, line);) {
            float value;
            if (line.find("lv2:index ") != std::string::npos) controls_.push_back(0.0f);
            else if (std::sscanf(line.c_str(), " lv2:default %f", &value) == 1) controls_.back() = value;
        }
        if (controls_.size() <= events_) fail("LV2: no ports in the Turtle file");
    }
    ~Lv2() override { clean_up(); }
    void activate(double rate_hz, uint32_t longest) override
    {
        if (rate_hz != rate_hz_) make(rate_hz, longest);
        descriptor_->activate(handle_);
    }
    void deactivate() override { descriptor_->deactivate(handle_); }
    void process(float **in, float **out, uint32_t frames, const Spot &spot) override
    {
        tell(spot);
        controls_.back() = spot.offline ? 1.0f : 0.0f; /* the freewheel port is the last */
        for (uint32_t i = 0; i < channels; i++) {
            descriptor_->connect_port(handle_, i, in[i]);
            descriptor_->connect_port(handle_, channels + i, out[i]);
        }
        descriptor_->run(handle_, frames);
    }

private:
    struct Field {
        LV2_Atom_Property_Body head;
        double value;
    };
    struct Event {
        LV2_Atom_Sequence sequence;
        LV2_Atom_Event event;
        LV2_Atom_Object_Body object;
        Field fields[7];
    };

    void make(double rate_hz, uint32_t longest)
    {
        clean_up();
        LV2_URID_Map map = {nullptr, urid};
        const int32_t block = static_cast<int32_t>(longest);
        const LV2_Options_Option options[] = {
            {LV2_OPTIONS_INSTANCE, 0, urid(nullptr, LV2_BUF_SIZE__maxBlockLength), sizeof block, urid(nullptr, LV2_ATOM__Int), &block},
            {LV2_OPTIONS_INSTANCE, 0, 0, 0, 0, nullptr}};
        const LV2_Feature mapping = {LV2_URID__map, &map}, wishes = {LV2_OPTIONS__options, const_cast<LV2_Options_Option *>(options)};
        const LV2_Feature *features[] = {&mapping, &wishes, nullptr};
        handle_ = descriptor_->instantiate(descriptor_, rate_hz, bundle_.c_str(), features);
        if (!handle_) fail("no LV2 plugin");
        rate_hz_ = rate_hz;
        const char *const names[7] = {LV2_TIME__bar, LV2_TIME__barBeat, LV2_TIME__beatUnit, LV2_TIME__beatsPerBar,
                                      LV2_TIME__beatsPerMinute, LV2_TIME__frame, LV2_TIME__speed};
        for (int i = 0; i < 7; i++) told_.fields[i].head = {urid(nullptr, names[i]), 0, {sizeof(double), urid(nullptr, LV2_ATOM__Double)}};
        told_.object = {0, urid(nullptr, LV2_TIME__Position)};
        told_.event.body = {sizeof told_.object + sizeof told_.fields, urid(nullptr, LV2_ATOM__Object)};
        told_.sequence.atom = {sizeof told_ - sizeof(LV2_Atom), urid(nullptr, LV2_ATOM__Sequence)};
        descriptor_->connect_port(handle_, events_, &told_);
        for (uint32_t port = events_ + 1; port < controls_.size(); port++) descriptor_->connect_port(handle_, port, &controls_[port]);
    }
    void tell(const Spot &spot)
    {
        const double beats = spot.denominator / 4.0; /* of a quarter */
        const double bar = std::floor(spot.bar_start_ppq * beats / spot.numerator + 0.5);
        const double values[7] = {bar, (spot.ppq - spot.bar_start_ppq) * beats, static_cast<double>(spot.denominator),
                                  static_cast<double>(spot.numerator), spot.bpm, static_cast<double>(spot.frame),
                                  spot.playing ? 1.0 : 0.0};
        for (int i = 0; i < 7; i++) told_.fields[i].value = values[i];
    }
    void clean_up()
    {
        if (handle_) descriptor_->cleanup(handle_);
        handle_ = nullptr;
    }

    const LV2_Descriptor *descriptor_;
    const uint32_t events_ = 2 * channels; /* the port behind the audio ports */
    std::string bundle_;
    LV2_Handle handle_ = nullptr;
    double rate_hz_ = 0.0;
    std::vector<float> controls_; /* one for each port; only control ports are connected to theirs */
    Event told_ = {};
};

} // namespace

Library::Library(const std::string &format, const std::string &binary, const std::string &bundle)
    : format_(format), binary_(binary), bundle_(bundle), loaded_(dlopen(binary.c_str(), RTLD_NOW | RTLD_LOCAL)), entry_(nullptr)
{
    if (!loaded_) fail(dlerror());
    ::channels = binary_.find("sidechain-mono") == std::string::npos ? 2 : 1;
    if (format_ == "clap") {
        const auto *entry = static_cast<const clap_plugin_entry_t *>(dlsym(loaded_, "clap_entry"));
        if (entry && entry->init(binary_.c_str())) entry_ = entry->get_factory(CLAP_PLUGIN_FACTORY_ID);
    } else if (format_ == "vst3") {
        const auto enter = reinterpret_cast<bool (*)(void *)>(dlsym(loaded_, "ModuleEntry"));
        const auto factory = reinterpret_cast<const void *(*)()>(dlsym(loaded_, "GetPluginFactory"));
        if (enter && factory && enter(loaded_)) entry_ = factory();
    } else if (format_ == "lv2") {
        const auto descriptor = reinterpret_cast<const LV2_Descriptor *(*)(uint32_t)>(dlsym(loaded_, "lv2_descriptor"));
        if (descriptor) entry_ = descriptor(0);
    }
    if (!entry_) fail("the binary has no entry for that format");
}

Library::~Library()
{
    if (format_ == "clap") static_cast<const clap_plugin_entry_t *>(dlsym(loaded_, "clap_entry"))->deinit();
    if (format_ == "vst3") {
        v3_cpp_obj_unref(static_cast<v3_plugin_factory **>(const_cast<void *>(entry_)));
        reinterpret_cast<bool (*)()>(dlsym(loaded_, "ModuleExit"))();
    }
    dlclose(loaded_);
}

uint32_t Library::channels()
{
    return ::channels;
}

std::unique_ptr<Plugin> Library::make()
{
    if (format_ == "clap") return std::make_unique<Clap>(static_cast<const clap_plugin_factory_t *>(entry_));
    if (format_ == "vst3") return std::make_unique<Vst3>(static_cast<v3_plugin_factory **>(const_cast<void *>(entry_)));
    return std::make_unique<Lv2>(static_cast<const LV2_Descriptor *>(entry_), bundle_);
}
