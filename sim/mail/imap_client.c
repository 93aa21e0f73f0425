/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_client.c -- the IMAP client machine: reads mail as a mail program on a slow line does.
 *
 *     greeting ─> (CAPABILITY ─> STARTTLS ─> TLS ─> CAPABILITY ─>) LOGIN ─> LIST ─> SELECT ─> FETCH
 * 1:* (… ENVELOPE BODYSTRUCTURE) ─> for each unseen message: UID FETCH n BODY.PEEK[1] ─> UID STORE
 * n +FLAGS (\Seen) ─> LOGOUT
 *
 * Only the text part is fetched; attachments stay on the server. One command runs at a time. A
 * response is gathered with its literals, then understood; untagged data may come at any time (RFC
 * 3501 5.2, 7). */
#include "sim/mail/imap.h"

#include <stdlib.h>
#include <string.h>

#include "capture/wire/mail.h"
#include "sim/mail/imap_parse.h"
#include "sim/mail/machine.h"
#include "sim/mail/mime.h"

enum step {
  STEP_GREETING,
  STEP_CAPABILITY,
  STEP_STARTTLS,
  STEP_LOGIN,
  STEP_LIST,
  STEP_SELECT,
  STEP_ENVELOPES,
  STEP_TEXT,
  STEP_SEEN,
  STEP_LOGOUT,
  STEP_OVER,
  N_STEPS
};

#define WAIT_NS (5 * 60 * MACHINE_SECOND)

/* A message as the server described it. */
struct remote {
  uint32_t uid;
  bool is_seen;
  char *subject; /* decoded */
  char *section; /* of its first text, "1" */
};

struct imap_client {
  struct endpoint endpoint;
  struct imap_client_config config;
  char *user, *password, *mailbox;
  enum step step;
  enum imap_state state;
  bool is_started, is_good, has_starttls;
  unsigned n_tags;
  char tag[16];
  struct lines lines;
  GByteArray *response;
  size_t literal_left;
  uint32_t n_exists;
  GArray *remotes; /* struct remote */
  guint at;
  int64_t now_ns;
};

static void
set_state(struct imap_client *c, enum imap_state state)
{
  if (c->is_started && c->state == state)
    return;
  c->is_started = true;
  c->state = state;
  machine_emit(&c->endpoint, "state", "%s", imap_states[state].name);
}

static void
leave(struct imap_client *c)
{
  if (c->step == STEP_OVER)
    return;
  c->step = STEP_OVER;
  c->endpoint.wants_close = true;
  c->endpoint.deadline_ns = ENDPOINT_NEVER;
  set_state(c, IMAP_STATE_LOGOUT);
  if (c->config.done)
    c->config.done(c->config.data, c->is_good);
}

static void
give_up(struct imap_client *c, const char *why)
{
  machine_emit(&c->endpoint, "log", "%s", why);
  c->is_good = false;
  leave(c);
}

/* Sends a command under a new tag; its tagged reply ends the step. */
static void G_GNUC_PRINTF(3, 4) say(struct imap_client *c, enum step step, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *command = g_strdup_vprintf(format, args);
  va_end(args);
  c->step = step;
  g_snprintf(c->tag, sizeof c->tag, "a%03u", ++c->n_tags);
  machine_printf(&c->endpoint, "%s %s\r\n", c->tag, command);
}

static void
log_out(struct imap_client *c)
{
  say(c, STEP_LOGOUT, "LOGOUT");
}

/* An astring: quoted unless it is a plain word. */
static char *
quoted(const char *text)
{
  GString *out = g_string_new("\"");
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      g_string_append_c(out, '\\');
    g_string_append_c(out, *text);
  }
  g_string_append_c(out, '"');
  return g_string_free(out, FALSE);
}

static void
say_login(struct imap_client *c)
{
  g_autofree char *user = quoted(c->user);
  g_autofree char *password = quoted(c->password);
  say(c, STEP_LOGIN, "LOGIN %s %s", user, password);
}

/* ---- TLS ---- */

