/* SPDX-License-Identifier: GPL-3.0-or-later */
/* memory.c -- one answer to the end of memory, in all of a program.
 *
 * GLib ends a program that gets no memory, with a message. OpenSSL instead returns NULL, from
 * hundreds of functions, and does not live up to it everywhere: libcrypto 3.0 locks a lock that it
 * could not make. A digest or a certificate that is missing for want of memory would also look like
 * one that the capture does not have. So OpenSSL and ICU ask GLib, and what libidn2 says is looked at. */
#include "capture/tls/memory.h"

#include <glib.h>
#include <idn2.h>
#include <openssl/crypto.h>
#include <unicode/uclean.h>

static void *
take(size_t n_octets, const char *file, int line)
{
  (void)file;
  (void)line;
  return g_malloc(n_octets);
}

static void *
resize(void *old, size_t n_octets, const char *file, int line)
{
  (void)file;
  (void)line;
  return g_realloc(old, n_octets);
}

static void
give_back(void *old, const char *file, int line)
{
  (void)file;
  (void)line;
  g_free(old);
}

static void *
icu_take(const void *context, size_t n_octets)
{
  (void)context;
  return g_malloc(MAX(n_octets, 1));
}

static void *
icu_resize(const void *context, void *old, size_t n_octets)
{
  (void)context;
  return g_realloc(old, MAX(n_octets, 1));
}

static void
icu_give_back(const void *context, void *old)
{
  (void)context;
  g_free(old);
}

bool
memory_idn2(int result)
{
  if (result == IDN2_MALLOC)
    g_error("no memory for an internationalized domain name");
  return result == IDN2_OK;
}

void
memory_begin(void)
{
  UErrorCode status = U_ZERO_ERROR;
  u_setMemoryFunctions(NULL, icu_take, icu_resize, icu_give_back, &status);
  /* Refused when OpenSSL holds something already; then it goes on as it is used to. */
  if (CRYPTO_set_mem_functions(take, resize, give_back) != 1)
    g_debug("OpenSSL keeps the C library's memory");
  if (U_FAILURE(status))
    g_debug("ICU keeps the C library's memory: %s", u_errorName(status));
}
