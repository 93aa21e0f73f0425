/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-transport.c -- how mail is passed on: routes, schedule, reports, aliases, and what a host
 * decides. Expected values come from the RFCs named at each test. */
#include <string.h>

#include "sim/mail/build_private.h"
#include "sim/mail/busy.h"
#include "tests/endpoints/journey.h"

#define HOSTS                                                                                      \
  "hosts:\n"                                                                                       \
  "  pc: {kind: pc, address: 10.0.0.1/24, dns: ns}\n"                                              \
  "  a: {kind: server, address: 10.0.0.2/24, dns: ns}\n"                                           \
  "  b: {kind: server, address: 10.0.0.3/24, dns: ns}\n"                                           \
  "  c: {kind: server, address: 10.0.0.4/24, dns: ns}\n"                                           \
  "  stranger: {kind: pc, address: 10.0.0.66/24, dns: ns}\n"                                       \
  "  ns: {kind: server, address: 10.0.0.53/24, resolver: true}\n"                                  \
  "  sw: {kind: switch}\n"                                                                         \
  "links:\n"                                                                                       \
  "  l1: {ends: [pc, sw]}\n"                                                                       \
  "  l2: {ends: [a, sw]}\n"                                                                        \
  "  l3: {ends: [b, sw]}\n"                                                                        \
  "  l4: {ends: [c, sw]}\n"                                                                        \
  "  l5: {ends: [ns, sw]}\n"                                                                       \
  "  l6: {ends: [stranger, sw]}\n"

#define ZONES                                                                                      \
  "zones:\n"                                                                                       \
  "  a.test:\n    server: ns\n    records:\n"                                                      \
  "      - {name: '@', type: MX, preference: 10, value: mx}\n"                                     \
  "      - {name: mx, value: 10.0.0.2}\n"                                                          \
  "  b.test:\n    server: ns\n    records:\n"                                                      \
  "      - {name: '@', type: MX, preference: 10, value: mx}\n"                                     \
  "      - {name: mx, value: 10.0.0.3}\n"                                                          \
  "  null.test:\n    server: ns\n    records:\n"                                                   \
  "      - {name: '@', type: MX, preference: 0, value: '.'}\n"                                     \
  "  loop.test:\n    server: ns\n    records:\n"                                                   \
  "      - {name: '@', type: MX, preference: 10, value: mx.a.test.}\n"                             \
  "      - {name: '@', type: MX, preference: 20, value: mx.b.test.}\n"                             \
  "  self.test:\n    server: ns\n    records:\n"                                                   \
  "      - {name: '@', value: 10.0.0.2}\n"                                                         \
  "  empty.test:\n    server: ns\n    records:\n"                                                  \
  "      - {name: '@', type: MX, preference: 10, value: none}\n"                                   \
  "  equal.test:\n    server: ns\n    records:\n"                                                  \
  "      - {name: '@', type: MX, preference: 10, value: one}\n"                                    \
  "      - {name: '@', type: MX, preference: 10, value: two}\n"                                    \
  "      - {name: one, value: 10.0.0.3}\n"                                                         \
  "      - {name: two, value: 10.0.0.3}\n"                                                         \
  "  bl.test:\n    server: ns\n    records:\n"                                                     \
  "      - {name: 66.0.0.10, value: 127.0.0.2}\n"                                                  \
  "      - {name: 66.0.0.10, type: TXT, value: sends spam}\n"                                      \
  "  0.0.10.in-addr.arpa:\n    server: ns\n    records:\n"                                         \
  "      - {name: '1', type: PTR, value: pc.a.test.}\n"

/* Services of `a` with more keys, b with more keys. */
#define WORLD(a_keys, b_keys)                                                                      \
  HOSTS ZONES                                                                                      \
      "services:\n"                                                                                \
      "  a: {name: mx.a.test, domains: [a.test], smtp: true, submission: true" a_keys "}\n"        \
      "  b: {name: mx.b.test, domains: [b.test, loop.test, equal.test], smtp: true" b_keys "}\n"   \
      "users:\n"                                                                                   \
      "  - {name: alice, password: secret, host: a}\n"                                             \
      "  - {name: bob, password: secret, host: b}\n"

#define SEND(id, to)                                                                               \
  "  - {id: " id ", at: 0, host: pc, do: send, server: mx.a.test, user: alice, password: secret,"  \
  " from: alice@a.test, to: " to ", subject: " id ", text: hi}\n"

/* From a host without a login, to port 25 of b. */
#define STRANGE(id, at, from, to)                                                                  \
  "  - {id: " id ", at: " at ", host: stranger, do: send, server: mx.b.test, port: 25,"            \
  " from: " from ", to: " to ", subject: " id ", text: hi}\n"

static const char bounced[] = "subject=Undelivered Mail Returned to Sender";

