/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_FINDINGS_MODULE_H
#define CAPTURE_FINDINGS_FINDINGS_MODULE_H

/* What the rule modules share. A module is a table of rules and what makes them speak; it sees each
 * login and each notice once, in the order of the capture, and may keep what it needs to compare
 * connections. State of one connection does not belong here: the session knows it and says it with
 * a notice. Memory must stay bounded for a capture of any length: tables have a maximum, and beyond
 * it the oldest goes or findings_drop() tells that something was missed.
 *
 *     pass 1 ─ login, notice ─> findings.c ─> each module ─ findings_add, findings_add_once ─> list
 */
#include "capture/findings/findings.h"

struct finding_module {
  const struct finding_rule *const *rules; /* NULL-terminated */
  /* All may be NULL. `state` is what start() gave. */
  void *(*start)(struct findings *f);
  void (*login)(void *state, const struct login_record *login, uint32_t index,
                const struct finding_place *place);
  void (*notice)(void *state, const struct notice *notice, const struct finding_place *place);
  uint64_t notices; /* that notice() is told: NOTICE_BIT() of each */
  void (*finish)(void *state);
  void (*stop)(void *state); /* frees */
};

extern const struct finding_module finding_module_auth;      /* AUTH: logins */
extern const struct finding_module finding_module_starttls;  /* STLS */
extern const struct finding_module finding_module_tls;       /* TLS, POL */
extern const struct finding_module finding_module_mail;      /* ENUM, RELAY, ABUSE, SMUG */
extern const struct finding_module finding_module_lookalike; /* EAI */
extern const struct finding_module finding_module_capture;   /* CAP */

/* Adds a finding; NULL when there are too many. Outcome and confidence (high) may be set in it.
 * `subject` is copied, may be NULL. */
struct finding *findings_add(struct findings *f, const struct finding_rule *rule,
                             const struct finding_place *place, const char *subject);
/* For what is true of a server rather than of one conversation: once for each server address, port
 * and subject; later ones only count n_streams. NULL when it is an old one or there are too many.
 */
struct finding *findings_add_once(struct findings *f, const struct finding_rule *rule,
                                  const struct finding_place *place, const char *subject);
/* A rule that is less severe here than its row says; loopback and simulation count as ever. */
void findings_set_severity(struct findings *f, struct finding *found, enum severity severity);
/* What came later makes the finding with this index surer. */
void findings_set_confidence(struct findings *f, unsigned index, enum confidence confidence);
/* Octets that a mail conversation lacks, or one whose other direction is not there. */
void findings_count_losses(struct findings *f, uint64_t n_gap_octets, bool one_sided);
/* What came later makes more of the finding with this index (findings_n() - 1 when it was added). */
void findings_set_times(struct findings *f, unsigned index, uint32_t n_times, uint32_t span_s);
/* To count in. */
struct finding_tls_counts *findings_count_tls(struct findings *f);
struct finding_mail_counts *findings_count_mail(struct findings *f);
/* Something could not be kept: reports say that they are not complete. */
void findings_drop(struct findings *f);

/* A set of notices: NOTICE_BIT(NOTICE_GREETING) | ... */
#define NOTICE_BIT(kind) (UINT64_C(1) << (kind))

#define FINDING_LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define FINDING_LIST_EMPTY ((const char *const[]){NULL})

#endif
