/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_TCP_H
#define CAPTURE_WIRE_TCP_H

/* The TCP header, its options and arithmetic on sequence numbers, RFC 9293 and 7323. */
#include "capture/wire/field.h"

enum { TCP_OCTETS = 20, TCP_HEADER_MAX = 60, TCP_SACK_MAX = 4 };

enum tcp_flag {
  TCP_FIN = 0x001,
  TCP_SYN = 0x002,
  TCP_RST = 0x004,
  TCP_PSH = 0x008,
  TCP_ACK = 0x010,
  TCP_URG = 0x020,
  TCP_ECE = 0x040,
  TCP_CWR = 0x080,
  TCP_AE = 0x100,
};

enum tcp_option_kind {
  TCP_OPT_END = 0,
  TCP_OPT_NOP = 1,
  TCP_OPT_MSS = 2,
  TCP_OPT_WSCALE = 3,
  TCP_OPT_SACK_PERMITTED = 4,
  TCP_OPT_SACK = 5,
  TCP_OPT_TIMESTAMPS = 8,
};

struct tcp {
  uint16_t src_port;
  uint16_t dst_port;
  uint32_t seq;
  uint32_t ack;
  uint8_t header_octets; /* 20..60 */
  uint16_t flags;        /* enum tcp_flag */
  uint16_t window;       /* as it stands, unscaled */
  uint16_t checksum;
  uint16_t urgent;
};

/* How a system lays out its options: the order, and where the filling goes. */
enum tcp_option_order {
  TCP_ORDER_LINUX,   /* MSS, SACK-permitted, timestamps, NOP, window scale; SACK behind two NOP */
  TCP_ORDER_FREEBSD, /* MSS, NOP, window scale, SACK-permitted, timestamps, SACK; END fills */
};

/* What the options said; the has_ members tell which were there. */
struct tcp_options {
  uint8_t order; /* for tcp_options_put(): enum tcp_option_order */
  bool has_mss, has_wscale, has_sack_permitted, has_timestamps;
  uint16_t mss;
  uint8_t wscale; /* as it stands: more than 14 is to be treated as 14 (RFC 7323 2.3) */
  uint32_t ts_value, ts_echo;
  uint8_t n_sack;
  struct {
    uint32_t left, right;
  } sack[TCP_SACK_MAX];
};

extern const struct wire_header tcp_header;

/* As in net.h: octets taken with options, 0 when too short or the data offset is impossible. */
size_t tcp_get(const uint8_t *p, size_t n, struct tcp *out);
size_t tcp_put(uint8_t *p, const struct tcp *in);

/* Walks one option at p[*at..n): gives its kind, first octet and length (kind and length octets
 * included) and moves *at behind it. False at the end, at END, or when a length is impossible (then
 * *at < n and p[*at] != TCP_OPT_END). */
bool tcp_option_next(const uint8_t *p, size_t n, size_t *at, uint8_t *kind, size_t *first,
                     size_t *n_octets);

/* Reads all options of p[0..n), which is what follows the fixed header. Malformed ones end it. */
void tcp_options_get(const uint8_t *p, size_t n, struct tcp_options *out);

/* Writes the options that `in` has in the order it asks for, filled to a multiple of 4. Returns the
 * octets (at most 40): SACK blocks that do not fit are left out. */
size_t tcp_options_put(uint8_t *p, const struct tcp_options *in);

/* Letters for the flags that are set, in Wireshark's words: "SYN, ACK". `out` holds 64. */
const char *tcp_flags_format(uint16_t flags, char out[64]);

/* Sequence numbers compare modulo 2^32 (RFC 9293 3.4). */
static inline bool
seq_lt(uint32_t a, uint32_t b)
{
  return (int32_t)(a - b) < 0;
}

static inline bool
seq_le(uint32_t a, uint32_t b)
{
  return (int32_t)(a - b) <= 0;
}

static inline bool
seq_gt(uint32_t a, uint32_t b)
{
  return seq_lt(b, a);
}

static inline bool
seq_ge(uint32_t a, uint32_t b)
{
  return seq_le(b, a);
}

#endif
