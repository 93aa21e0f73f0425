/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth_mech.c -- the server's half of the mechanisms, one function each (SCRAM: auth_scram.c).
 *
 *     ANONYMOUS    C: trace                                               (RFC 4505)
 *     EXTERNAL     C: [authzid]                                           (RFC 4422 appendix A)
 *     PLAIN        C: [authzid] NUL user NUL password                     (RFC 4616)
 *     LOGIN        S: "Username:"  C: user  S: "Password:"  C: password
 *     CRAM-MD5     S: <unique@host>  C: user SP hex(HMAC-MD5)             (RFC 2195)
 *     XOAUTH2      C: user=U ^A auth=Bearer T ^A ^A    S: {error}  C: empty
 *     OAUTHBEARER  C: n,a=U, ^A host=H ^A port=P ^A auth=Bearer T ^A ^A  S: {error}  C: ^A (RFC
 * 7628)
 *
 * Each gets the decoded message and says how far it is; who is locked out, delays and counting are
 * auth_server.c's. */
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <string.h>

#include "sim/mail/auth_private.h"

enum { ANONYMOUS_TRACE_MAX = 255 }; /* characters, RFC 4505 section 2 */

static void
hex(const uint8_t digest[16], char out[33])
{
  for (unsigned i = 0; i < 16; i++)
    g_snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

void
auth_mech_cram(const char *password, const char *challenge, char out[33])
{
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  HMAC(EVP_md5(), password, (int)strlen(password), (const unsigned char *)challenge,
       strlen(challenge), digest, &n);
  hex(digest, out);
}

void
auth_mech_apop(const char *password, const char *stamp, char out[33])
{
  g_autofree char *text = g_strconcat(stamp, password, NULL);
  g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_MD5, text, -1);
  g_strlcpy(out, digest, 33);
}

bool
auth_mech_is_password(const struct store_user *u, const char *password)
{
  if (!u || !u->password || !*u->password)
    return false;
  g_autofree char *given = auth_prep(password), *kept = auth_prep(u->password);
  const char *a = given && kept ? given : password, *b = given && kept ? kept : u->password;
  size_t n = strlen(a);
  return n == strlen(b) && CRYPTO_memcmp(a, b, n) == 0;
}

/* The account of a name as clients write it. */
static struct store_user *
find(const struct auth_server *s, const char *name)
{
  g_autofree char *prepared = auth_prep(name);
  return store_find_user(auth_site_store(s->site), prepared ? prepared : name);
}

static void
claim(struct auth_server *s, const uint8_t *p, size_t n)
{
  g_free(s->claimed);
  s->claimed = g_strndup((const char *)p, n);
}

/* A proof is right or wrong; with `authzid` it may still be for somebody else: to act for others is
 * allowed to nobody. */
static enum auth_outcome
proved(struct auth_server *s, bool is_right, struct store_user *u, const uint8_t *authzid, size_t n)
{
  if (!is_right || !u)
    return AUTH_FAILED;
  if (n > 0) {
    g_autofree char *name = g_strndup((const char *)authzid, n);
    if (find(s, name) != u)
      return AUTH_FORBIDDEN;
  }
  s->account = u;
  return AUTH_DONE;
}

static bool
is_text(const uint8_t *p, size_t n)
{
  return n <= AUTH_NAME_MAX && !memchr(p, '\0', n) &&
         g_utf8_validate((const char *)p, (gssize)n, NULL);
}

static enum auth_outcome
plain(struct auth_server *s, const uint8_t *p, size_t n, int64_t now_ns, GString *out)
{
  if (!p)
    return AUTH_CONTINUE;
  const uint8_t *end = p + n, *user = memchr(p, '\0', n);
  if (!user)
    return AUTH_MALFORMED;
  size_t n_authzid = (size_t)(user++ - p);
  const uint8_t *password = memchr(user, '\0', (size_t)(end - user));
  if (!password)
    return AUTH_MALFORMED;
  size_t n_user = (size_t)(password++ - user);
  if (n_user == 0 || password == end || !is_text(p, n_authzid) || !is_text(user, n_user) ||
      !is_text(password, (size_t)(end - password)))
    return AUTH_MALFORMED;
  claim(s, user, n_user);
  struct store_user *u = find(s, s->claimed);
  return proved(s, auth_mech_is_password(u, (const char *)password), u, p, n_authzid);
}

