/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packetdrill.c -- runs TCP conversations written as timed scripts, in packetdrill's notation.
 *
 *   --profile=linux  --mss=1000                       settings: the table below
 *   0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3    calls with their result, or "= -1 EPIPE"
 *   +.1  < S 0:0(0) win 8000 <mss 1000,nop,wscale 2>  the peer's packet comes in
 *   +0   > S. 0:0(0) ack 1 <...>                      ours must leave at this very time
 *   +0~+.2 > …   * > …                                within a span; at any time
 *   +0   < [ce] #2 . 1:1(0) ack 1 win 9               IP's words; a second peer
 *   +0   < icmp unreachable frag_needed mtu 1300 [1:1001(1000)]
 *   +0   %{ state == ESTABLISHED; cwnd >= 2000 }%     what is known of a connection
 *
 * Times are absolute (0.5), or behind the line before (+.5). Sequence numbers are relative to each
 * side's SYN, our timestamps to the first one that a script names; windows are the field's value.
 * Every packet must be expected: one that leaves before the time of the next line fails the script.
 * Data are a pattern of their number and compared. The same script runs over IPv4 and IPv6. */
#include "tests/net/packetdrill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/net/packetdrill_private.h"

#define DRILL_ERROR (g_quark_from_static_string("packetdrill"))
#define DAY_NS (INT64_C(86400) * 1000000000)
enum { LOCAL_ISS = 0x3ffffff0, REMOTE_ISS = 0x7ffffff0 };

bool
drill_fail(struct drill *d, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(d->error, DRILL_ERROR, 0, "%s:%u (IPv%u): %s", d->path, d->line, d->version, text);
  return false;
}

uint8_t
drill_pattern(uint32_t number)
{
  return (uint8_t)(number * 31 + (number >> 8));
}

struct drill_peer *
drill_peer(struct drill *d, unsigned number)
{
  struct drill_peer *p = &d->peers[number];
  if (!p->is_there) {
    *p = (struct drill_peer){.is_there = true,
                             .local_port = DRILL_PORT,
                             .remote_port = (uint16_t)(DRILL_PEER_PORT + number),
                             .knows_local = !d->is_isn_hashed,
                             .local = d->iss,
                             .remote = REMOTE_ISS};
    d->n_peers = MAX(d->n_peers, number);
  }
  return p;
}

/* ---- the stack under test ---- */

static void
on_packet(void *data, const uint8_t *octets, size_t n)
{
  drill_take_packet(data, octets, n);
}

static struct drill_peer *
peer_of(struct drill *d, const struct tcp_sock *s)
{
  struct tcp_stack_flow f = tcp_sock_flow(s);
  for (unsigned i = 1; i <= d->n_peers; i++)
    if (d->peers[i].local_port == f.local_port && d->peers[i].remote_port == f.remote_port)
      return &d->peers[i];
  return NULL;
}

static void
on_born(void *data, struct tcp_sock *s)
{
  struct drill *d = data;
  struct drill_peer *p = peer_of(d, s);
  if (!p) {
    struct tcp_stack_flow f = tcp_sock_flow(s);
    p = drill_peer(d, d->n_peers + 1);
    p->local_port = f.local_port;
    p->remote_port = f.remote_port;
  }
  p->sock = s;
}

static void
on_over(void *data, struct tcp_sock *s)
{
  struct drill_peer *p = peer_of(data, s);
  p->outcome = tcp_sock_conn(s)->outcome;
}

static void
on_gone(void *data, struct tcp_sock *s)
{
  struct drill *d = data;
  for (unsigned i = 1; i <= d->n_peers; i++)
    if (d->peers[i].sock == s)
      d->peers[i].sock = NULL;
}

static uint32_t
on_isn(void *data, const struct tcp_stack_flow *flow, int64_t now_ns)
{
  const struct drill *d = data;
  (void)flow;
  (void)now_ns;
  return d->iss;
}

static void
start_stack(struct drill *d)
{
  static const struct tcp_stack_ops ops = {
      .packet = on_packet, .born = on_born, .over = on_over, .gone = on_gone};
  d->config.profile = &d->profile;
  d->config.isn_key[0] = 0x0123456789abcdef;
  d->config.isn = d->is_isn_hashed ? NULL : on_isn;
  d->config.mtu = d->mss + (d->version == 6 ? IPV6_OCTETS : IPV4_OCTETS) + TCP_OCTETS;
  d->config.ops = &ops;
  d->config.data = d;
  ip_addr_parse(d->version == 6 ? "fd3d:fa7b:d17d::1" : "192.168.0.1", &d->us);
  ip_addr_parse(d->version == 6 ? "2001:db8::1" : "192.0.2.1", &d->them);
  d->stack = tcp_stack_new(&d->config);
  tcp_stack_add_addr(d->stack, &d->us);
}

