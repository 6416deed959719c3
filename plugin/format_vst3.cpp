/* VST3: DPF's wrapper, and the host's whole process context beside the thinned one that DPF passes on. DPF counts
   bars as if all had the first one's length (in whole quarters), fills in 120 BPM for an unknown tempo, and has no
   words for loops, recording and offline. It has no interface for the track's name either, and it writes to stderr,
   on the audio thread, when a host takes no output parameters, as it may. The objects DPF makes hold their functions one
   by one, so those that matter are replaced by ours around them. */
#include "recorder.hpp"

#define GetPluginFactory dpf_plugin_factory
#include "DistrhoPluginMain.cpp"
#undef GetPluginFactory

using namespace DISTRHO_NAMESPACE;

namespace {

/* The transport and the block ---------------------------------------------------------------------------------- */

void hear_vst3(Recorder *recorder, const v3_process_data *data)
{
    static const v3_process_context untold = {};
    const v3_process_context *context = data->ctx ? data->ctx : &untold;
    const uint32_t state = context->state;
    sc_transport transport = {};
    const auto flag = [&transport](bool holds, uint32_t bit) { transport.flags |= holds ? bit : 0u; };
    flag(state & V3_PROCESS_CTX_PLAYING, SC_TRANSPORT_PLAYING);
    flag(state & V3_PROCESS_CTX_CYCLE_ACTIVE, SC_TRANSPORT_LOOPING);
    flag(state & V3_PROCESS_CTX_RECORDING, SC_TRANSPORT_RECORDING);
    flag(state & V3_PROCESS_CTX_PROJECT_TIME_VALID, SC_TRANSPORT_VALID_PPQ); /* kProjectTimeMusicValid */
    flag(state & V3_PROCESS_CTX_TEMPO_VALID, SC_TRANSPORT_VALID_BPM);
    flag(state & V3_PROCESS_CTX_TIME_SIG_VALID, SC_TRANSPORT_VALID_METER);
    flag(state & V3_PROCESS_CTX_BAR_POSITION_VALID, SC_TRANSPORT_VALID_BAR_START);
    flag(state & V3_PROCESS_CTX_CYCLE_VALID && context->cycle_end_quarters > context->cycle_start_quarters,
         SC_TRANSPORT_VALID_LOOP);
    flag(data->ctx, SC_TRANSPORT_VALID_PROJECT_FRAME); /* VST3 has no flag for it: it is always there */
    flag(data->process_mode == V3_OFFLINE, SC_TRANSPORT_OFFLINE);
    transport.project_frame = context->project_time_in_samples;
    transport.ppq = context->project_time_quarters;
    transport.bpm = context->bpm;
    transport.numerator = static_cast<uint32_t>(context->time_sig_numerator);
    transport.denominator = static_cast<uint32_t>(context->time_sig_denom);
    transport.bar_start_ppq = context->bar_position_quarters;
    transport.loop_start_ppq = context->cycle_start_quarters;
    transport.loop_end_ppq = context->cycle_end_quarters;
    recorder->begin_block();
    recorder->hear(0, transport);
}

/* For hosts that take no output parameters: all that is said goes nowhere. Nobody looks for its other interfaces. */
v3_result V3_API swallow_point(void *, int32_t, double, int32_t *index)
{
    *index = 0;
    return V3_OK;
}
struct NoQueue : v3_param_value_queue_cpp {
    NoQueue() : v3_param_value_queue_cpp() { queue.add_point = swallow_point; }
};
NoQueue no_queue_object;
v3_param_value_queue *no_queue_held = reinterpret_cast<v3_param_value_queue *>(&no_queue_object);

v3_param_value_queue **V3_API no_queue(void *, v3_param_id *, int32_t *index)
{
    *index = 0;
    return &no_queue_held;
}
struct NoChanges : v3_param_changes_cpp {
    NoChanges() : v3_param_changes_cpp() { changes.add_param_data = no_queue; }
};
NoChanges no_changes_object;
v3_param_changes *no_changes_held = reinterpret_cast<v3_param_changes *>(&no_changes_object);

v3_result V3_API process(void *self, v3_process_data *data)
{
    PluginVst3 *plugin = (*static_cast<dpf_audio_processor **>(self))->vst3;
    if (!plugin) return V3_NOT_INITIALIZED;
    hear_vst3(static_cast<Recorder *>(plugin->getInstancePointer()), data);
    v3_process_data passed = *data;
    passed.ctx = nullptr; /* DPF would only compute what nobody asks it for */
    if (!passed.output_params) passed.output_params = &no_changes_held;
    return dpf_audio_processor::process(self, &passed);
}

/* The track's name --------------------------------------------------------------------------------------------- */

/* Steinberg::Vst::ChannelContext::IInfoListener, which travesty does not have. */
constexpr const v3_tuid kInfoListener = V3_ID(0x0F194781, 0x8D984ADA, 0xBBA0C1EF, 0xC011D8D0);
constexpr char kChannelName[] = "channel name";
constexpr uint32_t kNameUnits = 256; /* UTF-16 units; the interface's own strings have 128 */

/* UTF-16 as VST3 has it into UTF-8, which takes at most three bytes for each unit. Half a pair becomes '?'. */
void to_utf8(const int16_t *from, char *to)
{
    const auto unit = [&from] { return static_cast<uint16_t>(*from); };
    while (*from) {
        uint32_t code = unit();
        from++;
        if (code >= 0xD800 && code < 0xDC00 && unit() >= 0xDC00 && unit() < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (unit() - 0xDC00u);
            from++;
        } else if (code >= 0xD800 && code < 0xE000) {
            code = '?';
        }
        const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        constexpr uint8_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
        *to++ = static_cast<char>(kLead[more] | (code >> (6 * more)));
        for (int left = more - 1; left >= 0; left--) *to++ = static_cast<char>(0x80 | ((code >> (6 * left)) & 0x3F));
    }
    *to = '\0';
}

/* Lives while the host holds it, and holds the controller that it speaks for. */
struct InfoListener : v3_funknown {
    v3_result(V3_API *set_channel_context_infos)(void *self, v3_attribute_list **list);
    InfoListener *self = this; /* what the host holds is the address of this */
    dpf_edit_controller **controller;
    std::atomic_int references{1};

