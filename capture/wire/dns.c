/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns.c -- DNS messages: header, names, records, and a writer that compresses names.
 *
 *      header    question ...      answer ...  authority ...  additional ...
 *     |12 octets|name type class  |name type class ttl length data          |
 *
 *      name:  3 'b' 'o' 'b' 4 't' 'e' 's' 't' 0        labels up to the root
 *             2 'm' 'x' 0xc0 0x0c                      a pointer: the rest stands at octet 12
 *
 * A pointer may only point backwards and a name follows at most DNS_JUMPS_MAX of them, so that no
 * message can hold the reader. RFC 1035; AAAA: RFC 3596; AD and CD: RFC 4035. EDNS
 * options and DNSSEC data are left to the caller as octets. */
#include "capture/wire/dns.h"

#include "capture/wire/field.h"

#include "capture/wire/bytes.h"

#include <stdio.h>
#include <string.h>

static const struct wire_field dns_fields[] = {
    {"dns.id", "Transaction id", 0, 16, WIRE_HEX},
    {"dns.flags.response", "QR", 16, 1, WIRE_FLAG},
    {"dns.flags.opcode", "Opcode", 17, 4, WIRE_UINT},
    {"dns.flags.authoritative", "AA", 21, 1, WIRE_FLAG},
    {"dns.flags.truncated", "TC", 22, 1, WIRE_FLAG},
    {"dns.flags.recdesired", "RD", 23, 1, WIRE_FLAG},
    {"dns.flags.recavail", "RA", 24, 1, WIRE_FLAG},
    {"dns.flags.z", "Z", 25, 1, WIRE_FLAG},
    {"dns.flags.authenticated", "AD", 26, 1, WIRE_FLAG},
    {"dns.flags.checkdisable", "CD", 27, 1, WIRE_FLAG},
    {"dns.flags.rcode", "Reply code", 28, 4, WIRE_UINT},
    {"dns.count.queries", "Questions", 32, 16, WIRE_UINT},
    {"dns.count.answers", "Answers", 48, 16, WIRE_UINT},
    {"dns.count.auth_rr", "Authorities", 64, 16, WIRE_UINT},
    {"dns.count.add_rr", "Additionals", 80, 16, WIRE_UINT},
};
const struct wire_header dns_header = {"dns", "DNS", DNS_HEADER_OCTETS,
                                       (uint16_t)(sizeof dns_fields / sizeof dns_fields[0]),
                                       dns_fields};

size_t
dns_head_get(const uint8_t *p, size_t n, struct dns_head *out)
{
  if (n < DNS_HEADER_OCTETS)
    return 0;
  *out = (struct dns_head){.id = get_be16(p),
                           .response = p[2] & 0x80,
                           .opcode = p[2] >> 3 & 0x0f,
                           .authoritative = p[2] & 0x04,
                           .truncated = p[2] & 0x02,
                           .recursion_desired = p[2] & 0x01,
                           .recursion_available = p[3] & 0x80,
                           .authenticated = p[3] & 0x20,
                           .checking_disabled = p[3] & 0x10,
                           .rcode = p[3] & 0x0f,
                           .n_questions = get_be16(p + 4),
                           .n_answers = get_be16(p + 6),
                           .n_authorities = get_be16(p + 8),
                           .n_additionals = get_be16(p + 10)};
  return DNS_HEADER_OCTETS;
}

size_t
dns_head_put(uint8_t *p, const struct dns_head *in)
{
  put_be16(p, in->id);
  p[2] = (uint8_t)(in->response << 7 | (in->opcode & 0x0f) << 3 | in->authoritative << 2 |
                   in->truncated << 1 | in->recursion_desired);
  p[3] = (uint8_t)(in->recursion_available << 7 | in->authenticated << 5 |
                   in->checking_disabled << 4 | (in->rcode & 0x0f));
  put_be16(p + 4, in->n_questions);
  put_be16(p + 6, in->n_answers);
  put_be16(p + 8, in->n_authorities);
  put_be16(p + 10, in->n_additionals);
  return DNS_HEADER_OCTETS;
}

