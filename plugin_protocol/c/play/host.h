/* The host: an audio thread that calls process() block by block, paced as a sound card would, and the part of the
   main thread that has to stop it for a change of rate. */
#ifndef SP_HOST_H
#define SP_HOST_H

#include "options.h"
#include "transport.h"
#include "wav.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct sp_host {
    const sp_options *options; /* set these seven before sp_host_start */
    const sp_script *script;
    const sp_wav *wav;
    sc_client **clients;
    sp_truth truth;
    FILE *output; /* what the first client puts out, or NULL */
    uint32_t max_block_frames;

    pthread_t thread;
    sp_transport transport; /* the audio thread's, except while it waits for a rate */
    float *scratch;         /* planar: 2 * max_block_frames */
    uint32_t random;
    uint64_t end_frame;
    atomic_bool quit;
    atomic_int command;       /* 0, or 1 + SP_STOP or SP_PLAY, from standard input */
    atomic_uint keeps_asked;  /* by the script */
    atomic_bool wants_rate;   /* audio thread: waiting for sp_host_serve */
    atomic_bool finished;     /* the last frame was played; with --hold silence goes on */
    atomic_uint_least64_t played;
} sp_host;

/* Activates all clients at `rate_hz` and says so. SC_OK, or the first error; complains on standard error. */
sc_result sp_host_activate(sp_host *host, double rate_hz);

/* Starts the audio thread. False when there is no memory or no thread. [main-thread] */
bool sp_host_start(sp_host *host);

/* Does what the audio thread waits for, if anything. [main-thread] */
sc_result sp_host_serve(sp_host *host);

/* Ends the audio thread and waits for it. [main-thread] */
void sp_host_stop(sp_host *host);

#endif
