/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_mailbox.c -- the commands that name a mailbox: SELECT, LIST, STATUS, APPEND and their kin.
 *
 * RFC 3501 6.3; NAMESPACE 2342, UNSELECT 3691, CHILDREN 3348, APPENDUID 4315. */
#include "sim/mail/imap_session.h"

#include <string.h>

#include "sim/mail/date.h"
#include "sim/mail/mime.h"

bool
imap_flags_resolve(struct mailbox *b, const GPtrArray *names, unsigned *flags, uint64_t *keywords)
{
  *flags = 0;
  *keywords = 0;
  for (guint i = 0; i < names->len; i++) {
    const char *name = names->pdata[i];
    unsigned flag = store_flag_find(name, strlen(name));
    if (!flag && name[0] == '\\')
      return false;
    if (flag)
      *flags |= flag;
    else
      *keywords |= store_keyword(b, name, true);
  }
  return true;
}

/* ---- SELECT, EXAMINE, CLOSE ---- */

static void
deselect(struct imap_server *s)
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

static void
open_mailbox(struct imap_server *s, struct imap_text *t, bool is_read_only)
{
  g_autofree char *name = imap_parse_astring(t);
  if (!name || !imap_parse_end(t)) {
    imap_bad(s, "A mailbox name is wanted");
    return;
  }
  deselect(s); /* also when it fails: RFC 3501 6.3.1 */
  struct mailbox *b = store_find(s->user, name);
  if (!b) {
    imap_no(s, "[NONEXISTENT] No such mailbox");
    return;
  }
  imap_view_open(s, b, is_read_only);
  imap_set_state(s, IMAP_STATE_SELECTED);
  imap_view_tell_flags(s);
  machine_printf(&s->endpoint, "* %u EXISTS\r\n* %u RECENT\r\n", s->view->len, imap_view_recent(s));
  if (first_unseen(s))
    machine_printf(&s->endpoint, "* OK [UNSEEN %u] First unseen message\r\n", first_unseen(s));
  machine_printf(&s->endpoint,
                 "* OK [UIDVALIDITY %u] UIDs are valid\r\n* OK [UIDNEXT %u] Next UID\r\n",
                 b->uid_validity, b->uid_next);
  machine_emit(&s->endpoint, "mailbox", "%s", b->name);
  imap_ok(s, is_read_only ? "[READ-ONLY] EXAMINE completed" : "[READ-WRITE] SELECT completed");
}

void
imap_act_select(struct imap_server *s, struct imap_text *t)
{
  open_mailbox(s, t, false);
}

void
imap_act_examine(struct imap_server *s, struct imap_text *t)
{
  open_mailbox(s, t, true);
}

void
imap_act_unselect(struct imap_server *s, struct imap_text *t)
{
  deselect(s);
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
  deselect(s);
  imap_ok(s, "CLOSE completed");
}

/* ---- CREATE, DELETE, RENAME, SUBSCRIBE ---- */

/* The one mailbox name that is the whole argument; NULL after BAD. */
static char *
only_name(struct imap_server *s, struct imap_text *t)
{
  char *name = imap_parse_astring(t);
  if (name && imap_parse_end(t))
    return name;
  g_free(name);
  imap_bad(s, "A mailbox name is wanted");
  return NULL;
}

void
imap_act_create(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = only_name(s, t);
  if (!name)
    return;
  size_t n = strlen(name);
  if (n > 1 && name[n - 1] == STORE_DELIMITER) /* "will have children": 6.3.3 */
    name[n - 1] = '\0';
  if (store_find(s->user, name))
    imap_no(s, "[ALREADYEXISTS] That mailbox exists");
  else if (!store_name_is_good(name))
    imap_no(s, "[CANNOT] Not a possible mailbox name");
  else if (!store_create(s->user, name))
    imap_no(s, "[LIMIT] Too many mailboxes");
  else
    imap_ok(s, "CREATE completed");
}

