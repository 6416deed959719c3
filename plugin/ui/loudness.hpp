/* Momentary loudness after ITU-R BS.1770-4 and EBU Tech 3341, of sound that is pushed as it comes: the last 400 ms, K-weighted. The
   figures are those of audio/measure/loudness.py, which a test holds it to. Values only. */
#ifndef SIDECHAIN_UI_LOUDNESS_HPP
#define SIDECHAIN_UI_LOUDNESS_HPP

#include <array>
#include <cstddef>
#include <cstdint>

namespace ui {

class Loudness {
public:
    static constexpr double kGateLufs = -70.0;
    static constexpr uint32_t kChannels = 2;

    /* channels: 1 or 2. One is heard on both speakers, and counts twice. */
    Loudness(double rate_hz, uint32_t channels);

    /* The next frames, interleaved, any float: what is no number is silence. */
    void push(const float *samples, size_t frames);

    /* Once 400 ms were pushed; false also for less than kGateLufs. */
    bool momentary(double &lufs) const;

private:
    struct Biquad {
        double b0, b1, b2, a1, a2;
        double x1[kChannels] = {}, x2[kChannels] = {}, y1[kChannels] = {}, y2[kChannels] = {};
        double pass(double x, uint32_t channel);
    };
    static constexpr size_t kHops = 40; /* of 10 ms */
    uint64_t edge(uint64_t hop) const;
    void end_hop();

    double rate_hz_, weight_;
    uint32_t channels_;
    Biquad shelf_, high_pass_;
    std::array<double, kHops> energy_ = {}; /* a ring of hops */
    double sum_ = 0.0;                      /* of the hop that is filled */
    uint64_t frames_ = 0, hops_ = 0, next_edge_ = 0;
};

} // namespace ui
#endif
