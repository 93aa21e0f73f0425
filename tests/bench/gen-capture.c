/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gen-capture.c -- writes a mail capture of any size for the benchmarks.
 *
 *     gen-capture OUT.pcap N_PACKETS [SEED]
 *
 * Sessions of SMTP, POP3 and IMAP in clear, with STARTTLS, and inside TLS, with DNS in front of
 * some, over IPv4 and IPv6, begin one after the other and run interleaved: a heap holds the frames
 * that are not due yet. Some segments are retransmitted, reordered or never seen. The same seed
 * gives the same file. What is inside TLS is random octets in TLS records: benchmarks need their
 * number, not their meaning. */
#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/mail.h"
#include "capture/wire/net.h"
#include "capture/wire/tcp.h"

enum { MSS = 1440, TEXT_OCTETS = 1 << 20, MESSAGE_MAX = 200000, TLS_RECORD_MAX = 16384 };
#define US INT64_C(1000)

struct event {
  int64_t time_ns;
  uint64_t order;
  uint32_t n;
  uint8_t *octets;
};

struct heap {
  struct event *events;
  size_t n, room;
  uint64_t order;
};

struct session {
  struct heap *heap;
  int64_t time_ns, rtt_ns;
  struct ip_addr addr[2];
  uint16_t port[2];
  uint32_t seq[2];
  unsigned n_unacked;
};

static uint64_t state;
static char *text; /* lines of words, TEXT_OCTETS of them */

static uint64_t
next_random(void)
{
  uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static unsigned
below(unsigned n)
{
  return (unsigned)(next_random() % n);
}

/* ---- frames in the order of their time ---- */

static bool
is_before(const struct event *a, const struct event *b)
{
  return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->order < b->order;
}

static void
heap_push(struct heap *h, int64_t time_ns, const uint8_t *octets, uint32_t n)
{
  if (h->n == h->room) {
    h->room = h->room ? h->room * 2 : 1024;
    h->events = g_realloc(h->events, h->room * sizeof *h->events);
  }
  struct event e = {time_ns, h->order++, n, g_memdup2(octets, n)};
  size_t at = h->n++;
  for (; at && is_before(&e, &h->events[(at - 1) / 2]); at = (at - 1) / 2)
    h->events[at] = h->events[(at - 1) / 2];
  h->events[at] = e;
}

static struct event
heap_pop(struct heap *h)
{
  struct event top = h->events[0], last = h->events[--h->n];
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= h->n)
      break;
    if (child + 1 < h->n && is_before(&h->events[child + 1], &h->events[child]))
      child++;
    if (!is_before(&h->events[child], &last))
      break;
    h->events[at] = h->events[child];
    at = child;
  }
  h->events[at] = last;
  return top;
}

/* ---- frames ---- */

/* Ethernet and IP around n octets of payload at out + the returned offset. */
static uint32_t
put_ip(uint8_t *out, const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto,
       uint32_t n)
{
  struct eth e = {.dst = {2, 0x20}, .src = {2, 0x10}};
  e.type = src->version == 4 ? ETHER_IPV4 : ETHER_IPV6;
  e.src[5] = src->octets[3];
  e.dst[5] = dst->octets[3];
  eth_put(out, &e);
  uint8_t *p = out + ETH_OCTETS;
  if (src->version == 6) {
    struct ipv6 ip = {.payload_octets = (uint16_t)n, .next_header = proto, .hop_limit = 64};
    memcpy(ip.src, src->octets, 16);
    memcpy(ip.dst, dst->octets, 16);
    return ETH_OCTETS + (uint32_t)ipv6_put(p, &ip);
  }
  struct ipv4 ip = {.header_octets = IPV4_OCTETS,
                    .total_octets = (uint16_t)(IPV4_OCTETS + n),
                    .id = (uint16_t)next_random(),
                    .dont_fragment = true,
                    .ttl = 64,
                    .proto = proto};
  memcpy(ip.src, src->octets, 4);
  memcpy(ip.dst, dst->octets, 4);
  ipv4_put(p, &ip);
  put_be16(p + 10, checksum_finish(checksum_add(0, p, IPV4_OCTETS)));
  return ETH_OCTETS + IPV4_OCTETS;
}

