/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-audit.c -- the audit command as a script meets it: keys, masks, exit codes, hostile names.
 *
 * Captures are made here: raw IP frames without handshake noise, one segment per line. */
#include <glib.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "capture/wire/bytes.h"
#include "capture/wire/net.h"
#include "capture/wire/tcp.h"

static char *folder;

static void
put_frame(GByteArray *file, bool from_server, uint32_t seq, uint32_t ack, uint16_t flags,
          const char *text, size_t n, uint16_t server_port)
{
  uint8_t record[16] = {0}, frame[1600];
  struct tcp t = {.src_port = from_server ? server_port : 50112,
                  .dst_port = from_server ? 50112 : server_port,
                  .seq = seq,
                  .ack = ack,
                  .header_octets = TCP_OCTETS,
                  .flags = flags,
                  .window = 65000};
  struct ipv4 ip = {.header_octets = IPV4_OCTETS,
                    .total_octets = (uint16_t)(IPV4_OCTETS + TCP_OCTETS + n),
                    .ttl = 64,
                    .proto = IP_PROTO_TCP,
                    .src = {10, 0, 0, from_server ? 2 : 5},
                    .dst = {10, 0, 0, from_server ? 5 : 2}};
  ipv4_put(frame, &ip);
  tcp_put(frame + IPV4_OCTETS, &t);
  memcpy(frame + IPV4_OCTETS + TCP_OCTETS, text, n);
  put_le32(record, 1767225600);    /* 2026-01-01 */
  put_le32(record + 4, file->len); /* microseconds: rising */
  put_le32(record + 8, ip.total_octets);
  put_le32(record + 12, ip.total_octets);
  g_byte_array_append(file, record, sizeof record);
  g_byte_array_append(file, frame, ip.total_octets);
}

/* Lines "C: ..." and "S: ..." become a capture; frames 1 to 3 are the handshake. The path; free it.
 */
static char *
make_capture(const char *name, const char *script, uint16_t server_port)
{
  static const uint8_t head[24] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0,   0, 0, 0,
                                   0,    0,    0,    0,    0, 0, 4, 0, 101, 0, 0, 0};
  g_autoptr(GByteArray) file = g_byte_array_new();
  g_byte_array_append(file, head, sizeof head);
  uint32_t seq[2] = {1000, 2000};
  put_frame(file, false, seq[0]++, 0, TCP_SYN, "", 0, server_port);
  put_frame(file, true, seq[1]++, seq[0], TCP_SYN | TCP_ACK, "", 0, server_port);
  put_frame(file, false, seq[0], seq[1], TCP_ACK, "", 0, server_port);
  g_auto(GStrv) lines = g_strsplit(script, "\n", -1);
  for (int i = 0; lines[i] && lines[i][0]; i++) {
    bool server = lines[i][0] == 'S';
    g_autofree char *text = g_strconcat(lines[i] + 3, "\r\n", NULL);
    put_frame(file, server, seq[server], seq[!server], TCP_ACK | TCP_PSH, text, strlen(text),
              server_port);
    seq[server] += (uint32_t)strlen(text);
  }
  char *path = g_build_filename(folder, name, NULL);
  g_assert_true(g_file_set_contents(path, (const char *)file->data, file->len, NULL));
  return path;
}

/* Runs audit with these arguments (separated by "|"); its exit code. */
static int
audit(const char *arguments, char **out, char **err)
{
  g_autofree char *all = g_strconcat(AUDIT_PROGRAM "|audit|--lang|en|", arguments, NULL);
  g_auto(GStrv) argv = g_strsplit(all, "|", -1);
  int status = 0;
  g_autoptr(GError) error = NULL;
  g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, out, err, &status, &error);
  g_assert_no_error(error);
  g_assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static JsonObject *
object_at(JsonParser *parser, const char *line)
{
  g_autoptr(GError) error = NULL;
  json_parser_load_from_data(parser, line, -1, &error);
  g_assert_no_error(error);
  return json_node_get_object(json_parser_get_root(parser));
}

static void
check_keys(JsonObject *o, const char *keys)
{
  g_autoptr(GList) members = json_object_get_members(o);
  g_autoptr(GString) s = g_string_new(NULL);
  for (GList *m = members; m; m = m->next)
    g_string_append_printf(s, "%s ", (const char *)m->data);
  g_assert_cmpstr(s->str, ==, keys);
}

