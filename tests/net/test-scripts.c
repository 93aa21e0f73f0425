/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-scripts.c -- runs every script of scripts/ over IPv4 and IPv6: each proves one rule of TCP,
 * is named by it, and lies in the folder of its RFC. At the end a table says how many scripts speak
 * of which section. */
#include "tests/net/packetdrill.h"

#include <stdio.h>
#include <string.h>

struct script {
  char *path, *name; /* name: "rfc9293/abort-sends-rst" */
  unsigned version;
};

static void
run(gconstpointer data)
{
  const struct script *s = data;
  g_autoptr(GError) error = NULL;
  packetdrill_run(s->path, s->version, &error);
  g_assert_no_error(error);
}

static int
by_name(gconstpointer a, gconstpointer b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names below a folder, sorted. */
static GPtrArray *
list(const char *folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  g_assert_nonnull(dir);
  for (const char *name; (name = g_dir_read_name(dir));)
    g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, by_name);
  return names;
}

static void
add(GPtrArray *scripts, const char *path, const char *name, unsigned version)
{
  struct script *s = g_new0(struct script, 1);
  s->path = g_strdup(path);
  s->name = g_strdup(name);
  s->version = version;
  g_ptr_array_add(scripts, s);
  g_autofree char *test = g_strdup_printf("/tcp/%s/v%u", name, version);
  g_test_add_data_func(test, s, run);
}

static void
add_folder(GPtrArray *scripts, GHashTable *sections, const char *folder)
{
  g_autofree char *path = g_build_filename(NET_SCRIPTS, folder, NULL);
  g_autoptr(GPtrArray) names = list(path);
  for (unsigned i = 0; i < names->len; i++) {
    struct packetdrill_about about;
    g_autofree char *file = g_build_filename(path, names->pdata[i], NULL);
    g_autofree char *name = g_strdup_printf("%s/%s", folder, (char *)names->pdata[i]);
    g_assert_true(g_str_has_suffix(name, ".pkt") && packetdrill_about(file, &about));
    name[strlen(name) - strlen(".pkt")] = '\0';
    if (!about.section)
      g_error("%s names no section of an RFC", file);
    if (about.runs_on_v4)
      add(scripts, file, name, 4);
    if (about.runs_on_v6)
      add(scripts, file, name, 6);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(sections, about.section));
    g_hash_table_replace(sections, about.section, GUINT_TO_POINTER(n + 1));
  }
}

static void
script_free(gpointer data)
{
  struct script *s = data;
  g_free(s->path);
  g_free(s->name);
  g_free(s);
}

static void
print_table(GHashTable *sections)
{
  guint total = 0;
  g_autoptr(GList) keys =
      g_list_sort(g_hash_table_get_keys(sections), (GCompareFunc)(void (*)(void))strcmp);
  for (GList *k = keys; k; k = k->next) {
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(sections, k->data));
    printf("# %-24s %3u\n", (const char *)k->data, n);
    total += n;
  }
  printf("# %-24s %3u\n", "scripts", total);
}

int
main(int argc, char **argv)
{
  if (argc == 3) { /* test-scripts FILE.pkt 4|6: one script, while it is written */
    g_autoptr(GError) error = NULL;
    if (packetdrill_run(argv[1], argv[2][0] == '6' ? 6 : 4, &error))
      return 0;
    fprintf(stderr, "%s\n", error->message);
    return 1;
  }
  g_test_init(&argc, &argv, NULL);
  g_autoptr(GPtrArray) scripts = g_ptr_array_new_with_free_func(script_free);
  g_autoptr(GHashTable) sections = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) folders = list(NET_SCRIPTS);
  for (unsigned i = 0; i < folders->len; i++)
    add_folder(scripts, sections, folders->pdata[i]);
  g_assert_cmpuint(scripts->len, >=, 120);
  int result = g_test_run();
  print_table(sections);
  return result;
}
