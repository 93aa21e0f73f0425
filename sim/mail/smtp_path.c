/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_path.c -- the addresses in MAIL and RCPT: "<" [ source route ":" ] local-part "@" domain
 * ">".
 *
 * RFC 5321 4.1.2; limits 4.5.3.1. A source route is read and forgotten (appendix C). A quoted local
 * part keeps its quotes. Not here: SMTPUTF8 (octets above 126 are refused). */
#include <string.h>

#include "sim/mail/smtp.h"

static bool
is_atext(char c)
{
  return g_ascii_isalnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static size_t
local_quoted(const char *p, size_t n)
{
  for (size_t i = 1; i < n; i++) {
    if (p[i] == '"')
      return i + 1;
    if (p[i] == '\\')
      i++;
    if (i >= n || p[i] < ' ' || p[i] > '~')
      break;
  }
  return 0;
}

/* Octets of the local part at p, 0 when it is none. */
static size_t
local_octets(const char *p, size_t n)
{
  if (n > 0 && p[0] == '"')
    return local_quoted(p, n);
  size_t i = 0;
  while (i < n && (is_atext(p[i]) || (p[i] == '.' && i > 0 && p[i - 1] != '.')))
    i++;
  return i > 0 && p[i - 1] == '.' ? 0 : i;
}

/* Octets of the domain or address literal at p, 0 when it is none. */
static size_t
domain_octets(const char *p, size_t n)
{
  if (n > 0 && p[0] == '[') {
    const char *close = memchr(p, ']', n);
    for (size_t i = 1; close && p + i < close; i++) {
      if (!g_ascii_isalnum(p[i]) && !strchr(".:-", p[i]))
        return 0;
    }
    return close && close > p + 1 ? (size_t)(close - p) + 1 : 0;
  }
  size_t i = 0;
  while (i < n &&
         (g_ascii_isalnum(p[i]) || ((p[i] == '-' || p[i] == '.') && i > 0 &&
                                    !(p[i] == '.' && (p[i - 1] == '.' || p[i - 1] == '-')) &&
                                    !(p[i] == '-' && p[i - 1] == '.'))))
    i++;
  return i > 0 && (p[i - 1] == '.' || p[i - 1] == '-') ? 0 : i;
}

/* Octets of "@a,@b:" at p; 0 when there is none. */
static size_t
route_octets(const char *p, size_t n)
{
  if (n == 0 || p[0] != '@')
    return 0;
  const char *colon = memchr(p, ':', n);
  return colon ? (size_t)(colon - p) + 1 : 0;
}

const char *
smtp_domain(const char *address)
{
  const char *at = strrchr(address, '@');
  return at ? at + 1 : "";
}

bool
smtp_path_parse(const char *text, size_t n, bool is_null_allowed, char **address, size_t *n_read,
                const char **error)
{
  if (n < 2 || text[0] != '<') {
    *error = "the address must stand in angle brackets";
    return false;
  }
  size_t at = 1;
  if (text[1] == '>') {
    *error = "the null path is no recipient";
    *address = is_null_allowed ? g_strdup("") : NULL;
    *n_read = 2;
    return is_null_allowed;
  }
  at += route_octets(text + at, n - at);
  size_t n_local = local_octets(text + at, n - at);
  size_t local_at = at;
  at += n_local;
  *error = "bad local part";
  if (n_local == 0)
    return false;
  *error = "the local part is longer than 64 octets";
  if (n_local > SMTP_LOCAL_MAX)
    return false;
  if (at < n && text[at] == '>' && !is_null_allowed && n_local == 10 &&
      g_ascii_strncasecmp(text + local_at, "postmaster", 10) == 0) {
    *address = g_strndup(text + local_at, n_local); /* 4.5.1: without a domain */
    *n_read = at + 1;
    return true;
  }
  *error = "the address has no domain";
  if (at >= n || text[at] != '@')
    return false;
  size_t n_domain = domain_octets(text + at + 1, n - at - 1);
  *error = "bad domain";
  if (n_domain == 0)
    return false;
  *error = "the domain is longer than 255 octets";
  if (n_domain > SMTP_DOMAIN_MAX)
    return false;
  at += 1 + n_domain;
  *error = "the address does not end with >";
  if (at >= n || text[at] != '>')
    return false;
  *address = g_strndup(text + local_at, at - local_at);
  *n_read = at + 1;
  return true;
}
