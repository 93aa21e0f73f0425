/* SPDX-License-Identifier: GPL-3.0-or-later */
/* script.c -- plays C:/S: dialogues against server machines.
 *
 * Fed line by line and octet by octet, each S: block must be there when it is expected and nothing
 * else. Fed whole, all C: lines of the connection go in at once; then all S: lines must have come.
 */
#include "tests/endpoints/script.h"

#include <stdlib.h>
#include <string.h>

#include "sim/mail/imap.h"
#include "sim/mail/pop.h"
#include "sim/mail/smtp.h"
#include "tests/endpoints/script_imap.h"
#include "tests/endpoints/script_smtp.h"

enum { CONNECTIONS_MAX = 10 };

struct script {
  const char *folder, *file;
  unsigned line;
  enum script_feed feed;
  struct store *store;
  char *server, *second;
  char *policy, *pop_policy; /* YAML of `auth` and of `pop3` */
  bool offers_tls, needs_tls;
  char *stamp, *nonce, *salt;
  struct imap_server_config imap; /* its switches */
  struct script_smtp smtp;
  GPtrArray *tokens; /* "bob 300 abc" */
  struct auth_site *auth;
  struct endpoint *ends[CONNECTIONS_MAX];
  GString *expected[CONNECTIONS_MAX]; /* SCRIPT_WHOLE: S: lines, each with LF */
  GByteArray *whole;
  int64_t now_ns;
};

static void
fail(const struct script *s, const char *what, const char *wanted, const char *got)
{
  g_test_message("%s:%u: %s\n  wanted: %s\n  got:    %s", s->file, s->line, what, wanted, got);
  g_test_fail();
}

static struct auth_site *
auth_of(struct script *s)
{
  if (s->auth)
    return s->auth;
  struct auth_policy policy = auth_policy_default;
  g_autoptr(GError) error = NULL;
  if (s->policy) {
    g_autofree char *text = g_strdup_printf("auth: %s\n", s->policy);
    struct tree_node *tree = tree_parse(text, strlen(text), s->file, &error);
    g_assert_no_error(error);
    auth_policy_read(tree, &policy, &error);
    g_assert_no_error(error);
    tree_free(tree);
  }
  struct random_stream random = {.key = {1, 2}};
  s->auth = auth_site_new(&policy, s->store, "mail.test", &random);
  auth_site_fix(s->auth, s->stamp, s->nonce, s->salt);
  for (guint i = 0; i < s->tokens->len; i++) {
    g_auto(GStrv) words = g_strsplit(s->tokens->pdata[i], " ", 3);
    auth_site_add_token(s->auth, words[0], words[2],
                        g_ascii_strtoll(words[1], NULL, 10) * INT64_C(1000000000));
  }
  return s->auth;
}

static struct endpoint *
server_new(struct script *s, const char *kind)
{
  struct auth_site *auth = auth_of(s);
  if (strcmp(kind, "smtp") == 0 || strcmp(kind, "submission") == 0 || strcmp(kind, "lmtp") == 0) {
    bool is_submission = kind[1] == 'u';
    struct smtp_server_config config = {.role = is_submission    ? SMTP_ROLE_SUBMISSION
                                                : kind[0] == 'l' ? SMTP_ROLE_LMTP
                                                                 : SMTP_ROLE_MTA,
                                        .name = "mail.test",
                                        .peer = "192.0.2.7",
                                        .auth = is_submission ? auth : NULL,
                                        .is_auth_required = is_submission,
                                        .size_max = 100000,
                                        .offers_tls = s->offers_tls,
                                        .needs_tls = s->needs_tls};
    script_smtp_configure(&s->smtp, &config);
    return smtp_server_new(&config);
  }
  if (strcmp(kind, "pop3") == 0) {
    struct pop_policy policy = pop_policy_default;
    if (s->pop_policy) {
      g_autoptr(GError) error = NULL;
      struct tree_node *tree = tree_parse(s->pop_policy, strlen(s->pop_policy), s->file, &error);
      g_assert_no_error(error);
      pop_policy_read(tree, &policy, &error);
      g_assert_no_error(error);
      tree_free(tree);
    }
    struct pop_server_config config = {.name = "mail.test",
                                       .store = s->store,
                                       .auth = auth,
                                       .peer = "192.0.2.7",
                                       .policy = &policy,
                                       .offers_tls = s->offers_tls,
                                       .needs_tls = s->needs_tls};
    return pop_server_new(&config);
  }
  g_assert_cmpstr(kind, ==, "imap");
  struct imap_server_config config = s->imap;
  config.name = "mail.test";
  config.store = s->store;
  config.auth = auth;
  config.peer = "192.0.2.7";
  return imap_server_new(&config);
}

