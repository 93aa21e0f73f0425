/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-smtp-machines.c -- octets from a hostile peer to the SMTP and LMTP machines in all their
 * modes.
 *
 *     octet 0: bit 0 client; server: bits 1-2 role, bit 3 weak, bit 4 STARTTLS
 *                            client: bit 1 pipelines, 2 chunks, 3 LMTP, 4 TLS wanted, 5 several
 * letters the rest: what the peer says
 *
 * The machine says the same whether it is fed at once, octet by octet or cut in the middle. A
 * strict server takes no message in which a CR, LF or NUL stands alone, unless it came as
 * BINARYMIME. The site thinks about addresses with "later" until the input is over. A client tells
 * every recipient's fate, once. */
#include <glib.h>
#include <string.h>

#include "sim/mail/smtp.h"
#include "tests/fuzz/fuzz.h"

static const char letter[] = "Subject: x\r\n\r\n.\r\ntext \340\270\201\r\n";

const struct fuzz_seed fuzz_seeds[] = {
    {"data",
     TEXT_SEED("\0"
               "EHLO x\r\nMAIL FROM:<a@b> SIZE=3 BODY=8BITMIME\r\nRCPT TO:<bob@c>\r\nDATA\r\n"
               "..\r\nx\n.\n\r\n.\r\nQUIT\r\n")},
    {"bdat", TEXT_SEED("\0"
                       "EHLO x\r\nMAIL FROM:<a@b> BODY=BINARYMIME RET=HDRS ENVID=a+2Bb\r\n"
                       "RCPT TO:<later@c> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x@y\r\n"
                       "BDAT 3\r\na\nbBDAT 0 LAST\r\nBDAT 5 LAST\r\nQUIT\n")},
    {"utf8",
     TEXT_SEED("\0"
               "EHLO x\r\nMAIL FROM:<\340\270\201@\340\271\204\340\270\227\340\270\242.test> "
               "SMTPUTF8\r\nRCPT TO:<\"\340\270\201 b\"@[IPv6:::1]>\r\nVRFY a SMTPUTF8\r\n")},
    {"submission", TEXT_SEED("\22"
                             "EHLO x\r\nSTARTTLS\r\nEHLO y\r\nAUTH PLAIN AGIAYg==\r\n")},
    {"lmtp", TEXT_SEED("\4"
                       "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<b@b>\r\nBDAT 2\r\n\r\n"
                       "BDAT 1 LAST\r\nx")},
    {"weak",
     TEXT_SEED("\10"
               "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\n.\nMAIL FROM:<e@f>\r\n"
               "RCPT TO:<c@d>\r\nDATA\r\ny\r.\rQUIT\r\n\r\n.\r\r\n")},
    {"client",
     TEXT_SEED("\1"
               "220 x\r\n250-x\r\n250-8BITMIME\r\n250 SIZE 99\r\n250 a\r\n250 b\r\n250 c\r\n"
               "354 d\r\n250 e\r\n221 f\r\n")},
    {"client-pipelined", TEXT_SEED("\47"
                                   "220 x\r\n250-x\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n"
                                   "250 CHUNKING\r\n250 a\r\n250 b\r\n550 c\r\n250 d\r\n250 e\r\n"
                                   "250 f\r\n250 g\r\n250 h\r\n")},
    {"client-lmtp",
     TEXT_SEED("\51"
               "220 x\r\n250-x\r\n250 8BITMIME\r\n250 a\r\n250 b\r\n250 c\r\n354 d\r\n"
               "250 e\r\n452 f\r\n250 g\r\n")},
    {"client-tls",
     TEXT_SEED("\21"
               "220 x\r\n250-x\r\n250-8BITMIME\r\n250 STARTTLS\r\n220 go\r\n250 evil\r\n")},
    {NULL, NULL, 0},
};

struct bench {
  struct endpoint *server, *waiting;
  bool is_strict;
  unsigned n_done, n_letters;
  GBytes *octets;
};

/* ---- server ---- */

static const char *
recipient(void *data, const struct smtp_session *s, const struct envelope_recipient *r)
{
  struct bench *b = data;
  if (!strstr(r->address, "later"))
    return strstr(r->address, "nobody") ? "550 5.1.1 No" : NULL;
  b->waiting = s->server;
  return SMTP_LATER;
}

