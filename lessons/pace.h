/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LESSONS_PACE_H
#define LESSONS_PACE_H

/* Steps through a run that is over, as a debugger steps through a program. All are pure: a finished
 * run and a place go in, the next place comes out. Frames are 0-based; TRACE_NONE as the place is
 * "before the first", as the answer "there is none".
 *
 *     step in     the next frame                      pace_frame
 *     step over   the next line of an application     pace_line
 *     step out    the end of this command's exchange  pace_out
 *     run until   a display filter or a state event   pace_filter, pace_event
 */
#include "capture/filter/filter.h"
#include "lessons/run.h"

/* The frame `by` frames on (+1) or back (-1). */
uint32_t pace_frame(const struct trace *t, uint32_t frame, int by);

/* The next frame (+1), or the one before (-1), at which an application line or a DNS message is
 * complete. */
uint32_t pace_line(const struct trace *t, uint32_t frame, int by);

/* The first frame behind `frame` that completes an exchange of its conversation: the last line of
 * the reply to a command, and where a message or literal belongs to it (DATA, RETR, APPEND), their
 * end and what answers it. The greeting counts as one. Pressed again it goes from exchange to
 * exchange. TRACE_NONE when the frame belongs to no mail conversation or nothing more is completed
 * in it. */
uint32_t pace_out(const struct trace *t, uint32_t frame);

/* The first frame behind `from` (+1), or the last before it (-1), that fits. */
uint32_t pace_filter(const struct trace *t, const struct filter *f, uint32_t from, int by);

/* The first state event behind `from_ns` that fits "HOST SUBJECT KEY = VALUE", where * and ? stand
 * for anything: an index into run_events(), SIZE_MAX when there is none. */
size_t pace_event(const struct run *r, const char *pattern, int64_t from_ns);
/* Whether one event fits. */
bool pace_event_fits(const struct run *r, const struct run_event *e, GPatternSpec *pattern);
/* The same by parts; host UINT32_MAX, subject, key and value NULL: any. A subject fits when it
 * begins with the given one ("tcp 10.0.0.5:"). */
size_t pace_event_of(const struct run *r, int64_t from_ns, uint32_t host, const char *subject,
                     const char *key, const char *value);
/* The last frame that left at or before a time; TRACE_NONE when none did. */
uint32_t pace_frame_at(const struct trace *t, int64_t time_ns);

#endif