static const char imap_session[] = "S: * OK ready\nC: a1 LOGIN alice s3cretword\nS: a1 OK in\n";

static void
test_json_has_the_promised_keys(void)
{
  g_autofree char *path = make_capture("keys.pcap", imap_session, 143);
  g_autofree char *arguments = g_strconcat("--format|json|", path, NULL);
  g_autofree char *out = NULL, *err = NULL, *again = NULL;
  g_assert_cmpint(audit(arguments, &out, &err), ==, 0);
  g_assert_cmpstr(err, ==, "");
  g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
  g_assert_cmpuint(g_strv_length(lines), ==, 4);
  g_autoptr(JsonParser) parser = json_parser_new();
  JsonObject *o = object_at(parser, lines[0]);
  check_keys(o, "type protocol mechanism user secret secret_kind encrypted outcome frames stream "
                "client server time confidence ");
  g_assert_cmpstr(json_object_get_string_member(o, "type"), ==, "login");
  g_assert_cmpstr(json_object_get_string_member(o, "protocol"), ==, "imap");
  g_assert_cmpstr(json_object_get_string_member(o, "mechanism"), ==, "LOGIN");
  g_assert_cmpstr(json_object_get_string_member(o, "user"), ==, "alice");
  g_assert_cmpstr(json_object_get_string_member(o, "secret"), ==, "******");
  g_assert_cmpstr(json_object_get_string_member(o, "outcome"), ==, "accepted");
  g_assert_cmpstr(json_object_get_string_member(o, "client"), ==, "10.0.0.5:50112");
  g_assert_cmpstr(json_object_get_string_member(o, "server"), ==, "10.0.0.2:143");
  g_assert_true(
      g_str_has_prefix(json_object_get_string_member(o, "time"), "2026-01-01T00:00:00.000"));
  g_assert_cmpint(json_array_get_int_element(json_object_get_array_member(o, "frames"), 0), ==, 5);
  g_assert_cmpint(json_object_get_int_member(o, "stream"), ==, 0);
  o = object_at(parser, lines[1]);
  check_keys(o, "type rule severity title explanation remediation frames stream evidence outcome "
                "confidence rfc cwe attack streams client server time fingerprint ");
  g_assert_cmpstr(json_object_get_string_member(o, "rule"), ==, "AUTH-001");
  JsonObject *e = json_array_get_object_element(json_object_get_array_member(o, "evidence"), 0);
  check_keys(e, "frame first_byte n_bytes ");
  g_assert_cmpint(json_object_get_int_member(e, "frame"), ==, 5);
  /* 20 octets IP, 20 TCP, 15 of "a1 LOGIN alice " */
  g_assert_cmpint(json_object_get_int_member(e, "first_byte"), ==, 55);
  g_assert_cmpint(json_object_get_int_member(e, "n_bytes"), ==, 10);
  o = object_at(parser, lines[2]);
  check_keys(o, "type files streams logins findings complete ");
  check_keys(json_object_get_object_member(o, "findings"), "critical high medium low info ");
  g_assert_cmpint(json_object_get_int_member(o, "streams"), ==, 1);
  g_assert_true(json_object_get_boolean_member(o, "complete"));
  JsonObject *f = json_array_get_object_element(json_object_get_array_member(o, "files"), 0);
  check_keys(f, "name sha256 frames link mail tls not_judged ");
  g_assert_cmpstr(json_object_get_string_member(f, "link"), ==, "RAW");
  g_assert_cmpint(json_object_get_int_member(f, "frames"), ==, 6);
  g_autofree char *contents = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(path, &contents, &n, NULL));
  g_autofree char *sum =
      g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)contents, n);
  g_assert_cmpstr(json_object_get_string_member(f, "sha256"), ==, sum);
  audit(arguments, &again, NULL);
  g_assert_cmpstr(out, ==, again);
}

static void
test_secrets_are_masked(void)
{
  g_autofree char *path = make_capture("mask.pcap",
                                       "S: 220 mx ESMTP\nC: EHLO pc\nS: 250-mx\nS: 250 AUTH PLAIN\n"
                                       "C: AUTH PLAIN AGFsaWNlAGNhbmFyeXdvcmQ=\nS: 235 ok\n",
                                       25);
  static const char *const formats[] = {"text", "json"};
  for (int i = 0; i < 2; i++) {
    g_autofree char *arguments = g_strconcat("--format|", formats[i], "|", path, NULL);
    g_autofree char *out = NULL, *err = NULL;
    g_assert_cmpint(audit(arguments, &out, &err), ==, 0);
    g_assert_nonnull(strstr(out, "alice"));
    g_assert_nonnull(strstr(out, "******"));
    g_assert_null(strstr(out, "canaryword"));
    g_assert_null(strstr(out, "Y2FuYXJ5d29yZ"));            /* base64 of it */
    g_assert_null(strstr(out, "AGFsaWNlAGNhbmFyeXdvcmQ=")); /* as on the wire */
    g_assert_cmpstr(err, ==, "");
  }
}

