/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_starttls.c -- the change from clear text to TLS, watched for all three protocols.
 *
 *     list ──STARTTLS in it──> offered ──asks──> asked ──go-ahead──> accepted ──record──> TLS
 *      └──without──> ABSENT      └─goes on─> IGNORED │ refused, then a login ─> REFUSED_LOGIN
 *                                                    │ octets behind the request ─> PIPELINED
 *         accepted: the server's next octets are no record, then the client begins TLS ─> INJECTED
 *                   the client's next octets are no record ─> CLEAR, and lines are read again
 *
 * Each thing is told once in a connection. What a hole in the server's octets may have swallowed is
 * not told: a list is absent only when all of it was seen. Nobody asks here what it means beside
 * other connections (capture/findings/findings_starttls.c).
 *
 * RFC 3207 (SMTP), 2595 (POP3, IMAP), 9051 section 6.2.1; NO STARTTLS (2021) for the attacks. */
#include <glib.h>
#include <string.h>

#include "capture/trace/appsession_private.h"

/* A middlebox that may not shorten a list puts X for what it takes away: "XXXXXXXA". */
enum { FILLER_MIN = 4 };

static struct notice
notice_of(const struct appsession *s, enum notice_kind kind, enum side side, uint64_t offset,
          uint64_t n, uint32_t frame)
{
  return (struct notice){.kind = kind,
                         .app = (enum app)s->app,
                         .side = side,
                         .element = ELEMENT_NONE,
                         .frame = frame,
                         .offset = offset,
                         .n_octets = (uint32_t)MIN(n, UINT32_MAX)};
}

static void
tell(struct appsession *s, const struct notice *n)
{
  uint32_t bit = UINT32_C(1) << (n->kind - NOTICE_STARTTLS_OFFERED);
  if (s->starttls.told & bit)
    return;
  s->starttls.told |= bit;
  s->sink->notice(s->data, n);
}

static bool
is_over(const struct appsession *s)
{
  return s->tls_started || s->starttls.accepted || s->went_on;
}

/* ---- lists of capabilities ---- */

static bool
is_filler(const uint8_t *p, size_t n)
{
  if (n < FILLER_MIN)
    return false;
  for (size_t i = 0; i + 1 < n; i++)
    if (p[i] != 'X')
      return false;
  return p[n - 1] >= 'A' && p[n - 1] <= 'Z';
}

void
starttls_word(struct appsession *s, const struct app_line *line, const uint8_t *p, size_t n)
{
  struct app_starttls *t = &s->starttls;
  if (n < FILLER_MIN || ((p[0] & 0xdf) != 'S' && p[0] != 'X')) /* neither, as most words are */
    return;
  bool offers = text_is(p, n, s->app == APP_POP3 ? "STLS" : "STARTTLS");
  bool fills = is_filler(p, n);
  if ((!offers && !fills) || is_over(s))
    return;
  struct notice notice = notice_of(s, offers ? NOTICE_STARTTLS_OFFERED : NOTICE_STARTTLS_FILLER,
                                   SIDE_SERVER, line->offset, line->n_octets, line->last_frame);
  notice.text = p;
  notice.n_text = n;
  if (offers) {
    t->offered = t->list_offers = true;
    t->offer_offset = line->offset;
    t->offer_octets = (uint32_t)line->n_octets;
  }
  tell(s, &notice);
}

void
starttls_list_line(struct appsession *s, const struct app_line *line)
{
  struct app_starttls *t = &s->starttls;
  if (t->in_list)
    return;
  t->in_list = true;
  t->list_offers = false;
  t->list_offset = line->offset;
}

void
starttls_list_end(struct appsession *s, const struct app_line *line)
{
  struct app_starttls *t = &s->starttls;
  if (!t->in_list)
    return;
  t->in_list = false;
  if (t->list_offers || t->has_hole || t->offered || is_over(s))
    return;
  struct notice n = notice_of(s, NOTICE_STARTTLS_ABSENT, SIDE_SERVER, t->list_offset,
                              line->offset + line->n_octets - t->list_offset, line->last_frame);
  tell(s, &n);
}

void
starttls_list_in_line(struct appsession *s, const struct app_line *line, const uint8_t *p, size_t n)
{
  starttls_list_line(s, line);
  for (size_t i = 0; i < n;) {
    size_t end = i;
    while (end < n && p[end] != ' ')
      end++;
    starttls_word(s, line, p + i, end - i);
    i = end + 1;
  }
  starttls_list_end(s, line);
}

/* ---- what the client does ---- */

void
starttls_asked(struct appsession *s, const struct app_line *line)
{
  s->tls_asked = true;
  s->starttls.asked = true;
  s->starttls.asked_end = line->offset + line->n_octets;
  s->starttls.begun_at = 0;
}

void
starttls_begun(struct appsession *s)
{
  s->starttls.begun_at = s->sides[SIDE_CLIENT].offset;
}

void
starttls_goes_on(struct appsession *s, const struct app_line *line, uint16_t verb,
                 size_t secret_first, bool is_login)
{
  struct app_starttls *t = &s->starttls;
  if (is_over(s) || s->tls_asked)
    return;
  s->went_on = is_login || !t->refused;
  bool ignores = t->offered && !t->asked;
  if (!ignores && !(t->refused && is_login))
    return;
  size_t n = secret_first && secret_first < line->n_text ? secret_first : line->n_text;
  struct notice notice =
      notice_of(s, ignores ? NOTICE_STARTTLS_IGNORED : NOTICE_STARTTLS_REFUSED_LOGIN, SIDE_CLIENT,
                line->offset, n, line->last_frame);
  notice.code = verb;
  notice.other_offset = ignores ? t->offer_offset : t->refusal_offset;
  notice.other_octets = ignores ? t->offer_octets : t->refusal_octets;
  tell(s, &notice);
}