    explicit InfoListener(dpf_edit_controller **of) : controller(of)
    {
        query_interface = query;
        ref = [](void *held) -> uint32_t { return static_cast<uint32_t>(++of_held(held)->references); };
        unref = let_go;
        set_channel_context_infos = hear;
        dpf_edit_controller::ref_edit_controller(controller);
    }

    static InfoListener *of_held(void *held) { return *static_cast<InfoListener **>(held); }

    static v3_result V3_API query(void *held, const v3_tuid iid, void **iface)
    {
        if (!v3_tuid_match(iid, kInfoListener) && !v3_tuid_match(iid, v3_funknown_iid))
            return v3_cpp_obj_query_interface(of_held(held)->controller, iid, reinterpret_cast<v3_funknown ***>(iface));
        ++of_held(held)->references;
        *iface = held;
        return V3_OK;
    }

    static uint32_t V3_API let_go(void *held)
    {
        InfoListener *listener = of_held(held);
        const int left = --listener->references;
        if (left > 0) return static_cast<uint32_t>(left);
        dpf_edit_controller::unref_edit_controller(listener->controller);
        delete listener;
        return 0;
    }

    static v3_result V3_API hear(void *held, v3_attribute_list **list)
    {
        int16_t name[kNameUnits] = {};
        char utf8[3 * kNameUnits + 1];
        PluginVst3 *plugin = (*of_held(held)->controller)->vst3;
        if (!plugin) return V3_NOT_INITIALIZED;
        if (!list) return V3_INVALID_ARG;
        if (v3_cpp_obj(list)->get_string(list, kChannelName, name, sizeof name) != V3_OK) return V3_OK; /* of a colour */
        name[kNameUnits - 1] = 0;
        to_utf8(name, utf8);
        static_cast<Recorder *>(plugin->getInstancePointer())->name_track(utf8);
        return V3_OK;
    }
};

v3_result V3_API query_controller(void *self, const v3_tuid iid, void **iface)
{
    if (!v3_tuid_match(iid, kInfoListener)) return dpf_edit_controller::query_interface_edit_controller(self, iid, iface);
    *iface = &(new InfoListener(static_cast<dpf_edit_controller **>(self)))->self;
    return V3_OK;
}

/* Objects handed out, and the factory -------------------------------------------------------------------------- */

v3_result V3_API query_component(void *self, const v3_tuid iid, void **iface)
{
    const v3_result result = dpf_component::query_interface_component(self, iid, iface);
    if (result == V3_OK && v3_tuid_match(iid, v3_edit_controller_iid))
        (*static_cast<dpf_edit_controller **>(*iface))->query_interface = query_controller;
    if (result == V3_OK && v3_tuid_match(iid, v3_audio_processor_iid))
        (*static_cast<dpf_audio_processor **>(*iface))->proc.process = process;
    return result;
}

v3_result V3_API make(void *self, const v3_tuid class_id, const v3_tuid iid, void **instance)
{
    const v3_result result = dpf_factory::create_instance(self, class_id, iid, instance);
    if (result == V3_OK) (*static_cast<dpf_component **>(*instance))->query_interface = query_component;
    return result;
}

} // namespace

DISTRHO_PLUGIN_EXPORT const void *GetPluginFactory(void);

const void *GetPluginFactory(void)
{
    auto *factory = static_cast<dpf_factory **>(const_cast<void *>(dpf_plugin_factory()));
    (*factory)->v1.create_instance = make;
    return factory;
}
