#include "recorder_view.hpp"

#include "field_view.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ui {

namespace {

constexpr double kSecondsWithoutBars = 16.0, kBesideBars = 1.02;
constexpr float kLeastName = 96.0f; /* the meter stands behind the track's name, and no nearer */
constexpr float kNarrowMeter = 96.0f, kBroadMeter = 160.0f, kMeterHeight = 4.0f;
constexpr float kSpectrumHeight = 18.0f, kBandWidth = 3.0f, kQuietestDb = -66.0f, kLoudestDb = -2.0f; /* as `sidechain watch --analyse` draws it */
constexpr float kPitch = 3.0f, kBarWidth = 2.0f; /* of the waveform's strokes */

Colour of_tone(Tone tone) { return tone == Tone::kBad ? kWarm : tone == Tone::kGood ? kGreen : kDim; }

/* The loudest sample of the last tenth of a second, from -60 dB to full scale. */
void draw_meter(Canvas &canvas, const Box &box, const RingView &ring)
{
    const auto end = static_cast<int64_t>(ring.end_frame());
    const RingView::Peak peak = ring.peak(end - static_cast<int64_t>(ring.rate_hz() / 10.0), end);
    const float loudest = std::max(peak.high, -peak.low);
    const float share = loudest > 0.001f ? std::min(1.0f + std::log10(loudest) / 3.0f, 1.0f) : 0.0f;
    canvas.fill(box, kRaised, box.h / 2);
    if (share > 0.0f) canvas.fill(Box{box.x, box.y, std::max(box.w * share, box.h), box.h}, loudest >= 1.0f ? kRed : kGreen, box.h / 2);
}

/* The half octaves of what sounds now, standing on the meter. */
void draw_spectrum(Canvas &canvas, const Box &box, const Hearing &hearing)
{
    if (!hearing.known()) return;
    const Spectrum::Bands &bands = hearing.bands();
    const float step = box.w / static_cast<float>(bands.size());
    std::vector<Canvas::Bar> found;
    for (size_t i = 0; i < bands.size(); i++) {
        const float share = std::min((bands[i] - kQuietestDb) / (kLoudestDb - kQuietestDb), 1.0f);
        if (share <= 0.0f) continue;
        const float x = std::round((box.x + step * (static_cast<float>(i) + 0.5f)) / canvas.pixel) * canvas.pixel;
        found.push_back({x, box.bottom() - std::max(box.h * share, kBandWidth), box.bottom()});
    }
    canvas.bars(found, kBandWidth, kWaveInk);
}

/* As much of it as there is room for. The room is the same for all figures, so that nothing beside it moves. */
void draw_loudness(Canvas &canvas, const Box &box, const Hearing &hearing)
{
    const float number = canvas.width(kSmallSize, "−88.8"), whole = canvas.width(kSmallSize, "−88.8 LUFS");
    double lufs;
    if (number > box.w || !hearing.momentary(lufs)) return;
    char words[32];
    std::snprintf(words, sizeof words, "%s%.1f", lufs < 0.0 ? "−" : "", std::fabs(lufs));
    canvas.write(Box{box.x, box.y, number, box.h}, kSmallSize, kDim, words, Align::kRight);
    if (whole <= box.w) canvas.write(Box{box.x + number, box.y, box.w - number, box.h}, kSmallSize, kFaint, " LUFS");
}

void draw_progress(Canvas &canvas, const Box &box, const Status &status)
{
    switch (status.kept()) {
    case Status::Take::kWaiting: canvas.fill(box, kLine, box.h / 2); break;
    case Status::Take::kHeld: /* what is left of it */
    case Status::Take::kPosting:
        canvas.fill(box, kRaised, box.h / 2);
        canvas.fill(Box{box.x, box.y, std::max(box.w * status.share(), box.h), box.h}, kWarm, box.h / 2);
        break;
    case Status::Take::kPosted: canvas.fill(box, kGreen, box.h / 2); break;
    default: break;
    }
}

/* So many bars and the one that is played now, and so it scrolls on evenly while bars are filled; more when the transport has
   stood for longer than that. In frames. */
double sight_of(int64_t end, int64_t last_line, int64_t first_line, int bars)
{
    const double usual = static_cast<double>(last_line - first_line) * static_cast<double>(bars + 1) / bars;
    return std::max(usual, static_cast<double>(end - first_line)) * kBesideBars;
}

struct Sight {
    int64_t end; /* the newest frame, at the right */
    double span; /* frames */
};

/* Each stroke is of the same frames for as long as it is in sight, and on whole pixels: else it would flicker as it goes by. */
template <class IsLit> void draw_strokes(Canvas &canvas, const Box &box, const RingView &ring, const Sight &sight, IsLit is_lit)
{
    const double step = sight.span * static_cast<double>(kPitch) / box.w, end = static_cast<double>(sight.end);
    const double first = std::floor((end - sight.span) / step);
    const float left = box.right() - box.w * static_cast<float>((end - first * step) / sight.span);
    std::vector<Canvas::Bar> lit, others;
    for (int i = 0;; i++) {
        const float x = std::round(left / canvas.pixel) * canvas.pixel + kPitch * static_cast<float>(i);
        if (x + kBarWidth > box.right()) break;
        if (x < box.x) continue;
        const RingView::Peak peak = ring.peak(static_cast<int64_t>((first + i) * step), static_cast<int64_t>((first + i + 1) * step));
        const float high = std::min(std::max(peak.high, 0.0f), 1.0f), low = std::max(std::min(peak.low, 0.0f), -1.0f);
        const float tall = std::max(box.h / 2 * (high - low), kBarWidth), top = box.middle() - std::max(box.h / 2 * high, kBarWidth / 2);
        (is_lit(x) ? lit : others).push_back({x + kBarWidth / 2, top, top + tall});
    }
    canvas.bars(others, kBarWidth, kWave);
    canvas.bars(lit, kBarWidth, kWarm);
}

/* The one that is shown is underlined, as a page is. */
void draw_tabs(Canvas &canvas, const Layout &layout, const Pointer &pointer)
{
    canvas.fill(Box{0, layout.tabs.bottom() - 1, layout.whole.w, 1}, kLine);
    for (int i = 0; i < kTabs; i++) {
        const Box &box = layout.tab_of[i];
        const bool shown = i == static_cast<int>(layout.tab);
        const float width = canvas.write(box, 14, shown || pointer.over(box) ? kInk : kDim, kTabNames[i], Align::kLeft, shown);
        if (shown) canvas.fill(Box{box.x, box.bottom() - 2, width, 2}, kWarm, 1);
    }
}

} // namespace

