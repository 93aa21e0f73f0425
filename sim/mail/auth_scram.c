/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth_scram.c -- SCRAM-SHA-1 and SCRAM-SHA-256, both halves (RFC 5802, 7677).
 *
 *     C: n,[a=authzid],n=user,r=NONCE             client-first  = gs2-header, client-first-bare
 *     S: r=NONCE+MORE,s=SALT,i=4096               server-first
 *     C: c=base64(gs2-header),r=NONCE+MORE,p=PROOF
 *     S: v=SIGNATURE   or e=invalid-proof         server-final
 *     C: (empty)
 *
 *     SaltedPassword = Hi(SASLprep(password), SALT, i)          AuthMessage = client-first-bare ","
 *     ClientKey = HMAC(SaltedPassword, "Client Key")              server-first "," client-final
 *     StoredKey = H(ClientKey)                                    without its proof
 *     PROOF = ClientKey XOR HMAC(StoredKey, AuthMessage)
 *     SIGNATURE = HMAC(HMAC(SaltedPassword, "Server Key"), AuthMessage)
 *
 * The password never crosses the wire and the server proves that it knows it. Channel binding is
 * not built: "n" and "y" are taken, "p=…" is refused by e=channel-binding-not-supported; so is any
 * mandatory extension (m=) by e=extensions-not-supported (5.1). */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "capture/wire/mail.h"
#include "sim/mail/auth_private.h"

enum { DIGEST_MAX = 32, NONCE_OCTETS = 18, NONCE_MAX = 1024 };

struct auth_scram {
  char *gs2, *authzid, *first_bare, *server_first, *nonce;
  uint8_t signature[DIGEST_MAX]; /* client: what the server must show */
};

struct keys {
  uint8_t client[DIGEST_MAX], stored[DIGEST_MAX], server[DIGEST_MAX];
};

void
auth_scram_free(struct auth_scram *s)
{
  if (!s)
    return;
  g_free(s->gs2);
  g_free(s->authzid);
  g_free(s->first_bare);
  g_free(s->server_first);
  g_free(s->nonce);
  g_free(s);
}

/* ---- arithmetic ---- */

static const EVP_MD *
digest_of(enum auth_mechanism mech)
{
  return mech == AUTH_SCRAM_SHA_1 ? EVP_sha1() : EVP_sha256();
}

static void
hmac(const EVP_MD *md, const uint8_t *key, const char *text, uint8_t out[DIGEST_MAX])
{
  unsigned n = 0;
  HMAC(md, key, EVP_MD_get_size(md), (const unsigned char *)text, strlen(text), out, &n);
}

static void
derive(const EVP_MD *md, const char *password, const uint8_t *salt, size_t n_salt,
       unsigned iterations, struct keys *keys)
{
  uint8_t salted[DIGEST_MAX];
  unsigned n = (unsigned)EVP_MD_get_size(md);
  PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, (int)n_salt, (int)iterations, md, (int)n,
                    salted);
  hmac(md, salted, "Client Key", keys->client);
  hmac(md, salted, "Server Key", keys->server);
  EVP_Digest(keys->client, n, keys->stored, NULL, md, NULL);
  OPENSSL_cleanse(salted, sizeof salted);
}

static char *
auth_message(const struct auth_scram *s, const char *final_bare)
{
  return g_strdup_printf("%s,%s,%s", s->first_bare, s->server_first, final_bare);
}

/* ---- words ---- */

/* The value of "X=value" at *at, which moves behind its comma; NULL when another stands there.
 * Newly allocated. */
static char *
take(const char **at, char key)
{
  if ((*at)[0] != key || (*at)[1] != '=')
    return NULL;
  const char *value = *at + 2;
  size_t n = strcspn(value, ",");
  *at = value + n + (value[n] == ',');
  return g_strndup(value, n);
}

/* Printable ASCII without comma (RFC 5802 section 7). */
static bool
is_nonce(const char *text)
{
  size_t n = strlen(text);
  for (size_t i = 0; i < n; i++) {
    if (text[i] < 0x21 || text[i] > 0x7e || text[i] == ',')
      return false;
  }
  return n > 0 && n <= NONCE_MAX;
}

