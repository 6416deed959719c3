/* The plugin's window: takes events of host, pointer and keyboard, hands them to what they are for, and has everything
   drawn. What is where: layout; what is so: status; what a tab does: its view (view.hpp). All of it runs on the UI thread, and
   talks to the client's worker thread through sidechain_window.h: the audio thread never waits for it. */
#include "DistrhoUI.hpp"

#include "feed_tab.hpp"
#include "history_tab.hpp"
#include "recorder.hpp"
#include "recorder_panel.hpp"
#include "recorder_view.hpp"
#include "starter.hpp"
#include "takes_tab.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

START_NAMESPACE_DISTRHO

namespace {

constexpr uint64_t kToastUs = 6000000, kRedrawUs = 1000000;

template <class Clock> uint64_t now_us()
{
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count());
}

} // namespace

static constexpr const char *kNoRecorder = "The host gives this window no access to its plugin. Use the host's own controls.";

class Window final : public UI, private ui::Services {
public:
    Window() : UI(DISTRHO_UI_DEFAULT_WIDTH, DISTRHO_UI_DEFAULT_HEIGHT), canvas_(*this), panel_(around_, *this), history_(around_, *this), takes_(around_, *this), feed_(around_, *this)
    {
        Recorder::windows.fetch_add(1, std::memory_order_relaxed);
        loadSharedResources();
        const double scale = getScaleFactor();
        setGeometryConstraints(static_cast<uint>(ui::kMinWidth * scale), static_cast<uint>(ui::kMinHeight * scale), false, false);
        if (scale > 1.0) setSize(static_cast<uint>(DISTRHO_UI_DEFAULT_WIDTH * scale), static_cast<uint>(DISTRHO_UI_DEFAULT_HEIGHT * scale));
        around_.client = recorder_ ? recorder_->client() : nullptr;
        if (recorder_ && recorder_->window_tab >= 0) tab_ = static_cast<ui::Tab>(recorder_->window_tab);
        if (around_.client) {
            sc_window_open(around_.client);
        } else {
            std::snprintf(info_.reason, sizeof info_.reason, "%s", recorder_ ? recorder_->trouble() : kNoRecorder);
            around_.status.take(info_);
        }
    }

    ~Window() override
    {
        if (around_.client) sc_window_close(around_.client);
        Recorder::windows.fetch_sub(1, std::memory_order_relaxed);
    }

protected:
    /* The host ------------------------------------------------------------------------------------------------- */

    void parameterChanged(uint32_t index, float value) override
    {
        if (index == Recorder::kBars) around_.bars = static_cast<int>(value + 0.5f);
        if (index == Recorder::kPost) around_.post_on_keep = value > 0.5f;
        if (index == Recorder::kPreviewSync) around_.in_sync = value > 0.5f;
        repaint();
    }

#if DISTRHO_PLUGIN_WANT_STATE
    void stateChanged(const char *, const char *) override {}
#endif

    void uiIdle() override
    {
        if (!around_.client) return;
        tell_time();
        bool changed = around_.now_us - drawn_us_ > kRedrawUs || (!toast_.empty() && around_.steady_us > toast_until_us_);
        if (!toast_.empty() && around_.steady_us > toast_until_us_) toast_.clear();
        sc_client_info(around_.client, &info_);
        around_.status.take(info_);
        around_.status.pass(around_.steady_us);
        changed = starter_.step() || changed;
        around_.status.starting(ui::Starter::possible(), starter_.running(), starter_.failure());
        const uint64_t end = around_.ring.end_frame();
        around_.ring.update(info_);
        around_.hearing.update(around_.ring);
        changed = changed || around_.ring.end_frame() != end;
        for (int most = SC_MAX_TOLD; most > 0 && sc_window_poll(around_.client, &event_); most--) {
            hear(event_);
            changed = true;
        }
        for (ui::View *view : views_) changed = view->step(view == shown()) || changed;
        changed = follow_drag() || changed;
        if (changed) repaint();
    }

