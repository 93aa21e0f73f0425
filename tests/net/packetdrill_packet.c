/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packetdrill_packet.c -- packets in scripts.
 *
 *   [ect0] #2 P. 1:1001(1000) ack 1 win 500 urg 3 <nop,nop,TS val 100 ecr 50,sack 1:2 3:4>
 *   └ IP's words: noecn ect0 ect1 ce badsum, "ttl 3", "tos 0x10"
 *          └ the peer       flags S F R P . U E W A
 *   icmp unreachable frag_needed mtu 1300 [1:1001(1000)]
 *
 * What comes in is composed here and handed to the stack as octets; what leaves is taken apart with
 * the wire tables, checksums verified, and compared with the line. NOPs are not compared. In an
 * ICMP line the MTU is IPv4's: over IPv6 20 octets are added, as its header has them more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/wire/bytes.h"
#include "tests/net/packetdrill_private.h"

enum { IP_AND_TCP_MAX = 100, DATA_MAX = 65535 };

/* A line taken apart; numbers as in the script. */
struct line {
  unsigned peer;
  uint8_t tos, ttl;
  bool has_tos, has_ttl, has_bad_sum;
  uint16_t flags;
  uint32_t seq, n_data, ack;
  bool has_win;
  uint16_t win, urgent;
  bool any_options, any_ts_value;
  struct tcp_options options;
};

/* ---- reading a line ---- */

static void
skip_blank(const char **at)
{
  while (**at == ' ' || **at == '\t')
    (*at)++;
}

static bool
read_flags(const char *text, size_t n, uint16_t *out)
{
  static const struct {
    char letter;
    uint16_t flag;
  } letters[] = {{'S', TCP_SYN}, {'F', TCP_FIN}, {'R', TCP_RST}, {'P', TCP_PSH}, {'.', TCP_ACK},
                 {'U', TCP_URG}, {'E', TCP_ECE}, {'W', TCP_CWR}, {'A', TCP_AE},  {'-', 0}};
  *out = 0;
  for (size_t k = 0; k < n; k++) {
    unsigned i = 0;
    while (i < G_N_ELEMENTS(letters) && letters[i].letter != text[k])
      i++;
    if (i == G_N_ELEMENTS(letters))
      return false;
    *out |= letters[i].flag;
  }
  return n > 0;
}

/* "[ect0, ttl 3]" and "#2", in any order in front of the segment. */
static bool
read_ip_words(const char **at, struct line *l)
{
  static const char *const ecn[] = {"noecn", "ect1", "ect0", "ce"};
  l->peer = 1;
  for (skip_blank(at); **at == '[' || **at == '#'; skip_blank(at)) {
    if (**at == '#') {
      char *end;
      l->peer = (unsigned)strtoul(*at + 1, &end, 10);
      *at = end;
      if (l->peer == 0 || l->peer > DRILL_PEERS_MAX)
        return false;
      continue;
    }
    const char *close = strchr(*at, ']');
    if (!close)
      return false;
    g_autofree char *inner = g_strndup(*at + 1, (gsize)(close - *at - 1));
    g_auto(GStrv) words = g_strsplit(inner, ",", -1);
    for (char **w = words; *w; w++) {
      unsigned value, i = 0;
      g_strstrip(*w);
      while (i < 4 && strcmp(ecn[i], *w) != 0)
        i++;
      if (i < 4) {
        l->tos = (uint8_t)((l->tos & 0xfc) | i);
        l->has_tos = true;
      } else if (sscanf(*w, "tos %x", &value) == 1) {
        l->tos = (uint8_t)value;
        l->has_tos = true;
      } else if (sscanf(*w, "ttl %u", &value) == 1) {
        l->ttl = (uint8_t)value;
        l->has_ttl = true;
      } else if (strcmp(*w, "badsum") == 0) {
        l->has_bad_sum = true;
      } else {
        return false;
      }
    }
    *at = close + 1;
  }
  return true;
}

