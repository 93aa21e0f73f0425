/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_letter.c -- what a message needs of the next server, and what to do without.
 *
 * Octets are never altered on their way, so that a message is not converted to 7 bits (RFC 6152 3
 * allows that): a server that cannot take it as it is does not get it. RFC 1870 6.1 (size), 6531
 * 3.2 (no downgrading), 3030 3 (BINARYMIME needs BDAT). */
#include <string.h>

#include "sim/mail/mime.h"
#include "sim/mail/smtp_client_private.h"

static bool
is_8bit(const uint8_t *p, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (p[i] & 0x80)
      return true;
  }
  return false;
}

static bool
is_binary(const uint8_t *p, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (p[i] == '\0' || (p[i] == '\n' && (i == 0 || p[i - 1] != '\r')) ||
        (p[i] == '\r' && (i + 1 == n || p[i + 1] != '\n')))
      return true;
  }
  return false;
}

struct smtp_needs
smtp_letter_needs(const struct envelope *e, GBytes *octets)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(octets, &n);
  struct smtp_needs needs = {.is_8bit = is_8bit(p, n), .is_binary = is_binary(p, n)};
  needs.is_utf8 = !smtp_is_ascii(e->sender) ||
                  (e->is_utf8 && needs.is_8bit && is_8bit(p, mime_header_end(p, 0, n)));
  for (unsigned i = 0; i < e->n_recipients; i++)
    needs.is_utf8 |= !smtp_is_ascii(e->recipients[i].address);
  return needs;
}

bool
smtp_letter_obstacle(const struct smtp_client *c, struct lang_pair *why)
{
  bool has_binary =
      smtp_client_has(c, SMTP_EXTENSION_BINARYMIME) && smtp_client_has(c, SMTP_EXTENSION_CHUNKING);
  if (smtp_client_has(c, SMTP_EXTENSION_SIZE) && c->size_limit > 0 &&
      g_bytes_get_size(c->octets) > c->size_limit)
    *why = lang_pair("5.3.4 The message is larger than the server's SIZE",
                     "5.3.4 ข้อความใหญ่เกิน SIZE ของเซิร์ฟเวอร์");
  else if (c->needs.is_utf8 && !smtp_client_has(c, SMTP_EXTENSION_SMTPUTF8))
    *why = lang_pair("5.6.7 An address is beyond ASCII and the server does not offer SMTPUTF8",
                     "5.6.7 มีที่อยู่ที่ไม่ใช่ ASCII แต่เซิร์ฟเวอร์ไม่เสนอ SMTPUTF8");
  else if (c->needs.is_binary && !c->config.sends_bare && !has_binary)
    *why = lang_pair("5.6.1 The message holds a NUL, or a CR or LF alone, and the server does not "
                     "offer BINARYMIME",
                     "5.6.1 ข้อความมี NUL หรือมี CR หรือ LF อยู่เดี่ยว แต่เซิร์ฟเวอร์ไม่เสนอ BINARYMIME");
  else if (c->needs.is_8bit && !smtp_client_has(c, SMTP_EXTENSION_8BITMIME))
    *why = lang_pair("5.6.3 The message holds octets above 127 and the server does not offer "
                     "8BITMIME",
                     "5.6.3 ข้อความมีออกเตตที่เกิน 127 แต่เซิร์ฟเวอร์ไม่เสนอ 8BITMIME");
  else
    return false;
  return true;
}

char *
smtp_letter_clean(const uint8_t *p, size_t n, bool is_utf8, bool *is_odd)
{
  GString *out = g_string_new(NULL);
  for (size_t i = 0; i < n; i++) {
    gunichar c = is_utf8 && p[i] & 0x80
                     ? g_utf8_get_char_validated((const char *)p + i, (gssize)(n - i))
                     : p[i];
    if (p[i] & 0x80 && is_utf8 && c < 0x110000) {
      int octets = g_unichar_to_utf8(c, NULL);
      g_string_append_len(out, (const char *)p + i, octets);
      i += (size_t)octets - 1;
    } else if ((p[i] >= ' ' && p[i] <= '~') || p[i] == '\t') {
      g_string_append_c(out, (char)p[i]);
    } else {
      *is_odd = true;
      g_string_append_c(out, '?');
    }
  }
  return g_string_free(out, FALSE);
}
