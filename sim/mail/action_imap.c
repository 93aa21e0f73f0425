/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action_imap.c -- the verb read-imap: what somebody does with an IMAP account, step by step, over
 * a line or, without one, on what the device has kept. Its keys stand in build.h. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/action_errand.h"
#include "sim/mail/deflate_layer.h"
#include "sim/mail/imap_client.h"

/* What is behind a step's texts. */
struct plan {
  GArray *steps; /* struct imap_step */
  GPtrArray *texts;
  GPtrArray *octets; /* GBytes* */
  GArray *uploads;   /* guint: steps that stand for every message of the host's own store */
  GArray *made;      /* struct imap_step: with the uploads in place, of the last run */
  const char *mailbox, *ignores;
  enum imap_mode mode;
  bool has_line, pipelines, compresses, identifies;
  uint32_t chunk;
};

static void
plan_free(void *own)
{
  struct plan *p = own;
  g_array_unref(p->steps);
  g_array_unref(p->uploads);
  g_clear_pointer(&p->made, g_array_unref);
  g_ptr_array_unref(p->texts);
  g_ptr_array_unref(p->octets);
  g_free(p);
}

/* ---- running ---- */

static bool
is_upload(const struct plan *p, guint step)
{
  for (guint i = 0; i < p->uploads->len; i++)
    if (g_array_index(p->uploads, guint, i) == step)
      return true;
  return false;
}

/* The steps as they are now: an upload becomes an APPEND for each message of the device's store. */
static void
make_steps(struct errand *e)
{
  struct plan *p = e->own;
  const struct mailbox *from = action_keeper(e->verbs, action_host(e->action))->mailbox;
  g_clear_pointer(&p->made, g_array_unref);
  p->made = g_array_new(FALSE, TRUE, sizeof(struct imap_step));
  for (guint i = 0; i < p->steps->len; i++) {
    struct imap_step step = g_array_index(p->steps, struct imap_step, i);
    if (!is_upload(p, i)) {
      g_array_append_val(p->made, step);
      continue;
    }
    for (guint k = 0; k < from->messages->len; k++) {
      const struct store_message *m = from->messages->pdata[k];
      step.octets = m->octets;
      step.flags = m->flags;
      step.ns = m->internal_ns;
      g_array_append_val(p->made, step);
    }
  }
}

static struct endpoint *
make_reader(struct errand *e)
{
  struct plan *p = e->own;
  make_steps(e);
  struct imap_client_config config = {
      .login = {.user = e->user,
                .password = e->password,
                .token = e->token,
                .authzid = e->authzid,
                .host = e->server,
                .port = e->port,
                .random = action_errand_random(e)},
      .mech = e->mech,
      .is_careful = e->is_careful,
      .tls_use = e->secure.use,
      .keeps_clear = e->secure.keeps_clear,
      .mode = p->mode,
      .steps = p->steps->len ? &g_array_index(p->made, struct imap_step, 0) : NULL,
      .n_steps = p->made->len,
      .mailbox = p->mailbox,
      .cache = action_cache(e),
      .into =
          p->mode == IMAP_OFFLINE ? action_keeper(e->verbs, action_host(e->action))->mailbox : NULL,
      .keeps = e->keeps,
      .pipelines = p->pipelines,
      .compresses = p->compresses,
      .identifies = p->identifies,
      .chunk = p->chunk,
      .ignores = p->ignores,
      .done = action_errand_over,
      .data = e};
  struct endpoint *client = imap_client_new(&config);
  return p->compresses ? deflate_layer_new(client) : client;
}

/* Without a line: on the cache alone. */
static void
work_locally(struct errand *e)
{
  struct plan *p = e->own;
  bool is_good = true;
  make_steps(e);
  for (guint i = 0; i < p->made->len; i++) {
    const char *why = NULL;
    const struct imap_step *step = &g_array_index(p->made, struct imap_step, i);
    if (imap_step_do_local(action_cache(e), p->mailbox, step, &why))
      continue;
    is_good = false;
    if (why)
      action_log(e->action, why);
  }
  action_finish(e->action, is_good);
}

