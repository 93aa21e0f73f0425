/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_DEFLATE_LAYER_H
#define SIM_MAIL_DEFLATE_LAYER_H

/* Compression of a mail connection (RFC 4978 COMPRESS=DEFLATE), for either end. */
#include "sim/mail/endpoint.h"

/* A layer around `machine`, which it owns. Octets pass as they are until the machine sets wants =
 * ENDPOINT_DEFLATE; then both directions are raw DEFLATE (RFC 1951). Other wants are handed on to
 * the layer outside, so it stands inside TLS: octets are compressed, then encrypted.
 * Event "log": what was saved, at the end, and what was wrong with the compressed octets. */
struct endpoint *deflate_layer_new(struct endpoint *machine);

#endif