static void
put_checksum(uint8_t *p, uint32_t n, unsigned at, uint8_t proto, const struct ip_addr *src,
             const struct ip_addr *dst)
{
  put_be16(p + at, 0);
  put_be16(p + at, checksum_finish(checksum_add(checksum_pseudo(src, dst, proto, n), p, n)));
}

static void
segment(struct session *s, unsigned from, uint32_t seq, uint16_t flags, const char *octets,
        uint32_t n, int64_t time_ns)
{
  uint8_t frame[ETH_OCTETS + IPV6_OCTETS + TCP_OCTETS + 4 + MSS];
  uint32_t n_options = flags & TCP_SYN ? 4 : 0, n_tcp = TCP_OCTETS + n_options + n;
  uint32_t at = put_ip(frame, &s->addr[from], &s->addr[!from], IP_PROTO_TCP, n_tcp);
  struct tcp t = {.src_port = s->port[from],
                  .dst_port = s->port[!from],
                  .seq = seq,
                  .ack = flags & TCP_ACK ? s->seq[!from] : 0,
                  .header_octets = (uint8_t)(TCP_OCTETS + n_options),
                  .flags = flags,
                  .window = 64240};
  tcp_put(frame + at, &t);
  if (n_options)
    memcpy(frame + at + TCP_OCTETS, "\2\4\5\xb4", 4);
  memcpy(frame + at + TCP_OCTETS + n_options, octets, n);
  put_checksum(frame + at, n_tcp, 16, IP_PROTO_TCP, &s->addr[from], &s->addr[!from]);
  heap_push(s->heap, time_ns, frame, at + n_tcp);
}

static void
dns(struct session *s)
{
  static const uint8_t question[] = "\0\0\1\0\0\1\0\0\0\0\0\0\4mail\7example\3org\0\0\1\0\1";
  uint8_t frame[128];
  struct ip_addr server = ip_addr_v4((const uint8_t[4]){10, 0, 0, 53});
  struct ip_addr client =
      ip_addr_v4((const uint8_t[4]){10, 1, (uint8_t)below(256), (uint8_t)below(256)});
  uint16_t port = (uint16_t)(1024 + below(60000)), id = (uint16_t)next_random();
  for (int answer = 0; answer < 2; answer++) {
    uint32_t n = sizeof question - 1 + (answer ? 16 : 0), n_udp = UDP_OCTETS + n;
    uint32_t at =
        put_ip(frame, answer ? &server : &client, answer ? &client : &server, IP_PROTO_UDP, n_udp);
    struct udp u = {answer ? 53 : port, answer ? port : 53, (uint16_t)n_udp, 0};
    udp_put(frame + at, &u);
    uint8_t *p = frame + at + UDP_OCTETS;
    memcpy(p, question, sizeof question - 1);
    put_be16(p, id);
    if (answer) {
      p[2] = 0x81;
      p[3] = 0x80;
      p[7] = 1;
      memcpy(p + sizeof question - 1, "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\x0a\0\1\1", 16);
    }
    heap_push(s->heap, s->time_ns, frame, at + n_udp);
    s->time_ns += 2000 * US + below(20000) * US;
  }
}

/* ---- connections ---- */

