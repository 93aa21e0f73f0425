/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_plan.c -- gathers what a run is a function of, before anything runs.
 *
 *     word of the user ─library─> scenario's text ─┐
 *     options (seed, settings, end, inputs) ───────┴─> plan ──> tree with settings applied ──>
 * run.c
 *
 * The text is read once: a branch of a run does not notice that its file was edited in the
 * meantime. Text files beside the scenario are read here too, so that a saved run is complete. Not
 * here: the file of a saved run (run_file.c). */
#include "lessons/run_plan.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "lessons/library.h"
#include "sim/outside/place.h"

void
plan_free(struct run_plan *plan)
{
  if (!plan)
    return;
  g_free(plan->id);
  g_free(plan->name);
  g_clear_pointer(&plan->text, g_bytes_unref);
  g_clear_pointer(&plan->files, g_hash_table_unref);
  g_strfreev(plan->set);
  input_log_free(plan->inputs);
  g_free(plan->tap);
  g_free(plan->saved_as);
  g_free(plan->openssl);
  g_free(plan);
}

struct run_plan *
plan_copy(const struct run_plan *plan)
{
  struct run_plan *copy = g_new(struct run_plan, 1);
  *copy = *plan;
  copy->id = g_strdup(plan->id);
  copy->name = g_strdup(plan->name);
  copy->text = g_bytes_ref(plan->text);
  copy->files = g_hash_table_ref(plan->files); /* never changed once the plan is made */
  copy->set = g_strdupv(plan->set);
  copy->inputs = input_log_copy(plan->inputs);
  copy->tap = g_strdup(plan->tap);
  copy->saved_as = g_strdup(plan->saved_as);
  copy->openssl = g_strdup(plan->openssl);
  return copy;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(a, b);
}

/* Over the scenario and the files it reads: whatever changes the run changes this. */
static void
digest(struct run_plan *plan)
{
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  gsize n;
  const void *text = g_bytes_get_data(plan->text, &n);
  g_checksum_update(sum, text, (gssize)n);
  GList *names = g_list_sort(g_hash_table_get_keys(plan->files), compare_names);
  for (const GList *l = names; l; l = l->next) {
    const char *content = g_hash_table_lookup(plan->files, l->data);
    g_checksum_update(sum, l->data, (gssize)strlen(l->data) + 1);
    g_checksum_update(sum, (const guchar *)content, (gssize)strlen(content) + 1);
  }
  g_list_free(names);
  g_strlcpy(plan->sha256, g_checksum_get_string(sum), sizeof plan->sha256);
}

void
plan_take_text(struct run_plan *plan, char *text, gsize n)
{
  plan->text = g_bytes_new_take(text, n);
  if (!plan->files)
    plan->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  digest(plan);
}

/* ---- text files beside the scenario ---- */

/* Keys that name a file, and the key under which a saved run holds its text: NULL where it cannot,
 * because it is a folder. */
static const struct file_key {
  const char *list, *key, *text_key;
} file_keys[] = {{"actions", "text_file", "text"},
                 {"actions", "html_file", "html"},
                 {"users", "mbox", "mbox_text"},
                 {"users", "maildir", NULL}};

typedef bool (*visit_file)(const struct run_plan *plan, struct tree_node *node,
                           const struct file_key *key, GError **error);

/* Calls `visit` for each key of the scenario that names a file. */
static bool
each_text_file(const struct run_plan *plan, struct tree_node *scenario, visit_file visit,
               GError **error)
{
  for (size_t k = 0; k < G_N_ELEMENTS(file_keys); k++) {
    const struct tree_node *list = tree_get(scenario, file_keys[k].list);
    for (guint i = 0; list && list->kind == TREE_LIST && i < list->children->len; i++) {
      struct tree_node *node = tree_path(list->children->pdata[i], file_keys[k].key);
      if (node && node->kind == TREE_SCALAR && !visit(plan, node, &file_keys[k], error))
        return false;
    }
  }
  return true;
}

/* What cannot be read is left to its reader, which says so with file and line. */
static bool
gather_file(const struct run_plan *plan, struct tree_node *node, const struct file_key *key,
            GError **error)
{
  if (!key->text_key)
    return true;
  g_autofree char *folder = g_path_get_dirname(plan->name);
  g_autofree char *path = g_build_filename(folder, node->text, NULL);
  gsize n;
  g_autofree char *text = tree_read(path, &n, NULL);
  if (text && g_utf8_validate(text, (gssize)n, NULL) &&
      g_hash_table_size(plan->files) < RUN_FILES_MAX)
    g_hash_table_insert(plan->files, g_strdup(node->text), g_steal_pointer(&text));
  return true;
}

