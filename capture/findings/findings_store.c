/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_store.c -- logins and findings, plain or packed.
 *
 *     plain:   array of pointers ─> struct; for a trace, whose readers keep pointers
 *     packed:  ledger of  | fixed part | frames or evidence | user | secret |  ─unpack─> ring of
 * views
 *
 * A finding that was just added may still be changed by its rule: it is packed when the next one
 * comes. */
#include "capture/findings/findings_store.h"

#include <string.h>

#include "capture/findings/ledger.h"

struct packed_login {
  int64_t time_ns;
  const char *mechanism;
  uint64_t fingerprint;
  struct finding_flow where;
  uint32_t iterations, n_user, n_secret;
  uint8_t app, secret_kind, outcome, confidence, encrypted, traits, n_frames;
};

struct packed_finding {
  int64_t time_ns;
  const struct finding_rule *rule;
  const char *subject;
  struct finding_flow where;
  uint32_t login, n_streams, n_times, span_s;
  uint8_t severity, outcome, confidence, n_evidence;
};

_Static_assert(offsetof(struct packed_finding, span_s) ==
                   offsetof(struct packed_finding, n_times) + sizeof(uint32_t),
               "findings_store_set_times() writes both");

struct findings_store {
  GPtrArray *logins, *found; /* plain; NULL: packed */
  struct ledger *packed_logins, *packed;
  struct finding open; /* the last one, as long as it may change */
  struct evidence open_evidence[FINDING_EVIDENCE_MAX];
  bool has_open, keeps_secrets;
  struct login_record login_views[FINDINGS_VIEWS];
  struct finding views[FINDINGS_VIEWS];
  struct evidence view_evidence[FINDINGS_VIEWS][FINDING_EVIDENCE_MAX];
  unsigned next_login_view, next_view;
};

static void
login_free(void *data)
{
  struct login_record *l = data;
  g_bytes_unref(l->user);
  g_bytes_unref(l->secret);
  g_free(l);
}

struct findings_store *
findings_store_new(void)
{
  struct findings_store *s = g_new0(struct findings_store, 1);
  s->logins = g_ptr_array_new_with_free_func(login_free);
  s->found = g_ptr_array_new_with_free_func(g_free);
  return s;
}

struct findings_store *
findings_store_new_packed(bool keeps_secrets)
{
  struct findings_store *s = g_new0(struct findings_store, 1);
  s->packed_logins = ledger_new(!keeps_secrets);
  s->packed = ledger_new(true);
  s->keeps_secrets = keeps_secrets;
  return s;
}

static void
clear_view(struct login_record *view)
{
  g_clear_pointer(&view->user, g_bytes_unref);
  g_clear_pointer(&view->secret, g_bytes_unref);
}

void
findings_store_free(struct findings_store *s)
{
  if (!s)
    return;
  for (unsigned i = 0; i < FINDINGS_VIEWS; i++)
    clear_view(&s->login_views[i]);
  g_clear_pointer(&s->logins, g_ptr_array_unref);
  g_clear_pointer(&s->found, g_ptr_array_unref);
  ledger_free(s->packed_logins);
  ledger_free(s->packed);
  g_free(s);
}

/* ---- packing ---- */

static size_t
append(uint8_t *to, size_t at, const void *p, size_t n)
{
  if (n)
    memcpy(to + at, p, n);
  return at + n;
}

static void
pack_login(struct findings_store *s, const struct login_record *l)
{
  uint8_t record[LEDGER_RECORD_MAX];
  gsize n_user, n_secret;
  const void *user = g_bytes_get_data(l->user, &n_user);
  const void *secret = g_bytes_get_data(l->secret, &n_secret);
  n_user = MIN(n_user, LEDGER_RECORD_MAX / 4); /* a session keeps less of both */
  n_secret = s->keeps_secrets ? MIN(n_secret, LEDGER_RECORD_MAX / 4) : 0;
  struct packed_login p = {.time_ns = l->time_ns,
                           .mechanism = l->mechanism,
                           .fingerprint = l->fingerprint,
                           .where = l->where,
                           .iterations = l->iterations,
                           .n_user = (uint32_t)n_user,
                           .n_secret = (uint32_t)n_secret,
                           .app = (uint8_t)l->app,
                           .secret_kind = (uint8_t)l->secret_kind,
                           .outcome = (uint8_t)l->outcome,
                           .confidence = (uint8_t)l->confidence,
                           .encrypted = l->encrypted,
                           .traits = l->traits,
                           .n_frames = (uint8_t)l->n_frames};
  size_t at = append(record, 0, &p, sizeof p);
  at = append(record, at, l->frames, l->n_frames * sizeof *l->frames);
  at = append(record, at, user, n_user);
  at = append(record, at, secret, n_secret);
  ledger_add(s->packed_logins, record, at);
}

