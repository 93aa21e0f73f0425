/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_check.c -- enveloscope-sim check: every problem of lessons and scenarios as FILE:LINE:
 * message. */
#include <stdio.h>
#include <unistd.h>

#include "lessons/lesson.h"
#include "sim/cmd.h"

static const char help_en[] =
    "Usage: enveloscope-sim check PATH…\n"
    "Reads lessons (folders with tasks.yaml) and scenarios (NAME.yaml), runs them, and looks up\n"
    "every filter, field and frame that they name. A folder stands for everything in it.\n"
    "Prints each problem as FILE:LINE: message. Exit code 1 when there was one.\n"
    "Example: enveloscope-sim check lessons/\n";
static const char help_th[] =
    "วิธีใช้: enveloscope-sim check PATH…\n"
    "อ่านบทเรียน (โฟลเดอร์ที่มี tasks.yaml) และสถานการณ์จำลอง (NAME.yaml) ลองรัน\n"
    "แล้วค้นหาทุกฟิลเตอร์ ฟิลด์ และเฟรมที่กล่าวถึง โฟลเดอร์หมายถึงทุกอย่างที่อยู่ข้างใน\n"
    "พิมพ์ปัญหาทุกข้อในรูป FILE:LINE: ข้อความ ถ้ามีปัญหา รหัสออกคือ 1\n"
    "ตัวอย่าง: enveloscope-sim check lessons/\n";

int
cmd_check(char **argv)
{
  bool help = false;
  const struct cmd_flag flags[] = {{.name = "--help", .on = &help}};
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  if (!cmd_parse("check", argv, flags, G_N_ELEMENTS(flags), words))
    return CMD_USAGE;
  if (help) {
    fputs(lang_text(help_en, help_th), stdout);
    return CMD_DONE;
  }
  if (words->len == 0) {
    cmd_complain(lang_text("check needs a lesson's folder or a scenario file, for example: "
                           "enveloscope-sim check lessons/",
                           "check ต้องการโฟลเดอร์บทเรียนหรือไฟล์สถานการณ์จำลอง เช่น "
                           "enveloscope-sim check lessons/"));
    return CMD_USAGE;
  }
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < words->len; i++) {
    const char *path = words->pdata[i];
    if (access(path, R_OK) != 0) {
      cmd_complain(lang_text("%s: there is no such file or folder, or it may not be read; check "
                             "the path",
                             "%s: ไม่มีไฟล์หรือโฟลเดอร์นี้ หรือไม่มีสิทธิ์อ่าน โปรดตรวจสอบพาธ"),
                   path);
      return CMD_UNREADABLE;
    }
    lesson_check(path, problems);
  }
  for (guint i = 0; i < problems->len; i++)
    printf("%s\n", (const char *)problems->pdata[i]);
  return problems->len ? CMD_FAILED : CMD_DONE;
}
