/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth.c -- authentication mechanisms, one row each, server and client side by side.
 *
 *     PLAIN     C: NUL user NUL password                                   (RFC 4616)
 *     LOGIN     S: "Username:"  C: user  S: "Password:"  C: password
 *     CRAM-MD5  S: <unique@host>  C: user SP hex(HMAC-MD5(password, challenge))   (RFC 2195) */
#include "sim/mail/auth.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <string.h>

#include "capture/wire/mail.h"

static const char *const names[SASL_N_MECHANISMS] = {
    [SASL_PLAIN] = "PLAIN", [SASL_LOGIN] = "LOGIN", [SASL_CRAM_MD5] = "CRAM-MD5"};

const char *
auth_name(enum sasl_mechanism mech)
{
  return names[mech];
}

enum sasl_mechanism
auth_find(const char *text, size_t n)
{
  enum sasl_mechanism mech = sasl_find((const uint8_t *)text, n);
  return names[mech] ? mech : SASL_UNKNOWN;
}

static void
append_base64(GString *out, const char *text, size_t n)
{
  g_autofree char *encoded = g_malloc(4 * ((n + 2) / 3) + 1);
  base64_encode((const uint8_t *)text, n, encoded);
  g_string_append(out, encoded);
}

/* The decoded line with a NUL behind it, or NULL. Padding must be right (RFC 4648 3.2). */
static uint8_t *
decode_line(const char *text, size_t n, size_t *n_out)
{
  if (n == 1 && text[0] == '=')
    n = 0;
  uint8_t *octets = g_malloc(n * 3 / 4 + 4);
  if (n % 4 != 0 || !base64_decode(text, n, octets, n_out)) {
    g_free(octets);
    return NULL;
  }
  octets[*n_out] = '\0';
  return octets;
}

static void
hmac_md5_hex(const char *key, const char *text, char out[33])
{
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  HMAC(EVP_md5(), key, (int)strlen(key), (const unsigned char *)text, strlen(text), digest, &n);
  for (unsigned i = 0; i < 16; i++)
    g_snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* ---- server ---- */

static enum auth_result
login_with(struct auth_server *s, const char *user, const char *password, struct store_user **who)
{
  *who = store_login(s->store, user, password);
  return *who ? AUTH_DONE : AUTH_REFUSED;
}

static enum auth_result
server_plain(struct auth_server *s, const uint8_t *p, size_t n, GString *out,
             struct store_user **who)
{
  if (!p)
    return AUTH_CONTINUE;
  const uint8_t *user = memchr(p, '\0', n);
  if (!user)
    return AUTH_MALFORMED;
  user++;
  const uint8_t *password = memchr(user, '\0', n - (size_t)(user - p));
  if (!password || memchr(password + 1, '\0', n - (size_t)(password + 1 - p)))
    return AUTH_MALFORMED;
  password++;
  /* to act for somebody else is allowed to nobody */
  if (p[0] != '\0' && g_ascii_strcasecmp((const char *)p, (const char *)user) != 0)
    return AUTH_REFUSED;
  return login_with(s, (const char *)user, (const char *)password, who);
}

static enum auth_result
server_login(struct auth_server *s, const uint8_t *p, size_t n, GString *out,
             struct store_user **who)
{
  static const char *const prompts[] = {"Username:", "Password:"};
  if (p && memchr(p, '\0', n))
    return AUTH_MALFORMED;
  if (p && !s->user)
    s->user = g_strdup((const char *)p);
  else if (p)
    return login_with(s, s->user, (const char *)p, who);
  const char *prompt = prompts[s->user != NULL];
  append_base64(out, prompt, strlen(prompt));
  return AUTH_CONTINUE;
}

static enum auth_result
server_cram(struct auth_server *s, const uint8_t *p, size_t n, GString *out,
            struct store_user **who)
{
  if (s->step++ == 0) {
    if (p) /* RFC 4954 4: a mechanism that begins with the server takes no initial response */
      return AUTH_MALFORMED;
    append_base64(out, s->challenge, strlen(s->challenge));
    return AUTH_CONTINUE;
  }
  const char *text = (const char *)p;
  const char *space = strrchr(text, ' ');
  if (!space || strlen(text) != n || strlen(space + 1) != 32)
    return AUTH_MALFORMED;
  g_autofree char *name = g_strndup(text, (gsize)(space - text));
  struct store_user *u = store_find_user(s->store, name);
  char expected[33];
  hmac_md5_hex(u && u->password ? u->password : "", s->challenge, expected);
  if (CRYPTO_memcmp(expected, space + 1, 32) != 0 || !u || !u->password)
    return AUTH_REFUSED;
  *who = u;
  return AUTH_DONE;
}

void
auth_server_init(struct auth_server *s, enum sasl_mechanism mech, const struct store *store,
                 const char *challenge)
{
  *s = (struct auth_server){.mech = mech, .store = store, .challenge = g_strdup(challenge)};
}

void
auth_server_clear(struct auth_server *s)
{
  g_clear_pointer(&s->user, g_free);
  g_clear_pointer(&s->challenge, g_free);
}

enum auth_result
auth_server_step(struct auth_server *s, const char *answer, size_t n, GString *out,
                 struct store_user **who)
{
  static enum auth_result (*const steps[SASL_N_MECHANISMS])(
      struct auth_server *, const uint8_t *, size_t, GString *, struct store_user **) = {
      [SASL_PLAIN] = server_plain, [SASL_LOGIN] = server_login, [SASL_CRAM_MD5] = server_cram};
  if (answer && n == 1 && answer[0] == '*')
    return AUTH_CANCELLED;
  size_t n_octets = 0;
  g_autofree uint8_t *octets = NULL;
  if (answer) {
    octets = decode_line(answer, n, &n_octets);
    if (!octets)
      return AUTH_MALFORMED;
  }
  return steps[s->mech](s, octets, n_octets, out, who);
}

/* ---- client ---- */

static char *
encode_line(const char *text, size_t n)
{
  GString *line = g_string_new(NULL);
  append_base64(line, text, n);
  return g_string_free(line, FALSE);
}

static char *
client_plain(const struct auth_client *c)
{
  GString *message = g_string_new(NULL);
  g_string_append_c(message, '\0');
  g_string_append(message, c->user);
  g_string_append_c(message, '\0');
  g_string_append(message, c->password);
  char *line = encode_line(message->str, message->len);
  g_string_free(message, TRUE);
  return line;
}

char *
auth_client_initial(struct auth_client *c)
{
  if (c->mech != SASL_PLAIN)
    return NULL;
  c->step = 1;
  return client_plain(c);
}

char *
auth_client_step(struct auth_client *c, const char *challenge, size_t n)
{
  size_t n_octets = 0;
  g_autofree uint8_t *octets = decode_line(challenge, n, &n_octets);
  if (!octets)
    return NULL;
  unsigned step = c->step++;
  switch (c->mech) {
  case SASL_PLAIN:
    return step == 0 ? client_plain(c) : NULL;
  case SASL_LOGIN: /* servers word their prompts differently; only the order counts */
    if (step > 1)
      return NULL;
    return encode_line(step == 0 ? c->user : c->password,
                       strlen(step == 0 ? c->user : c->password));
  case SASL_CRAM_MD5: {
    if (step > 0 || memchr(octets, '\0', n_octets))
      return NULL;
    char digest[33];
    hmac_md5_hex(c->password, (const char *)octets, digest);
    g_autofree char *answer = g_strdup_printf("%s %s", c->user, digest);
    return encode_line(answer, strlen(answer));
  }
  default:
    break;
  }
  return NULL;
}
