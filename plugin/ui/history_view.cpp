#include "history_view.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ui {

namespace {

constexpr float kGripWidth = 9.0f, kGripHeight = 16.0f;
constexpr float kLabelApart = 52.0f, kLineApart = 7.0f, kTimeApart = 84.0f; /* points between two of them */
constexpr float kMostGainDb = 48.0f, kGainStepDb = 6.0f;
constexpr float kSilence = 1.0f / 32768.0f, kLabelledSilence = 96.0f;

constexpr float kShape = 0.7f; /* soft parts are drawn larger than they are beside loud ones: -30 dB as a twelfth of the height */

using Shown = HistoryView::Shown;

float drawn(float sample, float gain) { return std::copysign(std::pow(std::min(std::abs(sample) * gain, 1.0f), kShape), sample); }

float x_in(const Box &box, const Shown &shown, double frame) { return box.x + static_cast<float>(shown.viewport.x_of(frame)); }

/* Told by the daemon, or seen by the window itself. */
PeakTiles::Peak peak_of(const Shown &shown, uint64_t first, uint64_t end, int level)
{
    const PeakTiles::Peak told = shown.tiles.peak(static_cast<double>(first), static_cast<double>(end), level);
    if (told.known || static_cast<double>(first) >= shown.newest) return told;
    const RingView &ring = shown.ring;
    if (first < ring.first_frame() || first >= ring.end_frame()) return told;
    const RingView::Peak seen = ring.peak(static_cast<int64_t>(first), static_cast<int64_t>(end));
    return {seen.low, seen.high, true, false};
}

/* A shape from left to right, filled in upright pieces: filled as one, it would be drawn as a fan of triangles that each reach
   through all of it, a hundred times its own area. */
class Outline {
public:
    void add(float x, float top, float bottom) { places_.push_back({x, top, bottom}); }
    void fill(Canvas &canvas, const Colour &colour) const
    {
        auto &vg = canvas.vg();
        vg.beginPath();
        for (size_t i = 1; i < places_.size(); i++) {
            const Place &from = places_[i - 1], &to = places_[i];
            vg.moveTo(from.x, from.top);
            vg.lineTo(to.x, to.top);
            vg.lineTo(to.x, to.bottom);
            vg.lineTo(from.x, from.bottom);
            vg.closePath();
        }
        vg.fillColor(colour);
        vg.fill();
    }

private:
    struct Place {
        float x, top, bottom;
    };
    std::vector<Place> places_;
};

void hatch(Canvas &canvas, const Box &box)
{
    if (box.w < 2.0f) return;
    auto &vg = canvas.vg();
    canvas.clip(box);
    vg.beginPath();
    for (float x = std::floor((box.x - box.h) / 9.0f) * 9.0f; x < box.right(); x += 9.0f) {
        vg.moveTo(x, box.bottom());
        vg.lineTo(x + box.h, box.y);
    }
    vg.strokeColor(kLine);
    vg.strokeWidth(1.0f);
    vg.stroke();
    canvas.unclip();
}

/* Bars ------------------------------------------------------------------------------------------------------------ */

/* Every how many bars there is room for a line and for a number. */
struct Rhythm {
    long lines = 1, numbers = 1;

    Rhythm(float bar_width)
    {
        while (bar_width * static_cast<float>(lines) < kLineApart) lines *= 2;
        while (bar_width * static_cast<float>(numbers) < kLabelApart) numbers *= 2;
    }
};

float usual_bar_width(const Shown &shown)
{
    const auto &lines = shown.bars.lines();
    const auto from = std::lower_bound(lines.begin(), lines.end(), static_cast<uint64_t>(std::max(shown.viewport.first(), 0.0)));
    const auto to = std::lower_bound(from, lines.end(), static_cast<uint64_t>(std::max(shown.viewport.end(), 0.0)));
    if (to - from < 2) return 1000.0f;
    return static_cast<float>(static_cast<double>(to[-1] - *from) / static_cast<double>(to - from - 1) / shown.viewport.frames_per_point());
}

void draw_bars(Canvas &canvas, const Layout &layout, const Shown &shown)
{
    const Box &wave = layout.wave, &ruler = layout.ruler;
    const auto &lines = shown.bars.lines();
    const Rhythm rhythm(usual_bar_width(shown));
    auto at = std::lower_bound(lines.begin(), lines.end(), static_cast<uint64_t>(std::max(shown.viewport.first(), 0.0)));
    for (long index = at - lines.begin(); at != lines.end(); ++at, index++) {
        const float x = x_in(wave, shown, static_cast<double>(*at));
        if (x > wave.right()) break;
        const sc_mark *mark = shown.bars.in_force(*at);
        const bool numbered = mark && mark->frame == *at && mark->flags & SC_MARK_NUMBERED;
        const long place = numbered ? mark->bar - 1 : index;
        if (place % rhythm.lines == 0) canvas.line(x, wave.y, wave.bottom(), kLine);
        if (place % rhythm.numbers != 0) continue;
        canvas.line(x, ruler.y + 6, ruler.bottom(), kFaint);
        if (numbered) canvas.write(Box{x + 5, ruler.y + 1, 48, ruler.h}, kSmallSize - 1, kDim, std::to_string(mark->bar));
    }
}

/* Where the transport stood, and where the host did; tempo and meter where they change. */
void draw_transport(Canvas &canvas, const Layout &layout, const Shown &shown)
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

void draw_time(Canvas &canvas, const Layout &layout, const Shown &shown)
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
        const std::string words = ago == 0.0 ? "now" : step < 1.0 ? "−" + seconds_text(ago) : "−" + clock_text(ago);
        const float left = std::clamp(x - 30, scale.x, scale.right() - 60);
        canvas.write(Box{left, scale.y + 4, 60, scale.h - 3}, kSmallSize - 1, kFaint, words, left < x - 30 ? Align::kRight : left > x - 30 ? Align::kLeft : Align::kCentre);
    }
}

