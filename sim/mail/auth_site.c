/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth_site.c -- what one mail host knows of authentication: policy, tokens, and who failed how
 * often.
 *
 * Failures are counted under two keys, "account bob" and "peer 10.0.0.5", as the policy's lockout
 * asks. A name that does not exist is counted like one that does, so the answers tell nobody which
 * names exist. A success clears the account's count and the peer's. */
#include "sim/mail/auth_private.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <string.h>

#include "capture/wire/mail.h"

struct memory {
  char *key;
  GList link; /* in `order`, oldest first */
  unsigned n_failures;
  int64_t locked_until_ns;
};

struct token {
  char *user, *text;
  int64_t expires_ns;
};

struct auth_site {
  struct auth_policy policy;
  const struct store *store;
  char *name;
  struct random_stream random;
  unsigned n_stamps;
  uint8_t salt_key[32];
  char *fixed_stamp, *fixed_nonce, *fixed_salt;
  GHashTable *memories; /* char* -> struct memory*; the key lies in the value */
  GQueue order;
  GHashTable *accounts; /* name in lower case -> enum auth_account */
  GHashTable *logins;   /* name of an account -> gint64*, its last login by POP3 */
  GArray *tokens;
};

static void
memory_free(void *data)
{
  struct memory *m = data;
  g_free(m->key);
  g_free(m);
}

static void
token_clear(void *data)
{
  struct token *t = data;
  g_free(t->user);
  g_free(t->text);
}

struct auth_site *
auth_site_new(const struct auth_policy *policy, const struct store *store, const char *name,
              const struct random_stream *random)
{
  struct auth_site *site = g_new0(struct auth_site, 1);
  site->policy = policy ? *policy : auth_policy_default;
  site->store = store;
  site->name = g_strdup(name);
  site->random = *random;
  random_octets(&site->random, site->salt_key, sizeof site->salt_key);
  site->memories = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, memory_free);
  g_queue_init(&site->order);
  site->accounts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  site->logins = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  site->tokens = g_array_new(FALSE, FALSE, sizeof(struct token));
  g_array_set_clear_func(site->tokens, token_clear);
  return site;
}

void
auth_site_free(struct auth_site *site)
{
  if (!site)
    return;
  g_hash_table_unref(site->memories);
  g_hash_table_unref(site->accounts);
  g_hash_table_unref(site->logins);
  g_array_unref(site->tokens);
  g_free(site->name);
  g_free(site->fixed_stamp);
  g_free(site->fixed_nonce);
  g_free(site->fixed_salt);
  g_free(site);
}

void
auth_site_fix(struct auth_site *site, const char *stamp, const char *nonce, const char *salt)
{
  g_free(site->fixed_stamp);
  g_free(site->fixed_nonce);
  g_free(site->fixed_salt);
  site->fixed_stamp = g_strdup(stamp);
  site->fixed_nonce = g_strdup(nonce);
  site->fixed_salt = g_strdup(salt);
}

const struct auth_policy *
auth_site_policy(const struct auth_site *site)
{
  return &site->policy;
}

const struct store *
auth_site_store(const struct auth_site *site)
{
  return site->store;
}

/* ---- challenges ---- */

char *
auth_site_stamp(struct auth_site *site)
{
  if (site->fixed_stamp)
    return g_strdup(site->fixed_stamp);
  return g_strdup_printf("<%u.%" G_GUINT64_FORMAT "@%s>", ++site->n_stamps,
                         random_below(&site->random, UINT64_C(1000000000000)), site->name);
}

char *
auth_site_nonce(struct auth_site *site)
{
  if (site->fixed_nonce)
    return g_strdup(site->fixed_nonce);
  uint8_t octets[18]; /* base64 of them has no padding, and no comma */
  random_octets(&site->random, octets, sizeof octets);
  GString *text = g_string_new(NULL);
  auth_base64(text, octets, sizeof octets);
  return g_string_free(text, FALSE);
}

size_t
auth_site_salt(const struct auth_site *site, const char *user, uint8_t out[AUTH_SALT_MAX])
{
  size_t n;
  if (site->fixed_salt && strlen(site->fixed_salt) * 3 / 4 + 3 <= AUTH_SALT_MAX &&
      base64_decode(site->fixed_salt, strlen(site->fixed_salt), out, &n))
    return n;
  g_autofree char *name = g_utf8_casefold(user, -1);
  unsigned n_digest = 0;
  HMAC(EVP_sha256(), site->salt_key, sizeof site->salt_key, (const unsigned char *)name,
       strlen(name), out, &n_digest);
  return 16;
}

/* ---- tokens and accounts ---- */

void
auth_site_add_token(struct auth_site *site, const char *user, const char *token, int64_t expires_ns)
{
  struct token t = {g_strdup(user), g_strdup(token), expires_ns};
  g_array_append_val(site->tokens, t);
}

bool
auth_site_has_tokens(const struct auth_site *site)
{
  return site->tokens->len > 0;
}

