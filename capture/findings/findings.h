/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_FINDINGS_H
#define CAPTURE_FINDINGS_FINDINGS_H

/* What an analyst must know: logins seen and the findings that the rule table draws from them. The
 * sessions of pass 1 report logins and notices; the rules turn them into findings with evidence.
 * Rules live in modules (findings_module.h); this is what readers and feeders see. */
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
  const char *const *attack; /* "T1040" */
};
/* Of MITRE ATT&CK for Enterprise: T1667 and T1672 are not in earlier ones. */
#define FINDING_ATTACK_VERSION "17"
/* The catalogue, module by module: 0 .. finding_rules_n() - 1. */
unsigned finding_rules_n(void);
const struct finding_rule *finding_rule_get(unsigned i);
const struct finding_rule *finding_rule_find(const char *id); /* NULL: there is none */
const char *severity_name(enum severity s);                   /* "critical" */

/* Who spoke with whom on the flow that a login or finding belongs to. */
struct finding_flow {
  uint32_t flow;
  uint32_t stream;
  struct ip_addr client, server;
  uint16_t client_port, server_port;
};

struct evidence {
  uint32_t frame;                 /* 0-based */
  uint32_t first_octet, n_octets; /* in the frame; 0,0 when it lies in a reassembled datagram */
};

/* Where something was seen. Borrowed for the call. */
struct finding_place {
  struct finding_flow where;
  int64_t time_ns;
  const struct evidence *evidence;
  unsigned n_evidence;
};

struct login_record {
  enum app app;
  const char *mechanism; /* interned */
  GBytes *user;
  GBytes *secret; /* kept to reveal on request; never printed without */
  /* Equal for equal secrets of one run, and no use outside it: keyed with a random key. */
  uint64_t fingerprint;
  enum secret_kind secret_kind;
  enum login_outcome outcome;
  enum confidence confidence;
  bool encrypted;      /* inside TLS, opened with a key log: no finding of its own */
  uint8_t traits;      /* enum login_trait */
  uint32_t iterations; /* of SCRAM, 0: not seen */
  struct finding_flow where;
  int64_t time_ns;
  uint32_t frames[LOGIN_FRAMES_MAX]; /* 0-based */
  unsigned n_frames;
};

enum { FINDING_EVIDENCE_MAX = 16 };

struct finding {
  const struct finding_rule *rule;
  enum severity severity;
  enum login_outcome outcome;
  enum confidence confidence;
  struct finding_flow where; /* the first time */
  int64_t time_ns;
  uint32_t login; /* index of the login that it speaks of, or UINT32_MAX */
  /* What exactly, in no language: "TLS 1.0", "mx.example.net", a user's name. Text from the wire,
   * hostile: reports escape it. Never a secret. NULL: nothing beyond the rule. */
  const char *subject;
  uint32_t n_streams; /* conversations that show it: more than 1 for rules about a server */
  uint32_t n_times; /* what it is about happened so often (failed logins, holes); 0: not counted */
  uint32_t span_s;  /* within so many seconds; 0 when n_times is 0 or nothing is said of it */
  const struct evidence *evidence; /* at most FINDING_EVIDENCE_MAX pieces; lives as long as this */
  unsigned n_evidence;
};

struct findings;

struct findings *findings_new(void);
/* Packed, so that an audit takes the same memory for a capture of any size: what findings_get() and
 * findings_get_login() give is then good until the FINDINGS_VIEWS-th following call of the same,
 * and they are called behind findings_finish() only. Without `keeps_secrets` there are none to
 * reveal. */
struct findings *findings_new_for_audit(bool keeps_secrets);
enum { FINDINGS_VIEWS = 4 };
void findings_free(struct findings *f);

/* The capture is of the simulator: severities are two steps lower, as on loopback. Before the first
 * login. */
void findings_set_simulated(struct findings *f, bool simulated);

/* Where trusted issuers of certificates stand: a PEM file or a folder with hashed names. At first
 * the system's (trust_store_system() of capture/tls/certificate.h); NULL: none, then an unknown
 * issuer is no finding. Before the first notice. The path that is in use: */
void findings_set_trust(struct findings *f, const char *path);
const char *findings_trust(const struct findings *f);

/* Feeding, from pass 1. `place` is where the secret (login) or what the notice tells lies. */
void findings_login(struct findings *f, const struct login *login,
                    const struct finding_place *place);
void findings_notice(struct findings *f, const struct notice *notice,
                     const struct finding_place *place);
/* What the capture lacks. */
struct finding_losses {
  uint64_t n_dropped;    /* frames, as interface statistics tell */
  uint64_t n_cut_frames; /* by the snap length */
  uint32_t first_cut_frame;
  uint64_t n_gaps, n_gap_octets; /* holes in mail conversations */
  uint64_t n_one_sided;          /* mail conversations of which one direction is not there */
};
/* What the file says of frames; before findings_finish(). The streams' part is counted by itself.
 */
void findings_set_losses(struct findings *f, uint64_t n_dropped, uint64_t n_cut_frames,
                         uint32_t first_cut_frame);
const struct finding_losses *findings_losses(const struct findings *f);
/* TLS of mail, counted by connection: what was done right, and what nobody can judge. */
struct finding_tls_counts {
  uint64_t n_connections; /* in which the server's hello was seen */
  uint64_t by_version[6]; /* SSL 3.0, TLS 1.0, 1.1, 1.2, 1.3, another one */
  uint64_t n_judged;      /* whose certificates could be read: not those of TLS 1.3 without keys */
};
const struct finding_tls_counts *findings_tls_counts(const struct findings *f);
/* Conversations of mail, and of how many something cannot be said. */
struct finding_mail_counts {
  uint64_t n_conversations;
  uint64_t n_sealed;     /* inside TLS that nothing opened */
  uint64_t n_mid_stream; /* whose start is not in the capture */
  uint64_t n_policies;   /* answers of DNS about MTA-STS or DANE, whatever they said */
};
const struct finding_mail_counts *findings_mail_counts(const struct findings *f);
/* All is in: rules that judge the whole capture speak. Once. */
void findings_finish(struct findings *f);

/* Reading, in the order in which they were found. */
unsigned findings_n_logins(const struct findings *f);
const struct login_record *findings_get_login(const struct findings *f, unsigned i);
unsigned findings_n(const struct findings *f);
const struct finding *findings_get(const struct findings *f, unsigned i);
/* A number by which reports order them: the first frame, then the stream. And a finding's rule, and
 * how severe it is here. They cost less than the whole, of which a large capture has many. */
uint64_t findings_login_place(const struct findings *f, unsigned i);
uint64_t findings_place(const struct findings *f, unsigned i);
const struct finding_rule *findings_rule(const struct findings *f, unsigned i,
                                         enum severity *severity);
/* Logins and findings that were one too many to keep. */
uint64_t findings_n_dropped(const struct findings *f);
/* Nobody can listen there (loopback), or nothing is real (simulator): severities are then two steps
 * lower, and reports say so. */
bool finding_is_local(const struct finding_flow *where);
bool findings_are_simulated(const struct findings *f);

#endif
