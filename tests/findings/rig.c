/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rig.c -- scripts of conversations as frames, and findings as text. */
#include "tests/findings/rig.h"

#include <stdio.h>
#include <string.h>

#include "capture/wire/net.h"
#include "capture/wire/tcp.h"

enum { CUT_MAX = 80, SEGMENT_MAX = 1400, CONNECTIONS_MAX = 256 };
#define STEP_NS INT64_C(1000000)

struct connection {
  uint8_t addr[2][4];
  uint16_t port[2];
  uint32_t seq[2];
  uint8_t ttl[2];
};

struct rig {
  struct trace *trace;
  int64_t time_ns;
  struct connection connections[CONNECTIONS_MAX];
  unsigned n_connections;
  struct connection *now;
  GByteArray *held; /* RIG_WHOLE: not sent yet */
  int held_side;
  int cut;
};

static void
send_segment(struct rig *r, int side, uint16_t flags, const uint8_t *octets, size_t n)
{
  uint8_t frame[IPV4_OCTETS + TCP_OCTETS + SEGMENT_MAX];
  struct connection *c = r->now;
  struct tcp t = {.src_port = c->port[side],
                  .dst_port = c->port[!side],
                  .seq = c->seq[side],
                  .ack = flags & TCP_ACK ? c->seq[!side] : 0,
                  .header_octets = TCP_OCTETS,
                  .flags = flags,
                  .window = 65000};
  struct ipv4 ip = {.header_octets = IPV4_OCTETS,
                    .total_octets = (uint16_t)(IPV4_OCTETS + TCP_OCTETS + n),
                    .ttl = c->ttl[side],
                    .proto = IP_PROTO_TCP};
  memcpy(ip.src, c->addr[side], 4);
  memcpy(ip.dst, c->addr[!side], 4);
  ipv4_put(frame, &ip);
  tcp_put(frame + IPV4_OCTETS, &t);
  if (n)
    memcpy(frame + IPV4_OCTETS + TCP_OCTETS, octets, n);
  trace_append(r->trace, 0, r->time_ns, frame, ip.total_octets, ip.total_octets);
  r->time_ns += STEP_NS;
  c->seq[side] += (uint32_t)n + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
}

static void
send_octets(struct rig *r, int side, const uint8_t *p, size_t n)
{
  size_t first = r->cut == RIG_OCTETS ? 1 : r->cut > 0 ? (size_t)r->cut : SEGMENT_MAX;
  while (n > 0) {
    size_t take = MIN(n, first);
    send_segment(r, side, TCP_ACK | TCP_PSH, p, take);
    p += take;
    n -= take;
    first = r->cut == RIG_OCTETS ? 1 : SEGMENT_MAX;
  }
}

static void
flush(struct rig *r)
{
  if (r->held->len)
    send_octets(r, r->held_side, r->held->data, r->held->len);
  g_byte_array_set_size(r->held, 0);
}

static void
say(struct rig *r, int side, const uint8_t *p, size_t n)
{
  if (r->cut != RIG_WHOLE) {
    send_octets(r, side, p, n);
    return;
  }
  if (side != r->held_side)
    flush(r);
  r->held_side = side;
  g_byte_array_append(r->held, p, (guint)n);
}

static void
open_connection(struct rig *r, const char *line)
{
  bool mid = g_str_has_prefix(line, "@ mid ");
  unsigned a[10];
  int n = sscanf(line + (mid ? 6 : 2), "%u.%u.%u.%u:%u > %u.%u.%u.%u:%u", a, a + 1, a + 2, a + 3,
                 a + 4, a + 5, a + 6, a + 7, a + 8, a + 9);
  if (n != 10 || r->n_connections == CONNECTIONS_MAX)
    g_error("the script's connection cannot be read: %s", line);
  struct connection *c = &r->connections[r->n_connections++];
  for (unsigned i = 0; i < 4; i++) {
    c->addr[0][i] = (uint8_t)a[i];
    c->addr[1][i] = (uint8_t)a[5 + i];
  }
  c->port[0] = (uint16_t)a[4];
  c->port[1] = (uint16_t)a[9];
  c->seq[0] = 1000000 * r->n_connections; /* the same ports may come again */
  c->seq[1] = 1000000 * r->n_connections + 500000;
  r->now = c;
  if (mid)
    return;
  send_segment(r, 0, TCP_SYN, NULL, 0);
  send_segment(r, 1, TCP_SYN | TCP_ACK, NULL, 0);
  send_segment(r, 0, TCP_ACK, NULL, 0);
}

