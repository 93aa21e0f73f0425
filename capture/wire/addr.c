/* SPDX-License-Identifier: GPL-3.0-or-later */
/* addr.c -- IP and Ethernet addresses: values, comparison, text (RFC 791, 4291, 5952). */
#include "capture/wire/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "capture/wire/bytes.h"

struct ip_addr
ip_addr_v4(const uint8_t octets[4])
{
  struct ip_addr a = {.version = 4};
  memcpy(a.octets, octets, 4);
  return a;
}

struct ip_addr
ip_addr_v6(const uint8_t octets[16])
{
  struct ip_addr a = {.version = 6};
  memcpy(a.octets, octets, 16);
  return a;
}

uint32_t
ip_addr_hash_value(const struct ip_addr *a)
{
  uint64_t h = (get_be64(a->octets) ^ get_be64(a->octets + 8) * 31) * UINT64_C(0x9e3779b97f4a7c15);
  return (uint32_t)(h >> 32);
}

int
ip_addr_compare(const struct ip_addr *a, const struct ip_addr *b)
{
  if (a->version != b->version)
    return a->version < b->version ? -1 : 1;
  return memcmp(a->octets, b->octets, sizeof a->octets);
}

bool
ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
  return ip_addr_compare(a, b) == 0;
}

bool
ip_addr_parse(const char *text, struct ip_addr *out)
{
  struct ip_addr a = {0};
  if (inet_pton(AF_INET, text, a.octets) == 1)
    a.version = 4;
  else if (inet_pton(AF_INET6, text, a.octets) == 1)
    a.version = 6;
  else
    return false;
  *out = a;
  return true;
}

/* Writes a number and returns what is behind it. Reports write ten thousands of addresses. */
static char *
put_number(char *out, unsigned number)
{
  char digits[10];
  size_t n = 0;
  do
    digits[n++] = (char)('0' + number % 10);
  while (number /= 10);
  while (n)
    *out++ = digits[--n];
  return out;
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952 section 4.2); its
 * length, or 0. */
static unsigned
zero_groups(const uint8_t *octets, unsigned *first)
{
  unsigned longest = 1, run = 0;
  for (unsigned i = 0; i < 8; i++) {
    run = get_be16(octets + 2 * i) ? 0 : run + 1;
    if (run > longest) {
      longest = run;
      *first = i + 1 - run;
    }
  }
  return longest > 1 ? longest : 0;
}

static void
put_ip6(char *out, const uint8_t *octets)
{
  static const char digits[] = "0123456789abcdef";
  unsigned first = 8, n_zero = zero_groups(octets, &first);
  if (n_zero >= 5 && first == 0) { /* an IPv4 address may be written in it */
    inet_ntop(AF_INET6, octets, out, ADDR_TEXT_MAX);
    return;
  }
  for (unsigned i = 0; i < 8; i++) {
    if (n_zero && i == first) {
      *out++ = ':';
      i += n_zero - 1;
      if (i == 7)
        *out++ = ':';
      continue;
    }
    if (i > 0)
      *out++ = ':';
    unsigned group = get_be16(octets + 2 * i);
    for (int shift = 12; shift >= 0; shift -= 4)
      if (shift == 0 || group >> shift)
        *out++ = digits[group >> shift & 15];
  }
  *out = '\0';
}

const char *
ip_addr_format(const struct ip_addr *addr, char out[ADDR_TEXT_MAX])
{
  out[0] = '\0';
  if (addr->version == 4) {
    char *at = out;
    for (unsigned i = 0; i < 4; i++) {
      at = put_number(at, addr->octets[i]);
      *at++ = i < 3 ? '.' : '\0';
    }
  } else if (addr->version == 6) {
    put_ip6(out, addr->octets);
  }
  return out;
}

const char *
endpoint_format(const struct ip_addr *addr, uint16_t port, char out[ENDPOINT_TEXT_MAX])
{
  char *at = out;
  if (addr->version == 6)
    *at++ = '[';
  ip_addr_format(addr, at);
  at += strlen(at);
  if (addr->version == 6)
    *at++ = ']';
  *at++ = ':';
  *put_number(at, port) = '\0';
  return out;
}

const char *
ether_format(const uint8_t octets[6], char out[ETHER_TEXT_MAX])
{
  char *at = out;
  for (unsigned i = 0; i < 6; i++) {
    *at++ = "0123456789abcdef"[octets[i] >> 4];
    *at++ = "0123456789abcdef"[octets[i] & 0xf];
    *at++ = i < 5 ? ':' : '\0';
  }
  return out;
}
