/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packetdrill_call.c -- socket calls of a script, and what it asserts.
 *
 *   socket(..., SOCK_STREAM, IPPROTO_TCP) = 3      bind(3, ..., ...) = 0   bind(3, 8081, ...) = 0
 *   listen(3, 1) = 0   accept(3, ..., ...) = 4     connect(3, ..., ...) = -1 EINPROGRESS
 *   write(4, ..., 1000) = 1000                     send(4, ..., 1, MSG_OOB) = 1
 *   read(4, ..., 500) = -1 EAGAIN                  recv(4, ..., 500, MSG_PEEK) = 500
 *   shutdown(4, SHUT_WR) = 0   close(4) = 0        abort(4) = 0  (ours)
 *   setsockopt(4, IPPROTO_TCP, TCP_NODELAY, [1], 4) = 0
 *   setsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0
 *   getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0
 *   poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1
 *
 * Nothing blocks. A result is the call's, or -1 with the name of the error; "-1" alone is any. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/net/packetdrill_private.h"

static const struct {
  const char *name;
  int number;
} errors[] = {
    {"EAGAIN", EAGAIN},           {"EINPROGRESS", EINPROGRESS},     {"ECONNREFUSED", ECONNREFUSED},
    {"ECONNRESET", ECONNRESET},   {"ETIMEDOUT", ETIMEDOUT},         {"EPIPE", EPIPE},
    {"EADDRINUSE", EADDRINUSE},   {"EHOSTUNREACH", EHOSTUNREACH},   {"ENETUNREACH", ENETUNREACH},
    {"EISCONN", EISCONN},         {"EALREADY", EALREADY},           {"EINVAL", EINVAL},
    {"ENOTCONN", ENOTCONN},       {"EADDRNOTAVAIL", EADDRNOTAVAIL}, {"EPROTO", EPROTO},
    {"ENOPROTOOPT", ENOPROTOOPT}, {"EOPNOTSUPP", EOPNOTSUPP},       {"EMSGSIZE", EMSGSIZE},
    {"EACCES", EACCES},           {"EAFNOSUPPORT", EAFNOSUPPORT},
};

static const char *
error_name(int number)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(errors); i++)
    if (errors[i].number == number)
      return errors[i].name;
  return "an error without a name here";
}

/* A number, or the name of an error or of a choice. */
static int64_t
read_value(const char *text)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(errors); i++)
    if (g_str_has_prefix(text, errors[i].name) && !g_ascii_isalpha(text[strlen(errors[i].name)]))
      return errors[i].number;
  if (g_str_has_prefix(text, "\"reno\""))
    return TCP_STACK_RENO;
  if (g_str_has_prefix(text, "\"cubic\""))
    return TCP_STACK_CUBIC;
  return strtoll(text, NULL, 0);
}

/* ---- arguments ---- */

struct call {
  struct drill *d;
  char **args;
  unsigned n_args;
  struct drill_fd *fd; /* of the first argument, or NULL */
};

/* Splits at commas outside brackets and braces. */
static char **
split(const char *text, unsigned *n)
{
  GPtrArray *out = g_ptr_array_new();
  const char *start = text;
  int depth = 0;
  for (const char *c = text;; c++) {
    depth += (*c == '[' || *c == '{') - (*c == ']' || *c == '}');
    if (*c && (*c != ',' || depth > 0))
      continue;
    g_ptr_array_add(out, g_strstrip(g_strndup(start, (gsize)(c - start))));
    start = c + 1;
    if (!*c)
      break;
  }
  *n = out->len;
  g_ptr_array_add(out, NULL);
  return (char **)g_ptr_array_free(out, FALSE);
}

static const char *
arg(const struct call *c, unsigned i)
{
  return i < c->n_args ? c->args[i] : "";
}

static int64_t
new_fd(struct drill *d, struct tcp_sock *s)
{
  for (unsigned i = 3; i < DRILL_FDS_MAX; i++)
    if (!d->fds[i].sock) {
      d->fds[i] = (struct drill_fd){.sock = s};
      return i;
    }
  g_assert_not_reached();
}

static unsigned
message_flags(const char *text)
{
  return (strstr(text, "MSG_OOB") ? TCP_STACK_OOB : 0) |
         (strstr(text, "MSG_PEEK") ? TCP_STACK_PEEK : 0) |
         (strstr(text, "MSG_MORE") ? TCP_STACK_MORE : 0);
}

/* ---- calls: each gives the result, or a negative error ---- */

