/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_HAND_H
#define SIM_MAIL_HAND_H

/* A person at a connection: carries out the inputs open, take, listen, type, tls and close (see
 * sim/core/input.h). State events: subject "hand NAME", keys "state" (resolving, connecting, open,
 * closing, closed, failed, waiting for somebody to connect), "typed" (the last line), "heard" (what
 * came, in pieces of a line at most, with \\ \r \n \t and \xNN for what is no text), "turn" (mine,
 * theirs: at a client's end), "tls" (what was agreed on, or the trouble); under the connection's
 * own subject "hand LOCAL REMOTE" the key "hand" names it. For each input subject "input" as in
 * sim/net/intervene.h. */
#include "sim/core/input.h"
#include "sim/mail/port.h"
#include "sim/mail/secure.h"

struct hands;

/* Where hands get TLS from; `server` gives what a host's own servers use, or NULL. */
struct hands_tls {
  struct secure *secure;
  const struct secure_server *(*server)(void *data, uint32_t host);
  void *data;
};

/* Plans the inputs of a log; NULL with error naming the input: no such host, a name that nobody
 * opened or that is opened twice. The log must live as long as the hands. */
struct hands *hands_new(struct ports *ports, const struct hands_tls *tls,
                        const struct input_log *log, GError **error);
/* Behind ports_free(): their machines belong to the ports. */
void hands_free(struct hands *hands);

#endif
