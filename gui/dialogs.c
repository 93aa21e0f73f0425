/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dialogs.c -- opening and saving files, going to a packet, the keys, about. */
#include "gui/dialogs.h"

#include <string.h>

static GtkWindow *
parent(struct window *w)
{
  return GTK_WINDOW(window_widget(w));
}

static void
add_filter(GtkFileChooser *chooser, const char *name, const char *const *patterns)
{
  GtkFileFilter *filter = gtk_file_filter_new();
  gtk_file_filter_set_name(filter, name);
  for (; *patterns; patterns++)
    gtk_file_filter_add_pattern(filter, *patterns);
  gtk_file_chooser_add_filter(chooser, filter);
}

void
dialogs_open(struct window *w)
{
  static const char *const known[] = {"*.pcap", "*.pcapng", "*.cap",    "*.pcap.gz", "*.pcapng.gz",
                                      "*.yaml", "*.yml",    "*.envrun", NULL};
  static const char *const all[] = {"*", NULL};
  g_autoptr(GtkFileChooserNative) dialog = gtk_file_chooser_native_new(
      lang_text("Open a capture or a scenario", "เปิดไฟล์ดักจับหรือสถานการณ์จำลอง"), parent(w),
      GTK_FILE_CHOOSER_ACTION_OPEN, lang_text("_Open", "เปิด"), lang_text("_Cancel", "ยกเลิก"));
  add_filter(GTK_FILE_CHOOSER(dialog),
             lang_text("Captures and scenarios", "ไฟล์ดักจับและสถานการณ์จำลอง"), known);
  add_filter(GTK_FILE_CHOOSER(dialog), lang_text("All files", "ทุกไฟล์"), all);
  if (gtk_native_dialog_run(GTK_NATIVE_DIALOG(dialog)) != GTK_RESPONSE_ACCEPT)
    return;
  g_autofree char *path = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(dialog));
  if (path)
    window_open(w, path, NULL);
}

static void
say(struct window *w, GtkMessageType type, const char *text)
{
  GtkWidget *dialog =
      gtk_message_dialog_new(parent(w), GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT, type,
                             GTK_BUTTONS_CLOSE, "%s", text);
  gtk_dialog_run(GTK_DIALOG(dialog));
  gtk_widget_destroy(dialog);
}

void
dialogs_keylog(struct window *w)
{
  static const char *const all[] = {"*", NULL};
  g_autoptr(GError) error = NULL;
  g_autoptr(GtkFileChooserNative) dialog = gtk_file_chooser_native_new(
      lang_text("Open a key log (SSLKEYLOGFILE)", "เปิดบันทึกกุญแจ (SSLKEYLOGFILE)"), parent(w),
      GTK_FILE_CHOOSER_ACTION_OPEN, lang_text("_Open", "เปิด"), lang_text("_Cancel", "ยกเลิก"));
  add_filter(GTK_FILE_CHOOSER(dialog), lang_text("All files", "ทุกไฟล์"), all);
  if (gtk_native_dialog_run(GTK_NATIVE_DIALOG(dialog)) != GTK_RESPONSE_ACCEPT)
    return;
  g_autofree char *path = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(dialog));
  if (path && !session_open_keylog(window_session(w), path, &error))
    say(w, GTK_MESSAGE_ERROR, error->message);
}

/* A run, or else a capture, whose frames are for nobody else's eyes. */
static gboolean
save_to(Session *s, const char *path, GError **error)
{
  const struct run *run = session_run(s);
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autoptr(GFileOutputStream) out = g_file_replace(
      file, NULL, FALSE, run ? G_FILE_CREATE_NONE : G_FILE_CREATE_PRIVATE, NULL, error);
  if (!out || !(run ? run_write_pcapng(run, G_OUTPUT_STREAM(out), error)
                    : trace_save(session_trace(s), G_OUTPUT_STREAM(out), error))) {
    g_autoptr(GCancellable) cancelled = g_cancellable_new();
    g_cancellable_cancel(cancelled); /* what was there before stays */
    if (out)
      g_output_stream_close(G_OUTPUT_STREAM(out), cancelled, NULL);
    return FALSE;
  }
  return g_output_stream_close(G_OUTPUT_STREAM(out), NULL, error);
}

