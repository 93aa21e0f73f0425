/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_verdict.c -- what becomes of a message whose last octet has come.
 *
 *     content ─> refused as a whole ─┐
 *             └> Received on top ─> the site ─┬> 250, or a refusal     SMTP: one reply
 *                                             └> one per recipient     LMTP (RFC 2033 4.2)
 *
 * A CR or LF that stands alone, or a NUL, makes what we read and what another server reads
 * different messages: refused, and behind DATA the connection is closed, since the client may take
 * another place for the end than we do. DEVIATION: RFC 5321 3.8 closes behind QUIT and 421 only.
 *
 * RFC 5321 2.3.8, 4.4 (Received), 6.3 (loops); 3848 and 6531 4.3 (the protocol in Received). */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/date.h"
#include "sim/mail/mime.h"
#include "sim/mail/smtp_private.h"

/* ---- Received ---- */

static void
append_protocol(const struct smtp_server *s, GString *out)
{
  bool is_lmtp = s->config.role == SMTP_ROLE_LMTP;
  if (!s->is_esmtp) {
    g_string_append(out, "SMTP");
    return;
  }
  g_string_append_printf(out, "%s%s%s", s->envelope.is_utf8 ? "UTF8" : "",
                         is_lmtp               ? "LMTP"
                         : s->envelope.is_utf8 ? "SMTP"
                                               : "ESMTP",
                         s->endpoint.security ? "S" : "");
  if (s->user)
    g_string_append_c(out, 'A');
}

static GBytes *
with_received(const struct smtp_server *s)
{
  char date[DATE_TEXT_MAX];
  const struct endpoint_security *tls = s->endpoint.security;
  bool is_v6 = strchr(s->peer, ':') != NULL;
  GString *header = g_string_new(NULL);
  g_string_printf(header, "Received: from %s ([%s%s])\r\n", s->helo, is_v6 ? "IPv6:" : "", s->peer);
  if (tls && tls->version && tls->cipher)
    g_string_append_printf(header, "\t(using %s with cipher %s)\r\n", tls->version, tls->cipher);
  g_string_append_printf(header, "\tby %s with ", s->name);
  append_protocol(s, header);
  if (s->recipients->len == 1) /* more would tell one recipient of the others: 7.6 */
    g_string_append_printf(header, "\r\n\tfor <%s>", s->envelope.recipients[0].address);
  g_string_append_printf(header, ";\r\n\t%s\r\n", date_format(s->now_ns, date));
  g_string_append_len(header, (const char *)s->content.octets->data, s->content.octets->len);
  return g_string_free_to_bytes(header);
}

/* ---- what is refused ---- */

static unsigned
count_received(const GByteArray *data)
{
  size_t at = 0, field_at, name_n, field_end;
  unsigned n = 0;
  while (mime_next_field(data->data, &at, data->len, &field_at, &name_n, &field_end))
    n += text_is(data->data + field_at, name_n, "Received");
  return n;
}

static bool
is_binary(const struct smtp_server *s)
{
  return s->envelope.body == ENVELOPE_BODY_BINARYMIME;
}

/* Could another server read another message out of these octets? */
static bool
is_ambiguous(const struct smtp_server *s)
{
  return (s->content.has_bare || s->content.has_nul) && !is_binary(s) &&
         !s->config.lenience.passes_bare && !s->config.lenience.ends;
}

static const char *
refusal_of(const struct smtp_server *s)
{
  const struct smtp_content *c = &s->content;
  if (is_ambiguous(s))
    return c->has_bare ? "550 5.6.11 A CR or LF stands alone; lines end with CRLF"
                       : "550 5.6.11 A NUL stands in the message";
  if (c->n_octets > s->config.size_max)
    return "552 5.3.4 Message too big for this server";
  if (c->has_long_line && !is_binary(s))
    return "554 5.6.0 A line is longer than 1000 octets";
  if (count_received(c->octets) >= SMTP_RECEIVED_MAX)
    return "554 5.4.6 Too many Received headers: mail loop";
  return NULL;
}

