/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rights.c -- finds the helper that may capture, and remembers that its user knows what that means.
 *
 * A file's capability is an extended attribute of its inode (security.capability), which anybody
 * may read. It does not count on file systems mounted nosuid, nor in a process with no_new_privs.
 */
#include "capture/source/rights.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "capture/wire/bytes.h"
#include "capture/wire/lang.h"

#define HELPER "enveloscope-dump"
#define PLACE_OF_RUN "/usr/local/libexec/enveloscope/" HELPER

/* Whether the file's own capability counts when it is started. VFS capability data: a magic with
 * the revision, then permitted and inheritable; all little endian. */
static bool
carries_right(const char *path)
{
  uint8_t value[24];
  struct statvfs place;
  ssize_t n = getxattr(path, "security.capability", value, sizeof value);
  if (n < 12 || (get_le32(value) & VFS_CAP_FLAGS_EFFECTIVE) == 0 ||
      (get_le32(value + 4) & 1u << CAP_NET_RAW) == 0)
    return false;
  return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 && statvfs(path, &place) == 0 &&
         (place.f_flag & ST_NOSUID) == 0;
}

static bool
process_has_right(void)
{
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct now[2] = {{0}};
  return syscall(SYS_capget, &head, now) == 0 && (now[0].effective & 1u << CAP_NET_RAW) != 0;
}

char *
rights_helper(void)
{
  const char *told = g_getenv("ENVELOSCOPE_DUMP");
  if (told && *told)
    return g_file_test(told, G_FILE_TEST_IS_EXECUTABLE) ? g_strdup(told) : NULL;
  g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
  g_autofree char *folder = g_path_get_dirname(program ? program : "/usr/bin/x");
  char *places[] = {
      g_build_filename(folder, HELPER, NULL), g_build_filename(folder, "helper", HELPER, NULL),
      g_build_filename(folder, "..", "capture", "helper", HELPER, NULL),
      g_build_filename(folder, "..", "libexec", HELPER, NULL), g_strdup(PLACE_OF_RUN)};
  char *found = NULL;
  bool found_right = false;
  for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
    bool usable = !found_right && g_access(places[i], X_OK) == 0 &&
                  g_file_test(places[i], G_FILE_TEST_IS_REGULAR);
    bool right = usable && carries_right(places[i]);
    if (usable && (right || !found)) {
      g_free(found);
      found = g_steal_pointer(&places[i]);
      found_right = right;
    }
    g_free(places[i]);
  }
  return found;
}

bool
rights_may_capture(void)
{
  g_autofree char *helper = rights_helper();
  return helper && (process_has_right() || carries_right(helper));
}

const char *
rights_consent_text(void)
{
  return lang_text(
      "A live capture shows what other people send: addresses, mail, passwords. Capture only on "
      "networks "
      "that are yours, or whose owner allowed it, and tell those who use them; in many countries, "
      "Thailand among them (Computer Crime Act, section 8), anything else is a crime. Enveloscope "
      "only "
      "listens; it never sends a frame. Captures are files that only you may read; delete them "
      "when the "
      "work is done.",
      "การดักจับสดทำให้เห็นสิ่งที่ผู้อื่นส่ง ทั้งที่อยู่ จดหมาย และรหัสผ่าน โปรดดักจับเฉพาะบนเครือข่ายของคุณเอง "
      "หรือที่เจ้าของอนุญาตแล้ว และแจ้งให้ผู้ใช้เครือข่ายทราบ การทำนอกเหนือจากนี้เป็นความผิดในหลายประเทศ "
      "รวมถึงประเทศไทย (พระราชบัญญัติว่าด้วยการกระทำความผิดเกี่ยวกับคอมพิวเตอร์ มาตรา 8) Enveloscope เพียงรับฟัง "
      "ไม่ส่งเฟรมใด ๆ ไฟล์แคปเจอร์อ่านได้เฉพาะคุณ โปรดลบทิ้งเมื่อใช้งานเสร็จ");
}

static char *
consent_path(void)
{
  return g_build_filename(g_get_user_state_dir(), "enveloscope", "capture-consent", NULL);
}

bool
rights_has_consent(void)
{
  g_autofree char *path = consent_path();
  return g_file_test(path, G_FILE_TEST_EXISTS);
}

bool
rights_remember_consent(GError **error)
{
  g_autofree char *path = consent_path();
  g_autofree char *folder = g_path_get_dirname(path);
  if (g_mkdir_with_parents(folder, 0700) != 0) {
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", folder,
                g_strerror(errno));
    return false;
  }
  return g_file_set_contents_full(path, "yes\n", -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}
