/* SPDX-License-Identifier: GPL-3.0-or-later */
/* overhear.c -- what a passive listener understands of one mail conversation.
 *
 *     octets ─> lines, literals, message content ─> protocol by its greeting ─> facts
 *        └ behind STARTTLS, or from the first octet (0x16): records of TLS, counted; the hellos are
 *          in clear and name the server, the version and the cipher
 *
 * A secret is read where the client sends it (capture/wire/sasl.h), whether the server takes it is
 * read in the answer. SIMPLIFIED: a Subject is told as it stands on the wire, encoded words too. */
#include "sim/attack/overhear.h"

#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/mail.h"
#include "capture/wire/sasl.h"
#include "capture/wire/tls.h"

enum protocol { PROTOCOL_NONE, PROTOCOL_SMTP, PROTOCOL_POP, PROTOCOL_IMAP, PROTOCOL_OTHER };

enum content { CONTENT_NONE, CONTENT_HEADER, CONTENT_BODY };

struct side {
  GByteArray *held;
  uint64_t raw_left; /* literal or BDAT: octets that are no lines */
  GByteArray *raw;   /* the beginning of them */
  uint64_t n_raw;
  bool is_cut;                  /* inside a line that is too long or has a gap */
  uint64_t n_records, n_octets; /* of TLS application data */
};

struct overhear {
  overhear_learnt learnt;
  void *data;
  enum protocol protocol;
  struct side sides[2];
  bool has_begun, is_tls, wants_tls; /* the client asked for it */
  bool has_hello[2];

  /* logging in */
  bool is_in_auth, waits_for_verdict;
  enum sasl_mechanism mech;
  char *mech_name, *user;
  unsigned sasl_step;
  GPtrArray *words; /* IMAP: the strings of LOGIN */
  bool is_login;

  /* a message in lines */
  enum content content;
  uint64_t content_octets;
  bool waits_for_content; /* DATA or RETR was said */
};

/* ---- telling ---- */

static void
tell(struct overhear *o, const char *kind, const char *p, size_t n)
{
  g_autofree char *text = g_utf8_make_valid(p, (gssize)MIN(n, OVERHEAR_VALUE_MAX));
  for (char *c = text; *c; c++) {
    if ((unsigned char)*c < ' ' || *c == 0x7f)
      *c = '?';
  }
  o->learnt(o->data, kind, text);
}

static void G_GNUC_PRINTF(3, 4) tellf(struct overhear *o, const char *kind, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  tell(o, kind, text, strlen(text));
}

/* ---- logging in ---- */

static void
begin_login(struct overhear *o, const char *mechanism, size_t n)
{
  g_free(o->mech_name);
  o->mech_name = g_ascii_strup(mechanism, (gssize)n);
  o->mech = sasl_find((const uint8_t *)mechanism, n);
  o->sasl_step = 0;
  g_clear_pointer(&o->user, g_free);
}

static void
learn_user(struct overhear *o, const uint8_t *p, size_t n)
{
  g_free(o->user);
  o->user = g_strndup((const char *)p, n);
  tellf(o, o->mech == SASL_ANONYMOUS ? "anonymous" : "user", "%s by %s", o->user, o->mech_name);
}

/* `is_readable`: the secret itself, else a digest of it. */
static void
learn_secret(struct overhear *o, const char *kind, const uint8_t *p, size_t n)
{
  g_autofree char *secret = g_strndup((const char *)p, n);
  tellf(o, kind, "%s of %s by %s", secret, o->user ? o->user : "?", o->mech_name);
  o->waits_for_verdict = true;
}

/* One message of a SASL client, in base64. */
static void
take_sasl(struct overhear *o, const char *line, size_t n)
{
  struct sasl_message m;
  size_t n_octets;
  if (n == 1 && line[0] == '*')
    return;
  if (n == 1 && line[0] == '=')
    n = 0;
  g_autofree uint8_t *octets = g_malloc(n * 3 / 4 + 4);
  if (!base64_decode(line, n, octets, &n_octets))
    return;
  sasl_read(o->mech, o->sasl_step++, octets, n_octets, &m);
  if (m.user.p && m.user.n > 0)
    learn_user(o, m.user.p, m.user.n);
  if (m.secret.p && m.secret.n > 0)
    learn_secret(o,
                 sasl_is_clear(o->mech)   ? "password"
                 : sasl_is_token(o->mech) ? "token"
                                          : "digest",
                 m.secret.p, m.secret.n);
  o->waits_for_verdict = true;
}

