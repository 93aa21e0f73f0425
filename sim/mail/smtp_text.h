/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_SMTP_TEXT_H
#define SIM_MAIL_SMTP_TEXT_H

/* The small notations of the envelope. All returned texts are newly allocated. */
#include <glib.h>
#include <stdbool.h>

/* ---- addresses and domains ---- */
enum {
  SMTP_PATH_NULL = 1, /* "<>" is an address too, and "<postmaster>" is none (MAIL) */
  SMTP_PATH_UTF8 = 2, /* UTF-8 local parts and U-labels (RFC 6531 3.3) */
};

/* Reads "<local@domain>" at text[0..n), with a source route that is thrown away, up to its '>'. The
 * octets read in *n_read; *address is as written, but for quotes that its local part does not need
 * (RFC 5321 4.1.2). Sets *error to what is wrong (a literal) and returns false. `allowed`:
 * SMTP_PATH_… */
bool smtp_path_parse(const char *text, size_t n, unsigned allowed, char **address, size_t *n_read,
                     const char **error);
/* The part behind the last '@', or "" when there is none. */
const char *smtp_domain(const char *address);
bool smtp_is_ascii(const char *text);
/* The domain as DNS knows it: its U-labels as A-labels (RFC 5891). NULL when it is no
 * internationalized name. */
char *smtp_domain_ascii(const char *domain);
/* The same domain, in whatever case and spelling? */
bool smtp_domain_equal(const char *a, const char *b);

/* ---- RFC 3461 ---- */
char *smtp_xtext_encode(const char *text);
/* NULL when it is none. */
char *smtp_xtext_decode(const char *text, size_t n);
/* "NEVER", or a list of SUCCESS, FAILURE, DELAY, as ENVELOPE_NOTIFY_… bits. */
bool smtp_notify_parse(const char *text, unsigned *notify);
char *smtp_notify_format(unsigned notify);

#endif
