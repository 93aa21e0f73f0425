/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sasl.c -- reads what clients say in SASL exchanges, and the strings of IMAP.
 *
 * A mechanism is a row: how many messages its client sends and which function reads one of them.
 * The readers find user and secret as spans of the decoded message; what they cannot read is marked
 * odd and still counts as a secret, so that no view shows it by mistake.
 *
 * RFC 4422 (SASL), 4616, 2195, 2831, 5802, 7628, 4505, 3501 section 4.3, 7888. Not here: proving a
 * password, and base64 (mail.h). */
#include "capture/wire/sasl.h"

#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/mail.h"

typedef void (*message_reader)(unsigned step, const uint8_t *p, size_t n, struct sasl_message *out);

static struct sasl_span
span(const uint8_t *p, size_t n)
{
  return (struct sasl_span){p, n};
}

/* [authzid] NUL authcid NUL passwd */
static void
read_plain(unsigned step, const uint8_t *p, size_t n, struct sasl_message *out)
{
  out->holds_secret = n > 0;
  const uint8_t *first = n ? memchr(p, 0, n) : NULL;
  const uint8_t *second = first ? memchr(first + 1, 0, (size_t)(p + n - first - 1)) : NULL;
  if (!second || step > 0) {
    out->odd = true;
    return;
  }
  out->authzid = span(p, (size_t)(first - p));
  out->user = span(first + 1, (size_t)(second - first - 1));
  out->secret = span(second + 1, (size_t)(p + n - second - 1));
}

/* The name, then the password. */
static void
read_login(unsigned step, const uint8_t *p, size_t n, struct sasl_message *out)
{
  out->odd = step > 1;
  out->holds_secret = step > 0;
  if (step == 0)
    out->user = span(p, n);
  else if (step == 1)
    out->secret = span(p, n);
}

/* user SP 32 hex digits; the name may hold spaces, so the last one divides. */
static void
read_cram(unsigned step, const uint8_t *p, size_t n, struct sasl_message *out)
{
  out->holds_secret = n > 0;
  const uint8_t *space = n ? memrchr(p, ' ', n) : NULL;
  if (!space || step > 0) {
    out->odd = true;
    return;
  }
  out->user = span(p, (size_t)(space - p));
  out->secret = span(space + 1, (size_t)(p + n - space - 1));
}

/* The value behind `key` in a list of key=value with a one-octet separator; quotes are taken off,
 * in which a backslash hides the octet behind it (RFC 2831 section 7.2). */
static struct sasl_span
attribute(const uint8_t *p, size_t n, uint8_t separator, const char *key)
{
  size_t n_key = strlen(key);
  for (size_t i = 0; i < n;) {
    size_t at = i;
    bool quoted = false;
    while (i < n && (quoted || p[i] != separator)) {
      if (p[i] == '"' && separator == ',')
        quoted = !quoted;
      i += quoted && p[i] == '\\' && i + 1 < n ? 2 : 1;
    }
    size_t end = i++;
    while (at < end && (p[at] == ' ' || p[at] == '\t'))
      at++;
    if (end - at > n_key && memcmp(p + at, key, n_key) == 0) {
      at += n_key;
      if (end - at >= 2 && p[at] == '"' && p[end - 1] == '"')
        at++, end--;
      return span(p + at, end - at);
    }
    if (end - at == n_key && memcmp(p + at, key, n_key) == 0)
      return span(p + end, 0);
  }
  return span(NULL, 0);
}

static void
read_digest(unsigned step, const uint8_t *p, size_t n, struct sasl_message *out)
{
  if (step > 0) { /* the empty answer to rspauth */
    out->odd = n > 0;
    out->holds_secret = n > 0;
    return;
  }
  out->user = attribute(p, n, ',', "username=");
  out->authzid = attribute(p, n, ',', "authzid=");
  out->secret = attribute(p, n, ',', "response=");
  out->holds_secret = n > 0;
  out->odd = !out->user.p || !out->secret.p;
}

/* MS-NLMP section 2.2.1.3: type 3 names length and offset of each part. */
static void
read_ntlm(unsigned step, const uint8_t *p, size_t n, struct sasl_message *out)
{
  if (n == 0)
    return;
  if (n < 12 || memcmp(p, "NTLMSSP", 8) != 0) {
    out->odd = out->holds_secret = true;
    return;
  }
  if (get_le32(p + 8) != 3)
    return; /* negotiate: nothing secret */
  out->holds_secret = true;
  if (n < 44) {
    out->odd = true;
    return;
  }
  size_t n_proof = get_le16(p + 20), proof_at = get_le32(p + 24);
  size_t n_user = get_le16(p + 36), user_at = get_le32(p + 40);
  if (proof_at <= n && n_proof <= n - proof_at)
    out->secret = span(p + proof_at, n_proof);
  if (user_at <= n && n_user <= n - user_at)
    out->user = span(p + user_at, n_user);
  /* The flags lie behind the fields, before what these point at; older messages have none. */
  enum { FLAGS_AT = 60, NEGOTIATE_UNICODE = 1 };
  bool has_flags = n >= FLAGS_AT + 4 && proof_at >= FLAGS_AT + 4 && user_at >= FLAGS_AT + 4;
  out->is_wide = has_flags ? get_le32(p + FLAGS_AT) & NEGOTIATE_UNICODE
                           : out->user.n >= 2 && out->user.n % 2 == 0 && out->user.p[1] == 0;
  out->is_ntlm_v1 = out->secret.n == 24;
  out->odd = !out->secret.p || !out->user.p;
}

