/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_mail.c -- rules about what is said with SMTP: enumeration, relaying, floods, smuggling.
 *
 *     NOTICE_PROBE, RECIPIENTS_UNKNOWN, LOGIN_REJECTED ─> ENUM-001
 *     NOTICE_GREETING, SOFTWARE ───────────────────────> ENUM-002
 *     NOTICE_MESSAGE ──────────────────────────────────> RELAY-001, ABUSE-001 (by source)
 *     NOTICE_GREETING, HELLO, DNS_ANSWER, logins ──────> own_domains.c, for RELAY-001
 *     NOTICE_RECIPIENT ────────────────────────────────> ABUSE-001 (by recipient)
 *     NOTICE_SMUGGLING, SMUGGLED, BARE_LINE_END ───────> SMUG-001
 *
 * What a server's own domains are no protocol says: own_domains.c gathers the signs. Tables are
 * bounded: what a flood consists of is recent, so the oldest entry of a set gives way. */
#include <string.h>

#include "capture/findings/findings_mail.h"
#include "capture/findings/mix.h"
#include "capture/findings/own_domains.h"
#include "capture/findings/recent.h"
#include "capture/wire/mail.h"

enum {
  RELAYED_MAX = 4096,    /* messages that may be seen again on their way out */
  SUBJECT_MAX = 400,     /* octets */
  LINES_MAX = 4096,      /* different greetings that are remembered as judged */
  FLOOD_SLOTS = 1 << 13, /* recipients and sources within a minute */
  FLOOD_WAYS = 4,
  /* A person gets some mails in a minute, a list or a newsletter one for each recipient. */
  FLOOD_RECIPIENT = 20,
  FLOOD_SOURCE = 100,
};
#define FLOOD_NS INT64_C(60000000000)

struct flood {
  uint64_t key; /* 0: free */
  int64_t since_ns;
  uint32_t n;
};

/* A line of a server that was judged. */
struct judged_line {
  struct recent_item item;
  bool names_software;
};

/* A message that a server took, which it may send on. */
struct relayed {
  uint64_t envelope;
  struct ip_addr server;
  char *sender, *recipient;
  unsigned finding;
  bool sent_on;
};

struct mail {
  struct findings *findings;
  struct own_domains *own;
  struct recent *greetings; /* struct judged_line, by a hash of the line */
  struct relayed *relayed;
  unsigned n_relayed;
  struct flood *floods;
};

static void *
start(struct findings *f)
{
  struct mail *m = g_new0(struct mail, 1);
  m->findings = f;
  m->own = own_domains_new();
  m->greetings = recent_new(LINES_MAX, sizeof(struct judged_line));
  return m;
}

static void
stop(void *state)
{
  struct mail *m = state;
  own_domains_free(m->own);
  for (unsigned i = 0; i < m->n_relayed; i++) {
    g_free(m->relayed[i].sender);
    g_free(m->relayed[i].recipient);
  }
  recent_free(m->greetings);
  g_free(m->relayed);
  g_free(m->floods);
  g_free(m);
}

/* ---- words ---- */

/* Lower case, zero octets as "?", at most SUBJECT_MAX octets. Free it. */
static char *
text_of(const uint8_t *p, size_t n)
{
  n = MIN(n, (size_t)SUBJECT_MAX);
  char *text = g_strndup((const char *)p, n);
  for (size_t i = 0; i < n; i++)
    text[i] = p[i] ? (char)g_ascii_tolower((char)p[i]) : '?';
  return text;
}

static bool
holds(const char *text, const char *const *words)
{
  for (; *words; words++)
    if (strstr(text, *words))
      return true;
  return false;
}

/* ---- ENUM ---- */

static void
judge_probe(struct mail *m, const struct notice *n, const struct finding_place *place)
{
  if (n->code == 250 || n->code == 251 || n->code == 553) {
    char subject[32];
    g_snprintf(subject, sizeof subject, "VRFY/EXPN %u", n->code);
    findings_add_once(m->findings, &enum_001, place, subject);
  }
}

/* The rejection says whether the name or the password was wrong. */
static void
judge_rejection(struct mail *m, const struct notice *n, const struct finding_place *place)
{
  static const char *const name[] = {"unknown user",    "user unknown",    "no such user",
                                     "user not found",  "unknown account", "no such account",
                                     "no such mailbox", "invalid user",    "does not exist",
                                     "doesn't exist",   "unknown mailbox", NULL};
  static const char *const password[] = {
      "wrong password",     "bad password",      "invalid password",  "incorrect password",
      "password incorrect", "password mismatch", "password is wrong", NULL};
  static const char *const any_name[] = {"user", "name", "account", "login", "mailbox", NULL};
  g_autofree char *text = text_of(n->text, n->n_text);
  bool tells_name = holds(text, name) && !strstr(text, "password");
  bool tells_password = holds(text, password) && !holds(text, any_name);
  if (tells_name || tells_password)
    findings_add_once(m->findings, &enum_001, place,
                      tells_name ? "login: user" : "login: password");
}

