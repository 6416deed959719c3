/* The protocol's messages, as ../messages.py declares them: values to bytes and bytes to values. Which may be said
   when is session.c. Allocates nothing. */
#ifndef SC_MESSAGES_H
#define SC_MESSAGES_H

#include "sidechain_window.h"

/* UTF-8 of n characters ended by NUL. */
#define SC_TEXT_BYTES(characters) (4 * (characters) + 1)

typedef struct sc_hello {
    uint32_t proto_min;
    uint32_t proto_max;
    uint8_t instance[16];
    uint32_t pid;
    char plugin_version[SC_TEXT_BYTES(SC_SHORT_CHARACTERS)];
    char plugin_path[SC_TEXT_BYTES(SC_PATH_CHARACTERS)];
    char host_name[SC_TEXT_BYTES(SC_LINE_CHARACTERS)];
    char track_name[SC_TEXT_BYTES(SC_LINE_CHARACTERS)];
} sc_hello;

typedef struct sc_ring_opened {
    const char *segment;
    uint64_t generation;
    double sample_rate_hz;
    uint32_t channels;
    uint64_t capacity_frames;
} sc_ring_opened;

typedef struct sc_heartbeat {
    uint64_t process_count;
    bool playing;
    const char *track_name; /* NULL: as said before */
    const char *trouble;    /* why nothing is recorded; "": all is well */
} sc_heartbeat;

typedef struct sc_keep {
    uint64_t id;
    uint64_t generation;
    uint64_t at_frame;
    uint32_t bars;  /* 0: by seconds, or a span */
    double seconds; /* 0: a span, [first_frame, at_frame) */
    uint64_t first_frame;
    bool snap; /* a span to its bar lines */
    bool post;
    char title[SC_TEXT_BYTES(SC_TITLE_CHARACTERS)];
} sc_keep;

typedef enum sc_ask_kind {
    SC_ASK_FEED,
    SC_ASK_PEAKS,
    SC_ASK_MARKS,
    SC_ASK_EARLIER,
    SC_ASK_POST,
    SC_ASK_UNDO,
    SC_ASK_KEEP_ALL,
    SC_ASK_LIKE,
    SC_ASK_REACT,
    SC_ASK_EXPORT,
    SC_ASK_TAKES,
    SC_ASK_RENAME,
    SC_ASK_TAG,
    SC_ASK_DISCARD,
    SC_ASK_REPAIR,
    SC_ASK_FOLLOW,
    SC_ASK_OPEN_PAGE,
    SC_ASK_CLAIM
} sc_ask_kind;

/* What a window asks. */
typedef struct sc_ask {
    uint64_t id;
    sc_ask_kind kind;
    uint32_t number; /* FEED, TAKES: rows; PEAKS: columns; KEEP_ALL: bars; REACT: which;
                        EXPORT: sc_export_kind; OPEN_PAGE: sc_page_kind */
    uint64_t generation, first_frame, at_frame; /* PEAKS, MARKS, EXPORT: [first_frame, at_frame); KEEP_ALL: up to where */
    bool on;         /* LIKE, REACT, DISCARD, REPAIR, FOLLOW; EXPORT: show it */
    char subject[SC_TEXT_BYTES(SC_CURSOR_CHARACTERS)]; /* FEED, TAKES: the cursor; LIKE, REACT: the post's id;
                                                          EXPORT, OPEN_PAGE: the take's or the post's; FOLLOW: whom; else the take's */
    char title[SC_TEXT_BYTES(SC_TITLE_CHARACTERS)];   /* POST, KEEP_ALL, RENAME; TAKES: the search; TAG: those to add */
    char remove[SC_TEXT_BYTES(SC_TITLE_CHARACTERS)];  /* TAG */
} sc_ask;

typedef struct sc_play {
    uint64_t id;
    uint64_t generation;
    sc_play_kind kind;
    bool in_sync;
    bool snap; /* HISTORY: to its bar lines */
    uint64_t first_frame, end_frame; /* HISTORY */
    uint64_t span_generation;        /* HISTORY: the Ring that they are of; 0: `generation` */
    char target[SC_TEXT_BYTES(SC_SHORT_CHARACTERS)];
} sc_play;

typedef struct sc_preview_heard {
    uint64_t generation;
    uint64_t copied_frames;
    uint64_t heard_frames;
    const char *state;
} sc_preview_heard;

const char *sc_play_kind_name(sc_play_kind kind); /* in the protocol */

/* Each writes one message to `data` and returns its bytes, or 0 when `capacity` is too small. */
size_t sc_encode_hello(uint8_t *data, size_t capacity, const sc_hello *hello);
size_t sc_encode_ring_opened(uint8_t *data, size_t capacity, const sc_ring_opened *opened);
size_t sc_encode_ring_closed(uint8_t *data, size_t capacity, uint64_t generation);
size_t sc_encode_heartbeat(uint8_t *data, size_t capacity, const sc_heartbeat *heartbeat);
size_t sc_encode_keep(uint8_t *data, size_t capacity, const sc_keep *keep);
size_t sc_encode_window_shown(uint8_t *data, size_t capacity, bool open);
size_t sc_encode_ask(uint8_t *data, size_t capacity, const sc_ask *ask);
size_t sc_encode_play(uint8_t *data, size_t capacity, const sc_play *play);
size_t sc_encode_stop_preview(uint8_t *data, size_t capacity);
size_t sc_encode_preview_heard(uint8_t *data, size_t capacity, const sc_preview_heard *heard);
size_t sc_encode_goodbye(uint8_t *data, size_t capacity);

/* What the daemon said, as the event it becomes: welcome is CONNECTED, ring_attached is ATTACHED, alive is LINK, play_failed
   is PREVIEW_FAILED, preview_closed is PREVIEW_ENDED. False for anything that is not one well-formed message of the daemon;
   `*event` is then undefined. */
bool sc_decode(const uint8_t *data, size_t bytes, sc_event *event);

#endif
