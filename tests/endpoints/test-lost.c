/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-lost.c -- nothing that was accepted is lost. Random worlds with loss, cut lines, hosts that
 * are away, full mailboxes, greylisting and refused recipients; in the end every recipient of every
 * letter that a submission server answered with 250 has it, or its sender was told that he has not.
 * A second copy is possible only where a connection broke behind the content (RFC 1047), so never
 * in a world without faults. LOST_WORLD=N plays one, LOST_WORLDS=N so many. */
#include <stdlib.h>
#include <string.h>

#include "sim/core/random.h"
#include "sim/mail/build_private.h"
#include "tests/endpoints/journey.h"

enum { WORLDS = 60, LETTERS_MAX = 8, DAYS = 3 };

struct drawn {
  GString *text;
  unsigned n_letters;
  bool has_faults;
  struct {
    char id[16];
    bool is_from_alice;
    const char *to[3];
    unsigned n_to;
  } letters[LETTERS_MAX];
};

static const char *const recipients[] = {
    "alice@a.test", "bob@b.test",  "carol@b.test", "team@a.test", "nobody@b.test",
    "x@none.test",  "full@b.test", "bob@b2.test",  "ring@a.test", "dave@c.test",
};

static unsigned
draw(struct random_stream *r, unsigned below)
{
  return (unsigned)random_below(r, below);
}

static void
draw_network(struct drawn *d, struct random_stream *r)
{
  static const char *const hosts[] = {"pc", "a", "b", "c", "ns"};
  g_string_append(d->text, "hosts:\n");
  for (unsigned i = 0; i < G_N_ELEMENTS(hosts); i++)
    g_string_append_printf(d->text, "  %s: {kind: server, address: 10.0.0.%u/24, dns: ns%s}\n",
                           hosts[i], i + 1, i == 4 ? ", resolver: true" : "");
  g_string_append(d->text, "  sw: {kind: switch}\nlinks:\n");
  for (unsigned i = 0; i < G_N_ELEMENTS(hosts); i++) {
    unsigned loss = d->has_faults && draw(r, 3) == 0 ? draw(r, 25) : 0;
    g_string_append_printf(d->text, "  l%u: {ends: [%s, sw], delay: %ums, loss: %u%%}\n", i,
                           hosts[i], draw(r, 20), loss);
  }
  if (!d->has_faults)
    return;
  g_string_append(d->text, "changes:\n  - {at: 0, link: l0, delay: 1ms}\n");
  for (unsigned i = 1; i < 4; i++) {
    int64_t at_ms = 0;
    for (unsigned n = draw(r, 4); n > 0; n--) {
      at_ms += 1 + draw(r, 20000);
      g_string_append_printf(d->text, "  - {at: %" G_GINT64_FORMAT "ms, link: l%u, up: false}\n",
                             at_ms, i);
      at_ms += 1 + (draw(r, 3) == 0 ? draw(r, 7200000) : draw(r, 3000));
      g_string_append_printf(d->text, "  - {at: %" G_GINT64_FORMAT "ms, link: l%u, up: true}\n",
                             at_ms, i);
    }
  }
}