/* strcompress() that knows \0 too, so it tells the length. */
static GByteArray *
unescape(const char *text)
{
  GByteArray *out = g_byte_array_new();
  for (const char *p = text; *p; p++) {
    uint8_t octet = (uint8_t)*p;
    if (*p == '\\') {
      switch (*++p) {
      case 'r':
        octet = '\r';
        break;
      case 'n':
        octet = '\n';
        break;
      case '0':
        octet = 0;
        break;
      case '\\':
        octet = '\\';
        break;
      case 'x':
        octet = (uint8_t)(g_ascii_xdigit_value(p[1]) * 16 + g_ascii_xdigit_value(p[2]));
        p += 2;
        break;
      default:
        g_error("no such escape: \\%c", *p);
      }
    }
    g_byte_array_append(out, &octet, 1);
  }
  return out;
}

static void
send_dns(struct rig *r, const GByteArray *message)
{
  uint8_t frame[IPV4_OCTETS + UDP_OCTETS + SEGMENT_MAX];
  size_t n = UDP_OCTETS + message->len;
  g_assert_cmpuint(message->len, <=, SEGMENT_MAX);
  struct ipv4 ip = {.header_octets = IPV4_OCTETS,
                    .total_octets = (uint16_t)(IPV4_OCTETS + n),
                    .ttl = 64,
                    .proto = IP_PROTO_UDP,
                    .src = {10, 0, 0, 53},
                    .dst = {10, 0, 0, 5}};
  struct udp udp = {.src_port = 53, .dst_port = 5353, .length = (uint16_t)n};
  ipv4_put(frame, &ip);
  udp_put(frame + IPV4_OCTETS, &udp);
  memcpy(frame + IPV4_OCTETS + UDP_OCTETS, message->data, message->len);
  trace_append(r->trace, 0, r->time_ns, frame, ip.total_octets, ip.total_octets);
  r->time_ns += STEP_NS;
}

static void
play_line(struct rig *r, const char *line)
{
  int side = line[0] == 'S';
  if (line[0] == 'C' || line[0] == 'S') {
    g_assert_true(line[1] == ':' || line[1] == '!' || line[1] == '~');
    const char *text = line + 2 + (line[2] == ' ');
    if (line[1] == '~') {
      g_autofree char *full = g_strconcat(text, "\r\n", NULL);
      flush(r);
      r->now->seq[side] -= (uint32_t)strlen(full);
      send_segment(r, side, TCP_ACK | TCP_PSH, (const uint8_t *)full, strlen(full));
      return;
    }
    if (line[1] == ':') {
      g_autofree char *full = g_strconcat(text, "\r\n", NULL);
      say(r, side, (const uint8_t *)full, strlen(full));
    } else {
      g_autoptr(GByteArray) octets = unescape(text);
      say(r, side, octets->data, octets->len);
    }
    return;
  }
  flush(r);
  if (line[0] == 'D') {
    g_autoptr(GByteArray) message = unescape(line + 3);
    send_dns(r, message);
  } else if (line[0] == '-') {
    r->now->seq[line[2] == 'S'] += (uint32_t)g_ascii_strtoull(line + 4, NULL, 10);
  } else if (line[0] == 'L') {
    r->now->ttl[line[2] == 'S'] = (uint8_t)g_ascii_strtoull(line + 4, NULL, 10);
  } else if (line[0] == 'T') {
    findings_set_trust((struct findings *)(uintptr_t)trace_findings(r->trace), line + 2);
  } else if (line[0] == '@') {
    open_connection(r, line);
  } else if (line[0] == '+') {
    r->time_ns += (int64_t)(g_ascii_strtod(line + 1, NULL) * 1e9);
  } else if (line[0] == '=') {
    unsigned i = (unsigned)g_ascii_strtoull(line + 1, NULL, 10);
    g_assert_true(i >= 1 && i <= r->n_connections);
    r->now = &r->connections[i - 1];
  } else if (line[0] == '.') {
    send_segment(r, 0, TCP_FIN | TCP_ACK, NULL, 0);
    send_segment(r, 1, TCP_FIN | TCP_ACK, NULL, 0);
    send_segment(r, 0, TCP_ACK, NULL, 0);
  } else {
    g_error("the script's line cannot be read: %s", line);
  }
}

