/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop_client.c -- the POP3 client machine: fetches a maildrop into the local store.
 *
 *     greeting ─> (CAPA ─> STLS ─> TLS ─> CAPA ─>) USER ─> PASS ─> STAT ─> UIDL ─> LIST ─> (RETR ─>
 * DELE)… ─> QUIT └ -ERR: the server has none; all are fetched
 *
 * A message is deleted on the server only after it is stored here, and gone only after QUIT was
 * answered. Sizes of LIST are compared with what came: a difference is told, the message is kept
 * and not deleted. */
#include <string.h>

#include "capture/wire/lang.h"
#include "capture/wire/mail.h"
#include "sim/mail/machine.h"
#include "sim/mail/pop.h"

enum step {
  STEP_GREETING,
  STEP_CAPA,
  STEP_STLS,
  STEP_USER,
  STEP_PASS,
  STEP_STAT,
  STEP_UIDL,
  STEP_LIST,
  STEP_RETR,
  STEP_DELE,
  STEP_QUIT,
  STEP_OVER,
  N_STEPS
};

struct remote {
  guint64 octets; /* by LIST; 0: not told */
  char *id;       /* by UIDL, or NULL */
};

#define WAIT_NS (5 * 60 * MACHINE_SECOND)

struct pop_client {
  struct endpoint endpoint;
  struct pop_client_config config;
  char *user, *password;
  enum step step;
  enum pop_state state;
  bool is_started, in_lines; /* behind a +OK that opens several lines */
  bool has_stls;             /* the server offers it */
  struct lines lines;
  GArray *remotes; /* struct remote */
  guint at;        /* the message of RETR and DELE */
  GByteArray *message;
  bool is_good;
  int64_t now_ns;
};

static void next_message(struct pop_client *c);

static void
set_state(struct pop_client *c, enum pop_state state)
{
  if (c->is_started && c->state == state)
    return;
  c->is_started = true;
  c->state = state;
  machine_emit(&c->endpoint, "state", "%s", pop_states[state].name);
}

static void
leave(struct pop_client *c)
{
  if (c->step == STEP_OVER)
    return;
  c->step = STEP_OVER;
  c->endpoint.wants_close = true;
  c->endpoint.deadline_ns = ENDPOINT_NEVER;
  if (c->config.done)
    c->config.done(c->config.data, c->is_good);
}

static void
give_up(struct pop_client *c, const char *why)
{
  machine_emit(&c->endpoint, "log", "%s", why);
  c->is_good = false;
  leave(c);
}

static void
say(struct pop_client *c, enum step step, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *line = g_strdup_vprintf(format, args);
  va_end(args);
  c->step = step;
  c->in_lines = false;
  machine_printf(&c->endpoint, "%s\r\n", line);
}

static void
quit(struct pop_client *c)
{
  if (c->state == POP_STATE_TRANSACTION)
    set_state(c, POP_STATE_UPDATE);
  say(c, STEP_QUIT, "QUIT");
}

static struct remote *
remote_at(struct pop_client *c, guint i)
{
  return &g_array_index(c->remotes, struct remote, i);
}

/* ---- +OK lines ---- */

static void
say_user(struct pop_client *c)
{
  say(c, STEP_USER, "USER %s", c->user);
}

static void
quit_failed(struct pop_client *c)
{
  c->is_good = false;
  quit(c);
}

static void
on_greeting(struct pop_client *c, const char *text)
{
  set_state(c, POP_STATE_AUTHORIZATION);
  if (c->config.tls_use != TLS_NEVER && !c->endpoint.security)
    say(c, STEP_CAPA, "CAPA");
  else
    say_user(c);
}

/* RFC 2595 4: what the server said before TLS is not believed, and asked for again. */
static void
capabilities_done(struct pop_client *c)
{
  if (c->endpoint.security)
    say_user(c);
  else if (c->has_stls)
    say(c, STEP_STLS, "STLS");
  else if (machine_goes_on_clear(&c->endpoint, c->config.tls_use))
    say_user(c);
  else
    quit_failed(c);
}

static void
on_stls(struct pop_client *c, const char *text)
{
  set_state(c, POP_STATE_TLS);
  machine_forget_clear(&c->endpoint, &c->lines, c->config.keeps_clear);
  c->endpoint.wants = ENDPOINT_TLS;
}

static void
on_user(struct pop_client *c, const char *text)
{
  say(c, STEP_PASS, "PASS %s", c->password);
}

static void
on_pass(struct pop_client *c, const char *text)
{
  set_state(c, POP_STATE_TRANSACTION);
  say(c, STEP_STAT, "STAT");
}