/* saslname: "=2C" is a comma and "=3D" an equals sign; any other "=" is wrong. */
static char *
read_name(const char *text)
{
  GString *name = g_string_new(NULL);
  for (; *text; text++) {
    if (*text != '=') {
      g_string_append_c(name, *text);
    } else if (strncmp(text, "=2C", 3) == 0 || strncmp(text, "=3D", 3) == 0) {
      g_string_append_c(name, text[1] == '2' ? ',' : '=');
      text += 2;
    } else {
      g_string_free(name, TRUE);
      return NULL;
    }
  }
  return g_string_free(name, FALSE);
}

static void
write_name(GString *out, const char *name)
{
  for (; *name; name++) {
    if (*name == ',' || *name == '=')
      g_string_append(out, *name == ',' ? "=2C" : "=3D");
    else
      g_string_append_c(out, *name);
  }
}

/* ---- server ---- */

/* Words of server-error (RFC 5802 section 7). */
static enum auth_outcome
server_error(GString *out, const char *word)
{
  g_string_printf(out, "e=%s", word);
  return AUTH_FAILED;
}

/* The gs2-header; *at moves behind it. NULL, or the word of the error. "" means malformed. */
static const char *
server_gs2(struct auth_scram *scram, const char *text, const char **at)
{
  if (text[0] == 'p' && text[1] == '=')
    return "channel-binding-not-supported";
  if ((text[0] != 'n' && text[0] != 'y') || text[1] != ',')
    return "";
  const char *next = text + 2;
  if (*next == ',') {
    next++;
  } else {
    g_autofree char *raw = take(&next, 'a');
    if (!raw || next[-1] != ',')
      return "";
    scram->authzid = read_name(raw);
    if (!scram->authzid || !*scram->authzid)
      return "invalid-encoding";
  }
  scram->gs2 = g_strndup(text, (gsize)(next - text));
  *at = next;
  return NULL;
}

static enum auth_outcome
server_first(struct auth_server *s, const char *text, GString *out)
{
  struct auth_scram *scram = s->scram;
  const char *bare;
  const char *wrong = server_gs2(scram, text, &bare);
  if (wrong)
    return *wrong ? server_error(out, wrong) : AUTH_MALFORMED;
  if (g_str_has_prefix(bare, "m="))
    return server_error(out, "extensions-not-supported");
  const char *at = bare;
  g_autofree char *raw = take(&at, 'n');
  g_autofree char *nonce = raw ? take(&at, 'r') : NULL;
  if (!nonce || !is_nonce(nonce))
    return AUTH_MALFORMED;
  g_autofree char *name = read_name(raw);
  if (!name || !*name)
    return server_error(out, "invalid-encoding");
  g_free(s->claimed);
  s->claimed = auth_prep(name);
  if (!s->claimed || strlen(s->claimed) > AUTH_NAME_MAX) {
    g_clear_pointer(&s->claimed, g_free);
    return server_error(out, "invalid-username-encoding");
  }
  g_autofree char *more = auth_site_nonce(s->site);
  uint8_t salt[AUTH_SALT_MAX];
  size_t n_salt = auth_site_salt(s->site, s->claimed, salt);
  scram->first_bare = g_strdup(bare);
  scram->nonce = g_strconcat(nonce, more, NULL);
  g_string_printf(out, "r=%s,s=", scram->nonce);
  auth_base64(out, salt, n_salt);
  g_string_append_printf(out, ",i=%u", auth_site_policy(s->site)->iterations);
  scram->server_first = g_strdup(out->str);
  return AUTH_CONTINUE;
}