/* ---- routes: RFC 5321 5.1, 7505 ---- */

static void
expect_bounce(const char *to, const char *status)
{
  struct record r;
  g_autofree char *text =
      g_strdup_printf("%sactions:\n"
                      "  - {id: x, at: 0, host: pc, do: send, server: mx.a.test, user: alice, "
                      "password: secret, from: alice@a.test, to: \"%s\", subject: x, text: hi}\n",
                      WORLD("", ""), to);
  run_text(&r, text, 600);
  g_autofree char *report = message_text(&r, "a", "alice/INBOX", 1);
  g_autofree char *line = g_strdup_printf("\r\nStatus: %s\r\n", status);
  g_assert_nonnull(report);
  g_assert_nonnull(strstr(report, line));
  g_assert_nonnull(strstr(report, "\r\nAction: failed\r\n"));
  g_assert_true(g_str_has_prefix(report, "Return-Path: <>\r\n"));
  g_assert_cmpuint(count(&r, "a mail-queue", "state=deferred"), ==, 0);
  record_clear(&r);
}

static void
test_what_can_never_arrive_comes_back_at_once(void)
{
  expect_bounce("bob@none.test", "5.1.2");
  expect_bounce("bob@null.test", "5.1.10");
  expect_bounce("bob@self.test", "5.4.6");
  expect_bounce("bob@empty.test", "5.4.4");
  expect_bounce("nobody@b.test", "5.1.1");
}

/* RFC 5321 5.1: of the exchanges only those better than this host; here it is the best itself. */
static void
test_the_best_exchange_is_this_host(void)
{
  expect_bounce("bob@loop.test", "5.4.6");
}

static void
test_equal_preferences_are_shuffled_by_the_seed(void)
{
  bool saw_one = false, saw_two = false;
  for (uint64_t seed = 1; seed <= 16; seed++) {
    struct record r;
    record_open(&r, WORLD("", "") "actions:\n" SEND("x", "bob@equal.test"), seed);
    world_run(r.world, INT64_C(60000000000));
    g_assert_true(has_message(&r, "b", "bob/INBOX", 1));
    saw_one |= count(&r, "a mail-queue", "sending attempt=1 via=one.equal.test") == 1;
    saw_two |= count(&r, "a mail-queue", "sending attempt=1 via=two.equal.test") == 1;
    record_clear(&r);
  }
  g_assert_true(saw_one && saw_two);
}

static void
test_relay_host_takes_all(void)
{
  struct record r;
  run_text(&r,
           WORLD(", relay_host: b",
                 ", relay_networks: [10.0.0.2/32]") "actions:\n" SEND("x", "bob@b.test"),
           60);
  g_assert_cmpuint(count(&r, "a mail-queue", "state=lookup"), ==, 0);
  g_assert_cmpuint(count(&r, "a mail-queue", "sending attempt=1 via=10.0.0.3"), ==, 1);
  record_clear(&r);
}

/* RFC 2033: the mailboxes are on another host; each recipient has its own fate behind the data. */
static void
test_lmtp_delivers_each_for_itself(void)
{
  struct record r;
  run_text(&r,
           HOSTS ZONES "services:\n"
                       "  a: {name: mx.a.test, domains: [a.test], smtp: true, submission: true}\n"
                       "  b: {name: mx.b.test, domains: [b.test], smtp: true, lmtp_to: c}\n"
                       "  c: {name: store.b.test, domains: [b.test], lmtp: true, full: refuse}\n"
                       "users:\n"
                       "  - {name: alice, password: secret, host: a}\n"
                       "  - {name: bob, password: secret, host: b}\n"
                       "  - {name: carol, password: secret, host: b}\n"
                       "  - {name: bob, password: secret, host: c}\n"
                       "  - {name: carol, password: secret, host: c, quota: 100}\n"
                       "actions:\n" SEND("x", "[bob@b.test, carol@b.test]"),
           600);
  g_autofree char *arrived = message_text(&r, "c", "bob/INBOX", 1);
  g_autofree char *at_b = message_text(&r, "b", "bob/INBOX", 1);
  g_autofree char *report = message_text(&r, "a", "alice/INBOX", 1);
  g_assert_nonnull(arrived);
  g_assert_null(at_b);
  g_assert_nonnull(report); /* of carol only */
  g_assert_nonnull(strstr(report, "Final-Recipient: rfc822; carol@b.test\r\n"));
  g_assert_null(strstr(report, "Final-Recipient: rfc822; bob@b.test\r\n"));
  g_assert_nonnull(strstr(report, "\r\nStatus: 5.2.2\r\n"));
  record_clear(&r);
}

