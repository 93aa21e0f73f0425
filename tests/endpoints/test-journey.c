/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-journey.c -- mail from host to host through the simulated network, judged by what the world
 * tells and by what the stores hold at the end. */
#include <glib.h>
#include <string.h>

#include "tests/endpoints/journey.h"

/* Two domains, a client, an MX with a dead better exchange, and a domain without MX. */
static const char network[] =
    "hosts:\n"
    "  pc: {kind: pc, address: 10.0.0.1/24, dns: ns}\n"
    "  mx-a: {kind: server, address: 10.0.0.2/24, dns: ns}\n"
    "  mx-b: {kind: server, address: 10.0.0.3/24, dns: ns}\n"
    "  dead: {kind: server, address: 10.0.0.4/24, dns: ns}\n"
    "  ns: {kind: server, address: 10.0.0.53/24, resolver: true}\n"
    "  sw: {kind: switch}\n"
    "links:\n"
    "  l1: {ends: [pc, sw]}\n"
    "  l2: {ends: [mx-a, sw]}\n"
    "  l3: {ends: [mx-b, sw]}\n"
    "  l4: {ends: [dead, sw]}\n"
    "  l5: {ends: [ns, sw]}\n"
    "zones:\n"
    "  a.test:\n"
    "    server: ns\n"
    "    records:\n"
    "      - {name: '@', type: MX, preference: 10, value: mx}\n"
    "      - {name: mx, type: A, value: 10.0.0.2}\n"
    "  b.test:\n"
    "    server: ns\n"
    "    records:\n"
    "      - {name: '@', type: MX, preference: 5, value: old}\n"
    "      - {name: '@', type: MX, preference: 10, value: mx}\n"
    "      - {name: old, type: A, value: 10.0.0.4}\n"
    "      - {name: mx, type: A, value: 10.0.0.3}\n"
    "  plain.test:\n"
    "    server: ns\n"
    "    records:\n"
    "      - {name: '@', type: A, value: 10.0.0.3}\n"
    "  down.test:\n"
    "    server: ns\n"
    "    records:\n"
    "      - {name: '@', type: MX, preference: 5, value: old.b.test.}\n"
    "services:\n"
    "  mx-a: {name: mx.a.test, domains: [a.test], smtp: true, submission: true, pop3: true,\n"
    "         imap: true, retry: 1min, expire: 10min}\n"
    "  mx-b: {name: mx.b.test, domains: [b.test, plain.test], smtp: true, pop3: true, imap: true}\n"
    "users:\n"
    "  - {name: alice, password: secret, host: mx-a}\n"
    "  - {name: bob, password: secret, host: mx-b}\n";

#define LETTER(to)                                                                                 \
  "  - {id: letter, at: 0, host: pc, do: send, server: mx.a.test, user: alice, password: secret,"  \
  " from: alice@a.test, to: " to                                                                   \
  ", subject: สวัสดี, text: hi, attachment: {name: f.bin, size: 99}}\n"

static void
test_mx_fallback(void)
{
  struct record r;
  g_autofree char *text = g_strconcat(network, "actions:\n", LETTER("bob@b.test"), NULL);
  run_text(&r, text, 60);
  g_assert_cmpstr(last(&r, "pc action letter"), ==, "done");
  g_assert_cmpuint(count(&r, "mx-a mail-queue", "sending attempt=1 via=old.b.test"), ==, 1);
  g_assert_cmpuint(count(&r, "mx-a mail-queue", "sending attempt=1 via=mx.b.test"), ==, 1);
  g_assert_true(g_str_has_suffix(last(&r, "mx-b mailbox bob/INBOX 1"), "flags= subject=สวัสดี"));
  g_assert_cmpstr(last(&r, "mx-a mail-queue Q00001"), ==, "");
  record_clear(&r);
}

static void
test_no_mx_means_the_domain_itself(void)
{
  struct record r;
  g_autofree char *text = g_strconcat(network, "actions:\n", LETTER("bob@plain.test"), NULL);
  run_text(&r, text, 60);
  g_assert_cmpuint(count(&r, "mx-a mail-queue", "sending attempt=1 via=plain.test"), ==, 1);
  g_assert_true(g_str_has_suffix(last(&r, "mx-b mailbox bob/INBOX 1"), "subject=สวัสดี"));
  record_clear(&r);
}

