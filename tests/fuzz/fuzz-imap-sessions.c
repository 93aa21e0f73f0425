/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-imap-sessions.c -- two IMAP sessions of one user in one store, and a client that counts.
 *
 *     first octet: bit 0 LITERAL-, bit 1 through a DEFLATE layer, bit 2 a quota
 *     0xff: the other session speaks from here on
 *
 * Both are logged in already. What must hold: each answer is lines and literals; EXPUNGE, FETCH and
 * VANISHED speak of messages that the client has been told of (RFC 3501 7.4.1); EXISTS never
 * shrinks but with SELECT; and both sessions are told the same whether their octets come at once or
 * one by one. */
#include <glib.h>
#include <string.h>

#include "sim/mail/deflate_layer.h"
#include "sim/mail/imap.h"
#include "tests/fuzz/fuzz.h"

enum { SESSIONS = 2, INPUT_MAX = 8192 };

const struct fuzz_seed fuzz_seeds[] = {
    {"two",
     TEXT_SEED("\0a SELECT INBOX\r\n\xff"
               "b EXAMINE INBOX\r\nb IDLE\r\n\xff"
               "a STORE 2,4 +FLAGS (\\Deleted $x)\r\na EXPUNGE\r\na APPEND INBOX (\\Seen) {3+}\r\n"
               "abc {2}\r\nde\r\n\xff"
               "DONE\r\nb UID FETCH 1:* (FLAGS MODSEQ)\r\nb CLOSE\r\n\xff"
               "a DELETE INBOX\r\na UID MOVE 1 Work\r\na CLOSE\r\na LOGOUT\r\n")},
    {"qresync",
     TEXT_SEED("\4a ENABLE QRESYNC UTF8=ACCEPT\r\na SELECT INBOX (CONDSTORE)\r\n\xff"
               "b SELECT INBOX\r\nb UID STORE 1:3 +FLAGS.SILENT (\\Deleted)\r\nb UID EXPUNGE "
               "1:2\r\n\xff"
               "a NOOP\r\na UNSELECT\r\na SELECT INBOX (QRESYNC (1767225600 3 1:5 (1,3 1,3)))\r\n"
               "a UID FETCH 1:* (FLAGS) (CHANGEDSINCE 2 VANISHED)\r\n"
               "a STORE 1 (UNCHANGEDSINCE 3) +FLAGS (\\Seen)\r\n")},
    {"folders",
     TEXT_SEED("\1a CREATE a/b (USE (\\Sent))\r\na CREATE &DgcOMg4Z-\r\na RENAME a c\r\n"
               "a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (% c/*) RETURN (CHILDREN STATUS (SIZE))\r\n"
               "a SUBSCRIBE x/y\r\na LSUB \"\" %\r\na DELETE c\r\na NAMESPACE\r\n"
               "a STATUS Shared/team (MESSAGES HIGHESTMODSEQ)\r\na GETQUOTAROOT INBOX\r\n"
               "a SELECT c/b\r\n\xff"
               "b DELETE c/b\r\nb DELETE c\r\n\xff"
               "a NOOP\r\n")},
    {"rev2", TEXT_SEED("\2a ENABLE IMAP4rev2\r\na COMPRESS DEFLATE\r\n")},
    {"search",
     TEXT_SEED("\0a SELECT INBOX\r\na SEARCH RETURN (SAVE MIN ALL) OR SEEN NOT 2\r\n"
               "a COPY $ Work\r\na SORT (REVERSE DATE) UTF-8 ALL\r\na THREAD REFERENCES UTF-8 "
               "ALL\r\na APPEND {5}\r\nINBOX \"17-Jul-1996 02:44:25 -0700\" ~{2}\r\nx\r\n")},
    {NULL, NULL, 0},
};

/* What the client of one session knows. */
struct client {
  GByteArray *said; /* everything, and how far it is read */
  size_t at;
  int64_t count; /* messages; -1 before the first EXISTS */
  bool has_shrunk;
};

/* ---- the client that counts ---- */

/* The whole response from `at` on: its end, or 0. Literals belong to it. */
static size_t
response_end(const struct client *c)
{
  const char *p = (const char *)c->said->data;
  size_t n = c->said->len, at = c->at;
  for (;;) {
    const char *end = memchr(p + at, '\n', n - at);
    if (!end)
      return 0;
    g_assert_true(end > p + c->at && end[-1] == '\r');
    g_assert_null(memchr(p + at, '\0', (size_t)(end - p) - at));
    size_t next = (size_t)(end - p) + 1;
    const char *open = end - 2;
    if (open <= p + at || *open != '}')
      return next;
    while (open > p + at && g_ascii_isdigit(open[-1]))
      open--;
    if (open == end - 2 || open == p + at || open[-1] != '{')
      return next;
    at = next + g_ascii_strtoull(open, NULL, 10);
    if (at > n)
      return 0;
  }
}

/* How many numbers "1:3,7" stands for. */
static int64_t
set_size(const char *text)
{
  int64_t size = 0;
  g_auto(GStrv) ranges = g_strsplit(text, ",", -1);
  for (char **range = ranges; *range; range++) {
    char *colon = strchr(*range, ':');
    int64_t low = g_ascii_strtoll(*range, NULL, 10);
    size += (colon ? g_ascii_strtoll(colon + 1, NULL, 10) : low) - low + 1;
  }
  return size;
}

