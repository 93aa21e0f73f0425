/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.c -- address lists of headers, word by word.
 *
 *     Ann Lee <@relay.test:ann@a.test>, bob@b.test (Bob), Team: eve@c.test, dan@c.test;
 *     └name─┘   └route─────┘ └mailbox        └comment     └group             └its end
 *
 * A reader that never fails: words are gathered until a delimiter says what they were. RFC 5322 3.4
 * and 4.4. */
#include "sim/mail/address.h"

#include <string.h>

struct reader {
  const char *c;
  GArray *list;
  GString *words;   /* as a name: atoms and contents of quoted strings, one space between them */
  GString *address; /* the same without spaces, as local part or domain */
  GString *comment; /* the last one */
  bool has_words;
};

static void
address_clear(void *data)
{
  struct address *a = data;
  g_free(a->name);
  g_free(a->route);
  g_free(a->mailbox);
  g_free(a->host);
}

static void
forget_words(struct reader *r)
{
  g_string_truncate(r->words, 0);
  g_string_truncate(r->address, 0);
  r->has_words = false;
}

static void
read_comment(struct reader *r)
{
  unsigned depth = 0;
  g_string_truncate(r->comment, 0);
  for (; *r->c; r->c++) {
    if (*r->c == '(' && depth++ == 0)
      continue;
    if (*r->c == ')' && --depth == 0) {
      r->c++;
      return;
    }
    if (*r->c == '\\' && r->c[1])
      r->c++;
    g_string_append_c(r->comment, *r->c);
  }
}

static void
skip_blank(struct reader *r)
{
  while (*r->c == ' ' || *r->c == '\t' || *r->c == '\r' || *r->c == '\n' || *r->c == '(') {
    if (*r->c == '(')
      read_comment(r);
    else
      r->c++;
  }
}

/* One atom (with its dots), quoted string or domain literal. False at a delimiter. */
static bool
read_word(struct reader *r, bool has_space)
{
  gsize at = r->address->len;
  if (*r->c == '"') {
    for (r->c++; *r->c && *r->c != '"'; r->c++) {
      if (*r->c == '\\' && r->c[1])
        r->c++;
      g_string_append_c(r->address, *r->c);
    }
    if (*r->c)
      r->c++;
  } else if (*r->c == '[') {
    gsize n = strcspn(r->c, "]");
    n += r->c[n] == ']';
    g_string_append_len(r->address, r->c, (gssize)n);
    r->c += n;
  } else {
    gsize n = strcspn(r->c, " \t\r\n()<>,:;@\"[");
    if (n == 0)
      return false;
    g_string_append_len(r->address, r->c, (gssize)n);
    r->c += n;
  }
  if (has_space && r->has_words)
    g_string_append_c(r->words, ' ');
  g_string_append(r->words, r->address->str + at);
  r->has_words = true;
  return true;
}

/* Words up to a delimiter. */
static void
read_words(struct reader *r)
{
  forget_words(r);
  for (;;) {
    const char *before = r->c;
    skip_blank(r);
    if (!read_word(r, r->c > before))
      return;
  }
}

static void
add(struct reader *r, const char *name, const char *route, const char *mailbox, const char *host)
{
  struct address a = {g_strdup(name), g_strdup(route), g_strdup(mailbox), g_strdup(host)};
  if (r->list->len < ADDRESS_MAX)
    g_array_append_val(r->list, a);
  else
    address_clear(&a);
}

/* Behind '@': the domain, NULL when there is none. */
static char *
read_domain(struct reader *r)
{
  read_words(r);
  return r->has_words ? g_strdup(r->address->str) : NULL;
}

/* Between '<' and '>'. */
static void
read_angle(struct reader *r, const char *name)
{
  g_autoptr(GString) route = g_string_new(NULL);
  skip_blank(r);
  while (*r->c == '@' || *r->c == ',') { /* "@a,@b:" */
    char delimiter = *r->c++;
    g_autofree char *domain = delimiter == '@' ? read_domain(r) : NULL;
    if (domain)
      g_string_append_printf(route, "%s@%s", route->len ? "," : "", domain);
    skip_blank(r);
  }
  if (*r->c == ':')
    r->c++;
  read_words(r);
  g_autofree char *mailbox = g_strdup(r->address->str);
  g_autofree char *host = NULL;
  if (*r->c == '@') {
    r->c++;
    host = read_domain(r);
  }
  r->c += strcspn(r->c, ">");
  if (*r->c)
    r->c++;
  if (*mailbox || host || name)
    add(r, name, route->len ? route->str : NULL, mailbox, host ? host : "");
}

/* One address or the begin of a group; moves over at least one octet. */
static void
read_one(struct reader *r, bool *is_in_group)
{
  g_string_truncate(r->comment, 0);
  read_words(r);
  g_autofree char *name = r->has_words ? g_strdup(r->words->str) : NULL;
  g_autofree char *mailbox = g_strdup(r->address->str);
  switch (*r->c) {
  case '<':
    r->c++;
    read_angle(r, name);
    break;
  case ':':
    r->c++;
    if (*is_in_group) /* groups do not nest */
      add(r, NULL, NULL, NULL, NULL);
    add(r, NULL, NULL, name ? name : "", NULL);
    *is_in_group = true;
    break;
  case '@': {
    r->c++;
    g_autofree char *host = read_domain(r);
    skip_blank(r);
    add(r, r->comment->len ? r->comment->str : NULL, NULL, mailbox, host ? host : "");
    break;
  }
  default:
    if (r->has_words)
      add(r, r->comment->len ? r->comment->str : NULL, NULL, name, "");
    if (*r->c == '>' || *r->c == ')')
      r->c++;
  }
}

GArray *
address_parse(const char *value)
{
  struct reader r = {.c = value};
  r.list = g_array_new(FALSE, FALSE, sizeof(struct address));
  g_array_set_clear_func(r.list, address_clear);
  r.words = g_string_new(NULL);
  r.address = g_string_new(NULL);
  r.comment = g_string_new(NULL);
  bool is_in_group = false;
  while (*r.c) {
    skip_blank(&r);
    if (*r.c == ';' && is_in_group) {
      add(&r, NULL, NULL, NULL, NULL);
      is_in_group = false;
    }
    if (*r.c == ',' || *r.c == ';')
      r.c++;
    else if (*r.c)
      read_one(&r, &is_in_group);
  }
  if (is_in_group)
    add(&r, NULL, NULL, NULL, NULL);
  g_string_free(r.words, TRUE);
  g_string_free(r.address, TRUE);
  g_string_free(r.comment, TRUE);
  return r.list;
}
