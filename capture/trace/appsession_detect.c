/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_detect.c -- finds the protocol of a connection from what its two ends say first.
 *
 * Every complete line is judged twice, as words of a client and as words of a server, and leaves a
 * set of protocols that would say so. Greeting and first verb together decide; a port only where
 * both still allow it. FTP is in the sets because it greets like SMTP and logs in like POP3:
 * without it, every FTP session on an odd port would be one of ours.
 *
 *     220 mx ESMTP     {SMTP}        EHLO pc        {SMTP}
 *     220 ready        {SMTP,FTP}    USER alice     {POP3,FTP}     -> FTP: not ours
 *     +OK ready        {POP3}        a1 LOGIN x y   {IMAP}
 *
 * When the start of a connection was not captured, the first lines may be the middle of anything
 * and the two ends may be named the wrong way round: both readings are tried, and on a mail port
 * the search goes on as long as octets come. Until the verdict the octets are held and then fed
 * again. */
#include <glib.h>
#include <string.h>

#include "capture/trace/appsession_private.h"
#include "capture/wire/bytes.h"
#include "capture/wire/tunnel.h"

enum { D_SMTP = 1, D_POP = 2, D_IMAP = 4, D_FTP = 8 };

enum {
  DETECT_OCTETS_MAX = 4096, /* held before giving up: a long greeting and its first commands */
  DETECT_LINES_MAX = 16,    /* of one side: HTTP and its like are left early */
  DETECT_LINE_MAX = 256,    /* the start of a line is enough to judge it */
  DETECT_HELD_OCTETS = 128, /* room at first: a greeting and a command of usual length */
  DETECT_HELD_PIECES = 4,
};

struct detect_piece {
  uint64_t n_octets;
  uint32_t frame;
  uint8_t side;
  bool gap;
};

struct detect_side {
  uint8_t line[DETECT_LINE_MAX];
  size_t n_line;
  uint64_t n_octets;
  unsigned n_lines, n_strange; /* strange: fits no protocol as this side's words */
  uint8_t as_client, as_server;
  bool sure_client, sure_server; /* a line that needs no second opinion */
};

struct detect {
  struct detect_side sides[2];
  GByteArray *held;
  GArray *pieces;
  size_t n_octets; /* held, with those of the running call */
  bool like_socks; /* the client's first octet is a version of SOCKS */
};

struct detect *
detect_new(void)
{
  struct detect *d = g_new0(struct detect, 1);
  d->held = g_byte_array_sized_new(DETECT_HELD_OCTETS);
  d->pieces = g_array_sized_new(FALSE, FALSE, sizeof(struct detect_piece), DETECT_HELD_PIECES);
  return d;
}

void
detect_free(struct detect *d)
{
  if (!d)
    return;
  g_byte_array_unref(d->held);
  g_array_unref(d->pieces);
  g_free(d);
}

/* ---- judging a line ---- */

static const struct {
  const char *word;
  uint8_t set;
} client_words[] = {
    {"EHLO", D_SMTP},
    {"HELO", D_SMTP},
    {"LHLO", D_SMTP},
    {"STARTTLS", D_SMTP},
    {"BDAT", D_SMTP},
    {"VRFY", D_SMTP},
    {"EXPN", D_SMTP},
    {"DATA", D_SMTP},
    {"AUTH", D_SMTP | D_POP},
    {"QUIT", D_SMTP | D_POP | D_FTP},
    {"NOOP", D_SMTP | D_POP | D_FTP},
    {"RSET", D_SMTP | D_POP},
    {"USER", D_POP | D_FTP},
    {"PASS", D_POP | D_FTP},
    {"STAT", D_POP | D_FTP},
    {"LIST", D_POP | D_FTP},
    {"RETR", D_POP | D_FTP},
    {"DELE", D_POP | D_FTP},
    {"APOP", D_POP},
    {"CAPA", D_POP},
    {"STLS", D_POP},
    {"UIDL", D_POP},
    {"SYST", D_FTP},
    {"PASV", D_FTP},
    {"EPSV", D_FTP},
    {"FEAT", D_FTP},
    {"PORT", D_FTP},
    {"TYPE", D_FTP},
    {"CWD", D_FTP},
    {"PWD", D_FTP},
};

