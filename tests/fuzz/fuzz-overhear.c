/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-overhear.c -- what the sniffer understands of conversations that nobody meant well.
 *
 *     0xfe: the other side speaks from here on (the server begins); 0xff: octets are missing
 *
 * The facts are the same when the octets come one by one, and each is one line of bounded length.
 */
#include <glib.h>
#include <string.h>

#include "sim/attack/overhear.h"
#include "tests/fuzz/fuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
    {"smtp", TEXT_SEED("220 x\r\n\xfe"
                       "EHLO a\r\nAUTH PLAIN AGJvYgBzZWNyZXQ=\r\n\xfe"
                       "250 x\r\n235 ok\r\n\xfe"
                       "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n\xfe"
                       "250 a\r\n250 b\r\n354 go\r\n\xfe"
                       "Subject: x\r\n\r\n..\r\n.\r\nBDAT 3 LAST\r\nabc\xfe"
                       "250 ok\r\n")},
    {"pop", TEXT_SEED("+OK <1@a>\r\n\xfe"
                      "APOP bob 0123456789abcdef0123456789abcdef\r\nUSER bob\r\nPASS secret\r\n\xfe"
                      "-ERR\r\n+OK\r\n+OK\r\n\xfe"
                      "RETR 1\r\n\xfe"
                      "+OK\r\nFrom: a\r\nTo: b\r\n\r\nx\r\n.\r\n\xfe"
                      "STLS\r\n\xfe"
                      "+OK\r\n\xfe\26\3\1\0\5hello\27\3\3\0\2ab")},
    {"imap", TEXT_SEED("* OK x\r\n\xfe"
                       "a LOGIN {3+}\r\nbob \"se\\\"cret\"\r\nb AUTHENTICATE CRAM-MD5\r\n\xfe"
                       "a NO\r\n+ PDFAYT4=\r\n\xfe"
                       "Ym9iIDAx\r\n\xfe"
                       "b OK\r\n* 1 FETCH (ENVELOPE (\"date\" \"subject\" NIL) BODY[] {16}\r\n"
                       "Subject: y\r\n\r\nz\r\n)\r\nc OK\r\n")},
    {"tls", TEXT_SEED("\xfe\26\3\1\0\4\1\0\0\0\xfe\26\3\3\0\4\2\0\0\0\27\3\3\0\1x")},
    {"gap", TEXT_SEED("220 x\r\n\xfe"
                      "MAIL FR\xff"
                      "b>\r\nRCPT TO:<c@d>\r\n")},
    {NULL, NULL, 0},
};

static void
learnt(void *data, const char *kind, const char *text)
{
  g_assert_true(g_utf8_validate(text, -1, NULL));
  g_assert_null(strchr(text, '\n'));
  g_assert_cmpuint(strlen(text), <=, 4 * OVERHEAR_VALUE_MAX); /* a bad octet becomes three */
  g_string_append_printf(data, "%s: %s\n", kind, text);
}

static GString *
play(const uint8_t *p, size_t n, bool one_by_one)
{
  GString *facts = g_string_new(NULL);
  struct overhear *o = overhear_new(learnt, facts);
  enum overhear_side side = OVERHEAR_SERVER;
  for (size_t i = 0; i < n;) {
    if (p[i] == 0xfe)
      side = side == OVERHEAR_SERVER ? OVERHEAR_CLIENT : OVERHEAR_SERVER;
    if (p[i] == 0xff)
      overhear_gap(o, side);
    if (p[i] >= 0xfe) {
      i++;
      continue;
    }
    size_t end = i;
    while (end < n && p[end] < 0xfe && !(one_by_one && end > i))
      end++;
    g_autofree uint8_t *copy = g_memdup2(p + i, end - i); /* a look beyond the end is seen */
    overhear_feed(o, side, copy, end - i);
    i = end;
  }
  overhear_end(o);
  overhear_free(o);
  return facts;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  if (n > 16384)
    return 0;
  g_autoptr(GString) whole = play(p, n, false), single = play(p, n, true);
  g_assert_cmpstr(whole->str, ==, single->str);
  return 0;
}
