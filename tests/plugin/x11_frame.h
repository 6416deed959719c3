/* A host's window on X11 that holds a plugin's: opened, clicked and typed into by one line each. */
#ifndef X11_FRAME_H
#define X11_FRAME_H

#include <stdbool.h>

/* Opens a frame at the screen's corner; its XID for the plugin. Ends the program when there is no display. */
unsigned long frame_open(unsigned width, unsigned height);
void frame_resize(unsigned width, unsigned height); /* frame and what is in it */
void frame_close(void);
bool frame_is_open(void);

/* Carries out a line if it is one of these, and answers it on standard output; else false:
     click X Y              into the plugin's window, in its own pixels
     move X Y               the pointer
     scroll X Y STEPS       the wheel; above 0 is up
     key NAME               one key, by X11's name; Control+NAME with it held
     type TEXT              keys of Latin letters, digits and spaces */
bool frame_obey(const char *line);

#endif
