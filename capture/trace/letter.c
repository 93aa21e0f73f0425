/* SPDX-License-Identifier: GPL-3.0-or-later */
/* letter.c -- from elements to messages.
 *
 *     C: DATA | run | run | gap | run | END          back from the end to the command: letter_at()
 *     C: BDAT 9 | run | BDAT 4 LAST | run            over the commands between the chunks
 *     S: * 1 FETCH (BODY[] {13} | run | run          the line before says what it is and how long
 *
 * Runs lie one behind the other in their stream, so going back ends where something else stood.
 * Going forward (letter_scan) keeps one open run per stream and asks letter_at() where it ends. */
#include "capture/trace/letter.h"

#include <string.h>

#include "capture/wire/mail.h"

enum {
  LINE_OCTETS_MAX = 65536, /* of the line before a literal: APPSESSION_LINE_MAX */
  RUNS_MAX = 1 << 20,      /* 1 Mi runs: 1.4 GB in segments of an Ethernet */
  ENVELOPE_MAX = 4096,     /* elements of an envelope: 1000 recipients and their answers */
  REPLY_FRAMES_MAX = 1024, /* frames until a message is answered */
};

/* ---- going back over the elements of one flow ---- */

struct cursor {
  const struct trace *t;
  uint32_t flow;
  uint32_t index; /* the next one to look at is before it */
  uint32_t first; /* of the range that is looked at */
  uint32_t frame; /* to which that range belongs; TRACE_NONE behind the last frame */
};

static void
cursor_enter(struct cursor *c, uint32_t frame)
{
  c->frame = frame;
  if (frame == TRACE_NONE)
    return;
  c->first = trace_frame(c->t, frame).element;
  c->index = trace_elements_end(c->t, frame);
}

static struct cursor
cursor_at(const struct trace *t, uint32_t frame, uint32_t index, uint32_t flow)
{
  struct cursor c = {.t = t, .flow = flow, .index = index, .frame = frame};
  uint32_t n = trace_n_frames(t);
  c.first = frame != TRACE_NONE ? trace_frame(t, frame).element
            : n ? trace_elements_end(t, n - 1) /* what came out when all frames were in */
                : 0;
  return c;
}

/* The element before; false at the flow's beginning. */
static bool
cursor_back(struct cursor *c, struct element *e)
{
  for (;;) {
    while (c->index > c->first) {
      *e = trace_element(c->t, --c->index);
      if (e->flow == c->flow)
        return true;
    }
    uint32_t before = TRACE_NONE;
    if (c->frame != TRACE_NONE && trace_frame(c->t, c->frame).flow == c->flow)
      before = trace_frame(c->t, c->frame).prev_in_flow;
    else /* a later frame ended the flow, or the end of the capture did */
      before = trace_flow(c->t, c->flow)->last_frame;
    if (before == TRACE_NONE || before == c->frame)
      return false;
    cursor_enter(c, before);
  }
}

/* ---- what stands before the octets ---- */

static void
element_text(const struct trace *t, const struct element *e, GByteArray *out)
{
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  g_byte_array_set_size(out, 0);
  if (!trace_element_stream(t, e, e->first_frame, e->offset, MIN(e->n_octets, LINE_OCTETS_MAX), out,
                            pieces))
    g_byte_array_set_size(out, 0);
  g_byte_array_set_size(out, (guint)line_trim(out->data, out->len));
}

/* "BDAT 1000 LAST": RFC 3030 section 2. */
static bool
read_chunk(const struct trace *t, uint32_t command, uint64_t *end, bool *is_last)
{
  if (command >= trace_n_elements(t))
    return false;
  struct element e = trace_element(t, command);
  if (e.app != APP_SMTP || e.kind != ELEMENT_COMMAND || e.code != SMTP_BDAT)
    return false;
  g_autoptr(GByteArray) line = g_byte_array_new();
  element_text(t, &e, line);
  uint64_t n = 0;
  size_t at = 4;
  while (at < line->len && line->data[at] == ' ')
    at++;
  for (; at < line->len && g_ascii_isdigit(line->data[at]); at++)
    n = n * 10 + (uint64_t)(line->data[at] - '0');
  *end = e.offset + e.n_octets + n;
  *is_last = text_is(line->data + at, line->len - at, " LAST");
  return true;
}