/* True when `proof` (base64) belongs to the account's password; *signature is then the server's. */
static bool
check_proof(const struct auth_server *s, const struct store_user *u, const char *final_bare,
            const char *proof, uint8_t signature[DIGEST_MAX])
{
  const EVP_MD *md = digest_of(s->mech);
  size_t n = (size_t)EVP_MD_get_size(md), n_given;
  g_autofree uint8_t *given = auth_unbase64(proof, strlen(proof), &n_given);
  if (!given || n_given != n)
    return false;
  bool has_password = u && u->password && *u->password;
  g_autofree char *password = has_password ? auth_prep(u->password) : g_strdup("");
  uint8_t salt[AUTH_SALT_MAX], client[DIGEST_MAX], stored[DIGEST_MAX];
  size_t n_salt = auth_site_salt(s->site, s->claimed, salt);
  struct keys keys;
  derive(md, password ? password : u->password, salt, n_salt, auth_site_policy(s->site)->iterations,
         &keys);
  g_autofree char *message = auth_message(s->scram, final_bare);
  hmac(md, keys.stored, message, client);
  for (size_t i = 0; i < n; i++)
    client[i] ^= given[i];
  EVP_Digest(client, n, stored, NULL, md, NULL);
  hmac(md, keys.server, message, signature);
  return CRYPTO_memcmp(stored, keys.stored, n) == 0 && has_password;
}

static enum auth_outcome
server_final(struct auth_server *s, const char *text, GString *out)
{
  const char *proof_at = strstr(text, ",p="), *at = text;
  g_autofree char *binding = take(&at, 'c');
  g_autofree char *nonce = binding ? take(&at, 'r') : NULL;
  if (!nonce || !proof_at || proof_at + 1 < at || strchr(proof_at + 3, ','))
    return AUTH_MALFORMED;
  g_autoptr(GString) expected = g_string_new(NULL);
  auth_base64(expected, s->scram->gs2, strlen(s->scram->gs2));
  if (strcmp(binding, expected->str) != 0)
    return server_error(out, "channel-bindings-dont-match");
  if (strcmp(nonce, s->scram->nonce) != 0)
    return server_error(out, "other-error");
  g_autofree char *final_bare = g_strndup(text, (gsize)(proof_at - text));
  struct store_user *u = store_find_user(auth_site_store(s->site), s->claimed);
  uint8_t signature[DIGEST_MAX];
  if (!check_proof(s, u, final_bare, proof_at + 3, signature))
    return server_error(out, "invalid-proof"); /* "unknown-user" would list the accounts */
  if (s->scram->authzid && store_find_user(auth_site_store(s->site), s->scram->authzid) != u)
    return AUTH_FORBIDDEN;
  s->account = u;
  g_string_assign(out, "v=");
  auth_base64(out, signature, (size_t)EVP_MD_get_size(digest_of(s->mech)));
  return AUTH_DONE;
}

enum auth_outcome
auth_scram_server(struct auth_server *s, const uint8_t *p, size_t n, int64_t now_ns, GString *out)
{
  if (!p)
    return AUTH_CONTINUE;
  if (memchr(p, '\0', n) || !g_utf8_validate((const char *)p, (gssize)n, NULL))
    return AUTH_MALFORMED;
  if (s->step++ > 0)
    return server_final(s, (const char *)p, out);
  s->scram = g_new0(struct auth_scram, 1);
  return server_first(s, (const char *)p, out);
}

/* ---- client ---- */

static char *
client_fails(struct auth_client *c, const char *problem)
{
  c->problem = problem;
  return NULL;
}

static char *
client_first(struct auth_client *c, size_t *n_out)
{
  g_autofree char *user = auth_prep(c->user);
  if (!user || !*user)
    return client_fails(c, "the user name holds characters that SASLprep forbids");
  struct auth_scram *scram = c->scram = g_new0(struct auth_scram, 1);
  uint8_t octets[NONCE_OCTETS];
  random_octets(&c->random, octets, sizeof octets);
  g_autoptr(GString) nonce = g_string_new(NULL);
  auth_base64(nonce, octets, sizeof octets);
  scram->nonce = g_strdup(nonce->str);
  g_autoptr(GString) gs2 = g_string_new("n,");
  if (c->authzid) {
    g_string_append(gs2, "a=");
    write_name(gs2, c->authzid);
  }
  g_string_append_c(gs2, ',');
  scram->gs2 = g_strdup(gs2->str);
  g_autoptr(GString) bare = g_string_new("n=");
  write_name(bare, user);
  g_string_append_printf(bare, ",r=%s", scram->nonce);
  scram->first_bare = g_strdup(bare->str);
  g_string_append(gs2, bare->str);
  *n_out = gs2->len;
  return g_strdup(gs2->str);
}

