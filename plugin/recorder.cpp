#include "recorder.hpp"

#include "system.hpp"

#include "DistrhoPluginUtils.hpp"

#include <cmath>
#include <cstdio>
#include <cstring>

START_NAMESPACE_DISTRHO

static constexpr uint32_t kMaxBars = 64;
static constexpr uint32_t kMaxBlockFrames = 16384; /* what sc_client_activate takes; longer blocks are split by it */

static thread_local Recorder *newest_here = nullptr;
std::atomic<int> Recorder::windows{0};

Recorder::Recorder() : Plugin(kParameters, 0, 0)
{
    newest_here = this;
}

Recorder::~Recorder()
{
    sc_client_destroy(client_);
}

Recorder *Recorder::newest() noexcept
{
    return newest_here;
}

void Recorder::name_host(const char *name)
{
    if (name) std::snprintf(host_name_, sizeof host_name_, "%s", name);
}

void Recorder::name_track(const char *name)
{
    const std::lock_guard<std::mutex> lock(naming_);
    std::snprintf(track_name_, sizeof track_name_, "%s", name);
    if (client_) sc_client_set_track_name(client_, track_name_);
}

/* Parameters -------------------------------------------------------------------------------------------------- */

static void describe(Parameter &parameter, uint32_t hints, const char *name, const char *symbol, float initial,
                     float low, float high, const char *description)
{
    parameter.hints = hints;
    parameter.name = name;
    parameter.symbol = symbol;
    parameter.ranges = ParameterRanges(initial, low, high);
    parameter.description = description;
}

void Recorder::initParameter(uint32_t index, Parameter &parameter)
{
    switch (index) {
    case kKeep: /* no trigger: whoever sends "on" with every block while a button is held would keep with every block */
        describe(parameter, kParameterIsAutomatable | kParameterIsBoolean | kParameterIsInteger, "Keep", "keep", 0, 0, 1,
                 "Keeps the last bars when it goes from off to on.");
        break;
    case kBars:
        describe(parameter, kParameterIsAutomatable | kParameterIsInteger, "Bars", "bars", 8, 1, kMaxBars,
                 "How many bars Keep keeps.");
        break;
    case kPost:
        describe(parameter, kParameterIsAutomatable | kParameterIsBoolean | kParameterIsInteger, "Post on keep", "post",
                 0, 0, 1, "Posts what is kept, without asking again.");
        break;
    case kLink:
        describe(parameter, kParameterIsOutput | kParameterIsInteger, "Link", "link", kNoDaemon, 0, kRefused,
                 "How this plugin stands with the Sidechain daemon.");
        parameter.enumValues.count = kRefused + 1;
        parameter.enumValues.restrictedMode = true;
        parameter.enumValues.values = new ParameterEnumerationValue[kRefused + 1]{
            {kNoDaemon, "No daemon"}, {kConnected, "Connected"}, {kReady, "Ready"},
            {kNotRecording, "Not recording"}, {kRefused, "Refused"}};
        break;
    case kKept:
        describe(parameter, kParameterIsOutput | kParameterIsInteger, "Kept", "kept", 0, 0, 1000000,
                 "Takes kept by this plugin since it was loaded.");
        break;
    case kPreviewGain:
        describe(parameter, kParameterIsAutomatable, "Preview gain", "preview_gain", kInitialGainDb, SC_MIN_GAIN_DB,
                 SC_MAX_GAIN_DB, "How loud previews of the feed play through this plugin; the lowest is silence.");
        parameter.unit = "dB";
        break;
    case kPreviewSync:
        describe(parameter, kParameterIsAutomatable | kParameterIsBoolean | kParameterIsInteger, "Preview in sync",
                 "preview_sync", 0, 0, 1, "Plays previews at the host's tempo, from the next bar on.");
        break;
    case kPreview:
        describe(parameter, kParameterIsOutput | kParameterIsInteger, "Preview", "preview", SC_PREVIEW_NONE, 0,
                 SC_PREVIEW_MUTED, "Whether a preview plays through this plugin.");
        parameter.enumValues.count = SC_PREVIEW_MUTED + 1;
        parameter.enumValues.restrictedMode = true;
        parameter.enumValues.values = new ParameterEnumerationValue[SC_PREVIEW_MUTED + 1]{
            {SC_PREVIEW_NONE, "None"}, {SC_PREVIEW_LOADING, "Loading"}, {SC_PREVIEW_WAITING, "Waiting for the bar"},
            {SC_PREVIEW_PLAYING, "Playing"}, {SC_PREVIEW_MUTED, "Muted"}};
        break;
#ifdef DISTRHO_PLUGIN_TARGET_LV2
    case kFreewheel: /* the Makefile adds its designation to the Turtle file */
        describe(parameter, kParameterIsBoolean | kParameterIsInteger, "Freewheel", "freewheel", 0,
                 0, 1, "The host renders offline.");
        break;
#endif
    }
}

