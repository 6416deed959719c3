#define _GNU_SOURCE
#include "frame.h"

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/keysym.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const FRAME_API = "x11";
static Display *display;
static Window frame;

static void fail(const char *what)
{
    fprintf(stderr, "x11_frame: %s\n", what);
    exit(1);
}

/* A plugin that asks for a window that is gone already is not what is tested here. */
static int carry_on(Display *d, XErrorEvent *error)
{
    (void)d; (void)error;
    return 0;
}

uintptr_t frame_open(unsigned width, unsigned height)
{
    if (!display) display = XOpenDisplay(NULL);
    if (!display) fail("no X display");
    XSetErrorHandler(carry_on);
    frame = XCreateSimpleWindow(display, DefaultRootWindow(display), 0, 0, width, height, 0, 0, 0);
    XMapWindow(display, frame);
    XSync(display, False);
    return frame;
}

bool frame_is_open(void) { return frame != 0; }

void frame_look(void) {} /* they have connections of their own */

void frame_close(void)
{
    XDestroyWindow(display, frame);
    XSync(display, False);
    frame = 0;
}

static Window plugin_window(void)
{
    Window root, parent, *children;
    unsigned count;
    XQueryTree(display, frame, &root, &parent, &children, &count);
    if (count != 1) fail("the plugin's window is not in ours");
    const Window found = children[0];
    XFree(children);
    return found;
}

void frame_resize(unsigned width, unsigned height)
{
    XResizeWindow(display, frame, width, height);
    XResizeWindow(display, plugin_window(), width, height);
    XSync(display, False);
}

static void button(int x, int y, unsigned number)
{
    XEvent event = {.xbutton = {.type = ButtonPress, .display = display, .window = plugin_window(),
                                .root = DefaultRootWindow(display), .x = x, .y = y, .button = number, .same_screen = True}};
    XSendEvent(display, event.xbutton.window, True, ButtonPressMask, &event);
    event.type = ButtonRelease;
    XSendEvent(display, event.xbutton.window, True, ButtonReleaseMask, &event);
}

static void move(int x, int y)
{
    XEvent event = {.xmotion = {.type = MotionNotify, .display = display, .window = plugin_window(),
                                .root = DefaultRootWindow(display), .x = x, .y = y, .same_screen = True}};
    XSendEvent(display, event.xmotion.window, True, PointerMotionMask, &event);
}

static void press(KeySym key, unsigned held)
{
    XEvent event = {.xkey = {.type = KeyPress, .display = display, .window = plugin_window(),
                             .root = DefaultRootWindow(display), .keycode = XKeysymToKeycode(display, key), .state = held,
                             .same_screen = True}};
    if (event.xkey.keycode == 0) fail("no such key");
    XSendEvent(display, event.xkey.window, True, KeyPressMask, &event);
    event.type = KeyRelease;
    XSendEvent(display, event.xkey.window, True, KeyReleaseMask, &event);
}

static void type(const char *text)
{
    for (; *text && *text != '\n'; text++)
        press((KeySym)tolower((unsigned char)*text), isupper((unsigned char)*text) ? ShiftMask : 0);
}

bool frame_obey(const char *line)
{
    char word[64];
    int x, y, steps;
    if (sscanf(line, "click %d %d", &x, &y) == 2) button(x, y, Button1);
    else if (sscanf(line, "move %d %d", &x, &y) == 2) move(x, y);
    else if (sscanf(line, "scroll %d %d %d", &x, &y, &steps) == 3)
        for (int i = 0; i < abs(steps); i++) button(x, y, steps > 0 ? Button4 : Button5);
    else if (sscanf(line, "key Control+%63s", word) == 1) press(XStringToKeysym(word), ControlMask);
    else if (sscanf(line, "key Shift+%63s", word) == 1) press(XStringToKeysym(word), ShiftMask);
    else if (sscanf(line, "key %63s", word) == 1) press(XStringToKeysym(word), 0);
    else if (strncmp(line, "type ", 5) == 0) type(line + 5);
    else return false;
    XSync(display, False);
    puts("ok");
    return true;
}