static struct endpoint *
connection(struct script *s, unsigned i)
{
  if (!s->ends[i]) {
    s->ends[i] = server_new(s, i > 1 && s->second ? s->second : s->server);
    s->ends[i]->event = script_smtp_event;
    s->ends[i]->event_data = &s->smtp;
    s->expected[i] = g_string_new(NULL);
    s->ends[i]->ops->start(s->ends[i], s->now_ns);
  }
  return s->ends[i];
}

/* ---- octets ---- */

static GString *
unescape(const char *text)
{
  GString *octets = g_string_new(NULL);
  for (; *text; text++) {
    if (text[0] == '\\' && text[1] == 'r')
      g_string_append_c(octets, '\r'), text++;
    else if (text[0] == '\\' && text[1] == 'n')
      g_string_append_c(octets, '\n'), text++;
    else if (text[0] == '\\' && text[1] == 't')
      g_string_append_c(octets, '\t'), text++;
    else if (text[0] == '\\' && text[1] == 'c' && !text[2])
      break;
    else if (text[0] == '\\' && text[1] == 'x' && g_ascii_isxdigit(text[2]) &&
             g_ascii_isxdigit(text[3])) {
      g_string_append_c(octets,
                        (char)(g_ascii_xdigit_value(text[2]) * 16 + g_ascii_xdigit_value(text[3])));
      text += 3;
    } else {
      g_string_append_c(octets, *text);
    }
  }
  return octets;
}

static void
feed(struct script *s, struct endpoint *e, const char *p, size_t n)
{
  size_t step = s->feed == SCRIPT_OCTETS ? 1 : n;
  for (size_t i = 0; i < n && e->wants == ENDPOINT_AS_IS; i += step) /* else it is the layer's */
    e->ops->input(e, (const uint8_t *)p + i, step, s->now_ns);
}

static void
client_line(struct script *s, unsigned i, const char *text)
{
  struct endpoint *e = connection(s, i);
  g_autoptr(GString) octets = unescape(text);
  if (!g_str_has_suffix(text, "\\c"))
    g_string_append(octets, "\r\n");
  if (s->feed == SCRIPT_WHOLE)
    g_byte_array_append(s->whole, (const uint8_t *)octets->str, (guint)octets->len);
  else
    feed(s, e, octets->str, octets->len);
}

/* `{*}` in the pattern matches any octets of the line. */
static bool
matches(const char *pattern, const char *line)
{
  const char *star = strstr(pattern, "{*}");
  if (!star)
    return strcmp(pattern, line) == 0;
  size_t n = (size_t)(star - pattern);
  if (strncmp(pattern, line, n) != 0)
    return false;
  for (line += n; *line; line++) {
    if (matches(star + 3, line))
      return true;
  }
  return matches(star + 3, line);
}

static void check_line(struct script *s, unsigned i, const char *text);

/* "{reply 250}": the lines of one SMTP reply with that code. True when text was such a pattern. */
static bool
check_reply(struct script *s, unsigned i, const char *text)
{
  struct endpoint *e = connection(s, i);
  bool is_last = false;
  if (!g_str_has_prefix(text, "{reply ") || strlen(text) != 11)
    return false;
  while (!is_last && !g_test_failed()) {
    g_autofree char *pattern = g_strdup_printf("%.3s{*}", text + 7);
    is_last = e->out->len > 3 && e->out->data[3] == ' ';
    check_line(s, i, pattern);
  }
  return true;
}

