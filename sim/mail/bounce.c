/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bounce.c -- writes a delivery status notification: multipart/report with a text for people, the
 * delivery status for programs, and the header of the message. RFC 3461 6, 3462, 3464. */
#include "sim/mail/bounce.h"

#include "sim/mail/date.h"
#include "sim/mail/mime.h"

GBytes *
bounce_message(const struct bounce *b, int64_t now_ns)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(b->octets, &n);
  size_t header_end = mime_header_end(p, 0, n);
  char date[DATE_TEXT_MAX];
  date_format(now_ns, date);
  GString *out = g_string_new(NULL);
  g_string_append_printf(out,
                         "From: Mail Delivery System <MAILER-DAEMON@%1$s>\r\n"
                         "To: <%2$s>\r\n"
                         "Subject: Undelivered Mail Returned to Sender\r\n"
                         "Date: %3$s\r\n"
                         "Message-ID: <%4$s@%1$s>\r\n"
                         "Auto-Submitted: auto-replied\r\n"
                         "MIME-Version: 1.0\r\n"
                         "Content-Type: multipart/report; report-type=delivery-status;\r\n"
                         "\tboundary=\"=_%4$s\"\r\n\r\n",
                         b->host, b->sender, date, b->id);
  g_string_append_printf(out,
                         "--=_%1$s\r\n"
                         "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
                         "This is the mail system at host %2$s.\r\n\r\n"
                         "Your message could not be delivered to\r\n\r\n"
                         "    %3$s\r\n\r\n"
                         "because: %4$s\r\n\r\n",
                         b->id, b->host, b->recipient, b->reason);
  g_string_append_printf(out,
                         "--=_%1$s\r\n"
                         "Content-Type: message/delivery-status\r\n\r\n"
                         "Reporting-MTA: dns; %2$s\r\n\r\n"
                         "Final-Recipient: rfc822; %3$s\r\n"
                         "Action: failed\r\n"
                         "Status: %4$s\r\n"
                         "Diagnostic-Code: smtp; %5$s\r\n\r\n"
                         "--=_%1$s\r\n"
                         "Content-Type: text/rfc822-headers\r\n\r\n",
                         b->id, b->host, b->recipient, b->status, b->reason);
  g_string_append_len(out, (const char *)p, (gssize)header_end);
  g_string_append_printf(out, "\r\n--=_%s--\r\n", b->id);
  return g_string_free_to_bytes(out);
}
