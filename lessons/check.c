/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check.c -- whether a teacher's folder or file works, before a class sees it.
 *
 *     lesson folder    read both languages and tasks.yaml, run the scenario, resolve everything
 *     scenario file    run it to its end
 *     other folder     every lesson and scenario in it, in the order of their names
 *
 * Not here: the checks themselves (lesson.c, resolve.c, run.c). */
#include <string.h>

#include "lessons/lesson_private.h"

/* lessons/scenarios is one level down; deeper folders are somebody else's. */
enum { CHECK_DEPTH_MAX = 2 };

static void
take_error(GPtrArray *problems, GError *error)
{
  g_ptr_array_add(problems, g_strdup(error->message));
  g_error_free(error);
}

static struct run *
run_checked(const char *path, GPtrArray *problems)
{
  GError *error = NULL;
  struct run *r = run_new(path, NULL, &error);
  if (!r) {
    take_error(problems, error);
    return NULL;
  }
  if (run_hit_limit(r))
    g_ptr_array_add(
        problems,
        g_strdup_printf(
            lang_text("%s:1: the run never comes to rest; give it an end with “until: 60s”",
                      "%s:1: การจำลองไม่มีวันสิ้นสุด โปรดกำหนดเวลาจบด้วย “until: 60s”"),
            path));
  return r;
}

static void
check_lesson(const char *folder, GPtrArray *problems)
{
  GError *error = NULL;
  struct lesson *l = lesson_new(folder, &error);
  if (!l) {
    take_error(problems, error);
    return;
  }
  struct run *r = run_checked(l->scenario, problems);
  if (r)
    lesson_resolve_all(l, r, problems);
  run_free(r);
  lesson_free(l);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static unsigned check_path(const char *path, unsigned depth, GPtrArray *problems);

static unsigned
check_folder(const char *path, unsigned depth, GPtrArray *problems)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (const char *name; dir && (name = g_dir_read_name(dir));)
    g_ptr_array_add(names, g_build_filename(path, name, NULL));
  g_ptr_array_sort(names, compare_names);
  unsigned n_checked = 0;
  for (guint i = 0; i < names->len; i++) {
    const char *child = names->pdata[i];
    if (g_file_test(child, G_FILE_TEST_IS_DIR) ? depth < CHECK_DEPTH_MAX
                                               : g_str_has_suffix(child, ".yaml"))
      n_checked += check_path(child, depth + 1, problems);
  }
  return n_checked;
}

/* Returns how many lessons and scenarios were looked at. */
static unsigned
check_path(const char *path, unsigned depth, GPtrArray *problems)
{
  g_autofree char *tasks = g_build_filename(path, "tasks.yaml", NULL);
  if (g_file_test(tasks, G_FILE_TEST_EXISTS)) {
    check_lesson(path, problems);
    return 1;
  }
  if (g_file_test(path, G_FILE_TEST_IS_DIR))
    return check_folder(path, depth, problems);
  g_autofree char *file = strchr(path, '/') ? g_strdup(path) : g_build_filename(".", path, NULL);
  run_free(run_checked(file, problems));
  return 1;
}

bool
lesson_check(const char *path, GPtrArray *problems)
{
  guint before = problems->len;
  if (check_path(path, 0, problems) == 0)
    g_ptr_array_add(problems,
                    g_strdup_printf(lang_text("%s:1: there is no lesson (a folder with tasks.yaml) "
                                              "and no scenario (NAME.yaml) in this folder",
                                              "%s:1: ในโฟลเดอร์นี้ไม่มีบทเรียน (โฟลเดอร์ที่มี tasks.yaml) "
                                              "และไม่มีสถานการณ์จำลอง (NAME.yaml)"),
                                    path));
  return problems->len == before;
}
