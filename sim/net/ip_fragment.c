/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip_fragment.c -- cutting a datagram that is too large for a link, and putting it together again.
 *
 *   | header | 0 .. 8k | more |   | header | 8k .. | last |        RFC 791 3.2, RFC 815 (holes)
 *
 * A set of pieces that is not complete after 30 s is dropped with ICMP time exceeded, code 1, when
 * its first piece came (RFC 1122 3.3.2). Pieces that overlap make the whole set suspect: it is
 * dropped, as RFC 5722 asks for IPv6. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/host.h"

#define TIMEOUT_NS (INT64_C(30) * 1000000000)
enum { PIECES_MAX = 128, DATAGRAM_OCTETS_MAX = 65535 };

struct piece {
  uint32_t first, end; /* octets of the payload */
};

struct fragment_set {
  struct host *host;
  uint8_t src[4], dst[4], proto;
  uint16_t id;
  uint64_t timer;
  struct packet *first; /* the piece with offset 0: its header becomes the whole's */
  uint8_t *octets;
  uint32_t n_octets_max; /* allocated */
  uint32_t n_total;      /* known when the last piece came, else 0 */
  struct piece pieces[PIECES_MAX];
  unsigned n_pieces;
};

void
ip_fragment(struct host *h, struct iface *out, const struct ip_addr *next, struct packet *p)
{
  struct ipv4 ip;
  ipv4_get(p->octets + PACKET_IP, p->n - PACKET_IP, &ip);
  const uint8_t *payload = p->octets + PACKET_IP + ip.header_octets;
  uint32_t n = ip.total_octets - ip.header_octets;
  uint32_t step = (iface_mtu(out) - ip.header_octets) & ~7u;
  for (uint32_t at = 0; at < n; at += step) {
    uint32_t piece = MIN(step, n - at);
    struct packet *f = packet_new(h->net, p->maker, ip.header_octets + piece);
    f->journey = p->journey;
    struct ipv4 head = ip;
    head.total_octets = (uint16_t)(ip.header_octets + piece);
    head.fragment_offset = (uint16_t)(ip.fragment_offset + at);
    head.more_fragments = ip.more_fragments || at + piece < n;
    uint8_t *q = f->octets + PACKET_IP;
    memcpy(q, p->octets + PACKET_IP, ip.header_octets);
    ipv4_put(q, &head);
    put_be16(q + 10, 0);
    put_be16(q + 10, checksum_finish(checksum_add(0, q, ip.header_octets)));
    memcpy(q + ip.header_octets, payload + at, piece);
    f->n = PACKET_IP + head.total_octets;
    arp_send(out, next, f);
  }
  packet_free(h->net, p);
}

static void
set_free(struct fragment_set *s)
{
  world_cancel(s->host->net->world, s->timer);
  if (s->first)
    packet_free(s->host->net, s->first);
  g_free(s->octets);
  g_free(s);
}

static void
set_timeout(void *data)
{
  struct fragment_set *s = data;
  struct host *h = s->host;
  if (s->first)
    icmp_error(h, s->first, IP_REASSEMBLY, 0);
  host_log(h, "ip", "fragments of datagram 0x%04x did not all come",
           "แฟรกเมนต์ของดาตาแกรม 0x%04x มาไม่ครบ", s->id);
  g_ptr_array_remove(h->fragments, s);
  set_free(s);
}

static struct fragment_set *
set_find(struct host *h, const struct ipv4 *ip)
{
  if (!h->fragments)
    h->fragments = g_ptr_array_new();
  for (unsigned i = 0; i < h->fragments->len; i++) {
    struct fragment_set *s = h->fragments->pdata[i];
    if (s->id == ip->id && s->proto == ip->proto && memcmp(s->src, ip->src, 4) == 0 &&
        memcmp(s->dst, ip->dst, 4) == 0)
      return s;
  }
  if (h->fragments->len == IP_FRAGMENT_SETS_MAX)
    return NULL;
  struct world *w = h->net->world;
  struct fragment_set *s = g_new0(struct fragment_set, 1);
  s->host = h;
  s->id = ip->id;
  s->proto = ip->proto;
  memcpy(s->src, ip->src, 4);
  memcpy(s->dst, ip->dst, 4);
  s->timer = world_at(w, world_now(w) + TIMEOUT_NS, WORLD_TIMER, h->index, set_timeout, s);
  g_ptr_array_add(h->fragments, s);
  return s;
}