static void
verdict(struct overhear *o, bool is_good)
{
  if (!o->waits_for_verdict)
    return;
  o->waits_for_verdict = o->is_in_auth = false;
  tellf(o, "login", "%s by %s %s", o->user ? o->user : "?", o->mech_name,
        is_good ? "accepted" : "refused");
}

/* "AUTH MECH [initial]" and "AUTHENTICATE MECH [initial]". */
static void
begin_auth(struct overhear *o, const char *text)
{
  size_t n = strcspn(text, " ");
  begin_login(o, text, n);
  o->is_in_auth = true;
  if (text[n] == ' ')
    take_sasl(o, text + n + 1, strlen(text + n + 1));
}

/* ---- messages ---- */

static void
header_line(struct overhear *o, const char *line, size_t n)
{
  static const struct {
    const char *name, *kind;
  } fields[] = {{"Subject:", "subject"}, {"From:", "from"}, {"To:", "to"}};
  for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
    size_t k = strlen(fields[i].name);
    if (n > k && g_ascii_strncasecmp(line, fields[i].name, k) == 0) {
      while (k < n && line[k] == ' ')
        k++;
      tell(o, fields[i].kind, line + k, n - k);
    }
  }
}

static void
content_line(struct overhear *o, const char *line, size_t n, size_t whole)
{
  if (n == 1 && line[0] == '.') {
    tellf(o, "size", "%" G_GUINT64_FORMAT " octets", o->content_octets);
    o->content = CONTENT_NONE;
    return;
  }
  o->content_octets += whole - (n > 0 && line[0] == '.');
  if (n == 0)
    o->content = CONTENT_BODY;
  else if (o->content == CONTENT_HEADER)
    header_line(o, line, n);
}

/* A literal or a chunk is complete. */
static void
raw_done(struct overhear *o, struct side *s)
{
  const char *p = (const char *)s->raw->data;
  size_t n = s->raw->len;
  if (o->is_login && s == &o->sides[OVERHEAR_CLIENT]) {
    g_ptr_array_add(o->words, g_strndup(p ? p : "", n));
    return;
  }
  for (size_t at = 0; at < n;) {
    size_t whole = line_find((const uint8_t *)p + at, n - at);
    whole = whole ? whole : n - at;
    size_t line = line_trim((const uint8_t *)p + at, whole);
    if (line == 0)
      break;
    header_line(o, p + at, line);
    at += whole;
  }
  tellf(o, "size", "%" G_GUINT64_FORMAT " octets", s->n_raw);
}

/* ---- SMTP ---- */

/* "<a@b>" behind "FROM:" or "TO:". */
static void
path(struct overhear *o, const char *kind, const char *arg)
{
  const char *from = strchr(arg, '<'), *end = from ? strchr(from, '>') : NULL;
  if (end && end > from + 1)
    tell(o, kind, from + 1, (size_t)(end - from) - 1);
}

static void
smtp_client(struct overhear *o, const char *line, const char *arg)
{
  switch (smtp_verb_find(line, strcspn(line, " "))) {
  case SMTP_AUTH:
    begin_auth(o, arg);
    break;
  case SMTP_MAIL:
    path(o, "sender", arg);
    break;
  case SMTP_RCPT:
    path(o, "recipient", arg);
    break;
  case SMTP_DATA:
    o->waits_for_content = true;
    break;
  case SMTP_STARTTLS:
    o->wants_tls = true;
    break;
  default:
    if (g_ascii_strncasecmp(line, "BDAT ", 5) == 0)
      o->sides[OVERHEAR_CLIENT].raw_left = g_ascii_strtoull(arg, NULL, 10);
    break;
  }
}

static void
smtp_server(struct overhear *o, const char *line, size_t n)
{
  unsigned code;
  bool more;
  size_t at;
  if (!smtp_reply_parse((const uint8_t *)line, n, &code, &more, &at) || more)
    return;
  if (code == 354 && o->waits_for_content) {
    o->content = CONTENT_HEADER;
    o->content_octets = 0;
  }
  if (o->wants_tls)
    o->is_tls = code == 220;
  if (o->waits_for_verdict && code != 334)
    verdict(o, code == 235);
  o->wants_tls = o->waits_for_content = false;
  if (code != 334)
    o->is_in_auth = false;
}

/* ---- POP3 ---- */

