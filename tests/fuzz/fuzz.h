/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

/* A fuzz target is one file fuzz-NAME.c with these two definitions, and one line in meson.build.
 * With -Dfuzz=true it becomes a libFuzzer program; otherwise fuzz-replay.c runs it over its seeds.
 */
#include <stddef.h>
#include <stdint.h>

struct fuzz_seed {
  const char *name;
  const void *octets;
  size_t n_octets;
};

/* Built-in inputs that reach the target's depths; ends with a NULL name. */
extern const struct fuzz_seed fuzz_seeds[];

/* For text: {"name", TEXT_SEED("C: EHLO\r\n")} without the closing NUL. */
#define TEXT_SEED(text) (text), sizeof(text) - 1

/* Runs one input. Anything wrong ends the program (assert, sanitizer). Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#endif
