/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-canary.c -- a secret of each login mechanism, however it is cut, repeated or fragmented, is
 * flagged in every field that shows it and appears in no default output of the program.
 *
 *     script of a login ──> one capture per way of sending it ──> decode_frame(): flags
 *                                                             └─> the program: what it prints
 *
 * Each secret is looked for in windows of 8 octets, so that a piece of it counts as well: as it is,
 * in hexadecimal (between blanks, colons or percent signs too), escaped for URLs, in base64. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>

#include "capture/decode/decode.h"
#include "capture/wire/bytes.h"
#include "tests/trace/packets.h"

#define P "zQ7#kXv9&Wp3!Lm="                 /* a password, fit for an atom of IMAP */
#define D "0f1e2d3c4b5a69788796a5b4c3d2e1f0" /* a digest */
#define R "gT4hJ8kL2mN6pQ0rS3tU7vWx"         /* the 24 octets of an NTLM response */
#define NTLM_1 "NTLMSSP\\000\\001\\000\\000\\000\\007\\002\\000\\000"
#define NTLM_3                                                                                     \
  "NTLMSSP\\000\\003\\000\\000\\000\\000\\000\\000\\000\\100\\000\\000\\000"                       \
  "\\030\\000\\030\\000\\100\\000\\000\\000\\000\\000\\000\\000\\130\\000\\000\\000"               \
  "\\005\\000\\005\\000\\130\\000\\000\\000\\000\\000\\000\\000\\135\\000\\000\\000"               \
  "\\000\\000\\000\\000\\135\\000\\000\\000\\001\\002\\000\\000" R "alice"

#define SMTP "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\n"
#define POP "S: +OK ready <17.4@pop.test>\n"
#define IMAP "S: * OK ready\n"

/* One line per turn; "c:" and "s:" send no line end. "[...]" is sent in base64; \ooo is an octet.
 */
struct login_case {
  const char *name;
  const char *script;
  const char *secret;
  const char *keys[4]; /* fields that are there and flagged */
};

