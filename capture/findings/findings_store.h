/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_FINDINGS_STORE_H
#define CAPTURE_FINDINGS_FINDINGS_STORE_H

/* Where findings.c keeps logins and findings: as plain structs, which stay where they are, or
 * packed in ledgers, which take the same memory for a capture of any size. Nobody else includes
 * this. */
#include "capture/findings/findings.h"

struct findings_store;

struct findings_store *findings_store_new(void);
/* Packed. Secrets are kept only with `keeps_secrets`, and then logins never lie on a disk. */
struct findings_store *findings_store_new_packed(bool keeps_secrets);
void findings_store_free(struct findings_store *s);

/* Copies the login; its GBytes are taken as references. */
void findings_store_add_login(struct findings_store *s, const struct login_record *login);
/* A copy that may be changed until the next call with this store. */
struct finding *findings_store_add(struct findings_store *s, const struct finding *found);

unsigned findings_store_n_logins(const struct findings_store *s);
unsigned findings_store_n(const struct findings_store *s);
/* Packed: good until the FINDINGS_VIEWS-th following call of the same. */
const struct login_record *findings_store_get_login(struct findings_store *s, unsigned i);
const struct finding *findings_store_get(struct findings_store *s, unsigned i);

/* What findings_login_place(), findings_place() and findings_rule() tell. */
uint64_t findings_store_login_place(struct findings_store *s, unsigned i);
uint64_t findings_store_place(struct findings_store *s, unsigned i);
const struct finding_rule *findings_store_rule(struct findings_store *s, unsigned i,
                                               enum severity *severity);

/* Changes of a finding that was said before. */
void findings_store_set_confidence(struct findings_store *s, unsigned i, enum confidence c);
void findings_store_set_times(struct findings_store *s, unsigned i, uint32_t n_times,
                              uint32_t span_s);
void findings_store_set_n_streams(struct findings_store *s, unsigned i, uint32_t n);

#endif
