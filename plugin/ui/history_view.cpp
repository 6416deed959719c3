#include "history_view.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ui {

PeakTiles::Peak peak_of(const HistoryShown &shown, uint64_t first, uint64_t end, int level)
{
    const PeakTiles::Peak told = shown.tiles.peak(static_cast<double>(first), static_cast<double>(end), level);
    if (told.known || static_cast<double>(first) >= shown.newest) return told;
    const RingView &ring = shown.ring;
    if (first < ring.first_frame() || first >= ring.end_frame()) return told;
    const RingView::Peak seen = ring.peak(static_cast<int64_t>(first), static_cast<int64_t>(end));
    return {seen.low, seen.high, true, false};
}

void Outline::fill(Canvas &canvas, const Colour &colour) const
{
    auto &vg = canvas.vg();
    vg.beginPath();
    for (size_t first = 0; first + 1 < places_.size(); first += kTogether) {
        const size_t last = std::min(first + kTogether + kOverlap, places_.size() - 1);
        vg.moveTo(places_[first].x, places_[first].top);
        for (size_t i = first + 1; i <= last; i++) vg.lineTo(places_[i].x, places_[i].top);
        for (size_t i = last + 1; i-- > first;) vg.lineTo(places_[i].x, places_[i].bottom);
        vg.closePath();
    }
    vg.fillColor(colour);
    vg.fill();
}

namespace {

constexpr float kGripWidth = 9.0f, kGripHeight = 16.0f;
constexpr float kMostGainDb = 48.0f, kGainStepDb = 6.0f;
constexpr float kSilence = 1.0f / 32768.0f, kLabelledSilence = 96.0f;
constexpr float kShape = 0.7f; /* soft parts are drawn larger than they are beside loud ones: -30 dB as a twelfth of the height */

float drawn(float sample, float gain) { return std::copysign(std::pow(std::min(std::abs(sample) * gain, 1.0f), kShape), sample); }

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

void draw_grip(Canvas &canvas, const Box &ruler, float x, bool hovered)
{
    const Box grip = {x - kGripWidth / 2, ruler.bottom() - kGripHeight, kGripWidth, kGripHeight};
    canvas.fill(grip, hovered ? kInk : kWarm, 3);
    for (const float at : {-1.5f, 1.5f}) canvas.fill(Box{x + at - 0.5f, grip.y + 5, 1, 6}, kWarmInk);
}

void draw_chosen(Canvas &canvas, const Layout &layout, const HistoryShown &shown)
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

} // namespace

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

void HistoryView::draw_wave(Canvas &canvas, const Box &box, const HistoryShown &shown)
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

void HistoryView::draw(Canvas &canvas, const Layout &layout, const HistoryShown &shown)
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
    overview_.draw(canvas, layout, shown);
    draw_info(canvas, layout, shown);
}

} // namespace ui
