/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_DATE_H
#define SIM_MAIL_DATE_H

/* Dates of mail. Virtual time 0 is 2026-01-01T00:00:00Z, as in the trace; every date that the
 * simulator writes is UTC. A date is kept as nanoseconds of virtual time and may be negative. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATE_EPOCH_S INT64_C(1767225600)

enum { DATE_TEXT_MAX = 40 };

/* "Thu, 01 Jan 2026 00:00:00 +0000" (RFC 5322 3.3). */
const char *date_format(int64_t time_ns, char out[DATE_TEXT_MAX]);
/* "01-Jan-2026 00:00:00 +0000" (RFC 3501 date-time), the day padded with a space, in a zone that many
 * minutes east of UTC. */
const char *date_format_imap(int64_t time_ns, int zone_minutes, char out[DATE_TEXT_MAX]);

/* Reads an IMAP date-time, "17-Jul-1996 02:44:25 -0700"; false when it is none. *zone_minutes may be
 * NULL. */
bool date_parse_imap(const char *text, int64_t *time_ns, int *zone_minutes);
/* Reads an IMAP date, "1-Feb-1994", as days since 1970; false when it is none. */
bool date_parse_day(const char *text, int64_t *day);
/* The day of a time, or of the Date header of a message with that header's own zone left out of
 * account (RFC 3501 6.4.4 disregards time and zone). */
int64_t date_day(int64_t time_ns);
/* The same of Unix seconds, of any year. */
int64_t date_day_of_unix(int64_t seconds);
/* Virtual time of Unix seconds. SIMPLIFIED: a date more than 253 years away is 253 years away, as
 * nanoseconds reach no farther. */
int64_t date_from_unix(int64_t seconds);

#endif
