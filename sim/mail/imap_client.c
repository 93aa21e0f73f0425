/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_client.c -- the IMAP client machine: octets in, responses, tags, commands out, deadlines.
 *
 *     input ─> responses ─┬─ "*"  imap_client_data.c
 *                         ├─ "+"  the next piece of a command with literals, or its go_on()
 *                         └─ tag  the command's done() ─> nothing under way? ─> go(): the job on
 * top
 *
 * One command runs at a time unless the client pipelines; those that change the state always run
 * alone (RFC 3501 5.5). Untagged data may come at any time (RFC 3501 5.2, 7). */
#include "sim/mail/imap_client.h"

#include <stdarg.h>
#include <string.h>

#include "sim/mail/imap_client_private.h"
#include "sim/mail/imap_name.h"

#define WAIT_NS (5 * 60 * MACHINE_SECOND)

static void go(struct imap_client *c);

/* ---- telling ---- */

void
imap_client_set_state(struct imap_client *c, enum imap_state state)
{
  if (c->is_started && c->state == state)
    return;
  c->is_started = true;
  c->state = state;
  machine_emit(&c->endpoint, "state", "%s", imap_states[state].name);
}

void
imap_client_log(struct imap_client *c, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  machine_emit(&c->endpoint, "log", "%s", text);
}

void
imap_client_suspect(struct imap_client *c, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  if (c->is_over)
    return;
  machine_emit(&c->endpoint, "suspicion", "%s", text);
  if (++c->n_suspicions >= IMAP_CLIENT_SUSPICIONS_MAX)
    imap_client_give_up(
        c, lang_text("too much of what the server says is strange", "สิ่งที่เซิร์ฟเวอร์พูดผิดปกติมากเกินไป"));
}

/* ---- the end ---- */

static void
finish(struct imap_client *c)
{
  if (c->is_over)
    return;
  c->is_over = true;
  c->endpoint.wants_close = true;
  c->endpoint.deadline_ns = ENDPOINT_NEVER;
  machine_emit(&c->endpoint, "count",
               "octets-in=%" G_GUINT64_FORMAT " octets-out=%" G_GUINT64_FORMAT
               " flights=%" G_GUINT64_FORMAT " seconds=%" G_GINT64_FORMAT ".%03d",
               c->n_in, c->n_out, c->n_flights, (c->now_ns - c->start_ns) / MACHINE_SECOND,
               (int)((c->now_ns - c->start_ns) % MACHINE_SECOND / 1000000));
  imap_client_set_state(c, IMAP_STATE_LOGOUT);
  if (c->config.done)
    c->config.done(c->config.data, c->is_good);
}

void
imap_client_give_up(struct imap_client *c, const char *why)
{
  if (c->is_over)
    return;
  machine_emit(&c->endpoint, "log", "%s", why);
  c->is_good = false;
  finish(c);
}

static void
logged_out(struct imap_client *c, struct imap_command *cmd, enum imap_status status,
           const char *code)
{
  finish(c);
}

void
imap_client_leave(struct imap_client *c)
{
  if (c->is_leaving || c->is_over)
    return;
  c->is_leaving = true;
  struct imap_command *cmd = imap_client_say(c, "LOGOUT");
  cmd->done = logged_out;
  cmd->is_alone = true;
}

/* ---- capabilities ---- */

static const struct {
  const char *name;
  enum imap_cap cap;
} caps[] = {{"STARTTLS", IMAP_CAP_STARTTLS},
            {"LOGINDISABLED", IMAP_CAP_LOGINDISABLED},
            {"SASL-IR", IMAP_CAP_SASL_IR},
            {"LITERAL+", IMAP_CAP_LITERAL_PLUS},
            {"LITERAL-", IMAP_CAP_LITERAL_MINUS},
            {"ENABLE", IMAP_CAP_ENABLE},
            {"ID", IMAP_CAP_ID},
            {"NAMESPACE", IMAP_CAP_NAMESPACE},
            {"IDLE", IMAP_CAP_IDLE},
            {"UIDPLUS", IMAP_CAP_UIDPLUS},
            {"MOVE", IMAP_CAP_MOVE},
            {"UNSELECT", IMAP_CAP_UNSELECT},
            {"CONDSTORE", IMAP_CAP_CONDSTORE},
            {"QRESYNC", IMAP_CAP_QRESYNC},
            {"SPECIAL-USE", IMAP_CAP_SPECIAL_USE},
            {"LIST-EXTENDED", IMAP_CAP_LIST_EXTENDED},
            {"COMPRESS=DEFLATE", IMAP_CAP_COMPRESS}};