/* The literal's length at the end of a line, "{12}", "{12+}", "~{12}"; *at is where the brace (or
 * its tilde) stands. */
static bool
read_literal(const GByteArray *line, uint64_t *n, size_t *at)
{
  size_t i = line->len;
  if (i < 3 || line->data[i - 1] != '}')
    return false;
  i--;
  if (line->data[i - 1] == '+' || line->data[i - 1] == '-')
    i--;
  size_t end = i;
  while (i > 0 && g_ascii_isdigit(line->data[i - 1]))
    i--;
  if (i == end || i == 0 || line->data[i - 1] != '{')
    return false;
  *n = 0;
  for (size_t k = i; k < end; k++)
    *n = *n * 10 + (uint64_t)(line->data[k] - '0');
  *at = i - 1;
  if (*at > 0 && line->data[*at - 1] == '~')
    --*at;
  return true;
}

/* What a FETCH answers with in front of a string: true for a whole message or a part of it
 * ("BODY[]<100>"), which *is_part then says, and *first where it begins. */
static bool
is_message_item(const uint8_t *p, size_t n, bool *is_part, uint64_t *first)
{
  while (n && p[n - 1] == ' ')
    n--;
  size_t end = n;
  *is_part = false;
  *first = 0;
  if (n && p[n - 1] == '>') {
    while (n && p[n - 1] != '<')
      n--;
    if (n == 0 || end - n < 2 || end - n > 11) /* a number of 32 bits */
      return false;
    for (size_t i = n; i < end - 1; i++) {
      if (!g_ascii_isdigit(p[i]))
        return false;
      *first = *first * 10 + (uint64_t)(p[i] - '0');
    }
    *is_part = true;
    end = --n;
  }
  static const char *const items[] = {"BODY[]", "BINARY[]", "RFC822"};
  for (unsigned i = 0; i < G_N_ELEMENTS(items); i++) {
    size_t k = strlen(items[i]);
    if (end >= k && text_is(p + end - k, k, items[i]) &&
        (end == k || p[end - k - 1] == ' ' || p[end - k - 1] == '('))
      return true;
  }
  return false;
}

/* An APPEND's first literal is the mailbox's name when it stands right behind the verb. */
static bool
is_appended(const struct trace *t, const struct element *line, const uint8_t *p, size_t n)
{
  uint32_t command = line->kind == ELEMENT_COMMAND ? ELEMENT_NONE : line->command;
  if (command != ELEMENT_NONE)
    return command < trace_n_elements(t) && trace_element(t, command).code == IMAP_APPEND;
  if (line->code != IMAP_APPEND)
    return false;
  unsigned words = 0;
  for (size_t i = 0; i < n; i++)
    words += p[i] != ' ' && (i == 0 || p[i - 1] == ' ');
  return words > 2; /* tag, verb, mailbox */
}

/* ---- one letter ---- */

void
letter_clear(struct letter *l)
{
  if (l->runs)
    g_array_unref(l->runs);
  memset(l, 0, sizeof *l);
}

static void
letter_start(struct letter *l, const struct element *e)
{
  GArray *runs = l->runs ? l->runs : g_array_new(FALSE, FALSE, sizeof(struct element));
  g_array_set_size(runs, 0);
  *l = (struct letter){.flow = e->flow,
                       .command = e->command,
                       .first_frame = e->first_frame,
                       .last_frame = e->last_frame,
                       .app = e->app,
                       .side = e->side,
                       .runs = runs,
                       .start = ELEMENT_NONE};
}

static bool
is_run(const struct element *e)
{
  return e->kind == ELEMENT_MESSAGE || e->kind == ELEMENT_LITERAL || e->kind == ELEMENT_GAP;
}

static bool
may_hold_quoted(const struct element *e)
{
  return e->app == APP_IMAP && e->side == SIDE_SERVER && e->kind == ELEMENT_REPLY &&
         e->code == IMAP_STATUS_UNTAGGED;
}

static bool
is_chunk_command(const struct element *e)
{
  return e->app == APP_SMTP && e->kind == ELEMENT_COMMAND &&
         (e->code == SMTP_BDAT || e->code == SMTP_NOOP);
}

