/* count_plugin FORMAT BINARY BUNDLE FRAMES BLOCKS: for callgrind. Calls process() of one instance of the built plugin BLOCKS
   times as a host does that plays at 120 BPM; between two blocks other memory is walked, as a host's other work would. Only
   what counted_process() calls is to be counted: --toggle-collect=counted_process. */
#include "formats.hpp"

#include <cstdlib>
#include <vector>

namespace {

constexpr double kRateHz = 48000.0;
constexpr size_t kOtherBytes = 1u << 20; /* as large as an L2 */

} // namespace

extern "C" __attribute__((noinline)) void counted_process(Plugin &plugin, float **in, float **out, uint32_t frames, const Spot &spot)
{
    plugin.process(in, out, frames, spot);
}

int main(int count, char **arguments)
{
    if (count != 6) return 2;
    const auto frames = static_cast<uint32_t>(std::atoi(arguments[4]));
    const int blocks = std::atoi(arguments[5]);
    Library library(arguments[1], arguments[2], arguments[3]);
    auto plugin = library.make();
    plugin->activate(kRateHz, frames);
    std::vector<float> left(frames, 0.25f), right(frames, -0.25f), out_left(frames), out_right(frames);
    std::vector<unsigned char> other(kOtherBytes);
    float *in[2] = {left.data(), right.data()}, *out[2] = {out_left.data(), out_right.data()};
    for (int block = 0; block < blocks; block++) {
        Spot spot;
        spot.playing = true;
        spot.frame = static_cast<int64_t>(block) * frames;
        spot.ppq = static_cast<double>(spot.frame) * 2.0 / kRateHz;
        spot.bar_start_ppq = 4.0 * static_cast<double>(static_cast<int64_t>(spot.ppq / 4.0));
        for (size_t i = 0; i < other.size(); i += 64) other[i]++;
        counted_process(*plugin, in, out, frames, spot);
    }
    plugin->deactivate();
    return 0;
}
