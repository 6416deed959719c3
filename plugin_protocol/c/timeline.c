#include "timeline.h"

#include "layout_gen.h"
#include "platform.h"

#include <math.h>

_Static_assert(SC_TRANSPORT_PLAYING == SC_FLAG_PLAYING && SC_TRANSPORT_LOOPING == SC_FLAG_LOOPING &&
                   SC_TRANSPORT_RECORDING == SC_FLAG_RECORDING && SC_TRANSPORT_OFFLINE == SC_FLAG_OFFLINE &&
                   SC_TRANSPORT_VALID_PPQ == SC_FLAG_VALID_PPQ && SC_TRANSPORT_VALID_BPM == SC_FLAG_VALID_BPM &&
                   SC_TRANSPORT_VALID_METER == SC_FLAG_VALID_METER &&
                   SC_TRANSPORT_VALID_PROJECT_FRAME == SC_FLAG_VALID_PROJECT_FRAME &&
                   SC_TRANSPORT_VALID_BAR_START == SC_FLAG_VALID_BAR_START,
               "the host's flags are the record's flags");

#define STOPPED_COALESCE_FRAMES 8192u /* nothing moves while stopped: only keep the horizon short */
#define STATES (SC_FLAG_PLAYING | SC_FLAG_LOOPING | SC_FLAG_RECORDING | SC_FLAG_OFFLINE)
#define LASTING (STATES | SC_FLAG_VALID_PPQ | SC_FLAG_VALID_BPM | SC_FLAG_VALID_METER | \
                 SC_FLAG_VALID_PROJECT_FRAME | SC_FLAG_VALID_BAR_START)

/* Written so that NaN fails. */
SC_AUDIO static bool within(double value, double low, double high)
{
    return value >= low && value <= high;
}

SC_AUDIO static bool is_note_value(uint32_t denominator)
{
    return denominator - 1u < 128u && (denominator & (denominator - 1u)) == 0;
}

/* The record of one position: only fields that are valid, everything else zero. True when a field was dropped. */
SC_AUDIO static bool record_from(sc_record *record, const sc_transport *transport, uint64_t ring_frame, uint32_t frames)
{
    uint32_t flags = 0;
    *record = (sc_record){.ring_frame = ring_frame, .block_frames = frames};
    if (!transport) return false;
    const uint32_t given = transport->flags & LASTING;
    if ((given & SC_FLAG_VALID_PPQ) && within(transport->ppq, -SC_MAX_PPQ, SC_MAX_PPQ)) {
        record->ppq = transport->ppq;
        flags |= SC_FLAG_VALID_PPQ;
    }
    if ((given & SC_FLAG_VALID_BPM) && within(transport->bpm, SC_MIN_BPM, SC_MAX_BPM)) {
        record->bpm = transport->bpm;
        flags |= SC_FLAG_VALID_BPM;
    }
    if ((given & SC_FLAG_VALID_BAR_START) && within(transport->bar_start_ppq, -SC_MAX_PPQ, SC_MAX_PPQ)) {
        record->bar_start_ppq = transport->bar_start_ppq;
        flags |= SC_FLAG_VALID_BAR_START;
    }
    if ((given & SC_FLAG_VALID_METER) && transport->numerator - 1u < 255u && is_note_value(transport->denominator)) {
        record->numerator = (uint8_t)transport->numerator;
        record->denominator = (uint8_t)transport->denominator;
        flags |= SC_FLAG_VALID_METER;
    }
    if ((given & SC_FLAG_VALID_PROJECT_FRAME) && transport->project_frame >= -SC_MAX_PROJECT_FRAME &&
        transport->project_frame <= SC_MAX_PROJECT_FRAME) {
        record->project_frame = transport->project_frame;
        flags |= SC_FLAG_VALID_PROJECT_FRAME;
    }
    record->flags = (uint16_t)(flags | (given & STATES));
    return record->flags != given;
}

/* Whether `now` is further than the tolerance from where `last` leads. When the tempo changed in between, nobody
   says where: any place between "at once" and "not yet" is then where it led. */
SC_AUDIO static bool jumped(const sc_timeline *timeline, const sc_record *now)
{
    const sc_record *last = &timeline->last;
    const uint32_t both = last->flags & now->flags;
    const double frames = (last->flags & SC_FLAG_PLAYING) ? (double)(now->ring_frame - last->ring_frame) : 0.0;

    const double moved_frames = (double)(now->project_frame - last->project_frame);
    const bool frames_lead = (both & SC_FLAG_VALID_PROJECT_FRAME) && fabs(moved_frames - frames) <= SC_PREDICTION_TOLERANCE_FRAMES;
    if (both & SC_FLAG_VALID_PPQ) {
        const double rounding = frames_lead ? SC_ROUNDING_QUARTERS : 0.0;
        const double moved_ppq = now->ppq - last->ppq;
        if (!(both & SC_FLAG_VALID_BPM))
            return moved_ppq < -rounding || (frames == 0.0 && fabs(moved_ppq) > rounding);
        /* Not fmin and fmax: a call into libm, whose page is never in the caches, cost more than all the rest here. */
        const bool rises = last->bpm < now->bpm;
        const double slow = rises ? last->bpm : now->bpm, fast = rises ? now->bpm : last->bpm;
        const double scale = timeline->minutes_per_frame;
        return moved_ppq < (frames - SC_PREDICTION_TOLERANCE_FRAMES) * slow * scale - rounding ||
               moved_ppq > (frames + SC_PREDICTION_TOLERANCE_FRAMES) * fast * scale + rounding;
    }
    return (both & SC_FLAG_VALID_PROJECT_FRAME) && !frames_lead;
}