static bool
read_sack(const char *text, struct tcp_options *o)
{
  uint32_t left, right;
  int used;
  while (sscanf(text, " %u:%u%n", &left, &right, &used) == 2) {
    if (o->n_sack == TCP_SACK_MAX)
      return false;
    o->sack[o->n_sack].left = left;
    o->sack[o->n_sack++].right = right;
    text += used;
  }
  return o->n_sack > 0;
}

static bool
read_option(const char *text, struct line *l)
{
  struct tcp_options *o = &l->options;
  unsigned value, echo;
  if (sscanf(text, "mss %u", &value) == 1) {
    o->has_mss = true;
    o->mss = (uint16_t)value;
  } else if (sscanf(text, "wscale %u", &value) == 1) {
    o->has_wscale = true;
    o->wscale = (uint8_t)value;
  } else if (sscanf(text, "TS val %u ecr %u", &value, &echo) == 2 ||
             sscanf(text, "TS val * ecr %u", &echo) == 1) {
    l->any_ts_value = strchr(text, '*') != NULL;
    o->has_timestamps = true;
    o->ts_value = l->any_ts_value ? 0 : value;
    o->ts_echo = echo;
  } else if (strcmp(text, "sackOK") == 0) {
    o->has_sack_permitted = true;
  } else if (g_str_has_prefix(text, "sack ")) {
    return read_sack(text + 5, o);
  } else {
    return strcmp(text, "nop") == 0 || strcmp(text, "eol") == 0;
  }
  return true;
}

/* "<mss 1000,nop,wscale 7>", "<...>". */
static bool
read_options(const char *text, struct line *l)
{
  const char *open = strchr(text, '<'), *close = open ? strchr(open, '>') : NULL;
  if (!open)
    return true;
  if (!close)
    return false;
  g_autofree char *inner = g_strndup(open + 1, (gsize)(close - open - 1));
  l->any_options = strcmp(inner, "...") == 0;
  g_auto(GStrv) parts = g_strsplit(inner, ",", -1);
  for (char **p = parts; *p && !l->any_options; p++)
    if (*g_strstrip(*p) && !read_option(*p, l))
      return false;
  return true;
}

static bool
read_line(struct drill *d, const char *text, struct line *l)
{
  const char *at = text, *word;
  uint32_t end;
  int used = 0;
  *l = (struct line){0};
  if (!read_ip_words(&at, l))
    return drill_fail(d, "unknown words in front of the segment: %s", text);
  size_t n_flags = strcspn(at, " \t");
  if (!read_flags(at, n_flags, &l->flags) ||
      sscanf(at + n_flags, " %u:%u(%u)%n", &l->seq, &end, &l->n_data, &used) != 3 ||
      end - l->seq != l->n_data || l->n_data > DATA_MAX)
    return drill_fail(d, "no segment: %s", text);
  const char *rest = at + n_flags + used;
  if ((word = strstr(rest, "ack ")))
    l->ack = (uint32_t)strtoul(word + 4, NULL, 10);
  if ((word = strstr(rest, "win "))) {
    l->has_win = true;
    l->win = (uint16_t)strtoul(word + 4, NULL, 10);
  }
  if ((word = strstr(rest, "urg "))) {
    l->flags |= TCP_URG;
    l->urgent = (uint16_t)strtoul(word + 4, NULL, 10);
  }
  if (!read_options(rest, l))
    return drill_fail(d, "unknown options: %s", rest);
  return true;
}

/* ---- IP packets ---- */

static size_t
put_ip(struct drill *d, uint8_t *p, const struct ip_addr *src, const struct ip_addr *dst,
       uint8_t proto, uint8_t tos, uint8_t ttl, size_t n)
{
  if (d->version == 6) {
    struct ipv6 ip = {.traffic_class = tos,
                      .payload_octets = (uint16_t)n,
                      .next_header = proto,
                      .hop_limit = ttl};
    memcpy(ip.src, src->octets, 16);
    memcpy(ip.dst, dst->octets, 16);
    return ipv6_put(p, &ip);
  }
  struct ipv4 ip = {.header_octets = IPV4_OCTETS,
                    .dscp = tos >> 2,
                    .ecn = tos & 3,
                    .total_octets = (uint16_t)(IPV4_OCTETS + n),
                    .dont_fragment = true,
                    .ttl = ttl,
                    .proto = proto};
  memcpy(ip.src, src->octets, 4);
  memcpy(ip.dst, dst->octets, 4);
  ipv4_put(p, &ip);
  put_be16(p + 10, checksum_finish(checksum_add(0, p, IPV4_OCTETS)));
  return IPV4_OCTETS;
}

