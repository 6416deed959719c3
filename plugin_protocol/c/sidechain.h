/* Sidechain's client for audio plugins: records what passes through an Instance into a Ring in shared memory,
   and asks the daemon to keep Takes of it. This header is the specification; ../SPEC.md has the bytes.

   It also plays previews, which the daemon hands over in a Return Ring: sc_client_mix() adds them to the output.

   What it is not: without a preview it changes no sample, and it needs no daemon. Without a daemon, or without room
   for the Ring, audio passes on untouched and sc_client_info() says what is missing and why.

   Threads. Every function names where it may be called:
     [main-thread]   the host's main (or UI) thread. Calls for one client must not overlap. May allocate, lock, do I/O.
     [audio-thread]  the thread that runs process(), any, but one at a time per client.
                     Functions tagged SC_REALTIME never lock, allocate, wait, or enter the kernel.
     [worker-thread] the library's own thread; no function here is called on it.
     [any]           any thread, at any time between create and destroy.
   State. "inactive" after sc_client_create and sc_client_deactivate, "active" after a successful
   sc_client_activate. The host must not run process() while activate, deactivate or destroy run.

   One worker thread serves all clients of a process. It starts with the first client and is gone, joined, when
   sc_client_destroy of the last one returns; loading the library starts nothing. It loads no other library, and ends the
   process in no case: without a descriptor or memory for the link it records on, says so, and tries again.

   fork. A child of fork() must not use its parent's clients: every function returns SC_ERROR_FORKED (or 0, false)
   there and touches nothing shared. The child may create clients of its own.

   Strings are UTF-8, ended by NUL, copied, and cut to the stated number of characters; broken UTF-8 becomes '?'.
   Compiles as C11 and C++17. */
#ifndef SIDECHAIN_H
#define SIDECHAIN_H

#include "layout_gen.h" /* the protocol's numbers */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef SC_SHARED
#  define SC_API __attribute__((visibility("default")))
#else
#  define SC_API /* linked into the plugin, whose symbols are hidden */
#endif

/* Real-time safe. Documentation for the reader; clang 20 and newer verifies it. */
#if defined(__clang__) && __clang_major__ >= 20 && defined(__cplusplus)
#  define SC_REALTIME [[clang::nonblocking]]
#else
#  define SC_REALTIME
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define SC_CLIENT_VERSION "0.1.0"
#define SC_MAX_INSTANCES 256 /* clients of one process that record; more wait for room */
#define SC_MAX_KEEPS 16     /* keep requests of one client that are not answered yet */
#define SC_MAX_PLAYS 4      /* plays of one client that the worker has not looked at yet */
#define SC_MIN_GAIN_DB (-60.0) /* of previews: this and below is silence */
#define SC_MAX_GAIN_DB 12.0

/* Strings from the daemon are cut to these, between characters. */
#define SC_ID_BYTES 68
#define SC_NAME_BYTES 260
#define SC_TITLE_BYTES 484
#define SC_LINE_BYTES 1032

typedef struct sc_client sc_client;

/* Why a call did not do what it says. */
typedef enum sc_result {
    SC_OK = 0,
    SC_ERROR_ARGUMENT,  /* an argument is outside its stated range; nothing was done */
    SC_ERROR_MEMORY,    /* the allocator returned NULL */
    SC_ERROR_LIMIT,     /* SC_MAX_KEEPS or SC_MAX_PLAYS requests wait */
    SC_ERROR_RUN_DIR,   /* the run directory is missing and cannot be made, or is not ours alone */
    SC_ERROR_RING,      /* the Ring's file could not be made: usually no space left */
    SC_ERROR_INACTIVE,  /* there is nothing recorded that could be kept */
    SC_ERROR_FORKED,    /* this is a child of the process that made the client */
    SC_ERROR_INSTANCES  /* SC_MAX_INSTANCES clients exist in this process: this one records when one of them is gone */
} sc_result;

/* A sentence for a result. The string is static. [any] */
SC_API const char *sc_result_text(sc_result result);

