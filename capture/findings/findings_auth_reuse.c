/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_auth_reuse.c -- what should be used once and is used again.
 *
 *     login ────> fingerprint of its password: other user, server, protocol? ──> AUTH-012
 *     greeting ─> challenge for APOP: seen before, or no msg-id at all?      ──> AUTH-007
 *
 * Passwords are compared by keyed fingerprints; rejected ones are guesses and are left out. */
#include <string.h>

#include "capture/findings/findings_auth.h"
#include "capture/findings/mix.h"
#include "capture/findings/recent.h"

enum {
  SECRETS_MAX = 4096,    /* with 150 octets each */
  CHALLENGES_MAX = 4096, /* with 40 octets each */
  SERVERS_MAX = 256,
  CHALLENGE_SHOWN_MAX = 80,
};

enum { REUSE_TOLD_PROTOCOLS = 1, REUSE_TOLD_PLACES = 2 };

/* A password, where it was used first. */
struct used {
  struct recent_item item;
  uint64_t user;
  struct ip_addr server;
  struct auth_proof proof;
  uint8_t app, told;
  bool encrypted;
};

struct challenge {
  struct recent_item item;
  uint32_t stream;
};

/* A server's challenges. */
struct challenger {
  struct recent_item item;
  bool is_odd_told, is_repeat_told;
};

struct reuse {
  struct findings *f;
  struct recent *secrets, *challenges, *servers;
};

struct reuse *
reuse_new(struct findings *f)
{
  struct reuse *r = g_new0(struct reuse, 1);
  r->f = f;
  r->secrets = recent_new(SECRETS_MAX, sizeof(struct used));
  r->challenges = recent_new(CHALLENGES_MAX, sizeof(struct challenge));
  r->servers = recent_new(SERVERS_MAX, sizeof(struct challenger));
  return r;
}

void
reuse_free(struct reuse *r)
{
  recent_free(r->secrets);
  recent_free(r->challenges);
  recent_free(r->servers);
  g_free(r);
}

/* ---- passwords ---- */

static const char *
app_name(unsigned app)
{
  return app == APP_SMTP ? "smtp" : app == APP_POP3 ? "pop3" : "imap";
}

/* "alice imap 10.0.0.2": what of it differs from the first use is the reader's to see. */
static char *
describe(const struct login_record *l)
{
  char server[ADDR_TEXT_MAX];
  gsize n;
  const char *user = g_bytes_get_data(l->user, &n);
  g_autofree char *name = g_utf8_make_valid(user ? user : "", (gssize)MIN(n, AUTH_SUBJECT_MAX / 2));
  return g_strdup_printf("%s %s %s", name, app_name(l->app),
                         ip_addr_format(&l->where.server, server));
}

void
reuse_login(struct reuse *r, const struct login_record *l, const struct finding_place *place)
{
  bool counts = l->secret_kind == SECRET_PASSWORD && l->fingerprint && !(l->traits & LOGIN_EMPTY) &&
                (l->outcome == LOGIN_ACCEPTED || l->outcome == LOGIN_UNKNOWN);
  if (!counts)
    return;
  gsize n;
  const void *name = g_bytes_get_data(l->user, &n);
  uint64_t user = mix_octets(MIX_KEY, name, n);
  bool is_new;
  struct used *u = recent_get(r->secrets, l->fingerprint, &is_new);
  struct auth_proof proof = auth_proof_of(l, place);
  if (is_new) {
    u->user = user;
    u->server = l->where.server;
    u->proof = proof;
    u->app = (uint8_t)l->app;
    u->encrypted = l->encrypted;
    return;
  }
  bool elsewhere = user != u->user || !ip_addr_equal(&u->server, &l->where.server);
  unsigned told = elsewhere ? REUSE_TOLD_PLACES : REUSE_TOLD_PROTOCOLS;
  /* One account's protocols are one risk more only where one of them shows the password. */
  bool harmless = !elsewhere && (l->app == u->app || (l->encrypted && u->encrypted));
  if (harmless || u->told >= told)
    return;
  u->told |= (uint8_t)told;
  struct evidence both[FINDING_EVIDENCE_MAX];
  struct finding_place here = *place;
  here.evidence = both;
  here.n_evidence = auth_proof_add(both, auth_proof_add(both, 0, &u->proof), &proof);
  g_autofree char *subject = describe(l);
  struct finding *found = findings_add(r->f, &auth_012, &here, subject);
  if (!found)
    return;
  found->n_streams = 2;
  found->outcome = l->outcome;
  found->confidence = l->outcome == LOGIN_UNKNOWN ? CONFIDENCE_MEDIUM : l->confidence;
  if (!elsewhere)
    findings_set_severity(r->f, found, SEVERITY_MEDIUM);
}

