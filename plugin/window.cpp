/* The plugin's window: how it stands, what was heard with its bars, and one button that keeps it.
   Drawn with NanoVG; all it knows comes from the Recorder in the same process, on the UI thread. */
#include "DistrhoUI.hpp"

#include "recorder.hpp"
#include "ring_view.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

START_NAMESPACE_DISTRHO

namespace {

const Color kGround(0x14, 0x16, 0x1b), kPanel(0x1c, 0x1f, 0x26), kLine(0x3a, 0x40, 0x4d), kInk(0xec, 0xee, 0xf2),
    kFaint(0x8b, 0x93, 0xa3), kWave(0x5b, 0x66, 0x7a), kAccent(0x57, 0xd6, 0xa6), kWarning(0xf2, 0xb1, 0x5c);

struct Box {
    float x, y, w, h;
    bool holds(double px, double py) const { return px >= x && px < x + w && py >= y && py < y + h; }
};

constexpr float kMargin = 16.0f, kTop = 44.0f, kBottom = 88.0f, kControls = 76.0f; /* the last two from below */
constexpr float kSecondsWithoutBars = 16.0f;

} // namespace

class Window final : public UI {
public:
    Window() : UI(DISTRHO_UI_DEFAULT_WIDTH, DISTRHO_UI_DEFAULT_HEIGHT)
    {
        Recorder::windows.fetch_add(1, std::memory_order_relaxed);
        loadSharedResources();
        const double scale = getScaleFactor();
        setGeometryConstraints(static_cast<uint>(DISTRHO_UI_DEFAULT_WIDTH * scale * 0.75),
                               static_cast<uint>(DISTRHO_UI_DEFAULT_HEIGHT * scale * 0.9), false, false);
        if (scale > 1.0) setSize(static_cast<uint>(DISTRHO_UI_DEFAULT_WIDTH * scale),
                                 static_cast<uint>(DISTRHO_UI_DEFAULT_HEIGHT * scale));
    }

    ~Window() override { Recorder::windows.fetch_sub(1, std::memory_order_relaxed); }

protected:
    void parameterChanged(uint32_t index, float value) override
    {
        if (index == Recorder::kBars) bars_ = static_cast<int>(value + 0.5f);
        if (index == Recorder::kPost) post_ = value > 0.5f;
        repaint();
    }

#if DISTRHO_PLUGIN_WANT_STATE
    void stateChanged(const char *, const char *) override {}
#endif

    void uiIdle() override
    {
        Recorder *recorder = static_cast<Recorder *>(getPluginInstancePointer());
        if (!recorder) return;
        recorder->info(info_);
        ring_.update(info_);
        sc_event event;
        while (recorder->next_told(event)) take(event);
        repaint();
    }

    bool onMouse(const MouseEvent &event) override
    {
        if (event.button != 1 || !event.press) return false;
        const double scale = getScaleFactor(), x = event.pos.getX() / scale, y = event.pos.getY() / scale;
        if (keep_box().holds(x, y)) keep();
        else if (fewer_box().holds(x, y)) set_bars(bars_ - 1);
        else if (more_box().holds(x, y)) set_bars(bars_ + 1);
        else if (post_box().holds(x, y)) set(Recorder::kPost, post_ ? 0.0f : 1.0f);
        else return false;
        return true;
    }

    bool onScroll(const ScrollEvent &event) override
    {
        set_bars(bars_ + (event.delta.getY() > 0 ? 1 : -1));
        return true;
    }

    void onNanoDisplay() override
    {
        const float scale_factor = static_cast<float>(getScaleFactor());
        width_ = static_cast<float>(getWidth()) / scale_factor;
        height_ = static_cast<float>(getHeight()) / scale_factor;
        scale(scale_factor, scale_factor);
        fill(Box{0, 0, width_, height_}, kGround);
        draw_head();
        draw_wave(Box{kMargin, kTop, width_ - 2 * kMargin, height_ - kTop - kBottom});
        draw_foot();
    }

private:
    /* What happens ------------------------------------------------------------------------------------------- */

    void keep()
    {
        Recorder *recorder = static_cast<Recorder *>(getPluginInstancePointer());
        if (recorder) say(recorder->keep() ? "Keeping …" : "Nothing is recorded yet: play something, then keep it.");
    }

