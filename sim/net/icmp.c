/* SPDX-License-Identifier: GPL-3.0-or-later */
/* icmp.c -- echo, and reports of trouble, RFC 792 with the restraint of RFC 1122 3.2.2.
 *
 *   net_ping ─> echo ─────────> icmp_input: reply          a ping remembers when it asked
 *   icmp_error ─> unreachable, time exceeded ─> icmp_input ─> TCP or UDP of the sender
 *
 * Trouble with a packet that this very host made is told to its own TCP or UDP without a frame. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/host.h"

enum {
  ECHO_OCTETS = 56,         /* as ping(8) sends */
  ERROR_DATAGRAM_MAX = 576, /* RFC 1812 4.3.2.3 */
  PINGS_MAX = 65535,
};

struct ping {
  struct host *host;
  struct ip_addr to;
  uint16_t id;
  unsigned n_left, n_sent;
  int64_t interval_ns;
  int64_t last_ns; /* when the last question left */
  uint16_t last_seq;
};

static void
finish_icmp(uint8_t *q, size_t n)
{
  put_be16(q + 2, 0);
  put_be16(q + 2, checksum_finish(checksum_add(0, q, n)));
}

/* ---- trouble ---- */

static bool
is_icmp_error(const uint8_t *q, size_t n)
{
  return n >= 1 && q[0] != ICMP_TYPE_ECHO && q[0] != ICMP_TYPE_ECHO_REPLY;
}

/* Type and code on the wire, RFC 792 and RFC 1812 5.2.7. */
static const struct {
  uint8_t type, code;
} troubles[N_IP_TROUBLES] = {
    [IP_NO_NET] = {ICMP_TYPE_UNREACHABLE, ICMP_CODE_NET_UNREACHABLE},
    [IP_NO_HOST] = {ICMP_TYPE_UNREACHABLE, ICMP_CODE_HOST_UNREACHABLE},
    [IP_NO_PROTOCOL] = {ICMP_TYPE_UNREACHABLE, 2},
    [IP_NO_PORT] = {ICMP_TYPE_UNREACHABLE, ICMP_CODE_PORT_UNREACHABLE},
    [IP_TOO_BIG] = {ICMP_TYPE_UNREACHABLE, ICMP_CODE_FRAGMENTATION_NEEDED},
    [IP_SOURCE_ROUTE_FAILED] = {ICMP_TYPE_UNREACHABLE, 5},
    [IP_PROHIBITED] = {ICMP_TYPE_UNREACHABLE, 13},
    [IP_HOP_LIMIT] = {ICMP_TYPE_TIME_EXCEEDED, 0},
    [IP_REASSEMBLY] = {ICMP_TYPE_TIME_EXCEEDED, 1},
    [IP_PARAMETER] = {12, 0},
};

/* What an error says goes to the protocol whose packet it quotes. */
static void
tell_sender(struct host *h, struct ip_error *e, const uint8_t *quoted, size_t n)
{
  struct ipv4 ip;
  size_t header = ipv4_get(quoted, n, &ip);
  if (!header || n < header + 8)
    return;
  e->src = ip_addr_v4(ip.src);
  e->dst = ip_addr_v4(ip.dst);
  e->proto = ip.proto;
  e->quoted = quoted + header;
  e->n = (uint32_t)(n - header);
  if (ip.proto == IP_PROTO_TCP)
    socket_error(h, e);
  else if (ip.proto == IP_PROTO_UDP)
    udp_error(h, e);
  char text[ADDR_TEXT_MAX];
  host_log(h, "icmp", "ICMP type %u code %u about a packet to %s",
           "ICMP ชนิด %u รหัส %u แจ้งเรื่องแพ็กเก็ตที่ส่งถึง %s", e->type, e->code,
           ip_addr_format(&e->dst, text));
}

static void
error_came(struct host *h, const struct ip_addr *from, const struct icmp *icmp, const uint8_t *p,
           size_t n)
{
  for (unsigned i = 0; i < N_IP_TROUBLES; i++) {
    if (troubles[i].type != icmp->type || troubles[i].code != icmp->code)
      continue;
    struct ip_error e = {
        .trouble = (enum ip_trouble)i, .type = icmp->type, .code = icmp->code, .from = *from};
    e.mtu = i == IP_TOO_BIG ? icmp->rest & 0xffff : 0;
    tell_sender(h, &e, p, n);
    return;
  }
}

void
icmp_error(struct host *h, const struct packet *p, enum ip_trouble trouble, uint32_t rest)
{
  struct ipv4 ip;
  const uint8_t *quoted = p->octets + PACKET_IP;
  size_t header = ipv4_get(quoted, p->n - PACKET_IP, &ip);
  if (!header)
    return;
  size_t n = MIN(ip.total_octets, p->n - PACKET_IP);
  if (ip.fragment_offset > 0 || ip.dst[0] >= 224 || ip.src[0] == 0 || ip.src[0] >= 224 ||
      (ip.proto == IP_PROTO_ICMP && is_icmp_error(quoted + header, n - header)))
    return;
  struct ip_addr to = ip_addr_v4(ip.src);
  uint8_t type = troubles[trouble].type, code = troubles[trouble].code;
  if (host_has_addr(h, &to)) {
    struct ip_error e = {.trouble = trouble, .type = type, .code = code};
    e.mtu = trouble == IP_TOO_BIG ? rest : 0;
    tell_sender(h, &e, quoted, n);
    return;
  }
  n = MIN(n, (size_t)ERROR_DATAGRAM_MAX - IPV4_OCTETS - ICMP_OCTETS);
  struct packet *e = packet_new(h->net, h->index, ICMP_OCTETS + n);
  uint8_t *q = packet_payload(e);
  icmp_put(q, &(struct icmp){.type = type, .code = code, .rest = rest});
  memcpy(q + ICMP_OCTETS, quoted, n);
  finish_icmp(q, ICMP_OCTETS + n);
  ip_send(h, &(struct ip_sending){.dst = to, .proto = IP_PROTO_ICMP}, e, ICMP_OCTETS + n);
}