bool can_post(const Status &status)
{
    using Take = Status::Take;
    const Take take = status.kept();
    return take != Take::kKeeping && take != Take::kPosting; /* one that waits is in the outbox: the next may come */
}

void draw_head(Canvas &canvas, const Layout &layout, const Status &status, const RingView &ring, const Hearing &hearing, const Pointer &pointer)
{
    draw_tabs(canvas, layout, pointer);
    const Box &head = layout.head;
    draw_mark(canvas, Box{head.x + kMargin, head.middle() - 11, 22, 22});
    const Sentence link = status.link();
    const Box words = {head.right() - kMargin - 230, head.y, 230, head.h};
    const float width = canvas.write(words, kTextSize, link.tone == Tone::kBad ? kInk : kDim, link.text, Align::kRight);
    const float dot = words.right() - width - 12;
    canvas.disc(dot, head.middle(), 4, link.tone == Tone::kPlain ? kFaint : of_tone(link.tone));
    const float left = head.x + kMargin + 32, meter = layout.whole.w >= 940.0f ? kBroadMeter : kNarrowMeter;
    const Box room = {left, head.y, std::max(dot - 20 - meter - kMargin - left, 70.0f), head.h};
    const float name = canvas.write(room, 16, kInk, status.name(), Align::kLeft, true);
    const Box level = {left + std::max(name + kMargin, kLeastName), head.middle() + 8, meter, kMeterHeight};
    draw_meter(canvas, level, ring);
    draw_spectrum(canvas, Box{level.x, level.y - 2 - kSpectrumHeight, level.w, kSpectrumHeight}, hearing);
    draw_loudness(canvas, Box{level.right() + 10, head.y, dot - 14 - level.right() - 10, head.h}, hearing);
}

