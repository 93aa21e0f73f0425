/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_deflate.c -- what IMAP says behind COMPRESS DEFLATE, RFC 4978.
 *
 *     compressed run ─> element DEFLATE, then inflate ─> sink's plain(), session inside
 *
 * Each side is one raw DEFLATE stream (RFC 1951) without end; sync flushes let lines come out when
 * they were sent. What is no such stream, or inflates to more than is kept, ends the reading of
 * that side. */
#include <glib.h>
#include <zlib.h>

#include "capture/trace/appsession_private.h"
#include "capture/wire/tls.h"

enum { INFLATE_OCTETS = 16384, RAW_WINDOW_BITS = -15 };

void
app_start_deflate(struct appsession *s)
{
  bool can_be_kept = s->sink->plain != NULL;
  app_set_mode_both(s, can_be_kept ? APP_MODE_DEFLATE : APP_MODE_OTHER);
  for (unsigned i = 0; i < 2 && can_be_kept; i++) {
    struct app_side *side = &s->sides[i];
    side->inflater = g_new0(z_stream, 1);
    if (inflateInit2(side->inflater, RAW_WINDOW_BITS) != Z_OK) {
      g_clear_pointer(&side->inflater, g_free);
      side->mode = APP_MODE_OTHER;
    }
  }
}

void
deflate_clear(struct app_side *side)
{
  if (side->inflater)
    inflateEnd(side->inflater);
  g_clear_pointer(&side->inflater, g_free);
}

/* Hands out what was inflated; false when it cannot be kept. */
static bool
give(struct appsession *s, enum side which, uint64_t offset, const uint8_t *p, size_t n,
     uint32_t frame)
{
  struct app_plain plain = {.side = which,
                            .is_inflated = true,
                            .type = TLS_APPLICATION_DATA,
                            .offset = offset,
                            .frame = frame,
                            .octets = p,
                            .n_octets = (uint32_t)n};
  if (!s->sink->plain(s->data, &plain))
    return false;
  if (!s->inner) {
    s->inner = app_inner_new(s);
    s->inner_flag = ELEMENT_FLAG_INFLATED;
  }
  appsession_feed(s->inner, which, p, n, frame);
  return true;
}

size_t
deflate_feed(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint32_t frame)
{
  struct app_side *side = &s->sides[which];
  uint8_t octets[INFLATE_OCTETS];
  struct element e = {.offset = side->offset,
                      .n_octets = (uint32_t)n,
                      .first_frame = frame,
                      .last_frame = frame,
                      .command = ELEMENT_NONE,
                      .kind = ELEMENT_DEFLATE};
  side->offset += n;
  app_emit(s, which, &e, p, n);
  z_stream *z = side->inflater;
  z->next_in = (uint8_t *)p;
  z->avail_in = (uInt)n;
  bool goes_on = true;
  do {
    z->next_out = octets;
    z->avail_out = sizeof octets;
    int result = inflate(z, Z_SYNC_FLUSH);
    size_t n_out = sizeof octets - z->avail_out;
    goes_on = result == Z_OK || result == Z_BUF_ERROR;
    if (n_out > 0 && !give(s, which, e.offset, octets, n_out, frame))
      goes_on = false;
    if (n_out < sizeof octets)
      break;
  } while (goes_on);
  if (!goes_on) {
    side->mode = APP_MODE_OTHER;
    deflate_clear(side);
  }
  return n;
}
