/* SPDX-License-Identifier: GPL-3.0-or-later */
/* function.c -- the names of the filter's functions. */
#include "capture/filter/tree.h"

#include <string.h>

const char *const filter_function_names[FUNCTION_N + 1] = {
    [FUNCTION_NONE] = "",       [FUNCTION_LEN] = "len",     [FUNCTION_COUNT] = "count",
    [FUNCTION_LOWER] = "lower", [FUNCTION_UPPER] = "upper", [FUNCTION_STRING] = "string",
    [FUNCTION_MAX] = "max",     [FUNCTION_MIN] = "min",     [FUNCTION_ABS] = "abs",
    [FUNCTION_N] = NULL,
};

enum filter_function
filter_function_find(const char *word)
{
  for (unsigned i = FUNCTION_LEN; i < FUNCTION_N; i++)
    if (strcmp(filter_function_names[i], word) == 0)
      return (enum filter_function)i;
  return FUNCTION_NONE;
}
