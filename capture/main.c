/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c -- enveloscope-capture: decode, follow and audit captures on the command line.
 *
 *     enveloscope-capture [--lang th|en] COMMAND ...  ──commands[]──>  cmd_decode.c, cmd_follow.c,
 * cmd_audit.c ...
 *
 * Results go to stdout, everything else to stderr. Exit codes: cmd.h. */
#include <errno.h>
#include <glib.h>
#include <locale.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/cmd.h"
#include "capture/source/reader.h"
#include "capture/tls/memory.h"
#include "capture/trace/trace.h"
#include "capture/wire/lang.h"

struct command {
  const char *name;
  int (*run)(int argc, char **argv); /* NULL: promised, not built yet */
  struct lang_pair purpose;
};

static const struct command commands[] = {
    {"decode",
     cmd_decode,
     {"every frame: summary, chosen fields, or the whole tree",
      "แสดงทุกเฟรม: สรุป ฟิลด์ที่เลือก หรือโครงสร้างทั้งหมด"}},
    {"follow", cmd_follow, {"what was said on one TCP stream", "สิ่งที่พูดกันในกระแส TCP หนึ่งสาย"}},
    {"flows", cmd_flows, {"the conversations of a capture", "รายการการสนทนาในไฟล์ดักจับ"}},
    {"audit",
     cmd_audit,
     {"logins in the clear and what to do about them", "การเข้าสู่ระบบที่ไม่เข้ารหัสและวิธีแก้ไข"}},
    {"fields",
     cmd_fields,
     {"the keys that can be named, with type and meaning", "คีย์ที่ใช้ได้ พร้อมชนิดและความหมาย"}},
    {"filters",
     cmd_filters,
     {"the grammar of filters, with examples", "ไวยากรณ์ของตัวกรองพร้อมตัวอย่าง"}},
    {"findings", cmd_findings, {"the catalogue of findings", "รายการข้อค้นพบทั้งหมดที่ตรวจได้"}},
    {"mail", cmd_mail, {"every message seen, as files", "แยกจดหมายทุกฉบับที่พบเป็นไฟล์"}},
    {"record", cmd_record, {"record from an interface", "บันทึกจากอินเทอร์เฟซ"}},
    {"interfaces", cmd_interfaces, {"the interfaces that can be recorded", "อินเทอร์เฟซที่บันทึกได้"}},
    {"sanitise",
     cmd_sanitise,
     {"a copy of a capture without its secrets", "ทำสำเนาไฟล์ดักจับโดยลบความลับออก"}},
};

const char *
cmd_keylog_option(const char *command, const char *text)
{
  if (g_str_has_prefix(text, "keylog:") && text[7])
    return text + 7;
  cmd_usage(command, lang_text("-o takes keylog:FILE, not", "-o รับ keylog:ไฟล์ เท่านั้น ไม่รับ"), text);
  return NULL;
}

bool
cmd_read_keylog(const char *command, const char *path,
                size_t (*take)(void *data, const char *text, size_t n), void *data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  gsize n;
  if (!g_file_get_contents(path, &text, &n, &error)) {
    fprintf(stderr, "%s: %s\n", command, error->message);
    return false;
  }
  if (take(data, text, n) == 0)
    fprintf(
        stderr,
        lang_text("%s: %s holds no TLS secrets. It should have lines such as “CLIENT_RANDOM …”; "
                  "programs write it when SSLKEYLOGFILE is set.\n",
                  "%s: %s ไม่มีความลับของ TLS ควรมีบรรทัดเช่น “CLIENT_RANDOM …” "
                  "ซึ่งโปรแกรมจะเขียนให้เมื่อกำหนด SSLKEYLOGFILE\n"),
        command, path);
  OPENSSL_cleanse(text, n);
  return true;
}

static size_t
take_secrets(void *data, const char *text, size_t n)
{
  return trace_add_keylog(data, text, n);
}

struct trace *
cmd_load(const char *command, const char *path, const char *keylog, int *code)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) warning = NULL;
  struct trace *t = trace_new();
  *code = EXIT_DONE;
  if (keylog && !cmd_read_keylog(command, keylog, take_secrets, t)) {
    *code = EXIT_INPUT;
    trace_free(t);
    return NULL;
  }
  if (!trace_load_file(t, path, &warning, &error)) {
    fprintf(stderr, "%s: %s\n", command, error->message); /* the message names the file */
    *code = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_ACCES) ? EXIT_PERMISSION : EXIT_INPUT;
    trace_free(t);
    return NULL;
  }
  if (warning) {
    fprintf(stderr,
            lang_text("%s: %s was read only in part: %s\n", "%s: อ่าน %s ได้เพียงบางส่วน: %s\n"),
            command, path, warning->message);
    *code = EXIT_INCOMPLETE;
  }
  return t;
}

int
cmd_unload(const char *command, const char *path, struct trace *t, int code)
{
  if (!trace_is_readable(t)) {
    fprintf(
        stderr,
        lang_text("%s: another program changed %s while it was read: what it said before can no "
                  "longer be shown. Run the command again.\n",
                  "%s: มีโปรแกรมอื่นแก้ไข %s ระหว่างที่กำลังอ่าน จึงแสดงเนื้อหาเดิมไม่ได้อีก "
                  "โปรดสั่งคำสั่งนี้ใหม่\n"),
        command, path);
    code = EXIT_INCOMPLETE;
  }
  trace_free(t);
  return code;
}