static int64_t
call_socket(struct call *c)
{
  return new_fd(c->d, tcp_sock_new(c->d->stack, (uint8_t)c->d->version));
}

static int64_t
call_bind(struct call *c)
{
  long port = strtol(arg(c, 1), NULL, 10);
  return tcp_sock_bind(c->fd->sock, NULL, (uint16_t)(port ? port : DRILL_PORT));
}

static int64_t
call_listen(struct call *c)
{
  return tcp_sock_listen(c->fd->sock, (int)strtol(arg(c, 1), NULL, 10));
}

static int64_t
call_accept(struct call *c)
{
  struct tcp_sock *s;
  int error = tcp_sock_accept(c->fd->sock, &s);
  return error ? error : new_fd(c->d, s);
}

static int64_t
call_connect(struct call *c)
{
  return tcp_sock_connect(c->fd->sock, &c->d->them, DRILL_PORT, c->d->now_ns);
}

static int64_t
call_write(struct call *c)
{
  size_t n = strtoul(arg(c, 2), NULL, 10);
  g_autofree uint8_t *data = g_malloc(n + 1);
  for (uint32_t i = 0; i < n; i++)
    data[i] = drill_pattern(c->fd->n_written + 1 + i);
  int64_t taken = tcp_sock_send(c->fd->sock, data, n, message_flags(arg(c, 3)), c->d->now_ns);
  if (taken > 0)
    c->fd->n_written += (uint32_t)taken;
  return taken;
}

/* Octets that are not the pattern's give a result that no script expects. */
static int64_t
call_read(struct call *c)
{
  size_t n = strtoul(arg(c, 2), NULL, 10);
  unsigned flags = message_flags(arg(c, 3));
  g_autofree uint8_t *data = g_malloc(n + 1);
  int64_t got = tcp_sock_recv(c->fd->sock, data, n, flags, c->d->now_ns);
  for (int64_t i = 0; i < got && !(flags & TCP_STACK_OOB); i++)
    if (data[i] != drill_pattern(c->fd->n_read + 1 + (uint32_t)i))
      return -EILSEQ;
  if (got > 0 && !(flags & (TCP_STACK_PEEK | TCP_STACK_OOB)))
    c->fd->n_read += (uint32_t)got;
  return got;
}

static int64_t
call_shutdown(struct call *c)
{
  enum tcp_stack_how how = strcmp(arg(c, 1), "SHUT_RD") == 0   ? TCP_STACK_RD
                           : strcmp(arg(c, 1), "SHUT_WR") == 0 ? TCP_STACK_WR
                                                               : TCP_STACK_RDWR;
  return tcp_sock_shutdown(c->fd->sock, how, c->d->now_ns);
}

static int64_t
call_close(struct call *c)
{
  tcp_sock_close(g_steal_pointer(&c->fd->sock), c->d->now_ns);
  return 0;
}

static int64_t
call_abort(struct call *c)
{
  tcp_sock_abort(g_steal_pointer(&c->fd->sock), c->d->now_ns);
  return 0;
}

static int64_t
call_setsockopt(struct call *c)
{
  enum tcp_stack_option option = tcp_stack_option_find(arg(c, 2));
  const char *text = arg(c, 3);
  if (option == TCP_STACK_N_OPTIONS)
    return -ENOPROTOOPT;
  unsigned on, linger;
  int64_t value;
  if (sscanf(text, "{onoff=%u, linger=%u}", &on, &linger) == 2)
    value = on ? (int64_t)linger : -1;
  else
    value = read_value(text + (*text == '['));
  return tcp_sock_set(c->fd->sock, option, value, c->d->now_ns);
}

static int64_t
call_getsockopt(struct call *c)
{
  const char *text = arg(c, 3);
  int64_t want = read_value(text + (*text == '[')), got;
  if (strcmp(arg(c, 2), "SO_ERROR") == 0) {
    got = tcp_sock_error(c->fd->sock);
  } else {
    enum tcp_stack_option option = tcp_stack_option_find(arg(c, 2));
    int error =
        option == TCP_STACK_N_OPTIONS ? -ENOPROTOOPT : tcp_sock_get(c->fd->sock, option, &got);
    if (error)
      return error;
  }
  if (got == want)
    return 0;
  drill_fail(c->d, "%s is %" G_GINT64_FORMAT ", expected %s", arg(c, 2), got, text);
  return -EILSEQ;
}

