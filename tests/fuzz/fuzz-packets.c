/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-packets.c -- arbitrary packets come to a host from its neighbour, of either family.
 *
 *     first octet: 0 IPv4, else IPv6; then packets: what (1), octets (2, big endian), those octets
 *     what: bits 0..1 EtherType of IPv4, IPv6 or ARP, or the octets are a whole frame;
 *           bit 2 the checksums of IP and transport are made right; bit 3 a second passes behind it
 *
 * The host listens, answers echo, discard and chargen, and has a connection of its own under way.
 * Nothing may break, and nothing may go on for ever. */
#include <glib.h>
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/tcp.h"
#include "sim/net/host.h"
#include "tests/fuzz/fuzz.h"

enum { PACKETS_MAX = 64, PACKET_OCTETS_MAX = 1500, MADE_RIGHT = 4, SECOND_LATER = 8 };
#define SECOND INT64_C(1000000000)

#define IP4(n, proto) "\x45\0\0" n "\0\1\0\0\x40" proto "\0\0\x0a\0\0\2\x0a\0\0\1"
#define IP6(n, next)                                                                               \
  "\x60\0\0\0\0" n next "\x40"                                                                     \
  "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2"                                                             \
  "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
#define SYN "\x10\0\0\x19\0\0\0\1\0\0\0\0\x60\2\xff\xff\0\0\0\0\2\4\5\xb4"
#define ACK "\x10\0\0\x19\0\0\0\2\0\0\0\1\x50\x18\xff\xff\0\0\0\0"

const struct fuzz_seed fuzz_seeds[] = {
    {"echo-4", TEXT_SEED("\0\4\0\x1d" IP4("\x1d", "\1") "\x08\0\0\0\0\1\0\1x")},
    {"echo-6", TEXT_SEED("\1\5\0\x31" IP6("\x09", "\x3a") "\x80\0\0\0\0\1\0\1x")},
    {"tcp-4", TEXT_SEED("\0\4\0\x2c" IP4("\x2c", "\6") SYN "\4\0\x2a" IP4("\x2a", "\6") ACK "hi")},
    {"tcp-6", TEXT_SEED("\1\5\0\x40" IP6("\x18", "\6") SYN "\5\0\x3e" IP6("\x16", "\6") ACK "hi")},
    {"udp-4", TEXT_SEED("\0\4\0\x1e" IP4("\x1e", "\x11") "\x10\0\0\7\0\x0a\0\0hi")},
    {"fragments-4",
     TEXT_SEED(
         "\0\4\0\x1c\x45\0\0\x1c\0\1\x20\0\x40\x11\0\0\x0a\0\0\2\x0a\0\0\1\x10\0\0\7\0\x0a\0\0"
         "\4\0\x16\x45\0\0\x16\0\1\0\1\x40\x11\0\0\x0a\0\0\2\x0a\0\0\1hi")},
    {"fragment-6",
     TEXT_SEED("\1\5\0\x38" IP6("\x10", "\x2c") "\x11\0\0\1\0\0\0\1\x10\0\0\7\0\x0a\0\0")},
    {"options-4",
     TEXT_SEED("\0\4\0\x24\x47\0\0\x24\0\1\0\0\x40\1\0\0\x0a\0\0\2\x0a\0\0\1\7\7\4\0\0\0\0\0"
               "\x08\0\0\0\0\1\0\1")},
    {"extension-6",
     TEXT_SEED("\1\5\0\x38" IP6("\x10", "\0") "\x3a\0\5\2\0\0\1\0\x80\0\0\0\0\1\0\1")},
    {"unreachable-4",
     TEXT_SEED("\0\4\0\x38" IP4("\x38", "\1") "\3\4\0\0\0\0\5\0" IP4("\x28", "\6") SYN)},
    {"too-big-6", TEXT_SEED("\1\5\0\x60" IP6("\x38", "\x3a") "\2\0\0\0\0\0\5\0" IP6(
                      "\x18", "\6") "\x10\0\0\x19\0\0\0\1")},
    {"solicitation-6",
     TEXT_SEED("\1\5\0\x48\x60\0\0\0\0\x20\x3a\xff\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
               "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x87\0\0\0\0\0\0\0"
               "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\1\2\0\0\0\2\0")},
    {"arp", TEXT_SEED("\0\2\0\x1c\0\1\x08\0\6\4\0\1\2\0\0\0\2\0\x0a\0\0\2\0\0\0\0\0\0\x0a\0\0\1")},
    {NULL, NULL, 0}};

static const char *const scenarios[2] = {
    "hosts:\n"
    "  h: {address: 10.0.0.1/24, small_services: [echo, discard, chargen]}\n"
    "  o: {address: 10.0.0.2/24}\n"
    "links:\n  l: {ends: [h, o]}\n"
    "limits: {events: 200000, memory: 64}\n",
    "hosts:\n"
    "  h: {address: \"fd00::1/64\", small_services: [echo, discard, chargen]}\n"
    "  o: {address: \"fd00::2/64\"}\n"
    "links:\n  l: {ends: [h, o]}\n"
    "limits: {events: 200000, memory: 64}\n"};