static void
test_reveal_needs_a_private_place(void)
{
  g_autofree char *path = make_capture("reveal.pcap", imap_session, 143);
  g_autofree char *private_path = g_build_filename(folder, "private.txt", NULL);
  g_autofree char *open_path = g_build_filename(folder, "open.txt", NULL);
  g_autofree char *to_pipe = g_strconcat("--reveal|", path, NULL);
  g_autofree char *to_private = g_strconcat("--reveal|-o|", private_path, "|", path, NULL);
  g_autofree char *to_open = g_strconcat("--reveal|-o|", open_path, "|", path, NULL);
  g_autofree char *out = NULL, *err = NULL, *text = NULL, *kept = NULL;
  g_assert_cmpint(audit(to_pipe, &out, &err), ==, 2);
  g_assert_cmpstr(out, ==, "");
  g_assert_cmpint(audit(to_private, NULL, NULL), ==, 0);
  struct stat st;
  g_assert_cmpint(stat(private_path, &st), ==, 0);
  g_assert_cmpuint(st.st_mode & 0777, ==, 0600);
  g_assert_true(g_file_get_contents(private_path, &text, NULL, NULL));
  g_assert_nonnull(strstr(text, "s3cretword"));
  g_assert_true(g_file_set_contents(open_path, "kept", -1, NULL));
  g_assert_cmpint(g_chmod(open_path, 0644), ==, 0);
  g_assert_cmpint(audit(to_open, NULL, NULL), ==, 2);
  g_assert_true(g_file_get_contents(open_path, &kept, NULL, NULL));
  g_assert_cmpstr(kept, ==, "kept");
}

static void
test_exit_codes(void)
{
  g_autofree char *bad = make_capture("bad.pcap", imap_session, 143);
  g_autofree char *good = make_capture(
      "good.pcap", "S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\nC: a NOOP\n", 143);
  g_autofree char *cut = g_build_filename(folder, "cut.pcap", NULL);
  g_autofree char *contents = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(bad, &contents, &n, NULL));
  g_assert_true(g_file_set_contents(cut, contents, (gssize)n - 3, NULL));
  const struct {
    const char *options, *path;
    int code;
  } rows[] = {{"--fail-on|critical|", bad, 1}, {"--fail-on|critical|", good, 0},
              {"--fail-on|info|", good, 0},    {"", cut, 4},
              {"", "/nowhere/x.pcap", 3},      {"", folder, 3},
              {"--baseline|x|", bad, 3},       {"--format|xml|", bad, 2},
              {"--fail-on|bad|", bad, 2},      {"--trust|/nowhere/x.pem|", good, 3},
              {"--nonsense|", bad, 2}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *arguments = g_strconcat(rows[i].options, rows[i].path, NULL);
    g_autofree char *err = NULL, *out = NULL;
    g_test_message("%s", arguments);
    g_assert_cmpint(audit(arguments, &out, &err), ==, rows[i].code);
    if (rows[i].code >= 2)
      g_assert_cmpuint(strlen(err), >, 10);
  }
  g_autofree char *arguments = g_strconcat("--format|json|", cut, NULL);
  g_autofree char *out = NULL, *err = NULL;
  audit(arguments, &out, &err);
  g_assert_nonnull(strstr(out, "\"complete\":false"));
}

static void
test_hostile_names_come_out_escaped(void)
{
  g_autofree char *path = make_capture(
      "hostile.pcap", "S: * OK hi\nC: a LOGIN \"x\033[2J\342\200\256\377\" p\nS: a OK\n", 143);
  static const char *const formats[] = {"text", "json"};
  for (int i = 0; i < 2; i++) {
    g_autofree char *arguments = g_strconcat("--format|", formats[i], "|", path, NULL);
    g_autofree char *out = NULL;
    g_assert_cmpint(audit(arguments, &out, NULL), ==, 0);
    g_assert_null(strchr(out, '\033'));
    g_assert_null(strstr(out, "\342\200\256"));
    g_assert_true(g_utf8_validate(out, -1, NULL));
    g_assert_nonnull(strstr(out, i ? "x\\u001b[2J\\u202e\\\\xff" : "x\\u{001b}[2J\\u{202e}\\xff"));
  }
}