static void
take_number(struct client *c, int64_t number, const char *word)
{
  if (g_str_has_prefix(word, "EXISTS")) {
    c->has_shrunk = number < c->count;
    c->count = number;
  } else if (g_str_has_prefix(word, "EXPUNGE")) {
    g_assert_cmpint(number, >=, 1);
    g_assert_cmpint(number, <=, c->count);
    c->count--;
  } else if (g_str_has_prefix(word, "FETCH")) {
    g_assert_cmpint(number, >=, 1);
    g_assert_cmpint(number, <=, c->count);
  } else {
    g_assert_true(g_str_has_prefix(word, "RECENT"));
    g_assert_cmpint(number, <=, c->count);
  }
}

static void
take_response(struct client *c, const char *text)
{
  static const char vanished[] = "* VANISHED ";
  if (g_str_has_prefix(text, "* ") && g_ascii_isdigit(text[2])) {
    char *word;
    int64_t number = g_ascii_strtoll(text + 2, &word, 10);
    g_assert_cmpint(*word, ==, ' ');
    take_number(c, number, word + 1);
  } else if (g_str_has_prefix(text, vanished) && g_ascii_isdigit(text[sizeof vanished - 1])) {
    c->count -= set_size(text + sizeof vanished - 1);
    g_assert_cmpint(c->count, >=, 0);
  } else if (g_str_has_prefix(text, "* OK [UIDVALIDITY ")) {
    c->has_shrunk = false; /* that EXISTS belonged to SELECT */
  } else if (!g_str_has_prefix(text, "* ") && !g_str_has_prefix(text, "+ ")) {
    g_assert_false(c->has_shrunk);
  }
}

static void
listen(struct client *c, struct endpoint *e)
{
  if (e->ops->flush)
    e->ops->flush(e, 0);
  g_byte_array_append(c->said, e->out->data, e->out->len);
  g_byte_array_set_size(e->out, 0);
}

static void
read_all(struct client *c)
{
  for (size_t end; c->at < c->said->len && (end = response_end(c)) > 0; c->at = end) {
    g_autofree char *text = g_strndup((char *)c->said->data + c->at, end - c->at);
    take_response(c, text);
  }
  g_assert_cmpuint(c->at, ==, c->said->len);
}

/* ---- the server ---- */

static struct store *
make_store(bool has_quota)
{
  static const char letter[] = "Subject: x\r\nFrom: a@b.test\r\n\r\ntext\r\n";
  char *members[] = {(char *)"bob", NULL};
  struct store *s = store_new(NULL, NULL, NULL);
  struct store_user *bob = store_add_user(s, "bob", "secret");
  g_autoptr(GBytes) octets = g_bytes_new_static(letter, sizeof letter - 1);
  for (unsigned i = 0; i < 5; i++)
    store_append(store_find(bob, "INBOX"), octets, i & 1 ? FLAG_SEEN : 0, 0, 0);
  store_create(bob, "Work");
  store_append(store_share(s, "team", members, NULL), octets, 0, 0, 0);
  bob->quota_octets = has_quota ? 400 : 0;
  return s;
}

static void
play(const uint8_t *p, size_t n, size_t step, GByteArray *said[SESSIONS])
{
  static const char login[] = "l LOGIN bob secret\r\n";
  struct store *store = make_store(p[0] & 4);
  struct random_stream random = {.key = {1, 2}};
  struct auth_site *auth = auth_site_new(NULL, store, "s", &random);
  struct imap_server_config config = {.name = "s",
                                      .store = store,
                                      .auth = auth,
                                      .offers_deflate = p[0] & 2,
                                      .is_literal_minus = p[0] & 1};
  struct endpoint *ends[SESSIONS];
  struct client clients[SESSIONS];
  for (unsigned i = 0; i < SESSIONS; i++) {
    struct endpoint *server = imap_server_new(&config);
    ends[i] = p[0] & 2 ? deflate_layer_new(server) : server;
    clients[i] = (struct client){.said = said[i], .count = -1};
    ends[i]->ops->start(ends[i], 0);
    ends[i]->ops->input(ends[i], (const uint8_t *)login, sizeof login - 1, 0);
  }
  for (size_t at = 1, who = 0; at < n;) {
    if (p[at] == 0xff) {
      who = !who;
      at++;
      continue;
    }
    const uint8_t *end = memchr(p + at, 0xff, n - at);
    size_t piece = MIN(step, end ? (size_t)(end - p) - at : n - at);
    ends[who]->ops->input(ends[who], p + at, piece, 0);
    at += piece;
  }
  for (unsigned i = 0; i < SESSIONS; i++) {
    listen(&clients[i], ends[i]);
    bool is_readable = !(p[0] & 2) || !g_strstr_len((char *)said[i]->data, (gssize)said[i]->len,
                                                    "OK DEFLATE active");
    if (is_readable)
      read_all(&clients[i]);
    ends[i]->ops->free(ends[i]);
  }
  auth_site_free(auth);
  store_free(store);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  GByteArray *whole[SESSIONS], *single[SESSIONS];
  if (n < 1 || n > INPUT_MAX)
    return 0;
  for (unsigned i = 0; i < SESSIONS; i++) {
    whole[i] = g_byte_array_new();
    single[i] = g_byte_array_new();
  }
  play(p, n, n, whole);
  play(p, n, 1, single);
  for (unsigned i = 0; i < SESSIONS; i++) {
    bool is_same = whole[i]->len == single[i]->len &&
                   memcmp(whole[i]->data, single[i]->data, whole[i]->len) == 0;
    g_assert_true(is_same || p[0] & 2); /* blocks of DEFLATE end where the input ends */
    g_byte_array_unref(whole[i]);
    g_byte_array_unref(single[i]);
  }
  return 0;
}
