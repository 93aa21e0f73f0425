/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hand.c -- a person types at a connection.
 *
 *     open ─> resolve ─> connect ──┐
 *     take ─> the machine of a     ├─> a machine that says only what is typed ─ type ─> octets out
 *             connection steps back│                                          ├ tls ──> handshake
 *     listen ─> somebody connects ─┘                                          └ close ─> FIN
 *
 * It reads along and says whose turn it is (reply.h); who types may do as he likes.
 * What was typed before the connection is there leaves when it is. When the other side ends, so
 * does the hand, as telnet does. A machine that was taken from its connection hears nothing more
 * until the end: then it is told that the connection is over, and its action counts as failed. */
#include "sim/mail/hand.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/machine.h"
#include "sim/mail/reply.h"
#include "sim/net/intervene.h"

enum { HEARD_OCTETS = 200 }; /* of one "heard": written as \xNN they stay below an event's length */

struct hand {
  struct hands *hands;
  const char *name;
  uint32_t host;
  uint16_t port;
  struct typist *typist;       /* NULL: not open yet, or over */
  GByteArray *early;           /* typed before the connection was asked for */
  struct secure_client secure; /* of who connects and asks for TLS some time */
  const char *server;          /* by name, or NULL */
  bool early_tls;              /* asked for before the connection is there: TLS comes first */
  bool is_over, closes_early;
};

/* The machine at the connection. */
struct typist {
  struct endpoint endpoint;
  struct hand *hand;
  struct endpoint *before;   /* whose connection it was; NULL when the hand opened it */
  struct reply_watch *watch; /* NULL at a server's end: there whoever types has the last word */
  bool is_my_turn, is_started;
};

struct step {
  struct hand *hand;
  const struct input *input;
  unsigned number;
};

struct hands {
  struct ports *ports;
  struct world *world;
  struct hands_tls tls;
  GHashTable *by_name; /* name -> struct hand */
  GPtrArray *list;     /* struct hand* */
  GPtrArray *steps;    /* struct step* */
};

static void
tell(const struct hand *h, const char *key, const char *value)
{
  g_autofree char *subject = g_strdup_printf("hand %s", h->name);
  world_emit(h->hands->world, h->host, subject, key, "%s", value);
}

/* ---- the machine ---- */

static void
tell_turn(struct typist *t)
{
  if (!t->watch || reply_watch_is_settled(t->watch) == t->is_my_turn)
    return;
  t->is_my_turn = !t->is_my_turn;
  tell(t->hand, "turn", t->is_my_turn ? "mine" : "theirs");
}

static void
typist_start(struct endpoint *e, int64_t now_ns)
{
  struct typist *t = (struct typist *)e;
  t->is_started = true;
  if (t->hand->early_tls)
    e->wants = ENDPOINT_TLS;
  tell(t->hand, "state", "open");
  machine_emit(e, "hand", "%s", t->hand->name);
  tell_turn(t);
}

/* Octets as text, whatever they are: backslash and what is no letter as \\, \r, \n, \t, \xNN. */
static char *
escape(const uint8_t *p, size_t n)
{
  GString *out = g_string_new(NULL);
  while (n > 0) {
    gunichar c = g_utf8_get_char_validated((const char *)p, (gssize)n);
    bool is_letter = c != (gunichar)-1 && c != (gunichar)-2 && (c >= 0xa0 || g_unichar_isprint(c));
    size_t taken = is_letter ? (size_t)g_unichar_to_utf8(c, NULL) : 1;
    if (*p == '\r' || *p == '\n' || *p == '\t' || *p == '\\')
      g_string_append_printf(out, "\\%c", "rnt\\"[strchr("\r\n\t\\", *p) - "\r\n\t\\"]);
    else if (is_letter)
      g_string_append_len(out, (const char *)p, (gssize)taken);
    else
      g_string_append_printf(out, "\\x%02x", *p);
    p += taken;
    n -= taken;
  }
  return g_string_free(out, false);
}

/* Told piece by piece, a line at a time where there are lines. */
static void
typist_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct typist *t = (struct typist *)e;
  if (t->watch)
    reply_watch_heard(t->watch, p, n);
  while (n > 0) {
    const uint8_t *end = memchr(p, '\n', n);
    size_t piece = MIN(end ? (size_t)(end - p) + 1 : n, HEARD_OCTETS);
    while (piece > 1 && piece < n && (p[piece] & 0xc0) == 0x80)
      piece--; /* not inside a letter */
    g_autofree char *text = escape(p, piece);
    tell(t->hand, "heard", text);
    p += piece;
    n -= piece;
  }
  tell_turn(t);
}

static void
typist_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct typist *t = (struct typist *)e;
  const struct endpoint_security *s = e->security;
  g_autofree char *agreed = s ? g_strdup_printf("%s %s", s->version, s->cipher) : NULL;
  if (problem || !s)
    tell(t->hand, "tls", problem ? problem : "");
  else
    tell(t->hand, "tls", agreed);
}