/* Octets of one side: in segments, with the accidents of a network. */
static void
say_octets(struct session *s, unsigned from, const char *octets, size_t n)
{
  s->time_ns += s->rtt_ns / 2 + below(3000) * US;
  for (size_t at = 0; at < n;) {
    uint32_t here = n - at < MSS ? (uint32_t)(n - at) : MSS;
    uint16_t flags = at + here == n ? TCP_ACK | TCP_PSH : TCP_ACK;
    unsigned luck = below(2000);
    if (luck < 20) { /* retransmitted, both seen */
      segment(s, from, s->seq[from], flags, octets + at, here, s->time_ns);
      segment(s, from, s->seq[from], flags, octets + at, here, s->time_ns + s->rtt_ns + 50000 * US);
    } else if (luck < 32) { /* late */
      segment(s, from, s->seq[from], flags, octets + at, here, s->time_ns + 400 * US);
    } else if (luck > 32) { /* 32: never seen */
      segment(s, from, s->seq[from], flags, octets + at, here, s->time_ns);
    }
    s->seq[from] += here;
    at += here;
    s->time_ns += 110 * US;
    if (++s->n_unacked % 2 == 0)
      segment(s, !from, s->seq[!from], TCP_ACK, "", 0, s->time_ns + 300 * US);
    if (s->n_unacked % 10 == 0)
      s->time_ns += s->rtt_ns;
  }
}

G_GNUC_PRINTF(3, 4)
static void
say(struct session *s, unsigned from, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *line = g_strdup_vprintf(format, args);
  va_end(args);
  say_octets(s, from, line, strlen(line));
}

#define C(...) say(s, 0, __VA_ARGS__)
#define S(...) say(s, 1, __VA_ARGS__)

static size_t
message_octets(void)
{
  size_t n = (size_t)(300 + below(500)) << below(6);
  return n > MESSAGE_MAX ? MESSAGE_MAX : n;
}

static void
say_message(struct session *s, unsigned from, size_t n)
{
  size_t first = below(TEXT_OCTETS - MESSAGE_MAX) / 64 * 64; /* lines have 64 octets */
  say_octets(s, from, text + first, n / 64 * 64);
}

static void
say_tls(struct session *s)
{
  static const uint16_t sizes[] = {320, 2800, 120, 60, 180, 90, 40, 200};
  g_autofree char *record = g_malloc(5 + TLS_RECORD_MAX);
  for (size_t i = 0; i < G_N_ELEMENTS(sizes) + 1; i++) {
    size_t n = i < G_N_ELEMENTS(sizes) ? sizes[i] : message_octets() % TLS_RECORD_MAX;
    memcpy(record, i < 2 ? "\x16\3\3" : "\x17\3\3", 3);
    put_be16((uint8_t *)record + 3, (uint16_t)n);
    for (size_t k = 0; k < n; k++)
      record[5 + k] = (char)next_random();
    if (i < 2)
      record[5] = (char)(i + 1);
    say_octets(s, i % 2, record, n + 5);
  }
}

static void
name(char out[32])
{
  static const char *const users[] = {"anna",  "bert",  "carla", "dmitri",
                                      "elena", "farid", "gita",  "hugo"};
  snprintf(out, 32, "%s%u", users[below(8)], below(40));
}

static void
smtp(struct session *s, bool starttls)
{
  char user[32], pass[32], token[128];
  name(user);
  snprintf(pass, sizeof pass, "pw%08x", below(1u << 31));
  S("220 mx.example.org ESMTP\r\n");
  C("EHLO pc%u.example.org\r\n", below(999));
  S("250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n%s250 AUTH PLAIN LOGIN\r\n",
    starttls ? "250-STARTTLS\r\n" : "");
  if (starttls) {
    C("STARTTLS\r\n");
    S("220 2.0.0 Ready to start TLS\r\n");
    say_tls(s);
    return;
  }
  g_autofree char *plain = g_strdup_printf("%c%s%c%s", 1, user, 1, pass);
  size_t n = strlen(plain);
  for (size_t i = 0; i < n; i++)
    if (plain[i] == 1)
      plain[i] = 0;
  base64_encode((const uint8_t *)plain, n, token);
  C("AUTH PLAIN %s\r\n", token);
  S(below(7) ? "235 2.7.0 Authentication successful\r\n" : "535 5.7.8 Authentication failed\r\n");
  for (unsigned i = 1 + below(3); i > 0; i--) {
    C("MAIL FROM:<%s@example.org>\r\nRCPT TO:<lena%u@example.net>\r\nDATA\r\n", user, below(40));
    S("250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n");
    say_message(s, 0, message_octets());
    C(".\r\n");
    S("250 2.0.0 Ok: queued as %08X\r\n", below(1u << 31));
  }
  C("QUIT\r\n");
  S("221 2.0.0 Bye\r\n");
}

