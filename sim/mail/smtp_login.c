/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_login.c -- AUTH on the server's side (RFC 4954); the mechanisms are in auth.h. */
#include <string.h>

#include "sim/mail/smtp_private.h"

const char *
smtp_check_auth(const struct smtp_server *s, const char *arg)
{
  if (!s->config.auth || s->config.without & 1u << SMTP_EXTENSION_AUTH)
    return "502 5.5.1 AUTH is not offered here";
  if (s->user)
    return "503 5.5.1 Already authenticated";
  return *arg ? NULL : "501 5.5.4 Syntax: AUTH mechanism";
}

/* What an AUTH command or a line of the exchange has led to. */
static void
go_by(struct smtp_server *s, const struct auth_result *r)
{
  smtp_set_state(s, r->outcome == AUTH_CONTINUE || r->outcome == AUTH_HELD ? SMTP_STATE_AUTH
                                                                           : SMTP_STATE_READY);
  switch (r->outcome) {
  case AUTH_CONTINUE:
    machine_printf(&s->endpoint, "334 %s\r\n", r->challenge);
    break;
  case AUTH_HELD:
    s->endpoint.deadline_ns = s->auth.until_ns;
    break;
  case AUTH_DONE:
    s->user = r->user;
    machine_emit(&s->endpoint, "user", "%s", r->user->name);
    smtp_reply(s, "235 2.7.0 Authentication successful");
    break;
  default:
    if (r->ends) {
      machine_printf(&s->endpoint, "421 4.7.0 %s Too many failed logins\r\n", s->name);
      smtp_hang_up(s);
    } else {
      smtp_refuse(s, auth_reply(AUTH_SMTP, r->outcome));
    }
    break;
  }
}

void
smtp_auth_line(struct smtp_server *s, const char *line, size_t n)
{
  struct auth_result r =
      line ? auth_server_line(&s->auth, line, n, s->now_ns) : auth_server_line_too_long(&s->auth);
  go_by(s, &r);
}

void
smtp_act_auth(struct smtp_server *s, const char *arg)
{
  size_t n = strcspn(arg, " ");
  const char *initial = arg[n] && arg[n + 1] ? arg + n + 1 : NULL;
  struct auth_result r =
      auth_server_open(&s->auth, arg, n, initial, initial ? strlen(initial) : 0, s->now_ns);
  go_by(s, &r);
}

void
smtp_auth_release(struct smtp_server *s)
{
  struct auth_result r = auth_server_release(&s->auth);
  go_by(s, &r);
}
