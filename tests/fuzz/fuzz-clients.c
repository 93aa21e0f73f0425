/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-clients.c -- octets from a hostile server to each client, in its ways of working.
 *
 * The first octet chooses client and way, the rest is what the server says. The client must say the
 * same whether it is fed at once or octet by octet, keep no more than its bounds, and end at the
 * server's end. */
#include <glib.h>
#include <string.h>

#include "sim/mail/imap_change.h"
#include "sim/mail/imap_client.h"
#include "sim/mail/pop_client.h"
#include "sim/mail/store.h"
#include "sim/mail/talk.h"
#include "tests/fuzz/fuzz.h"

enum way {
  POP,
  POP_LOOKS_FIRST,
  IMAP_ALL_STEPS,
  IMAP_IN_PIECES,
  IMAP_SYNC,
  IMAP_SYNC_SIMPLE,
  TALK_SMTP,
  TALK_POP3,
  TALK_IMAP,
  N_WAYS
};

#define HELLO "* OK [CAPABILITY IMAP4rev1 UIDPLUS MOVE IDLE CONDSTORE QRESYNC ENABLE] x\r\n"

const struct fuzz_seed fuzz_seeds[] = {
    {"pop", TEXT_SEED("\0+OK\r\n+OK\r\n+OK\r\n+OK 1 3\r\n+OK\r\n1 a\r\n.\r\n+OK\r\n1 3\r\n.\r\n"
                      "+OK\r\na\r\n.\r\n+OK\r\n+OK\r\n")},
    {"pop-looks-first",
     TEXT_SEED("\1+OK\r\n+OK\r\nUSER\r\nPIPELINING\r\n.\r\n+OK\r\n+OK\r\n+OK 1 3\r\n+OK\r\n1 a\r\n"
               ".\r\n+OK\r\n1 3\r\n.\r\n+OK\r\nSubject: x\r\n\r\n.\r\n+OK\r\na\r\n.\r\n+OK\r\n")},
    {"imap-all-steps",
     TEXT_SEED(
         "\2* OK [CAPABILITY IMAP4rev1 UIDPLUS IDLE] x\r\na001 OK [CAPABILITY IMAP4rev1]\r\n"
         "* LIST (\\Sent) \"/\" \"Sent\"\r\na002 OK\r\n* 1 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n"
         "a003 OK\r\n* 1 FETCH (UID 5 FLAGS (\\Seen $x) ENVELOPE (NIL {1}\r\nx NIL) "
         "BODYSTRUCTURE ((\"text\" \"plain\" (\"a\" \"b\") NIL NIL \"7bit\" 3 1)\"mixed\"))\r\n"
         "a004 OK\r\n* SEARCH 5\r\na005 OK\r\n")},
    {"imap-in-pieces", TEXT_SEED("\3" HELLO "a001 OK "
                                 "\r\na002 OK\r\n* ENABLED QRESYNC\r\na003 OK\r\n"
                                 "* 1 EXISTS\r\na004 OK\r\n* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 6 "
                                 "ENVELOPE (NIL \"x\"))\r\na005 OK\r\n* 1 FETCH (UID 5 BODY[]<0> "
                                 "{4}\r\nabcd)\r\na006 OK\r\n* 1 FETCH (UID 5 BODY[]<4> \"ef\")\r\n"
                                 "a007 OK\r\n")},
    {"imap-sync", TEXT_SEED("\4" HELLO "a001 OK [CAPABILITY IMAP4rev1 QRESYNC ENABLE MOVE]\r\n"
                            "* ENABLED QRESYNC\r\na002 OK\r\n* OK [UIDVALIDITY 7]\r\n* 2 EXISTS\r\n"
                            "* VANISHED (EARLIER) 1:2\r\n* 1 FETCH (UID 3 FLAGS () MODSEQ (9))\r\n"
                            "* OK [HIGHESTMODSEQ 9]\r\na003 OK\r\n* SEARCH 3 4\r\na004 OK\r\n")},
    {"imap-sync-simple",
     TEXT_SEED("\5* OK [CAPABILITY IMAP4rev1] x\r\na001 OK [CAPABILITY IMAP4rev1]\r\n* 2 EXISTS\r\n"
               "* OK [UIDVALIDITY 7]\r\na002 OK\r\n* 1 FETCH (UID 1 FLAGS ())\r\n* 2 EXPUNGE\r\n"
               "a003 OK\r\na004 NO [TRYCREATE]\r\n+ go\r\na005 OK [APPENDUID 1 2]\r\n")},
    {"talk-smtp", TEXT_SEED("\6"
                            "220 x\r\n250-a\r\n250 b\r\n354 c\r\n250 d\r\n")},
    {"talk-pop3", TEXT_SEED("\7+OK\r\n+OK\r\n1 2\r\n.\r\n-ERR\r\n")},
    {"talk-imap",
     TEXT_SEED("\10* OK\r\n* 1 FETCH (BODY[] {3}\r\na1 )\r\na1 OK\r\n+ go\r\n* BAD\r\n")},
    {NULL, NULL, 0}};

