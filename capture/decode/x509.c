/* SPDX-License-Identifier: GPL-3.0-or-later */
/* x509.c -- a certificate as fields, RFC 5280 4.1: every part with the octets that say it.
 *
 *     certificate   signed part { version, serial, algorithm, issuer, validity, subject, key,
 *                   extensions }, algorithm, signature
 *     DER (X.690)   | tag 1 | length 1, or 1 + up to 4 | contents |
 *
 * OpenSSL reads the same octets for the overview at the top (capture/tls/certificate.h); the walk
 * over DER is here because a reader wants to see where in the frame a name stands. What is not DER
 * becomes a mark. */
#include "capture/decode/x509_field.h"

#include "capture/tls/certificate.h"

enum {
  DER_BOOL = 0x01,
  DER_INTEGER = 0x02,
  DER_BITS = 0x03,
  DER_OCTETS = 0x04,
  DER_OID = 0x06,
  DER_UTF8 = 0x0c,
  DER_PRINTABLE = 0x13,
  DER_TELETEX = 0x14,
  DER_UTC_TIME = 0x17,
  DER_LONG_TIME = 0x18,
  DER_UNIVERSAL = 0x1c,
  DER_BMP = 0x1e,
  DER_SEQUENCE = 0x30,
  DER_SET = 0x31,
  DER_CONTEXT = 0x80,
  DER_CONSTRUCTED = 0x20,
  OID_TEXT_MAX = 256, /* of a number; a longer one is cut */
};

struct der {
  uint8_t tag;
  struct slice whole, body;
};

/* Takes one value off the front of *s. */
static bool
der_take(struct slice *s, struct der *out)
{
  if (s->n < 2 || (s->p[0] & 0x1f) == 0x1f)
    return false;
  uint32_t header = 2, n = s->p[1];
  if (n & 0x80) {
    uint32_t n_length = n & 0x7f;
    if (n_length == 0 || n_length > 4 || s->n < 2 + n_length)
      return false;
    n = 0;
    for (uint32_t i = 0; i < n_length; i++)
      n = n << 8 | s->p[2 + i];
    header += n_length;
  }
  if (n > s->n - header)
    return false;
  out->tag = s->p[0];
  out->whole = slice_cut(*s, header + n);
  out->body = slice_skip(out->whole, header);
  *s = slice_skip(*s, header + n);
  return true;
}

static bool
der_take_tag(struct slice *s, uint8_t tag, struct der *out)
{
  return s->n > 0 && s->p[0] == tag && der_take(s, out);
}

static unsigned
der_count(struct slice s)
{
  struct der one;
  unsigned n = 0;
  while (der_take(&s, &one))
    n++;
  return n;
}

/* "1.2.840.113549.1.1.11" */
static void
oid_format(struct slice s, char out[OID_TEXT_MAX])
{
  size_t at = 0;
  uint64_t number = 0;
  out[0] = '\0';
  for (uint32_t i = 0; i < s.n && at + 24 < OID_TEXT_MAX; i++) {
    number = (number << 7 | (s.p[i] & 0x7f)) & UINT64_C(0xffffffffffff);
    if (s.p[i] & 0x80)
      continue;
    if (at == 0) {
      unsigned first = number < 80 ? (unsigned)number / 40 : 2;
      at += (size_t)g_snprintf(out, OID_TEXT_MAX, "%u.%u", first, (unsigned)(number - first * 40));
    } else {
      at += (size_t)g_snprintf(out + at, OID_TEXT_MAX - at, ".%" G_GUINT64_FORMAT, number);
    }
    number = 0;
  }
}

static void
oid_build(struct decode *d, unsigned def, struct slice s)
{
  char text[OID_TEXT_MAX];
  oid_format(s, text);
  build_string(d, &x509_defs[def], s, text);
}

static void
text(struct decode *d, unsigned def, struct slice s)
{
  build_text(d, &x509_defs[def], s, s.p, s.n);
}