static void
test_several_captures_name_their_file(void)
{
  g_autofree char *a = make_capture("a.pcap", imap_session, 143);
  g_autofree char *b =
      make_capture("b.pcap", "S: +OK hi\nC: USER u\nS: +OK\nC: PASS p\nS: -ERR no\n", 110);
  g_autofree char *arguments = g_strconcat("--format|json|", a, "|/nowhere/c.pcap|", b, NULL);
  g_autofree char *out = NULL, *err = NULL;
  g_assert_cmpint(audit(arguments, &out, &err), ==, 3);
  g_assert_nonnull(strstr(err, "/nowhere/c.pcap"));
  g_assert_nonnull(strstr(out, "a.pcap\"}\n"));
  g_assert_nonnull(strstr(out, "b.pcap\"}\n"));
  g_assert_nonnull(strstr(out, "\"logins\":2,"));
  g_assert_nonnull(strstr(out, "AUTH-002"));
}

static char *
sum_of(const char *path)
{
  g_autofree char *contents = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(path, &contents, &n, NULL));
  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)contents, n);
}

/* The capture, many chunks of octets that are no record behind it: the reading stops at them, the
 * digest is the whole file's. */
static char *
make_damaged(void)
{
  g_autofree char *good = make_capture("whole.pcap", imap_session, 143), *contents = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(good, &contents, &n, NULL));
  g_autoptr(GByteArray) file = g_byte_array_new();
  g_byte_array_append(file, (const guint8 *)contents, (guint)n);
  g_byte_array_set_size(file, 700001);
  memset(file->data + n, 0xee, file->len - n);
  char *path = g_build_filename(folder, "damaged.pcap", NULL);
  g_assert_true(g_file_set_contents(path, (const char *)file->data, file->len, NULL));
  return path;
}

static char *
make_gzipped(void)
{
  g_autofree char *good = make_capture("packed.pcap", imap_session, 143), *contents = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(good, &contents, &n, NULL));
  char *path = g_build_filename(folder, "packed.pcap.gz", NULL);
  gzFile gz = gzopen(path, "wb");
  g_assert_cmpint(gzwrite(gz, contents, (unsigned)n), ==, (int)n);
  g_assert_cmpint(gzclose(gz), ==, Z_OK);
  return path;
}

static void
test_digest_is_the_files(void)
{
  g_autofree char *plain = make_capture("sum.pcap", imap_session, 143);
  g_autofree char *damaged = make_damaged(), *gzipped = make_gzipped();
  const char *paths[] = {plain, damaged, gzipped};
  static const struct {
    const char *options;
    bool shown;
  } rows[] = {{"--format|json|", true},
              {"--format|json|--sha256|", true},
              {"--format|json|--no-sha256|", false},
              {"", false},
              {"--sha256|", true},
              {"--sha256|--no-sha256|", false}};
  for (size_t p = 0; p < G_N_ELEMENTS(paths); p++) {
    g_autofree char *sum = sum_of(paths[p]);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
      g_autofree char *arguments = g_strconcat(rows[i].options, paths[p], NULL), *out = NULL;
      g_test_message("%s", arguments);
      g_assert_cmpint(audit(arguments, &out, NULL), ==, p == 1 ? 4 : 0);
      g_assert_cmpint(strstr(out, sum) != NULL, ==, rows[i].shown);
      g_assert_nonnull(strstr(out, "alice"));
    }
  }
}

