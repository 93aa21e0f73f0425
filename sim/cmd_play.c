/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_play.c -- what run and replay share: the flags, the simulation, and what is printed and
 * saved. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lessons/lesson.h"
#include "lessons/library.h"
#include "sim/cmd.h"
#include "sim/mail/build.h"

/* A virtual run of ten years is a typing error. */
#define UNTIL_S_MAX 315360000.0

static volatile int stop_asked;

static void
ask_stop(int signal_number)
{
  stop_asked = signal_number;
}

struct play_flags {
  const char *seed, *until, *pcapng, *tap, *events, *format, *pace, *save, *stop_filter,
      *stop_event, *maildir_out;
  GPtrArray *set, *inputs;
  bool quiet, hash, help;
  /* read from the texts above */
  struct run_options options;
  enum ladder_format ladder;
  double speed;
  struct input_log *log;
};

/* ---- reading the flags ---- */

bool
cmd_read_seconds(const char *flag, const char *text, double max, double *out)
{
  char *end = NULL;
  double value = g_ascii_strtod(text, &end);
  if (end != text && *end == '\0' && value > 0 && value <= max) {
    *out = value;
    return true;
  }
  cmd_complain(lang_text("%s %s: write a number above 0, such as %s 2.5",
                         "%s %s: ให้เขียนจำนวนที่มากกว่า 0 เช่น %s 2.5"),
               flag, text, flag);
  return false;
}

bool
cmd_read_seed(const char *text, uint64_t *out)
{
  if (g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT64, out, NULL))
    return true;
  cmd_complain(lang_text("--seed %s: write a whole number from 1 on",
                         "--seed %s: ให้เขียนจำนวนเต็มตั้งแต่ 1 ขึ้นไป"),
               text);
  return false;
}

static bool
read_format(const char *name, enum ladder_format *out)
{
  static const char *const names[] = {[LADDER_LADDER] = "ladder",
                                      [LADDER_DIALOGUE] = "dialogue",
                                      [LADDER_JSON] = "json",
                                      [LADDER_NONE] = "none"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(names[i], name) == 0) {
      *out = (enum ladder_format)i;
      return true;
    }
  cmd_complain(lang_text("--format %s: there are ladder, dialogue, json and none",
                         "--format %s: ที่มีคือ ladder, dialogue, json และ none"),
               name);
  return false;
}

static bool
read_inputs(struct play_flags *f)
{
  f->log = input_log_new();
  for (guint i = 0; i < f->inputs->len; i++) {
    g_autoptr(GError) error = NULL;
    if (!input_log_parse(f->log, f->inputs->pdata[i], "--input", &error)) {
      cmd_complain("%s", error->message);
      return false;
    }
  }
  f->options.inputs = f->log;
  return true;
}

static bool
read_flags(struct play_flags *f)
{
  if (f->seed && !cmd_read_seed(f->seed, &f->options.seed))
    return false;
  double until = 0;
  if (f->until && !cmd_read_seconds("--until", f->until, UNTIL_S_MAX, &until))
    return false;
  f->options.until_ns = (int64_t)(until * 1e9 + 0.5); /* exact for what has nine decimals */
  if (f->pace && !cmd_read_seconds("--pace", f->pace, 1e6, &f->speed))
    return false;
  f->options.tap = f->tap;
  if (f->set->len > 0) {
    g_ptr_array_add(f->set, NULL);
    f->options.set = (char **)f->set->pdata;
  }
  f->options.stop_filter = f->stop_filter;
  f->options.stop_event = f->stop_event;
  if (!read_inputs(f))
    return false;
  bool to_stdout = g_strcmp0(f->pcapng, "-") == 0 || g_strcmp0(f->events, "-") == 0;
  if (!cmd_share_stdout(f->pcapng, f->events))
    return false;
  f->ladder = f->quiet || (to_stdout && !f->format) ? LADDER_NONE : LADDER_LADDER;
  if (!f->format || f->quiet)
    return !f->format || read_format(f->format, &(enum ladder_format){0});
  if (!read_format(f->format, &f->ladder))
    return false;
  if (to_stdout && f->ladder != LADDER_NONE) {
    cmd_complain(
        lang_text("stdout cannot hold both a file (-) and --format %s; give the file a name",
                  "stdout รับทั้งไฟล์ (-) และ --format %s พร้อมกันไม่ได้ โปรดตั้งชื่อไฟล์"),
        f->format);
    return false;
  }
  return true;
}

/* ---- running ---- */

static void
print_hash(const struct run *r, bool is_json)
{
  g_autofree char *fingerprint = run_fingerprint(r);
  g_autofree char *end = ladder_seconds(run_end_ns(r));
  size_t n_events = 0;
  run_events(r, &n_events);
  if (is_json)
    printf("{\"hash\":\"%016" G_GINT64_MODIFIER
           "x\",\"fingerprint\":\"%s\",\"seed\":%" G_GUINT64_FORMAT
           ",\"frames\":%u,\"events\":%zu,\"end\":%s}\n",
           run_hash(r), fingerprint, run_seed(r), trace_n_frames(run_trace(r)), n_events, end);
  else
    printf("hash %016" G_GINT64_MODIFIER "x\n", run_hash(r));
}

