/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_SMTP_EXTENSION_H
#define SIM_MAIL_SMTP_EXTENSION_H

/* What EHLO and LHLO offer, by keyword: read by the server that writes the lines, the client that
 * reads them, and the scenario that takes some away. */
#include <stddef.h>

enum smtp_extension {
  SMTP_EXTENSION_PIPELINING,
  SMTP_EXTENSION_SIZE,
  SMTP_EXTENSION_STARTTLS,
  SMTP_EXTENSION_AUTH,
  SMTP_EXTENSION_ENHANCEDSTATUSCODES,
  SMTP_EXTENSION_8BITMIME,
  SMTP_EXTENSION_DSN,
  SMTP_EXTENSION_SMTPUTF8,
  SMTP_EXTENSION_CHUNKING,
  SMTP_EXTENSION_BINARYMIME,
  SMTP_EXTENSION_VRFY,
  SMTP_EXTENSION_EXPN,
  SMTP_EXTENSION_HELP,
  SMTP_N_EXTENSIONS
};

struct smtp_extension_row {
  const char *keyword;
  const char *rfc;
};
extern const struct smtp_extension_row smtp_extensions[SMTP_N_EXTENSIONS];

/* The keyword text[0..n), any case; SMTP_N_EXTENSIONS when it is none of these. */
enum smtp_extension smtp_extension_find(const char *text, size_t n);

#endif
