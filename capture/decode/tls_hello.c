/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_hello.c -- the two hellos and the extensions that every version of TLS shares: RFC 8446 4.1.2
 * to 4.2, 5246 7.4.1, 6066, 7301, 8422, 5746, 8449, 8879.
 *
 *     hello      | version 2 | random 32 | session id | suites | methods | extensions |
 *     extension  | type 2 | length 2 | ... |
 *
 * An extension whose contents are not read here shows them as octets. */
#include "capture/decode/tls_field.h"

#include "capture/wire/tls.h"

bool
tls_take(struct slice *s, uint32_t n, struct slice *out)
{
  if (s->n < n)
    return false;
  *out = slice_cut(*s, n);
  *s = slice_skip(*s, n);
  return true;
}

bool
tls_take_vector(struct slice *s, uint32_t n_length, struct slice *length, struct slice *out)
{
  struct slice rest = *s;
  if (!tls_take(&rest, n_length, length))
    return false;
  uint32_t n = n_length == 1   ? length->p[0]
               : n_length == 2 ? get_be16(length->p)
                               : get_be24(length->p);
  if (!tls_take(&rest, n, out))
    return false;
  *s = rest;
  return true;
}

struct slice
tls_take_rest(struct slice *s)
{
  struct slice all = *s;
  *s = slice_skip(*s, s->n);
  return all;
}

bool
tls_vector_build(struct decode *d, unsigned length_def, unsigned def, struct slice *s,
                 uint32_t n_length)
{
  struct slice length, octets;
  if (!tls_take_vector(s, n_length, &length, &octets))
    return false;
  build_number(d, &tls_defs[length_def], length, octets.n);
  if (octets.n)
    build_octets(d, &tls_defs[def], octets);
  return true;
}

/* ---- lists ---- */

/* A list with its length before it: the length, and a heading that is open over its rows until
 * build_close() of *group. */
static bool
list_open(struct decode *d, unsigned length_def, unsigned def, uint32_t n_length, struct slice *s,
          struct slice *list, unsigned *group)
{
  struct slice length;
  if (!tls_take_vector(s, n_length, &length, list))
    return false;
  build_number(d, &tls_defs[length_def], length, list->n);
  *group = build_none(d, &tls_defs[def], *list);
  build_open(d, *group);
  return true;
}

static void
numbers_build(struct decode *d, unsigned def, struct slice list, const char *(*name)(uint16_t))
{
  struct slice one;
  while (tls_take(&list, 2, &one))
    build_named(d, &tls_defs[def], one, get_be16(one.p), name ? name(get_be16(one.p)) : NULL);
}

static void
octets_build(struct decode *d, unsigned def, struct slice list, const char *(*name)(uint8_t))
{
  struct slice one;
  while (tls_take(&list, 1, &one))
    build_named(d, &tls_defs[def], one, one.p[0], name ? name(one.p[0]) : NULL);
}

void
tls_signatures_build(struct decode *d, struct slice list)
{
  struct slice one;
  while (tls_take(&list, 2, &one)) {
    uint16_t number = get_be16(one.p);
    unsigned group = build_named(d, &tls_defs[SIGNATURE], one, number, tls_signature_name(number));
    build_open(d, group);
    build_named(d, &tls_defs[SIG_HASH], slice_cut(one, 1), one.p[0], tls_hash_name(one.p[0]));
    build_named(d, &tls_defs[SIG_SIG], slice_skip(one, 1), one.p[1], tls_key_kind_name(one.p[1]));
    build_close(d, group);
  }
}

/* ---- extensions ---- */

static bool
server_name_build(struct decode *d, struct slice *s)
{
  struct slice length, list, type, name;
  if (s->n == 0)
    return true; /* the server has understood it */
  if (!tls_take_vector(s, 2, &length, &list))
    return false;
  build_number(d, &tls_defs[SNI_LIST_LENGTH], length, list.n);
  while (tls_take(&list, 1, &type)) {
    build_named(d, &tls_defs[SNI_TYPE], type, type.p[0], type.p[0] == 0 ? "host_name" : NULL);
    if (!tls_take_vector(&list, 2, &length, &name))
      return false;
    build_number(d, &tls_defs[SNI_LENGTH], length, name.n);
    if (type.p[0] != 0)
      continue;
    build_text(d, &tls_defs[SNI], name, name.p, name.n);
    build_info(d, " (SNI=");
    build_info_text(d, name.p, name.n);
    build_info(d, ")");
  }
  return list.n == 0;
}

