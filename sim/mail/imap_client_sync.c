/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_client_sync.c -- opening a folder and bringing the cache up to date.
 *
 *     SELECT ─> UIDVALIDITY another? the cache of this folder is thrown away ─┐
 *        │                                                                    v
 *        ├ nothing known: FETCH 1:* headers <─────────────────────────────────┘
 *        ├ QRESYNC:   SELECT itself told changes and vanished UIDs
 *        ├ CONDSTORE: HIGHESTMODSEQ as before? nothing : FETCH flags CHANGEDSINCE
 *        ├ neither:   FETCH the flags of all; what is not told has vanished
 *        └─> FETCH headers of UIDs that are new ─> still another count? UID SEARCH ALL tells who
 *            vanished
 *
 * RFC 4549 (disconnected clients), 7162 (CONDSTORE, QRESYNC), 3501 2.3.1.1 and 6.3.1. */
#include <string.h>

#include "sim/mail/imap_client_private.h"

#define HEADER_ITEMS "(UID FLAGS RFC822.SIZE ENVELOPE BODYSTRUCTURE)"

enum phase { PHASE_SELECT, PHASE_CHANGES, PHASE_HEADERS, PHASE_COUNT, PHASE_DONE };

static bool
is_known(const struct imap_client *c)
{
  return c->config.mode != IMAP_ONLINE && c->folder->is_known;
}

/* ---- SELECT ---- */

static void
say_name(struct imap_client *c, struct imap_command *cmd, const char *name)
{
  bool is_plain = *name != '\0';
  for (const char *p = name; *p; p++)
    is_plain &= g_ascii_isalnum(*p) || strchr("-_./", *p);
  if (is_plain)
    imap_command_text(cmd, "%s", name);
  else
    imap_command_name(c, cmd, name);
}

static void
selected(struct imap_client *c, struct imap_command *cmd, enum imap_status status, const char *code)
{
  if (status == IMAP_STATUS_OK) {
    imap_client_set_state(c, IMAP_STATE_SELECTED);
    return;
  }
  imap_client_forget_open(c); /* a failed SELECT leaves no folder open (RFC 3501 6.3.1) */
  imap_client_set_state(c, IMAP_STATE_AUTHENTICATED);
  c->has_step_failed = true;
}

static void
say_select(struct imap_client *c, const struct imap_job *job)
{
  const struct imap_folder *f = c->folder;
  struct imap_command *cmd = imap_command_begin(c);
  imap_command_text(cmd, job->is_flag ? "EXAMINE " : "SELECT ");
  say_name(c, cmd, f->name);
  if (c->enabled_qresync && is_known(c) && f->modseq > 0)
    imap_command_text(cmd, " (QRESYNC (%u %" G_GUINT64_FORMAT "))", f->uid_validity, f->modseq);
  else if (c->config.mode != IMAP_ONLINE && imap_client_can(c, IMAP_CAP_CONDSTORE))
    imap_command_text(cmd, " (CONDSTORE)");
  imap_command_end(c, cmd);
  cmd->done = selected;
  cmd->is_alone = true;
}

static bool
begin(struct imap_client *c, const struct imap_job *job)
{
  imap_client_forget_open(c);
  c->folder = imap_cache_folder(c->cache, job->name, true);
  if (!c->folder) {
    imap_client_log(c, "%s", lang_text("there are too many folders", "มีโฟลเดอร์มากเกินไป"));
    c->has_step_failed = true;
    return false;
  }
  if (c->config.mode == IMAP_ONLINE)
    imap_folder_forget(c->folder);
  say_select(c, job);
  return true;
}

/* ---- what changed ---- */

static void
ask_changes(struct imap_client *c)
{
  const struct imap_folder *f = c->folder;
  uint32_t last = imap_folder_last_uid(f);
  if (!is_known(c) || last == 0 || c->seq->len == 0)
    return;
  bool is_condstore =
      imap_client_can(c, IMAP_CAP_CONDSTORE) && f->modseq > 0 && c->server_modseq > 0;
  if (is_condstore && (c->enabled_qresync || f->modseq == c->server_modseq))
    return;
  if (is_condstore) {
    imap_client_say(c, "UID FETCH 1:%u (UID FLAGS) (CHANGEDSINCE %" G_GUINT64_FORMAT ")", last,
                    f->modseq);
  } else {
    c->told = g_hash_table_new(g_direct_hash, g_direct_equal);
    imap_client_say(c, "UID FETCH 1:%u (UID FLAGS)", last);
  }
}