static enum auth_outcome
login(struct auth_server *s, const uint8_t *p, size_t n, int64_t now_ns, GString *out)
{
  if (p && !is_text(p, n))
    return AUTH_MALFORMED;
  if (p && s->step == 0) {
    claim(s, p, n);
    s->step = 1;
  } else if (p) {
    struct store_user *u = find(s, s->claimed);
    return proved(s, auth_mech_is_password(u, (const char *)p), u, NULL, 0);
  }
  g_string_append(out, s->step == 0 ? "Username:" : "Password:");
  return AUTH_CONTINUE;
}

static enum auth_outcome
cram(struct auth_server *s, const uint8_t *p, size_t n, int64_t now_ns, GString *out)
{
  if (s->step++ == 0) {
    if (p) /* RFC 4954 4: a mechanism that begins with the server takes no initial response */
      return AUTH_MALFORMED;
    s->challenge = auth_site_stamp(s->site);
    g_string_append(out, s->challenge);
    return AUTH_CONTINUE;
  }
  const uint8_t *space = memrchr(p, ' ', n);
  if (!is_text(p, n) || !space || p + n - space != 33)
    return AUTH_MALFORMED;
  claim(s, p, (size_t)(space - p));
  struct store_user *u = find(s, s->claimed);
  bool has_password = u && u->password && *u->password;
  char expected[33];
  auth_mech_cram(has_password ? u->password : "", s->challenge, expected);
  g_autofree char *given = g_ascii_strdown((const char *)space + 1, 32);
  return proved(s, CRYPTO_memcmp(expected, given, 32) == 0 && has_password, u, NULL, 0);
}

static enum auth_outcome
external(struct auth_server *s, const uint8_t *p, size_t n, int64_t now_ns, GString *out)
{
  if (!p)
    return AUTH_CONTINUE;
  if (!is_text(p, n))
    return AUTH_MALFORMED;
  const char *name = s->endpoint->security->peer_name;
  g_autofree char *local = g_strndup(name, strcspn(name, "@"));
  struct store_user *u = find(s, name);
  u = u ? u : find(s, local);
  claim(s, (const uint8_t *)name, strlen(name));
  return proved(s, u != NULL, u, p, n);
}

static enum auth_outcome
anonymous(struct auth_server *s, const uint8_t *p, size_t n, int64_t now_ns, GString *out)
{
  if (!p)
    return AUTH_CONTINUE;
  if (!is_text(p, n) || g_utf8_strlen((const char *)p, (gssize)n) > ANONYMOUS_TRACE_MAX)
    return AUTH_MALFORMED;
  claim(s, p, n);
  const char *account = auth_site_policy(s->site)->anonymous;
  struct store_user *u = store_find_user(auth_site_store(s->site), account);
  return proved(s, u != NULL, u, NULL, 0);
}

/* ---- bearer tokens ---- */

/* The value of `key` among "key=value ^A …"; *n_value is 0 and NULL comes when it is not there. */
static const uint8_t *
value_of(const uint8_t *p, size_t n, const char *key, size_t *n_value)
{
  size_t n_key = strlen(key);
  for (size_t at = 0; at < n;) {
    const uint8_t *end = memchr(p + at, 1, n - at);
    size_t n_pair = end ? (size_t)(end - p) - at : n - at;
    if (n_pair > n_key && memcmp(p + at, key, n_key) == 0 && p[at + n_key] == '=') {
      *n_value = n_pair - n_key - 1;
      return p + at + n_key + 1;
    }
    at += n_pair + 1;
  }
  *n_value = 0;
  return NULL;
}

/* Whose is the token of "auth=Bearer TOKEN"? False when there is none in the pairs. */
static bool
token_owner(const struct auth_server *s, const uint8_t *p, size_t n, int64_t now_ns,
            struct store_user **owner)
{
  size_t n_auth;
  const uint8_t *auth = value_of(p, n, "auth", &n_auth);
  if (!auth || n_auth < 8 || g_ascii_strncasecmp((const char *)auth, "Bearer ", 7) != 0)
    return false;
  *owner = auth_site_token(s->site, (const char *)auth + 7, n_auth - 7, now_ns);
  return true;
}

