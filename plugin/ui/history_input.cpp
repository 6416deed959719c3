/* The tab History: what pointer and keys do in it. */
#include "history_tab.hpp"

#include "Base.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

namespace {

constexpr double kWheelPoints = 64.0, kWheelZoom = 1.25, kButtonZoom = 2.0;
constexpr double kDragFrom = 4.0, kHandleWithin = 8.0;  /* points */
constexpr double kSnapWithin_s = 8.0; /* a bar line that is further off is none of this place */

Snap snap_of(unsigned held)
{
    if (held & (DGL_NAMESPACE::kModifierAlt | DGL_NAMESPACE::kModifierControl)) return Snap::kFree;
    return held & DGL_NAMESPACE::kModifierShift ? Snap::kBeat : Snap::kBar;
}

} // namespace

/* Pointer --------------------------------------------------------------------------------------------------------- */

uint64_t HistoryTab::frame_here() const
{
    const double frame = viewport_.frame_at(around_.pointer.x - around_.layout.wave.x);
    return static_cast<uint64_t>(std::clamp(frame, viewport_.oldest(), std::max(viewport_.newest(), viewport_.oldest())));
}

uint64_t HistoryTab::snapped_here(unsigned held) const
{
    return bars_.snapped(frame_here(), snap_of(held), static_cast<uint64_t>(kSnapWithin_s * rate_hz()));
}

Selection::Handle HistoryTab::handle_here() const
{
    if (selection_.empty()) return Selection::Handle::kNone;
    const double x = around_.pointer.x - around_.layout.wave.x;
    const double first = std::abs(viewport_.x_of(static_cast<double>(selection_.first())) - x), end = std::abs(viewport_.x_of(static_cast<double>(selection_.end())) - x);
    if (std::min(first, end) > kHandleWithin) return Selection::Handle::kNone;
    return first < end ? Selection::Handle::kFirst : Selection::Handle::kEnd;
}

bool HistoryTab::press(const Press &press)
{
    const Layout &layout = around_.layout;
    const Pointer &pointer = around_.pointer;
    held_ = press.held;
    last_x_ = press_x_ = press.down ? pointer.x : press_x_;
    if (!press.down) {
        let_go(press);
        return true;
    }
    sc_earlier ring;
    const HistoryMenu::Pressed pressed = menu_.press(layout, pointer, around_.client, ring);
    if (pressed == HistoryMenu::Pressed::kChosen) show(ring);
    if (pressed != HistoryMenu::Pressed::kElsewhere || press_buttons()) return true;
    if (pointer.over(layout.overview)) {
        drag_ = Drag::kOverview;
        viewport_.look_at(overview_frame(layout.overview, shown(), pointer.x), 0.0);
    } else if (pointer.over(layout.wave) || pointer.over(layout.ruler)) {
        press_wave(press);
    } else {
        return false;
    }
    focused_ = true;
    services_.focus_keyboard();
    return true;
}

bool HistoryTab::press_buttons()
{
    const Layout &layout = around_.layout;
    const Pointer &pointer = around_.pointer;
    const double middle = layout.wave.w / 2;
    if (pointer.over(layout.notice) && !shown().notice.empty()) {
        if (pointer.over(layout.start) && !shown().start.empty()) services_.start_sidechain();
    } else if (pointer.over(layout.newest) && !viewport_.live()) viewport_.go_to_newest();
    else if (pointer.over(layout.listen)) toggle_listen();
    else if (pointer.over(layout.chosen)) may_drag_out();
    else if (pointer.over(layout.zoom_in)) viewport_.zoom(kButtonZoom, viewport_.live() ? layout.wave.w : middle);
    else if (pointer.over(layout.zoom_out)) viewport_.zoom(1.0 / kButtonZoom, viewport_.live() ? layout.wave.w : middle);
    else if (pointer.over(layout.keep_all)) keep_all();
    else return false;
    return true;
}

void HistoryTab::press_wave(const Press &press)
{
    const Selection::Handle handle = handle_here();
    press_frame_ = frame_here();
    if (handle != Selection::Handle::kNone) {
        drag_ = Drag::kHandle;
        selection_.take(handle);
    } else if (around_.pointer.over(around_.layout.ruler)) {
        drag_ = Drag::kScroll;
    } else if (press.held & DGL_NAMESPACE::kModifierShift && !selection_.empty()) { /* the nearer end comes here */
        drag_ = Drag::kHandle;
        selection_.take(press_frame_ < selection_.first() + (selection_.end() - selection_.first()) / 2 ? Selection::Handle::kFirst : Selection::Handle::kEnd);
        selection_.drag(snapped_here(press.held));
    } else {
        drag_ = Drag::kNew;
    }
}

