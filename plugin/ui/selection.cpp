#include "selection.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ui {

void Selection::release()
{
    fixed_ = false;
    held_ = Handle::kNone;
    first_ = end_ = 0;
}

void Selection::follow(const BarMap &bars, int count)
{
    if (fixed_) return;
    const auto &lines = bars.lines();
    const auto wanted = static_cast<size_t>(count);
    const bool known = lines.size() > wanted;
    first_ = known ? lines[lines.size() - 1 - wanted] : 0;
    end_ = known ? lines.back() : 0;
}

void Selection::settle(const BarMap &bars)
{
    if (!fixed_ || held_ != Handle::kNone) return;
    first_ = bars.now_at(first_);
    end_ = bars.now_at(end_);
}

void Selection::begin(uint64_t frame)
{
    fixed_ = true;
    held_ = Handle::kEnd;
    first_ = end_ = frame;
}

void Selection::set(uint64_t first, uint64_t end)
{
    fixed_ = true;
    first_ = std::min(first, end);
    end_ = std::max(first, end);
}

void Selection::drag(uint64_t frame)
{
    if (held_ == Handle::kNone) return;
    fixed_ = true;
    (held_ == Handle::kFirst ? first_ : end_) = frame;
    if (first_ <= end_) return;
    std::swap(first_, end_);
    held_ = held_ == Handle::kFirst ? Handle::kEnd : Handle::kFirst;
}

Measured measured(const BarMap &bars, uint64_t first, uint64_t end, double rate_hz)
{
    Measured found;
    if (first >= end || rate_hz <= 0.0) return found;
    found.seconds = static_cast<double>(end - first) / rate_hz;
    found.bars = bars.bars_in(first, end);
    const sc_mark *mark = bars.in_force(first);
    found.bpm = mark ? mark->bpm : 0.0;
    for (const sc_mark &each : bars.marks())
        if (each.frame > first && each.frame < end && std::abs(each.bpm - found.bpm) > 1e-3) found.bpm = 0.0;
    return found;
}

std::string tempo_text(double bpm)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", bpm);
    std::string whole = text;
    if (whole.size() > 2 && whole.compare(whole.size() - 2, 2, ".0") == 0) whole.resize(whole.size() - 2);
    return whole;
}

std::string clock_text(double seconds)
{
    char text[48];
    const auto whole = static_cast<long>(std::max(seconds, 0.0) + 0.5);
    if (whole >= 3600) std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
    return text;
}

std::string seconds_text(double seconds)
{
    char text[32];
    if (seconds >= 60.0) return clock_text(seconds) + " min";
    std::snprintf(text, sizeof text, seconds < 1.0 ? "%.2f s" : "%.1f s", seconds);
    return text;
}

std::string short_words(const Measured &span)
{
    if (span.bars) return std::to_string(span.bars) + (span.bars == 1 ? " bar" : " bars");
    return seconds_text(span.seconds);
}

std::string words(const Measured &span)
{
    std::string all = span.bars ? short_words(span) + "  ·  " : "";
    if (span.bpm > 0.0) all += tempo_text(span.bpm) + " BPM  ·  ";
    return all + seconds_text(span.seconds);
}

} // namespace ui
