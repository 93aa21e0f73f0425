/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy.c -- what a mail host decides, question by question of its SMTP servers.
 *
 * The order of the checks stands in policy.h. A refusal is first made for good reasons that cannot
 * change (5yz), then for those that time may heal (4yz), so that nobody is greylisted who would be
 * refused anyhow. */
#include "sim/mail/policy_private.h"

#include <stdarg.h>
#include <string.h>

#include "sim/mail/date.h"
#include "sim/mail/mime.h"

void
policy_tell(const struct policy *p, const char *what, const char *peer, const char *value,
            struct lang_pair sentence, const char *argument)
{
  g_autofree char *key = g_strdup_printf("%s %s", what, peer);
  g_autofree char *text = g_strdup_printf(lang_pick(sentence), argument);
  world_emit(p->world, p->config.host, "mail-policy", key, "%s", value);
  world_emit(p->world, p->config.host, "log", "mail-policy", "%s", text);
}

/* A reply that lives until the next one of this session. */
static const char *lend(struct visit *v, const char *format, ...) G_GNUC_PRINTF(2, 3);
static const char *
lend(struct visit *v, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_free(v->reply);
  v->reply = g_strdup_vprintf(format, args);
  va_end(args);
  return v->reply;
}

bool
policy_network_has(const struct policy_network *network, const struct ip_addr *addr)
{
  if (network->addr.version != addr->version)
    return false;
  unsigned whole = network->prefix / 8, rest = network->prefix % 8;
  if (memcmp(network->addr.octets, addr->octets, whole) != 0)
    return false;
  uint8_t mask = (uint8_t)(0xff00u >> rest);
  return rest == 0 || ((network->addr.octets[whole] ^ addr->octets[whole]) & mask) == 0;
}

/* ---- a session begins and ends ---- */

static void *
site_open(void *data, const struct smtp_session *s)
{
  struct policy *p = data;
  struct visit *v = policy_visit_new(p);
  v->server = s->server;
  v->peer = g_strdup(s->peer);
  if (!ip_addr_parse(s->peer, &v->addr))
    v->addr.version = 0;
  for (unsigned i = 0; i < p->config.n_networks; i++)
    v->is_exempt |= policy_network_has(&p->config.networks[i], &v->addr);
  if (s->role == SMTP_ROLE_MTA && !v->is_exempt)
    policy_ask_peer(v);
  return v;
}

static void
site_close(void *data, const struct smtp_session *s)
{
  struct visit *v = s->own;
  policy_close(v->policy, v->peer);
  policy_visit_end(v);
}

static const char *
site_greet(void *data, const struct smtp_session *s)
{
  struct policy *p = data;
  struct visit *v = s->own;
  bool has_room = policy_open(p, v->peer);
  if (has_room && policy_count(p, v->peer, POLICY_CONNECTION))
    return NULL;
  policy_tell(p, "rate", v->peer, has_room ? "connections" : "at-once",
              lang_pair("too many connections from %s", "การเชื่อมต่อจาก %s มากเกินไป"), v->peer);
  return lend(v, "421 4.7.0 %s Too many connections from [%s]", p->name, v->peer);
}

static const char *
site_helo(void *data, const struct smtp_session *s)
{
  struct visit *v = s->own;
  if (s->role == SMTP_ROLE_MTA && !v->is_exempt)
    policy_ask_helo(v, s->helo);
  return NULL; /* the answer is waited for at RCPT */
}

/* ---- MAIL ---- */

static const char *
site_mail(void *data, const struct smtp_session *s, const struct envelope *e)
{
  struct policy *p = data;
  struct visit *v = s->own;
  v->size = e->size;
  g_free(v->sender);
  v->sender = g_strdup(e->sender);
  g_clear_pointer(&v->sender_blocked, g_free);
  if (p->config.needs_own_sender && s->user && *e->sender &&
      !directory_may_send_as(p->config.directory, s->user, e->sender)) {
    policy_tell(p, "sender", v->peer, e->sender,
                lang_pair("a user may not write as %s", "ผู้ใช้คนนี้ส่งในนาม %s ไม่ได้"), e->sender);
    return lend(v, "553 5.7.1 <%.200s> is not your address", e->sender);
  }
  if (!policy_count(p, v->peer, POLICY_MESSAGE)) {
    policy_tell(p, "rate", v->peer, "messages",
                lang_pair("too many messages from %s", "ข้อความจาก %s มากเกินไป"), v->peer);
    return "450 4.7.1 Too many messages, try again later";
  }
  if (s->role == SMTP_ROLE_MTA && !v->is_exempt)
    policy_ask_sender(v, e->sender);
  return NULL;
}

