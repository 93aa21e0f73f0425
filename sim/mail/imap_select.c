/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_select.c -- SELECT and EXAMINE with what a client may know already; CLOSE and UNSELECT.
 *
 *     SELECT box (QRESYNC (uidvalidity modseq known-uids (numbers uids)))
 *                          └ same?      └ since when   └ what the client has
 *       ──> the usual answer, then VANISHED (EARLIER) and a FETCH for every message that changed
 *
 * So a client that was away asks for nothing but the difference. The pairs of numbers and UIDs only
 * serve a server that has forgotten its expunges: up to the last pair that still fits nothing can
 * have vanished. RFC 3501 6.3.1, 9051 6.3.2; 7162 3.1.8, 3.2.5; 3691 (UNSELECT). */
#include <string.h>

#include "sim/mail/imap_session.h"

struct resync {
  uint32_t uid_validity;
  uint64_t modseq;
  GArray *known;          /* struct imap_range; NULL: all */
  GArray *numbers, *uids; /* pairs, struct imap_range; NULL: none */
};

static void
resync_clear(struct resync *r)
{
  g_clear_pointer(&r->known, g_array_unref);
  g_clear_pointer(&r->numbers, g_array_unref);
  g_clear_pointer(&r->uids, g_array_unref);
}

/* ---- the parameters ---- */

/* A set without "*" and "$": what a client knows are numbers. In order, so that no part of it can
 * be asked for twice. */
static GArray *
parse_known(struct imap_text *t)
{
  g_autoptr(GArray) set = g_ascii_isdigit(imap_parse_peek(t)) ? imap_parse_set(t) : NULL;
  for (guint i = 0; set && i < set->len; i++) {
    struct imap_range r = g_array_index(set, struct imap_range, i);
    if (r.low == IMAP_STAR || r.high == IMAP_STAR)
      return NULL;
  }
  return set ? imap_set_plain(set, 0) : NULL;
}

/* RFC 7162 7: the lists inside QRESYNC. */
static bool
parse_resync(struct imap_text *t, struct resync *r)
{
  if (!imap_parse_space(t) || !imap_parse_octet(t, '(') ||
      !imap_parse_number(t, &r->uid_validity) || r->uid_validity == 0 || !imap_parse_space(t) ||
      !imap_parse_modseq(t, &r->modseq) || r->modseq == 0)
    return false;
  bool has_more = imap_parse_space(t);
  if (has_more && imap_parse_peek(t) != '(') {
    r->known = parse_known(t);
    if (!r->known)
      return false;
    has_more = imap_parse_space(t);
  }
  if (has_more) {
    r->numbers = imap_parse_octet(t, '(') ? parse_known(t) : NULL;
    r->uids = r->numbers && imap_parse_space(t) ? parse_known(t) : NULL;
    if (!r->uids || !imap_parse_octet(t, ')'))
      return false;
  }
  return imap_parse_octet(t, ')');
}

/* " (CONDSTORE)" or " (QRESYNC (…))" behind the name. */
static bool
parse_parameters(struct imap_text *t, bool *has_condstore, bool *has_resync, struct resync *r)
{
  if (imap_parse_end(t))
    return true;
  if (!imap_parse_space(t) || !imap_parse_octet(t, '('))
    return false;
  do {
    g_autofree char *word = imap_parse_word(t);
    if (g_strcmp0(word, "CONDSTORE") == 0)
      *has_condstore = true;
    else if (g_strcmp0(word, "QRESYNC") == 0 && !*has_resync && parse_resync(t, r))
      *has_resync = true;
    else
      return false;
  } while (imap_parse_space(t));
  return imap_parse_octet(t, ')') && imap_parse_end(t);
}

/* ---- what the client has missed ---- */

/* The numbers of a set one by one. */
struct walk {
  const GArray *set;
  guint i;
  uint32_t next;
};

static bool
walk_next(struct walk *w, uint32_t *number)
{
  if (w->i >= w->set->len)
    return false;
  struct imap_range r = g_array_index(w->set, struct imap_range, w->i);
  *number = MAX(w->next, r.low);
  w->next = *number + 1;
  if (*number >= r.high) {
    w->i++;
    w->next = 0;
  }
  return true;
}

/* The highest UID of the pairs that still fit from the first on; 0 when none does. */
static uint32_t
last_match(const struct imap_server *s, const struct resync *r)
{
  uint32_t last = 0, number, uid;
  if (!r->numbers)
    return 0;
  struct walk numbers = {.set = r->numbers}, uids = {.set = r->uids};
  while (walk_next(&numbers, &number) && walk_next(&uids, &uid)) {
    if (number > s->view->len || imap_view_at(s, number - 1)->m->uid != uid)
      break;
    last = uid;
  }
  return last;
}