/* RFC 9051 6.2.1: what the server said before TLS is not believed, and asked for again. */
static void
on_capability(struct imap_client *c)
{
  if (c->endpoint.security) {
    say_login(c);
  } else if (c->has_starttls) {
    say(c, STEP_STARTTLS, "STARTTLS");
  } else if (machine_goes_on_clear(&c->endpoint, c->config.tls_use)) {
    say_login(c);
  } else {
    c->is_good = false;
    log_out(c);
  }
}

static void
on_starttls(struct imap_client *c)
{
  set_state(c, IMAP_STATE_TLS);
  machine_forget_clear(&c->endpoint, &c->lines, c->config.keeps_clear);
  c->endpoint.wants = ENDPOINT_TLS;
}

static void
take_capabilities(struct imap_client *c, struct imap_text *t)
{
  c->has_starttls = false;
  while (imap_parse_space(t)) {
    g_autofree char *word = imap_parse_word(t);
    if (!word)
      return;
    c->has_starttls |= strcmp(word, "STARTTLS") == 0;
  }
}

/* ---- FETCH responses ---- */

/* Skips one value: a string, an atom, a list with all that is in it. False when it is none. */
static bool
skip_value(struct imap_text *t)
{
  unsigned depth = 0;
  do {
    char next = imap_parse_peek(t);
    if (next == '(') {
      depth++;
      t->at++;
    } else if (next == ')') {
      if (depth == 0)
        return false;
      depth--;
      t->at++;
    } else if (next == '"' || next == '{') {
      g_autoptr(GBytes) octets = imap_parse_octets(t);
      if (!octets)
        return false;
    } else if (next == ' ' && depth > 0) {
      t->at++;
    } else if (next == '\0' || next == ' ') {
      return false;
    } else {
      while (t->at < t->n && !strchr(" ()", t->p[t->at]))
        t->at++;
    }
  } while (depth > 0 && t->at < t->n);
  return depth == 0;
}

/* The second field of an ENVELOPE, decoded; "" when it is NIL. */
static char *
envelope_subject(struct imap_text t)
{
  GBytes *octets = NULL;
  if (imap_parse_octet(&t, '(') && skip_value(&t) && imap_parse_space(&t) &&
      (imap_parse_peek(&t) == '"' || imap_parse_peek(&t) == '{'))
    octets = imap_parse_octets(&t);
  if (!octets)
    return g_strdup("");
  gsize n;
  const char *p = g_bytes_get_data(octets, &n);
  g_autofree char *raw = n ? g_strndup(p, n) : g_strdup("");
  g_bytes_unref(octets);
  g_autofree char *header = g_strdup_printf("Subject: %s\r\n", raw);
  char *subject = mime_header_decoded((const uint8_t *)header, 0, strlen(header), "Subject");
  return subject ? subject : g_strdup("");
}

/* The number of the first leaf: every multipart around it opens one more parenthesis. */
static char *
first_section(struct imap_text t)
{
  unsigned depth = 0;
  while (imap_parse_octet(&t, '(') && depth <= IMAP_SECTION_DEPTH_MAX)
    depth++;
  GString *section = g_string_new("1");
  for (unsigned i = 2; i < depth; i++)
    g_string_append(section, ".1");
  return g_string_free(section, FALSE);
}

static bool
has_seen(const struct imap_text *t, size_t end)
{
  g_autofree char *flags = g_ascii_strdown((const char *)t->p + t->at, (gssize)(end - t->at));
  return strstr(flags, "\\seen");
}

struct fetched {
  struct remote remote;
  GBytes *text; /* of BODY[…] */
};

/* One "NAME value" of a FETCH response. */
static bool
take_item(struct imap_text *t, struct fetched *f)
{
  g_autofree char *name = imap_parse_word(t);
  if (!name)
    return false;
  bool is_section = imap_parse_peek(t) == '[';
  while (is_section && t->at < t->n && t->p[t->at] != ' ')
    t->at++;
  if (!imap_parse_space(t))
    return false;
  struct imap_text value = *t;
  if (!skip_value(t))
    return false;
  if (is_section) {
    f->text = f->text ? f->text : imap_parse_octets(&value);
  } else if (strcmp(name, "UID") == 0) {
    return imap_parse_number(&value, &f->remote.uid);
  } else if (strcmp(name, "FLAGS") == 0) {
    f->remote.is_seen = has_seen(&value, t->at);
  } else if (strcmp(name, "ENVELOPE") == 0 && !f->remote.subject) {
    f->remote.subject = envelope_subject(value);
  } else if (strcmp(name, "BODYSTRUCTURE") == 0 && !f->remote.section) {
    f->remote.section = first_section(value);
  }
  return true;
}