void
action_begin_imap(struct action *action, void *own)
{
  struct errand *e = own;
  if (((struct plan *)e->own)->has_line)
    action_errand_begin(action, e);
  else
    work_locally(e);
}

/* ---- reading: one step ---- */

static bool
has_control(const char *text)
{
  for (; text && *text; text++)
    if ((unsigned char)*text < ' ' || *text == 0x7f)
      return true;
  return false;
}

static bool
read_flags(struct plan *p, const struct tree_node *node, const char *fallback,
           struct imap_step *step, GError **error)
{
  const char *text;
  char *keywords;
  if (!tree_text(node, "flags", fallback, &text, error))
    return false;
  if (!text || has_control(text) || strpbrk(text, "(){%*\"]"))
    return tree_fail(error, node, "%s",
                     lang_text("give `flags`, such as \\Flagged or $Work",
                               "ระบุ `flags` เช่น \\Flagged หรือ $Work"));
  imap_flags_read(text, &step->flags, &keywords);
  step->keywords = keywords;
  g_ptr_array_add(p->texts, keywords);
  return true;
}

static bool
read_which(const struct tree_node *node, bool wants_to, struct imap_step *step, GError **error)
{
  if (node->kind == TREE_SCALAR)
    step->which = node->text;
  else if (node->kind != TREE_MAP || !tree_text(node, "which", "all", &step->which, error) ||
           !tree_text(node, "to", NULL, &step->to, error))
    return node->kind == TREE_MAP
               ? false
               : tree_fail(error, node, "%s", lang_text("say which messages", "ระบุว่าข้อความใด"));
  if (wants_to && (!step->to || has_control(step->to)))
    return tree_fail(error, node, "%s",
                     lang_text("give `to`, the folder: {which: all, to: Archive}",
                               "ระบุ `to` ซึ่งเป็นโฟลเดอร์: {which: all, to: Archive}"));
  return true;
}

/* A letter that is written now: {to: folder, subject, text, from, flags}. */
static bool
read_append(struct errand *e, const struct tree_node *node, struct imap_step *step, GError **error)
{
  static const char *const keys[] = {"to", "subject", "text", "from", "flags", NULL};
  struct plan *p = e->own;
  const char *subject, *text;
  struct compose_person from;
  if (node->kind != TREE_MAP || !tree_known(node, keys, error) ||
      !tree_text(node, "to", "\\Drafts", &step->name, error) ||
      !tree_text(node, "subject", "", &subject, error) ||
      !tree_text(node, "text", "", &text, error) ||
      !tree_text(node, "from", "me@example.test", &from.address, error) ||
      !read_flags(p, node, "\\Draft \\Seen", step, error))
    return node->kind == TREE_MAP
               ? false
               : tree_fail(error, node, "%s",
                           lang_text("a letter is a map: {to: \\Drafts, subject: …, text: …}",
                                     "จดหมายต้องเขียนเป็น {to: \\Drafts, subject: …, text: …}"));
  from.name = NULL;
  struct compose_letter letter = {
      .from = from, .to = &from, .n_to = 1, .subject = subject, .text = text};
  g_autofree char *purpose = g_strdup_printf("draft %s %u", action_id(e->action), p->steps->len);
  struct random_stream random = world_random(e->verbs->world, action_host(e->action), purpose);
  step->octets = compose_message(&letter, 0, &random);
  g_ptr_array_add(p->octets, step->octets);
  return true;
}

