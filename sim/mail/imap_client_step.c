/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_client_step.c -- what the user wants, step by step: one row per step.
 *
 *     steps ─> start() of the row: a command, a job, or a change that is queued and replayed
 *        ^                                                    │
 *        └── "step" event with what it cost <─────────────────┘
 *
 * Steps that change messages are done on the cache first (imap_step_do_local), whether there is a
 * line or not; with one they reach the server right away by the replay. */
#include <string.h>

#include "sim/mail/imap_client_private.h"
#include "sim/mail/mime.h"
#include "sim/mail/store.h"

#define IDLE_NS (29 * 60 * MACHINE_SECOND) /* RFC 2177: at least every 29 minutes */
#define POLL_NS (60 * MACHINE_SECOND)      /* where IDLE is not offered */

/* ---- on the cache ---- */

static bool
which_uids(const struct imap_folder *f, const struct imap_step *step, GArray **uids,
           const char **why)
{
  *uids = imap_folder_which(f, step->which ? step->which : "all");
  if ((*uids)->len > 0)
    return true;
  g_clear_pointer(uids, g_array_unref);
  *why = lang_text("no such message is known here", "ไม่มีข้อความนั้นในเครื่องนี้");
  return false;
}

static bool
append_local(struct imap_cache *c, const struct imap_step *step, const char **why)
{
  struct imap_folder *f = step->name[0] == '\\' ? imap_cache_special(c, step->name) : NULL;
  const char *fallback = step->name[0] == '\\' ? step->name + 1 : step->name; /* \Drafts: Drafts */
  if (!f)
    f = imap_cache_folder(c, fallback, true);
  if (!f) {
    *why = lang_text("there are too many folders", "มีโฟลเดอร์มากเกินไป");
    return false;
  }
  struct imap_cached *m = imap_folder_put_new(f, step->octets, step->flags);
  m->subject = mime_subject(step->octets);
  imap_cached_tell(f, m);
  struct imap_change change = {.kind = IMAP_CHANGE_APPEND,
                               .folder = g_strdup(f->name),
                               .flags = step->flags,
                               .keywords = g_strdup(step->keywords),
                               .octets = g_bytes_ref(step->octets),
                               .date_ns = step->ns,
                               .number = m->number};
  return imap_change_add(c, change);
}

/* Those of which a text is here are marked as read. */
static bool
read_local(struct imap_folder *f, GArray *uids, const char **why)
{
  for (guint i = uids->len; i > 0; i--) {
    const struct imap_cached *m = imap_folder_message(f, g_array_index(uids, uint32_t, i - 1));
    if (m->held == IMAP_HELD_HEADER) {
      *why = lang_text("a text is not in the cache, and there is no line",
                       "เนื้อความไม่อยู่ในแคช และไม่มีการเชื่อมต่อ");
      g_array_remove_index(uids, i - 1);
    } else if (m->flags & FLAG_SEEN) {
      g_array_remove_index(uids, i - 1);
    }
  }
  return *why == NULL;
}

bool
imap_step_do_local(struct imap_cache *c, const char *mailbox, const struct imap_step *step,
                   const char **why)
{
  static const enum imap_change_kind kinds[IMAP_N_STEPS] = {
      [IMAP_STEP_READ] = IMAP_CHANGE_FLAG,     [IMAP_STEP_FLAG] = IMAP_CHANGE_FLAG,
      [IMAP_STEP_UNFLAG] = IMAP_CHANGE_UNFLAG, [IMAP_STEP_COPY] = IMAP_CHANGE_COPY,
      [IMAP_STEP_MOVE] = IMAP_CHANGE_MOVE,     [IMAP_STEP_DELETE] = IMAP_CHANGE_DELETE};
  GArray *uids;
  *why = NULL;
  if (step->kind == IMAP_STEP_APPEND)
    return append_local(c, step, why);
  struct imap_folder *f = imap_cache_folder(c, mailbox, true);
  if (!f || !which_uids(f, step, &uids, why))
    return false;
  bool is_good = step->kind != IMAP_STEP_READ || read_local(f, uids, why);
  struct imap_change change = {
      .kind = kinds[step->kind],
      .folder = g_strdup(f->name),
      .uids = uids,
      .flags = step->kind == IMAP_STEP_READ ? FLAG_SEEN : step->flags,
      .keywords = g_strdup(step->kind == IMAP_STEP_READ || !step->keywords ? "" : step->keywords),
      .to = g_strdup(step->to)};
  imap_change_add(c, change); /* of nothing: it adds nothing */
  return is_good;
}

/* ---- rows: folders ---- */

static void
fail(struct imap_client *c, const char *why)
{
  if (why)
    imap_client_log(c, "%s", why);
  c->has_step_failed = true;
}

