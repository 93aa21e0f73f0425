/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clang-format off: the reference below is laid out by hand */
/* build_tcp.c -- what the TCP of a host chooses, from its `tcp` in a scenario.
 *
 * hosts:
 *   alice-pc:
 *     tcp:
 *       profile: linux            linux, freebsd, minimal (a small device: the MSS option alone) or
 * rfc (the RFCs by the letter); the keys below change it window: 64240             octets it will
 * hold for a slow reader scale: 7                  window scale it announces; -1: the option is not
 * offered sack: true                selective acknowledgements timestamps: true ecn: answer off,
 * answer (agrees when asked) or ask control: cubic            reno or cubic initial_segments: 10
 *       delayed_ack: 40ms
 *       rto_min: 200ms
 *       nagle: true
 *       keepalive: 2h             a peer silent for so long is probed; without the key it is not
 *       keepalive_interval: 75s
 *       keepalive_probes: 9
 *       user_timeout: 30s         how long data may wait for their acknowledgement; else as the
 * profile */
/* clang-format on */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/net/build.h"

#define MS INT64_C(1000000)
#define DAY (INT64_C(86400) * 1000 * MS)

/* The place of tcp[key] among `words`, or false with an error that lists them. */
static bool
read_word(const struct tree_node *tcp, const char *key, const char *const *words, unsigned *out,
          GError **error)
{
  const char *text;
  if (!tree_text(tcp, key, words[*out], &text, error))
    return false;
  for (unsigned i = 0; words[i]; i++) {
    if (strcmp(words[i], text) == 0) {
      *out = i;
      return true;
    }
  }
  g_autofree char *list = g_strjoinv(", ", (char **)(uintptr_t)words);
  return tree_fail(error, tree_get(tcp, key),
                   lang_text("%s \"%s\" is unknown; write one of: %s",
                             "ไม่รู้จัก %s \"%s\" ให้เขียนคำใดคำหนึ่งต่อไปนี้: %s"),
                   key, text, list);
}

static bool
read_sizes(const struct tree_node *tcp, struct tcp_profile *p, GError **error)
{
  int64_t window, scale, segments, probes;
  if (!tree_int(tcp, "window", p->receive_octets, 1, 1 << 24, &window, error) ||
      !tree_int(tcp, "scale", p->wscale, -1, 14, &scale, error) ||
      !tree_int(tcp, "initial_segments", p->initial_segments, 1, 10, &segments, error) ||
      !tree_int(tcp, "keepalive_probes", p->keepalive_probes, 1, 100, &probes, error))
    return false;
  p->receive_octets = (uint32_t)window;
  p->wscale = (int8_t)scale;
  p->initial_segments = (uint32_t)segments;
  p->keepalive_probes = (unsigned)probes;
  return true;
}

static bool
read_times(const struct tree_node *tcp, struct tcp_profile *p, GError **error)
{
  if (!tree_duration(tcp, "delayed_ack", p->delayed_ack_ns, &p->delayed_ack_ns, error) ||
      !tree_duration(tcp, "rto_min", p->rto_min_ns, &p->rto_min_ns, error) ||
      !tree_duration(tcp, "keepalive", p->keepalive_idle_ns, &p->keepalive_idle_ns, error) ||
      !tree_duration(tcp, "keepalive_interval", p->keepalive_interval_ns, &p->keepalive_interval_ns,
                     error) ||
      !tree_duration(tcp, "user_timeout", p->user_timeout_ns, &p->user_timeout_ns, error))
    return false;
  if (p->delayed_ack_ns > 500 * MS)
    return tree_fail(error, tree_get(tcp, "delayed_ack"), "%s",
                     lang_text("an ACK may wait 500ms at most (RFC 9293 3.8.6.3); write less",
                               "ACK รอได้ไม่เกิน 500ms (RFC 9293 3.8.6.3) ให้เขียนค่าที่น้อยกว่านี้"));
  if (p->rto_min_ns < MS || p->rto_min_ns > 60000 * MS)
    return tree_fail(
        error, tree_get(tcp, "rto_min"), "%s",
        lang_text("\"rto_min\" lies between 1ms and 60s", "\"rto_min\" ต้องอยู่ระหว่าง 1ms ถึง 60s"));
  if (p->keepalive_idle_ns < 1000 * MS || p->keepalive_idle_ns > 30 * DAY ||
      p->keepalive_interval_ns < 1000 * MS || p->keepalive_interval_ns > 30 * DAY) {
    bool is_idle = p->keepalive_idle_ns < 1000 * MS || p->keepalive_idle_ns > 30 * DAY;
    const char *key = is_idle ? "keepalive" : "keepalive_interval";
    return tree_fail(error, tree_get(tcp, key),
                     lang_text("\"%s\" lies between 1s and 720h", "\"%s\" ต้องอยู่ระหว่าง 1s ถึง 720h"),
                     key);
  }
  p->keepalive = tree_get(tcp, "keepalive") != NULL;
  return true;
}

bool
build_tcp(struct host *h, const struct tree_node *host, GError **error)
{
  static const char *const keys[] = {"profile",
                                     "window",
                                     "scale",
                                     "sack",
                                     "timestamps",
                                     "ecn",
                                     "control",
                                     "initial_segments",
                                     "delayed_ack",
                                     "rto_min",
                                     "nagle",
                                     "keepalive",
                                     "keepalive_interval",
                                     "keepalive_probes",
                                     "user_timeout",
                                     NULL};
  static const char *const profiles[] = {"linux", "freebsd", "minimal", "rfc", NULL};
  static const char *const ecn_words[] = {
      [TCP_ECN_OFF] = "off", [TCP_ECN_ANSWER] = "answer", [TCP_ECN_ASK] = "ask", NULL};
  static const char *const control_words[] = {[TCP_RENO] = "reno", [TCP_CUBIC] = "cubic", NULL};
  const struct tree_node *tcp = tree_get(host, "tcp");
  struct tcp_profile *p = &h->profile;
  if (!tcp)
    return true;
  unsigned profile = 0;
  if (!tree_known(tcp, keys, error) || !read_word(tcp, "profile", profiles, &profile, error))
    return false;
  *p = *tcp_profile_by_name(profiles[profile]);
  unsigned ecn = p->ecn, control = p->control;
  if (!read_sizes(tcp, p, error) || !read_times(tcp, p, error) ||
      !tree_bool(tcp, "nagle", p->nagle, &p->nagle, error) ||
      !tree_bool(tcp, "sack", p->sack, &p->sack, error) ||
      !tree_bool(tcp, "timestamps", p->timestamps, &p->timestamps, error) ||
      !read_word(tcp, "ecn", ecn_words, &ecn, error) ||
      !read_word(tcp, "control", control_words, &control, error))
    return false;
  p->ecn = (enum tcp_ecn)ecn;
  p->control = (enum tcp_control)control;
  return true;
}
