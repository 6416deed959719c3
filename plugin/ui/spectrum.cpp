#include "spectrum.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kLowestHz = 22050.0 / 512.0; /* of the first band */
constexpr double kLeastS = 0.08;              /* the window, before it is made a power of two */

size_t window_frames(double rate_hz)
{
    size_t frames = 64;
    while (static_cast<double>(frames) < kLeastS * rate_hz) frames *= 2;
    return frames;
}

} // namespace

Spectrum::Spectrum(double rate_hz) : window_(window_frames(rate_hz)), points_(window_.size() / 2), turns_(window_.size() / 2)
{
    const double step = 2 * kPi / static_cast<double>(window_.size());
    for (size_t n = 0; n < window_.size(); n++) window_[n] = static_cast<float>(0.5 - 0.5 * std::cos(step * static_cast<double>(n)));
    for (size_t k = 0; k < turns_.size(); k++) turns_[k] = Complex(std::polar(1.0, -step * static_cast<double>(k)));
    const double bin_hz = rate_hz / static_cast<double>(window_.size());
    for (size_t band = 0; band <= kBands; band++)
        first_bins_[band] = std::min(static_cast<size_t>(std::ceil(kLowestHz * std::pow(2.0, static_cast<double>(band) / 2.0) / bin_hz)), points_.size());
    bands_.fill(kFloorDb);
}

/* Decimation in time, radix 2. */
void Spectrum::transform()
{
    const size_t count = points_.size();
    for (size_t n = 1, reversed = 0; n < count; n++) {
        size_t bit = count / 2;
        for (; reversed & bit; bit /= 2) reversed ^= bit;
        reversed |= bit;
        if (n < reversed) std::swap(points_[n], points_[reversed]);
    }
    for (size_t half = 1; half < count; half *= 2) {
        const size_t stride = count / half; /* turns_ are of twice as many points */
        for (size_t first = 0; first < count; first += 2 * half)
            for (size_t k = 0; k < half; k++) {
                const Complex &turn = turns_[k * stride], &below = points_[first + half + k];
                const Complex moved(below.real() * turn.real() - below.imag() * turn.imag(), below.real() * turn.imag() + below.imag() * turn.real());
                points_[first + half + k] = points_[first + k] - moved;
                points_[first + k] += moved;
            }
    }
}

/* Mean square of what lies at a bin, 0 < bin < frames / 2; of a sine of full scale the bins add up to 1/2. */
float Spectrum::power(size_t bin) const
{
    const Complex here = points_[bin], mirrored = std::conj(points_[points_.size() - bin]);
    const Complex even = 0.5f * (here + mirrored), odd = 0.5f * (here - mirrored);
    const Complex turned(odd.real() * turns_[bin].real() - odd.imag() * turns_[bin].imag(), odd.real() * turns_[bin].imag() + odd.imag() * turns_[bin].real());
    const Complex value = even + Complex(turned.imag(), -turned.real()); /* times -i */
    const float magnitude = 4.0f / static_cast<float>(window_.size());   /* of a Hann window whose full-scale sine reads 1 */
    return std::norm(value) * magnitude * magnitude / 3.0f;
}

const Spectrum::Bands &Spectrum::of(const std::vector<float> &mono)
{
    for (size_t n = 0; n < points_.size(); n++) points_[n] = {mono[2 * n] * window_[2 * n], mono[2 * n + 1] * window_[2 * n + 1]};
    transform();
    for (size_t band = 0; band < kBands; band++) {
        float sum = 0.0f;
        for (size_t bin = first_bins_[band]; bin < first_bins_[band + 1]; bin++) sum += power(bin);
        bands_[band] = sum > 1e-10f ? 10.0f * std::log10(sum) : kFloorDb;
    }
    return bands_;
}

} // namespace ui
