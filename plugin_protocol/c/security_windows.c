#include "security_windows.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>

/* A user as the system tells it, with room for the longest identifier. */
typedef union user {
    TOKEN_USER of;
    BYTE room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
} user;

static bool user_of(HANDLE process, user *found)
{
    HANDLE token;
    DWORD bytes;
    if (!OpenProcessToken(process, TOKEN_QUERY, &token)) return false;
    const bool told = GetTokenInformation(token, TokenUser, found, sizeof *found, &bytes);
    CloseHandle(token);
    return told;
}

bool sc_make_private(SECURITY_ATTRIBUTES *attributes)
{
    user me;
    char *sid = NULL, wanted[512];
    *attributes = (SECURITY_ATTRIBUTES){.nLength = sizeof *attributes};
    if (!user_of(GetCurrentProcess(), &me) || !ConvertSidToStringSidA(me.of.User.Sid, &sid)) return false;
    snprintf(wanted, sizeof wanted, "O:%sD:P(A;OICI;FA;;;%s)(A;OICI;FA;;;SY)", sid, sid);
    LocalFree(sid);
    return ConvertStringSecurityDescriptorToSecurityDescriptorA(wanted, SDDL_REVISION_1, &attributes->lpSecurityDescriptor,
                                                                NULL);
}

void sc_free_private(SECURITY_ATTRIBUTES *attributes)
{
    LocalFree(attributes->lpSecurityDescriptor);
    attributes->lpSecurityDescriptor = NULL;
}

static bool may_own(PSID sid, PSID own)
{
    return EqualSid(sid, own) || IsWellKnownSid(sid, WinBuiltinAdministratorsSid);
}

static bool may_use(PSID sid, PSID own)
{
    return may_own(sid, own) || IsWellKnownSid(sid, WinLocalSystemSid) || IsWellKnownSid(sid, WinCreatorOwnerRightsSid);
}

static const char *why_list_is_open(PACL list, PSID own)
{
    if (!list) return "other users may use it: it has no access list";
    for (WORD i = 0; i < list->AceCount; i++) {
        void *found;
        if (!GetAce(list, i, &found)) return "its access list cannot be read";
        ACCESS_ALLOWED_ACE *entry = found;
        if (entry->Header.AceType == ACCESS_ALLOWED_ACE_TYPE && entry->Mask && !may_use((PSID)&entry->SidStart, own))
            return "other users may use it";
    }
    return NULL;
}

const char *sc_why_not_private(HANDLE object, SE_OBJECT_TYPE type)
{
    user me;
    PSID owner = NULL;
    PACL list = NULL;
    PSECURITY_DESCRIPTOR whole = NULL;
    if (!user_of(GetCurrentProcess(), &me)) return "this process has no user";
    if (GetSecurityInfo(object, type, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner, NULL, &list, NULL, &whole) !=
        ERROR_SUCCESS)
        return "its owner cannot be told";
    const char *why = owner && may_own(owner, me.of.User.Sid) ? why_list_is_open(list, me.of.User.Sid)
                                                              : "it belongs to another user";
    LocalFree(whole);
    return why;
}

bool sc_is_our_process(DWORD process_id)
{
    user me, other;
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, process_id);
    if (!process) return false;
    const bool told = user_of(process, &other) && user_of(GetCurrentProcess(), &me);
    CloseHandle(process);
    return told && EqualSid(me.of.User.Sid, other.of.User.Sid);
}

bool sc_wide(const char *text, wchar_t *wide, int units)
{
    return MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, units) > 0;
}

bool sc_narrow(const wchar_t *wide, char *text, int bytes)
{
    return WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, text, bytes, NULL, NULL) > 0;
}

const char *sc_system_says(DWORD error, char *text, size_t bytes)
{
    wchar_t wide[200];
    DWORD end = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, error, 0, wide, 200, NULL);
    while (end > 0 && (wide[end - 1] <= L' ' || wide[end - 1] == L'.')) wide[--end] = L'\0';
    if (end == 0 || !sc_narrow(wide, text, (int)bytes)) snprintf(text, bytes, "error %lu", error);
    return text;
}
