/* SPDX-License-Identifier: GPL-3.0-or-later */
/* busy.c -- "come back later", for a host that has as many connections as it takes.
 *
 *     start ─> one line, wants_close        what the client says is not looked at */
#include "sim/mail/busy.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/machine.h"

struct busy {
  struct endpoint endpoint;
  struct endpoint_ops ops;
  char *name;
};

static void
busy_start(struct endpoint *e, int64_t now_ns)
{
  const struct busy *b = (const struct busy *)e;
  const char *protocol = b->ops.protocol;
  machine_emit(e, "log", "%s",
               lang_text("too many connections: refused", "การเชื่อมต่อมากเกินไป: ปฏิเสธ"));
  if (strcmp(protocol, "pop3") == 0)
    machine_printf(e, "-ERR [SYS/TEMP] %s Too many connections, come back later\r\n", b->name);
  else if (strcmp(protocol, "imap") == 0)
    machine_printf(e, "* BYE [UNAVAILABLE] %s Too many connections, come back later\r\n", b->name);
  else
    machine_printf(e, "421 4.3.2 %s Too many connections, come back later\r\n", b->name);
  e->wants_close = true;
}

static void
busy_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
}

static void
busy_ended(struct endpoint *e, int64_t now_ns)
{
  e->wants_close = true;
}

static void
busy_free(struct endpoint *e)
{
  struct busy *b = (struct busy *)e;
  machine_clear(e);
  g_free(b->name);
  g_free(b);
}

struct endpoint *
busy_server_new(const char *protocol, const char *name)
{
  struct busy *b = g_new0(struct busy, 1);
  b->ops = (struct endpoint_ops){.protocol = protocol,
                                 .start = busy_start,
                                 .input = busy_input,
                                 .eof = busy_ended,
                                 .timeout = busy_ended,
                                 .free = busy_free};
  machine_init(&b->endpoint, &b->ops);
  b->name = g_strdup(name);
  return &b->endpoint;
}
