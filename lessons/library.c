/* SPDX-License-Identifier: GPL-3.0-or-later */
/* library.c -- what lessons and scenarios there are, and which file a user's word means.
 *
 *     lessons/
 *       NN-name/tasks.yaml        a lesson: id "NN-name", also called "name"
 *       scenarios/name.yaml       a scenario: id "name" (kind: network for those that serve
 * clients)
 *
 * A word with a slash or the ending .yaml is a path; anything else is an id.
 * Not here: what is inside a lesson (lesson.c) or a scenario (run.c, sim/). */
#include "lessons/library.h"

#include <string.h>
#include <unistd.h>

#include "capture/wire/lang.h"
#include "lessons/prose.h"
#include "sim/core/tree.h"

#ifndef ENVELOSCOPE_DATADIR
#define ENVELOSCOPE_DATADIR "/usr/local/share/enveloscope"
#endif

/* A program lies at most this far below the source tree: build/bench/gui is three. */
enum { PARENTS_MAX = 6 };

static char *
folder_of_program(void)
{
  g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
  if (!exe)
    return NULL;
  g_autofree char *dir = g_path_get_dirname(exe);
  for (unsigned i = 0; i < PARENTS_MAX; i++) {
    g_autofree char *scenarios = g_build_filename(dir, "lessons", "scenarios", NULL);
    if (g_file_test(scenarios, G_FILE_TEST_IS_DIR))
      return g_build_filename(dir, "lessons", NULL);
    char *up = g_path_get_dirname(dir);
    g_free(dir);
    dir = up;
  }
  return NULL;
}

const char *
lessons_folder(void)
{
  static char *found; /* the environment and the program's place do not change while it runs */
  const char *named = g_getenv("ENVELOSCOPE_LESSONS");
  if (named && *named)
    return named;
  if (!found)
    found = folder_of_program();
  if (!found)
    found = g_build_filename(ENVELOSCOPE_DATADIR, "lessons", NULL);
  return found;
}

/* ---- listing ---- */

void
run_listing_free(struct run_listing *l)
{
  if (!l)
    return;
  g_free(l->id);
  g_free(l->path);
  g_free(l->title_en);
  g_free(l->title_th);
  g_free(l->about_en);
  g_free(l->about_th);
  g_free(l);
}

static struct run_listing *
listing_new(const char *id, const char *path, enum run_kind kind)
{
  struct run_listing *l = g_new0(struct run_listing, 1);
  l->id = g_strdup(id);
  l->path = g_strdup(path);
  l->kind = kind;
  return l;
}

static struct run_listing *
list_lesson(const char *id, const char *path)
{
  struct run_listing *l = listing_new(id, path, RUN_LESSON);
  g_autofree char *en = g_build_filename(path, "lesson.en.md", NULL);
  g_autofree char *th = g_build_filename(path, "lesson.th.md", NULL);
  l->title_en = prose_title(en);
  l->title_th = prose_title(th);
  if (!l->title_en)
    l->title_en = g_strdup(id);
  if (!l->title_th)
    l->title_th = g_strdup(l->title_en);
  return l;
}

static struct run_listing *
list_scenario(const char *id, const char *path)
{
  struct run_listing *l = listing_new(id, path, RUN_SCENARIO);
  struct tree_node *root = tree_load(path, NULL);
  const char *en = NULL, *th = NULL, *kind = NULL;
  if (root && root->kind == TREE_MAP) {
    tree_pair(root, "title", &en, &th, NULL);
    if (tree_text(root, "kind", "", &kind, NULL))
      l->kind = g_strcmp0(kind, "network") == 0 ? RUN_NETWORK
                : g_strcmp0(kind, "mail") == 0  ? RUN_MAIL
                                                : RUN_SCENARIO;
    const char *about_en = NULL, *about_th = NULL;
    if (tree_pair(root, "about", &about_en, &about_th, NULL)) {
      l->about_en = g_strdup(about_en);
      l->about_th = g_strdup(about_th);
    }
  }
  l->title_en = g_strdup(en ? en : id);
  l->title_th = g_strdup(th ? th : l->title_en);
  tree_free(root);
  return l;
}

