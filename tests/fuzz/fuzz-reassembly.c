/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-reassembly.c -- a list of segments and fragments, in any order and overlap, into a trace.
 *
 * Each record of the input makes one frame:
 *     kind (1): bit 0 direction, bits 1-2 TCP, UDP, IPv4 fragment, IPv6 fragment; bits 3-4
 * connection; bits 5-7 time step TCP:      flags (1) sequence (2) acknowledgment (2) octets (1)
 * window (1), then the octets fragment: offset in units of 8 and "more" in the top bit (2),
 * identification (1), octets (1) ... What must hold: every element lies in its flow's stream, what
 * is put together again is what the frames say, chains of frames are complete. */
#include <glib.h>
#include <string.h>

#include "capture/trace/trace.h"
#include "capture/wire/bytes.h"
#include "capture/wire/tcp.h"
#include "tests/fuzz/fuzz.h"

enum { KIND_TCP, KIND_UDP, KIND_FRAGMENT4, KIND_FRAGMENT6, FRAMES_MAX = 2000 };

const struct fuzz_seed fuzz_seeds[] = {{"in-order", TEXT_SEED("\0\2\0\0\0\0\0\1"
                                                              "\1\x12\0\0\0\1\0\1"
                                                              "\1\x18\0\1\0\1\4\1"
                                                              "+OK\n"
                                                              "\0\x18\0\1\0\5\7\1"
                                                              "USER a\n"
                                                              "\1\x18\0\5\0\x08\4\1"
                                                              "+OK\n"
                                                              "\0\x18\0\x08\0\x09\7\1"
                                                              "PASS b\n"
                                                              "\0\x11\0\x0f\0\x09\0\1"
                                                              "\1\x11\0\x09\0\x10\0\1")},
                                       {"out-of-order", TEXT_SEED("\0\2\0\0\0\0\0\1"
                                                                  "\1\x12\0\0\0\1\0\1"
                                                                  "\0\x18\0\5\0\1\4\1"
                                                                  "efgh"
                                                                  "\0\x18\0\3\0\1\4\1"
                                                                  "cdef"
                                                                  "\0\x18\0\x0b\0\1\2\1"
                                                                  "kl"
                                                                  "\0\x18\0\1\0\1\2\1"
                                                                  "ab"
                                                                  "\xe1\x10\0\1\0\x20\0\1"
                                                                  "\xe1\x10\0\1\0\x20\0\1")},
                                       {"fragments", TEXT_SEED("\4\x80\0\1\x08"
                                                               "abcdefgh"
                                                               "\4\x00\1\1\x08"
                                                               "ijklmnop"
                                                               "\4\x80\0\2\x10"
                                                               "abcdefghijklmnop"
                                                               "\4\x80\1\2\x10"
                                                               "ABCDEFGHIJKLMNOP"
                                                               "\4\0\3\2\2"
                                                               "qr"
                                                               "\6\x80\0\1\x08"
                                                               "abcdefgh"
                                                               "\6\x00\1\1\x08"
                                                               "ijklmnop")},
                                       {NULL, NULL, 0}};

struct input {
  const uint8_t *p;
  size_t n;
};

static unsigned
take(struct input *in, unsigned n_octets)
{
  unsigned value = 0;
  for (unsigned i = 0; i < n_octets; i++) {
    value = value << 8 | (in->n ? in->p[0] : 0);
    if (in->n) {
      in->p++;
      in->n--;
    }
  }
  return value;
}

static size_t
take_octets(struct input *in, uint8_t *to, size_t n)
{
  if (n > in->n)
    n = in->n;
  memcpy(to, in->p, n);
  in->p += n;
  in->n -= n;
  return n;
}

static size_t
put_ipv4(uint8_t *frame, unsigned direction, uint8_t proto, size_t n_payload)
{
  struct ipv4 ip = {.header_octets = IPV4_OCTETS,
                    .total_octets = (uint16_t)(IPV4_OCTETS + n_payload),
                    .ttl = 64,
                    .proto = proto,
                    .src = {10, 0, 0, (uint8_t)(1 + direction)},
                    .dst = {10, 0, 0, (uint8_t)(2 - direction)}};
  return ipv4_put(frame, &ip);
}

static size_t
make_tcp(struct input *in, unsigned direction, unsigned connection, uint8_t *frame)
{
  struct tcp t = {.header_octets = TCP_OCTETS};
  uint16_t client = (uint16_t)(50000 + connection), server = 110;
  t.src_port = direction ? server : client;
  t.dst_port = direction ? client : server;
  t.flags = (uint16_t)take(in, 1);
  t.seq = UINT32_MAX - 100 + take(in, 2); /* wraps around early */
  t.ack = UINT32_MAX - 100 + take(in, 2);
  unsigned n = take(in, 1);
  t.window = (uint16_t)(take(in, 1) << 8);
  n = (unsigned)take_octets(in, frame + IPV4_OCTETS + TCP_OCTETS, n);
  put_ipv4(frame, direction, IP_PROTO_TCP, TCP_OCTETS + n);
  tcp_put(frame + IPV4_OCTETS, &t);
  return IPV4_OCTETS + TCP_OCTETS + n;
}

