/* SPDX-License-Identifier: GPL-3.0-or-later */
/* views.c -- the table of views. A new view is one row here and one name in meson.build. */
#include "gui/views.h"

#include "gui/compare_pane.h"
#include "gui/detail_tree.h"
#include "gui/dialogue.h"
#include "gui/encapsulation.h"
#include "gui/event_pane.h"
#include "gui/filter_entry.h"
#include "gui/hand_pane.h"
#include "gui/hex_pane.h"
#include "gui/hops_pane.h"
#include "gui/ladder.h"
#include "gui/lesson_pane.h"
#include "gui/packet_list.h"
#include "gui/risk_pane.h"
#include "gui/states_pane.h"
#include "gui/store_pane.h"
#include "gui/tcp_plot.h"
#include "gui/topology.h"

const struct view_row view_rows[N_VIEWS] = {
    [VIEW_TOPOLOGY] = {"topology", {"Network", "เครือข่าย"}, topology_new},
    [VIEW_LADDER] = {"ladder", {"Ladder", "แผนภาพลำดับ"}, ladder_new},
    [VIEW_LESSON] = {"lesson", {"Lesson", "บทเรียน"}, lesson_pane_new},
    [VIEW_FILTER] = {"filter", {"Display filter", "ตัวกรองการแสดงผล"}, filter_entry_new},
    [VIEW_PACKETS] = {"packets", {"Packets", "แพ็กเก็ต"}, packet_list_new},
    [VIEW_DETAIL] = {"detail", {"Fields", "ฟิลด์"}, detail_tree_new},
    [VIEW_HEX] = {"hex", {"Octets", "ออกเตต"}, hex_pane_new},
    [VIEW_ENCAPSULATION] = {"encapsulation", {"Encapsulation", "การห่อหุ้มข้อมูล"}, encapsulation_new},
    [VIEW_DIALOGUE] = {"dialogue", {"Dialogue", "บทสนทนา"}, dialogue_new},
    [VIEW_STATES] = {"states", {"States", "สถานะ"}, states_pane_new},
    [VIEW_STORE] = {"store", {"Mailboxes", "กล่องจดหมาย"}, store_pane_new},
    [VIEW_EVENTS] = {"events", {"Log", "บันทึก"}, event_pane_new},
    [VIEW_PLOT] = {"plot", {"TCP over time", "TCP ตามเวลา"}, tcp_plot_new},
    [VIEW_HOPS] = {"hops", {"Layers on the way", "ชั้นต่าง ๆ ระหว่างทาง"}, hops_pane_new},
    [VIEW_COMPARE] = {"compare", {"Compare", "เปรียบเทียบ"}, compare_pane_new},
    [VIEW_HAND] = {"hand", {"By hand", "พิมพ์เอง"}, hand_pane_new},
    [VIEW_RISK] = {"risk", {"Logins and findings", "การเข้าสู่ระบบและข้อค้นพบ"}, risk_pane_new},
};

enum view
view_find(const char *id)
{
  for (int i = 0; i < N_VIEWS; i++)
    if (g_strcmp0(view_rows[i].id, id) == 0)
      return (enum view)i;
  return N_VIEWS;
}

GtkWidget *
view_make(enum view view, Session *session)
{
  return view_rows[view].make(session);
}
