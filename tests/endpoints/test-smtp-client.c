/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-smtp-client.c -- the SMTP and LMTP client: every way to hand over a message, against our
 * server and against servers that misbehave. */
#include <string.h>

#include "sim/mail/smtp.h"

enum { RECIPIENTS_MAX = 4 };

/* ---- what both ends say and what becomes of it ---- */

struct seen {
  unsigned n_messages;
  GString *octets; /* of all messages, behind their Received header */
  GString *envelopes;
  GString *client_said, *server_said, *logs;
  unsigned n_turns; /* of the client */
  unsigned n_done;
  enum smtp_outcome outcomes[RECIPIENTS_MAX];
  unsigned codes[RECIPIENTS_MAX];
  char *text; /* of the first recipient */
  bool is_dsn_passed_on;
  const struct smtp_letter *more; /* for next(), ended by one without octets */
};

static void
seen_init(struct seen *s)
{
  *s = (struct seen){.octets = g_string_new(NULL),
                     .envelopes = g_string_new(NULL),
                     .client_said = g_string_new(NULL),
                     .server_said = g_string_new(NULL),
                     .logs = g_string_new(NULL)};
}

static void
seen_clear(struct seen *s)
{
  g_string_free(s->octets, TRUE);
  g_string_free(s->envelopes, TRUE);
  g_string_free(s->client_said, TRUE);
  g_string_free(s->server_said, TRUE);
  g_string_free(s->logs, TRUE);
  g_free(s->text);
}

static void
note_event(void *data, const char *key, const char *value)
{
  struct seen *s = data;
  if (strcmp(key, "log") == 0)
    g_string_append_printf(s->logs, "%s\n", value);
}

static const char *
site_recipient(void *data, const struct smtp_session *session, const struct envelope_recipient *r)
{
  return strstr(r->address, "nobody") ? "550 5.1.1 No such user here" : NULL;
}

static const char *
site_message(void *data, const struct smtp_session *session, const struct smtp_message *m,
             int64_t now_ns, const char **refusal)
{
  struct seen *s = data;
  const struct envelope *e = m->envelope;
  gsize n;
  const char *p = g_bytes_get_data(m->octets, &n);
  const char *behind = strstr(p, "+0000\r\n") + 7;
  s->n_messages++;
  g_string_append_len(s->octets, behind, (gssize)(n - (gsize)(behind - p)));
  g_string_append_printf(s->envelopes, "%s/%s/%d/%d%s:", e->sender, e->envid ? e->envid : "",
                         (int)e->ret, (int)e->body, e->is_utf8 ? "/utf8" : "");
  for (unsigned i = 0; i < e->n_recipients; i++) {
    g_string_append_printf(s->envelopes, " %s/%u/%s", e->recipients[i].address,
                           e->recipients[i].notify,
                           e->recipients[i].orcpt ? e->recipients[i].orcpt : "");
    if (m->fates && strstr(e->recipients[i].address, "full"))
      m->fates[i] = "452 4.2.2 The mailbox is full";
  }
  g_string_append_c(s->envelopes, '\n');
  return "Q1";
}

static void
note_done(void *data, const struct smtp_recipient_result *results, unsigned n)
{
  struct seen *s = data;
  s->n_done++;
  for (unsigned i = 0; i < n && i < RECIPIENTS_MAX; i++) {
    s->outcomes[i] = results[i].outcome;
    s->codes[i] = results[i].code;
  }
  g_free(s->text);
  s->text = g_strdup(results[0].text);
  s->is_dsn_passed_on = results[0].is_dsn_passed_on;
}

static bool
next_letter(void *data, struct smtp_letter *next)
{
  struct seen *s = data;
  if (!s->more || !s->more->octets)
    return false;
  *next = *s->more++;
  return true;
}

static bool
move(struct endpoint *from, struct endpoint *to, size_t cut, GString *said)
{
  size_t n = from->out->len;
  if (n == 0)
    return false;
  if (cut > 0)
    n = MIN(n, cut);
  g_autofree uint8_t *octets = g_memdup2(from->out->data, n);
  g_byte_array_remove_range(from->out, 0, (guint)n);
  g_string_append_len(said, (const char *)octets, (gssize)n);
  to->ops->input(to, octets, n, 0);
  return true;
}

