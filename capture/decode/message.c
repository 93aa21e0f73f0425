/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message.c -- the letter itself: header fields of RFC 5322 and the parts of a MIME multipart.
 *
 *     From: alice@alice.test CRLF          a field, its name and value
 *     Subject: =?utf-8?B?4Liq...?= CRLF    an encoded word (RFC 2047), decoded beside it
 *      folded line CRLF                    belongs to the field above
 *     CRLF                                 the empty line ends the header
 *     --boundary CRLF Content-Type: ...    a part, with header fields of its own
 *
 * A message is decoded at the frame that ends it, from the stream, as Wireshark does. Its octets
 * are as they travelled: dots doubled by RFC 5321 4.5.2 stand as they are. Not here: nested
 * multiparts, bodies. */
#include "capture/decode/message_field.h"

#include <string.h>

#include "capture/decode/mime.h"
#include "capture/trace/letter.h"

enum {
  HEADER_FIELDS_MAX = 500,  /* more lines than any real letter's header */
  ADDRESSES_MAX = 200,      /* of one header field; the text is there in full */
  RUNS_BACK_FRAMES = 65536, /* frames of one message: 64 Ki segments */
};

struct header_name {
  const char *name;
  uint8_t def;
};

static const struct header_name message_names[] = {
    {"date", DATE},
    {"from", FROM},
    {"sender", SENDER},
    {"reply-to", REPLY_TO},
    {"to", TO},
    {"cc", CC},
    {"bcc", BCC},
    {"message-id", MESSAGE_ID},
    {"in-reply-to", IN_REPLY_TO},
    {"references", REFERENCES},
    {"subject", SUBJECT},
    {"comments", COMMENTS},
    {"keywords", KEYWORDS},
    {"user-agent", USER_AGENT},
    {"return-path", RETURN_PATH},
    {"received", RECEIVED},
    {"delivered-to", DELIVERED_TO},
    {"mime-version", MIME_VERSION},
    {"content-type", CONTENT_TYPE},
    {"content-transfer-encoding", CONTENT_ENCODING},
    {"content-description", CONTENT_DESCRIPTION},
    {"content-id", CONTENT_ID},
    {"content-language", CONTENT_LANGUAGE},
    {"x-mailer", MAILER},
    {"thread-index", THREAD_INDEX},
    {"priority", PRIORITY},
    {"importance", IMPORTANCE},
    {"precedence", PRECEDENCE},
};

static const struct header_name part_names[] = {
    {"content-type", PART_TYPE},
    {"content-transfer-encoding", PART_ENCODING},
    {"content-disposition", PART_DISPOSITION},
    {"content-description", PART_DESCRIPTION},
    {"content-id", PART_ID},
};

/* ---- header fields ---- */

/* The octets of one header field with its continuation lines. */
static uint32_t
field_octets(struct slice s)
{
  uint32_t at = 0;
  for (;;) {
    size_t n = line_find(s.p + at, s.n - at);
    if (n == 0)
      return s.n;
    at += (uint32_t)n;
    if (at >= s.n || (s.p[at] != ' ' && s.p[at] != '\t'))
      return at;
  }
}

/* The value without line ends: folding is undone as RFC 5322 2.2.3 says, the white space stays. */
static char *
unfold(struct slice s)
{
  GString *out = g_string_sized_new(s.n);
  for (uint32_t i = 0; i < s.n; i++)
    if (s.p[i] != '\r' && s.p[i] != '\n')
      g_string_append_c(out, (char)s.p[i]);
  return g_string_free(out, FALSE);
}

static struct slice
trim_left(struct slice s)
{
  while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
    s = slice_skip(s, 1);
  return s;
}

static const struct header_name *
header_find(const struct header_name *rows, size_t n, struct slice name)
{
  for (size_t i = 0; i < n; i++)
    if (text_is(name.p, name.n, rows[i].name))
      return &rows[i];
  return NULL;
}