void
drill_advance(struct drill *d, int64_t until_ns)
{
  while (tcp_stack_deadline(d->stack) <= until_ns) {
    d->now_ns = MAX(d->now_ns, tcp_stack_deadline(d->stack));
    tcp_stack_timer(d->stack, d->now_ns);
  }
  d->now_ns = MAX(d->now_ns, until_ns);
}

/* ---- settings ---- */

enum setting {
  SET_PROFILE,
  SET_ISN,
  SET_CONTROL,
  SET_ONLY,
  SET_NUMBER, /* this and what follows is a number */
  SET_MSS = SET_NUMBER,
  SET_WINDOW,
  SET_SNDBUF,
  SET_WSCALE,
  SET_IW,
  SET_NAGLE,
  SET_DELACK_MS,
  SET_RTO_MIN_MS,
  SET_TIMEWAIT_MS,
  SET_GIVE_UP_MS,
  SET_GIVE_UP_SYN_MS,
  SET_SACK,
  SET_TIMESTAMPS,
  SET_ECN,
  SET_ISS,
  SET_OVERFLOW_RESETS,
  N_SETTINGS
};

static const char *const setting_names[] = {
    [SET_PROFILE] = "profile",
    [SET_ISN] = "isn",
    [SET_CONTROL] = "control",
    [SET_ONLY] = "only",
    [SET_MSS] = "mss",
    [SET_WINDOW] = "window",
    [SET_SNDBUF] = "sndbuf",
    [SET_WSCALE] = "wscale",
    [SET_IW] = "iw",
    [SET_NAGLE] = "nagle",
    [SET_DELACK_MS] = "delack_ms",
    [SET_RTO_MIN_MS] = "rtomin_ms",
    [SET_TIMEWAIT_MS] = "timewait_ms",
    [SET_GIVE_UP_MS] = "giveup_ms",
    [SET_SACK] = "sack",
    [SET_GIVE_UP_SYN_MS] = "giveup_syn_ms",
    [SET_TIMESTAMPS] = "timestamps",
    [SET_ECN] = "ecn",
    [SET_ISS] = "iss",
    [SET_OVERFLOW_RESETS] = "overflow_resets",
};
_Static_assert(G_N_ELEMENTS(setting_names) == N_SETTINGS, "every setting has a name");

static bool
set_number(struct drill *d, enum setting which, int64_t v)
{
  struct tcp_profile *p = &d->profile;
  switch (which) {
  case SET_MSS:
    d->mss = (uint16_t)v;
    break;
  case SET_WINDOW:
    p->receive_octets = (uint32_t)v;
    break;
  case SET_SNDBUF:
    p->send_octets = (uint32_t)v;
    break;
  case SET_WSCALE:
    p->wscale = (int8_t)v;
    break;
  case SET_IW:
    p->initial_segments = (uint32_t)v;
    break;
  case SET_NAGLE:
    p->nagle = v;
    break;
  case SET_DELACK_MS:
    p->delayed_ack_ns = v * 1000000;
    break;
  case SET_RTO_MIN_MS:
    p->rto_min_ns = v * 1000000;
    break;
  case SET_TIMEWAIT_MS:
    p->time_wait_ns = v * 1000000;
    break;
  case SET_GIVE_UP_MS:
    p->give_up_ns = v * 1000000;
    break;
  case SET_GIVE_UP_SYN_MS:
    p->give_up_syn_ns = v * 1000000;
    break;
  case SET_SACK:
    p->sack = v;
    break;
  case SET_TIMESTAMPS:
    p->timestamps = v;
    break;
  case SET_ECN:
    p->ecn = (enum tcp_ecn)v;
    break;
  case SET_ISS:
    d->iss = (uint32_t)v;
    break;
  case SET_OVERFLOW_RESETS:
    d->config.resets_on_overflow = v;
    break;
  default:
    return false;
  }
  return true;
}

static bool
set_word(struct drill *d, enum setting which, const char *value)
{
  const struct tcp_profile *profile;
  switch (which) {
  case SET_PROFILE:
    profile = tcp_profile_by_name(value);
    if (profile)
      d->profile = *profile;
    return profile != NULL;
  case SET_ISN:
    d->is_isn_hashed = strcmp(value, "rfc6528") == 0;
    return d->is_isn_hashed;
  case SET_CONTROL:
    d->profile.control = strcmp(value, "cubic") == 0 ? TCP_CUBIC : TCP_RENO;
    return d->profile.control == TCP_CUBIC || strcmp(value, "reno") == 0;
  case SET_ONLY: /* packetdrill_about() reads it */
    return strcmp(value, "v4") == 0 || strcmp(value, "v6") == 0;
  default:
    return false;
  }
}

