/* The loops of the pipeline that numpy cannot run in one pass: K-weighting, true peak, the limiter's gain, extremes.
 *
 * Plain C11 and the vector types that gcc and clang share; no allocation, no global state, no I/O. Every function
 * here has a twin in portable.py which computes the same from the same definition; tests compare them. Built by
 *     cc -O3 -ffp-contract=off -shared -fPIC -o audio/_kernels.so audio/kernels.c
 * Arrays are contiguous; `samples` is interleaved float32, [frames][channels], finite.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define KERNELS_VERSION 4
#define TAPS 24
#define HALF (TAPS / 2)
#define SPAN 32 /* frames interpolated or skipped as one */
#define LANES 16
#define BEFORE (TAPS / 2 - 1)
#define CHUNK 2048 /* frames taken apart into channels at a time: stays in the first cache */

int32_t sc_kernels_version(void) { return KERNELS_VERSION; }

typedef double pair __attribute__((vector_size(16)));

/* Adds to energy[i] the weighted sum of squares of the K-weighted frames edges[i] .. edges[i + 1].
 * filters: two biquads, b0 b1 b2 a1 a2 each, in direct form: what waits for the last output is one product and one
 * difference. The state is cleared when it has decayed to nothing: subnormal numbers would make silence after sound
 * cost a hundred times what sound costs. */
void sc_k_energy(const float *samples, int64_t channels, const double *filters, const double *weights,
                 const int64_t *edges, int64_t steps, double *energy)
{
    const double *f = filters;
    for (int64_t c = 0; c < channels; c += 2) {
        int64_t other = c + 1 < channels ? c + 1 : c;
        pair weight = {weights[c], other == c ? 0.0 : weights[other]};
        pair x1 = {0, 0}, x2 = {0, 0}, y1 = {0, 0}, y2 = {0, 0}, z1 = {0, 0}, z2 = {0, 0};
        for (int64_t i = 0; i < steps; i++) {
            pair sum = {0, 0};
            for (int64_t n = edges[i]; n < edges[i + 1]; n++) {
                pair x = {samples[n * channels + c], samples[n * channels + other]};
                pair y = f[0] * x + f[1] * x1 + f[2] * x2 - f[4] * y2 - f[3] * y1;
                pair z = f[5] * y + f[6] * y1 + f[7] * y2 - f[9] * z2 - f[8] * z1;
                x2 = x1, x1 = x, y2 = y1, y1 = y, z2 = z1, z1 = z;
                sum += z * z;
            }
            for (int lane = 0; lane < 2; lane++)
                if (fabs(y1[lane]) + fabs(y2[lane]) + fabs(z1[lane]) + fabs(z2[lane]) < 1e-30)
                    y1[lane] = y2[lane] = z1[lane] = z2[lane] = 0;
            sum *= weight;
            energy[i] += sum[0] + sum[1];
        }
    }
}

/* One channel's frames start - SPAN .. start + frames + SPAN as a contiguous row, silence outside the clip. */
static void take_channel(const float *samples, int64_t total, int64_t channels, int64_t channel, int64_t start,
                         int64_t frames, float *row)
{
    int64_t width = frames + 2 * SPAN, first = start - SPAN;
    int64_t from = first < 0 ? -first : 0, to = total - first < width ? total - first : width;
    if (to < from) to = from;
    memset(row, 0, (size_t)from * sizeof *row);
    memset(row + to, 0, (size_t)(width - to) * sizeof *row);
    const float *x = samples + first * channels + channel;
    if (channels == 2)
        for (int64_t i = from; i < to; i++) row[i] = x[2 * i];
    else
        for (int64_t i = from; i < to; i++) row[i] = x[channels * i];
}

