/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_FUZZ_FUZZ_SESSION_H
#define TESTS_FUZZ_FUZZ_SESSION_H

/* What the targets smtp, pop3 and imap share: a conversation as octets, played into a session
 * parser.
 *
 *     first octet: bit 0 the start was not seen, bit 1 the protocol's port is known, bit 2 swapped
 *     0xfe: the other side speaks from here on (the server begins); 0xff N: N octets are missing
 *
 * What must hold: elements tile each side's stream, secrets lie in their elements, and the result
 * is the same when the octets come one by one. */
#include <glib.h>
#include <string.h>

#include "capture/trace/appsession.h"
#include "tests/fuzz/fuzz.h"

struct fuzz_player {
  GString *said;
  GArray *owners; /* of each element: the joined one that it is part of */
  struct element last;
  guint32 n_joined;
  guint n_in_messages[NOTICE_BARE_LINE_END + 1]; /* notices of these kinds */
  guint64 next[2];
  bool has_last, has_begun[2];
};

static inline void
fuzz_say_last(struct fuzz_player *p)
{
  const struct element *e = &p->last;
  if (p->has_last)
    g_string_append_printf(p->said, "%u %u %u %u %u %u %u+%u @%" G_GUINT64_FORMAT "+%u <%u\n",
                           e->app, e->kind, e->side, e->code, e->state, e->flags, e->secret_first,
                           e->secret_octets, e->offset, e->n_octets, e->command);
  p->has_last = false;
}

static inline guint32
fuzz_element(void *data, const struct element *given, const guint8 *octets, gsize n)
{
  struct fuzz_player *p = data;
  struct element e = *given;
  /* octets before the protocol was known may be left out at the start only */
  if (p->has_begun[e.side])
    g_assert_cmpuint(e.offset, ==, p->next[e.side]);
  p->has_begun[e.side] = true;
  p->next[e.side] = e.offset + e.n_octets;
  g_assert_cmpuint(n, <=, e.n_octets);
  g_assert_cmpuint(e.first_frame, <=, e.last_frame);
  if (e.flags & ELEMENT_FLAG_SECRET)
    g_assert_cmpuint(e.secret_first + e.secret_octets, <=, e.n_octets);
  if (e.command != ELEMENT_NONE) {
    g_assert_cmpuint(e.command, <, p->owners->len);
    e.command = g_array_index(p->owners, guint32, e.command);
  }
  bool run = e.kind == ELEMENT_MESSAGE || e.kind == ELEMENT_LITERAL || e.kind == ELEMENT_OTHER;
  if (run)
    e.secret_first = e.secret_octets = 0;
  struct element *l = &p->last;
  if (run && p->has_last && l->kind == e.kind && l->side == e.side && l->command == e.command &&
      l->state == e.state && l->flags == e.flags) {
    l->n_octets += e.n_octets;
  } else {
    fuzz_say_last(p);
    p->last = e;
    p->has_last = true;
    p->n_joined++;
  }
  guint32 owner = p->n_joined - 1;
  g_array_append_val(p->owners, owner);
  return p->owners->len - 1;
}

static inline void
fuzz_login(void *data, const struct login *l)
{
  struct fuzz_player *p = data;
  fuzz_say_last(p);
  guint sum = 0;
  for (gsize i = 0; i < l->user_octets; i++)
    sum = sum * 31 + l->user[i];
  for (gsize i = 0; i < l->secret_octets; i++)
    sum = sum * 31 + l->secret[i];
  for (guint i = 1; i < l->n_frames; i++)
    g_assert_cmpuint(l->frames[i - 1], <, l->frames[i]);
  g_string_append_printf(p->said, "login %s %d %d %u @%" G_GUINT64_FORMAT "+%u\n", l->mechanism,
                         l->outcome, l->secret_kind, sum, l->secret_offset, l->secret_wire_octets);
}

static inline void
fuzz_notice(void *data, const struct notice *n)
{
  struct fuzz_player *p = data;
  /* Where in the octets of a message it comes depends on how they were cut. */
  if (n->kind == NOTICE_FROM || n->kind == NOTICE_SMUGGLING || n->kind == NOTICE_BARE_LINE_END ||
      n->kind == NOTICE_UTF8_UNDECLARED) {
    p->n_in_messages[n->kind]++;
    return;
  }
  fuzz_say_last(p);
  g_string_append_printf(p->said, "notice %d\n", n->kind);
}

static inline char *
fuzz_play(const guint8 *p, gsize n, guint16 port, bool one_by_one)
{
  static const struct appsession_sink sink = {fuzz_element, fuzz_login, fuzz_notice};
  struct fuzz_player player = {.said = g_string_new(NULL),
                               .owners = g_array_new(FALSE, FALSE, sizeof(guint32))};
  guint8 flags = n ? p[0] : 0;
  guint16 known = flags & 2 ? port : 4000;
  struct appsession *s = appsession_new(0, flags & 4 ? known : 40000, flags & 4 ? 40000 : known,
                                        flags & 1, &sink, &player);
  enum side side = SIDE_SERVER;
  guint32 frame = 0;
  for (gsize i = 1; i < n;) {
    if (p[i] == 0xfe) {
      side = side == SIDE_SERVER ? SIDE_CLIENT : SIDE_SERVER;
      i++;
      continue;
    }
    if (p[i] == 0xff) {
      appsession_gap(s, side, i + 1 < n ? p[i + 1] : 1, frame++);
      i += 2;
      continue;
    }
    gsize end = i;
    while (end < n && p[end] < 0xfe && !(one_by_one && end > i))
      end++;
    guint8 *copy = g_memdup2(p + i, end - i); /* a look beyond the end is seen by the sanitizer */
    appsession_feed(s, side, copy, end - i, frame++);
    g_free(copy);
    i = end;
  }
  appsession_end(s);
  appsession_free(s);
  fuzz_say_last(&player);
  for (gsize i = 0; i < G_N_ELEMENTS(player.n_in_messages); i++)
    g_string_append_printf(player.said, "%u ", player.n_in_messages[i]);
  g_array_unref(player.owners);
  return g_string_free(player.said, FALSE);
}

static inline int
fuzz_session(const guint8 *p, gsize n, guint16 port)
{
  char *whole = fuzz_play(p, n, port, false);
  char *single = fuzz_play(p, n, port, true);
  g_assert_cmpstr(whole, ==, single);
  g_free(whole);
  g_free(single);
  return 0;
}

#endif
