/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth_server.c -- one connection's logins at a server: what is offered, who gets in, what a
 * failure costs.
 *
 *     open ─> CONTINUE ─line─> … ─> DONE
 *               │                └─> FAILED ─ counted, perhaps HELD until `until_ns` ─release─>
 * FAILED └ a mechanism's own last words (e=…, v=…, {"status":…}) go first; whatever the client
 * answers, the outcome that is pending follows
 *
 * A delay is told before the first word about the failure, so nothing can be learnt by hanging up
 * early; it counts by peer, so a new connection does not begin anew. */
#include <string.h>

#include "sim/mail/auth_private.h"

void
auth_server_init(struct auth_server *s, struct auth_site *site, struct endpoint *endpoint,
                 enum auth_protocol protocol, const char *peer)
{
  *s = (struct auth_server){.site = site,
                            .endpoint = endpoint,
                            .protocol = protocol,
                            .peer = g_strdup(peer ? peer : "unknown"),
                            .said = g_string_new(NULL)};
  if (protocol == AUTH_POP3 && auth_server_offers(s, AUTH_APOP))
    s->stamp = auth_site_stamp(site);
}

/* Forgets the exchange; the failures of the connection stay. */
static void
forget(struct auth_server *s)
{
  s->is_open = false;
  s->step = 0;
  s->account = NULL;
  s->pending = AUTH_CONTINUE;
  g_clear_pointer(&s->claimed, g_free);
  g_clear_pointer(&s->challenge, g_free);
  g_clear_pointer(&s->scram, auth_scram_free);
}

void
auth_server_clear(struct auth_server *s)
{
  forget(s);
  g_clear_pointer(&s->stamp, g_free);
  g_clear_pointer(&s->peer, g_free);
  if (s->said)
    g_string_free(s->said, TRUE);
  s->said = NULL;
}

/* ---- what is offered ---- */

/* Is it spoken in this protocol at all? */
static bool
is_spoken(const struct auth_server *s, enum auth_mechanism mech)
{
  switch (mech) {
  case AUTH_APOP:
    return s->protocol == AUTH_POP3;
  case AUTH_COMMAND:
    return s->protocol != AUTH_SMTP;
  case AUTH_ANONYMOUS: /* mail from nobody is not taken */
    return s->protocol != AUTH_SMTP && *auth_site_policy(s->site)->anonymous;
  case AUTH_XOAUTH2:
  case AUTH_OAUTHBEARER:
    return auth_site_has_tokens(s->site);
  default:
    return true;
  }
}

static bool
is_tls_missing(const struct auth_server *s, enum auth_mechanism mech)
{
  return !s->endpoint->security &&
         (s->needs_tls || mech == AUTH_EXTERNAL ||
          (auth_site_policy(s->site)->wants_tls && auth_is_readable(mech)));
}

bool
auth_server_offers(const struct auth_server *s, enum auth_mechanism mech)
{
  if (!s->site || mech == AUTH_NONE || mech >= AUTH_N_MECHANISMS ||
      !(auth_site_policy(s->site)->mechanisms & 1u << mech) || !is_spoken(s, mech) ||
      is_tls_missing(s, mech))
    return false;
  const struct endpoint_security *security = s->endpoint->security;
  return mech != AUTH_EXTERNAL || (security->is_peer_verified && security->peer_name);
}

void
auth_server_list(const struct auth_server *s, const char *prefix, GString *out)
{
  for (int i = AUTH_N_MECHANISMS - 1; i > AUTH_NONE; i--) {
    enum auth_mechanism mech = (enum auth_mechanism)i;
    if (auth_is_sasl(mech) && auth_server_offers(s, mech))
      g_string_append_printf(out, " %s%s", prefix, auth_name(mech));
  }
}

enum auth_outcome
auth_server_refusal(const struct auth_server *s, enum auth_mechanism mech)
{
  if (!s->site || mech == AUTH_NONE || mech == AUTH_BEST)
    return AUTH_UNKNOWN;
  unsigned policy = auth_site_policy(s->site)->mechanisms;
  if (policy & 1u << mech)
    return is_spoken(s, mech) && is_tls_missing(s, mech) ? AUTH_TLS_NEEDED : AUTH_UNKNOWN;
  bool is_weaker =
      mech > AUTH_ANONYMOUS && policy >> (mech + 1) != 0 && !(policy & ((2u << mech) - 1));
  return is_weaker ? AUTH_TOO_WEAK : AUTH_UNKNOWN;
}

