/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nd.c -- neighbour discovery's messages and options as tables and structs, RFC 4861 4. */
#include "capture/wire/nd.h"

#include <string.h>

#include "capture/wire/bytes.h"

#define N_FIELDS(rows) (sizeof(rows) / sizeof(rows)[0])
#define HEAD                                                                                       \
  {"icmpv6.type", "Type", 0, 8, WIRE_UINT}, {"icmpv6.code", "Code", 8, 8, WIRE_UINT},              \
  {                                                                                                \
    "icmpv6.checksum", "Checksum", 16, 16, WIRE_HEX                                                \
  }
#define OPTION                                                                                     \
  {"icmpv6.opt.type", "Type", 0, 8, WIRE_UINT},                                                    \
  {                                                                                                \
    "icmpv6.opt.length", "Length", 8, 8, WIRE_UINT                                                 \
  }

static const struct wire_field solicit_fields[] = {
    HEAD,
    {"icmpv6.reserved", "Reserved", 32, 32, WIRE_HEX},
    {"icmpv6.nd.ns.target_address", "Target address", 64, 128, WIRE_IPV6},
};
const struct wire_header nd_solicit_header = {"icmpv6", "Neighbor Solicitation",
                                              ND_NEIGHBOUR_OCTETS, N_FIELDS(solicit_fields),
                                              solicit_fields};

static const struct wire_field advert_fields[] = {
    HEAD,
    {"icmpv6.nd.na.flag.r", "Router", 32, 1, WIRE_FLAG},
    {"icmpv6.nd.na.flag.s", "Solicited", 33, 1, WIRE_FLAG},
    {"icmpv6.nd.na.flag.o", "Override", 34, 1, WIRE_FLAG},
    {"icmpv6.nd.na.flag.rsv", "Reserved", 35, 29, WIRE_HEX},
    {"icmpv6.nd.na.target_address", "Target address", 64, 128, WIRE_IPV6},
};
const struct wire_header nd_advert_header = {"icmpv6", "Neighbor Advertisement",
                                             ND_NEIGHBOUR_OCTETS, N_FIELDS(advert_fields),
                                             advert_fields};

static const struct wire_field router_fields[] = {
    HEAD,
    {"icmpv6.nd.ra.cur_hop_limit", "Hop limit", 32, 8, WIRE_UINT},
    {"icmpv6.nd.ra.flag.m", "Managed", 40, 1, WIRE_FLAG},
    {"icmpv6.nd.ra.flag.o", "Other", 41, 1, WIRE_FLAG},
    {"icmpv6.nd.ra.flag.h", "Home agent", 42, 1, WIRE_FLAG},
    {"icmpv6.nd.ra.flag.prf", "Preference", 43, 2, WIRE_UINT},
    {"icmpv6.nd.ra.flag.p", "Proxy", 45, 1, WIRE_FLAG},
    {"icmpv6.nd.ra.flag.rsv", "Reserved", 46, 2, WIRE_UINT},
    {"icmpv6.nd.ra.router_lifetime", "Router lifetime", 48, 16, WIRE_UINT},
    {"icmpv6.nd.ra.reachable_time", "Reachable time", 64, 32, WIRE_UINT},
    {"icmpv6.nd.ra.retrans_timer", "Retrans timer", 96, 32, WIRE_UINT},
};
const struct wire_header nd_router_header = {"icmpv6", "Router Advertisement",
                                             ND_ROUTER_ADVERT_OCTETS, N_FIELDS(router_fields),
                                             router_fields};

static const struct wire_field redirect_fields[] = {
    HEAD,
    {"icmpv6.reserved", "Reserved", 32, 32, WIRE_HEX},
    {"icmpv6.nd.rd.target_address", "Target address", 64, 128, WIRE_IPV6},
    {"icmpv6.rd.na.destination_address", "Destination address", 192, 128, WIRE_IPV6},
};
const struct wire_header nd_redirect_header = {"icmpv6", "Redirect", ND_REDIRECT_OCTETS,
                                               N_FIELDS(redirect_fields), redirect_fields};

