/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings.c -- keeps the logins and findings of a capture, and hands what happens to the rules.
 *
 *     pass 1 ─┬─ login ──> login_record ─┬─> each module of findings_module.h ─> findings
 *             └─ notice ─────────────────┘
 *
 * Which connection did what is the sessions' matter, what it means is the modules'; this file owns
 * memory, order, severity and the catalogue as a whole. */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "capture/findings/findings_module.h"
#include "capture/findings/findings_store.h"
#include "capture/findings/once.h"
#include "capture/tls/certificate.h"
#include "capture/wire/bytes.h"

/* A capture of a day at a big site has some hundred thousand; beyond this the report says so. */
enum { FINDINGS_MAX = 1 << 20, FINGERPRINT_OCTETS = 8 };

static const struct finding_module *const modules[] = {
    &finding_module_auth, &finding_module_starttls,  &finding_module_tls,
    &finding_module_mail, &finding_module_lookalike, &finding_module_capture};

struct findings {
  struct findings_store *store;
  GStringChunk *texts;     /* mechanisms and subjects, each once */
  struct once_table *once; /* what findings_add_once() has said */
  void *states[G_N_ELEMENTS(modules)];
  uint8_t takers[64]; /* of each kind of notice: a set of modules, so many bits NOTICE_BIT() has */
  EVP_MAC_CTX *fingerprints; /* SipHash with a random key; NULL: there is none */
  uint64_t n_dropped;
  bool simulated;
  bool is_audit; /* nobody reads before findings_finish() */
  struct finding_losses losses;
  char *trust;
  struct finding_tls_counts tls;
  struct finding_mail_counts mail;
};

/* ---- the catalogue ---- */

unsigned
finding_rules_n(void)
{
  unsigned n = 0;
  while (finding_rule_get(n))
    n++;
  return n;
}

const struct finding_rule *
finding_rule_get(unsigned i)
{
  for (size_t m = 0; m < G_N_ELEMENTS(modules); m++)
    for (const struct finding_rule *const *r = modules[m]->rules; *r; r++)
      if (i-- == 0)
        return *r;
  return NULL;
}

const struct finding_rule *
finding_rule_find(const char *id)
{
  for (unsigned i = 0; finding_rule_get(i); i++)
    if (strcmp(finding_rule_get(i)->id, id) == 0)
      return finding_rule_get(i);
  return NULL;
}

const char *
severity_name(enum severity s)
{
  static const char *const names[] = {[SEVERITY_INFO] = "info",
                                      [SEVERITY_LOW] = "low",
                                      [SEVERITY_MEDIUM] = "medium",
                                      [SEVERITY_HIGH] = "high",
                                      [SEVERITY_CRITICAL] = "critical"};
  return names[s];
}

/* ---- the store ---- */

/* A MAC with a key that nobody ever sees: equal secrets have equal fingerprints in this run alone.
 * Made for short messages (Aumasson, Bernstein: SipHash), it costs a login next to nothing. Without
 * randomness there would be no secrecy: then there are no fingerprints. */
static EVP_MAC_CTX *
fingerprints_new(void)
{
  uint8_t key[16];
  size_t n_digest = FINGERPRINT_OCTETS;
  OSSL_PARAM params[] = {OSSL_PARAM_size_t(OSSL_MAC_PARAM_SIZE, &n_digest), OSSL_PARAM_END};
  EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
  EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
  EVP_MAC_free(mac);
  bool ok =
      ctx && RAND_bytes(key, sizeof key) == 1 && EVP_MAC_init(ctx, key, sizeof key, params) == 1;
  OPENSSL_cleanse(key, sizeof key);
  if (ok)
    return ctx;
  EVP_MAC_CTX_free(ctx);
  return NULL;
}

static struct findings *
begin(struct findings_store *store)
{
  struct findings *f = g_new0(struct findings, 1);
  f->store = store;
  f->texts = g_string_chunk_new(1024);
  f->trust = g_strdup(trust_store_system());
  f->once = once_new();
  f->fingerprints = fingerprints_new();
  _Static_assert(G_N_ELEMENTS(modules) <= 8, "a bit for each in takers[]");
  for (size_t i = 0; i < G_N_ELEMENTS(modules); i++) {
    f->states[i] = modules[i]->start ? modules[i]->start(f) : NULL;
    for (unsigned k = 0; k < G_N_ELEMENTS(f->takers); k++)
      f->takers[k] |= (uint8_t)((modules[i]->notices >> k & 1) << i);
  }
  return f;
}

struct findings *
findings_new(void)
{
  return begin(findings_store_new());
}

