/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns.c -- questions for names and the answers, RFC 1035, as fields and as one line.
 *
 *     header 12 | question ... | answers ... | authorities ... | additionals ... |
 *
 * Names are followed through their pointers by capture/wire/dns.c, which ends on every loop; a
 * message that breaks off is shown up to there. Question and answer find each other by their
 * identifier among the neighbours in their flow. Not here: contents of DNSSEC records and EDNS
 * options. */
#include "capture/decode/dns_dnssec.h"
#include "capture/decode/dns_field.h"

#include "capture/wire/dns.h"
#include "capture/wire/frame.h"

enum {
  MATCH_FRAMES_MAX = 32, /* neighbours among which the other half of a dialogue is looked for */
  RECORDS_MAX = 1000,    /* more records than a message of 65,535 octets holds usefully */
  INFO_RECORDS_MAX = 16, /* named in the summary */
};

static const char *
shown_name(const char *name)
{
  return name[0] ? name : "<Root>"; /* as Wireshark */
}

static const char *
type_name(uint16_t type, char buffer[16])
{
  const char *name = dns_type_name(type);
  if (name)
    return name;
  g_snprintf(buffer, 16, "TYPE%u", type); /* RFC 3597 section 5 */
  return buffer;
}

static struct slice
part(struct slice s, size_t first, size_t n)
{
  return slice_cut(slice_skip(s, (uint32_t)first), (uint32_t)n);
}

/* ---- header ---- */

static void
head_build(struct decode *d, struct slice s, const struct dns_head *h)
{
  struct slice flags = part(s, 2, 2), high = part(s, 2, 1), low = part(s, 3, 1);
  build_number(d, &dns_defs[ID], part(s, 0, 2), h->id);
  unsigned group = build_number(d, &dns_defs[FLAGS], flags, get_be16(flags.p));
  build_open(d, group);
  build_number(d, &dns_defs[FLAGS_RESPONSE], high, h->response);
  build_named(d, &dns_defs[FLAGS_OPCODE], high, h->opcode, dns_opcode_name(h->opcode));
  if (h->response)
    build_number(d, &dns_defs[FLAGS_AUTHORITATIVE], high, h->authoritative);
  build_number(d, &dns_defs[FLAGS_TRUNCATED], high, h->truncated);
  build_number(d, &dns_defs[FLAGS_RECDESIRED], high, h->recursion_desired);
  if (h->response)
    build_number(d, &dns_defs[FLAGS_RECAVAIL], low, h->recursion_available);
  build_number(d, &dns_defs[FLAGS_Z], low, low.p[0] >> 6 & 1);
  if (h->response)
    build_number(d, &dns_defs[FLAGS_AUTHENTICATED], low, h->authenticated);
  build_number(d, &dns_defs[FLAGS_CHECKDISABLE], low, h->checking_disabled);
  if (h->response)
    build_named(d, &dns_defs[FLAGS_RCODE], low, h->rcode, dns_rcode_name(h->rcode));
  build_close(d, group);
  build_number(d, &dns_defs[COUNT_QUERIES], part(s, 4, 2), h->n_questions);
  build_number(d, &dns_defs[COUNT_ANSWERS], part(s, 6, 2), h->n_answers);
  build_number(d, &dns_defs[COUNT_AUTH], part(s, 8, 2), h->n_authorities);
  build_number(d, &dns_defs[COUNT_ADD], part(s, 10, 2), h->n_additionals);
}

/* ---- question and records ---- */

