/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_file.c -- a saved run: what it is a function of, as a page of YAML, and nothing of its result
 * but a hash to check it by.
 *
 *     envrun: 1                  format; another one is refused
 *     scenario: mail-journey     an id of the library, or the name of the text below
 *     sha256: 5e88…              of the scenario's text and of the files it reads
 *     seed: 7
 *     until: 5.000000000s        only when the run was cut
 *     set: ["links.wan.loss=0.05"]
 *     inputs:                    as sim/core/input.h says
 *     - {at: 1.500000000s, do: drop, link: wan}
 *     hash: 0123456789abcdef     the rolling hash at the end, for whoever plays it again
 *     openssl: "3.0.15"          its release, when there is TLS in the run: it makes the octets
 *     text: |2                   the scenario, when it is not of the library: a hand-in is complete
 *     files: {letter.txt: "…"}
 *
 * A file from elsewhere is hostile: no path is followed, sizes are limited by the tree. */
#include <string.h>

#include "capture/wire/lang.h"
#include "lessons/library.h"
#include "lessons/run_plan.h"

/* ---- writing ---- */

/* Whether YAML's literal block gives the text back octet by octet. */
static bool
fits_block(const char *text)
{
  for (const char *c = text; *c; c = g_utf8_next_char(c)) {
    gunichar u = g_utf8_get_char(c);
    if (u != '\n' && u != '\t' &&
        (!g_unichar_isprint(u) || u == 0xfeff || u > 0xffff || (u != ' ' && g_unichar_isspace(u))))
      return false;
  }
  return *text && *text != '\n' && !g_str_has_suffix(text, "\n\n");
}

static void
append_block(GString *out, const char *text)
{
  if (!fits_block(text)) {
    input_append_text(out, text);
    g_string_append_c(out, '\n');
    return;
  }
  bool ends = g_str_has_suffix(text, "\n");
  g_string_append(out, ends ? "|2\n" : "|2-\n");
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line && (line[1] || !ends); line++)
    g_string_append_printf(out, "%s%s\n", **line ? "  " : "", *line);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(a, b);
}

static void
append_files(GString *out, GHashTable *files)
{
  GList *names = g_list_sort(g_hash_table_get_keys(files), compare_names);
  if (names)
    g_string_append(out, "files:\n");
  for (const GList *l = names; l; l = l->next) {
    g_string_append(out, "  ");
    input_append_text(out, l->data);
    g_string_append(out, ": ");
    input_append_text(out, g_hash_table_lookup(files, l->data));
    g_string_append_c(out, '\n');
  }
  g_list_free(names);
}

char *
plan_format(const struct run_plan *plan, uint64_t seed, const struct run *r, GError **error)
{
  GString *out = g_string_new(NULL);
  if (r)
    g_string_append(out, "# A run of Enveloscope: enveloscope-sim replay FILE plays it again.\n");
  g_string_append_printf(out, "envrun: %d\nscenario: ", RUN_FORMAT);
  input_append_text(out, plan->id);
  g_string_append_printf(out, "\nsha256: %s\nseed: %" G_GUINT64_FORMAT "\n", plan->sha256, seed);
  if (plan->until_ns > 0)
    g_string_append_printf(out, "until: %" G_GINT64_FORMAT ".%09" G_GINT64_FORMAT "s\n",
                           plan->until_ns / 1000000000, plan->until_ns % 1000000000);
  for (char **set = plan->set; set && *set; set++) {
    g_string_append(out, set == plan->set ? "set:\n  - " : "  - ");
    input_append_text(out, *set);
    g_string_append_c(out, '\n');
  }
  for (unsigned i = 0; i < input_log_n(plan->inputs); i++) {
    g_autofree char *line = input_format(input_log_at(plan->inputs, i));
    g_string_append_printf(out, "%s  - %s\n", i ? "" : "inputs:\n", line);
  }
  if (r)
    g_string_append_printf(out, "hash: \"%016" G_GINT64_MODIFIER "x\"\n", run_hash(r));
  if (r && run_openssl(r))
    g_string_append_printf(out, "openssl: \"%s\"\n", run_openssl(r));
  if (!plan->is_library) {
    gsize n;
    const char *text = g_bytes_get_data(plan->text, &n);
    g_string_append(out, "text: ");
    append_block(out, text);
    append_files(out, plan->files);
  }
  if (out->len <= TREE_FILE_MAX)
    return g_string_free(out, false);
  g_string_free(out, true);
  g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_TOO_LARGE,
              lang_text("the run is larger than %d MiB with its scenario and inputs; use a smaller "
                        "scenario",
                        "การจำลองพร้อมสถานการณ์และคำสั่งแทรกใหญ่กว่า %d MiB ให้ใช้สถานการณ์ที่เล็กลง"),
              TREE_FILE_MAX >> 20);
  return NULL;
}