struct store_user *
auth_site_token(const struct auth_site *site, const char *token, size_t n, int64_t now_ns)
{
  for (guint i = 0; i < site->tokens->len; i++) {
    const struct token *t = &g_array_index(site->tokens, struct token, i);
    if (strlen(t->text) == n && CRYPTO_memcmp(t->text, token, n) == 0 && now_ns < t->expires_ns)
      return store_find_user(site->store, t->user);
  }
  return NULL;
}

void
auth_site_set_account(struct auth_site *site, const char *user, enum auth_account state)
{
  g_hash_table_insert(site->accounts, g_ascii_strdown(user, -1), GINT_TO_POINTER(state));
}

enum auth_account
auth_site_account(const struct auth_site *site, const char *user)
{
  g_autofree char *key = g_ascii_strdown(user, -1);
  return (enum auth_account)GPOINTER_TO_INT(g_hash_table_lookup(site->accounts, key));
}

bool
auth_site_may_return(const struct auth_site *site, const char *user, int64_t delay_ns,
                     int64_t now_ns)
{
  const gint64 *last = g_hash_table_lookup(site->logins, user);
  return !last || now_ns - *last >= delay_ns;
}

void
auth_site_note_login(struct auth_site *site, const char *user, int64_t now_ns)
{
  gint64 *last = g_new(gint64, 1);
  *last = now_ns;
  g_hash_table_insert(site->logins, g_strdup(user), last);
}

/* ---- failures ---- */

static char *
memory_key(enum auth_lockout kind, const char *name)
{
  g_autofree char *lower = g_ascii_strdown(name ? name : "", -1);
  return g_strdup_printf("%s %s", kind == AUTH_LOCK_ACCOUNT ? "account" : "peer", lower);
}

static struct memory *
recall(const struct auth_site *site, enum auth_lockout kind, const char *name)
{
  g_autofree char *key = memory_key(kind, name);
  return g_hash_table_lookup(site->memories, key);
}

static void
forget(struct auth_site *site, struct memory *m)
{
  g_queue_unlink(&site->order, &m->link);
  g_hash_table_remove(site->memories, m->key);
}

/* The memory of one more failure; it moves to the young end. */
static struct memory *
remember(struct auth_site *site, enum auth_lockout kind, const char *name, int64_t now_ns)
{
  struct memory *m = recall(site, kind, name);
  if (!m) {
    if (site->order.length >= AUTH_MEMORY_MAX)
      forget(site, site->order.head->data);
    m = g_new0(struct memory, 1);
    m->key = memory_key(kind, name);
    m->link.data = m;
    g_hash_table_insert(site->memories, m->key, m);
  } else {
    g_queue_unlink(&site->order, &m->link);
    if (m->locked_until_ns > 0 && now_ns >= m->locked_until_ns) { /* a new life */
      m->n_failures = 0;
      m->locked_until_ns = 0;
    }
  }
  g_queue_push_tail_link(&site->order, &m->link);
  m->n_failures++;
  return m;
}

bool
auth_site_is_locked(const struct auth_site *site, const char *user, const char *peer,
                    int64_t now_ns)
{
  const struct memory *account =
      site->policy.lock_of & AUTH_LOCK_ACCOUNT ? recall(site, AUTH_LOCK_ACCOUNT, user) : NULL;
  const struct memory *from =
      site->policy.lock_of & AUTH_LOCK_PEER ? recall(site, AUTH_LOCK_PEER, peer) : NULL;
  return (account && now_ns < account->locked_until_ns) || (from && now_ns < from->locked_until_ns);
}

/* True when this failure is the one that locks. */
static bool
lock_when_due(const struct auth_site *site, struct memory *m, enum auth_lockout kind,
              int64_t now_ns)
{
  const struct auth_policy *policy = &site->policy;
  if (!(policy->lock_of & kind) || policy->lock_after == 0 || m->locked_until_ns > now_ns ||
      m->n_failures < policy->lock_after)
    return false;
  m->locked_until_ns = now_ns + policy->lock_ns;
  return true;
}

bool
auth_site_failed(struct auth_site *site, const char *user, const char *peer, int64_t now_ns,
                 int64_t *delay_ns)
{
  const struct auth_policy *policy = &site->policy;
  struct memory *from = remember(site, AUTH_LOCK_PEER, peer, now_ns);
  *delay_ns = policy->delay_ns;
  for (unsigned i = 1; policy->delay_doubles && i < from->n_failures; i++)
    *delay_ns = MIN(*delay_ns * 2, policy->delay_max_ns);
  bool is_locked = lock_when_due(site, from, AUTH_LOCK_PEER, now_ns);
  if (user && *user) {
    struct memory *account = remember(site, AUTH_LOCK_ACCOUNT, user, now_ns);
    is_locked |= lock_when_due(site, account, AUTH_LOCK_ACCOUNT, now_ns);
  }
  return is_locked;
}

void
auth_site_succeeded(struct auth_site *site, const char *user, const char *peer)
{
  struct memory *account = recall(site, AUTH_LOCK_ACCOUNT, user);
  if (account)
    forget(site, account);
  struct memory *from = recall(site, AUTH_LOCK_PEER, peer);
  if (from)
    forget(site, from);
}
