/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_FINDINGS_AUTH_H
#define CAPTURE_FINDINGS_FINDINGS_AUTH_H

/* The rows about logins (findings_auth_rules.c), and the parts of the module that speaks them:
 * findings_auth.c judges each login by itself, these two compare logins. */
#include "capture/findings/findings_module.h"

extern const struct finding_rule auth_001, auth_002, auth_003, auth_004, auth_005, auth_006,
    auth_007, auth_008, auth_009, auth_010, auth_011, auth_012, auth_013, auth_014, auth_015;
extern const struct finding_rule *const finding_rules_auth[]; /* NULL-terminated */

/* findings_auth_guess.c: AUTH-013, AUTH-014, AUTH-015. */
struct guesses;
struct guesses *guesses_new(struct findings *f);
void guesses_free(struct guesses *g);
void guesses_login(struct guesses *g, const struct login_record *login, uint32_t index,
                   const struct finding_place *place);

/* A conversation of mail has ended (NOTICE_ENDED). */
void guesses_ended(struct guesses *g, const struct app_ending *ending,
                   const struct finding_place *place);

/* findings_auth_reuse.c: AUTH-012 of logins, AUTH-007 of greetings. */
struct reuse;
struct reuse *reuse_new(struct findings *f);
void reuse_free(struct reuse *r);
void reuse_login(struct reuse *r, const struct login_record *login,
                 const struct finding_place *place);
void reuse_greeting(struct reuse *r, const struct notice *notice,
                    const struct finding_place *place);

/* The octets of one login among those of others: a secret is seldom in more than two segments. */
enum { AUTH_PROOF_PIECES = 2 };
struct auth_proof {
  struct evidence pieces[AUTH_PROOF_PIECES];
  unsigned n;
};
struct auth_proof auth_proof_of(const struct login_record *login,
                                const struct finding_place *place);
/* Adds a proof to the n pieces at `to`, of which there may be FINDING_EVIDENCE_MAX; the new n. */
unsigned auth_proof_add(struct evidence *to, unsigned n, const struct auth_proof *proof);

/* A user's name as the subject of a finding: text, at most this many octets with the final NUL. */
enum { AUTH_SUBJECT_MAX = 160 };

#endif
