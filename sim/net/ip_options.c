/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip_options.c -- what an IPv4 header may ask for beyond its 20 octets: RFC 791 3.1, 1122 3.2.1.8,
 * 1812 5.3.13, 2113.
 *
 *   0 end │ 1 nothing │ 7 record route: addresses of those who pass it on
 *   68 timestamp: the same with the time │ 148 router alert: look at me │ others are passed on
 *   131, 137 source routes: refused with ICMP "source route failed", since they defeat every filter
 *            (RFC 7126 4.3, 4.4) */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/host.h"

enum { OPT_END = 0, OPT_NOP = 1, OPT_RECORD = 7, OPT_TIME = 68, OPT_LOOSE = 131, OPT_STRICT = 137 };
enum { TIME_ONLY = 0, TIME_AND_ADDRESS = 1, TIME_ASKED = 3, OVERFLOW_MAX = 15 };

/* Milliseconds since midnight UT; a run starts at midnight. */
static uint32_t
time_ms(const struct host *h)
{
  return (uint32_t)(world_now(h->net->world) / 1000000 % 86400000);
}

/* Each returns 0, or the place in the option that is wrong (RFC 791's pointer counts from 1). */
static uint32_t
record(uint8_t *o, const struct ip_addr *own)
{
  unsigned n = o[1], at = o[2];
  if (n < 3 || at < 4)
    return 2;
  if (at > n)
    return 0; /* full: it goes on unchanged */
  if (at + 3 > n)
    return 2;
  memcpy(o + at - 1, own->octets, 4);
  o[2] = (uint8_t)(at + 4);
  return 0;
}

static uint32_t
stamp(const struct host *h, uint8_t *o, const struct ip_addr *own)
{
  unsigned n = o[1], at = o[2], flag = n > 3 ? o[3] & 15 : 0;
  unsigned needs = flag == TIME_ONLY ? 4 : 8;
  if (n < 4 || at < 5 || (flag != TIME_ONLY && flag != TIME_AND_ADDRESS && flag != TIME_ASKED))
    return 2;
  if (at > n) { /* full: counts who could not say */
    if (o[3] >> 4 == OVERFLOW_MAX)
      return 3;
    o[3] += 0x10;
    return 0;
  }
  if (at - 1 + needs > n)
    return 2;
  uint8_t *slot = o + at - 1;
  if (flag == TIME_ASKED) {
    struct ip_addr asked = ip_addr_v4(slot);
    if (!host_has_addr(h, &asked))
      return 0;
  }
  if (flag == TIME_AND_ADDRESS)
    memcpy(slot, own->octets, 4);
  put_be32(slot + needs - 4, time_ms(h));
  o[2] = (uint8_t)(at + needs);
  return 0;
}

static bool
refuse(struct host *h, struct packet *p, enum ip_trouble trouble, uint32_t at,
       enum drop_reason reason)
{
  icmp_error(h, p, trouble, at);
  ip_drop(h, p, reason);
  return false;
}

bool
ip_options_pass(struct host *h, struct packet *p, const struct ip_addr *own)
{
  uint8_t *header = p->octets + PACKET_IP;
  uint32_t n = (header[0] & 15u) * 4;
  for (uint32_t at = IPV4_OCTETS; at < n && header[at] != OPT_END;) {
    uint8_t *o = header + at;
    uint32_t wrong = 0;
    if (o[0] == OPT_NOP) {
      at++;
      continue;
    }
    if (at + 2 > n || o[1] < 2 || at + o[1] > n)
      return refuse(h, p, IP_PARAMETER, at + 1, DROP_OPTION);
    if (o[0] == OPT_LOOSE || o[0] == OPT_STRICT)
      return refuse(h, p, IP_SOURCE_ROUTE_FAILED, 0, DROP_SOURCE_ROUTE);
    if (o[0] == OPT_RECORD)
      wrong = record(o, own);
    else if (o[0] == OPT_TIME)
      wrong = stamp(h, o, own);
    if (wrong)
      return refuse(h, p, IP_PARAMETER, at + wrong, DROP_OPTION);
    at += o[1];
  }
  put_be16(header + 10, 0);
  put_be16(header + 10, checksum_finish(checksum_add(0, header, n)));
  return true;
}

void
ip_options_begin(const struct host *h, uint8_t *options, uint32_t n, const struct ip_addr *own)
{
  for (uint32_t at = 0; at + 2 < n && options[at] != OPT_END;) {
    uint8_t *o = options + at;
    if (o[0] != OPT_NOP && (o[1] < 2 || at + o[1] > n))
      return;
    if (o[0] == OPT_RECORD && o[2] == 4)
      record(o, own);
    else if (o[0] == OPT_TIME && o[2] == 5 && (o[3] & 15) != TIME_ASKED)
      stamp(h, o, own);
    at += o[0] == OPT_NOP ? 1 : o[1];
  }
}
