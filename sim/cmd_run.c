/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_run.c -- enveloscope-sim run: simulate a scenario, print its ladder, save its frames and
 * events. */
#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lessons/lesson.h"
#include "lessons/library.h"
#include "sim/cmd.h"

static const char help_en[] =
    "Usage: enveloscope-sim run ID|FILE.yaml [FLAGS]\n"
    "Simulates a scenario or a lesson's scenario and prints its ladder: time, from > to, what.\n"
    "  --seed N            another run of the same scenario (default: the scenario's, else 1)\n"
    "  --until SECONDS     stop at that virtual time\n"
    "  -w FILE.pcapng      save the frames; - is stdout\n"
    "  --tap sender|all|LINK   what is seen: each packet once as it leaves its sender (default),\n"
    "                      every link, or one link\n"
    "  --events FILE       save every state event as JSON Lines; - is stdout\n"
    "  --set KEY=VALUE     override a scenario value (repeatable)\n"
    "  --format ladder|dialogue|json|none   default ladder\n"
    "  --pace SPEED        play on a terminal: virtual seconds per second\n"
    "  --quiet             no ladder           --hash   the rolling hash of the event stream\n"
    "  --save RUN.envrun   not available yet\n"
    "Example: enveloscope-sim run mail-journey --set links.wan.loss=0.05 -w lossy.pcapng\n";
static const char help_th[] =
    "วิธีใช้: enveloscope-sim run ID|FILE.yaml [แฟล็ก]\n"
    "จำลองสถานการณ์หรือบทเรียน แล้วพิมพ์ลำดับเฟรม: เวลา จาก > ถึง อะไร\n"
    "  --seed N            การจำลองอีกแบบของสถานการณ์เดียวกัน (ปกติใช้ค่าในไฟล์ หรือ 1)\n"
    "  --until SECONDS     หยุดที่เวลาจำลองนั้น (วินาที)\n"
    "  -w FILE.pcapng      บันทึกเฟรม เครื่องหมาย - คือ stdout\n"
    "  --tap sender|all|LINK   ดักดูที่ใด: แต่ละแพ็กเก็ตครั้งเดียวตอนออกจากผู้ส่ง (ปกติ)\n"
    "                      ทุกลิงก์ หรือลิงก์เดียว\n"
    "  --events FILE       บันทึกเหตุการณ์ของสถานะทั้งหมดเป็น JSON Lines เครื่องหมาย - คือ stdout\n"
    "  --set KEY=VALUE     เปลี่ยนค่าในสถานการณ์ (ใช้ซ้ำได้)\n"
    "  --format ladder|dialogue|json|none   ปกติเป็น ladder\n"
    "  --pace SPEED        เล่นบนเทอร์มินัล: วินาทีจำลองต่อหนึ่งวินาทีจริง\n"
    "  --quiet             ไม่พิมพ์ลำดับเฟรม     --hash   ค่าแฮชสะสมของลำดับเหตุการณ์\n"
    "  --save RUN.envrun   ยังใช้ไม่ได้\n"
    "ตัวอย่าง: enveloscope-sim run mail-journey --set links.wan.loss=0.05 -w lossy.pcapng\n";

/* A virtual run of ten years is a typing error. */
#define UNTIL_S_MAX 315360000.0

static volatile int stop_asked;

static void
ask_stop(int signal_number)
{
  stop_asked = signal_number;
}