static bool
is_tag(const uint8_t *p, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (p[i] <= 0x20 || p[i] >= 0x7f || strchr("(){%*\"\\+", p[i]))
      return false;
  return n > 0 && n <= 32;
}

static size_t
word_end(const uint8_t *p, size_t n)
{
  const uint8_t *space = n ? memchr(p, ' ', n) : NULL;
  return space ? (size_t)(space - p) : n;
}

static bool
starts(const uint8_t *p, size_t n, const char *text)
{
  size_t n_text = strlen(text);
  return n >= n_text && text_is(p, n_text, text);
}

static uint8_t
judge_client(const uint8_t *p, size_t n, bool *sure)
{
  size_t n_word = word_end(p, n);
  *sure = false;
  if (starts(p, n, "MAIL FROM:") || starts(p, n, "RCPT TO:")) {
    *sure = true;
    return D_SMTP;
  }
  if (starts(p, n, "AUTH TLS") || starts(p, n, "AUTH SSL")) /* RFC 4217 section 4 */
    return D_FTP;
  char first = n_word ? (char)g_ascii_toupper((char)p[0]) : 0;
  for (size_t i = 0; i < G_N_ELEMENTS(client_words); i++)
    if (client_words[i].word[0] == first && text_is(p, n_word, client_words[i].word)) {
      uint8_t set = client_words[i].set;
      *sure = set == D_SMTP || set == D_POP;
      return set;
    }
  if (n_word < n && is_tag(p, n_word)) {
    const uint8_t *verb = p + n_word + 1;
    size_t n_verb = word_end(verb, n - n_word - 1);
    enum imap_verb v = imap_verb_find((const char *)verb, n_verb);
    if (v != IMAP_UNKNOWN && v != IMAP_DONE) {
      *sure = true;
      return D_IMAP;
    }
  }
  return 0;
}

/* Words that only an SMTP server says behind a code: its name, an extension, an enhanced code. */
static bool
is_smtp_text(unsigned code, const uint8_t *p, size_t n)
{
  static const char *const extensions[] = {
      "PIPELINING", "8BITMIME", "STARTTLS", "ENHANCEDSTATUSCODES", "SIZE ", "AUTH ",
      "CHUNKING",   "SMTPUTF8", "DSN"};
  for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++)
    if (starts(p, n, extensions[i]))
      return true;
  if (n >= 5 && p[0] == '0' + code / 100 && p[1] == '.' && g_ascii_isdigit(p[2]) && p[3] == '.' &&
      g_ascii_isdigit(p[4]))
    return true;
  for (size_t i = 0; i + 4 <= n; i++)
    if ((p[i + 1] | 0x20) == 'm' && (text_is(p + i, 4, "SMTP") || text_is(p + i, 4, "LMTP")))
      return true;
  return false;
}

static uint8_t
judge_star(const uint8_t *p, size_t n, bool *sure)
{
  static const char *const words[] = {
      "OK",     "NO",     "BAD",       "BYE", "PREAUTH",  "CAPABILITY", "FLAGS", "LIST",     "LSUB",
      "SEARCH", "STATUS", "NAMESPACE", "ID",  "VANISHED", "ENABLED",    "QUOTA", "QUOTAROOT"};
  size_t n_word = word_end(p, n);
  *sure = true;
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (text_is(p, n_word, words[i]))
      return D_IMAP;
  size_t digits = 0;
  while (digits < n_word && g_ascii_isdigit(p[digits]))
    digits++;
  if (digits && digits == n_word && n_word < n) {
    const uint8_t *word = p + n_word + 1;
    size_t k = word_end(word, n - n_word - 1);
    if (text_is(word, k, "EXISTS") || text_is(word, k, "RECENT") || text_is(word, k, "EXPUNGE") ||
        text_is(word, k, "FETCH"))
      return D_IMAP;
  }
  *sure = false;
  return 0;
}

