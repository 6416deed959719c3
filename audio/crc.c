/* The CRC-32 of zlib (RFC 1952; the reflected polynomial 0xEDB88320) by multiplication without carries: V. Gopal and others, "Fast
 * CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009. Belongs to the library of kernels.c; its
 * twin is zlib's own, which is used wherever this returns false (crc.py).
 */
#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define STEP __attribute__((target("pclmul,sse4.1")))

/* `folded` moved over as many bits as the constants in `by` stand for, and what lies there added. */
STEP static inline __m128i moved(__m128i folded, __m128i by, __m128i there)
{
    __m128i low = _mm_clmulepi64_si128(folded, by, 0x00), high = _mm_clmulepi64_si128(folded, by, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), there);
}

STEP static inline __m128i at(const uint8_t *data) { return _mm_loadu_si128((const __m128i *)data); }

/* x^(n) modulo the polynomial, reflected, for 512 + 32 and 512 - 32 bits, 128 + 32 and 128 - 32, and 64; then the polynomial
 * and its reciprocal. */
STEP static uint32_t by_multiplication(const uint8_t *data, int64_t count, uint32_t crc)
{
    const __m128i over_512 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);
    const __m128i over_128 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
    const __m128i over_64 = _mm_set_epi64x(0, 0x0163cd6124), polynomial = _mm_set_epi64x(0x01f7011641, 0x01db710641);
    const __m128i lower = _mm_set_epi32(0, -1, 0, -1);
    __m128i a = _mm_xor_si128(at(data), _mm_cvtsi32_si128((int32_t)~crc));
    __m128i b = at(data + 16), c = at(data + 32), d = at(data + 48);
    int64_t i = 64;
    for (; i + 64 <= count; i += 64) {
        a = moved(a, over_512, at(data + i));
        b = moved(b, over_512, at(data + i + 16));
        c = moved(c, over_512, at(data + i + 32));
        d = moved(d, over_512, at(data + i + 48));
    }
    a = moved(moved(moved(a, over_128, b), over_128, c), over_128, d);
    for (; i + 16 <= count; i += 16) a = moved(a, over_128, at(data + i));
    a = _mm_xor_si128(_mm_srli_si128(a, 8), _mm_clmulepi64_si128(a, over_128, 0x10));
    a = _mm_xor_si128(_mm_srli_si128(a, 4), _mm_clmulepi64_si128(_mm_and_si128(a, lower), over_64, 0x00));
    __m128i quotient = _mm_and_si128(_mm_clmulepi64_si128(_mm_and_si128(a, lower), polynomial, 0x10), lower);
    return ~(uint32_t)_mm_extract_epi32(_mm_xor_si128(a, _mm_clmulepi64_si128(quotient, polynomial, 0x00)), 1);
}
#endif

/* Goes on from *crc over `count` bytes, 64 or more and whole sixteens of them. False, and nothing is done: this machine cannot. */
bool sc_crc32(const uint8_t *data, int64_t count, uint32_t *crc)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (count < 64 || count % 16 || !__builtin_cpu_supports("pclmul") || !__builtin_cpu_supports("sse4.1")) return false;
    *crc = by_multiplication(data, count, *crc);
    return true;
#else
    (void)data, (void)count, (void)crc;
    return false;
#endif
}