/* Gathers the runs that end at `wanted`, going back; *before is the line where they began. */
static bool
collect_runs(struct cursor *c, const struct element *last, uint64_t wanted, bool is_chunked,
             struct letter *l, struct element *before)
{
  struct element e;
  bool found = false;
  while (!found && cursor_back(c, &e) && l->runs->len < RUNS_MAX) {
    if (e.side != last->side || (e.flags ^ last->flags) & ELEMENT_FLAGS_INSIDE)
      continue;
    if (e.offset + e.n_octets > wanted)
      continue;
    if (e.offset + e.n_octets == wanted && is_run(&e)) {
      g_array_append_val(l->runs, e);
      l->first_frame = e.first_frame;
      l->n_octets += e.n_octets;
      l->n_missing += e.kind == ELEMENT_GAP ? e.n_octets : 0;
      wanted = e.offset;
    } else if (e.offset + e.n_octets == wanted && is_chunked && is_chunk_command(&e)) {
      wanted = e.offset;
    } else {
      *before = e;
      found = true;
    }
  }
  l->start = found ? c->index + 1 : ELEMENT_NONE;
  l->start_frame = c->frame;
  for (unsigned i = 0, k = l->runs->len; k && i < --k; i++) { /* they came backwards */
    struct element *x = &g_array_index(l->runs, struct element, i);
    struct element *y = &g_array_index(l->runs, struct element, k), swap = *x;
    *x = *y;
    *y = swap;
  }
  return found;
}

static bool
finish_literal(const struct trace *t, struct letter *l, const struct element *line)
{
  g_autoptr(GByteArray) text = g_byte_array_new();
  element_text(t, line, text);
  uint64_t n = 0;
  size_t at = 0;
  bool is_part = false;
  if (!read_literal(text, &n, &at))
    return false;
  if (l->side == SIDE_CLIENT ? !is_appended(t, line, text->data, at)
                             : !is_message_item(text->data, at, &is_part, &l->first_octet))
    return false;
  l->kind = l->side == SIDE_CLIENT ? LETTER_APPEND : LETTER_FETCH;
  if (l->n_octets < n)
    l->lack = LETTER_NO_END;
  else if (is_part)
    l->lack = LETTER_PART;
  return true;
}

/* A server's line with a message in quotes: without line ends, so a short one or an empty one. */
static bool
take_quoted(const struct trace *t, const struct element *line, uint32_t index, struct letter *l)
{
  g_autoptr(GByteArray) text = g_byte_array_new();
  element_text(t, line, text);
  const uint8_t *p = text->data;
  bool is_part = false;
  for (size_t at = 0; at < text->len; at++) {
    if (p[at] != '"')
      continue;
    size_t end = at + 1;
    while (end < text->len && p[end] != '"')
      end += p[end] == '\\' ? 2 : 1;
    if (end >= text->len)
      return false;
    if (!is_message_item(p, at, &is_part, &l->first_octet)) {
      at = end;
      continue;
    }
    g_array_append_val(l->runs, *line);
    l->kind = LETTER_FETCH;
    l->lack = is_part ? LETTER_PART : LETTER_WHOLE;
    l->is_quoted = true;
    l->quoted_at = at + 1;
    l->n_octets = end - at - 1;
    l->end = index;
    return true;
  }
  return false;
}

