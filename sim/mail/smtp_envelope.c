/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_envelope.c -- MAIL and RCPT: the path, and the parameters behind it.
 *
 *     MAIL FROM:<alice@a.test> SIZE=2000 BODY=8BITMIME RET=HDRS ENVID=QQ314
 *     RCPT TO:<bob@b.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob@b.test
 *
 * A parameter is a row: its keyword, the extension that brings it, whether it takes a value, what
 * it does. RFC 5321 4.1.1.2, 4.1.1.3, 4.1.1.11; 1870 (SIZE), 6152 and 3030 (BODY), 6531 (SMTPUTF8),
 * 3461 (RET, ENVID, NOTIFY, ORCPT), 4954 5 (AUTH). */
#include <string.h>

#include "sim/mail/smtp_private.h"

enum {
  ENVID_OCTETS_MAX = 100, /* RFC 3461 4.4 */
  ORCPT_OCTETS_MAX = 500, /* 4.2 */
  SIZE_DIGITS_MAX = 20,   /* RFC 1870 5 */
};

/* What the parameters of one command say, before it is accepted. */
struct wishes {
  const struct smtp_server *server;
  struct envelope envelope;
  struct envelope_recipient recipient;
};

/* ---- the parameters: each returns the reply of a refusal, or NULL ---- */

static const char *
take_size(struct wishes *w, const char *value)
{
  guint64 size = G_MAXUINT64; /* 20 digits can say more than 64 bits hold */
  size_t n = strspn(value, "0123456789");
  if (value[n] || n > SIZE_DIGITS_MAX)
    return "501 5.5.4 SIZE takes a number";
  g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT64, &size, NULL);
  w->envelope.size = size;
  return size > w->server->config.size_max ? "552 5.3.4 Message too big for this server" : NULL;
}

static const char *
take_body(struct wishes *w, const char *value)
{
  if (g_ascii_strcasecmp(value, "7BIT") == 0)
    w->envelope.body = ENVELOPE_BODY_7BIT;
  else if (g_ascii_strcasecmp(value, "8BITMIME") == 0)
    w->envelope.body = ENVELOPE_BODY_8BITMIME;
  else if (g_ascii_strcasecmp(value, "BINARYMIME") == 0 &&
           smtp_offers(w->server, SMTP_EXTENSION_BINARYMIME))
    w->envelope.body = ENVELOPE_BODY_BINARYMIME;
  else
    return "501 5.5.4 BODY is 7BIT, 8BITMIME or what EHLO offered";
  return NULL;
}

static const char *
take_smtputf8(struct wishes *w, const char *value)
{
  w->envelope.is_utf8 = true;
  return NULL;
}

static const char *
take_auth(struct wishes *w, const char *value)
{
  g_autofree char *mailbox = smtp_xtext_decode(value, strlen(value));
  return mailbox ? NULL : "501 5.5.4 AUTH takes xtext"; /* accepted, and not trusted */
}

static const char *
take_ret(struct wishes *w, const char *value)
{
  if (g_ascii_strcasecmp(value, "FULL") == 0)
    w->envelope.ret = ENVELOPE_RET_FULL;
  else if (g_ascii_strcasecmp(value, "HDRS") == 0)
    w->envelope.ret = ENVELOPE_RET_HDRS;
  else
    return "501 5.5.4 RET is FULL or HDRS";
  return NULL;
}

static bool
is_printable(const char *text)
{
  for (; *text; text++) {
    if (*text < ' ' || *text > '~')
      return false;
  }
  return true;
}

static const char *
take_envid(struct wishes *w, const char *value)
{
  char *envid = strlen(value) <= ENVID_OCTETS_MAX ? smtp_xtext_decode(value, strlen(value)) : NULL;
  w->envelope.envid = envid;
  return envid && *envid && is_printable(envid) ? NULL
                                                : "501 5.5.4 ENVID takes 1 to 100 octets of xtext";
}

static const char *
take_notify(struct wishes *w, const char *value)
{
  return smtp_notify_parse(value, &w->recipient.notify)
             ? NULL
             : "501 5.5.4 NOTIFY is NEVER, or a list of SUCCESS, FAILURE and DELAY";
}