static const struct login_case cases[] = {
    {"pop-pass",
     POP "C: USER alice\nS: +OK\nC: PASS " P "\nS: +OK in\n",
     P,
     {"pop.request.parameter", "pop.request"}},
    {"pop-pass-rejected",
     POP "C: USER alice\nS: +OK\nC: pass  two words " P "\nS: -ERR no\n",
     P,
     {"pop.request.parameter", "pop.request"}},
    {"pop-apop", POP "C: APOP alice " D "\nS: +OK in\n", D, {"pop.request.parameter"}},
    {"pop-auth-plain-initial",
     POP "C: AUTH PLAIN [\\000alice\\000" P "]\nS: +OK in\n",
     P,
     {"pop.request.parameter", "enveloscope.auth.secret"}},
    {"pop-auth-plain",
     POP "C: AUTH PLAIN\nS: + \nC: [\\000alice\\000" P "]\nS: +OK in\n",
     P,
     {"pop.request.data", "pop.request", "enveloscope.auth.secret"}},
    {"pop-auth-login",
     POP "C: AUTH LOGIN\nS: + [Username:]\nC: [alice]\nS: + [Password:]\nC: [" P "]\nS: -ERR no\n",
     P,
     {"pop.request.data", "enveloscope.auth.secret"}},
    {"pop-auth-cram-md5",
     POP "C: AUTH CRAM-MD5\nS: + [<1@pop.test>]\nC: [alice " D "]\nS: +OK in\n",
     D,
     {"pop.request.data", "enveloscope.auth.secret"}},
    {"pop-auth-xoauth2",
     POP "C: AUTH XOAUTH2 [user=alice\\001auth=Bearer " P "\\001\\001]\nS: +OK in\n",
     P,
     {"pop.request.parameter", "enveloscope.auth.secret"}},
    {"smtp-plain-initial",
     SMTP "C: AUTH PLAIN [\\000alice\\000" P "]\nS: 235 in\n",
     P,
     {"smtp.auth.username_password", "smtp.req.parameter", "smtp.command_line",
      "enveloscope.auth.secret"}},
    {"smtp-plain",
     SMTP "C: AUTH PLAIN\nS: 334 \nC: [bob\\000alice\\000" P "]\nS: 535 no\n",
     P,
     {"smtp.auth.username_password", "smtp.command_line", "enveloscope.auth.secret"}},
    {"smtp-login",
     SMTP "C: AUTH LOGIN\nS: 334 [Username:]\nC: [alice]\nS: 334 [Password:]\nC: [" P
          "]\nS: 235 in\n",
     P,
     {"smtp.auth.password", "smtp.command_line", "enveloscope.auth.secret"}},
    {"smtp-login-initial",
     SMTP "C: AUTH LOGIN [alice]\nS: 334 [Password:]\nC: [" P "]\nS: 235 in\n",
     P,
     {"smtp.auth.password", "smtp.command_line", "enveloscope.auth.secret"}},
    {"smtp-cram-md5",
     SMTP "C: AUTH CRAM-MD5\nS: 334 [<1@mx>]\nC: [alice " D "]\nS: 235 in\n",
     D,
     {"smtp.command_line", "enveloscope.auth.secret"}},
    {"smtp-digest-md5",
     SMTP "C: AUTH DIGEST-MD5\nS: 334 [realm=\"r\",nonce=\"n\",qop=\"auth\",algorithm=md5-sess]\n"
          "C: [username=\"alice\",realm=\"r\",nonce=\"n\",cnonce=\"c\",nc=00000001,qop=auth,"
          "digest-uri=\"smtp/mx\",response=" D "]\nS: 235 in\n",
     D,
     {"smtp.command_line", "enveloscope.auth.secret"}},
    {"smtp-ntlm",
     SMTP "C: AUTH NTLM [" NTLM_1 "]\nS: 334 [NTLMSSP\\000\\002\\000\\000\\000]\nC: [" NTLM_3
          "]\nS: 235 in\n",
     R,
     {"smtp.command_line", "enveloscope.auth.secret"}},
    {"smtp-scram",
     SMTP "C: AUTH SCRAM-SHA-256 [n,,n=alice,r=abc]\nS: 334 [r=abcdef,s=c2FsdA==,i=4096]\n"
          "C: [c=biws,r=abcdef,p=" D "]\nS: 235 in\n",
     D,
     {"smtp.command_line", "enveloscope.auth.secret"}},
    {"smtp-xoauth2",
     SMTP "C: AUTH XOAUTH2 [user=alice\\001auth=Bearer " P "\\001\\001]\nS: 235 in\n",
     P,
     {"smtp.req.parameter", "smtp.command_line", "enveloscope.auth.secret"}},
    {"smtp-oauthbearer",
     SMTP "C: AUTH OAUTHBEARER [n,a=alice,\\001host=mx\\001auth=Bearer " P
          "\\001\\001]\nS: 235 in\n",
     P,
     {"smtp.req.parameter", "smtp.command_line", "enveloscope.auth.secret"}},
    {"smtp-unknown-mechanism",
     SMTP "C: AUTH X-OWN [" P "]\nS: 504 no\n",
     P,
     {"smtp.req.parameter", "smtp.command_line"}},
    {"smtp-no-base64",
     SMTP "C: AUTH LOGIN\nS: 334 [Username:]\nC: [alice]\nS: 334 [Password:]\nC: " P
          "\nS: 501 no\n",
     P,
     {"smtp.command_line"}},
    {"imap-login-atom",
     IMAP "C: a1 LOGIN alice " P "\nS: a1 OK in\n",
     P,
     {"imap.request.password", "imap.request", "imap.line"}},
    {"imap-login-quoted",
     IMAP "C: a1 login \"alice\" \"x y\\134\"" P "\"\nS: a1 NO no\n",
     P,
     {"imap.request.password", "imap.request", "imap.line"}},
    {"imap-login-literal",
     IMAP "C: a1 LOGIN {5}\nS: + go\nC: alice {16}\nS: + go\nC: " P "\nS: a1 OK in\n",
     P,
     {"enveloscope.imap.literal"}},
    {"imap-login-literal-plus",
     IMAP "C: a1 LOGIN {5+}\nC: alice {16+}\nC: " P "\nS: a1 OK in\n",
     P,
     {"enveloscope.imap.literal"}},
    {"imap-authenticate-plain-initial",
     IMAP "C: a1 AUTHENTICATE PLAIN [\\000alice\\000" P "]\nS: a1 OK in\n",
     P,
     {"imap.request", "imap.line", "enveloscope.auth.secret"}},
    {"imap-authenticate-plain",
     IMAP "C: a1 AUTHENTICATE PLAIN\nS: + \nC: [\\000alice\\000" P "]\nS: a1 OK in\n",
     P,
     {"imap.line", "enveloscope.auth.secret"}},
    {"imap-authenticate-login",
     IMAP "C: a1 AUTHENTICATE LOGIN\nS: + [Username:]\nC: [alice]\nS: + [Password:]\nC: [" P
          "]\nS: a1 OK in\n",
     P,
     {"imap.line", "enveloscope.auth.secret"}},
    {"imap-authenticate-cram-md5",
     IMAP "C: a1 AUTHENTICATE CRAM-MD5\nS: + [<1@imap>]\nC: [alice " D "]\nS: a1 OK in\n",
     D,
     {"imap.line", "enveloscope.auth.secret"}},
    {"imap-authenticate-xoauth2",
     IMAP "C: a1 AUTHENTICATE XOAUTH2 [user=alice\\001auth=Bearer " P "\\001\\001]\nS: a1 OK in\n",
     P,
     {"imap.request", "imap.line", "enveloscope.auth.secret"}},
    {"socks-password",
     "c: \\005\\001\\002\ns: \\005\\002\nc: \\001\\005alice\\020" P "\ns: \\001\\000\n",
     P,
     {"socks.password"}},
    {"http-connect-basic",
     "C: CONNECT mx.test:25 HTTP/1.1\nC: Proxy-Authorization: Basic [alice:" P "]\nC: \n"
     "S: HTTP/1.1 200 OK\nS: \n",
     P,
     {"http.proxy_authorization", "http.request.line"}},
};

