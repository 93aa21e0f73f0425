/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings.c -- keeps the logins of a capture and draws the findings of the catalogue from them.
 *
 *     pass 1 ──login──> record ──rule──> AUTH-001 (accepted, or no verdict seen), AUTH-002
 * (rejected) ──notice─> AUTH-003
 *
 * A password that was sent is a finding whatever the server said: accepted or without a verdict in
 * the capture it is AUTH-001 (without a verdict one step less sure), else AUTH-002. A login that
 * was refused before its secret was sent is only recorded: that is how it should be. Digests and
 * tokens have rules of their own, which are not in the catalogue yet. */
#include "capture/findings/findings.h"

#include <string.h>

/* A capture of a day at a big site has some hundred thousand; beyond this the report says so. */
enum { FINDINGS_MAX = 1 << 20 };

struct findings {
  GPtrArray *logins;
  GPtrArray *found;
  GStringChunk *mechanisms;
  uint64_t n_dropped;
};

static void
login_free(gpointer data)
{
  struct login_record *l = data;
  g_bytes_unref(l->user);
  g_bytes_unref(l->secret);
  g_free(l);
}

struct findings *
findings_new(void)
{
  struct findings *f = g_new0(struct findings, 1);
  f->logins = g_ptr_array_new_with_free_func(login_free);
  f->found = g_ptr_array_new_with_free_func(g_free);
  f->mechanisms = g_string_chunk_new(256);
  return f;
}

void
findings_free(struct findings *f)
{
  if (!f)
    return;
  g_ptr_array_unref(f->logins);
  g_ptr_array_unref(f->found);
  g_string_chunk_free(f->mechanisms);
  g_free(f);
}

/* Between two ends on one machine nobody listens who could not read it anyway: two steps lower. */
static enum severity
severity_here(enum severity s, const struct finding_flow *where)
{
  if (!finding_is_local(where))
    return s;
  return s > SEVERITY_LOW ? (enum severity)(s - 2) : SEVERITY_INFO;
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

static struct finding *
add(struct findings *f, const struct finding_rule *rule, const struct finding_flow *where,
    int64_t time_ns, const struct evidence *evidence, unsigned n_evidence)
{
  if (f->found->len >= FINDINGS_MAX) {
    f->n_dropped++;
    return NULL;
  }
  struct finding *found = g_new0(struct finding, 1);
  found->rule = rule;
  found->severity = severity_here(rule->severity, where);
  found->confidence = CONFIDENCE_HIGH;
  found->where = *where;
  found->time_ns = time_ns;
  found->login = UINT32_MAX;
  found->n_evidence = MIN(n_evidence, FINDING_EVIDENCE_MAX);
  if (found->n_evidence)
    memcpy(found->evidence, evidence, found->n_evidence * sizeof *evidence);
  g_ptr_array_add(f->found, found);
  return found;
}

void
findings_login(struct findings *f, const struct login *login, const struct finding_flow *where,
               int64_t time_ns, const struct evidence *evidence, unsigned n_evidence)
{
  if (f->logins->len >= FINDINGS_MAX) {
    f->n_dropped++;
    return;
  }
  struct login_record *l = g_new0(struct login_record, 1);
  l->app = login->app;
  l->mechanism = g_string_chunk_insert_const(f->mechanisms, login->mechanism);
  l->user = g_bytes_new(login->user, login->user_octets);
  l->secret = g_bytes_new(login->secret, login->secret_octets);
  l->secret_kind = login->secret_kind;
  l->outcome = login->outcome;
  l->confidence = login->mid_stream ? CONFIDENCE_MEDIUM : CONFIDENCE_HIGH;
  l->where = *where;
  l->time_ns = time_ns;
  l->n_frames = MIN(login->n_frames, LOGIN_FRAMES_MAX);
  memcpy(l->frames, login->frames, l->n_frames * sizeof *l->frames);
  g_ptr_array_add(f->logins, l);
  if (login->secret_kind != SECRET_PASSWORD)
    return;
  bool sent_in_vain = login->outcome == LOGIN_REJECTED || login->outcome == LOGIN_REFUSED;
  struct finding *found = add(f, finding_rule_find(sent_in_vain ? "AUTH-002" : "AUTH-001"), where,
                              time_ns, evidence, n_evidence);
  if (!found)
    return;
  found->outcome = login->outcome;
  found->confidence = l->confidence;
  if (login->outcome == LOGIN_UNKNOWN)
    found->confidence = login->mid_stream ? CONFIDENCE_LOW : CONFIDENCE_MEDIUM;
  found->login = f->logins->len - 1;
}

void
findings_notice(struct findings *f, const struct notice *notice, const struct finding_flow *where,
                int64_t time_ns, const struct evidence *evidence, unsigned n_evidence)
{
  if (notice->kind == NOTICE_CLEAR_LOGIN_OFFERED)
    add(f, finding_rule_find("AUTH-003"), where, time_ns, evidence, n_evidence);
}

unsigned
findings_n_logins(const struct findings *f)
{
  return f->logins->len;
}

const struct login_record *
findings_get_login(const struct findings *f, unsigned i)
{
  return g_ptr_array_index(f->logins, i);
}

unsigned
findings_n(const struct findings *f)
{
  return f->found->len;
}

const struct finding *
findings_get(const struct findings *f, unsigned i)
{
  return g_ptr_array_index(f->found, i);
}

uint64_t
findings_n_dropped(const struct findings *f)
{
  return f->n_dropped;
}
