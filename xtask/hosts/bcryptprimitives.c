/* A stand-in for bcryptprimitives.dll, which Wine 8 lacks: Rust's standard library takes its random seeds from there. For tests only. */
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(PVOID place, ULONG bytes);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE place, SIZE_T bytes)
{
    return SystemFunction036(place, (ULONG)bytes);
}
