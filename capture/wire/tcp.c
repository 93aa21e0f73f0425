/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp.c -- the TCP header as a table and as a struct, and its options (RFC 9293 3.1, 3.2; 7323;
 * 2018).
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |          source port          |       destination port        |
 *     |                        sequence number                        |
 *     |                     acknowledgment number                     |
 *     | offset| rsv |A C E U A P R S F|            window             |
 *     |           checksum            |        urgent pointer         |
 */
#include "capture/wire/tcp.h"

#include "capture/wire/bytes.h"

#include <stdio.h>

static const struct wire_field tcp_fields[] = {
    {"tcp.srcport", "Source port", 0, 16, WIRE_UINT},
    {"tcp.dstport", "Destination port", 16, 16, WIRE_UINT},
    {"tcp.seq_raw", "Sequence number", 32, 32, WIRE_UINT},
    {"tcp.ack_raw", "Acknowledgment number", 64, 32, WIRE_UINT},
    {"tcp.hdr_len", "Offset", 96, 4, WIRE_UINT},
    {"tcp.flags.res", "Res", 100, 3, WIRE_UINT},
    {"tcp.flags.ae", "AE", 103, 1, WIRE_FLAG},
    {"tcp.flags.cwr", "CWR", 104, 1, WIRE_FLAG},
    {"tcp.flags.ece", "ECE", 105, 1, WIRE_FLAG},
    {"tcp.flags.urg", "URG", 106, 1, WIRE_FLAG},
    {"tcp.flags.ack", "ACK", 107, 1, WIRE_FLAG},
    {"tcp.flags.push", "PSH", 108, 1, WIRE_FLAG},
    {"tcp.flags.reset", "RST", 109, 1, WIRE_FLAG},
    {"tcp.flags.syn", "SYN", 110, 1, WIRE_FLAG},
    {"tcp.flags.fin", "FIN", 111, 1, WIRE_FLAG},
    {"tcp.window_size_value", "Window", 112, 16, WIRE_UINT},
    {"tcp.checksum", "Checksum", 128, 16, WIRE_HEX},
    {"tcp.urgent_pointer", "Urgent pointer", 144, 16, WIRE_UINT},
};
const struct wire_header tcp_header = {
    "tcp", "TCP", TCP_OCTETS, (uint16_t)(sizeof tcp_fields / sizeof tcp_fields[0]), tcp_fields};

size_t
tcp_get(const uint8_t *p, size_t n, struct tcp *out)
{
  if (n < TCP_OCTETS)
    return 0;
  size_t header_octets = (size_t)(p[12] >> 4) * 4;
  if (header_octets < TCP_OCTETS || header_octets > n)
    return 0;
  *out = (struct tcp){.src_port = get_be16(p),
                      .dst_port = get_be16(p + 2),
                      .seq = get_be32(p + 4),
                      .ack = get_be32(p + 8),
                      .header_octets = (uint8_t)header_octets,
                      .flags = get_be16(p + 12) & 0x1ff,
                      .window = get_be16(p + 14),
                      .checksum = get_be16(p + 16),
                      .urgent = get_be16(p + 18)};
  return header_octets;
}

size_t
tcp_put(uint8_t *p, const struct tcp *in)
{
  put_be16(p, in->src_port);
  put_be16(p + 2, in->dst_port);
  put_be32(p + 4, in->seq);
  put_be32(p + 8, in->ack);
  put_be16(p + 12, (uint16_t)((unsigned)(in->header_octets / 4) << 12 | (in->flags & 0x1ffu)));
  put_be16(p + 14, in->window);
  put_be16(p + 16, in->checksum);
  put_be16(p + 18, in->urgent);
  return TCP_OCTETS;
}

bool
tcp_option_next(const uint8_t *p, size_t n, size_t *at, uint8_t *kind, size_t *first,
                size_t *n_octets)
{
  if (*at >= n || p[*at] == TCP_OPT_END)
    return false;
  size_t length = 1;
  if (p[*at] != TCP_OPT_NOP) {
    if (*at + 1 >= n)
      return false;
    length = p[*at + 1];
    if (length < 2 || *at + length > n)
      return false;
  }
  *kind = p[*at];
  *first = *at;
  *n_octets = length;
  *at += length;
  return true;
}

