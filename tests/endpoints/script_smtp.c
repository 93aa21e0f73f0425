/* SPDX-License-Identifier: GPL-3.0-or-later */
/* script_smtp.c -- the site behind the SMTP servers of the dialogues, and what it has seen. */
#include "tests/endpoints/script_smtp.h"

#include <string.h>

#include "sim/core/tree.h"
#include "sim/mail/build_private.h"

void
script_smtp_init(struct script_smtp *m, struct store *store)
{
  *m = (struct script_smtp){
      .store = store, .content = g_string_new(NULL), .logs = g_string_new(NULL)};
}

void
script_smtp_clear(struct script_smtp *m)
{
  g_free(m->switches);
  g_free(m->envelope);
  g_free(m->received);
  g_string_free(m->content, TRUE);
  g_string_free(m->logs, TRUE);
}

void
script_smtp_event(void *data, const char *key, const char *value)
{
  struct script_smtp *m = data;
  if (strcmp(key, "log") == 0)
    g_string_append_printf(m->logs, "%s\n", value);
}

/* ---- the site ---- */

static const char *
recipient(void *data, const struct smtp_session *session, const struct envelope_recipient *r)
{
  const struct script_smtp *m = data;
  const char *domain = smtp_domain(r->address);
  g_autofree char *local = g_strndup(r->address, strcspn(r->address, "@"));
  if (*domain && !smtp_domain_equal(domain, "mail.test") && !smtp_domain_equal(domain, "ไทย.test"))
    return session->is_trusted ? NULL : "550 5.7.1 Relaying denied";
  if (g_ascii_strcasecmp(local, "postmaster") == 0 || store_find_user(m->store, local) ||
      strcmp(local, "full") == 0 || !smtp_is_ascii(local))
    return NULL;
  return "550 5.1.1 No such user here";
}

static char *
envelope_text(const struct envelope *e)
{
  static const char *const rets[] = {"", " RET=FULL", " RET=HDRS"};
  static const char *const bodies[] = {"", " BODY=8BITMIME", " BODY=BINARYMIME"};
  GString *out = g_string_new(e->sender);
  g_string_append(out, rets[e->ret]);
  if (e->envid)
    g_string_append_printf(out, " ENVID=%s", e->envid);
  g_string_append(out, bodies[e->body]);
  if (e->size)
    g_string_append_printf(out, " SIZE=%" G_GUINT64_FORMAT, e->size);
  if (e->is_utf8)
    g_string_append(out, " SMTPUTF8");
  for (unsigned i = 0; i < e->n_recipients; i++) {
    const struct envelope_recipient *r = &e->recipients[i];
    g_string_append_printf(out, " | %s", r->address);
    if (r->notify)
      g_string_append_printf(out, " NOTIFY=%u", r->notify);
    if (r->orcpt)
      g_string_append_printf(out, " ORCPT=%s", r->orcpt);
  }
  return g_string_free(out, FALSE);
}

static void
remember(struct script_smtp *m, const struct smtp_message *message)
{
  gsize n;
  const char *p = g_bytes_get_data(message->octets, &n);
  const char *end = strstr(p, "+0000\r\n") + 7;
  g_auto(GStrv) lines = NULL;
  g_autofree char *field = g_strndup(p, (gsize)(end - p));
  m->n_messages++;
  g_free(m->envelope);
  m->envelope = envelope_text(message->envelope);
  lines = g_strsplit(g_strchomp(field), "\r\n\t", -1);
  g_free(m->received);
  m->received = g_strjoinv(" ", lines);
  g_string_truncate(m->content, 0);
  g_string_append_len(m->content, end, (gssize)(n - (gsize)(end - p)));
}

static const char *
message(void *data, const struct smtp_session *session, const struct smtp_message *message,
        int64_t now_ns, const char **refusal)
{
  struct script_smtp *m = data;
  const struct envelope *e = message->envelope;
  remember(m, message);
  for (unsigned i = 0; i < e->n_recipients; i++) {
    const char *address = e->recipients[i].address;
    g_autofree char *local = g_strndup(address, strcspn(address, "@"));
    struct store_user *u = store_find_user(m->store, local);
    if (u)
      store_append(store_find(u, "INBOX"), message->octets, 0, 0, now_ns);
    else if (message->fates && strcmp(local, "full") == 0)
      message->fates[i] = "452 4.2.2 The mailbox is full";
  }
  return "Q1";
}

static GPtrArray *
verify(void *data, const struct smtp_session *session, const char *name)
{
  GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
  if (g_str_has_prefix(name, "alice") || g_str_has_prefix(name, "bob") ||
      g_str_has_prefix(name, "สมชาย"))
    g_ptr_array_add(found, g_strdup_printf("<%.*s@mail.test>", (int)strcspn(name, "@"), name));
  return found;
}

static GPtrArray *
expand(void *data, const struct smtp_session *session, const char *name)
{
  GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
  if (strcmp(name, "friends") == 0) {
    g_ptr_array_add(found, g_strdup("Alice <alice@mail.test>"));
    g_ptr_array_add(found, g_strdup("Bob <bob@mail.test>"));
  }
  return found;
}

void
script_smtp_configure(struct script_smtp *m, struct smtp_server_config *config)
{
  config->site = (struct smtp_site){
      .data = m, .recipient = recipient, .message = message, .verify = verify, .expand = expand};
  if (!m->switches)
    return;
  g_autoptr(GError) error = NULL;
  struct build_smtp switches;
  struct tree_node *tree = tree_parse(m->switches, strlen(m->switches), "switches", &error);
  g_assert_no_error(error);
  build_smtp_read(tree, &switches, &error);
  g_assert_no_error(error);
  tree_free(tree);
  config->without = switches.without;
  config->vrfy = switches.vrfy;
  config->expn = switches.expn;
  config->help = switches.help;
  config->greet_pause_ns = switches.greet_pause_ns;
  config->lenience = switches.lenience;
}

/* ---- the lines ---- */

static const char *
behind(const char *line, const char *word)
{
  size_t n = strlen(word);
  return strncmp(line, word, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

/* CR and LF as they are written in dialogues. */
static char *
escaped(const GString *octets)
{
  GString *out = g_string_new(NULL);
  for (gsize i = 0; i < octets->len; i++) {
    char c = octets->str[i];
    if (c == '\r')
      g_string_append(out, "\\r");
    else if (c == '\n')
      g_string_append(out, "\\n");
    else if (c == '\0')
      g_string_append(out, "\\x00");
    else
      g_string_append_c(out, c);
  }
  return g_string_free(out, FALSE);
}

bool
script_smtp_line(struct script_smtp *m, const char *line, const char **pattern, char **actual)
{
  *pattern = NULL;
  if ((*pattern = behind(line, "smtp"))) {
    m->switches = g_strdup(*pattern);
    *pattern = NULL;
    return true;
  }
  if ((*pattern = behind(line, "envelope")))
    *actual = g_strdup(m->envelope);
  else if ((*pattern = behind(line, "received")))
    *actual = g_strdup(m->received);
  else if ((*pattern = behind(line, "content")))
    *actual = escaped(m->content);
  else if ((*pattern = behind(line, "messages")))
    *actual = g_strdup_printf("%u", m->n_messages);
  else if ((*pattern = behind(line, "logged")))
    *actual = g_strdup(m->logs->str);
  return *pattern != NULL;
}
