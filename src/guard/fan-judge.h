/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions of the fanotify backend: the same rules as bpf/decide.h has. Pure look-ups. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guard/bpf/record.h"
#include "guard/kern.h"
#include "guard/table.h"

/** struct guard_fan_sight - a file that somebody wants to use */
struct guard_fan_sight {
	const struct guard_policy *policy;
	uint32_t service;
	uint32_t want; /* GUARD_A_EXEC, GUARD_A_LIB or GUARD_A_SCRIPT */
	struct guard_file_id id;
	enum guard_rec_origin origin;
	bool unlinked;
	bool written; /* somebody has it open for writing: its content says nothing */
	bool entry;   /* started from outside */
	const char *path;
};

/** struct guard_fan_ruling - a decision */
struct guard_fan_ruling {
	enum guard_rec_reason reason; /* NONE: fine */
	enum guard_rec_mode mode;     /* of the section that minds */
	bool hold;                    /* content has to be looked at first */
	bool known;                   /* @rules is valid */
	struct guard_allow rules;
};

/**
 * guard_fan_judge_file() - may this file be used so
 * @maps: by enum guard_map
 * @s: what is known of it
 *
 * Return: the decision.
 */
struct guard_fan_ruling guard_fan_judge_file(struct guard_table *const *maps,
					     const struct guard_fan_sight *s);

/**
 * guard_fan_judge_use() - may a known program be called so
 * @maps: by enum guard_map
 * @service: whose
 * @rules: of the program
 * @args: its arguments, each with NUL
 * @len: bytes
 *
 * Return: GUARD_REC_R_NONE, or the reason why not.
 */
enum guard_rec_reason guard_fan_judge_use(struct guard_table *const *maps, uint32_t service,
					  const struct guard_allow *rules, const uint8_t *args,
					  size_t len);

/**
 * guard_fan_judge_parent() - may a known program be started by that one
 * @maps: by enum guard_map
 * @policy: of the service
 * @service: whose
 * @rules: of the program
 * @parent: number of the program that starts it; 0: a runtime, or none that the profile knows
 *
 * Return: true if so, or when it is not judged.
 */
bool guard_fan_judge_parent(struct guard_table *const *maps, const struct guard_policy *policy,
			    uint32_t service, const struct guard_allow *rules, uint32_t parent);

/**
 * guard_fan_verdict() - what a mode makes of a violation
 * @mode: of the section
 * @enforce: does the agent block at all
 *
 * Return: DENIED, ALERTED or OBSERVED.
 */
enum guard_rec_verdict guard_fan_verdict(enum guard_rec_mode mode, bool enforce);
