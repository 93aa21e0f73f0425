/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_DHCP_H
#define CAPTURE_WIRE_DHCP_H

/* DHCP messages (RFC 2131) and their options (RFC 2132). */
#include "capture/wire/bytes.h"
#include "capture/wire/field.h"

enum {
  DHCP_PORT_SERVER = 67,
  DHCP_PORT_CLIENT = 68,
  DHCP_FIXED_OCTETS = 240, /* with the magic cookie */
  DHCP_OCTETS_MIN = 300,   /* BOOTP's size, which relays and cards may expect: RFC 1542 2.1 */
  DHCP_OP_REQUEST = 1,
  DHCP_OP_REPLY = 2,
  DHCP_FLAG_BROADCAST = 0x8000,
};
#define DHCP_COOKIE UINT32_C(0x63825363)

enum dhcp_type { /* option 53 */
                 DHCP_DISCOVER = 1,
                 DHCP_OFFER,
                 DHCP_REQUEST,
                 DHCP_DECLINE,
                 DHCP_ACK,
                 DHCP_NAK,
                 DHCP_RELEASE,
                 DHCP_INFORM,
                 DHCP_TYPES
};

enum dhcp_code {
  DHCP_PAD = 0,
  DHCP_MASK = 1,
  DHCP_ROUTER = 3,
  DHCP_DNS = 6,
  DHCP_HOST_NAME = 12,
  DHCP_DOMAIN = 15,
  DHCP_REQUESTED = 50,
  DHCP_LEASE = 51,
  DHCP_MESSAGE_TYPE = 53,
  DHCP_SERVER_ID = 54,
  DHCP_PARAMETERS = 55,
  DHCP_MESSAGE = 56,
  DHCP_T1 = 58,
  DHCP_T2 = 59,
  DHCP_CLIENT_ID = 61,
  DHCP_END = 255,
};

struct dhcp {
  uint8_t op, hw_type, hw_octets, hops;
  uint32_t id;
  uint16_t seconds, flags;
  uint8_t client[4], your[4], server[4], relay[4]; /* ciaddr, yiaddr, siaddr, giaddr */
  uint8_t mac[6];
};
extern const struct wire_header dhcp_header;
/* Octets of the fixed part; 0 when it is cut off or has no magic cookie. */
size_t dhcp_get(const uint8_t *p, size_t n, struct dhcp *out);
/* Writes the fixed part with the cookie; empty server name and file. */
size_t dhcp_put(uint8_t *p, const struct dhcp *in);

struct dhcp_option {
  uint8_t code, n;
  const uint8_t *p; /* its n octets */
};
/* The option at *at, which moves behind it; false at the end mark, at the end of the octets, or
 * when an option does not fit. Pads are passed over. */
bool dhcp_option_next(const uint8_t *p, size_t n, size_t *at, struct dhcp_option *out);
/* The first option with a code in a whole message. */
bool dhcp_option_find(const uint8_t *p, size_t n, uint8_t code, struct dhcp_option *out);
/* Appends an option at *at, which moves; at most 255 octets. */
void dhcp_option_put(uint8_t *p, size_t *at, uint8_t code, const void *value, size_t n);

const char *dhcp_type_name(unsigned type); /* "Discover", as Wireshark says it; NULL when unknown */
const char *dhcp_option_name(unsigned code); /* "Subnet Mask"; NULL when unknown */

#endif
