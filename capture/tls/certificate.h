/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TLS_CERTIFICATE_H
#define CAPTURE_TLS_CERTIFICATE_H

/* X.509 certificates as servers send them (RFC 5280): what a reader wants to know of one, whether a
 * host's name is among its names (RFC 9525), and whether a chain leads to a trusted issuer. Reading
 * costs some ten microseconds and memory, so callers read each distinct certificate once. */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/wire/addr.h"

enum {
  CERTIFICATE_OCTETS_MAX = 1 << 16, /* of one: real ones have one to four thousand */
  CERTIFICATE_CHAIN_MAX = 10,  /* OpenSSL and Mozilla build chains of at most about that many */
  CERTIFICATE_NAMES_MAX = 256, /* alternative names that are kept; more are left out */
};

/* Text comes from the wire: hostile, but UTF-8 without control characters (escaped as RFC 4514
 * does). */
struct certificate {
  char *subject, *issuer; /* "CN=mx.example.net, O=Example" */
  char *serial;           /* hexadecimal */
  char *key;              /* "RSA", "EC prime256v1", "ED25519"; "unknown" */
  char *signature;        /* "RSA-SHA256" as OpenSSL names it */
  unsigned key_bits;      /* 0: not known */
  bool key_is_short;      /* RFC 9325 4.5: RSA, DH or DSA below 2048 bits, curves below 224 */
  bool digest_is_weak;    /* signed with MD5, SHA-1 or older */
  int64_t not_before_s, not_after_s; /* of 1970, UTC; INT64_MIN: not readable */
  bool is_self_signed;               /* its own key made its signature */
  char **names;                      /* dNSName, lower case, NULL-terminated */
  struct ip_addr *addresses;         /* iPAddress */
  unsigned n_addresses;
};

/* NULL when the octets are no certificate or too many. */
struct certificate *certificate_read(const uint8_t *der, size_t n);
void certificate_free(struct certificate *c);

/* RFC 9525 6.3: case-blind; "*" stands for one whole left label. The subject's CN does not count.
 */
bool certificate_has_name(const struct certificate *c, const char *host);
bool certificate_has_address(const struct certificate *c, const struct ip_addr *addr);

/* One certificate of a chain: points into what the caller holds. */
struct certificate_octets {
  const uint8_t *octets;
  size_t n;
};
/* The certificates in the body of a Certificate message, the server's own first: RFC 5246 7.4.2,
 * RFC 8446 4.4.2 when `is_13`. Returns how many; what is cut or one too many is left out. */
unsigned certificate_list(const uint8_t *body, size_t n, bool is_13,
                          struct certificate_octets out[CERTIFICATE_CHAIN_MAX]);

/* ---- whom to trust ---- */

struct trust_store;

/* Where this system keeps its trusted issuers; NULL: nowhere that is known. */
const char *trust_store_system(void);
/* Issuers of a file (PEM, several may follow each other) or of a folder with hashed names (as
 * openssl rehash makes them). NULL with `error` set when it cannot be read. */
struct trust_store *trust_store_new(const char *path, GError **error);
void trust_store_free(struct trust_store *t);

enum trust {
  TRUST_FINE,
  TRUST_UNREADABLE,     /* the first is no certificate */
  TRUST_SELF_SIGNED,    /* signed by itself, and not in the store */
  TRUST_UNKNOWN_ISSUER, /* no issuer of the store, or a certificate between is missing */
  TRUST_BROKEN,         /* a signature or a constraint in the chain is wrong */
  TRUST_NO_STORE,       /* not self-signed, and there is nothing to hold it against */
};
/* Dates are not looked at: a capture's time is not now. `t` may be NULL. */
enum trust trust_store_check(struct trust_store *t, const struct certificate_octets *chain,
                             unsigned n);

#endif
