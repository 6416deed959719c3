/* The plugin's window: takes events of host, pointer and keyboard, does what they ask, and has everything drawn. What
   is where: layout; what is so: status and feed; how it looks: the views. All of it runs on the UI thread, and talks to
   the client's worker thread through sidechain_window.h: the audio thread never waits for it. */
#include "DistrhoUI.hpp"

#include "feed_view.hpp"
#include "recorder.hpp"
#include "starter.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

START_NAMESPACE_DISTRHO

namespace {

constexpr float kScrollStep = 56.0f;
constexpr uint64_t kToastUs = 6000000, kRedrawUs = 1000000;

uint64_t unix_us()
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

/* For countdowns: nobody sets it. */
uint64_t steady_us()
{
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

} // namespace

static constexpr const char *kNoRecorder = "The host gives this window no access to its plugin. Use the host's own controls.";

class Window final : public UI {
public:
    Window() : UI(DISTRHO_UI_DEFAULT_WIDTH, DISTRHO_UI_DEFAULT_HEIGHT), canvas_(*this), layout_(ui::kMinWidth, ui::kMinHeight)
    {
        Recorder::windows.fetch_add(1, std::memory_order_relaxed);
        loadSharedResources();
        const double scale = getScaleFactor();
        setGeometryConstraints(static_cast<uint>(ui::kMinWidth * scale), static_cast<uint>(ui::kMinHeight * scale), false, false);
        if (scale > 1.0) setSize(static_cast<uint>(DISTRHO_UI_DEFAULT_WIDTH * scale), static_cast<uint>(DISTRHO_UI_DEFAULT_HEIGHT * scale));
        auto *recorder = static_cast<Recorder *>(getPluginInstancePointer());
        client_ = recorder ? recorder->client() : nullptr;
        if (client_) {
            sc_window_open(client_);
        } else {
            std::snprintf(info_.reason, sizeof info_.reason, "%s", recorder ? recorder->trouble() : kNoRecorder);
            status_.take(info_);
        }
    }

    ~Window() override
    {
        if (client_) sc_window_close(client_);
        Recorder::windows.fetch_sub(1, std::memory_order_relaxed);
    }

protected:
    /* The host ------------------------------------------------------------------------------------------------- */

    void parameterChanged(uint32_t index, float value) override
    {
        if (index == Recorder::kBars) bars_ = static_cast<int>(value + 0.5f);
        if (index == Recorder::kPost) post_on_keep_ = value > 0.5f;
        if (index == Recorder::kPreviewSync) in_sync_ = value > 0.5f;
        repaint();
    }

#if DISTRHO_PLUGIN_WANT_STATE
    void stateChanged(const char *, const char *) override {}
#endif

    void uiIdle() override
    {
        if (!client_) return;
        const uint64_t now_us = unix_us();
        bool changed = now_us - drawn_us_ > kRedrawUs || (!toast_.empty() && now_us > toast_until_us_);
        if (!toast_.empty() && now_us > toast_until_us_) toast_.clear();
        sc_client_info(client_, &info_);
        status_.take(info_);
        status_.pass(steady_us());
        changed = starter_.step() || changed;
        status_.starting(ui::Starter::possible(), starter_.running(), starter_.failure());
        const uint64_t end = ring_.end_frame();
        ring_.update(info_);
        changed = changed || ring_.end_frame() != end;
        for (int most = SC_MAX_TOLD; most > 0 && sc_window_poll(client_, &event_); most--) {
            hear(event_);
            changed = true;
        }
        changed = follow_preview() || changed;
        ask_for_rows();
        if (changed) repaint();
    }

    /* Pointer and keyboard ------------------------------------------------------------------------------------- */