/* Copies the unfolded value where the body below is told by it; the first one counts. */
static void
note_kind(struct body_kind *kind, unsigned def, const char *text)
{
  char **to = def == CONTENT_TYPE || def == PART_TYPE           ? &kind->content_type
              : def == CONTENT_ENCODING || def == PART_ENCODING ? &kind->encoding
              : def == PART_DISPOSITION                         ? &kind->disposition
                                                                : NULL;
  if (to && !*to)
    *to = g_strdup(text);
}

void
body_kind_clear(struct body_kind *kind)
{
  g_free(kind->content_type);
  g_free(kind->encoding);
  g_free(kind->disposition);
  *kind = (struct body_kind){0};
}

struct address_place {
  struct decode *d;
  struct slice value;
};

/* One address of a field: it is looked for in the octets of the value, else the value is its place.
 */
static void
address_build(void *data, const char *name, const char *mailbox, const char *ascii)
{
  struct address_place *place = data;
  struct decode *d = place->d;
  const uint8_t *found = memmem(place->value.p, place->value.n, mailbox, strlen(mailbox));
  if (!found && ascii[0] && (found = memmem(place->value.p, place->value.n, ascii, strlen(ascii))))
    mailbox = ascii;
  struct slice s = place->value;
  if (found)
    s = slice_cut(slice_skip(s, (uint32_t)(found - s.p)), (uint32_t)strlen(mailbox));
  unsigned group = build_string(d, &message_defs[ADDRESS], s, mailbox);
  build_generated(d, found ? BUILD_NOTHING : group);
  build_open(d, group);
  if (name)
    build_generated(d, build_string(d, &message_defs[ADDRESS_NAME], slice_none(s), name));
  const char *at = strrchr(mailbox, '@');
  char *a_labels = NULL, *u_labels = NULL;
  if (at && mime_domain(at + 1, &a_labels, &u_labels)) {
    build_generated(d, build_string(d, &message_defs[DOMAIN_ASCII], slice_none(s), a_labels));
    build_generated(d, build_string(d, &message_defs[DOMAIN_UNICODE], slice_none(s), u_labels));
  }
  g_free(a_labels);
  g_free(u_labels);
  build_close(d, group);
}

static bool
holds_addresses(unsigned def)
{
  return def == FROM || def == SENDER || def == REPLY_TO || def == TO || def == CC || def == BCC;
}

/* One field of the header. */
static void
header_field_build(struct decode *d, struct slice s, bool of_part, struct body_kind *kind)
{
  const uint8_t *colon = memchr(s.p, ':', s.n);
  struct slice whole = slice_cut(s, (uint32_t)line_trim(s.p, s.n));
  if (!colon) {
    build_flag(d, build_text(d, &message_defs[BAD_HEADER], s, whole.p, whole.n), FIELD_FLAG_ODD);
    return;
  }
  struct slice name = slice_cut(s, (uint32_t)(colon - s.p));
  struct slice value = trim_left(slice_skip(whole, name.n + 1));
  g_autofree char *text = unfold(value);
  const struct header_name *row =
      of_part ? header_find(part_names, G_N_ELEMENTS(part_names), name)
              : header_find(message_names, G_N_ELEMENTS(message_names), name);
  unsigned field;
  if (row) {
    field = build_text(d, &message_defs[row->def], s, value.p, value.n);
    note_kind(kind, row->def, text);
    build_open(d, field);
  } else {
    field = build_text(d, &message_defs[EXTENSION], s, whole.p, whole.n);
    build_open(d, field);
    build_text(d, &message_defs[EXTENSION_TYPE], name, name.p, name.n);
    build_text(d, &message_defs[EXTENSION_VALUE], value, value.p, value.n);
  }
  g_autofree char *decoded = mime_words(text);
  if (decoded)
    build_generated(d, build_string(d, &message_defs[DECODED], value, decoded));
  struct address_place place = {d, value};
  if (row && holds_addresses(row->def))
    mime_each_address(text, ADDRESSES_MAX, address_build, &place);
  build_close(d, field);
}