bool
cmd_may_reveal(const char *command)
{
  struct stat st;
  if (isatty(STDOUT_FILENO) ||
      (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0))
    return true;
  fprintf(stderr,
          lang_text("%s: --reveal shows secrets only on a terminal, or in a file with the mode "
                    "0600: create it "
                    "with “umask 077” first.\n",
                    "%s: --reveal แสดงความลับเฉพาะบนเทอร์มินัล หรือในไฟล์ที่มีสิทธิ์ 0600 ให้สั่ง “umask 077” "
                    "ก่อนสร้างไฟล์\n"),
          command);
  return false;
}

bool
cmd_set_language(const char *command, const char *name)
{
  if (strcmp(name, "th") != 0 && strcmp(name, "en") != 0) {
    fprintf(stderr,
            lang_text("%s: there is no language “%s”; choose th or en.\n",
                      "%s: ไม่มีภาษา “%s” ให้เลือก th หรือ en\n"),
            command, name);
    return false;
  }
  lang_set(lang_from_name(name));
  return true;
}

int
cmd_option_error(const char *command, int c, const char *option)
{
  return cmd_usage(command,
                   c == ':' ? lang_text("this option needs a value", "ตัวเลือกนี้ต้องมีค่า")
                            : lang_text("there is no such option", "ไม่มีตัวเลือกนี้"),
                   option);
}

int
cmd_usage(const char *command, const char *problem, const char *option)
{
  fprintf(stderr, "%s: %s%s%s\n", command, problem, option ? ": " : "", option ? option : "");
  fprintf(stderr,
          lang_text("“enveloscope-capture %s --help” shows what is possible.\n",
                    "“enveloscope-capture %s --help” แสดงสิ่งที่ทำได้\n"),
          command);
  return EXIT_USAGE;
}

static void
print_help(FILE *out)
{
  fputs(lang_text("usage: enveloscope-capture [--lang th|en] COMMAND [OPTION…]\n\n",
                  "วิธีใช้: enveloscope-capture [--lang th|en] คำสั่ง [ตัวเลือก…]\n\n"),
        out);
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
    fprintf(out, "  %-11s %s%s\n", commands[i].name, lang_pick(commands[i].purpose),
            commands[i].run ? "" : lang_text(" (not available yet)", " (ยังไม่พร้อมใช้)"));
  fputs(
      lang_text(
          "\nexample: enveloscope-capture decode -r mail.pcapng -Y 'smtp.req.command == \"MAIL\"'\n"
          "Each command explains itself with --help.\n",
          "\nตัวอย่าง: enveloscope-capture decode -r mail.pcapng -Y 'smtp.req.command == \"MAIL\"'\n"
          "ทุกคำสั่งมีคำอธิบายของตนเมื่อใช้ --help\n"),
      out);
}

static int
run_command(int argc, char **argv)
{
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
    if (strcmp(argv[0], commands[i].name) != 0)
      continue;
    if (commands[i].run)
      return commands[i].run(argc, argv);
    fprintf(
        stderr,
        lang_text(
            "%s: not available yet in this version; “enveloscope-capture --help” lists what is.\n",
            "%s: รุ่นนี้ยังไม่พร้อมใช้ “enveloscope-capture --help” แสดงคำสั่งที่ใช้ได้\n"),
        argv[0]);
    return EXIT_USAGE;
  }
  fprintf(stderr,
          lang_text(
              "enveloscope-capture: there is no command “%s”; “enveloscope-capture --help” lists "
              "them.\n",
              "enveloscope-capture: ไม่มีคำสั่ง “%s” ใช้ “enveloscope-capture --help” เพื่อดูรายการคำสั่ง\n"),
          argv[0]);
  return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
  memory_begin();
  setlocale(LC_ALL, "");
  lang_set_from_environment();
  int at = 1;
  for (; at < argc && argv[at][0] == '-'; at++) {
    if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
      print_help(stdout);
      return EXIT_DONE;
    }
    if (strcmp(argv[at], "--version") == 0) {
      puts("enveloscope-capture " ENVELOSCOPE_VERSION);
      return EXIT_DONE;
    }
    const char *value = g_str_has_prefix(argv[at], "--lang=") ? argv[at] + 7 : NULL;
    if (!value && strcmp(argv[at], "--lang") == 0 && at + 1 < argc)
      value = argv[++at];
    if (!value) {
      fprintf(stderr,
              lang_text("enveloscope-capture: there is no option “%s” before a command.\n",
                        "enveloscope-capture: ไม่มีตัวเลือก “%s” ก่อนคำสั่ง\n"),
              argv[at]);
      return EXIT_USAGE;
    }
    if (!cmd_set_language("enveloscope-capture", value))
      return EXIT_USAGE;
  }
  if (at >= argc) {
    print_help(stderr);
    return EXIT_USAGE;
  }
  int code = run_command(argc - at, argv + at);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    fprintf(stderr,
            lang_text("enveloscope-capture: the result could not be written: %s; free some room or "
                      "choose another place.\n",
                      "enveloscope-capture: เขียนผลลัพธ์ไม่ได้: %s ให้เพิ่มที่ว่างหรือเลือกที่อื่น\n"),
            g_strerror(errno));
    return EXIT_INPUT;
  }
  return code;
}