enum { PIECE_OCTETS = 11, FRAGMENT_OCTETS = 24, WINDOW_OCTETS = 8 };

/* ---- looking for secrets ---- */

static GHashTable *windows; /* guint64: 8 octets of a secret -> the case's name */

static guint64
pack(const char *p)
{
  return get_be64((const uint8_t *)p);
}

static void
add_windows(const char *secret, const char *name)
{
  for (size_t i = 0; i + WINDOW_OCTETS <= strlen(secret); i++) {
    guint64 *window = g_new(guint64, 1);
    *window = pack(secret + i);
    g_hash_table_insert(windows, window, (gpointer)(uintptr_t)name);
  }
}

static const char *
find_plain(const char *text, size_t n)
{
  for (size_t i = 0; i + WINDOW_OCTETS <= n; i++) {
    guint64 window = pack(text + i);
    const char *name = g_hash_table_lookup(windows, &window);
    if (name)
      return name;
  }
  return NULL;
}

/* Pairs of hexadecimal digits, whatever blanks, colons and percent signs stand between them. */
static const char *
find_hex(const char *text)
{
  guint64 value = 0;
  unsigned n_digits = 0;
  for (; *text; text++) {
    if (strchr(" :%", *text))
      continue;
    if (!g_ascii_isxdigit(*text)) {
      n_digits = 0;
      continue;
    }
    value = value << 4 | (guint64)g_ascii_xdigit_value(*text);
    const char *name =
        ++n_digits >= 2 * WINDOW_OCTETS ? g_hash_table_lookup(windows, &value) : NULL;
    if (name)
      return name;
  }
  return NULL;
}

/* UTF-16 in hexadecimal, either order of octets, or escaped: what is left when the zeros go. */
static const char *
find_wide(const char *text)
{
  for (unsigned phase = 0; phase < 2; phase++) {
    g_autoptr(GByteArray) octets = g_byte_array_new();
    unsigned n_digits = 0;
    uint8_t value = 0;
    for (const char *p = text; *p; p++) {
      if (strchr(" :%", *p))
        continue;
      if (!g_ascii_isxdigit(*p)) {
        n_digits = 0;
        g_byte_array_append(octets, (const uint8_t *)"|", 1);
        continue;
      }
      value = (uint8_t)(value << 4 | g_ascii_xdigit_value(*p));
      if (++n_digits > phase && (n_digits - phase) % 2 == 0 && value)
        g_byte_array_append(octets, &value, 1);
    }
    const char *name = find_plain((const char *)octets->data, octets->len);
    if (name)
      return name;
  }
  return NULL;
}

