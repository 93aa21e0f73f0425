/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop_client.c -- the POP3 client machine: commands out, replies in.
 *
 *     greeting ─> CAPA? ─> STLS? ─> login ─> STAT UIDL LIST ─> (TOP) ─> (RETR ─> DELE)… ─> QUIT
 *        pop_client_login.c                 pop_client_fetch.c
 *
 * Replies come in the order of the commands (RFC 1939 3); one command runs at a time unless the
 * server says PIPELINING and the client wants it (RFC 2449 6.6). A message is deleted on the server
 * only when it is stored here, and gone only when QUIT was answered. */
#include "sim/mail/pop_client.h"

#include <stdarg.h>
#include <string.h>

#include "sim/mail/pop_client_private.h"

#define WAIT_NS (5 * 60 * MACHINE_SECOND)

/* ---- telling ---- */

void
pop_client_set_state(struct pop_client *c, enum pop_state state)
{
  if (c->is_started && c->state == state)
    return;
  c->is_started = true;
  c->state = state;
  machine_emit(&c->endpoint, "state", "%s", pop_states[state].name);
}

void
pop_client_log(struct pop_client *c, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  machine_emit(&c->endpoint, "log", "%s", text);
}

void
pop_client_suspect(struct pop_client *c, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  if (c->is_over)
    return;
  machine_emit(&c->endpoint, "suspicion", "%s", text);
  if (++c->n_suspicions >= POP_SUSPICIONS_MAX)
    pop_client_give_up(
        c, lang_text("too much of what the server says is strange", "สิ่งที่เซิร์ฟเวอร์พูดผิดปกติมากเกินไป"));
}

/* ---- the end ---- */

static void
finish(struct pop_client *c)
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
  if (c->config.done)
    c->config.done(c->config.data, c->is_good);
}

void
pop_client_give_up(struct pop_client *c, const char *why)
{
  if (c->is_over)
    return;
  machine_emit(&c->endpoint, "log", "%s", why);
  c->is_good = false;
  finish(c);
}

static void
said_goodbye(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  finish(c);
}

/* -ERR behind QUIT: some messages were not removed (RFC 1939 6). */
static void
goodbye_refused(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  pop_client_log(c, "QUIT: %s", text);
  c->is_good = false;
  finish(c);
}

void
pop_client_quit(struct pop_client *c, bool failed)
{
  c->is_good &= !failed;
  if (c->is_leaving || c->is_over)
    return;
  c->is_leaving = true;
  if (c->config.drops) {
    pop_client_log(c, "%s", lang_text("the line drops before QUIT", "สายหลุดก่อนส่ง QUIT"));
    c->is_good = false;
    finish(c);
    return;
  }
  if (c->state == POP_STATE_TRANSACTION)
    pop_client_set_state(c, POP_STATE_UPDATE);
  struct pop_command *cmd = pop_client_say(c, said_goodbye, "QUIT");
  cmd->err = goodbye_refused;
  cmd->is_alone = true;
}

/* ---- commands ---- */

static void
command_free(void *data)
{
  struct pop_command *cmd = data;
  g_free(cmd->text);
  g_free(cmd);
}

struct pop_command *
pop_client_say(struct pop_client *c,
               void (*ok)(struct pop_client *, struct pop_command *, const char *),
               const char *format, ...)
{
  struct pop_command *cmd = g_new0(struct pop_command, 1);
  va_list args;
  va_start(args, format);
  cmd->text = g_strdup_vprintf(format, args);
  va_end(args);
  cmd->ok = ok;
  g_queue_push_tail(&c->waiting, cmd);
  return cmd;
}

void
pop_client_answer(struct pop_client *c, const char *line)
{
  machine_printf(&c->endpoint, "%s\r\n", line);
}

