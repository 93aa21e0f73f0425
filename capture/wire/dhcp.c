/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dhcp.c -- how a host asks for an address: the fixed part of the message and its options.
 *
 *   | op 1 | hw 1 | len 1 | hops 1 | xid 4 | secs 2 | flags 2 | ciaddr 4 | yiaddr 4 | siaddr 4 |
 * giaddr 4 | | chaddr 16 | sname 64 | file 128 | cookie 4 | options: code 1, length 1, value … |
 * 255 |
 *
 * RFC 2131 2, RFC 2132. SIMPLIFIED: options that overflow into sname and file (option 52) are not
 * read. */
#include "capture/wire/dhcp.h"

#define N(a) (sizeof(a) / sizeof(a)[0])

static const struct wire_field fields[] = {
    {"dhcp.type", "Op", 0, 8, WIRE_UINT},
    {"dhcp.hw.type", "Hardware", 8, 8, WIRE_UINT},
    {"dhcp.hw.len", "Length", 16, 8, WIRE_UINT},
    {"dhcp.hops", "Hops", 24, 8, WIRE_UINT},
    {"dhcp.id", "Transaction ID", 32, 32, WIRE_HEX},
    {"dhcp.secs", "Seconds", 64, 16, WIRE_UINT},
    {"dhcp.flags.bc", "Broadcast", 80, 1, WIRE_FLAG},
    {"dhcp.flags.reserved", "Reserved", 81, 15, WIRE_HEX},
    {"dhcp.ip.client", "Client IP", 96, 32, WIRE_IPV4},
    {"dhcp.ip.your", "Your IP", 128, 32, WIRE_IPV4},
    {"dhcp.ip.server", "Server IP", 160, 32, WIRE_IPV4},
    {"dhcp.ip.relay", "Relay IP", 192, 32, WIRE_IPV4},
    {"dhcp.hw.mac_addr", "Client MAC", 224, 48, WIRE_ETHER},
};
/* Names, padding and the cookie behind are octets, not numbers: the table tiles the first 34. */
const struct wire_header dhcp_header = {"dhcp", "DHCP", 34, N(fields), fields};

size_t
dhcp_get(const uint8_t *p, size_t n, struct dhcp *out)
{
  if (n < DHCP_FIXED_OCTETS || get_be32(p + DHCP_FIXED_OCTETS - 4) != DHCP_COOKIE)
    return 0;
  *out = (struct dhcp){.op = p[0],
                       .hw_type = p[1],
                       .hw_octets = p[2],
                       .hops = p[3],
                       .id = get_be32(p + 4),
                       .seconds = get_be16(p + 8),
                       .flags = get_be16(p + 10)};
  memcpy(out->client, p + 12, 4);
  memcpy(out->your, p + 16, 4);
  memcpy(out->server, p + 20, 4);
  memcpy(out->relay, p + 24, 4);
  memcpy(out->mac, p + 28, 6);
  return DHCP_FIXED_OCTETS;
}

size_t
dhcp_put(uint8_t *p, const struct dhcp *in)
{
  memset(p, 0, DHCP_FIXED_OCTETS);
  p[0] = in->op;
  p[1] = in->hw_type;
  p[2] = in->hw_octets;
  p[3] = in->hops;
  put_be32(p + 4, in->id);
  put_be16(p + 8, in->seconds);
  put_be16(p + 10, in->flags);
  memcpy(p + 12, in->client, 4);
  memcpy(p + 16, in->your, 4);
  memcpy(p + 20, in->server, 4);
  memcpy(p + 24, in->relay, 4);
  memcpy(p + 28, in->mac, 6);
  put_be32(p + DHCP_FIXED_OCTETS - 4, DHCP_COOKIE);
  return DHCP_FIXED_OCTETS;
}

bool
dhcp_option_next(const uint8_t *p, size_t n, size_t *at, struct dhcp_option *out)
{
  while (*at < n && p[*at] == DHCP_PAD)
    ++*at;
  if (*at + 1 >= n || p[*at] == DHCP_END || p[*at + 1] > n - *at - 2)
    return false;
  *out = (struct dhcp_option){.code = p[*at], .n = p[*at + 1], .p = p + *at + 2};
  *at += 2u + out->n;
  return true;
}

bool
dhcp_option_find(const uint8_t *p, size_t n, uint8_t code, struct dhcp_option *out)
{
  size_t at = DHCP_FIXED_OCTETS;
  while (dhcp_option_next(p, n, &at, out))
    if (out->code == code)
      return true;
  return false;
}

void
dhcp_option_put(uint8_t *p, size_t *at, uint8_t code, const void *value, size_t n)
{
  p[(*at)++] = code;
  p[(*at)++] = (uint8_t)n;
  memcpy(p + *at, value, n);
  *at += n;
}

static const struct wire_name types[] = {
    {DHCP_DISCOVER, "Discover"}, {DHCP_OFFER, "Offer"},   {DHCP_REQUEST, "Request"},
    {DHCP_DECLINE, "Decline"},   {DHCP_ACK, "ACK"},       {DHCP_NAK, "NAK"},
    {DHCP_RELEASE, "Release"},   {DHCP_INFORM, "Inform"},
};

const char *
dhcp_type_name(unsigned type)
{
  return WIRE_NAME(types, type);
}

static const struct wire_name codes[] = {
    {DHCP_PAD, "Padding"},
    {DHCP_MASK, "Subnet Mask"},
    {2, "Time Offset"},
    {DHCP_ROUTER, "Router"},
    {4, "Time Server"},
    {DHCP_DNS, "Domain Name Server"},
    {DHCP_HOST_NAME, "Host Name"},
    {DHCP_DOMAIN, "Domain Name"},
    {26, "Interface MTU"},
    {28, "Broadcast Address"},
    {33, "Static Route"},
    {42, "Network Time Protocol Servers"},
    {43, "Vendor-Specific Information"},
    {44, "NetBIOS over TCP/IP Name Server"},
    {46, "NetBIOS over TCP/IP Node Type"},
    {47, "NetBIOS over TCP/IP Scope"},
    {DHCP_REQUESTED, "Requested IP Address"},
    {DHCP_LEASE, "IP Address Lease Time"},
    {52, "Option Overload"},
    {DHCP_MESSAGE_TYPE, "DHCP Message Type"},
    {DHCP_SERVER_ID, "DHCP Server Identifier"},
    {DHCP_PARAMETERS, "Parameter Request List"},
    {DHCP_MESSAGE, "Message"},
    {57, "Maximum DHCP Message Size"},
    {DHCP_T1, "Renewal Time Value"},
    {DHCP_T2, "Rebinding Time Value"},
    {60, "Vendor class identifier"},
    {DHCP_CLIENT_ID, "Client identifier"},
    {66, "TFTP Server Name"},
    {67, "Bootfile name"},
    {81, "Client Fully Qualified Domain Name"},
    {82, "Agent Information Option"},
    {119, "Domain Search"},
    {121, "Classless Static Route"},
    {249, "Private/Classless Static Route (Microsoft)"},
    {252, "Private/Proxy autodiscovery"},
    {DHCP_END, "End"},
};

const char *
dhcp_option_name(unsigned code)
{
  return WIRE_NAME(codes, code);
}