struct run_flags {
  const char *seed, *until, *pcapng, *tap, *events, *format, *pace, *save;
  GPtrArray *set;
  bool quiet, hash, help;
  /* read from the texts above */
  struct run_options options;
  enum ladder_format ladder;
  double speed;
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
read_flags(struct run_flags *f)
{
  if (f->save) {
    cmd_complain(lang_text("--save is not available yet in this version; -w FILE.pcapng keeps the "
                           "frames",
                           "--save ยังใช้ไม่ได้ในรุ่นนี้ ใช้ -w FILE.pcapng เพื่อเก็บเฟรมแทน"));
    return false;
  }
  if (f->seed && !cmd_read_seed(f->seed, &f->options.seed))
    return false;
  double until = 0;
  if (f->until && !cmd_read_seconds("--until", f->until, UNTIL_S_MAX, &until))
    return false;
  f->options.until_ns = (int64_t)(until * 1e9);
  if (f->pace && !cmd_read_seconds("--pace", f->pace, 1e6, &f->speed))
    return false;
  f->options.tap = f->tap;
  if (f->set->len > 0) {
    g_ptr_array_add(f->set, NULL);
    f->options.set = (char **)f->set->pdata;
  }
  bool to_stdout = g_strcmp0(f->pcapng, "-") == 0 || g_strcmp0(f->events, "-") == 0;
  if (g_strcmp0(f->pcapng, "-") == 0 && g_strcmp0(f->events, "-") == 0) {
    cmd_complain(lang_text("-w - and --events - cannot share stdout; give one of them a file",
                           "-w - กับ --events - ใช้ stdout ร่วมกันไม่ได้ โปรดให้อันหนึ่งเขียนลงไฟล์"));
    return false;
  }
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

static int
simulate(const char *what, const struct run_flags *f)
{
  g_autoptr(GError) error = NULL;
  struct run *r = run_new(what, &f->options, &error);
  if (!r) {
    cmd_complain("%s", error->message);
    return g_error_matches(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING) ? CMD_USAGE
                                                                        : CMD_UNREADABLE;
  }
  int code = cmd_save(r, f->pcapng, f->events);
  if (code == CMD_DONE) {
    struct lesson *lesson = f->speed > 0 && lesson_exists(what) ? lesson_new(what, NULL) : NULL;
    if (lesson)
      lesson_resolve(lesson, r, NULL);
    ladder_print(r, f->ladder, f->speed, lesson, &stop_asked);
    lesson_free(lesson);
    if (f->hash)
      printf("hash %016" G_GINT64_MODIFIER "x\n", run_hash(r));
    if (run_hit_limit(r)) {
      cmd_complain(lang_text("the run was stopped at its limit of events; --until SECONDS gives it "
                             "an end",
                             "การจำลองถูกหยุดเพราะจำนวนเหตุการณ์ถึงขีดจำกัด กำหนดเวลาจบได้ด้วย "
                             "--until SECONDS"));
      code = CMD_INCOMPLETE;
    }
  }
  run_free(r);
  return code;
}

int
cmd_run(char **argv)
{
  g_autoptr(GPtrArray) set = g_ptr_array_new();
  struct run_flags f = {.set = set};
  const struct cmd_flag flags[] = {
      {.name = "--seed", .value = &f.seed},     {.name = "--until", .value = &f.until},
      {.name = "-w", .value = &f.pcapng},       {.name = "--tap", .value = &f.tap},
      {.name = "--events", .value = &f.events}, {.name = "--set", .list = set},
      {.name = "--format", .value = &f.format}, {.name = "--pace", .value = &f.pace},
      {.name = "--quiet", .on = &f.quiet},      {.name = "--hash", .on = &f.hash},
      {.name = "--save", .value = &f.save},     {.name = "--help", .on = &f.help},
  };
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  if (!cmd_parse("run", argv, flags, G_N_ELEMENTS(flags), words))
    return CMD_USAGE;
  if (f.help) {
    fputs(lang_text(help_en, help_th), stdout);
    return CMD_DONE;
  }
  if (words->len != 1) {
    cmd_complain(lang_text("run takes one lesson, scenario or file, for example: enveloscope-sim "
                           "run mail-journey",
                           "run ต้องการบทเรียน สถานการณ์จำลอง หรือไฟล์หนึ่งอย่าง เช่น "
                           "enveloscope-sim run mail-journey"));
    return CMD_USAGE;
  }
  if (!read_flags(&f))
    return CMD_USAGE;
  struct sigaction action = {.sa_handler = ask_stop};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  return simulate(words->pdata[0], &f);
}
