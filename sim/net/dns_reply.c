/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_reply.c -- what a name server says: found in its zones, cut to what the asker can take.
 *
 *   name ─zone_look_up─> ANSWER, NO_DATA, NO_NAME ─> DNS_FROM_ZONE (with the SOA when it is "no")
 *     ^                  REFERRAL ────────────────> DNS_FROM_REFERRAL
 *     └───target──────── ALIAS          no zone ──> DNS_FROM_NONE
 *
 * RFC 1034 4.3.2, 2181 9 (truncation), 2308 2 (negative answers), 6891 (EDNS), 7766. */
#include "sim/net/dns_reply.h"

#include <string.h>

void
dns_reply_init(struct dns_reply *r)
{
  *r = (struct dns_reply){
      .answers = dns_rrs_new(), .authorities = dns_rrs_new(), .additionals = dns_rrs_new()};
}

void
dns_reply_clear(struct dns_reply *r)
{
  g_array_free(r->answers, TRUE);
  g_array_free(r->authorities, TRUE);
  g_array_free(r->additionals, TRUE);
}

/* RFC 2308 3: the TTL of the SOA in a negative answer is the smaller of its two. */
static void
append_soa(struct dns_reply *r, const struct zone *z)
{
  struct dns_rr soa = dns_rr_copy(zone_soa(z));
  soa.ttl_s = MIN(soa.ttl_s, soa.minimum_s);
  g_array_append_val(r->authorities, soa);
}

enum dns_from_zones
dns_reply_from_zones(struct dns_reply *r, const struct net *n, uint32_t host, uint16_t type,
                     char name[DNS_NAME_TEXT_MAX])
{
  for (unsigned i = 0; i <= DNS_CHAIN_MAX; i++) {
    const struct zone *z = zone_find(n, host, name);
    if (!z)
      return DNS_FROM_NONE;
    g_autoptr(GArray) found = dns_rrs_new();
    enum zone_found how = zone_look_up(z, name, type, found);
    if (how == ZONE_REFERRAL) {
      dns_rrs_append(r->authorities, found);
      return DNS_FROM_REFERRAL;
    }
    r->authoritative = true;
    dns_rrs_append(r->answers, found);
    if (how == ZONE_ANSWER)
      return DNS_FROM_ZONE;
    if (how != ZONE_ALIAS) {
      r->rcode = how == ZONE_NO_NAME ? DNS_RCODE_NO_NAME : DNS_RCODE_OK;
      append_soa(r, z);
      return DNS_FROM_ZONE;
    }
    g_strlcpy(name, dns_rrs_at(found, 0)->target, DNS_NAME_TEXT_MAX);
  }
  r->rcode = DNS_RCODE_SERVER; /* a ring of CNAMEs */
  return DNS_FROM_ZONE;
}

/* ---- the question ---- */

static bool
read_opt(const uint8_t *message, size_t n, size_t at, struct dns_asked *out, uint16_t *rcode)
{
  g_autoptr(GArray) records = dns_rrs_new();
  const struct dns_head *h = &out->head;
  struct dns_opt opt = {0};
  unsigned before = (unsigned)h->n_answers + h->n_authorities;
  if (!dns_rrs_read(message, n, &at, before, records, NULL, NULL) ||
      !dns_rrs_read(message, n, &at, h->n_additionals, records, &opt, &out->has_opt))
    return false;
  out->udp_octets = MAX(opt.udp_octets, DNS_UDP_MAX); /* RFC 6891 6.2.3 */
  if (out->has_opt && opt.version > 0)
    *rcode = DNS_RCODE_BAD_VERSION;
  return true;
}

bool
dns_asked_read(const uint8_t *message, size_t n, struct dns_asked *out, uint16_t *rcode)
{
  *out = (struct dns_asked){0};
  *rcode = DNS_RCODE_OK;
  size_t at = dns_head_get(message, n, &out->head);
  if (!at || out->head.response || out->head.n_questions != 1 ||
      !dns_question_get(message, n, &at, &out->question))
    return false; /* nothing to repeat in an answer */
  if (!read_opt(message, n, at, out, rcode))
    *rcode = DNS_RCODE_FORMAT;
  else if (out->head.opcode != 0)
    *rcode = DNS_RCODE_NOT_IMPLEMENTED;
  else if (*rcode == DNS_RCODE_OK && out->question.class != DNS_CLASS_IN)
    *rcode = DNS_RCODE_REFUSED;
  return true;
}

/* ---- the answer ---- */

static void
begin(struct dns_writer *w, const struct dns_asked *asked, struct dns_head *head, uint8_t *out,
      size_t room)
{
  dns_writer_begin(w, out, room, head);
  dns_writer_question(w, asked->question.name, asked->question.type, asked->question.class);
}

/* All records of one name and type, or none of them (RFC 2181 5.1). */
static void
write_additionals(struct dns_writer *w, const GArray *all)
{
  for (unsigned first = 0; first < all->len;) {
    const struct dns_rr *r = dns_rrs_at(all, first);
    g_autoptr(GArray) set = dns_rrs_new();
    unsigned i = first;
    for (; i < all->len; i++) {
      const struct dns_rr *next = dns_rrs_at(all, i);
      if (next->type != r->type || !dns_name_equal(next->name, r->name))
        break;
      struct dns_rr copy = dns_rr_copy(next);
      g_array_append_val(set, copy);
    }
    struct dns_writer before = *w;
    dns_rrs_write(w, DNS_ADDITIONAL, set);
    if (w->full) {
      *w = before;
      return;
    }
    first = i;
  }
}

size_t
dns_reply_write(const struct dns_reply *r, const struct dns_asked *asked, bool recursion_available,
                bool over_tcp, uint8_t *out)
{
  size_t room = over_tcp         ? DNS_TCP_MAX
                : asked->has_opt ? MIN(asked->udp_octets, DNS_EDNS_UDP_OCTETS)
                                 : DNS_UDP_MAX;
  size_t opt_octets = asked->has_opt ? DNS_OPT_OCTETS : 0;
  struct dns_head head = {.id = asked->head.id,
                          .response = true,
                          .opcode = asked->head.opcode,
                          .authoritative = r->authoritative,
                          .recursion_desired = asked->head.recursion_desired,
                          .recursion_available = recursion_available,
                          .rcode = r->rcode & 15};
  struct dns_writer w;
  begin(&w, asked, &head, out, room - opt_octets);
  dns_rrs_write(&w, DNS_ANSWER, r->answers);
  dns_rrs_write(&w, DNS_AUTHORITY, r->authorities);
  if (w.full) {
    head.truncated = true;
    begin(&w, asked, &head, out, room - opt_octets);
  } else {
    write_additionals(&w, r->additionals);
  }
  w.room = room;
  if (asked->has_opt)
    dns_writer_opt(&w, &(struct dns_opt){.udp_octets = DNS_EDNS_UDP_OCTETS,
                                         .rcode_high = (uint8_t)(r->rcode >> 4)});
  return dns_writer_end(&w);
}