static bool
put_file(const struct run_plan *plan, struct tree_node *node, const struct file_key *key,
         GError **error)
{
  const char *text = key->text_key ? g_hash_table_lookup(plan->files, node->text) : NULL;
  if (text) {
    g_free(node->key);
    node->key = g_strdup(key->text_key);
    g_free(node->text);
    node->text = g_strdup(text);
    return true;
  }
  if (!plan->is_closed)
    return true;
  return tree_fail(
      error, node,
      key->text_key ? lang_text("the file %s is not part of the saved run, and nothing else is "
                                "read; save the run again",
                                "ไฟล์ %s ไม่ได้อยู่ในการจำลองที่บันทึกไว้ และจะไม่อ่านไฟล์อื่น ให้บันทึกใหม่อีกครั้ง")
                    : lang_text("a saved run cannot hold the folder %s, and nothing else is read; "
                                "write its mail as `mbox`",
                                "การจำลองที่บันทึกไว้เก็บโฟลเดอร์ %s ไม่ได้ และจะไม่อ่านไฟล์อื่น "
                                "ให้เขียนจดหมายเป็น `mbox`"),
      node->text);
}

/* ---- settings ---- */

static bool
apply_settings(struct tree_node *scenario, char *const *set, GError **error)
{
  for (; set && *set; set++) {
    const char *equals = strchr(*set, '=');
    g_autofree char *path = equals ? g_strndup(*set, (gsize)(equals - *set)) : NULL;
    if (!path || !*path) {
      g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING,
                  lang_text("--set %s: write KEY=VALUE, for example links.wan.loss=0.05",
                            "--set %s: ให้เขียนในรูป KEY=VALUE เช่น links.wan.loss=0.05"),
                  *set);
      return false;
    }
    if (!tree_set(scenario, path, equals + 1)) {
      g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING,
                  lang_text("--set %1$s: %2$s has no place “%3$s”; a key is a path of names as in "
                            "the file, joined by dots",
                            "--set %1$s: ใน %2$s ไม่มีตำแหน่ง “%3$s” "
                            "คีย์คือพาธของชื่อตามที่อยู่ในไฟล์ คั่นด้วยจุด"),
                  *set, scenario->file, path);
      return false;
    }
  }
  return true;
}

struct tree_node *
plan_scenario(const struct run_plan *plan, GError **error)
{
  gsize n;
  const char *text = g_bytes_get_data(plan->text, &n);
  struct tree_node *root = tree_parse(text, n, plan->name, error);
  if (!root)
    return NULL;
  if (root->kind != TREE_MAP)
    tree_fail(error, root,
              lang_text("a scenario is a map with “hosts” and “links”; this file holds "
                        "something else",
                        "สถานการณ์จำลองต้องเป็นแมปที่มี “hosts” และ “links” "
                        "แต่ไฟล์นี้เก็บข้อมูลอย่างอื่น"));
  else if (apply_settings(root, plan->set, error) && each_text_file(plan, root, put_file, error) &&
           (!plan->has_outside || place_outside(root, error)))
    return root;
  tree_free(root);
  return NULL;
}

/* ---- making ---- */

bool
plan_take_options(struct run_plan *plan, const struct run_options *options, GError **error)
{
  static const struct run_options none = {0};
  const struct run_options *o = options ? options : &none;
  guint n_set = o->set ? g_strv_length((char **)(uintptr_t)o->set) : 0;
  /* What a saved run came to holds only for what was saved. */
  if (o->seed || o->until_ns > 0 || n_set > 0 || input_log_n(o->inputs) > 0)
    plan->has_hash = false;
  if (o->seed)
    plan->seed = o->seed;
  if (o->until_ns > 0)
    plan->until_ns = o->until_ns;
  plan->has_outside = o->has_outside;
  g_free(plan->tap);
  plan->tap = g_strdup(o->tap);
  g_autoptr(GStrvBuilder) set = g_strv_builder_new();
  if (plan->set)
    g_strv_builder_addv(set, (const char **)(uintptr_t)plan->set);
  if (n_set > 0)
    g_strv_builder_addv(set, (const char **)(uintptr_t)o->set);
  g_strfreev(plan->set);
  plan->set = g_strv_builder_end(set);
  if (g_strv_length(plan->set) > RUN_SETTINGS_MAX) {
    g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING,
                lang_text("more than %d values are set; write them into the scenario",
                          "ตั้งค่าเกิน %d ค่า ให้เขียนไว้ในไฟล์สถานการณ์จำลองแทน"),
                RUN_SETTINGS_MAX);
    return false;
  }
  for (unsigned i = 0; i < input_log_n(o->inputs); i++)
    if (!input_log_add_at(plan->inputs, input_log_at(o->inputs, i), input_log_node(o->inputs, i),
                          error))
      return false;
  return true;
}

struct run_plan *
plan_new(const char *what, const struct run_options *options, GError **error)
{
  struct library_place place;
  if (!library_find(what, &place, error))
    return NULL;
  struct run_plan *plan = g_new0(struct run_plan, 1);
  plan->id = g_steal_pointer(&place.id);
  plan->name = g_steal_pointer(&place.scenario);
  plan->is_library = place.is_library;
  plan->inputs = input_log_new();
  plan->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  library_place_clear(&place);
  gsize n = 0;
  char *text = tree_read(plan->name, &n, error);
  if (text) {
    struct tree_node *root = tree_parse(text, n, plan->name, NULL); /* wrong ones complain later */
    if (root)
      each_text_file(plan, root, gather_file, NULL);
    tree_free(root);
    plan_take_text(plan, text, n);
  }
  if (text && plan_take_options(plan, options, error))
    return plan;
  plan_free(plan);
  return NULL;
}
