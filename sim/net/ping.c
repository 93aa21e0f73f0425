/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ping.c -- asks a host whether it is there, with ICMP or ICMPv6 echo: RFC 792, RFC 4443 4.1.
 *
 *   net_ping ─> question 1, 2, … at the interval ─answer─> event "ping ADDR" SEQ "rtt_us=… ttl=…"
 *                                                └error──> … "too-big from=10.0.1.1"
 *   after the last answer, or a second after the last question: done(answers) */
#include "sim/net/ping.h"

#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/nd.h"

enum {
  PINGS_MAX = 65535,
  TIMES_MAX = 64, /* questions whose time is remembered */
};
#define WAIT_NS (INT64_C(1) * 1000000000)

struct ping {
  struct host *host;
  struct ping_request want;
  uint16_t id;
  unsigned n_sent, n_answers;
  bool is_done;
  int64_t sent_ns[TIMES_MAX];
  uint64_t answered[TIMES_MAX / 64];
};

bool
ping_send(struct host *h, const struct ip_sending *to, uint16_t id, uint16_t seq, uint32_t n)
{
  struct ip_sending s = *to;
  bool is_v6 = s.dst.version == 6;
  s.proto = is_v6 ? IP_PROTO_ICMPV6 : IP_PROTO_ICMP;
  if (s.src.version == 0)
    s.src = ip_source(h, &s.dst);
  struct packet *p = packet_new(h->net, h->index, ICMP_OCTETS + n);
  uint8_t *q = packet_payload(p);
  icmp_put(q, &(struct icmp){.type = is_v6 ? (uint8_t)ICMP6_ECHO : (uint8_t)ICMP_TYPE_ECHO,
                             .rest = (uint32_t)id << 16 | seq});
  for (uint32_t i = 0; i < n; i++)
    q[ICMP_OCTETS + i] = (uint8_t)(0x10 + i);
  uint32_t sum = is_v6 ? checksum_pseudo(&s.src, &s.dst, s.proto, ICMP_OCTETS + n) : 0;
  put_be16(q + 2, checksum_finish(checksum_add(sum, q, ICMP_OCTETS + n)));
  return ip_send(h, &s, p, ICMP_OCTETS + n);
}

static void
tell(const struct ping *ping, unsigned seq, const char *value)
{
  char subject[ADDR_TEXT_MAX + 8], addr[ADDR_TEXT_MAX], key[8];
  g_snprintf(subject, sizeof subject, "ping %s", ip_addr_format(&ping->want.to, addr));
  g_snprintf(key, sizeof key, "%u", seq & 0xffff);
  world_emit(ping->host->net->world, ping->host->index, subject, key, "%s", value);
}

static void
finish(struct ping *ping)
{
  if (ping->is_done)
    return;
  ping->is_done = true;
  if (ping->want.done)
    ping->want.done(ping->want.data, ping->n_answers);
}

static void
wait_is_over(void *data)
{
  finish(data);
}

static void
ask(void *data)
{
  struct ping *ping = data;
  struct host *h = ping->host;
  struct world *w = h->net->world;
  const struct ping_request *want = &ping->want;
  unsigned seq = ++ping->n_sent;
  ping->sent_ns[seq % TIMES_MAX] = world_now(w);
  ping->answered[seq % TIMES_MAX / 64] &= ~(UINT64_C(1) << seq % 64);
  struct ip_sending s = {.dst = want->to,
                         .ttl = want->ttl,
                         .df = want->df,
                         .options = want->options,
                         .n_options = want->n_options};
  if (!ping_send(h, &s, ping->id, (uint16_t)seq, want->size))
    tell(ping, seq, "not-sent");
  if (ping->n_sent < want->count)
    world_at(w, world_now(w) + want->interval_ns, WORLD_APP, h->index, ask, ping);
  else
    world_at(w, world_now(w) + WAIT_NS, WORLD_APP, h->index, wait_is_over, ping);
}

