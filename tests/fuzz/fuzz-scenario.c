/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-scenario.c -- any text as a scenario: refused with file, line and remedy, or built and run.
 *
 * What is built runs for a minute of virtual time under small limits, so a runaway is stopped. */
#include <glib.h>
#include <string.h>

#include "sim/mail/build.h"
#include "tests/fuzz/fuzz.h"

#define MINUTE INT64_C(60000000000)

#define LAN                                                                                        \
  "hosts:\n  pc: {address: 10.0.0.1/24, dns: ns}\n  ns: {kind: server, address: 10.0.0.2/24}\n"    \
  "links:\n  lan: {ends: [pc, ns], rate: 10Mbit/s, delay: 1ms, loss: 1%, queue: 5}\n"

const struct fuzz_seed fuzz_seeds[] = {
    {"lan", TEXT_SEED(LAN)},
    {"zone", TEXT_SEED(LAN "zones:\n  a.test:\n    server: ns\n    records:\n"
                           "      - {name: w, type: A, value: 10.0.0.1}\n"
                           "      - {name: \"@\", type: MX, preference: 5, value: w}\n"
                           "actions:\n  - {at: 1s, host: pc, do: lookup, server: w.a.test}\n")},
    {"routed",
     TEXT_SEED("hosts:\n  a: {address: 10.0.1.1/24, gateway: r}\n"
               "  r: {kind: router, addresses: {x: 10.0.1.2/24, y: 10.0.2.2/24}}\n"
               "  b: {address: 10.0.2.1/24, gateway: r, tcp: {window: 2000, profile: freebsd}}\n"
               "links:\n  x: {ends: [a, r], mtu: 600, jitter: 1ms}\n  y: {ends: [r, b]}\n"
               "actions:\n  - {at: 0s, host: a, do: transfer, server: b, port: 9, send: 3000}\n")},
    {"switched", TEXT_SEED("hosts:\n  a: {address: 10.0.1.1/24}\n  s: {kind: switch}\n"
                           "  b: {address: \"fd00::1/64\"}\n  c: {address: \"fd00::2/64\"}\n"
                           "links:\n  x: {ends: [a, s]}\n  y: {ends: [s, b]}\n  z: {ends: [c, s]}\n"
                           "faults:\n  - {link: x, from: a, drop: 1, of: syn}\n"
                           "  - {link: z, do: delay, by: 1ms, occurrence: 2}\n"
                           "changes:\n  - {at: 1s, link: x, up: false}\n"
                           "actions:\n  - {at: 2s, host: b, do: ping, server: c, count: 2}\n")},
    {"mail",
     TEXT_SEED(LAN "services:\n"
                   "  ns: {name: mx.a.test, domains: [a.test], smtp: true, submission: true,\n"
                   "       retry: [1s, 5s], warn: 2s, expire: 20s, connections: 2, full: refuse,\n"
                   "       aliases: {team: [bob, x@b.test]}, subaddress: \"+\",\n"
                   "       lists: {club: {owner: bob, members: [bob, team]}},\n"
                   "       virtual: {v.test: {\"*\": bob}}, relay_networks: [10.0.0.0/24]}\n"
                   "users: [{name: bob, password: x, host: ns, quota: 900}]\n"
                   "actions:\n"
                   "  - {at: 0, host: pc, do: send, server: 10.0.0.2, port: 25,\n"
                   "     from: a@v.test, to: [club@a.test, bob+x@a.test, i@v.test]}\n")},
    {"policy",
     TEXT_SEED(LAN "services:\n"
                   "  ns: {domains: [a.test], smtp: true, relay_domains: [b.test],\n"
                   "       policy: {own_sender: true, greylist: {delay: 1s, window: 9s},\n"
                   "                rate: {window: 5s, connections: 3, messages: 2, at_once: 2},\n"
                   "                dnsbl: [bl.test], check: [helo, reverse, sender]}}\n"
                   "users: [{name: bob, password: x, host: ns}]\n"
                   "actions:\n"
                   "  - {at: 0, host: pc, do: find-relays, net: 10.0.0.0/30, at_once: 2}\n"
                   "  - {at: 1s, host: pc, do: bomb, server: 10.0.0.2, from: a@b.test,\n"
                   "     to: [bob@a.test, c@b.test], count: 9, pace: 100ms, at_once: 3}\n")},
    {NULL, NULL, 0}};

static void
hear(void *data, const struct world_event *e)
{
}

static void
see(void *data, const struct world_frame *f)
{
}

/* "fuzz.yaml:LINE: message". */
static void
check_refusal(const GError *error)
{
  g_assert_nonnull(error);
  g_assert_true(g_str_has_prefix(error->message, "fuzz.yaml:"));
  const char *line = error->message + strlen("fuzz.yaml:");
  g_assert_true(g_ascii_isdigit(*line) && strlen(line) > 8);
  g_assert_true(g_utf8_validate(error->message, -1, NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  static const struct world_sink sink = {.frame = see, .event = hear};
  static const struct world_limits limits = {.events = 20000, .waiting = 20000, .octets = 32 << 20};
  g_autoptr(GError) error = NULL;
  struct tree_node *tree = tree_parse((const char *)p, n, "fuzz.yaml", &error);
  if (!tree) {
    check_refusal(error);
    return 0;
  }
  struct world *w = world_new(1, &sink, NULL);
  struct net *net = net_new(w, tree, &error);
  struct mail *mail = net ? mail_new(net, tree, &error) : NULL;
  if (mail) {
    world_set_limits(w, &limits);
    world_run(w, MINUTE);
  } else {
    check_refusal(error);
  }
  mail_free(mail);
  if (net)
    net_free(net);
  world_free(w);
  tree_free(tree);
  return 0;
}
