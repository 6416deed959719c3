/* The command line of sidechain-play. */
#ifndef SP_OPTIONS_H
#define SP_OPTIONS_H

#include "script.h"

/* Exit codes, also in --help. */
enum { SP_DONE = 0, SP_BAD_USAGE = 2, SP_BAD_FILE = 3, SP_NO_RING = 4, SP_NOT_ATTACHED = 5 };

typedef struct sp_options {
    const char *wav_path;
    const char *script_path;
    const char *truth_path;
    const char *run_dir;
    bool record_only;
    const char *host_name;
    double bpm;       /* 0: as the script says */
    uint32_t numerator, denominator; /* 0: likewise */
    uint32_t block_frames;           /* 0: likewise */
    uint32_t random_seed;            /* 0: blocks are not random */
    double start_ppq;
    bool has_start_ppq;
    double speed;          /* 0: as fast as possible */
    uint64_t repeat;       /* 0: for ever */
    uint32_t instances;
    uint32_t stagger_frames; /* between the first blocks of two plugins that follow each other */
    uint32_t history_frames; /* 0: the client's default */
    double wait_attached_s;  /* 0: start at once */
    const char *output_path; /* or NULL */
    double preview_gain_db;
    bool no_transport, read_stdin, hold, json;
} sp_options;

/* Fills `options`. Returns -1 to go on, or the exit code after --help or a complaint on standard error. */
int sp_options_read(int argc, char **argv, sp_options *options);

/* The script with what the command line says over it. */
void sp_options_apply(const sp_options *options, sp_script *script);

#endif