static void
keep_text(struct imap_client *c, GBytes *text)
{
  const struct remote *r = &g_array_index(c->remotes, struct remote, c->at);
  if (c->config.into)
    store_append_as(c->config.into, text, r->subject, FLAG_SEEN, 0, c->now_ns);
}

static void
take_fetch(struct imap_client *c, struct imap_text *t)
{
  struct fetched f = {0};
  bool is_good = imap_parse_octet(t, '(');
  while (is_good && (is_good = take_item(t, &f)) && imap_parse_space(t))
    ;
  if (!is_good || !imap_parse_octet(t, ')')) {
    g_free(f.remote.subject);
    g_free(f.remote.section);
    g_clear_pointer(&f.text, g_bytes_unref);
    give_up(c, lang_text("a FETCH response makes no sense", "คำตอบ FETCH ไม่มีความหมาย"));
    return;
  }
  if (c->step == STEP_ENVELOPES && f.remote.uid > 0 && c->remotes->len < c->n_exists) {
    g_array_append_val(c->remotes, f.remote);
  } else {
    g_free(f.remote.subject);
    g_free(f.remote.section);
  }
  if (c->step == STEP_TEXT && f.text)
    keep_text(c, f.text);
  g_clear_pointer(&f.text, g_bytes_unref);
}

/* ---- tagged replies ---- */

static void
next_text(struct imap_client *c)
{
  while (c->at < c->remotes->len && g_array_index(c->remotes, struct remote, c->at).is_seen)
    c->at++;
  if (c->at == c->remotes->len) {
    log_out(c);
    return;
  }
  const struct remote *r = &g_array_index(c->remotes, struct remote, c->at);
  say(c, STEP_TEXT, "UID FETCH %u BODY.PEEK[%s]", r->uid, r->section ? r->section : "1");
}

static void
on_login(struct imap_client *c)
{
  set_state(c, IMAP_STATE_AUTHENTICATED);
  say(c, STEP_LIST, "LIST \"\" \"*\"");
}

static void
on_list(struct imap_client *c)
{
  say(c, STEP_SELECT, "SELECT %s", c->mailbox);
}

static void
on_select(struct imap_client *c)
{
  set_state(c, IMAP_STATE_SELECTED);
  if (c->n_exists == 0)
    log_out(c);
  else
    say(c, STEP_ENVELOPES, "FETCH 1:* (UID FLAGS RFC822.SIZE ENVELOPE BODYSTRUCTURE)");
}

static void
on_text(struct imap_client *c)
{
  say(c, STEP_SEEN, "UID STORE %u +FLAGS (\\Seen)",
      g_array_index(c->remotes, struct remote, c->at).uid);
}

static void
on_seen(struct imap_client *c)
{
  c->at++;
  next_text(c);
}

static void (*const on_ok[N_STEPS])(struct imap_client *) = {[STEP_CAPABILITY] = on_capability,
                                                             [STEP_STARTTLS] = on_starttls,
                                                             [STEP_LOGIN] = on_login,
                                                             [STEP_LIST] = on_list,
                                                             [STEP_SELECT] = on_select,
                                                             [STEP_ENVELOPES] = next_text,
                                                             [STEP_TEXT] = on_text,
                                                             [STEP_SEEN] = on_seen,
                                                             [STEP_LOGOUT] = leave};

