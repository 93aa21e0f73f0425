/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_sanitise.c -- "enveloscope-capture sanitise IN OUT": a copy of a capture without the secrets
 * of its logins, to show to others. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/cmd.h"
#include "capture/sanitise/sanitise.h"
#include "capture/wire/lang.h"

static void
print_help(void)
{
  fputs(
      lang_text(
          "usage: enveloscope-capture sanitise IN OUT\n"
          "Copies the capture IN (“-” is stdin; gzip is unpacked) to OUT and overwrites there the\n"
          "passwords, digests and tokens of every login: same frames, same lengths, right "
          "checksums.\n"
          "User names stay. Key logs inside a pcapng are blanked. What messages say is left as it "
          "is;\n"
          "when a secret's octets stand there too, it is said and the exit code is 4.\n\n"
          "  --lang th|en   language of the sentences\n\n"
          "Exit: 0 done, 2 usage, 3 input unreadable or OUT not writable, 4 done but incomplete,\n"
          "5 no permission.\n\n"
          "Example: enveloscope-capture sanitise mail.pcapng mail-clean.pcapng\n",
          "วิธีใช้: enveloscope-capture sanitise IN OUT\n"
          "คัดลอกแคปเจอร์ IN (“-” คือ stdin, ไฟล์ gzip จะถูกคลาย) ไปเป็น OUT แล้วเขียนทับรหัสผ่าน ค่าแฮช "
          "และโทเคน\n"
          "ของการเข้าระบบทุกครั้ง โดยเฟรมและความยาวคงเดิม และ checksum ถูกต้อง ชื่อผู้ใช้ยังคงอยู่\n"
          "บันทึกกุญแจใน pcapng จะถูกลบ เนื้อความในจดหมายคงไว้ตามเดิม "
          "หากในนั้นมีความลับเดียวกันอยู่จะแจ้งและจบด้วยรหัส 4\n\n"
          "  --lang th|en   ภาษาของข้อความ\n\n"
          "รหัสจบ: 0 เสร็จสิ้น, 2 ใช้คำสั่งไม่ถูกต้อง, 3 อ่านข้อมูลเข้าหรือเขียน OUT ไม่ได้, 4 เสร็จแต่ไม่ครบถ้วน,\n"
          "5 ไม่มีสิทธิ์\n\n"
          "ตัวอย่าง: enveloscope-capture sanitise mail.pcapng mail-clean.pcapng\n"),
      stdout);
}

static int
say(const char *out, struct sanitised *done)
{
  fprintf(stderr,
          lang_text("sanitise: %1$s: %2$u frames, %3$u secrets overwritten in %4$u frames.\n",
                    "sanitise: %1$s: %2$u เฟรม เขียนทับความลับ %3$u แห่งใน %4$u เฟรม\n"),
          out, done->n_frames, done->n_secrets, done->n_changed);
  if (done->n_key_logs)
    fprintf(stderr,
            lang_text("sanitise: %u key logs were blanked.\n", "sanitise: ลบบันทึกกุญแจ %u ชุด\n"),
            done->n_key_logs);
  if (done->n_elsewhere)
    fprintf(
        stderr,
        lang_text("sanitise: the octets of %u secrets also stand elsewhere, in messages or in "
                  "conversations that could not be read. They were left: look before you share.\n",
                  "sanitise: ความลับ %u รายการยังปรากฏที่อื่นด้วย เช่น ในจดหมายหรือบทสนทนาที่อ่านไม่ได้ "
                  "ส่วนนั้นไม่ได้ถูกแก้ โปรดตรวจดูก่อนส่งต่อ\n"),
        done->n_elsewhere);
  if (done->incomplete)
    fprintf(stderr, "sanitise: %s\n", done->incomplete);
  bool whole = !done->n_elsewhere && !done->incomplete;
  g_free(done->incomplete);
  return whole ? EXIT_DONE : EXIT_INCOMPLETE;
}

static bool
is_same_file(const char *a, const char *b)
{
  struct stat x, y;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int
cmd_sanitise(int argc, char **argv)
{
  enum { OPTION_LANG = 256, OPTION_HELP };
  static const struct option options[] = {{"lang", required_argument, NULL, OPTION_LANG},
                                          {"help", no_argument, NULL, OPTION_HELP},
                                          {0}};
  optind = 0;
  opterr = 0;
  for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
    if (c == 'h' || c == OPTION_HELP) {
      print_help();
      return EXIT_DONE;
    }
    if (c != OPTION_LANG)
      return cmd_option_error("sanitise", c, argv[optind - 1]);
    if (!cmd_set_language("sanitise", optarg))
      return EXIT_USAGE;
  }
  if (argc - optind != 2)
    return cmd_usage("sanitise",
                     lang_text("name two files, IN and OUT", "ให้ระบุไฟล์สองชื่อ คือ IN และ OUT"), NULL);
  const char *in = argv[optind], *out = argv[optind + 1];
  if (strcmp(out, "-") == 0 || is_same_file(in, out))
    return cmd_usage("sanitise",
                     lang_text("OUT has to be a file of its own", "OUT ต้องเป็นไฟล์แยกต่างหาก"), out);
  struct sanitised done;
  g_autoptr(GError) error = NULL;
  if (sanitise_file(in, out, &done, &error))
    return say(out, &done);
  fprintf(stderr, "sanitise: %s\n", error->message);
  bool denied = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_ACCES) ||
                g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_PERM);
  return denied ? EXIT_PERMISSION : EXIT_INPUT;
}
