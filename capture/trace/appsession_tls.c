/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_tls.c -- cuts a side that speaks TLS into records.
 *
 *     0    1        3        5
 *     type version  length   length octets ...       RFC 8446 section 5.1, RFC 5246 section 6.2.1
 *
 * Handshake and alert records that calls cut are put together, since their contents are read; of
 * application data only the header is kept, unless a key log can open it: then its contents go to
 * the session inside. Octets that are no record end the reading: all that follows on that side is
 * ELEMENT_OTHER. Not here: what the records mean.
 */
#include <glib.h>

#include "capture/trace/appsession_private.h"
#include "capture/wire/bytes.h"

enum { TLS_TYPE_FIRST = 20, TLS_TYPE_LAST = 24, TLS_TYPE_APPLICATION_DATA = 23 };

/* Do these octets (at most five of them) begin a record? */
static bool
is_record(const uint8_t *p, size_t n)
{
  if (n > 0 && (p[0] < TLS_TYPE_FIRST || p[0] > TLS_TYPE_LAST))
    return false;
  if (n > 1 && p[1] != 3)
    return false;
  if (n > 2 && p[2] > 4)
    return false;
  return n < TLS_HEADER_OCTETS || get_be16(p + 3) + TLS_HEADER_OCTETS <= TLS_RECORD_MAX;
}

static void
emit_record(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint32_t n_octets,
            uint64_t offset, uint32_t first_frame, uint32_t frame)
{
  struct element e = {.offset = offset,
                      .n_octets = n_octets,
                      .first_frame = first_frame,
                      .last_frame = frame,
                      .command = ELEMENT_NONE,
                      .code = (uint16_t)(p[0] | (s->opener ? opener_minor(s->opener) << 8 : 0)),
                      .kind = ELEMENT_TLS};
  if (s->app == APP_TLS && !s->tls_started) {
    s->tls_started = true;
    e.flow = s->flow;
    e.app = s->app;
    e.side = (uint8_t)which;
    uint32_t index = s->sink->drops_elements ? 0 : s->sink->element(s->data, &e, p, n);
    app_notice(s, NOTICE_TLS_STARTED, index, frame);
    return;
  }
  app_emit(s, which, &e, p, n);
}

/* Opens a record as far as the key log allows; true when s->opened holds what was said inside. */
static bool
open_record(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint32_t n_octets,
            uint64_t offset, uint32_t frame)
{
  uint8_t type = 0;
  if (!s->opener) {
    s->opener = opener_new(s->keys);
    s->opened = g_byte_array_new();
  }
  if (n < n_octets) { /* its contents were not kept */
    opener_skip(s->opener, which);
    return false;
  }
  if (opener_record(s->opener, which, p, n, &type, s->opened) != OPENED_PLAIN)
    return false;
  struct app_plain plain = {.side = which,
                            .type = type,
                            .offset = offset,
                            .frame = frame,
                            .octets = s->opened->data,
                            .n_octets = s->opened->len};
  handshake_watch_opened(s, which, type, s->opened->data, s->opened->len, n_octets, offset, frame);
  return s->sink->plain(s->data, &plain) && type == TLS_TYPE_APPLICATION_DATA && plain.n_octets;
}

/* A record is complete: it is given out, and then what was said inside. */
static void
end_record(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint32_t n_octets,
           uint64_t offset, uint32_t first_frame, uint32_t frame)
{
  bool says = s->keys && open_record(s, which, p, n, n_octets, offset, frame);
  emit_record(s, which, p, n, n_octets, offset, first_frame, frame);
  handshake_watch_record(s, which, p, n, n_octets, offset, frame);
  if (!says)
    return;
  if (!s->inner) {
    s->inner = app_inner_new(s);
    s->inner_flag = ELEMENT_FLAG_INNER;
  }
  appsession_feed(s->inner, which, s->opened->data, s->opened->len, frame);
}

/* Keeps only the header? What is inside is not read, unless a key log can open it. */
static bool
is_opaque(const struct appsession *s, const uint8_t *header)
{
  return header[0] == TLS_TYPE_APPLICATION_DATA && !(s->opener && opener_has_secret(s->opener));
}

/* A record that lies whole in the call is read there. Returns its octets; 0 when it does not. */
static size_t
feed_whole(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint32_t frame)
{
  struct app_side *side = &s->sides[which];
  if (n < TLS_HEADER_OCTETS || !is_record(p, TLS_HEADER_OCTETS))
    return 0;
  size_t n_record = TLS_HEADER_OCTETS + (size_t)get_be16(p + 3);
  if (n < n_record)
    return 0;
  if (s->starttls.switching[which] || s->starttls.injected)
    starttls_record(s, which, frame);
  uint64_t offset = side->offset;
  side->offset += n_record;
  side->first_frame = side->last_frame = frame;
  end_record(s, which, p, is_opaque(s, p) ? TLS_HEADER_OCTETS : n_record, (uint32_t)n_record,
             offset, frame, frame);
  return n_record;
}

size_t
tls_feed(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint32_t frame)
{
  struct app_side *side = &s->sides[which];
  size_t taken = side->n_pending == 0 ? feed_whole(s, which, p, n, frame) : 0;
  if (taken)
    return taken;
  if (side->n_pending < TLS_HEADER_OCTETS) {
    size_t missing = TLS_HEADER_OCTETS - (size_t)side->n_pending;
    taken = MIN(n, missing);
    app_side_keep(side, p, taken, TLS_HEADER_OCTETS, frame);
    if (!is_record(side->kept, side->n_kept)) {
      /* As few octets as show it, so that cuts change nothing: the first n_bad, some of them older.
       */
      size_t n_old = side->n_kept - taken, n_bad = n_old + 1;
      while (is_record(side->kept, n_bad))
        n_bad++;
      if (n_bad == 1 && starttls_no_record(s, which, side->kept[0])) {
        side->n_pending = side->n_kept = 0;
        return 0;
      }
      taken = n_bad - n_old;
      side->n_pending = n_bad;
      side->n_kept = (uint32_t)n_bad;
      struct element e = {.offset = side->offset,
                          .n_octets = (uint32_t)side->n_pending,
                          .first_frame = side->first_frame,
                          .last_frame = side->last_frame,
                          .command = ELEMENT_NONE,
                          .kind = ELEMENT_OTHER};
      app_side_taken(side);
      side->mode = APP_MODE_OTHER;
      app_emit(s, which, &e, side->kept, side->n_kept);
      return taken;
    }
    if (side->n_pending < TLS_HEADER_OCTETS)
      return taken;
    if (s->starttls.switching[which] || s->starttls.injected)
      starttls_record(s, which, side->last_frame);
  }
  bool opaque = is_opaque(s, side->kept);
  size_t n_record = TLS_HEADER_OCTETS + (size_t)get_be16(side->kept + 3);
  size_t take = MIN(n - taken, n_record - (size_t)side->n_pending);
  uint64_t offset = side->offset;
  if (take)
    app_side_keep(side, p + taken, take, opaque ? TLS_HEADER_OCTETS : TLS_RECORD_MAX, frame);
  if (side->n_pending == n_record) {
    app_side_taken(side);
    end_record(s, which, side->kept, side->n_kept, (uint32_t)n_record, offset, side->first_frame,
               side->last_frame);
  }
  return taken + take;
}
