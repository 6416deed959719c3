/* CLAP: DPF's plugin in a thin wrapper of our own, that
     hears the transport, also where it changes within a block, with every field that CLAP has,
     hears by the render extension that the host renders offline, and by track-info what the track is called,
     and lets DPF see only the events it understands: others it would report on stderr, on the audio thread.
   CLAP has no position in frames (its seconds are derived), so VALID_PROJECT_FRAME is never set. */
#include "recorder.hpp"

#include "extra/Mutex.hpp"

START_NAMESPACE_DISTRHO

/* DPF tries a lock in every process() for what its window may have queued. Without a window nothing can be queued,
   so then it is not touched. */
class WindowLocker {
public:
    explicit WindowLocker(const Mutex &mutex) noexcept
        : mutex_(Recorder::windows.load(std::memory_order_relaxed) > 0 && mutex.tryLock() ? &mutex : nullptr)
    {
    }
    ~WindowLocker()
    {
        if (mutex_) mutex_->unlock();
    }
    bool wasLocked() const noexcept { return mutex_ != nullptr; }

private:
    const Mutex *mutex_;
};

END_NAMESPACE_DISTRHO

#define clap_entry dpf_clap_entry
#define MutexTryLocker WindowLocker
#include "DistrhoPluginMain.cpp"
#undef MutexTryLocker
#undef clap_entry

#include <cstring>

using DISTRHO_NAMESPACE::Recorder;