static bool
list(struct imap_client *c, struct imap_job *job)
{
  if (job->phase == 0) {
    bool is_rich =
        imap_client_can(c, IMAP_CAP_LIST_EXTENDED) && imap_client_can(c, IMAP_CAP_SPECIAL_USE);
    c->listed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    imap_client_say(c, "LIST \"\" \"*\"%s", is_rich ? " RETURN (SUBSCRIBED SPECIAL-USE)" : "");
    return true;
  }
  for (guint i = c->cache->folders->len; i > 0 && !c->has_step_failed; i--) {
    struct imap_folder *f = c->cache->folders->pdata[i - 1];
    if (f != c->folder && !g_hash_table_contains(c->listed, f->name) && f->is_known)
      imap_cache_remove_folder(c->cache, f->name); /* it was removed elsewhere */
  }
  g_clear_pointer(&c->listed, g_hash_table_unref);
  return false;
}

static void
start_list(struct imap_client *c, const struct imap_step *step)
{
  imap_client_push(c, list);
}

static const struct imap_step *
current(const struct imap_client *c)
{
  return ((struct imap_job *)c->jobs->pdata[0])->step;
}

static void
folder_changed(struct imap_client *c, struct imap_command *cmd, enum imap_status status,
               const char *code)
{
  const struct imap_step *step = current(c);
  struct imap_folder *f;
  if (status != IMAP_STATUS_OK) {
    fail(c, NULL);
    return;
  }
  switch (step->kind) {
  case IMAP_STEP_CREATE:
    imap_cache_folder(c->cache, step->name, true);
    break;
  case IMAP_STEP_RENAME:
    imap_cache_rename_folder(c->cache, step->name, step->to);
    break;
  case IMAP_STEP_REMOVE:
    if (c->folder && strcmp(c->folder->name, step->name) == 0)
      imap_client_forget_open(c);
    imap_cache_remove_folder(c->cache, step->name);
    break;
  default:
    f = imap_cache_folder(c->cache, step->name, false);
    if (f)
      f->is_subscribed = step->kind == IMAP_STEP_SUBSCRIBE;
  }
}

static void
start_folder(struct imap_client *c, const struct imap_step *step)
{
  static const char *const verbs[IMAP_N_STEPS] = {[IMAP_STEP_CREATE] = "CREATE",
                                                  [IMAP_STEP_RENAME] = "RENAME",
                                                  [IMAP_STEP_REMOVE] = "DELETE",
                                                  [IMAP_STEP_SUBSCRIBE] = "SUBSCRIBE",
                                                  [IMAP_STEP_UNSUBSCRIBE] = "UNSUBSCRIBE"};
  struct imap_command *cmd = imap_command_begin(c);
  imap_command_text(cmd, "%s ", verbs[step->kind]);
  imap_command_name(c, cmd, step->name);
  if (step->kind == IMAP_STEP_RENAME) {
    imap_command_text(cmd, " ");
    imap_command_name(c, cmd, step->to);
  }
  imap_command_end(c, cmd);
  cmd->done = folder_changed;
}

/* ---- rows: the open folder ---- */

static void
start_open(struct imap_client *c, const struct imap_step *step)
{
  if (step->kind == IMAP_STEP_SYNC)
    imap_client_push(c, imap_client_replay); /* below the other: it works behind it */
  struct imap_job *job = imap_client_push(c, imap_client_open);
  job->name = g_strdup(step->name ? step->name : c->mailbox);
  job->is_flag = step->kind == IMAP_STEP_EXAMINE;
}

static void
closed(struct imap_client *c, struct imap_command *cmd, enum imap_status status, const char *code)
{
  imap_client_forget_open(c);
  imap_client_set_state(c, IMAP_STATE_AUTHENTICATED);
}

/* CLOSE would expunge (RFC 3501 6.4.2); behind EXAMINE it may not. */
static void
start_close(struct imap_client *c, const struct imap_step *step)
{
  if (!c->folder) {
    fail(c, lang_text("no folder is open", "ไม่มีโฟลเดอร์เปิดอยู่"));
    return;
  }
  if (!imap_client_can(c, IMAP_CAP_UNSELECT) && !c->is_read_only)
    imap_client_say(c, "EXAMINE INBOX")->is_alone = true;
  struct imap_command *cmd =
      imap_client_say(c, imap_client_can(c, IMAP_CAP_UNSELECT) ? "UNSELECT" : "CLOSE");
  cmd->done = closed;
  cmd->is_alone = true;
}