static const char *
take(void *data, const struct smtp_session *s, const struct smtp_message *m, int64_t now_ns,
     const char **refusal)
{
  const struct bench *b = data;
  gsize n;
  const char *p = g_bytes_get_data(m->octets, &n);
  g_assert_cmpuint(m->envelope->n_recipients, >, 0);
  g_assert_cmpuint(n, <=, 4096 + 1024); /* the limit, and Received */
  for (gsize i = 0; b->is_strict && m->envelope->body != ENVELOPE_BODY_BINARYMIME && i < n; i++) {
    g_assert_true(p[i] != '\0');
    g_assert_true(p[i] != '\n' || (i > 0 && p[i - 1] == '\r'));
    g_assert_true(p[i] != '\r' || (i + 1 < n && p[i + 1] == '\n'));
  }
  if (m->fates)
    m->fates[0] = "452 4.2.2 Full";
  return "Q";
}

static struct endpoint *
make_server(struct bench *b, unsigned mode)
{
  static const enum smtp_role roles[] = {SMTP_ROLE_MTA, SMTP_ROLE_SUBMISSION, SMTP_ROLE_LMTP,
                                         SMTP_ROLE_MTA};
  b->is_strict = !(mode & 8);
  struct smtp_server_config config = {.role = roles[mode >> 1 & 3],
                                      .name = "s",
                                      .size_max = 4096,
                                      .vrfy = SMTP_INQUIRY_ANSWERED,
                                      .offers_tls = mode & 16,
                                      .site = {.data = b, .recipient = recipient, .message = take}};
  if (!b->is_strict)
    config.lenience = (struct smtp_lenience){SMTP_ENDS_ALL, true, true};
  return smtp_server_new(&config);
}

/* ---- client ---- */

static void
done(void *data, const struct smtp_recipient_result *results, unsigned n)
{
  struct bench *b = data;
  b->n_done++;
  for (unsigned i = 0; i < n; i++)
    g_assert_nonnull(results[i].text);
}

static const struct envelope_recipient two[] = {{.address = "a@b.test", .notify = 2},
                                                {.address = "c@d.test", .orcpt = "rfc822;x"}};

static bool
next(void *data, struct smtp_letter *more)
{
  struct bench *b = data;
  *more = (struct smtp_letter){{.sender = "", .recipients = two, .n_recipients = 2}, b->octets};
  return b->n_letters++ < 2;
}

static struct endpoint *
make_client(struct bench *b, unsigned mode)
{
  struct smtp_client_config config = {
      .name = "x",
      .pipelines = mode & 2,
      .chunks = mode & 4,
      .chunk_octets = 9,
      .is_lmtp = mode & 8,
      .tls_use = mode & 16 ? TLS_OPPORTUNISTIC : TLS_NEVER,
      .envelope = {.sender = "a@b.test", .recipients = two, .n_recipients = 2, .envid = "e"},
      .octets = b->octets,
      .done = done,
      .next = mode & 32 ? next : NULL,
      .data = b};
  return smtp_client_new(&config);
}

/* ---- both ---- */

/* What the machine says in all, fed in pieces of `step`. What comes while a layer would shake hands
 * is the layer's. */
static GBytes *
play(unsigned mode, const uint8_t *p, size_t n, size_t step)
{
  struct bench b = {.octets = g_bytes_new_static(letter, sizeof letter - 1)};
  struct endpoint *e = mode & 1 ? make_client(&b, mode) : make_server(&b, mode);
  e->ops->start(e, 0);
  for (size_t i = 0; i < n && e->wants == ENDPOINT_AS_IS; i += step)
    e->ops->input(e, p + i, MIN(step, n - i), 0);
  while (b.waiting && !e->wants_close) {
    struct endpoint *waiting = b.waiting;
    b.waiting = NULL;
    smtp_server_answer(waiting, NULL, 0);
  }
  if (!e->wants_close)
    e->ops->eof(e, 0);
  g_assert_true(e->wants_close);
  if (mode & 1)
    g_assert_cmpuint(b.n_done, >=, 1);
  GBytes *said = g_bytes_new(e->out->data, e->out->len);
  e->ops->free(e);
  g_bytes_unref(b.octets);
  return said;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  if (n < 2 || n > 8192)
    return 0;
  g_autoptr(GBytes) whole = play(p[0], p + 1, n - 1, n);
  g_autoptr(GBytes) octets = play(p[0], p + 1, n - 1, 1);
  g_autoptr(GBytes) halves = play(p[0], p + 1, n - 1, n / 2);
  g_assert_true(g_bytes_equal(whole, octets));
  g_assert_true(g_bytes_equal(whole, halves));
  return 0;
}
