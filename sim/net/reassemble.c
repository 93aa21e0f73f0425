/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reassemble.c -- puts the pieces of a datagram together again, for both families.
 *
 *   piece ─> set of (source, destination, protocol, id) ─all octets there?─> the whole datagram
 *                │ 60 s                       │ overlap, too long
 *                v                            v
 *     ICMP time exceeded, code 1          everything that belongs to it is dropped, silently
 *     when the first piece came
 *
 * RFC 791 3.2, RFC 815, RFC 1122 3.3.2 (60 s); RFC 8200 4.5. Pieces that overlap make the whole set
 * suspect, as RFC 5722 rules for IPv6: for IPv4 there is no rule, and the same one is the safe one.
 * The same piece once more is harmless. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/host.h"

#define TIMEOUT_NS (INT64_C(60) * 1000000000)
enum { PIECES_MAX = 128, DATAGRAM_OCTETS_MAX = 65535 };

struct range {
  uint32_t first, end; /* octets of the payload */
};

struct fragment_set {
  struct host *host;
  struct ip_piece key; /* addresses, protocol and id */
  uint64_t timer;
  bool is_void;         /* its pieces overlapped: what still comes is dropped */
  struct packet *first; /* the piece with offset 0: its header becomes the whole's */
  uint32_t head_octets, next_at;
  uint8_t proto;
  uint8_t *octets;
  uint32_t n_octets_max; /* allocated */
  uint32_t n_total;      /* known when the last piece came, else 0 */
  struct range ranges[PIECES_MAX];
  unsigned n_ranges;
};

static void
set_empty(struct fragment_set *s)
{
  if (s->first)
    packet_free(s->host->net, s->first);
  g_free(s->octets);
  s->first = NULL;
  s->octets = NULL;
  s->n_octets_max = 0;
}

static void
set_free(struct fragment_set *s)
{
  world_cancel(s->host->net->world, s->timer);
  set_empty(s);
  g_free(s);
}

static void
set_forget(struct fragment_set *s)
{
  g_ptr_array_remove(s->host->fragments, s);
  set_free(s);
}

static void
set_timeout(void *data)
{
  struct fragment_set *s = data;
  struct host *h = s->host;
  if (s->first) {
    struct packet *first = s->first;
    s->first = NULL;
    icmp_error(h, first, IP_REASSEMBLY, 0);
    ip_drop(h, first, DROP_REASSEMBLY);
  }
  set_forget(s);
}

static struct fragment_set *
set_find(struct host *h, const struct ip_piece *piece)
{
  if (!h->fragments)
    h->fragments = g_ptr_array_new();
  for (unsigned i = 0; i < h->fragments->len; i++) {
    struct fragment_set *s = h->fragments->pdata[i];
    /* RFC 8200 4.5: of IPv6 the protocol does not count. */
    if (s->key.id == piece->id && (piece->src.version == 6 || s->key.proto == piece->proto) &&
        ip_addr_equal(&s->key.src, &piece->src) && ip_addr_equal(&s->key.dst, &piece->dst))
      return s;
  }
  if (h->fragments->len == IP_FRAGMENT_SETS_MAX)
    return NULL;
  struct world *w = h->net->world;
  struct fragment_set *s = g_new0(struct fragment_set, 1);
  s->host = h;
  s->key = *piece;
  s->timer = world_at(w, world_now(w) + TIMEOUT_NS, WORLD_TIMER, h->index, set_timeout, s);
  g_ptr_array_add(h->fragments, s);
  return s;
}

/* Notes a piece in order. False when it overlaps another or there are too many. */
static bool
note_range(struct fragment_set *s, uint32_t first, uint32_t end)
{
  if (s->n_ranges == PIECES_MAX)
    return false;
  unsigned i = 0;
  while (i < s->n_ranges && s->ranges[i].end <= first)
    i++;
  if (i < s->n_ranges && s->ranges[i].first < end)
    return false;
  memmove(s->ranges + i + 1, s->ranges + i, (s->n_ranges - i) * sizeof s->ranges[0]);
  s->ranges[i] = (struct range){first, end};
  s->n_ranges++;
  return true;
}