/* The name of a case whose secret, or a piece of it, this text shows; NULL when there is none. */
static const char *
find_secret(const char *text)
{
  const char *name = find_plain(text, strlen(text));
  if (!name)
    name = find_hex(text);
  if (!name)
    name = find_wide(text);
  if (name || !strchr(text, '%'))
    return name;
  g_autoptr(GString) plain = g_string_new(NULL);
  for (const char *p = text; *p; p++) {
    bool escape = *p == '%' && g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2]);
    g_string_append_c(
        plain, escape ? (char)(g_ascii_xdigit_value(p[1]) << 4 | g_ascii_xdigit_value(p[2])) : *p);
    p += escape ? 2 : 0;
  }
  return find_plain(plain->str, plain->len);
}

/* The secrets, and the base64 of each at the three alignments. */
static void
collect_secrets(void)
{
  windows = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    const char *secret = cases[i].secret;
    add_windows(secret, cases[i].name);
    for (size_t skip = 0; skip < 3; skip++) {
      g_autofree char *text =
          g_base64_encode((const uint8_t *)secret + skip, (strlen(secret) - skip) / 3 * 3);
      add_windows(text, cases[i].name);
    }
  }
}

/* ---- making the captures ---- */

enum way { WHOLE, PIECES, REPEATED, PIECES_THEN_WHOLE, SWAPPED, FRAGMENTS, N_WAYS };

static const char *const way_names[N_WAYS] = {
    "whole", "pieces", "repeated", "pieces-then-whole", "swapped", "fragments"};

/* Resolves \ooo and "[...]"; base64 that holds the secret is looked for, too. */
static GByteArray *
line_octets(const char *line, bool has_end, const struct login_case *c)
{
  GByteArray *out = g_byte_array_new();
  guint from = 0;
  for (const char *p = line; *p; p++) {
    uint8_t octet = (uint8_t)*p;
    if (*p == '[') {
      from = out->len;
      continue;
    }
    if (*p == ']') {
      g_autofree char *text = g_base64_encode(out->data + from, out->len - from);
      const uint8_t *at = memmem(out->data + from, out->len - from, c->secret, strlen(c->secret));
      if (at) /* from the secret on: what stands before it is none */
        add_windows(text + (size_t)(at - out->data - from) / 3 * 4, c->name);
      g_byte_array_set_size(out, from);
      g_byte_array_append(out, (const uint8_t *)text, (guint)strlen(text));
      continue;
    }
    if (*p == '\\') {
      octet = (uint8_t)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
      p += 3;
    }
    g_byte_array_append(out, &octet, 1);
  }
  if (has_end)
    g_byte_array_append(out, (const uint8_t *)"\r\n", 2);
  return out;
}

struct sender {
  struct packets_feed feed;
  uint16_t port;
  uint32_t seq[2];
  enum way way;
};

static void
send_octets(struct sender *s, unsigned from, uint32_t seq, uint16_t flags, const uint8_t *p,
            size_t n)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_byte_array_append(octets, p, (guint)n);
  g_autoptr(GByteArray) frame = packets_tcp(&(struct packets_segment){
      .from = from, .seq = seq, .ack = s->seq[!from], .flags = flags, .octets = octets});
  put_be16(frame->data + (from ? 22 : 20), s->port);
  if (s->way == FRAGMENTS && n > FRAGMENT_OCTETS) {
    g_autoptr(GPtrArray) parts =
        packets_fragments(frame, (uint16_t)(seq & 0xffff), FRAGMENT_OCTETS);
    for (guint i = 0; i < parts->len; i++)
      packets_append(&s->feed, parts->pdata[i], 1000);
  } else {
    packets_append(&s->feed, frame, 1000);
  }
}