/* gs2-header n=user,r=nonce; then c=...,r=...,p=proof. */
static void
read_scram(unsigned step, const uint8_t *p, size_t n, struct sasl_message *out)
{
  if (step == 0) {
    out->user = attribute(p, n, ',', "n=");
    out->authzid = attribute(p, n, ',', "a=");
    out->is_unbound = n > 0 && p[0] != 'p';
    out->odd = !out->user.p;
    out->holds_secret = out->odd;
  } else if (n > 0) {
    out->secret = attribute(p, n, ',', "p=");
    out->holds_secret = true;
    out->odd = !out->secret.p;
  }
}

/* The token behind "auth=Bearer ", any case of the scheme (RFC 6750 section 2.1). */
static struct sasl_span
bearer(struct sasl_span auth)
{
  if (auth.n >= 7 && text_is(auth.p, 6, "Bearer") && auth.p[6] == ' ')
    return span(auth.p + 7, auth.n - 7);
  return auth;
}

static void
read_xoauth2(unsigned step, const uint8_t *p, size_t n, struct sasl_message *out)
{
  if (n == 0 && step > 0)
    return; /* the empty answer to an error */
  out->user = attribute(p, n, 1, "user=");
  out->secret = bearer(attribute(p, n, 1, "auth="));
  out->holds_secret = true;
  out->odd = !out->user.p || !out->secret.p;
}

/* n,a=user,^Ahost=...^Aport=...^Aauth=Bearer token^A^A */
static void
read_oauthbearer(unsigned step, const uint8_t *p, size_t n, struct sasl_message *out)
{
  if (n <= 1 && step > 0)
    return; /* the lone ^A that answers an error */
  const uint8_t *gs2_end = n ? memchr(p, 1, n) : NULL;
  out->holds_secret = true;
  if (gs2_end) {
    out->user = attribute(p, (size_t)(gs2_end - p), ',', "a=");
    out->secret = bearer(attribute(gs2_end + 1, (size_t)(p + n - gs2_end - 1), 1, "auth="));
  }
  out->odd = !out->secret.p;
}

static void
read_name(unsigned step, const uint8_t *p, size_t n, struct sasl_message *out)
{
  out->odd = step > 0;
  if (step == 0)
    out->user = span(p, n);
}

static void
read_opaque(unsigned step, const uint8_t *p, size_t n, struct sasl_message *out)
{
  out->holds_secret = n > 0;
}

static const struct {
  const char *name; /* the start of it when it ends with "-" */
  message_reader read;
  uint8_t n_messages;
  bool clear, token;
} mechanisms[SASL_N_MECHANISMS] = {
    [SASL_UNKNOWN] = {"", read_opaque, 0, false, false},
    [SASL_PLAIN] = {"PLAIN", read_plain, 1, true, false},
    [SASL_LOGIN] = {"LOGIN", read_login, 2, true, false},
    [SASL_CRAM_MD5] = {"CRAM-MD5", read_cram, 1, false, false},
    [SASL_DIGEST_MD5] = {"DIGEST-MD5", read_digest, 2, false, false},
    [SASL_NTLM] = {"NTLM", read_ntlm, 2, false, false},
    [SASL_SCRAM] = {"SCRAM-", read_scram, 2, false, false},
    [SASL_XOAUTH2] = {"XOAUTH2", read_xoauth2, 1, false, true},
    [SASL_OAUTHBEARER] = {"OAUTHBEARER", read_oauthbearer, 1, false, true},
    [SASL_EXTERNAL] = {"EXTERNAL", read_name, 1, false, false},
    [SASL_ANONYMOUS] = {"ANONYMOUS", read_name, 1, false, false},
    [SASL_GSSAPI] = {"GSSAPI", read_opaque, 0, false, false},
};

enum sasl_mechanism
sasl_find(const uint8_t *text, size_t n)
{
  for (unsigned i = 1; i < SASL_N_MECHANISMS; i++) {
    size_t n_name = strlen(mechanisms[i].name);
    if (mechanisms[i].name[n_name - 1] == '-') {
      if (n > n_name && text_is(text, n_name, mechanisms[i].name))
        return (enum sasl_mechanism)i;
    } else if (text_is(text, n, mechanisms[i].name)) {
      return (enum sasl_mechanism)i;
    }
  }
  if (text_is(text, n, "KERBEROS_V4") || text_is(text, n, "GSS-SPNEGO") ||
      (n > 4 && text_is(text, 4, "GS2-")))
    return SASL_GSSAPI;
  return SASL_UNKNOWN;
}