static size_t
make_udp(struct input *in, unsigned direction, unsigned connection, uint8_t *frame)
{
  unsigned n = (unsigned)take_octets(in, frame + IPV4_OCTETS + UDP_OCTETS, take(in, 1));
  struct udp u = {.src_port = (uint16_t)(direction ? 53 : 4000 + connection),
                  .dst_port = (uint16_t)(direction ? 4000 + connection : 53),
                  .length = (uint16_t)(UDP_OCTETS + n)};
  put_ipv4(frame, direction, IP_PROTO_UDP, UDP_OCTETS + n);
  udp_put(frame + IPV4_OCTETS, &u);
  return IPV4_OCTETS + UDP_OCTETS + n;
}

static size_t
make_fragment(struct input *in, unsigned direction, bool is_v6, uint8_t *frame)
{
  unsigned place = take(in, 2), id = take(in, 1), n = take(in, 1);
  unsigned offset = place & 0x1fff, more = place >> 15;
  if (!is_v6) {
    n = (unsigned)take_octets(in, frame + IPV4_OCTETS, n);
    put_ipv4(frame, direction, IP_PROTO_TCP, n);
    put_be16(frame + 4, (uint16_t)id);
    put_be16(frame + 6, (uint16_t)(more << 13 | offset));
    return IPV4_OCTETS + n;
  }
  uint8_t *p = frame + IPV6_OCTETS;
  n = (unsigned)take_octets(in, p + 8, n);
  struct ipv6 ip = {.payload_octets = (uint16_t)(8 + n), .next_header = IP_PROTO_FRAGMENT};
  ip.src[15] = (uint8_t)(1 + direction);
  ip.dst[15] = (uint8_t)(2 - direction);
  ipv6_put(frame, &ip);
  memset(p, 0, 8);
  p[0] = IP_PROTO_TCP;
  put_be16(p + 2, (uint16_t)(offset << 3 | more));
  put_be32(p + 4, id);
  return IPV6_OCTETS + 8 + n;
}

static void
check_chains(const struct trace *t)
{
  uint32_t n_in_flows = 0, n_found = 0;
  for (uint32_t i = 0; i < trace_n_frames(t); i++)
    n_in_flows += trace_frame(t, i).flow != TRACE_NONE;
  for (uint32_t f = 0; f < trace_n_flows(t); f++) {
    uint32_t last = TRACE_NONE;
    for (uint32_t i = trace_flow(t, f)->first_frame; i != TRACE_NONE;
         i = trace_frame(t, i).next_in_flow) {
      g_assert_cmpuint(trace_frame(t, i).flow, ==, f);
      g_assert_cmpuint(trace_frame(t, i).prev_in_flow, ==, last);
      last = i;
      n_found++;
    }
    g_assert_cmpuint(last, ==, trace_flow(t, f)->last_frame);
  }
  g_assert_cmpuint(n_found, ==, n_in_flows);
}

static void
check_elements(const struct trace *t)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  for (uint32_t i = 0; i < trace_n_elements(t); i++) {
    const struct element e = trace_element(t, i);
    g_assert_cmpuint(e.flow, <, trace_n_flows(t));
    g_assert_cmpuint(e.first_frame, <, trace_n_frames(t));
    g_assert_cmpuint(e.first_frame, <=, e.last_frame);
    if (e.n_octets > 1 << 16)
      continue;
    g_assert_true(trace_element_octets(t, i, octets, pieces));
    g_assert_cmpuint(octets->len, ==, e.n_octets);
    for (guint k = 0; k < pieces->len; k++) {
      const struct trace_piece *p = &g_array_index(pieces, struct trace_piece, k);
      g_assert_cmpuint(p->first + p->n_octets, <=, octets->len);
      g_assert_cmpuint(trace_frame(t, p->frame).flow, ==, e.flow);
    }
  }
  for (uint32_t i = 0; i < trace_n_frames(t); i++) {
    trace_element_at(t, i);
    if (trace_frame(t, i).flags & TRACE_FRAME_REASSEMBLED)
      g_assert_true(trace_datagram(t, i, octets, pieces));
    g_assert_cmpuint(trace_frame(t, i).element, <=, trace_elements_end(t, i));
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  struct input in = {p, n};
  struct trace *t = trace_new();
  uint16_t interface = trace_add_interface(t, NULL, LINK_RAW);
  int64_t now = TRACE_SIM_EPOCH_NS;
  while (in.n && trace_n_frames(t) < FRAMES_MAX) {
    static const int64_t steps_ns[8] = {1000,      100000,     2000000,     30000000,
                                        400000000, 1000000000, 40000000000, -1000};
    uint8_t frame[512];
    unsigned kind = take(&in, 1), direction = kind & 1, connection = kind >> 3 & 3;
    size_t length = 0;
    now += steps_ns[kind >> 5];
    switch (kind >> 1 & 3) {
    case KIND_TCP:
      length = make_tcp(&in, direction, connection, frame);
      break;
    case KIND_UDP:
      length = make_udp(&in, direction, connection, frame);
      break;
    default:
      length = make_fragment(&in, direction, (kind >> 1 & 3) == KIND_FRAGMENT6, frame);
    }
    trace_append(t, interface, now, frame, (uint32_t)length, (uint32_t)length);
  }
  trace_finish(t);
  check_chains(t);
  check_elements(t);
  trace_free(t);
  return 0;
}
