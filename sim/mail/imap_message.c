/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_message.c -- STORE, COPY, MOVE and EXPUNGE: the commands that change messages.
 *
 * A message of the set may have been expunged by another session, which this one has not been told
 * yet. By UID it is passed over in silence, as any UID that does not exist; by number the rest is
 * done (STORE) or nothing (COPY, MOVE), and the answer is NO [EXPUNGEISSUED] (RFC 2180 4.2, RFC
 * 5530). RFC 3501 6.4; UID EXPUNGE and COPYUID 4315, MOVE 6851, UNCHANGEDSINCE and MODIFIED
 * 7162 3.1.3. */
#include "sim/mail/imap_session.h"

#include <string.h>

#define EXPUNGED "[EXPUNGEISSUED] Some of the messages are there no more"

/* Takes the sequence set; NULL after BAD. Elements are guint places in the view. */
static GArray *
take_set(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GArray) set = imap_parse_set(t);
  GArray *chosen = set ? imap_view_select(s, set) : NULL;
  if (!chosen)
    imap_bad(s, set ? "No such message" : "A sequence set is wanted");
  return chosen;
}

static bool
refuses_change(struct imap_server *s)
{
  if (!s->is_read_only)
    return false;
  imap_no(s, "[READ-ONLY] The mailbox cannot be changed");
  return true;
}

/* Has another session expunged the message? */
static bool
is_expunged(const struct imap_server *s, const struct store_message *m)
{
  return store_by_uid(s->mailbox, m->uid, NULL) != m;
}

/* ---- STORE ---- */

enum store_mode { STORE_REPLACE, STORE_ADD, STORE_REMOVE };

struct store_command {
  enum store_mode mode;
  bool is_silent, has_since;
  uint64_t unchanged_since;
  unsigned flags;
  uint64_t keywords;
};

/* " (UNCHANGEDSINCE 12)", which may be missing. */
static bool
parse_since(struct imap_text *t, struct store_command *c)
{
  struct imap_text ahead = *t;
  if (!imap_parse_space(&ahead) || !imap_parse_octet(&ahead, '('))
    return true;
  g_autofree char *word = imap_parse_word(&ahead);
  *t = ahead;
  c->has_since = true;
  return g_strcmp0(word, "UNCHANGEDSINCE") == 0 && imap_parse_space(t) &&
         imap_parse_modseq(t, &c->unchanged_since) && imap_parse_octet(t, ')');
}

/* "+FLAGS.SILENT" */
static bool
parse_mode(struct imap_text *t, struct store_command *c)
{
  c->mode = imap_parse_octet(t, '+')   ? STORE_ADD
            : imap_parse_octet(t, '-') ? STORE_REMOVE
                                       : STORE_REPLACE;
  g_autofree char *word = imap_parse_word(t);
  c->is_silent = g_strcmp0(word, "FLAGS.SILENT") == 0;
  return c->is_silent || g_strcmp0(word, "FLAGS") == 0;
}

static void
change(struct imap_server *s, struct store_message *m, const struct store_command *c)
{
  unsigned flags = c->flags;
  uint64_t keywords = c->keywords;
  switch (c->mode) {
  case STORE_REPLACE:
    break;
  case STORE_ADD:
    flags |= m->flags;
    keywords |= m->keywords;
    break;
  case STORE_REMOVE:
    flags = m->flags & ~flags;
    keywords = m->keywords & ~keywords;
    break;
  }
  store_set_flags(s->mailbox, m, flags, keywords);
}

static void
store_one(struct imap_server *s, guint at, const struct store_command *c)
{
  struct imap_entry *entry = imap_view_at(s, at);
  bool is_news = entry->m->modseq > entry->told_modseq; /* of another session: told if silent too */
  change(s, entry->m, c);
  if (!c->is_silent) {
    entry->told_modseq = entry->m->modseq;
    imap_view_tell_entry(s, at);
    return;
  }
  if (!is_news)
    entry->told_modseq = entry->m->modseq;
  if (!s->has_condstore)
    return;
  machine_printf(&s->endpoint, "* %u FETCH (", at + 1); /* RFC 7162 3.1.3: also when silent */
  if (s->is_uid || s->has_qresync)
    machine_printf(&s->endpoint, "UID %u ", entry->m->uid);
  machine_printf(&s->endpoint, "MODSEQ (%" G_GUINT64_FORMAT "))\r\n", entry->m->modseq);
}

