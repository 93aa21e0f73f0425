/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_capture.c -- the rule about the capture itself: what it lacks (CAP-001).
 *
 *     findings_set_losses() ────> snap length, drops ─┐
 *     NOTICE_GAP, ONE_SIDED ─> counted ───────────────┴─> told at the end
 *
 * One finding for each way of missing something, since each has another remedy. It is only about
 * mail: a hole in a conversation that holds none takes nothing from this report. */
#include <inttypes.h>
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
  if (n->kind != NOTICE_GAP && n->kind != NOTICE_ONE_SIDED)
    return;
  count(n->kind == NOTICE_GAP ? &m->gaps : &m->one_sided, n, place);
  findings_count_losses(m->findings, n->n_octets, n->kind == NOTICE_ONE_SIDED);
}

static void
tell(struct missing *m, const struct lack *l, const char *subject)
{
  struct finding_place place = {.where = l->where,
                                .time_ns = l->time_ns,
                                .evidence = &l->evidence,
                                .n_evidence = l->has_evidence};
  struct finding *found = findings_add(m->findings, &cap_001, &place, subject);
  if (found)
    found->n_streams = l->n > UINT32_MAX ? UINT32_MAX : (uint32_t)l->n;
}

static void
finish(void *state)
{
  struct missing *m = state;
  const struct finding_losses *lost = findings_losses(m->findings);
  static const struct lack nowhere = {.n = 1};
  char subject[96];
  if (lost->n_dropped) {
    g_snprintf(subject, sizeof subject, "isb_ifdrop: %" PRIu64, lost->n_dropped);
    tell(m, &nowhere, subject);
  }
  if (lost->n_cut_frames) {
    struct lack cut = {.n = 1, .evidence = {.frame = lost->first_cut_frame}, .has_evidence = true};
    g_snprintf(subject, sizeof subject, "snaplen: %" PRIu64 " frames", lost->n_cut_frames);
    tell(m, &cut, subject);
  }
  if (m->gaps.n) {
    g_snprintf(subject, sizeof subject, "TCP: %" PRIu64 " gaps, %" PRIu64 " octets", lost->n_gaps,
               lost->n_gap_octets);
    tell(m, &m->gaps, subject);
  }
  if (m->one_sided.n) {
    g_snprintf(subject, sizeof subject, "one-sided: %" PRIu64 " streams", lost->n_one_sided);
    tell(m, &m->one_sided, subject);
  }
}

static const struct finding_rule *const rules[] = {&cap_001, NULL};

const struct finding_module finding_module_capture = {
    .rules = rules, .start = start, .notice = on_notice, .finish = finish, .stop = g_free};
