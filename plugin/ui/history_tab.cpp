#include "history_tab.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

constexpr double kEdgePoints = 900.0; /* a second: how fast it scrolls on beyond an edge */

/* What is there --------------------------------------------------------------------------------------------------- */

bool HistoryTab::step(bool shown)
{
    const double seconds = passed_us_ ? static_cast<double>(around_.steady_us - passed_us_) / 1e6 : 0.0;
    passed_us_ = around_.steady_us;
    bool changed = follow_ring(shown);
    changed = follow_preview() || changed;
    if (!shown) return false;
    if (drag_ == Drag::kHandle || drag_ == Drag::kNew) { /* beyond an edge it scrolls on */
        const Box &wave = around_.layout.wave;
        const double beyond = around_.pointer.x < wave.x ? around_.pointer.x - wave.x : std::max(around_.pointer.x - wave.right(), 0.0);
        if (selection_.held() != Selection::Handle::kNone && beyond != 0.0) {
            viewport_.drag(std::clamp(beyond * 8.0, -kEdgePoints, kEdgePoints) * seconds);
            selection_.drag(snapped_here(held_));
            changed = true;
        }
    }
    changed = viewport_.pass(seconds) || changed;
    changed = view_.pass(static_cast<float>(seconds)) || changed;
    source_.ask(around_.client, around_.ring, viewport_, around_.layout.overview.w, around_.steady_us);
    choose();
    return changed;
}

/* True when something new was played. */
bool HistoryTab::follow_ring(bool shown)
{
    const RingView &ring = around_.ring;
    if (source_.follow(around_.status.info(), ring)) {
        selection_.release();
        viewport_ = Viewport();
    }
    const auto newest = static_cast<double>(source_.newest(ring));
    const bool grown = newest != viewport_.newest();
    if (shown) viewport_.show(static_cast<double>(source_.oldest(ring)), newest, around_.layout.wave.w);
    selection_.settle(bars_);
    selection_.follow(bars_, around_.bars);
    return grown;
}

bool HistoryTab::follow_preview()
{
    sc_preview preview = {};
    sc_client_preview(around_.client, &preview);
    const bool ours = preview.state != SC_PREVIEW_NONE && preview.kind == SC_PLAY_HISTORY;
    const bool was = heard_state_ != SC_PREVIEW_NONE;
    heard_state_ = ours ? preview.state : SC_PREVIEW_NONE;
    const bool sounds = ours && (preview.state == SC_PREVIEW_PLAYING || preview.state == SC_PREVIEW_MUTED) && !heard_span_.empty();
    heard_ = sounds ? static_cast<double>(heard_span_.first + preview.heard_frames % (heard_span_.end - heard_span_.first)) : -1.0;
    return ours || was;
}

void HistoryTab::choose()
{
    measured_ = measured(bars_, selection_.first(), selection_.end(), rate_hz());
    chosen_.fixed = (selection_.fixed() || !source_.own()) && !selection_.empty();
    chosen_.span = {source_.generation(), selection_.first(), selection_.end(), measured_.bars > 0};
    chosen_.words = short_words(measured_);
}

bool HistoryTab::hear(const sc_event &event)
{
    if (source_.hear(event, around_.steady_us)) return selection_.settle(bars_), true;
    if (menu_.hear(event)) return true;
    if (event.kind != SC_EVENT_KEPT_ALL || event.id != keep_all_asked_) return false;
    const std::string note = event.kept_all.note[0] ? std::string(" ") + event.kept_all.note : "";
    services_.toast("Kept " + std::to_string(event.kept_all.takes) + (event.kept_all.takes == 1 ? " take" : " takes") + " as “" + event.kept_all.name + "”." + note);
    return true;
}

/* What is done ---------------------------------------------------------------------------------------------------- */

void HistoryTab::toggle_listen()
{
    if (heard_state_ != SC_PREVIEW_NONE) sc_client_stop_preview(around_.client);
    else listen();
}

void HistoryTab::listen()
{
    if (selection_.empty() || !around_.client) return;
    heard_span_ = {selection_.first(), selection_.end()};
    const sc_result result = sc_window_listen(around_.client, &chosen_.span, chosen_.words.c_str(), nullptr);
    if (result == SC_ERROR_INACTIVE) services_.toast("The host has not started its audio yet. Press play there once.");
}

