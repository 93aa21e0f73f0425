/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-tcp-view.c -- states of both ends along hand-made sequences of segments, after the figures
 * of RFC 9293 3.5 and 3.6. */
#include "capture/trace/tcp_view.h"
#include "capture/wire/tcp.h"

#define S TCP_SYN
#define A TCP_ACK
#define F TCP_FIN
#define R TCP_RST

/* One step: the segment, and the states of ends 0 and 1 behind it. */
struct step {
  unsigned from;
  uint16_t flags;
  uint32_t seq, ack, payload;
  enum tcp_view_state state[2];
};

static struct tcp_view
walk(const struct step *steps, size_t n)
{
  struct tcp_view v;
  tcp_view_init(&v);
  for (size_t i = 0; i < n; i++) {
    struct tcp_view_segment s = {steps[i].from, steps[i].flags, steps[i].seq, steps[i].ack,
                                 steps[i].payload};
    tcp_view_feed(&v, &s);
    for (int end = 0; end < 2; end++)
      if (v.ends[end].state != steps[i].state[end])
        g_error("step %zu, end %d: %s, not %s", i, end, tcp_view_states[v.ends[end].state].name,
                tcp_view_states[steps[i].state[end]].name);
  }
  return v;
}

#define WALK(steps) walk(steps, G_N_ELEMENTS(steps))
#define STATE(name) TCP_VIEW_##name

/* RFC 9293 figure 6. */
static const struct step opening[] = {
    {0, S, 100, 0, 0, {STATE(SYN_SENT), STATE(LISTEN)}},
    {1, S | A, 300, 101, 0, {STATE(ESTABLISHED), STATE(SYN_RECEIVED)}},
    {0, A, 101, 301, 0, {STATE(ESTABLISHED), STATE(ESTABLISHED)}},
};

static void
handshake_opens_both_ends(void)
{
  struct tcp_view v = WALK(opening);
  g_assert_false(v.mid_stream);
}

static struct tcp_view
open_then(const struct step *rest, size_t n)
{
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct step));
  g_array_append_vals(all, opening, G_N_ELEMENTS(opening));
  g_array_append_vals(all, rest, (guint)n);
  return walk(&g_array_index(all, struct step, 0), all->len);
}

/* RFC 9293 figure 12. */
static void
normal_close_passes_fin_wait_and_last_ack(void)
{
  static const struct step rest[] = {
      {0, F | A, 101, 301, 0, {STATE(FIN_WAIT_1), STATE(CLOSE_WAIT)}},
      {1, A, 301, 102, 0, {STATE(FIN_WAIT_2), STATE(CLOSE_WAIT)}},
      {1, A, 301, 102, 50, {STATE(FIN_WAIT_2), STATE(CLOSE_WAIT)}},
      {1, F | A, 351, 102, 0, {STATE(TIME_WAIT), STATE(LAST_ACK)}},
      {0, A, 102, 352, 0, {STATE(TIME_WAIT), STATE(CLOSED)}},
  };
  open_then(rest, G_N_ELEMENTS(rest));
}

/* RFC 9293 figure 13. */
static void
simultaneous_close_passes_closing(void)
{
  /* The second FIN does not acknowledge the first: they crossed, so its sender had not heard it. */
  static const struct step crossed[] = {
      {0, F | A, 101, 301, 0, {STATE(FIN_WAIT_1), STATE(CLOSE_WAIT)}},
      {1, F | A, 301, 101, 0, {STATE(CLOSING), STATE(CLOSING)}},
      {0, A, 102, 302, 0, {STATE(CLOSING), STATE(TIME_WAIT)}},
      {1, A, 302, 102, 0, {STATE(TIME_WAIT), STATE(TIME_WAIT)}},
  };
  open_then(crossed, G_N_ELEMENTS(crossed));
}

static void
fin_that_acknowledges_fin_skips_fin_wait_2(void)
{
  static const struct step rest[] = {
      {0, F | A, 101, 301, 20, {STATE(FIN_WAIT_1), STATE(CLOSE_WAIT)}},
      {1, F | A, 301, 122, 0, {STATE(TIME_WAIT), STATE(LAST_ACK)}},
      {0, A, 122, 302, 0, {STATE(TIME_WAIT), STATE(CLOSED)}},
  };
  open_then(rest, G_N_ELEMENTS(rest));
}

static void
fin_with_data_is_acknowledged_only_behind_its_data(void)
{
  static const struct step rest[] = {
      {0, F | A, 101, 301, 20, {STATE(FIN_WAIT_1), STATE(CLOSE_WAIT)}},
      {1, A, 301, 121, 0, {STATE(FIN_WAIT_1), STATE(CLOSE_WAIT)}},
      {1, A, 301, 122, 0, {STATE(FIN_WAIT_2), STATE(CLOSE_WAIT)}},
  };
  open_then(rest, G_N_ELEMENTS(rest));
}

static void
retransmitted_fin_changes_nothing(void)
{
  static const struct step rest[] = {
      {0, F | A, 101, 301, 0, {STATE(FIN_WAIT_1), STATE(CLOSE_WAIT)}},
      {0, F | A, 101, 301, 0, {STATE(FIN_WAIT_1), STATE(CLOSE_WAIT)}},
      {1, A, 301, 102, 0, {STATE(FIN_WAIT_2), STATE(CLOSE_WAIT)}},
  };
  open_then(rest, G_N_ELEMENTS(rest));
}

