/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls.c -- records of TLS: what can be read of them without keys, and what a key log opened. RFC
 * 8446 5, 5246 6.
 *
 *     record      | type 1 | version 2 | length 2 | contents |
 *     handshake   | type 1 | length 3 | body |   one or several in a record, or one over several
 *
 * A handshake message is read where it ends. What the records before it brought of it is put in
 * front, from the last record of another kind on (messages are not interleaved with other records,
 * RFC 8446 5.1). Behind a ChangeCipherSpec of the same side all is sealed, and named so. */
#include "capture/decode/app.h"
#include "capture/decode/tls_field.h"

#include "capture/wire/tls.h"

enum {
  LOOK_BACK_FRAMES = 1024,          /* of a connection: a handshake stands at its start */
  LOOK_BACK_RECORDS = 64,           /* over which one message may be spread */
  MESSAGES_OCTETS_MAX = 256 * 1024, /* put together at once; chains of certificates are far below */
};

static void
info_word(struct decode *d, const char *word)
{
  GString *info = d->work->info;
  build_info(d, "%s%s", info->len && info->str[info->len - 1] != ' ' ? ", " : "", word);
}

/* ---- the records before this one ---- */

/* Walks the TLS records of this flow backwards from the one that is decoded. */
struct walk {
  const struct element *from;
  uint32_t frame, next; /* elements of `frame` below `next` are still to come */
  unsigned n_frames;
};

static struct walk
walk_begin(const struct decode *d, const struct element *from)
{
  return (struct walk){from, d->frame, trace_elements_end(d->trace, d->frame), 0};
}

/* The record before; false at the start of what is kept. *index is its place in the trace. */
static bool
walk_back(const struct decode *d, struct walk *w, struct element *out, uint32_t *index)
{
  while (w->frame != TRACE_NONE && w->n_frames < LOOK_BACK_FRAMES) {
    const struct trace_frame f = trace_frame(d->trace, w->frame);
    while (w->next > f.element) {
      *index = --w->next;
      *out = trace_element(d->trace, *index);
      bool same_side = out->side == w->from->side;
      if (out->kind == ELEMENT_TLS && out->flow == w->from->flow &&
          (out->flags & ELEMENT_FLAGS_INSIDE) == (w->from->flags & ELEMENT_FLAGS_INSIDE) &&
          (!same_side || out->offset < w->from->offset))
        return true;
    }
    w->frame = f.prev_in_flow;
    w->n_frames++;
    if (w->frame != TRACE_NONE)
      w->next = trace_elements_end(d->trace, w->frame);
  }
  return false;
}

/* Has this side changed to encryption before? */
static bool
is_sealed(const struct decode *d, const struct element *e)
{
  struct walk w = walk_begin(d, e);
  struct element before;
  for (uint32_t i; walk_back(d, &w, &before, &i);)
    if (before.side == e->side && (before.code & 0xff) == TLS_CHANGE_CIPHER_SPEC)
      return true;
  return false;
}

/* The suite in the server's hello before this record; 0 when there is none. */
static uint16_t
agreed_suite(const struct decode *d, const struct element *e)
{
  enum { AT_ID = TLS_RECORD_HEADER_OCTETS + TLS_HANDSHAKE_HEADER_OCTETS + 2 + TLS_RANDOM_OCTETS };
  struct walk w = walk_begin(d, e);
  struct element before;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  for (uint32_t i; walk_back(d, &w, &before, &i);) {
    if (before.side != SIDE_SERVER || (before.code & 0xff) != TLS_HANDSHAKE ||
        !trace_element_octets(d->trace, i, octets, pieces) || octets->len <= AT_ID ||
        octets->data[TLS_RECORD_HEADER_OCTETS] != TLS_SERVER_HELLO)
      continue;
    uint32_t at = AT_ID + 1u + octets->data[AT_ID];
    return at + 2 <= octets->len ? get_be16(octets->data + at) : 0;
  }
  return 0;
}

