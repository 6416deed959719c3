/* What the Timeline says, and when it has to say it: sc_transport in, records out.
   Pure: no memory of the Ring, no clock, no I/O. Used by ring.c on the audio thread. */
#ifndef SC_TIMELINE_H
#define SC_TIMELINE_H

#include "platform.h"
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
    bool resumed; /* the host made no call for long since `last`: frames may have gone by */
} sc_timeline;

/* What a block adds to the Timeline. */
typedef struct sc_transport_change {
    sc_record records[2];
    uint32_t count;     /* 0, 1 or 2 records to write, in this order */
    bool discontinuity; /* the position is not where the last record led */
    bool invalid;       /* a field was not finite or absurd, and was dropped */
} sc_transport_change;

/* What the next blocks must say for there to be nothing to say of them: no change, and a position that is where the last
   record leads. Kept beside what else the audio thread needs, so that most blocks meet neither the code nor the numbers
   of sc_timeline_hear(). */
typedef struct sc_steady {
    uint64_t due;        /* ring frame from which on to ask sc_timeline_hear() in any case; 0: it holds for no block */
    uint64_t ring_frame; /* of the last record */
    uint32_t flags;      /* from here on as told, VALID_... and all */
    uint32_t numerator;
    uint32_t denominator;
    int64_t project_frame;
    double ppq;
    double bpm;
    double bar_start_ppq;
    double loop_start_ppq;
    double loop_end_ppq;
    double ppq_per_frame; /* 0 while it stands */
    double slack_ppq;     /* negative: no position is expected, for without a tempo none is */
} sc_steady;

/* What holds after sc_timeline_hear() of this transport and frame. [audio-thread] */
void sc_timeline_steady(const sc_timeline *timeline, const sc_transport *transport, uint64_t ring_frame,
                        const sc_transport_change *change, sc_steady *steady);

/* Whether sc_timeline_hear() of this block would say nothing and remember nothing new. In doubt it says no. [audio-thread] */
SC_INLINE bool sc_steady_holds(const sc_steady *steady, const sc_transport *transport, uint64_t ring_frame)
{
    const uint32_t flags = transport ? transport->flags : 0;
    if (SC_RARE(ring_frame >= steady->due || flags != steady->flags)) return false;
    if ((flags & SC_TRANSPORT_VALID_BPM) && SC_RARE(!(transport->bpm == steady->bpm))) return false;
    if ((flags & SC_TRANSPORT_VALID_METER) &&
        SC_RARE(transport->numerator != steady->numerator || transport->denominator != steady->denominator))
        return false;
    if ((flags & SC_TRANSPORT_VALID_BAR_START) && SC_RARE(!(transport->bar_start_ppq == steady->bar_start_ppq)))
        return false;
    if ((flags & SC_TRANSPORT_VALID_LOOP) && SC_RARE(!(transport->loop_start_ppq == steady->loop_start_ppq &&
                                                       transport->loop_end_ppq == steady->loop_end_ppq)))
        return false;
    const int64_t since = (flags & SC_TRANSPORT_PLAYING) ? (int64_t)(ring_frame - steady->ring_frame) : 0;
    if ((flags & SC_TRANSPORT_VALID_PROJECT_FRAME) && SC_RARE(transport->project_frame != steady->project_frame + since))
        return false;
    const double off = (flags & SC_TRANSPORT_VALID_PPQ) ? transport->ppq - steady->ppq - (double)since * steady->ppq_per_frame : 0.0;
    return off <= steady->slack_ppq && off + steady->slack_ppq >= 0.0;
}

/* Decides what a block of `frames` frames beginning at `ring_frame` adds to the timeline, and remembers it.
   transport may be NULL. host_ns of the records is left 0 for the caller. [audio-thread] */
void sc_timeline_hear(sc_timeline *timeline, const sc_transport *transport, uint64_t ring_frame, uint32_t frames,
                      sc_transport_change *change);

#endif
