/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-filter-tshark.c -- tshark as a judge of the filter language: the same frames for every
 * filter of the list over every capture, the same texts refused.
 *
 *     each capture ──> tshark, once, with a script that listens to every filter
 *               └─> our decoder ──filter──> the same lists of frames
 *
 * tshark takes one -Y, so a Lua script opens a listener for each filter; a text that is no filter
 * makes no listener. Where tshark differs for a reason, a row of the exceptions says which. */
#include <glib/gstdio.h>
#include <string.h>

#include "capture/filter/filter.h"
#include "tests/decode/filter-list.h"
#include "tests/trace/packets.h"

static const char lua[] =
    "local out = io.open(os.getenv('FILTER_OUT'), 'w')\n"
    "local n = 0\n"
    "for line in io.lines(os.getenv('FILTER_IN')) do\n"
    "  n = n + 1\n"
    "  local number, frames = n, {}\n"
    "  local fine, tap = pcall(Listener.new, 'frame', line)\n"
    "  if fine then\n"
    "    tap.packet = function(info) frames[#frames + 1] = tostring(info.number) end\n"
    "    tap.draw = function()\n"
    "      out:write(number, ' ', table.concat(frames, ' '), '\\n') out:flush()\n"
    "    end\n"
    "  else\n"
    "    out:write(number, ' refused\\n') out:flush()\n"
    "  end\n"
    "end\n";

struct exception {
  const char *file;   /* its beginning */
  const char *filter; /* a part of it */
  const char *reason;
};

static const struct exception exceptions[] = {
#define QUOTED "what ICMP quotes belongs to no stream and holds no mail at this place"
    {"zeek__smtp.pcap", "tcp.stream == 0", QUOTED},
    {"zeek__smtp.pcap", "tcp.window_size_scalefactor", QUOTED},
    {"zeek__smtp.pcap", "smtp", QUOTED},
#define PIECE "a segment that a later one completes, or repeats, is named after what is in it"
    {"zeek__smtp.pcap", "frame.protocols == ", PIECE},
    {"zeek__smtp.pcap", "tls", PIECE},
    {"arkime__imap.pcap", "frame.protocols == ", PIECE},
    {"suricata-verify__smtp-bug-598", "smtp", PIECE},
    {"suricata-verify__smtp-bug-598", "frame.protocols == ", PIECE},
#define BASE64 "tshark takes a base64 line of an AUTH exchange for a command"
    {"suricata-verify__smtp-bug-5989.pcap", "smtp.req.command", BASE64},
#define BDAT "tshark takes BDAT chunks and the commands behind them for one message text"
    {"suricata-verify__smtp-bdat-pipelined-next-mail.pcap", "smtp.req", BDAT},
#define PIPELINED "tshark takes MAIL, RCPT and DATA pipelined with the text for message text"
    {"suricata-verify__smtp-pipelining.pcap", "smtp.req", PIPELINED},
    {"smtp-multiline-split.pcap", "smtp.r",
     "tshark forgets the lines of a reply that came in an earlier segment"},
    {"smtp-port-10025.pcap", "smtp", "tshark goes by the port"},
    {"smtp-port-10025.pcap", "pop", "tshark goes by the port"},
#define HOLE "what stands behind a lost segment is read once the hole is given up, in a later frame"
    {"pop-lost-user.pcap", "pop", HOLE},
    {"pop-lost-user.pcap", "frame.protocols == ", HOLE},
    {"pop-retransmitted-pass.pcap", "frame.protocols == ", PIECE},
    {"imap-auth-", "imap.request",
     "a line that answers AUTHENTICATE is no request, tshark takes it for one"},
    {"traceroute", "udp.stream == 0", QUOTED},
    {"path-mtu", "tcp.stream == 0", QUOTED},
    {"path-mtu", "frame.protocols == ", PIECE},
    {"tcp-bad-checksum", "frame.protocols == ", PIECE},
    {NULL, NULL, NULL},
};

static bool
is_excepted(const char *file, const char *filter)
{
  for (const struct exception *e = exceptions; e->file; e++)
    if (g_str_has_prefix(file, e->file) && strstr(filter, e->filter))
      return true;
  return false;
}