static int
compare_listings(gconstpointer a, gconstpointer b)
{
  const struct run_listing *x = *(struct run_listing *const *)a;
  const struct run_listing *y = *(struct run_listing *const *)b;
  if (x->kind != y->kind)
    return x->kind < y->kind ? -1 : 1;
  return strcmp(x->id, y->id);
}

static bool
list_scenarios(const char *folder, GPtrArray *out)
{
  g_autofree char *scenarios = g_build_filename(folder, "scenarios", NULL);
  g_autoptr(GDir) dir = g_dir_open(scenarios, 0, NULL);
  if (!dir)
    return false;
  for (const char *name; (name = g_dir_read_name(dir));) {
    if (!g_str_has_suffix(name, ".yaml"))
      continue;
    g_autofree char *path = g_build_filename(scenarios, name, NULL);
    g_autofree char *id = g_strndup(name, strlen(name) - strlen(".yaml"));
    g_ptr_array_add(out, list_scenario(id, path));
  }
  return true;
}

GPtrArray *
run_list(GError **error)
{
  const char *folder = lessons_folder();
  g_autoptr(GError) local = NULL;
  g_autoptr(GDir) dir = g_dir_open(folder, 0, &local);
  if (!dir) {
    g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_UNREADABLE,
                lang_text("%s: the lessons folder cannot be read (%s); set ENVELOSCOPE_LESSONS to "
                          "the folder that holds “scenarios”",
                          "%s: อ่านโฟลเดอร์บทเรียนไม่ได้ (%s) โปรดตั้งตัวแปร ENVELOSCOPE_LESSONS "
                          "ให้ชี้ไปยังโฟลเดอร์ที่มี “scenarios” อยู่"),
                folder, local->message);
    return NULL;
  }
  GPtrArray *out = g_ptr_array_new_with_free_func((GDestroyNotify)run_listing_free);
  for (const char *name; (name = g_dir_read_name(dir));) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *tasks = g_build_filename(path, "tasks.yaml", NULL);
    if (g_file_test(tasks, G_FILE_TEST_IS_REGULAR))
      g_ptr_array_add(out, list_lesson(name, path));
  }
  list_scenarios(folder, out);
  g_ptr_array_sort(out, compare_listings);
  return out;
}

/* ---- finding ---- */

void
library_place_clear(struct library_place *place)
{
  g_clear_pointer(&place->id, g_free);
  g_clear_pointer(&place->scenario, g_free);
  g_clear_pointer(&place->lesson, g_free);
}

/* "01-how-mail-works" is also called "how-mail-works". */
static const char *
without_number(const char *id)
{
  const char *p = id;
  while (g_ascii_isdigit(*p))
    p++;
  return p > id && *p == '-' ? p + 1 : id;
}

/* Levenshtein's distance, for "did you mean"; words are short ids. */
static unsigned
distance(const char *a, const char *b)
{
  enum { WORD_MAX = 64 };
  unsigned row[WORD_MAX + 1];
  size_t n_a = MIN(strlen(a), WORD_MAX), n_b = MIN(strlen(b), WORD_MAX);
  for (size_t j = 0; j <= n_b; j++)
    row[j] = (unsigned)j;
  for (size_t i = 1; i <= n_a; i++) {
    unsigned diagonal = row[0];
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= n_b; j++) {
      unsigned above = row[j];
      unsigned best = diagonal + (a[i - 1] != b[j - 1]);
      best = MIN(best, above + 1);
      row[j] = MIN(best, row[j - 1] + 1);
      diagonal = above;
    }
  }
  return row[n_b];
}

static void
fail_unknown(const char *what, GPtrArray *all, GError **error)
{
  const char *near = NULL;
  unsigned best = UINT_MAX;
  for (guint i = 0; i < all->len; i++) {
    const struct run_listing *l = all->pdata[i];
    unsigned d = MIN(distance(what, l->id), distance(what, without_number(l->id)));
    if (d < best) {
      best = d;
      near = l->id;
    }
  }
  if (near && best <= 1 + strlen(what) / 3)
    g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_UNKNOWN,
                lang_text("there is no lesson or scenario “%s”; did you mean “%s”? "
                          "“enveloscope-sim list” names all %u",
                          "ไม่มีบทเรียนหรือสถานการณ์จำลองชื่อ “%s” คุณหมายถึง “%s” ใช่หรือไม่ "
                          "“enveloscope-sim list” แสดงชื่อทั้งหมด %u รายการ"),
                what, near, all->len);
  else
    g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_UNKNOWN,
                lang_text("there is no lesson or scenario “%s”; “enveloscope-sim list” names all "
                          "%u. A file is named by its path, such as ./%s.yaml",
                          "ไม่มีบทเรียนหรือสถานการณ์จำลองชื่อ “%s” “enveloscope-sim list” แสดงชื่อทั้งหมด "
                          "%u รายการ ถ้าต้องการเปิดไฟล์ ให้ระบุพาธ เช่น ./%s.yaml"),
                what, all->len, what);
}