static unsigned
caps_of(const char *words)
{
  unsigned found = 0;
  g_auto(GStrv) all = g_strsplit(words ? words : "", " ", -1);
  for (char **word = all; *word; word++)
    for (guint i = 0; i < G_N_ELEMENTS(caps); i++)
      if (g_ascii_strcasecmp(*word, caps[i].name) == 0)
        found |= (unsigned)caps[i].cap;
  if (found & IMAP_CAP_QRESYNC) /* RFC 7162 3.2.3: it implies the other */
    found |= IMAP_CAP_CONDSTORE;
  return found;
}

void
imap_client_set_caps(struct imap_client *c, const char *words)
{
  c->caps = caps_of(words) & ~c->ignored_caps;
  c->auth.offered = 0;
  g_auto(GStrv) all = g_strsplit(words, " ", -1);
  for (char **word = all; *word; word++)
    if (g_ascii_strncasecmp(*word, "AUTH=", 5) == 0)
      auth_client_offered(&c->auth, *word + 5, strlen(*word + 5));
  c->knows_caps = true;
}

/* ---- commands ---- */

static void
command_free(void *data)
{
  struct imap_command *cmd = data;
  g_byte_array_unref(cmd->octets);
  g_array_unref(cmd->stops);
  g_free(cmd->at_answer);
  g_free(cmd);
}

struct imap_command *
imap_command_begin(struct imap_client *c)
{
  struct imap_command *cmd = g_new0(struct imap_command, 1);
  cmd->octets = g_byte_array_new();
  cmd->stops = g_array_new(FALSE, FALSE, sizeof(guint));
  cmd->job = c->jobs->len ? c->jobs->pdata[c->jobs->len - 1] : NULL;
  g_snprintf(cmd->tag, sizeof cmd->tag, "a%03u", ++c->n_tags);
  imap_command_text(cmd, "%s ", cmd->tag);
  return cmd;
}

void
imap_command_text(struct imap_command *cmd, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_byte_array_append(cmd->octets, (const guint8 *)text, (guint)strlen(text));
}

/* LITERAL- allows it up to 4096 octets (RFC 7888 5). */
void
imap_command_literal(struct imap_client *c, struct imap_command *cmd, const void *p, size_t n)
{
  bool waits = !imap_client_can(c, IMAP_CAP_LITERAL_PLUS) &&
               !(imap_client_can(c, IMAP_CAP_LITERAL_MINUS) && n <= 4096);
  imap_command_text(cmd, "{%zu%s}\r\n", n, waits ? "" : "+");
  if (waits)
    g_array_append_val(cmd->stops, cmd->octets->len);
  g_byte_array_append(cmd->octets, p, (guint)n);
}

void
imap_command_string(struct imap_client *c, struct imap_command *cmd, const char *text)
{
  for (const char *p = text; *p; p++) {
    if ((unsigned char)*p >= 0x80 || *p == '\r' || *p == '\n') {
      imap_command_literal(c, cmd, text, strlen(text));
      return;
    }
  }
  g_autoptr(GString) out = g_string_new("\"");
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      g_string_append_c(out, '\\');
    g_string_append_c(out, *text);
  }
  imap_command_text(cmd, "%s\"", out->str);
}

void
imap_command_name(struct imap_client *c, struct imap_command *cmd, const char *name)
{
  g_autofree char *wire = imap_name_encode(name);
  imap_command_string(c, cmd, wire);
}

void
imap_command_end(struct imap_client *c, struct imap_command *cmd)
{
  imap_command_text(cmd, "\r\n");
  g_queue_push_tail(&c->waiting, cmd);
}

struct imap_command *
imap_client_say(struct imap_client *c, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  struct imap_command *cmd = imap_command_begin(c);
  imap_command_text(cmd, "%s", text);
  imap_command_end(c, cmd);
  return cmd;
}