/* The client against our server, until both are through; nothing is lost on the way. */
static void
couple(const struct smtp_client_config *client_config, const struct smtp_server_config *config,
       size_t cut, struct seen *s)
{
  struct smtp_client_config mine = *client_config;
  struct smtp_server_config theirs = *config;
  mine.done = note_done;
  mine.data = s;
  theirs.name = "mx.test";
  theirs.site = (struct smtp_site){.data = s, .recipient = site_recipient, .message = site_message};
  struct endpoint *client = smtp_client_new(&mine), *server = smtp_server_new(&theirs);
  client->event = note_event;
  client->event_data = s;
  server->ops->start(server, 0);
  client->ops->start(client, 0);
  bool a, b;
  do {
    a = move(server, client, cut, s->server_said);
    b = move(client, server, cut, s->client_said);
    s->n_turns += b;
  } while (a || b);
  g_assert_true(client->wants_close);
  g_assert_true(server->wants_close);
  client->ops->free(client);
  server->ops->free(server);
}

/* ---- letters ---- */

static const char text[] = "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nlast";
static const char thai[] = "Subject: 8 bit\r\n\r\n\340\270\252\r\n";
static const char binary[] = "Subject: binary\r\n\r\n\0\n.\n\r\n.\r\nMAIL";

static const struct envelope_recipient two[] = {{.address = "bob@b.test"},
                                                {.address = "nobody@b.test"}};
static const struct envelope_recipient one[] = {{.address = "bob@b.test"}};
static const struct envelope_recipient none[] = {{.address = "nobody@b.test"}};

static struct smtp_client_config
config_of(GBytes *octets, const struct envelope_recipient *recipients, unsigned n)
{
  return (struct smtp_client_config){
      .name = "pc.test",
      .envelope = {.sender = "a@a.test", .recipients = recipients, .n_recipients = n},
      .octets = octets};
}

static GBytes *
octets_of(const char *p, size_t n)
{
  return g_bytes_new_static(p, n);
}

/* ---- every way to hand over ---- */

static const struct way {
  const char *name;
  bool pipelines, chunks;
  size_t chunk_octets;
  enum smtp_role role;
  unsigned server_without;
  unsigned n_turns; /* EHLO … QUIT, counted by hand */
  const char *says, *never;
} ways[] = {
    {"lock-step", false, false, 0, SMTP_ROLE_MTA, 0, 7, "DATA\r\n", "BDAT"},
    {"pipelined", true, false, 0, SMTP_ROLE_MTA, 0, 4, "RCPT TO:<nobody@b.test>\r\nDATA\r\n",
     "BDAT"},
    {"pipelining-is-not-offered", true, false, 0, SMTP_ROLE_MTA, 1u << SMTP_EXTENSION_PIPELINING, 7,
     "DATA\r\n", "BDAT"},
    {"one-chunk", false, true, 0, SMTP_ROLE_MTA, 0, 6, "BDAT 32 LAST\r\nSubject", "DATA"},
    {"chunks-in-lock-step", false, true, 10, SMTP_ROLE_MTA, 0, 9, "BDAT 2 LAST\r\n", "DATA"},
    {"chunks-pipelined", true, true, 10, SMTP_ROLE_MTA, 0, 4, "BDAT 10\r\nSubject: d", "DATA"},
    {"chunking-is-not-offered", false, true, 10, SMTP_ROLE_MTA, 1u << SMTP_EXTENSION_CHUNKING, 7,
     "DATA\r\n", "BDAT"},
    {"lmtp", false, false, 0, SMTP_ROLE_LMTP, 0, 7, "LHLO pc.test\r\n", "EHLO"},
    {"lmtp-pipelined-chunks", true, true, 10, SMTP_ROLE_LMTP, 0, 4, "LHLO pc.test\r\n", "EHLO"},
};