/* Largest |row| of one span, in eight lanes so that it becomes vector code. */
static float span_peak(const float *row)
{
    float lanes[8] = {0};
    for (int i = 0; i < SPAN; i += 8)
        for (int j = 0; j < 8; j++) {
            float magnitude = fabsf(row[i + j]);
            lanes[j] = magnitude > lanes[j] ? magnitude : lanes[j];
        }
    float highest = lanes[0];
    for (int j = 1; j < 8; j++) highest = lanes[j] > highest ? lanes[j] : highest;
    return highest;
}

/* Compiled twice on x86-64, chosen when the library is loaded: twice as fast where the processor has AVX2. The results
 * are the same to the bit, for every lane does the same additions in the same order. */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

/* out[i] = largest |value| of the phases between frames i and i + 1 of the span that starts at row. The filter a quarter
 * after a frame is that of three quarters, mirrored: both are the sum and the difference of an even and an odd half
 * (taps: even, odd), and the one in the middle is even itself. */
WIDE static void between(const float *row, const float *taps, float *out)
{
    for (int start = 0; start < SPAN; start += LANES) {
        float even[LANES] = {0}, odd[LANES] = {0}, middle[LANES] = {0};
        for (int t = 0; t < HALF; t++) {
            const float *x = row + start - BEFORE + t, *mirrored = row + start - BEFORE + TAPS - 1 - t;
            for (int i = 0; i < LANES; i++) {
                float sum = x[i] + mirrored[i], difference = x[i] - mirrored[i];
                even[i] += taps[t] * sum;
                odd[i] += taps[HALF + t] * difference;
                middle[i] += taps[2 * HALF + t] * sum;
            }
        }
        for (int i = 0; i < LANES; i++) {
            float quarter = fabsf(even[i]) + fabsf(odd[i]), half = fabsf(middle[i]);
            out[start + i] = quarter > half ? quarter : half;
        }
    }
}

/* True peak, linear: the larger of `highest` and the interpolated clip. A span that cannot beat what has been found
 * (reach: the filter's absolute gain) is skipped. */
float sc_true_peak(const float *samples, int64_t frames, int64_t channels, const float *taps, float reach,
                   float highest)
{
    float row[CHUNK + 2 * SPAN], out[SPAN];
    for (int64_t start = -SPAN; start < frames + SPAN; start += CHUNK)
        for (int64_t c = 0; c < channels; c++) {
            take_channel(samples, frames, channels, c, start, CHUNK, row);
            float before = span_peak(row), here = span_peak(row + SPAN);
            for (int64_t s = SPAN; s < CHUNK + SPAN; s += SPAN) {
                float after = span_peak(row + s + SPAN);
                float loudest = before > here ? before : here;
                loudest = after > loudest ? after : loudest;
                if (here > highest) highest = here;
                if (reach * loudest > highest) {
                    between(row + s, taps, out);
                    float peak = span_peak(out);
                    if (peak > highest) highest = peak;
                }
                before = here;
                here = after;
            }
        }
    return highest;
}

/* envelope[n]: the largest |value| of any channel from halfway before frame n to halfway after it, as far as it
 * matters: spans that cannot pass `floor` hold sample peaks only. A value between two frames counts for both. */
void sc_envelope(const float *samples, int64_t frames, int64_t channels, const float *taps, float reach,
                 float floor, float *envelope)
{
    float row[CHUNK + 2 * SPAN], out[SPAN];
    memset(envelope, 0, (size_t)frames * sizeof *envelope);
    for (int64_t start = 0; start < frames; start += CHUNK)
        for (int64_t c = 0; c < channels; c++) {
            take_channel(samples, frames, channels, c, start, CHUNK, row);
            float peaks[2] = {span_peak(row), span_peak(row + SPAN)};
            for (int64_t s = 0; s < CHUNK && start + s < frames; s += SPAN) {
                const float *x = row + SPAN + s;
                int64_t first = start + s, count = frames - first < SPAN ? frames - first : SPAN;
                for (int64_t i = 0; i < count; i++) {
                    float magnitude = fabsf(x[i]);
                    if (magnitude > envelope[first + i]) envelope[first + i] = magnitude;
                }
                float loudest = peaks[0] > peaks[1] ? peaks[0] : peaks[1], after = span_peak(x + SPAN);
                loudest = after > loudest ? after : loudest;
                peaks[0] = peaks[1];
                peaks[1] = after;
                if (reach * loudest <= floor) continue;
                between(x, taps, out);
                for (int64_t i = 0; i < count; i++) {
                    if (out[i] > envelope[first + i]) envelope[first + i] = out[i];
                    if (first + i + 1 < frames && out[i] > envelope[first + i + 1]) envelope[first + i + 1] = out[i];
                }
            }
        }
}

