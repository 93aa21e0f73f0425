/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-replay.c -- the main of a fuzz target where no fuzzer is: a TAP test over what is known.
 *
 *     fuzz-NAME                      seeds, the folder corpus/NAME (inputs that once went wrong),
 * and of each: cut at every octet, and octets changed by a fixed sequence fuzz-NAME FILE... those
 * inputs, as a libFuzzer program would fuzz-NAME --write-seeds DIR    the built-in seeds as files,
 * to begin fuzzing with
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum {
  CUTS_MAX = 2048,        /* per input: every octet of small ones, then evenly spread */
  CHANGES = 512,          /* per input */
  LARGE_OCTETS = 1 << 16, /* larger inputs are only run as they are */
};

/* Runs a copy of exactly n octets, so that a sanitizer sees the first octet read behind it. */
static void
run(const uint8_t *p, size_t n)
{
  uint8_t *copy = g_malloc(n ? n : 1);
  if (n)
    memcpy(copy, p, n);
  LLVMFuzzerTestOneInput(copy, n);
  g_free(copy);
}

static uint64_t
next_random(uint64_t *state)
{
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *state >> 33;
}

static void
run_changed(const uint8_t *p, size_t n)
{
  static const uint8_t values[] = {0x00, 0xff, 0x7f, 0x80, '\r', '\n', '.', '{', '"', ' '};
  uint64_t state = n;
  uint8_t *copy = g_malloc(n + 1);
  for (int i = 0; n && i < CHANGES; i++) {
    memcpy(copy, p, n);
    for (uint64_t k = next_random(&state) % 3 + 1; k > 0; k--) {
      size_t at = next_random(&state) % n;
      uint64_t how = next_random(&state);
      copy[at] = how % 3 ? values[how / 3 % sizeof values] : (uint8_t)(how >> 8);
    }
    run(copy, n);
  }
  g_free(copy);
}

static void
test_input(const void *data)
{
  GBytes *input = (GBytes *)data;
  size_t n;
  const uint8_t *p = g_bytes_get_data(input, &n);
  run(p, n);
  if (n > LARGE_OCTETS)
    return;
  size_t step = n / CUTS_MAX + 1;
  for (size_t cut = 0; cut < n; cut += step)
    run(p, cut);
  run_changed(p, n);
}

static void
add_test(GPtrArray *inputs, const char *kind, const char *name, GBytes *input)
{
  g_autofree char *path = g_strdup_printf("/%s/%s", kind, name);
  g_ptr_array_add(inputs, input);
  g_test_add_data_func(path, input, test_input);
}

static int
compare_names(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
add_corpus(GPtrArray *inputs, const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  const char *name;
  while (dir && (name = g_dir_read_name(dir)))
    g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, compare_names);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);
    char *text;
    gsize n;
    if (g_file_get_contents(path, &text, &n, NULL))
      add_test(inputs, "corpus", g_ptr_array_index(names, i), g_bytes_new_take(text, n));
  }
}

static int
write_seeds(const char *folder)
{
  g_mkdir_with_parents(folder, 0755);
  for (const struct fuzz_seed *s = fuzz_seeds; s->name; s++) {
    g_autofree char *path = g_build_filename(folder, s->name, NULL);
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents(path, s->octets, (gssize)s->n_octets, &error)) {
      fprintf(stderr, "cannot write the seed: %s\n", error->message);
      return 3;
    }
  }
  return 0;
}

static int
run_files(char **paths)
{
  for (; *paths; paths++) {
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    gsize n;
    if (!g_file_get_contents(*paths, &text, &n, &error)) {
      fprintf(stderr, "cannot read the input: %s\n", error->message);
      return 3;
    }
    run((const uint8_t *)text, n);
    printf("%s: %zu octets, fine\n", *paths, n);
  }
  return 0;
}

int
main(int argc, char **argv)
{
  if (argc == 3 && strcmp(argv[1], "--write-seeds") == 0)
    return write_seeds(argv[2]);
  if (argc > 1 && argv[1][0] != '-')
    return run_files(argv + 1);
  g_test_init(&argc, &argv, NULL);
  g_autoptr(GPtrArray) inputs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  for (const struct fuzz_seed *s = fuzz_seeds; s->name; s++)
    add_test(inputs, "seed", s->name, g_bytes_new_static(s->octets, s->n_octets));
  add_corpus(inputs, FUZZ_CORPUS);
  return g_test_run();
}