static void
typist_eof(struct endpoint *e, int64_t now_ns)
{
  struct typist *t = (struct typist *)e;
  e->wants_close = true;
  if (t->before)
    t->before->ops->eof(t->before, now_ns);
  if (t->hand->typist == t)
    tell(t->hand, "state", "closed");
  t->hand->typist = NULL;
  t->hand->is_over = true;
}

static void
typist_timeout(struct endpoint *e, int64_t now_ns)
{
}

static void
typist_free(struct endpoint *e)
{
  struct typist *t = (struct typist *)e;
  if (t->before)
    t->before->ops->free(t->before);
  if (t->hand->typist == t)
    t->hand->typist = NULL;
  reply_watch_free(t->watch);
  machine_clear(e);
  g_free(t);
}

static const struct endpoint_ops typist_ops = {.protocol = "hand",
                                               .start = typist_start,
                                               .input = typist_input,
                                               .eof = typist_eof,
                                               .timeout = typist_timeout,
                                               .upgraded = typist_upgraded,
                                               .free = typist_free};

static struct typist *
typist_new(struct hand *h)
{
  struct typist *t = g_new0(struct typist, 1);
  machine_init(&t->endpoint, &typist_ops);
  t->hand = h;
  h->typist = t;
  machine_send(&t->endpoint, h->early->data, h->early->len);
  t->endpoint.wants_close = h->closes_early;
  return t;
}

/* At a client's end somebody answers. A greeting is owed when the connection is new. */
static void
read_along(struct typist *t, uint16_t port, bool is_new)
{
  t->watch = reply_watch_new(reply_protocol_of_port(port));
  if (!is_new)
    reply_watch_forgive(t->watch);
  reply_watch_typed(t->watch, t->endpoint.out->data, t->endpoint.out->len);
}

/* ---- carrying out ---- */

static void
give_up(struct hand *h)
{
  h->is_over = true;
  tell(h, "state", "failed");
}

static void
connect_to(struct hand *h, const struct ip_addr *addr)
{
  tell(h, "state", "connecting");
  struct typist *t = typist_new(h);
  read_along(t, h->port, true);
  struct endpoint *e = &t->endpoint;
  if (h->secure.side)
    e = secure_connect(&h->secure, e, h->server);
  ports_connect(h->hands->ports, h->host, addr, h->port, e, NULL, NULL);
}

static void
resolved(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  struct hand *h = data;
  if (status == DNS_FOUND && n > 0)
    connect_to(h, &answers[0].addr);
  else
    give_up(h);
}

static bool
open_hand(struct hand *h, const struct input *i)
{
  struct ip_addr addr;
  h->port = i->to_port;
  if (ip_addr_parse(i->server, &addr)) {
    connect_to(h, &addr);
    return true;
  }
  h->server = i->server;
  tell(h, "state", "resolving");
  net_resolve_address(ports_net(h->hands->ports), h->host, i->server, resolved, h);
  return true;
}

static bool
take(struct hand *h, const struct input *i)
{
  struct typist *t = typist_new(h);
  t->before = ports_take(h->hands->ports, h->host, &i->from, i->from_port, &i->to, i->to_port,
                         &t->endpoint);
  if (t->before && g_str_has_suffix(t->before->ops->protocol, "-client"))
    read_along(t, MIN(i->from_port, i->to_port), false);
  if (t->before)
    return true;
  typist_free(&t->endpoint);
  give_up(h);
  return false;
}

static struct endpoint *
make_server(void *data, const char *peer)
{
  struct hand *h = data;
  const struct hands_tls *tls = &h->hands->tls;
  const struct secure_server *secure = tls->server ? tls->server(tls->data, h->host) : NULL;
  struct endpoint *e = &typist_new(h)->endpoint;
  return secure && secure->side ? tls_layer_new(secure->side, e, NULL, false) : e;
}

static bool
listen_at(struct hand *h, const struct input *i)
{
  if (!ports_intercept(h->hands->ports, h->host, i->to_port, make_server, h)) {
    give_up(h);
    return false;
  }
  tell(h, "state", "waiting");
  return true;
}

static bool
type(struct hand *h, const struct input *i)
{
  const char *end = i->end ? i->end : "\r\n";
  if (h->is_over)
    return false;
  GByteArray *out = h->typist ? h->typist->endpoint.out : h->early;
  g_byte_array_append(out, (const guint8 *)i->line, (guint)strlen(i->line));
  g_byte_array_append(out, (const guint8 *)end, (guint)strlen(end));
  tell(h, "typed", i->line);
  if (h->typist && h->typist->watch) {
    reply_watch_typed(h->typist->watch, (const uint8_t *)i->line, strlen(i->line));
    reply_watch_typed(h->typist->watch, (const uint8_t *)end, strlen(end));
    tell_turn(h->typist);
  }
  return true;
}