static bool
is_known(const struct fragment_set *s, uint32_t first, uint32_t end)
{
  for (unsigned i = 0; i < s->n_ranges; i++)
    if (s->ranges[i].first == first && s->ranges[i].end == end)
      return true;
  return false;
}

static bool
is_whole(const struct fragment_set *s)
{
  uint32_t at = 0;
  for (unsigned i = 0; i < s->n_ranges; i++) {
    if (s->ranges[i].first != at)
      return false;
    at = s->ranges[i].end;
  }
  return s->n_total > 0 && at == s->n_total && s->first;
}

static struct packet *
join(struct fragment_set *s)
{
  struct host *h = s->host;
  const struct packet *first = s->first;
  struct packet *p = packet_new(h->net, first->maker, s->head_octets + s->n_total);
  p->journey = first->journey;
  p->at = first->at;
  memcpy(p->octets, first->octets, PACKET_IP + s->head_octets);
  uint8_t *ip = p->octets + PACKET_IP;
  memcpy(ip + s->head_octets, s->octets, s->n_total);
  p->n = PACKET_IP + s->head_octets + s->n_total;
  if (s->key.src.version == 6) {
    put_be16(ip + 4, (uint16_t)(s->head_octets + s->n_total - IPV6_OCTETS));
    ip[s->next_at] = s->proto;
    return p;
  }
  put_be16(ip + 2, (uint16_t)(s->head_octets + s->n_total));
  put_be16(ip + 6, get_be16(ip + 6) & 0x4000); /* no more fragments, offset 0 */
  put_be16(ip + 10, 0);
  put_be16(ip + 10, checksum_finish(checksum_add(0, ip, s->head_octets)));
  return p;
}

static void
store(struct fragment_set *s, struct packet *p, const struct ip_piece *piece)
{
  uint32_t end = piece->first + piece->n;
  if (end > s->n_octets_max) {
    s->n_octets_max = MAX(end, 2 * s->n_octets_max);
    s->octets = g_realloc(s->octets, s->n_octets_max);
  }
  memcpy(s->octets + piece->first, p->octets + PACKET_IP + piece->data_at, piece->n);
  if (!piece->more)
    s->n_total = end;
  if (piece->first > 0) {
    packet_free(s->host->net, p);
    return;
  }
  s->first = p;
  s->head_octets = piece->head_octets;
  s->next_at = piece->next_at;
  s->proto = piece->proto;
}

struct packet *
ip_reassemble(struct host *h, struct packet *p, const struct ip_piece *piece)
{
  uint32_t end = piece->first + piece->n;
  struct fragment_set *s = set_find(h, piece);
  if (!s) {
    ip_drop(h, p, DROP_REASSEMBLY_TABLE);
    return NULL;
  }
  if (!s->is_void && is_known(s, piece->first, end)) {
    ip_drop(h, p, DROP_FRAGMENT_AGAIN);
    return NULL;
  }
  bool ends_wrongly = s->n_total && (end > s->n_total || (!piece->more && end != s->n_total));
  bool is_beyond = !piece->more && s->n_ranges > 0 && s->ranges[s->n_ranges - 1].end > end;
  if (s->is_void || piece->n == 0 || end + piece->head_octets > DATAGRAM_OCTETS_MAX ||
      ends_wrongly || is_beyond || !note_range(s, piece->first, end)) {
    s->is_void = true;
    set_empty(s);
    ip_drop(h, p, DROP_FRAGMENT_OVERLAP);
    return NULL;
  }
  store(s, p, piece);
  if (!is_whole(s))
    return NULL;
  struct packet *whole = join(s);
  set_forget(s);
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
