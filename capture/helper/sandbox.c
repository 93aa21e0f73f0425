/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sandbox.c -- the helper's rights end here, before the first octet from the wire is looked at.
 *
 *     bounding and ambient sets ─> capset to nothing ─> no_new_privs ─> seccomp: kill, allow-list
 *
 * Dropping the bounding set itself takes CAP_SETPCAP, which a helper with cap_net_raw alone does
 * not have; nothing can be executed afterwards, so that it does not matter then. */
#include "capture/helper/sandbox.h"

#include <linux/capability.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int allowed_calls[] = {
    SCMP_SYS(write),        SCMP_SYS(poll),
    SCMP_SYS(ppoll),        SCMP_SYS(recvmsg),
    SCMP_SYS(recvfrom),     SCMP_SYS(sendto),
    SCMP_SYS(getsockopt),   SCMP_SYS(fstatfs),
    SCMP_SYS(ftruncate),    SCMP_SYS(close),
    SCMP_SYS(fdatasync),    SCMP_SYS(clock_gettime),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),         SCMP_SYS(exit_group),
    SCMP_SYS(lseek),        SCMP_SYS(getsockname),
    SCMP_SYS(read), /* libpcap's wake-up eventfd */
};

static bool
drop_capabilities(void)
{
  for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
    (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
  (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0)
    return false;
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {{0}}, now[2] = {{0}};
  if (syscall(SYS_capset, &head, none) != 0 || syscall(SYS_capget, &head, now) != 0)
    return false;
  return !(now[0].effective | now[0].permitted | now[0].inheritable | now[1].effective |
           now[1].permitted | now[1].inheritable);
}

static bool
allow(scmp_filter_ctx filter)
{
  for (size_t i = 0; i < sizeof allowed_calls / sizeof *allowed_calls; i++)
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0) != 0)
      return false;
  /* What libpcap asks when its socket reports an error. */
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                          SCMP_A1(SCMP_CMP_EQ, SIOCGIFINDEX)) == 0 &&
         seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                          SCMP_A1(SCMP_CMP_EQ, SIOCGIFFLAGS)) == 0;
}

const char *
sandbox_enter(void)
{
  if (!drop_capabilities())
    return "capabilities could not be dropped";
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return "no_new_privs could not be set";
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (!filter)
    return "no memory for the list of system calls";
  bool done = allow(filter) && seccomp_load(filter) == 0;
  if (!done)
    return "the list of system calls was not accepted";
  return NULL; /* the filter's memory stays: giving it back would take more calls */
}