static const char *
take_orcpt(struct wishes *w, const char *value)
{
  static const char *const wrong = "501 5.5.4 ORCPT takes address-type;xtext";
  const char *semicolon = strchr(value, ';');
  if (!semicolon || semicolon == value || strlen(value) > ORCPT_OCTETS_MAX)
    return wrong;
  for (const char *c = value; c < semicolon; c++) {
    if (!g_ascii_isalnum(*c) && *c != '-')
      return wrong;
  }
  /* A client that says SMTPUTF8 may write the address in UTF-8 as it is (RFC 6533 3). */
  const char *address = semicolon + 1;
  g_autofree char *decoded = smtp_is_ascii(address) ? smtp_xtext_decode(address, strlen(address))
                             : w->server->envelope.is_utf8 ? g_strdup(address)
                                                           : NULL;
  if (!decoded || !*decoded || !g_utf8_validate(decoded, -1, NULL))
    return wrong;
  for (const char *c = decoded; *c; c++) {
    if ((*c & 0x80) == 0 && (*c < ' ' || *c > '~'))
      return wrong;
  }
  w->recipient.orcpt = g_strdup_printf("%.*s;%s", (int)(semicolon - value), value, decoded);
  return NULL;
}

struct parameter {
  const char *keyword;
  enum smtp_extension extension;
  bool takes_value;
  const char *(*take)(struct wishes *w, const char *value);
};

static const struct parameter mail_parameters[] = {
    {"SIZE", SMTP_EXTENSION_SIZE, true, take_size},
    {"BODY", SMTP_EXTENSION_8BITMIME, true, take_body},
    {"SMTPUTF8", SMTP_EXTENSION_SMTPUTF8, false, take_smtputf8},
    {"AUTH", SMTP_EXTENSION_AUTH, true, take_auth},
    {"RET", SMTP_EXTENSION_DSN, true, take_ret},
    {"ENVID", SMTP_EXTENSION_DSN, true, take_envid},
};

static const struct parameter rcpt_parameters[] = {
    {"NOTIFY", SMTP_EXTENSION_DSN, true, take_notify},
    {"ORCPT", SMTP_EXTENSION_DSN, true, take_orcpt},
};

/* One "KEYWORD" or "KEYWORD=VALUE"; *seen holds a bit per row. */
static const char *
parameter(struct wishes *w, const struct parameter *rows, size_t n_rows, const char *word,
          unsigned *seen)
{
  size_t n = strcspn(word, "=");
  bool has_value = word[n] == '=';
  if (!w->server->is_esmtp)
    return "555 5.5.4 HELO allows no parameters, say EHLO";
  for (size_t i = 0; i < n_rows; i++) {
    if (!text_is((const uint8_t *)word, n, rows[i].keyword) ||
        !smtp_offers(w->server, rows[i].extension))
      continue;
    if (*seen & 1u << i)
      return "501 5.5.4 A parameter stands twice";
    *seen |= 1u << i;
    if (has_value != rows[i].takes_value || (has_value && !word[n + 1]))
      return has_value && word[n + 1] ? "501 5.5.4 The parameter takes no value"
                                      : "501 5.5.4 The parameter's value is missing";
    return rows[i].take(w, has_value ? word + n + 1 : "");
  }
  return "555 5.5.4 Parameter not recognized";
}

static const char *
parameters(struct wishes *w, const struct parameter *rows, size_t n_rows, const char *text)
{
  unsigned seen = 0;
  if (*text && *text != ' ')
    return "501 5.5.2 Nothing may follow the address but a space";
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  for (char **word = words; *word; word++) {
    const char *refusal = **word ? parameter(w, rows, n_rows, *word, &seen) : NULL;
    if (refusal)
      return refusal;
  }
  return NULL;
}

/* ---- the path ---- */

/* "FROM:" or "TO:", and the spaces that many clients put behind it; NULL when it is not there. */
static const char *
skip_word(const char *arg, const char *word)
{
  size_t n = strlen(word);
  if (g_ascii_strncasecmp(arg, word, n) != 0)
    return NULL;
  arg += n;
  while (*arg == ' ')
    arg++;
  return arg;
}

/* SMTPUTF8 stands behind the address that it allows, so MAIL looks for it first. */
static bool
has_word(const char *arg, const char *wanted)
{
  g_auto(GStrv) words = g_strsplit(arg, " ", -1);
  for (char **word = words; *word; word++) {
    if (g_ascii_strcasecmp(*word, wanted) == 0)
      return true;
  }
  return false;
}

/* ---- MAIL ---- */

const char *
smtp_check_mail(const struct smtp_server *s, const char *arg)
{
  if (s->config.is_auth_required && !s->user)
    return "530 5.7.0 Authentication required";
  return skip_word(arg, "FROM:") ? NULL : "501 5.5.4 Syntax: MAIL FROM:<address>";
}

