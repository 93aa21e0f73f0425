/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_rr.c -- resource records on their way between messages and memory, RFC 1035 3.2.
 *
 *   message ─dns_rrs_read─> GArray of struct dns_rr ─dns_rrs_write─> message
 *
 * Kept are the types that the simulated Internet uses: A, AAAA, MX, CNAME, NS, PTR, TXT, SOA. */
#include "sim/net/dns_rr.h"

#include <string.h>

void
dns_rr_clear(struct dns_rr *r)
{
  g_free(r->name);
  g_free(r->target);
  g_free(r->mailbox);
}

struct dns_rr
dns_rr_copy(const struct dns_rr *r)
{
  struct dns_rr copy = *r;
  copy.name = g_strdup(r->name);
  copy.target = g_strdup(r->target);
  copy.mailbox = g_strdup(r->mailbox);
  return copy;
}

GArray *
dns_rrs_new(void)
{
  GArray *a = g_array_new(FALSE, TRUE, sizeof(struct dns_rr));
  g_array_set_clear_func(a, (GDestroyNotify)dns_rr_clear);
  return a;
}

void
dns_rrs_append(GArray *to, const GArray *from)
{
  for (unsigned i = 0; i < from->len; i++) {
    struct dns_rr copy = dns_rr_copy(dns_rrs_at(from, i));
    g_array_append_val(to, copy);
  }
}

const struct dns_rr *
dns_rrs_find(const GArray *a, const char *name, uint16_t type)
{
  for (unsigned i = 0; i < a->len; i++) {
    const struct dns_rr *r = dns_rrs_at(a, i);
    if (r->type == type && dns_name_equal(r->name, name))
      return r;
  }
  return NULL;
}

uint32_t
dns_rrs_ttl(const GArray *a)
{
  uint32_t ttl = UINT32_MAX;
  for (unsigned i = 0; i < a->len; i++)
    ttl = MIN(ttl, dns_rrs_at(a, i)->ttl_s);
  return a->len ? ttl : 0;
}

bool
dns_name_is_in(const char *name, const char *domain)
{
  size_t n = strlen(name), n_domain = strlen(domain);
  if (n_domain == 0)
    return true;
  return n >= n_domain && dns_name_equal(name + n - n_domain, domain) &&
         (n == n_domain || name[n - n_domain - 1] == '.');
}

const char *
dns_name_up(const char *name)
{
  if (*name == '\0')
    return NULL;
  const char *dot = strchr(name, '.'); /* a dot inside a label is written \046 */
  return dot ? dot + 1 : "";
}

void
dns_rr_describe(const struct dns_rr *r, GString *out)
{
  char addr[ADDR_TEXT_MAX];
  if (r->type == DNS_RR_A || r->type == DNS_RR_AAAA)
    g_string_append(out, ip_addr_format(&r->addr, addr));
  else if (r->type == DNS_RR_MX)
    g_string_append_printf(out, "%u %s", r->preference, r->target);
  else if (r->type == DNS_RR_SOA)
    g_string_append_printf(out, "%s %s %u", r->target, r->mailbox, r->serial);
  else
    g_string_append(out, r->target);
}

static void
write_one(struct dns_writer *w, enum dns_section s, const struct dns_rr *r)
{
  const struct dns_soa soa = {r->target,  r->mailbox,  r->serial,   r->refresh_s,
                              r->retry_s, r->expire_s, r->minimum_s};
  switch (r->type) {
  case DNS_RR_A:
  case DNS_RR_AAAA:
    dns_writer_address(w, s, r->name, r->ttl_s, &r->addr);
    break;
  case DNS_RR_MX:
    dns_writer_mx(w, s, r->name, r->ttl_s, r->preference, r->target);
    break;
  case DNS_RR_TXT:
    dns_writer_txt(w, s, r->name, r->ttl_s, r->target);
    break;
  case DNS_RR_SOA:
    dns_writer_soa(w, s, r->name, r->ttl_s, &soa);
    break;
  default:
    dns_writer_name(w, s, r->name, r->type, r->ttl_s, r->target);
  }
}

void
dns_rrs_write(struct dns_writer *w, enum dns_section s, const GArray *records)
{
  for (unsigned i = 0; i < records->len; i++)
    write_one(w, s, dns_rrs_at(records, i));
}

/* The record's data; false when it is of a type that is not kept, or malformed. */
static bool
read_data(const uint8_t *message, size_t n, const struct dns_record *r, struct dns_rr *out)
{
  char target[DNS_NAME_TEXT_MAX], mailbox[DNS_NAME_TEXT_MAX];
  struct dns_soa soa;
  if (dns_record_address(message, r, &out->addr))
    return true;
  if (dns_record_name(message, n, r, target, &out->preference)) {
    out->target = g_strdup(target);
    return true;
  }
  if (dns_record_soa(message, n, r, target, mailbox, &soa)) {
    out->target = g_strdup(target);
    out->mailbox = g_strdup(mailbox);
    out->serial = soa.serial;
    out->refresh_s = soa.refresh_s;
    out->retry_s = soa.retry_s;
    out->expire_s = soa.expire_s;
    out->minimum_s = soa.minimum_s;
    return true;
  }
  if (r->type == DNS_RR_TXT && r->data_octets > 0) {
    /* SIMPLIFIED: the first character string of a TXT record; ours have one. */
    uint8_t length = message[r->data_at];
    out->target =
        g_strndup((const char *)message + r->data_at + 1, MIN(length, r->data_octets - 1u));
    return true;
  }
  return false;
}

bool
dns_rrs_read(const uint8_t *message, size_t n, size_t *at, unsigned count, GArray *out,
             struct dns_opt *opt, bool *has_opt)
{
  for (unsigned i = 0; i < count; i++) {
    struct dns_record r;
    struct dns_opt found;
    if (!dns_record_get(message, n, at, &r))
      return false;
    if (dns_record_opt(&r, &found)) {
      if (opt && has_opt && !*has_opt) {
        *opt = found;
        *has_opt = true;
      }
      continue;
    }
    /* RFC 2181 8: a TTL with the highest bit set counts as zero. */
    struct dns_rr rr = {.type = r.type, .ttl_s = r.ttl_s > INT32_MAX ? 0 : r.ttl_s};
    if (r.class != DNS_CLASS_IN || !read_data(message, n, &r, &rr))
      continue;
    rr.name = g_strdup(r.name);
    g_array_append_val(out, rr);
  }
  return true;
}
