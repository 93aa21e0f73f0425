/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c -- the program enveloscope: reads the command line and hands over to application.c. */
#include <gtk/gtk.h>
#include <locale.h>
#include <stdio.h>

#include "capture/tls/memory.h"
#include "capture/wire/lang.h"
#include "gui/application.h"

enum { EXIT_USAGE = 2 };

int
main(int argc, char **argv)
{
  struct application_options o = {0};
  gboolean version = FALSE;
  memory_begin();
  setlocale(LC_ALL, "");
  lang_set_from_environment();
  const GOptionEntry entries[] = {
      {"lesson", 0, 0, G_OPTION_ARG_STRING, &o.lesson,
       lang_text("Open this lesson or scenario", "เปิดบทเรียนหรือสถานการณ์จำลองนี้"), "ID"},
      {"lang", 0, 0, G_OPTION_ARG_STRING, &o.lang,
       lang_text("Language: th or en", "ภาษา: th หรือ en"), "th|en"},
      {"projector", 0, 0, G_OPTION_ARG_NONE, &o.is_projector,
       lang_text("Start in projector mode", "เริ่มในโหมดเครื่องฉาย"), NULL},
      {"dark", 0, 0, G_OPTION_ARG_NONE, &o.is_dark, lang_text("Dark colours", "โทนสีเข้ม"), NULL},
      {"play", 0, 0, G_OPTION_ARG_NONE, &o.is_playing, lang_text("Start playing", "เริ่มเล่นทันที"),
       NULL},
      {"size", 0, 0, G_OPTION_ARG_STRING, &o.size, lang_text("Size of the window", "ขนาดหน้าต่าง"),
       "WxH"},
      {"view", 0, 0, G_OPTION_ARG_STRING, &o.view,
       lang_text("Perspective or view to show", "มุมมองที่จะแสดง"), "NAME"},
      {"select", 0, 0, G_OPTION_ARG_STRING, &o.select,
       lang_text("Select the first frame that fits", "เลือกเฟรมแรกที่ตรงกับตัวกรอง"), "FILTER"},
      {"time", 0, 0, G_OPTION_ARG_STRING, &o.time,
       lang_text("Put the time cursor there", "เลื่อนตัวชี้เวลาไปที่นั่น"), "SECONDS"},
      {"screenshot", 0, 0, G_OPTION_ARG_FILENAME, &o.screenshot,
       lang_text("Write a picture and end", "บันทึกภาพแล้วจบการทำงาน"), "FILE.png"},
      {"version", 0, 0, G_OPTION_ARG_NONE, &version, lang_text("Say the version", "แสดงรุ่น"), NULL},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.files, NULL, "[FILE]"},
      {NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new(NULL);
  g_autoptr(GError) error = NULL;
  g_option_context_add_main_entries(context, entries, NULL);
  g_option_context_set_summary(
      context, lang_text("Shows e-mail on the wire, simulated or captured, octet by octet.",
                         "แสดงอีเมลบนสายส่ง ทั้งที่จำลองและดักจับมา ทีละออกเตต"));
  g_option_context_set_description(context,
                                   lang_text("Example: enveloscope --lang th login.pcapng",
                                             "ตัวอย่าง: enveloscope --lang th login.pcapng"));
  if (!g_option_context_parse(context, &argc, &argv, &error)) {
    g_printerr("enveloscope: %s\n%s\n", error->message,
               lang_text("Try enveloscope --help.", "ลองใช้ enveloscope --help"));
    return EXIT_USAGE;
  }
  if (version) {
    printf("enveloscope %s\n", ENVELOSCOPE_VERSION);
    return 0;
  }
  if (!gtk_init_check(NULL, NULL)) {
    g_printerr("enveloscope: %s\n",
               lang_text("There is no display to open a window on. Without one, "
                         "\"enveloscope-sim run mail-journey\" plays the lesson in the terminal.",
                         "ไม่มีจอภาพให้เปิดหน้าต่าง หากไม่มีจอภาพ ใช้ \"enveloscope-sim run mail-journey\" "
                         "เพื่อเล่นบทเรียนในเทอร์มินัล"));
    return EXIT_USAGE;
  }
  int code = application_run(&o);
  g_strfreev(o.files);
  return code;
}