    bool onMouse(const MouseEvent &event) override
    {
        point(event.pos.getX(), event.pos.getY());
        if (event.button != 1 || !event.press) return false;
        repaint();
        const bool was_picking = !feed_view_.picking.empty();
        const ui::Hit hit = feed_view_.hit(layout_, status_, feed_, pointer_);
        feed_view_.picking.clear();
        title_.focused = pointer_.over(layout_.title);
        if (title_.focused) {
            getWindow().focus();
            title_.place(ui::title_place(canvas_, layout_, title_, pointer_.x), event.mod & DGL_NAMESPACE::kModifierShift);
        }
        else if (pointer_.over(layout_.keep)) keep(post_on_keep_);
        else if (pointer_.over(layout_.post)) post_or_undo();
        else if (pointer_.over(layout_.fewer)) set_bars(bars_ - 1);
        else if (pointer_.over(layout_.more)) set_bars(bars_ + 1);
        else if (pointer_.over(layout_.sync)) set(Recorder::kPreviewSync, in_sync_ ? 0.0f : 1.0f);
        else if (hit.kind == ui::Hit::kNothing) return was_picking;
        else act(hit);
        return true;
    }

    bool onMotion(const MotionEvent &event) override
    {
        point(event.pos.getX(), event.pos.getY());
        repaint();
        return false;
    }

    bool onScroll(const ScrollEvent &event) override
    {
        point(event.pos.getX(), event.pos.getY());
        const double steps = event.delta.getY();
        if (pointer_.over(layout_.feed)) scroll_by(static_cast<float>(-steps) * kScrollStep);
        else set_bars(bars_ + (steps > 0 ? 1 : -1));
        repaint();
        return true;
    }

    bool onKeyboard(const KeyboardEvent &event) override
    {
        if (!event.press) return false;
        repaint();
        if (title_.focused) return edit(event);
        const float page = layout_.list.h * 0.9f;
        switch (event.key) {
        case DGL_NAMESPACE::kKeyDown: return scroll_by(kScrollStep);
        case DGL_NAMESPACE::kKeyUp: return scroll_by(-kScrollStep);
        case DGL_NAMESPACE::kKeyPageDown: return scroll_by(page);
        case DGL_NAMESPACE::kKeyPageUp: return scroll_by(-page);
        case DGL_NAMESPACE::kKeyHome: return scroll_by(-1e9f);
        case DGL_NAMESPACE::kKeyEnd: return scroll_by(1e9f);
        case DGL_NAMESPACE::kKeyEscape: feed_view_.picking.clear(); return true;
        case '\t': title_.focused = true; title_.select_all(); return true;
        default: return false; /* the host's: space plays, and so on */
        }
    }

    bool onCharacterInput(const CharacterInputEvent &event) override
    {
        const uint held = event.mod & (DGL_NAMESPACE::kModifierControl | DGL_NAMESPACE::kModifierSuper);
        if (!title_.focused || held) return false;
        if (event.string[0] != '\t') title_.insert(event.string, std::strlen(event.string));
        repaint();
        return true;
    }

    /* Drawing -------------------------------------------------------------------------------------------------- */

    void onNanoDisplay() override
    {
        const auto scale_factor = static_cast<float>(getScaleFactor());
        layout_ = ui::Layout(static_cast<float>(getWidth()) / scale_factor, static_cast<float>(getHeight()) / scale_factor);
        feed_view_.settle(layout_, feed_);
        drawn_us_ = unix_us();
        canvas_.pixel = 1.0f / scale_factor;
        scale(scale_factor, scale_factor);
        canvas_.fill(layout_.whole, ui::kGround);
        ui::draw_head(canvas_, layout_, status_, ring_);
        ui::draw_wave(canvas_, layout_.wave, ring_, bars_);
        ui::draw_controls(canvas_, layout_, status_, {bars_, post_on_keep_, title_, pointer_});
        feed_view_.draw(canvas_, layout_, {status_, feed_, playing_, pointer_, drawn_us_, toast_, in_sync_});
    }

private:
    /* What is heard -------------------------------------------------------------------------------------------- */