static void
on_stat(struct pop_client *c, const char *text)
{
  char *end;
  guint64 n = g_ascii_strtoull(text, &end, 10);
  if (end == text || n > POP_MESSAGES_MAX) {
    give_up(c, lang_text("the answer to STAT makes no sense", "คำตอบของ STAT ไม่มีความหมาย"));
    return;
  }
  g_array_set_size(c->remotes, (guint)n); /* cleared */
  if (n == 0)
    quit(c);
  else
    say(c, STEP_UIDL, "UIDL");
}

static void
on_retr(struct pop_client *c, const char *text)
{
  g_byte_array_set_size(c->message, 0);
  c->in_lines = true;
}

static void
on_many(struct pop_client *c, const char *text)
{
  c->in_lines = true;
}

static void
on_dele(struct pop_client *c, const char *text)
{
  c->at++;
  next_message(c);
}

static void
on_quit(struct pop_client *c, const char *text)
{
  leave(c);
}

/* ---- lines behind +OK ---- */

/* "NUMBER REST" of LIST and UIDL. */
static void
take_listing(struct pop_client *c, const char *text)
{
  char *end;
  guint64 number = g_ascii_strtoull(text, &end, 10);
  if (number < 1 || number > c->remotes->len || *end != ' ') {
    machine_emit(&c->endpoint, "log", "%s",
                 lang_text("the server lists a message that STAT did not count",
                           "เซิร์ฟเวอร์แจ้งข้อความที่ STAT ไม่ได้นับ"));
    return;
  }
  struct remote *r = remote_at(c, (guint)number - 1);
  if (c->step == STEP_LIST) {
    r->octets = g_ascii_strtoull(end + 1, NULL, 10);
  } else {
    g_free(r->id);
    r->id = g_strdup(end + 1);
  }
}

static void
message_done(struct pop_client *c)
{
  struct remote *r = remote_at(c, c->at);
  guint n = c->message->len;
  g_autoptr(GBytes) octets = g_bytes_new(c->message->data, n);
  bool is_whole = r->octets == 0 || r->octets == n;
  if (!is_whole) {
    g_autofree char *text =
        g_strdup_printf(lang_text("message %1$u: LIST promised %2$" G_GUINT64_FORMAT
                                  " octets, %3$u came; it stays on the server",
                                  "ข้อความที่ %1$u: LIST แจ้ง %2$" G_GUINT64_FORMAT
                                  " ออกเตต แต่ได้รับ %3$u ออกเตต จึงไม่ลบออกจากเซิร์ฟเวอร์"),
                        c->at + 1, r->octets, n);
    machine_emit(&c->endpoint, "log", "%s", text);
    c->is_good = false;
  }
  bool is_kept = store_append(c->config.into, octets, 0, 0, c->now_ns) != NULL;
  if (is_kept && is_whole && c->config.known && r->id)
    g_hash_table_add(c->config.known, g_strdup(r->id));
  if (is_kept && is_whole && !c->config.keeps) {
    say(c, STEP_DELE, "DELE %u", c->at + 1);
    return;
  }
  c->at++;
  next_message(c);
}

static void
lines_done(struct pop_client *c)
{
  c->in_lines = false;
  if (c->step == STEP_CAPA)
    capabilities_done(c);
  else if (c->step == STEP_UIDL)
    say(c, STEP_LIST, "LIST");
  else if (c->step == STEP_LIST)
    next_message(c);
  else
    message_done(c);
}

static void
next_message(struct pop_client *c)
{
  while (c->at < c->remotes->len) {
    const struct remote *r = remote_at(c, c->at);
    if (!c->config.known || !r->id || !g_hash_table_contains(c->config.known, r->id)) {
      say(c, STEP_RETR, "RETR %u", c->at + 1);
      return;
    }
    c->at++;
  }
  quit(c);
}

/* ---- -ERR lines ---- */

static void
refused(struct pop_client *c, const char *text)
{
  machine_emit(&c->endpoint, "log", "%s", text);
  if (c->step == STEP_UIDL) { /* an optional command */
    say(c, STEP_LIST, "LIST");
    return;
  }
  if (c->step == STEP_CAPA || c->step == STEP_STLS) { /* it knows no STLS, or has none today */
    c->has_stls = false;
    capabilities_done(c);
    return;
  }
  c->is_good = false;
  if (c->step == STEP_RETR || c->step == STEP_DELE) {
    c->at++;
    next_message(c);
  } else if (c->step == STEP_QUIT || c->step == STEP_GREETING) {
    leave(c);
  } else {
    quit(c);
  }
}

static void (*const on_ok[N_STEPS])(struct pop_client *, const char *) = {
    [STEP_GREETING] = on_greeting, [STEP_CAPA] = on_many, [STEP_STLS] = on_stls,
    [STEP_USER] = on_user,         [STEP_PASS] = on_pass, [STEP_STAT] = on_stat,
    [STEP_UIDL] = on_many,         [STEP_LIST] = on_many, [STEP_RETR] = on_retr,
    [STEP_DELE] = on_dele,         [STEP_QUIT] = on_quit};