/* Whether the position can tell that `now` follows right behind `last`: it moves, and is known. */
SC_AUDIO static bool goes_on(const sc_record *last, const sc_record *now)
{
    const uint32_t both = last->flags & now->flags;
    return (both & SC_FLAG_PLAYING) && (both & (SC_FLAG_VALID_PPQ | SC_FLAG_VALID_PROJECT_FRAME));
}

SC_AUDIO static bool differs(const sc_record *last, const sc_record *now)
{
    /* Equal validity is part of equal flags, and invalid fields are zero: plain comparisons are right. */
    return (last->flags & LASTING) != now->flags || last->bpm < now->bpm || last->bpm > now->bpm ||
           last->numerator != now->numerator || last->denominator != now->denominator;
}

/* A record of the loop's range if it is new. True when the host gave nonsense. */
SC_AUDIO static bool loop_range(sc_timeline *timeline, const sc_transport *transport, const sc_record *now, sc_transport_change *change)
{
    if (!transport || !(transport->flags & SC_TRANSPORT_VALID_LOOP)) return false;
    const double start = transport->loop_start_ppq, end = transport->loop_end_ppq;
    if (!within(start, -SC_MAX_PPQ, SC_MAX_PPQ) || !within(end, start, SC_MAX_PPQ) || !(end > start)) return true;
    if (timeline->loop_start_ppq >= start && timeline->loop_start_ppq <= start && timeline->loop_end_ppq >= end &&
        timeline->loop_end_ppq <= end)
        return false;
    timeline->loop_start_ppq = start;
    timeline->loop_end_ppq = end;
    change->records[change->count++] = (sc_record){
        .ring_frame = now->ring_frame,
        .block_frames = now->block_frames,
        .ppq = start,
        .bpm = end,
        .flags = (uint16_t)(SC_FLAG_LOOP_RANGE | (now->flags & STATES)),
    };
    return false;
}

SC_AUDIO void sc_timeline_hear(sc_timeline *timeline, const sc_transport *transport, uint64_t ring_frame, uint32_t frames,
                      sc_transport_change *change)
{
    sc_record now;
    change->count = 0;
    change->invalid = record_from(&now, transport, ring_frame, frames);
    if (loop_range(timeline, transport, &now, change)) change->invalid = true;
    change->discontinuity = timeline->started && jumped(timeline, &now);
    if (timeline->resumed) timeline->gap |= timeline->started && !(goes_on(&timeline->last, &now) && !change->discontinuity);
    timeline->resumed = false;

    const uint64_t since = ring_frame - timeline->last.ring_frame;
    const uint64_t longest = (now.flags & SC_FLAG_PLAYING) ? SC_COALESCE_FRAMES : STOPPED_COALESCE_FRAMES;
    const bool due = !timeline->started || timeline->gap || change->discontinuity || change->count > 0 ||
                     since >= longest || differs(&timeline->last, &now);
    if (!due) return;
    if (change->discontinuity) now.flags = (uint16_t)(now.flags | SC_FLAG_DISCONTINUITY);
    if (timeline->gap) now.flags = (uint16_t)(now.flags | SC_FLAG_GAP | SC_FLAG_DISCONTINUITY);
    change->records[change->count++] = now;
    timeline->last = now;
    timeline->started = true;
    timeline->gap = false;
}

SC_AUDIO void sc_timeline_steady(const sc_timeline *timeline, const sc_transport *transport, uint64_t ring_frame,
                                 const sc_transport_change *change, sc_steady *steady)
{
    const sc_record *last = &timeline->last;
    const uint32_t flags = transport ? transport->flags : 0;
    *steady = (sc_steady){.flags = flags, .ring_frame = last->ring_frame, .slack_ppq = (flags & SC_TRANSPORT_VALID_PPQ) ? -1.0 : 0.0};
    if (change->invalid) return;
    const uint64_t longest = (flags & SC_TRANSPORT_PLAYING) ? SC_COALESCE_FRAMES : STOPPED_COALESCE_FRAMES;
    const uint64_t record_due = last->ring_frame + longest, clock_due = ring_frame + SC_COALESCE_FRAMES;
    steady->due = record_due < clock_due ? record_due : clock_due;
    if (!transport) return;
    steady->numerator = transport->numerator;
    steady->denominator = transport->denominator;
    steady->project_frame = last->project_frame;
    steady->ppq = last->ppq;
    steady->bpm = transport->bpm;
    steady->bar_start_ppq = transport->bar_start_ppq;
    steady->loop_start_ppq = transport->loop_start_ppq;
    steady->loop_end_ppq = transport->loop_end_ppq;
    if (!(flags & SC_TRANSPORT_VALID_BPM)) return;
    const double ppq_per_frame = last->bpm * timeline->minutes_per_frame;
    steady->ppq_per_frame = (flags & SC_TRANSPORT_PLAYING) ? ppq_per_frame : 0.0;
    /* Within what jumped() allows, by more than the two ways to compute it differ. */
    steady->slack_ppq = 0.99 * SC_PREDICTION_TOLERANCE_FRAMES * ppq_per_frame +
                        ((flags & SC_TRANSPORT_VALID_PROJECT_FRAME) ? 0.99 * SC_ROUNDING_QUARTERS : 0.0);
}