static int64_t wrap(int64_t position, int64_t size) { return position >= size ? position - size : position; }

/* The limiter's gain for each frame: allowed[n] <= 1 is what frame n may have at most. The gain falls to it along a
 * straight line over `ahead` frames, stays while it is needed and comes back: all but what was needed on average lately
 * at `release`, so that a drum takes nothing from what follows, and that at `memory`, so that a bass keeps its wave.
 *
 *   least[n]   = min(allowed[n .. n + ahead])                 sliding minimum, a deque of positions
 *   fast[n]    = max(1 - least[n], release * fast[n - 1])
 *   slow[n]    = memory * slow[n - 1] + (1 - memory) * fast[n]
 *   reduced[n] = max(fast[n], slow[n])
 *   gain[n]    = mean(1 - reduced[n - ahead .. n])            so gain[n] <= allowed[n]
 *
 * work: ahead + 1 int64 for the deque; reduced: frames doubles. */
void sc_limiter_gain(const float *allowed, int64_t frames, int64_t ahead, double release, double memory,
                     int64_t *work, double *reduced, float *gain)
{
    int64_t size = ahead + 1, head = 0, count = 0, next = 0;
    double fast = 0, slow = 0;
    for (int64_t n = 0; n < frames; n++) {
        if (count && work[head] < n) head = wrap(head + 1, size), count--; /* first: the deque holds size, not more */
        for (; next < frames && next <= n + ahead; next++) {
            while (count && allowed[work[wrap(head + count - 1, size)]] >= allowed[next]) count--;
            work[wrap(head + count++, size)] = next;
        }
        double now = 1.0 - allowed[work[head]];
        fast *= release;
        if (fast < 1e-30) fast = 0;
        if (now > fast) fast = now;
        slow = memory * slow + (1 - memory) * fast;
        if (slow < 1e-30) slow = 0;
        reduced[n] = fast > slow ? fast : slow;
    }
    double share = 1.0 / (double)size, first = frames ? reduced[0] : 0, sum = first * (double)size;
    for (int64_t n = 0; n < frames; n++) {
        sum += reduced[n] - (n >= size ? reduced[n - size] : first);
        if (sum < 0) sum = 0;
        gain[n] = (float)(1.0 - sum * share);
    }
}

/* For each channel: sum, sum of squares, minimum, maximum (4 doubles), then the sum of products of the first and the last
 * channel. Sums run in four lanes, so that they are vector code. */
