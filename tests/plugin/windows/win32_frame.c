/* frame.h on Windows. Clicks are sent as messages: a child's OpenGL stays black under Wine and Xvfb, but it hears them. */
#include "drop_target.h"
#include "frame.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const FRAME_API = "win32";
static HWND frame;

static void fail(const char *what)
{
    fprintf(stderr, "win32_frame: %s\n", what);
    exit(1);
}

uintptr_t frame_open(unsigned width, unsigned height)
{
    frame = CreateWindowA("STATIC", "", WS_POPUP | WS_VISIBLE | WS_CLIPCHILDREN, 0, 0, (int)width, (int)height, NULL, NULL,
                          GetModuleHandle(NULL), NULL);
    if (!frame) fail("no window");
    return (uintptr_t)frame;
}

bool frame_is_open(void) { return frame != NULL; }

void frame_look(void)
{
    MSG message;
    while (PeekMessageA(&message, NULL, 0, 0, PM_REMOVE)) {
        TranslateMessage(&message);
        DispatchMessageA(&message);
    }
}

void frame_close(void)
{
    DestroyWindow(frame);
    frame = NULL;
}

static HWND plugin_window(void)
{
    HWND found = GetWindow(frame, GW_CHILD);
    if (!found) fail("the plugin's window is not in ours");
    return found;
}

void frame_resize(unsigned width, unsigned height)
{
    SetWindowPos(frame, NULL, 0, 0, (int)width, (int)height, SWP_NOMOVE | SWP_NOZORDER);
    SetWindowPos(plugin_window(), NULL, 0, 0, (int)width, (int)height, SWP_NOMOVE | SWP_NOZORDER);
    frame_look();
}

bool frame_obey(const char *line)
{
    int x, y, width, height;
    if (sscanf(line, "target %d %d %d %d", &x, &y, &width, &height) == 4) return target_open(x, y, width, height, true), puts("ok"), true;
    if (strncmp(line, "dropped", 7) == 0) return printf("dropped %s\n", target_taken()), true;
    const bool click = sscanf(line, "click %d %d", &x, &y) == 2;
    if (!click && sscanf(line, "move %d %d", &x, &y) != 2) return false;
    const LPARAM place = MAKELPARAM(x, y);
    PostMessageA(plugin_window(), WM_MOUSEMOVE, 0, place);
    if (click) {
        PostMessageA(plugin_window(), WM_LBUTTONDOWN, MK_LBUTTON, place);
        PostMessageA(plugin_window(), WM_LBUTTONUP, 0, place);
    }
    frame_look();
    puts("ok");
    return true;
}