static void
store_chosen(struct imap_server *s, const GArray *chosen, const struct store_command *c)
{
  g_autoptr(GString) modified = g_string_new(NULL);
  struct imap_set_writer w;
  bool is_missing = false;
  imap_set_begin(&w, modified);
  for (guint i = 0; i < chosen->len; i++) {
    guint at = g_array_index(chosen, guint, i);
    const struct store_message *m = imap_view_at(s, at)->m;
    if (is_expunged(s, m))
      is_missing = true;
    else if (c->has_since && m->modseq > c->unchanged_since)
      imap_set_add(&w, s->is_uid ? m->uid : at + 1);
    else
      store_one(s, at, c);
  }
  bool is_modified = imap_set_end(&w);
  if (is_missing && !s->is_uid)
    imap_no(s, EXPUNGED);
  else if (is_modified)
    imap_ok(s, "[MODIFIED %s] Changed by others since", modified->str);
  else
    imap_ok(s, "STORE completed");
}

void
imap_act_store(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GArray) chosen = take_set(s, t);
  struct store_command c = {0};
  if (!chosen)
    return;
  g_autoptr(GPtrArray) names = NULL;
  if (parse_since(t, &c) && imap_parse_space(t) && parse_mode(t, &c) && imap_parse_space(t))
    names = imap_parse_flags(t, true);
  if (!names || !imap_parse_end(t)) {
    imap_bad(s, "Syntax: STORE set (UNCHANGEDSINCE n) FLAGS (flags)");
    return;
  }
  if (c.has_since)
    imap_enable_condstore(s);
  if (refuses_change(s))
    return;
  if (!imap_flags_resolve(s->mailbox, names, &c.flags, &c.keywords)) {
    imap_bad(s, "Unknown system flag");
    return;
  }
  imap_view_tell_keywords(s);
  store_chosen(s, chosen, &c);
}

/* ---- COPY, MOVE ---- */

struct copying {
  GArray *chosen; /* guint places, of messages that are there */
  struct mailbox *to;
  char *code; /* "[COPYUID …] ", "" when nothing was chosen */
};

static void
copying_clear(struct copying *c)
{
  g_clear_pointer(&c->chosen, g_array_unref);
  g_free(c->code);
}

/* Takes out what another session has expunged; true when there was any. */
static bool
leave_out_expunged(const struct imap_server *s, GArray *chosen)
{
  guint n = 0;
  for (guint i = 0; i < chosen->len; i++) {
    guint at = g_array_index(chosen, guint, i);
    if (!is_expunged(s, imap_view_at(s, at)->m))
      g_array_index(chosen, guint, n++) = at;
  }
  bool has_any = n < chosen->len;
  g_array_set_size(chosen, n);
  return has_any;
}

/* NULL, or the text of NO: known before the first message is copied (RFC 3501 6.4.7: all or
 * nothing). */
static const char *
refusal(struct imap_server *s, const struct copying *c, const char *name)
{
  if (!c->to)
    return store_name_is_good(name) ? "[TRYCREATE] No such mailbox" : "[CANNOT] No mailbox name";
  if (store_access(c->to, s->user) != STORE_WRITABLE)
    return "[NOPERM] That mailbox cannot be changed";
  if (leave_out_expunged(s, c->chosen) && !s->is_uid)
    return EXPUNGED;
  uint64_t n_octets = 0;
  for (guint i = 0; i < c->chosen->len; i++)
    n_octets += g_bytes_get_size(imap_view_at(s, g_array_index(c->chosen, guint, i))->m->octets);
  if (!store_has_room_for(c->to->user, c->chosen->len, n_octets))
    return "[OVERQUOTA] The quota is exceeded";
  if (c->to->messages->len + c->chosen->len > STORE_MESSAGES_MAX ||
      c->to->uid_next >= UINT32_MAX - c->chosen->len)
    return "[LIMIT] The mailbox holds too many messages";
  return NULL;
}