static void
take_tagged(struct imap_client *c, struct imap_text *t)
{
  g_autofree char *tag = imap_parse_atom(t);
  g_autofree char *word = tag && imap_parse_space(t) ? imap_parse_word(t) : NULL;
  if (!word || strcmp(tag, c->tag) != 0 || !on_ok[c->step]) {
    give_up(c, lang_text("the server answers a command that was not given",
                         "เซิร์ฟเวอร์ตอบคำสั่งที่ไม่ได้ส่งไป"));
  } else if (strcmp(word, "OK") == 0) {
    on_ok[c->step](c);
  } else if (c->step == STEP_LOGOUT) {
    leave(c);
  } else if (c->step == STEP_CAPABILITY || c->step == STEP_STARTTLS) {
    c->has_starttls = false;
    on_capability(c);
  } else {
    g_autofree char *text = g_strndup((const char *)t->p, t->n);
    machine_emit(&c->endpoint, "log", "%s", text);
    c->is_good = false;
    log_out(c);
  }
}

/* ---- untagged ---- */

static void
on_greeting(struct imap_client *c, const char *word)
{
  bool wants_tls = c->config.tls_use != TLS_NEVER && !c->endpoint.security;
  if (strcmp(word, "OK") == 0) {
    set_state(c, IMAP_STATE_NOT_AUTHENTICATED);
    if (wants_tls)
      say(c, STEP_CAPABILITY, "CAPABILITY");
    else
      say_login(c);
  } else if (strcmp(word, "PREAUTH") == 0 && wants_tls && c->config.tls_use == TLS_REQUIRED) {
    /* behind PREAUTH there is no STARTTLS: RFC 9051 11.1 */
    give_up(c, lang_text("the server says PREAUTH, so that TLS cannot begin: nothing is said",
                         "เซิร์ฟเวอร์ตอบ PREAUTH ทำให้เริ่ม TLS ไม่ได้ จึงไม่ส่งอะไร"));
  } else if (strcmp(word, "PREAUTH") == 0) {
    on_login(c);
  } else {
    give_up(c, lang_text("the server does not let us in", "เซิร์ฟเวอร์ไม่ให้เข้าใช้งาน"));
  }
}

static void
take_untagged(struct imap_client *c, struct imap_text *t)
{
  uint32_t number;
  if (g_ascii_isdigit(imap_parse_peek(t))) {
    g_autofree char *word =
        imap_parse_number(t, &number) && imap_parse_space(t) ? imap_parse_word(t) : NULL;
    if (g_strcmp0(word, "EXISTS") == 0)
      c->n_exists = number;
    else if (g_strcmp0(word, "FETCH") == 0 && imap_parse_space(t))
      take_fetch(c, t);
    return;
  }
  g_autofree char *word = imap_parse_word(t);
  if (!word)
    give_up(c,
            lang_text("the server's line is no IMAP response", "บรรทัดจากเซิร์ฟเวอร์ไม่ใช่คำตอบ IMAP"));
  else if (c->step == STEP_GREETING)
    on_greeting(c, word);
  else if (strcmp(word, "CAPABILITY") == 0)
    take_capabilities(c, t);
  else if (strcmp(word, "BYE") == 0 && c->step != STEP_LOGOUT)
    give_up(c, lang_text("the server said BYE", "เซิร์ฟเวอร์กล่าว BYE"));
}

static void
take_response(struct imap_client *c)
{
  struct imap_text t = {.p = c->response->data, .n = c->response->len};
  if (imap_parse_octet(&t, '*') && imap_parse_space(&t)) {
    take_untagged(c, &t);
    return;
  }
  if (c->step == STEP_GREETING || imap_parse_peek(&t) == '+' || t.n == 0)
    give_up(c, lang_text("the server's line is no IMAP response to what was said",
                         "บรรทัดจากเซิร์ฟเวอร์ไม่ใช่คำตอบ IMAP ของสิ่งที่ส่งไป"));
  else
    take_tagged(c, &t);
}

/* ---- gathering ---- */

/* Octets of the literal that the line announces, or 0. */
static size_t
literal_octets(const uint8_t *p, size_t n)
{
  if (n < 3 || p[n - 1] != '}')
    return 0;
  size_t at = n - 1;
  while (at > 0 && g_ascii_isdigit(p[at - 1]) && n - at < 12)
    at--;
  if (at == n - 1 || at == 0 || p[at - 1] != '{')
    return 0;
  return (size_t)g_ascii_strtoull((const char *)p + at, NULL, 10);
}