static void
pop_client(struct overhear *o, const char *line, const char *arg)
{
  switch (pop_verb_find(line, strcspn(line, " "))) {
  case POP_USER:
    begin_login(o, "USER", 4);
    learn_user(o, (const uint8_t *)arg, strlen(arg));
    break;
  case POP_PASS:
    learn_secret(o, "password", (const uint8_t *)arg, strlen(arg));
    break;
  case POP_APOP: {
    size_t n = strcspn(arg, " ");
    begin_login(o, "APOP", 4);
    learn_user(o, (const uint8_t *)arg, n);
    if (arg[n])
      learn_secret(o, "digest", (const uint8_t *)arg + n + 1, strlen(arg + n + 1));
    break;
  }
  case POP_AUTH:
    begin_auth(o, arg);
    break;
  case POP_RETR:
  case POP_TOP:
    o->waits_for_content = true;
    break;
  case POP_STLS:
    o->wants_tls = true;
    break;
  default:
    break;
  }
}

static void
pop_server(struct overhear *o, const char *line, size_t n)
{
  bool is_good = g_str_has_prefix(line, "+OK"), is_bad = g_str_has_prefix(line, "-ERR");
  if (!is_good && !is_bad)
    return;
  if (o->waits_for_content && is_good) {
    o->content = CONTENT_HEADER;
    o->content_octets = 0;
  }
  if (o->wants_tls)
    o->is_tls = is_good;
  verdict(o, is_good);
  o->wants_tls = o->waits_for_content = o->is_in_auth = false;
}

/* ---- IMAP ---- */

/* The strings of a line of LOGIN into o->words. */
static void
imap_words(struct overhear *o, const char *text, size_t n)
{
  struct imap_string s;
  for (size_t at = 0, taken; (taken = imap_string_scan((const uint8_t *)text + at, n - at, &s)) > 0;
       at += taken) {
    if (s.kind == IMAP_STRING_LITERAL)
      break;
    g_autofree uint8_t *copy = g_malloc(s.n + 1);
    copy[imap_string_copy(&s, copy, s.n)] = '\0';
    g_ptr_array_add(o->words, g_strdup((const char *)copy));
  }
}

static void
imap_login_done(struct overhear *o)
{
  o->is_login = false;
  if (o->words->len < 2)
    return;
  const char *user = o->words->pdata[0], *password = o->words->pdata[1];
  begin_login(o, "LOGIN command", 13);
  learn_user(o, (const uint8_t *)user, strlen(user));
  learn_secret(o, "password", (const uint8_t *)password, strlen(password));
}

static void
imap_client(struct overhear *o, const char *line, size_t n)
{
  uint64_t octets;
  bool waits, has_literal = imap_literal_at_end((const uint8_t *)line, n, &octets, &waits);
  if (o->is_login) {
    imap_words(o, line, n);
  } else {
    const char *verb = strchr(line, ' ');
    verb = verb ? verb + 1 : "";
    size_t n_verb = strcspn(verb, " ");
    const char *arg = verb[n_verb] ? verb + n_verb + 1 : verb + n_verb;
    enum imap_verb found = imap_verb_find(verb, n_verb);
    if (found == IMAP_LOGIN) {
      o->is_login = true;
      g_ptr_array_set_size(o->words, 0);
      imap_words(o, arg, strlen(arg));
    } else if (found == IMAP_AUTHENTICATE) {
      begin_auth(o, arg);
    } else if (found == IMAP_STARTTLS) {
      o->wants_tls = true;
    }
  }
  if (has_literal)
    o->sides[OVERHEAR_CLIENT].raw_left = octets;
  else if (o->is_login)
    imap_login_done(o);
}

/* `ENVELOPE ("date" "subject" ((name NIL "local" "host")) …`: the subject. */
static void
imap_envelope(struct overhear *o, const char *line)
{
  const char *at = strstr(line, "ENVELOPE (");
  if (!at)
    return;
  at += 10;
  struct imap_string date, subject;
  size_t n = strlen(at), taken = imap_string_scan((const uint8_t *)at, n, &date);
  if (taken > 0 && imap_string_scan((const uint8_t *)at + taken, n - taken, &subject) > 0 &&
      subject.kind == IMAP_STRING_QUOTED)
    tell(o, "subject", (const char *)subject.p, subject.n);
}

static void
imap_server(struct overhear *o, const char *line, size_t n)
{
  uint64_t octets;
  bool waits;
  if (imap_literal_at_end((const uint8_t *)line, n, &octets, &waits))
    o->sides[OVERHEAR_SERVER].raw_left = octets;
  imap_envelope(o, line);
  const char *word = strchr(line, ' ');
  if (line[0] == '*' || line[0] == '+' || !word)
    return;
  bool is_good = g_str_has_prefix(word, " OK");
  if (o->wants_tls)
    o->is_tls = is_good;
  verdict(o, is_good);
  o->wants_tls = o->is_in_auth = false;
}

