/* The worker's half of previews: asks the daemon for them, copies the Return Ring's frames to where the audio thread
   takes them (player.h), and says how far it is. One preview at a time: a new one replaces the old. */
#ifndef SC_PREVIEW_H
#define SC_PREVIEW_H

#include "messages.h"
#include "player.h"
#include "port.h"
#include "return_ring.h"
#include "slot.h"

/* A play from the call until the worker takes it. */
typedef struct sc_play_slot {
    sc_slot state;
    sc_play play;
} sc_play_slot;

typedef struct sc_preview_link {
    const sc_port *port;
    sc_player *player;
    atomic_bool *playing; /* rung for the audio thread: a preview plays, or a command waits for the player */
    atomic_bool *loading; /* one is asked for */
    const char *run_dir;
    const uint8_t *instance_id; /* 16 bytes */
    /* Filled by any thread: */
    sc_play_slot plays[SC_MAX_PLAYS];
    atomic_uint_least64_t next_play_id;  /* begin with 1 */
    atomic_uint_least64_t plays_stopped; /* plays with a smaller id are not wanted any more */
    atomic_bool stop_asked;
    /* Under the worker's lock: */
    uint32_t session;       /* number of the one it is in; 0: none */
    uint64_t asked_id;      /* of the Play that the daemon works at; 0: none */
    uint64_t asked_us;
    uint32_t serial;        /* of the preview that was opened last; serials never repeat */
    bool open;              /* it is not over: `file` is a Return Ring */
    bool begun, end_told;   /* PLAY, END are in the player's queue */
    intptr_t file;
    sc_return_identity ring;
    uint64_t copied_frames; /* out of the Return Ring */
    uint64_t begin;         /* where its frame 0 lies in the player's queue */
    uint64_t told_us, told_copied;
    sc_preview_state told_state;
    sc_preview_heard farewell; /* the last word on a preview that is over, if it is due */
    bool farewell_due;
    sc_event about; /* as it was opened */
} sc_preview_link;

/* Asks for a preview: its number, or 0 when SC_MAX_PLAYS wait. Wait-free. [any] */
uint64_t sc_preview_ask(sc_preview_link *link, const sc_play *play, const char *target) SC_REALTIME;

/* Asks for silence. Wait-free. [any] */
void sc_preview_ask_stop(sc_preview_link *link) SC_REALTIME;

/* What the daemon said of previews. Lock held. [worker-thread] */
void sc_preview_hear(sc_preview_link *link, const sc_event *event);

/* Does all that is due: plays and stops that were asked for, frames to copy, news to tell. Lock held. [worker-thread] */
void sc_preview_step(sc_preview_link *link, uint64_t now_us);

/* Ends what plays and what was asked for. Lock held. [worker-thread] [main-thread] */
void sc_preview_end(sc_preview_link *link, const char *code, const char *text);

#endif
