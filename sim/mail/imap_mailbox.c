/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_mailbox.c -- mailbox names in commands and answers; CREATE, DELETE, RENAME, SUBSCRIBE.
 *
 * RFC 3501 6.3.3 to 6.3.7, 9051 6.3.4 to 6.3.8; 6154 (USE), 5530 (the codes). What is refused:
 *   ALREADYEXISTS, NONEXISTENT   as they say         HASCHILDREN  a name without mailbox, with some
 *   CANNOT   INBOX deleted, a name that cannot be    NOPERM       in the shared namespace
 *   USEATTR  a special use that is none              LIMIT        too many */
#include "sim/mail/imap_session.h"

#include <string.h>

#include "sim/mail/imap_name.h"

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

/* ---- names ---- */

static bool
speaks_utf8(const struct imap_server *s)
{
  return s->has_utf8 || s->is_rev2;
}

/* INBOX in any case is one mailbox, also as the first level of a name or pattern. */
static void
canonical_inbox(char *name)
{
  size_t n = strlen("INBOX");
  if (g_ascii_strncasecmp(name, "INBOX", n) == 0 && (!name[n] || strchr("/*%", name[n])))
    memcpy(name, "INBOX", n);
}

char *
imap_name_from_wire(const struct imap_server *s, const char *text)
{
  char *name;
  if (speaks_utf8(s))
    name = g_utf8_validate(text, -1, NULL) ? g_strdup(text) : NULL;
  else
    name = imap_name_decode(text);
  if (!name)
    return g_strdup("");
  canonical_inbox(name);
  return name;
}

char *
imap_parse_name(const struct imap_server *s, struct imap_text *t)
{
  g_autofree char *text = imap_parse_astring(t);
  return text ? imap_name_from_wire(s, text) : NULL;
}

void
imap_put_name(const struct imap_server *s, GString *out, const char *name)
{
  g_autofree char *wire = speaks_utf8(s) ? g_strdup(name) : imap_name_encode(name);
  g_string_append_c(out, '"');
  for (const char *c = wire; *c; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_c(out, '\\');
    g_string_append_c(out, *c);
  }
  g_string_append_c(out, '"');
}

/* The one mailbox name that is the whole argument; NULL after BAD. */
static char *
only_name(struct imap_server *s, struct imap_text *t)
{
  char *name = imap_parse_name(s, t);
  if (name && imap_parse_end(t))
    return name;
  g_free(name);
  imap_bad(s, "A mailbox name is wanted");
  return NULL;
}

static bool
is_shared(const char *name)
{
  return strcmp(name, "Shared") == 0 || g_str_has_prefix(name, STORE_SHARED_PREFIX);
}

/* ---- CREATE ---- */

/* " (USE (\Sent))". False on bad syntax; *uses is 0 with *is_unknown for a use that is none, or one
 * that no mailbox here can have: \All and \Flagged are views of other mailboxes. */
static bool
parse_use(struct imap_text *t, unsigned *uses, bool *is_unknown)
{
  if (imap_parse_end(t))
    return true;
  if (!imap_parse_space(t) || !imap_parse_octet(t, '('))
    return false;
  g_autofree char *word = imap_parse_word(t);
  if (g_strcmp0(word, "USE") != 0 || !imap_parse_space(t))
    return false;
  g_autoptr(GPtrArray) names = imap_parse_flags(t, false);
  if (!names || !imap_parse_octet(t, ')') || !imap_parse_end(t))
    return false;
  for (guint i = 0; i < names->len; i++) {
    unsigned use = store_use_find(names->pdata[i]);
    *is_unknown |= !use || use & (STORE_USE_ALL | STORE_USE_FLAGGED);
    *uses |= use;
  }
  return true;
}

