/* What the Timeline says, and when it has to say it: sc_transport in, records out.
   Pure: no memory of the Ring, no clock, no I/O. Used by ring.c on the audio thread. */
#ifndef SC_TIMELINE_H
#define SC_TIMELINE_H

#include "sidechain.h"

/* One timeline record, as layout.py's Record. */
typedef struct sc_record {
    uint64_t ring_frame;
    int64_t project_frame;
    double ppq;
    double bpm;
    double bar_start_ppq;
    uint64_t host_ns;
    uint32_t block_frames;
    uint8_t numerator;
    uint8_t denominator;
    uint16_t flags;
} sc_record;

/* What was said last. Zero it, then set minutes_per_frame. */
typedef struct sc_timeline {
    double minutes_per_frame; /* 1 / (60 times the sample rate) */
    sc_record last;
    double loop_start_ppq;
    double loop_end_ppq;
    bool started; /* `last` holds a record */
    bool gap;     /* frames went by unrecorded since `last` */
} sc_timeline;

typedef struct sc_said {
    sc_record records[2];
    uint32_t count;     /* 0, 1 or 2 records to write, in this order */
    bool discontinuity; /* the position is not where the last record led */
    bool invalid;       /* a field was not finite or absurd, and was dropped */
} sc_said;

/* Decides what a block of `frames` frames beginning at `ring_frame` adds to the timeline, and remembers it.
   transport may be NULL. host_ns of the records is left 0 for the caller. [audio-thread] */
void sc_timeline_hear(sc_timeline *timeline, const sc_transport *transport, uint64_t ring_frame, uint32_t frames,
                      sc_said *said);

#endif
