/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check.c -- the invariants of pass 2, asserted on a decoded frame. */
#include "tests/decode/check.h"

#include <string.h>

static void
check_field(struct decode *d, unsigned i)
{
  const struct field *f = decode_field(d, i);
  g_assert_nonnull(f->def);
  g_assert_true(field_def_find(f->def->key) == f->def);
  g_assert_cmpuint(f->source, <, d->n_sources);
  g_assert_cmpuint((uint64_t)f->first + f->n_octets, <=, d->sources[f->source].octets->len);
  if (f->text != UINT32_MAX) {
    g_assert_cmpuint(f->text, <, d->text->len);
    const char *text = (const char *)d->text->data + f->text;
    g_assert_nonnull(memchr(text, 0, d->text->len - f->text));
    g_assert_true(g_utf8_validate(text, -1, NULL));
  }
  if (f->parent == UINT16_MAX) {
    g_assert_cmpuint(f->depth, ==, 0);
    return;
  }
  g_assert_cmpuint(f->parent, <, i);
  const struct field *p = decode_field(d, f->parent);
  g_assert_cmpuint(f->depth, ==, p->depth + 1);
  if (p->source == f->source) {
    g_assert_cmpuint(f->first, >=, p->first);
    g_assert_cmpuint((uint64_t)f->first + f->n_octets, <=, (uint64_t)p->first + p->n_octets);
  }
  /* the flat array is a tree in order: between parent and child nothing is less deep */
  for (unsigned k = f->parent + 1u; k < i; k++)
    g_assert_cmpuint(decode_field(d, k)->depth, >=, f->depth);
}

char *
check_all_text(struct decode *d)
{
  GString *all = g_string_new(d->summary.info);
  for (unsigned i = 0; i < decode_n_fields(d); i++) {
    const struct field *f = decode_field(d, i);
    g_autofree char *line = decode_line(d, f);
    g_autofree char *sentence = decode_explain(d, f);
    g_string_append_printf(all, "\n%s\n%s\n%s", decode_value(d, f), line, sentence);
  }
  return g_string_free(all, FALSE);
}

void
check_decode(struct decode *d)
{
  uint32_t frame = d->frame;
  g_assert_cmpuint(d->n_sources, >=, 1);
  g_assert_cmpuint(d->n_sources, <=, DECODE_SOURCES_MAX);
  g_assert_cmpuint(decode_n_fields(d), <=, DECODE_FIELDS_MAX);
  for (unsigned i = 0; i < decode_n_fields(d); i++)
    check_field(d, i);
  g_autofree char *text = check_all_text(d);
  g_assert_true(g_utf8_validate(text, -1, NULL));
  for (const char *c = text; *c; c++)
    g_assert_true(*c == '\n' || (uint8_t)*c >= 0x20);
  g_autofree char *info = g_strdup(d->summary.info), *protocol = g_strdup(d->summary.protocol);
  g_autofree char *source = g_strdup(d->summary.source);
  g_assert_null(strchr(info, '\n'));
  decode_summary_only(d, frame);
  g_assert_cmpuint(decode_n_fields(d), ==, 0);
  g_assert_cmpstr(d->summary.info, ==, info);
  g_assert_cmpstr(d->summary.protocol, ==, protocol);
  g_assert_cmpstr(d->summary.source, ==, source);
  decode_frame(d, frame);
}