static uint8_t
judge_server(const uint8_t *p, size_t n, bool *sure)
{
  *sure = false;
  size_t n_word = word_end(p, n);
  if (text_is(p, n_word, "+OK") || text_is(p, n_word, "-ERR")) {
    *sure = true;
    return D_POP;
  }
  if (n_word == 1 && p[0] == '+')
    return D_POP | D_IMAP;
  if (n_word == 1 && p[0] == '*' && n > 2)
    return judge_star(p + 2, n - 2, sure);
  unsigned code;
  bool more;
  size_t text_at;
  if (smtp_reply_parse(p, n, &code, &more, &text_at) && code >= 200 && code < 600) {
    if (code == 354 || code == 334 || code == 235 || is_smtp_text(code, p + text_at, n - text_at)) {
      *sure = true;
      return D_SMTP;
    }
    bool ftp =
        code < 200 || code == 331 || code == 230 || code == 226 || code == 227 || code == 215;
    return ftp ? D_FTP : D_SMTP | D_FTP;
  }
  if (n_word < n && is_tag(p, n_word)) {
    const uint8_t *word = p + n_word + 1;
    size_t k = word_end(word, n - n_word - 1);
    if (text_is(word, k, "OK") || text_is(word, k, "NO") || text_is(word, k, "BAD"))
      return D_IMAP;
  }
  return 0;
}

/* ---- the verdict ---- */

static uint8_t
port_set(uint16_t port)
{
  switch (port) {
  case 21:
    return D_FTP;
  case 24:
  case 25:
  case 465:
  case 587:
  case 2525:
    return D_SMTP;
  case 110:
  case 995:
    return D_POP;
  case 143:
  case 993:
    return D_IMAP;
  default:
    return 0;
  }
}

static bool
is_single(uint8_t set)
{
  return set && (set & (set - 1)) == 0;
}

/* What the ends say when `client` is the client: a single protocol, or 0 for "not yet". */
static uint8_t
weigh(const struct detect_side *client, const struct detect_side *server, uint8_t port,
      bool mid_stream)
{
  uint8_t c = client->as_client, v = server->as_server;
  /* Of a connection that was seen from its start a mail server's first line is a greeting, and a
   * client's a command: what comes later in other talk (a form, a file, a letter) is quoted. */
  if (!mid_stream && client->n_strange && server->n_strange)
    return 0;
  if (c && v) {
    uint8_t both = c & v;
    if (!both && (c | v) == (D_POP | D_FTP | D_SMTP))
      return D_FTP;
    return is_single(both) ? both : is_single(both & port) ? both & port : 0;
  }
  if (v) {
    bool silent = client->n_strange == 0 || mid_stream || (v & port);
    if (is_single(v) && server->sure_server && silent)
      return v;
    return is_single(v & port) && silent ? v & port : 0;
  }
  if (c) {
    bool silent =
        client->n_strange == 0 ? server->n_strange == 0 || mid_stream : mid_stream && c & port;
    if (is_single(c) && client->sure_client && silent)
      return c;
    return is_single(c & port) && silent ? c & port : 0;
  }
  return 0;
}

static enum app
app_of(uint8_t set)
{
  return set == D_SMTP ? APP_SMTP : set == D_POP ? APP_POP3 : set == D_IMAP ? APP_IMAP : APP_NONE;
}