static bool
key_share_one_build(struct decode *d, struct slice *s)
{
  struct slice group;
  if (!tls_take(s, 2, &group))
    return false;
  build_named(d, &tls_defs[KEY_SHARE_GROUP], group, get_be16(group.p),
              tls_group_name(get_be16(group.p)));
  return tls_vector_build(d, SHARE_LENGTH, SHARE, s, 2);
}

static bool
key_share_build(struct decode *d, struct slice *s, unsigned where)
{
  struct slice length, list, group;
  if (where == TLS_EXTENSIONS_RETRY) {
    if (!tls_take(s, 2, &group))
      return false;
    build_named(d, &tls_defs[SELECTED_GROUP], group, get_be16(group.p),
                tls_group_name(get_be16(group.p)));
    return true;
  }
  if (where != TLS_EXTENSIONS_CLIENT)
    return key_share_one_build(d, s);
  if (!tls_take_vector(s, 2, &length, &list))
    return false;
  build_number(d, &tls_defs[SHARES_LENGTH], length, list.n);
  while (list.n)
    if (!key_share_one_build(d, &list))
      return false;
  return true;
}

static bool
alpn_build(struct decode *d, struct slice *s)
{
  struct slice list, length, one;
  unsigned group;
  if (!list_open(d, ALPN_LENGTH, ALPN_LIST, 2, s, &list, &group))
    return false;
  while (tls_take_vector(&list, 1, &length, &one)) {
    build_number(d, &tls_defs[ALPN_STR_LENGTH], length, one.n);
    build_text(d, &tls_defs[ALPN], one, one.p, one.n);
  }
  build_close(d, group);
  return list.n == 0;
}

/* Keys that both ends know already, RFC 8446 4.2.11. */
static bool
known_keys_build(struct decode *d, struct slice *s, bool client)
{
  struct slice length, list, part;
  if (!client) {
    if (!tls_take(s, 2, &part))
      return false;
    build_number(d, &tls_defs[PSK_SELECTED], part, get_be16(part.p));
    return true;
  }
  if (!tls_take_vector(s, 2, &length, &list))
    return false;
  build_number(d, &tls_defs[PSK_LENGTH], length, list.n);
  while (list.n) {
    if (!tls_vector_build(d, PSK_ID_LENGTH, PSK_ID, &list, 2) || !tls_take(&list, 4, &part))
      return false;
    build_number(d, &tls_defs[PSK_AGE], part, get_be32(part.p));
  }
  if (!tls_take_vector(s, 2, &length, &list))
    return false;
  build_number(d, &tls_defs[BINDERS_LENGTH], length, list.n);
  build_none(d, &tls_defs[BINDERS], list);
  return true;
}

/* RFC 6066 8: only OCSP is defined. */
static bool
status_build(struct decode *d, struct slice *s, unsigned where)
{
  struct slice type, length, list;
  if (where != TLS_EXTENSIONS_CLIENT)
    return true; /* an empty yes, or with TLS 1.3 the answer itself */
  if (!tls_take(s, 1, &type))
    return false;
  build_named(d, &tls_defs[STATUS_TYPE], type, type.p[0], type.p[0] == 1 ? "OCSP" : NULL);
  if (type.p[0] != 1)
    return true;
  if (!tls_take_vector(s, 2, &length, &list))
    return false;
  build_number(d, &tls_defs[STATUS_IDS_LENGTH], length, list.n);
  if (!tls_take_vector(s, 2, &length, &list))
    return false;
  build_number(d, &tls_defs[STATUS_EXTS_LENGTH], length, list.n);
  return true;
}

/* One number of one or two octets. */
static bool
number_build(struct decode *d, unsigned def, struct slice *s, uint32_t n)
{
  struct slice part;
  if (!tls_take(s, n, &part))
    return false;
  build_number(d, &tls_defs[def], part, n == 1 ? part.p[0] : get_be16(part.p));
  return true;
}

static bool
numbers_list_build(struct decode *d, unsigned length_def, unsigned def, uint32_t n_length,
                   struct slice *s, const char *(*name)(uint16_t))
{
  struct slice length, list;
  if (!tls_take_vector(s, n_length, &length, &list))
    return false;
  build_number(d, &tls_defs[length_def], length, list.n);
  numbers_build(d, def, list, name);
  return true;
}