void
imap_act_create(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = imap_parse_name(s, t);
  unsigned uses = 0;
  bool is_unknown = false;
  if (!name || !parse_use(t, &uses, &is_unknown)) {
    imap_bad(s, "Syntax: CREATE mailbox (USE (\\use))");
    return;
  }
  size_t n = strlen(name);
  if (n > 1 && name[n - 1] == STORE_DELIMITER) /* "will have children": RFC 3501 6.3.3 */
    name[n - 1] = '\0';
  struct mailbox *b;
  if (is_unknown)
    imap_no(s, "[USEATTR] No mailbox here has that use");
  else if (store_find(s->user, name))
    imap_no(s, "[ALREADYEXISTS] That mailbox exists");
  else if (is_shared(name))
    imap_no(s, "[NOPERM] Shared mailboxes are made by the administrator");
  else if (!store_name_is_good(name))
    imap_no(s, "[CANNOT] Not a possible mailbox name");
  else if (!(b = store_create(s->user, name)))
    imap_no(s, "[LIMIT] Too many mailboxes");
  else {
    if (uses)
      store_set_use(b, uses);
    imap_ok(s, "CREATE completed");
  }
}

/* ---- DELETE, RENAME ---- */

void
imap_act_delete(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = only_name(s, t);
  if (!name)
    return;
  struct mailbox *b = store_find_name(s->user, name);
  if (!b)
    imap_no(s, "[NONEXISTENT] No such mailbox");
  else if (b->user != s->user)
    imap_no(s, "[NOPERM] Shared mailboxes belong to the administrator");
  else if (store_is_inbox(name))
    imap_no(s, "[CANNOT] INBOX cannot be deleted");
  else if (b->is_noselect && store_has_children(b))
    imap_no(s, "[HASCHILDREN] Only a name is left, and mailboxes are below it");
  else {
    if (b == s->mailbox) { /* its own session leaves it, others are told BYE: RFC 2180 3.3 */
      imap_deselect(s);
      machine_printf(&s->endpoint, "* OK [CLOSED] The selected mailbox goes\r\n");
    }
    store_delete(b);
    imap_ok(s, "DELETE completed");
  }
}

/* RFC 9051 6.3.6: who speaks rev2 is told under which name it was known. */
static void
tell_renamed(struct imap_server *s, const char *from, const char *to)
{
  g_autoptr(GString) text = g_string_new("* LIST () \"/\" ");
  if (!s->is_rev2 || store_is_inbox(from))
    return;
  imap_put_name(s, text, to);
  g_string_append(text, " (\"OLDNAME\" (");
  imap_put_name(s, text, from);
  machine_printf(&s->endpoint, "%s))\r\n", text->str);
}

void
imap_act_rename(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *from = imap_parse_name(s, t);
  g_autofree char *to = from && imap_parse_space(t) ? imap_parse_name(s, t) : NULL;
  if (!to || !imap_parse_end(t)) {
    imap_bad(s, "Syntax: RENAME old new");
    return;
  }
  size_t n = strlen(to);
  if (n > 1 && to[n - 1] == STORE_DELIMITER)
    to[n - 1] = '\0';
  struct mailbox *b = store_find_name(s->user, from);
  if (!b)
    imap_no(s, "[NONEXISTENT] No such mailbox");
  else if (b->user != s->user || is_shared(to))
    imap_no(s, "[NOPERM] Shared mailboxes belong to the administrator");
  else if (store_find_name(s->user, to))
    imap_no(s, "[ALREADYEXISTS] That mailbox exists");
  else if (!store_rename(b, to))
    imap_no(s, "[CANNOT] Not a possible mailbox name");
  else {
    tell_renamed(s, from, to);
    imap_ok(s, "RENAME completed");
  }
}

/* ---- SUBSCRIBE ---- */

void
imap_act_subscribe(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = only_name(s, t);
  if (!name)
    return;
  if (!store_name_is_good(name))
    imap_no(s, "[CANNOT] Not a possible mailbox name");
  else if (!store_subscribe(s->user, name))
    imap_no(s, "[LIMIT] Too many subscriptions");
  else
    imap_ok(s, "SUBSCRIBE completed");
}

void
imap_act_unsubscribe(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = only_name(s, t);
  if (!name)
    return;
  store_unsubscribe(s->user, name); /* what is wanted holds, also when it was not subscribed */
  imap_ok(s, "UNSUBSCRIBE completed");
}