static void
unpack_login(const uint8_t *record, struct login_record *out)
{
  struct packed_login p;
  memcpy(&p, record, sizeof p);
  clear_view(out);
  *out = (struct login_record){.app = (enum app)p.app,
                               .mechanism = p.mechanism,
                               .fingerprint = p.fingerprint,
                               .secret_kind = (enum secret_kind)p.secret_kind,
                               .outcome = (enum login_outcome)p.outcome,
                               .confidence = (enum confidence)p.confidence,
                               .encrypted = p.encrypted,
                               .traits = p.traits,
                               .iterations = p.iterations,
                               .where = p.where,
                               .time_ns = p.time_ns,
                               .n_frames = p.n_frames};
  const uint8_t *at = record + sizeof p;
  memcpy(out->frames, at, p.n_frames * sizeof *out->frames);
  at += p.n_frames * sizeof *out->frames;
  out->user = g_bytes_new(at, p.n_user);
  out->secret = g_bytes_new(at + p.n_user, p.n_secret);
}

static void
pack_open(struct findings_store *s)
{
  uint8_t record[sizeof(struct packed_finding) + sizeof s->open_evidence];
  const struct finding *f = &s->open;
  if (!s->has_open)
    return;
  struct packed_finding p = {.time_ns = f->time_ns,
                             .rule = f->rule,
                             .subject = f->subject,
                             .where = f->where,
                             .login = f->login,
                             .n_streams = f->n_streams,
                             .n_times = f->n_times,
                             .span_s = f->span_s,
                             .severity = (uint8_t)f->severity,
                             .outcome = (uint8_t)f->outcome,
                             .confidence = (uint8_t)f->confidence,
                             .n_evidence = (uint8_t)f->n_evidence};
  size_t at = append(record, 0, &p, sizeof p);
  at = append(record, at, f->evidence, f->n_evidence * sizeof *f->evidence);
  ledger_add(s->packed, record, at);
  s->has_open = false;
}

static void
unpack(const uint8_t *record, struct evidence *evidence, struct finding *out)
{
  struct packed_finding p;
  memcpy(&p, record, sizeof p);
  *out = (struct finding){.rule = p.rule,
                          .severity = (enum severity)p.severity,
                          .outcome = (enum login_outcome)p.outcome,
                          .confidence = (enum confidence)p.confidence,
                          .where = p.where,
                          .time_ns = p.time_ns,
                          .login = p.login,
                          .subject = p.subject,
                          .n_streams = p.n_streams,
                          .n_times = p.n_times,
                          .span_s = p.span_s,
                          .evidence = evidence,
                          .n_evidence = p.n_evidence};
  memcpy(evidence, record + sizeof p, p.n_evidence * sizeof *evidence);
}

/* ---- adding and reading ---- */

void
findings_store_add_login(struct findings_store *s, const struct login_record *login)
{
  if (!s->logins) {
    pack_login(s, login);
    return;
  }
  struct login_record *l = g_memdup2(login, sizeof *login);
  g_bytes_ref(l->user);
  g_bytes_ref(l->secret);
  g_ptr_array_add(s->logins, l);
}

struct finding *
findings_store_add(struct findings_store *s, const struct finding *found)
{
  size_t octets = found->n_evidence * sizeof *found->evidence;
  if (s->found) { /* the evidence lies behind it: most have one piece or two */
    struct finding *copy = g_malloc(sizeof *copy + octets);
    struct evidence *evidence = (struct evidence *)(copy + 1);
    *copy = *found;
    copy->evidence = evidence;
    append((uint8_t *)evidence, 0, found->evidence, octets);
    g_ptr_array_add(s->found, copy);
    return copy;
  }
  pack_open(s);
  s->open = *found;
  s->open.evidence = s->open_evidence;
  append((uint8_t *)s->open_evidence, 0, found->evidence, octets);
  s->has_open = true;
  return &s->open;
}

unsigned
findings_store_n_logins(const struct findings_store *s)
{
  return s->logins ? s->logins->len : ledger_n(s->packed_logins);
}

