#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_serve_nmap.py -- what nmap's mail scripts find out about the simulated servers: what they offer, and that none
of the known weaknesses is there.
"""
import re

from serve import Serve, need, run
import tap


def scan(ports, scripts, arguments=""):
    need("nmap")
    forced = ",".join("+" + script for script in scripts.split(","))     # whatever the port's number is
    words = ["nmap", "-Pn", "-sT", "-n", "-p", ",".join(str(port) for port in ports), "--script", forced, "127.0.0.1"]
    if arguments:
        words += ["--script-args", arguments]
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nmap_on_smtp():
    with Serve(smtp=0, submission=0) as server:
        found = scan([server.port["smtp"], server.port["submission"]],
                     "smtp-commands,smtp-open-relay,smtp-ntlm-info,smtp-vuln-cve2010-4344,smtp-vuln-cve2011-1720,"
                     "smtp-vuln-cve2011-1764,smtp-enum-users", "smtp.domain=office.test,smtp-open-relay.domain=office.test")
        assert re.search(r"smtp-commands: mail\.office\.test.*PIPELINING.*SIZE \d+", found), found
        assert "8BITMIME" in found and "STARTTLS" in found, found
        relay = re.findall(r"smtp-open-relay: (.*)", found)
        assert relay and all("n't an open relay" in line or "doesn't seem to be an open relay" in line for line in relay), found
        assert "VULNERABLE" not in found.replace("NOT VULNERABLE", ""), found
        assert "NTLM" not in found and "Target_Name" not in found, found


def test_nmap_on_pop3_and_imap():
    with Serve(pop3=0, imap=0, pop3s=0, imaps=0) as server:
        found = scan([server.port["pop3"]], "pop3-capabilities,pop3-ntlm-info")
        assert re.search(r"pop3-capabilities: .*UIDL", found) and "Target_Name" not in found, found
        found = scan([server.port["imap"]], "imap-capabilities,imap-ntlm-info")
        assert re.search(r"imap-capabilities: .*IMAP4rev1", found) and "Target_Name" not in found, found
        found = scan([server.port["pop3s"], server.port["imaps"]], "ssl-cert")
        assert found.count("Subject: commonName=mail.office.test") >= 2, found


def test_nmap_finds_only_good_ciphers():
    with Serve(imaps=0, submissions=0) as server:
        found = scan(server.port.values(), "ssl-enum-ciphers")
        assert found.count("TLSv1.2:") == 2 and found.count("TLSv1.3:") == 2, found
        assert "TLSv1.0" not in found and "TLSv1.1" not in found and "SSLv3" not in found, found
        grades = re.findall(r"TLS_\S+ .* - ([A-F])", found)
        assert grades and set(grades) == {"A"} and found.count("least strength: A") == 2, found


tap.main(globals())
