/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel.c -- the messages of SOCKS and the lines of an HTTP CONNECT.
 *
 *     SOCKS 5   | 5 | command 1 | 0 | type 1 | address 4, 16 or 1 + n | port 2 |    RFC 1928 4
 *     SOCKS 4   | 4 | command 1 | port 2 | address 4 | user ... 0 | 4a: name ... 0 |
 *
 * A request of version 4a has the address 0.0.0.x, x not 0, and the name behind the user. */
#include "capture/wire/tunnel.h"

#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/field.h"
#include "capture/wire/mail.h"

static size_t
complete(size_t octets, size_t n)
{
  return octets <= n ? octets : 0;
}

/* Octets of a user name and a password, each behind its length. */
static size_t
login_octets(const uint8_t *p, size_t n)
{
  if (n < 2 || n < 3u + p[1])
    return 0;
  return complete(3u + p[1] + p[2 + p[1]], n);
}

/* Request and reply of version 5. */
static size_t
request_octets(const uint8_t *p, size_t n)
{
  if (n < 5)
    return 0;
  switch (p[3]) {
  case SOCKS_TYPE_IPV4:
    return complete(10, n);
  case SOCKS_TYPE_IPV6:
    return complete(22, n);
  case SOCKS_TYPE_NAME:
    return complete(7u + p[4], n);
  default:
    return SIZE_MAX;
  }
}

static bool
is_4a(const uint8_t *p)
{
  return p[4] == 0 && p[5] == 0 && p[6] == 0 && p[7] != 0;
}

static size_t
request4_octets(const uint8_t *p, size_t n)
{
  if (n < 9)
    return 0;
  const uint8_t *end = memchr(p + 8, 0, n - 8);
  if (end && is_4a(p))
    end = memchr(end + 1, 0, n - (size_t)(end + 1 - p));
  return end ? (size_t)(end + 1 - p) : n > SOCKS_MESSAGE_MAX ? SIZE_MAX : 0;
}

size_t
socks_octets(enum tunnel_message m, const uint8_t *p, size_t n)
{
  static const uint8_t versions[] = {
      [SOCKS_GREETING] = 5, [SOCKS_CHOICE] = 5, [SOCKS_LOGIN] = 1,    [SOCKS_LOGIN_REPLY] = 1,
      [SOCKS_REQUEST] = 5,  [SOCKS_REPLY] = 5,  [SOCKS4_REQUEST] = 4, [SOCKS4_REPLY] = 0};
  if (n == 0)
    return 0;
  if (p[0] != versions[m])
    return SIZE_MAX;
  switch (m) {
  case SOCKS_GREETING:
    return n < 2 ? 0 : p[1] == 0 ? SIZE_MAX : complete(2u + p[1], n);
  case SOCKS_CHOICE:
  case SOCKS_LOGIN_REPLY:
    return complete(2, n);
  case SOCKS_LOGIN:
    return login_octets(p, n);
  case SOCKS_REQUEST:
  case SOCKS_REPLY:
    return request_octets(p, n);
  case SOCKS4_REQUEST:
    return request4_octets(p, n);
  case SOCKS4_REPLY:
    return complete(8, n);
  default:
    return SIZE_MAX;
  }
}

uint16_t
socks_port(enum tunnel_message m, const uint8_t *p, size_t n)
{
  return m == SOCKS4_REQUEST ? get_be16(p + 2) : get_be16(p + n - 2);
}

/* ---- HTTP ---- */

bool
http_connect_get(const uint8_t *p, size_t n, size_t *host_octets, uint16_t *port)
{
  if (n < HTTP_CONNECT_HOST || memcmp(p, "CONNECT ", HTTP_CONNECT_HOST) != 0)
    return false;
  size_t end = HTTP_CONNECT_HOST, colon = 0;
  for (; end < n && p[end] != ' '; end++)
    if (p[end] == ':')
      colon = end;
  if (colon == 0 || n - end < 8 || memcmp(p + end + 1, "HTTP/1.", 7) != 0)
    return false;
  unsigned number = 0;
  for (size_t i = colon + 1; i < end; i++) {
    if (p[i] < '0' || p[i] > '9' || number > UINT16_MAX)
      return false;
    number = number * 10 + (p[i] - '0');
  }
  if (host_octets)
    *host_octets = colon - HTTP_CONNECT_HOST;
  if (port)
    *port = number > UINT16_MAX ? 0 : (uint16_t)number;
  return true;
}

unsigned
http_status_get(const uint8_t *p, size_t n)
{
  if (n < 12 || memcmp(p, "HTTP/1.", 7) != 0 || p[8] != ' ')
    return 0;
  unsigned status = 0;
  for (size_t i = 9; i < 12; i++) {
    if (p[i] < '0' || p[i] > '9')
      return 0;
    status = status * 10 + (p[i] - '0');
  }
  return status;
}

size_t
http_secret_at(const uint8_t *p, size_t n)
{
  const uint8_t *colon = n ? memchr(p, ':', n) : NULL;
  if (!colon)
    return n;
  size_t n_name = (size_t)(colon - p), at = n_name + 1;
  if (!text_is(p, n_name, "Proxy-Authorization") && !text_is(p, n_name, "Authorization"))
    return n;
  while (at < n && (p[at] == ' ' || p[at] == '\t'))
    at++;
  const uint8_t *space = at < n ? memchr(p + at, ' ', n - at) : NULL;
  return space ? (size_t)(space - p) + 1 : at; /* without a scheme all of it may be the secret */
}

/* ---- names ---- */

static const struct wire_name methods[] = {
    {0, "No authentication"}, {1, "GSSAPI"}, {2, "Username/Password"}, {255, "None acceptable"}};

static const struct wire_name commands[] = {{1, "Connect"}, {2, "Bind"}, {3, "UdpAssociate"}};

static const struct wire_name types[] = {{1, "IPv4"}, {3, "Domain Name"}, {4, "IPv6"}};

static const struct wire_name results[] = {
    {0, "Succeeded"},
    {1, "General SOCKS server failure"},
    {2, "Connection not allowed by ruleset"},
    {3, "Network unreachable"},
    {4, "Host unreachable"},
    {5, "Connection refused"},
    {6, "TTL expired"},
    {7, "Command not supported"},
    {8, "Address type not supported"},
    {90, "Granted"},
    {91, "Rejected or failed"},
    {92, "Rejected because the server cannot connect to identd on the client"},
    {93, "Rejected because the client program and identd report different user ids"},
};

const char *
socks_method_name(uint8_t method)
{
  return WIRE_NAME(methods, method);
}

const char *
socks_command_name(uint8_t command)
{
  return WIRE_NAME(commands, command);
}

const char *
socks_type_name(uint8_t type)
{
  return WIRE_NAME(types, type);
}

const char *
socks_result_name(uint8_t result)
{
  return WIRE_NAME(results, result);
}