void sc_statistics(const float *samples, int64_t frames, int64_t channels, double *out)
{
    float row[CHUNK + 2 * SPAN], other[CHUNK + 2 * SPAN];
    double cross = 0;
    for (int64_t c = 0; c < channels; c++) {
        double *o = out + 4 * c;
        o[0] = o[1] = 0;
        o[2] = o[3] = samples[c];
        for (int64_t start = 0; start < frames; start += CHUNK) {
            int64_t count = frames - start < CHUNK ? frames - start : CHUNK;
            take_channel(samples, frames, channels, c, start, CHUNK, row);
            const float *x = row + SPAN;
            double sums[4] = {0}, squares[4] = {0}, products[4] = {0};
            for (int64_t i = 0; i < CHUNK; i += 4) /* silence beyond the clip adds nothing */
                for (int j = 0; j < 4; j++) {
                    double value = x[i + j];
                    sums[j] += value;
                    squares[j] += value * value;
                }
            float low = x[0], high = x[0];
            for (int64_t i = 0; i < count; i++) {
                low = x[i] < low ? x[i] : low;
                high = x[i] > high ? x[i] : high;
            }
            if (c == 0) {
                take_channel(samples, frames, channels, channels - 1, start, CHUNK, other);
                for (int64_t i = 0; i < CHUNK; i += 4)
                    for (int j = 0; j < 4; j++)
                        products[j] += (double)x[i + j] * other[SPAN + i + j];
            }
            o[0] += sums[0] + sums[1] + sums[2] + sums[3];
            o[1] += squares[0] + squares[1] + squares[2] + squares[3];
            cross += products[0] + products[1] + products[2] + products[3];
            if (low < o[2]) o[2] = low;
            if (high > o[3]) o[3] = high;
        }
    }
    out[4 * channels] = cross;
}

/* For each channel: how many runs of at least `run` neighbouring frames lie exactly at its low or at its high, and
 * where the first of them begins (untouched without one). Eight frames are looked at as one: few hold an extreme. */
void sc_flat_runs(const float *samples, int64_t frames, int64_t channels, const float *low, const float *high,
                  int64_t run, int64_t *found, int64_t *first)
{
    for (int64_t c = 0; c < channels; c++) {
        int64_t length = 0;
        float last = 0, least = low[c], most = high[c];
        found[c] = 0;
        for (int64_t start = 0; start < frames; start += 8) {
            const float *x = samples + start * channels + c;
            int64_t count = frames - start < 8 ? frames - start : 8;
            int any = count < 8;
            if (!any)
                for (int i = 0; i < 8; i++) any |= (x[i * channels] <= least) | (x[i * channels] >= most);
            if (!any) {
                length = 0;
                continue;
            }
            for (int64_t i = 0; i < count; i++) {
                float value = x[i * channels];
                if (value > least && value < most) {
                    length = 0;
                    continue;
                }
                length = length && value == last ? length + 1 : 1;
                last = value;
                if (length == run && found[c]++ == 0) first[c] = start + i - run + 1;
            }
        }
    }
}

/* For each stretch starts[i] .. ends[i], not empty, and each of one or two channels: minimum, maximum, sum of squares. */
WIDE void sc_stretches(const float *samples, int64_t channels, const int64_t *starts, const int64_t *ends,
                       int64_t stretches, float *low, float *high, double *squares)
{
    for (int64_t i = 0; i < stretches; i++) {
        const float *x = samples + starts[i] * channels;
        int64_t count = (ends[i] - starts[i]) * channels, n = 0;
        float least[8], most[8];
        double powers[8] = {0};
        for (int j = 0; j < 8; j++) least[j] = most[j] = x[j % channels];
        for (; n + 8 <= count; n += 8) /* eight lanes: the even ones are the first channel of two */
            for (int j = 0; j < 8; j++) {
                float value = x[n + j];
                least[j] = value < least[j] ? value : least[j];
                most[j] = value > most[j] ? value : most[j];
                powers[j] += (double)value * value;
            }
        for (int j = 0; n < count; n++, j++) {
            least[j] = x[n] < least[j] ? x[n] : least[j];
            most[j] = x[n] > most[j] ? x[n] : most[j];
            powers[j] += (double)x[n] * x[n];
        }
        for (int64_t c = 0; c < channels; c++) {
            float *l = low + i * channels + c, *h = high + i * channels + c;
            double sum = 0;
            *l = least[c], *h = most[c];
            for (int64_t j = c; j < 8; j += channels) {
                *l = least[j] < *l ? least[j] : *l;
                *h = most[j] > *h ? most[j] : *h;
                sum += powers[j];
            }
            squares[i * channels + c] = sum;
        }
    }
}

