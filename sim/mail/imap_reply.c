/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_reply.c -- what a client hears, as whole responses and their values.
 *
 *     * 1 FETCH (UID 7 BODY[TEXT] {5}CRLF   line; its end announces a literal
 *     hello                                 literal_left counts down
 *      FLAGS (\Seen))CRLF                   line; the response is whole
 *
 * Every octet may come by itself. What a server may make us keep is bounded: line, literal,
 * response, depth and number of values. */
#include "sim/mail/imap_reply.h"

#include <stdlib.h>
#include <string.h>

/* ---- gathering ---- */

void
imap_replies_init(struct imap_replies *r)
{
  *r = (struct imap_replies){.response = g_byte_array_new()};
  lines_init(&r->lines, IMAP_REPLY_LINE_MAX);
}

void
imap_replies_clear(struct imap_replies *r)
{
  g_clear_pointer(&r->response, g_byte_array_unref);
  lines_clear(&r->lines);
}

void
imap_replies_feed(struct imap_replies *r, const uint8_t *p, size_t n)
{
  lines_feed(&r->lines, p, n);
}

size_t
imap_replies_waiting(const struct imap_replies *r)
{
  return lines_waiting(&r->lines) + (r->is_inside ? 1 : 0);
}

/* Does the line announce a literal? "{12}" or "~{12}" at its end. */
static bool
announces(const uint8_t *p, size_t n, uint64_t *octets)
{
  if (n < 3 || p[n - 1] != '}')
    return false;
  size_t at = n - 1;
  *octets = 0;
  while (at > 0 && g_ascii_isdigit(p[at - 1]))
    at--;
  if (at == n - 1 || at == 0 || p[at - 1] != '{')
    return false;
  for (size_t i = at; i < n - 1; i++) {
    *octets = *octets * 10 + p[i] - '0';
    if (*octets > UINT32_MAX)
      *octets = UINT32_MAX; /* far above every limit; must not wrap round */
  }
  return true;
}

static enum imap_replies_got
take_line(struct imap_replies *r, const uint8_t *p, size_t n, struct imap_text *t)
{
  uint64_t octets;
  if (!r->is_inside)
    g_byte_array_set_size(r->response, 0);
  g_byte_array_append(r->response, p, (guint)n);
  r->is_inside = announces(p, n, &octets);
  if (r->response->len > IMAP_REPLY_MAX)
    return IMAP_REPLIES_TOO_BIG;
  if (!r->is_inside) {
    *t = (struct imap_text){.p = r->response->data, .n = r->response->len};
    return IMAP_REPLIES_ONE;
  }
  if (octets > IMAP_REPLY_LITERAL_MAX || r->response->len + octets > IMAP_REPLY_MAX)
    return IMAP_REPLIES_TOO_BIG;
  r->literal_left = (size_t)octets;
  g_byte_array_append(r->response, (const uint8_t *)"\r\n", 2);
  return IMAP_REPLIES_MORE;
}

enum imap_replies_got
imap_replies_next(struct imap_replies *r, struct imap_text *t)
{
  for (;;) {
    const uint8_t *p;
    size_t n;
    if (r->literal_left > 0) {
      n = lines_take(&r->lines, r->literal_left, &p);
      if (n == 0)
        return IMAP_REPLIES_MORE;
      r->literal_left -= n;
      g_byte_array_append(r->response, p, (guint)n);
      continue;
    }
    enum lines_got got = lines_next(&r->lines, &p, &n);
    if (got == LINES_MORE)
      return IMAP_REPLIES_MORE;
    if (got == LINES_TOO_LONG)
      return IMAP_REPLIES_TOO_LONG;
    enum imap_replies_got whole = take_line(r, p, n, t);
    if (whole != IMAP_REPLIES_MORE)
      return whole;
  }
}

/* ---- values ---- */

void
imap_value_free(void *value)
{
  struct imap_value *v = value;
  if (!v)
    return;
  g_clear_pointer(&v->octets, g_bytes_unref);
  g_clear_pointer(&v->children, g_ptr_array_unref);
  g_free(v);
}

/* An atom ends before a space or parenthesis; the brackets of BODY[…] and BINARY[…] hold both. */
static GBytes *
parse_atom(struct imap_text *t)
{
  size_t from = t->at;
  bool in_section = false;
  while (t->at < t->n) {
    uint8_t c = t->p[t->at];
    if (c == '[')
      in_section = true;
    if (c == ']')
      in_section = false;
    if (!in_section && strchr(" ()\"", c) && c)
      break;
    if (c < ' ' || c == 0x7f)
      break;
    t->at++;
  }
  return t->at > from ? g_bytes_new(t->p + from, t->at - from) : NULL;
}