void
imap_client_answer(struct imap_client *c, const char *line)
{
  machine_printf(&c->endpoint, "%s\r\n", line);
}

/* Sends up to the next literal that must be asked for. */
static void
send_piece(struct imap_client *c, struct imap_command *cmd)
{
  guint end = cmd->octets->len;
  if (cmd->stops->len > 0) {
    end = g_array_index(cmd->stops, guint, 0);
    g_array_remove_index(cmd->stops, 0);
  }
  machine_send(&c->endpoint, cmd->octets->data + cmd->n_sent, end - cmd->n_sent);
  cmd->n_sent = end;
}

static bool
may_begin(const struct imap_client *c, const struct imap_command *cmd)
{
  if (c->running->len == 0)
    return true;
  const struct imap_command *last = c->running->pdata[c->running->len - 1];
  return c->config.pipelines && !cmd->is_alone && !last->is_alone &&
         last->n_sent == last->octets->len && c->running->len < IMAP_CLIENT_PIPELINE_MAX &&
         c->endpoint.out->len < IMAP_CLIENT_FLIGHT_MAX;
}

static void
begin_waiting(struct imap_client *c)
{
  while (!c->is_over && !g_queue_is_empty(&c->waiting) &&
         may_begin(c, g_queue_peek_head(&c->waiting))) {
    struct imap_command *cmd = g_queue_pop_head(&c->waiting);
    g_ptr_array_add(c->running, cmd);
    send_piece(c, cmd);
  }
}

/* ---- jobs ---- */

static void
job_free(void *data)
{
  struct imap_job *job = data;
  g_free(job->name);
  g_clear_pointer(&job->uids, g_array_unref);
  g_free(job);
}

struct imap_job *
imap_client_push(struct imap_client *c, bool (*work)(struct imap_client *, struct imap_job *))
{
  struct imap_job *job = g_new0(struct imap_job, 1);
  job->go = work;
  g_ptr_array_add(c->jobs, job);
  return job;
}

static bool
is_busy(const struct imap_client *c)
{
  return c->running->len > 0 || c->waiting.length > 0 || c->is_over ||
         c->endpoint.wants != ENDPOINT_AS_IS || c->wake_ns != ENDPOINT_NEVER;
}

/* Lets the job on top work until something is under way. */
static void
go(struct imap_client *c)
{
  if (c->is_going)
    return;
  c->is_going = true;
  while (!is_busy(c) && c->is_greeted) {
    if (c->jobs->len == 0 || c->is_leaving) {
      imap_client_leave(c);
      break;
    }
    struct imap_job *job = c->jobs->pdata[c->jobs->len - 1];
    bool goes_on = job->go(c, job);
    job->phase++;
    if (!goes_on)
      g_ptr_array_remove(c->jobs, job);
  }
  begin_waiting(c);
  c->is_going = false;
}

/* ---- responses ---- */

static struct imap_command *
running_tag(const struct imap_client *c, const char *tag)
{
  for (guint i = 0; tag && i < c->running->len; i++) {
    struct imap_command *cmd = c->running->pdata[i];
    if (strcmp(cmd->tag, tag) == 0)
      return cmd;
  }
  return NULL;
}

static void
complain(struct imap_client *c, const struct imap_command *cmd, const struct imap_text *t)
{
  g_autofree char *said = g_strndup((const char *)cmd->octets->data + strlen(cmd->tag) + 1,
                                    MIN(cmd->octets->len - strlen(cmd->tag) - 1, 60));
  said[strcspn(said, "\r\n")] = '\0';
  if (cmd->is_secret)
    said[strcspn(said, " ")] = '\0';
  g_autofree char *rest = imap_reply_rest(t);
  imap_client_log(c, "%s: %s", said, rest);
}