static bool
read_setting(struct drill *d, const char *text)
{
  char key[32], value[32];
  if (sscanf(text, "--%31[a-z_]=%31s", key, value) != 2)
    return drill_fail(d, "not understood: %s", text);
  if (d->stack)
    return drill_fail(d, "settings come before the first line: %s", text);
  for (unsigned i = 0; i < N_SETTINGS; i++)
    if (strcmp(setting_names[i], key) == 0 &&
        (i < SET_NUMBER ? set_word(d, (enum setting)i, value)
                        : set_number(d, (enum setting)i, strtoll(value, NULL, 0))))
      return true;
  return drill_fail(d, "unknown setting or value: %s", text);
}

/* ---- lines ---- */

/* ".5", "+1.25" in seconds; moves *text behind it. */
static int64_t
read_time(const char **text, int64_t base_ns)
{
  bool is_relative = **text == '+';
  char *end;
  double s = g_ascii_strtod(*text + is_relative, &end);
  *text = end;
  return (is_relative ? base_ns : 0) + (int64_t)(s * 1e9 + 0.5);
}

static bool
is_packet_early(struct drill *d, int64_t before_ns)
{
  const struct drill_sent *early = g_queue_peek_head(&d->out);
  if (!early || early->time_ns >= before_ns)
    return false;
  g_autofree char *what = drill_describe(d, early);
  drill_fail(d, "sent without being expected: %s", what);
  return true;
}

static bool
run_line(struct drill *d, const char *text, int64_t *base_ns)
{
  int64_t first = 0, last = DAY_NS;
  bool any_time = *text == '*';
  if (any_time) {
    text++;
  } else {
    if (!strchr("+.0123456789", *text))
      return drill_fail(d, "a line begins with its time: %s", text);
    first = last = read_time(&text, *base_ns);
    if (*text == '~') {
      text++;
      last = read_time(&text, *base_ns);
    }
  }
  while (*text == ' ' || *text == '\t')
    text++;
  if (*text == '>') {
    if (!drill_packet_out(d, text + 1, first, last, any_time))
      return false;
    *base_ns = any_time || first != last ? d->now_ns : first;
    return true;
  }
  drill_advance(d, first);
  if (is_packet_early(d, first - DRILL_TOLERANCE_NS))
    return false;
  *base_ns = first;
  if (*text == '<')
    return drill_packet_in(d, text + 1);
  if (*text == '%')
    return drill_check(d, text);
  return drill_call(d, text);
}

static bool
run_text(struct drill *d, char *script)
{
  g_auto(GStrv) lines = g_strsplit(script, "\n", -1);
  int64_t base_ns = 0;
  for (char **l = lines; *l; l++) {
    d->line++;
    char *comment = strstr(*l, "//");
    if (comment)
      *comment = '\0';
    g_strstrip(*l);
    if (!**l)
      continue;
    bool is_setting = g_str_has_prefix(*l, "--");
    if (!is_setting && !d->stack)
      start_stack(d);
    if (!(is_setting ? read_setting(d, *l) : run_line(d, *l, &base_ns)))
      return false;
  }
  return !is_packet_early(d, INT64_MAX);
}

bool
packetdrill_run(const char *path, unsigned version, GError **error)
{
  g_autofree char *script = NULL;
  if (!g_file_get_contents(path, &script, NULL, error))
    return false;
  struct drill d = {.version = version,
                    .profile = tcp_profile_default,
                    .mss = tcp_profile_default.mss,
                    .iss = LOCAL_ISS,
                    .path = path,
                    .error = error};
  g_queue_init(&d.out);
  bool good = run_text(&d, script);
  g_queue_clear_full(&d.out, (GDestroyNotify)drill_sent_free);
  if (d.stack)
    tcp_stack_free(d.stack);
  return good;
}

bool
packetdrill_about(const char *path, struct packetdrill_about *out)
{
  g_autofree char *script = NULL;
  *out = (struct packetdrill_about){.runs_on_v4 = true, .runs_on_v6 = true};
  if (!g_file_get_contents(path, &script, NULL, NULL))
    return false;
  out->runs_on_v4 = !strstr(script, "--only=v6");
  out->runs_on_v6 = !strstr(script, "--only=v4");
  const char *rfc = strstr(script, "RFC");
  unsigned number;
  char section[24] = "";
  if (rfc && sscanf(rfc, "RFC%*[ \n/]%u%*[ \n/]%23[0-9.]", &number, section) >= 1) {
    size_t n = strlen(section);
    if (n > 0 && section[n - 1] == '.')
      section[n - 1] = '\0';
    out->section = g_strdup_printf("RFC %u%s%s", number, *section ? " " : "", section);
  }
  return true;
}