static struct imap_value *parse_value(struct imap_text *t, unsigned depth, unsigned *n_nodes);

/* Items are parted by one space; "((a)(b))" of BODYSTRUCTURE by none. */
static bool
parse_items(struct imap_text *t, struct imap_value *list, unsigned depth, unsigned *n_nodes)
{
  t->at++;
  while (!imap_parse_octet(t, ')')) {
    struct imap_value *child = parse_value(t, depth + 1, n_nodes);
    if (!child)
      return false;
    g_ptr_array_add(list->children, child);
    if (imap_parse_peek(t) != ')' && imap_parse_peek(t) != '(' && !imap_parse_space(t))
      return false;
  }
  return true;
}

static struct imap_value *
parse_value(struct imap_text *t, unsigned depth, unsigned *n_nodes)
{
  char next = imap_parse_peek(t);
  if (depth > IMAP_VALUE_DEPTH_MAX || ++*n_nodes > IMAP_VALUE_NODES_MAX)
    return NULL;
  g_autoptr(imap_value) v = g_new0(struct imap_value, 1);
  if (next == '(') {
    v->kind = IMAP_VALUE_LIST;
    v->children = g_ptr_array_new_with_free_func(imap_value_free);
    return parse_items(t, v, depth, n_nodes) ? g_steal_pointer(&v) : NULL;
  }
  if (next == '~' && t->at + 1 < t->n && t->p[t->at + 1] == '{')
    t->at++; /* literal8, RFC 3516 */
  next = imap_parse_peek(t);
  bool is_string = next == '"' || next == '{';
  v->octets = is_string ? imap_parse_octets(t) : parse_atom(t);
  if (!v->octets)
    return NULL;
  v->kind = is_string ? IMAP_VALUE_STRING : IMAP_VALUE_ATOM;
  if (imap_value_is(v, "NIL"))
    v->kind = IMAP_VALUE_NIL;
  return g_steal_pointer(&v);
}

struct imap_value *
imap_value_parse(struct imap_text *t)
{
  unsigned n_nodes = 0;
  return parse_value(t, 0, &n_nodes);
}

const struct imap_value *
imap_value_at(const struct imap_value *list, guint i)
{
  return list && list->kind == IMAP_VALUE_LIST && i < list->children->len ? list->children->pdata[i]
                                                                          : NULL;
}

char *
imap_value_text(const struct imap_value *v)
{
  if (!v || v->kind == IMAP_VALUE_NIL || v->kind == IMAP_VALUE_LIST)
    return NULL;
  gsize n;
  const char *p = g_bytes_get_data(v->octets, &n);
  return n ? g_strndup(p, n) : g_strdup("");
}

bool
imap_value_is(const struct imap_value *v, const char *word)
{
  if (!v || v->kind == IMAP_VALUE_LIST || v->kind == IMAP_VALUE_STRING)
    return false;
  gsize n;
  const char *p = g_bytes_get_data(v->octets, &n);
  return n == strlen(word) && g_ascii_strncasecmp(p, word, n) == 0;
}

bool
imap_value_number(const struct imap_value *v, uint64_t *n)
{
  if (!v || v->kind != IMAP_VALUE_ATOM)
    return false;
  g_autofree char *text = imap_value_text(v);
  char *end;
  if (!g_ascii_isdigit(text[0]) || strlen(text) > 19)
    return false;
  *n = g_ascii_strtoull(text, &end, 10);
  return *end == '\0';
}

/* ---- status texts ---- */

char *
imap_reply_code(struct imap_text *t)
{
  if (imap_parse_peek(t) != '[')
    return NULL;
  const uint8_t *from = t->p + t->at + 1;
  const uint8_t *end = memchr(from, ']', t->n - t->at - 1);
  if (!end)
    return NULL;
  t->at = (size_t)(end - t->p) + 1;
  imap_parse_space(t);
  return g_strndup((const char *)from, (gsize)(end - from));
}

char *
imap_reply_rest(const struct imap_text *t)
{
  g_autofree char *raw = g_strndup((const char *)t->p + t->at, t->n - t->at);
  return g_utf8_make_valid(raw, -1);
}

bool
imap_reply_code_is(const char *code, const char *word, const char **args)
{
  size_t n = strlen(word);
  if (!code || g_ascii_strncasecmp(code, word, n) != 0 || (code[n] != '\0' && code[n] != ' '))
    return false;
  if (args)
    *args = code[n] ? code + n + 1 : "";
  return true;
}
