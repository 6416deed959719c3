/* What sidechain-play says on standard output: JSON lines, or sentences. [main-thread] */
#ifndef SP_OUTPUT_H
#define SP_OUTPUT_H

#include "../sidechain.h"

void sp_say_ready(bool json, unsigned instance, const sc_info *info);
void sp_say_played(bool json, uint64_t frames);

/* An event of the client. `instance` counts from 0. */
void sp_say_event(bool json, unsigned instance, const sc_event *event);

#endif
