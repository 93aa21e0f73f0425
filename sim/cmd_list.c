/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_list.c -- enveloscope-sim list: what lessons, scenarios and networks there are. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "sim/cmd.h"

static const char *const kind_names[] = {
    [RUN_LESSON] = "lesson",
    [RUN_SCENARIO] = "scenario",
    [RUN_NETWORK] = "network",
    [RUN_MAIL] = "mail",
};

static const char help_en[] =
    "Usage: enveloscope-sim list [--format text|json]\n"
    "Prints every lesson and scenario: id, kind and title, with tabs between them.\n"
    "  --format json   one JSON array; titles in both languages\n"
    "Example: enveloscope-sim list --lang th\n";
static const char help_th[] = "วิธีใช้: enveloscope-sim list [--format text|json]\n"
                              "พิมพ์บทเรียนและสถานการณ์จำลองทั้งหมด: id ชนิด และชื่อเรื่อง คั่นด้วยแท็บ\n"
                              "  --format json   อาร์เรย์ JSON หนึ่งชุด มีชื่อเรื่องทั้งสองภาษา\n"
                              "ตัวอย่าง: enveloscope-sim list --lang th\n";

static void
print_json(const GPtrArray *all)
{
  g_autoptr(JsonBuilder) b = json_builder_new();
  json_builder_begin_array(b);
  for (guint i = 0; i < all->len; i++) {
    const struct run_listing *l = all->pdata[i];
    json_builder_begin_object(b);
    json_builder_set_member_name(b, "id");
    json_builder_add_string_value(b, l->id);
    json_builder_set_member_name(b, "kind");
    json_builder_add_string_value(b, kind_names[l->kind]);
    json_builder_set_member_name(b, "title_en");
    json_builder_add_string_value(b, l->title_en);
    json_builder_set_member_name(b, "title_th");
    json_builder_add_string_value(b, l->title_th);
    json_builder_end_object(b);
  }
  json_builder_end_array(b);
  JsonNode *root = json_builder_get_root(b);
  g_autofree char *text = json_to_string(root, true);
  json_node_unref(root);
  printf("%s\n", text);
}

int
cmd_list(char **argv)
{
  const char *format = "text";
  bool help = false;
  const struct cmd_flag flags[] = {{.name = "--format", .value = &format},
                                   {.name = "--help", .on = &help}};
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  if (!cmd_parse("list", argv, flags, G_N_ELEMENTS(flags), words))
    return CMD_USAGE;
  if (help) {
    fputs(lang_text(help_en, help_th), stdout);
    return CMD_DONE;
  }
  bool json = strcmp(format, "json") == 0;
  if (words->len > 0 || (!json && strcmp(format, "text") != 0)) {
    cmd_complain(lang_text("list takes no words, and --format is text or json; “%s” is neither",
                           "list ไม่รับคำอื่น และ --format เป็น text หรือ json เท่านั้น ไม่ใช่ “%s”"),
                 words->len > 0 ? (const char *)words->pdata[0] : format);
    return CMD_USAGE;
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) all = run_list(&error);
  if (!all) {
    cmd_complain("%s", error->message);
    return CMD_UNREADABLE;
  }
  if (json) {
    print_json(all);
    return CMD_DONE;
  }
  for (guint i = 0; i < all->len; i++) {
    const struct run_listing *l = all->pdata[i];
    printf("%s\t%s\t%s\n", l->id, kind_names[l->kind],
           lang_get() == LANG_TH ? l->title_th : l->title_en);
  }
  return CMD_DONE;
}
