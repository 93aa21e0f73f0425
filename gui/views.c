/* SPDX-License-Identifier: GPL-3.0-or-later */
/* views.c -- the table of views. A new view is one row here and one name in meson.build. */
#include "gui/views.h"

#include "gui/detail_tree.h"
#include "gui/dialogue.h"
#include "gui/encapsulation.h"
#include "gui/filter_entry.h"
#include "gui/hex_pane.h"
#include "gui/ladder.h"
#include "gui/lesson_pane.h"
#include "gui/packet_list.h"
#include "gui/risk_pane.h"
#include "gui/states_pane.h"
#include "gui/store_pane.h"
#include "gui/topology.h"

#ifdef HAVE_TOPOLOGY
#define TOPOLOGY topology_new
#else
#define TOPOLOGY NULL
#endif
#ifdef HAVE_LADDER
#define LADDER ladder_new
#else
#define LADDER NULL
#endif
#ifdef HAVE_LESSON_PANE
#define LESSON lesson_pane_new
#else
#define LESSON NULL
#endif
#ifdef HAVE_FILTER_ENTRY
#define FILTER filter_entry_new
#else
#define FILTER NULL
#endif
#ifdef HAVE_PACKET_LIST
#define PACKETS packet_list_new
#else
#define PACKETS NULL
#endif
#ifdef HAVE_DETAIL_TREE
#define DETAIL detail_tree_new
#else
#define DETAIL NULL
#endif
#ifdef HAVE_HEX_PANE
#define HEX hex_pane_new
#else
#define HEX NULL
#endif
#ifdef HAVE_ENCAPSULATION
#define ENCAPSULATION encapsulation_new
#else
#define ENCAPSULATION NULL
#endif
#ifdef HAVE_DIALOGUE
#define DIALOGUE dialogue_new
#else
#define DIALOGUE NULL
#endif
#ifdef HAVE_STATES_PANE
#define STATES states_pane_new
#else
#define STATES NULL
#endif
#ifdef HAVE_STORE_PANE
#define STORE store_pane_new
#else
#define STORE NULL
#endif
#ifdef HAVE_RISK_PANE
#define RISK risk_pane_new
#else
#define RISK NULL
#endif

const struct view_row view_rows[N_VIEWS] = {
    [VIEW_TOPOLOGY] = {"topology", {"Network", "เครือข่าย"}, TOPOLOGY},
    [VIEW_LADDER] = {"ladder", {"Ladder", "แผนภาพลำดับ"}, LADDER},
    [VIEW_LESSON] = {"lesson", {"Lesson", "บทเรียน"}, LESSON},
    [VIEW_FILTER] = {"filter", {"Display filter", "ตัวกรองการแสดงผล"}, FILTER},
    [VIEW_PACKETS] = {"packets", {"Packets", "แพ็กเก็ต"}, PACKETS},
    [VIEW_DETAIL] = {"detail", {"Fields", "ฟิลด์"}, DETAIL},
    [VIEW_HEX] = {"hex", {"Octets", "ออกเตต"}, HEX},
    [VIEW_ENCAPSULATION] = {"encapsulation", {"Encapsulation", "การห่อหุ้มข้อมูล"}, ENCAPSULATION},
    [VIEW_DIALOGUE] = {"dialogue", {"Dialogue", "บทสนทนา"}, DIALOGUE},
    [VIEW_STATES] = {"states", {"States", "สถานะ"}, STATES},
    [VIEW_STORE] = {"store", {"Mailboxes", "กล่องจดหมาย"}, STORE},
    [VIEW_RISK] = {"risk", {"Logins and findings", "การเข้าสู่ระบบและข้อค้นพบ"}, RISK},
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
  if (view_rows[view].make)
    return view_rows[view].make(session);
  GtkWidget *note = gtk_label_new(lang_text("This view is not there yet.", "ยังไม่มีมุมมองนี้"));
  gtk_widget_show(note);
  return note;
}
