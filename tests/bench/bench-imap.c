/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-imap.c -- a mailbox of 10,000 messages asked by IMAP: CPU per message, and the ratio to
 * what any server must do, which is to copy the answer's octets once (memcpy, measured in the same
 * process).
 *
 * The machine is asked directly, without TCP: what the network adds is bench-sim's figure. "again"
 * is the second time, when envelopes and structures are kept. Nothing is asserted. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "sim/mail/imap.h"
#include "sim/mail/machine.h"

enum { MESSAGES = 10000, ROUNDS = 5, PIECE = 16384, OUT_MAX = 64 << 20 };

static double
cpu_s(void)
{
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
fill(struct store *store)
{
  static const char *const subjects[] = {
      "plan", "Re: plan", "=?utf-8?b?4Liq4Lin4Lix4Liq4LiU4Li1?=", "Fwd: report", "lunch"};
  struct mailbox *b = store_find(store_add_user(store, "bob", "secret"), "INBOX");
  g_autofree char *body = g_strnfill(1500, 'x');
  for (unsigned i = 0; i < MESSAGES; i++) {
    g_autofree char *text = g_strdup_printf(
        "From: Person %u <p%u@a.test>\r\nTo: Bob <bob@b.test>\r\nSubject: %s %u\r\n"
        "Date: Thu, %02u Jan 2026 %02u:00:00 +0700\r\nMessage-ID: <%u@a.test>\r\n"
        "References: <%u@a.test>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; "
        "charset=utf-8\r\n\r\n%s\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n"
        "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; "
        "filename=a.pdf\r\n\r\n"
        "AAEC\r\n--b--\r\n",
        i % 97, i % 97, subjects[i % 5], i / 7, 1 + i % 28, i % 24, i, i > 6 ? i - 7 : 0, body);
    g_autoptr(GBytes) octets = g_bytes_new(text, strlen(text));
    store_append(b, octets, i % 3 ? FLAG_SEEN : 0, 0, (int64_t)i * MACHINE_SECOND);
  }
}

/* Gives the command; the answer leaves in pieces as a connection would take it. */
static size_t
ask(struct endpoint *e, const char *command, uint8_t *sink)
{
  size_t n = 0;
  e->ops->input(e, (const uint8_t *)command, strlen(command), 0);
  while (e->out->len > 0) {
    memcpy(sink, e->out->data, MIN(e->out->len, PIECE));
    n += e->out->len;
    g_byte_array_set_size(e->out, 0);
    e->ops->flush(e, 0);
  }
  return n;
}

static double
copy_s(const uint8_t *from, uint8_t *to, size_t n)
{
  double best = 1e9;
  unsigned times = (unsigned)(OUT_MAX / MAX(n, 1)) + 1;
  for (int round = 0; round < ROUNDS; round++) {
    double start = cpu_s();
    for (unsigned i = 0; i < times; i++) {
      memcpy(to, from, n);
      __asm__ volatile("" ::"r"(to) : "memory"); /* the copy is made each time */
    }
    best = MIN(best, (cpu_s() - start) / times);
  }
  return best;
}

int
main(void)
{
  static const struct {
    const char *name, *command;
    bool is_first; /* only the first time counts: afterwards it is kept */
  } questions[] = {
      {"FLAGS", "a FETCH 1:* FLAGS\r\n", false},
      {"ENVELOPE BODYSTRUCTURE", "a FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE)\r\n", true},
      {"the same again", "a FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE)\r\n", false},
      {"HEADER.FIELDS", "a FETCH 1:* BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)]\r\n", false},
      {"BODY[]", "a FETCH 1:* BODY.PEEK[]\r\n", false},
      {"SEARCH SUBJECT", "a SEARCH SUBJECT lunch\r\n", false},
      {"SEARCH TEXT", "a SEARCH TEXT nowhere\r\n", false},
      {"SORT (SUBJECT DATE)", "a SORT (SUBJECT DATE) UTF-8 ALL\r\n", false},
      {"THREAD=REFERENCES", "a THREAD REFERENCES UTF-8 ALL\r\n", false}};
  struct store *store = store_new(NULL, NULL, NULL);
  fill(store);
  struct random_stream random = {.key = {1, 2}};
  struct auth_site *auth = auth_site_new(NULL, store, "mail.test", &random);
  struct imap_server_config config = {.name = "mail.test", .store = store, .auth = auth};
  struct endpoint *e = imap_server_new(&config);
  uint8_t *from = g_malloc0(OUT_MAX), *to = g_malloc0(OUT_MAX);
  e->ops->start(e, 0);
  ask(e, "a LOGIN bob secret\r\nb SELECT INBOX\r\n", to);
  printf("IMAP: a mailbox of %d messages of 1.9 kB\n", MESSAGES);
  printf("%-24s %12s %14s %10s\n", "asked", "octets", "us a message", "x copy");
  for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
    double best = 1e9;
    size_t n = 0;
    for (int round = 0; round < (questions[i].is_first ? 1 : ROUNDS); round++) {
      double start = cpu_s();
      n = ask(e, questions[i].command, to);
      best = MIN(best, cpu_s() - start);
    }
    /* a search reads every message: its floor is the copy of the mailbox */
    size_t floor_octets = MAX(n, questions[i].command[2] == 'F' ? 0 : (size_t)MESSAGES * 1900);
    printf("%-24s %12zu %14.2f %10.1f\n", questions[i].name, n, best / MESSAGES * 1e6,
           best / copy_s(from, to, floor_octets));
  }
  e->ops->free(e);
  auth_site_free(auth);
  store_free(store);
  g_free(from);
  g_free(to);
  return 0;
}