/* Appends one label's octets as text; returns the new length. */
static size_t
label_format(const uint8_t *p, size_t n, char *out, size_t at)
{
  for (size_t i = 0; i < n; i++) {
    if (p[i] > ' ' && p[i] < 0x7f && p[i] != '.' && p[i] != '\\') {
      out[at++] = (char)p[i];
    } else {
      out[at++] = '\\';
      out[at++] = (char)('0' + p[i] / 100);
      out[at++] = (char)('0' + p[i] / 10 % 10);
      out[at++] = (char)('0' + p[i] % 10);
    }
  }
  return at;
}

size_t
dns_name_get(const uint8_t *message, size_t n, size_t at, char out[DNS_NAME_TEXT_MAX])
{
  size_t taken = 0; /* octets at the place where the name stands; fixed by the first pointer */
  size_t wire_octets = 1; /* as if uncompressed, the root's octet included */
  size_t text = 0;
  size_t start = at, limit = at; /* pointers must lead below every place read so far */
  bool jumped = false;
  for (unsigned jumps = 0;;) {
    if (at >= n)
      return 0;
    uint8_t first = message[at];
    if (first == 0) {
      if (!jumped)
        taken = at + 1 - start;
      out[text] = '\0';
      return taken;
    }
    if ((first & 0xc0) == 0xc0) {
      if (at + 2 > n || ++jumps > DNS_JUMPS_MAX)
        return 0;
      size_t target = get_be16(message + at) & 0x3fffu;
      if (!jumped)
        taken = at + 2 - start;
      jumped = true;
      if (target >= limit)
        return 0;
      at = limit = target;
      continue;
    }
    if (first > DNS_LABEL_MAX || at + 1 + first > n)
      return 0;
    wire_octets += 1u + first;
    if (wire_octets > DNS_NAME_MAX)
      return 0;
    if (text > 0)
      out[text++] = '.';
    text = label_format(message + at + 1, first, out, text);
    at += 1u + first;
  }
}

/* One label of the text at *name, moved behind its dot. Returns its octets; 0 at the end or when
 * the label is impossible (then *name does not point at the end). */
static size_t
label_parse(const char **name, uint8_t out[DNS_LABEL_MAX])
{
  size_t n = 0;
  const char *s = *name;
  while (*s && *s != '.') {
    unsigned octet = (uint8_t)*s++;
    if (octet == '\\') {
      if (s[0] >= '0' && s[0] <= '9' && s[1] >= '0' && s[1] <= '9' && s[2] >= '0' && s[2] <= '9') {
        octet = (unsigned)(s[0] - '0') * 100 + (unsigned)(s[1] - '0') * 10 + (unsigned)(s[2] - '0');
        s += 3;
      } else if (*s) {
        octet = (uint8_t)*s++;
      }
    }
    if (octet > 255 || n == DNS_LABEL_MAX)
      return 0;
    out[n++] = (uint8_t)octet;
  }
  if (n > 0)
    *name = *s == '.' ? s + 1 : s;
  return n;
}

size_t
dns_name_put(uint8_t *p, const char *name)
{
  size_t at = 0;
  if (strcmp(name, ".") == 0)
    name = "";
  while (*name) {
    uint8_t label[DNS_LABEL_MAX];
    size_t n = label_parse(&name, label);
    if (n == 0 || at + 1 + n + 1 > DNS_NAME_MAX)
      return 0;
    p[at++] = (uint8_t)n;
    memcpy(p + at, label, n);
    at += n;
  }
  p[at++] = 0;
  return at;
}

bool
dns_name_equal(const char *a, const char *b)
{
  for (;; a++, b++) {
    int x = *a >= 'A' && *a <= 'Z' ? *a + 32 : *a;
    int y = *b >= 'A' && *b <= 'Z' ? *b + 32 : *b;
    if (x != y)
      return false;
    if (x == '\0')
      return true;
  }
}

bool
dns_question_get(const uint8_t *message, size_t n, size_t *at, struct dns_question *out)
{
  size_t name = dns_name_get(message, n, *at, out->name);
  if (name == 0 || *at + name + 4 > n)
    return false;
  const uint8_t *p = message + *at + name;
  out->type = get_be16(p);
  out->class = get_be16(p + 2);
  *at += name + 4;
  return true;
}