struct slice
header_build(struct decode *d, struct slice s, bool of_part, struct body_kind *kind)
{
  for (unsigned i = 0; s.n && i < HEADER_FIELDS_MAX; i++) {
    uint32_t n = field_octets(s);
    struct slice field = slice_cut(s, n);
    s = slice_skip(s, n);
    if (line_trim(field.p, field.n) == 0) {
      build_none(d, &message_defs[HEADER_END], field);
      break;
    }
    header_field_build(d, field, of_part, kind);
  }
  return s;
}

void
message_build(struct decode *d, struct slice s, unsigned depth)
{
  struct body_kind kind = {0};
  unsigned layer = build_layer(d, &message_defs[IMF], s, NULL);
  struct slice body = header_build(d, s, false, &kind);
  if (body.n)
    build_none(d, &message_defs[TEXT], body);
  if (depth > 0)
    body_build(d, body, &kind, depth);
  build_layer_end(d, layer, s.n);
  if (depth == 0)
    body_build(d, body, &kind, depth);
  body_kind_clear(&kind);
}

void
message_decode(struct decode *d, struct slice s)
{
  if (!d->work->summary_only)
    message_build(d, s, 0);
}

/* ---- from the stream ---- */

/* "Name: value" at its start: worth being read as a header. */
static bool
looks_like_header(struct slice s)
{
  uint32_t i = 0;
  while (i < s.n && s.p[i] > ' ' && s.p[i] < 0x7f && s.p[i] != ':')
    i++;
  return i > 0 && i < s.n && s.p[i] == ':';
}

/* Where the message ends: before the line that follows it, or behind its last run. */
static uint64_t
message_end(const struct element *end)
{
  bool is_run = end->kind == ELEMENT_MESSAGE || end->kind == ELEMENT_LITERAL;
  return is_run ? end->offset + end->n_octets : end->offset;
}

/* The run of the same side that ends where a line begins; false when something else stands there.
 */
static bool
find_run_before(const struct decode *d, const struct element *line, uint32_t index, uint32_t *frame,
                uint32_t *run)
{
  for (unsigned i = 0; i < RUNS_BACK_FRAMES && *frame != TRACE_NONE; i++) {
    const struct trace_frame f = trace_frame(d->trace, *frame);
    for (uint32_t k = trace_elements_end(d->trace, *frame); k-- > f.element;) {
      const struct element e = trace_element(d->trace, k);
      if (k >= index || e.flow != line->flow || e.side != line->side ||
          (e.flags ^ line->flags) & ELEMENT_FLAGS_INSIDE)
        continue;
      *run = k;
      return e.kind == ELEMENT_LITERAL && e.offset + e.n_octets == line->offset;
    }
    *frame = f.prev_in_flow;
  }
  return false;
}

/* The first run of the message that ends before or with `end`, walking back without a hole; false
 * when there is none. */
static bool
first_run(const struct decode *d, const struct element *end, struct element *first)
{
  bool found = false;
  uint64_t wanted = message_end(end);
  uint32_t frame = d->frame;
  for (unsigned i = 0; i < RUNS_BACK_FRAMES && frame != TRACE_NONE; i++) {
    const struct trace_frame f = trace_frame(d->trace, frame);
    for (uint32_t k = trace_elements_end(d->trace, frame); k-- > f.element;) {
      const struct element e = trace_element(d->trace, k);
      if (e.flow != end->flow || e.side != end->side ||
          (e.flags ^ end->flags) & ELEMENT_FLAGS_INSIDE || e.offset >= wanted)
        continue;
      if ((e.kind != ELEMENT_MESSAGE && e.kind != ELEMENT_LITERAL) ||
          e.offset + e.n_octets != wanted)
        return found;
      *first = e;
      found = true;
      wanted = e.offset;
    }
    frame = f.prev_in_flow;
  }
  return found;
}