static void
test_way(gconstpointer data)
{
  const struct way *w = data;
  g_autoptr(GBytes) octets = octets_of(text, sizeof text - 1);
  for (size_t cut = 0; cut < 4; cut++) {
    struct seen s;
    seen_init(&s);
    struct smtp_client_config config = config_of(octets, two, 2);
    struct smtp_server_config server = {.role = w->role, .without = w->server_without};
    config.pipelines = w->pipelines;
    config.chunks = w->chunks;
    config.chunk_octets = w->chunk_octets;
    config.is_lmtp = w->role == SMTP_ROLE_LMTP;
    couple(&config, &server, cut, &s);
    g_assert_cmpuint(s.n_done, ==, 1);
    g_assert_cmpuint(s.n_messages, ==, 1);
    g_assert_cmpint(s.outcomes[0], ==, SMTP_OUTCOME_ACCEPTED);
    g_assert_cmpint(s.outcomes[1], ==, SMTP_OUTCOME_PERMANENT);
    g_assert_cmpuint(s.codes[1], ==, 550);
    /* DATA ends its last line with CRLF, BDAT leaves the octets alone */
    g_autofree char *wanted =
        g_strconcat(text, strstr(s.client_said->str, "BDAT") ? "" : "\r\n", NULL);
    g_assert_cmpstr(s.octets->str, ==, wanted);
    g_assert_nonnull(strstr(s.client_said->str, w->says));
    g_assert_null(strstr(s.client_said->str, w->never));
    g_assert_cmpstr(s.logs->str, ==, "");
    if (cut == 0)
      g_assert_cmpuint(s.n_turns, ==, w->n_turns);
    seen_clear(&s);
  }
}

static void
test_nobody_is_taken(void)
{
  g_autoptr(GBytes) octets = octets_of(text, sizeof text - 1);
  for (int pipelines = 0; pipelines < 2; pipelines++) {
    struct seen s;
    seen_init(&s);
    struct smtp_client_config config = config_of(octets, none, 1);
    struct smtp_server_config server = {.role = SMTP_ROLE_MTA};
    config.pipelines = pipelines;
    couple(&config, &server, 0, &s);
    g_assert_cmpuint(s.n_messages, ==, 0);
    g_assert_cmpuint(s.codes[0], ==, 550);
    g_assert_null(strstr(s.client_said->str, "Subject"));
    seen_clear(&s);
  }
}

static void
test_lmtp_tells_each_recipient(void)
{
  static const struct envelope_recipient three[] = {
      {.address = "bob@b.test"}, {.address = "nobody@b.test"}, {.address = "full@b.test"}};
  g_autoptr(GBytes) octets = octets_of(text, sizeof text - 1);
  struct seen s;
  seen_init(&s);
  struct smtp_client_config config = config_of(octets, three, 3);
  struct smtp_server_config server = {.role = SMTP_ROLE_LMTP};
  config.is_lmtp = true;
  couple(&config, &server, 1, &s);
  g_assert_cmpint(s.outcomes[0], ==, SMTP_OUTCOME_ACCEPTED);
  g_assert_cmpint(s.outcomes[1], ==, SMTP_OUTCOME_PERMANENT);
  g_assert_cmpint(s.outcomes[2], ==, SMTP_OUTCOME_TEMPORARY);
  g_assert_cmpuint(s.codes[2], ==, 452);
  seen_clear(&s);
}