/* One line per filter, as the script writes them; [i] is that of texts[i]. NULL without Lua. */
static char **
ask_tshark(const char *folder, const char *capture, const char *const *texts)
{
  g_autofree char *in = g_build_filename(folder, "in", NULL);
  g_autofree char *out = g_build_filename(folder, "out", NULL);
  g_autofree char *script = g_build_filename(folder, "listen.lua", NULL);
  g_autofree char *joined = g_strjoinv("\n", (char **)(uintptr_t)texts);
  g_assert_true(g_file_set_contents(in, joined, -1, NULL));
  g_assert_true(g_file_set_contents(script, lua, -1, NULL));
  g_unlink(out);
  g_setenv("FILTER_IN", in, TRUE);
  g_setenv("FILTER_OUT", out, TRUE);
  g_autofree char *option = g_strconcat("lua_script:", script, NULL);
  const char *const argv[] = {"tshark", "-q", "-X", option, "-r", capture, NULL};
  g_free(packets_run(argv)); /* the script's answer lies in a file */
  g_autofree char *answer = NULL;
  if (!g_file_get_contents(out, &answer, NULL, NULL) || !*answer)
    return NULL;
  guint n = g_strv_length((char **)(uintptr_t)texts);
  char **lines = g_new0(char *, n + 1);
  for (guint i = 0; i < n; i++)
    lines[i] = g_strdup("");
  g_auto(GStrv) rows = g_strsplit(answer, "\n", -1);
  for (char **row = rows; *row && **row; row++) {
    guint64 number = g_ascii_strtoull(*row, NULL, 10);
    g_assert_cmpuint(number, >=, 1);
    g_assert_cmpuint(number, <=, n);
    g_free(lines[number - 1]);
    lines[number - 1] = g_strdup(strchr(*row, ' ') + 1);
  }
  return lines;
}

/* Every frame is decoded once and all filters look at it. */
static void
our_answers(const char *path, GPtrArray *filters, GPtrArray *answers)
{
  g_autoptr(trace_owned) t = trace_new();
  g_assert_true(trace_load_file(t, path, NULL, NULL));
  struct decode *d = decode_new(t);
  for (uint32_t k = 0; k < trace_n_frames(t); k++) {
    decode_frame(d, k);
    for (guint i = 0; i < filters->len; i++)
      if (filter_match(g_ptr_array_index(filters, i), d)) {
        GString *frames = g_ptr_array_index(answers, i);
        g_string_append_printf(frames, "%s%u", frames->len ? " " : "", k + 1);
      }
  }
  decode_free(d);
}

static void
string_free(gpointer data)
{
  g_string_free(data, TRUE);
}

struct judged {
  unsigned n_captures, n_different, n_selected;
};

static void
compare_capture(struct judged *j, const char *folder, const char *path, const char *file)
{
  g_autoptr(GPtrArray) filters = g_ptr_array_new_with_free_func((GDestroyNotify)filter_free);
  g_autoptr(GPtrArray) answers = g_ptr_array_new_with_free_func(string_free);
  for (const char *const *text = filter_list; *text; text++) {
    struct filter_error error;
    struct filter *f = filter_compile(*text, &error);
    if (!f)
      g_error("%s: %s", *text, error.message);
    g_ptr_array_add(filters, f);
    g_ptr_array_add(answers, g_string_new(NULL));
  }
  g_auto(GStrv) theirs = ask_tshark(folder, path, filter_list);
  g_assert_nonnull(theirs);
  our_answers(path, filters, answers);
  for (guint i = 0; filter_list[i]; i++) {
    const GString *ours = g_ptr_array_index(answers, i);
    j->n_selected += ours->len > 0;
    if (strcmp(ours->str, theirs[i]) == 0 || is_excepted(file, filter_list[i]))
      continue;
    g_test_message("%s: %s\n  ours   %.600s\n  tshark %.600s", file, filter_list[i], ours->str,
                   theirs[i]);
    j->n_different++;
  }
  j->n_captures++;
}

static bool
can_judge(const char *folder)
{
  g_autofree char *tshark = g_find_program_in_path("tshark");
  g_autofree char *empty = g_build_filename(folder, "empty.pcap", NULL);
  static const uint8_t head[24] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, [16] = 0xff, 0xff, [20] = 1};
  g_assert_true(g_file_set_contents(empty, (const char *)head, sizeof head, NULL));
  static const char *const one[] = {"tcp.nosuch", NULL};
  g_auto(GStrv) answer = tshark ? ask_tshark(folder, empty, one) : NULL;
  if (!answer)
    g_test_skip(tshark ? "this tshark runs no Lua script" : "tshark is not installed");
  return answer != NULL;
}

