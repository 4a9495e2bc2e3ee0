/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest programs that test/t6210-guard-flood starts: built without a library, x86-64 only.
 * Without MARK it ends with 7. With it, it first leaves a file /data/mark.PID, which is what a
 * forbidden program must not get to.
 */

enum {
	CALL_OPEN = 2,
	CALL_GETPID = 39,
	CALL_EXIT = 60,
	CREATE = 0101, /* O_CREAT | O_WRONLY */
	RAN = 7,
};

static long call(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

void _start(void)
{
#ifdef MARK
	char path[] = "/data/mark.0000000000";
	long pid = call(CALL_GETPID, 0, 0, 0);

	for (int i = (int)sizeof(path) - 2; pid > 0; pid /= 10)
		path[i--] = (char)('0' + pid % 10);
	(void)call(CALL_OPEN, (long)path, CREATE, 0600);
#endif
	(void)call(CALL_EXIT, RAN, 0, 0);
	for (;;)
		;
}