static void
take_line(struct pop_client *c, const uint8_t *p, size_t n)
{
  g_autofree char *text = g_strndup((const char *)p, n);
  if (c->in_lines) {
    if (n == 1 && p[0] == '.') {
      lines_done(c);
    } else if (c->step == STEP_CAPA) {
      c->has_stls |= g_ascii_strcasecmp(text, "STLS") == 0;
    } else if (c->step != STEP_RETR) {
      take_listing(c, text);
    } else if (c->message->len + n > POP_MESSAGE_MAX) {
      give_up(c, lang_text("the message does not end", "ข้อความยาวไม่รู้จบ"));
    } else {
      bool is_stuffed = n > 0 && p[0] == '.';
      g_byte_array_append(c->message, p + is_stuffed, (guint)(n - is_stuffed));
      g_byte_array_append(c->message, (const uint8_t *)"\r\n", 2);
    }
    return;
  }
  const char *rest = strchr(text, ' ');
  rest = rest ? rest + 1 : "";
  if (strncmp(text, "+OK", 3) == 0)
    on_ok[c->step](c, rest);
  else if (strncmp(text, "-ERR", 4) == 0)
    refused(c, rest);
  else
    give_up(c, lang_text("the server's line is neither +OK nor -ERR",
                         "บรรทัดจากเซิร์ฟเวอร์ไม่ใช่ทั้ง +OK และ -ERR"));
}

/* ---- the machine ---- */

static void
client_start(struct endpoint *e, int64_t now_ns)
{
  e->deadline_ns = now_ns + WAIT_NS;
}

static void
client_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct pop_client *c = (struct pop_client *)e;
  if (c->step == STEP_OVER)
    return;
  c->now_ns = now_ns;
  e->deadline_ns = now_ns + WAIT_NS;
  lines_feed(&c->lines, p, n);
  while (c->step != STEP_OVER && e->wants == ENDPOINT_AS_IS) {
    const uint8_t *line;
    size_t n_line;
    enum lines_got got = lines_next(&c->lines, &line, &n_line);
    if (got == LINES_MORE)
      return;
    if (got == LINES_TOO_LONG)
      give_up(c, lang_text("the server's line does not end", "บรรทัดจากเซิร์ฟเวอร์ยาวไม่รู้จบ"));
    else
      take_line(c, line, n_line);
  }
}

static void
client_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct pop_client *c = (struct pop_client *)e;
  if (c->step == STEP_OVER)
    return;
  if (problem) {
    give_up(c, lang_text("without TLS nothing more is said", "เมื่อไม่มี TLS จะไม่ส่งอะไรอีก"));
  } else if (c->step == STEP_STLS) {
    set_state(c, POP_STATE_AUTHORIZATION);
    say(c, STEP_CAPA, "CAPA");
    client_input(e, NULL, 0, now_ns);
  }
}

static void
client_eof(struct endpoint *e, int64_t now_ns)
{
  struct pop_client *c = (struct pop_client *)e;
  if (c->step != STEP_OVER)
    give_up(c, lang_text("the connection ended early: the server deletes nothing",
                         "การเชื่อมต่อจบก่อนเวลา: เซิร์ฟเวอร์จะไม่ลบข้อความใด"));
}

static void
client_timeout(struct endpoint *e, int64_t now_ns)
{
  struct pop_client *c = (struct pop_client *)e;
  if (c->step != STEP_OVER)
    give_up(c, lang_text("the server did not answer in time", "เซิร์ฟเวอร์ไม่ตอบภายในเวลา"));
}

static void
remote_clear(void *data)
{
  g_free(((struct remote *)data)->id);
}

static void
client_free(struct endpoint *e)
{
  struct pop_client *c = (struct pop_client *)e;
  g_array_unref(c->remotes);
  g_byte_array_unref(c->message);
  lines_clear(&c->lines);
  g_free(c->user);
  g_free(c->password);
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

struct endpoint *
pop_client_new(const struct pop_client_config *config)
{
  struct pop_client *c = g_new0(struct pop_client, 1);
  machine_init(&c->endpoint, &pop_client_ops);
  c->config = *config;
  c->user = g_strdup(config->user);
  c->password = g_strdup(config->password);
  c->remotes = g_array_new(FALSE, TRUE, sizeof(struct remote));
  g_array_set_clear_func(c->remotes, remote_clear);
  c->message = g_byte_array_new();
  c->is_good = true;
  lines_init(&c->lines, POP_LINE_MAX);
  return &c->endpoint;
}
