/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transcript.c -- plays a conversation into a session parser, cut in any way, and writes what
 * comes. */
#include "tests/mail/transcript.h"

#include <string.h>

#include "capture/wire/mail.h"

struct event {
  struct element element;
  char *text; /* a login or notice instead */
  uint32_t owner;
};

struct player {
  GArray *events;
  GArray *index; /* number given to the parser -> event */
  uint64_t next[2];
};

static const char *
word(const struct element *e, char buffer[16])
{
  static const char *const pop[] = {"+OK", "-ERR", "+"};
  static const char *const imap[] = {"*", "+", "OK", "NO", "BAD", "BYE", "PREAUTH"};
  switch ((enum element_kind)e->kind) {
  case ELEMENT_COMMAND:
  case ELEMENT_REST:
  case ELEMENT_AUTH: {
    const struct mail_verb *verbs = e->app == APP_SMTP   ? smtp_verbs
                                    : e->app == APP_POP3 ? pop_verbs
                                                         : imap_verbs;
    return verbs[e->code].name[0] ? verbs[e->code].name : "?";
  }
  case ELEMENT_REPLY:
    if (e->app == APP_POP3)
      return pop[e->code];
    if (e->app == APP_IMAP)
      return imap[e->code];
    g_snprintf(buffer, 16, "%u", e->code);
    return buffer;
  case ELEMENT_TEXT:
  case ELEMENT_END:
    return "line";
  case ELEMENT_TLS:
  case ELEMENT_TUNNEL:
    g_snprintf(buffer, 16, "%u", e->code);
    return buffer;
  default:
    g_snprintf(buffer, 16, "%u", e->n_octets);
    return buffer;
  }
}

static const char *
state_name(const struct element *e)
{
  switch ((enum app)e->app) {
  case APP_SMTP:
    return smtp_states[e->state].name;
  case APP_POP3:
    return pop_states[e->state].name;
  case APP_IMAP:
    return imap_states[e->state].name;
  default:
    return "-";
  }
}

static bool
is_run(const struct element *e)
{
  return e->kind == ELEMENT_MESSAGE || e->kind == ELEMENT_LITERAL || e->kind == ELEMENT_OTHER ||
         e->kind == ELEMENT_GAP;
}

/* Deliveries of one run make one line of the result. */
static bool
join(struct player *p, const struct element *e, uint32_t owner)
{
  if (p->events->len == 0 || !is_run(e))
    return false;
  struct event *last = &g_array_index(p->events, struct event, p->events->len - 1);
  struct element *l = &last->element;
  if (last->text || l->kind != e->kind || l->side != e->side || last->owner != owner ||
      l->state != e->state || l->flags != e->flags || l->offset + l->n_octets != e->offset)
    return false;
  l->n_octets += e->n_octets;
  if (e->flags & ELEMENT_FLAG_SECRET)
    l->secret_octets = (uint16_t)(l->secret_octets + e->secret_octets);
  return true;
}

static uint32_t
on_element(void *data, const struct element *e, const uint8_t *octets, size_t n)
{
  struct player *p = data;
  g_assert_cmpuint(e->flow, ==, 7);
  g_assert_cmpuint(e->first_frame, <=, e->last_frame);
  g_assert_cmpuint(e->offset, ==, p->next[e->side]); /* the elements of a side tile its stream */
  p->next[e->side] += e->n_octets;
  if (!(e->flags & ELEMENT_FLAG_CUT) && e->kind != ELEMENT_GAP && e->kind != ELEMENT_TLS)
    g_assert_cmpuint(n, ==, e->n_octets);
  if (e->flags & ELEMENT_FLAG_SECRET)
    g_assert_cmpuint(e->secret_first + e->secret_octets, <=, e->n_octets);
  uint32_t owner = ELEMENT_NONE;
  if (e->command != ELEMENT_NONE) {
    g_assert_cmpuint(e->command, <, p->index->len);
    owner = g_array_index(p->index, uint32_t, e->command);
  }
  if (!join(p, e, owner)) {
    struct event event = {.element = *e, .owner = owner};
    g_array_append_val(p->events, event);
  }
  uint32_t at = p->events->len - 1;
  g_array_append_val(p->index, at);
  return p->index->len - 1;
}

