/* SPDX-License-Identifier: GPL-3.0-or-later */
/* coverage.c -- counts the octets of capture files that no field explains.
 *
 *     usage: coverage FILE...      0 when every octet is explained, 1 with a list of those that
 *                                  are not
 *
 * An octet counts as explained when a field lies over it that says what it is: a layer as a whole
 * ("TCP") and a payload as a whole ("the data of this segment") do not count. Octets of derived
 * sources (reassembled, opened, decoded) count as those of the frame do. On the way every sentence
 * of every field that occurs is made in both languages and must quote the value it promises. */
#include <stdio.h>
#include <string.h>

#include "capture/decode/decode.h"
#include "tests/decode/check.h"

enum { SHOWN_MAX = 20 };

static unsigned n_shown;

static bool
explains(const struct field *f)
{
  static const char *const wholes[] = {"tcp.payload", "udp.payload"};
  for (unsigned i = 0; i < G_N_ELEMENTS(wholes); i++)
    if (strcmp(f->def->key, wholes[i]) == 0)
      return false;
  return f->def->type != FIELD_PROTOCOL;
}

static uint64_t
count_source(const struct decode *d, unsigned source, const char *path)
{
  uint32_t n = d->sources[source].octets->len;
  g_autofree uint8_t *seen = g_malloc0(n + 1);
  for (unsigned i = 0; i < decode_n_fields(d); i++) {
    const struct field *f = decode_field(d, i);
    if (f->source == source && explains(f))
      memset(seen + f->first, 1, f->n_octets);
  }
  uint64_t missing = 0;
  for (uint32_t i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && seen[end] == seen[i];)
      end++;
    if (seen[i])
      continue;
    missing += end - i;
    if (n_shown++ < SHOWN_MAX) {
      printf("%s: frame %u, source %u (kind %d): octets %u to %u have no explanation:", path,
             d->frame + 1, source, d->sources[source].kind, i, end - 1);
      for (uint32_t k = i; k < end && k < i + 16; k++)
        printf(" %02x", d->sources[source].octets->data[k]);
      printf("  %s\n", d->summary.info);
    }
  }
  return missing;
}

/* The sentence holds what stands behind the name in the tree's line. */
static void
check_sentence(struct decode *d, const struct field *f)
{
  g_autofree char *sentence = decode_explain(d, f);
  if (strstr(sentence, "%s"))
    g_error("%s: the value is not filled in: %s", f->def->key, sentence);
  if (!strstr(lang_pick(f->def->explain), "%s") || f->def->type == FIELD_BOOL)
    return;
  g_autofree char *line = decode_line(d, f);
  const char *value = strstr(line, ": ");
  if (!value)
    return;
  g_autofree char *bare = g_strdup(value + 2);
  if (f->flags & FIELD_FLAG_GENERATED && g_str_has_suffix(bare, "]"))
    bare[strlen(bare) - 1] = '\0';
  if (!strstr(sentence, bare))
    g_error("%s: “%s” does not quote “%s”", f->def->key, sentence, bare);
}

static uint64_t
count_file(const char *path)
{
  g_autoptr(trace_owned) t = trace_new();
  g_autoptr(GError) warning = NULL;
  g_autoptr(GError) error = NULL;
  if (!trace_load_file(t, path, &warning, &error))
    g_error("%s: %s", path, error->message);
  struct decode *d = decode_new(t);
  uint64_t missing = 0;
  for (uint32_t frame = 0; frame < trace_n_frames(t); frame++) {
    decode_frame(d, frame);
    check_decode(d);
    for (unsigned s = 0; s < d->n_sources; s++)
      missing += count_source(d, s, path);
    for (unsigned i = 0; i < decode_n_fields(d); i++)
      check_sentence(d, decode_field(d, i));
    lang_set(LANG_TH);
    for (unsigned i = 0; i < decode_n_fields(d); i++)
      check_sentence(d, decode_field(d, i));
    lang_set(LANG_EN);
  }
  decode_free(d);
  return missing;
}

int
main(int argc, char **argv)
{
  uint64_t missing = 0;
  for (int i = 1; i < argc; i++)
    missing += count_file(argv[i]);
  printf("%" G_GUINT64_FORMAT " octets without an explanation in %d files\n", missing, argc - 1);
  return missing > 0;
}