/* What a record holds of handshake messages; false when it is of another kind, or sealed. */
static bool
record_messages(const struct decode *d, uint32_t index, const struct element *e, bool opened,
                GByteArray *octets, GArray *pieces)
{
  struct trace_plain plain;
  bool is_opened = trace_plain(d->trace, e, &plain);
  if (is_opened != opened || (is_opened ? plain.type : e->code & 0xff) != TLS_HANDSHAKE)
    return false;
  if (is_opened) {
    struct trace_piece piece = {
        .n_octets = plain.n_octets, .frame = e->last_frame, .frame_offset = TRACE_NONE};
    g_byte_array_set_size(octets, 0);
    g_byte_array_append(octets, plain.octets, plain.n_octets);
    g_array_set_size(pieces, 0);
    g_array_append_val(pieces, piece);
    return true;
  }
  if (!trace_element_octets(d->trace, index, octets, pieces) ||
      octets->len < TLS_RECORD_HEADER_OCTETS)
    return false;
  g_byte_array_remove_range(octets, 0, TLS_RECORD_HEADER_OCTETS);
  uint32_t skip = TLS_RECORD_HEADER_OCTETS;
  for (unsigned i = 0; i < pieces->len && skip; i++) { /* the header has no place in the message */
    struct trace_piece *p = &g_array_index(pieces, struct trace_piece, i);
    uint32_t n = MIN(skip, p->n_octets);
    p->n_octets -= n;
    if (p->frame_offset != TRACE_NONE)
      p->frame_offset += n;
    skip -= n;
  }
  return true;
}

/* The octets of messages that the records before this one hold, back to the last message's start
 * or another kind of record. */
static void
earlier_messages(const struct decode *d, const struct element *e, bool opened, GByteArray *out,
                 GArray *out_pieces)
{
  struct walk w = walk_begin(d, e);
  struct element before;
  uint32_t records[LOOK_BACK_RECORDS], n = 0;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  for (uint32_t i; n < LOOK_BACK_RECORDS && walk_back(d, &w, &before, &i);) {
    if (before.side != e->side)
      continue;
    if (!record_messages(d, i, &before, opened, octets, pieces))
      break;
    records[n++] = i;
  }
  while (n > 0) {
    before = trace_element(d->trace, records[--n]);
    if (!record_messages(d, records[n], &before, opened, octets, pieces) ||
        out->len + octets->len > MESSAGES_OCTETS_MAX)
      return;
    g_byte_array_append(out, octets->data, octets->len);
    for (unsigned i = 0; i < pieces->len; i++) {
      struct trace_piece *p = &g_array_index(pieces, struct trace_piece, i);
      if (p->n_octets)
        g_array_append_val(out_pieces, *p);
    }
  }
}

/* Where, in what came before, the message begins that is not complete; len when all are. False when
 * these are no messages. */
static bool
unfinished_at(const GByteArray *octets, uint32_t *at)
{
  for (*at = 0; octets->len - *at >= TLS_HANDSHAKE_HEADER_OCTETS;) {
    uint32_t n = TLS_HANDSHAKE_HEADER_OCTETS + get_be24(octets->data + *at + 1);
    if (!tls_handshake_name(octets->data[*at]))
      return false;
    if (n > octets->len - *at)
      return true;
    *at += n;
  }
  return true;
}

/* ---- handshake ---- */

static void
sealed_build(struct decode *d, struct slice s)
{
  unsigned group = build_none(d, &tls_defs[HANDSHAKE], s);
  build_open(d, group);
  build_none(d, &tls_defs[ENCRYPTED], s);
  build_close(d, group);
  info_word(d, "Encrypted Handshake Message");
}

static void
piece_build(struct decode *d, struct slice s)
{
  unsigned group = build_none(d, &tls_defs[HANDSHAKE], s);
  build_open(d, group);
  build_octets(d, &tls_defs[PIECE], s);
  build_close(d, group);
}

/* One whole message. */
static void
message_build(struct decode *d, struct slice s, const struct tls_context *context)
{
  struct slice body = slice_skip(s, TLS_HANDSHAKE_HEADER_OCTETS);
  const char *name = tls_handshake_name(s.p[0]);
  unsigned group = build_none(d, &tls_defs[HANDSHAKE], s);
  build_open(d, group);
  build_named(d, &tls_defs[HANDSHAKE_TYPE], slice_cut(s, 1), s.p[0], name);
  build_number(d, &tls_defs[HANDSHAKE_LENGTH], slice_cut(slice_skip(s, 1), 3), body.n);
  info_word(d, name);
  if (!tls_message_build(d, s.p[0], body, context))
    build_flag(d, build_none(d, &tls_defs[BAD], body), FIELD_FLAG_ODD);
  build_close(d, group);
}

