/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-cli.c -- the promise of the command line: flags, columns, exit codes, masks. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/trace/packets.h"

static char *folder, *capture;

/* Runs the program; returns its exit code. `out` and `err` may be NULL. */
static int
run(const char *arguments, char **out, char **err)
{
  g_autofree char *line = g_strdup_printf("%s %s", g_getenv("ENVELOSCOPE_CAPTURE"), arguments);
  g_auto(GStrv) argv = NULL;
  g_autofree char *o = NULL, *e = NULL;
  g_autoptr(GError) error = NULL;
  int status = 0;
  g_assert_true(g_shell_parse_argv(line, NULL, &argv, &error));
  g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "LC_ALL", "C.UTF-8", TRUE);
  g_assert_true(g_spawn_sync(NULL, argv, env, 0, NULL, NULL, &o, &e, &status, &error));
  g_assert_no_error(error);
  if (out)
    *out = g_steal_pointer(&o);
  if (err)
    *err = g_steal_pointer(&e);
  g_assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static int
run_on(const char *command, const char *rest, char **out, char **err)
{
  g_autofree char *arguments = g_strdup_printf("%s -r %s %s", command, capture, rest);
  return run(arguments, out, err);
}

static void
write_capture(void)
{
  static const struct {
    unsigned from;
    const char *text;
  } lines[] = {{1, "+OK ready\r\n"},
               {0, "USER alice\r\n"},
               {1, "+OK\r\n"},
               {0, "PASS canary-7\r\n"},
               {1, "+OK in\r\n"}};
  struct packets_feed f = packets_begin(LINK_RAW);
  uint32_t seq[2] = {1000, 5000};
  packets_segment(&f, (struct packets_segment){.from = 0, .seq = 999, .flags = TCP_SYN});
  packets_segment(&f, (struct packets_segment){
                          .from = 1, .seq = 4999, .ack = 1000, .flags = TCP_SYN | TCP_ACK});
  for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
    unsigned from = lines[i].from;
    packets_segment(&f, (struct packets_segment){.from = from,
                                                 .seq = seq[from],
                                                 .ack = seq[!from],
                                                 .flags = TCP_ACK | TCP_PSH,
                                                 .text = lines[i].text});
    seq[from] += (uint32_t)strlen(lines[i].text);
  }
  trace_finish(f.trace);
  packets_write(capture, f.trace);
  trace_free(f.trace);
}

static void
test_fields_are_columns(void)
{
  g_autofree char *out = NULL;
  g_assert_cmpint(
      run_on(
          "decode",
          "-T fields -e frame.number -e tcp.port -e pop.request.command -e pop.request.parameter",
          &out, NULL),
      ==, 0);
  g_assert_cmpstr(out, ==,
                  "1\t1000,25\t\t\n2\t25,1000\t\t\n3\t25,1000\t\t\n4\t1000,25\tUSER\talice\n"
                  "5\t25,1000\t\t\n6\t1000,25\tPASS\t******\n7\t25,1000\t\t\n");
}

static void
test_filter_count_and_tree(void)
{
  g_autofree char *out = NULL, *tree = NULL, *json = NULL;
  g_assert_cmpint(run_on("decode", "-Y pop.request -c 5 -T fields -e frame.number", &out, NULL), ==,
                  0);
  g_assert_cmpstr(out, ==, "4\n");
  g_assert_cmpint(run_on("decode", "-Y 'frame.number == 4' -V", &tree, NULL), ==, 0);
  g_assert_true(g_str_has_prefix(tree, "0 frame 0+52 "));
  g_assert_nonnull(strstr(tree, "\n0 pop 40+12 "));
  g_assert_nonnull(
      strstr(tree, "\n1 pop.request 40+12 USER alice\n2 pop.request.command 40+4 USER\n"));
  g_assert_cmpint(
      run_on("decode", "-Y 'frame.number == 4' -T json -e pop.request.command", &json, NULL), ==,
      0);
  g_assert_nonnull(strstr(json, "\"fields\":{\"pop.request.command\":[\"USER\"]}"));
}