/* By what is said of it. */
void HistoryTab::may_drag_out()
{
    if (selection_.empty()) return;
    Draggable what;
    what.kind = SC_EXPORT_HISTORY;
    what.generation = source_.generation();
    what.first_frame = selection_.first();
    what.end_frame = selection_.end();
    what.name = chosen_.words;
    services_.may_drag(what);
}

void HistoryTab::keep_all()
{
    if (!source_.own()) return services_.toast("Keep all keeps what is played now: choose “This plugin” first.");
    const bool span = chosen_.fixed && measured_.bars && measured_.bars <= SC_MAX_BARS;
    if (chosen_.fixed && !span) return services_.toast("Keep all keeps whole bars, up to " + std::to_string(SC_MAX_BARS) + ": select whole bars, or press Esc for the last ones.");
    keep_all_asked_ = sc_window_keep_all(around_.client, span ? measured_.bars : static_cast<uint32_t>(around_.bars), span ? &chosen_.span : nullptr, "");
    if (!keep_all_asked_) services_.toast("Nothing is recorded yet: play something, then keep it.");
}

/* Another History: of a Ring that is gone, or the plugin's own again. */
void HistoryTab::show(const sc_earlier &ring)
{
    if (heard_state_ != SC_PREVIEW_NONE) sc_client_stop_preview(around_.client);
    source_.show(ring);
    follow_ring(true);
    choose();
}

/* Drawing --------------------------------------------------------------------------------------------------------- */

HistoryShown HistoryTab::shown() const
{
    const Status &status = around_.status;
    const sc_info &info = status.info();
    const bool listens = heard_state_ != SC_PREVIEW_NONE, any = !selection_.empty();
    std::string hint = !any ? "" : drag_ == Drag::kHandle || drag_ == Drag::kNew ? "Shift: beats  ·  Alt: free" : selection_.fixed() ? "Esc: back to the last bars" : "Drag to select another part";
    if (heard_state_ == SC_PREVIEW_MUTED) hint = "Silent while the host records";
    std::string notice;
    if (info.reason[0]) notice = info.reason;
    else if (!info.connected) notice = "Sidechain is not running: only the last moments can be seen.";
    static const RingView kNoRing;
    return {viewport_, source_.tiles(), bars_, selection_, source_.own() ? around_.ring : kNoRing, around_.pointer, viewport_.oldest(),
            viewport_.newest(), rate_hz(), heard_, source_.own(), listens, any && info.attached, info.attached && source_.own(),
            any ? words(measured_) : "Nothing selected yet", hint, notice, notice.empty() || info.reason[0] || status.card().act != Card::Act::kStart ? "" : status.card().button};
}

void HistoryTab::draw(Canvas &canvas)
{
    const Layout &layout = around_.layout;
    if (viewport_.newest() != static_cast<double>(source_.newest(around_.ring)) || viewport_.frames_per_point() == 0.0) follow_ring(true);
    view_.draw(canvas, layout, shown());
    menu_.draw(canvas, layout, around_.pointer, source_.earlier(), around_.now_us);
    const double looked_at = around_.pointer.over(layout.wave) ? static_cast<double>(frame_here()) : (viewport_.first() + viewport_.end()) / 2;
    const sc_mark *mark = looked_at > 0.0 ? bars_.in_force(static_cast<uint64_t>(looked_at)) : nullptr;
    if (!mark || !(mark->flags & SC_MARK_PLAYING)) return;
    std::string facts = mark->bpm > 0.0 ? tempo_text(mark->bpm) + " BPM" : "";
    if (mark->numerator) facts += (facts.empty() ? "" : "  ·  ") + std::to_string(mark->numerator) + "/" + std::to_string(mark->denominator);
    const float left = layout.whose.right() + kGap;
    if (!menu_.open()) canvas.write(Box{left, layout.tools.y, layout.tools.right() - left, layout.tools.h}, kTextSize, kDim, facts, Align::kRight);
}

} // namespace ui
