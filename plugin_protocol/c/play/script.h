/* The script of a performance: settings, and what happens at which frame. Text to values; plays nothing. */
#ifndef SP_SCRIPT_H
#define SP_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_MAX_EVENTS 4096
#define SP_TITLE_BYTES 128

typedef enum sp_event_kind {
    SP_TEMPO,    /* a: bpm */
    SP_METER,    /* a / b */
    SP_JUMP,     /* a: ppq */
    SP_LOOP,     /* a: start ppq, b: end ppq */
    SP_LOOP_OFF,
    SP_STOP,
    SP_PLAY,
    SP_RATE,     /* a: Hz */
    SP_OFFLINE,  /* a: 1 on, 0 off */
    SP_KEEP_BARS,    /* a: bars */
    SP_KEEP_SECONDS, /* a: seconds */
    SP_RECORD,       /* a: 1 on, 0 off */
    SP_PREVIEW,      /* a: sc_play_kind, b: 1 in sync; title: what */
    SP_PREVIEW_STOP
} sp_event_kind;

/* What happens before frame `frame` is played; frames are counted from the start and never stop. */
typedef struct sp_event {
    uint64_t frame;
    sp_event_kind kind;
    double a, b;
    bool post; /* keeps only */
    char title[SP_TITLE_BYTES];
} sp_event;

typedef struct sp_script {
    double bpm;
    uint32_t numerator, denominator;
    double start_ppq;
    uint32_t block_frames;
    bool split; /* cut blocks at events and loop points, as REAPER does */
    uint64_t end_frame; /* 0: where the file ends */
    size_t count;
    sp_event *events; /* by frame; equal frames in the order written */
} sp_script;

/* 120 BPM (a setting of the script, not an assumption about anybody's music), 4/4, blocks of 512, split on. */
void sp_script_default(sp_script *script);

/* Reads a file into `script`, over what is there. `rate_hz` turns "2.5s" into frames. False with a sentence that
   names the line in `wrong`. */
bool sp_script_read(const char *path, double rate_hz, sp_script *script, char *wrong, size_t wrong_bytes);

/* "keep bars 8 post my title" and the like, as in a script after "at FRAME" and on standard input. */
bool sp_parse_keep(const char *text, sp_event *event);

/* "preview item ID [sync]", "preview take ID [sync]", "preview stop", likewise. */
bool sp_parse_preview(const char *text, sp_event *event);

void sp_script_free(sp_script *script);

#endif