/* Captures of one feature each: mechanism and outcome of every login in them, "" for none. */
static const struct {
  const char *file, *logins;
} corpus[] = {
    {"imap-auth-login", "imap AUTH LOGIN alice accepted;"},
    {"imap-auth-plain", "imap AUTH PLAIN alice accepted;"},
    {"imap-auth-plain-ir", "imap AUTH PLAIN alice accepted;"},
    {"imap-login-atom", "imap LOGIN alice accepted;"},
    {"imap-login-failed", "imap LOGIN alice rejected;imap LOGIN alice accepted;"},
    {"imap-login-lower", "imap LOGIN alice accepted;"},
    {"imap-login-quoted", "imap LOGIN alice accepted;"},
    {"imap-starttls", ""},
    {"imap-starttls-rejected", "imap LOGIN alice accepted;"},
    {"pop-apop", "pop3 APOP alice accepted;"},
    {"pop-auth-login", "pop3 AUTH LOGIN alice accepted;"},
    {"pop-auth-plain-2step", "pop3 AUTH PLAIN alice accepted;"},
    {"pop-auth-plain-ir", "pop3 AUTH PLAIN alice accepted;"},
    {"pop-lost-user", "pop3 USER/PASS  accepted;"},
    {"pop-retr-body-tricks", "pop3 USER/PASS alice accepted;"},
    {"pop-retransmitted-pass", "pop3 USER/PASS alice accepted;"},
    {"pop-stls", ""},
    {"pop-stls-rejected", "pop3 USER/PASS alice accepted;"},
    {"pop-user-pass", "pop3 USER/PASS alice accepted;"},
    {"pop-user-pass-pipelined", "pop3 USER/PASS alice accepted;"},
    {"smtp-auth-bad535-then-ok", "smtp AUTH PLAIN alice rejected;smtp AUTH PLAIN alice accepted;"},
    {"smtp-auth-login", "smtp AUTH LOGIN alice accepted;"},
    {"smtp-auth-login-ir", "smtp AUTH LOGIN alice accepted;"},
    {"smtp-auth-lowercase", "smtp AUTH LOGIN alice accepted;"},
    {"smtp-auth-plain-2step", "smtp AUTH PLAIN alice accepted;"},
    {"smtp-auth-plain-authzid", "smtp AUTH PLAIN alice accepted;"},
    {"smtp-auth-plain-ir", "smtp AUTH PLAIN alice accepted;"},
    {"smtp-auth-split-segment", "smtp AUTH PLAIN alice accepted;"},
    {"smtp-bytewise", ""},
    {"smtp-data-eom-split", ""},
    {"smtp-multiline-split", ""},
    {"smtp-port-10025", "smtp AUTH PLAIN alice accepted;"},
    {"smtp-starttls", ""},
    {"smtp-starttls-rejected", "smtp AUTH PLAIN alice accepted;"},
    {"smtp-starttls-stripped", "smtp AUTH PLAIN alice accepted;"},
};

static void
test_corpus_of_single_features(void)
{
  const char *root = g_getenv("ENVELOSCOPE_CORPUS");
  if (!root) {
    g_test_skip("ENVELOSCOPE_CORPUS is not set");
    return;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(corpus); i++) {
    g_autofree char *arguments =
        g_strdup_printf("--format|json|%s/onefeature/%s.pcap", root, corpus[i].file);
    g_autofree char *out = NULL;
    g_autoptr(GString) s = g_string_new(NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    audit(arguments, &out, NULL);
    g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
    for (int k = 0; lines[k] && lines[k][0]; k++) {
      JsonObject *o = object_at(parser, lines[k]);
      if (strcmp(json_object_get_string_member(o, "type"), "login") == 0)
        g_string_append_printf(s, "%s %s %s %s;", json_object_get_string_member(o, "protocol"),
                               json_object_get_string_member(o, "mechanism"),
                               json_object_get_string_member(o, "user"),
                               json_object_get_string_member(o, "outcome"));
    }
    g_test_message("%s", corpus[i].file);
    g_assert_cmpstr(s->str, ==, corpus[i].logins);
  }
}

static void
remove_folder(void)
{
  GDir *dir = g_dir_open(folder, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name(dir))) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_unlink(path);
  }
  g_dir_close(dir);
  g_rmdir(folder);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = g_dir_make_tmp("audit-XXXXXX", NULL);
  g_test_add_func("/audit/json-has-the-promised-keys", test_json_has_the_promised_keys);
  g_test_add_func("/audit/secrets-are-masked", test_secrets_are_masked);
  g_test_add_func("/audit/reveal-needs-a-private-place", test_reveal_needs_a_private_place);
  g_test_add_func("/audit/exit-codes", test_exit_codes);
  g_test_add_func("/audit/hostile-names-come-out-escaped", test_hostile_names_come_out_escaped);
  g_test_add_func("/audit/several-captures-name-their-file", test_several_captures_name_their_file);
  g_test_add_func("/audit/digest-is-the-files", test_digest_is_the_files);
  g_test_add_func("/audit/corpus-of-single-features", test_corpus_of_single_features);
  int result = g_test_run();
  remove_folder();
  g_free(folder);
  return result;
}