static const struct imap_step all_steps[] = {
    {.kind = IMAP_STEP_FOLDERS},
    {.kind = IMAP_STEP_OPEN, .name = "INBOX"},
    {.kind = IMAP_STEP_SEARCH, .name = "SUBJECT", .to = "\xe0\xb8\x81"},
    {.kind = IMAP_STEP_READ, .which = "all"},
    {.kind = IMAP_STEP_ATTACHMENTS, .which = "all"},
    {.kind = IMAP_STEP_FLAG, .which = "found", .flags = FLAG_FLAGGED, .keywords = "$x "},
    {.kind = IMAP_STEP_COPY, .which = "all", .to = "Sent"},
    {.kind = IMAP_STEP_MOVE, .which = "5", .to = "a b"},
    {.kind = IMAP_STEP_DELETE, .which = "all"},
    {.kind = IMAP_STEP_IDLE, .ns = 1000000000},
    {.kind = IMAP_STEP_RENAME, .name = "Sent", .to = "Old"},
    {.kind = IMAP_STEP_REMOVE, .name = "Old"},
    {.kind = IMAP_STEP_CLOSE},
};

struct bench {
  struct store *store;
  struct mailbox *into;
  struct imap_cache *cache;
  GHashTable *known;
  GBytes *octets;
  struct talk_step steps[4];
  unsigned n_done;
};

static void
note_done(void *data, bool is_good)
{
  ((struct bench *)data)->n_done++;
}

/* A cache that knows four messages, with changes of every kind that wait. */
static void
fill_cache(struct bench *b)
{
  struct imap_folder *f = imap_cache_folder(b->cache, "INBOX", true);
  for (uint32_t uid = 1; uid <= 4; uid++) {
    char subject[] = "x";
    struct imap_fetched fetched = {.uid = uid, .subject = subject};
    imap_folder_put(f, uid, &fetched);
  }
  *f = (struct imap_folder){.cache = f->cache,
                            .name = f->name,
                            .is_selectable = true,
                            .uid_validity = 7,
                            .uid_next = 5,
                            .modseq = 3,
                            .is_known = true,
                            .messages = f->messages};
  const char *why;
  for (guint i = 5; i < 9; i++) {
    struct imap_step step = all_steps[i];
    step.which = (const char *[]){"1", "2", "3", "4"}[i - 5];
    imap_step_do_local(b->cache, "INBOX", &step, &why);
  }
  struct imap_step draft = {
      .kind = IMAP_STEP_APPEND, .name = "\\Drafts", .octets = b->octets, .keywords = "", .ns = -1};
  imap_step_do_local(b->cache, "INBOX", &draft, &why);
}