static void
on_login(void *data, const struct login *l)
{
  static const char *const outcomes[] = {"unknown", "accepted", "rejected", "refused"};
  static const char *const kinds[] = {"password", "digest", "token", "none"};
  struct player *p = data;
  for (unsigned i = 1; i < l->n_frames; i++)
    g_assert_cmpuint(l->frames[i - 1], <, l->frames[i]);
  struct event event = {0};
  g_autofree char *user = g_strndup(l->user ? (const char *)l->user : "", l->user_octets);
  g_autofree char *secret = g_strndup(l->secret ? (const char *)l->secret : "", l->secret_octets);
  event.text =
      g_strdup_printf("login %s %s %s %s %s%s", l->mechanism, user, secret, kinds[l->secret_kind],
                      outcomes[l->outcome], l->mid_stream ? " unsure" : "");
  g_array_append_val(p->events, event);
}

static void
on_notice(void *data, const struct notice *n)
{
  struct player *p = data;
  struct event event = {0};
  if (n->kind != NOTICE_TLS_STARTED && n->kind != NOTICE_CLEAR_LOGIN_OFFERED)
    return; /* the rules' matter: tests of findings */
  event.text = g_strdup_printf("%s <%u", n->kind == NOTICE_TLS_STARTED ? "tls" : "offer",
                               g_array_index(p->index, uint32_t, n->element));
  g_array_append_val(p->events, event);
}

static const struct appsession_sink sink = {on_element, on_login, on_notice};

static void
write_element(GString *s, const struct event *event)
{
  static const char *const kinds[ELEMENT_N_KINDS] = {"command", "rest",    "auth",    "reply",
                                                     "text",    "message", "end",     "literal",
                                                     "tls",     "gap",     "deflate", "tunnel",  "other"};
  const struct element *e = &event->element;
  char buffer[16];
  g_string_append_printf(s, "%c %s %s", e->side == SIDE_CLIENT ? 'C' : 'S', kinds[e->kind],
                         word(e, buffer));
  if (event->owner != ELEMENT_NONE)
    g_string_append_printf(s, " <%u", event->owner);
  static const struct {
    uint8_t flag;
    char letter;
  } letters[] = {{ELEMENT_FLAG_PIPELINED, 'P'},
                 {ELEMENT_FLAG_ODD, 'O'},
                 {ELEMENT_FLAG_MORE, 'M'},
                 {ELEMENT_FLAG_TAGGED, 'T'},
                 {ELEMENT_FLAG_CUT, 'X'}};
  bool first = true;
  for (size_t i = 0; i < G_N_ELEMENTS(letters); i++)
    if (e->flags & letters[i].flag) {
      g_string_append_printf(s, first ? " %c" : "%c", letters[i].letter);
      first = false;
    }
  if (e->flags & ELEMENT_FLAG_SECRET)
    g_string_append_printf(s, " !%u+%u", e->secret_first, e->secret_octets);
  g_string_append_printf(s, " %s\n", state_name(e));
}

struct piece {
  GString *octets; /* NULL: a gap */
  guint64 n_gap;
  enum side side;
};