static void
set_checksum(uint8_t *at, const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto,
             const uint8_t *q, size_t n)
{
  uint32_t sum = proto == IP_PROTO_ICMP ? 0 : checksum_pseudo(src, dst, proto, (uint32_t)n);
  put_be16(at, 0);
  put_be16(at, checksum_finish(checksum_add(sum, q, n)));
}

/* ---- in ---- */

static bool
segment_in(struct drill *d, const char *text)
{
  struct line l;
  if (!read_line(d, text, &l))
    return false;
  struct drill_peer *peer = drill_peer(d, l.peer);
  for (unsigned i = 0; i < l.options.n_sack; i++) {
    l.options.sack[i].left += peer->local;
    l.options.sack[i].right += peer->local;
  }
  if (l.options.has_timestamps && l.options.ts_echo && peer->knows_clock)
    l.options.ts_echo += peer->clock;
  g_autofree uint8_t *octets = g_malloc(IP_AND_TCP_MAX + l.n_data);
  uint8_t *q = octets + (d->version == 6 ? IPV6_OCTETS : IPV4_OCTETS);
  size_t header = TCP_OCTETS + tcp_options_put(q + TCP_OCTETS, &l.options), n = header + l.n_data;
  struct tcp tcp = {.src_port = peer->remote_port,
                    .dst_port = peer->local_port,
                    .seq = peer->remote + l.seq,
                    .ack = l.flags & TCP_ACK ? peer->local + l.ack : 0,
                    .header_octets = (uint8_t)header,
                    .flags = l.flags,
                    .window = l.win,
                    .urgent = l.urgent};
  tcp_put(q, &tcp);
  for (uint32_t i = 0; i < l.n_data; i++)
    q[header + i] = drill_pattern(l.seq + (l.flags & TCP_SYN ? 1 : 0) + i);
  set_checksum(q + 16, &d->them, &d->us, IP_PROTO_TCP, q, n);
  if (l.has_bad_sum)
    q[16] ^= 0x55;
  n += put_ip(d, octets, &d->them, &d->us, IP_PROTO_TCP, l.tos, l.has_ttl ? l.ttl : 64, n);
  tcp_stack_input(d->stack, octets, n, d->now_ns);
  return true;
}

struct icmp_word {
  const char *kind, *code;
  uint8_t type_v4, code_v4, type_v6, code_v6;
};

static const struct icmp_word icmp_words[] = {
    {"unreachable", "net_unreachable", 3, 0, 1, 0},
    {"unreachable", "host_unreachable", 3, 1, 1, 3},
    {"unreachable", "protocol_unreachable", 3, 2, 4, 1},
    {"unreachable", "port_unreachable", 3, 3, 1, 4},
    {"unreachable", "frag_needed", 3, 4, 2, 0},
    {"unreachable", "source_route_failed", 3, 5, 1, 5},
    {"unreachable", "packet_filtered", 3, 13, 1, 1},
    {"time_exceeded", "", 11, 0, 3, 0},
    {"parameter_problem", "", 12, 0, 4, 0},
    {"source_quench", "", 4, 0, 100, 0},
};

/* Quotes our segment [seq:end(n)] as a router would: its IP header and 8 octets of TCP. */
static size_t
put_quote(struct drill *d, uint8_t *p, const struct drill_peer *peer, uint32_t seq, uint32_t n)
{
  size_t header = put_ip(d, p, &d->us, &d->them, IP_PROTO_TCP, 0, 63, TCP_OCTETS + n);
  put_be16(p + header, peer->local_port);
  put_be16(p + header + 2, peer->remote_port);
  put_be32(p + header + 4, peer->local + seq);
  return header + 8;
}

