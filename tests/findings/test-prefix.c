/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-prefix.c -- a capture cut behind each of its octets is read as far as it goes, by everything
 * that reads.
 *
 *     capture ─first n octets─> load, decode, filter, statistics, letters, audit     for every n
 *
 * Nothing ends the process, and what the shorter file shows is the beginning of what the longer one
 * does: no frame that is whole is lost. pcap and pcapng are made here; those of ENVELOSCOPE_CORPUS
 * follow where it is set, cut at places that are spread over the file. */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "capture/decode/decode.h"
#include "capture/statistics/statistics.h"
#include "tests/findings/rig.h"
#include "tests/trace/packets.h"

static const char script[] = "@ 192.0.2.7:40001 > 198.51.100.25:25\n"
                             "S: 220 mx.example.net ESMTP\n"
                             "C: EHLO pc\n"
                             "S: 250-mx.example.net\n"
                             "S: 250 AUTH PLAIN LOGIN\n"
                             "C: AUTH PLAIN AGFubmEAc2VjcmV0\n"
                             "S: 235 ok\n"
                             "C: MAIL FROM:<a@example.net>\n"
                             "S: 250 ok\n"
                             "C: RCPT TO:<b@example.net>\n"
                             "S: 250 ok\n"
                             "C: DATA\n"
                             "S: 354 go on\n"
                             "C: From: a@example.net\n"
                             "C: \n"
                             "C: hi\n"
                             "C: .\n"
                             "S: 250 taken\n"
                             ".";

static char *folder;

/* The octets of a file that holds the script's frames. */
static GByteArray *
as_pcapng(void)
{
  g_autofree char *path = g_build_filename(folder, "whole.pcapng", NULL);
  struct trace *t = rig_play(script, RIG_LINES);
  char *octets;
  gsize n;
  packets_write(path, t);
  trace_free(t);
  g_assert_true(g_file_get_contents(path, &octets, &n, NULL));
  return g_byte_array_new_take((guint8 *)octets, n);
}

static void
put32(GByteArray *to, uint32_t value)
{
  uint8_t octets[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                       (uint8_t)(value >> 24)};
  g_byte_array_append(to, octets, sizeof octets);
}

static GByteArray *
as_pcap(void)
{
  enum { LINK_TYPE_RAW = 101 };
  GByteArray *out = g_byte_array_new();
  g_autoptr(GByteArray) frame = g_byte_array_new();
  struct trace *t = rig_play(script, RIG_LINES);
  const uint32_t head[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, LINK_TYPE_RAW};
  for (unsigned i = 0; i < G_N_ELEMENTS(head); i++)
    put32(out, head[i]);
  for (uint32_t i = 0; i < trace_n_frames(t); i++) {
    g_assert_true(trace_octets(t, i, frame));
    put32(out, 1767225600 + i);
    put32(out, 0);
    put32(out, frame->len);
    put32(out, frame->len);
    g_byte_array_append(out, frame->data, frame->len);
  }
  trace_free(t);
  return out;
}

/* Everything that reads a trace; returns how many frames there are. */
static uint32_t
read_all(const char *path)
{
  g_autoptr(GError) warning = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(trace_owned) t = trace_new();
  if (!trace_load_file(t, path, &warning, &error)) {
    g_assert_nonnull(error);
    g_assert_cmpuint(strlen(error->message), >, 10);
    return 0;
  }
  struct decode *d = decode_new(t);
  struct statistics *s = statistics_new(t);
  uint32_t n = trace_n_frames(t);
  for (uint32_t i = 0; i < n; i++)
    g_assert_true(decode_frame(d, i));
  g_assert_true(statistics_step(s, UINT32_MAX));
  for (uint32_t i = 0; i < trace_n_elements(t); i++) {
    const struct element e = trace_element(t, i);
    g_assert_cmpuint(e.first_frame, <, n);
    g_assert_cmpuint(e.last_frame, <, n);
  }
  statistics_free(s);
  decode_free(d);
  return n;
}

/* Nobody needs this file after a loss of power: waiting for the disk some thousand times takes long. */
static void
put_file(const char *path, const char *octets, gsize n)
{
  FILE *out = g_fopen(path, "wb");
  g_assert_nonnull(out);
  g_assert_cmpuint(fwrite(octets, 1, n, out), ==, n);
  g_assert_cmpint(fclose(out), ==, 0);
}

static void
test_every_cut(gconstpointer data)
{
  g_autoptr(GByteArray) whole = GPOINTER_TO_UINT(data) ? as_pcapng() : as_pcap();
  g_autofree char *path = g_build_filename(folder, "cut", NULL);
  uint32_t before = 0;
  for (guint n = 0; n <= whole->len; n++) {
    put_file(path, (const char *)whole->data, n);
    uint32_t now = read_all(path);
    g_assert_cmpuint(now, >=, before);
    g_assert_cmpuint(now, <=, before + 1);
    before = now;
  }
  struct trace *t = rig_play(script, RIG_LINES);
  g_assert_cmpuint(before, ==, trace_n_frames(t));
  trace_free(t);
}

static void
test_corpus(void)
{
  enum { CUTS = 24 };
  const char *corpus = g_getenv("ENVELOSCOPE_CORPUS");
  if (!corpus) {
    g_test_skip("ENVELOSCOPE_CORPUS is not set");
    return;
  }
  static const char *const folders[] = {"real", "onefeature"};
  g_autofree char *path = g_build_filename(folder, "cut", NULL);
  for (unsigned k = 0; k < G_N_ELEMENTS(folders); k++) {
    g_autofree char *from = g_build_filename(corpus, folders[k], NULL);
    g_autoptr(GDir) dir = g_dir_open(from, 0, NULL);
    g_assert_nonnull(dir);
    for (const char *name; (name = g_dir_read_name(dir));) {
      g_autofree char *file = g_build_filename(from, name, NULL), *octets = NULL;
      gsize n;
      g_assert_true(g_file_get_contents(file, &octets, &n, NULL));
      uint32_t before = 0;
      for (gsize i = 0; i < CUTS; i++) {
        put_file(path, octets, n * i / CUTS + i);
        uint32_t now = read_all(path);
        g_assert_cmpuint(now, >=, before);
        before = now;
      }
    }
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = g_dir_make_tmp("prefix-XXXXXX", NULL);
  g_test_add_data_func("/prefix/pcap", GUINT_TO_POINTER(0), test_every_cut);
  g_test_add_data_func("/prefix/pcapng", GUINT_TO_POINTER(1), test_every_cut);
  g_test_add_func("/prefix/corpus", test_corpus);
  int result = g_test_run();
  static const char *const names[] = {"cut", "whole.pcapng"};
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = g_build_filename(folder, names[i], NULL);
    g_unlink(path);
  }
  g_rmdir(folder);
  g_free(folder);
  return result;
}