    void set(uint32_t index, float value)
    {
        editParameter(index, true);
        setParameterValue(index, value);
        editParameter(index, false);
        parameterChanged(index, value);
    }

    void set_bars(int bars) { set(Recorder::kBars, static_cast<float>(std::clamp(bars, 1, 64))); }

    void say(const char *text, bool warning = false)
    {
        std::snprintf(message_, sizeof message_, "%s", text);
        warns_ = warning;
    }

    void take(const sc_event &event)
    {
        char text[sizeof message_];
        switch (event.kind) {
        case SC_EVENT_KEPT:
            if (event.anchored) std::snprintf(text, sizeof text, "Kept %u bars. %s", event.bars, event.text);
            else std::snprintf(text, sizeof text, "Kept. %s", event.text);
            return say(text);
        case SC_EVENT_REFUSED:
            std::snprintf(text, sizeof text, "%s %s", event.text, event.path);
            return say(text, true);
        case SC_EVENT_KEEP_FAILED: return say(event.text, true);
        case SC_EVENT_NOTICE: return say(event.text);
        case SC_EVENT_LINK: std::snprintf(account_, sizeof account_, "%s", event.account); break;
        default: break;
        }
    }

    /* Places ------------------------------------------------------------------------------------------------- */

    Box post_box() const { return {kMargin, height_ - kControls, 104, 36}; }
    Box keep_box() const { return {width_ - kMargin - 190, height_ - kControls, 190, 36}; }
    Box more_box() const { return {keep_box().x - 44, height_ - kControls, 36, 36}; }
    Box fewer_box() const { return {more_box().x - 42, height_ - kControls, 36, 36}; }

    /* Drawing ------------------------------------------------------------------------------------------------ */

    void fill(const Box &box, const Color &color, float radius = 0.0f)
    {
        beginPath();
        roundedRect(box.x, box.y, box.w, box.h, radius);
        fillColor(color);
        NanoVG::fill();
    }

    void write(float x, float y, float size, const Color &color, int align, const char *words, float room = 0.0f)
    {
        if (!words[0]) return;
        fontSize(size);
        fillColor(color);
        textAlign(align);
        if (room > 0.0f) {
            save();
            scissor(x, y - size, room, 2 * size);
        }
        text(x, y, words, nullptr);
        if (room > 0.0f) restore();
    }

    void draw_head()
    {
        const bool ready = info_.attached && info_.recording;
        const char *state = info_.reason[0]   ? "not recording"
                            : ready           ? "ready"
                            : info_.connected ? "connected"
                                              : "recording, no daemon";
        write(kMargin, 23, 16, kInk, ALIGN_LEFT | ALIGN_MIDDLE, "Sidechain");
        draw_meter(Box{104, 20, 120, 5});
        beginPath();
        circle(width_ - kMargin - 4, 22, 4);
        fillColor(info_.reason[0] ? kWarning : ready ? kAccent : kFaint);
        NanoVG::fill();
        char right[400];
        std::snprintf(right, sizeof right, "%s%s%s", account_, account_[0] ? "  ·  " : "", state);
        write(width_ - kMargin - 18, 23, 13, kFaint, ALIGN_RIGHT | ALIGN_MIDDLE, right);
    }

    /* The loudest sample of the last tenth of a second, from -60 dB to full scale. */
    void draw_meter(const Box &box)
    {
        const auto end = static_cast<int64_t>(ring_.end_frame());
        const RingView::Peak peak = ring_.peak(end - static_cast<int64_t>(ring_.rate_hz() / 10.0), end);
        const float loudest = std::max(peak.high, -peak.low);
        const float share = loudest > 0.001f ? std::min(1.0f + std::log10(loudest) / 3.0f, 1.0f) : 0.0f;
        fill(box, kPanel, 2.5f);
        if (share > 0.0f) fill(Box{box.x, box.y, box.w * share, box.h}, loudest >= 1.0f ? kWarning : kAccent, 2.5f);
    }