/* "unreachable frag_needed mtu 1300 [1:1001(1000)]", "[#2 1:1001(1000)]". */
static bool
icmp_in(struct drill *d, const char *text)
{
  char kind[32] = "", code[32] = "";
  unsigned mtu = 0, number = 1, i = 0;
  uint32_t seq, end, n;
  sscanf(text, "%31s %31[a-z_]", kind, code);
  const char *word = strstr(text, "mtu "), *quote = strchr(text, '[');
  if (word)
    mtu = (unsigned)strtoul(word + 4, NULL, 10) + (d->version == 6 ? 20 : 0);
  if (quote && quote[1] == '#')
    number = (unsigned)strtoul(quote + 2, (char **)&quote, 10);
  else if (quote)
    quote++;
  if (!quote || sscanf(quote, " %u:%u(%u)", &seq, &end, &n) != 3 || number > DRILL_PEERS_MAX)
    return drill_fail(d, "an ICMP line ends with what it quotes, [seq:end(octets)]: %s", text);
  while (i < G_N_ELEMENTS(icmp_words) &&
         (strcmp(icmp_words[i].kind, kind) != 0 ||
          (*icmp_words[i].code && strcmp(icmp_words[i].code, code) != 0)))
    i++;
  if (i == G_N_ELEMENTS(icmp_words))
    return drill_fail(d, "unknown ICMP message: %s", text);
  bool is_v6 = d->version == 6;
  uint8_t octets[200] = {0}, *q = octets + (is_v6 ? IPV6_OCTETS : IPV4_OCTETS);
  icmp_put(q, &(struct icmp){.type = is_v6 ? icmp_words[i].type_v6 : icmp_words[i].type_v4,
                             .code = is_v6 ? icmp_words[i].code_v6 : icmp_words[i].code_v4,
                             .rest = mtu});
  n = (uint32_t)(ICMP_OCTETS + put_quote(d, q + ICMP_OCTETS, drill_peer(d, number), seq, n));
  uint8_t proto = is_v6 ? IP_PROTO_ICMPV6 : IP_PROTO_ICMP;
  set_checksum(q + 2, &d->them, &d->us, proto, q, n);
  size_t total = n + put_ip(d, octets, &d->them, &d->us, proto, 0, 64, n);
  tcp_stack_input(d->stack, octets, total, d->now_ns);
  return true;
}

bool
drill_packet_in(struct drill *d, const char *text)
{
  skip_blank(&text);
  return g_str_has_prefix(text, "icmp ") ? icmp_in(d, text + 5) : segment_in(d, text);
}

/* ---- out ---- */

void
drill_sent_free(struct drill_sent *s)
{
  g_free(s->octets);
  g_free(s);
}

/* Checksums and lengths of what leaves are always right: else the test stops here. */
void
drill_take_packet(struct drill *d, const uint8_t *octets, size_t n)
{
  struct drill_sent *s = g_new0(struct drill_sent, 1);
  s->time_ns = d->now_ns;
  s->octets = g_memdup2(octets, n);
  s->n_octets = n;
  size_t at;
  if (d->version == 6) {
    struct ipv6 ip;
    at = ipv6_get(octets, n, &ip);
    g_assert_cmpuint(at + ip.payload_octets, ==, n);
    s->src = ip_addr_v6(ip.src);
    s->dst = ip_addr_v6(ip.dst);
    s->tos = ip.traffic_class;
    s->ttl = ip.hop_limit;
    s->is_df = true;
  } else {
    struct ipv4 ip;
    at = ipv4_get(octets, n, &ip);
    g_assert_cmpuint(ip.total_octets, ==, n);
    g_assert_cmpuint(checksum_finish(checksum_add(0, octets, at)), ==, 0);
    s->src = ip_addr_v4(ip.src);
    s->dst = ip_addr_v4(ip.dst);
    s->tos = (uint8_t)(ip.dscp << 2 | ip.ecn);
    s->ttl = ip.ttl;
    s->is_df = ip.dont_fragment;
  }
  const uint8_t *q = octets + at;
  uint32_t sum = checksum_pseudo(&s->src, &s->dst, IP_PROTO_TCP, (uint32_t)(n - at));
  g_assert_cmpuint(checksum_finish(checksum_add(sum, q, n - at)), ==, 0);
  size_t header = tcp_get(q, n - at, &s->tcp);
  g_assert_cmpuint(header, >=, TCP_OCTETS);
  tcp_options_get(q + TCP_OCTETS, header - TCP_OCTETS, &s->options);
  s->n_data = (uint32_t)(n - at - header);
  g_assert_true(s->is_df && ip_addr_equal(&s->src, &d->us) && ip_addr_equal(&s->dst, &d->them));
  g_queue_push_tail(&d->out, s);
}

