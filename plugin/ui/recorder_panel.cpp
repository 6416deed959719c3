#include "recorder_panel.hpp"

#include "field_view.hpp"
#include "recorder_view.hpp"

#include "Base.hpp"

namespace ui {

using Take = Status::Take;

static bool same(const sc_span &one, const sc_span &other)
{
    return one.generation == other.generation && one.first_frame == other.first_frame && one.end_frame == other.end_frame;
}

void RecorderPanel::draw(Canvas &canvas)
{
    const Surroundings &a = around_;
    if (status_.kept() == Take::kKept && has_span() && !same(a.chosen.span, kept_)) status_.let_go(); /* another part is kept next, and not that one posted */
    if (a.layout.tab != Tab::kHistory) draw_wave(canvas, a.layout.wave, a.ring, a.bars);
    const std::string keep = has_span() ? a.status.keep_label(a.chosen.words, a.post_on_keep) : a.status.keep_label(a.bars, a.post_on_keep);
    draw_controls(canvas, a.layout, a.status, {a.bars > 1 || has_span(), a.bars < static_cast<int>(SC_MAX_BARS) || has_span(), keep, title_, a.pointer});
}

bool RecorderPanel::hear(const sc_event &)
{
    const bool posted = status_.kept() == Take::kPosted;
    if (posted && !was_posted_) title_.clear();
    was_posted_ = posted;
    return false;
}

/* Pointer and keyboard ------------------------------------------------------------------------------------------ */

bool RecorderPanel::press(const Press &press)
{
    if (!press.down) return false;
    const Layout &layout = around_.layout;
    const Pointer &pointer = around_.pointer;
    title_.focused = pointer.over(layout.title);
    if (title_.focused) services_.focus_keyboard();
    else if (pointer.over(layout.keep)) keep(around_.post_on_keep);
    else if (pointer.over(layout.post)) post_or_undo();
    else if (pointer.over(layout.fewer)) change_bars(-1);
    else if (pointer.over(layout.more)) change_bars(1);
    else return false;
    return true;
}

void RecorderPanel::place_caret(Canvas &canvas, bool extend)
{
    title_.place(field_place(canvas, around_.layout.title, title_, around_.pointer.x), extend);
}

/* Over what shows or says how many bars; anywhere else it is nobody's. */
bool RecorderPanel::wheel(const Wheel &wheel)
{
    const Layout &layout = around_.layout;
    const auto over = [&](const Box &box) { return around_.pointer.over(box); };
    if (wheel.along == 0.0 || !(over(layout.wave) || over(layout.fewer) || over(layout.more) || over(layout.keep))) return false;
    change_bars(wheel.along > 0.0 ? 1 : -1);
    return true;
}

bool RecorderPanel::key(unsigned key, unsigned held)
{
    if (title_.focused) return edit(key, held);
    if (key != '\t') return false;
    title_.focused = true;
    title_.select_all();
    return true;
}

bool RecorderPanel::type(const char *text)
{
    if (!title_.focused) return false;
    if (text[0] != '\t') title_.insert(text, std::char_traits<char>::length(text));
    return true;
}

bool RecorderPanel::edit(unsigned key, unsigned held)
{
    if (key == '\r') post();
    else if (key == '\t' || key == DGL_NAMESPACE::kKeyEscape) title_.focused = false;
    else edit_field(title_, services_, key, held);
    return true; /* typed text comes as characters, and is no short-cut of the host's */
}

/* What is done -------------------------------------------------------------------------------------------------- */

bool RecorderPanel::has_span() const { return around_.layout.tab == Tab::kHistory && around_.chosen.fixed; }

void RecorderPanel::change_bars(int by)
{
    if (has_span()) services_.grow_choice(by);
    else services_.set_bars(around_.bars + by);
}

void RecorderPanel::keep(bool posts)
{
    uint64_t id = 0;
    const char *title = title_.text().c_str();
    sc_result result = SC_ERROR_INACTIVE;
    if (around_.client && has_span()) result = sc_window_keep_span(around_.client, &around_.chosen.span, posts, title, &id);
    else if (around_.client) result = sc_client_keep(around_.client, static_cast<uint32_t>(around_.bars), 0.0, posts, title, &id);
    status_.keeping(result == SC_OK ? id : 0, posts);
    kept_ = around_.chosen.span;
}

/* The button is *Undo* while a post is held. */
void RecorderPanel::post_or_undo()
{
    if (status_.kept() == Take::kHeld) status_.undoing(sc_window_undo(around_.client, status_.take_id().c_str()));
    else post();
}

void RecorderPanel::post()
{
    if (!can_post(status_)) return;
    title_.focused = false;
    const bool there = (status_.kept() == Take::kKept || status_.kept() == Take::kFailed) && !status_.take_id().empty();
    if (!there) keep(true);
    else status_.posting(sc_window_post(around_.client, status_.take_id().c_str(), title_.text().c_str()));
}

} // namespace ui
