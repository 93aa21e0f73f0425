/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_client_replay.c -- what was done on the device reaches the server, oldest first.
 *
 *     change ─> its folder is opened and brought up to date ─> messages that are gone or in
 * conflict are taken out, and told ─> commands ─> OK: done │ NO [TRYCREATE]: the folder is made,
 * again │ NO: told, and undone here
 *
 *     MOVE    UID MOVE, or UID COPY, UID STORE +FLAGS.SILENT (\Deleted), UID EXPUNGE
 *     DELETE  UID STORE (UNCHANGEDSINCE n) +FLAGS.SILENT (\Deleted), UID EXPUNGE or EXPUNGE
 *
 * SIMPLIFIED: an APPEND whose answer is lost with the line is said again; nobody looks for the copy
 * that may be there already.
 *
 * RFC 4549 3 and 4; 4315 (UID EXPUNGE, APPENDUID), 6851 (MOVE), 7162 3.1.3 (UNCHANGEDSINCE). */
#include <string.h>

#include "sim/mail/date.h"
#include "sim/mail/imap_client_private.h"
#include "sim/mail/store.h"

enum { STAGE_OPEN, STAGE_FILTER, STAGE_SAY, STAGE_MARK, STAGE_EXPUNGE, STAGE_DONE };

static struct imap_change *
oldest(const struct imap_client *c)
{
  return c->cache->changes->len ? c->cache->changes->pdata[0] : NULL;
}

char *
imap_client_set(const GArray *uids)
{
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < uids->len;) {
    uint32_t low = g_array_index(uids, uint32_t, i), high = low;
    for (i++; i < uids->len && g_array_index(uids, uint32_t, i) == high + 1; i++)
      high++;
    g_string_append_printf(out, "%s%u", out->len ? "," : "", low);
    if (high > low)
      g_string_append_printf(out, ":%u", high);
  }
  return g_string_free(out, FALSE);
}

static void
tell_conflict(struct imap_client *c, const struct imap_change *change, uint32_t uid,
              struct lang_pair why)
{
  machine_emit(&c->endpoint, "conflict", "%s %s UID %u: %s", imap_change_name(change->kind),
               change->folder, uid, lang_pick(why));
}

/* ---- before it is said ---- */

/* Takes out what cannot be done any more. */
static void
filter(struct imap_client *c)
{
  struct imap_change *change = oldest(c);
  for (guint i = change->uids ? change->uids->len : 0; i > 0; i--) {
    uint32_t uid = g_array_index(change->uids, uint32_t, i - 1);
    const struct imap_cached *m = imap_folder_message(c->folder, uid);
    bool is_touched =
        m && change->base && g_array_index(change->base, unsigned, i - 1) != m->server_flags;
    if (m && !is_touched)
      continue;
    tell_conflict(c, change, uid,
                  m ? lang_pair("its flags were changed elsewhere meanwhile: it is not deleted",
                                "มีการเปลี่ยนแฟล็กจากที่อื่นระหว่างนั้น: จึงไม่ลบ")
                    : lang_pair("it was deleted elsewhere meanwhile", "ถูกลบจากที่อื่นไปแล้วระหว่างนั้น"));
    imap_change_without(c->cache, uid);
  }
}

/* ---- saying it ---- */

static void
created(struct imap_client *c, struct imap_command *cmd, enum imap_status status, const char *code)
{
  struct imap_change *change = oldest(c);
  if (status == IMAP_STATUS_OK)
    change->stage = STAGE_SAY;
  else
    c->has_step_failed = true;
}

static void
say_with_name(struct imap_client *c, const char *verb, const char *name,
              void (*done)(struct imap_client *, struct imap_command *, enum imap_status,
                           const char *))
{
  struct imap_command *cmd = imap_command_begin(c);
  imap_command_text(cmd, "%s ", verb);
  imap_command_name(c, cmd, name);
  imap_command_end(c, cmd);
  cmd->done = done;
}