/* A message is over when the line behind it comes (IMAP), with its end, or with its last chunk. */
static bool
find_letter(const struct decode *d, uint32_t index, struct letter *l)
{
  const struct element e = trace_element(d->trace, index);
  uint32_t frame = d->frame, last = index;
  if (e.app == APP_IMAP && !find_run_before(d, &e, index, &frame, &last))
    return false;
  if (!letter_at(d->trace, frame, last, l))
    return false;
  if (l->first_octet) /* a part of its own: no header begins there */
    return false;
  return l->kind != LETTER_BDAT || l->lack != LETTER_NO_END;
}

/* The octets of a letter: in this frame when they lie there as they are, else in a source of their
 * own, which knows the frames. */
static struct slice
letter_slice(struct decode *d, const struct letter *l)
{
  struct decode_work *w = d->work;
  if (l->runs->len == 0)
    return (struct slice){0};
  const struct element *first = &g_array_index(l->runs, struct element, 0);
  letter_octets(d->trace, l, BUILD_STREAM_MAX, w->octets, w->pieces);
  bool is_same = w->octets->len == MIN(l->n_octets, BUILD_STREAM_MAX) && l->kind != LETTER_BDAT;
  uint32_t at = (uint32_t)first->offset - w->record.stream_offset, n = w->octets->len;
  if (is_same && !(first->flags & ELEMENT_FLAGS_INSIDE) && first->first_frame == d->frame &&
      at < w->payload.n && n <= w->payload.n - at)
    return slice_cut(slice_skip(w->payload, at), n);
  if (!looks_like_header((struct slice){.p = w->octets->data, .n = n}))
    return (struct slice){0};
  uint8_t source =
      build_source(d, is_same ? app_source_kind(first) : SOURCE_MESSAGE, w->octets, w->pieces);
  return source ? build_source_slice(d, source) : (struct slice){0};
}

/* A literal that is no message may be a header all the same: BODY[HEADER], BODY[1.MIME]. */
static struct slice
header_slice(struct decode *d, const struct element *end)
{
  struct decode_work *w = d->work;
  struct element first;
  if (!first_run(d, end, &first))
    return (struct slice){0};
  uint32_t n = (uint32_t)MIN(message_end(end) - first.offset, BUILD_STREAM_MAX);
  uint32_t at = (uint32_t)first.offset - w->record.stream_offset;
  bool is_inner = first.flags & ELEMENT_FLAGS_INSIDE;
  if (!is_inner && first.first_frame == d->frame && at < w->payload.n && n <= w->payload.n - at)
    return slice_cut(slice_skip(w->payload, at), n);
  if (!trace_element_stream(d->trace, &first, first.first_frame, first.offset, n, w->octets,
                            w->pieces) ||
      !looks_like_header((struct slice){.p = w->octets->data, .n = w->octets->len}))
    return (struct slice){0};
  uint8_t source = build_source(d, app_source_kind(&first), w->octets, w->pieces);
  return source ? build_source_slice(d, source) : (struct slice){0};
}

static void
message_from(struct decode *d, uint32_t index)
{
  struct letter l = {0};
  const struct element end = trace_element(d->trace, index);
  struct slice s = {0};
  if (find_letter(d, index, &l)) {
    s = letter_slice(d, &l);
    if (l.n_octets > BUILD_STREAM_MAX)
      build_flag(d, build_number(d, &message_defs[MESSAGE_CUT], slice_none(s), l.n_octets),
                 FIELD_FLAG_ODD | FIELD_FLAG_GENERATED);
  } else if (end.app == APP_IMAP) {
    s = header_slice(d, &end);
  }
  letter_clear(&l);
  if (looks_like_header(s))
    message_decode(d, s);
}

void
app_message_build(struct decode *d)
{
  struct decode_work *w = d->work;
  if (!w->summary_only && w->n_messages < BUILD_MESSAGES_MAX)
    w->messages[w->n_messages++] = w->element;
}

void
app_messages_decode(struct decode *d)
{
  for (unsigned i = 0; i < d->work->n_messages; i++)
    message_from(d, d->work->messages[i]);
}