bool
dns_record_get(const uint8_t *message, size_t n, size_t *at, struct dns_record *out)
{
  size_t name = dns_name_get(message, n, *at, out->name);
  if (name == 0 || *at + name + 10 > n)
    return false;
  const uint8_t *p = message + *at + name;
  out->type = get_be16(p);
  out->class = get_be16(p + 2);
  out->ttl_s = get_be32(p + 4);
  out->data_octets = get_be16(p + 8);
  out->data_at = *at + name + 10;
  if (out->data_at + out->data_octets > n)
    return false;
  *at = out->data_at + out->data_octets;
  return true;
}

bool
dns_record_address(const uint8_t *message, const struct dns_record *r, struct ip_addr *out)
{
  if (r->type == DNS_RR_A && r->data_octets == 4)
    *out = ip_addr_v4(message + r->data_at);
  else if (r->type == DNS_RR_AAAA && r->data_octets == 16)
    *out = ip_addr_v6(message + r->data_at);
  else
    return false;
  return true;
}

bool
dns_record_name(const uint8_t *message, size_t n, const struct dns_record *r,
                char out[DNS_NAME_TEXT_MAX], uint16_t *preference)
{
  size_t skip = r->type == DNS_RR_MX ? 2 : 0;
  if (r->type != DNS_RR_MX && r->type != DNS_RR_NS && r->type != DNS_RR_CNAME &&
      r->type != DNS_RR_PTR)
    return false;
  if (r->data_octets <= skip)
    return false;
  size_t end = r->data_at + r->data_octets;
  size_t taken = dns_name_get(message, n, r->data_at + skip, out);
  if (taken == 0 || r->data_at + skip + taken > end)
    return false;
  if (preference && skip)
    *preference = get_be16(message + r->data_at);
  return true;
}

bool
dns_record_soa(const uint8_t *message, size_t n, const struct dns_record *r,
               char primary[DNS_NAME_TEXT_MAX], char mailbox[DNS_NAME_TEXT_MAX],
               struct dns_soa *out)
{
  size_t end = r->data_at + r->data_octets, at = r->data_at;
  if (r->type != DNS_RR_SOA)
    return false;
  size_t taken = dns_name_get(message, n, at, primary);
  at += taken;
  if (taken == 0 || at > end)
    return false;
  taken = dns_name_get(message, n, at, mailbox);
  at += taken;
  if (taken == 0 || at > end || end - at < 20)
    return false;
  const uint8_t *p = message + at;
  *out = (struct dns_soa){.primary = primary,
                          .mailbox = mailbox,
                          .serial = get_be32(p),
                          .refresh_s = get_be32(p + 4),
                          .retry_s = get_be32(p + 8),
                          .expire_s = get_be32(p + 12),
                          .minimum_s = get_be32(p + 16)};
  return true;
}

bool
dns_record_opt(const struct dns_record *r, struct dns_opt *out)
{
  if (r->type != DNS_RR_OPT || r->name[0] != '\0')
    return false;
  *out = (struct dns_opt){.udp_octets = r->class,
                          .rcode_high = (uint8_t)(r->ttl_s >> 24),
                          .version = (uint8_t)(r->ttl_s >> 16),
                          .dnssec_ok = r->ttl_s & 0x8000};
  return true;
}

char *
dns_reverse_name(const struct ip_addr *addr, char out[DNS_REVERSE_MAX])
{
  static const char digits[] = "0123456789abcdef";
  const uint8_t *o = addr->octets;
  if (addr->version == 4) {
    snprintf(out, DNS_REVERSE_MAX, "%u.%u.%u.%u.in-addr.arpa", o[3], o[2], o[1], o[0]);
    return out;
  }
  char *c = out;
  for (int i = 15; i >= 0; i--) {
    *c++ = digits[o[i] & 15];
    *c++ = '.';
    *c++ = digits[o[i] >> 4];
    *c++ = '.';
  }
  memcpy(c, "ip6.arpa", sizeof "ip6.arpa");
  return out;
}

/* ---- the writer ---- */

void
dns_writer_begin(struct dns_writer *w, uint8_t *out, size_t room, const struct dns_head *head)
{
  *w = (struct dns_writer){.out = out, .room = room, .head = *head};
  w->head.n_questions = w->head.n_answers = w->head.n_authorities = w->head.n_additionals = 0;
  w->full = room < DNS_HEADER_OCTETS;
  w->n_octets = DNS_HEADER_OCTETS;
}