static bool
question_build(struct decode *d, struct slice s, size_t *at)
{
  struct dns_question q;
  char buffer[16], line[DNS_NAME_TEXT_MAX + 32];
  size_t first = *at;
  if (!dns_question_get(s.p, s.n, at, &q))
    return false;
  size_t name_octets = *at - first - 4;
  unsigned labels = q.name[0] != '\0';
  for (const char *c = q.name; *c; c++)
    labels += *c == '.';
  g_snprintf(line, sizeof line, "%s %s", shown_name(q.name), type_name(q.type, buffer));
  unsigned group = build_string(d, &dns_defs[QUERY], part(s, first, *at - first), line);
  build_open(d, group);
  build_string(d, &dns_defs[QRY_NAME], part(s, first, name_octets), shown_name(q.name));
  build_generated(
      d, build_number(d, &dns_defs[QRY_NAME_LEN], part(s, first, 0), strlen(shown_name(q.name))));
  build_generated(d, build_number(d, &dns_defs[COUNT_LABELS], part(s, first, 0), labels));
  build_named(d, &dns_defs[QRY_TYPE], part(s, *at - 4, 2), q.type, dns_type_name(q.type));
  build_named(d, &dns_defs[QRY_CLASS], part(s, *at - 2, 2), q.class, dns_class_name(q.class));
  build_close(d, group);
  build_info(d, " %s ", type_name(q.type, buffer));
  build_info_text(d, shown_name(q.name), strlen(shown_name(q.name)));
  return true;
}

static const struct wire_name service_keys[] = {
    {0, "mandatory"}, {1, "alpn"}, {2, "no-default-alpn"}, {3, "port"},
    {4, "ipv4hint"},  {5, "ech"},  {6, "ipv6hint"},        {7, "dohpath"},
};

/* A name inside record data at *at, which moves behind it. False when it sticks out of the data. */
static bool
data_name_build(struct decode *d, struct slice s, const struct dns_record *r, size_t *at,
                unsigned def, char name[DNS_NAME_TEXT_MAX])
{
  size_t end = r->data_at + r->data_octets;
  size_t n = *at < end ? dns_name_get(s.p, s.n, *at, name) : 0;
  if (n == 0 || *at + n > end)
    return false;
  build_string(d, &dns_defs[def], part(s, *at, n), shown_name(name));
  *at += n;
  return true;
}

static bool
soa_build(struct decode *d, struct slice s, const struct dns_record *r,
          char name[DNS_NAME_TEXT_MAX])
{
  static const uint8_t numbers[] = {SOA_SERIAL, SOA_REFRESH, SOA_RETRY, SOA_EXPIRE, SOA_MINIMUM};
  char mailbox[DNS_NAME_TEXT_MAX];
  size_t at = r->data_at, end = r->data_at + r->data_octets;
  if (!data_name_build(d, s, r, &at, SOA_MNAME, name) ||
      !data_name_build(d, s, r, &at, SOA_RNAME, mailbox) || end - at < 4 * G_N_ELEMENTS(numbers))
    return false;
  for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++)
    build_number(d, &dns_defs[numbers[i]], part(s, at + 4 * i, 4), get_be32(s.p + at + 4 * i));
  return true;
}

static void
txt_build(struct decode *d, struct slice s, const struct dns_record *r)
{
  size_t at = r->data_at, end = r->data_at + r->data_octets;
  while (at < end) {
    size_t n = MIN(s.p[at], end - at - 1);
    build_number(d, &dns_defs[TXT_LENGTH], part(s, at, 1), s.p[at]);
    build_text(d, &dns_defs[TXT], part(s, at + 1, n), s.p + at + 1, n);
    at += 1 + n;
  }
}

static bool
srv_build(struct decode *d, struct slice s, const struct dns_record *r,
          char name[DNS_NAME_TEXT_MAX])
{
  if (r->data_octets < 7)
    return false;
  const uint8_t *p = s.p + r->data_at;
  build_number(d, &dns_defs[SRV_PRIORITY], part(s, r->data_at, 2), get_be16(p));
  build_number(d, &dns_defs[SRV_WEIGHT], part(s, r->data_at + 2, 2), get_be16(p + 2));
  build_number(d, &dns_defs[SRV_PORT], part(s, r->data_at + 4, 2), get_be16(p + 4));
  size_t at = r->data_at + 6;
  return data_name_build(d, s, r, &at, SRV_TARGET, name);
}

