/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_TUNNEL_H
#define CAPTURE_WIRE_TUNNEL_H

/* What a client and a proxy say before the octets of another protocol run through their
 * connection: SOCKS 4 and 4a, SOCKS 5 (RFC 1928) with a user name and password (RFC 1929), and
 * CONNECT of HTTP (RFC 9110 section 9.3.6). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tunnel_message {
  SOCKS_GREETING,    /* client: 05, count, methods */
  SOCKS_CHOICE,      /* server: 05, method */
  SOCKS_LOGIN,       /* client: 01, length, user, length, password */
  SOCKS_LOGIN_REPLY, /* server: 01, status */
  SOCKS_REQUEST,     /* client: 05, command, 00, type, address, port */
  SOCKS_REPLY,       /* server: 05, result, 00, type, address, port */
  SOCKS4_REQUEST,    /* client: 04, command, port, address, user 00, with 4a also name 00 */
  SOCKS4_REPLY,      /* server: 00, result, port, address */
  HTTP_REQUEST,      /* the first line of each head, a field, and the empty line */
  HTTP_REQUEST_FIELD,
  HTTP_REQUEST_END,
  HTTP_REPLY,
  HTTP_REPLY_FIELD,
  HTTP_REPLY_END,
  TUNNEL_N_MESSAGES
};

enum socks_command { SOCKS_CONNECT = 1, SOCKS_BIND = 2, SOCKS_UDP = 3 };
enum socks_type { SOCKS_TYPE_IPV4 = 1, SOCKS_TYPE_NAME = 3, SOCKS_TYPE_IPV6 = 4 };
enum {
  SOCKS_METHOD_PASSWORD = 2,
  SOCKS_METHOD_NONE_FITS = 0xff,
  SOCKS4_GRANTED = 90,
  SOCKS4_LAST_RESULT = 93,
  SOCKS_MESSAGE_MAX = 1024, /* RFC 1929: 513 octets; a user name of version 4 has no limit */
};

/* Octets of the SOCKS message that begins at p, of which n are there: 0 when its end is not among
 * them, SIZE_MAX when they cannot be this message. */
size_t socks_octets(enum tunnel_message m, const uint8_t *p, size_t n);

/* The port that a complete SOCKS request asks for. */
uint16_t socks_port(enum tunnel_message m, const uint8_t *p, size_t n);

/* True for a line (without its end) "CONNECT host:port HTTP/1.1"; *host_octets and *port may be
 * NULL. The host starts at HTTP_CONNECT_HOST. */
enum { HTTP_CONNECT_HOST = 8 };
bool http_connect_get(const uint8_t *p, size_t n, size_t *host_octets, uint16_t *port);
/* The status code of a line "HTTP/1.1 200 OK"; 0 when it is none. */
unsigned http_status_get(const uint8_t *p, size_t n);
/* Where a field's secret begins: behind the scheme of Authorization and Proxy-Authorization; n when
 * the field holds none. */
size_t http_secret_at(const uint8_t *p, size_t n);

/* Names as Wireshark shows them; NULL when the number has none. */
const char *socks_method_name(uint8_t method);
const char *socks_command_name(uint8_t command);
const char *socks_type_name(uint8_t type);
const char *socks_result_name(uint8_t result); /* of version 5 and of version 4 (90 to 93) */

#endif
