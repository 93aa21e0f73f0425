/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_auth_guess.c -- who guesses passwords: of one user, of many, and with success.
 *
 *     wrong ──┬─> by server and user:    GUESSES_MIN in GUESSES_SPAN_NS          ──> AUTH-013
 *             └─> by source and server:  SPRAY_USERS_MIN users, few passwords    ──> AUTH-014
 *     accepted, from a source of either, within AFTER_NS                         ──> AUTH-015
 *
 * Only answers that call the secret wrong count: a server in trouble makes no attacker. The user's
 * own login beside an attack from elsewhere is no success of the attack. Digests differ each time,
 * so spraying is seen for passwords and tokens alone. What cannot be seen: guesses inside TLS
 * without its keys, and guesses slower than the spans. */
#include <string.h>

#include "capture/findings/findings_auth.h"
#include "capture/findings/mix.h"
#include "capture/findings/recent.h"

enum {
  /* A person tries two or three, a server that locks does so at about this many. */
  GUESSES_MIN = 5,
  /* Accounts of one family or desk are fewer; more users behind one address have as many
   * passwords as users. */
  SPRAY_USERS_MIN = 5,
  SPRAY_USERS_PER_SECRET_MIN = 2,
  SPRAY_SEEN_MAX = 64,   /* users and secrets of a source that are told apart */
  GUESS_SOURCES_MAX = 8, /* sources of guesses for one user that are remembered */
  USERS_MAX = 4096,      /* with 300 octets each: about a megabyte */
  SOURCES_MAX = 1024,    /* with 1200 octets each */
};
#define GUESSES_SPAN_NS                                                                            \
  (INT64_C(60) * 1000000000) /* servers slow guessing down to seconds each                         \
                              */
#define SPRAY_SPAN_NS (INT64_C(600) * 1000000000)
#define AFTER_NS (INT64_C(600) * 1000000000)

/* One user of one server. */
struct guessed {
  struct recent_item item;
  int64_t times[GUESSES_MIN]; /* a ring of the last ones */
  uint64_t secrets[GUESSES_MIN];
  struct auth_proof proof[GUESSES_MIN];
  unsigned n, next;
  int64_t first_ns, last_ns; /* of the burst */
  uint32_t n_burst;
  uint64_t sources[GUESS_SOURCES_MAX]; /* a ring */
  unsigned next_source;
  uint32_t finding; /* AUTH-013 of this burst, while `is_told` */
  enum confidence confidence;
  bool is_told, is_open; /* open: AUTH-015 was said */
};

/* One source, at one server. */
struct sprayer {
  struct recent_item item;
  uint64_t users[SPRAY_SEEN_MAX], secrets[SPRAY_SEEN_MAX];
  struct evidence proof[FINDING_EVIDENCE_MAX];
  unsigned n_users, n_secrets, n_proof;
  int64_t first_ns, last_ns;
  uint32_t n_failures, finding;
  bool is_told;
};

struct guesses {
  struct findings *f;
  struct recent *users, *sources;
};

struct guesses *
guesses_new(struct findings *f)
{
  struct guesses *g = g_new0(struct guesses, 1);
  g->f = f;
  g->users = recent_new(USERS_MAX, sizeof(struct guessed));
  g->sources = recent_new(SOURCES_MAX, sizeof(struct sprayer));
  return g;
}

void
guesses_free(struct guesses *g)
{
  recent_free(g->users);
  recent_free(g->sources);
  g_free(g);
}

static uint64_t
key_of(const struct login_record *l, bool of_user)
{
  uint64_t key = mix_addr(MIX_KEY, &l->where.server);
  if (!of_user)
    return mix_addr(key, &l->where.client);
  gsize n;
  const void *user = g_bytes_get_data(l->user, &n);
  return mix_octets(key, user, n);
}

/* The subject is who; how often is apart, so that a baseline knows the finding again. */
static uint32_t
span_of(int64_t first_ns, int64_t last_ns)
{
  return (uint32_t)((last_ns - first_ns) / 1000000000);
}

static char *
user_name(const struct login_record *l)
{
  gsize n;
  const char *user = g_bytes_get_data(l->user, &n);
  return g_utf8_make_valid(user ? user : "", (gssize)MIN(n, AUTH_SUBJECT_MAX / 2));
}

static bool
knows(const uint64_t *list, unsigned n, uint64_t value)
{
  for (unsigned i = 0; i < n; i++)
    if (list[i] == value)
      return true;
  return false;
}

/* ---- one user ---- */

static bool
is_one_secret(const struct guessed *u)
{
  for (unsigned i = 1; i < GUESSES_MIN; i++)
    if (u->secrets[i] != u->secrets[0])
      return false;
  return u->secrets[0] != 0;
}

static void
tell_burst(struct guesses *g, struct guessed *u, const struct login_record *l,
           const struct finding_place *place)
{
  g_autofree char *name = user_name(l);
  struct finding_place here = *place;
  struct evidence evidence[FINDING_EVIDENCE_MAX];
  here.evidence = evidence;
  here.n_evidence = 0;
  for (unsigned i = 0; i < GUESSES_MIN; i++) /* oldest first */
    here.n_evidence =
        auth_proof_add(evidence, here.n_evidence, &u->proof[(u->next + i) % GUESSES_MIN]);
  struct finding *found = findings_add(g->f, &auth_013, &here, name);
  if (!found)
    return;
  found->n_times = u->n_burst;
  found->span_s = span_of(u->first_ns, u->last_ns);
  found->outcome = LOGIN_REJECTED;
  found->confidence = u->confidence = is_one_secret(u) ? CONFIDENCE_LOW : l->confidence;
  u->finding = findings_n(g->f) - 1;
  u->is_told = true;
}