/* ---- telling ---- */

/* A name as an event may carry it: a client can send anything. */
static char *
shown(const char *name)
{
  g_autofree char *text = g_utf8_make_valid(name ? name : "", -1);
  for (char *p = text; *p; p++) {
    if ((unsigned char)*p < ' ' || *p == 0x7f)
      *p = '?';
  }
  return g_steal_pointer(&text);
}

static void
tell(const struct auth_server *s, enum auth_outcome outcome, const char *mechanism)
{
  if (!s->endpoint->event)
    return;
  g_autofree char *name = shown(s->claimed), *mech = shown(mechanism);
  g_autofree char *text = g_strconcat(*mech ? mech : "?", " ", auth_outcome_name(outcome),
                                      *name ? " " : "", name, NULL);
  s->endpoint->event(s->endpoint->event_data, "auth", text);
}

static void
tell_lock(const struct auth_server *s)
{
  if (!s->endpoint->event)
    return;
  const struct auth_policy *policy = auth_site_policy(s->site);
  g_autofree char *name = shown(s->claimed);
  g_autofree char *text = g_strdup_printf(
      lang_text("%1$u failures in a row: locked for %2$" G_GINT64_FORMAT
                " s (account %3$s, from %4$s)",
                "ล้มเหลวติดต่อกัน %1$u ครั้ง: ล็อก %2$" G_GINT64_FORMAT " วินาที (บัญชี %3$s จาก %4$s)"),
      policy->lock_after, policy->lock_ns / 1000000000, name, s->peer);
  s->endpoint->event(s->endpoint->event_data, "log", text);
}

/* ---- outcomes ---- */

/* What a right or wrong proof becomes under the policy. */
static enum auth_outcome
judge(const struct auth_server *s, enum auth_outcome outcome, int64_t now_ns)
{
  if (outcome != AUTH_DONE && outcome != AUTH_FAILED)
    return outcome;
  if (auth_site_policy(s->site)->is_unavailable)
    return AUTH_UNAVAILABLE;
  if (auth_site_is_locked(s->site, s->claimed, s->peer, now_ns))
    return AUTH_LOCKED;
  if (outcome == AUTH_FAILED)
    return outcome;
  switch (auth_site_account(s->site, s->account->name)) {
  case AUTH_ACCOUNT_DISABLED:
    return AUTH_DISABLED;
  case AUTH_ACCOUNT_EXPIRED:
    return AUTH_EXPIRED;
  default:
    return AUTH_DONE;
  }
}

/* The result that ends an exchange. */
static struct auth_result
ended(struct auth_server *s, enum auth_outcome outcome)
{
  struct auth_result result = {.outcome = outcome};
  if (outcome == AUTH_DONE) {
    result.user = s->account;
    result.is_read_only = s->mech == AUTH_ANONYMOUS;
  }
  bool is_failure = outcome == AUTH_FAILED || outcome == AUTH_FORBIDDEN || outcome == AUTH_LOCKED;
  result.ends = is_failure && s->n_failures >= auth_site_policy(s->site)->failures_max;
  forget(s);
  return result;
}

/* Holds a result back. */
static struct auth_result
hold(struct auth_server *s, struct auth_result result, int64_t until_ns)
{
  s->is_held = true;
  s->until_ns = until_ns;
  s->held = result;
  return (struct auth_result){.outcome = AUTH_HELD};
}

/* A mechanism has spoken: `outcome`, and perhaps words for the client in s->said. */
static struct auth_result
settle(struct auth_server *s, enum auth_outcome outcome, GString *words, int64_t now_ns)
{
  int64_t delay_ns = 0;
  enum auth_outcome judged = judge(s, outcome, now_ns);
  if (judged != AUTH_CONTINUE)
    tell(s, judged, auth_name(s->mech));
  if (judged == AUTH_DONE) {
    auth_site_succeeded(s->site, s->account->name, s->peer);
  } else if (judged == AUTH_FAILED || judged == AUTH_FORBIDDEN || judged == AUTH_LOCKED) {
    s->n_failures++;
    if (auth_site_failed(s->site, s->claimed, s->peer, now_ns, &delay_ns))
      tell_lock(s);
  }
  if (judged != outcome && judged != AUTH_CONTINUE) /* the words belong to another outcome */
    g_string_truncate(words, 0);
  struct auth_result result;
  if (judged == AUTH_CONTINUE || words->len > 0) {
    g_string_truncate(s->said, 0);
    auth_base64(s->said, words->str, words->len);
    s->is_open = true;
    s->pending = judged;
    result = (struct auth_result){.outcome = AUTH_CONTINUE, .challenge = s->said->str};
  } else {
    result = ended(s, judged);
  }
  return delay_ns > 0 ? hold(s, result, now_ns + delay_ns) : result;
}

