/* Float32 of any bits, as integers: its largest, and how the History is packed and unpacked (daemon/core/packing.py says
 * why so). Plain C11 as kernels.c, to whose library this belongs; each function has a twin in portable_floats.py.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LITERALS 256
#define CODES (LITERALS + 2) /* and the end of a block, and the one distance that deflate asks for */
#define MAX_CODE_BITS 15
#define BLOCK 65536 /* bytes that share a code */
#define HEADER_BYTES 160 /* of a block, more than it takes */

/* The largest |value| of float32 that may hold any bits, here as integers, which keep the order of sizes; 0 where none is
 * finite. */
float sc_peak(const uint32_t *samples, int64_t count)
{
    int32_t largest = 0; /* signed, which every x86-64 compares sixteen bytes of at once */
    for (int64_t i = 0; i < count; i++) {
        int32_t size = (int32_t)(samples[i] & 0x7fffffffu);
        size = size < 0x7f800000 ? size : 0;
        largest = size > largest ? size : largest;
    }
    float peak;
    memcpy(&peak, &largest, sizeof peak);
    return peak;
}

/* What sc_planes took apart: the four bytes of folded differences, taken `order` times of each channel, of
 * integers that are scaled to float32, or of bit patterns in the order of floats. out: [frames][channels], its bits. */
void sc_unpack(const uint8_t *p0, const uint8_t *p1, const uint8_t *p2, const uint8_t *p3, int64_t frames,
               int64_t channels, int64_t order, bool are_patterns, float scale, uint32_t *out)
{
    int64_t count = frames * channels;
    for (int64_t i = 0; i < count; i++) {
        uint32_t folded = p0[i] | (uint32_t)p1[i] << 8 | (uint32_t)p2[i] << 16 | (uint32_t)p3[i] << 24;
        out[i] = folded >> 1 ^ -(folded & 1);
    }
    for (int64_t n = 0; n < order; n++)
        for (int64_t i = channels; i < count; i++) out[i] += out[i - channels];
    for (int64_t i = 0; i < count; i++) {
        int32_t number = (int32_t)out[i];
        float sample = (float)number * scale;
        uint32_t pattern = out[i] ^ (number < 0 ? 0x7fffffffu : 0);
        if (are_patterns)
            out[i] = pattern;
        else
            memcpy(&out[i], &sample, sizeof sample);
    }
}

/* Float32 as integers of its order: multiples of 1 / scale, where all are, or its bit patterns (scale 0). False when a
 * sample is no such multiple, -0.0 and what is not finite included; `numbers` then holds anything. */
bool sc_numbers(const uint32_t *samples, int64_t count, float scale, int32_t *numbers)
{
    if (scale == 0.0f) {
        for (int64_t i = 0; i < count; i++) numbers[i] = (int32_t)(samples[i] ^ ((samples[i] >> 31) ? 0x7fffffffu : 0));
        return true;
    }
    float unit = 1.0f / scale; /* exact: a power of two */
    for (int64_t start = 0; start < count; start += 1024) {
        int64_t end = count < start + 1024 ? count : start + 1024;
        uint32_t wrong = 0;
        for (int64_t i = start; i < end; i++) {
            float value, scaled;
            memcpy(&value, &samples[i], sizeof value);
            scaled = value * scale;
            bool fits = scaled > -1073741824.0f && scaled < 1073741824.0f;
            numbers[i] = (int32_t)(fits ? scaled : 0.0f);
            float back = (float)numbers[i] * unit;
            uint32_t pattern;
            memcpy(&pattern, &back, sizeof pattern);
            wrong |= pattern ^ samples[i];
        }
        if (wrong) return false;
    }
    return true;
}

static uint32_t fold(uint32_t difference) { return difference << 1 ^ -(difference >> 31); }

static uint32_t folded(const int32_t *numbers, int64_t i, int64_t channels, int64_t order)
{
    uint32_t now = (uint32_t)numbers[i];
    uint32_t before = i >= channels ? (uint32_t)numbers[i - channels] : 0;
    uint32_t earlier = i >= 2 * channels ? (uint32_t)numbers[i - 2 * channels] : 0;
    return fold(order == 2 ? now - 2 * before + earlier : now - before);
}

