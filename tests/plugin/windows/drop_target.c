/* drop_target.h, and as a program of its own (PROGRAM):
     drop_target X Y WIDTH HEIGHT [refuses]     says "over" once something is over it, and "dropped PATH"; ends with its input */
#include "drop_target.h"

#define WIN32_LEAN_AND_MEAN
#define COBJMACROS
#include <windows.h>

#include <ole2.h>
#include <shellapi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool taking, seen;
static char named[MAX_PATH * 4], taken[MAX_PATH * 4];

static bool name_of(IDataObject *data)
{
    FORMATETC wanted = {CF_HDROP, NULL, DVASPECT_CONTENT, -1, TYMED_HGLOBAL};
    STGMEDIUM given;
    wchar_t path[MAX_PATH];
    if (IDataObject_GetData(data, &wanted, &given) != S_OK) return false;
    const HDROP drop = (HDROP)given.hGlobal;
    const bool one = DragQueryFileW(drop, 0xFFFFFFFF, NULL, 0) == 1 && DragQueryFileW(drop, 0, path, MAX_PATH) > 0;
    ReleaseStgMedium(&given);
    return one && WideCharToMultiByte(CP_UTF8, 0, path, -1, named, sizeof named, NULL, NULL) > 0;
}

static HRESULT STDMETHODCALLTYPE query(IDropTarget *self, REFIID wanted, void **made)
{
    const bool ours = IsEqualIID(wanted, &IID_IUnknown) || IsEqualIID(wanted, &IID_IDropTarget);
    *made = ours ? self : NULL;
    return ours ? S_OK : E_NOINTERFACE;
}
static ULONG STDMETHODCALLTYPE held(IDropTarget *self) { (void)self; return 1; }
static HRESULT STDMETHODCALLTYPE over(IDropTarget *self, DWORD keys, POINTL at, DWORD *effect)
{
    (void)self; (void)keys; (void)at;
    *effect = taking && named[0] ? *effect & DROPEFFECT_COPY : DROPEFFECT_NONE;
    return S_OK;
}
static HRESULT STDMETHODCALLTYPE enter(IDropTarget *self, IDataObject *data, DWORD keys, POINTL at, DWORD *effect)
{
    seen = true;
    named[0] = 0;
    if (!name_of(data)) named[0] = 0;
    return over(self, keys, at, effect);
}
static HRESULT STDMETHODCALLTYPE leave(IDropTarget *self) { (void)self; return S_OK; }
static HRESULT STDMETHODCALLTYPE drop(IDropTarget *self, IDataObject *data, DWORD keys, POINTL at, DWORD *effect)
{
    over(self, keys, at, effect);
    if (*effect && name_of(data)) strcpy(taken, named);
    return S_OK;
}
static IDropTargetVtbl calls = {query, held, held, enter, over, leave, drop};
static IDropTarget target = {&calls};

void target_open(int x, int y, int width, int height, bool takes)
{
    taking = takes;
    HWND window = CreateWindowExA(WS_EX_TOPMOST, "STATIC", "", WS_POPUP | WS_VISIBLE, x, y, width, height, NULL, NULL, GetModuleHandle(NULL), NULL);
    if (!window || FAILED(OleInitialize(NULL)) || FAILED(RegisterDragDrop(window, &target))) {
        fputs("drop_target: no window to drop on\n", stderr);
        exit(1);
    }
}

const char *target_taken(void)
{
    static char told[sizeof taken];
    strcpy(told, taken);
    taken[0] = 0;
    return told;
}

bool target_has_seen(void) { return seen; }

#ifdef PROGRAM
static DWORD WINAPI until_the_input_ends(void *given)
{
    (void)given;
    while (getchar() != EOF) {}
    exit(0);
}

int main(int count, char **words)
{
    if (count < 5) return 2;
    target_open(atoi(words[1]), atoi(words[2]), atoi(words[3]), atoi(words[4]), count == 5);
    CreateThread(NULL, 0, until_the_input_ends, NULL, 0, NULL);
    puts("open");
    fflush(stdout);
    MSG message;
    while (GetMessageA(&message, NULL, 0, 0) > 0) {
        DispatchMessageA(&message);
        if (target_has_seen()) printf("over\n"), seen = false;
        if (taken[0]) printf("dropped %s\n", target_taken());
        fflush(stdout);
    }
    return 0;
}
#endif
