/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c -- enveloscope-sim: scenarios and lessons without a display.
 *
 * Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 a check failed, 2 usage,
 * 3 input unreadable or not understood, 4 done but incomplete. Each command lies in its cmd_*.c. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "capture/tls/memory.h"
#include "sim/cmd.h"

struct command {
  const char *name;
  int (*run)(char **argv); /* NULL: announced, not built yet */
  struct lang_pair summary;
};

static const struct command commands[] = {
    {"list", cmd_list, {"lessons and scenarios: id, kind, title", "แสดงบทเรียนและสถานการณ์จำลอง"}},
    {"run",
     cmd_run,
     {"simulate, print the ladder and the dialogue", "จำลองและพิมพ์ลำดับเฟรมกับบทสนทนา"}},
    {"check", cmd_check, {"validate lessons and scenarios", "ตรวจบทเรียนและสถานการณ์จำลอง"}},
    {"serve",
     cmd_serve,
     {"let real clients reach the simulated servers", "ให้ไคลเอนต์จริงต่อเข้าเซิร์ฟเวอร์จำลอง"}},
    {"connect",
     cmd_connect,
     {"let simulated clients reach a real server", "ให้ไคลเอนต์จำลองต่อไปยังเซิร์ฟเวอร์จริง"}},
    {"attach",
     cmd_attach,
     {"put the simulated network behind a TUN device", "ต่อเครือข่ายจำลองกับอุปกรณ์ TUN"}},
    {"talk", cmd_talk, {"type the protocol by hand", "พิมพ์คำสั่งของโปรโตคอลด้วยมือ"}},
    {"replay", cmd_replay, {"run a saved run again", "เล่นการจำลองที่บันทึกไว้ซ้ำ"}},
    {"diff", cmd_diff, {"the first difference of two runs", "หาจุดต่างแรกของการจำลองสองครั้ง"}},
    {"grade", NULL, {"grade hand-ins of a lesson", "ให้คะแนนงานที่ส่งของบทเรียน"}},
};

void
cmd_complain(const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *message = g_strdup_vprintf(format, args);
  va_end(args);
  fprintf(stderr, "enveloscope-sim: %s\n", message);
}

/* ---- arguments ---- */

static const struct cmd_flag *
find_flag(const char *word, size_t n_name, const struct cmd_flag *flags, size_t n_flags)
{
  for (size_t i = 0; i < n_flags; i++)
    if (strlen(flags[i].name) == n_name && strncmp(flags[i].name, word, n_name) == 0)
      return &flags[i];
  return NULL;
}

static void
complain_flag(const char *command, const char *word, const struct cmd_flag *flags, size_t n_flags)
{
  g_autoptr(GString) names = g_string_new(NULL);
  for (size_t i = 0; i < n_flags; i++)
    g_string_append_printf(names, "%s%s", i ? " " : "", flags[i].name);
  cmd_complain(lang_text("%1$s has no flag “%2$s”; it takes: %3$s --lang --help",
                         "คำสั่ง %1$s ไม่มีแฟล็ก “%2$s” แฟล็กที่ใช้ได้คือ %3$s --lang --help"),
               command, word, names->str);
}

bool
cmd_parse(const char *command, char **argv, const struct cmd_flag *flags, size_t n_flags,
          GPtrArray *words)
{
  bool only_words = false;
  for (; *argv; argv++) {
    const char *word = *argv;
    if (only_words || word[0] != '-' || word[1] == '\0') {
      g_ptr_array_add(words, *argv);
      continue;
    }
    if (strcmp(word, "--") == 0) {
      only_words = true;
      continue;
    }
    const char *equals = g_str_has_prefix(word, "--") ? strchr(word, '=') : NULL;
    size_t n_name = equals ? (size_t)(equals - word) : strlen(word);
    const struct cmd_flag *flag = find_flag(word, n_name, flags, n_flags);
    if (!flag) {
      complain_flag(command, word, flags, n_flags);
      return false;
    }
    if (flag->on) {
      if (equals) {
        cmd_complain(lang_text("%s takes no value", "%s ไม่รับค่า"), flag->name);
        return false;
      }
      *flag->on = true;
      continue;
    }
    const char *value = equals ? equals + 1 : argv[1];
    if (!value) {
      cmd_complain(lang_text("%s needs a value behind it; see enveloscope-sim %s --help",
                             "%s ต้องมีค่าตามหลัง ดู enveloscope-sim %s --help"),
                   flag->name, command);
      return false;
    }
    if (!equals)
      argv++;
    if (flag->list)
      g_ptr_array_add(flag->list, (char *)value);
    else
      *flag->value = value;
  }
  return true;
}