    /* Pointer and keyboard ------------------------------------------------------------------------------------- */

    bool onMouse(const MouseEvent &event) override
    {
        point(event.pos.getX(), event.pos.getY());
        if (event.button != 1) return false;
        repaint();
        const ui::Press press = {event.press, event.mod, event.time};
        pressed_ms_ = event.time;
        if (!event.press && drag_.release(moved_by(event, around_.pointer))) return true;
        if (!event.press || shown()->covers()) return shown()->press(press);
        for (int i = 0; i < ui::kTabs; i++)
            if (around_.pointer.over(around_.layout.tab_of[i])) return show(static_cast<ui::Tab>(i));
        if (!panel_.press(press)) return shown()->press(press);
        shown()->pressed_elsewhere();
        if (!around_.pointer.over(around_.layout.title)) return true;
        shown()->leave(); /* keys are the title's now */
        panel_.place_caret(canvas_, event.mod & DGL_NAMESPACE::kModifierShift);
        return true;
    }

    bool onMotion(const MotionEvent &event) override
    {
        point(event.pos.getX(), event.pos.getY());
        repaint();
        return drag_.move(moved_by(event, around_.pointer), getWindow().getNativeWindowHandle(), around_.client) || shown()->moved(event.mod);
    }

    bool onScroll(const ScrollEvent &event) override
    {
        point(event.pos.getX(), event.pos.getY());
        repaint();
        const ui::Wheel wheel = {event.delta.getX(), event.delta.getY(), event.mod};
        return shown()->wheel(wheel) || panel_.wheel(wheel);
    }

    bool onKeyboard(const KeyboardEvent &event) override
    {
        if (!event.press) return false;
        repaint();
        if (event.key == DGL_NAMESPACE::kKeyEscape && drag_.dragging()) return drag_.cancel(), true;
        if (!panel_.key(event.key, event.mod)) return shown()->key(event.key, event.mod);
        if (event.key == '\t') shown()->leave();
        return true;
    }

    bool onCharacterInput(const CharacterInputEvent &event) override
    {
        if (event.mod & (DGL_NAMESPACE::kModifierControl | DGL_NAMESPACE::kModifierSuper)) return false;
        repaint();
        return panel_.type(event.string) || shown()->type(event.string);
    }

    /* Drawing -------------------------------------------------------------------------------------------------- */

    void onNanoDisplay() override
    {
        const auto scale_factor = static_cast<float>(getScaleFactor());
        around_.layout = ui::Layout(static_cast<float>(getWidth()) / scale_factor, static_cast<float>(getHeight()) / scale_factor, tab_);
        tell_time();
        drawn_us_ = around_.now_us;
        canvas_.pixel = 1.0f / scale_factor;
        scale(scale_factor, scale_factor);
        canvas_.fill(around_.layout.whole, ui::kGround);
        ui::draw_head(canvas_, around_.layout, around_.status, around_.ring, around_.hearing, around_.pointer);
        panel_.draw(canvas_);
        shown()->draw(canvas_);
        ui::draw_toast(canvas_, around_.layout.whole, drag_.dragging() ? drag_.words() : toast_);
    }

private:
    ui::View *shown() { return views_[static_cast<int>(tab_)]; }

    bool show(ui::Tab tab)
    {
        if (tab != tab_) shown()->leave();
        panel_.leave();
        tab_ = tab;
        if (recorder_) recorder_->window_tab = static_cast<int>(tab);
        around_.layout = ui::Layout(around_.layout.whole.w, around_.layout.whole.h, tab_);
        return true;
    }