/* Where the library gets memory. `allocate` returns memory aligned for any type, or NULL; `release` takes what
   `allocate` returned. Both are called on [main-thread] and [worker-thread] and must outlive the client. */
typedef struct sc_allocator {
    void *(*allocate)(void *context, size_t bytes);
    void (*release)(void *context, void *memory);
    void *context;
} sc_allocator;

/* Settings of a client. Zero everything first, then set `size`; a field left zero takes its default. */
typedef struct sc_config {
    uint32_t size;            /* sizeof(sc_config): newer fields than the caller knows keep their default */
    uint32_t history_frames;  /* rounded up to a power of two, 2^12 to 2^25; default 2^21: 43.7 s at 48 kHz */
    const char *run_dir;      /* default: $SIDECHAIN_RUN_DIR, $XDG_RUNTIME_DIR/sidechain, /run/user/UID/sidechain,
                                 /dev/shm/sidechain-UID; the first that applies. Made 0700 when missing */
    bool record_only;         /* talk to nobody */
    const char *plugin_version; /* 64 characters; default SC_CLIENT_VERSION */
    const char *plugin_path;  /* 1024 characters: the file to update when versions do not fit */
    const char *host_name;    /* 512 characters */
    const char *track_name;   /* 512 characters; sc_client_set_track_name changes it */
    const sc_allocator *allocator; /* copied; default malloc and free */
} sc_config;

/* Makes a client in state inactive, with 16 random bytes as its Instance id. Starts the worker thread if this is
   the first client. The client belongs to the caller; `*client` is NULL unless SC_OK is returned.
   Cost: one allocation of about 100 KB, one thread for the first client.
   Errors: ARGUMENT, MEMORY. More than SC_MAX_INSTANCES are none either: sc_client_activate says so. A missing daemon or run directory is none. [main-thread] */
SC_API sc_result sc_client_create(const sc_config *config, sc_client **client);

/* Says goodbye to the daemon, unlinks every Ring of the client, frees it. NULL is allowed. Takes up to 20 ms, for
   the last client of the process up to 150 ms more (the goodbye is given 100 ms to leave).
   In a forked child: does nothing. [main-thread & !process] */
SC_API void sc_client_destroy(sc_client *client);

/* Tells the daemon, at once or with the next greeting, what the host calls the track: 512 characters, "" or NULL when
   it has no name. Takes the library's lock. [main-thread] */
SC_API void sc_client_set_track_name(sc_client *client, const char *name);

/* Opens a new Ring, with a new random generation: makes its file (0600), reserves and writes every page of it,
   locks it, sets READY. Not real-time: 5 to 30 ms for 17 MiB. An active client is deactivated first.
   A client that was active before under the same rate and channels, and for blocks no shorter, goes on in the Ring it
   has, behind a GAP: hosts deactivate and activate again when they feel like it, and nobody's history is to go with it.
   rate_hz: 8000 to 768000. channels: 1 or 2. max_block_frames: 1 to 16384, the host's promise; longer blocks are
   split and counted, not lost.
   Errors: ARGUMENT, MEMORY, RUN_DIR, RING, FORKED; then nothing is recorded, and sc_client_info() has the sentence, which
   the daemon hears too. What may pass (no room, no descriptor, a run directory that is not ours) is tried again every 2 s
   by the worker, until the next activate or deactivate; SC_EVENT_RECORDING says that it is there.
   A Ring whose file somebody removes is made again within about 2 s, off the audio thread, as a new generation that holds
   all that the old one did; SC_EVENT_NOTICE says so. [main-thread & !process] */
SC_API sc_result sc_client_activate(sc_client *client, double rate_hz, uint32_t channels, uint32_t max_block_frames);

/* Stops recording. The Ring stays, and can be kept from, until an activation that it does not fit, or for 10 minutes;
   then its state becomes RETIRED, and it is unlinked when the daemon has attached a newer one, or after 30 s.
   Inactive clients: nothing happens. [main-thread & !process] */