void
tcp_options_get(const uint8_t *p, size_t n, struct tcp_options *out)
{
  *out = (struct tcp_options){0};
  size_t at = 0, first, length;
  uint8_t kind;
  while (tcp_option_next(p, n, &at, &kind, &first, &length)) {
    const uint8_t *value = p + first + 2;
    if (kind == TCP_OPT_MSS && length == 4) {
      out->has_mss = true;
      out->mss = get_be16(value);
    } else if (kind == TCP_OPT_WSCALE && length == 3) {
      out->has_wscale = true;
      out->wscale = value[0];
    } else if (kind == TCP_OPT_SACK_PERMITTED && length == 2) {
      out->has_sack_permitted = true;
    } else if (kind == TCP_OPT_TIMESTAMPS && length == 10) {
      out->has_timestamps = true;
      out->ts_value = get_be32(value);
      out->ts_echo = get_be32(value + 4);
    } else if (kind == TCP_OPT_SACK && length >= 10 && (length - 2) % 8 == 0) {
      out->n_sack = 0;
      for (size_t i = 0; i < (length - 2) / 8 && i < TCP_SACK_MAX; i++) {
        out->sack[i].left = get_be32(value + 8 * i);
        out->sack[i].right = get_be32(value + 8 * i + 4);
        out->n_sack++;
      }
    }
  }
}

/* NOPs until the place is `rest` behind a multiple of `unit`. */
static size_t
fill(uint8_t *p, size_t n, size_t unit, size_t rest)
{
  while (n % unit != rest)
    p[n++] = TCP_OPT_NOP;
  return n;
}

static size_t
put_wscale(uint8_t *p, size_t n, const struct tcp_options *in)
{
  if (!in->has_wscale)
    return n;
  n = fill(p, n, 4, 1);
  p[n] = TCP_OPT_WSCALE;
  p[n + 1] = 3;
  p[n + 2] = in->wscale;
  return n + 3;
}

static size_t
put_sack_permitted(uint8_t *p, size_t n, const struct tcp_options *in)
{
  if (!in->has_sack_permitted)
    return n;
  if (in->order == TCP_ORDER_LINUX && !in->has_timestamps)
    n = fill(p, n, 4, 2);
  p[n] = TCP_OPT_SACK_PERMITTED;
  p[n + 1] = 2;
  return n + 2;
}

static size_t
put_timestamps(uint8_t *p, size_t n, const struct tcp_options *in)
{
  if (!in->has_timestamps)
    return n;
  n = fill(p, n, 4, 2);
  p[n] = TCP_OPT_TIMESTAMPS;
  p[n + 1] = 10;
  put_be32(p + n + 2, in->ts_value);
  put_be32(p + n + 6, in->ts_echo);
  return n + 10;
}

static size_t
put_sack(uint8_t *p, size_t n, const struct tcp_options *in)
{
  if (in->n_sack == 0)
    return n;
  n = fill(p, n, 4, 2);
  size_t room = (TCP_HEADER_MAX - TCP_OCTETS - n - 2) / 8;
  size_t blocks = in->n_sack < room ? in->n_sack : room;
  p[n] = TCP_OPT_SACK;
  p[n + 1] = (uint8_t)(2 + 8 * blocks);
  for (size_t i = 0; i < blocks; i++) {
    put_be32(p + n + 2 + 8 * i, in->sack[i].left);
    put_be32(p + n + 6 + 8 * i, in->sack[i].right);
  }
  return n + 2 + 8 * blocks;
}

/* Linux: tcp_options_write(); FreeBSD: tcp_addoptions(). */
size_t
tcp_options_put(uint8_t *p, const struct tcp_options *in)
{
  typedef size_t (*put)(uint8_t *, size_t, const struct tcp_options *);
  static const put orders[][4] = {
      [TCP_ORDER_LINUX] = {put_sack_permitted, put_timestamps, put_wscale, put_sack},
      [TCP_ORDER_FREEBSD] = {put_wscale, put_sack_permitted, put_timestamps, put_sack},
  };
  size_t n = 0;
  if (in->has_mss) {
    p[n] = TCP_OPT_MSS;
    p[n + 1] = 4;
    put_be16(p + n + 2, in->mss);
    n += 4;
  }
  for (size_t i = 0; i < 4; i++)
    n = orders[in->order][i](p, n, in);
  uint8_t filler = in->order == TCP_ORDER_FREEBSD ? TCP_OPT_END : TCP_OPT_NOP;
  while (n % 4)
    p[n++] = filler;
  return n;
}

const char *
tcp_flags_format(uint16_t flags, char out[64])
{
  static const struct {
    uint16_t bit;
    const char *name;
  } names[] = {{TCP_SYN, "SYN"}, {TCP_FIN, "FIN"}, {TCP_RST, "RST"},
               {TCP_PSH, "PSH"}, {TCP_ACK, "ACK"}, {TCP_URG, "URG"},
               {TCP_ECE, "ECE"}, {TCP_CWR, "CWR"}, {TCP_AE, "AE"}};
  int n = 0;
  out[0] = '\0';
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (flags & names[i].bit)
      n += snprintf(out + n, 64 - (size_t)n, "%s%s", n ? ", " : "", names[i].name);
  return out;
}