/* NO: a missing folder is made once; anything else is told and undone. */
static void
refused(struct imap_client *c, struct imap_change *change, const char *code)
{
  const char *where = change->kind == IMAP_CHANGE_APPEND ? change->folder : change->to;
  change->stage = STAGE_DONE;
  change->is_refused = true;
  if (where && imap_reply_code_is(code, "TRYCREATE", NULL) && !change->is_retried) {
    change->is_retried = true;
    change->is_refused = false;
    say_with_name(c, "CREATE", where, created);
    return;
  }
  c->has_step_failed = true;
  machine_emit(&c->endpoint, "conflict", "%s %s: %s", imap_change_name(change->kind),
               change->folder,
               lang_text("the server refuses; it is undone here", "เซิร์ฟเวอร์ปฏิเสธ จึงยกเลิกที่นี่"));
}

/* MODIFIED 7,9: somebody was quicker (RFC 7162 3.1.3). */
static void
take_modified(struct imap_client *c, const char *args)
{
  struct imap_text t = {.p = (const uint8_t *)args, .n = strlen(args)};
  g_autoptr(GArray) set = imap_parse_set(&t);
  struct imap_change *change = oldest(c);
  for (guint i = set ? change->uids->len : 0; i > 0; i--) {
    uint32_t uid = g_array_index(change->uids, uint32_t, i - 1);
    if (!imap_set_has(set, uid, UINT32_MAX))
      continue;
    tell_conflict(c, change, uid,
                  lang_pair("it was changed elsewhere just now: it is not deleted",
                            "มีการเปลี่ยนจากที่อื่นเมื่อครู่นี้: จึงไม่ลบ"));
    imap_change_without(c->cache, uid);
  }
}

static void
take_append_uid(struct imap_client *c, const struct imap_change *change, const char *args)
{
  char *end;
  guint64 validity = g_ascii_strtoull(args, &end, 10);
  guint64 uid = *end == ' ' ? g_ascii_strtoull(end + 1, NULL, 10) : 0;
  machine_emit(&c->endpoint, "appended",
               "%s uid-validity=%" G_GUINT64_FORMAT " uid=%" G_GUINT64_FORMAT, change->folder,
               validity, uid);
}

static void
answered(struct imap_client *c, struct imap_command *cmd, enum imap_status status, const char *code)
{
  struct imap_change *change = oldest(c);
  const char *args;
  if (imap_reply_code_is(code, "MODIFIED", &args) && change->base)
    take_modified(c, args);
  else if (status != IMAP_STATUS_OK)
    refused(c, change, code);
  else if (imap_reply_code_is(code, "APPENDUID", &args))
    take_append_uid(c, change, args);
}

static void
say_store(struct imap_client *c, const char *set, const struct imap_change *change)
{
  g_autofree char *flags = imap_flags_text(change->flags, change->keywords);
  imap_client_say(c, "UID STORE %s %cFLAGS (%s)", set, change->kind == IMAP_CHANGE_FLAG ? '+' : '-',
                  flags)
      ->done = answered;
}

static void
say_to(struct imap_client *c, const char *verb, const char *set, const char *to)
{
  struct imap_command *cmd = imap_command_begin(c);
  imap_command_text(cmd, "UID %s %s ", verb, set);
  imap_command_name(c, cmd, to);
  imap_command_end(c, cmd);
  cmd->done = answered;
}

static void
say_append(struct imap_client *c, const struct imap_change *change)
{
  struct imap_command *cmd = imap_command_begin(c);
  imap_command_text(cmd, "APPEND ");
  imap_command_name(c, cmd, change->folder);
  g_autofree char *flags = imap_flags_text(change->flags, change->keywords);
  imap_command_text(cmd, " (%s) ", flags);
  if (change->date_ns >= 0) {
    char date[DATE_TEXT_MAX];
    imap_command_text(cmd, "\"%s\" ", date_format_imap(change->date_ns, 0, date));
  }
  gsize n;
  const void *p = g_bytes_get_data(change->octets, &n);
  imap_command_literal(c, cmd, p, n);
  imap_command_end(c, cmd);
  cmd->done = answered;
}