/* folded() of start .. end into out: without a question for each, once there are two frames before. */
static void fold_all(const int32_t *numbers, int64_t start, int64_t end, int64_t channels, int64_t order, uint32_t *out)
{
    int64_t i = start;
    for (; i < end && i < 2 * channels; i++) out[i - start] = folded(numbers, i, channels, order);
    if (order == 2)
        for (; i < end; i++) {
            uint32_t before = (uint32_t)numbers[i - channels], earlier = (uint32_t)numbers[i - 2 * channels];
            out[i - start] = fold((uint32_t)numbers[i] - 2 * before + earlier);
        }
    else
        for (; i < end; i++) out[i - start] = fold((uint32_t)numbers[i] - (uint32_t)numbers[i - channels]);
}

/* The bits that the folded differences of `order` 1 or 2 take, each without its leading zeros, one at least: how large they are. */
int64_t sc_bits(const int32_t *numbers, int64_t count, int64_t channels, int64_t order)
{
    int64_t bits = 0;
    for (int64_t i = 0; i < count; i++)
        bits += 32 - __builtin_clz(folded(numbers, i, channels, order) | 1);
    return bits;
}

/* The four bytes of each folded difference, apart. */
void sc_planes(const int32_t *numbers, int64_t count, int64_t channels, int64_t order, uint8_t *p0, uint8_t *p1,
               uint8_t *p2, uint8_t *p3)
{
    for (int64_t start = 0; start < count; start += 1024) {
        int64_t end = count < start + 1024 ? count : start + 1024;
        uint32_t block[1024];
        fold_all(numbers, start, end, channels, order, block);
        for (int64_t i = start; i < end; i++) {
            p0[i] = (uint8_t)block[i - start];
            p1[i] = (uint8_t)(block[i - start] >> 8);
            p2[i] = (uint8_t)(block[i - start] >> 16);
            p3[i] = (uint8_t)(block[i - start] >> 24);
        }
    }
}

/* Lengths of Huffman's code for the symbols that occur, at most MAX_CODE_BITS: by two queues, the one of symbols sorted,
 * the one of nodes sorted by how they come to be; counts are halved until the longest fits. */
static void code_lengths(const uint32_t *counts, uint8_t *lengths)
{
    uint32_t weight[2 * LITERALS + 2], halved[LITERALS + 1];
    uint16_t symbol[LITERALS + 1], parent[2 * LITERALS + 2];
    uint8_t depth[2 * LITERALS + 2];
    memcpy(halved, counts, sizeof halved);
    for (;;) {
        int leaves = 0;
        for (int s = 0; s <= LITERALS; s++) {
            lengths[s] = 0;
            if (!halved[s]) continue;
            int at = leaves++;
            for (; at > 0 && weight[at - 1] > halved[s]; at--) {
                weight[at] = weight[at - 1];
                symbol[at] = symbol[at - 1];
            }
            weight[at] = halved[s];
            symbol[at] = (uint16_t)s;
        }
        int leaf = 0, node = leaves, made = leaves;
        while (made < 2 * leaves - 1) {
            uint32_t sum = 0;
            for (int pair = 0; pair < 2; pair++) {
                int least = leaf < leaves && (node == made || weight[leaf] <= weight[node]) ? leaf++ : node++;
                sum += weight[least];
                parent[least] = (uint16_t)made;
            }
            weight[made++] = sum;
        }
        depth[made - 1] = leaves == 1; /* the end of a block of nothing */
        int longest = 0;
        for (int at = made - 2; at >= 0; at--) {
            depth[at] = (uint8_t)(depth[parent[at]] + 1);
            longest = depth[at] > longest ? depth[at] : longest;
        }
        for (int at = 0; at < leaves; at++) lengths[symbol[at]] = depth[at];
        if (longest <= MAX_CODE_BITS) return;
        for (int s = 0; s <= LITERALS; s++) halved[s] = (halved[s] + 1) / 2;
    }
}