SC_API void sc_client_deactivate(sc_client *client);

/* What the host says of its transport. The values below VALID_... are states; a field counts only with its
   VALID flag. Never fill in a default: unknown is the absence of the flag. */
enum {
    SC_TRANSPORT_PLAYING = 1u << 0,
    SC_TRANSPORT_LOOPING = 1u << 1,
    SC_TRANSPORT_RECORDING = 1u << 2,
    SC_TRANSPORT_OFFLINE = 1u << 3, /* the host renders faster or slower than real time: the Ring is FROZEN */
    SC_TRANSPORT_VALID_PPQ = 1u << 4,
    SC_TRANSPORT_VALID_BPM = 1u << 5,
    SC_TRANSPORT_VALID_METER = 1u << 6,
    SC_TRANSPORT_VALID_PROJECT_FRAME = 1u << 7,
    SC_TRANSPORT_VALID_BAR_START = 1u << 8,
    SC_TRANSPORT_VALID_LOOP = 1u << 9
};

/* Transport at the first frame of a block. Raw host values: smooth nothing, guess nothing. A field that is not
   finite or beyond the bounds given here is dropped with its flag and counted in the Ring's INVALID_POSITIONS. */
typedef struct sc_transport {
    uint32_t flags;
    uint32_t numerator;    /* 1 to 255 */
    uint32_t denominator;  /* a power of two, 1 to 128 */
    int64_t project_frame; /* magnitude up to 2^62 */
    double ppq;            /* quarter notes since the project's start, magnitude up to 1e12 */
    double bpm;            /* quarter notes per minute, 1 to 10000 */
    double bar_start_ppq;  /* of the last bar line at or before ppq, magnitude up to 1e12 */
    double loop_start_ppq; /* magnitude up to 1e12; loop_end_ppq lies behind it */
    double loop_end_ppq;
} sc_transport;

/* Appends one block of planar audio to the Ring and never waits for anybody.
   channels: as many pointers as channels were activated, each to `frames` float32 samples in the host's scale; read
   during the call only. frames: 0 is legal and only proves that the host is alive; more than max_block_frames is
   legal, split and counted. transport: of the first frame, NULL when the host tells nothing.
   Returns the frames recorded: `frames`, or 0 while inactive, offline, or in a forked child.
   Cost: one copy, at most two 64-byte timeline records, a few atomic stores. No clock is read. [audio-thread] */
SC_API uint32_t sc_client_process(sc_client *client, const float *const *channels, uint32_t frames,
                                  const sc_transport *transport) SC_REALTIME;

/* The same for interleaved audio: `frames` times `channels` samples. About as dear.
   [audio-thread] */
SC_API uint32_t sc_client_process_interleaved(sc_client *client, const float *samples, uint32_t frames,
                                              const sc_transport *transport) SC_REALTIME;

/* Asks for a Take of what was heard up to this call: the cut is the Ring's commit index now, so neither the queue
   nor the daemon's load moves it. Exactly one of `bars` (1 to 64) and `seconds` (above 0, up to 900) is not zero.
   post: also post it, without asking again. title: 120 characters, or NULL.
   `*id` (may be NULL) receives the number that the Kept or KeepFailed event will carry; exactly one of them comes,
   at the latest after 10 s. Repeated with the same number after a lost connection, so it happens once.
   Wait-free: at most SC_MAX_KEEPS attempts to find a free slot; no allocation, no lock, no kernel.
   Errors: ARGUMENT, LIMIT, INACTIVE, FORKED. [any] */
SC_API sc_result sc_client_keep(sc_client *client, uint32_t bars, double seconds, bool post, const char *title,
                                uint64_t *id) SC_REALTIME;

/* Previews ---------------------------------------------------------------------------------------------------- */

typedef enum sc_play_kind {
    SC_PLAY_ITEM, /* an Item of the feed, by its post's id */
    SC_PLAY_TAKE, /* a Take of this user's own library, by its id */
    SC_PLAY_HISTORY /* a span of what this Instance has played: sc_window_listen (sidechain_window.h) */
} sc_play_kind;