struct findings *
findings_new_for_audit(bool keeps_secrets)
{
  struct findings *f = begin(findings_store_new_packed(keeps_secrets));
  f->is_audit = true;
  return f;
}

void
findings_free(struct findings *f)
{
  if (!f)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS(modules); i++)
    if (modules[i]->stop)
      modules[i]->stop(f->states[i]);
  findings_store_free(f->store);
  once_free(f->once);
  g_string_chunk_free(f->texts);
  g_free(f->trust);
  EVP_MAC_CTX_free(f->fingerprints);
  g_free(f);
}

void
findings_set_simulated(struct findings *f, bool simulated)
{
  f->simulated = simulated;
}

bool
findings_are_simulated(const struct findings *f)
{
  return f->simulated;
}

static bool
is_loopback(const struct ip_addr *a)
{
  if (a->version == 4)
    return a->octets[0] == 127;
  static const uint8_t one[16] = {[15] = 1};
  return a->version == 6 && memcmp(a->octets, one, sizeof one) == 0;
}

bool
finding_is_local(const struct finding_flow *where)
{
  return is_loopback(&where->client) && is_loopback(&where->server);
}

/* Between two ends on one machine nobody listens who could not read it anyway, and in a simulation
 * nothing is at risk: two steps lower. */
static enum severity
severity_here(const struct findings *f, enum severity s, const struct finding_flow *where)
{
  if (!f->simulated && !finding_is_local(where))
    return s;
  return s > SEVERITY_LOW ? (enum severity)(s - 2) : SEVERITY_INFO;
}

void
findings_set_trust(struct findings *f, const char *path)
{
  g_free(f->trust);
  f->trust = g_strdup(path);
}

const char *
findings_trust(const struct findings *f)
{
  return f->trust;
}

const struct finding_tls_counts *
findings_tls_counts(const struct findings *f)
{
  return &f->tls;
}

const struct finding_mail_counts *
findings_mail_counts(const struct findings *f)
{
  return &f->mail;
}

/* ---- for the modules ---- */

struct finding_mail_counts *
findings_count_mail(struct findings *f)
{
  return &f->mail;
}

struct finding_tls_counts *
findings_count_tls(struct findings *f)
{
  return &f->tls;
}

void
findings_drop(struct findings *f)
{
  f->n_dropped++;
}

void
findings_set_severity(struct findings *f, struct finding *found, enum severity severity)
{
  found->severity = severity_here(f, severity, &found->where);
}

void
findings_set_confidence(struct findings *f, unsigned index, enum confidence confidence)
{
  findings_store_set_confidence(f->store, index, confidence);
}

struct finding *
findings_add(struct findings *f, const struct finding_rule *rule, const struct finding_place *place,
             const char *subject)
{
  if (findings_store_n(f->store) >= FINDINGS_MAX) {
    findings_drop(f);
    return NULL;
  }
  struct finding found = {.rule = rule,
                          .severity = severity_here(f, rule->severity, &place->where),
                          .confidence = CONFIDENCE_HIGH,
                          .where = place->where,
                          .time_ns = place->time_ns,
                          .login = UINT32_MAX,
                          .subject =
                              subject ? g_string_chunk_insert_const(f->texts, subject) : NULL,
                          .n_streams = 1,
                          .evidence = place->evidence,
                          .n_evidence = MIN(place->n_evidence, FINDING_EVIDENCE_MAX)};
  return findings_store_add(f->store, &found);
}

struct finding *
findings_add_once(struct findings *f, const struct finding_rule *rule,
                  const struct finding_place *place, const char *subject)
{
  struct once key = {.rule = rule,
                     .subject = subject,
                     .server = place->where.server,
                     .port = place->where.server_port};
  uint64_t at;
  struct once *old = once_find(f->once, &key, &at);
  if (old) {
    if (old->last_stream == place->where.stream)
      return NULL;
    old->last_stream = place->where.stream;
    old->n_streams++;
    if (!f->is_audit) /* an audit is read when it has ended: count_streams() */
      findings_store_set_n_streams(f->store, old->index, old->n_streams);
    return NULL;
  }
  struct finding *found = findings_add(f, rule, place, subject);
  if (!found)
    return NULL;
  key.subject = found->subject;
  key.last_stream = place->where.stream;
  key.index = findings_store_n(f->store) - 1;
  key.n_streams = 1;
  once_add(f->once, &key, at);
  return found;
}

void
findings_set_times(struct findings *f, unsigned index, uint32_t n_times, uint32_t span_s)
{
  findings_store_set_times(f->store, index, n_times, span_s);
}

/* ---- feeding ---- */