/* "1.2": digits, a dot, digits, and no third dot as in an address or a date. */
static bool
is_version(const char *word)
{
  const char *p = word;
  unsigned n_dots = 0;
  if (*p == 'v' || *p == 'V')
    p++;
  if (!g_ascii_isdigit(*p))
    return false;
  for (; g_ascii_isdigit(*p) || *p == '.'; p++)
    n_dots += *p == '.';
  return n_dots >= 1 && n_dots <= 3 && (!*p || strchr("-_+,;)abprc", *p));
}

/* A product by its name, or a word with a version behind it. */
static bool
names_software(const char *text)
{
  static const char *const products[] = {
      "postfix",     "exim",           "sendmail",    "dovecot",     "cyrus",     "courier",
      "opensmtpd",   "qmail",          "haraka",      "zimbra",      "microsoft", "exchange",
      "hmailserver", "mdaemon",        "mailenable",  "kerio",       "stalwart",  "lotus",
      "domino",      "groupwise",      "communigate", "qpopper",     "uw imap",   "panda imap",
      "james",       "axigen",         "icewarp",     "smartermail", "openwave",  "gimap",
      "gws",         "implementation", NULL};
  if (holds(text, products))
    return true;
  g_auto(GStrv) words = g_strsplit_set(text, " /[]()\"", -1);
  for (guint i = 1; words[i]; i++)
    if (is_version(words[i]) && g_ascii_isalpha(words[i - 1][0]) && !strchr(words[i - 1], '.'))
      return true;
  return false;
}

/* ENUM-002's subject is the line itself, without the APOP challenge, which differs each time. */
static void
judge_software(struct mail *m, const struct notice *n, const struct finding_place *place)
{
  char line[SUBJECT_MAX + 1];
  size_t n_line = MIN(n->n_text, (size_t)SUBJECT_MAX);
  const uint8_t *challenge = n->app == APP_POP3 ? memchr(n->text, '<', n_line) : NULL;
  if (challenge)
    n_line = (size_t)(challenge - n->text);
  bool is_new;
  struct judged_line *judged =
      recent_get(m->greetings, mix_octets(MIX_KEY, n->text, n_line), &is_new);
  if (is_new) {
    g_autofree char *text = text_of(n->text, n_line);
    judged->names_software = names_software(text);
  }
  if (!judged->names_software)
    return;
  memcpy(line, n->text, n_line);
  line[n_line] = 0;
  findings_add_once(m->findings, &enum_002, place, g_strchomp(line));
}

/* ---- RELAY ---- */

/* "220 mx.example.net ...", "250-mx.example.net ...": the name behind the code. */
static void
learn_host(struct mail *m, const struct notice *n, const struct finding_place *place)
{
  if (n->app == APP_SMTP && n->n_text >= 5 && n->text[0] == '2')
    own_domains_host(m->own, &place->where.server, n->text + 4, n->n_text - 4);
}

/* Who logs in as anna@example.net has a mailbox there. */
static void
on_login(void *state, const struct login_record *l, uint32_t index,
         const struct finding_place *place)
{
  struct mail *m = state;
  gsize n;
  const char *user = g_bytes_get_data(l->user, &n);
  if (l->outcome != LOGIN_ACCEPTED || !n || n > SUBJECT_MAX || !memchr(user, '@', n))
    return;
  g_autofree char *address = g_strndup(user, n);
  own_domains_address(m->own, &l->where.server, address);
}

/* Do both stand in one small network, so that relaying may be wanted? */
static bool
is_neighbour(const struct ip_addr *a, const struct ip_addr *b)
{
  return a->version == b->version && memcmp(a->octets, b->octets, a->version == 4 ? 3 : 8) == 0;
}

/* Addresses that differ only in the case of ASCII letters count as one. */
static uint64_t
mix_folded(uint64_t key, const uint8_t *p, size_t n)
{
  uint8_t folded[SUBJECT_MAX];
  n = MIN(n, sizeof folded);
  ascii_fold(folded, p, n);
  return mix_octets(key, folded, n);
}

static uint64_t
hash_envelope(const char *sender, const char *recipient)
{
  return mix_folded(mix_folded(MIX_KEY, (const uint8_t *)sender, strlen(sender)),
                    (const uint8_t *)recipient, strlen(recipient));
}

