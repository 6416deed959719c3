/* The one function that Rust's standard library wants of a library that Wine 8 has not. */
#include <windows.h>

#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T bytes)
{
    return RtlGenRandom(data, (ULONG)bytes);
}
