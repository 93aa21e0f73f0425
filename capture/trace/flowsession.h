/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_FLOWSESSION_H
#define CAPTURE_TRACE_FLOWSESSION_H

/* Joins a TCP flow to its application session: which side speaks, and in which frame each octet
 * came, so that logins and notices carry evidence in frame octets. */
#include "capture/trace/flow.h"
#include "capture/trace/pass1.h"
#include "capture/trace/stream.h"

enum {
  /* Runs per side whose frames are remembered: an exchange of LOGIN_FRAMES_MAX lines in segments of
   * their own. Evidence that is older is left out. */
  FLOWSESSION_RUNS_MAX = 16,
};

struct flowsession;

/* `keys` (may be NULL) opens TLS, see pass1_options. f->client is the direction in which the client
 * seems to send. What is learnt is written to `seen` (NULL: nowhere). */
struct flowsession *flowsession_new(struct flow *f, struct trace_flow *seen, uint32_t flow_index,
                                    bool mid_stream, const struct keylog *keys,
                                    const struct pass1_sink *sink, void *data);
void flowsession_free(struct flowsession *s);

/* `now` is the frame in which the run could be delivered; run->frame, which holds it, may be older.
 */
void flowsession_feed(struct flowsession *s, unsigned direction, const struct stream_run *run,
                      uint32_t now);
void flowsession_gap(struct flowsession *s, unsigned direction, uint64_t offset, uint64_t n,
                     uint32_t frame);
/* One end acknowledges octets of the other, of which the capture holds none. */
void flowsession_hear_unseen(struct flowsession *s);
/* Nothing that is read is spoken here: the session may be freed. */
bool flowsession_is_over(const struct flowsession *s);
/* Octets that came again for a place whose octets came before: `first`, or NULL when those were fed
 * already. */
void flowsession_repeat(struct flowsession *s, unsigned direction, const struct stream_run *run,
                        const uint8_t *first);
/* Memory that the session takes, see appsession_held(). */
size_t flowsession_held(const struct flowsession *s);
/* A note for who counts sessions: this one's place in a list, and what it was last counted as. Zeros
 * at first. Borrowed for as long as the session lives. */
struct flowsession_count {
  uint32_t place;
  size_t octets;
};
struct flowsession_count *flowsession_count(struct flowsession *s);
/* The connection ended: what waits comes out. Once. */
void flowsession_end(struct flowsession *s);

#endif