/* ---- reading ---- */

static bool
check_format(const struct tree_node *root, GError **error)
{
  const struct tree_node *node = tree_get(root, "envrun");
  gint64 format;
  if (!node || node->kind != TREE_SCALAR ||
      !g_ascii_string_to_signed(node->text, 10, 1, INT32_MAX, &format, NULL))
    return tree_fail(error, node ? node : root, "%s",
                     lang_text("this is no saved run: it begins with “envrun: 1”; make one with "
                               "enveloscope-sim run ID --save FILE.envrun",
                               "ไฟล์นี้ไม่ใช่การจำลองที่บันทึกไว้ ซึ่งต้องขึ้นต้นด้วย “envrun: 1” สร้างได้ด้วย "
                               "enveloscope-sim run ID --save FILE.envrun"));
  if (format == RUN_FORMAT)
    return true;
  return tree_fail(error, node,
                   lang_text("saved in format %d, this program plays format %d; use the program "
                             "version that saved it, or save it anew",
                             "บันทึกไว้ในรูปแบบ %d แต่โปรแกรมนี้เล่นรูปแบบ %d "
                             "ให้ใช้โปรแกรมรุ่นที่บันทึกไฟล์นี้ หรือบันทึกใหม่"),
                   (int)format, RUN_FORMAT);
}

static bool
read_settings(struct run_plan *plan, const struct tree_node *list, GError **error)
{
  if (!list)
    return true;
  g_autoptr(GStrvBuilder) set = g_strv_builder_new();
  bool good = list->kind == TREE_LIST && list->children->len <= RUN_SETTINGS_MAX;
  for (guint i = 0; good && i < list->children->len; i++) {
    const struct tree_node *node = list->children->pdata[i];
    good = node->kind == TREE_SCALAR && strchr(node->text, '=');
    if (good)
      g_strv_builder_add(set, node->text);
  }
  if (!good)
    return tree_fail(error, list,
                     lang_text("\"set\" is a list of at most %d texts KEY=VALUE",
                               "\"set\" เป็นรายการข้อความ KEY=VALUE ไม่เกิน %d รายการ"),
                     RUN_SETTINGS_MAX);
  plan->set = g_strv_builder_end(set);
  return true;
}

static bool
read_hash(struct run_plan *plan, const struct tree_node *root, GError **error)
{
  const char *text, *openssl;
  if (!tree_text(root, "hash", NULL, &text, error) ||
      !tree_text(root, "openssl", NULL, &openssl, error))
    return false;
  plan->openssl = g_strdup(openssl);
  if (!text)
    return true;
  plan->has_hash = true;
  if (strlen(text) == 16 && g_ascii_string_to_unsigned(text, 16, 0, UINT64_MAX, &plan->hash, NULL))
    return true;
  return tree_fail(error, tree_get(root, "hash"), "%s",
                   lang_text("\"hash\" is 16 hexadecimal digits; save the run again",
                             "\"hash\" เป็นเลขฐานสิบหก 16 หลัก ให้บันทึกใหม่อีกครั้ง"));
}

static bool
read_files(struct run_plan *plan, const struct tree_node *files, GError **error)
{
  plan->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  if (!files)
    return true;
  bool good = files->kind == TREE_MAP && files->children->len <= RUN_FILES_MAX;
  for (guint i = 0; good && i < files->children->len; i++) {
    const struct tree_node *node = files->children->pdata[i];
    good = node->kind == TREE_SCALAR;
    if (good)
      g_hash_table_insert(plan->files, g_strdup(node->key), g_strdup(node->text));
  }
  return good || tree_fail(error, files,
                           lang_text("\"files\" is a map of at most %d names to their texts",
                                     "\"files\" เป็นแมปจากชื่อไปยังข้อความ ไม่เกิน %d รายการ"),
                           RUN_FILES_MAX);
}