float Recorder::getParameterValue(uint32_t index) const
{
    switch (index) {
    case kKeep: return keep_held_.load(std::memory_order_relaxed) ? 1.0f : 0.0f;
    case kBars: return static_cast<float>(bars_.load(std::memory_order_relaxed));
    case kPost: return post_.load(std::memory_order_relaxed) ? 1.0f : 0.0f;
    case kLink: return static_cast<float>(link_.load(std::memory_order_relaxed));
    case kKept: return static_cast<float>(kept_.load(std::memory_order_relaxed));
    case kPreviewGain: return preview_gain_db_.load(std::memory_order_relaxed);
    case kPreviewSync: return preview_sync_.load(std::memory_order_relaxed) ? 1.0f : 0.0f;
    case kPreview: return client_ ? static_cast<float>(sc_client_preview_state(client_)) : 0.0f;
    default: return offline_.load(std::memory_order_relaxed) ? 1.0f : 0.0f;
    }
}

void Recorder::setParameterValue(uint32_t index, float value)
{
    const bool on = value > 0.5f;
    switch (index) {
    case kKeep:
        /* A project that was saved with it on finds nothing recorded yet when it loads: nothing is kept then. */
        if (!keep_held_.exchange(on, std::memory_order_relaxed) && on) keep();
        break;
    case kBars:
        if (value >= 1.0f && value <= static_cast<float>(kMaxBars))
            bars_.store(static_cast<uint32_t>(value + 0.5f), std::memory_order_relaxed);
        break;
    case kPost: post_.store(on, std::memory_order_relaxed); break;
    case kPreviewGain:
        preview_gain_db_.store(value, std::memory_order_relaxed);
        if (client_) sc_client_set_preview_gain(client_, value);
        break;
    case kPreviewSync: preview_sync_.store(on, std::memory_order_relaxed); break;
#ifdef DISTRHO_PLUGIN_TARGET_LV2
    case kFreewheel: set_offline(on); break;
#endif
    default: break;
    }
}

bool Recorder::keep()
{
    return client_ && sc_client_keep(client_, bars_.load(std::memory_order_relaxed), 0.0,
                                     post_.load(std::memory_order_relaxed), nullptr, nullptr) == SC_OK;
}

sc_client *Recorder::client()
{
    const std::lock_guard<std::mutex> lock(naming_);
    return make_client() ? client_.load(std::memory_order_relaxed) : nullptr;
}

const char *Recorder::trouble() const noexcept
{
    return sc_result_text(made_);
}

/* Recording --------------------------------------------------------------------------------------------------- */

bool Recorder::make_client()
{
    if (client_) return true;
    sc_client *made = nullptr;
    if (!host_name_[0]) sys::program_name(host_name_, sizeof host_name_); /* hosts that do not tell theirs */
    sc_config config = {};
    config.size = sizeof config;
    config.plugin_path = getBinaryFilename();
    config.host_name = host_name_;
    config.track_name = track_name_;
    made_ = sc_client_create(&config, &made);
    if (made_ == SC_OK) sc_client_set_preview_gain(made, preview_gain_db_.load(std::memory_order_relaxed));
    client_.store(made, std::memory_order_release);
    return made_ == SC_OK;
}

/* Not in the constructor: hosts make plugin objects only to look at them. */
void Recorder::activate()
{
    const uint32_t promised = getBufferSize();
    const uint32_t longest = promised - 1u < kMaxBlockFrames ? promised : kMaxBlockFrames;
    const std::lock_guard<std::mutex> lock(naming_);
    const bool recording =
        make_client() && sc_client_activate(client_, getSampleRate(), SIDECHAIN_CHANNELS, longest) == SC_OK;
    const int link = link_.load(std::memory_order_relaxed);
    if (!recording) {
        link_.store(kNotRecording, std::memory_order_relaxed);
        return;
    }
    sc_info now;
    sc_client_info(client_, &now); /* a Ring that was taken up again is attached already: no event will say so */
    if (now.attached) link_.store(kReady, std::memory_order_relaxed);
    else if (link == kReady || (link == kNotRecording && now.connected)) link_.store(kConnected, std::memory_order_relaxed);
    else if (link == kNotRecording) link_.store(kNoDaemon, std::memory_order_relaxed);
}

