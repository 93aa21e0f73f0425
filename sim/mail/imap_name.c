/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_name.c -- modified UTF-7, the spelling of mailbox names in IMAP4rev1.
 *
 *     งาน        U+0E07 U+0E32 U+0E19      UTF-16 0E07 0E32 0E19      base64 without "=": DgcOMg4Z
 *     งาน/2026   →   &DgcOMg4Z-/2026          "&" itself →  "&-"          "/" of base64 is ","
 *
 * RFC 3501 5.1.3: printable ASCII stands for itself, everything else is base64 of UTF-16 between
 * "&" and "-", and two such runs never follow one another. */
#include "sim/mail/imap_name.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool
stands_for_itself(gunichar c)
{
  return c >= 0x20 && c <= 0x7e;
}

/* ---- encoding ---- */

struct run {
  GString *out;
  uint32_t bits;
  unsigned n_bits;
};

static void
put_unit(struct run *r, unsigned unit)
{
  r->bits = r->bits << 16 | unit;
  r->n_bits += 16;
  while (r->n_bits >= 6) {
    r->n_bits -= 6;
    g_string_append_c(r->out, digits[r->bits >> r->n_bits & 63]);
  }
}

static void
end_run(struct run *r)
{
  if (r->n_bits > 0)
    g_string_append_c(r->out, digits[r->bits << (6 - r->n_bits) & 63]);
  r->n_bits = 0;
  g_string_append_c(r->out, '-');
}

char *
imap_name_encode(const char *name)
{
  struct run r = {.out = g_string_new(NULL)};
  bool is_inside = false;
  for (const char *p = name; *p; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    if (is_inside != !stands_for_itself(c)) {
      if (is_inside)
        end_run(&r);
      else
        g_string_append_c(r.out, '&');
      is_inside = !is_inside;
    }
    if (c == '&')
      g_string_append(r.out, "&-");
    else if (!is_inside)
      g_string_append_c(r.out, (char)c);
    else if (c < 0x10000)
      put_unit(&r, c);
    else {
      put_unit(&r, 0xd800 + ((c - 0x10000) >> 10));
      put_unit(&r, 0xdc00 + ((c - 0x10000) & 0x3ff));
    }
  }
  if (is_inside)
    end_run(&r);
  return g_string_free(r.out, FALSE);
}

/* ---- decoding ---- */

/* The UTF-16 of one run, from behind "&" to "-"; the place behind it, or NULL. */
static const char *
decode_run(const char *p, GString *out)
{
  uint32_t bits = 0, high = 0;
  unsigned n_bits = 0;
  for (; *p != '-'; p++) {
    const char *digit = *p ? strchr(digits, *p) : NULL;
    if (!digit)
      return NULL;
    bits = bits << 6 | (uint32_t)(digit - digits);
    n_bits += 6;
    if (n_bits < 16)
      continue;
    n_bits -= 16;
    uint32_t unit = bits >> n_bits & 0xffff;
    bool is_low = unit >= 0xdc00 && unit < 0xe000;
    if (is_low != (high != 0))
      return NULL;
    if (unit >= 0xd800 && unit < 0xdc00) {
      high = unit;
      continue;
    }
    if (unit == 0)
      return NULL;
    g_string_append_unichar(out,
                            is_low ? 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00) : unit);
    high = 0;
  }
  return high == 0 ? p + 1 : NULL;
}

char *
imap_name_decode(const char *text)
{
  g_autoptr(GString) out = g_string_new(NULL);
  for (const char *p = text; *p;) {
    if (!stands_for_itself((guchar)*p))
      return NULL;
    if (*p != '&') {
      g_string_append_c(out, *p++);
    } else if (p[1] == '-') {
      g_string_append_c(out, '&');
      p += 2;
    } else {
      p = decode_run(p + 1, out);
      if (!p)
        return NULL;
    }
  }
  g_autofree char *again = imap_name_encode(out->str);
  return strcmp(again, text) == 0 ? g_strdup(out->str) : NULL;
}
