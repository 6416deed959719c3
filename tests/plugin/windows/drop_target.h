/* A window on Windows on which files can be dropped. */
#ifndef DROP_TARGET_H
#define DROP_TARGET_H

#include <stdbool.h>

/* Of the thread that calls, which has to look after its messages. It asks what comes over it for its name at once, as many
   hosts do. One that does not take refuses all. */
void target_open(int x, int y, int width, int height, bool takes);

/* The path of what was dropped last, as UTF-8, once; else "". */
const char *target_taken(void);
bool target_has_seen(void); /* anything, that was over it or dropped */

#endif
