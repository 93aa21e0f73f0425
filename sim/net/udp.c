/* SPDX-License-Identifier: GPL-3.0-or-later */
/* udp.c -- datagrams to and from ports, RFC 768 and RFC 1122 4.1.
 *
 *   udp_send ─> header, checksum ─> ip_send          udp_input ─> bound port? receive()
 *                                                               └> ICMP port unreachable
 */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/host.h"

enum { PORT_FIRST = 49152, PORT_N = 16384 }; /* RFC 6335: dynamic ports */

struct udp_binding {
  udp_receive receive;
  udp_failed failed;
  void *data;
};

static struct udp_binding *
find(struct host *h, uint16_t port)
{
  return h->bindings ? g_hash_table_lookup(h->bindings, GUINT_TO_POINTER((guint)port)) : NULL;
}

/* RFC 6056 3.3.1: a random port, tried until one is free. */
static uint16_t
pick_port(struct host *h)
{
  for (;;) {
    uint16_t port = (uint16_t)(PORT_FIRST + random_below(&h->udp_ports, PORT_N));
    if (!find(h, port))
      return port;
  }
}

uint16_t
udp_bind(struct host *h, uint16_t port, udp_receive receive, udp_failed failed, void *data)
{
  if (!h->bindings)
    h->bindings = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  if (g_hash_table_size(h->bindings) >= UDP_BINDINGS_MAX || (port && find(h, port)))
    return 0;
  if (port == 0)
    port = pick_port(h);
  struct udp_binding *b = g_new0(struct udp_binding, 1);
  *b = (struct udp_binding){receive, failed, data};
  g_hash_table_insert(h->bindings, GUINT_TO_POINTER((guint)port), b);
  return port;
}

void
udp_unbind(struct host *h, uint16_t port)
{
  if (h->bindings)
    g_hash_table_remove(h->bindings, GUINT_TO_POINTER((guint)port));
}

bool
udp_send_with(struct host *h, const struct ip_sending *sending, uint16_t from_port,
              uint16_t to_port, const uint8_t *p, size_t n)
{
  struct ip_sending s = *sending;
  s.proto = IP_PROTO_UDP;
  if (s.src.version == 0)
    s.src = ip_source(h, &s.dst);
  if (s.src.version == 0 || n > UINT16_MAX - IPV4_OCTETS - UDP_OCTETS)
    return false;
  struct packet *packet = packet_new(h->net, h->index, UDP_OCTETS + n);
  uint8_t *q = packet_payload(packet);
  struct udp udp = {
      .src_port = from_port, .dst_port = to_port, .length = (uint16_t)(UDP_OCTETS + n)};
  udp_put(q, &udp);
  memcpy(q + UDP_OCTETS, p, n);
  uint32_t sum = checksum_pseudo(&s.src, &s.dst, IP_PROTO_UDP, udp.length);
  uint16_t checksum = checksum_finish(checksum_add(sum, q, udp.length));
  put_be16(q + 6, checksum ? checksum : 0xffff); /* 0 would mean "none" */
  return ip_send(h, &s, packet, udp.length);
}

bool
udp_send(struct host *h, uint16_t from_port, const struct ip_addr *to, uint16_t to_port,
         const uint8_t *p, size_t n)
{
  return udp_send_with(h, &(struct ip_sending){.dst = *to}, from_port, to_port, p, n);
}

/* RFC 768: 0 says that the sender made none. RFC 8200 8.1: with IPv6 it must make one. */
static bool
checksum_is_good(const struct ip_datagram *d, const struct udp *udp)
{
  if (udp->checksum == 0)
    return d->src.version == 4;
  uint32_t sum = checksum_pseudo(&d->src, &d->dst, IP_PROTO_UDP, udp->length);
  return checksum_finish(checksum_add(sum, d->payload, udp->length)) == 0;
}

void
udp_input(struct iface *at, struct packet *p, const struct ip_datagram *d)
{
  struct host *h = at->host;
  struct udp udp;
  if (!udp_get(d->payload, d->n, &udp) || udp.length < UDP_OCTETS || udp.length > d->n ||
      !checksum_is_good(d, &udp)) {
    ip_drop(h, p, DROP_CHECKSUM_UDP);
    return;
  }
  const struct udp_binding *b = find(h, udp.dst_port);
  h->arrived_at = at;
  if (b)
    b->receive(b->data, &d->src, udp.src_port, d->payload + UDP_OCTETS, udp.length - UDP_OCTETS);
  else
    icmp_error(h, p, IP_NO_PORT, 0);
  packet_free(h->net, p);
}

void
udp_error(struct host *h, const struct ip_error *e)
{
  struct udp udp;
  const struct udp_binding *b = udp_get(e->quoted, e->n, &udp) ? find(h, udp.src_port) : NULL;
  if (b && b->failed)
    b->failed(b->data, e);
}