/* The server that took this message is the client now: it sends it on. */
static void
judge_sent_on(struct mail *m, uint64_t envelope, const struct finding_place *place)
{
  for (unsigned i = 0; i < m->n_relayed; i++)
    if (m->relayed[i].envelope == envelope &&
        ip_addr_equal(&m->relayed[i].server, &place->where.client) &&
        !ip_addr_equal(&m->relayed[i].server, &place->where.server)) {
      m->relayed[i].sent_on = true;
      findings_set_confidence(m->findings, m->relayed[i].finding, CONFIDENCE_HIGH);
    }
}

static bool
is_own(struct mail *m, const struct ip_addr *server, const char *sender, const char *recipient)
{
  return own_domains_has(m->own, server, recipient) ||
         (*sender && own_domains_has(m->own, server, sender));
}

static void
judge_relay(struct mail *m, const char *sender, const char *recipient,
            const struct finding_place *place)
{
  const struct ip_addr *server = &place->where.server;
  const char *host = own_domains_name(m->own, server);
  if (!host || is_own(m, server, sender, recipient))
    return;
  struct finding *found = findings_add_once(m->findings, &relay_001, place, host);
  if (!found)
    return;
  found->outcome = LOGIN_ACCEPTED;
  found->confidence =
      is_neighbour(&place->where.client, &place->where.server) ? CONFIDENCE_LOW : CONFIDENCE_MEDIUM;
  if (!m->relayed)
    m->relayed = g_new(struct relayed, RELAYED_MAX);
  if (m->n_relayed < RELAYED_MAX)
    m->relayed[m->n_relayed++] = (struct relayed){.envelope = hash_envelope(sender, recipient),
                                                  .server = place->where.server,
                                                  .sender = g_strdup(sender),
                                                  .recipient = g_strdup(recipient),
                                                  .finding = findings_n(m->findings) - 1};
}

/* The rest of the capture may have shown that a domain is the server's after all. A message that
 * was seen to go out again speaks for itself. */
static void
finish(void *state)
{
  struct mail *m = state;
  for (unsigned i = 0; i < m->n_relayed; i++) {
    const struct relayed *r = &m->relayed[i];
    if (!r->sent_on && is_own(m, &r->server, r->sender, r->recipient))
      findings_set_confidence(m->findings, r->finding, CONFIDENCE_LOW);
  }
}

/* ---- ABUSE ---- */

/* Counts one more; true when the limit is reached just now. */
static bool
count_flood(struct mail *m, uint64_t key, int64_t now_ns, uint32_t limit)
{
  if (!m->floods)
    m->floods = g_new0(struct flood, FLOOD_SLOTS);
  key |= 1;
  struct flood *set = &m->floods[(key >> 8) % (FLOOD_SLOTS / FLOOD_WAYS) * FLOOD_WAYS], *f = set;
  for (unsigned i = 0; i < FLOOD_WAYS; i++) {
    if (set[i].key == key) {
      f = &set[i];
      break;
    }
    if (!set[i].key || set[i].since_ns < f->since_ns)
      f = &set[i];
  }
  if (f->key != key || now_ns - f->since_ns > FLOOD_NS)
    *f = (struct flood){.key = key, .since_ns = now_ns};
  return ++f->n == limit;
}

/* Every attempt counts but those at addresses that do not exist: a full mailbox or a limit that
 * turns messages away is what a flood leads to. */
static void
judge_flood(struct mail *m, const struct notice *n, const struct finding_place *place)
{
  if (n->code >= 550 && n->code != 552)
    return;
  size_t n_recipient = strnlen((const char *)n->text, MIN(n->n_text, (size_t)SUBJECT_MAX));
  uint64_t key = mix_folded(ip_addr_hash_value(&place->where.server), n->text, n_recipient);
  if (count_flood(m, key, place->time_ns, FLOOD_RECIPIENT)) {
    char subject[SUBJECT_MAX + 32];
    g_snprintf(subject, sizeof subject, "%.*s: %d / 60 s", (int)n_recipient, (const char *)n->text,
               FLOOD_RECIPIENT);
    findings_add_once(m->findings, &abuse_001, place, subject);
  }
}

static void
judge_source(struct mail *m, const struct finding_place *place)
{
  uint64_t key = (uint64_t)ip_addr_hash_value(&place->where.client) * UINT64_C(0x9e3779b97f4a7c15);
  char text[ENDPOINT_TEXT_MAX], subject[ENDPOINT_TEXT_MAX + 32];
  if (count_flood(m, key, place->time_ns, FLOOD_SOURCE)) {
    g_snprintf(subject, sizeof subject, "%s: %d / 60 s", ip_addr_format(&place->where.client, text),
               FLOOD_SOURCE);
    struct finding *found = findings_add_once(m->findings, &abuse_001, place, subject);
    if (found) /* a relay of a large site sends as much */
      found->confidence = CONFIDENCE_LOW;
  }
}