static const struct wire_field prefix_fields[] = {
    OPTION,
    {"icmpv6.opt.prefix.length", "Prefix length", 16, 8, WIRE_UINT},
    {"icmpv6.opt.prefix.flag.l", "On-link", 24, 1, WIRE_FLAG},
    {"icmpv6.opt.prefix.flag.a", "Autonomous", 25, 1, WIRE_FLAG},
    {"icmpv6.opt.prefix.flag.r", "Router address", 26, 1, WIRE_FLAG},
    {"icmpv6.opt.prefix.flag.reserved", "Reserved", 27, 5, WIRE_HEX},
    {"icmpv6.opt.prefix.valid_lifetime", "Valid lifetime", 32, 32, WIRE_UINT},
    {"icmpv6.opt.prefix.preferred_lifetime", "Preferred lifetime", 64, 32, WIRE_UINT},
    {"icmpv6.opt.reserved", "Reserved", 96, 32, WIRE_HEX},
    {"icmpv6.opt.prefix", "Prefix", 128, 128, WIRE_IPV6},
};
const struct wire_header nd_prefix_header = {"icmpv6", "Prefix information", ND_PREFIX_OCTETS,
                                             N_FIELDS(prefix_fields), prefix_fields};

/* ---- messages ---- */

enum { FLAG_ROUTER = 0x80, FLAG_SOLICITED = 0x40, FLAG_OVERRIDE = 0x20 };

size_t
nd_neighbour_get(const uint8_t *p, size_t n, struct nd_neighbour *out)
{
  if (n < ND_NEIGHBOUR_OCTETS)
    return 0;
  *out = (struct nd_neighbour){.is_router = p[4] & FLAG_ROUTER,
                               .is_solicited = p[4] & FLAG_SOLICITED,
                               .overrides = p[4] & FLAG_OVERRIDE};
  memcpy(out->target, p + 8, 16);
  return ND_NEIGHBOUR_OCTETS;
}

size_t
nd_neighbour_put(uint8_t *p, enum icmp6_type type, const struct nd_neighbour *in)
{
  memset(p, 0, 8);
  p[0] = (uint8_t)type;
  p[4] = (uint8_t)((in->is_router ? FLAG_ROUTER : 0) | (in->is_solicited ? FLAG_SOLICITED : 0) |
                   (in->overrides ? FLAG_OVERRIDE : 0));
  memcpy(p + 8, in->target, 16);
  return ND_NEIGHBOUR_OCTETS;
}

size_t
nd_router_get(const uint8_t *p, size_t n, struct nd_router *out)
{
  if (n < ND_ROUTER_ADVERT_OCTETS)
    return 0;
  *out = (struct nd_router){.hop_limit = p[4],
                            .managed = p[5] & 0x80,
                            .other = p[5] & 0x40,
                            .lifetime_s = get_be16(p + 6),
                            .reachable_ms = get_be32(p + 8),
                            .retrans_ms = get_be32(p + 12)};
  return ND_ROUTER_ADVERT_OCTETS;
}

size_t
nd_router_put(uint8_t *p, const struct nd_router *in)
{
  memset(p, 0, 4);
  p[0] = ICMP6_ROUTER_ADVERT;
  p[4] = in->hop_limit;
  p[5] = (uint8_t)((in->managed ? 0x80 : 0) | (in->other ? 0x40 : 0));
  put_be16(p + 6, in->lifetime_s);
  put_be32(p + 8, in->reachable_ms);
  put_be32(p + 12, in->retrans_ms);
  return ND_ROUTER_ADVERT_OCTETS;
}

size_t
nd_redirect_get(const uint8_t *p, size_t n, struct nd_redirect *out)
{
  if (n < ND_REDIRECT_OCTETS)
    return 0;
  memcpy(out->target, p + 8, 16);
  memcpy(out->dst, p + 24, 16);
  return ND_REDIRECT_OCTETS;
}

size_t
nd_redirect_put(uint8_t *p, const struct nd_redirect *in)
{
  memset(p, 0, 8);
  p[0] = ICMP6_REDIRECT;
  memcpy(p + 8, in->target, 16);
  memcpy(p + 24, in->dst, 16);
  return ND_REDIRECT_OCTETS;
}

