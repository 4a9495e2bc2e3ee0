/* SPDX-License-Identifier: Apache-2.0 */
/* The program: everything is in cli_main(), so that tests can call it. No locale is set: output is
 * the same bytes everywhere. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli-priv.h"

int main(int argc, char **argv)
{
	char out[1 << 16]; /* there until exit(), which writes what is left */

	if (isatty(STDOUT_FILENO) != 1)
		(void)setvbuf(stdout, out, _IOFBF, sizeof(out));
	exit(cli_main(argc, (const char *const *)argv));
}
