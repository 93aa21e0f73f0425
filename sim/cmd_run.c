/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_run.c -- enveloscope-sim run: simulate a scenario, print its ladder, save its frames, its
 * events and what it is a function of. The work is done in cmd_play.c. */
#include "sim/cmd.h"

static const char help_en[] =
    "Usage: enveloscope-sim run ID|FILE.yaml [FLAGS]\n"
    "Simulates a scenario or a lesson's scenario and prints its ladder: time, from > to, what.\n"
    "  --seed N            another run of the same scenario (default: the scenario's, else 1)\n"
    "  --until SECONDS     stop at that virtual time\n"
    "  -w FILE.pcapng      save the frames; - is stdout\n"
    "  --tap sender|all|LINK   what is seen: each packet once as it leaves its sender (default),\n"
    "                      every link, or one link\n"
    "  --events FILE       save every state event as JSON Lines; - is stdout\n"
    "  --set KEY=VALUE     override a scenario value (repeatable)\n"
    "  --format ladder|dialogue|json|none   default ladder\n"
    "  --pace SPEED        play on a terminal: virtual seconds per second\n"
    "  --quiet             no ladder           --hash   the rolling hash of the event stream\n"
    "  --input INPUT       do something at a virtual time (repeatable, in the order of time), such "
    "as\n"
    "                      '{at: 1.5s, do: drop, link: wan}'; verbs: drop delay duplicate alter "
    "reset\n"
    "                      set down up open take type close (the man page lists their keys)\n"
    "  --break FILTER      stop behind the first frame that fits the display filter\n"
    "  --break-event PATTERN   stop at the first state event 'HOST SUBJECT KEY = VALUE' that "
    "fits;\n"
    "                      * and ? stand for anything\n"
    "  --save RUN.envrun   keep scenario, seed, settings and inputs; replay plays them again\n"
    "  --maildir-out DIR   save every account's mail at the end as a Maildir DIR/HOST/ACCOUNT\n"
    "Example: enveloscope-sim run mail-journey --set links.wan.loss=0.05 -w lossy.pcapng\n";
static const char help_th[] =
    "วิธีใช้: enveloscope-sim run ID|FILE.yaml [แฟล็ก]\n"
    "จำลองสถานการณ์หรือบทเรียน แล้วพิมพ์ลำดับเฟรม: เวลา จาก > ถึง อะไร\n"
    "  --seed N            การจำลองอีกแบบของสถานการณ์เดียวกัน (ปกติใช้ค่าในไฟล์ หรือ 1)\n"
    "  --until SECONDS     หยุดที่เวลาจำลองนั้น (วินาที)\n"
    "  -w FILE.pcapng      บันทึกเฟรม เครื่องหมาย - คือ stdout\n"
    "  --tap sender|all|LINK   ดักดูที่ใด: แต่ละแพ็กเก็ตครั้งเดียวตอนออกจากผู้ส่ง (ปกติ)\n"
    "                      ทุกลิงก์ หรือลิงก์เดียว\n"
    "  --events FILE       บันทึกเหตุการณ์ของสถานะทั้งหมดเป็น JSON Lines เครื่องหมาย - คือ stdout\n"
    "  --set KEY=VALUE     เปลี่ยนค่าในสถานการณ์ (ใช้ซ้ำได้)\n"
    "  --format ladder|dialogue|json|none   ปกติเป็น ladder\n"
    "  --pace SPEED        เล่นบนเทอร์มินัล: วินาทีจำลองต่อหนึ่งวินาทีจริง\n"
    "  --quiet             ไม่พิมพ์ลำดับเฟรม     --hash   ค่าแฮชสะสมของลำดับเหตุการณ์\n"
    "  --input INPUT       แทรกการกระทำ ณ เวลาจำลอง (ใช้ซ้ำได้ เรียงตามเวลา) เช่น\n"
    "                      '{at: 1.5s, do: drop, link: wan}' คำกริยา: drop delay duplicate alter "
    "reset\n"
    "                      set down up open take type close (ดูคีย์ทั้งหมดในหน้า man)\n"
    "  --break FILTER      หยุดหลังเฟรมแรกที่ตรงกับฟิลเตอร์แสดงผล\n"
    "  --break-event PATTERN   หยุดที่เหตุการณ์ของสถานะแรกที่ตรงกับ 'HOST SUBJECT KEY = VALUE'\n"
    "                      เครื่องหมาย * และ ? แทนอะไรก็ได้\n"
    "  --save RUN.envrun   เก็บสถานการณ์ ซีด ค่าที่ตั้ง และคำสั่งแทรก เล่นซ้ำได้ด้วย replay\n"
    "  --maildir-out DIR   บันทึกจดหมายของทุกบัญชีเมื่อจบการจำลอง เป็น Maildir ที่ DIR/HOST/ACCOUNT\n"
    "ตัวอย่าง: enveloscope-sim run mail-journey --set links.wan.loss=0.05 -w lossy.pcapng\n";

int
cmd_run(char **argv)
{
  return cmd_play("run", argv, (struct lang_pair){help_en, help_th},
                  (struct lang_pair){"run takes one lesson, scenario or file, for example: "
                                     "enveloscope-sim run mail-journey",
                                     "run ต้องการบทเรียน สถานการณ์จำลอง หรือไฟล์หนึ่งอย่าง เช่น "
                                     "enveloscope-sim run mail-journey"});
}
