/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_auth.c -- one attempt to log in, from its command to the server's verdict.
 *
 * The protocols own when a line belongs to an attempt; this file owns what the line says:
 * mechanism, user, secret, which octets must be masked, and the report at the end. An attempt that
 * showed no secret is reported only when the server refused it for want of TLS: that is good news
 * worth telling. */
#include <glib.h>
#include <string.h>

#include "capture/trace/appsession_private.h"

struct app_auth *
auth_new(struct appsession *s, const char *prefix, const uint8_t *mechanism, size_t n)
{
  struct app_auth *a = g_new0(struct app_auth, 1);
  a->of = s;
  s->auth_octets += sizeof *a;
  g_strlcpy(a->mechanism, prefix, sizeof a->mechanism);
  a->secret_kind = SECRET_PASSWORD;
  if (!mechanism)
    return a;
  a->sasl = sasl_find(mechanism, n);
  a->secret_kind = sasl_is_clear(a->sasl)   ? SECRET_PASSWORD
                   : sasl_is_token(a->sasl) ? SECRET_TOKEN
                                            : SECRET_DIGEST;
  size_t at = strlen(a->mechanism);
  for (size_t i = 0; i < n && at + 1 < sizeof a->mechanism; i++) {
    char c = g_ascii_toupper((char)mechanism[i]);
    a->mechanism[at++] = g_ascii_isalnum(c) || c == '-' || c == '_' ? c : '?';
  }
  a->mechanism[at] = 0;
  return a;
}

void
auth_free(struct app_auth *a)
{
  if (!a)
    return;
  a->of->auth_octets -= sizeof *a + a->n_user + a->n_secret;
  if (a->secret)
    memset(a->secret, 0, a->n_secret);
  g_free(a->user);
  g_free(a->secret);
  g_free(a);
}

void
auth_add_frame(struct app_auth *a, uint32_t frame)
{
  unsigned i = a->n_frames;
  while (i > 0 && a->frames[i - 1] > frame)
    i--;
  if ((i > 0 && a->frames[i - 1] == frame) || a->n_frames == LOGIN_FRAMES_MAX)
    return;
  memmove(a->frames + i + 1, a->frames + i, (a->n_frames - i) * sizeof *a->frames);
  a->frames[i] = frame;
  a->n_frames++;
}

static void
append(struct app_auth *a, uint8_t **to, size_t *n_to, const uint8_t *p, size_t n)
{
  size_t take = MIN(n, AUTH_VALUE_MAX - *n_to);
  if (take == 0)
    return;
  *to = g_realloc(*to, *n_to + take);
  memcpy(*to + *n_to, p, take);
  *n_to += take;
  a->of->auth_octets += take;
}

void
auth_add_user(struct app_auth *a, const uint8_t *p, size_t n)
{
  a->has_user = true;
  append(a, &a->user, &a->n_user, p, n);
}

void
auth_add_secret(struct app_auth *a, const uint8_t *p, size_t n)
{
  a->has_secret = true;
  append(a, &a->secret, &a->n_secret, p, n);
}

void
auth_set_user(struct app_auth *a, const uint8_t *p, size_t n)
{
  a->of->auth_octets -= a->n_user;
  a->n_user = 0;
  auth_add_user(a, p, n);
}

void
auth_set_secret(struct app_auth *a, const uint8_t *p, size_t n, uint64_t at, size_t n_wire,
                uint32_t frame)
{
  a->of->auth_octets -= a->n_secret;
  a->n_secret = 0;
  auth_add_secret(a, p, n);
  a->secret_offset = at;
  a->secret_wire_octets = (uint32_t)n_wire;
  a->secret_frame = frame;
}

/* NTLM may send names in UTF-16: shown as UTF-8. */
static bool
set_wide_user(struct app_auth *a, struct sasl_span user)
{
  g_autofree char *text =
      g_convert((const char *)user.p, (gssize)user.n, "UTF-8", "UTF-16LE", NULL, NULL, NULL);
  if (text)
    auth_set_user(a, (const uint8_t *)text, strlen(text));
  return text != NULL;
}