/* out = samples * scale + noise, rounded and held to 16 bits. Returns how many samples were beyond 16 bits without the
 * noise. Adding and taking away 1.5 * 2^23 rounds to the nearest, to even in between, as rintf does. */
WIDE int64_t sc_pcm16(const float *samples, int64_t count, float scale, const float *noise, int16_t *out)
{
    int64_t beyond = 0;
    for (int64_t i = 0; i < count; i++) {
        float value = samples[i] * scale;
        beyond += fabsf(value) > 32768.0f;
        value += noise[i];
        value = value > 32767.0f ? 32767.0f : value;
        value = value < -32768.0f ? -32768.0f : value;
        out[i] = (int16_t)(int32_t)((value + 12582912.0f) - 12582912.0f);
    }
    return beyond;
}

/* Different bits of two fingerprints of `frames` words, two words at a time. The places of the longer one are not
 * aligned, so words are fetched by memcpy, which compilers turn into plain loads. */
#define DIFFERING(name, attribute)                                                                     \
    attribute static int64_t name(const uint32_t *one, const uint32_t *other, int64_t frames)          \
    {                                                                                                  \
        int64_t bits = 0;                                                                              \
        for (int64_t i = 0; i + 1 < frames; i += 2) {                                                  \
            uint64_t a, b;                                                                             \
            memcpy(&a, one + i, sizeof a);                                                             \
            memcpy(&b, other + i, sizeof b);                                                           \
            bits += __builtin_popcountll(a ^ b);                                                       \
        }                                                                                              \
        if (frames & 1) bits += __builtin_popcount(one[frames - 1] ^ other[frames - 1]);               \
        return bits;                                                                                   \
    }

DIFFERING(differing, )
#if defined(__x86_64__)
DIFFERING(differing_popcnt, __attribute__((target("popcnt")))) /* one instruction; every x86-64 since 2008 has it */
#endif

/* Lays the shorter of `query` and each of `count` known fingerprints (words[starts[i]] .. words[starts[i + 1]]) over
 * the longer one, which goes round, at every place and at each of the speeds; see Overlays in overlay.py for what is
 * written. A share is compared as whole numbers, so that equal ones are equal. work: 3 times the words of the longest
 * fingerprint. */
void sc_overlays(const uint32_t *words, const int64_t *starts, int64_t count, const uint32_t *query, int64_t length,
                 const double *speeds, int64_t speed_count, uint32_t *work, double *agreeing, int64_t *places,
                 int64_t *at_speed)
{
    int64_t (*bits)(const uint32_t *, const uint32_t *, int64_t) = differing;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("popcnt")) bits = differing_popcnt;
#endif
    for (int64_t k = 0; k < count; k++) {
        const uint32_t *known = words + starts[k];
        int64_t size = starts[k + 1] - starts[k];
        const uint32_t *brief = length <= size ? query : known, *whole = length <= size ? known : query;
        int64_t few = length <= size ? length : size, many = length <= size ? size : length;
        agreeing[k] = 0;
        places[k] = at_speed[k] = 0;
        if (few == 0) continue;
        uint32_t *round = work, *laid = work + 2 * many;
        memcpy(round, whole, many * sizeof *round);
        memcpy(round + many, whole, many * sizeof *round);
        int64_t best = 0, best_of = 1;
        for (int64_t s = 0; s < speed_count; s++) {
            int64_t frames = (int64_t)rint(few * speeds[s]);
            frames = frames < 1 ? 1 : frames > many ? many : frames;
            for (int64_t i = 0; i < frames; i++) {
                int64_t from = (int64_t)rint(i / speeds[s]);
                laid[i] = brief[from < few ? from : few - 1];
            }
            for (int64_t place = 0; place < many; place++) {
                int64_t same = 32 * frames - bits(round + place, laid, frames);
                if (same * best_of <= best * 32 * frames) continue;
                best = same;
                best_of = 32 * frames;
                places[k] = place;
                at_speed[k] = s;
            }
        }
        agreeing[k] = (double)best / best_of;
    }
}
