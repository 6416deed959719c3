/* A named pipe, of which the run directory holds the name, that speaks ZMTP: Windows. Tried under Wine.

   A pipe's name is anybody's who is first, and names can be listed. So the daemon draws it anew at each start and tells it in
   a file that only we can write, and the server's process is asked for its user (SPEC, "Windows"). One read and one write are
   under way at a time. They ring one bell for all connections of the process, so that there may be more of them than
   WaitForMultipleObjects takes. */
#include "wire.h"

#include "security_windows.h"
#include "zmtp.h"

#include <stdio.h>
#include <string.h>

#define NAME_FILE "plugin.sock" /* as bridge/paths.py */
#define NAME_START "\\\\.\\pipe\\"
#define MAX_NAME_BYTES 128u
#define MAX_WAITING_BYTES 65536u /* that the pipe has not taken; more is refused */

struct sc_wire {
    sc_allocator allocator;
    HANDLE pipe;
    OVERLAPPED reading, writing;
    bool reads, writes; /* one is under way: its memory is the kernel's */
    bool lost;
    size_t waiting; /* bytes of `out` that are still to be sent */
    uint8_t out[MAX_WAITING_BYTES];
    sc_zmtp in;
};

static HANDLE bell; /* the worker's alone, as all of this */
static unsigned open_wires;

/* Opening ----------------------------------------------------------------------------------------------------- */

static bool read_name(const char *run_dir, wchar_t name[MAX_NAME_BYTES])
{
    char path[1100], text[MAX_NAME_BYTES];
    wchar_t wide[SC_WIDE_UNITS];
    DWORD bytes = 0;
    const int written = snprintf(path, sizeof path, "%s\\" NAME_FILE, run_dir);
    if (written < 0 || (size_t)written >= sizeof path || !sc_wide(path, wide, SC_WIDE_UNITS)) return false;
    HANDLE file = CreateFileW(wide, GENERIC_READ | READ_CONTROL, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file == INVALID_HANDLE_VALUE) return false;
    const bool ours = !sc_why_not_private(file, SE_FILE_OBJECT) && ReadFile(file, text, sizeof text - 1, &bytes, NULL);
    CloseHandle(file);
    text[bytes] = '\0';
    return ours && strncmp(text, NAME_START, sizeof NAME_START - 1) == 0 && sc_wide(text, name, MAX_NAME_BYTES);
}

/* Its other end may learn who we are, and do nothing in our name. */
static HANDLE connect_to(const wchar_t *name)
{
    return CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
}

static bool is_served_by_us(HANDLE pipe)
{
    ULONG server;
    return GetNamedPipeServerProcessId(pipe, &server) && sc_is_our_process(server);
}

static sc_wire *refuse(HANDLE pipe, DWORD error, char *reason, size_t reason_bytes)
{
    char said[200];
    const bool nobody = error == ERROR_FILE_NOT_FOUND || error == ERROR_PIPE_BUSY;
    if (nobody) snprintf(reason, reason_bytes, "No daemon is listening.");
    else snprintf(reason, reason_bytes, "The daemon cannot be reached: %s. Recording goes on; it is tried again.",
                  error == ERROR_INVALID_OWNER ? "its pipe is another user's" : sc_system_says(error, said, sizeof said));
    if (pipe != INVALID_HANDLE_VALUE) CloseHandle(pipe);
    return NULL;
}

static bool have_bell(void)
{
    if (!bell) bell = CreateEventW(NULL, TRUE, FALSE, NULL);
    return bell;
}

static void begin_read(sc_wire *wire)
{
    size_t room;
    uint8_t *to = sc_zmtp_room(&wire->in, &room);
    wire->reading = (OVERLAPPED){.hEvent = bell};
    wire->reads = ReadFile(wire->pipe, to, (DWORD)room, NULL, &wire->reading) || GetLastError() == ERROR_IO_PENDING;
    wire->lost = wire->lost || !wire->reads;
}

sc_wire *sc_wire_open(const char *run_dir, const sc_allocator *allocator, char *reason, size_t reason_bytes)
{
    wchar_t name[MAX_NAME_BYTES];
    if (!read_name(run_dir, name)) return refuse(INVALID_HANDLE_VALUE, ERROR_FILE_NOT_FOUND, reason, reason_bytes);
    HANDLE pipe = connect_to(name);
    if (pipe == INVALID_HANDLE_VALUE) return refuse(pipe, GetLastError(), reason, reason_bytes);
    if (!is_served_by_us(pipe)) return refuse(pipe, ERROR_INVALID_OWNER, reason, reason_bytes);
    if (!have_bell()) return refuse(pipe, GetLastError(), reason, reason_bytes);
    sc_wire *wire = allocator->allocate(allocator->context, sizeof *wire);
    if (!wire) return refuse(pipe, ERROR_NOT_ENOUGH_MEMORY, reason, reason_bytes);
    memset(wire, 0, sizeof *wire);
    wire->allocator = *allocator;
    wire->pipe = pipe;
    sc_zmtp_opening(wire->out);
    wire->waiting = SC_ZMTP_OPENING_BYTES;
    open_wires++;
    begin_read(wire);
    return wire;
}

