/* Above and below the waveform: bars, tempo, where the transport stood; time. */
#include "history_shown.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ui {

namespace {

constexpr float kLabelApart = 52.0f, kLineApart = 7.0f, kTimeApart = 84.0f; /* points between two of them */

/* Every how many bars there is room for a line and for a number. */
struct Rhythm {
    long lines = 1, numbers = 1;

    Rhythm(float bar_width)
    {
        while (bar_width * static_cast<float>(lines) < kLineApart) lines *= 2;
        while (bar_width * static_cast<float>(numbers) < kLabelApart) numbers *= 2;
    }
};

float usual_bar_width(const HistoryShown &shown)
{
    const auto &lines = shown.bars.lines();
    const auto from = std::lower_bound(lines.begin(), lines.end(), static_cast<uint64_t>(std::max(shown.viewport.first(), 0.0)));
    const auto to = std::lower_bound(from, lines.end(), static_cast<uint64_t>(std::max(shown.viewport.end(), 0.0)));
    if (to - from < 2) return 1000.0f;
    return static_cast<float>(static_cast<double>(to[-1] - *from) / static_cast<double>(to - from - 1) / shown.viewport.frames_per_point());
}

} // namespace

void draw_bars(Canvas &canvas, const Layout &layout, const HistoryShown &shown)
{
    const Box &wave = layout.wave, &ruler = layout.ruler;
    const auto &lines = shown.bars.lines();
    const Rhythm rhythm(usual_bar_width(shown));
    auto at = std::lower_bound(lines.begin(), lines.end(), static_cast<uint64_t>(std::max(shown.viewport.first(), 0.0)));
    for (std::ptrdiff_t index = at - lines.begin(); at != lines.end(); ++at, index++) {
        const float x = x_in(wave, shown, static_cast<double>(*at));
        if (x > wave.right()) break;
        const sc_mark *mark = shown.bars.in_force(*at);
        const bool numbered = mark && mark->frame == *at && mark->flags & SC_MARK_NUMBERED;
        const std::ptrdiff_t place = numbered ? mark->bar - 1 : index;
        if (place % rhythm.lines == 0) canvas.line(x, wave.y, wave.bottom(), kLine);
        if (place % rhythm.numbers != 0) continue;
        canvas.line(x, ruler.y + 6, ruler.bottom(), kFaint);
        if (numbered) canvas.write(Box{x + 5, ruler.y + 1, 48, ruler.h}, kSmallSize - 1, kDim, std::to_string(mark->bar));
    }
}

void draw_transport(Canvas &canvas, const Layout &layout, const HistoryShown &shown)
{
    const Box &wave = layout.wave, &ruler = layout.ruler;
    const auto &marks = shown.bars.marks();
    double bpm = -1.0;
    for (size_t i = 0; i < marks.size(); i++) {
        const sc_mark &mark = marks[i];
        const double until = i + 1 < marks.size() ? static_cast<double>(marks[i + 1].frame) : static_cast<double>(shown.bars.told_until(mark.frame));
        if (until < shown.viewport.first()) {
            bpm = mark.bpm;
            continue;
        }
        const float x = std::max(x_in(wave, shown, static_cast<double>(mark.frame)), wave.x), to = std::min(x_in(wave, shown, until), wave.right());
        if (x >= wave.right()) break;
        if (!(mark.flags & SC_MARK_PLAYING)) canvas.fill(Box{x, wave.y, to - x, wave.h}, kVeil);
        else canvas.fill(Box{x, ruler.bottom() - 2, to - x, 2}, kLine);
        if (mark.flags & SC_MARK_GAP && x > wave.x) {
            canvas.line(x, wave.y, wave.bottom(), kYellow);
            for (const float bar : {-4.0f, 1.0f}) canvas.fill(Box{x + bar, ruler.y + 5, 3, 10}, kYellow, 1);
        }
        const bool changed = bpm > 0.0 && mark.bpm > 0.0 && std::abs(mark.bpm - bpm) > 0.01;
        if (changed) canvas.write(Box{x + 26, ruler.y + 1, 60, ruler.h}, kSmallSize - 1, kWarm, tempo_text(mark.bpm) + " BPM");
        bpm = mark.bpm;
    }
}

/* Time ------------------------------------------------------------------------------------------------------------ */

void draw_time(Canvas &canvas, const Layout &layout, const HistoryShown &shown)
{
    static constexpr double kSteps_s[] = {0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200};
    const Box &scale = layout.scale;
    if (shown.rate_hz <= 0.0) return;
    const double point_s = shown.viewport.frames_per_point() / shown.rate_hz;
    double step = kSteps_s[std::size(kSteps_s) - 1];
    for (const double each : kSteps_s)
        if (each / point_s >= static_cast<double>(kTimeApart)) {
            step = each;
            break;
        }
    const double oldest_ago = (shown.newest - shown.viewport.first()) / shown.rate_hz;
    const double first_ago = std::max(0.0, std::ceil((shown.newest - shown.viewport.end()) / shown.rate_hz / step) * step);
    for (double ago = first_ago; ago <= oldest_ago; ago += step) {
        const float x = x_in(scale, shown, shown.newest - ago * shown.rate_hz);
        if (x < scale.x || x > scale.right()) continue;
        canvas.line(x, scale.y, scale.y + 4, kFaint);
        const std::string words = ago == 0.0 ? shown.goes_on ? "now" : "end" : step < 1.0 ? "−" + seconds_text(ago) : "−" + clock_text(ago);
        const float left = std::clamp(x - 30, scale.x, scale.right() - 60);
        canvas.write(Box{left, scale.y + 4, 60, scale.h - 3}, kSmallSize - 1, kFaint, words, left < x - 30 ? Align::kRight : left > x - 30 ? Align::kLeft : Align::kCentre);
    }
}

} // namespace ui