static void
send_line(struct sender *s, unsigned from, const GByteArray *line)
{
  const uint16_t flags = TCP_ACK | TCP_PSH;
  uint32_t seq = s->seq[from];
  bool pieces = from == 0 && (s->way == PIECES || s->way == PIECES_THEN_WHOLE || s->way == SWAPPED);
  if (!pieces) {
    for (unsigned i = 0; i < (s->way == REPEATED && from == 0 ? 2u : 1u); i++)
      send_octets(s, from, seq, flags, line->data, line->len);
  }
  for (guint at = 0; pieces && at < line->len; at += PIECE_OCTETS) {
    guint n = MIN(PIECE_OCTETS, line->len - at), next = at + n;
    guint n_next = MIN(PIECE_OCTETS, line->len - next);
    if (s->way == SWAPPED && n_next)
      send_octets(s, from, seq + next, flags, line->data + next, n_next);
    send_octets(s, from, seq + at, flags, line->data + at, n);
    if (s->way == SWAPPED)
      at += n_next;
  }
  if (from == 0 && s->way == PIECES_THEN_WHOLE)
    send_octets(s, from, seq, flags, line->data, line->len);
  s->seq[from] += line->len;
}

/* All cases as streams 0, 1, ... of one trace, in order. */
static struct trace *
make_trace(enum way way)
{
  struct sender s = {.feed = packets_begin(LINK_RAW), .way = way};
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    s.port = (uint16_t)(2000 + i);
    s.seq[0] = 1000;
    s.seq[1] = 5000;
    send_octets(&s, 0, 999, TCP_SYN, NULL, 0);
    send_octets(&s, 1, 4999, TCP_SYN | TCP_ACK, NULL, 0);
    g_auto(GStrv) lines = g_strsplit(cases[i].script, "\n", -1);
    for (unsigned k = 0; lines[k] && lines[k][0]; k++) {
      bool client = strchr("Cc", lines[k][0]);
      bool has_end = g_ascii_isupper(lines[k][0]);
      g_autoptr(GByteArray) line = line_octets(lines[k] + 3, has_end, &cases[i]);
      send_line(&s, !client, line);
    }
  }
  trace_finish(s.feed.trace);
  return s.feed.trace;
}

static struct trace *traces[N_WAYS];

/* ---- fields ---- */

static void
test_flags(gconstpointer data)
{
  enum way way = (enum way)GPOINTER_TO_UINT(data);
  struct decode *d = decode_new(traces[way]);
  bool found[G_N_ELEMENTS(cases)][4] = {0};
  decode_set_reveal(d, true);
  for (uint32_t i = 0; i < trace_n_frames(traces[way]); i++) {
    decode_frame(d, i);
    const struct trace_frame frame = trace_frame(traces[way], i);
    for (unsigned k = 0; k < decode_n_fields(d); k++) {
      const struct field *f = decode_field(d, k);
      bool flagged = f->flags & FIELD_FLAG_SECRET;
      if (frame.flow == TRACE_NONE)
        continue;
      uint32_t stream = trace_flow(traces[way], frame.flow)->stream;
      g_assert_cmpuint(stream, <, G_N_ELEMENTS(cases));
      for (unsigned n = 0; n < 4 && cases[stream].keys[n]; n++)
        if (flagged && strcmp(cases[stream].keys[n], f->def->key) == 0)
          found[stream][n] = true;
      if (!flagged && find_secret(decode_value(d, f)))
        g_error("%s, %s, frame %u: %s shows a secret without the flag: %s", cases[stream].name,
                way_names[way], i + 1, f->def->key, decode_value(d, f));
    }
  }
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
    for (unsigned n = 0; n < 4 && cases[i].keys[n]; n++)
      if (!found[i][n])
        g_error("%s, %s: no %s with the flag", cases[i].name, way_names[way], cases[i].keys[n]);
  decode_free(d);
}

/* ---- what the program prints ---- */

static char *folder;

static char *
run(const char *arguments)
{
  g_autofree char *line = g_strdup_printf("%s %s", g_getenv("ENVELOSCOPE_CAPTURE"), arguments);
  g_auto(GStrv) argv = NULL;
  char *out = NULL;
  int status = 0;
  g_assert_true(g_shell_parse_argv(line, NULL, &argv, NULL));
  g_assert_true(g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, &out, NULL, &status, NULL));
  if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 4))
    g_error("“%s” ended with %d", line, status);
  return out;
}

