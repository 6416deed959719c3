/* The plugin's side of the session, as ../session.py: hello, welcome, heartbeat, announcements, keeps, and coming
   back after a loss. One step at a time, never waiting. */
#ifndef SC_SESSION_H
#define SC_SESSION_H

#include "client.h"

/* Does all that is due at `now_us`: takes what arrived, connects, says what has to be said, ends what is too old.
   Lock held. [worker-thread] */
void sc_session_step(sc_client *client, uint64_t now_us);

/* Says goodbye and closes, keeping the last message for `linger_ms`. Lock held. [worker-thread] */
void sc_session_end(sc_client *client, int linger_ms);

#endif
