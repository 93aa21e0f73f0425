/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packetdrill.c -- runs TCP conversations written as timed scripts, in packetdrill's notation.
 *
 *   --mss=1000                      profile: mss, window, wscale, iw, delack_ms, iss, timewait_ms,
 * rtomin_ms 0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3 +0   bind, listen, connect, accept,
 * write, read, shutdown, close, abort, setsockopt
 *   +.1  < S 0:0(0) win 8000 <mss 1000,nop,wscale 2>        the peer's segment comes in
 *   +0   > S. 0:0(0) ack 1 <...>                             ours must leave at this very time
 *   +0~+.2 > …   * > …              within a span; at any time
 *   +0   %{ state == ESTABLISHED }%                          also cwnd, ssthresh, rto_ms, srtt_ms,
 * outcome
 *
 * Times are absolute (0.5), or behind the line before (+.5). Sequence numbers are relative to each
 * side's SYN; windows are the field's value. Every segment must be expected: one that leaves before
 * the time of the next line fails the script. Data are a pattern of their number and compared. */
#include "tests/net/packetdrill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/net/tcp_internal.h"

#define DRILL_ERROR (g_quark_from_static_string("packetdrill"))
#define TOLERANCE_NS INT64_C(1000)
enum { LOCAL_ISS = 0x3ffffff0, REMOTE_ISS = 0x7ffffff0, SEGMENT_MAX = 65535 };

struct sent {
  struct tcp_segment s;
  uint8_t *data;
  int64_t time_ns;
};

struct drill {
  struct tcp_profile profile;
  struct tcp_conn tcp;
  bool is_listening, is_open;
  uint32_t local, remote; /* sequence numbers that the script calls 0 */
  uint32_t n_written, n_read;
  int64_t now_ns;
  GQueue out; /* struct sent */
  const char *path;
  unsigned line;
  GError **error;
};