/* The message that began in an earlier record and ends `n` octets into this one. */
static void
spread_build(struct decode *d, GByteArray *octets, GArray *pieces, uint32_t at, struct slice rest,
             bool opened, const struct tls_context *context)
{
  struct trace_piece last = {.n_octets = rest.n,
                             .frame = d->frame,
                             .frame_offset = rest.source == 0 ? rest.first : TRACE_NONE};
  g_byte_array_append(octets, rest.p, rest.n);
  g_array_append_val(pieces, last);
  g_byte_array_remove_range(octets, 0, at);
  while (at > 0 && pieces->len > 0) {
    struct trace_piece *p = &g_array_index(pieces, struct trace_piece, 0);
    uint32_t n = MIN(at, p->n_octets);
    p->n_octets -= n;
    if (p->frame_offset != TRACE_NONE)
      p->frame_offset += n;
    at -= n;
    if (p->n_octets == 0)
      g_array_remove_index(pieces, 0);
  }
  uint8_t source = build_source(d, opened ? SOURCE_OPENED : SOURCE_STREAM, octets, pieces);
  piece_build(d, rest);
  if (source == 0)
    return;
  struct slice whole = build_source_slice(d, source), none = slice_none(rest);
  unsigned group = build_none(d, &tls_defs[FRAGMENTS], none);
  build_generated(d, group);
  build_open(d, group);
  for (unsigned i = 0; i < pieces->len; i++)
    build_generated(d, build_number(d, &tls_defs[FRAGMENT], none,
                                    g_array_index(pieces, struct trace_piece, i).frame + 1));
  build_generated(d, build_number(d, &tls_defs[FRAGMENT_COUNT], none, pieces->len));
  build_close(d, group);
  message_build(d, whole, context);
}

/* A client that was asked to say hello again (RFC 8446 4.1.2) has sent a ChangeCipherSpec for the
 * sake of old machines in between, and is not sealed. */
static bool
is_second_hello(struct slice s)
{
  return s.n > TLS_HANDSHAKE_HEADER_OCTETS + 2 && s.p[0] == TLS_CLIENT_HELLO &&
         get_be24(s.p + 1) + TLS_HANDSHAKE_HEADER_OCTETS == s.n &&
         get_be16(s.p + TLS_HANDSHAKE_HEADER_OCTETS) == 0x0303;
}

/* The contents of a handshake record that is not sealed: messages that end in it are read. */
static void
handshake_build(struct decode *d, const struct element *e, struct slice s, bool opened)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  struct tls_context context = {.is_13 = opened && e->code >> 8 == TLS_MINOR_13,
                                .is_client = e->side == SIDE_CLIENT};
  if (!d->work->summary_only)
    context.suite = agreed_suite(d, e);
  uint32_t at = 0;
  earlier_messages(d, e, opened, octets, pieces);
  if (!unfinished_at(octets, &at)) {
    sealed_build(d, s);
    return;
  }
  uint32_t n_before = octets->len - at; /* of the message that goes on here */
  if (n_before > 0) {
    uint8_t header[TLS_HANDSHAKE_HEADER_OCTETS];
    uint32_t n_old = MIN(n_before, sizeof header);
    memcpy(header, octets->data + at, n_old);
    if (n_before + s.n < sizeof header)
      return;
    memcpy(header + n_old, s.p, sizeof header - n_old);
    uint32_t n = TLS_HANDSHAKE_HEADER_OCTETS + get_be24(header + 1);
    struct slice rest = slice_cut(s, n - n_before);
    if (n > n_before + s.n) { /* it goes on behind this record, too */
      piece_build(d, s);
      info_word(d, "Handshake fragment");
      return;
    }
    if (!d->work->summary_only)
      spread_build(d, octets, pieces, at, rest, opened, &context);
    else
      info_word(d, tls_handshake_name(header[0]) ? tls_handshake_name(header[0]) : "?");
    s = slice_skip(s, rest.n);
  }
  while (s.n > 0) {
    uint32_t n = s.n >= TLS_HANDSHAKE_HEADER_OCTETS
                     ? TLS_HANDSHAKE_HEADER_OCTETS + get_be24(s.p + 1)
                     : UINT32_MAX;
    if (!tls_handshake_name(s.p[0])) {
      sealed_build(d, s);
      return;
    }
    if (n > s.n) {
      piece_build(d, s);
      info_word(d, "Handshake fragment");
      return;
    }
    message_build(d, slice_cut(s, n), &context);
    s = slice_skip(s, n);
  }
}

/* ---- the other kinds ---- */

static void
alert_build(struct decode *d, struct slice s)
{
  unsigned group = build_none(d, &tls_defs[ALERT], s);
  build_open(d, group);
  const char *name = s.n == 2 ? tls_alert_name(s.p[1]) : NULL;
  if (s.n == 2 && s.p[0] <= 2) {
    build_named(d, &tls_defs[ALERT_LEVEL], slice_cut(s, 1), s.p[0],
                s.p[0] == 1 ? "Warning" : "Fatal");
    build_named(d, &tls_defs[ALERT_DESC], slice_skip(s, 1), s.p[1], name);
    info_word(d, "Alert");
    build_info(d, " (%s)", name ? name : "?");
  } else {
    info_word(d, "Encrypted Alert");
  }
  build_close(d, group);
}