static void
test_unknown_user_bounces(void)
{
  struct record r;
  g_autofree char *text =
      g_strconcat(network, "actions:\n", LETTER("[bob@b.test, nobody@b.test]"), NULL);
  run_text(&r, text, 60);
  g_assert_true(g_str_has_suffix(last(&r, "mx-b mailbox bob/INBOX 1"), "subject=สวัสดี"));
  g_assert_true(g_str_has_suffix(last(&r, "mx-a mailbox alice/INBOX 1"),
                                 "subject=Undelivered Mail Returned to Sender"));
  g_assert_cmpstr(last(&r, "mx-a mail-queue Q00001"), ==, "");
  record_clear(&r);
}

static void
test_unknown_domain_bounces(void)
{
  struct record r;
  g_autofree char *text = g_strconcat(network, "actions:\n", LETTER("bob@none.test"), NULL);
  run_text(&r, text, 60);
  g_assert_true(g_str_has_suffix(last(&r, "mx-a mailbox alice/INBOX 1"),
                                 "subject=Undelivered Mail Returned to Sender"));
  record_clear(&r);
}

/* Attempts at 0, 1, 3 and 7 minutes; the next would be at 15, past the ten minutes. */
static void
test_retries_then_gives_up(void)
{
  struct record r;
  g_autofree char *text = g_strconcat(network, "actions:\n", LETTER("bob@down.test"), NULL);
  run_text(&r, text, 3600);
  g_assert_cmpuint(count(&r, "mx-a mail-queue Q00001", "state=lookup"), ==, 4);
  g_assert_cmpuint(count(&r, "mx-a mail-queue Q00001", "state=deferred"), ==, 3);
  g_assert_true(g_str_has_suffix(last(&r, "mx-a mailbox alice/INBOX 1"),
                                 "subject=Undelivered Mail Returned to Sender"));
  record_clear(&r);
}

static void
test_relay_is_refused(void)
{
  struct record r;
  g_autofree char *text = g_strconcat(network,
                                      "actions:\n  - {id: x, at: 0, host: pc, do: send, server: "
                                      "mx.b.test, port: 25, from: a@a.test,"
                                      " to: alice@a.test}\n",
                                      NULL);
  run_text(&r, text, 60);
  g_assert_cmpstr(last(&r, "pc action x"), ==, "failed");
  g_assert_cmpstr(last(&r, "pc log x"), ==, "<alice@a.test>: 550 5.7.1 Relaying denied");
  g_assert_cmpstr(last(&r, "mx-a mailbox alice/INBOX 1"), ==, "(never)");
  record_clear(&r);
}

static void
test_pop_takes_and_imap_leaves(void)
{
  struct record r;
  g_autofree char *text = g_strconcat(
      network, "actions:\n", LETTER("bob@b.test"),
      "  - {id: phone, after: letter, delay: 2s, host: dead, do: read-imap, server: mx.b.test,"
      " user: bob, password: secret}\n"
      "  - {id: keep, after: phone, host: pc, do: fetch-pop, keep: true, server: mx.b.test,"
      " user: bob, password: secret}\n"
      "  - {id: again, after: keep, host: pc, do: fetch-pop, keep: true, server: mx.b.test,"
      " user: bob, password: secret}\n"
      "  - {id: take, after: again, host: mx-a, do: fetch-pop, server: mx.b.test, user: bob,"
      " password: secret}\n",
      NULL);
  run_text(&r, text, 60);
  g_assert_cmpstr(last(&r, "mx-a action take"), ==, "done");
  g_assert_cmpuint(count(&r, "mx-b mailbox bob/INBOX 1", "flags=\\Seen"), ==, 1);
  g_assert_true(g_str_has_suffix(last(&r, "dead store dead/INBOX 1"), "flags=\\Seen subject=สวัสดี"));
  g_assert_true(g_str_has_suffix(last(&r, "pc store pc 1"), "subject=สวัสดี"));
  g_assert_cmpstr(last(&r, "pc store pc 2"), ==, "(never)"); /* UIDL: known already */
  g_assert_cmpstr(last(&r, "mx-b mailbox bob/INBOX 1"), ==, "");
  record_clear(&r);
}

