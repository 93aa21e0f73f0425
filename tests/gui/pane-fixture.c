/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pane-fixture.c -- a capture made by hand, for the tests of the panes.
 *
 *   0 SYN  1 SYN,ACK  2 ACK  3 "+OK ready"  4 ack  5 "USER alice"  6 ack  7 "+OK"  8 ack
 *   9 "PASS hunter22"  10 ack  11 "+OK logged in"  12 ack  13 "RETR 1"  14 ack  15 message
 *  16 ack  17 "QUIT"  18 ack  19 "+OK bye"  20 FIN  21 FIN,ACK  22 ACK
 *  23 SYN  24 SYN,ACK  25 ACK  26 "220"  27 "EHLO"  28 "250 AUTH"  29 "AUTH PLAIN …"  30 "535"  31
 * RST */
#include "pane-fixture.h"

#include <string.h>

#include "capture/source/writer.h"
#include "capture/wire/net.h"
#include "capture/wire/tcp.h"

struct side {
  uint8_t mac[6], addr[4];
  uint16_t port;
  uint32_t seq;
};

struct maker {
  struct pcapng_writer *writer;
  struct side ends[2];
  int64_t time_ns;
  unsigned n_frames;
};

static void
send_segment(struct maker *m, int from, uint16_t flags, const char *payload)
{
  uint8_t frame[1514] = {0}; /* an Ethernet frame of full size */
  struct side *me = &m->ends[from], *peer = &m->ends[!from];
  size_t n = payload ? strlen(payload) : 0;
  struct eth eth = {.type = ETHER_IPV4};
  memcpy(eth.src, me->mac, 6);
  memcpy(eth.dst, peer->mac, 6);
  eth_put(frame, &eth);
  struct ipv4 ip = {.header_octets = IPV4_OCTETS,
                    .total_octets = (uint16_t)(40 + n),
                    .id = (uint16_t)m->n_frames,
                    .dont_fragment = true,
                    .ttl = 64,
                    .proto = IP_PROTO_TCP};
  memcpy(ip.src, me->addr, 4);
  memcpy(ip.dst, peer->addr, 4);
  ipv4_put(frame + 14, &ip);
  ip.checksum = checksum_finish(checksum_add(0, frame + 14, 20));
  ipv4_put(frame + 14, &ip);
  struct tcp tcp = {.src_port = me->port,
                    .dst_port = peer->port,
                    .seq = me->seq,
                    .ack = flags & TCP_ACK ? peer->seq : 0,
                    .header_octets = TCP_OCTETS,
                    .flags = flags,
                    .window = 64240};
  memcpy(frame + 54, payload ? payload : "", n);
  tcp_put(frame + 34, &tcp);
  struct ip_addr src = ip_addr_v4(me->addr), dst = ip_addr_v4(peer->addr);
  uint32_t sum = checksum_pseudo(&src, &dst, IP_PROTO_TCP, (uint32_t)(20 + n));
  tcp.checksum = checksum_finish(checksum_add(sum, frame + 34, 20 + n));
  tcp_put(frame + 34, &tcp);
  me->seq += (uint32_t)n + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
  uint32_t length = (uint32_t)MAX(54 + n, 60); /* Ethernet's minimum, zeros behind */
  pcapng_writer_packet(m->writer, 0, m->time_ns, frame, length, length, NULL, NULL);
  m->time_ns += 1000000;
  m->n_frames++;
}

static void
say(struct maker *m, int from, const char *line)
{
  send_segment(m, from, TCP_PSH | TCP_ACK, line);
  send_segment(m, !from, TCP_ACK, NULL);
}

static void
open_connection(struct maker *m, uint16_t client_port, uint16_t server_port)
{
  static const struct side client = {{2, 0, 0, 0, 0, 1}, {10, 0, 0, 5}, 0, 1000};
  static const struct side server = {{2, 0, 0, 0, 0, 2}, {10, 0, 0, 2}, 0, 5000};
  m->ends[0] = client;
  m->ends[1] = server;
  m->ends[0].port = client_port;
  m->ends[1].port = server_port;
  send_segment(m, 0, TCP_SYN, NULL);
  send_segment(m, 1, TCP_SYN | TCP_ACK, NULL);
  send_segment(m, 0, TCP_ACK, NULL);
}

char *
fixture_write(const char *folder)
{
  char *path = g_build_filename(folder, "panes.pcapng", NULL);
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autoptr(GFileOutputStream) out =
      g_file_replace(file, NULL, FALSE, G_FILE_CREATE_NONE, NULL, NULL);
  struct maker m = {.writer = pcapng_writer_new(G_OUTPUT_STREAM(out), NULL),
                    .time_ns = G_GINT64_CONSTANT(1767225600000000000)};
  pcapng_writer_interface(m.writer, LINK_ETHERNET, 65535, NULL, NULL, NULL);

  open_connection(&m, 50110, 110);
  say(&m, 1, "+OK ready\r\n");
  say(&m, 0, "USER " POP_USER_NAME "\r\n");
  say(&m, 1, "+OK\r\n");
  say(&m, 0, "PASS " POP_SECRET "\r\n");
  say(&m, 1, "+OK logged in\r\n");
  say(&m, 0, "RETR 1\r\n");
  say(&m, 1, "+OK 28 octets\r\nSubject: lunch\r\n\r\nAt noon?\r\n.\r\n");
  say(&m, 0, "QUIT\r\n");
  send_segment(&m, 1, TCP_PSH | TCP_ACK, "+OK bye\r\n");
  send_segment(&m, 0, TCP_FIN | TCP_ACK, NULL);
  send_segment(&m, 1, TCP_FIN | TCP_ACK, NULL);
  send_segment(&m, 0, TCP_ACK, NULL);

  open_connection(&m, 50125, 25);
  send_segment(&m, 1, TCP_PSH | TCP_ACK, "220 mx.test ESMTP\r\n");
  send_segment(&m, 0, TCP_PSH | TCP_ACK, "EHLO pc.test\r\n");
  send_segment(&m, 1, TCP_PSH | TCP_ACK, "250-mx.test\r\n250 AUTH PLAIN\r\n");
  g_assert_cmpuint(m.n_frames, ==, AT_SMTP_AUTH);
  send_segment(&m, 0, TCP_PSH | TCP_ACK, "AUTH PLAIN " SMTP_BASE64 "\r\n");
  send_segment(&m, 1, TCP_PSH | TCP_ACK, "535 5.7.8 no\r\n");
  send_segment(&m, 0, TCP_RST | TCP_ACK, NULL);
  g_assert_cmpuint(m.n_frames, ==, FIXTURE_N_FRAMES);
  pcapng_writer_flush(m.writer, NULL);
  pcapng_writer_free(m.writer);
  g_output_stream_close(G_OUTPUT_STREAM(out), NULL, NULL);
  return path;
}
