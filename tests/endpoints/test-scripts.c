/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-scripts.c -- every dialogue of tests/endpoints/scripts, fed in three ways. */
#include <stdlib.h>

#include "tests/endpoints/script.h"

static const char *folder;

struct play {
  char *file;
  enum script_feed feed;
};

static void
test_script(gconstpointer data)
{
  const struct play *play = data;
  script_play(folder, play->file, play->feed);
}

static int
by_name(gconstpointer a, gconstpointer b)
{
  return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

int
main(int argc, char **argv)
{
  static const char *const feeds[SCRIPT_N_FEEDS] = {"by line", "by octet", "whole"};
  g_test_init(&argc, &argv, NULL);
  folder = g_getenv("ENDPOINTS_FOLDER");
  g_assert_nonnull(folder);
  g_autofree char *scripts = g_build_filename(folder, "scripts", NULL);
  g_autoptr(GError) error = NULL;
  GDir *dir = g_dir_open(scripts, 0, &error);
  g_assert_no_error(error);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (const char *name; (name = g_dir_read_name(dir));) {
    if (g_str_has_suffix(name, ".txt"))
      g_ptr_array_add(names, g_strdup(name));
  }
  g_dir_close(dir);
  g_ptr_array_sort(names, by_name);
  g_autoptr(GPtrArray) plays = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *file = g_build_filename(scripts, names->pdata[i], NULL);
    g_autofree char *title = script_title(file);
    g_strdelimit(title, "/", '|');
    for (int f = 0; f < SCRIPT_N_FEEDS; f++) {
      if (f == SCRIPT_WHOLE && !script_may_be_whole(file))
        continue;
      struct play *play = g_new(struct play, 1);
      *play = (struct play){.file = names->pdata[i], .feed = (enum script_feed)f};
      g_ptr_array_add(plays, play);
      g_autofree char *path =
          g_strdup_printf("/scripts/%s/%s/%s", (char *)names->pdata[i], title, feeds[f]);
      g_test_add_data_func(path, play, test_script);
    }
  }
  return g_test_run();
}
