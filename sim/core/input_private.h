/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_CORE_INPUT_PRIVATE_H
#define SIM_CORE_INPUT_PRIVATE_H

/* What input.c and input_text.c share. */
#include "sim/core/input.h"

/* Groups of fields; a verb's row says which it takes. All are needed but `from` of a link, `packet`
 * and `end`. */
enum input_takes {
  TAKES_LINK = 1 << 0,
  TAKES_PACKET = 1 << 1,
  TAKES_BY = 1 << 2,
  TAKES_OCTETS = 1 << 3,
  TAKES_ENDS = 1 << 4,
  TAKES_VALUE = 1 << 5,
  TAKES_HAND = 1 << 6,
  TAKES_HOST = 1 << 7,
  TAKES_SERVER = 1 << 8,
  TAKES_LINE = 1 << 9,
  TAKES_PORT = 1 << 10,
};

struct input_form {
  const char *name;
  unsigned takes;
};
extern const struct input_form input_forms[N_INPUT_VERBS];

#endif