/* Notes a piece in order. False when it overlaps another or there are too many. */
static bool
note_piece(struct fragment_set *s, uint32_t first, uint32_t end)
{
  if (s->n_pieces == PIECES_MAX)
    return false;
  unsigned i = 0;
  while (i < s->n_pieces && s->pieces[i].end <= first)
    i++;
  if (i < s->n_pieces && s->pieces[i].first < end)
    return false;
  memmove(s->pieces + i + 1, s->pieces + i, (s->n_pieces - i) * sizeof s->pieces[0]);
  s->pieces[i] = (struct piece){first, end};
  s->n_pieces++;
  return true;
}

static bool
is_whole(const struct fragment_set *s)
{
  uint32_t at = 0;
  for (unsigned i = 0; i < s->n_pieces; i++) {
    if (s->pieces[i].first != at)
      return false;
    at = s->pieces[i].end;
  }
  return s->n_total > 0 && at == s->n_total && s->first;
}

/* The same piece once more is harmless. */
static bool
is_known(const struct fragment_set *s, uint32_t first, uint32_t end)
{
  for (unsigned i = 0; i < s->n_pieces; i++)
    if (s->pieces[i].first == first && s->pieces[i].end == end)
      return true;
  return false;
}

static struct packet *
join(struct fragment_set *s)
{
  struct host *h = s->host;
  struct packet *first = s->first;
  struct ipv4 ip;
  ipv4_get(first->octets + PACKET_IP, first->n - PACKET_IP, &ip);
  struct packet *p = packet_new(h->net, first->maker, ip.header_octets + s->n_total);
  p->journey = first->journey;
  memcpy(p->octets, first->octets, PACKET_IP + ip.header_octets);
  ip.total_octets = (uint16_t)(ip.header_octets + s->n_total);
  ip.more_fragments = false;
  ipv4_put(p->octets + PACKET_IP, &ip);
  memcpy(p->octets + PACKET_IP + ip.header_octets, s->octets, s->n_total);
  p->n = PACKET_IP + ip.total_octets;
  return p;
}

struct packet *
ip_reassemble(struct host *h, struct packet *p, const struct ipv4 *ip)
{
  uint32_t first = ip->fragment_offset, n = ip->total_octets - ip->header_octets;
  uint32_t end = first + n;
  struct fragment_set *s = set_find(h, ip);
  bool bad =
      n == 0 || end + ip->header_octets > DATAGRAM_OCTETS_MAX || (ip->more_fragments && n % 8 != 0);
  if (!s || (!bad && is_known(s, first, end))) {
    packet_free(h->net, p);
    return NULL;
  }
  if (bad || (s->n_total && end > s->n_total) || !note_piece(s, first, end)) {
    host_log(h, "ip", "fragments of datagram 0x%04x do not fit together: dropped",
             "แฟรกเมนต์ของดาตาแกรม 0x%04x ต่อกันไม่ได้ จึงทิ้งไป", s->id);
    packet_free(h->net, p);
    g_ptr_array_remove(h->fragments, s);
    set_free(s);
    return NULL;
  }
  if (end > s->n_octets_max) {
    s->n_octets_max = MAX(end, 2 * s->n_octets_max);
    s->octets = g_realloc(s->octets, s->n_octets_max);
  }
  memcpy(s->octets + first, p->octets + PACKET_IP + ip->header_octets, n);
  if (!ip->more_fragments)
    s->n_total = end;
  if (first == 0)
    s->first = p;
  else
    packet_free(h->net, p);
  if (!is_whole(s))
    return NULL;
  struct packet *whole = join(s);
  g_ptr_array_remove(h->fragments, s);
  set_free(s);
  return whole;
}

void
ip_fragments_clear(struct host *h)
{
  if (!h->fragments)
    return;
  for (unsigned i = 0; i < h->fragments->len; i++)
    set_free(h->fragments->pdata[i]);
  g_ptr_array_free(h->fragments, TRUE);
}
