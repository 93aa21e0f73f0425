/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_TLS_TLS_SOURCE_H
#define SIM_TLS_TLS_SOURCE_H

/* A library context of OpenSSL whose random octets come from a stream of the world. */
#include <openssl/crypto.h>
#include <stdbool.h>

#include "sim/core/random.h"

struct tls_source;

/* NULL when OpenSSL cannot (its reason is on its error queue). */
struct tls_source *tls_source_new(void);
void tls_source_free(struct tls_source *s);
OSSL_LIB_CTX *tls_source_context(const struct tls_source *s);
/* What is drawn from now on comes from this stream (borrowed); NULL: drawing fails, so that no call
 * takes randomness that it was not given. */
void tls_source_draw_from(struct tls_source *s, struct random_stream *from);

#endif
