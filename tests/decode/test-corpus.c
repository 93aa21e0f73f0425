/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-corpus.c -- every frame of broken, hostile and real captures decodes, and the invariants
 * hold. */
#include <string.h>

#include "tests/decode/check.h"

enum { FRAMES_MAX = 400 }; /* per capture: the suite stays quick; fuzzing goes further */

static void
check_capture(const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) warning = NULL;
  g_autoptr(trace_owned) t = trace_new();
  if (!trace_load_file(t, path, &warning, &error)) {
    g_test_message("%s: %s", path, error->message);
    return;
  }
  struct decode *d = decode_new(t);
  uint32_t n = trace_n_frames(t), step = n > FRAMES_MAX ? n / FRAMES_MAX : 1;
  for (uint32_t i = 0; i < n; i += step) {
    decode_frame(d, i);
    check_decode(d);
  }
  decode_free(d);
}

static void
test_folder(gconstpointer name)
{
  const char *corpus = g_getenv("ENVELOSCOPE_CORPUS");
  if (!corpus) {
    g_test_skip("ENVELOSCOPE_CORPUS is not set: no captures to decode");
    return;
  }
  g_autofree char *path = g_build_filename(corpus, name, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
  g_assert_no_error(error);
  unsigned n = 0;
  for (const char *file; (file = g_dir_read_name(dir)) != NULL; n++) {
    g_autofree char *capture = g_build_filename(path, file, NULL);
    check_capture(capture);
  }
  g_assert_cmpuint(n, >, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/decode/corpus/malformed", "malformed", test_folder);
  g_test_add_data_func("/decode/corpus/real", "real", test_folder);
  g_test_add_data_func("/decode/corpus/onefeature", "onefeature", test_folder);
  return g_test_run();
}