static gboolean
save_run_to(Session *s, const char *path, GError **error)
{
  return run_save(session_run(s), path, error);
}

/* What a saved file may be called: the run's id, or the capture's own name without its endings. */
static char *
stem(Session *s)
{
  if (session_run(s))
    return g_strdup(run_id(session_run(s)));
  char *name = g_strdup(*session_title(s) ? session_title(s) : "capture");
  char *dot = strchr(name, '.');
  if (dot && dot != name)
    *dot = '\0';
  return name;
}

/* Asks for a file and lets `save` write it. */
static void
ask_and_save(struct window *w, const char *title, const char *suffix,
             gboolean (*save)(Session *, const char *, GError **))
{
  Session *s = window_session(w);
  g_autoptr(GtkFileChooserNative) dialog =
      gtk_file_chooser_native_new(title, parent(w), GTK_FILE_CHOOSER_ACTION_SAVE,
                                  lang_text("_Save", "บันทึก"), lang_text("_Cancel", "ยกเลิก"));
  g_autofree char *base = stem(s);
  g_autofree char *name = g_strconcat(base, suffix, NULL);
  gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(dialog), name);
  gtk_file_chooser_set_do_overwrite_confirmation(GTK_FILE_CHOOSER(dialog), TRUE);
  if (gtk_native_dialog_run(GTK_NATIVE_DIALOG(dialog)) != GTK_RESPONSE_ACCEPT)
    return;
  g_autofree char *path = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(dialog));
  g_autoptr(GError) error = NULL;
  if (path && !save(s, path, &error)) {
    g_autofree char *text =
        g_strdup_printf(lang_text("%1$s could not be written: %2$s. Choose another folder.",
                                  "เขียน %1$s ไม่ได้: %2$s โปรดเลือกโฟลเดอร์อื่น"),
                        path, error->message);
    say(w, GTK_MESSAGE_ERROR, text);
  }
}

void
dialogs_save(struct window *w)
{
  ask_and_save(w,
               session_run(window_session(w))
                   ? lang_text("Save the frames of this run", "บันทึกเฟรมของการจำลองนี้")
                   : lang_text("Save this capture", "บันทึกแคปเจอร์นี้"),
               ".pcapng", save_to);
}

void
dialogs_save_run(struct window *w)
{
  ask_and_save(w, lang_text("Save this run with its changes", "บันทึกการจำลองนี้พร้อมการเปลี่ยนแปลง"),
               ".envrun", save_run_to);
}

void
dialogs_goto(struct window *w)
{
  Session *s = window_session(w);
  uint32_t n = trace_n_frames(session_trace(s));
  if (n == 0)
    return;
  GtkWidget *dialog = gtk_dialog_new_with_buttons(
      lang_text("Go to packet", "ไปยังแพ็กเก็ต"), parent(w),
      GTK_DIALOG_MODAL | GTK_DIALOG_USE_HEADER_BAR, lang_text("_Cancel", "ยกเลิก"),
      GTK_RESPONSE_CANCEL, lang_text("_Go", "ไป"), GTK_RESPONSE_ACCEPT, NULL);
  GtkWidget *number = gtk_spin_button_new_with_range(1, n, 1);
  if (session_frame(s) != SESSION_NONE)
    gtk_spin_button_set_value(GTK_SPIN_BUTTON(number), session_frame(s) + 1.0);
  gtk_entry_set_activates_default(GTK_ENTRY(number), TRUE);
  atk_object_set_name(gtk_widget_get_accessible(number),
                      lang_text("Packet number", "หมายเลขแพ็กเก็ต"));
  g_object_set(number, "margin", 18, NULL);
  gtk_container_add(GTK_CONTAINER(gtk_dialog_get_content_area(GTK_DIALOG(dialog))), number);
  gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_ACCEPT);
  gtk_widget_show_all(dialog);
  if (gtk_dialog_run(GTK_DIALOG(dialog)) == GTK_RESPONSE_ACCEPT)
    session_select_frame(s,
                         (uint32_t)gtk_spin_button_get_value_as_int(GTK_SPIN_BUTTON(number)) - 1);
  gtk_widget_destroy(dialog);
}

