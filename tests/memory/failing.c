/* SPDX-License-Identifier: GPL-3.0-or-later */
/* failing.c -- memory that comes to its end, for a program that knows nothing of it (LD_PRELOAD).
 *
 * Stands before the C library's allocator and counts the calls. By the environment:
 *
 *   FAIL_AT=K       the K-th call returns NULL (1 is the first)
 *   FAIL_FROM=K     the K-th call and all after it return NULL
 *   FAIL_TRACE=F    none fails; for each call one line with a digest of the places it came from is
 *                   written to F, so that a test tries each place once
 *   FAIL_PROGRAM=P  only in the program P, that the named one starts; else in the named one alone
 *
 * Calls from before main (constructors of libraries) count as well. What vasprintf asks for is always
 * granted: GLib 2.74 makes its last message with it, and calls itself without end when it gets
 * nothing there. free() is the C library's. */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t n_octets);
extern void *__libc_calloc(size_t n, size_t n_octets);
extern void *__libc_realloc(void *old, size_t n_octets);
extern void *__libc_memalign(size_t alignment, size_t n_octets);

enum {
  PLACES = 12, /* callers that make one place of the program */
  LINE = 17,   /* sixteen digits and the end of line */
};

static _Atomic uint64_t n_calls;
static uint64_t fail_at, fail_from;
static int trace_to = -1;
static _Thread_local bool is_granted; /* backtrace() takes memory at its first call, too */

/* The environment by hand: nothing here may allocate. */
static uint64_t
number_of(const char *name)
{
  const char *text = getenv(name);
  return text ? strtoull(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void
begin(void)
{
  const char *program = getenv("FAIL_PROGRAM");
  if (program && strcmp(program, program_invocation_short_name) != 0)
    return;
  fail_at = number_of("FAIL_AT");
  fail_from = number_of("FAIL_FROM");
  const char *path = getenv("FAIL_TRACE");
  if (path)
    trace_to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  /* Programs that are started by this one have memory enough. */
  unsetenv("LD_PRELOAD");
}

/* FNV-1a over the return addresses. */
static void
write_place(void)
{
  void *places[PLACES];
  is_granted = true;
  int n = backtrace(places, PLACES);
  is_granted = false;
  uint64_t digest = 0xcbf29ce484222325;
  for (int i = 2; i < n; i++) {
    digest ^= (uint64_t)(uintptr_t)places[i];
    digest *= 0x100000001b3;
  }
  char line[LINE];
  for (int i = 0; i < LINE - 1; i++)
    line[i] = "0123456789abcdef"[digest >> (60 - 4 * i) & 15];
  line[LINE - 1] = '\n';
  if (write(trace_to, line, LINE) < 0)
    trace_to = -1;
}

/* Whether this call is one that gets nothing. */
static bool
is_over(void)
{
  if (is_granted)
    return false;
  uint64_t k = atomic_fetch_add(&n_calls, 1) + 1;
  if (trace_to >= 0)
    write_place();
  if (k != fail_at && (fail_from == 0 || k < fail_from))
    return false;
  errno = ENOMEM;
  return true;
}

void *
malloc(size_t n_octets)
{
  return is_over() ? NULL : __libc_malloc(n_octets);
}

void *
calloc(size_t n, size_t n_octets)
{
  return is_over() ? NULL : __libc_calloc(n, n_octets);
}

void *
realloc(void *old, size_t n_octets)
{
  return is_over() ? NULL : __libc_realloc(old, n_octets);
}

void *
memalign(size_t alignment, size_t n_octets)
{
  return is_over() ? NULL : __libc_memalign(alignment, n_octets);
}

void *
aligned_alloc(size_t alignment, size_t n_octets)
{
  return memalign(alignment, n_octets);
}

int
posix_memalign(void **place, size_t alignment, size_t n_octets)
{
  void *got = memalign(alignment, n_octets);
  if (!got)
    return ENOMEM;
  *place = got;
  return 0;
}

int
vasprintf(char **text, const char *format, va_list arguments)
{
  va_list again;
  va_copy(again, arguments);
  int n = vsnprintf(NULL, 0, format, again);
  va_end(again);
  *text = n < 0 ? NULL : __libc_malloc((size_t)n + 1);
  return *text ? vsnprintf(*text, (size_t)n + 1, format, arguments) : -1;
}

/* What a GLib calls that was built with _FORTIFY_SOURCE. */
int __vasprintf_chk(char **text, int flag, const char *format, va_list arguments);

int
__vasprintf_chk(char **text, int flag, const char *format, va_list arguments)
{
  (void)flag;
  return vasprintf(text, format, arguments);
}