/* A lesson's scenario: the one its tasks.yaml names, else the scenario.yaml beside it. */
static char *
scenario_of_lesson(const char *folder, GError **error)
{
  g_autofree char *tasks = g_build_filename(folder, "tasks.yaml", NULL);
  struct tree_node *root = tree_load(tasks, error);
  if (!root)
    return NULL;
  const char *named = NULL;
  char *path = NULL;
  if (root->kind != TREE_MAP) {
    tree_fail(error, root,
              lang_text("a task list is a map with “title”, “scenario” and “steps”",
                        "รายการงานต้องเป็นแมปที่มี “title”, “scenario” และ “steps”"));
  } else if (tree_text(root, "scenario", NULL, &named, error)) {
    if (!named)
      path = g_build_filename(folder, "scenario.yaml", NULL);
    else if (strchr(named, '/') || g_str_has_suffix(named, ".yaml"))
      path = g_build_filename(folder, named, NULL);
    else {
      g_autofree char *file = g_strdup_printf("%s.yaml", named);
      path = g_build_filename(lessons_folder(), "scenarios", file, NULL);
    }
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
      tree_fail(error, named ? tree_get(root, "scenario") : root,
                lang_text("the lesson's scenario %s is not there; name one with “scenario: ID” or "
                          "put a scenario.yaml beside tasks.yaml",
                          "ไม่พบสถานการณ์จำลองของบทเรียนที่ %s โปรดระบุด้วย “scenario: ID” "
                          "หรือวาง scenario.yaml ไว้ข้าง tasks.yaml"),
                path);
      g_clear_pointer(&path, g_free);
    }
  }
  tree_free(root);
  return path;
}

static bool
place_lesson(const char *folder, struct library_place *place, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename(folder, NULL);
  place->scenario = scenario_of_lesson(folder, error);
  if (!place->scenario)
    return false;
  place->lesson = g_strdup(folder);
  place->id = g_path_get_basename(absolute);
  return true;
}

static bool
place_file(const char *path, struct library_place *place)
{
  g_autofree char *name = g_path_get_basename(path);
  if (g_str_has_suffix(name, ".yaml"))
    name[strlen(name) - strlen(".yaml")] = '\0';
  place->id = g_strdup(name);
  place->scenario = g_strdup(path);
  return true;
}

static bool
is_path(const char *what)
{
  return strchr(what, '/') || g_str_has_suffix(what, ".yaml") || g_str_has_suffix(what, ".yml");
}

bool
library_find(const char *what, struct library_place *place, GError **error)
{
  *place = (struct library_place){0};
  if (is_path(what)) {
    g_autofree char *tasks = g_build_filename(what, "tasks.yaml", NULL);
    if (g_file_test(tasks, G_FILE_TEST_IS_REGULAR))
      return place_lesson(what, place, error);
    return place_file(what, place); /* tree_load says what is wrong with the file */
  }
  g_autoptr(GPtrArray) all = run_list(error);
  if (!all)
    return false;
  for (guint i = 0; i < all->len; i++) {
    const struct run_listing *l = all->pdata[i];
    if (strcmp(l->id, what) != 0 && strcmp(without_number(l->id), what) != 0)
      continue;
    place->is_library = true;
    if (l->kind == RUN_LESSON)
      return place_lesson(l->path, place, error);
    place->id = g_strdup(l->id);
    place->scenario = g_strdup(l->path);
    return true;
  }
  /* A file in the current folder without an ending is still a file. */
  if (g_file_test(what, G_FILE_TEST_EXISTS))
    return place_file(what, place);
  fail_unknown(what, all, error);
  return false;
}