static void
check_line(struct script *s, unsigned i, const char *text)
{
  if (check_reply(s, i, text))
    return;
  struct endpoint *e = connection(s, i);
  g_autoptr(GString) pattern = unescape(text);
  const uint8_t *end = e->out->len ? memchr(e->out->data, '\n', e->out->len) : NULL;
  if (!end) {
    g_autofree char *got = g_strndup((char *)e->out->data, e->out->len);
    fail(s, "no whole line came", pattern->str, got);
    return;
  }
  size_t n = (size_t)(end - e->out->data);
  g_autofree char *line = g_strndup((char *)e->out->data, n > 0 && end[-1] == '\r' ? n - 1 : n);
  if (n == 0 || end[-1] != '\r')
    fail(s, "a line without CR", pattern->str, line);
  g_byte_array_remove_range(e->out, 0, (guint)n + 1);
  if (!matches(pattern->str, line))
    fail(s, "another line came", pattern->str, line);
}

static void
server_line(struct script *s, unsigned i, const char *text)
{
  connection(s, i);
  if (s->feed == SCRIPT_WHOLE)
    g_string_append_printf(s->expected[i], "%u\t%s\n", s->line, text);
  else
    check_line(s, i, text);
}

/* SCRIPT_WHOLE: sends what was gathered and compares. */
static void
play_whole(struct script *s)
{
  if (s->feed != SCRIPT_WHOLE || !s->ends[1])
    return;
  feed(s, s->ends[1], (char *)s->whole->data, s->whole->len);
  g_byte_array_set_size(s->whole, 0);
  g_auto(GStrv) lines = g_strsplit(s->expected[1]->str, "\n", -1);
  g_string_truncate(s->expected[1], 0);
  for (char **line = lines; *line && **line; line++) {
    s->line = (unsigned)atoi(*line);
    check_line(s, 1, strchr(*line, '\t') + 1);
  }
}

static void
check_silence(struct script *s)
{
  for (unsigned i = 1; i < CONNECTIONS_MAX; i++) {
    if (s->ends[i] && s->ends[i]->out->len > 0 && !g_test_failed()) {
      g_autofree char *got = g_strndup((char *)s->ends[i]->out->data, s->ends[i]->out->len);
      fail(s, "the server says more", "(nothing)", got);
    }
  }
}

/* ---- mailboxes ---- */

GBytes *
script_message(const char *folder, const char *file)
{
  g_autofree char *path = g_build_filename(folder, "messages", file, NULL);
  g_autofree char *text = NULL;
  gsize n;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &text, &n, &error);
  g_assert_no_error(error);
  GString *octets = g_string_new(NULL);
  for (gsize i = 0; i < n; i++) {
    if (text[i] == '\n')
      g_string_append_c(octets, '\r');
    g_string_append_c(octets, text[i]);
  }
  return g_string_free_to_bytes(octets);
}

static struct mailbox *
find_mailbox(struct script *s, const char *path)
{
  g_auto(GStrv) parts = g_strsplit(path, "/", 2);
  struct store_user *u = store_find_user(s->store, parts[0]);
  g_assert_nonnull(u);
  struct mailbox *b = store_find(u, parts[1]);
  return b ? b : store_create(u, parts[1]);
}

static void
add_message(struct script *s, const char *arg)
{
  g_auto(GStrv) words = g_strsplit(arg, " ", -1);
  g_autoptr(GBytes) octets = script_message(s->folder, words[1]);
  unsigned flags = 0;
  for (char **word = words + 2; *word; word++)
    flags |= store_flag_find(*word, strlen(*word));
  store_append(find_mailbox(s, words[0]), octets, flags, 0, s->now_ns);
}