void
starttls_filled_command(struct appsession *s, const struct app_line *line, const uint8_t *p,
                        size_t n)
{
  if (!is_filler(p, n) || is_over(s) || s->app == APP_NONE)
    return;
  struct notice notice = notice_of(s, NOTICE_STARTTLS_FILLER, SIDE_CLIENT, line->offset,
                                   line->n_octets, line->last_frame);
  notice.text = p;
  notice.n_text = n;
  tell(s, &notice);
}

/* ---- what the server answers ---- */

void
starttls_refused(struct appsession *s, const struct app_line *line)
{
  struct app_starttls *t = &s->starttls;
  t->refused = true;
  t->refusal_offset = line->offset;
  t->refusal_octets = (uint32_t)line->n_octets;
}

void
starttls_accepted(struct appsession *s, uint32_t frame)
{
  struct app_starttls *t = &s->starttls;
  const struct app_side *client = &s->sides[SIDE_CLIENT];
  if (!t->asked || t->accepted)
    return;
  t->accepted = true;
  uint64_t end = t->begun_at ? t->begun_at : client->offset + client->n_pending;
  t->switching[SIDE_CLIENT] = client->mode != APP_MODE_TLS;
  t->switching[SIDE_SERVER] = true;
  if (end <= t->asked_end)
    return;
  struct notice n =
      notice_of(s, NOTICE_STARTTLS_PIPELINED, SIDE_CLIENT, t->asked_end, end - t->asked_end, frame);
  tell(s, &n);
}

/* ---- behind the go-ahead ---- */

static void
tell_injected(struct appsession *s, uint32_t frame)
{
  struct app_starttls *t = &s->starttls;
  const struct app_side *server = &s->sides[SIDE_SERVER];
  if (!t->injected)
    return;
  t->injected = false;
  uint64_t end = t->injected_end ? t->injected_end : server->offset + server->n_pending;
  struct notice n = notice_of(s, NOTICE_STARTTLS_INJECTED, SIDE_SERVER, t->injected_offset,
                              end - t->injected_offset, frame);
  tell(s, &n);
}

void
starttls_record(struct appsession *s, enum side which, uint32_t frame)
{
  struct app_starttls *t = &s->starttls;
  t->switching[which] = false;
  if (which == SIDE_CLIENT || t->injected_late)
    tell_injected(s, frame);
}

bool
starttls_no_record(struct appsession *s, enum side which, uint8_t first)
{
  struct app_starttls *t = &s->starttls;
  bool is_text = (first >= 0x20 && first < 0x7f) || first == '\r' || first == '\n';
  if (!t->switching[which] || !is_text)
    return false;
  t->switching[which] = false;
  if (which == SIDE_SERVER) {
    t->injected = t->skips_text = true;
    t->at_line = first == '\n';
    t->injected_offset = s->sides[which].offset;
    t->injected_end = 0;
    t->injected_late = !t->switching[SIDE_CLIENT]; /* the client speaks TLS already */
    return false;
  }
  /* The client has not changed to TLS: what it says is read as before. */
  const struct app_side *server = &s->sides[SIDE_SERVER];
  if (server->mode == APP_MODE_TLS && server->n_pending)
    return false;
  t->injected = false;
  s->goes_clear = true;
  t->switching[SIDE_SERVER] = false;
  s->sides[SIDE_CLIENT].mode = s->sides[SIDE_SERVER].mode = APP_MODE_LINES;
  s->protocol->start(s);
  app_clear_queue(s);
  if (s->app == APP_SMTP)
    s->state = SMTP_STATE_READY;
  return true;
}

void
starttls_clear_line(struct appsession *s, const struct app_line *line)
{
  if (!s->goes_clear)
    return;
  s->goes_clear = false;
  /* As far as the verb: a password may stand behind it. */
  size_t n = 0, n_words = s->app == APP_IMAP ? 2 : 1;
  for (; n < line->n_text && n_words; n++)
    n_words -= line->p[n] == ' ';
  if (!n_words)
    n--;
  struct notice notice =
      notice_of(s, NOTICE_STARTTLS_CLEAR, SIDE_CLIENT, line->offset, n, line->last_frame);
  tell(s, &notice);
}

size_t
starttls_skip_text(struct appsession *s, const uint8_t *p, size_t n)
{
  struct app_starttls *t = &s->starttls;
  struct app_side *server = &s->sides[SIDE_SERVER];
  for (size_t i = 0; i < n; i++) {
    if (t->at_line && p[i] == 0x16) {
      t->injected_end = server->offset + i;
      t->skips_text = false;
      server->mode = APP_MODE_TLS;
      return i;
    }
    t->at_line = p[i] == '\n';
  }
  return n;
}

void
starttls_gap(struct appsession *s, enum side which)
{
  struct app_starttls *t = &s->starttls;
  t->switching[which] = false;
  if (which == SIDE_SERVER)
    t->has_hole = true;
}

void
starttls_end(struct appsession *s)
{
  tell_injected(s, s->sides[SIDE_SERVER].last_frame);
}

/* ---- before TLS, in IMAP ---- */

void
starttls_unprotected(struct appsession *s, const struct app_line *line, const char *what)
{
  if (is_over(s))
    return;
  struct notice n = notice_of(s, NOTICE_UNPROTECTED_DATA, SIDE_SERVER, line->offset, line->n_octets,
                              line->last_frame);
  n.text = (const uint8_t *)what;
  n.n_text = strlen(what);
  tell(s, &n);
}
