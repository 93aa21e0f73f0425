/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_CASEMAP_H
#define SIM_MAIL_CASEMAP_H

/* How texts are compared: i;unicode-casemap (RFC 5051), which SEARCH, SORT and THREAD use, and the
 * base subject of RFC 5256. */
#include <stdbool.h>

/* Titlecase of each character, then its decomposition: two texts are equal when these are. `text`
 * may hold anything; what is no UTF-8 becomes U+FFFD. Newly allocated. */
char *casemap(const char *text);

/* The base subject of a decoded Subject (RFC 5256 2.1), newly allocated; *is_reply when something
 * like "Re:" or "Fwd:" was taken off. NULL stands for "". */
char *base_subject(const char *subject, bool *is_reply);

#endif