static void
take_tagged(struct imap_client *c, struct imap_text *t)
{
  g_autofree char *tag = imap_parse_atom(t);
  g_autofree char *word = tag && imap_parse_space(t) ? imap_parse_word(t) : NULL;
  struct imap_command *cmd = running_tag(c, tag);
  int status = !word                      ? -1
               : strcmp(word, "OK") == 0  ? IMAP_STATUS_OK
               : strcmp(word, "NO") == 0  ? IMAP_STATUS_NO
               : strcmp(word, "BAD") == 0 ? IMAP_STATUS_BAD
                                          : -1;
  if (!cmd || status < 0) {
    imap_client_give_up(c, lang_text("the server answers a command that was not given",
                                     "เซิร์ฟเวอร์ตอบคำสั่งที่ไม่ได้ส่งไป"));
    return;
  }
  imap_parse_space(t);
  if (status != IMAP_STATUS_OK)
    complain(c, cmd, t);
  g_autofree char *code = imap_reply_code(t);
  imap_client_code(c, code);
  g_ptr_array_remove(c->running, cmd);
  if (status == IMAP_STATUS_OK && cmd->n_sent < cmd->octets->len)
    imap_client_suspect(
        c, "%s",
        lang_text("the server says OK to half a command", "เซิร์ฟเวอร์ตอบ OK ทั้งที่คำสั่งยังส่งไม่ครบ"));
  if (!c->is_over && cmd->done)
    cmd->done(c, cmd, (enum imap_status)status, code);
  else if (status != IMAP_STATUS_OK)
    c->has_step_failed = true;
  command_free(cmd);
}

static void
take_continuation(struct imap_client *c, const struct imap_text *t)
{
  struct imap_command *cmd = c->running->len ? c->running->pdata[c->running->len - 1] : NULL;
  g_autofree char *text = imap_reply_rest(t);
  if (cmd && cmd->n_sent < cmd->octets->len)
    send_piece(c, cmd);
  else if (cmd && cmd->go_on)
    cmd->go_on(c, cmd, text);
  else
    imap_client_give_up(c,
                        lang_text("the server asks to go on, and there is nothing that could go on",
                                  "เซิร์ฟเวอร์ขอให้ส่งต่อ ทั้งที่ไม่มีอะไรจะส่งต่อ"));
}

static void
take_response(struct imap_client *c, struct imap_text *t)
{
  if (imap_parse_octet(t, '*') && imap_parse_space(t)) {
    imap_client_untagged(c, t);
  } else if (!c->is_greeted || t->n == 0) {
    imap_client_give_up(
        c, lang_text("the server's line is no IMAP response", "บรรทัดจากเซิร์ฟเวอร์ไม่ใช่คำตอบ IMAP"));
  } else if (imap_parse_octet(t, '+')) {
    imap_parse_space(t);
    take_continuation(c, t);
  } else {
    take_tagged(c, t);
  }
}

/* ---- the machine ---- */

static void
set_deadline(struct imap_client *c)
{
  if (c->is_over)
    return;
  int64_t until_ns = c->now_ns + WAIT_NS;
  if (c->wake_ns != ENDPOINT_NEVER)
    until_ns = c->wake_ns;
  else if (c->is_idling)
    until_ns = MIN(c->idle_until_ns, c->idle_renew_ns);
  c->endpoint.deadline_ns = until_ns;
}

/* Behind every call from outside: what is to be said, and what that costs. */
static void
settle(struct imap_client *c, guint n_before)
{
  go(c);
  guint n = c->endpoint.out->len - MIN(n_before, c->endpoint.out->len);
  c->n_out += n;
  c->n_flights += n > 0;
  set_deadline(c);
}

static void
client_start(struct endpoint *e, int64_t now_ns)
{
  struct imap_client *c = (struct imap_client *)e;
  c->now_ns = c->start_ns = now_ns;
  set_deadline(c);
}

static void
client_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct imap_client *c = (struct imap_client *)e;
  guint n_before = e->out->len;
  if (c->is_over)
    return;
  c->now_ns = now_ns;
  c->n_in += n;
  imap_replies_feed(&c->replies, p, n);
  while (!c->is_over && e->wants == ENDPOINT_AS_IS) {
    struct imap_text t = {0};
    enum imap_replies_got got = imap_replies_next(&c->replies, &t);
    if (got == IMAP_REPLIES_MORE)
      break;
    if (got == IMAP_REPLIES_TOO_LONG)
      imap_client_give_up(c,
                          lang_text("the server's line does not end", "บรรทัดจากเซิร์ฟเวอร์ยาวไม่รู้จบ"));
    else if (got == IMAP_REPLIES_TOO_BIG)
      imap_client_give_up(c, lang_text("the server announces more octets than we take",
                                       "เซิร์ฟเวอร์แจ้งจำนวนออกเตตมากเกินกว่าที่รับได้"));
    else
      take_response(c, &t);
    go(c);
  }
  settle(c, n_before);
}

