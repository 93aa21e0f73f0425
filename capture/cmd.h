/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_CMD_H
#define CAPTURE_CMD_H

/* The commands of enveloscope-capture. argv[0] is the command's own name; the exit code is
 * returned. */
#include <stdbool.h>

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
int cmd_decode(int argc, char **argv);
int cmd_follow(int argc, char **argv);
int cmd_flows(int argc, char **argv);
int cmd_fields(int argc, char **argv);
int cmd_filters(int argc, char **argv);
int cmd_findings(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_interfaces(int argc, char **argv);
int cmd_mail(int argc, char **argv);
int cmd_sanitise(int argc, char **argv);

/* ---- what the commands share (main.c) ---- */
struct trace;

/* The FILE of an option "-o keylog:FILE"; NULL after a complaint. */
const char *cmd_keylog_option(const char *command, const char *text);

/* Hands the text of a key log file to `take`, which returns how many secrets it found. False after
 * a complaint when the file cannot be read; one without secrets is only worth a word. */
bool cmd_read_keylog(const char *command, const char *path,
                     size_t (*take)(void *data, const char *text, size_t n), void *data);

/* Reads a capture ("-" is stdin); `keylog` (may be NULL) is a file of TLS secrets. NULL when
 * nothing could be read: *code is then what to exit with. Else *code is DONE or INCOMPLETE; reasons
 * went to stderr. */
struct trace *cmd_load(const char *command, const char *path, const char *keylog, int *code);

/* Frees the trace of cmd_load(). When its file changed since and can no longer be read, says so on
 * stderr and returns INCOMPLETE; else `code`. */
int cmd_unload(const char *command, const char *path, struct trace *t, int code);

/* Whether --reveal may print secrets to stdout: a terminal, or a file that only its owner reads.
 * Says on stderr why not. */
bool cmd_may_reveal(const char *command);

/* "--lang th": sets the language; false when it is neither th nor en. */
bool cmd_set_language(const char *command, const char *name);

/* What getopt_long() could not take: `c` is ':' (with a string of options that begins with it) when
 * the option lacks its value; `option` as it was written. Says so, returns USAGE. */
int cmd_option_error(const char *command, int c, const char *option);

/* A wrong or missing option: says so, names the help, returns USAGE. `option` may be NULL. */
int cmd_usage(const char *command, const char *problem, const char *option);

#endif
