/* SPDX-License-Identifier: GPL-3.0-or-later */
/* label_place.c -- finds a place for one label among things that it must not cover.
 *
 *     7 0 6      rings of candidates around the point, wider and wider, clamped into the canvas;
 *     3 · 1      each costs what it covers, and a little for its distance, so that of two
 *     5 2 4      free places the nearer one wins
 *
 * Not a layout of many labels: a picture has one long label, that of the selected packet. */
#include "gui/label_place.h"

#include <math.h>

/* A label farther than this many of its own heights would not be taken for the packet's. */
enum { RINGS = 10 };

/* One pixel farther is as bad as this many square pixels covered. */
#define DISTANCE_COST 2.0

static double
overlap(const struct label_rect *a, const struct label_rect *b)
{
  double width = fmin(a->x + a->width, b->x + b->width) - fmax(a->x, b->x);
  double height = fmin(a->y + a->height, b->y + b->height) - fmax(a->y, b->y);
  return width > 0 && height > 0 ? width * height : 0;
}

bool
label_covers(const struct label_rect *r, const struct label_rect *taken, unsigned n_taken)
{
  for (unsigned k = 0; k < n_taken; k++)
    if (overlap(r, &taken[k]) > 0)
      return true;
  return false;
}

static double
clamp(double value, double low, double high)
{
  return fmax(low, fmin(value, high));
}

struct label_rect
label_place(double x, double y, double away, double width, double height, double canvas_width,
            double canvas_height, const struct label_rect *taken, unsigned n_taken)
{
  static const int directions[][2] = {{1, 0}, {-1, 0}, {0, -1}, {0, 1},
                                      {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
  struct label_rect best = {0};
  struct label_rect point = {x - away, y - away * 0.7, 2 * away, 1.4 * away};
  double best_cost = INFINITY;
  for (int ring = 0; ring < RINGS; ring++)
    for (unsigned i = 0; i < sizeof directions / sizeof directions[0]; i++) {
      double step = ring * height * 0.5;
      double dx = directions[i][0] * (away + width / 2 + (directions[i][1] ? 0 : step));
      double dy = directions[i][1] * (away * 0.7 + height / 2 + step);
      struct label_rect r = {x + dx - width / 2, y + dy - height / 2, width, height};
      r.x = clamp(r.x, 2, fmax(2, canvas_width - width - 2));
      r.y = clamp(r.y, 2, fmax(2, canvas_height - height - 2));
      double cost = overlap(&r, &point);
      for (unsigned k = 0; k < n_taken; k++)
        cost += overlap(&r, &taken[k]);
      cost += DISTANCE_COST * hypot(r.x + width / 2 - x, 2 * (r.y + height / 2 - y));
      if (cost < best_cost) {
        best_cost = cost;
        best = r;
      }
    }
  return best;
}
