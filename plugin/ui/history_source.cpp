#include "history_source.hpp"

#include <algorithm>

namespace ui {

namespace {

constexpr double kMostMarks_s = 1500.0; /* more than so much in sight has no bar lines */
constexpr double kStale_s = 6.0, kFineStale_s = 0.4; /* what has grown by so much is asked for again */
constexpr uint64_t kMarksNextUs = 50000, kMarksAgainUs = 500000, kMarksFailedUs = 2000000;
constexpr uint64_t kMarksBack_s = 4; /* what was told last may have had to be guessed */
constexpr double kOverviewParts = 64.0; /* the overview is asked for anew when it has grown by one of them */

} // namespace

uint64_t HistorySource::oldest(const RingView &ring) const
{
    if (!own()) return earlier_.first_frame;
    return attached_ ? std::min(oldest_, ring.first_frame()) : ring.first_frame();
}

uint64_t HistorySource::newest(const RingView &ring) const { return own() ? ring.end_frame() : earlier_.end_frame; }

double HistorySource::rate_hz(const RingView &ring) const { return own() ? ring.rate_hz() : earlier_.sample_rate_hz; }

bool HistorySource::follow(const sc_info &info, const RingView &ring)
{
    const uint64_t generation = own() ? info.generation : earlier_.generation;
    const bool attached = own() ? info.attached : info.connected;
    const bool other = generation != generation_;
    if (other || (attached && !attached_)) { /* another Ring, or another daemon */
        tiles_.forget();
        bars_.forget();
        oldest_ = UINT64_MAX;
        seen_ = marks_asked_ = next_marks_us_ = 0;
    }
    generation_ = generation;
    attached_ = attached;
    if (own() && ring.end_frame() != seen_) bars_.take_live(ring.bar_lines(SC_MAX_BARS + 2));
    seen_ = newest(ring);
    return other;
}

void HistorySource::ask(sc_client *client, const RingView &ring, const Viewport &viewport, double overview_points, uint64_t now_us)
{
    if (!attached_ || newest(ring) == 0) return;
    const double first = viewport.first(), end = viewport.end(), wide = end - first, reach = viewport.newest() - viewport.oldest();
    const int level = PeakTiles::level_of(viewport.frames_per_point()), whole = PeakTiles::level_of(reach / overview_points);
    const bool fine = viewport.frames_per_point() < RingView::kPeakFrames; /* finer than what the window sees by itself */
    const auto stale = static_cast<uint64_t>(rate_hz(ring) * (fine ? kFineStale_s : kStale_s)), end_frame = newest(ring);
    while (ask_peaks(client, end_frame, first, end, level, stale) ||
           ask_peaks(client, end_frame, viewport.oldest(), viewport.newest(), whole, static_cast<uint64_t>(reach / kOverviewParts)) ||
           ask_peaks(client, end_frame, first - wide, end + wide, level, stale)) {
    }
    ask_marks(client, ring, viewport, now_us);
}

bool HistorySource::ask_peaks(sc_client *client, uint64_t newest, double first, double end, int level, uint64_t stale)
{
    const PeakTiles::Wanted wanted = tiles_.wanted(first, end, level, newest, stale);
    if (wanted.level < 0) return false;
    const uint64_t id = sc_window_get_peaks(client, generation_, wanted.first_frame, wanted.end_frame, SC_MAX_PEAK_COLUMNS);
    if (id) tiles_.asked(wanted, id);
    return id != 0;
}

void HistorySource::ask_marks(sc_client *client, const RingView &ring, const Viewport &viewport, uint64_t now_us)
{
    const double rate = rate_hz(ring), wide = viewport.end() - viewport.first();
    if (marks_asked_ || now_us < next_marks_us_ || rate <= 0.0 || wide > kMostMarks_s * rate) return;
    const auto first = static_cast<uint64_t>(std::max(viewport.first() - wide / 2, viewport.oldest()));
    const uint64_t end = std::min(static_cast<uint64_t>(std::max(viewport.end() + wide / 2, 0.0)), newest(ring));
    BarMap::Span wanted = bars_.wanted(first, end);
    if (wanted.empty()) return;
    if (wanted.first > first) wanted.first -= std::min(wanted.first - first, kMarksBack_s * static_cast<uint64_t>(rate));
    marks_asked_ = sc_window_get_marks(client, generation_, wanted.first, wanted.end);
    next_marks_us_ = now_us + (wanted.end == newest(ring) ? kMarksAgainUs : kMarksNextUs); /* of what is played now: not in a circle */
}

bool HistorySource::hear(const sc_event &event, uint64_t now_us)
{
    if (event.id == 0) return false;
    if (event.kind == SC_EVENT_PEAKS && event.peaks.generation == generation_) oldest_ = event.peaks.oldest_frame;
    if (tiles_.answered(event)) return true;
    const bool failed = event.kind == SC_EVENT_ASK_FAILED;
    if (event.id != marks_asked_ || !(failed || event.kind == SC_EVENT_MARKS)) return false;
    marks_asked_ = 0;
    if (failed) next_marks_us_ = now_us + kMarksFailedUs;
    else if (event.marks.generation == generation_) bars_.take(event.marks);
    return true;
}

} // namespace ui
