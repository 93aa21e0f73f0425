/* SPDX-License-Identifier: GPL-3.0-or-later */
/* control.c -- the messages between the capture helper and its caller: layout and order.
 *
 * Both sides use this file, and neither trusts the other: the helper reads messages of a caller who
 * has fewer rights, the caller those of a program that may be another version. Every length is
 * exact, so that a message has one form only. */
#include "capture/helper/control.h"

#include <string.h>

#include "capture/wire/bytes.h"

enum { HEADER = 4 };

/* How long the body of each type is; the text of ERROR comes on top. */
static int
body_octets(enum control_type type)
{
  switch (type) {
  case CONTROL_READY:
    return 8;
  case CONTROL_COMMIT:
  case CONTROL_ROTATED:
  case CONTROL_BYE:
    return 16;
  case CONTROL_STATS:
    return 32;
  case CONTROL_ERROR:
    return 4;
  case CONTROL_STOP:
  case CONTROL_ROTATE:
    return 0;
  }
  return -1;
}

size_t
control_put(const struct control_message *m, uint8_t *out)
{
  size_t n_text = 0;
  memset(out, 0, HEADER + 32);
  out[0] = (uint8_t)m->type;
  out[1] = CONTROL_VERSION;
  uint8_t *body = out + HEADER;
  switch (m->type) {
  case CONTROL_READY:
    put_le16(body, m->link);
    put_le32(body + 4, m->snap_octets);
    break;
  case CONTROL_COMMIT:
  case CONTROL_ROTATED:
  case CONTROL_BYE:
    put_le64(body, m->n_octets);
    put_le64(body + 8, m->n_frames);
    break;
  case CONTROL_STATS:
    put_le64(body, m->n_received);
    put_le64(body + 8, m->n_dropped_kernel);
    put_le64(body + 16, m->n_dropped_interface);
    put_le64(body + 24, m->n_written);
    break;
  case CONTROL_ERROR:
    n_text = strnlen(m->text, CONTROL_TEXT_MAX);
    put_le16(body, (uint16_t)m->error);
    put_le16(body + 2, (uint16_t)n_text);
    memcpy(body + 4, m->text, n_text);
    break;
  case CONTROL_STOP:
  case CONTROL_ROTATE:
    break;
  }
  return HEADER + (size_t)body_octets(m->type) + n_text;
}

/* `out` is zero and its text therefore closed. */
static bool
get_error(const uint8_t *body, size_t n, struct control_message *out)
{
  unsigned code = get_le16(body), n_text = get_le16(body + 2);
  if (code == CONTROL_ERROR_NONE || code >= CONTROL_N_ERRORS || n_text > CONTROL_TEXT_MAX ||
      n != 4 + n_text)
    return false;
  out->error = (enum control_error)code;
  for (unsigned i = 0; i < n_text; i++) {
    uint8_t c = body[4 + i];
    out->text[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
  }
  return true;
}

bool
control_get(const uint8_t *p, size_t n, struct control_message *out)
{
  *out = (struct control_message){0};
  if (n < HEADER || n > CONTROL_MESSAGE_MAX || p[1] != CONTROL_VERSION || p[2] || p[3])
    return false;
  enum control_type type = (enum control_type)p[0];
  int wanted = body_octets(type);
  const uint8_t *body = p + HEADER;
  n -= HEADER;
  if (wanted < 0 || n < (size_t)wanted || (type != CONTROL_ERROR && n != (size_t)wanted))
    return false;
  out->type = type;
  switch (type) {
  case CONTROL_READY:
    out->link = get_le16(body);
    out->snap_octets = get_le32(body + 4);
    return get_le16(body + 2) == 0;
  case CONTROL_COMMIT:
  case CONTROL_ROTATED:
  case CONTROL_BYE:
    out->n_octets = get_le64(body);
    out->n_frames = get_le64(body + 8);
    return true;
  case CONTROL_STATS:
    out->n_received = get_le64(body);
    out->n_dropped_kernel = get_le64(body + 8);
    out->n_dropped_interface = get_le64(body + 16);
    out->n_written = get_le64(body + 24);
    return true;
  case CONTROL_ERROR:
    return get_error(body, n, out);
  case CONTROL_STOP:
  case CONTROL_ROTATE:
    return true;
  }
  return false;
}

bool
control_is_from_helper(enum control_type type)
{
  return type < CONTROL_STOP;
}

bool
control_may_follow(unsigned *said, enum control_type next)
{
  if (!control_is_from_helper(next) || body_octets(next) < 0)
    return false;
  unsigned ready = 1u << CONTROL_READY, error = 1u << CONTROL_ERROR, bye = 1u << CONTROL_BYE;
  bool fits = next == CONTROL_READY   ? !(*said & (ready | error))
              : next == CONTROL_ERROR ? !(*said & error)
              : next == CONTROL_BYE   ? (*said & (ready | error)) != 0
                                      : (*said & ready) != 0;
  if (*said & bye || !fits)
    return false;
  *said |= 1u << next;
  return true;
}