bool HistoryTab::moved(unsigned held)
{
    const double x = around_.pointer.x, way = x - last_x_;
    held_ = held;
    last_x_ = x;
    switch (drag_) {
    case Drag::kNone: return false;
    case Drag::kScroll: viewport_.drag(-way); break;
    case Drag::kOverview: viewport_.look_at(overview_frame(around_.layout.overview, shown(), x), 0.0); break;
    case Drag::kNew:
        if (selection_.held() == Selection::Handle::kNone && std::abs(x - press_x_) < kDragFrom) break;
        if (selection_.held() == Selection::Handle::kNone)
            selection_.begin(bars_.snapped(press_frame_, snap_of(held), static_cast<uint64_t>(kSnapWithin_s * rate_hz())));
        selection_.drag(snapped_here(held));
        break;
    case Drag::kHandle: selection_.drag(snapped_here(held)); break;
    }
    return true;
}

void HistoryTab::let_go(const Press &)
{
    const bool chose = drag_ == Drag::kHandle || drag_ == Drag::kNew;
    if (drag_ == Drag::kNew && selection_.held() == Selection::Handle::kNone) select_bar(press_frame_);
    drag_ = Drag::kNone;
    selection_.let_go();
    if (selection_.fixed() && selection_.empty()) selection_.release();
    choose();
    if (chose && heard_state_ != SC_PREVIEW_NONE) listen();
}

/* A click. */
void HistoryTab::select_bar(uint64_t frame)
{
    const uint64_t end = bars_.stepped(frame, Snap::kBar, 1), first = bars_.stepped(end, Snap::kBar, -1);
    if (first <= frame && frame < end) selection_.set(first, end);
    else selection_.release();
}

bool HistoryTab::wheel(const Wheel &wheel)
{
    const Layout &layout = around_.layout;
    const bool inside = around_.pointer.y >= layout.ruler.y && around_.pointer.y < layout.info.bottom();
    if (!inside) return false;
    if (wheel.held & DGL_NAMESPACE::kModifierControl) viewport_.zoom(std::pow(kWheelZoom, wheel.along), around_.pointer.x - layout.wave.x);
    else viewport_.scroll((wheel.across - wheel.along) * kWheelPoints);
    return true;
}

/* Keyboard -------------------------------------------------------------------------------------------------------- */

void HistoryTab::leave()
{
    menu_.close();
    focused_ = false;
    drag_ = Drag::kNone;
    selection_.let_go();
}

bool HistoryTab::key(unsigned key, unsigned held)
{
    const double page = around_.layout.wave.w * 0.9, middle = around_.layout.wave.w / 2;
    switch (key) {
    case DGL_NAMESPACE::kKeyLeft: return arrow(-1, held);
    case DGL_NAMESPACE::kKeyRight: return arrow(1, held);
    case DGL_NAMESPACE::kKeyPageUp: viewport_.scroll(-page); return true;
    case DGL_NAMESPACE::kKeyPageDown: viewport_.scroll(page); return true;
    case DGL_NAMESPACE::kKeyHome: viewport_.go_to_oldest(); return true;
    case DGL_NAMESPACE::kKeyEnd: viewport_.go_to_newest(); return true;
    case '+':
    case '=':
    case DGL_NAMESPACE::kKeyUp: viewport_.zoom(kButtonZoom, viewport_.live() ? 2 * middle : middle); return true;
    case '-':
    case DGL_NAMESPACE::kKeyDown: viewport_.zoom(1.0 / kButtonZoom, viewport_.live() ? 2 * middle : middle); return true;
    case DGL_NAMESPACE::kKeyEscape:
        if (menu_.open()) menu_.close();
        else selection_.release();
        return true;
    case ' ':
        if (focused_) toggle_listen();
        return focused_; /* else the host's: it plays */
    case '\r':
        if (focused_) services_.keep(held & DGL_NAMESPACE::kModifierControl);
        return focused_;
    default: return false;
    }
}

/* Alone: what is chosen goes on by a bar; with Shift its end does; with Alt or Ctrl by a point. Without a choice: scrolls. */
bool HistoryTab::arrow(int direction, unsigned held)
{
    if (selection_.empty()) {
        viewport_.scroll(direction * kWheelPoints);
        return true;
    }
    const bool free = held & (DGL_NAMESPACE::kModifierAlt | DGL_NAMESPACE::kModifierControl), only_end = held & DGL_NAMESPACE::kModifierShift;
    const auto moved = [&](uint64_t frame) {
        if (!free) return bars_.stepped(frame, Snap::kBar, direction);
        return static_cast<uint64_t>(std::clamp(static_cast<double>(frame) + direction * viewport_.frames_per_point(), viewport_.oldest(), viewport_.newest()));
    };
    const uint64_t end = moved(selection_.end()), first = only_end ? selection_.first() : moved(selection_.first());
    const bool at_edge = end == selection_.end() || (!only_end && first == selection_.first());
    if (!at_edge && first < end) selection_.set(first, end);
    viewport_.reveal(static_cast<double>(only_end ? end : selection_.first()), static_cast<double>(selection_.end()));
    choose();
    if (heard_state_ != SC_PREVIEW_NONE) listen();
    return true;
}

void HistoryTab::grow(int bars)
{
    const uint64_t first = bars_.stepped(selection_.first(), Snap::kBar, -bars);
    if (first >= selection_.end()) return;
    selection_.set(first, selection_.end());
    choose();
    if (heard_state_ != SC_PREVIEW_NONE) listen();
}

} // namespace ui
