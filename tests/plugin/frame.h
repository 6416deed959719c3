/* A host's window that holds a plugin's: opened, clicked and typed into by one line each. x11_frame.c, windows/win32_frame.c. */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

extern const char *const FRAME_API; /* CLAP's name of this system's windows */

/* Opens a frame at the screen's corner; the system's name of it, for the plugin. Ends the program when there is no display. */
uintptr_t frame_open(unsigned width, unsigned height);
void frame_resize(unsigned width, unsigned height); /* frame and what is in it */
void frame_close(void);
bool frame_is_open(void);
void frame_look(void); /* what waits for this program's windows is handed to them */

/* Carries out a line if it is one of these, and answers it on standard output; else false:
     click X Y              into the plugin's window, in its own pixels
     move X Y               the pointer; on Windows that is all, and:
     target X Y WIDTH HEIGHT     a window of this program, on which files can be dropped; `dropped` says "dropped PATH", or nothing
   On X11 alone:
     scroll X Y STEPS       the wheel; above 0 is up
     key NAME               one key, by X11's name; Control+NAME with it held
     type TEXT              keys of Latin letters, digits and spaces */
bool frame_obey(const char *line);

#endif