bool
letter_at(const struct trace *t, uint32_t frame, uint32_t index, struct letter *l)
{
  const struct element last = trace_element(t, index);
  if (may_hold_quoted(&last)) {
    letter_start(l, &last);
    return take_quoted(t, &last, index, l);
  }
  bool is_end = last.kind == ELEMENT_END;
  uint64_t wanted = is_end ? last.offset : last.offset + last.n_octets, chunk_end = 0;
  bool is_last = false;
  bool is_chunked =
      read_chunk(t, last.kind == ELEMENT_COMMAND ? index : last.command, &chunk_end, &is_last);
  letter_start(l, &last);
  l->end = index;
  struct cursor c = cursor_at(t, frame, is_end ? index : index + 1, last.flow);
  struct element before = {0};
  bool has_line = collect_runs(&c, &last, wanted, is_chunked, l, &before);
  if (last.kind == ELEMENT_LITERAL) {
    if (!has_line || !finish_literal(t, l, &before))
      return false;
  } else if (l->app == APP_POP3) {
    bool is_top = l->command < trace_n_elements(t) && trace_element(t, l->command).code == POP_TOP;
    l->kind = is_top ? LETTER_TOP : LETTER_RETR;
    l->lack = !is_end ? LETTER_NO_END : is_top ? LETTER_PART : LETTER_WHOLE;
  } else if (l->app == APP_SMTP) {
    l->kind = is_chunked ? LETTER_BDAT : LETTER_DATA;
    if (is_chunked ? !is_last || chunk_end != wanted : !is_end)
      l->lack = LETTER_NO_END;
  } else {
    return false;
  }
  l->has_dots = l->kind == LETTER_DATA || l->kind == LETTER_RETR || l->kind == LETTER_TOP;
  l->is_bare_lf = is_end && last.n_octets == 2;
  if (l->n_missing)
    l->lack = LETTER_HOLE;
  return true;
}

/* ---- its octets ---- */

/* Where the next octet stands: at a line's start (a dot there was doubled), behind a CR; in quotes:
 * behind a backslash. */
struct undot {
  bool at_start, behind_cr, is_bare_lf, is_guarded;
};

static void
undot_step(struct undot *u, uint8_t octet)
{
  u->at_start = octet == '\n' && (u->behind_cr || u->is_bare_lf);
  u->behind_cr = octet == '\r';
}

/* Is this octet only there for the transport? */
static bool
is_dropped(const struct letter *l, struct undot *u, uint8_t octet)
{
  if (l->is_quoted) {
    u->is_guarded = octet == '\\' && !u->is_guarded;
    return u->is_guarded;
  }
  return l->has_dots && u->at_start && octet == '.';
}

/* One piece, cut where an octet goes out. Returns how many octets were handed out. */
static uint64_t
take_piece(const struct letter *l, struct undot *u, const uint8_t *p, struct trace_piece piece,
           uint64_t n_max, letter_take take, void *data)
{
  uint64_t n_taken = 0;
  uint32_t from = 0;
  for (uint32_t i = 0; i <= piece.n_octets; i++) {
    bool drops = i < piece.n_octets && is_dropped(l, u, p[i]);
    if (drops || i == piece.n_octets) {
      uint32_t n = (uint32_t)MIN(i - from, n_max - n_taken);
      struct trace_piece part = {.n_octets = n,
                                 .frame = piece.frame,
                                 .frame_offset = piece.frame_offset == TRACE_NONE
                                                     ? TRACE_NONE
                                                     : piece.frame_offset + from};
      if (n)
        take(data, p + from, n, &part);
      n_taken += n;
      from = i + 1;
    }
    if (drops)
      u->at_start = false;
    else if (i < piece.n_octets)
      undot_step(u, p[i]);
  }
  return n_taken;
}

void
letter_each(const struct trace *t, const struct letter *l, uint64_t n_max, letter_take take,
            void *data)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  struct undot u = {.at_start = true, .is_bare_lf = l->is_bare_lf};
  for (unsigned i = 0; i < l->runs->len && n_max; i++) {
    const struct element *run = &g_array_index(l->runs, struct element, i);
    if (run->kind == ELEMENT_GAP) {
      u.at_start = u.behind_cr = false;
      continue;
    }
    uint64_t n = l->is_quoted ? l->n_octets : run->n_octets;
    if (!trace_element_stream(t, run, run->first_frame, run->offset + l->quoted_at, n, octets, pieces))
      continue;
    for (unsigned k = 0; k < pieces->len && n_max; k++) {
      struct trace_piece piece = g_array_index(pieces, struct trace_piece, k);
      n_max -= take_piece(l, &u, octets->data + piece.first, piece, n_max, take, data);
    }
  }
}

struct gathered {
  GByteArray *out;
  GArray *pieces;
};

static void
gather(void *data, const uint8_t *p, uint32_t n, const struct trace_piece *piece)
{
  struct gathered *g = data;
  struct trace_piece at = *piece;
  at.first = g->out->len;
  g_byte_array_append(g->out, p, n);
  g_array_append_val(g->pieces, at);
}

