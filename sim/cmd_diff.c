/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_diff.c -- enveloscope-sim diff: where two runs part, and their ladders side by side.
 *
 *     =    27    27     0.510606632  alice-pc > mx-alice  SMTP  C: DATA …      the same
 *     ~    28    29     1.510531000  …                      1.000004480 s later
 *     <    30           0.551051000  only in the first run
 *     >          31     1.551056000  only in the second run
 *
 * Which frame is which: lessons/compare.h. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "lessons/compare.h"
#include "lessons/library.h"
#include "sim/cmd.h"

static const char help_en[] =
    "Usage: enveloscope-sim diff A.envrun B.envrun [FLAGS]\n"
    "Plays two saved runs (or scenarios) and prints their first difference, then their ladders "
    "laid\n"
    "side by side: = the same, ~ changed or moved, < only in A, > only in B; frame numbers of A "
    "and B.\n"
    "  --changes           leave out what is the same\n"
    "  --tap sender|all|LINK   what is seen of both (default sender)\n"
    "  --format ladder|json|none   default ladder; json is one object per row\n"
    "  --exit-code         exit with 1 when they differ\n"
    "Example: enveloscope-sim diff before.envrun after.envrun --changes\n";
static const char help_th[] =
    "วิธีใช้: enveloscope-sim diff A.envrun B.envrun [แฟล็ก]\n"
    "เล่นการจำลองที่บันทึกไว้สองครั้ง (หรือสถานการณ์จำลอง) พิมพ์จุดต่างแรก แล้ววางลำดับเฟรมเทียบกัน\n"
    "= เหมือนกัน ~ เปลี่ยนหรือเลื่อนเวลา < มีเฉพาะใน A > มีเฉพาะใน B พร้อมหมายเลขเฟรมของ A และ B\n"
    "  --changes           ไม่แสดงส่วนที่เหมือนกัน\n"
    "  --tap sender|all|LINK   ดักดูทั้งสองครั้งที่ใด (ปกติ sender)\n"
    "  --format ladder|json|none   ปกติเป็น ladder ส่วน json คือหนึ่งออบเจ็กต์ต่อหนึ่งแถว\n"
    "  --exit-code         ออกด้วยรหัส 1 เมื่อต่างกัน\n"
    "ตัวอย่าง: enveloscope-sim diff before.envrun after.envrun --changes\n";

struct diff_flags {
  const char *tap, *format;
  bool changes, exit_code, help;
};

static const char signs[] = {[COMPARE_SAME] = '=',
                             [COMPARE_MOVED] = '~',
                             [COMPARE_CHANGED] = '~',
                             [COMPARE_ONLY_A] = '<',
                             [COMPARE_ONLY_B] = '>'};

static const char *const kind_names[] = {[COMPARE_SAME] = "same",
                                         [COMPARE_MOVED] = "moved",
                                         [COMPARE_CHANGED] = "changed",
                                         [COMPARE_ONLY_A] = "only_a",
                                         [COMPARE_ONLY_B] = "only_b"};

/* ---- text ---- */

static char *
number(uint32_t frame)
{
  return frame == TRACE_NONE ? g_strdup("") : g_strdup_printf("%u", frame + 1);
}

static void
print_row(const struct compare *c, guint i, struct ladder *a, struct ladder *b)
{
  const struct compare_row *r = &g_array_index(c->rows, struct compare_row, i);
  g_autofree char *left = number(r->a), *right = number(r->b);
  g_autofree char *time = ladder_seconds(r->time_ns), *why = compare_explain(c, i);
  g_autofree char *rung = r->a != TRACE_NONE ? ladder_rung(a, r->a) : ladder_rung(b, r->b);
  printf("%c %5s %5s  %14s  %s", signs[r->kind], left, right, time, rung);
  if (*why)
    printf("  [%s]", why);
  printf("\n");
}

static void
print_event(char side, const struct run *r, size_t i)
{
  size_t n;
  const struct run_event *e = run_events(r, &n);
  if (i >= n)
    return;
  g_autofree char *time = ladder_seconds(e[i].time_ns);
  printf("  %c %s %s %s %s = %s\n", side, time, run_host(r, e[i].host).name, e[i].subject, e[i].key,
         e[i].value);
}

static void
print_first_event(const struct compare *c)
{
  printf("%s\n", lang_text("first difference of the states:", "สถานะต่างกันครั้งแรก:"));
  print_event('<', c->a, c->first_event);
  print_event('>', c->b, c->first_event);
}

static void
print_first(const struct compare *c)
{
  if (c->first < c->rows->len) {
    const struct compare_row *r = &g_array_index(c->rows, struct compare_row, c->first);
    g_autofree char *time = ladder_seconds(r->time_ns), *why = compare_explain(c, c->first);
    g_autofree char *left = number(r->a), *right = number(r->b);
    printf(
        lang_text("first difference at %s s, frame %s: %s\n", "ต่างกันครั้งแรกที่ %s วินาที เฟรม %s: %s\n"),
        time, *left ? left : right, why);
  } else {
    printf("%s\n", lang_text("no difference: every frame is the same, octet for octet",
                             "ไม่ต่างกัน ทุกเฟรมเหมือนกันทุกออกเตต"));
  }
  if (c->first_event != SIZE_MAX)
    print_first_event(c);
}

