/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_CMD_H
#define CAPTURE_CMD_H

/* The commands of enveloscope-capture. argv[0] is the command's own name; the exit code is
 * returned. */

/* What every program of the project exits with. */
enum exit_code {
  EXIT_DONE = 0,
  EXIT_FOUND = 1, /* a finding at or above --fail-on, or a failed check */
  EXIT_USAGE = 2,
  EXIT_INPUT = 3,      /* unreadable, or not understood */
  EXIT_INCOMPLETE = 4, /* done, but a part is missing */
  EXIT_PERMISSION = 5,
};

int cmd_audit(int argc, char **argv);

#endif