struct shortcut {
  const char *key;
  struct lang_pair name;
};

static const struct shortcut time_keys[] = {
    {"space", {"Play or pause", "เล่นหรือหยุดชั่วคราว"}},
    {"Right F8", {"Next frame", "เฟรมถัดไป"}},
    {"Left F7", {"Previous frame", "เฟรมก่อนหน้า"}},
    {"<Shift>Right", {"Next application line", "บรรทัดโปรแกรมประยุกต์ถัดไป"}},
    {"<Shift>Left", {"Previous application line", "บรรทัดโปรแกรมประยุกต์ก่อนหน้า"}},
    {"Home", {"Back to the start", "กลับไปจุดเริ่ม"}},
    {"End", {"To the end", "ไปจุดสิ้นสุด"}},
    {"plus", {"Faster", "เร็วขึ้น"}},
    {"minus", {"Slower", "ช้าลง"}},
    {"<Primary>F8", {"To the end of this command's exchange", "ไปจนจบคำสั่งและคำตอบนี้"}},
    {"F9", {"Run until the next breakpoint", "เดินต่อจนถึงจุดหยุดถัดไป"}},
    {"<Primary>b", {"Breakpoints", "จุดหยุด"}},
    {"<Primary>Delete", {"What if the selected packet is lost", "ถ้าแพ็กเก็ตที่เลือกสูญหาย"}},
    {"<Primary>i", {"What if…", "จะเป็นอย่างไรถ้า…"}},
    {"<Primary>t", {"Type a protocol by hand", "พิมพ์โปรโตคอลเอง"}},
    {"<Primary><Shift>e", {"Compare with the original", "เปรียบเทียบกับต้นฉบับ"}},
    {"<Primary>z", {"Undo the last change", "เลิกทำการเปลี่ยนแปลงล่าสุด"}},
    {"<Primary><Shift>z", {"Back to the original", "กลับสู่ต้นฉบับ"}},
    {"Page_Down", {"Next step of the lesson", "ขั้นตอนถัดไปของบทเรียน"}},
    {"Page_Up", {"Previous step of the lesson", "ขั้นตอนก่อนหน้าของบทเรียน"}},
};
static const struct shortcut packet_keys[] = {
    {"<Primary>Down", {"Next packet in the list", "แพ็กเก็ตถัดไปในรายการ"}},
    {"<Primary>Up", {"Previous packet in the list", "แพ็กเก็ตก่อนหน้าในรายการ"}},
    {"<Primary>period", {"Next packet of the conversation", "แพ็กเก็ตถัดไปของบทสนทนา"}},
    {"<Primary>comma", {"Previous packet of the conversation", "แพ็กเก็ตก่อนหน้าของบทสนทนา"}},
    {"<Primary>Home", {"First packet", "แพ็กเก็ตแรก"}},
    {"<Primary>End", {"Last packet", "แพ็กเก็ตสุดท้าย"}},
    {"<Alt>Left", {"Back to the packet looked at before", "กลับไปแพ็กเก็ตที่ดูก่อนหน้า"}},
    {"<Alt>Right", {"Forth again", "ไปข้างหน้าอีกครั้ง"}},
    {"<Primary>g", {"Go to packet", "ไปยังแพ็กเก็ต"}},
    {"<Primary><Alt>c", {"Comment on the packet", "เขียนความเห็นของแพ็กเก็ต"}},
    {"<Primary>f", {"Filter", "ตัวกรอง"}},
};
static const struct shortcut window_keys[] = {
    {"<Primary>1", {"Learn", "เรียนรู้"}},
    {"<Primary>2", {"Inspect", "ตรวจดู"}},
    {"<Primary>3", {"Audit", "ตรวจสอบความเสี่ยง"}},
    {"<Primary>4", {"Present", "นำเสนอ"}},
    {"<Primary>l", {"Other language", "สลับภาษา"}},
    {"F11", {"Projector mode", "โหมดเครื่องฉาย"}},
    {"<Primary>d", {"Dark colours", "โทนสีเข้ม"}},
    {"<Primary>plus", {"Zoom in", "ขยาย"}},
    {"<Primary>minus", {"Zoom out", "ย่อ"}},
    {"<Primary>0", {"Normal size", "ขนาดปกติ"}},
    {"<Primary>o", {"Open a file", "เปิดไฟล์"}},
    {"<Primary>s", {"Save as pcapng", "บันทึกเป็น pcapng"}},
    {"<Primary>e", {"Start or stop capturing", "เริ่มหรือหยุดดักจับ"}},
    {"<Primary>k", {"Capture from an interface", "ดักจับจากอินเทอร์เฟซ"}},
    {"F10", {"Menu", "เมนู"}},
    {"<Primary>question", {"These keys", "ปุ่มลัดทั้งหมด"}},
    {"<Primary>w", {"Close", "ปิด"}},
};

