#include "history_overview.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ui {

/* A quarter of a pixel is not seen. */
bool HistoryOverview::is_of(const Drawn &now) const
{
    const double unseen = (now.newest - now.oldest) / (4.0 * now.width);
    return picture_.isValid() && drawn_.width == now.width && drawn_.height == now.height && drawn_.told == now.told &&
           std::abs(drawn_.oldest - now.oldest) < unseen && std::abs(drawn_.newest - now.newest) < unseen;
}

/* points: the width of the picture. */
void HistoryOverview::draw_picture(Canvas &canvas, const HistoryShown &shown, const Drawn &now, float points)
{
    const double frames = now.newest - now.oldest;
    const int level = PeakTiles::level_of(frames / static_cast<double>(points));
    const auto frame_of = [&](unsigned column) { return static_cast<uint64_t>(now.oldest + frames * column / now.width); };
    const float middle = static_cast<float>(now.height) / 2, most = static_cast<float>(now.height) - 6.0f / canvas.pixel;
    std::vector<unsigned char> covered(size_t{now.width} * now.height);
    for (unsigned column = 0; column < now.width; column++) {
        const PeakTiles::Peak peak = peak_of(shown, frame_of(column), frame_of(column + 1), level);
        const float loudest = std::sqrt(std::min(std::max(peak.high, -peak.low), 1.0f)); /* so that what is soft is seen, too */
        const float half = std::max(most * loudest, 1.0f) / 2, top = middle - half, bottom = middle + half;
        for (auto row = static_cast<unsigned>(top); row < std::min(now.height, static_cast<unsigned>(std::ceil(bottom))); row++) {
            const auto at = static_cast<float>(row);
            const float part = std::min(at + 1.0f, bottom) - std::max(at, top);
            covered[size_t{row} * now.width + column] = static_cast<unsigned char>(std::lround(255.0f * part));
        }
    }
    picture_ = canvas.vg().createImageFromRawMemory(now.width, now.height, covered.data(), 0, DGL_NAMESPACE::kImageFormatGrayscale);
    drawn_ = now;
}

void HistoryOverview::draw(Canvas &canvas, const Layout &layout, const HistoryShown &shown)
{
    const Box &box = layout.overview;
    canvas.fill(box, kPanel, 6);
    const double frames = shown.newest - shown.oldest;
    const auto pixels = [&](float points) { return static_cast<unsigned>(std::max(std::lround(points / canvas.pixel), 1l)); };
    const Drawn now = {pixels(box.w), pixels(box.h), shown.oldest, shown.newest, shown.tiles.told()};
    if (frames <= 0.0) return;
    if (!is_of(now)) draw_picture(canvas, shown, now, box.w);
    const auto x_of = [&](double frame) { return box.x + box.w * static_cast<float>((frame - shown.oldest) / frames); };
    canvas.clip(box);
    canvas.stencil(box, picture_, kWave);
    if (!shown.selection.empty()) {
        const float from = x_of(static_cast<double>(shown.selection.first())), to = x_of(static_cast<double>(shown.selection.end()));
        const Box chosen = {from, box.y, std::max(to - from, 2.0f), box.h};
        canvas.fill(chosen, kWarmGlow);
        canvas.clip(chosen);
        canvas.stencil(box, picture_, kWarm);
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
