/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_starttls.c -- rules about the change from clear text to TLS (STARTTLS, STLS).
 *
 *     a list without it ──> STLS-001, and STLS-003 when the same server offers it elsewhere
 *     filler, two versions of the same octets, another TTL ──> STLS-003
 *     went on in clear ──> STLS-002 (offered), STLS-004 (refused), STLS-008 (accepted)
 *     octets where none may be ──> STLS-005 (client's), STLS-006 (server's)
 *     IMAP: PREAUTH ──> STLS-007, what only TLS could vouch for ──> STLS-009
 *
 * What happened on one connection the session knows (appsession_starttls.c). Here servers are
 * remembered, by address and port, to compare what they offered on different connections. A service
 * that offers STARTTLS to some clients only looks the same as a stripped one, so STLS-003 is never
 * more than medium sure. */
#include <string.h>

#include "capture/findings/findings_starttls.h"
#include "capture/wire/mail.h"

/* A capture of a day at a big site sees some thousand mail servers; beyond this they are not
 * compared, and reports say that something was dropped. */
enum { SERVERS_MAX = 1 << 14 };

enum { PORT_SMTP = 25, PORT_LMTP = 24 };

struct server {
  struct ip_addr addr;
  uint16_t port;
  bool offers;
  bool lacks; /* a list without it was seen: `absent`, when `offers` was not known yet */
  struct finding_place absent;
  struct evidence evidence[FINDING_EVIDENCE_MAX];
};

struct starttls_state {
  struct findings *findings;
  GHashTable *servers; /* struct server -> itself */
};

static guint
server_hash(gconstpointer data)
{
  const struct server *s = data;
  return ip_addr_hash_value(&s->addr) + s->port;
}

static gboolean
server_equal(gconstpointer a, gconstpointer b)
{
  const struct server *x = a, *y = b;
  return x->port == y->port && ip_addr_equal(&x->addr, &y->addr);
}

static void *
start(struct findings *f)
{
  struct starttls_state *s = g_new0(struct starttls_state, 1);
  s->findings = f;
  s->servers = g_hash_table_new_full(server_hash, server_equal, g_free, NULL);
  return s;
}

static void
stop(void *state)
{
  struct starttls_state *s = state;
  g_hash_table_unref(s->servers);
  g_free(s);
}

/* The server of this place; NULL when there are too many. */
static struct server *
find_server(struct starttls_state *s, const struct finding_place *place)
{
  struct server key = {.addr = place->where.server, .port = place->where.server_port};
  struct server *found = g_hash_table_lookup(s->servers, &key);
  if (found)
    return found;
  if (g_hash_table_size(s->servers) >= SERVERS_MAX) {
    findings_drop(s->findings);
    return NULL;
  }
  found = g_memdup2(&key, sizeof key);
  g_hash_table_add(s->servers, found);
  return found;
}

static void
suspect(struct starttls_state *s, const struct finding_place *place, const char *subject,
        enum confidence confidence)
{
  struct finding *found = findings_add(s->findings, &stls_003, place, subject);
  if (found)
    found->confidence = confidence;
}

/* One connection's list lacks what another one's has. */
static void
suspect_server(struct starttls_state *s, const struct finding_place *place)
{
  struct finding *found =
      findings_add_once(s->findings, &stls_003, place, "offered on another connection");
  if (found)
    found->confidence = CONFIDENCE_MEDIUM;
}

static void
on_offered(struct starttls_state *s, const struct finding_place *place)
{
  struct server *server = find_server(s, place);
  if (!server || server->offers)
    return;
  server->offers = true;
  if (server->lacks)
    suspect_server(s, &server->absent);
}

static void
on_absent(struct starttls_state *s, const struct finding_place *place)
{
  struct finding *found = findings_add_once(s->findings, &stls_001, place, NULL);
  uint16_t port = place->where.server_port;
  if (found && (port == PORT_SMTP || port == PORT_LMTP))
    findings_set_severity(s->findings, found, SEVERITY_MEDIUM);
  struct server *server = find_server(s, place);
  if (!server)
    return;
  if (server->offers) {
    suspect_server(s, place);
  } else if (!server->lacks) {
    server->lacks = true;
    server->absent = *place;
    server->absent.evidence = server->evidence;
    server->absent.n_evidence = MIN(place->n_evidence, FINDING_EVIDENCE_MAX);
    memcpy(server->evidence, place->evidence, server->absent.n_evidence * sizeof *place->evidence);
  }
}