static void
draw_services(struct drawn *d, struct random_stream *r)
{
  static const char *const policies[] = {"", ", policy: {greylist: {delay: 2min}}",
                                         ", policy: {rate: {window: 1min, messages: 2}}",
                                         ", policy: {rate: {window: 1min, connections: 2}}"};
  g_string_append_printf(
      d->text,
      "zones:\n"
      "  a.test: {server: ns, records: [{name: '@', type: MX, value: mx}, {name: mx, value: a}]}\n"
      "  b.test: {server: ns, records: [{name: '@', type: MX, value: mx}, {name: mx, value: b}]}\n"
      "  b2.test: {server: ns, records: [{name: '@', type: MX, value: away}, {name: '@', type: MX, "
      "preference: 20, value: mx.b.test.}, {name: away, value: 10.0.0.77}]}\n"
      "  c.test: {server: ns, records: [{name: '@', type: MX, value: mx}, {name: mx, value: c}]}\n"
      "services:\n"
      "  a: {name: mx.a.test, domains: [a.test], smtp: true, submission: true, retry: [%us, "
      "10min], "
      "expire: 36h, warn: 1h, connections: %u, aliases: {team: [alice, bob@b.test, dave@c.test], "
      "ring: ring@b.test}}\n"
      "  b: {name: mx.b.test, domains: [b.test, b2.test], smtp: true, submission: true, full: %s, "
      "expire: 36h, aliases: {ring: ring@a.test, postmaster: bob}%s}\n"
      "  c: {name: mx.c.test, domains: [c.test], smtp: true, relay_networks: [10.0.0.0/24]%s}\n"
      "users:\n"
      "  - {name: alice, password: s, host: a}\n"
      "  - {name: bob, password: s, host: b}\n"
      "  - {name: carol, password: s, host: b}\n"
      "  - {name: full, password: s, host: b, quota: 900}\n"
      "  - {name: dave, password: s, host: c}\n",
      20 + draw(r, 200), 1 + draw(r, 20), draw(r, 2) ? "later" : "refuse",
      policies[draw(r, G_N_ELEMENTS(policies))], policies[draw(r, G_N_ELEMENTS(policies))]);
}

static void
draw_letters(struct drawn *d, struct random_stream *r)
{
  d->n_letters = 2 + draw(r, LETTERS_MAX - 2);
  g_string_append(d->text, "actions:\n");
  for (unsigned i = 0; i < d->n_letters; i++) {
    g_autoptr(GString) to = g_string_new(NULL);
    d->letters[i].is_from_alice = draw(r, 2);
    d->letters[i].n_to = 1 + draw(r, 3);
    for (unsigned k = 0; k < d->letters[i].n_to; k++) {
      d->letters[i].to[k] = recipients[draw(r, G_N_ELEMENTS(recipients))];
      g_string_append_printf(to, "%s%s", k ? ", " : "", d->letters[i].to[k]);
    }
    g_snprintf(d->letters[i].id, sizeof d->letters[i].id, "letter-%02u.", i);
    const char *user = d->letters[i].is_from_alice ? "alice" : "bob";
    const char *host = d->letters[i].is_from_alice ? "a" : "b";
    g_string_append_printf(d->text,
                           "  - {id: %s, at: %ums, host: pc, do: send, server: 10.0.0.%u, user: "
                           "%s, password: s, from: "
                           "%s@%s.test, to: [%s], subject: %s, text: hello%s}\n",
                           d->letters[i].id, draw(r, 30000), d->letters[i].is_from_alice ? 2 : 3,
                           user, user, host, to->str, d->letters[i].id,
                           draw(r, 3) == 0 ? ", attachment: {name: f.bin, size: 20000}" : "");
  }
}

/* Copies of the letter in a mailbox; reports about it that name the recipient are not copies. */
static unsigned
copies(const struct record *r, const char *host, const char *mailbox, const char *id,
       const char *recipient, bool wants_report)
{
  unsigned n = 0;
  g_autofree char *subject = g_strdup_printf("Subject: %s\r\n", id);
  for (uint32_t uid = 1; uid < 1000; uid++) {
    g_autofree char *text = message_text(r, host, mailbox, uid);
    if (!text)
      break;
    bool is_report = strstr(text, "\r\nAuto-Submitted: auto-replied\r\n") != NULL;
    bool is_failure = strstr(text, "\r\nAction: failed\r\n") && strstr(text, recipient);
    n += strstr(text, subject) && (wants_report ? is_report && is_failure : !is_report);
  }
  return n;
}