static void
test_several_messages_share_a_connection(void)
{
  g_autoptr(GBytes) first = octets_of("Subject: 1\r\n", 12);
  g_autoptr(GBytes) second = octets_of("Subject: 2\r\n", 12);
  g_autoptr(GBytes) third = octets_of("Subject: 3\r\n", 12);
  const struct smtp_letter more[] = {
      {{.sender = "a@a.test", .recipients = none, .n_recipients = 1}, second},
      {{.sender = "c@a.test", .recipients = one, .n_recipients = 1}, third},
      {{0}, NULL}};
  for (int pipelines = 0; pipelines < 2; pipelines++) {
    struct seen s;
    seen_init(&s);
    s.more = more;
    struct smtp_client_config config = config_of(first, one, 1);
    struct smtp_server_config server = {.role = SMTP_ROLE_MTA};
    config.next = next_letter;
    config.pipelines = pipelines;
    couple(&config, &server, 0, &s);
    g_assert_cmpuint(s.n_done, ==, 3);
    g_assert_cmpstr(s.octets->str, ==, "Subject: 1\r\nSubject: 3\r\n");
    const char *rset = strstr(s.client_said->str, "RSET\r\nMAIL FROM:<c@a.test>");
    g_assert_nonnull(rset); /* a transaction was left open */
    g_assert_null(strstr(rset + 4, "RSET"));
    seen_clear(&s);
  }
}

static void
test_the_envelope_arrives(void)
{
  static const struct envelope_recipient to[] = {
      {.address = "bob@b.test",
       .notify = ENVELOPE_NOTIFY_SUCCESS | ENVELOPE_NOTIFY_DELAY,
       .orcpt = "rfc822;Bob+=x@b.test"},
      {.address = "carol@b.test", .notify = ENVELOPE_NOTIFY_NEVER}};
  g_autoptr(GBytes) octets = octets_of(thai, sizeof thai - 1);
  for (int has_dsn = 0; has_dsn < 2; has_dsn++) {
    struct seen s;
    seen_init(&s);
    struct smtp_client_config config = config_of(octets, to, 2);
    struct smtp_server_config server = {.role = SMTP_ROLE_MTA,
                                        .without = has_dsn ? 0 : 1u << SMTP_EXTENSION_DSN};
    config.envelope.envid = "QQ 314+159";
    config.envelope.ret = ENVELOPE_RET_HDRS;
    couple(&config, &server, 0, &s);
    g_assert_cmpstr(s.envelopes->str, ==,
                    has_dsn ? "a@a.test/QQ 314+159/2/1: bob@b.test/10/rfc822;Bob+=x@b.test "
                              "carol@b.test/1/\n"
                            : "a@a.test//0/1: bob@b.test/0/ carol@b.test/0/\n");
    g_assert_cmpint(s.is_dsn_passed_on, ==, has_dsn);
    g_assert_true(!strstr(s.client_said->str, "ENVID=QQ+20314+2B159") == !has_dsn);
    seen_clear(&s);
  }
}

/* ---- what the server does not have ---- */

static const struct lack {
  const char *name, *octets;
  size_t n_octets;
  const char *address;
  bool is_utf8;
  unsigned without;
  size_t size_max;
  const char *text; /* begins like this; "" when it goes through */
} lacks[] = {
    {"8bit-goes-as-8bitmime", thai, sizeof thai - 1, "bob@b.test", false, 0, 0, ""},
    {"8bit-is-not-converted", thai, sizeof thai - 1, "bob@b.test", false,
     1u << SMTP_EXTENSION_8BITMIME, 0, "5.6.3 "},
    {"a-thai-address-goes-with-smtputf8", text, sizeof text - 1, "สมชาย@ไทย.test", true, 0, 0, ""},
    {"a-thai-address-needs-smtputf8", text, sizeof text - 1, "สมชาย@ไทย.test", true,
     1u << SMTP_EXTENSION_SMTPUTF8, 0, "5.6.7 "},
    {"binary-goes-by-bdat", binary, sizeof binary - 1, "bob@b.test", false, 0, 0, ""},
    {"binary-does-not-go-by-data", binary, sizeof binary - 1, "bob@b.test", false,
     1u << SMTP_EXTENSION_CHUNKING, 0, "5.6.1 "},
    {"binary-needs-binarymime", binary, sizeof binary - 1, "bob@b.test", false,
     1u << SMTP_EXTENSION_BINARYMIME, 0, "5.6.1 "},
    {"too-large-is-not-begun", text, sizeof text - 1, "bob@b.test", false, 0, 20, "5.3.4 "},
};