/* The arguments of both, and the copying; false after the refusal was sent. */
static bool
copy(struct imap_server *s, struct imap_text *t, struct copying *c, bool is_move)
{
  c->chosen = take_set(s, t);
  if (!c->chosen)
    return false;
  g_autofree char *name = imap_parse_space(t) ? imap_parse_name(s, t) : NULL;
  if (!name || !imap_parse_end(t)) {
    imap_bad(s, "A set and a mailbox name are wanted");
    return false;
  }
  if (is_move && refuses_change(s))
    return false;
  c->to = store_find(s->user, name);
  const char *no = refusal(s, c, name);
  if (no) {
    imap_no(s, no);
    return false;
  }
  g_autoptr(GString) from = g_string_new(NULL);
  g_autoptr(GString) to = g_string_new(NULL);
  struct imap_set_writer from_set, to_set;
  imap_set_begin(&from_set, from);
  imap_set_begin(&to_set, to);
  for (guint i = 0; i < c->chosen->len; i++) {
    const struct store_message *m = imap_view_at(s, g_array_index(c->chosen, guint, i))->m;
    uint64_t keywords = store_map_keywords(s->mailbox, c->to, m->keywords);
    struct store_message *new = store_append(c->to, m->octets, m->flags, keywords, m->internal_ns);
    new->zone_minutes = m->zone_minutes;
    imap_set_add(&from_set, m->uid);
    imap_set_add(&to_set, new->uid); /* refusal() has looked at every reason for NULL */
  }
  imap_set_end(&to_set);
  c->code = imap_set_end(&from_set)
                ? g_strdup_printf("[COPYUID %u %s %s] ", c->to->uid_validity, from->str, to->str)
                : g_strdup("");
  return true;
}

void
imap_act_copy(struct imap_server *s, struct imap_text *t)
{
  struct copying c = {0};
  if (copy(s, t, &c, false))
    imap_ok(s, "%sCOPY completed", c.code);
  copying_clear(&c);
}

/* The tagged reply of a command that expunged: RFC 7162 3.2.7 and 3.2.9. */
static void
ok_expunged(struct imap_server *s, bool has_expunged, const char *text)
{
  if (s->has_qresync && has_expunged)
    imap_ok(s, "[HIGHESTMODSEQ %" G_GUINT64_FORMAT "] %s", s->mailbox->modseq, text);
  else
    imap_ok(s, "%s", text);
}

void
imap_act_move(struct imap_server *s, struct imap_text *t)
{
  struct copying c = {0};
  if (copy(s, t, &c, true)) {
    if (*c.code) /* RFC 6851 4.3: before the expunges */
      machine_printf(&s->endpoint, "* OK %sMoved\r\n", c.code);
    for (guint i = 0; i < c.chosen->len; i++)
      store_expunge(s->mailbox, imap_view_at(s, g_array_index(c.chosen, guint, i))->m);
    ok_expunged(s, c.chosen->len > 0, "MOVE completed");
  }
  copying_clear(&c);
}

/* ---- EXPUNGE ---- */

void
imap_act_expunge(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GArray) set = s->is_uid ? imap_parse_set(t) : NULL;
  if ((s->is_uid && !set) || !imap_parse_end(t)) {
    imap_bad(s, "A sequence set is wanted");
    return;
  }
  if (refuses_change(s))
    return;
  struct imap_range all = {1, IMAP_STAR};
  if (!set) {
    set = g_array_new(FALSE, FALSE, sizeof all);
    g_array_append_val(set, all);
  }
  g_autoptr(GArray) chosen = imap_view_match(s, set, true);
  bool has_expunged = false;
  for (guint i = chosen->len; i > 0; i--) {
    struct store_message *m = imap_view_at(s, g_array_index(chosen, guint, i - 1))->m;
    if (!(m->flags & FLAG_DELETED) || is_expunged(s, m))
      continue;
    store_expunge(s->mailbox, m);
    has_expunged = true;
  }
  ok_expunged(s, has_expunged, "EXPUNGE completed");
}
