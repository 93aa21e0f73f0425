/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TLS_HANDSHAKE_H
#define CAPTURE_TLS_HANDSHAKE_H

/* What a TLS handshake shows to anyone who listens: the name that the client asks for, the version
 * and suite that the server chooses, and the server's certificates (of TLS 1.3 only when a key log
 * opens the records). Messages may be cut over records; one connection costs little more than its
 * longest message. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/trace/element.h"

enum {
  HANDSHAKE_OCTETS_MAX = 1 << 16, /* of one message: chains have some thousand octets */
  HANDSHAKE_NAME_MAX = 256,       /* a host name has at most 253 characters */
};

/* What is known so far. */
struct tls_facts {
  uint16_t version;            /* chosen by the server, as in tls_version_name(); 0: not seen */
  uint16_t suite;              /* chosen by the server */
  const char *server_name;     /* that the client asked for, lower case; NULL: none */
  const uint8_t *certificates; /* the body of the server's Certificate message, during its call */
  size_t n_certificates;
  /* One octet for the rules, 0 at first, which they find again in the next notice. */
  uint8_t *memo;
};

enum handshake_event { HANDSHAKE_SERVER_HELLO, HANDSHAKE_CERTIFICATE };

struct handshake;

struct handshake *handshake_new(void);
void handshake_free(struct handshake *h);

/* Called for an event, which lies in [offset, offset + n) of the server's stream. */
typedef void handshake_call(void *data, enum handshake_event event, uint64_t offset, uint32_t n);

/* A handshake record's contents p[0..n): of a record in clear, which stands at `offset` of its
 * side's stream with its header; or of one that was opened (`n_record` octets on the wire). */
void handshake_feed(struct handshake *h, enum side side, const uint8_t *p, size_t n,
                    uint64_t offset, uint32_t n_record, bool is_opened, handshake_call *call,
                    void *data);
/* The side has changed its cipher, or has lost octets: its records are not read any more, unless
 * they are opened. */
void handshake_stop(struct handshake *h, enum side side);
/* Valid until the next call. */
const struct tls_facts *handshake_facts(const struct handshake *h);

#endif