/* Nothing without a TLS layer around the connection. */
static bool
begin_tls(struct hand *h)
{
  if (h->is_over)
    return false;
  if (!h->typist || !h->typist->is_started) {
    h->early_tls = true;
    return true;
  }
  h->typist->endpoint.wants = ENDPOINT_TLS;
  if (h->typist->watch)
    reply_watch_forgive(h->typist->watch);
  return true;
}

static bool
close_hand(struct hand *h)
{
  if (h->is_over)
    return false;
  if (h->typist)
    h->typist->endpoint.wants_close = true;
  h->closes_early = true;
  h->is_over = true;
  tell(h, "state", "closing");
  return true;
}

static void
fire(void *data)
{
  struct step *s = data;
  struct hand *h = s->hand;
  const struct input *i = s->input;
  bool is_done = i->verb == INPUT_OPEN     ? open_hand(h, i)
                 : i->verb == INPUT_TAKE   ? take(h, i)
                 : i->verb == INPUT_LISTEN ? listen_at(h, i)
                 : i->verb == INPUT_TYPE   ? type(h, i)
                 : i->verb == INPUT_TLS    ? begin_tls(h)
                                           : close_hand(h);
  intervene_tell(h->hands->world, s->number, is_done ? INTERVENE_DONE : INTERVENE_NOTHING);
  ports_pump(h->hands->ports);
}

/* ---- planning ---- */

static void
hand_free(void *data)
{
  struct hand *h = data;
  g_byte_array_unref(h->early);
  g_free(h);
}

static struct hand *
hand_new(struct hands *all, const struct input *i, const struct tree_node *node, GError **error)
{
  uint32_t host = net_find_host(ports_net(all->ports), i->host);
  if (g_hash_table_contains(all->by_name, i->hand)) {
    tree_fail(error, node,
              lang_text("\"%s\" is opened or taken already; give this one another name",
                        "มีการเปิดหรือยึด \"%s\" ไปแล้ว ให้ตั้งชื่ออื่น"),
              i->hand);
    return NULL;
  }
  if (host == UINT32_MAX) {
    tree_fail(error, node,
              lang_text("there is no host \"%s\": name one of the scenario's hosts",
                        "ไม่มีโฮสต์ \"%s\" ให้ระบุโฮสต์ของสถานการณ์จำลอง"),
              i->host);
    return NULL;
  }
  struct hand *h = g_new0(struct hand, 1);
  *h = (struct hand){.hands = all, .name = i->hand, .host = host, .early = g_byte_array_new()};
  g_ptr_array_add(all->list, h);
  g_hash_table_insert(all->by_name, i->hand, h);
  return h;
}

static struct hand *
hand_of(struct hands *all, const struct input *i, const struct tree_node *node, GError **error)
{
  if (i->verb == INPUT_OPEN || i->verb == INPUT_TAKE || i->verb == INPUT_LISTEN)
    return hand_new(all, i, node, error);
  struct hand *h = g_hash_table_lookup(all->by_name, i->hand);
  if (!h)
    tree_fail(
        error, node,
        lang_text("nobody opened \"%s\" before; write {do: open, as: %s, host: …, to: …} above",
                  "ยังไม่มีใครเปิด \"%s\" ให้เขียน {do: open, as: %s, host: …, to: …} ไว้ก่อน"),
        i->hand, i->hand);
  return h;
}

/* Who connects gets what a client needs for TLS before the first event, for its random stream has a
 * number. It goes on with any certificate and says what is wrong with it. */
static bool
prepare_tls(struct hand *h, const struct tree_node *node, GError **error)
{
  return h->secure.side || !h->hands->tls.secure ||
         secure_make_client(h->hands->tls.secure, node, h->host, TLS_REQUIRED, false, &h->secure,
                            error);
}

struct hands *
hands_new(struct ports *ports, const struct hands_tls *tls, const struct input_log *log,
          GError **error)
{
  struct hands *all = g_new0(struct hands, 1);
  all->ports = ports;
  all->tls = *tls;
  all->world = ports_world(ports);
  all->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  all->list = g_ptr_array_new_with_free_func(hand_free);
  all->steps = g_ptr_array_new_with_free_func(g_free);
  for (unsigned i = 0; i < input_log_n(log); i++) {
    const struct input *input = input_log_at(log, i);
    if (input->verb < INPUT_OPEN)
      continue;
    struct hand *h = hand_of(all, input, input_log_node(log, i), error);
    if (!h || (input->verb == INPUT_TLS && !prepare_tls(h, input_log_node(log, i), error))) {
      hands_free(all);
      return NULL;
    }
    struct step *s = g_new(struct step, 1);
    *s = (struct step){.hand = h, .input = input, .number = i + 1};
    g_ptr_array_add(all->steps, s);
    world_at(all->world, input->time_ns, WORLD_INPUT, h->host, fire, s);
  }
  return all;
}

void
hands_free(struct hands *all)
{
  if (!all)
    return;
  g_hash_table_unref(all->by_name);
  g_ptr_array_unref(all->list);
  g_ptr_array_unref(all->steps);
  g_free(all);
}