typedef enum sc_preview_state {
    SC_PREVIEW_NONE,
    SC_PREVIEW_LOADING, /* asked for; the daemon fetches and prepares it */
    SC_PREVIEW_WAITING, /* for the next bar line */
    SC_PREVIEW_PLAYING,
    SC_PREVIEW_MUTED    /* plays on without a sound: the host records */
} sc_preview_state;

/* Plays `target` (64 characters) through this Instance, in place of what plays or was asked for before. in_sync:
   at the host's tempo, from the next bar line on; where a tempo is unknown it plays as it is, and the event says so.
   `*id` (may be NULL) receives the number that the events will carry: first any number of PREVIEW_LOADING, then
   PREVIEW_OPENED and later PREVIEW_ENDED, or PREVIEW_FAILED alone. Wait-free, as sc_client_keep().
   Errors: ARGUMENT (no target), LIMIT, INACTIVE, FORKED. [any] */
SC_API sc_result sc_client_play(sc_client *client, sc_play_kind kind, const char *target, bool in_sync,
                                uint64_t *id) SC_REALTIME;

/* Fades out what plays and forgets what was asked for; the fade begins within 20 ms. Nothing plays: nothing happens.
   Wait-free. [any] */
SC_API void sc_client_stop_preview(sc_client *client) SC_REALTIME;

/* How loud previews are: SC_MIN_GAIN_DB to SC_MAX_GAIN_DB, 0 to begin with; what lies outside is moved in, NaN
   changes nothing. Reached without a click. Wait-free. [any] */
SC_API void sc_client_set_preview_gain(sc_client *client, double gain_db) SC_REALTIME;

/* Adds what plays to one block of planar output. Call it after sc_client_process() of the same frames: what is
   recorded is then without the preview. channels: as many pointers as were activated, to `frames` samples each,
   which hold the host's sound already. transport: of the first frame, as for sc_client_process(); where it changes
   within a host's block, call both for each stretch.
   Returns how many frames a preview was added to; 0: not one sample was touched. Muted, to the frame, while the
   transport says RECORDING (the preview runs on), and ended by OFFLINE: a preview is never part of a recording or a
   bounce. Reads private memory alone: no file, no shared memory. [audio-thread] */
SC_API uint32_t sc_client_mix(sc_client *client, float *const *channels, uint32_t frames,
                              const sc_transport *transport) SC_REALTIME;

/* The preview's state, for status outputs. Wait-free. [any] */
SC_API sc_preview_state sc_client_preview_state(const sc_client *client) SC_REALTIME;

/* What plays. */
typedef struct sc_preview {
    sc_preview_state state;
    sc_play_kind kind;
    bool in_sync;          /* at the host's tempo */
    uint64_t id;           /* of sc_client_play(); 0: asked for by tray or command line */
    uint64_t heard_frames; /* so far, at the rate of the Ring */
    uint64_t frames;       /* length; 0: not known, or it repeats until it is stopped */
    char target[SC_ID_BYTES];
    char title[SC_TITLE_BYTES];
} sc_preview;

/* Fills `*preview`; all zero when nothing plays. Takes the library's lock: never from process(). [main-thread] */
SC_API void sc_client_preview(sc_client *client, sc_preview *preview);

