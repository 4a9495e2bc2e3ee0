/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds each file of the given directories to a fuzz target, without libFuzzer. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "fuzz/target.h"

enum {
	SEED_MAX = 64 << 20
};

static void replay(int dir, const char *name)
{
	struct sk_buf content;
	struct sk_err err;
	uint8_t *exact;

	sk_buf_init(&content, SEED_MAX);
	if (sk_read_file(dir, name, &content, &err) < 0) {
		(void)fprintf(stderr, "%s: %s\n", name, err.msg);
		exit(1);
	}
	/* A block of exactly that size, so that one byte too many is noticed. */
	exact = malloc(content.len != 0 ? content.len : 1);
	if (exact == NULL)
		exit(1);
	if (content.len != 0)
		memcpy(exact, content.ptr, content.len);
	(void)LLVMFuzzerTestOneInput(exact, content.len);
	free(exact);
	sk_buf_release(&content);
}

int main(int argc, char **argv)
{
	size_t n = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		struct dirent *e;

		if (d == NULL) {
			perror(argv[i]);
			return 1;
		}
		while ((e = readdir(d)) != NULL) {
			if (e->d_name[0] == '.')
				continue;
			replay(dirfd(d), e->d_name);
			n++;
		}
		(void)closedir(d);
	}
	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	(void)printf("%zu seeds\n", n);
	return n != 0 ? 0 : 1;
}
