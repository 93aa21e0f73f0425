/* SPDX-License-Identifier: GPL-3.0-or-later */
/* icmp.c -- echo's answers, and reports of trouble, RFC 792 with the restraint of RFC 1122 3.2.2
 * and RFC 1812 4.3. Questions are ping.c's.
 *
 *   icmp_error ─> unreachable, time exceeded, parameter problem ─> icmp_input ─> TCP, UDP, ping
 *              └─ IPv6: icmp6.c
 *
 * Trouble with a packet that this very host made is told to its own transport without a frame. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/nd.h"
#include "sim/net/ping.h"

enum {
  ERROR_DATAGRAM_MAX = 576, /* RFC 1812 4.3.2.3 */
  REPORTS_MAX = 50,         /* errors at once … */
};
#define REPORT_EVERY_NS (INT64_C(10) * 1000000) /* … and one more each 10 ms */

static void
finish_icmp(uint8_t *q, size_t n)
{
  put_be16(q + 2, 0);
  put_be16(q + 2, checksum_finish(checksum_add(0, q, n)));
}

bool
icmp_may_report(struct host *h)
{
  int64_t now = world_now(h->net->world);
  int64_t fresh = (now - h->reports_ns) / REPORT_EVERY_NS;
  if (fresh > 0) {
    h->n_reports = (uint32_t)MIN(fresh + h->n_reports, (int64_t)REPORTS_MAX);
    h->reports_ns += fresh * REPORT_EVERY_NS;
  }
  if (h->n_reports == 0) {
    host_log(h, "icmp", "too many errors in a short time: this one is not reported",
             "มีข้อผิดพลาดมากเกินไปในเวลาสั้น ๆ จึงไม่แจ้งรายการนี้");
    return false;
  }
  h->n_reports--;
  return true;
}

/* ---- trouble of ours ---- */

/* Type and code on the wire, RFC 792 and RFC 1812 5.2.7. */
static const struct {
  uint8_t type, code;
} troubles[N_IP_TROUBLES] = {
    [IP_NO_NET] = {ICMP_TYPE_UNREACHABLE, ICMP_CODE_NET_UNREACHABLE},
    [IP_NO_HOST] = {ICMP_TYPE_UNREACHABLE, ICMP_CODE_HOST_UNREACHABLE},
    [IP_NO_PROTOCOL] = {ICMP_TYPE_UNREACHABLE, ICMP_CODE_PROTOCOL_UNREACHABLE},
    [IP_NO_PORT] = {ICMP_TYPE_UNREACHABLE, ICMP_CODE_PORT_UNREACHABLE},
    [IP_TOO_BIG] = {ICMP_TYPE_UNREACHABLE, ICMP_CODE_FRAGMENTATION_NEEDED},
    [IP_SOURCE_ROUTE_FAILED] = {ICMP_TYPE_UNREACHABLE, ICMP_CODE_SOURCE_ROUTE_FAILED},
    [IP_PROHIBITED] = {ICMP_TYPE_UNREACHABLE, ICMP_CODE_PROHIBITED},
    [IP_HOP_LIMIT] = {ICMP_TYPE_TIME_EXCEEDED, 0},
    [IP_REASSEMBLY] = {ICMP_TYPE_TIME_EXCEEDED, 1},
    [IP_PARAMETER] = {ICMP_TYPE_PARAMETER, 0},
    /* the rest is IPv6's */
    [IP_UNKNOWN_HEADER] = {ICMP_TYPE_PARAMETER, 0},
    [IP_UNKNOWN_OPTION] = {ICMP_TYPE_PARAMETER, 0},
    [IP_INCOMPLETE_HEADERS] = {ICMP_TYPE_PARAMETER, 0},
    [IP_BEYOND_SCOPE] = {ICMP_TYPE_UNREACHABLE, ICMP_CODE_NET_UNREACHABLE},
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
  if (e->trouble == IP_TOO_BIG && e->from.version)
    e->mtu = ip_learn_mtu(h, &e->dst, e->mtu, ip.total_octets);
  if (ip.proto == IP_PROTO_TCP)
    socket_error(h, e);
  else if (ip.proto == IP_PROTO_UDP)
    udp_error(h, e);
  else if (ip.proto == IP_PROTO_ICMP)
    ping_error(h, e);
  char text[ADDR_TEXT_MAX];
  host_log(h, "icmp", "ICMP type %u code %u about a packet to %s",
           "ICMP ชนิด %u รหัส %u แจ้งเรื่องแพ็กเก็ตที่ส่งถึง %s", e->type, e->code,
           ip_addr_format(&e->dst, text));
}

static void
error_came(struct host *h, const struct ip_datagram *d, const struct icmp *icmp)
{
  for (unsigned i = 0; i <= IP_PARAMETER; i++) {
    if (troubles[i].type != icmp->type || troubles[i].code != icmp->code)
      continue;
    struct ip_error e = {
        .trouble = (enum ip_trouble)i, .type = icmp->type, .code = icmp->code, .from = d->src};
    e.mtu = i == IP_TOO_BIG ? icmp->rest & 0xffff : 0;
    tell_sender(h, &e, d->payload + ICMP_OCTETS, d->n - ICMP_OCTETS);
    return;
  }
}

