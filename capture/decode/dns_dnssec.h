/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_DNS_DNSSEC_H
#define CAPTURE_DECODE_DNS_DNSSEC_H

/* The data of records of DNSSEC, for dns.c. */
#include "capture/decode/build.h"
#include "capture/wire/dns.h"

bool dnssec_has_type(uint16_t type);
/* The data of a record of these types in a message whose first octet `message` begins with; they
 * become fields of the group that is open. False when they break the type's form. */
bool dnssec_build(struct decode *d, struct slice message, const struct dns_record *r);

#endif
