/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_CORE_INPUT_H
#define SIM_CORE_INPUT_H

/* clang-format off: the reference below is laid out by hand */
/* The input log: every intervention into a run, with its virtual time. Together with scenario and seed it
 * is the whole run, so a log that is cut at a time and lengthened gives a branch.
 *
 * Text form: one YAML map per input, in the order of their times.
 *
 *   {at: 1.5s, do: drop, link: wan, packet: 42}          a packet by the number of its journey; without
 *                                                        `packet`: the oldest on the wire of that link at
 *                                                        that time, else the next that leaves
 *   {at: 1.5s, do: delay, link: wan, packet: 42, by: 200ms}
 *   {at: 1.5s, do: duplicate, link: wan, packet: 42, by: 1ms}       the copy arrives so much later
 *   {at: 1.5s, do: alter, link: wan, packet: 42, offset: 54, octets: 0d0a}     hexadecimal, from the
 *                                                        frame's first octet on; checksums stay as they are
 *   {at: 1.5s, do: reset, from: 10.0.0.5:50112, to: 10.0.0.2:25}    `to` gets an RST as if `from` had
 *                                                        sent it
 *   {at: 1.5s, do: set, link: wan, key: loss, value: 5%} rate, delay, loss… as under `links`
 *   {at: 1.5s, do: down, link: wan}                      and `up`
 *   {at: 1.5s, do: open, as: c1, host: alice-pc, to: mail.bob.test:25}     a client by hand
 *   {at: 1.5s, do: take, as: c1, host: alice-pc, from: 10.0.0.5:50112, to: 10.0.0.2:25}
 *                                                        the host's end of a connection that is there obeys
 *                                                        the hand from now on and no longer its program
 *   {at: 1.5s, do: listen, as: s1, host: mx-bob, port: 25}        a server by hand: the next connection to
 *                                                        that port reaches the hand and no program
 *   {at: 1.5s, do: type, as: c1, line: EHLO alice}       CR LF follow; `end: ""` leaves them out
 *   {at: 1.5s, do: tls, as: c1}                          TLS begins: the handshake now (a client), or
 *                                                        with the next octets (a server)
 *   {at: 1.5s, do: close, as: c1}
 *
 * Those with `link` take `from: HOST`, the end that sends; without it both directions are meant. Who
 * carries them out: sim/net/intervene.h (packets, links, resets), sim/mail/hand.h (open … close). */
/* clang-format on */
#include "capture/wire/addr.h"
#include "sim/core/tree.h"

enum {
  INPUTS_MAX = 10000,             /* of one run: a class hour of typing is far below */
  INPUT_LINE_OCTETS_MAX = 65536,  /* what one `type` sends */
  INPUT_ALTER_OCTETS_MAX = 9014,  /* a jumbo frame */
  INPUT_NAME_OCTETS_MAX = 255,    /* of a host, link, property or hand */
};
#define INPUT_TIME_MAX_NS (INT64_C(315360000) * 1000000000) /* ten years, as for --until */

enum input_verb {
  INPUT_DROP,
  INPUT_DELAY,
  INPUT_DUPLICATE,
  INPUT_ALTER,
  INPUT_RESET,
  INPUT_SET,
  INPUT_DOWN,
  INPUT_UP,
  INPUT_OPEN,
  INPUT_TAKE,
  INPUT_LISTEN,
  INPUT_TYPE,
  INPUT_TLS,
  INPUT_CLOSE,
  N_INPUT_VERBS
};

/* Texts are owned by the log (or the caller's, when it is given to input_log_add). Which fields a verb
 * uses: the table in input.c; the others are 0 or NULL. */
struct input {
  int64_t time_ns;
  enum input_verb verb;
  char *link, *from_host; /* from_host NULL: both directions */
  uint64_t packet;        /* journey number; 0: the one on the wire at time_ns, else the next */
  int64_t by_ns;
  uint32_t offset, n_octets;
  uint8_t *octets;
  struct ip_addr from, to; /* RESET, TAKE */
  uint16_t from_port, to_port; /* to_port also of LISTEN */
  char *key, *value; /* SET */
  char *hand, *host; /* OPEN … CLOSE: the hand's name; the host it sits at */
  char *server;      /* OPEN: name or address, with to_port */
  char *line, *end;  /* TYPE; end NULL: CR LF */
};

struct input_log;

struct input_log *input_log_new(void);
void input_log_free(struct input_log *log);
struct input_log *input_log_copy(const struct input_log *log); /* NULL gives an empty one */
unsigned input_log_n(const struct input_log *log);             /* NULL is an empty log */
const struct input *input_log_at(const struct input_log *log, unsigned i);
/* Where the input was read, for complaints: file and line; of a log made by hand a node whose file is
 * "input" and whose line is the place in the log. Lives as long as the log. */
const struct tree_node *input_log_node(const struct input_log *log, unsigned i);

/* Copies an input to the end. False with error when its time lies before the last one's, a limit is
 * passed or a field that the verb needs is missing. */
bool input_log_add(struct input_log *log, const struct input *input, GError **error);
/* The same with the place to name in complaints, borrowed. */
bool input_log_add_at(struct input_log *log, const struct input *input, const struct tree_node *at,
                      GError **error);
/* Removes every input at or behind time_ns. */
void input_log_cut(struct input_log *log, int64_t time_ns);

/* Reads `inputs` of a tree: a list of maps as above. `list` NULL: nothing. False with error
 * "FILE:LINE: message": unknown verb or key, a time that runs backwards, a limit. */
bool input_log_read(struct input_log *log, const struct tree_node *list, GError **error);
/* Reads one map, "{at: 1.5s, do: drop, link: wan}". `name` is for complaints ("--input"). */
bool input_log_parse(struct input_log *log, const char *text, const char *name, GError **error);
/* The text form of one input: one line, that input_log_parse() reads back to the same. g_free() */
char *input_format(const struct input *input);
const char *input_verb_name(enum input_verb verb);
/* Appends a scalar as YAML reads it back: plain when it is a word, else in double quotes. UTF-8. */
void input_append_text(GString *out, const char *text);

#endif