unsigned
sasl_n_messages(enum sasl_mechanism mechanism)
{
  return mechanisms[mechanism].n_messages;
}

bool
sasl_is_clear(enum sasl_mechanism mechanism)
{
  return mechanisms[mechanism].clear;
}

bool
sasl_is_token(enum sasl_mechanism mechanism)
{
  return mechanisms[mechanism].token;
}

void
sasl_read(enum sasl_mechanism mechanism, unsigned step, const uint8_t *p, size_t n,
          struct sasl_message *out)
{
  *out = (struct sasl_message){0};
  mechanisms[mechanism].read(step, p, n, out);
}

size_t
sasl_copy_name(enum sasl_mechanism mechanism, struct sasl_span name, uint8_t *out, size_t room)
{
  bool hex = mechanism == SASL_SCRAM || mechanism == SASL_OAUTHBEARER;
  size_t o = 0;
  for (size_t i = 0; i < name.n && o < room; i++) {
    uint8_t octet = name.p[i];
    if (hex && octet == '=' && i + 2 < name.n && text_is(name.p + i, 3, "=2C")) {
      octet = ',';
      i += 2;
    } else if (hex && octet == '=' && i + 2 < name.n && text_is(name.p + i, 3, "=3D")) {
      i += 2;
    } else if (mechanism == SASL_DIGEST_MD5 && octet == '\\' && i + 1 < name.n) {
      octet = name.p[++i];
    }
    out[o++] = octet;
  }
  return o;
}

uint32_t
sasl_scram_iterations(const uint8_t *p, size_t n)
{
  struct sasl_span count = attribute(p, n, ',', "i=");
  uint32_t value = 0;
  if (count.n == 0 || count.n > 9 || !attribute(p, n, ',', "r=").p)
    return 0;
  for (size_t i = 0; i < count.n; i++) {
    if (count.p[i] < '0' || count.p[i] > '9')
      return 0;
    value = value * 10 + (uint32_t)(count.p[i] - '0');
  }
  return value;
}

static size_t
scan_quoted(const uint8_t *p, size_t n, struct imap_string *out)
{
  size_t i = 1;
  while (i < n && p[i] != '"') {
    if (p[i] == '\\' && i + 1 < n) {
      out->escaped = true;
      i++;
    }
    i++;
  }
  out->kind = IMAP_STRING_QUOTED;
  out->p = p + 1;
  out->n = i - 1;
  out->odd = i >= n;
  return i < n ? i + 1 : n;
}

size_t
imap_string_scan(const uint8_t *p, size_t n, struct imap_string *out)
{
  *out = (struct imap_string){0};
  size_t skip = n && p[0] == ' ' ? 1 : 0;
  p += skip;
  n -= skip;
  if (n == 0)
    return 0;
  if (p[0] == '"')
    return skip + scan_quoted(p, n, out);
  if ((p[0] == '{' || p[0] == '~') &&
      imap_literal_at_end(p, n, &out->literal_octets, &out->waits) && !memchr(p, ' ', n)) {
    out->kind = IMAP_STRING_LITERAL;
    out->p = p;
    out->n = n;
    return skip + n;
  }
  size_t i = 0;
  for (; i < n && p[i] != ' '; i++)
    if (p[i] <= 0x20 || p[i] >= 0x7f || strchr("(){%*\"\\", p[i]))
      out->odd = true;
  if (i == 0)
    return 0;
  out->kind = IMAP_STRING_ATOM;
  out->p = p;
  out->n = i;
  return skip + i;
}

size_t
imap_string_copy(const struct imap_string *s, uint8_t *out, size_t room)
{
  size_t o = 0;
  for (size_t i = 0; i < s->n && o < room; i++) {
    if (s->escaped && s->p[i] == '\\' && i + 1 < s->n)
      i++;
    out[o++] = s->p[i];
  }
  return o;
}

bool
imap_literal_at_end(const uint8_t *p, size_t n, uint64_t *octets, bool *waits)
{
  if (n < 3 || p[n - 1] != '}')
    return false;
  size_t i = n - 2;
  *waits = p[i] != '+';
  if (!*waits)
    i--;
  uint64_t value = 0, scale = 1;
  unsigned n_digits = 0;
  while (p[i] >= '0' && p[i] <= '9' && n_digits < 19) {
    value += (uint64_t)(p[i] - '0') * scale;
    scale *= 10;
    n_digits++;
    if (i == 0)
      return false;
    i--;
  }
  if (n_digits == 0 || p[i] != '{')
    return false;
  *octets = value;
  return true;
}