/* ---- RCPT ---- */

static bool
is_relay_domain(const struct policy *p, const char *address)
{
  for (char **d = p->relay_domains; d && *d; d++) {
    if (smtp_domain_equal(*d, smtp_domain(address)))
      return true;
  }
  return false;
}

/* May mail for another host pass here? */
static const char *
judge_relay(struct visit *v, const struct smtp_session *s, const char *address)
{
  struct policy *p = v->policy;
  if (s->role != SMTP_ROLE_LMTP && (s->is_trusted || v->is_exempt || is_relay_domain(p, address)))
    return NULL;
  g_autofree char *value =
      g_strdup_printf("%s to=<%s>", p->config.is_open_relay ? "open" : "refused", address);
  if (p->config.is_open_relay && s->role != SMTP_ROLE_LMTP) {
    policy_tell(p, "relay", v->peer, value,
                lang_pair("open relay: a stranger's mail for <%s> is passed on",
                          "โอเพนรีเลย์: ส่งต่อจดหมายของคนแปลกหน้าถึง <%s>"),
                address);
    return NULL;
  }
  policy_tell(p, "relay", v->peer, value,
              lang_pair("relaying to <%s> is denied", "ไม่ยอมส่งต่อถึง <%s>"), address);
  return "550 5.7.1 Relaying denied";
}

/* Is there somebody, and is there room? */
static const char *
judge_local(const struct visit *v, const char *address)
{
  const struct policy *p = v->policy;
  g_autoptr(GPtrArray) found = directory_resolve(p->config.directory, address);
  const struct directory_target *t = found->pdata[0];
  if (found->len > 1 || t->kind == DIRECTORY_REMOTE)
    return NULL;
  if (t->kind == DIRECTORY_UNKNOWN)
    return "550 5.1.1 No such user here";
  if (t->kind == DIRECTORY_CIRCLE)
    return "554 5.4.6 The alias leads in a circle";
  if (store_has_room(t->user, v->size > 0 ? (size_t)v->size : 1))
    return NULL;
  return p->config.full == QUEUE_FULL_LATER ? "452 4.2.2 The mailbox is full"
                                            : "552 5.2.2 The mailbox is full";
}

static bool
is_postmaster(const struct policy *p, const char *address)
{
  return g_ascii_strncasecmp(address, "postmaster", 10) == 0 &&
         (address[10] == '\0' || address[10] == '@') &&
         directory_is_local(p->config.directory, address);
}

/* The rest, when all answers of the DNS are there. */
static const char *
judge(struct visit *v, const char *address, bool is_stranger)
{
  struct policy *p = v->policy;
  bool is_asked = is_stranger && !is_postmaster(p, address);
  if (is_asked && (v->blocked || v->sender_blocked))
    return lend(v, "%s", v->blocked ? v->blocked : v->sender_blocked);
  const char *refusal =
      directory_is_local(p->config.directory, address) ? judge_local(v, address) : NULL;
  if (refusal)
    return refusal;
  if (!policy_count(p, v->peer, POLICY_RECIPIENT)) {
    policy_tell(p, "rate", v->peer, "recipients",
                lang_pair("too many recipients from %s", "ผู้รับจาก %s มากเกินไป"), v->peer);
    return "450 4.7.1 Too many recipients, try again later";
  }
  int64_t left_s = is_asked ? policy_greylist(p, &v->addr, v->sender ? v->sender : "", address) : 0;
  if (left_s == 0)
    return NULL;
  return lend(v, "451 4.7.1 Greylisted, come again in %" G_GINT64_FORMAT " seconds", left_s);
}

static const char *
site_recipient(void *data, const struct smtp_session *s, const struct envelope_recipient *r)
{
  struct policy *p = data;
  struct visit *v = s->own;
  bool is_stranger = s->role == SMTP_ROLE_MTA && !v->is_exempt && !s->is_trusted;
  const char *refusal =
      directory_is_local(p->config.directory, r->address) ? NULL : judge_relay(v, s, r->address);
  if (refusal)
    return refusal;
  if (!is_stranger || v->questions->len == 0)
    return judge(v, r->address, is_stranger);
  v->is_held = true;
  g_free(v->address);
  v->address = g_strdup(r->address);
  return SMTP_LATER;
}

