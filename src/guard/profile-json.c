/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles as JSON: the words and the order of the YAML file, items without their statistics. */
#include "guard/profile-json.h"

#include <stdio.h>

#include "base/json.h"
#include "base/parse.h"
#include "guard/names.h"
#include "guard/profile-priv.h"

static void put_text(struct sk_jw *w, const char *key, const char *text)
{
	if (text != NULL)
		sk_jw_str(w, key, text);
	else
		sk_jw_null(w, key);
}

static void put_time(struct sk_jw *w, const char *key, int64_t t)
{
	char text[SK_TIME_TEXT_SIZE];

	put_text(w, key, t != 0 ? sk_format_time(t, text) : NULL);
}

static void put_mode(struct sk_jw *w, const char *key, enum guard_mode mode)
{
	put_text(w, key, mode != GUARD_MODE_UNSET ? guard_mode_name(mode) : NULL);
}

static void put_modes(struct sk_jw *w, const struct guard_profile *p)
{
	sk_jw_object(w, "modes");
	for (unsigned i = 0; i < GUARD_N_SECTIONS; i++)
		if (p->section_modes[i] != GUARD_MODE_UNSET)
			put_mode(w, guard_section_name((enum guard_section)i), p->section_modes[i]);
	sk_jw_end_object(w);
}

static void put_learned(struct sk_jw *w, const struct guard_profile *p)
{
	sk_jw_object(w, "learned");
	put_time(w, "first", p->first);
	put_time(w, "last", p->last);
	put_time(w, "last_new", p->last_new);
	sk_jw_u64(w, "seconds", p->learned_s);
	sk_jw_i64(w, "quiet_seconds", p->last_new != 0 ? p->last - p->last_new : 0);
	sk_jw_u64(w, "runs", p->runs);
	sk_jw_u64(w, "replicas", p->replicas);
	sk_jw_u64(w, "starts", p->starts);
	sk_jw_u64(w, "lost", p->lost);
	sk_jw_bool(w, "incomplete", p->incomplete);
	sk_jw_array(w, "unseen");
	for (unsigned i = 0; i < GUARD_N_SECTIONS; i++)
		if ((p->unseen & 1u << i) != 0)
			sk_jw_str(w, NULL, guard_section_name((enum guard_section)i));
	sk_jw_end_array(w);
	sk_jw_end_object(w);
}

static void put_images(struct sk_jw *w, const struct guard_profile *p)
{
	sk_jw_array(w, "images");
	for (size_t i = 0; i < p->n_images; i++) {
		sk_jw_object(w, NULL);
		sk_jw_str(w, "digest", p->images[i].digest);
		put_text(w, "reference", p->images[i].reference);
		put_time(w, "first", p->images[i].first);
		put_time(w, "last", p->images[i].last);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
}

static void put_content(struct sk_jw *w, const struct guard_content *c)
{
	char hex[2 * GUARD_SHA256_BYTES + 1];

	sk_jw_str(w, "path", c->path);
	put_text(w, "sha256",
		 c->has_sha256 ? sk_format_hex(c->sha256, GUARD_SHA256_BYTES, hex) : NULL);
	if (c->has_sha256)
		sk_jw_u64(w, "size", c->size);
	else
		sk_jw_null(w, "size");
}

static void put_list(struct sk_jw *w, const char *key, const struct guard_text_list *l)
{
	sk_jw_array(w, key);
	for (size_t i = 0; i < l->n_items; i++)
		sk_jw_str(w, NULL, l->items[i].text);
	sk_jw_end_array(w);
}

static void put_program(struct sk_jw *w, const struct guard_program *prog)
{
	const struct {
		bool is;
		const char *word;
	} traits[] = {
#define X(name) {prog->name, #name},
		GUARD_TRAITS(X)
#undef X
	};

	sk_jw_object(w, NULL);
	put_content(w, &prog->content);
	sk_jw_array(w, "traits");
	for (size_t i = 0; i < SK_ARRAY_LEN(traits); i++)
		if (traits[i].is)
			sk_jw_str(w, NULL, traits[i].word);
	sk_jw_end_array(w);
	put_list(w, "applets", &prog->applets);
	put_list(w, "parents", &prog->parents);
	put_list(w, "arguments", &prog->shapes);
	sk_jw_array(w, "scripts");
	for (size_t i = 0; i < prog->n_scripts; i++) {
		sk_jw_object(w, NULL);
		put_content(w, &prog->scripts[i].content);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
	sk_jw_end_object(w);
}

static void put_files(struct sk_jw *w, const struct guard_profile *p)
{
	static const char *const access[] = {"none", "read", "write", "read+write"};

	sk_jw_array(w, "libraries");
	for (size_t i = 0; i < p->n_libraries; i++) {
		sk_jw_object(w, NULL);
		put_content(w, &p->libraries[i].content);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
	sk_jw_array(w, "files");
	for (size_t i = 0; i < p->n_files; i++) {
		sk_jw_object(w, NULL);
		sk_jw_str(w, "pattern", p->files[i].pattern);
		sk_jw_str(w, "access", access[p->files[i].access & 3]);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
}

static void put_network(struct sk_jw *w, const struct guard_profile *p)
{
	sk_jw_array(w, "peers");
	for (size_t i = 0; i < p->n_peers; i++) {
		sk_jw_object(w, NULL);
		put_text(w, "address", p->peers[i].address);
		put_text(w, "name", p->peers[i].name);
		put_text(w, "protocol", p->peers[i].protocol);
		if (p->peers[i].port != 0)
			sk_jw_u64(w, "port", p->peers[i].port);
		else
			sk_jw_null(w, "port");
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
	put_list(w, "names", &p->names);
	sk_jw_array(w, "listen");
	for (size_t i = 0; i < p->n_listen; i++) {
		sk_jw_object(w, NULL);
		sk_jw_u64(w, "port", p->listen[i].port);
		put_text(w, "protocol", p->listen[i].protocol);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
}

/* Capabilities by number, calls by name where they have one. */
static void put_powers(struct sk_jw *w, const struct guard_profile *p)
{
	sk_jw_array(w, "capabilities");
	for (unsigned i = 0; i < GUARD_N_CAPABILITIES; i++)
		if ((p->capabilities >> i & 1) != 0)
			sk_jw_str(w, NULL, guard_capability_name(i));
	sk_jw_end_array(w);
	sk_jw_array(w, "syscalls");
	for (unsigned i = 0; i < GUARD_N_SYSCALLS; i++) {
		const char *name = guard_syscall_name(i);
		char number[32];

		(void)snprintf(number, sizeof(number), "syscall_%u", i);
		if ((p->syscalls[i / 64] >> i % 64 & 1) != 0)
			sk_jw_str(w, NULL, name != NULL ? name : number);
	}
	sk_jw_end_array(w);
	sk_jw_bool(w, "syscalls_ia32", p->syscalls_ia32);
}

int guard_profile_json(const struct guard_profile *p, const struct sk_sink *sink)
{
	struct sk_jw w;

	sk_jw_init(&w, sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", GUARD_PROFILE_JSON_SCHEMA);
	sk_jw_str(&w, "service", p->service);
	put_mode(&w, "mode", p->mode);
	put_modes(&w, p);
	put_learned(&w, p);
	put_images(&w, p);
	sk_jw_array(&w, "executables");
	for (size_t i = 0; i < p->n_programs; i++)
		put_program(&w, &p->programs[i]);
	sk_jw_end_array(&w);
	put_files(&w, p);
	put_network(&w, p);
	put_powers(&w, p);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w);
}