/* "r=…,s=…,i=…" of the server. NULL, or what is wrong with it. */
static const char *
read_server_first(struct auth_scram *scram, const char *text, uint8_t **salt, size_t *n_salt,
                  guint64 *iterations)
{
  const char *at = text;
  if (g_str_has_prefix(text, "m="))
    return "the server wants an extension of SCRAM";
  g_autofree char *nonce = take(&at, 'r');
  g_autofree char *salt_text = nonce ? take(&at, 's') : NULL;
  g_autofree char *count = salt_text ? take(&at, 'i') : NULL;
  if (!count || !is_nonce(nonce))
    return "the server's first message makes no sense";
  if (!g_str_has_prefix(nonce, scram->nonce) || strlen(nonce) == strlen(scram->nonce))
    return "the server's nonce does not begin with ours";
  *salt = auth_unbase64(salt_text, strlen(salt_text), n_salt);
  if (!*salt || *n_salt == 0)
    return "the server's salt makes no sense";
  if (!g_ascii_string_to_unsigned(count, 10, AUTH_ITERATIONS_MIN, AUTH_ITERATIONS_MAX, iterations,
                                  NULL))
    return "the server's iteration count is too small or too large";
  g_free(scram->nonce);
  scram->nonce = g_steal_pointer(&nonce);
  scram->server_first = g_strdup(text);
  return NULL;
}

static char *
client_final(struct auth_client *c, const char *text, size_t *n_out)
{
  struct auth_scram *scram = c->scram;
  g_autofree uint8_t *salt = NULL;
  size_t n_salt;
  guint64 iterations;
  const char *wrong = read_server_first(scram, text, &salt, &n_salt, &iterations);
  g_autofree char *password = auth_prep(c->password);
  if (wrong || !password)
    return client_fails(c, wrong ? wrong : "the password holds characters that SASLprep forbids");
  const EVP_MD *md = digest_of(c->mech);
  size_t n = (size_t)EVP_MD_get_size(md);
  struct keys keys;
  derive(md, password, salt, n_salt, (unsigned)iterations, &keys);
  g_autoptr(GString) final = g_string_new("c=");
  auth_base64(final, scram->gs2, strlen(scram->gs2));
  g_string_append_printf(final, ",r=%s", scram->nonce);
  g_autofree char *message = auth_message(scram, final->str);
  uint8_t proof[DIGEST_MAX];
  hmac(md, keys.stored, message, proof);
  for (size_t i = 0; i < n; i++)
    proof[i] ^= keys.client[i];
  hmac(md, keys.server, message, scram->signature);
  g_string_append(final, ",p=");
  auth_base64(final, proof, n);
  *n_out = final->len;
  return g_strdup(final->str);
}

static char *
client_checks(struct auth_client *c, const char *text, size_t *n_out)
{
  size_t n = (size_t)EVP_MD_get_size(digest_of(c->mech)), n_given;
  const char *at = text;
  *n_out = 0;
  if (g_str_has_prefix(text, "e=")) /* the refusal follows */
    return g_strdup("");
  g_autofree char *verifier = take(&at, 'v');
  g_autofree uint8_t *given = verifier ? auth_unbase64(verifier, strlen(verifier), &n_given) : NULL;
  if (!given || n_given != n || CRYPTO_memcmp(given, c->scram->signature, n) != 0)
    return client_fails(c, "the server does not know the password: its signature is wrong");
  c->is_proved = true;
  return g_strdup("");
}

char *
auth_scram_client(struct auth_client *c, const char *challenge, size_t n, size_t *n_out)
{
  if (strlen(challenge) != n)
    return client_fails(c, "the server's message holds a NUL");
  switch (c->step++) {
  case 0:
    return client_first(c, n_out);
  case 1:
    return client_final(c, challenge, n_out);
  case 2:
    return client_checks(c, challenge, n_out);
  default:
    return client_fails(c, "the server goes on behind its last message");
  }
}