static void
start_fetch(struct imap_client *c, const struct imap_step *step)
{
  GArray *uids;
  const char *why = lang_text("no folder is open", "ไม่มีโฟลเดอร์เปิดอยู่");
  if (!c->folder) {
    fail(c, why);
    return;
  }
  if (!which_uids(c->folder, step, &uids, &why))
    return; /* nothing to read is no failure */
  struct imap_job *job =
      imap_client_push(c, step->kind == IMAP_STEP_READ          ? imap_client_read
                          : step->kind == IMAP_STEP_ATTACHMENTS ? imap_client_attachments
                                                                : imap_client_download);
  job->uids = uids;
}

static void
start_change(struct imap_client *c, const struct imap_step *step)
{
  const char *why = NULL;
  const char *mailbox = c->folder ? c->folder->name : c->mailbox;
  if (!imap_step_do_local(c->cache, mailbox, step, &why) && why)
    imap_client_log(c, "%s", why);
  imap_client_push(c, imap_client_replay);
}

/* ---- rows: search ---- */

static void
search_answered(struct imap_client *c, struct imap_command *cmd, enum imap_status status,
                const char *code)
{
  g_array_unref(c->cache->found);
  c->cache->found = g_steal_pointer(&c->hits);
  if (status != IMAP_STATUS_OK) {
    g_array_set_size(c->cache->found, 0);
    fail(c, NULL);
    return;
  }
  g_autofree char *set = imap_client_set(c->cache->found);
  machine_emit(&c->endpoint, "found", "%u: %.200s", c->cache->found->len, set);
}

static void
start_search(struct imap_client *c, const struct imap_step *step)
{
  if (!c->folder) {
    fail(c, lang_text("no folder is open", "ไม่มีโฟลเดอร์เปิดอยู่"));
    return;
  }
  struct imap_command *cmd = imap_command_begin(c);
  bool is_ascii = !step->to || g_str_is_ascii(step->to);
  imap_command_text(cmd, "UID SEARCH %s%s", is_ascii ? "" : "CHARSET UTF-8 ", step->name);
  if (step->to) {
    imap_command_text(cmd, " ");
    imap_command_string(c, cmd, step->to);
  }
  imap_command_end(c, cmd);
  cmd->done = search_answered;
  c->hits = g_array_new(FALSE, FALSE, sizeof(uint32_t));
}

/* ---- rows: IDLE ---- */

static bool
has_news(const struct imap_client *c)
{
  return c->folder && imap_folder_n_on_server(c->folder) < c->seq->len;
}

static void
end_idle(struct imap_client *c)
{
  if (!c->is_idling)
    return;
  c->is_idling = false;
  imap_client_answer(c, "DONE");
}

void
imap_client_idle_news(struct imap_client *c)
{
  end_idle(c);
}

void
imap_client_idle_timeout(struct imap_client *c)
{
  end_idle(c);
}

static void
idling(struct imap_client *c, struct imap_command *cmd, const char *text)
{
  if (c->is_idling)
    return;
  c->is_idling = true;
  c->idle_renew_ns = c->now_ns + IDLE_NS;
  if (has_news(c))
    end_idle(c);
}

static void
idle_answered(struct imap_client *c, struct imap_command *cmd, enum imap_status status,
              const char *code)
{
  c->is_idling = false;
  if (status != IMAP_STATUS_OK) {
    c->idle_until_ns = c->now_ns;
    fail(c, NULL);
  }
}

/* Until its time is over: new headers when something came, else IDLE again; NOOP where there is no
 * IDLE. */
static bool
idle(struct imap_client *c, struct imap_job *job)
{
  if (job->phase == 0)
    c->idle_until_ns = c->now_ns + job->step->ns;
  bool is_over = c->now_ns >= c->idle_until_ns;
  if (has_news(c) && job->at < c->seq->len) {
    job->at = c->seq->len; /* once: a server that does not tell them is not asked for ever */
    imap_client_push(c, imap_client_headers);
    return true;
  }
  if (is_over)
    return false;
  if (imap_client_can(c, IMAP_CAP_IDLE)) {
    struct imap_command *cmd = imap_client_say(c, "IDLE");
    cmd->done = idle_answered;
    cmd->go_on = idling;
    cmd->is_alone = true;
  } else if (job->is_flag) {
    job->is_flag = false;
    c->wake_ns = MIN(c->now_ns + POLL_NS, c->idle_until_ns);
  } else {
    job->is_flag = true;
    imap_client_say(c, "NOOP");
  }
  return true;
}

static void
start_idle(struct imap_client *c, const struct imap_step *step)
{
  if (!c->folder) {
    fail(c, lang_text("no folder is open", "ไม่มีโฟลเดอร์เปิดอยู่"));
    return;
  }
  struct imap_job *job = imap_client_push(c, idle);
  job->step = step;
}

