/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FILTER_SCAN_H
#define CAPTURE_FILTER_SCAN_H

/* A filter over a whole trace: what the index answers is answered from it, block by block; the
 * octets are read for what stands in them; only the frames that are still open are decoded. The
 * answers are those of filter_match_frame() on every frame.
 *
 *     index ──true, false, open──> open ──octets──> open ──pass 2──> true, false */
#include "capture/filter/filter.h"

struct filter_scan;

/* Filter and trace are borrowed and have to live as long as the scan; the trace may grow. */
struct filter_scan *filter_scan_new(const struct filter *f, const struct trace *t);
void filter_scan_free(struct filter_scan *scan);

/* Tests the frames from `first` on, at most up to `end` (not included), and appends the indexes of
 * those that fit to `rows` (uint32_t). Stops early when the monotonic clock reaches `until_us` (0:
 * never); some frames are tested at every call. Returns the first frame that was not tested. `d`
 * decodes the frames that need it; what it holds afterwards is undefined. */
uint32_t filter_scan_run(struct filter_scan *scan, struct decode *d, uint32_t first, uint32_t end,
                         int64_t until_us, GArray *rows);

/* Whether one frame fits; decodes it only when the index does not say. */
bool filter_scan_frame(struct filter_scan *scan, struct decode *d, uint32_t frame);

/* How much the frames so far have cost: frames whose octets were read, and frames decoded. */
struct filter_scan_cost {
  uint64_t n_frames, n_read, n_decoded;
};
struct filter_scan_cost filter_scan_cost(const struct filter_scan *scan);

#endif