static void
remove_folder(char *folder)
{
  static const char *const files[] = {"in", "out", "listen.lua", "empty.pcap", "run.pcapng"};
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(folder, files[i], NULL);
    g_unlink(path);
  }
  g_rmdir(folder);
  g_free(folder);
}

static void
compare_folder(struct judged *j, const char *folder, const char *captures)
{
  g_autoptr(GDir) dir = g_dir_open(captures, 0, NULL);
  g_assert_nonnull(dir);
  for (const char *file; (file = g_dir_read_name(dir)) != NULL;) {
    g_autofree char *path = g_build_filename(captures, file, NULL);
    if (g_str_has_suffix(file, ".pcap") || g_str_has_suffix(file, ".pcapng"))
      compare_capture(j, folder, path, file);
  }
}

static void
test_corpus(gconstpointer data)
{
  const char *corpus = g_getenv("ENVELOSCOPE_CORPUS");
  if (!corpus) {
    g_test_skip("ENVELOSCOPE_CORPUS is not set");
    return;
  }
  char *folder = g_dir_make_tmp("filter-XXXXXX", NULL);
  g_autofree char *captures = g_build_filename(corpus, data, NULL);
  struct judged j = {0};
  if (can_judge(folder)) {
    compare_folder(&j, folder, captures);
    g_test_message("%u captures, %u answers that are not empty", j.n_captures, j.n_selected);
    g_assert_cmpuint(j.n_captures, >, 5);
    g_assert_cmpuint(j.n_selected, >, j.n_captures * 20);
    g_assert_cmpuint(j.n_different, ==, 0);
  }
  remove_folder(folder);
}

/* What the simulator wrote: faults, IPv6, fragments, TLS, all three protocols. */
static void
test_own_captures(void)
{
  static const char *const runs[] = {"mail-journey",
                                     "fragmentation",
                                     "mail-journey-v6",
                                     "tcp-fast-retransmit",
                                     "tcp-zero-window",
                                     "traceroute",
                                     "dhcp",
                                     "arp-conflict",
                                     "pop3-three-states",
                                     "imap-states",
                                     "implicit-tls",
                                     "starttls-submission",
                                     "tcp-bad-checksum",
                                     "path-mtu"};
  const char *sim = g_getenv("ENVELOSCOPE_SIM");
  if (!sim) {
    g_test_skip("ENVELOSCOPE_SIM is not set");
    return;
  }
  char *folder = g_dir_make_tmp("filter-XXXXXX", NULL);
  g_autofree char *capture = g_build_filename(folder, "run.pcapng", NULL);
  struct judged j = {0};
  if (can_judge(folder)) {
    for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
      const char *const argv[] = {sim, "run", runs[i], "--quiet", "-w", capture, NULL};
      g_autofree char *ignored = packets_run(argv);
      g_assert_nonnull(ignored);
      compare_capture(&j, folder, capture, runs[i]);
    }
    g_assert_cmpuint(j.n_different, ==, 0);
  }
  remove_folder(folder);
}

static void
test_refused(void)
{
  char *folder = g_dir_make_tmp("filter-XXXXXX", NULL);
  if (can_judge(folder)) {
    g_autofree char *empty = g_build_filename(folder, "empty.pcap", NULL);
    g_auto(GStrv) theirs = ask_tshark(folder, empty, filter_list_wrong);
    g_assert_nonnull(theirs);
    for (guint i = 0; filter_list_wrong[i]; i++) {
      struct filter_error error;
      if (strcmp(theirs[i], "refused") != 0)
        g_error("tshark takes %s", filter_list_wrong[i]);
      struct filter *f = filter_compile(filter_list_wrong[i], &error);
      if (f)
        g_error("tshark refuses %s, we do not", filter_list_wrong[i]);
      g_assert_cmpuint(error.column, >=, 1);
      g_assert_cmpuint(error.column, <=, strlen(filter_list_wrong[i]) + 1);
      filter_error_clear(&error);
    }
  }
  remove_folder(folder);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/filter/tshark/refuses-the-same-texts", test_refused);
  g_test_add_data_func("/filter/tshark/real-sessions", "real", test_corpus);
  g_test_add_data_func("/filter/tshark/one-feature-each", "onefeature", test_corpus);
  g_test_add_func("/filter/tshark/own-captures", test_own_captures);
  return g_test_run();
}