    void hear(const sc_event &event)
    {
        const std::string account = status_.account();
        const bool was_online = status_.online(), was_posted = status_.kept() == ui::Status::Take::kPosted;
        status_.take(event);
        switch (event.kind) {
        case SC_EVENT_ITEM: {
            const ui::Feed::Taken taken = feed_.take(event.item);
            if (taken.is_new) feed_view_.inserted(layout_, taken.place);
            break;
        }
        case SC_EVENT_FEED_PAGE: feed_.answered(event); break;
        case SC_EVENT_ASK_FAILED:
            if (feed_.asked() == event.id) feed_.answered(event);
            else if (status_.kept() != ui::Status::Take::kFailed) toast(event.failed.message);
            break;
        case SC_EVENT_PREVIEW_FAILED: toast(event.failed.message); break;
        case SC_EVENT_PREVIEW_ENDED:
            if (event.ended.message[0]) toast(event.ended.message);
            break;
        case SC_EVENT_PREVIEW_LOADING: playing_.share = static_cast<float>(event.loading.fraction); break;
        default: break;
        }
        if (status_.account() != account && !status_.account().empty() && !account_.empty() && account_ != status_.account())
            feed_.forget();
        if (!status_.account().empty()) account_ = status_.account();
        if (status_.online() && !was_online) feed_.renew();
        if (status_.kept() == ui::Status::Take::kPosted && !was_posted) {
            title_.clear();
            feed_.renew(); /* it is among the newest now */
        }
    }

    void ask_for_rows()
    {
        if (!status_.signed_in() || !feed_.wants(feed_view_.unseen(layout_, feed_))) return;
        if (const uint64_t id = sc_window_get_feed(client_, feed_.cursor().c_str(), ui::Feed::kPage)) feed_.asked(id);
    }

    /* Whether what plays has changed, or moves. */
    bool follow_preview()
    {
        sc_preview preview = {};
        sc_client_preview(client_, &preview);
        const bool was = playing_.state != ui::Playing::kNothing;
        playing_.post_id = preview.target;
        playing_.state = preview.state == SC_PREVIEW_NONE      ? ui::Playing::kNothing
                         : preview.state == SC_PREVIEW_LOADING ? ui::Playing::kLoading
                                                               : ui::Playing::kSounding;
        if (playing_.state == ui::Playing::kSounding)
            playing_.share = preview.frames ? static_cast<float>(static_cast<double>(preview.heard_frames) / static_cast<double>(preview.frames)) : 1.0f;
        return was || playing_.state != ui::Playing::kNothing;
    }

    /* What is done --------------------------------------------------------------------------------------------- */

    void keep(bool posts)
    {
        uint64_t id = 0;
        const bool asked = client_ && sc_client_keep(client_, static_cast<uint32_t>(bars_), 0.0, posts, title_.text().c_str(), &id) == SC_OK;
        status_.keeping(asked ? id : 0, posts);
    }

    /* The button is *Undo* while a post is held. */
    void post_or_undo()
    {
        if (status_.kept() == ui::Status::Take::kHeld) status_.undoing(sc_window_undo(client_, status_.take_id().c_str()));
        else post();
    }

    void post()
    {
        using Take = ui::Status::Take;
        if (!ui::can_post(status_)) return;
        title_.focused = false;
        const bool there = (status_.kept() == Take::kKept || status_.kept() == Take::kFailed) && !status_.take_id().empty();
        if (!there) keep(true);
        else status_.posting(sc_window_post(client_, status_.take_id().c_str(), title_.text().c_str()));
    }

