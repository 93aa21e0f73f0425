/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-traffic.c -- the verbs of a timeline that make traffic: what arrives, how connections end,
 * in which order actions run, and what is refused. */
#include <string.h>

#include "capture/wire/frame.h"
#include "capture/wire/tcp.h"
#include "sim/net/traffic.h"
#include "tests/net/rig.h"

#define SECOND INT64_C(1000000000)
#define ACT "actions:\n  - {id: x, at: 1s, host: pc, do: "

struct bench {
  struct rig rig;
  struct tree_node *list;
  struct traffic *traffic;
  struct actions *actions;
};

static const char network[] =
    RIG_ROUTED(", dns: router", "",
               ", rate: 20Mbit/s, delay: 8ms") "zones:\n  bob.test: {server: router, records: "
                                               "[{name: www, value: server}]}\n"
                                               "  1.0.10.in-addr.arpa: {server: router, records: "
                                               "[{name: '10', type: PTR, value: pc.test.}]}\n";

/* The error of the actions, or NULL when they were taken. */
static char *
begin(struct bench *b, const char *actions)
{
  GError *error = NULL;
  rig_init(&b->rig, network, 1);
  b->list = tree_parse(actions, strlen(actions), "a.yaml", &error);
  g_assert_no_error(error);
  b->traffic = traffic_new(b->rig.net);
  const struct action_table table = traffic_table(b->traffic);
  b->actions = actions_new(b->rig.net, tree_get(b->list, "actions"), &table, 1, &error);
  char *message = error ? g_strdup(error->message) : NULL;
  g_clear_error(&error);
  return message;
}

static void
run(struct bench *b, const char *actions)
{
  g_autofree char *message = begin(b, actions);
  g_assert_cmpstr(message, ==, NULL);
  rig_run(&b->rig, 400 * SECOND);
}

static void
end(struct bench *b)
{
  if (b->actions)
    actions_free(b->actions);
  traffic_free(b->traffic);
  tree_free(b->list);
  rig_clear(&b->rig);
}

static void
assert_value(const struct bench *b, const char *host, const char *subject, const char *key,
             const char *want)
{
  g_assert_cmpstr(rig_value(&b->rig, host, subject, key), ==, want);
}

/* TCP segments with all of `flags`, and none of `without`, that a host made. */
static unsigned
count(const struct bench *b, const char *host, uint8_t flags, uint8_t without)
{
  unsigned n = 0;
  for (unsigned i = 0; i < b->rig.frames->len; i++) {
    const struct world_frame *f = rig_frame_at(&b->rig, i);
    struct frame_layers l;
    frame_walk(LINK_ETHERNET, f->octets, f->n_octets, &l);
    if (!f->is_sender || f->from_host != rig_host(&b->rig, host) || l.ip_proto != IP_PROTO_TCP)
      continue;
    uint8_t have = f->octets[l.transport_offset + 13];
    n += (have & flags) == flags && (have & without) == 0;
  }
  return n;
}

static void
test_both_ways(void)
{
  static const char *const closings[] = {"client", "server", "both", "half"};
  for (unsigned i = 0; i < G_N_ELEMENTS(closings); i++) {
    struct bench b;
    g_autofree char *actions =
        g_strdup_printf(ACT "transfer, server: server, port: 5000, send: 100000, receive: 70000, "
                            "wait: 500ms, close: %s}\n",
                        closings[i]);
    run(&b, actions);
    assert_value(&b, "pc", "action", "x", "done");
    assert_value(&b, "server", "transfer x", "received", "100000");
    assert_value(&b, "pc", "transfer x", "received", "70000");
    assert_value(&b, "pc", "transfer x", "end", "closed");
    assert_value(&b, "server", "transfer x", "end", "closed");
    g_assert_cmpuint(count(&b, "pc", TCP_FIN, 0), ==, 1);
    g_assert_cmpuint(count(&b, "server", TCP_FIN, 0), ==, 1);
    g_assert_cmpuint(count(&b, "pc", TCP_RST, 0) + count(&b, "server", TCP_RST, 0), ==, 0);
    end(&b);
  }
}

/* After its FIN the client still takes 70000 octets: none of its segments but ACKs may follow. */
static void
test_half_close_leaves_the_other_way_open(void)
{
  struct bench b;
  run(&b, ACT "transfer, server: server, port: 5000, send: 10, receive: 70000, close: half}\n");
  bool fin_seen = false;
  unsigned behind = 0;
  for (unsigned i = 0; i < b.rig.frames->len; i++) {
    const struct world_frame *f = rig_frame_at(&b.rig, i);
    struct frame_layers l;
    frame_walk(LINK_ETHERNET, f->octets, f->n_octets, &l);
    if (l.ip_proto != IP_PROTO_TCP || !f->is_sender)
      continue;
    bool from_pc = f->from_host == rig_host(&b.rig, "pc");
    fin_seen = fin_seen || (from_pc && f->octets[l.transport_offset + 13] & TCP_FIN);
    behind += fin_seen && !from_pc ? l.payload_octets : 0;
  }
  g_assert_cmpuint(behind, ==, 70000);
  end(&b);
}

