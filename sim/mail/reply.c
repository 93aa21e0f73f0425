/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reply.c -- knows when a server's answers to what was typed are complete.
 *
 *     typed ─> lines ─> what is owed for each (a queue) ─┐
 *                                                        ├─> settled when nothing is owed
 *     heard ─> lines ─> what each of them pays ──────────┘
 *
 * SMTP and POP3 answer in order, so their queue holds kinds; IMAP answers by tag, so its queue
 * holds tags, and "+" is an answer for the moment only: the command is still owed its own. */
#include "sim/mail/reply.h"

#include <stdlib.h>
#include <string.h>

#include "capture/wire/mail.h"

/* What is owed. */
enum kind { KIND_ONE, KIND_LINES, KIND_RCPT, KIND_DATA, KIND_END };

struct owed {
  enum kind kind;
  char *tag; /* IMAP */
};

/* Lines of one direction; octets that are counted (literals, BDAT) pass beside them. */
struct cutter {
  GByteArray *line;
  uint64_t n_counted; /* octets still to pass */
};

struct reply_watch {
  enum reply_protocol protocol;
  struct cutter typed, heard;
  GArray *queue; /* struct owed */
  GString *text;
  bool owes_greeting;
  bool in_content;  /* SMTP: behind DATA */
  bool in_lines;    /* POP3: behind a +OK that opens several; SMTP: behind "250-" */
  bool got_plus;    /* IMAP: since something was typed */
  bool owes_plus;   /* IMAP: a literal was announced */
  bool in_command;  /* IMAP: behind a literal, the command goes on */
  unsigned n_rcpts; /* LMTP: accepted since MAIL */
};

static const struct {
  const char *name;
  uint16_t ports[3];
} protocols[REPLY_N_PROTOCOLS] = {[REPLY_LINE] = {"line", {0}},
                                  [REPLY_SMTP] = {"smtp", {25, 587, 465}},
                                  [REPLY_LMTP] = {"lmtp", {24}},
                                  [REPLY_POP3] = {"pop3", {110, 995}},
                                  [REPLY_IMAP] = {"imap", {143, 993}}};

enum reply_protocol
reply_protocol_find(const char *name)
{
  for (unsigned i = 0; i < REPLY_N_PROTOCOLS; i++)
    if (g_ascii_strcasecmp(name, protocols[i].name) == 0)
      return (enum reply_protocol)i;
  return REPLY_LINE;
}

enum reply_protocol
reply_protocol_of_port(uint16_t port)
{
  for (unsigned i = 0; i < REPLY_N_PROTOCOLS; i++)
    for (unsigned k = 0; k < G_N_ELEMENTS(protocols[i].ports); k++)
      if (port != 0 && protocols[i].ports[k] == port)
        return (enum reply_protocol)i;
  return REPLY_LINE;
}

/* ---- what is owed ---- */

static void
owed_clear(void *data)
{
  g_free(((struct owed *)data)->tag);
}

static void
owe(struct reply_watch *w, enum kind kind, const char *tag)
{
  struct owed o = {.kind = kind, .tag = g_strdup(tag)};
  if (w->queue->len < REPLY_PENDING_MAX)
    g_array_append_val(w->queue, o);
  else
    g_free(o.tag);
}

/* The oldest debt is paid. KIND_ONE when there was none. */
static enum kind
pay(struct reply_watch *w)
{
  if (w->queue->len == 0)
    return KIND_ONE;
  enum kind kind = g_array_index(w->queue, struct owed, 0).kind;
  g_array_remove_index(w->queue, 0);
  return kind;
}

/* The octets of a literal that the line's end announces; *needs_plus unless it is "{3+}". */
static bool
ends_in_literal(const char *line, uint64_t *n, bool *needs_plus)
{
  size_t length = strlen(line);
  const char *brace = length > 2 && line[length - 1] == '}' ? strrchr(line, '{') : NULL;
  if (!brace || !g_ascii_isdigit(brace[1]))
    return false;
  char *end;
  *n = g_ascii_strtoull(brace + 1, &end, 10);
  *needs_plus = *end != '+';
  return *end == '}' || (*end == '+' && end[1] == '}');
}

/* ---- typed lines ---- */

static bool
is_verb(const char *line, const char *verb)
{
  size_t n = strlen(verb);
  return g_ascii_strncasecmp(line, verb, n) == 0 && (line[n] == '\0' || line[n] == ' ');
}