/* Who may issue certificates for a domain, RFC 8659 4.1. */
static bool
caa_build(struct decode *d, struct slice data, GString *words)
{
  if (data.n < 2 || data.n < 2u + data.p[1])
    return false;
  unsigned group = build_number(d, &dns_defs[CAA_FLAGS], slice_cut(data, 1), data.p[0]);
  build_open(d, group);
  build_number(d, &dns_defs[CAA_CRITICAL], slice_cut(data, 1), data.p[0] >> 7);
  build_close(d, group);
  struct slice tag = part(data, 2, data.p[1]), value = slice_skip(data, 2u + data.p[1]);
  build_number(d, &dns_defs[CAA_TAG_LENGTH], part(data, 1, 1), data.p[1]);
  build_text(d, &dns_defs[CAA_TAG], tag, tag.p, tag.n);
  build_text(d, &dns_defs[CAA_VALUE], value, value.p, value.n);
  g_string_append(words, "CAA");
  return true;
}

/* Where and how a service is reached (SVCB and HTTPS), RFC 9460 2.2. */
static bool
svcb_build(struct decode *d, struct slice s, const struct dns_record *r,
           char name[DNS_NAME_TEXT_MAX])
{
  size_t at = r->data_at, end = at + r->data_octets;
  if (r->data_octets < 3)
    return false;
  build_number(d, &dns_defs[SVCB_PRIORITY], part(s, at, 2), get_be16(s.p + at));
  at += 2;
  if (!data_name_build(d, s, r, &at, SVCB_TARGET, name))
    return false;
  while (end - at >= 4) {
    size_t n = get_be16(s.p + at + 2);
    if (n > end - at - 4)
      return false;
    build_named(d, &dns_defs[SVCB_KEY], part(s, at, 2), get_be16(s.p + at),
                WIRE_NAME(service_keys, get_be16(s.p + at)));
    build_number(d, &dns_defs[SVCB_LENGTH], part(s, at + 2, 2), n);
    if (n)
      build_octets(d, &dns_defs[SVCB_VALUE], part(s, at + 4, n));
    at += 4 + n;
  }
  return at == end;
}

/* The data of a record; what the summary says of it goes to `words`. False: malformed. */
static bool
data_build(struct decode *d, struct slice s, const struct dns_record *r, GString *words)
{
  struct slice data = part(s, r->data_at, r->data_octets);
  struct ip_addr addr;
  char text[ADDR_TEXT_MAX], name[DNS_NAME_TEXT_MAX] = "";
  size_t at = r->data_at;
  bool fine = true;
  switch (r->type) {
  case DNS_RR_A:
  case DNS_RR_AAAA:
    fine = dns_record_address(s.p, r, &addr);
    if (fine) {
      build_octets(d, &dns_defs[r->type == DNS_RR_A ? A : AAAA], data);
      g_string_append(words, ip_addr_format(&addr, text));
    }
    return fine;
  case DNS_RR_CNAME:
    fine = data_name_build(d, s, r, &at, CNAME, name);
    break;
  case DNS_RR_NS:
    fine = data_name_build(d, s, r, &at, NS, name);
    break;
  case DNS_RR_PTR:
    fine = data_name_build(d, s, r, &at, PTR, name);
    break;
  case DNS_RR_MX:
    if (r->data_octets < 3)
      return false;
    build_number(d, &dns_defs[MX_PREFERENCE], slice_cut(data, 2), get_be16(data.p));
    g_string_append_printf(words, "%u ", get_be16(data.p));
    at += 2;
    fine = data_name_build(d, s, r, &at, MX_EXCHANGE, name);
    break;
  case DNS_RR_SOA:
    fine = soa_build(d, s, r, name);
    break;
  case DNS_RR_SRV:
    fine = srv_build(d, s, r, name);
    break;
  case DNS_RR_TXT:
    txt_build(d, s, r);
    return true;
  case DNS_RR_TLSA:
    if (data.n < 3)
      return false;
    build_number(d, &dns_defs[TLSA_USAGE], slice_cut(data, 1), data.p[0]);
    build_number(d, &dns_defs[TLSA_SELECTOR], part(data, 1, 1), data.p[1]);
    build_number(d, &dns_defs[TLSA_MATCHING], part(data, 2, 1), data.p[2]);
    build_octets(d, &dns_defs[TLSA_DATA], slice_skip(data, 3));
    return true;
  case DNS_RR_CAA:
    return caa_build(d, data, words);
  case DNS_RR_SVCB:
  case DNS_RR_HTTPS:
    fine = svcb_build(d, s, r, name);
    break;
  default:
    if (dnssec_has_type(r->type))
      return dnssec_build(d, s, r);
    if (data.n)
      build_octets(d, &dns_defs[DATA], data);
    return true;
  }
  g_string_append(words, shown_name(name));
  return fine;
}

