/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_SOURCE_LIVE_FILTER_H
#define CAPTURE_SOURCE_LIVE_FILTER_H

#include <glib.h>
#include <stdbool.h>

/* The capture filter (libpcap's language) that keeps mail and nothing else: the ports of SMTP,
 * submission, LMTP, POP3 and IMAP, in clear and with TLS; of datagrams in fragments also the later
 * ones, which bear no port; and the same behind one or two VLAN tags, which "tcp port 143" alone
 * does not see. `interface` decides whether tags can be asked for. Free with g_free(). */
char *live_filter_mail(const char *interface);

/* Whether libpcap understands the filter for that interface; LIVE_ERROR_FILTER says why not. Needs
 * no right. */
bool live_filter_check(const char *interface, const char *filter, GError **error);

#endif
