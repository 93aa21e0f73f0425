/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_OWN_DOMAINS_H
#define CAPTURE_FINDINGS_OWN_DOMAINS_H

/* Which domains a mail server takes mail for, as far as a capture shows it. No protocol says it, so
 * everything here is a sign, and a server that nothing is known of is judged by nobody. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/wire/addr.h"

struct own_domains;

struct own_domains *own_domains_new(void);
void own_domains_free(struct own_domains *o);

/* The server's own name, the first word of its greeting or of its answer to EHLO; another word or
 * an address literal teaches nothing. */
void own_domains_host(struct own_domains *o, const struct ip_addr *server, const uint8_t *p,
                      size_t n);
/* An address "anna@example.net" whose domain is the server's own. */
void own_domains_address(struct own_domains *o, const struct ip_addr *server, const char *address);
/* A DNS answer: of MX (RFC 5321 section 5.1), and of the addresses of an exchange seen before. */
void own_domains_dns(struct own_domains *o, const uint8_t *message, size_t n);

/* The name by which the server introduced itself first; NULL: it did not. Borrowed. */
const char *own_domains_name(const struct own_domains *o, const struct ip_addr *server);
/* Is the domain of this address one of the server's? An address without a domain is. */
bool own_domains_has(struct own_domains *o, const struct ip_addr *server, const char *address);

#endif