static void
test_secrets_stay_masked(void)
{
  static const char *const commands[] = {"decode",
                                         "decode -T tree",
                                         "decode -T json",
                                         "decode -T fields -e tcp.payload -e frame.number",
                                         "follow -s 0",
                                         "follow -s 0 --format raw",
                                         "follow -s 0 --format hex",
                                         "follow -s 0 --format json",
                                         "flows"};
  for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
    g_autofree char *out = NULL;
    g_assert_cmpint(run_on(commands[i], "", &out, NULL), ==, 0);
    g_assert_null(strstr(out, "canary"));
    g_assert_null(strstr(out, "63616e617279"));
    g_assert_null(strstr(out, "63 61 6e"));
  }
  g_autofree char *raw = NULL, *err = NULL;
  run_on("follow", "-s 0 --format raw", &raw, NULL);
  g_assert_cmpstr(raw, ==, "+OK ready\r\nUSER alice\r\n+OK\r\nPASS ********\r\n+OK in\r\n");
  g_assert_cmpint(run_on("follow", "-s 0 --reveal", NULL, &err), ==, 2); /* a pipe */
  g_assert_nonnull(strstr(err, "0600"));
}

static void
test_dialogue_and_flows(void)
{
  g_autofree char *out = NULL, *csv = NULL;
  g_assert_cmpint(run_on("follow", "-s 0", &out, NULL), ==, 0);
  g_assert_cmpstr(out, ==, "S: +OK ready\nC: USER alice\nS: +OK\nC: PASS ******\nS: +OK in\n");
  g_assert_cmpint(run_on("flows", "--format csv", &csv, NULL), ==, 0);
  g_assert_nonnull(strstr(csv, "\nTCP,0,10.0.0.1:1000,10.0.0.2:25,POP3,TRANSACTION,1,3,27,0,4,"));
}

static void
test_exit_codes(void)
{
  g_autofree char *empty = g_build_filename(folder, "empty", NULL),
                  *cut = g_build_filename(folder, "cut", NULL);
  g_autofree char *octets = NULL, *line = NULL, *err = NULL;
  gsize n;
  g_assert_true(g_file_set_contents(empty, "", 0, NULL));
  g_assert_true(g_file_get_contents(capture, &octets, &n, NULL));
  g_assert_true(g_file_set_contents(cut, octets, (gssize)n - 10, NULL));
  static const struct {
    const char *arguments;
    int code;
  } cases[] = {{"", 2},
               {"--help", 0},
               {"--version", 0},
               {"decode --help", 0},
               {"follow --help", 0},
               {"flows --help", 0},
               {"fields", 0},
               {"filters", 0},
               {"findings", 0},
               {"nonsense", 2},
               {"decode", 2},
               {"decode --nonsense", 2},
               {"decode -r", 2},
               {"decode -r /nonexistent/file", 3},
               {"decode -r /", 3},
               {"mail -r x", 2},
               {"mail -r /nonexistent/file -o y", 3},
               {"record -i lo", 2},
               {"interfaces --nonsense", 2},
               {"sanitise a", 2},
               {"sanitise /nonexistent/file /nonexistent/out", 3},
               {"--lang xx decode", 2}};
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
    if (run(cases[i].arguments, NULL, NULL) != cases[i].code)
      g_error("“%s” does not exit with %d", cases[i].arguments, cases[i].code);
  g_assert_cmpint(run_on("decode", "-Y 'tcp.prot == 1'", NULL, &err), ==, 2);
  g_assert_nonnull(strstr(err, "tcp.port"));
  g_assert_cmpint(run_on("decode", "-e no.such.key", NULL, NULL), ==, 2);
  g_assert_cmpint(run_on("decode", "-o other:x", NULL, NULL), ==, 2);
  g_assert_cmpint(run_on("decode", "-o keylog:/no/such/file", NULL, NULL), ==, 3);
  g_assert_cmpint(run_on("follow", "-s 0 -o keylog:/no/such/file", NULL, NULL), ==, 3);
  g_assert_cmpint(run_on("decode", "-c 0", NULL, NULL), ==, 2);
  g_assert_cmpint(run_on("follow", "-s 7", NULL, NULL), ==, 2);
  line = g_strdup_printf("decode -r %s", empty);
  g_assert_cmpint(run(line, NULL, NULL), ==, 3);
  g_free(line);
  line = g_strdup_printf("decode -r %s", cut);
  g_assert_cmpint(run(line, NULL, NULL), ==, 4);
}