static void
tell_missed(struct imap_server *s, const struct resync *r)
{
  if (r->uid_validity != s->mailbox->uid_validity)
    return; /* RFC 7162 3.2.5: as if nothing had been asked */
  imap_tell_vanished(s, r->known, r->modseq,
                     r->modseq < s->mailbox->gone_from ? last_match(s, r) : 0);
  for (guint i = 0; i < s->view->len; i++) {
    const struct store_message *m = imap_view_at(s, i)->m;
    if (m->modseq > r->modseq && (!r->known || imap_set_has(r->known, m->uid, 0)))
      imap_view_tell_entry(s, i);
  }
}

/* ---- opening ---- */

void
imap_deselect(struct imap_server *s)
{
  imap_view_close(s);
  imap_set_state(s, IMAP_STATE_AUTHENTICATED);
}

static unsigned
first_unseen(const struct imap_server *s)
{
  for (guint i = 0; i < s->view->len; i++) {
    if (!(imap_view_at(s, i)->m->flags & FLAG_SEEN))
      return i + 1;
  }
  return 0;
}

/* The untagged answer. */
static void
tell_mailbox(struct imap_server *s)
{
  const struct mailbox *b = s->mailbox;
  unsigned unseen = first_unseen(s);
  imap_view_tell_flags(s);
  imap_view_tell_count(s);
  if (s->is_rev2) {
    g_autoptr(GString) name = g_string_new(NULL);
    imap_put_name(s, name, b->name);
    machine_printf(&s->endpoint, "* LIST () \"%c\" %s\r\n", STORE_DELIMITER, name->str);
  } else if (unseen) {
    machine_printf(&s->endpoint, "* OK [UNSEEN %u] First unseen message\r\n", unseen);
  }
  machine_printf(&s->endpoint,
                 "* OK [UIDVALIDITY %u] UIDs are valid\r\n* OK [UIDNEXT %u] Next UID\r\n"
                 "* OK [HIGHESTMODSEQ %" G_GUINT64_FORMAT "] Last change\r\n",
                 b->uid_validity, b->uid_next, b->modseq);
}

static void
open_mailbox(struct imap_server *s, const char *name, bool is_examine, const struct resync *r)
{
  if (s->mailbox) /* RFC 7162 3.2.11: what follows is of the other mailbox */
    machine_printf(&s->endpoint, "* OK [CLOSED] Previous mailbox closed\r\n");
  imap_deselect(s); /* also when it fails: RFC 3501 6.3.1 */
  struct mailbox *b = store_find(s->user, name);
  if (!b) {
    imap_no(s, "[NONEXISTENT] No such mailbox");
    return;
  }
  bool is_read_only = is_examine || s->is_guest || store_access(b, s->user) != STORE_WRITABLE;
  imap_view_open(s, b, is_read_only);
  imap_set_state(s, IMAP_STATE_SELECTED);
  tell_mailbox(s);
  machine_emit(&s->endpoint, "mailbox", "%s", b->name);
  if (r)
    tell_missed(s, r);
  imap_ok(s, "[%s] %s completed", is_read_only ? "READ-ONLY" : "READ-WRITE",
          is_examine ? "EXAMINE" : "SELECT");
}

static void
act_open(struct imap_server *s, struct imap_text *t, bool is_examine)
{
  g_autofree char *name = imap_parse_name(s, t);
  struct resync r = {0};
  bool has_condstore = false, has_resync = false;
  if (!name || !parse_parameters(t, &has_condstore, &has_resync, &r))
    imap_bad(s, "Syntax: SELECT mailbox (parameters)");
  else if (has_resync && !s->has_qresync)
    imap_bad(s, "ENABLE QRESYNC first");
  else {
    s->has_condstore |= has_condstore; /* HIGHESTMODSEQ is told below */
    open_mailbox(s, name, is_examine, has_resync ? &r : NULL);
  }
  resync_clear(&r);
}

void
imap_act_select(struct imap_server *s, struct imap_text *t)
{
  act_open(s, t, false);
}

void
imap_act_examine(struct imap_server *s, struct imap_text *t)
{
  act_open(s, t, true);
}

/* ---- leaving ---- */

void
imap_act_unselect(struct imap_server *s, struct imap_text *t)
{
  imap_deselect(s);
  imap_ok(s, "UNSELECT completed");
}

void
imap_act_close(struct imap_server *s, struct imap_text *t)
{
  struct mailbox *b = s->mailbox;
  for (guint i = s->view->len; i > 0 && !s->is_read_only; i--) {
    struct store_message *m = imap_view_at(s, i - 1)->m;
    if (m->flags & FLAG_DELETED)
      store_expunge(b, m);
  }
  uint64_t modseq = b->modseq;
  bool tells_modseq = s->has_qresync && !s->is_read_only;
  imap_deselect(s);
  if (tells_modseq) /* RFC 7162 3.2.8 */
    imap_ok(s, "[HIGHESTMODSEQ %" G_GUINT64_FORMAT "] CLOSE completed", modseq);
  else
    imap_ok(s, "CLOSE completed");
}