/* ---- lines ---- */

static void
greeting(struct overhear *o, const char *line, size_t n)
{
  o->protocol = g_str_has_prefix(line, "220")      ? PROTOCOL_SMTP
                : g_str_has_prefix(line, "+OK")    ? PROTOCOL_POP
                : g_str_has_prefix(line, "* OK")   ? PROTOCOL_IMAP
                : g_str_has_prefix(line, "* PREA") ? PROTOCOL_IMAP
                                                   : PROTOCOL_OTHER;
  if (o->protocol != PROTOCOL_OTHER)
    tell(o, "service", line, n);
}

static void
client_line(struct overhear *o, const char *line, size_t n, size_t whole)
{
  const char *arg = strchr(line, ' ');
  arg = arg ? arg + 1 : "";
  if (o->content != CONTENT_NONE && o->protocol == PROTOCOL_SMTP)
    content_line(o, line, n, whole);
  else if (o->is_in_auth)
    take_sasl(o, line, n);
  else if (o->protocol == PROTOCOL_SMTP)
    smtp_client(o, line, arg);
  else if (o->protocol == PROTOCOL_POP)
    pop_client(o, line, arg);
  else if (o->protocol == PROTOCOL_IMAP)
    imap_client(o, line, n);
}

static void
server_line(struct overhear *o, const char *line, size_t n, size_t whole)
{
  if (o->protocol == PROTOCOL_NONE)
    greeting(o, line, n);
  else if (o->content != CONTENT_NONE && o->protocol == PROTOCOL_POP)
    content_line(o, line, n, whole);
  else if (o->protocol == PROTOCOL_SMTP)
    smtp_server(o, line, n);
  else if (o->protocol == PROTOCOL_POP)
    pop_server(o, line, n);
  else if (o->protocol == PROTOCOL_IMAP)
    imap_server(o, line, n);
}

/* ---- TLS ---- */

/* The extension `type` of a hello whose extensions begin at `at`. */
static const uint8_t *
extension(const uint8_t *p, size_t n, size_t at, uint16_t type, size_t *n_out)
{
  for (at += 2; at + 4 <= n;) {
    size_t n_ext = get_be16(p + at + 2);
    if (at + 4 + n_ext > n)
      return NULL;
    if (get_be16(p + at) == type) {
      *n_out = n_ext;
      return p + at + 4;
    }
    at += 4 + n_ext;
  }
  return NULL;
}

/* Hellos: RFC 8446 4.1.2, 4.1.3. */
static void
hello(struct overhear *o, enum overhear_side side, const uint8_t *p, size_t n)
{
  size_t at = TLS_HANDSHAKE_HEADER_OCTETS + 2 + TLS_RANDOM_OCTETS, n_ext;
  if (o->has_hello[side] || n < at + 1)
    return;
  at += 1 + (size_t)p[at];
  if (side == OVERHEAR_CLIENT && p[0] == TLS_CLIENT_HELLO && at + 2 <= n) {
    o->has_hello[side] = true;
    at += 2 + (size_t)get_be16(p + at);
    at += at < n ? 1 + (size_t)p[at] : 1;
    const uint8_t *name = extension(p, n, at, TLS_EXT_SERVER_NAME, &n_ext);
    if (name && n_ext > 5)
      tell(o, "server-name", (const char *)name + 5, n_ext - 5);
  } else if (side == OVERHEAR_SERVER && p[0] == TLS_SERVER_HELLO && at + 3 <= n) {
    o->has_hello[side] = true;
    uint16_t version = get_be16(p + TLS_HANDSHAKE_HEADER_OCTETS);
    const char *cipher = tls_cipher_name(get_be16(p + at));
    const uint8_t *chosen = extension(p, n, at + 3, TLS_EXT_SUPPORTED_VERSIONS, &n_ext);
    if (chosen && n_ext == 2)
      version = get_be16(chosen);
    const char *name = tls_version_name(version);
    tellf(o, "tls", "%s %s", name ? name : "?", cipher ? cipher : "?");
  }
}