/* Writing ----------------------------------------------------------------------------------------------------- */

/* Takes note of a write that has ended; false while one is under way. */
static bool write_is_over(sc_wire *wire)
{
    DWORD sent = 0;
    if (!wire->writes) return true;
    if (!GetOverlappedResult(wire->pipe, &wire->writing, &sent, FALSE)) {
        if (GetLastError() == ERROR_IO_INCOMPLETE) return false;
        wire->lost = true;
        sent = 0;
    }
    wire->writes = false;
    wire->waiting -= sent;
    memmove(wire->out, wire->out + sent, wire->waiting);
    return true;
}

static void flush(sc_wire *wire)
{
    while (write_is_over(wire) && wire->waiting > 0 && !wire->lost) {
        wire->writing = (OVERLAPPED){.hEvent = bell};
        wire->writes = WriteFile(wire->pipe, wire->out, (DWORD)wire->waiting, NULL, &wire->writing) || GetLastError() == ERROR_IO_PENDING;
        wire->lost = !wire->writes;
    }
}

bool sc_wire_send(sc_wire *wire, const uint8_t *data, size_t bytes)
{
    uint8_t head[SC_ZMTP_HEAD_BYTES];
    const size_t head_bytes = sc_zmtp_head(head, bytes);
    if (sc_wire_look(wire) != SC_WIRE_OPEN || head_bytes + bytes > sizeof wire->out - wire->waiting) return false;
    memcpy(wire->out + wire->waiting, head, head_bytes); /* behind what is under way */
    memcpy(wire->out + wire->waiting + head_bytes, data, bytes);
    wire->waiting += head_bytes + bytes;
    flush(wire);
    return true;
}

sc_wire_state sc_wire_look(sc_wire *wire)
{
    flush(wire);
    if (wire->lost || wire->in.state == SC_ZMTP_BROKEN) return SC_WIRE_LOST;
    return wire->in.state == SC_ZMTP_OPEN ? SC_WIRE_OPEN : SC_WIRE_OPENING;
}

/* Reading ----------------------------------------------------------------------------------------------------- */

/* Takes note of what has come in; false while nothing has. */
static bool read_is_over(sc_wire *wire)
{
    DWORD got = 0;
    if (!GetOverlappedResult(wire->pipe, &wire->reading, &got, FALSE)) {
        if (GetLastError() == ERROR_IO_INCOMPLETE) return false;
        wire->lost = true; /* what it said before is taken first: it has been */
        got = 0;
    }
    wire->reads = false;
    sc_zmtp_put(&wire->in, got);
    return true;
}

size_t sc_wire_receive(sc_wire *wire, uint8_t *data, size_t capacity)
{
    for (;;) {
        if (wire->reads && !read_is_over(wire)) return 0;
        const size_t bytes = sc_zmtp_take(&wire->in, data, capacity);
        if (bytes > 0 || wire->lost || wire->in.state == SC_ZMTP_BROKEN) return bytes;
        begin_read(wire);
    }
}

static bool has_news(const sc_wire *wire)
{
    return (wire->reads && HasOverlappedIoCompleted(&wire->reading)) || (wire->writes && HasOverlappedIoCompleted(&wire->writing));
}

void sc_wire_wait(sc_wire *const *wires, size_t count, int timeout_ms)
{
    size_t watched = 0;
    if (bell) ResetEvent(bell); /* before the look: what ends after it rings again */
    for (size_t i = 0; i < count; i++) {
        if (!wires[i] || wires[i]->lost || wires[i]->in.state == SC_ZMTP_BROKEN) continue;
        if (has_news(wires[i])) return;
        watched++;
    }
    if (watched == 0) Sleep((DWORD)timeout_ms);
    else WaitForSingleObject(bell, (DWORD)timeout_ms);
}

/* Closing ----------------------------------------------------------------------------------------------------- */

/* Its memory is ours again then. Not by GetOverlappedResult, which waits for the bell: others ring it too. */
static void wait_until_over(const OVERLAPPED *one)
{
    while (!HasOverlappedIoCompleted(one)) Sleep(1);
}

void sc_wire_close(sc_wire *wire, int linger_ms)
{
    flush(wire);
    for (; wire->waiting > 0 && !wire->lost && linger_ms > 0; linger_ms--) {
        Sleep(1);
        flush(wire);
    }
    CancelIoEx(wire->pipe, NULL);
    if (wire->reads) wait_until_over(&wire->reading);
    if (wire->writes) wait_until_over(&wire->writing);
    CloseHandle(wire->pipe);
    wire->allocator.release(wire->allocator.context, wire);
    if (--open_wires > 0) return;
    CloseHandle(bell);
    bell = NULL;
}

void sc_wire_forget(sc_wire *wire)
{
    (void)wire; /* nothing forks here */
}