static void
tell_look_alikes(struct smtp_server *s)
{
  g_autoptr(GString) names = g_string_new(NULL);
  for (int i = 0; i < SMTP_N_ENDS; i++) {
    if (s->content.ends_seen & ~s->config.lenience.ends & 1u << i)
      g_string_append_printf(names, "%s%s", names->len ? " " : "", smtp_ends[i].name);
  }
  if (names->len == 0)
    return;
  machine_emit(&s->endpoint, "log",
               is_ambiguous(s)
                   ? lang_text("%s in the content looks like its end: the message is refused",
                               "%s ในเนื้อความดูเหมือนจุดจบของข้อมูล: ข้อความถูกปฏิเสธ")
                   : lang_text("%s in the content looks like its end, and is let through",
                               "%s ในเนื้อความดูเหมือนจุดจบของข้อมูล แต่ถูกปล่อยผ่าน"),
               names->str);
}

/* ---- the replies ---- */

/* One reply, or in LMTP one for each recipient; a client's mistake is counted once. */
static void
reply_refusal(struct smtp_server *s, const char *refusal, unsigned n)
{
  for (unsigned i = 1; i < n; i++)
    smtp_reply(s, refusal);
  smtp_refuse(s, refusal);
}

static void
reply_fates(struct smtp_server *s, const struct envelope *e, const char *const *fates,
            const char *id)
{
  for (unsigned i = 0; i < e->n_recipients; i++) {
    if (fates[i])
      smtp_reply(s, fates[i]);
    else if (!smtp_is_ascii(e->recipients[i].address)) /* not in a reply: RFC 6531 3.7.4 */
      machine_printf(&s->endpoint, "250 2.1.5 Delivered as %s\r\n", id);
    else
      machine_printf(&s->endpoint, "250 2.1.5 <%s> delivered as %s\r\n", e->recipients[i].address,
                     id);
  }
}

static void
hand_over(struct smtp_server *s)
{
  bool is_lmtp = s->config.role == SMTP_ROLE_LMTP;
  const struct smtp_site *site = &s->config.site;
  const struct envelope *e = &s->envelope;
  g_autoptr(GBytes) octets = with_received(s);
  g_autofree const char **fates = is_lmtp ? g_new0(const char *, e->n_recipients) : NULL;
  struct smtp_message m = {.envelope = e, .octets = octets, .user = s->user, .fates = fates};
  const char *refusal = "451 4.3.0 The message could not be stored";
  const char *id = site->message(site->data, smtp_session(s), &m, s->now_ns, &refusal);
  if (!id)
    reply_refusal(s, refusal, is_lmtp ? e->n_recipients : 1);
  else if (is_lmtp)
    reply_fates(s, e, fates, id);
  else
    machine_printf(&s->endpoint, "250 2.0.0 Queued as %s\r\n", id);
}

static void
message_done(struct smtp_server *s)
{
  bool is_lmtp = s->config.role == SMTP_ROLE_LMTP;
  bool is_unsure_of_end = s->content.way == SMTP_CONTENT_LINES && is_ambiguous(s);
  const char *refusal = refusal_of(s);
  tell_look_alikes(s);
  if (refusal)
    reply_refusal(s, refusal, is_lmtp ? s->envelope.n_recipients : 1);
  else
    hand_over(s);
  smtp_forget(s);
  if (is_unsure_of_end && !s->endpoint.wants_close)
    smtp_hang_up(s);
  else if (!s->endpoint.wants_close)
    smtp_set_state(s, SMTP_STATE_READY);
}

void
smtp_content_done(struct smtp_server *s)
{
  struct smtp_content *c = &s->content;
  if (c->way == SMTP_CONTENT_LINES || (!c->chunk_refusal && c->is_last)) {
    message_done(s);
    return;
  }
  c->way = SMTP_CONTENT_NONE;
  if (!c->chunk_refusal) {
    smtp_set_state(s, SMTP_STATE_RCPT);
    machine_printf(&s->endpoint, "250 2.0.0 %" G_GUINT64_FORMAT " octets received\r\n", c->n_chunk);
    return;
  }
  const char *refusal = c->chunk_refusal;
  if (s->state == SMTP_STATE_RCPT) { /* a part of the message is lost: so is the message */
    smtp_forget(s);
    smtp_set_state(s, SMTP_STATE_READY);
  }
  smtp_refuse(s, refusal);
}