static void
add_group(GtkContainer *section, const char *title, const struct shortcut *keys, size_t n)
{
  GtkWidget *group = g_object_new(GTK_TYPE_SHORTCUTS_GROUP, "title", title, "visible", TRUE, NULL);
  for (size_t i = 0; i < n; i++)
    gtk_container_add(GTK_CONTAINER(group),
                      g_object_new(GTK_TYPE_SHORTCUTS_SHORTCUT, "accelerator", keys[i].key, "title",
                                   lang_pick(keys[i].name), "visible", TRUE, NULL));
  gtk_container_add(section, group);
}

void
dialogs_shortcuts(struct window *w)
{
  GtkWidget *window =
      g_object_new(GTK_TYPE_SHORTCUTS_WINDOW, "transient-for", parent(w), "modal", TRUE, NULL);
  GtkWidget *section = g_object_new(GTK_TYPE_SHORTCUTS_SECTION, "section-name", "all", "visible",
                                    TRUE, "max-height", 12, NULL);
  add_group(GTK_CONTAINER(section), lang_text("Time", "เวลา"), time_keys, G_N_ELEMENTS(time_keys));
  add_group(GTK_CONTAINER(section), lang_text("Packets", "แพ็กเก็ต"), packet_keys,
            G_N_ELEMENTS(packet_keys));
  add_group(GTK_CONTAINER(section), lang_text("Window", "หน้าต่าง"), window_keys,
            G_N_ELEMENTS(window_keys));
  gtk_container_add(GTK_CONTAINER(window), section);
  gtk_widget_show(window);
}

void
dialogs_about(struct window *w)
{
  gtk_show_about_dialog(
      parent(w), "program-name", "Enveloscope", "version", ENVELOSCOPE_VERSION, "license-type",
      GTK_LICENSE_GPL_3_0, "logo-icon-name", "org.enveloscope.Enveloscope", "comments",
      lang_text(
          "Opens e-mail like an envelope inside an envelope: simulated and captured SMTP, POP3 "
          "and IMAP4, octet by octet.",
          "เปิดดูอีเมลเหมือนซองที่ซ้อนอยู่ในซอง: SMTP, POP3 และ IMAP4 ทั้งที่จำลองและดักจับมา ทีละออกเตต"),
      NULL);
}