static GArray *
read_script(const char *script, guint *n_octets)
{
  GArray *pieces = g_array_new(FALSE, FALSE, sizeof(struct piece));
  g_auto(GStrv) lines = g_strsplit(script, "\n", -1);
  *n_octets = 0;
  for (guint i = 0; lines[i]; i++) {
    const char *line = lines[i];
    if (!line[0])
      continue;
    struct piece piece = {.side = strchr("Cc", line[0]) ? SIDE_CLIENT : SIDE_SERVER};
    if (line[0] == 'G') {
      piece.side = line[2] == 'C' ? SIDE_CLIENT : SIDE_SERVER;
      piece.n_gap = g_ascii_strtoull(line + 4, NULL, 10);
    } else if (line[0] == 'C' || line[0] == 'S') {
      piece.octets = g_string_new(line + MIN(3, strlen(line)));
      g_string_append(piece.octets, "\r\n");
    } else {
      /* g_strcompress() stops at \000: it is written \000 and put in by hand */
      piece.octets = g_string_new(NULL);
      for (const char *p = line + 3; *p; p++) {
        if (strncmp(p, "\\000", 4) == 0) {
          g_string_append_c(piece.octets, 0);
          p += 3;
          continue;
        }
        char one[5] = {p[0], 0};
        if (p[0] == '\\' && g_ascii_isdigit(p[1])) {
          memcpy(one, p, 4);
          p += 3;
        } else if (p[0] == '\\') {
          one[1] = *++p;
        }
        g_autofree char *octet = g_strcompress(one);
        g_string_append(piece.octets, octet);
      }
    }
    if (piece.octets)
      *n_octets += (guint)piece.octets->len;
    g_array_append_val(pieces, piece);
  }
  return pieces;
}

char *
transcript_play(const struct transcript *t, enum transcript_cut cut, guint at, guint *n_octets)
{
  guint total = 0, position = 0, frame = 1;
  g_autoptr(GArray) pieces = read_script(t->script, &total);
  g_autoptr(GRand) rand = g_rand_new_with_seed(at);
  struct player p = {.events = g_array_new(FALSE, FALSE, sizeof(struct event)),
                     .index = g_array_new(FALSE, FALSE, sizeof(uint32_t))};
  struct appsession *s =
      appsession_new(7, t->client_port ? t->client_port : 40000,
                     t->server_port ? t->server_port : 4000, t->mid_stream, &sink, &p);
  for (guint i = 0; i < pieces->len; i++) {
    struct piece *piece = &g_array_index(pieces, struct piece, i);
    if (!piece->octets) {
      appsession_gap(s, piece->side, piece->n_gap, frame++);
      continue;
    }
    const uint8_t *octets = (const uint8_t *)piece->octets->str;
    for (gsize k = 0; k < piece->octets->len;) {
      gsize n = piece->octets->len - k;
      if (cut == CUT_OCTETS)
        n = 1;
      else if (cut == CUT_AT && position < at && at < position + n)
        n = at - position;
      else if (cut == CUT_RANDOM)
        n = (gsize)g_rand_int_range(rand, 1, (gint32)n + 1);
      /* its own copy, so that a look beyond the end is seen by the sanitizer */
      g_autofree uint8_t *copy = g_memdup2(octets + k, n);
      appsession_feed(s, piece->side, copy, n, frame++);
      k += n;
      position += (guint)n;
    }
    g_string_free(piece->octets, TRUE);
  }
  appsession_end(s);
  appsession_free(s);
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < p.events->len; i++) {
    struct event *event = &g_array_index(p.events, struct event, i);
    if (event->text)
      g_string_append_printf(out, "%s\n", event->text);
    else
      write_element(out, event);
    g_free(event->text);
  }
  g_array_unref(p.events);
  g_array_unref(p.index);
  if (n_octets)
    *n_octets = total;
  return g_string_free(out, FALSE);
}

void
transcript_check(gconstpointer data)
{
  const struct transcript *t = data;
  guint n = 0;
  g_autofree char *whole = transcript_play(t, CUT_NONE, 0, &n);
  g_assert_cmpstr(whole, ==, t->result);
  g_autofree char *octets = transcript_play(t, CUT_OCTETS, 0, NULL);
  g_assert_cmpstr(octets, ==, t->result);
  for (guint at = 1; at < n; at++) {
    g_autofree char *cut = transcript_play(t, CUT_AT, at, NULL);
    g_assert_cmpstr(cut, ==, t->result);
  }
  for (guint seed = 1; seed <= 20; seed++) {
    g_autofree char *cut = transcript_play(t, CUT_RANDOM, seed, NULL);
    g_assert_cmpstr(cut, ==, t->result);
  }
}