static void
opt_build(struct decode *d, struct slice s, size_t fixed, const struct dns_record *r)
{
  uint16_t z = (uint16_t)r->ttl_s;
  struct slice z_octets = part(s, fixed + 6, 2);
  build_number(d, &dns_defs[UDP_SIZE], part(s, fixed + 2, 2), r->class);
  build_number(d, &dns_defs[EXT_RCODE], part(s, fixed + 4, 1), r->ttl_s >> 24);
  build_number(d, &dns_defs[EDNS_VERSION], part(s, fixed + 5, 1), r->ttl_s >> 16 & 0xff);
  unsigned group = build_number(d, &dns_defs[OPT_Z], z_octets, z);
  build_open(d, group);
  build_number(d, &dns_defs[OPT_Z_DO], slice_cut(z_octets, 1), z >> 15);
  build_number(d, &dns_defs[OPT_Z_RESERVED], z_octets, z & 0x7fff);
  build_close(d, group);
}

static bool
record_build(struct decode *d, struct slice s, size_t *at, bool in_info)
{
  struct dns_record r;
  char buffer[16], line[DNS_NAME_TEXT_MAX + 32];
  size_t first = *at;
  if (!dns_record_get(s.p, s.n, at, &r))
    return false;
  size_t fixed = r.data_at - 10;
  g_snprintf(line, sizeof line, "%s %s", shown_name(r.name), type_name(r.type, buffer));
  unsigned group = build_string(d, &dns_defs[RECORD], part(s, first, *at - first), line);
  build_open(d, group);
  build_string(d, &dns_defs[RESP_NAME], part(s, first, fixed - first), shown_name(r.name));
  build_named(d, &dns_defs[RESP_TYPE], part(s, fixed, 2), r.type, dns_type_name(r.type));
  if (r.type == DNS_RR_OPT) { /* RFC 6891 6.1.2: class and TTL mean something else */
    opt_build(d, s, fixed, &r);
  } else {
    build_named(d, &dns_defs[RESP_CLASS], part(s, fixed + 2, 2), r.class, dns_class_name(r.class));
    build_number(d, &dns_defs[RESP_TTL], part(s, fixed + 4, 4), r.ttl_s);
  }
  build_number(d, &dns_defs[RESP_LEN], part(s, fixed + 8, 2), r.data_octets);
  g_autoptr(GString) words = g_string_new(NULL);
  bool fine = data_build(d, s, &r, words);
  if (!fine)
    build_flag(d, build_none(d, &dns_defs[BAD], part(s, r.data_at, r.data_octets)), FIELD_FLAG_ODD);
  build_close(d, group);
  if (in_info) {
    build_info(d, " %s%s", type_name(r.type, buffer), words->len ? " " : "");
    build_info_text(d, words->str, words->len);
  }
  return true;
}

