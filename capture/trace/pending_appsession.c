/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pending_appsession.c -- stands in while appsession.c is not in the tree; built only then. */
#include "capture/trace/appsession.h"

struct appsession *
appsession_new(uint32_t flow, uint16_t client_port, uint16_t server_port, bool mid_stream,
               const struct appsession_sink *sink, void *data)
{
  return NULL;
}
void
appsession_free(struct appsession *s)
{
}
void
appsession_feed(struct appsession *s, enum side side, const uint8_t *p, size_t n, uint32_t frame)
{
}
void
appsession_gap(struct appsession *s, enum side side, uint64_t n, uint32_t frame)
{
}
void
appsession_end(struct appsession *s)
{
}
enum app
appsession_app(const struct appsession *s)
{
  return APP_NONE;
}
uint8_t
appsession_state(const struct appsession *s)
{
  return 0;
}
bool
appsession_is_swapped(const struct appsession *s)
{
  return false;
}