static unsigned
poll_bits(const char *text)
{
  static const struct {
    const char *name;
    unsigned bit;
  } bits[] = {{"POLLIN", TCP_STACK_IN},   {"POLLOUT", TCP_STACK_OUT},
              {"POLLPRI", TCP_STACK_PRI}, {"POLLERR", TCP_STACK_ERR},
              {"POLLHUP", TCP_STACK_HUP}, {"POLLRDHUP", TCP_STACK_RDHUP}};
  unsigned mask = 0;
  g_auto(GStrv) words = g_strsplit_set(text, "| ", -1);
  for (char **w = words; *w; w++)
    for (unsigned i = 0; i < G_N_ELEMENTS(bits); i++)
      if (strcmp(*w, bits[i].name) == 0)
        mask |= bits[i].bit;
  return mask;
}

/* poll([{fd=4, events=POLLIN, revents=0}], 1, 0): one socket. */
static int64_t
call_poll(struct call *c)
{
  unsigned fd;
  char events[64], revents[64];
  if (sscanf(arg(c, 0), "[{fd=%u, events=%63[A-Z|], revents=%63[A-Z|0]}]", &fd, events, revents) !=
          3 ||
      fd >= DRILL_FDS_MAX || !c->d->fds[fd].sock)
    return -EINVAL;
  unsigned asked = poll_bits(events) | TCP_STACK_ERR | TCP_STACK_HUP;
  unsigned got = tcp_sock_poll(c->d->fds[fd].sock) & asked;
  if (got == poll_bits(revents))
    return got != 0;
  drill_fail(c->d, "poll gives 0x%x, expected 0x%x (%s)", got, poll_bits(revents), revents);
  return -EILSEQ;
}

static const struct {
  const char *name;
  int64_t (*act)(struct call *c);
  bool needs_fd;
} calls[] = {
    {"socket", call_socket, false},
    {"bind", call_bind, true},
    {"listen", call_listen, true},
    {"accept", call_accept, true},
    {"connect", call_connect, true},
    {"write", call_write, true},
    {"send", call_write, true},
    {"read", call_read, true},
    {"recv", call_read, true},
    {"shutdown", call_shutdown, true},
    {"close", call_close, true},
    {"abort", call_abort, true},
    {"setsockopt", call_setsockopt, true},
    {"getsockopt", call_getsockopt, true},
    {"poll", call_poll, false},
};

/* "= 1000", "= -1", "= -1 EAGAIN (try again)". */
static bool
result_fits(struct drill *d, const char *name, const char *text, int64_t got)
{
  char word[32] = "";
  long want = strtol(text, NULL, 10);
  sscanf(text, "%*s %31[A-Z]", word);
  if (got >= 0 || !*word) {
    if (got == want || (got < 0 && want == -1))
      return true;
    if (got >= 0)
      return drill_fail(d, "%s gave %" G_GINT64_FORMAT ", expected %s", name, got, text);
  } else if (want == -1 && strcmp(error_name((int)-got), word) == 0) {
    return true;
  }
  return drill_fail(d, "%s gave -1 %s, expected %s", name, error_name((int)-got), text);
}

bool
drill_call(struct drill *d, const char *text)
{
  char name[32];
  int used = 0;
  unsigned i = 0;
  if (sscanf(text, "%31[a-z_](%n", name, &used) != 1 || used == 0)
    return drill_fail(d, "not understood: %s", text);
  const char *equals = strrchr(text, '='), *close = equals;
  while (close && close > text && *close != ')')
    close--;
  if (!equals || close == text)
    return drill_fail(d, "a call needs a result: %s", text);
  while (i < G_N_ELEMENTS(calls) && strcmp(calls[i].name, name) != 0)
    i++;
  if (i == G_N_ELEMENTS(calls))
    return drill_fail(d, "unknown call: %s", name);
  g_autofree char *inner = g_strndup(text + used, (gsize)(close - text - used));
  struct call c = {.d = d};
  g_auto(GStrv) args = split(inner, &c.n_args);
  c.args = args;
  unsigned long fd = strtoul(arg(&c, 0), NULL, 10);
  c.fd = fd < DRILL_FDS_MAX && d->fds[fd].sock ? &d->fds[fd] : NULL;
  if (calls[i].needs_fd && !c.fd)
    return drill_fail(d, "no such socket: %s", text);
  int64_t got = calls[i].act(&c);
  return !*d->error && result_fits(d, name, equals + 1 + strspn(equals + 1, " "), got);
}

/* ---- assertions ---- */