static void
test_lack(gconstpointer data)
{
  const struct lack *l = data;
  g_autoptr(GBytes) octets = octets_of(l->octets, l->n_octets);
  const struct envelope_recipient to[] = {{.address = l->address}};
  for (size_t cut = 0; cut < 2; cut++) {
    struct seen s;
    seen_init(&s);
    struct smtp_client_config config = config_of(octets, to, 1);
    struct smtp_server_config server = {
        .role = SMTP_ROLE_MTA, .without = l->without, .size_max = l->size_max};
    config.envelope.is_utf8 = l->is_utf8;
    couple(&config, &server, cut, &s);
    if (*l->text) {
      g_assert_cmpuint(s.n_messages, ==, 0);
      g_assert_cmpint(s.outcomes[0], ==, SMTP_OUTCOME_PERMANENT);
      g_assert_true(g_str_has_prefix(s.text, l->text));
      g_assert_null(strstr(s.client_said->str, "MAIL"));
    } else {
      g_assert_cmpuint(s.n_messages, ==, 1);
      g_assert_cmpint(s.outcomes[0], ==, SMTP_OUTCOME_ACCEPTED);
      g_assert_cmpmem(s.octets->str, l->n_octets, l->octets, l->n_octets);
      g_assert_nonnull(strstr(s.envelopes->str, l->address));
      g_assert_true(!strstr(s.client_said->str, " SMTPUTF8\r\n") == !l->is_utf8);
    }
    seen_clear(&s);
  }
}

/* ---- servers that misbehave ---- */

enum { LINES_MAX = 12 };

