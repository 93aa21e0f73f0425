/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_end.c -- what looks like the end of the data: a table, and who stands in it.
 *
 * Rows are named by what is before and behind the dot. Longer rows win: "CRCRLF.CRCRLF" holds
 * "CRLF.CRCRLF". A row that begins with LF is not meant where a CR stands before that LF. */
#include "sim/mail/smtp_end.h"

#include <string.h>

#include <glib.h>

#define LOOK(name, octets)                                                                         \
  {                                                                                                \
    name, octets, sizeof octets - 1                                                                \
  }

const struct smtp_end_look smtp_ends[SMTP_N_ENDS] = {
    [SMTP_END_LF_LF] = LOOK("LF.LF", "\n.\n"),
    [SMTP_END_LF_CR] = LOOK("LF.CR", "\n.\r"),
    [SMTP_END_LF_CRLF] = LOOK("LF.CRLF", "\n.\r\n"),
    [SMTP_END_CR_LF] = LOOK("CR.LF", "\r.\n"),
    [SMTP_END_CR_CR] = LOOK("CR.CR", "\r.\r"),
    [SMTP_END_CR_CRLF] = LOOK("CR.CRLF", "\r.\r\n"),
    [SMTP_END_CRLF_LF] = LOOK("CRLF.LF", "\r\n.\n"),
    [SMTP_END_CRLF_CR] = LOOK("CRLF.CR", "\r\n.\r"),
    [SMTP_END_LF_CRCRLF] = LOOK("LF.CRCRLF", "\n.\r\r\n"),
    [SMTP_END_CRLF_CRCRLF] = LOOK("CRLF.CRCRLF", "\r\n.\r\r\n"),
    [SMTP_END_CRCRLF_CRCRLF] = LOOK("CRCRLF.CRCRLF", "\r\r\n.\r\r\n"),
    [SMTP_END_NUL_BEFORE] = LOOK("CRLF-NUL.CRLF", "\r\n\0.\r\n"),
    [SMTP_END_NUL_BEHIND] = LOOK("CRLF.NUL-CRLF", "\r\n.\0\r\n"),
};

enum smtp_end
smtp_end_find(const char *name)
{
  for (int i = 0; i < SMTP_N_ENDS; i++) {
    if (g_ascii_strcasecmp(smtp_ends[i].name, name) == 0)
      return (enum smtp_end)i;
  }
  return SMTP_N_ENDS;
}

static bool
is_at_end(const struct smtp_end_look *look, const uint8_t *tail, size_t n)
{
  size_t m = look->n_octets;
  if (n < m || memcmp(tail + n - m, look->octets, m) != 0)
    return false;
  return look->octets[0] != '\n' || n == m || tail[n - m - 1] != '\r';
}

enum smtp_end
smtp_end_match(const uint8_t *tail, size_t n, int next)
{
  int found = SMTP_N_ENDS;
  for (int i = 0; i < SMTP_N_ENDS; i++) {
    const struct smtp_end_look *look = &smtp_ends[i];
    bool ends_with_cr = look->octets[look->n_octets - 1] == '\r';
    if (ends_with_cr ? next == -1 || next == '\n' || next == '\r' : next != -1)
      continue;
    if (is_at_end(look, tail, n) &&
        (found == SMTP_N_ENDS || look->n_octets > smtp_ends[found].n_octets))
      found = i;
  }
  return (enum smtp_end)found;
}
