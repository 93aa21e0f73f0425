/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy_ask.c -- what a host asks the DNS about those who want to bring mail.
 *
 *     blocklist   5.0.0.10.bl.test A ─ 127.0.0.x ─> listed, and why: TXT     (RFC 5782 2.1, 2.4)
 *     reverse     5.0.0.10.in-addr.arpa PTR ─> name A ─> the same address?   (RFC 8601 2.7.3,
 * iprev) helo        is there such a name? sender      has the sender's domain an MX or an address?
 * null MX: no reply could reach it (RFC 7505 4.2)
 *
 * The questions begin with the connection and travel while SMTP goes on; only RCPT waits for the
 * answers. No answer counts as "nothing against it": a dead name server must not close the door. */
#include <string.h>

#include "capture/wire/dns.h"
#include "sim/mail/policy_private.h"

enum asked {
  ASKED_LIST,
  ASKED_WHY,
  ASKED_REVERSE,
  ASKED_FORWARD,
  ASKED_HELO,
  ASKED_MX,
  ASKED_DOMAIN
};

struct question {
  struct visit *visit;
  enum asked asked;
  char *name; /* that was asked for */
  char *zone; /* of a blocklist; the domain of a sender */
};

static void
question_free(void *data)
{
  struct question *q = data;
  g_free(q->name);
  g_free(q->zone);
  g_free(q);
}

struct visit *
policy_visit_new(struct policy *p)
{
  struct visit *v = g_new0(struct visit, 1);
  v->policy = p;
  v->questions = g_ptr_array_new_with_free_func(question_free);
  g_ptr_array_add(p->visits, v);
  return v;
}

void
policy_visit_free(void *visit)
{
  struct visit *v = visit;
  g_ptr_array_unref(v->questions);
  g_free(v->peer);
  g_free(v->sender);
  g_free(v->address);
  g_free(v->blocked);
  g_free(v->sender_blocked);
  g_free(v->reply);
  g_free(v);
}

/* Gone when the session is over and no answer can come any more. */
static void
leave_if_over(struct visit *v)
{
  if (!v->server && v->questions->len == 0)
    g_ptr_array_remove_fast(v->policy->visits, v);
}

void
policy_visit_end(struct visit *v)
{
  v->server = NULL;
  leave_if_over(v);
}

static void answered(void *data, enum dns_status status, const struct dns_answer *answers,
                     unsigned n);

static void
ask(struct visit *v, enum asked asked, const char *name, const char *zone, uint16_t type)
{
  struct policy *p = v->policy;
  struct question *q = g_new0(struct question, 1);
  *q =
      (struct question){.visit = v, .asked = asked, .name = g_strdup(name), .zone = g_strdup(zone)};
  g_ptr_array_add(v->questions, q);
  net_resolve(ports_net(p->config.ports), p->config.host, name, type, answered, q);
}

static void
block(struct visit *v, char **place, char *reply)
{
  if (*place)
    g_free(reply);
  else
    *place = reply;
}

/* ---- answers ---- */

/* RFC 5782 2.1: listed when there is an A record; what it says lies in 127.0.0.0/8, anything else
 * is a zone that answers everything. */
static void
on_list(struct visit *v, const struct question *q, const struct dns_answer *answers, unsigned n)
{
  for (unsigned i = 0; i < n; i++) {
    if (answers[i].addr.version == 4 && answers[i].addr.octets[0] == 127) {
      ask(v, ASKED_WHY, q->name, q->zone, DNS_TYPE_TXT);
      return;
    }
  }
}