/* The program waits with a full pipe, the file behind it is cut, and it goes on. */
static void
check_cut_while_shown(const char *command)
{
  g_autofree char *path = g_build_filename(folder, "cut.pcapng", NULL);
  struct packets_feed f = packets_begin(LINK_RAW);
  for (uint32_t i = 0; i < 40000; i++)
    packets_segment(&f, (struct packets_segment){
                            .from = 0, .seq = 1000 + i * 4, .flags = TCP_ACK, .text = "QU\r\n"});
  trace_finish(f.trace);
  packets_write(path, f.trace);
  trace_free(f.trace);
  g_autofree char *line =
      g_strdup_printf("%s %s -r %s", g_getenv("ENVELOSCOPE_CAPTURE"), command, path);
  g_auto(GStrv) argv = NULL;
  g_assert_true(g_shell_parse_argv(line, NULL, &argv, NULL));
  g_autoptr(GSubprocessLauncher) launcher =
      g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_setenv(launcher, "LC_ALL", "C.UTF-8", TRUE);
  g_autoptr(GError) error = NULL;
  g_autoptr(GSubprocess) p =
      g_subprocess_launcher_spawnv(launcher, (const char *const *)argv, &error);
  g_assert_no_error(error);
  char first[16];
  g_assert_cmpint(
      g_input_stream_read(g_subprocess_get_stdout_pipe(p), first, sizeof first, NULL, NULL), ==,
      sizeof first);
  g_assert_cmpint(truncate(path, 1000), ==, 0);
  g_autofree char *out = NULL, *err = NULL;
  g_assert_true(g_subprocess_communicate_utf8(p, NULL, NULL, &out, &err, &error));
  g_assert_no_error(error);
  g_assert_cmpint(g_subprocess_get_exit_status(p), ==, 4);
  g_assert_nonnull(strstr(err, "another program changed"));
  g_assert_nonnull(strstr(out, "can no longer be read"));
  g_unlink(path);
}

static void
test_a_file_cut_while_it_is_shown(void)
{
  check_cut_while_shown("decode");
  check_cut_while_shown("follow -s 0");
}

static void
test_thai(void)
{
  g_autofree char *out = NULL, *err = NULL;
  g_assert_cmpint(run("--lang th --help", &out, NULL), ==, 0);
  g_assert_nonnull(strstr(out, "วิธีใช้"));
  g_assert_cmpint(run("--lang th decode", NULL, &err), ==, 2);
  g_assert_nonnull(strstr(err, "ไฟล์"));
}

static void
test_stdin(void)
{
  g_autofree char *line =
      g_strdup_printf("sh -c \"%s decode -r - -T fields -e frame.number -c 1 < %s\"",
                      g_getenv("ENVELOSCOPE_CAPTURE"), capture);
  g_autofree char *out = NULL;
  int status = 0;
  g_assert_true(g_spawn_command_line_sync(line, &out, NULL, &status, NULL));
  g_assert_cmpstr(out, ==, "1\n");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_assert_nonnull(g_getenv("ENVELOSCOPE_CAPTURE"));
  folder = g_dir_make_tmp("enveloscope-cli-XXXXXX", NULL);
  capture = g_build_filename(folder, "pop.pcapng", NULL);
  write_capture();
  g_test_add_func("/cli/fields-are-columns", test_fields_are_columns);
  g_test_add_func("/cli/filter-count-tree-json", test_filter_count_and_tree);
  g_test_add_func("/cli/secrets-stay-masked", test_secrets_stay_masked);
  g_test_add_func("/cli/dialogue-and-flows", test_dialogue_and_flows);
  g_test_add_func("/cli/exit-codes", test_exit_codes);
  g_test_add_func("/cli/a-file-cut-while-it-is-shown", test_a_file_cut_while_it_is_shown);
  g_test_add_func("/cli/thai", test_thai);
  g_test_add_func("/cli/stdin", test_stdin);
  int result = g_test_run();
  static const char *const names[] = {"pop.pcapng", "empty", "cut"};
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = g_build_filename(folder, names[i], NULL);
    g_unlink(path);
  }
  g_rmdir(folder);
  return result;
}
