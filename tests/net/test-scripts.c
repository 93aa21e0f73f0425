/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-scripts.c -- runs every script of scripts/: each proves one rule of TCP and is named by it.
 */
#include "tests/net/packetdrill.h"

#include <string.h>

static void
run(gconstpointer path)
{
  g_autoptr(GError) error = NULL;
  packetdrill_run(path, &error);
  g_assert_no_error(error);
}

static int
by_name(gconstpointer a, gconstpointer b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_autoptr(GDir) dir = g_dir_open(NET_SCRIPTS, 0, NULL);
  g_assert_nonnull(dir);
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  for (const char *name; (name = g_dir_read_name(dir));)
    if (g_str_has_suffix(name, ".pkt"))
      g_ptr_array_add(paths, g_build_filename(NET_SCRIPTS, name, NULL));
  g_ptr_array_sort(paths, by_name);
  g_assert_cmpuint(paths->len, >=, 30);
  for (unsigned i = 0; i < paths->len; i++) {
    g_autofree char *name = g_path_get_basename(paths->pdata[i]);
    name[strlen(name) - strlen(".pkt")] = '\0';
    g_autofree char *test = g_strdup_printf("/tcp/%s", name);
    g_test_add_data_func(test, paths->pdata[i], run);
  }
  return g_test_run();
}
