/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build.c -- how decoders add fields, sources and words of the summary to a decode.
 *
 *     build_layer          frame  eth  ip  tcp  smtp       depth 0, in order
 *     build_open/close                  └ tcp.flags         depth 1
 *                                          └ tcp.flags.syn  depth 2
 *
 * A child that would stick out of its parent is our bug in a decoder, not strange input: lengths
 * were cut to what was captured before. Nothing here fails; at DECODE_FIELDS_MAX a mark takes the
 * last place. */
#include "capture/decode/build.h"

#include <string.h>

static struct field *
field_at(struct decode *d, unsigned i)
{
  return &g_array_index(d->fields, struct field, i);
}

static const struct field_def limit_defs[] = {
    {"enveloscope.limit",
     FIELD_TEXT,
     {"Limit reached", "ถึงขีดจำกัด"},
     {"Not everything is shown, because a limit was reached: %s.",
      "แสดงไม่ครบทุกส่วน เพราะถึงขีดจำกัดแล้ว: %s"},
     "Enveloscope"}};
FIELD_TABLE(build_fields, limit_defs);

static uint32_t
text_store(struct decode *d, const char *text, size_t n)
{
  uint32_t at = d->text->len;
  g_byte_array_append(d->text, (const uint8_t *)text, (guint)n);
  g_byte_array_append(d->text, (const uint8_t *)"", 1);
  return at;
}

static unsigned
field_append(struct decode *d, const struct field_def *def, struct slice s)
{
  struct decode_work *w = d->work;
  if (w->summary_only || w->full)
    return BUILD_NOTHING;
  if (d->fields->len == DECODE_FIELDS_MAX - 1) {
    w->full = true;
    struct field mark = {.def = &limit_defs[0],
                         .first = s.first,
                         .text = text_store(d, "8192 fields", 11),
                         .parent = w->parent,
                         .depth = w->depth,
                         .source = s.source,
                         .flags = FIELD_FLAG_ODD | FIELD_FLAG_GENERATED};
    g_array_append_val(d->fields, mark);
    return BUILD_NOTHING;
  }
  struct field f = {.def = def,
                    .first = s.first,
                    .n_octets = s.n,
                    .text = UINT32_MAX,
                    .parent = w->parent,
                    .depth = w->depth,
                    .source = s.source};
  g_array_append_val(d->fields, f);
  return d->fields->len - 1;
}

unsigned
build_none(struct decode *d, const struct field_def *def, struct slice s)
{
  return field_append(d, def, s);
}

unsigned
build_number(struct decode *d, const struct field_def *def, struct slice s, uint64_t number)
{
  unsigned i = field_append(d, def, s);
  if (i != BUILD_NOTHING)
    field_at(d, i)->number = number;
  return i;
}

unsigned
build_named(struct decode *d, const struct field_def *def, struct slice s, uint64_t number,
            const char *word)
{
  unsigned i = build_number(d, def, s, number);
  if (i != BUILD_NOTHING && word)
    field_at(d, i)->text = text_store(d, word, strlen(word));
  return i;
}

unsigned
build_octets(struct decode *d, const struct field_def *def, struct slice s)
{
  return field_append(d, def, s);
}

unsigned
build_text(struct decode *d, const struct field_def *def, struct slice s, const void *text,
           size_t n)
{
  unsigned i = field_append(d, def, s);
  if (i == BUILD_NOTHING)
    return i;
  if (n > BUILD_TEXT_MAX)
    n = BUILD_TEXT_MAX;
  g_autofree char *valid = g_utf8_make_valid(text ? text : "", (gssize)n);
  field_at(d, i)->text = text_store(d, valid, strlen(valid));
  return i;
}

unsigned
build_string(struct decode *d, const struct field_def *def, struct slice s, const char *text)
{
  return build_text(d, def, s, text, strlen(text));
}

void
build_open(struct decode *d, unsigned field)
{
  if (field == BUILD_NOTHING)
    return;
  d->work->parent = (uint16_t)field;
  d->work->depth = field_at(d, field)->depth + 1;
}

void
build_close(struct decode *d, unsigned field)
{
  if (field == BUILD_NOTHING)
    return;
  d->work->parent = field_at(d, field)->parent;
  d->work->depth = field_at(d, field)->depth;
}

unsigned
build_layer(struct decode *d, const struct field_def *def, struct slice s, const char *title)
{
  build_protocol(d, def->key);
  unsigned i = field_append(d, def, s);
  if (i == BUILD_NOTHING)
    return i;
  if (title)
    field_at(d, i)->text = text_store(d, title, strlen(title));
  build_open(d, i);
  return i;
}

void
build_layer_end(struct decode *d, unsigned layer, uint32_t n_octets)
{
  if (layer == BUILD_NOTHING)
    return;
  struct field *f = field_at(d, layer);
  f->n_octets = n_octets;
  d->work->parent = f->parent;
  d->work->depth = f->depth;
}

void
build_flag(struct decode *d, unsigned field, uint8_t flags)
{
  if (field != BUILD_NOTHING)
    field_at(d, field)->flags |= flags;
}

void
build_resize(struct decode *d, unsigned field, uint32_t n_octets)
{
  if (field != BUILD_NOTHING)
    field_at(d, field)->n_octets = n_octets;
}

void
build_generated(struct decode *d, unsigned field)
{
  build_flag(d, field, FIELD_FLAG_GENERATED);
}