static void
on_why(struct visit *v, const struct question *q, const struct dns_answer *answers, unsigned n)
{
  g_autofree char *why = n > 0 ? g_strdup(answers[0].name) : NULL;
  for (char *c = why; c && *c; c++)
    *c = (unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f ? '?' : *c;
  policy_tell(v->policy, "dnsbl", v->peer, q->zone,
              lang_pair("%s is on a blocklist", "%s อยู่ในบัญชีดำ"), v->peer);
  block(v, &v->blocked,
        g_strdup_printf("554 5.7.1 [%s] is listed by %s%s%.200s", v->peer, q->zone, why ? ": " : "",
                        why ? why : ""));
}

static void
refuse_reverse(struct visit *v)
{
  policy_tell(v->policy, "reverse", v->peer, "no",
              lang_pair("%s has no name that leads back to it", "%s ไม่มีชื่อที่ชี้กลับมายังที่อยู่เดิม"),
              v->peer);
  block(v, &v->blocked,
        g_strdup_printf("550 5.7.25 [%s] has no name that leads back to it", v->peer));
}

static void
on_reverse(struct visit *v, const struct dns_answer *answers, unsigned n)
{
  if (n == 0) {
    refuse_reverse(v);
    return;
  }
  uint16_t type = v->addr.version == 6 ? DNS_TYPE_AAAA : DNS_TYPE_A;
  v->n_reverse_left = MIN(n, POLICY_ZONES_MAX);
  for (unsigned i = 0; i < v->n_reverse_left; i++)
    ask(v, ASKED_FORWARD, answers[i].name, NULL, type);
}

static void
on_forward(struct visit *v, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  v->is_reverse_good |= status == DNS_FAILED;
  for (unsigned i = 0; i < n; i++)
    v->is_reverse_good |= ip_addr_equal(&answers[i].addr, &v->addr);
  if (--v->n_reverse_left == 0 && !v->is_reverse_good)
    refuse_reverse(v);
}

static void
on_helo(struct visit *v, const struct question *q, enum dns_status status)
{
  if (status == DNS_FOUND || status == DNS_FAILED)
    return;
  policy_tell(v->policy, "helo", v->peer, q->name,
              lang_pair("the name that %s gives itself does not exist", "ชื่อที่ %s แนะนำตัวไม่มีอยู่จริง"),
              v->peer);
  block(v, &v->blocked, g_strdup_printf("550 5.7.1 There is no host %.100s", q->name));
}

static void
refuse_domain(struct visit *v, const char *domain, const char *reply)
{
  policy_tell(v->policy, "domain", v->peer, domain,
              lang_pair("the sender's domain can take no reply: %s", "โดเมนของผู้ส่งรับคำตอบไม่ได้: %s"),
              domain);
  block(v, &v->sender_blocked, g_strdup(reply));
}

static void
on_mx(struct visit *v, const struct question *q, enum dns_status status,
      const struct dns_answer *answers, unsigned n)
{
  if (status == DNS_FOUND && n == 1 &&
      (answers[0].name[0] == '\0' || strcmp(answers[0].name, ".") == 0))
    refuse_domain(v, q->zone, "550 5.7.27 The sender's domain takes no mail (null MX)");
  else if (status == DNS_NO_NAME)
    refuse_domain(v, q->zone, "550 5.1.8 The sender's domain does not exist");
  else if (status == DNS_NO_DATA)
    ask(v, ASKED_DOMAIN, q->zone, q->zone, DNS_TYPE_A);
}

/* Is the answer still about the sender of this transaction? */
static bool
is_current(const struct visit *v, const struct question *q)
{
  return v->sender && smtp_domain_equal(smtp_domain(v->sender), q->zone);
}

static void
answered(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  struct question *q = data;
  struct visit *v = q->visit;
  unsigned n_found = status == DNS_FOUND ? n : 0;
  switch (v->server ? q->asked : (enum asked) - 1) {
  case ASKED_LIST:
    on_list(v, q, answers, n_found);
    break;
  case ASKED_WHY:
    on_why(v, q, answers, n_found);
    break;
  case ASKED_REVERSE:
    if (status != DNS_FAILED)
      on_reverse(v, answers, n_found);
    break;
  case ASKED_FORWARD:
    on_forward(v, status, answers, n_found);
    break;
  case ASKED_HELO:
    on_helo(v, q, status);
    break;
  case ASKED_MX:
    if (is_current(v, q))
      on_mx(v, q, status, answers, n_found);
    break;
  case ASKED_DOMAIN:
    if (is_current(v, q) && (status == DNS_NO_NAME || status == DNS_NO_DATA))
      refuse_domain(v, q->zone, "550 5.1.8 The sender's domain has no mail host");
    break;
  }
  g_ptr_array_remove_fast(v->questions, q);
  if (!v->server)
    leave_if_over(v);
  else if (v->questions->len == 0)
    policy_answered(v);
}

/* ---- questions ---- */

/* "5.0.0.10.bl.test": the reversed address of PTR with another end (RFC 5782 2.1, 2.4). */
static char *
list_name(const struct ip_addr *addr, const char *zone)
{
  char text[DNS_REVERSE_MAX];
  dns_reverse_name(addr, text);
  char *end = strstr(text, addr->version == 6 ? ".ip6.arpa" : ".in-addr.arpa");
  if (end)
    *end = '\0';
  return g_strdup_printf("%s.%s", text, zone);
}

void
policy_ask_peer(struct visit *v)
{
  const struct policy *p = v->policy;
  if (v->addr.version == 0)
    return;
  for (char **zone = p->dnsbl; zone && *zone; zone++) {
    g_autofree char *name = list_name(&v->addr, *zone);
    ask(v, ASKED_LIST, name, *zone, DNS_TYPE_A);
  }
  if (p->config.checks_reverse) {
    char name[DNS_REVERSE_MAX];
    ask(v, ASKED_REVERSE, dns_reverse_name(&v->addr, name), NULL, DNS_TYPE_PTR);
  }
}

void
policy_ask_helo(struct visit *v, const char *helo)
{
  if (v->policy->config.checks_helo && helo[0] != '[')
    ask(v, ASKED_HELO, helo, NULL, DNS_TYPE_A);
}

void
policy_ask_sender(struct visit *v, const char *sender)
{
  g_autofree char *domain = smtp_domain_ascii(smtp_domain(sender));
  if (v->policy->config.checks_sender && domain && *domain && domain[0] != '[' &&
      !directory_is_local(v->policy->config.directory, sender))
    ask(v, ASKED_MX, domain, domain, DNS_TYPE_MX);
}