static void
write_octets(struct dns_writer *w, const void *p, size_t n)
{
  if (w->full || n > w->room - w->n_octets) {
    w->full = true;
    return;
  }
  memcpy(w->out + w->n_octets, p, n);
  w->n_octets += n;
}

static void
write_be16(struct dns_writer *w, uint16_t v)
{
  uint8_t p[2];
  put_be16(p, v);
  write_octets(w, p, sizeof p);
}

static void
write_be32(struct dns_writer *w, uint32_t v)
{
  uint8_t p[4];
  put_be32(p, v);
  write_octets(w, p, sizeof p);
}

/* The remembered place whose name equals the uncompressed `suffix`, or 0. */
static uint16_t
find_suffix(const struct dns_writer *w, const uint8_t *suffix, size_t n)
{
  char wanted[DNS_NAME_TEXT_MAX], there[DNS_NAME_TEXT_MAX];
  if (dns_name_get(suffix, n, 0, wanted) == 0)
    return 0;
  for (unsigned i = 0; i < w->n_names; i++)
    if (dns_name_get(w->out, w->n_octets, w->names[i], there) && dns_name_equal(there, wanted))
      return w->names[i];
  return 0;
}

static void
write_name(struct dns_writer *w, const char *name)
{
  uint8_t plain[DNS_NAME_MAX];
  size_t n = dns_name_put(plain, name);
  if (n == 0)
    w->full = true;
  uint16_t fresh[DNS_NAME_MAX / 2];
  unsigned n_fresh = 0;
  for (size_t at = 0; at < n && !w->full;) {
    if (plain[at] == 0) {
      write_octets(w, plain + at, 1);
      break;
    }
    uint16_t earlier = find_suffix(w, plain + at, n - at);
    if (earlier) {
      write_be16(w, 0xc000 | earlier);
      break;
    }
    if (w->n_octets < 0x4000)
      fresh[n_fresh++] = (uint16_t)w->n_octets;
    write_octets(w, plain + at, 1u + plain[at]);
    at += 1u + plain[at];
  }
  for (unsigned i = 0; i < n_fresh && w->n_names < DNS_WRITER_NAMES_MAX; i++)
    w->names[w->n_names++] = fresh[i];
}

void
dns_writer_question(struct dns_writer *w, const char *name, uint16_t type, uint16_t class)
{
  write_name(w, name);
  write_be16(w, type);
  write_be16(w, class);
  w->head.n_questions++;
}

/* Everything of a record before its data; returns where the length of the data has to be put. */
static size_t
record_begin(struct dns_writer *w, enum dns_section s, const char *name, uint16_t type,
             uint32_t ttl_s)
{
  write_name(w, name);
  write_be16(w, type);
  write_be16(w, DNS_CLASS_IN);
  write_be32(w, ttl_s);
  write_be16(w, 0);
  if (s == DNS_ANSWER)
    w->head.n_answers++;
  else if (s == DNS_AUTHORITY)
    w->head.n_authorities++;
  else
    w->head.n_additionals++;
  return w->n_octets;
}

static void
record_end(struct dns_writer *w, size_t data_at)
{
  if (!w->full)
    put_be16(w->out + data_at - 2, (uint16_t)(w->n_octets - data_at));
}

void
dns_writer_address(struct dns_writer *w, enum dns_section s, const char *name, uint32_t ttl_s,
                   const struct ip_addr *addr)
{
  bool v4 = addr->version == 4;
  size_t at = record_begin(w, s, name, v4 ? DNS_RR_A : DNS_RR_AAAA, ttl_s);
  write_octets(w, addr->octets, v4 ? 4 : 16);
  record_end(w, at);
}

void
dns_writer_mx(struct dns_writer *w, enum dns_section s, const char *name, uint32_t ttl_s,
              uint16_t preference, const char *exchange)
{
  size_t at = record_begin(w, s, name, DNS_RR_MX, ttl_s);
  write_be16(w, preference);
  write_name(w, exchange);
  record_end(w, at);
}

void
dns_writer_name(struct dns_writer *w, enum dns_section s, const char *name, uint16_t type,
                uint32_t ttl_s, const char *target)
{
  size_t at = record_begin(w, s, name, type, ttl_s);
  write_name(w, target);
  record_end(w, at);
}

