/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_LABEL_PLACE_H
#define GUI_LABEL_PLACE_H

/* Finds a place for one label among things that it must not cover. */

#include <stdbool.h>

struct label_rect {
  double x, y, width, height;
};

/* Whether `r` covers any of the `n_taken`. */
bool label_covers(const struct label_rect *r, const struct label_rect *taken, unsigned n_taken);

/* Where a label of `width` × `height` goes that speaks of the point (x, y), at least `away` from
 * it, within a canvas; `taken` are the rectangles to leave free. Prefers the nearest place that
 * covers nothing; where there is none, the one that covers least. */
struct label_rect label_place(double x, double y, double away, double width, double height,
                              double canvas_width, double canvas_height,
                              const struct label_rect *taken, unsigned n_taken);

#endif