static enum app_verdict
decide(struct appsession *s, const struct detect_side sides[2])
{
  uint8_t set = weigh(&sides[0], &sides[1], port_set(s->server_port), s->mid_stream);
  bool swapped = false;
  if (s->mid_stream) {
    uint8_t other = weigh(&sides[1], &sides[0], port_set(s->client_port), true);
    bool rather =
        other &&
        (!set || (!(set & port_set(s->server_port)) && (other & port_set(s->client_port))));
    if (rather) {
      set = other;
      swapped = true;
    }
  }
  if (!set)
    return VERDICT_WAIT;
  if (set == D_FTP)
    return VERDICT_NONE;
  s->app = (uint8_t)app_of(set);
  s->swapped = swapped;
  return VERDICT_FOUND;
}

static void
narrow(uint8_t *set, bool *sure, uint8_t line_set, bool line_sure)
{
  if (!line_set)
    return;
  *set = (*set & line_set) ? *set & line_set : line_set;
  *sure = *sure || line_sure;
}

/* A whole line of a side is in. */
static enum app_verdict
judge_line(struct appsession *s, unsigned which)
{
  struct detect_side *side = &s->detect->sides[which];
  size_t n = line_trim(side->line, side->n_line);
  side->n_line = 0;
  side->n_lines++;
  if (which == SIDE_CLIENT && side->n_lines == 1 && http_connect_get(side->line, n, NULL, NULL)) {
    s->app = APP_HTTP;
    s->swapped = false;
    return VERDICT_FOUND;
  }
  bool sure_client, sure_server;
  uint8_t as_client = judge_client(side->line, n, &sure_client);
  uint8_t as_server = judge_server(side->line, n, &sure_server);
  narrow(&side->as_client, &side->sure_client, as_client, sure_client);
  narrow(&side->as_server, &side->sure_server, as_server, sure_server);
  if (!(which == SIDE_CLIENT ? as_client : as_server))
    side->n_strange++;
  return decide(s, s->detect->sides);
}

/* TLS begins with a record; six octets show it. 0: no TLS, 1: TLS, -1: more octets are needed. */
static int
looks_like_tls(const struct appsession *s, const uint8_t *p, size_t n)
{
  if (p[0] < (s->mid_stream ? 20 : 22) || p[0] > (s->mid_stream ? 23 : 22))
    return 0;
  if ((n > 1 && p[1] != 3) || (n > 2 && p[2] > 4))
    return 0;
  if (n < 6)
    return -1;
  if (get_be16(p + 3) + TLS_HEADER_OCTETS > TLS_RECORD_MAX)
    return 0;
  return p[0] != 22 || p[5] == 1 || p[5] == 2 || s->mid_stream;
}

/* A request of SOCKS is believed when the server answers it: their first octets are small numbers,
 * as in many protocols. As looks_like_tls(). */
static int
looks_like_socks(struct appsession *s)
{
  const struct detect_side *c = &s->detect->sides[SIDE_CLIENT], *v = &s->detect->sides[SIDE_SERVER];
  bool v4 = c->line[0] == 4;
  if (c->n_octets > c->n_line || v->n_octets > v->n_line)
    return 0;
  if (v4 && c->n_line > 1 && c->line[1] != SOCKS_CONNECT && c->line[1] != SOCKS_BIND)
    return 0;
  size_t asked = socks_octets(v4 ? SOCKS4_REQUEST : SOCKS_GREETING, c->line, c->n_line);
  if (asked == SIZE_MAX || (v->n_line > 0 && (asked == 0 || v->line[0] != (v4 ? 0 : 5))))
    return 0;
  if (v->n_line < 2)
    return -1;
  s->u.tunnel.is_v4 = v4;
  if (v4)
    return v->line[1] >= SOCKS4_GRANTED && v->line[1] <= SOCKS4_LAST_RESULT;
  return v->line[1] == SOCKS_METHOD_NONE_FITS ||
         memchr(c->line + 2, v->line[1], c->line[1]) != NULL;
}

static bool
goes_on(const struct appsession *s)
{
  return s->mid_stream && (port_set(s->server_port) | port_set(s->client_port)) & ~D_FTP;
}