static void
set_sasl_user(struct app_auth *a, const struct sasl_message *m)
{
  if (m->is_wide && set_wide_user(a, m->user))
    return;
  uint8_t name[AUTH_VALUE_MAX];
  auth_set_user(a, name, sasl_copy_name(a->sasl, m->user, name, sizeof name));
}

void
auth_message(struct app_auth *a, const struct app_line *line, size_t at, size_t n,
             struct app_out *out)
{
  const char *text = (const char *)line->p + at;
  size_t n_base64 = n == 1 && text[0] == '=' ? 0 : n;
  uint8_t *octets = g_malloc(n_base64 / 4 * 3 + 6);
  size_t n_octets = 0;
  bool ok = base64_decode(text, n_base64, octets, &n_octets);
  struct sasl_message m;
  sasl_read(a->sasl, a->step, octets, n_octets, &m);
  if (!ok || m.odd)
    out->flags |= ELEMENT_FLAG_ODD;
  if (!ok || m.holds_secret) {
    out->secret_first = at;
    out->secret_octets = n;
  }
  auth_add_frame(a, line->first_frame);
  auth_add_frame(a, line->last_frame);
  if (m.user.p && ok)
    set_sasl_user(a, &m);
  if (m.secret.p && ok)
    auth_set_secret(a, m.secret.p, m.secret.n, line->offset + at, n, line->first_frame);
  a->traits |= (m.is_ntlm_v1 ? LOGIN_NTLM_V1 : 0) | (m.is_unbound ? LOGIN_UNBOUND : 0);
  a->step++;
  memset(octets, 0, n_octets);
  g_free(octets);
}

void
auth_challenge(struct app_auth *a, const struct app_line *line, size_t at)
{
  enum { SCRAM_FIRST_MAX = 1024 }; /* nonce, salt and count are some hundred octets */
  if (a->has_secret || a->secret_kind != SECRET_DIGEST || at >= line->n_text)
    return;
  a->challenge_offset = line->offset;
  a->challenge_octets = (uint32_t)MIN(line->n_octets, UINT32_MAX);
  size_t n_text = line->n_text - at, n = 0;
  uint8_t octets[SCRAM_FIRST_MAX];
  if (a->sasl == SASL_SCRAM && n_text <= SCRAM_FIRST_MAX &&
      base64_decode((const char *)line->p + at, n_text, octets, &n))
    a->iterations = sasl_scram_iterations(octets, n);
}

bool
auth_wants(const struct app_auth *a, const struct app_line *line)
{
  unsigned n_messages = sasl_n_messages(a->sasl);
  if (n_messages && a->step >= n_messages)
    return false;
  static const char *const verbs[] = {"QUIT", "RSET", "NOOP", "STAT", "CAPA", "STLS", "DATA"};
  for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
    if (text_is(line->p, line->n_text, verbs[i]))
      return false;
  return memchr(line->p, ' ', line->n_text) == NULL;
}

bool
auth_is_asked(const struct appsession *s, const struct app_command *c)
{
  return c->auth && c->auth == s->exchange && s->exchange_asked;
}

void
auth_asked(struct appsession *s)
{
  struct app_auth *a = s->exchange;
  a->n_asked++;
  s->exchange_asked = a->n_asked > a->n_answered;
}

void
auth_answered(struct appsession *s)
{
  s->exchange->n_answered++;
  s->exchange_asked = false;
}

void
auth_lost_message(struct appsession *s)
{
  s->exchange->step++;
  auth_answered(s);
}

static bool
is_text(struct sasl_span t)
{
  for (size_t i = 0; i < t.n; i++)
    if (t.p[i] < 0x20 || t.p[i] == 0x7f)
      return false;
  return g_utf8_validate((const char *)t.p, (gssize)t.n, NULL);
}