static unsigned
number_of(const struct drill *d, const struct drill_sent *s)
{
  for (unsigned i = 1; i <= d->n_peers; i++)
    if (d->peers[i].local_port == s->tcp.src_port && d->peers[i].remote_port == s->tcp.dst_port)
      return i;
  return 0;
}

static void
describe_options(const struct drill_peer *p, const struct tcp_options *o, GString *out)
{
  g_string_append(out, " <");
  if (o->has_mss)
    g_string_append_printf(out, "mss %u,", o->mss);
  if (o->has_sack_permitted)
    g_string_append(out, "sackOK,");
  if (o->has_timestamps)
    g_string_append_printf(out, "TS val %u ecr %u,", o->ts_value - p->clock, o->ts_echo);
  if (o->has_wscale)
    g_string_append_printf(out, "wscale %u,", o->wscale);
  for (unsigned i = 0; i < o->n_sack; i++)
    g_string_append_printf(out, "%s%u:%u", i ? " " : "sack ", o->sack[i].left - p->remote,
                           o->sack[i].right - p->remote);
  g_string_append(out, ">");
}

char *
drill_describe(const struct drill *d, const struct drill_sent *s)
{
  static const struct drill_peer nobody = {0};
  static const struct {
    uint16_t flag;
    char letter;
  } letters[] = {{TCP_SYN, 'S'}, {TCP_FIN, 'F'}, {TCP_RST, 'R'}, {TCP_PSH, 'P'}, {TCP_URG, 'U'},
                 {TCP_ECE, 'E'}, {TCP_CWR, 'W'}, {TCP_AE, 'A'},  {TCP_ACK, '.'}};
  static const char *const ecn[] = {"noecn", "ect1", "ect0", "ce"};
  unsigned number = number_of(d, s);
  const struct drill_peer *p = number ? &d->peers[number] : &nobody;
  GString *out = g_string_new("");
  g_string_append_printf(out, "[%s] #%u ", ecn[s->tos & 3], number);
  for (unsigned i = 0; i < G_N_ELEMENTS(letters); i++)
    if (s->tcp.flags & letters[i].flag)
      g_string_append_c(out, letters[i].letter);
  uint32_t seq = s->tcp.seq - p->local;
  g_string_append_printf(out, " %u:%u(%u)", seq, seq + s->n_data, s->n_data);
  if (s->tcp.flags & TCP_ACK)
    g_string_append_printf(out, " ack %u", s->tcp.ack - p->remote);
  g_string_append_printf(out, " win %u", s->tcp.window);
  if (s->tcp.flags & TCP_URG)
    g_string_append_printf(out, " urg %u", s->tcp.urgent);
  describe_options(p, &s->options, out);
  g_string_append_printf(out, " at %.6f", (double)s->time_ns / 1e9);
  return g_string_free(out, FALSE);
}

