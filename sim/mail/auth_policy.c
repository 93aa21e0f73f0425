/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth_policy.c -- reads `auth` of a host's services. The keys stand in auth.h. */
#include <string.h>

#include "sim/mail/auth.h"

#define SECOND INT64_C(1000000000)
#define BIT(mech) (1u << AUTH_##mech)

const struct auth_policy auth_policy_default = {
    .mechanisms = BIT(COMMAND) | BIT(LOGIN) | BIT(PLAIN) | BIT(APOP) | BIT(CRAM_MD5) |
                  BIT(XOAUTH2) | BIT(OAUTHBEARER) | BIT(SCRAM_SHA_1) | BIT(SCRAM_SHA_256) |
                  BIT(EXTERNAL),
    .delay_max_ns = 60 * SECOND,
    .failures_max = 3,
    .lock_ns = 15 * 60 * SECOND,
    .lock_of = AUTH_LOCK_ACCOUNT,
    .iterations = AUTH_ITERATIONS_MIN,
};

static bool
read_mechanism(const struct tree_node *node, struct auth_policy *policy, GError **error)
{
  enum auth_mechanism mech =
      node->kind == TREE_SCALAR ? auth_find(node->text, strlen(node->text)) : AUTH_NONE;
  if (mech == AUTH_NONE || mech == AUTH_BEST)
    return tree_fail(
        error, node,
        lang_text("no such mechanism; there are SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, "
                  "PLAIN, LOGIN, XOAUTH2, OAUTHBEARER, EXTERNAL, ANONYMOUS, APOP, USER",
                  "ไม่มีกลไกนี้ ที่มีคือ SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, "
                  "PLAIN, LOGIN, XOAUTH2, OAUTHBEARER, EXTERNAL, ANONYMOUS, APOP, USER"));
  policy->mechanisms |= 1u << mech;
  return true;
}

static bool
read_mechanisms(const struct tree_node *auth, struct auth_policy *policy, GError **error)
{
  const struct tree_node *list = tree_get(auth, "mechanisms");
  if (!list)
    return true;
  policy->mechanisms = 0;
  if (list->kind == TREE_SCALAR)
    return read_mechanism(list, policy, error);
  for (guint i = 0; i < list->children->len; i++) {
    if (!read_mechanism(list->children->pdata[i], policy, error))
      return false;
  }
  return true;
}

static bool
read_lockout(const struct tree_node *auth, struct auth_policy *policy, GError **error)
{
  static const char *const keys[] = {"after", "for", "of", NULL};
  const struct tree_node *node = tree_get(auth, "lockout");
  const char *of;
  int64_t after;
  if (!node)
    return true;
  if (node->kind != TREE_MAP)
    return tree_fail(error, node,
                     lang_text("a lockout is a map: {after: 5, for: 15min, of: account}",
                               "การล็อกต้องเขียนเป็น {after: 5, for: 15min, of: account}"));
  if (!tree_known(node, keys, error) || !tree_int(node, "after", 5, 1, 1000, &after, error) ||
      !tree_duration(node, "for", policy->lock_ns, &policy->lock_ns, error) ||
      !tree_text(node, "of", "account", &of, error))
    return false;
  policy->lock_after = (unsigned)after;
  if (strcmp(of, "account") == 0)
    policy->lock_of = AUTH_LOCK_ACCOUNT;
  else if (strcmp(of, "peer") == 0)
    policy->lock_of = AUTH_LOCK_PEER;
  else if (strcmp(of, "both") == 0)
    policy->lock_of = AUTH_LOCK_ACCOUNT | AUTH_LOCK_PEER;
  else
    return tree_fail(
        error, tree_get(node, "of"),
        lang_text("`of` is account, peer or both", "`of` ต้องเป็น account, peer หรือ both"));
  return true;
}

static bool
read_clear(const struct tree_node *auth, struct auth_policy *policy, GError **error)
{
  const char *clear;
  if (!tree_text(auth, "clear", "always", &clear, error))
    return false;
  policy->wants_tls = strcmp(clear, "tls") == 0;
  if (!policy->wants_tls && strcmp(clear, "always") != 0)
    return tree_fail(error, tree_get(auth, "clear"),
                     lang_text("`clear` is always, or tls: readable passwords only inside TLS",
                               "`clear` ต้องเป็น always หรือ tls (รหัสผ่านที่อ่านได้ใช้ได้เฉพาะภายใน TLS)"));
  return true;
}

bool
auth_policy_read(const struct tree_node *services, struct auth_policy *policy, GError **error)
{
  static const char *const keys[] = {"mechanisms", "clear",       "delay",   "delay_doubles",
                                     "delay_max",  "failures",    "lockout", "anonymous",
                                     "iterations", "unavailable", NULL};
  const struct tree_node *auth = tree_get(services, "auth");
  *policy = auth_policy_default;
  if (!auth)
    return true;
  if (auth->kind != TREE_MAP)
    return tree_fail(error, auth,
                     lang_text("`auth` is a map: {mechanisms: [PLAIN], clear: tls}",
                               "`auth` ต้องเขียนเป็น {mechanisms: [PLAIN], clear: tls}"));
  int64_t failures, iterations;
  const char *anonymous;
  if (!tree_known(auth, keys, error) || !read_mechanisms(auth, policy, error) ||
      !read_clear(auth, policy, error) ||
      !tree_duration(auth, "delay", 0, &policy->delay_ns, error) ||
      !tree_bool(auth, "delay_doubles", false, &policy->delay_doubles, error) ||
      !tree_duration(auth, "delay_max", policy->delay_max_ns, &policy->delay_max_ns, error) ||
      !tree_int(auth, "failures", policy->failures_max, 1, 1000, &failures, error) ||
      !read_lockout(auth, policy, error) || !tree_text(auth, "anonymous", "", &anonymous, error) ||
      !tree_int(auth, "iterations", policy->iterations, AUTH_ITERATIONS_MIN, AUTH_ITERATIONS_MAX,
                &iterations, error) ||
      !tree_bool(auth, "unavailable", false, &policy->is_unavailable, error))
    return false;
  if (strlen(anonymous) >= sizeof policy->anonymous)
    return tree_fail(error, tree_get(auth, "anonymous"),
                     lang_text("that name is too long", "ชื่อนั้นยาวเกินไป"));
  g_strlcpy(policy->anonymous, anonymous, sizeof policy->anonymous);
  if (*anonymous)
    policy->mechanisms |= BIT(ANONYMOUS);
  policy->failures_max = (unsigned)failures;
  policy->iterations = (unsigned)iterations;
  return true;
}