static void
take_line(struct imap_client *c, const uint8_t *p, size_t n)
{
  g_byte_array_append(c->response, p, (guint)n);
  g_autofree char *line = g_strndup((const char *)p, n); /* digits end inside */
  bool has_literal = n > 2 && p[n - 1] == '}' && strrchr(line, '{');
  c->literal_left = literal_octets((const uint8_t *)line, n);
  if (c->literal_left > IMAP_CLIENT_LITERAL_MAX ||
      c->response->len + c->literal_left > 2 * (size_t)IMAP_CLIENT_LITERAL_MAX) {
    give_up(c, lang_text("the server announces more octets than we take",
                         "เซิร์ฟเวอร์แจ้งจำนวนออกเตตมากเกินกว่าที่รับได้"));
    return;
  }
  if (c->literal_left > 0 || (has_literal && g_str_has_suffix(line, "{0}"))) {
    g_byte_array_append(c->response, (const uint8_t *)"\r\n", 2);
    return;
  }
  take_response(c);
  g_byte_array_set_size(c->response, 0);
}

static void
client_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct imap_client *c = (struct imap_client *)e;
  if (c->step == STEP_OVER)
    return;
  c->now_ns = now_ns;
  e->deadline_ns = now_ns + WAIT_NS;
  lines_feed(&c->lines, p, n);
  while (c->step != STEP_OVER && e->wants == ENDPOINT_AS_IS) {
    const uint8_t *line;
    size_t n_line;
    if (c->literal_left > 0) {
      n_line = lines_take(&c->lines, c->literal_left, &line);
      if (n_line == 0)
        return;
      c->literal_left -= n_line;
      g_byte_array_append(c->response, line, (guint)n_line);
      continue;
    }
    enum lines_got got = lines_next(&c->lines, &line, &n_line);
    if (got == LINES_MORE)
      return;
    if (got == LINES_TOO_LONG)
      give_up(c, lang_text("the server's line does not end", "บรรทัดจากเซิร์ฟเวอร์ยาวไม่รู้จบ"));
    else
      take_line(c, line, n_line);
  }
}

/* ---- the machine ---- */

static void
client_start(struct endpoint *e, int64_t now_ns)
{
  e->deadline_ns = now_ns + WAIT_NS;
}

static void
client_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct imap_client *c = (struct imap_client *)e;
  if (c->step == STEP_OVER)
    return;
  if (problem) {
    give_up(c, lang_text("without TLS nothing more is said", "เมื่อไม่มี TLS จะไม่ส่งอะไรอีก"));
  } else if (c->step == STEP_STARTTLS) {
    set_state(c, IMAP_STATE_NOT_AUTHENTICATED);
    say(c, STEP_CAPABILITY, "CAPABILITY");
    client_input(e, NULL, 0, now_ns);
  }
}

static void
client_eof(struct endpoint *e, int64_t now_ns)
{
  struct imap_client *c = (struct imap_client *)e;
  if (c->step != STEP_OVER)
    give_up(c, lang_text("the connection ended early", "การเชื่อมต่อจบก่อนเวลา"));
}

static void
client_timeout(struct endpoint *e, int64_t now_ns)
{
  struct imap_client *c = (struct imap_client *)e;
  if (c->step != STEP_OVER)
    give_up(c, lang_text("the server did not answer in time", "เซิร์ฟเวอร์ไม่ตอบภายในเวลา"));
}

static void
remote_clear(void *data)
{
  struct remote *r = data;
  g_free(r->subject);
  g_free(r->section);
}

static void
client_free(struct endpoint *e)
{
  struct imap_client *c = (struct imap_client *)e;
  g_array_unref(c->remotes);
  g_byte_array_unref(c->response);
  lines_clear(&c->lines);
  g_free(c->user);
  g_free(c->password);
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
  c->user = g_strdup(config->user);
  c->password = g_strdup(config->password);
  c->mailbox = config->mailbox ? quoted(config->mailbox) : g_strdup("INBOX");
  c->response = g_byte_array_new();
  c->remotes = g_array_new(FALSE, TRUE, sizeof(struct remote));
  g_array_set_clear_func(c->remotes, remote_clear);
  c->is_good = true;
  lines_init(&c->lines, IMAP_CLIENT_LINE_MAX);
  return &c->endpoint;
}
