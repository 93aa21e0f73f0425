/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_REPORT_REPORT_H
#define CAPTURE_REPORT_REPORT_H

/* Reports of an audit: JSON Lines, which programs read, and views of the same for others: text and
 * a page for people, a table, SARIF, a Zeek log. All say the same in the same order. Secrets are
 * masked unless `reveal`; text from the wire is hostile and comes out escaped. */
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "capture/findings/findings.h"
#include "capture/report/baseline.h"

/* Every secret looks like this, whatever its length. */
#define REPORT_MASK "******"

/* One audited capture. The report borrows everything. */
struct report_file {
  const char *name;
  char sha256[65]; /* "" for standard input */
  uint64_t n_frames;
  char link[64]; /* "EN10MB", several joined by "," */
  uint32_t n_streams;
  bool complete;       /* false: what is said below holds for a part of the capture only */
  const char *warning; /* why it is not complete; NULL otherwise */
  const struct findings *findings;
};

struct report_options {
  bool reveal;
  const struct baseline *baseline; /* borrowed; NULL: every finding is new */
};

typedef void report_write(FILE *out, const struct report_file *files, unsigned n_files,
                          const struct report_options *options);
report_write report_csv, report_html, report_json, report_sarif, report_text, report_zeek;

struct report_format {
  const char *name; /* of --format; NULL ends the table */
  report_write *write;
  bool says_digest; /* names each capture by its SHA-256 */
};
extern const struct report_format report_formats[];

/* ---- shared by the formats ---- */

/* The logins (or findings) of a file in the order of the report: by frame, then stream. Free it. */
unsigned *report_login_order(const struct findings *f);
unsigned *report_finding_order(const struct findings *f);

/* A login's frames, 1-based, with those of the evidence; at most 2 * LOGIN_FRAMES_MAX. */
unsigned report_finding_frames(const struct findings *f, const struct finding *finding,
                               uint32_t out[2 * LOGIN_FRAMES_MAX]);

/* The words of the report's keys. */
const char *report_protocol(enum app app);
const char *report_outcome(enum login_outcome o);
const char *report_secret_kind(enum secret_kind k);
const char *report_confidence(enum confidence c);

/* "2026-01-01T00:00:00.000000000Z". */
enum { REPORT_TIME_MAX = 48 };
const char *report_time(int64_t time_ns, char out[REPORT_TIME_MAX]);

/* Appends a number in digits. */
void report_number(GString *to, uint64_t number);

/* The same for people, in their language. */
const char *report_severity_text(enum severity s);
const char *report_outcome_text(enum login_outcome o);
const char *report_confidence_text(enum confidence c);

/* The explanation of a finding where it was found. Free it. */
char *report_explanation(const struct findings *all, const struct finding *f);

/* How often a finding was seen, "5 times in 8 s"; NULL when that is not counted. Free it. */
char *report_times_text(const struct finding *f);

/* ---- coverage.c: what the report rests on ---- */

/* What was seen of mail and TLS, in a sentence. Free it. */
char *report_seen(const struct findings *f);
/* The name of finding_tls_counts.by_version[i]; NULL behind the last one. */
const char *report_tls_version(unsigned i);
/* Something that could not be judged. */
struct report_limit {
  const char *reason; /* for programs */
  struct lang_pair label, meaning;
  uint64_t n; /* of what the label names */
};
enum { REPORT_LIMITS_MAX = 7 };
unsigned report_limits(const struct findings *f, struct report_limit out[REPORT_LIMITS_MAX]);
/* For people: label, number, meaning. Free it. */
char *report_limit_text(const struct report_limit *l);

/* Appends hostile octets as readable UTF-8: what is no UTF-8 becomes \xNN; control and direction
 * characters become \u{NNNN}, or \uNNNN with quotes and backslashes escaped when `json`. */
void report_escape(GString *to, const uint8_t *p, size_t n, bool json);

/* Appends a login's secret: masked, or escaped when revealed (digests in hex when not printable).
 */
void report_secret(GString *to, const struct login_record *l, bool reveal, bool json);

/* Counts findings by severity over all files; those that the baseline knows are left out. */
void report_count(const struct report_file *files, unsigned n_files,
                  const struct report_options *options, unsigned counts[SEVERITY_CRITICAL + 1]);

#endif