/* Nothing was recognised in what is held: a connection whose start was seen is not ours; of another
 * the held octets are dropped and the search goes on. */
static enum app_verdict
nothing_found(struct appsession *s)
{
  if (!goes_on(s))
    return VERDICT_NONE;
  struct detect *d = s->detect;
  for (int i = 0; i < 2; i++) {
    s->sides[i].offset += d->sides[i].n_octets;
    bool in_line = d->sides[i].n_line > 0;
    memset(&d->sides[i], 0, sizeof d->sides[i]);
    d->sides[i].n_line = in_line ? 1 : 0; /* the rest of that line must not look like a whole one */
    d->sides[i].line[0] = 0;
  }
  g_byte_array_set_size(d->held, 0);
  g_array_set_size(d->pieces, 0);
  d->n_octets = 0;
  return VERDICT_WAIT;
}

static enum app_verdict
feed_octet(struct appsession *s, unsigned which, uint8_t octet)
{
  struct detect *d = s->detect;
  struct detect_side *side = &d->sides[which];
  side->n_octets++;
  if (side->n_line < DETECT_LINE_MAX)
    side->line[side->n_line++] = octet;
  else if (octet == '\n')
    side->line[DETECT_LINE_MAX - 1] = octet;
  if (side->n_octets == side->n_line && side->line[0] >= 20 && side->line[0] <= 23) {
    int tls = looks_like_tls(s, side->line, side->n_line);
    if (tls > 0) {
      s->app = APP_TLS;
      s->swapped = s->mid_stream && side->line[0] == 22 && side->line[5] == (which ? 1 : 2);
      return VERDICT_FOUND;
    }
    if (tls < 0)
      return VERDICT_WAIT;
    return goes_on(s) ? VERDICT_WAIT : VERDICT_NONE;
  }
  if (which == SIDE_CLIENT && side->n_octets == 1 && (octet == 4 || octet == 5) && !s->mid_stream &&
      d->sides[SIDE_SERVER].n_octets == 0)
    d->like_socks = true;
  if (d->like_socks) {
    int socks = looks_like_socks(s);
    if (socks > 0)
      s->app = APP_SOCKS;
    return socks > 0 ? VERDICT_FOUND : socks < 0 ? VERDICT_WAIT : VERDICT_NONE;
  }
  bool control = octet < 0x20 && octet != '\r' && octet != '\n' && octet != '\t';
  if (side->n_octets == 1 && !s->mid_stream && (control || octet >= 0x7f))
    return VERDICT_NONE;
  if (octet == '\n') {
    enum app_verdict verdict = judge_line(s, which);
    if (verdict != VERDICT_WAIT)
      return verdict;
  }
  if (d->n_octets >= DETECT_OCTETS_MAX || side->n_lines >= DETECT_LINES_MAX)
    return nothing_found(s);
  return VERDICT_WAIT;
}

static void
hold(struct detect *d, unsigned which, const uint8_t *p, size_t n, uint32_t frame)
{
  struct detect_piece *last =
      d->pieces->len ? &g_array_index(d->pieces, struct detect_piece, d->pieces->len - 1) : NULL;
  if (n == 0)
    return;
  g_byte_array_append(d->held, p, (guint)n);
  if (last && !last->gap && last->side == which && last->frame == frame) {
    last->n_octets += n;
    return;
  }
  struct detect_piece piece = {.n_octets = n, .frame = frame, .side = (uint8_t)which};
  g_array_append_val(d->pieces, piece);
}

/* Takes the octets of a line up to its end or to the limit, which are feed_octet()'s, as is what
 * begins like TLS. Returns how many. */
