/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_SASL_H
#define CAPTURE_WIRE_SASL_H

/* What the client's messages of SASL mechanisms say, and the strings in which IMAP carries names
 * and passwords. Shared by the first-pass parsers, the decoders and the endpoints. Nothing is
 * copied: results point into the octets that were given. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sasl_mechanism {
  SASL_UNKNOWN,
  SASL_PLAIN,       /* RFC 4616 */
  SASL_LOGIN,       /* draft-murchison-sasl-login */
  SASL_CRAM_MD5,    /* RFC 2195 */
  SASL_DIGEST_MD5,  /* RFC 2831 */
  SASL_NTLM,        /* MS-NLMP */
  SASL_SCRAM,       /* RFC 5802, 7677: any SCRAM-*, with or without -PLUS */
  SASL_XOAUTH2,     /* Google's bearer token message */
  SASL_OAUTHBEARER, /* RFC 7628 */
  SASL_EXTERNAL,    /* RFC 4422 appendix A */
  SASL_ANONYMOUS,   /* RFC 4505 */
  SASL_GSSAPI,      /* RFC 4752, also KERBEROS_V4, GSS-SPNEGO, GS2-*: opaque tokens */
  SASL_N_MECHANISMS
};

/* The mechanism named by text[0..n), any case. */
enum sasl_mechanism sasl_find(const uint8_t *text, size_t n);

/* How many messages the client sends when all goes well; 0 when it cannot be told. */
unsigned sasl_n_messages(enum sasl_mechanism mechanism);

/* True when that mechanism proves the password with a digest, bears a token, or sends it as it is.
 */
bool sasl_is_clear(enum sasl_mechanism mechanism);
bool sasl_is_token(enum sasl_mechanism mechanism);

struct sasl_span {
  const uint8_t *p; /* NULL: not in this message */
  size_t n;
};

struct sasl_message {
  struct sasl_span authzid, user, secret; /* as on the wire: sasl_copy_name() resolves escapes */
  bool holds_secret; /* must be masked: true also when the message is not understood */
  bool odd;          /* not what the mechanism's grammar says */
  bool is_wide;      /* NTLM: the user is UTF-16, little endian */
  bool is_ntlm_v1;   /* its NT response has the 24 octets of version 1 (MS-NLMP section 2.2.2.6) */
  bool is_unbound;   /* SCRAM: the gs2 header asks for no channel binding (RFC 5802 section 7) */
};

/* Reads the client's message number `step` (from 0) of a mechanism, base64 already decoded. */
void sasl_read(enum sasl_mechanism mechanism, unsigned step, const uint8_t *p, size_t n,
               struct sasl_message *out);

/* The octets that a name of this mechanism means, its escapes resolved ("=2C" of SCRAM and
 * OAUTHBEARER, a backslash of DIGEST-MD5); at most `room`, which n octets always suffice for.
 * Returns their number. */
size_t sasl_copy_name(enum sasl_mechanism mechanism, struct sasl_span name, uint8_t *out,
                      size_t room);

/* The iteration count in a SCRAM server's first message (RFC 5802 section 5.1, "i="); 0 when it is
 * none. */
uint32_t sasl_scram_iterations(const uint8_t *p, size_t n);

/* ---- strings of IMAP (RFC 3501 section 4.3, RFC 7888) ---- */

enum imap_string_kind {
  IMAP_STRING_NONE,
  IMAP_STRING_ATOM,
  IMAP_STRING_QUOTED,
  IMAP_STRING_LITERAL
};

struct imap_string {
  enum imap_string_kind kind;
  const uint8_t *p; /* without the quotes; for a literal the "{n}" itself */
  size_t n;
  uint64_t literal_octets;
  bool waits;   /* a literal that waits for "+" (synchronising) */
  bool escaped; /* quoted, with backslashes inside: copy with imap_string_copy() */
  bool odd;     /* no closing quote, or octets that an atom may not hold */
};

/* The string at p[0..n) (one space before it is skipped); returns the octets taken, 0 when none is
 * there. A literal is only recognised at the end of the text. */
size_t imap_string_scan(const uint8_t *p, size_t n, struct imap_string *out);

/* The octets that the string means, backslashes resolved, at most `room`; returns their number. */
size_t imap_string_copy(const struct imap_string *s, uint8_t *out, size_t room);

/* Does this line (without line end) announce a literal at its end: "{5}", "{5+}", "~{5}"? */
bool imap_literal_at_end(const uint8_t *p, size_t n, uint64_t *octets, bool *waits);

#endif