/* A number, or a word in *text. False: no such key. */
static bool
read_key(const struct drill_peer *p, const char *key, int64_t *out, const char **text)
{
  static const char *const outcomes[] = {[TCP_OUTCOME_NONE] = "NONE",
                                         [TCP_OUTCOME_DONE] = "DONE",
                                         [TCP_OUTCOME_REFUSED] = "REFUSED",
                                         [TCP_OUTCOME_RESET] = "RESET",
                                         [TCP_OUTCOME_TIMED_OUT] = "TIMED-OUT"};
  struct tcp_stack_info info = {.state = "CLOSED", .snd_mss = 1};
  if (p->sock)
    tcp_sock_info(p->sock, &info);
  const struct {
    const char *key;
    int64_t value;
  } numbers[] = {
      {"cwnd", info.cwnd},
      {"ssthresh", info.ssthresh},
      {"snd_wnd", info.snd_wnd},
      {"rcv_wnd", info.rcv_wnd},
      {"flight", info.flight},
      {"unsent", info.unsent},
      {"snd_mss", info.snd_mss},
      {"rto_ms", info.rto_us / 1000},
      {"srtt_ms", info.srtt_us / 1000},
      {"rttvar_ms", info.rttvar_us / 1000},
      {"backoff", info.backoff},
      {"snd_scale", info.snd_scale},
      {"rcv_scale", info.rcv_scale},
      {"is_recovering", info.is_recovering},
      {"has_timestamps", info.has_timestamps},
      {"has_sack", info.has_sack},
      {"has_ecn", info.has_ecn},
      /* packetdrill's words */
      {"tcpi_snd_cwnd", info.cwnd / info.snd_mss},
      {"tcpi_snd_ssthresh", info.ssthresh / info.snd_mss},
      {"tcpi_unacked", (info.flight + info.snd_mss - 1) / info.snd_mss},
      {"tcpi_rto", info.rto_us},
      {"tcpi_rtt", info.srtt_us},
      {"tcpi_rttvar", info.rttvar_us},
      {"tcpi_backoff", info.backoff},
      {"tcpi_snd_mss", info.snd_mss},
  };
  *text = strcmp(key, "state") == 0     ? info.state
          : strcmp(key, "outcome") == 0 ? outcomes[p->outcome]
                                        : NULL;
  for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++)
    if (strcmp(numbers[i].key, key) == 0) {
      *out = numbers[i].value;
      return true;
    }
  return *text != NULL;
}

static bool
compare(int64_t a, const char *op, int64_t b)
{
  bool has_equal = strchr(op, '=') != NULL;
  return *op == '<'   ? a < b || (has_equal && a == b)
         : *op == '>' ? a > b || (has_equal && a == b)
         : *op == '!' ? a != b
                      : a == b;
}

/* "cwnd == 1000", "#2 state == CLOSED", "assert tcpi_snd_cwnd == 10, ...": packetdrill's Python,
 * as far as it is one comparison. */
static bool
check_one(struct drill *d, const char *text)
{
  unsigned number = 1;
  char key[32], op[3], want[32];
  if (g_str_has_prefix(text, "assert "))
    text += strlen("assert ");
  if (*text == '#') {
    number = (unsigned)strtoul(text + 1, (char **)&text, 10);
    text += *text == ' ';
  }
  if (sscanf(text, "%31[a-z_] %2[<>=!] %31[^ ,]", key, op, want) != 3 || number == 0 ||
      number > DRILL_PEERS_MAX)
    return drill_fail(d, "not understood: %s", text);
  int64_t value = 0;
  const char *word;
  if (!read_key(&d->peers[number], key, &value, &word))
    return drill_fail(d, "unknown value: %s", key);
  if (word)
    return (strcmp(word, want) == 0) == (*op == '=') ||
           drill_fail(d, "%s is %s, expected %s %s", key, word, op, want);
  return compare(value, op, strtoll(want, NULL, 0)) ||
         drill_fail(d, "%s is %" G_GINT64_FORMAT ", expected %s %s", key, value, op, want);
}

bool
drill_check(struct drill *d, const char *text)
{
  const char *close = strstr(text, "}%");
  if (!g_str_has_prefix(text, "%{") || !close)
    return drill_fail(d, "not understood: %s", text);
  g_autofree char *inner = g_strndup(text + 2, (gsize)(close - text - 2));
  g_auto(GStrv) parts = g_strsplit(inner, ";", -1);
  for (char **p = parts; *p; p++)
    if (*g_strstrip(*p) && !check_one(d, *p))
      return false;
  return true;
}