/* Every key with a value that can show wire text. */
static char *
all_keys(void)
{
  GString *out = g_string_new("decode -T fields");
  size_t n;
  const struct field_def *const *defs = field_defs(&n);
  for (size_t i = 0; i < n; i++)
    g_string_append_printf(out, " -e %s", defs[i]->key);
  return g_string_free(out, FALSE);
}

static void
check_output(const char *command, const char *path)
{
  g_autofree char *arguments = g_strdup_printf("%s -r %s", command, path);
  g_autofree char *out = run(arguments);
  g_assert_cmpuint(strlen(out), >, 0);
  const char *name = find_secret(out);
  if (name)
    g_error("“%.60s” on %s shows the secret of %s", command, path, name);
}

/* The audit names its captures without -r, and tells all logins of the file. */
static void
check_audits(const char *path)
{
  static const char *const formats[] = {"text", "json", "csv", "html", "sarif", "zeek"};
  for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
    g_autofree char *arguments = g_strdup_printf("audit --format %s %s", formats[i], path);
    g_autofree char *out = run(arguments);
    g_assert_nonnull(strstr(out, "alice"));
    const char *name = find_secret(out);
    if (name)
      g_error("“audit --format %s” on %s shows the secret of %s", formats[i], path, name);
  }
}

static void
test_outputs(gconstpointer data)
{
  enum way way = (enum way)GPOINTER_TO_UINT(data);
  static const char *const formats[] = {"dialogue", "raw", "hex", "json"};
  static const char *const commands[] = {"decode",
                                         "decode -T json",
                                         "decode -T tree",
                                         "flows --format text",
                                         "flows --format json",
                                         "flows --format csv",
                                         "flows --table endpoints",
                                         "flows --table protocols",
                                         "flows --table expert",
                                         "flows --series 0"};
  g_autofree char *path = g_strdup_printf("%s/%s.pcapng", folder, way_names[way]);
  packets_write(path, traces[way]);
  for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
    check_output(commands[i], path);
  check_audits(path);
  g_autofree char *fields = all_keys();
  check_output(fields, path);
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
    for (unsigned k = 0; k < G_N_ELEMENTS(formats); k++) {
      g_autofree char *follow = g_strdup_printf("follow -s %u --format %s", i, formats[k]);
      check_output(follow, path);
    }
  g_unlink(path);
}

/* The search itself: it finds what it looks for, and each secret is on the wire. */
static void
test_search_finds(void)
{
  static const char *const shown[] = {"x " P " y",
                                      "7a:51:37:23:6b:58:76:39:26",
                                      "7a5137236B587639",
                                      "00 7a 51 37 23 6b 58 76 39",
                                      "%7A%51%37%23%6B%58%76%39",
                                      "zQ7%23kXv9%26Wp3%21Lm%3D",
                                      "7a0051003700230 06b005800760039002600",
                                      "00:7a:00:51:00:37:00:23:00:6b:00:58:00:76:00:39"};
  for (unsigned i = 0; i < G_N_ELEMENTS(shown); i++)
    g_assert_nonnull(find_secret(shown[i]));
  g_assert_null(find_secret("zQ7#kXv zQ7#kXv8"));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_assert_nonnull(g_getenv("ENVELOSCOPE_CAPTURE"));
  folder = g_dir_make_tmp("enveloscope-canary-XXXXXX", NULL);
  collect_secrets();
  g_test_add_func("/canary/the-search-finds", test_search_finds);
  for (unsigned w = 0; w < N_WAYS; w++) {
    traces[w] = make_trace((enum way)w);
    g_autofree char *flags = g_strdup_printf("/canary/flags/%s", way_names[w]);
    g_autofree char *outputs = g_strdup_printf("/canary/outputs/%s", way_names[w]);
    g_test_add_data_func(flags, GUINT_TO_POINTER(w), test_flags);
    g_test_add_data_func(outputs, GUINT_TO_POINTER(w), test_outputs);
  }
  int result = g_test_run();
  for (unsigned w = 0; w < N_WAYS; w++)
    trace_free(traces[w]);
  g_hash_table_unref(windows);
  g_rmdir(folder);
  g_free(folder);
  return result;
}
