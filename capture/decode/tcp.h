/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_TCP_H
#define CAPTURE_DECODE_TCP_H

#include "capture/decode/build.h"

/* The marks of pass 1 (trace_frame.analysis) as fields of the open TCP layer `s`, and their words,
 * in brackets, at the start of the summary. */
void tcp_analysis_build(struct decode *d, struct slice s);
/* Round-trip times and octets under way, inside the group that is open. */
void tcp_rtt_build(struct decode *d, struct slice s);

#endif