static void
typed_smtp(struct reply_watch *w, const char *line, bool is_crlf)
{
  if (w->in_content) {
    if (!is_crlf || strcmp(line, ".") != 0)
      return;
    w->in_content = false;
    unsigned n = w->protocol == REPLY_LMTP ? MAX(w->n_rcpts, 1) : 1;
    for (unsigned i = 0; i < n; i++)
      owe(w, KIND_END, NULL);
    return;
  }
  enum kind kind = is_verb(line, "DATA") ? KIND_DATA : is_verb(line, "RCPT") ? KIND_RCPT : KIND_ONE;
  if (is_verb(line, "MAIL") || is_verb(line, "RSET"))
    w->n_rcpts = 0;
  if (is_verb(line, "BDAT"))
    w->typed.n_counted = g_ascii_strtoull(line + 4, NULL, 10);
  w->in_content = kind == KIND_DATA;
  owe(w, kind, NULL);
}

static void
typed_pop3(struct reply_watch *w, const char *line)
{
  static const char *const always[] = {"RETR", "TOP", "CAPA"};
  static const char *const without_word[] = {"LIST", "UIDL", "LANG", "AUTH"};
  enum kind kind = KIND_ONE;
  for (unsigned i = 0; i < G_N_ELEMENTS(always); i++)
    if (is_verb(line, always[i]))
      kind = KIND_LINES;
  for (unsigned i = 0; i < G_N_ELEMENTS(without_word); i++)
    if (g_ascii_strcasecmp(line, without_word[i]) == 0)
      kind = KIND_LINES;
  owe(w, kind, NULL);
}

static void
typed_imap(struct reply_watch *w, const char *line)
{
  uint64_t n;
  bool needs_plus;
  /* Behind the "+" of AUTHENTICATE or IDLE it is an answer, not a command. */
  bool is_answer = w->queue->len > 0 && w->got_plus && !w->in_command;
  if (!w->in_command && !is_answer) {
    g_autofree char *tag = g_strndup(line, strcspn(line, " "));
    owe(w, KIND_ONE, tag);
  }
  w->got_plus = false;
  w->in_command = !is_answer && ends_in_literal(line, &n, &needs_plus);
  if (!w->in_command)
    return;
  w->typed.n_counted = n;
  w->owes_plus = needs_plus;
}

static void
typed_line(struct reply_watch *w, const char *line, bool is_crlf)
{
  if (w->protocol == REPLY_SMTP || w->protocol == REPLY_LMTP)
    typed_smtp(w, line, is_crlf);
  else if (w->protocol == REPLY_POP3)
    typed_pop3(w, line);
  else if (w->protocol == REPLY_IMAP)
    typed_imap(w, line);
  else
    owe(w, KIND_ONE, NULL);
}

/* ---- heard lines ---- */

static void
heard_smtp(struct reply_watch *w, const char *line)
{
  if (line[0] && line[1] && line[2] && line[3] == '-')
    return; /* more of this reply follows */
  if (w->owes_greeting) {
    w->owes_greeting = false;
    return;
  }
  enum kind kind = pay(w);
  if (kind == KIND_DATA && strncmp(line, "354", 3) != 0)
    w->in_content = false; /* what is typed now are commands */
  if (kind == KIND_RCPT && line[0] == '2')
    w->n_rcpts++;
}

static void
heard_pop3(struct reply_watch *w, const char *line)
{
  if (w->in_lines) {
    w->in_lines = strcmp(line, ".") != 0;
    return;
  }
  if (w->owes_greeting) {
    w->owes_greeting = false;
    return;
  }
  w->in_lines = pay(w) == KIND_LINES && strncmp(line, "+OK", 3) == 0;
}

/* The command with this tag is answered; a literal that it still announced will not be taken. */
static void
pay_tag(struct reply_watch *w, const char *tag)
{
  for (guint i = 0; i < w->queue->len; i++) {
    if (strcmp(g_array_index(w->queue, struct owed, i).tag, tag) != 0)
      continue;
    if (i + 1 == w->queue->len && w->owes_plus) {
      w->owes_plus = w->in_command = false;
      w->typed.n_counted = 0;
    }
    g_array_remove_index(w->queue, i);
    return;
  }
}