void Recorder::deactivate()
{
    if (client_) sc_client_deactivate(client_);
}

/* A bar that does not hold the position is not the bar the host is in. Ardour 7.3 says 4 × the bar's number (from 1)
   in VST3, whatever the meter: bars are then counted from the project's start, and that is said with the Take. */
static bool bar_holds_position(const sc_transport &t) noexcept
{
    constexpr uint32_t kNeeded = SC_TRANSPORT_VALID_PPQ | SC_TRANSPORT_VALID_METER | SC_TRANSPORT_VALID_BAR_START;
    constexpr double kSlackQuarters = 1.0 / 480.0; /* hosts round to ticks */
    if ((t.flags & kNeeded) != kNeeded || t.denominator == 0) return true; /* nothing to hold against it */
    const double into_bar = t.ppq - t.bar_start_ppq, bar = 4.0 * t.numerator / t.denominator;
    return into_bar >= -kSlackQuarters && into_bar <= bar + kSlackQuarters;
}

void Recorder::hear(uint32_t at, const sc_transport &transport) noexcept
{
    if (change_count_ == kMaxChanges) return;
    TransportChange &change = changes_[change_count_++];
    change = {at, transport};
    if (!bar_holds_position(transport)) change.transport.flags &= ~uint32_t{SC_TRANSPORT_VALID_BAR_START};
}

static constexpr sc_transport kOffline = {SC_TRANSPORT_OFFLINE, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0};

/* One Block for each stretch whose transport follows from its first frame: recorded as it came in, passed on, and only
   then mixed with a preview. Hosts may give the same memory for both ends. */
void Recorder::pass(const float **inputs, float **outputs, uint32_t frames)
{
    const uint32_t offline = offline_.load(std::memory_order_relaxed) * uint32_t{SC_TRANSPORT_OFFLINE};
    const float *from[SIDECHAIN_CHANNELS];
    float *to[SIDECHAIN_CHANNELS];
    uint32_t next = 0;
    sc_transport *now = nullptr;
    for (uint32_t done = 0; done < frames;) {
        while (next < change_count_ && changes_[next].at <= done) now = &changes_[next++].transport;
        const uint32_t end = next < change_count_ && changes_[next].at < frames ? changes_[next].at : frames;
        for (uint32_t i = 0; i < SIDECHAIN_CHANNELS; i++) {
            from[i] = inputs[i] + done;
            to[i] = outputs[i] + done;
        }
        if (now) now->flags |= offline;
        const sc_transport *told = now && now->flags ? now : offline ? &kOffline : nullptr;
        sc_client_process(client_, from, end - done, told);
        for (uint32_t i = 0; i < SIDECHAIN_CHANNELS; i++)
            if (to[i] != from[i]) std::memcpy(to[i], from[i], sizeof(float) * (end - done));
        sc_client_mix(client_, to, end - done, told);
        done = end;
    }
}

/* One at a time is enough: there are fewer events than blocks. What a window shows goes to it another way. */
void Recorder::take_event()
{
    if (!sc_client_poll_event(client_, &event_)) return;
    const int link = link_.load(std::memory_order_relaxed);
    int now = link;
    switch (event_.kind) {
    case SC_EVENT_RECORDING: /* what activate() could not have is there now */
        link_.store(event_.recording.connected ? kConnected : kNoDaemon, std::memory_order_relaxed);
        return;
    case SC_EVENT_CONNECTED: now = kConnected; break;
    case SC_EVENT_ATTACHED: now = kReady; break;
    case SC_EVENT_DISCONNECTED: now = kNoDaemon; break;
    case SC_EVENT_REFUSED: now = kRefused; break;
    case SC_EVENT_KEPT: kept_.fetch_add(1, std::memory_order_relaxed); break;
    default: break;
    }
    if (now != link && link != kNotRecording) link_.store(now, std::memory_order_relaxed);
}

void Recorder::run(const float **inputs, float **outputs, uint32_t frames) SC_REALTIME
{
    if (client_) {
        pass(inputs, outputs, frames);
        take_event();
    } else {
        for (uint32_t i = 0; i < SIDECHAIN_CHANNELS; i++)
            if (outputs[i] != inputs[i]) std::memcpy(outputs[i], inputs[i], sizeof(float) * frames);
    }
    change_count_ = 0;
}

Plugin *createPlugin()
{
    return new Recorder();
}

END_NAMESPACE_DISTRHO