/* ---- options ---- */

size_t
nd_option_get(const uint8_t *p, size_t n, uint8_t *type)
{
  if (n < 8 || p[1] == 0 || p[1] * 8u > n)
    return 0;
  *type = p[0];
  return p[1] * 8u;
}

size_t
nd_prefix_get(const uint8_t *p, size_t n, struct nd_prefix *out)
{
  if (n < ND_PREFIX_OCTETS || p[0] != ND_PREFIX)
    return 0;
  *out = (struct nd_prefix){.length = p[2],
                            .on_link = p[3] & 0x80,
                            .autonomous = p[3] & 0x40,
                            .valid_s = get_be32(p + 4),
                            .preferred_s = get_be32(p + 8)};
  memcpy(out->prefix, p + 16, 16);
  return ND_PREFIX_OCTETS;
}

size_t
nd_prefix_put(uint8_t *p, const struct nd_prefix *in)
{
  memset(p, 0, ND_PREFIX_OCTETS);
  p[0] = ND_PREFIX;
  p[1] = ND_PREFIX_OCTETS / 8;
  p[2] = in->length;
  p[3] = (uint8_t)((in->on_link ? 0x80 : 0) | (in->autonomous ? 0x40 : 0));
  put_be32(p + 4, in->valid_s);
  put_be32(p + 8, in->preferred_s);
  memcpy(p + 16, in->prefix, 16);
  return ND_PREFIX_OCTETS;
}

size_t
nd_link_put(uint8_t *p, enum nd_option_type type, const uint8_t mac[6])
{
  p[0] = (uint8_t)type;
  p[1] = ND_LINK_OCTETS / 8;
  memcpy(p + 2, mac, 6);
  return ND_LINK_OCTETS;
}

size_t
nd_mtu_put(uint8_t *p, uint32_t mtu)
{
  memset(p, 0, ND_MTU_OCTETS);
  p[0] = ND_MTU;
  p[1] = ND_MTU_OCTETS / 8;
  put_be32(p + 4, mtu);
  return ND_MTU_OCTETS;
}

/* ---- names ---- */

static const struct wire_name type_names[] = {
    {1, "Destination Unreachable"},
    {2, "Packet Too Big"},
    {3, "Time Exceeded"},
    {4, "Parameter Problem"},
    {128, "Echo (ping) request"},
    {129, "Echo (ping) reply"},
    {130, "Multicast Listener Query"},
    {131, "Multicast Listener Report"},
    {132, "Multicast Listener Done"},
    {133, "Router Solicitation"},
    {134, "Router Advertisement"},
    {135, "Neighbor Solicitation"},
    {136, "Neighbor Advertisement"},
    {137, "Redirect"},
    {143, "Multicast Listener Report Message v2"},
};

static const struct wire_name option_names[] = {
    {ND_SOURCE_LINK, "Source link-layer address"},
    {ND_TARGET_LINK, "Target link-layer address"},
    {ND_PREFIX, "Prefix information"},
    {ND_REDIRECTED, "Redirected header"},
    {ND_MTU, "MTU"},
    {14, "Nonce"},
    {24, "Route Information"},
    {ND_DNS, "Recursive DNS Server"},
    {31, "DNS Search List Option"},
};

const char *
icmp6_type_name(unsigned type)
{
  return WIRE_NAME(type_names, type);
}

const char *
nd_option_name(unsigned type)
{
  return WIRE_NAME(option_names, type);
}

/* ---- groups ---- */

struct ip_addr
ip6_solicited_node(const struct ip_addr *a)
{
  static const uint8_t head[13] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
  struct ip_addr group = {.version = 6};
  memcpy(group.octets, head, sizeof head);
  memcpy(group.octets + 13, a->octets + 13, 3);
  return group;
}

void
ip6_group_mac(const struct ip_addr *group, uint8_t mac[6])
{
  mac[0] = mac[1] = 0x33;
  memcpy(mac + 2, group->octets + 12, 4);
}
