/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_FINDINGS_H
#define CAPTURE_FINDINGS_FINDINGS_H

/* What an analyst must know: logins seen and the findings that the rule table draws from them. The
 * sessions of pass 1 report logins and notices; the rules turn them into findings with evidence. */
#include <glib.h>

#include "capture/trace/appsession.h"
#include "capture/wire/addr.h"
#include "capture/wire/lang.h"

enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };
enum confidence { CONFIDENCE_LOW, CONFIDENCE_MEDIUM, CONFIDENCE_HIGH };

/* One row of the catalogue. Lists are NULL-terminated. */
struct finding_rule {
  const char *id; /* "AUTH-001" */
  enum severity severity;
  struct lang_pair title, explanation, remediation;
  const char *const *rfc;    /* "RFC 8314 section 3" */
  const char *const *cwe;    /* "CWE-319" */
  const char *const *attack; /* "T1040", MITRE ATT&CK version as in findings.c */
};
extern const struct finding_rule *const finding_rules[]; /* NULL-terminated */
const struct finding_rule *finding_rule_find(const char *id);
const char *severity_name(enum severity s); /* "critical" */

/* Who spoke with whom on the flow that a login or finding belongs to. */
struct finding_flow {
  uint32_t flow;
  uint32_t stream;
  struct ip_addr client, server;
  uint16_t client_port, server_port;
};

struct login_record {
  enum app app;
  const char *mechanism; /* interned */
  GBytes *user;
  GBytes *secret; /* kept to reveal on request; never printed without */
  enum secret_kind secret_kind;
  enum login_outcome outcome;
  enum confidence confidence;
  struct finding_flow where;
  int64_t time_ns;
  uint32_t frames[LOGIN_FRAMES_MAX]; /* 0-based */
  unsigned n_frames;
};

struct evidence {
  uint32_t frame;                 /* 0-based */
  uint32_t first_octet, n_octets; /* in the frame; 0,0 when it lies in a reassembled datagram */
};

enum { FINDING_EVIDENCE_MAX = 16 };

struct finding {
  const struct finding_rule *rule;
  enum severity severity;
  enum login_outcome outcome;
  enum confidence confidence;
  struct finding_flow where;
  int64_t time_ns;
  uint32_t login; /* index of the login that it speaks of, or UINT32_MAX */
  struct evidence evidence[FINDING_EVIDENCE_MAX];
  unsigned n_evidence;
};

struct findings;

struct findings *findings_new(void);
void findings_free(struct findings *f);

/* Feeding, from pass 1. `evidence` is where the secret (login) or the offer (notice) lies. */
void findings_login(struct findings *f, const struct login *login, const struct finding_flow *where,
                    int64_t time_ns, const struct evidence *evidence, unsigned n_evidence);
void findings_notice(struct findings *f, const struct notice *notice,
                     const struct finding_flow *where, int64_t time_ns,
                     const struct evidence *evidence, unsigned n_evidence);

/* Reading, in the order in which they were found. */
unsigned findings_n_logins(const struct findings *f);
const struct login_record *findings_get_login(const struct findings *f, unsigned i);
unsigned findings_n(const struct findings *f);
const struct finding *findings_get(const struct findings *f, unsigned i);
/* Logins and findings that were one too many to keep. */
uint64_t findings_n_dropped(const struct findings *f);
/* Both ends are this machine: severities are then two steps lower, and reports say so. */
bool finding_is_local(const struct finding_flow *where);

#endif