static void
pop3(struct session *s, bool starttls)
{
  char user[32];
  name(user);
  S("+OK ready\r\n");
  if (starttls) {
    C("STLS\r\n");
    S("+OK Begin TLS negotiation\r\n");
    say_tls(s);
    return;
  }
  C("USER %s\r\n", user);
  S("+OK\r\n");
  C("PASS pw%08x\r\n", below(1u << 31));
  S("+OK Logged in.\r\n");
  unsigned n = below(4);
  C("STAT\r\n");
  S("+OK %u 12000\r\n", n);
  for (unsigned i = 1; i <= n; i++) {
    C("RETR %u\r\n", i);
    S("+OK message follows\r\n");
    say_message(s, 1, message_octets());
    S(".\r\n");
    C("DELE %u\r\n", i);
    S("+OK Marked to be deleted.\r\n");
  }
  C("QUIT\r\n");
  S("+OK Logging out.\r\n");
}

static void
imap(struct session *s, bool starttls)
{
  char user[32];
  name(user);
  S("* OK [CAPABILITY IMAP4rev1 LITERAL+ STARTTLS AUTH=PLAIN] ready.\r\n");
  if (starttls) {
    C("a1 STARTTLS\r\n");
    S("a1 OK Begin TLS negotiation now.\r\n");
    say_tls(s);
    return;
  }
  C("a1 LOGIN %s \"pw%08x\"\r\n", user, below(1u << 31));
  S("a1 OK Logged in\r\n");
  C("a2 SELECT INBOX\r\n");
  S("* FLAGS (\\Seen)\r\n* %u EXISTS\r\na2 OK [READ-WRITE] done.\r\n", 3 + below(40));
  for (unsigned i = 3 + below(3); i > 2; i--) {
    size_t n = message_octets() / 64 * 64;
    C("a%u UID FETCH %u BODY.PEEK[]\r\n", i, i);
    S("* %u FETCH (UID %u BODY[] {%zu}\r\n", i, i, n);
    say_message(s, 1, n);
    S(")\r\na%u OK Fetch completed.\r\n", i);
  }
  C("a9 LOGOUT\r\n");
  S("* BYE Logging out\r\na9 OK Logout completed.\r\n");
}

static void
session(struct heap *h, int64_t time_ns)
{
  static const struct {
    void (*talk)(struct session *s, bool starttls);
    uint16_t port;
    unsigned percent_starttls;
  } kinds[] = {{smtp, 25, 20}, {smtp, 587, 30}, {pop3, 110, 15}, {imap, 143, 20}, {NULL, 993, 0}};
  static const int rtt_us[] = {800, 4000, 12000, 30000, 80000};
  size_t kind = below(100) < 10 ? 4 : below(4);
  uint32_t client = (uint32_t)next_random() & 0xffff;
  uint8_t a4[4] = {10, 1, (uint8_t)(client >> 8), (uint8_t)client},
          b4[4] = {10, 0, 1, (uint8_t)(1 + below(12))};
  uint8_t a6[16] = {0x20, 1, 0xd, 0xb8, [14] = a4[2], [15] = a4[3]},
          b6[16] = {0x20, 1, 0xd, 0xb8, 0, 1, [15] = b4[3]};
  bool is_v6 = below(5) == 0;
  struct session s = {
      .heap = h,
      .time_ns = time_ns,
      .rtt_ns = rtt_us[below(5)] * US,
      .addr = {is_v6 ? ip_addr_v6(a6) : ip_addr_v4(a4), is_v6 ? ip_addr_v6(b6) : ip_addr_v4(b4)},
      .port = {(uint16_t)(1024 + below(64000)), kinds[kind].port},
      .seq = {(uint32_t)next_random(), (uint32_t)next_random()}};
  if (below(4) == 0)
    dns(&s);
  segment(&s, 0, s.seq[0]++, TCP_SYN, "", 0, s.time_ns);
  s.time_ns += s.rtt_ns;
  segment(&s, 1, s.seq[1]++, TCP_SYN | TCP_ACK, "", 0, s.time_ns);
  s.time_ns += 50 * US;
  segment(&s, 0, s.seq[0], TCP_ACK, "", 0, s.time_ns);
  if (kinds[kind].talk)
    kinds[kind].talk(&s, below(100) < kinds[kind].percent_starttls);
  else
    say_tls(&s);
  s.time_ns += s.rtt_ns;
  segment(&s, 1, s.seq[1]++, TCP_FIN | TCP_ACK, "", 0, s.time_ns);
  segment(&s, 0, s.seq[0]++, TCP_FIN | TCP_ACK, "", 0, s.time_ns + s.rtt_ns / 2);
  segment(&s, 1, s.seq[1], TCP_ACK, "", 0, s.time_ns + s.rtt_ns);
}