static void
print_text(const struct compare *c, bool changes)
{
  struct ladder *a = ladder_new(c->a), *b = ladder_new(c->b);
  print_first(c);
  for (guint i = 0; i < c->rows->len; i++)
    if (!changes || g_array_index(c->rows, struct compare_row, i).kind != COMPARE_SAME)
      print_row(c, i, a, b);
  ladder_free(a);
  ladder_free(b);
}

/* ---- json ---- */

static void
append_frame(GString *out, const char *name, uint32_t frame)
{
  if (frame != TRACE_NONE)
    g_string_append_printf(out, ",\"%s\":%u", name, frame + 1);
}

static void
append_text(GString *out, const char *name, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  JsonNode *node = json_node_init_string(json_node_alloc(), valid);
  g_autofree char *quoted = json_to_string(node, false);
  json_node_unref(node);
  g_string_append_printf(out, ",\"%s\":%s", name, quoted);
}

static void
print_json(const struct compare *c, bool changes)
{
  struct ladder *a = ladder_new(c->a), *b = ladder_new(c->b);
  for (guint i = 0; i < c->rows->len; i++) {
    const struct compare_row *r = &g_array_index(c->rows, struct compare_row, i);
    if (changes && r->kind == COMPARE_SAME)
      continue;
    g_autofree char *time = ladder_seconds(r->time_ns), *why = compare_explain(c, i);
    g_autofree char *rung = r->a != TRACE_NONE ? ladder_rung(a, r->a) : ladder_rung(b, r->b);
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(out, "{\"kind\":\"%s\",\"time\":%s", kind_names[r->kind], time);
    append_frame(out, "a", r->a);
    append_frame(out, "b", r->b);
    append_frame(out, "elsewhere", r->elsewhere);
    append_text(out, "why", why);
    append_text(out, "what", rung);
    printf("%s}\n", out->str);
  }
  ladder_free(a);
  ladder_free(b);
}

/* ---- the command ---- */

static struct run *
load(const char *what, const struct diff_flags *f, int *code)
{
  g_autoptr(GError) error = NULL;
  const struct run_options options = {.tap = f->tap};
  struct run *r = run_new(what, &options, &error);
  if (r)
    return r;
  cmd_complain("%s", error->message);
  *code = g_error_matches(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING) ? CMD_USAGE : CMD_UNREADABLE;
  return NULL;
}

static int
compare_runs(const struct run *a, const struct run *b, const struct diff_flags *f)
{
  struct compare *c = compare_new(a, b);
  const char *format = f->format ? f->format : "ladder";
  if (strcmp(format, "json") == 0)
    print_json(c, f->changes);
  else if (strcmp(format, "none") == 0)
    print_first(c);
  else
    print_text(c, f->changes);
  bool differ = c->first < c->rows->len || c->first_event != SIZE_MAX;
  compare_free(c);
  return f->exit_code && differ ? CMD_FAILED : CMD_DONE;
}

int
cmd_diff(char **argv)
{
  struct diff_flags f = {0};
  const struct cmd_flag flags[] = {{.name = "--tap", .value = &f.tap},
                                   {.name = "--format", .value = &f.format},
                                   {.name = "--changes", .on = &f.changes},
                                   {.name = "--exit-code", .on = &f.exit_code},
                                   {.name = "--help", .on = &f.help}};
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  if (!cmd_parse("diff", argv, flags, G_N_ELEMENTS(flags), words))
    return CMD_USAGE;
  if (f.help) {
    fputs(lang_text(help_en, help_th), stdout);
    return CMD_DONE;
  }
  static const char *const formats[] = {"ladder", "json", "none", NULL};
  if (f.format && !g_strv_contains(formats, f.format)) {
    cmd_complain(lang_text("--format %s: there are ladder, json and none",
                           "--format %s: ที่มีคือ ladder, json และ none"),
                 f.format);
    return CMD_USAGE;
  }
  if (words->len != 2) {
    cmd_complain(lang_text("diff takes two saved runs, for example: enveloscope-sim diff a.envrun "
                           "b.envrun",
                           "diff ต้องการการจำลองที่บันทึกไว้สองไฟล์ เช่น enveloscope-sim diff a.envrun "
                           "b.envrun"));
    return CMD_USAGE;
  }
  int code = CMD_DONE;
  struct run *a = load(words->pdata[0], &f, &code);
  struct run *b = a ? load(words->pdata[1], &f, &code) : NULL;
  if (b)
    code = compare_runs(a, b, &f);
  run_free(a);
  run_free(b);
  return code;
}
