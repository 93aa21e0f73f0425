/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth_client.c -- the client's half of the mechanisms, and which of them to speak.
 *
 * Where a mechanism begins with the client, its first message is the initial response; a protocol
 * that cannot carry one sends it as the answer to the server's empty challenge. */
#include <string.h>

#include "sim/mail/auth_private.h"

void
auth_client_init(struct auth_client *c, const struct auth_login *login)
{
  *c = (struct auth_client){.user = g_strdup(login->user),
                            .password = g_strdup(login->password ? login->password : ""),
                            .token = g_strdup(login->token),
                            .authzid = g_strdup(login->authzid),
                            .host = g_strdup(login->host),
                            .port = login->port,
                            .has_random = login->random != NULL};
  if (login->random)
    c->random = *login->random;
}

void
auth_client_clear(struct auth_client *c)
{
  g_clear_pointer(&c->scram, auth_scram_free);
  g_clear_pointer(&c->user, g_free);
  g_clear_pointer(&c->password, g_free);
  g_clear_pointer(&c->token, g_free);
  g_clear_pointer(&c->authzid, g_free);
  g_clear_pointer(&c->host, g_free);
}

/* ---- choosing ---- */

void
auth_client_offered(struct auth_client *c, const char *text, size_t n)
{
  enum auth_mechanism mech = auth_find(text, n);
  if (mech != AUTH_NONE && mech != AUTH_BEST)
    c->offered |= 1u << mech;
}

/* Does the client have what the mechanism needs? */
static bool
is_possible(const struct auth_client *c, enum auth_mechanism mech)
{
  switch (mech) {
  case AUTH_XOAUTH2:
  case AUTH_OAUTHBEARER:
    return c->token != NULL;
  case AUTH_EXTERNAL:
  case AUTH_ANONYMOUS:
    return false; /* only when asked for by name */
  case AUTH_SCRAM_SHA_1:
  case AUTH_SCRAM_SHA_256:
    return c->has_random && *c->password;
  default:
    return *c->password;
  }
}

enum auth_mechanism
auth_client_choose(const struct auth_client *c, enum auth_mechanism wanted, bool is_careful,
                   bool is_secure, struct lang_pair *why)
{
  bool is_shown = is_careful && !is_secure;
  if (wanted != AUTH_BEST) {
    if (!(c->offered & 1u << wanted))
      *why = lang_pair("the server does not offer the wanted AUTH mechanism",
                       "เซิร์ฟเวอร์ไม่มีกลไก AUTH ที่ต้องการ");
    else if (is_shown && auth_is_readable(wanted))
      *why =
          lang_pair("no password is sent where everybody can read it", "ไม่ส่งรหัสผ่านในที่ที่ทุกคนอ่านได้");
    else
      return wanted;
    return AUTH_NONE;
  }
  for (int i = AUTH_N_MECHANISMS - 1; i > AUTH_NONE; i--) {
    enum auth_mechanism mech = (enum auth_mechanism)i;
    if (c->offered & 1u << i && is_possible(c, mech) && !(is_shown && auth_is_readable(mech)))
      return mech;
  }
  *why = lang_pair("the server offers no way to log in that this client may use",
                   "เซิร์ฟเวอร์ไม่มีวิธีเข้าสู่ระบบที่ไคลเอนต์นี้ใช้ได้");
  return AUTH_NONE;
}

void
auth_client_begin(struct auth_client *c, enum auth_mechanism mech)
{
  c->mech = mech;
  c->step = 0;
  c->is_proved = false;
  c->problem = NULL;
  g_clear_pointer(&c->scram, auth_scram_free);
}

/* ---- messages ---- */

static char *
fails(struct auth_client *c, const char *problem)
{
  c->problem = problem;
  return NULL;
}

static char *
copy(const char *text, size_t *n)
{
  *n = strlen(text);
  return g_strdup(text);
}

static char *
plain(struct auth_client *c, size_t *n)
{
  GString *message = g_string_new(c->authzid);
  g_string_append_c(message, '\0');
  g_string_append(message, c->user);
  g_string_append_c(message, '\0');
  g_string_append(message, c->password);
  *n = message->len;
  return g_string_free(message, FALSE);
}

