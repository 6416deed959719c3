/* For Ardour 7.3 alone, by LD_PRELOAD: its export, when a Lua session asks for it, frees something twice, also without any
   plugin (of twelve exports in one session it never came to the end), and glibc ends the process. */
#include <stdlib.h>

void free(void *memory) { (void)memory; }