static void
judge_message(struct mail *m, const struct notice *n, const struct finding_place *place)
{
  const char *text = (const char *)n->text, *end = text + n->n_text;
  const char *sender = text;
  bool by_stranger = !(n->code & (MESSAGE_AUTHENTICATED | MESSAGE_LMTP));
  if (n->code & MESSAGE_AUTHENTICATED)
    own_domains_address(m->own, &place->where.server, sender);
  for (const char *r = text + strlen(text) + 1; r < end; r += strlen(r) + 1) {
    if (n->code & MESSAGE_LMTP) /* what a server hands to its store is its own */
      own_domains_address(m->own, &place->where.client, r);
    if (m->n_relayed)
      judge_sent_on(m, hash_envelope(sender, r), place);
    if (by_stranger)
      judge_relay(m, sender, r, place);
  }
  judge_source(m, place);
}

/* ---- SMUG ---- */

static void
judge_smuggling(struct mail *m, const struct notice *n, const struct finding_place *place)
{
  g_autofree char *subject = g_strndup((const char *)n->text, n->n_text);
  struct finding *found = findings_add(m->findings, &smug_001, place, subject);
  if (found && !n->code)
    findings_set_severity(m->findings, found, SEVERITY_LOW);
}

static void
judge_bare(struct mail *m, const struct notice *n, const struct finding_place *place)
{
  struct finding *found =
      findings_add_once(m->findings, &smug_001, place, n->code == '\n' ? "LF" : "CR");
  if (found)
    findings_set_severity(m->findings, found, SEVERITY_LOW);
}

/* The server answered what was smuggled: the newest attempt of that conversation worked. */
static void
judge_smuggled(struct mail *m, const struct notice *n, const struct finding_place *place)
{
  struct finding *found = findings_add(m->findings, &smug_001, place, "250");
  if (found)
    found->outcome = LOGIN_ACCEPTED;
}

static void
on_notice(void *state, const struct notice *n, const struct finding_place *place)
{
  struct mail *m = state;
  switch (n->kind) {
  case NOTICE_GREETING:
    learn_host(m, n, place);
    judge_software(m, n, place);
    break;
  case NOTICE_HELLO:
    learn_host(m, n, place);
    break;
  case NOTICE_DNS_ANSWER:
    own_domains_dns(m->own, n->text, n->n_text);
    break;
  case NOTICE_SOFTWARE:
    judge_software(m, n, place);
    break;
  case NOTICE_PROBE:
    judge_probe(m, n, place);
    break;
  case NOTICE_RECIPIENTS_UNKNOWN:
    findings_add_once(m->findings, &enum_001, place, "RCPT");
    break;
  case NOTICE_LOGIN_REJECTED:
    judge_rejection(m, n, place);
    break;
  case NOTICE_RECIPIENT:
    judge_flood(m, n, place);
    break;
  case NOTICE_MESSAGE:
    judge_message(m, n, place);
    break;
  case NOTICE_SMUGGLING:
    judge_smuggling(m, n, place);
    break;
  case NOTICE_SMUGGLED:
    judge_smuggled(m, n, place);
    break;
  case NOTICE_BARE_LINE_END:
    judge_bare(m, n, place);
    break;
  default:
    break;
  }
}

static const struct finding_rule *const rules[] = {&enum_001,  &enum_002, &relay_001,
                                                   &abuse_001, &smug_001, NULL};

const struct finding_module finding_module_mail = {
    .rules = rules,
    .start = start,
    .notice = on_notice,
    .notices = NOTICE_BIT(NOTICE_GREETING) | NOTICE_BIT(NOTICE_SOFTWARE) |
               NOTICE_BIT(NOTICE_PROBE) | NOTICE_BIT(NOTICE_RECIPIENTS_UNKNOWN) |
               NOTICE_BIT(NOTICE_LOGIN_REJECTED) | NOTICE_BIT(NOTICE_RECIPIENT) |
               NOTICE_BIT(NOTICE_MESSAGE) | NOTICE_BIT(NOTICE_SMUGGLING) |
               NOTICE_BIT(NOTICE_SMUGGLED) | NOTICE_BIT(NOTICE_BARE_LINE_END) |
               NOTICE_BIT(NOTICE_HELLO) | NOTICE_BIT(NOTICE_DNS_ANSWER),
    .login = on_login,
    .finish = finish,
    .stop = stop};
