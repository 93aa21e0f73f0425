/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls.c -- the record header of TLS and the names of its numbers.
 *
 *     | type 1 | version 2 | length 2 | handshake: type 1, length 3, ... |
 *
 * RFC 8446, 5246, 6066 (server name), 7301 (ALPN). Cipher suites are in tls_suites.c. */
#include "capture/wire/tls.h"

#include "capture/wire/field.h"

#include "capture/wire/bytes.h"

static const struct wire_field record_fields[] = {
    {"tls.record.content_type", "Type", 0, 8, WIRE_UINT},
    {"tls.record.version", "Version", 8, 16, WIRE_HEX},
    {"tls.record.length", "Length", 24, 16, WIRE_UINT},
};
const struct wire_header tls_record_header = {"tls", "TLS record", TLS_RECORD_HEADER_OCTETS, 3,
                                              record_fields};

size_t
tls_record_get(const uint8_t *p, size_t n, struct tls_record *out)
{
  if (n < TLS_RECORD_HEADER_OCTETS)
    return 0;
  *out = (struct tls_record){.type = p[0], .version = get_be16(p + 1), .n_octets = get_be16(p + 3)};
  return TLS_RECORD_HEADER_OCTETS;
}

size_t
tls_record_put(uint8_t *p, const struct tls_record *in)
{
  p[0] = in->type;
  put_be16(p + 1, in->version);
  put_be16(p + 3, in->n_octets);
  return TLS_RECORD_HEADER_OCTETS;
}

static const struct wire_name contents[] = {
    {20, "Change Cipher Spec"}, {21, "Alert"},     {22, "Handshake"},
    {23, "Application Data"},   {24, "Heartbeat"},
};

static const struct wire_name versions[] = {
    {0x0300, "SSL 3.0"}, {0x0301, "TLS 1.0"}, {0x0302, "TLS 1.1"},
    {0x0303, "TLS 1.2"}, {0x0304, "TLS 1.3"},
};

static const struct wire_name handshakes[] = {
    {0, "Hello Request"},      {1, "Client Hello"},         {2, "Server Hello"},
    {4, "New Session Ticket"}, {5, "End of Early Data"},    {8, "Encrypted Extensions"},
    {11, "Certificate"},       {12, "Server Key Exchange"}, {13, "Certificate Request"},
    {14, "Server Hello Done"}, {15, "Certificate Verify"},  {16, "Client Key Exchange"},
    {20, "Finished"},          {22, "Certificate Status"},  {24, "Key Update"},
};

static const struct wire_name extensions[] = {
    {0, "server_name"},
    {1, "max_fragment_length"},
    {5, "status_request"},
    {10, "supported_groups"},
    {11, "ec_point_formats"},
    {13, "signature_algorithms"},
    {15, "heartbeat"},
    {16, "application_layer_protocol_negotiation"},
    {18, "signed_certificate_timestamp"},
    {21, "padding"},
    {22, "encrypt_then_mac"},
    {23, "extended_master_secret"},
    {27, "compress_certificate"},
    {28, "record_size_limit"},
    {35, "session_ticket"},
    {41, "pre_shared_key"},
    {42, "early_data"},
    {43, "supported_versions"},
    {44, "cookie"},
    {45, "psk_key_exchange_modes"},
    {47, "certificate_authorities"},
    {49, "post_handshake_auth"},
    {50, "signature_algorithms_cert"},
    {51, "key_share"},
    {13172, "next_protocol_negotiation"},
    {65281, "renegotiation_info"},
};

static const struct wire_name groups[] = {
    {23, "secp256r1"}, {24, "secp384r1"},  {25, "secp521r1"},  {29, "x25519"},
    {30, "x448"},      {256, "ffdhe2048"}, {257, "ffdhe3072"}, {4588, "X25519MLKEM768"},
};

static const struct wire_name alerts[] = {
    {0, "Close Notify"},
    {10, "Unexpected Message"},
    {20, "Bad Record MAC"},
    {22, "Record Overflow"},
    {40, "Handshake Failure"},
    {42, "Bad Certificate"},
    {43, "Unsupported Certificate"},
    {44, "Certificate Revoked"},
    {45, "Certificate Expired"},
    {46, "Certificate Unknown"},
    {47, "Illegal Parameter"},
    {48, "Unknown CA"},
    {49, "Access Denied"},
    {50, "Decode Error"},
    {51, "Decrypt Error"},
    {70, "Protocol Version"},
    {71, "Insufficient Security"},
    {80, "Internal Error"},
    {86, "Inappropriate Fallback"},
    {90, "User Canceled"},
    {100, "No Renegotiation"},
    {109, "Missing Extension"},
    {110, "Unsupported Extension"},
    {112, "Unrecognized Name"},
    {116, "Certificate Required"},
    {120, "No Application Protocol"},
};

const char *
tls_content_name(uint8_t type)
{
  return WIRE_NAME(contents, type);
}

const char *
tls_version_name(uint16_t version)
{
  return WIRE_NAME(versions, version);
}

const char *
tls_handshake_name(uint8_t type)
{
  return WIRE_NAME(handshakes, type);
}

const char *
tls_extension_name(uint16_t type)
{
  return WIRE_NAME(extensions, type);
}

const char *
tls_group_name(uint16_t group)
{
  return WIRE_NAME(groups, group);
}

const char *
tls_alert_name(uint8_t description)
{
  return WIRE_NAME(alerts, description);
}