void
imap_act_delete(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = only_name(s, t);
  if (!name)
    return;
  struct mailbox *b = store_find(s->user, name);
  if (!b)
    imap_no(s, "[NONEXISTENT] No such mailbox");
  else if (!store_delete(b))
    imap_no(s, "[CANNOT] INBOX cannot be deleted");
  else
    imap_ok(s, "DELETE completed");
}

void
imap_act_rename(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *from = imap_parse_astring(t);
  g_autofree char *to = from && imap_parse_space(t) ? only_name(s, t) : NULL;
  if (!to) {
    if (!from || !imap_parse_end(t))
      imap_bad(s, "Syntax: RENAME old new");
    return;
  }
  struct mailbox *b = store_find(s->user, from);
  if (!b)
    imap_no(s, "[NONEXISTENT] No such mailbox");
  else if (store_find(s->user, to))
    imap_no(s, "[ALREADYEXISTS] That mailbox exists");
  else if (!store_rename(b, to))
    imap_no(s, "[CANNOT] Not a possible mailbox name");
  else
    imap_ok(s, "RENAME completed");
}

static void
set_subscribed(struct imap_server *s, struct imap_text *t, bool is_subscribed)
{
  g_autofree char *name = only_name(s, t);
  if (!name)
    return;
  struct mailbox *b = store_find(s->user, name);
  if (!b) {
    imap_no(s, "[NONEXISTENT] No such mailbox");
    return;
  }
  b->is_subscribed = is_subscribed;
  imap_ok(s, "Completed");
}

void
imap_act_subscribe(struct imap_server *s, struct imap_text *t)
{
  set_subscribed(s, t, true);
}

void
imap_act_unsubscribe(struct imap_server *s, struct imap_text *t)
{
  set_subscribed(s, t, false);
}

/* ---- LIST, LSUB, NAMESPACE ---- */

static void
list(struct imap_server *s, struct imap_text *t, const char *verb, bool is_lsub)
{
  g_autofree char *reference = imap_parse_astring(t);
  g_autofree char *pattern = reference && imap_parse_space(t) ? imap_parse_pattern(t) : NULL;
  if (!pattern || !imap_parse_end(t)) {
    imap_bad(s, "A reference and a pattern are wanted");
    return;
  }
  if (!*pattern) { /* asks for the delimiter: 6.3.8 */
    machine_printf(&s->endpoint, "* %s (\\Noselect) \"%c\" \"\"\r\n", verb, STORE_DELIMITER);
    imap_ok(s, "%s completed", verb);
    return;
  }
  g_autofree char *whole =
      g_strconcat(pattern[0] == STORE_DELIMITER ? "" : reference, pattern, NULL);
  for (guint i = 0; i < s->user->mailboxes->len; i++) {
    const struct mailbox *b = s->user->mailboxes->pdata[i];
    if ((is_lsub && !b->is_subscribed) || !imap_pattern_matches(whole, b->name))
      continue;
    g_autoptr(GString) name = g_string_new(NULL);
    mime_nstring(name, b->name);
    machine_printf(&s->endpoint, "* %s (%s) \"%c\" %s\r\n", verb,
                   is_lsub                 ? ""
                   : store_has_children(b) ? "\\HasChildren"
                                           : "\\HasNoChildren",
                   STORE_DELIMITER, name->str);
  }
  imap_ok(s, "%s completed", verb);
}

void
imap_act_list(struct imap_server *s, struct imap_text *t)
{
  list(s, t, "LIST", false);
}

void
imap_act_lsub(struct imap_server *s, struct imap_text *t)
{
  list(s, t, "LSUB", true);
}

void
imap_act_namespace(struct imap_server *s, struct imap_text *t)
{
  machine_printf(&s->endpoint, "* NAMESPACE ((\"\" \"%c\")) NIL NIL\r\n", STORE_DELIMITER);
  imap_ok(s, "NAMESPACE completed");
}

/* ---- STATUS ---- */