void
dns_writer_txt(struct dns_writer *w, enum dns_section s, const char *name, uint32_t ttl_s,
               const char *text)
{
  size_t at = record_begin(w, s, name, DNS_RR_TXT, ttl_s);
  size_t n = strlen(text);
  if (n > 255)
    w->full = true;
  uint8_t length = (uint8_t)n;
  write_octets(w, &length, 1);
  write_octets(w, text, n);
  record_end(w, at);
}

void
dns_writer_soa(struct dns_writer *w, enum dns_section s, const char *name, uint32_t ttl_s,
               const struct dns_soa *soa)
{
  size_t at = record_begin(w, s, name, DNS_RR_SOA, ttl_s);
  write_name(w, soa->primary);
  write_name(w, soa->mailbox);
  write_be32(w, soa->serial);
  write_be32(w, soa->refresh_s);
  write_be32(w, soa->retry_s);
  write_be32(w, soa->expire_s);
  write_be32(w, soa->minimum_s);
  record_end(w, at);
}

void
dns_writer_opt(struct dns_writer *w, const struct dns_opt *opt)
{
  write_name(w, "");
  write_be16(w, DNS_RR_OPT);
  write_be16(w, opt->udp_octets);
  write_be32(w, (uint32_t)opt->rcode_high << 24 | (uint32_t)opt->version << 16 |
                    (opt->dnssec_ok ? 0x8000u : 0));
  write_be16(w, 0);
  w->head.n_additionals++;
}

size_t
dns_writer_end(struct dns_writer *w)
{
  if (w->full)
    return 0;
  dns_head_put(w->out, &w->head);
  return w->n_octets;
}

/* ---- words ---- */

static const struct wire_name types[] = {
    {1, "A"},           {2, "NS"},     {5, "CNAME"},   {6, "SOA"},     {10, "NULL"},
    {11, "WKS"},        {12, "PTR"},   {13, "HINFO"},  {14, "MINFO"},  {15, "MX"},
    {16, "TXT"},        {17, "RP"},    {18, "AFSDB"},  {24, "SIG"},    {25, "KEY"},
    {28, "AAAA"},       {29, "LOC"},   {33, "SRV"},    {35, "NAPTR"},  {36, "KX"},
    {37, "CERT"},       {39, "DNAME"}, {41, "OPT"},    {42, "APL"},    {43, "DS"},
    {44, "SSHFP"},      {46, "RRSIG"}, {47, "NSEC"},   {48, "DNSKEY"}, {50, "NSEC3"},
    {51, "NSEC3PARAM"}, {52, "TLSA"},  {53, "SMIMEA"}, {59, "CDS"},    {60, "CDNSKEY"},
    {61, "OPENPGPKEY"}, {64, "SVCB"},  {65, "HTTPS"},  {99, "SPF"},    {249, "TKEY"},
    {250, "TSIG"},      {251, "IXFR"}, {252, "AXFR"},  {255, "ANY"},   {256, "URI"},
    {257, "CAA"},
};

static const struct wire_name classes[] = {
    {1, "IN"}, {3, "CH"}, {4, "HS"}, {254, "NONE"}, {255, "ANY"},
};

static const struct wire_name opcodes[] = {
    {0, "Standard query"},           {1, "Inverse query"},  {2, "Server status request"},
    {4, "Zone change notification"}, {5, "Dynamic update"},
};

static const struct wire_name rcodes[] = {
    {0, "No error"},          {1, "Format error"},      {2, "Server failure"},
    {3, "No such name"},      {4, "Not implemented"},   {5, "Refused"},
    {6, "Name exists"},       {7, "RRset exists"},      {8, "RRset does not exist"},
    {9, "Not authoritative"}, {10, "Name out of zone"},
};

const char *
dns_type_name(uint16_t type)
{
  return WIRE_NAME(types, type);
}

const char *
dns_class_name(uint16_t class)
{
  return WIRE_NAME(classes, class);
}

const char *
dns_opcode_name(uint8_t opcode)
{
  return WIRE_NAME(opcodes, opcode);
}

const char *
dns_rcode_name(uint8_t rcode)
{
  return WIRE_NAME(rcodes, rcode);
}