static void
make_text(void)
{
  static const char *const words[] = {"mail",   "server",  "message", "protocol",
                                      "packet", "student", "network", "lesson",
                                      "header", "queue",   "relay",   "address"};
  text = g_malloc(TEXT_OCTETS + 64);
  for (size_t line = 0; line < TEXT_OCTETS; line += 64) {
    size_t at = 0;
    while (at < 62) {
      const char *w = words[below(G_N_ELEMENTS(words))];
      for (; *w && at < 62; w++)
        text[line + at++] = *w;
      if (at < 62)
        text[line + at++] = ' ';
    }
    text[line + 62] = '\r';
    text[line + 63] = '\n';
  }
}

static bool
write_event(FILE *out, const struct event *e)
{
  uint8_t header[16];
  put_le32(header, (uint32_t)(e->time_ns / 1000000000));
  put_le32(header + 4, (uint32_t)(e->time_ns % 1000000000));
  put_le32(header + 8, e->n);
  put_le32(header + 12, e->n);
  return fwrite(header, sizeof header, 1, out) == 1 && fwrite(e->octets, e->n, 1, out) == 1;
}

int
main(int argc, char **argv)
{
  uint64_t n_packets = argc > 2 ? g_ascii_strtoull(argv[2], NULL, 10) : 0;
  if (argc < 3 || !n_packets) {
    fprintf(
        stderr,
        "usage: gen-capture OUT.pcap N_PACKETS [SEED]\nexample: gen-capture mail.pcap 1000000 1\n");
    return 2;
  }
  state = argc > 3 ? g_ascii_strtoull(argv[3], NULL, 10) : 1;
  FILE *out = fopen(argv[1], "wb");
  static const uint8_t header[24] = {
      0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, [18] = 4, [20] = LINK_ETHERNET};
  bool is_fine = out && fwrite(header, sizeof header, 1, out) == 1;
  make_text();
  struct heap heap = {0};
  int64_t now = INT64_C(1729000000) * 1000000000;
  for (uint64_t n = 0; n < n_packets && is_fine;) {
    now += below(13000) * US;
    session(&heap, now);
    while (heap.n && heap.events[0].time_ns < now && n < n_packets && is_fine) {
      struct event e = heap_pop(&heap);
      is_fine = write_event(out, &e);
      g_free(e.octets);
      n++;
    }
  }
  if (!is_fine || fclose(out) != 0) {
    fprintf(stderr, "gen-capture: cannot write “%s”: %s\n", argv[1], g_strerror(errno));
    return 3;
  }
  while (heap.n) { /* what is not due yet */
    struct event e = heap_pop(&heap);
    g_free(e.octets);
  }
  g_free(heap.events);
  g_free(text);
  return 0;
}