void
letter_octets(const struct trace *t, const struct letter *l, uint32_t n_max, GByteArray *out,
              GArray *pieces)
{
  struct gathered g = {out, pieces};
  g_byte_array_set_size(out, 0);
  g_array_set_size(pieces, 0);
  letter_each(t, l, n_max, gather, &g);
}

/* ---- the envelope ---- */

uint32_t
letter_envelope(const struct trace *t, const struct letter *l, GArray *recipients)
{
  g_array_set_size(recipients, 0);
  if (l->app != APP_SMTP || l->start == ELEMENT_NONE || l->runs->len == 0)
    return ELEMENT_NONE;
  g_autoptr(GHashTable) refused = g_hash_table_new(NULL, NULL); /* of commands, by element */
  unsigned inside = g_array_index(l->runs, struct element, 0).flags & ELEMENT_FLAGS_INSIDE;
  struct cursor c = cursor_at(t, l->start_frame, l->start, l->flow);
  struct element e;
  uint32_t mail = ELEMENT_NONE;
  for (unsigned i = 0; i < ENVELOPE_MAX && mail == ELEMENT_NONE && cursor_back(&c, &e); i++) {
    if ((e.flags & ELEMENT_FLAGS_INSIDE) != inside)
      continue;
    if (e.kind == ELEMENT_REPLY && e.code >= 400 && e.command != ELEMENT_NONE)
      g_hash_table_add(refused, GUINT_TO_POINTER(e.command));
    if (e.kind == ELEMENT_END || (e.kind == ELEMENT_COMMAND && e.code == SMTP_RSET))
      break;
    if (e.kind == ELEMENT_COMMAND && e.code == SMTP_MAIL)
      mail = c.index;
    else if (e.kind == ELEMENT_COMMAND && e.code == SMTP_RCPT &&
             !g_hash_table_contains(refused, GUINT_TO_POINTER(c.index)))
      g_array_prepend_val(recipients, c.index);
  }
  return mail;
}

unsigned
letter_reply(const struct trace *t, const struct letter *l)
{
  if (l->app != APP_SMTP || l->lack == LETTER_NO_END)
    return 0;
  uint32_t frame = l->last_frame;
  for (unsigned i = 0; i < REPLY_FRAMES_MAX && frame != TRACE_NONE; i++) {
    for (uint32_t k = trace_frame(t, frame).element; k < trace_elements_end(t, frame); k++) {
      const struct element e = trace_element(t, k);
      if (k > l->end && e.flow == l->flow && e.kind == ELEMENT_REPLY && e.code != 354 &&
          (e.command == l->command || e.command == l->end))
        return e.code;
    }
    frame = trace_frame(t, frame).next_in_flow;
  }
  return 0;
}

char *
letter_path(const struct trace *t, uint32_t command)
{
  if (command >= trace_n_elements(t))
    return g_strdup("");
  const struct element e = trace_element(t, command);
  g_autoptr(GByteArray) line = g_byte_array_new();
  element_text(t, &e, line);
  const uint8_t *colon = memchr(line->data, ':', line->len);
  size_t at = colon ? (size_t)(colon - line->data) + 1 : line->len;
  while (at < line->len && line->data[at] == ' ')
    at++;
  bool has_bracket = at < line->len && line->data[at] == '<', quoted = false;
  at += has_bracket;
  size_t end = at;
  for (; end < line->len; end++) {
    uint8_t c = line->data[end];
    if (c == '\\' && quoted)
      end++;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && c == (has_bracket ? '>' : ' '))
      break;
  }
  end = MIN(end, line->len);
  return g_utf8_make_valid((const char *)line->data + at, (gssize)(end - at));
}

/* ---- all of them ---- */

/* The last run seen of a stream whose letter is not over. */
struct open_run {
  uint64_t key;
  uint32_t index, frame;
};

struct letter_scan {
  const struct trace *t;
  uint32_t index, frame; /* next element; the frame in whose range it lies */
  bool is_again;         /* a letter ended before the last element, which may hold another one */
  GHashTable *open;      /* key -> struct open_run */
  GArray *left;          /* struct open_run, in order: those that no element ended */
  unsigned left_at;
};

