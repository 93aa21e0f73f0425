/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_FINDINGS_TLS_H
#define CAPTURE_FINDINGS_FINDINGS_TLS_H

/* The rows about TLS and the policies that demand it (findings_tls_rules.c), for the module that
 * speaks them, and what the module keeps of the capture's DNS answers (findings_dns.c). */
#include "capture/findings/findings_module.h"

extern const struct finding_rule tls_001, tls_002, tls_003, tls_004, tls_005, tls_006, tls_007,
    pol_001;
extern const struct finding_rule *const finding_rules_tls[]; /* NULL-terminated */

/* Names that DNS answers of the capture gave to addresses, and which policies were asked for. */
struct dns_names;

struct dns_names *dns_names_new(void);
void dns_names_free(struct dns_names *d);
/* Reads a message; the name that was asked for and is not there is told as POL-001. */
void dns_names_take(struct dns_names *d, struct findings *f, const uint8_t *message, size_t n,
                    const struct finding_place *place);
/* The names whose answers led to this address, newest first; NULL-terminated, borrowed until the
 * next dns_names_take(). NULL: none. */
const char *const *dns_names_of(const struct dns_names *d, const struct ip_addr *addr);

#endif