/* The scenario that the library has under this id today. */
static bool
find_text(struct run_plan *plan, const struct tree_node *at, GError **error)
{
  g_autoptr(GError) reason = NULL;
  if (strchr(plan->id, '/') || g_str_has_suffix(plan->id, ".yaml"))
    return tree_fail(error, at, "%s",
                     lang_text("a saved run follows no path; “scenario” is the id of a lesson or "
                               "scenario, or the text stands under “text”",
                               "การจำลองที่บันทึกไว้จะไม่เปิดไฟล์ตามพาธ “scenario” ต้องเป็นรหัสบทเรียนหรือ"
                               "สถานการณ์จำลอง หรือใส่เนื้อหาไว้ที่ “text”"));
  struct run_plan *found = plan_new(plan->id, NULL, &reason);
  if (!found)
    return tree_fail(error, at, "%s", reason->message);
  g_free(plan->id);
  plan->id = g_steal_pointer(&found->id);
  plan->name = g_steal_pointer(&found->name);
  plan->text = g_steal_pointer(&found->text);
  plan->files = g_steal_pointer(&found->files);
  memcpy(plan->sha256, found->sha256, sizeof plan->sha256);
  plan->is_library = found->is_library;
  plan_free(found);
  return plan->is_library || tree_fail(error, at,
                                       lang_text("there is no lesson or scenario “%s”",
                                                 "ไม่มีบทเรียนหรือสถานการณ์จำลองชื่อ “%s”"),
                                       plan->id);
}

static bool
read_scenario(struct run_plan *plan, const struct tree_node *root, const char *path, GError **error)
{
  const char *id, *sha256, *text;
  const struct tree_node *at = tree_get(root, "scenario");
  if (!tree_text(root, "scenario", NULL, &id, error) ||
      !tree_text(root, "sha256", "", &sha256, error) ||
      !tree_text(root, "text", NULL, &text, error))
    return false;
  if (!id || !*id)
    return tree_fail(error, at ? at : root, "%s",
                     lang_text("\"scenario\" is missing; write the id of a lesson or scenario",
                               "ไม่มี \"scenario\" ให้เขียนรหัสบทเรียนหรือสถานการณ์จำลอง"));
  plan->id = g_strdup(id);
  if (text) {
    plan->name = g_strdup(path);
    plan->is_closed = true;
    if (!read_files(plan, tree_get(root, "files"), error))
      return false;
    plan_take_text(plan, g_strdup(text), strlen(text));
  } else if (!find_text(plan, at, error)) {
    return false;
  }
  if (strcmp(plan->sha256, sha256) == 0)
    return true;
  const struct tree_node *sum = tree_get(root, "sha256");
  if (text)
    return tree_fail(error, sum ? sum : root, "%s",
                     lang_text("the scenario in this file is not the one that was saved (its "
                               "SHA-256 differs); save the run again",
                               "สถานการณ์จำลองในไฟล์นี้ไม่ตรงกับที่บันทึกไว้ (SHA-256 ต่างกัน) "
                               "ให้บันทึกใหม่อีกครั้ง"));
  return tree_fail(error, sum ? sum : root,
                   lang_text("the scenario “%s” has changed since this run was saved (its SHA-256 "
                             "differs); use the lessons it was saved with, or save it anew",
                             "สถานการณ์จำลอง “%s” เปลี่ยนไปหลังจากบันทึกการจำลองนี้ (SHA-256 ต่างกัน) "
                             "ให้ใช้ชุดบทเรียนเดิม หรือบันทึกใหม่"),
                   plan->id);
}

static bool
read_plan(struct run_plan *plan, const struct tree_node *root, const char *path, GError **error)
{
  static const char *const keys[] = {"envrun", "scenario", "sha256",  "seed", "until", "set",
                                     "inputs", "hash",     "openssl", "text", "files", NULL};
  int64_t seed;
  plan->inputs = input_log_new();
  plan->saved_as = g_strdup(path);
  if (!check_format(root, error) || !tree_known(root, keys, error) ||
      !tree_int(root, "seed", 1, 1, INT64_MAX, &seed, error) ||
      !tree_duration(root, "until", 0, &plan->until_ns, error))
    return false;
  plan->seed = (uint64_t)seed;
  return read_scenario(plan, root, path, error) &&
         read_settings(plan, tree_get(root, "set"), error) &&
         input_log_read(plan->inputs, tree_get(root, "inputs"), error) &&
         read_hash(plan, root, error);
}

struct run_plan *
plan_parse(const char *text, gsize n, const char *path, const struct run_options *options,
           GError **error)
{
  struct tree_node *root = tree_parse(text, n, path, error);
  if (!root)
    return NULL;
  struct run_plan *plan = g_new0(struct run_plan, 1);
  bool good = read_plan(plan, root, path, error) && plan_take_options(plan, options, error);
  tree_free(root);
  if (good)
    return plan;
  plan_free(plan);
  return NULL;
}

struct run_plan *
plan_load(const char *path, const struct run_options *options, GError **error)
{
  gsize n = 0;
  g_autofree char *text = tree_read(path, &n, error);
  return text ? plan_parse(text, n, path, options, error) : NULL;
}