/* Both forms end with two ^A and hold no NUL. */
static bool
is_pairs(const uint8_t *p, size_t n)
{
  return n >= 2 && p[n - 1] == 1 && p[n - 2] == 1 && !memchr(p, '\0', n) &&
         g_utf8_validate((const char *)p, (gssize)n, NULL);
}

static enum auth_outcome
xoauth2(struct auth_server *s, const uint8_t *p, size_t n, int64_t now_ns, GString *out)
{
  struct store_user *owner;
  size_t n_user;
  if (!p)
    return AUTH_CONTINUE;
  const uint8_t *user = value_of(p, n, "user", &n_user);
  if (!is_pairs(p, n) || !user || n_user > AUTH_NAME_MAX || !token_owner(s, p, n, now_ns, &owner))
    return AUTH_MALFORMED;
  claim(s, user, n_user);
  enum auth_outcome outcome = proved(s, owner && owner == find(s, s->claimed), owner, NULL, 0);
  if (outcome == AUTH_FAILED)
    g_string_append(out, "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"mail\"}");
  return outcome;
}

/* The identity of "n,a=user,": empty when there is none. False when it is no gs2-header. */
static bool
read_gs2(const uint8_t *p, size_t n, const uint8_t **authzid, size_t *n_authzid)
{
  *n_authzid = 0;
  *authzid = p;
  if (n < 3 || (p[0] != 'n' && p[0] != 'y') || p[1] != ',' || p[n - 1] != ',')
    return false;
  if (n == 3)
    return true;
  if (n < 6 || p[2] != 'a' || p[3] != '=' || memchr(p + 4, ',', n - 5))
    return false;
  *authzid = p + 4;
  *n_authzid = n - 5;
  return true;
}

static enum auth_outcome
oauthbearer(struct auth_server *s, const uint8_t *p, size_t n, int64_t now_ns, GString *out)
{
  if (!p)
    return AUTH_CONTINUE;
  const uint8_t *pairs = memchr(p, 1, n), *authzid;
  size_t n_authzid;
  struct store_user *owner;
  if (!is_pairs(p, n) || !pairs || !read_gs2(p, (size_t)(pairs - p), &authzid, &n_authzid) ||
      n_authzid > AUTH_NAME_MAX)
    return AUTH_MALFORMED;
  claim(s, authzid, n_authzid);
  bool has_token = token_owner(s, pairs + 1, (size_t)(p + n - pairs) - 1, now_ns, &owner);
  if (has_token && owner && n_authzid == 0)
    claim(s, (const uint8_t *)owner->name, strlen(owner->name));
  enum auth_outcome outcome =
      proved(s, has_token && owner, has_token ? owner : NULL, authzid, n_authzid);
  /* RFC 7628 3.2.2; the client answers with a lone ^A (3.2.3) */
  if (outcome == AUTH_FAILED)
    g_string_append(out, has_token ? "{\"status\":\"invalid_token\",\"scope\":\"mail\"}"
                                   : "{\"status\":\"invalid_request\",\"scope\":\"mail\"}");
  return outcome;
}

enum auth_outcome
auth_mech_step(struct auth_server *s, const uint8_t *p, size_t n, int64_t now_ns, GString *out)
{
  static enum auth_outcome (*const steps[AUTH_N_MECHANISMS])(struct auth_server *, const uint8_t *,
                                                             size_t, int64_t, GString *) = {
      [AUTH_ANONYMOUS] = anonymous,
      [AUTH_LOGIN] = login,
      [AUTH_PLAIN] = plain,
      [AUTH_CRAM_MD5] = cram,
      [AUTH_XOAUTH2] = xoauth2,
      [AUTH_OAUTHBEARER] = oauthbearer,
      [AUTH_SCRAM_SHA_1] = auth_scram_server,
      [AUTH_SCRAM_SHA_256] = auth_scram_server,
      [AUTH_EXTERNAL] = external,
  };
  return steps[s->mech](s, p, n, now_ns, out);
}