/* False when the word is none of STATUS. */
static bool
status_item(const struct mailbox *b, const char *word, uint64_t *value)
{
  unsigned n_unseen = 0, n_recent = 0;
  for (guint i = 0; i < b->messages->len; i++) {
    const struct store_message *m = b->messages->pdata[i];
    n_unseen += !(m->flags & FLAG_SEEN);
    n_recent += m->uid >= b->recent_from;
  }
  const struct {
    const char *word;
    uint64_t value;
  } items[] = {{"MESSAGES", b->messages->len},
               {"RECENT", n_recent},
               {"UIDNEXT", b->uid_next},
               {"UIDVALIDITY", b->uid_validity},
               {"UNSEEN", n_unseen}};
  for (size_t i = 0; i < G_N_ELEMENTS(items); i++) {
    if (strcmp(items[i].word, word) == 0) {
      *value = items[i].value;
      return true;
    }
  }
  return false;
}

void
imap_act_status(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = imap_parse_astring(t);
  if (!name || !imap_parse_space(t) || !imap_parse_octet(t, '(')) {
    imap_bad(s, "Syntax: STATUS mailbox (items)");
    return;
  }
  struct mailbox *b = store_find(s->user, name);
  struct mailbox nothing = {.messages = s->user->mailboxes};
  g_autoptr(GPtrArray) empty = g_ptr_array_new();
  nothing.messages = empty;
  g_autoptr(GString) answer = g_string_new(NULL);
  do {
    g_autofree char *word = imap_parse_word(t);
    uint64_t value;
    if (!word || !status_item(b ? b : &nothing, word, &value)) {
      imap_bad(s, "Unknown status item");
      return;
    }
    g_string_append_printf(answer, "%s%s %" G_GUINT64_FORMAT, answer->len ? " " : "", word, value);
  } while (imap_parse_space(t));
  if (!imap_parse_octet(t, ')') || !imap_parse_end(t)) {
    imap_bad(s, "Syntax: STATUS mailbox (items)");
    return;
  }
  if (!b) {
    imap_no(s, "[NONEXISTENT] No such mailbox");
    return;
  }
  g_autoptr(GString) quoted = g_string_new(NULL);
  mime_nstring(quoted, b->name);
  machine_printf(&s->endpoint, "* STATUS %s (%s)\r\n", quoted->str, answer->str);
  imap_ok(s, "STATUS completed");
}

/* ---- APPEND ---- */

/* The optional date-time in quotes. False when it is there and makes no sense. */
static bool
append_date(struct imap_server *s, struct imap_text *t, int64_t *internal_ns)
{
  *internal_ns = s->now_ns;
  if (imap_parse_peek(t) != '"')
    return true;
  g_autofree char *text = imap_parse_astring(t);
  return text && date_parse_imap(text, internal_ns) && imap_parse_space(t);
}

void
imap_act_append(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = imap_parse_astring(t);
  g_autoptr(GPtrArray) names = NULL;
  g_autoptr(GBytes) octets = NULL;
  int64_t internal_ns;
  bool is_good = name && imap_parse_space(t);
  if (is_good && imap_parse_peek(t) == '(') {
    names = imap_parse_flags(t, false);
    is_good = names && imap_parse_space(t);
  }
  is_good = is_good && append_date(s, t, &internal_ns);
  if (is_good && imap_parse_peek(t) == '{')
    octets = imap_parse_octets(t);
  if (!octets || !imap_parse_end(t)) {
    imap_bad(s, "Syntax: APPEND mailbox (flags) \"date\" {octets}");
    return;
  }
  struct mailbox *b = store_find(s->user, name);
  if (!b) {
    imap_no(s, "[TRYCREATE] No such mailbox");
    return;
  }
  unsigned flags = 0;
  uint64_t keywords = 0;
  if (names && !imap_flags_resolve(b, names, &flags, &keywords)) {
    imap_bad(s, "Unknown system flag");
    return;
  }
  const struct store_message *m = store_append(b, octets, flags, keywords, internal_ns);
  if (m)
    imap_ok(s, "[APPENDUID %u %u] APPEND completed", b->uid_validity, m->uid);
  else
    imap_no(s, "[OVERQUOTA] The user's quota is exceeded");
}
