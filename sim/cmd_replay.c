/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_replay.c -- enveloscope-sim replay: a saved run again, octet for octet. A file of another
 * format, a scenario that has changed since, and a run that comes to something else are refused
 * with the reason. The work is done in cmd_play.c. */
#include <string.h>

#include "sim/cmd.h"

static const char help_en[] =
    "Usage: enveloscope-sim replay RUN.envrun [FLAGS]\n"
    "Plays a saved run again (scenario, seed, settings, inputs): the same frames, octet for "
    "octet.\n"
    "Takes all flags of run. With --seed, --set, --input or --until it becomes another run, and is "
    "no\n"
    "longer compared with what was saved.\n"
    "Refuses a file of another format, and one whose scenario has changed, with the reason.\n"
    "Example: enveloscope-sim replay homework.envrun -w homework.pcapng --format none\n";
static const char help_th[] =
    "วิธีใช้: enveloscope-sim replay RUN.envrun [แฟล็ก]\n"
    "เล่นการจำลองที่บันทึกไว้ซ้ำ (สถานการณ์ ซีด ค่าที่ตั้ง คำสั่งแทรก) ได้เฟรมเดิมตรงกันทุกออกเตต\n"
    "ใช้แฟล็กของ run ได้ทั้งหมด ถ้าใส่ --seed, --set, --input หรือ --until จะเป็นการจำลองอีกแบบ\n"
    "และจะไม่เทียบกับผลที่บันทึกไว้\n"
    "ไฟล์รูปแบบอื่น หรือไฟล์ที่สถานการณ์เปลี่ยนไปแล้ว จะถูกปฏิเสธพร้อมเหตุผล\n"
    "ตัวอย่าง: enveloscope-sim replay homework.envrun -w homework.pcapng --format none\n";

int
cmd_replay(char **argv)
{
  return cmd_play(
      "replay", argv, (struct lang_pair){help_en, help_th},
      (struct lang_pair){"replay takes one saved run, for example: enveloscope-sim replay "
                         "homework.envrun",
                         "replay ต้องการการจำลองที่บันทึกไว้หนึ่งไฟล์ เช่น "
                         "enveloscope-sim replay homework.envrun"});
}