/* What is chosen -------------------------------------------------------------------------------------------------- */

void draw_grip(Canvas &canvas, const Box &ruler, float x, bool hovered)
{
    const Box grip = {x - kGripWidth / 2, ruler.bottom() - kGripHeight, kGripWidth, kGripHeight};
    canvas.fill(grip, hovered ? kInk : kWarm, 3);
    for (const float at : {-1.5f, 1.5f}) canvas.fill(Box{x + at - 0.5f, grip.y + 5, 1, 6}, kWarmInk);
}

void draw_chosen(Canvas &canvas, const Layout &layout, const Shown &shown)
{
    const Selection &selection = shown.selection;
    const Box &wave = layout.wave;
    if (selection.empty()) return;
    const float from = x_in(wave, shown, static_cast<double>(selection.first())), to = x_in(wave, shown, static_cast<double>(selection.end()));
    const Box whole = {wave.x, layout.ruler.y, wave.w, wave.bottom() - layout.ruler.y};
    canvas.clip(whole);
    for (const float x : {from, to}) {
        canvas.fill(Box{x - 0.75f, layout.ruler.bottom() - 2, 1.5f, wave.h + 2}, kWarm);
        draw_grip(canvas, layout.ruler, x, std::abs(static_cast<float>(shown.pointer.x) - x) <= 8.0f && shown.pointer.over(whole));
    }
    if (shown.heard >= 0.0) {
        const float x = x_in(wave, shown, shown.heard);
        canvas.fill(Box{x - 0.75f, wave.y, 1.5f, wave.h}, kInk);
    }
    canvas.unclip();
}

void draw_overview(Canvas &canvas, const Layout &layout, const Shown &shown)
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

void draw_info(Canvas &canvas, const Layout &layout, const Shown &shown)
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
    canvas.button(layout.zoom_out, "−", false, shown.pointer.over(layout.zoom_out));
    canvas.button(layout.zoom_in, "+", false, shown.pointer.over(layout.zoom_in));
    const Box &all = layout.keep_all;
    canvas.frame(all, shown.pointer.over(all) && shown.can_keep_all ? kDim : kLine, 8);
    canvas.write(all, kTextSize, shown.can_keep_all ? kInk : kFaint, "Keep all", Align::kCentre);
}

} // namespace

double overview_frame(const Box &overview, const Shown &shown, double x)
{
    return shown.oldest + (shown.newest - shown.oldest) * (x - static_cast<double>(overview.x)) / static_cast<double>(overview.w);
}

/* The waveform ---------------------------------------------------------------------------------------------------- */

/* Changes a step when it is twice too soft or too loud, so that it does not flicker. */
void HistoryView::choose_gain(float loudest)
{
    const float headroom_db = loudest > kSilence ? -20.0f * std::log10(loudest) - 1.5f : 0.0f;
    if (loudest <= kSilence) return;
    if (headroom_db < wanted_db_ || headroom_db > wanted_db_ + 1.5f * kGainStepDb)
        wanted_db_ = std::clamp(std::floor(headroom_db / kGainStepDb) * kGainStepDb, 0.0f, kMostGainDb);
}

bool HistoryView::pass(float seconds)
{
    const float way = wanted_db_ - shown_db_;
    if (way == 0.0f) return false;
    shown_db_ = std::abs(way) < 0.1f ? wanted_db_ : shown_db_ + way * (1.0f - std::exp(-seconds / 0.08f));
    return true;
}