    void draw_wave(const Box &box)
    {
        fill(box, kPanel, 8);
        const auto end = static_cast<int64_t>(ring_.end_frame());
        const auto lines = ring_.bar_lines(static_cast<size_t>(bars_) + 2);
        const auto bars = static_cast<size_t>(bars_);
        const bool known = lines.size() > bars;
        const double rate_hz = ring_.rate_hz();
        const double span = known ? static_cast<double>(end - lines[bars]) * 1.06 : kSecondsWithoutBars * rate_hz;
        if (end == 0 || rate_hz == 0.0) {
            write(box.x + box.w / 2, box.y + box.h / 2, 14, kFaint, ALIGN_CENTER | ALIGN_MIDDLE,
                  "Play something: it is remembered as you go.");
            return;
        }
        const auto x_of = [&](int64_t frame) {
            return box.x + box.w * static_cast<float>(1.0 - static_cast<double>(end - frame) / span);
        };
        const float from = known ? x_of(lines[bars]) : box.x, to = known ? x_of(lines[0]) : box.x + box.w;
        if (known) fill(Box{from, box.y, to - from, box.h}, Color(0x57, 0xd6, 0xa6, 0.08f));
        for (int64_t line : lines) {
            if (x_of(line) < box.x) continue;
            beginPath();
            rect(std::round(x_of(line)), box.y, 1, box.h);
            fillColor(kLine);
            NanoVG::fill();
        }
        const float middle = box.y + box.h / 2, half = box.h / 2 - 8;
        for (float x = box.x + 1; x < box.x + box.w - 1; x += 2.0f) {
            const double at = static_cast<double>(end) - span * (1.0 - static_cast<double>(x - box.x) / box.w);
            const auto begin = static_cast<int64_t>(at), next = static_cast<int64_t>(at + span * 2.0 / box.w);
            const RingView::Peak peak = ring_.peak(begin, next);
            const float high = std::min(peak.high, 1.0f), low = std::max(peak.low, -1.0f);
            beginPath();
            roundedRect(x, middle - half * high, 1.4f, std::max(half * (high - low), 1.0f), 0.7f);
            fillColor(known && x >= from && x < to ? kAccent : kWave);
            NanoVG::fill();
        }
    }

    void draw_foot()
    {
        const Box post = post_box(), keep = keep_box(), fewer = fewer_box(), more = more_box();
        fill(post, post_ ? Color(0x57, 0xd6, 0xa6, 0.18f) : kPanel, 8);
        write(post.x + post.w / 2, post.y + post.h / 2, 13, post_ ? kAccent : kFaint, ALIGN_CENTER | ALIGN_MIDDLE,
              post_ ? "Post: on" : "Post: off");
        for (const Box &box : {fewer, more}) fill(box, kPanel, 8);
        write(fewer.x + 18, fewer.y + 18, 18, kInk, ALIGN_CENTER | ALIGN_MIDDLE, "−");
        write(more.x + 18, more.y + 18, 18, kInk, ALIGN_CENTER | ALIGN_MIDDLE, "+");
        fill(keep, kAccent, 8);
        char words[32];
        std::snprintf(words, sizeof words, bars_ == 1 ? "Keep last bar" : "Keep last %d bars", bars_);
        write(keep.x + keep.w / 2, keep.y + keep.h / 2, 15, kGround, ALIGN_CENTER | ALIGN_MIDDLE, words);

        const char *line = info_.reason[0]  ? info_.reason
                           : warns_         ? message_
                           : info_.connected ? message_
                                            : "Sidechain is not running. Start it with: sidechain up --detach. What you "
                                              "play is remembered until then.";
        write(kMargin, height_ - 20, 13, warns_ || info_.reason[0] ? kWarning : kFaint, ALIGN_LEFT | ALIGN_MIDDLE, line,
              width_ - 2 * kMargin);
    }

    RingView ring_;
    sc_info info_ = {};
    int bars_ = 8;
    bool post_ = false, warns_ = false;
    float width_ = DISTRHO_UI_DEFAULT_WIDTH, height_ = DISTRHO_UI_DEFAULT_HEIGHT;
    char message_[2200] = "", account_[260] = "";

    DISTRHO_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(Window)
};

UI *createUI()
{
    return new Window();
}

END_NAMESPACE_DISTRHO