static bool
oid_is(struct slice s, const char *octets, uint32_t n)
{
  return s.n == n && memcmp(s.p, octets, n) == 0;
}
#define OID_IS(s, octets) oid_is(s, octets, sizeof(octets) - 1)

/* ---- names ---- */

/* The choices of DirectoryString in the order of X.520. */
static void
value_build(struct decode *d, struct slice oid, const struct der *v)
{
  static const struct {
    uint8_t tag, choice;
  } strings[] = {
      {DER_TELETEX, 0}, {DER_PRINTABLE, 1}, {DER_UNIVERSAL, 2}, {DER_BMP, 3}, {DER_UTF8, 4}};
  static const char *const words[] = {"teletexString", "printableString", "universalString",
                                      "bmpString", "uTF8String"};
  if (OID_IS(oid, "\x55\x04\x06")) {
    text(d, COUNTRY, v->body);
    return;
  }
  for (unsigned i = 0; i < G_N_ELEMENTS(strings); i++) {
    if (strings[i].tag != v->tag)
      continue;
    unsigned group = build_named(d, &x509_defs[STRING], v->whole, strings[i].choice, words[i]);
    build_open(d, group);
    text(d, v->tag == DER_PRINTABLE ? PRINTABLE : v->tag == DER_UTF8 ? UTF8 : OTHER_TEXT, v->body);
    build_close(d, group);
    return;
  }
  text(d, OTHER_TEXT, v->body);
}

static void
parts_build(struct decode *d, struct slice parts)
{
  struct der part, pair, oid, value;
  while (der_take_tag(&parts, DER_SET, &part)) {
    unsigned item = build_number(d, &x509_defs[RDN], part.whole, der_count(part.body));
    build_open(d, item);
    while (der_take_tag(&part.body, DER_SEQUENCE, &pair)) {
      unsigned one = build_none(d, &x509_defs[RDN_VALUE], pair.whole);
      build_open(d, one);
      if (der_take_tag(&pair.body, DER_OID, &oid)) {
        oid_build(d, OID, oid.body);
        if (der_take(&pair.body, &value))
          value_build(d, oid.body, &value);
      }
      build_close(d, one);
    }
    build_close(d, item);
  }
}

void
x509_name_build(struct decode *d, struct slice s)
{
  struct der name;
  if (der_take_tag(&s, DER_SEQUENCE, &name))
    parts_build(d, name.body);
}

static void
counted_build(struct decode *d, unsigned def, const struct der *name)
{
  unsigned group = build_number(d, &x509_defs[def], name->whole, der_count(name->body));
  build_open(d, group);
  parts_build(d, name->body);
  build_close(d, group);
}

static bool
name_build(struct decode *d, unsigned def, struct slice *s)
{
  struct der name;
  if (!der_take_tag(s, DER_SEQUENCE, &name))
    return false;
  unsigned group = build_named(d, &x509_defs[def], name.whole, 0, "rdnSequence");
  build_open(d, group);
  counted_build(d, def == SUBJECT_NAME ? NAME : DNAME, &name);
  build_close(d, group);
  return true;
}

/* ---- times ---- */