static size_t
feed_text(struct detect *d, unsigned which, const uint8_t *p, size_t n)
{
  struct detect_side *side = &d->sides[which];
  bool like_tls = side->n_octets == side->n_line && side->line[0] >= 20 && side->line[0] <= 23;
  if (side->n_octets == 0 || like_tls || d->like_socks || d->n_octets + 1 >= DETECT_OCTETS_MAX)
    return 0;
  n = MIN(n, DETECT_OCTETS_MAX - 1 - d->n_octets);
  const uint8_t *lf = n ? memchr(p, '\n', n) : NULL;
  if (lf)
    n = (size_t)(lf - p);
  size_t room = DETECT_LINE_MAX - side->n_line, take = MIN(n, room);
  memcpy(side->line + side->n_line, p, take);
  side->n_line += take;
  side->n_octets += n;
  d->n_octets += n;
  return n;
}

bool
detect_at_once(struct appsession *s, enum side side, const uint8_t *p, size_t n)
{
  if (s->mid_stream)
    return false;
  if (side == SIDE_CLIENT) {
    bool is_tls = p[0] == 22 && n >= 6 && looks_like_tls(s, p, n) > 0;
    if (is_tls)
      s->app = APP_TLS;
    return is_tls;
  }
  const uint8_t *lf = memchr(p, '\n', MIN(n, DETECT_LINE_MAX));
  if (!lf || p[0] <= 0x20 || p[0] >= 0x7f)
    return false;
  struct detect_side sides[2];
  sides[0].n_strange = sides[1].n_strange = 0;
  sides[0].as_client = sides[1].as_client = 0;
  sides[1].as_server = judge_server(p, line_trim(p, (size_t)(lf - p) + 1), &sides[1].sure_server);
  return sides[1].as_server && decide(s, sides) == VERDICT_FOUND;
}

enum app_verdict
detect_feed(struct appsession *s, enum side side, const uint8_t *p, size_t n, uint32_t frame,
            size_t *n_used)
{
  struct detect *d = s->detect;
  size_t from = 0, used = 0;
  enum app_verdict verdict = VERDICT_WAIT;
  while (used < n && verdict == VERDICT_WAIT) {
    used += feed_text(d, side, p + used, n - used);
    if (used == n)
      break;
    d->n_octets++;
    verdict = feed_octet(s, side, p[used++]);
    if (d->n_octets == 0) /* what was held until here has been dropped */
      from = used;
  }
  hold(d, side, p + from, used - from, frame);
  *n_used = used;
  return verdict;
}

void
detect_gap(struct appsession *s, enum side side, uint64_t n, uint32_t frame)
{
  struct detect *d = s->detect;
  struct detect_piece piece = {.n_octets = n, .frame = frame, .side = (uint8_t)side, .gap = true};
  if (d->pieces->len < DETECT_OCTETS_MAX)
    g_array_append_val(d->pieces, piece);
  d->sides[side].n_octets += n;
  d->sides[side].n_line = 0;
}

/* The last word when the stream has ended: two lines of a POP3 login that got no answer. */
enum app_verdict
detect_end(struct appsession *s)
{
  const struct detect_side *c = &s->detect->sides[SIDE_CLIENT], *v = &s->detect->sides[SIDE_SERVER];
  bool login = c->as_client == (D_POP | D_FTP) && c->n_strange == 0 && c->n_lines >= 2;
  if (!login || v->n_lines > 0 || port_set(s->server_port) & D_FTP)
    return VERDICT_NONE;
  s->app = APP_POP3;
  return VERDICT_FOUND;
}

void
detect_replay(struct appsession *s, struct detect *d)
{
  if (!d)
    return;
  const uint8_t *p = d->held->data;
  for (unsigned i = 0; i < d->pieces->len; i++) {
    struct detect_piece *piece = &g_array_index(d->pieces, struct detect_piece, i);
    bool swapped = s->swapped;
    if (piece->gap) {
      appsession_gap(s, (enum side)piece->side, piece->n_octets, piece->frame);
      continue;
    }
    g_assert(s->swapped == swapped);
    appsession_feed(s, (enum side)piece->side, p, (size_t)piece->n_octets, piece->frame);
    p += piece->n_octets;
  }
}