typedef enum sc_event_kind { /* and the member of sc_event that it fills */
    SC_EVENT_CONNECTED,       /* connected: the daemon welcomed us */
    SC_EVENT_RECORDING,       /* recording: the Ring that activate could not make is there now */
    SC_EVENT_ATTACHED,        /* attached: the daemon reads our Ring, so that Takes can be kept */
    SC_EVENT_DISCONNECTED,    /* disconnected: the daemon is gone; recording goes on */
    SC_EVENT_REFUSED,         /* refused */
    SC_EVENT_LINK,            /* link */
    SC_EVENT_KEPT,            /* kept; id */
    SC_EVENT_KEEP_FAILED,     /* failed; id */
    SC_EVENT_NOTICE,          /* notice */
    SC_EVENT_PREVIEW_LOADING, /* loading; id */
    SC_EVENT_PREVIEW_OPENED,  /* opened; id, 0: asked for elsewhere */
    SC_EVENT_PREVIEW_ENDED,   /* ended; id */
    SC_EVENT_PREVIEW_FAILED,  /* failed; id */
    /* To an open window only, by sc_window_poll (sidechain_window.h): */
    SC_EVENT_ITEM,      /* item: a row of the feed, new or changed */
    SC_EVENT_ITEM_GONE, /* item, of which only post_id is told: its row goes */
    SC_EVENT_FEED_PAGE, /* feed_page; id */
    SC_EVENT_PEAKS,     /* peaks; id */
    SC_EVENT_MARKS,     /* marks; id */
    SC_EVENT_EARLIER_RING, /* earlier; id: of what asked for it */
    SC_EVENT_POSTING,   /* posting */
    SC_EVENT_KEPT_ALL,  /* kept_all; id */
    SC_EVENT_EXPORTED,  /* exported; id */
    SC_EVENT_TAKE,      /* take; id: of the page that it belongs to, 0: it is new or has changed */
    SC_EVENT_TAKES_PAGE, /* takes_page; id */
    SC_EVENT_TAKE_GONE, /* take_gone: it was discarded or deleted */
    SC_EVENT_ASKED,     /* none; id: carried out */
    SC_EVENT_ASK_FAILED /* failed; id */
} sc_event_kind;

typedef struct sc_connected {
    char daemon_version[SC_ID_BYTES];
    char daemon_path[SC_LINE_BYTES];
} sc_connected;

typedef struct sc_recording {
    bool connected; /* as in sc_info */
} sc_recording;

typedef struct sc_attached {
    uint64_t generation;
} sc_attached;

typedef struct sc_disconnected {
    char reason[SC_LINE_BYTES];
} sc_disconnected;

typedef struct sc_refused {
    char code[SC_ID_BYTES];
    char message[SC_LINE_BYTES];
    char update_path[SC_LINE_BYTES]; /* the file to update, or "" */
} sc_refused;

typedef struct sc_link {
    char relay_state[SC_ID_BYTES];
    char account[SC_NAME_BYTES]; /* "": unknown */
    uint32_t friends_producing;
    char trouble[SC_LINE_BYTES]; /* what is to be done, or "" */
    char relay_url[SC_LINE_BYTES];
    char friends[SC_LINE_BYTES]; /* who is producing, with ", " between them; as many as fit */
    uint64_t reach_ms;           /* as in sc_info, of when this was told */
} sc_link;

typedef struct sc_kept {
    char take_id[SC_ID_BYTES];
    uint64_t frames;
    uint32_t bars; /* 0: not cut on bar lines */
    bool anchored;
    char note[SC_LINE_BYTES];
    char name[SC_TITLE_BYTES]; /* what the Take is called, everywhere */
    uint32_t held_ms;          /* how long, from now on, its post can be undone; 0: it cannot */
} sc_kept;

typedef struct sc_failed {
    char code[SC_ID_BYTES];
    char message[SC_LINE_BYTES];
} sc_failed;

typedef struct sc_notice {
    char kind[SC_ID_BYTES];
    char message[SC_LINE_BYTES]; /* one line for the user */
} sc_notice;

typedef struct sc_loading {
    char stage[SC_ID_BYTES]; /* "download"; others may come */
    double fraction;         /* 0 to 1 */
} sc_loading;

typedef struct sc_opened {
    char kind[SC_ID_BYTES]; /* "item" or "take" */
    char target[SC_ID_BYTES];
    char title[SC_TITLE_BYTES];
    char note[SC_LINE_BYTES]; /* why not in sync although asked, or "" */
    uint64_t frames;          /* 0: not known */
    bool in_sync;
    bool at_bar;
    uint64_t generation; /* of its Return Ring; the client's own business, as is the segment */
    char segment[SC_ID_BYTES];
} sc_opened;