/* ---- echo ---- */

static void
ping_once(void *data)
{
  struct ping *ping = data;
  struct host *h = ping->host;
  struct world *w = h->net->world;
  ping->n_left--;
  ping->last_seq = (uint16_t)++ping->n_sent;
  ping->last_ns = world_now(w);
  struct packet *p = packet_new(h->net, h->index, ICMP_OCTETS + ECHO_OCTETS);
  uint8_t *q = packet_payload(p);
  icmp_put(
      q, &(struct icmp){.type = ICMP_TYPE_ECHO, .rest = (uint32_t)ping->id << 16 | ping->last_seq});
  for (unsigned i = 0; i < ECHO_OCTETS; i++)
    q[ICMP_OCTETS + i] = (uint8_t)(0x10 + i);
  finish_icmp(q, ICMP_OCTETS + ECHO_OCTETS);
  struct ip_sending sending = {.dst = ping->to, .proto = IP_PROTO_ICMP};
  if (!ip_send(h, &sending, p, ICMP_OCTETS + ECHO_OCTETS)) {
    char text[ADDR_TEXT_MAX];
    host_log(h, "ping", "no route to %s", "ไม่มีเส้นทางไปยัง %s", ip_addr_format(&ping->to, text));
  }
  if (ping->n_left > 0)
    world_at(w, world_now(w) + ping->interval_ns, WORLD_APP, h->index, ping_once, ping);
}

void
net_ping(struct net *n, uint32_t host, const struct ip_addr *to, unsigned count,
         int64_t interval_ns)
{
  struct host *h = n->hosts[host];
  if (count == 0)
    return;
  if (!h->pings)
    h->pings = g_ptr_array_new_with_free_func(g_free);
  struct ping *ping = g_new0(struct ping, 1);
  ping->host = h;
  ping->to = *to;
  ping->id = (uint16_t)random_next(&h->icmp_ids);
  ping->n_left = MIN(count, PINGS_MAX);
  ping->interval_ns = MAX(interval_ns, 0);
  g_ptr_array_add(h->pings, ping);
  world_at(n->world, world_now(n->world), WORLD_APP, host, ping_once, ping);
}

static void
echo_reply_came(struct host *h, const struct ip_addr *from, uint32_t rest)
{
  for (unsigned i = 0; h->pings && i < h->pings->len; i++) {
    const struct ping *ping = h->pings->pdata[i];
    if (ping->id != rest >> 16 || !ip_addr_equal(&ping->to, from))
      continue;
    char subject[ADDR_TEXT_MAX + 8], addr[ADDR_TEXT_MAX], seq[8];
    g_snprintf(subject, sizeof subject, "ping %s", ip_addr_format(from, addr));
    g_snprintf(seq, sizeof seq, "%u", rest & 0xffff);
    if ((rest & 0xffff) == ping->last_seq)
      world_emit(h->net->world, h->index, subject, seq, "rtt_us=%" G_GINT64_FORMAT,
                 (world_now(h->net->world) - ping->last_ns) / 1000);
    else
      world_emit(h->net->world, h->index, subject, seq, "late");
  }
}

/* The question turns round with its data: type, addresses and checksums change. */
static void
reply(struct host *h, const struct ip_datagram *d)
{
  struct packet *r = packet_new(h->net, h->index, d->n);
  uint8_t *q = packet_payload(r);
  memcpy(q, d->payload, d->n);
  q[0] = ICMP_TYPE_ECHO_REPLY;
  finish_icmp(q, d->n);
  struct ip_sending sending = {.src = d->dst, .dst = d->src, .proto = IP_PROTO_ICMP};
  ip_send(h, &sending, r, d->n);
}

void
icmp_input(struct iface *at, struct packet *p, const struct ip_datagram *d)
{
  struct host *h = at->host;
  struct icmp icmp;
  if (!icmp_get(d->payload, d->n, &icmp) || checksum_finish(checksum_add(0, d->payload, d->n)) != 0)
    host_log(h, "icmp", "bad checksum: packet dropped", "เช็กซัมไม่ถูกต้อง จึงทิ้งแพ็กเก็ต");
  else if (icmp.type == ICMP_TYPE_ECHO)
    reply(h, d);
  else if (icmp.type == ICMP_TYPE_ECHO_REPLY)
    echo_reply_came(h, &d->src, icmp.rest);
  else
    error_came(h, &d->src, &icmp, d->payload + ICMP_OCTETS, d->n - ICMP_OCTETS);
  packet_free(h->net, p);
}

void
icmp_clear(struct host *h)
{
  if (h->pings)
    g_ptr_array_free(h->pings, TRUE);
}
