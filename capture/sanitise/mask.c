/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mask.c -- overwrites a secret with octets of the same kind and number.
 *
 *     s3cret                      xxxxxx
 *     base64(NUL alice NUL pw)    base64(NUL alice NUL xx)            RFC 4616
 *     base64(alice 0f3a...)       base64(alice 0000...)               RFC 2195
 *     base64(... Bearer TOKEN ^A) base64(... Bearer xxxxx ^A)         RFC 7628
 *     base64(alice:pw)            base64(alice:xx)                    RFC 7617
 *     anything else               every octet of its base64 is "x"
 *
 * What a message of SASL is, is told by its form and not by its mechanism: when in doubt too much
 * is overwritten, never too little. */
#include "capture/sanitise/mask.h"

#include <glib.h>
#include <string.h>

#include "capture/wire/mail.h"

static bool
is_text(const uint8_t *p, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (p[i] < 0x20 || p[i] == 0x7f)
      return false;
  return n > 0;
}

/* "user 32 hex digits" of CRAM-MD5. */
static bool
mask_cram(uint8_t *p, size_t n)
{
  enum { DIGEST = 32 };
  if (n < DIGEST + 2 || p[n - DIGEST - 1] != ' ' || !is_text(p, n))
    return false;
  for (size_t i = n - DIGEST; i < n; i++)
    if (!g_ascii_isxdigit(p[i]))
      return false;
  memset(p + n - DIGEST, '0', DIGEST);
  return true;
}

/* "[authzid] NUL user NUL password". */
static bool
mask_plain(uint8_t *p, size_t n)
{
  uint8_t *first = memchr(p, 0, n);
  uint8_t *second = first ? memchr(first + 1, 0, n - (size_t)(first + 1 - p)) : NULL;
  if (!second)
    return false;
  memset(second + 1, 'x', n - (size_t)(second + 1 - p));
  return true;
}

static bool
mask_bearer(uint8_t *p, size_t n)
{
  static const char word[] = "Bearer ";
  for (size_t i = 0; i + sizeof word - 1 <= n; i++) {
    if (!text_is(p + i, sizeof word - 1, word))
      continue;
    for (i += sizeof word - 1; i < n && p[i] != 1; i++)
      p[i] = 'x';
    return true;
  }
  return false;
}

static bool
mask_basic(uint8_t *p, size_t n)
{
  uint8_t *colon = memchr(p, ':', n);
  if (!colon || !is_text(p, n))
    return false;
  memset(colon + 1, 'x', n - (size_t)(colon + 1 - p));
  return true;
}

static bool
mask_message(uint8_t *text, size_t n)
{
  g_autofree uint8_t *octets = g_malloc(n / 4 * 3 + 6);
  g_autofree char *again = g_malloc(n + 8);
  size_t n_octets = 0;
  if (n < 4 || !base64_decode((const char *)text, n, octets, &n_octets) || n_octets == 0)
    return false;
  bool known = mask_plain(octets, n_octets) || mask_bearer(octets, n_octets) ||
               mask_cram(octets, n_octets) || mask_basic(octets, n_octets);
  if (!known && is_text(octets, n_octets)) { /* a password of AUTH LOGIN */
    memset(octets, 'x', n_octets);
    known = true;
  }
  if (!known || base64_encode(octets, n_octets, again) != n)
    return false;
  memcpy(text, again, n);
  return true;
}

void
mask_secret(uint8_t *p, size_t n, bool is_base64)
{
  if (is_base64 && mask_message(p, n))
    return;
  if (n >= 2 && p[0] == '"' && p[n - 1] == '"') {
    p++;
    n -= 2;
  }
  for (size_t i = 0; i < n; i++)
    if (p[i] != '\r' && p[i] != '\n' && !(is_base64 && p[i] == '='))
      p[i] = 'x';
}
