#include "history_menu.hpp"

#include "selection.hpp"
#include "status.hpp"

#include <algorithm>

namespace ui {

namespace {

constexpr float kWidth = 330.0f;

std::string name_of(const sc_earlier &ring)
{
    if (ring.generation == 0) return "This plugin";
    const std::string host = ring.host_name, track = ring.track_name;
    return track.empty() || host.empty() ? track + host : track + "  ·  " + host;
}

} // namespace

bool HistoryMenu::hear(const sc_event &event)
{
    if (asked_ == 0 || event.id != asked_) return false;
    if (event.kind == SC_EVENT_EARLIER_RING) rings_.push_back(event.earlier);
    if (event.kind != SC_EVENT_ASKED && event.kind != SC_EVENT_ASK_FAILED) return event.kind == SC_EVENT_EARLIER_RING;
    told_ = true;
    asked_ = 0;
    return true;
}

HistoryMenu::Pressed HistoryMenu::press(const Layout &layout, const Pointer &pointer, sc_client *client, sc_earlier &ring)
{
    ring = {};
    if (!open_) {
        if (!pointer.over(layout.whose)) return Pressed::kElsewhere;
        open_ = true;
        told_ = false;
        rings_.clear();
        asked_ = sc_window_get_earlier(client);
        return Pressed::kHere;
    }
    open_ = false;
    const Box at = box(layout);
    if (pointer.over(menu_line(at, 0))) return Pressed::kChosen;
    for (size_t i = 0; i < rings_.size(); i++)
        if (pointer.over(menu_line(at, static_cast<int>(i) + 1)) && pointer.over(at)) return ring = rings_[i], Pressed::kChosen;
    return Pressed::kHere;
}

/* Beneath its button; as many as there is room for. */
Box HistoryMenu::box(const Layout &layout) const
{
    const float room = layout.whole.bottom() - layout.whose.bottom() - 20;
    const int most = static_cast<int>(room / kMenuLine), count = std::min(static_cast<int>(std::max(rings_.size(), size_t{1})) + 1, most);
    return {std::min(layout.whose.x, layout.whole.right() - kWidth - kMargin), layout.whose.bottom() + 4, kWidth, kMenuLine * static_cast<float>(count) + 10};
}

std::vector<MenuLine> HistoryMenu::lines(const sc_earlier &shown, uint64_t now_us) const
{
    std::vector<MenuLine> all = {{"This plugin", "", shown.generation == 0}};
    for (const sc_earlier &ring : rings_) {
        const double seconds = static_cast<double>(ring.end_frame - ring.first_frame) / std::max(ring.sample_rate_hz, 1.0);
        all.push_back({name_of(ring), clock_text(seconds) + "  ·  " + age(ring.sounded_us, now_us), shown.generation == ring.generation});
    }
    if (rings_.empty()) all.push_back({told_ ? "No other plugin has played lately." : "Loading …"});
    return all;
}

void HistoryMenu::draw(Canvas &canvas, const Layout &layout, const Pointer &pointer, const sc_earlier &shown, uint64_t now_us) const
{
    const Box &button = layout.whose;
    const bool other = shown.generation != 0;
    canvas.frame(button, other ? kWarm : open_ || pointer.over(button) ? kFaint : kLine, 11);
    canvas.write(Box{button.x + 12, button.y, button.w - 32, button.h}, kSmallSize, other ? kWarm : kDim, name_of(shown));
    canvas.write(Box{button.right() - 22, button.y, 12, button.h}, kSmallSize, kFaint, "▾");
    if (!open_) return;
    const Box at = box(layout);
    auto words = lines(shown, now_us);
    words.resize(std::min(words.size(), static_cast<size_t>((at.h - 10) / kMenuLine)));
    draw_menu(canvas, at, words, pointer);
}

} // namespace ui