/* A value of the wire as a subject: letters are enough. */
static char *
word_of(const struct notice *n)
{
  return n->text ? g_strndup((const char *)n->text, MIN(n->n_text, 64)) : NULL;
}

static const char *
verb_of(const struct notice *n)
{
  switch (n->app) {
  case APP_SMTP:
    return smtp_verbs[n->code].name;
  case APP_POP3:
    return pop_verbs[n->code].name;
  case APP_IMAP:
    return imap_verbs[n->code].name;
  default:
    return NULL;
  }
}

static void
on_notice(void *state, const struct notice *n, const struct finding_place *place)
{
  struct starttls_state *s = state;
  struct findings *f = s->findings;
  g_autofree char *word = NULL;
  switch (n->kind) {
  case NOTICE_STARTTLS_OFFERED:
    on_offered(s, place);
    break;
  case NOTICE_STARTTLS_ABSENT:
    on_absent(s, place);
    break;
  case NOTICE_STARTTLS_FILLER:
    word = word_of(n);
    suspect(s, place, word, CONFIDENCE_MEDIUM);
    break;
  case NOTICE_REPEAT_DIFFERS:
    suspect(s, place, "two versions of the same octets", CONFIDENCE_MEDIUM);
    break;
  case NOTICE_TTL_CHANGED: /* routes change too */
    suspect(s, place, "TTL", CONFIDENCE_LOW);
    break;
  case NOTICE_STARTTLS_IGNORED:
    findings_add(f, &stls_002, place, verb_of(n));
    break;
  case NOTICE_STARTTLS_REFUSED_LOGIN:
    findings_add(f, &stls_004, place, verb_of(n));
    break;
  case NOTICE_STARTTLS_PIPELINED:
    findings_add(f, &stls_005, place, NULL);
    break;
  case NOTICE_STARTTLS_INJECTED:
    findings_add(f, &stls_006, place, NULL);
    break;
  case NOTICE_STARTTLS_CLEAR: {
    struct finding *found = findings_add(f, &stls_008, place, NULL);
    if (found) /* a decrypted mirror looks the same */
      found->confidence = CONFIDENCE_MEDIUM;
    break;
  }
  case NOTICE_GREETING:
    if (n->app == APP_IMAP && n->n_text >= 9 && text_is(n->text, 9, "* PREAUTH"))
      findings_add_once(f, &stls_007, place, NULL);
    break;
  case NOTICE_UNPROTECTED_DATA:
    word = word_of(n);
    findings_add_once(f, &stls_009, place, word);
    break;
  default:
    break;
  }
}

const struct finding_module finding_module_starttls = {
    .rules = finding_rules_starttls,
    .start = start,
    .notice = on_notice,
    .notices = NOTICE_BIT(NOTICE_STARTTLS_OFFERED) | NOTICE_BIT(NOTICE_STARTTLS_ABSENT) |
               NOTICE_BIT(NOTICE_STARTTLS_FILLER) | NOTICE_BIT(NOTICE_REPEAT_DIFFERS) |
               NOTICE_BIT(NOTICE_TTL_CHANGED) | NOTICE_BIT(NOTICE_STARTTLS_IGNORED) |
               NOTICE_BIT(NOTICE_STARTTLS_REFUSED_LOGIN) | NOTICE_BIT(NOTICE_STARTTLS_PIPELINED) |
               NOTICE_BIT(NOTICE_STARTTLS_INJECTED) | NOTICE_BIT(NOTICE_STARTTLS_CLEAR) |
               NOTICE_BIT(NOTICE_GREETING) | NOTICE_BIT(NOTICE_UNPROTECTED_DATA),
    .stop = stop};