static void
start_wait(struct imap_client *c, const struct imap_step *step)
{
  c->wake_ns = c->now_ns + step->ns;
}

/* ---- the table ---- */

static const struct {
  const char *name;
  bool is_local;
  void (*start)(struct imap_client *c, const struct imap_step *step);
} rows[IMAP_N_STEPS] = {
    [IMAP_STEP_FOLDERS] = {"folders", false, start_list},
    [IMAP_STEP_CREATE] = {"create", false, start_folder},
    [IMAP_STEP_RENAME] = {"rename", false, start_folder},
    [IMAP_STEP_REMOVE] = {"remove", false, start_folder},
    [IMAP_STEP_SUBSCRIBE] = {"subscribe", false, start_folder},
    [IMAP_STEP_UNSUBSCRIBE] = {"unsubscribe", false, start_folder},
    [IMAP_STEP_OPEN] = {"open", false, start_open},
    [IMAP_STEP_EXAMINE] = {"examine", false, start_open},
    [IMAP_STEP_CLOSE] = {"close", false, start_close},
    [IMAP_STEP_READ] = {"read", true, start_fetch},
    [IMAP_STEP_ATTACHMENTS] = {"attachments", false, start_fetch},
    [IMAP_STEP_DOWNLOAD] = {"download", false, start_fetch},
    [IMAP_STEP_FLAG] = {"flag", true, start_change},
    [IMAP_STEP_UNFLAG] = {"unflag", true, start_change},
    [IMAP_STEP_COPY] = {"copy", true, start_change},
    [IMAP_STEP_MOVE] = {"move", true, start_change},
    [IMAP_STEP_DELETE] = {"delete", true, start_change},
    [IMAP_STEP_APPEND] = {"append", true, start_change},
    [IMAP_STEP_SEARCH] = {"search", false, start_search},
    [IMAP_STEP_IDLE] = {"idle", false, start_idle},
    [IMAP_STEP_SYNC] = {"sync", false, start_open},
    [IMAP_STEP_WAIT] = {"wait", false, start_wait},
};

const char *
imap_step_name(enum imap_step_kind kind)
{
  return rows[kind].name;
}

enum imap_step_kind
imap_step_find(const char *name)
{
  int kind = 0;
  while (kind < IMAP_N_STEPS && strcmp(rows[kind].name, name) != 0)
    kind++;
  return (enum imap_step_kind)kind;
}

bool
imap_step_is_local(enum imap_step_kind kind)
{
  return rows[kind].is_local;
}

/* ---- the job ---- */

static void
end_step(struct imap_client *c, const struct imap_step *step)
{
  const char *what = step->name ? step->name : step->which;
  machine_emit(&c->endpoint, "step",
               "%s%s%s%s octets-in=%" G_GUINT64_FORMAT " octets-out=%" G_GUINT64_FORMAT
               " flights=%" G_GUINT64_FORMAT,
               rows[step->kind].name, what ? " " : "", what ? what : "",
               c->has_step_failed ? " failed" : "", c->n_in - c->step_in, c->n_out - c->step_out,
               c->n_flights - c->step_flights);
  c->is_good &= !c->has_step_failed;
}

bool
imap_client_steps(struct imap_client *c, struct imap_job *job)
{
  const struct imap_step *steps = c->config.steps ? c->config.steps : c->default_steps;
  guint n = c->config.steps ? c->config.n_steps : c->n_default_steps;
  if (job->step)
    end_step(c, job->step);
  if (job->at == n)
    return false;
  job->step = &steps[job->at++];
  c->has_step_failed = false;
  c->step_in = c->n_in;
  c->step_out = c->n_out;
  c->step_flights = c->n_flights;
  rows[job->step->kind].start(c, job->step);
  return true;
}

void
imap_client_default_steps(struct imap_client *c)
{
  static const struct imap_step steps[][4] = {
      [IMAP_ONLINE] = {{.kind = IMAP_STEP_FOLDERS},
                       {.kind = IMAP_STEP_OPEN},
                       {.kind = IMAP_STEP_READ, .which = "unseen"}},
      [IMAP_OFFLINE] = {{.kind = IMAP_STEP_OPEN},
                        {.kind = IMAP_STEP_DOWNLOAD, .which = "new"},
                        {.kind = IMAP_STEP_DELETE, .which = "downloaded"}},
      [IMAP_DISCONNECTED] = {{.kind = IMAP_STEP_FOLDERS},
                             {.kind = IMAP_STEP_SYNC},
                             {.kind = IMAP_STEP_DOWNLOAD, .which = "new"}}};
  memcpy(c->default_steps, steps[c->config.mode], sizeof c->default_steps);
  c->n_default_steps = c->config.mode == IMAP_OFFLINE && c->config.keeps ? 2 : 3;
}
