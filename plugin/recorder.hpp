/* The plugin: passes audio through untouched, lets the C client record it, and lets it add previews. One for all formats; what a format
   knows of the host's transport comes in by hear(), from the format_*.cpp beside this.

   What it is not: it decides nothing, talks to nobody (the client does), and saves nothing but its parameters. The
   Instance's identity is made new with each plugin object, so that a duplicated track is another Instance. */
#ifndef SIDECHAIN_RECORDER_HPP
#define SIDECHAIN_RECORDER_HPP

#include "DistrhoPlugin.hpp"

#include "sidechain.h"

#include <atomic>
#include <mutex>

START_NAMESPACE_DISTRHO

class Recorder final : public Plugin {
public:
    /* In the order hosts see; projects store it by symbol (LV2, CLAP) or number (VST3): only ever append. */
    enum { kKeep, kBars, kPost, kLink, kKept, kPreviewGain, kPreviewSync, kPreview, kShared,
#ifdef DISTRHO_PLUGIN_TARGET_LV2
        kFreewheel = kShared, kParameters /* LV2 hosts say by a control port that they render offline */
#else
        kParameters = kShared
#endif
    };
    /* Values of the output `link`. */
    enum Link { kNoDaemon, kConnected, kReady, kNotRecording, kRefused };

    static constexpr uint32_t kMaxChanges = 16; /* of the transport within one block; further ones are dropped */

    Recorder();
    ~Recorder() override;

    /* The transport from frame `at` of the coming block on; frames rise. begin_block() first. [audio-thread] */
    void begin_block() noexcept { change_count_ = 0; }
    void hear(uint32_t at, const sc_transport &transport) noexcept;

    /* The host renders offline from the next block on. [any] */
    void set_offline(bool offline) noexcept { offline_.store(offline, std::memory_order_relaxed); }

    /* The host's name where the format tells it; before the first activate(). [main-thread] */
    void name_host(const char *name);

    /* What the host calls the track, each time it says so; "" when it has no name. [main-thread] */
    void name_track(const char *name);

    static std::atomic<int> windows; /* open in this process */

    /* For the window, on the UI thread: the client, made now if the host has not activated the plugin yet. NULL when it
       cannot be made. It lives as long as the plugin does. */
    sc_client *client();

    int window_tab = -1; /* that its window showed last; -1: it had none. Hosts make a new window at each opening. [UI thread] */

    /* Why there is none, and what to do about it. [UI thread] */
    const char *trouble() const noexcept;

    /* The Recorder that this thread made last: how a format's wrapper finds the one inside DPF's object. */
    static Recorder *newest() noexcept;

protected:
    const char *getLabel() const override { return SIDECHAIN_CHANNELS == 1 ? "sidechain_mono" : "sidechain"; }
    const char *getDescription() const override { return "Keeps the last bars you played, and posts them."; }
    const char *getMaker() const override { return "Sidechain"; }
    const char *getLicense() const override { return "MIT"; }
    uint32_t getVersion() const override { return d_version(0, 1, 0); }
    int64_t getUniqueId() const override
    {
        return SIDECHAIN_CHANNELS == 1 ? d_cconst('S', 'd', 'c', '1') : d_cconst('S', 'd', 'c', '2');
    }
    void initParameter(uint32_t index, Parameter &parameter) override;
    float getParameterValue(uint32_t index) const override;
    void setParameterValue(uint32_t index, float value) override;
#if DISTRHO_PLUGIN_WANT_STATE
    void initState(uint32_t, State &) override {}
    void setState(const char *, const char *) override {}
#endif
    void activate() override;
    void deactivate() override;
    void run(const float **inputs, float **outputs, uint32_t frames) SC_REALTIME override;

private:
    struct TransportChange {
        uint32_t at; /* frame of the block */
        sc_transport transport;
    };

    bool keep(); /* false when nothing is recorded yet */
    bool make_client(); /* `naming_` held */
    void pass(const float **inputs, float **outputs, uint32_t frames);
    void take_event();

    static constexpr float kInitialGainDb = -6.0f; /* posts are louder than most mixes in the making */

    /* What every block looks at, side by side: between two blocks the caches belong to others. */
    alignas(64) std::atomic<sc_client *> client_{nullptr}; /* set once, by the first activate() */
    uint32_t change_count_ = 0;
    std::atomic<bool> offline_{false};
    std::atomic<bool> keep_held_{false};
    std::atomic<bool> post_{false};
    std::atomic<bool> preview_sync_{false};
    std::atomic<uint32_t> bars_{8};
    std::atomic<float> preview_gain_db_{kInitialGainDb};
    std::atomic<int> link_{kNoDaemon};
    std::atomic<uint32_t> kept_{0};
    TransportChange changes_[kMaxChanges];
    sc_event event_; /* the audio thread's */

    std::mutex naming_; /* hosts may activate on another thread than they name the track on */
    sc_result made_ = SC_OK; /* of the last attempt to make the client; under `naming_` */
    char host_name_[256] = "";
    char track_name_[512] = "";

    DISTRHO_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(Recorder)
};

END_NAMESPACE_DISTRHO
#endif