static bool
read_search(const struct tree_node *node, struct imap_step *step, GError **error)
{
  step->name = node->kind == TREE_SCALAR ? node->text : NULL;
  if (node->kind == TREE_MAP && (!tree_text(node, "key", "TEXT", &step->name, error) ||
                                 !tree_text(node, "text", NULL, &step->to, error)))
    return false;
  if (!step->name || has_control(step->name) || has_control(step->to))
    return tree_fail(error, node, "%s",
                     lang_text("say what to search: UNSEEN, or {key: SUBJECT, text: plan}",
                               "ระบุสิ่งที่ค้นหา: UNSEEN หรือ {key: SUBJECT, text: plan}"));
  return true;
}

static bool
read_name(const struct tree_node *node, struct imap_step *step, GError **error)
{
  bool renames = step->kind == IMAP_STEP_RENAME;
  step->name = node->kind == TREE_SCALAR ? node->text : NULL;
  if (renames && node->kind == TREE_MAP &&
      (!tree_text(node, "from", NULL, &step->name, error) ||
       !tree_text(node, "to", NULL, &step->to, error)))
    return false;
  if (!step->name || has_control(step->name) || (renames && (!step->to || has_control(step->to))))
    return tree_fail(error, node, "%s",
                     lang_text("give the folder's name (rename: {from: A, to: B})",
                               "ระบุชื่อโฟลเดอร์ (rename: {from: A, to: B})"));
  return true;
}

/* The value of "open: INBOX"; `node` is the scalar itself for a step that is one word. */
static bool
read_value(struct errand *e, const struct tree_node *map, const struct tree_node *node,
           struct imap_step *step, GError **error)
{
  switch (step->kind) {
  case IMAP_STEP_FOLDERS:
  case IMAP_STEP_CLOSE:
    return true;
  case IMAP_STEP_IDLE:
  case IMAP_STEP_WAIT:
    return tree_duration(map, imap_step_name(step->kind), 0, &step->ns, error);
  case IMAP_STEP_SEARCH:
    return read_search(node, step, error);
  case IMAP_STEP_APPEND:
    step->ns = -1;
    return read_append(e, node, step, error);
  case IMAP_STEP_FLAG:
  case IMAP_STEP_UNFLAG:
    return read_which(node, false, step, error) && read_flags(e->own, node, NULL, step, error);
  case IMAP_STEP_COPY:
  case IMAP_STEP_MOVE:
    return read_which(node, true, step, error);
  case IMAP_STEP_READ:
  case IMAP_STEP_ATTACHMENTS:
  case IMAP_STEP_DOWNLOAD:
  case IMAP_STEP_DELETE:
    return read_which(node, false, step, error);
  default:
    return read_name(node, step, error);
  }
}

static bool
read_step(struct errand *e, const struct tree_node *node, GError **error)
{
  struct plan *p = e->own;
  struct imap_step step = {.kind = IMAP_N_STEPS, .keywords = ""};
  const struct tree_node *value = node;
  const char *word = node->kind == TREE_SCALAR ? node->text : NULL;
  if (node->kind == TREE_MAP && node->children->len == 1) {
    value = node->children->pdata[0];
    word = value->key;
  }
  bool uploads = word && strcmp(word, "upload") == 0;
  if (uploads)
    g_array_append_val(p->uploads, p->steps->len);
  if (word)
    step.kind = uploads ? IMAP_STEP_APPEND : imap_step_find(word);
  if (step.kind == IMAP_N_STEPS)
    return tree_fail(error, node, "%s",
                     lang_text("a step is one of folders, create, rename, remove, subscribe, "
                               "unsubscribe, open, examine, close, read, attachments, download, "
                               "flag, unflag, copy, move, delete, append, upload, search, idle, "
                               "sync, wait",
                               "ขั้นตอนต้องเป็นหนึ่งใน folders, create, rename, remove, subscribe, "
                               "unsubscribe, open, examine, close, read, attachments, download, "
                               "flag, unflag, copy, move, delete, append, upload, search, idle, "
                               "sync, wait"));
  if (!p->has_line && !imap_step_is_local(step.kind))
    return tree_fail(error, node,
                     lang_text("`%s` needs the server: it cannot be done with `line: false`",
                               "`%s` ต้องใช้เซิร์ฟเวอร์: ทำไม่ได้เมื่อ `line: false`"),
                     word);
  bool is_bare = value == node;
  if (is_bare && step.kind == IMAP_STEP_SYNC)
    step.name = NULL; /* the mailbox of the action */
  else if (uploads)
    step.name = value->kind == TREE_SCALAR && !is_bare ? value->text : p->mailbox;
  else if (!read_value(e, node, value, &step, error))
    return false;
  g_array_append_val(p->steps, step);
  return true;
}