/* Canonical codes of these lengths (RFC 1951, 3.2.2), their bits in the order in which deflate writes them. */
static void codes_of(const uint8_t *lengths, uint16_t *codes)
{
    uint16_t of_length[MAX_CODE_BITS + 1] = {0}, next[MAX_CODE_BITS + 1] = {0};
    for (int s = 0; s <= LITERALS; s++) of_length[lengths[s]] += lengths[s] > 0;
    for (int bits = 1; bits <= MAX_CODE_BITS; bits++) next[bits] = (uint16_t)((next[bits - 1] + of_length[bits - 1]) << 1);
    for (int s = 0; s <= LITERALS; s++) {
        uint16_t code = lengths[s] ? next[lengths[s]]++ : 0, reversed = 0;
        for (int bit = 0; bit < lengths[s]; bit++) reversed = (uint16_t)(reversed << 1 | (code >> bit & 1));
        codes[s] = reversed;
    }
}

typedef struct {
    uint8_t *out;
    int64_t at;
    uint64_t waiting;
    int count; /* of bits that wait, below 8 between two symbols */
} Bits;

static void put(Bits *bits, uint64_t value, int count)
{
    bits->waiting |= value << bits->count;
    bits->count += count;
}

static void flush(Bits *bits)
{
    for (; bits->count >= 8; bits->count -= 8, bits->waiting >>= 8) bits->out[bits->at++] = (uint8_t)bits->waiting;
}

/* Raw deflate (RFC 1951) of literals alone, a code of Huffman's for each BLOCK, whose lengths are written as four bits each.
 * The bytes written, or 0 when `capacity` is not enough. */
int64_t sc_coded(const uint8_t *data, int64_t count, uint8_t *out, int64_t capacity)
{
    static const uint8_t in_order[19] = {0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4}; /* of 16 to 18 none */
    Bits bits = {out, 0, 0, 0};
    for (int64_t start = 0; start == 0 || start < count; start += BLOCK) {
        int64_t end = count < start + BLOCK ? count : start + BLOCK, needed = 8 * HEADER_BYTES;
        uint32_t counts[LITERALS + 1] = {0}, odd[LITERALS] = {0};
        uint8_t lengths[LITERALS + 1];
        uint16_t codes[LITERALS + 1];
        for (int64_t i = start; i + 1 < end; i += 2) counts[data[i]]++, odd[data[i + 1]]++;
        if ((end - start) & 1) counts[data[end - 1]]++;
        for (int s = 0; s < LITERALS; s++) counts[s] += odd[s];
        counts[LITERALS] = 1;
        code_lengths(counts, lengths);
        codes_of(lengths, codes);
        for (int s = 0; s <= LITERALS; s++) needed += (int64_t)counts[s] * lengths[s];
        if (bits.at + needed / 8 + 16 > capacity) return 0;
        put(&bits, (end >= count) | 2 << 1, 3);
        put(&bits, 0, 5);        /* 257 literals and the end */
        put(&bits, 0, 5);        /* one distance */
        put(&bits, 19 - 4, 4);
        flush(&bits);
        for (int at = 0; at < 19; at++) {
            put(&bits, in_order[at], 3);
            flush(&bits);
        }
        for (int s = 0; s < CODES; s++) { /* a code of four bits for each of sixteen lengths is the length, reversed */
            int length = s <= LITERALS ? lengths[s] : 0;
            put(&bits, (uint64_t)((length & 1) << 3 | (length & 2) << 1 | (length & 4) >> 1 | length >> 3), 4);
            flush(&bits);
        }
        int64_t i = start;
        for (; i + 3 <= end; i += 3) { /* 7 bits and three codes of 15 fit */
            for (int64_t each = i; each < i + 3; each++) put(&bits, codes[data[each]], lengths[data[each]]);
            memcpy(out + bits.at, &bits.waiting, 8); /* its lowest byte first: Rings, too, are for such machines only */
            bits.at += bits.count >> 3;
            bits.waiting >>= bits.count & ~7;
            bits.count &= 7;
        }
        for (; i < end; i++) {
            put(&bits, codes[data[i]], lengths[data[i]]);
            flush(&bits);
        }
        put(&bits, codes[LITERALS], lengths[LITERALS]);
        flush(&bits);
    }
    if (bits.count) out[bits.at++] = (uint8_t)bits.waiting;
    return bits.at;
}