struct app_auth *
auth_join(struct appsession *s, const struct app_line *line, struct app_out *out)
{
  enum { SHORTEST = 4, LONGEST = 512 };
  if (line->n_text < SHORTEST || line->n_text > LONGEST || line->n_text % 4 != 0)
    return NULL;
  uint8_t octets[LONGEST];
  size_t n = 0;
  if (!base64_decode((const char *)line->p, line->n_text, octets, &n))
    return NULL;
  struct sasl_message m;
  sasl_read(SASL_PLAIN, 0, octets, n, &m);
  bool plain = !m.odd && m.user.n > 0 && is_text(m.user) && is_text(m.secret) && is_text(m.authzid);
  if (!plain && !is_text((struct sasl_span){octets, n}))
    return NULL;
  struct app_auth *a = auth_new(s, "AUTH ", (const uint8_t *)(plain ? "PLAIN" : "LOGIN"), 5);
  auth_message(a, line, 0, line->n_text, out);
  memset(octets, 0, n);
  return a;
}

/* Is the secret the user's name, or its part before "@"? Any case of ASCII letters. */
static bool
secret_is_user(const struct app_auth *a)
{
  const uint8_t *at = a->n_user ? memchr(a->user, '@', a->n_user) : NULL;
  size_t n_local = at ? (size_t)(at - a->user) : a->n_user;
  return a->n_secret && (a->n_secret == a->n_user || a->n_secret == n_local) &&
         g_ascii_strncasecmp((const char *)a->user, (const char *)a->secret, a->n_secret) == 0;
}

static uint8_t
traits_of(const struct app_auth *a, uint8_t verdict)
{
  uint8_t traits = a->traits;
  if (verdict & AUTH_VERDICT_WRONG)
    traits |= LOGIN_WRONG;
  if (!a->has_secret || a->secret_kind != SECRET_PASSWORD)
    return traits;
  return traits | (a->n_secret == 0 ? LOGIN_EMPTY : 0) | (secret_is_user(a) ? LOGIN_IS_USER : 0);
}

void
auth_finish(struct appsession *s, struct app_auth *a, uint8_t verdict, uint32_t frame)
{
  enum login_outcome outcome = (enum login_outcome)(verdict & AUTH_VERDICT_OUTCOME);
  if (frame != ELEMENT_NONE)
    auth_add_frame(a, frame);
  bool nameless = a->sasl == SASL_EXTERNAL || a->sasl == SASL_ANONYMOUS;
  bool opaque = a->step > 0 && (a->sasl == SASL_UNKNOWN || a->sasl == SASL_GSSAPI) &&
                g_str_has_prefix(a->mechanism, "AUTH ");
  bool shown = a->has_secret || (nameless && a->has_user) || (opaque && !a->cancelled);
  s->login_rejected |= outcome == LOGIN_REJECTED;
  if (!shown && outcome != LOGIN_REFUSED)
    return;
  struct login l = {
      .app = (enum app)s->app,
      .mechanism = a->mechanism,
      .user = a->user,
      .user_octets = a->n_user,
      .secret = a->secret,
      .secret_octets = a->n_secret,
      .secret_kind = a->has_secret ? a->secret_kind : SECRET_NONE,
      .outcome = outcome,
      .mid_stream = s->mid_stream || s->client_gap,
      .traits = traits_of(a, verdict),
      .iterations = a->iterations,
      .n_frames = a->n_frames,
      .secret_frame = a->has_secret ? a->secret_frame
                      : a->n_frames ? a->frames[0]
                                    : 0,
      .secret_offset = a->secret_offset,
      .secret_wire_octets = a->has_secret ? a->secret_wire_octets : 0,
      .challenge_offset = a->challenge_offset,
      .challenge_octets = a->has_secret ? a->challenge_octets : 0,
  };
  memcpy(l.frames, a->frames, a->n_frames * sizeof *a->frames);
  s->sink->login(s->data, &l);
}

void
auth_finish_all(struct appsession *s)
{
  s->exchange = NULL;
  for (unsigned i = 0; i < s->queue.n; i++) {
    struct app_command *c = app_at(s, i);
    if (!c->auth)
      continue;
    auth_finish(s, c->auth, LOGIN_UNKNOWN, ELEMENT_NONE);
    auth_free(c->auth);
    c->auth = NULL;
  }
}
