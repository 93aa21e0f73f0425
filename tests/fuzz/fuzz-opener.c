/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-opener.c -- key logs of any form and TLS records of any kind.
 *
 *     key log lines | NUL | ( side 1 | record: header 5, its length )…
 *
 * What must hold: contents are shorter than the record they were in, only records whose header says
 * so are opened, and the same input gives the same result twice. The seeds are recorded connections
 * with their secrets, so that what is behind a genuine record is reached too. */
#include <string.h>

#include "capture/tls/opener.h"
#include "capture/wire/bytes.h"
#include "capture/wire/tls.h"
#include "tests/fuzz/fuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
    {"short", TEXT_SEED("CLIENT_RANDOM\n\0\0\x16\3\1\0\4\1\0\0\0")}, {NULL, NULL, 0}};

static guint
play(const guint8 *p, gsize n)
{
  const guint8 *end = memchr(p, 0, n);
  gsize at = end ? (gsize)(end - p) + 1 : n;
  struct keylog *keys = keylog_new();
  keylog_add(keys, (const char *)p, end ? (gsize)(end - p) : n);
  struct opener *o = opener_new(keys);
  g_autoptr(GByteArray) out = g_byte_array_new();
  guint hash = opener_minor(o);
  while (n - at > TLS_RECORD_HEADER_OCTETS) {
    enum side side = p[at] & 1 ? SIDE_SERVER : SIDE_CLIENT;
    gsize record = MIN(n - at - 1, TLS_RECORD_HEADER_OCTETS + (gsize)get_be16(p + at + 4));
    guint8 type = 0;
    if (p[at] & 2) {
      opener_skip(o, side);
    } else {
      enum opened how = opener_record(o, side, p + at + 1, record, &type, out);
      if (how == OPENED_PLAIN)
        g_assert_cmpuint(out->len, <, record);
      hash = hash * 31 + how + type + out->len;
    }
    at += 1 + record;
  }
  hash = hash * 31 + opener_minor(o) + opener_has_secret(o);
  opener_free(o);
  keylog_free(keys);
  return hash;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  guint first = play(p, n);
  g_assert_cmpuint(first, ==, play(p, n));
  return 0;
}
