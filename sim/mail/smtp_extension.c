/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_extension.c -- the keywords of EHLO, in the order in which they are offered. */
#include "sim/mail/smtp_extension.h"

#include "capture/wire/mail.h"

const struct smtp_extension_row smtp_extensions[SMTP_N_EXTENSIONS] = {
    [SMTP_EXTENSION_PIPELINING] = {"PIPELINING", "RFC 2920"},
    [SMTP_EXTENSION_SIZE] = {"SIZE", "RFC 1870"},
    [SMTP_EXTENSION_STARTTLS] = {"STARTTLS", "RFC 3207"},
    [SMTP_EXTENSION_AUTH] = {"AUTH", "RFC 4954"},
    [SMTP_EXTENSION_ENHANCEDSTATUSCODES] = {"ENHANCEDSTATUSCODES", "RFC 2034"},
    [SMTP_EXTENSION_8BITMIME] = {"8BITMIME", "RFC 6152"},
    [SMTP_EXTENSION_DSN] = {"DSN", "RFC 3461"},
    [SMTP_EXTENSION_SMTPUTF8] = {"SMTPUTF8", "RFC 6531"},
    [SMTP_EXTENSION_CHUNKING] = {"CHUNKING", "RFC 3030"},
    [SMTP_EXTENSION_BINARYMIME] = {"BINARYMIME", "RFC 3030"},
    [SMTP_EXTENSION_VRFY] = {"VRFY", "RFC 5321"},
    [SMTP_EXTENSION_EXPN] = {"EXPN", "RFC 5321"},
    [SMTP_EXTENSION_HELP] = {"HELP", "RFC 5321"},
};

enum smtp_extension
smtp_extension_find(const char *text, size_t n)
{
  for (int i = 0; i < SMTP_N_EXTENSIONS; i++) {
    if (text_is((const uint8_t *)text, n, smtp_extensions[i].keyword))
      return (enum smtp_extension)i;
  }
  return SMTP_N_EXTENSIONS;
}