static bool
groups_build(struct decode *d, struct slice *s)
{
  struct slice list;
  unsigned group;
  if (!list_open(d, GROUPS_LENGTH, GROUPS, 2, s, &list, &group))
    return false;
  numbers_build(d, GROUP, list, tls_group_name);
  build_close(d, group);
  return true;
}

static bool
signatures_list_build(struct decode *d, struct slice *s)
{
  struct slice list;
  unsigned group;
  if (!list_open(d, SIG_LIST_LENGTH, SIG_LIST, 2, s, &list, &group))
    return false;
  tls_signatures_build(d, list);
  build_close(d, group);
  return true;
}

static bool
points_build(struct decode *d, struct slice *s)
{
  struct slice list;
  unsigned group;
  if (!list_open(d, POINTS_LENGTH, POINTS, 1, s, &list, &group))
    return false;
  octets_build(d, POINT, list, tls_point_format_name);
  build_close(d, group);
  return true;
}

static bool
modes_build(struct decode *d, struct slice *s)
{
  struct slice length, list;
  if (!tls_take_vector(s, 1, &length, &list))
    return false;
  build_number(d, &tls_defs[PSK_MODES_LENGTH], length, list.n);
  octets_build(d, PSK_MODE, list, tls_psk_mode_name);
  return true;
}

/* Takes what it reads off *s; false when a length leads out of it. */
static bool
extension_build(struct decode *d, uint16_t type, struct slice *s, unsigned where)
{
  bool client = where == TLS_EXTENSIONS_CLIENT;
  switch (type) {
  case TLS_EXT_SERVER_NAME:
    return server_name_build(d, s);
  case TLS_EXT_MAX_FRAGMENT_LENGTH:
    return number_build(d, MAX_FRAGMENT, s, 1);
  case TLS_EXT_STATUS_REQUEST:
    return status_build(d, s, where);
  case TLS_EXT_SUPPORTED_GROUPS:
    return groups_build(d, s);
  case TLS_EXT_POINT_FORMATS:
    return points_build(d, s);
  case TLS_EXT_SIGNATURE_ALGORITHMS:
  case TLS_EXT_SIGNATURE_ALGORITHMS_CERT:
    return signatures_list_build(d, s);
  case TLS_EXT_HEARTBEAT:
    return number_build(d, HEARTBEAT_MODE, s, 1);
  case TLS_EXT_ALPN:
    return alpn_build(d, s);
  case TLS_EXT_PADDING:
    if (s->n)
      build_octets(d, &tls_defs[PADDING], *s);
    tls_take_rest(s);
    return true;
  case TLS_EXT_COMPRESS_CERTIFICATE:
    return numbers_list_build(d, COMPRESS_LENGTH, COMPRESS, 1, s, tls_compression_name);
  case TLS_EXT_RECORD_SIZE_LIMIT:
    return number_build(d, SIZE_LIMIT, s, 2);
  case TLS_EXT_PRE_SHARED_KEY:
    return known_keys_build(d, s, client);
  case TLS_EXT_SUPPORTED_VERSIONS:
    if (client)
      return numbers_list_build(d, VERSIONS_LENGTH, SUPPORTED_VERSION, 1, s, tls_version_name);
    numbers_build(d, SUPPORTED_VERSION, tls_take_rest(s), tls_version_name);
    return true;
  case TLS_EXT_COOKIE:
    return tls_vector_build(d, COOKIE_LENGTH, COOKIE, s, 2);
  case TLS_EXT_AUTHORITIES:
    return tls_names_build(d, s);
  case TLS_EXT_PSK_MODES:
    return modes_build(d, s);
  case TLS_EXT_KEY_SHARE:
    return key_share_build(d, s, where);
  case TLS_EXT_RENEGOTIATION_INFO:
    return tls_vector_build(d, RENEG_LENGTH, RENEG, s, 1);
  default:
    return true;
  }
}