static void
sequence_numbers_wrap(void)
{
  static const struct step steps[] = {
      {0, S, 0xfffffff0u, 0, 0, {STATE(SYN_SENT), STATE(LISTEN)}},
      {1, S | A, 300, 0xfffffff1u, 0, {STATE(ESTABLISHED), STATE(SYN_RECEIVED)}},
      {0, A, 0xfffffff1u, 301, 14, {STATE(ESTABLISHED), STATE(ESTABLISHED)}},
      {0, F | A, 0xffffffffu, 301, 0, {STATE(FIN_WAIT_1), STATE(CLOSE_WAIT)}},
      {1, A, 301, 0xffffffffu, 0, {STATE(FIN_WAIT_1), STATE(CLOSE_WAIT)}},
      {1, A, 301, 0, 0, {STATE(FIN_WAIT_2), STATE(CLOSE_WAIT)}},
  };
  WALK(steps);
}

static void
reset_closes_both_ends(void)
{
  static const struct step rest[] = {
      {1, R | A, 301, 101, 0, {STATE(CLOSED), STATE(CLOSED)}},
      {0, A, 101, 301, 5, {STATE(CLOSED), STATE(CLOSED)}},
  };
  struct tcp_view v = open_then(rest, G_N_ELEMENTS(rest));
  g_assert_true(v.was_reset);
}

static void
refused_connection_is_closed(void)
{
  static const struct step steps[] = {
      {0, S, 100, 0, 0, {STATE(SYN_SENT), STATE(LISTEN)}},
      {1, R | A, 0, 101, 0, {STATE(CLOSED), STATE(CLOSED)}},
  };
  WALK(steps);
}

/* RFC 9293 figure 7. */
static void
simultaneous_open_passes_syn_received(void)
{
  static const struct step steps[] = {
      {0, S, 100, 0, 0, {STATE(SYN_SENT), STATE(LISTEN)}},
      {1, S, 300, 0, 0, {STATE(SYN_RECEIVED), STATE(SYN_RECEIVED)}},
      {0, S | A, 100, 301, 0, {STATE(SYN_RECEIVED), STATE(ESTABLISHED)}},
      {1, S | A, 300, 101, 0, {STATE(ESTABLISHED), STATE(ESTABLISHED)}},
  };
  WALK(steps);
}

static void
mid_stream_counts_as_established(void)
{
  static const struct step steps[] = {
      {0, A, 5000, 700, 100, {STATE(ESTABLISHED), STATE(ESTABLISHED)}},
      {1, F | A, 700, 5100, 0, {STATE(CLOSE_WAIT), STATE(FIN_WAIT_1)}},
      {0, A, 5100, 701, 0, {STATE(CLOSE_WAIT), STATE(FIN_WAIT_2)}},
  };
  struct tcp_view v = WALK(steps);
  g_assert_true(v.mid_stream);
}

static void
retransmitted_syn_stays_syn_sent(void)
{
  static const struct step steps[] = {
      {0, S, 100, 0, 0, {STATE(SYN_SENT), STATE(LISTEN)}},
      {0, S, 100, 0, 0, {STATE(SYN_SENT), STATE(LISTEN)}},
      {1, S | A, 300, 101, 0, {STATE(ESTABLISHED), STATE(SYN_RECEIVED)}},
      {1, S | A, 300, 101, 0, {STATE(ESTABLISHED), STATE(SYN_RECEIVED)}},
      {0, A, 101, 301, 0, {STATE(ESTABLISHED), STATE(ESTABLISHED)}},
  };
  WALK(steps);
}

static void
new_connection_on_the_same_ports_starts_over(void)
{
  static const struct step rest[] = {
      {1, R, 301, 0, 0, {STATE(CLOSED), STATE(CLOSED)}},
      {0, S, 9000, 0, 0, {STATE(SYN_SENT), STATE(LISTEN)}},
      {1, S | A, 1, 9001, 0, {STATE(ESTABLISHED), STATE(SYN_RECEIVED)}},
  };
  struct tcp_view v = open_then(rest, G_N_ELEMENTS(rest));
  g_assert_false(v.was_reset);
}

static void
every_state_has_its_name_and_sentences(void)
{
  for (int s = 0; s < TCP_VIEW_N_STATES; s++) {
    g_assert_nonnull(tcp_view_states[s].name);
    g_assert_nonnull(tcp_view_states[s].meaning.en);
    g_assert_nonnull(tcp_view_states[s].meaning.th);
    if (s > 0)
      g_assert_cmpint(tcp_view_state_find(tcp_view_states[s].name), ==, s);
  }
  g_assert_cmpint(tcp_view_state_find("fin_wait_2"), ==, TCP_VIEW_FIN_WAIT_2);
  g_assert_cmpint(tcp_view_state_find("FIN-WAIT"), ==, TCP_VIEW_UNKNOWN);
  g_assert_cmpint(tcp_view_state_find(NULL), ==, TCP_VIEW_UNKNOWN);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/tcp-view/" #name, name)
  ADD(handshake_opens_both_ends);
  ADD(normal_close_passes_fin_wait_and_last_ack);
  ADD(simultaneous_close_passes_closing);
  ADD(fin_that_acknowledges_fin_skips_fin_wait_2);
  ADD(fin_with_data_is_acknowledged_only_behind_its_data);
  ADD(retransmitted_fin_changes_nothing);
  ADD(sequence_numbers_wrap);
  ADD(reset_closes_both_ends);
  ADD(refused_connection_is_closed);
  ADD(simultaneous_open_passes_syn_received);
  ADD(mid_stream_counts_as_established);
  ADD(retransmitted_syn_stays_syn_sent);
  ADD(new_connection_on_the_same_ports_starts_over);
  ADD(every_state_has_its_name_and_sentences);
  return g_test_run();
}
