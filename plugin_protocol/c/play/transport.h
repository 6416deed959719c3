/* The truth: where a script's transport is at each frame, exactly, in double precision, and what is heard when.
   Computed from the script alone and independent of the client; process() is told what sp_transport_report says. */
#ifndef SP_TRANSPORT_H
#define SP_TRANSPORT_H

#include "../sidechain.h"
#include "script.h"
#include "truth.h"

typedef struct sp_transport {
    uint64_t frame; /* the next one to be played */
    double rate_hz;
    double bpm;
    uint32_t numerator, denominator;
    double bar_origin_ppq; /* bar lines lie at whole bars from here, to both sides */
    bool playing, looping, offline, recording;
    double loop_start_ppq, loop_end_ppq;
    double anchor_frame; /* a fraction: a loop wraps between two frames */
    double anchor_ppq;   /* where the transport was, or is heard to be, at anchor_frame */
    double told_frame;   /* bar lines before it have been written */
    double ring_base;    /* ring frame = frame - ring_base */
    uint64_t offline_since;
    int64_t project_frame;
    uint64_t generation;
    size_t next_event; /* of the script */
    sp_truth *truth;
} sp_transport;

void sp_transport_start(sp_transport *transport, const sp_script *script, double rate_hz, sp_truth *truth);

/* What happens at the present frame: an event of the script, or a command. Keeps are not its business. */
void sp_transport_apply(sp_transport *transport, const sp_event *event);

/* The frame of the next wrap of the loop, UINT64_MAX when there is none ahead. */
uint64_t sp_transport_next_wrap(const sp_transport *transport);

/* Plays on to `frame`, with the script's events and wraps before it taking effect at their own frames. */
void sp_transport_play(sp_transport *transport, const sp_script *script, uint64_t frame);

/* What a host tells the plugin at the present frame. */
void sp_transport_report(const sp_transport *transport, sc_transport *report);

#endif
