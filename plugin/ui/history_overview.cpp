/* Below the waveform: all that is in reach, and what is chosen of it. */
#include "history_shown.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

void draw_overview(Canvas &canvas, const Layout &layout, const HistoryShown &shown)
{
    const Box &box = layout.overview;
    const Box inner = {box.x, box.y + 3, box.w, box.h - 6};
    canvas.fill(box, kPanel, 6);
    const double frames = shown.newest - shown.oldest;
    if (frames <= 0.0) return;
    const auto x_of = [&](double frame) { return box.x + box.w * static_cast<float>((frame - shown.oldest) / frames); };
    const int level = PeakTiles::level_of(frames / static_cast<double>(box.w));
    Outline outline;
    for (auto column = static_cast<uint64_t>(std::max(shown.oldest, 0.0)) >> level; static_cast<double>(column << level) < shown.newest; column++) {
        const PeakTiles::Peak peak = peak_of(shown, column << level, (column + 1) << level, level);
        const float loudest = std::sqrt(std::min(std::max(peak.high, -peak.low), 1.0f)); /* so that what is soft is seen, too */
        const float tall = std::max(inner.h * loudest, 1.0f);
        outline.add(x_of(static_cast<double>(column << level)), inner.middle() - tall / 2, inner.middle() + tall / 2);
    }
    canvas.clip(box);
    outline.fill(canvas, kWave);
    if (!shown.selection.empty()) {
        const float from = x_of(static_cast<double>(shown.selection.first())), to = x_of(static_cast<double>(shown.selection.end()));
        const Box chosen = {from, box.y, std::max(to - from, 2.0f), box.h};
        canvas.fill(chosen, kWarmGlow);
        canvas.clip(chosen);
        outline.fill(canvas, kWarm);
        canvas.unclip();
    }
    const float from = std::max(x_of(shown.viewport.first()), box.x), to = std::min(std::max(x_of(shown.viewport.end()), from + 6.0f), box.right());
    canvas.fill(Box{box.x, box.y, from - box.x, box.h}, kVeil);
    canvas.fill(Box{to, box.y, box.right() - to, box.h}, kVeil);
    canvas.frame(Box{from, box.y, to - from, box.h}, shown.pointer.over(box) ? kInk : kDim, 4, 1.5f);
    canvas.unclip();
}

void draw_info(Canvas &canvas, const Layout &layout, const HistoryShown &shown)
{
    const bool hovered = shown.pointer.over(layout.listen) && shown.can_listen;
    const Box &listen = layout.listen;
    canvas.fill(listen, shown.listens ? kWarm : hovered ? kHover : kRaised, 8);
    const Colour ink = shown.listens ? kWarmInk : shown.can_listen ? kInk : kFaint;
    const Box icon = {listen.x + 8, listen.middle() - 9, 18, 18};
    if (shown.listens) draw_stop(canvas, icon, ink);
    else draw_play(canvas, icon, ink);
    canvas.write(Box{icon.right() + 4, listen.y, listen.right() - icon.right() - 8, listen.h}, kTextSize, ink, shown.listens ? "Stop" : "Listen");
    const Box &label = layout.chosen;
    const bool grips = !shown.selection.empty() && shown.pointer.over(label); /* it can be drawn out of the window */
    if (grips) canvas.fill(label, kRaised, 6);
    for (int dot = 0; grips && dot < 6; dot++) canvas.disc(label.x - 8 + 4.0f * static_cast<float>(dot % 2), label.middle() - 5 + 5.0f * static_cast<float>(dot / 2), 1, kDim);
    const float used = canvas.write(label, 14, shown.selection.empty() ? kFaint : kInk, shown.chosen, Align::kLeft, shown.selection.fixed());
    const Box rest = {layout.chosen.x + used + 16, layout.chosen.y, layout.chosen.w - used - 16, layout.chosen.h};
    if (canvas.width(kSmallSize, shown.hint) <= rest.w) canvas.write(rest, kSmallSize, kFaint, shown.hint, Align::kRight);
    for (const Box *zoom : {&layout.zoom_out, &layout.zoom_in}) {
        canvas.button(*zoom, "", false, shown.pointer.over(*zoom));
        draw_zoom(canvas, zoom->inset(6), kInk, zoom == &layout.zoom_in);
    }
    const Box &all = layout.keep_all;
    canvas.frame(all, shown.pointer.over(all) && shown.can_keep_all ? kDim : kLine, 8);
    canvas.write(all, kTextSize, shown.can_keep_all ? kInk : kFaint, "Keep all", Align::kCentre);
}

double overview_frame(const Box &overview, const HistoryShown &shown, double x)
{
    return shown.oldest + (shown.newest - shown.oldest) * (x - static_cast<double>(overview.x)) / static_cast<double>(overview.w);
}

} // namespace ui