/* 0 equals nothing. */
static uint64_t
fingerprint(const struct findings *f, const uint8_t *p, size_t n)
{
  uint8_t digest[FINGERPRINT_OCTETS];
  size_t n_digest = 0;
  EVP_MAC_CTX *ctx = f->fingerprints;
  if (!ctx || EVP_MAC_init(ctx, NULL, 0, NULL) != 1 || EVP_MAC_update(ctx, p, n) != 1 ||
      EVP_MAC_final(ctx, digest, &n_digest, sizeof digest) != 1)
    return 0;
  return get_le64(digest);
}

/* An audit packs what it keeps: then they need not be copied for the call. */
static GBytes *
hold_octets(const struct findings *f, const uint8_t *p, size_t n)
{
  return f->is_audit ? g_bytes_new_static(p, n) : g_bytes_new(p, n);
}

void
findings_login(struct findings *f, const struct login *login, const struct finding_place *place)
{
  unsigned index = findings_store_n_logins(f->store);
  if (index >= FINDINGS_MAX) {
    findings_drop(f);
    return;
  }
  struct login_record l = {0};
  l.app = login->app;
  l.mechanism = g_string_chunk_insert_const(f->texts, login->mechanism);
  l.user = hold_octets(f, login->user, login->user_octets);
  l.secret = hold_octets(f, login->secret, login->secret_octets);
  l.fingerprint = fingerprint(f, login->secret, login->secret_octets);
  l.secret_kind = login->secret_kind;
  l.outcome = login->outcome;
  l.confidence = login->mid_stream ? CONFIDENCE_MEDIUM : CONFIDENCE_HIGH;
  l.encrypted = login->encrypted;
  l.traits = login->traits;
  l.iterations = login->iterations;
  l.where = place->where;
  l.time_ns = place->time_ns;
  l.n_frames = MIN(login->n_frames, LOGIN_FRAMES_MAX);
  memcpy(l.frames, login->frames, l.n_frames * sizeof *l.frames);
  findings_store_add_login(f->store, &l);
  for (size_t i = 0; i < G_N_ELEMENTS(modules); i++)
    if (modules[i]->login)
      modules[i]->login(f->states[i], &l, index, place);
  g_bytes_unref(l.user);
  g_bytes_unref(l.secret);
}

void
findings_notice(struct findings *f, const struct notice *notice, const struct finding_place *place)
{
  for (unsigned left = f->takers[notice->kind]; left; left &= left - 1) {
    unsigned i = (unsigned)__builtin_ctz(left);
    modules[i]->notice(f->states[i], notice, place);
  }
}

void
findings_set_losses(struct findings *f, uint64_t n_dropped, uint64_t n_cut_frames,
                    uint32_t first_cut_frame)
{
  f->losses.n_dropped = n_dropped;
  f->losses.n_cut_frames = n_cut_frames;
  f->losses.first_cut_frame = first_cut_frame;
}

void
findings_count_losses(struct findings *f, uint64_t n_gap_octets, bool one_sided)
{
  f->losses.n_gaps += n_gap_octets > 0;
  f->losses.n_gap_octets += n_gap_octets;
  f->losses.n_one_sided += one_sided;
}

const struct finding_losses *
findings_losses(const struct findings *f)
{
  return &f->losses;
}

static void
count_streams(struct findings *f)
{
  for (unsigned i = 0; i < once_n(f->once); i++) {
    const struct once *o = once_get(f->once, i);
    if (o->n_streams > 1)
      findings_store_set_n_streams(f->store, o->index, o->n_streams);
  }
}

void
findings_finish(struct findings *f)
{
  for (size_t i = 0; i < G_N_ELEMENTS(modules); i++)
    if (modules[i]->finish)
      modules[i]->finish(f->states[i]);
  if (f->is_audit)
    count_streams(f);
}

/* ---- reading ---- */

unsigned
findings_n_logins(const struct findings *f)
{
  return findings_store_n_logins(f->store);
}

const struct login_record *
findings_get_login(const struct findings *f, unsigned i)
{
  return findings_store_get_login(f->store, i);
}

unsigned
findings_n(const struct findings *f)
{
  return findings_store_n(f->store);
}

const struct finding *
findings_get(const struct findings *f, unsigned i)
{
  return findings_store_get(f->store, i);
}

uint64_t
findings_login_place(const struct findings *f, unsigned i)
{
  return findings_store_login_place(f->store, i);
}

uint64_t
findings_place(const struct findings *f, unsigned i)
{
  return findings_store_place(f->store, i);
}

const struct finding_rule *
findings_rule(const struct findings *f, unsigned i, enum severity *severity)
{
  return findings_store_rule(f->store, i, severity);
}

uint64_t
findings_n_dropped(const struct findings *f)
{
  return f->n_dropped;
}
