/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forced into every compilation (-include): calls that have a safer replacement in base/ do not
 * compile. strto*: sk_parse_*; str*cpy, s*printf: sk_buf, snprintf; strtok: sk_span_cut; basename,
 * dirname: sk_path_*.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libgen.h>

#define SK_BANNED(name) sk_banned_##name##_use_base_instead

#undef strcpy
#define strcpy SK_BANNED(strcpy)
#undef strcat
#define strcat SK_BANNED(strcat)
#undef strncpy
#define strncpy SK_BANNED(strncpy)
#undef strncat
#define strncat SK_BANNED(strncat)
#undef sprintf
#define sprintf SK_BANNED(sprintf)
#undef vsprintf
#define vsprintf SK_BANNED(vsprintf)
#undef strtok
#define strtok SK_BANNED(strtok)
#undef strtok_r
#define strtok_r SK_BANNED(strtok_r)
#undef atoi
#define atoi SK_BANNED(atoi)
#undef atol
#define atol SK_BANNED(atol)
#undef sscanf
#define sscanf SK_BANNED(sscanf)
#undef strtol
#define strtol SK_BANNED(strtol)
#undef strtoul
#define strtoul SK_BANNED(strtoul)
#undef strtoll
#define strtoll SK_BANNED(strtoll)
#undef strtoull
#define strtoull SK_BANNED(strtoull)
#undef gmtime
#define gmtime SK_BANNED(gmtime)
#undef localtime
#define localtime SK_BANNED(localtime)
#undef ctime
#define ctime SK_BANNED(ctime)
#undef asctime
#define asctime SK_BANNED(asctime)
#undef mktemp
#define mktemp SK_BANNED(mktemp)
#undef alloca
#define alloca SK_BANNED(alloca)
#undef system
#define system SK_BANNED(system)
#undef popen
#define popen SK_BANNED(popen)
#undef dup
#define dup SK_BANNED(dup)
#undef basename
#define basename SK_BANNED(basename)
#undef dirname
#define dirname SK_BANNED(dirname)