/* A section of `n` records; false when it breaks off. */
static bool
section_build(struct decode *d, struct slice s, size_t *at, unsigned n, unsigned def,
              unsigned *n_info)
{
  if (n == 0)
    return true;
  size_t first = *at;
  unsigned group = build_none(d, &dns_defs[def], part(s, first, 0));
  build_open(d, group);
  bool fine = true;
  for (unsigned i = 0; i < n && i < RECORDS_MAX && fine; i++) {
    fine = def == QUERIES
               ? question_build(d, s, at)
               : record_build(d, s, at, def != ADDITIONALS && *n_info < INFO_RECORDS_MAX);
    if (def != QUERIES)
      ++*n_info;
  }
  build_close(d, group);
  build_resize(d, group, (uint32_t)(*at - first));
  return fine;
}

/* ---- question and answer ---- */

/* Whether that frame, a neighbour in the flow, carries the other half: same id, other direction. */
static bool
is_other_half(const struct decode *d, uint32_t frame, uint16_t id)
{
  const struct trace_frame r = trace_frame(d->trace, frame);
  if (r.direction == d->work->record.direction || r.payload_offset == 0)
    return false;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  return trace_octets(d->trace, frame, octets) && r.payload_offset + 3u <= octets->len &&
         get_be16(octets->data + r.payload_offset) == id;
}

static void
match_build(struct decode *d, struct slice s, const struct dns_head *h)
{
  const struct trace_frame *r = &d->work->record;
  if (d->work->quoted || d->work->summary_only || r->flow == TRACE_NONE)
    return;
  uint32_t frame = h->response ? r->prev_in_flow : r->next_in_flow;
  for (unsigned i = 0; i < MATCH_FRAMES_MAX && frame != TRACE_NONE; i++) {
    const struct trace_frame f = trace_frame(d->trace, frame);
    if (is_other_half(d, frame, h->id)) {
      build_generated(d, build_number(d, &dns_defs[h->response ? RESPONSE_TO : RESPONSE_IN],
                                      slice_none(s), frame + 1));
      if (h->response)
        build_generated(d, build_number(d, &dns_defs[TIME], slice_none(s),
                                        (uint64_t)r->time_ns - (uint64_t)f.time_ns));
      return;
    }
    frame = h->response ? f.prev_in_flow : f.next_in_flow;
  }
}

void
dns_decode(struct decode *d, struct slice s, bool tcp)
{
  struct dns_head h;
  if (dns_head_get(s.p, s.n, &h) == 0) {
    data_decode(d, s);
    return;
  }
  unsigned layer =
      build_layer(d, &dns_defs[DNS], s,
                  h.response ? "Domain Name System (response)" : "Domain Name System (query)");
  build_summary_protocol(d, "DNS");
  const char *opcode = dns_opcode_name(h.opcode);
  build_info(d, "%s%s 0x%04x", opcode ? opcode : "DNS", h.response ? " response" : "", h.id);
  if (h.response && h.rcode) {
    const char *word = dns_rcode_name(h.rcode);
    build_info(d, " %s", word ? word : "error");
  }
  head_build(d, s, &h);
  size_t at = DNS_HEADER_OCTETS;
  unsigned n_info = 0;
  bool fine = section_build(d, s, &at, h.n_questions, QUERIES, &n_info) &&
              section_build(d, s, &at, h.n_answers, ANSWERS, &n_info) &&
              section_build(d, s, &at, h.n_authorities, AUTHORITIES, &n_info) &&
              section_build(d, s, &at, h.n_additionals, ADDITIONALS, &n_info);
  if (!fine) {
    build_flag(d, build_none(d, &dns_defs[BAD], part(s, at, s.n)), FIELD_FLAG_ODD);
    build_info(d, " [%s]", lang_text("malformed", "รูปแบบผิด"));
  }
  if (!tcp)
    match_build(d, s, &h);
  build_layer_end(d, layer, s.n);
}

/* The length before a message over TCP, for app.c. */
void
dns_length_build(struct decode *d, struct slice s)
{
  build_number(d, &dns_defs[LENGTH], s, get_be16(s.p));
}