struct trace *
rig_play(const char *script, int cut)
{
  g_autofree struct rig *r = g_new0(struct rig, 1);
  r->trace = trace_new();
  r->time_ns = TRACE_SIM_EPOCH_NS;
  r->cut = cut;
  r->held = g_byte_array_new();
  trace_add_interface(r->trace, NULL, LINK_RAW);
  g_auto(GStrv) lines = g_strsplit(script, "\n", -1);
  for (int i = 0; lines[i]; i++)
    if (lines[i][0])
      play_line(r, lines[i]);
  flush(r);
  trace_finish(r->trace);
  g_byte_array_unref(r->held);
  return r->trace;
}

static bool
is_wanted(const char *id, const char *prefixes)
{
  g_auto(GStrv) all = g_strsplit(prefixes, ",", -1);
  for (int i = 0; all[i]; i++)
    if (g_str_has_prefix(id, all[i]))
      return true;
  return false;
}

static void
put_evidence(GString *s, const struct trace *t, const struct finding *f)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  for (unsigned i = 0; i < f->n_evidence; i++) {
    const struct evidence *e = &f->evidence[i];
    g_assert_true(trace_octets(t, e->frame, octets));
    g_assert_cmpuint(e->first_octet + e->n_octets, <=, octets->len);
    for (uint32_t k = 0; k < e->n_octets; k++) {
      uint8_t c = octets->data[e->first_octet + k];
      if (c == '\r' || c == '\n')
        g_string_append(s, c == '\r' ? "\\r" : "\\n");
      else
        g_string_append_printf(s, c >= 0x20 && c < 0x7f ? "%c" : "\\x%02x", c);
    }
  }
}

char *
rig_findings(const struct trace *t, const char *prefixes)
{
  static const char *const sure[] = {"low", "medium", "high"};
  static const char *const outcomes[] = {"unknown", "accepted", "rejected", "refused"};
  GString *s = g_string_new(NULL);
  const struct findings *all = trace_findings(t);
  for (unsigned i = 0; i < findings_n(all); i++) {
    const struct finding *f = findings_get(all, i);
    if (!is_wanted(f->rule->id, prefixes))
      continue;
    g_string_append_printf(s, "%s%s %s %s %s x%u {%s} ", s->len ? "\n" : "", f->rule->id,
                           severity_name(f->severity), sure[f->confidence], outcomes[f->outcome],
                           f->n_streams, f->subject ? f->subject : "");
    if (f->n_times)
      g_string_append_printf(s, "%u in %u s ", f->n_times, f->span_s);
    g_string_append_c(s, '{');
    put_evidence(s, t, f);
    g_string_append_c(s, '}');
  }
  return g_string_free(s, FALSE);
}

/* Each line up to its evidence: of very many segments only the last are remembered. */
static char *
without_evidence(const char *findings)
{
  GString *s = g_string_new(NULL);
  g_auto(GStrv) lines = g_strsplit(findings, "\n", -1);
  for (int i = 0; lines[i]; i++) {
    char *brace = strstr(lines[i], "} "); /* of the subject */
    brace = brace ? strstr(brace, " {") : NULL;
    g_string_append_len(s, lines[i], brace ? brace - lines[i] : (gssize)strlen(lines[i]));
    g_string_append_c(s, '\n');
  }
  return g_string_free(s, FALSE);
}

void
rig_expect(const char *script, const char *prefixes, const char *expected)
{
  for (int cut = RIG_OCTETS; cut <= CUT_MAX; cut++) {
    struct trace *t = rig_play(script, cut);
    g_autofree char *all = rig_findings(t, prefixes);
    g_autofree char *found = cut == RIG_OCTETS ? without_evidence(all) : g_strdup(all);
    g_autofree char *wanted = cut == RIG_OCTETS ? without_evidence(expected) : g_strdup(expected);
    if (strcmp(found, wanted) != 0)
      g_test_message("cut %d (-2: octets, -1: whole, 0: lines, n: behind octet n)", cut);
    g_assert_cmpstr(found, ==, wanted);
    trace_free(t);
  }
}