namespace {

/* CLAP's ext/render.h, which DPF does not bring along. Copyright of the interface: CLAP's authors, MIT. */
struct clap_plugin_render {
    bool (*has_hard_realtime_requirement)(const clap_plugin_t *plugin);
    bool (*set)(const clap_plugin_t *plugin, int32_t mode);
};
constexpr char kExtRender[] = "clap.render";
constexpr int32_t kRenderOffline = 1;

/* CLAP's ext/track-info.h, likewise. */
struct clap_track_info {
    uint64_t flags;
    char name[CLAP_NAME_SIZE];
    struct {
        uint8_t alpha, red, green, blue;
    } color;
    int32_t audio_channel_count;
    const char *audio_port_type;
};
struct clap_host_track_info {
    bool (*get)(const clap_host_t *host, clap_track_info *info);
};
struct clap_plugin_track_info {
    void (*changed)(const clap_plugin_t *plugin);
};
constexpr const char *kExtTrackInfo[] = {"clap.track-info/1", "clap.track-info.draft/1"};
constexpr uint64_t kHasTrackName = 1;

/* What the host holds: a copy of DPF's plugin with four functions of ours. `plugin` is first, so that its address
   is the whole's; its plugin_data stays DPF's, so that DPF's functions and extensions work on the copy too. */
struct Wrapped {
    clap_plugin_t plugin;
    const clap_plugin_t *inner;
    Recorder *recorder;
    const clap_host_t *host;
};

const Wrapped *wrapped(const clap_plugin_t *plugin)
{
    return reinterpret_cast<const Wrapped *>(plugin);
}

double quarters(clap_beattime beats)
{
    return static_cast<double>(beats) / static_cast<double>(CLAP_BEATTIME_FACTOR);
}

void hear_clap(Recorder *recorder, uint32_t at, const clap_event_transport_t &given)
{
    sc_transport transport = {};
    const auto flag = [&transport](bool holds, uint32_t bit) { transport.flags |= holds ? bit : 0u; };
    const bool beats = given.flags & CLAP_TRANSPORT_HAS_BEATS_TIMELINE;
    flag(given.flags & CLAP_TRANSPORT_IS_PLAYING, SC_TRANSPORT_PLAYING);
    flag(given.flags & CLAP_TRANSPORT_IS_LOOP_ACTIVE, SC_TRANSPORT_LOOPING);
    flag(given.flags & CLAP_TRANSPORT_IS_RECORDING, SC_TRANSPORT_RECORDING);
    flag(beats, SC_TRANSPORT_VALID_PPQ);
    flag(beats, SC_TRANSPORT_VALID_BAR_START);
    flag(beats && given.loop_end_beats > given.loop_start_beats, SC_TRANSPORT_VALID_LOOP);
    flag(given.flags & CLAP_TRANSPORT_HAS_TEMPO, SC_TRANSPORT_VALID_BPM);
    flag(given.flags & CLAP_TRANSPORT_HAS_TIME_SIGNATURE, SC_TRANSPORT_VALID_METER);
    transport.ppq = quarters(given.song_pos_beats);
    transport.bar_start_ppq = quarters(given.bar_start);
    transport.loop_start_ppq = quarters(given.loop_start_beats);
    transport.loop_end_ppq = quarters(given.loop_end_beats);
    transport.bpm = given.tempo;
    transport.numerator = given.tsig_num;
    transport.denominator = given.tsig_denom;
    recorder->hear(at, transport);
}

/* A host's event list without the events that DPF does not know. `ctx` is that list. */
bool known(const clap_event_header_t *event)
{
    return event->space_id == CLAP_CORE_EVENT_SPACE_ID && event->type == CLAP_EVENT_PARAM_VALUE;
}

CLAP_ABI uint32_t known_size(const clap_input_events_t *list)
{
    const auto *all = static_cast<const clap_input_events_t *>(list->ctx);
    uint32_t count = 0;
    for (uint32_t i = 0, size = all->size(all); i < size; i++) count += known(all->get(all, i));
    return count;
}

CLAP_ABI const clap_event_header_t *known_get(const clap_input_events_t *list, uint32_t index)
{
    const auto *all = static_cast<const clap_input_events_t *>(list->ctx);
    for (uint32_t i = 0, size = all->size(all); i < size; i++) {
        const clap_event_header_t *event = all->get(all, i);
        if (known(event) && index-- == 0) return event;
    }
    return nullptr;
}

CLAP_ABI clap_process_status process(const clap_plugin_t *plugin, const clap_process_t *given)
{
    const Wrapped *self = wrapped(plugin);
    const clap_input_events_t *all = given->in_events;
    self->recorder->begin_block();
    if (given->transport) hear_clap(self->recorder, 0, *given->transport);
    for (uint32_t i = 0, size = all ? all->size(all) : 0; i < size; i++) {
        const clap_event_header_t *event = all->get(all, i);
        if (event->space_id == CLAP_CORE_EVENT_SPACE_ID && event->type == CLAP_EVENT_TRANSPORT)
            hear_clap(self->recorder, event->time, *reinterpret_cast<const clap_event_transport_t *>(event));
    }
    const clap_input_events_t filtered = {const_cast<clap_input_events_t *>(all), known_size, known_get};
    clap_process_t passed = *given;
    passed.transport = nullptr; /* DPF would only compute what nobody asks it for */
    if (all) passed.in_events = &filtered;
    return self->inner->process(self->inner, &passed);
}

CLAP_ABI void destroy(const clap_plugin_t *plugin)
{
    const Wrapped *self = wrapped(plugin);
    self->inner->destroy(self->inner);
    delete self;
}

CLAP_ABI bool has_hard_realtime_requirement(const clap_plugin_t *)
{
    return false;
}

CLAP_ABI bool set_render_mode(const clap_plugin_t *plugin, int32_t mode)
{
    wrapped(plugin)->recorder->set_offline(mode == kRenderOffline);
    return true;
}

CLAP_ABI void track_changed(const clap_plugin_t *plugin)
{
    const Wrapped *self = wrapped(plugin);
    for (const char *id : kExtTrackInfo) {
        const auto *host_info = static_cast<const clap_host_track_info *>(self->host->get_extension(self->host, id));
        clap_track_info info = {};
        if (!host_info || !host_info->get(self->host, &info)) continue;
        info.name[sizeof info.name - 1] = '\0';
        self->recorder->name_track(info.flags & kHasTrackName ? info.name : "");
        return;
    }
}

CLAP_ABI bool init_plugin(const clap_plugin_t *plugin)
{
    if (!wrapped(plugin)->inner->init(wrapped(plugin)->inner)) return false;
    track_changed(plugin);
    return true;
}

CLAP_ABI const void *get_extension(const clap_plugin_t *plugin, const char *id)
{
    static const clap_plugin_track_info track_info = {track_changed};
    for (const char *known_id : kExtTrackInfo)
        if (std::strcmp(id, known_id) == 0) return &track_info;
    static const clap_plugin_render render = {has_hard_realtime_requirement, set_render_mode};
    if (std::strcmp(id, kExtRender) == 0) return &render;
    return wrapped(plugin)->inner->get_extension(wrapped(plugin)->inner, id);
}

/* The factory ------------------------------------------------------------------------------------------------- */

const clap_plugin_factory_t *dpf_factory()
{
    return static_cast<const clap_plugin_factory_t *>(dpf_clap_entry.get_factory(CLAP_PLUGIN_FACTORY_ID));
}

CLAP_ABI uint32_t plugin_count(const clap_plugin_factory_t *)
{
    return 1;
}

CLAP_ABI const clap_plugin_descriptor_t *descriptor(const clap_plugin_factory_t *, uint32_t index)
{
    return dpf_factory()->get_plugin_descriptor(dpf_factory(), index);
}

CLAP_ABI const clap_plugin_t *create(const clap_plugin_factory_t *, const clap_host_t *host, const char *id)
{
    if (std::strcmp(id, DISTRHO_PLUGIN_CLAP_ID) != 0) return nullptr;
    const clap_plugin_t *inner = dpf_factory()->create_plugin(dpf_factory(), host, id);
    if (!inner) return nullptr;
    auto *self = new Wrapped{*inner, inner, Recorder::newest(), host};
    self->plugin.init = init_plugin;
    self->plugin.process = process;
    self->plugin.destroy = destroy;
    self->plugin.get_extension = get_extension;
    self->recorder->name_host(host->name);
    return &self->plugin;
}

CLAP_ABI const void *get_factory(const char *id)
{
    static const clap_plugin_factory_t factory = {plugin_count, descriptor, create};
    return std::strcmp(id, CLAP_PLUGIN_FACTORY_ID) == 0 ? &factory : nullptr;
}

CLAP_ABI bool init(const char *plugin_path)
{
    return dpf_clap_entry.init(plugin_path);
}

CLAP_ABI void deinit()
{
    dpf_clap_entry.deinit();
}

} // namespace

DISTRHO_PLUGIN_EXPORT const clap_plugin_entry_t clap_entry = {CLAP_VERSION, init, deinit, get_factory};
