#include "transport.h"

#include <math.h>

#define EXACT_FRAMES 1e-6 /* what arithmetic in doubles may blur */
#define EXACT_PPQ 1e-9

static double ppq_per_frame(const sp_transport *t)
{
    return t->bpm / (60.0 * t->rate_hz);
}

static double ppq_at(const sp_transport *t, double frame)
{
    return t->playing ? t->anchor_ppq + (frame - t->anchor_frame) * ppq_per_frame(t) : t->anchor_ppq;
}

static double bar_ppq(const sp_transport *t)
{
    return 4.0 * t->numerator / t->denominator;
}

/* Writes the bar lines heard from told_frame up to, not including, `frame`. */
static void tell_bars(sp_transport *t, double frame)
{
    if (t->playing && !t->offline) {
        const double from_ppq = ppq_at(t, t->told_frame);
        double bar = ceil((from_ppq - t->bar_origin_ppq) / bar_ppq(t) - EXACT_PPQ);
        for (;; bar += 1.0) {
            const double line_ppq = t->bar_origin_ppq + bar * bar_ppq(t);
            const double line_frame = t->anchor_frame + (line_ppq - t->anchor_ppq) / ppq_per_frame(t);
            if (line_frame < t->told_frame - EXACT_FRAMES) continue; /* was told as the end of the part before */
            if (line_frame >= frame - EXACT_FRAMES) break;
            sp_truth_bar(t->truth, line_frame - t->ring_base, line_ppq, t->bpm, t->numerator, t->denominator,
                         t->generation);
        }
    }
    t->told_frame = frame;
}

static void anchor(sp_transport *t, double frame, double ppq)
{
    tell_bars(t, frame);
    t->anchor_frame = frame;
    t->anchor_ppq = ppq;
}

void sp_transport_start(sp_transport *transport, const sp_script *script, double rate_hz, sp_truth *truth)
{
    *transport = (sp_transport){
        .rate_hz = rate_hz,
        .bpm = script->bpm,
        .numerator = script->numerator,
        .denominator = script->denominator,
        .playing = true,
        .anchor_ppq = script->start_ppq,
        .truth = truth,
    };
    transport->project_frame = llround(script->start_ppq / ppq_per_frame(transport));
}

static void change_meter(sp_transport *t, double ppq, uint32_t numerator, uint32_t denominator)
{
    const double bars = (ppq - t->bar_origin_ppq) / bar_ppq(t);
    /* A new meter begins with a bar line, where there was none too. */
    t->bar_origin_ppq = fabs(bars - round(bars)) < EXACT_PPQ ? t->bar_origin_ppq + round(bars) * bar_ppq(t) : ppq;
    t->numerator = numerator;
    t->denominator = denominator;
}

static void change_offline(sp_transport *t, bool offline)
{
    if (t->offline && !offline) t->ring_base += (double)(t->frame - t->offline_since); /* nothing was recorded */
    if (!t->offline) t->offline_since = t->frame;
    t->offline = offline;
}

void sp_transport_apply(sp_transport *t, const sp_event *event)
{
    const double frame = (double)t->frame;
    anchor(t, frame, ppq_at(t, frame));
    switch (event->kind) {
    case SP_TEMPO: t->bpm = event->a; break;
    case SP_METER: change_meter(t, t->anchor_ppq, (uint32_t)event->a, (uint32_t)event->b); break;
    case SP_JUMP:
        t->anchor_ppq = event->a;
        t->project_frame = llround(event->a / ppq_per_frame(t));
        break;
    case SP_LOOP:
        t->looping = true;
        t->loop_start_ppq = event->a;
        t->loop_end_ppq = event->b;
        break;
    case SP_LOOP_OFF: t->looping = false; break;
    case SP_STOP: t->playing = false; break;
    case SP_PLAY: t->playing = true; break;
    case SP_RATE:
        t->rate_hz = event->a;
        t->ring_base = frame; /* a new Ring begins */
        t->offline_since = t->frame;
        break;
    case SP_OFFLINE: change_offline(t, event->a > 0.0); break;
    case SP_RECORD: t->recording = event->a > 0.0; return;
    case SP_KEEP_BARS:
    case SP_KEEP_SECONDS:
    case SP_PREVIEW:
    case SP_PREVIEW_STOP: return;
    }
    sp_truth_event(t->truth, event, frame, frame - t->ring_base, t->anchor_ppq, t->generation);
}

/* The exact, fractional frame of the next wrap; infinite when there is none. */
static double wrap_frame(const sp_transport *t)
{
    if (!t->looping || !t->playing || ppq_at(t, (double)t->frame) >= t->loop_end_ppq - EXACT_PPQ) return INFINITY;
    return t->anchor_frame + (t->loop_end_ppq - t->anchor_ppq) / ppq_per_frame(t);
}

uint64_t sp_transport_next_wrap(const sp_transport *t)
{
    const double frame = wrap_frame(t);
    return isfinite(frame) ? (uint64_t)ceil(frame - EXACT_FRAMES) : UINT64_MAX;
}

static void move_to(sp_transport *t, uint64_t frame)
{
    if (t->playing) t->project_frame += (int64_t)(frame - t->frame);
    t->frame = frame;
}

void sp_transport_play(sp_transport *t, const sp_script *script, uint64_t frame)
{
    while (t->frame < frame) {
        const sp_event *event = t->next_event < script->count ? &script->events[t->next_event] : NULL;
        const double exact = wrap_frame(t);
        uint64_t until = sp_transport_next_wrap(t);
        if (event && event->frame <= t->frame) {
            sp_transport_apply(t, event);
            t->next_event++;
        } else if (until <= frame && !(event && event->frame < until)) {
            move_to(t, until);
            anchor(t, exact, t->loop_start_ppq);
            t->project_frame = llround(t->loop_start_ppq / ppq_per_frame(t));
            sp_truth_wrap(t->truth, exact - t->ring_base, t->loop_end_ppq, t->loop_start_ppq, t->generation);
        } else {
            until = event && event->frame < frame ? event->frame : frame;
            move_to(t, until);
            tell_bars(t, (double)until);
        }
    }
}

void sp_transport_report(const sp_transport *t, sc_transport *report)
{
    const double ppq = ppq_at(t, (double)t->frame);
    const double bars = floor((ppq - t->bar_origin_ppq) / bar_ppq(t) + EXACT_PPQ);
    *report = (sc_transport){
        .flags = SC_TRANSPORT_VALID_PPQ | SC_TRANSPORT_VALID_BPM | SC_TRANSPORT_VALID_METER |
                 SC_TRANSPORT_VALID_PROJECT_FRAME | SC_TRANSPORT_VALID_BAR_START |
                 (t->playing ? SC_TRANSPORT_PLAYING : 0u) |
                 (t->looping ? SC_TRANSPORT_LOOPING | SC_TRANSPORT_VALID_LOOP : 0u) |
                 (t->recording ? SC_TRANSPORT_RECORDING : 0u) | (t->offline ? SC_TRANSPORT_OFFLINE : 0u),
        .numerator = t->numerator,
        .denominator = t->denominator,
        .project_frame = t->project_frame,
        .ppq = ppq,
        .bpm = t->bpm,
        .bar_start_ppq = t->bar_origin_ppq + bars * bar_ppq(t),
        .loop_start_ppq = t->loop_start_ppq,
        .loop_end_ppq = t->loop_end_ppq,
    };
}