static void
test_aborts_and_refusals(void)
{
  struct bench b;
  run(&b, ACT "transfer, server: server, port: 5000, send: 500, wait: 1s, close: abort}\n"
              "  - {id: y, after: x, host: pc, do: transfer, server: server, port: 5000, receive: "
              "500, wait: 1s, close: server-abort}\n"
              "  - {id: z, after: y, host: pc, do: transfer, server: server, port: 5001, listen: "
              "false}\n"
              "  - {id: w, after: z, host: pc, do: transfer, server: 10.9.9.9, port: 5001}\n");
  assert_value(&b, "pc", "action", "x", "done");
  assert_value(&b, "server", "transfer x", "end", "reset");
  assert_value(&b, "pc", "action", "y", "done");
  assert_value(&b, "pc", "transfer y", "end", "reset");
  assert_value(&b, "pc", "action", "z", "failed");
  assert_value(&b, "pc", "transfer z", "end", "refused");
  assert_value(&b, "pc", "action", "w", "failed");
  assert_value(&b, "pc", "transfer w", "end", "unreachable");
  end(&b);
}

static void
test_reader_stops_and_goes_on(void)
{
  struct bench b;
  run(&b,
      ACT "transfer, server: server, port: 5000, send: 300000, pause: {after: 60000, for: 5s}}\n");
  assert_value(&b, "pc", "action", "x", "done");
  assert_value(&b, "server", "transfer x", "received", "300000");
  assert_value(&b, "server", "transfer x", "reading", "yes");
  end(&b);
}

static void
test_the_same_ports_again(void)
{
  struct bench b;
  run(&b,
      ACT "transfer, server: server, port: 5000, local_port: 40000, send: 10, close: server}\n"
          "  - {id: y, after: x, delay: 2s, host: pc, do: transfer, server: server, port: 5000, "
          "local_port: 40000, send: 10}\n");
  assert_value(&b, "pc", "action", "x", "done");
  assert_value(&b, "pc", "action", "y", "done");
  g_assert_nonnull(rig_value(&b.rig, "pc", "tcp 10.0.1.10:40000 10.0.2.25:5000", "state"));
  end(&b);
}

static void
test_pieces(void)
{
  struct bench b;
  run(&b, ACT "transfer, server: server, port: 5000, send: 50, piece: 10, every: 1s}\n");
  assert_value(&b, "pc", "action", "x", "done");
  g_assert_cmpuint(count(&b, "pc", TCP_PSH, 0), ==, 5);
  end(&b);
}

static void
test_lookup_ping_datagrams(void)
{
  struct bench b;
  run(&b, ACT "lookup, server: www.bob.test}\n"
              "  - {id: y, at: 2s, host: pc, do: lookup, server: 10.0.1.10}\n"
              "  - {id: z, at: 3s, host: pc, do: lookup, server: none.bob.test, type: mx}\n"
              "  - {id: p, at: 4s, host: pc, do: ping, server: www.bob.test, count: 2}\n"
              "  - {id: d, at: 9s, host: pc, do: datagrams, server: server, port: 99, count: 3}\n");
  assert_value(&b, "pc", "lookup www.bob.test A", "1", "10.0.2.25 ttl=3600");
  assert_value(&b, "pc", "lookup 10.1.0.10.in-addr.arpa PTR", "1", "pc.test ttl=3600");
  assert_value(&b, "pc", "lookup none.bob.test MX", "1", "NXDOMAIN");
  assert_value(&b, "pc", "action", "z", "failed");
  g_assert_nonnull(rig_value(&b.rig, "pc", "ping 10.0.2.25", "2"));
  assert_value(&b, "pc", "action", "d", "done");
  end(&b);
}

static void
test_what_is_refused(void)
{
  static const struct {
    const char *actions, *says;
  } cases[] = {
      {ACT "transfer, server: server}\n", "port"},
      {ACT "transfer, port: 7}\n", "`server`"},
      {ACT "transfer, server: server, port: 7, close: slowly}\n", "server-abort"},
      {ACT "transfer, server: server, port: 7, pause: 3s}\n", "{who: server"},
      {ACT "transfer, server: server, port: 7, pause: {who: me, for: 1s}}\n", "client or server"},
      {ACT "transfer, server: server, port: 7, family: 5}\n", "4 or 6"},
      {ACT "transfer, server: server, port: 70000}\n", "65535"},
      {ACT "transfer, server: server, port: 7, sned: 5}\n", "send"},
      {ACT "lookup, server: x, type: Q}\n", "AAAA"},
      {ACT "sing, server: x}\n", "transfer, lookup, ping"},
      {"actions:\n  - {host: nobody, do: ping, server: pc}\n", "nobody"},
      {"actions:\n  - {host: pc, do: ping, server: pc, after: q}\n", "\"q\""},
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct bench b;
    g_autofree char *message = begin(&b, cases[i].actions);
    g_assert_nonnull(message);
    g_assert_true(g_str_has_prefix(message, "a.yaml:2: "));
    g_assert_nonnull(strstr(message, cases[i].says));
    end(&b);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/traffic/both-ways", test_both_ways);
  g_test_add_func("/traffic/half-close-leaves-the-other-way-open",
                  test_half_close_leaves_the_other_way_open);
  g_test_add_func("/traffic/aborts-and-refusals", test_aborts_and_refusals);
  g_test_add_func("/traffic/reader-stops-and-goes-on", test_reader_stops_and_goes_on);
  g_test_add_func("/traffic/the-same-ports-again", test_the_same_ports_again);
  g_test_add_func("/traffic/pieces", test_pieces);
  g_test_add_func("/traffic/lookup-ping-datagrams", test_lookup_ping_datagrams);
  g_test_add_func("/traffic/what-is-refused", test_what_is_refused);
  return g_test_run();
}
