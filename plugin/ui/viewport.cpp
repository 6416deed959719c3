#include "viewport.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

namespace {

constexpr double kEase_s = 0.07;     /* in which two thirds of a way are gone */
constexpr double kFirstFrames = 1.5e6; /* in sight to begin with: 31 s at 48 kHz */

} // namespace

double Viewport::widest() const { return std::max((newest_ - oldest_) / (1.0 - kLiveEdge) / width_, kFirstFrames / width_); }

double Viewport::newest_first() const { return newest_ - width_ * frames_per_point_ * (1.0 - kLiveEdge); }

void Viewport::show(double oldest, double newest, double width)
{
    const bool was_empty = frames_per_point_ == 0.0;
    if (!was_empty && width != width_) frames_per_point_ *= width_ / width; /* the same is in sight */
    oldest_ = oldest;
    newest_ = newest;
    width_ = std::max(width, 1.0);
    if (was_empty) frames_per_point_ = kFirstFrames / width_;
    if (live_ && !moving_) first_ = target_ = newest_first();
    bound();
}

/* What is shorter than the width stands at its right. */
void Viewport::bound()
{
    frames_per_point_ = std::clamp(frames_per_point_, kFinest, widest());
    const double last = newest_first(), least = std::min(oldest_, last);
    first_ = std::clamp(first_, least, last);
    target_ = std::clamp(target_, least, last);
    live_ = target_ >= last - frames_per_point_;
}

void Viewport::aim(double first)
{
    target_ = first;
    moving_ = true;
    bound();
}

void Viewport::scroll(double points) { aim(target_ + points * frames_per_point_); }

void Viewport::drag(double points)
{
    moving_ = false;
    first_ = target_ = first_ + points * frames_per_point_;
    bound();
}

void Viewport::zoom(double factor, double x)
{
    const double at = frame_at(x);
    const bool was_live = live_ && x >= width_ * (1.0 - 2 * kLiveEdge);
    frames_per_point_ = std::clamp(frames_per_point_ / factor, kFinest, widest());
    moving_ = false;
    first_ = target_ = was_live ? newest_first() : at - x * frames_per_point_;
    bound();
}

void Viewport::look_at(double frame, double frames_wide)
{
    moving_ = false;
    if (frames_wide > 0.0) frames_per_point_ = std::clamp(frames_wide / width_, kFinest, widest());
    first_ = target_ = frame - width_ * frames_per_point_ / 2;
    bound();
}

void Viewport::go_to_newest() { aim(newest_first()); }
void Viewport::go_to_oldest() { aim(oldest_); }

void Viewport::reveal(double first, double end)
{
    const double margin = 24.0 * frames_per_point_, width = width_ * frames_per_point_;
    if (first < target_ + margin) aim(first - margin);
    else if (end > target_ + width - margin) aim(std::min(end + margin - width, first - margin));
}

bool Viewport::pass(double seconds)
{
    if (!moving_) return false;
    if (live_) target_ = newest_first();
    first_ += (target_ - first_) * (1.0 - std::exp(-seconds / kEase_s));
    if (std::abs(target_ - first_) < frames_per_point_ / 4) {
        first_ = target_;
        moving_ = false;
    }
    return true;
}

} // namespace ui