static bool fail(struct drill *d, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool
fail(struct drill *d, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(d->error, DRILL_ERROR, 0, "%s:%u: %s", d->path, d->line, text);
  return false;
}

/* The octet at a place of a side's stream (1 is the first behind the SYN). */
static uint8_t
pattern(uint32_t number)
{
  return (uint8_t)(number * 31 + (number >> 8));
}

static void
sent_free(struct sent *s)
{
  g_free(s->data);
  g_free(s);
}

static char *
describe(const struct drill *d, const struct sent *s)
{
  char flags[64];
  uint32_t seq = s->s.seq - d->local;
  return g_strdup_printf("%s %u:%u(%u) ack %u win %u at %.6f", tcp_flags_format(s->s.flags, flags),
                         seq, seq + s->s.n_data, s->s.n_data,
                         s->s.flags & TCP_ACK ? s->s.ack - d->remote : 0, s->s.window,
                         (double)s->time_ns / 1e9);
}

/* ---- the stack under test ---- */

static void
queue_out(struct drill *d, const struct tcp_segment *s)
{
  struct sent *out = g_new0(struct sent, 1);
  out->s = *s;
  out->data = s->n_data ? g_memdup2(s->data, s->n_data) : NULL;
  out->time_ns = d->now_ns;
  g_queue_push_tail(&d->out, out);
}

static void
drain(struct drill *d)
{
  static uint8_t data[SEGMENT_MAX];
  struct tcp_segment s;
  while (d->is_open && tcp_conn_pop(&d->tcp, &s, data, d->now_ns))
    queue_out(d, &s);
}

static void
advance(struct drill *d, int64_t until_ns)
{
  while (d->is_open && tcp_conn_deadline(&d->tcp) <= until_ns) {
    d->now_ns = MAX(d->now_ns, tcp_conn_deadline(&d->tcp));
    tcp_conn_timer(&d->tcp, d->now_ns);
    drain(d);
  }
  d->now_ns = MAX(d->now_ns, until_ns);
}

static void
take_in(struct drill *d, const struct tcp_segment *s)
{
  bool is_syn = (s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
  if (d->is_open && d->tcp.state != TCP_CLOSED) {
    tcp_conn_input(&d->tcp, s, d->now_ns);
  } else if (d->is_listening && !d->is_open && is_syn) {
    tcp_conn_init(&d->tcp, &d->profile, NULL, NULL);
    tcp_conn_accept(&d->tcp, s, d->local, d->now_ns);
    d->is_open = true;
  } else {
    struct tcp_segment rst;
    if (tcp_conn_refuse(s, &rst))
      queue_out(d, &rst);
  }
  drain(d);
}

/* ---- segments in the script ---- */

static bool
read_flags(const char *text, uint16_t *out)
{
  static const struct {
    char letter;
    uint16_t flag;
  } letters[] = {{'S', TCP_SYN}, {'F', TCP_FIN}, {'R', TCP_RST}, {'P', TCP_PSH}, {'.', TCP_ACK}};
  *out = 0;
  for (; *text; text++) {
    unsigned i = 0;
    while (i < G_N_ELEMENTS(letters) && letters[i].letter != *text)
      i++;
    if (i == G_N_ELEMENTS(letters))
      return false;
    *out |= letters[i].flag;
  }
  return true;
}

/* "<mss 1000,nop,wscale 7>": true when understood; *any for "<...>". */
static bool
read_options(const char *text, struct tcp_options *o, bool *any)
{
  *any = false;
  const char *open = strchr(text, '<'), *close = open ? strchr(open, '>') : NULL;
  if (!open)
    return true;
  if (!close)
    return false;
  g_autofree char *inner = g_strndup(open + 1, (gsize)(close - open - 1));
  if (strcmp(inner, "...") == 0) {
    *any = true;
    return true;
  }
  g_auto(GStrv) parts = g_strsplit(inner, ",", -1);
  for (char **p = parts; *p; p++) {
    unsigned value;
    g_strstrip(*p);
    if (sscanf(*p, "mss %u", &value) == 1) {
      o->has_mss = true;
      o->mss = (uint16_t)value;
    } else if (sscanf(*p, "wscale %u", &value) == 1) {
      o->has_wscale = true;
      o->wscale = (uint8_t)value;
    } else if (strcmp(*p, "nop") != 0 && strcmp(*p, "eol") != 0) {
      return false;
    }
  }
  return true;
}

struct line_segment {
  struct tcp_segment s; /* seq and ack as in the script */
  bool has_win, any_options;
};

/* "S. 0:0(0) ack 1 win 8000 <…>" */
static bool
read_segment(struct drill *d, const char *text, struct line_segment *out)
{
  char flags[16];
  uint32_t seq, end, n;
  int used = 0;
  *out = (struct line_segment){0};
  if (sscanf(text, "%15s %u:%u(%u)%n", flags, &seq, &end, &n, &used) != 4 || end - seq != n ||
      !read_flags(flags, &out->s.flags))
    return fail(d, "no segment: %s", text);
  out->s.seq = seq;
  out->s.n_data = n;
  const char *rest = text + used, *word;
  if ((word = strstr(rest, "ack ")))
    out->s.ack = (uint32_t)strtoul(word + 4, NULL, 10);
  if ((word = strstr(rest, "win "))) {
    out->has_win = true;
    out->s.window = (uint16_t)strtoul(word + 4, NULL, 10);
  }
  if (!read_options(rest, &out->s.options, &out->any_options))
    return fail(d, "unknown options: %s", rest);
  return true;
}

static bool
segment_in(struct drill *d, const char *text)
{
  struct line_segment l;
  if (!read_segment(d, text, &l))
    return false;
  struct tcp_segment s = l.s;
  g_autofree uint8_t *data = g_malloc(s.n_data + 1);
  for (uint32_t i = 0; i < s.n_data; i++)
    data[i] = pattern(s.seq + i);
  s.data = data;
  s.seq += d->remote;
  if (s.flags & TCP_ACK)
    s.ack += d->local;
  take_in(d, &s);
  return true;
}

static bool
options_fit(const struct tcp_options *a, const struct tcp_options *b)
{
  return a->has_mss == b->has_mss && (!a->has_mss || a->mss == b->mss) &&
         a->has_wscale == b->has_wscale && (!a->has_wscale || a->wscale == b->wscale) &&
         a->has_sack_permitted == b->has_sack_permitted && a->has_timestamps == b->has_timestamps;
}

static bool
data_fit(const struct drill *d, const struct sent *s)
{
  for (uint32_t i = 0; i < s->s.n_data; i++)
    if (s->data[i] != pattern(s->s.seq - d->local + i))
      return false;
  return true;
}

static bool
segment_out(struct drill *d, const char *text, int64_t first_ns, int64_t last_ns)
{
  struct line_segment want;
  if (!read_segment(d, text, &want))
    return false;
  struct sent *got = g_queue_peek_head(&d->out);
  if (!got) {
    advance(d, last_ns + TOLERANCE_NS);
    d->now_ns = last_ns; /* what is due a little later is looked at again */
    got = g_queue_peek_head(&d->out);
  }
  if (!got)
    return fail(d, "nothing was sent; expected %s", text);
  g_autofree char *what = describe(d, got);
  uint32_t ack = got->s.flags & TCP_ACK ? got->s.ack - d->remote : 0;
  bool fits = got->s.flags == want.s.flags && got->s.seq - d->local == want.s.seq &&
              got->s.n_data == want.s.n_data && ack == want.s.ack &&
              (!want.has_win || got->s.window == want.s.window) &&
              (want.any_options || options_fit(&got->s.options, &want.s.options)) &&
              data_fit(d, got);
  /* A RST without a connection has the number 0 itself, not one that counts from our SYN. */
  bool is_bare_rst = (want.s.flags & TCP_RST) && got->s.flags == want.s.flags &&
                     got->s.seq == want.s.seq && ack == want.s.ack;
  if (!fits && !is_bare_rst)
    return fail(d, "sent %s; expected %s", what, text);
  if (got->time_ns < first_ns - TOLERANCE_NS || got->time_ns > last_ns + TOLERANCE_NS)
    return fail(d, "sent %s; expected between %.6f and %.6f", what, (double)first_ns / 1e9,
                (double)last_ns / 1e9);
  d->now_ns = MAX(d->now_ns, got->time_ns);
  sent_free(g_queue_pop_head(&d->out));
  return true;
}

/* ---- calls ---- */

static long
call_write(struct drill *d, uint32_t n)
{
  g_autofree uint8_t *data = g_malloc(n + 1);
  for (uint32_t i = 0; i < n; i++)
    data[i] = pattern(d->n_written + 1 + i);
  size_t taken = tcp_conn_send(&d->tcp, data, n, d->now_ns);
  d->n_written += (uint32_t)taken;
  return taken ? (long)taken : -1;
}

/* -1 when nothing is there and more may come, or the connection is broken. */
static long
call_read(struct drill *d, uint32_t n)
{
  uint32_t total = 0;
  while (total < n) {
    const uint8_t *p;
    uint32_t have = MIN(tcp_conn_peek(&d->tcp, &p), n - total);
    if (have == 0)
      break;
    for (uint32_t i = 0; i < have; i++)
      if (p[i] != pattern(d->n_read + 1 + i))
        return -2;
    d->n_read += have;
    total += have;
    tcp_conn_drop(&d->tcp, have, d->now_ns);
  }
  if (total > 0)
    return total;
  return tcp_conn_is_at_end(&d->tcp) ? 0 : -1;
}

static long
call_connect(struct drill *d)
{
  tcp_conn_init(&d->tcp, &d->profile, NULL, NULL);
  d->is_open = true;
  tcp_conn_connect(&d->tcp, d->local, d->now_ns);
  return -1; /* in progress */
}

/* The last number among the arguments: sizes of read and write. */
static uint32_t
last_number(const char *arguments)
{
  const char *comma = strrchr(arguments, ',');
  return (uint32_t)strtoul(comma ? comma + 1 : arguments, NULL, 10);
}

static bool
call(struct drill *d, const char *text)
{
  char name[32];
  int used = 0;
  if (sscanf(text, "%31[a-z_](%n", name, &used) != 1 || used == 0)
    return fail(d, "not understood: %s", text);
  const char *close = strrchr(text, ')'), *equals = close ? strchr(close, '=') : NULL;
  if (!equals)
    return fail(d, "a call needs a result: %s", text);
  g_autofree char *arguments = g_strndup(text + used, (gsize)(close - text - used));
  long want = strtol(equals + 1, NULL, 10), got = 0;
  if (strcmp(name, "socket") == 0)
    got = 3;
  else if (strcmp(name, "bind") == 0)
    got = 0;
  else if (strcmp(name, "listen") == 0)
    d->is_listening = true;
  else if (strcmp(name, "connect") == 0)
    got = call_connect(d);
  else if (strcmp(name, "accept") == 0)
    got = d->is_open && d->tcp.state >= TCP_ESTABLISHED ? 4 : -1;
  else if (strcmp(name, "write") == 0)
    got = call_write(d, last_number(arguments));
  else if (strcmp(name, "read") == 0)
    got = call_read(d, last_number(arguments));
  else if (strcmp(name, "close") == 0 || strcmp(name, "shutdown") == 0)
    tcp_conn_close(&d->tcp, d->now_ns);
  else if (strcmp(name, "abort") == 0)
    tcp_conn_abort(&d->tcp, d->now_ns);
  else if (strcmp(name, "setsockopt") == 0)
    tcp_conn_set(&d->tcp, TCP_KNOB_NODELAY, 1, d->now_ns); /* the only one */
  else
    return fail(d, "unknown call: %s", name);
  drain(d);
  if (got != want)
    return fail(d, "%s gave %ld, expected %ld", name, got, want);
  return true;
}

/* ---- assertions ---- */

static bool
check(struct drill *d, const char *text)
{
  static const char *const outcomes[] = {[TCP_OUTCOME_NONE] = "NONE",
                                         [TCP_OUTCOME_DONE] = "DONE",
                                         [TCP_OUTCOME_REFUSED] = "REFUSED",
                                         [TCP_OUTCOME_RESET] = "RESET",
                                         [TCP_OUTCOME_TIMED_OUT] = "TIMED-OUT"};
  char key[32], want[32];
  if (sscanf(text, "%%{ %31s == %31s }%%", key, want) != 2)
    return fail(d, "not understood: %s", text);
  const struct tcp_conn *c = &d->tcp;
  g_autofree char *got = NULL;
  if (strcmp(key, "state") == 0)
    got = g_strdup(tcp_state_name(c->state));
  else if (strcmp(key, "outcome") == 0)
    got = g_strdup(outcomes[c->outcome]);
  else if (strcmp(key, "cwnd") == 0)
    got = g_strdup_printf("%u", c->cwnd);
  else if (strcmp(key, "ssthresh") == 0)
    got = g_strdup_printf("%u", c->ssthresh);
  else if (strcmp(key, "snd_wnd") == 0)
    got = g_strdup_printf("%u", c->snd_wnd);
  else if (strcmp(key, "rto_ms") == 0)
    got = g_strdup_printf("%d", (int)(tcp_rtt_timeout(c, c->backoff) / 1000000));
  else if (strcmp(key, "srtt_ms") == 0)
    got = g_strdup_printf("%d", (int)(c->srtt_us / 1000));
  else
    return fail(d, "unknown value: %s", key);
  if (strcmp(got, want) != 0)
    return fail(d, "%s is %s, expected %s", key, got, want);
  return true;
}

/* ---- lines ---- */

static bool
set_profile(struct drill *d, const char *text)
{
  char key[32], value[32];
  if (sscanf(text, "--%31[a-z_]=%31s", key, value) != 2)
    return fail(d, "not understood: %s", text);
  long long v = strtoll(value, NULL, 0);
  struct tcp_profile *p = &d->profile;
  if (strcmp(key, "mss") == 0)
    p->mss = (uint16_t)v;
  else if (strcmp(key, "window") == 0)
    p->receive_octets = (uint32_t)v;
  else if (strcmp(key, "wscale") == 0)
    p->wscale = (int8_t)v;
  else if (strcmp(key, "iw") == 0)
    p->initial_segments = (uint32_t)v;
  else if (strcmp(key, "delack_ms") == 0)
    p->delayed_ack_ns = v * 1000000;
  else if (strcmp(key, "rtomin_ms") == 0)
    p->rto_min_ns = v * 1000000;
  else if (strcmp(key, "timewait_ms") == 0)
    p->time_wait_ns = v * 1000000;
  else if (strcmp(key, "iss") == 0)
    d->local = (uint32_t)v;
  else
    return fail(d, "unknown setting: %s", key);
  return true;
}

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
run_line(struct drill *d, const char *text, int64_t *base_ns)
{
  int64_t first = 0, last;
  bool any_time = *text == '*';
  if (any_time) {
    text++;
    last = G_MAXINT64 / 4;
  } else {
    first = last = read_time(&text, *base_ns);
    if (*text == '~') {
      text++;
      last = read_time(&text, *base_ns);
    }
  }
  while (*text == ' ' || *text == '\t')
    text++;
  if (*text == '>') {
    if (any_time)
      last = MIN(tcp_conn_deadline(&d->tcp), last);
    if (!segment_out(d, text + 1, first, last))
      return false;
    *base_ns = any_time || first != last ? d->now_ns : first;
    return true;
  }
  advance(d, first);
  struct sent *early = g_queue_peek_head(&d->out);
  if (early && early->time_ns < first - TOLERANCE_NS) {
    g_autofree char *what = describe(d, early);
    return fail(d, "sent without being expected: %s", what);
  }
  *base_ns = first;
  if (*text == '<')
    return segment_in(d, text + 1);
  if (*text == '%')
    return check(d, text);
  return call(d, text);
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
    bool good = g_str_has_prefix(*l, "--") ? set_profile(d, *l) : run_line(d, *l, &base_ns);
    if (!good)
      return false;
  }
  struct sent *rest = g_queue_peek_head(&d->out);
  if (!rest)
    return true;
  g_autofree char *what = describe(d, rest);
  return fail(d, "sent at the end without being expected: %s", what);
}

bool
packetdrill_run(const char *path, GError **error)
{
  g_autofree char *script = NULL;
  if (!g_file_get_contents(path, &script, NULL, error))
    return false;
  struct drill d = {.profile = tcp_profile_default,
                    .local = LOCAL_ISS,
                    .remote = REMOTE_ISS,
                    .path = path,
                    .error = error};
  g_queue_init(&d.out);
  bool good = run_text(&d, script);
  g_queue_clear_full(&d.out, (GDestroyNotify)sent_free);
  if (d.is_open)
    tcp_conn_clear(&d.tcp);
  return good;
}