static void
test_wrong_password_fails_politely(void)
{
  struct record r;
  g_autofree char *text = g_strconcat(
      network,
      "actions:\n  - {id: x, at: 0, host: pc, do: fetch-pop, server: mx.b.test, user: bob,"
      " password: wrong}\n"
      "  - {id: y, at: 0, host: pc, do: read-imap, server: mx.b.test, user: bob, password: no}\n"
      "  - {id: z, at: 0, host: pc, do: read-imap, server: no.b.test, user: bob, password: no}\n",
      NULL);
  run_text(&r, text, 60);
  g_assert_cmpstr(last(&r, "pc action x"), ==, "failed");
  g_assert_cmpstr(last(&r, "pc action y"), ==, "failed");
  g_assert_cmpstr(last(&r, "pc action z"), ==, "failed");
  record_clear(&r);
}

static void
test_same_seed_same_run(void)
{
  struct record a, b;
  g_autofree char *text = g_strconcat(network, "actions:\n", LETTER("bob@b.test"), NULL);
  run_text(&a, text, 60);
  run_text(&b, text, 60);
  g_assert_cmpuint(world_hash(a.world), ==, world_hash(b.world));
  g_assert_cmpuint(a.events->len, ==, b.events->len);
  for (guint i = 0; i < a.events->len; i++)
    g_assert_cmpstr(a.events->pdata[i], ==, b.events->pdata[i]);
  record_clear(&a);
  record_clear(&b);
}

static void
no_frame(void *data, const struct world_frame *frame)
{
}

/* Every mistake names file and line. */
static void
test_bad_scenarios(void)
{
  static const struct {
    const char *text, *says;
  } bad[] = {
      {"services:\n  nobody: {smtp: true}\n", "nobody"},
      {"actions:\n  - {host: pc, do: sing, server: x}\n", "sing"},
      {"actions:\n  - {host: pc, do: send, server: x, colour: red}\n", "colour"},
      {"actions:\n  - {host: pc, do: send, server: x, from: nobody, to: a@b.test}\n", "alice@"},
      {"actions:\n  - {host: pc, do: send, server: x, from: a@b.test}\n", "`to`"},
      {"actions:\n  - {host: pc, do: fetch-pop, server: x}\n", "`password`"},
      {"actions:\n  - {id: a, after: b, host: pc, do: ping, server: x}\n"
       "  - {id: b, after: a, host: pc, do: ping, server: x}\n",
       "circle"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    const char *head_end = strstr(network, "services:");
    bool has_services = g_str_has_prefix(bad[i].text, "services:");
    g_autofree char *head =
        has_services ? g_strndup(network, (gsize)(head_end - network)) : g_strdup(network);
    g_autofree char *text = g_strconcat(head, bad[i].text, NULL);
    struct tree_node *scenario = tree_parse(text, strlen(text), "bad.yaml", &error);
    g_assert_no_error(error);
    static const struct world_sink sink = {.frame = no_frame};
    struct world *w = world_new(1, &sink, NULL);
    struct net *n = net_new(w, scenario, &error);
    g_assert_no_error(error);
    struct mail *m = mail_new(n, scenario, &error);
    g_assert_null(m);
    g_assert_nonnull(error);
    g_test_message("%s", error->message);
    g_assert_true(g_str_has_prefix(error->message, "bad.yaml:"));
    g_assert_nonnull(strstr(error->message, bad[i].says));
    net_free(n);
    world_free(w);
    tree_free(scenario);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/journey/mx-fallback-when-the-best-refuses", test_mx_fallback);
  g_test_add_func("/journey/without-mx-the-domain-itself", test_no_mx_means_the_domain_itself);
  g_test_add_func("/journey/unknown-user-bounces-others-arrive", test_unknown_user_bounces);
  g_test_add_func("/journey/unknown-domain-bounces", test_unknown_domain_bounces);
  g_test_add_func("/journey/retries-by-schedule-then-bounces", test_retries_then_gives_up);
  g_test_add_func("/journey/an-mta-refuses-to-relay", test_relay_is_refused);
  g_test_add_func("/journey/imap-leaves-and-pop-takes", test_pop_takes_and_imap_leaves);
  g_test_add_func("/journey/failures-are-told", test_wrong_password_fails_politely);
  g_test_add_func("/journey/same-seed-same-run", test_same_seed_same_run);
  g_test_add_func("/journey/mistakes-name-file-and-line", test_bad_scenarios);
  return g_test_run();
}
