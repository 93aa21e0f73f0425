/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_HOSTS_H
#define GUI_HOSTS_H

/* Who speaks with whom in what is shown: the hosts and links of a run as its scenario places them,
 * or of a capture as its addresses tell. Topology and ladder draw from this one table. */
#include "gui/session.h"

/* A capture's network is drawn up to here; quieter hosts share one place ("and N more"). */
enum { HOSTS_SHOWN_MAX = 14, HOSTS_TRACKED_MAX = 1 << 16, HOSTS_LINKS_MAX = 64 };

struct host_row {
  char *name_en, *name_th;
  char address[ADDR_TEXT_MAX];
  enum host_kind kind;
  double x, y;       /* place, 0..1 */
  uint64_t n_frames; /* that it sent or received */
  gboolean is_server, is_client, is_rest;
  uint32_t lane; /* in the ladder, or SESSION_NONE */
};

struct host_line {
  uint32_t ends[2];
  uint64_t n_frames;
};

/* The way of one frame. `to` is SESSION_NONE when it has several receivers or none is known. */
struct host_way {
  uint32_t from, to;
  gboolean is_broadcast, is_lost;
};

struct hosts;

/* The table of what the session shows now; it belongs to the session. While a capture is read it is
 * made anew from time to time: rows keep no addresses. */
struct hosts *hosts_of(Session *session);

uint32_t hosts_n(const struct hosts *h);
const struct host_row *hosts_get(const struct hosts *h, uint32_t host);
const char *host_name(const struct host_row *row); /* in the current language */
uint32_t hosts_n_lines(const struct hosts *h);
const struct host_line *hosts_line(const struct hosts *h, uint32_t line);
uint32_t hosts_n_lanes(const struct hosts *h);
uint32_t hosts_lane(const struct hosts *h, uint32_t lane); /* the host on it */
uint32_t hosts_n_hidden(const struct hosts *h);            /* behind "and N more" */

/* The way of a frame; `from` is SESSION_NONE when the frame names no host. */
struct host_way hosts_way(struct hosts *h, uint32_t frame);
/* The flights (indexes into run_flights) of a run's frame, by leave time. */
uint32_t hosts_flights(const struct hosts *h, uint32_t frame, const uint32_t **flights);

#endif
