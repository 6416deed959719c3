/* What a plugin's window needs of the client beside sidechain.h: to hear all that the daemon says while it is open, and
   to ask for the feed, posts, their undoing, sets, likes, reactions and people.

   Threads. Every function here is [window-thread]: whichever one thread draws the window, at a time; it must not overlap
   with sc_client_destroy. They take the library's lock, as sc_client_info does, and never wait for the daemon: what was
   asked is sent by the worker, and its answer comes by sc_window_poll. Never call them from process(). */
#ifndef SIDECHAIN_WINDOW_H
#define SIDECHAIN_WINDOW_H

#include "sidechain.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SC_MAX_ASKS 16        /* that are not answered yet; more are refused */
#define SC_MAX_TOLD 128       /* that wait for sc_window_poll; beyond, the newest are dropped and counted */

/* A part of the History: [first_frame, end_frame) of that Ring's frames, at most SC_MAX_SECONDS. snap: from the bar line
   nearest to the one to that nearest to the other, where the transport ran throughout; else to the frame. */
typedef struct sc_span {
    uint64_t generation, first_frame, end_frame;
    bool snap;
} sc_span;

/* The window is there: from now on its events are gathered, beginning with how the link stands, and the daemon tells of
   new rows and of progress. Opening twice is opening once. Errors: MEMORY, FORKED. Cost: one allocation of 310 KB. */
SC_API sc_result sc_window_open(sc_client *client);

/* The window is gone; what waits is dropped. sc_client_destroy does it too. */
SC_API void sc_window_close(sc_client *client);

/* Takes the oldest that waits. Returns false when none does. All kinds of sc_event come here, also those that
   sc_client_poll_event gives to its caller. */
SC_API bool sc_window_poll(sc_client *client, sc_event *event);

/* Each asks for something and returns a number that its answer carries as `id`, or 0 when nothing was asked: there is no
   open window, or SC_MAX_ASKS wait. Exactly one answer comes: SC_EVENT_FEED_PAGE, _PEAKS, _MARKS, _KEPT_ALL, _EXPORTED or
   _ASKED, else SC_EVENT_ASK_FAILED, at once when there is no daemon, and after 40 s at the latest. */

/* A page of the feed; rows come first, as SC_EVENT_ITEM. cursor: "" for the newest, else `next` of the last FEED_PAGE.
   limit: 1 to SC_MAX_FEED_PAGE. */
SC_API uint64_t sc_window_get_feed(sc_client *client, const char *cursor, uint32_t limit);
/* The picture of [first_frame, end_frame) of the History, in frames of that Ring, in 1 to SC_MAX_PEAK_COLUMNS columns. */
SC_API uint64_t sc_window_get_peaks(sc_client *client, uint64_t generation, uint64_t first_frame, uint64_t end_frame,
                                    uint32_t columns);
/* Where bars begin in [first_frame, end_frame), and what else changes there. */
SC_API uint64_t sc_window_get_marks(sc_client *client, uint64_t generation, uint64_t first_frame, uint64_t end_frame);
/* What of plugins that are gone is in reach: as SC_EVENT_EARLIER_RING, the newest first, then SC_EVENT_ASKED. The generation of
   one stands for it in spans and in all that is asked of frames here. */
SC_API uint64_t sc_window_get_earlier(sc_client *client);
/* Posts a Take that was kept. title: 120 characters; "" for the Take's own. */
SC_API uint64_t sc_window_post(sc_client *client, const char *take_id, const char *title);
SC_API uint64_t sc_window_like(sc_client *client, const char *post_id, bool like);
/* Does not post it after all, while nothing of it has left: SC_EVENT_POSTING of it says "held" until then. */
SC_API uint64_t sc_window_undo(sc_client *client, const char *take_id);
/* Keeps the same bars of all plugins of this host that sounded, as one set: the last ones up to the end of `span`, up to now
   for NULL. bars: 1 to 64. title: as above.
   Also 0 when nothing was recorded yet. The answer is SC_EVENT_KEPT_ALL. */
SC_API uint64_t sc_window_keep_all(sc_client *client, uint32_t bars, const sc_span *span, const char *title);
/* Writes a WAV file of a post of the feed, of a Take, or of frames of this plugin's History, as the daemon's settings say
   (24 bit or float, its own tempo or the host's); a file that was written before is given again. The answer is
   SC_EVENT_EXPORTED. show: it is shown in the file manager besides. */
typedef enum sc_export_kind { SC_EXPORT_ITEM, SC_EXPORT_TAKE, SC_EXPORT_HISTORY } sc_export_kind;
typedef struct sc_export {
    sc_export_kind kind;
    const char *target; /* ITEM, TAKE: its id */
    uint64_t generation, first_frame, end_frame; /* HISTORY: [first_frame, end_frame) of that Ring's frames */
    bool show;
} sc_export;
SC_API uint64_t sc_window_export(sc_client *client, const sc_export *what);
/* A page of the library of Takes; rows come first, as SC_EVENT_TAKE with this number, then SC_EVENT_TAKES_PAGE. cursor, limit: as
   for the feed. search: words, 120 characters; "" for all. */
SC_API uint64_t sc_window_get_takes(sc_client *client, const char *cursor, const char *search, uint32_t limit);
SC_API uint64_t sc_window_rename(sc_client *client, const char *take_id, const char *title); /* "": by what is known of it */
/* add, remove: tags with commas between them, 120 characters. */
SC_API uint64_t sc_window_tag(sc_client *client, const char *take_id, const char *add, const char *remove);
SC_API uint64_t sc_window_discard(sc_client *client, const char *take_id, bool discard); /* false: brings it back */
SC_API uint64_t sc_window_repair(sc_client *client, const char *take_id, bool repair);   /* false: as it was played */
/* reaction: 0 to SC_REACTIONS - 1, of 🎵 ❤️ 🔥 😍 🚀 💯. react: false takes it back. */
SC_API uint64_t sc_window_react(sc_client *client, const char *post_id, uint32_t reaction, bool react);

SC_API uint64_t sc_window_follow(sc_client *client, const char *username, bool follow);
/* Shows the page of a post of the feed, or of a Take that was posted, in the browser. */
typedef enum sc_page_kind { SC_PAGE_ITEM, SC_PAGE_TAKE } sc_page_kind;
SC_API uint64_t sc_window_open_page(sc_client *client, sc_page_kind kind, const char *target);
/* Asks in the browser whose this device is. SC_EVENT_ASKED: it is asked there; SC_EVENT_LINK tells whose it has become,
   SC_EVENT_NOTICE why not. */
SC_API uint64_t sc_window_claim(sc_client *client);

/* Makes a Take of a part, as sc_client_keep does of the last bars: same answers, same numbers.
   Errors: ARGUMENT, LIMIT, FORKED. */
SC_API sc_result sc_window_keep_span(sc_client *client, const sc_span *span, bool post, const char *title, uint64_t *id);

/* Plays a part through this Instance, again and again until sc_client_stop_preview: as sc_client_play does an Item, under
   the name `target` (64 characters, not empty), at its own tempo. Errors: ARGUMENT, LIMIT, INACTIVE, FORKED. */
SC_API sc_result sc_window_listen(sc_client *client, const sc_span *span, const char *target, uint64_t *id);

#ifdef __cplusplus
}
#endif
#endif