void
net_ping_with(struct net *n, uint32_t host, const struct ping_request *want)
{
  struct host *h = n->hosts[host];
  if (want->count == 0)
    return;
  if (!h->pings)
    h->pings = g_ptr_array_new_with_free_func(g_free);
  struct ping *ping = g_new0(struct ping, 1);
  ping->host = h;
  ping->want = *want;
  ping->want.count = MIN(want->count, PINGS_MAX);
  ping->want.interval_ns = MAX(want->interval_ns, 0);
  ping->want.size = MIN(want->size, PING_SIZE_MAX);
  ping->id = (uint16_t)random_next(&h->icmp_ids);
  g_ptr_array_add(h->pings, ping);
  world_at(n->world, world_now(n->world), WORLD_APP, host, ask, ping);
}

void
net_ping(struct net *n, uint32_t host, const struct ip_addr *to, unsigned count,
         int64_t interval_ns)
{
  net_ping_with(n, host,
                &(struct ping_request){
                    .to = *to, .count = count, .interval_ns = interval_ns, .size = PING_SIZE});
}

static struct ping *
find(struct host *h, uint32_t rest)
{
  for (unsigned i = 0; h->pings && i < h->pings->len; i++) {
    struct ping *ping = h->pings->pdata[i];
    if (ping->id == rest >> 16 && (rest & 0xffff) <= ping->n_sent && (rest & 0xffff) > 0)
      return ping;
  }
  return NULL;
}

void
ping_answer(struct host *h, const struct ip_datagram *d, uint32_t rest)
{
  struct ping *ping = find(h, rest);
  unsigned seq = rest & 0xffff;
  if (!ping || seq + TIMES_MAX <= ping->n_sent) {
    traceroute_answer(h, d, rest);
    return;
  }
  uint64_t *answered = &ping->answered[seq % TIMES_MAX / 64], bit = UINT64_C(1) << seq % 64;
  char value[64];
  if (*answered & bit) {
    g_snprintf(value, sizeof value, "again");
  } else {
    int64_t rtt_ns = world_now(h->net->world) - ping->sent_ns[seq % TIMES_MAX];
    g_snprintf(value, sizeof value, "rtt_us=%" G_GINT64_FORMAT " ttl=%u", rtt_ns / 1000, d->ttl);
    ping->n_answers++;
  }
  *answered |= bit;
  tell(ping, seq, value);
  if (ping->n_answers == ping->want.count)
    finish(ping);
}

const char *
ip_trouble_name(enum ip_trouble trouble)
{
  static const char *const names[N_IP_TROUBLES] = {[IP_NO_NET] = "no-route",
                                                   [IP_NO_HOST] = "no-host",
                                                   [IP_NO_PROTOCOL] = "no-protocol",
                                                   [IP_NO_PORT] = "no-port",
                                                   [IP_TOO_BIG] = "too-big",
                                                   [IP_SOURCE_ROUTE_FAILED] = "source-route-failed",
                                                   [IP_PROHIBITED] = "prohibited",
                                                   [IP_HOP_LIMIT] = "hop-limit",
                                                   [IP_REASSEMBLY] = "reassembly",
                                                   [IP_PARAMETER] = "parameter",
                                                   [IP_UNKNOWN_HEADER] = "unknown-header",
                                                   [IP_UNKNOWN_OPTION] = "unknown-option",
                                                   [IP_INCOMPLETE_HEADERS] = "incomplete-headers",
                                                   [IP_BEYOND_SCOPE] = "beyond-scope"};
  return names[trouble];
}

void
ping_error(struct host *h, const struct ip_error *e)
{
  uint32_t rest = e->n >= ICMP_OCTETS ? get_be32(e->quoted + 4) : 0;
  struct ping *ping = find(h, rest);
  if (!ping || !ip_addr_equal(&ping->want.to, &e->dst)) {
    traceroute_error(h, e);
    return;
  }
  char from[ADDR_TEXT_MAX], value[ADDR_TEXT_MAX + 64];
  struct ip_addr here = e->from.version ? e->from : e->src;
  ip_addr_format(&here, from);
  if (e->trouble == IP_TOO_BIG)
    g_snprintf(value, sizeof value, "%s mtu=%u from=%s", ip_trouble_name(e->trouble), e->mtu, from);
  else
    g_snprintf(value, sizeof value, "%s from=%s", ip_trouble_name(e->trouble), from);
  tell(ping, rest & 0xffff, value);
}

void
ping_clear(struct host *h)
{
  if (h->pings)
    g_ptr_array_free(h->pings, TRUE);
}