void
build_hidden(struct decode *d, const struct field_def *def, struct slice s, uint64_t number)
{
  build_flag(d, build_number(d, def, s, number), FIELD_FLAG_HIDDEN | FIELD_FLAG_GENERATED);
}

void
build_protocol(struct decode *d, const char *word)
{
  struct decode_work *w = d->work;
  if (w->n_protocols < BUILD_PROTOCOLS_MAX)
    w->protocols[w->n_protocols++] = word;
}

/* ---- sources ---- */

uint8_t
build_source(struct decode *d, enum source_kind kind, const GByteArray *octets,
             const GArray *pieces)
{
  if (d->n_sources == DECODE_SOURCES_MAX)
    return 0;
  struct source *s = &d->sources[d->n_sources];
  s->kind = kind;
  g_byte_array_set_size(s->octets, 0);
  g_byte_array_append(s->octets, octets->data, octets->len);
  g_array_set_size(s->pieces, 0);
  if (pieces)
    g_array_append_vals(s->pieces, pieces->data, pieces->len);
  s->parent_source = 0;
  s->parent_first = s->parent_octets = 0;
  return (uint8_t)d->n_sources++;
}

struct slice
build_source_slice(const struct decode *d, uint8_t source)
{
  const GByteArray *o = d->sources[source].octets;
  return (struct slice){o->data, 0, o->len, o->len, source};
}

void
build_secret(struct decode *d, uint8_t source, uint32_t first, uint32_t n_octets)
{
  struct decode_secret secret = {source, first, n_octets};
  if (n_octets > 0)
    g_array_append_val(d->secrets, secret);
}

static int
compare_secrets(const void *a, const void *b)
{
  const struct decode_secret *x = a, *y = b;
  if (x->source != y->source)
    return x->source < y->source ? -1 : 1;
  return x->first < y->first ? -1 : x->first > y->first;
}

void
build_secrets_done(struct decode *d)
{
  struct decode_secret *s = (struct decode_secret *)(void *)d->secrets->data;
  unsigned n = 0;
  if (d->secrets->len == 0)
    return;
  g_array_sort(d->secrets, compare_secrets);
  for (unsigned i = 1; i < d->secrets->len; i++) {
    uint32_t end = s[n].first + s[n].n_octets;
    if (s[i].source != s[n].source || s[i].first > end)
      s[++n] = s[i];
    else if (s[i].first + s[i].n_octets > end)
      s[n].n_octets = s[i].first + s[i].n_octets - s[n].first;
  }
  g_array_set_size(d->secrets, n + 1);
  for (unsigned i = 0; i < d->fields->len; i++) {
    struct field *f = field_at(d, i);
    bool shows = f->def->type == FIELD_TEXT || f->def->type == FIELD_OCTETS;
    if (shows && build_holds_secret(d, f->source, f->first, f->n_octets))
      f->flags |= FIELD_FLAG_SECRET;
  }
}

bool
build_holds_secret(const struct decode *d, uint8_t source, uint32_t first, uint32_t n_octets)
{
  const struct decode_secret *s = (const struct decode_secret *)(void *)d->secrets->data;
  unsigned from = 0, to = d->secrets->len; /* the first that ends behind `first` lies in there */
  while (from < to) {
    unsigned middle = from + (to - from) / 2;
    if (s[middle].source < source ||
        (s[middle].source == source && s[middle].first + s[middle].n_octets <= first))
      from = middle + 1;
    else
      to = middle;
  }
  return from < d->secrets->len && s[from].source == source && s[from].first < first + n_octets;
}

bool
decode_octet_is_secret(const struct decode *d, unsigned source, uint32_t at)
{
  return !d->reveal && build_holds_secret(d, (uint8_t)source, at, 1);
}

/* ---- the summary ---- */

void
text_escape(GString *out, const char *text, size_t n)
{
  for (const char *p = text, *end = text + n; p < end; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    switch (c) {
    case '\r':
      g_string_append(out, "\\r");
      break;
    case '\n':
      g_string_append(out, "\\n");
      break;
    case '\t':
      g_string_append(out, "\\t");
      break;
    default:
      /* bidi controls would let a message reorder what is shown about it */
      if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        g_string_append_printf(out, "\\x%02x", c);
      else if (c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
               (c >= 0x2066 && c <= 0x2069))
        g_string_append_printf(out, "\\u%04x", c);
      else
        g_string_append_unichar(out, c);
    }
  }
}

void
build_info(struct decode *d, const char *format, ...)
{
  if (d->work->quoted)
    return;
  va_list args;
  va_start(args, format);
  g_string_append_vprintf(d->work->info, format, args);
  va_end(args);
}

void
build_info_said(struct decode *d, bool client)
{
  if (d->work->n_info_lines == 0 && d->work->info->len)
    build_info(d, " | "); /* behind records of TLS */
  build_info(d, "%s", d->work->n_info_lines++ ? " | " : client ? "C: " : "S: ");
}

void
build_info_text(struct decode *d, const void *text, size_t n)
{
  GString *info = d->work->info;
  if (d->work->quoted || info->len >= BUILD_INFO_MAX)
    return;
  bool cut = n > BUILD_INFO_MAX - info->len;
  if (cut)
    n = BUILD_INFO_MAX - info->len;
  g_autofree char *valid = g_utf8_make_valid(text ? text : "", (gssize)n);
  text_escape(info, valid, strlen(valid));
  if (cut)
    g_string_append(info, "…");
}

void
build_summary_protocol(struct decode *d, const char *protocol)
{
  if (!d->work->quoted)
    d->summary.protocol = protocol;
}
