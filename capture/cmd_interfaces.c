/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_interfaces.c -- `interfaces`: what could be recorded, and whether that is allowed now. */
#include <getopt.h>
#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "capture/cmd.h"
#include "capture/source/interfaces.h"
#include "capture/source/rights.h"
#include "capture/wire/lang.h"

static void
print_help(void)
{
  fputs(
      lang_text("usage: enveloscope-capture interfaces [--format text|json]\n\n"
                "The network interfaces of this computer, those that carry traffic first. The last "
                "column says whether\n"
                "capturing is allowed now; “./run capture-rights” gives that right.\n\n"
                "  --format json   one JSON object per line\n\n"
                "example: enveloscope-capture interfaces --format json\n",
                "วิธีใช้: enveloscope-capture interfaces [--format text|json]\n\n"
                "อินเทอร์เฟซเครือข่ายของเครื่องนี้ เรียงตัวที่ใช้งานอยู่ขึ้นก่อน คอลัมน์สุดท้ายบอกว่า\n"
                "ตอนนี้ดักจับได้หรือไม่ “./run capture-rights” ใช้ให้สิทธินั้น\n\n"
                "  --format json   อ็อบเจกต์ JSON หนึ่งชุดต่อบรรทัด\n\n"
                "ตัวอย่าง: enveloscope-capture interfaces --format json\n"),
      stdout);
}

static void
print_text(const struct interface_info *i, bool may_capture)
{
  g_autofree char *addresses = g_strjoinv(", ", i->addresses);
  const char *description = i->is_any        ? lang_text("all interfaces at once", "ทุกอินเทอร์เฟซพร้อมกัน")
                            : i->description ? i->description
                            : i->is_loopback ? lang_text("this computer itself", "ภายในเครื่องนี้เอง")
                                             : "";
  printf("%-15s %s%s%s  %s%s%s  %s\n", i->name,
         i->is_up ? lang_text("up", "เปิด") : lang_text("down", "ปิด"),
         i->is_up && !i->is_running ? lang_text(", no carrier", " ไม่มีสัญญาณ") : "",
         i->is_loopback ? lang_text(", loopback", " ลูปแบ็ก") : "", addresses,
         *addresses && *description ? "  " : "", description,
         may_capture ? lang_text("[may be recorded]", "[บันทึกได้]")
                     : lang_text("[no right to record]", "[ไม่มีสิทธิ์บันทึก]"));
}

static void
print_json(const struct interface_info *i, bool may_capture)
{
  g_autoptr(JsonBuilder) b = json_builder_new();
  const struct {
    const char *name;
    bool value;
  } flags[] = {{"up", i->is_up},
               {"running", i->is_running},
               {"loopback", i->is_loopback},
               {"may_capture", may_capture}};
  json_builder_begin_object(b);
  json_builder_set_member_name(b, "name");
  json_builder_add_string_value(b, i->name);
  json_builder_set_member_name(b, "description");
  if (i->description)
    json_builder_add_string_value(b, i->description);
  else
    json_builder_add_null_value(b);
  json_builder_set_member_name(b, "addresses");
  json_builder_begin_array(b);
  for (char **a = i->addresses; *a; a++)
    json_builder_add_string_value(b, *a);
  json_builder_end_array(b);
  for (size_t f = 0; f < G_N_ELEMENTS(flags); f++) {
    json_builder_set_member_name(b, flags[f].name);
    json_builder_add_boolean_value(b, flags[f].value);
  }
  json_builder_end_object(b);
  g_autoptr(JsonNode) root = json_builder_get_root(b);
  g_autofree char *line = json_to_string(root, FALSE);
  puts(line);
}

enum { OPTION_LANG = 256, OPTION_FORMAT };

int
cmd_interfaces(int argc, char **argv)
{
  static const struct option long_options[] = {{"lang", required_argument, NULL, OPTION_LANG},
                                               {"format", required_argument, NULL, OPTION_FORMAT},
                                               {"help", no_argument, NULL, 'h'},
                                               {0}};
  bool is_json = false;
  int c;
  optind = 0;
  opterr = 0;
  while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
    switch (c) {
    case OPTION_FORMAT:
      is_json = strcmp(optarg, "json") == 0;
      if (!is_json && strcmp(optarg, "text") != 0)
        return cmd_usage(
            "interfaces",
            lang_text("--format takes text or json, not", "--format รับค่า text หรือ json เท่านั้น ไม่รับ"),
            optarg);
      break;
    case OPTION_LANG:
      if (!cmd_set_language("interfaces", optarg))
        return EXIT_USAGE;
      break;
    case 'h':
      print_help();
      return EXIT_DONE;
    default:
      return cmd_option_error("interfaces", c, argv[optind - 1]);
    }
  }
  if (optind < argc)
    return cmd_usage("interfaces", lang_text("there is nothing to name", "คำสั่งนี้ไม่ต้องระบุชื่อ"),
                     argv[optind]);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) list = interfaces_list(&error);
  if (!list) {
    fprintf(stderr, "interfaces: %s\n", error->message);
    return EXIT_INPUT;
  }
  bool may_capture = rights_may_capture();
  for (guint i = 0; i < list->len; i++)
    (is_json ? print_json : print_text)(g_ptr_array_index(list, i), may_capture);
  return EXIT_DONE;
}
