/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-endpoints.c -- octets from a hostile peer to each mail machine.
 *
 * The first octet chooses the machine, the rest is what the peer says. The machine must say the
 * same whether it is fed at once or octet by octet, must not say more than a bound, and a client
 * must end at the peer's end. */
#include <glib.h>
#include <string.h>

#include "sim/mail/imap.h"
#include "sim/mail/imap_client.h"
#include "sim/mail/pop.h"
#include "sim/mail/pop_client.h"
#include "sim/mail/smtp.h"
#include "tests/fuzz/fuzz.h"

enum machine {
  SMTP_SERVER,
  SUBMISSION,
  POP_SERVER,
  IMAP_SERVER,
  SMTP_CLIENT,
  POP_CLIENT,
  IMAP_CLIENT,
  N_MACHINES
};

static const char message[] =
    "Subject: x\r\nFrom: a@b.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\n\r\ntext\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: "
    "y\r\n\r\nz\r\n--b--\r\n";

const struct fuzz_seed fuzz_seeds[] = {
    {"smtp",
     TEXT_SEED(
         "\0"
         "EHLO x\r\nMAIL FROM:<a@b> SIZE=3\r\nRCPT TO:<bob@c>\r\nDATA\r\n..\r\n.\r\nQUIT\r\n")},
    {"submission", TEXT_SEED("\1"
                             "EHLO x\r\nAUTH PLAIN AGJvYgBzZWNyZXQ=\r\nMAIL FROM:<>\r\n")},
    {"pop",
     TEXT_SEED("\2USER bob\r\nPASS secret\r\nLIST\r\nTOP 1 1\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n")},
    {"imap",
     TEXT_SEED(
         "\3"
         "a LOGIN bob {6+}\r\nsecret\r\nb SELECT INBOX\r\nc FETCH 1:* (ENVELOPE "
         "BODYSTRUCTURE BODY[2.HEADER]<1.3>)\r\nd SEARCH OR NOT SEEN (SUBJECT x 1:*)\r\n"
         "e STORE 1 +FLAGS (\\Seen $k)\r\nf APPEND INBOX (\\Seen) {1+}\r\nx\r\ng COPY 1 x\r\n")},
    {"smtp-client",
     TEXT_SEED("\4"
               "220 x\r\n250-x\r\n250 SIZE 9999\r\n250 a\r\n250 b\r\n354 c\r\n250 d\r\n")},
    {"pop-client",
     TEXT_SEED("\5+OK\r\n+OK\r\n+OK\r\n+OK 1 3\r\n+OK\r\n1 a\r\n.\r\n+OK\r\n1 3\r\n.\r\n"
               "+OK\r\na\r\n.\r\n+OK\r\n+OK\r\n")},
    {"imap-client",
     TEXT_SEED("\6* OK\r\na001 OK\r\na002 OK\r\n* 1 EXISTS\r\na003 OK\r\n* 1 FETCH (UID 1 FLAGS () "
               "ENVELOPE (NIL {1}\r\nx) BODYSTRUCTURE ((\"text\")))\r\na004 OK\r\n")},
    {NULL, NULL, 0},
};

struct bench {
  struct store *store, *local;
  struct auth_site *auth;
  struct mailbox *into;
  GBytes *octets;
};

static const char *
recipient(void *data, const struct smtp_session *s, const struct envelope_recipient *r)
{
  return NULL;
}

static const char *
take(void *data, const struct smtp_session *s, const struct smtp_message *m, int64_t now_ns,
     const char **refusal)
{
  struct bench *b = data;
  store_append(store_find(store_find_user(b->store, "bob"), "INBOX"), m->octets, 0, 0, now_ns);
  return "Q";
}

static struct endpoint *
make_client(struct bench *b, enum machine machine)
{
  static const struct envelope_recipient to = {.address = "bob@c.test"};
  struct smtp_client_config smtp = {
      .name = "x",
      .envelope = {.sender = "a@b.test", .recipients = &to, .n_recipients = 1},
      .octets = b->octets};
  struct pop_client_config pop = {.login = {.user = "bob", .password = "secret"}, .into = b->into};
  struct imap_client_config imap = {.login = {.user = "bob", .password = "secret"}};
  return machine == SMTP_CLIENT  ? smtp_client_new(&smtp)
         : machine == POP_CLIENT ? pop_client_new(&pop)
                                 : imap_client_new(&imap);
}

static struct endpoint *
make(struct bench *b, enum machine machine)
{
  struct smtp_server_config smtp = {.role = machine == SUBMISSION ? SMTP_ROLE_SUBMISSION
                                                                  : SMTP_ROLE_MTA,
                                    .name = "s",
                                    .auth = machine == SUBMISSION ? b->auth : NULL,
                                    .is_auth_required = machine == SUBMISSION,
                                    .site = {b, .recipient = recipient, .message = take}};
  struct pop_server_config pop = {.name = "s", .store = b->store, .auth = b->auth};
  struct imap_server_config imap = {.name = "s", .store = b->store, .auth = b->auth};
  switch (machine) {
  case SMTP_SERVER:
  case SUBMISSION:
    return smtp_server_new(&smtp);
  case POP_SERVER:
    return pop_server_new(&pop);
  case IMAP_SERVER:
    return imap_server_new(&imap);
  default:
    return make_client(b, machine);
  }
}

/* What the machine says in all, when fed in pieces of `step`. */
static GBytes *
play(enum machine machine, const uint8_t *p, size_t n, size_t step)
{
  struct bench b = {.store = store_new(NULL, NULL, NULL), .local = store_new("pc", NULL, NULL)};
  b.octets = g_bytes_new_static(message, sizeof message - 1);
  b.into = store_find(store_add_user(b.local, "local", NULL), "INBOX");
  struct store_user *bob = store_add_user(b.store, "bob", "secret");
  store_append(store_find(bob, "INBOX"), b.octets, 0, 0, 0);
  struct random_stream random = {.key = {1, 2}};
  b.auth = auth_site_new(NULL, b.store, "s", &random);
  struct endpoint *e = make(&b, machine);
  e->ops->start(e, 0);
  for (size_t i = 0; i < n; i += step)
    e->ops->input(e, p + i, MIN(step, n - i), 0);
  if (!e->wants_close)
    e->ops->eof(e, 0);
  g_assert_true(e->wants_close);
  GBytes *said = g_bytes_new(e->out->data, e->out->len);
  e->ops->free(e);
  auth_site_free(b.auth);
  store_free(b.store);
  store_free(b.local);
  g_bytes_unref(b.octets);
  return said;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  if (n < 1 || n > 8192)
    return 0;
  enum machine machine = (enum machine)(p[0] % N_MACHINES);
  g_autoptr(GBytes) whole = play(machine, p + 1, n - 1, n);
  g_autoptr(GBytes) octets = play(machine, p + 1, n - 1, 1);
  g_assert_true(g_bytes_equal(whole, octets));
  return 0;
}