unsigned
findings_store_n(const struct findings_store *s)
{
  return s->found ? s->found->len : ledger_n(s->packed) + s->has_open;
}

const struct login_record *
findings_store_get_login(struct findings_store *s, unsigned i)
{
  if (s->logins)
    return g_ptr_array_index(s->logins, i);
  struct login_record *view = &s->login_views[s->next_login_view++ % FINDINGS_VIEWS];
  const uint8_t *record = ledger_get(s->packed_logins, i);
  static const struct packed_login nothing = {.mechanism = "?"};
  unpack_login(record ? record : (const uint8_t *)&nothing, view);
  return view;
}

const struct finding *
findings_store_get(struct findings_store *s, unsigned i)
{
  if (s->found)
    return g_ptr_array_index(s->found, i);
  pack_open(s);
  unsigned next = s->next_view++ % FINDINGS_VIEWS;
  struct finding *view = &s->views[next];
  const uint8_t *record = ledger_get(s->packed, i);
  struct packed_finding nothing = {.rule = finding_rule_get(0), .login = UINT32_MAX};
  unpack(record ? record : (const uint8_t *)&nothing, s->view_evidence[next], view);
  return view;
}

/* ---- parts, for orders and counts ---- */

static uint64_t
place_of(uint32_t frame, const struct finding_flow *where)
{
  return (uint64_t)frame << 32 | where->stream;
}

uint64_t
findings_store_login_place(struct findings_store *s, unsigned i)
{
  struct packed_login p;
  uint32_t frame = 0;
  if (s->logins) {
    const struct login_record *l = g_ptr_array_index(s->logins, i);
    return place_of(l->n_frames ? l->frames[0] : 0, &l->where);
  }
  const uint8_t *record = ledger_get(s->packed_logins, i);
  if (!record)
    return 0;
  memcpy(&p, record, sizeof p);
  if (p.n_frames)
    memcpy(&frame, record + sizeof p, sizeof frame);
  return place_of(frame, &p.where);
}

uint64_t
findings_store_place(struct findings_store *s, unsigned i)
{
  struct packed_finding p;
  struct evidence first = {0};
  if (s->found) {
    const struct finding *f = g_ptr_array_index(s->found, i);
    return place_of(f->n_evidence ? f->evidence[0].frame : 0, &f->where);
  }
  pack_open(s);
  const uint8_t *record = ledger_get(s->packed, i);
  if (!record)
    return 0;
  memcpy(&p, record, sizeof p);
  if (p.n_evidence)
    memcpy(&first, record + sizeof p, sizeof first);
  return place_of(first.frame, &p.where);
}

const struct finding_rule *
findings_store_rule(struct findings_store *s, unsigned i, enum severity *severity)
{
  if (s->found) {
    const struct finding *f = g_ptr_array_index(s->found, i);
    *severity = f->severity;
    return f->rule;
  }
  pack_open(s);
  const uint8_t *record = ledger_get(s->packed, i);
  struct packed_finding p = {.rule = finding_rule_get(0)};
  if (record)
    memcpy(&p, record, sizeof p);
  *severity = (enum severity)p.severity;
  return p.rule;
}

/* ---- changes ---- */

void
findings_store_set_confidence(struct findings_store *s, unsigned i, enum confidence c)
{
  uint8_t octet = (uint8_t)c;
  pack_open(s);
  if (s->found)
    ((struct finding *)g_ptr_array_index(s->found, i))->confidence = c;
  else
    ledger_patch(s->packed, i, offsetof(struct packed_finding, confidence), &octet, 1);
}

void
findings_store_set_times(struct findings_store *s, unsigned i, uint32_t n_times, uint32_t span_s)
{
  uint32_t both[2] = {n_times, span_s};
  pack_open(s);
  if (s->found) {
    struct finding *f = g_ptr_array_index(s->found, i);
    f->n_times = n_times;
    f->span_s = span_s;
  } else {
    ledger_patch(s->packed, i, offsetof(struct packed_finding, n_times), both, sizeof both);
  }
}

void
findings_store_set_n_streams(struct findings_store *s, unsigned i, uint32_t n)
{
  pack_open(s);
  if (s->found)
    ((struct finding *)g_ptr_array_index(s->found, i))->n_streams = n;
  else
    ledger_patch(s->packed, i, offsetof(struct packed_finding, n_streams), &n, sizeof n);
}
