/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_NAME_H
#define SIM_MAIL_IMAP_NAME_H

/* Mailbox names on the wire: modified UTF-7 (RFC 3501 5.1.3), or UTF-8 once the client has enabled
 * UTF8=ACCEPT or IMAP4rev2 (RFC 6855 3, 9051 5.1). Inside they are UTF-8. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* "&0Lfgr0P-" to UTF-8, newly allocated. NULL when the text is not exactly what imap_name_encode()
 * makes of a name: 8-bit octets, base64 of what needs none, bits left over, half a surrogate, an
 * end without "-". A name so has one spelling only. */
char *imap_name_decode(const char *text);
/* UTF-8 to modified UTF-7, newly allocated. */
char *imap_name_encode(const char *name);

#endif
