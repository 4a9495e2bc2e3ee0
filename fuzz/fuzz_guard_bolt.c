/* SPDX-License-Identifier: Apache-2.0 */
/* A bbolt file, as containerd's; what is found is found again. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "fuzz/target.h"
#include "guard/bolt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span path[] = {sk_span_str("v1"), sk_span_str("x")};
	int fd = memfd_create("bolt", MFD_CLOEXEC);
	struct sk_buf a, b;

	sk_buf_init(&a, 4096);
	sk_buf_init(&b, 4096);
	if (fd < 0 || sk_write_all(fd, data, size) < 0)
		abort();
	if (guard_bolt_get(fd, path, 2, &a) == 1 &&
	    (guard_bolt_get(fd, path, 2, &b) != 1 || a.len != b.len ||
	     (a.len != 0 && memcmp(a.ptr, b.ptr, a.len) != 0)))
		abort();
	sk_buf_release(&a);
	sk_buf_release(&b);
	(void)close(fd);
	return 0;
}