static void
heard_imap(struct reply_watch *w, const char *line)
{
  bool needs_plus;
  uint64_t n = 0;
  if (line[0] == '+') {
    w->got_plus = true;
    w->owes_plus = false;
    return;
  }
  w->heard.n_counted = ends_in_literal(line, &n, &needs_plus) ? n : 0;
  if (w->in_lines || line[0] != '*') { /* inside a response with literals no tag is found */
    if (!w->in_lines) {
      g_autofree char *tag = g_strndup(line, strcspn(line, " "));
      pay_tag(w, tag);
    }
  } else {
    w->owes_greeting = false;
    if (g_ascii_strncasecmp(line, "* BYE", 5) == 0)
      reply_watch_forgive(w);
    else if (g_ascii_strncasecmp(line, "* BAD", 5) == 0)
      pay(w); /* it had no tag that could be given back */
  }
  w->in_lines = w->heard.n_counted > 0;
}

static void
heard_line(struct reply_watch *w, const char *line)
{
  if (w->protocol == REPLY_SMTP || w->protocol == REPLY_LMTP)
    heard_smtp(w, line);
  else if (w->protocol == REPLY_POP3)
    heard_pop3(w, line);
  else if (w->protocol == REPLY_IMAP)
    heard_imap(w, line);
  else
    reply_watch_forgive(w);
}

/* ---- cutting ---- */

/* Takes octets up to the end of one line or of counted octets. Returns how many; *line is set when
 * a line is complete (then the caller empties the cutter's). */
static size_t
cut(struct cutter *c, const uint8_t *p, size_t n, bool *is_line)
{
  *is_line = false;
  if (c->n_counted > 0) {
    size_t taken = (size_t)MIN(c->n_counted, n);
    c->n_counted -= taken;
    return taken;
  }
  size_t whole = line_find(p, n);
  size_t taken = whole ? whole : n;
  size_t room = REPLY_LINE_MAX - MIN(c->line->len, REPLY_LINE_MAX);
  g_byte_array_append(c->line, p, (guint)MIN(taken, room));
  *is_line = whole > 0;
  return taken;
}

static char *
line_of(struct cutter *c, bool *is_crlf)
{
  size_t n = line_trim(c->line->data, c->line->len);
  *is_crlf = c->line->len == n + 2;
  char *line = g_strndup((const char *)c->line->data, n);
  g_byte_array_set_size(c->line, 0);
  return line;
}

void
reply_watch_typed(struct reply_watch *w, const uint8_t *p, size_t n)
{
  g_string_truncate(w->text, 0);
  for (size_t at = 0; at < n;) {
    bool is_line, is_crlf;
    at += cut(&w->typed, p + at, n - at, &is_line);
    if (!is_line)
      continue;
    g_autofree char *line = line_of(&w->typed, &is_crlf);
    typed_line(w, line, is_crlf);
  }
}

void
reply_watch_heard(struct reply_watch *w, const uint8_t *p, size_t n)
{
  for (size_t i = 0; i < n && w->text->len < REPLY_TEXT_MAX; i++)
    g_string_append_c(w->text, p[i] ? (char)p[i] : ' ');
  for (size_t at = 0; at < n;) {
    bool is_line, is_crlf;
    at += cut(&w->heard, p + at, n - at, &is_line);
    if (!is_line)
      continue;
    g_autofree char *line = line_of(&w->heard, &is_crlf);
    heard_line(w, line);
  }
}

/* ---- the rest ---- */

bool
reply_watch_is_settled(const struct reply_watch *w)
{
  if (w->owes_greeting || w->owes_plus || w->in_lines)
    return false;
  return w->queue->len == 0 || (w->protocol == REPLY_IMAP && w->got_plus);
}

const char *
reply_watch_text(const struct reply_watch *w)
{
  return w->text->str;
}

void
reply_watch_forgive(struct reply_watch *w)
{
  g_array_set_size(w->queue, 0);
  w->owes_greeting = w->owes_plus = w->in_lines = w->in_content = w->in_command = false;
  w->typed.n_counted = 0;
}

struct reply_watch *
reply_watch_new(enum reply_protocol protocol)
{
  struct reply_watch *w = g_new0(struct reply_watch, 1);
  w->protocol = protocol;
  w->typed.line = g_byte_array_new();
  w->heard.line = g_byte_array_new();
  w->queue = g_array_new(FALSE, FALSE, sizeof(struct owed));
  g_array_set_clear_func(w->queue, owed_clear);
  w->text = g_string_new(NULL);
  w->owes_greeting = true;
  return w;
}

void
reply_watch_free(struct reply_watch *w)
{
  if (!w)
    return;
  g_byte_array_unref(w->typed.line);
  g_byte_array_unref(w->heard.line);
  g_array_unref(w->queue);
  g_string_free(w->text, TRUE);
  g_free(w);
}
