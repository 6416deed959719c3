#include "hearing.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

namespace {

constexpr float kCancelled = 0.02f; /* channels whose mean has less of the left one's power cancel each other: the left stands for both */

constexpr float kMost = 8.0f; /* as audio/intake.py bounds what it is given, so that squares and sums stay finite */

float bounded(float x) { return std::isfinite(x) ? std::min(std::max(x, -kMost), kMost) : 0.0f; }

} // namespace

void Hearing::begin(const RingView &ring)
{
    generation_ = ring.generation();
    loudness_.reset(ring.rate_hz() > 0.0 ? new Loudness(ring.rate_hz(), ring.channels()) : nullptr);
    spectrum_.reset(ring.rate_hz() > 0.0 ? new Spectrum(ring.rate_hz()) : nullptr);
    mono_.assign(spectrum_ ? spectrum_->frames() : 0, 0.0f);
    shown_.fill(Spectrum::kFloorDb);
    const auto lead = static_cast<uint64_t>(kLeadS * ring.rate_hz());
    taken_ = std::max(ring.first_frame(), ring.end_frame() > lead ? ring.end_frame() - lead : 0);
    due_ = taken_;
    known_ = false;
}

void Hearing::update(const RingView &ring)
{
    const uint64_t end = ring.end_frame();
    const auto most = static_cast<uint64_t>(kLeadS * ring.rate_hz());
    if (ring.generation() != generation_ || end < taken_ || end - taken_ > most) begin(ring);
    if (!loudness_) return;
    while (taken_ < end) {
        size_t frames = static_cast<size_t>(end - taken_);
        const float *samples = ring.samples(taken_, frames);
        if (!samples) return;
        loudness_->push(samples, frames);
        taken_ += frames;
    }
    if (taken_ < due_ || !take_window(ring)) return;
    due_ = taken_ + static_cast<uint64_t>(kStepS * ring.rate_hz());
    const Spectrum::Bands &now = spectrum_->of(mono_);
    for (size_t band = 0; band < now.size(); band++) shown_[band] = std::max(now[band], known_ ? shown_[band] - kFallDb : now[band]);
    known_ = true;
}

/* The newest frames in one channel; false while there are too few. */
bool Hearing::take_window(const RingView &ring)
{
    const uint64_t first = taken_ - std::min<uint64_t>(taken_, mono_.size());
    if (first < ring.first_frame() || taken_ - first < mono_.size()) return false;
    const uint32_t channels = ring.channels();
    std::vector<float> left(mono_.size());
    float of_mean = 0.0f, of_left = 0.0f;
    for (size_t at = 0; at < mono_.size();) {
        size_t frames = mono_.size() - at;
        const float *samples = ring.samples(first + at, frames);
        if (!samples) return false;
        for (size_t n = 0; n < frames; n++, at++) {
            left[at] = bounded(samples[n * channels]);
            mono_[at] = channels == 1 ? left[at] : 0.5f * (left[at] + bounded(samples[n * channels + 1]));
            of_mean += mono_[at] * mono_[at];
            of_left += left[at] * left[at];
        }
    }
    if (of_mean < kCancelled * of_left) mono_ = left;
    return true;
}

} // namespace ui
