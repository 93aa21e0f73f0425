/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth.c -- the tables of authentication: mechanisms, outcomes, and the reply of each protocol to
 * each outcome.
 *
 * A mechanism is a row here, a server's half in auth_mech.c (SCRAM: auth_scram.c), a client's half
 * in auth_client.c. Not built: DIGEST-MD5 (historic since RFC 6331), NTLM, GSSAPI, and -PLUS with
 * channel binding. */
#include "sim/mail/auth_private.h"

#include <string.h>

#include "capture/wire/mail.h"

static const struct {
  const char *name;
  bool is_sasl, is_readable;
} mechanisms[AUTH_N_MECHANISMS + 1] = {
    [AUTH_NONE] = {""},
    [AUTH_ANONYMOUS] = {"ANONYMOUS", true},
    [AUTH_COMMAND] = {"USER", false, true},
    [AUTH_LOGIN] = {"LOGIN", true, true},
    [AUTH_PLAIN] = {"PLAIN", true, true},
    [AUTH_APOP] = {"APOP"},
    [AUTH_CRAM_MD5] = {"CRAM-MD5", true},
    [AUTH_XOAUTH2] = {"XOAUTH2", true, true},
    [AUTH_OAUTHBEARER] = {"OAUTHBEARER", true, true},
    [AUTH_SCRAM_SHA_1] = {"SCRAM-SHA-1", true},
    [AUTH_SCRAM_SHA_256] = {"SCRAM-SHA-256", true},
    [AUTH_EXTERNAL] = {"EXTERNAL", true},
    [AUTH_BEST] = {"best"},
};

const char *
auth_name(enum auth_mechanism mech)
{
  return mechanisms[mech].name;
}

enum auth_mechanism
auth_find(const char *text, size_t n)
{
  for (int i = AUTH_NONE + 1; i <= AUTH_BEST; i++) {
    if (text_is((const uint8_t *)text, n, mechanisms[i].name))
      return (enum auth_mechanism)i;
  }
  return AUTH_NONE;
}

bool
auth_is_readable(enum auth_mechanism mech)
{
  return mechanisms[mech].is_readable;
}

bool
auth_is_sasl(enum auth_mechanism mech)
{
  return mechanisms[mech].is_sasl;
}

/* SMTP: RFC 4954 4 and 6, RFC 5248 for 5.7.13. IMAP: RFC 3501 6.2, RFC 5530. POP3: RFC 3206. A
 * wrong name and a wrong password get the same words, so that nobody can list the accounts. */
static const struct {
  const char *name;
  const char *replies[AUTH_N_PROTOCOLS];
} outcomes[AUTH_N_OUTCOMES] = {
    [AUTH_CONTINUE] = {"continue"},
    [AUTH_DONE] = {"done"},
    [AUTH_HELD] = {"held"},
    [AUTH_FAILED] = {"failed",
                     {"535 5.7.8 Authentication credentials invalid",
                      "-ERR [AUTH] Invalid user or password",
                      "NO [AUTHENTICATIONFAILED] Invalid user or password"}},
    [AUTH_FORBIDDEN] = {"forbidden",
                        {"535 5.7.8 Not allowed to act for that identity",
                         "-ERR [AUTH] Not allowed to act for that identity",
                         "NO [AUTHORIZATIONFAILED] Not allowed to act for that identity"}},
    [AUTH_LOCKED] = {"locked",
                     {"454 4.7.0 Too many failures, try again later",
                      "-ERR [SYS/TEMP] Too many failures, try again later",
                      "NO [UNAVAILABLE] Too many failures, try again later"}},
    [AUTH_DISABLED] = {"disabled",
                       {"535 5.7.13 User account disabled", "-ERR [SYS/PERM] User account disabled",
                        "NO [CONTACTADMIN] User account disabled"}},
    [AUTH_EXPIRED] = {"expired",
                      {"432 4.7.12 A password transition is needed",
                       "-ERR [AUTH] The password has expired",
                       "NO [EXPIRED] The password has expired"}},
    [AUTH_UNAVAILABLE] = {"unavailable",
                          {"454 4.7.0 Temporary authentication failure",
                           "-ERR [SYS/TEMP] Temporary authentication failure",
                           "NO [UNAVAILABLE] Temporary authentication failure"}},
    [AUTH_MALFORMED] = {"malformed",
                        {"501 5.5.2 Not understood: base64 of the mechanism's form is wanted",
                         "-ERR Not understood: base64 of the mechanism's form is wanted",
                         "BAD Not understood: base64 of the mechanism's form is wanted"}},
    [AUTH_CANCELLED] = {"cancelled",
                        {"501 5.7.0 Authentication cancelled", "-ERR Authentication cancelled",
                         "BAD Authentication cancelled"}},
    [AUTH_TOO_LONG] = {"too-long",
                       {"500 5.5.6 Authentication exchange line is too long",
                        "-ERR Authentication exchange line is too long",
                        "BAD Authentication exchange line is too long"}},
    [AUTH_UNKNOWN] = {"unknown",
                      {"504 5.5.4 Authentication mechanism not offered",
                       "-ERR Authentication mechanism not offered",
                       "NO [CANNOT] Authentication mechanism not offered"}},
    [AUTH_TOO_WEAK] = {"too-weak",
                       {"534 5.7.9 Authentication mechanism is too weak",
                        "-ERR Authentication mechanism is too weak",
                        "NO [CANNOT] Authentication mechanism is too weak"}},
    [AUTH_TLS_NEEDED] = {"tls-needed",
                         {"538 5.7.11 Encryption required for requested authentication mechanism",
                          "-ERR Encryption required: use TLS first",
                          "NO [PRIVACYREQUIRED] Encryption required: use TLS first"}},
};

const char *
auth_outcome_name(enum auth_outcome outcome)
{
  return outcomes[outcome].name;
}

const char *
auth_reply(enum auth_protocol protocol, enum auth_outcome outcome)
{
  const char *reply = outcomes[outcome].replies[protocol];
  g_assert(reply);
  return reply;
}

void
auth_base64(GString *out, const void *p, size_t n)
{
  g_autofree char *encoded = g_malloc(4 * ((n + 2) / 3) + 1);
  size_t n_encoded = base64_encode(p, n, encoded);
  g_string_append_len(out, encoded, (gssize)n_encoded);
}

uint8_t *
auth_unbase64(const char *text, size_t n, size_t *n_out)
{
  uint8_t *octets = g_malloc(n * 3 / 4 + 4);
  if (n % 4 != 0 || !base64_decode(text, n, octets, n_out)) {
    g_free(octets);
    return NULL;
  }
  octets[*n_out] = '\0';
  return octets;
}
