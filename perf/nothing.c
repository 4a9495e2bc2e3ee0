/* SPDX-License-Identifier: Apache-2.0 */
/* The program that perf/bench-guard starts again and again. */

int main(void)
{
	return 0;
}
