/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_GUI_PANE_FIXTURE_H
#define TESTS_GUI_PANE_FIXTURE_H

/* A capture made by hand: one POP3 and one SMTP login, octets put together with the wire tables. */
#include <gio/gio.h>

/* Frame indexes (0-based) of what the tests look at. */
enum {
  AT_POP_SYN = 0,
  AT_POP_GREETING = 3,
  AT_POP_USER = 5,
  AT_POP_PASS = 9,
  AT_POP_PASS_OK = 11,
  AT_POP_RETR_ANSWER = 15,
  AT_POP_QUIT_OK = 19,
  AT_POP_CLIENT_FIN = 20,
  AT_POP_LAST_ACK = 22,
  AT_SMTP_AUTH = 29,
  FIXTURE_N_FRAMES = 32,
};

#define POP_USER_NAME "alice"
#define POP_SECRET "hunter22"
/* base64 of NUL bob NUL s3cr3tpw */
#define SMTP_BASE64 "AGJvYgBzM2NyM3Rwdw=="
#define SMTP_SECRET "s3cr3tpw"

/* Writes the capture into `folder` and returns its path; g_free() it. */
char *fixture_write(const char *folder);

#endif