/* What another session does to a mailbox. */
static void
expunge(struct script *s, const char *arg)
{
  g_auto(GStrv) words = g_strsplit(arg, " ", 2);
  struct mailbox *b = find_mailbox(s, words[0]);
  struct store_message *m = store_by_uid(b, (uint32_t)atoi(words[1]), NULL);
  g_assert_nonnull(m);
  store_expunge(b, m);
}

static void
check_mailbox(struct script *s, const char *arg)
{
  size_t n = strcspn(arg, " ");
  g_autofree char *path = g_strndup(arg, n);
  struct mailbox *b = find_mailbox(s, path);
  g_autoptr(GString) got = g_string_new(NULL);
  for (guint i = 0; i < b->messages->len; i++) {
    const struct store_message *m = b->messages->pdata[i];
    g_autofree char *flags = store_flags_text(b, m->flags, m->keywords, ',');
    g_string_append_printf(got, "%s%u:%s", i ? " " : "", m->uid, flags);
  }
  const char *wanted = arg[n] ? arg + n + 1 : "";
  if (strcmp(got->str, wanted) != 0)
    fail(s, "the mailbox holds something else", wanted, got->str);
}

/* ---- the file ---- */

static void
pass_time(struct script *s, const char *arg)
{
  s->now_ns += g_ascii_strtoll(arg, NULL, 10) * INT64_C(1000000000);
  for (unsigned i = 1; i < CONNECTIONS_MAX; i++) {
    struct endpoint *e = s->ends[i];
    if (e && e->deadline_ns <= s->now_ns)
      e->ops->timeout(e, s->now_ns);
  }
}

static const char *
after(const char *line, const char *word)
{
  size_t n = strlen(word);
  if (strncmp(line, word, n) != 0 || (line[n] && line[n] != ' '))
    return NULL;
  return line[n] ? line + n + 1 : line + n;
}

/* What script_smtp.c knows: the whole of it, or for events one of its lines, is as wanted. */
static void
compare(struct script *s, const char *pattern, const char *actual)
{
  g_auto(GStrv) lines = g_strsplit(actual ? actual : "", "\n", -1);
  bool is_there = !pattern || matches(pattern, actual ? actual : "");
  for (char **line = lines; *line; line++)
    is_there |= pattern && matches(pattern, *line);
  if (!is_there)
    fail(s, "something else was seen", pattern, actual ? actual : "(nothing)");
}

/* The layer has made what connection 1 asked for. */
static void
upgrade(struct script *s)
{
  static const struct endpoint_security security = {.version = "TLSv1.3",
                                                    .cipher = "TLS_AES_256_GCM_SHA384"};
  struct endpoint *e = connection(s, 1);
  if (e->wants != ENDPOINT_TLS)
    fail(s, "TLS was not asked for", "TLS", "");
  e->wants = ENDPOINT_AS_IS;
  e->security = &security;
  e->ops->upgraded(e, ENDPOINT_TLS, NULL, s->now_ns);
}

/* Directives that let what was sent so far take effect first. */
static bool
play_check(struct script *s, const char *line)
{
  const char *arg, *pattern;
  g_autofree char *actual = NULL;
  play_whole(s);
  if ((arg = after(line, "wait")))
    pass_time(s, arg);
  else if (after(line, "eof"))
    s->ends[1]->ops->eof(s->ends[1], s->now_ns);
  else if (after(line, "closed")) {
    if (!s->ends[1]->wants_close)
      fail(s, "the connection is still open", "closed", "open");
  } else if (after(line, "shut-down"))
    s->ends[1]->ops->shut_down(s->ends[1], s->now_ns);
  else if (after(line, "tls"))
    upgrade(s);
  else if (script_smtp_line(&s->smtp, line, &pattern, &actual))
    compare(s, pattern, actual);
  else if ((arg = after(line, "expunge")))
    expunge(s, arg);
  else if ((arg = after(line, "has")))
    check_mailbox(s, arg);
  else
    return false;
  return true;
}

