/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_path.c -- the addresses in MAIL and RCPT: "<" [ source route ":" ] local-part "@" domain
 * ">".
 *
 *     <@relay.test,@other.test:"bob smith"@[IPv6:2001:db8::7]>
 *      └── source route ──────┘└ local part ┘ └── domain ───┘
 *
 * RFC 5321 4.1.2, 4.1.3; limits 4.5.3.1. A source route is read and forgotten (appendix C). A
 * quoted local part keeps no more quotes than it needs, since every spelling is the same mailbox.
 * With SMTP_PATH_UTF8 the rules of RFC 6531 3.3: UTF-8 stands wherever an atom or a quoted string
 * stands, and labels may be U-labels. */
#include <string.h>

#include "capture/wire/addr.h"
#include "sim/mail/smtp.h"

struct reader {
  const char *text;
  size_t n;
  bool has_utf8;
};

/* Octets of the well-formed UTF-8 character above U+007F at text[at], 0 when there is none or it
 * is not wanted. */
static size_t
utf8_octets(const struct reader *r, size_t at)
{
  if (!r->has_utf8 || at >= r->n || !(r->text[at] & 0x80))
    return 0;
  gunichar c = g_utf8_get_char_validated(r->text + at, (gssize)(r->n - at));
  return c < 0x80 || c > 0x10ffff ? 0 : (size_t)g_unichar_to_utf8(c, NULL);
}