static struct endpoint *
make_imap(struct bench *b, enum way way)
{
  struct imap_client_config config = {.login = {.user = "bob", .password = "secret"},
                                      .cache = b->cache,
                                      .done = note_done,
                                      .data = b};
  if (way == IMAP_ALL_STEPS) {
    config.steps = all_steps;
    config.n_steps = G_N_ELEMENTS(all_steps);
  } else if (way == IMAP_IN_PIECES) {
    config.mode = IMAP_OFFLINE;
    config.chunk = 4;
    config.pipelines = config.identifies = true;
    config.into = b->into;
  } else {
    config.mode = IMAP_DISCONNECTED;
    config.ignores = way == IMAP_SYNC ? NULL : "QRESYNC CONDSTORE MOVE UIDPLUS";
    fill_cache(b);
  }
  return imap_client_new(&config);
}

static struct endpoint *
make_talk(struct bench *b, enum reply_protocol protocol)
{
  static const char *const lines[] = {"EHLO x\r\n", "LIST\r\nDATA\r\n", "a1 LOGIN {3}\r\n",
                                      "x\r\n.\r\n"};
  for (guint i = 0; i < 4; i++)
    b->steps[i] = (struct talk_step){.what = TALK_SAY,
                                     .octets = g_bytes_new_static(lines[i], strlen(lines[i])),
                                     .n_repeats = 1,
                                     .expect = i == 3 ? "d" : NULL};
  struct talk_config config = {
      .protocol = protocol, .steps = b->steps, .n_steps = 4, .done = note_done, .data = b};
  return talk_new(&config);
}

static struct endpoint *
make(struct bench *b, enum way way)
{
  struct pop_client_config pop = {.login = {.user = "bob", .password = "secret"},
                                  .into = b->into,
                                  .known = b->known,
                                  .peeks = way == POP_LOOKS_FIRST,
                                  .pipelines = way == POP_LOOKS_FIRST,
                                  .done = note_done,
                                  .data = b};
  if (way <= POP_LOOKS_FIRST)
    return pop_client_new(&pop);
  if (way < TALK_SMTP)
    return make_imap(b, way);
  return make_talk(b, way == TALK_SMTP ? REPLY_SMTP : way == TALK_POP3 ? REPLY_POP3 : REPLY_IMAP);
}

static GBytes *
play(enum way way, const uint8_t *p, size_t n, size_t step)
{
  struct bench b = {.store = store_new("pc", NULL, NULL),
                    .cache = imap_cache_new("pc", NULL, NULL),
                    .known = pop_known_new(),
                    .octets = g_bytes_new_static("Subject: x\r\n\r\ny\r\n", 17)};
  b.into = store_find(store_add_user(b.store, "local", NULL), "INBOX");
  struct endpoint *e = make(&b, way);
  e->ops->start(e, 0);
  for (size_t i = 0; i < n; i += step)
    e->ops->input(e, p + i, MIN(step, n - i), 0);
  if (!e->wants_close)
    e->ops->eof(e, 0);
  g_assert_true(e->wants_close);
  g_assert_cmpuint(b.n_done, ==, 1);
  GBytes *said = g_bytes_new(e->out->data, e->out->len);
  e->ops->free(e);
  for (guint i = 0; i < 4; i++)
    g_clear_pointer(&b.steps[i].octets, g_bytes_unref);
  imap_changes_clear(b.cache);
  imap_cache_free(b.cache);
  g_hash_table_unref(b.known);
  store_free(b.store);
  g_bytes_unref(b.octets);
  return said;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  if (n < 1 || n > 8192)
    return 0;
  enum way way = (enum way)(p[0] % N_WAYS);
  g_autoptr(GBytes) whole = play(way, p + 1, n - 1, n);
  g_autoptr(GBytes) octets = play(way, p + 1, n - 1, 1);
  g_assert_true(g_bytes_equal(whole, octets));
  return 0;
}
