/* Moves a Block's samples into the Ring's audio area: as they are, or two channels interleaved.
   Not memcpy: between two Blocks its page, and that of the table it is called through, belong to others. */
#ifndef SC_INTERLEAVE_H
#define SC_INTERLEAVE_H

#include "platform.h"

#define SC_LINE_FLOATS 16u
#define SC_AHEAD_FLOATS (32u * SC_LINE_FLOATS) /* about as many lines as a core fetches at a time */

/* Four floats, wherever they lie. */
typedef float sc_quad __attribute__((vector_size(16), aligned(4), may_alias));

SC_INLINE sc_quad sc_quad_at(const float *from)
{
    return *(const sc_quad *)from;
}

SC_INLINE void sc_quad_put(float *to, sc_quad quad)
{
    *(sc_quad *)to = quad;
}

/* How far ahead of what is written a line is asked for: within the Block, and behind it the same of the next one, which
   then comes while the host is at other work. */
SC_INLINE size_t sc_ahead(size_t floats)
{
    return floats < SC_AHEAD_FLOATS ? floats : SC_AHEAD_FLOATS;
}

/* Asks for the first lines of `floats` floats at `to`. [audio-thread] */
SC_INLINE void sc_fetch_ahead(float *to, size_t floats)
{
    for (size_t i = 0, ahead = sc_ahead(floats); i < ahead; i += SC_LINE_FLOATS) SC_FETCH(to + i);
}

/* `floats` floats from `from` to `to`; they do not overlap. [audio-thread] */
SC_INLINE void sc_copy(float *restrict to, const float *restrict from, size_t floats)
{
    const size_t ahead = sc_ahead(floats);
    size_t i = 0;
    for (; i + SC_LINE_FLOATS <= floats; i += SC_LINE_FLOATS) {
        const sc_quad a = sc_quad_at(from + i), b = sc_quad_at(from + i + 4), c = sc_quad_at(from + i + 8),
                      d = sc_quad_at(from + i + 12);
        SC_FETCH(to + i + ahead);
        sc_quad_put(to + i, a);
        sc_quad_put(to + i + 4, b);
        sc_quad_put(to + i + 8, c);
        sc_quad_put(to + i + 12, d);
    }
    for (; i < floats; i++) to[i] = from[i];
}

/* `frames` frames: left and right in turn. [audio-thread] */
SC_INLINE void sc_interleave(float *restrict to, const float *restrict left, const float *restrict right, size_t frames)
{
    const size_t ahead = sc_ahead(2 * frames);
    size_t i = 0;
    for (; i + 8 <= frames; i += 8) {
        SC_FETCH(to + 2 * i + ahead);
        for (size_t half = i; half < i + 8; half += 4) {
            const sc_quad l = sc_quad_at(left + half), r = sc_quad_at(right + half);
            sc_quad_put(to + 2 * half, __builtin_shufflevector(l, r, 0, 4, 1, 5));
            sc_quad_put(to + 2 * half + 4, __builtin_shufflevector(l, r, 2, 6, 3, 7));
        }
    }
    for (; i < frames; i++) {
        to[2 * i] = left[i];
        to[2 * i + 1] = right[i];
    }
}

#endif
