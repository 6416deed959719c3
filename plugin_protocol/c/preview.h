/* The worker's half of previews: asks the daemon for them, copies the Return Ring's frames to where the audio thread
   takes them (player.h), and says how far it is. One preview at a time: a new one replaces the old. */
#ifndef SC_PREVIEW_H
#define SC_PREVIEW_H

#include "client.h"

/* What the daemon said of previews, while the session is open. Lock held. [worker-thread] */
void sc_preview_hear(sc_client *client, const sc_event *event);

/* Does all that is due: plays and stops that were asked for, frames to copy, news to tell. Lock held. [worker-thread] */
void sc_preview_step(sc_client *client, uint64_t now_us);

/* Ends what plays and what was asked for, because the session or the Ring is over. Lock held.
   [worker-thread] [main-thread] */
void sc_preview_end(sc_client *client, const char *code, const char *text);

#endif