void HistoryView::draw_wave(Canvas &canvas, const Box &box, const Shown &shown)
{
    const Box inner = {box.x, box.y + 6, box.w, box.h - 12};
    const double frames_per_pixel = shown.viewport.frames_per_point() * static_cast<double>(canvas.pixel);
    const int level = PeakTiles::level_of(frames_per_pixel);
    const float gain = std::pow(10.0f, shown_db_ / 20.0f), half = inner.h / 2;
    const double first = std::max(shown.viewport.first(), shown.oldest), end = std::min(shown.viewport.end(), shown.newest);
    Outline outline;
    float loudest = 0.0f, silent_from = -1.0f, hole_from = -1.0f, x = box.x;
    std::vector<Box> silences, holes;
    const auto close = [&](float &from, std::vector<Box> &to) {
        if (from >= 0.0f && x > from) to.push_back(Box{from, box.y, x - from, box.h});
        from = -1.0f;
    };
    for (auto column = static_cast<uint64_t>(std::max(first, 0.0)) >> level; static_cast<double>(column << level) < end; column++) {
        const PeakTiles::Peak peak = peak_of(shown, column << level, (column + 1) << level, level);
        x = std::max(x_in(box, shown, static_cast<double>(column << level)), box.x);
        const float high = drawn(peak.high, gain), low = drawn(peak.low, gain);
        loudest = std::max({loudest, peak.high, -peak.low});
        const float top = inner.middle() - half * high, thick = std::max(half * (high - low), canvas.pixel);
        outline.add(x, std::min(top, inner.middle() - canvas.pixel / 2), std::max(top + thick, inner.middle() + canvas.pixel / 2));
        const bool nothing = peak.hole || !peak.known;
        if (nothing && hole_from < 0.0f) hole_from = x;
        if (!nothing) close(hole_from, holes);
        const bool silent = peak.known && !peak.hole && peak.high - peak.low <= kSilence;
        if (silent && silent_from < 0.0f) silent_from = x;
        if (!silent) close(silent_from, silences);
    }
    x = std::min(x_in(box, shown, end), box.right());
    close(hole_from, holes);
    close(silent_from, silences);
    choose_gain(loudest);
    canvas.clip(box);
    for (const Box &hole : holes) hatch(canvas, hole);
    outline.fill(canvas, kWaveInk);
    if (!shown.selection.empty()) {
        const float from = std::max(x_in(box, shown, static_cast<double>(shown.selection.first())), box.x);
        const float to = std::min(x_in(box, shown, static_cast<double>(shown.selection.end())), box.right());
        if (to > from) {
            canvas.clip(Box{from, box.y, to - from, box.h});
            outline.fill(canvas, kWarm);
            canvas.unclip();
        }
    }
    for (const Box &silence : silences)
        if (silence.w >= kLabelledSilence) canvas.write(Box{silence.x, inner.middle() - 22, silence.w, 16}, kSmallSize, kFaint, "silence", Align::kCentre);
    canvas.unclip();
}

void HistoryView::draw(Canvas &canvas, const Layout &layout, const Shown &shown)
{
    const Box &wave = layout.wave;
    const Box whole = {wave.x, layout.ruler.y, wave.w, wave.bottom() - layout.ruler.y};
    canvas.fill(whole, kPanel, 8);
    if (shown.newest <= 0.0) {
        canvas.write(wave, 14, kFaint, "Play something: it is remembered as you go.", Align::kCentre);
    } else {
        canvas.clip(whole);
        if (!shown.selection.empty()) {
            const float from = std::max(x_in(wave, shown, static_cast<double>(shown.selection.first())), wave.x);
            const float to = std::min(x_in(wave, shown, static_cast<double>(shown.selection.end())), wave.right());
            if (to > from) canvas.fill(Box{from, wave.y, to - from, wave.h}, kWarmGlow);
        }
        draw_bars(canvas, layout, shown);
        draw_wave(canvas, wave, shown);
        draw_transport(canvas, layout, shown);
        canvas.unclip();
        draw_chosen(canvas, layout, shown);
        draw_time(canvas, layout, shown);
        if (wanted_db_ > 0.0f) {
            const Box label = {wave.right() - 92, wave.y + 6, 86, 16};
            canvas.write(label, kSmallSize - 1, kFaint, "drawn +" + std::to_string(static_cast<int>(wanted_db_)) + " dB", Align::kRight);
        }
        if (!shown.viewport.live()) {
            canvas.fill(layout.newest, kRaised, 12);
            canvas.frame(layout.newest, shown.pointer.over(layout.newest) ? kDim : kLine, 12);
            canvas.write(layout.newest, kSmallSize, kInk, "Now  ›", Align::kCentre);
        }
    }
    if (!shown.notice.empty()) {
        canvas.fill(layout.notice, kRaised, 9);
        const float room = layout.notice.w - 24 - (shown.start.empty() ? 0.0f : layout.start.w + 8);
        canvas.write(Box{layout.notice.x + 14, layout.notice.y, room, layout.notice.h}, kTextSize, kInk, shown.notice);
        if (!shown.start.empty()) canvas.button(layout.start, shown.start, true, shown.pointer.over(layout.start));
    }
    draw_overview(canvas, layout, shown);
    draw_info(canvas, layout, shown);
}

} // namespace ui
