/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_auth_guess.c -- who guesses passwords: of one user, of many, and with success.
 *
 *     wrong ──┬─> by server and user:    GUESSES_MIN in GUESSES_SPAN_NS          ──> AUTH-013
 *             └─> by source and server:  SPRAY_USERS_MIN users, few passwords    ──> AUTH-014
 *     accepted, from a source of either, within AFTER_NS                         ──> AUTH-015
 *     ended, inside TLS: SEALED_MIN short ones of one size in GUESSES_SPAN_NS    ──> AUTH-013
 *                        then a long one from the same source                    ──> AUTH-015
 *
 * Only answers that call the secret wrong count: a server in trouble makes no attacker. The user's
 * own login beside an attack from elsewhere is no success of the attack. Digests differ each time,
 * so spraying is seen for passwords and tokens alone. Of what TLS seals only the shape shows, which
 * a probe of the service has, too: so little is sure of it, and whether one user or many are tried
 * cannot be told. What cannot be seen: guesses that share a connection inside TLS, and guesses
 * slower than the spans. */
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
  /* A mail program opens some connections at once, and they differ; a guesser's say the same words
   * but for name and password. */
  SEALED_MIN = 10,
  SEALED_SPREAD_OCTETS = 96,
  SEALED_SHORT_OCTETS = 8192, /* of a side: greeting, capabilities, in TLS 1.3 the certificates */
  SEALED_LONG_TIMES = 4,      /* so much longer is one in which there is mail to read */
  SEALED_SOURCES_MAX = 1024,  /* with 400 octets each */
  PORT_LMTP = 24,
  PORT_SMTP = 25, /* servers that pass mail on look the same, and do not log in */
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

/* One source of conversations inside TLS, at one port of a server. */
struct sealed_source {
  struct recent_item item;
  int64_t times[SEALED_MIN]; /* rings */
  uint32_t octets[2][SEALED_MIN];
  uint32_t frames[SEALED_MIN];
  unsigned n, next;
  int64_t first_ns, last_ns; /* of the burst */
  uint32_t n_burst, finding;
  bool is_told, is_open;
};

struct guesses {
  struct findings *f;
  struct recent *users, *sources, *sealed;
};

struct guesses *
guesses_new(struct findings *f)
{
  struct guesses *g = g_new0(struct guesses, 1);
  g->f = f;
  g->users = recent_new(USERS_MAX, sizeof(struct guessed));
  g->sources = recent_new(SOURCES_MAX, sizeof(struct sprayer));
  g->sealed = recent_new(SEALED_SOURCES_MAX, sizeof(struct sealed_source));
  return g;
}

void
guesses_free(struct guesses *g)
{
  recent_free(g->users);
  recent_free(g->sources);
  recent_free(g->sealed);
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
  struct finding *found =
      findings_add(g->f, &auth_014, &here, ip_addr_format(&l->where.client, source));
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

/* ---- inside TLS ---- */

/* Did a client that finished its handshake say something, and the server answer? In TLS 1.3 the
 * client's first record ends the handshake, and its alert looks like data. */
static bool
may_be_login(const struct app_ending *e, uint16_t port)
{
  uint32_t n_client = e->n_records[SIDE_CLIENT];
  bool has_spoken = e->tls_version && e->tls_version < 0x0304 ? n_client >= 1 : n_client >= 3;
  return e->is_sealed && !e->is_mid_stream && has_spoken && e->n_records[SIDE_SERVER] &&
         port != PORT_SMTP && port != PORT_LMTP;
}

static bool
is_even(const struct sealed_source *s)
{
  for (unsigned side = 0; side < 2; side++) {
    uint32_t least = s->octets[side][0], most = least;
    for (unsigned i = 1; i < SEALED_MIN; i++) {
      least = MIN(least, s->octets[side][i]);
      most = MAX(most, s->octets[side][i]);
    }
    if (most - least > SEALED_SPREAD_OCTETS)
      return false;
  }
  return true;
}

static struct finding *
tell_sealed(struct guesses *g, const struct finding_rule *rule, const struct finding_place *place)
{
  char source[ADDR_TEXT_MAX];
  g_autofree char *subject =
      g_strconcat("TLS ", ip_addr_format(&place->where.client, source), NULL);
  struct finding *found = findings_add(g->f, rule, place, subject);
  if (found)
    found->confidence = CONFIDENCE_LOW;
  return found;
}

static void
tell_sealed_burst(struct guesses *g, struct sealed_source *s, const struct finding_place *place)
{
  struct finding_place here = *place;
  struct evidence evidence[SEALED_MIN];
  for (unsigned i = 0; i < SEALED_MIN; i++) /* oldest first */
    evidence[i] = (struct evidence){.frame = s->frames[(s->next + i) % SEALED_MIN]};
  here.evidence = evidence;
  here.n_evidence = SEALED_MIN;
  struct finding *found = tell_sealed(g, &auth_013, &here);
  if (!found)
    return;
  found->n_times = s->n_burst;
  found->span_s = span_of(s->first_ns, s->last_ns);
  s->finding = findings_n(g->f) - 1;
  s->is_told = true;
}

static bool
is_long(const struct sealed_source *s, const struct app_ending *e)
{
  for (unsigned side = 0; side < 2; side++)
    if (e->n_octets[side] > (uint64_t)SEALED_LONG_TIMES * s->octets[side][0])
      return true;
  return false;
}

void
guesses_ended(struct guesses *g, const struct app_ending *e, const struct finding_place *place)
{
  if (!may_be_login(e, place->where.server_port))
    return;
  uint64_t key = mix_number(mix_addr(mix_addr(MIX_KEY, &place->where.server), &place->where.client),
                            place->where.server_port);
  struct sealed_source *s = recent_get(g->sealed, key, NULL);
  int64_t now = place->time_ns;
  if (s->is_told && is_long(s, e)) {
    if (!s->is_open && now - s->last_ns <= AFTER_NS) {
      struct finding *found = tell_sealed(g, &auth_015, place);
      if (found) /* its size is all that speaks for it */
        findings_set_severity(g->f, found, SEVERITY_HIGH);
      s->is_open = true;
    }
    return;
  }
  if (e->n_octets[SIDE_CLIENT] > SEALED_SHORT_OCTETS ||
      e->n_octets[SIDE_SERVER] > SEALED_SHORT_OCTETS)
    return;
  if (s->n && now - s->last_ns > GUESSES_SPAN_NS) {
    struct recent_item item = s->item;
    *s = (struct sealed_source){.item = item};
  }
  if (s->n_burst++ == 0)
    s->first_ns = now;
  s->last_ns = now;
  s->times[s->next] = now;
  s->frames[s->next] = place->n_evidence ? place->evidence[0].frame : 0;
  for (unsigned side = 0; side < 2; side++)
    s->octets[side][s->next] = (uint32_t)e->n_octets[side];
  s->next = (s->next + 1) % SEALED_MIN;
  s->n += s->n < SEALED_MIN;
  if (s->is_told)
    findings_set_times(g->f, s->finding, s->n_burst, span_of(s->first_ns, s->last_ns));
  else if (s->n == SEALED_MIN && now - s->times[s->next] <= GUESSES_SPAN_NS && is_even(s))
    tell_sealed_burst(g, s, place);
}