/* ---- an application that sends back what comes ---- */

static void
echo(void *data, struct conn *c, const uint8_t *p, size_t n)
{
  conn_send(c, p, n);
}

static void
ended(void *data, struct conn *c, enum conn_end how)
{
  if (how == CONN_CLOSED_BY_PEER)
    conn_close(c);
}

static const struct conn_ops ops = {.received = echo, .ended = ended};

static void
accepted(void *data, struct conn *c, const struct conn_ops **out, void **conn_data)
{
  *out = &ops;
}

static void
hear(void *data, const struct world_event *e)
{
  /* so that the states are formatted and TCP's invariants looked at */
}

/* ---- a packet on its way ---- */

static uint16_t
transport_sum(const uint8_t *addresses, size_t n_addresses, uint8_t proto, const uint8_t *p,
              size_t n)
{
  uint8_t pseudo[4] = {0, proto, (uint8_t)(n >> 8), (uint8_t)n};
  uint32_t sum = checksum_add(checksum_add(0, addresses, n_addresses), pseudo, sizeof pseudo);
  return checksum_finish(checksum_add(sum, p, n));
}

static void
make_transport_right(uint8_t *p, size_t n, uint8_t proto, const uint8_t *addresses,
                     size_t n_addresses)
{
  size_t at = proto == IP_PROTO_TCP                                ? 16
              : proto == IP_PROTO_UDP                              ? 6
              : proto == IP_PROTO_ICMP || proto == IP_PROTO_ICMPV6 ? 2
                                                                   : n;
  if (at + 2 > n)
    return;
  put_be16(p + at, 0);
  put_be16(p + at, proto == IP_PROTO_ICMP ? checksum_finish(checksum_add(0, p, n))
                                          : transport_sum(addresses, n_addresses, proto, p, n));
}

static void
make_right(uint8_t *p, size_t n)
{
  if (n >= IPV6_OCTETS && p[0] >> 4 == 6) {
    make_transport_right(p + IPV6_OCTETS, n - IPV6_OCTETS, p[6], p + 8, 32);
    return;
  }
  size_t header = n >= IPV4_OCTETS && p[0] >> 4 == 4 ? (size_t)(p[0] & 15) * 4 : 0;
  if (header < IPV4_OCTETS || header > n)
    return;
  make_transport_right(p + header, n - header, p[9], p + 12, 8);
  put_be16(p + 10, 0);
  put_be16(p + 10, checksum_finish(checksum_add(0, p, header)));
}

static void
bring(struct net *n, uint8_t what, const uint8_t *octets, size_t n_octets)
{
  static const uint16_t types[] = {ETHER_IPV4, ETHER_IPV6, ETHER_ARP};
  struct iface *at = &n->hosts[0]->ifaces[0], *from = &n->hosts[1]->ifaces[0];
  struct packet *p = packet_new(n, 1, n_octets + ETH_MIN_PAYLOAD);
  memset(p->octets, 0, ETH_OCTETS + n_octets + ETH_MIN_PAYLOAD);
  if ((what & 3) == 3) {
    memcpy(p->octets, octets, n_octets);
    p->n = (uint32_t)MAX(n_octets, (size_t)ETH_OCTETS + ETH_MIN_PAYLOAD);
  } else {
    struct eth e = {.type = types[what & 3]};
    memcpy(e.dst, at->mac, 6);
    memcpy(e.src, from->mac, 6);
    eth_put(p->octets, &e);
    memcpy(p->octets + ETH_OCTETS, octets, n_octets);
    if (what & MADE_RIGHT)
      make_right(p->octets + ETH_OCTETS, n_octets);
    p->n = (uint32_t)(ETH_OCTETS + MAX(n_octets, (size_t)ETH_MIN_PAYLOAD));
  }
  host_input(at, p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  static const struct world_sink sink = {.event = hear};
  if (n == 0)
    return 0;
  const char *text = scenarios[p[0] != 0];
  struct tree_node *tree = tree_parse(text, strlen(text), "fuzz", NULL);
  struct world *w = world_new(1, &sink, NULL);
  g_assert_true(world_read_limits(w, tree, NULL));
  struct net *net = net_new(w, tree, NULL);
  g_assert_nonnull(net);
  net_listen(net, 0, 25, accepted, NULL);
  struct ip_addr to = net_host_info(net, 1).addr;
  net_connect(net, 0, &to, 110, &ops, NULL);
  world_run(w, 2 * SECOND);
  size_t at = 1;
  for (unsigned i = 0; i < PACKETS_MAX && at + 3 <= n; i++) {
    uint8_t what = p[at];
    size_t octets = MIN(get_be16(p + at + 1), n - at - 3);
    octets = MIN(octets, (size_t)PACKET_OCTETS_MAX);
    bring(net, what, p + at + 3, octets);
    world_run(w, world_now(w) + (what & SECOND_LATER ? SECOND : SECOND / 1000));
    at += 3 + octets;
  }
  world_run(w, world_now(w) + 3600 * SECOND);
  g_assert_false(world_hit_limit(w));
  net_free(net);
  world_free(w);
  tree_free(tree);
  return 0;
}