/* Whole records at the front of what is held. */
static void
take_records(struct overhear *o, enum overhear_side side)
{
  struct side *s = &o->sides[side];
  struct tls_record r;
  while (tls_record_get(s->held->data, s->held->len, &r) > 0 &&
         s->held->len >= (guint)TLS_RECORD_HEADER_OCTETS + r.n_octets) {
    if (r.type == TLS_HANDSHAKE)
      hello(o, side, s->held->data + TLS_RECORD_HEADER_OCTETS, r.n_octets);
    if (r.type == TLS_APPLICATION_DATA) {
      s->n_records++;
      s->n_octets += r.n_octets;
    }
    g_byte_array_remove_range(s->held, 0, (guint)TLS_RECORD_HEADER_OCTETS + r.n_octets);
  }
}

/* ---- octets ---- */

/* Octets of a literal or a chunk; true when all of them are there. */
static void
take_raw(struct overhear *o, struct side *s)
{
  guint n = (guint)MIN(s->raw_left, (uint64_t)s->held->len);
  guint kept = MIN(n, OVERHEAR_HEADER_MAX - MIN(s->raw->len, OVERHEAR_HEADER_MAX));
  g_byte_array_append(s->raw, s->held->data, kept);
  g_byte_array_remove_range(s->held, 0, n);
  s->n_raw += n;
  s->raw_left -= n;
  if (s->raw_left > 0)
    return;
  raw_done(o, s);
  g_byte_array_set_size(s->raw, 0);
  s->n_raw = 0;
}

/* One line, if it is whole. */
static bool
take_line(struct overhear *o, enum overhear_side side)
{
  struct side *s = &o->sides[side];
  size_t whole = line_find(s->held->data, s->held->len);
  if (whole == 0) {
    if (s->held->len > OVERHEAR_LINE_MAX) {
      g_byte_array_set_size(s->held, 0);
      s->is_cut = true;
    }
    return false;
  }
  size_t n = line_trim(s->held->data, whole);
  g_autofree char *line = g_strndup((const char *)s->held->data, n);
  g_byte_array_remove_range(s->held, 0, (guint)whole);
  bool is_cut = s->is_cut;
  s->is_cut = false;
  if (is_cut || strlen(line) != n)
    return true;
  (side == OVERHEAR_CLIENT ? client_line : server_line)(o, line, n, whole);
  return true;
}

void
overhear_feed(struct overhear *o, enum overhear_side side, const uint8_t *p, size_t n)
{
  struct side *s = &o->sides[side];
  if (o->protocol == PROTOCOL_OTHER && !o->is_tls)
    return;
  g_byte_array_append(s->held, p, (guint)n);
  if (!o->has_begun && n > 0) {
    o->has_begun = true;
    o->is_tls = side == OVERHEAR_CLIENT && p[0] == TLS_HANDSHAKE; /* it speaks first: implicit TLS */
  }
  while (!o->is_tls && s->held->len > 0) {
    if (s->raw_left > 0)
      take_raw(o, s);
    else if (!take_line(o, side))
      break;
  }
  if (o->is_tls)
    take_records(o, side);
}

void
overhear_gap(struct overhear *o, enum overhear_side side)
{
  struct side *s = &o->sides[side];
  g_byte_array_set_size(s->held, 0);
  s->raw_left = 0;
  s->is_cut = !o->is_tls;
}

void
overhear_end(struct overhear *o)
{
  const struct side *c = &o->sides[OVERHEAR_CLIENT], *s = &o->sides[OVERHEAR_SERVER];
  if (o->is_tls && c->n_records + s->n_records > 0)
    tellf(o, "hidden",
          "%" G_GUINT64_FORMAT " octets in %" G_GUINT64_FORMAT " records of the client, "
          "%" G_GUINT64_FORMAT " in %" G_GUINT64_FORMAT " of the server",
          c->n_octets, c->n_records, s->n_octets, s->n_records);
}

struct overhear *
overhear_new(overhear_learnt learnt, void *data)
{
  struct overhear *o = g_new0(struct overhear, 1);
  o->learnt = learnt;
  o->data = data;
  o->words = g_ptr_array_new_with_free_func(g_free);
  for (int i = 0; i < 2; i++) {
    o->sides[i].held = g_byte_array_new();
    o->sides[i].raw = g_byte_array_new();
  }
  return o;
}

void
overhear_free(struct overhear *o)
{
  for (int i = 0; i < 2; i++) {
    g_byte_array_unref(o->sides[i].held);
    g_byte_array_unref(o->sides[i].raw);
  }
  g_ptr_array_unref(o->words);
  g_free(o->mech_name);
  g_free(o->user);
  g_free(o);
}