/* ---- reading: the action ---- */

static bool
read_mode(struct plan *p, const struct tree_node *node, GError **error)
{
  static const char *const names[] = {"online", "offline", "disconnected"};
  const char *name;
  if (!tree_text(node, "mode", names[IMAP_ONLINE], &name, error))
    return false;
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    if (strcmp(name, names[i]) == 0) {
      p->mode = (enum imap_mode)i;
      return true;
    }
  }
  return tree_fail(error, tree_get(node, "mode"), "%s",
                   lang_text("`mode` is online, offline or disconnected",
                             "`mode` ต้องเป็น online, offline หรือ disconnected"));
}

static bool
read_steps(struct errand *e, const struct tree_node *node, GError **error)
{
  struct plan *p = e->own;
  const struct tree_node *steps = tree_get(node, "steps");
  if (steps && (steps->kind != TREE_LIST || steps->children->len == 0 ||
                steps->children->len > IMAP_CLIENT_STEPS_MAX))
    return tree_fail(error, steps, "%s",
                     lang_text("`steps` is a list, such as [{open: INBOX}, {read: unseen}]",
                               "`steps` ต้องเป็นรายการ เช่น [{open: INBOX}, {read: unseen}]"));
  if (!steps && !p->has_line)
    return tree_fail(error, node, "%s",
                     lang_text("without a line (`line: false`) say what is done: give `steps`",
                               "เมื่อไม่มีการเชื่อมต่อ (`line: false`) ให้ระบุสิ่งที่ทำใน `steps`"));
  for (guint i = 0; steps && i < steps->children->len; i++)
    if (!read_step(e, steps->children->pdata[i], error))
      return false;
  return true;
}

static bool
read_plan(struct errand *e, GError **error)
{
  struct plan *p = e->own;
  const struct tree_node *node = action_node(e->action);
  int64_t chunk;
  if (!tree_text(node, "mailbox", "INBOX", &p->mailbox, error) ||
      !tree_bool(node, "line", true, &p->has_line, error) ||
      !tree_bool(node, "keep", false, &e->keeps, error) ||
      !tree_bool(node, "pipeline", false, &p->pipelines, error) ||
      !tree_bool(node, "compress", false, &p->compresses, error) ||
      !tree_bool(node, "identify", false, &p->identifies, error) ||
      !tree_int(node, "chunk", 0, 0, 1 << 24, &chunk, error) ||
      !tree_text(node, "ignore", NULL, &p->ignores, error) || !read_mode(p, node, error))
    return false;
  p->chunk = (uint32_t)chunk;
  if (has_control(p->mailbox))
    return tree_fail(error, tree_get(node, "mailbox"), "%s",
                     lang_text("a name has no control characters", "ชื่อต้องไม่มีอักขระควบคุม"));
  return read_steps(e, node, error);
}

void *
action_read_imap(void *owner, struct action *action, GError **error)
{
  struct errand *e = action_errand_new(owner, action, make_reader);
  struct plan *p = g_new0(struct plan, 1);
  p->steps = g_array_new(FALSE, TRUE, sizeof(struct imap_step));
  p->uploads = g_array_new(FALSE, FALSE, sizeof(guint));
  p->texts = g_ptr_array_new_with_free_func(g_free);
  p->octets = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  e->own = p;
  e->own_free = plan_free;
  return action_errand_kept(e, action_read_account(e, 143, true, error) && read_plan(e, error));
}
