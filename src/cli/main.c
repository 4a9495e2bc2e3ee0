/* SPDX-License-Identifier: Apache-2.0 */
/* The program: everything is in cli_main(), so that tests can call it. No locale is set: output is
 * the same bytes everywhere. */
#include <stdlib.h>

#include "cli/cli-priv.h"

int main(int argc, char **argv)
{
	exit(cli_main(argc, (const char *const *)argv));
}