typedef struct sc_ended {
    char target[SC_ID_BYTES];
    char code[SC_ID_BYTES]; /* "ended", "stopped", "replaced", "offline", "lost", or what failed */
    char message[SC_LINE_BYTES];
    uint64_t generation; /* of its Return Ring */
} sc_ended;

/* A row of the feed. Unknown is 0 or "". */
typedef struct sc_item {
    char post_id[SC_NAME_BYTES];
    char author[SC_NAME_BYTES];
    char title[SC_TITLE_BYTES];
    char page_url[SC_LINE_BYTES];
    uint64_t created_us; /* Unix time; rows are ordered by it, then by post_id */
    uint64_t duration_ms;
    uint32_t bars;
    double bpm;
    char key[SC_ID_BYTES];
    bool mine;
    bool liked;
    uint32_t like_count;
    uint32_t reaction_counts[SC_REACTIONS];
    uint32_t reacted; /* bit n: this account reacted with the nth */
    uint8_t outline[SC_OUTLINE_COLUMNS]; /* 0 to 127: the loudest sample of each stretch */
    uint32_t outline_columns;
    char shown_by[SC_LINE_BYTES]; /* who shows it, and their word; "" when it stands there for its author */
} sc_item;

typedef struct sc_feed_page {
    char next[SC_LINE_BYTES]; /* the cursor of older rows, "" at the end */
    char note[SC_LINE_BYTES]; /* why it is not the relay's, or "" */
} sc_feed_page;

/* A picture of a span of the History: of its columns, the lowest and the highest sample, 32767 full scale. */
typedef struct sc_peaks {
    uint64_t generation; /* of the Ring that frames count in */
    uint64_t first_frame, end_frame; /* as asked for */
    uint64_t oldest_frame, newest_frame; /* what is in reach now, from the one to before the other */
    bool coarse; /* some of it is rougher than its columns: ask again */
    uint32_t columns;
    struct {
        int16_t low, high;
    } peaks[SC_MAX_PEAK_COLUMNS];
    uint8_t holes[SC_MAX_PEAK_COLUMNS / 8]; /* bit n, the first the lowest of its byte: nothing is there in column n */
} sc_peaks;

/* A place in the History, and what holds from there on. Unknown is 0. */
typedef struct sc_mark {
    uint64_t frame;
    double bpm;
    int32_t bar; /* its number as hosts count, with SC_MARK_NUMBERED */
    uint8_t numerator, denominator;
    uint16_t flags; /* SC_MARK_... */
} sc_mark;

/* Bar lines, and where tempo, meter or transport change, rising. The first says what holds at first_frame. */
typedef struct sc_marks {
    uint64_t generation;
    uint64_t first_frame;
    uint64_t end_frame; /* up to there they are told; ask for the rest */
    uint32_t count;
    sc_mark marks[SC_MAX_MARKS];
} sc_marks;

/* What a Ring that is gone has left in reach. Its frames are named by its generation, as those of one's own are. */
typedef struct sc_earlier {
    uint64_t generation;
    char host_name[SC_LINE_BYTES];
    char track_name[SC_LINE_BYTES]; /* "": the host did not say */
    double sample_rate_hz;
    uint64_t first_frame, end_frame;
    uint64_t sounded_us; /* Unix time of its last sound */
} sc_earlier;

typedef struct sc_posting {
    char take_id[SC_ID_BYTES];
    char state[SC_ID_BYTES];
    double fraction; /* of that state, 0 to 1 */
    char message[SC_LINE_BYTES];
    char page_url[SC_LINE_BYTES]; /* when posted */
    uint32_t held_ms; /* in state "held": how long, from now on, it can be undone */
} sc_posting;

typedef struct sc_kept_all {
    char set_id[SC_ID_BYTES];
    char name[SC_TITLE_BYTES];
    uint32_t takes;
    char note[SC_LINE_BYTES]; /* who was left out, and how they are aligned */
} sc_kept_all;

