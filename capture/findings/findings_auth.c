/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_auth.c -- rules about logins.
 *
 *     login ──┬─> by itself: AUTH-001, 002 (password), 004 (token), 005, 006, 008, 009, 010
 *             │              (digests), 011 (empty, or the user's name)
 *             ├─> findings_auth_reuse.c: AUTH-012
 *             └─> findings_auth_guess.c: AUTH-013, 014, 015
 *     notice ─┬─> AUTH-003 (offered in the clear)
 *             └─> findings_auth_reuse.c: AUTH-007 (greeting)
 *
 * A password that was sent is a finding whatever the server said: accepted or without a verdict in
 * the capture it is AUTH-001 (without a verdict one step less sure), else AUTH-002. A login that
 * was refused before its secret was sent is only recorded: that is how it should be. What was said
 * inside TLS is exposed to nobody: of it only the rules speak that are about the password or the
 * guessing itself, and channel binding. */
#include "capture/findings/findings_auth.h"

#include <string.h>

/* RFC 7677 section 4: a server should ask for no fewer. */
enum { SCRAM_ITERATIONS_MIN = 4096 };

struct auth {
  struct findings *f;
  struct guesses *guesses;
  struct reuse *reuse;
};

struct auth_proof
auth_proof_of(const struct login_record *l, const struct finding_place *place)
{
  struct auth_proof proof = {.n = MIN(place->n_evidence, AUTH_PROOF_PIECES)};
  if (proof.n)
    memcpy(proof.pieces, place->evidence, proof.n * sizeof *proof.pieces);
  else if (l->n_frames) /* an empty secret, or one inside TLS: its frame is what there is */
    proof.pieces[proof.n++] = (struct evidence){.frame = l->frames[0]};
  return proof;
}

unsigned
auth_proof_add(struct evidence *to, unsigned n, const struct auth_proof *proof)
{
  for (unsigned i = 0; i < proof->n && n < FINDING_EVIDENCE_MAX; i++)
    to[n++] = proof->pieces[i];
  return n;
}

static void *
start(struct findings *f)
{
  struct auth *a = g_new0(struct auth, 1);
  a->f = f;
  a->guesses = guesses_new(f);
  a->reuse = reuse_new(f);
  return a;
}

static void
stop(void *state)
{
  struct auth *a = state;
  guesses_free(a->guesses);
  reuse_free(a->reuse);
  g_free(a);
}

/* A finding about this login alone. */
static struct finding *
add(struct auth *a, const struct finding_rule *rule, const struct login_record *l, uint32_t index,
    const struct finding_place *place, const char *subject)
{
  struct finding *found = findings_add(a->f, rule, place, subject);
  if (!found)
    return NULL;
  found->outcome = l->outcome;
  found->confidence = l->confidence;
  found->login = index;
  return found;
}

static void
judge_password(struct auth *a, const struct login_record *l, uint32_t index,
               const struct finding_place *place)
{
  bool in_vain = l->outcome == LOGIN_REJECTED || l->outcome == LOGIN_REFUSED;
  enum confidence unsure = l->confidence == CONFIDENCE_HIGH ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW;
  if (!l->encrypted) {
    struct finding *found = add(a, in_vain ? &auth_002 : &auth_001, l, index, place, NULL);
    if (found && l->outcome == LOGIN_UNKNOWN)
      found->confidence = unsure;
  }
  /* A rejected one says nothing of the passwords that there are. */
  if (in_vain || !(l->traits & (LOGIN_EMPTY | LOGIN_IS_USER)))
    return;
  struct finding *found = add(a, &auth_011, l, index, place, NULL);
  if (found && l->outcome == LOGIN_UNKNOWN)
    found->confidence = unsure;
}

static void
judge_scram(struct auth *a, const struct login_record *l, uint32_t index,
            const struct finding_place *place)
{
  bool few = l->iterations && l->iterations < SCRAM_ITERATIONS_MIN;
  if (l->encrypted && !few && !(l->traits & LOGIN_UNBOUND))
    return;
  g_autofree char *subject = l->iterations ? g_strdup_printf("%s i=%u", l->mechanism, l->iterations)
                                           : g_strdup(l->mechanism);
  struct finding *found = add(a, &auth_010, l, index, place, subject);
  if (found && l->encrypted && !few)
    findings_set_severity(a->f, found, SEVERITY_LOW);
}

static void
judge_digest(struct auth *a, const struct login_record *l, uint32_t index,
             const struct finding_place *place)
{
  static const struct {
    const char *mechanism;
    const struct finding_rule *rule;
  } rows[] = {{"AUTH CRAM-MD5", &auth_005},
              {"APOP", &auth_006},
              {"AUTH DIGEST-MD5", &auth_008},
              {"AUTH NTLM", &auth_009}};
  if (g_str_has_prefix(l->mechanism, "AUTH SCRAM-")) {
    judge_scram(a, l, index, place);
    return;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(rows) && !l->encrypted; i++) {
    if (strcmp(l->mechanism, rows[i].mechanism) != 0)
      continue;
    bool ntlm = rows[i].rule == &auth_009, v1 = l->traits & LOGIN_NTLM_V1;
    const char *subject = !ntlm ? NULL : v1 ? "NTLMv1" : "NTLMv2";
    struct finding *found = add(a, rows[i].rule, l, index, place, subject);
    if (found && ntlm && !v1)
      findings_set_severity(a->f, found, SEVERITY_MEDIUM);
  }
}

static void
on_login(void *state, const struct login_record *l, uint32_t index,
         const struct finding_place *place)
{
  struct auth *a = state;
  switch (l->secret_kind) {
  case SECRET_PASSWORD:
    judge_password(a, l, index, place);
    break;
  case SECRET_TOKEN:
    if (!l->encrypted)
      add(a, &auth_004, l, index, place, NULL);
    break;
  case SECRET_DIGEST:
    judge_digest(a, l, index, place);
    break;
  case SECRET_NONE:
    break;
  }
  reuse_login(a->reuse, l, place);
  guesses_login(a->guesses, l, index, place);
}

static void
on_notice(void *state, const struct notice *notice, const struct finding_place *place)
{
  struct auth *a = state;
  if (notice->kind == NOTICE_CLEAR_LOGIN_OFFERED)
    findings_add_once(a->f, &auth_003, place, NULL);
  else if (notice->kind == NOTICE_GREETING && notice->app == APP_POP3)
    reuse_greeting(a->reuse, notice, place);
  else if (notice->kind == NOTICE_ENDED)
    guesses_ended(a->guesses, notice->ending, place);
}

const struct finding_module finding_module_auth = {
    .rules = finding_rules_auth,
    .start = start,
    .login = on_login,
    .notice = on_notice,
    .notices = NOTICE_BIT(NOTICE_CLEAR_LOGIN_OFFERED) | NOTICE_BIT(NOTICE_GREETING) |
               NOTICE_BIT(NOTICE_ENDED),
    .stop = stop};
