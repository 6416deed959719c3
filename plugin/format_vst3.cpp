/* VST3: DPF's wrapper, and the host's whole process context beside the thinned one that DPF passes on. DPF counts
   bars as if all had the first one's length (in whole quarters), fills in 120 BPM for an unknown tempo, and has no
   words for loops, recording and offline. The macro is the one place where it reads the context; if another
   version of DPF reads it elsewhere this does not compile, which is better than half a transport. */
#include "recorder.hpp"

#include "src/DistrhoPluginInternal.hpp"
#include "src/travesty/audio_processor.h"

namespace {

void hear_vst3(void *plugin, const v3_process_data *data)
{
    auto *recorder = static_cast<DISTRHO_NAMESPACE::Recorder *>(plugin);
    const v3_process_context *context = data->ctx;
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
    flag(true, SC_TRANSPORT_VALID_PROJECT_FRAME); /* VST3 has no flag for it: it is always there */
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

} // namespace

#define setTimePosition(position) setTimePosition((hear_vst3(fPlugin.getInstancePointer(), data), position))
#include "DistrhoPluginMain.cpp"
