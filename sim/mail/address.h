/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_ADDRESS_H
#define SIM_MAIL_ADDRESS_H

/* The addresses of a header field as ENVELOPE shows them: taken apart, nothing decoded (RFC 3501
 * 7.4.2). GMime's reader decodes names and forgets routes and the difference between comments and
 * names, so this is read here; it takes the obsolete forms of RFC 5322 4.4 and whatever else is
 * sent. */
#include <glib.h>
#include <stdbool.h>

enum { ADDRESS_MAX = 10000 }; /* of one field: beyond it the rest is left out */

/* (name route mailbox host); a group begins with its name as mailbox and host NULL, and ends with
 * all NULL. A mailbox without host has host "". */
struct address {
  char *name, *route, *mailbox, *host;
};

/* GArray of struct address, never NULL, from an unfolded value. */
GArray *address_parse(const char *value);

#endif
