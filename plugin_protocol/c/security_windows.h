/* Whose a file, pipe or process is on Windows, for whom it is open, and names as its functions take them. */
#ifndef SC_SECURITY_WINDOWS_H
#define SC_SECURITY_WINDOWS_H

#ifndef WIN32_LEAN_AND_MEAN
#  define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

#include <accctrl.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SC_WIDE_UNITS 1200 /* of a path: longer than what sc_config and the environment may hold */

/* Access attributes of something new: open to this user and the system, and nothing inherited from above, whatever that
   allows. False when they cannot be made. sc_free_private() lets go of them. [any] */
bool sc_make_private(SECURITY_ATTRIBUTES *attributes);
void sc_free_private(SECURITY_ATTRIBUTES *attributes);

/* NULL, or why others could reach an open file, folder or pipe. [any] */
const char *sc_why_not_private(HANDLE object, SE_OBJECT_TYPE type);

/* Whether a process runs for the same user as this one. False also when that cannot be told. [any] */
bool sc_is_our_process(DWORD process_id);

/* UTF-8 to what the system's functions take, and back; false when it does not fit or is no text. [any] */
bool sc_wide(const char *text, wchar_t *wide, int units);
bool sc_narrow(const wchar_t *wide, char *text, int bytes);

/* What the system says of an error, in `text`, without a full stop. [any] */
const char *sc_system_says(DWORD error, char *text, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
