/* Mixes a preview into the host's output: fades, gain, waiting for the bar, muting. The audio thread's half; it reads
   frames that the worker has put into private memory, and nothing else. preview.h is the worker's half.

   One queue of frames, one of commands, both single producer (worker), single consumer (audio thread). A preview is
   named by a serial number; its frames lie between the `at` of its PLAY and that of its END. */
#ifndef SC_PLAYER_H
#define SC_PLAYER_H

#include "sidechain.h"

#include <stdalign.h>
#include <stdatomic.h>

#define SC_COMMANDS 16 /* a power of two */

typedef enum sc_command_kind { SC_COMMAND_PLAY, SC_COMMAND_END, SC_COMMAND_STOP } sc_command_kind;

typedef struct sc_command {
    sc_command_kind kind;
    uint32_t serial;
    uint64_t at; /* index in the queue of frames: PLAY its first, END the one behind its last */
    bool at_bar; /* PLAY: wait for the next bar line */
} sc_command;

typedef struct sc_player {
    /* Set while no process() runs. */
    float *frames; /* interleaved; mask + 1 of them; NULL: nothing can be played */
    uint64_t mask;
    uint32_t channels;
    double rate_hz;
    /* worker to audio */
    alignas(128) atomic_uint_least64_t written; /* frames ever put */
    atomic_uint command_head;                   /* commands ever put */
    sc_command commands[SC_COMMANDS];
    /* anybody to audio */
    atomic_uint gain_bits; /* linear, a float's bits */
    /* audio to worker and others */
    alignas(128) atomic_uint_least64_t taken; /* frames ever taken */
    atomic_uint command_tail;                 /* commands ever obeyed */
    atomic_uint_least64_t shown;              /* serial << 8 | sc_preview_state */
    atomic_uint_least64_t heard;              /* frames of that preview that went out */
    /* the audio thread's own */
    sc_command current, next; /* serial 0: none */
    uint64_t current_end;     /* index in the queue; UINT64_MAX: not known yet */
    uint64_t next_end;
    uint64_t heard_frames;
    sc_preview_state state;
    bool stopping;
    float level, gain;
} sc_player;

/* Empties the player and gives it `mask + 1` frames of `channels` at `rate_hz`. [main-thread & !process] */
void sc_player_open(sc_player *player, float *frames, uint64_t mask, uint32_t channels, double rate_hz);

/* Puts a command; false when there is no room. [worker-thread] */
bool sc_player_tell(sc_player *player, const sc_command *command);

/* What plays: its serial, state, and frames that went out. [any] */
uint32_t sc_player_shown(const sc_player *player, sc_preview_state *state, uint64_t *heard_frames);

/* Whether nothing plays or waits, and no command does. [audio-thread] */
bool sc_player_is_idle(const sc_player *player) SC_REALTIME;

/* See sc_client_mix(). [audio-thread] */
uint32_t sc_player_mix(sc_player *player, float *const *channels, uint32_t frames,
                       const sc_transport *transport) SC_REALTIME;

#endif
