#include "loudness.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

namespace {

constexpr double kPi = 3.14159265358979323846, kOffsetLufs = -0.691, kReferenceHz = 48000.0;
constexpr double kHopsPerSecond = 100.0;
/* The analog prototypes behind the standard's tables, which are for 48 kHz alone (De Man, 2014). */
constexpr double kShelfHz = 1681.974450955533, kShelfQ = 0.7071752369554196, kShelfDb = 3.999843853973347;
constexpr double kBandOfHigh = 0.4996667741545416;
constexpr double kHighPassHz = 38.13547087602444, kHighPassQ = 0.5003270373238773;
constexpr double kSmallest = 1e-30; /* below it a filter is at rest: subnormal numbers would slow it a hundredfold */

constexpr double kMost = 8.0; /* as audio/intake.py bounds what it is given */

double bounded(float x) { return std::isfinite(x) ? std::min(std::max(static_cast<double>(x), -kMost), kMost) : 0.0; }

struct Poles {
    Poles(double corner_hz, double q, double rate_hz)
        : k(std::tan(kPi * corner_hz / rate_hz)), a0(1 + k / q + k * k), a1(2 * (k * k - 1) / a0), a2((1 - k / q + k * k) / a0)
    {
    }
    double k, a0, a1, a2;
};

} // namespace

Loudness::Loudness(double rate_hz, uint32_t channels)
    : rate_hz_(rate_hz), weight_(channels == 1 ? 2.0 : 1.0), channels_(channels), shelf_{}, high_pass_{}
{
    const Poles shelf(kShelfHz, kShelfQ, rate_hz), high(kHighPassHz, kHighPassQ, rate_hz), reference(kHighPassHz, kHighPassQ, kReferenceHz);
    const double gain = std::pow(10.0, kShelfDb / 20.0), band = std::pow(gain, kBandOfHigh) * shelf.k / kShelfQ, square = shelf.k * shelf.k;
    shelf_.b0 = (gain + band + square) / shelf.a0;
    shelf_.b1 = 2 * (square - gain) / shelf.a0;
    shelf_.b2 = (gain - band + square) / shelf.a0;
    shelf_.a1 = shelf.a1, shelf_.a2 = shelf.a2;
    /* The pass band is as loud as the standard's is at 48 kHz. */
    high_pass_.b0 = high_pass_.b2 = reference.a0 / high.a0;
    high_pass_.b1 = -2 * high_pass_.b0;
    high_pass_.a1 = high.a1, high_pass_.a2 = high.a2;
    next_edge_ = edge(1);
}

uint64_t Loudness::edge(uint64_t hop) const { return static_cast<uint64_t>(static_cast<double>(hop) * rate_hz_ / kHopsPerSecond); }

double Loudness::Biquad::pass(double x, uint32_t c)
{
    const double y = b0 * x + b1 * x1[c] + b2 * x2[c] - a1 * y1[c] - a2 * y2[c];
    x2[c] = x1[c], x1[c] = x;
    y2[c] = y1[c], y1[c] = y;
    return y;
}

void Loudness::push(const float *samples, size_t frames)
{
    for (size_t n = 0; n < frames; n++) {
        for (uint32_t c = 0; c < channels_; c++) {
            const double heard = high_pass_.pass(shelf_.pass(bounded(samples[n * channels_ + c]), c), c);
            sum_ += heard * heard;
        }
        if (++frames_ == next_edge_) end_hop();
    }
}

void Loudness::end_hop()
{
    energy_[hops_++ % kHops] = sum_ * weight_;
    sum_ = 0.0;
    next_edge_ = edge(hops_ + 1);
    for (Biquad *filter : {&shelf_, &high_pass_})
        for (uint32_t c = 0; c < channels_; c++)
            if (std::fabs(filter->y1[c]) + std::fabs(filter->y2[c]) < kSmallest) filter->y1[c] = filter->y2[c] = 0.0;
}

bool Loudness::momentary(double &lufs) const
{
    if (hops_ < kHops) return false;
    double energy = 0.0;
    for (double each : energy_) energy += each;
    const double power = energy / static_cast<double>(edge(hops_) - edge(hops_ - kHops));
    if (power <= 0.0) return false;
    lufs = kOffsetLufs + 10.0 * std::log10(power);
    return lufs > kGateLufs;
}

} // namespace ui