    void act(const ui::Hit &hit)
    {
        if (hit.kind == ui::Hit::kCopy) return copy_command();
        if (hit.kind == ui::Hit::kStart) return starter_.start();
        if (hit.row >= feed_.rows().size()) return;
        const sc_item &item = feed_.rows()[hit.row];
        const bool plays = playing_.state != ui::Playing::kNothing && playing_.post_id == item.post_id;
        const bool reacted = item.reacted >> hit.reaction & 1u;
        switch (hit.kind) {
        case ui::Hit::kPlay:
            if (plays) sc_client_stop_preview(client_);
            else if (sc_client_play(client_, SC_PLAY_ITEM, item.post_id, in_sync_, nullptr) != SC_OK)
                toast("The host has not started its audio yet. Press play there once.");
            break;
        case ui::Hit::kLike: sc_window_like(client_, item.post_id, !item.liked); break;
        case ui::Hit::kReaction: sc_window_react(client_, item.post_id, hit.reaction, !reacted); break;
        case ui::Hit::kOpenPicker: feed_view_.picking = item.post_id; break;
        default: break;
        }
    }

    void copy_command()
    {
        const ui::Card card = feed_view_.card(status_, feed_);
        if (setClipboard("text/plain", card.command.c_str(), card.command.size() + 1)) toast("Copied");
    }

    bool scroll_by(float points)
    {
        feed_view_.picking.clear();
        feed_view_.scroll += points;
        feed_view_.settle(layout_, feed_);
        return true;
    }

    bool edit(const KeyboardEvent &event)
    {
        using Move = ui::TextField::Move;
        const bool extend = event.mod & DGL_NAMESPACE::kModifierShift;
        if (event.mod & DGL_NAMESPACE::kModifierControl) return edit_with_control(event.key);
        switch (event.key) {
        case DGL_NAMESPACE::kKeyBackspace: title_.erase(true); return true;
        case DGL_NAMESPACE::kKeyDelete: title_.erase(false); return true;
        case DGL_NAMESPACE::kKeyLeft: title_.move(Move::kLeft, extend); return true;
        case DGL_NAMESPACE::kKeyRight: title_.move(Move::kRight, extend); return true;
        case DGL_NAMESPACE::kKeyHome: title_.move(Move::kStart, extend); return true;
        case DGL_NAMESPACE::kKeyEnd: title_.move(Move::kEnd, extend); return true;
        case DGL_NAMESPACE::kKeyEscape:
        case '\t': title_.focused = false; return true;
        case '\r': post(); return true;
        default: return true; /* typed text comes as characters, and is no short-cut of the host's */
        }
    }

    bool edit_with_control(uint key)
    {
        const std::string selected = title_.selected();
        if (key == 'a') title_.select_all();
        if ((key == 'c' || key == 'x') && !selected.empty()) setClipboard("text/plain", selected.c_str(), selected.size() + 1);
        if (key == 'x' && !selected.empty()) title_.erase(true);
        if (key != 'v') return true;
        size_t bytes = 0;
        if (const auto *text = static_cast<const char *>(getClipboard(bytes))) title_.insert(text, strnlen(text, bytes));
        return true;
    }

    void set(uint32_t index, float value)
    {
        editParameter(index, true);
        setParameterValue(index, value);
        editParameter(index, false);
        parameterChanged(index, value);
    }

    void set_bars(int bars) { set(Recorder::kBars, static_cast<float>(std::clamp(bars, 1, 64))); }

    void point(double x, double y)
    {
        const double scale_factor = getScaleFactor();
        pointer_ = {x / scale_factor, y / scale_factor};
    }

    void toast(const std::string &words)
    {
        toast_ = words;
        toast_until_us_ = unix_us() + kToastUs;
    }

    ui::Canvas canvas_;
    ui::Layout layout_;
    ui::Status status_;
    ui::Feed feed_;
    ui::FeedView feed_view_;
    ui::TextField title_;
    ui::Playing playing_;
    ui::Starter starter_;
    ui::Pointer pointer_;
    RingView ring_;
    sc_client *client_ = nullptr; /* the plugin's: it lives longer than the window */
    sc_info info_ = {};
    sc_event event_ = {};
    std::string toast_, account_;
    uint64_t toast_until_us_ = 0, drawn_us_ = 0;
    int bars_ = 8;
    bool post_on_keep_ = false, in_sync_ = false;

    DISTRHO_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(Window)
};

UI *createUI()
{
    return new Window();
}

END_NAMESPACE_DISTRHO
