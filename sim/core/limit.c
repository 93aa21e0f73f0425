/* SPDX-License-Identifier: GPL-3.0-or-later */
/* limit.c -- how much a run may do and hold, and what is said when it wants more. */
#include <inttypes.h>

#include "capture/wire/lang.h"
#include "sim/core/tree.h"
#include "sim/core/world.h"

enum { MIB_BITS = 20, MEMORY_MIB_MAX = 1 << 20 };

const struct world_limits world_limits_default = {
    .events = 100000000, .waiting = 4000000, .octets = UINT64_C(4) << 30};

bool
world_read_limits(struct world *w, const struct tree_node *scenario, GError **error)
{
  static const char *const keys[] = {"events", "waiting", "memory", NULL};
  const struct tree_node *node = tree_get(scenario, "limits");
  if (!node)
    return true;
  struct world_limits d = world_limits_default;
  int64_t events, waiting, memory;
  if (!tree_known(node, keys, error) ||
      !tree_int(node, "events", (int64_t)d.events, 1, (int64_t)d.events, &events, error) ||
      !tree_int(node, "waiting", d.waiting, 1, d.waiting, &waiting, error) ||
      !tree_int(node, "memory", (int64_t)(d.octets >> MIB_BITS), 1, MEMORY_MIB_MAX, &memory, error))
    return false;
  struct world_limits limits = {.events = (uint64_t)events,
                                .waiting = (uint32_t)waiting,
                                .octets = (uint64_t)memory << MIB_BITS};
  world_set_limits(w, &limits);
  return true;
}

char *
world_limit_text(const struct world *w)
{
  struct world_limits limits = world_limits(w);
  switch (world_limit(w)) {
  case WORLD_LIMIT_NONE:
    break;
  case WORLD_LIMIT_EVENTS:
    return g_strdup_printf(
        lang_text("stopped after %" PRIu64 " events: the run does not come to rest; give it an end "
                  "with \"until\", and look for frames that go in circles",
                  "หยุดหลังจาก %" PRIu64 " เหตุการณ์ เพราะการจำลองไม่สงบลงเอง ให้กำหนดเวลาจบด้วย "
                  "\"until\" และตรวจว่ามีเฟรมวนไม่สิ้นสุดหรือไม่"),
        limits.events);
  case WORLD_LIMIT_WAITING:
    return g_strdup_printf(
        lang_text("stopped with %" PRIu32 " events waiting at once: look for frames that are "
                  "multiplied, or start fewer things at the same time",
                  "หยุดเมื่อมีเหตุการณ์รออยู่พร้อมกัน %" PRIu32 " รายการ ให้ตรวจว่ามีเฟรมที่ทวีจำนวนหรือไม่ "
                  "หรือเริ่มสิ่งต่าง ๆ พร้อมกันให้น้อยลง"),
        limits.waiting);
  case WORLD_LIMIT_OCTETS:
    return g_strdup_printf(
        lang_text("stopped when packets and records took %" PRIu64 " MiB of memory: make the run "
                  "shorter with \"until\", or let it send less",
                  "หยุดเมื่อแพ็กเก็ตและบันทึกใช้หน่วยความจำถึง %" PRIu64 " MiB ให้จำลองสั้นลงด้วย \"until\" "
                  "หรือส่งข้อมูลน้อยลง"),
        limits.octets >> MIB_BITS);
  }
  return NULL;
}
