/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-ledger.c -- what an audit keeps in fixed memory comes out as it went in, spilled or not. */
#include <glib.h>
#include <string.h>

#include "capture/findings/findings_store.h"
#include "capture/findings/ledger.h"

/* ---- the ledger ---- */

enum { N_RECORDS = 30000, RECORD_MAX = 400 }; /* six megabytes: two thirds lie in the file */

static size_t
make_record(uint32_t i, uint8_t out[RECORD_MAX])
{
  size_t n = i % RECORD_MAX + 1;
  for (size_t k = 0; k < n; k++)
    out[k] = (uint8_t)(i * 7 + k);
  return n;
}

static void
check_ledger(bool may_spill)
{
  struct ledger *l = ledger_new(may_spill);
  uint8_t record[RECORD_MAX];
  for (uint32_t i = 0; i < N_RECORDS; i++) {
    size_t n = make_record(i, record);
    ledger_add(l, record, n);
  }
  g_assert_cmpuint(ledger_n(l), ==, N_RECORDS);
  for (uint32_t i = 0; i < N_RECORDS; i += 97) {
    uint8_t mark = 0xee;
    ledger_patch(l, i, i % RECORD_MAX, &mark, 1); /* the last octet */
  }
  for (uint32_t k = 0; k < N_RECORDS; k++) {
    uint32_t i = k % 3 == 0 ? k : N_RECORDS - 1 - k; /* forth and back */
    const uint8_t *got = ledger_get(l, i);
    size_t n = make_record(i, record);
    if (i % 97 == 0)
      record[n - 1] = 0xee;
    g_assert_nonnull(got);
    g_assert_cmpuint((uintptr_t)got % 8, ==, 0);
    g_assert_cmpmem(got, n, record, n);
  }
  ledger_free(l);
}

static void
test_records_come_back(void)
{
  check_ledger(true);
  check_ledger(false);
}

/* Nothing is lost when there is no place for the file. */
static void
test_no_temporary_folder(void)
{
  if (!g_test_subprocess()) {
    g_setenv("TMPDIR", "/nowhere/at/all", TRUE);
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
    g_unsetenv("TMPDIR");
    return;
  }
  check_ledger(true);
}

/* ---- logins and findings ---- */

enum { N_STORED = 40000 };

static struct login_record
make_login(uint32_t i)
{
  g_autofree char *user = g_strdup_printf("user%u", i), *secret = g_strdup_printf("secret %u", i);
  struct login_record l = {.app = APP_SMTP + i % 3,
                           .mechanism = "AUTH PLAIN",
                           .user = g_bytes_new(user, strlen(user)),
                           .secret = g_bytes_new(secret, i % 5 ? strlen(secret) : 0),
                           .fingerprint = i * UINT64_C(7919),
                           .secret_kind = i % 4,
                           .outcome = i % 3,
                           .confidence = i % 3,
                           .encrypted = i % 2,
                           .traits = i % 7,
                           .iterations = i,
                           .where = {.flow = i, .stream = i / 2, .client_port = (uint16_t)i},
                           .time_ns = (int64_t)i * 1000000007,
                           .n_frames = i % (LOGIN_FRAMES_MAX + 1)};
  l.where.server = (struct ip_addr){.version = 6, .octets = {(uint8_t)i, 2, 3}};
  for (unsigned k = 0; k < l.n_frames; k++)
    l.frames[k] = i + k;
  return l;
}

/* Its evidence is good until the next call. */
static struct finding
make_finding(uint32_t i)
{
  static struct evidence evidence[FINDING_EVIDENCE_MAX];
  struct finding f = {.rule = finding_rule_get(i % finding_rules_n()),
                      .severity = i % 5,
                      .outcome = i % 4,
                      .confidence = i % 3,
                      .where = {.flow = i, .stream = i / 2, .server_port = 25},
                      .time_ns = (int64_t)i * 999999937,
                      .login = i % 2 ? i : UINT32_MAX,
                      .subject = i % 3 ? "mx" : NULL,
                      .n_streams = 1,
                      .n_times = i % 5,
                      .span_s = i % 7,
                      .evidence = evidence,
                      .n_evidence = i % (FINDING_EVIDENCE_MAX + 1)};
  for (unsigned k = 0; k < f.n_evidence; k++)
    evidence[k] = (struct evidence){i, k, i + k};
  return f;
}