static const struct bad {
  const char *name;
  const char *lines[LINES_MAX]; /* one after the other, whatever the client says; "" = it closes */
  bool pipelines, chunks, is_lmtp;
  enum tls_use tls_use;
  enum smtp_outcome outcome;
  unsigned code;
  const char *says, *never, *log; /* NULL: nothing */
} bads[] = {
    {"354-for-mail",
     {"220 x\r\n", "250 x\r\n", "354 go\r\n"},
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .says = "MAIL",
     .never = "RCPT",
     .log = "cannot be the answer"},
    {"354-for-rcpt",
     {"220 x\r\n", "250 x\r\n", "250 x\r\n", "354 go\r\n"},
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .says = "RCPT",
     .never = "Subject",
     .log = "cannot be the answer"},
    {"250-for-354-pipelined",
     {"220 x\r\n", "250-x\r\n250 PIPELINING\r\n", "250 x\r\n250 x\r\n250 x\r\n"},
     .pipelines = true,
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .says = "DATA",
     .never = "Subject",
     .log = "something else than 354"},
    {"354-when-nobody-was-taken-gets-only-a-dot",
     {"220 x\r\n", "250-x\r\n250 PIPELINING\r\n", "250 x\r\n550 no\r\n354 go\r\n", "554 no\r\n",
      "221 x\r\n"},
     .pipelines = true,
     .outcome = SMTP_OUTCOME_PERMANENT,
     .code = 550,
     .says = "DATA\r\n.\r\nQUIT",
     .never = "Subject"},
    {"354-for-bdat",
     {"220 x\r\n", "250-x\r\n250 CHUNKING\r\n", "250 x\r\n", "250 x\r\n", "354 go\r\n"},
     .chunks = true,
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .says = "BDAT",
     .never = "QUIT",
     .log = "cannot be the answer"},
    {"a-chunk-is-refused",
     {"220 x\r\n", "250-x\r\n250 CHUNKING\r\n", "250 x\r\n", "250 x\r\n", "552 too big\r\n",
      "221 x\r\n"},
     .chunks = true,
     .outcome = SMTP_OUTCOME_PERMANENT,
     .code = 552,
     .says = "QUIT",
     .never = "DATA"},
    {"1yz-is-no-reply-of-smtp",
     {"220 x\r\n", "150 wait\r\n"},
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .says = "EHLO",
     .never = "MAIL",
     .log = ""},
    {"a-reply-too-many",
     {"220 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "550 no\r\n", "221 x\r\n",
      "250 and more\r\n"},
     .outcome = SMTP_OUTCOME_PERMANENT,
     .code = 550,
     .says = "QUIT",
     .never = "Subject"},
    {"replies-before-their-commands",
     {"220 x\r\n250 x\r\n250 x\r\n550 no\r\n221 x\r\n"},
     .outcome = SMTP_OUTCOME_PERMANENT,
     .code = 550,
     .says = "EHLO",
     .never = "Subject",
     .log = "not said yet"},
    {"multi-line-greeting",
     {"220-hello\r\n220-there\r\n220 x\r\n", "554 no\r\n", "554 no\r\n", "221 x\r\n"},
     .outcome = SMTP_OUTCOME_PERMANENT,
     .code = 554,
     .says = "EHLO pc.test\r\nHELO",
     .never = "MAIL"},
    {"421-greeting",
     {"421 busy\r\n"},
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .code = 421,
     .says = "",
     .never = "EHLO"},
    {"close-behind-ehlo",
     {"220 x\r\n", ""},
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .says = "EHLO",
     .never = "MAIL",
     .log = "ended before"},
    {"close-behind-mail",
     {"220 x\r\n", "250 x\r\n", ""},
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .says = "MAIL",
     .never = "RCPT",
     .log = "ended before"},
    {"close-behind-rcpt",
     {"220 x\r\n", "250 x\r\n", "250 x\r\n", ""},
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .says = "RCPT",
     .never = "DATA",
     .log = "ended before"},
    {"close-behind-quit-loses-nothing",
     {"220 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "354 x\r\n", "250 taken\r\n", ""},
     .outcome = SMTP_OUTCOME_ACCEPTED,
     .code = 250,
     .says = "QUIT",
     .never = "RSET"},
    {"odd-octets-in-a-reply",
     {"220 x\r\n", "250 x\r\n", "550 no\033[2J\200\r\n", "221 x\r\n"},
     .outcome = SMTP_OUTCOME_PERMANENT,
     .code = 550,
     .says = "QUIT",
     .never = "RCPT",
     .log = "may not stand in one"},
    {"tls-required-and-stripped",
     {"220 x\r\n", "250-x\r\n250 SIZE\r\n"},
     .tls_use = TLS_REQUIRED,
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .says = "EHLO",
     .never = "MAIL",
     .log = "no STARTTLS"},
    {"tls-required-and-refused",
     {"220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "454 no\r\n"},
     .tls_use = TLS_REQUIRED,
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .says = "STARTTLS",
     .never = "MAIL",
     .log = "refuses it"},
    {"tls-wanted-and-refused-goes-on-in-clear",
     {"220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "454 no\r\n", "550 no\r\n", "221 x\r\n"},
     .tls_use = TLS_OPPORTUNISTIC,
     .outcome = SMTP_OUTCOME_PERMANENT,
     .code = 550,
     .says = "MAIL",
     .never = "RCPT",
     .log = "in clear"},
    {"octets-behind-the-go-ahead",
     {"220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n"},
     .tls_use = TLS_OPPORTUNISTIC,
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .says = "STARTTLS",
     .never = "MAIL",
     .log = "an injection"},
    {"lmtp-that-knows-no-lhlo",
     {"220 x\r\n", "500 what\r\n", "221 x\r\n"},
     .is_lmtp = true,
     .outcome = SMTP_OUTCOME_PERMANENT,
     .code = 500,
     .says = "LHLO pc.test\r\nQUIT",
     .never = "HELO"},
    {"lmtp-with-one-reply-too-few",
     {"220 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "354 x\r\n", ""},
     .is_lmtp = true,
     .outcome = SMTP_OUTCOME_TEMPORARY,
     .says = "\r\n.\r\n",
     .never = "QUIT",
     .log = "ended before"},
};

static void
against(const struct bad *bad, size_t step, struct seen *s)
{
  g_autoptr(GBytes) octets = octets_of(text, sizeof text - 1);
  struct smtp_client_config config = config_of(octets, one, 1);
  config.pipelines = bad->pipelines;
  config.chunks = bad->chunks;
  config.is_lmtp = bad->is_lmtp;
  config.tls_use = bad->tls_use;
  config.done = note_done;
  config.data = s;
  struct endpoint *client = smtp_client_new(&config);
  client->event = note_event;
  client->event_data = s;
  client->ops->start(client, 0);
  for (int i = 0; i < LINES_MAX && bad->lines[i] && *bad->lines[i]; i++) {
    size_t n = strlen(bad->lines[i]);
    for (size_t at = 0; at < n; at += step)
      client->ops->input(client, (const uint8_t *)bad->lines[i] + at, MIN(step, n - at), 0);
    g_string_append_len(s->client_said, (const char *)client->out->data, client->out->len);
    g_byte_array_set_size(client->out, 0);
  }
  if (!client->wants_close)
    client->ops->eof(client, 0);
  g_assert_true(client->wants_close);
  client->ops->free(client);
}

static void
test_bad(gconstpointer data)
{
  const struct bad *bad = data;
  struct seen s;
  seen_init(&s);
  against(bad, 1000, &s);
  g_assert_cmpuint(s.n_done, ==, 1);
  g_assert_cmpint(s.outcomes[0], ==, bad->outcome);
  g_assert_cmpuint(s.codes[0], ==, bad->code);
  g_assert_nonnull(strstr(s.client_said->str, bad->says));
  g_assert_null(strstr(s.client_said->str, bad->never));
  if (bad->log)
    g_assert_nonnull(strstr(s.logs->str, bad->log));
  else
    g_assert_cmpstr(s.logs->str, ==, "");
  for (const char *c = s.text; *c; c++)
    g_assert_true(g_ascii_isprint(*c));
  seen_clear(&s);
}

/* A relay that was made weak sends a bare LF as it is, and stuffs no dot behind it. */
static void
test_bare_line_ends_only_when_told(void)
{
  static const char smuggled[] = "Subject: x\r\n\r\none\n.\nMAIL FROM:<evil@b.test>\r\n";
  g_autoptr(GBytes) octets = octets_of(smuggled, sizeof smuggled - 1);
  for (int is_weak = 0; is_weak < 2; is_weak++) {
    struct seen s;
    seen_init(&s);
    struct smtp_client_config config = config_of(octets, one, 1);
    struct smtp_server_config server = {.role = SMTP_ROLE_MTA,
                                        .without = 1u << SMTP_EXTENSION_CHUNKING,
                                        .lenience = {.passes_bare = true}};
    config.sends_bare = is_weak;
    couple(&config, &server, 0, &s);
    g_assert_cmpuint(s.n_messages, ==, (unsigned)is_weak);
    g_assert_cmpstr(s.octets->str, ==, is_weak ? smuggled : "");
    seen_clear(&s);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
    g_autofree char *path = g_strdup_printf("/smtp-client/way/%s", ways[i].name);
    g_test_add_data_func(path, &ways[i], test_way);
  }
  g_test_add_func("/smtp-client/no-recipient-is-taken", test_nobody_is_taken);
  g_test_add_func("/smtp-client/lmtp-tells-each-recipient", test_lmtp_tells_each_recipient);
  g_test_add_func("/smtp-client/several-messages-share-a-connection",
                  test_several_messages_share_a_connection);
  g_test_add_func("/smtp-client/the-envelope-arrives", test_the_envelope_arrives);
  for (size_t i = 0; i < G_N_ELEMENTS(lacks); i++) {
    g_autofree char *path = g_strdup_printf("/smtp-client/lack/%s", lacks[i].name);
    g_test_add_data_func(path, &lacks[i], test_lack);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(bads); i++) {
    g_autofree char *path = g_strdup_printf("/smtp-client/bad-server/%s", bads[i].name);
    g_test_add_data_func(path, &bads[i], test_bad);
  }
  g_test_add_func("/smtp-client/bare-line-ends-only-when-told", test_bare_line_ends_only_when_told);
  return g_test_run();
}