static void
wrong_for_user(struct guesses *g, const struct login_record *l, const struct finding_place *place)
{
  struct guessed *u = recent_get(g->users, key_of(l, true), NULL);
  if (u->n && l->time_ns - u->last_ns > GUESSES_SPAN_NS) { /* that burst is over */
    u->n = u->next = u->n_burst = 0;
    u->is_told = u->is_open = false;
    memset(u->sources, 0, sizeof u->sources);
  }
  if (u->n_burst == 0)
    u->first_ns = l->time_ns;
  u->n_burst++;
  u->last_ns = l->time_ns;
  u->times[u->next] = l->time_ns;
  u->secrets[u->next] = l->secret_kind == SECRET_DIGEST ? u->n_burst : l->fingerprint;
  u->proof[u->next] = auth_proof_of(l, place);
  u->next = (u->next + 1) % GUESSES_MIN;
  u->n += u->n < GUESSES_MIN;
  uint64_t source = key_of(l, false);
  if (!knows(u->sources, GUESS_SOURCES_MAX, source)) {
    u->sources[u->next_source] = source;
    u->next_source = (u->next_source + 1) % GUESS_SOURCES_MAX;
  }
  if (u->is_told)
    findings_set_times(g->f, u->finding, u->n_burst, span_of(u->first_ns, u->last_ns));
  else if (u->n == GUESSES_MIN && l->time_ns - u->times[u->next] <= GUESSES_SPAN_NS)
    tell_burst(g, u, l, place);
}

/* ---- one source ---- */

static void
add_seen(uint64_t *list, unsigned *n, uint64_t value)
{
  if (*n < SPRAY_SEEN_MAX && !knows(list, *n, value))
    list[(*n)++] = value;
}

static void
wrong_from_source(struct guesses *g, const struct login_record *l,
                  const struct finding_place *place)
{
  if (l->secret_kind == SECRET_DIGEST || !l->fingerprint)
    return;
  struct sprayer *s = recent_get(g->sources, key_of(l, false), NULL);
  if (s->n_failures && l->time_ns - s->last_ns > SPRAY_SPAN_NS) {
    struct recent_item item = s->item;
    *s = (struct sprayer){.item = item};
  }
  bool is_new_user = !knows(s->users, s->n_users, key_of(l, true));
  if (s->n_failures++ == 0)
    s->first_ns = l->time_ns;
  s->last_ns = l->time_ns;
  add_seen(s->users, &s->n_users, key_of(l, true));
  add_seen(s->secrets, &s->n_secrets, l->fingerprint);
  if (is_new_user) {
    struct auth_proof proof = auth_proof_of(l, place);
    s->n_proof = auth_proof_add(s->proof, s->n_proof, &proof);
  }
  if (s->is_told) {
    findings_set_times(g->f, s->finding, s->n_failures, span_of(s->first_ns, s->last_ns));
    return;
  }
  if (s->n_users < SPRAY_USERS_MIN || s->n_users < SPRAY_USERS_PER_SECRET_MIN * s->n_secrets)
    return;
  char source[ADDR_TEXT_MAX];
  struct finding_place here = *place;
  here.evidence = s->proof;
  here.n_evidence = s->n_proof;
  struct finding *found = findings_add(g->f, &auth_014, &here,
                                       ip_addr_format(&l->where.client, source));
  if (!found)
    return;
  found->n_times = s->n_failures;
  found->span_s = span_of(s->first_ns, s->last_ns);
  found->outcome = LOGIN_REJECTED;
  found->confidence = l->confidence;
  s->finding = findings_n(g->f) - 1;
  s->is_told = true;
}

/* ---- success ---- */

static void
accepted(struct guesses *g, const struct login_record *l, uint32_t index,
         const struct finding_place *place)
{
  uint64_t source = key_of(l, false);
  struct guessed *u = recent_find(g->users, key_of(l, true));
  struct sprayer *s = recent_find(g->sources, source);
  bool guessed = u && u->is_told && l->time_ns - u->last_ns <= AFTER_NS &&
                 knows(u->sources, GUESS_SOURCES_MAX, source);
  bool sprayed = s && s->is_told && l->time_ns - s->last_ns <= AFTER_NS;
  if (!guessed && !sprayed)
    return;
  if (!u)
    u = recent_get(g->users, key_of(l, true), NULL);
  if (u->is_open)
    return;
  u->is_open = true;
  g_autofree char *name = user_name(l);
  struct finding *found = findings_add(g->f, &auth_015, place, name);
  if (!found)
    return;
  found->outcome = LOGIN_ACCEPTED;
  found->confidence = sprayed ? l->confidence : MIN(l->confidence, u->confidence);
  found->login = index;
}

void
guesses_login(struct guesses *g, const struct login_record *l, uint32_t index,
              const struct finding_place *place)
{
  if (l->outcome == LOGIN_ACCEPTED) {
    accepted(g, l, index, place);
  } else if (l->traits & LOGIN_WRONG && l->secret_kind != SECRET_NONE) {
    wrong_for_user(g, l, place);
    wrong_from_source(g, l, place);
  }
}