/* Between hosts: by STARTTLS when it is offered; required and not offered: the mail waits. */
static void
test_tls_between_hosts(void)
{
  static const struct {
    const char *a, *b;
    bool arrives, is_secret;
  } cases[] = {
      {"{relay: opportunistic}", ", tls: true", true, true},
      {"{relay: opportunistic}", "", true, false},
      {"{relay: required}", ", tls: true", true, true},
      {"{relay: required}", "", false, false},
      {"{relay: never}", ", tls: true", true, false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct record r;
    g_autofree char *text = g_strdup_printf(
        HOSTS ZONES
        "services:\n"
        "  a: {name: mx.a.test, domains: [a.test], smtp: true, submission: true, tls: %s}\n"
        "  b: {name: mx.b.test, domains: [b.test], smtp: true%s}\n"
        "users:\n"
        "  - {name: alice, password: secret, host: a}\n"
        "  - {name: bob, password: secret, host: b}\n"
        "actions:\n" SEND("x", "bob@b.test"),
        cases[i].a, cases[i].b);
    run_text(&r, text, 50);
    g_autofree char *arrived = message_text(&r, "b", "bob/INBOX", 1);
    g_assert_cmpint(arrived != NULL, ==, cases[i].arrives);
    if (arrived)
      g_assert_cmpint(strstr(arrived, "by mx.b.test with ESMTPS") != NULL, ==, cases[i].is_secret);
    else
      g_assert_cmpuint(count(&r, "a mail-queue Q00001", "state=deferred"), >=, 1);
    record_clear(&r);
  }
}

/* ---- schedule: RFC 5321 4.5.4.1, 3464 2.3.3 ---- */

/* Waits of 10 s, then of 30 s each: the sender is told at the first deferral behind 30 s, though
 * others follow; behind 200 s it is given up. */
static void
test_schedule_by_list_warning_and_expiry(void)
{
  struct record r;
  run_text(&r,
           WORLD(", retry: [10s, 30s], warn: 30s, expire: 200s",
                 "") "changes:\n"
                     "  - {at: 0, link: l3, up: false}\n"
                     "actions:\n" SEND("x", "bob@b.test"),
           3000);
  g_assert_cmpuint(count(&r, "a mail-queue Q00001", "state=deferred"), >=, 1);
  g_autofree char *warning = message_text(&r, "a", "alice/INBOX", 1);
  g_autofree char *report = message_text(&r, "a", "alice/INBOX", 2);
  g_assert_nonnull(strstr(warning, "\r\nAction: delayed\r\n"));
  g_assert_nonnull(strstr(warning, "\r\nWill-Retry-Until: "));
  g_assert_nonnull(strstr(warning, "Content-Type: text/rfc822-headers"));
  g_assert_nonnull(strstr(report, "\r\nStatus: 4.4.7\r\n"));
  g_assert_false(has_message(&r, "a", "alice/INBOX", 3));
  g_assert_cmpstr(last(&r, "a mail-queue Q00001"), ==, "");
  record_clear(&r);
}

static void
test_the_receiver_comes_back(void)
{
  struct record r;
  run_text(&r,
           WORLD(", retry: 1min", "") "changes:\n"
                                      "  - {at: 0, link: l3, up: false}\n"
                                      "  - {at: 100s, link: l3, up: true}\n"
                                      "actions:\n" SEND("x", "bob@b.test"),
           3000);
  g_assert_true(has_message(&r, "b", "bob/INBOX", 1));
  g_assert_cmpuint(count(&r, "a mail-queue Q00001", "state=deferred"), >=, 1);
  g_assert_false(has_message(&r, "a", "alice/INBOX", 1));
  record_clear(&r);
}

/* The queue opens so many connections and no more; all arrives. */
static void
test_connections_are_bounded(void)
{
  struct record r;
  GString *text = g_string_new(WORLD(", connections: 2", "") "actions:\n");
  for (int i = 0; i < 12; i++)
    g_string_append_printf(text, SEND("m%d", "bob@b.test"), i, i);
  run_text(&r, text->str, 60);
  g_string_free(text, TRUE);
  g_assert_cmpuint(count(&r, "a mail-queue", "state=waiting"), >=, 5);
  g_autofree char *twelfth = message_text(&r, "b", "bob/INBOX", 12);
  g_assert_nonnull(twelfth);
  record_clear(&r);
}

/* A domain's recipients travel together: one DATA for three (RFC 5321 2.1 asks for one copy). */
static void
test_one_delivery_for_a_domain(void)
{
  struct record r;
  run_text(&r,
           WORLD("", ", aliases: {carol: bob, dave: bob}") "actions:\n" SEND(
               "x", "[bob@b.test, carol@b.test, dave@b.test]"),
           60);
  g_assert_cmpuint(count(&r, "a mail-queue", "state=sending"), ==, 1);
  g_assert_cmpuint(count(&r, "a mail-queue", "state=sent via=mx.b.test recipients=3"), ==, 1);
  record_clear(&r);
}

/* ---- reports: RFC 3461, 3464 ---- */

/* RFC 5321 6.1: a report that fails makes no report; here the sender of the first does not exist.
 */
static void
test_double_bounce_is_told_and_dropped(void)
{
  struct record r;
  run_text(&r,
           WORLD("", "") "actions:\n"
                         "  - {id: x, at: 0, host: pc, do: send, server: mx.a.test, user: alice, "
                         "password: secret, from: gone@b.test, to: bob@none.test, text: hi}\n",
           600);
  g_assert_cmpuint(count(&r, "a mail-queue", "state=dropped"), ==, 1);
  g_assert_cmpuint(count(&r, "a log mail-queue", "report"), ==, 1);
  g_assert_cmpuint(count(&r, "b mailbox", "subject="), ==, 0);
  record_clear(&r);
}

static void
test_double_bounce_reaches_a_postmaster_of_that_name(void)
{
  struct record r;
  run_text(
      &r,
      WORLD(", aliases: {postmaster: alice}", "") "actions:\n"
                                                  "  - {id: x, at: 0, host: pc, do: send, server: "
                                                  "mx.a.test, user: alice, password: secret, from: "
                                                  "gone@b.test, to: bob@none.test, text: hi}\n",
      600);
  g_assert_true(g_str_has_suffix(last(&r, "a mailbox alice/INBOX 1"), bounced));
  record_clear(&r);
}

/* What a queue is told about a recipient, straight. */
static struct queue *
queue_of(struct record *r, const char *host)
{
  return build_find_site(r->mail, net_find_host(r->net, host))->queue;
}

static void
submit(struct record *r, const struct envelope *e)
{
  static const char letter[] = "Subject: straight\r\n\r\nbody line\r\n";
  g_autoptr(GBytes) octets = g_bytes_new_static(letter, strlen(letter));
  const char *refusal = NULL;
  const char *id = queue_submit(queue_of(r, "a"), e, octets, NULL, &refusal);
  g_assert_true((id != NULL) != (refusal != NULL));
  world_run(r->world, INT64_C(600000000000));
}

static void
test_notify_decides_who_is_told(void)
{
  static const struct {
    const char *to;
    unsigned notify;
    const char *action; /* NULL: no report */
  } cases[] = {
      {"nobody@b.test", 0, "failed"},
      {"nobody@b.test", ENVELOPE_NOTIFY_FAILURE, "failed"},
      {"nobody@b.test", ENVELOPE_NOTIFY_NEVER, NULL},
      {"nobody@b.test", ENVELOPE_NOTIFY_SUCCESS, NULL},
      {"nobody@b.test", ENVELOPE_NOTIFY_DELAY, NULL},
      {"alice@a.test", 0, NULL},
      {"alice@a.test", ENVELOPE_NOTIFY_SUCCESS, "delivered"},
      {"alice@a.test", ENVELOPE_NOTIFY_SUCCESS | ENVELOPE_NOTIFY_FAILURE, "delivered"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct record r;
    record_open(&r, WORLD("", ""), 1);
    bool is_own = strstr(cases[i].to, "@a.test") != NULL;
    const struct envelope_recipient to = {
        .address = cases[i].to, .notify = cases[i].notify, .orcpt = "rfc822;first@x.test"};
    const struct envelope e = {
        .sender = "alice@a.test", .envid = "QQ314159", .recipients = &to, .n_recipients = 1};
    submit(&r, &e);
    g_autofree char *report = message_text(&r, "a", "alice/INBOX", is_own ? 2 : 1);
    g_autofree char *first = is_own ? message_text(&r, "a", "alice/INBOX", 1) : NULL;
    if (first && strstr(first, "delivery-status")) { /* the report came first */
      char *other = report;
      report = g_steal_pointer(&first);
      first = other;
    }
    if (cases[i].action) {
      g_autofree char *line = g_strdup_printf("\r\nAction: %s\r\n", cases[i].action);
      g_assert_nonnull(report);
      g_assert_nonnull(strstr(report, line));
      g_assert_nonnull(strstr(report, "\r\nOriginal-Envelope-Id: QQ314159\r\n"));
      g_assert_nonnull(strstr(report, "\r\nOriginal-Recipient: rfc822;first@x.test\r\n"));
    } else {
      g_assert_null(report);
    }
    record_clear(&r);
  }
}

/* RFC 3461 4.3: RET=FULL brings the body back, HDRS the header only; without it a small one whole.
 */
static void
test_ret_decides_what_comes_back(void)
{
  static const struct {
    enum envelope_ret ret;
    bool is_whole;
  } cases[] = {{ENVELOPE_RET_NONE, true}, {ENVELOPE_RET_FULL, true}, {ENVELOPE_RET_HDRS, false}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct record r;
    record_open(&r, WORLD("", ""), 1);
    const struct envelope_recipient to = {.address = "nobody@b.test"};
    const struct envelope e = {
        .sender = "alice@a.test", .ret = cases[i].ret, .recipients = &to, .n_recipients = 1};
    submit(&r, &e);
    g_autofree char *report = message_text(&r, "a", "alice/INBOX", 1);
    g_assert_nonnull(strstr(report, "Subject: straight\r\n"));
    g_assert_cmpint(strstr(report, "body line") != NULL, ==, cases[i].is_whole);
    g_assert_cmpint(strstr(report, "Content-Type: message/rfc822\r\n") != NULL, ==,
                    cases[i].is_whole);
    record_clear(&r);
  }
}

/* ---- aliases and lists: RFC 5321 3.9 ---- */

static void
test_aliases_lists_and_their_circles(void)
{
  struct record r;
  run_text(&r,
           WORLD(", subaddress: '+', aliases: {team: [alice, carol], round: about, about: round,"
                 " carol: [carol, bob@b.test, bob@b.test]}, lists: {club: {owner: alice, members: "
                 "[bob@b.test, nobody@b.test]}}, virtual: {v.test: {info: team}}",
                 "") "  - {name: carol, password: secret, host: a}\n"
                     "actions:\n" SEND("team", "team@a.test") SEND("club", "club@a.test")
                         SEND("tag", "alice+news@a.test") SEND("virtual", "info@v.test")
                             SEND("circle", "round@a.test"),
           600);
  g_assert_nonnull(strstr(last(&r, "pc log circle"), "554 5.4.6"));
  unsigned n_team = 0, n_club = 0, n_virtual = 0;
  for (uint32_t uid = 1; uid <= 8; uid++) {
    g_autofree char *m = message_text(&r, "b", "bob/INBOX", uid);
    if (!m)
      continue;
    if (strstr(m, "Subject: team\r\n")) {
      n_team++;
      g_assert_true(g_str_has_prefix(m, "Return-Path: <alice@a.test>\r\n"));
      g_assert_nonnull(strstr(m, "\r\nDelivered-To: team@a.test\r\n"));
    } else if (strstr(m, "Subject: club\r\n")) {
      n_club++;
      g_assert_true(g_str_has_prefix(m, "Return-Path: <club-owner@a.test>\r\n"));
      g_assert_nonnull(strstr(m, "\r\nList-Id: <club.a.test>\r\n"));
    } else if (strstr(m, "Subject: virtual\r\n")) {
      n_virtual++;
    }
  }
  g_assert_cmpuint(n_team, ==, 1);
  g_assert_cmpuint(n_club, ==, 1);
  g_assert_cmpuint(n_virtual, ==, 1);
  /* nobody@b.test is the owner's trouble, not that of who wrote to the list: to: club-owner */
  unsigned n_reports = 0, n_tags = 0;
  for (uint32_t uid = 1; uid <= 12; uid++) {
    g_autofree char *m = message_text(&r, "a", "alice/INBOX", uid);
    n_reports += m && strstr(m, "\r\nTo: <club-owner@a.test>\r\n") != NULL;
    n_tags += m && strstr(m, "Subject: tag\r\n") != NULL;
  }
  g_assert_cmpuint(n_reports, ==, 1);
  g_assert_cmpuint(n_tags, ==, 1);
  g_assert_cmpuint(count(&r, "a mail-queue", "<carol>"), ==, 0);  /* members have whole addresses */
  g_autofree char *own = message_text(&r, "a", "carol/INBOX", 1); /* her name among her own */
  g_assert_nonnull(own);
  record_clear(&r);
}

/* Two hosts send an address to each other for ever: Delivered-To ends it at the second visit. */
static void
test_alias_loop_between_hosts_ends(void)
{
  struct record r;
  run_text(
      &r,
      WORLD(", aliases: {pingpong: pingpong@b.test}",
            ", aliases: {pingpong: pingpong@a.test}") "actions:\n" SEND("x", "pingpong@a.test"),
      6000);
  g_autofree char *report = message_text(&r, "a", "alice/INBOX", 1);
  g_assert_nonnull(report);
  g_assert_nonnull(strstr(report, "5.4.6"));
  g_assert_cmpuint(count(&r, "a mail-queue", "state=sending"), <=, 2);
  record_clear(&r);
}

static void
test_full_mailbox_waits_or_comes_back(void)
{
  static const char user[] = "  - {name: carol, password: secret, host: b, quota: 100}\n";
  static const char *const keys[] = {"later", "refuse"};
  for (int i = 0; i < 2; i++) {
    struct record r;
    g_autofree char *services = g_strdup_printf(", full: %s, retry: 10min", keys[i]);
    g_autofree char *text = g_strdup_printf(
        HOSTS ZONES "services:\n"
                    "  a: {name: mx.a.test, domains: [a.test], smtp: true, submission: true}\n"
                    "  b: {name: mx.b.test, domains: [b.test], smtp: true%s}\n"
                    "users:\n"
                    "  - {name: alice, password: secret, host: a}\n%s"
                    "actions:\n" SEND("x", "carol@b.test"),
        services, user);
    run_text(&r, text, 300);
    bool is_returned = count(&r, "a mailbox alice/INBOX 1", bounced) == 1;
    g_assert_cmpint(is_returned, ==, i == 1);
    g_assert_cmpuint(count(&r, "a mail-queue Q00001", "state=deferred"), >=, i == 0 ? 1 : 0);
    record_clear(&r);
  }
}

/* ---- policy ---- */

static void
test_who_may_relay(void)
{
  static const struct {
    const char *keys, *answer;
  } cases[] = {
      {"", "550 5.7.1 Relaying denied"},
      {", relay_networks: [10.0.0.64/26]", NULL},
      {", relay_networks: [10.0.0.64/27, 10.0.0.68/30]", NULL}, /* .64 to .95 */
      {", relay_networks: [10.0.0.68/30]", "550 5.7.1 Relaying denied"},
      {", relay_domains: [a.test]", NULL},
      {", relay_domains: [other.test]", "550 5.7.1 Relaying denied"},
      {", relay: true", NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct record r;
    g_autofree char *text =
        g_strdup_printf(HOSTS ZONES "services:\n"
                                    "  a: {name: mx.a.test, domains: [a.test], smtp: true}\n"
                                    "  b: {name: mx.b.test, domains: [b.test], smtp: true%s}\n"
                                    "users: [{name: alice, password: secret, host: a}]\n"
                                    "actions:\n" STRANGE("x", "0", "m@x.test", "alice@a.test"),
                        cases[i].keys);
    run_text(&r, text, 60);
    g_autofree char *arrived = message_text(&r, "a", "alice/INBOX", 1);
    g_assert_cmpint(arrived != NULL, ==, cases[i].answer == NULL);
    if (cases[i].answer)
      g_assert_nonnull(strstr(last(&r, "stranger log x"), cases[i].answer));
    record_clear(&r);
  }
}

static void
test_users_write_as_themselves(void)
{
  static const struct {
    const char *from;
    bool is_own;
  } cases[] = {{"alice@a.test", true}, {"ALICE@a.test", true}, {"alice+x@a.test", true},
               {"sales@a.test", true}, {"bob@b.test", false},  {"root@a.test", false},
               {"club@a.test", false}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct record r;
    g_autofree char *text = g_strdup_printf(
        "%sactions:\n"
        "  - {id: x, at: 0, host: pc, do: send, server: mx.a.test, user: alice, password: secret,"
        " from: %s, to: bob@b.test, text: hi}\n",
        WORLD(", policy: {own_sender: true}, subaddress: '+', aliases: {sales: [alice]}, lists: "
              "{club: {owner: alice, members: [alice]}}",
              ""),
        cases[i].from);
    run_text(&r, text, 60);
    g_assert_cmpstr(last(&r, "pc action x"), ==, cases[i].is_own ? "done" : "failed");
    if (!cases[i].is_own)
      g_assert_nonnull(strstr(last(&r, "pc log x"), "553 5.7.1"));
    record_clear(&r);
  }
}

/* RFC 6647: too early is 451, behind the delay it passes, and is known then; another recipient
 * waits anew. */
static void
test_greylisting(void)
{
  struct record r;
  run_text(&r,
           WORLD("", ", policy: {greylist: {delay: 60s}}") "actions:\n" STRANGE(
               "first", "0", "m@a.test", "bob@b.test")
               STRANGE("early", "59s", "m@a.test", "bob@b.test")
                   STRANGE("right", "61s", "m@a.test", "bob@b.test")
                       STRANGE("known", "62s", "m@a.test", "bob@b.test")
                           STRANGE("other", "63s", "n@a.test", "bob@b.test"),
           100);
  g_assert_nonnull(strstr(last(&r, "stranger log first"), "451 4.7.1"));
  g_assert_cmpstr(last(&r, "stranger action first"), ==, "failed");
  g_assert_cmpstr(last(&r, "stranger action early"), ==, "failed");
  g_assert_cmpstr(last(&r, "stranger action right"), ==, "done");
  g_assert_cmpstr(last(&r, "stranger action known"), ==, "done");
  g_assert_cmpstr(last(&r, "stranger action other"), ==, "failed");
  g_assert_cmpstr(last(&r, "b mail-policy greylist 10.0.0.0/24 <m@a.test> <bob@b.test>"), ==,
                  "known");
  record_clear(&r);
}

/* A real queue comes through greylisting by itself. */
static void
test_a_queue_passes_greylisting(void)
{
  struct record r;
  run_text(&r,
           WORLD(", retry: 40s",
                 ", policy: {greylist: {delay: 60s}}") "actions:\n" SEND("x", "bob@b.test"),
           600);
  g_assert_cmpuint(count(&r, "a mail-queue Q00001", "state=deferred"), ==, 2);
  g_assert_true(has_message(&r, "b", "bob/INBOX", 1));
  record_clear(&r);
}

/* RFC 5782 2.1; the TXT record says why; the postmaster can be reached all the same. */
static void
test_blocklist(void)
{
  struct record r;
  run_text(
      &r,
      WORLD("", ", policy: {dnsbl: [bl.test]}, aliases: {postmaster: bob}") "actions:\n" STRANGE(
          "x", "0", "m@a.test", "bob@b.test")
          STRANGE("help", "10s", "m@a.test", "postmaster@b.test") SEND("good", "bob@b.test"),
      60);
  g_assert_nonnull(strstr(last(&r, "stranger log x"), "554 5.7.1"));
  g_assert_nonnull(strstr(last(&r, "stranger log x"), "sends spam"));
  g_assert_cmpstr(last(&r, "stranger action help"), ==, "done");
  g_assert_cmpuint(count(&r, "b mailbox bob/INBOX", "subject=good"), ==, 1);
  g_assert_cmpstr(last(&r, "b mail-policy dnsbl 10.0.0.66"), ==, "bl.test");
  record_clear(&r);
}

/* No answer of a blocklist is no reason to refuse: its server is away. */
static void
test_a_dead_blocklist_blocks_nobody(void)
{
  struct record r;
  run_text(
      &r,
      WORLD("", ", policy: {dnsbl: [bl.test]}") "changes:\n"
                                                "  - {at: 0, link: l5, up: false}\n"
                                                "actions:\n"
                                                "  - {id: x, at: 1s, host: stranger, do: send, "
                                                "server: 10.0.0.3, port: 25, from: m@a.test, "
                                                "to: bob@b.test, text: hi}\n",
      400);
  g_assert_cmpstr(last(&r, "stranger action x"), ==, "done");
  record_clear(&r);
}

static void
test_names_are_checked(void)
{
  static const struct {
    const char *keys, *from, *answer;
  } cases[] = {
      {"reverse", "m@a.test", "550 5.7.25"},
      {"sender", "m@a.test", NULL},
      {"sender", "m@none.test", "550 5.1.8"},
      {"sender", "m@null.test", "550 5.7.27"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct record r;
    g_autofree char *text = g_strdup_printf(
        HOSTS ZONES
        "services:\n"
        "  b: {name: mx.b.test, domains: [b.test], smtp: true, policy: {check: [%s]}}\n"
        "users: [{name: bob, password: secret, host: b}]\n"
        "actions:\n"
        "  - {id: x, at: 0, host: stranger, do: send, server: mx.b.test, port: 25, from: "
        "%s, to: bob@b.test, text: hi}\n",
        cases[i].keys, cases[i].from);
    run_text(&r, text, 60);
    g_assert_cmpstr(last(&r, "stranger action x"), ==, cases[i].answer ? "failed" : "done");
    if (cases[i].answer)
      g_assert_nonnull(strstr(last(&r, "stranger log x"), cases[i].answer));
    record_clear(&r);
  }
}

static void
test_rates(void)
{
  struct record r;
  GString *text =
      g_string_new(WORLD("", ", policy: {rate: {window: 60s, messages: 3}}") "actions:\n");
  for (int i = 0; i < 5; i++)
    g_string_append_printf(text, STRANGE("m%d", "%ds", "m@a.test", "bob@b.test"), i, i, i);
  g_string_append(text, STRANGE("later", "61s", "m@a.test", "bob@b.test"));
  run_text(&r, text->str, 100);
  g_string_free(text, TRUE);
  g_assert_cmpstr(last(&r, "stranger action m2"), ==, "done");
  g_assert_cmpstr(last(&r, "stranger action m3"), ==, "failed");
  g_assert_nonnull(strstr(last(&r, "stranger log m4"), "450 4.7.1"));
  g_assert_cmpstr(last(&r, "stranger action later"), ==, "done");
  g_assert_cmpuint(count(&r, "b mail-policy rate 10.0.0.66", "messages"), ==, 2);
  record_clear(&r);
}

static void
test_too_many_connections_get_421(void)
{
  struct record r;
  GString *text =
      g_string_new(WORLD("", ", policy: {rate: {window: 60s, connections: 2}}") "actions:\n");
  for (int i = 0; i < 4; i++)
    g_string_append_printf(text, STRANGE("m%d", "%ds", "m@a.test", "bob@b.test"), i, i, i);
  run_text(&r, text->str, 100);
  g_string_free(text, TRUE);
  g_assert_cmpstr(last(&r, "stranger action m1"), ==, "done");
  g_assert_cmpstr(last(&r, "stranger action m2"), ==, "failed");
  g_assert_nonnull(strstr(last(&r, "stranger log m2"), "421"));
  record_clear(&r);
}

/* ---- as many connections as a host takes ---- */

/* RFC 5321 3.8, 1939 3, 3501 7.1.5: the third one is told to come back later, in clear and inside
 * implicit TLS; when one of the others has left, the fourth is let in. */
static void
test_a_busy_host_says_so(void)
{
  static const struct {
    const char *port, *protocol, *quit, *expected;
  } cases[] = {
      {"25", "smtp", "QUIT", "421 4.3.2 "},
      {"110", "pop3", "QUIT", "-ERR [SYS/TEMP] "},
      {"143", "imap", "a LOGOUT", "* BYE [UNAVAILABLE] "},
      {"24", "lmtp", "QUIT", "421 4.3.2 "},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct endpoint *e = busy_server_new(cases[i].protocol, "mx.b.test");
    e->ops->start(e, 0);
    g_assert_true(e->wants_close);
    g_assert_cmpmem(e->out->data, strlen(cases[i].expected), cases[i].expected,
                    strlen(cases[i].expected));
    g_assert_cmpmem(e->out->data + e->out->len - 2, 2, "\r\n", 2);
    e->ops->free(e);
    struct record r;
    g_autoptr(GString) text =
        g_string_new(WORLD("", ", pop3: true, imap: true, lmtp: true, sessions: 2") "actions:\n");
    for (int k = 0; k < 4; k++)
      g_string_append_printf(text,
                             "  - {id: t%d, at: %ds, host: pc, do: talk, server: mx.b.test, "
                             "port: %s, protocol: %s, lines: [{wait: 5s}, %s]}\n",
                             k, k == 3 ? 8 : k, cases[i].port, cases[i].protocol, cases[i].quit);
    run_text(&r, text->str, 60);
    g_autofree char *name = g_strdup_printf("b %s ", cases[i].protocol);
    g_assert_cmpuint(count(&r, name, " log too many connections"), ==, 1);
    g_assert_cmpstr(last(&r, "pc action t0"), ==, "done");
    g_assert_cmpstr(last(&r, "pc action t1"), ==, "done");
    g_assert_cmpstr(last(&r, "pc action t2"), ==, "failed");
    g_assert_cmpstr(last(&r, "pc action t3"), ==, "done");
    record_clear(&r);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define TEST(path, function) g_test_add_func("/transport/" path, function)
  TEST("what-can-never-arrive-comes-back-at-once", test_what_can_never_arrive_comes_back_at_once);
  TEST("the-best-exchange-is-this-host", test_the_best_exchange_is_this_host);
  TEST("equal-preferences-are-shuffled", test_equal_preferences_are_shuffled_by_the_seed);
  TEST("relay-host-takes-all", test_relay_host_takes_all);
  TEST("lmtp-delivers-each-for-itself", test_lmtp_delivers_each_for_itself);
  TEST("tls-between-hosts", test_tls_between_hosts);
  TEST("schedule-by-list-warning-and-expiry", test_schedule_by_list_warning_and_expiry);
  TEST("the-receiver-comes-back", test_the_receiver_comes_back);
  TEST("connections-are-bounded", test_connections_are_bounded);
  TEST("one-delivery-for-a-domain", test_one_delivery_for_a_domain);
  TEST("double-bounce-is-told-and-dropped", test_double_bounce_is_told_and_dropped);
  TEST("double-bounce-to-the-postmaster", test_double_bounce_reaches_a_postmaster_of_that_name);
  TEST("notify-decides-who-is-told", test_notify_decides_who_is_told);
  TEST("ret-decides-what-comes-back", test_ret_decides_what_comes_back);
  TEST("aliases-and-lists", test_aliases_lists_and_their_circles);
  TEST("alias-loop-between-hosts-ends", test_alias_loop_between_hosts_ends);
  TEST("full-mailbox-waits-or-comes-back", test_full_mailbox_waits_or_comes_back);
  TEST("who-may-relay", test_who_may_relay);
  TEST("users-write-as-themselves", test_users_write_as_themselves);
  TEST("greylisting", test_greylisting);
  TEST("a-queue-passes-greylisting", test_a_queue_passes_greylisting);
  TEST("blocklist", test_blocklist);
  TEST("a-dead-blocklist-blocks-nobody", test_a_dead_blocklist_blocks_nobody);
  TEST("names-are-checked", test_names_are_checked);
  TEST("rates", test_rates);
  TEST("too-many-connections-get-421", test_too_many_connections_get_421);
  TEST("a-busy-host-says-so", test_a_busy_host_says_so);
  return g_test_run();
}
