/* Counts what a real-time thread must not call. trap.c interposes the functions; link it into the program. */
#ifndef TRAP_H
#define TRAP_H

void trap_arm(void);   /* from here on, on this thread */
long trap_disarm(void); /* calls counted since */

#endif