/* RFC 6520 4: more octets named than sent is what Heartbleed did. */
static void
heartbeat_build(struct decode *d, struct slice s)
{
  unsigned group = build_none(d, &tls_defs[HEARTBEAT], s);
  build_open(d, group);
  info_word(d, "Heartbeat");
  if (s.n >= 3 && s.p[0] <= 2) {
    build_named(d, &tls_defs[HEARTBEAT_TYPE], slice_cut(s, 1), s.p[0],
                s.p[0] == 1 ? "Request" : "Response");
    struct slice length = slice_cut(slice_skip(s, 1), 2);
    build_number(d, &tls_defs[HEARTBEAT_LENGTH], length, get_be16(length.p));
    if (get_be16(length.p) > s.n - 3)
      build_flag(d, build_none(d, &tls_defs[HEARTBEAT_BAD], length), FIELD_FLAG_ODD);
  }
  build_close(d, group);
}

enum { BODY_OPENED = -1 };

/* What the record held: its contents are a source of their own, application data apart, which the
 * protocol inside reads. */
static void
opened_build(struct decode *d, const struct element *e, struct slice body,
             const struct trace_plain *plain)
{
  struct decode_work *w = d->work;
  bool is_data = plain->type == TLS_APPLICATION_DATA;
  build_octets(d, &tls_defs[is_data ? APP_DATA : SEALED], body);
  if (is_data) {
    w->n_records_opened++;
    build_generated(d, build_number(d, &tls_defs[OPENED_APP], slice_none(body), plain->n_octets));
    return;
  }
  struct trace_piece piece = {
      .n_octets = plain->n_octets, .frame = d->frame, .frame_offset = TRACE_NONE};
  g_byte_array_set_size(w->octets, 0);
  g_byte_array_append(w->octets, plain->octets, plain->n_octets);
  g_array_set_size(w->pieces, 0);
  g_array_append_val(w->pieces, piece);
  uint8_t source = build_source(d, SOURCE_OPENED, w->octets, w->pieces);
  struct slice inside = build_source_slice(d, source);
  if (source && plain->type == TLS_HANDSHAKE)
    handshake_build(d, e, inside, true);
  else if (source && plain->type == TLS_ALERT)
    alert_build(d, inside);
}

void
tls_element(struct decode *d, const struct element *e, struct slice s)
{
  struct tls_record r;
  struct trace_plain plain;
  if (!tls_record_get(s.p, s.n, &r))
    return;
  bool is_opened = trace_plain(d->trace, e, &plain);
  uint8_t type = is_opened ? plain.type : r.type;
  const char *content = tls_content_name(type), *version = tls_version_name(r.version),
             *agreed = e->code >> 8 ? tls_version_name((uint16_t)(0x0300 | e->code >> 8)) : NULL;
  if (agreed ? agreed : version)
    build_summary_protocol(d, agreed ? agreed : version);
  unsigned group = build_none(d, &tls_defs[RECORD], s);
  build_open(d, group);
  bool is_13 = e->code >> 8 == TLS_MINOR_13, hides = is_13 && r.type == TLS_APPLICATION_DATA;
  if (is_opened || !hides)
    build_named(d, &tls_defs[CONTENT_TYPE], slice_cut(s, 1), type, content);
  if (hides)
    build_named(d, &tls_defs[OPENED], slice_cut(s, 1), r.type, tls_content_name(r.type));
  build_named(d, &tls_defs[RECORD_VERSION], slice_cut(slice_skip(s, 1), 2), r.version, version);
  build_number(d, &tls_defs[RECORD_LENGTH], slice_cut(slice_skip(s, 3), 2), r.n_octets);
  struct slice body = slice_cut(slice_skip(s, TLS_RECORD_HEADER_OCTETS), r.n_octets);
  switch (is_opened ? BODY_OPENED : (int)r.type) {
  case BODY_OPENED:
    opened_build(d, e, body, &plain);
    break;
  case TLS_HANDSHAKE:
    if (!is_13 && !is_second_hello(body) &&
        is_sealed(d, e)) /* in TLS 1.3 what is sealed says that it is application data */
      sealed_build(d, body);
    else
      handshake_build(d, e, body, false);
    break;
  case TLS_ALERT:
    alert_build(d, body);
    break;
  case TLS_CHANGE_CIPHER_SPEC:
    build_none(d, &tls_defs[CHANGE_CIPHER_SPEC], body);
    info_word(d, "Change Cipher Spec");
    break;
  case TLS_HEARTBEAT:
    heartbeat_build(d, body);
    break;
  default:
    build_octets(d, &tls_defs[APP_DATA], body);
    info_word(d, content ? content : "TLS");
  }
  build_close(d, group);
}