void
policy_answered(struct visit *v)
{
  if (!v->is_held)
    return;
  v->is_held = false;
  smtp_server_answer(v->server, judge(v, v->address, true), world_now(v->policy->world));
  ports_pump(v->policy->config.ports);
}

/* ---- the message ---- */

static bool
has_field(GBytes *octets, const char *name)
{
  gsize n;
  size_t at, end;
  const uint8_t *p = g_bytes_get_data(octets, &n);
  return mime_header(p, 0, n, name, &at, &end);
}

/* RFC 6409 8: a submission without Date or Message-ID gets one, below our Received; all else stays
 * octet for octet. NULL: it has both. */
static GBytes *
completed(struct policy *p, GBytes *octets)
{
  gsize n;
  const uint8_t *text = g_bytes_get_data(octets, &n);
  size_t at = 0, field_at, name_n, field_end;
  bool has_date = has_field(octets, "Date"), has_id = has_field(octets, "Message-ID");
  if ((has_date && has_id) || !mime_next_field(text, &at, n, &field_at, &name_n, &field_end))
    return NULL;
  GString *out = g_string_new_len((const char *)text, (gssize)field_end);
  char date[DATE_TEXT_MAX];
  if (!has_date)
    g_string_append_printf(out, "Date: %s\r\n", date_format(world_now(p->world), date));
  if (!has_id)
    g_string_append_printf(out, "Message-ID: <%016" G_GINT64_MODIFIER "x@%s>\r\n",
                           random_next(&p->random), p->name);
  g_string_append_len(out, (const char *)text + field_end, (gssize)(n - field_end));
  return g_string_free_to_bytes(out);
}

static const char *
site_message(void *data, const struct smtp_session *s, const struct smtp_message *m, int64_t now_ns,
             const char **refusal)
{
  struct policy *p = data;
  g_autoptr(GBytes) better =
      p->config.completes && s->role == SMTP_ROLE_SUBMISSION ? completed(p, m->octets) : NULL;
  return queue_submit(p->config.queue, m->envelope, better ? better : m->octets, m->fates, refusal);
}

/* ---- VRFY and EXPN ---- */

static GPtrArray *
site_verify(void *data, const struct smtp_session *s, const char *name)
{
  const struct policy *p = data;
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *bare = g_strdup(name);
  size_t n = strlen(bare);
  if (n > 1 && bare[0] == '<' && bare[n - 1] == '>') {
    bare[n - 1] = '\0';
    memmove(bare, bare + 1, n - 1);
  }
  if (!directory_is_local(p->config.directory, bare))
    return lines;
  g_autoptr(GPtrArray) found = directory_resolve(p->config.directory, bare);
  const struct directory_target *t = found->pdata[0];
  if (t->kind == DIRECTORY_UNKNOWN || t->kind == DIRECTORY_CIRCLE)
    return lines;
  g_autofree char *address = directory_address(p->config.directory, t->via ? bare : t->address);
  g_ptr_array_add(lines, g_strdup_printf("<%s>", address));
  return lines;
}

static GPtrArray *
site_expand(void *data, const struct smtp_session *s, const char *name)
{
  const struct policy *p = data;
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  char *const *members = directory_members(p->config.directory, name);
  for (; members && *members; members++) {
    g_autofree char *address = directory_address(p->config.directory, *members);
    g_ptr_array_add(lines, g_strdup_printf("<%s>", address));
  }
  return lines;
}

struct smtp_site
policy_site(struct policy *p)
{
  return (struct smtp_site){.data = p,
                            .open = site_open,
                            .close = site_close,
                            .greet = site_greet,
                            .helo = site_helo,
                            .mail = site_mail,
                            .recipient = site_recipient,
                            .message = site_message,
                            .verify = site_verify,
                            .expand = site_expand};
}

/* ---- life ---- */

struct policy *
policy_new(const struct policy_config *config)
{
  struct policy *p = g_new0(struct policy, 1);
  p->config = *config;
  p->world = ports_world(config->ports);
  p->name = g_strdup(config->name);
  p->relay_domains = g_strdupv(config->relay_domains);
  p->dnsbl = g_strdupv(config->dnsbl);
  p->random = world_random(p->world, config->host, "policy");
  p->visits = g_ptr_array_new_with_free_func(policy_visit_free);
  policy_limit_init(p);
  return p;
}

void
policy_free(struct policy *p)
{
  if (!p)
    return;
  g_ptr_array_unref(p->visits);
  policy_limit_clear(p);
  g_strfreev(p->relay_domains);
  g_strfreev(p->dnsbl);
  g_free(p->name);
  g_free(p);
}