/* ---- trouble of others ---- */

static bool
is_icmp_error(const uint8_t *q, size_t n)
{
  static const uint8_t errors[] = {ICMP_TYPE_UNREACHABLE, 4 /* source quench */, ICMP_TYPE_REDIRECT,
                                   ICMP_TYPE_TIME_EXCEEDED, ICMP_TYPE_PARAMETER};
  return n >= 1 && memchr(errors, q[0], sizeof errors);
}

/* RFC 1122 3.2.2: not about errors, groups, broadcasts, later fragments, or from no single host. */
static bool
may_be_reported(const struct packet *p, const struct ipv4 *ip, size_t n)
{
  const uint8_t *quoted = p->octets + PACKET_IP;
  if (p->at && (p->octets[0] & 1)) /* came as a link's broadcast */
    return false;
  if (ip->fragment_offset > 0 || ip->dst[0] >= 224 || ip->src[0] == 0 || ip->src[0] == 127 ||
      ip->src[0] >= 224)
    return false;
  return ip->proto != IP_PROTO_ICMP ||
         !is_icmp_error(quoted + ip->header_octets, n - ip->header_octets);
}

static void
error4(struct host *h, const struct packet *p, enum ip_trouble trouble, uint32_t rest)
{
  struct ipv4 ip;
  const uint8_t *quoted = p->octets + PACKET_IP;
  if (!ipv4_get(quoted, p->n - PACKET_IP, &ip))
    return;
  size_t n = MIN(ip.total_octets, p->n - PACKET_IP);
  uint8_t type = troubles[trouble].type, code = troubles[trouble].code;
  if (!may_be_reported(p, &ip, n))
    return;
  struct ip_addr to = ip_addr_v4(ip.src);
  if (host_has_addr(h, &to)) {
    struct ip_error e = {.trouble = trouble, .type = type, .code = code};
    e.mtu = trouble == IP_TOO_BIG ? rest : 0;
    tell_sender(h, &e, quoted, n);
    return;
  }
  if (!icmp_may_report(h))
    return;
  n = MIN(n, (size_t)ERROR_DATAGRAM_MAX - IPV4_OCTETS - ICMP_OCTETS);
  struct packet *e = packet_new(h->net, h->index, ICMP_OCTETS + n);
  uint8_t *q = packet_payload(e);
  if (trouble == IP_PARAMETER) /* the place stands in the first octet */
    rest <<= 24;
  icmp_put(q, &(struct icmp){.type = type, .code = code, .rest = rest});
  memcpy(q + ICMP_OCTETS, quoted, n);
  finish_icmp(q, ICMP_OCTETS + n);
  ip_send(h, &(struct ip_sending){.dst = to, .proto = IP_PROTO_ICMP}, e, ICMP_OCTETS + n);
}

void
icmp_error(struct host *h, const struct packet *p, enum ip_trouble trouble, uint32_t rest)
{
  if (p->octets[PACKET_IP] >> 4 == 6)
    icmp6_error(h, p, trouble, rest);
  else
    error4(h, p, trouble, rest);
}

/* ---- echo ---- */

/* The question turns round with its data: type, addresses and checksums change. What its header
 * recorded on the way comes back too (RFC 1122 3.2.2.6). */
static void
reply(struct iface *at, const struct ip_datagram *d)
{
  struct host *h = at->host;
  if (!host_has_addr(h, &d->dst)) /* RFC 1122 3.2.2.6: a broadcast may stay without answer */
    return;
  struct packet *r = packet_new(h->net, h->index, d->n);
  uint8_t *q = packet_payload(r);
  memcpy(q, d->payload, d->n);
  q[0] = ICMP_TYPE_ECHO_REPLY;
  finish_icmp(q, d->n);
  struct ip_sending sending = {.src = d->dst,
                               .dst = d->src,
                               .proto = IP_PROTO_ICMP,
                               .tos = d->tos & 0xfc,
                               .options = d->options,
                               .n_options = d->n_options};
  ip_send(h, &sending, r, d->n);
}

void
icmp_input(struct iface *at, struct packet *p, const struct ip_datagram *d)
{
  struct host *h = at->host;
  struct icmp icmp;
  if (!icmp_get(d->payload, d->n, &icmp) ||
      checksum_finish(checksum_add(0, d->payload, d->n)) != 0) {
    ip_drop(h, p, DROP_CHECKSUM_ICMP);
    return;
  }
  if (icmp.type == ICMP_TYPE_ECHO)
    reply(at, d);
  else if (icmp.type == ICMP_TYPE_ECHO_REPLY)
    ping_answer(h, d, icmp.rest);
  else if (icmp.type == ICMP_TYPE_REDIRECT)
    redirect_came(at, d);
  else
    error_came(h, d, &icmp);
  packet_free(h->net, p);
}
