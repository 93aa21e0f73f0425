/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dsn.c -- writes a delivery status notification.
 *
 *     multipart/report ─┬ text/plain                what happened, for people
 *                       ├ message/delivery-status   the same for programs (RFC 3464)
 *                       └ message/rfc822            the message, or text/rfc822-headers
 *
 * RFC 6522 (multipart/report), 3461 6 (what RET and ENVID want), 6533 (the forms with utf-8). */
#include "sim/mail/dsn.h"

#include <string.h>

#include "sim/mail/date.h"
#include "sim/mail/mime.h"

static const struct {
  const char *word; /* of Action */
  const char *subject;
  const char *text;
} actions[] = {
    [DSN_FAILED] = {"failed", "Undelivered Mail Returned to Sender",
                    "Your message could not be delivered to"},
    [DSN_DELAYED] = {"delayed", "Mail Delayed, Delivery Goes On",
                     "Your message is not yet delivered; this host goes on trying. You need not "
                     "send it\r\nagain. So far it did not reach"},
    [DSN_DELIVERED] = {"delivered", "Mail Delivery Report", "Your message was delivered to"},
    [DSN_RELAYED] = {"relayed", "Mail Delivery Report",
                     "Your message was passed on to a host that sends no reports, for"},
    [DSN_EXPANDED] = {"expanded", "Mail Delivery Report",
                      "Your message was passed on to those who are behind"},
};

char *
dsn_status(const char *text, char class_digit)
{
  size_t n = strspn(text, "0123456789.");
  g_autofree char *code = g_strndup(text, n);
  g_auto(GStrv) parts = g_strsplit(code, ".", -1);
  bool is_status = g_strv_length(parts) == 3 && strlen(parts[0]) == 1 && parts[1][0] &&
                   parts[2][0] && strchr("245", parts[0][0]) && strlen(parts[1]) <= 3 &&
                   strlen(parts[2]) <= 3;
  if (is_status)
    return g_steal_pointer(&code);
  return g_strdup_printf("%c.0.0", class_digit);
}

/* Text of another host as one line: control characters and what is no UTF-8 do not go into a
 * header. */
static char *
one_line(const char *text, bool is_utf8)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  GString *out = g_string_new(NULL);
  for (const char *p = valid; *p && out->len < DSN_TEXT_MAX; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    if (c < ' ' || c == 0x7f || (c > 0x7f && !is_utf8))
      g_string_append_c(out, c == '\t' ? ' ' : '?');
    else
      g_string_append_unichar(out, c);
  }
  return g_string_free(out, FALSE);
}

static void
append_date(GString *out, const char *field, int64_t time_ns)
{
  char date[DATE_TEXT_MAX];
  g_string_append_printf(out, "%s: %s\r\n", field, date_format(time_ns, date));
}

/* A boundary that is no line of the message. */
static char *
boundary_for(const struct dsn *d)
{
  gsize n;
  const char *p = g_bytes_get_data(d->octets, &n);
  for (unsigned i = 0;; i++) {
    char *boundary = i == 0 ? g_strdup_printf("=_%s", d->id) : g_strdup_printf("=_%s.%u", d->id, i);
    if (!g_strstr_len(p, (gssize)n, boundary))
      return boundary;
    g_free(boundary);
  }
}

/* What is told of the message: all, or its header. */
static size_t
told_octets(const struct dsn *d, bool *is_all)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(d->octets, &n);
  *is_all =
      d->action == DSN_FAILED && (d->returns_all || (!d->returns_heads && n <= DSN_RETURN_MAX));
  return *is_all ? n : mime_header_end(p, 0, n);
}

static bool
is_8bit(const struct dsn *d)
{
  bool is_all;
  size_t n = told_octets(d, &is_all);
  const uint8_t *p = g_bytes_get_data(d->octets, NULL);
  for (size_t i = 0; i < n; i++) {
    if (p[i] & 0x80)
      return true;
  }
  return false;
}

static void
write_head(GString *out, const struct dsn *d, const char *boundary, int64_t now_ns)
{
  g_string_append_printf(out,
                         "From: Mail Delivery System <MAILER-DAEMON@%s>\r\n"
                         "To: <%s>\r\n"
                         "Subject: %s\r\n",
                         d->host, d->to, actions[d->action].subject);
  append_date(out, "Date", now_ns);
  g_string_append_printf(out,
                         "Message-ID: <%s@%s>\r\n"
                         "Auto-Submitted: auto-replied\r\n"
                         "MIME-Version: 1.0\r\n%s"
                         "Content-Type: multipart/report; report-type=%s;\r\n"
                         "\tboundary=\"%s\"\r\n\r\n",
                         d->id, d->host,
                         is_8bit(d) || d->is_utf8 ? "Content-Transfer-Encoding: 8bit\r\n" : "",
                         d->is_utf8 ? "global-delivery-status" : "delivery-status", boundary);
}

