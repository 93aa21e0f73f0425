/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_text.c -- the small notations of the envelope: domains as A-labels, xtext, NOTIFY.
 *
 * Two spellings of a domain are the same domain when their A-labels are (RFC 5890 2.3.2.4). xtext
 * writes what may not stand in a parameter as "+" and two hexadecimal digits (RFC 3461 4). */
#include <string.h>

#include "sim/mail/envelope.h"
#include "sim/mail/smtp_text.h"

#include <idn2.h> /* behind GLib, whose macros it would define */

/* ---- domains ---- */

const char *
smtp_domain(const char *address)
{
  const char *at = strrchr(address, '@');
  return at ? at + 1 : "";
}

bool
smtp_is_ascii(const char *text)
{
  for (; *text; text++) {
    if (*text & 0x80)
      return false;
  }
  return true;
}

char *
smtp_domain_ascii(const char *domain)
{
  if (smtp_is_ascii(domain))
    return g_strdup(domain);
  char *found = NULL;
  if (idn2_to_ascii_8z(domain, &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
    return NULL;
  char *ascii = g_strdup(found);
  idn2_free(found);
  return ascii;
}

bool
smtp_domain_equal(const char *a, const char *b)
{
  g_autofree char *a_ascii = smtp_domain_ascii(a), *b_ascii = smtp_domain_ascii(b);
  return a_ascii && b_ascii && g_ascii_strcasecmp(a_ascii, b_ascii) == 0;
}

/* ---- xtext ---- */

static bool
is_plain(char c)
{
  return c > ' ' && c <= '~' && c != '+' && c != '=';
}

char *
smtp_xtext_encode(const char *text)
{
  GString *out = g_string_new(NULL);
  for (; *text; text++) {
    if (is_plain(*text))
      g_string_append_c(out, *text);
    else
      g_string_append_printf(out, "+%02X", (uint8_t)*text);
  }
  return g_string_free(out, FALSE);
}

static int
upper_hex(char c)
{
  return g_ascii_isdigit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *
smtp_xtext_decode(const char *text, size_t n)
{
  g_autoptr(GString) out = g_string_new(NULL);
  for (size_t i = 0; i < n; i++) {
    if (text[i] != '+') {
      if (!is_plain(text[i]))
        return NULL;
      g_string_append_c(out, text[i]);
      continue;
    }
    int high = i + 2 < n ? upper_hex(text[i + 1]) : -1,
        low = i + 2 < n ? upper_hex(text[i + 2]) : -1;
    if (high < 0 || low < 0 || (high == 0 && low == 0))
      return NULL; /* a NUL inside would cut the text */
    g_string_append_c(out, (char)(high * 16 + low));
    i += 2;
  }
  return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- NOTIFY ---- */

static const struct {
  const char *name;
  unsigned bit;
} notifies[] = {{"NEVER", ENVELOPE_NOTIFY_NEVER},
                {"SUCCESS", ENVELOPE_NOTIFY_SUCCESS},
                {"FAILURE", ENVELOPE_NOTIFY_FAILURE},
                {"DELAY", ENVELOPE_NOTIFY_DELAY}};

bool
smtp_notify_parse(const char *text, unsigned *notify)
{
  g_auto(GStrv) words = g_strsplit(text, ",", -1);
  unsigned found = 0;
  for (char **word = words; *word; word++) {
    unsigned bit = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(notifies); i++) {
      if (g_ascii_strcasecmp(*word, notifies[i].name) == 0)
        bit = notifies[i].bit;
    }
    if (!bit || found & bit)
      return false;
    found |= bit;
  }
  *notify = found;
  return found != 0 && (!(found & ENVELOPE_NOTIFY_NEVER) || found == ENVELOPE_NOTIFY_NEVER);
}

char *
smtp_notify_format(unsigned notify)
{
  GString *out = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(notifies); i++) {
    if (notify & notifies[i].bit)
      g_string_append_printf(out, "%s%s", out->len ? "," : "", notifies[i].name);
  }
  return g_string_free(out, FALSE);
}