    void hear(const sc_event &event)
    {
        around_.status.take(event);
        if (claim_ && event.id == claim_ && (event.kind == SC_EVENT_ASKED || event.kind == SC_EVENT_ASK_FAILED)) {
            around_.status.claiming(event.kind == SC_EVENT_ASKED);
            claim_ = 0;
        }
        bool answers = panel_.hear(event) || drag_.hear(event);
        for (ui::View *view : views_) answers = view->hear(event) || answers;
        if (event.kind == SC_EVENT_ASK_FAILED && !answers && around_.status.kept() != ui::Status::Take::kFailed) toast(event.failed.message);
        if (event.kind == SC_EVENT_PREVIEW_FAILED) toast(event.failed.message);
        if (event.kind == SC_EVENT_PREVIEW_ENDED && event.ended.message[0]) toast(event.ended.message);
    }

    bool follow_drag()
    {
        const bool changed = drag_.step();
        const std::string result = drag_.result();
        if (!result.empty()) toast(result);
        if (changed) setCursor(!drag_.dragging()                                        ? DGL_NAMESPACE::kMouseCursorArrow
                               : drag_.state() == ui::DragSource::State::kTaking        ? DGL_NAMESPACE::kMouseCursorHand
                                                                                        : DGL_NAMESPACE::kMouseCursorNotAllowed);
        return changed || !result.empty();
    }

    template <class Event> static ui::DragOut::Moved moved_by(const Event &event, const ui::Pointer &at)
    {
        return {at, static_cast<int>(event.pos.getX()), static_cast<int>(event.pos.getY()), event.time};
    }

    void tell_time()
    {
        around_.now_us = now_us<std::chrono::system_clock>();
        around_.steady_us = now_us<std::chrono::steady_clock>();
    }

    void point(double x, double y)
    {
        const double scale_factor = getScaleFactor();
        around_.pointer = {x / scale_factor, y / scale_factor};
    }

    void set(uint32_t index, float value)
    {
        editParameter(index, true);
        setParameterValue(index, value);
        editParameter(index, false);
        parameterChanged(index, value);
    }

    /* Services ------------------------------------------------------------------------------------------------- */

    void toast(const std::string &words) override
    {
        toast_ = words;
        toast_until_us_ = around_.steady_us + kToastUs;
    }

    bool copy(const std::string &text) override { return setClipboard("text/plain", text.c_str(), text.size() + 1); }

    std::string pasted() override
    {
        size_t bytes = 0;
        const auto *text = static_cast<const char *>(getClipboard(bytes));
        return text ? std::string(text, strnlen(text, bytes)) : std::string();
    }

    void may_drag(const ui::Draggable &what) override { drag_.press(what, around_.pointer, pressed_ms_); }
    void start_sidechain() override { starter_.start(); }
    void claim() override { claim_ = sc_window_claim(around_.client); }
    void set_bars(int bars) override
    {
        const int within = std::clamp(bars, 1, static_cast<int>(SC_MAX_BARS));
        if (within != around_.bars) set(Recorder::kBars, static_cast<float>(within));
    }
    void set_in_sync(bool on) override { set(Recorder::kPreviewSync, on ? 1.0f : 0.0f); }
    void focus_keyboard() override { getWindow().focus(); }
    void keep(bool posts) override { panel_.keep(posts); }
    void grow_choice(int bars) override { history_.grow(bars); }

    Recorder *const recorder_ = static_cast<Recorder *>(getPluginInstancePointer()); /* nullptr where the host gives no access */
    ui::Canvas canvas_;
    ui::Surroundings around_; /* its client lives longer than the window */
    ui::RecorderPanel panel_;
    ui::HistoryTab history_;
    ui::TakesTab takes_;
    ui::FeedTab feed_;
    ui::View *const views_[ui::kTabs] = {&history_, &takes_, &feed_}; /* as ui::Tab */
    ui::Tab tab_ = ui::Tab::kFeed;
    ui::DragOut drag_;
    uint32_t pressed_ms_ = 0;
    ui::Starter starter_;
    sc_info info_ = {};
    sc_event event_ = {};
    std::string toast_;
    uint64_t toast_until_us_ = 0, drawn_us_ = 0, claim_ = 0; /* claim_: what was asked last */

    DISTRHO_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(Window)
};

UI *createUI()
{
    return new Window();
}

END_NAMESPACE_DISTRHO