static void
write_for_people(GString *out, const struct dsn *d, const char *boundary)
{
  g_string_append_printf(out,
                         "--%s\r\n"
                         "Content-Type: text/plain; charset=%s\r\n%s\r\n"
                         "This is the mail system at host %s.\r\n\r\n"
                         "%s\r\n\r\n",
                         boundary, d->is_utf8 ? "utf-8" : "us-ascii",
                         d->is_utf8 ? "Content-Transfer-Encoding: 8bit\r\n" : "", d->host,
                         actions[d->action].text);
  for (unsigned i = 0; i < d->n_recipients; i++) {
    const struct dsn_recipient *r = &d->recipients[i];
    g_autofree char *why = r->diagnostic ? one_line(r->diagnostic, d->is_utf8) : NULL;
    g_string_append_printf(out, "    <%s>\r\n", r->address);
    if (why && r->remote)
      g_string_append_printf(out, "        host %s said:\r\n        %s\r\n", r->remote, why);
    else if (why)
      g_string_append_printf(out, "        %s\r\n", why);
  }
  g_string_append(out, "\r\n");
}

static void
write_for_programs(GString *out, const struct dsn *d, const char *boundary, int64_t now_ns)
{
  const char *type = d->is_utf8 ? "utf-8" : "rfc822";
  g_string_append_printf(out,
                         "--%s\r\n"
                         "Content-Type: message/%sdelivery-status\r\n%s\r\n"
                         "Reporting-MTA: dns; %s\r\n",
                         boundary, d->is_utf8 ? "global-" : "",
                         d->is_utf8 ? "Content-Transfer-Encoding: 8bit\r\n" : "", d->host);
  if (d->envid) {
    g_autofree char *envid = one_line(d->envid, d->is_utf8);
    g_string_append_printf(out, "Original-Envelope-Id: %s\r\n", envid);
  }
  append_date(out, "Arrival-Date", d->arrival_ns);
  for (unsigned i = 0; i < d->n_recipients; i++) {
    const struct dsn_recipient *r = &d->recipients[i];
    g_autofree char *why = r->diagnostic ? one_line(r->diagnostic, d->is_utf8) : NULL;
    g_autofree char *orcpt = r->orcpt ? one_line(r->orcpt, d->is_utf8) : NULL;
    g_string_append(out, "\r\n");
    if (orcpt)
      g_string_append_printf(out, "Original-Recipient: %s\r\n", orcpt);
    g_string_append_printf(out,
                           "Final-Recipient: %s; %s\r\n"
                           "Action: %s\r\n"
                           "Status: %s\r\n",
                           type, r->address, actions[d->action].word, r->status);
    if (r->remote)
      g_string_append_printf(out, "Remote-MTA: dns; %s\r\n", r->remote);
    if (why)
      g_string_append_printf(out, "Diagnostic-Code: %s; %s\r\n",
                             r->remote ? "smtp" : "X-Enveloscope", why);
    if (d->action == DSN_FAILED || d->action == DSN_DELAYED)
      append_date(out, "Last-Attempt-Date", now_ns);
    if (d->action == DSN_DELAYED)
      append_date(out, "Will-Retry-Until", d->until_ns);
  }
  g_string_append(out, "\r\n");
}

static void
write_message(GString *out, const struct dsn *d, const char *boundary)
{
  bool is_all;
  size_t n_told = told_octets(d, &is_all);
  const uint8_t *p = g_bytes_get_data(d->octets, NULL);
  const char *type = is_all ? (d->is_utf8 ? "message/global" : "message/rfc822")
                            : (d->is_utf8 ? "message/global-headers" : "text/rfc822-headers");
  g_string_append_printf(out, "--%s\r\nContent-Type: %s\r\n%s\r\n", boundary, type,
                         is_8bit(d) ? "Content-Transfer-Encoding: 8bit\r\n" : "");
  g_string_append_len(out, (const char *)p, (gssize)n_told);
  bool ends_line = n_told >= 2 && p[n_told - 2] == '\r' && p[n_told - 1] == '\n';
  g_string_append_printf(out, "%s\r\n--%s--\r\n", ends_line ? "" : "\r\n", boundary);
}

GBytes *
dsn_write(const struct dsn *d, int64_t now_ns)
{
  GString *out = g_string_new(NULL);
  g_autofree char *boundary = boundary_for(d);
  write_head(out, d, boundary, now_ns);
  write_for_people(out, d, boundary);
  write_for_programs(out, d, boundary, now_ns);
  write_message(out, d, boundary);
  return g_string_free_to_bytes(out);
}