static bool
options_fit(struct drill_peer *p, const struct line *l, const struct tcp_options *got)
{
  const struct tcp_options *want = &l->options;
  if (l->any_options)
    return true;
  if (want->has_mss != got->has_mss || (want->has_mss && want->mss != got->mss) ||
      want->has_wscale != got->has_wscale || (want->has_wscale && want->wscale != got->wscale) ||
      want->has_sack_permitted != got->has_sack_permitted ||
      want->has_timestamps != got->has_timestamps || want->n_sack != got->n_sack)
    return false;
  for (unsigned i = 0; i < want->n_sack; i++)
    if (want->sack[i].left != got->sack[i].left - p->remote ||
        want->sack[i].right != got->sack[i].right - p->remote)
      return false;
  if (!want->has_timestamps)
    return true;
  if (!p->knows_clock && !l->any_ts_value) {
    p->knows_clock = true;
    p->clock = got->ts_value - want->ts_value;
  }
  return (l->any_ts_value || got->ts_value - p->clock == want->ts_value) &&
         got->ts_echo == want->ts_echo;
}

static bool
data_fit(const struct drill_peer *p, const struct drill_sent *s)
{
  const uint8_t *data = s->octets + s->n_octets - s->n_data;
  for (uint32_t i = 0; i < s->n_data; i++)
    if (data[i] != drill_pattern(s->tcp.seq - p->local + i))
      return false;
  return true;
}

static bool
fits(struct drill *d, const struct line *l, const struct drill_sent *s)
{
  struct drill_peer *p = drill_peer(d, l->peer);
  if (number_of(d, s) != l->peer || s->tcp.flags != l->flags || s->n_data != l->n_data)
    return false;
  if (!p->knows_local && (l->flags & TCP_SYN)) {
    p->knows_local = true;
    p->local = s->tcp.seq - l->seq;
  }
  uint32_t ack = s->tcp.flags & TCP_ACK ? s->tcp.ack - p->remote : 0;
  /* A RST without a connection has the number 0 itself, not one that counts from our SYN. */
  bool is_bare_rst = (l->flags & TCP_RST) && s->tcp.seq == l->seq;
  return (s->tcp.seq - p->local == l->seq || is_bare_rst) && ack == l->ack &&
         (!l->has_win || s->tcp.window == l->win) && s->tcp.urgent == l->urgent &&
         (!l->has_tos || (s->tos == l->tos || (l->tos <= 3 && (s->tos & 3) == l->tos))) &&
         (!l->has_ttl || s->ttl == l->ttl) && options_fit(p, l, &s->options) && data_fit(p, s);
}

static void
wait_for_packet(struct drill *d, int64_t last_ns, bool any_time)
{
  if (any_time) {
    int64_t next;
    while (g_queue_is_empty(&d->out) && (next = tcp_stack_deadline(d->stack)) <= last_ns)
      drill_advance(d, next);
    return;
  }
  drill_advance(d, last_ns + DRILL_TOLERANCE_NS);
  d->now_ns = last_ns; /* what is due a little later is looked at again */
}

bool
drill_packet_out(struct drill *d, const char *text, int64_t first_ns, int64_t last_ns,
                 bool any_time)
{
  struct line want;
  if (!read_line(d, text, &want))
    return false;
  if (g_queue_is_empty(&d->out))
    wait_for_packet(d, last_ns, any_time);
  struct drill_sent *got = g_queue_peek_head(&d->out);
  if (!got)
    return drill_fail(d, "expected%s; nothing was sent until %.6f", text, (double)d->now_ns / 1e9);
  g_autofree char *what = drill_describe(d, got);
  if (!fits(d, &want, got))
    return drill_fail(d, "expected%s; sent %s", text, what);
  if (got->time_ns < first_ns - DRILL_TOLERANCE_NS || got->time_ns > last_ns + DRILL_TOLERANCE_NS)
    return drill_fail(d, "expected between %.6f and %.6f; sent %s", (double)first_ns / 1e9,
                      (double)last_ns / 1e9, what);
  d->now_ns = MAX(d->now_ns, got->time_ns);
  drill_sent_free(g_queue_pop_head(&d->out));
  return true;
}