static void
fill(struct findings_store *s)
{
  for (uint32_t i = 0; i < N_STORED; i++) {
    struct login_record l = make_login(i);
    findings_store_add_login(s, &l);
    g_bytes_unref(l.user);
    g_bytes_unref(l.secret);
    struct finding f = make_finding(i);
    findings_store_add(s, &f)->confidence = CONFIDENCE_LOW; /* as a rule does */
  }
  for (uint32_t i = 0; i < N_STORED; i += 1999) {
    findings_store_set_confidence(s, i, CONFIDENCE_HIGH);
    findings_store_set_times(s, i, i + 3, i + 4);
    findings_store_set_n_streams(s, i, i + 2);
  }
}

static void
compare_logins(const struct login_record *a, const struct login_record *b, bool secrets)
{
  g_assert_cmpstr(a->mechanism, ==, b->mechanism);
  g_assert_true(g_bytes_equal(a->user, b->user));
  if (secrets)
    g_assert_true(g_bytes_equal(a->secret, b->secret));
  else
    g_assert_cmpuint(g_bytes_get_size(b->secret), ==, 0);
  g_assert_cmpuint(a->fingerprint, ==, b->fingerprint);
  g_assert_cmpint(a->app, ==, b->app);
  g_assert_cmpint(a->secret_kind, ==, b->secret_kind);
  g_assert_cmpint(a->outcome, ==, b->outcome);
  g_assert_cmpint(a->confidence, ==, b->confidence);
  g_assert_cmpint(a->encrypted, ==, b->encrypted);
  g_assert_cmpuint(a->traits, ==, b->traits);
  g_assert_cmpuint(a->iterations, ==, b->iterations);
  g_assert_cmpmem(&a->where, sizeof a->where, &b->where, sizeof b->where);
  g_assert_cmpint(a->time_ns, ==, b->time_ns);
  g_assert_cmpmem(a->frames, a->n_frames * sizeof *a->frames, b->frames,
                  b->n_frames * sizeof *b->frames);
}

static void
compare_findings(const struct finding *a, const struct finding *b)
{
  g_assert_true(a->rule == b->rule);
  g_assert_cmpint(a->severity, ==, b->severity);
  g_assert_cmpint(a->outcome, ==, b->outcome);
  g_assert_cmpint(a->confidence, ==, b->confidence);
  g_assert_cmpmem(&a->where, sizeof a->where, &b->where, sizeof b->where);
  g_assert_cmpint(a->time_ns, ==, b->time_ns);
  g_assert_cmpuint(a->login, ==, b->login);
  g_assert_cmpstr(a->subject, ==, b->subject);
  g_assert_cmpuint(a->n_streams, ==, b->n_streams);
  g_assert_cmpuint(a->n_times, ==, b->n_times);
  g_assert_cmpuint(a->span_s, ==, b->span_s);
  g_assert_cmpmem(a->evidence, a->n_evidence * sizeof *a->evidence, b->evidence,
                  b->n_evidence * sizeof *b->evidence);
}

static void
test_packed_says_what_plain_says(void)
{
  for (int secrets = 0; secrets < 2; secrets++) {
    struct findings_store *plain = findings_store_new();
    struct findings_store *packed = findings_store_new_packed(secrets);
    fill(plain);
    fill(packed);
    g_assert_cmpuint(findings_store_n(packed), ==, N_STORED);
    g_assert_cmpuint(findings_store_n_logins(packed), ==, N_STORED);
    for (uint32_t k = 0; k < N_STORED; k++) {
      uint32_t i = (k * 7919) % N_STORED;
      compare_logins(findings_store_get_login(plain, i), findings_store_get_login(packed, i),
                     secrets);
      compare_findings(findings_store_get(plain, i), findings_store_get(packed, i));
    }
    const struct finding *first = findings_store_get(packed, 1);
    for (uint32_t i = 2; i <= FINDINGS_VIEWS; i++)
      findings_store_get(packed, i);
    compare_findings(findings_store_get(plain, 1), first); /* good that long */
    findings_store_free(plain);
    findings_store_free(packed);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ledger/records-come-back", test_records_come_back);
  g_test_add_func("/ledger/no-temporary-folder", test_no_temporary_folder);
  g_test_add_func("/ledger/packed-says-what-plain-says", test_packed_says_what_plain_says);
  return g_test_run();
}
