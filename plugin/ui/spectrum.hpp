/* How loud each half octave of some 90 ms of sound is. The bands up to 11 kHz are those of audio/analyse/stream.py, which a test holds them
   to; two more reach to 22 kHz, where the rate does. Values only. */
#ifndef SIDECHAIN_UI_SPECTRUM_HPP
#define SIDECHAIN_UI_SPECTRUM_HPP

#include <array>
#include <complex>
#include <cstddef>
#include <vector>

namespace ui {

class Spectrum {
public:
    static constexpr int kBands = 18;
    static constexpr float kFloorDb = -100.0f;
    using Bands = std::array<float, kBands>; /* RMS in dBFS, the lowest from 43 Hz on; kFloorDb at the least */

    explicit Spectrum(double rate_hz);

    size_t frames() const { return window_.size(); } /* that `of` looks at: a power of two */

    /* mono: frames() finite samples. */
    const Bands &of(const std::vector<float> &mono);

private:
    using Complex = std::complex<float>;
    void transform(); /* of points_, in place */
    float power(size_t bin) const;

    std::array<size_t, kBands + 1> first_bins_; /* of each band, and behind the last */
    std::vector<float> window_;
    std::vector<Complex> points_, turns_; /* half as many as frames: even samples are real, odd ones imaginary; turns_: e^(-2πik/frames) */
    Bands bands_;
};

} // namespace ui
#endif