static void
play_line(struct script *s, const char *line)
{
  const char *arg;
  if (*line == '#' || !*line || after(line, "stepwise"))
    return;
  if ((line[0] == 'C' || line[0] == 'S') && (line[1] == ':' || line[2] == ':')) {
    unsigned i = line[1] == ':' ? 1 : (unsigned)(line[1] - '0');
    const char *colon = strchr(line, ':');
    const char *text = colon[1] == ' ' ? colon + 2 : colon + 1;
    if (line[0] == 'C' && s->feed != SCRIPT_WHOLE)
      check_silence(s);
    (line[0] == 'C' ? client_line : server_line)(s, i, text);
  } else if ((arg = after(line, "server"))) {
    s->server = g_strdup(arg);
  } else if ((arg = after(line, "second"))) {
    s->second = g_strdup(arg);
  } else if ((arg = after(line, "stamp"))) {
    s->stamp = g_strdup(arg);
  } else if ((arg = after(line, "scram"))) {
    g_auto(GStrv) words = g_strsplit(arg, " ", 2);
    s->nonce = g_strdup(words[0]);
    s->salt = g_strdup(words[1]);
  } else if ((arg = after(line, "auth"))) {
    s->policy = g_strdup(arg);
  } else if ((arg = after(line, "pop3"))) {
    s->pop_policy = g_strdup(arg);
  } else if (after(line, "needs-tls")) {
    s->offers_tls = s->needs_tls = true;
  } else if (after(line, "offers-tls")) {
    s->offers_tls = true;
  } else if ((arg = after(line, "token"))) {
    g_ptr_array_add(s->tokens, g_strdup(arg));
  } else if ((arg = after(line, "user"))) {
    g_auto(GStrv) words = g_strsplit(arg, " ", 2);
    store_add_user(s->store, words[0], words[1]);
  } else if ((arg = after(line, "mailbox"))) {
    find_mailbox(s, arg);
  } else if ((arg = after(line, "add"))) {
    add_message(s, arg);
  } else if (!script_imap_line(&s->imap, s->store, line) && !play_check(s, line)) {
    fail(s, "a line that the interpreter does not know", "", line);
  }
}

char *
script_title(const char *path)
{
  g_autofree char *text = NULL;
  g_file_get_contents(path, &text, NULL, NULL);
  g_assert_true(text && g_str_has_prefix(text, "# proves "));
  return g_strndup(text + 9, strcspn(text + 9, "\n"));
}

bool
script_may_be_whole(const char *path)
{
  g_autofree char *text = NULL;
  g_file_get_contents(path, &text, NULL, NULL);
  return text && !strstr(text, "\nstepwise") && !strstr(text, "\nC2:");
}

void
script_play(const char *folder, const char *file, enum script_feed feed_mode)
{
  g_autofree char *path = g_build_filename(folder, "scripts", file, NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &text, NULL, &error);
  g_assert_no_error(error);
  struct script s = {.folder = folder, .file = file, .feed = feed_mode};
  s.whole = g_byte_array_new();
  s.tokens = g_ptr_array_new_with_free_func(g_free);
  s.store = store_new(NULL, NULL, NULL);
  script_smtp_init(&s.smtp, s.store);
  store_add_user(s.store, "alice", "secret");
  store_add_user(s.store, "bob", "secret");
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line && !g_test_failed(); line++) {
    s.line++;
    play_line(&s, *line);
  }
  if (!g_test_failed()) {
    play_whole(&s);
    check_silence(&s);
  }
  for (unsigned i = 1; i < CONNECTIONS_MAX; i++) {
    if (s.ends[i]) {
      s.ends[i]->ops->free(s.ends[i]);
      g_string_free(s.expected[i], TRUE);
    }
  }
  script_smtp_clear(&s.smtp);
  g_byte_array_unref(s.whole);
  auth_site_free(s.auth);
  store_free(s.store);
  g_free(s.server);
  g_free(s.second);
  g_free(s.stamp);
  g_free(s.nonce);
  g_free(s.salt);
  g_free(s.policy);
  g_free(s.pop_policy);
  g_ptr_array_unref(s.tokens);
}
