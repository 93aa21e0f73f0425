/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_ADDR_H
#define CAPTURE_WIRE_ADDR_H

/* IP and Ethernet addresses as plain values. */
#include <stdbool.h>
#include <stdint.h>

enum { ADDR_TEXT_MAX = 46, ETHER_TEXT_MAX = 18, ENDPOINT_TEXT_MAX = 56 };

/* version is 4 or 6; 0 is "no address". An IPv4 address lies in octets[0..3], the rest is zero. */
struct ip_addr {
  uint8_t version;
  uint8_t octets[16];
};

struct ether_address {
  uint8_t octets[6];
};

struct ip_addr ip_addr_v4(const uint8_t octets[4]);
struct ip_addr ip_addr_v6(const uint8_t octets[16]);
bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b);
/* For hash tables of addresses; equal addresses have equal ones. */
uint32_t ip_addr_hash_value(const struct ip_addr *a);
/* <0, 0, >0: by version, then by octets. */
int ip_addr_compare(const struct ip_addr *a, const struct ip_addr *b);

/* Reads "10.0.0.1" or "2001:db8::1"; false when it is neither. */
bool ip_addr_parse(const char *text, struct ip_addr *out);

/* Writes the canonical text (RFC 5952 for IPv6) into `out` and returns it; "" for no address. */
const char *ip_addr_format(const struct ip_addr *addr, char out[ADDR_TEXT_MAX]);

/* "10.0.0.1:25" or "[2001:db8::1]:25". */
const char *endpoint_format(const struct ip_addr *addr, uint16_t port, char out[ENDPOINT_TEXT_MAX]);

/* "02:00:00:00:00:01". */
const char *ether_format(const uint8_t octets[6], char out[ETHER_TEXT_MAX]);

#endif