static void
client_eof(struct endpoint *e, int64_t now_ns)
{
  struct imap_client *c = (struct imap_client *)e;
  c->now_ns = now_ns;
  if (c->is_leaving && !c->is_over && c->expects_bye)
    finish(c); /* the BYE came; some servers forget the tagged OK */
  else
    imap_client_give_up(c, lang_text("the connection ended early", "การเชื่อมต่อจบก่อนเวลา"));
}

static void
client_timeout(struct endpoint *e, int64_t now_ns)
{
  struct imap_client *c = (struct imap_client *)e;
  guint n_before = e->out->len;
  if (c->is_over)
    return;
  c->now_ns = now_ns;
  if (c->wake_ns != ENDPOINT_NEVER && now_ns >= c->wake_ns)
    c->wake_ns = ENDPOINT_NEVER;
  else if (c->is_idling)
    imap_client_idle_timeout(c);
  else
    imap_client_give_up(c,
                        lang_text("the server did not answer in time", "เซิร์ฟเวอร์ไม่ตอบภายในเวลา"));
  settle(c, n_before);
}

static void
client_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct imap_client *c = (struct imap_client *)e;
  guint n_before = e->out->len;
  c->now_ns = now_ns;
  e->wants = ENDPOINT_AS_IS;
  if (problem)
    imap_client_give_up(c, problem);
  else if (c->is_greeted)
    settle(c, n_before);
}

static void
client_free(struct endpoint *e)
{
  struct imap_client *c = (struct imap_client *)e;
  imap_client_forget_open(c);
  g_ptr_array_unref(c->jobs);
  g_ptr_array_set_free_func(c->running, command_free);
  g_ptr_array_unref(c->running);
  g_queue_clear_full(&c->waiting, command_free);
  g_ptr_array_unref(c->wants);
  g_array_unref(c->seq);
  g_clear_pointer(&c->hits, g_array_unref);
  g_clear_pointer(&c->listed, g_hash_table_unref);
  imap_replies_clear(&c->replies);
  if (c->own_cache)
    imap_changes_clear(c->own_cache);
  imap_cache_free(c->own_cache);
  auth_client_clear(&c->auth);
  g_free(c->mailbox);
  machine_clear(e);
  g_free(c);
}

static const struct endpoint_ops imap_client_ops = {.protocol = "imap-client",
                                                    .start = client_start,
                                                    .input = client_input,
                                                    .eof = client_eof,
                                                    .timeout = client_timeout,
                                                    .upgraded = client_upgraded,
                                                    .free = client_free};

struct endpoint *
imap_client_new(const struct imap_client_config *config)
{
  struct imap_client *c = g_new0(struct imap_client, 1);
  machine_init(&c->endpoint, &imap_client_ops);
  c->config = *config;
  auth_client_init(&c->auth, &config->login);
  c->mailbox = g_strdup(config->mailbox ? config->mailbox : "INBOX");
  c->ignored_caps = caps_of(config->ignores);
  c->cache = config->cache;
  if (!c->cache)
    c->cache = c->own_cache = imap_cache_new("", NULL, NULL);
  for (guint i = 0; i < c->cache->changes->len; i++) /* what broke off begins again */
    ((struct imap_change *)c->cache->changes->pdata[i])->stage = 0;
  c->running = g_ptr_array_new();
  c->jobs = g_ptr_array_new_with_free_func(job_free);
  c->wants = g_ptr_array_new_with_free_func(imap_want_free);
  c->seq = g_array_new(FALSE, TRUE, sizeof(uint32_t));
  c->wake_ns = ENDPOINT_NEVER;
  c->is_good = true;
  g_queue_init(&c->waiting);
  imap_replies_init(&c->replies);
  if (!config->steps)
    imap_client_default_steps(c);
  imap_client_push(c, imap_client_steps);
  imap_client_push(c, imap_client_login);
  return &c->endpoint;
}