static bool
may_begin(struct pop_client *c)
{
  const struct pop_command *next = g_queue_peek_head(&c->waiting);
  const struct pop_command *last = g_queue_peek_tail(&c->running);
  if (!next || !last)
    return next != NULL;
  return c->config.pipelines && c->has_pipelining && !next->is_alone && !last->is_alone &&
         c->running.length < POP_PIPELINE_MAX;
}

/* Lets things go on until something is under way. */
static void
go(struct pop_client *c)
{
  while (!c->is_over && c->is_greeted && c->endpoint.wants == ENDPOINT_AS_IS) {
    if (may_begin(c)) {
      struct pop_command *cmd = g_queue_pop_head(&c->waiting);
      machine_printf(&c->endpoint, "%s\r\n", cmd->text);
      g_queue_push_tail(&c->running, cmd);
    } else if (c->running.length > 0 || c->waiting.length > 0) {
      return;
    } else if (c->next && !c->is_leaving) {
      c->next(c);
    } else {
      pop_client_quit(c, false);
    }
  }
}

/* ---- replies ---- */

static void
answered(struct pop_client *c, bool is_ok, const char *text)
{
  struct pop_command *cmd = g_queue_peek_head(&c->running);
  if (is_ok && cmd->line) {
    c->in_lines = true;
    if (cmd->ok)
      cmd->ok(c, cmd, text);
    return;
  }
  g_queue_pop_head(&c->running);
  if (is_ok) {
    if (cmd->ok)
      cmd->ok(c, cmd, text);
  } else if (cmd->err) {
    cmd->err(c, cmd, text);
  } else {
    g_autofree char *verb = g_strndup(cmd->text, strcspn(cmd->text, " "));
    pop_client_log(c, "%s: %s", verb, text);
    pop_client_quit(c, true);
  }
  command_free(cmd);
}

static void
take_in_lines(struct pop_client *c, const uint8_t *p, size_t n)
{
  struct pop_command *cmd = g_queue_peek_head(&c->running);
  if (n == 1 && p[0] == '.') {
    c->in_lines = false;
    g_queue_pop_head(&c->running);
    if (cmd->end)
      cmd->end(c, cmd);
    command_free(cmd);
    return;
  }
  bool is_stuffed = n > 0 && p[0] == '.';
  cmd->line(c, cmd, p + is_stuffed, n - is_stuffed);
}

static void
take_line(struct pop_client *c, const uint8_t *p, size_t n)
{
  if (c->in_lines) {
    take_in_lines(c, p, n);
    return;
  }
  g_autofree char *raw = g_strndup((const char *)p, n);
  g_autofree char *text = g_utf8_make_valid(raw, -1);
  struct pop_command *cmd = g_queue_peek_head(&c->running);
  const char *rest = strchr(text, ' ');
  rest = rest ? rest + 1 : "";
  bool is_ok = strncmp(text, "+OK", 3) == 0, is_err = strncmp(text, "-ERR", 4) == 0;
  if (cmd && cmd->more && text[0] == '+' && (text[1] == ' ' || text[1] == '\0'))
    cmd->more(c, cmd, rest);
  else if (!is_ok && !is_err)
    pop_client_give_up(c, lang_text("the server's line is neither +OK nor -ERR",
                                    "บรรทัดจากเซิร์ฟเวอร์ไม่ใช่ทั้ง +OK และ -ERR"));
  else if (c->is_greeted && !cmd)
    pop_client_give_up(c, lang_text("the server answers a command that was not given",
                                    "เซิร์ฟเวอร์ตอบคำสั่งที่ไม่ได้ส่งไป"));
  else if (c->is_greeted)
    answered(c, is_ok, rest);
  else if (is_ok)
    pop_client_greeted(c, text);
  else
    pop_client_give_up(c, rest);
}

/* ---- the machine ---- */

static void
settle(struct pop_client *c, guint n_before)
{
  go(c);
  guint n = c->endpoint.out->len - MIN(n_before, c->endpoint.out->len);
  c->n_out += n;
  c->n_flights += n > 0;
  if (!c->is_over)
    c->endpoint.deadline_ns = c->now_ns + WAIT_NS;
}