static char *
cram(struct auth_client *c, const char *challenge, size_t n_challenge, size_t *n)
{
  if (c->step > 0 || strlen(challenge) != n_challenge)
    return fails(c, "the server's challenge makes no sense");
  char digest[33];
  auth_mech_cram(c->password, challenge, digest);
  char *answer = g_strdup_printf("%s %s", c->user, digest);
  *n = strlen(answer);
  return answer;
}

static char *
bearer(struct auth_client *c, size_t *n)
{
  GString *message = g_string_new(NULL);
  if (c->mech == AUTH_XOAUTH2) {
    g_string_printf(message, "user=%s\001", c->user);
  } else {
    g_string_printf(message, "n,a=%s,\001", c->user);
    if (c->host)
      g_string_append_printf(message, "host=%s\001port=%u\001", c->host, c->port);
  }
  g_string_append_printf(message, "auth=Bearer %s\001\001", c->token);
  *n = message->len;
  return g_string_free(message, FALSE);
}

/* The client's next message; NULL with c->problem. Only SCRAM counts its steps itself. */
static char *
next(struct auth_client *c, const char *challenge, size_t n_challenge, size_t *n)
{
  switch (c->mech) {
  case AUTH_SCRAM_SHA_1:
  case AUTH_SCRAM_SHA_256:
    return auth_scram_client(c, challenge, n_challenge, n);
  case AUTH_CRAM_MD5:
    return cram(c, challenge, n_challenge, n);
  case AUTH_LOGIN: /* servers word their prompts differently; only the order counts */
    return c->step > 1 ? fails(c, "the server asks for more than name and password")
                       : copy(c->step == 0 ? c->user : c->password, n);
  case AUTH_XOAUTH2:
  case AUTH_OAUTHBEARER:
    if (c->step == 0)
      return bearer(c, n);
    c->problem = "the server does not accept the token";
    return c->step > 1 ? NULL : copy(c->mech == AUTH_XOAUTH2 ? "" : "\001", n);
  case AUTH_PLAIN:
    return c->step > 0 ? fails(c, "the server goes on behind the last message") : plain(c, n);
  case AUTH_EXTERNAL:
  case AUTH_ANONYMOUS:
    return c->step > 0                ? fails(c, "the server goes on behind the last message")
           : c->mech == AUTH_EXTERNAL ? copy(c->authzid ? c->authzid : "", n)
                                      : copy(c->user, n);
  default:
    return fails(c, "not a SASL mechanism");
  }
}

static char *
encoded(struct auth_client *c, const char *challenge, size_t n_challenge)
{
  size_t n = 0;
  bool counts_itself = c->mech == AUTH_SCRAM_SHA_1 || c->mech == AUTH_SCRAM_SHA_256;
  g_autofree char *message = next(c, challenge, n_challenge, &n);
  if (!counts_itself)
    c->step++;
  if (!message)
    return NULL;
  GString *line = g_string_new(NULL);
  auth_base64(line, message, n);
  return g_string_free(line, FALSE);
}

char *
auth_client_initial(struct auth_client *c)
{
  if (c->mech == AUTH_CRAM_MD5 || c->mech == AUTH_LOGIN)
    return NULL;
  char *line = encoded(c, "", 0);
  if (line && !*line) {
    g_free(line);
    return g_strdup("=");
  }
  return line;
}

char *
auth_client_step(struct auth_client *c, const char *challenge, size_t n)
{
  size_t n_octets;
  g_autofree uint8_t *octets = auth_unbase64(challenge, n, &n_octets);
  return octets ? encoded(c, (const char *)octets, n_octets)
                : fails(c, "the server's challenge is no base64");
}

bool
auth_client_may_trust(const struct auth_client *c)
{
  return (c->mech != AUTH_SCRAM_SHA_1 && c->mech != AUTH_SCRAM_SHA_256) || c->is_proved;
}

char *
auth_client_apop(const char *greeting, const char *password)
{
  const char *from = strchr(greeting, '<'), *end = from ? strchr(from, '>') : NULL;
  if (!end || !memchr(from, '@', (size_t)(end - from)))
    return NULL;
  g_autofree char *stamp = g_strndup(from, (gsize)(end - from) + 1);
  char digest[33];
  auth_mech_apop(password, stamp, digest);
  return g_strdup(digest);
}