struct letter_scan *
letter_scan_new(const struct trace *t)
{
  struct letter_scan *s = g_new0(struct letter_scan, 1);
  s->t = t;
  s->open = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
  return s;
}

void
letter_scan_free(struct letter_scan *s)
{
  if (!s)
    return;
  g_hash_table_unref(s->open);
  if (s->left)
    g_array_unref(s->left);
  g_free(s);
}

static uint64_t
stream_key(const struct element *e)
{
  return (uint64_t)e->flow << 16 | (uint64_t)e->side << 8 | (e->flags & ELEMENT_FLAGS_INSIDE);
}

static void
open_set(struct letter_scan *s, uint64_t key, uint32_t index, uint32_t frame)
{
  struct open_run *o = g_hash_table_lookup(s->open, &key);
  if (!o) {
    o = g_new0(struct open_run, 1);
    o->key = key;
    g_hash_table_insert(s->open, &o->key, o);
  }
  o->index = index;
  o->frame = frame;
}

/* Ends the run that is open on this stream; true when it was a letter. */
static bool
open_end(struct letter_scan *s, uint64_t key, struct letter *l)
{
  struct open_run *o = g_hash_table_lookup(s->open, &key);
  if (!o)
    return false;
  uint32_t index = o->index, frame = o->frame;
  g_hash_table_remove(s->open, &key);
  return letter_at(s->t, frame, index, l);
}

/* One element; true when a letter ended with it or before it. */
static bool
scan_element(struct letter_scan *s, uint32_t index, uint32_t frame, struct letter *l)
{
  const struct element e = trace_element(s->t, index);
  uint64_t key = stream_key(&e), chunk_end;
  bool is_last = false;
  switch (e.kind) {
  case ELEMENT_END:
    g_hash_table_remove(s->open, &key);
    return letter_at(s->t, frame, index, l);
  case ELEMENT_MESSAGE:
  case ELEMENT_LITERAL:
    open_set(s, key, index, frame);
    return e.kind == ELEMENT_MESSAGE && read_chunk(s->t, e.command, &chunk_end, &is_last) &&
           is_last && chunk_end == e.offset + e.n_octets && open_end(s, key, l);
  case ELEMENT_GAP:
    return false;
  default:
    if (!is_chunk_command(&e)) {
      bool has_ended = open_end(s, key, l);
      s->is_again = has_ended && may_hold_quoted(&e);
      return has_ended || (may_hold_quoted(&e) && letter_at(s->t, frame, index, l));
    }
    if (!read_chunk(s->t, index, &chunk_end, &is_last) || !is_last ||
        chunk_end != e.offset + e.n_octets)
      return false;
    g_hash_table_remove(s->open, &key); /* "BDAT 0 LAST" */
    return letter_at(s->t, frame, index, l);
  }
}

static int
compare_open(const void *a, const void *b)
{
  const struct open_run *x = a, *y = b;
  return x->index < y->index ? -1 : x->index > y->index;
}

/* The streams that ended within a letter, in the order of their last runs. */
static void
collect_left(struct letter_scan *s)
{
  s->left = g_array_new(FALSE, FALSE, sizeof(struct open_run));
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, s->open);
  while (g_hash_table_iter_next(&iter, NULL, &value))
    g_array_append_vals(s->left, value, 1);
  g_array_sort(s->left, compare_open);
}

bool
letter_scan_next(struct letter_scan *s, struct letter *l)
{
  uint32_t n = trace_n_elements(s->t), n_frames = trace_n_frames(s->t);
  while (s->index < n) {
    while (s->frame < n_frames && s->index >= trace_elements_end(s->t, s->frame))
      s->frame++;
    uint32_t index = s->index++;
    bool found = scan_element(s, index, s->frame < n_frames ? s->frame : TRACE_NONE, l);
    s->index -= s->is_again; /* it is looked at once more */
    s->is_again = false;
    if (found)
      return true;
  }
  if (!s->left)
    collect_left(s);
  while (s->left_at < s->left->len) {
    struct open_run o = g_array_index(s->left, struct open_run, s->left_at++);
    if (letter_at(s->t, o.frame, o.index, l))
      return true;
  }
  return false;
}
