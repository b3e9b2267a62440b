// SPDX-License-Identifier: GPL-2.0-only
/*
 * For kexec --call: an invalid opcode, exception 6.  Built as call-digest.c is.
 */
void fault(void);

void fault(void)
{
	__asm__ volatile("ud2");
}