bool
tls_extensions_build(struct decode *d, struct slice s, unsigned where)
{
  struct slice length, list, type, body;
  if (s.n == 0)
    return true; /* old hellos have none */
  if (!tls_take_vector(&s, 2, &length, &list))
    return false;
  build_number(d, &tls_defs[EXTENSIONS_LENGTH], length, get_be16(length.p));
  while (list.n) {
    struct slice whole = list;
    if (!tls_take(&list, 2, &type) || !tls_take_vector(&list, 2, &length, &body))
      return false;
    uint16_t number = get_be16(type.p);
    unsigned group = build_named(d, &tls_defs[EXTENSION_TYPE], slice_cut(whole, 4 + body.n), number,
                                 tls_extension_name(number));
    build_open(d, group);
    build_number(d, &tls_defs[EXTENSION_LEN], length, body.n);
    bool fine = extension_build(d, number, &body, where);
    if (!fine)
      build_flag(d, build_none(d, &tls_defs[BAD], body), FIELD_FLAG_ODD);
    else if (body.n)
      build_octets(d, &tls_defs[EXTENSION_DATA], body);
    build_close(d, group);
  }
  return true;
}

/* ---- hellos ---- */

static void
suite_build(struct decode *d, struct slice s)
{
  uint16_t suite = get_be16(s.p);
  build_named(d, &tls_defs[SUITE], s, suite, tls_cipher_name(suite));
}

/* The random number by which RFC 8446 4.1.3 marks a HelloRetryRequest. */
static bool
is_retry(const uint8_t random[TLS_RANDOM_OCTETS])
{
  static const uint8_t retry[TLS_RANDOM_OCTETS] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
                                                   0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                                                   0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
                                                   0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
  return memcmp(random, retry, sizeof retry) == 0;
}

/* Does a server's hello, behind its session id, choose TLS 1.3 (RFC 8446 4.2.1)? */
static bool
chooses_13(struct slice s)
{
  struct slice length, id, list, type, body;
  if (!tls_take_vector(&s, 1, &length, &id) || !tls_take(&s, 3, &body) ||
      !tls_take_vector(&s, 2, &length, &list))
    return false;
  while (tls_take(&list, 2, &type) && tls_take_vector(&list, 2, &length, &body))
    if (get_be16(type.p) == TLS_EXT_SUPPORTED_VERSIONS)
      return body.n == 2 && get_be16(body.p) == 0x0304;
  return false;
}

/* Since TLS 1.3 there is no clock in it any more. */
static void
random_build(struct decode *d, struct slice s, bool is_13)
{
  unsigned group = build_octets(d, &tls_defs[RANDOM], s);
  if (is_13)
    return;
  build_open(d, group);
  build_number(d, &tls_defs[RANDOM_TIME], slice_cut(s, 4),
               (uint64_t)get_be32(s.p) * UINT64_C(1000000000));
  build_octets(d, &tls_defs[RANDOM_BYTES], slice_skip(s, 4));
  build_close(d, group);
}

static bool
client_lists_build(struct decode *d, struct slice *s)
{
  struct slice list, one;
  unsigned group;
  if (!list_open(d, SUITES_LENGTH, SUITES, 2, s, &list, &group))
    return false;
  while (tls_take(&list, 2, &one))
    suite_build(d, one);
  build_close(d, group);
  if (!list_open(d, METHODS_LENGTH, METHODS, 1, s, &list, &group))
    return false;
  octets_build(d, METHOD, list, tls_compression_method_name);
  build_close(d, group);
  return true;
}

bool
tls_hello_build(struct decode *d, struct slice s, bool client)
{
  struct slice part, length, id;
  if (!tls_take(&s, 2, &part))
    return false;
  build_named(d, &tls_defs[HANDSHAKE_VERSION], part, get_be16(part.p),
              tls_version_name(get_be16(part.p)));
  if (!tls_take(&s, TLS_RANDOM_OCTETS, &part))
    return false;
  random_build(d, part, !client && chooses_13(s));
  unsigned where = client             ? TLS_EXTENSIONS_CLIENT
                   : is_retry(part.p) ? TLS_EXTENSIONS_RETRY
                                      : TLS_EXTENSIONS_SERVER;
  if (!tls_take_vector(&s, 1, &length, &id))
    return false;
  build_number(d, &tls_defs[SESSION_ID_LENGTH], length, length.p[0]);
  if (id.n)
    build_octets(d, &tls_defs[SESSION_ID], id);
  if (client)
    return client_lists_build(d, &s) && tls_extensions_build(d, s, where);
  if (!tls_take(&s, 2, &part))
    return false;
  suite_build(d, part);
  if (!tls_take(&s, 1, &part))
    return false;
  build_named(d, &tls_defs[METHOD], part, part.p[0], tls_compression_method_name(part.p[0]));
  return tls_extensions_build(d, s, where);
}
