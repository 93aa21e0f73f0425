/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_ENDPOINTS_SCRIPT_SMTP_H
#define TESTS_ENDPOINTS_SCRIPT_SMTP_H

/* The SMTP part of the dialogues (script.h): the site behind the server, its switches, and what one
 * may ask about the last message.
 *
 *     smtp {vrfy: answer, without: [DSN]}    the switches of a service, as in a scenario (build.h)
 *     envelope a@b.test RET=HDRS ENVID=x BODY=8BITMIME SIZE=3 SMTPUTF8 | bob@mail.test NOTIFY=3 …
 *     received {*} with ESMTP{*}             its first Received field, unfolded
 *     content Subject: x\r\n                 its octets behind that field
 *     messages 2                             how many came
 *     logged {*} LF.LF {*}                   some event "log" was like this
 *
 * Mail for mail.test reaches its users and postmaster; full@mail.test is taken and then has no room
 * (LMTP). VRFY knows alice, bob and สมชาย, EXPN the list "friends". */
#include "sim/mail/smtp.h"

struct script_smtp {
  struct store *store;
  char *switches; /* YAML */
  unsigned n_messages;
  char *envelope, *received;
  GString *content, *logs;
};

void script_smtp_init(struct script_smtp *m, struct store *store);
void script_smtp_clear(struct script_smtp *m);
/* The site and the switches. */
void script_smtp_configure(struct script_smtp *m, struct smtp_server_config *config);
/* The endpoint's events; `data` is the script_smtp. */
void script_smtp_event(void *data, const char *key, const char *value);
/* True when the line is one of these; for those that compare, *pattern (in the line) and *actual
 * (newly allocated) are set. */
bool script_smtp_line(struct script_smtp *m, const char *line, const char **pattern, char **actual);

#endif
