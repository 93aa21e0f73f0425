/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LESSONS_BY_HAND_H
#define LESSONS_BY_HAND_H

/* A dialogue typed by hand, read from a run: what the hand said and heard, and when it is its turn
 * again. The terminal and the window type in the same way:
 *
 *     run ─ by_hand_read ─> lines, turn ─ the person types at turn + BY_HAND_THINK_NS ─> an input
 *      └────────────────────── run_branch: the same run with one input more <────────────────┘
 */
#include "lessons/run.h"

/* Between a reply and what is typed next: a person reads first. */
#define BY_HAND_THINK_NS (INT64_C(1) * 1000000000)
/* How long somebody who types waits for an answer that does not end, or does not come. */
#define BY_HAND_PATIENCE_NS (INT64_C(5) * 1000000000)
#define BY_HAND_NEVER INT64_MAX

enum by_hand_kind {
  BY_HAND_SAID,  /* typed at the hand */
  BY_HAND_HEARD, /* what came */
  BY_HAND_STATE, /* of the connection: "open", "closed" …; see sim/mail/hand.h */
  BY_HAND_TLS,   /* what TLS agreed on, or why not; "" when the hand asks for it */
};

struct by_hand_line {
  int64_t time_ns;
  enum by_hand_kind kind;
  const char *text; /* without its end; what is no text as \xNN */
  const char *end;  /* "␍␊", "␊", "" … as a person may see it */
};

struct by_hand;
/* What the hand of that name did in a run, up to its end. Texts live as long as the result. */
struct by_hand *by_hand_read(const struct run *r, const char *hand);
void by_hand_free(struct by_hand *h);

unsigned by_hand_n_lines(const struct by_hand *h);
struct by_hand_line by_hand_line(const struct by_hand *h, unsigned i);

bool by_hand_is_server(const struct by_hand *h); /* it sits at a port and somebody connects */
/* When the other side has said what it had to say since `since_ns` (virtual time of what was typed
 * last): at a client's end behind the whole reply, at a server's end when the client falls silent.
 * BY_HAND_NEVER when patience ends first. */
int64_t by_hand_turn_ns(const struct by_hand *h, int64_t since_ns);
/* The last state at or before a time: "connecting", "open", "closed" …; NULL before the first. */
const char *by_hand_state(const struct by_hand *h, int64_t time_ns);
bool by_hand_is_over(const struct by_hand *h, int64_t time_ns); /* closed or failed */
/* The port of the server's end, and the connection in the run's trace (TRACE_NONE: not yet). */
uint16_t by_hand_port(const struct by_hand *h);
uint32_t by_hand_flow(const struct by_hand *h);

/* What a TCP frame of a run was: "[PSH, ACK] seq 1 ack 41", relative to both SYNs. g_free() */
char *by_hand_numbers(const struct run *r, uint32_t frame);

/* For who plays the server: what the client's last line at or before that time is and what it waits
 * for, as a sentence in the current language; NULL when there is nothing to say. g_free() */
char *by_hand_hint(const struct by_hand *h, int64_t time_ns);

#endif
