/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database file as docs/formats/database.md describes it. All numbers are little-endian; "v" is
 * LEB128, "z" zigzag LEB128, "text" v length and bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define VULNDB_MAGIC "SKVULNDB"
#define VULNDB_TEXT_MAGIC "SKVULNTX"

enum {
	VULNDB_MAJOR = 2,
	VULNDB_MINOR = 0,
	VULNDB_MAX_SECTIONS = 64,
	VULNDB_BLOCK = 16,      /* names a block */
	VULNDB_ID_BLOCK = 8,    /* identifiers a block */
	VULNDB_FACT_BLOCK = 4,  /* advisories or vulnerabilities a block */
	VULNDB_MAX_TEXT = 4096, /* bytes of one identifier, name or version */
};

/* First 64 bytes of the file. */
struct vulndb_header {
	uint8_t magic[8];
	uint8_t major[2];
	uint8_t minor[2];
	uint8_t n_sections[4];
	uint8_t file_size[8];
	uint8_t built[8];   /* seconds since the epoch */
	uint8_t digest[32]; /* SHA-256 of the header's first 32 bytes and the section table */
};
_Static_assert(sizeof(struct vulndb_header) == 64, "header is 64 bytes");
_Static_assert(offsetof(struct vulndb_header, digest) == 32, "digest at 32");

/* Section table, right after the header; sections follow in this order without gaps. */
struct vulndb_section {
	uint8_t type[4];
	uint8_t n_items[4];
	uint8_t off[8];
	uint8_t len[8];
	uint8_t reserved[8];
	uint8_t sha256[32];
};
_Static_assert(sizeof(struct vulndb_section) == 64, "table entry is 64 bytes");
_Static_assert(offsetof(struct vulndb_section, sha256) == 32, "checksum at 32");

enum vulndb_section_type {
	VULNDB_SECTION_META = 1,
	VULNDB_SECTION_SCOPES = 2,
	VULNDB_SECTION_SETS = 3,
	VULNDB_SECTION_ATTRS = 4,
	VULNDB_SECTION_STRINGS = 5,
	VULNDB_SECTION_FAMILIES = 6,
	VULNDB_SECTION_NAMES = 7,
	VULNDB_SECTION_BODIES = 8,
	VULNDB_SECTION_IDS = 9,
	VULNDB_SECTION_ADVISORIES = 10,
	VULNDB_SECTION_VULNS = 11,
	VULNDB_SECTION_CVSS = 12,
	VULNDB_SECTION_EPSS = 13,
	VULNDB_SECTION_EOL = 14,
	VULNDB_SECTION_REPOS = 15,
	VULNDB_SECTION_COVERAGE = 16,
	VULNDB_N_SECTIONS = 17,
};

/* One entry of ATTRS: what claims share. */
struct vulndb_attr {
	uint8_t state;
	uint8_t flags;
	uint8_t severity;
	uint8_t reserved;
	uint8_t module[4]; /* index into STRINGS, 0 is the empty text */
	uint8_t arch[4];
};
_Static_assert(sizeof(struct vulndb_attr) == 12, "attribute entry is 12 bytes");

/* One entry of EPSS: in hundred-thousandths. */
struct vulndb_epss {
	uint8_t score[4];
	uint8_t percentile[4];
};
_Static_assert(sizeof(struct vulndb_epss) == 8, "EPSS entry is 8 bytes");

/* Range: which bounds are there. */
enum {
	VULNDB_RANGE_INTRODUCED = 1 << 0,
	VULNDB_RANGE_FIXED = 1 << 1,
	VULNDB_RANGE_LAST = 1 << 2,
};

/* Advisory record: low three bits are the severity. */
enum {
	VULNDB_ADV_WITHDRAWN = 1 << 3,
	VULNDB_ADV_NOTICE = 1 << 4,
	VULNDB_ADV_PUBLISHED_AS_VULN = 1 << 5, /* published when its first vulnerability was */
	VULNDB_ADV_PUBLISHED = 1 << 6,
	VULNDB_ADV_MODIFIED = 1 << 7,
};

/* Vulnerability record: low three bits are the severity. */
enum {
	VULNDB_VULN_KEV = 1 << 3,
	VULNDB_VULN_RANSOMWARE = 1 << 4,
	VULNDB_VULN_EPSS = 1 << 5,
	VULNDB_VULN_CVSS = 1 << 6,
	VULNDB_VULN_PUBLISHED = 1 << 7,
};