/* Where a run with --break stands; on stderr, so that the ladder stays a ladder. */
static void
tell_stop(const struct run *r, const struct play_flags *f)
{
  if (!f->stop_filter && !f->stop_event)
    return;
  g_autofree char *end = ladder_seconds(run_end_ns(r));
  if (run_is_stopped(r))
    cmd_complain(lang_text("stopped at %s s, behind frame %u", "หยุดที่ %s วินาที หลังเฟรม %u"), end,
                 trace_n_frames(run_trace(r)));
  else
    cmd_complain(
        lang_text("nothing fitted: ran to the end at %s s", "ไม่มีอะไรตรงเงื่อนไข จำลองจนจบที่ %s วินาที"),
        end);
}

static int
save_run(const struct run *r, const char *path)
{
  g_autoptr(GError) error = NULL;
  if (!path || run_save(r, path, &error))
    return CMD_DONE;
  return cmd_complain_file(path, error);
}

/* The accounts' mail as it is at the end of the run. */
static int
save_maildirs(struct run *r, const char *dir)
{
  g_autoptr(GError) error = NULL;
  unsigned n_accounts;
  if (!dir)
    return CMD_DONE;
  if (!mail_save_maildirs(run_mail(r), dir, &n_accounts, &error))
    return cmd_complain_file(dir, error);
  if (n_accounts > 0)
    return CMD_DONE;
  cmd_complain(lang_text("--maildir-out: this scenario has no mail accounts",
                         "--maildir-out: สถานการณ์จำลองนี้ไม่มีบัญชีเมล"));
  return CMD_USAGE;
}

static void
print_run(const struct run *r, const char *what, const struct play_flags *f)
{
  struct lesson *lesson = f->speed > 0 && lesson_exists(what) ? lesson_new(what, NULL) : NULL;
  if (lesson)
    lesson_resolve(lesson, r, NULL);
  ladder_print(r, f->ladder, f->speed, lesson, &stop_asked);
  lesson_free(lesson);
  if (f->hash)
    print_hash(r, f->format && strcmp(f->format, "json") == 0);
}

static int
simulate(const char *what, const struct play_flags *f)
{
  g_autoptr(GError) error = NULL;
  struct run *r = run_new(what, &f->options, &error);
  if (!r) {
    cmd_complain("%s", error->message);
    return g_error_matches(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING) ? CMD_USAGE
                                                                        : CMD_UNREADABLE;
  }
  int code = cmd_save(r, f->pcapng, f->events);
  if (code == CMD_DONE)
    code = save_run(r, f->save);
  if (code == CMD_DONE)
    code = save_maildirs(r, f->maildir_out);
  if (code == CMD_DONE) {
    print_run(r, what, f);
    tell_stop(r, f);
    if (run_hit_limit(r)) {
      g_autofree char *why = run_limit_text(r);
      cmd_complain("%s", why);
      code = CMD_INCOMPLETE;
    }
  }
  run_free(r);
  return code;
}

int
cmd_play(const char *command, char **argv, struct lang_pair help, struct lang_pair missing)
{
  g_autoptr(GPtrArray) set = g_ptr_array_new(), inputs = g_ptr_array_new();
  struct play_flags f = {.set = set, .inputs = inputs};
  const struct cmd_flag flags[] = {
      {.name = "--seed", .value = &f.seed},
      {.name = "--until", .value = &f.until},
      {.name = "-w", .value = &f.pcapng},
      {.name = "--tap", .value = &f.tap},
      {.name = "--events", .value = &f.events},
      {.name = "--set", .list = set},
      {.name = "--input", .list = inputs},
      {.name = "--break", .value = &f.stop_filter},
      {.name = "--break-event", .value = &f.stop_event},
      {.name = "--format", .value = &f.format},
      {.name = "--pace", .value = &f.pace},
      {.name = "--quiet", .on = &f.quiet},
      {.name = "--hash", .on = &f.hash},
      {.name = "--save", .value = &f.save},
      {.name = "--maildir-out", .value = &f.maildir_out},
      {.name = "--help", .on = &f.help},
  };
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  if (!cmd_parse(command, argv, flags, G_N_ELEMENTS(flags), words))
    return CMD_USAGE;
  if (f.help) {
    fputs(lang_pick(help), stdout);
    return CMD_DONE;
  }
  bool is_replay = strcmp(command, "replay") == 0;
  if (words->len != 1 || (is_replay && !g_str_has_suffix(words->pdata[0], ".envrun"))) {
    cmd_complain("%s", lang_pick(missing));
    return CMD_USAGE;
  }
  int code = CMD_USAGE;
  if (read_flags(&f)) {
    struct sigaction action = {.sa_handler = ask_stop};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    code = simulate(words->pdata[0], &f);
  }
  input_log_free(f.log);
  return code;
}