void draw_toast(Canvas &canvas, const Box &whole, const std::string &words)
{
    if (words.empty()) return;
    const float most = whole.w - 2 * kMargin, wanted = canvas.width(kTextSize, words) + 32, width = std::min(wanted, most);
    const float height = wanted > most ? 56.0f : 36.0f;
    const Box box = {std::round(whole.right() - kMargin - width), whole.bottom() - height - 6, width, height}; /* beside the words of the status */
    canvas.fill(box, kRaised, 9);
    canvas.frame(box, kWarm, 9);
    canvas.paragraph(Box{box.x + 16, box.y + 9, box.w - 32, box.h - 18}, kTextSize, kInk, words);
}

void draw_wave(Canvas &canvas, const Box &box, const RingView &ring, int bars_wanted)
{
    canvas.fill(box, kPanel, 10);
    const auto end = static_cast<int64_t>(ring.end_frame());
    const double rate_hz = ring.rate_hz();
    if (end == 0 || rate_hz == 0.0) {
        canvas.write(box, 14, kFaint, "Play something: it is remembered as you go.", Align::kCentre);
        return;
    }
    const auto bars = static_cast<size_t>(bars_wanted);
    const auto lines = ring.bar_lines(bars + 2);
    const bool known = lines.size() > bars;
    const double span = known ? sight_of(end, lines[0], lines[bars], bars_wanted) : kSecondsWithoutBars * rate_hz;
    const Box inner = box.inset(8);
    const auto x_of = [&](int64_t frame) {
        return inner.x + inner.w * static_cast<float>(1.0 - static_cast<double>(end - frame) / span);
    };
    const float from = known ? x_of(lines[bars]) : box.x, to = known ? x_of(lines[0]) : box.right();
    if (known) canvas.fill(Box{from, box.y, to - from, box.h}, kWarmGlow);
    for (size_t i = 0; i < lines.size(); i++) {
        const float x = x_of(lines[i]);
        if (x < inner.x || x > inner.right()) continue;
        canvas.line(x, box.y, box.bottom(), i == 0 || i == bars ? Colour(0xff, 0x9f, 0x5a, 0.6f) : known && i < bars ? Colour(0xff, 0x9f, 0x5a, 0.22f) : kLine);
    }
    draw_strokes(canvas, inner, ring, {end, span}, [&](float x) { return known && x >= from && x < to; });
}

void draw_controls(Canvas &canvas, const Layout &layout, const Status &status, const Controls &controls)
{
    const Pointer &pointer = controls.pointer;
    using Take = Status::Take;
    const bool kept = status.kept() == Take::kKept || status.kept() == Take::kFailed || status.kept() == Take::kHeld;
    canvas.button(layout.fewer, "−", false, pointer.over(layout.fewer), controls.can_fewer);
    canvas.button(layout.more, "+", false, pointer.over(layout.more), controls.can_more);
    canvas.button(layout.keep, controls.keep, !kept, pointer.over(layout.keep));
    draw_field(canvas, layout.title, controls.title, pointer, "Title");
    canvas.button(layout.post, status.post_label(), kept && status.signed_in(), pointer.over(layout.post), can_post(status));
    draw_progress(canvas, layout.progress, status);
    const Sentence sentence = status.sentence();
    canvas.paragraph(layout.status, kTextSize, of_tone(sentence.tone), sentence.text);
}

} // namespace ui