typedef struct sc_exported {
    char path[SC_LINE_BYTES]; /* at most 1024 bytes: of a whole WAV file, which stays for a day at least */
    char name[SC_TITLE_BYTES];
    char note[SC_LINE_BYTES]; /* why it is not at the host's tempo although that is set, or "" */
} sc_exported;

/* A Take of the library. Unknown is 0 or "". */
typedef struct sc_take {
    char take_id[SC_ID_BYTES];
    char name[SC_TITLE_BYTES]; /* what it is called, everywhere */
    bool titled;               /* by a person; else by what is known of it */
    char tags[SC_TITLE_BYTES]; /* with ", " between them */
    uint64_t created_us;       /* Unix time; rows are ordered by it, then by take_id */
    uint64_t duration_ms;
    uint32_t bars;
    double bpm;
    char key[SC_ID_BYTES];
    char state[SC_ID_BYTES]; /* "kept", or as sc_posting says */
    char page_url[SC_LINE_BYTES];
    char repair[SC_ID_BYTES]; /* how its seam is mended, or "" */
    uint8_t outline[SC_OUTLINE_COLUMNS]; /* as sc_item's */
    uint32_t outline_columns;
} sc_take;

typedef struct sc_takes_page {
    char next[SC_LINE_BYTES]; /* the cursor of older rows, "" at the end */
} sc_takes_page;

typedef struct sc_take_gone {
    char take_id[SC_ID_BYTES];
} sc_take_gone;

/* Something that happened. Only the member that its kind names may be read. A plain value: nothing to free. */
typedef struct sc_event {
    sc_event_kind kind;
    uint64_t id; /* of the keep, the play or what a window asked; 0 where the kind has none */
    union {
        sc_connected connected;
        sc_recording recording;
        sc_attached attached;
        sc_disconnected disconnected;
        sc_refused refused;
        sc_link link;
        sc_kept kept;
        sc_failed failed;
        sc_notice notice;
        sc_loading loading;
        sc_opened opened;
        sc_ended ended;
        sc_item item;
        sc_feed_page feed_page;
        sc_peaks peaks;
        sc_marks marks;
        sc_earlier earlier;
        sc_posting posting;
        sc_kept_all kept_all;
        sc_exported exported;
        sc_take take;
        sc_takes_page takes_page;
        sc_take_gone take_gone;
    };
} sc_event;

/* Takes the oldest waiting event. Returns false when none waits. 32 wait at most; then the newest are dropped and
   counted in sc_info.events_dropped. Wait-free. Cost: one copy of 2.5 KB.
   [any one thread at a time: the main thread, or the audio thread if it moves outputs by it] */
SC_API bool sc_client_poll_event(sc_client *client, sc_event *event) SC_REALTIME;

/* How the client stands. */
typedef struct sc_info {
    bool recording;        /* a Ring is open and not FROZEN */
    bool connected;        /* the daemon welcomed us */
    bool attached;         /* and reads our newest Ring */
    uint8_t instance_id[16];
    uint64_t generation;   /* of the newest Ring; 0: none */
    double sample_rate_hz; /* of the newest Ring */
    uint32_t channels;
    uint64_t capacity_frames;
    uint64_t committed_frames;
    uint64_t events_dropped;
    uint64_t reach_ms;     /* of sound that the daemon has on the disk, besides the Ring; 0: none, or not told */
    char segment[32];      /* file name of the newest Ring in run_dir */
    char track_name[516];  /* as the host calls it, cut here; "": it has not said */
    char run_dir[1024];    /* "" while none is usable */
    char reason[256];      /* why nothing is recorded; "" when all is well */
    char link_reason[256]; /* why there is no daemon; "" when connected */
} sc_info;

/* Fills `*info`. Takes the library's lock: never call it from process(). [main-thread] */
SC_API void sc_client_info(sc_client *client, sc_info *info);

#ifdef __cplusplus
}
#endif
#endif