static struct auth_result
wrong(struct auth_server *s, enum auth_outcome outcome)
{
  tell(s, outcome, auth_name(s->mech));
  return ended(s, outcome);
}

/* ---- SASL ---- */

struct auth_result
auth_server_line(struct auth_server *s, const char *line, size_t n, int64_t now_ns)
{
  if (s->pending != AUTH_CONTINUE) /* the answer to last words says nothing that counts */
    return ended(s, s->pending);
  if (n + 2 > AUTH_LINE_MAX)
    return wrong(s, AUTH_TOO_LONG);
  if (n == 1 && line[0] == '*')
    return wrong(s, AUTH_CANCELLED);
  size_t n_octets;
  g_autofree uint8_t *octets = auth_unbase64(line, n, &n_octets);
  if (!octets)
    return wrong(s, AUTH_MALFORMED);
  g_autoptr(GString) words = g_string_new(NULL);
  enum auth_outcome outcome = auth_mech_step(s, octets, n_octets, now_ns, words);
  return settle(s, outcome, words, now_ns);
}

struct auth_result
auth_server_line_too_long(struct auth_server *s)
{
  return wrong(s, AUTH_TOO_LONG);
}

struct auth_result
auth_server_open(struct auth_server *s, const char *name, size_t n_name, const char *initial,
                 size_t n_initial, int64_t now_ns)
{
  enum auth_mechanism mech = auth_find(name, n_name);
  if (!auth_is_sasl(mech) || !auth_server_offers(s, mech)) {
    enum auth_outcome why = auth_server_refusal(s, auth_is_sasl(mech) ? mech : AUTH_NONE);
    g_autofree char *text = g_strndup(name, MIN(n_name, 40));
    tell(s, why, text);
    return (struct auth_result){.outcome = why};
  }
  forget(s);
  s->mech = mech;
  if (initial && n_initial == 1 && initial[0] == '=') /* RFC 4954 4, RFC 4959 3 */
    return auth_server_line(s, "", 0, now_ns);
  if (initial)
    return auth_server_line(s, initial, n_initial, now_ns);
  g_autoptr(GString) words = g_string_new(NULL);
  return settle(s, auth_mech_step(s, NULL, 0, now_ns, words), words, now_ns);
}

/* ---- commands ---- */

static struct auth_result
finish_command(struct auth_server *s, struct store_user *u, bool is_right, int64_t now_ns)
{
  g_autoptr(GString) words = g_string_new(NULL);
  s->account = is_right ? u : NULL;
  return settle(s, is_right ? AUTH_DONE : AUTH_FAILED, words, now_ns);
}

/* Begins a command; false when it is not offered. */
static bool
begin_command(struct auth_server *s, enum auth_mechanism mech, const char *user,
              struct auth_result *result)
{
  forget(s);
  s->mech = mech;
  s->claimed = g_strdup(user);
  if (auth_server_offers(s, mech))
    return true;
  enum auth_outcome why = auth_server_refusal(s, mech);
  tell(s, why, auth_name(mech));
  forget(s);
  *result = (struct auth_result){.outcome = why};
  return false;
}

struct auth_result
auth_server_command(struct auth_server *s, const char *user, const char *password, int64_t now_ns)
{
  struct auth_result result;
  if (!begin_command(s, AUTH_COMMAND, user, &result))
    return result;
  g_autofree char *name = auth_prep(user);
  struct store_user *u = store_find_user(auth_site_store(s->site), name ? name : user);
  return finish_command(s, u, auth_mech_is_password(u, password), now_ns);
}

struct auth_result
auth_server_apop(struct auth_server *s, const char *user, const char *digest, int64_t now_ns)
{
  struct auth_result result;
  if (!begin_command(s, AUTH_APOP, user, &result))
    return result;
  struct store_user *u = store_find_user(auth_site_store(s->site), user);
  bool has_password = u && u->password && *u->password;
  char expected[33];
  auth_mech_apop(has_password ? u->password : "", s->stamp, expected);
  return finish_command(s, u, has_password && strcmp(expected, digest) == 0, now_ns);
}

struct auth_result
auth_server_release(struct auth_server *s)
{
  s->is_held = false;
  return s->held;
}
