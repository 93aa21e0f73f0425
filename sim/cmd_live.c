/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_live.c -- what the commands in real time share: signals, the loop, the end.
 *
 *     cmd_catch_signals ─> cmd_live: world, sockets and files in turn ─signal, --for─> cmd_live_end
 */
#include <signal.h>
#include <stdio.h>

#include "sim/cmd.h"
#include "sim/outside/loop.h"

/* A signal that comes between the question and the wait is answered behind one such wait. */
#define TURN_NS CMD_STREAM_FLUSH_NS
/* Virtual time for what the end itself sends: resets cross the slowest link of a lesson. */
#define LAST_WORDS_NS INT64_C(2000000000)

static volatile sig_atomic_t stop_asked;

static void
ask_stop(int signal_number)
{
  stop_asked = signal_number;
}

void
cmd_catch_signals(void)
{
  struct sigaction stop = {.sa_handler = ask_stop}, ignore = {.sa_handler = SIG_IGN};
  sigaction(SIGINT, &stop, NULL);
  sigaction(SIGTERM, &stop, NULL);
  sigaction(SIGPIPE, &ignore, NULL);
}

bool
cmd_is_stop_asked(void)
{
  return stop_asked != 0;
}

uint32_t
cmd_find_outside(const struct net *n)
{
  for (uint32_t i = 0; i < net_n_hosts(n); i++)
    if (net_host_info(n, i).kind == HOST_OUTSIDE)
      return i;
  return UINT32_MAX;
}

void
cmd_live(struct run *r, struct outside_loop *loop, struct cmd_stream *stream, int64_t for_ns)
{
  int64_t now = 0;
  while (!stop_asked && now < for_ns) {
    int64_t due = cmd_stream_flush(stream, now, false);
    if (!outside_loop_turn(loop, MIN(for_ns, MIN(due, now + TURN_NS))))
      break;
    now = world_now(run_world(r));
  }
}

int
cmd_live_end(struct run *r, struct outside_loop *loop, struct cmd_stream *stream)
{
  struct world *w = run_world(r);
  int code = CMD_DONE;
  world_run(w, world_now(w) + LAST_WORDS_NS);
  cmd_stream_flush(stream, 0, true);
  if (outside_loop_lateness_ns(loop) > 0)
    fprintf(stderr,
            lang_text("virtual time was up to %.3f s behind: this computer was too slow for it\n",
                      "เวลาจำลองช้ากว่าเวลาจริงถึง %.3f วินาที เพราะเครื่องนี้ทำงานไม่ทัน\n"),
            (double)outside_loop_lateness_ns(loop) / 1e9);
  if (run_hit_limit(r)) {
    g_autofree char *why = run_limit_text(r);
    cmd_complain("%s", why);
    code = CMD_INCOMPLETE;
  }
  outside_loop_free(loop);
  int written = cmd_stream_free(stream); /* before the run: it looks at its hosts */
  run_free(r);
  return code == CMD_DONE ? written : code;
}
