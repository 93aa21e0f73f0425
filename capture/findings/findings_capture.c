/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_capture.c -- the rule about the capture itself: what it lacks (CAP-001).
 *
 *     findings_set_losses() ────> snap length, drops ─┐
 *     NOTICE_GAP, ONE_SIDED ─> counted ───────────────┴─> told at the end
 *
 * One finding for each way of missing something, since each has another remedy. It is only about
 * mail: a hole in a conversation that holds none takes nothing from this report. */
#include <string.h>

#include "capture/findings/findings_mail.h"

/* The first place of a kind, and how much of it there was. */
struct lack {
  struct finding_flow where;
  int64_t time_ns;
  struct evidence evidence;
  bool has_evidence;
  uint64_t n;
};

struct missing {
  struct findings *findings;
  struct lack gaps, one_sided;
};

static void *
start(struct findings *f)
{
  struct missing *m = g_new0(struct missing, 1);
  m->findings = f;
  return m;
}

static void
count(struct lack *l, const struct notice *n, const struct finding_place *place)
{
  if (l->n++ == 0) {
    l->where = place->where;
    l->time_ns = place->time_ns;
    l->evidence = (struct evidence){.frame = n->frame};
    l->has_evidence = true;
  }
}

static void
on_notice(void *state, const struct notice *n, const struct finding_place *place)
{
  struct missing *m = state;
  if (n->kind == NOTICE_ENDED) {
    struct finding_mail_counts *mail = findings_count_mail(m->findings);
    mail->n_conversations++;
    mail->n_sealed += n->ending->is_sealed;
    mail->n_mid_stream += n->ending->is_mid_stream;
    return;
  }
  if (n->kind != NOTICE_GAP && n->kind != NOTICE_ONE_SIDED)
    return;
  count(n->kind == NOTICE_GAP ? &m->gaps : &m->one_sided, n, place);
  findings_count_losses(m->findings, n->n_octets, n->kind == NOTICE_ONE_SIDED);
}

/* The subject is what kind of thing is missing; how much of it is apart, as in
 * findings_auth_guess.c.
 */
static void
tell(struct missing *m, const struct lack *l, const char *subject, uint64_t n_times)
{
  struct finding_place place = {.where = l->where,
                                .time_ns = l->time_ns,
                                .evidence = &l->evidence,
                                .n_evidence = l->has_evidence};
  struct finding *found = findings_add(m->findings, &cap_001, &place, subject);
  if (found)
    found->n_times = (uint32_t)MIN(n_times, UINT32_MAX);
}

static void
finish(void *state)
{
  struct missing *m = state;
  const struct finding_losses *lost = findings_losses(m->findings);
  static const struct lack nowhere = {0};
  struct lack cut = {.evidence = {.frame = lost->first_cut_frame}, .has_evidence = true};
  if (lost->n_dropped)
    tell(m, &nowhere, "isb_ifdrop", lost->n_dropped);
  if (lost->n_cut_frames)
    tell(m, &cut, "snaplen", lost->n_cut_frames);
  if (m->gaps.n)
    tell(m, &m->gaps, "TCP gap", lost->n_gaps);
  if (m->one_sided.n)
    tell(m, &m->one_sided, "one-sided", lost->n_one_sided);
}

static const struct finding_rule *const rules[] = {&cap_001, NULL};

const struct finding_module finding_module_capture = {
    .rules = rules,
    .start = start,
    .notice = on_notice,
    .notices = NOTICE_BIT(NOTICE_GAP) | NOTICE_BIT(NOTICE_ENDED) | NOTICE_BIT(NOTICE_ONE_SIDED),
    .finish = finish,
    .stop = g_free};