/* ---- challenges ---- */

/* A dot-atom of RFC 822 section 6.1, so far as time stamps use it. */
static bool
is_atoms(const uint8_t *p, size_t n)
{
  static const bool is_special[128] = {
      ['('] = true, [')'] = true, ['<'] = true,  ['>'] = true, ['@'] = true, [','] = true,
      [';'] = true, [':'] = true, ['\\'] = true, ['"'] = true, ['['] = true, [']'] = true};
  bool dot = true; /* none at the start, none beside another */
  for (size_t i = 0; i < n; i++) {
    bool is_dot = p[i] == '.';
    if (p[i] <= ' ' || p[i] >= 0x7f || is_special[p[i]] || (is_dot && dot))
      return false;
    dot = is_dot;
  }
  return n > 0 && !dot;
}

/* msg-id without its angle brackets (RFC 1939 section 7, RFC 822). A domain may be a literal. */
static bool
is_msg_id(const uint8_t *p, size_t n)
{
  const uint8_t *at = n ? memchr(p, '@', n) : NULL;
  if (!at || !is_atoms(p, (size_t)(at - p)))
    return false;
  const uint8_t *domain = at + 1;
  size_t n_domain = (size_t)(p + n - domain);
  if (n_domain > 2 && domain[0] == '[' && domain[n_domain - 1] == ']')
    return !memchr(domain + 1, ']', n_domain - 2);
  return is_atoms(domain, n_domain);
}

static void
tell_challenge(struct reuse *r, const uint8_t *p, size_t n, const struct finding_place *place)
{
  g_autofree char *subject =
      g_utf8_make_valid((const char *)p, (gssize)MIN(n, CHALLENGE_SHOWN_MAX));
  struct finding *found = findings_add(r->f, &auth_007, place, subject);
  if (found)
    found->confidence = CONFIDENCE_MEDIUM; /* a faulty server does it, too */
}

void
reuse_greeting(struct reuse *r, const struct notice *notice, const struct finding_place *place)
{
  const uint8_t *p = notice->n_text ? memchr(notice->text, '<', notice->n_text) : NULL;
  if (!p)
    return;
  size_t n = (size_t)(notice->text + notice->n_text - p);
  const uint8_t *end = memrchr(p, '>', n);
  if (!end || !memchr(p, '@', (size_t)(end - p))) /* a word in brackets: no time stamp is meant */
    return;
  n = (size_t)(end - p) + 1;
  uint64_t server =
      mix_octets(mix_addr(MIX_KEY, &place->where.server), &place->where.server_port, 2);
  struct challenger *c = recent_get(r->servers, server, NULL);
  if (!c->is_odd_told && !is_msg_id(p + 1, n - 2)) {
    c->is_odd_told = true;
    tell_challenge(r, p, n, place);
  }
  bool is_new;
  struct challenge *again = recent_get(r->challenges, mix_octets(server, p, n), &is_new);
  if (!is_new && again->stream != place->where.stream && !c->is_repeat_told) {
    c->is_repeat_told = true;
    tell_challenge(r, p, n, place);
  }
  again->stream = place->where.stream;
}