static void
say_deleted(struct imap_client *c, const char *set, const struct imap_change *change)
{
  bool is_guarded = c->enabled_condstore && c->folder->modseq > 0 && change->base;
  if (is_guarded)
    imap_client_say(c,
                    "UID STORE %s (UNCHANGEDSINCE %" G_GUINT64_FORMAT ") +FLAGS.SILENT (\\Deleted)",
                    set, MAX(c->folder->modseq, c->server_modseq))
        ->done = answered;
  else
    imap_client_say(c, "UID STORE %s +FLAGS.SILENT (\\Deleted)", set)->done = answered;
}

static void
say(struct imap_client *c, struct imap_change *change)
{
  g_autofree char *set = change->uids ? imap_client_set(change->uids) : NULL;
  bool can_move = imap_client_can(c, IMAP_CAP_MOVE);
  change->stage = STAGE_DONE;
  switch (change->kind) {
  case IMAP_CHANGE_FLAG:
  case IMAP_CHANGE_UNFLAG:
    say_store(c, set, change);
    break;
  case IMAP_CHANGE_COPY:
  case IMAP_CHANGE_MOVE:
    if (change->kind == IMAP_CHANGE_MOVE && !can_move)
      change->stage = STAGE_MARK;
    say_to(c, change->kind == IMAP_CHANGE_MOVE && can_move ? "MOVE" : "COPY", set, change->to);
    break;
  case IMAP_CHANGE_DELETE:
    change->stage = STAGE_EXPUNGE;
    say_deleted(c, set, change);
    break;
  default:
    say_append(c, change);
  }
}

static void
expunge(struct imap_client *c, struct imap_change *change)
{
  g_autofree char *set = imap_client_set(change->uids);
  change->stage = STAGE_DONE;
  if (change->uids->len == 0)
    return; /* all of them were in conflict */
  if (imap_client_can(c, IMAP_CAP_UIDPLUS))
    imap_client_say(c, "UID EXPUNGE %s", set)->done = answered;
  else
    imap_client_say(c, "EXPUNGE")->done = answered; /* also what others have marked */
}

/* ---- the job ---- */

/* Is the folder of the change open for writing? APPEND needs none. */
static bool
is_in_place(struct imap_client *c, const struct imap_change *change)
{
  return change->kind == IMAP_CHANGE_APPEND ||
         (c->folder && strcmp(c->folder->name, change->folder) == 0 && !c->is_read_only);
}

static void
conclude(struct imap_client *c, struct imap_change *change)
{
  if (change->is_refused) {
    imap_change_drop(c->cache);
    return;
  }
  bool is_gone = change->kind == IMAP_CHANGE_DELETE || change->kind == IMAP_CHANGE_MOVE;
  for (guint i = 0; is_gone && c->folder && i < change->uids->len; i++) {
    struct imap_cached *m =
        imap_folder_message(c->folder, g_array_index(change->uids, uint32_t, i));
    if (m) /* the server's EXPUNGE named a number that we could not place */
      imap_folder_vanish(c->folder, m);
  }
  imap_change_done(c->cache);
}

static void
work(struct imap_client *c, struct imap_change *change)
{
  g_autofree char *set = NULL;
  switch (change->stage) {
  case STAGE_OPEN:
    change->stage = STAGE_FILTER;
    if (!is_in_place(c, change)) {
      struct imap_job *open = imap_client_push(c, imap_client_open);
      open->name = g_strdup(change->folder);
    }
    break;
  case STAGE_FILTER:
    change->stage = STAGE_SAY;
    if (is_in_place(c, change)) {
      filter(c);
    } else {
      imap_client_log(c, lang_text("%s cannot be opened for writing", "เปิด %s เพื่อเขียนไม่ได้"),
                      change->folder);
      change->is_refused = true;
      change->stage = STAGE_DONE;
    }
    if (change->uids && change->uids->len == 0)
      change->stage = STAGE_DONE;
    break;
  case STAGE_SAY:
    say(c, change);
    break;
  case STAGE_MARK:
    change->stage = STAGE_EXPUNGE;
    set = imap_client_set(change->uids);
    say_deleted(c, set, change);
    break;
  case STAGE_EXPUNGE:
    expunge(c, change);
    break;
  default:
    conclude(c, change);
  }
}

bool
imap_client_replay(struct imap_client *c, struct imap_job *job)
{
  struct imap_change *change = oldest(c);
  if (!change)
    return false;
  work(c, change);
  return true;
}
