#include "bar_map.hpp"

#include <algorithm>

namespace ui {

namespace {

constexpr uint64_t kSame = 512; /* frames: a line that the window sees by itself is off by so many at most */

uint64_t distance(uint64_t one, uint64_t other) { return one > other ? one - other : other - one; }

uint64_t nearest(const std::vector<uint64_t> &places, uint64_t frame)
{
    const auto behind = std::lower_bound(places.begin(), places.end(), frame);
    if (behind == places.begin()) return behind == places.end() ? frame : *behind;
    if (behind == places.end()) return places.back();
    return *behind - frame < frame - behind[-1] ? *behind : behind[-1];
}

} // namespace

void BarMap::forget()
{
    marks_.clear();
    told_.clear();
    lines_.clear();
    before_.clear();
    live_.clear();
}

size_t BarMap::place(uint64_t frame) const
{
    const auto at = std::lower_bound(marks_.begin(), marks_.end(), frame, [](const sc_mark &mark, uint64_t wanted) { return mark.frame < wanted; });
    return static_cast<size_t>(at - marks_.begin());
}

void BarMap::take(const sc_marks &marks)
{
    if (marks.end_frame <= marks.first_frame) return;
    const auto from = static_cast<long>(place(marks.first_frame)), to = static_cast<long>(place(marks.end_frame));
    const auto at = marks_.erase(marks_.begin() + from, marks_.begin() + to);
    marks_.insert(at, marks.marks, marks.marks + marks.count);
    Span whole = {marks.first_frame, marks.end_frame};
    std::vector<Span> apart;
    for (const Span &span : told_) {
        if (span.end < whole.first || span.first > whole.end) apart.push_back(span);
        else whole = {std::min(whole.first, span.first), std::max(whole.end, span.end)};
    }
    apart.push_back(whole);
    std::sort(apart.begin(), apart.end(), [](const Span &one, const Span &other) { return one.first < other.first; });
    told_ = std::move(apart);
    find_lines();
}

void BarMap::take_live(const std::vector<int64_t> &lines)
{
    live_.assign(lines.rbegin(), lines.rend());
    find_lines();
}

/* The daemon's word, and behind it what was seen here. */
void BarMap::find_lines()
{
    before_.swap(lines_);
    lines_.clear();
    for (const sc_mark &mark : marks_)
        if (mark.flags & SC_MARK_LINE) lines_.push_back(mark.frame);
    const uint64_t told = told_.empty() ? 0 : told_.back().end;
    for (const uint64_t line : live_)
        if (line >= told && (lines_.empty() || line > lines_.back() + kSame)) lines_.push_back(line);
}

uint64_t BarMap::now_at(uint64_t frame) const
{
    if (std::binary_search(lines_.begin(), lines_.end(), frame) || !std::binary_search(before_.begin(), before_.end(), frame)) return frame;
    const uint64_t found = nearest(lines_, frame);
    return distance(found, frame) <= kSame ? found : frame;
}

BarMap::Span BarMap::wanted(uint64_t first, uint64_t end) const
{
    for (const Span &span : told_) {
        if (span.end <= first) continue;
        if (span.first > first) return {first, std::min(end, span.first)};
        first = span.end;
    }
    return {first, end};
}

uint64_t BarMap::told_until(uint64_t frame) const
{
    for (const Span &span : told_)
        if (span.first <= frame && frame < span.end) return span.end;
    return frame;
}

const sc_mark *BarMap::in_force(uint64_t frame) const
{
    const size_t behind = place(frame + 1);
    return behind ? &marks_[behind - 1] : nullptr;
}

/* Of the bar that begins at that line and of the one before, evenly by the meter. */
std::vector<uint64_t> BarMap::beats_about(size_t line) const
{
    std::vector<uint64_t> beats;
    for (size_t at = line > 1 ? line - 2 : 0; at < lines_.size() && at <= line + 1; at++) {
        const uint64_t first = lines_[at];
        const uint64_t length = at + 1 < lines_.size() ? lines_[at + 1] - first : at > 0 ? first - lines_[at - 1] : 0;
        const sc_mark *mark = in_force(first);
        const uint64_t parts = mark && mark->numerator ? mark->numerator : 4;
        for (uint64_t beat = 0; beat < (length ? parts : 1); beat++) beats.push_back(first + (length * beat + parts / 2) / parts);
    }
    return beats;
}

uint64_t BarMap::snapped(uint64_t frame, Snap snap, uint64_t most_frames) const
{
    if (snap == Snap::kFree || lines_.empty()) return frame;
    const auto line = static_cast<size_t>(std::lower_bound(lines_.begin(), lines_.end(), frame) - lines_.begin());
    const uint64_t found = nearest(snap == Snap::kBar ? lines_ : beats_about(line), frame);
    return distance(found, frame) <= most_frames ? found : frame;
}

uint64_t BarMap::stepped(uint64_t frame, Snap snap, int steps) const
{
    for (; steps != 0 && !lines_.empty(); steps -= steps > 0 ? 1 : -1) {
        const auto line = static_cast<size_t>(std::lower_bound(lines_.begin(), lines_.end(), frame) - lines_.begin());
        const std::vector<uint64_t> places = snap == Snap::kBar ? lines_ : beats_about(line);
        const auto at = steps > 0 ? std::upper_bound(places.begin(), places.end(), frame) : std::lower_bound(places.begin(), places.end(), frame);
        if (steps > 0 ? at == places.end() : at == places.begin()) break;
        frame = steps > 0 ? *at : at[-1];
    }
    return frame;
}

uint32_t BarMap::bars_in(uint64_t first, uint64_t end) const
{
    const auto from = std::lower_bound(lines_.begin(), lines_.end(), first), to = std::lower_bound(lines_.begin(), lines_.end(), end);
    if (from == lines_.end() || to == lines_.end() || *from != first || *to != end || from >= to) return 0;
    for (size_t i = place(first); i < marks_.size() && marks_[i].frame < end; i++)
        if (!(marks_[i].flags & SC_MARK_PLAYING) || (marks_[i].frame > first && marks_[i].flags & SC_MARK_GAP)) return 0;
    return static_cast<uint32_t>(to - from);
}

} // namespace ui
