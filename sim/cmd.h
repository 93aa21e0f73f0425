/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_CMD_H
#define SIM_CMD_H

/* The commands of enveloscope-sim and what they share. Part of the program, not of the sim library.
 */
#include <glib.h>
#include <stdbool.h>

#include "capture/wire/lang.h"
#include "lessons/run.h"

/* The same for all programs; scripts depend on them. */
enum cmd_exit {
  CMD_DONE = 0,
  CMD_FAILED = 1, /* a check found something */
  CMD_USAGE = 2,
  CMD_UNREADABLE = 3, /* input that cannot be read or understood */
  CMD_INCOMPLETE = 4, /* done, but a limit cut it */
  CMD_FORBIDDEN = 5,  /* no permission */
};

/* ---- arguments ---- */

/* One flag: with `value` or `list` it takes a value, with `on` it is a switch. */
struct cmd_flag {
  const char *name; /* "--seed", "-w" */
  const char **value;
  GPtrArray *list; /* const char*, for flags that may be repeated */
  bool *on;
};

/* Sorts argv (the words behind the command) into flags and words. False after a message on stderr
 * that names the flag and the remedy. `command` is for that message. */
bool cmd_parse(const char *command, char **argv, const struct cmd_flag *flags, size_t n_flags,
               GPtrArray *words);

/* "enveloscope-sim: message" on stderr, in the current language. */
void cmd_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Reads a flag's number: seconds above 0 up to `max`, a seed from 1 on. False after a complaint. */
bool cmd_read_seconds(const char *flag, const char *text, double max, double *out);
bool cmd_read_seed(const char *text, uint64_t *out);

/* ---- commands: argv holds the words behind the command, NULL at its end ---- */
int cmd_list(char **argv);
int cmd_run(char **argv);
int cmd_check(char **argv);
int cmd_attach(char **argv);
int cmd_connect(char **argv);
int cmd_replay(char **argv);
int cmd_diff(char **argv);
int cmd_serve(char **argv);
int cmd_talk(char **argv);

/* What run and replay share. `missing`: what is said when there is not exactly one word. */
int cmd_play(const char *command, char **argv, struct lang_pair help, struct lang_pair missing);

/* ---- output ---- */

enum ladder_format { LADDER_LADDER, LADDER_DIALOGUE, LADDER_JSON, LADDER_NONE };

/* The ladder of a run. With `pace` above 0 it is played: virtual seconds per second, long silences
 * shortened; returns early when *stop becomes non-zero. `lesson` (may be NULL): the steps of this
 * lesson are told when their frames come. */
struct lesson;
void ladder_print(const struct run *r, enum ladder_format format, double pace,
                  const struct lesson *lesson, const volatile int *stop);

/* One frame as the ladder shows it, without its time: "alice-pc > dns  DNS  Standard query …". g_free() */
struct ladder;
struct ladder *ladder_new(const struct run *r);
char *ladder_rung(struct ladder *l, uint32_t frame);
void ladder_free(struct ladder *l);

/* Saves a run's frames and state events; either path may be NULL, "-" is stdout. CMD_DONE, or the
 * exit code after a message. */
int cmd_save(const struct run *r, const char *pcapng, const char *events);

/* False after a complaint when both go to stdout. */
bool cmd_share_stdout(const char *pcapng, const char *events);
/* Says that a file cannot be written; the exit code. */
int cmd_complain_file(const char *path, const GError *error);
/* One state event as a line of JSON. */
void cmd_append_event(GString *out, const char *host, const struct world_event *e);

/* ---- runs in real time: attach, serve, connect ---- */

#define CMD_FOR_S_MAX 31536000.0 /* --for: a year; nothing grows with it but the files */
/* From here on SIGINT and SIGTERM ask for the end, and a closed pipe is an error of writing. */
void cmd_catch_signals(void);
bool cmd_is_stop_asked(void);
/* The host of kind outside, or UINT32_MAX. */
uint32_t cmd_find_outside(const struct net *n);
struct outside_loop;
struct cmd_stream;
/* Drives a held run in real time until virtual time for_ns or until somebody asks for the end; files
 * are written meanwhile. */
void cmd_live(struct run *r, struct outside_loop *loop, struct cmd_stream *stream, int64_t for_ns);
/* Behind cmd_live(), when what belongs to the outside is freed: what the end itself sends still
 * happens, files are complete. Says how slow this computer was and whether a limit stopped the run;
 * CMD_DONE or CMD_INCOMPLETE. Frees run, loop and stream. */
int cmd_live_end(struct run *r, struct outside_loop *loop, struct cmd_stream *stream);

/* ---- files that are written while a held run goes on ---- */

/* The frames and state events of a run in real time, as they happen: memory does not grow, and who
 * ends the program by force loses what CMD_STREAM_FLUSH_NS holds at most. */
#define CMD_STREAM_FLUSH_NS INT64_C(200000000)
/* Either path may be NULL, "-" is stdout. NULL after a complaint; *code is the exit code then. */
struct cmd_stream *cmd_stream_new(const char *pcapng, const char *events, int *code);
/* For run_options.stream: borrowed, lives as long as the stream. */
const struct run_stream *cmd_stream_sink(const struct cmd_stream *s);
/* Once, when the run is made. */
void cmd_stream_begin(struct cmd_stream *s, const struct run *r);
/* Writes out what waits, when that is due at virtual time now_ns or `is_end`. Gives the time when it
 * should be called next, at the latest. */
int64_t cmd_stream_flush(struct cmd_stream *s, int64_t now_ns, bool is_end);
/* CMD_DONE, or CMD_INCOMPLETE when something could not be written (said when it happened). */
int cmd_stream_free(struct cmd_stream *s);

/* "0.012345678" from nanoseconds: exact, whatever the locale. */
char *ladder_seconds(int64_t time_ns);

#endif