static bool
is_atext(char c)
{
  return g_ascii_isalnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Behind the quoted string that begins at `at`, or `at` when it is none. */
static size_t
quoted_end(const struct reader *r, size_t at)
{
  for (size_t i = at + 1; i < r->n;) {
    size_t n_utf8 = utf8_octets(r, i);
    if (n_utf8 > 0) {
      i += n_utf8;
      continue;
    }
    if (r->text[i] == '"')
      return i + 1;
    if (r->text[i] == '\\')
      i++;
    if (i >= r->n || r->text[i] < ' ' || r->text[i] > '~')
      break;
    i++;
  }
  return at;
}

/* Behind the local part at `at`, or `at` when it is none. */
static size_t
local_end(const struct reader *r, size_t at)
{
  if (at < r->n && r->text[at] == '"')
    return quoted_end(r, at);
  size_t i = at;
  bool is_after_atom = false;
  while (i < r->n) {
    size_t n_utf8 = utf8_octets(r, i);
    if (n_utf8 == 0 && !is_atext(r->text[i]) && !(r->text[i] == '.' && is_after_atom))
      break;
    is_after_atom = r->text[i] != '.';
    i += MAX(n_utf8, 1);
  }
  return is_after_atom ? i : at;
}

/* "[10.0.0.5]" or "[IPv6:2001:db8::7]"; no other kind was ever registered (RFC 5321 4.1.3). */
static bool
is_literal(const char *inside, size_t n)
{
  g_autofree char *text = g_strndup(inside, n);
  struct ip_addr addr;
  bool is_v6 = g_ascii_strncasecmp(text, "IPv6:", 5) == 0;
  return ip_addr_parse(is_v6 ? text + 5 : text, &addr) && addr.version == (is_v6 ? 6 : 4);
}

/* Behind the domain name or address literal at `at`, or `at` when it is none. */
static size_t
domain_end(const struct reader *r, size_t at)
{
  const char *text = r->text;
  if (at < r->n && text[at] == '[') {
    const char *close = memchr(text + at, ']', r->n - at);
    return close && is_literal(text + at + 1, (size_t)(close - text) - at - 1)
               ? (size_t)(close - text) + 1
               : at;
  }
  size_t i = at;
  char before = '.';
  while (i < r->n) {
    size_t n_utf8 = utf8_octets(r, i);
    char c = text[i];
    if (n_utf8 == 0 && !g_ascii_isalnum(c) && !(c == '-' && before != '.') &&
        !(c == '.' && before != '.' && before != '-'))
      break;
    before = c;
    i += MAX(n_utf8, 1);
  }
  return before == '.' || before == '-' ? at : i;
}

/* Behind "@a,@b:", or `at` when there is none. *is_bad when it begins like one and is not. */
static size_t
route_end(const struct reader *r, size_t at, bool *is_bad)
{
  size_t i = at;
  if (i >= r->n || r->text[i] != '@')
    return at;
  *is_bad = true;
  for (;;) {
    if (i >= r->n || r->text[i] != '@')
      return at;
    size_t end = domain_end(r, i + 1);
    if (end == i + 1 || end >= r->n)
      return at;
    i = end + 1;
    if (r->text[end] == ':')
      break;
    if (r->text[end] != ',')
      return at;
  }
  *is_bad = false;
  return i;
}

/* The local part at [from..to): "\"bob\"" and "\"b\\ob\"" are bob, who stands without quotes. */
static char *
least_quoted(const struct reader *r, size_t from, size_t to)
{
  if (r->text[from] != '"')
    return g_strndup(r->text + from, to - from);
  g_autoptr(GString) inside = g_string_new(NULL);
  g_autoptr(GString) quoted = g_string_new("\"");
  for (size_t i = from + 1; i < to - 1; i++) {
    i += r->text[i] == '\\';
    g_string_append_c(inside, r->text[i]);
    if (r->text[i] == '"' || r->text[i] == '\\')
      g_string_append_c(quoted, '\\');
    g_string_append_c(quoted, r->text[i]);
  }
  g_string_append_c(quoted, '"');
  struct reader bare = {inside->str, inside->len, r->has_utf8};
  bool needs_quotes =
      inside->len == 0 || inside->str[0] == '"' || local_end(&bare, 0) != inside->len;
  return g_strdup(needs_quotes ? quoted->str : inside->str);
}

static bool
is_postmaster(const struct reader *r, size_t from, size_t to)
{
  return to - from == 10 && g_ascii_strncasecmp(r->text + from, "postmaster", 10) == 0;
}

/* The limits of a path whose parts are known: 4.5.3.1.1 to 4.5.3.1.3. */
static const char *
excess(const struct reader *r, size_t local_at, size_t at, size_t end)
{
  if (at - local_at > SMTP_LOCAL_MAX)
    return "the local part is longer than 64 octets";
  if (end - at - 1 > SMTP_DOMAIN_MAX)
    return "the domain is longer than 255 octets";
  if (end - local_at + 2 > SMTP_PATH_MAX)
    return "the path is longer than 256 octets";
  g_autofree char *domain = g_strndup(r->text + at + 1, end - at - 1);
  g_autofree char *ascii = smtp_domain_ascii(domain);
  return ascii ? NULL : "the domain is no internationalized name";
}

bool
smtp_path_parse(const char *text, size_t n, unsigned allowed, char **address, size_t *n_read,
                const char **error)
{
  struct reader r = {text, n, allowed & SMTP_PATH_UTF8};
  bool is_null_allowed = allowed & SMTP_PATH_NULL, is_bad_route = false;
  *error = "the address must stand in angle brackets";
  if (n < 2 || text[0] != '<')
    return false;
  *error = "the null path is no recipient";
  if (text[1] == '>') {
    *address = is_null_allowed ? g_strdup("") : NULL;
    *n_read = 2;
    return is_null_allowed;
  }
  size_t local_at = route_end(&r, 1, &is_bad_route);
  *error = "bad source route";
  if (is_bad_route)
    return false;
  size_t at = local_end(&r, local_at);
  *error = "bad local part";
  if (at == local_at)
    return false;
  if (at < n && text[at] == '>' && !is_null_allowed && is_postmaster(&r, local_at, at)) {
    *address = g_strndup(text + local_at, at - local_at); /* 4.5.1: without a domain */
    *n_read = at + 1;
    return true;
  }
  bool has_domain = at < n && text[at] == '@';
  *error = at < n && text[at] == '>' ? "the address has no domain" : "bad local part";
  if (!has_domain)
    return false;
  size_t end = domain_end(&r, at + 1);
  *error = "bad domain";
  if (end == at + 1)
    return false;
  *error = "the address does not end with >";
  if (end >= n || text[end] != '>')
    return false;
  *error = excess(&r, local_at, at, end);
  if (*error)
    return false;
  g_autofree char *local = least_quoted(&r, local_at, at);
  *address = g_strdup_printf("%s%.*s", local, (int)(end - at), text + at);
  *n_read = end + 1;
  return true;
}