/* ---- help ---- */

static void
print_help(void)
{
  printf("%s\n\n", lang_text("Usage: enveloscope-sim COMMAND [--lang th|en] [ARGUMENTS]\n"
                             "Runs mail over a simulated TCP/IP network, without a display.",
                             "วิธีใช้: enveloscope-sim คำสั่ง [--lang th|en] [อาร์กิวเมนต์]\n"
                             "จำลองการรับส่งเมลบนเครือข่าย TCP/IP จำลอง โดยไม่ต้องใช้จอภาพ"));
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
    printf("  %-8s %s%s\n", commands[i].name, lang_pick(commands[i].summary),
           commands[i].run ? "" : lang_text(" (not available yet)", " (ยังใช้ไม่ได้)"));
  printf("\n%s\n",
         lang_text("Each command has its own --help.\n"
                   "Example: enveloscope-sim run mail-journey -w mail.pcapng\n"
                   "Exit codes: 0 done, 1 a check failed, 2 usage, 3 input unreadable or not "
                   "understood, 4 done but incomplete.",
                   "แต่ละคำสั่งมี --help ของตัวเอง\n"
                   "ตัวอย่าง: enveloscope-sim run mail-journey -w mail.pcapng\n"
                   "รหัสออก: 0 สำเร็จ, 1 ตรวจแล้วไม่ผ่าน, 2 ใช้คำสั่งผิด, "
                   "3 อ่านหรือเข้าใจข้อมูลเข้าไม่ได้, 4 สำเร็จแต่ไม่ครบ"));
}

static int
complain_command(const char *word)
{
  g_autoptr(GString) names = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
    g_string_append_printf(names, "%s%s", i ? " " : "", commands[i].name);
  cmd_complain(lang_text("there is no command “%s”; there are: %s. Try enveloscope-sim --help",
                         "ไม่มีคำสั่ง “%s” คำสั่งที่มีคือ %s ลอง enveloscope-sim --help"),
               word, names->str);
  return CMD_USAGE;
}

/* Takes every --lang out of argv, wherever it stands. False after a complaint. */
static bool
take_language(char **argv)
{
  char **out = argv;
  for (; *argv; argv++) {
    const char *value = NULL;
    if (g_str_has_prefix(*argv, "--lang="))
      value = *argv + strlen("--lang=");
    else if (strcmp(*argv, "--lang") == 0 && argv[1])
      value = *++argv;
    else if (strcmp(*argv, "--lang") == 0)
      value = "";
    if (!value) {
      *out++ = *argv;
      continue;
    }
    if (strcmp(value, "th") != 0 && strcmp(value, "en") != 0) {
      cmd_complain(lang_text("--lang “%s”: write --lang th or --lang en",
                             "--lang “%s”: ให้เขียน --lang th หรือ --lang en"),
                   value);
      return false;
    }
    lang_set(lang_from_name(value));
  }
  *out = NULL;
  return true;
}

int
main(int argc, char **argv)
{
  memory_begin();
  lang_set_from_environment();
  if (argc < 1 || !take_language(argv + 1))
    return CMD_USAGE;
  const char *word = argv[1];
  if (!word) {
    cmd_complain(lang_text("a command is missing; try enveloscope-sim --help",
                           "ยังไม่ได้ระบุคำสั่ง ลอง enveloscope-sim --help"));
    return CMD_USAGE;
  }
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
    print_help();
    return CMD_DONE;
  }
  if (strcmp(word, "--version") == 0) {
    printf("enveloscope-sim %s\n", ENVELOSCOPE_VERSION);
    return CMD_DONE;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
    if (strcmp(commands[i].name, word) != 0)
      continue;
    if (commands[i].run)
      return commands[i].run(argv + 2);
    cmd_complain(lang_text("%s is not available yet in this version", "คำสั่ง %s ยังใช้ไม่ได้ในรุ่นนี้"),
                 word);
    return CMD_USAGE;
  }
  return complain_command(word);
}