/* The flags of all were asked for: who was not told is gone. */
static void
vanish_untold(struct imap_client *c)
{
  for (guint i = c->told ? c->folder->messages->len : 0; i > 0; i--) {
    struct imap_cached *m = c->folder->messages->pdata[i - 1];
    if (m->uid == 0 || g_hash_table_contains(c->told, GUINT_TO_POINTER(m->uid)))
      continue;
    c->n_vanished += !m->is_leaving;
    imap_folder_vanish(c->folder, m);
  }
  g_clear_pointer(&c->told, g_hash_table_unref);
}

static void
ask_headers(struct imap_client *c)
{
  const struct imap_folder *f = c->folder;
  if (c->seq->len == 0)
    return;
  uint32_t last = imap_folder_last_uid(f);
  uint32_t from = MAX(f->uid_next, last == UINT32_MAX ? last : last + 1);
  if (!is_known(c))
    imap_client_say(c, "FETCH 1:* " HEADER_ITEMS);
  else if (c->server_uid_next == 0 || c->server_uid_next > from)
    imap_client_say(c, "UID FETCH %u:* " HEADER_ITEMS, from);
}

/* ---- who vanished, when the count is another ---- */

static void
search_answered(struct imap_client *c, struct imap_command *cmd, enum imap_status status,
                const char *code)
{
  g_autoptr(GArray) hits = g_steal_pointer(&c->hits);
  if (status != IMAP_STATUS_OK || !c->folder)
    return;
  g_autoptr(GHashTable) there = g_hash_table_new(g_direct_hash, g_direct_equal);
  for (guint i = 0; i < hits->len; i++)
    g_hash_table_add(there, GUINT_TO_POINTER(g_array_index(hits, uint32_t, i)));
  c->told = g_steal_pointer(&there);
  vanish_untold(c);
  c->lost_count = false;
}

static void
ask_count(struct imap_client *c)
{
  if (!is_known(c) || (imap_folder_n_on_server(c->folder) == c->seq->len && !c->lost_count))
    return;
  c->hits = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  imap_client_say(c, "UID SEARCH ALL")->done = search_answered;
}

/* When all are known, their order tells their numbers (RFC 3501 2.3.1.2). */
static void
number_all(struct imap_client *c)
{
  if (imap_folder_n_on_server(c->folder) != c->seq->len)
    return;
  for (guint i = 0; i < c->seq->len; i++)
    g_array_index(c->seq, uint32_t, i) =
        ((const struct imap_cached *)c->folder->messages->pdata[i])->uid;
}

static void
finish(struct imap_client *c)
{
  struct imap_folder *f = c->folder;
  bool was_known = is_known(c);
  number_all(c);
  if (was_known)
    machine_emit(&c->endpoint, "sync", "%s new=%u changed=%u vanished=%u", f->name, c->n_new,
                 c->n_changed, c->n_vanished);
  f->is_known = true;
  f->modseq = MAX(f->modseq, c->server_modseq);
  f->uid_next = MAX(c->server_uid_next, imap_folder_last_uid(f) + 1);
}

bool
imap_client_open(struct imap_client *c, struct imap_job *job)
{
  if (job->phase > PHASE_SELECT && !c->folder)
    return false; /* it could not be opened */
  switch (job->phase) {
  case PHASE_SELECT:
    return begin(c, job);
  case PHASE_CHANGES:
    ask_changes(c);
    return true;
  case PHASE_HEADERS:
    vanish_untold(c);
    ask_headers(c);
    return true;
  case PHASE_COUNT:
    ask_count(c);
    return true;
  default:
    finish(c);
    return false;
  }
}

bool
imap_client_headers(struct imap_client *c, struct imap_job *job)
{
  if (job->phase == 0 && c->folder && c->folder->messages->len < c->seq->len) {
    uint32_t last = imap_folder_last_uid(c->folder);
    imap_client_say(c, "UID FETCH %u:* " HEADER_ITEMS, last == UINT32_MAX ? last : last + 1);
    return true;
  }
  if (c->folder)
    number_all(c);
  return false;
}