static int
two_digits(const uint8_t *p)
{
  bool digits = g_ascii_isdigit(p[0]) && g_ascii_isdigit(p[1]);
  return digits ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

/* "YYMMDDHHMMSSZ", or with four digits of the year; false when it is none. */
static bool
time_parse(struct slice s, bool is_long, GDateTime **out)
{
  uint32_t first = is_long ? 4 : 2;
  int parts[5];
  if (s.n < first + 11)
    return false;
  int year = two_digits(s.p), low = is_long ? two_digits(s.p + 2) : 0;
  if (year < 0 || low < 0)
    return false;
  year = is_long ? year * 100 + low : year + (year >= 50 ? 1900 : 2000);
  for (unsigned i = 0; i < 5; i++)
    if ((parts[i] = two_digits(s.p + first + 2 * i)) < 0)
      return false;
  *out = g_date_time_new_utc(year, parts[0], parts[1], parts[2], parts[3], parts[4]);
  return *out != NULL;
}

static bool
time_build(struct decode *d, unsigned def, struct slice *s)
{
  struct der t;
  g_autoptr(GDateTime) moment = NULL;
  if (!der_take(s, &t) || (t.tag != DER_UTC_TIME && t.tag != DER_LONG_TIME))
    return false;
  bool is_long = t.tag == DER_LONG_TIME;
  unsigned group =
      build_named(d, &x509_defs[def], t.whole, is_long, is_long ? "generalizedTime" : "utcTime");
  build_open(d, group);
  bool fine = time_parse(t.body, is_long, &moment);
  if (!fine) {
    build_flag(d, build_none(d, &x509_defs[BAD], t.body), FIELD_FLAG_ODD);
  } else if (is_long) {
    build_number(d, &x509_defs[LONG_TIME], t.body,
                 (uint64_t)g_date_time_to_unix(moment) * UINT64_C(1000000000));
  } else {
    g_autofree char *words = g_date_time_format(moment, "%Y-%m-%d %H:%M:%S (UTC)");
    build_string(d, &x509_defs[UTC_TIME], t.body, words);
  }
  build_close(d, group);
  return true;
}

static bool
validity_build(struct decode *d, struct slice *s)
{
  struct der v;
  if (!der_take_tag(s, DER_SEQUENCE, &v))
    return false;
  unsigned group = build_none(d, &x509_defs[VALIDITY], v.whole);
  build_open(d, group);
  bool fine = time_build(d, NOT_BEFORE, &v.body) && time_build(d, NOT_AFTER, &v.body);
  build_close(d, group);
  return fine;
}

/* ---- the key ---- */

/* The octets of a bit string behind the count of bits that do not count. */
static struct slice
bits_build(struct decode *d, struct slice body)
{
  if (body.n == 0)
    return body;
  build_number(d, &x509_defs[BIT_PADDING], slice_cut(body, 1), body.p[0]);
  return slice_skip(body, 1);
}

static bool
algorithm_build(struct decode *d, unsigned def, struct slice *s, struct slice *oid,
                struct slice *parameters)
{
  struct der a, id;
  if (!der_take_tag(s, DER_SEQUENCE, &a))
    return false;
  unsigned group = build_none(d, &x509_defs[def], a.whole);
  build_open(d, group);
  bool fine = der_take_tag(&a.body, DER_OID, &id);
  if (fine)
    oid_build(d, ALGORITHM_ID, id.body);
  if (fine && oid)
    *oid = id.body;
  if (parameters)
    *parameters = a.body;
  build_close(d, group);
  return fine;
}

/* RFC 8017 A.1.1 */
static void
rsa_build(struct decode *d, struct slice s)
{
  struct der key, modulus, exponent;
  if (!der_take_tag(&s, DER_SEQUENCE, &key) || !der_take_tag(&key.body, DER_INTEGER, &modulus) ||
      !der_take_tag(&key.body, DER_INTEGER, &exponent))
    return;
  build_octets(d, &x509_defs[MODULUS], modulus.body);
  uint64_t number = 0;
  for (uint32_t i = 0; i < exponent.body.n && i < 8; i++)
    number = number << 8 | exponent.body.p[i];
  build_number(d, &x509_defs[EXPONENT], exponent.body, number);
}

static bool
key_build(struct decode *d, struct slice *s)
{
  struct der info, key, curve;
  struct slice oid = slice_none(*s), parameters = oid;
  if (!der_take_tag(s, DER_SEQUENCE, &info))
    return false;
  unsigned group = build_none(d, &x509_defs[KEY_INFO], info.whole);
  build_open(d, group);
  bool fine = algorithm_build(d, KEY_ALGORITHM, &info.body, &oid, &parameters);
  if (fine && der_take_tag(&parameters, DER_OID, &curve))
    oid_build(d, CURVE, curve.body);
  fine = fine && der_take_tag(&info.body, DER_BITS, &key);
  if (fine) {
    bool is_rsa = OID_IS(oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01");
    struct slice octets = is_rsa ? slice_skip(key.body, 1) : bits_build(d, key.body);
    unsigned octets_field = build_octets(d, &x509_defs[KEY_OCTETS], octets);
    build_open(d, octets_field);
    if (is_rsa)
      rsa_build(d, octets);
    build_close(d, octets_field);
  }
  build_close(d, group);
  return fine;
}

/* ---- extensions ---- */

/* One of the kinds that are read. */
static void
general_name_build(struct decode *d, const struct der *name)
{
  unsigned kind = name->tag & 0x1f;
  struct slice s = name->body;
  struct der directory;
  if (kind == 4 && der_take_tag(&s, DER_SEQUENCE, &directory))
    counted_build(d, DNAME, &directory);
  else if (kind == 1 || kind == 2 || kind == 6)
    text(d, kind == 1 ? MAILBOX : kind == 2 ? DNS_NAME : URI, name->body);
  else if (kind == 7 && (name->body.n == 4 || name->body.n == 16))
    build_octets(d, &x509_defs[name->body.n == 4 ? ADDRESS4 : ADDRESS6], name->body);
}

static void
general_names_build(struct decode *d, struct slice names)
{
  static const char *const kinds[] = {"otherName",
                                      "rfc822Name",
                                      "dNSName",
                                      "x400Address",
                                      "directoryName",
                                      "ediPartyName",
                                      "uniformResourceIdentifier",
                                      "iPAddress",
                                      "registeredID"};
  struct der name;
  while (der_take(&names, &name)) {
    unsigned kind = name.tag & 0x1f;
    unsigned one = build_named(d, &x509_defs[ALT_NAME], name.whole, kind,
                               kind < G_N_ELEMENTS(kinds) ? kinds[kind] : NULL);
    build_open(d, one);
    general_name_build(d, &name);
    build_close(d, one);
  }
}

static void
alternative_names_build(struct decode *d, struct slice s)
{
  struct der list;
  if (!der_take_tag(&s, DER_SEQUENCE, &list))
    return;
  unsigned group = build_number(d, &x509_defs[ALT_NAMES], list.whole, der_count(list.body));
  build_open(d, group);
  general_names_build(d, list.body);
  build_close(d, group);
}

/* Where the issuer's own certificate and its OCSP are, RFC 5280 4.2.2.1. */
static void
access_build(struct decode *d, struct slice s)
{
  struct der list, one, oid, name;
  if (!der_take_tag(&s, DER_SEQUENCE, &list))
    return;
  while (der_take_tag(&list.body, DER_SEQUENCE, &one)) {
    unsigned group = build_none(d, &x509_defs[ACCESS], one.whole);
    build_open(d, group);
    if (der_take_tag(&one.body, DER_OID, &oid))
      oid_build(d, ACCESS_METHOD, oid.body);
    if (der_take(&one.body, &name))
      general_name_build(d, &name);
    build_close(d, group);
  }
}

/* Where lists of revoked certificates are, RFC 5280 4.2.1.13. */
static void
points_build(struct decode *d, struct slice s)
{
  enum { FIRST = DER_CONTEXT | DER_CONSTRUCTED };
  struct der list, one, name, full;
  if (!der_take_tag(&s, DER_SEQUENCE, &list))
    return;
  while (der_take_tag(&list.body, DER_SEQUENCE, &one)) {
    unsigned group = build_none(d, &x509_defs[POINT], one.whole);
    build_open(d, group);
    if (der_take_tag(&one.body, FIRST, &name) && der_take_tag(&name.body, FIRST, &full))
      general_names_build(d, full.body);
    build_close(d, group);
  }
}

static void
usage_build(struct decode *d, struct slice s)
{
  struct der bits;
  if (!der_take_tag(&s, DER_BITS, &bits))
    return;
  struct slice octets = bits_build(d, bits.body);
  unsigned group = build_octets(d, &x509_defs[KEY_USAGE], octets);
  build_open(d, group);
  for (unsigned i = 0; i < 9; i++) { /* bits that were left out are not set */
    struct slice at = slice_cut(slice_skip(octets, i / 8), 1);
    build_number(d, &x509_defs[U0 + i], at, at.n ? at.p[0] >> (7 - i % 8) & 1 : 0);
  }
  build_close(d, group);
}

static void
purposes_build(struct decode *d, struct slice s)
{
  struct der list, one;
  if (!der_take_tag(&s, DER_SEQUENCE, &list))
    return;
  unsigned group = build_number(d, &x509_defs[PURPOSES], list.whole, der_count(list.body));
  build_open(d, group);
  while (der_take_tag(&list.body, DER_OID, &one))
    oid_build(d, PURPOSE, one.body);
  build_close(d, group);
}

static void
constraints_build(struct decode *d, struct slice s)
{
  struct der list, one;
  if (!der_take_tag(&s, DER_SEQUENCE, &list))
    return;
  unsigned group = build_none(d, &x509_defs[CONSTRAINTS], list.whole);
  build_open(d, group);
  if (der_take_tag(&list.body, DER_BOOL, &one) && one.body.n)
    build_number(d, &x509_defs[CA], one.body, one.body.p[0] != 0);
  if (der_take_tag(&list.body, DER_INTEGER, &one) && one.body.n)
    build_number(d, &x509_defs[PATH], one.body, one.body.p[one.body.n - 1]);
  build_close(d, group);
}

static void
issuer_key_build(struct decode *d, struct slice s)
{
  struct der list, one;
  if (!der_take_tag(&s, DER_SEQUENCE, &list))
    return;
  unsigned group = build_none(d, &x509_defs[ISSUER_KEY], list.whole);
  build_open(d, group);
  if (der_take_tag(&list.body, DER_CONTEXT, &one))
    build_octets(d, &x509_defs[ISSUER_KEY_ID], one.body);
  if (der_take_tag(&list.body, DER_CONTEXT | DER_CONSTRUCTED | 1, &one))
    general_names_build(d, one.body);
  build_close(d, group);
}

static void
subject_key_build(struct decode *d, struct slice s)
{
  struct der id;
  if (der_take_tag(&s, DER_OCTETS, &id))
    build_octets(d, &x509_defs[SUBJECT_KEY_ID], id.body);
}

static void
extension_build(struct decode *d, struct slice s)
{
  static const struct {
    uint8_t id; /* below 2.5.29 */
    void (*build)(struct decode *d, struct slice s);
  } known[] = {{14, subject_key_build}, {15, usage_build},  {17, alternative_names_build},
               {19, constraints_build}, {31, points_build}, {35, issuer_key_build},
               {37, purposes_build}};
  struct der oid, critical, value;
  if (!der_take_tag(&s, DER_OID, &oid))
    return;
  oid_build(d, EXTENSION_ID, oid.body);
  if (der_take_tag(&s, DER_BOOL, &critical) && critical.body.n)
    build_number(d, &x509_defs[CRITICAL], critical.body, critical.body.p[0] != 0);
  if (!der_take_tag(&s, DER_OCTETS, &value))
    return;
  for (unsigned i = 0; i < G_N_ELEMENTS(known); i++)
    if (oid.body.n == 3 && memcmp(oid.body.p, "\x55\x1d", 2) == 0 && oid.body.p[2] == known[i].id) {
      known[i].build(d, value.body);
      return;
    }
  if (OID_IS(oid.body, "\x2b\x06\x01\x05\x05\x07\x01\x01"))
    access_build(d, value.body);
  else if (value.body.n)
    build_octets(d, &x509_defs[EXTENSION_DATA], value.body);
}

static void
extensions_build(struct decode *d, struct slice s)
{
  struct der outer, list, one;
  while (s.n > 0 && s.p[0] != (DER_CONTEXT | DER_CONSTRUCTED | 3) && der_take(&s, &outer))
    ; /* unique identifiers of version 2 */
  if (!der_take_tag(&s, DER_CONTEXT | DER_CONSTRUCTED | 3, &outer) ||
      !der_take_tag(&outer.body, DER_SEQUENCE, &list))
    return;
  unsigned group = build_number(d, &x509_defs[EXTENSIONS], list.whole, der_count(list.body));
  build_open(d, group);
  while (der_take_tag(&list.body, DER_SEQUENCE, &one)) {
    unsigned extension = build_none(d, &x509_defs[EXTENSION], one.whole);
    build_open(d, extension);
    extension_build(d, one.body);
    build_close(d, extension);
  }
  build_close(d, group);
}

/* ---- the whole ---- */

static bool
signed_build(struct decode *d, struct slice s)
{
  struct der outer, number;
  if (der_take_tag(&s, DER_CONTEXT | DER_CONSTRUCTED, &outer)) {
    if (!der_take_tag(&outer.body, DER_INTEGER, &number) || number.body.n == 0)
      return false;
    uint8_t version = number.body.p[number.body.n - 1];
    build_named(d, &x509_defs[VERSION], number.body, version, version == 2 ? "v3" : NULL);
  }
  if (!der_take_tag(&s, DER_INTEGER, &number))
    return false;
  build_octets(d, &x509_defs[SERIAL], number.body);
  if (!algorithm_build(d, SIGNATURE, &s, NULL, NULL) || !name_build(d, ISSUER_NAME, &s) ||
      !validity_build(d, &s) || !name_build(d, SUBJECT_NAME, &s) || !key_build(d, &s))
    return false;
  extensions_build(d, s);
  return true;
}

static void
moment_build(struct decode *d, unsigned def, struct slice none, int64_t seconds)
{
  const int64_t limit = INT64_MAX / 1000000000;
  if (seconds > -limit && seconds < limit)
    build_generated(d, build_number(d, &x509_defs[def], none, (uint64_t)(seconds * 1000000000)));
}

/* What a reader wants to know, in words. */
static void
overview_build(struct decode *d, struct slice s)
{
  struct certificate *c = certificate_read(s.p, s.n);
  struct slice none = slice_none(s);
  if (!c)
    return;
  build_generated(d, build_string(d, &x509_defs[SUBJECT], none, c->subject));
  build_generated(d, build_string(d, &x509_defs[ISSUER], none, c->issuer));
  if (c->names && c->names[0]) {
    g_autofree char *names = g_strjoinv(", ", c->names);
    build_generated(d, build_string(d, &x509_defs[NAMES], none, names));
  }
  moment_build(d, FROM, none, c->not_before_s);
  moment_build(d, UNTIL, none, c->not_after_s);
  build_generated(d, build_string(d, &x509_defs[KEY], none, c->key));
  build_generated(d, build_number(d, &x509_defs[KEY_BITS], none, c->key_bits));
  build_generated(d, build_string(d, &x509_defs[SIGNED_WITH], none, c->signature));
  certificate_free(c);
}

void
x509_build(struct decode *d, struct slice s)
{
  struct der certificate, part;
  if (d->work->summary_only)
    return;
  struct slice all = s;
  bool fine = der_take_tag(&s, DER_SEQUENCE, &certificate) &&
              der_take_tag(&certificate.body, DER_SEQUENCE, &part);
  if (fine) {
    overview_build(d, all);
    unsigned group = build_none(d, &x509_defs[SIGNED], part.whole);
    build_open(d, group);
    fine = signed_build(d, part.body);
    build_close(d, group);
  }
  if (fine && algorithm_build(d, OUTER, &certificate.body, NULL, NULL) &&
      der_take_tag(&certificate.body, DER_BITS, &part)) {
    struct slice signature = bits_build(d, part.body);
    if (signature.n)
      build_octets(d, &x509_defs[ENCRYPTED], signature);
    return;
  }
  build_flag(d, build_none(d, &x509_defs[BAD], all), FIELD_FLAG_ODD);
}