static void
check_recipient(const struct record *r, const struct drawn *d, unsigned letter, const char *to)
{
  static const struct {
    const char *address, *host, *mailbox;
  } places[] = {
      {"alice@a.test", "a", "alice/INBOX"}, {"bob@b.test", "b", "bob/INBOX"},
      {"carol@b.test", "b", "carol/INBOX"}, {"full@b.test", "b", "full/INBOX"},
      {"bob@b2.test", "b", "bob/INBOX"},    {"dave@c.test", "c", "dave/INBOX"},
      {"team@a.test", "a", "alice/INBOX"},  {"team@a.test", "b", "bob/INBOX"},
      {"team@a.test", "c", "dave/INBOX"},
  };
  const char *id = d->letters[letter].id;
  bool is_alice = d->letters[letter].is_from_alice, has_place = false;
  const char *home = is_alice ? "a" : "b", *inbox = is_alice ? "alice/INBOX" : "bob/INBOX";
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
    if (strcmp(places[i].address, to) != 0)
      continue;
    has_place = true;
    unsigned n = copies(r, places[i].host, places[i].mailbox, id, "", false);
    const char *failed = strcmp(to, "team@a.test") != 0 ? to
                         : places[i].host[0] == 'b'     ? "bob@b.test"
                         : places[i].host[0] == 'c'     ? "dave@c.test"
                                                        : "alice@a.test";
    unsigned n_reports = copies(r, home, inbox, id, failed, true);
    if (n == 0 && n_reports == 0)
      g_test_message("%s to %s: neither there nor reported", id, failed);
    g_assert_cmpuint(n + n_reports, >=, 1);
    if (!d->has_faults) {
      unsigned n_asked = 0; /* several of the recipients may mean this mailbox */
      for (unsigned k = 0; k < d->letters[letter].n_to; k++) {
        for (size_t j = 0; j < G_N_ELEMENTS(places); j++)
          n_asked += strcmp(places[j].mailbox, places[i].mailbox) == 0 &&
                     strcmp(places[j].address, d->letters[letter].to[k]) == 0;
      }
      if (n > n_asked)
        g_test_message("%s: %u copies for %s", id, n, to);
      g_assert_cmpuint(n, <=, n_asked);
    }
  }
  if (!has_place) /* nobody, no domain, a ring: only a report can be */
    g_assert_cmpuint(copies(r, home, inbox, id, strchr(to, '@'), true), >=, 1);
}

static void
play(uint64_t number)
{
  struct drawn d = {.text = g_string_new(NULL)};
  struct random_stream random = {.key = {number, 4711}};
  struct record r;
  d.has_faults = number % 4 != 0;
  draw_network(&d, &random);
  draw_services(&d, &random);
  draw_letters(&d, &random);
  record_open(&r, d.text->str, number);
  world_run(r.world, INT64_C(86400000000000) * DAYS);
  if (g_getenv("LOST_WORLD"))
    g_test_message("%s", d.text->str);
  g_test_message("world %" G_GUINT64_FORMAT ", %u letters", number, d.n_letters);
  for (unsigned i = 0; i < r.mail->sites->len; i++) {
    const struct site *s = r.mail->sites->pdata[i];
    g_assert_cmpuint(queue_length(s->queue), ==, 0); /* all came through or expired */
  }
  for (unsigned i = 0; i < d.n_letters; i++) {
    g_autofree char *action = g_strdup_printf("pc action %s", d.letters[i].id);
    if (strcmp(last(&r, action), "done") != 0)
      continue; /* the sender knows */
    for (unsigned k = 0; k < d.letters[i].n_to; k++)
      check_recipient(&r, &d, i, d.letters[i].to[k]);
  }
  record_clear(&r);
  g_string_free(d.text, TRUE);
}

static void
test_nothing_accepted_is_lost(void)
{
  const char *one = g_getenv("LOST_WORLD"), *many = g_getenv("LOST_WORLDS");
  if (one) {
    play(g_ascii_strtoull(one, NULL, 10));
    return;
  }
  uint64_t n = many ? g_ascii_strtoull(many, NULL, 10) : WORLDS;
  for (uint64_t i = 0; i < n; i++)
    play(i);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/transport/nothing-accepted-is-lost", test_nothing_accepted_is_lost);
  return g_test_run();
}