static void
mail_decided(struct smtp_server *s, const char *refusal)
{
  if (refusal) {
    smtp_forget(s);
    smtp_refuse(s, refusal);
    return;
  }
  smtp_set_state(s, SMTP_STATE_MAIL);
  smtp_reply(s, "250 2.1.0 Sender OK");
}

void
smtp_act_mail(struct smtp_server *s, const char *arg)
{
  const char *path = skip_word(arg, "FROM:"), *error = NULL, *refusal = NULL;
  bool is_utf8 =
      s->is_esmtp && smtp_offers(s, SMTP_EXTENSION_SMTPUTF8) && has_word(path, "SMTPUTF8");
  char *address = NULL;
  size_t n_read = 0;
  struct wishes w = {.server = s};
  g_autofree char *line = NULL;
  if (!is_utf8 && !smtp_is_ascii(path)) {
    refusal = "550 5.6.7 An address beyond ASCII needs SMTPUTF8"; /* RFC 6531 3.5 */
  } else if (!smtp_path_parse(path, strlen(path), SMTP_PATH_NULL | (is_utf8 ? SMTP_PATH_UTF8 : 0),
                              &address, &n_read, &error)) {
    refusal = line = g_strdup_printf("501 5.1.7 Bad sender: %s", error);
  } else {
    refusal = parameters(&w, mail_parameters, G_N_ELEMENTS(mail_parameters), path + n_read);
  }
  if (refusal) {
    g_free(address);
    g_free((char *)w.envelope.envid);
    smtp_refuse(s, refusal);
    return;
  }
  const struct smtp_site *site = &s->config.site;
  s->envelope = w.envelope;
  s->envelope.sender = address;
  smtp_decide(s, site->mail ? site->mail(site->data, smtp_session(s), &s->envelope) : NULL,
              mail_decided);
}

/* ---- RCPT ---- */

void
smtp_recipient_clear(void *recipient)
{
  struct envelope_recipient *r = recipient;
  g_free((char *)r->address);
  g_free((char *)r->orcpt);
  *r = (struct envelope_recipient){0};
}

const char *
smtp_check_rcpt(const struct smtp_server *s, const char *arg)
{
  return skip_word(arg, "TO:") ? NULL : "501 5.5.4 Syntax: RCPT TO:<address>";
}

static void
rcpt_decided(struct smtp_server *s, const char *refusal)
{
  if (refusal) {
    smtp_recipient_clear(&s->recipient);
    smtp_refuse(s, refusal);
    return;
  }
  g_array_append_val(s->recipients, s->recipient);
  s->recipient = (struct envelope_recipient){0};
  s->envelope.recipients = (const struct envelope_recipient *)(const void *)s->recipients->data;
  s->envelope.n_recipients = s->recipients->len;
  smtp_set_state(s, SMTP_STATE_RCPT);
  smtp_reply(s, "250 2.1.5 Recipient OK");
}

void
smtp_act_rcpt(struct smtp_server *s, const char *arg)
{
  const char *path = skip_word(arg, "TO:"), *error = NULL, *refusal = NULL;
  char *address = NULL;
  size_t n_read = 0;
  struct wishes w = {.server = s};
  g_autofree char *line = NULL;
  if (s->recipients->len >= SMTP_RECIPIENTS_MAX) {
    smtp_reply(s, "452 4.5.3 Too many recipients"); /* no mistake of the client: 4.5.3.1.10 */
    return;
  }
  if (!s->envelope.is_utf8 && !smtp_is_ascii(path)) {
    refusal = "553 5.6.7 An address beyond ASCII needs SMTPUTF8 behind MAIL"; /* RFC 6531 3.5 */
  } else if (!smtp_path_parse(path, strlen(path), s->envelope.is_utf8 ? SMTP_PATH_UTF8 : 0,
                              &address, &n_read, &error)) {
    refusal = line = g_strdup_printf("501 5.1.3 Bad recipient: %s", error);
  } else {
    refusal = parameters(&w, rcpt_parameters, G_N_ELEMENTS(rcpt_parameters), path + n_read);
  }
  w.recipient.address = address;
  if (refusal) {
    smtp_recipient_clear(&w.recipient);
    smtp_refuse(s, refusal);
    return;
  }
  const struct smtp_site *site = &s->config.site;
  s->recipient = w.recipient;
  smtp_decide(s, site->recipient(site->data, smtp_session(s), &s->recipient), rcpt_decided);
}