static void
client_start(struct endpoint *e, int64_t now_ns)
{
  struct pop_client *c = (struct pop_client *)e;
  c->now_ns = c->start_ns = now_ns;
  e->deadline_ns = now_ns + WAIT_NS;
}

static void
client_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct pop_client *c = (struct pop_client *)e;
  guint n_before = e->out->len;
  if (c->is_over)
    return;
  c->now_ns = now_ns;
  c->n_in += n;
  lines_feed(&c->lines, p, n);
  while (!c->is_over && e->wants == ENDPOINT_AS_IS) {
    const uint8_t *line;
    size_t n_line;
    enum lines_got got = lines_next(&c->lines, &line, &n_line);
    if (got == LINES_MORE)
      break;
    if (got == LINES_TOO_LONG)
      pop_client_give_up(c,
                         lang_text("the server's line does not end", "บรรทัดจากเซิร์ฟเวอร์ยาวไม่รู้จบ"));
    else
      take_line(c, line, n_line);
    go(c);
  }
  settle(c, n_before);
}

static void
client_eof(struct endpoint *e, int64_t now_ns)
{
  struct pop_client *c = (struct pop_client *)e;
  c->now_ns = now_ns;
  pop_client_give_up(c, lang_text("the connection ended early: the server deletes nothing",
                                  "การเชื่อมต่อจบก่อนเวลา: เซิร์ฟเวอร์จะไม่ลบข้อความใด"));
}

static void
client_timeout(struct endpoint *e, int64_t now_ns)
{
  struct pop_client *c = (struct pop_client *)e;
  c->now_ns = now_ns;
  pop_client_give_up(c, lang_text("the server did not answer in time", "เซิร์ฟเวอร์ไม่ตอบภายในเวลา"));
}

static void
client_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct pop_client *c = (struct pop_client *)e;
  guint n_before = e->out->len;
  c->now_ns = now_ns;
  e->wants = ENDPOINT_AS_IS;
  if (problem) {
    pop_client_give_up(c, problem);
  } else if (c->is_greeted) {
    pop_client_set_state(c, POP_STATE_AUTHORIZATION);
    settle(c, n_before);
  }
}

static void
client_free(struct endpoint *e)
{
  struct pop_client *c = (struct pop_client *)e;
  g_queue_clear_full(&c->waiting, command_free);
  g_queue_clear_full(&c->running, command_free);
  g_array_unref(c->remotes);
  g_hash_table_unref(c->digests);
  g_byte_array_unref(c->message);
  lines_clear(&c->lines);
  auth_client_clear(&c->auth);
  g_free(c->greeting);
  g_free(c->first_answer);
  machine_clear(e);
  g_free(c);
}

static const struct endpoint_ops pop_client_ops = {.protocol = "pop3-client",
                                                   .start = client_start,
                                                   .input = client_input,
                                                   .eof = client_eof,
                                                   .timeout = client_timeout,
                                                   .upgraded = client_upgraded,
                                                   .free = client_free};

static void
seen_free(void *data)
{
  struct pop_seen *seen = data;
  g_free(seen->digest);
  g_free(seen);
}

GHashTable *
pop_known_new(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, seen_free);
}

struct endpoint *
pop_client_new(const struct pop_client_config *config)
{
  struct pop_client *c = g_new0(struct pop_client, 1);
  machine_init(&c->endpoint, &pop_client_ops);
  c->config = *config;
  auth_client_init(&c->auth, &config->login);
  c->remotes = g_array_new(FALSE, TRUE, sizeof(struct pop_remote));
  g_array_set_clear_func(c->remotes, pop_remote_clear);
  c->digests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  c->message = g_byte_array_new();
  c->is_good = true;
  g_queue_init(&c->waiting);
  g_queue_init(&c->running);
  lines_init(&c->lines, POP_LINE_MAX);
  return &c->endpoint;
}
